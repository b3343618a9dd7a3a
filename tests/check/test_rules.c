/* SPDX-License-Identifier: MIT */
/*
 * Each rule that the checker can report: a row that breaks it gives exactly one finding, of that
 * rule, and says something; a near miss gives none (CHK-01, CHK-04).
 */
#include "world.h"

char world_devices[4];

#define IN DMK_FROM_DEVICE
#define OUT DMK_TO_DEVICE
#define BOTH DMK_BIDIRECTIONAL
#define AT 0x10000ULL

struct row {
	const char *sentence;
	const char *rule; /* NULL: nothing may be reported */
	void (*play)(struct world *world);
	unsigned int line; /* cache line; 0: 1 byte */
	const char *says;  /* in the finding's sentence or its mend */
};

#define ROW(name) static void name(struct world *w)

/* --- mapping ---------------------------------------------------------------------------------- */

static void refuse(struct world *w, int reason, int address_kind, uint64_t size, int dir)
{
	EVENT(w, .kind = DMK_EVENT_MAP_FAILED, .map_kind = DMK_MAP_SINGLE, .dev = DEV,
	      .reason = reason, .size = size, .address_kind = address_kind, .cpu = (void *)0x1234,
	      .phys = DMK_PHYS(0x77000), .dir = dir, .result = -22, .caller = HERE);
}

ROW(maps_vmalloc) { refuse(w, DMK_REASON_BAD_ADDRESS, DMK_ADDRESS_VMALLOC, 64, OUT); }
ROW(maps_iomem) { refuse(w, DMK_REASON_BAD_ADDRESS, DMK_ADDRESS_IOMEM, 64, OUT); }
ROW(maps_stack) { refuse(w, DMK_REASON_BAD_ADDRESS, DMK_ADDRESS_STACK, 64, OUT); }
ROW(maps_image) { refuse(w, DMK_REASON_BAD_ADDRESS, DMK_ADDRESS_IMAGE, 64, OUT); }
ROW(maps_kmap) { refuse(w, DMK_REASON_BAD_ADDRESS, DMK_ADDRESS_KMAP, 64, OUT); }
ROW(maps_wild) { refuse(w, DMK_REASON_BAD_ADDRESS, DMK_ADDRESS_UNKNOWN, 64, OUT); }
ROW(maps_nothing) { refuse(w, DMK_REASON_BAD_SIZE, 0, 0, OUT); }
ROW(maps_around) { refuse(w, DMK_REASON_BAD_SIZE, 0, ~0ULL - 5, OUT); }
ROW(maps_no_ram) { refuse(w, DMK_REASON_NOT_RAM, 0, 64, OUT); }
ROW(maps_no_direction) { refuse(w, DMK_REASON_BAD_DIRECTION, 0, 64, DMK_NONE); }
ROW(maps_odd_direction) { refuse(w, DMK_REASON_BAD_DIRECTION, 0, 64, 17); }
ROW(maps_without_room) { refuse(w, DMK_REASON_NO_ROOM, 0, 64, OUT); }
ROW(maps_without_reach) { refuse(w, DMK_REASON_UNREACHABLE, 0, 64, OUT); }
ROW(maps_too_much) { refuse(w, DMK_REASON_TOO_LARGE, 0, 64 << 20, OUT); }
ROW(maps_without_dma) { refuse(w, DMK_REASON_BAD_DEVICE, 0, 64, OUT); }

ROW(maps_freed)
{
	memory_taken(w, AT, 256, HERE);
	memory_freed(w, AT, 256, HERE);
	map(w, AT + 100, 8, IN, HERE);
	unmap(w, AT + 100, 8, IN, HERE);
}

ROW(maps_reused)
{
	memory_taken(w, AT, 4096, HERE);
	memory_freed(w, AT, 4096, HERE);
	memory_taken(w, AT + 1024, 256, HERE);
	map(w, AT + 1024, 256, IN, HERE);
	unmap(w, AT + 1024, 256, IN, HERE);
}

ROW(maps_rest_of_reused)
{
	memory_taken(w, AT, 4096, HERE);
	memory_freed(w, AT, 4096, HERE);
	memory_taken(w, AT + 1024, 256, HERE);
	map(w, AT + 1280, 1, IN, HERE);
	unmap(w, AT + 1280, 1, IN, HERE);
}

ROW(maps_vmalloc_page)
{
	memory_taken(w, AT, 4096, HERE);
	memory_freed(w, AT, 4096, HERE);
	EVENT(w, .kind = DMK_EVENT_MEMORY_ALLOC, .name = "vmalloc", .phys = DMK_PHYS(0x900000),
	      .size = 8192);
	map(w, AT, 4096, IN, HERE);
	unmap(w, AT, 4096, IN, HERE);
}

ROW(maps_after_refused_free)
{
	memory_taken(w, AT, 256, HERE);
	map(w, AT, 256, IN, HERE);
	EVENT(w, .kind = DMK_EVENT_MEMORY_FREE, .name = "kmalloc", .phys = DMK_PHYS(AT),
	      .size = 256, .reason = DMK_REASON_MISMATCH, .caller = HERE);
	unmap(w, AT, 256, IN, HERE);
	map(w, AT, 256, IN, HERE);
	unmap(w, AT, 256, IN, HERE);
}

ROW(frees_mapped)
{
	memory_taken(w, AT, 256, HERE);
	map(w, AT + 10, 20, IN, HERE);
	memory_freed(w, AT, 256, HERE);
	memory_freed(w, AT, 4096, HERE); /* the slab's page, too */
}

ROW(frees_unmapped)
{
	memory_taken(w, AT, 256, HERE);
	map(w, AT, 256, IN, HERE);
	unmap(w, AT, 256, IN, HERE);
	memory_freed(w, AT, 256, HERE);
}

ROW(frees_neighbour)
{
	memory_taken(w, AT, 256, HERE);
	memory_taken(w, AT + 256, 256, HERE);
	map(w, AT, 256, IN, HERE);
	memory_freed(w, AT + 256, 256, HERE);
	unmap(w, AT, 256, IN, HERE);
}

/* --- cache lines ------------------------------------------------------------------------------ */

static void two(struct world *w, uint64_t second, int dir1, int dir2)
{
	map(w, AT, 32, dir1, HERE);
	map(w, second, 32, dir2, HERE);
	unmap(w, second, 32, dir2, HERE);
	unmap(w, AT, 32, dir1, HERE);
}

ROW(shares_line) { two(w, AT + 32, IN, OUT); }
ROW(shares_line_of_writer) { two(w, AT + 32, OUT, BOTH); }
ROW(neighbour_lines) { two(w, AT + 64, IN, IN); }
ROW(shares_line_read_only) { two(w, AT + 32, OUT, OUT); }
ROW(shares_bytes) { two(w, AT + 16, IN, IN); }

ROW(shares_on_purpose)
{
	map(w, AT, 64, IN, HERE);
	EVENT(w, .kind = DMK_EVENT_MAP, .map_kind = DMK_MAP_PAGE, .dev = DEV,
	      .dma = DMK_DMA(BUS(AT) + 4096), .phys = DMK_PHYS(AT), .size = 64, .dir = IN,
	      .attrs = 1 << 5, .caller = HERE);
	EVENT(w, .kind = DMK_EVENT_MAPPING_ERROR, .dev = DEV, .dma = DMK_DMA(BUS(AT) + 4096));
	EVENT(w, .kind = DMK_EVENT_UNMAP, .map_kind = DMK_MAP_PAGE, .dev = DEV,
	      .dma = DMK_DMA(BUS(AT) + 4096), .size = 64, .dir = IN, .attrs = 1 << 5,
	      .caller = HERE);
	unmap(w, AT, 64, IN, HERE);
}

ROW(maps_again_and_again)
{
	for (int i = 0; i < 4; i++)
		map(w, AT, 64, IN, HERE);
}

/* --- neighbours in a line --------------------------------------------------------------------- */

/* Two objects of 24 bytes, one of them lent to the device. */
static void beside(struct world *w, uint64_t second, int dir)
{
	memory_taken(w, AT, 24, HERE);
	memory_taken(w, second, 24, HERE);
	map(w, AT, 24, dir, HERE);
	unmap(w, AT, 24, dir, HERE);
	memory_freed(w, second, 24, HERE);
	memory_freed(w, AT, 24, HERE);
}

ROW(neighbour_behind) { beside(w, AT + 24, IN); }
ROW(neighbour_before) { beside(w, AT - 24, BOTH); }
ROW(neighbour_before_in_line)
{
	memory_taken(w, AT, 24, HERE);
	memory_taken(w, AT + 24, 24, HERE);
	map(w, AT + 24, 24, IN, HERE);
	unmap(w, AT + 24, 24, IN, HERE);
}
ROW(neighbour_in_next_line) { beside(w, AT + 64, IN); }
ROW(neighbour_read_only) { beside(w, AT + 24, OUT); }

ROW(neighbour_comes_later)
{
	memory_taken(w, AT, 24, HERE);
	map(w, AT, 24, IN, HERE);
	memory_taken(w, AT + 24, 24, HERE);
	unmap(w, AT, 24, IN, HERE);
}

ROW(neighbour_is_gone)
{
	memory_taken(w, AT, 24, HERE);
	memory_taken(w, AT + 24, 24, HERE);
	memory_freed(w, AT + 24, 24, HERE);
	map(w, AT, 24, IN, HERE);
	unmap(w, AT, 24, IN, HERE);
	memory_taken(w, AT + 24, 24, HERE);
}

/* One report: not another one for each neighbour, nor when the neighbour is mapped too. */
ROW(neighbours_both_mapped)
{
	memory_taken(w, AT, 16, HERE);
	memory_taken(w, AT + 16, 16, HERE);
	memory_taken(w, AT + 32, 16, HERE);
	map(w, AT, 16, IN, HERE);
	map(w, AT + 16, 16, OUT, HERE);
	unmap(w, AT + 16, 16, OUT, HERE);
	unmap(w, AT, 16, IN, HERE);
}

/*
 * A ring of buffers, each allocated and mapped in turn by the same lines: the first ones meet what
 * is not mapped yet.
 */
ROW(neighbours_in_a_ring)
{
	for (uint64_t i = 0; i < 8; i++) {
		memory_taken(w, AT + 16 * i, 16, HERE);
		map(w, AT + 16 * i, 16, IN, (const void *)(uintptr_t)0x4000);
	}
	for (uint64_t i = 0; i < 8; i++)
		unmap(w, AT + 16 * i, 16, IN, HERE);
}

/* A packet behind its headroom: the rest of the line is its own object's. */
ROW(part_of_an_object)
{
	memory_taken(w, AT, 512, HERE);
	memory_taken(w, AT + 512, 24, HERE);
	map(w, AT + 66, 300, IN, HERE);
	unmap(w, AT + 66, 300, IN, HERE);
}

/* Both lie in the list: nobody else's bytes are in the line. */
ROW(neighbours_in_one_list)
{
	struct dmk_event_sg sg[] = {
		{ DMK_PHYS(AT), 24, DMK_DMA(BUS(AT)), 24 },
		{ DMK_PHYS(AT + 24), 24, DMK_DMA(BUS(AT + 24)), 24 },
	};

	memory_taken(w, AT, 24, HERE);
	memory_taken(w, AT + 24, 24, HERE);
	map_list(w, sg, sg, 2, 2, IN, HERE);
	unmap_list(w, sg, sg, 2, IN, HERE);
}

ROW(neighbour_of_a_list)
{
	struct dmk_event_sg sg[] = {
		{ DMK_PHYS(AT), 64, DMK_DMA(BUS(AT)), 64 },
		{ DMK_PHYS(AT + 128), 24, DMK_DMA(BUS(AT + 128)), 24 },
	};

	memory_taken(w, AT, 64, HERE);
	memory_taken(w, AT + 128, 24, HERE);
	memory_taken(w, AT + 152, 8, HERE);
	map_list(w, sg, sg, 2, 2, IN, HERE);
	unmap_list(w, sg, sg, 2, IN, HERE);
}

static void map_with(struct world *w, unsigned long attrs, bool coherent)
{
	memory_taken(w, AT, 24, HERE);
	memory_taken(w, AT + 24, 24, HERE);
	EVENT(w, .kind = DMK_EVENT_MAP, .map_kind = DMK_MAP_SINGLE, .dev = DEV,
	      .dma = DMK_DMA(BUS(AT)), .phys = DMK_PHYS(AT), .size = 24, .dir = IN, .attrs = attrs,
	      .coherent = coherent, .caller = HERE);
	ask(w, DEV, AT);
	EVENT(w, .kind = DMK_EVENT_UNMAP, .map_kind = DMK_MAP_SINGLE, .dev = DEV,
	      .dma = DMK_DMA(BUS(AT)), .size = 24, .dir = IN, .attrs = attrs, .caller = HERE);
}

ROW(neighbour_without_sync) { map_with(w, 1UL << 5, false); }
ROW(neighbour_with_promise) { map_with(w, 1UL << 11, false); }
ROW(neighbour_of_a_coherent_device) { map_with(w, 0, true); }

static void map_coherent(struct world *w, uint64_t phys, uint64_t size)
{
	EVENT(w, .kind = DMK_EVENT_MAP, .map_kind = DMK_MAP_SINGLE, .dev = DEV,
	      .dma = DMK_DMA(BUS(phys)), .phys = DMK_PHYS(phys), .size = size, .dir = IN,
	      .coherent = true, .caller = HERE);
	ask(w, DEV, phys);
}

ROW(shares_line_both_coherent)
{
	map_coherent(w, AT, 32);
	map_coherent(w, AT + 32, 32);
	unmap(w, AT + 32, 32, IN, HERE);
	unmap(w, AT, 32, IN, HERE);
}

/* --- unmapping -------------------------------------------------------------------------------- */

ROW(correct)
{
	for (int i = 0; i < 3; i++) {
		map(w, AT, 256, IN, HERE);
		card_writes(w, AT, 256);
		sync_cpu(w, AT, 16, IN, HERE);
		sync_device(w, AT, 16, IN, HERE);
		card_writes(w, AT + 255, 1);
		unmap(w, AT, 256, IN, HERE);
	}
}

ROW(never_asked)
{
	for (int i = 0; i < 2; i++) {
		map_unasked(w, DEV, AT + i * 4096, 64, OUT, HERE);
		unmap(w, AT + i * 4096, 64, OUT, HERE);
	}
}

ROW(never_asked_two_users)
{
	for (int i = 0; i < 2; i++) {
		map_unasked(w, DEV, AT, 64, OUT, HERE);
		if (i)
			sync_device(w, AT, 64, OUT, HERE);
		unmap(w, AT, 64, OUT, HERE);
	}
}

ROW(asked_of_twins)
{
	map_unasked(w, DEV, AT, 64, OUT, HERE);
	map_unasked(w, DEV, AT, 64, OUT, HERE);
	ask(w, DEV, AT);
	ask(w, DEV, AT);
	unmap(w, AT, 64, OUT, HERE);
	unmap(w, AT, 64, OUT, HERE);
}

ROW(other_size)
{
	map(w, AT, 256, IN, HERE);
	unmap(w, AT, 128, IN, HERE);
}

ROW(in_two_halves)
{
	map(w, AT, 256, IN, HERE);
	unmap(w, AT, 128, IN, HERE);
	unmap(w, AT + 128, 128, IN, HERE);
}

ROW(other_kind)
{
	map(w, AT, 256, IN, HERE);
	unmap_as(w, DEV, DMK_MAP_RESOURCE, BUS(AT), 256, IN, HERE);
}

ROW(single_as_page)
{
	map(w, AT, 256, IN, HERE);
	unmap_as(w, DEV, DMK_MAP_PAGE, BUS(AT), 256, IN, HERE);
}

ROW(other_direction)
{
	map(w, AT, 256, IN, HERE);
	unmap(w, AT, 256, BOTH, HERE);
}

ROW(other_device)
{
	map(w, AT, 256, IN, HERE);
	unmap_as(w, DEV2, DMK_MAP_SINGLE, BUS(AT), 256, IN, HERE);
}

ROW(same_address_two_devices)
{
	map(w, AT, 256, OUT, HERE);
	map_unasked(w, DEV2, AT, 256, OUT, HERE);
	ask(w, DEV2, AT);
	unmap_as(w, DEV2, DMK_MAP_SINGLE, BUS(AT), 256, OUT, HERE);
	unmap(w, AT, 256, OUT, HERE);
}

