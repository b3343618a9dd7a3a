// SPDX-License-Identifier: MIT
/*
 * The machine "qemu" through its bare port: no kernel part, no core, no checker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench_card.h"

#define DEVICES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define BASE         0xc0000000ULL
#define FAR_BASE     0x800000000ULL

enum {
	EDU_VENDOR = 0x1234,
	EDU_DEVICE = 0x11e8,
	EDU_ID = 0x010000ed,
	EDU_RAISE = 0x60,
	EDU_ACK = 0x64,
	EDU_CARD = 0x40000
};
enum { EDU_TO_MEMORY = 2, EDU_INTERRUPT = 4 };

static unsigned int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static unsigned int count_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	unsigned int n = 0;

	while (maps && fgets(line, sizeof(line), maps))
		n += strstr(line, "dmakit-qemu") != NULL;
	if (maps)
		fclose(maps);
	return n;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

static void open_or_fail(struct bench *bench, const char *const *devices)
{
	int err = bench_open(bench, devices);

	if (err)
		fail_msg("%d: %s", err, bench->error);
}

/* --- life ------------------------------------------------------------------------------------- */

static void test_twenty_lives_leave_nothing_behind(void **state)
{
	unsigned int fds, threads, i;
	struct bench bench;

	open_or_fail(&bench, NULL);
	bench_close(&bench);
	fds = count_entries("/proc/self/fd");
	threads = count_entries("/proc/self/task");
	for (i = 0; i < 20; i++) {
		open_or_fail(&bench, DEVICES("edu"));
		assert_int_equal(edu_read(&bench, 0xb0000000, 0), 0x29c08086);
		bench_close(&bench);
		assert_int_equal(bench.deaths, 0);
	}
	assert_int_equal(count_entries("/proc/self/fd"), fds);
	assert_int_equal(count_entries("/proc/self/task"), threads);
	assert_int_equal(count_maps(), 0);
	assert_int_equal(bench_qemu(), 0);
}

static void test_two_machines_live_side_by_side(void **state)
{
	struct bench one, two;

	open_or_fail(&one, DEVICES("edu,addr=3"));
	open_or_fail(&two, DEVICES("edu,addr=4"));
	assert_int_equal(card_find(&one, EDU_VENDOR, EDU_DEVICE, 0), 3 << 3);
	assert_int_equal(card_find(&two, EDU_VENDOR, EDU_DEVICE, 0), 4 << 3);
	strcpy((char *)one.port.machine->direct_base + 0x200000, "one");
	assert_string_equal((char *)two.port.machine->direct_base + 0x200000, "");
	bench_close(&one);
	assert_int_equal(card_find(&two, EDU_VENDOR, EDU_DEVICE, 0), 4 << 3);
	bench_close(&two);
}

static void test_a_missing_program_names_its_package(void **state)
{
	char *path = strdup(getenv("PATH"));
	struct bench bench;

	setenv("PATH", "/nonexistent", 1);
	assert_int_equal(bench_open(&bench, NULL), -ENODEV);
	setenv("PATH", path, 1);
	free(path);
	assert_non_null(strstr(bench.error, "apt-get install qemu-system-x86"));
	assert_null(strchr(bench.error, '\n'));
}

static void test_an_unusable_program_is_named(void **state)
{
	struct bench bench;

	setenv("DMAKIT_QEMU", "/bin/false", 1);
	assert_int_equal(bench_open(&bench, NULL), -EIO);
	assert_non_null(strstr(bench.error, "exited with status 1"));
	setenv("DMAKIT_QEMU", "/nonexistent/qemu", 1);
	assert_int_equal(bench_open(&bench, NULL), -ENODEV);
	assert_non_null(strstr(bench.error, "/nonexistent/qemu"));
	unsetenv("DMAKIT_QEMU");
}

static void test_wrong_devices_are_refused_in_one_line(void **state)
{
	static const struct {
		const char *device;
		int err;
		const char *says;
	} table[] = {
		{"edo", -ENOENT, "no device \"edo\"; it has: edu, AC97"},
		{"zzzzzzzzzz", -ENOENT, "no device \"zzzzzzzzzz\"; it has: AC97"},
		{"edu,colour=red", -EINVAL, "colour"},
		{"edu,dma_mask=many", -EINVAL, "dma_mask"},
		{"edu,addr=1f", -EINVAL, "slot 31"},
		{"", -ENOENT, "it has: "},
	};
	unsigned int fds = count_entries("/proc/self/fd"), i;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct bench bench;
		int err = bench_open(&bench, DEVICES(table[i].device));

		if (!err)
			bench_close(&bench);
		if (err != table[i].err || !strstr(bench.error, table[i].says) ||
		    strchr(bench.error, '\n'))
			fail_msg("%s: %d \"%s\"", table[i].device, err, bench.error);
		assert_int_equal(bench.deaths, 0);
	}
	assert_int_equal(count_entries("/proc/self/fd"), fds);
}

