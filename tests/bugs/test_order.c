// SPDX-License-Identifier: MIT
/*
 * Drivers that leave a barrier out, or put it in the wrong place, and those that do nearly the same
 * and are right (COH-05). This file is compiled to be watched (docs/WATCHING.md). The card is the
 * lab card, which looks when it is told to by code that is not watched: as one does that looks by
 * itself, at the worst moment.
 *
 * Where the machine is strongly ordered nothing goes wrong, and nothing is reported.
 */
#include "harness.h"

#include <linux/atomic.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#define BROKEN(what)    static void test_COH_05_bug_##what(void **state)
#define NEAR_MISS(what) static void test_COH_05_near_##what(void **state)

enum { VALID = 1, LENGTH = 100, ENTRIES = 8 };

struct descriptor {
	__le64 address;
	__le32 length, flags;
};

static struct {
	struct descriptor *desc;
	dma_addr_t dma;
	u8 *buffer[2];
	dma_addr_t old, fresh; /* of the buffers */
} ring;

/* The first descriptor has been used: the card knows an address from there. */
static void open_ring(void)
{
	ring.desc = dma_alloc_coherent(dev, ENTRIES * sizeof(*ring.desc), &ring.dma, GFP_KERNEL);
	assert_non_null(ring.desc);
	ring.buffer[0] = must_kmalloc(LENGTH);
	ring.buffer[1] = must_kmalloc(LENGTH);
	ring.old = must_map(dev, ring.buffer[0], LENGTH, DMA_BIDIRECTIONAL);
	ring.fresh = must_map(dev, ring.buffer[1], LENGTH, DMA_BIDIRECTIONAL);
	ring.desc[0].address = cpu_to_le64(ring.old);
	wmb();
}

static void close_ring(void)
{
	dma_unmap_single(dev, ring.old, LENGTH, DMA_BIDIRECTIONAL);
	dma_unmap_single(dev, ring.fresh, LENGTH, DMA_BIDIRECTIONAL);
	kfree(ring.buffer[0]);
	kfree(ring.buffer[1]);
	dma_free_coherent(dev, ENTRIES * sizeof(*ring.desc), ring.desc, ring.dma);
}

static bool is_weak(void)
{
	return machine()->caps & DMK_CAP_WEAK_ORDER;
}

static struct descriptor card_looks(unsigned int i)
{
	struct descriptor seen;

	assert_int_equal(lab_read(lab, ring.dma + i * sizeof(seen), &seen, sizeof(seen)), 0);
	return seen;
}

/* The card looks at a descriptor, and gives it back if it is valid. Returns the address in it. */
static u64 card_takes(unsigned int i)
{
	struct descriptor seen = card_looks(i);

	if (!(le32_to_cpu(seen.flags) & VALID))
		return 0;
	seen.flags = 0;
	lab_write(lab, ring.dma + i * sizeof(seen) + 8, &seen.length, 8);
	return le64_to_cpu(seen.address);
}

static void expect_order(const char *words)
{
	const struct dmk_finding *finding;

	if (!is_weak()) {
		expect_no_findings();
		return;
	}
	expect_finding("COH-05", 1);
	finding = finding_of("COH-05");
	if (!strstr(finding->what, words) && !strstr(finding->mend, words))
		fail_msg("\"%s\" is not in \"%s\" nor in \"%s\"", words, finding->what,
			 finding->mend);
	assert_true(finding->where.depth);
	assert_true(finding->mapped.depth);
	assert_string_equal(finding->buffer.kind, "coherent");
}

/* --- no barrier between the words ------------------------------------------------------------- */

BROKEN(no_barrier_before_the_flag)
{
	open_ring();
	ring.desc[0].address = cpu_to_le64(ring.fresh);
	ring.desc[0].length = cpu_to_le32(LENGTH);
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	assert_int_equal(card_takes(0), is_weak() ? ring.old : ring.fresh);
	expect_order("dma_wmb() between the two");
	close_ring();
}