ROW(inside)
{
	map(w, AT, 256, IN, HERE);
	unmap(w, AT + 14, 242, IN, HERE);
	unmap(w, AT, 256, IN, HERE);
}

ROW(twice)
{
	map(w, AT, 256, IN, HERE);
	unmap(w, AT, 256, IN, HERE);
	unmap(w, AT, 256, IN, HERE);
}

ROW(never) { unmap(w, AT, 256, IN, HERE); }
ROW(cookie) { unmap_as(w, DEV, DMK_MAP_SINGLE, ~0ULL, 256, IN, HERE); }

ROW(unmaps_allocated)
{
	alloc(w, AT, 4096, HERE);
	unmap(w, AT, 4096, BOTH, HERE);
}

ROW(twins_of_different_size)
{
	map(w, AT, 256, OUT, HERE);
	map(w, AT, 64, OUT, HERE);
	unmap(w, AT, 256, OUT, HERE);
	unmap(w, AT, 64, OUT, HERE);
}

ROW(leak)
{
	for (int i = 0; i < 3; i++)
		map(w, AT + i * 4096, 100, IN, HERE);
}

ROW(no_leak_after_unbind)
{
	map(w, AT, 100, IN, HERE);
	unmap(w, AT, 100, IN, HERE);
	EVENT(w, .kind = DMK_EVENT_UNBIND, .dev = DEV);
}

ROW(maps_after_unbind)
{
	EVENT(w, .kind = DMK_EVENT_BIND, .dev = DEV, .name = "edu");
	EVENT(w, .kind = DMK_EVENT_UNBIND, .dev = DEV);
	map(w, AT, 100, IN, HERE);
	unmap(w, AT, 100, IN, HERE);
}

ROW(allocates_after_unbind)
{
	EVENT(w, .kind = DMK_EVENT_UNBIND, .dev = DEV);
	alloc(w, AT, 100, HERE);
	free_as(w, DEV, AT, AT, 100, 0, HERE);
}

static void set_mask(struct world *w, bool streaming, bool coherent, int result)
{
	EVENT(w, .kind = DMK_EVENT_SET_MASK, .dev = DEV, .mask = 0xffffff, .streaming = streaming,
	      .coherent = coherent, .result = result, .caller = HERE);
}

ROW(maps_when_bound_again)
{
	EVENT(w, .kind = DMK_EVENT_UNBIND, .dev = DEV);
	EVENT(w, .kind = DMK_EVENT_BIND, .dev = DEV, .name = "edu");
	set_mask(w, true, true, 0);
	map(w, AT, 100, IN, HERE);
	unmap(w, AT, 100, IN, HERE);
}

ROW(unmaps_after_leak)
{
	map(w, AT, 100, IN, HERE);
	EVENT(w, .kind = DMK_EVENT_UNBIND, .dev = DEV);
	card_writes(w, AT, 100);
	unmap(w, AT, 100, IN, HERE);
}

/* --- lists ------------------------------------------------------------------------------------ */

static struct dmk_event_sg list_of_four[4] = {
	{ DMK_PHYS(0x20000), 4096, DMK_DMA(BUS(0x20000)), 8192 },
	{ DMK_PHYS(0x21000), 4096, DMK_DMA(BUS(0x24000)), 8192 },
	{ DMK_PHYS(0x24000), 4096, DMK_DMA(0), 0 },
	{ DMK_PHYS(0x25000), 4096, DMK_DMA(0), 0 },
};
static char list_head;

ROW(list)
{
	map_list(w, &list_head, list_of_four, 4, 2, IN, HERE);
	card_writes(w, 0x20000, 8192);
	card_writes(w, 0x24000, 8192);
	EVENT(w, .kind = DMK_EVENT_SYNC_FOR_CPU, .map_kind = DMK_MAP_SG, .dev = DEV,
	      .cpu = &list_head, .sg = list_of_four, .nents = 4, .dma = list_of_four[0].dma,
	      .dir = IN, .caller = HERE);
	unmap_list(w, &list_head, list_of_four, 4, IN, HERE);
}

ROW(list_returned_count)
{
	map_list(w, &list_head, list_of_four, 4, 2, IN, HERE);
	unmap_list(w, &list_head, list_of_four, 2, IN, HERE);
}

ROW(list_sync_count)
{
	map_list(w, &list_head, list_of_four, 4, 2, IN, HERE);
	EVENT(w, .kind = DMK_EVENT_SYNC_FOR_CPU, .map_kind = DMK_MAP_SG, .dev = DEV,
	      .cpu = &list_head, .sg = list_of_four, .nents = 2, .dma = list_of_four[0].dma,
	      .dir = IN, .caller = HERE);
	unmap_list(w, &list_head, list_of_four, 4, IN, HERE);
}

ROW(list_again)
{
	map_list(w, &list_head, list_of_four, 4, 2, IN, HERE);
	map_list(w, &list_head, list_of_four, 4, 2, IN, HERE);
	unmap_list(w, &list_head, list_of_four, 4, IN, HERE);
}

ROW(list_again_shorter)
{
	map_list(w, &list_head, list_of_four, 4, 2, IN, HERE);
	map_list(w, &list_head, list_of_four, 2, 2, IN, HERE);
	unmap_list(w, &list_head, list_of_four, 4, IN, HERE);
}

/* The second mapping is the mistake; that it is never undone is a part of it. */
ROW(list_again_and_kept)
{
	map_list(w, &list_head, list_of_four, 4, 2, OUT, HERE);
	map_list(w, &list_head, list_of_four, 4, 2, OUT, HERE);
}

/* What the list says is of the mapping that was made last. */
ROW(list_of_other_memory_last_first)
{
	map_list(w, &list_head, list_of_four, 1, 1, IN, HERE);
	map_list(w, &list_head, list_of_four + 2, 1, 0, IN, HERE);
	unmap_list(w, &list_head, list_of_four + 2, 1, IN, HERE);
	unmap_list(w, &list_head + 1, list_of_four, 1, IN, HERE);
}

/* One list after the other in the same place: the driver keeps the addresses elsewhere. */
ROW(list_of_other_memory)
{
	map_list(w, &list_head, list_of_four, 1, 1, IN, HERE);
	map_list(w, &list_head, list_of_four + 2, 1, 0, IN, HERE);
	unmap_list(w, &list_head + 1, list_of_four, 1, IN, HERE);
	unmap_list(w, &list_head, list_of_four + 2, 1, IN, HERE);
}

static void list_mistake(struct world *w, const char *call, const void *entry,
			 enum dmk_reason reason)
{
	EVENT(w, .kind = DMK_EVENT_LIST_MISTAKE, .name = call, .cpu = entry, .reason = reason,
	      .caller = HERE);
}

/* The address and the length of one entry, from two lines: one mistake. */
ROW(list_link)
{
	list_mistake(w, "sg_dma_address", list_of_four, DMK_REASON_BAD_ARGUMENT);
	list_mistake(w, "sg_dma_len", list_of_four, DMK_REASON_BAD_ARGUMENT);
}

ROW(list_end) { list_mistake(w, "sg_page", list_of_four, DMK_REASON_BAD_SIZE); }
ROW(list_not_initialised)
{
	list_mistake(w, "sg_set_page", list_of_four, DMK_REASON_NOT_FOUND);
}
ROW(list_no_table) { list_mistake(w, "sg_free_table", list_of_four, DMK_REASON_NOT_FOUND); }

static void list_refused(struct world *w, const void *list, unsigned int nents, unsigned int entry,
			 enum dmk_reason reason, int kind)
{
	static const struct dmk_event_sg sg[3] = {
		{DMK_PHYS(0x20000), 4096, DMK_DMA(0), 0},
		{DMK_PHYS(0x30000), 0, DMK_DMA(0), 0},
		{DMK_PHYS(~0ull), 0, DMK_DMA(0), 0},
	};

	EVENT(w, .kind = DMK_EVENT_MAP_FAILED, .map_kind = DMK_MAP_SG, .dev = DEV, .cpu = list,
	      .sg = list && nents ? sg : NULL, .nents = nents, .entry = entry, .reason = reason,
	      .address_kind = kind, .dir = OUT, .caller = HERE);
}

ROW(list_empty_entry) { list_refused(w, &list_head, 2, 1, DMK_REASON_BAD_SIZE, 0); }
ROW(list_too_short) { list_refused(w, &list_head, 3, 2, DMK_REASON_BAD_SIZE, 0); }
ROW(list_wraps) { list_refused(w, &list_head, 1, 0, DMK_REASON_BAD_SIZE, 0); }
ROW(list_of_nothing) { list_refused(w, &list_head, 0, 0, DMK_REASON_BAD_SIZE, 0); }
ROW(list_null) { list_refused(w, NULL, 4, 0, DMK_REASON_BAD_SIZE, 0); }
ROW(list_no_ram) { list_refused(w, &list_head, 2, 1, DMK_REASON_NOT_RAM, 0); }
ROW(list_of_stack)
{
	list_refused(w, &list_head, 1, 0, DMK_REASON_BAD_ADDRESS, DMK_ADDRESS_STACK);
}
ROW(list_without_room) { list_refused(w, &list_head, 1, 0, DMK_REASON_NO_ROOM, 0); }

ROW(list_again_after_unmap)
{
	for (int i = 0; i < 2; i++) {
		map_list(w, &list_head, list_of_four, 4, 2, IN, HERE);
		unmap_list(w, &list_head, list_of_four, 4, IN, HERE);
	}
}

ROW(list_gap)
{
	map_list(w, &list_head, list_of_four, 4, 2, IN, HERE);
	card_writes(w, 0x22000 - 1, 2);
	unmap_list(w, &list_head, list_of_four, 4, IN, HERE);
}

static void one_segment(struct world *w, uint64_t phys, uint64_t length)
{
	struct dmk_event_sg sg = { DMK_PHYS(phys), length, DMK_DMA(phys), length };

	map_list(w, &list_head, &sg, 1, 1, OUT, HERE);
	unmap_list(w, &list_head, &sg, 1, OUT, HERE);
}

ROW(segment_too_long) { one_segment(w, 0x100000, 65537); }
ROW(segment_just_long_enough) { one_segment(w, 0x100000, 65536); }
ROW(segment_crosses) { one_segment(w, 0xfffff000, 8192); }
ROW(segment_ends_at_boundary) { one_segment(w, 0xffffe000, 8192); }
ROW(segment_allowed)
{
	EVENT(w, .kind = DMK_EVENT_SET_LIMIT, .dev = DEV, .name = "segment size", .size = 1 << 20);
	one_segment(w, 0x100000, 65537);
}

/* --- sync ------------------------------------------------------------------------------------- */

ROW(sync_beyond)
{
	map(w, AT, 256, IN, HERE);
	sync_cpu(w, AT + 200, 57, IN, HERE);
	unmap(w, AT, 256, IN, HERE);
}

ROW(sync_to_the_end)
{
	map(w, AT, 256, IN, HERE);
	sync_cpu(w, AT + 200, 56, IN, HERE);
	unmap(w, AT, 256, IN, HERE);
}

ROW(sync_nothing) { sync_cpu(w, AT, 64, IN, HERE); }

ROW(sync_after_unmap)
{
	map(w, AT, 256, IN, HERE);
	unmap(w, AT, 256, IN, HERE);
	sync_cpu(w, AT, 256, IN, HERE);
}

ROW(sync_other_direction)
{
	map(w, AT, 256, OUT, HERE);
	sync_cpu(w, AT, 256, IN, HERE);
	unmap(w, AT, 256, OUT, HERE);
}

ROW(sync_half_of_both)
{
	map(w, AT, 256, BOTH, HERE);
	sync_cpu(w, AT, 256, IN, HERE);
	sync_device(w, AT, 256, OUT, HERE);
	unmap(w, AT, 256, BOTH, HERE);
}

ROW(sync_both_as_none)
{
	map(w, AT, 256, BOTH, HERE);
	sync_cpu(w, AT, 256, DMK_NONE, HERE);
	unmap(w, AT, 256, BOTH, HERE);
}

/* --- whose turn it is ------------------------------------------------------------------------- */

#define CPU_READS(w, at, bytes) cpu_accesses(w, at, bytes, false, HERE)
#define CPU_WRITES(w, at, bytes) cpu_accesses(w, at, bytes, true, HERE)

/* A made-up frame: the walk ends at the caller. */
static void cpu_accesses(struct world *w, uint64_t phys, uint64_t bytes, bool write,
			 const void *here)
{
	EVENT(w, .kind = DMK_EVENT_CPU_ACCESS, .phys = DMK_PHYS(phys), .size = bytes,
	      .write = write, .caller = here);
}

ROW(cpu_writes_too_late)
{
	map(w, AT, 256, OUT, HERE);
	for (uint64_t i = 0; i < 4; i++)
		CPU_WRITES(w, AT + 16 + i * 4, 4);
	CPU_WRITES(w, AT + 64, 4); /* follows from the first */
	card_reads(w, AT, 256);
	unmap(w, AT, 256, OUT, HERE);
}

ROW(cpu_writes_beside)
{
	CPU_WRITES(w, AT, 256);
	map(w, AT + 16, 64, BOTH, HERE);
	CPU_WRITES(w, AT, 16);
	CPU_READS(w, AT + 80, 16);
	unmap(w, AT + 16, 64, BOTH, HERE);
	CPU_WRITES(w, AT, 256);
	CPU_READS(w, AT, 256);
}

ROW(cpu_reads_too_early)
{
	map(w, AT, 256, IN, HERE);
	CPU_READS(w, AT + 255, 1);
	unmap(w, AT, 256, IN, HERE);
}

ROW(cpu_polls_a_buffer)
{
	map(w, AT, 256, IN, HERE);
	for (unsigned int i = 0; i < 3; i++) {
		CPU_READS(w, AT, 4);
		card_writes(w, AT, 4);
		sync_device(w, AT, 256, IN, HERE);
	}
	unmap(w, AT, 256, IN, HERE);
}

ROW(cpu_reads_what_the_device_reads)
{
	map(w, AT, 256, OUT, HERE);
	CPU_READS(w, AT, 4);
	unmap(w, AT, 256, OUT, HERE);
}

ROW(cpu_reads_without_a_sync)
{
	map(w, AT, 256, IN, HERE);
	card_writes(w, AT, 256);
	CPU_READS(w, AT, 4);
	CPU_READS(w, AT + 8, 4);
	unmap(w, AT, 256, IN, HERE);
}

ROW(cpu_reads_beyond_a_short_sync)
{
	map(w, AT, 256, IN, HERE);
	card_writes(w, AT, 256);
	sync_cpu(w, AT, 64, IN, HERE);
	CPU_READS(w, AT + 32, 64);
	unmap(w, AT, 256, IN, HERE);
}

ROW(cpu_reads_two_synced_parts)
{
	map(w, AT, 256, IN, HERE);
	card_writes(w, AT, 256);
	sync_cpu(w, AT + 64, 64, IN, HERE);
	sync_cpu(w, AT, 64, IN, HERE);
	sync_cpu(w, AT + 192, 64, IN, HERE);
	CPU_READS(w, AT, 128);
	CPU_READS(w, AT + 192, 64);
	sync_device(w, AT, 64, IN, HERE);
	CPU_READS(w, AT + 64, 64);
	unmap(w, AT, 256, IN, HERE);
}

ROW(cpu_reads_again_without_a_sync)
{
	map(w, AT, 256, IN, HERE);
	card_writes(w, AT, 256);
	sync_cpu(w, AT, 256, IN, HERE);
	CPU_READS(w, AT, 64);
	card_writes(w, AT + 32, 64);
	CPU_READS(w, AT + 48, 4);
	unmap(w, AT, 256, IN, HERE);
}

ROW(cpu_polls_with_syncs)
{
	map(w, AT, 256, IN, HERE);
	for (unsigned int i = 0; i < 3; i++) {
		sync_cpu(w, AT, 4, IN, HERE);
		card_writes(w, AT, 4);
		CPU_READS(w, AT, 4);
	}
	unmap(w, AT, 256, IN, HERE);
}

ROW(device_reads_what_the_cpu_wrote)
{
	map(w, AT, 256, BOTH, HERE);
	sync_cpu(w, AT, 256, BOTH, HERE);
	CPU_WRITES(w, AT + 8, 8);
	CPU_WRITES(w, AT + 16, 8);
	sync_device(w, AT, 16, BOTH, HERE);
	card_reads(w, AT, 128);
	card_reads(w, AT + 128, 128);
	unmap(w, AT, 256, BOTH, HERE);
}