static void test_a_comma_in_a_value_stays_in_it(void **state)
{
	struct bench bench;
	struct dmk_device_request request = {
		.model = "edu",
		.property = {{"id", "a"}, {"dma_mask", "1,addr=7"}},
		.nr_properties = 2,
	};
	struct dmk_machine_config config = {.machine = "qemu",
					    .devices = &request,
					    .nr_devices = 1};

	assert_int_equal(dmk_qemu_open(&config, &bench.port, bench.error, sizeof(bench.error)),
			 -EINVAL);
	assert_non_null(strstr(bench.error, "dma_mask"));
}

/* --- the description -------------------------------------------------------------------------- */

static void test_the_description_is_that_of_a_coherent_pc(void **state)
{
	struct bench bench;
	const struct dmk_machine *machine;
	uint64_t end = 0;
	unsigned int i;

	open_or_fail(&bench, NULL);
	machine = bench.port.machine;
	assert_string_equal(machine->name, "qemu");
	assert_int_equal(machine->caps & (DMK_CAP_SEES_DMA | DMK_CAP_PORT_IO), DMK_CAP_PORT_IO);
	assert_int_equal(machine->cache_line, 1);
	assert_string_equal(machine->bootargs, "");
	for (i = 0; i < machine->nr_memory; i++) {
		const struct dmk_memory *memory = &machine->memory[i];

		assert_true(memory->first.v >= end);
		assert_int_equal((memory->first.v | memory->size) % DMK_PAGE_SIZE, 0);
		end = memory->first.v + memory->size;
		assert_true(end <= 0xa0000 || memory->first.v >= 0x100000);
		assert_true(end - 1 <= machine->direct_last.v);
	}
	assert_true(end > 1ULL << 32);
	bench_close(&bench);
}

static void test_both_ends_of_each_run_of_ram_are_the_same_bytes_in_qemu(void **state)
{
	struct bench bench;
	unsigned int i, end;

	open_or_fail(&bench, NULL);
	for (i = 0; i < bench.port.machine->nr_memory; i++) {
		const struct dmk_memory *memory = &bench.port.machine->memory[i];

		for (end = 0; end < 2; end++) {
			dmk_phys phys = DMK_PHYS(memory->first.v + (end ? memory->size - 8 : 0));
			volatile uint64_t *word =
				(void *)((char *)bench.port.machine->direct_base + phys.v);

			*word = 0x1122334455667788ULL + i * 16 + end;
			assert_int_equal(bench.port.ops->mmio_read(bench.port.ctx, phys, 8), *word);
			bench.port.ops->mmio_write(bench.port.ctx, phys, 4, 0xcafe0000 + i);
			assert_true(bench.port.ops->quiesce(bench.port.ctx, 1000000));
			assert_int_equal((uint32_t)*word, 0xcafe0000 + i);
		}
	}
	bench_close(&bench);
}

static void test_MEM_01_a_view_shows_scattered_pages_side_by_side(void **state)
{
	static const uint64_t page[] = {0x200000, 0x201000, 0x100000000, 0x1fffffff000 & 0x1fffe000,
					0x100001000};
	enum { PAGES = sizeof(page) / sizeof(*page) };
	dmk_phys pages[PAGES], nowhere = DMK_PHYS(0x30000000);
	struct bench bench;
	unsigned int i;
	char *view;

	open_or_fail(&bench, NULL);
	for (i = 0; i < PAGES; i++) {
		pages[i] = DMK_PHYS(page[i]);
		memset((char *)bench.port.machine->direct_base + page[i], 'a' + i, DMK_PAGE_SIZE);
	}
	view = bench.port.ops->view_map(bench.port.ctx, pages, PAGES, DMK_VIEW_CACHED);
	assert_non_null(view);
	for (i = 0; i < PAGES * DMK_PAGE_SIZE; i++)
		assert_int_equal(view[i], 'a' + i / DMK_PAGE_SIZE);
	view[2 * DMK_PAGE_SIZE] = '!';
	assert_int_equal(*((char *)bench.port.machine->direct_base + page[2]), '!');
	bench.port.ops->view_unmap(bench.port.ctx, view, PAGES);
	assert_null(bench.port.ops->view_map(bench.port.ctx, &nowhere, 1, DMK_VIEW_CACHED));
	bench_close(&bench);
}

