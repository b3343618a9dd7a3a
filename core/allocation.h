/* SPDX-License-Identifier: MIT */
/*
 * Records of the memory that drivers have for their devices: who holds what, and made by which
 * call.
 */
#ifndef DMK_CORE_ALLOCATION_H
#define DMK_CORE_ALLOCATION_H

#include <linux/scatterlist.h>

#include "coherent.h"
#include "core.h"

/** A view that a driver made of its memory. */
struct dmk_allocation_view {
	struct dmk_allocation_view *next; /* of the same memory */
	struct dmk_allocation *of;
	void *address;
	size_t size; /* bytes, whole pages */
};

/** A list of memory that is NONCONTIGUOUS. */
struct dmk_allocation_list {
	struct sg_table table;
	struct scatterlist entry[2];  /* the first run, and the link to the others */
	struct scatterlist *more;     /* these; NULL: there are none */
	size_t more_size;             /* bytes */
};

struct dmk_allocation {
	struct dmk_allocation *next;         /* in its bucket */
	struct dmk_allocation *of_dev, **at; /* on the device's list */
	struct dmk_dev *dev;
	enum dmk_alloc_kind kind;
	const void *key; /* what its free is given: the CPU address, or the list's table */
	size_t size;     /* as the driver said it */
	struct dmk_block block;
	bool is_managed;
	struct dmk_managed managed;
	/* NONCONTIGUOUS only. */
	struct dmk_allocation_view *views;
	struct dmk_allocation_list *list;
};

/** What a driver says about memory that it gives back. */
struct dmk_free_request {
	struct dmk_dev *dev;
	enum dmk_alloc_kind kind;
	const void *key;
	size_t size;
	dmk_dma dma;
	bool any_dma; /* the call names no handle */
};

bool dmk_allocations_start(void); /* false: no memory */
/** dmk_allocations_stop - forget all; the memory of what is still held goes back. */
void dmk_allocations_stop(void);
/**
 * dmk_allocations_forget_device - its records go, and the way that it had there; the memory
 * doesn't, in case that somebody still writes to it
 */
void dmk_allocations_forget_device(struct dmk_dev *dev);

/** dmk_record_add - all fields are set: from now on it is found. */
void dmk_record_add(struct dmk_allocation *record);
/**
 * dmk_record_take - the record of what a driver gives back, which is found no more and belongs to
 * the caller
 * Return: NULL: it may not, and @reason.
 */
struct dmk_allocation *dmk_record_take(const struct dmk_free_request *request,
				       enum dmk_reason *reason);
/** dmk_record_end - the memory goes back, the views of it and the record go. It is on no list. */
void dmk_record_end(struct dmk_allocation *record);
/** dmk_record_unlink - of a record that is found, by who took it off the device's managed ones. */
void dmk_record_unlink(struct dmk_allocation *record);

/**
 * dmk_record_look - call @look for the record of @kind that @dev has at @key, with the records'
 * lock held
 * Return: what @look returned; false: there is none.
 */
bool dmk_record_look(const struct dmk_dev *dev, enum dmk_alloc_kind kind, const void *key,
		     bool (*look)(struct dmk_allocation *record, void *ctx), void *ctx);

/**
 * dmk_record_view_take - the view at @address of @dev's memory, which belongs to the caller; NULL:
 * none.
 */
struct dmk_allocation_view *dmk_record_view_take(const struct dmk_dev *dev, const void *address);

/* --- for the calls ---------------------------------------------------------------------------- */

/** dmk_allocate - memory, and a record of it that is not found yet. @flags with DMK_BLOCK_*. */
enum dmk_reason dmk_allocate(struct dmk_dev *dev, enum dmk_alloc_kind kind, size_t size,
			     unsigned int flags, unsigned long attrs, struct dmk_allocation **made);
/**
 * dmk_free_context - whether memory may be given back here at all; tells the observer when the call
 * should not sleep.
 */
enum dmk_reason dmk_free_context(struct dmk_dev *dev, const char *call, struct dmk_place place);
void dmk_announce_sleep(struct dmk_dev *dev, const char *call, struct dmk_place place);
/** dmk_alloc_result - 0 or the errno of an event */
int dmk_alloc_result(enum dmk_reason reason);

#endif