ROW(device_reads_in_pieces_what_the_cpu_wrote)
{
	map(w, AT, 256, OUT, HERE);
	sync_cpu(w, AT, 256, OUT, HERE);
	CPU_WRITES(w, AT, 16);
	card_reads(w, AT, 64);
	card_reads(w, AT + 64, 192);
	unmap(w, AT, 256, OUT, HERE);
}

ROW(device_writes_over_what_the_cpu_wrote)
{
	map(w, AT, 256, IN, HERE);
	sync_cpu(w, AT, 256, IN, HERE);
	CPU_WRITES(w, AT, 16);
	card_writes(w, AT, 64);
	unmap(w, AT, 256, IN, HERE);
}

ROW(cpu_writes_and_gives_back)
{
	map(w, AT, 256, BOTH, HERE);
	for (unsigned int i = 0; i < 3; i++) {
		sync_cpu(w, AT, 256, BOTH, HERE);
		CPU_READS(w, AT, 64);
		CPU_WRITES(w, AT, 64);
		sync_device(w, AT, 64, BOTH, HERE);
		card_reads(w, AT, 64);
		card_writes(w, AT, 128);
	}
	unmap(w, AT, 256, BOTH, HERE);
}

ROW(nobody_syncs_what_needs_none)
{
	EVENT(w, .kind = DMK_EVENT_NEED_SYNC, .dev = DEV, .dma = DMK_MAPPING_ERROR, .result = 0);
	map(w, AT, 256, IN, HERE);
	card_writes(w, AT, 256);
	CPU_READS(w, AT, 64);
	unmap(w, AT, 256, IN, HERE);
}

ROW(one_mapping_needs_no_sync)
{
	map(w, AT, 256, IN, HERE);
	map(w, AT + 4096, 256, IN, HERE);
	EVENT(w, .kind = DMK_EVENT_NEED_SYNC, .dev = DEV, .dma = DMK_DMA(BUS(AT)), .result = 0);
	EVENT(w, .kind = DMK_EVENT_NEED_SYNC, .dev = DEV, .dma = DMK_DMA(BUS(AT + 4096)),
	      .result = 1);
	CPU_READS(w, AT, 64);
	CPU_READS(w, AT + 4096, 64);
	unmap(w, AT, 256, IN, HERE);
	unmap(w, AT + 4096, 256, IN, HERE);
}

static void map_skipping(struct world *w, uint64_t attrs, int dir)
{
	EVENT(w, .kind = DMK_EVENT_MAP, .map_kind = DMK_MAP_SINGLE, .dev = DEV,
	      .dma = DMK_DMA(BUS(AT)), .phys = DMK_PHYS(AT), .size = 256, .dir = dir,
	      .attrs = attrs, .caller = HERE);
	ask(w, DEV, AT);
}

ROW(cpu_has_what_was_never_synced)
{
	map_skipping(w, 1 << 5, BOTH);
	CPU_WRITES(w, AT, 256);
	sync_device(w, AT, 128, BOTH, HERE);
	card_reads(w, AT, 128);
	CPU_READS(w, AT + 128, 128);
	sync_cpu(w, AT, 64, BOTH, HERE);
	CPU_READS(w, AT, 64);
	unmap(w, AT, 256, BOTH, HERE);
}

ROW(cpu_has_what_was_synced)
{
	map_skipping(w, 1 << 5, BOTH);
	sync_device(w, AT, 128, BOTH, HERE);
	CPU_WRITES(w, AT, 256);
	unmap(w, AT, 256, BOTH, HERE);
}

ROW(cpu_shares_coherent_memory)
{
	map_skipping(w, 1 << 12, BOTH);
	CPU_WRITES(w, AT, 256);
	card_writes(w, AT, 256);
	CPU_READS(w, AT, 256);
	unmap(w, AT, 256, BOTH, HERE);
	alloc(w, AT, 4096, HERE);
	CPU_WRITES(w, AT, 256);
	card_writes(w, AT, 256);
	CPU_READS(w, AT, 256);
	EVENT(w, .kind = DMK_EVENT_FREE, .dev = DEV, .dma = DMK_DMA(BUS(AT)),
	      .cpu = (void *)(uintptr_t)(AT + (1ULL << 40)), .size = 4096, .caller = HERE);
}

/* The second and the third piece of a list are joined for the device. */
ROW(cpu_reads_a_list)
{
	static int head;
	struct dmk_event_sg sg[3] = {
		{ DMK_PHYS(AT), 64, DMK_DMA(BUS(AT)), 64 },
		{ DMK_PHYS(AT + 8192), 64, DMK_DMA(BUS(AT + 0x100000)), 128 },
		{ DMK_PHYS(AT + 4096), 64, DMK_DMA(0), 0 },
	};

	map_list(w, &head, sg, 3, 2, IN, HERE);
	card_writes(w, AT + 0x100000 + 96, 4);
	CPU_READS(w, AT + 4096 + 32, 4);
	unmap_list(w, &head, sg, 3, IN, HERE);
}

ROW(device_reads_what_the_cpu_has)
{
	map(w, AT, 256, OUT, HERE);
	sync_cpu(w, AT, 256, OUT, HERE);
	card_reads(w, AT, 128);
	card_reads(w, AT + 128, 128);
	sync_device(w, AT, 256, OUT, HERE);
	card_reads(w, AT, 256);
	unmap(w, AT, 256, OUT, HERE);
}

ROW(device_reads_what_was_given_back)
{
	map(w, AT, 256, OUT, HERE);
	sync_cpu(w, AT, 64, OUT, HERE);
	card_reads(w, AT + 64, 192);
	sync_device(w, AT, 64, OUT, HERE);
	card_reads(w, AT, 256);
	unmap(w, AT, 256, OUT, HERE);
}

ROW(device_writes_after_a_peek)
{
	map(w, AT, 256, IN, HERE);
	card_writes(w, AT, 64);
	sync_cpu(w, AT, 64, IN, HERE);
	card_writes(w, AT, 256);
	unmap(w, AT, 256, IN, HERE);
}

/* --- device accesses -------------------------------------------------------------------------- */

ROW(runs_over)
{
	map(w, AT, 256, IN, HERE);
	card_writes(w, AT + 250, 8);
	unmap(w, AT, 256, IN, HERE);
}

ROW(runs_into_neighbour)
{
	map(w, AT, 256, IN, HERE);
	map(w, AT + 256, 256, IN, HERE);
	card_writes(w, AT + 100, 256);
	unmap(w, AT, 256, IN, HERE);
	unmap(w, AT + 256, 256, IN, HERE);
}

ROW(runs_over_where_it_was_mapped_once)
{
	map(w, AT, 1024, IN, HERE);
	unmap(w, AT, 1024, IN, HERE);
	map(w, AT, 256, IN, HERE);
	card_writes(w, AT + 192, 128);
	unmap(w, AT, 256, IN, HERE);
}

ROW(before_start)
{
	map(w, AT, 256, IN, HERE);
	card_writes(w, AT - 1, 1);
	unmap(w, AT, 256, IN, HERE);
}

ROW(nowhere) { card_reads(w, 0x123456, 16); }

ROW(physical)
{
	map(w, AT, 256, OUT, HERE);
	EVENT(w, .kind = DMK_EVENT_DEVICE_ACCESS, .requester = REQUESTER, .dma = DMK_DMA(AT),
	      .size = 16);
	unmap(w, AT, 256, OUT, HERE);
}

ROW(truncated)
{
	map(w, 0x500010000, 256, OUT, HERE);
	EVENT(w, .kind = DMK_EVENT_DEVICE_ACCESS, .requester = REQUESTER,
	      .dma = DMK_DMA((uint32_t)BUS(0x500010000)), .size = 16);
	unmap(w, 0x500010000, 256, OUT, HERE);
}

ROW(of_another_device)
{
	map_unasked(w, DEV2, AT, 64, OUT, HERE);
	ask(w, DEV2, AT);
	card_reads(w, AT, 4);
	unmap_as(w, DEV2, DMK_MAP_SINGLE, BUS(AT), 64, OUT, HERE);
}

ROW(writes_read_only)
{
	map(w, AT, 256, OUT, HERE);
	card_writes(w, AT, 4);
	unmap(w, AT, 256, OUT, HERE);
}

ROW(reads_write_only)
{
	map(w, AT, 256, IN, HERE);
	card_reads(w, AT, 4);
	unmap(w, AT, 256, IN, HERE);
}

ROW(both_ways)
{
	map(w, AT, 256, BOTH, HERE);
	card_reads(w, AT, 4);
	card_writes(w, AT, 4);
	unmap(w, AT, 256, BOTH, HERE);
}

ROW(late)
{
	map(w, AT, 256, IN, HERE);
	unmap(w, AT, 256, IN, HERE);
	card_writes(w, AT, 256);
	card_writes(w, AT + 16, 16);
}

ROW(late_but_mapped_twice)
{
	map(w, AT, 256, OUT, HERE);
	map(w, AT, 256, OUT, HERE);
	unmap(w, AT, 256, OUT, HERE);
	card_reads(w, AT, 256);
	unmap(w, AT, 256, OUT, HERE);
}

static void begin(struct world *w, uint64_t phys, uint64_t size)
{
	EVENT(w, .kind = DMK_EVENT_TRANSFER_BEGIN, .requester = REQUESTER,
	      .dma = DMK_DMA(BUS(phys)), .size = size, .dir = IN, .cookie = 7);
}

ROW(unmap_under_way)
{
	map(w, AT, 256, IN, HERE);
	begin(w, AT, 256);
	unmap(w, AT, 256, IN, HERE);
	card_writes(w, AT, 256);
	EVENT(w, .kind = DMK_EVENT_TRANSFER_END, .cookie = 7);
}

ROW(unmap_when_done)
{
	map(w, AT, 256, IN, HERE);
	begin(w, AT, 256);
	card_writes(w, AT, 256);
	EVENT(w, .kind = DMK_EVENT_TRANSFER_END, .cookie = 7);
	unmap(w, AT, 256, IN, HERE);
}

ROW(unmap_while_nothing_is_moved)
{
	map(w, AT, 256, IN, HERE);
	begin(w, AT, 0);
	unmap(w, AT, 256, IN, HERE);
	EVENT(w, .kind = DMK_EVENT_TRANSFER_END, .cookie = 7);
}

ROW(unmap_of_a_twin_under_way)
{
	map(w, AT, 256, OUT, HERE);
	map(w, AT, 256, OUT, HERE);
	begin(w, AT, 256);
	unmap(w, AT, 256, OUT, HERE);
	EVENT(w, .kind = DMK_EVENT_TRANSFER_END, .cookie = 7);
	unmap(w, AT, 256, OUT, HERE);
}

ROW(free_under_way)
{
	alloc(w, AT, 4096, HERE);
	begin(w, AT + 64, 256);
	free_as(w, DEV, AT, AT, 4096, 0, HERE);
	EVENT(w, .kind = DMK_EVENT_TRANSFER_END, .cookie = 7);
}

/* --- consistent memory ------------------------------------------------------------------------ */

ROW(allocates)
{
	alloc(w, AT, 5000, HERE);
	card_reads(w, AT, 5000);
	card_writes(w, AT + 4999, 1);
	sync_cpu(w, AT, 64, BOTH, HERE); /* needless, and harmless */
	free_as(w, DEV, AT, AT, 5000, 0, HERE);
}

static void frees(struct world *w, struct dmk_dev *dev, uint64_t cpu, uint64_t phys, uint64_t size)
{
	alloc(w, AT, 4096, HERE);
	free_as(w, dev, cpu, phys, size, DMK_REASON_MISMATCH, HERE);
}

ROW(frees_other_size) { frees(w, DEV, AT, AT, 4095); }
ROW(frees_other_cpu) { frees(w, DEV, AT + 64, AT, 4096); }
ROW(frees_other_handle) { frees(w, DEV, AT, AT + 64, 4096); }
ROW(frees_other_device) { frees(w, DEV2, AT, AT, 4096); }
ROW(frees_null) { EVENT(w, .kind = DMK_EVENT_FREE, .dev = DEV, .size = 4096, .caller = HERE); }
ROW(frees_never) { free_as(w, DEV, AT, AT, 4096, DMK_REASON_NOT_FOUND, HERE); }

ROW(frees_twice)
{
	alloc(w, AT, 4096, HERE);
	free_as(w, DEV, AT, AT, 4096, 0, HERE);
	free_as(w, DEV, AT, AT, 4096, DMK_REASON_DOUBLE_FREE, HERE);
}

ROW(frees_mapping)
{
	map(w, AT, 4096, IN, HERE);
	free_as(w, DEV, AT, AT, 4096, DMK_REASON_NOT_FOUND, HERE);
}

ROW(frees_in_interrupt)
{
	alloc(w, AT, 4096, HERE);
	EVENT(w, .kind = DMK_EVENT_FREE, .dev = DEV, .dma = DMK_DMA(BUS(AT)), .size = 4096,
	      .interrupt = true, .cpu = (void *)(uintptr_t)(AT + (1ULL << 40)),
	      .reason = DMK_REASON_BAD_CONTEXT, .caller = HERE);
}

ROW(allocation_left) { alloc(w, AT, 4096, HERE); }

ROW(allocation_overrun)
{
	alloc(w, AT, 100, HERE);
	card_reads(w, AT + 64, 64);
	free_as(w, DEV, AT, AT, 100, 0, HERE);
}

ROW(allocation_late)
{
	alloc(w, AT, 100, HERE);
	free_as(w, DEV, AT, AT, 100, 0, HERE);
	card_reads(w, AT, 64);
}

/* --- memory that both sides use in turns, and which call it came from ------------------------- */

/*
 * Any allocation or free, with what is different from dma_alloc_pages() of 4096 bytes, from the
 * device.
 */
