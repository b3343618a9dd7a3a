/* SPDX-License-Identifier: MIT */
/*
 * The advisor: takes events to what it keeps of the driver's calls and of what they lend. It
 * watches only, and finds no mistakes.
 *
 * Threads: events come from any, several at once; each is taken with the lock held. Which line of
 * the driver a code address is of is asked once for each address.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <dmakit/port.h>

#include "advice.h"
#include "findings.h"

/* The line, and how it was come to: names for more than these take time, and tell no more. */
enum { FRAMES_KEPT = 4 };

/* --- the driver's calls ----------------------------------------------------------------------- */

static const char *name_of(const struct dmk_event *event)
{
	switch (event->kind) {
	case DMK_EVENT_ALLOC:
	case DMK_EVENT_ALLOC_FAILED:
		return dmk_take_call(dmk_made_kind(event->alloc_kind));
	case DMK_EVENT_SYNC_FOR_CPU:
		return event->map_kind == DMK_MAP_SG ? "dma_sync_sg_for_cpu"
						     : "dma_sync_single_for_cpu";
	case DMK_EVENT_SYNC_FOR_DEVICE:
		return event->map_kind == DMK_MAP_SG ? "dma_sync_sg_for_device"
						     : "dma_sync_single_for_device";
	default:
		return dmk_map_call(event->map_kind);
	}
}

static uint64_t key_of(const void *code, enum dmk_call_role role)
{
	return dmk_hash_more(dmk_hash((uintptr_t)code), role);
}

static struct dmk_alias *alias_of(const struct dmk_advisor *advisor, uint64_t key)
{
	struct dmk_link *link = dmk_index_find(&advisor->aliases, key);

	return link ? DMK_AROUND(link, struct dmk_alias, by_code) : NULL;
}

/* The library's own frames at the inner end are nobody's line. */
static void drop_library(const struct dmk_advisor *advisor, struct dmk_stack *stack)
{
	const struct dmk_advice_options *options = &advisor->options;
	unsigned int n = 0;

	while (options->is_library && n + 1 < stack->depth &&
	       options->is_library(options->code_ctx, stack->frame[n]))
		n++;
	stack->depth -= n;
	memmove(stack->frame, stack->frame + n, stack->depth * sizeof(stack->frame[0]));
}

static uint64_t line_of(const struct dmk_advisor *advisor, const void *code)
{
	const struct dmk_advice_options *options = &advisor->options;
	const uint64_t line = options->line_of ? options->line_of(options->code_ctx, code) : 0;

	return line ? line : (uintptr_t)code;
}

static struct dmk_call *call_at(struct dmk_advisor *advisor, const struct dmk_event *event,
				enum dmk_call_role role, const struct dmk_stack *stack)
{
	const void *code = stack->depth ? stack->frame[0] : NULL;
	const uint64_t key = dmk_hash_more(dmk_hash(line_of(advisor, code)), role);
	struct dmk_link *link = dmk_index_find(&advisor->lines, key);
	struct dmk_call *call;

	if (link)
		return DMK_AROUND(link, struct dmk_call, by_line);
	call = dmk_pile_get(&advisor->call_pile);
	if (!call)
		return NULL;
	call->role = role;
	call->code = code;
	call->where = *stack;
	if (call->where.depth > FRAMES_KEPT)
		call->where.depth = FRAMES_KEPT;
	call->name = name_of(event);
	call->dir = event->dir;
	*advisor->calls_end = call;
	advisor->calls_end = &call->next;
	dmk_index_add(&advisor->lines, &call->by_line, key);
	return call;
}

static struct dmk_call *new_alias(struct dmk_advisor *advisor, const struct dmk_event *event,
				  enum dmk_call_role role, const void *code,
				  const struct dmk_stack *stack)
{
	struct dmk_alias *alias = dmk_pile_get(&advisor->alias_pile);
	struct dmk_call *call = call_at(advisor, event, role, stack);

	if (!alias)
		return call;
	/* A call of ours is made from many lines: each time the stack tells which. */
	alias->call = stack->depth && stack->frame[0] != code ? NULL : call;
	dmk_index_add(&advisor->aliases, &alias->by_code, key_of(code, role));
	return call;
}

