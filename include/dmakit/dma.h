/* SPDX-License-Identifier: MIT */
/*
 * The core's calls: what <linux/dma-mapping.h>, <linux/dmapool.h> and <linux/scatterlist.h> are
 * thin wrappers over.
 *
 * Names and arguments follow Linux's; addresses are typed. Every call announces itself to the
 * observer, with the place of the driver's call: the wrappers are inlined into the driver, so a
 * call's return address here is a line of the driver.
 *
 * Audience: who links the freestanding core, and the driver-facing headers.
 */
#ifndef DMAKIT_DMA_H
#define DMAKIT_DMA_H

#include <dmakit/device.h>
#include <dmakit/observer.h>
#include <dmakit/os.h>
#include <dmakit/port.h>
#include <dmakit/types.h>

struct scatterlist;
struct sg_table;
struct dmk_pool;

/* --- life ------------------------------------------------------------------------------------- */

/**
 * Where memory is, for address arithmetic that must be a few instructions: set by dmk_core_start()
 * and by nobody else. page_to_phys() and friends are inline over it.
 */
struct dmk_layout {
	char *direct_base;     /* physical 0 in the direct map */
	uint64_t direct_last;  /* last physical address in it */
	char *memmap;          /* struct page of physical page 0 */
	/*
	 * Hears of an address that @call was given and that is not in the direct map; NULL: nobody
	 * does.
	 */
	void (*wrong_address)(const char *call, uint64_t address);
};
extern struct dmk_layout dmk_layout;

/**
 * Not 0: somebody watches (dmk_observe()) or makes calls fail (dmk_fail_with()), so that every call
 * has to be made. What a driver has inlined looks at this one word. Its first two bytes are set by
 * these two and by nobody else. The other two count who listens from outside the program: tracers
 * raise and lower them, as the semaphore of each probe (dmk_trace_to()). So listening costs nothing
 * where nobody does. It lies in initialised data: a tracer finds it by its place in the file.
 */
extern unsigned int dmk_attention;

struct dmk_core_config {
	struct dmk_port port;
	struct dmk_os os;
	/* address of page frame 0's struct page; the core never follows it */
	void *memmap;
	/* as in struct dmk_layout; may be NULL */
	void (*wrong_address)(const char *call, uint64_t address);
	/* the kernel command line: swiotlb=, ...; unknown words are left alone */
	const char *parameters;
	/*
	 * Where nobody can read or write, as many bytes as there are physical addresses: what
	 * stands for memory without a CPU address (DMA_ATTR_NO_KERNEL_MAPPING) is this plus the
	 * physical address. NULL: none, it is the address of the struct page.
	 */
	void *nowhere;
};

/**
 * dmk_core_start - set up the core on a machine: bounce buffers, the atomic pool
 * Context: once, before any device; one core per program.
 * Return: 0, -EINVAL (a hook is missing, said in the log), -ENOMEM (the bounce buffers or the
 *         atomic pool did not fit: said in the log, and the machine goes on without: -ENOMEM is
 *         returned only when nothing can work).
 */
int dmk_core_start(const struct dmk_core_config *config);
void dmk_core_stop(void);

/**
 * dmk_iommu_fault - what dmk_sink.fault was called with; says so in the log, with the nearest
 * mapping, not too often (IOM-04).
 */
void dmk_iommu_fault(const struct dmk_iommu_fault *fault);

/* --- masks and limits: MSK-01..08 ------------------------------------------------------------- */

int dmk_set_mask(struct dmk_dev *dev, uint64_t mask, bool streaming, bool coherent);
uint64_t dmk_get_required_mask(struct dmk_dev *dev);
size_t dmk_max_mapping_size(struct dmk_dev *dev);
size_t dmk_opt_mapping_size(struct dmk_dev *dev);
uint64_t dmk_merge_boundary(struct dmk_dev *dev);
bool dmk_addressing_limited(struct dmk_dev *dev);
/**
 * dmk_dev_need_sync - whether a mapping of the device may need syncs: its caches are not coherent,
 * or it may bounce
 */
bool dmk_dev_need_sync(struct dmk_dev *dev);
bool dmk_need_sync(struct dmk_dev *dev, dmk_dma dma);
unsigned int dmk_cache_alignment(void);
int dmk_set_max_segment_size(struct dmk_dev *dev, unsigned int size);
int dmk_set_segment_boundary(struct dmk_dev *dev, uint64_t mask);
int dmk_set_min_align_mask(struct dmk_dev *dev, unsigned int mask);