#define MADE(w, event, ...)                                                                        \
	EVENT(w, .kind = event, .alloc_kind = DMK_KIND_PAGES, .dev = DEV, .dma = DMK_DMA(BUS(AT)), \
	      .phys = DMK_PHYS(AT), .cpu = (void *)(uintptr_t)(AT + (1ULL << 40)), .size = 4096,   \
	      .dir = IN, .caller = HERE, ##__VA_ARGS__)

#pragma GCC diagnostic ignored "-Woverride-init"

static char table;
static const struct dmk_event_sg run = { DMK_PHYS(AT), 8192, DMK_DMA(BUS(AT)), 8192 };

static void lists(struct world *w, int dir)
{
	MADE(w, DMK_EVENT_ALLOC, .alloc_kind = DMK_KIND_NONCONTIGUOUS, .cpu = &table, .size = 5000,
	     .dir = dir, .sg = &run, .nents = 1, .mapped_nents = 1, .map_kind = DMK_MAP_SG);
}

static void lists_back(struct world *w, int dir, unsigned int views, const void *here)
{
	MADE(w, DMK_EVENT_FREE, .alloc_kind = DMK_KIND_NONCONTIGUOUS, .cpu = &table, .size = 5000,
	     .dir = dir, .nents = views, .caller = here);
}

static void list_sync(struct world *w, int event, int dir)
{
	EVENT(w, .kind = event, .map_kind = DMK_MAP_SG, .dev = DEV, .cpu = &table,
	      .dma = DMK_DMA(BUS(AT)), .sg = &run, .nents = 1, .dir = dir, .caller = HERE);
}

ROW(pages_in_turns)
{
	MADE(w, DMK_EVENT_ALLOC, .dir = OUT);
	sync_device(w, AT, 4096, OUT, HERE);
	card_reads(w, AT, 4096);
	sync_cpu(w, AT, 64, OUT, HERE);
	sync_device(w, AT, 64, OUT, HERE);
	card_reads(w, AT, 64);
	MADE(w, DMK_EVENT_FREE, .dir = OUT);
}

ROW(pages_not_handed_over)
{
	MADE(w, DMK_EVENT_ALLOC, .dir = OUT);
	card_reads(w, AT, 64);
	MADE(w, DMK_EVENT_FREE, .dir = OUT);
}

ROW(pages_against_direction)
{
	MADE(w, DMK_EVENT_ALLOC);
	card_reads(w, AT, 64);
	MADE(w, DMK_EVENT_FREE);
}

ROW(pages_synced_beyond)
{
	MADE(w, DMK_EVENT_ALLOC);
	sync_cpu(w, AT + 64, 4096, IN, HERE);
	MADE(w, DMK_EVENT_FREE);
}

ROW(pages_synced_the_other_way)
{
	MADE(w, DMK_EVENT_ALLOC);
	sync_cpu(w, AT, 4096, OUT, HERE);
	MADE(w, DMK_EVENT_FREE);
}

ROW(pages_left) { MADE(w, DMK_EVENT_ALLOC); }

ROW(pages_freed_as_coherent)
{
	MADE(w, DMK_EVENT_ALLOC);
	free_as(w, DEV, AT, AT, 4096, DMK_REASON_MISMATCH, HERE);
}

ROW(coherent_freed_as_pages)
{
	alloc(w, AT, 4096, HERE);
	MADE(w, DMK_EVENT_FREE, .cpu = &table, .reason = DMK_REASON_MISMATCH);
}

ROW(pages_freed_the_other_way)
{
	MADE(w, DMK_EVENT_ALLOC);
	MADE(w, DMK_EVENT_FREE, .dir = BOTH);
}

ROW(pages_freed_twice)
{
	MADE(w, DMK_EVENT_ALLOC);
	MADE(w, DMK_EVENT_FREE);
	MADE(w, DMK_EVENT_FREE, .reason = DMK_REASON_DOUBLE_FREE);
}

ROW(pages_unmapped)
{
	MADE(w, DMK_EVENT_ALLOC);
	unmap(w, AT, 4096, IN, HERE);
}

ROW(pages_of_a_zone)
{
	MADE(w, DMK_EVENT_ALLOC_FAILED, .reason = DMK_REASON_BAD_ARGUMENT, .cpu = NULL);
}

ROW(pages_of_no_direction)
{
	MADE(w, DMK_EVENT_ALLOC_FAILED, .reason = DMK_REASON_BAD_DIRECTION, .cpu = NULL,
	     .dir = DMK_NONE);
}

ROW(pages_not_there)
{
	MADE(w, DMK_EVENT_ALLOC_FAILED, .reason = DMK_REASON_NO_ROOM, .cpu = NULL);
}

ROW(list_in_turns)
{
	lists(w, IN);
	list_sync(w, DMK_EVENT_SYNC_FOR_DEVICE, IN);
	card_writes(w, AT + 8000, 192);
	list_sync(w, DMK_EVENT_SYNC_FOR_CPU, IN);
	EVENT(w, .kind = DMK_EVENT_ALLOC_VIEW, .dev = DEV, .cpu = &pages_in_turns, .size = 5000,
	      .result = 1, .caller = HERE);
	EVENT(w, .kind = DMK_EVENT_ALLOC_VIEW, .dev = DEV, .cpu = &pages_in_turns, .size = 8192,
	      .caller = HERE);
	lists_back(w, IN, 0, HERE);
}

ROW(list_synced_by_address)
{
	lists(w, IN);
	sync_cpu(w, AT, 64, IN, HERE);
	lists_back(w, IN, 0, HERE);
}

ROW(list_read_too_early)
{
	lists(w, OUT);
	card_reads(w, AT + 4096, 64);
	list_sync(w, DMK_EVENT_SYNC_FOR_DEVICE, OUT);
	card_reads(w, AT, 64);
	lists_back(w, OUT, 0, HERE);
}

ROW(list_left) { lists(w, BOTH); }

ROW(list_freed_twice)
{
	lists(w, IN);
	lists_back(w, IN, 0, HERE);
	MADE(w, DMK_EVENT_FREE, .alloc_kind = DMK_KIND_NONCONTIGUOUS, .cpu = &table, .size = 5000,
	     .dma.v = ~0ULL, .reason = DMK_REASON_DOUBLE_FREE);
}

ROW(list_never_made)
{
	MADE(w, DMK_EVENT_FREE, .alloc_kind = DMK_KIND_NONCONTIGUOUS, .cpu = &table, .dma.v = ~0ULL,
	     .reason = DMK_REASON_NOT_FOUND);
}

ROW(list_freed_under_a_view)
{
	lists(w, IN);
	lists_back(w, IN, 1, HERE);
}

ROW(list_freed_with_another_size)
{
	lists(w, IN);
	MADE(w, DMK_EVENT_FREE, .alloc_kind = DMK_KIND_NONCONTIGUOUS, .cpu = &table, .size = 8192,
	     .dma.v = ~0ULL, .reason = DMK_REASON_MISMATCH);
}

ROW(view_that_is_none)
{
	EVENT(w, .kind = DMK_EVENT_ALLOC_VIEW, .dev = DEV, .cpu = &table,
	      .reason = DMK_REASON_NOT_FOUND, .caller = HERE);
}

#define COHERENT .alloc_kind = DMK_KIND_COHERENT, .dir = 0

ROW(managed_in_order)
{
	MADE(w, DMK_EVENT_ALLOC, COHERENT, .by_managed = true);
	MADE(w, DMK_EVENT_FREE, COHERENT, .by_managed = true);
	MADE(w, DMK_EVENT_ALLOC, COHERENT, .by_managed = true, .attrs = 4);
	MADE(w, DMK_EVENT_FREE, COHERENT, .managed = true);
}

ROW(managed_freed_as_plain)
{
	MADE(w, DMK_EVENT_ALLOC, COHERENT, .by_managed = true);
	MADE(w, DMK_EVENT_FREE, COHERENT);
}

ROW(plain_freed_as_managed)
{
	MADE(w, DMK_EVENT_ALLOC, COHERENT);
	MADE(w, DMK_EVENT_FREE, COHERENT, .by_managed = true);
}

ROW(hidden_freed_as_plain)
{
	MADE(w, DMK_EVENT_ALLOC, COHERENT, .attrs = 1 << 4);
	MADE(w, DMK_EVENT_FREE, COHERENT);
}

ROW(attributes_that_do_not_matter)
{
	MADE(w, DMK_EVENT_ALLOC, COHERENT, .attrs = 1 << 8 | 1 << 7 | 1 << 1);
	MADE(w, DMK_EVENT_FREE, COHERENT);
}

/* --- pools ------------------------------------------------------------------------------------ */

static char pool_a, pool_b;

static void pool_open(struct world *w)
{
	pool_made(w, &pool_a, "rings", HERE);
	pool_page(w, &pool_a, AT, true);
}

static void pool_close(struct world *w, unsigned int out)
{
	pool_gone(w, &pool_a, out, HERE);
	if (!out)
		pool_page(w, &pool_a, AT, false);
}

ROW(pool)
{
	pool_open(w);
	for (int i = 0; i < 3; i++) {
		block_taken(w, &pool_a, AT + 64, HERE);
		card_reads(w, AT + 64, 64);
		block_freed(w, &pool_a, AT + 64, AT + 64, 0, HERE);
	}
	pool_close(w, 0);
}

ROW(pool_freed_twice)
{
	pool_open(w);
	block_taken(w, &pool_a, AT + 64, HERE);
	block_freed(w, &pool_a, AT + 64, AT + 64, 0, HERE);
	block_freed(w, &pool_a, AT + 64, AT + 64, DMK_REASON_DOUBLE_FREE, HERE);
	pool_close(w, 0);
}

ROW(pool_wrong)
{
	pool_open(w);
	pool_made(w, &pool_b, "others", HERE);
	block_taken(w, &pool_a, AT + 64, HERE);
	block_freed(w, &pool_b, AT + 64, AT + 64, DMK_REASON_MISMATCH, HERE);
	block_freed(w, &pool_a, AT + 64, AT + 64, 0, HERE);
	pool_gone(w, &pool_b, 0, HERE);
	pool_close(w, 0);
}

ROW(pool_wrong_handle)
{
	pool_open(w);
	block_taken(w, &pool_a, AT + 128, HERE);
	block_freed(w, &pool_a, AT + 128, AT + 128, 0, HERE);
	block_taken(w, &pool_a, AT + 64, HERE);
	block_freed(w, &pool_a, AT + 64, AT + 128, DMK_REASON_MISMATCH, HERE);
	block_freed(w, &pool_a, AT + 64, AT + 64, 0, HERE);
	pool_close(w, 0);
}

ROW(pool_block_out)
{
	pool_open(w);
	block_taken(w, &pool_a, AT + 64, HERE);
	block_taken(w, &pool_a, AT + 128, HERE);
	pool_close(w, 2);
}

ROW(pool_in_interrupt)
{
	pool_open(w);
	EVENT(w, .kind = DMK_EVENT_POOL_DESTROY, .dev = DEV, .pool = &pool_a, .interrupt = true,
	      .reason = DMK_REASON_BAD_CONTEXT, .caller = HERE);
}

ROW(pool_gone_twice)
{
	pool_open(w);
	pool_close(w, 0);
	EVENT(w, .kind = DMK_EVENT_POOL_DESTROY, .pool = &pool_a, .reason = DMK_REASON_NOT_FOUND,
	      .caller = HERE);
}

ROW(pool_orphan)
{
	pool_open(w);
	block_taken(w, &pool_a, AT + 64, HERE);
	pool_gone(w, &pool_a, 1, HERE);
	block_freed(w, &pool_a, AT + 64, AT + 64, 0, HERE);
	pool_page(w, &pool_a, AT, false);
	pool_open(w); /* another, in its place */
	block_taken(w, &pool_a, AT + 64, HERE);
	card_reads(w, AT + 64, 64);
	block_freed(w, &pool_a, AT + 64, AT + 64, 0, HERE);
	pool_close(w, 0);
}

ROW(allocation_managed)
{
	EVENT(w, .kind = DMK_EVENT_ALLOC, .dev = DEV, .dma = DMK_DMA(BUS(AT)),
	      .cpu = (void *)0x5000, .size = 4096, .attrs = 1 << 2, .caller = HERE);
	EVENT(w, .kind = DMK_EVENT_FREE, .dev = DEV, .dma = DMK_DMA(BUS(AT)), .cpu = (void *)0x5000,
	      .size = 4096, .managed = true);
}

ROW(pool_left) { pool_open(w); }

ROW(pool_refused)
{
	EVENT(w, .kind = DMK_EVENT_POOL_CREATE, .dev = DEV, .name = "odd", .size = 64, .align = 3,
	      .result = -22, .reason = DMK_REASON_BAD_ARGUMENT, .caller = HERE);
}

ROW(pool_access_to_freed)
{
	pool_open(w);
	block_taken(w, &pool_a, AT + 64, HERE);
	block_freed(w, &pool_a, AT + 64, AT + 64, 0, HERE);
	card_reads(w, AT + 64, 8);
	pool_close(w, 0);
}

ROW(pool_access_between_blocks)
{
	pool_open(w);
	card_reads(w, AT + 512, 8);
	pool_close(w, 0);
}

/* --- masks, context --------------------------------------------------------------------------- */

/* The world's driver has set a mask in probe; this one has not. */
static void fresh(struct world *w)
{
	EVENT(w, .kind = DMK_EVENT_UNBIND, .dev = DEV);
	EVENT(w, .kind = DMK_EVENT_BIND, .dev = DEV, .name = "paperdriver");
}

ROW(dma_without_a_mask)
{
	fresh(w);
	map(w, AT, 64, OUT, HERE);
	unmap(w, AT, 64, OUT, HERE);
	alloc(w, AT, 64, HERE);
	free_as(w, DEV, AT, AT, 64, 0, HERE);
}

ROW(no_mask_and_no_dma)
{
	fresh(w);
}

ROW(only_one_mask)
{
	fresh(w);
	set_mask(w, true, false, 0);
	map(w, AT, 64, OUT, HERE);
	unmap(w, AT, 64, OUT, HERE);
	alloc(w, AT, 64, HERE);
	free_as(w, DEV, AT, AT, 64, 0, HERE);
}

ROW(dma_after_refusal)
{
	fresh(w);
	set_mask(w, true, true, -5);
	EVENT(w, .kind = DMK_EVENT_PROBED, .dev = DEV, .result = 0);
	map(w, AT, 64, OUT, HERE);
	unmap(w, AT, 64, OUT, HERE);
}

/*
 * A mask that is refused stands for memory that is out of reach: where nothing bounces, the mapping
 * is refused too.
 */
ROW(dma_asked_for_after_refusal)
{
	fresh(w);
	set_mask(w, true, true, -5);
	EVENT(w, .kind = DMK_EVENT_PROBED, .dev = DEV, .result = 0);
	refuse(w, DMK_REASON_UNREACHABLE, DMK_ADDRESS_DIRECT, 64, OUT);
	refuse(w, DMK_REASON_NO_ROOM, DMK_ADDRESS_DIRECT, 64, OUT);
}

ROW(allocation_asked_for_after_refusal)
{
	fresh(w);
	set_mask(w, false, true, -5);
	MADE(w, DMK_EVENT_ALLOC_FAILED, .reason = DMK_REASON_NO_ROOM, .cpu = NULL);
}

ROW(dma_asked_for_after_second_try)
{
	fresh(w);
	set_mask(w, true, true, -5);
	set_mask(w, true, true, 0);
	refuse(w, DMK_REASON_UNREACHABLE, DMK_ADDRESS_DIRECT, 64, OUT);
	MADE(w, DMK_EVENT_ALLOC_FAILED, .reason = DMK_REASON_NO_ROOM, .cpu = NULL);
}

ROW(allocation_after_refusal)
{
	fresh(w);
	set_mask(w, false, true, -5);
	alloc(w, AT, 64, HERE);
	free_as(w, DEV, AT, AT, 64, 0, HERE);
}

ROW(dma_after_second_try)
{
	fresh(w);
	set_mask(w, true, true, -5);
	set_mask(w, true, true, 0);
	map(w, AT, 64, OUT, HERE);
	unmap(w, AT, 64, OUT, HERE);
}

ROW(narrower_try_refused) /* the sound card: playback goes on, recording is switched off */
{
	fresh(w);
	set_mask(w, true, false, 0);
	set_mask(w, true, false, -5);
	map(w, AT, 64, OUT, HERE);
	unmap(w, AT, 64, OUT, HERE);
}

ROW(refusal_and_no_dma)
{
	fresh(w);
	set_mask(w, true, true, -5);
}

ROW(refusal_ignored)
{
	fresh(w);
	set_mask(w, true, false, -5);
	alloc(w, AT, 64, HERE);
	free_as(w, DEV, AT, AT, 64, 0, HERE);
}

/* a card whose playback is refused records with the narrower mask, and does nothing else */
ROW(one_kind_refused)
{
	fresh(w);
	set_mask(w, true, true, -5);
	set_mask(w, false, true, 0);
	alloc(w, AT, 64, HERE);
	free_as(w, DEV, AT, AT, 64, 0, HERE);
}

static void sleep_in(struct world *w, const char *call)
{
	EVENT(w, .kind = DMK_EVENT_SLEEP_IN_ATOMIC, .name = call, .caller = HERE);
}

/* --- COH-05 ----------------------------------------------------------------------------------- */

enum { ADDRESS = 1, FLAG = 2, RELAXED = 3, GONE = 0x7770000 };

/*
 * A descriptor of 16 bytes in consistent memory: its address is stored, then its flag at byte 12;
 * then the card reads it. What it gets is the old address, which is @old, and the new flag.
 */
static void reads_torn(struct world *w, uint64_t old, const char *fence)
{
	const uint64_t bytes[2] = {old, 1ULL << 32};
	const struct dmk_event_order order = {.later = FLAG,
					      .earlier = ADDRESS,
					      .later_dma = DMK_DMA(BUS(AT) + 12),
					      .earlier_dma = DMK_DMA(BUS(AT)),
					      .later_size = 4,
					      .earlier_size = 8,
					      .bytes = (const uint8_t *)bytes};

	alloc(w, AT, 4096, HERE);
	EVENT(w, .kind = DMK_EVENT_STORE, .cookie = ADDRESS, .size = 8, .caller = HERE);
	EVENT(w, .kind = DMK_EVENT_STORE, .cookie = FLAG, .size = 4, .caller = HERE);
	card_reads(w, AT, 16);
	EVENT(w, .kind = DMK_EVENT_STORE_UNSEEN, .requester = REQUESTER, .dma = DMK_DMA(BUS(AT)),
	      .size = 16, .cpu = bytes, .order = &order, .name = fence);
}

static void give_back(struct world *w)
{
	free_as(w, DEV, AT, AT, 4096, 0, HERE);
}

ROW(torn_and_given_back)
{
	reads_torn(w, 0, NULL);
	card_writes(w, AT + 8, 8);
	give_back(w);
}
ROW(torn_with_the_wrong_barrier)
{
	reads_torn(w, 0, "smp_mb");
	card_writes(w, AT, 16);
	give_back(w);
}
ROW(torn_and_the_old_address_used)
{
	reads_torn(w, BUS(GONE), NULL);
	card_writes(w, GONE, 64);
	give_back(w);
}
ROW(torn_and_work_begun_at_the_old_address)
{
	reads_torn(w, BUS(GONE), NULL);
	EVENT(w, .kind = DMK_EVENT_TRANSFER_BEGIN, .requester = REQUESTER,
	      .dma = DMK_DMA(BUS(GONE)), .size = 64, .cookie = 9);
	EVENT(w, .kind = DMK_EVENT_TRANSFER_END, .requester = REQUESTER, .cookie = 9);
	give_back(w);
}
ROW(torn_and_looked_at_again)
{
	reads_torn(w, 0, NULL);
	card_reads(w, AT, 16);
	card_writes(w, AT + 8, 8);
	give_back(w);
}
ROW(torn_and_other_work_done)
{
	reads_torn(w, 0, NULL);
	card_reads(w, AT + 16, 16);
	card_writes(w, AT + 24, 8);
	give_back(w);
}
ROW(torn_and_taken_back)
{
	reads_torn(w, 0, NULL);
	give_back(w);
	alloc(w, AT, 4096, HERE);
	card_writes(w, AT, 16);
	give_back(w);
}

/* The card writes both; the flag at byte 12 is loaded, and then what is at byte @at of the page. */
static void load_early(struct world *w, uint64_t at, const char *fence)
{
	const struct dmk_event_order order = {
		.earlier = FLAG, .earlier_dma = DMK_DMA(BUS(AT) + 12), .earlier_size = 4};

	alloc(w, AT, 4096, HERE);
	card_writes(w, AT, 16);
	EVENT(w, .kind = DMK_EVENT_LOAD, .cookie = FLAG, .size = 4, .caller = HERE);
	EVENT(w, .kind = DMK_EVENT_LOAD_EARLY, .requester = REQUESTER, .dma = DMK_DMA(BUS(AT) + at),
	      .size = 4, .order = &order, .name = fence, .caller = HERE);
	give_back(w);
}

ROW(loaded_early)
{
	load_early(w, 4, NULL);
}
ROW(loaded_early_with_the_wrong_barrier)
{
	load_early(w, 4, "smp_rmb");
}
ROW(loaded_early_from_what_is_not_its)
{
	load_early(w, 4096, NULL);
}
ROW(told_by_a_relaxed_write)
{
	const uint64_t bytes = 0;
	const struct dmk_event_order order = {.later = RELAXED,
					      .earlier = ADDRESS,
					      .is_register = true,
					      .earlier_dma = DMK_DMA(BUS(AT)),
					      .earlier_size = 8,
					      .bytes = (const uint8_t *)&bytes};

	alloc(w, AT, 4096, HERE);
	EVENT(w, .kind = DMK_EVENT_STORE, .cookie = ADDRESS, .size = 8, .caller = HERE);
	EVENT(w, .kind = DMK_EVENT_STORE, .cookie = RELAXED, .caller = HERE);
	card_reads(w, AT, 8);
	EVENT(w, .kind = DMK_EVENT_STORE_UNSEEN, .requester = REQUESTER, .dma = DMK_DMA(BUS(AT)),
	      .size = 8, .cpu = &bytes, .order = &order);
	give_back(w);
}

ROW(allocates_in_atomic) { sleep_in(w, "dma_alloc_coherent"); }
ROW(kmallocs_in_atomic) { sleep_in(w, "kmalloc"); }
ROW(sleeps_in_atomic) { sleep_in(w, "mutex_lock"); }
ROW(touches_register)
{
	EVENT(w, .kind = DMK_EVENT_IOMEM_DEREFERENCE, .cpu = (void *)0x999, .write = true,
	      .caller = HERE);
}
static void channel(struct world *w, const char *call, unsigned int n, enum dmk_reason reason,
		    uint64_t dma, uint64_t size)
{
	EVENT(w, .kind = DMK_EVENT_CHANNEL_MISTAKE, .name = call, .cookie = n, .reason = reason,
	      .dma = DMK_DMA(dma), .size = size, .caller = HERE);
}

ROW(channel_of_nobody) { channel(w, "disable_dma", 3, DMK_REASON_NOT_FOUND, 0, 0); }
ROW(channel_freed_twice) { channel(w, "free_dma", 3, DMK_REASON_NOT_FOUND, 0, 0); }
ROW(channel_unlocked) { channel(w, "set_dma_count", 1, DMK_REASON_BAD_CONTEXT, 0, 0); }
ROW(channel_crosses) { channel(w, "enable_dma", 1, DMK_REASON_TOO_LARGE, 0x1fff0, 17); }
ROW(words_cross) { channel(w, "enable_dma", 5, DMK_REASON_TOO_LARGE, 0x3fff0, 18); }
ROW(channel_out_of_reach) { channel(w, "enable_dma", 1, DMK_REASON_UNREACHABLE, 0x1234567, 16); }
ROW(words_at_odd) { channel(w, "enable_dma", 5, DMK_REASON_BAD_ADDRESS, 0x20001, 16); }
ROW(odd_words) { channel(w, "enable_dma", 5, DMK_REASON_BAD_SIZE, 0x20000, 15); }
ROW(old_address) { EVENT(w, .kind = DMK_EVENT_OLD_ADDRESS, .name = "virt_to_bus", .caller = HERE); }

ROW(handle_to_virt)
{
	map(w, AT, 256, OUT, HERE);
	EVENT(w, .kind = DMK_EVENT_PHYS_USED, .name = "phys_to_virt", .phys = DMK_PHYS(BUS(AT) + 8),
	      .caller = HERE);
	unmap(w, AT, 256, OUT, HERE);
}

ROW(nothing_to_virt)
{
	map(w, AT, 256, OUT, HERE);
	EVENT(w, .kind = DMK_EVENT_PHYS_USED, .name = "phys_to_virt",
	      .phys = DMK_PHYS(BUS(AT) + 256), .caller = HERE);
	unmap(w, AT, 256, OUT, HERE);
}

/* --- the DMA engine --------------------------------------------------------------------------- */

static char chan, desc, desc2, context[64];

#define STEP(w, what, ...)                                                                  \
	EVENT(w, .kind = DMK_EVENT_ENGINE, .dev = DEV, .name = "dma0chan0", .caller = HERE, \
	      .engine = &(struct dmk_event_engine){                                         \
		      .step = DMK_ENGINE_##what, .channel = &chan, __VA_ARGS__})
/* What is asked about a cookie gets an answer (enum dma_status), what is configured a result. */
#define ANSWER(w, what, answer, ...)                                                        \
	EVENT(w, .kind = DMK_EVENT_ENGINE, .dev = DEV, .name = "dma0chan0", .caller = HERE, \
	      .result = (answer),                                                           \
	      .engine = &(struct dmk_event_engine){                                         \
		      .step = DMK_ENGINE_##what, .channel = &chan, __VA_ARGS__})

enum { DONE, UNDER_WAY };
enum { COPY, TO_CARD, FROM_CARD };

/* A client's call: a piece of mapped memory, which the controller writes unless it is sent. */
static void prepare(struct world *w, void *descriptor, uint64_t dma, uint64_t size, int direction,
		    const void *here)
{
	const struct dmk_event_piece piece = {
		.dma = DMK_DMA(dma), .size = size, .write = direction != TO_CARD, .ram = true};
	const struct dmk_event_slave can = {.dst_widths = 1 << 4, .directions = 1 << TO_CARD};
	const struct dmk_event_engine engine = {.step = DMK_ENGINE_PREPARED,
						.channel = &chan,
						.descriptor = descriptor,
						.pieces = &piece,
						.nr_pieces = 1,
						.direction = direction,
						.slave = &can,
						.wants_config = direction != COPY};

	EVENT(w, .kind = DMK_EVENT_ENGINE, .dev = DEV, .name = "dma0chan0", .engine = &engine,
	      .caller = here);
}

static void queue(struct world *w, void *descriptor, int cookie, bool reuse, const void *here)
{
	const struct dmk_event_engine submit = {.step = DMK_ENGINE_SUBMIT,
						.channel = &chan,
						.descriptor = descriptor,
						.callback = &queue,
						.param = &context[16],
						.reuse = reuse};
	struct dmk_event_engine queued = submit;

	queued.step = DMK_ENGINE_QUEUED;
	queued.cookie = cookie;
	EVENT(w, .kind = DMK_EVENT_ENGINE, .dev = DEV, .engine = &submit, .caller = here);
	EVENT(w, .kind = DMK_EVENT_ENGINE, .dev = DEV, .engine = &queued, .caller = here);
}

/* A channel, and a descriptor of 256 mapped bytes on it. */
static void one_prepared(struct world *w)
{
	STEP(w, TAKEN);
	map(w, AT, 256, IN, HERE);
	prepare(w, &desc, BUS(AT), 256, COPY, HERE);
}

static void one_queued(struct world *w)
{
	one_prepared(w);
	queue(w, &desc, 2, false, HERE);
}

static void one_issued(struct world *w)
{
	one_queued(w);
	STEP(w, ISSUE);
}

static void one_ended(struct world *w)
{
	one_issued(w);
	STEP(w, ENDED, .descriptor = &desc, .cookie = 2);
}

static void engine_closed(struct world *w)
{
	unmap(w, AT, 256, IN, HERE);
	STEP(w, GIVEN);
}

ROW(engine_done)
{
	one_ended(w);
	STEP(w, CALLBACK, .descriptor = &desc, .callback = &queue, .param = &context[16]);
	ANSWER(w, ASKED, DONE, .cookie = 2);
	engine_closed(w);
}

ROW(engine_not_issued)
{
	one_queued(w);
	engine_closed(w);
}

ROW(engine_never_released_nor_issued)
{
	one_queued(w);
	STEP(w, TERMINATE);
	engine_closed(w);
}

static void wait_in_vain(struct world *w, const void *what)
{
	EVENT(w, .kind = DMK_EVENT_TIMED_OUT, .cpu = what, .size = 16, .caller = HERE);
}

ROW(engine_waits_in_vain)
{
	one_queued(w);
	wait_in_vain(w, &context[24]);
	STEP(w, ISSUE);
	STEP(w, ENDED, .descriptor = &desc, .cookie = 2);
	engine_closed(w);
}

ROW(engine_waits_for_something_else)
{
	one_queued(w);
	wait_in_vain(w, &context[8]);
	STEP(w, ISSUE);
	STEP(w, ENDED, .descriptor = &desc, .cookie = 2);
	engine_closed(w);
}

ROW(engine_waits_too_short)
{
	one_issued(w);
	wait_in_vain(w, &context[16]);
	STEP(w, TERMINATE);
	STEP(w, SYNCHRONIZED);
	engine_closed(w);
}

ROW(engine_asks_in_vain)
{
	one_queued(w);
	for (int i = 0; i < 200; i++)
		ANSWER(w, ASKED, UNDER_WAY, .cookie = 2);
	engine_closed(w);
}

ROW(engine_submits_twice)
{
	one_queued(w);
	queue(w, &desc, 3, false, HERE);
	STEP(w, TERMINATE);
	engine_closed(w);
}

ROW(engine_submits_what_ended)
{
	one_ended(w);
	queue(w, &desc, 3, false, HERE);
	engine_closed(w);
}

ROW(engine_submits_what_was_terminated)
{
	one_issued(w);
	STEP(w, TERMINATE);
	STEP(w, SYNCHRONIZED);
	queue(w, &desc, 3, false, HERE);
	engine_closed(w);
}

ROW(engine_reuses)
{
	one_prepared(w);
	for (int cookie = 2; cookie < 5; cookie++) {
		queue(w, &desc, cookie, true, HERE);
		STEP(w, ISSUE);
		STEP(w, ENDED, .descriptor = &desc, .cookie = cookie, .reuse = true);
	}
	STEP(w, FREED, .descriptor = &desc);
	engine_closed(w);
}

/* Their driver calls the controller's functions itself, and the controller uses no helpers. */
ROW(engine_unknown)
{
	STEP(w, TAKEN);
	STEP(w, ISSUE);
	STEP(w, ENDED, .descriptor = &desc, .cookie = 2);
	ANSWER(w, ASKED, DONE, .cookie = 2);
	STEP(w, GIVEN);
}

/* It says nothing of ends; that the client was told of one must do. */
ROW(engine_tells_of_no_ends)
{
	one_issued(w);
	ANSWER(w, ASKED, DONE, .cookie = 2);
	engine_closed(w);
}

ROW(engine_helper_only)
{
	STEP(w, TAKEN);
	STEP(w, PREPARED, .descriptor = &desc, .direction = -1);
	STEP(w, QUEUED, .descriptor = &desc, .cookie = 2);
	STEP(w, GIVEN);
}

static void ask_about(struct world *w, int cookie)
{
	one_ended(w);
	ANSWER(w, ASKED, DONE, .cookie = cookie);
	engine_closed(w);
}

ROW(engine_asks_about_error)
{
	ask_about(w, -12);
}
ROW(engine_asks_about_zero)
{
	ask_about(w, 0);
}
ROW(engine_asks_about_future)
{
	ask_about(w, 7);
}
ROW(engine_asks_about_past)
{
	ask_about(w, 1);
}

ROW(engine_asks_before_all)
{
	STEP(w, TAKEN);
	ANSWER(w, ASKED, DONE, .cookie = 0);
	STEP(w, GIVEN);
}

ROW(engine_cookies_wrap)
{
	one_queued(w);
	STEP(w, ISSUE);
	prepare(w, &desc2, BUS(AT), 256, COPY, HERE);
	queue(w, &desc2, 1, false, HERE);
	STEP(w, ISSUE);
	STEP(w, ENDED, .descriptor = &desc, .cookie = 2);
	ANSWER(w, ASKED, DONE, .cookie = 2);
	STEP(w, ENDED, .descriptor = &desc2, .cookie = 1);
	engine_closed(w);
}

ROW(engine_callback_changed)
{
	one_ended(w);
	STEP(w, CALLBACK, .descriptor = &desc, .callback = &prepare, .param = &context[16]);
	engine_closed(w);
}

/* Some controllers take the callback out. */
ROW(engine_callback_taken_out)
{
	one_ended(w);
	STEP(w, CALLBACK, .descriptor = &desc);
	engine_closed(w);
}

static void configure(struct world *w, uint32_t width, int result)
{
	ANSWER(w, CONFIGURED, result, .slave = &(struct dmk_event_slave){.dst_widths = width});
}

static void send(struct world *w, int direction)
{
	map(w, AT, 256, BOTH, HERE);
	prepare(w, &desc, BUS(AT), 256, direction, HERE);
	queue(w, &desc, 2, false, HERE);
	STEP(w, ISSUE);
	STEP(w, ENDED, .descriptor = &desc, .cookie = 2);
	unmap(w, AT, 256, BOTH, HERE);
}

static void send_configured(struct world *w, uint32_t width, int result, int direction)
{
	STEP(w, TAKEN);
	configure(w, width, result);
	send(w, direction);
	STEP(w, GIVEN);
}

ROW(engine_configured)
{
	send_configured(w, 4, 0, TO_CARD);
}
ROW(engine_config_refused)
{
	send_configured(w, 4, -22, TO_CARD);
}
ROW(engine_width_missing)
{
	send_configured(w, 8, 0, TO_CARD);
}
ROW(engine_direction_missing)
{
	send_configured(w, 4, 0, FROM_CARD);
}

/* What was accepted before holds. */
ROW(engine_second_config_refused)
{
	STEP(w, TAKEN);
	configure(w, 4, 0);
	configure(w, 3, -22);
	send(w, TO_CARD);
	STEP(w, GIVEN);
}

ROW(engine_not_configured)
{
	STEP(w, TAKEN);
	send(w, TO_CARD);
	STEP(w, GIVEN);
}

ROW(engine_calls_back_locked)
{
	one_ended(w);
	STEP(w, CALLBACK, .descriptor = &desc, .locked = true);
	engine_closed(w);
}

ROW(engine_left)
{
	one_ended(w);
	STEP(w, LEFT);
	unmap(w, AT, 256, IN, HERE);
}

/* Two are under way, and the second ends first. */
static void end_second(struct world *w, bool unordered)
{
	one_issued(w);
	prepare(w, &desc2, BUS(AT), 256, COPY, HERE);
	queue(w, &desc2, 3, false, HERE);
	STEP(w, ISSUE);
	STEP(w, ENDED, .descriptor = &desc2, .cookie = 3, .unordered = unordered);
}

static void end_backwards(struct world *w, bool unordered)
{
	end_second(w, unordered);
	STEP(w, ENDED, .descriptor = &desc, .cookie = 2, .unordered = unordered);
	engine_closed(w);
}

ROW(engine_ends_backwards)
{
	end_backwards(w, false);
}
ROW(engine_has_no_order)
{
	end_backwards(w, true);
}

/* With the last of a batch all before it have ended. */
ROW(engine_ends_a_batch)
{
	end_second(w, false);
	engine_closed(w);
}

ROW(engine_ends_twice)
{
	one_ended(w);
	STEP(w, ENDED, .descriptor = &desc, .cookie = 2);
	engine_closed(w);
}

ROW(engine_unmapped_under_way)
{
	one_issued(w);
	unmap(w, AT, 256, IN, HERE);
	STEP(w, TERMINATE);
	STEP(w, SYNCHRONIZED);
	STEP(w, GIVEN);
}

/* The same lines, which were right before: nothing about them is new. */
ROW(engine_unmapped_early_at_last)
{
	STEP(w, TAKEN);
	for (int cookie = 2; cookie < 8; cookie++) {
		map(w, AT, 256, IN, HERE);
		prepare(w, &desc, BUS(AT), 256, COPY, HERE);
		queue(w, &desc, cookie, false, HERE);
		STEP(w, ISSUE);
		if (cookie < 7)
			STEP(w, ENDED, .descriptor = &desc, .cookie = cookie);
		unmap(w, AT, 256, IN, HERE);
	}
	STEP(w, TERMINATE);
	STEP(w, GIVEN);
}

/* A controller's thread was at it, and goes on to its end. */
ROW(engine_ends_what_was_terminated)
{
	one_issued(w);
	prepare(w, &desc2, BUS(AT), 256, COPY, HERE);
	queue(w, &desc2, 3, false, HERE);
	STEP(w, ISSUE);
	STEP(w, TERMINATE);
	STEP(w, ENDED, .descriptor = &desc2, .cookie = 3);
	STEP(w, ENDED, .descriptor = &desc, .cookie = 2);
	STEP(w, SYNCHRONIZED);
	engine_closed(w);
}

/* The controller may have freed it, or not. */
ROW(engine_terminates_what_is_for_reuse)
{
	one_prepared(w);
	queue(w, &desc, 2, true, HERE);
	STEP(w, ISSUE);
	STEP(w, TERMINATE);
	STEP(w, SYNCHRONIZED);
	engine_closed(w);
}

ROW(engine_unmapped_after_terminate)
{
	one_issued(w);
	STEP(w, TERMINATE);
	unmap(w, AT, 256, IN, HERE);
	STEP(w, SYNCHRONIZED);
	STEP(w, GIVEN);
}

/* What went along with the descriptor the controller unmaps itself. */
ROW(engine_unmaps)
{
	one_issued(w);
	STEP(w, TERMINATE);
	STEP(w, UNMAPPED, .descriptor = &desc);
	unmap(w, AT, 256, IN, HERE);
	STEP(w, SYNCHRONIZED);
	STEP(w, GIVEN);
}

ROW(engine_given_under_way)
{
	one_issued(w);
	STEP(w, GIVEN);
	unmap(w, AT, 256, IN, HERE);
}

ROW(engine_frees_under_way)
{
	one_prepared(w);
	queue(w, &desc, 2, true, HERE);
	STEP(w, ISSUE);
	STEP(w, FREED, .descriptor = &desc);
	engine_closed(w);
}

ROW(engine_waits_for_itself)
{
	one_ended(w);
	STEP(w, WAITS_FOR_ITSELF);
	engine_closed(w);
}

ROW(engine_leaves_a_descriptor)
{
	one_prepared(w);
	engine_closed(w);
}

ROW(engine_calls_off_a_descriptor)
{
	one_prepared(w);
	STEP(w, TERMINATE);
	engine_closed(w);
}

ROW(engine_leaves_a_channel)
{
	one_ended(w);
	unmap(w, AT, 256, IN, HERE);
}

ROW(engine_leaves_the_drivers_channel)
{
	STEP(w, TAKEN, .client = DEV2);
	EVENT(w, .kind = DMK_EVENT_UNBIND, .dev = DEV2);
}

/* What is prepared goes to the controller, and the memory to nobody else. */
static void prepare_at(struct world *w, uint64_t dma, uint64_t size)
{
	STEP(w, TAKEN);
	prepare(w, &desc, dma, size, COPY, HERE);
	STEP(w, TERMINATE);
	STEP(w, GIVEN);
}

ROW(engine_unmapped_memory)
{
	prepare_at(w, AT, 256);
}
ROW(engine_error)
{
	prepare_at(w, ~0ULL, 256);
}

ROW(engine_other_devices_memory)
{
	map_unasked(w, DEV2, AT, 256, IN, HERE);
	ask(w, DEV2, AT);
	prepare_at(w, BUS(AT), 256);
	unmap_as(w, DEV2, DMK_MAP_SINGLE, BUS(AT), 256, IN, HERE);
}

static void prepare_mapped(struct world *w, uint64_t size, int dir)
{
	map(w, AT, 256, dir, HERE);
	prepare_at(w, BUS(AT), size);
	unmap(w, AT, 256, dir, HERE);
}

ROW(engine_beyond)
{
	prepare_mapped(w, 257, IN);
}
ROW(engine_whole)
{
	prepare_mapped(w, 256, IN);
}
ROW(engine_against_direction)
{
	prepare_mapped(w, 256, OUT);
}
ROW(engine_both_directions)
{
	prepare_mapped(w, 256, BOTH);
}

ROW(engine_unmapped_before)
{
	map(w, AT, 256, IN, HERE);
	unmap(w, AT, 256, IN, HERE);
	prepare_at(w, BUS(AT), 256);
}

ROW(engine_unmapped_before_issue)
{
	one_queued(w);
	unmap(w, AT, 256, IN, HERE);
	STEP(w, ISSUE);
	card_writes(w, AT, 256);
	STEP(w, ENDED, .descriptor = &desc, .cookie = 2);
	STEP(w, GIVEN);
}

/* What the device does then follows from it. */
ROW(engine_goes_where_it_was_sent)
{
	STEP(w, TAKEN);
	prepare(w, &desc, BUS(AT), 256, COPY, HERE);
	queue(w, &desc, 2, false, HERE);
	STEP(w, ISSUE);
	card_writes(w, AT, 256);
	STEP(w, ENDED, .descriptor = &desc, .cookie = 2);
	STEP(w, GIVEN);
}

static void prepare_list(struct world *w, unsigned int n)
{
	const struct dmk_event_sg sg[] = {{DMK_PHYS(AT), 4096, DMK_DMA(BUS(AT)), 8192},
					  {DMK_PHYS(AT + 4096), 4096, DMK_DMA(0), 0}};
	const struct dmk_event_piece pieces[] = {{.dma = DMK_DMA(BUS(AT)), .size = 8192},
						 {.dma = DMK_DMA(0), .size = 0}};
	const struct dmk_event_engine engine = {.step = DMK_ENGINE_PREPARED,
						.channel = &chan,
						.descriptor = &desc,
						.pieces = pieces,
						.nr_pieces = n,
						.direction = COPY};
	int list;

	STEP(w, TAKEN);
	map_list(w, &list, sg, 2, 1, OUT, HERE);
	EVENT(w, .kind = DMK_EVENT_ENGINE, .dev = DEV, .engine = &engine, .cpu = &list, .nents = n,
	      .caller = HERE);
	STEP(w, TERMINATE);
	unmap_list(w, &list, sg, 2, OUT, HERE);
	STEP(w, GIVEN);
}

ROW(engine_entries)
{
	prepare_list(w, 2);
}
ROW(engine_segments)
{
	prepare_list(w, 1);
}

/* --- addresses first, pages later ------------------------------------------------------------- */

static void space(struct world *w, uint64_t size, const void *here)
{
	EVENT(w, .kind = DMK_EVENT_IOVA_ALLOC, .dev = DEV, .dma = DMK_DMA(BUS(AT)), .size = size,
	      .caller = here);
}

static void piece(struct world *w, uint64_t offset, uint64_t size, int reason, const void *here)
{
	EVENT(w, .kind = reason ? DMK_EVENT_MAP_FAILED : DMK_EVENT_MAP, .map_kind = DMK_MAP_LINK,
	      .dev = DEV, .dma = DMK_DMA(BUS(AT + offset)), .phys = DMK_PHYS(AT + offset),
	      .size = size, .dir = OUT, .reason = reason, .caller = here);
}

static void told(struct world *w, int kind, uint64_t offset, uint64_t size, int dir, int reason,
		 const void *here)
{
	EVENT(w, .kind = kind, .dev = DEV, .dma = DMK_DMA(BUS(AT + offset)), .size = size,
	      .dir = dir, .reason = reason, .caller = here);
}

/* Two pieces, used as they should be. */
static void two_pieces(struct world *w)
{
	space(w, 0x3000, HERE);
	piece(w, 0, 0x1000, 0, HERE);
	piece(w, 0x1000, 0x800, 0, HERE);
	told(w, DMK_EVENT_IOVA_SYNC, 0, 0x1800, 0, 0, HERE);
	card_reads(w, AT + 0xf00, 0x200);
}

ROW(links_pieces)
{
	two_pieces(w);
	told(w, DMK_EVENT_IOVA_UNLINK, 0, 0x1000, OUT, 0, HERE);
	told(w, DMK_EVENT_IOVA_UNLINK, 0x1000, 0x800, OUT, 0, HERE);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0, BOTH, 0, HERE);
	two_pieces(w);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0x1800, OUT, 0, HERE);
	space(w, 0x1000, HERE);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0, BOTH, 0, HERE);
}

ROW(links_too_much)
{
	space(w, 0x1000, HERE);
	piece(w, 0x800, 0x801, DMK_REASON_BAD_ARGUMENT, HERE);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0, BOTH, 0, HERE);
}

ROW(links_part_of_a_page)
{
	space(w, 0x1000, HERE);
	piece(w, 0x800, 0x800, DMK_REASON_BAD_ARGUMENT, HERE);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0, BOTH, 0, HERE);
}

