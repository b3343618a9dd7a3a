/* SPDX-License-Identifier: MIT */
/*
 * A machine for testing the kernel part: memory, interrupt lines that a test moves, and nothing
 * else. 64 MiB: a DMA zone up to 8 MiB, a DMA32 zone up to 16, a hole from 20 to 24, 1 MiB kept
 * back at 24, no direct map from 48 on.
 */
#ifndef TESTS_KERNEL_FAKE_H
#define TESTS_KERNEL_FAKE_H

#include <dmakit/kernel.h>
#include <dmakit/observer.h>

#define MIB (1024ULL * 1024)

struct fake_events {
	unsigned int count[DMK_EVENT_KINDS];
	struct dmk_event last[DMK_EVENT_KINDS];
};

extern struct dmk_machine fake_machine;
/** How the machine sees the line: enabled by the kernel part or not. */
extern bool fake_enabled[16];
/** Microseconds that the machine takes to hear that a line is disabled. */
extern unsigned int fake_slow_disable;

/**
 * Boot with these parameters; fails the test when that fails. Undone by fake_shutdown(), which
 * checks that nothing is left.
 */
void fake_boot(const char *parameters, unsigned int cache_line);
/**
 * The zones of the machines that are booted from now on: last addresses, 0: none. At first 8 MiB -
 * 1 and 16 MiB - 1.
 */
void fake_zones(uint64_t dma, uint64_t dma32);
/** The same with other memory, within the first 64 MiB; @memory stays the caller's. */
void fake_boot_on(const struct dmk_memory *memory, unsigned int n, const char *parameters,
		  unsigned int cache_line);
void fake_shutdown(void);
void fake_line(unsigned int irq, bool level);
void fake_message(unsigned int irq);

/** What was announced since the last fake_forget(). */
unsigned int fake_count(enum dmk_event_kind kind);
struct dmk_event fake_last(enum dmk_event_kind kind);
void fake_forget(void);
/** What printk said since then, all in one. */
const char *fake_log(void);
/** Whether @text is in it; other threads may be printing. */
bool fake_said(const char *text);
/** Threads of this process. */
unsigned int fake_threads(void);
/** A seed from the environment (SEED), or a fixed one; printed. */
uint64_t fake_seed(void);
uint64_t fake_random(uint64_t limit);

#endif
