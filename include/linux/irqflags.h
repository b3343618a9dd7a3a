/* SPDX-License-Identifier: MIT */
/*
 * This thread's interrupt flag. Handlers run on a thread of their own and go on running: a flag
 * alone excludes none, as on any machine with more than one CPU.
 */
#ifndef _LINUX_IRQFLAGS_H
#define _LINUX_IRQFLAGS_H

#include <linux/preempt.h>

unsigned long dmk_irq_save(void);
void dmk_irq_restore(unsigned long flags);

#define local_irq_save(flags) ((void)((flags) = dmk_irq_save()))
#define local_irq_restore(flags) dmk_irq_restore(flags)
#define local_irq_disable() ((void)dmk_irq_save())
#define local_irq_enable() dmk_irq_restore(0)
#define local_save_flags(flags) ((void)((flags) = irqs_disabled()))
#define irqs_disabled_flags(flags) (!!(flags))

#endif
