// SPDX-License-Identifier: MIT
/*
 * MSK: what a device can address, as its driver says it, and that no address beyond is ever handed
 * out.
 */
#include "harness.h"

#include <linux/highmem.h>
#include <linux/log2.h>

static const unsigned int widths[] = {16, 24, 28, 30, 32, 36, 40, 48, 64};

static void test_MSK_01_a_new_devices_masks_are_32_bits(void **state)
{
	assert_non_null(dev->dma_mask);
	assert_true(*dev->dma_mask == DMA_BIT_MASK(32));
	assert_true(dev->coherent_dma_mask == DMA_BIT_MASK(32));
}

static void test_MSK_01_the_next_driver_finds_new_masks(void **state)
{
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	lab_unbind();
	lab_bind();
	assert_true(*dev->dma_mask == DMA_BIT_MASK(32));
	assert_true(dev->coherent_dma_mask == DMA_BIT_MASK(32));
}

static void test_MSK_02_a_mask_that_is_served_is_set(void **state)
{
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(48)), 0);
	assert_true(*dev->dma_mask == DMA_BIT_MASK(48));
	assert_true(dev->coherent_dma_mask == DMA_BIT_MASK(32));
	assert_int_equal(dma_set_coherent_mask(dev, DMA_BIT_MASK(40)), 0);
	assert_true(dev->coherent_dma_mask == DMA_BIT_MASK(40));
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	assert_true(*dev->dma_mask == DMA_BIT_MASK(64));
	assert_true(dev->coherent_dma_mask == DMA_BIT_MASK(64));
}

static void test_MSK_02_a_refused_call_changes_nothing(void **state)
{
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(40)), 0);
	assert_true(dma_set_mask(dev, DMA_BIT_MASK(8)) < 0);
	assert_true(dma_set_coherent_mask(dev, DMA_BIT_MASK(8)) < 0);
	assert_true(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(8)) < 0);
	assert_true(*dev->dma_mask == DMA_BIT_MASK(40));
	assert_true(dev->coherent_dma_mask == DMA_BIT_MASK(40));
}

static void test_MSK_03_dma_after_a_refused_mask_is_reported(void **state)
{
	void *memory = must_kmalloc(64);
	dma_addr_t dma;

	assert_true(dma_set_mask(dev, DMA_BIT_MASK(8)) < 0);
	dma = dma_map_single(dev, memory, 64, DMA_TO_DEVICE);
	if (!dma_mapping_error(dev, dma))
		dma_unmap_single(dev, dma, 64, DMA_TO_DEVICE);
	kfree(memory);
	expect_finding("MSK-03", 1);
}

static void test_MSK_03_dma_after_a_second_attempt_that_succeeded_is_fine(void **state)
{
	void *memory = must_kmalloc(64);
	dma_addr_t dma;

	assert_true(dma_set_mask(dev, DMA_BIT_MASK(8)) < 0);
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(32)), 0);
	dma = must_map(dev, memory, 64, DMA_TO_DEVICE);
	dma_unmap_single(dev, dma, 64, DMA_TO_DEVICE);
	kfree(memory);
}

static void
test_MSK_04_the_coherent_mask_may_be_smaller_than_an_accepted_streaming_mask(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		if (dma_set_mask(dev, DMA_BIT_MASK(widths[i])))
			continue;
		assert_int_equal(dma_set_coherent_mask(dev, DMA_BIT_MASK(widths[i])), 0);
		if (widths[i] > 32)
			assert_int_equal(dma_set_coherent_mask(dev, DMA_BIT_MASK(32)), 0);
	}
}

/*
 * Every byte of [dma, dma + size) is inside the mask, and inside one of the windows of the device's
 * bus.
 */
static void assert_reachable(dma_addr_t dma, size_t size, u64 mask)
{
	const struct dmk_bus *bus = machine_bus();
	u64 last = dma + size - 1;
	bool in_window = machine_translates();

	assert_true(last >= dma);
	assert_true(last <= mask);
	if (in_window)
		assert_true(last < 1ULL << bus->iommu->iova_bits);
	for (unsigned int i = 0; i < bus->nr_windows; i++)
		in_window |= dma >= bus->windows[i].bus &&
			     last - bus->windows[i].bus <= bus->windows[i].size - 1;
	assert_true(in_window);
}

