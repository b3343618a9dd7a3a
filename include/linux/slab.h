/* SPDX-License-Identifier: MIT */
/*
 * Memory by the byte. All of it is in the direct map and may be lent to devices (MEM-01); what
 * describes it is kept elsewhere.
 */
#ifndef _LINUX_SLAB_H
#define _LINUX_SLAB_H

#include <linux/cache.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/types.h>
#include <linux/version.h>
#include <linux/workqueue.h>

struct kmem_cache;

/*
 * What every object of kmalloc()'s is aligned to at least; on a machine that needs more, it is more
 * (dma_get_cache_alignment()). Until 6.5, where caches are not coherent, it was a buffer's distance
 * from its neighbours in a struct as well: ARCH_DMA_MINALIGN (linux/cache.h) is that now.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define ARCH_KMALLOC_MINALIGN ARCH_DMA_MINALIGN
#else
#define ARCH_KMALLOC_MINALIGN 8
#endif
#define ARCH_SLAB_MINALIGN 8
#define KMALLOC_MIN_SIZE 8
#define KMALLOC_MAX_SIZE (1UL << (10 + 12))
#define KMALLOC_MAX_ORDER 10
#define ZERO_SIZE_PTR ((void *)16)
#define ZERO_OR_NULL_PTR(pointer) ((unsigned long)(pointer) <= (unsigned long)ZERO_SIZE_PTR)

#define SLAB_HWCACHE_ALIGN ((slab_flags_t)0x2000)
#define SLAB_CACHE_DMA ((slab_flags_t)0x4000)
#define SLAB_CACHE_DMA32 ((slab_flags_t)0x8000)
#define SLAB_PANIC ((slab_flags_t)0x40000)
#define SLAB_TYPESAFE_BY_RCU ((slab_flags_t)0x80000)
#define SLAB_RECLAIM_ACCOUNT ((slab_flags_t)0x20000)
#define SLAB_ACCOUNT ((slab_flags_t)0x4000000)
#define SLAB_POISON ((slab_flags_t)0x800)
#define SLAB_RED_ZONE ((slab_flags_t)0x400)
#define SLAB_STORE_USER ((slab_flags_t)0x10000)
#define SLAB_NO_MERGE ((slab_flags_t)0x1000000)
#define SLAB_CONSISTENCY_CHECKS ((slab_flags_t)0x100)

/**
 * kmalloc - @size bytes, physically contiguous, aligned to 8 bytes or the machine's cache line; a
 * power of two to itself
 *
 * Context: may sleep with __GFP_DIRECT_RECLAIM (GFP_KERNEL), any without.
 * Return:  NULL: no memory. 0 bytes give ZERO_SIZE_PTR, which may be freed and not looked into.
 * Rules:   MEM-01, MEM-06, MEM-07, MEM-08.
 */
void *kmalloc(size_t size, gfp_t gfp) DMK_SYM(kmalloc) __attribute__((malloc));
/**
 * kfree - NULL is nothing. What was not allocated, or was freed already, is refused and reported
 * (MEM-05).
 */
void kfree(const void *memory) DMK_SYM(kfree);
void kfree_sensitive(const void *memory) DMK_SYM(kfree_sensitive);
void *krealloc(const void *memory, size_t size, gfp_t gfp) DMK_SYM(krealloc) __must_check;
/** ksize - bytes that really are there for @memory, at least those asked for. */
size_t ksize(const void *memory) DMK_SYM(ksize);
size_t kmalloc_size_roundup(size_t size) DMK_SYM(kmalloc_size_roundup);

static __always_inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

static __always_inline void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc(size_mul(n, size), gfp);
}

static __always_inline void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc(size_mul(n, size), gfp | __GFP_ZERO);
}

static __always_inline void *krealloc_array(void *memory, size_t n, size_t size, gfp_t gfp)
{
	return krealloc(memory, size_mul(n, size), gfp);
}

#define kmalloc_node(size, gfp, node) ((void)(node), kmalloc((size), (gfp)))
#define kzalloc_node(size, gfp, node) ((void)(node), kzalloc((size), (gfp)))
#define kcalloc_node(n, size, gfp, node) ((void)(node), kcalloc((n), (size), (gfp)))
#define kmalloc_array_node(n, size, gfp, node) ((void)(node), kmalloc_array((n), (size), (gfp)))

/**
 * kvmalloc - as kmalloc(), and from vmalloc() when that finds no run long enough. Freed with
 * kvfree().
 */
void *kvmalloc(size_t size, gfp_t gfp) DMK_SYM(kvmalloc) __attribute__((malloc));
void kvfree(const void *memory) DMK_SYM(kvfree);

static __always_inline void *kvzalloc(size_t size, gfp_t gfp)
{
	return kvmalloc(size, gfp | __GFP_ZERO);
}

