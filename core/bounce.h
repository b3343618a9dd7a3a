/* SPDX-License-Identifier: MIT */
/*
 * Bounce buffers: memory that the device reaches, lent in the place of memory that it doesn't
 * (BNC-01..05).
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
 * Return: false: there should be one and there is no memory for it; said in the log, and the
 *         machine works without.
 */
bool dmk_bounce_start(const char *parameters);
void dmk_bounce_stop(void);

/** dmk_bounce_attach - a new device: where it bounces, and whether always */
void dmk_bounce_attach(struct dmk_dev *dev);

static inline bool dmk_bounce_forced(const struct dmk_dev *dev)
{
	return __builtin_expect(dmk_core.bounce_force || dev->force_bounce, 0);
}

/**
 * dmk_bounce_memory - the one region whose memory the device may be given, or NULL: it is not
 * restricted to one (BNC-05). What serves a device, and what is its required mask, is judged by
 * this instead of RAM.
 */
static inline const struct dmk_memory *dmk_bounce_memory(const struct dmk_dev *dev)
{
	return dev->bus->restricted_pool;
}

/**
 * dmk_bounce_take_pages - consistent memory of a device that is restricted to a region: @size bytes
 * there, of its slots @size, @align: whole pages, bytes; @align a power of two
 * @phys: within the device's coherent mask; contents undefined, caches not in step
 *
 * Context: any; never sleeps. Return: false: no room, or the device is not restricted
 *         (dmk_bounce_memory()).
 */
bool dmk_bounce_take_pages(struct dmk_dev *dev, size_t size, size_t align, dmk_phys *phys);
/**
 * dmk_bounce_give_pages - @size as it was taken. What the device has not there is left alone:
 * false.
 */
bool dmk_bounce_give_pages(struct dmk_dev *dev, dmk_phys phys, size_t size);
/**
 * dmk_bounce_address - the CPU's cached address of memory of a restricted region, which may be no
 * part of the direct map
 */
void *dmk_bounce_address(const struct dmk_dev *dev, dmk_phys phys);

/** dmk_bounce_has - whether @phys is memory that the device bounces in */
bool dmk_bounce_has(const struct dmk_dev *dev, dmk_phys phys);

/**
 * dmk_bounce_impossible - say, now and then, that @phys of the device's can't be bounced; nothing
 * of NO_ROOM, which who found no room has said, or where the driver wants no message
 * @why: what follows "N bytes at ADDRESS"
 */
void dmk_bounce_impossible(const struct dmk_dev *dev, struct dmk_range phys, enum dmk_reason reason,
			   unsigned long attrs, const char *why);

/**
 * dmk_bounce_map - copy the buffer into slots
 *
 * All directions copy in: a device that is to write may write less than it was given, and what
 * comes back must then be what was there, not what an earlier mapping left in the slots (BNC-02).
 *
 * Return: DMK_REASON_NONE and the bus address; NO_ROOM, TOO_LARGE, UNREACHABLE (the device reaches
 *         no pool either).
 */
enum dmk_reason dmk_bounce_map(struct dmk_dev *dev, struct dmk_range phys, enum dmk_direction dir,
			       unsigned long attrs, dmk_dma *dma);

/**
 * dmk_bounce_map_granules - the same behind an IOMMU, for a device that is to see nothing else:
 * whole granules of which nobody has a part,
 *                           zero around the bytes (bounce_granule.c)
 * @whole: physical; the first byte is as far in it as @phys is in its granule
 *
 * The syncs take physical addresses of bytes, as for any mapping; the unmap, all of @whole.
 */
enum dmk_reason dmk_bounce_map_granules(struct dmk_dev *dev, struct dmk_range phys,
					uint64_t granule, enum dmk_direction dir,
					unsigned long attrs, struct dmk_range *whole);
void dmk_bounce_unmap_granules(struct dmk_dev *dev, struct dmk_range whole, enum dmk_direction dir,
			       unsigned long attrs);
/** dmk_bounce_has_granules - whether these are such a mapping of the device's */
bool dmk_bounce_has_granules(const struct dmk_dev *dev, struct dmk_range whole);
/**
 * dmk_bounce_most_granules - bytes that can be bounced so at once, wherever in a granule they begin
 */
size_t dmk_bounce_most_granules(uint64_t granule);

/**
 * dmk_bounce_unmap - copy out, and free the slots: those of the mapping that starts at @phys,
 * whatever size is said
 * Return: false: it is no bounce memory, and nothing was done. Bounce memory at which the device
 *         has no mapping is left alone.
 */
bool dmk_bounce_unmap(struct dmk_dev *dev, dmk_phys phys, enum dmk_direction dir,
		      unsigned long attrs);

/**
 * dmk_bounce_sync_* - the part of [@slots, + @size) that is in the mapping there. false: as above.
 */
bool dmk_bounce_sync_for_cpu(struct dmk_dev *dev, struct dmk_range slots, enum dmk_direction dir);
bool dmk_bounce_sync_for_device(struct dmk_dev *dev, struct dmk_range slots,
				enum dmk_direction dir);

#endif
