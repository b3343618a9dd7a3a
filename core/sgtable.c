/* SPDX-License-Identifier: MIT */
/*
 * Scatterlists as tables: made, grown and given back (SGL-02). Tables are records of the core's:
 * they lie where no device writes.
 *
 * A table of more than a page is chained, as Linux has it, so that a driver that walks it with sg++
 * comes to a link and is told so. Its parts lie in one block all the same, between two entries that
 * are no pieces: whoever indexes a table by the number of its pieces is reported and stays inside
 * the block.
 *
 *	head | piece piece ... link | piece piece ... link | piece ... | end
 *
 * A table that grew consists of several blocks. Each block's head says how many entries it has and
 * where the next one is.
 */
#include <dmakit/fail.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/scatterlist.h>

#include "core.h"
#include "sglist.h"

enum {
	BLOCK_MAGIC = 0x53474c42,
	BLOCK_MOST = 1 << 22, /* entries; a driver that wants more has miscounted */
};

static unsigned int single_alloc(void)
{
	return (unsigned int)SG_MAX_SINGLE_ALLOC;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static struct scatterlist *block_head(struct scatterlist *sgl)
{
	return sgl - 1;
}

static struct scatterlist *block_next(struct scatterlist *sgl)
{
	return (struct scatterlist *)(uintptr_t)block_head(sgl)->dma_address;
}

static void block_set_next(struct scatterlist *sgl, struct scatterlist *next)
{
	block_head(sgl)->dma_address = (uintptr_t)next;
}

/* NULL: out of memory. */
static struct scatterlist *block_new(size_t entries, bool may_sleep)
{
	struct scatterlist *head;

	if (entries > BLOCK_MOST)
		return NULL;
	head = dmk_meta_alloc((entries + 2) * sizeof(*head), may_sleep);
	if (!head)
		return NULL;
	sg_init_table(head, (unsigned int)entries + 2);
	sg_mark_end(&head[entries]);
	head->page_link = SG_CHAIN;
	head->offset = BLOCK_MAGIC;
	head->length = (unsigned int)entries;
	head[entries + 1].page_link = SG_CHAIN;
	return head + 1;
}

static void blocks_free(struct scatterlist *sgl)
{
	while (sgl) {
		struct scatterlist *head = block_head(sgl), *next = block_next(sgl);

		head->offset = 0;
		dmk_meta_free(head, ((size_t)head->length + 2) * sizeof(*head));
		sgl = next;
	}
}

/*
 * Whether a list that a driver calls a table is one of these: what lies in the machine's memory is
 * not looked at.
 */
static bool is_block(struct scatterlist *sgl)
{
	const struct dmk_os *os = &dmk_core.os;
	dmk_phys phys;

	if ((os->ops->classify)(os->ctx, block_head(sgl), 2 * sizeof(*sgl), &phys) !=
		    DMK_ADDRESS_UNKNOWN ||
	    (os->ops->classify)(os->ctx, sgl, sizeof(*sgl), &phys) != DMK_ADDRESS_UNKNOWN)
		return false;
	return block_head(sgl)->offset == BLOCK_MAGIC && block_head(sgl)->page_link == SG_CHAIN;
}

static void free_table(struct scatterlist *sgl, const char *call, struct dmk_place place)
{
	if (!sgl)
		return;
	if (is_block(sgl))
		blocks_free(sgl);
	else
		dmk_list_mistake(sgl, call, DMK_REASON_NOT_FOUND, place);
}

/*
 * Whether an allocation goes ahead: reports one that may sleep where nobody may, and fails on
 * purpose.
 */
static bool may_alloc(gfp_t gfp, const char *call, struct dmk_place place)
{
	if (gfpflags_allow_blocking(gfp) && dmk_observed() && dmk_in_atomic())
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_SLEEP_IN_ATOMIC,
						 .name = call,
						 .interrupt = dmk_in_interrupt(),
						 .caller = place.caller,
						 .frame = place.frame});
	return gfp & __GFP_NOFAIL || !dmk_should_fail(DMK_FAIL_MEMORY, place.caller);
}

/* --- chains ----------------------------------------------------------------------------------- */

