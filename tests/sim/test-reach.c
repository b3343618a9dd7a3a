/* SPDX-License-Identifier: MIT */
/*
 * What a device may reach: private memory, the firewall before a restricted pool, buses of 24
 * address lines. Who refuses is the machine; nothing of the core is here.
 */
#include "bench.h"
#include "sim.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = DMK_PAGE_SIZE, BASE = 0x200000 };

static struct sim *sim(void)
{
	return bench.port.ctx;
}

/* The card number @n of the machine; its accesses are made by hand. */
static struct dmk_instance *card(unsigned int n)
{
	struct dmk_instance *at = sim()->instances;

	while (at && n--)
		at = at->next;
	assert_non_null(at);
	return at;
}

static struct dmk_instance *open_with_card(const char *machine)
{
	struct dmk_instance *plugged;

	bench_open(machine, "lab", NULL);
	bench_card(0x1234, 0x11e9);
	for (plugged = sim()->instances; !plugged->pci; plugged = plugged->next)
		;
	return plugged;
}

static int share(uint64_t phys, uint64_t size, bool shared)
{
	return bench.port.ops->memory_share(bench.port.ctx, DMK_PHYS(phys), size, shared);
}

/* The machine says why, to who watches; the card hears of one error only. */
static void expect_access(struct dmk_instance *device, uint64_t dma, size_t size, int why)
{
	static uint8_t bytes[4 * PAGE], ones[4 * PAGE];
	unsigned int before = __atomic_load_n(&bench.nr_events, __ATOMIC_SEQ_CST);
	int result = dmk_instance_read(device, dma, bytes, size);

	memset(ones, 0xff, size);
	assert_int_equal(result, why ? -EIO : 0);
	if (why)
		assert_memory_equal(bytes, ones, size);
	assert_int_equal(bench.nr_events, before + 1);
	if (before < BENCH_EVENTS) {
		assert_int_equal(bench.event[before].kind, DMK_EVENT_DEVICE_ACCESS);
		assert_int_equal(bench.event[before].result, why);
		assert_int_equal(bench.event[before].dma.v, dma);
		assert_int_equal(bench.event[before].size, size);
	}
}

/* --- private memory --------------------------------------------------------------------------- */

/* Up to the last page of each run of memory, and as a whole; a page more is none of it. */
static void test_all_of_memory_can_be_shared(void **state)
{
	open_with_card("confidential");
	for (unsigned int i = 0; i < bench.machine->nr_memory; i++) {
		const struct dmk_memory *memory = &bench.machine->memory[i];

		if (memory->kind != DMK_MEMORY_RAM)
			continue;
		assert_int_equal(share(memory->first.v + memory->size - PAGE, PAGE, true), 0);
		assert_int_equal(share(memory->first.v, memory->size, true), 0);
		assert_int_equal(share(memory->first.v, memory->size, false), 0);
	}
	assert_true(share(1ULL << 46, PAGE, true) < 0);
	bench_close();
}

static void test_a_private_page_is_refused_until_it_is_shared(void **state)
{
	struct dmk_instance *device = open_with_card("confidential");
	uint8_t *cpu = bench_direct(BASE);

	memset(cpu, 0x55, PAGE);
	expect_access(device, BASE, 4, -EPERM);
	assert_int_equal(dmk_instance_write(device, BASE, "dead", 4), -EIO);
	assert_int_equal(cpu[0], 0x55);
	assert_int_equal(share(BASE, PAGE, true), 0);
	expect_access(device, BASE, PAGE, 0);
	/* all or nothing: the next page is still private */
	memset(cpu, 0x55, PAGE);
	expect_access(device, BASE + PAGE - 4, 8, -EPERM);
	assert_int_equal(dmk_instance_write(device, BASE + PAGE - 4, "deadbeef", 8), -EIO);
	assert_int_equal(cpu[PAGE - 4], 0x55);
	assert_int_equal(share(BASE, PAGE, false), 0);
	expect_access(device, BASE, 4, -EPERM);
	bench_close();
}

