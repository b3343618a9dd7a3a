/* SPDX-License-Identifier: MIT */
/*
 * What the readers of a devicetree share: profile.c (the whole, platform devices), arguments.c
 * (mem=, cma=), layout.c (memory), reserved.c (what is kept back of it), pools.c (for whom),
 * buses.c (windows, coherence), iommu_tree.c (IOMMUs), lines.c (interrupt numbers), bridge.c (PCI).
 */
#ifndef SIM_READER_H
#define SIM_READER_H

#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16, PCI_CELLS = 3 }; /* buses inside buses; address cells of a PCI bus */
enum { SIM_PHYS_BITS = 46 };            /* as far as the direct map's address space goes */
enum {
	SIM_CONTIGUOUS_ALIGN = 4 << 20
}; /* memory for long runs begins at such a multiple, if it is as long itself */

/** What boot arguments say of memory. */
struct sim_arguments {
	uint64_t memory_last;                       /* mem=, the last byte that is given out */
	const char *contiguous_word;                /* "cma=...", NULL: not given */
	uint64_t contiguous;                        /* bytes */
	uint64_t contiguous_first, contiguous_last; /* where; last 0: where nothing else is said */
	bool contiguous_fixed;
	bool evicts; /* dmakit.evictions= */
	uint64_t evictions;
};

enum { SIM_EVICTIONS = 64 }; /* at most, at each event */

struct reader {
	struct tree tree;
	struct sim_profile *profile;
	struct sim_arguments arguments;
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

/**
 * Room for entry @n of an array of the profile's: the same array, a larger copy of it, or NULL: out
 * of memory.
 */
void *dmk_sim_grown(struct sim_profile *profile, void *array, unsigned int n, size_t size);

bool dmk_sim_is_memory_node(const struct tree *tree, int node);
/** RAM, less what is reserved. */
int dmk_sim_read_memory(struct reader *r);

/** What is kept back; no two overlap, but for /memreserve/. */
struct sim_reservations {
	struct sim_reserved **entry;
	unsigned int n;
};
int dmk_sim_read_reserved(struct reader *r, struct sim_reservations *all);

/** mem= and cma= of the machine's boot arguments. */
int dmk_sim_read_arguments(struct reader *r);
/** Say what is wrong with the boot argument that begins at @word. Return: -EINVAL, always. */
int dmk_sim_argument_bad(const struct reader *r, const char *word, const char *format, ...)
	DMK_PRINTF(3, 4);

bool dmk_sim_names_memory(const struct reader *r, int node);
/** The pools that @node's memory-region names, into @bus. */
int dmk_sim_read_pools(struct reader *r, int node, struct dmk_bus *bus);
/** Give the default pool to the buses that need it; the last of what concerns buses. */
int dmk_sim_everybodys_pool(struct reader *r);
int dmk_sim_check_restricted(const struct reader *r);

bool dmk_sim_is_pci(const struct tree *tree, int node);
bool dmk_sim_is_coherent(const struct tree *tree, int node);
/** What stands between a device and memory. */
struct sim_between {
	const struct dmk_iommu *iommu;
	bool untrusted;
};
bool dmk_sim_is_iommu(const struct tree *tree, int node);
/**
 * The IOMMU before a device whose node says iommus, or before a slot of the host bridge; NULL:
 * none. The device is behind it then.
 */
int dmk_sim_iommu_of_device(struct reader *r, int node, uint32_t requester,
			    const struct dmk_iommu **found);
int dmk_sim_iommu_of_slot(struct reader *r, int bridge, uint16_t bdf, bool reaches_peers,
			  const struct dmk_iommu **found);
/** Groups and regions, when all devices are known. */
int dmk_sim_finish_iommus(struct reader *r);

/**
 * The bus that node @node is, as device @device on it sees memory (the bus itself: as devices on it
 * do); made when first asked for. A device that names memory has one of its own.
 */
int dmk_sim_bus_get(struct reader *r, int node, int device, struct sim_between between,
		    const struct dmk_bus **result);

/**
 * A specifier of @controller that starts at @spec, with @left cells to the end of the property.
 * Return: cells, or -EINVAL.
 */
int dmk_sim_read_specifier(struct reader *r, int node, const char *property, int controller,
			   const fdt32_t *spec, unsigned int left, unsigned int *irq);
int dmk_sim_read_interrupts(struct reader *r, int node, struct dmk_platform_device *device);

int dmk_sim_read_pci(struct reader *r, int node);

#endif
