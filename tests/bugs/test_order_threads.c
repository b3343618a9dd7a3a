// SPDX-License-Identifier: MIT
/*
 * Store buffers of many threads, read by two cards at once (COH-05): what a barrier put in order is
 * seen in order, whoever looks, whenever. What the compiler would call for a watched driver's
 * stores is called here by hand, so that ThreadSanitizer can look on.
 */
#include "harness.h"

#include <linux/atomic.h>
#include <linux/kthread.h>

enum { WRITERS = 3, ROUNDS = 1500, WORDS = 8 };

/* Of <dmakit/watched.h>, by the names that it gives them. */
void dmk_watch_init(void);
void dmk_watch_write8(const void *at);
void dmk_watch_barrier(void);
void dmk_watch_io_write(volatile void __iomem *address, unsigned int width, u64 value);

static struct {
	u64 *words;
	dma_addr_t dma;
} ring[WRITERS];
static atomic_t running, disorder;

static void store(u64 *at, u64 value)
{
	dmk_watch_write8(at);
	__atomic_store_n(at, value, __ATOMIC_RELAXED);
}

/* Words in falling order, a barrier after each: none is ever ahead of the one after it. */
static int work(void *data)
{
	u64 *words = ring[(uintptr_t)data].words;

	for (u64 round = 1; round <= ROUNDS; round++) {
		for (unsigned int i = WORDS; i--;) {
			store(&words[i], round);
			/* the first two without: they may come in any order */
			if (i > 1)
				dmk_watch_barrier();
		}
		dmk_watch_io_write(lab->regs + DMK_LAB_SCRATCH, 4, round);
		dmk_watch_barrier();
	}
	atomic_dec(&running);
	return 0;
}

static void judge(const u64 *seen)
{
	for (unsigned int w = 2; w < WORDS; w++)
		if (seen[w] < seen[w - 1])
			atomic_inc(&disorder);
	if (seen[2] < seen[0])
		atomic_inc(&disorder);
}

/* One word an access, each read after the one it must not be ahead of; and all in one. */
static void look(struct lab_card *card, unsigned int i)
{
	u64 seen[WORDS];

	for (unsigned int w = 0; w < WORDS; w++)
		lab_read(card, ring[i].dma + w * sizeof(u64), &seen[w], sizeof(u64));
	judge(seen);
	lab_read(card, ring[i].dma, seen, sizeof(seen));
	judge(seen);
}

/* The second card looks at the first ring, the first card at the others. */
static struct device *owner(unsigned int i)
{
	return i ? dev : dev2;
}

static int look_on(void *data)
{
	while (atomic_read(&running))
		look(lab2, 0);
	return 0;
}

static void test_COH_05_what_threads_order_is_seen_in_order(void **state)
{
	struct task_struct *other;

	atomic_set(&running, WRITERS);
	atomic_set(&disorder, 0);
	for (unsigned int i = 0; i < WRITERS; i++) {
		ring[i].words = dma_alloc_coherent(owner(i), PAGE_SIZE, &ring[i].dma, GFP_KERNEL);
		assert_non_null(ring[i].words);
	}
	for (uintptr_t i = 0; i < WRITERS; i++)
		assert_false(IS_ERR(kthread_run(work, (void *)i, "writer/%u", (unsigned int)i)));
	other = kthread_run(look_on, NULL, "looker");
	assert_false(IS_ERR(other));
	for (unsigned int i = 0; atomic_read(&running); i++)
		look(lab, 1 + i % (WRITERS - 1));
	kthread_stop(other);
	assert_int_equal(atomic_read(&disorder), 0);
	for (unsigned int i = 0; i < WRITERS; i++)
		dma_free_coherent(owner(i), PAGE_SIZE, ring[i].words, ring[i].dma);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_COH_05_what_threads_order_is_seen_in_order),
	};

	dmk_watch_init();
	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
