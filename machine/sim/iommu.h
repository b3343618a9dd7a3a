/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine's IOMMUs: what a devicetree says of one, what it remembers while it runs,
 * and one step of a walk.
 *
 *	iommu_tree.c  a devicetree -> which IOMMUs there are, who is behind them, which addresses are not to be given out
 *	iommu_walk.c  the formats: one entry of a table, by the specifications
 *	iommu.c       translation: attachments, the translation cache, invalidations
 *	access.c      a device's access, which asks for it
 */
#ifndef SIM_IOMMU_H
#define SIM_IOMMU_H

#include "sim.h"

/** What an IOMMU can tell apart: VT-d's source id, the SMMU's stream id. */
struct sim_stream {
	uint32_t id;
	uint32_t group;
	bool reaches_peers; /* no access control services above it */

	/* Written with the gate held for writing: */
	bool attached;
	struct dmk_iommu_attach to;
};

/** A device, and the stream that its accesses carry. */
struct sim_master {
	uint32_t requester;
	unsigned int stream;
};

/** A cached translation. It is true until it is invalidated, whatever the tables say meanwhile. */
struct sim_translation {
	bool valid;
	bool fault; /* nothing was mapped: kept by an IOMMU that caches faults */
	bool read, write;
	uint16_t id;
	unsigned int stream; /* who brought it in; no part of the tag */
	unsigned int shift;  /* of the page */
	uint64_t first;      /* IOVA of the page */
	uint64_t phys;
};

/** A cached entry above the last level: which table serves these addresses. */
struct sim_link {
	bool valid;
	bool read, write; /* what the levels so far allow */
	uint16_t id;
	unsigned int stream;
	unsigned int level; /* of the table */
	uint64_t first;     /* the first IOVA that it serves */
	uint64_t table;
};

struct sim_invalidation {
	uint16_t id;
	bool tables;
	uint64_t first, last;
};

/** How often; for tests. */
struct sim_iommu_counters {
	uint64_t hits, misses, reads; /* of tables' entries */
	uint64_t links;               /* walks that began below the root */
	uint64_t prefetches, invalidations, queued, syncs, faults;
};

enum { SIM_IOTLB_WAYS = 4, SIM_LINKS = 64, SIM_QUEUE_MOST = 256 };

struct sim_iommu {
	struct sim_iommu *next;
	int node;
	struct dmk_iommu iommu; /* its ctx is this */
	struct dmk_iommu_region *regions;
	struct sim_stream *streams;
	struct sim_master *masters;
	unsigned int nr_streams, nr_masters;
	uint64_t msi_first, msi_last; /* not translated; last 0: no such window */

	unsigned int shift; /* of the granule */
	unsigned int
		entries;    /* of the translation cache: a power of two, at least SIM_IOTLB_WAYS */
	unsigned int queue; /* invalidations that may wait for a sync() */
	unsigned int
		/* misses in a hundred after which the next page's translation is brought in too */
		prefetch;

	struct sim *sim; /* NULL: it does not run (yet) */
	/*
	 * The gate: an access holds it for reading from its translation to its last byte; who takes
	 * it for writing has waited for all accesses that began before. Writers go first, or a busy
	 * device would never let one through.
	 */
	pthread_rwlock_t gate;
	pthread_mutex_t lock; /* all below */
	struct sim_translation *cache;
	struct sim_link link[SIM_LINKS];
	struct sim_invalidation waiting[SIM_QUEUE_MOST];
	unsigned int nr_waiting;
	uint64_t random;
	struct sim_iommu_counters counters;
};

extern const struct dmk_iommu_ops dmk_sim_iommu_ops;

int dmk_sim_iommus_open(struct sim *sim);
void dmk_sim_iommus_close(struct sim *sim);
struct sim_iommu_counters dmk_sim_iommu_counters(struct sim_iommu *iommu);

/** The stream of a device, or NULL: it is not behind this IOMMU. */
struct sim_stream *dmk_sim_iommu_stream(const struct sim_iommu *iommu, uint32_t requester);

/**
 * An access begins, and is over. In between translations stay what they were for it, and sync()
 * waits.
 */
void dmk_sim_iommu_hold(struct sim_iommu *iommu);
void dmk_sim_iommu_release(struct sim_iommu *iommu);
/**
 * Where the byte at @iova is, and how many from there on are in one page; an access is held.
 * Return: false: refused, @reason says why.
 */
bool dmk_sim_iommu_translate(struct sim_iommu *iommu, const struct sim_stream *stream,
			     uint64_t iova, bool write, uint64_t *phys, uint64_t *run,
			     enum dmk_iommu_fault_reason *reason);
/** An access was refused: it is counted, and the sink is told. No access is held. */
void dmk_sim_iommu_refused(struct sim_iommu *iommu, const struct dmk_iommu_fault *fault);

/* --- one step of a walk ----------------------------------------------------------------------- */

struct sim_walk {
	uint64_t iova;
	unsigned int level; /* of the table that is read next; 0: its entries map granules */
	uint64_t table;
	bool read, write; /* what the levels so far allow */
	/* after SIM_STEP_PAGE */
	unsigned int shift;
	uint64_t phys;
};

enum sim_step {
	SIM_STEP_LINK, /* another table comes */
	SIM_STEP_PAGE,
	SIM_STEP_FAULT,
};

unsigned int dmk_sim_walk_shift(const struct sim_iommu *iommu, unsigned int level);
/** Physical address of the entry that serves walk->iova in walk->table. */
uint64_t dmk_sim_walk_entry(const struct sim_iommu *iommu, const struct sim_walk *walk);
/** What @entry says, into @walk; SIM_STEP_FAULT: @reason. Any @entry will do. */
enum sim_step dmk_sim_walk_step(const struct sim_iommu *iommu, uint64_t entry,
				struct sim_walk *walk, enum dmk_iommu_fault_reason *reason);

#endif
