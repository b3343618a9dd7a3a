/* SPDX-License-Identifier: MIT */
/*
 * What the broken drivers of this directory begin and end with: one buffer, lent to the first card.
 * A broken driver gives one finding, of its rule; its near miss, which does nearly the same and is
 * right, none.
 */
#ifndef BUGS_BROKEN_H
#define BUGS_BROKEN_H

#include "harness.h"

enum { SIZE = 256 };

#define BROKEN(rule, what)    static void test_##rule##_bug_##what(void **state)
#define NEAR_MISS(rule, what) static void test_##rule##_near_##what(void **state)

struct buffer {
	u8 *memory;
	dma_addr_t dma;
	enum dma_data_direction dir;
};

/* Inlined, so that a finding's stack shows the test's line. */
static inline struct buffer open_buffer(enum dma_data_direction dir)
{
	struct buffer buffer = {.memory = must_kmalloc(SIZE), .dir = dir};

	memset(buffer.memory, 0x5a, SIZE);
	buffer.dma = must_map(dev, buffer.memory, SIZE, dir);
	return buffer;
}

static inline void close_buffer(struct buffer *buffer)
{
	dma_unmap_single(dev, buffer->dma, SIZE, buffer->dir);
	kfree(buffer->memory);
}

/* The rule's one finding has the words, in one of its two sentences. */
static inline void expect_words(const char *rule, const char *words)
{
	const struct dmk_finding *finding = finding_of(rule);

	assert_non_null(finding);
	if (!strstr(finding->what, words) && !strstr(finding->mend, words))
		fail_msg("\"%s\" is not in \"%s\" nor in \"%s\"", words, finding->what,
			 finding->mend);
}

#endif