/* @page is mapped and its bytes arrive at the device, or mapping fails: nothing else. */
static void try_page(struct page *page, u64 mask)
{
	dma_addr_t dma = dma_map_page(dev, page, 100, 3000, DMA_TO_DEVICE);
	u8 seen[3000];

	if (dma_mapping_error(dev, dma))
		return;
	assert_reachable(dma, 3000, mask);
	assert_int_equal(lab_read(lab, dma, seen, sizeof(seen)), 0);
	assert_memory_equal(seen, page_address(page) + 100, sizeof(seen));
	dma_unmap_page(dev, dma, 3000, DMA_TO_DEVICE);
}

/* Consistent memory obeys its mask likewise. */
static void try_coherent(u64 mask)
{
	dma_addr_t dma;
	void *memory = dma_alloc_coherent(dev, 3000, &dma, GFP_KERNEL);

	if (!memory)
		return;
	assert_reachable(dma, 3000, mask);
	dma_free_coherent(dev, 3000, memory, dma);
}

/*
 * Pages from wherever the allocator has some, so that high memory is among them where the machine
 * has it.
 */
static void test_MSK_06_no_address_is_handed_out_beyond_mask_or_window(void **state)
{
	enum { PAGES = 8 };
	struct page *pages[PAGES];

	for (int i = 0; i < PAGES; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		assert_non_null(pages[i]);
		fill_bytes(page_address(pages[i]), PAGE_SIZE, i);
	}
	for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
		u64 mask = DMA_BIT_MASK(widths[w]);

		if (dma_set_mask_and_coherent(dev, mask))
			continue;
		for (int i = 0; i < PAGES; i++)
			try_page(pages[i], mask);
		try_coherent(mask);
	}
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	for (int i = 0; i < PAGES; i++)
		__free_page(pages[i]);
}

/* --- questions about a device: MSK-07 --------------------------------------------------------- */

/*
 * What a device of this mask sees of the machine's RAM, page by page: computed from the
 * description, by nothing of the core's.
 */
struct view {
	u64 last_on_bus;   /* of all that its bus shows, whatever the mask */
	bool all_in_reach; /* by the mask */
};

/* Where the page is on the bus; false: nowhere. */
static bool page_on_bus(const struct dmk_bus *bus, u64 phys, u64 *dma)
{
	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		const struct dmk_window *window = &bus->windows[i];

		if (phys < window->phys.v || phys - window->phys.v > window->size - PAGE_SIZE)
			continue;
		*dma = window->bus + (phys - window->phys.v);
		return true;
	}
	return false;
}

static bool is_ram(const struct dmk_memory *memory)
{
	return memory->kind == DMK_MEMORY_RAM || memory->kind == DMK_MEMORY_CONTIGUOUS;
}

static struct view view_of(u64 mask)
{
	struct view view = {.all_in_reach = true};
	u64 dma;

	for (unsigned int i = 0; i < machine()->nr_memory; i++) {
		const struct dmk_memory *memory = &machine()->memory[i];

		for (u64 at = 0; is_ram(memory) && at < memory->size; at += PAGE_SIZE) {
			bool there = page_on_bus(machine_bus(), memory->first.v + at, &dma);

			if (there && dma + PAGE_SIZE - 1 > view.last_on_bus)
				view.last_on_bus = dma + PAGE_SIZE - 1;
			view.all_in_reach &= there && dma + PAGE_SIZE - 1 <= mask;
		}
	}
	return view;
}

/*
 * Whether the mask shows the device a page of memory that it may be given: of RAM, or of the region
 * that it is restricted to.
 */
static bool is_served(u64 mask)
{
	const struct dmk_memory *only = machine_bus()->restricted_pool;
	u64 dma;

	/* Behind an IOMMU all memory; but an address, of which the first granule is none. */
	if (machine_translates())
		return mask >= 2 * machine_granule() - 1;
	for (unsigned int i = 0; i < machine()->nr_memory; i++) {
		const struct dmk_memory *memory = &machine()->memory[i];
		const bool given = only ? memory == only : is_ram(memory);

		for (u64 at = 0; given && at < memory->size; at += PAGE_SIZE)
			if (page_on_bus(machine_bus(), memory->first.v + at, &dma) &&
			    dma + PAGE_SIZE - 1 <= mask)
				return true;
	}
	return false;
}

/*
 * Every width there is: accepted where the machine has something to offer, refused otherwise, and
 * then what was stays.
 */
