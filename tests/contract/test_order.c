// SPDX-License-Identifier: MIT
/*
 * COH-05 as a driver meets it: with a barrier a descriptor's words are seen in order on every
 * machine; without one a weakly ordered machine shows the later word first. Compiled to be watched.
 * What is reported of it, tests/bugs/test_order.c says.
 */
#include "harness.h"

enum { VALID = 1 };

struct descriptor {
	u64 word0, word1;
};

static struct descriptor *desc;
static dma_addr_t desc_dma;

static void open_descriptor(void)
{
	desc = dma_alloc_coherent(dev, sizeof(*desc), &desc_dma, GFP_KERNEL);
	assert_non_null(desc);
}

static void close_descriptor(void)
{
	dma_free_coherent(dev, sizeof(*desc), desc, desc_dma);
}

static struct descriptor seen(void)
{
	struct descriptor seen;

	assert_int_equal(lab_read(lab, desc_dma, &seen, sizeof(seen)), 0);
	return seen;
}

static void order_by_wmb(void)
{
	wmb();
}

static void order_by_dma_wmb(void)
{
	dma_wmb();
}

static void order_by_mb(void)
{
	mb();
}

static void order_by_doorbell(void)
{
	writel(1, lab->regs + DMK_LAB_SCRATCH);
}

static void test_COH_05_with_a_barrier_the_words_are_seen_in_order(void **state)
{
	static void (*const orders[])(void) = {order_by_wmb, order_by_dma_wmb, order_by_mb,
					       order_by_doorbell};

	open_descriptor();
	for (u64 i = 1; i < 40; i++) {
		WRITE_ONCE(desc->word0, i);
		orders[i % ARRAY_SIZE(orders)]();
		WRITE_ONCE(desc->word1, i);
		assert_int_equal(seen().word1, i);
		assert_int_equal(seen().word0, i);
		wmb();
	}
	close_descriptor();
}

static void
test_COH_05_without_one_a_weakly_ordered_machine_shows_the_later_word_first(void **state)
{
	struct descriptor early;

	open_descriptor();
	WRITE_ONCE(desc->word0, 0x1234);
	WRITE_ONCE(desc->word1, VALID);
	early = seen();
	assert_int_equal(early.word1, VALID);
	assert_int_equal(early.word0, machine()->caps & DMK_CAP_WEAK_ORDER ? 0 : 0x1234);
	/* For the CPU itself they are always in order, and in the end for the device. */
	assert_int_equal(READ_ONCE(desc->word0), 0x1234);
	wmb();
	assert_int_equal(seen().word0, 0x1234);
	close_descriptor();
}

static void test_COH_04_COH_05_what_is_stored_arrives_without_a_barrier(void **state)
{
	unsigned int looks = 0;

	open_descriptor();
	WRITE_ONCE(desc->word0, 1);
	WRITE_ONCE(desc->word1, 2);
	while (seen().word0 != 1 || seen().word1 != 2)
		assert_true(++looks < 100);
	close_descriptor();
}

static void test_COH_05_the_device_is_read_in_order(void **state)
{
	struct descriptor written = {.word0 = 0x77, .word1 = VALID};

	open_descriptor();
	lab_write(lab, desc_dma, &written, sizeof(written));
	while (READ_ONCE(desc->word1) != VALID)
		cpu_relax();
	dma_rmb();
	assert_int_equal(READ_ONCE(desc->word0), 0x77);
	rmb();
	assert_int_equal(READ_ONCE(desc->word1), VALID);
	close_descriptor();
}

static void test_COH_05_a_register_that_is_read_back_has_what_was_written(void **state)
{
	for (u32 i = 0; i < 10; i++) {
		writel_relaxed(i, lab->regs + DMK_LAB_SCRATCH);
		assert_int_equal(readl(lab->regs + DMK_LAB_SCRATCH), i);
	}
}

#define UNCHECKED_TEST(function)                \
	{                                       \
#function, function, NULL, true \
	}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_COH_05_with_a_barrier_the_words_are_seen_in_order),
		CONTRACT_TEST(
			test_COH_05_without_one_a_weakly_ordered_machine_shows_the_later_word_first),
		/* CHK-07: it is the machine that does this, whoever looks on. */
		UNCHECKED_TEST(
			test_COH_05_without_one_a_weakly_ordered_machine_shows_the_later_word_first),
		CONTRACT_TEST(test_COH_04_COH_05_what_is_stored_arrives_without_a_barrier),
		CONTRACT_TEST(test_COH_05_the_device_is_read_in_order),
		CONTRACT_TEST(test_COH_05_a_register_that_is_read_back_has_what_was_written),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