/* Where the parts of a table come from: one block, or a driver's function. */
struct source {
	struct scatterlist *block;
	sg_alloc_fn *alloc;
	gfp_t gfp;
};

static struct scatterlist *take(struct source *source, unsigned int entries)
{
	struct scatterlist *sgl = source->block;

	if (source->alloc)
		return source->alloc(entries, source->gfp);
	source->block += entries;
	return sgl;
}

/* Entries that @pieces take in parts of @most, links included. */
static size_t entries_for(size_t pieces, size_t most)
{
	return pieces <= most ? pieces : pieces + (pieces - most + most - 2) / (most - 1);
}

static int chain_up(struct sg_table *table, unsigned int nents, unsigned int most,
		    struct scatterlist *first, unsigned int first_most, struct source *source)
{
	unsigned int left = nents, room = first ? first_most : most;
	struct scatterlist *link = NULL;

	while (left) {
		const unsigned int entries = left > room ? room : left;
		const unsigned int pieces = left > room ? entries - 1 : entries;
		struct scatterlist *part = first ? first : take(source, entries);

		if (!part) {
			/*
			 * What would have been the link is a piece, if an empty one: so is the
			 * table given back.
			 */
			table->orig_nents += link ? 1 : 0;
			table->nents = table->orig_nents;
			return -ENOMEM;
		}
		sg_init_table(part, entries);
		if (link)
			__sg_chain(link, part);
		else
			table->sgl = part;
		table->orig_nents += pieces;
		link = &part[entries - 1];
		left -= pieces;
		room = most;
		first = NULL;
	}
	table->nents = nents;
	return 0;
}

int __sg_alloc_table(struct sg_table *table, unsigned int nents, unsigned int max_ents,
		     struct scatterlist *first_chunk, unsigned int nents_first_chunk, gfp_t gfp,
		     sg_alloc_fn *alloc_fn)
{
	struct source source = {.alloc = alloc_fn, .gfp = gfp};

	*table = (struct sg_table){0};
	if (!nents || max_ents < 2 || (first_chunk && nents_first_chunk < 2) || !alloc_fn)
		return -EINVAL;
	return chain_up(table, nents, max_ents, first_chunk, nents_first_chunk, &source);
}

void __sg_free_table(struct sg_table *table, unsigned int max_ents, unsigned int nents_first_chunk,
		     sg_free_fn *free_fn, unsigned int num_ents)
{
	unsigned int room = nents_first_chunk ? nents_first_chunk : max_ents;
	bool keep = nents_first_chunk;
	struct scatterlist *part = table->sgl;

	if (room < 2 || max_ents < 2)
		return;
	while (part && num_ents) {
		const unsigned int entries = num_ents > room ? room : num_ents;
		const bool more = num_ents > room;
		struct scatterlist *next = more ? sg_chain_ptr(&part[entries - 1]) : NULL;

		num_ents -= more ? entries - 1 : entries;
		if (!keep)
			free_fn(part, entries);
		keep = false;
		part = next;
		room = max_ents;
	}
	table->sgl = NULL;
}

static int alloc_table(struct sg_table *table, unsigned int nents, unsigned int most,
		       struct scatterlist *first, unsigned int first_most, bool may_sleep)
{
	const unsigned int own = first ? nents - (first_most - 1) : nents;
	struct source source = {.block = block_new(entries_for(own, most), may_sleep)};

	*table = (struct sg_table){0};
	return source.block ? chain_up(table, nents, most, first, first_most, &source) : -ENOMEM;
}

static int table_of(struct sg_table *table, unsigned int nents, gfp_t gfp, const char *call,
		    struct dmk_place place)
{
	*table = (struct sg_table){0};
	if (!nents)
		return -EINVAL;
	if (!may_alloc(gfp, call, place))
		return -ENOMEM;
	return alloc_table(table, nents, single_alloc(), NULL, 0, gfpflags_allow_blocking(gfp));
}

int sg_alloc_table(struct sg_table *table, unsigned int nents, gfp_t gfp)
{
	return table_of(table, nents, gfp, "sg_alloc_table", DMK_PLACE_HERE);
}

void sg_free_table(struct sg_table *table)
{
	free_table(table->sgl, "sg_free_table", DMK_PLACE_HERE);
	*table = (struct sg_table){0};
}

