/* SPDX-License-Identifier: MIT */
/*
 * IOMMUs from a devicetree: which there are, who is behind which and under which id, and which
 * addresses are not the kernel's to give out. What sits behind an IOMMU that is not simulated here
 * is as if there were none.
 *
 * Bindings: iommu/iommu.txt (iommus, #iommu-cells), pci/pci-iommu.txt (iommu-map),
 * iommu/arm,smmu-v3.yaml, and reserved-memory/reserved-memory.yaml (iommu-addresses).
 */
#include "iommu.h"
#include "reader.h"

enum {
	VTD_PHYS_BITS = SIM_PHYS_BITS,
	LPAE_PHYS_BITS = 48,
	ENTRIES = 256, /* where the tree says nothing */
	ENTRIES_MOST = 4096,
	QUEUE = 16,
	PREFETCH = 25,
};
/* The addresses to which a PC's cards write messages: Intel SDM volume 3, 11.11.1. */
#define VTD_MSI_FIRST 0xfee00000ULL
#define VTD_MSI_LAST  0xfeefffffULL

/* --- one IOMMU -------------------------------------------------------------------------------- */

bool dmk_sim_is_iommu(const struct tree *tree, int node)
{
	return dmk_tree_has(tree, node, "#iommu-cells");
}

static bool is_simulated(const struct tree *tree, int node, enum dmk_table_format *format)
{
	bool smmu = dmk_tree_compatible(tree, node, "arm,smmu-v3");

	*format = smmu ? DMK_TABLE_LPAE : DMK_TABLE_VTD;
	return dmk_tree_enabled(tree, node) &&
	       (smmu || dmk_tree_compatible(tree, node, "dmakit,iommu-vtd"));
}

static int read_iova_bits(const struct reader *r, struct sim_iommu *iommu)
{
	const bool vtd = iommu->iommu.format == DMK_TABLE_VTD;
	uint64_t bits = 48;
	int result = dmk_tree_number(&r->tree, iommu->node, "dmakit,iova-bits", &bits);

	if (result && result != -ENOENT)
		return result;
	if (vtd && bits != 39 && bits != 48 && bits != 57)
		return dmk_tree_bad(&r->tree, iommu->node, "dmakit,iova-bits",
				    "%llu is not 39, 48 or 57", (unsigned long long)bits);
	if (!vtd && (bits < 32 || bits > 48))
		return dmk_tree_bad(&r->tree, iommu->node, "dmakit,iova-bits",
				    "%llu is not 32 to 48", (unsigned long long)bits);
	iommu->iommu.iova_bits = bits;
	return 0;
}

static int read_granule(const struct reader *r, struct sim_iommu *iommu)
{
	const bool vtd = iommu->iommu.format == DMK_TABLE_VTD;
	uint64_t granule = 4096, sizes;
	int result = dmk_tree_number(&r->tree, iommu->node, "dmakit,granule", &granule);

	if (result && result != -ENOENT)
		return result;
	if (granule != 4096 && (vtd || granule != 65536))
		return dmk_tree_bad(&r->tree, iommu->node, "dmakit,granule", "%llu is not 4096%s",
				    (unsigned long long)granule, vtd ? "" : " or 65536");
	sizes = granule == 4096 ? 1ULL << 12 | 1ULL << 21 | 1ULL << 30 : 1ULL << 16 | 1ULL << 29;
	if (dmk_tree_has(&r->tree, iommu->node, "dmakit,no-large-pages"))
		sizes = granule;
	iommu->iommu.page_sizes = sizes;
	iommu->shift = granule == 4096 ? 12 : 16;
	return 0;
}

static int read_cache(const struct reader *r, struct sim_iommu *iommu)
{
	const struct tree *tree = &r->tree;
	int node = iommu->node;
	int result = dmk_tree_cells(tree, node, "dmakit,iotlb-entries", ENTRIES, ENTRIES_MOST,
				    &iommu->entries);

	result = result ? result
			: dmk_tree_cells(tree, node, "dmakit,invalidation-queue", QUEUE,
					 SIM_QUEUE_MOST, &iommu->queue);
	result = result ? result
			: dmk_tree_cells(tree, node, "dmakit,iotlb-prefetch", PREFETCH, 100,
					 &iommu->prefetch);
	if (!result && (iommu->entries < SIM_IOTLB_WAYS || iommu->entries & (iommu->entries - 1)))
		return dmk_tree_bad(tree, node, "dmakit,iotlb-entries",
				    "%u is no power of two from %d to %d", iommu->entries,
				    SIM_IOTLB_WAYS, ENTRIES_MOST);
	return result;
}

