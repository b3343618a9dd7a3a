/* SPDX-License-Identifier: MIT */
/*
 * Blocks of consistent memory, whole pages: what dma_alloc_coherent() and pools are made of. Without records and events.
 */
#ifndef DMK_CORE_COHERENT_H
#define DMK_CORE_COHERENT_H

#include "core.h"

struct dmk_block {
	void *cpu;
	dmk_dma dma;
	dmk_phys phys;
	size_t size; /* bytes, whole pages */
	bool view;   /* @cpu is an uncached view of its own */
	bool atomic; /* out of the atomic pool */
};

/**
 * dmk_block_take - zeroed memory, both addresses aligned to the smallest order of pages that holds @size (COH-02)
 * @flags: enum dmk_alloc_flags
 */
enum dmk_reason dmk_block_take(struct dmk_dev *dev, size_t size, unsigned int flags,
			       struct dmk_block *block);
/** dmk_block_give - back; the device may be gone. */
void dmk_block_give(const struct dmk_block *block);

/** The pool made beforehand for callers that may not sleep (COH-06). */
bool dmk_atomic_start(
	void); /* false: no memory for it; said in the log, and the machine works without */
void dmk_atomic_stop(void);
/** dmk_atomic_take - pages for a device, neither zeroed nor flushed; false: none that it reaches. @align at least @size. */
bool dmk_atomic_take(const struct dmk_dev *dev, size_t size, size_t align, struct dmk_block *block);
void dmk_atomic_give(const struct dmk_block *block);

#endif
