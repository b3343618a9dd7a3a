/* SPDX-License-Identifier: MIT */
/*
 * Devicetree nodes of the platform's devices. A node is known by what its device needs: compatible,
 * properties, registers, interrupts; the tree around it (parents, children, phandles) is the
 * machine's and not shown.
 */
#ifndef _LINUX_OF_H
#define _LINUX_OF_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/mod_devicetable.h>

struct device;
struct dmk_platform_device;

typedef u32 phandle;

struct fwnode_handle {
	struct device *dev;
};

struct property {
	const char *name;
	int length;
	void *value;
};

struct device_node {
	const char *name;
	const char *full_name;
	phandle phandle;
	struct fwnode_handle fwnode;
	const struct dmk_platform_device *dmk;
};

/**
 * of_get_property - the value as it is stored (big endian), owned by the machine; NULL: none.
 * @length may be NULL.
 */
const void *of_get_property(const struct device_node *node, const char *name, int *length)
	DMK_SYM(of_get_property);
int of_device_is_compatible(const struct device_node *node, const char *compatible)
	DMK_SYM(of_device_is_compatible);
bool of_device_is_available(const struct device_node *node) DMK_SYM(of_device_is_available);
const struct of_device_id *of_match_node(const struct of_device_id *matches,
					 const struct device_node *node) DMK_SYM(of_match_node);
const void *of_device_get_match_data(const struct device *dev) DMK_SYM(of_device_get_match_data);

/*
 * 0, -EINVAL (no such property), -ENODATA (no value), -EOVERFLOW (fewer values), -EILSEQ (a string
 * without an end).
 */
int of_property_read_u8_array(const struct device_node *node, const char *name, u8 *values,
			      size_t n) DMK_SYM(of_property_read_u8_array);
int of_property_read_u16_array(const struct device_node *node, const char *name, u16 *values,
			       size_t n) DMK_SYM(of_property_read_u16_array);
int of_property_read_u32_array(const struct device_node *node, const char *name, u32 *values,
			       size_t n) DMK_SYM(of_property_read_u32_array);
int of_property_read_u64_array(const struct device_node *node, const char *name, u64 *values,
			       size_t n) DMK_SYM(of_property_read_u64_array);
int of_property_read_u32_index(const struct device_node *node, const char *name, u32 index,
			       u32 *value) DMK_SYM(of_property_read_u32_index);
/** Strings of a list: the @index-th, how many there are, where @value is. */
int of_property_read_string_index(const struct device_node *node, const char *name, int index,
				  const char **value) DMK_SYM(of_property_read_string_index);
int of_property_count_strings(const struct device_node *node, const char *name)
	DMK_SYM(of_property_count_strings);
int of_property_match_string(const struct device_node *node, const char *name, const char *value)
	DMK_SYM(of_property_match_string);
int of_property_count_elems_of_size(const struct device_node *node, const char *name, int size)
	DMK_SYM(of_property_count_elems_of_size);

enum { DMK_PHANDLE_ARGS = 16 };
#define MAX_PHANDLE_ARGS DMK_PHANDLE_ARGS

struct of_phandle_args {
	struct device_node *np;
	int args_count;
	uint32_t args[DMK_PHANDLE_ARGS];
};

/**
 * of_parse_phandle_with_args - entry @index of a list of other devices, each with as many cells
 * behind it as its node's @cells_name says
 * Return: 0; -ENOENT: there is no such entry; -EINVAL: the list makes no sense, or names a node
 *         that is no platform device.
 */
int of_parse_phandle_with_args(const struct device_node *node, const char *list_name,
			       const char *cells_name, int index, struct of_phandle_args *args)
	DMK_SYM(of_parse_phandle_with_args);
/** of_find_node_by_phandle - of the platform's devices; NULL: none has it */
struct device_node *of_find_node_by_phandle(phandle handle) DMK_SYM(of_find_node_by_phandle);

#define of_property_read_u8(node, name, value) of_property_read_u8_array(node, name, value, 1)
#define of_property_read_u16(node, name, value) of_property_read_u16_array(node, name, value, 1)
#define of_property_read_u32(node, name, value) of_property_read_u32_array(node, name, value, 1)
#define of_property_read_u64(node, name, value) of_property_read_u64_array(node, name, value, 1)
#define of_property_read_string(node, name, value) \
	of_property_read_string_index(node, name, 0, value)
#define of_property_count_u32_elems(node, name) of_property_count_elems_of_size(node, name, 4)

static inline int of_property_read_s32(const struct device_node *node, const char *name, s32 *value)
{
	return of_property_read_u32(node, name, (u32 *)value);
}

static inline bool of_property_present(const struct device_node *node, const char *name)
{
	return of_get_property(node, name, NULL) != NULL;
}

#define of_property_read_bool(node, name) of_property_present(node, name)

static inline struct device_node *of_node_get(struct device_node *node)
{
	return node;
}

static inline void of_node_put(struct device_node *node)
{
}

#define of_match_ptr(table) (table)

#endif
