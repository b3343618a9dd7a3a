/* SPDX-License-Identifier: MIT */
/*
 * Devices that are asked for and belong on no bus that can be searched: each gets a node in the
 * devicetree before that is read, as if the board's maker had soldered it on. So nothing after this
 * file knows of them; docs/MACHINES.md says what such a node has.
 *
 * The place: among the devices of the first simple-bus that has registers, else below the root, in
 * 64 KiB that nobody uses. What masters memory stands where cards in slots stand: behind the
 * machine's IOMMU, before the host bridge's firewall. What asks for DMA is wired to the machine's
 * DMA controller, which is added where there is none.
 */
#include "reader.h"

enum {
	GRAFTS = 64,
	PLACE = 0x10000,       /* bytes between two devices' registers */
	FIRST_LINE = 96,       /* of an interrupt controller: few boards go so far */
	FIRST_STREAM = 0x8000, /* behind an IOMMU: as cards of a high bus have */
	NODE_BYTES = 1024,
};

#define ROOT_LAST 0xfe000000ull /* below a PC's interrupt controllers and messages */

struct graft {
	struct tree tree;
	void *fdt; /* the same, to be changed */
	const struct dmk_machine_config *config;
	const struct dmk_model *controller; /* that has to be added, or NULL */
	char parent[64];                    /* path of the node below which they come */
};

/* What is on no PCI card is a node of its own. */
bool dmk_sim_is_soldered(const struct dmk_model *model)
{
	return !model->pci.vendor && !model->isa.is_card && model->compatible;
}

/* --- what is needed --------------------------------------------------------------------------- */

static const struct dmk_model *some_controller(void)
{
	const struct dmk_model *m = dmk_model_next(NULL);

	while (m && !(m->compatible && m->requested))
		m = dmk_model_next(m);
	return m;
}

static int next_enabled(const struct tree *tree, int node)
{
	do
		node = fdt_next_node(tree->fdt, node, NULL);
	while (node >= 0 && !dmk_tree_enabled(tree, node));
	return node;
}

static bool models_controller(const struct tree *tree, int node)
{
	for (const struct dmk_model *m = dmk_model_next(NULL); m; m = dmk_model_next(m))
		if (m->compatible && m->requested && dmk_tree_compatible(tree, node, m->compatible))
			return true;
	return false;
}

/* A DMA controller that peripherals may ask; negative: there is none. */
static int find_controller(const struct tree *tree)
{
	int node = next_enabled(tree, -1);

	while (node >= 0 && !models_controller(tree, node))
		node = next_enabled(tree, node);
	return node;
}

static const struct dmk_model *requested_model(const struct dmk_machine_config *config,
					       unsigned int index)
{
	const struct dmk_model *model = dmk_model_find(config->devices[index].model);

	return model && dmk_sim_is_soldered(model) ? model : NULL;
}

/* How many nodes there will be, the controller's included. */
static unsigned int count(struct graft *graft)
{
	bool asks = false, has = find_controller(&graft->tree) >= 0;
	unsigned int n = 0;

	for (unsigned int i = 0; i < graft->config->nr_devices; i++) {
		const struct dmk_model *model = requested_model(graft->config, i);

		if (!model)
			continue;
		n++;
		asks |= model->requests != NULL;
		has |= model->requested != NULL;
	}
	graft->controller = asks && !has ? some_controller() : NULL;
	return n + !!graft->controller;
}

/* --- where ------------------------------------------------------------------------------------ */

static int find_bus(const struct tree *tree)
{
	int node, size;

	fdt_for_each_subnode(node, tree->fdt,
			     0) if (dmk_tree_enabled(tree, node) &&
				    dmk_tree_compatible(tree, node, "simple-bus") &&
				    fdt_getprop(tree->fdt, node, "ranges", &size) &&
				    size > 0) return node;
	return 0;
}

struct place {
	uint64_t first, size;
};

/* Whether an entry of a list of addresses lies there: @skip cells, an address, a size. */
static bool list_touches(const struct tree_list *list, unsigned int skip, unsigned int cells,
			 struct place place)
{
	for (unsigned int i = 0; i < list->n; i++) {
		const fdt32_t *entry = list->cells + i * list->entry + skip;
		const unsigned int rest = list->entry - skip - cells;

		if (overlap(dmk_tree_value(entry, cells), dmk_tree_value(entry + cells, rest),
			    place.first, place.size))
			return true;
	}
	return false;
}

