/* SPDX-License-Identifier: MIT */
/*
 * Cards in the simulated machine: configuration space, BARs, interrupts of each kind, DMA through
 * windows, the registers of edu and lab, timers and quiet.
 */
#include "bench.h"

#include <dmakit/lab.h>

#include <errno.h>
#include <pthread.h>

enum {
	COMMAND = 4,
	STATUS = 6,
	MASTER = 4,
	MEMORY = 2,
	INTX_OFF = 0x400,
	CAP_MSI = 5,
	CAP_MSIX = 0x11,
	CAP_AF = 0x13,
};

static uint16_t bdf;
static uint64_t regs, buffer;

static void open_lab(const char *machine)
{
	bench_open(machine, "lab", NULL);
	bdf = bench_card(0x1234, 0x11e9);
	regs = bench_bar(bdf, 0);
	buffer = bench_bar(bdf, 1);
}

static void open_edu(const char *machine)
{
	bench_open(machine, "edu", NULL);
	bdf = bench_card(0x1234, 0x11e8);
	regs = bench_bar(bdf, 0);
}

static uint32_t get(unsigned int reg)
{
	return bench_read(regs + reg, 4);
}

static void set(unsigned int reg, uint32_t value)
{
	bench_write(regs + reg, 4, value);
}

static void lab_go(uint64_t dma, uint32_t length, uint32_t command)
{
	bench_write(regs + DMK_LAB_ADDRESS, 8, dma);
	set(DMK_LAB_LENGTH, length);
	set(DMK_LAB_COMMAND, DMK_LAB_START | command);
}

static void enable(unsigned int irq, bool on)
{
	bench.port.ops->irq_enable(bench.port.ctx, irq, on);
}

static uint64_t pci_dma(uint64_t phys)
{
	return bench_dma(bench.machine->pci->dma, phys);
}

/* --- configuration space ---------------------------------------------------------------------- */

static void test_a_BAR_tells_its_size_to_who_writes_ones(void **state)
{
	open_lab("pc");
	bench_config_set(bdf, COMMAND, 2, 0);
	bench_config_set(bdf, 0x10, 4, 0xffffffff);
	assert_int_equal(bench_config(bdf, 0x10, 4), 0xfffff000);
	bench_config_set(bdf, 0x14, 4, 0xffffffff);
	bench_config_set(bdf, 0x18, 4, 0xffffffff);
	assert_int_equal(bench_config(bdf, 0x14, 4), 0xffff000c);
	assert_int_equal(bench_config(bdf, 0x18, 4), 0xffffffff);
	/* the MSI-X table has the first register that the model leaves free; the others are none */
	bench_config_set(bdf, 0x1c, 4, 0xffffffff);
	assert_int_equal(bench_config(bdf, 0x1c, 4), 0xfffff000);
	bench_config_set(bdf, 0x20, 4, 0xffffffff);
	assert_int_equal(bench_config(bdf, 0x20, 4), 0);
	bench_config_set(bdf, 0x30, 4, 0xffffffff);
	assert_int_equal(bench_config(bdf, 0x30, 4), 0);
	bench_close();
}

static void test_what_is_read_only_stays_and_what_is_absent_reads_as_ones(void **state)
{
	open_lab("pc");
	bench_config_set(bdf, 0, 4, 0);
	assert_int_equal(bench_config(bdf, 0, 4), 0x11e91234);
	assert_int_equal(bench_config(bdf, 2, 1), 0xe9);
	assert_int_equal(bench_config(bdf, 8, 4), 0x00ff0001);
	bench_config_set(bdf, 0x3c, 1, 0x5a);
	assert_int_equal(bench_config(bdf, 0x3c, 2), 0x015a);
	assert_int_equal(bench_config(bdf, 0x100, 4), 0);
	assert_int_equal(bench_config(bdf, 4096, 4), 0xffffffff);
	assert_int_equal(bench_config(bdf, 4094, 4), 0xffffffff);
	assert_int_equal(bench_config(bdf + 1, 0, 4), 0xffffffff);
	assert_int_equal(bench_config(bdf + 8, 0, 2), 0xffff);
	assert_int_equal(bench_config(bdf + 0x100, 0, 4), 0xffffffff);
	bench_config_set(bdf + 8, 4, 4, 7);
	bench_close();
}