NEAR_MISS(dma_wmb_before_the_flag)
{
	open_ring();
	for (unsigned int i = 0; i < 3 * ENTRIES; i++) {
		struct descriptor *desc = &ring.desc[i % ENTRIES];

		desc->address = cpu_to_le64(ring.fresh);
		assert_int_equal(card_takes(i % ENTRIES), 0);
		desc->length = cpu_to_le32(LENGTH);
		assert_int_equal(card_takes(i % ENTRIES), 0);
		dma_wmb();
		WRITE_ONCE(desc->flags, cpu_to_le32(VALID));
		assert_int_equal(card_takes(i % ENTRIES), ring.fresh);
	}
	close_ring();
}

static void give(void (*order)(void))
{
	open_ring();
	ring.desc[0].address = cpu_to_le64(ring.fresh);
	ring.desc[0].length = cpu_to_le32(LENGTH);
	order();
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
}

static noinline void with_wmb(void)
{
	wmb();
}

static noinline void with_mb(void)
{
	mb();
}

static noinline void with_smp_wmb(void)
{
	smp_wmb();
}

static noinline void with_register(void)
{
	writel(1, lab->regs + DMK_LAB_SCRATCH);
}

static noinline void with_relaxed_register(void)
{
	writel_relaxed(1, lab->regs + DMK_LAB_SCRATCH);
}

static noinline void with_configuration(void)
{
	pci_write_config_byte(lab->pdev, PCI_INTERRUPT_LINE, 1);
}

NEAR_MISS(other_barriers_before_the_flag)
{
	static void (*const barriers[])(void) = {with_wmb, with_mb, with_register,
						 with_configuration};

	for (size_t i = 0; i < ARRAY_SIZE(barriers); i++) {
		give(barriers[i]);
		assert_int_equal(card_takes(0), ring.fresh);
		close_ring();
	}
}

BROKEN(a_barrier_for_other_cpus)
{
	give(with_smp_wmb);
	card_takes(0);
	expect_order("smp_wmb(), which is there, is for what other CPUs see");
	close_ring();
}

BROKEN(a_relaxed_register_write_is_no_barrier)
{
	give(with_relaxed_register);
	card_takes(0);
	expect_order("dma_wmb()");
	close_ring();
}

BROKEN(the_barrier_stands_behind_the_flag)
{
	open_ring();
	ring.desc[0].address = cpu_to_le64(ring.fresh);
	ring.desc[0].length = cpu_to_le32(LENGTH);
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	card_takes(0);
	wmb();
	expect_order("dma_wmb() between the two");
	close_ring();
}

BROKEN(the_barrier_stands_too_early)
{
	open_ring();
	ring.desc[0].length = cpu_to_le32(LENGTH);
	dma_wmb();
	ring.desc[0].address = cpu_to_le64(ring.fresh);
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	assert_int_equal(card_takes(0), is_weak() ? ring.old : ring.fresh);
	expect_order("8 bytes stored before");
	close_ring();
}

BROKEN(a_struct_is_assigned_at_once)
{
	open_ring();
	ring.desc[0] = (struct descriptor){.address = cpu_to_le64(ring.fresh),
					   .length = cpu_to_le32(LENGTH),
					   .flags = cpu_to_le32(VALID)};
	assert_int_equal(card_takes(0), is_weak() ? ring.old : ring.fresh);
	expect_order("dma_wmb()");
	close_ring();
}

BROKEN(a_descriptor_is_copied_at_once)
{
	struct descriptor made = {.address = cpu_to_le64(0),
				  .length = cpu_to_le32(LENGTH),
				  .flags = cpu_to_le32(VALID)};

	open_ring();
	made.address = cpu_to_le64(ring.fresh);
	memcpy(&ring.desc[0], &made, sizeof(made));
	card_takes(0);
	expect_order("dma_wmb()");
	close_ring();
}

NEAR_MISS(a_descriptor_is_copied_and_then_made_valid)
{
	struct descriptor made = {.length = cpu_to_le32(LENGTH)};

	open_ring();
	made.address = cpu_to_le64(ring.fresh);
	memcpy(&ring.desc[0], &made, sizeof(made));
	card_takes(0);
	dma_wmb();
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	assert_int_equal(card_takes(0), ring.fresh);
	close_ring();
}

