/* SPDX-License-Identifier: MIT */
/*
 * The recorder: from events to what happened to which buffer, and from there to a timeline.
 *
 * Threads: events come from any, several at once. The place is looked for before the lock is taken;
 * the rest is a search in a tree and a few stores under one lock. A buffer of events for each
 * thread would spare the lock, but the checker, which sees the same event next, takes one anyway,
 * and who owned a buffer when is told by the order of all events, not of one thread's. The clock is
 * read under the lock, so that time never goes back. Lock order: the checker's (found), then this
 * one; nothing of the checker is called from here.
 */
#include "run/recorder.h"

#include <dmakit/device.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What the thread's latest event was about, for a finding that it leads to. */
struct moment {
	uint64_t serial; /* the recorder's; 0: none */
	int thread;
	int device, site;
	uint64_t number; /* of an event that names the buffer, from 1; 0: none */
	uint64_t at;
};

static _Thread_local struct moment moment;
static _Atomic uint64_t recorders;

uint64_t dmk_recorder_now(const struct dmk_recorder *recorder)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec - recorder->start;
}

/* --- threads ---------------------------------------------------------------------------------- */

static int add_thread(struct dmk_recorder *recorder)
{
	struct dmk_timeline_thread *thread =
		dmk_report_grow(&recorder->thread, &recorder->nr_threads, sizeof(*thread));
	char name[64] = "main";

	if (!thread)
		return -1;
	thread->tid = (int)syscall(SYS_gettid);
	if (thread->tid != getpid())
		pthread_getname_np(pthread_self(), name, sizeof(name));
	thread->name = strdup(name);
	return (int)recorder->nr_threads - 1;
}

/* A number for the calling thread. */
static int thread_here(struct dmk_recorder *recorder)
{
	if (moment.serial != recorder->serial)
		moment = (struct moment){.serial = recorder->serial,
					 .thread = add_thread(recorder),
					 .device = -1,
					 .site = -1};
	return moment.thread;
}

/* --- sites ------------------------------------------------------------------------------------ */

static size_t site_slot(const struct dmk_recorder *recorder, const void *code)
{
	size_t slot = ((uintptr_t)code * 0x9e3779b97f4a7c15ULL >> 20) % recorder->site_room;

	while (recorder->site_index[slot] >= 0 &&
	       recorder->site[recorder->site_index[slot]] != code)
		slot = (slot + 1) % recorder->site_room;
	return slot;
}

static bool grow_sites(struct dmk_recorder *recorder)
{
	const size_t room = recorder->site_room ? recorder->site_room * 2 : 256;
	int *index = malloc(room * sizeof(*index));

	if (!index)
		return false;
	memset(index, 0xff, room * sizeof(*index)); /* -1 each */
	free(recorder->site_index);
	recorder->site_index = index;
	recorder->site_room = room;
	for (size_t i = 0; i < recorder->nr_sites; i++)
		index[site_slot(recorder, recorder->site[i])] = (int)i;
	return true;
}

static int site_of(struct dmk_recorder *recorder, const void *code)
{
	const void **added;
	size_t slot;

	if (!code)
		return -1;
	if (recorder->nr_sites * 2 >= recorder->site_room && !grow_sites(recorder))
		return -1;
	slot = site_slot(recorder, code);
	if (recorder->site_index[slot] >= 0)
		return recorder->site_index[slot];
	added = dmk_report_grow(&recorder->site, &recorder->nr_sites, sizeof(*added));
	if (!added)
		return -1;
	*added = code;
	recorder->site_index[slot] = (int)recorder->nr_sites - 1;
	return recorder->site_index[slot];
}

/* The innermost call that is not the library's; where there is none, the innermost. */
static const void *place_of(const struct dmk_recorder *recorder, const struct dmk_event *event)
{
	const struct dmk_recorder_options *options = &recorder->options;
	struct dmk_stack stack;

	if (!event->caller || !options->is_library ||
	    !options->is_library(options->code_ctx, event->caller))
		return event->caller;
	dmk_stack_walk(&stack, event->caller, event->frame, DMK_STACK_MAX);
	for (unsigned int i = 1; i < stack.depth; i++)
		if (!options->is_library(options->code_ctx, stack.frame[i]))
			return stack.frame[i];
	return event->caller;
}

