/* SPDX-License-Identifier: MIT */
/*
 * What makes a direct mapping arithmetic. The system is asked once, at the start, where RAM is; and
 * of that a device is told which parts its bus shows it in one piece, so that a map is a comparison
 * and an addition, inlined into the driver (<linux/dma-mapping.h>).
 *
 * Not here: any decision. What is not in these tables is judged by streaming.c and direct.c, which
 * ask everybody; a table that is empty makes mapping slow, not wrong. So a device has one only if
 * its caches are coherent and nothing forces it to bounce, and the parts leave out whatever the two
 * ways could answer differently.
 */
#include "bounce.h"
#include "straight.h"
#include "window.h"

/* --- where RAM is ----------------------------------------------------------------------------- */

/*
 * How many bytes of it, from the first on, are the system's RAM: all, or up to a limit that the
 * system was given.
 */
static uint64_t owned_bytes(const struct dmk_memory *memory)
{
	const struct dmk_os *os = &dmk_core.os;
	uint64_t good = 0, beyond = (memory->size >> DMK_PAGE_SHIFT) + 1;

	while (beyond - good > 1) {
		const uint64_t middle = good + (beyond - good) / 2;

		if (os->ops->is_ram(os->ctx, memory->first, (size_t)(middle << DMK_PAGE_SHIFT)))
			good = middle;
		else
			beyond = middle;
	}
	return good << DMK_PAGE_SHIFT;
}

static void add_ram(struct dmk_range ram)
{
	struct dmk_range *last = dmk_core.nr_ram ? &dmk_core.ram[dmk_core.nr_ram - 1] : NULL;

	/* Runs that touch are one: a buffer may lie across. */
	if (last && last->last + 1 == ram.first)
		last->last = ram.last;
	else if (dmk_core.nr_ram < DMK_RAM_KNOWN)
		dmk_core.ram[dmk_core.nr_ram++] = ram;
}

/* Whether every byte of it has its address in the direct map, as far as the system is concerned. */
static bool has_addresses(struct dmk_range phys)
{
	const struct dmk_os *os = &dmk_core.os;
	dmk_phys found;

	return os->ops->classify(os->ctx, dmk_direct(DMK_PHYS(phys.first)),
				 (size_t)dmk_range_bytes(phys), &found) == DMK_ADDRESS_DIRECT &&
	       found.v == phys.first;
}

static void forget_direct(void)
{
	dmk_core.nr_direct = 0;
	for (unsigned int i = 0; i < DMK_RAM_KNOWN; i++)
		dmk_core.direct[i] = (struct dmk_range){~0ULL, 0};
}

static void find_direct(void)
{
	const struct dmk_range all = {0, dmk_layout.direct_last};
	struct dmk_range part;

	forget_direct();
	for (unsigned int i = 0; i < dmk_core.nr_ram; i++) {
		if (dmk_range_common(dmk_core.ram[i], all, &part) && has_addresses(part))
			dmk_core.direct[dmk_core.nr_direct++] = part;
	}
}

void dmk_straight_start(void)
{
	const struct dmk_machine *machine = dmk_core.machine;
	struct dmk_range ram;

	for (unsigned int i = 0; i < machine->nr_memory; i++) {
		const struct dmk_memory *memory = &machine->memory[i];

		if (memory->size <= ~(size_t)0 &&
		    dmk_range_make(memory->first.v, owned_bytes(memory), &ram))
			add_ram(ram);
	}
	find_direct();
}

void dmk_straight_stop(void)
{
	dmk_core.nr_ram = 0;
	forget_direct();
}

/* --- what a device sees of it ----------------------------------------------------------------- */

/*
 * Of windows that show the same memory the first counts: what a later one shows of it is left to
 * who looks at them all.
 */
static bool shown_before(const struct dmk_bus *bus, unsigned int window, struct dmk_range phys)
{
	struct dmk_range part, common;

	for (unsigned int i = 0; i < window; i++) {
		if (dmk_window_part(&bus->windows[i], ~0ULL, &part) &&
		    dmk_range_common(part, phys, &common))
			return true;
	}
	return false;
}

/* Keeps the largest, in the order of their addresses. */
static void keep(struct dmk_dev *dev, struct dmk_range phys, dmk_dma dma)
{
	struct dmk_straight *low = &dev->straight[0], *high = &dev->straight[1], *to;
	const struct dmk_straight part = {phys.first, dmk_range_bytes(phys), dma.v - phys.first};

	to = low->size <= high->size ? low : high;
	if (part.size <= to->size)
		return;
	*to = part;
	if (low->first > high->first) {
		const struct dmk_straight swapped = *low;

		*low = *high;
		*high = swapped;
	}
}

static void keep_window(struct dmk_dev *dev, unsigned int window)
{
	const struct dmk_range direct = {0, dmk_layout.direct_last};
	struct dmk_range shown, part;
	dmk_dma dma;

	if (!dmk_window_part(&dev->bus->windows[window], ~0ULL, &shown) ||
	    shown_before(dev->bus, window, shown) || !dmk_range_common(shown, direct, &shown))
		return;
	for (unsigned int i = 0; i < dmk_core.nr_ram; i++) {
		if (dmk_range_common(shown, dmk_core.ram[i], &part) &&
		    dmk_window_to_bus(dev->bus, part, &dma) && has_addresses(part))
			keep(dev, part, dma);
	}
}

void dmk_straight_detach(struct dmk_dev *dev)
{
	dev->straight_bus = NULL;
	dev->held_first = 0;
	dev->held_last = ~0UL;
	for (unsigned int i = 0; i < DMK_STRAIGHT_PARTS; i++)
		dev->straight[i] = (struct dmk_straight){.first = ~0ULL};
}

void dmk_straight_attach(struct dmk_dev *dev)
{
	dmk_straight_detach(dev);
	if (!dmk_core.running || !dev->bus || !dev->bus->coherent)
		return;
	dev->straight_bus = dev->bus;
	dev->held_first = ~0UL;
	dev->held_last = 0;
	if (dmk_bounce_forced(dev))
		return;
	for (unsigned int i = 0; i < dev->bus->nr_windows; i++)
		keep_window(dev, i);
}

/*
 * Of several that do this at once each has its own in it afterwards, for the bounds only move
 * apart.
 */
void dmk_hold(struct dmk_dev *dev, struct dmk_range dma)
{
	const unsigned long first = (unsigned long)(dma.first >> DMK_PAGE_SHIFT);
	const unsigned long last = (unsigned long)(dma.last >> DMK_PAGE_SHIFT);
	unsigned long before = __atomic_load_n(&dev->held_first, __ATOMIC_RELAXED);

	/*
	 * Where addresses have more bits than their pages here, what is cut off both here and there
	 * may leave them the wrong way round.
	 */
	while (before > (first <= last ? first : 0) &&
	       !__atomic_compare_exchange_n(&dev->held_first, &before, first <= last ? first : 0,
					    true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	before = __atomic_load_n(&dev->held_last, __ATOMIC_RELAXED);
	while (before < (first <= last ? last : ~0UL) &&
	       !__atomic_compare_exchange_n(&dev->held_last, &before, first <= last ? last : ~0UL,
					    true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}
