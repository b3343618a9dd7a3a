/* SPDX-License-Identifier: MIT */
/*
 * Findings: one for each mistake and place, with a count. Also the inside of the checker, which
 * every judge_*.c works on.
 */
#ifndef CHECK_FINDINGS_H
#define CHECK_FINDINGS_H

#include <pthread.h>

#include <dmakit/check.h>

#include "gate.h"
#include "order.h"
#include "rules.h"
#include "shadow.h"

struct dmk_finding_entry {
	struct dmk_link link;
	struct dmk_finding finding;
	size_t index;
};

/** Whoever is alone behind the closed gate has all of it; of the others see plain.c. */
struct dmk_checker {
	struct dmk_observer observer;
	struct dmk_gate gate;
	bool all_judged; /* nothing is plain: of each record somebody wants to know */
	struct dmk_check_options options;
	struct dmk_shadow shadow;
	struct dmk_traces traces;
	struct dmk_index finding_index;
	struct dmk_pile finding_pile;
	struct dmk_finding **findings; /* in order of first sight */
	size_t nr_findings, room;
	struct dmk_check_totals totals;
	struct dmk_order order;
	const void *mistaken_entry; /* of the list mistake that was seen last */
	/* where a walk over the live records stands */
	struct {
		size_t index;
		uint64_t serial;
		const struct dmk_record *record;
	} walk;
};

/** What a judge saw. Of .record and .past at most one is set: the buffer that the report shows. */
struct dmk_mistake {
	enum dmk_rule_name rule;
	const struct dmk_watched *device; /* NULL: none in the call */
	const struct dmk_trace *where;    /* NULL: no driver's line broke the rule, a device did */
	const struct dmk_trace *second;   /* NULL: not known */
	const char *label;                /* what the second stack shows; NULL: "mapped" */
	const struct dmk_record *record;
	const struct dmk_past *past;
	bool once_per_second; /* the place is the second stack's alone */
	bool once_per_place;  /* the place is the first stack's alone */
	uint64_t count;       /* how often at once; 0 counts as 1 */
};

/**
 * dmk_report - note a mistake
 * Return: the new finding, for dmk_say() and dmk_mend(); NULL: it is known already and was counted.
 */
struct dmk_finding *dmk_report(struct dmk_checker *checker, const struct dmk_mistake *mistake);
/**
 * dmk_known - the finding that a mistake was noted as, by its place and @mistake->rule; NULL: none.
 */
struct dmk_finding *dmk_known(struct dmk_checker *checker, const struct dmk_mistake *mistake);
void dmk_say(struct dmk_finding *finding, const char *format, ...) DMK_PRINTF(2, 3);
void dmk_mend(struct dmk_finding *finding, const char *format, ...) DMK_PRINTF(2, 3);

/* --- describe.c: words for facts -------------------------------------------------------------- */

const char *dmk_direction_name(enum dmk_direction dir);
/** The call that maps, unmaps: "dma_map_single", "dma_unmap_sg". */
const char *dmk_map_call(enum dmk_map_kind kind);
const char *dmk_unmap_call(enum dmk_map_kind kind);
/** What becomes of an event's memory in the shadow. */
enum dmk_record_kind dmk_made_kind(enum dmk_alloc_kind kind);
/**
 * The call that gives memory, and the one that it goes back by: "dma_alloc_pages",
 * "dma_free_pages".
 */
const char *dmk_take_call(enum dmk_record_kind kind);
const char *dmk_give_call(enum dmk_record_kind kind);
const char *dmk_kind_name(enum dmk_record_kind kind, enum dmk_map_kind map_kind);
void dmk_describe_record(struct dmk_buffer *buffer, const struct dmk_record *record);
void dmk_describe_past(struct dmk_buffer *buffer, const struct dmk_past *past);
/** What happened to it, into a finding that has no history yet. */
void dmk_describe_history(struct dmk_finding *finding, const struct dmk_record *record);
void dmk_describe_past_history(const struct dmk_shadow *shadow, struct dmk_finding *finding,
			       const struct dmk_past *past);
/** "s" unless @n is 1. */
const char *dmk_plural(uint64_t n);

/* --- guess.c: what was given in place of an address ------------------------------------------- */

enum dmk_guess_kind {
	DMK_GUESS_NONE,
	DMK_GUESS_ERROR,   /* DMA_MAPPING_ERROR */
	DMK_GUESS_ZERO,    /* nothing was filled in */
	/* one of those, while .record is a list of fewer segments than entries */
	DMK_GUESS_ENTRIES,
	DMK_GUESS_OTHER_DEVICE,
	DMK_GUESS_PHYS,    /* of .record */
	DMK_GUESS_POINTER, /* to .record */
	DMK_GUESS_CUT,     /* the low .width bits of .full, in .record or .past */
};

