// SPDX-License-Identifier: MIT
/*
 * Devicetree nodes and properties, as the machine's platform devices have them. Values are big
 * endian cells.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

#include <linux/io.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/of_device.h>
#include <linux/of_irq.h>
#include <linux/platform_device.h>
#include <linux/property.h>

const void *of_get_property(const struct device_node *node, const char *name, int *length)
{
	const void *value = NULL;
	size_t size = 0;

	if (node && node->dmk && node->dmk->property)
		value = node->dmk->property(node->dmk, name, &size);
	if (value && length)
		*length = (int)size;
	return value;
}

int of_device_is_compatible(const struct device_node *node, const char *compatible)
{
	for (int i = 0;
	     node && node->dmk && i < DMK_PLATFORM_COMPATIBLES && node->dmk->compatible[i]; i++)
		if (!strcmp(node->dmk->compatible[i], compatible))
			return DMK_PLATFORM_COMPATIBLES - i;
	return 0;
}

bool of_device_is_available(const struct device_node *node)
{
	return node != NULL;
}

static bool fits(const struct of_device_id *id, const struct device_node *node)
{
	if (id->name[0] && strcmp(id->name, node->name))
		return false;
	if (id->type[0])
		return false; /* device_type is not shown */
	return !id->compatible[0] || of_device_is_compatible(node, id->compatible);
}

/* The node's first compatible string is the most specific one: the entry that names it wins. */
const struct of_device_id *of_match_node(const struct of_device_id *matches,
					 const struct device_node *node)
{
	const struct of_device_id *best = NULL;
	int best_score = -1;

	if (!matches || !node)
		return NULL;
	for (const struct of_device_id *id = matches;
	     id->name[0] || id->type[0] || id->compatible[0]; id++) {
		int score = id->compatible[0] ? of_device_is_compatible(node, id->compatible) : 0;

		if (!fits(id, node) || score <= best_score)
			continue;
		best = id;
		best_score = score;
	}
	return best;
}

const struct of_device_id *of_match_device(const struct of_device_id *matches,
					   const struct device *dev)
{
	return of_match_node(matches, dev->of_node);
}

const void *of_device_get_match_data(const struct device *dev)
{
	const struct of_device_id *id = dev->driver
						? of_match_device(dev->driver->of_match_table, dev)
						: NULL;

	return id ? id->data : NULL;
}

