/* SPDX-License-Identifier: MIT */
#include "null_iommu.h"

/* Each device is a group of its own. */
static uint32_t group_of(void *ctx, uint32_t requester)
{
	return requester;
}

static int attach(void *ctx, uint32_t requester, const struct dmk_iommu_attach *to)
{
	return 0;
}

static void detach(void *ctx, uint32_t requester)
{
}

static void invalidate(void *ctx, uint16_t id, uint64_t first, uint64_t last, bool tables)
{
}

static void invalidate_all(void *ctx, uint16_t id)
{
}

static void sync_all(void *ctx)
{
}

static const struct dmk_iommu_ops ops = {
	.group_of = group_of,
	.attach = attach,
	.detach = detach,
	.invalidate = invalidate,
	.invalidate_all = invalidate_all,
	.sync = sync_all,
};

const struct dmk_iommu bench_null_iommu = {
	.name = "null",
	.format = DMK_TABLE_VTD,
	.page_sizes = 1ULL << 12 | 1ULL << 21 | 1ULL << 30,
	.iova_bits = 48,
	.phys_bits = 48,
	.coherent_walk = true,
	.ops = &ops,
};
