/* SPDX-License-Identifier: MIT */
/*
 * A timeline: what happened to each buffer and device of one run, in the order it happened. The
 * recorder (tools/run/record.c) makes it; docs/JSON.md describes its JSON.
 *
 * Times are nanoseconds since the recorder began, just before the machine was booted. Devices,
 * threads, sites and buffers are named by their index in the arrays; -1 is none.
 */
#ifndef TOOLS_TIMELINE_H
#define TOOLS_TIMELINE_H

#include "report/report.h"

/* Order and names are part of the JSON: new ones come at the end. */
enum dmk_timeline_what {
	DMK_TIMELINE_MAP,
	DMK_TIMELINE_MAP_FAILED,
	DMK_TIMELINE_UNMAP,
	DMK_TIMELINE_ALLOC,
	DMK_TIMELINE_ALLOC_FAILED,
	DMK_TIMELINE_FREE,
	DMK_TIMELINE_SYNC_FOR_CPU,
	DMK_TIMELINE_SYNC_FOR_DEVICE,
	DMK_TIMELINE_SYNC_LINKED, /* dma_iova_sync */
	DMK_TIMELINE_DEVICE_READ,
	DMK_TIMELINE_DEVICE_WRITE,
	DMK_TIMELINE_CPU_READ,
	DMK_TIMELINE_CPU_WRITE,
	DMK_TIMELINE_TRANSFER_BEGIN,
	DMK_TIMELINE_TRANSFER_END,
	DMK_TIMELINE_BIND,
	DMK_TIMELINE_PROBED,
	DMK_TIMELINE_UNBIND,
	DMK_TIMELINE_FINDING,
	DMK_TIMELINE_WHATS
};

enum dmk_timeline_kind {
	DMK_TIMELINE_SINGLE,
	DMK_TIMELINE_PAGE,
	DMK_TIMELINE_SG,
	DMK_TIMELINE_RESOURCE,
	DMK_TIMELINE_PHYS,
	DMK_TIMELINE_LINK,      /* memory linked into addresses */
	DMK_TIMELINE_ADDRESSES, /* dma_iova_try_alloc: addresses without memory */
	DMK_TIMELINE_COHERENT,
	DMK_TIMELINE_PAGES,
	DMK_TIMELINE_NONCONTIGUOUS,
	DMK_TIMELINE_POOL, /* memory that a pool took */
	DMK_TIMELINE_POOL_BLOCK,
	DMK_TIMELINE_KINDS
};

#define DMK_TIMELINE_NEVER (~(uint64_t)0)

enum { DMK_TIMELINE_PIECES = 64 }; /* of a list that are kept to be shown */

struct dmk_timeline_device {
	char *name, *driver; /* driver: the last that was bound; or NULL */
	uint32_t requester;
	bool iommu; /* its addresses are an IOMMU's */
};

struct dmk_timeline_thread {
	char *name;
	int tid;
};

struct dmk_timeline_buffer {
	enum dmk_timeline_kind kind;
	int device;
	uint64_t dma, phys, cpu; /* of a list its first entry's; a list's own is .cpu */
	uint64_t size;           /* bytes */
	int direction;           /* enum dmk_direction; -1: it has none */
	bool bounced;
	uint64_t from, until; /* DMK_TIMELINE_NEVER: there at the end */
	int site, end_site;   /* where it was mapped or allocated, unmapped or freed */
	char *pool;           /* a pool's name, or NULL */
	struct dmk_timeline_piece {
		uint64_t dma, size;
	} * piece; /* what the device sees; one piece is not listed */
	size_t nr_pieces;
	uint64_t more_pieces; /* that were not kept */
};

struct dmk_timeline_event {
	enum dmk_timeline_what what;
	uint64_t time, duration; /* of several accesses that are one event: from first to last */
	uint64_t count;          /* of them; 1 else */
	int thread, device, buffer, site;
	uint64_t at;   /* bytes from the buffer's beginning; without a buffer, the DMA address */
	uint64_t size; /* bytes */
	int direction; /* -1: none */
	int result;    /* 0, or a negative errno: refused, failed */
	uint64_t id;   /* of a transfer; of a finding its index in .finding, then .suppressed */
};

struct dmk_timeline {
	uint64_t end;                          /* when the recorder was asked */
	uint64_t limit, seen;                  /* events that are kept at most; that there were */
	uint64_t dropped, gap_from, gap_until; /* dropped: not kept, all between the two times */
	struct dmk_report_frame *site;
	size_t nr_sites;
	struct dmk_timeline_device *device;
	size_t nr_devices;
	struct dmk_timeline_thread *thread;
	size_t nr_threads;
	struct dmk_timeline_buffer *buffer;
	size_t nr_buffers;
	struct dmk_timeline_event *event;
	size_t nr_events;
};

/** The words of docs/JSON.md. */
const char *dmk_timeline_what_name(enum dmk_timeline_what what);
const char *dmk_timeline_kind_name(enum dmk_timeline_kind kind);

/** dmk_timeline_free - with all that it owns; NULL: nothing. */
void dmk_timeline_free(struct dmk_timeline *timeline);

/** dmk_timeline_findings_moved - those that stood at i < @n stand at @to[i] now */
void dmk_timeline_findings_moved(struct dmk_timeline *timeline, const size_t *to, size_t n);

/** dmk_timeline_is_driver_s - whether it is about a driver that comes or goes, and no address */
static inline bool dmk_timeline_is_driver_s(enum dmk_timeline_what what)
{
	return what == DMK_TIMELINE_BIND || what == DMK_TIMELINE_PROBED ||
	       what == DMK_TIMELINE_UNBIND;
}

struct json_t;
/** dmk_timeline_json - as in docs/JSON.md; NULL: JSON's null. */
struct json_t *dmk_timeline_json(const struct dmk_timeline *timeline);
/** dmk_timeline_read - NULL: @object is none, or memory is out; what can't be is left out. */
struct dmk_timeline *dmk_timeline_read(const struct json_t *object);

#endif
