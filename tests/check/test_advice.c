/* SPDX-License-Identifier: MIT */
/*
 * The advisor: each kind of advice where it speaks, with the numbers that it gives, and a near miss
 * where it is silent. The driver here lends to a machine whose caches are not coherent, where
 * nothing else is said.
 */
#include <dmakit/advice.h>

#include "world.h"

char world_devices[4];

enum { AT = 0x10000000, ROWS = 64 };

struct advised {
	struct world world;
	struct dmk_advisor *advisor;
	struct dmk_advice_row row[ROWS]; /* of the section that was asked for last */
	unsigned int rows;
};

static uint64_t moment;

static uint64_t now(void)
{
	return moment;
}

static void *open_world(struct advised *a, bool sees_cpu)
{
	moment = 0;
	a->advisor =
		dmk_advisor_new(&(struct dmk_advice_options){.sees_cpu = sees_cpu, .now = now});
	assert_non_null(a->advisor);
	a->world.observer = dmk_advisor_observer(a->advisor);
	world_boot(&a->world, 64);
	return a;
}

static bool keep_row(void *ctx, const struct dmk_advice_row *row)
{
	struct advised *a = ctx;

	assert_true(a->rows < ROWS);
	a->row[a->rows++] = *row;
	return true;
}

/* The rows of one section, and its columns. */
static const struct dmk_advice_section *ask_for(struct advised *a, const char *id)
{
	const struct dmk_advice_section *section;

	a->rows = 0;
	for (unsigned int i = 0; (section = dmk_advice_section(i)); i++)
		if (!strcmp(section->id, id)) {
			assert_true(dmk_advisor_rows(a->advisor, i, keep_row, a));
			return section;
		}
	fail_msg("no section %s", id);
	return NULL;
}

static uint64_t number(struct advised *a, const struct dmk_advice_section *section,
		       unsigned int row, const char *column)
{
	assert_true(row < a->rows);
	for (unsigned int i = 0; i < section->nr_columns; i++)
		if (!strcmp(section->column[i].id, column))
			return a->row[row].cell[i].number;
	fail_msg("no column %s", column);
	return 0;
}

/* Whoever gives the advice @section: its first row says all of @words, or no row says anything. */
static void expect_advice(struct advised *a, const char *section, const char *words)
{
	ask_for(a, section);
	if (!words) {
		if (a->rows && a->row[0].advice[0])
			fail_msg("%s: %s", section, a->row[0].advice);
		return;
	}
	assert_true(a->rows);
	if (!strstr(a->row[0].advice, words))
		fail_msg("%s: \"%s\" is not in \"%s\"", section, words, a->row[0].advice);
}

static void close_world(struct advised *a)
{
	static const char *const all[] = {"bounced", "again",  "consistent", "direction", "syncs",
					  "partial", "unmaps", "sites",      "limits"};

	world_end(&a->world);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ask_for(a, all[i]);
	dmk_advisor_free(a->advisor);
}

/* --- events ----------------------------------------------------------------------------------- */

static void cpu_touches(struct advised *a, uint64_t phys, uint64_t size, bool write)
{
	EVENT(&a->world, .kind = DMK_EVENT_CPU_ACCESS, .phys = DMK_PHYS(phys), .size = size,
	      .write = write);
}

static void map_bounced(struct advised *a, uint64_t phys, uint64_t size, int dir, int cause,
			const void *here)
{
	EVENT(&a->world, .kind = DMK_EVENT_MAP, .map_kind = DMK_MAP_SINGLE, .dev = DEV,
	      .dma = DMK_DMA(BUS(phys)), .phys = DMK_PHYS(phys), .size = size, .dir = dir,
	      .caller = here, .coherent = true, .bounced = true, .bounced_bytes = size,
	      .cause = cause);
}

static void use_is(struct advised *a, const struct dmk_use *use)
{
	EVENT(&a->world, .kind = DMK_EVENT_USE, .dev = DEV, .use = use);
}

/* --- bounced ---------------------------------------------------------------------------------- */

