// SPDX-License-Identifier: MIT
/*
 * What the observer is told of channels and descriptors (DMK_EVENT_ENGINE). Called only while
 * somebody watches: what nobody watches pays a branch for it. Nothing is judged here, and nothing
 * is kept but whose callback a thread is in.
 *
 * A step is told before it can be seen: what is about to end, before the client can know that it
 * ended; what is submitted, before a thread can take it. So the next owner of a descriptor's memory
 * is not taken for the last.
 */
#include "engine.h"

#include <stdlib.h>

#include <drivers/dma/dmaengine.h>
#include <linux/mm.h>

enum { FEW = 16 };

static _Thread_local const struct dma_chan *called; /* whose callback runs in this thread */

static void tell(const struct dma_chan *chan, const struct dmk_event_engine *engine,
		 struct dmk_event event, struct dmk_place place)
{
	struct dma_chan *known = (struct dma_chan *)chan;

	/* It has no device when its controller was unregistered. */
	if (chan->dev) {
		event.dev = &dmaengine_get_dma_device(known)->dmk;
		event.name = dma_chan_name(known);
	}
	event.kind = DMK_EVENT_ENGINE;
	event.engine = engine;
	event.caller = place.caller;
	event.frame = place.frame;
	dmk_announce(&event);
}

static void tell_result(struct dma_chan *chan, const struct dmk_event_engine *engine, int result,
			struct dmk_place place)
{
	tell(chan, engine, (struct dmk_event){.result = result}, place);
}

/* --- channels --------------------------------------------------------------------------------- */

void dmk_engine_taken(struct dma_chan *chan, struct dmk_place place)
{
	const struct dmk_event_engine engine = {
		.step = DMK_ENGINE_TAKEN,
		.channel = chan,
		.client = chan->slave ? &chan->slave->dmk : NULL,
	};

	tell_result(chan, &engine, 0, place);
}

void dmk_engine_given(struct dma_chan *chan, struct dmk_place place)
{
	tell_result(chan, &(struct dmk_event_engine){.step = DMK_ENGINE_GIVEN, .channel = chan}, 0,
		    place);
}

void dmk_engine_left(struct dma_chan *chan, struct dmk_place place)
{
	tell_result(chan, &(struct dmk_event_engine){.step = DMK_ENGINE_LEFT, .channel = chan},
		    chan->client_count, place);
}

void dmk_engine_configured(struct dma_chan *chan, const struct dma_slave_config *config, int result)
{
	const struct dmk_event_slave slave = {
		.src_widths = config->src_addr_width,
		.dst_widths = config->dst_addr_width,
		.src_burst = config->src_maxburst,
		.dst_burst = config->dst_maxburst,
	};

	tell_result(chan,
		    &(struct dmk_event_engine){
			    .step = DMK_ENGINE_CONFIGURED, .channel = chan, .slave = &slave},
		    result, DMK_HERE);
}

void dmk_engine_asked(struct dma_chan *chan, dma_cookie_t cookie, enum dma_status status)
{
	tell_result(chan,
		    &(struct dmk_event_engine){
			    .step = DMK_ENGINE_ASKED, .channel = chan, .cookie = cookie},
		    status, DMK_HERE);
}

void dmk_engine_does(enum dmk_engine_step step, struct dma_chan *chan)
{
	tell_result(chan, &(struct dmk_event_engine){.step = step, .channel = chan}, 0, DMK_HERE);
}

/* --- descriptors ------------------------------------------------------------------------------ */

static const void *callback_of(const struct dma_async_tx_descriptor *tx)
{
	return tx->callback_result ? (const void *)(uintptr_t)tx->callback_result
				   : (const void *)(uintptr_t)tx->callback;
}