ROW(links_without_addresses) { piece(w, 0, 0x1000, DMK_REASON_NOT_FOUND, HERE); }
ROW(syncs_no_addresses) { told(w, DMK_EVENT_IOVA_SYNC, 0, 0x1000, 0, DMK_REASON_NOT_FOUND, HERE); }

ROW(uses_unsynced_link)
{
	space(w, 0x2000, HERE);
	piece(w, 0, 0x1000, 0, HERE);
	told(w, DMK_EVENT_IOVA_SYNC, 0, 0x1000, 0, 0, HERE);
	piece(w, 0x1000, 0x1000, 0, HERE);
	card_reads(w, AT, 0x1000);
	card_reads(w, AT + 0xfff, 2);
	card_reads(w, AT + 0x1000, 2);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0x2000, OUT, 0, HERE);
}

ROW(destroys_less)
{
	two_pieces(w);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0x1000, OUT, 0, HERE);
}

ROW(frees_what_is_linked)
{
	two_pieces(w);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0, BOTH, 0, HERE);
}

ROW(unlinks_more)
{
	two_pieces(w);
	told(w, DMK_EVENT_IOVA_UNLINK, 0x1000, 0x1000, OUT, 0, HERE);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0x1000, OUT, 0, HERE);
}

ROW(destroys_twice)
{
	two_pieces(w);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0x1800, OUT, 0, HERE);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0x1800, OUT, DMK_REASON_NOT_FOUND, HERE);
}

