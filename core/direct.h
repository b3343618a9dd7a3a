/* SPDX-License-Identifier: MIT */
/*
 * One physical range to one bus range, without an IOMMU: as it is, or bounced. Single mappings and
 * lists both stand on it.
 */
#ifndef DMK_CORE_DIRECT_H
#define DMK_CORE_DIRECT_H

#include "core.h"

struct dmk_mapping {
	dmk_dma dma; /* DMK_MAPPING_ERROR unless reason is NONE */
	enum dmk_reason reason;
	int address_kind; /* with BAD_ADDRESS */
	bool bounced;
};

static inline struct dmk_mapping dmk_refused(enum dmk_reason reason)
{
	return (struct dmk_mapping){.dma = DMK_MAPPING_ERROR, .reason = reason};
}

/** dmk_direction_good - DIR-01: anything but the three may not be mapped. */
static inline bool dmk_direction_good(enum dmk_direction dir)
{
	return (unsigned int)dir <= DMK_FROM_DEVICE;
}

static inline bool dmk_device_good(const struct dmk_dev *dev)
{
	return dev && dev->bus && dev->dma_mask;
}

/**
 * dmk_bounce_cause - why this memory is bounced for the device, as its masks are now; NONE: it is
 * not. For who watches: nothing is decided by it.
 */
enum dmk_bounce_cause dmk_bounce_cause(const struct dmk_dev *dev, struct dmk_range phys);

/** dmk_result_of - the errno of a refusal (SGL-03) */
int dmk_result_of(enum dmk_reason reason);

/** dmk_direct_map - lend RAM. The device and direction are good, and every byte of @phys is RAM. */
struct dmk_mapping dmk_direct_map(struct dmk_dev *dev, struct dmk_range phys,
				  enum dmk_direction dir, unsigned long attrs);
/**
 * dmk_direct_map_soon - a mapping of [@first, @last] that is bounced, and nothing about it is
 * unusual. Two numbers: a compiler that is given them as one thing stores both, loads them as one,
 * and the processor waits for that.
 * Return: DMK_MAPPING_ERROR: nothing was done; all that the call was given must be judged, and
 *         dmk_direct_map() called.
 */
dmk_dma dmk_direct_map_soon(struct dmk_dev *dev, uint64_t first, uint64_t last,
			    enum dmk_direction dir, unsigned long attrs);

/**
 * dmk_direct_map_mmio - another device's registers: never bounced, never cached; refused to a
 * device that must bounce.
 */
struct dmk_mapping dmk_direct_map_mmio(struct dmk_dev *dev, struct dmk_range phys);

/** The opposites. What is not mapped, or makes no sense, is left alone. */
void dmk_direct_unmap(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir,
		      unsigned long attrs);
void dmk_direct_sync_for_cpu(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir);
void dmk_direct_sync_for_device(struct dmk_dev *dev, dmk_dma dma, size_t size,
				enum dmk_direction dir);

#endif
