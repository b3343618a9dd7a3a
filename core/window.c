/* SPDX-License-Identifier: MIT */
/*
 * Windows between a bus and memory (Devicetree Specification 0.4, section 2.3.9). A mapping lies in
 * one window, or in several that touch on both sides: where they touch on one side only, a device
 * would see a jump.
 */
#include "core.h"
#include "window.h"

/* The offset of the window's last byte; false: a window of nothing. */
static bool window_span(const struct dmk_window *window, uint64_t *last_offset)
{
	*last_offset = window->size == ~0ULL ? ~0ULL : window->size - 1;
	return window->size;
}

/*
 * Moves @range from one side of the window, which begins at @from, to the other, which begins at
 * @to.
 */
static bool window_move(struct dmk_range range, uint64_t from, uint64_t to, uint64_t last_offset,
			uint64_t *first)
{
	uint64_t offset = range.first - from;
	uint64_t before_last = range.last - range.first;

	if (range.first < from || offset > last_offset || before_last > last_offset - offset)
		return false;
	*first = to + offset;
	return *first >= to && *first <= ~0ULL - before_last;
}

/*
 * The part of @range from its first byte on that one window moves, and to where. Of several
 * windows, the first whose other side begins at *@wanted; NULL: wherever.
 */
static bool move_part(const struct dmk_bus *bus, bool to_bus, struct dmk_range *range,
		      const uint64_t *wanted, uint64_t *first)
{
	uint64_t last_offset;

	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		const struct dmk_window *window = &bus->windows[i];
		const uint64_t from = to_bus ? window->phys.v : window->bus;
		const uint64_t to = to_bus ? window->bus : window->phys.v;
		struct dmk_range part = *range;

		if (!window_span(window, &last_offset) || part.first < from ||
		    part.first - from > last_offset)
			continue;
		if (part.last - from > last_offset)
			part.last = from + last_offset;
		if (!window_move(part, from, to, last_offset, first) ||
		    (wanted && *first != *wanted))
			continue;
		*range = part;
		return true;
	}
	return false;
}

/*
 * A range that no one window holds: window by window, as long as they go on where the one before
 * ended.
 */
static __attribute__((__noinline__)) bool
move_across(const struct dmk_bus *bus, bool to_bus, struct dmk_range range, uint64_t *first)
{
	struct dmk_range part = range;
	uint64_t there, next;

	if (!move_part(bus, to_bus, &part, NULL, first))
		return false;
	next = *first + (part.last - part.first) + 1;
	for (unsigned int i = 1; part.last != range.last; i++) {
		part = (struct dmk_range){part.last + 1, range.last};
		if (i == bus->nr_windows || !next ||
		    !move_part(bus, to_bus, &part, &next, &there))
			return false;
		next = there + (part.last - part.first) + 1;
	}
	return true;
}

bool dmk_window_translate(const struct dmk_bus *bus, bool to_bus, struct dmk_range range,
			  uint64_t *first)
{
	uint64_t last_offset;

	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		const struct dmk_window *window = &bus->windows[i];
		const uint64_t from = to_bus ? window->phys.v : window->bus;
		const uint64_t to = to_bus ? window->bus : window->phys.v;

		if (window_span(window, &last_offset) &&
		    window_move(range, from, to, last_offset, first))
			return true;
	}
	return bus->nr_windows > 1 && move_across(bus, to_bus, range, first);
}

bool dmk_window_part(const struct dmk_window *window, uint64_t limit, struct dmk_range *phys)
{
	uint64_t last_offset;

	if (!window_span(window, &last_offset) || limit < window->bus)
		return false;
	if (last_offset > limit - window->bus)
		last_offset = limit - window->bus;
	if (last_offset > ~0ULL - window->phys.v)
		last_offset = ~0ULL - window->phys.v;
	*phys = (struct dmk_range){window->phys.v, window->phys.v + last_offset};
	return true;
}

static uint64_t below_bus_limit(const struct dmk_dev *dev, uint64_t mask)
{
	return dev->bus_dma_limit && dev->bus_dma_limit < mask ? dev->bus_dma_limit : mask;
}

uint64_t dmk_coherent_limit(const struct dmk_dev *dev)
{
	return below_bus_limit(dev, dev->coherent_dma_mask);
}

uint64_t dmk_page_limit(const struct dmk_dev *dev)
{
	return dev->domain ? ~0ULL : dmk_coherent_limit(dev);
}

bool dmk_reaches_each(const struct dmk_dev *dev, struct dmk_range phys)
{
	const uint64_t limit = dmk_streaming_limit(dev);
	struct dmk_range part;
	unsigned int i = 0;

	while (i < dev->bus->nr_windows) {
		if (!dmk_window_part(&dev->bus->windows[i++], limit, &part) ||
		    part.first > phys.first || part.last < phys.first)
			continue;
		if (part.last >= phys.last)
			return true;
		phys.first = part.last + 1;
		i = 0;
	}
	return false;
}

/*
 * Narrows @all to what @bus shows below @limit: of several windows, the first that leaves
 * something.
 */
static bool narrow(struct dmk_range *all, const struct dmk_bus *bus, uint64_t limit)
{
	struct dmk_range part;

	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		if (dmk_window_part(&bus->windows[i], limit, &part) &&
		    dmk_range_common(*all, part, all))
			return true;
	}
	return false;
}

bool dmk_low_memory(unsigned int bits, struct dmk_range *phys)
{
	const struct dmk_machine *machine = dmk_core.machine;
	const uint64_t limit = bits >= 64 ? ~0ULL : (1ULL << bits) - 1;

	*phys = (struct dmk_range){0, machine->direct_last.v};
	if (machine->pci && !narrow(phys, machine->pci->dma, limit))
		return false;
	for (unsigned int i = 0; i < machine->nr_platform; i++) {
		const struct dmk_bus *bus = machine->platform[i].dma;

		if (bus && !narrow(phys, bus, limit))
			return false;
	}
	/* A machine whose buses are not described yet: as if it were the identity. */
	return dmk_range_common(
		*phys, (struct dmk_range){0, machine->pci || machine->nr_platform ? ~0ULL : limit},
		phys);
}
