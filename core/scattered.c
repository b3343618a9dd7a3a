/* SPDX-License-Identifier: MIT */
/*
 * Memory in pieces. An IOMMU shows pages that lie anywhere as one range, so that memory for a
 * device behind one needs no long run: it is there as long as there are pages.
 *
 * A piece is as large as one of the IOMMU's pages: large ones as long as they are free, since each
 * is one entry of the tables and one of what the IOMMU remembers. And it is never less than the
 * smallest of these pages: who else's bytes lie in a page that the device reaches, it would reach
 * as well.
 *
 * Not here: what the device and the CPU see of it (domain_map.c, coherent.c).
 */
#include "scattered.h"
#include "coherent.h"
#include "copy.h"
#include "domain.h"
#include "window.h"

/* Above it nobody has pages, and a request costs a search for nothing. */
#define LARGEST_PIECE ((size_t)4 << 20)

/* --- taking ----------------------------------------------------------------------------------- */

/* How much there is still to take, and the sizes of pieces that may yet be had: a bit for each. */
struct taking {
	const struct dmk_dev *dev;
	size_t left;
	uint64_t sizes;
	bool may_sleep;
	size_t room; /* entries that block->pieces has */
};

static uint64_t sizes_for(const struct dmk_dev *dev, bool single)
{
	const uint64_t granule = dmk_domain_granule(dev);
	const uint64_t smallest = granule < DMK_PAGE_SIZE ? DMK_PAGE_SIZE : granule;
	const uint64_t all = dev->bus->iommu->page_sizes & (2 * LARGEST_PIECE - 1);

	return single ? smallest : smallest | (all & ~(smallest - 1));
}

/*
 * The largest piece that is not more than what is left; what is left is a multiple of the smallest
 * one.
 */
static size_t next_size(const struct taking *taking)
{
	uint64_t sizes = taking->sizes & dmk_bits_below(taking->left);

	while (sizes & (sizes - 1))
		sizes &= sizes - 1;
	return (size_t)sizes;
}

static bool take_piece(const struct taking *taking, size_t size, dmk_phys *first)
{
	const struct dmk_range direct = {0, dmk_layout.direct_last};
	const struct dmk_bus *bus = taking->dev->bus;
	const struct dmk_os *os = &dmk_core.os;
	struct dmk_page_request request = {.size = size,
					   .align = size,
					   .may_sleep = taking->may_sleep,
					   .attempt = taking->sizes & (size - 1)};
	struct dmk_range part;

	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		if (!dmk_window_part(&bus->windows[i], ~0ULL, &part) ||
		    !dmk_range_common(part, direct, &part) || dmk_range_bytes(part) < size)
			continue;
		request.first = DMK_PHYS(part.first);
		request.last = DMK_PHYS(part.last);
		if (!os->ops->pages_alloc(os->ctx, &request, first))
			return true;
	}
	return false;
}

/* Room for one more. Few pieces are the rule, and one for each page the most. */
static bool make_room(struct taking *taking, struct dmk_block *block)
{
	const size_t room = taking->room ? 2 * taking->room : 4;
	struct dmk_piece *pieces;

	if (block->nr_pieces < taking->room)
		return true;
	pieces = dmk_meta_alloc(room * sizeof(*pieces), taking->may_sleep);
	if (!pieces)
		return false;
	if (taking->room)
		__builtin_memcpy(pieces, block->pieces, taking->room * sizeof(*pieces));
	dmk_meta_free(block->pieces, taking->room * sizeof(*pieces));
	block->pieces = pieces;
	block->pieces_size = room * sizeof(*pieces);
	taking->room = room;
	return true;
}

static bool take_one(struct taking *taking, struct dmk_block *block, size_t offset)
{
	struct dmk_piece piece = {.offset = offset};

	if (!make_room(taking, block))
		return false;
	while (taking->sizes) {
		piece.size = next_size(taking);
		if (!piece.size)
			return false;
		if (take_piece(taking, piece.size, &piece.first)) {
			block->pieces[block->nr_pieces++] = piece;
			return true;
		}
		/*
		 * What is not there now is not looked for again: short of memory, that would be
		 * once for every page.
		 */
		taking->sizes &= piece.size - 1;
	}
	return false;
}

bool dmk_scattered_take(const struct dmk_dev *dev, bool single, bool may_sleep,
			struct dmk_block *block)
{
	const size_t size = (size_t)dmk_align_up(block->size, dmk_domain_granule(dev));
	struct taking taking = {
		.dev = dev, .left = size, .sizes = sizes_for(dev, single), .may_sleep = may_sleep};

