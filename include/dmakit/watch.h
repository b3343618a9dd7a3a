/* SPDX-License-Identifier: MIT */
/*
 * Watching the driver's own accesses to memory (STR-03, SYN-02): life and reach of what the
 * compiler's callbacks fall into. Host world.
 *
 * A driver's source that is compiled with <dmakit/watched.h> (dmakit-cc --watch) calls in here for
 * each load and store. Those that go to memory that a device may have are announced as
 * DMK_EVENT_CPU_ACCESS; all others end after a few instructions.
 */
#ifndef DMAKIT_WATCH_H
#define DMAKIT_WATCH_H

#include <dmakit/observer.h>
#include <dmakit/port.h>
#include <dmakit/types.h>

/** dmk_watch_present - whether any source of this program was compiled to be watched */
bool dmk_watch_present(void);

/**
 * dmk_watch_start - the machine whose memory is meant, before its kernel part is booted; until
 * dmk_watch_stop(), after its end
 * @port: changed, so that the views it makes from now on are known. Nothing happens in a program
 *         that is not watched.
 * @seed: of what devices see of stores that are on their way
 */
void dmk_watch_start(struct dmk_port *port, uint64_t seed);
void dmk_watch_stop(void);

/**
 * dmk_watch_memory - [phys, phys + size) begins or ceases to be of interest; ranges may overlap,
 * each ceases once. For dmk_check_options.memory. Any thread; who accesses the memory afterwards
 * sees it.
 */
void dmk_watch_memory(void *unused, uint64_t phys, uint64_t size, bool begins);

/**
 * dmk_watch_stores - for dmk_sink.stores of the machine that dmk_watch_start() will be told of:
 * what its devices see of the driver's stores to consistent memory (COH-05)
 */
const struct dmk_stores *dmk_watch_stores(void);

/**
 * dmk_watch_observer - wants to hear what becomes of consistent memory, as long as the machine
 * runs; NULL: the program is not watched
 */
const struct dmk_observer *dmk_watch_observer(void);

#endif
