// SPDX-License-Identifier: MIT
/*
 * QEMU's boards without PCI through their bare port: what they say of themselves, and that their
 * memory, registers and interrupts are where they say. The q35 has a file of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench_card.h"

static const char *const boards[] = {"qemu-zcu102", "qemu-zynq"};

enum { BOARDS = sizeof(boards) / sizeof(*boards) };

static void open_or_fail(struct bench *bench, const char *board)
{
	int err = bench_open_board(bench, board, NULL);

	if (err)
		fail_msg("%d: %s", err, bench->error);
}

static uint32_t reg_read(struct bench *bench, uint64_t address)
{
	return bench->port.ops->mmio_read(bench->port.ctx, DMK_PHYS(address), 4);
}

static void reg_write(struct bench *bench, uint64_t address, uint32_t value)
{
	bench->port.ops->mmio_write(bench->port.ctx, DMK_PHYS(address), 4, value);
}

static char *memory(struct bench *bench, uint64_t phys)
{
	return (char *)bench->port.machine->direct_base + phys;
}

/* --- what they say ---------------------------------------------------------------------------- */

/* Memory begins and ends where it says, in QEMU too. */
static void look_at_ram(struct bench *bench, const struct dmk_memory *ram)
{
	const uint64_t word[] = {ram->first.v, ram->first.v + ram->size - 4};

	for (unsigned int i = 0; i < 2; i++) {
		memcpy(memory(bench, word[i]), "word", 4);
		reg_write(bench, word[i] ^ 4, 0xcafe0000 + i);
		assert_memory_equal(&(uint32_t){reg_read(bench, word[i])}, "word", 4);
		assert_memory_equal(memory(bench, word[i] ^ 4), &(uint32_t){0xcafe0000 + i}, 4);
	}
}

static void test_a_board_is_what_it_says(void **state)
{
	for (unsigned int i = 0; i < BOARDS; i++) {
		struct bench bench;
		const struct dmk_machine *machine;

		open_or_fail(&bench, boards[i]);
		machine = bench.port.machine;
		assert_string_equal(machine->name, boards[i]);
		assert_null(machine->pci);
		assert_null(machine->isa);
		assert_int_equal(machine->caps & (DMK_CAP_PORT_IO | DMK_CAP_ISA_DMA), 0);
		for (unsigned int n = 0; n < machine->nr_memory; n++)
			look_at_ram(&bench, &machine->memory[n]);
		bench_close(&bench);
		assert_int_equal(bench.deaths, 0);
		assert_int_equal(bench_qemu(), 0);
	}
}

/* There is neither, and whoever asks is told so instead of ending QEMU. */
static void test_without_pci_and_ports_there_is_nobody(void **state)
{
	struct dmk_msi_message message;
	struct bench bench;

	open_or_fail(&bench, "qemu-zynq");
	assert_int_equal(card_config(&bench, 1 << 3, 0, 4), ~0u);
	card_set_config(&bench, 1 << 3, 4, 2, 6);
	assert_int_equal(bench.port.ops->intx_irq(bench.port.ctx, 1 << 3, 1), 0);
	assert_int_equal(bench.port.ops->msi_alloc(bench.port.ctx, 1 << 3, 1, false, &message),
			 -ENOSPC);
	assert_int_equal(bench.port.ops->port_in(bench.port.ctx, 0x80, 1), 0xff);
	bench.port.ops->port_out(bench.port.ctx, 0x80, 1, 0);
	assert_true(bench.port.ops->quiesce(bench.port.ctx, 1000));
	bench_close(&bench);
	assert_int_equal(bench.deaths, 0);
}

