// SPDX-License-Identifier: MIT
/*
 * ISA, with a card that asks for its channels by itself: a Sound Blaster 16, of the simulation and
 * of QEMU. Run with --device sb16. What differs is said where it does: what QEMU's controllers
 * don't do is done by the simulation's, as on a board.
 */
#include "harness.h"
#include "isa.h"

#include <linux/isa.h>

#include <dmakit/check.h>

enum {
	PORT = 0x220,
	IRQ = 5,
	MIXER = 4,
	MIXER_STATUS = 0x82,
	RESET = 6,
	DATA = 0xa,
	COMMAND = 0xc,
	STATUS = 0xe,
	ACKNOWLEDGE_16 = 0xf,
	NARROW = 1,
	WIDE = 5,
	HALF = 1024,
	SIZE = 2 * HALF,
	PATIENCE = 10, /* seconds, of who waits in vain */
};

static struct device *isa;
static struct completion played;
static unsigned int interrupts;

/* --- a device on the bus ---------------------------------------------------------------------- */

static int probe(struct device *device, unsigned int id)
{
	isa = device;
	return 0;
}

static void remove_device(struct device *device, unsigned int id)
{
	isa = NULL;
}

static struct isa_driver driver = {
	.probe = probe,
	.remove = remove_device,
	.driver = {.name = "isa-test"},
};

static irqreturn_t interrupt(int irq, void *data)
{
	outb(MIXER_STATUS, PORT + MIXER);
	if (!(inb(PORT + MIXER + 1) & 3))
		return IRQ_NONE;
	inb(PORT + STATUS);
	inb(PORT + ACKNOWLEDGE_16);
	WRITE_ONCE(interrupts, interrupts + 1);
	complete(&played);
	return IRQ_HANDLED;
}

static void command(const u8 *bytes, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++) {
		while (inb(PORT + COMMAND) & 0x80)
			cpu_relax();
		outb(bytes[i], PORT + COMMAND);
	}
}

static void reset(void)
{
	outb(1, PORT + RESET);
	udelay(3);
	outb(0, PORT + RESET);
	while (!(inb(PORT + STATUS) & 0x80))
		cpu_relax();
	assert_int_equal(inb(PORT + DATA), 0xaa);
}

static void *begin(unsigned int channel, dma_addr_t *handle)
{
	void *memory;

	assert_int_equal(isa_register_driver(&driver, 1), 0);
	init_completion(&played);
	interrupts = 0;
	assert_int_equal(request_irq(IRQ, interrupt, 0, "sb16", &driver), 0);
	assert_int_equal(request_dma(channel, "sb16"), 0);
	reset();
	memory = dma_alloc_coherent(isa, SIZE, handle, GFP_KERNEL);
	assert_non_null(memory);
	memset(memory, 0x80, SIZE);
	return memory;
}

static void disable(unsigned int channel)
{
	const unsigned long flags = claim_dma_lock();

	disable_dma(channel);
	release_dma_lock(flags);
}

static void finish(unsigned int channel, void *memory, dma_addr_t handle)
{
	reset();
	disable(channel);
	if (memory)
		dma_free_coherent(isa, SIZE, memory, handle);
	free_dma(channel);
	free_irq(IRQ, &driver);
	isa_unregister_driver(&driver);
}

/* --- what is played --------------------------------------------------------------------------- */

/* At 44,100 Hz, one side; of channel 5 words. */
static void play(unsigned int channel, size_t bytes, bool again)
{
	const unsigned int samples = bytes / (channel == WIDE ? 2 : 1) - 1;
	const u8 of[] = {
		0x41,
		44100 >> 8,
		44100 & 0xff,
		(channel == WIDE ? 0xb0 : 0xc0) | (again ? 4 : 0),
		channel == WIDE ? 0x10 : 0,
		samples & 0xff,
		samples >> 8,
	};

	command(of, sizeof(of));
}

static void wait_for_interrupt(void)
{
	assert_true(wait_for_completion_timeout(&played, PATIENCE * HZ));
}

static bool is_qemu(void)
{
	return machine_is("qemu-pc");
}

static void play_once(unsigned int channel)
{
	dma_addr_t handle;
	void *memory = begin(channel, &handle);

	set_up(channel, DMA_MODE_WRITE, handle, SIZE);
	assert_int_equal(residue(channel), SIZE);
	play(channel, SIZE, false);
	wait_for_interrupt();
	/* QEMU's card has its controller begin anew. */
	assert_int_equal(residue(channel), is_qemu() ? SIZE : 0);
	assert_int_equal(READ_ONCE(interrupts), 1);
	finish(channel, memory, handle);
}

static void test_ISA_03_bytes_are_played_to_the_interrupt(void **state)
{
	play_once(NARROW);
}

static void test_ISA_03_words_are_played_to_the_interrupt(void **state)
{
	play_once(WIDE);
}

