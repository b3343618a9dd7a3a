// SPDX-License-Identifier: MIT
/*
 * Drivers that poll a flag which the card writes, and read the rest without a barrier for reads in
 * between; and those that do nearly the same and are right (COH-05). This file is compiled to be
 * watched (docs/WATCHING.md). The card writes while the driver looks.
 *
 * Where the machine is strongly ordered nothing goes wrong, and nothing is reported.
 */
#include "harness.h"

#include <linux/string.h>
#include <linux/workqueue.h>

#define BROKEN(what)    static void test_COH_05_bug_##what(void **state)
#define NEAR_MISS(what) static void test_COH_05_near_##what(void **state)

enum { DONE = 1, LENGTH = 100, ENTRIES = 4 };

/* What the card writes back; FLAGS last. */
struct written {
	__le32 length, index;
	__le32 more, flags;
};

static struct {
	struct written *entry;
	dma_addr_t dma;
} ring;

static const struct written answer = {.length = cpu_to_le32(LENGTH),
				      .index = cpu_to_le32(7),
				      .flags = cpu_to_le32(DONE)};

static void open_ring(void)
{
	ring.entry = dma_alloc_coherent(dev, ENTRIES * sizeof(*ring.entry), &ring.dma, GFP_KERNEL);
	assert_non_null(ring.entry);
}

/* The card writes while somebody looks: another thread tells it to when that one has begun. */
static struct {
	struct work_struct work;
	unsigned int entries;
	bool in_turn; /* the last one in a write of its own */
	bool looking;
} writer;

static void write_entries(struct work_struct *work)
{
	const unsigned int at_once = writer.entries - writer.in_turn;
	struct written all[ENTRIES];

	for (unsigned int i = 0; i < ENTRIES; i++)
		all[i] = answer;
	while (!READ_ONCE(writer.looking))
		cpu_relax();
	lab_write(lab, ring.dma, all, at_once * sizeof(*all));
	if (writer.in_turn)
		lab_write(lab, ring.dma + at_once * sizeof(*all), all, sizeof(*all));
}

static void card_will_write(unsigned int entries, bool in_turn)
{
	for (unsigned int i = 0; i < ENTRIES; i++)
		WRITE_ONCE(ring.entry[i].flags, 0);
	wmb();
	writer.entries = entries;
	writer.in_turn = in_turn;
	writer.looking = false;
	INIT_WORK(&writer.work, write_entries);
	schedule_work(&writer.work);
}

static void card_has_written(void)
{
	WRITE_ONCE(writer.looking, true);
	flush_work(&writer.work);
}

static void close_ring(void)
{
	card_has_written();
	dma_free_coherent(dev, ENTRIES * sizeof(*ring.entry), ring.entry, ring.dma);
}

static void poll_flag(unsigned int i)
{
	WRITE_ONCE(writer.looking, true);
	while (!(READ_ONCE(ring.entry[i].flags) & cpu_to_le32(DONE)))
		cpu_relax();
}

/*
 * Goes through @broken until it is found: where the card writes between the look at the flag and
 * the load of it, the load that comes next is the first that is known to have found something.
 */
static void expect_early(void (*broken)(void), unsigned int entries, const char *words)
{
	const bool is_weak = machine()->caps & DMK_CAP_WEAK_ORDER;
	const struct dmk_finding *finding = NULL;

	open_ring();
	for (unsigned int round = 0; round < (is_weak ? 200 : 2) && !finding; round++) {
		card_will_write(entries, false);
		broken();
		card_has_written();
		finding = finding_of("COH-05");
	}
	if (is_weak) {
		expect_finding("COH-05", 1);
		if (!strstr(finding->what, words) && !strstr(finding->mend, words))
			fail_msg("\"%s\" is not in \"%s\" nor in \"%s\"", words, finding->what,
				 finding->mend);
		assert_true(finding->where.depth);
		assert_true(finding->mapped.depth);
		assert_string_equal(finding->buffer.kind, "coherent");
	} else {
		expect_no_findings();
	}
	close_ring();
}

