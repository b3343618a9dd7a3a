/* SPDX-License-Identifier: MIT */
/*
 * A machine and a system for tests of the core alone: RAM at low addresses and above 4 GiB,
 * windows, records of what was asked of caches, and failures on demand. Not a simulation: nothing
 * here has a cache or a device.
 *
 *	RAM	[1 MiB, 7 MiB)  [4 GiB, 4 GiB + 2 MiB)
 *	restricted-dma-pool	[16 MiB, 16 MiB + 1 MiB - 12 KiB), if asked for
 */
#ifndef TESTS_CORE_FAKE_H
#define TESTS_CORE_FAKE_H

#include <dmakit/dma.h>

#include <stdio.h>

#define FAKE_LOW       0x100000ULL
#define FAKE_LOW_SIZE  0x600000ULL
#define FAKE_HIGH      0x100000000ULL
#define FAKE_HIGH_SIZE 0x200000ULL
#define FAKE_CAGE      0x1000000ULL
#define FAKE_CAGE_SIZE 0xfd000ULL

/** The last of low RAM, kept back for devices where fake_options.shared_pool says so. */
#define FAKE_POOL_SIZE 0x40000ULL
#define FAKE_POOL      (FAKE_LOW + FAKE_LOW_SIZE - FAKE_POOL_SIZE)

enum fake_bus {
	FAKE_IDENTITY,    /* coherent */
	FAKE_OFFSET,      /* coherent; bus 0x80000000 is physical 1 MiB, 4 MiB of it */
	FAKE_NONCOHERENT, /* identity */
};

enum { FAKE_DEFERRED = 8 };

struct fake_options {
	enum fake_bus bus;
	const char *parameters;
	uint32_t caps;
	bool highmem; /* no direct map above 4 GiB */
	uint64_t skew;    /* FAKE_IDENTITY: bus addresses are that much above physical ones */
	bool shared_pool; /* the bus names one: FAKE_POOL */
	bool no_map;      /* and the direct map leaves it out, as far as the core is told */
	uint64_t dma_zone_last;
	unsigned int
		/* the n-th allocation of any kind fails, counted from dmk_core_start(); 0: none */
		fail_from;
	bool cage;        /* fake_caged's memory is there */
	bool cage_no_map; /* and no part of the direct map */
	bool may_fail;    /* dmk_core_start() may: fake_start() then returns its error */
};

int fake_start(const struct fake_options *options);
/** fake_stop - stops the core, and checks that it gave back all it had. */
void fake_stop(void);

/** The one device: FAKE_IDENTITY and so on. */
extern struct dmk_dev fake_dev;
/** A second one on the same bus. */
extern struct dmk_dev fake_other;
/** One that is restricted to FAKE_CAGE; the same windows and caches. */
extern struct dmk_dev fake_caged;

/** fake_ram - address of physical memory, to look at or to give to the core */
void *fake_ram(uint64_t phys);
/**
 * What the device would read at a bus address. With DMK_CAP_PRIVATE, an address that is not shared
 * fails the test.
 */
void *fake_device_ram(dmk_dma dma);

/**
 * fake_fail_at - from now on the @n-th allocation fails, once; 0: none. Returns how many there were
 * since the last call.
 */
unsigned int fake_fail_at(unsigned int n);
/** Every allocation fails. */
extern bool fake_no_memory;
/**
 * No thread has a CPU of its own: what CPUs have for themselves is not used by those that come now.
 */
extern bool fake_one_cpu;
/**
 * fake_be_cpu - from now on this thread is that CPU; 0: the one it was. No two threads are the same
 * at a time.
 */
void fake_be_cpu(unsigned int number);
/** How often CPUs were waited for; that they can't be. */
extern unsigned int fake_settled;
extern bool fake_cannot_settle;
/** Called while CPUs are waited for, when it is not NULL. */
extern void (*fake_while_settling)(void);
extern __thread bool fake_interrupt, fake_atomic;
/** Whatever is at this address is of that kind. */
void fake_classify_as(const void *address, enum dmk_address_kind kind);

/** fake_run_deferred - run what the core asked to be done later. Returns how many there were. */
unsigned int fake_run_deferred(void);
/** fake_defer_fails - from now on nothing can be done later */
void fake_defer_fails(bool fails);

struct fake_held {
	size_t metas, pages, views;
};
struct fake_held fake_held(void);
bool fake_pages_free(uint64_t phys, size_t size);
/** fake_take_page - one that nobody has, for a test's own use; false: there is none. */
bool fake_take_page(dmk_phys *page);
void fake_give_page(dmk_phys page);
/**
 * fake_shared - pages that devices may read, with DMK_CAP_PRIVATE. fake_share_fails - the next call
 * of memory_share does.
 */
size_t fake_shared(void);
void fake_share_fails(bool fails);

enum fake_cache { FAKE_CLEAN = 1, FAKE_INVALIDATE, FAKE_FLUSH };
struct fake_cache_op {
	enum fake_cache op;
	uint64_t phys;
	size_t size;
};
/** fake_cache_ops - what was done to caches since the last call, at most @n of them */
size_t fake_cache_ops(struct fake_cache_op *ops, size_t n);

/**
 * The last message in the log, how many there were, and how many of them were warnings or worse.
 */
extern char fake_log[256];
extern unsigned int fake_log_count, fake_warned;

/* Events, the last of them kept. */
enum { FAKE_EVENTS = 64 };
extern struct dmk_event fake_events[FAKE_EVENTS];
extern struct dmk_event_sg fake_event_sg[256]; /* of the last event that had some */
extern size_t fake_nr_events;
void fake_watch(bool on);
const struct dmk_event *fake_last_event(void);

/* Numbers from a seed; DMK_TEST_SEED in the environment gives another one. */
uint64_t fake_seed(void);
uint64_t fake_random(uint64_t *state);
static inline size_t fake_below(uint64_t *state, size_t n)
{
	return fake_random(state) % n;
}

#endif
