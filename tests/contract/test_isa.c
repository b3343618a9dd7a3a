// SPDX-License-Identifier: MIT
/*
 * ISA: the DMA channels of the ISA bus. Where there are none every request is refused; where there
 * are, a card moves bytes as the controllers were told.
 */
#include "harness.h"
#include "isa.h"

#include <fcntl.h>
#include <stdio.h>

#include <dmakit/check.h>
#include <dmakit/file.h>

#include "../../kernel/device/device.h"

enum { SIZE = 300, WIDE = 1 << 17 };

static bool has_channels(void)
{
	return machine()->caps & DMK_CAP_ISA_DMA;
}

static void must_request(unsigned int channel)
{
	assert_int_equal(request_dma(channel, "a test"), 0);
}

/* The card asks for @size bytes on the channel: what was moved, and whether that was the count. */
static unsigned int run_card(unsigned int channel, bool to_memory, size_t size, bool *end)
{
	unsigned int moved;

	writel(channel, lab_soc->regs + DMK_LAB_CHANNEL);
	writel(size, lab_soc->regs + DMK_LAB_LENGTH);
	writel(DMK_LAB_START | DMK_LAB_CHANNELED | (to_memory ? DMK_LAB_TO_MEMORY : 0),
	       lab_soc->regs + DMK_LAB_COMMAND);
	moved = readl(lab_soc->regs + DMK_LAB_MOVED);
	*end = moved & DMK_LAB_COUNT_REACHED;
	return moved & ~DMK_LAB_COUNT_REACHED;
}

static void *must_alloc(size_t size, dma_addr_t *handle)
{
	void *memory;

	assert_int_equal(dma_set_mask_and_coherent(lab_soc->dev, DMA_BIT_MASK(24)), 0);
	memory = dma_alloc_coherent(lab_soc->dev, size, handle, GFP_KERNEL);
	assert_non_null(memory);
	return memory;
}

static void give_back(size_t size, void *memory, dma_addr_t handle)
{
	dma_free_coherent(lab_soc->dev, size, memory, handle);
}

/* --- ISA-01 ----------------------------------------------------------------------------------- */

static void test_ISA_01_a_channel_is_had_by_one(void **state)
{
	if (!has_channels()) {
		assert_int_equal(request_dma(1, "a test"), -EINVAL);
		return;
	}
	must_request(1);
	assert_int_equal(request_dma(1, "another"), -EBUSY);
	free_dma(1);
	must_request(1);
	free_dma(1);
}

static void test_ISA_01_numbers_that_no_channel_has(void **state)
{
	assert_int_equal(request_dma(MAX_DMA_CHANNELS, "a test"), -EINVAL);
	assert_int_equal(request_dma(~0U, "a test"), -EINVAL);
	/* Channel 4 ties the two together, and is nobody's. */
	assert_int_equal(request_dma(4, "a test"), has_channels() ? -EBUSY : -EINVAL);
}

