/* SPDX-License-Identifier: MIT */
/*
 * Records of allocations, in a hash that grows with them, by what their free is given. A free that
 * does not agree with its record is refused and changes nothing (COH-07).
 *
 * A record is found by whoever frees, and taken out under the lock: so of two frees of one block
 * one finds nothing. What the device's managed list has already let go of is left to that.
 */
#include "allocation.h"
#include "lock.h"

enum { FIRST_BUCKETS = 256, REMEMBERED = 64 };

/* What was freed last, to tell a second free from a wild one. */
struct freed {
	const struct dmk_dev *dev;
	const void *key;
	uint64_t dma;
};

static struct {
	struct dmk_lock lock; /* guards all here and the devices' lists. Taken before a device's. */
	struct dmk_allocation **buckets;
	size_t nr_buckets, nr_records; /* buckets: a power of two */
	struct freed freed[REMEMBERED];
	unsigned int next_freed;
} records;

bool dmk_allocations_start(void)
{
	__builtin_memset(&records, 0, sizeof(records));
	records.buckets = dmk_meta_alloc(FIRST_BUCKETS * sizeof(struct dmk_allocation *), true);
	records.nr_buckets = FIRST_BUCKETS;
	return records.buckets;
}

static size_t bucket_number(const void *key, size_t nr_buckets)
{
	const uint64_t spread = (uint64_t)(uintptr_t)key * 0x9e3779b97f4a7c15ULL;

	return (size_t)(spread >> 32) & (nr_buckets - 1);
}

static struct dmk_allocation **bucket_of(const void *key)
{
	return &records.buckets[bucket_number(key, records.nr_buckets)];
}

/* --- growing ---------------------------------------------------------------------------------- */

static void rehash(struct dmk_allocation **buckets, size_t nr_buckets)
{
	for (size_t i = 0; i < records.nr_buckets; i++) {
		while (records.buckets[i]) {
			struct dmk_allocation *record = records.buckets[i];
			const size_t n = bucket_number(record->key, nr_buckets);

			records.buckets[i] = record->next;
			record->next = buckets[n];
			buckets[n] = record;
		}
	}
	records.buckets = buckets;
	records.nr_buckets = nr_buckets;
}

/* Without the lock. Longer chains are slow, not wrong: no memory for more buckets is no failure. */
static void more_buckets(size_t nr_old)
{
	const size_t nr_new = nr_old * 4;
	struct dmk_allocation **buckets, **left;
	unsigned long flags;

	buckets = dmk_meta_alloc(nr_new * sizeof(struct dmk_allocation *), false);
	if (!buckets)
		return;
	flags = dmk_lock_take(&records.lock);
	if (records.nr_buckets == nr_old) {
		left = records.buckets;
		rehash(buckets, nr_new);
		dmk_lock_drop(&records.lock, flags);
		dmk_meta_free(left, nr_old * sizeof(struct dmk_allocation *));
	} else {
		dmk_lock_drop(&records.lock, flags);
		dmk_meta_free(buckets, nr_new * sizeof(struct dmk_allocation *));
	}
}

/* --- in and out ------------------------------------------------------------------------------- */

void dmk_record_add(struct dmk_allocation *record)
{
	struct dmk_allocation **bucket;
	unsigned long flags = dmk_lock_take(&records.lock);
	size_t nr_buckets = records.nr_buckets;
	bool crowded;

	bucket = bucket_of(record->key);
	record->next = *bucket;
	*bucket = record;
	record->of_dev = record->dev->allocations;
	record->at = &record->dev->allocations;
	if (record->of_dev)
		record->of_dev->at = &record->of_dev;
	record->dev->allocations = record;
	crowded = ++records.nr_records > nr_buckets;
	dmk_lock_drop(&records.lock, flags);
	if (crowded)
		more_buckets(nr_buckets);
}

/* With the lock. */
static void unlink_record(struct dmk_allocation *record)
{
	struct dmk_allocation **at = bucket_of(record->key);

	while (*at != record)
		at = &(*at)->next;
	*at = record->next;
	*record->at = record->of_dev;
	if (record->of_dev)
		record->of_dev->at = record->at;
	records.nr_records--;
}

void dmk_record_unlink(struct dmk_allocation *record)
{
	unsigned long flags = dmk_lock_take(&records.lock);

	unlink_record(record);
	dmk_lock_drop(&records.lock, flags);
}

static struct dmk_allocation *record_at(const void *key)
{
	struct dmk_allocation *record = *bucket_of(key);

	while (record && record->key != key)
		record = record->next;
	return record;
}

/* --- what a driver gives back ----------------------------------------------------------------- */

/* Why there is nothing at the address. */
static enum dmk_reason why_not_there(const struct dmk_free_request *request)
{
	const struct dmk_allocation *record;

