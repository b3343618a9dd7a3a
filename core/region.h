/* SPDX-License-Identifier: MIT */
/*
 * Runs of whole pages out of one physically contiguous piece of memory, which somebody else took
 * from the system or was given by the machine: chunks of the atomic pool, shared-dma-pools. Not for
 * bytes, and nothing is written here: no zeroes, no cache work.
 */
#ifndef DMK_CORE_REGION_H
#define DMK_CORE_REGION_H

#include "core.h"

struct dmk_region {
	struct dmk_region *next; /* its owner's */
	struct dmk_range memory; /* physical, whole pages */
	size_t nr_pages;
	/* where its first byte is seen, the one way and the other; NULL: it is not */
	char *cached, *uncached;
	size_t record_size;      /* bytes of this */

	struct dmk_lock lock; /* guards what follows */
	size_t used;          /* pages */
	uint64_t taken[];     /* a bit a page */
};

/** dmk_region_new - @memory is whole pages; NULL: no room for the record. */
struct dmk_region *dmk_region_new(struct dmk_range memory, bool may_sleep);
/** dmk_region_free - the record; the memory is its owner's business. */
void dmk_region_free(struct dmk_region *region);

/** What is asked of a region. */
struct dmk_region_request {
	const struct dmk_dev *dev;
	size_t size;     /* bytes, whole pages */
	uint64_t align;  /* of the bus address; a power of two */
	uint64_t cpu_align; /* of the address below @base; 1: any */
	const char *base; /* .cached or .uncached of the region */
};

/**
 * dmk_region_take - the first run that fits and that the device reaches below its coherent mask;
 * false: none. Any context.
 */
bool dmk_region_take(struct dmk_region *region, const struct dmk_region_request *request,
		     dmk_phys *phys, dmk_dma *dma);
void dmk_region_give(struct dmk_region *region, dmk_phys phys, size_t size);

/**
 * dmk_region_reached - whether devices of @bus that drive addresses up to @limit reach all of it
 */
bool dmk_region_reached(const struct dmk_region *region, const struct dmk_bus *bus, uint64_t limit);
/** dmk_region_left - pages that are free, as seen for a moment */
size_t dmk_region_left(struct dmk_region *region);

#endif