static void expect_file(const char *path, const char *wanted)
{
	struct dmk_file *file;
	char text[128];
	long n;

	assert_int_equal(dmk_open(path, O_RDONLY, &file), 0);
	n = dmk_read(file, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = 0;
	assert_string_equal(text, wanted);
	dmk_close(file);
}

static void test_ISA_01_who_has_which_is_listed(void **state)
{
	char text[128];

	if (!has_channels()) {
		assert_int_equal(dmk_isa_dma_list(text, sizeof(text)), 0);
		assert_string_equal(text, "");
		expect_file("/proc/dma", "No DMA\n");
		return;
	}
	expect_file("/proc/dma", " 4: cascade\n");
	must_request(5);
	must_request(1);
	assert_int_equal(dmk_isa_dma_list(text, sizeof(text)), 34);
	assert_string_equal(text, " 1: a test\n 4: cascade\n 5: a test\n");
	expect_file("/proc/dma", text);
	assert_int_equal(dmk_isa_dma_list(text, 5), 34);
	assert_string_equal(text, " 1: ");
	free_dma(1);
	free_dma(5);
}

static void test_ISA_01_programming_a_channel_that_nobody_has_is_reported(void **state)
{
	const unsigned long flags = claim_dma_lock();

	disable_dma(3);
	release_dma_lock(flags);
	expect_finding("ISA-01", 1);
}

static void test_ISA_01_freeing_what_nobody_has_is_reported(void **state)
{
	free_dma(3);
	expect_finding("ISA-01", 1);
}

/* At the machine's end, which is after the test: main() looks. */
static int kept, complaints;

static void complain(void *unused, const void *caller, const char *text)
{
	if (strstr(text, "DMA channel 7 was requested for \"a test\", and never freed"))
		complaints++;
}

static void test_ISA_01_a_channel_that_is_kept_is_told_of(void **state)
{
	if (!has_channels())
		return;
	must_request(7);
	kept = 1;
}

/* --- ISA-02 ----------------------------------------------------------------------------------- */

static void test_ISA_02_without_the_lock_is_reported(void **state)
{
	if (!has_channels())
		return;
	must_request(1);
	set_dma_count(1, 16);
	expect_finding("ISA-02", 1);
	free_dma(1);
}

static void test_ISA_02_looking_at_the_residue_wants_the_lock_too(void **state)
{
	if (!has_channels())
		return;
	must_request(1);
	get_dma_residue(1);
	expect_finding("ISA-02", 1);
	free_dma(1);
}

static void test_ISA_02_nobody_sleeps_under_the_lock(void **state)
{
	const unsigned long flags = claim_dma_lock();

	assert_true(in_atomic() || irqs_disabled());
	release_dma_lock(flags);
	assert_false(in_atomic() || irqs_disabled());
}

/* --- ISA-03 ----------------------------------------------------------------------------------- */

static void test_ISA_03_bytes_and_words_go_to_memory(void **state)
{
	dma_addr_t handle;
	u8 *memory;

	if (!has_channels())
		return;
	memory = must_alloc(SIZE, &handle);
	for (unsigned int channel = 0; channel < MAX_DMA_CHANNELS; channel++) {
		bool end;

		if (channel == 4)
			continue;
		must_request(channel);
		memset(memory, 0, SIZE);
		for (unsigned int i = 0; i < SIZE; i++)
			writeb(i * 7 + channel, lab_soc->buffer + i);
		set_up(channel, DMA_MODE_READ, handle, SIZE - 4);
		assert_int_equal(run_card(channel, true, SIZE, &end), SIZE - 4);
		assert_true(end);
		for (unsigned int i = 0; i < SIZE - 4; i++)
			assert_int_equal(memory[i], (u8)(i * 7 + channel));
		assert_int_equal(*(u32 *)(memory + SIZE - 4), 0);
		assert_int_equal(residue(channel), 0);
		free_dma(channel);
	}
	give_back(SIZE, memory, handle);
}

static void test_ISA_03_bytes_and_words_come_from_memory(void **state)
{
	static const unsigned int channels[] = {2, 6};
	dma_addr_t handle;
	u8 *memory;

	if (!has_channels())
		return;
	memory = must_alloc(SIZE, &handle);
	fill_bytes(memory, SIZE, 3);
	for (unsigned int n = 0; n < ARRAY_SIZE(channels); n++) {
		bool end;

		must_request(channels[n]);
		memset_io(lab_soc->buffer, 0, SIZE);
		set_up(channels[n], DMA_MODE_WRITE, handle, SIZE);
		assert_int_equal(run_card(channels[n], false, SIZE, &end), SIZE);
		assert_true(end);
		for (unsigned int i = 0; i < SIZE; i++)
			assert_int_equal(readb(lab_soc->buffer + i), memory[i]);
		free_dma(channels[n]);
	}
	give_back(SIZE, memory, handle);
}

static void test_ISA_03_the_residue_is_what_is_left(void **state)
{
	dma_addr_t handle;
	void *memory;
	bool end;

	if (!has_channels())
		return;
	memory = must_alloc(SIZE, &handle);
	must_request(5);
	set_up(5, DMA_MODE_READ, handle, SIZE);
	assert_int_equal(residue(5), SIZE);
	assert_int_equal(run_card(5, true, 100, &end), 100);
	assert_false(end);
	assert_int_equal(residue(5), SIZE - 100);
	/* Half a word does not move. */
	assert_int_equal(run_card(5, true, 51, &end), 50);
	assert_int_equal(residue(5), SIZE - 150);
	free_dma(5);
	give_back(SIZE, memory, handle);
}

static void test_ISA_03_a_masked_channel_and_the_other_direction_move_nothing(void **state)
{
	unsigned long flags;
	dma_addr_t handle;
	void *memory;
	bool end;

	if (!has_channels())
		return;
	memory = must_alloc(SIZE, &handle);
	must_request(1);
	set_up(1, DMA_MODE_READ, handle, SIZE);
	assert_int_equal(run_card(1, false, SIZE, &end), 0);
	flags = claim_dma_lock();
	disable_dma(1);
	release_dma_lock(flags);
	assert_int_equal(run_card(1, true, SIZE, &end), 0);
	assert_int_equal(residue(1), SIZE);
	free_dma(1);
	give_back(SIZE, memory, handle);
}

static void test_ISA_03_at_the_end_the_channel_is_masked_or_begins_anew(void **state)
{
	dma_addr_t handle;
	void *memory;
	bool end;

	if (!has_channels())
		return;
	memory = must_alloc(SIZE, &handle);
	must_request(1);
	set_up(1, DMA_MODE_READ, handle, SIZE);
	assert_int_equal(run_card(1, true, SIZE, &end), SIZE);
	assert_int_equal(run_card(1, true, SIZE, &end), 0);

	set_up(1, DMA_MODE_READ | DMA_AUTOINIT, handle, SIZE);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(run_card(1, true, SIZE, &end), SIZE);
		assert_true(end);
		assert_int_equal(residue(1), SIZE);
	}
	free_dma(1);
	give_back(SIZE, memory, handle);
}