static void test_ADR_03_a_BAR_answers_where_the_host_bridge_puts_it(void **state)
{
	for (unsigned int i = 0; i < BENCH_PROFILES; i++) {
		open_lab(bench_profiles[i]);
		assert_int_equal(get(0), 0x0001ab00);
		set(4, 0x12345678);
		assert_int_equal(get(4), 0x12345678);
		assert_int_equal(bench_read(regs + 4096 * 64 * 1024ULL, 4), 0xffffffff);
		bench_config_set(bdf, COMMAND, 2, MASTER);
		assert_int_equal(get(0), 0xffffffff);
		set(4, 1);
		bench_config_set(bdf, COMMAND, 2, MEMORY);
		assert_int_equal(get(4), 0x12345678);
		/* out of the bridge's window nothing answers */
		bench_config_set(bdf, 0x10, 4, 0x1000);
		assert_int_equal(bench_read(0x1000, 4), 0xffffffff);
		bench_close();
	}
}

static void test_registers_of_any_width_and_alignment(void **state)
{
	open_lab("pc");
	for (unsigned int i = 0; i < 16; i++)
		bench_write(buffer + i, 1, 0xa0 + i);
	assert_int_equal(bench_read(buffer, 2), 0xa1a0);
	assert_true(bench_read(buffer, 8) == 0xa7a6a5a4a3a2a1a0);
	assert_int_equal(bench_read(buffer + 3, 4), 0xa6a5a4a3);
	assert_true(bench_read(buffer + 5, 8) == 0xacabaaa9a8a7a6a5);
	bench_write(buffer + 1, 4, 0x04030201);
	assert_true(bench_read(buffer, 8) == 0xa7a6a504030201a0);
	/* the last bytes, and those past the end */
	assert_int_equal(bench_read(buffer + 0xffff, 1), 0);
	assert_int_equal(bench_read(buffer + 0xffff, 2) & 0xff, 0);
	assert_true(bench_read(buffer, 3) == ~0ULL);
	bench_close();
}

static void test_port_io_is_all_ones_where_there_is_nothing(void **state)
{
	open_lab("tiny");
	assert_int_equal(bench.port.ops->port_in(bench.port.ctx, 0x70, 1), 0xff);
	assert_int_equal(bench.port.ops->port_in(bench.port.ctx, 0x70, 4), 0xffffffff);
	bench.port.ops->port_out(bench.port.ctx, 0x70, 1, 1);
	bench_close();
}

static void test_function_level_reset_is_power_on(void **state)
{
	unsigned int af;

	open_lab("pc");
	af = bench_capability(bdf, CAP_AF);
	assert_int_not_equal(af, 0);
	set(4, 77);
	bench_config_set(bdf, af + 4, 1, 1);
	assert_int_equal(bench_config(bdf, COMMAND, 2), 0);
	assert_int_equal(bench_config(bdf, 0x10, 4), 0);
	assert_int_equal(get(4), 0xffffffff);
	bdf = bench_card(0x1234, 0x11e9);
	assert_int_equal(get(4), 0);
	bench_close();
}

/* --- interrupts ------------------------------------------------------------------------------- */

static void test_INTx_is_a_level_with_status_and_off_switch(void **state)
{
	for (unsigned int i = 0; i < BENCH_PROFILES; i++) {
		unsigned int irq;

		open_lab(bench_profiles[i]);
		irq = bench.port.ops->intx_irq(bench.port.ctx, bdf, 1);
		assert_in_range(irq, 1, bench.machine->nr_irqs - 1);
		set(DMK_LAB_IRQ_RAISE, 1);
		assert_int_equal(bench.rises[irq], 0); /* not enabled */
		assert_int_equal(bench_config(bdf, STATUS, 2) & 8, 8);
		enable(irq, true);
		assert_true(bench_wait(&bench.rises[irq], 1));
		set(DMK_LAB_IRQ_RAISE, 2);
		assert_int_equal(bench.rises[irq], 1); /* up already */
		bench_config_set(bdf, COMMAND, 2, MASTER | MEMORY | INTX_OFF);
		assert_int_equal(bench.falls[irq], 1);
		bench_config_set(bdf, COMMAND, 2, MASTER | MEMORY);
		assert_int_equal(bench.rises[irq], 2);
		set(DMK_LAB_IRQ_ACK, 3);
		assert_int_equal(bench.level[irq], 0);
		assert_int_equal(bench_config(bdf, STATUS, 2) & 8, 0);
		/* up while disabled: said when enabled, and again when enabled again */
		enable(irq, false);
		set(DMK_LAB_IRQ_RAISE, 1);
		assert_int_equal(bench.rises[irq], 2);
		enable(irq, true);
		assert_true(bench_wait(&bench.rises[irq], 3));
		enable(irq, false);
		enable(irq, true);
		assert_true(bench_wait(&bench.rises[irq], 4));
		bench_close();
	}
}