/* --- streaming: STR, DIR, SYN ----------------------------------------------------------------- */

dmk_dma dmk_map_cpu(struct dmk_dev *dev, void *cpu, size_t size, enum dmk_direction dir,
		    unsigned long attrs);
dmk_dma dmk_map_phys(struct dmk_dev *dev, dmk_phys phys, size_t size, enum dmk_direction dir,
		     unsigned long attrs, enum dmk_map_kind kind);
void dmk_unmap(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir,
	       unsigned long attrs, enum dmk_map_kind kind);
/**
 * dmk_mapping_error - whether @dma is the error cookie; tells the observer that the driver looked
 * (STR-02).
 */
int dmk_mapping_error(struct dmk_dev *dev, dmk_dma dma);

/**
 * dmk_is_straight - whether a mapping takes no more than arithmetic
 * @mmio: the caller's attributes say that it is no RAM
 *
 * Return: false: it may take more. true: @dma is its address. Memory that is not RAM, a size of 0
 *	   or that wraps, a direction that is none, a device that can't reach it: false.
 */
static inline __attribute__((__always_inline__)) bool dmk_is_straight(const struct dmk_dev *dev,
								      uint64_t phys, size_t size,
								      enum dmk_direction dir,
								      bool mmio, dmk_dma *dma)
{
	const struct dmk_straight *part;
	uint64_t offset, last;

	if (!dev || (unsigned int)dir > DMK_FROM_DEVICE || mmio)
		return false;
	part = &dev->straight[phys >= dev->straight[1].first];
	offset = phys - part->first;
	if (__builtin_expect(offset >= part->size || (uint64_t)size - 1 >= part->size - offset ||
				     !dev->dma_mask,
			     0))
		return false;
	dma->v = phys + part->to_bus;
	last = dma->v + (size - 1);
	/*
	 * A limit of 0 is none, and is all ones here; a mapping of the byte at 0 alone goes the
	 * long way where there is one.
	 */
	return last <= *dev->dma_mask && last - 1 <= dev->bus_dma_limit - 1;
}

/**
 * dmk_map_straight - make a mapping that takes no more than arithmetic
 * Return: false: it may take more, or somebody watches; dmk_map_phys() or dmk_map_cpu() must be
 *	   asked, and says what they always say. true: @dma is what they would have returned.
 */
static inline __attribute__((__always_inline__)) bool dmk_map_straight(const struct dmk_dev *dev,
								       uint64_t phys, size_t size,
								       enum dmk_direction dir,
								       bool mmio, dmk_dma *dma)
{
	return __builtin_expect(!dmk_attention, 1) &&
	       dmk_is_straight(dev, phys, size, dir, mmio, dma);
}

/**
 * dmk_held_at - whether an unmap or sync of a mapping of the device that begins at @dma may have
 * something to do
 */
static inline __attribute__((__always_inline__)) bool dmk_held_at(const struct dmk_dev *dev,
								  uint64_t dma)
{
	const unsigned long page = (unsigned long)(dma >> DMK_PAGE_SHIFT);

	return __builtin_expect(page >= __atomic_load_n(&dev->held_first, __ATOMIC_RELAXED), 0) &&
	       page <= __atomic_load_n(&dev->held_last, __ATOMIC_RELAXED);
}

/** dmk_nothing_to_end - whether it has nothing to do, and nobody wants to hear of it */
static inline __attribute__((__always_inline__)) bool dmk_nothing_to_end(const struct dmk_dev *dev,
									 uint64_t dma)
{
	return __builtin_expect(!dmk_attention, 1) && dev && !dmk_held_at(dev, dma);
}
void dmk_sync_for_cpu(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir);
void dmk_sync_for_device(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir);

/* --- addresses first, pages later: IOM-06 ----------------------------------------------------- */

/**
 * dmk_iova_state_alloc - a space of addresses for @size bytes, the first of which will be one at
 * @phys's place in its page
 * Return: false: there is none, because there is no IOMMU or no room: map by the other calls.
 *
 * The others are told @dma and @all as they were got and asked for. What is no space, or no part of
 * it, is refused, and nothing happens.
 */
bool dmk_iova_state_alloc(struct dmk_dev *dev, dmk_phys phys, size_t size, dmk_dma *dma);
/**
 * dmk_iova_state_free - all that is linked is unmapped, and the addresses are given back; @linked:
 * bytes the driver thinks are
 */
void dmk_iova_state_free(struct dmk_dev *dev, dmk_dma dma, uint64_t all, size_t linked,
			 enum dmk_direction dir, unsigned long attrs);