static int iommu_make(struct reader *r, int node, enum dmk_table_format format,
		      struct sim_iommu **made)
{
	struct sim_iommu *iommu = dmk_sim_profile_alloc(r->profile, 1, sizeof(*iommu));
	int result;

	if (!iommu)
		return -ENOMEM;
	*made = iommu;
	iommu->node = node;
	iommu->iommu = (struct dmk_iommu){
		.name = fdt_get_name(r->tree.fdt, node, NULL),
		.format = format,
		.phys_bits = format == DMK_TABLE_VTD ? VTD_PHYS_BITS : LPAE_PHYS_BITS,
		.coherent_walk = dmk_sim_is_coherent(&r->tree, node),
		.caches_faults = dmk_tree_has(&r->tree, node, "dmakit,caches-faults"),
		.ops = &dmk_sim_iommu_ops,
		.ctx = iommu,
	};
	result = read_iova_bits(r, iommu);
	result = result ? result : read_granule(r, iommu);
	result = result ? result : read_cache(r, iommu);
	iommu->next = r->profile->iommus;
	r->profile->iommus = iommu;
	return result;
}

/*
 * The IOMMU that a phandle in @property of @node means; *@found NULL: one that is not simulated, or
 * switched off.
 */
static int iommu_get(struct reader *r, int node, const char *property, uint32_t phandle,
		     struct sim_iommu **found, unsigned int *cells)
{
	int target = dmk_tree_phandle(&r->tree, node, property, phandle);
	enum dmk_table_format format;
	int result;

	*found = NULL;
	if (target < 0)
		return target;
	if (!dmk_sim_is_iommu(&r->tree, target))
		return dmk_tree_bad(&r->tree, target, "#iommu-cells",
				    "it is missing, and %s of %s needs it", property,
				    fdt_get_name(r->tree.fdt, node, NULL));
	result = dmk_tree_cells(&r->tree, target, "#iommu-cells", 0, 8, cells);
	if (result || !is_simulated(&r->tree, target, &format))
		return result;
	if (*cells > 1)
		return dmk_tree_bad(&r->tree, target, "#iommu-cells", "%u is not 0 or 1", *cells);
	for (*found = r->profile->iommus; *found; *found = (*found)->next)
		if ((*found)->node == target)
			return 0;
	return iommu_make(r, target, format, found);
}

/* --- who is behind it ------------------------------------------------------------------------- */

static int stream_of(struct sim_profile *p, struct sim_iommu *iommu, uint32_t id,
		     unsigned int *index)
{
	for (*index = 0; *index < iommu->nr_streams; ++*index)
		if (iommu->streams[*index].id == id)
			return 0;
	iommu->streams = dmk_sim_grown(p, iommu->streams, iommu->nr_streams,
				       sizeof(*iommu->streams));
	if (!iommu->streams)
		return -ENOMEM;
	iommu->streams[iommu->nr_streams++] = (struct sim_stream){.id = id, .group = id};
	return 0;
}

static int master_add(struct sim_profile *p, struct sim_iommu *iommu, uint32_t requester,
		      uint32_t id, bool reaches_peers)
{
	struct sim_master add = {.requester = requester};
	int result = stream_of(p, iommu, id, &add.stream);

	if (result)
		return result;
	iommu->streams[add.stream].reaches_peers |= reaches_peers;
	iommu->masters = dmk_sim_grown(p, iommu->masters, iommu->nr_masters, sizeof(add));
	if (!iommu->masters)
		return -ENOMEM;
	iommu->masters[iommu->nr_masters++] = add;
	return 0;
}

int dmk_sim_iommu_of_device(struct reader *r, int node, uint32_t requester,
			    const struct dmk_iommu **found)
{
	struct tree_list list;
	struct sim_iommu *iommu;
	unsigned int cells;
	int result = dmk_tree_list(&r->tree, node, "iommus", 1, &list);

	*found = NULL;
	if (result || !list.n)
		return result;
	result = iommu_get(r, node, "iommus", fdt32_ld(list.cells), &iommu, &cells);
	if (result || !iommu)
		return result;
	if (list.n < 1 + cells)
		return dmk_tree_bad(&r->tree, node, "iommus", "it ends within an entry");
	*found = &iommu->iommu;
	return master_add(r->profile, iommu, requester, cells ? fdt32_ld(list.cells + 1) : 0,
			  false);
}