/* The card is quietened before the device thread gets to say that the line is up. */
static void test_a_line_that_falls_as_it_is_enabled_again_is_known_to_be_down(void **state)
{
	unsigned int irq;

	open_lab("pc");
	irq = bench.port.ops->intx_irq(bench.port.ctx, bdf, 1);
	for (unsigned int i = 0; i < 200; i++) {
		enable(irq, true);
		set(DMK_LAB_IRQ_RAISE, 1);
		assert_int_equal(bench.level[irq], 1);
		enable(irq, false);
		enable(irq, true);
		set(DMK_LAB_IRQ_ACK, 1);
		assert_true(bench.port.ops->quiesce(bench.port.ctx, 2000000));
		assert_int_equal(bench.level[irq], 0);
	}
	bench_close();
}

static void test_two_cards_on_one_line_hold_it_up_together(void **state)
{
	uint64_t first, second;
	unsigned int irq;

	bench_open("tiny", "lab", "lab", NULL);
	first = bench.machine->pci->mmio32.bus;
	for (unsigned int slot = 1; slot <= 2; slot++) {
		bench_config_set(slot << 3, 0x10, 4, first + slot * 0x1000);
		bench_config_set(slot << 3, COMMAND, 2, MEMORY);
	}
	second = bench_bar(2 << 3, 0);
	first = bench_bar(1 << 3, 0);
	irq = bench.port.ops->intx_irq(bench.port.ctx, 1 << 3, 1);
	assert_int_equal(irq, bench.port.ops->intx_irq(bench.port.ctx, 2 << 3, 1));
	enable(irq, true);
	bench_write(first + DMK_LAB_IRQ_RAISE, 4, 1);
	bench_write(second + DMK_LAB_IRQ_RAISE, 4, 1);
	assert_int_equal(bench.rises[irq], 1);
	bench_write(first + DMK_LAB_IRQ_ACK, 4, 1);
	assert_int_equal(bench.falls[irq], 0);
	bench_write(second + DMK_LAB_IRQ_ACK, 4, 1);
	assert_int_equal(bench.falls[irq], 1);
	bench_close();
}

static void test_MSI_X_sends_each_vector_and_holds_what_is_masked(void **state)
{
	for (unsigned int i = 0; i < BENCH_PROFILES; i++) {
		struct dmk_msi_message message[4];
		unsigned int cap, intx;
		uint64_t table;
		int irq;

		open_lab(bench_profiles[i]);
		cap = bench_capability(bdf, CAP_MSIX);
		assert_int_equal(bench_config(bdf, cap + 2, 2) & 0x7ff, 3);
		assert_int_equal(bench_config(bdf, cap + 4, 4), 3);
		table = bench_bar(bdf, 3);
		irq = bench.port.ops->msi_alloc(bench.port.ctx, bdf, 4, false, message);
		if (!strcmp(bench_profiles[i], "pc-isa")) {
			assert_int_equal(irq, -ENOSPC); /* it has lines only */
			bench_close();
			continue;
		}
		assert_true(irq > 0);
		for (unsigned int v = 0; v < 4; v++) {
			assert_int_equal(bench_read(table + 16 * v + 12, 4), 1);
			bench_write(table + 16 * v, 4, message[v].address);
			bench_write(table + 16 * v + 4, 4, message[v].address >> 32);
			bench_write(table + 16 * v + 8, 4, message[v].data);
			bench_write(table + 16 * v + 12, 4, v == 3);
			enable(irq + v, true);
		}
		bench_config_set(bdf, cap + 2, 2, 0x8000);
		intx = bench.port.ops->intx_irq(bench.port.ctx, bdf, 1);
		enable(intx, true);
		set(DMK_LAB_IRQ_RAISE, 0xf);
		for (unsigned int v = 0; v < 3; v++)
			assert_int_equal(bench.edges[irq + v], 1);
		assert_int_equal(bench.rises[intx], 0);
		assert_int_equal(bench.edges[irq + 3], 0);
		assert_int_equal(bench_read(table + 0x800, 8), 8);
		bench_write(table + 16 * 3 + 12, 4, 0);
		assert_int_equal(bench.edges[irq + 3], 1);
		assert_int_equal(bench_read(table + 0x800, 8), 0);
		/* the whole function masked */
		bench_config_set(bdf, cap + 2, 2, 0xc000);
		set(DMK_LAB_IRQ_RAISE, 1);
		assert_int_equal(bench.edges[irq], 1);
		bench_config_set(bdf, cap + 2, 2, 0x8000);
		assert_int_equal(bench.edges[irq], 2);
		/* a message is a write: no bus mastering, no message */
		bench_config_set(bdf, COMMAND, 2, MEMORY);
		set(DMK_LAB_IRQ_RAISE, 1);
		assert_int_equal(bench.edges[irq], 2);
		bench_close();
	}
}