static void
test_MSK_02_MSK_05_a_mask_is_accepted_that_the_machine_can_serve_and_no_other(void **state)
{
	u64 last = DMA_BIT_MASK(32);

	for (unsigned int bits = 12; bits <= 64; bits++) {
		const u64 mask = DMA_BIT_MASK(bits);
		const int expected = is_served(mask) ? 0 : -EIO;

		assert_int_equal(dma_set_mask(dev, mask), expected);
		assert_int_equal(dma_set_coherent_mask(dev, mask), expected);
		assert_int_equal(dma_set_mask_and_coherent(dev, mask), expected);
		if (!expected)
			last = mask;
		assert_true(*dev->dma_mask == last && dev->coherent_dma_mask == last);
	}
	assert_true(last == DMA_BIT_MASK(64));
}

/*
 * The card of the DMA guide: the most specific last, and what was accepted is what a buffer is
 * mapped for.
 */
static void test_MSK_05_a_sound_card_may_play_with_32_bits_and_record_with_24(void **state)
{
	const bool records = is_served(DMA_BIT_MASK(24));
	u8 *memory = must_kmalloc(64);
	dma_addr_t dma;

	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(32)), 0);
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(24)), records ? 0 : -EIO);
	assert_true(*dev->dma_mask == DMA_BIT_MASK(records ? 24 : 32));
	dma = dma_map_single_attrs(dev, memory, 64, DMA_TO_DEVICE, DMA_ATTR_NO_WARN);
	if (!dma_mapping_error(dev, dma)) {
		assert_true(dma + 63 <= *dev->dma_mask);
		dma_unmap_single(dev, dma, 64, DMA_TO_DEVICE);
	}
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(32)), 0);
	kfree(memory);
}

static size_t bounce_slots(void)
{
	struct dmk_bounce_stats stats = {};

	dmk_bounce_statistics(&dev->dmk, &stats);
	return stats.total;
}

/*
 * Behind an IOMMU memory has no address of its own, so nothing is out of reach and nothing bounced.
 * The answers are those of Linux 6.18: drivers/iommu/dma-iommu.c (largest and best size, merge
 * boundary), kernel/dma/mapping.c (required mask: 32 bits; limited: a mask below that).
 */
static void ask_all_translated(u64 mask)
{
	assert_int_equal(dma_addressing_limited(dev), mask < DMA_BIT_MASK(32));
	assert_true(dma_get_required_mask(dev) == DMA_BIT_MASK(32));
	assert_true(dma_max_mapping_size(dev) == SIZE_MAX);
	assert_true(is_power_of_2(dma_opt_mapping_size(dev)));
	assert_true(dma_opt_mapping_size(dev) > machine_granule() &&
		    dma_opt_mapping_size(dev) <= 128 << 20);
	assert_true(dma_get_merge_boundary(dev) == machine_granule() - 1);
	assert_int_equal(dma_dev_need_sync(dev), !machine_is_coherent());
}

static void ask_all(u64 mask, bool forced)
{
	const struct view view = view_of(mask);
	const bool needs_bounce = forced || !view.all_in_reach;
	const size_t max = dma_max_mapping_size(dev), slots = bounce_slots();

	assert_int_equal(dma_addressing_limited(dev), !view.all_in_reach);
	if (!machine_bus()->restricted_pool) {
		assert_true(dma_get_required_mask(dev) >= view.last_on_bus);
		assert_true(dma_get_required_mask(dev) >> 1 < view.last_on_bus);
	}
	assert_true(is_power_of_2(dma_get_required_mask(dev) + 1) ||
		    dma_get_required_mask(dev) == ~0ULL);
	if (!needs_bounce)
		assert_true(max == SIZE_MAX);
	else if (slots)
		assert_true(max > 0 && max <= 256 << 10 && max <= slots * 2048);
	assert_true(dma_opt_mapping_size(dev) <= max && dma_opt_mapping_size(dev) > 0);
	if (!machine_is_coherent() || (needs_bounce && slots))
		assert_true(dma_dev_need_sync(dev));
	else if (!needs_bounce)
		assert_false(dma_dev_need_sync(dev));
}

static void ask_with_every_mask(bool forced)
{
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		if (dma_set_mask(dev, DMA_BIT_MASK(widths[i])))
			continue;
		if (machine_translates())
			ask_all_translated(DMA_BIT_MASK(widths[i]));
		else
			ask_all(DMA_BIT_MASK(widths[i]), forced);
	}
	assert_true(dma_get_mask(dev) == DMA_BIT_MASK(64));
	if (!machine_translates())
		assert_int_equal(dma_get_merge_boundary(dev), 0);
	assert_int_equal(dma_get_cache_alignment(), machine()->cache_line);
	assert_false(dma_pci_p2pdma_supported(dev));
}

