/* SPDX-License-Identifier: MIT */
/*
 * From a devicetree to what the machine is made of: memory, buses, the PCI host bridge, platform
 * devices, interrupts. The binding is documented in docs/MACHINES.md. Nothing is made here; sim.c
 * and the others do that from the description.
 *
 * Properties follow the Devicetree Specification 0.4 and the PCI bus binding; what those do not
 * have is dmakit,*.
 */
#include "iommu.h"
#include "load.h"
#include "reader.h"

void *dmk_sim_profile_alloc(struct sim_profile *profile, size_t n, size_t size)
{
	struct sim_chunk *chunk;

	if (size && n > (SIZE_MAX - sizeof(*chunk)) / size)
		return NULL;
	chunk = calloc(1, sizeof(*chunk) + n * size);
	if (!chunk)
		return NULL;
	chunk->next = profile->chunks;
	profile->chunks = chunk;
	return chunk + 1;
}

void dmk_sim_profile_free(struct sim_profile *profile)
{
	while (profile->chunks) {
		struct sim_chunk *chunk = profile->chunks;

		profile->chunks = chunk->next;
		free(chunk);
	}
	free(profile->fdt);
	profile->fdt = NULL;
}

/*
 * Room for entry @n of an array that is full with @n: the same array while it has room (capacities
 * are powers of two, from 2 on), else a larger copy; the old one stays with the chunks.
 */
void *dmk_sim_grown(struct sim_profile *profile, void *array, unsigned int n, size_t size)
{
	void *more;

	if (n == 1 || n & (n - 1))
		return array;
	more = dmk_sim_profile_alloc(profile, n ? 2 * (size_t)n : 2, size);
	if (more && n)
		memcpy(more, array, n * size);
	return more;
}

static char *copied(struct sim_profile *profile, const char *text)
{
	char *copy = dmk_sim_profile_alloc(profile, strlen(text) + 1, 1);

	return copy ? strcpy(copy, text) : NULL;
}

int dmk_sim_profile_number(const struct sim_profile *profile, int node, const char *name,
			   uint64_t *value)
{
	int size;
	const fdt32_t *cells = fdt_getprop(profile->fdt, node, name, &size);

	if (!cells)
		return -ENOENT;
	if (size != 4 && size != 8)
		return -EINVAL;
	*value = dmk_tree_value(cells, size / 4);
	return 0;
}

/* --- platform devices ------------------------------------------------------------------------- */

struct node_handle {
	const void *fdt;
	int node;
};

static const void *platform_property(const struct dmk_platform_device *device, const char *name,
				     size_t *size)
{
	const struct node_handle *handle = device->node;
	int length = 0;
	const void *value = fdt_getprop(handle->fdt, handle->node, name, &length);

	if (size)
		*size = value ? length : 0;
	return value;
}

static bool is_isa(const struct tree *tree, int node)
{
	const char *type = dmk_tree_text(tree, node, "device_type");

	return dmk_tree_compatible(tree, node, "isa") || (type && !strcmp(type, "isa"));
}

/* ISA's addresses begin with a cell that says of which kind they are: bit 0 says ports. */
static bool is_port(const struct tree *tree, int parent, const fdt32_t *entry, unsigned int cells)
{
	return cells == 2 && is_isa(tree, parent) && fdt32_ld(entry) & 1;
}

static int read_registers(struct reader *r, int node, struct dmk_platform_device *device)
{
	struct tree_list reg;
	unsigned int cells;
	int parent = fdt_parent_offset(r->tree.fdt, node);
	int result = dmk_tree_reg(&r->tree, node, &reg, &cells);

	for (unsigned int i = 0; i < reg.n && i < DMK_PLATFORM_REGS && !result; i++) {
		const fdt32_t *entry = reg.cells + i * reg.entry;
		uint64_t first = dmk_tree_value(entry, cells);
		uint64_t size = dmk_tree_value(entry + cells, reg.entry - cells);

		const bool port = is_port(&r->tree, parent, entry, cells);

		if (port)
			first = fdt32_ld(entry + 1);
		if (!size || wraps(first, size))
			return dmk_tree_bad(&r->tree, node, "reg", "entry %u is empty or wraps", i);
		if (port && (first > 0xffff || size > 0x10000 - first))
			return dmk_tree_bad(&r->tree, node, "reg", "entry %u: ports end at 0xffff",
					    i);
		if (!port)
			result = dmk_tree_translate(&r->tree, node, parent, size, &first);
		device->reg[i].is_port = port;
		device->reg[i].first = DMK_PHYS(first);
		device->reg[i].size = size;
		device->nr_regs = i + 1;
	}
	return result;
}

