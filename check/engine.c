/* SPDX-License-Identifier: MIT */
/*
 * Channels and descriptors of the DMA engine, as far as events told: engine.h.
 */
#include "engine.h"

#include "shadow.h"

bool dmk_engine_init(struct dmk_engine *engine)
{
	dmk_pile_init(&engine->channel_pile, sizeof(struct dmk_engine_channel));
	dmk_pile_init(&engine->descriptor_pile, sizeof(struct dmk_descriptor));
	dmk_pile_init(&engine->piece_pile, sizeof(struct dmk_piece));
	return dmk_index_init(&engine->channels, 64) && dmk_index_init(&engine->descriptors, 64);
}

void dmk_engine_exit(struct dmk_engine *engine)
{
	dmk_index_exit(&engine->channels);
	dmk_index_exit(&engine->descriptors);
	dmk_pile_exit(&engine->channel_pile);
	dmk_pile_exit(&engine->descriptor_pile);
	dmk_pile_exit(&engine->piece_pile);
}

/* --- channels --------------------------------------------------------------------------------- */

struct dmk_engine_channel *dmk_engine_channel(const struct dmk_engine *engine, const void *channel)
{
	struct dmk_link *link = dmk_index_find(&engine->channels, (uintptr_t)channel);

	return link ? DMK_AROUND(link, struct dmk_engine_channel, by_pointer) : NULL;
}

static struct dmk_engine_channel *channel_new(struct dmk_engine *engine, const void *pointer)
{
	struct dmk_engine_channel *channel = dmk_pile_get(&engine->channel_pile);

	if (!channel)
		return NULL;
	channel->next = engine->channel_list;
	if (channel->next)
		channel->next->previous = channel;
	engine->channel_list = channel;
	dmk_index_add(&engine->channels, &channel->by_pointer, (uintptr_t)pointer);
	return channel;
}

struct dmk_engine_channel *dmk_engine_channel_known(struct dmk_engine *engine, const void *pointer,
						    struct dmk_watched *device, const char *name)
{
	struct dmk_engine_channel *channel = dmk_engine_channel(engine, pointer);

	if (!channel)
		channel = channel_new(engine, pointer);
	if (!channel)
		return NULL;
	if (!channel->device)
		channel->device = device;
	if (name)
		dmk_text_copy(channel->name, sizeof(channel->name), name);
	return channel;
}

void dmk_engine_channel_drop(struct dmk_engine *engine, struct dmk_engine_channel *channel)
{
	for (unsigned int state = 0; state < DMK_DESCRIPTOR_STATES; state++)
		while (channel->list[state].oldest)
			dmk_descriptor_drop(engine, channel->list[state].oldest);
	if (channel->previous)
		channel->previous->next = channel->next;
	else
		engine->channel_list = channel->next;
	if (channel->next)
		channel->next->previous = channel->previous;
	dmk_index_remove(&engine->channels, &channel->by_pointer);
	dmk_pile_put(&engine->channel_pile, channel);
}

/* --- pieces ----------------------------------------------------------------------------------- */

/* At work is what is in the provider's hands. */
static void set_at_work(struct dmk_descriptor *descriptor, bool at_work)
{
	struct dmk_watched *device = descriptor->channel->device;

	for (struct dmk_piece *piece = descriptor->pieces; piece && device; piece = piece->next) {
		if (piece->at_work == at_work || piece->empty)
			continue;
		piece->at_work = at_work;
		if (at_work)
			dmk_ranges_insert(&device->work, &piece->range);
		else
			dmk_ranges_remove(&device->work, &piece->range);
	}
}

static void drop_pieces(struct dmk_engine *engine, struct dmk_descriptor *descriptor)
{
	struct dmk_piece *piece;

	set_at_work(descriptor, false);
	while ((piece = descriptor->pieces)) {
		descriptor->pieces = piece->next;
		dmk_pile_put(&engine->piece_pile, piece);
	}
}

