/* SPDX-License-Identifier: MIT */
/*
 * What the readers of a devicetree share: profile.c (the whole, platform devices), layout.c (memory), buses.c (windows, coherence),
 * lines.c (interrupt numbers), bridge.c (PCI).
 */
#ifndef SIM_READER_H
#define SIM_READER_H

#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, PCI_CELLS = 3 }; /* buses inside buses; address cells of a PCI bus */

struct reader {
	struct tree tree;
	struct sim_profile *profile;
};

static inline bool wraps(uint64_t first, uint64_t size)
{
	return size && first + (size - 1) < first;
}

static inline bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a_size && b_size && a <= b + (b_size - 1) && b <= a + (a_size - 1);
}

static inline bool page_aligned(uint64_t value)
{
	return !(value & (DMK_PAGE_SIZE - 1));
}

/** Room for entry @n of an array of the profile's: the same array, a larger copy of it, or NULL: out of memory. */
void *dmk_sim_grown(struct sim_profile *profile, void *array, unsigned int n, size_t size);

bool dmk_sim_is_memory_node(const struct tree *tree, int node);
/** RAM, less what is reserved. */
int dmk_sim_read_memory(struct reader *r);

bool dmk_sim_is_pci(const struct tree *tree, int node);
bool dmk_sim_is_coherent(const struct tree *tree, int node);
/** The bus that node @node is, as devices on it see memory; made when first asked for. */
int dmk_sim_bus_get(struct reader *r, int node, bool coherent, const struct dmk_bus **result);

/** A specifier of @controller that starts at @spec, with @left cells to the end of the property. Return: cells, or -EINVAL. */
int dmk_sim_read_specifier(struct reader *r, int node, const char *property, int controller,
			   const fdt32_t *spec, unsigned int left, unsigned int *irq);
int dmk_sim_read_interrupts(struct reader *r, int node, struct dmk_platform_device *device);

int dmk_sim_read_pci(struct reader *r, int node);

#endif
