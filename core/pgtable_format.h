/* SPDX-License-Identifier: MIT */
/*
 * What an entry of an I/O page table looks like, a format a table of functions. Levels count from
 * 0, the one whose entries map granules.
 */
#ifndef DMK_CORE_PGTABLE_FORMAT_H
#define DMK_CORE_PGTABLE_FORMAT_H

#include "pgtable.h"

struct dmk_table_ops {
	/** leaf - an entry that maps to @phys; one of @level above 0 maps a large page. */
	uint64_t (*leaf)(dmk_phys phys, unsigned int level, unsigned int prot);
	/** link - an entry that leads to the next table. */
	uint64_t (*link)(dmk_phys table);
	/** leaf_phys, leaf_prot - the opposite of leaf(). */
	dmk_phys (*leaf_phys)(uint64_t entry);
	unsigned int (*leaf_prot)(uint64_t entry);
};

extern const struct dmk_table_ops dmk_table_vtd, dmk_table_lpae;

#endif