	for (unsigned int i = 0; i < REMEMBERED; i++) {
		const struct freed *freed = &records.freed[i];

		if (freed->key && freed->key == request->key && freed->dev == request->dev &&
		    (request->any_dma || freed->dma == request->dma.v))
			return DMK_REASON_DOUBLE_FREE;
	}
	for (record = request->dev->allocations; record && !request->any_dma;
	     record = record->of_dev) {
		if (record->block.dma.v == request->dma.v)
			return DMK_REASON_MISMATCH;
	}
	return DMK_REASON_NOT_FOUND;
}

static bool agrees(const struct dmk_allocation *record, const struct dmk_free_request *request)
{
	return record->dev == request->dev && record->kind == request->kind &&
	       record->size == request->size &&
	       (request->any_dma || record->block.dma.v == request->dma.v);
}

static enum dmk_reason judge(struct dmk_allocation *record, const struct dmk_free_request *request)
{
	if (!record)
		return why_not_there(request);
	if (!agrees(record, request))
		return DMK_REASON_MISMATCH;
	/* The release of all that is managed has it, and is about to end it. */
	if (record->is_managed && !dmk_managed_remove(record->dev, &record->managed))
		return DMK_REASON_DOUBLE_FREE;
	return DMK_REASON_NONE;
}

struct dmk_allocation *dmk_record_take(const struct dmk_free_request *request,
				       enum dmk_reason *reason)
{
	unsigned long flags = dmk_lock_take(&records.lock);
	struct dmk_allocation *record = record_at(request->key);

	*reason = judge(record, request);
	if (*reason == DMK_REASON_NONE) {
		unlink_record(record);
		records.freed[records.next_freed++ % REMEMBERED] =
			(struct freed){request->dev, request->key, record->block.dma.v};
	}
	dmk_lock_drop(&records.lock, flags);
	return *reason == DMK_REASON_NONE ? record : NULL;
}

static void end_view(struct dmk_allocation_view *view)
{
	dmk_view_end(view->address, view->size);
	dmk_meta_free(view, sizeof(*view));
}

static void end_views(struct dmk_allocation *record)
{
	while (record->views) {
		struct dmk_allocation_view *view = record->views;

		record->views = view->next;
		end_view(view);
	}
}

static void free_record(struct dmk_allocation *record)
{
	if (record->list) {
		dmk_meta_free(record->list->more, record->list->more_size);
		dmk_meta_free(record->list, sizeof(*record->list));
	}
	dmk_meta_free(record, sizeof(*record));
}

void dmk_record_end(struct dmk_allocation *record)
{
	end_views(record);
	dmk_block_give(record->dev, &record->block);
	free_record(record);
}

/* --- looking ---------------------------------------------------------------------------------- */

bool dmk_record_look(const struct dmk_dev *dev, enum dmk_alloc_kind kind, const void *key,
		     bool (*look)(struct dmk_allocation *record, void *ctx), void *ctx)
{
	unsigned long flags = dmk_lock_take(&records.lock);
	struct dmk_allocation *record = record_at(key);
	bool result = record && record->dev == dev && record->kind == kind && look(record, ctx);

	dmk_lock_drop(&records.lock, flags);
	return result;
}

/* Views are few: a driver makes one for each list, if any. */
struct dmk_allocation_view *dmk_record_view_take(const struct dmk_dev *dev, const void *address)
{
	unsigned long flags = dmk_lock_take(&records.lock);
	struct dmk_allocation *record = dev->allocations;
	struct dmk_allocation_view *view = NULL, **at;

	for (; record && !view; record = record->of_dev) {
		for (at = &record->views; *at && (*at)->address != address;)
			at = &(*at)->next;
		view = *at;
		if (view)
			*at = view->next;
	}
	dmk_lock_drop(&records.lock, flags);
	return view;
}

/* --- life ------------------------------------------------------------------------------------- */

void dmk_allocations_forget_device(struct dmk_dev *dev)
{
	struct dmk_allocation *record;

	for (;;) {
		unsigned long flags = dmk_lock_take(&records.lock);

		record = dev->allocations;
		if (record)
			unlink_record(record);
		dmk_lock_drop(&records.lock, flags);
		if (!record)
			return;
		dmk_block_detach(dev, &record->block);
		/*
		 * The memory stays out of use: nothing says that whoever has its address stands
		 * still.
		 */
		dmk_meta_free(record->block.pieces, record->block.pieces_size);
		end_views(record);
		free_record(record);
	}
}

void dmk_allocations_stop(void)
{
	if (!records.buckets)
		return;
	for (size_t i = 0; i < records.nr_buckets; i++) {
		while (records.buckets[i]) {
			struct dmk_allocation *record = records.buckets[i];

			records.buckets[i] = record->next;
			record->dev = NULL; /* who knows whether it is still there */
			dmk_record_end(record);
		}
	}
	dmk_meta_free(records.buckets, records.nr_buckets * sizeof(struct dmk_allocation *));
	records.buckets = NULL;
}
