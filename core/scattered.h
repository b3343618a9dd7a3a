/* SPDX-License-Identifier: MIT */
/*
 * Memory in pieces, for devices behind an IOMMU, which makes one range of them (IOM-01).
 */
#ifndef DMK_CORE_SCATTERED_H
#define DMK_CORE_SCATTERED_H

#include "core.h"

struct dmk_block;

/** A run of pages, taken and given back as one: whole granules of the device's domain. */
struct dmk_piece {
	dmk_phys first;
	size_t size;
	size_t offset; /* of its first byte in the whole */
};

/**
 * dmk_scattered_take - @block->size bytes, rounded up to the domain's granule, in the largest of
 * the IOMMU's pages that are free
 * @single: in the smallest instead
 * Fills .pieces, .nr_pieces and .phys of @block; contents undefined. Return: false: no memory, and
 * nothing was taken.
 */
bool dmk_scattered_take(const struct dmk_dev *dev, bool single, bool may_sleep,
			struct dmk_block *block);
void dmk_scattered_give(const struct dmk_block *block);

/** dmk_scattered_zero - by the CPU, through its caches */
void dmk_scattered_zero(const struct dmk_block *block);
/** The CPU's caches hold no line of it: written back before, or dropped. */
void dmk_scattered_flush(const struct dmk_block *block);
void dmk_scattered_invalidate(const struct dmk_block *block);

/**
 * dmk_block_run - the byte at @offset of a block, in pieces or not
 * Return: how many bytes of the block lie side by side from there on.
 */
size_t dmk_block_run(const struct dmk_block *block, size_t offset, dmk_phys *phys);
/**
 * dmk_block_view - the first @size bytes, whole pages, at one address of the CPU's; NULL: no
 * address space.
 */
void *dmk_block_view(const struct dmk_block *block, size_t size, enum dmk_view kind,
		     bool may_sleep);
/** dmk_block_pages - the first @n pages of it, in their order */
void dmk_block_pages(const struct dmk_block *block, dmk_phys *pages, size_t n);

/** What an event tells of memory in pieces. */
struct dmk_told_pieces {
	struct dmk_event_sg *sg; /* runs; NULL: it is in one, or there was no memory to tell them */
	unsigned int n;
	size_t size; /* bytes of the record */
};
/**
 * dmk_tell_pieces - the runs of a block that is in pieces; dmk_tell_end - when the event was told
 */
struct dmk_told_pieces dmk_tell_pieces(const struct dmk_block *block);
void dmk_tell_end(const struct dmk_told_pieces *told);

#endif
