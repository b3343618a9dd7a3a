/* SPDX-License-Identifier: MIT */
/*
 * An IOMMU for tests of the core: it knows what each requester is attached to, remembers no
 * translation, and has its tables walked by the book (VT-d specification 4.1, section 3.7). A test
 * that asks what the core tells an IOMMU has operations of its own for that.
 */
#ifndef TESTS_CORE_FAKE_IOMMU_H
#define TESTS_CORE_FAKE_IOMMU_H

#include "fake.h"

enum { FAKE_REQUESTERS = 4 };

/** What each requester is attached to, if it is. Each file that includes this has its own. */
static struct {
	struct dmk_iommu_attach to;
	bool attached;
} fake_box[FAKE_REQUESTERS];

static inline uint32_t fake_group_each(void *ctx, uint32_t requester)
{
	return requester;
}

static inline uint32_t fake_group_one(void *ctx, uint32_t requester)
{
	return 1;
}

static inline int fake_attach(void *ctx, uint32_t requester, const struct dmk_iommu_attach *to)
{
	if (requester >= FAKE_REQUESTERS)
		return -19; /* ENODEV */
	fake_box[requester].to = *to;
	fake_box[requester].attached = true;
	return 0;
}

static inline void fake_detach(void *ctx, uint32_t requester)
{
	assert_true(requester < FAKE_REQUESTERS && fake_box[requester].attached);
	fake_box[requester].to.root = DMK_PHYS(0);
	fake_box[requester].attached = false;
}

static inline void fake_invalidate(void *ctx, uint16_t id, uint64_t first, uint64_t last,
				   bool tables)
{
}

static inline void fake_invalidate_all(void *ctx, uint16_t id)
{
}

static inline void fake_iommu_sync(void *ctx)
{
}

/** Operations, of which some may be named again behind it. */
#define FAKE_IOMMU_OPS                                                            \
	.group_of = fake_group_one, .attach = fake_attach, .detach = fake_detach, \
	.invalidate = fake_invalidate, .invalidate_all = fake_invalidate_all,     \
	.sync = fake_iommu_sync

/** Pages of 4 KiB and 2 MiB, 48 bits of addresses. */
#define FAKE_IOMMU(operations)                                                                    \
	.name = "box", .format = DMK_TABLE_VTD, .page_sizes = 0x1000 | 0x200000, .iova_bits = 48, \
	.phys_bits = 46, .coherent_walk = true, .ops = operations

/**
 * fake_walk - where a byte is, and what may be done to it (1: read, 2: write; NULL: who asks does
 * not care). Entries are read as an IOMMU reads them, whole.
 * Return: bytes of the page that leads there; 0: it faults.
 */
static inline uint64_t fake_walk(const struct dmk_iommu_attach *at, uint64_t iova, uint64_t *phys,
				 unsigned int *prot)
{
	uint64_t table = at->root.v, entry;
	unsigned int may = 3;

	*phys = 0;
	for (unsigned int level = at->levels; level; level--) {
		const unsigned int shift = 12 + 9 * (level - 1);
		const uint64_t *entries = fake_ram(table);

		entry = __atomic_load_n(&entries[iova >> shift & 511], __ATOMIC_ACQUIRE);
		may &= entry & 3;
		if (!(entry & 3))
			return 0;
		table = entry & 0xffffffffff000ULL;
		if (level > 1 && !(entry & 0x80))
			continue;
		*phys = table | (iova & ((1ULL << shift) - 1));
		if (prot)
			*prot = may;
		return 1ULL << shift;
	}
	return 0;
}

#endif
