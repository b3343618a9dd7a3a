/* SPDX-License-Identifier: MIT */
/*
 * Moving bytes between physical memory and an address, and keeping caches in step: for bounce
 * buffers and list copies.
 */
#ifndef DMK_CORE_COPY_H
#define DMK_CORE_COPY_H

#include "core.h"

/**
 * dmk_copy_from_views, dmk_copy_to_views - the next two, for memory that is not all in the direct
 * map
 */
bool dmk_copy_from_views(void *to, dmk_phys from, size_t size);
bool dmk_copy_to_views(dmk_phys to, const void *from, size_t size);

static inline bool dmk_copy_is_direct(dmk_phys phys, size_t size)
{
	/* No bytes are as many as there can be. */
	return phys.v <= dmk_layout.direct_last && size - 1 <= dmk_layout.direct_last - phys.v;
}

/**
 * dmk_copy_from_phys - bytes of physical memory, wherever it is; highmem through a view for the
 * while
 * Return: false: no address space for the view; some of the bytes may have been copied.
 */
static inline bool dmk_copy_from_phys(void *to, dmk_phys from, size_t size)
{
	if (__builtin_expect(!dmk_copy_is_direct(from, size), 0))
		return dmk_copy_from_views(to, from, size);
	__builtin_memcpy(to, dmk_copy_address(from), size);
	return true;
}

static inline bool dmk_copy_to_phys(dmk_phys to, const void *from, size_t size)
{
	if (__builtin_expect(!dmk_copy_is_direct(to, size), 0))
		return dmk_copy_to_views(to, from, size);
	__builtin_memcpy(dmk_copy_address(to), from, size);
	return true;
}

bool dmk_zero_phys(dmk_phys to, size_t size);

static inline void dmk_cache_clean(dmk_phys phys, size_t size)
{
	dmk_core.port.ops->cache_clean(dmk_core.port.ctx, phys, size);
}

static inline void dmk_cache_invalidate(dmk_phys phys, size_t size)
{
	dmk_core.port.ops->cache_invalidate(dmk_core.port.ctx, phys, size);
}

static inline void dmk_cache_flush(dmk_phys phys, size_t size)
{
	dmk_core.port.ops->cache_flush(dmk_core.port.ctx, phys, size);
}

/**
 * dmk_cache_for_device - before the device has memory: what the CPU wrote goes out; where the
 * device will write, no line may be left behind that could be written back over it.
 */
static inline void dmk_cache_for_device(dmk_phys phys, size_t size, enum dmk_direction dir)
{
	if (dir == DMK_TO_DEVICE)
		dmk_cache_clean(phys, size);
	else
		dmk_cache_flush(phys, size);
}

/**
 * dmk_cache_for_cpu - after the device had it: lines that the CPU read ahead meanwhile are old
 * @lent: it is known that the device had all of it (lent.h); of other memory the lines are written
 *	  back first, and no byte of the CPU's is lost
 */
static inline void dmk_cache_for_cpu(dmk_phys phys, size_t size, enum dmk_direction dir, bool lent)
{
	if (dir == DMK_TO_DEVICE)
		return;
	if (lent)
		dmk_cache_invalidate(phys, size);
	else
		dmk_cache_flush(phys, size);
}

/**
 * dmk_cache_holds - whether it is memory that caches hold for the device's bus: not registers, and
 * nothing a driver made up
 */
bool dmk_cache_holds(const struct dmk_dev *dev, struct dmk_range phys);

#endif