static void test_MSK_07_the_answers_fit_device_and_machine(void **state)
{
	ask_with_every_mask(dev->dmk.force_bounce || machine_is("confidential"));
}

static void test_MSK_07_the_answers_fit_a_machine_that_bounces_all(void **state)
{
	ask_with_every_mask(true);
}

/*
 * The required mask is one that is accepted, and with it nothing is out of reach that any mask
 * would reach.
 */
static void test_MSK_07_the_required_mask_is_enough(void **state)
{
	bool limited;

	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	limited = dma_addressing_limited(dev);
	assert_int_equal(dma_set_mask(dev, dma_get_required_mask(dev)), 0);
	if (!machine_bus()->restricted_pool)
		assert_int_equal(dma_addressing_limited(dev), limited);
}

/*
 * The largest mapping there may be can be made, at any place in a page, and one byte more can't
 * where it would bounce.
 */
static void test_MSK_07_the_largest_mapping_can_be_made(void **state)
{
	size_t max = dma_max_mapping_size(dev);
	dma_addr_t dma;
	u8 *memory;

	if (max == SIZE_MAX)
		skip();
	memory = (u8 *)__get_free_pages(GFP_KERNEL | __GFP_NOWARN, get_order(max) + 1);
	if (!memory)
		skip();
	for (size_t offset = 0; offset < PAGE_SIZE; offset += 2047) {
		dma = dma_map_single_attrs(dev, memory + offset, max, DMA_TO_DEVICE,
					   DMA_ATTR_NO_WARN);
		if (!dma_mapping_error(dev, dma))
			dma_unmap_single(dev, dma, max, DMA_TO_DEVICE);
		else
			assert_true(bounce_slots() * 2048 < 2 * max);
	}
	dma = dma_map_single_attrs(dev, memory, max + 1, DMA_TO_DEVICE, DMA_ATTR_NO_WARN);
	if (!dma_mapping_error(dev, dma)) {
		assert_false(dev->dmk.force_bounce);
		dma_unmap_single(dev, dma, max + 1, DMA_TO_DEVICE);
	}
	free_pages((unsigned long)memory, get_order(max) + 1);
}

/*
 * Whether a mapping needs syncs, and what happens without, are the same thing: asked of each kind
 * of memory and mask.
 */
static void test_MSK_07_a_mapping_that_needs_no_sync_is_the_memory_itself(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		u8 *memory = must_kmalloc(64), seen = 0;
		dma_addr_t dma;
		bool needed;

		if (dma_set_mask(dev, DMA_BIT_MASK(widths[i]))) {
			kfree(memory);
			continue;
		}
		dma = dma_map_single_attrs(dev, memory, 64, DMA_BIDIRECTIONAL, DMA_ATTR_NO_WARN);
		if (dma_mapping_error(dev, dma)) {
			kfree(memory);
			continue;
		}
		needed = dma_need_sync(dev, dma);
		if (needed) {
			assert_true(dma_dev_need_sync(dev));
		} else {
			*(volatile u8 *)memory = 0x77; /* seen by the card without any sync */
			assert_int_equal(lab_read(lab, dma, &seen, 1), 0);
			assert_int_equal(seen, 0x77);
		}
		dma_unmap_single(dev, dma, 64, DMA_BIDIRECTIONAL);
		kfree(memory);
	}
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
}

static void test_MSK_02_a_device_without_a_mask_gets_one_by_force_only(void **state)
{
	u64 *mask = dev->dma_mask;
	void *memory = must_kmalloc(64);
	dma_addr_t dma;

	dev->dma_mask = NULL;
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(32)), -EIO);
	assert_int_equal(dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32)), -EIO);
	assert_true(dma_get_mask(dev) == DMA_BIT_MASK(32));
	assert_true(dma_addressing_limited(dev));
	assert_true(dma_mapping_error(dev, dma_map_single(dev, memory, 64, DMA_TO_DEVICE)));
	expect_finding("MSK-03", 1);
	assert_int_equal(dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(40)), 0);
	assert_ptr_equal(dev->dma_mask, &dev->coherent_dma_mask);
	assert_true(*dev->dma_mask == DMA_BIT_MASK(40));
	dma = must_map(dev, memory, 64, DMA_TO_DEVICE);
	dma_unmap_single(dev, dma, 64, DMA_TO_DEVICE);
	dev->dma_mask = mask;
	kfree(memory);
}