/* The flag is polled alone, then the rest is read. */
BROKEN(no_barrier_and_a_card_that_polls_the_flag)
{
	__le32 flags = 0;
	__le64 address = 0;

	open_ring();
	ring.desc[0].address = cpu_to_le64(ring.fresh);
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	lab_read(lab, ring.dma + 12, &flags, 4);
	assert_int_equal(le32_to_cpu(flags), VALID);
	lab_read(lab, ring.dma, &address, 8);
	assert_int_equal(le64_to_cpu(address), is_weak() ? ring.old : ring.fresh);
	flags = 0;
	lab_write(lab, ring.dma + 12, &flags, 4);
	expect_order("dma_wmb()");
	close_ring();
}

/* Nothing is written back; the card goes where the descriptor says. */
BROKEN(no_barrier_and_the_card_takes_the_old_address)
{
	u8 bytes[4];

	open_ring();
	ring.desc[0].address = cpu_to_le64(ring.fresh);
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	lab_read(lab, le64_to_cpu(card_looks(0).address), bytes, sizeof(bytes));
	expect_order("dma_wmb()");
	close_ring();
}

BROKEN(no_barrier_and_the_old_address_is_mapped_no_more)
{
	const u64 nowhere = 0x12345000;
	u8 bytes[4];

	open_ring();
	ring.desc[0].address = cpu_to_le64(nowhere);
	wmb();
	ring.desc[0].address = cpu_to_le64(ring.fresh);
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	lab_read(lab, le64_to_cpu(card_looks(0).address), bytes, sizeof(bytes));
	expect_order("dma_wmb()");
	close_ring();
}

BROKEN(the_same_place_many_times)
{
	open_ring();
	for (unsigned int i = 0; i < ENTRIES; i++) {
		ring.desc[i].address = cpu_to_le64(ring.fresh + i);
		WRITE_ONCE(ring.desc[i].flags, cpu_to_le32(VALID));
		card_takes(i);
		wmb();
	}
	if (is_weak())
		expect_finding("COH-05", ENTRIES);
	close_ring();
}

/* --- the doorbell ----------------------------------------------------------------------------- */

/* The lab card's start is the doorbell of a ring of one descriptor. */
static void prepare_doorbell(void)
{
	open_ring();
	writel(lower_32_bits(ring.dma), lab->regs + DMK_LAB_ADDRESS);
	writel(upper_32_bits(ring.dma), lab->regs + DMK_LAB_ADDRESS_HIGH);
	writel(sizeof(*ring.desc), lab->regs + DMK_LAB_LENGTH);
	writel(0, lab->regs + DMK_LAB_OFFSET);
	writel(0, lab->regs + DMK_LAB_DELAY);
	ring.desc[0].address = cpu_to_le64(ring.fresh);
	ring.desc[0].length = cpu_to_le32(LENGTH);
}

static struct descriptor seen_by_card(void)
{
	struct descriptor seen;

	memcpy_fromio(&seen, lab->buffer, sizeof(seen));
	return seen;
}

BROKEN(a_relaxed_doorbell)
{
	prepare_doorbell();
	writel_relaxed(DMK_LAB_START, lab->regs + DMK_LAB_COMMAND);
	assert_int_equal(le64_to_cpu(seen_by_card().address), is_weak() ? ring.old : ring.fresh);
	expect_order("8 bytes stored at");
	close_ring();
}

BROKEN(a_relaxed_doorbell_after_the_flag)
{
	prepare_doorbell();
	dma_wmb();
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	writel_relaxed(DMK_LAB_START, lab->regs + DMK_LAB_COMMAND);
	assert_int_equal(le32_to_cpu(seen_by_card().flags), is_weak() ? 0 : VALID);
	expect_order("writel() in place of the relaxed");
	close_ring();
}

BROKEN(a_raw_doorbell)
{
	prepare_doorbell();
	dma_wmb();
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	__raw_writel(DMK_LAB_START, lab->regs + DMK_LAB_COMMAND);
	expect_order("wmb() before it");
	close_ring();
}