static __always_inline void *kvmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc(size_mul(n, size), gfp);
}

#define kvmalloc_node(size, gfp, node) ((void)(node), kvmalloc((size), (gfp)))
#define kvzalloc_node(size, gfp, node) ((void)(node), kvzalloc((size), (gfp)))
/** kvfree_sensitive - overwritten first. */
void kvfree_sensitive(const void *memory, size_t size) DMK_SYM(kvfree_sensitive);

/** kvrealloc - as krealloc(), for memory of kvmalloc(). Until 6.11 it was told the old size too. */
void *dmk_kvrealloc(const void *memory, size_t size, gfp_t gfp) __must_check;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define kvrealloc(memory, old_size, size, gfp) \
	((void)(old_size), dmk_kvrealloc((memory), (size), (gfp)))
#else
#define kvrealloc(memory, size, gfp) dmk_kvrealloc((memory), (size), (gfp))
#endif

static __always_inline void *kvcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kvmalloc(size_mul(n, size), gfp | __GFP_ZERO);
}

/** What a cache may be made with besides a name, a size and flags. */
struct kmem_cache_args {
	unsigned int align;
	unsigned int useroffset, usersize;
	unsigned int freeptr_offset;
	bool use_freeptr_offset;
	void (*ctor)(void *object);
	unsigned int sheaf_capacity;
};

/**
 * kmem_cache_create - a pool of equal objects
 * @align: a power of two, or 0; objects are aligned to it, to 8 bytes, and with SLAB_HWCACHE_ALIGN
 *         to the cache line, or as small a half, quarter, … of it as they fit into. Otherwise
 *         objects share lines, also where kmalloc()'s don't (MEM-08)
 * @ctor:  called for each object when its memory is taken, not for each allocation
 * Return: NULL: no memory, or a size or alignment that makes no sense.
 *
 * Since 6.12 also kmem_cache_create(name, size, args, flags), with args a struct kmem_cache_args *
 * or NULL.
 */
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align,
				     slab_flags_t flags, void (*ctor)(void *object))
	DMK_SYM(kmem_cache_create);
struct kmem_cache *dmk_kmem_cache_create_args(const char *name, unsigned int size,
					      struct kmem_cache_args *args, slab_flags_t flags);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define kmem_cache_create(name, size, args, ...)                      \
	_Generic((args),                                              \
		struct kmem_cache_args *: dmk_kmem_cache_create_args, \
		void *: dmk_kmem_cache_create_args,                   \
		default: (kmem_cache_create))((name), (size), (args), __VA_ARGS__)
#endif
struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned int size,
					      unsigned int align, slab_flags_t flags,
					      unsigned int useroffset, unsigned int usersize,
					      void (*ctor)(void *object))
	DMK_SYM(kmem_cache_create_usercopy);
/** kmem_cache_destroy - NULL is nothing. With objects out it is reported, and they stay valid. */
void kmem_cache_destroy(struct kmem_cache *cache) DMK_SYM(kmem_cache_destroy);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp) DMK_SYM(kmem_cache_alloc)
	__attribute__((malloc));
void kmem_cache_free(struct kmem_cache *cache, void *object) DMK_SYM(kmem_cache_free);
/** kmem_cache_alloc_bulk - @n objects, or none of them: returns @n or 0. */
int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t n, void **objects)
	DMK_SYM(kmem_cache_alloc_bulk);
/** kmem_cache_free_bulk - a NULL cache: whatever they are from. */
void kmem_cache_free_bulk(struct kmem_cache *cache, size_t n, void **objects)
	DMK_SYM(kmem_cache_free_bulk);
int kmem_cache_shrink(struct kmem_cache *cache) DMK_SYM(kmem_cache_shrink);
unsigned int kmem_cache_size(struct kmem_cache *cache) DMK_SYM(kmem_cache_size);

static __always_inline void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return kmem_cache_alloc(cache, gfp | __GFP_ZERO);
}

#define kmem_cache_alloc_node(cache, gfp, node) ((void)(node), kmem_cache_alloc((cache), (gfp)))
#define kfree_bulk(n, objects) kmem_cache_free_bulk(NULL, (n), (objects))
#define KMEM_CACHE_USERCOPY(type, flags, field)                                                   \
	kmem_cache_create_usercopy(#type, sizeof(struct type), __alignof__(struct type), (flags), \
				   offsetof(struct type, field),                                  \
				   sizeof(((struct type *)0)->field), NULL)
#define KMEM_CACHE(type, flags) \
	kmem_cache_create(#type, sizeof(struct type), __alignof__(struct type), (flags), NULL)

DEFINE_FREE(kfree, void *, if (!IS_ERR_OR_NULL(_T)) kfree(_T))
DEFINE_FREE(kvfree, void *, if (!IS_ERR_OR_NULL(_T)) kvfree(_T))

#endif