static void test_sharing_leaves_noise_either_way(void **state)
{
	static uint8_t clear[PAGE], first[PAGE];
	uint8_t *cpu;

	bench_open("confidential", NULL);
	cpu = bench_direct(BASE);
	for (unsigned int i = 0; i < 4; i++) {
		memset(cpu, 0, 3 * PAGE);
		assert_int_equal(share(BASE + PAGE, PAGE, i % 2 == 0), 0);
		/* that page and no other; and every part of it */
		assert_memory_equal(cpu, clear, PAGE);
		assert_memory_equal(cpu + 2 * PAGE, clear, PAGE);
		for (unsigned int at = 0; at < PAGE; at += 64)
			assert_memory_not_equal(cpu + PAGE + at, clear, 64);
		if (i)
			assert_memory_not_equal(cpu + PAGE, first, PAGE);
		memcpy(first, cpu + PAGE, PAGE);
	}
	bench_close();
	/* the seed decides: the same again */
	bench_open("confidential", NULL);
	cpu = bench_direct(BASE);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(share(BASE + PAGE, PAGE, i % 2 == 0), 0);
	assert_memory_equal(cpu + PAGE, first, PAGE);
	bench_close();
}

static void test_what_is_no_memory_is_not_shared(void **state)
{
	static const struct {
		uint64_t phys, size;
	} row[] = {
		{BASE, 0},
		{BASE + 1, PAGE},
		{BASE, PAGE - 1},
		{0xa0000, PAGE},
		{0x9f000, 2 * PAGE}, /* runs into the hole */
		{0x3fff000, 2 * PAGE},
		{0x200000000, PAGE},
		{~0ULL - PAGE + 1, 2 * PAGE},
		{BASE, ~0ULL - PAGE + 1},
	};
	struct dmk_instance *device = open_with_card("confidential");

	for (unsigned int i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		assert_int_equal(share(row[i].phys, row[i].size, true), -EINVAL);
	/* and nothing of it was */
	expect_access(device, BASE, 4, -EPERM);
	expect_access(device, 0x9f000, 4, -EPERM);
	expect_access(device, 0xa0000, 4, -EIO);
	assert_int_equal(share(0x100000000, 2 * PAGE, true), 0);
	expect_access(device, 0x100000000, 2 * PAGE, 0);
	bench_close();
}

static void test_sharing_means_nothing_where_memory_is_everybodys(void **state)
{
	for (unsigned int i = 0; i < BENCH_PROFILES; i++) {
		uint64_t *cpu;

		bench_open(bench_profiles[i], NULL);
		cpu = bench_direct(0x8000);
		cpu[0] = 1234;
		assert_int_equal(share(0x8000, PAGE, true), 0);
		if (bench.machine->caps & DMK_CAP_PRIVATE)
			assert_string_equal(bench_profiles[i], "confidential");
		else
			assert_int_equal(cpu[0], 1234);
		bench_close();
	}
}

/* A board whose caches are not coherent, too: all three copies are noise, and the same. */
static void test_noise_is_in_the_caches_and_in_memory(void **state)
{
	uint64_t offset, run;

	bench_open("arm-noncoherent", NULL);
	sim()->profile.machine.caps |= DMK_CAP_PRIVATE;
	assert_int_equal(dmk_sim_private_open(sim()), 0);
	memset(bench_direct(BASE), 0, PAGE);
	assert_int_equal(share(BASE, PAGE, true), 0);
	assert_true(dmk_sim_memory_offset(sim(), BASE, &offset, &run));
	assert_memory_equal(sim()->memory.cpu + offset, sim()->memory.dram + offset, PAGE);
	assert_memory_equal(sim()->memory.cpu + offset, sim()->memory.base + offset, PAGE);
	assert_int_not_equal(*(uint64_t *)bench_direct(BASE), 0);
	bench_close();
}

/* --- at random, against a list of pages ------------------------------------------------------- */

enum { PAGES = 32, STEPS = 4000 };

static uint64_t rng;

static uint64_t pick(uint64_t limit)
{
	return dmk_sim_random(&rng) % limit;
}

static bool all_shared(const bool *shared, uint64_t at, size_t size)
{
	for (uint64_t page = at / PAGE; page <= (at + size - 1) / PAGE; page++)
		if (!shared[page])
			return false;
	return true;
}

static void random_access(struct dmk_instance *device, const bool *shared, uint8_t *model)
{
	uint8_t bytes[3 * PAGE], seen[3 * PAGE];
	uint64_t at = pick(PAGES * PAGE - sizeof(bytes));
	size_t size = 1 + pick(sizeof(bytes));
	bool good = all_shared(shared, at, size);

	memset(bytes, pick(256), size);
	if (pick(2)) {
		assert_int_equal(dmk_instance_write(device, BASE + at, bytes, size),
				 good ? 0 : -EIO);
		if (good)
			memcpy(model + at, bytes, size);
		return;
	}
	assert_int_equal(dmk_instance_read(device, BASE + at, seen, size), good ? 0 : -EIO);
	memset(bytes, 0xff, size);
	assert_memory_equal(seen, good ? model + at : bytes, size);
}

static void test_random_sharing_and_access_agree_with_a_list_of_pages(void **state)
{
	struct dmk_instance *device = open_with_card("confidential");
	static uint8_t model[PAGES * PAGE];
	bool shared[PAGES] = {false};
	uint8_t *cpu = bench_direct(BASE);

	rng = time(NULL);
	print_message("seed %llu\n", (unsigned long long)rng);
	memcpy(model, cpu, sizeof(model));
	for (unsigned int i = 0; i < STEPS; i++) {
		unsigned int first = pick(PAGES),
			     n = 1 + pick(PAGES - first < 4 ? PAGES - first : 4);
		bool on = pick(3);

		if (pick(4)) {
			random_access(device, shared, model);
			continue;
		}
		assert_int_equal(share(BASE + first * PAGE, n * PAGE, on), 0);
		for (unsigned int page = first; page < first + n; page++)
			shared[page] = on;
		memcpy(model + first * PAGE, cpu + first * PAGE, n * PAGE); /* noise */
		assert_memory_equal(cpu, model, sizeof(model));
	}
	assert_memory_equal(cpu, model, sizeof(model));
	bench_close();
}

/* --- races ------------------------------------------------------------------------------------ */

struct racer {
	struct dmk_instance *device;
	bool ending;                /* atomic */
	unsigned int done, refused; /* of its accesses */
};

static void *race(void *argument)
{
	struct racer *racer = argument;
	uint8_t bytes[2 * PAGE];

	while (!__atomic_load_n(&racer->ending, __ATOMIC_ACQUIRE)) {
		memset(bytes, 0xdd, sizeof(bytes));
		if (dmk_instance_write(racer->device, BASE, bytes, sizeof(bytes)))
			__atomic_add_fetch(&racer->refused, 1, __ATOMIC_RELAXED);
		else
			__atomic_add_fetch(&racer->done, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/*
 * Once memory_share() took pages back, not a byte of an access that was allowed before comes after
 * it.
 */
static void test_no_byte_arrives_after_a_page_was_taken_back(void **state)
{
	struct racer racer = {.device = open_with_card("confidential")};
	uint64_t *cpu = bench_direct(BASE);
	pthread_t thread;
	unsigned int rounds = 0;

	assert_int_equal(pthread_create(&thread, NULL, race, &racer), 0);
	while (rounds < 100 || !__atomic_load_n(&racer.done, __ATOMIC_RELAXED) ||
	       !__atomic_load_n(&racer.refused, __ATOMIC_RELAXED)) {
		uint64_t mine[2 * PAGE / 8];

		assert_int_equal(share(BASE, 2 * PAGE, true), 0);
		for (unsigned int i = 0; i < 20; i++)
			sched_yield();
		assert_int_equal(share(BASE, 2 * PAGE, false), 0);
		memcpy(mine, cpu, sizeof(mine));
		for (unsigned int i = 0; i < 5; i++)
			sched_yield();
		assert_memory_equal(cpu, mine, sizeof(mine));
		for (unsigned int i = 0; i < 2 * PAGE / 8; i++)
			assert_int_not_equal(mine[i], 0xddddddddddddddddULL);
		rounds++;
	}
	__atomic_store_n(&racer.ending, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_true(racer.done > 0);
	assert_true(racer.refused > 0);
	bench_close();
}

/* --- the firewall ----------------------------------------------------------------------------- */

static void test_BNC_05_the_bus_refuses_all_but_the_restricted_pool(void **state)
{
	struct dmk_instance *device = open_with_card("restricted");
	const struct dmk_memory *pool = bench.machine->pci->dma->restricted_pool;
	uint64_t first, end;

	assert_non_null(pool);
	assert_int_equal(pool->kind, DMK_MEMORY_RESTRICTED_POOL);
	assert_false(pool->no_map);
	first = pool->first.v;
	end = first + pool->size;
	expect_access(device, first, 8, 0);
	expect_access(device, end - 8, 8, 0);
	expect_access(device, first - 8, 8, -EACCES);
	expect_access(device, end, 8, -EACCES);
	expect_access(device, first - 4, 8, -EACCES);
	expect_access(device, end - 4, 8, -EACCES);
	expect_access(device, 0, 8, -EACCES);
	expect_access(device, 0x50000000, 8, -EIO);
	assert_int_equal(dmk_instance_write(device, end - 4, "deadbeef", 8), -EIO);
	assert_int_equal(*(uint32_t *)bench_direct(end - 4), 0);
	bench_close();
}

static void test_BNC_05_a_device_without_a_pool_passes_beside_the_firewall(void **state)
{
	struct dmk_instance *trusted;

	bench_open("restricted", NULL);
	trusted = card(0);
	assert_null(trusted->bus->restricted_pool);
	assert_non_null(trusted->bus->shared_pool);
	expect_access(trusted, 0, 8, 0);
	expect_access(trusted, bench.machine->pci->dma->restricted_pool->first.v, 8, 0);
	expect_access(trusted, trusted->bus->shared_pool->first.v, 8, 0);
	bench_close();
}

static void test_BNC_05_random_accesses_agree_with_the_pool(void **state)
{
	struct dmk_instance *device = open_with_card("restricted");
	const struct dmk_memory *pool = bench.machine->pci->dma->restricted_pool;
	uint64_t first = pool->first.v, end = first + pool->size;

	rng = time(NULL);
	print_message("seed %llu\n", (unsigned long long)rng);
	for (unsigned int i = 0; i < STEPS; i++) {
		uint64_t edge = pick(2) ? first : end;
		uint64_t at = pick(3) ? edge - 2 * PAGE + pick(4 * PAGE)
				      : pick(0x4000000 - 2 * PAGE);
		size_t size = 1 + pick(2 * PAGE);
		bool good = at >= first && at + size <= end;

		expect_access(device, at, size, good ? 0 : -EACCES);
	}
	bench_close();
}

/* --- address lines ---------------------------------------------------------------------------- */

static void test_MSK_06_a_card_on_ISA_ends_at_16_MiB(void **state)
{
	struct dmk_instance *isa;

	bench_open("pc-isa", NULL);
	isa = card(0);
	assert_int_equal(bench.machine->nr_platform, 1);
	assert_string_equal(bench.machine->platform[0].name, "c8000.lab");
	assert_ptr_equal(bench.machine->platform[0].dma, bench.machine->isa);
	assert_int_equal(bench_read(0xc8000, 4), 0x0001ab00);
	expect_access(isa, 0xfffff8, 8, 0);
	expect_access(isa, 0xfffffc, 8, -EIO);
	expect_access(isa, 0x1000000, 8, -EIO);
	bench_close();
}

static void test_MEM_06_three_quarters_of_the_memory_lie_above_the_zone(void **state)
{
	uint64_t below = 0, above = 0;

	bench_open("pc-isa", NULL);
	assert_int_equal(bench.machine->dma_zone_last, (16 << 20) - 1);
	assert_int_equal(bench.machine->dma32_zone_last, 0);
	assert_false(bench.machine->caps & DMK_CAP_BOUNCE);
	for (unsigned int i = 0; i < bench.machine->nr_memory; i++) {
		const struct dmk_memory *run = &bench.machine->memory[i];
		uint64_t end = run->first.v + run->size, line = bench.machine->dma_zone_last + 1;

		below += run->first.v < line ? (end < line ? end : line) - run->first.v : 0;
		above += end > line ? end - (run->first.v > line ? run->first.v : line) : 0;
	}
	assert_true(above > 3 * below);
	bench_close();
}

static void test_ADR_04_highmem_has_an_address_by_view_only(void **state)
{
	dmk_phys page = DMK_PHYS(0x5fff000);
	struct dmk_instance *device = open_with_card("highmem32");
	uint64_t seen, *view;

	assert_int_equal(bench.machine->direct_last.v, (32 << 20) - 1);
	assert_true(bench.machine->memory[2].first.v >> 28);
	view = bench.port.ops->view_map(bench.port.ctx, &page, 1, DMK_VIEW_CACHED);
	assert_non_null(view);
	view[0] = 0x1234;
	/* to a device it is memory as any other */
	assert_int_equal(dmk_instance_read(device, page.v, &seen, 8), 0);
	assert_int_equal(seen, 0x1234);
	bench.port.ops->view_unmap(bench.port.ctx, view, 1);
	bench_close();
}

/* --- what is not touched costs nothing -------------------------------------------------------- */

static unsigned long resident_pages(void)
{
	unsigned long size = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu %lu", &size, &resident), 2);
	fclose(file);
	return resident;
}

static void test_a_large_machine_costs_what_is_touched_of_it(void **state)
{
	char path[] = "/tmp/dmakit-large-XXXXXX.dts";
	static const char source[] =
		"/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; dma-coherent; dmakit,private-memory;"
		"memory@0 { device_type = \"memory\"; reg = <0 0 0x10 0>; }; }; "; /* 64 GiB */
	int fd = mkstemps(path, 4);
	unsigned long before;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, source, sizeof(source) - 1), sizeof(source) - 1);
	close(fd);
	before = resident_pages();
	bench_open(path, NULL);
	*(char *)bench_direct(0xfffffffff) = 1;
	assert_int_equal(share(0x800000000, 16 * PAGE, true), 0);
	assert_in_range(resident_pages(), 0, before + 4096);
	bench_close();
	unlink(path);
}

/* --- COH-05: stores on their way -------------------------------------------------------------- */

static struct {
	unsigned int begun, ended, parts;
	size_t covered;
	bool hide;
	unsigned int because[2]; /* no more, and of a cause */
} asked;

static void stores_begin(void *ctx, const struct dmk_device_access *access)
{
	assert_int_equal(asked.begun, asked.ended);
	asked.begun++;
	asked.covered = 0;
}

static void stores_part(void *ctx, const struct dmk_device_access *access, size_t offset,
			dmk_phys phys, size_t size)
{
	assert_int_equal(asked.begun, asked.ended + 1);
	assert_int_equal(offset, asked.covered);
	assert_int_equal(access->write, !access->bytes);
	assert_int_equal(phys.v, BASE + offset);
	asked.covered += size;
	asked.parts++;
	if (asked.hide && !access->write)
		memset(access->bytes + offset, 0x11, size);
}

static void stores_end(void *ctx, const struct dmk_device_access *access)
{
	assert_int_equal(asked.covered, access->size);
	asked.ended++;
}

static uint64_t stores_cause(void *ctx)
{
	return 77;
}

static void stores_because(void *ctx, uint64_t cause)
{
	__atomic_fetch_add(&asked.because[cause == 77], 1, __ATOMIC_SEQ_CST);
}

static const struct dmk_stores stores = {stores_begin,	 stores_part, stores_end,
					 stores_cause, stores_because, NULL};

static void test_COH_05_a_weakly_ordered_machine_asks_what_is_on_its_way(void **state)
{
	static const struct {
		const char *machine;
		bool asks;
	} rows[] = {{"arm-noncoherent", true}, {"pc", false}};
	uint8_t bytes[2 * PAGE];

	bench_stores = &stores;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dmk_instance *plugged = open_with_card(rows[i].machine);

		memset(&asked, 0, sizeof(asked));
		assert_int_equal(bench.machine->caps & DMK_CAP_WEAK_ORDER,
				 rows[i].asks ? DMK_CAP_WEAK_ORDER : 0);
		memset(bytes, 0x22, sizeof(bytes));
		assert_int_equal(dmk_instance_write(plugged, BASE, bytes, sizeof(bytes)), 0);
		asked.hide = true;
		assert_int_equal(dmk_instance_read(plugged, BASE, bytes, sizeof(bytes)), 0);
		assert_int_equal(bytes[PAGE], rows[i].asks ? 0x11 : 0x22);
		assert_int_equal(asked.ended, rows[i].asks ? 2 : 0);
		assert_int_equal(asked.parts, asked.ended);
		/* What is refused has nothing to hide. */
		assert_int_equal(dmk_instance_read(plugged, ~0ULL - PAGE, bytes, 16), -EIO);
		assert_int_equal(asked.begun, rows[i].asks ? 2 : 0);
		bench_close();
	}
	bench_stores = NULL;
}

static void do_nothing(struct dmk_instance *plugged, void *state)
{
}

static void test_COH_05_work_that_is_put_off_is_done_because_of_what_caused_it(void **state)
{
	struct dmk_instance *plugged;

	bench_stores = &stores;
	plugged = open_with_card("arm-noncoherent");
	memset(&asked, 0, sizeof(asked));
	dmk_instance_after(plugged, 0, do_nothing);
	while (!__atomic_load_n(&asked.because[0], __ATOMIC_SEQ_CST))
		sched_yield();
	assert_int_equal(__atomic_load_n(&asked.because[1], __ATOMIC_SEQ_CST), 1);
	bench_close();
	bench_stores = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_of_memory_can_be_shared),
		cmocka_unit_test(test_a_private_page_is_refused_until_it_is_shared),
		cmocka_unit_test(test_sharing_leaves_noise_either_way),
		cmocka_unit_test(test_what_is_no_memory_is_not_shared),
		cmocka_unit_test(test_sharing_means_nothing_where_memory_is_everybodys),
		cmocka_unit_test(test_noise_is_in_the_caches_and_in_memory),
		cmocka_unit_test(test_random_sharing_and_access_agree_with_a_list_of_pages),
		cmocka_unit_test(test_no_byte_arrives_after_a_page_was_taken_back),
		cmocka_unit_test(test_BNC_05_the_bus_refuses_all_but_the_restricted_pool),
		cmocka_unit_test(test_BNC_05_a_device_without_a_pool_passes_beside_the_firewall),
		cmocka_unit_test(test_BNC_05_random_accesses_agree_with_the_pool),
		cmocka_unit_test(test_MSK_06_a_card_on_ISA_ends_at_16_MiB),
		cmocka_unit_test(test_MEM_06_three_quarters_of_the_memory_lie_above_the_zone),
		cmocka_unit_test(test_ADR_04_highmem_has_an_address_by_view_only),
		cmocka_unit_test(test_a_large_machine_costs_what_is_touched_of_it),
		cmocka_unit_test(test_COH_05_a_weakly_ordered_machine_asks_what_is_on_its_way),
		cmocka_unit_test(test_COH_05_work_that_is_put_off_is_done_because_of_what_caused_it),
	};

	return cmocka_run_group_tests_name("sim-reach", tests, NULL, NULL);
}