/* Registers, memory, or what a bus below passes on. */
static bool node_touches(const struct tree *tree, int node, struct place place)
{
	unsigned int cells, own, size_cells;
	struct tree_list list;

	if (!dmk_tree_reg(tree, node, &list, &cells) && list_touches(&list, 0, cells, place))
		return true;
	return !dmk_tree_cells(tree, node, "#address-cells", 2, PCI_CELLS, &own) &&
	       !dmk_tree_cells(tree, node, "#size-cells", 1, 2, &size_cells) &&
	       !dmk_tree_list(tree, node, "ranges", own + cells + size_cells, &list) &&
	       list_touches(&list, own, cells, place);
}

static bool is_free(const struct tree *tree, int bus, struct place place)
{
	int node;

	fdt_for_each_subnode(node, tree->fdt,
			     bus) if (node_touches(tree, node, place)) return false;
	return true;
}

/* The addresses of @bus that its children may have. */
static int room_of(const struct tree *tree, int bus, struct place *room)
{
	unsigned int own, size_cells, above;
	const fdt32_t *ranges = fdt_getprop(tree->fdt, bus, "ranges", NULL);
	int parent = fdt_parent_offset(tree->fdt, bus), result;

	*room = (struct place){PLACE, ROOT_LAST - PLACE};
	if (!bus)
		return 0;
	result = dmk_tree_cells(tree, bus, "#address-cells", 2, 2, &own);
	result = result ? result : dmk_tree_cells(tree, bus, "#size-cells", 1, 2, &size_cells);
	result = result ? result : dmk_tree_cells(tree, parent, "#address-cells", 2, 2, &above);
	if (!result)
		*room = (struct place){dmk_tree_value(ranges, own),
				       dmk_tree_value(ranges + own + above, size_cells)};
	return result;
}

/* The highest free place of @size bytes; 0: there is none. */
static uint64_t free_place(const struct tree *tree, int bus, uint64_t size)
{
	struct place room, place = {.size = size};

	if (room_of(tree, bus, &room))
		return 0;
	for (uint64_t into = room.size & -(uint64_t)PLACE; into >= size; into -= PLACE) {
		place.first = room.first + into - size;
		if (place.first < room.first || !place.first)
			break;
		if (is_free(tree, bus, place))
			return place.first;
	}
	return 0;
}

/* A number from @first on that is in no cell of these properties, anywhere: nobody's for sure. */
static uint32_t free_number(const struct tree *tree, const char *const *names, uint32_t first)
{
	int node = fdt_next_node(tree->fdt, -1, NULL);

	for (; node >= 0; node = fdt_next_node(tree->fdt, node, NULL))
		for (unsigned int i = 0; names[i]; i++) {
			int size = 0;
			const fdt32_t *cells = fdt_getprop(tree->fdt, node, names[i], &size);

			for (int at = 0; cells && at < size / 4; at++)
				if (fdt32_ld(cells + at) == first)
					return free_number(tree, names, first + 1);
		}
	return first;
}

/* --- what the node says ----------------------------------------------------------------------- */

/* Offsets move with each change: the node is found anew each time, by its path. */
struct node {
	struct graft *graft;
	const struct dmk_model *model;
	char path[128];
	int wrong; /* libfdt's first error */
};

static int offset_of(const struct node *node)
{
	return fdt_path_offset(node->graft->fdt, node->path);
}

static void set(struct node *node, const char *name, const void *value, int size)
{
	if (!node->wrong)
		node->wrong = fdt_setprop(node->graft->fdt, offset_of(node), name, value, size);
}

static void set_cells(struct node *node, const char *name, const uint32_t *cells, unsigned int n)
{
	fdt32_t list[16];

	for (unsigned int i = 0; i < n; i++)
		list[i] = cpu_to_fdt32(cells[i]);
	set(node, name, list, 4 * (int)n);
}