/* --- devices ---------------------------------------------------------------------------------- */

static int add_device(struct dmk_recorder *recorder, const struct dmk_dev *dev, uint32_t requester,
		      const char *name)
{
	struct dmk_recorded_device *device =
		dmk_report_grow(&recorder->device, &recorder->nr_devices, sizeof(*device));

	if (!device)
		return -1;
	device->dev = dev;
	device->facts.requester = requester;
	device->facts.name = name ? strdup(name) : dmk_report_format("requester 0x%x", requester);
	return (int)recorder->nr_devices - 1;
}

static int device_of(struct dmk_recorder *recorder, const struct dmk_dev *dev)
{
	for (size_t i = recorder->nr_devices; dev && i; i--)
		if (recorder->device[i - 1].dev == dev)
			return (int)i - 1;
	return -1;
}

/* Several devices may use one number on the bus: that to which something is mapped there. */
static int device_on_bus(struct dmk_recorder *recorder, uint32_t requester, uint64_t dma)
{
	int found = -1;

	if (requester == DMK_REQUESTER_NONE)
		return -1;
	for (size_t i = recorder->nr_devices; i; i--) {
		if (recorder->device[i - 1].facts.requester != requester)
			continue;
		if (found < 0 || dmk_recorded_at(recorder, (int)i - 1, dma))
			found = (int)i - 1;
	}
	return found < 0 ? add_device(recorder, NULL, requester, NULL) : found;
}

static void forget_device(struct dmk_recorder *recorder, const struct dmk_dev *dev)
{
	const int device = device_of(recorder, dev);

	if (device >= 0)
		recorder->device[device].dev = NULL;
}

/* --- one event -------------------------------------------------------------------------------- */

struct happening {
	struct dmk_recorder *recorder;
	const struct dmk_event *event;
	struct dmk_timeline_event facts;
};

static struct happening begin(struct dmk_recorder *recorder, const struct dmk_event *event,
			      const void *place)
{
	return (struct happening){
		.recorder = recorder,
		.event = event,
		.facts = {.time = dmk_recorder_now(recorder),
			  .count = 1,
			  .thread = thread_here(recorder),
			  .device = device_of(recorder, event->dev),
			  .buffer = -1,
			  .site = site_of(recorder, place),
			  .at = event->dma.v,
			  .size = event->size,
			  .direction = -1},
	};
}

/* What a thread's next finding is likely to be about. */
static void remember(const struct happening *what, struct dmk_recorded_buffer *buffer)
{
	moment.device = what->facts.device;
	moment.site = what->facts.site;
	moment.number = buffer ? buffer->last : 0;
	moment.at = what->facts.at;
}

static void note(struct happening *what, struct dmk_recorded_buffer *buffer)
{
	dmk_recorded_event(what->recorder, &what->facts, buffer);
	remember(what, buffer);
}

/* At its event a device is there, and who stands between it and memory is known. */
static void note_iommu(struct happening *what)
{
	if (what->facts.device >= 0 && what->event->dev->domain)
		what->recorder->device[what->facts.device].facts.iommu = true;
}

static enum dmk_timeline_kind mapping_kind(const struct dmk_event *event)
{
	static const enum dmk_timeline_kind kind[] = {
		[DMK_MAP_SINGLE] = DMK_TIMELINE_SINGLE, [DMK_MAP_PAGE] = DMK_TIMELINE_PAGE,
		[DMK_MAP_SG] = DMK_TIMELINE_SG,         [DMK_MAP_RESOURCE] = DMK_TIMELINE_RESOURCE,
		[DMK_MAP_PHYS] = DMK_TIMELINE_PHYS,     [DMK_MAP_LINK] = DMK_TIMELINE_LINK,
	};