void dmk_engine_tell(enum dmk_engine_step step, struct dma_async_tx_descriptor *tx)
{
	const struct dmk_event_engine engine = {
		.step = step,
		.channel = tx->chan,
		.descriptor = tx,
		.cookie = tx->cookie,
		.callback = callback_of(tx),
		.param = tx->callback_param,
		.direction = -1,
		.reuse = dmaengine_desc_test_reuse(tx),
		.unordered = dma_has_cap(DMA_COMPLETION_NO_ORDER, tx->chan->device->cap_mask),
	};

	tell_result(tx->chan, &engine, 0, DMK_HERE);
}

void dmk_engine_refused(struct dma_chan *chan, const struct dma_async_tx_descriptor *tx, int error)
{
	tell_result(chan,
		    &(struct dmk_event_engine){
			    .step = DMK_ENGINE_REFUSED, .channel = chan, .descriptor = tx},
		    error, DMK_HERE);
}

static bool is_ram(dma_addr_t dma)
{
	return pfn_valid(dma >> PAGE_SHIFT);
}

static struct dmk_event_piece piece(dma_addr_t dma, size_t size, bool write)
{
	return (struct dmk_event_piece){
		.dma = DMK_DMA(dma), .size = size, .write = write, .ram = is_ram(dma)};
}

struct request {
	struct dma_async_tx_descriptor *tx;
	const struct dmk_event_piece *pieces;
	unsigned int nr_pieces;
	int direction;
	bool cyclic;
	const void *list;
	unsigned int nents;
};

static void tell_prepared(const struct request *request, struct dmk_place place)
{
	struct dma_chan *chan = request->tx->chan;
	const struct dma_device *device = chan->device;
	const struct dmk_event_slave slave = {
		.src_widths = device->src_addr_widths,
		.dst_widths = device->dst_addr_widths,
		.src_burst = device->max_burst,
		.dst_burst = device->max_burst,
		.directions = device->directions,
	};
	const struct dmk_event_engine engine = {
		.step = DMK_ENGINE_PREPARED,
		.channel = chan,
		.descriptor = request->tx,
		.pieces = request->pieces,
		.nr_pieces = request->nr_pieces,
		.direction = request->direction,
		.wants_config = device->device_config && (request->direction == DMA_MEM_TO_DEV ||
							  request->direction == DMA_DEV_TO_MEM),
		.slave = &slave,
		.cyclic = request->cyclic,
	};

	tell(chan, &engine, (struct dmk_event){.cpu = request->list, .nents = request->nents},
	     place);
}

void dmk_engine_copy(struct dma_async_tx_descriptor *tx, dma_addr_t dest, dma_addr_t src,
		     size_t size)
{
	const struct dmk_event_piece pieces[] = {piece(dest, size, true), piece(src, size, false)};

	if (tx)
		tell_prepared(&(struct request){tx, pieces, 2, DMA_MEM_TO_MEM}, DMK_HERE);
}

void dmk_engine_fill(struct dma_async_tx_descriptor *tx, dma_addr_t dest, size_t size)
{
	const struct dmk_event_piece pieces[] = {piece(dest, size, true)};

	if (tx)
		tell_prepared(&(struct request){tx, pieces, 1, DMA_MEM_TO_MEM}, DMK_HERE);
}

void dmk_engine_ring(struct dma_async_tx_descriptor *tx, dma_addr_t dma, size_t size,
		     enum dma_transfer_direction direction)
{
	const struct dmk_event_piece pieces[] = {piece(dma, size, direction == DMA_DEV_TO_MEM)};

	if (tx)
		tell_prepared(&(struct request){tx, pieces, 1, direction, .cyclic = true},
			      DMK_HERE);
}

/* Of more than a few pieces that find no room nothing is told but that they are prepared. */
static struct dmk_event_piece *room_for(unsigned int n, struct dmk_event_piece *few)
{
	return n <= FEW ? few : calloc(n, sizeof(*few));
}

static void tell_many(struct request *request, struct dmk_event_piece *pieces,
		      const struct dmk_event_piece *few, struct dmk_place place)
{
	request->pieces = pieces;
	if (!pieces)
		request->nr_pieces = 0;
	tell_prepared(request, place);
	if (pieces != few)
		free(pieces);
}

