/* SPDX-License-Identifier: MIT */
/*
 * What is remembered for COH-05: the driver's latest stores, and reads of a device that saw one and
 * not another.
 */
#ifndef CHECK_ORDER_H
#define CHECK_ORDER_H

#include "ranges.h"
#include "stack.h"

enum { DMK_STORES_KEPT = 1024, DMK_TORN_KEPT = 64 };

struct dmk_watched;

/** A store of the driver's, or its write to a register. */
struct dmk_stored {
	uint64_t cookie, size;
	const struct dmk_trace *where;
};

/**
 * A device has seen the later of two stores and not the earlier. Nothing wrong yet: it may look
 * again before it believes what it saw.
 */
struct dmk_torn {
	const struct dmk_watched *device;
	struct dmk_stored later, earlier;
	struct dmk_range later_at, earlier_at; /* the device's addresses */
	struct dmk_range read;
	uint64_t stale;    /* what it read instead */
	bool is_address;   /* which is an address, and not that of another descriptor */
	const char *fence; /* a barrier in between that is none for devices; NULL: none */
	bool said;         /* it was reported, with this one or another */
};

struct dmk_order {
	struct dmk_stored store[DMK_STORES_KEPT]; /* by cookie */
	struct dmk_torn torn[DMK_TORN_KEPT];      /* the first ones that are left */
	unsigned int nr_torn;
	/* the register write that was reported last: its cookie, and as what */
	uint64_t last_register;
	struct dmk_finding *told;
	const struct dmk_watched *told_device;
};

#endif
