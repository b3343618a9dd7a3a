/* SPDX-License-Identifier: MIT */
/*
 * The calls that give drivers memory for their devices by CPU address: consistent memory, and pages
 * that both sides use in turns. Each announces itself; the memory is coherent.c's, the records are
 * records.c's.
 */
#include "allocation.h"
#include "text.h"
#include "window.h"

#include <dmakit/fail.h>
#include <linux/errno.h>

/* --- allocation ------------------------------------------------------------------------------- */

static void say_failed(const struct dmk_dev *dev, size_t size, unsigned int flags)
{
	struct dmk_text text = {.used = 0};
	size_t total, used;

	if (!dmk_log_due(__atomic_add_fetch(&dmk_core.allocations_failed, 1, __ATOMIC_RELAXED)))
		return;
	dmk_text_say(&text, "no memory for the device of ");
	dmk_text_number(&text, size);
	dmk_text_say(&text, " bytes below ");
	dmk_text_hex(&text, dmk_coherent_limit(dev));
	if (dev->bus->shared_pool && !(flags & DMK_BLOCK_CACHED)) {
		dmk_text_say(&text, ", in its pool ");
		dmk_text_say(&text, dev->bus->shared_pool->name);
	} else if (flags & DMK_ALLOC_ATOMIC) {
		dmk_atomic_pages(&total, &used);
		dmk_text_say(&text, "; of the atomic pool's ");
		dmk_text_number(&text, total);
		dmk_text_say(&text, " pages ");
		dmk_text_number(&text, used);
		dmk_text_say(&text, " are taken");
	}
	dmk_log(DMK_LOG_WARNING, dev, text.data);
}

void dmk_announce_sleep(struct dmk_dev *dev, const char *call, struct dmk_place place)
{
	dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_SLEEP_IN_ATOMIC,
					 .dev = dev,
					 .name = call,
					 .interrupt = dmk_in_interrupt(),
					 .caller = place.caller,
					 .frame = place.frame});
}