static const char *platform_name(struct reader *r, int node,
				 const struct dmk_platform_device *device)
{
	const char *name = fdt_get_name(r->tree.fdt, node, NULL);
	int plain = strcspn(name, "@");
	char text[64];

	if (device->nr_regs)
		snprintf(text, sizeof(text), "%llx.%.*s",
			 (unsigned long long)device->reg[0].first.v, plain > 31 ? 31 : plain, name);
	else
		snprintf(text, sizeof(text), "%.63s", name);
	return copied(r->profile, text);
}

static int read_platform_device(struct reader *r, int node)
{
	struct sim_profile *p = r->profile;
	struct node_handle *handle = dmk_sim_profile_alloc(p, 1, sizeof(*handle));
	struct dmk_platform_device device = {.property = platform_property, .node = handle};
	unsigned int n = p->machine.nr_platform;
	struct sim_between between = {.untrusted = dmk_tree_has(&r->tree, node, "external-facing")};
	int result;

	if (!handle)
		return -ENOMEM;
	*handle = (struct node_handle){p->fdt, node};
	for (unsigned int i = 0; i < DMK_PLATFORM_COMPATIBLES; i++)
		device.compatible[i] = fdt_stringlist_get(p->fdt, node, "compatible", i, NULL);
	result = read_registers(r, node, &device);
	result = result ? result : dmk_sim_read_interrupts(r, node, &device);
	result = result ? result
			: dmk_sim_iommu_of_device(r, node, DMK_REQUESTER_PLATFORM + n,
						  &between.iommu);
	result = result ? result
			: dmk_sim_bus_get(r, fdt_parent_offset(p->fdt, node), node, between,
					  &device.dma);
	if (result)
		return result;
	device.name = platform_name(r, node, &device);
	p->platform = dmk_sim_grown(p, p->platform, n, sizeof(device));
	p->platform_node = dmk_sim_grown(p, p->platform_node, n, sizeof(node));
	if (!p->platform || !p->platform_node || !device.name)
		return -ENOMEM;
	p->platform[n] = device;
	p->platform_node[n] = node;
	p->machine.nr_platform = n + 1;
	return 0;
}

/* --- the walk --------------------------------------------------------------------------------- */

static bool is_no_device(const struct tree *tree, int node)
{
	return !dmk_tree_enabled(tree, node) || !dmk_tree_has(tree, node, "compatible") ||
	       dmk_tree_has(tree, node, "interrupt-controller") ||
	       dmk_tree_has(tree, node, "msi-controller") || dmk_sim_is_iommu(tree, node) ||
	       dmk_sim_is_memory_node(tree, node);
}

static int read_bus(struct reader *r, int bus, unsigned int depth);

/*
 * The lines of the bus have the numbers of the controller that it names, 1 to 15, before anybody
 * else has: drivers know them by heart. Without a controller there are none.
 */
static int read_isa_lines(struct reader *r, int node)
{
	const int controller = dmk_tree_interrupt_parent(&r->tree, node);
	uint64_t cells;

	if (controller < 0 || dmk_tree_number(&r->tree, controller, "#interrupt-cells", &cells) ||
	    cells < 1 || cells > 2) {
		*r->tree.error = 0;
		return 0;
	}
	for (unsigned int line = 1; line < DMK_ISA_IRQS; line++) {
		const fdt32_t spec[2] = {cpu_to_fdt32(line), 0};
		unsigned int irq;
		const int result = dmk_sim_read_specifier(r, node, "interrupts", controller, spec,
							  2, &irq);

		if (result < 0)
			return result;
		if (irq == line)
			r->profile->isa_lines |= 1u << line;
	}
	return 0;
}

/* What is nowhere on the bus is no card: firmware lists its own things there too. */
static bool is_no_card(const struct tree *tree, int node)
{
	return is_isa(tree, fdt_parent_offset(tree->fdt, node)) && !dmk_tree_has(tree, node, "reg");
}

static int read_isa(struct reader *r, int node, unsigned int depth)
{
	int result = dmk_sim_bus_get(r, node, node, (struct sim_between){NULL},
				     &r->profile->machine.isa);

	result = result ? result : read_isa_lines(r, node);
	return result ? result : read_bus(r, node, depth + 1);
}