/* --- property: MSK-06 ------------------------------------------------------------------------- */

static u64 random_state;

static u64 random_below(u64 n)
{
	/* Marsaglia's xorshift64: Journal of Statistical Software 8 (14), 2003 */
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

/* By the description: the range lies in one window, below the mask. */
static bool in_reach(u64 phys, size_t size, u64 mask)
{
	const struct dmk_bus *bus = machine_bus();

	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		const struct dmk_window *window = &bus->windows[i];

		if (phys >= window->phys.v && phys - window->phys.v + size <= window->size &&
		    window->bus + (phys - window->phys.v) + size - 1 <= mask)
			return true;
	}
	return false;
}

static void map_at_random(struct page **pages, int n, u64 mask)
{
	static u8 seen[PAGE_SIZE], there[PAGE_SIZE];
	const int page = random_below(n);
	const size_t offset = random_below(PAGE_SIZE), size = 1 + random_below(PAGE_SIZE - offset);
	dma_addr_t dma = dma_map_page_attrs(dev, pages[page], offset, size, DMA_TO_DEVICE,
					    DMA_ATTR_NO_WARN);
	bool bounces = dev->dmk.force_bounce || strstr(machine()->bootargs, "force") ||
		       machine_is("confidential");
	u8 *at;

	if (dma_mapping_error(dev, dma)) {
		assert_false(machine_translates());
		if (!bounces)
			assert_false(in_reach(page_to_phys(pages[page]) + offset, size, mask));
		return;
	}
	assert_reachable(dma, size, mask);
	assert_int_equal(lab_read(lab, dma, seen, size), 0);
	at = kmap_local_page(pages[page]);
	memcpy(there, at + offset, size);
	kunmap_local(at);
	assert_memory_equal(seen, there, size);
	dma_unmap_page(dev, dma, size, DMA_TO_DEVICE);
}

static void test_MSK_06_random_masks_and_buffers_never_give_a_bad_address(void **state)
{
	enum { PAGES = 48, ROUNDS = 400 };
	static struct page *pages[PAGES];
	u64 mask = DMA_BIT_MASK(32);
	int n = 0;

	assert_int_equal(dma_set_mask(dev, mask), 0);
	random_state = contract_seed() * 0x9e3779b97f4a7c15ULL + 1;
	while (n < PAGES &&
	       (pages[n] = alloc_page((n % 3 == 2 ? GFP_KERNEL : GFP_HIGHUSER) | __GFP_NOWARN))) {
		u8 *at = kmap_local_page(pages[n]);

		fill_bytes(at, PAGE_SIZE, n);
		kunmap_local(at);
		n++;
	}
	assert_true(n > 0);
	for (int i = 0; i < ROUNDS; i++) {
		const unsigned int bits = 12 + random_below(53); /* the macro evaluates it twice */
		u64 wanted = DMA_BIT_MASK(bits);

		/*
		 * Masks that are no 2^n - 1 occur too, of devices that can't drive their last
		 * addresses.
		 */
		if (random_below(4) == 0)
			wanted -= random_below(wanted / 2 + 1);
		if (random_below(8) == 0 && !dma_set_mask(dev, wanted))
			mask = wanted;
		map_at_random(pages, n, mask);
	}
	assert_int_equal(dma_set_mask(dev, DMA_BIT_MASK(64)), 0);
	while (n--)
		__free_page(pages[n]);
}

/* --- limits: MSK-08 --------------------------------------------------------------------------- */

static const struct limit_row {
	const char *sentence;
	unsigned int max_segment;
	unsigned long boundary;
	size_t offset, size; /* of the one entry, in memory aligned to 64 KiB */
	unsigned int findings;
} limit_rows[] = {
	{"a segment of the default 64 KiB is fine", 0, 0, 0, 65536, 0},
	{"one byte more is too long", 0, 0, 0, 65537, 1},
	{"a device that takes more gets more", 1 << 20, 0, 0, 100000, 0},
	{"a device that takes 512 bytes gets 512", 512, 0, 100, 512, 0},
	{"and not 513", 512, 0, 100, 513, 1},
	{"a segment up to the boundary is fine", 0, 0xfff, 100, 4096 - 100, 0},
	{"and one byte over it is not", 0, 0xfff, 100, 4097 - 100, 1},
	{"a boundary of 64 KiB is none within 64 KiB", 0, 0xffff, 1, 65535, 0},
	{"both limits at once are one report", 16, 0xfff, 4090, 100, 1},
};