static void test_ISA_03_a_page_is_set_alone(void **state)
{
	unsigned long flags;
	dma_addr_t handle;
	u8 *memory;
	bool end;

	if (!has_channels())
		return;
	memory = must_alloc(SIZE, &handle);
	memset(memory, 0, SIZE);
	must_request(3);
	set_up(3, DMA_MODE_READ, handle & 0xffff, SIZE);
	flags = claim_dma_lock();
	set_dma_page(3, handle >> 16);
	release_dma_lock(flags);
	writeb(0x77, lab_soc->buffer);
	assert_int_equal(run_card(3, true, SIZE, &end), SIZE);
	assert_int_equal(memory[0], 0x77);
	free_dma(3);
	give_back(SIZE, memory, handle);
}

static void test_ISA_03_the_first_four_need_the_cascade(void **state)
{
	dma_addr_t handle;
	void *memory;
	bool end;

	if (!has_channels())
		return;
	memory = must_alloc(SIZE, &handle);
	must_request(1);
	set_up(1, DMA_MODE_READ, handle, SIZE);
	outb(4 | 0, DMA2_MASK_REG);
	assert_int_equal(run_card(1, true, SIZE, &end), 0);
	outb(0, DMA2_MASK_REG);
	assert_int_equal(run_card(1, true, SIZE, &end), SIZE);
	assert_int_equal(inb(DMA1_STAT_REG) & 0xf, 1 << 1);
	assert_int_equal(inb(DMA1_STAT_REG) & 0xf, 0);
	free_dma(1);
	give_back(SIZE, memory, handle);
}

/* --- ISA-04 ----------------------------------------------------------------------------------- */

struct transfer {
	unsigned int channel;
	dma_addr_t handle;
	size_t size;
};

static uint64_t reported(void)
{
	struct dmk_checker *checker = dmk_boot_checker();

	return dmk_checker_findings(checker) ? dmk_checker_finding(checker, 0)->count : 0;
}

/* Each of them set up, in turn: whether each is reported, and once. */
static void set_up_each(const struct transfer *transfers, unsigned int nr, bool bad)
{
	for (unsigned int i = 0; i < nr; i++) {
		const struct transfer *t = &transfers[i];

		must_request(t->channel);
		set_up(t->channel, DMA_MODE_READ, t->handle, t->size);
		free_dma(t->channel);
		if (reported() != (bad ? i + 1 : 0))
			fail_msg("channel %u, %zu bytes at 0x%llx: reported %llu times", t->channel,
				 t->size, (unsigned long long)t->handle,
				 (unsigned long long)reported());
	}
	if (bad)
		expect_finding("ISA-04", nr);
}