static void test_devices_are_described_as_in_a_devicetree(void **state)
{
	const struct dmk_platform_device *device;
	const unsigned char *cells;
	struct bench bench;
	size_t size;

	open_or_fail(&bench, "qemu-zcu102");
	assert_int_equal(bench.port.machine->nr_platform, 16);
	device = &bench.port.machine->platform[8];
	assert_string_equal(device->name, "ffa80000.dma-controller");
	assert_string_equal(device->compatible[0], "xlnx,zynqmp-dma-1.0");
	assert_int_equal(device->reg[0].first.v, 0xffa80000);
	assert_int_equal(device->irq[0], 32 + 77);
	assert_true(device->dma->coherent);
	cells = device->property(device, "xlnx,bus-width", &size);
	assert_int_equal(size, 4);
	assert_memory_equal(cells, "\0\0\0\100", 4);
	assert_null(device->property(device, "no-such-thing", &size));
	assert_int_equal(size, 0);
	bench_close(&bench);
}

static void test_the_old_pc_has_an_isa_bus_and_ports(void **state)
{
	const struct dmk_machine *machine;
	struct bench bench;

	assert_int_equal(bench_open_board(&bench, "qemu-pc", (const char *const[]){"sb16", NULL}),
			 0);
	machine = bench.port.machine;
	assert_null(machine->pci);
	assert_non_null(machine->isa);
	assert_int_equal(machine->caps, DMK_CAP_PORT_IO | DMK_CAP_ISA_DMA);
	for (unsigned int n = 0; n < machine->nr_memory; n++)
		look_at_ram(&bench, &machine->memory[n]);
	/* The mixer of the Sound Blaster says which channels it has: 1 and 5. */
	bench.port.ops->port_out(bench.port.ctx, 0x224, 1, 0x81);
	assert_int_equal(bench.port.ops->port_in(bench.port.ctx, 0x225, 1), 1 << 1 | 1 << 5);
	bench_close(&bench);
	assert_int_equal(bench.deaths, 0);
	assert_int_equal(bench_open_board(&bench, "qemu-pc", (const char *const[]){"sb17", NULL}),
			 -ENOENT);
	assert_non_null(strstr(bench.error,
			       "QEMU has no device \"sb17\"; this board has an ISA bus, "
			       "for: sb16, fdc"));
}

static void sb16_raises(struct bench *bench)
{
	bench->port.ops->port_out(bench->port.ctx, 0x22c, 1, 0xf2);
}

static void sb16_is_acknowledged(struct bench *bench)
{
	bench->port.ops->port_in(bench->port.ctx, 0x22e, 1);
}

static void test_a_line_of_the_old_pc_is_seen_when_it_rises(void **state)
{
	struct bench bench;

	assert_int_equal(bench_open_board(&bench, "qemu-pc", (const char *const[]){"sb16", NULL}),
			 0);
	bench.port.ops->irq_enable(bench.port.ctx, 5, true);
	for (unsigned int i = 1; i <= 3; i++) {
		sb16_raises(&bench);
		assert_true(bench_wait(&bench, &bench.edges[5], i));
		sb16_raises(&bench);
		sb16_is_acknowledged(&bench);
	}
	/* What nobody heard of is taken back. */
	bench.port.ops->irq_enable(bench.port.ctx, 5, false);
	sb16_raises(&bench);
	sb16_is_acknowledged(&bench);
	bench.port.ops->irq_enable(bench.port.ctx, 5, true);
	sb16_raises(&bench);
	assert_true(bench_wait(&bench, &bench.edges[5], 4));
	assert_int_equal(bench_count(&bench, &bench.edges[5]), 4);
	assert_int_equal(bench_count(&bench, &bench.ups[5]), 0);
	bench_close(&bench);
	assert_int_equal(bench.deaths, 0);
}

static void test_a_missing_program_names_its_package(void **state)
{
	char *path = strdup(getenv("PATH"));
	struct bench bench;

	setenv("PATH", "/nonexistent", 1);
	for (unsigned int i = 0; i < BOARDS; i++) {
		assert_int_equal(bench_open_board(&bench, boards[i], NULL), -ENODEV);
		assert_int_equal(strncmp(bench.error, boards[i], strlen(boards[i])), 0);
		assert_non_null(strstr(bench.error, "apt-get install qemu-system-arm"));
	}
	setenv("PATH", path, 1);
	free(path);
}