static unsigned int breaks_limits(struct scatterlist *sg)
{
	const u64 first = sg_dma_address(sg), last = first + sg_dma_len(sg) - 1;

	return sg_dma_len(sg) > dma_get_max_seg_size(dev) ||
	       ((first ^ last) & ~(u64)dma_get_seg_boundary(dev));
}

static void map_under_limits(const struct limit_row *row, bool as_list)
{
	u8 *memory = (u8 *)__get_free_pages(GFP_KERNEL | __GFP_NOWARN, get_order(1 << 17));
	unsigned int findings;
	struct scatterlist sg;
	dma_addr_t dma;

	if (!memory)
		return;
	dma_set_max_seg_size(dev, row->max_segment);
	dma_set_seg_boundary(dev, row->boundary ? row->boundary : DMA_BIT_MASK(32));
	sg_init_one(&sg, memory + row->offset, row->size);
	if (as_list) {
		if (dma_map_sg_attrs(dev, &sg, 1, DMA_TO_DEVICE, DMA_ATTR_NO_WARN)) {
			findings = breaks_limits(&sg);
			/*
			 * What is bounced is put where the boundary is kept; what is not lies where
			 * the driver has it.
			 */
			assert_true(findings <= row->findings);
			if (sg_dma_address(&sg) == virt_to_phys(memory) + row->offset)
				assert_int_equal(findings, row->findings);
			dma_unmap_sg(dev, &sg, 1, DMA_TO_DEVICE);
			expect_finding("MSK-08", findings);
		}
	} else {
		/*
		 * dma-debug speaks of lists alone: a driver that maps one buffer programs its card
		 * itself.
		 */
		dma = dma_map_single_attrs(dev, memory + row->offset, row->size, DMA_TO_DEVICE,
					   DMA_ATTR_NO_WARN);
		if (!dma_mapping_error(dev, dma))
			dma_unmap_single(dev, dma, row->size, DMA_TO_DEVICE);
	}
	free_pages((unsigned long)memory, get_order(1 << 17));
}

/*
 * One row: the finding of a place is one, however often it comes, so each row needs a checker of
 * its own.
 */
#define LIMIT_TEST(row)                                           \
	static void test_MSK_08_limits_of_lists_##row(void **state)  \
	{                                                         \
		map_under_limits(&limit_rows[row], false);        \
		map_under_limits(&limit_rows[row], true);         \
	}
LIMIT_TEST(0)
LIMIT_TEST(1)
LIMIT_TEST(2)
LIMIT_TEST(3)
LIMIT_TEST(4)
LIMIT_TEST(5)
LIMIT_TEST(6)
LIMIT_TEST(7)
LIMIT_TEST(8)

static void test_MSK_08_a_limit_that_is_no_mask_is_reported_and_not_taken(void **state)
{
	dma_set_seg_boundary(dev, 0xffff);
	dma_set_seg_boundary(dev, 0x10000);
	assert_true(dma_get_seg_boundary(dev) == 0xffff);
	assert_int_equal(dma_get_seg_boundary_nr_pages(dev, PAGE_SHIFT), 16);
	dma_set_min_align_mask(dev, 511);
	dma_set_min_align_mask(dev, 512);
	assert_int_equal(dma_get_min_align_mask(dev), 511);
	expect_finding("MSK-08", 2);
}