ROW(destroys_in_another_direction)
{
	space(w, 0x1000, HERE);
	piece(w, 0, 0x1000, 0, HERE);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0x1000, IN, 0, HERE);
}

ROW(uses_after_unlink)
{
	two_pieces(w);
	told(w, DMK_EVENT_IOVA_UNLINK, 0, 0x1000, OUT, 0, HERE);
	card_reads(w, AT, 4);
	told(w, DMK_EVENT_IOVA_UNLINK, 0x1000, 0x800, OUT, 0, HERE);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0, BOTH, 0, HERE);
}

ROW(unmaps_a_link)
{
	two_pieces(w);
	unmap_as(w, DEV, DMK_MAP_PAGE, BUS(AT), 0x1000, OUT, HERE);
	told(w, DMK_EVENT_IOVA_FREE, 0, 0x1800, OUT, 0, HERE);
}

ROW(keeps_addresses) { two_pieces(w); }

/* --- the table -------------------------------------------------------------------------------- */

static const struct row rows[] = {
	{"pieces are linked, synced, used and given back", NULL, links_pieces},
	{"a piece is linked beyond the space", "IOM-06", links_too_much, 0, "sum of their sizes"},
	{"a piece is linked where part of a page is", "IOM-06", links_part_of_a_page, 0,
	 "dma_get_merge_boundary"},
	{"a piece is linked and no addresses were taken", "IOM-06", links_without_addresses, 0,
	 "dma_use_iova"},
	{"what is no space is synced", "IOM-06", syncs_no_addresses, 0, "what was linked"},
	{"the card uses what was linked after the sync", "IOM-06", uses_unsynced_link, 0,
	 "dma_iova_sync"},
	{"less is destroyed than is linked", "STR-04", destroys_less, 0, "add up"},
	{"addresses are freed with pieces in them", "STR-04", frees_what_is_linked, 0,
	 "dma_iova_free"},
	{"more is unlinked than is linked", "STR-04", unlinks_more, 0, "same size"},
	{"a space is destroyed twice", "STR-04", destroys_twice, 0, "once"},
	{"a space is destroyed in another direction", "DIR-04", destroys_in_another_direction, 0,
	 "DMA_TO_DEVICE"},
	{"the card uses what was unlinked", "STR-07", uses_after_unlink, 0, "linked buffer"},
	{"a piece is unmapped by its address", "STR-04", unmaps_a_link, 0, "dma_iova_destroy"},
	{"a space is never given back", "STR-06", keeps_addresses, 0, "dma_iova_destroy"},
	{"a vmalloc address is mapped", "MEM-02", maps_vmalloc, 0, "vmalloc_to_page"},
	{"an ioremap address is mapped", "MEM-02", maps_iomem, 0, "dma_map_resource"},
	{"a stack address is mapped", "MEM-03", maps_stack, 0, "stack"},
	{"static data is mapped", "MEM-03", maps_image, 0, "kmemdup"},
	{"a kmap address is mapped", "MEM-04", maps_kmap, 0, "dma_map_page"},
	{"freed memory is mapped", "MEM-05", maps_freed, 0, "freed before"},
	{"memory that was freed and given out again is mapped", NULL, maps_reused},
	{"a byte beside what was given out again is mapped", NULL, maps_rest_of_reused},
	{"a page of vmalloc memory is mapped that was freed once", NULL, maps_vmalloc_page},
	{"a free is refused, and the memory mapped", NULL, maps_after_refused_free},
	{"mapped memory is freed", "MEM-05", frees_mapped, 0, "dma_unmap_single"},
	{"memory is freed after its unmap", NULL, frees_unmapped},
	{"the neighbour of mapped memory is freed", NULL, frees_neighbour},
	{"a wild pointer is mapped", "STR-11", maps_wild},
	{"nothing is mapped", "STR-11", maps_nothing, 0, "0 bytes"},
	{"a size wraps", "STR-11", maps_around, 0, "wraps"},
	{"something that is no RAM is mapped", "STR-11", maps_no_ram, 0, "not all of it is RAM"},
	{"DMA_NONE is mapped", "DIR-01", maps_no_direction, 0, "DMA_NONE"},
	{"direction 17 is mapped", "DIR-01", maps_odd_direction, 0, "17"},
	{"a map finds no room", NULL, maps_without_room},
	{"a map finds its memory out of reach", NULL, maps_without_reach},
	{"a map is too large for the machine", NULL, maps_too_much},
	{"a device without a mask maps", "MSK-03", maps_without_dma},

	{"two mappings share a line, the device writes the first", "STR-09", shares_line, 64,
	 "cache line"},
	{"two mappings share a line, the device writes the second", "STR-09", shares_line_of_writer,
	 64},
	{"two mappings lie in neighbouring lines", NULL, neighbour_lines, 64},
	{"two mappings share a line, where caches are coherent", NULL, shares_line, 1},
	{"two mappings share a line that is only read", NULL, shares_line_read_only, 64},
	{"two mappings share a line, of devices that see the caches", NULL,
	 shares_line_both_coherent, 64},
	{"two mappings share bytes, where caches are coherent", "STR-09", shares_bytes, 1,
	 "share bytes"},
	{"two mappings share bytes, and it is said to be meant", NULL, shares_on_purpose, 64},
	{"one buffer is mapped over and over without unmap", "STR-09", maps_again_and_again, 64},

	{"another object lies behind the buffer in its line", "MEM-08", neighbour_behind, 64,
	 "24 bytes at 0x10018 (kmalloc)"},
	{"another object lies before the buffer in its line", "MEM-08", neighbour_before_in_line,
	 64, "64 bytes here"},
	{"another object is allocated in the line of a mapping", "MEM-08", neighbour_comes_later,
	 64},
	{"another object lies in the line of a list's entry", "MEM-08", neighbour_of_a_list, 64},
	{"three objects lie in one line, and two are mapped", "MEM-08", neighbours_both_mapped, 64},
	{"buffers of a ring lie in the same lines", "MEM-08", neighbours_in_a_ring, 64},
	{"another object lies in the next line", NULL, neighbour_in_next_line, 64},
	{"another object lies in the line before", NULL, neighbour_before, 64},
	{"another object shares the line, and the device only reads", NULL, neighbour_read_only,
	 64},
	{"another object shares the line, where caches are coherent", NULL, neighbour_behind, 1},
	{"another object shared the line, before and after", NULL, neighbour_is_gone, 64},
	{"two objects share a line in one list", NULL, neighbours_in_one_list, 64},
	{"the rest of the line is of the same object", NULL, part_of_an_object, 64},
	{"another object shares the line, and the driver looks after the caches", NULL,
	 neighbour_without_sync, 64},
	{"another object shares the line, and the CPU is said not to write it", NULL,
	 neighbour_with_promise, 64},
	{"another object shares the line, and the device sees the caches", NULL,
	 neighbour_of_a_coherent_device, 64},

	{"a driver does everything right", NULL, correct, 64},
	{"nobody asks dma_mapping_error()", "STR-02", never_asked, 0, "dma_mapping_error"},
	{"nobody asks, and two places use the address", "STR-02", never_asked_two_users},
	{"two mappings with one address are both asked about", NULL, asked_of_twins},
	{"an unmap gives another size", "STR-04", other_size, 0, "128 bytes, but 256 were mapped"},
	{"one mapping is unmapped in two halves", "STR-04", in_two_halves},
	{"a single mapping is unmapped as a resource", "STR-04", other_kind, 0,
	 "undo dma_map_single with dma_unmap_single"},
	{"a single mapping is unmapped as a page", NULL, single_as_page},
	{"an unmap gives another direction", "DIR-04", other_direction, 0, "pass DMA_FROM_DEVICE"},
	{"an unmap names another device", "STR-04", other_device, 0, "0000:00:04.0"},
	{"two devices have the same address mapped", NULL, same_address_two_devices},
	{"an address inside a mapping is unmapped", "STR-04", inside, 0, "inside"},
	{"a mapping is unmapped twice", "STR-04", twice, 0, "a second time"},
	{"what was never mapped is unmapped", "STR-04", never, 0, "nothing is mapped"},
	{"the error cookie is unmapped", "STR-04", cookie, 0, "DMA_MAPPING_ERROR"},
	{"consistent memory is unmapped", "STR-04", unmaps_allocated, 0, "dma_free_coherent"},
	{"two mappings start at one address with two sizes", NULL, twins_of_different_size},
	{"mappings are left behind", "STR-06", leak, 0,
	 "3 mappings made here by dma_map_single, 300 bytes in all"},
	{"nothing is left behind", NULL, no_leak_after_unbind},
	{"something is mapped after remove()", "STR-06", maps_after_unbind, 0,
	 "after driver edu let go of it"},
	{"something is allocated after remove()", "STR-06", allocates_after_unbind},
	{"something is mapped by the next driver", NULL, maps_when_bound_again},
	{"what was left behind is used and unmapped later", "STR-06", unmaps_after_leak},

	{"a list is mapped, synced and unmapped", NULL, list, 64},
	{"a list is unmapped with the returned count", "SGL-05", list_returned_count, 64,
	 "pass the 4 entries given to dma_map_sg, not the 2 it returned"},
	{"a list is synced with the returned count", "SGL-05", list_sync_count, 64,
	 "pass the 4 entries"},
	{"a mapped list is mapped again", "SGL-06", list_again, 64},
	{"a part of a mapped list is mapped again", "SGL-06", list_again_shorter, 64},
	{"a mapped list is mapped again, and neither is unmapped", "SGL-06", list_again_and_kept,
	 64},
	{"a list is mapped again after its unmap", NULL, list_again_after_unmap, 64},
	{"another list is mapped from the same place", NULL, list_of_other_memory, 64},
	{"another list is mapped from the same place, and unmapped first", NULL,
	 list_of_other_memory_last_first, 64},
	{"a list is walked over a link", "SGL-02", list_link, 0, "for_each_sg()"},
	{"a list is walked over its end", "SGL-02", list_end, 0, "behind the last"},
	{"a list is not initialised", "SGL-02", list_not_initialised, 0, "sg_init_table()"},
	{"a driver's own list is freed as a table", "SGL-02", list_no_table, 0, "did not make"},
	{"an entry of a list is empty", "STR-11", list_empty_entry, 0, "entry 1 has no bytes"},
	{"a list is shorter than the driver says", "STR-11", list_too_short, 0,
	 "3 entries of a list that has 2"},
	{"an entry of a list wraps", "STR-11", list_wraps, 0, "beyond all memory"},
	{"no entries of a list are mapped", "STR-11", list_of_nothing, 0, "0 entries"},
	{"no list is mapped", "STR-11", list_null, 0, "NULL"},
	{"an entry of a list is no RAM", "STR-11", list_no_ram, 0, "entry 1 is not in RAM"},
	{"an entry of a list is on the stack", "MEM-03", list_of_stack, 0,
	 "entry 0 is on the stack"},
	{"a list finds no room", NULL, list_without_room},
	{"the device runs over a list's segment", "STR-10", list_gap},
	{"a segment is longer than the device takes", "MSK-08", segment_too_long, 0,
	 "65537 bytes long"},
	{"a segment is as long as the device takes", NULL, segment_just_long_enough},
	{"a segment is longer than the default, and the device said it takes that", NULL,
	 segment_allowed},
	{"a segment crosses the boundary", "MSK-08", segment_crosses, 0, "crosses"},
	{"a segment ends at the boundary", NULL, segment_ends_at_boundary},

	{"a sync ends beyond the mapping", "SYN-04", sync_beyond, 0, "1 byte beyond"},
	{"a sync ends with the mapping", NULL, sync_to_the_end},
	{"what is not mapped is synced", "SYN-04", sync_nothing, 0, "nothing is mapped"},
	{"what is no longer mapped is synced", "SYN-04", sync_after_unmap, 0,
	 "after it was unmapped"},
	{"a sync gives another direction", "SYN-04", sync_other_direction, 0, "only reads"},
	{"a bidirectional mapping is synced in one direction", NULL, sync_half_of_both},
	{"a bidirectional mapping is synced in none", "SYN-04", sync_both_as_none},
	{"the device reads what was synced for the CPU", "SYN-02", device_reads_what_the_cpu_has},
	{"the device reads beside what was synced for the CPU, and that when it was given back",
	 NULL, device_reads_what_was_given_back},
	{"the device writes on after the CPU only looked", NULL, device_writes_after_a_peek},

	{"the CPU writes what is mapped", "STR-03", cpu_writes_too_late, 0,
	 "wrote 4 bytes at offset 16 of a single buffer of 256 bytes"},
	{"the CPU uses the bytes beside what is mapped", NULL, cpu_writes_beside},
	{"the CPU reads what the device may write", "STR-03", cpu_reads_too_early, 0,
	 "read 1 byte at offset 255"},
	{"the CPU polls a buffer of the device's", "STR-03", cpu_polls_a_buffer, 0,
	 "dma_alloc_coherent"},
	{"the CPU reads what the device reads", "STR-03", cpu_reads_what_the_device_reads, 0,
	 "keep a copy"},
	{"the CPU reads what the device wrote, without a sync", "SYN-02", cpu_reads_without_a_sync,
	 0, "no sync for the CPU came since"},
	{"the CPU reads beyond a sync that was too short", "SYN-02", cpu_reads_beyond_a_short_sync,
	 0, "bytes 0 to 63 only"},
	{"the CPU reads the parts that were synced", NULL, cpu_reads_two_synced_parts},
	{"the CPU reads what it has read before, without a sync", "SYN-02",
	 cpu_reads_again_without_a_sync, 0, "written since the last sync"},
	{"the CPU polls, and syncs each time", NULL, cpu_polls_with_syncs},
	{"the device reads what the CPU wrote, and the sync was too short", "SYN-02",
	 device_reads_what_the_cpu_wrote, 0, "bytes 16 to 23"},
	{"the device reads in pieces what the CPU wrote", "SYN-02",
	 device_reads_in_pieces_what_the_cpu_wrote, 0, "bytes 0 to 15"},
	{"the device writes over what the CPU wrote", "SYN-02",
	 device_writes_over_what_the_cpu_wrote, 0, "the device wrote"},
	{"the CPU writes and gives back, and again", NULL, cpu_writes_and_gives_back},
	{"a driver was told that its device needs no syncs", NULL, nobody_syncs_what_needs_none},
	{"a driver was told that a mapping needs no syncs", "STR-03", one_mapping_needs_no_sync},
	{"the CPU has what was mapped without a sync", NULL, cpu_has_what_was_never_synced},
	{"the CPU has what was synced for the device after all", "STR-03", cpu_has_what_was_synced},
	{"the CPU shares coherent memory", NULL, cpu_shares_coherent_memory},
	{"the CPU reads an entry of a list", "SYN-02", cpu_reads_a_list, 0,
	 "at offset 160 of a sg buffer of 192 bytes"},

	{"the device writes over the end", "STR-10", runs_over, 0, "the last 2 lie beyond the end"},
	{"the device writes across two mappings side by side", NULL, runs_into_neighbour},
	{"the device writes over the end, where a longer mapping was before", "STR-10",
	 runs_over_where_it_was_mapped_once},
	{"the device writes the byte before a buffer", "STR-10", before_start, 0,
	 "right before its start"},
	{"the device reads where nothing is", "STR-10", nowhere, 0, "nothing at all"},
	{"the device was given a physical address", "STR-10", physical, 0, "physical address"},
	{"the device was given half an address", "STR-10", truncated, 0, "has the low 32 of them"},
	{"the device reads what is mapped for another", "STR-10", of_another_device, 0,
	 "another device"},
	{"the device writes what it may read", "DIR-03", writes_read_only, 0, "DMA_TO_DEVICE"},
	{"the device reads what it may write", "DIR-03", reads_write_only, 0, "DMA_FROM_DEVICE"},
	{"the device reads and writes what it may", NULL, both_ways},
	{"the device writes after the unmap", "STR-07", late, 0, "unmapped before"},
	{"the device reads what another mapping still holds", NULL, late_but_mapped_twice},
	{"a buffer is unmapped while the device works on it", "STR-07", unmap_under_way, 0,
	 "still works"},
	{"a buffer is unmapped when the device is done", NULL, unmap_when_done},
	{"one of two mappings is unmapped while the device works on both", NULL,
	 unmap_of_a_twin_under_way},
	{"a buffer is unmapped while the device works on none of its bytes", NULL,
	 unmap_while_nothing_is_moved},
	{"consistent memory is freed while the device works on it", "STR-07", free_under_way},

	{"consistent memory is used and freed", NULL, allocates},
	{"consistent memory is freed with another size", "COH-07", frees_other_size, 0,
	 "4095 bytes, and 4096"},
	{"consistent memory is freed with another CPU address", "COH-07", frees_other_cpu},
	{"consistent memory is freed with another handle", "COH-07", frees_other_handle},
	{"consistent memory is freed for another device", "COH-07", frees_other_device},
	{"consistent memory is freed twice", "COH-07", frees_twice, 0, "second time"},
	{"consistent memory that never was is freed", "COH-07", frees_never},
	{"NULL is freed", NULL, frees_null},
	{"a streaming mapping is freed", "COH-07", frees_mapping, 0,
	 "undo dma_map_single with dma_unmap_single"},
	{"consistent memory is freed in an interrupt", "COH-07", frees_in_interrupt, 0,
	 "interrupt"},
	{"consistent memory is left behind", "STR-06", allocation_left, 0, "consistent memory"},
	{"the device reads beyond consistent memory", "STR-10", allocation_overrun},
	{"the device reads freed consistent memory", "STR-07", allocation_late},

	{"pages are handed over with syncs", NULL, pages_in_turns},
	{"the device reads pages that were never handed over", "SYN-02", pages_not_handed_over, 0,
	 "since it was allocated"},
	{"the device reads pages that it is to write", "DIR-03", pages_against_direction, 0,
	 "is allocated DMA_FROM_DEVICE"},
	{"a sync runs beyond pages", "SYN-04", pages_synced_beyond},
	{"pages are synced in another direction", "SYN-04", pages_synced_the_other_way},
	{"pages are left behind", "STR-06", pages_left, 0, "dma_free_pages"},
	{"pages are freed as consistent memory", "COH-07", pages_freed_as_coherent, 0,
	 "give it back with dma_free_pages"},
	{"consistent memory is freed as pages", "COH-07", coherent_freed_as_pages, 0,
	 "give it back with dma_free_coherent"},
	{"pages are freed with another direction", "COH-07", pages_freed_the_other_way, 0,
	 "DMA_FROM_DEVICE"},
	{"pages are freed twice", "COH-07", pages_freed_twice, 0, "second time"},
	{"pages are unmapped", "STR-04", pages_unmapped, 0, "dma_free_pages"},
	{"pages are asked of a zone", "COH-10", pages_of_a_zone, 0, "dma_alloc_pages"},
	{"pages are asked without a direction", "DIR-01", pages_of_no_direction, 0,
	 "dma_alloc_pages"},
	{"there are no pages", NULL, pages_not_there},
	{"a list is handed over with syncs, and seen", NULL, list_in_turns},
	{"a list is synced by address", "SYN-04", list_synced_by_address, 0,
	 "dma_sync_sgtable_for_cpu"},
	{"the device reads a list that was never handed over", "SYN-02", list_read_too_early, 0,
	 "dma_sync_sgtable_for_device"},
	{"a list is left behind", "STR-06", list_left, 0, "dma_free_noncontiguous"},
	{"a list is freed twice", "COH-07", list_freed_twice, 0, "second time"},
	{"a list that never was is freed", "COH-07", list_never_made, 0, "a table that no"},
	{"a list is freed while a view shows it", "COH-07", list_freed_under_a_view, 0,
	 "dma_vunmap_noncontiguous"},
	{"a list is freed with another size", "COH-07", list_freed_with_another_size, 0,
	 "8192 bytes, and 5000"},
	{"a view is taken away that is none", "COH-07", view_that_is_none},
	{"managed memory is freed early, and at the end", NULL, managed_in_order},
	{"managed memory is freed by the plain call", "COH-07", managed_freed_as_plain, 0,
	 "dmam_free_coherent"},
	{"plain memory is freed by the managed call", "COH-07", plain_freed_as_managed, 0,
	 "with dma_free_coherent"},
	{"memory without an address is freed with other attributes", "COH-07",
	 hidden_freed_as_plain, 0, "attributes"},
	{"attributes that decide nothing are left out at the free", NULL,
	 attributes_that_do_not_matter},

	{"a pool is used and destroyed", NULL, pool},
	{"a block is freed twice", "POL-05", pool_freed_twice, 0, "rings"},
	{"a block is freed to another pool", "POL-05", pool_wrong, 0, "others"},
	{"a block is freed with another's handle", "POL-05", pool_wrong_handle, 0,
	 "don't belong together"},
	{"a pool is destroyed with blocks out", "POL-05", pool_block_out, 0, "2 blocks"},
	{"a pool is destroyed in an interrupt", "POL-04", pool_in_interrupt},
	{"a pool is destroyed twice", "POL-05", pool_gone_twice, 0, "destroyed before"},
	{"a pool's last block comes back after its destroy", "POL-05", pool_orphan, 0,
	 "1 block of 64 bytes"},
	{"managed memory is released with the device", NULL, allocation_managed},
	{"a pool is left behind", "POL-05", pool_left, 0, "still there"},
	{"a pool that makes no sense is refused", NULL, pool_refused},
	{"the device reads a freed block", "STR-07", pool_access_to_freed, 0, "rings"},
	{"the device reads a pool's memory between blocks", "STR-10", pool_access_between_blocks, 0,
	 "none of its blocks"},

	{"DMA is done, and no mask was ever set", "MSK-01", dma_without_a_mask, 0, "first here"},
	{"no mask is set, and no DMA done", NULL, no_mask_and_no_dma},
	{"one of the two masks is set", NULL, only_one_mask},
	{"DMA is done after the mask was refused", "MSK-03", dma_after_refusal},
	{"memory is allocated after the mask was refused", "MSK-03", allocation_after_refusal},
	{"DMA is asked for after the mask was refused, and refused too", "MSK-03",
	 dma_asked_for_after_refusal},
	{"memory is asked for after the mask was refused, and there is none", "MSK-03",
	 allocation_asked_for_after_refusal},
	{"DMA is asked for with the second mask, and there is no room", NULL,
	 dma_asked_for_after_second_try},
	{"DMA is done after a second try was accepted", NULL, dma_after_second_try},
	{"DMA is done with the wider mask when a narrower was refused", NULL, narrower_try_refused},
	{"no DMA is done after the mask was refused", NULL, refusal_and_no_dma},
	{"a refusal is ignored, and other DMA is done", "MSK-03", refusal_ignored},
	{"one kind of mask is refused, and DMA of the other kind is done with a mask that was accepted",
	 NULL, one_kind_refused},
	{"a descriptor is given back that was seen in half", "COH-05", torn_and_given_back, 0,
	 "dma_wmb() between the two"},
	{"a barrier for other CPUs stands before the flag", "COH-05", torn_with_the_wrong_barrier,
	 0, "smp_mb(), which is there"},
	{"the device goes to an address that was replaced", "COH-05", torn_and_the_old_address_used,
	 0, "saw the 4 bytes"},
	{"the device begins work at an address that was replaced", "COH-05",
	 torn_and_work_begun_at_the_old_address},
	{"a descriptor is seen in half, and looked at again", NULL, torn_and_looked_at_again},
	{"a descriptor is seen in half, and another given back", NULL, torn_and_other_work_done},
	{"a descriptor is seen in half, and its memory given back", NULL, torn_and_taken_back},
	{"what a flag is about may be loaded before it", "COH-05", loaded_early, 0,
	 "right after the flag was seen"},
	{"a barrier for other CPUs stands behind the flag", "COH-05",
	 loaded_early_with_the_wrong_barrier, 0, "smp_rmb(), which is there"},
	{"a load of what the device has no more", NULL, loaded_early_from_what_is_not_its, 0},
	{"the device answers a register write that waits for nothing", "COH-05",
	 told_by_a_relaxed_write, 0, "writel() in place"},
	{"an allocation may sleep where nobody may", "COH-06", allocates_in_atomic},
	{"kmalloc may sleep where nobody may", "COH-06", kmallocs_in_atomic},
	{"a call may sleep where nobody may", "CTX-01", sleeps_in_atomic},
	{"a register is touched by a plain pointer", "ADR-03", touches_register, 0, "writel"},
	{"virt_to_bus is called", "ADR-05", old_address},
	{"a handle is taken for a physical address", "ADR-01", handle_to_virt, 0, "phys_to_virt"},
	{"a number that is nothing is taken for a physical address", NULL, nothing_to_virt},
	{"a channel that nobody has is masked", "ISA-01", channel_of_nobody, 0,
	 "nobody has requested"},
	{"a channel that nobody has is freed", "ISA-01", channel_freed_twice, 0, "nobody has it"},
	{"a channel is set up without the lock", "ISA-02", channel_unlocked, 0,
	 "without the DMA lock"},
	{"bytes cross their page", "ISA-04", channel_crosses, 0, "goes on at 0x10000"},
	{"words cross their page", "ISA-04", words_cross, 0, "boundary of 128 KiB"},
	{"a channel is sent out of its reach", "ISA-04", channel_out_of_reach, 0, "go to 0x234567"},
	{"words are sent to an odd address", "ISA-04", words_at_odd, 0, "odd address 0x20001"},
	{"a channel is given an odd count of words", "ISA-04", odd_words, 0, "a count of 15 bytes"},
	{"a descriptor is prepared, submitted, issued, and ends", NULL, engine_done},
	{"a descriptor is not issued", "ENG-01", engine_not_issued, 0, "dma_async_issue_pending"},
	{"a descriptor is not issued, and called off", NULL, engine_never_released_nor_issued},
	{"a wait for what is not issued comes to its limit", "ENG-01", engine_waits_in_vain, 0,
	 "timed out"},
	{"a wait for something else comes to its limit", NULL, engine_waits_for_something_else},
	{"a wait for what is issued comes to its limit", NULL, engine_waits_too_short},
	{"what is not issued is asked about for ever", "ENG-01", engine_asks_in_vain, 0,
	 "100 times"},
	{"a descriptor is submitted twice", "ENG-01", engine_submits_twice, 0, "not ended yet"},
	{"a descriptor is submitted after its end", "ENG-01", engine_submits_what_ended, 0,
	 "dmaengine_desc_set_reuse"},
	{"a descriptor is submitted after it was terminated", "ENG-01",
	 engine_submits_what_was_terminated, 0, "after it was terminated"},
	{"a descriptor is used again and again, and freed", NULL, engine_reuses},
	{"of a descriptor little is told", NULL, engine_unknown},
	{"a controller says nothing of ends", NULL, engine_tells_of_no_ends},
	{"a client calls the controller's functions, and does not issue", "ENG-01",
	 engine_helper_only},
	{"an error is taken for a cookie", "ENG-01", engine_asks_about_error, 0, "about -12"},
	{"a cookie is read from the descriptor", "ENG-01", engine_asks_about_zero, 0, "cookie 0"},
	{"a cookie is of another channel", "ENG-01", engine_asks_about_future, 0, "given out is 2"},
	{"an old cookie is asked about", NULL, engine_asks_about_past},
	{"a cookie is asked about before there is one", NULL, engine_asks_before_all},
	{"cookies begin anew", NULL, engine_cookies_wrap},
	{"a callback is set after the submit", "ENG-01", engine_callback_changed, 0,
	 "->callback_param"},
	{"a callback was taken out of its descriptor", NULL, engine_callback_taken_out},
	{"a peripheral's channel is configured", NULL, engine_configured},
	{"a peripheral's channel is not configured", "ENG-01", engine_not_configured, 0,
	 "dmaengine_slave_config"},
	{"a peripheral's configuration was refused", "ENG-01", engine_config_refused, 0,
	 "failed with -22"},
	{"a second configuration is refused, and the first holds", NULL,
	 engine_second_config_refused},
	{"a peripheral's width is not the controller's", "ENG-01", engine_width_missing, 0,
	 "a width of 8 bytes"},
	{"a direction is not the controller's", "ENG-01", engine_direction_missing, 0,
	 "DMA_DEV_TO_MEM"},
	{"a controller calls back with its lock held", "ENG-02", engine_calls_back_locked},
	{"a controller goes while a client has a channel", "ENG-02", engine_left, 0,
	 "device_release"},
	{"a controller completes backwards", "ENG-04", engine_ends_backwards, 0, "later one"},
	{"a controller without an order completes backwards", NULL, engine_has_no_order},
	{"a controller completes the last of a batch", NULL, engine_ends_a_batch},
	{"a controller completes twice", "ENG-04", engine_ends_twice, 0, "a second time"},
	{"a descriptor's buffer is unmapped", "STR-07", engine_unmapped_under_way, 0,
	 "dmaengine_terminate_sync"},
	{"a descriptor's buffer is unmapped too early, and was not before", "STR-07",
	 engine_unmapped_early_at_last},
	{"terminated descriptors end", NULL, engine_ends_what_was_terminated},
	{"a descriptor for reuse is terminated and left", NULL,
	 engine_terminates_what_is_for_reuse},
	{"a terminated descriptor's buffer is unmapped", "ENG-04", engine_unmapped_after_terminate,
	 0, "dmaengine_synchronize"},
	{"a terminated descriptor's buffer is unmapped by the controller", NULL, engine_unmaps},
	{"a channel is released while it works", "ENG-04", engine_given_under_way, 0,
	 "1 descriptor"},
	{"a descriptor is freed while it is worked on", "ENG-04", engine_frees_under_way},
	{"a callback waits for callbacks", "CTX-01", engine_waits_for_itself, 0,
	 "dmaengine_terminate_async"},
	{"a descriptor is prepared and left", "ENG-07", engine_leaves_a_descriptor, 0,
	 "never submitted"},
	{"a descriptor is prepared and called off", NULL, engine_calls_off_a_descriptor},
	{"a channel is left at the end", "ENG-07", engine_leaves_a_channel, 0,
	 "dma_release_channel"},
	{"a channel is left by its driver", "ENG-07", engine_leaves_the_drivers_channel, 0,
	 "let go"},
	{"a descriptor is given a physical address", "ENG-06", engine_unmapped_memory, 0,
	 "dmaengine_get_dma_device"},
	{"a descriptor is given an error", "ENG-06", engine_error, 0, "dma_mapping_error"},
	{"a descriptor is given another device's memory", "ENG-06", engine_other_devices_memory, 0,
	 "chan->device->dev"},
	{"a descriptor goes beyond its mapping", "ENG-06", engine_beyond, 0, "the last 1 lie"},
	{"a descriptor is for all of a mapping", NULL, engine_whole},
	{"a descriptor goes against the direction", "ENG-06", engine_against_direction, 0,
	 "DMA_FROM_DEVICE"},
	{"a descriptor goes in one of both directions", NULL, engine_both_directions},
	{"a descriptor is given what was unmapped", "ENG-06", engine_unmapped_before, 0,
	 "unmapped before"},
	{"a queued descriptor's buffer is unmapped, and it is issued", "ENG-06",
	 engine_unmapped_before_issue, 0, "is issued"},
	{"a device goes where a descriptor wrongly sent it", "ENG-06",
	 engine_goes_where_it_was_sent},
	{"a descriptor is given a list's entries", "ENG-06", engine_entries, 0, "2 entries"},
	{"a descriptor is given a list's segments", NULL, engine_segments},
};