	while (taking.left) {
		if (!take_one(&taking, block, size - taking.left)) {
			dmk_scattered_give(block);
			block->pieces = NULL;
			block->nr_pieces = block->pieces_size = 0;
			return false;
		}
		taking.left -= block->pieces[block->nr_pieces - 1].size;
	}
	block->phys = block->pieces[0].first;
	return true;
}

void dmk_scattered_give(const struct dmk_block *block)
{
	const struct dmk_os *os = &dmk_core.os;

	for (size_t i = 0; i < block->nr_pieces; i++)
		os->ops->pages_free(os->ctx, block->pieces[i].first, block->pieces[i].size);
	dmk_meta_free(block->pieces, block->pieces_size);
}

/* --- bytes and caches ------------------------------------------------------------------------- */

void dmk_scattered_zero(const struct dmk_block *block)
{
	for (size_t i = 0; i < block->nr_pieces; i++)
		__builtin_memset(dmk_direct(block->pieces[i].first), 0, block->pieces[i].size);
}

void dmk_scattered_flush(const struct dmk_block *block)
{
	for (size_t i = 0; i < block->nr_pieces; i++)
		dmk_cache_flush(block->pieces[i].first, block->pieces[i].size);
}

void dmk_scattered_invalidate(const struct dmk_block *block)
{
	for (size_t i = 0; i < block->nr_pieces; i++)
		dmk_cache_invalidate(block->pieces[i].first, block->pieces[i].size);
}

/* --- where it is ------------------------------------------------------------------------------ */

/*
 * The piece that the byte lies in: of those in their order, the last that does not begin behind it.
 */
static size_t piece_at(const struct dmk_block *block, size_t offset)
{
	size_t from = 0, beyond = block->nr_pieces;

	while (beyond - from > 1) {
		const size_t middle = from + (beyond - from) / 2;

		if (block->pieces[middle].offset <= offset)
			from = middle;
		else
			beyond = middle;
	}
	return from;
}

size_t dmk_block_run(const struct dmk_block *block, size_t offset, dmk_phys *phys)
{
	const size_t most = block->size - offset;
	size_t i, run;

	*phys = DMK_PHYS(block->phys.v + offset);
	if (!block->nr_pieces)
		return most;
	i = piece_at(block, offset);
	*phys = DMK_PHYS(block->pieces[i].first.v + (offset - block->pieces[i].offset));
	run = block->pieces[i].size - (offset - block->pieces[i].offset);
	while (run < most && block->pieces[++i].first.v == phys->v + run)
		run += block->pieces[i].size;
	return run < most ? run : most;
}

void dmk_block_pages(const struct dmk_block *block, dmk_phys *pages, size_t n)
{
	const size_t size = n << DMK_PAGE_SHIFT;
	dmk_phys phys;

	for (size_t offset = 0, run; offset < size; offset += run) {
		run = dmk_block_run(block, offset, &phys);
		if (run > size - offset)
			run = size - offset;
		for (size_t in = 0; in < run; in += DMK_PAGE_SIZE)
			*pages++ = DMK_PHYS(phys.v + in);
	}
}

void *dmk_block_view(const struct dmk_block *block, size_t size, enum dmk_view kind, bool may_sleep)
{
	const struct dmk_port *port = &dmk_core.port;
	const size_t n = size >> DMK_PAGE_SHIFT;
	dmk_phys *pages = dmk_meta_alloc(n * sizeof(*pages), may_sleep);
	void *view;

	if (!pages)
		return NULL;
	dmk_block_pages(block, pages, n);
	view = port->ops->view_map(port->ctx, pages, n, kind);
	dmk_meta_free(pages, n * sizeof(*pages));
	return view;
}

/* --- for whoever watches ---------------------------------------------------------------------- */

struct dmk_told_pieces dmk_tell_pieces(const struct dmk_block *block)
{
	struct dmk_told_pieces told = {.n = 0};
	size_t offset = 0;

	if (!block->nr_pieces)
		return told;
	told.size = block->nr_pieces * sizeof(*told.sg);
	told.sg = dmk_meta_alloc(told.size, false);
	for (; told.sg && offset < block->size; told.n++) {
		struct dmk_event_sg *run = &told.sg[told.n];

		run->length = dmk_block_run(block, offset, &run->phys);
		run->dma = DMK_DMA(block->dma.v + offset);
		run->dma_length = run->length;
		offset += (size_t)run->length;
	}
	return told;
}

void dmk_tell_end(const struct dmk_told_pieces *told)
{
	dmk_meta_free(told->sg, told->size);
}
