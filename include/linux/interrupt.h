/* SPDX-License-Identifier: MIT */
/*
 * Interrupts and tasklets. Hard handlers run one at a time on the interrupt thread; tasklets and
 * softirqs on theirs.
 */
#ifndef _LINUX_INTERRUPT_H
#define _LINUX_INTERRUPT_H

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/bottom_half.h>
#include <linux/compiler.h>
#include <linux/hardirq.h>
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/irqreturn.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>

#define IRQF_TRIGGER_NONE 0x00000000
#define IRQF_TRIGGER_RISING 0x00000001
#define IRQF_TRIGGER_FALLING 0x00000002
#define IRQF_TRIGGER_HIGH 0x00000004
#define IRQF_TRIGGER_LOW 0x00000008
#define IRQF_TRIGGER_MASK 0x0000000f
#define IRQF_SHARED 0x00000080
#define IRQF_PROBE_SHARED 0x00000100
#define IRQF_PERCPU 0x00000400
#define IRQF_NOBALANCING 0x00000800
#define IRQF_ONESHOT 0x00002000
#define IRQF_NO_SUSPEND 0x00004000
#define IRQF_NO_THREAD 0x00010000
#define IRQF_NO_AUTOEN 0x00080000

typedef irqreturn_t (*irq_handler_t)(int irq, void *data);

/**
 * request_threaded_irq - call @handler in interrupt context, and @thread in a thread when it
 * returns IRQ_WAKE_THREAD
 * @data: tells the sharers of a line apart; not NULL with IRQF_SHARED
 *
 * Return: 0, -EINVAL (no such interrupt, no handler, a thread without handler or IRQF_ONESHOT),
 *         -EBUSY (taken by one who does not share), -ENOMEM.
 */
int request_threaded_irq(unsigned int irq, irq_handler_t handler, irq_handler_t thread,
			 unsigned long flags, const char *name, void *data)
	DMK_SYM(request_threaded_irq) __must_check;
/**
 * free_irq - waits until no handler of @data runs. Return: the name given at request, or NULL:
 * nothing to free.
 */
const void *free_irq(unsigned int irq, void *data) DMK_SYM(free_irq);

static __always_inline int __must_check request_irq(unsigned int irq, irq_handler_t handler,
						    unsigned long flags, const char *name,
						    void *data)
{
	return request_threaded_irq(irq, handler, NULL, flags, name, data);
}

static __always_inline int __must_check request_any_context_irq(unsigned int irq,
								irq_handler_t handler,
								unsigned long flags,
								const char *name, void *data)
{
	return request_threaded_irq(irq, handler, NULL, flags, name, data);
}

/**
 * disable_irq - counts; also waits until no handler runs. _nosync does not wait, and is for
 * handlers.
 */
void disable_irq(unsigned int irq) DMK_SYM(disable_irq);
void disable_irq_nosync(unsigned int irq) DMK_SYM(disable_irq_nosync);
void enable_irq(unsigned int irq) DMK_SYM(enable_irq);
#define disable_hardirq(irq) (disable_irq(irq), true)

#define irq_set_affinity_hint(irq, mask) ((void)(irq), (void)(mask), 0)
#define irq_set_affinity_and_hint(irq, mask) ((void)(irq), (void)(mask), 0)
#define irq_update_affinity_hint(irq, mask) ((void)(irq), (void)(mask), 0)
#define enable_irq_wake(irq) ((void)(irq), 0)
#define disable_irq_wake(irq) ((void)(irq), 0)

struct device;
/* Managed by the device: kernel/device. */
int devm_request_threaded_irq(struct device *dev, unsigned int irq, irq_handler_t handler,
			      irq_handler_t thread, unsigned long flags, const char *name,
			      void *data) DMK_SYM(devm_request_threaded_irq) __must_check;
void devm_free_irq(struct device *dev, unsigned int irq, void *data) DMK_SYM(devm_free_irq);

static __always_inline int __must_check devm_request_irq(struct device *dev, unsigned int irq,
							 irq_handler_t handler, unsigned long flags,
							 const char *name, void *data)
{
	return devm_request_threaded_irq(dev, irq, handler, NULL, flags, name, data);
}

/* --- tasklets --------------------------------------------------------------------------------- */

struct tasklet_struct {
	struct list_head link;
	bool scheduled; /* atomic; the rest is guarded by kernel/tasklet.c's lock */
	bool queued;
	int count; /* disabled so many times */
	bool use_callback;
	union {
		void (*func)(unsigned long data);
		void (*callback)(struct tasklet_struct *tasklet);
	};
	unsigned long data;
};

#define DECLARE_TASKLET(name, function)                                                            \
	struct tasklet_struct name = { .use_callback = true, .callback = (function) }
#define DECLARE_TASKLET_DISABLED(name, function)                                                   \
	struct tasklet_struct name = { .count = 1, .use_callback = true, .callback = (function) }
#define DECLARE_TASKLET_OLD(name, function) struct tasklet_struct name = { .func = (function) }
#define from_tasklet(variable, tasklet, member) container_of(tasklet, __typeof__(*variable), member)

void tasklet_setup(struct tasklet_struct *tasklet, void (*callback)(struct tasklet_struct *tasklet))
	DMK_SYM(tasklet_setup);
void tasklet_init(struct tasklet_struct *tasklet, void (*func)(unsigned long data),
		  unsigned long data) DMK_SYM(tasklet_init);
void tasklet_schedule(struct tasklet_struct *tasklet) DMK_SYM(tasklet_schedule);
void tasklet_disable(struct tasklet_struct *tasklet) DMK_SYM(tasklet_disable);
void tasklet_disable_nosync(struct tasklet_struct *tasklet) DMK_SYM(tasklet_disable_nosync);
void tasklet_enable(struct tasklet_struct *tasklet) DMK_SYM(tasklet_enable);
void tasklet_kill(struct tasklet_struct *tasklet) DMK_SYM(tasklet_kill);
#define tasklet_hi_schedule(tasklet) tasklet_schedule(tasklet)

#endif