static bool as_expected(const struct row *row, struct world *world)
{
	const struct dmk_finding *finding = dmk_checker_finding(world->checker, 0);

	if (dmk_checker_findings(world->checker) != (row->rule ? 1 : 0))
		return false;
	if (!row->rule)
		return true;
	if (strcmp(finding->rule->id, row->rule) || !finding->what[0] || !finding->mend[0])
		return false;
	return !row->says || strstr(finding->what, row->says) || strstr(finding->mend, row->says);
}

static void test_CHK_01_each_mistake_is_one_finding_and_CHK_04_near_misses_are_silent(void **state)
{
	unsigned int failed = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world world;

		world_open(&world, NULL, rows[i].line ? rows[i].line : 1);
		rows[i].play(&world);
		world_end(&world);
		if (!as_expected(&rows[i], &world)) {
			print_message("%s: expected %s, got\n", rows[i].sentence,
				      rows[i].rule ? rows[i].rule : "nothing");
			show_findings(&world);
			failed++;
		}
		world_close(&world);
	}
	assert_int_equal(failed, 0);
}

/* Every rule in the table of rules is broken by some row, and none else is. */
static void test_CHK_01_each_rule_of_the_checker_has_a_row(void **state)
{
	for (const struct dmk_rule *rule = dmk_rules; rule->id; rule++) {
		bool found = false;

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			found |= rows[i].rule && !strcmp(rows[i].rule, rule->id);
		if (!found)
			fail_msg("no row for %s", rule->id);
	}
}