static void test_MSI_sends_and_waits_while_disabled(void **state)
{
	struct dmk_msi_message message;
	unsigned int cap;
	int irq;

	open_edu("pc");
	cap = bench_capability(bdf, CAP_MSI);
	assert_int_equal(bench_config(bdf, cap + 2, 2), 0x80);
	irq = bench.port.ops->msi_alloc(bench.port.ctx, bdf, 1, true, &message);
	bench_config_set(bdf, cap + 4, 4, message.address);
	bench_config_set(bdf, cap + 8, 4, message.address >> 32);
	bench_config_set(bdf, cap + 12, 2, message.data);
	bench_config_set(bdf, cap + 2, 2, 1);
	set(0x60, 1);
	assert_int_equal(bench.edges[irq], 0);
	enable(irq, true);
	assert_true(bench_wait(&bench.edges[irq], 1));
	set(0x60, 1);
	assert_int_equal(bench.edges[irq], 2);
	bench.port.ops->msi_free(bench.port.ctx, irq, 1);
	set(0x60, 1);
	assert_int_equal(bench.edges[irq], 2);
	bench_close();
}

static void test_message_numbers_are_contiguous_aligned_and_run_out(void **state)
{
	struct dmk_msi_message message[600];
	int first, other;

	open_lab("pc");
	assert_true(bench.port.ops->msi_alloc(bench.port.ctx, bdf, 1, false, message) > 0);
	first = bench.port.ops->msi_alloc(bench.port.ctx, bdf, 5, true, message);
	assert_true(first > 0);
	assert_int_equal(message[0].data % 8, 0);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(message[i].data, message[0].data + i);
	assert_int_equal(bench.port.ops->msi_alloc(bench.port.ctx, bdf, 600, false, message),
			 -ENOSPC);
	other = bench.port.ops->msi_alloc(bench.port.ctx, bdf, 256, true, message);
	assert_true(other > 0);
	assert_int_equal(bench.port.ops->msi_alloc(bench.port.ctx, bdf, 256, true, message),
			 -ENOSPC);
	bench.port.ops->msi_free(bench.port.ctx, other, 256);
	assert_int_equal(bench.port.ops->msi_alloc(bench.port.ctx, bdf, 256, true, message), other);
	bench_close();
}

/* --- DMA -------------------------------------------------------------------------------------- */

