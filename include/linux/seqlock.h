/* SPDX-License-Identifier: MIT */
/*
 * Locks whose readers look again when a writer was there meanwhile. A reader takes nothing; a
 * writer counts up before it writes and after it, so the count is odd while it writes.
 */
#ifndef _LINUX_SEQLOCK_H
#define _LINUX_SEQLOCK_H

#include <asm/processor.h>
#include <linux/compiler.h>
#include <linux/spinlock.h>
#include <linux/types.h>

typedef struct seqcount {
	unsigned int sequence;
} seqcount_t;

#define SEQCNT_ZERO(name) { 0 }

static inline void seqcount_init(seqcount_t *s)
{
	s->sequence = 0;
}

/** read_seqcount_begin - waits for the writer. Its acquire pairs with write_seqcount_end(). */
static inline unsigned int read_seqcount_begin(const seqcount_t *s)
{
	unsigned int sequence;

	while ((sequence = __atomic_load_n(&s->sequence, __ATOMIC_ACQUIRE)) & 1)
		cpu_relax();
	return sequence;
}

/** read_seqcount_retry - true: what was read may be of two writes; again */
static inline bool read_seqcount_retry(const seqcount_t *s, unsigned int start)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&s->sequence, __ATOMIC_RELAXED) != start;
}

static inline void write_seqcount_begin(seqcount_t *s)
{
	__atomic_store_n(&s->sequence, s->sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void write_seqcount_end(seqcount_t *s)
{
	__atomic_store_n(&s->sequence, s->sequence + 1, __ATOMIC_RELEASE);
}

typedef struct {
	seqcount_t seqcount;
	spinlock_t lock;
} seqlock_t;

#define __SEQLOCK_UNLOCKED(name) { { 0 }, __SPIN_LOCK_UNLOCKED((name).lock) }
#define DEFINE_SEQLOCK(name) seqlock_t name = __SEQLOCK_UNLOCKED(name)

static inline void seqlock_init(seqlock_t *sl)
{
	seqcount_init(&sl->seqcount);
	spin_lock_init(&sl->lock);
}

static inline unsigned int read_seqbegin(const seqlock_t *sl)
{
	return read_seqcount_begin(&sl->seqcount);
}

static inline bool read_seqretry(const seqlock_t *sl, unsigned int start)
{
	return read_seqcount_retry(&sl->seqcount, start);
}

static inline void write_seqlock(seqlock_t *sl)
{
	spin_lock(&sl->lock);
	write_seqcount_begin(&sl->seqcount);
}

static inline void write_sequnlock(seqlock_t *sl)
{
	write_seqcount_end(&sl->seqcount);
	spin_unlock(&sl->lock);
}

#define write_seqlock_irqsave(sl, flags)                  \
	do {                                              \
		spin_lock_irqsave(&(sl)->lock, flags);    \
		write_seqcount_begin(&(sl)->seqcount);    \
	} while (0)
#define write_sequnlock_irqrestore(sl, flags)                  \
	do {                                                   \
		write_seqcount_end(&(sl)->seqcount);           \
		spin_unlock_irqrestore(&(sl)->lock, flags);    \
	} while (0)

#endif
