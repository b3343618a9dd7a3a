/* SPDX-License-Identifier: MIT */
/*
 * Bounce buffers: memory that the device reaches, lent in the place of memory that it doesn't (BNC-01..04).
 */
#ifndef DMK_CORE_BOUNCE_H
#define DMK_CORE_BOUNCE_H

#include "core.h"

enum {
	DMK_SLOT_SHIFT = 11,
	DMK_SLOT_SIZE = 1 << DMK_SLOT_SHIFT,                  /* bytes */
	DMK_SEGMENT_SLOTS = 128,                              /* one mapping lies in one segment */
	DMK_SEGMENT_SIZE = DMK_SLOT_SIZE * DMK_SEGMENT_SLOTS, /* 256 KiB */
};

/**
 * dmk_bounce_start - make the pools that @parameters and the machine ask for
 * Return: false: there should be one and there is no memory for it; said in the log, and the machine works without.
 */
bool dmk_bounce_start(const char *parameters);
void dmk_bounce_stop(void);

static inline bool dmk_bounce_forced(const struct dmk_dev *dev)
{
	return __builtin_expect(dmk_core.bounce_force || dev->force_bounce, 0);
}

/** dmk_bounce_pool - the device's pool that @phys lies in; NULL: it is no bounce memory. */
struct dmk_bounce *dmk_bounce_pool(const struct dmk_dev *dev, dmk_phys phys);

/** dmk_bounce_max_mapping - bytes that fit wherever in a page the buffer starts, under the device's limits */
size_t dmk_bounce_max_mapping(const struct dmk_dev *dev);

/**
 * dmk_bounce_map - copy the buffer into slots
 *
 * All directions copy in: a device that is to write may write less than it was given, and what comes back must then be what
 * was there, not what an earlier mapping left in the slots (BNC-02).
 *
 * Return: DMK_REASON_NONE and the bus address; NO_ROOM, TOO_LARGE, UNREACHABLE (the device reaches no pool either).
 */
enum dmk_reason dmk_bounce_map(struct dmk_dev *dev, struct dmk_range phys, enum dmk_direction dir,
			       unsigned long attrs, dmk_dma *dma);

/**
 * dmk_bounce_unmap - copy out, and free the slots: those of the mapping that starts at @slot_phys, whatever size is said
 * An address at which the device has no mapping is ignored.
 */
void dmk_bounce_unmap(struct dmk_bounce *pool, struct dmk_dev *dev, dmk_phys slot_phys,
		      enum dmk_direction dir, unsigned long attrs);

/** dmk_bounce_sync_* - the part of [@slot_phys, + @size) that is in the mapping there. */
void dmk_bounce_sync_for_cpu(struct dmk_bounce *pool, struct dmk_dev *dev,
			     struct dmk_range slot_phys, enum dmk_direction dir);
void dmk_bounce_sync_for_device(struct dmk_bounce *pool, struct dmk_dev *dev,
				struct dmk_range slot_phys, enum dmk_direction dir);

#endif
