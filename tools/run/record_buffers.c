/* SPDX-License-Identifier: MIT */
/*
 * The buffers that the recorder knows: found by the address the device sees, which is each
 * device's own, and by where they lie in memory. They may overlap: a pool's block lies in a page of
 * the pool, and on a machine without an IOMMU a page that is mapped twice has one address. Then the
 * newest is meant.
 */
#include "run/recorder.h"

#include <stdlib.h>
#include <string.h>

struct wanted {
	enum dmk_timeline_kind kind;
	uint64_t dma;
};

static bool begins_there(const void *owner, const void *ctx)
{
	const struct dmk_recorded_buffer *buffer = owner;
	const struct wanted *wanted = ctx;

	return buffer->facts.dma == wanted->dma;
}

static bool is_that(const void *owner, const void *ctx)
{
	const struct dmk_recorded_buffer *buffer = owner;
	const struct wanted *wanted = ctx;

	return buffer->facts.dma == wanted->dma && buffer->facts.kind == wanted->kind;
}

static bool is_of_kind(const void *owner, const void *ctx)
{
	const struct dmk_recorded_buffer *buffer = owner;
	const struct wanted *wanted = ctx;

	return buffer->facts.kind == wanted->kind;
}

/* --- finding ---------------------------------------------------------------------------------- */

static struct dmk_recorded_buffer *owner_of(const struct dmk_interval *interval)
{
	return interval ? interval->owner : NULL;
}

static struct dmk_interval *tree_of(const struct dmk_recorder *recorder, int device)
{
	return device < 0 ? NULL : recorder->device[device].by_dma;
}

struct dmk_recorded_buffer *dmk_recorded_at(struct dmk_recorder *recorder, int device, uint64_t dma)
{
	return owner_of(dmk_intervals_find(tree_of(recorder, device), dma, NULL, NULL));
}

struct dmk_recorded_buffer *dmk_recorded_in_memory(struct dmk_recorder *recorder, uint64_t phys)
{
	return owner_of(dmk_intervals_find(recorder->by_memory, phys, NULL, NULL));
}

struct dmk_recorded_buffer *dmk_recorded_begins(struct dmk_recorder *recorder, int device,
						uint64_t dma, enum dmk_timeline_kind kind)
{
	const struct wanted wanted = {.kind = kind, .dma = dma};
	struct dmk_interval *tree = tree_of(recorder, device), *found;

	found = dmk_intervals_find(tree, dma, is_that, &wanted);
	if (!found)
		found = dmk_intervals_find(tree, dma, begins_there, &wanted);
	return owner_of(found);
}

struct dmk_recorded_buffer *dmk_recorded_inside(struct dmk_recorder *recorder, int device,
						uint64_t dma, uint64_t size,
						enum dmk_timeline_kind kind)
{
	const struct wanted wanted = {.kind = kind};

	if (!size || dma + (size - 1) < dma)
		return NULL;
	return owner_of(dmk_intervals_inside(tree_of(recorder, device), dma, dma + (size - 1),
					     is_of_kind, &wanted));
}

struct dmk_recorded_buffer *dmk_recorded_known_as(struct dmk_recorder *recorder, const void *cpu,
						  enum dmk_timeline_kind kind)
{
	struct dmk_recorded_buffer *buffer = recorder->newest;

	while (buffer && !(buffer->piece && buffer->facts.kind == kind &&
			   buffer->facts.cpu == (uintptr_t)cpu))
		buffer = buffer->older;
	return buffer;
}

/* Where @address lies when the pieces are put one behind the other; 0: in none of them. */
static uint64_t offset_in(const struct dmk_interval *piece, unsigned int n, uint64_t address)
{
	uint64_t before = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (address >= piece[i].first && address <= piece[i].last)
			return before + (address - piece[i].first);
		before += piece[i].last - piece[i].first + 1;
	}
	return 0;
}

uint64_t dmk_recorded_offset(const struct dmk_recorded_buffer *buffer, uint64_t dma)
{
	return buffer->piece ? offset_in(buffer->piece, buffer->nr_dma, dma) : 0;
}