BROKEN(a_relaxed_doorbell_that_is_answered_later)
{
	prepare_doorbell();
	writel(100, lab->regs + DMK_LAB_DELAY);
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	writel_relaxed(DMK_LAB_START, lab->regs + DMK_LAB_COMMAND);
	/* What comes after the doorbell is none of its business. */
	WRITE_ONCE(ring.desc[1].flags, cpu_to_le32(VALID));
	lab_wait(lab);
	assert_int_equal(le32_to_cpu(seen_by_card().flags), is_weak() ? 0 : VALID);
	expect_order("writel() in place of the relaxed");
	close_ring();
}

NEAR_MISS(a_doorbell_orders_itself)
{
	prepare_doorbell();
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	writel(DMK_LAB_START, lab->regs + DMK_LAB_COMMAND);
	assert_int_equal(le64_to_cpu(seen_by_card().address), ring.fresh);
	assert_int_equal(le32_to_cpu(seen_by_card().flags), VALID);
	close_ring();
}

NEAR_MISS(a_relaxed_doorbell_after_wmb)
{
	prepare_doorbell();
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	wmb();
	writel_relaxed(DMK_LAB_START, lab->regs + DMK_LAB_COMMAND);
	assert_int_equal(le64_to_cpu(seen_by_card().address), ring.fresh);
	close_ring();
}

/* One thread fills it, another tells the card. */
static DEFINE_SPINLOCK(ring_lock);

static void ring_the_bell(struct work_struct *work)
{
	spin_lock(&ring_lock);
	writel(DMK_LAB_START, lab->regs + DMK_LAB_COMMAND);
	spin_unlock(&ring_lock);
}

NEAR_MISS(another_thread_rings_the_doorbell)
{
	struct work_struct work;

	INIT_WORK(&work, ring_the_bell);
	prepare_doorbell();
	spin_lock(&ring_lock);
	ring.desc[0].address = cpu_to_le64(ring.fresh);
	WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(VALID));
	spin_unlock(&ring_lock);
	schedule_work(&work);
	flush_work(&work);
	assert_int_equal(le64_to_cpu(seen_by_card().address), ring.fresh);
	assert_int_equal(le32_to_cpu(seen_by_card().flags), VALID);
	close_ring();
}

/* --- what needs none -------------------------------------------------------------------------- */

NEAR_MISS(a_word_for_itself)
{
	__le32 seen = 0;

	open_ring();
	for (unsigned int i = 1; i < 20; i++) {
		WRITE_ONCE(ring.desc[0].flags, cpu_to_le32(i));
		lab_read(lab, ring.dma + 12, &seen, 4);
		assert_int_equal(le32_to_cpu(seen), i);
	}
	close_ring();
}

NEAR_MISS(words_of_one_descriptor_in_one_store)
{
	u64 seen = 0;

	open_ring();
	*(volatile u64 *)&ring.desc[0].length = (u64)VALID << 32 | LENGTH;
	lab_read(lab, ring.dma + 8, &seen, 8);
	assert_int_equal(seen, (u64)VALID << 32 | LENGTH);
	lab_write(lab, ring.dma + 8, &seen, 8);
	close_ring();
}

/* What is held back arrives by itself: who waits for it goes on. */
NEAR_MISS(a_card_that_waits_sees_it_in_the_end)
{
	unsigned int looks = 0;

	open_ring();
	ring.desc[1].address = cpu_to_le64(ring.fresh);
	ring.desc[1].length = cpu_to_le32(LENGTH);
	while (le64_to_cpu(card_looks(1).address) != ring.fresh)
		assert_true(++looks < 100);
	close_ring();
}

NEAR_MISS(memory_is_given_back_and_out_again)
{
	struct dma_pool *pool = dma_pool_create("order", dev, 64, 64, 0);
	u8 seen[64], zeroes[64] = {0};
	dma_addr_t dma = 0;
	u8 *block;

	assert_non_null(pool);
	for (unsigned int i = 0; i < 4; i++) {
		block = dma_pool_zalloc(pool, GFP_KERNEL, &dma);
		assert_non_null(block);
		assert_int_equal(lab_read(lab, dma, seen, sizeof(seen)), 0);
		assert_memory_equal(seen, zeroes, sizeof(seen));
		memset(block, 0x77, 64);
		dma_pool_free(pool, block, dma);
	}
	dma_pool_destroy(pool);
}