	return kind[event->map_kind];
}

static enum dmk_timeline_kind memory_kind(const struct dmk_event *event)
{
	static const enum dmk_timeline_kind kind[] = {
		[DMK_KIND_COHERENT] = DMK_TIMELINE_COHERENT,
		[DMK_KIND_PAGES] = DMK_TIMELINE_PAGES,
		[DMK_KIND_NONCONTIGUOUS] = DMK_TIMELINE_NONCONTIGUOUS,
	};

	return kind[event->alloc_kind];
}

static void made(struct happening *what, enum dmk_timeline_what word, enum dmk_timeline_kind kind)
{
	struct dmk_recorded_buffer *buffer = dmk_recorded_add(what->recorder, what->event, kind,
							      what->facts.device);

	what->facts.what = word;
	note_iommu(what);
	if (buffer) {
		buffer->facts.from = what->facts.time;
		buffer->facts.site = what->facts.site;
		what->facts.at = 0;
		what->facts.size = buffer->facts.size;
		what->facts.direction = buffer->facts.direction;
	}
	note(what, buffer);
}

static void failed(struct happening *what, enum dmk_timeline_what word)
{
	what->facts.what = word;
	what->facts.result = what->event->result ? what->event->result : -ENOMEM;
	note(what, NULL);
}

/* A buffer is no more, unless the core refused to end it. */
static void ended(struct happening *what, enum dmk_timeline_what word,
		  struct dmk_recorded_buffer *buffer)
{
	what->facts.what = word;
	if (what->event->reason)
		what->facts.result = -EINVAL;
	if (buffer) {
		what->facts.at = dmk_recorded_offset(buffer, what->event->dma.v);
		what->facts.size = what->event->size ? what->event->size : buffer->facts.size;
	}
	note(what, buffer);
	if (buffer && !what->event->reason)
		dmk_recorded_end(what->recorder, buffer, what->facts.time, what->facts.site);
}

static void unmapped(struct happening *what)
{
	what->facts.direction = (int)what->event->dir;
	ended(what, DMK_TIMELINE_UNMAP,
	      dmk_recorded_begins(what->recorder, what->facts.device, what->event->dma.v,
				  mapping_kind(what->event)));
}

static void freed(struct happening *what)
{
	const enum dmk_timeline_kind kind = memory_kind(what->event);

	ended(what, DMK_TIMELINE_FREE,
	      kind == DMK_TIMELINE_NONCONTIGUOUS
		      ? dmk_recorded_known_as(what->recorder, what->event->cpu, kind)
		      : dmk_recorded_begins(what->recorder, what->facts.device, what->event->dma.v,
					    kind));
}

static void pool_memory(struct happening *what)
{
	if (what->event->result)
		made(what, DMK_TIMELINE_ALLOC, DMK_TIMELINE_POOL);
	else
		ended(what, DMK_TIMELINE_FREE,
		      dmk_recorded_begins(what->recorder, what->facts.device, what->event->dma.v,
					  DMK_TIMELINE_POOL));
}

/* All that is linked in the range: one event each, or one that names none. */
static void unlinked(struct happening *what)
{
	struct dmk_recorded_buffer *buffer;
	unsigned int n = 0;

	what->facts.direction = (int)what->event->dir;
	while (!what->event->reason &&
	       (buffer = dmk_recorded_inside(what->recorder, what->facts.device, what->event->dma.v,
					     what->event->size, DMK_TIMELINE_LINK))) {
		struct happening one = *what;
		struct dmk_event event = *what->event;

		event.dma.v = buffer->facts.dma;
		event.size = buffer->facts.size;
		one.event = &event;
		ended(&one, DMK_TIMELINE_UNMAP, buffer);
		n++;
	}
	if (!n)
		ended(what, DMK_TIMELINE_UNMAP, NULL);
}

