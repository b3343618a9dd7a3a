/* SPDX-License-Identifier: MIT */
/*
 * Interrupts, for who looks closer.
 */
#ifndef _LINUX_IRQ_H
#define _LINUX_IRQ_H

#include <linux/interrupt.h>

#define NR_IRQS 1024

struct pci_dev;

/** An interrupt, for calls of who made it; what is in it is theirs. */
struct irq_data {
	unsigned int irq;
	struct pci_dev *dmk_function; /* whose vector it is; NULL: no function's */
	unsigned int dmk_vector;
};

/** irq_get_irq_data - NULL: no such number */
struct irq_data *irq_get_irq_data(unsigned int irq) DMK_SYM(irq_get_irq_data);
#define IRQ_NOTCONNECTED (1U << 31)
#define IRQ_TYPE_NONE 0x0
#define IRQ_TYPE_EDGE_RISING 0x1
#define IRQ_TYPE_EDGE_FALLING 0x2
#define IRQ_TYPE_EDGE_BOTH 0x3
#define IRQ_TYPE_LEVEL_HIGH 0x4
#define IRQ_TYPE_LEVEL_LOW 0x8
#define irq_set_irq_type(irq, type) ((void)(irq), (void)(type), 0)

#endif
