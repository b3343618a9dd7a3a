/* SPDX-License-Identifier: MIT */
/*
 * Watching the driver's own accesses to memory (STR-03, SYN-02): life and reach of what sees them.
 * Host world. How each way works, and what it sees, is in docs/WATCHING.md.
 *
 * Instrumented: a driver's source that is compiled with <dmakit/watched.h> calls in here for each
 * load and store. Asan: one that is compiled with AddressSanitizer and <dmakit/watched_asan.h>
 * calls in here for those to bytes that are fenced off, and the bytes of a device are. Page:
 * nothing is compiled in a special way; pages that are all a device's can't be accessed.
 *
 * What is seen is announced as DMK_EVENT_CPU_ACCESS; all other accesses cost a few instructions, or
 * none.
 */
#ifndef DMAKIT_WATCH_H
#define DMAKIT_WATCH_H

#include <dmakit/observer.h>
#include <dmakit/port.h>
#include <dmakit/types.h>

enum dmk_watch_mode {
	DMK_WATCH_NONE,
	DMK_WATCH_INSTRUMENTED,
	DMK_WATCH_ASAN,
	DMK_WATCH_PAGE,
};

/**
 * dmk_watch_mode - how this program's driver is watched: as its sources were compiled; or by page,
 * where that was asked for and none of them was compiled to be watched
 */
enum dmk_watch_mode dmk_watch_mode(void);
/** dmk_watch_has_fences - whether somebody has to say whose turn it is: by asan, or by page */
bool dmk_watch_has_fences(void);
/** dmk_watch_mode_name - as --watch has it: "none", "instrumented", "asan", "page" */
const char *dmk_watch_mode_name(enum dmk_watch_mode mode);

/**
 * dmk_watch_by_page - ask for DMK_WATCH_PAGE, before dmk_watch_start(). A program that is linked
 * with `-u dmk_watch_asks_for_page` has asked.
 */
void dmk_watch_by_page(void);

/** What is known about code, for who has only its address. Called in a signal handler. */
struct dmk_watch_code {
	/* whether it is dmakit's own; NULL: that can't be told, and nothing is watched by page */
	bool (*is_library)(void *ctx, const void *code);
	void *ctx;
	/* bytes that the instruction reads or writes, at least 1; NULL: not known */
	unsigned int (*width)(const void *instruction);
};

/**
 * dmk_watch_start - the machine whose memory is meant, before its kernel part is booted; until
 * dmk_watch_stop(), after its end
 * @port: changed, so that the views it makes from now on are known. Nothing happens in a program
 *         that is not watched.
 * @seed: of what devices see of stores that are on their way
 */
void dmk_watch_start(struct dmk_port *port, uint64_t seed, const struct dmk_watch_code *code);
void dmk_watch_stop(void);

/**
 * dmk_watch_memory - [phys, phys + size) begins or ceases to be of interest; ranges may overlap,
 * each ceases once. For dmk_check_options.memory, in instrumented and asan mode. Any thread; who
 * accesses the memory afterwards sees it.
 */
void dmk_watch_memory(void *unused, uint64_t phys, uint64_t size, bool begins);
/**
 * dmk_watch_turn - [phys, phys + size) is a device's from now on, or not. For
 * dmk_check_options.turn, in asan and page mode. Calls come one at a time.
 */
void dmk_watch_turn(void *unused, uint64_t phys, uint64_t size, bool device);

/* --- what could not be watched, in page mode -------------------------------------------------- */

/** Mappings made by one call of the driver's that share pages with other memory. */
struct dmk_watch_shared {
	uint64_t mappings;
	const void *caller; /* a return address */
};

/**
 * dmk_watch_map - a mapping was made: DMK_EVENT_MAP. Any thread. Those with bytes in a page that
 * has others too are counted, by their caller, until the next dmk_watch_start().
 */
void dmk_watch_map(const struct dmk_event *event);
/** dmk_watch_shared - the callers, most mappings first; false: no such index. */
bool dmk_watch_shared(size_t index, struct dmk_watch_shared *shared);
/** dmk_watch_mappings - how many mappings were made at all */
uint64_t dmk_watch_mappings(void);

/**
 * dmk_watch_stores - for dmk_sink.stores of the machine that dmk_watch_start() will be told of:
 * what its devices see of the driver's stores to consistent memory (COH-05)
 */
const struct dmk_stores *dmk_watch_stores(void);

/**
 * dmk_watch_observer - wants to hear what becomes of consistent memory, as long as the machine
 * runs; NULL: it shows stores in order, or the driver is not instrumented. After
 * dmk_watch_start()
 */
const struct dmk_observer *dmk_watch_observer(void);

#endif