/* What the event has as its size is linked still; the addresses may be more. */
static void addresses_freed(struct happening *what)
{
	struct dmk_recorded_buffer *buffer = dmk_recorded_begins(what->recorder, what->facts.device,
								 what->event->dma.v,
								 DMK_TIMELINE_ADDRESSES);
	struct dmk_event all = *what->event;

	if (what->event->size && !what->event->reason)
		unlinked(what);
	all.size = 0;
	what->event = &all;
	ended(what, DMK_TIMELINE_FREE, buffer);
}

static bool is_list(const struct dmk_event *event)
{
	return event->map_kind == DMK_MAP_SG && event->sg;
}

static void synced(struct happening *what, enum dmk_timeline_what word)
{
	const struct dmk_event *event = what->event;
	struct dmk_recorded_buffer *buffer =
		is_list(event) ? dmk_recorded_begins(what->recorder, what->facts.device,
						     event->dma.v, DMK_TIMELINE_SG)
			       : dmk_recorded_at(what->recorder, what->facts.device, event->dma.v);

	what->facts.what = word;
	what->facts.direction = word == DMK_TIMELINE_SYNC_LINKED ? -1 : (int)event->dir;
	if (buffer) {
		what->facts.at = dmk_recorded_offset(buffer, event->dma.v);
		if (is_list(event))
			what->facts.size = buffer->facts.size;
	}
	note(what, buffer);
}

static void device_access(struct happening *what)
{
	const struct dmk_event *event = what->event;
	struct dmk_recorded_buffer *buffer;

	what->facts.device = device_on_bus(what->recorder, event->requester, event->dma.v);
	what->facts.what = event->write ? DMK_TIMELINE_DEVICE_WRITE : DMK_TIMELINE_DEVICE_READ;
	what->facts.result = event->result;
	buffer = dmk_recorded_at(what->recorder, what->facts.device, event->dma.v);
	if (buffer)
		what->facts.at = dmk_recorded_offset(buffer, event->dma.v);
	dmk_recorded_access(what->recorder, &what->facts, buffer);
	remember(what, buffer);
}

static void cpu_access(struct happening *what)
{
	const struct dmk_event *event = what->event;
	struct dmk_recorded_buffer *buffer = dmk_recorded_in_memory(what->recorder, event->phys.v);

	if (!buffer)
		return; /* beside the buffer that made the page worth a look */
	what->facts.what = event->write ? DMK_TIMELINE_CPU_WRITE : DMK_TIMELINE_CPU_READ;
	what->facts.device = buffer->facts.device;
	what->facts.at = dmk_recorded_memory_offset(buffer, event->phys.v);
	dmk_recorded_access(what->recorder, &what->facts, buffer);
	remember(what, buffer);
}

static void transfer_begins(struct happening *what)
{
	const struct dmk_event *event = what->event;
	struct dmk_recorded_transfer *transfer;
	struct dmk_recorded_buffer *buffer;

	what->facts.device = device_on_bus(what->recorder, event->requester, event->dma.v);
	what->facts.what = DMK_TIMELINE_TRANSFER_BEGIN;
	what->facts.direction = (int)event->dir;
	what->facts.id = event->cookie;
	buffer = dmk_recorded_at(what->recorder, what->facts.device, event->dma.v);
	if (buffer)
		what->facts.at = dmk_recorded_offset(buffer, event->dma.v);
	note(what, buffer);
	transfer = dmk_report_grow(&what->recorder->transfer, &what->recorder->nr_transfers,
				   sizeof(*transfer));
	if (!transfer)
		return;
	*transfer = (struct dmk_recorded_transfer){event->cookie, buffer, what->facts};
	if (buffer)
		dmk_recorded_get(buffer);
}

static void transfer_ends(struct happening *what)
{
	struct dmk_recorder *recorder = what->recorder;
	struct dmk_recorded_transfer ended;
	size_t i = 0;

	while (i < recorder->nr_transfers && recorder->transfer[i].cookie != what->event->cookie)
		i++;
	if (i == recorder->nr_transfers)
		return;
	ended = recorder->transfer[i];
	recorder->transfer[i] = recorder->transfer[--recorder->nr_transfers];
	ended.facts.what = DMK_TIMELINE_TRANSFER_END;
	ended.facts.time = what->facts.time;
	ended.facts.thread = what->facts.thread;
	what->facts = ended.facts;
	note(what, ended.buffer);
	if (ended.buffer)
		dmk_recorded_put(recorder, ended.buffer);
}

