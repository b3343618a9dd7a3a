/* SPDX-License-Identifier: MIT */
/*
 * Interrupt context.
 */
#ifndef _LINUX_HARDIRQ_H
#define _LINUX_HARDIRQ_H

#include <linux/preempt.h>

void synchronize_irq(unsigned int irq) DMK_SYM(synchronize_irq);

#endif