/* --- registers -------------------------------------------------------------------------------- */

static void test_a_scan_finds_the_cards_and_not_the_machines_own(void **state)
{
	struct bench bench;
	unsigned int slot;

	open_or_fail(&bench, DEVICES("edu", "edu"));
	assert_true(card_find(&bench, EDU_VENDOR, EDU_DEVICE, 0) > 0);
	assert_true(card_find(&bench, EDU_VENDOR, EDU_DEVICE, 1) > 0);
	assert_int_equal(card_find(&bench, EDU_VENDOR, EDU_DEVICE, 2), -1);
	for (slot = 0; slot < 32; slot++)
		assert_int_not_equal(card_config(&bench, slot << 3, 0, 2), 0x1af4);
	assert_int_equal(card_config(&bench, 0x20 << 3, 0, 4), 0xffffffff);
	assert_int_equal(card_config(&bench, 9 << 3, 0, 2), 0xffff);
	assert_int_equal(card_config(&bench, card_find(&bench, EDU_VENDOR, EDU_DEVICE, 0), 4096, 4),
			 0xffffffff);
	bench_close(&bench);
}

static void test_a_placed_bar_answers_and_nothing_else_does(void **state)
{
	const struct dmk_port_ops *ops;
	struct bench bench;
	uint16_t bdf;

	open_or_fail(&bench, DEVICES("edu"));
	ops = bench.port.ops;
	bdf = card_find(&bench, EDU_VENDOR, EDU_DEVICE, 0);
	assert_int_equal(card_config(&bench, bdf, 0x10, 4), 0);
	assert_int_equal(edu_read(&bench, BASE, 0), 0xffffffff);
	card_set_config(&bench, bdf, 0x10, 4, 0xffffffff);
	assert_int_equal(card_config(&bench, bdf, 0x10, 4), 0xfff00000);

	card_place(&bench, bdf, BASE + 0x100000);
	assert_int_equal(edu_read(&bench, BASE + 0x100000, 0), EDU_ID);
	edu_write(&bench, BASE + 0x100000, 4, 0x12345678);
	assert_int_equal(edu_read(&bench, BASE + 0x100000, 4), (uint32_t)~0x12345678);
	assert_int_equal(edu_read(&bench, BASE + 0x100000, 0x24), 0);
	assert_int_equal(edu_read(&bench, BASE, 0), 0xffffffff);
	assert_int_equal(edu_read(&bench, BASE + 0x200000, 0), 0xffffffff);
	assert_int_equal(ops->mmio_read(bench.port.ctx, DMK_PHYS(BASE), 1), 0xff);
	assert_int_equal(ops->mmio_read(bench.port.ctx, DMK_PHYS(BASE), 2), 0xffff);
	assert_int_equal(ops->mmio_read(bench.port.ctx, DMK_PHYS(FAR_BASE), 8), ~0ULL);

	card_set_config(&bench, bdf, 0x04, 2, 0x4);
	assert_int_equal(edu_read(&bench, BASE + 0x100000, 0), 0xffffffff);
	bench_close(&bench);
}

static void test_a_wide_bar_answers_above_four_gigabytes(void **state)
{
	struct bench bench;
	int bdf;

	open_or_fail(&bench, DEVICES("nvme"));
	bdf = card_find(&bench, 0x1b36, 0x0010, 0);
	assert_true(bdf > 0);
	card_set_config(&bench, bdf, 0x14, 4, FAR_BASE >> 32);
	card_place(&bench, bdf, (uint32_t)FAR_BASE);
	/* Version register of the controller: NVM Express base specification, section 3.1.3. */
	assert_int_equal(edu_read(&bench, FAR_BASE, 8), 0x00010400);
	assert_int_equal(edu_read(&bench, FAR_BASE + 0x1000000, 8), 0xffffffff);
	bench_close(&bench);
}

