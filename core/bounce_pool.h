/* SPDX-License-Identifier: MIT */
/*
 * A pool of bounce slots as bounce.c and bounce_setup.c see it.
 */
#ifndef DMK_CORE_BOUNCE_POOL_H
#define DMK_CORE_BOUNCE_POOL_H

#include "bounce.h"

enum { DMK_SLOT_FREE, DMK_SLOT_HELD, DMK_SLOT_LEAVING };

struct dmk_slot {
	uint8_t state;
	uint8_t back; /* slots to the first of the run */
	/* The rest in the first of a run only. */
	uint8_t count; /* slots */
	uint8_t dir;
	uint16_t offset; /* of the first byte, in the first slot */
	uint32_t size;   /* bytes */
	dmk_phys phys;   /* of the buffer that the slots stand for */
	struct dmk_dev *dev;
};

struct dmk_bounce {
	struct dmk_bounce
		*next; /* asked when this one has no room that the device reaches; lies lower */
	struct dmk_range memory; /* physical, in the direct map */
	size_t nr_slots, nr_segments;

	struct dmk_lock lock; /* guards all below */
	size_t next_segment;  /* where the search begins */
	size_t used, high_water;
	uint64_t refused;
	uint8_t *free_in_segment;
	struct dmk_slot *slots;
};

#endif