static void test_ISA_04_what_a_channel_can_not_do_is_reported(void **state)
{
	static const struct transfer bad[] = {
		{1, 0x1fff0, 17}, /* across 64 KiB */
		{3, 0x2ffff, 2},        {0, 0x20001, 0x10000},
		{5, 0x1fff0, 18},                         /* across 128 KiB */
		{7, 0x20002, WIDE},     {5, 0x20001, 16}, /* words: an odd address, an odd count */
		{6, 0x20000, 15},       {6, 0x20000, 1},
		{1, 0xfffff8, 9}, /* over 16 MiB */
		{1, 0x1000000, 1},      {5, 0x1fffffe, 2},
		{1, 0x20000, 0}, /* none, and more than there may be */
		{5, 0x20000, 0},        {2, 0x20000, 0x10001},
		{5, 0x20000, WIDE + 2},
	};

	if (has_channels())
		set_up_each(bad, ARRAY_SIZE(bad), true);
}

static void test_ISA_04_up_to_the_boundary_is_right(void **state)
{
	static const struct transfer right[] = {
		{1, 0x1fff0, 16},   {0, 0x2ffff, 1},     {1, 0x20000, 0x10000}, {1, 0xfffff8, 8},
		{3, 0xffffff, 1},   {1, 0x20001, 15},    {5, 0x1fff0, 16},      {5, 0x2fffe, 4},
		{5, 0x20000, WIDE}, {7, 0xfe0000, WIDE}, {6, 0xfffffe, 2},
	};

	if (has_channels())
		set_up_each(right, ARRAY_SIZE(right), false);
}

/* What is across it goes to the page's beginning, as with the real one. */
static void test_ISA_04_a_transfer_wraps_within_its_page(void **state)
{
	dma_addr_t handle;
	u8 *memory;
	bool end;

	if (!has_channels())
		return;
	memory = must_alloc(0x10000, &handle);
	assert_int_equal(handle & 0xffff, 0);
	memset(memory, 0, 0x10000);
	for (unsigned int i = 0; i < 16; i++)
		writeb(i + 1, lab_soc->buffer + i);
	must_request(2);
	set_up(2, DMA_MODE_READ, handle + 0xfff8, 16);
	expect_finding("ISA-04", 1);
	assert_int_equal(run_card(2, true, 16, &end), 16);
	assert_int_equal(memory[0xffff], 8);
	assert_int_equal(memory[0], 9);
	assert_int_equal(memory[7], 16);
	free_dma(2);
	give_back(0x10000, memory, handle);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_ISA_01_a_channel_is_had_by_one),
		CONTRACT_TEST(test_ISA_01_numbers_that_no_channel_has),
		CONTRACT_TEST(test_ISA_01_who_has_which_is_listed),
		CONTRACT_TEST(test_ISA_01_programming_a_channel_that_nobody_has_is_reported),
		CONTRACT_TEST(test_ISA_01_freeing_what_nobody_has_is_reported),
		CONTRACT_TEST(test_ISA_01_a_channel_that_is_kept_is_told_of),
		CONTRACT_TEST(test_ISA_02_without_the_lock_is_reported),
		CONTRACT_TEST(test_ISA_02_looking_at_the_residue_wants_the_lock_too),
		CONTRACT_TEST(test_ISA_02_nobody_sleeps_under_the_lock),
		CONTRACT_TEST(test_ISA_03_bytes_and_words_go_to_memory),
		CONTRACT_TEST(test_ISA_03_bytes_and_words_come_from_memory),
		CONTRACT_TEST(test_ISA_03_the_residue_is_what_is_left),
		CONTRACT_TEST(test_ISA_03_a_masked_channel_and_the_other_direction_move_nothing),
		CONTRACT_TEST(test_ISA_03_at_the_end_the_channel_is_masked_or_begins_anew),
		CONTRACT_TEST(test_ISA_03_a_page_is_set_alone),
		CONTRACT_TEST(test_ISA_03_the_first_four_need_the_cascade),
		CONTRACT_TEST(test_ISA_04_what_a_channel_can_not_do_is_reported),
		CONTRACT_TEST(test_ISA_04_up_to_the_boundary_is_right),
		CONTRACT_TEST(test_ISA_04_a_transfer_wraps_within_its_page),
	};

	int failed;

	dmk_complaints_to(complain, NULL);
	failed = contract_main(argc, argv, tests, ARRAY_SIZE(tests));
	if (complaints == kept)
		return failed;
	fprintf(stderr, "%d of %d channels that were kept were told of\n", complaints, kept);
	return 1;
}
