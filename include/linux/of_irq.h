/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of a devicetree node.
 */
#ifndef _LINUX_OF_IRQ_H
#define _LINUX_OF_IRQ_H

#include <linux/of.h>

/**
 * of_irq_get - the @index-th interrupt's number, or -EINVAL. irq_of_parse_and_map - the same, 0 for
 * none.
 */
int of_irq_get(struct device_node *node, int index) DMK_SYM(of_irq_get);
int of_irq_get_byname(struct device_node *node, const char *name) DMK_SYM(of_irq_get_byname);
unsigned int irq_of_parse_and_map(struct device_node *node, int index)
	DMK_SYM(irq_of_parse_and_map);
int of_irq_count(struct device_node *node) DMK_SYM(of_irq_count);

#endif