/* An entry: the first function, the IOMMU, its id there, how many. */
enum { MAP_CELLS = 4 };

static int read_map(struct reader *r, int bridge, struct tree_list *map, uint32_t *mask)
{
	uint64_t given = 0xffff;
	int result = dmk_tree_list(&r->tree, bridge, "iommu-map", MAP_CELLS, map);

	result = result ? result : dmk_tree_number(&r->tree, bridge, "iommu-map-mask", &given);
	*mask = given;
	return result == -ENOENT ? 0 : result;
}

int dmk_sim_iommu_of_slot(struct reader *r, int bridge, uint16_t bdf, bool reaches_peers,
			  const struct dmk_iommu **found)
{
	struct tree_list map;
	uint32_t mask;
	int result = read_map(r, bridge, &map, &mask);

	*found = NULL;
	for (unsigned int i = 0; i < map.n && !result; i++) {
		const fdt32_t *entry = map.cells + i * map.entry;
		uint32_t into = (bdf & mask) - fdt32_ld(entry);
		struct sim_iommu *iommu;
		unsigned int cells;

		if (into >= fdt32_ld(entry + 3))
			continue;
		result = iommu_get(r, bridge, "iommu-map", fdt32_ld(entry + 1), &iommu, &cells);
		if (result || !iommu)
			return result;
		*found = &iommu->iommu;
		return master_add(r->profile, iommu, bdf, fdt32_ld(entry + 2) + into,
				  reaches_peers);
	}
	return result;
}

/*
 * Devices that reach each other without passing the IOMMU are one group, with the number of the
 * first of them.
 */
static void join_groups(struct sim_iommu *iommu)
{
	const struct sim_stream *first = NULL;

	for (unsigned int i = 0; i < iommu->nr_streams; i++) {
		struct sim_stream *at = &iommu->streams[i];

		if (!at->reaches_peers)
			continue;
		first = first ? first : at;
		at->group = first->group;
	}
}

/* --- addresses that are not to be given out --------------------------------------------------- */

static int region_add(struct sim_profile *p, struct sim_iommu *iommu, struct dmk_iommu_region add)
{
	iommu->regions = dmk_sim_grown(p, iommu->regions, iommu->iommu.nr_regions, sizeof(add));
	if (!iommu->regions)
		return -ENOMEM;
	iommu->regions[iommu->iommu.nr_regions++] = add;
	iommu->iommu.regions = iommu->regions;
	return 0;
}

static int add_doorbell(struct sim_profile *p, struct sim_iommu *iommu)
{
	const uint64_t granule = 1ULL << iommu->shift;

	if (!p->has_doorbell)
		return 0;
	iommu->msi_first = p->doorbell & ~(granule - 1);
	iommu->msi_last = iommu->msi_first + (granule - 1);
	if (iommu->iommu.format == DMK_TABLE_VTD && p->doorbell >= VTD_MSI_FIRST &&
	    p->doorbell <= VTD_MSI_LAST) {
		iommu->msi_first = VTD_MSI_FIRST;
		iommu->msi_last = VTD_MSI_LAST;
	}
	return region_add(p, iommu,
			  (struct dmk_iommu_region){.kind = DMK_REGION_RESERVED,
						    .requester = DMK_REQUESTER_NONE,
						    .first = iommu->msi_first,
						    .last = iommu->msi_last});
}

/* The region for @requester, whatever IOMMU it is behind; behind none: it needs no region. */
static int region_for(struct reader *r, int node, uint32_t requester, struct dmk_iommu_region add)
{
	struct sim_iommu *iommu = r->profile->iommus;

	while (iommu && !dmk_sim_iommu_stream(iommu, requester))
		iommu = iommu->next;
	if (!iommu)
		return 0;
	if ((add.first | (add.last + 1)) & ((1ULL << iommu->shift) - 1))
		return dmk_tree_bad(&r->tree, node, "iommu-addresses",
				    "0x%llx to 0x%llx is no run of the IOMMU's pages of %llu bytes",
				    (unsigned long long)add.first, (unsigned long long)add.last,
				    1ULL << iommu->shift);
	if (add.last >> iommu->iommu.iova_bits)
		return dmk_tree_bad(&r->tree, node, "iommu-addresses",
				    "0x%llx has more than the IOMMU's %u bits",
				    (unsigned long long)add.last, iommu->iommu.iova_bits);
	add.requester = requester;
	return region_add(r->profile, iommu, add);
}

