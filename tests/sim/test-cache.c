/* SPDX-License-Identifier: MIT */
/*
 * Caches that are not coherent: against an oracle that follows sequences of stores and cache
 * operations byte by byte, and against threads that store while lines come and go.
 */
#include "bench.h"
#include "sim.h"

#include <pthread.h>
#include <time.h>

enum { AREA = 2 * 4096, AT = 0x100000 };

/* The board: each test is run on that of 64-byte lines and on that of 128. */
static const char *board;
static unsigned int line_size;

static void clean(uint64_t phys, size_t size)
{
	bench.port.ops->cache_clean(bench.port.ctx, DMK_PHYS(phys), size);
}

static void invalidate(uint64_t phys, size_t size)
{
	bench.port.ops->cache_invalidate(bench.port.ctx, DMK_PHYS(phys), size);
}

static void flush(uint64_t phys, size_t size)
{
	bench.port.ops->cache_flush(bench.port.ctx, DMK_PHYS(phys), size);
}

static struct sim *sim(void)
{
	return bench.port.ctx;
}

static uint64_t offset_of(uint64_t phys)
{
	uint64_t offset, run;

	assert_true(dmk_sim_memory_offset(sim(), phys, &offset, &run));
	return offset;
}

static void device_write(uint64_t phys, const void *bytes, size_t size)
{
	dmk_sim_memory_write(sim(), offset_of(phys), bytes, size, false);
}

static void device_read(uint64_t phys, void *bytes, size_t size)
{
	dmk_sim_memory_read(sim(), offset_of(phys), bytes, size, false);
}

static void open_still(unsigned int evictions)
{
	bench_open(board, NULL);
	assert_int_equal(bench.machine->cache_line, line_size);
	sim()->profile.evictions = evictions;
}

/* --- one thing at a time ---------------------------------------------------------------------- */

static void test_SYN_02_without_a_clean_the_device_reads_old_bytes(void **state)
{
	char *cpu, seen[5] = "";

	open_still(0);
	cpu = bench_direct(AT);
	memcpy(cpu, "new!", 4);
	device_read(AT, seen, 4);
	assert_memory_equal(seen, "\0\0\0\0", 4);
	clean(AT, 4);
	device_read(AT, seen, 4);
	assert_memory_equal(seen, "new!", 4);
	bench_close();
}

static void test_SYN_02_without_an_invalidate_the_CPU_reads_old_bytes(void **state)
{
	volatile char *cpu;

	open_still(0);
	cpu = bench_direct(AT);
	cpu[0] = 'o';
	clean(AT, 1);
	device_write(AT, "n", 1);
	assert_int_equal(cpu[0], 'o');
	invalidate(AT, 1);
	assert_int_equal(cpu[0], 'n');
	bench_close();
}

static void test_MEM_08_an_invalidate_takes_the_neighbour_in_the_line_with_it(void **state)
{
	char *cpu;

	open_still(0);
	cpu = bench_direct(AT);
	cpu[line_size - 1] = 'x'; /* dirty, and not in the buffer [AT, AT + 8) */
	cpu[line_size] = 'y';     /* the next line is out of it */
	invalidate(AT, 8);
	assert_int_equal(cpu[line_size - 1], 0);
	assert_int_equal(cpu[line_size], 'y');
	bench_close();
}

static void test_MEM_08_a_dirty_neighbour_is_written_over_what_the_device_wrote(void **state)
{
	char *cpu, seen = 0;

	open_still(0);
	cpu = bench_direct(AT);
	device_write(AT, "d", 1);
	cpu[line_size - 1] = 'x';
	clean(AT + line_size - 1, 1);
	device_read(AT, &seen, 1);
	assert_int_equal(seen, 0);
	bench_close();
}

static void test_a_flush_leaves_both_sides_with_the_CPUs_bytes(void **state)
{
	char *cpu, seen = 0;

	open_still(0);
	cpu = bench_direct(AT);
	cpu[3] = 'f';
	flush(AT, 8);
	device_read(AT + 3, &seen, 1);
	assert_int_equal(seen, 'f');
	assert_int_equal(cpu[3], 'f');
	bench_close();
}

