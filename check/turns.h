/* SPDX-License-Identifier: MIT */
/*
 * Whose turn it is with each byte of a buffer that CPU and device have in turns, and who did what
 * in it since. Facts only; offsets from the buffer's first byte, of a list from its first entry's.
 * Guarded by the checker's lock.
 *
 * A byte is the CPU's (a sync for the CPU handed it over), the device's (all others), or unsynced:
 * mapped with DMA_ATTR_SKIP_CPU_SYNC and never handed to anybody, so that nothing is known.
 */
#ifndef CHECK_TURNS_H
#define CHECK_TURNS_H

#include "spans.h"

struct dmk_turns {
	struct dmk_spans cpu;      /* the CPU's, by which call */
	struct dmk_spans unsynced;
	struct dmk_spans dirty;    /* of the CPU's: written by it, where */
	struct dmk_spans seen;     /* of the CPU's: read by it */
	struct dmk_spans written;  /* by the device, since the last hand-over either way */
	/* of the CPU's: read by it, and written by the device after that */
	struct dmk_spans stale;
};

/* Each returns false when memory was out: then nothing is known about the buffer any more. */

bool dmk_turns_to_cpu(struct dmk_turns *turns, uint64_t first, uint64_t last,
		      const struct dmk_trace *where);
bool dmk_turns_to_device(struct dmk_turns *turns, uint64_t first, uint64_t last);
/** dmk_turns_unsynced - at the map: nobody handed the buffer over */
bool dmk_turns_unsynced(struct dmk_turns *turns);
/** dmk_turns_seen/_dirtied - the CPU read, wrote bytes that it may. @where: the write. */
bool dmk_turns_seen(struct dmk_turns *turns, uint64_t first, uint64_t last);
bool dmk_turns_dirtied(struct dmk_turns *turns, uint64_t first, uint64_t last,
		       const struct dmk_trace *where);
bool dmk_turns_written(struct dmk_turns *turns, uint64_t first, uint64_t last);

/**
 * dmk_turns_allow - whether the CPU may access all of [*first, last]; if not, *first is the first
 * byte that it may not.
 */
bool dmk_turns_allow(const struct dmk_turns *turns, uint64_t *first, uint64_t last);
void dmk_turns_clear(struct dmk_turns *turns);

#endif