static void test_ports_are_reached(void **state)
{
	const struct dmk_port_ops *ops;
	struct bench bench;

	open_or_fail(&bench, NULL);
	ops = bench.port.ops;
	ops->port_out(bench.port.ctx, 0xcf8, 4, 0x80000000);
	assert_int_equal(ops->port_in(bench.port.ctx, 0xcf8, 4), 0x80000000);
	assert_int_equal(ops->port_in(bench.port.ctx, 0xcfc, 4), 0x29c08086);
	assert_int_equal(ops->port_in(bench.port.ctx, 0xcfc, 2), 0x8086);
	assert_int_equal(ops->port_in(bench.port.ctx, 0xcfd, 1), 0x80);
	assert_int_equal(ops->port_in(bench.port.ctx, 0xd000, 2), 0xffff);
	bench_close(&bench);
}

static void test_posted_writes_arrive_in_order_and_before_a_read(void **state)
{
	struct bench bench;
	unsigned int i;
	uint16_t bdf;

	open_or_fail(&bench, DEVICES("edu"));
	bdf = card_find(&bench, EDU_VENDOR, EDU_DEVICE, 0);
	card_place(&bench, bdf, BASE);
	for (i = 0; i < 5000; i++) {
		edu_write(&bench, BASE, 4, i);
		if (i % 7 == 0)
			assert_int_equal(edu_read(&bench, BASE, 4), ~i);
	}
	assert_int_equal(edu_read(&bench, BASE, 4), ~(i - 1));
	bench_close(&bench);
}

struct hammer {
	struct bench *bench;
	uint64_t base;
	unsigned int wrong;
};

static void *hammer(void *arg)
{
	struct hammer *hammer = arg;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		edu_write(hammer->bench, hammer->base, 4, i * 3);
		hammer->wrong += edu_read(hammer->bench, hammer->base, 4) != ~(i * 3);
	}
	return NULL;
}

static void test_threads_get_their_own_answers(void **state)
{
	struct hammer hammers[4];
	pthread_t threads[4];
	struct bench bench;
	unsigned int i;

	open_or_fail(&bench, DEVICES("edu", "edu", "edu", "edu"));
	for (i = 0; i < 4; i++) {
		hammers[i] = (struct hammer){&bench, BASE + i * 0x100000, 0};
		card_place(&bench, card_find(&bench, EDU_VENDOR, EDU_DEVICE, i), hammers[i].base);
	}
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hammer, &hammers[i]), 0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(hammers[i].wrong, 0);
	}
	bench_close(&bench);
}

/* --- interrupts ------------------------------------------------------------------------------- */

static void test_each_slots_pin_raises_the_line_it_is_wired_to(void **state)
{
	static const unsigned int slots[] = {1, 2, 3, 4, 5, 6, 0x17, 0x18, 0x19, 0x1c, 0x1d};
	enum { SLOTS = sizeof(slots) / sizeof(*slots) };
	char text[SLOTS][32];
	const char *devices[SLOTS + 1] = {NULL};
	struct bench bench;
	unsigned int i, irq, other;

	for (i = 0; i < SLOTS; i++) {
		snprintf(text[i], sizeof(*text), "edu,addr=%x", slots[i]);
		devices[i] = text[i];
	}
	open_or_fail(&bench, devices);
	for (irq = 1; irq < bench.port.machine->nr_irqs; irq++)
		bench.port.ops->irq_enable(bench.port.ctx, irq, true);
	for (i = 0; i < SLOTS; i++) {
		uint16_t bdf = slots[i] << 3;

		memset(bench.ups, 0, sizeof(bench.ups));
		memset(bench.downs, 0, sizeof(bench.downs));
		assert_int_equal(card_config(&bench, bdf, 0x3d, 1), 1);
		irq = bench.port.ops->intx_irq(bench.port.ctx, bdf, 1);
		card_place(&bench, bdf, BASE + i * 0x100000);
		edu_write(&bench, BASE + i * 0x100000, EDU_RAISE, 0x5);
		if (!bench_wait(&bench, &bench.ups[irq], 1))
			fail_msg("slot %x: nothing on %u", slots[i], irq);
		edu_write(&bench, BASE + i * 0x100000, EDU_ACK, 0x5);
		assert_true(bench_wait(&bench, &bench.downs[irq], 1));
		for (other = 0; other < BENCH_IRQS; other++)
			assert_int_equal(bench_count(&bench, &bench.ups[other]), other == irq);
	}
	assert_int_equal(bench.port.ops->intx_irq(bench.port.ctx, 3 << 3, 0), 0);
	assert_int_equal(bench.port.ops->intx_irq(bench.port.ctx, 3 << 3, 5), 0);
	assert_int_equal(bench.port.ops->intx_irq(bench.port.ctx, 0x100, 1), 0);
	bench_close(&bench);
}