static void test_ADR_02_DMA_goes_through_the_bus_windows(void **state)
{
	for (unsigned int i = 0; i < BENCH_PROFILES; i++) {
		const struct dmk_event *event;
		uint32_t *cpu;
		uint64_t at;

		open_lab(bench_profiles[i]);
		at = bench_buffer();
		cpu = bench_direct(at);
		bench_write(buffer, 4, 0xcafe);
		lab_go(pci_dma(at), 4, DMK_LAB_TO_MEMORY);
		assert_int_equal(get(8), 0);
		bench.port.ops->cache_invalidate(bench.port.ctx, DMK_PHYS(at), 4);
		assert_int_equal(*(volatile uint32_t *)cpu, 0xcafe);
		cpu[1] = 0xbeef;
		bench.port.ops->cache_clean(bench.port.ctx, DMK_PHYS(at + 4), 4);
		set(DMK_LAB_OFFSET, 8);
		lab_go(pci_dma(at + 4), 4, 0);
		assert_int_equal(bench_read(buffer + 8, 4), 0xbeef);

		event = bench_event(DMK_EVENT_DEVICE_ACCESS, 0);
		assert_non_null(event);
		assert_int_equal(event->requester, bdf);
		assert_int_equal(event->dma.v, pci_dma(at));
		assert_int_equal(event->size, 4);
		assert_true(event->write);
		assert_int_equal(event->result, 0);
		assert_false(bench_event(DMK_EVENT_DEVICE_ACCESS, 1)->write);
		assert_int_equal(bench_event(DMK_EVENT_TRANSFER_BEGIN, 0)->cookie,
				 bench_event(DMK_EVENT_TRANSFER_END, 0)->cookie);
		assert_int_equal(bench_event(DMK_EVENT_TRANSFER_BEGIN, 0)->dir, DMK_FROM_DEVICE);
		bench_close();
	}
}

static void expect_refused(uint64_t dma, uint32_t length, uint32_t command, unsigned int nth)
{
	lab_go(dma, length, command);
	assert_int_equal(get(8), 2);
	assert_int_equal(get(0xc), EIO);
	assert_int_equal(bench_event(DMK_EVENT_DEVICE_ACCESS, nth)->result, -EIO);
}

static void test_DMA_that_reaches_no_memory_is_refused_whole(void **state)
{
	uint8_t *cpu;

	open_lab("pc");
	cpu = bench_direct(0x9f000);
	memset(cpu, 0x11, 4096);
	bench_write(buffer, 8, 0);
	expect_refused(0x9fff8, 16, DMK_LAB_TO_MEMORY, 0); /* runs into the hole: nothing changes */
	assert_int_equal(cpu[0xff8], 0x11);
	expect_refused(0x9fff8, 16, 0, 1); /* reads as ones */
	assert_true(bench_read(buffer, 8) == ~0ULL);
	expect_refused(~0ULL, 4, 0, 2);
	expect_refused(0x8000000000, 4, DMK_LAB_TO_MEMORY, 3);
	/* no bus mastering */
	bench_config_set(bdf, COMMAND, 2, MEMORY);
	expect_refused(0x8000, 4, DMK_LAB_TO_MEMORY, 4);
	bench_close();

	open_lab("rpi-like");
	expect_refused(0, 4, DMK_LAB_TO_MEMORY, 0);
	expect_refused(pci_dma(0) - 4, 8, DMK_LAB_TO_MEMORY, 1);
	/* a physical address is not a bus address */
	expect_refused(0x40000000, 4, DMK_LAB_TO_MEMORY, 2);
	bench_close();
}

static void test_DMA_above_4G_and_across_neighbouring_banks(void **state)
{
	open_lab("pc");
	bench_write(buffer, 8, 0x1122334455667788);
	lab_go(0x100000ffc, 8, DMK_LAB_TO_MEMORY);
	assert_int_equal(get(8), 0);
	assert_int_equal(*(volatile uint32_t *)bench_direct(0x100000ffc), 0x55667788);
	assert_int_equal(*(volatile uint32_t *)bench_direct(0x100001000), 0x11223344);
	bench_close();
}

/* --- edu -------------------------------------------------------------------------------------- */

static void test_edu_identifies_itself_and_lives(void **state)
{
	open_edu("pc");
	assert_int_equal(get(0), 0x010000ed);
	set(4, 0x0f0f1234);
	assert_int_equal(get(4), 0xf0f0edcb);
	/* narrow and wide accesses below 0x80 are none */
	assert_int_equal(bench_read(regs, 2), 0xffff);
	assert_true(bench_read(regs, 8) == ~0ULL);
	bench_write(regs + 4, 1, 1);
	assert_int_equal(get(4), 0xf0f0edcb);
	assert_int_equal(get(0x40), 0xffffffff);
	assert_int_equal(get(0x40000), 0xffffffff);
	bench_close();
}

