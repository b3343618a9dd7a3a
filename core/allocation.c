/* SPDX-License-Identifier: MIT */
/*
 * Consistent memory as drivers have it: allocated and freed by device, size and both addresses, with a record of each in a hash by CPU
 * address. A free that does not agree with its record is refused and changes nothing (COH-07).
 *
 * A record is found by whoever frees, and taken out of the hash under the lock: so of two frees of one block one finds nothing.
 */
#include "allocation.h"
#include "coherent.h"
#include "lock.h"
#include "text.h"
#include "window.h"

#include <dmakit/fail.h>
#include <linux/errno.h>

enum { BUCKETS = 1024, REMEMBERED = 64 };

struct dmk_allocation {
	struct dmk_allocation *next;         /* in its bucket */
	struct dmk_allocation *of_dev, **at; /* on the device's list */
	struct dmk_dev *dev;
	size_t size; /* as the driver said it */
	struct dmk_block block;
	bool is_managed;
	struct dmk_managed managed;
};

/* What was freed last, to tell a second free from a wild one. */
struct freed {
	const struct dmk_dev *dev;
	const void *cpu;
	uint64_t dma;
};

static struct {
	struct dmk_lock lock; /* guards all here and the devices' lists */
	struct dmk_allocation **buckets;
	struct freed freed[REMEMBERED];
	unsigned int next_freed;
} records;

bool dmk_allocations_start(void)
{
	__builtin_memset(&records, 0, sizeof(records));
	records.buckets = dmk_meta_alloc(BUCKETS * sizeof(struct dmk_allocation *), true);
	return records.buckets;
}

static struct dmk_allocation **bucket_of(const void *cpu)
{
	return &records.buckets[((uintptr_t)cpu >> DMK_PAGE_SHIFT) % BUCKETS];
}

static void record_add(struct dmk_allocation *record)
{
	struct dmk_allocation **bucket = bucket_of(record->block.cpu);
	unsigned long flags = dmk_lock_take(&records.lock);

	record->next = *bucket;
	*bucket = record;
	record->of_dev = record->dev->allocations;
	record->at = &record->dev->allocations;
	if (record->of_dev)
		record->of_dev->at = &record->of_dev;
	record->dev->allocations = record;
	dmk_lock_drop(&records.lock, flags);
}

/* With the lock. */
static void record_unlink(struct dmk_allocation *record)
{
	struct dmk_allocation **at = bucket_of(record->block.cpu);

	while (*at != record)
		at = &(*at)->next;
	*at = record->next;
	*record->at = record->of_dev;
	if (record->of_dev)
		record->of_dev->at = record->at;
}

static struct dmk_allocation *record_at(const void *cpu)
{
	struct dmk_allocation *record = *bucket_of(cpu);

	while (record && record->block.cpu != cpu)
		record = record->next;
	return record;
}

/* Why there is nothing at @cpu. */
static enum dmk_reason why_not_there(const struct dmk_dev *dev, const void *cpu, dmk_dma dma)
{
	const struct dmk_allocation *record;

	for (unsigned int i = 0; i < REMEMBERED; i++) {
		const struct freed *freed = &records.freed[i];

		if (freed->cpu && freed->cpu == cpu && freed->dev == dev && freed->dma == dma.v)
			return DMK_REASON_DOUBLE_FREE;
	}
	for (record = dev->allocations; record; record = record->of_dev) {
		if (record->block.dma.v == dma.v)
			return DMK_REASON_MISMATCH;
	}
	return DMK_REASON_NOT_FOUND;
}

/* Takes out the record of what a driver frees; NULL: it may not, and @reason. */
static struct dmk_allocation *record_take(struct dmk_dev *dev, size_t size, const void *cpu,
					  dmk_dma dma, enum dmk_reason *reason)
{
	unsigned long flags = dmk_lock_take(&records.lock);
	struct dmk_allocation *record = record_at(cpu);

	*reason = DMK_REASON_NONE;
	if (!record)
		*reason = why_not_there(dev, cpu, dma);
	else if (record->dev != dev || record->block.dma.v != dma.v || record->size != size)
		*reason = DMK_REASON_MISMATCH;
	if (*reason == DMK_REASON_NONE) {
		record_unlink(record);
		records.freed[records.next_freed++ % REMEMBERED] = (struct freed){dev, cpu, dma.v};
	}
	dmk_lock_drop(&records.lock, flags);
	return *reason == DMK_REASON_NONE ? record : NULL;
}