struct dmk_guess {
	enum dmk_guess_kind kind;
	struct dmk_record *record;
	const struct dmk_past *past;
	uint64_t full;
	unsigned int width;
};

/** @seen, where nothing is mapped for @device. */
struct dmk_guess dmk_guess_address(const struct dmk_shadow *shadow,
				   const struct dmk_watched *device, uint64_t seen);
/** Whether it is a handle of @device that lost its upper bits. */
bool dmk_guess_cut(const struct dmk_shadow *shadow, const struct dmk_watched *device, uint64_t seen,
		   struct dmk_guess *guess);
/**
 * Whether an access of @size bytes, which leaves @segment, is as long as the list's entry of the
 * same number, @index: its sg->length was taken for the segment's.
 */
bool dmk_guess_length(const struct dmk_extent *segment, uint64_t first, uint64_t size,
		      unsigned int *index);
/** The mend that a guess comes to. */
void dmk_say_guess(struct dmk_finding *finding, const struct dmk_watched *device,
		   const struct dmk_guess *guess);

/* --- the judges: each takes one event, with the lock held ------------------------------------- */

void dmk_judge_map(struct dmk_checker *checker, const struct dmk_event *event,
		   const struct dmk_trace *where);
/** What is wrong with the request of a mapping that was made all the same. */
void dmk_judge_request(struct dmk_checker *checker, const struct dmk_event *event,
		       const struct dmk_trace *where);
void dmk_judge_map_failed(struct dmk_checker *checker, const struct dmk_event *event,
			  const struct dmk_trace *where);
void dmk_judge_mapping_error(struct dmk_checker *checker, const struct dmk_event *event);
void dmk_judge_unmap(struct dmk_checker *checker, const struct dmk_event *event,
		     const struct dmk_trace *where);
void dmk_judge_sync(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where);

void dmk_judge_alloc(struct dmk_checker *checker, const struct dmk_event *event,
		     const struct dmk_trace *where);
void dmk_judge_alloc_failed(struct dmk_checker *checker, const struct dmk_event *event,
			    const struct dmk_trace *where);
void dmk_judge_free(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where);
void dmk_judge_alloc_view(struct dmk_checker *checker, const struct dmk_event *event,
			  const struct dmk_trace *where);

void dmk_judge_pool(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where);

void dmk_judge_memory(struct dmk_checker *checker, const struct dmk_event *event,
		      const struct dmk_trace *where);
void dmk_judge_context(struct dmk_checker *checker, const struct dmk_event *event,
		       const struct dmk_trace *where);

/**
 * STR-09: whether a new mapping, not yet a record, shares lines or bytes with others. True: it is
 * excused.
 */
bool dmk_judge_lines(struct dmk_checker *checker, struct dmk_watched *device,
		     const struct dmk_event *event, const struct dmk_trace *where);
/**
 * MEM-08: what else lies in the lines of a mapping, which is live; and in whose lines a new object
 * lies.
 */
void dmk_judge_neighbours(struct dmk_checker *checker, struct dmk_record *record);
void dmk_judge_new_neighbour(struct dmk_checker *checker, const struct dmk_object *object);

/** The DMA engine: a step of a client's or a provider's, and a wait that was in vain. */
void dmk_judge_engine(struct dmk_checker *checker, const struct dmk_event *event,
		      const struct dmk_trace *where);
void dmk_judge_timed_out(struct dmk_checker *checker, const struct dmk_event *event,
			 const struct dmk_trace *where);
/** What was never issued, since the program hangs. */
void dmk_judge_hung(struct dmk_checker *checker);
/** What is on channels that @client asked for, which has gone; NULL: on all, at the end. */
void dmk_judge_channels_left(struct dmk_checker *checker, const struct dmk_watched *client,
			     const char *when);
/** What a descriptor is for: when it is prepared, by @event; and when it is issued. */
void dmk_judge_pieces(struct dmk_checker *checker, struct dmk_descriptor *descriptor,
		      const struct dmk_event *event, const struct dmk_trace *where);
void dmk_judge_issued(struct dmk_checker *checker, struct dmk_descriptor *descriptor,
		      const struct dmk_trace *where);
/** Whether a descriptor that is not done works on @record, which goes: that is reported. */
bool dmk_judge_descriptors(struct dmk_checker *checker, struct dmk_record *record,
			   const struct dmk_trace *where);