uint64_t dmk_recorded_memory_offset(const struct dmk_recorded_buffer *buffer, uint64_t phys)
{
	if (!buffer->piece)
		return 0;
	return offset_in(buffer->piece + buffer->nr_dma, buffer->nr_memory, phys);
}

/* --- what an event says of a buffer ----------------------------------------------------------- */

static unsigned int dma_pieces(const struct dmk_event *event, enum dmk_timeline_kind kind)
{
	const bool list = kind == DMK_TIMELINE_SG || kind == DMK_TIMELINE_NONCONTIGUOUS;

	return list ? (event->sg ? event->mapped_nents : 0) : 1;
}

static unsigned int memory_pieces(const struct dmk_event *event, enum dmk_timeline_kind kind)
{
	if (kind == DMK_TIMELINE_ADDRESSES || kind == DMK_TIMELINE_RESOURCE ||
	    kind == DMK_TIMELINE_POOL_BLOCK)
		return 0; /* there is none, or its page has it */
	return event->sg ? event->nents : 1;
}

static void set_piece(struct dmk_recorded_buffer *buffer, unsigned int *n, uint64_t first,
		      uint64_t size)
{
	if (!size || first + (size - 1) < first)
		return;
	buffer->piece[(*n)++] = (struct dmk_interval){
		.first = first,
		.last = first + (size - 1),
		.owner = buffer,
	};
}

/* Two pieces of one list may begin at the same address: so each has a number of its own. */
static void number_pieces(struct dmk_recorder *recorder, struct dmk_recorded_buffer *buffer)
{
	for (unsigned int i = 0; i < buffer->nr_dma + buffer->nr_memory; i++)
		buffer->piece[i].serial = ++recorder->serial_numbers;
}

static bool make_pieces(struct dmk_recorded_buffer *buffer, const struct dmk_event *event)
{
	const enum dmk_timeline_kind kind = buffer->facts.kind;
	const unsigned int nr_dma = dma_pieces(event, kind), nr_memory = memory_pieces(event, kind);
	unsigned int n = 0;

	buffer->piece = calloc(nr_dma + nr_memory + 1, sizeof(*buffer->piece));
	if (!buffer->piece)
		return false;
	for (unsigned int i = 0; i < nr_dma; i++)
		kind == DMK_TIMELINE_SG || kind == DMK_TIMELINE_NONCONTIGUOUS
			? set_piece(buffer, &n, event->sg[i].dma.v, event->sg[i].dma_length)
			: set_piece(buffer, &n, event->dma.v, event->size);
	buffer->nr_dma = n;
	for (unsigned int i = 0; i < nr_memory; i++)
		event->sg ? set_piece(buffer, &n, event->sg[i].phys.v, event->sg[i].length)
			  : set_piece(buffer, &n, event->phys.v, event->size);
	buffer->nr_memory = n - buffer->nr_dma;
	return true;
}

/* What is shown of the pieces, and the whole of them. */
static void show_pieces(struct dmk_recorded_buffer *buffer)
{
	struct dmk_timeline_buffer *facts = &buffer->facts;
	struct dmk_timeline_piece *piece;
	uint64_t whole = 0;

	for (unsigned int i = 0; i < buffer->nr_dma; i++)
		whole += buffer->piece[i].last - buffer->piece[i].first + 1;
	if (whole)
		facts->size = whole;
	if (buffer->nr_dma)
		facts->dma = buffer->piece[0].first;
	if (buffer->nr_memory)
		facts->phys = buffer->piece[buffer->nr_dma].first;
	if (buffer->nr_dma < 2)
		return;
	for (unsigned int i = 0; i < buffer->nr_dma && i < DMK_TIMELINE_PIECES; i++) {
		piece = dmk_report_grow(&facts->piece, &facts->nr_pieces, sizeof(*piece));
		if (piece)
			*piece = (struct dmk_timeline_piece){buffer->piece[i].first,
							     buffer->piece[i].last -
								     buffer->piece[i].first + 1};
	}
	facts->more_pieces = buffer->nr_dma - facts->nr_pieces;
}

static bool is_directed(enum dmk_timeline_kind kind)
{
	return kind != DMK_TIMELINE_ADDRESSES && kind != DMK_TIMELINE_COHERENT &&
	       kind != DMK_TIMELINE_POOL && kind != DMK_TIMELINE_POOL_BLOCK;
}

