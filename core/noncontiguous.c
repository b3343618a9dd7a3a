/* SPDX-License-Identifier: MIT */
/*
 * dma_alloc_noncontiguous(): memory as a list that is mapped already, used by both sides in turns with syncs of the list. Nothing here makes
 * scattered pages contiguous for a device, so it is one run, and a list of one entry.
 *
 * A view of it is a mapping of its own, as it would be of scattered pages: no address of the direct map, and gone after its unmap.
 */
#include "allocation.h"

#include <dmakit/fail.h>

/* The only attributes that the call takes. */
#define GOOD_ATTRS (DMK_ATTR_ALLOC_SINGLE_PAGES | DMK_ATTR_NO_WARN)

/* --- the list --------------------------------------------------------------------------------------------------------- */

/* Where the entry is, of a table that one of the records has; of another one it is nobody's address. */
static const void *list_of(const struct sg_table *table)
{
	return (const char *)table - offsetof(struct dmk_allocation, table) +
	       offsetof(struct dmk_allocation, entry);
}

/* A list of one entry, which ends with it, and is mapped. */
static void make_list(struct dmk_allocation *record)
{
	struct scatterlist *entry = &record->entry;

	sg_init_table(entry, 1);
	sg_set_page(entry, pfn_to_page(record->block.phys.v >> DMK_PAGE_SHIFT),
		    (unsigned int)record->block.size, 0);
	sg_dma_address(entry) = (dma_addr_t)record->block.dma.v;
	sg_dma_len(entry) = entry->length;
	record->table = (struct sg_table){.sgl = entry, .nents = 1, .orig_nents = 1};
	record->key = &record->table;
}

/* --- allocation --------------------------------------------------------------------------------------------------------- */

static enum dmk_reason allocate(struct dmk_dev *dev, size_t size, enum dmk_direction dir,
				unsigned int flags, unsigned long attrs,
				struct dmk_allocation **made)
{
	if ((unsigned int)dir >= DMK_NONE)
		return DMK_REASON_BAD_DIRECTION;
	if (attrs & ~(unsigned long)GOOD_ATTRS)
		return DMK_REASON_BAD_ARGUMENT;
	/* An entry has no longer length. */
	if (size > ~0U - DMK_PAGE_SIZE)
		return DMK_REASON_BAD_SIZE;
	return dmk_allocate(dev, DMK_KIND_NONCONTIGUOUS, size, flags | DMK_BLOCK_CACHED, attrs,
			    made);
}

struct sg_table *dmk_alloc_noncontiguous(struct dmk_dev *dev, size_t size, enum dmk_direction dir,
					 unsigned int flags, unsigned long attrs)
{
	struct dmk_allocation *record = NULL;
	enum dmk_reason reason = DMK_REASON_NO_ROOM;
	struct dmk_event_sg piece = {.length = 0};

	if (dmk_observed() && !(flags & DMK_ALLOC_ATOMIC) && dmk_in_atomic())
		dmk_announce_sleep(dev, "dma_alloc_noncontiguous", DMK_PLACE_HERE);
	if (!dmk_should_fail(DMK_FAIL_ALLOC, DMK_CALLER))
		reason = allocate(dev, size, dir, flags, attrs, &record);
	if (record) {
		make_list(record);
		dmk_record_add(record);
		piece = (struct dmk_event_sg){.phys = record->block.phys,
					      .length = record->block.size,
					      .dma = record->block.dma,
					      .dma_length = record->block.size};
	}
	if (dmk_observed())
		dmk_announce(&(
			struct dmk_event){.kind = record ? DMK_EVENT_ALLOC : DMK_EVENT_ALLOC_FAILED,
					  .alloc_kind = DMK_KIND_NONCONTIGUOUS,
					  .map_kind = DMK_MAP_SG,
					  .dev = dev,
					  .dma = record ? record->block.dma : DMK_MAPPING_ERROR,
					  .cpu = record ? &record->entry : NULL,
					  .phys = piece.phys,
					  .size = size,
					  .dir = dir,
					  .attrs = attrs,
					  .sg = &piece,
					  .nents = record ? 1 : 0,
					  .mapped_nents = record ? 1 : 0,
					  .reason = reason,
					  .result = dmk_alloc_result(reason),
					  .interrupt = dmk_in_interrupt(),
					  DMK_EVENT_HERE});
	return record ? &record->table : NULL;
}

/* --- free ----------------------------------------------------------------------------------------------------------------- */

static unsigned int count_views(const struct dmk_allocation *record)
{
	unsigned int n = 0;

	for (const struct dmk_allocation_view *view = record->views; view; view = view->next)
		n++;
	return n;
}

void dmk_free_noncontiguous(struct dmk_dev *dev, size_t size, struct sg_table *table,
			    enum dmk_direction dir)
{
	const struct dmk_free_request request = {.dev = dev,
						 .kind = DMK_KIND_NONCONTIGUOUS,
						 .key = table,
						 .size = size,
						 .any_dma = true};
	struct dmk_allocation *record = NULL;
	enum dmk_reason reason;