static void test_a_level_that_is_up_is_delivered_when_enabled(void **state)
{
	struct bench bench;
	unsigned int irq;
	uint16_t bdf;

	open_or_fail(&bench, DEVICES("edu"));
	bdf = card_find(&bench, EDU_VENDOR, EDU_DEVICE, 0);
	irq = bench.port.ops->intx_irq(bench.port.ctx, bdf, 1);
	card_place(&bench, bdf, BASE);
	edu_write(&bench, BASE, EDU_RAISE, 1);
	assert_int_equal(edu_read(&bench, BASE, 0x24), 1);
	usleep(20000);
	assert_int_equal(bench_count(&bench, &bench.ups[irq]), 0);
	bench.port.ops->irq_enable(bench.port.ctx, irq, true);
	assert_true(bench_wait(&bench, &bench.ups[irq], 1));
	bench.port.ops->irq_enable(bench.port.ctx, irq, false);
	bench.port.ops->irq_enable(bench.port.ctx, irq, true);
	assert_true(bench_wait(&bench, &bench.ups[irq], 2));
	bench_close(&bench);
}

/* As a handler does that leaves the card to a thread: off, quietened, on again. */
static void test_a_level_that_falls_while_disabled_is_known_to_be_down(void **state)
{
	struct bench bench;
	unsigned int irq, i;
	uint16_t bdf;

	open_or_fail(&bench, DEVICES("edu"));
	bdf = card_find(&bench, EDU_VENDOR, EDU_DEVICE, 0);
	irq = bench.port.ops->intx_irq(bench.port.ctx, bdf, 1);
	card_place(&bench, bdf, BASE);
	for (i = 1; i <= 20; i++) {
		bench.port.ops->irq_enable(bench.port.ctx, irq, true);
		edu_write(&bench, BASE, EDU_RAISE, 1);
		assert_true(bench_wait(&bench, &bench.ups[irq], i));
		bench.port.ops->irq_enable(bench.port.ctx, irq, false);
		edu_write(&bench, BASE, EDU_ACK, 1);
		assert_true(bench_wait(&bench, &bench.downs[irq], i));
	}
	bench_close(&bench);
}

static void set_message(struct bench *bench, uint16_t bdf, const struct dmk_msi_message *message)
{
	unsigned int at = card_capability(bench, bdf, 0x05);

	assert_int_not_equal(at, 0);
	assert_int_equal(card_config(bench, bdf, at + 2, 2) & 0x80, 0x80);
	card_set_config(bench, bdf, at + 4, 4, message->address);
	card_set_config(bench, bdf, at + 8, 4, message->address >> 32);
	card_set_config(bench, bdf, at + 12, 2, message->data);
	card_set_config(bench, bdf, at + 2, 2, card_config(bench, bdf, at + 2, 2) | 1);
}

static void set_clock(struct bench *bench, uint8_t reg, uint8_t value)
{
	bench->port.ops->port_out(bench->port.ctx, 0x70, 1, reg);
	bench->port.ops->port_out(bench->port.ctx, 0x71, 1, value);
}

/*
 * The clock's line stays up until it is read. On a PC's old lines that is nothing new: a handler
 * that has not looked at it is not called again.
 */
static void test_an_old_line_is_told_of_once_a_rise(void **state)
{
	enum { CLOCK_IRQ = 8, REG_B = 0xb, PERIODIC = 0x42, REG_C = 0xc };
	struct bench bench;

	open_or_fail(&bench, NULL);
	bench.port.ops->irq_enable(bench.port.ctx, CLOCK_IRQ, true);
	set_clock(&bench, REG_B, PERIODIC);
	assert_true(bench_wait(&bench, &bench.edges[CLOCK_IRQ], 1));
	usleep(5000);
	assert_int_equal(bench_count(&bench, &bench.edges[CLOCK_IRQ]), 1);
	bench.port.ops->port_out(bench.port.ctx, 0x70, 1, REG_C);
	bench.port.ops->port_in(bench.port.ctx, 0x71, 1);
	assert_true(bench_wait(&bench, &bench.edges[CLOCK_IRQ], 2));
	assert_int_equal(bench_count(&bench, &bench.ups[CLOCK_IRQ]), 0);
	bench_close(&bench);
}