struct dmk_call *dmk_call_of(struct dmk_advisor *advisor, const struct dmk_event *event,
			     enum dmk_call_role role)
{
	struct dmk_alias *alias = alias_of(advisor, key_of(event->caller, role));
	struct dmk_stack stack = {.depth = 0};

	if (alias && alias->call)
		return alias->call;
	dmk_stack_walk(&stack, event->caller, event->frame, DMK_STACK_MAX);
	drop_library(advisor, &stack);
	if (alias)
		return call_at(advisor, event, role, &stack);
	return new_alias(advisor, event, role, event->caller, &stack);
}

/* --- devices ---------------------------------------------------------------------------------- */

static struct dmk_seen *find_seen(const struct dmk_advisor *advisor, const struct dmk_dev *dev)
{
	struct dmk_link *link = dmk_index_find(&advisor->devices, (uintptr_t)dev);

	return link ? DMK_AROUND(link, struct dmk_seen, by_dev) : NULL;
}

struct dmk_seen *dmk_seen_of(struct dmk_advisor *advisor, const struct dmk_dev *dev)
{
	struct dmk_seen *seen = find_seen(advisor, dev);

	if (seen || !dev)
		return seen;
	seen = dmk_pile_get(&advisor->seen_pile);
	if (!seen)
		return NULL;
	seen->dev = dev;
	seen->mask = 0xffffffff;
	seen->next = advisor->seen;
	advisor->seen = seen;
	dmk_index_add(&advisor->devices, &seen->by_dev, (uintptr_t)dev);
	return seen;
}

static void device_comes(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	struct dmk_seen *seen = dmk_seen_of(advisor, event->dev);

	if (!seen)
		return;
	dmk_text_copy(seen->name, sizeof(seen->name), event->name);
	if (event->requester == DMK_REQUESTER_NONE || seen->masters)
		return;
	seen->masters = true;
	dmk_index_add(&advisor->requesters, &seen->by_requester, event->requester);
}

/* What it did stays in the tables. */
static void device_goes(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	struct dmk_seen *seen = find_seen(advisor, event->dev);

	if (!seen)
		return;
	dmk_lent_forget(advisor, seen);
	dmk_ranges_exit(&seen->bus);
	dmk_index_remove(&advisor->devices, &seen->by_dev);
	if (seen->masters)
		dmk_index_remove(&advisor->requesters, &seen->by_requester);
}

static void use_is_told(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	struct dmk_seen *seen = dmk_seen_of(advisor, event->dev);

	if (seen)
		seen->use = *event->use;
}

static void mask_is_set(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	struct dmk_seen *seen = dmk_seen_of(advisor, event->dev);

	if (seen && event->streaming && !event->result)
		seen->mask = event->mask;
}

static void driver_comes(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	struct dmk_seen *seen = dmk_seen_of(advisor, event->dev);

	if (seen)
		seen->mask = 0xffffffff; /* MSK-01 */
}

/* --- events ----------------------------------------------------------------------------------- */

