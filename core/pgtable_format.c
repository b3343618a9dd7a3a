/* SPDX-License-Identifier: MIT */
/*
 * The two formats' entries. Nothing but bits.
 */
#include "pgtable_format.h"

/* --- VT-d second level: Intel VT-d specification 4.1, section 9.8 ----------------------------- */

enum {
	VTD_READ = 1 << 0,
	VTD_WRITE = 1 << 1,
	VTD_LARGE = 1 << 7,
	VTD_SNOOP = 1 << 11,
};
#define VTD_ADDRESS 0x000ffffffffff000ULL
#define VTD_FIRST   (1ULL << 52) /* 61:52 are ignored */
#define VTD_LAST    (1ULL << 53)
#define VTD_GAP     (1ULL << 54)

static uint64_t vtd_leaf(dmk_phys phys, unsigned int level, unsigned int prot)
{
	uint64_t entry = phys.v & VTD_ADDRESS;

	if (prot & DMK_PROT_READ)
		entry |= VTD_READ;
	if (prot & DMK_PROT_WRITE)
		entry |= VTD_WRITE;
	if (prot & DMK_PROT_CACHED)
		entry |= VTD_SNOOP;
	if (prot & DMK_PROT_FIRST)
		entry |= VTD_FIRST;
	if (prot & DMK_PROT_LAST)
		entry |= VTD_LAST;
	if (prot & DMK_PROT_GAP)
		entry |= VTD_GAP;
	return level ? entry | VTD_LARGE : entry;
}

static uint64_t vtd_link(dmk_phys table)
{
	return (table.v & VTD_ADDRESS) | VTD_READ | VTD_WRITE;
}

static dmk_phys vtd_leaf_phys(uint64_t entry)
{
	return DMK_PHYS(entry & VTD_ADDRESS);
}

static unsigned int vtd_leaf_prot(uint64_t entry)
{
	return (entry & VTD_READ ? DMK_PROT_READ : 0) | (entry & VTD_WRITE ? DMK_PROT_WRITE : 0) |
	       (entry & VTD_SNOOP ? DMK_PROT_CACHED : 0) |
	       (entry & VTD_FIRST ? DMK_PROT_FIRST : 0) | (entry & VTD_LAST ? DMK_PROT_LAST : 0) |
	       (entry & VTD_GAP ? DMK_PROT_GAP : 0);
}

const struct dmk_table_ops dmk_table_vtd = {
	.leaf = vtd_leaf,
	.link = vtd_link,
	.leaf_phys = vtd_leaf_phys,
	.leaf_prot = vtd_leaf_prot,
};

/* --- VMSAv8-64 stage 1: Arm ARM DDI 0487, section D8.3 ---------------------------------------- */

/*
 * Stage 1 has no page that can be written and not read: a mapping for a device that only writes can
 * be read too (DIR-03 is as strict as the machine). Attributes: index 0 of the MAIR is normal
 * memory that is not cached, index 1 normal memory, write-back.
 */
#define LPAE_VALID      (1ULL << 0)
#define LPAE_TABLE      (1ULL << 1) /* a link; at level 0, where there are no links, a page */
#define LPAE_CACHED     (1ULL << 2) /* attribute index 1 */
#define LPAE_USER       (1ULL << 6) /* AP[1]: devices are unprivileged */
#define LPAE_READONLY   (1ULL << 7) /* AP[2] */
#define LPAE_SHARED     (3ULL << 8) /* inner shareable */
#define LPAE_OUTER      (2ULL << 8)
#define LPAE_USED       (1ULL << 10) /* access flag: or the first access faults */
#define LPAE_NOT_GLOBAL (1ULL << 11)
#define LPAE_FIRST      (1ULL << 55) /* 58:55 are software's */
#define LPAE_LAST       (1ULL << 56)
#define LPAE_GAP        (1ULL << 57)
#define LPAE_NO_EXECUTE (3ULL << 53) /* PXN and UXN */
#define LPAE_ADDRESS    0x0000fffffffff000ULL

static uint64_t lpae_leaf(dmk_phys phys, unsigned int level, unsigned int prot)
{
	uint64_t entry = (phys.v & LPAE_ADDRESS) | LPAE_VALID | LPAE_USER | LPAE_USED |
			 LPAE_NOT_GLOBAL | LPAE_NO_EXECUTE;

	entry |= level ? 0 : LPAE_TABLE;
	entry |= prot & DMK_PROT_WRITE ? 0 : LPAE_READONLY;
	entry |= prot & DMK_PROT_CACHED ? LPAE_CACHED | LPAE_SHARED : LPAE_OUTER;
	entry |= prot & DMK_PROT_FIRST ? LPAE_FIRST : 0;
	entry |= prot & DMK_PROT_LAST ? LPAE_LAST : 0;
	entry |= prot & DMK_PROT_GAP ? LPAE_GAP : 0;
	return entry;
}

static uint64_t lpae_link(dmk_phys table)
{
	return (table.v & LPAE_ADDRESS) | LPAE_VALID | LPAE_TABLE;
}

static dmk_phys lpae_leaf_phys(uint64_t entry)
{
	return DMK_PHYS(entry & LPAE_ADDRESS);
}

static unsigned int lpae_leaf_prot(uint64_t entry)
{
	return DMK_PROT_READ | (entry & LPAE_READONLY ? 0 : DMK_PROT_WRITE) |
	       (entry & LPAE_CACHED ? DMK_PROT_CACHED : 0) |
	       (entry & LPAE_FIRST ? DMK_PROT_FIRST : 0) | (entry & LPAE_LAST ? DMK_PROT_LAST : 0) |
	       (entry & LPAE_GAP ? DMK_PROT_GAP : 0);
}

const struct dmk_table_ops dmk_table_lpae = {
	.leaf = lpae_leaf,
	.link = lpae_link,
	.leaf_phys = lpae_leaf_phys,
	.leaf_prot = lpae_leaf_prot,
};