static void wait_for_bit_off(unsigned int reg, uint32_t bit)
{
	for (unsigned int i = 0; i < 1000000 && get(reg) & bit; i++)
		;
	assert_int_equal(get(reg) & bit, 0);
}

static void test_edu_factorial_with_and_without_interrupt(void **state)
{
	static const struct {
		uint32_t n, product;
	} row[] = {{0, 1},           {1, 1},  {5, 120},       {12, 479001600},
		   {13, 1932053504}, {34, 0}, {0xffffffff, 0}};
	unsigned int irq;

	open_edu("pc");
	for (unsigned int i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		set(8, row[i].n);
		wait_for_bit_off(0x20, 1);
		assert_int_equal(get(8), row[i].product);
	}
	assert_int_equal(get(0x24), 0);
	irq = bench.port.ops->intx_irq(bench.port.ctx, bdf, 1);
	enable(irq, true);
	set(0x20, 0x80);
	set(8, 6);
	assert_true(bench_wait(&bench.rises[irq], 1));
	assert_int_equal(get(0x24), 1);
	assert_int_equal(get(8), 720);
	set(0x64, 1);
	assert_int_equal(bench.level[irq], 0);
	bench_close();
}

static void edu_go(uint64_t src, uint64_t dst, uint64_t count, uint32_t command)
{
	bench_write(regs + 0x80, 8, src);
	bench_write(regs + 0x88, 8, dst);
	bench_write(regs + 0x90, 8, count);
	bench_write(regs + 0x98, 8, command);
}

static void test_edu_DMA_there_and_back_with_interrupt(void **state)
{
	for (unsigned int i = 0; i < BENCH_PROFILES; i++) {
		unsigned int irq;
		uint64_t at;
		char *cpu, before;

		open_edu(bench_profiles[i]);
		irq = bench.port.ops->intx_irq(bench.port.ctx, bdf, 1);
		enable(irq, true);
		at = bench_buffer();
		cpu = bench_direct(at);
		memset(cpu, 'z', 4096);
		bench.port.ops->cache_clean(bench.port.ctx, DMK_PHYS(at), 4096);
		edu_go(pci_dma(at), 0x40000, 4096, 1 | 4);
		assert_true(bench_wait(&bench.rises[irq], 1));
		assert_int_equal(get(0x24), 0x100);
		assert_int_equal(get(0x98) & 1, 0);
		set(0x64, 0x100);
		before = *(char *)bench_direct(at + 4096 + 50);
		edu_go(0x40000 + 100, pci_dma(at + 4096), 50, 1 | 2 | 4);
		assert_true(bench_wait(&bench.rises[irq], 2));
		bench.port.ops->cache_invalidate(bench.port.ctx, DMK_PHYS(at + 4096), 50);
		cpu = bench_direct(at + 4096);
		assert_int_equal(cpu[49], 'z');
		assert_int_equal(cpu[50], before);
		bench_close();
	}
}

static void test_edu_DMA_that_leaves_its_buffer_moves_nothing(void **state)
{
	open_edu("pc");
	edu_go(0x8000, 0x40001, 4096, 1);
	wait_for_bit_off(0x98, 1);
	edu_go(0x8000, 0x3ffff, 1, 1);
	wait_for_bit_off(0x98, 1);
	edu_go(0x8000, 0x40000, ~0ULL, 1);
	wait_for_bit_off(0x98, 1);
	assert_null(bench_event(DMK_EVENT_DEVICE_ACCESS, 0));
	bench_close();
}

static void test_MSK_06_edu_loses_the_bits_above_its_28(void **state)
{
	open_edu("pc");
	edu_go(0x100008000, 0x40000, 8, 1);
	wait_for_bit_off(0x98, 1);
	assert_int_equal(bench_event(DMK_EVENT_DEVICE_ACCESS, 0)->dma.v, 0x8000);
	bench_close();
}

/* --- lab on both buses, timers, quiet --------------------------------------------------------- */

