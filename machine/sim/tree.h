/* SPDX-License-Identifier: MIT */
/*
 * Reading a devicetree: numbers in cells, addresses through buses, and complaints of one line that
 * name file, node and property. What the numbers mean to a machine is profile.c's. Devicetree
 * Specification 0.4, chapter 2.
 */
#ifndef SIM_TREE_H
#define SIM_TREE_H

#include "sim.h"

#include <libfdt.h>

struct tree {
	const void *fdt;
	const char *file;
	char *error;
	size_t error_size;
};

/** Say what is wrong with a property of a node (NULL: with the node). Return: -EINVAL, always. */
int dmk_tree_bad(const struct tree *tree, int node, const char *property, const char *format, ...)
	DMK_PRINTF(4, 5);

bool dmk_tree_has(const struct tree *tree, int node, const char *name);
bool dmk_tree_compatible(const struct tree *tree, int node, const char *with);
/** No status, "okay" or "ok". */
bool dmk_tree_enabled(const struct tree *tree, int node);
/** The property's text, or NULL: it is absent or no string. */
const char *dmk_tree_text(const struct tree *tree, int node, const char *name);
/**
 * A number of 4 or 8 bytes. Return 0, -ENOENT: absent (@value is as before), -EINVAL: complained.
 */
int dmk_tree_number(const struct tree *tree, int node, const char *name, uint64_t *value);
/** A number of one cell; absent: @fallback. */
int dmk_tree_cells(const struct tree *tree, int node, const char *name, unsigned int fallback,
		   unsigned int max, unsigned int *value);
uint64_t dmk_tree_value(const fdt32_t *cells, unsigned int n);

/** A property that is a list of entries of equal size. Absent: n is 0 and present false. */
struct tree_list {
	const fdt32_t *cells;
	unsigned int n, entry; /* entries; cells in each */
	bool present;
};
int dmk_tree_list(const struct tree *tree, int node, const char *name, unsigned int entry,
		  struct tree_list *list);

/** An entry of reg. Addresses are the parent's. */
int dmk_tree_reg(const struct tree *tree, int node, struct tree_list *list,
		 unsigned int *address_cells);
/**
 * Carry [*address, + size) from bus @bus (whose children it lies among) up to physical addresses,
 * through ranges.
 */
int dmk_tree_translate(const struct tree *tree, int node, int bus, uint64_t size,
		       uint64_t *address);
/** The node that a phandle in @property of @node means, or -EINVAL. */
int dmk_tree_phandle(const struct tree *tree, int node, const char *property, uint32_t phandle);
/** Walk up to the nearest interrupt-parent. */
int dmk_tree_interrupt_parent(const struct tree *tree, int node);

#endif
