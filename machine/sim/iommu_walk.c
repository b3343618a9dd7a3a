/* SPDX-License-Identifier: MIT */
/*
 * One entry of an I/O page table, as the specifications have it. Nothing is remembered here and no
 * memory is read: iommu.c does both.
 *
 * What an entry may be wrong in and how that shows: reserved bits and addresses that no memory can
 * have are DMK_FAULT_TABLE; a page that is there and not for this device is found by who looks at
 * read and write, except where the format says that nobody may use it.
 */
#include "iommu.h"

unsigned int dmk_sim_walk_shift(const struct sim_iommu *iommu, unsigned int level)
{
	return iommu->shift + (iommu->shift - 3) * level;
}

uint64_t dmk_sim_walk_entry(const struct sim_iommu *iommu, const struct sim_walk *walk)
{
	const uint64_t entries = 1ULL << (iommu->shift - 3);

	return walk->table +
	       8 * (walk->iova >> dmk_sim_walk_shift(iommu, walk->level) & (entries - 1));
}

static enum sim_step nonsense(enum dmk_iommu_fault_reason *reason)
{
	*reason = DMK_FAULT_TABLE;
	return SIM_STEP_FAULT;
}

static bool too_high(const struct sim_iommu *iommu, uint64_t phys)
{
	return phys >> iommu->iommu.phys_bits;
}

static enum sim_step next_table(const struct sim_iommu *iommu, uint64_t table,
				struct sim_walk *walk, enum dmk_iommu_fault_reason *reason)
{
	if (too_high(iommu, table) || table & ((1ULL << iommu->shift) - 1))
		return nonsense(reason);
	walk->table = table;
	walk->level--;
	return SIM_STEP_LINK;
}

static enum sim_step page(const struct sim_iommu *iommu, uint64_t phys, struct sim_walk *walk,
			  enum dmk_iommu_fault_reason *reason)
{
	const unsigned int shift = dmk_sim_walk_shift(iommu, walk->level);

	/* Bits between the granule and the page's size are reserved in both formats. */
	if (too_high(iommu, phys) || phys & ((1ULL << shift) - 1) ||
	    !(iommu->iommu.page_sizes >> shift & 1))
		return nonsense(reason);
	walk->shift = shift;
	walk->phys = phys;
	return SIM_STEP_PAGE;
}

/* --- VT-d second level: Intel VT-d specification 4.1, sections 3.7 and 9.8 -------------------- */

#define VTD_READ    (1ULL << 0)
#define VTD_WRITE   (1ULL << 1)
#define VTD_PAGE    (1ULL << 7) /* reserved in a level that has no pages; ignored in the last */
#define VTD_ADDRESS 0x000ffffffffff000ULL

static enum sim_step step_vtd(const struct sim_iommu *iommu, uint64_t entry, struct sim_walk *walk,
			      enum dmk_iommu_fault_reason *reason)
{
	if (!(entry & (VTD_READ | VTD_WRITE))) {
		*reason = DMK_FAULT_NOT_MAPPED;
		return SIM_STEP_FAULT;
	}
	/* Section 3.7.2: what a walk allows is what all of its entries allow. */
	walk->read &= (entry & VTD_READ) != 0;
	walk->write &= (entry & VTD_WRITE) != 0;
	if (!walk->level || entry & VTD_PAGE)
		return page(iommu, entry & VTD_ADDRESS, walk, reason);
	return next_table(iommu, entry & VTD_ADDRESS, walk, reason);
}

/* --- VMSAv8-64 stage 1: Arm ARM DDI 0487, sections D8.3 and D8.4 ------------------------------ */

#define LPAE_VALID          (1ULL << 0)
#define LPAE_TABLE          (1ULL << 1) /* a table; in the last level a page */
#define LPAE_UNPRIVILEGED   (1ULL << 6) /* AP[1] */
#define LPAE_READ_ONLY      (1ULL << 7) /* AP[2] */
#define LPAE_ACCESSED       (1ULL << 10)
#define LPAE_TABLE_NOT_USER (1ULL << 61) /* APTable[0]: no unprivileged access to what is below */
#define LPAE_TABLE_READONLY (1ULL << 62) /* APTable[1] */

static enum sim_step step_lpae(const struct sim_iommu *iommu, uint64_t entry, struct sim_walk *walk,
			       enum dmk_iommu_fault_reason *reason)
{
	const uint64_t address = entry & 0x0000ffffffffffffULL & ~((1ULL << iommu->shift) - 1);

	if (!(entry & LPAE_VALID)) {
		*reason = DMK_FAULT_NOT_MAPPED;
		return SIM_STEP_FAULT;
	}
	if (walk->level && entry & LPAE_TABLE) {
		if (entry & LPAE_TABLE_NOT_USER)
			walk->read = walk->write = false;
		if (entry & LPAE_TABLE_READONLY)
			walk->write = false;
		return next_table(iommu, address, walk, reason);
	}
	if (!walk->level && !(entry & LPAE_TABLE))
		return nonsense(reason);
	/* Nothing sets the flag here: who writes the table does, or each access faults (D8.4.6). */
	if (!(entry & LPAE_ACCESSED)) {
		*reason = DMK_FAULT_PERMISSION;
		return SIM_STEP_FAULT;
	}
	/* Devices are unprivileged. */
	if (!(entry & LPAE_UNPRIVILEGED))
		walk->read = walk->write = false;
	if (entry & LPAE_READ_ONLY)
		walk->write = false;
	return page(iommu, address, walk, reason);
}

enum sim_step dmk_sim_walk_step(const struct sim_iommu *iommu, uint64_t entry,
				struct sim_walk *walk, enum dmk_iommu_fault_reason *reason)
{
	return iommu->iommu.format == DMK_TABLE_VTD ? step_vtd(iommu, entry, walk, reason)
						    : step_lpae(iommu, entry, walk, reason);
}
