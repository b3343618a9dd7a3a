/* SPDX-License-Identifier: MIT */
#ifndef _LINUX_OF_PLATFORM_H
#define _LINUX_OF_PLATFORM_H

#include <linux/device.h>
#include <linux/of.h>
#include <linux/platform_device.h>

/** of_match_device - the entry of @matches that fits the device's node; NULL: none */
const struct of_device_id *of_match_device(const struct of_device_id *matches,
					   const struct device *dev) DMK_SYM(of_match_device);
struct platform_device *of_find_device_by_node(struct device_node *node)
	DMK_SYM(of_find_device_by_node);

#endif