static void test_a_message_arrives_as_the_number_it_was_allocated_with(void **state)
{
	struct dmk_msi_message message[4];
	struct bench bench;
	int first, irq;
	uint16_t bdf;

	open_or_fail(&bench, DEVICES("edu"));
	bdf = card_find(&bench, EDU_VENDOR, EDU_DEVICE, 0);
	card_place(&bench, bdf, BASE);
	first = bench.port.ops->msi_alloc(bench.port.ctx, bdf, 3, false, message);
	irq = bench.port.ops->msi_alloc(bench.port.ctx, bdf, 1, true, message + 3);
	assert_true(first > 0 && irq > 0 && (irq < first || irq >= first + 3));
	set_message(&bench, bdf, &message[3]);

	edu_write(&bench, BASE, EDU_RAISE, 1);
	assert_int_equal(edu_read(&bench, BASE, 0x24), 1);
	usleep(20000);
	assert_int_equal(bench_count(&bench, &bench.edges[irq]), 0);
	bench.port.ops->irq_enable(bench.port.ctx, irq, true);
	assert_true(bench_wait(&bench, &bench.edges[irq], 1));
	edu_write(&bench, BASE, EDU_ACK, 1);
	edu_write(&bench, BASE, EDU_RAISE, 2);
	assert_true(bench_wait(&bench, &bench.edges[irq], 2));
	assert_int_equal(bench.ups[bench.port.ops->intx_irq(bench.port.ctx, bdf, 1)], 0);

	/* A message to a number that was given back is nobody's. */
	bench.port.ops->msi_free(bench.port.ctx, irq, 1);
	edu_write(&bench, BASE, EDU_ACK, 2);
	edu_write(&bench, BASE, EDU_RAISE, 4);
	assert_int_equal(edu_read(&bench, BASE, 0x24), 4);
	usleep(20000);
	assert_int_equal(bench_count(&bench, &bench.edges[irq]), 2);
	bench_close(&bench);
}

static void test_messages_are_allocated_aligned_and_run_out(void **state)
{
	struct dmk_msi_message message[256];
	const struct dmk_port_ops *ops;
	struct bench bench;
	void *ctx;
	int first;

	open_or_fail(&bench, NULL);
	ops = bench.port.ops;
	ctx = bench.port.ctx;
	assert_true(ops->msi_alloc(ctx, 0, 1, true, message) > 0);
	first = ops->msi_alloc(ctx, 0, 5, true, message);
	assert_true(first > 0);
	assert_int_equal(message[0].data % 8, 0);
	assert_int_equal(message[4].data, message[0].data + 4);
	assert_true(message[4].data < 0x10000);
	assert_int_equal(ops->msi_alloc(ctx, 0, 256, false, message), -ENOSPC);
	assert_int_equal(ops->msi_alloc(ctx, 0, 0, false, message), -ENOSPC);
	while (ops->msi_alloc(ctx, 0, 1, false, message) > 0)
		;
	assert_int_equal(ops->msi_alloc(ctx, 0, 1, false, message), -ENOSPC);
	ops->msi_free(ctx, first, 5);
	assert_int_equal(ops->msi_alloc(ctx, 0, 5, true, message), first);
	bench_close(&bench);
}

/* --- DMA -------------------------------------------------------------------------------------- */

static void fill(unsigned char *bytes, size_t size, unsigned int seed)
{
	while (size--) {
		seed = seed * 1664525 + 1013904223;
		*bytes++ = seed >> 24;
	}
}

static void check_dma(struct bench *bench, uint64_t out, uint64_t in, uint32_t size)
{
	unsigned char *ram = bench->port.machine->direct_base;
	uint32_t i;

	fill(ram + out, size, size);
	memset(ram + in - 1, 0xee, size + 2);
	assert_true(edu_transfer(bench, BASE, out, EDU_CARD, size, 0));
	assert_true(edu_transfer(bench, BASE, EDU_CARD, in, size, EDU_TO_MEMORY | EDU_INTERRUPT));
	for (i = 0; i < size; i++)
		assert_int_equal(ram[in + i], ram[out + i]);
	assert_int_equal(ram[in - 1], 0xee);
	assert_int_equal(ram[in + size], 0xee);
}

static void test_a_card_reads_and_writes_our_memory_byte_for_byte(void **state)
{
	struct bench bench;

	open_or_fail(&bench, DEVICES("edu,dma_mask=0xffffffffffffffff"));
	card_place(&bench, card_find(&bench, EDU_VENDOR, EDU_DEVICE, 0), BASE);
	check_dma(&bench, 0x200000, 0x300001, 4095);
	check_dma(&bench, 0x200003, 0x1ffff001, 1);
	check_dma(&bench, 0x100000000, 0x11ffff803, 1021);
	bench_close(&bench);
}

