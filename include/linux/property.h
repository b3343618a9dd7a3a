/* SPDX-License-Identifier: MIT */
/*
 * Properties of a device, wherever they are from: here, its devicetree node. -EINVAL: no such
 * property, -ENODATA: it has no value, -EOVERFLOW: fewer values than asked for.
 */
#ifndef _LINUX_PROPERTY_H
#define _LINUX_PROPERTY_H

#include <linux/types.h>
#include <linux/of.h>

struct device;

static inline struct fwnode_handle *dmk_fwnode(struct device_node *node)
{
	return node ? &node->fwnode : NULL;
}

#define of_fwnode_handle(node) dmk_fwnode(node)
struct fwnode_handle *dmk_dev_fwnode(const struct device *dev);
#define dev_fwnode(dev) dmk_dev_fwnode(dev)

static inline struct device_node *to_of_node(const struct fwnode_handle *fwnode)
{
	return fwnode ? (struct device_node *)((char *)fwnode -
					       __builtin_offsetof(struct device_node, fwnode))
		      : NULL;
}

bool device_property_present(const struct device *dev, const char *name)
	DMK_SYM(device_property_present);
int device_property_read_u8_array(const struct device *dev, const char *name, u8 *values, size_t n)
	DMK_SYM(device_property_read_u8_array);
int device_property_read_u16_array(const struct device *dev, const char *name, u16 *values,
				   size_t n) DMK_SYM(device_property_read_u16_array);
int device_property_read_u32_array(const struct device *dev, const char *name, u32 *values,
				   size_t n) DMK_SYM(device_property_read_u32_array);
int device_property_read_u64_array(const struct device *dev, const char *name, u64 *values,
				   size_t n) DMK_SYM(device_property_read_u64_array);
int device_property_read_string(const struct device *dev, const char *name, const char **value)
	DMK_SYM(device_property_read_string);
int device_property_match_string(const struct device *dev, const char *name, const char *value)
	DMK_SYM(device_property_match_string);
const void *device_get_match_data(const struct device *dev) DMK_SYM(device_get_match_data);

#define device_property_read_bool(dev, name) device_property_present(dev, name)
#define device_property_read_u8(dev, name, value) device_property_read_u8_array(dev, name, value, 1)
#define device_property_read_u16(dev, name, value) \
	device_property_read_u16_array(dev, name, value, 1)
#define device_property_read_u32(dev, name, value) \
	device_property_read_u32_array(dev, name, value, 1)
#define device_property_read_u64(dev, name, value) \
	device_property_read_u64_array(dev, name, value, 1)

#endif