/* The phandle of the node at @offset, which gets one if it has none. */
static uint32_t handle_of(struct node *node, int offset)
{
	uint32_t handle = fdt_get_phandle(node->graft->fdt, offset);

	if (handle || node->wrong)
		return handle;
	node->wrong = fdt_generate_phandle(node->graft->fdt, &handle);
	if (!node->wrong)
		node->wrong = fdt_setprop_u32(node->graft->fdt, offset, "phandle", handle);
	return handle;
}

static unsigned int put_number(uint32_t *cells, uint64_t value, unsigned int n)
{
	if (n == 2)
		*cells++ = value >> 32;
	*cells = value;
	return n;
}

static void set_registers(struct node *node, uint64_t first)
{
	const struct tree *tree = &node->graft->tree;
	int parent = fdt_parent_offset(tree->fdt, offset_of(node));
	unsigned int address_cells = 2, size_cells = 1, n = 0;
	uint32_t cells[4 * DMK_PLATFORM_REGS];

	dmk_tree_cells(tree, parent, "#address-cells", 2, 2, &address_cells);
	dmk_tree_cells(tree, parent, "#size-cells", 1, 2, &size_cells);
	for (unsigned int i = 0; i < DMK_PLATFORM_REGS && node->model->bar[i].kind; i++) {
		n += put_number(cells + n, first + i * PLACE, address_cells);
		n += put_number(cells + n, node->model->bar[i].size, size_cells);
	}
	set_cells(node, "reg", cells, n);
}

/* What the tree says; where it says nothing, the first there is. */
static int find_interrupts(struct node *node)
{
	const struct tree *tree = &node->graft->tree;
	int at = next_enabled(tree, 0);
	uint32_t handle;

	for (int up = offset_of(node); up >= 0; up = fdt_parent_offset(tree->fdt, up))
		if (dmk_tree_has(tree, up, "interrupt-parent"))
			return dmk_tree_interrupt_parent(tree, up);
	while (at >= 0 && !dmk_tree_has(tree, at, "interrupt-controller"))
		at = next_enabled(tree, at);
	if (at < 0)
		return dmk_tree_interrupt_parent(tree, offset_of(node));
	handle = handle_of(node, at);
	set_cells(node, "interrupt-parent", &handle, 1);
	return fdt_node_offset_by_phandle(tree->fdt, handle);
}

/* A level, high. */
static int set_interrupt(struct node *node)
{
	static const char *const lists[] = {"interrupts", "interrupts-extended", "interrupt-map",
					    NULL};
	const struct tree *tree = &node->graft->tree;
	int controller = find_interrupts(node);
	const uint32_t line = free_number(tree, lists, FIRST_LINE);
	const uint32_t one[] = {line, 4}, three[] = {0, line, 4};
	unsigned int cells;

	if (controller < 0)
		return controller;
	if (dmk_tree_cells(tree, controller, "#interrupt-cells", 1, 3, &cells))
		return -EINVAL;
	set_cells(node, "interrupts", cells == 3 ? three : one, cells);
	return 0;
}

/* The firewall and the IOMMU that the cards in slots have as well. */
static void set_view(struct node *node)
{
	static const char *const lists[] = {"iommus", NULL};
	const struct tree *tree = &node->graft->tree;
	int at, size;

	for (at = next_enabled(tree, 0); at >= 0; at = next_enabled(tree, at)) {
		const void *region = fdt_getprop(tree->fdt, at, "memory-region", &size);
		fdt32_t kept[8];

		if (!dmk_sim_is_pci(tree, at) || !region || size > (int)sizeof(kept))
			continue;
		memcpy(kept, region, size);
		set(node, "memory-region", kept, size);
		break;
	}
	for (at = next_enabled(tree, 0); at >= 0; at = next_enabled(tree, at))
		if (dmk_sim_is_iommu(tree, at)) {
			uint32_t stream = free_number(tree, lists, FIRST_STREAM), n = 0;
			uint32_t cells[] = {handle_of(node, at), stream};

			at = fdt_node_offset_by_phandle(tree->fdt, cells[0]);
			dmk_tree_cells(tree, at, "#iommu-cells", 0, 1, &n);
			set_cells(node, "iommus", cells, 1 + n);
			break;
		}
}