static void test_MSK_01_a_card_of_28_bits_drops_the_bits_above(void **state)
{
	struct bench bench;
	unsigned char *ram;

	open_or_fail(&bench, DEVICES("edu"));
	ram = bench.port.machine->direct_base;
	card_place(&bench, card_find(&bench, EDU_VENDOR, EDU_DEVICE, 0), BASE);
	memset(ram + 0x200000, 'a', 16);
	assert_true(edu_transfer(&bench, BASE, 0x200000, EDU_CARD, 16, 0));
	assert_true(edu_transfer(&bench, BASE, EDU_CARD, 0x10000000 + 0x300000, 16, EDU_TO_MEMORY));
	assert_int_equal(ram[0x10000000 + 0x300000], 0);
	assert_int_equal(ram[0x300000], 'a');
	bench_close(&bench);
}

static void test_a_card_that_is_no_bus_master_reaches_nothing(void **state)
{
	struct bench bench;
	unsigned char *ram;
	uint16_t bdf;

	open_or_fail(&bench, DEVICES("edu"));
	ram = bench.port.machine->direct_base;
	bdf = card_find(&bench, EDU_VENDOR, EDU_DEVICE, 0);
	card_place(&bench, bdf, BASE);
	memset(ram + 0x200000, 'a', 16);
	assert_true(edu_transfer(&bench, BASE, 0x200000, EDU_CARD, 16, 0));
	card_set_config(&bench, bdf, 0x04, 2, 0x2);
	assert_true(edu_transfer(&bench, BASE, EDU_CARD, 0x300000, 16, EDU_TO_MEMORY));
	assert_int_equal(ram[0x300000], 0);
	bench_close(&bench);
}

/* --- death ------------------------------------------------------------------------------------ */

static void check_dead(struct bench *bench)
{
	const struct dmk_port_ops *ops = bench->port.ops;
	void *ctx = bench->port.ctx;

	assert_int_equal(ops->mmio_read(ctx, DMK_PHYS(BASE), 4), 0xffffffff);
	assert_int_equal(ops->mmio_read(ctx, DMK_PHYS(BASE), 8), ~0ULL);
	assert_int_equal(ops->port_in(ctx, 0xcf8, 1), 0xff);
	assert_int_equal(ops->config_read(ctx, 0, 0, 2), 0xffff);
	ops->mmio_write(ctx, DMK_PHYS(BASE), 4, 1);
	ops->port_out(ctx, 0xcf8, 4, 0);
	ops->config_write(ctx, 0, 4, 2, 0);
	ops->irq_enable(ctx, 20, true);
	assert_true(ops->quiesce(ctx, 1000000));
}

static void *reads_until_dead(void *arg)
{
	struct bench *bench = arg;
	uint32_t value;

	do {
		edu_write(bench, BASE, 4, 0);
		value = edu_read(bench, BASE, 0);
	} while (value == EDU_ID);
	return (void *)(uintptr_t)value;
}

static void test_a_killed_qemu_is_reported_and_hangs_nobody(void **state)
{
	pthread_t readers[3];
	struct bench bench;
	void *last;
	double begun;
	unsigned int i;

	open_or_fail(&bench, DEVICES("edu"));
	card_place(&bench, card_find(&bench, EDU_VENDOR, EDU_DEVICE, 0), BASE);
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, reads_until_dead, &bench), 0);
	usleep(20000);
	begun = now();
	assert_int_equal(kill(bench_qemu(), SIGKILL), 0);
	for (i = 0; i < 3; i++) {
		pthread_join(readers[i], &last);
		assert_int_equal((uintptr_t)last, 0xffffffff);
	}
	assert_true(bench_wait(&bench, &bench.deaths, 1));
	assert_true(now() - begun < 2);
	assert_non_null(strstr(bench.death, "killed by signal 9"));
	check_dead(&bench);
	bench_close(&bench);
	assert_int_equal(bench.deaths, 1);
}

static void test_an_idle_machine_too_hears_of_qemus_end(void **state)
{
	struct bench bench;

	open_or_fail(&bench, NULL);
	assert_int_equal(kill(bench_qemu(), SIGTERM), 0);
	assert_true(bench_wait(&bench, &bench.deaths, 1));
	check_dead(&bench);
	bench_close(&bench);
}