static void test_ADR_06_lab_on_the_platform_bus(void **state)
{
	const struct dmk_platform_device *device;
	size_t size;

	bench_open("rpi-like", NULL);
	device = &bench.machine->platform[0];
	assert_string_equal(device->compatible[0], "dmakit,lab");
	assert_null(device->compatible[1]);
	assert_string_equal(device->property(device, "compatible", &size), "dmakit,lab");
	assert_int_equal(size, sizeof("dmakit,lab"));
	assert_null(device->property(device, "nothing", &size));
	regs = device->reg[0].first.v;
	buffer = device->reg[1].first.v;
	assert_int_equal(get(0), 0x0001ab00);
	enable(device->irq[0], true);
	bench_write(buffer, 4, 0x5151);
	lab_go(bench_dma(device->dma, 0x7000), 4, DMK_LAB_TO_MEMORY | DMK_LAB_RAISE);
	assert_int_equal(get(8), 0);
	assert_int_equal(bench.level[device->irq[0]], 1);
	set(DMK_LAB_IRQ_ACK, 1);
	assert_int_equal(bench.level[device->irq[0]], 0);
	bench.port.ops->cache_invalidate(bench.port.ctx, DMK_PHYS(0x7000), 4);
	assert_int_equal(*(volatile uint32_t *)bench_direct(0x7000), 0x5151);
	assert_int_equal(bench_event(DMK_EVENT_DEVICE_ACCESS, 0)->requester,
			 DMK_REQUESTER_PLATFORM);
	bench_close();
}

static void test_lab_refuses_what_leaves_its_buffer_or_comes_too_early(void **state)
{
	open_lab("pc");
	set(DMK_LAB_OFFSET, 0xfff0);
	lab_go(0x8000, 17, 0);
	assert_int_equal(get(8), 2);
	assert_int_equal(get(0xc), EINVAL);
	set(DMK_LAB_OFFSET, 0xffffffff);
	lab_go(0x8000, 2, 0);
	assert_int_equal(get(0xc), EINVAL);
	set(DMK_LAB_OFFSET, 0);
	set(DMK_LAB_DELAY, 20000);
	lab_go(0x8000, 4, 0);
	assert_int_equal(get(8), 1);
	set(DMK_LAB_COMMAND, DMK_LAB_START);
	assert_int_equal(get(8), 3);
	assert_int_equal(get(0xc), EBUSY);
	bench_close();
}

static void test_quiesce_waits_for_announced_work_and_no_longer_than_told(void **state)
{
	open_lab("pc");
	assert_true(bench.port.ops->quiesce(bench.port.ctx, 100000));
	set(DMK_LAB_DELAY, 30000);
	lab_go(0x8000, 4, DMK_LAB_TO_MEMORY);
	assert_false(bench.port.ops->quiesce(bench.port.ctx, 1000));
	assert_int_equal(get(DMK_LAB_COMPLETED), 0);
	assert_true(bench.port.ops->quiesce(bench.port.ctx, 2000000));
	assert_int_equal(get(DMK_LAB_COMPLETED), 1);
	bench_close();
}

static void test_shutdown_with_work_under_way(void **state)
{
	open_lab("pc");
	set(DMK_LAB_DELAY, 10000000);
	lab_go(0x8000, 4, DMK_LAB_TO_MEMORY);
	bench_close();
}

static void test_reset_ends_the_transfer_under_way(void **state)
{
	open_lab("pc");
	set(DMK_LAB_DELAY, 10000000);
	lab_go(0x8000, 4, DMK_LAB_TO_MEMORY);
	set(0x3c, 1);
	assert_true(bench.port.ops->quiesce(bench.port.ctx, 100000));
	assert_non_null(bench_event(DMK_EVENT_TRANSFER_END, 0));
	assert_null(bench_event(DMK_EVENT_DEVICE_ACCESS, 0));
	bench_close();
}

static void test_timers_run_in_the_order_they_are_due(void **state)
{
	static const unsigned int delay[3] = {30000, 10000, 20000};
	uint64_t bar[3];

	bench_open("tiny", "lab", "lab", "lab", NULL);
	for (unsigned int i = 0; i < 3; i++) {
		bench_config_set((i + 1) << 3, 0x10, 4,
				 bench.machine->pci->mmio32.bus + i * 0x1000);
		bench_config_set((i + 1) << 3, COMMAND, 2, MEMORY | MASTER);
		bar[i] = bench_bar((i + 1) << 3, 0);
	}
	for (unsigned int i = 0; i < 3; i++) {
		regs = bar[i];
		set(DMK_LAB_DELAY, delay[i]);
		lab_go(0x8000, 4, 0);
	}
	assert_true(bench.port.ops->quiesce(bench.port.ctx, 2000000));
	assert_int_equal(bench_event(DMK_EVENT_DEVICE_ACCESS, 0)->requester, 2 << 3);
	assert_int_equal(bench_event(DMK_EVENT_DEVICE_ACCESS, 1)->requester, 3 << 3);
	assert_int_equal(bench_event(DMK_EVENT_DEVICE_ACCESS, 2)->requester, 1 << 3);
	bench_close();
}

