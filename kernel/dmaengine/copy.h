/* SPDX-License-Identifier: MIT */
/*
 * What the files of the threads that copy share:
 *
 *	copy.c          the provider: preparing, issuing, ending, its life
 *	copy_threads.c  who does which channel's descriptors, when
 *	copy_perform.c  one descriptor's bytes
 */
#ifndef DMK_KERNEL_DMAENGINE_COPY_H
#define DMK_KERNEL_DMAENGINE_COPY_H

#include "engine.h"

#include <drivers/dma/virt-dma.h>

/* Of a channel: how many of the cookies that failed are known to have. */
enum { FAILURES_KEPT = 16 };

enum operation { COPY, SET, XOR, INTERLEAVE, NOTHING };

struct job {
	struct virt_dma_desc vd;
	enum operation operation;
	dma_addr_t to;
	size_t size; /* bytes written, in all */
	int value;
	size_t done; /* atomic: bytes written so far */
	bool begun;
	uint64_t cookie; /* of its first transfer, as the observer knows it */
	struct dma_interleaved_template *template;
	unsigned int sources;
	dma_addr_t from[];
};

/*
 * Descriptors that are issued are taken all at once. Those of .taken are the thread's that has the
 * lane, while .active: it alone changes that list and what is in it, but for .done without a lock;
 * whoever holds the channel's lock may look.
 */
struct lane {
	struct virt_dma_chan vc;
	struct list_head link; /* incoming, or of the queue */

	/* guarded by the channel's lock */
	struct list_head taken;
	bool busy;                 /* incoming, on the queue, or a thread's */
	bool active;               /* a thread copies */
	bool dropped;              /* atomic, too: what is taken was terminated meanwhile */
	bool awaited;              /* somebody waits for the end of that, or of the calls */
	struct task_struct *calls; /* atomic, too: the thread that calls back now */
	dma_cookie_t failed[FAILURES_KEPT]; /* a ring of the last ones that did */
	unsigned int failures;
	struct list_head spare;    /* jobs for reuse, by .vd.node */
	unsigned int spares;

	/* of the thread that has the lane */
	struct list_head returned; /* spare ones, from the descriptors it called back for */
	unsigned int returns;
};

static inline struct lane *to_lane(struct dma_chan *chan)
{
	return container_of(to_virt_chan(chan), struct lane, vc);
}

static inline struct job *to_job(struct virt_dma_desc *vd)
{
	return container_of(vd, struct job, vd);
}

static inline size_t left_of(const struct job *job)
{
	return job->size - __atomic_load_n(&job->done, __ATOMIC_RELAXED);
}

/* --- copy_perform.c --------------------------------------------------------------------------- */

/** What is written, and each source, is under way; until it is not. */
void dmk_copy_transfers_begin(struct job *job);
void dmk_copy_transfers_end(struct job *job);
enum dmaengine_tx_result dmk_copy_perform(struct job *job);

/* --- copy_threads.c --------------------------------------------------------------------------- */

/** Return: 0, or -ENOMEM. */
int dmk_copy_threads_start(void);
void dmk_copy_threads_stop(void);
/** A lane that is busy from now on; its lock is not held. Any context. */
void dmk_copy_push(struct lane *lane);
/** Until no thread copies for it what was dropped, nor calls back. */
void dmk_copy_wait(struct lane *lane);

#endif