static void set_dmas(struct node *node)
{
	static const char *const lists[] = {"dmas", NULL};
	const struct tree *tree = &node->graft->tree;
	uint32_t handle = handle_of(node, find_controller(tree));
	uint32_t cells[2 * SIM_REQUESTS], line = 0;
	char names[64];
	unsigned int n = 0;
	int size = 0;

	for (; n < SIM_REQUESTS && node->model->requests[n]; n++, line++) {
		line = free_number(tree, lists, line);
		cells[2 * n] = handle;
		cells[2 * n + 1] = line;
		size += 1 + snprintf(names + size, sizeof(names) - size, "%.15s",
				     node->model->requests[n]);
	}
	set_cells(node, "dmas", cells, 2 * n);
	set(node, "dma-names", names, size);
}

/* --- one after the other ---------------------------------------------------------------------- */

static int refuse(const struct graft *graft, const struct dmk_model *model, const char *why)
{
	snprintf(graft->tree.error, graft->tree.error_size, "%.96s: no place for \"%s\": %s",
		 graft->tree.file, model->name, why);
	return -EINVAL;
}

static unsigned int bars(const struct dmk_model *model)
{
	unsigned int n = 0;

	while (n < DMK_PLATFORM_REGS && model->bar[n].kind)
		n++;
	return n;
}

/* @request: which of the requested devices it is; -1: none asked for it by name. */
static int add(struct graft *graft, const struct dmk_model *model, int request)
{
	struct node node = {graft, model, "", 0};
	const int parent = fdt_path_offset(graft->fdt, graft->parent);
	const uint32_t cell[] = {1}, number[] = {(uint32_t)request};
	uint64_t first = free_place(&graft->tree, parent, (uint64_t)PLACE * bars(model));
	char name[48];
	int result;

	if (!first)
		return refuse(graft, model, "all addresses are taken");
	snprintf(name, sizeof(name), "%.20s@%llx", model->name, (unsigned long long)first);
	snprintf(node.path, sizeof(node.path), "%s/%s", parent ? graft->parent : "", name);
	result = fdt_add_subnode(graft->fdt, parent, name);
	if (result < 0)
		return refuse(graft, model, fdt_strerror(result));
	set(&node, "compatible", model->compatible, (int)strlen(model->compatible) + 1);
	set_registers(&node, first);
	result = set_interrupt(&node);
	if (result)
		return result;
	if (model->requested)
		set_cells(&node, "#dma-cells", cell, 1);
	if (model->requests)
		set_dmas(&node);
	else
		set_view(&node);
	if (request >= 0)
		set_cells(&node, SIM_GRAFTED, number, 1);
	return node.wrong ? refuse(graft, model, fdt_strerror(node.wrong)) : 0;
}

static int make_room(struct graft *graft, struct sim_profile *profile, unsigned int n)
{
	const int size = (int)fdt_totalsize(profile->fdt) + (int)(n + 1) * NODE_BYTES;
	void *wider = malloc(size);

	if (!wider || fdt_open_into(profile->fdt, wider, size)) {
		free(wider);
		return -ENOMEM;
	}
	free(profile->fdt);
	profile->fdt = wider;
	graft->fdt = wider;
	graft->tree.fdt = wider;
	return 0;
}

int dmk_sim_graft(struct sim_profile *profile, const struct dmk_machine_config *config, char *error,
		  size_t error_size)
{
	struct graft graft = {
		.tree = {profile->fdt, config->machine, error, error_size},
		.config = config,
	};
	const unsigned int n = count(&graft);
	int result = 0;

	if (!n)
		return 0;
	if (n > GRAFTS)
		return refuse(&graft, some_controller(), "too many devices");
	result = make_room(&graft, profile, n);
	if (!result &&
	    fdt_get_path(graft.fdt, find_bus(&graft.tree), graft.parent, sizeof(graft.parent)))
		return refuse(&graft, some_controller(), "its bus lies too deep");
	/* Controllers before what asks them. */
	if (!result && graft.controller)
		result = add(&graft, graft.controller, -1);
	for (unsigned int pass = 0; pass < 2; pass++)
		for (unsigned int i = 0; i < config->nr_devices && !result; i++) {
			const struct dmk_model *model = requested_model(config, i);

			if (model && !!model->requests == pass)
				result = add(&graft, model, (int)i);
		}
	return result;
}