static void test_an_abort_of_qemus_is_reported_with_its_words(void **state)
{
	struct bench bench;

	open_or_fail(&bench, DEVICES("edu"));
	card_place(&bench, card_find(&bench, EDU_VENDOR, EDU_DEVICE, 0), BASE);
	edu_transfer(&bench, BASE, 0x200000, EDU_CARD, 0x10000, 0);
	assert_true(bench_wait(&bench, &bench.deaths, 1));
	assert_non_null(strstr(bench.death, "signal 6"));
	assert_non_null(strstr(bench.death, "EDU: DMA range"));
	assert_null(strchr(bench.death, '\n'));
	check_dead(&bench);
	bench_close(&bench);
}

/* --- the table of models ---------------------------------------------------------------------- */

static void test_each_known_model_has_the_id_it_is_known_by(void **state)
{
	const char *devices[32] = {NULL}, *name;
	struct bench bench;
	unsigned int n, slot;

	for (n = 0; (name = dmk_qemu_model_for("qemu", 0, n)); n++)
		devices[n] = name;
	assert_true(n > 3 && n < 29);
	open_or_fail(&bench, devices);
	for (slot = 1; slot < 0x1e; slot++) {
		uint32_t id = card_config(&bench, slot << 3, 0, 4);

		if (id == 0xffffffff)
			continue;
		name = dmk_qemu_model_for("qemu", id & 0xffff, id >> 16);
		if (!name)
			fail_msg("%08x in slot %x is none of the table", id, slot);
		for (n = 0; devices[n] && strcmp(devices[n], name); n++)
			;
		assert_non_null(devices[n]);
		devices[n] = "seen";
	}
	for (n = 0; devices[n]; n++)
		assert_string_equal(devices[n], "seen");
	assert_null(dmk_qemu_model_for("qemu", 0xdead, 0xbeef));
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_twenty_lives_leave_nothing_behind),
		cmocka_unit_test(test_two_machines_live_side_by_side),
		cmocka_unit_test(test_a_missing_program_names_its_package),
		cmocka_unit_test(test_an_unusable_program_is_named),
		cmocka_unit_test(test_wrong_devices_are_refused_in_one_line),
		cmocka_unit_test(test_a_comma_in_a_value_stays_in_it),
		cmocka_unit_test(test_the_description_is_that_of_a_coherent_pc),
		cmocka_unit_test(test_both_ends_of_each_run_of_ram_are_the_same_bytes_in_qemu),
		cmocka_unit_test(test_MEM_01_a_view_shows_scattered_pages_side_by_side),
		cmocka_unit_test(test_a_scan_finds_the_cards_and_not_the_machines_own),
		cmocka_unit_test(test_a_placed_bar_answers_and_nothing_else_does),
		cmocka_unit_test(test_a_wide_bar_answers_above_four_gigabytes),
		cmocka_unit_test(test_ports_are_reached),
		cmocka_unit_test(test_posted_writes_arrive_in_order_and_before_a_read),
		cmocka_unit_test(test_threads_get_their_own_answers),
		cmocka_unit_test(test_each_slots_pin_raises_the_line_it_is_wired_to),
		cmocka_unit_test(test_a_level_that_is_up_is_delivered_when_enabled),
		cmocka_unit_test(test_a_level_that_falls_while_disabled_is_known_to_be_down),
		cmocka_unit_test(test_an_old_line_is_told_of_once_a_rise),
		cmocka_unit_test(test_a_message_arrives_as_the_number_it_was_allocated_with),
		cmocka_unit_test(test_messages_are_allocated_aligned_and_run_out),
		cmocka_unit_test(test_a_card_reads_and_writes_our_memory_byte_for_byte),
		cmocka_unit_test(test_MSK_01_a_card_of_28_bits_drops_the_bits_above),
		cmocka_unit_test(test_a_card_that_is_no_bus_master_reaches_nothing),
		cmocka_unit_test(test_a_killed_qemu_is_reported_and_hangs_nobody),
		cmocka_unit_test(test_an_idle_machine_too_hears_of_qemus_end),
		cmocka_unit_test(test_an_abort_of_qemus_is_reported_with_its_words),
		cmocka_unit_test(test_each_known_model_has_the_id_it_is_known_by),
	};

	return cmocka_run_group_tests_name("qemu machine", tests, NULL, NULL);
}