/**
 * dmk_iova_state_link - 0 or a negative errno: -EINVAL, -ENOMEM, -EIO; what was linked before is as
 * it was.
 */
int dmk_iova_state_link(struct dmk_dev *dev, dmk_dma dma, uint64_t all, dmk_phys phys,
			size_t offset, size_t size, enum dmk_direction dir, unsigned long attrs);
/** dmk_iova_state_sync - 0 or -EINVAL; from now on the device may use what is linked there */
int dmk_iova_state_sync(struct dmk_dev *dev, dmk_dma dma, uint64_t all, size_t offset, size_t size);
/**
 * dmk_iova_state_unlink - on return no device reaches it, lazy or not; the addresses stay the
 * driver's
 */
void dmk_iova_state_unlink(struct dmk_dev *dev, dmk_dma dma, uint64_t all, size_t offset,
			   size_t size, enum dmk_direction dir, unsigned long attrs);

/**
 * dmk_map_sg - number of DMA segments (at least 1), or a negative errno: -EINVAL, -ENOMEM, -EIO
 * (SGL-03).
 */
int dmk_map_sg(struct dmk_dev *dev, struct scatterlist *sg, int nents, enum dmk_direction dir,
	       unsigned long attrs);
void dmk_unmap_sg(struct dmk_dev *dev, struct scatterlist *sg, int nents, enum dmk_direction dir,
		  unsigned long attrs);
void dmk_sync_sg_for_cpu(struct dmk_dev *dev, struct scatterlist *sg, int nents,
			 enum dmk_direction dir);
void dmk_sync_sg_for_device(struct dmk_dev *dev, struct scatterlist *sg, int nents,
			    enum dmk_direction dir);

/* --- memory for devices: COH ------------------------------------------------------------------ */

enum dmk_alloc_flags {
	/* may not sleep: served from what was made beforehand, where making takes sleep */
	DMK_ALLOC_ATOMIC = 1 << 0,
	DMK_ALLOC_MANAGED = 1 << 1, /* freed by dmk_managed_release() at the latest */
	/* the driver's gfp flags are none that the call takes: refused */
	DMK_ALLOC_BAD_GFP = 1 << 2,
};

void *dmk_alloc(struct dmk_dev *dev, size_t size, dmk_dma *dma, unsigned int flags,
		unsigned long attrs);
void dmk_free(struct dmk_dev *dev, size_t size, void *cpu, dmk_dma dma, unsigned long attrs);
/**
 * dmk_alloc_find - where the consistent memory at @cpu and @dma lies, of which @size bytes are to
 * be shown to somebody (COH-10)
 * @offset: of the byte that is at @phys; behind an IOMMU the memory may be in pieces
 * @run: bytes that lie side by side from there on, to the end of its last page
 * Return: false: the device holds none there, or one that is smaller.
 */
bool dmk_alloc_find(struct dmk_dev *dev, const void *cpu, dmk_dma dma, size_t size, size_t offset,
		    dmk_phys *phys, size_t *run);
/**
 * dmk_free_managed - as dmk_free(), for what was allocated with DMK_ALLOC_MANAGED, before its time.
 */
void dmk_free_managed(struct dmk_dev *dev, size_t size, void *cpu, dmk_dma dma,
		      unsigned long attrs);

/**
 * dmk_alloc_cached - zeroed pages of the direct map, cached: the CPU and the device take turns with
 * syncs. Return: their address.
 */
void *dmk_alloc_cached(struct dmk_dev *dev, size_t size, dmk_dma *dma, enum dmk_direction dir,
		       unsigned int flags, unsigned long attrs);
void dmk_free_cached(struct dmk_dev *dev, size_t size, void *cpu, dmk_dma dma,
		     enum dmk_direction dir);

/**
 * dmk_alloc_noncontiguous - the same as a mapped list; owned by the core, and gone with
 * dmk_free_noncontiguous()
 * dmk_vmap_noncontiguous - a view of it, cached; NULL: no such list of the device, or no address
 * space
 */
struct sg_table *dmk_alloc_noncontiguous(struct dmk_dev *dev, size_t size, enum dmk_direction dir,
					 unsigned int flags, unsigned long attrs);
void dmk_free_noncontiguous(struct dmk_dev *dev, size_t size, struct sg_table *table,
			    enum dmk_direction dir);
void *dmk_vmap_noncontiguous(struct dmk_dev *dev, size_t size, struct sg_table *table);
void dmk_vunmap_noncontiguous(struct dmk_dev *dev, void *view);
/** dmk_noncontiguous_good - whether it is a list of this device's, of at least @size bytes */
bool dmk_noncontiguous_good(struct dmk_dev *dev, size_t size, const struct sg_table *table);