static void bounce(struct advised *a, unsigned int times, int cause)
{
	for (unsigned int i = 0; i < times; i++) {
		map_bounced(a, AT, 3000, DMK_BIDIRECTIONAL, cause, HERE);
		unmap(&a->world, AT, 3000, DMK_BIDIRECTIONAL, HERE);
	}
}

static void test_bounced_bytes_and_why(void **state)
{
	static const struct {
		int cause;
		unsigned int times;
		const char *words;
	} rows[] = {
		{DMK_CAUSE_MASK, 4,
		 "4 of 4 mappings were bounced, and 23.4 KiB copied, since the "
		 "driver's mask has 40 bits"},
		{DMK_CAUSE_MASK, 3, NULL},
		{DMK_CAUSE_WINDOW, 4, "whatever its mask"},
		{DMK_CAUSE_PART, 4, "fill no whole pages of the IOMMU"},
		{DMK_CAUSE_FORCED, 100, NULL},
		{DMK_CAUSE_RESTRICTED, 100, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct dmk_advice_section *section;
		static struct advised a;

		open_world(&a, false);
		EVENT(&a.world, .kind = DMK_EVENT_SET_MASK, .dev = DEV, .streaming = true,
		      .mask = (1ULL << 40) - 1);
		bounce(&a, rows[i].times, rows[i].cause);
		expect_advice(&a, "bounced", rows[i].words);
		section = ask_for(&a, "bounced");
		assert_int_equal(a.rows, 1);
		assert_int_equal(number(&a, section, 0, "bounced"), rows[i].times);
		assert_int_equal(number(&a, section, 0, "bytes"), rows[i].times * 3000);
		assert_int_equal(number(&a, section, 0, "moved"), rows[i].times * 6000);
		close_world(&a);
	}
}

/* --- mapped again ----------------------------------------------------------------------------- */

static void lend(struct advised *a, uint64_t at, uint64_t size, int dir, const void *here)
{
	map(&a->world, at, size, dir, here);
	unmap(&a->world, at, size, dir, here + 1);
}

static void test_a_buffer_that_is_mapped_again(void **state)
{
	const struct dmk_advice_section *section;
	static struct advised a;

	open_world(&a, false);
	for (int i = 0; i < 10; i++)
		lend(&a, AT + i % 2 * 4096, 1000, DMK_TO_DEVICE, HERE);
	expect_advice(&a, "again", "8 of 10 mappings lend what this line lent before, 2 buffers");
	section = ask_for(&a, "again");
	assert_int_equal(number(&a, section, 0, "again"), 8);
	assert_int_equal(number(&a, section, 0, "buffers"), 2);
	assert_int_equal(number(&a, section, 0, "moved"), 10000);
	close_world(&a);
}

static void test_a_buffer_that_is_mapped_again_near(void **state)
{
	static struct advised a;

	open_world(&a, false);
	for (int i = 0; i < 8; i++) /* once too few */
		lend(&a, AT, 1000, DMK_TO_DEVICE, HERE);
	for (int i = 0; i < 100; i++) { /* another buffer each time, where the last one was */
		lend(&a, AT + 0x100000, 1000, DMK_TO_DEVICE, HERE);
		memory_freed(&a.world, AT + 0x100000 - 64, 2048, HERE);
	}
	for (int i = 0; i < 100; i++) /* many buffers, of which a few come again */
		lend(&a, AT + 0x200000 + i % 50 * 4096, 1000, DMK_TO_DEVICE, HERE);
	for (int i = 0; i < 100; i++) /* never the same bytes */
		lend(&a, AT + 0x400000 + i, 1000, DMK_TO_DEVICE, HERE);
	expect_advice(&a, "again", NULL);
	close_world(&a);
}

/* --- consistent ------------------------------------------------------------------------------- */

static void poll(struct advised *a, unsigned int times, uint64_t size, int dir, bool device_writes)
{
	map(&a->world, AT, size, dir, HERE);
	for (unsigned int i = 0; i < times; i++) {
		if (device_writes)
			card_writes(&a->world, AT, 8);
		sync_cpu(&a->world, AT, 16, dir, HERE);
		cpu_touches(a, AT, 8, false);
		sync_device(&a->world, AT, 16, dir, HERE);
	}
	card_reads(&a->world, AT, 8);
	unmap(&a->world, AT, size, dir, HERE);
}

static void test_what_both_sides_use_wants_to_be_consistent(void **state)
{
	static const struct {
		unsigned int times;
		uint64_t size;
		int dir;
		bool device_writes, advised;
	} rows[] = {
		{16, 4096, DMK_BIDIRECTIONAL, true, true},
		{15, 4096, DMK_BIDIRECTIONAL, true, false},
		{16, 16385, DMK_BIDIRECTIONAL, true, false},
		{16, 4096, DMK_BIDIRECTIONAL, false, false}, /* only one side writes */
		{16, 4096, DMK_FROM_DEVICE, false, true},    /* polled */
		{16, 4096, DMK_FROM_DEVICE, true, false},    /* a buffer that is filled again */
		{16, 4096, DMK_TO_DEVICE, false, false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct dmk_advice_section *section;
		static struct advised a;

		open_world(&a, true);
		poll(&a, rows[i].times, rows[i].size, rows[i].dir, rows[i].device_writes);
		expect_advice(&a, "consistent",
			      rows[i].advised ? "1 mapping was handed over 32 times" : NULL);
		section = ask_for(&a, "consistent");
		if (rows[i].advised)
			assert_int_equal(number(&a, section, 0, "moved"), 16 * 2 * 16);
		close_world(&a);
	}
}

/* --- direction -------------------------------------------------------------------------------- */

static void test_bidirectional_where_one_direction_was_seen(void **state)
{
	static const struct {
		unsigned int reads, writes;
		const char *words;
	} rows[] = {
		{4, 0, "the device read 4 of these DMA_BIDIRECTIONAL mappings and wrote to none"},
		{0, 4, "the device wrote to 4 of these DMA_BIDIRECTIONAL mappings and read none"},
		{3, 0, NULL},
		{9, 1, NULL},
		{0, 0, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct advised a;

		open_world(&a, false);
		for (unsigned int n = 0; n < 10; n++) {
			map(&a.world, AT + n * 4096, 64, DMK_BIDIRECTIONAL, HERE);
			if (n < rows[i].reads)
				card_reads(&a.world, AT + n * 4096, 64);
			if (n < rows[i].writes)
				card_writes(&a.world, AT + n * 4096, 64);
		}
		expect_advice(&a, "direction", rows[i].words);
		close_world(&a);
	}
}

/* --- syncs ------------------------------------------------------------------------------------ */

/* One sync in four shapes; each is of use or not. */
enum shape {
	AFTER_MAP,        /* map, sync for device */
	BEFORE_UNMAP,     /* sync for CPU, unmap */
	FOR_CPU_NOBODY,   /* the device wrote nothing, the CPU looks at nothing */
	FOR_DEVICE_NOBODY /* the CPU wrote nothing, the device touches nothing */
};

static void one_sync(struct advised *a, enum shape shape, bool touched)
{
	struct world *w = &a->world;

	map(w, AT, 64, DMK_BIDIRECTIONAL, HERE);
	if (shape == AFTER_MAP) {
		if (touched)
			cpu_touches(a, AT + 8, 1, true);
		sync_device(w, AT, 64, DMK_BIDIRECTIONAL, HERE);
		card_reads(w, AT, 1);
	} else if (shape == BEFORE_UNMAP) {
		card_writes(w, AT, 64);
		sync_cpu(w, AT, 64, DMK_BIDIRECTIONAL, HERE);
		if (touched)
			cpu_touches(a, AT + 8, 1, false);
	} else if (shape == FOR_CPU_NOBODY) {
		if (touched)
			card_writes(w, AT + 63, 1);
		sync_cpu(w, AT, 64, DMK_BIDIRECTIONAL, HERE);
		sync_device(w, AT, 64, DMK_BIDIRECTIONAL, HERE);
		card_reads(w, AT, 1);
	} else {
		sync_cpu(w, AT, 64, DMK_BIDIRECTIONAL, HERE);
		cpu_touches(a, AT, 1, false);
		sync_device(w, AT, 64, DMK_BIDIRECTIONAL, HERE);
		if (touched)
			card_reads(w, AT, 1);
	}
	unmap(w, AT, 64, DMK_BIDIRECTIONAL, HERE);
}

static void sync_times(struct advised *a, enum shape shape, unsigned int idle, unsigned int used)
{
	while (idle--)
		one_sync(a, shape, false);
	while (used--)
		one_sync(a, shape, true);
}

static void test_syncs_that_did_nothing(void **state)
{
	static const struct {
		enum shape shape;
		const char *column, *words;
	} rows[] = {
		{AFTER_MAP, "beside_map", "each of the 4 syncs came after the map"},
		{BEFORE_UNMAP, "beside_unmap", "each of the 4 syncs came before the unmap"},
		{FOR_CPU_NOBODY, "nobody", "the device had written nothing"},
		{FOR_DEVICE_NOBODY, "nobody", "the CPU had written nothing"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct dmk_advice_section *section;
		static struct advised a;

		open_world(&a, true);
		sync_times(&a, rows[i].shape, 4, 0);
		expect_advice(&a, "syncs", rows[i].words);
		assert_non_null(strstr(a.row[0].advice, "leave it out (256 bytes"));
		section = ask_for(&a, "syncs");
		assert_int_equal(number(&a, section, 0, "syncs"), 4);
		assert_int_equal(number(&a, section, 0, "moved"), 256);
		assert_int_equal(number(&a, section, 0, rows[i].column), 4);
		close_world(&a);

		open_world(&a, true);
		sync_times(&a, rows[i].shape, 40, 1);
		expect_advice(&a, "syncs", NULL);
		close_world(&a);
		open_world(&a, true);
		sync_times(&a, rows[i].shape, 3, 0);
		expect_advice(&a, "syncs", NULL);
		close_world(&a);
	}
}

/* Who does not see the driver's accesses can not say that there were none. */
static void test_syncs_of_a_driver_that_is_not_watched(void **state)
{
	const struct dmk_advice_section *section;
	static struct advised a;

	open_world(&a, false);
	sync_times(&a, AFTER_MAP, 40, 0);
	expect_advice(&a, "syncs", NULL);
	section = ask_for(&a, "syncs");
	assert_true(number(&a, section, 0, "nobody") == DMK_ADVICE_UNKNOWN);
	assert_int_equal(number(&a, section, 0, "moved"), 40 * 64);
	close_world(&a);
}

/* A map that leaves the caches alone wants its sync, and so does what such an unmap leaves. */
static void test_syncs_where_map_and_unmap_do_none(void **state)
{
	enum { SKIP = 1 << 5 };
	static struct advised a;

	open_world(&a, true);
	for (int i = 0; i < 40; i++) {
		EVENT(&a.world, .kind = DMK_EVENT_MAP, .dev = DEV, .dma = DMK_DMA(BUS(AT)),
		      .phys = DMK_PHYS(AT), .size = 64, .dir = DMK_FROM_DEVICE, .attrs = SKIP,
		      .caller = HERE);
		sync_device(&a.world, AT, 64, DMK_FROM_DEVICE, HERE);
		card_writes(&a.world, AT, 64);
		sync_cpu(&a.world, AT, 64, DMK_FROM_DEVICE, HERE);
		EVENT(&a.world, .kind = DMK_EVENT_UNMAP, .dev = DEV, .dma = DMK_DMA(BUS(AT)),
		      .size = 64, .dir = DMK_FROM_DEVICE, .attrs = SKIP, .caller = HERE);
	}
	expect_advice(&a, "syncs", NULL);
	close_world(&a);
}

/* --- partial ---------------------------------------------------------------------------------- */

static void lend_more_than_is_touched(struct advised *a, unsigned int times, uint64_t size, int dir,
				      bool coherent)
{
	for (unsigned int i = 0; i < times; i++) {
		EVENT(&a->world, .kind = DMK_EVENT_MAP, .dev = DEV, .dma = DMK_DMA(BUS(AT)),
		      .phys = DMK_PHYS(AT), .size = size, .dir = dir, .caller = HERE,
		      .coherent = coherent);
		if (dir == DMK_TO_DEVICE)
			card_reads(&a->world, AT + 100, 256);
		else
			card_writes(&a->world, AT + 100, 256);
		unmap(&a->world, AT, size, dir, HERE);
	}
}

static void test_more_is_lent_than_is_touched(void **state)
{
	static const struct {
		unsigned int times;
		uint64_t size;
		int dir;
		bool coherent;
		const char *words;
	} rows[] = {
		{8, 2048, DMK_TO_DEVICE, false,
		 "of 16.0 KiB in 8 mappings the device touched 2048 bytes, and 16.0 KiB were "
		 "copied or cleaned: lend as much"},
		{8, 2048, DMK_FROM_DEVICE, false, "unmap with DMA_ATTR_SKIP_CPU_SYNC"},
		{7, 2048, DMK_TO_DEVICE, false, NULL},
		{8, 1023, DMK_TO_DEVICE, false, NULL}, /* less than four times as much */
		{8, 2048, DMK_TO_DEVICE, true, NULL},  /* it costs nothing here */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct advised a;

		open_world(&a, false);
		lend_more_than_is_touched(&a, rows[i].times, rows[i].size, rows[i].dir,
					  rows[i].coherent);
		expect_advice(&a, "partial", rows[i].words);
		close_world(&a);
	}
}

/* --- what an unmap is for --------------------------------------------------------------------- */

static void expect_without(struct advised *a, const char *words)
{
	const struct dmk_advice_section *section = ask_for(a, "unmaps");

	assert_int_equal(a->rows, 1);
	assert_string_equal(section->column[8].id, "without");
	if (!strstr(a->row[0].cell[8].text, words))
		fail_msg("\"%s\" is not in \"%s\"", words, a->row[0].cell[8].text);
}

static void test_what_leaving_an_unmap_out_costs(void **state)
{
	const struct dmk_advice_section *section;
	static struct advised a;

	open_world(&a, false);
	use_is(&a, &(struct dmk_use){.slot_size = 2048, .slots = 100});
	bounce(&a, 10, DMK_CAUSE_MASK);
	section = ask_for(&a, "unmaps");
	assert_int_equal(number(&a, section, 0, "maps"), 10);
	assert_int_equal(number(&a, section, 0, "slots"), 20);
	assert_int_equal(number(&a, section, 0, "slots_there"), 100);
	assert_int_equal(number(&a, section, 0, "moved"), 30000);
	expect_without(&a, "bounce slots are out after 5 runs like this one");
	close_world(&a);

	open_world(&a, false);
	use_is(&a, &(struct dmk_use){.slot_size = 2048, .slots = 15});
	bounce(&a, 10, DMK_CAUSE_MASK);
	expect_without(&a, "bounce slots are out in this run, at about its mapping 8");
	close_world(&a);

	open_world(&a, false);
	use_is(&a, &(struct dmk_use){.granule = 4096, .iova_last = ~0ULL});
	EVENT(&a.world, .kind = DMK_EVENT_SET_MASK, .dev = DEV, .streaming = true, .mask = 0xfffff);
	for (int i = 0; i < 3; i++)
		lend(&a, AT + 4000, 200, DMK_TO_DEVICE, HERE);
	section = ask_for(&a, "unmaps");
	assert_int_equal(number(&a, section, 0, "addresses"), 3 * 8192);
	assert_int_equal(number(&a, section, 0, "addresses_there"), 0x100000);
	expect_without(&a, "addresses are out after 42 runs like this one");
	close_world(&a);

	open_world(&a, false);
	lend(&a, AT, 200, DMK_FROM_DEVICE, HERE);
	expect_without(&a, "200 bytes from the device may never be seen");
	close_world(&a);
	open_world(&a, false);
	lend(&a, AT, 200, DMK_TO_DEVICE, HERE);
	expect_without(&a, "nothing runs out on this machine");
	close_world(&a);
}

/* --- call sites, limits ----------------------------------------------------------------------- */

static void test_what_each_line_lends(void **state)
{
	const struct dmk_advice_section *section;
	static struct advised a;

	open_world(&a, false);
	for (int i = 0; i < 3; i++)
		map(&a.world, AT + i * 4096, 1000, DMK_TO_DEVICE, HERE);
	moment += 5000;
	unmap(&a.world, AT, 1000, DMK_TO_DEVICE, HERE);
	moment += 3000;
	unmap(&a.world, AT + 4096, 1000, DMK_TO_DEVICE, HERE);
	alloc(&a.world, AT + 0x100000, 500, HERE);
	section = ask_for(&a, "sites");
	assert_int_equal(a.rows, 2);
	assert_string_equal(a.row[0].cell[0].text, "dma_map_single");
	assert_int_equal(number(&a, section, 0, "times"), 3);
	assert_int_equal(number(&a, section, 0, "bytes"), 3000);
	assert_int_equal(number(&a, section, 0, "most"), 3);
	assert_int_equal(number(&a, section, 0, "most_bytes"), 3000);
	assert_int_equal(number(&a, section, 0, "held"), 6500);
	assert_int_equal(number(&a, section, 0, "longest"), 8000);
	assert_int_equal(number(&a, section, 0, "left"), 1);
	assert_string_equal(a.row[1].cell[0].text, "dma_alloc_coherent");
	assert_true(number(&a, section, 1, "held") == DMK_ADVICE_UNKNOWN);
	close_world(&a);
}

static void test_how_near_the_limits_it_came(void **state)
{
	static const struct {
		struct dmk_use use;
		const char *words;
	} rows[] = {
		{{.slot_size = 2048, .slots = 100, .slots_most = 80},
		 "80 of 100 bounce slots were in use at once"},
		{{.slot_size = 2048, .slots = 100, .slots_most = 79}, NULL},
		{{.slot_size = 2048, .slots = 100, .slots_most = 100, .slots_refused = 7},
		 "7 mappings were refused because all 100 bounce slots"},
		{{.granule = 4096, .iova_last = 0x2fff}, "2 of 2 addresses were in use at once"},
		{{.granule = 4096, .iova_last = 0xffff}, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct dmk_advice_section *section;
		static struct advised a;

		open_world(&a, false);
		use_is(&a, &rows[i].use);
		map(&a.world, AT, 4096, DMK_TO_DEVICE, HERE);
		map(&a.world, AT + 4096, 1, DMK_TO_DEVICE, HERE);
		expect_advice(&a, "limits", rows[i].words);
		section = ask_for(&a, "limits");
		assert_int_equal(a.rows, 1);
		if (rows[i].use.granule)
			assert_int_equal(number(&a, section, 0, "most"), 2);
		close_world(&a);
	}
}

/* --- where ------------------------------------------------------------------------------------ */

static uint64_t line_by_hundreds(void *ctx, const void *code)
{
	return (uintptr_t)code / 100;
}

/* However often the compiler repeated a line, it is one. */
static void test_one_line_is_one_row(void **state)
{
	static struct advised a;

	open_world(&a, false);
	dmk_advisor_free(a.advisor);
	a.advisor = dmk_advisor_new(
		&(struct dmk_advice_options){.line_of = line_by_hundreds, .now = now});
	a.world.observer = dmk_advisor_observer(a.advisor);
	for (uintptr_t code = 500; code < 700; code += 10)
		map(&a.world, AT + code * 4096, 64, DMK_TO_DEVICE, (void *)code);
	ask_for(&a, "sites");
	assert_int_equal(a.rows, 2);
	assert_int_equal(a.row[0].cell[1].number, 10);
	close_world(&a);
}

static void test_rows_with_advice_come_first_and_the_worst_of_them(void **state)
{
	static struct advised a;

	open_world(&a, false);
	for (int i = 0; i < 100; i++)
		lend(&a, AT + i * 0x10000, 4096, DMK_TO_DEVICE, HERE);
	for (int i = 0; i < 10; i++)
		lend(&a, AT, 64, DMK_TO_DEVICE, HERE);
	for (int i = 0; i < 20; i++)
		lend(&a, AT, 64, DMK_TO_DEVICE, HERE);
	ask_for(&a, "again");
	assert_int_equal(a.rows, 3);
	assert_int_equal(a.row[0].cell[2].number, 19);
	assert_int_equal(a.row[1].cell[2].number, 9);
	assert_string_equal(a.row[2].advice, "");
	close_world(&a);
}

/* Lists, linked pieces, and memory made for devices: begun and ended like any. */
static void test_whatever_is_lent_is_ended(void **state)
{
	const struct dmk_event_sg list[2] = {
		{DMK_PHYS(AT), 100, DMK_DMA(BUS(AT)), 100},
		{DMK_PHYS(AT + 8192), 200, DMK_DMA(BUS(AT + 8192)), 200},
	};
	const struct dmk_advice_section *section;
	static struct advised a;
	int table;

	open_world(&a, true);
	map_list(&a.world, &table, list, 2, 2, DMK_FROM_DEVICE, HERE);
	card_writes(&a.world, AT + 8192 + 50, 10);
	card_writes(&a.world, AT + 10, 10);
	section = ask_for(&a, "partial");
	assert_int_equal(number(&a, section, 0, "bytes"), 300);
	assert_int_equal(number(&a, section, 0, "touched_bytes"), 150);
	unmap_list(&a.world, &table, list, 2, DMK_FROM_DEVICE, HERE);
	for (int i = 0; i < 2; i++)
		EVENT(&a.world, .kind = DMK_EVENT_MAP, .map_kind = DMK_MAP_LINK, .dev = DEV,
		      .dma = DMK_DMA(BUS(AT) + i * 4096), .phys = DMK_PHYS(AT), .size = 4096,
		      .caller = HERE);
	EVENT(&a.world, .kind = DMK_EVENT_IOVA_FREE, .dev = DEV, .dma = DMK_DMA(BUS(AT)),
	      .size = 8192);
	alloc(&a.world, AT, 500, HERE);
	free_as(&a.world, DEV, AT, AT, 500, 0, HERE);
	section = ask_for(&a, "sites");
	assert_int_equal(a.rows, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(number(&a, section, i, "left"), 0);
	map(&a.world, AT, 64, DMK_TO_DEVICE, HERE);
	EVENT(&a.world, .kind = DMK_EVENT_DEVICE_REMOVE, .dev = DEV);
	card_reads(&a.world, AT, 64);
	close_world(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounced_bytes_and_why),
		cmocka_unit_test(test_a_buffer_that_is_mapped_again),
		cmocka_unit_test(test_a_buffer_that_is_mapped_again_near),
		cmocka_unit_test(test_what_both_sides_use_wants_to_be_consistent),
		cmocka_unit_test(test_bidirectional_where_one_direction_was_seen),
		cmocka_unit_test(test_syncs_that_did_nothing),
		cmocka_unit_test(test_syncs_of_a_driver_that_is_not_watched),
		cmocka_unit_test(test_syncs_where_map_and_unmap_do_none),
		cmocka_unit_test(test_more_is_lent_than_is_touched),
		cmocka_unit_test(test_what_leaving_an_unmap_out_costs),
		cmocka_unit_test(test_what_each_line_lends),
		cmocka_unit_test(test_how_near_the_limits_it_came),
		cmocka_unit_test(test_one_line_is_one_row),
		cmocka_unit_test(test_rows_with_advice_come_first_and_the_worst_of_them),
		cmocka_unit_test(test_whatever_is_lent_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
