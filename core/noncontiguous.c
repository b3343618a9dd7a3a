/* SPDX-License-Identifier: MIT */
/*
 * dma_alloc_noncontiguous(): memory as a list that is mapped already, used by both sides in turns
 * with syncs of the list. Behind an IOMMU it is in pieces, an entry for each run of them, and one
 * segment; elsewhere nothing makes one range of scattered pages: it is one run.
 *
 * A view of it is a mapping of its own, as it would be of scattered pages: no address of the direct
 * map, and gone after its unmap.
 */
#include "allocation.h"

#include <dmakit/fail.h>

/* The only attributes that the call takes. */
#define GOOD_ATTRS (DMK_ATTR_ALLOC_SINGLE_PAGES | DMK_ATTR_NO_WARN)

/* --- the list --------------------------------------------------------------------------------- */

/*
 * Where the entry is, of a table that one of the records has; of another one it is nobody's
 * address.
 */
static const void *list_of(const struct sg_table *table)
{
	return (const char *)table - offsetof(struct dmk_allocation_list, table) +
	       offsetof(struct dmk_allocation_list, entry);
}

static unsigned int count_runs(const struct dmk_block *block)
{
	unsigned int n = 0;
	dmk_phys phys;

	for (size_t offset = 0; offset < block->size; n++)
		offset += dmk_block_run(block, offset, &phys);
	return n;
}

/*
 * Room for @n entries: the first is the record's own, so that a table's address says where its list
 * is.
 */
static bool make_entries(struct dmk_allocation *record, unsigned int n, bool may_sleep)
{
	struct dmk_allocation_list *list = dmk_meta_alloc(sizeof(*list), may_sleep);
	struct scatterlist *entry;

	if (!list)
		return false;
	record->list = list;
	entry = list->entry;
	sg_init_table(entry, n > 1 ? 2 : 1);
	if (n == 1)
		return true;
	record->list->more_size = (n - 1) * sizeof(*record->list->more);
	record->list->more = dmk_meta_alloc(record->list->more_size, may_sleep);
	if (!record->list->more)
		return false;
	sg_init_table(record->list->more, n - 1);
	sg_chain(entry, 2, record->list->more);
	return true;
}

/* A list of the runs, mapped as one segment. */
static bool make_list(struct dmk_allocation *record, bool may_sleep)
{
	const struct dmk_block *block = &record->block;
	const unsigned int n = count_runs(block);
	struct scatterlist *sg;
	dmk_phys phys;

	if (!make_entries(record, n, may_sleep))
		return false;
	sg = record->list->entry;
	for (size_t offset = 0; offset < block->size; offset += sg->length, sg = sg_next(sg)) {
		const size_t run = dmk_block_run(block, offset, &phys);

		sg_set_page(sg, pfn_to_page(phys.v >> DMK_PAGE_SHIFT), (unsigned int)run, 0);
		sg_dma_address(sg) = (dma_addr_t)(offset ? DMK_MAPPING_ERROR.v : block->dma.v);
		sg_dma_len(sg) = offset ? 0 : (unsigned int)block->size;
	}
	record->list->table =
		(struct sg_table){.sgl = record->list->entry, .nents = 1, .orig_nents = n};
	record->key = &record->list->table;
	return true;
}

/* --- allocation ------------------------------------------------------------------------------- */

static enum dmk_reason allocate(struct dmk_dev *dev, size_t size, enum dmk_direction dir,
				unsigned int flags, unsigned long attrs,
				struct dmk_allocation **made)
{
	const unsigned int single = attrs & DMK_ATTR_ALLOC_SINGLE_PAGES ? DMK_BLOCK_SINGLE : 0;
	enum dmk_reason reason;

	if ((unsigned int)dir >= DMK_NONE)
		return DMK_REASON_BAD_DIRECTION;
	if (attrs & ~(unsigned long)GOOD_ATTRS)
		return DMK_REASON_BAD_ARGUMENT;
	/* An entry has no longer length. */
	if (size > ~0U - DMK_PAGE_SIZE)
		return DMK_REASON_BAD_SIZE;
	reason = dmk_allocate(dev, DMK_KIND_NONCONTIGUOUS, size,
			      flags | single | DMK_BLOCK_CACHED | DMK_BLOCK_LISTED, attrs, made);
	if (reason != DMK_REASON_NONE)
		return reason;
	if (make_list(*made, !(flags & DMK_ALLOC_ATOMIC) && !dmk_in_atomic()))
		return DMK_REASON_NONE;
	dmk_record_end(*made);
	*made = NULL;
	return DMK_REASON_NO_ROOM;
}