static void test_COH_04_an_uncached_view_is_what_the_device_sees(void **state)
{
	dmk_phys page = DMK_PHYS(AT);
	volatile char *view, *cpu;
	char seen = 0;

	open_still(8);
	cpu = bench_direct(AT);
	cpu[0] = 'c'; /* dirty: it is in memory when the view exists */
	view = bench.port.ops->view_map(bench.port.ctx, &page, 1, DMK_VIEW_UNCACHED);
	assert_int_equal(view[0], 'c');
	for (int i = 0; i < 200; i++) {
		view[1] = i;
		device_read(AT + 1, &seen, 1);
		assert_int_equal((unsigned char)seen, i);
		seen = ~i;
		device_write(AT + 2, &seen, 1);
		assert_int_equal((unsigned char)view[2], (unsigned char)~i);
	}
	bench.port.ops->view_unmap(bench.port.ctx, (void *)view, 1);
	assert_int_equal(cpu[1], (char)199);
	bench_close();
}

static void test_a_page_with_an_uncached_view_is_never_evicted_over(void **state)
{
	dmk_phys page = DMK_PHYS(AT);
	volatile char *view, *alias;
	int again;

	open_still(64);
	alias = bench_direct(AT);
	view = bench.port.ops->view_map(bench.port.ctx, &page, 1, DMK_VIEW_UNCACHED);
	again = bench.port.ops->view_map(bench.port.ctx, &page, 1, DMK_VIEW_UNCACHED) != NULL;
	assert_true(again);
	alias[0] = 'a'; /* a stray store through the cached alias */
	view[0] = 'v';
	for (int i = 0; i < 200; i++)
		device_write(AT + 64, "d", 1);
	assert_int_equal(view[0], 'v');
	bench.port.ops->view_unmap(bench.port.ctx, (void *)view, 1);
	/* one view is left */
	for (int i = 0; i < 200; i++)
		device_write(AT + 64, "d", 1);
	assert_int_equal(sim()->memory.dram[offset_of(AT)], 'v');
	bench_close();
}

static void test_a_coherent_device_on_such_a_machine_sees_the_caches(void **state)
{
	char *cpu, seen = 0;

	open_still(8);
	cpu = bench_direct(AT);
	for (int i = 0; i < 200; i++) {
		cpu[0] = i;
		dmk_sim_memory_read(sim(), offset_of(AT), &seen, 1, true);
		assert_int_equal(seen, (char)i);
		seen = i + 1;
		dmk_sim_memory_write(sim(), offset_of(AT) + 1, &seen, 1, true);
		assert_int_equal(((volatile char *)cpu)[1], seen);
	}
	bench_close();
}

static void test_evictions_strike_and_show_what_a_missing_sync_does(void **state)
{
	volatile char *cpu;
	bool refetched = false, written_back = false;

	open_still(4);
	cpu = bench_direct(AT);
	clean(AT, 256);
	for (int i = 1; i < 2000 && !(refetched && written_back); i++) {
		char seen, byte = i;

		cpu[0] = i;
		device_read(AT, &seen, 1);
		written_back |= seen == (char)i;
		device_write(AT + 128, &byte, 1);
		refetched |= cpu[128] == byte;
	}
	assert_true(refetched);
	assert_true(written_back);
	bench_close();
}

/* --- against an oracle ------------------------------------------------------------------------ */

/*
 * The three copies as they must be. Without evictions that is known to the byte. With them, each
 * line after each step either is as the oracle has it, or changed as a whole in the one way that an
 * eviction changes it: the oracle then follows.
 */
struct oracle {
	uint8_t cpu[AREA], dram[AREA], base[AREA];
};

static uint64_t rng;

static uint64_t pick(uint64_t limit)
{
	return dmk_sim_random(&rng) % limit;
}

static void oracle_line(struct oracle *o, size_t line, enum sim_cache_op op)
{
	bool dirty = memcmp(o->cpu + line, o->base + line, line_size);

	if (op & SIM_CLEAN && dirty)
		memcpy(o->dram + line, o->cpu + line, line_size);
	if (op & SIM_CLEAN && dirty)
		memcpy(o->base + line, o->cpu + line, line_size);
	if (!(op & SIM_INVALIDATE))
		return;
	memcpy(o->cpu + line, o->dram + line, line_size);
	memcpy(o->base + line, o->dram + line, line_size);
}