static void of_driver(struct happening *what, enum dmk_timeline_what word)
{
	struct dmk_timeline_device *device;

	what->facts.what = word;
	what->facts.at = 0;
	what->facts.result = word == DMK_TIMELINE_PROBED ? what->event->result : 0;
	if (what->facts.device >= 0 && word == DMK_TIMELINE_BIND && what->event->name) {
		device = &what->recorder->device[what->facts.device].facts;
		free(device->driver);
		device->driver = strdup(what->event->name);
	}
	note(what, NULL);
}

static void take(struct happening *what)
{
	const struct dmk_event *event = what->event;

	switch (event->kind) {
	case DMK_EVENT_DEVICE_ADD:
		add_device(what->recorder, event->dev, event->requester, event->name);
		break;
	case DMK_EVENT_DEVICE_REMOVE:
		forget_device(what->recorder, event->dev);
		break;
	case DMK_EVENT_BIND:
		of_driver(what, DMK_TIMELINE_BIND);
		break;
	case DMK_EVENT_PROBED:
		of_driver(what, DMK_TIMELINE_PROBED);
		break;
	case DMK_EVENT_UNBIND:
		of_driver(what, DMK_TIMELINE_UNBIND);
		break;
	case DMK_EVENT_MAP:
		made(what, DMK_TIMELINE_MAP, mapping_kind(event));
		break;
	case DMK_EVENT_MAP_FAILED:
		failed(what, DMK_TIMELINE_MAP_FAILED);
		break;
	case DMK_EVENT_UNMAP:
		unmapped(what);
		break;
	case DMK_EVENT_SYNC_FOR_CPU:
		synced(what, DMK_TIMELINE_SYNC_FOR_CPU);
		break;
	case DMK_EVENT_SYNC_FOR_DEVICE:
		synced(what, DMK_TIMELINE_SYNC_FOR_DEVICE);
		break;
	case DMK_EVENT_IOVA_ALLOC:
		made(what, DMK_TIMELINE_ALLOC, DMK_TIMELINE_ADDRESSES);
		break;
	case DMK_EVENT_IOVA_SYNC:
		synced(what, DMK_TIMELINE_SYNC_LINKED);
		break;
	case DMK_EVENT_IOVA_UNLINK:
		unlinked(what);
		break;
	case DMK_EVENT_IOVA_FREE:
		addresses_freed(what);
		break;
	case DMK_EVENT_ALLOC:
		made(what, DMK_TIMELINE_ALLOC, memory_kind(event));
		break;
	case DMK_EVENT_ALLOC_FAILED:
		failed(what, DMK_TIMELINE_ALLOC_FAILED);
		break;
	case DMK_EVENT_FREE:
		freed(what);
		break;
	case DMK_EVENT_POOL_PAGE:
		pool_memory(what);
		break;
	case DMK_EVENT_POOL_ALLOC:
		made(what, DMK_TIMELINE_ALLOC, DMK_TIMELINE_POOL_BLOCK);
		break;
	case DMK_EVENT_POOL_FREE:
		ended(what, DMK_TIMELINE_FREE,
		      dmk_recorded_begins(what->recorder, what->facts.device, event->dma.v,
					  DMK_TIMELINE_POOL_BLOCK));
		break;
	case DMK_EVENT_DEVICE_ACCESS:
		device_access(what);
		break;
	case DMK_EVENT_CPU_ACCESS:
		cpu_access(what);
		break;
	case DMK_EVENT_TRANSFER_BEGIN:
		transfer_begins(what);
		break;
	case DMK_EVENT_TRANSFER_END:
		transfer_ends(what);
		break;
	default: /* the checker's findings say it, where it matters */
		remember(what, NULL);
		break;
	}
}