	if (!table)
		return;
	reason = dmk_free_context(dev, "dma_free_noncontiguous", DMK_PLACE_HERE);
	if (reason == DMK_REASON_NONE)
		record = dmk_record_take(&request, &reason);
	if (dmk_observed())
		dmk_announce(&(
			struct dmk_event){.kind = DMK_EVENT_FREE,
					  .alloc_kind = DMK_KIND_NONCONTIGUOUS,
					  .dev = dev,
					  .dma = record ? record->block.dma : DMK_MAPPING_ERROR,
					  .cpu = list_of(table),
					  .phys = record ? record->block.phys : DMK_PHYS(0),
					  .size = size,
					  .dir = dir,
					  .nents = record ? count_views(record) : 0,
					  .reason = reason,
					  .interrupt = dmk_in_interrupt(),
					  DMK_EVENT_HERE});
	if (record)
		dmk_record_end(record);
}

/* --- views ---------------------------------------------------------------------------------------------------------------- */

struct wanted {
	size_t size;
	dmk_phys phys;
	dmk_dma dma;
	struct dmk_allocation_view *view;
};

static bool is_long_enough(struct dmk_allocation *record, void *ctx)
{
	struct wanted *wanted = ctx;

	wanted->phys = record->block.phys;
	wanted->dma = record->block.dma;
	return wanted->size && wanted->size <= record->block.size;
}

static bool add_view(struct dmk_allocation *record, void *ctx)
{
	struct wanted *wanted = ctx;

	wanted->view->of = record;
	wanted->view->next = record->views;
	record->views = wanted->view;
	return true;
}

bool dmk_noncontiguous_good(struct dmk_dev *dev, size_t size, const struct sg_table *table)
{
	struct wanted wanted = {.size = size};

	return dmk_record_look(dev, DMK_KIND_NONCONTIGUOUS, table, is_long_enough, &wanted);
}

/* The memory can't go between the look and the record of the view but by a driver's mistake: then there is no view. */
static enum dmk_reason make_view(struct dmk_dev *dev, const struct sg_table *table,
				 struct wanted *wanted)
{
	struct dmk_allocation_view *view;

	if (!dmk_record_look(dev, DMK_KIND_NONCONTIGUOUS, table, is_long_enough, wanted))
		return DMK_REASON_NOT_FOUND;
	view = dmk_meta_alloc(sizeof(*view), !dmk_in_atomic());
	if (!view)
		return DMK_REASON_NO_ROOM;
	view->size = (size_t)dmk_align_up(wanted->size, DMK_PAGE_SIZE);
	view->address = dmk_view_run(wanted->phys, view->size, DMK_VIEW_CACHED, !dmk_in_atomic());
	wanted->view = view;
	if (view->address &&
	    dmk_record_look(dev, DMK_KIND_NONCONTIGUOUS, table, add_view, wanted))
		return DMK_REASON_NONE;
	if (view->address)
		dmk_view_end(view->address, view->size);
	dmk_meta_free(view, sizeof(*view));
	wanted->view = NULL;
	return DMK_REASON_NO_ROOM;
}

void *dmk_vmap_noncontiguous(struct dmk_dev *dev, size_t size, struct sg_table *table)
{
	struct wanted wanted = {.size = size, .dma = DMK_MAPPING_ERROR};
	enum dmk_reason reason = DMK_REASON_BAD_DEVICE;
	void *address = NULL;

	if (dmk_observed() && dmk_in_atomic())
		dmk_announce_sleep(dev, "dma_vmap_noncontiguous", DMK_PLACE_HERE);
	if (dev)
		reason = make_view(dev, table, &wanted);
	if (wanted.view)
		address = wanted.view->address;
	if (dmk_observed())
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_ALLOC_VIEW,
						 .alloc_kind = DMK_KIND_NONCONTIGUOUS,
						 .dev = dev,
						 .dma = wanted.dma,
						 .cpu = address,
						 .size = size,
						 .result = 1,
						 .reason = reason,
						 DMK_EVENT_HERE});
	return address;
}

void dmk_vunmap_noncontiguous(struct dmk_dev *dev, void *address)
{
	struct dmk_allocation_view *view = NULL;

	if (!address)
		return;
	if (dmk_observed() && dmk_in_atomic())
		dmk_announce_sleep(dev, "dma_vunmap_noncontiguous", DMK_PLACE_HERE);
	if (dev)
		view = dmk_record_view_take(dev, address);
	if (dmk_observed())
		dmk_announce(&(struct dmk_event){
			.kind = DMK_EVENT_ALLOC_VIEW,
			.alloc_kind = DMK_KIND_NONCONTIGUOUS,
			.dev = dev,
			.cpu = address,
			.size = view ? view->size : 0,
			.reason = view  ? DMK_REASON_NONE
				  : dev ? DMK_REASON_NOT_FOUND
					: DMK_REASON_BAD_DEVICE,
			DMK_EVENT_HERE});
	if (!view)
		return;
	dmk_view_end(view->address, view->size);
	dmk_meta_free(view, sizeof(*view));
}
