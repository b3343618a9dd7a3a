/* SPDX-License-Identifier: MIT */
/*
 * Page frames. Their records are memory of the host: no device reaches them.
 */
#ifndef _LINUX_MM_TYPES_H
#define _LINUX_MM_TYPES_H

#include <linux/rwsem.h>
#include <linux/types.h>

struct address_space;
struct file;
struct vm_area_struct;

/**
 * One page frame. Its fields are the page allocator's but for private, lru, mapping and index,
 * which its owner may use.
 */
struct page {
	unsigned int flags; /* enum dmk_page_flags, in dmakit's kernel/page.c */
	int refcount;       /* users of the page: alloc gives 1, the frame is free at 0 */
	unsigned int order; /* of the run that starts here */
	unsigned int zone;
	struct list_head lru;
	struct address_space *mapping;
	unsigned long index;
	union {
		unsigned long private;
		void *dmk_slab; /* the slab that the page belongs to */
	};
};

/* How a view of memory is cached. */
typedef struct {
	unsigned long value;
} pgprot_t;

#define PAGE_KERNEL ((pgprot_t){ 0 })
#define dmk_pgprot_uncached 1UL
#define pgprot_noncached(prot) ((pgprot_t){ (prot).value | dmk_pgprot_uncached })
#define pgprot_writecombine(prot) pgprot_noncached(prot)
#define pgprot_dmacoherent(prot) pgprot_noncached(prot)
#define pgprot_val(prot) ((prot).value)
#define __pgprot(bits) ((pgprot_t){ (bits) })

/** The memory of the programs that call drivers: it is of no kthread. */
struct mm_struct {
	struct rw_semaphore mmap_lock;
};

typedef unsigned int vm_fault_t;

#endif
