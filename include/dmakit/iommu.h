/* SPDX-License-Identifier: MIT */
/*
 * An IOMMU as the core sees it: which tables it walks, what it must be told, what it keeps from us.
 * The simulation fills one; drivers of real IOMMUs fill the same table over plain registers and
 * memory. The core owns domains, page tables and IOVAs; an IOMMU owns its translation cache and
 * which device uses which table.
 *
 * Audience: who brings an IOMMU.
 */
#ifndef DMAKIT_IOMMU_H
#define DMAKIT_IOMMU_H

#include <dmakit/types.h>

enum dmk_table_format {
	DMK_TABLE_VTD,  /* VT-d second level: Intel VT-d specification 4.1, section 9.8 */
	/*
	 * VMSAv8-64 stage 1, as the SMMU walks it: Arm ARM DDI 0487, section D8.3; SMMUv3 IHI 0070
	 */
	DMK_TABLE_LPAE,
};

/** IOVAs that are not the core's to give out (IOM-03). */
struct dmk_iommu_region {
	enum dmk_iommu_region_kind {
		/* never handed out: the window of message interrupts, a hole */
		DMK_REGION_RESERVED,
		/* the same, and mapped one to one from attach on: firmware uses it (RMRR) */
		DMK_REGION_IDENTITY,
	} kind;
	uint32_t requester;          /* DMK_REQUESTER_NONE: of every device behind this IOMMU */
	uint64_t first, last;        /* granule aligned first, last byte */
	bool write;                  /* IDENTITY: read and write; else read only */
};

/** What a device is attached to. */
struct dmk_iommu_attach {
	uint16_t id;         /* tags cached translations: VT-d's domain id, the SMMU's ASID */
	bool passthrough;    /* addresses pass unchanged; the rest has no meaning */
	dmk_phys root;       /* physical address of the top table */
	unsigned int levels; /* of the tables, 1 .. 5 */
};

struct dmk_iommu_ops {
	/**
	 * group_of - devices that the IOMMU can't tell apart have one number (IOM-07); otherwise
	 * each its own.
	 */
	uint32_t (*group_of)(void *ctx, uint32_t requester);
	/**
	 * attach - from now on the device's accesses go through @to; what was cached for it is gone
	 * Return: 0, -ENODEV: not behind this IOMMU, -ENOSPC, -EINVAL: no such table (levels, or a
	 *         root that is not granule aligned).
	 */
	int (*attach)(void *ctx, uint32_t requester, const struct dmk_iommu_attach *to);
	/** detach - from now on every access of the device faults. */
	void (*detach)(void *ctx, uint32_t requester);
	/**
	 * invalidate - forget cached translations of [@first, @last] tagged @id; it may be queued
	 * only
	 * @tables: entries above the last level changed too, so cached walks must go as well
	 * invalidate_all - the same for everything tagged @id, walks included
	 * sync - on return all that was asked before is done, and no access that used it is under
	 * way. Any context; never sleep.
	 */
	void (*invalidate)(void *ctx, uint16_t id, uint64_t first, uint64_t last, bool tables);
	void (*invalidate_all)(void *ctx, uint16_t id);
	void (*sync)(void *ctx);
};

/** Constant, owned by the machine or the IOMMU's driver; lives as long as the machine. */
struct dmk_iommu {
	const char *name;
	enum dmk_table_format format;
	/* a bit per size in bytes, the smallest is the granule: 1 << 12 | 1 << 21 | 1 << 30 */
	uint64_t page_sizes;
	unsigned int iova_bits; /* 32 .. 57 */
	unsigned int phys_bits;
	bool coherent_walk;     /* sees table entries without a cache clean */
	/*
	 * may remember that nothing was mapped (VT-d caching mode): a map needs an invalidation too
	 */
	bool caches_faults;

	const struct dmk_iommu_region *regions;
	unsigned int nr_regions;

	const struct dmk_iommu_ops *ops;
	void *ctx;
};

/** Why an access was refused. */
enum dmk_iommu_fault_reason {
	DMK_FAULT_NOT_MAPPED,
	DMK_FAULT_PERMISSION,
	DMK_FAULT_NOT_ATTACHED,
	DMK_FAULT_TABLE, /* an entry makes no sense */
};

struct dmk_iommu_fault {
	uint32_t requester;
	uint64_t iova;
	bool write;
	enum dmk_iommu_fault_reason reason;
};

#endif
