/* SPDX-License-Identifier: MIT */
/*
 * The random test's own parts, and what each may ask of the others.
 *
 *	main.c     the verb: options, a process for each machine, what was done
 *	run.c      one machine: booted, worked on by threads, taken apart; the verdict
 *	card.c     the driver of the cards that move the bytes
 *	object.c   kinds of memory and ways to lend it to a device
 *	work.c     what a thread does next, and whether every byte is what it must be
 */
#ifndef TOOLS_TORTURE_H
#define TOOLS_TORTURE_H

#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>

#include "torture/verb.h"

/* --- cards ------------------------------------------------------------------------------------ */

enum {
	TORTURE_CARDS = 5,
	TORTURE_GUEST = TORTURE_CARDS -
			1, /* the one whose driver comes and goes; no thread works with it */
	CARD_BUFFER = 64 << 10,
	CARD_BLOCK = 176, /* bytes of its pool's blocks */
	FENCE = 128,      /* bytes; a multiple of every cache line */
};

struct card {
	struct pci_dev *pdev; /* from the first probe on */
	struct device *dev;   /* NULL: no driver is bound */
	void __iomem *regs, *buffer;
	int irq;
	unsigned int bits; /* that its addresses have */
	struct dma_pool *pool;

	spinlock_t lock; /* the registers, the buffer; guards busy */
	bool busy; /* a transfer that takes its time is under way: nobody else may give a command */

	struct mutex job_lock; /* one job at a time */
	void (*job)(void *argument);
	void *argument;
	struct completion job_done;

	uint64_t visits; /* of the guest */
};

extern struct card torture_card[TORTURE_CARDS];

/**
 * card_read/card_write - the card moves bytes, at most CARD_BUFFER; done on return. Any context. 0,
 * or -errno: it was refused.
 */
int card_read(struct card *card, dma_addr_t dma, void *bytes, size_t size);
int card_write(struct card *card, dma_addr_t dma, const void *bytes, size_t size);
/**
 * card_write_slowly - the same, on the machine's own time; the caller sleeps meanwhile. -EBUSY:
 * another one does that.
 */
int card_write_slowly(struct card *card, dma_addr_t dma, const void *bytes, size_t size,
		      unsigned int usec);
/**
 * card_in_interrupt - run @job in the card's interrupt handler. False: the interrupt didn't come.
 */
bool card_in_interrupt(struct card *card, void (*job)(void *argument), void *argument);
/** card_visit - unbind the guest's driver and bind it again. False: its probe found no memory. */
bool card_visit(struct card *card);

/* --- threads ---------------------------------------------------------------------------------- */

enum work_kind {
	WORK_MAKE, /* memory is allocated and lent */
	WORK_END,  /* taken back, compared, freed */
	WORK_CARD_READS,
	WORK_CARD_WRITES,
	WORK_CPU_TURN, /* synced for the CPU, compared, perhaps changed, given back */
	WORK_GLUT,     /* all memory, or all slots, are taken for a while */
	WORK_GUEST,
	WORK_KINDS
};
extern const char *const work_name[WORK_KINDS];

enum { OBJECTS = 48, PAST = 8, KINDS_MOST = 24 };

struct worker {
	unsigned int index;
	struct task_struct *task;
	uint64_t random;    /* of the operation under way */
	uint64_t operation; /* how many were begun */
	struct object *object[OBJECTS];
	unsigned int nr_objects, most_objects;
	bool shrinking;
	unsigned int phase; /* operations left in it */
	uint64_t done[WORK_KINDS], refused[WORK_KINDS], bytes;
	uint64_t made[KINDS_MOST], not_made[KINDS_MOST]; /* by kind of object */
	spinlock_t lock; /* held for some calls, to be where nobody may sleep */
	u8 *scratch;
};

extern const struct torture_options *torture_options;
/** chance - a number below @limit, which is at least 1 */
uint64_t chance(struct worker *self, uint64_t limit);
/** torture_wrong - the first one counts; everybody stops. */
void torture_wrong(const char *format, ...) __printf(1, 2);
bool torture_stops(void);
/** torture_work - what a worker's thread runs until it is stopped or has done its share. */
int torture_work(void *worker);

/* --- objects ---------------------------------------------------------------------------------- */

struct piece {
	dma_addr_t dma;
	size_t size;
};

struct kind;

struct object {
	const struct kind *kind;
	struct card *card;
	enum dma_data_direction dir;
	unsigned long attrs;
	gfp_t gfp;
	size_t size; /* bytes that the card is lent */

	u8 *expected, *known; /* known[i]: expected[i] means something */
	struct piece *piece;  /* as the card sees it */
	unsigned int nr_pieces;

	/* memory: which of these is used depends on the kind */
	u8 *cpu;       /* first byte lent */
	void *memory;  /* what was allocated */
	size_t room;   /* of it, bytes */
	size_t offset; /* of the first byte lent */
	struct page *page;
	unsigned int order;
	struct sg_table table, *scattered;
	dma_addr_t dma;
	struct dma_iova_state state;

	const char *past[PAST]; /* what was done with it last, newest at past_at - 1 */
	unsigned int past_at;
};

/**
 * A kind of memory and a way to lend it. A false answer is a refusal, and leaves nothing behind.
 */
struct kind {
	const char *name;
	bool consistent; /* both may use it at any time; map to sync are not there */
	size_t most;     /* bytes */
	bool (*alloc)(struct worker *self, struct object *object);
	void (*free)(struct object *object);
	bool (*map)(struct object *object); /* fills piece; any context */
	void (*unmap)(struct object *object);
	void (*sync_for_cpu)(struct object *object, size_t at, size_t size);
	void (*sync_for_device)(struct object *object, size_t at, size_t size);
	void (*read)(struct object *object, size_t at, void *bytes, size_t size);
	void (*write)(struct object *object, size_t at, const void *bytes, size_t size);
	/** fenced - whether the bytes beside it are what alloc() put there */
	bool (*fenced)(const struct object *object);
	bool parts;          /* a part of it may be synced */
	bool (*there)(void); /* NULL: on every machine */
};
extern const struct kind torture_kind[];
extern const unsigned int torture_kinds;

#endif