/* Their ports are in the calls of <asm/dma.h>: no other place would do. */
static int read_isa_dma(struct reader *r, int node)
{
	static const uint32_t ports[][3] = {{1, 0x00, 0x10}, {1, 0x80, 0x10}, {1, 0xc0, 0x20}};
	struct tree_list reg;
	unsigned int cells;
	bool good = is_isa(&r->tree, fdt_parent_offset(r->tree.fdt, node));
	int result = good ? dmk_tree_reg(&r->tree, node, &reg, &cells) : 0;

	if (result)
		return result;
	good = good && reg.n == 3 && reg.entry == 3;
	for (unsigned int i = 0; good && i < 9; i++)
		good = fdt32_ld(reg.cells + i) == ports[i / 3][i % 3];
	if (!good)
		return dmk_tree_bad(
			&r->tree, node, "reg",
			"two 8237 are on the ISA bus, at ports 0x00, 0x80 and 0xc0: <1 0x00 0x10>, <1 0x80 0x10>, <1 0xc0 0x20>");
	r->profile->has_isa_dma = true;
	return 0;
}

static int read_node(struct reader *r, int node, unsigned int depth)
{
	if (dmk_sim_is_pci(&r->tree, node) && dmk_tree_enabled(&r->tree, node))
		return dmk_sim_read_pci(r, node);
	if (dmk_tree_enabled(&r->tree, node) && dmk_tree_compatible(&r->tree, node, "intel,8237"))
		return read_isa_dma(r, node);
	if (is_no_device(&r->tree, node) || is_no_card(&r->tree, node))
		return 0;
	if (is_isa(&r->tree, node))
		return read_isa(r, node, depth);
	if (dmk_tree_compatible(&r->tree, node, "simple-bus"))
		return read_bus(r, node, depth + 1);
	return read_platform_device(r, node);
}

static int read_bus(struct reader *r, int bus, unsigned int depth)
{
	int node, result = 0;

	if (depth > DEPTH_MAX)
		return dmk_tree_bad(&r->tree, bus, NULL, "more than %d buses inside each other",
				    DEPTH_MAX);
	fdt_for_each_subnode(node, r->tree.fdt, bus)
	{
		result = result ? result : read_node(r, node, depth);
	}
	return result;
}

/* --- the machine itself ----------------------------------------------------------------------- */

static const char *const line_properties[] = {"d-cache-line-size", "d-cache-block-size",
					      "cache-line-size"};

/* In /cpus, or in a cpu below it. */
static int read_cache_line(struct reader *r, uint64_t *line)
{
	int cpus = fdt_path_offset(r->tree.fdt, "/cpus"), node = cpus;

	while (node >= 0) {
		for (unsigned int i = 0; i < 3; i++) {
			int result = dmk_tree_number(&r->tree, node, line_properties[i], line);

			if (result == -ENOENT)
				continue;
			if (!result && (*line < 8 || *line > DMK_PAGE_SIZE || *line & (*line - 1)))
				return dmk_tree_bad(&r->tree, node, line_properties[i],
						    "%llu is no power of two from 8 to 4096",
						    (unsigned long long)*line);
			return result;
		}
		node = node == cpus ? fdt_first_subnode(r->tree.fdt, cpus)
				    : fdt_next_subnode(r->tree.fdt, node);
	}
	return 0;
}

static bool all_coherent(const struct sim_profile *p)
{
	for (const struct sim_bus *bus = p->buses; bus; bus = bus->next)
		if (!bus->bus.coherent)
			return false;
	/*
	 * An IOMMU that does not look into the caches needs the copies as well, to see what was not
	 * cleaned.
	 */
	for (const struct sim_iommu *at = p->iommus; at; at = at->next)
		if (!at->iommu.coherent_walk)
			return false;
	return true;
}

static int read_root_number(struct reader *r, const char *name, uint64_t *value)
{
	int result = dmk_tree_number(&r->tree, 0, name, value);

	return result == -ENOENT ? 0 : result;
}