/* One segment, of all its entries. */
static void announce_alloc(struct dmk_event *event, const struct dmk_allocation *record)
{
	struct dmk_event_sg one = {.length = 0};
	struct dmk_told_pieces told = {.n = 0};

	if (record) {
		told = dmk_tell_pieces(&record->block);
		one = (struct dmk_event_sg){.phys = record->block.phys,
					    .length = record->block.size,
					    .dma = record->block.dma,
					    .dma_length = record->block.size};
		event->phys = one.phys;
		event->dma = one.dma;
		event->cpu = record->list->entry;
		event->nents = record->list->table.orig_nents;
		event->mapped_nents = 1;
	}
	if (told.sg)
		told.sg[0].dma_length = one.dma_length;
	event->sg = told.sg ? told.sg : &one;
	if (!told.sg && event->nents > 1)
		event->nents = 1;
	dmk_tell(event);
	dmk_tell_end(&told);
}

struct sg_table *dmk_alloc_noncontiguous(struct dmk_dev *dev, size_t size, enum dmk_direction dir,
					 unsigned int flags, unsigned long attrs)
{
	struct dmk_allocation *record = NULL;
	enum dmk_reason reason = DMK_REASON_NO_ROOM;

	if (dmk_observed() && !(flags & DMK_ALLOC_ATOMIC) && dmk_in_atomic())
		dmk_announce_sleep(dev, "dma_alloc_noncontiguous", DMK_PLACE_HERE);
	if (!dmk_should_fail(DMK_FAIL_ALLOC, DMK_CALLER))
		reason = allocate(dev, size, dir, flags, attrs, &record);
	if (record)
		dmk_record_add(record);
	if (dmk_heard())
		announce_alloc(&(struct dmk_event){.kind = record ? DMK_EVENT_ALLOC
								  : DMK_EVENT_ALLOC_FAILED,
						   .alloc_kind = DMK_KIND_NONCONTIGUOUS,
						   .map_kind = DMK_MAP_SG,
						   .dev = dev,
						   .dma = DMK_MAPPING_ERROR,
						   .size = size,
						   .dir = dir,
						   .attrs = attrs,
						   .reason = reason,
						   .result = dmk_alloc_result(reason),
						   .interrupt = dmk_in_interrupt(),
						   DMK_EVENT_HERE},
			       record);
	return record ? &record->list->table : NULL;
}

/* --- free ------------------------------------------------------------------------------------- */

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
	if (dmk_heard())
		dmk_tell(&(struct dmk_event){.kind = DMK_EVENT_FREE,
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

/* --- views ------------------------------------------------------------------------------------ */

struct wanted {
	size_t size;
	dmk_phys *pages; /* of as many bytes; NULL: not asked for */
	dmk_dma dma;
	struct dmk_allocation_view *view;
};

static size_t nr_pages(size_t size)
{
	return (size_t)dmk_align_up(size, DMK_PAGE_SIZE) >> DMK_PAGE_SHIFT;
}

static bool is_long_enough(struct dmk_allocation *record, void *ctx)
{
	struct wanted *wanted = ctx;

	wanted->dma = record->block.dma;
	if (!wanted->size || nr_pages(wanted->size) > nr_pages(record->size))
		return false;
	if (wanted->pages)
		dmk_block_pages(&record->block, wanted->pages, nr_pages(wanted->size));
	return true;
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

static void *map_pages(struct dmk_dev *dev, const struct sg_table *table, struct wanted *wanted)
{
	const struct dmk_port *port = &dmk_core.port;
	const size_t n = nr_pages(wanted->size);
	void *view = NULL;

	wanted->pages = dmk_meta_alloc(n * sizeof(*wanted->pages), !dmk_in_atomic());
	if (!wanted->pages)
		return NULL;
	if (dmk_record_look(dev, DMK_KIND_NONCONTIGUOUS, table, is_long_enough, wanted))
		view = port->ops->view_map(port->ctx, wanted->pages, n, DMK_VIEW_CACHED);
	dmk_meta_free(wanted->pages, n * sizeof(*wanted->pages));
	wanted->pages = NULL;
	return view;
}

/*
 * The memory can't go between the looks and the record of the view but by a driver's mistake: then
 * there is no view.
 */
static enum dmk_reason make_view(struct dmk_dev *dev, const struct sg_table *table,
				 struct wanted *wanted)
{
	struct dmk_allocation_view *view;

	if (!dmk_record_look(dev, DMK_KIND_NONCONTIGUOUS, table, is_long_enough, wanted))
		return DMK_REASON_NOT_FOUND;
	view = dmk_meta_alloc(sizeof(*view), !dmk_in_atomic());
	if (!view)
		return DMK_REASON_NO_ROOM;
	view->size = nr_pages(wanted->size) << DMK_PAGE_SHIFT;
	view->address = map_pages(dev, table, wanted);
	wanted->view = view;
	if (view->address && dmk_record_look(dev, DMK_KIND_NONCONTIGUOUS, table, add_view, wanted))
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
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_ALLOC_VIEW,
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