/** Whether [first, last] are of what a descriptor was wrongly given: that was reported. */
bool dmk_is_of_bad_piece(const struct dmk_watched *device, uint64_t first, uint64_t last);
/**
 * dmk_first_forbidden - false: @device may access all of [*at, last]; true: *at is now the first
 * byte that it may not
 */
bool dmk_first_forbidden(const struct dmk_watched *device, bool write, uint64_t *at, uint64_t last);

void dmk_judge_list(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where);
/** What is wrong with a list that the core refused to map: its size, or memory that is none. */
void dmk_judge_list_refused(struct dmk_checker *checker, const struct dmk_event *event,
			    const struct dmk_trace *where);

/** ISA-01, ISA-02, ISA-04: a DMA channel in the wrong way. */
void dmk_judge_channel(struct dmk_checker *checker, const struct dmk_event *event,
		       const struct dmk_trace *where);
void dmk_note_channel(struct dmk_checker *checker, const struct dmk_event *event);

void dmk_judge_life(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where);

void dmk_judge_access(struct dmk_checker *checker, const struct dmk_event *event);

/** STR-03, SYN-02: the CPU's access to what may be the device's. */
void dmk_judge_cpu(struct dmk_checker *checker, const struct dmk_event *event);
/** SYN-02: the device's access to what may be the CPU's; it is inside, in time and in direction. */
void dmk_judge_turn(struct dmk_checker *checker, struct dmk_watched *device,
		    const struct dmk_event *event);

/** COH-05: the driver's store; a device that did not see one; memory that is given back. */
void dmk_note_store(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where);
void dmk_judge_unseen(struct dmk_checker *checker, const struct dmk_event *event);
void dmk_judge_load_early(struct dmk_checker *checker, const struct dmk_event *event,
			  const struct dmk_trace *where);
void dmk_forget_torn(struct dmk_checker *checker, const struct dmk_event *event);
/**
 * dmk_judge_believed - the device's next access, or work that it takes up
 * Return: that it goes there is explained by what it did not see, which is reported.
 */
bool dmk_judge_believed(struct dmk_checker *checker, const struct dmk_watched *device,
			const struct dmk_event *event);
void dmk_judge_need_sync(struct dmk_checker *checker, const struct dmk_event *event);
void dmk_judge_iova(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where);
/** What is wrong with a piece that the core refused to link. */
void dmk_judge_link_refused(struct dmk_checker *checker, const struct dmk_event *event,
			    const struct dmk_trace *where);
/** IOM-06: the device uses [first, last], which may be linked and not synced. */
void dmk_judge_unsynced(struct dmk_checker *checker, struct dmk_watched *device, uint64_t first,
			uint64_t last, bool write);
/** STR-06, of spaces that the device still has. */
void dmk_judge_spaces_left(struct dmk_checker *checker, struct dmk_watched *device,
			   const char *when);

/* --- shared between judges -------------------------------------------------------------------- */

/**
 * STR-07: @record is about to be taken away at @where while its device works on it. True: it was
 * reported.
 */
bool dmk_judge_busy(struct dmk_checker *checker, struct dmk_record *record,
		    const struct dmk_trace *where);
/** STR-02: @record is being used and nobody asked whether it failed. */
void dmk_judge_unchecked(struct dmk_checker *checker, struct dmk_record *record,
			 const struct dmk_trace *where);
/** MSK-03: DMA of one kind is asked for. */
void dmk_judge_mask(struct dmk_checker *checker, struct dmk_watched *device,
		    struct dmk_mask_state *mask, const struct dmk_trace *where);
/** SGL-05: a list was mapped with another number of entries than @call was given. */
void dmk_report_count(struct dmk_checker *checker, const struct dmk_record *record,
		      const struct dmk_event *event, const char *call,
		      const struct dmk_trace *where);
/** DIR-04: @call takes a mapping away, and names another direction than the map. */
void dmk_report_other_direction(struct dmk_checker *checker, const struct dmk_record *record,
				const struct dmk_event *event, const char *call,
				const struct dmk_trace *where);
/** Bytes of the memory an event speaks of; of a list, all its entries'. */
uint64_t dmk_event_bytes(const struct dmk_event *event);
/**
 * The pieces of physical memory an event speaks of: entry @i of its list, or the one range. False:
 * no such piece.
 */
bool dmk_memory_piece(const struct dmk_event *event, unsigned int i, struct dmk_range *piece);
bool dmk_is_registers(enum dmk_map_kind kind, unsigned long attrs);
/** The device of a call, which may be none. Never NULL. */
struct dmk_watched *dmk_device_of(struct dmk_checker *checker, const struct dmk_event *event);

#endif