/* --- no barrier ------------------------------------------------------------------------------- */

static void find_length(void)
{
	assert_int_equal(le32_to_cpu(READ_ONCE(ring.entry[0].length)), LENGTH);
}

static void no_barrier(void)
{
	poll_flag(0);
	find_length();
}

static void barrier_for_other_cpus(void)
{
	poll_flag(0);
	smp_rmb();
	find_length();
}

static void barrier_for_writes(void)
{
	poll_flag(0);
	dma_wmb();
	find_length();
}

static void copy_at_once(void)
{
	struct written copy;

	poll_flag(0);
	memcpy(&copy, &ring.entry[0], sizeof(copy.length) + sizeof(copy.index));
	assert_int_equal(le32_to_cpu(copy.length), LENGTH);
}

static void look_elsewhere(void)
{
	poll_flag(ENTRIES - 1);
	find_length();
}

BROKEN(no_barrier_after_the_flag)
{
	expect_early(no_barrier, 1, "dma_rmb() between the two");
}

BROKEN(a_barrier_for_other_cpus_after_the_flag)
{
	expect_early(barrier_for_other_cpus, 1, "smp_rmb(), which is there");
}

BROKEN(a_barrier_for_writes_after_the_flag)
{
	expect_early(barrier_for_writes, 1, "dma_rmb() between the two");
}

BROKEN(the_rest_is_copied_at_once)
{
	expect_early(copy_at_once, 1, "8 bytes at");
}

BROKEN(what_the_flag_is_about_lies_elsewhere)
{
	expect_early(look_elsewhere, ENTRIES, "dma_rmb() between the two");
}

/* --- nearly the same -------------------------------------------------------------------------- */

NEAR_MISS(dma_rmb_after_the_flag)
{
	open_ring();
	card_will_write(1, false);
	poll_flag(0);
	dma_rmb();
	assert_int_equal(le32_to_cpu(READ_ONCE(ring.entry[0].length)), LENGTH);
	assert_int_equal(le32_to_cpu(READ_ONCE(ring.entry[0].index)), 7);
	close_ring();
}

NEAR_MISS(other_barriers_after_the_flag)
{
	static const struct {
		const char *name;
		int which;
	} barriers[] = {{"rmb", 0}, {"mb", 1}, {"readl", 2}, {"acquire", 3}, {"virt_rmb", 4}};

	open_ring();
	for (size_t i = 0; i < ARRAY_SIZE(barriers); i++) {
		card_will_write(1, false);
		poll_flag(0);
		switch (barriers[i].which) {
		case 0:
			rmb();
			break;
		case 1:
			mb();
			break;
		case 2:
			readl(lab->regs + DMK_LAB_ID);
			break;
		case 3:
			(void)smp_load_acquire(&ring.entry[0].flags);
			break;
		default:
			virt_rmb();
		}
		assert_int_equal(le32_to_cpu(READ_ONCE(ring.entry[0].length)), LENGTH);
		card_has_written();
		expect_no_findings();
	}
	close_ring();
}

/* A register told it: the read of it orders what comes after. */
NEAR_MISS(a_register_says_that_it_is_there)
{
	open_ring();
	card_will_write(1, false);
	WRITE_ONCE(writer.looking, true);
	while (!readl(lab->regs + DMK_LAB_COMPLETED))
		cpu_relax();
	assert_int_equal(le32_to_cpu(READ_ONCE(ring.entry[0].flags)), DONE);
	assert_int_equal(le32_to_cpu(READ_ONCE(ring.entry[0].length)), LENGTH);
	close_ring();
}

static void read_entry(void *unused)
{
	assert_int_equal(le32_to_cpu(READ_ONCE(ring.entry[0].flags)), DONE);
	assert_int_equal(le32_to_cpu(READ_ONCE(ring.entry[0].length)), LENGTH);
}

