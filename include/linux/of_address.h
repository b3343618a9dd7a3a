/* SPDX-License-Identifier: MIT */
/*
 * Registers of a devicetree node.
 */
#ifndef _LINUX_OF_ADDRESS_H
#define _LINUX_OF_ADDRESS_H

#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/of.h>

/** of_address_to_resource - the @index-th range of reg: 0 or -EINVAL */
int of_address_to_resource(struct device_node *node, int index, struct resource *res)
	DMK_SYM(of_address_to_resource);
void __iomem *of_iomap(struct device_node *node, int index) DMK_SYM(of_iomap);

#endif
