/* SPDX-License-Identifier: MIT */
/*
 * Interrupt specifiers of a devicetree, and the machine's numbers for them.
 */
#include "reader.h"

/* --- interrupts ------------------------------------------------------------------------------- */

/*
 * The machine's number of an interrupt specifier: the controller's own number where it is free
 * (with a GIC's three cells: SPI n is 32 + n, PPI n is 16 + n), else the next free one. Returns 0:
 * no number is left.
 */
static unsigned int wired_number(struct sim_profile *p, int controller, const fdt32_t *spec,
				 unsigned int cells)
{
	uint32_t cell[3] = {0};
	uint32_t hardware;

	/* The last cell of two or three holds flags: edge or level, no part of the name. */
	for (unsigned int i = 0; i < (cells > 1 ? cells - 1 : 1); i++)
		cell[i] = fdt32_ld(spec + i);
	hardware = cells == 3 ? cell[1] + (cell[0] ? 16 : 32) : cell[0];
	for (unsigned int i = 1; i < SIM_WIRED_IRQS; i++)
		if (p->wired[i].controller == controller && p->wired[i].cell[0] == cell[0] &&
		    p->wired[i].cell[1] == cell[1])
			return i;
	if (hardware >= SIM_WIRED_IRQS)
		hardware = 0;
	for (unsigned int i = 0; i < SIM_WIRED_IRQS; i++) {
		unsigned int irq = (hardware + i) % SIM_WIRED_IRQS;

		if (!irq || p->wired[irq].controller)
			continue;
		p->wired[irq].controller = controller;
		memcpy(p->wired[irq].cell, cell, sizeof(cell));
		return irq;
	}
	return 0;
}

int dmk_sim_read_specifier(struct reader *r, int node, const char *property, int controller,
			   const fdt32_t *spec, unsigned int left, unsigned int *irq)
{
	uint64_t cells;

	if (dmk_tree_number(&r->tree, controller, "#interrupt-cells", &cells))
		return dmk_tree_bad(&r->tree, controller, "#interrupt-cells",
				    "it is missing, and %s needs it",
				    fdt_get_name(r->tree.fdt, node, NULL));
	if (cells < 1 || cells > 3)
		return dmk_tree_bad(&r->tree, controller, "#interrupt-cells",
				    "%llu is not 1, 2 or 3", (unsigned long long)cells);
	if (cells > left)
		return dmk_tree_bad(&r->tree, node, property,
				    "it ends within a specifier of %u cells", (unsigned int)cells);
	*irq = wired_number(r->profile, controller, spec, cells);
	if (!*irq)
		return dmk_tree_bad(&r->tree, node, property, "more than %d interrupt lines",
				    SIM_WIRED_IRQS - 1);
	return cells;
}

int dmk_sim_read_interrupts(struct reader *r, int node, struct dmk_platform_device *device)
{
	const char *property = "interrupts-extended";
	struct tree_list list;
	int controller = 0, result;
	bool extended = dmk_tree_has(&r->tree, node, property);

	if (!extended)
		property = "interrupts";
	result = dmk_tree_list(&r->tree, node, property, 1, &list);
	if (!result && list.n && !extended)
		result = controller = dmk_tree_interrupt_parent(&r->tree, node);
	for (unsigned int i = 0;
	     i < list.n && result >= 0 && device->nr_irqs < DMK_PLATFORM_IRQS;) {
		if (extended)
			result = controller = dmk_tree_phandle(&r->tree, node, property,
							       fdt32_ld(list.cells + i++));
		if (result < 0)
			break;
		result = dmk_sim_read_specifier(r, node, property, controller, list.cells + i,
						list.n - i, &device->irq[device->nr_irqs]);
		if (result < 0)
			break;
		device->nr_irqs++;
		i += result;
	}
	return result < 0 ? result : 0;
}