static bool says_nothing(enum dmk_event_kind kind)
{
	return kind == DMK_EVENT_MEMORY_ALLOC || kind == DMK_EVENT_MAPPING_ERROR ||
	       kind == DMK_EVENT_NEED_SYNC;
}

static void on_event(void *ctx, const struct dmk_event *event)
{
	struct dmk_recorder *recorder = ctx;
	const void *place = says_nothing(event->kind) ? NULL : place_of(recorder, event);
	struct happening what;

	pthread_mutex_lock(&recorder->lock);
	what = begin(recorder, event, place);
	take(&what);
	pthread_mutex_unlock(&recorder->lock);
}

/* --- findings --------------------------------------------------------------------------------- */

/*
 * The buffer that the thread's latest event was about, unless the checker names another; what it
 * names may be no more.
 */
static struct dmk_recorded_buffer *buffer_of(struct dmk_recorder *recorder, int device,
					     const struct dmk_found *found)
{
	struct dmk_recorded_buffer *latest = dmk_recorded_by(recorder, moment.number);

	if (found->dma.v == DMK_MAPPING_ERROR.v || (latest && latest->facts.dma == found->dma.v))
		return latest;
	return dmk_recorded_at(recorder, device, found->dma.v);
}

void dmk_recorder_found(void *ctx, const struct dmk_found *found)
{
	struct dmk_recorder *recorder = ctx;
	struct dmk_recorded_buffer *buffer;
	struct dmk_timeline_event facts = {.what = DMK_TIMELINE_FINDING,
					   .count = 1,
					   .buffer = -1,
					   .direction = -1,
					   .id = found->index};

	pthread_mutex_lock(&recorder->lock);
	facts.time = dmk_recorder_now(recorder);
	facts.thread = thread_here(recorder);
	facts.device = device_of(recorder, found->dev);
	if (facts.device < 0)
		facts.device = moment.device;
	facts.site = moment.site;
	buffer = buffer_of(recorder, facts.device, found);
	if (buffer == dmk_recorded_by(recorder, moment.number))
		facts.at = moment.at;
	dmk_recorded_event(recorder, &facts, buffer);
	pthread_mutex_unlock(&recorder->lock);
}

/* --- life ------------------------------------------------------------------------------------- */

struct dmk_recorder *dmk_recorder_new(const struct dmk_recorder_options *options)
{
	struct dmk_recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder)
		return NULL;
	if (options)
		recorder->options = *options;
	if (!recorder->options.limit)
		recorder->options.limit = DMK_RECORDER_EVENTS;
	if (recorder->options.limit < 2)
		recorder->options.limit = 2;
	recorder->observer = (struct dmk_observer){.event = on_event, .ctx = recorder};
	recorder->serial = atomic_fetch_add(&recorders, 1) + 1;
	pthread_mutex_init(&recorder->lock, NULL);
	recorder->start = dmk_recorder_now(recorder);
	return recorder;
}

void dmk_recorder_free(struct dmk_recorder *recorder)
{
	struct dmk_recorded_buffer *buffer, *next;

	if (!recorder)
		return;
	for (buffer = recorder->oldest; buffer; buffer = next) {
		next = buffer->newer;
		dmk_recorded_free(buffer);
	}
	for (size_t i = 0; i < recorder->nr_devices; i++) {
		free(recorder->device[i].facts.name);
		free(recorder->device[i].facts.driver);
	}
	for (size_t i = 0; i < recorder->nr_threads; i++)
		free(recorder->thread[i].name);
	free(recorder->device);
	free(recorder->thread);
	free(recorder->site);
	free(recorder->site_index);
	free(recorder->transfer);
	free(recorder->event);
	pthread_mutex_destroy(&recorder->lock);
	free(recorder);
}

const struct dmk_observer *dmk_recorder_observer(struct dmk_recorder *recorder)
{
	return &recorder->observer;
}