/* Whole samples are left at any moment, and never more than there are; held, no change. */
static void look_around(unsigned int channel)
{
	const u8 hold[] = {channel == WIDE ? 0xd5 : 0xd0};
	dma_addr_t handle;
	void *memory = begin(channel, &handle);
	unsigned int left;

	set_up(channel, DMA_MODE_WRITE | DMA_AUTOINIT, handle, SIZE);
	play(channel, HALF, true);
	for (unsigned int i = 0; i < 5; i++) {
		wait_for_interrupt();
		left = residue(channel);
		assert_in_range(left, channel == WIDE ? 2 : 1, SIZE);
		assert_false(channel == WIDE && left % 2);
	}
	command(hold, 1);
	disable(channel);
	left = residue(channel);
	assert_int_equal(residue(channel), left);
	finish(channel, memory, handle);
}

static void test_ISA_03_bytes_go_round_in_halves(void **state)
{
	look_around(NARROW);
}

static void test_ISA_03_words_go_round_in_halves(void **state)
{
	look_around(WIDE);
}

/* QEMU's controllers know nothing of each other: there the first four go on. */
static void test_ISA_03_the_first_four_wait_for_the_cascade(void **state)
{
	dma_addr_t handle;
	void *memory = begin(NARROW, &handle);
	unsigned long flags = claim_dma_lock();

	disable_dma(4);
	release_dma_lock(flags);
	set_up(NARROW, DMA_MODE_WRITE, handle, SIZE);
	play(NARROW, SIZE, false);
	if (!is_qemu()) {
		assert_false(wait_for_completion_timeout(&played, HZ / 50));
		assert_int_equal(residue(NARROW), SIZE);
	}
	flags = claim_dma_lock();
	enable_dma(4);
	release_dma_lock(flags);
	wait_for_interrupt();
	finish(NARROW, memory, handle);
}

static void test_ISA_03_the_wide_ones_do_without_the_cascade(void **state)
{
	dma_addr_t handle;
	void *memory = begin(WIDE, &handle);
	unsigned long flags = claim_dma_lock();

	disable_dma(4);
	release_dma_lock(flags);
	set_up(WIDE, DMA_MODE_WRITE, handle, SIZE);
	play(WIDE, SIZE, false);
	wait_for_interrupt();
	flags = claim_dma_lock();
	enable_dma(4);
	release_dma_lock(flags);
	finish(WIDE, memory, handle);
}

/* --- whose an access is ----------------------------------------------------------------------- */

/* How many, the card's pace says; all are one finding. */
static void expect_late_reads(void)
{
	struct dmk_checker *checker = dmk_boot_checker();

	assert_int_equal(dmk_checker_findings(checker), 1);
	assert_string_equal(dmk_checker_finding(checker, 0)->rule->id, "STR-07");
	expect_finding("STR-07", dmk_checker_finding(checker, 0)->count);
}

/* The card plays on when its memory is somebody else's: it is this device's access that is late. */
static void test_ISA_03_a_channel_that_goes_on_after_the_free_is_reported(void **state)
{
	dma_addr_t handle;
	void *memory = begin(NARROW, &handle);

	set_up(NARROW, DMA_MODE_WRITE | DMA_AUTOINIT, handle, SIZE);
	play(NARROW, HALF, true);
	wait_for_interrupt();
	dma_free_coherent(isa, SIZE, memory, handle);
	wait_for_interrupt();
	wait_for_interrupt();
	reset();
	if (!is_qemu()) /* nobody sees what its devices do */
		expect_late_reads();
	finish(NARROW, NULL, 0);
}

/* A channel that is set up anew, with other memory of the device, is the device's still. */
static void test_ISA_03_a_channel_that_is_sent_elsewhere_is_not(void **state)
{
	dma_addr_t handle, other = 0;
	void *memory = begin(NARROW, &handle), *more;

	more = dma_alloc_coherent(isa, SIZE, &other, GFP_KERNEL);
	assert_non_null(more);
	set_up(NARROW, DMA_MODE_WRITE, handle, SIZE);
	play(NARROW, SIZE, false);
	wait_for_interrupt();
	dma_free_coherent(isa, SIZE, memory, handle);
	set_up(NARROW, DMA_MODE_WRITE, other, SIZE);
	play(NARROW, SIZE, false);
	wait_for_interrupt();
	finish(NARROW, more, other);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_ISA_03_bytes_are_played_to_the_interrupt),
		CONTRACT_TEST(test_ISA_03_words_are_played_to_the_interrupt),
		CONTRACT_TEST(test_ISA_03_bytes_go_round_in_halves),
		CONTRACT_TEST(test_ISA_03_words_go_round_in_halves),
		CONTRACT_TEST(test_ISA_03_the_first_four_wait_for_the_cascade),
		CONTRACT_TEST(test_ISA_03_the_wide_ones_do_without_the_cascade),
		CONTRACT_TEST(test_ISA_03_a_channel_that_goes_on_after_the_free_is_reported),
		CONTRACT_TEST(test_ISA_03_a_channel_that_is_sent_elsewhere_is_not),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
