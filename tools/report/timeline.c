/* SPDX-License-Identifier: MIT */
/* A timeline's words, and its end. How it looks as JSON: timeline_json.c. */
#include "report/timeline.h"

#include <stdlib.h>

const char *dmk_timeline_what_name(enum dmk_timeline_what what)
{
	static const char *const name[DMK_TIMELINE_WHATS] = {
		"map",          "map_failed",   "unmap",           "alloc",          "alloc_failed",
		"free",         "sync_for_cpu", "sync_for_device", "sync_linked",    "device_read",
		"device_write", "cpu_read",     "cpu_write",       "transfer_begin", "transfer_end",
		"bind",         "probed",       "unbind",          "finding",
	};

	return (unsigned int)what < DMK_TIMELINE_WHATS ? name[what] : "?";
}

const char *dmk_timeline_kind_name(enum dmk_timeline_kind kind)
{
	static const char *const name[DMK_TIMELINE_KINDS] = {
		"single",    "page",     "sg",    "resource",      "phys", "link",
		"addresses", "coherent", "pages", "noncontiguous", "pool", "pool block",
	};

	return (unsigned int)kind < DMK_TIMELINE_KINDS ? name[kind] : "?";
}

void dmk_timeline_findings_moved(struct dmk_timeline *timeline, const size_t *to, size_t n)
{
	for (size_t i = 0; i < timeline->nr_events; i++) {
		struct dmk_timeline_event *event = &timeline->event[i];

		if (event->what == DMK_TIMELINE_FINDING && event->id < n)
			event->id = to[event->id];
	}
}

void dmk_timeline_free(struct dmk_timeline *timeline)
{
	if (!timeline)
		return;
	for (size_t i = 0; i < timeline->nr_sites; i++) {
		free(timeline->site[i].function);
		free(timeline->site[i].file);
	}
	for (size_t i = 0; i < timeline->nr_devices; i++) {
		free(timeline->device[i].name);
		free(timeline->device[i].driver);
	}
	for (size_t i = 0; i < timeline->nr_threads; i++)
		free(timeline->thread[i].name);
	for (size_t i = 0; i < timeline->nr_buffers; i++) {
		free(timeline->buffer[i].pool);
		free(timeline->buffer[i].piece);
	}
	free(timeline->site);
	free(timeline->device);
	free(timeline->thread);
	free(timeline->buffer);
	free(timeline->event);
	free(timeline);
}
