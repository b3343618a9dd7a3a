/* SPDX-License-Identifier: MIT */
/*
 * A domain as domain.c, domain_map.c and domain_flush.c see it.
 */
#ifndef DMK_CORE_DOMAIN_PRIVATE_H
#define DMK_CORE_DOMAIN_PRIVATE_H

#include "cpu_parts.h"
#include "domain.h"

/** A range whose addresses are not given out again before the IOMMU forgot it. */
struct dmk_leaving {
	uint64_t iova, size;
};

enum { DMK_LEAVING_MOST = 256, DMK_LEAVING_USEC = 10000 };

struct dmk_leaving_list {
	unsigned int n;
	struct dmk_leaving leaving[DMK_LEAVING_MOST];
};

struct dmk_flush_queue {
	struct dmk_cpu_parts lists;     /* a dmk_leaving_list each */
	struct dmk_lock lock;           /* guards all below, and the lists that are closed */
	struct dmk_leaving_list shared; /* of CPUs that have no list */
	struct dmk_deferred work;
	/*
	 * 1: work was given to the system and has not begun; atomic. A word: not every machine
	 * exchanges bytes
	 */
	unsigned int due;
	unsigned int running;      /* work that began and has not ended */
	struct dmk_domain *domain; /* NULL: it ended, and work is due or runs */
	struct dmk_flush_queue *next_retired;
};

struct dmk_domain {
	struct dmk_domain *next;
	const struct dmk_iommu *iommu;
	uint32_t group;
	uint16_t id;
	unsigned int shift;
	uint64_t granule; /* bytes */
	struct dmk_pgtable *table;
	struct dmk_iova_space *space;
	struct dmk_flush_queue *queue; /* NULL: strict */
	/*
	 * by several devices, once: what each of them has is remembered. Atomic, never taken back.
	 */
	bool shared;
	bool untrusted; /* a member is not trusted: strict from now on. Atomic, never taken back. */
	struct dmk_dev *devices;       /* by next_in_domain; guarded by the list's lock */
};

/** dmk_domain_queue_make - for a domain that is not to be strict; false: no memory. */
bool dmk_domain_queue_make(struct dmk_domain *domain);
/** dmk_domain_queue_end - flushed, and gone as soon as the system's work on it is done */
void dmk_domain_queue_end(struct dmk_domain *domain);
/** dmk_domain_queues_stop - the system does no more work: what waited for it is freed */
void dmk_domain_queues_stop(void);
/**
 * dmk_domain_is_shared - whether the tables don't say whose a mapping is. Relaxed: devices join
 * before their drivers' first call.
 */
static inline bool dmk_domain_is_shared(const struct dmk_domain *domain)
{
	return __builtin_expect(__atomic_load_n(&domain->shared, __ATOMIC_RELAXED), 0);
}

/**
 * dmk_domain_map_range - whole granules around the range, at an address of their own;
 * DMK_REASON_NO_ROOM: nothing is mapped.
 */
enum dmk_reason dmk_domain_map_range(struct dmk_domain *domain, struct dmk_range phys,
				     uint64_t align, uint64_t limit, unsigned int prot,
				     uint64_t *dma);
/**
 * dmk_domain_unmap_at - whatever was mapped as one thing from @iova on; false: there was nothing,
 * or somebody else is at it.
 */
bool dmk_domain_unmap_at(struct dmk_domain *domain, uint64_t iova);

/* --- domain_bounce.c -------------------------------------------------------------------------- */

/** dmk_domain_bounces - whether lending this to the device would show it more than this */
bool dmk_domain_bounces(const struct dmk_dev *dev, struct dmk_range phys);
struct dmk_mapping dmk_domain_map_bounced(struct dmk_dev *dev, struct dmk_range phys,
					  enum dmk_direction dir, unsigned long attrs);
/** dmk_domain_unmap_bounced, _sync_bounced - false: it is no such mapping, and nothing was done. */
bool dmk_domain_unmap_bounced(struct dmk_dev *dev, dmk_dma dma, enum dmk_direction dir,
			      unsigned long attrs);
bool dmk_domain_sync_bounced(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir,
			     bool for_cpu);

/**
 * dmk_domain_leave - the range was unmapped: have the IOMMU forget it, now or soon, and take all
 * back then
 */
void dmk_domain_leave(struct dmk_domain *domain, const struct dmk_leaving *leaving);
/** dmk_domain_flush - what is waiting is forgotten, and taken back, on return */
void dmk_domain_flush(struct dmk_domain *domain);

/**
 * dmk_domain_take_iova - as dmk_iova_take(); what waits for a flush is flushed when addresses are
 * out
 */
bool dmk_domain_take_iova(struct dmk_domain *domain, uint64_t size, uint64_t align, uint64_t limit,
			  uint64_t boundary, uint64_t *iova);
/** dmk_domain_prot - what the device may do to memory that is mapped in @dir */
unsigned int dmk_domain_prot(const struct dmk_dev *dev, enum dmk_direction dir, bool mmio);
/**
 * dmk_domain_tell_mapped - an IOMMU that remembers where nothing was hears that now there is
 * something
 */
void dmk_domain_tell_mapped(const struct dmk_domain *domain, uint64_t iova, uint64_t size);
/**
 * dmk_domain_for_cpu - dmk_cache_for_cpu() of the memory behind a range of addresses, as far as it
 * is mapped
 */
void dmk_domain_for_cpu(const struct dmk_dev *dev, uint64_t dma, uint64_t size,
			enum dmk_direction dir, bool lent);

/** dmk_iova_states_forget - the domain ends, and all its addresses with it */
void dmk_iova_states_forget(const struct dmk_domain *domain);

#endif
