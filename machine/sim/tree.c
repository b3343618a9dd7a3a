/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int dmk_tree_bad(const struct tree *tree, int node, const char *property, const char *format, ...)
{
	char path[160], what[240];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (fdt_get_path(tree->fdt, node, path, sizeof(path)))
		snprintf(path, sizeof(path), ".../%.100s",
			 fdt_get_name(tree->fdt, node, NULL) ?: "?");
	snprintf(tree->error, tree->error_size, "%.96s: %s: %s%s%s", tree->file, path,
		 property ? property : "", property ? ": " : "", what);
	return -EINVAL;
}

bool dmk_tree_has(const struct tree *tree, int node, const char *name)
{
	return fdt_getprop(tree->fdt, node, name, NULL) != NULL;
}

bool dmk_tree_compatible(const struct tree *tree, int node, const char *with)
{
	return !fdt_node_check_compatible(tree->fdt, node, with);
}

const char *dmk_tree_text(const struct tree *tree, int node, const char *name)
{
	int size;
	const char *text = fdt_getprop(tree->fdt, node, name, &size);

	return text && size > 0 && !text[size - 1] ? text : NULL;
}

bool dmk_tree_enabled(const struct tree *tree, int node)
{
	const char *status = dmk_tree_text(tree, node, "status");

	return !status || !strcmp(status, "okay") || !strcmp(status, "ok");
}

uint64_t dmk_tree_value(const fdt32_t *cells, unsigned int n)
{
	uint64_t value = 0;

	while (n--)
		value = value << 32 | fdt32_ld(cells++);
	return value;
}

int dmk_tree_number(const struct tree *tree, int node, const char *name, uint64_t *value)
{
	int size;
	const fdt32_t *cells = fdt_getprop(tree->fdt, node, name, &size);

	if (!cells)
		return -ENOENT;
	if (size != 4 && size != 8)
		return dmk_tree_bad(tree, node, name,
				    "one number of 4 or 8 bytes was expected, not %d bytes", size);
	*value = dmk_tree_value(cells, size / 4);
	return 0;
}

int dmk_tree_cells(const struct tree *tree, int node, const char *name, unsigned int fallback,
		   unsigned int max, unsigned int *value)
{
	uint64_t number = fallback;
	int result = dmk_tree_number(tree, node, name, &number);

	if (result && result != -ENOENT)
		return result;
	if (number > max)
		return dmk_tree_bad(tree, node, name, "%llu is more than %u",
				    (unsigned long long)number, max);
	*value = number;
	return 0;
}

int dmk_tree_list(const struct tree *tree, int node, const char *name, unsigned int entry,
		  struct tree_list *list)
{
	int size;
	const fdt32_t *cells = fdt_getprop(tree->fdt, node, name, &size);

	*list = (struct tree_list){.cells = cells, .entry = entry, .present = cells};
	if (!cells || !size)
		return 0;
	if (!entry || size % (4 * entry))
		return dmk_tree_bad(tree, node, name, "%d bytes is no multiple of an entry's %u",
				    size, 4 * entry);
	list->n = size / (4 * entry);
	return 0;
}

static int bus_cells(const struct tree *tree, int bus, unsigned int *address, unsigned int *size)
{
	/* Three address cells are PCI's: the first holds flags, no part of the number. */
	int result = dmk_tree_cells(tree, bus, "#address-cells", 2, 3, address);

	return result ? result : dmk_tree_cells(tree, bus, "#size-cells", 1, 2, size);
}

int dmk_tree_reg(const struct tree *tree, int node, struct tree_list *list,
		 unsigned int *address_cells)
{
	int parent = fdt_parent_offset(tree->fdt, node);
	unsigned int size_cells;
	int result = bus_cells(tree, parent, address_cells, &size_cells);

	return result ? result
		      : dmk_tree_list(tree, node, "reg", *address_cells + size_cells, list);
}

/* One bus up. */
static int translate_step(const struct tree *tree, int node, int bus, int parent, uint64_t size,
			  uint64_t *address)
{
	unsigned int child_cells, size_cells, parent_cells, unused;
	struct tree_list ranges;
	int result = bus_cells(tree, bus, &child_cells, &size_cells);

	result = result ? result : bus_cells(tree, parent, &parent_cells, &unused);
	if (result)
		return result;
	result = dmk_tree_list(tree, bus, "ranges", child_cells + parent_cells + size_cells,
			       &ranges);
	if (result)
		return result;
	if (!ranges.present)
		return dmk_tree_bad(tree, bus, "ranges",
				    "it is missing: the bus's children can't be reached");
	if (!ranges.n)
		return 0;
	for (unsigned int i = 0; i < ranges.n; i++) {
		const fdt32_t *entry = ranges.cells + i * ranges.entry;
		uint64_t child = dmk_tree_value(entry, child_cells);
		uint64_t up = dmk_tree_value(entry + child_cells, parent_cells);
		uint64_t room = dmk_tree_value(entry + child_cells + parent_cells, size_cells);
		uint64_t into = *address - child;

		if (into >= room || size > room - into)
			continue;
		*address = up + into;
		return 0;
	}
	return dmk_tree_bad(tree, node, "reg", "0x%llx is in none of the bus's ranges",
			    (unsigned long long)*address);
}

int dmk_tree_translate(const struct tree *tree, int node, int bus, uint64_t size, uint64_t *address)
{
	int result = 0;

	while (bus > 0 && !result) {
		int parent = fdt_parent_offset(tree->fdt, bus);

		result = translate_step(tree, node, bus, parent, size, address);
		bus = parent;
	}
	return result;
}

int dmk_tree_phandle(const struct tree *tree, int node, const char *property, uint32_t phandle)
{
	int found = fdt_node_offset_by_phandle(tree->fdt, phandle);

	if (found < 0)
		return dmk_tree_bad(tree, node, property, "no node has the phandle 0x%x", phandle);
	return found;
}

int dmk_tree_interrupt_parent(const struct tree *tree, int node)
{
	int at = node;

	for (; at >= 0; at = fdt_parent_offset(tree->fdt, at)) {
		uint64_t phandle;
		int result = dmk_tree_number(tree, at, "interrupt-parent", &phandle);

		if (!result)
			return dmk_tree_phandle(tree, at, "interrupt-parent", phandle);
		if (result != -ENOENT)
			return result;
	}
	return dmk_tree_bad(tree, node, "interrupts", "no interrupt-parent here or above");
}