/* What the device asked for stays, be the buffer bounced or not. */
static void test_MSK_08_the_lowest_bits_of_an_address_are_kept(void **state)
{
	static const unsigned int masks[] = {0, 63, 511, 4095, 16383};
	u8 *memory = (u8 *)__get_free_pages(GFP_KERNEL, 3);

	assert_non_null(memory);
	for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
		dma_set_min_align_mask(dev, masks[m]);
		assert_int_equal(dma_get_min_align_mask(dev), masks[m]);
		for (size_t offset = 0; offset < 2 * PAGE_SIZE; offset += 1021) {
			dma_addr_t dma = dma_map_single_attrs(dev, memory + offset, 2000,
							      DMA_TO_DEVICE, DMA_ATTR_NO_WARN);
			u64 kept = masks[m];

			if (dma_mapping_error(dev, dma))
				continue; /* a small pool has no such place */
			/* An IOMMU keeps what is below its granule. */
			if (machine_translates())
				kept &= machine_granule() - 1;
			assert_int_equal((dma ^ virt_to_phys(memory + offset)) & kept, 0);
			dma_unmap_single(dev, dma, 2000, DMA_TO_DEVICE);
		}
	}
	free_pages((unsigned long)memory, 3);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_MSK_01_a_new_devices_masks_are_32_bits),
		CONTRACT_TEST(test_MSK_01_the_next_driver_finds_new_masks),
		CONTRACT_TEST(test_MSK_02_a_mask_that_is_served_is_set),
		CONTRACT_TEST(test_MSK_02_a_refused_call_changes_nothing),
		CONTRACT_TEST(test_MSK_03_dma_after_a_refused_mask_is_reported),
		CONTRACT_TEST(test_MSK_03_dma_after_a_second_attempt_that_succeeded_is_fine),
		CONTRACT_TEST(
			test_MSK_04_the_coherent_mask_may_be_smaller_than_an_accepted_streaming_mask),
		CONTRACT_TEST(
			test_MSK_02_MSK_05_a_mask_is_accepted_that_the_machine_can_serve_and_no_other),
		CONTRACT_TEST(test_MSK_05_a_sound_card_may_play_with_32_bits_and_record_with_24),
		CONTRACT_TEST(test_MSK_06_no_address_is_handed_out_beyond_mask_or_window),
		CONTRACT_TEST(test_MSK_02_a_device_without_a_mask_gets_one_by_force_only),
		CONTRACT_TEST(test_MSK_06_random_masks_and_buffers_never_give_a_bad_address),
		CONTRACT_TEST_WITH(test_MSK_06_random_masks_and_buffers_never_give_a_bad_address,
				   "swiotlb=force"),
		CONTRACT_TEST_WITH(test_MSK_06_random_masks_and_buffers_never_give_a_bad_address,
				   "swiotlb=noforce"),
		CONTRACT_TEST(test_MSK_07_the_answers_fit_device_and_machine),
		CONTRACT_TEST_WITH(test_MSK_07_the_answers_fit_device_and_machine,
				   "swiotlb=noforce"),
		CONTRACT_TEST_WITH(test_MSK_07_the_answers_fit_a_machine_that_bounces_all,
				   "swiotlb=force"),
		CONTRACT_TEST(test_MSK_07_the_required_mask_is_enough),
		CONTRACT_TEST(test_MSK_07_the_largest_mapping_can_be_made),
		CONTRACT_TEST_WITH(test_MSK_07_the_largest_mapping_can_be_made, "swiotlb=force"),
		CONTRACT_TEST(test_MSK_07_a_mapping_that_needs_no_sync_is_the_memory_itself),
		CONTRACT_TEST_WITH(test_MSK_07_a_mapping_that_needs_no_sync_is_the_memory_itself,
				   "swiotlb=force"),
		CONTRACT_TEST(test_MSK_08_limits_of_lists_0),
		CONTRACT_TEST(test_MSK_08_limits_of_lists_1),
		CONTRACT_TEST(test_MSK_08_limits_of_lists_2),
		CONTRACT_TEST(test_MSK_08_limits_of_lists_3),
		CONTRACT_TEST(test_MSK_08_limits_of_lists_4),
		CONTRACT_TEST(test_MSK_08_limits_of_lists_5),
		CONTRACT_TEST(test_MSK_08_limits_of_lists_6),
		CONTRACT_TEST(test_MSK_08_limits_of_lists_7),
		CONTRACT_TEST(test_MSK_08_limits_of_lists_8),
		CONTRACT_TEST(test_MSK_08_a_limit_that_is_no_mask_is_reported_and_not_taken),
		CONTRACT_TEST(test_MSK_08_the_lowest_bits_of_an_address_are_kept),
		CONTRACT_TEST_WITH(test_MSK_08_the_lowest_bits_of_an_address_are_kept,
				   "swiotlb=force"),
		CONTRACT_TEST_WITH(test_MSK_06_no_address_is_handed_out_beyond_mask_or_window,
				   "swiotlb=force"),
		CONTRACT_TEST_WITH(test_MSK_06_no_address_is_handed_out_beyond_mask_or_window,
				   "swiotlb=noforce"),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
