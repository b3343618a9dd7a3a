/* SPDX-License-Identifier: MIT */
/*
 * Blocks of memory for devices, whole pages: what dma_alloc_coherent(), dma_alloc_pages() and pools
 * are made of. Without records and events.
 */
#ifndef DMK_CORE_COHERENT_H
#define DMK_CORE_COHERENT_H

#include "core.h"
#include "scattered.h"

struct dmk_region;

enum dmk_block_flags { /* beside enum dmk_alloc_flags */
	/* in the direct map, as the CPU has all memory; the driver syncs */
	DMK_BLOCK_CACHED = 1 << 16,
	DMK_BLOCK_HIDDEN = 1 << 17, /* no CPU address: .cpu is nothing to follow */
	/* with CACHED: known by its pages, so .cpu is not asked for, and may be NULL */
	DMK_BLOCK_LISTED = 1 << 18,
	DMK_BLOCK_ONE_RUN = 1 << 19, /* physically contiguous, also where it need not be */
	DMK_BLOCK_SINGLE = 1 << 20, /* in the smallest pages, where it is in pieces */
};

struct dmk_block {
	void *cpu;
	dmk_dma dma;
	dmk_phys phys;
	size_t size; /* bytes, whole pages */

	/*
	 * What goes back: a run of a region, or pages of the system's, which may be more than the
	 * block, in one run or in pieces.
	 */
	struct dmk_region *region;
	dmk_phys pages;
	size_t pages_size;
	/* in their order, together no less than @size; @phys is the first one's */
	struct dmk_piece *pieces;
	size_t nr_pieces;         /* 0: it is in one run */
	size_t pieces_size;       /* bytes of the record */
	bool view;   /* @cpu is a view of its own */
	bool uncached; /* no cache may hold a line of it */
	bool translated; /* @dma is in the device's domain */
	bool shared; /* the pages were made the devices' too (DMK_CAP_PRIVATE) */
	bool restricted; /* out of the restricted-dma-pool, where the device's slots are */
};

/**
 * dmk_block_take - zeroed memory, both addresses aligned to the smallest order of pages that holds
 * @size (COH-02)
 * @flags: enum dmk_alloc_flags, enum dmk_block_flags
 */
enum dmk_reason dmk_block_take(struct dmk_dev *dev, size_t size, unsigned int flags,
			       struct dmk_block *block);
/** dmk_block_give - back. @dev NULL: the device is gone. */
void dmk_block_give(struct dmk_dev *dev, const struct dmk_block *block);

/**
 * dmk_block_detach - of a device that goes and leaves it behind: it leads there no more (IOM-07).
 * The memory stays what it is.
 */
void dmk_block_detach(struct dmk_dev *dev, struct dmk_block *block);

/** dmk_view_run - pages side by side, as one; NULL: no address space. */
void *dmk_view_run(dmk_phys phys, size_t size, enum dmk_view kind, bool may_sleep);
void dmk_view_end(void *view, size_t size);

/** dmk_is_private - whether no device reaches memory that was not shared with devices before */
static inline bool dmk_is_private(void)
{
	return dmk_core.machine->caps & DMK_CAP_PRIVATE;
}

/** dmk_memory_share - false: the machine refused, said in the log. May sleep. Contents are lost. */
bool dmk_memory_share(dmk_phys phys, size_t size, bool shared);

/* --- atomic.c: made beforehand for callers that may not sleep (COH-06) ------------------------ */

bool dmk_atomic_start(
	void); /* false: no memory for it; said in the log, and the machine works without */
void dmk_atomic_stop(void);
/**
 * dmk_atomic_ready - a device's coherent mask has become another: there must be something in the
 * pool that it reaches
 * Context: any; where it may not sleep it is done later.
 */
void dmk_atomic_ready(struct dmk_dev *dev);
/**
 * dmk_atomic_take - pages for a device, not zeroed; false: none that it reaches, and more will be
 * there soon.
 */
bool dmk_atomic_take(const struct dmk_dev *dev, size_t size, size_t align, struct dmk_block *block);
/** dmk_atomic_pages - how many there are, and how many of them are taken; for messages */
void dmk_atomic_pages(size_t *total, size_t *used);

/* --- reserve.c: the same of devices that are restricted to a region and not coherent ---------- */

void dmk_reserves_start(void);
void dmk_reserves_stop(void);
/** dmk_reserve_ready - as dmk_atomic_ready(); of a device that needs none nothing happens. */
void dmk_reserve_ready(struct dmk_dev *dev);
void dmk_reserve_forget_device(struct dmk_dev *dev);
bool dmk_reserve_take(struct dmk_dev *dev, size_t size, size_t align, struct dmk_block *block);

/* --- shared_pool.c: shared-dma-pools (MEM-09) ------------------------------------------------- */

/**
 * dmk_shared_pools_start - what cannot be had is said in the log: its devices get no consistent
 * memory then.
 */
void dmk_shared_pools_start(void);
void dmk_shared_pools_stop(void);
/**
 * dmk_shared_pool_of - the one that @bus names; NULL: it could not be made, or @bus is none of the
 * machine's.
 */
struct dmk_region *dmk_shared_pool_of(const struct dmk_bus *bus);

#endif