static void test_CHK_03_the_same_place_is_one_finding_with_a_count(void **state)
{
	struct world world;

	world_open(&world, NULL, 1);
	for (uint64_t i = 0; i < 7; i++) {
		map(&world, AT + i * 4096, 64, OUT, HERE);
		unmap(&world, AT + i * 4096, 65, OUT, HERE);
	}
	map(&world, AT, 64, OUT, HERE); /* another place */
	unmap(&world, AT, 65, OUT, HERE);
	assert_int_equal(dmk_checker_findings(world.checker), 2);
	assert_int_equal(dmk_checker_finding(world.checker, 0)->count, 7);
	assert_int_equal(dmk_checker_finding(world.checker, 1)->count, 1);
	world_close(&world);
}

static void test_CHK_03_a_finding_has_device_driver_buffer_and_both_places(void **state)
{
	const struct dmk_finding *finding;
	const void *mapped, *unmapped;
	struct world world;

	world_open(&world, NULL, 1);
	map(&world, AT, 64, OUT, mapped = HERE);
	unmap(&world, AT, 65, OUT, unmapped = HERE);
	finding = dmk_checker_finding(world.checker, 0);
	assert_non_null(finding);
	assert_string_equal(finding->device, "0000:00:03.0");
	assert_string_equal(finding->driver, "paperdriver");
	assert_ptr_equal(finding->where.frame[0], unmapped);
	assert_ptr_equal(finding->mapped.frame[0], mapped);
	assert_string_equal(finding->mapped_label, "mapped");
	assert_true(finding->buffer.known);
	assert_true(finding->buffer.dma.v == BUS(AT) && finding->buffer.phys.v == AT);
	assert_int_equal(finding->buffer.size, 64);
	assert_string_equal(finding->buffer.kind, "single");
	assert_string_equal(finding->buffer.owner, "device");
	world_close(&world);
}

/* Who waits without a limit is found when nothing goes on. */
static void test_ENG_01_a_hang_shows_what_was_never_issued(void **state)
{
	for (int issued = 0; issued < 2; issued++) {
		struct world world;

		world_open(&world, NULL, 1);
		if (issued)
			one_issued(&world);
		else
			one_queued(&world);
		dmk_checker_hung(world.checker);
		dmk_checker_hung(world.checker);
		assert_int_equal(dmk_checker_findings(world.checker), !issued);
		if (!issued)
			assert_string_equal(dmk_checker_finding(world.checker, 0)->rule->id,
					    "ENG-01");
		world_close(&world);
	}
}

/* Two mistakes, two reports: nobody asked whether the mapping had failed, and it is still there. */
static void test_STR_02_STR_06_a_mapping_that_is_left_behind_unasked(void **state)
{
	struct world world;

	world_open(&world, NULL, 1);
	for (int i = 0; i < 3; i++)
		map_unasked(&world, DEV, AT + i * 4096, 100, IN, HERE);
	world_end(&world);
	assert_int_equal(dmk_checker_findings(world.checker), 2);
	assert_string_equal(dmk_checker_finding(world.checker, 0)->rule->id, "STR-02");
	assert_string_equal(dmk_checker_finding(world.checker, 1)->rule->id, "STR-06");
	assert_int_equal(dmk_checker_finding(world.checker, 1)->count, 3);
	world_close(&world);
}

static void test_CHK_05_it_does_not_stop_at_a_limit_of_findings(void **state)
{
	struct dmk_check_options options = { .max_findings = 2 };
	struct dmk_check_totals totals;
	struct world world;

	world_open(&world, &options, 1);
	for (uintptr_t i = 0; i < 5; i++)
		unmap(&world, AT, 64, OUT, (void *)(0x5000 + i));
	dmk_checker_totals(world.checker, &totals);
	assert_int_equal(dmk_checker_findings(world.checker), 2);
	assert_int_equal(totals.lost_records, 3);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_CHK_01_each_mistake_is_one_finding_and_CHK_04_near_misses_are_silent),
		cmocka_unit_test(test_CHK_01_each_rule_of_the_checker_has_a_row),
		cmocka_unit_test(test_ENG_01_a_hang_shows_what_was_never_issued),
		cmocka_unit_test(test_CHK_03_the_same_place_is_one_finding_with_a_count),
		cmocka_unit_test(test_CHK_03_a_finding_has_device_driver_buffer_and_both_places),
		cmocka_unit_test(test_STR_02_STR_06_a_mapping_that_is_left_behind_unasked),
		cmocka_unit_test(test_CHK_05_it_does_not_stop_at_a_limit_of_findings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
