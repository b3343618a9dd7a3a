// SPDX-License-Identifier: MIT
/*
 * virt_to_bus() and bus_to_virt(), from before the DMA API (ADR-05). No device is named, so one bus
 * has to stand for all.
 */
#include "internal.h"

#include <linux/io.h>
#include <linux/mm.h>

#include "../internal.h"

static const struct dmk_bus *the_bus(void)
{
	const struct dmk_machine *machine = dmk_device_port->machine;

	if (machine->pci)
		return machine->pci->dma;
	return machine->nr_platform ? machine->platform[0].dma : machine->isa;
}

static void announce(const char *name, const volatile void *cpu, struct dmk_place place)
{
	const struct dmk_event event = {
		.kind = DMK_EVENT_OLD_ADDRESS,
		.name = name,
		.cpu = (const void *)cpu,
		DMK_AT(place),
	};

	dmk_announce(&event);
}

unsigned long virt_to_bus(volatile void *address)
{
	const struct dmk_bus *bus = the_bus();
	const uint64_t phys = virt_to_phys(address);

	announce("virt_to_bus", address, DMK_HERE);
	for (unsigned int i = 0; bus && i < bus->nr_windows; i++) {
		const struct dmk_window *window = &bus->windows[i];

		if (phys >= window->phys.v && phys - window->phys.v < window->size)
			return phys - window->phys.v + window->bus;
	}
	return 0;
}

void *bus_to_virt(unsigned long address)
{
	const struct dmk_bus *bus = the_bus();

	announce("bus_to_virt", NULL, DMK_HERE);
	for (unsigned int i = 0; bus && i < bus->nr_windows; i++) {
		const struct dmk_window *window = &bus->windows[i];

		if (address >= window->bus && address - window->bus < window->size)
			return phys_to_virt(address - window->bus + window->phys.v);
	}
	return NULL;
}