/* --- from many threads ------------------------------------------------------------------------ */

static void *hammer(void *argument)
{
	unsigned int irq = (size_t)argument;

	for (unsigned int i = 0; i < 3000; i++) {
		set(DMK_LAB_IRQ_RAISE, 1);
		enable(irq, i & 1);
		lab_go(0x8000, 64, i & 1 ? DMK_LAB_TO_MEMORY : 0);
		set(DMK_LAB_IRQ_ACK, 1);
		bench_config_set(bdf, COMMAND, 2, MASTER | MEMORY | (i % 8 ? 0 : INTX_OFF));
	}
	return NULL;
}

static void test_CTX_02_registers_configuration_and_interrupts_from_many_threads(void **state)
{
	pthread_t thread[3];
	unsigned int irq;

	open_lab("pc");
	set(DMK_LAB_DELAY, 5);
	irq = bench.port.ops->intx_irq(bench.port.ctx, bdf, 1);
	for (unsigned int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, hammer, (void *)(size_t)irq);
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	assert_true(bench.port.ops->quiesce(bench.port.ctx, 2000000));
	set(DMK_LAB_IRQ_ACK, 0xf);
	assert_true(bench.port.ops->quiesce(bench.port.ctx, 2000000));
	assert_int_equal(bench.level[irq], 0);
	bench_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_BAR_tells_its_size_to_who_writes_ones),
		cmocka_unit_test(test_what_is_read_only_stays_and_what_is_absent_reads_as_ones),
		cmocka_unit_test(test_ADR_03_a_BAR_answers_where_the_host_bridge_puts_it),
		cmocka_unit_test(test_registers_of_any_width_and_alignment),
		cmocka_unit_test(test_port_io_is_all_ones_where_there_is_nothing),
		cmocka_unit_test(test_function_level_reset_is_power_on),
		cmocka_unit_test(test_INTx_is_a_level_with_status_and_off_switch),
		cmocka_unit_test(test_a_line_that_falls_as_it_is_enabled_again_is_known_to_be_down),
		cmocka_unit_test(test_two_cards_on_one_line_hold_it_up_together),
		cmocka_unit_test(test_MSI_X_sends_each_vector_and_holds_what_is_masked),
		cmocka_unit_test(test_MSI_sends_and_waits_while_disabled),
		cmocka_unit_test(test_message_numbers_are_contiguous_aligned_and_run_out),
		cmocka_unit_test(test_ADR_02_DMA_goes_through_the_bus_windows),
		cmocka_unit_test(test_DMA_that_reaches_no_memory_is_refused_whole),
		cmocka_unit_test(test_DMA_above_4G_and_across_neighbouring_banks),
		cmocka_unit_test(test_edu_identifies_itself_and_lives),
		cmocka_unit_test(test_edu_factorial_with_and_without_interrupt),
		cmocka_unit_test(test_edu_DMA_there_and_back_with_interrupt),
		cmocka_unit_test(test_edu_DMA_that_leaves_its_buffer_moves_nothing),
		cmocka_unit_test(test_MSK_06_edu_loses_the_bits_above_its_28),
		cmocka_unit_test(test_ADR_06_lab_on_the_platform_bus),
		cmocka_unit_test(test_lab_refuses_what_leaves_its_buffer_or_comes_too_early),
		cmocka_unit_test(test_quiesce_waits_for_announced_work_and_no_longer_than_told),
		cmocka_unit_test(test_shutdown_with_work_under_way),
		cmocka_unit_test(test_reset_ends_the_transfer_under_way),
		cmocka_unit_test(test_timers_run_in_the_order_they_are_due),
		cmocka_unit_test(
			test_CTX_02_registers_configuration_and_interrupts_from_many_threads),
	};

	return cmocka_run_group_tests_name("sim-cards", tests, NULL, NULL);
}
