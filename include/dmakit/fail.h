/* SPDX-License-Identifier: MIT */
/*
 * Failing on purpose: each call of a driver that can fail asks here first, so that a program can be
 * run once per such call and every way out of an error be walked (STR-12). Nobody asks the question
 * of calls that the system makes for itself, and a call of the driver's asks it once, however many
 * others it stands on.
 *
 * Like the observer there is one, installed while no driver call is under way. Unlike it, this
 * one's answer matters.
 *
 * Audience: who links the freestanding core, and who tests drivers.
 */
#ifndef DMAKIT_FAIL_H
#define DMAKIT_FAIL_H

#include <dmakit/types.h>

/** What would fail. */
enum dmk_fail_kind {
	/* a streaming mapping, single or a list: DMA_MAPPING_ERROR, or no segments */
	DMK_FAIL_MAP,
	DMK_FAIL_ALLOC,  /* consistent memory of any kind: NULL */
	DMK_FAIL_POOL,   /* a pool or a block of one: NULL */
	DMK_FAIL_MASK,   /* a mask: refused */
	DMK_FAIL_MEMORY, /* kmalloc, pages, vmalloc: NULL. Not of a caller who said __GFP_NOFAIL */
	DMK_FAIL_IRQ,    /* request_irq, interrupt vectors: an errno */
	DMK_FAIL_IOMEM,  /* ioremap, regions: NULL or an errno */
	/* a card switched on; a class, device, file or number registered: NULL or an errno */
	DMK_FAIL_DEVICE,
	DMK_FAIL_THREAD, /* a thread or a work queue: NULL or an errno */
	DMK_FAIL_KINDS
};

struct dmk_failer {
	/**
	 * fail - @caller is the code address that the call returns to. Any context and thread,
	 * several at once.
	 */
	bool (*fail)(void *ctx, enum dmk_fail_kind kind, const void *caller);
	void *ctx;
};

/** dmk_fail_with - install @failer, or NULL: nothing fails but what must */
void dmk_fail_with(const struct dmk_failer *failer);

/** The installed failer. Read through dmk_should_fail() only. */
extern const struct dmk_failer *dmk_failer;

/** The code address that the function this stands in returns to. */
#define DMK_CALLER __builtin_return_address(0)

static inline bool dmk_should_fail(enum dmk_fail_kind kind, const void *caller)
{
	const struct dmk_failer *failer = dmk_failer;

	return __builtin_expect(failer != NULL, 0) && (failer->fail)(failer->ctx, kind, caller);
}

#endif