static void fill(struct dmk_recorded_buffer *buffer, const struct dmk_event *event,
		 enum dmk_timeline_kind kind, int device)
{
	buffer->facts = (struct dmk_timeline_buffer){
		.kind = kind,
		.device = device,
		.dma = event->dma.v,
		.phys = event->phys.v,
		.cpu = (uintptr_t)event->cpu,
		.size = event->size,
		.direction = is_directed(kind) ? (int)event->dir : -1,
		.bounced = event->bounced,
		.until = DMK_TIMELINE_NEVER,
		.site = -1,
		.end_site = -1,
		.pool = event->pool && event->name ? strdup(event->name) : NULL,
	};
}

/* --- life ------------------------------------------------------------------------------------- */

static void plant(struct dmk_recorder *recorder, struct dmk_recorded_buffer *buffer)
{
	struct dmk_recorded_device *device = &recorder->device[buffer->facts.device];

	for (unsigned int i = 0; i < buffer->nr_dma; i++)
		dmk_intervals_add(&device->by_dma, &buffer->piece[i]);
	for (unsigned int i = 0; i < buffer->nr_memory; i++)
		dmk_intervals_add(&recorder->by_memory, &buffer->piece[buffer->nr_dma + i]);
}

static void uproot(struct dmk_recorder *recorder, struct dmk_recorded_buffer *buffer)
{
	struct dmk_recorded_device *device = &recorder->device[buffer->facts.device];

	for (unsigned int i = 0; i < buffer->nr_dma; i++)
		dmk_intervals_remove(&device->by_dma, &buffer->piece[i]);
	for (unsigned int i = 0; i < buffer->nr_memory; i++)
		dmk_intervals_remove(&recorder->by_memory, &buffer->piece[buffer->nr_dma + i]);
	free(buffer->piece);
	buffer->piece = NULL;
}

static void link_newest(struct dmk_recorder *recorder, struct dmk_recorded_buffer *buffer)
{
	buffer->older = recorder->newest;
	if (recorder->newest)
		recorder->newest->newer = buffer;
	else
		recorder->oldest = buffer;
	recorder->newest = buffer;
}

static void unlink_buffer(struct dmk_recorder *recorder, struct dmk_recorded_buffer *buffer)
{
	if (buffer->older)
		buffer->older->newer = buffer->newer;
	else
		recorder->oldest = buffer->newer;
	if (buffer->newer)
		buffer->newer->older = buffer->older;
	else
		recorder->newest = buffer->older;
}

void dmk_recorded_free(struct dmk_recorded_buffer *buffer)
{
	free(buffer->facts.piece);
	free(buffer->facts.pool);
	free(buffer->piece);
	free(buffer);
}

struct dmk_recorded_buffer *dmk_recorded_add(struct dmk_recorder *recorder,
					     const struct dmk_event *event,
					     enum dmk_timeline_kind kind, int device)
{
	struct dmk_recorded_buffer *buffer = device < 0 ? NULL : calloc(1, sizeof(*buffer));

	if (!buffer)
		return NULL;
	fill(buffer, event, kind, device);
	if (!make_pieces(buffer, event)) {
		dmk_recorded_free(buffer);
		return NULL;
	}
	number_pieces(recorder, buffer);
	show_pieces(buffer);
	plant(recorder, buffer);
	link_newest(recorder, buffer);
	buffer->references = 1; /* it is live */
	return buffer;
}

void dmk_recorded_get(struct dmk_recorded_buffer *buffer)
{
	buffer->references++;
}

void dmk_recorded_put(struct dmk_recorder *recorder, struct dmk_recorded_buffer *buffer)
{
	if (--buffer->references)
		return;
	unlink_buffer(recorder, buffer);
	dmk_recorded_free(buffer);
}

void dmk_recorded_end(struct dmk_recorder *recorder, struct dmk_recorded_buffer *buffer,
		      uint64_t time, int site)
{
	buffer->facts.until = time;
	buffer->facts.end_site = site;
	uproot(recorder, buffer);
	dmk_recorded_put(recorder, buffer);
}
