/* SPDX-License-Identifier: MIT */
/*
 * The checker: an observer that keeps a shadow of what is mapped and says what went wrong. Host
 * world.
 *
 * A finding is one mistake at one place, with a count. Nothing is printed here: tools/ turns
 * findings into text and JSON.
 */
#ifndef DMAKIT_CHECK_H
#define DMAKIT_CHECK_H

#include <dmakit/observer.h>
#include <dmakit/types.h>

enum { DMK_STACK_MAX = 16 };

/** Code addresses, innermost first; each is a return address except the first of a CPU fault. */
struct dmk_stack {
	const void *frame[DMK_STACK_MAX];
	unsigned int depth;
};

enum dmk_severity { DMK_SEVERITY_ERROR, DMK_SEVERITY_WARNING };

/** A rule as the checker knows it. */
struct dmk_rule {
	const char *id;    /* "STR-04" */
	const char *title; /* a few words */
	enum dmk_severity severity;
};

struct dmk_buffer {
	bool known;
	/* "single", "page", "sg", "resource", "phys", "coherent", "pool block", "memory" */
	const char *kind;
	dmk_dma dma;
	dmk_phys phys;
	const void *cpu;
	uint64_t size;        /* bytes */
	enum dmk_direction dir;
	bool directed;        /* dir means something */
	bool bounced;
	/* "device", "CPU", "both" (consistent memory), "nobody" (it is no more) */
	const char *owner;
};

enum { DMK_HISTORY_MAX = 5 };

/** One thing that happened to a buffer: "mapped", "synced for the CPU", "unmapped", "freed". */
struct dmk_history_step {
	const char *what;
	struct dmk_stack where;
};

struct dmk_finding {
	const struct dmk_rule *rule;
	uint64_t count;
	char device[64];
	char driver[64];
	char what[400]; /* one sentence: what went wrong here, with the numbers */
	char mend[400]; /* one sentence: how to mend it */
	struct dmk_buffer buffer;
	struct dmk_stack where; /* where the rule was broken; depth 0: by a device, see what */
	struct dmk_stack mapped; /* where the buffer was mapped or allocated; depth 0: not known */
	/* "mapped", "allocated", "unmapped", … what the second stack shows */
	const char *mapped_label;
	/* of the buffer, oldest first: how it was made, its last syncs, how it ended */
	struct dmk_history_step history[DMK_HISTORY_MAX];
	unsigned int nr_history;
};

/** A mistake at the moment that it is noted. */
struct dmk_found {
	size_t index;              /* of its finding; a known one's count was raised */
	const struct dmk_dev *dev; /* NULL: none; compare, don't follow */
	dmk_dma dma;               /* of the buffer; DMK_MAPPING_ERROR: none is meant */
};

struct dmk_check_options {
	unsigned int stack_depth; /* frames kept, 1 .. DMK_STACK_MAX; 0: the default of 8 */
	/*
	 * live mappings and allocations kept; 0: no limit but memory. Over it: records are lost,
	 * and said so
	 */
	size_t max_records;
	size_t max_findings;      /* 0: no limit. Over it: counted as lost records, and said so */

	/*
	 * Whether a code address belongs to dmakit's own library: such frames are left out at the
	 * inner end of a stack, so that it starts at the driver's line. NULL: nothing is left out.
	 * Called once for a stack, with the checker's lock held.
	 */
	bool (*is_library)(void *ctx, const void *code);
	/*
	 * A number that all code of one source line has in common, however often the compiler
	 * repeated the line (inlined, unrolled): mistakes are told apart by it. NULL, or 0 for an
	 * answer: each code address is a place of its own. Called once for a stack that a finding
	 * shows, with the checker's lock held.
	 */
	uint64_t (*line_of)(void *ctx, const void *code);
	void *code_ctx; /* of both */

	/*
	 * Called when [phys, phys + size) begins and ceases to be memory that a device may have:
	 * where the CPU's accesses are of interest (DMK_EVENT_CPU_ACCESS). Ranges may lie one in
	 * another; each that began ceases once, all do before the checker is gone or are forgotten
	 * with it. May be called by several threads at once, with locks of the checker held. NULL:
	 * nobody sees the CPU's accesses.
	 */
	void (*memory)(void *ctx, uint64_t phys, uint64_t size, bool begins);
	/*
	 * Called when the turn with [phys, phys + size) may have changed: @device: it is a device's
	 * now, and an access of the CPU's is a mistake that would be reported; or it is not. What
	 * it was is not said, and the same may be said again. Before the call that changed it
	 * returns to the driver, with the checker's lock held; all that is a device's when the
	 * checker is freed is forgotten with it. NULL: nobody asks.
	 */
	void (*turn)(void *ctx, uint64_t phys, uint64_t size, bool device);
	void *memory_ctx; /* of both */

	/*
	 * Called for each mistake, in the thread of the event that showed it, with the checker's
	 * lock held. NULL: nobody wants to know.
	 */
	void (*found)(void *ctx, const struct dmk_found *found);
	void *found_ctx;
};

/**
 * dmk_stack_walk - the calls that led to an event, from its .caller and .frame; @depth at most
 * Follows frame pointers upwards inside the calling thread's stack only: never faults, whatever the
 * frames hold.
 */
void dmk_stack_walk(struct dmk_stack *stack, const void *caller, const void *frame,
		    unsigned int depth);

struct dmk_check_totals {
	uint64_t maps, unmaps, syncs, bounced, allocs, frees, device_accesses, cpu_accesses;
	uint64_t bytes_mapped, bytes_bounced;
	uint64_t leaks;        /* mappings, allocations and pools left at unbind or exit */
	/* over 0: the first line of a report says so, and the run was no success (CHK-05) */
	uint64_t lost_records;
	uint64_t live_high_water; /* with several threads up to 32 more for each than there were */
};

struct dmk_checker;

/** dmk_checker_new - @options NULL: defaults. NULL: out of memory. */
struct dmk_checker *dmk_checker_new(const struct dmk_check_options *options);
void dmk_checker_free(struct dmk_checker *checker);
/** The observer to install; valid as long as the checker. */
const struct dmk_observer *dmk_checker_observer(struct dmk_checker *checker);

/** Findings in the order they were first seen. The pointer is valid until the next event. */
size_t dmk_checker_findings(struct dmk_checker *checker);
const struct dmk_finding *dmk_checker_finding(struct dmk_checker *checker, size_t index);
void dmk_checker_totals(struct dmk_checker *checker, struct dmk_check_totals *totals);

/**
 * dmk_checker_live - walk what is mapped or allocated now; false: no such index. For a report on a
 * crash or a hang.
 */
bool dmk_checker_live(struct dmk_checker *checker, size_t index, struct dmk_finding *as_finding);

/**
 * dmk_checker_hung - the program does not go on: what explains that is reported. A DMA engine's
 * descriptor that was never issued does; at any other moment it may be about to be (ENG-01).
 */
void dmk_checker_hung(struct dmk_checker *checker);

/** The rules the checker can report; ended by a NULL id. */
extern const struct dmk_rule dmk_rules[];

#endif
