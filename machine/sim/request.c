/* SPDX-License-Identifier: MIT */
/*
 * Request lines from peripherals to DMA controllers, as their nodes' dmas and dma-names say
 * (Devicetree binding dma/dma.yaml), and the port by which a controller reaches the registers that
 * asked it.
 *
 * A line is a byte at the controller, stored by the peripheral and loaded by the controller, each
 * under its own instance's lock: nothing but the byte is shared. When one goes up, the controller
 * is called from the device thread; who calls request() holds the peripheral's lock, and never
 * takes the controller's.
 */
#include "tree.h"

#include <errno.h>
#include <string.h>

/* --- wiring ----------------------------------------------------------------------------------- */

static struct dmk_instance *instance_of(const struct sim *sim, int node)
{
	const struct sim_profile *profile = &sim->profile;

	for (struct dmk_instance *at = sim->instances; at; at = at->next)
		if (at->platform &&
		    profile->platform_node[at->platform - profile->platform] == node)
			return at;
	return NULL;
}

/* An entry: the controller's phandle, the number of the line. */
static int wire(struct sim *sim, const struct tree *tree, int node, const fdt32_t *entry,
		struct sim_request *request)
{
	const int target = dmk_tree_phandle(tree, node, "dmas", fdt32_ld(entry));
	const uint32_t line = fdt32_ld(entry + 1);
	struct dmk_instance *controller;

	if (target < 0)
		return target;
	controller = instance_of(sim, target);
	/* One that nobody models hears nothing. */
	if (!controller || !controller->model->requested)
		return 0;
	if (line >= DMK_REQUEST_LINES)
		return dmk_tree_bad(tree, node, "dmas", "%u is no request line: there are 0 to %u",
				    line, DMK_REQUEST_LINES - 1);
	if (controller->wired & 1u << line)
		return dmk_tree_bad(tree, node, "dmas", "request line %u is taken", line);
	controller->wired |= 1u << line;
	*request = (struct sim_request){.controller = controller, .line = line};
	return 0;
}

/* Where entry @index begins; *@entry NULL: the list is shorter, or the entry names no line. */
static int entry_at(const struct tree *tree, int node, int index, const fdt32_t **entry)
{
	int size = 0, at = 0;
	const fdt32_t *list = fdt_getprop(tree->fdt, node, "dmas", &size);

	*entry = NULL;
	while (list && at < size / 4) {
		unsigned int cells = 0;
		int target = dmk_tree_phandle(tree, node, "dmas", fdt32_ld(list + at));
		int result = target < 0 ? target
					: dmk_tree_cells(tree, target, "#dma-cells", 0, 8, &cells);

		if (result || at + (int)cells >= size / 4)
			return result;
		if (!index--) {
			*entry = cells ? list + at : NULL;
			return 0;
		}
		at += 1 + (int)cells;
	}
	return 0;
}

static int wire_all(struct sim *sim, const struct tree *tree, struct dmk_instance *card)
{
	const int node = sim->profile.platform_node[card->platform - sim->profile.platform];
	const char *const *names = card->model->requests;
	int result = 0;

	for (unsigned int i = 0; names[i] && i < SIM_REQUESTS && !result; i++) {
		int at = fdt_stringlist_search(tree->fdt, node, "dma-names", names[i]);
		const fdt32_t *entry = NULL;

		if (at >= 0)
			result = entry_at(tree, node, at, &entry);
		if (!result && entry)
			result = wire(sim, tree, node, entry, &card->request[i]);
	}
	return result;
}

int dmk_sim_requests_wire(struct sim *sim, char *error, size_t error_size)
{
	const struct sim_profile *profile = &sim->profile;
	const struct tree tree = {profile->fdt, profile->file, error, error_size};
	int result = 0;

	for (struct dmk_instance *at = sim->instances; at && !result; at = at->next)
		if (at->platform && at->model->requests)
			result = wire_all(sim, &tree, at);
	return result;
}

/* Before the first card goes: from here on nobody is asked. */
void dmk_sim_requests_end(struct sim *sim)
{
	for (struct dmk_instance *at = sim->instances; at; at = at->next)
		memset(at->request, 0, sizeof(at->request));
}

/* --- <dmakit/model.h> ------------------------------------------------------------------------- */

void dmk_instance_request(struct dmk_instance *card, unsigned int index, enum dmk_request level)
{
	const struct sim_request *request = &card->request[index];
	struct dmk_instance *controller = index < SIM_REQUESTS ? request->controller : NULL;
	uint8_t before;

	if (!controller)
		return;
	before = __atomic_exchange_n(&controller->requested[request->line], level,
				     __ATOMIC_RELAXED);
	if (level > before)
		dmk_sim_clock_set(controller, 0, controller->model->requested);
}

enum dmk_request dmk_instance_requested(const struct dmk_instance *controller, unsigned int line)
{
	return line < DMK_REQUEST_LINES
		       ? (enum dmk_request)__atomic_load_n(&controller->requested[line],
							   __ATOMIC_RELAXED)
		       : DMK_REQUEST_NONE;
}

int dmk_instance_port_read(struct dmk_instance *controller, uint64_t phys, void *buffer,
			   size_t size)
{
	struct sim_peer peer;
	int result = -EIO;

	if (dmk_sim_peer_find(controller, phys, size, &peer))
		result = dmk_sim_peer_read(controller, &peer, buffer, size);
	if (result)
		memset(buffer, 0xff, size);
	return result;
}

int dmk_instance_port_write(struct dmk_instance *controller, uint64_t phys, const void *buffer,
			    size_t size)
{
	struct sim_peer peer;

	return dmk_sim_peer_find(controller, phys, size, &peer)
		       ? dmk_sim_peer_write_now(controller, &peer, buffer, size)
		       : -EIO;
}