/* --- chained to a driver's own entries -------------------------------------------------------- */

/* A first chunk that can't hold a piece and a link is not used. */
static unsigned int usable_first(unsigned int nents_first_chunk)
{
	return nents_first_chunk > 1 ? nents_first_chunk : 0;
}

int(sg_alloc_table_chained)(struct sg_table *table, int nents, struct scatterlist *first_chunk,
			    unsigned int nents_first_chunk)
{
	unsigned int first = first_chunk ? usable_first(nents_first_chunk) : 0;

	if (nents <= 0)
		return -EINVAL;
	if (first_chunk && nents_first_chunk && (unsigned int)nents <= nents_first_chunk) {
		table->sgl = first_chunk;
		table->nents = table->orig_nents = (unsigned int)nents;
		sg_init_table(first_chunk, (unsigned int)nents);
		return 0;
	}
	if (!may_alloc(GFP_ATOMIC, "sg_alloc_table_chained", DMK_PLACE_HERE)) {
		*table = (struct sg_table){0};
		return -ENOMEM;
	}
	return alloc_table(table, (unsigned int)nents, SG_CHUNK_SIZE, first ? first_chunk : NULL,
			   first, false);
}

void(sg_free_table_chained)(struct sg_table *table, unsigned int nents_first_chunk)
{
	const unsigned int first = usable_first(nents_first_chunk);
	struct scatterlist *sgl = table->sgl;

	if (!sgl || table->orig_nents <= nents_first_chunk)
		return;
	if (first)
		sgl = sg_is_chain(&sgl[first - 1]) ? sg_chain_ptr(&sgl[first - 1]) : NULL;
	free_table(sgl, "sg_free_table_chained", DMK_PLACE_HERE);
	*table = (struct sg_table){0};
}

/* --- over pages ------------------------------------------------------------------------------- */

/* The pages that a table is made of; consumed from the front. */
struct run {
	struct page **pages;
	unsigned int n_pages;
	unsigned int offset; /* into the first page */
	unsigned long size;
	unsigned int most; /* bytes in an entry */
};

static bool run_make(struct run *run, struct page **pages, unsigned int n_pages,
		     unsigned int offset, unsigned long size, unsigned int max_segment)
{
	*run = (struct run){.pages = pages, .offset = offset, .size = size};
	run->most = max_segment & ~(unsigned int)(PAGE_SIZE - 1);
	if (!run->most || !n_pages || !size || offset >= PAGE_SIZE ||
	    size > ((u64)n_pages << PAGE_SHIFT) - offset)
		return false;
	run->n_pages = (unsigned int)((offset + (u64)size + PAGE_SIZE - 1) >> PAGE_SHIFT);
	return true;
}

/* How many of the first pages lie side by side and fit into one entry. */
static unsigned int neighbours(const struct run *run)
{
	unsigned int n = 1, most = run->most >> PAGE_SHIFT;

	while (n < run->n_pages && n < most &&
	       page_to_pfn(run->pages[n]) == page_to_pfn(run->pages[0]) + n)
		n++;
	return n;
}

/* Takes @n pages off the front. Return: bytes. */
static unsigned int run_take(struct run *run, unsigned int n)
{
	unsigned long bytes = ((unsigned long)n << PAGE_SHIFT) - run->offset;

	if (bytes > run->size)
		bytes = run->size;
	run->pages += n;
	run->n_pages -= n;
	run->size -= bytes;
	run->offset = 0;
	return (unsigned int)bytes;
}

static unsigned int run_pieces(struct run run)
{
	unsigned int pieces = 0;

	while (run.n_pages) {
		run_take(&run, neighbours(&run));
		pieces++;
	}
	return pieces;
}

/* Fills entries from @sg on. Return: the last one. */
static struct scatterlist *run_fill(struct run *run, struct scatterlist *sg)
{
	for (;;) {
		struct page *page = run->pages[0];
		const unsigned int offset = run->offset;

		sg_set_page(sg, page, run_take(run, neighbours(run)), offset);
		if (!run->n_pages)
			return sg;
		sg = sg_next(sg);
	}
}