static void oracle_op(struct oracle *o, size_t at, size_t size, enum sim_cache_op op)
{
	for (size_t line = at / line_size * line_size; line < at + size; line += line_size)
		oracle_line(o, line, op);
}

static void oracle_step(struct oracle *o)
{
	uint8_t bytes[300];
	size_t size = 1 + pick(sizeof(bytes)), at = pick(AREA - size);
	uint8_t *cpu = bench_direct(AT + at);

	for (size_t i = 0; i < size; i++)
		bytes[i] = pick(256);
	switch (pick(6)) {
	case 0:
	case 1:
		memcpy(cpu, bytes, size);
		memcpy(o->cpu + at, bytes, size);
		break;
	case 2:
		device_write(AT + at, bytes, size);
		memcpy(o->dram + at, bytes, size);
		break;
	case 3:
		clean(AT + at, size);
		oracle_op(o, at, size, SIM_CLEAN);
		break;
	case 4:
		invalidate(AT + at, size);
		oracle_op(o, at, size, SIM_INVALIDATE);
		break;
	case 5:
		flush(AT + at, size);
		oracle_op(o, at, size, SIM_FLUSH);
		break;
	}
}

static void test_random_sequences_agree_with_the_oracle_when_nothing_is_evicted(void **state)
{
	static struct oracle o;
	uint64_t seed = time(NULL);

	print_message("seed %llu\n", (unsigned long long)seed);
	rng = seed;
	memset(&o, 0, sizeof(o));
	open_still(0);
	for (int i = 0; i < 20000; i++) {
		oracle_step(&o);
		if (i % 64)
			continue;
		assert_memory_equal(bench_direct(AT), o.cpu, AREA);
		assert_memory_equal(sim()->memory.dram + offset_of(AT), o.dram, AREA);
	}
	bench_close();
}

/*
 * Take over what the simulation holds, line by line, if it came from the oracle's state by one
 * eviction.
 */
static void oracle_follow(struct oracle *o)
{
	const uint8_t *cpu = bench_direct(AT), *dram = sim()->memory.dram + offset_of(AT);

	for (size_t line = 0; line < AREA; line += line_size) {
		bool dirty = memcmp(o->cpu + line, o->base + line, line_size);

		if (!memcmp(cpu + line, o->cpu + line, line_size) &&
		    !memcmp(dram + line, o->dram + line, line_size))
			continue;
		oracle_line(o, line, dirty ? SIM_CLEAN : SIM_INVALIDATE);
		assert_memory_equal(cpu + line, o->cpu + line, line_size);
		assert_memory_equal(dram + line, o->dram + line, line_size);
	}
}

static void test_random_sequences_with_evictions_change_lines_as_evictions_may(void **state)
{
	static struct oracle o;
	uint64_t seed = time(NULL) + 1;

	print_message("seed %llu\n", (unsigned long long)seed);
	rng = seed;
	memset(&o, 0, sizeof(o));
	open_still(0);
	for (int i = 0; i < 20000; i++) {
		oracle_step(&o);
		sim()->profile.evictions = 1 + pick(8);
		dmk_sim_cache_chance(sim());
		sim()->profile.evictions = 0;
		oracle_follow(&o);
	}
	bench_close();
}

static void test_the_same_seed_evicts_the_same_lines(void **state)
{
	static uint8_t first[AREA], again[AREA];

	for (int run = 0; run < 2; run++) {
		static struct oracle o;

		rng = 7;
		memset(&o, 0, sizeof(o));
		open_still(4);
		for (int i = 0; i < 2000; i++)
			oracle_step(&o);
		memcpy(run ? again : first, sim()->memory.dram + offset_of(AT), AREA);
		bench_close();
	}
	assert_memory_equal(first, again, AREA);
}

/* --- against threads -------------------------------------------------------------------------- */

enum { WRITERS = 2, ROUNDS = 300000 };

static bool racing;

/*
 * Each writer owns bytes of words that it shares with the others and with the device; it alone
 * stores there, and must find what it stored until it stores again, a while later.
 */
