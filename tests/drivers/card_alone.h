/* SPDX-License-Identifier: MIT */
/*
 * A model's card on a machine made of a byte array, for tests of models alone: each access is
 * looked at, there is no thread and no time.
 */
#ifndef TESTS_CARD_ALONE_H
#define TESTS_CARD_ALONE_H

#include <dmakit/model.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MEMORY_BASE = 0x100000, MEMORY_SIZE = 256 << 10, TIMERS = 16, LOG = 64 };

struct dmk_instance {
	const struct dmk_model *model;
	void *state;
	uint8_t memory[MEMORY_SIZE]; /* at DMA address MEMORY_BASE; there is no other */
	struct {
		const char *name; /* NULL: all have their initial values */
		uint64_t value;
	} property;
	uint64_t chance; /* what dmk_instance_random() answers, modulo its limit */
	void (*timer[TIMERS])(struct dmk_instance *card, void *state);
	int level, messages, open_work;
	bool hostile; /* work may be announced on what is no memory: the driver asked for it */
	unsigned long read, written; /* accesses that found memory */
	struct {
		uint64_t dma;
		size_t size;
		bool write;
		int open_work;
	} log[LOG]; /* the first ones */
	unsigned int nr_log;
};

/** card_new - a card in its slot, not started: model->start() is the caller's. */
struct dmk_instance *card_new(const struct dmk_model *model);
void card_free(struct dmk_instance *card);

/** run - let time pass until nothing is left to do, or @most things were done. */
void run(struct dmk_instance *card, int most);
/** settle - until nothing is left to do; no work may be announced as under way then. */
void settle(struct dmk_instance *card);

#endif