int sg_alloc_table_from_pages_segment(struct sg_table *sgt, struct page **pages,
				      unsigned int n_pages, unsigned int offset, unsigned long size,
				      unsigned int max_segment, gfp_t gfp)
{
	struct run run;
	int error;

	*sgt = (struct sg_table){0};
	if (!run_make(&run, pages, n_pages, offset, size, max_segment))
		return -EINVAL;
	error = table_of(sgt, run_pieces(run), gfp, "sg_alloc_table_from_pages", DMK_PLACE_HERE);
	if (!error)
		run_fill(&run, sgt->sgl);
	return error;
}

/* --- growing ---------------------------------------------------------------------------------- */

/* What pages are left after those that join the last entry, which then has @joined bytes more. */
static void run_join(struct run *run, const struct scatterlist *last, unsigned int *joined)
{
	u64 end = last ? page_to_phys(sg_page(last)) + last->offset + (u64)last->length : 1;

	*joined = 0;
	if (end & (PAGE_SIZE - 1))
		return;
	while (run->n_pages && page_to_phys(run->pages[0]) == end + *joined &&
	       (u64)last->length + *joined + PAGE_SIZE <= run->most)
		*joined += run_take(run, 1);
}

static struct scatterlist *last_block(struct scatterlist *sgl)
{
	while (block_next(sgl))
		sgl = block_next(sgl);
	return sgl;
}

/*
 * A block more. Its last entry, if the list goes on, becomes the link; a piece that stands there
 * moves into the new block.
 */
static bool grow(struct sg_append_table *table, unsigned int wanted, bool may_sleep)
{
	const unsigned int most = single_alloc();
	struct scatterlist *block = block_new(wanted < most ? wanted : most, may_sleep), *last,
			   *link;

	if (!block)
		return false;
	table->total_nents += block_head(block)->length;
	if (!table->sgt.sgl) {
		table->sgt.sgl = block;
		return true;
	}
	last = last_block(table->sgt.sgl);
	link = &last[block_head(last)->length - 1];
	block_set_next(last, block);
	if (link == table->prv) {
		*block = *link;
		sg_unmark_end(block);
		table->prv = block;
	}
	__sg_chain(link, block);
	table->total_nents--;
	return true;
}

/* @later entries are wanted by and by, @now of them in this call. */
static bool make_room(struct sg_append_table *table, unsigned int now, u64 later, bool may_sleep)
{
	for (;;) {
		const unsigned int spare = table->total_nents - table->sgt.orig_nents;
		/*
		 * One more for the link, if there must be another block; so a list never begins
		 * with one.
		 */
		u64 missing = (u64)now + later - spare + 1;

		if (now <= spare)
			return true;
		if (!grow(table, missing > single_alloc() ? single_alloc() : (unsigned int)missing,
			  may_sleep))
			return false;
	}
}

int sg_alloc_append_table_from_pages(struct sg_append_table *table, struct page **pages,
				     unsigned int n_pages, unsigned int offset, unsigned long size,
				     unsigned int max_segment, unsigned int left_pages, gfp_t gfp)
{
	unsigned int joined, pieces;
	struct run run;

	if (!run_make(&run, pages, n_pages, offset, size, max_segment) || (table->prv && offset))
		return -EINVAL;
	run_join(&run, table->prv, &joined);
	pieces = run_pieces(run);
	if (pieces && !may_alloc(gfp, "sg_alloc_append_table_from_pages", DMK_PLACE_HERE))
		return -ENOMEM;
	if (!make_room(table, pieces, left_pages, gfpflags_allow_blocking(gfp)))
		return -ENOMEM;
	if (table->prv) {
		table->prv->length += joined;
		sg_unmark_end(table->prv);
	}
	if (pieces)
		table->prv = run_fill(&run, table->prv ? sg_next(table->prv) : table->sgt.sgl);
	table->sgt.orig_nents += pieces;
	table->sgt.nents = table->sgt.orig_nents;
	if (!left_pages)
		sg_mark_end(table->prv);
	return 0;
}

void sg_free_append_table(struct sg_append_table *table)
{
	free_table(table->sgt.sgl, "sg_free_append_table", DMK_PLACE_HERE);
	*table = (struct sg_append_table){.prv = NULL};
}
