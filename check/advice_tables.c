/* SPDX-License-Identifier: MIT */
/*
 * What the advisor says: a table for each question, with a row for each of the driver's calls that
 * has an answer, and a sentence where there is something to do. docs/ADVICE.md has the same
 * definitions and thresholds in words.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "advice.h"
#include "findings.h"

/* Fewer tell nothing: a probe's one buffer may be as it likes. */
enum {
	BOUNCED_LEAST = 4,
	AGAIN_LEAST = 8,
	ONE_WAY_LEAST = 4,
	IDLE_LEAST = 4,
	PARTIAL_LEAST = 8,
	PARTIAL_TIMES = 4,    /* as much as was touched */
	PARTIAL_BYTES = 4096, /* lent in vain */
	CALL_WEIGHT = 100,    /* a call that could be saved, in bytes that could */
};

/* One question. It is asked of each call, or of each device, and of each of its parts. */
struct table {
	struct dmk_advice_section section;
	unsigned int parts;
	/* false: there is no such row */
	bool (*of_call)(const struct dmk_advisor *advisor, const struct dmk_call *call,
			unsigned int part, struct dmk_advice_row *row);
	bool (*of_device)(const struct dmk_seen *device, unsigned int part,
			  struct dmk_advice_row *row);
};

/* --- words ------------------------------------------------------------------------------------ */

enum { FEW = 32 };

static const char *in_bytes(char *text, uint64_t bytes)
{
	if (bytes < 10240)
		snprintf(text, FEW, "%" PRIu64 " byte%s", bytes, dmk_plural(bytes));
	else if (bytes < 10 * 1048576)
		snprintf(text, FEW, "%" PRIu64 ".%" PRIu64 " KiB", bytes / 1024,
			 bytes % 1024 * 10 / 1024);
	else
		snprintf(text, FEW, "%" PRIu64 ".%" PRIu64 " MiB", bytes / 1048576,
			 bytes % 1048576 * 10 / 1048576);
	return text;
}

static void DMK_PRINTF(2, 3) advise(struct dmk_advice_row *row, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(row->advice, sizeof(row->advice), format, args);
	va_end(args);
}

static void DMK_PRINTF(3, 4)
	put_text(struct dmk_advice_row *row, unsigned int column, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(row->cell[column].text, sizeof(row->cell[column].text), format, args);
	va_end(args);
}