/* An interrupt comes after what the card wrote before it. */
NEAR_MISS(an_interrupt_says_that_it_is_there)
{
	open_ring();
	card_will_write(1, false);
	card_has_written();
	in_interrupt_call(read_entry, NULL);
	close_ring();
}

static void read_in_work(struct work_struct *work)
{
	read_entry(NULL);
}

/* And so does whatever the handler sets off. */
NEAR_MISS(another_thread_says_that_it_is_there)
{
	struct work_struct work;

	INIT_WORK(&work, read_in_work);
	open_ring();
	card_will_write(1, false);
	card_has_written();
	schedule_work(&work);
	flush_work(&work);
	close_ring();
}

/* Flags, each for itself. */
NEAR_MISS(nothing_but_flags)
{
	unsigned int n = 0;

	open_ring();
	card_will_write(ENTRIES, false);
	WRITE_ONCE(writer.looking, true);
	while (n < ENTRIES)
		if (READ_ONCE(ring.entry[n].flags) & cpu_to_le32(DONE))
			n++;
	close_ring();
}

/* Two that have nothing to do with each other, and change one after the other. */
NEAR_MISS(one_flag_after_another)
{
	unsigned int seen;

	open_ring();
	for (unsigned int i = 0; i < 30; i++) {
		card_will_write(2, true);
		WRITE_ONCE(writer.looking, true);
		for (seen = 0; seen != 3; cpu_relax()) {
			if (READ_ONCE(ring.entry[1].flags))
				seen |= 2;
			if (READ_ONCE(ring.entry[0].flags))
				seen |= 1;
		}
		card_has_written();
	}
	close_ring();
}

/* What the driver wrote there since is its own. */
NEAR_MISS(bytes_that_the_driver_wrote_over)
{
	open_ring();
	card_will_write(1, false);
	poll_flag(0);
	WRITE_ONCE(ring.entry[0].length, cpu_to_le32(5));
	assert_int_equal(le32_to_cpu(READ_ONCE(ring.entry[0].length)), 5);
	close_ring();
}

/* Entry 0 is finished with, in order, before the flag of entry 1 is found. */
NEAR_MISS(what_an_earlier_barrier_covers)
{
	open_ring();
	card_will_write(2, false);
	poll_flag(1);
	dma_rmb();
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(le32_to_cpu(READ_ONCE(ring.entry[i].flags)), DONE);
		assert_int_equal(le32_to_cpu(READ_ONCE(ring.entry[i].length)), LENGTH);
	}
	close_ring();
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_COH_05_bug_no_barrier_after_the_flag),
		CONTRACT_TEST(test_COH_05_bug_a_barrier_for_other_cpus_after_the_flag),
		CONTRACT_TEST(test_COH_05_bug_a_barrier_for_writes_after_the_flag),
		CONTRACT_TEST(test_COH_05_bug_the_rest_is_copied_at_once),
		CONTRACT_TEST(test_COH_05_bug_what_the_flag_is_about_lies_elsewhere),
		CONTRACT_TEST(test_COH_05_near_dma_rmb_after_the_flag),
		CONTRACT_TEST(test_COH_05_near_other_barriers_after_the_flag),
		CONTRACT_TEST(test_COH_05_near_a_register_says_that_it_is_there),
		CONTRACT_TEST(test_COH_05_near_an_interrupt_says_that_it_is_there),
		CONTRACT_TEST(test_COH_05_near_another_thread_says_that_it_is_there),
		CONTRACT_TEST(test_COH_05_near_nothing_but_flags),
		CONTRACT_TEST(test_COH_05_near_one_flag_after_another),
		CONTRACT_TEST(test_COH_05_near_bytes_that_the_driver_wrote_over),
		CONTRACT_TEST(test_COH_05_near_what_an_earlier_barrier_covers),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
