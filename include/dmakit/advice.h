/* SPDX-License-Identifier: MIT */
/*
 * Advice: an observer that counts, for each call of the driver that maps, syncs or allocates, what
 * it cost and what became of it, and says what could be done with less. Host world.
 *
 * Nothing of it is a mistake: those are the checker's (dmakit/check.h). It keeps a little for each
 * live mapping and a table for each call, and needs neither the checker nor its records.
 * docs/ADVICE.md says what each section holds, and when it speaks.
 *
 * Audience: who shows advice.
 */
#ifndef DMAKIT_ADVICE_H
#define DMAKIT_ADVICE_H

#include <dmakit/check.h>
#include <dmakit/observer.h>
#include <dmakit/types.h>

struct dmk_advice_options {
	/* as in struct dmk_check_options; called once for a call that was not seen before */
	bool (*is_library)(void *ctx, const void *code);
	uint64_t (*line_of)(void *ctx, const void *code);
	void *code_ctx; /* of both */
	/* all of the driver's loads and stores are announced (DMK_EVENT_CPU_ACCESS) */
	bool sees_cpu;
	/* nanoseconds since any moment; NULL: the system's monotonic clock */
	uint64_t (*now)(void);
};

enum dmk_advice_kind {
	DMK_ADVICE_TEXT,
	DMK_ADVICE_COUNT,
	DMK_ADVICE_BYTES,
	DMK_ADVICE_NANOSECONDS
};

struct dmk_advice_column {
	const char *id, *title;
	enum dmk_advice_kind kind;
};

enum { DMK_ADVICE_COLUMNS = 12 };

/** A number that is not known. */
#define DMK_ADVICE_UNKNOWN (~0ULL)

struct dmk_advice_section {
	const char *id, *title, *sentence;
	/* a row's advice is good only when every machine that ran the call gives it */
	bool agree;
	const struct dmk_advice_column *column;
	unsigned int nr_columns;
};

struct dmk_advice_row {
	struct dmk_stack where; /* the call; depth 0: none in particular */
	char advice[400];       /* "": the row is a fact */
	uint64_t weight;        /* what there is to gain: an order, over all sections */
	struct {
		uint64_t number;
		char text[160];
	} cell[DMK_ADVICE_COLUMNS];
};

struct dmk_advisor;

/** dmk_advisor_new - @options NULL: defaults. NULL: out of memory. */
struct dmk_advisor *dmk_advisor_new(const struct dmk_advice_options *options);
void dmk_advisor_free(struct dmk_advisor *advisor);
/** The observer to install; valid as long as the advisor. */
const struct dmk_observer *dmk_advisor_observer(struct dmk_advisor *advisor);

/** dmk_advice_section - of those there are, from 0; NULL: no more. The same in every run. */
const struct dmk_advice_section *dmk_advice_section(unsigned int index);
/**
 * dmk_advisor_rows - one section's rows of what was seen so far, to @row: those with advice first,
 * the heaviest of them first
 * Context: any; not from an observer. Return: false: @row wanted no more.
 */
bool dmk_advisor_rows(struct dmk_advisor *advisor, unsigned int section,
		      bool (*row)(void *ctx, const struct dmk_advice_row *row), void *ctx);

#endif