/* The first column is the call's name, the others are numbers. */
static void put(struct dmk_advice_row *row, const struct dmk_call *call, const uint64_t *number,
		unsigned int n)
{
	put_text(row, 0, "%s", call->name);
	for (unsigned int i = 0; i < n; i++)
		row->cell[1 + i].number = number[i];
}
#define PUT(row, call, ...)                             \
	put(row, call, (const uint64_t[]){__VA_ARGS__}, \
	    sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* --- bounced ---------------------------------------------------------------------------------- */

static const struct dmk_advice_column bounced_columns[] = {
	{"call", "call", DMK_ADVICE_TEXT},        {"maps", "mappings", DMK_ADVICE_COUNT},
	{"bounced", "bounced", DMK_ADVICE_COUNT}, {"bytes", "bytes bounced", DMK_ADVICE_BYTES},
	{"moved", "copied", DMK_ADVICE_BYTES},    {"cause", "why", DMK_ADVICE_TEXT},
};

static unsigned int bits_of(uint64_t mask)
{
	unsigned int bits = 0;

	while (bits < 64 && mask >> bits)
		bits++;
	return bits;
}

static const char *const cause_text[DMK_CAUSES] = {
	[DMK_CAUSE_NONE] = "?",
	[DMK_CAUSE_MASK] = "above the driver's mask",
	[DMK_CAUSE_WINDOW] = "not shown by the bus",
	[DMK_CAUSE_FORCED] = "all is, on this machine",
	[DMK_CAUSE_RESTRICTED] = "all is, for this device",
	[DMK_CAUSE_PART] = "part of an IOMMU page",
};

static void advise_bounced(struct dmk_advice_row *row, const struct dmk_call *call,
			   unsigned int cause)
{
	const uint64_t times = call->bounced[cause].times;
	char moved[FEW];

	in_bytes(moved, call->moved);
	if (cause == DMK_CAUSE_MASK)
		advise(row,
		       "%" PRIu64 " of %" PRIu64
		       " mappings were bounced, and %s copied, since the driver's mask has %u bits: if the card drives more, set a wider one; "
		       "else take what the driver allocates itself with %s",
		       times, call->times, moved, bits_of(call->mask),
		       bits_of(call->mask) < 32 ? "GFP_DMA" : "GFP_DMA32");
	else if (cause == DMK_CAUSE_WINDOW)
		advise(row,
		       "%" PRIu64 " of %" PRIu64
		       " mappings were bounced, and %s copied, since the bus does not show that memory to the device, whatever its mask: "
		       "what the driver allocates itself, take with GFP_DMA or by dma_alloc_noncoherent()",
		       times, call->times, moved);
	else if (cause == DMK_CAUSE_PART)
		advise(row,
		       "%" PRIu64 " of %" PRIu64
		       " mappings were bounced, and %s copied, since they fill no whole pages of the IOMMU and the device is not trusted: "
		       "lend whole pages (alloc_page())",
		       times, call->times, moved);
}

/* A part is a cause. Where everything is bounced there is nothing that the driver could change. */
static bool bounced_row(const struct dmk_advisor *advisor, const struct dmk_call *call,
			unsigned int cause, struct dmk_advice_row *row)
{
	if (call->role != DMK_CALL_MAP || !call->bounced[cause].times)
		return false;
	PUT(row, call, call->times, call->bounced[cause].times, call->bounced[cause].bytes,
	    call->moved);
	put_text(row, 5, "%s", cause_text[cause]);
	row->weight = call->moved + CALL_WEIGHT * call->bounced[cause].times;
	if (call->bounced[cause].times >= BOUNCED_LEAST)
		advise_bounced(row, call, cause);
	return true;
}

/* --- again ------------------------------------------------------------------------------------ */

static const struct dmk_advice_column again_columns[] = {
	{"call", "call", DMK_ADVICE_TEXT},
	{"maps", "mappings", DMK_ADVICE_COUNT},
	{"again", "of a buffer mapped before", DMK_ADVICE_COUNT},
	{"buffers", "buffers", DMK_ADVICE_COUNT},
	{"bytes", "bytes", DMK_ADVICE_BYTES},
	{"moved", "copied or cleaned", DMK_ADVICE_BYTES},
};

static bool again_row(const struct dmk_advisor *advisor, const struct dmk_call *call,
		      unsigned int part, struct dmk_advice_row *row)
{
	if (call->role != DMK_CALL_MAP)
		return false;
	PUT(row, call, call->times, call->again, call->buffers, call->bytes, call->moved);
	row->weight = 2 * CALL_WEIGHT * call->again;
	if (call->again < AGAIN_LEAST || 4 * call->again < 3 * call->times)
		return true;
	advise(row,
	       "%" PRIu64 " of %" PRIu64 " mappings lend what this line lent before, %" PRIu64
	       " buffer%s in all: map each once, when it is made, and hand it over by dma_sync_*_for_cpu() and _for_device(); that saves "
	       "%" PRIu64 " maps and as many unmaps",
	       call->again, call->times, call->buffers, dmk_plural(call->buffers), call->again);
	return true;
}

/* --- consistent ------------------------------------------------------------------------------- */

static const struct dmk_advice_column consistent_columns[] = {
	{"call", "call", DMK_ADVICE_TEXT},
	{"maps", "mappings", DMK_ADVICE_COUNT},
	{"shared", "used by both sides", DMK_ADVICE_COUNT},
	{"syncs", "syncs of these", DMK_ADVICE_COUNT},
	{"moved", "copied or cleaned by them", DMK_ADVICE_BYTES},
};

static bool consistent_row(const struct dmk_advisor *advisor, const struct dmk_call *call,
			   unsigned int part, struct dmk_advice_row *row)
{
	char moved[FEW];

	if (call->role != DMK_CALL_MAP || !call->shared)
		return false;
	PUT(row, call, call->times, call->shared, call->shared_syncs, call->shared_moved);
	row->weight = call->shared_moved + CALL_WEIGHT * call->shared_syncs;
	advise(row,
	       "%" PRIu64 " mapping%s %s handed over %" PRIu64
	       " times and hardly ever for new data (%s copied or cleaned): small memory that both sides use all the time comes from "
	       "dma_alloc_coherent(), and needs no syncs",
	       call->shared, dmk_plural(call->shared), call->shared == 1 ? "was" : "were",
	       call->shared_syncs, in_bytes(moved, call->shared_moved));
	return true;
}

/* --- direction -------------------------------------------------------------------------------- */

static const struct dmk_advice_column direction_columns[] = {
	{"call", "call", DMK_ADVICE_TEXT},
	{"maps", "mappings", DMK_ADVICE_COUNT},
	{"touched", "that the device touched", DMK_ADVICE_COUNT},
	{"read", "read", DMK_ADVICE_COUNT},
	{"written", "written", DMK_ADVICE_COUNT},
	{"moved", "copied or cleaned", DMK_ADVICE_BYTES},
};

static bool direction_row(const struct dmk_advisor *advisor, const struct dmk_call *call,
			  unsigned int part, struct dmk_advice_row *row)
{
	if (call->role != DMK_CALL_MAP || call->dir != DMK_BIDIRECTIONAL || call->dir_varies ||
	    !call->touched)
		return false;
	PUT(row, call, call->times, call->touched, call->read, call->written, call->moved);
	row->weight = call->moved / 2 + call->touched;
	if (call->touched < ONE_WAY_LEAST || (call->read && call->written))
		return true;
	if (call->read)
		advise(row,
		       "the device read %" PRIu64
		       " of these DMA_BIDIRECTIONAL mappings and wrote to none: DMA_TO_DEVICE brings nothing back, and lets the device write nothing",
		       call->read);
	else
		advise(row,
		       "the device wrote to %" PRIu64
		       " of these DMA_BIDIRECTIONAL mappings and read none: if it writes all that is looked at, DMA_FROM_DEVICE brings nothing there",
		       call->written);
	return true;
}

/* --- syncs ------------------------------------------------------------------------------------ */

static const struct dmk_advice_column syncs_columns[] = {
	{"call", "call", DMK_ADVICE_TEXT},
	{"syncs", "syncs", DMK_ADVICE_COUNT},
	{"bytes", "bytes", DMK_ADVICE_BYTES},
	{"moved", "copied or cleaned", DMK_ADVICE_BYTES},
	{"beside_map", "right after the map", DMK_ADVICE_COUNT},
	{"beside_unmap", "right before the unmap", DMK_ADVICE_COUNT},
	{"nobody", "nobody touched it", DMK_ADVICE_COUNT},
};

static uint64_t idle_of(const struct dmk_call *call)
{
	uint64_t idle = 0;

	for (unsigned int i = 0; i < DMK_IDLES; i++)
		idle += call->idle[i];
	return idle;
}

static void advise_idle(struct dmk_advice_row *row, const struct dmk_call *call)
{
	const char *why;
	char moved[FEW];

	if (call->idle[DMK_IDLE_BESIDE_MAP] == call->times)
		why = "came after the map, and the CPU touched nothing in between: the map had handed the bytes over";
	else if (call->idle[DMK_IDLE_BESIDE_UNMAP] == call->times)
		why = "came before the unmap, and the CPU touched nothing in between: the unmap hands the bytes over itself";
	else if (call->role == DMK_CALL_SYNC_CPU)
		why = "was of use: the device had written nothing, or the CPU looked at nothing before the next unmap or sync";
	else
		why = "was of use: the CPU had written nothing, and the device touched nothing before the next unmap or sync";
	advise(row, "%s of the %" PRIu64 " syncs %s; leave it out (%s copied or cleaned)",
	       call->idle[DMK_IDLE_BESIDE_MAP] == call->times ||
			       call->idle[DMK_IDLE_BESIDE_UNMAP] == call->times
		       ? "each"
		       : "none",
	       call->times, why, in_bytes(moved, call->moved));
}

static bool syncs_row(const struct dmk_advisor *advisor, const struct dmk_call *call,
		      unsigned int part, struct dmk_advice_row *row)
{
	if (call->role != DMK_CALL_SYNC_CPU && call->role != DMK_CALL_SYNC_DEVICE)
		return false;
	PUT(row, call, call->times, call->bytes, call->moved, call->idle[DMK_IDLE_BESIDE_MAP],
	    call->idle[DMK_IDLE_BESIDE_UNMAP], call->idle[DMK_IDLE_NOBODY]);
	for (unsigned int i = 4; i < 7 && !advisor->options.sees_cpu; i++)
		row->cell[i].number = DMK_ADVICE_UNKNOWN;
	row->weight = call->moved + CALL_WEIGHT * call->times;
	if (call->times >= IDLE_LEAST && idle_of(call) == call->times)
		advise_idle(row, call);
	return true;
}

/* --- partial ---------------------------------------------------------------------------------- */

static const struct dmk_advice_column partial_columns[] = {
	{"call", "call", DMK_ADVICE_TEXT},
	{"touched", "mappings that the device touched", DMK_ADVICE_COUNT},
	{"bytes", "their bytes", DMK_ADVICE_BYTES},
	{"touched_bytes", "touched", DMK_ADVICE_BYTES},
	{"moved", "copied or cleaned", DMK_ADVICE_BYTES},
};

static bool partial_row(const struct dmk_advisor *advisor, const struct dmk_call *call,
			unsigned int part, struct dmk_advice_row *row)
{
	const uint64_t in_vain = call->touched_of - call->touched_bytes;
	char moved[FEW], lent[FEW], touched[FEW];

	if (call->role != DMK_CALL_MAP || !call->touched)
		return false;
	PUT(row, call, call->touched, call->touched_of, call->touched_bytes, call->moved);
	row->weight = call->moved / (call->touched_of / 1024 + 1) * (in_vain / 1024);
	if (call->touched < PARTIAL_LEAST || in_vain < PARTIAL_BYTES || !call->moved ||
	    call->touched_of < PARTIAL_TIMES * call->touched_bytes)
		return true;
	advise(row,
	       "of %s in %" PRIu64
	       " mappings the device touched %s, and %s were copied or cleaned: %s",
	       in_bytes(lent, call->touched_of), call->touched,
	       in_bytes(touched, call->touched_bytes), in_bytes(moved, call->moved),
	       call->dir == DMK_TO_DEVICE
		       ? "lend as much as the device will read"
		       : "sync for the CPU as much as has come, and unmap with DMA_ATTR_SKIP_CPU_SYNC");
	return true;
}

/* --- unmaps ----------------------------------------------------------------------------------- */

static const struct dmk_advice_column unmaps_columns[] = {
	{"call", "call", DMK_ADVICE_TEXT},
	{"maps", "mappings that would stay", DMK_ADVICE_COUNT},
	{"bytes", "bytes", DMK_ADVICE_BYTES},
	{"slots", "bounce slots", DMK_ADVICE_COUNT},
	{"slots_there", "of", DMK_ADVICE_COUNT},
	{"addresses", "IOMMU addresses", DMK_ADVICE_BYTES},
	{"addresses_there", "of", DMK_ADVICE_BYTES},
	{"moved", "brought back by the unmap", DMK_ADVICE_BYTES},
	{"without", "without the unmap", DMK_ADVICE_TEXT},
};

/* Of its addresses, those that the driver's mask lets be used. */
static uint64_t addresses_there(const struct dmk_call *call)
{
	const struct dmk_seen *device = call->device;
	uint64_t last;

	if (!device || !device->use.granule)
		return 0;
	last = device->mask < device->use.iova_last ? device->mask : device->use.iova_last;
	return last == ~0ULL ? last : last + 1;
}

/* What is there goes in how many of such runs? */
static void say_runs_out(struct dmk_advice_row *row, unsigned int column,
			 const struct dmk_call *call, const char *what, uint64_t taken,
			 uint64_t there)
{
	const uint64_t runs = there / taken;

	if (runs)
		put_text(row, column, "%s are out after %" PRIu64 " run%s like this one", what,
			 runs, dmk_plural(runs));
	else
		put_text(row, column, "%s are out in this run, at about its mapping %" PRIu64, what,
			 call->times * there / taken + 1);
}

static void say_without(struct dmk_advice_row *row, const struct dmk_call *call, uint64_t slots,
			uint64_t addresses)
{
	char bytes[FEW];

	if (call->slots && slots)
		say_runs_out(row, 8, call, "bounce slots", call->slots, slots);
	else if (call->addresses && addresses)
		say_runs_out(row, 8, call, "addresses", call->addresses, addresses);
	else if (call->last_moved)
		put_text(row, 8, "%s from the device may never be seen",
			 in_bytes(bytes, call->last_moved));
	else
		put_text(row, 8, "nothing runs out on this machine; on others it does");
}

static bool unmaps_row(const struct dmk_advisor *advisor, const struct dmk_call *call,
		       unsigned int part, struct dmk_advice_row *row)
{
	const uint64_t slots = call->device ? call->device->use.slots : 0;
	const uint64_t addresses = addresses_there(call);

	if (call->role != DMK_CALL_MAP || !call->times)
		return false;
	PUT(row, call, call->times, call->bytes, call->slots, slots, call->addresses, addresses,
	    call->last_moved);
	say_without(row, call, slots, addresses);
	row->weight = call->slots * 2048 + call->addresses + call->last_moved + call->times;
	return true;
}

/* --- sites ------------------------------------------------------------------------------------ */

static const struct dmk_advice_column sites_columns[] = {
	{"call", "call", DMK_ADVICE_TEXT},
	{"times", "times", DMK_ADVICE_COUNT},
	{"failed", "failed", DMK_ADVICE_COUNT},
	{"bytes", "bytes", DMK_ADVICE_BYTES},
	{"most", "most at once", DMK_ADVICE_COUNT},
	{"most_bytes", "most bytes at once", DMK_ADVICE_BYTES},
	{"held", "held, on average", DMK_ADVICE_NANOSECONDS},
	{"longest", "held longest", DMK_ADVICE_NANOSECONDS},
	{"left", "left", DMK_ADVICE_COUNT},
};

static bool sites_row(const struct dmk_advisor *advisor, const struct dmk_call *call,
		      unsigned int part, struct dmk_advice_row *row)
{
	if (call->role != DMK_CALL_MAP && call->role != DMK_CALL_ALLOC)
		return false;
	PUT(row, call, call->times, call->failed, call->bytes, call->live_most,
	    call->live_bytes_most, call->ended ? call->held / call->ended : DMK_ADVICE_UNKNOWN,
	    call->ended ? call->held_longest : DMK_ADVICE_UNKNOWN, call->live);
	row->weight = call->bytes;
	return true;
}

/* --- limits ----------------------------------------------------------------------------------- */

static const struct dmk_advice_column limits_columns[] = {
	{"what", "of what", DMK_ADVICE_TEXT},
	{"device", "device", DMK_ADVICE_TEXT},
	{"there", "there are", DMK_ADVICE_COUNT},
	{"most", "most at once", DMK_ADVICE_COUNT},
	{"refused", "mappings refused", DMK_ADVICE_COUNT},
};

static bool limits_row(const struct dmk_seen *device, unsigned int part, struct dmk_advice_row *row)
{
	const struct dmk_use *use = &device->use;
	const bool slots = part == 0;
	uint64_t last;

	if (slots ? !use->slots : !use->granule)
		return false;
	last = device->mask < use->iova_last ? device->mask : use->iova_last;
	put_text(row, 0,
		 slots ? "bounce slots of %" PRIu64 " bytes" : "IOMMU pages of %" PRIu64 " bytes",
		 slots ? use->slot_size : use->granule);
	put_text(row, 1, "%s", device->name);
	row->cell[2].number = slots ? use->slots : last / use->granule;
	row->cell[3].number = slots ? use->slots_most : device->addresses_most / use->granule;
	row->cell[4].number = slots ? use->slots_refused : DMK_ADVICE_UNKNOWN;
	row->weight = row->cell[3].number * (slots ? use->slot_size : use->granule);
	if (slots && use->slots_refused)
		advise(row,
		       "%" PRIu64 " mapping%s refused because all %" PRIu64
		       " bounce slots were in use: lend less at a time, set a wider mask, or allocate within the device's reach",
		       use->slots_refused, use->slots_refused == 1 ? " was" : "s were", use->slots);
	else if (10 * row->cell[3].number >= 8 * row->cell[2].number)
		advise(row,
		       "%" PRIu64 " of %" PRIu64
		       " %s were in use at once: a little more load and maps fail",
		       row->cell[3].number, row->cell[2].number,
		       slots ? "bounce slots" : "addresses");
	return true;
}

/* --- all of them ------------------------------------------------------------------------------ */

#define COLUMNS(name) \
	.column = name##_columns, .nr_columns = sizeof(name##_columns) / sizeof(name##_columns[0])

static const struct table tables[] = {
	{{"bounced", "bounced",
	  "Mappings of memory that the device does not reach: copied to and from bounce slots.",
	  false, COLUMNS(bounced)},
	 DMK_CAUSES,
	 bounced_row,
	 NULL},
	{{"again", "mapped again",
	  "Buffers that one line maps again and again, and that are not freed in between.", false,
	  COLUMNS(again)},
	 1,
	 again_row,
	 NULL},
	{{"consistent", "shared all the time",
	  "Small mappings that changed hands many times while they were lent.", false,
	  COLUMNS(consistent)},
	 1,
	 consistent_row,
	 NULL},
	{{"direction", "in one direction",
	  "DMA_BIDIRECTIONAL mappings, and what the device did with them.", true,
	  COLUMNS(direction)},
	 1,
	 direction_row,
	 NULL},
	{{"syncs", "syncs", "What each sync moved on this machine, and how often it was of no use.",
	  true, COLUMNS(syncs)},
	 1,
	 syncs_row,
	 NULL},
	{{"partial", "lent in vain",
	  "How much of what was lent the device touched, from the first to the last byte of each mapping.",
	  false, COLUMNS(partial)},
	 1,
	 partial_row,
	 NULL},
	{{"unmaps", "what an unmap is for",
	  "What this run would have come to if nothing that a line maps were unmapped.", false,
	  COLUMNS(unmaps)},
	 1,
	 unmaps_row,
	 NULL},
	{{"sites", "call sites",
	  "What each line lends: how much, how much of it at once, and for how long.", false,
	  COLUMNS(sites)},
	 1,
	 sites_row,
	 NULL},
	{{"limits", "limits", "What there is a limit of, and how near it the run came.", false,
	  COLUMNS(limits)},
	 2,
	 NULL,
	 limits_row},
};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

const struct dmk_advice_section *dmk_advice_section(unsigned int index)
{
	return index < TABLES ? &tables[index].section : NULL;
}

struct rows {
	struct dmk_advice_row *row;
	size_t n, room;
};

/* A zeroed row at the end, which is one only if .n is counted up; NULL: out of memory. */
static struct dmk_advice_row *next_row(struct rows *rows)
{
	struct dmk_advice_row *grown;

	if (rows->n == rows->room) {
		const size_t room = rows->room ? 2 * rows->room : 16;

		grown = realloc(rows->row, room * sizeof(*grown));
		if (!grown)
			return NULL;
		rows->row = grown;
		rows->room = room;
	}
	grown = &rows->row[rows->n];
	*grown = (struct dmk_advice_row){.weight = 0};
	return grown;
}

static void ask_calls(const struct dmk_advisor *advisor, const struct table *table,
		      struct rows *rows)
{
	for (const struct dmk_call *call = advisor->calls; call && table->of_call;
	     call = call->next) {
		for (unsigned int part = 0; part < table->parts; part++) {
			struct dmk_advice_row *row = next_row(rows);

			if (!row)
				return;
			row->where = call->where;
			rows->n += table->of_call(advisor, call, part, row);
		}
	}
}

static void ask_devices(const struct dmk_advisor *advisor, const struct table *table,
			struct rows *rows)
{
	for (const struct dmk_seen *seen = advisor->seen; seen && table->of_device;
	     seen = seen->next) {
		for (unsigned int part = 0; part < table->parts; part++) {
			struct dmk_advice_row *row = next_row(rows);

			if (!row)
				return;
			rows->n += table->of_device(seen, part, row);
		}
	}
}

static int compare(const void *a, const void *b)
{
	const struct dmk_advice_row *x = a, *y = b;

	if (!x->advice[0] != !y->advice[0])
		return x->advice[0] ? -1 : 1;
	return (x->weight < y->weight) - (x->weight > y->weight);
}

bool dmk_advisor_rows(struct dmk_advisor *advisor, unsigned int section,
		      bool (*take)(void *ctx, const struct dmk_advice_row *row), void *ctx)
{
	struct rows rows = {.n = 0};
	bool all = section < TABLES;

	if (!all)
		return false;
	pthread_mutex_lock(&advisor->lock);
	ask_calls(advisor, &tables[section], &rows);
	ask_devices(advisor, &tables[section], &rows);
	pthread_mutex_unlock(&advisor->lock);
	if (rows.n)
		qsort(rows.row, rows.n, sizeof(rows.row[0]), compare);
	for (size_t i = 0; i < rows.n && all; i++)
		all = take(ctx, &rows.row[i]);
	free(rows.row);
	return all;
}