static int read_limits(struct reader *r)
{
	struct sim_profile *p = r->profile;
	const struct sim_bank *top = &p->banks[p->nr_banks - 1];
	uint64_t last = top->first + (top->size - 1), direct = last, line = 64, evictions = 2;
	int result = read_root_number(r, "dmakit,direct-map-last", &direct);

	result = result ? result
			: read_root_number(r, "dmakit,dma-zone-last", &p->machine.dma_zone_last);
	result = result ? result
			: read_root_number(r, "dmakit,dma32-zone-last",
					   &p->machine.dma32_zone_last);
	result = result ? result : read_root_number(r, "dmakit,cache-evictions", &evictions);
	result = result ? result : read_cache_line(r, &line);
	if (result)
		return result;
	if (!page_aligned(direct + 1) || direct < p->banks[0].first)
		return dmk_tree_bad(&r->tree, 0, "dmakit,direct-map-last",
				    "0x%llx is not the last byte of a page of memory",
				    (unsigned long long)direct);
	if (evictions > SIM_EVICTIONS)
		return dmk_tree_bad(&r->tree, 0, "dmakit,cache-evictions", "%llu is more than %d",
				    (unsigned long long)evictions, SIM_EVICTIONS);
	if (r->arguments.evicts)
		evictions = r->arguments.evictions;
	p->machine.direct_last = DMK_PHYS(direct < last ? direct : last);
	p->machine.cache_line = all_coherent(p) ? 1 : line;
	p->evictions = evictions;
	return 0;
}

static int read_texts(struct reader *r, const char *name, const char *append)
{
	struct sim_profile *p = r->profile;
	int chosen = fdt_path_offset(p->fdt, "/chosen");
	const char *arguments = chosen < 0 ? NULL : dmk_tree_text(&r->tree, chosen, "bootargs");
	const char *file = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	const char *summary = dmk_tree_text(&r->tree, 0, "dmakit,summary");
	size_t n = (arguments ? strlen(arguments) : 0) + (append ? strlen(append) : 0) + 2;
	char *all = dmk_sim_profile_alloc(p, n, 1), *short_name = copied(p, file);

	if (chosen >= 0 && !arguments && dmk_tree_has(&r->tree, chosen, "bootargs"))
		return dmk_tree_bad(&r->tree, chosen, "bootargs", "it is no text");
	if (!all || !short_name)
		return -ENOMEM;
	snprintf(all, n, "%s%s%s", arguments ? arguments : "", arguments && append ? " " : "",
		 append ? append : "");
	if (strchr(short_name, '.') > short_name)
		*strrchr(short_name, '.') = 0;
	summary = summary ? summary : dmk_tree_text(&r->tree, 0, "model");
	p->machine.name = short_name;
	p->machine.summary = summary ? summary : "";
	p->machine.bootargs = all;
	return 0;
}

static void read_caps(struct reader *r)
{
	struct dmk_machine *machine = &r->profile->machine;

	machine->caps = DMK_CAP_SEES_DMA;
	if (dmk_tree_has(&r->tree, 0, "dmakit,bounce"))
		machine->caps |= DMK_CAP_BOUNCE;
	if (dmk_tree_has(&r->tree, 0, "dmakit,private-memory"))
		machine->caps |= DMK_CAP_PRIVATE;
	if (dmk_tree_has(&r->tree, 0, "dmakit,weak-order"))
		machine->caps |= DMK_CAP_WEAK_ORDER;
	if (machine->isa || (machine->pci && machine->pci->io.size))
		machine->caps |= DMK_CAP_PORT_IO;
	if (r->profile->has_isa_dma)
		machine->caps |= DMK_CAP_ISA_DMA;
	machine->nr_irqs = SIM_IRQS;
	machine->platform = r->profile->platform;
}

int dmk_sim_profile_read(struct sim_profile *profile, const struct dmk_machine_config *config,
			 char *error, size_t error_size)
{
	const char *name = config->machine;
	struct reader r = {.profile = profile};
	int result = dmk_sim_load(name, &profile->fdt, error, error_size);

	result = result ? result : dmk_sim_graft(profile, config, error, error_size);
	if (result)
		return result;
	profile->file = copied(profile, name);
	if (!profile->file)
		return -ENOMEM;
	r.tree = (struct tree){profile->fdt, name, error, error_size};
	result = read_texts(&r, name, config->append);
	result = result ? result : dmk_sim_read_arguments(&r);
	result = result ? result : dmk_sim_read_memory(&r);
	result = result ? result : read_bus(&r, 0, 0);
	result = result ? result : dmk_sim_everybodys_pool(&r);
	result = result ? result : dmk_sim_finish_iommus(&r);
	result = result ? result : read_limits(&r);
	result = result ? result : dmk_sim_check_restricted(&r);
	if (result == -ENOMEM)
		snprintf(error, error_size, "%.96s: out of memory", name);
	if (!result)
		read_caps(&r);
	return result;
}