NEAR_MISS(the_card_writes_over_what_is_on_its_way)
{
	__le32 status = cpu_to_le32(7), seen = 0;

	open_ring();
	ring.desc[0].length = cpu_to_le32(1);
	ring.desc[0].flags = cpu_to_le32(0);
	lab_write(lab, ring.dma + 12, &status, 4);
	assert_int_equal(le32_to_cpu(READ_ONCE(ring.desc[0].flags)), 7);
	lab_read(lab, ring.dma + 12, &seen, 4);
	assert_int_equal(le32_to_cpu(seen), 7);
	close_ring();
}

/* More stores than a CPU keeps, and more bytes at once. */
NEAR_MISS(a_long_copy_arrives)
{
	static u8 made[2048], seen[2048];
	dma_addr_t dma = 0;
	u8 *memory = dma_alloc_coherent(dev, sizeof(made), &dma, GFP_KERNEL);

	assert_non_null(memory);
	fill_bytes(made, sizeof(made), 3);
	memcpy(memory, made, sizeof(made));
	wmb();
	lab_read(lab, dma, seen, sizeof(seen));
	assert_memory_equal(made, seen, sizeof(made));
	for (unsigned int i = 0; i < sizeof(made); i++)
		WRITE_ONCE(memory[i], i);
	dma_wmb();
	lab_read(lab, dma, seen, sizeof(seen));
	for (unsigned int i = 0; i < sizeof(made); i++)
		assert_int_equal(seen[i], (u8)i);
	dma_free_coherent(dev, sizeof(made), memory, dma);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_COH_05_bug_no_barrier_before_the_flag),
		CONTRACT_TEST(test_COH_05_near_dma_wmb_before_the_flag),
		CONTRACT_TEST(test_COH_05_near_other_barriers_before_the_flag),
		CONTRACT_TEST(test_COH_05_bug_a_barrier_for_other_cpus),
		CONTRACT_TEST(test_COH_05_bug_a_relaxed_register_write_is_no_barrier),
		CONTRACT_TEST(test_COH_05_bug_the_barrier_stands_behind_the_flag),
		CONTRACT_TEST(test_COH_05_bug_the_barrier_stands_too_early),
		CONTRACT_TEST(test_COH_05_bug_a_struct_is_assigned_at_once),
		CONTRACT_TEST(test_COH_05_bug_a_descriptor_is_copied_at_once),
		CONTRACT_TEST(test_COH_05_near_a_descriptor_is_copied_and_then_made_valid),
		CONTRACT_TEST(test_COH_05_bug_no_barrier_and_a_card_that_polls_the_flag),
		CONTRACT_TEST(test_COH_05_bug_no_barrier_and_the_card_takes_the_old_address),
		CONTRACT_TEST(test_COH_05_bug_no_barrier_and_the_old_address_is_mapped_no_more),
		CONTRACT_TEST(test_COH_05_bug_the_same_place_many_times),
		CONTRACT_TEST(test_COH_05_bug_a_relaxed_doorbell),
		CONTRACT_TEST(test_COH_05_bug_a_relaxed_doorbell_after_the_flag),
		CONTRACT_TEST(test_COH_05_bug_a_raw_doorbell),
		CONTRACT_TEST(test_COH_05_bug_a_relaxed_doorbell_that_is_answered_later),
		CONTRACT_TEST(test_COH_05_near_a_doorbell_orders_itself),
		CONTRACT_TEST(test_COH_05_near_a_relaxed_doorbell_after_wmb),
		CONTRACT_TEST(test_COH_05_near_another_thread_rings_the_doorbell),
		CONTRACT_TEST(test_COH_05_near_a_word_for_itself),
		CONTRACT_TEST(test_COH_05_near_words_of_one_descriptor_in_one_store),
		CONTRACT_TEST(test_COH_05_near_a_card_that_waits_sees_it_in_the_end),
		CONTRACT_TEST(test_COH_05_near_memory_is_given_back_and_out_again),
		CONTRACT_TEST(test_COH_05_near_the_card_writes_over_what_is_on_its_way),
		CONTRACT_TEST(test_COH_05_near_a_long_copy_arrives),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
