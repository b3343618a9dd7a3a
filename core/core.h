/* SPDX-License-Identifier: MIT */
/*
 * What the core's files share: the machine and the system it was started on, and the few calls into
 * them that every file makes. Not for anybody outside core/: that is dmakit/dma.h.
 */
#ifndef DMK_CORE_H
#define DMK_CORE_H

#include <dmakit/dma.h>

#include "range.h"

enum { DMK_RAM_KNOWN = 8 };

struct dmk_core {
	struct dmk_port port;
	struct dmk_os os;
	const struct dmk_machine *machine;
	char *copy_base; /* physical 0, where the core's own copies go: dmk_machine.copy_base */
	char *nowhere; /* addresses that can't be followed, one for each physical one */
	bool running;

	/* what is RAM for certain; other memory may be too. Written at the start only. */
	struct dmk_range ram[DMK_RAM_KNOWN];
	unsigned int nr_ram;
	/* What of it has its address in the direct map for certain; as much as there is of .ram. */
	struct dmk_range direct[DMK_RAM_KNOWN];
	unsigned int nr_direct;
	unsigned int allocations_failed; /* that were worth a message; atomic */

	bool bounce_force; /* every mapping bounces: swiotlb=force, private memory */
	bool bounce_none;  /* swiotlb=noforce */
	struct dmk_bounce *bounce; /* where devices bounce by default; NULL: nowhere */
	struct dmk_bounce *restricted; /* regions that devices are restricted to, a list */
};
extern struct dmk_core dmk_core;

static inline void *dmk_meta_alloc(size_t size, bool may_sleep)
{
	return dmk_core.os.ops->meta_alloc(dmk_core.os.ctx, size, may_sleep);
}

static inline void dmk_meta_free(void *memory, size_t size)
{
	if (memory)
		dmk_core.os.ops->meta_free(dmk_core.os.ctx, memory, size);
}

static inline bool dmk_in_atomic(void)
{
	return (dmk_core.os.ops->in_atomic)(dmk_core.os.ctx);
}

static inline bool dmk_in_interrupt(void)
{
	return (dmk_core.os.ops->in_interrupt)(dmk_core.os.ctx);
}

static inline bool dmk_is_ram(struct dmk_range phys)
{
	for (unsigned int i = 0; i < dmk_core.nr_ram; i++) {
		if (dmk_range_within(phys, dmk_core.ram[i]))
			return true;
	}
	return dmk_core.os.ops->is_ram(dmk_core.os.ctx, DMK_PHYS(phys.first),
				       dmk_range_bytes(phys));
}

/**
 * dmk_is_direct - whether it is RAM, with its address in the direct map, for certain; false: the
 * system must be asked.
 */
static inline bool dmk_is_direct(struct dmk_range phys)
{
	/*
	 * A PC's two first, written out: nearly all is in one of them. What is not there holds
	 * nothing.
	 */
	if (dmk_range_within(phys, dmk_core.direct[1]) ||
	    dmk_range_within(phys, dmk_core.direct[0]))
		return true;
	for (unsigned int i = 2; i < dmk_core.nr_direct; i++) {
		if (dmk_range_within(phys, dmk_core.direct[i]))
			return true;
	}
	return false;
}

/** dmk_direct - the address of physical memory in the direct map */
static inline char *dmk_direct(dmk_phys phys)
{
	return dmk_layout.direct_base + phys.v;
}

/** dmk_copy_address - the address by which the core itself reads and writes what is the driver's */
static inline char *dmk_copy_address(dmk_phys phys)
{
	return dmk_core.copy_base + phys.v;
}

/** A place in the driver, for events that another function than the entered one announces. */
struct dmk_place {
	const void *caller, *frame;
};
#define DMK_PLACE_HERE ((struct dmk_place){DMK_EVENT_HERE})

/**
 * dmk_heard - whether somebody may be told of a call that lends memory to a device, or takes it
 * back: who watches, and who listens from outside. All else is for who watches alone.
 */
static inline bool dmk_heard(void)
{
	return __builtin_expect(dmk_attention != 0, 0);
}

/** dmk_tell - dmk_announce(), and to who listens from outside */
void dmk_tell(const struct dmk_event *event);

#endif