static void *store_and_check(void *argument)
{
	size_t me = (size_t)argument;
	volatile uint8_t *byte = (uint8_t *)bench_direct(AT) + me;
	volatile uint16_t *half = (uint16_t *)bench_direct(AT + 8 + 2 * me);
	volatile uint32_t *word = (uint32_t *)bench_direct(AT + 16 + 8 * me);

	for (unsigned int i = 1; i <= ROUNDS; i++) {
		*byte = i;
		*half = i;
		*word = i;
		for (unsigned int wait = 0; wait < i % 64; wait++)
			if (*byte != (uint8_t)i || *half != (uint16_t)i || *word != i)
				return (void *)1;
	}
	return NULL;
}

/*
 * The device writes the bytes of each word that no writer owns, and the line comes and goes as fast
 * as it can.
 */
static void *disturb(void *argument)
{
	struct sim_memory *memory = &sim()->memory;
	uint64_t line = offset_of(AT), i = 0;

	while (__atomic_load_n(&racing, __ATOMIC_SEQ_CST)) {
		uint32_t bytes = ++i;

		pthread_mutex_lock(&memory->lock);
		memory->dram[line + 4 + i % 4] = bytes;
		memory->dram[line + 14 + i % 2] = bytes;
		for (unsigned int w = 0; w < WRITERS; w++)
			memcpy(memory->dram + line + 20 + 8 * w, &bytes, 4);
		dmk_sim_lines_evict(memory, line);
		pthread_mutex_unlock(&memory->lock);
	}
	return NULL;
}

static void test_no_store_of_a_racing_CPU_is_ever_lost(void **state)
{
	pthread_t writer[WRITERS], disturber;
	void *lost;
	unsigned int failures = 0;

	open_still(0);
	racing = true;
	pthread_create(&disturber, NULL, disturb, NULL);
	for (size_t i = 0; i < WRITERS; i++)
		pthread_create(&writer[i], NULL, store_and_check, (void *)i);
	for (size_t i = 0; i < WRITERS; i++) {
		pthread_join(writer[i], &lost);
		failures += lost != NULL;
	}
	__atomic_store_n(&racing, false, __ATOMIC_SEQ_CST);
	pthread_join(disturber, NULL);
	assert_int_equal(failures, 0);
	clean(AT, line_size);
	/* and the last of each reached memory */
	for (size_t i = 0; i < WRITERS; i++) {
		const uint8_t *dram = sim()->memory.dram + offset_of(AT);

		assert_int_equal(dram[i], (uint8_t)ROUNDS);
		assert_int_equal(((const uint16_t *)(dram + 8))[i], (uint16_t)ROUNDS);
		assert_int_equal(((const uint32_t *)(dram + 16))[2 * i], ROUNDS);
	}
	bench_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_SYN_02_without_a_clean_the_device_reads_old_bytes),
		cmocka_unit_test(test_SYN_02_without_an_invalidate_the_CPU_reads_old_bytes),
		cmocka_unit_test(test_MEM_08_an_invalidate_takes_the_neighbour_in_the_line_with_it),
		cmocka_unit_test(
			test_MEM_08_a_dirty_neighbour_is_written_over_what_the_device_wrote),
		cmocka_unit_test(test_a_flush_leaves_both_sides_with_the_CPUs_bytes),
		cmocka_unit_test(test_COH_04_an_uncached_view_is_what_the_device_sees),
		cmocka_unit_test(test_a_page_with_an_uncached_view_is_never_evicted_over),
		cmocka_unit_test(test_a_coherent_device_on_such_a_machine_sees_the_caches),
		cmocka_unit_test(test_evictions_strike_and_show_what_a_missing_sync_does),
		cmocka_unit_test(
			test_random_sequences_agree_with_the_oracle_when_nothing_is_evicted),
		cmocka_unit_test(
			test_random_sequences_with_evictions_change_lines_as_evictions_may),
		cmocka_unit_test(test_the_same_seed_evicts_the_same_lines),
		cmocka_unit_test(test_no_store_of_a_racing_CPU_is_ever_lost),
	};

	static const struct {
		const char *board;
		unsigned int line;
	} boards[] = {{"arm-noncoherent", 64}, {"arm-noncoherent-128", 128}};
	int failed = 0;

	for (unsigned int i = 0; i < 2; i++) {
		board = boards[i].board;
		line_size = boards[i].line;
		failed += cmocka_run_group_tests_name(board, tests, NULL, NULL);
	}
	return failed;
}
