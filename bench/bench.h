/* SPDX-License-Identifier: MIT */
/*
 * What the files of the benchmark share: what a row of the table is, on which machines rows are
 * measured, and the devices there.
 *
 * One file a concept: floors.c, direct.c, pools.c and so on hold rows, runs.c the machines,
 * measure.c takes the time, report.c prints.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;
struct row;

enum { BENCH_THREADS = 8, BENCH_REPEATS = 1001, BENCH_PEERS = 2 };

/* --- a row ------------------------------------------------------------------------------------ */

/** One thread of a row. */
struct work {
	const struct row *row;
	unsigned int index; /* among the row's threads */
	uint64_t random;
	void *state; /* what row->prepare made */
};

enum bench_kind {
	BENCH_OURS,
	BENCH_FLOOR, /* what nobody goes below: a few lines of C */
	BENCH_PEER,  /* somebody else's */
};

/** Where a row is measured, a bit each; see runs.c. */
enum bench_where {
	AT_PC = 1 << 0,
	AT_FULL = 1 << 1,    /* with a bounce pool small enough to be filled */
	AT_STRICT = 1 << 2,  /* behind an IOMMU that is waited for at each unmap */
	AT_LAZY = 1 << 3,    /* ... in batches */
	AT_QEMU = 1 << 4,    /* QEMU's memory */
	AT_WATCHED = 1 << 5, /* checker on, one frame of each stack kept */
	AT_WATCHED_5 = 1 << 6,
	AT_CHECK = 1 << 7, /* checker on, as `dmakit check` has it */
	AT_ANY = (1 << 8) - 1,
};

struct row {
	const char *name;
	enum bench_kind kind;
	const char *
		who; /* FLOOR, PEER: a word or two for the column in which others stand beside it */
	unsigned int where;
	unsigned int threads; /* 0: 1 */
	/** run - the operation and its opposite, @n times */
	void (*run)(struct work *work, unsigned int n);
	unsigned int parts; /* operations in one of those @n, whose time is divided by it; 0: 1 */
	unsigned int least; /* @n is a multiple of this power of two; 0: 1 */
	unsigned int most;  /* @n is no more; 0: as a repeat's length wants it */
	size_t bytes;       /* of a buffer or block */
	unsigned int live;  /* of what is allocated or mapped meanwhile, by each thread */
	/**
	 * prepare - what the row works on, on a machine that is up; finish - the end of it. May be
	 * NULL.
	 */
	void *(*prepare)(const struct row *row);
	void (*finish)(const struct row *row, void *state);
	/** settle - before time is taken: what came before is over. May be NULL. */
	void (*settle)(struct work *work);
	/*
	 * measured by itself, after the others: what it keeps live would slow those that share it
	 */
	bool alone;
	/** there - NULL: always. A peer that is not installed is not. */
	bool (*there)(void);

	const char *less; /* no operation: what the row named first takes more than the second */
	const char *than;

	const char *floor; /* names of rows, measured in the same run */
	const char *peers[BENCH_PEERS];
	const char *same;    /* of ours: the same, but for one thing */
	const char *same_is; /* that thing; NULL: "1 thread" */
	double goal;         /* nanoseconds that it should not exceed; 0: none, or one of these */
	double goal_above;   /* that much above the floor's */
	double goal_times;   /* that many times the time of @same */

	const char *
		curve; /* the curve that it is a point of, or NULL; a PEER's is drawn beside ours */
	bool over_threads, over_channels; /* the curve's axis; else live. @live is channels, too */
};

/** The rows of one file. */
struct rows {
	const struct row *row;
	unsigned int nr;
};
#define BENCH_ROWS(array)                                   \
	{                                                   \
		(array), sizeof(array) / sizeof((array)[0]) \
	}

extern const struct rows bench_floors, bench_peers, bench_direct, bench_coherent, bench_pools,
	bench_bounce, bench_iova, bench_pgtable, bench_domain, bench_checked, bench_engine;

/** Smallest and middle of a row's repeats, in nanoseconds. */
struct figures {
	double min, median;
};

static inline unsigned int row_threads(const struct row *row)
{
	return row->threads ? row->threads : 1;
}

/* --- a run: a machine, booted once, with its rows interleaved --------------------------------- */

struct run {
	const char *name;
	enum bench_where where;
	const char *machine, *append;
	unsigned int stack_depth; /* checker on: frames kept; 0: as many as `dmakit check` keeps */
	bool checker;
	bool optional; /* a machine that may be missing */
};
extern const struct run bench_runs[];
extern const unsigned int nr_bench_runs;

/** bench_row - walk all rows of all files; NULL: no such index */
const struct row *bench_row(unsigned int index);

/**
 * bench_measure - @wanted of @nr rows, in @repeats interleaved repeats
 * Return: false: the machine can't be had, and @error (512 bytes) says why.
 */
bool bench_measure(const struct run *run, const struct row *const *rows, unsigned int nr,
		   unsigned int repeats, struct figures *figures, char *error);

void bench_die(const char *what) __attribute__((__noreturn__));

/* --- the machine's devices (rig.c) ------------------------------------------------------------ */

extern struct device *bench_wide,
	*bench_narrow; /* one that reaches everything; one of 32 bits, that bounces */
extern void *bench_far[BENCH_THREADS]; /* 64 KiB for each thread, out of the narrow one's reach */

void bench_rig_start(void);
void bench_rig_end(void);
/**
 * bench_device_new - a device that drives all address bits of @mask, on the bus @bus; NULL: the PCI
 * bus
 */
struct dmk_bus;
struct device *bench_device_new(const struct dmk_bus *bus, uint64_t mask);
void bench_device_end(struct device *dev);

/* --- little helpers --------------------------------------------------------------------------- */

static inline uint64_t bench_random(struct work *work)
{
	work->random ^= work->random << 13;
	work->random ^= work->random >> 7;
	work->random ^= work->random << 17;
	return work->random;
}

static inline unsigned int bench_below(struct work *work, unsigned int end)
{
	return (unsigned int)(((bench_random(work) >> 32) * end) >> 32);
}

/** bench_mine - a random one of the row's live things, of those of this thread */
static inline unsigned int bench_mine(struct work *work)
{
	return work->index * work->row->live + bench_below(work, work->row->live);
}

/** bench_keep - the compiler takes @value as used, and all memory as changed */
static inline void bench_keep(uint64_t value)
{
	__asm__ volatile("" : : "r"(value) : "memory");
}

/** bench_calloc - or die */
void *bench_calloc(size_t n, size_t size);

#endif
