/* SPDX-License-Identifier: MIT */
/*
 * One thread waits for another to have done something.
 */
#ifndef _LINUX_COMPLETION_H
#define _LINUX_COMPLETION_H

#include <linux/wait.h>

struct completion {
	unsigned int done;
	struct wait_queue_head wait;
};

#define COMPLETION_INITIALIZER(name)                                          \
	{                                                                     \
		.done = 0, .wait = __WAIT_QUEUE_HEAD_INITIALIZER((name).wait) \
	}
#define DECLARE_COMPLETION(name) struct completion name = COMPLETION_INITIALIZER(name)
#define COMPLETION_INITIALIZER_ONSTACK(name) COMPLETION_INITIALIZER(name)
#define DECLARE_COMPLETION_ONSTACK(name) DECLARE_COMPLETION(name)

static inline void init_completion(struct completion *completion)
{
	completion->done = 0;
	init_waitqueue_head(&completion->wait);
}

static inline void reinit_completion(struct completion *completion)
{
	__atomic_store_n(&completion->done, 0, __ATOMIC_RELAXED);
}

/**
 * complete - let one waiter go, now or when he comes; from any context. complete_all: all, for
 * ever.
 */
void complete(struct completion *completion) DMK_SYM(complete);
void complete_all(struct completion *completion) DMK_SYM(complete_all);
bool completion_done(struct completion *completion) DMK_SYM(completion_done);
bool try_wait_for_completion(struct completion *completion) DMK_SYM(try_wait_for_completion);
/**
 * Timeouts in jiffies. Return: jiffies left, at least 1; 0: time is up; -ERESTARTSYS: a signal came
 * first.
 */
void wait_for_completion(struct completion *completion) DMK_SYM(wait_for_completion);
void wait_for_completion_io(struct completion *completion) DMK_SYM(wait_for_completion_io);
int wait_for_completion_interruptible(struct completion *completion)
	DMK_SYM(wait_for_completion_interruptible);
int wait_for_completion_killable(struct completion *completion)
	DMK_SYM(wait_for_completion_killable);
unsigned long wait_for_completion_timeout(struct completion *completion, unsigned long timeout)
	DMK_SYM(wait_for_completion_timeout);
unsigned long wait_for_completion_io_timeout(struct completion *completion, unsigned long timeout)
	DMK_SYM(wait_for_completion_io_timeout);
long wait_for_completion_interruptible_timeout(struct completion *completion, unsigned long timeout)
	DMK_SYM(wait_for_completion_interruptible_timeout);
long wait_for_completion_killable_timeout(struct completion *completion, unsigned long timeout)
	DMK_SYM(wait_for_completion_killable_timeout);

#endif