static void take(struct dmk_advisor *advisor, const struct dmk_event *event)
{
	switch (event->kind) {
	case DMK_EVENT_BOOT:
		advisor->sees_dma = event->machine && event->machine->caps & DMK_CAP_SEES_DMA;
		break;
	case DMK_EVENT_DEVICE_ADD:
		device_comes(advisor, event);
		break;
	case DMK_EVENT_DEVICE_REMOVE:
		device_goes(advisor, event);
		break;
	case DMK_EVENT_BIND:
		driver_comes(advisor, event);
		break;
	case DMK_EVENT_USE:
		use_is_told(advisor, event);
		break;
	case DMK_EVENT_SET_MASK:
		mask_is_set(advisor, event);
		break;
	case DMK_EVENT_MAP:
	case DMK_EVENT_ALLOC:
		dmk_lent_begin(advisor, event);
		break;
	case DMK_EVENT_MAP_FAILED:
	case DMK_EVENT_ALLOC_FAILED:
		dmk_lent_refused(advisor, event);
		break;
	case DMK_EVENT_UNMAP:
	case DMK_EVENT_FREE:
		dmk_lent_end(advisor, event);
		break;
	case DMK_EVENT_IOVA_UNLINK:
	case DMK_EVENT_IOVA_FREE:
		dmk_lent_end_links(advisor, event);
		break;
	case DMK_EVENT_SYNC_FOR_CPU:
	case DMK_EVENT_SYNC_FOR_DEVICE:
		dmk_lent_sync(advisor, event);
		break;
	case DMK_EVENT_DEVICE_ACCESS:
		dmk_lent_touched(advisor, event);
		break;
	case DMK_EVENT_CPU_ACCESS:
		dmk_lent_touched_by_cpu(advisor, event);
		break;
	case DMK_EVENT_MEMORY_FREE:
		if (event->reason == DMK_REASON_NONE)
			dmk_known_freed(advisor, event->phys.v, event->size);
		break;
	default:
		break;
	}
}

static void on_event(void *ctx, const struct dmk_event *event)
{
	struct dmk_advisor *advisor = ctx;

	pthread_mutex_lock(&advisor->lock);
	take(advisor, event);
	pthread_mutex_unlock(&advisor->lock);
}

/* --- life ------------------------------------------------------------------------------------- */

static uint64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

struct dmk_advisor *dmk_advisor_new(const struct dmk_advice_options *options)
{
	struct dmk_advisor *advisor = calloc(1, sizeof(*advisor));

	if (!advisor)
		return NULL;
	if (options)
		advisor->options = *options;
	if (!advisor->options.now)
		advisor->options.now = monotonic;
	advisor->observer = (struct dmk_observer){.event = on_event, .ctx = advisor};
	advisor->calls_end = &advisor->calls;
	dmk_pile_init(&advisor->call_pile, sizeof(struct dmk_call));
	dmk_pile_init(&advisor->alias_pile, sizeof(struct dmk_alias));
	dmk_pile_init(&advisor->seen_pile, sizeof(struct dmk_seen));
	dmk_pile_init(&advisor->lent_pile, sizeof(struct dmk_lent));
	dmk_pile_init(&advisor->piece_pile, sizeof(struct dmk_piece_lent));
	dmk_pile_init(&advisor->known_pile, sizeof(struct dmk_known));
	pthread_mutex_init(&advisor->lock, NULL);
	if (!dmk_index_init(&advisor->aliases, 64) || !dmk_index_init(&advisor->lines, 64) ||
	    !dmk_index_init(&advisor->devices, 16) || !dmk_index_init(&advisor->requesters, 16)) {
		dmk_advisor_free(advisor);
		return NULL;
	}
	return advisor;
}

void dmk_advisor_free(struct dmk_advisor *advisor)
{
	if (!advisor)
		return;
	for (struct dmk_seen *seen = advisor->seen; seen; seen = seen->next)
		dmk_ranges_exit(&seen->bus);
	dmk_ranges_exit(&advisor->memory);
	dmk_ranges_exit(&advisor->known);
	dmk_index_exit(&advisor->aliases);
	dmk_index_exit(&advisor->lines);
	dmk_index_exit(&advisor->devices);
	dmk_index_exit(&advisor->requesters);
	dmk_pile_exit(&advisor->call_pile);
	dmk_pile_exit(&advisor->alias_pile);
	dmk_pile_exit(&advisor->seen_pile);
	dmk_pile_exit(&advisor->lent_pile);
	dmk_pile_exit(&advisor->piece_pile);
	dmk_pile_exit(&advisor->known_pile);
	pthread_mutex_destroy(&advisor->lock);
	free(advisor);
}

const struct dmk_observer *dmk_advisor_observer(struct dmk_advisor *advisor)
{
	return &advisor->observer;
}