const void *device_get_match_data(const struct device *dev)
{
	return of_device_get_match_data(dev);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static u64 cell(const unsigned char *bytes, size_t width)
{
	u64 value = 0;

	for (size_t i = 0; i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

static const unsigned char *find(const struct device_node *node, const char *name, size_t from,
				 size_t bytes, int *error)
{
	int length = 0;
	const unsigned char *value = of_get_property(node, name, &length);

	*error = !value                                                   ? -EINVAL
		 : !length                                                ? -ENODATA
		 : (size_t)length < from || (size_t)length - from < bytes ? -EOVERFLOW
									  : 0;
	return value;
}

#define READ_ARRAY(bits)                                                                       \
	int of_property_read_u##bits##_array(const struct device_node *node, const char *name, \
					     u##bits *values, size_t n)                        \
	{                                                                                      \
		int error;                                                                     \
		const unsigned char *value = find(node, name, 0, n * (bits / 8), &error);      \
                                                                                               \
		for (size_t i = 0; !error && i < n; i++)                                       \
			values[i] = (u##bits)cell(value + i * (bits / 8), bits / 8);           \
		return error;                                                                  \
	}                                                                                      \
	int device_property_read_u##bits##_array(const struct device *dev, const char *name,   \
						 u##bits *values, size_t n)                    \
	{                                                                                      \
		if (!values)                                                                   \
			return of_property_count_elems_of_size(dev->of_node, name, bits / 8);  \
		return of_property_read_u##bits##_array(dev->of_node, name, values, n);        \
	}

READ_ARRAY(8)
READ_ARRAY(16)
READ_ARRAY(32)
READ_ARRAY(64)

int of_property_read_u32_index(const struct device_node *node, const char *name, u32 index,
			       u32 *result)
{
	int error;
	const unsigned char *value = find(node, name, (size_t)index * 4, 4, &error);

	if (!error)
		*result = (u32)cell(value + (size_t)index * 4, 4);
	return error;
}

int of_property_count_elems_of_size(const struct device_node *node, const char *name, int size)
{
	int length = 0;

	if (size <= 0 || !of_get_property(node, name, &length) || length % size)
		return -EINVAL;
	return length ? length / size : -ENODATA;
}

/* --- strings ---------------------------------------------------------------------------------- */

/* The @index-th string, or how many there are when @index is -1. */
static int string_at(const struct device_node *node, const char *name, int index,
		     const char **result)
{
	int length = 0, n = 0;
	const char *at = of_get_property(node, name, &length);
	const char *end = at + length;

	if (!at)
		return -EINVAL;
	if (!length)
		return -ENODATA;
	for (; at < end; n++) {
		size_t size = strnlen(at, end - at);

		if (at + size == end)
			return -EILSEQ;
		if (n == index) {
			*result = at;
			return 0;
		}
		at += size + 1;
	}
	return index < 0 ? n : -ENODATA;
}

int of_property_read_string_index(const struct device_node *node, const char *name, int index,
				  const char **value)
{
	return index < 0 ? -EINVAL : string_at(node, name, index, value);
}

int of_property_count_strings(const struct device_node *node, const char *name)
{
	return string_at(node, name, -1, NULL);
}

int of_property_match_string(const struct device_node *node, const char *name, const char *value)
{
	const char *is;
	int error = 0;

	for (int i = 0; !error; i++) {
		error = string_at(node, name, i, &is);
		if (!error && !strcmp(is, value))
			return i;
	}
	return error;
}

bool device_property_present(const struct device *dev, const char *name)
{
	return of_get_property(dev->of_node, name, NULL) != NULL;
}

int device_property_read_string(const struct device *dev, const char *name, const char **value)
{
	return of_property_read_string(dev->of_node, name, value);
}

int device_property_match_string(const struct device *dev, const char *name, const char *value)
{
	return of_property_match_string(dev->of_node, name, value);
}

struct fwnode_handle *dmk_dev_fwnode(const struct device *dev)
{
	return dmk_fwnode(dev->of_node);
}

/* --- lists of other devices ------------------------------------------------------------------- */

/* An entry at cell @at: which node, and how many cells it has behind it. */
static int entry_at(const struct device_node *node, const char *list_name, const char *cells_name,
		    u32 at, struct of_phandle_args *args)
{
	u32 handle, cells;

	if (of_property_read_u32_index(node, list_name, at, &handle))
		return -ENOENT;
	args->np = of_find_node_by_phandle(handle);
	if (!args->np || of_property_read_u32(args->np, cells_name, &cells) ||
	    cells > DMK_PHANDLE_ARGS)
		return -EINVAL;
	args->args_count = cells;
	for (u32 i = 0; i < cells; i++)
		if (of_property_read_u32_index(node, list_name, at + 1 + i, &args->args[i]))
			return -EINVAL;
	return 0;
}

int of_parse_phandle_with_args(const struct device_node *node, const char *list_name,
			       const char *cells_name, int index, struct of_phandle_args *args)
{
	int result = index < 0 ? -EINVAL : 0;
	u32 at = 0;

	for (int i = 0; i <= index && !result; i++) {
		result = entry_at(node, list_name, cells_name, at, args);
		at += 1 + args->args_count;
	}
	return result;
}

/* --- registers and interrupts ----------------------------------------------------------------- */

int of_address_to_resource(struct device_node *node, int index, struct resource *res)
{
	if (!node || !node->dmk || index < 0 || (unsigned int)index >= node->dmk->nr_regs ||
	    !node->dmk->reg[index].size)
		return -EINVAL;
	*res = DEFINE_RES_MEM_NAMED(node->dmk->reg[index].first.v, node->dmk->reg[index].size,
				    node->full_name);
	return 0;
}

void __iomem *of_iomap(struct device_node *node, int index)
{
	struct resource res;

	return of_address_to_resource(node, index, &res) ? NULL
							 : ioremap(res.start, resource_size(&res));
}

int of_irq_count(struct device_node *node)
{
	return node && node->dmk ? (int)node->dmk->nr_irqs : 0;
}

int of_irq_get(struct device_node *node, int index)
{
	return index >= 0 && index < of_irq_count(node) ? (int)node->dmk->irq[index] : -EINVAL;
}

int of_irq_get_byname(struct device_node *node, const char *name)
{
	int index = of_property_match_string(node, "interrupt-names", name);

	return index < 0 ? index : of_irq_get(node, index);
}

unsigned int irq_of_parse_and_map(struct device_node *node, int index)
{
	int irq = of_irq_get(node, index);

	return irq < 0 ? 0 : (unsigned int)irq;
}