/* Another program for one board is none for the others. */
static void test_each_program_has_a_variable_of_its_own(void **state)
{
	struct bench bench;

	setenv("DMAKIT_QEMU", "/nonexistent/x86", 1);
	setenv("DMAKIT_QEMU_AARCH64", "/nonexistent/aarch64", 1);
	assert_int_equal(bench_open_board(&bench, "qemu-zcu102", NULL), -ENODEV);
	assert_non_null(strstr(bench.error, "/nonexistent/aarch64 (from DMAKIT_QEMU_AARCH64)"));
	open_or_fail(&bench, "qemu-zynq");
	bench_close(&bench);
	unsetenv("DMAKIT_QEMU");
	unsetenv("DMAKIT_QEMU_AARCH64");
}

static void test_cards_can_not_be_plugged_in(void **state)
{
	struct bench bench;

	assert_int_equal(bench_open_board(&bench, "qemu-zynq", (const char *const[]){"edu", NULL}),
			 -EINVAL);
	assert_non_null(strstr(bench.error, "qemu-zynq: -device edu: No 'PCI' bus found"));
	assert_int_equal(bench_open_board(&bench, "qemu-zynq", (const char *const[]){"edo", NULL}),
			 -ENOENT);
	assert_non_null(strstr(bench.error, "soldered"));
}

/* --- interrupts ------------------------------------------------------------------------------- */

enum {
	ZDMA_ISR = 0x100,
	ZDMA_IEN = 0x108,
	ZDMA_SRC = 0x128,
	ZDMA_DST = 0x138,
	ZDMA_CTRL2 = 0x200,
	ZDMA_DONE = 1 << 10
};

static void zdma_copy(struct bench *bench, uint64_t base, uint64_t from, uint64_t to, uint32_t size)
{
	const uint64_t end[] = {from, to};

	reg_write(bench, base + ZDMA_IEN, ZDMA_DONE);
	for (unsigned int i = 0; i < 2; i++) {
		const uint64_t at = base + (i ? ZDMA_DST : ZDMA_SRC);

		reg_write(bench, at, end[i]);
		reg_write(bench, at + 4, end[i] >> 32);
		reg_write(bench, at + 8, size);
		reg_write(bench, at + 12, 0);
	}
	reg_write(bench, base + ZDMA_CTRL2, 1);
}

/* The controller's end of a copy comes as the interrupt that its description has. */
static void test_a_line_of_the_controller_reaches_us(void **state)
{
	const uint64_t from = 0x100000, to = 0x800000000ULL + 0x3000;
	struct bench bench;

	open_or_fail(&bench, "qemu-zcu102");
	for (unsigned int i = 0; i < 16; i += 15) {
		const struct dmk_platform_device *device = &bench.port.machine->platform[i];
		const uint64_t base = device->reg[0].first.v;
		const unsigned int irq = device->irq[0];

		bench.port.ops->irq_enable(bench.port.ctx, irq, true);
		memset(memory(&bench, from), 'a' + i, 5000);
		zdma_copy(&bench, base, from, to, 5000);
		assert_true(bench_wait(&bench, &bench.ups[irq], 1));
		assert_memory_equal(memory(&bench, from), memory(&bench, to), 5000);
		assert_int_equal(*memory(&bench, to + 5000), 0);
		reg_write(&bench, base + ZDMA_ISR, ZDMA_DONE);
		assert_true(bench_wait(&bench, &bench.downs[irq], 1));
		assert_int_equal(bench_count(&bench, &bench.edges[irq]), 0);
	}
	bench_close(&bench);
	assert_int_equal(bench.deaths, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_board_is_what_it_says),
		cmocka_unit_test(test_without_pci_and_ports_there_is_nobody),
		cmocka_unit_test(test_devices_are_described_as_in_a_devicetree),
		cmocka_unit_test(test_the_old_pc_has_an_isa_bus_and_ports),
		cmocka_unit_test(test_a_line_of_the_old_pc_is_seen_when_it_rises),
		cmocka_unit_test(test_a_missing_program_names_its_package),
		cmocka_unit_test(test_each_program_has_a_variable_of_its_own),
		cmocka_unit_test(test_cards_can_not_be_plugged_in),
		cmocka_unit_test(test_a_line_of_the_controller_reaches_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
