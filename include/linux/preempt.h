/* SPDX-License-Identifier: MIT */
/*
 * Where this thread is: interrupt handler, softirq, holding spinlocks, or free to sleep.
 */
#ifndef _LINUX_PREEMPT_H
#define _LINUX_PREEMPT_H

#include <linux/compiler.h>
#include <linux/types.h>

/* One count for all, as in Linux: preemption in the low byte, then softirq, hardirq. */
#define PREEMPT_OFFSET 1UL
#define SOFTIRQ_OFFSET 0x100UL
#define HARDIRQ_OFFSET 0x10000UL
#define PREEMPT_MASK 0x000000ffUL
#define SOFTIRQ_MASK 0x0000ff00UL
#define HARDIRQ_MASK 0x000f0000UL
#define SOFTIRQ_DISABLE_OFFSET (2 * SOFTIRQ_OFFSET)

unsigned int dmk_preempt_count(void);
void dmk_preempt_add(int count);

#define preempt_count() dmk_preempt_count()
#define hardirq_count() (preempt_count() & HARDIRQ_MASK)
#define softirq_count() (preempt_count() & SOFTIRQ_MASK)
#define in_nmi() 0

bool irqs_disabled(void) DMK_SYM(irqs_disabled);

/* Functions and no macros: dmakit's own tables have members of these names. */
static inline bool in_hardirq(void)
{
	return hardirq_count();
}

static inline bool in_irq(void)
{
	return hardirq_count();
}

static inline bool in_softirq(void)
{
	return softirq_count();
}

static inline bool in_serving_softirq(void)
{
	return softirq_count() & SOFTIRQ_OFFSET;
}

/** in_interrupt - an interrupt handler or a softirq runs, or softirqs are off */
static inline bool in_interrupt(void)
{
	return preempt_count() & (HARDIRQ_MASK | SOFTIRQ_MASK);
}

static inline bool in_task(void)
{
	return !(preempt_count() & (HARDIRQ_MASK | SOFTIRQ_OFFSET));
}

/** in_atomic - nobody may sleep here */
static inline bool in_atomic(void)
{
	return preempt_count();
}

static inline bool preemptible(void)
{
	return !preempt_count() && !irqs_disabled();
}

#define preempt_disable() dmk_preempt_add(PREEMPT_OFFSET)
#define preempt_enable() dmk_preempt_add(-(int)PREEMPT_OFFSET)
#define preempt_enable_no_resched() preempt_enable()

#endif