static void record_end(struct dmk_allocation *record)
{
	dmk_block_give(&record->block);
	dmk_meta_free(record, sizeof(*record));
}

/* --- allocation --------------------------------------------------------------------------------------------------- */

static void say_failed(const struct dmk_dev *dev, size_t size)
{
	static unsigned int times;
	struct dmk_text text = {.used = 0};

	if (!dmk_log_due(__atomic_add_fetch(&times, 1, __ATOMIC_RELAXED)))
		return;
	dmk_text_say(&text, "no consistent memory of ");
	dmk_text_number(&text, size);
	dmk_text_say(&text, " bytes below ");
	dmk_text_hex(&text, dmk_coherent_limit(dev));
	dmk_log(DMK_LOG_WARNING, dev, text.data);
}

static void announce_sleep(struct dmk_dev *dev, const char *call, struct dmk_place place)
{
	dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_SLEEP_IN_ATOMIC,
					 .dev = dev,
					 .name = call,
					 .interrupt = dmk_in_interrupt(),
					 .caller = place.caller,
					 .frame = place.frame});
}

static void release_managed(struct dmk_dev *dev, struct dmk_managed *self);

static enum dmk_reason allocate(struct dmk_dev *dev, size_t size, unsigned int flags,
				struct dmk_allocation **made)
{
	struct dmk_allocation *record;
	enum dmk_reason reason;

	if (!dev || !dev->bus)
		return DMK_REASON_BAD_DEVICE;
	record = dmk_meta_alloc(sizeof(*record), !(flags & DMK_ALLOC_ATOMIC) && !dmk_in_atomic());
	if (!record)
		return DMK_REASON_NO_ROOM;
	reason = dmk_block_take(dev, size, flags, &record->block);
	if (reason != DMK_REASON_NONE)
		goto free_record;
	record->dev = dev;
	record->size = size;
	record->is_managed = flags & DMK_ALLOC_MANAGED;
	record->managed.release = release_managed;
	record_add(record);
	if (record->is_managed)
		dmk_managed_add(dev, &record->managed);
	*made = record;
	return DMK_REASON_NONE;

free_record:
	dmk_meta_free(record, sizeof(*record));
	return reason;
}

void *dmk_alloc(struct dmk_dev *dev, size_t size, dmk_dma *dma, unsigned int flags,
		unsigned long attrs)
{
	struct dmk_allocation *record = NULL;
	enum dmk_reason reason;

	if (dmk_observed() && !(flags & DMK_ALLOC_ATOMIC) && dmk_in_atomic())
		announce_sleep(dev, "dma_alloc_coherent", DMK_PLACE_HERE);
	reason = dmk_should_fail(DMK_FAIL_ALLOC, DMK_CALLER)
			 ? DMK_REASON_NO_ROOM
			 : allocate(dev, size, flags, &record);
	if (reason == DMK_REASON_NO_ROOM && !(attrs & DMK_ATTR_NO_WARN))
		say_failed(dev, size);
	if (dmk_observed())
		dmk_announce(&(
			struct dmk_event){.kind = record ? DMK_EVENT_ALLOC : DMK_EVENT_ALLOC_FAILED,
					  .dev = dev,
					  .dma = record ? record->block.dma : DMK_MAPPING_ERROR,
					  .cpu = record ? record->block.cpu : NULL,
					  .phys = record ? record->block.phys : DMK_PHYS(0),
					  .size = size,
					  .attrs = attrs,
					  .reason = reason,
					  .result = record                         ? 0
						    : reason == DMK_REASON_NO_ROOM ? -ENOMEM
										   : -EINVAL,
					  .interrupt = dmk_in_interrupt(),
					  DMK_EVENT_HERE});
	if (!record)
		return NULL;
	*dma = record->block.dma;
	return record->block.cpu;
}

/* --- free --------------------------------------------------------------------------------------------------------- */

static struct dmk_allocation *take_for_free(struct dmk_dev *dev, size_t size, const void *cpu,
					    dmk_dma dma, enum dmk_reason *reason)
{
	*reason = DMK_REASON_BAD_DEVICE;
	if (!dev)
		return NULL;
	*reason = DMK_REASON_BAD_CONTEXT;
	if (dmk_in_interrupt())
		return NULL;
	return record_take(dev, size, cpu, dma, reason);
}