/* --- pools: POL ------------------------------------------------------------------------------- */

struct dmk_pool *dmk_pool_create(const char *name, struct dmk_dev *dev, size_t size, size_t align,
				 size_t boundary, bool managed);
void dmk_pool_destroy(struct dmk_pool *pool);
void *dmk_pool_alloc(struct dmk_pool *pool, unsigned int flags, bool zero, dmk_dma *dma);
void dmk_pool_free(struct dmk_pool *pool, void *cpu, dmk_dma dma);

/* --- managed: COH-09, POL-06; the kernel part's devm_* stand on the same list ----------------- */

struct dmk_managed {
	struct dmk_managed *next, **at; /* .at: what points to it; NULL: it is on no list */
	void (*release)(struct dmk_dev *dev, struct dmk_managed *self); /* frees self too */
};

void dmk_managed_add(struct dmk_dev *dev, struct dmk_managed *managed);
/**
 * dmk_managed_remove - take one off the list without releasing it; false: it is not on the list.
 */
bool dmk_managed_remove(struct dmk_dev *dev, struct dmk_managed *managed);
/** dmk_managed_release - release all, newest first. */
void dmk_managed_release(struct dmk_dev *dev);

/* --- counters --------------------------------------------------------------------------------- */

/**
 * Bounce buffers in numbers (BNC-04): slots of @slot_size bytes in the pools that a device may use.
 * Beside each the name that Linux has for it in debugfs.
 */
struct dmk_bounce_stats {
	size_t slot_size;
	size_t total;          /* io_tlb_nslabs; pools that were added are in it */
	size_t used;           /* io_tlb_used */
	/*
	 * io_tlb_used_hiwater; of several areas, the sum of the most that each had: never too low
	 */
	size_t high_water;
	/*
	 * io_tlb_transient_nslabs: memory taken for one mapping each because the pools were full;
	 * not in @used
	 */
	size_t transient;
	size_t transient_made; /* how many such mappings there were so far */
	/* what total and transient together may come to: what @total is, where nothing grows */
	size_t most;
	unsigned int pools;    /* how many there are, */
	unsigned int grown;    /* of them made because the others were full */
	uint64_t refused;      /* mappings that failed because all was full */
};
/**
 * dmk_bounce_statistics - @dev NULL: the pools of all devices that name no region of their own.
 * Zeros: there are none.
 */
void dmk_bounce_statistics(struct dmk_dev *dev, struct dmk_bounce_stats *stats);

enum dmk_bounce_pool_kind {
	DMK_BOUNCE_MAIN,       /* made at the start */
	DMK_BOUNCE_LOW,        /* made at the start for devices that don't reach all of the first */
	DMK_BOUNCE_GROWN,      /* made because the others were full */
	DMK_BOUNCE_RESTRICTED, /* restricted-dma-pool (BNC-05) */
};
struct dmk_bounce_pool_stats {
	enum dmk_bounce_pool_kind kind;
	dmk_phys first;
	size_t total, used, high_water; /* slots */
	size_t areas;                   /* parts with a lock of their own */
};
/**
 * dmk_bounce_pool_statistics - one pool of those that dmk_bounce_statistics() adds up, @index from
 * 0; false: there are fewer.
 */
bool dmk_bounce_pool_statistics(struct dmk_dev *dev, unsigned int index,
				struct dmk_bounce_pool_stats *stats);

/* --- bounce buffers: what <linux/swiotlb.h> asks ---------------------------------------------- */

/** dmk_bounce_active - whether the device has somewhere to bounce */
bool dmk_bounce_active(const struct dmk_dev *dev);
/**
 * dmk_bounce_force - whether it bounces always: swiotlb=force, a restricted region, private memory
 */
bool dmk_bounce_force(const struct dmk_dev *dev);
/** dmk_bounce_for_alloc - whether its consistent memory is of a restricted region too (BNC-05) */
bool dmk_bounce_for_alloc(const struct dmk_dev *dev);
/** dmk_bounce_buffer - whether @phys is memory that the device bounces in */
bool dmk_bounce_buffer(const struct dmk_dev *dev, dmk_phys phys);
/**
 * dmk_bounce_max_mapping - bytes that can be bounced at once, wherever in a page the buffer begins,
 * under the device's limits
 */
size_t dmk_bounce_max_mapping(const struct dmk_dev *dev);

#endif