void dmk_descriptor_pieces(struct dmk_engine *engine, struct dmk_descriptor *descriptor,
			   const struct dmk_event_engine *event)
{
	struct dmk_piece **end = &descriptor->pieces, *piece;

	drop_pieces(engine, descriptor);
	for (unsigned int i = 0; i < event->nr_pieces; i++) {
		const struct dmk_event_piece *told = &event->pieces[i];

		piece = dmk_pile_get(&engine->piece_pile);
		if (!piece)
			return;
		piece->descriptor = descriptor;
		piece->write = told->write;
		piece->sparse = told->sparse;
		piece->ram = told->ram;
		piece->empty = !told->size;
		dmk_range_set(&piece->range, told->dma.v, told->size);
		*end = piece;
		end = &piece->next;
	}
}

void dmk_engine_device_gone(struct dmk_engine *engine, const struct dmk_watched *device)
{
	struct dmk_engine_channel *channel = engine->channel_list;

	for (; channel; channel = channel->next) {
		if (channel->device != device)
			continue;
		for (unsigned int state = 0; state < DMK_DESCRIPTOR_STATES; state++)
			for (struct dmk_descriptor *one = channel->list[state].oldest; one;
			     one = one->newer)
				drop_pieces(engine, one);
		channel->device = NULL;
	}
}

/* --- descriptors ------------------------------------------------------------------------------ */

struct dmk_descriptor *dmk_engine_descriptor(const struct dmk_engine *engine,
					     const void *descriptor)
{
	struct dmk_link *link = dmk_index_find(&engine->descriptors, (uintptr_t)descriptor);

	return link ? DMK_AROUND(link, struct dmk_descriptor, by_pointer) : NULL;
}

static void list_add(struct dmk_descriptor *descriptor)
{
	struct dmk_engine_list *list = &descriptor->channel->list[descriptor->state];

	descriptor->older = list->newest;
	descriptor->newer = NULL;
	if (list->newest)
		list->newest->newer = descriptor;
	else
		list->oldest = descriptor;
	list->newest = descriptor;
	list->n++;
}

static void list_remove(struct dmk_descriptor *descriptor)
{
	struct dmk_engine_list *list = &descriptor->channel->list[descriptor->state];

	if (descriptor->older)
		descriptor->older->newer = descriptor->newer;
	else
		list->oldest = descriptor->newer;
	if (descriptor->newer)
		descriptor->newer->older = descriptor->older;
	else
		list->newest = descriptor->older;
	list->n--;
}

struct dmk_descriptor *dmk_descriptor_new(struct dmk_engine *engine,
					  struct dmk_engine_channel *channel, const void *pointer)
{
	struct dmk_descriptor *descriptor = dmk_engine_descriptor(engine, pointer);

	if (descriptor)
		dmk_descriptor_drop(engine, descriptor);
	descriptor = dmk_pile_get(&engine->descriptor_pile);
	if (!descriptor)
		return NULL;
	descriptor->channel = channel;
	descriptor->state = DMK_DESCRIPTOR_PREPARED;
	list_add(descriptor);
	dmk_index_add(&engine->descriptors, &descriptor->by_pointer, (uintptr_t)pointer);
	return descriptor;
}

void dmk_descriptor_drop(struct dmk_engine *engine, struct dmk_descriptor *descriptor)
{
	drop_pieces(engine, descriptor);
	list_remove(descriptor);
	dmk_index_remove(&engine->descriptors, &descriptor->by_pointer);
	dmk_pile_put(&engine->descriptor_pile, descriptor);
}

void dmk_descriptor_move(struct dmk_engine *engine, struct dmk_descriptor *descriptor,
			 enum dmk_descriptor_state state)
{
	struct dmk_engine_list *past = &descriptor->channel->list[DMK_DESCRIPTOR_PAST];

	list_remove(descriptor);
	descriptor->state = state;
	list_add(descriptor);
	set_at_work(descriptor,
		    state == DMK_DESCRIPTOR_ISSUED || state == DMK_DESCRIPTOR_TERMINATED);
	if (state != DMK_DESCRIPTOR_PAST)
		return;
	drop_pieces(engine, descriptor);
	if (past->n > DMK_PAST_DESCRIPTORS)
		dmk_descriptor_drop(engine, past->oldest);
}