static uint16_t slot_bdf(const struct sim_profile *p, unsigned int slot)
{
	return p->pci.first_bus << 8 | slot << 3;
}

/* @target: a platform device, the host bridge (all its slots), or a slot below it. */
static int region_for_node(struct reader *r, int node, int target, struct dmk_iommu_region add)
{
	struct sim_profile *p = r->profile;
	const fdt32_t *reg = fdt_getprop(p->fdt, target, "reg", NULL);
	int result = 0;

	for (unsigned int i = 0; i < p->machine.nr_platform; i++)
		if (p->platform_node[i] == target)
			return region_for(r, node, DMK_REQUESTER_PLATFORM + i, add);
	if (p->machine.pci && reg && fdt_parent_offset(p->fdt, target) == p->pci_node)
		return region_for(r, node, slot_bdf(p, fdt32_ld(reg) >> 11 & 31), add);
	for (unsigned int slot = 0; target == p->pci_node && slot < SIM_PCI_SLOTS && !result;
	     slot++)
		result = region_for(r, node, slot_bdf(p, slot), add);
	return result;
}

/* One to one, or it is not done: the node's own memory at the address of the same number. */
static int check_identity(struct reader *r, int node, const struct dmk_iommu_region *region)
{
	struct tree_list reg;
	unsigned int cells;
	int result = dmk_tree_reg(&r->tree, node, &reg, &cells);

	for (unsigned int i = 0; i < reg.n && !result; i++) {
		const fdt32_t *entry = reg.cells + i * reg.entry;
		uint64_t first = dmk_tree_value(entry, cells);

		if (first == region->first &&
		    dmk_tree_value(entry + cells, reg.entry - cells) == region->last - first + 1)
			return 0;
	}
	return result ? result
		      : dmk_tree_bad(&r->tree, node, "iommu-addresses",
				     "0x%llx to 0x%llx is not the node's reg: memory can be mapped "
				     "to the same address only",
				     (unsigned long long)region->first,
				     (unsigned long long)region->last);
}

static int read_region(struct reader *r, int node, const fdt32_t *entry, unsigned int address_cells,
		       unsigned int size_cells)
{
	int target = dmk_tree_phandle(&r->tree, node, "iommu-addresses", fdt32_ld(entry));
	uint64_t size = dmk_tree_value(entry + 1 + address_cells, size_cells);
	struct dmk_iommu_region add = {.first = dmk_tree_value(entry + 1, address_cells)};
	int result = 0;

	if (target < 0)
		return target;
	if (!size || wraps(add.first, size))
		return dmk_tree_bad(&r->tree, node, "iommu-addresses",
				    "0x%llx with 0x%llx bytes is empty or wraps",
				    (unsigned long long)add.first, (unsigned long long)size);
	add.last = add.first + (size - 1);
	if (dmk_tree_has(&r->tree, node, "reg")) {
		add.kind = DMK_REGION_IDENTITY;
		add.write = !dmk_tree_has(&r->tree, node, "dmakit,read-only");
		result = check_identity(r, node, &add);
	}
	return result ? result : region_for_node(r, node, target, add);
}

static int read_regions(struct reader *r, int parent, int node)
{
	unsigned int address_cells, size_cells;
	struct tree_list list;
	int result = dmk_tree_cells(&r->tree, parent, "#address-cells", 2, 2, &address_cells);

	result = result ? result
			: dmk_tree_cells(&r->tree, parent, "#size-cells", 1, 2, &size_cells);
	result = result ? result
			: dmk_tree_list(&r->tree, node, "iommu-addresses",
					1 + address_cells + size_cells, &list);
	for (unsigned int i = 0; i < list.n && !result; i++)
		result = read_region(r, node, list.cells + i * list.entry, address_cells,
				     size_cells);
	return result;
}

int dmk_sim_finish_iommus(struct reader *r)
{
	int parent = fdt_path_offset(r->tree.fdt, "/reserved-memory"), node, result = 0;

	for (struct sim_iommu *at = r->profile->iommus; at && !result; at = at->next) {
		join_groups(at);
		result = add_doorbell(r->profile, at);
	}
	if (parent < 0 || result)
		return result;
	fdt_for_each_subnode(node, r->tree.fdt, parent)
	{
		if (!result && dmk_tree_enabled(&r->tree, node))
			result = read_regions(r, parent, node);
	}
	return result;
}