/* A free may have to take an address range away from all CPUs. In an interrupt it is refused, which says more. */
static bool sleeps_in_atomic(void)
{
	return dmk_observed() && dmk_in_atomic() && !dmk_in_interrupt();
}

static void free_taken(struct dmk_dev *dev, struct dmk_allocation *record)
{
	if (!record)
		return;
	if (record->is_managed)
		dmk_managed_remove(dev, &record->managed);
	record_end(record);
}

#define FREE_EVENT(...)                                                        \
	((struct dmk_event){.kind = DMK_EVENT_FREE,                            \
			    .dev = dev,                                        \
			    .size = size,                                      \
			    .cpu = cpu,                                        \
			    .dma = dma,                                        \
			    .phys = record ? record->block.phys : DMK_PHYS(0), \
			    .reason = reason,                                  \
			    .interrupt = dmk_in_interrupt(),                   \
			    __VA_ARGS__})

void dmk_free(struct dmk_dev *dev, size_t size, void *cpu, dmk_dma dma, unsigned long attrs)
{
	struct dmk_allocation *record;
	enum dmk_reason reason;

	if (!cpu)
		return;
	if (sleeps_in_atomic())
		announce_sleep(dev, "dma_free_coherent", DMK_PLACE_HERE);
	record = take_for_free(dev, size, cpu, dma, &reason);
	if (dmk_observed())
		dmk_announce(&FREE_EVENT(.attrs = attrs, DMK_EVENT_HERE));
	free_taken(dev, record);
}

/* The record knows whether it is managed: the two calls differ in name only. */
void dmk_free_managed(struct dmk_dev *dev, size_t size, void *cpu, dmk_dma dma, unsigned long attrs)
{
	struct dmk_allocation *record;
	enum dmk_reason reason;

	if (!cpu)
		return;
	if (sleeps_in_atomic())
		announce_sleep(dev, "dma_free_coherent", DMK_PLACE_HERE);
	record = take_for_free(dev, size, cpu, dma, &reason);
	if (dmk_observed())
		dmk_announce(&FREE_EVENT(.attrs = attrs, DMK_EVENT_HERE));
	free_taken(dev, record);
}

static void release_managed(struct dmk_dev *dev, struct dmk_managed *self)
{
	struct dmk_allocation *record =
		(struct dmk_allocation *)((char *)self - offsetof(struct dmk_allocation, managed));
	const size_t size = record->size;
	const void *cpu = record->block.cpu;
	const dmk_dma dma = record->block.dma;
	const enum dmk_reason reason = DMK_REASON_NONE;
	unsigned long flags = dmk_lock_take(&records.lock);

	record_unlink(record);
	dmk_lock_drop(&records.lock, flags);
	if (dmk_observed())
		dmk_announce(&FREE_EVENT(.managed = true, DMK_EVENT_HERE));
	record_end(record);
}

/* --- life --------------------------------------------------------------------------------------------------------- */

void dmk_allocations_forget_device(struct dmk_dev *dev)
{
	struct dmk_allocation *record;

	for (;;) {
		unsigned long flags = dmk_lock_take(&records.lock);

		record = dev->allocations;
		if (record)
			record_unlink(record);
		dmk_lock_drop(&records.lock, flags);
		if (!record)
			return;
		dmk_meta_free(record, sizeof(*record));
	}
}

void dmk_allocations_stop(void)
{
	if (!records.buckets)
		return;
	for (unsigned int i = 0; i < BUCKETS; i++) {
		while (records.buckets[i]) {
			struct dmk_allocation *record = records.buckets[i];

			records.buckets[i] = record->next;
			record_end(record);
		}
	}
	dmk_meta_free(records.buckets, BUCKETS * sizeof(struct dmk_allocation *));
	records.buckets = NULL;
}

bool dmk_alloc_find(struct dmk_dev *dev, const void *cpu, dmk_dma dma, size_t size, dmk_phys *phys)
{
	unsigned long flags = dmk_lock_take(&records.lock);
	const struct dmk_allocation *record = record_at(cpu);
	bool found = record && record->dev == dev && record->block.dma.v == dma.v &&
		     size <= record->block.size;

	if (found)
		*phys = record->block.phys;
	dmk_lock_drop(&records.lock, flags);
	return found;
}