void dmk_engine_list(struct dma_async_tx_descriptor *tx, struct scatterlist *sgl,
		     unsigned int nents, enum dma_transfer_direction direction)
{
	struct request request = {tx, NULL, nents, direction, .list = sgl, .nents = nents};
	struct dmk_event_piece few[FEW], *pieces = room_for(nents, few);
	struct scatterlist *sg;
	unsigned int i;

	if (!tx)
		goto not_prepared;
	for_each_sg(sgl, sg, pieces ? nents : 0, i)
		pieces[i] = piece(sg_dma_address(sg), sg_dma_len(sg), direction == DMA_DEV_TO_MEM);
	tell_many(&request, pieces, few, DMK_HERE);
	return;
not_prepared:
	if (pieces != few)
		free(pieces);
}

void dmk_engine_vecs(struct dma_async_tx_descriptor *tx, const struct dma_vec *vecs, size_t nents,
		     enum dma_transfer_direction direction)
{
	struct request request = {tx, NULL, nents, direction};
	struct dmk_event_piece few[FEW], *pieces;

	if (!tx)
		return;
	pieces = room_for(nents, few);
	for (size_t i = 0; pieces && i < nents; i++)
		pieces[i] = piece(vecs[i].addr, vecs[i].len, direction == DMA_DEV_TO_MEM);
	tell_many(&request, pieces, few, DMK_HERE);
}

/* From the first byte to the last of one side. */
static struct dmk_event_piece side_of(struct dma_interleaved_template *template, bool write)
{
	const bool goes_on = write ? template->dst_inc : template->src_inc;
	size_t frame = 0, gap = 0, longest = 0;
	struct dmk_event_piece side;

	for (size_t i = 0; i < template->frame_size; i++) {
		struct data_chunk *chunk = &template->sgl[i];

		gap = write ? dmaengine_get_dst_icg(template, chunk)
			    : dmaengine_get_src_icg(template, chunk);
		frame += chunk->size + gap;
		longest = chunk->size > longest ? chunk->size : longest;
	}
	side = piece(write ? template->dst_start : template->src_start,
		     goes_on ? frame * template->numf - gap : longest, write);
	side.sparse = true;
	return side;
}

void dmk_engine_interleaved(struct dma_async_tx_descriptor *tx,
			    struct dma_interleaved_template *template)
{
	struct dmk_event_piece pieces[2];
	unsigned int n = 0;

	if (!tx || !template->numf || !template->frame_size)
		return;
	if (template->dir == DMA_MEM_TO_MEM || template->dir == DMA_DEV_TO_MEM)
		pieces[n++] = side_of(template, true);
	if (template->dir == DMA_MEM_TO_MEM || template->dir == DMA_MEM_TO_DEV)
		pieces[n++] = side_of(template, false);
	tell_prepared(&(struct request){tx, pieces, n, template->dir}, DMK_HERE);
}

/* --- calling back ----------------------------------------------------------------------------- */

const struct dma_chan *dmk_engine_call_begins(struct dma_chan *chan)
{
	const struct dma_chan *before = called;

	called = chan;
	if (chan && chan->dmk_lock &&
	    __atomic_load_n(&chan->dmk_lock->owner, __ATOMIC_RELAXED) == current)
		tell_result(chan,
			    &(struct dmk_event_engine){
				    .step = DMK_ENGINE_CALLBACK, .channel = chan, .locked = true},
			    0, DMK_HERE);
	return before;
}

void dmk_engine_call_ended(const struct dma_chan *before)
{
	called = before;
}

void dmk_engine_synchronizing(struct dma_chan *chan)
{
	dmk_might_sleep_at("dmaengine_synchronize", DMK_HERE);
	/* In an interrupt that was told. */
	if (dmk_observed() && called == chan && !dmk_context_atomic())
		tell_result(chan,
			    &(struct dmk_event_engine){.step = DMK_ENGINE_WAITS_FOR_ITSELF,
						       .channel = chan},
			    0, DMK_HERE);
}