int dmk_alloc_result(enum dmk_reason reason)
{
	switch (reason) {
	case DMK_REASON_NONE:
		return 0;
	case DMK_REASON_NO_ROOM:
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

static enum dmk_reason allocate(struct dmk_dev *dev, enum dmk_alloc_kind kind, size_t size,
				unsigned int flags, struct dmk_allocation **made)
{
	struct dmk_allocation *record;
	enum dmk_reason reason;

	if (!dev || !dev->bus)
		return DMK_REASON_BAD_DEVICE;
	if (flags & DMK_ALLOC_BAD_GFP)
		return DMK_REASON_BAD_ARGUMENT;
	record = dmk_meta_alloc(sizeof(*record), !(flags & DMK_ALLOC_ATOMIC) && !dmk_in_atomic());
	if (!record)
		return DMK_REASON_NO_ROOM;
	reason = dmk_block_take(dev, size, flags, &record->block);
	if (reason != DMK_REASON_NONE) {
		dmk_meta_free(record, sizeof(*record));
		return reason;
	}
	record->dev = dev;
	record->kind = kind;
	record->size = size;
	record->key = record->block.cpu;
	*made = record;
	return DMK_REASON_NONE;
}

enum dmk_reason dmk_allocate(struct dmk_dev *dev, enum dmk_alloc_kind kind, size_t size,
			     unsigned int flags, unsigned long attrs, struct dmk_allocation **made)
{
	const enum dmk_reason reason = allocate(dev, kind, size, flags, made);

	if (reason == DMK_REASON_NO_ROOM && !(attrs & DMK_ATTR_NO_WARN))
		say_failed(dev, size, flags);
	return reason;
}

static void release_managed(struct dmk_dev *dev, struct dmk_managed *self);

#define ALLOC_EVENT(...)                                                               \
	((struct dmk_event){.kind = record ? DMK_EVENT_ALLOC : DMK_EVENT_ALLOC_FAILED, \
			    .dev = dev,                                                \
			    .dma = record ? record->block.dma : DMK_MAPPING_ERROR,     \
			    .cpu = record ? record->block.cpu : NULL,                  \
			    .phys = record ? record->block.phys : DMK_PHYS(0),         \
			    .size = size,                                              \
			    .attrs = attrs,                                            \
			    .reason = reason,                                          \
			    .result = dmk_alloc_result(reason),                        \
			    .interrupt = dmk_in_interrupt(),                           \
			    __VA_ARGS__})

/* With the runs of memory that is in pieces. */
static void announce_alloc(struct dmk_event *event, const struct dmk_allocation *record)
{
	const struct dmk_told_pieces told = record ? dmk_tell_pieces(&record->block)
						   : (struct dmk_told_pieces){.n = 0};

	event->sg = told.sg;
	event->nents = event->mapped_nents = told.n;
	dmk_tell(event);
	dmk_tell_end(&told);
}

void *dmk_alloc(struct dmk_dev *dev, size_t size, dmk_dma *dma, unsigned int flags,
		unsigned long attrs)
{
	const bool managed = flags & DMK_ALLOC_MANAGED;
	struct dmk_allocation *record = NULL;
	enum dmk_reason reason = DMK_REASON_NO_ROOM;

	if (dmk_observed() && !(flags & DMK_ALLOC_ATOMIC) && dmk_in_atomic())
		dmk_announce_sleep(dev, managed ? "dmam_alloc_coherent" : "dma_alloc_coherent",
				   DMK_PLACE_HERE);
	if (attrs & DMK_ATTR_NO_KERNEL_MAPPING)
		flags |= DMK_BLOCK_HIDDEN;
	if (attrs & DMK_ATTR_FORCE_CONTIGUOUS)
		flags |= DMK_BLOCK_ONE_RUN;
	if (attrs & DMK_ATTR_ALLOC_SINGLE_PAGES)
		flags |= DMK_BLOCK_SINGLE;
	if (!dmk_should_fail(DMK_FAIL_ALLOC, DMK_CALLER))
		reason = dmk_allocate(dev, DMK_KIND_COHERENT, size, flags, attrs, &record);
	if (record) {
		record->is_managed = managed;
		record->managed.release = release_managed;
		dmk_record_add(record);
		if (managed)
			dmk_managed_add(dev, &record->managed);
	}
	if (dmk_heard())
		announce_alloc(&ALLOC_EVENT(.alloc_kind = DMK_KIND_COHERENT, .by_managed = managed,
					    DMK_EVENT_HERE),
			       record);
	if (!record)
		return NULL;
	*dma = record->block.dma;
	return record->block.cpu;
}

void *dmk_alloc_cached(struct dmk_dev *dev, size_t size, dmk_dma *dma, enum dmk_direction dir,
		       unsigned int flags, unsigned long attrs)
{
	struct dmk_allocation *record = NULL;
	enum dmk_reason reason = DMK_REASON_NO_ROOM;

	if (dmk_observed() && !(flags & DMK_ALLOC_ATOMIC) && dmk_in_atomic())
		dmk_announce_sleep(dev, "dma_alloc_pages", DMK_PLACE_HERE);
	if ((unsigned int)dir >= DMK_NONE)
		reason = DMK_REASON_BAD_DIRECTION;
	else if (!dmk_should_fail(DMK_FAIL_ALLOC, DMK_CALLER))
		reason = dmk_allocate(dev, DMK_KIND_PAGES, size, flags | DMK_BLOCK_CACHED, attrs,
				      &record);
	if (record)
		dmk_record_add(record);
	if (dmk_heard())
		dmk_tell(&ALLOC_EVENT(.alloc_kind = DMK_KIND_PAGES, .dir = dir, DMK_EVENT_HERE));
	if (!record)
		return NULL;
	*dma = record->block.dma;
	return record->block.cpu;
}

/* --- free ------------------------------------------------------------------------------------- */

/*
 * A free may have to take an address range away from all CPUs. In an interrupt it is refused, which
 * says more.
 */
enum dmk_reason dmk_free_context(struct dmk_dev *dev, const char *call, struct dmk_place place)
{
	if (!dev)
		return DMK_REASON_BAD_DEVICE;
	if (dmk_in_interrupt())
		return DMK_REASON_BAD_CONTEXT;
	if (dmk_observed() && dmk_in_atomic())
		dmk_announce_sleep(dev, call, place);
	return DMK_REASON_NONE;
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

static struct dmk_allocation *take(struct dmk_dev *dev, enum dmk_alloc_kind kind, size_t size,
				   const void *cpu, dmk_dma dma, enum dmk_reason *reason)
{
	if (*reason != DMK_REASON_NONE)
		return NULL;
	return dmk_record_take(
		&(struct dmk_free_request){
			.dev = dev, .kind = kind, .key = cpu, .size = size, .dma = dma},
		reason);
}

/* The record knows whether it is managed: the two calls differ in what they announce. */
static void free_coherent(struct dmk_dev *dev, size_t size, void *cpu, dmk_dma dma,
			  unsigned long attrs, bool managed, struct dmk_place place)
{
	struct dmk_allocation *record;
	enum dmk_reason reason;

	if (!cpu)
		return;
	reason = dmk_free_context(dev, managed ? "dmam_free_coherent" : "dma_free_coherent", place);
	record = take(dev, DMK_KIND_COHERENT, size, cpu, dma, &reason);
	if (dmk_heard())
		dmk_tell(&FREE_EVENT(.alloc_kind = DMK_KIND_COHERENT, .attrs = attrs,
				     .by_managed = managed, .caller = place.caller,
				     .frame = place.frame));
	if (record)
		dmk_record_end(record);
}

void dmk_free(struct dmk_dev *dev, size_t size, void *cpu, dmk_dma dma, unsigned long attrs)
{
	free_coherent(dev, size, cpu, dma, attrs, false, DMK_PLACE_HERE);
}

void dmk_free_managed(struct dmk_dev *dev, size_t size, void *cpu, dmk_dma dma, unsigned long attrs)
{
	free_coherent(dev, size, cpu, dma, attrs, true, DMK_PLACE_HERE);
}

void dmk_free_cached(struct dmk_dev *dev, size_t size, void *cpu, dmk_dma dma,
		     enum dmk_direction dir)
{
	struct dmk_allocation *record;
	enum dmk_reason reason;

	if (!cpu)
		return;
	reason = dmk_free_context(dev, "dma_free_pages", DMK_PLACE_HERE);
	record = take(dev, DMK_KIND_PAGES, size, cpu, dma, &reason);
	if (dmk_heard())
		dmk_tell(&FREE_EVENT(.alloc_kind = DMK_KIND_PAGES, .dir = dir, DMK_EVENT_HERE));
	if (record)
		dmk_record_end(record);
}

static void release_managed(struct dmk_dev *dev, struct dmk_managed *self)
{
	struct dmk_allocation *record =
		(struct dmk_allocation *)((char *)self - offsetof(struct dmk_allocation, managed));
	const size_t size = record->size;
	const void *cpu = record->block.cpu;
	const dmk_dma dma = record->block.dma;
	const enum dmk_reason reason = DMK_REASON_NONE;

	dmk_record_unlink(record);
	if (dmk_heard())
		dmk_tell(&FREE_EVENT(.alloc_kind = DMK_KIND_COHERENT, .managed = true,
				     DMK_EVENT_HERE));
	dmk_record_end(record);
}

/* --- where it is ------------------------------------------------------------------------------ */

struct place_wanted {
	dmk_dma dma;
	size_t size, offset;
	dmk_phys *phys;
	size_t *run;
};

static bool look(struct dmk_allocation *record, void *ctx)
{
	const struct place_wanted *wanted = ctx;
	const size_t size = (size_t)dmk_align_up(record->size, DMK_PAGE_SIZE);
	size_t run;

	if (record->block.dma.v != wanted->dma.v || wanted->size > size || wanted->offset >= size)
		return false;
	run = dmk_block_run(&record->block, wanted->offset, wanted->phys);
	*wanted->run = run < size - wanted->offset ? run : size - wanted->offset;
	return true;
}

bool dmk_alloc_find(struct dmk_dev *dev, const void *cpu, dmk_dma dma, size_t size, size_t offset,
		    dmk_phys *phys, size_t *run)
{
	struct place_wanted wanted = {dma, size, offset, phys, run};

	return dmk_record_look(dev, DMK_KIND_COHERENT, cpu, look, &wanted);
}
