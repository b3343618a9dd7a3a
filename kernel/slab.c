/* SPDX-License-Identifier: MIT */
/*
 * Memory by the byte. Objects of one size share a slab, a short run of pages in simulated RAM, so
 * that devices can be given them; which of them are in use is written in the C heap, where no
 * device can write and no driver's overrun reaches (MEM-01, MEM-05).
 *
 * A freed object is filled with a pattern before it can be given out again, so that a stale use
 * shows. More than half a page comes from the page allocator directly. On a machine whose caches
 * are not coherent no two objects share a line (MEM-08).
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dmakit/kernel.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

enum { POISON_FREED = 0x6b, CLASSES_MAX = 12, ZONE_KINDS = 3, CLASS_LARGEST = 2048 };

struct slab {
	struct list_head link; /* in its cache */
	struct kmem_cache *cache;
	struct page *page;
	char *first;
	unsigned int n, used;
	uint32_t *asked;        /* bytes asked for, of each object in use */
	unsigned long *in_use;  /* bitmap */
	/* bitmap: was given out once, to tell a double free from a wild one */
	unsigned long *was_used;
	/* bitmap: of those in use, freed, and waiting in the quarantine */
	unsigned long *waiting;
};

struct kmem_cache {
	struct list_head link;
	const char *name;
	unsigned int size;   /* as asked for */
	unsigned int stride; /* bytes from one object to the next */
	unsigned int order;
	gfp_t zone;
	void (*ctor)(void *object);
	struct list_head slabs; /* those with room first */
	unsigned int empty;
	bool general; /* one of kmalloc's */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards caches and slabs */
static LIST_HEAD(caches);
static struct kmem_cache *general[ZONE_KINDS][CLASSES_MAX];
static unsigned int nr_classes;
static unsigned int line; /* bytes that no two objects of kmalloc's share; at least 8 */
static unsigned long nr_objects; /* in use, kmalloc() of pages included */

static const unsigned int class_size[] = {8,   16,  32,  64,   96,           128,
					  192, 256, 512, 1024, CLASS_LARGEST};
static const gfp_t kind_zone[ZONE_KINDS] = { 0, __GFP_DMA32, __GFP_DMA };

void (*dmk_heap_watch)(const void *memory, size_t asked, size_t room, bool freed);

static void tell(const void *memory, size_t asked, size_t room, bool freed)
{
	if (dmk_heap_watch)
		dmk_heap_watch(memory, asked, room, freed);
}

/* --- slabs: with the lock held ---------------------------------------------------------------- */

static struct slab *slab_new(struct kmem_cache *cache, gfp_t gfp)
{
	unsigned int n = (PAGE_SIZE << cache->order) / cache->stride;
	size_t words = BITS_TO_LONGS(n) * sizeof(long);
	struct slab *slab = calloc(1, sizeof(*slab) + 3 * words + n * sizeof(uint32_t));
	unsigned int i;

	if (!slab)
		return NULL;
	slab->page = dmk_page_alloc(cache->zone, cache->order, DMK_PAGE_SLAB);
	if (!slab->page) {
		free(slab);
		return NULL;
	}
	slab->page->dmk_slab = slab;
	slab->cache = cache;
	slab->first = dmk_page_cpu(slab->page);
	slab->n = n;
	slab->in_use = (unsigned long *)(slab + 1);
	slab->was_used = slab->in_use + BITS_TO_LONGS(n);
	slab->waiting = slab->was_used + BITS_TO_LONGS(n);
	slab->asked = (uint32_t *)(slab->waiting + BITS_TO_LONGS(n));
	/* A driver's constructor writes there before any object is announced. */
	if (cache->ctor)
		dmk_memory_event(DMK_EVENT_MEMORY_ALLOC, cache->name, slab->first,
				 dmk_page_phys(slab->page), PAGE_SIZE << cache->order,
				 DMK_REASON_NONE, DMK_HERE);
	for (i = 0; cache->ctor && i < n; i++)
		cache->ctor(slab->first + (size_t)i * cache->stride);
	list_add(&slab->link, &cache->slabs);
	cache->empty++;
	tell(slab->first, 0, (size_t)n * cache->stride, false);
	return slab;
}

static void slab_free(struct slab *slab)
{
	const size_t size = (size_t)slab->n * slab->cache->stride;

	slab->cache->empty--;
	list_del(&slab->link);
	tell(slab->first, size, size, false);
	dmk_page_free(slab->page, !slab->cache->ctor);
	free(slab);
}

static struct slab *slab_with_room(struct kmem_cache *cache, gfp_t gfp)
{
	struct slab *slab = list_first_entry_or_null(&cache->slabs, struct slab, link);

	return slab && slab->used < slab->n ? slab : slab_new(cache, gfp);
}

static void *take(struct kmem_cache *cache, size_t size, gfp_t gfp)
{
	struct slab *slab = slab_with_room(cache, gfp);
	unsigned long i;

	if (!slab)
		return NULL;
	i = find_first_zero_bit(slab->in_use, slab->n);
	__set_bit(i, slab->in_use);
	__set_bit(i, slab->was_used);
	slab->asked[i] = size;
	nr_objects++;
	if (!slab->used++)
		cache->empty--;
	if (slab->used == slab->n)
		list_move_tail(&slab->link, &cache->slabs);
	tell(slab->first + i * cache->stride, size, cache->stride, false);
	return slab->first + i * cache->stride;
}

/* The object that @memory is the first byte of; -1: none. */
static long object_of(const struct slab *slab, const void *memory)
{
	size_t offset = (const char *)memory - slab->first;

	if (offset % slab->cache->stride || offset / slab->cache->stride >= slab->n)
		return -1;
	return offset / slab->cache->stride;
}

/* From now on nobody has it. */
static void leave(struct slab *slab, unsigned long i)
{
	struct kmem_cache *cache = slab->cache;

	if (!cache->ctor)
		memset(slab->first + i * cache->stride, POISON_FREED, cache->stride);
	tell(slab->first + i * cache->stride, 0, cache->stride, true);
	nr_objects--;
}

/* From now on others may have it. */
static void give_back(struct slab *slab, unsigned long i)
{
	struct kmem_cache *cache = slab->cache;

	__clear_bit(i, slab->in_use);
	__clear_bit(i, slab->waiting);
	if (slab->used-- == slab->n)
		list_move(&slab->link, &cache->slabs);
	if (slab->used)
		return;
	/* One empty slab is kept: alloc and free in turns cost no pages. */
	if (cache->empty++)
		slab_free(slab);
}

/* What the quarantine had. */
static void give_back_waiting(void *object)
{
	struct page *head;
	phys_addr_t phys;

	if (!dmk_direct(object, 1, &phys))
		return;
	pthread_mutex_lock(&lock);
	head = dmk_page_head(dmk_page_of(phys));
	give_back(head->dmk_slab, object_of(head->dmk_slab, object));
	pthread_mutex_unlock(&lock);
	dmk_memory_released();
}

/* --- what an address is ----------------------------------------------------------------------- */

struct found {
	enum dmk_reason reason; /* why it is nothing that can be freed; DMK_REASON_NONE: it can */
	phys_addr_t phys;
	struct page *large; /* a kmalloc() of pages */
	struct slab *slab;
	unsigned long object;
	size_t asked, room;
	const char *name;
};

/* With the lock held. */
static struct found find(const void *memory)
{
	struct found found = { .reason = DMK_REASON_NOT_FOUND, .name = "kmalloc" };
	struct page *page, *head;
	long object;

	if (!dmk_direct(memory, 1, &found.phys))
		return found;
	page = dmk_page_of(found.phys);
	head = dmk_page_head(page);
	if (!head) {
		if (page->flags & DMK_PAGE_FREED)
			found.reason = DMK_REASON_DOUBLE_FREE;
		return found;
	}
	if (head->flags & DMK_PAGE_KMALLOC) {
		if (found.phys != dmk_page_phys(head))
			return found;
		found.large = head;
		found.asked = head->index;
		found.room = PAGE_SIZE << head->order;
		found.reason = head->flags & DMK_PAGE_WAITING ? DMK_REASON_DOUBLE_FREE
							      : DMK_REASON_NONE;
		return found;
	}
	if (!(head->flags & DMK_PAGE_SLAB))
		return found;
	object = object_of(head->dmk_slab, memory);
	if (object < 0)
		return found;
	found.slab = head->dmk_slab;
	found.object = object;
	found.name = found.slab->cache->general ? "kmalloc" : found.slab->cache->name;
	found.asked = found.slab->asked[object];
	found.room = found.slab->cache->stride;
	found.reason = DMK_REASON_NONE;
	if (test_bit(object, found.slab->waiting))
		found.reason = DMK_REASON_DOUBLE_FREE;
	else if (!test_bit(object, found.slab->in_use))
		found.reason = test_bit(object, found.slab->was_used) ? DMK_REASON_DOUBLE_FREE
								      : DMK_REASON_NOT_FOUND;
	return found;
}

static void refuse(const struct found *found, const char *call, const void *memory,
		   struct dmk_place place)
{
	dmk_complain(place.caller, "%s(%p): %s", call, memory,
	       found->reason == DMK_REASON_DOUBLE_FREE ? "it is free already" :
	       found->reason == DMK_REASON_MISMATCH    ? "it belongs to another cache" :
							 "no such object was allocated");
	dmk_memory_event(DMK_EVENT_MEMORY_FREE, found->name, memory, found->phys, found->asked,
			 found->reason, place);
}

/*
 * With the lock held. True: it waits from now on, and retire() is to be called without the lock.
 */
static bool free_later(const struct found *found)
{
	if (found->large) {
		nr_objects--;
		if (dmk_page_wait(found->large))
			return true;
		dmk_page_free(found->large, true);
		return false;
	}
	leave(found->slab, found->object);
	if (dmk_quarantine_takes(found->room)) {
		__set_bit(found->object, found->slab->waiting);
		return true;
	}
	give_back(found->slab, found->object);
	return false;
}

static void retire(const struct found *found, const void *memory)
{
	if (found->large)
		dmk_page_retire(found->large);
	else
		dmk_quarantine_add(give_back_waiting, (void *)memory, found->room);
}

/*
 * The observer hears of it before the memory can be somebody else's; the object is marked free only
 * afterwards, and looked at again, because two threads may free it at once.
 */
static void free_found(const void *memory, const struct kmem_cache *only, const char *call,
		       struct dmk_place place)
{
	struct found found;
	bool later = false;

	pthread_mutex_lock(&lock);
	found = find(memory);
	if (!found.reason && only && (!found.slab || found.slab->cache != only))
		found.reason = DMK_REASON_MISMATCH;
	if (!found.reason) {
		dmk_memory_event(DMK_EVENT_MEMORY_FREE, found.name, memory, found.phys, found.asked,
				 DMK_REASON_NONE, place);
		later = free_later(&found);
	}
	pthread_mutex_unlock(&lock);
	if (later)
		retire(&found, memory);
	else
		dmk_memory_released();
	if (found.reason)
		refuse(&found, call, memory, place);
}

/* --- kmalloc ---------------------------------------------------------------------------------- */

static unsigned int kind_of(gfp_t gfp)
{
	return gfp & __GFP_DMA ? 2 : gfp & __GFP_DMA32 ? 1 : 0;
}

static struct kmem_cache *class_for(size_t size, gfp_t gfp)
{
	struct kmem_cache **classes = general[kind_of(gfp)];
	unsigned int i;

	for (i = 0; i < nr_classes; i++)
		if (classes[i]->stride >= size)
			return classes[i];
	return NULL;
}

static void *take_pages(size_t size, gfp_t gfp)
{
	struct page *page;

	page = dmk_page_alloc(gfp & ~__GFP_HIGHMEM, get_order(size), DMK_PAGE_KMALLOC);
	if (!page)
		return NULL;
	page->index = size;
	nr_objects++;
	return dmk_page_cpu(page);
}

struct request {
	struct kmem_cache *cache; /* NULL: pages */
	size_t size;
	gfp_t gfp;
};

static void *try(const void *request)
{
	const struct request *asked = request;
	void *memory;

	pthread_mutex_lock(&lock);
	memory = asked->cache ? take(asked->cache, asked->size, asked->gfp)
			      : take_pages(asked->size, asked->gfp);
	pthread_mutex_unlock(&lock);
	return memory;
}

/*
 * A product that does not fit into size_t arrives as the largest there is, and is no news to who
 * wrote kcalloc().
 */
static void too_large(size_t size, gfp_t gfp, struct dmk_place place)
{
	if (size != SIZE_MAX && !(gfp & __GFP_NOWARN))
		dmk_complain(
			place.caller,
			"kmalloc: %zu bytes, and the most is %lu: kvmalloc() has more, in scattered pages",
			size, KMALLOC_MAX_SIZE);
}

static void *kmalloc_unasked(size_t size, gfp_t gfp, struct dmk_place place)
{
	struct request request = { .size = size, .gfp = gfp };
	phys_addr_t phys;
	void *memory;

	if (gfpflags_allow_blocking(gfp))
		dmk_might_sleep_at("kmalloc", place);
	if (!size)
		return ZERO_SIZE_PTR;
	request.cache = size <= CLASS_LARGEST ? class_for(size, gfp) : NULL;
	if (size > KMALLOC_MAX_SIZE) {
		too_large(size, gfp, place);
		return NULL;
	}
	memory = dmk_memory_insist(try, &request, "kmalloc", size, gfp);
	if (!memory)
		return NULL;
	if (gfp & __GFP_ZERO)
		memset(memory, 0, size);
	if (dmk_observed() && dmk_direct(memory, size, &phys))
		dmk_memory_event(DMK_EVENT_MEMORY_ALLOC, "kmalloc", memory, phys, size,
				 DMK_REASON_NONE, place);
	return memory;
}

void *dmk_kmalloc_at(size_t size, gfp_t gfp, struct dmk_place place)
{
	return size && dmk_memory_fails(gfp, place) ? NULL : kmalloc_unasked(size, gfp, place);
}

void dmk_kfree_at(const void *memory, struct dmk_place place)
{
	if (!ZERO_OR_NULL_PTR(memory))
		free_found(memory, NULL, "kfree", place);
}

void *kmalloc(size_t size, gfp_t gfp)
{
	return dmk_kmalloc_at(size, gfp, DMK_HERE);
}

void kfree(const void *memory)
{
	dmk_kfree_at(memory, DMK_HERE);
}

static struct found look(const void *memory)
{
	struct found found;

	pthread_mutex_lock(&lock);
	found = find(memory);
	pthread_mutex_unlock(&lock);
	return found;
}

size_t ksize(const void *memory)
{
	struct found found;

	if (ZERO_OR_NULL_PTR(memory))
		return 0;
	found = look(memory);
	if (!found.reason && found.slab) /* who asks may use all of it */
		tell(memory, found.room, found.room, false);
	return found.reason ? 0 : found.room;
}

size_t kmalloc_size_roundup(size_t size)
{
	struct kmem_cache *cache = size <= CLASS_LARGEST ? class_for(size, 0) : NULL;

	return !size ? 0 : cache ? cache->stride : PAGE_SIZE << get_order(size);
}

void kfree_sensitive(const void *memory)
{
	struct found found;

	if (ZERO_OR_NULL_PTR(memory))
		return;
	found = look(memory);
	if (!found.reason)
		memset((void *)memory, 0, found.room);
	dmk_kfree_at(memory, DMK_HERE);
}

void *krealloc(const void *memory, size_t size, gfp_t gfp)
{
	struct dmk_place place = DMK_HERE;
	struct found found;
	void *larger;

	if (ZERO_OR_NULL_PTR(memory))
		return dmk_kmalloc_at(size, gfp, place);
	if (!size) {
		dmk_kfree_at(memory, place);
		return ZERO_SIZE_PTR;
	}
	found = look(memory);
	if (found.reason) {
		refuse(&found, "krealloc", memory, place);
		return NULL;
	}
	/* Always moved: who keeps the old address is found out, and observers know the size. */
	larger = dmk_kmalloc_at(size, gfp, place);
	if (!larger)
		return NULL;
	memcpy(larger, memory, min(size, found.asked));
	dmk_kfree_at(memory, place);
	return larger;
}

void *kvmalloc(size_t size, gfp_t gfp)
{
	gfp_t first = (gfp & ~__GFP_NOFAIL) | __GFP_NOWARN;
	void *memory;

	if (size && dmk_memory_fails(gfp, DMK_HERE))
		return NULL;
	memory = size <= KMALLOC_MAX_SIZE ? kmalloc_unasked(size, first, DMK_HERE) : NULL;
	return memory || size <= PAGE_SIZE ? memory : __vmalloc(size, gfp);
}

void *dmk_kvrealloc(const void *memory, size_t size, gfp_t gfp)
{
	size_t has = dmk_vmalloc_size(memory);
	void *larger;

	if (size && dmk_memory_fails(gfp, DMK_HERE))
		return NULL;
	if (!has && size <= KMALLOC_MAX_SIZE)
		return krealloc(memory, size, gfp);
	if (!size) {
		kvfree(memory);
		return ZERO_SIZE_PTR;
	}
	larger = kvmalloc(size, gfp);
	if (!larger)
		return NULL;
	if (!ZERO_OR_NULL_PTR(memory))
		memcpy(larger, memory, min(size, has ? has : ksize(memory)));
	kvfree(memory);
	return larger;
}

void kvfree_sensitive(const void *memory, size_t size)
{
	if (ZERO_OR_NULL_PTR(memory))
		return;
	if (!is_vmalloc_addr(memory)) {
		kfree_sensitive(memory);
		return;
	}
	memset((void *)memory, 0, min(size, dmk_vmalloc_size(memory)));
	vfree(memory);
}

void kvfree(const void *memory)
{
	if (is_vmalloc_addr(memory))
		vfree(memory);
	else
		dmk_kfree_at(memory, DMK_HERE);
}

/* --- caches of a driver's own ----------------------------------------------------------------- */

static unsigned int order_for(unsigned int stride)
{
	unsigned int order = get_order(stride);

	while (order < 3 && (PAGE_SIZE << order) / stride < 8)
		order++;
	return order;
}

static struct kmem_cache *cache_new(const char *name, unsigned int size, unsigned int align,
				    gfp_t zone, void (*ctor)(void *object))
{
	struct kmem_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	cache->name = strdup(name ? name : "unnamed");
	cache->size = size;
	cache->stride = ALIGN(size, align);
	cache->order = order_for(cache->stride);
	cache->zone = zone;
	cache->ctor = ctor;
	INIT_LIST_HEAD(&cache->slabs);
	pthread_mutex_lock(&lock);
	list_add_tail(&cache->link, &caches);
	pthread_mutex_unlock(&lock);
	return cache;
}

/* With the lock held; what is in use stays: its pages go when the machine does. */
static void cache_free(struct kmem_cache *cache)
{
	struct slab *slab, *next;

	list_for_each_entry_safe(slab, next, &cache->slabs, link) {
		list_del(&slab->link);
		if (!slab->used)
			dmk_page_free(slab->page, false);
		free(slab);
	}
	list_del(&cache->link);
	free((char *)cache->name);
	free(cache);
}

/*
 * Aligned to 8 bytes, to what is asked for, and with SLAB_HWCACHE_ALIGN to the cache line, or to
 * the half, quarter, … of it that a small object fits into. So small ones share a line, also where
 * kmalloc() sees to it that they don't: whose objects a device writes says so with an alignment of
 * dma_get_cache_alignment() (MEM-08).
 */
static unsigned int alignment(unsigned int size, unsigned int align, slab_flags_t flags)
{
	unsigned int part = max(line, (unsigned int)L1_CACHE_BYTES);

	if (!(flags & SLAB_HWCACHE_ALIGN))
		part = 0;
	while (part / 2 >= size)
		part /= 2;
	return max3(align, part, (unsigned int)ARCH_SLAB_MINALIGN);
}

static struct kmem_cache *create_at(const char *name, unsigned int size, unsigned int align,
				    slab_flags_t flags, void (*ctor)(void *object),
				    struct dmk_place place)
{
	gfp_t zone = flags & SLAB_CACHE_DMA     ? __GFP_DMA
		     : flags & SLAB_CACHE_DMA32 ? __GFP_DMA32
						: 0;

	dmk_might_sleep_at("kmem_cache_create", place);
	if (!size || size > KMALLOC_MAX_SIZE || (align & (align - 1)) || align > PAGE_SIZE ||
	    dmk_memory_fails(0, place))
		return NULL;
	return cache_new(name, size, alignment(size, align, flags), zone, ctor);
}

struct kmem_cache *(kmem_cache_create)(const char *name, unsigned int size, unsigned int align,
				       slab_flags_t flags, void (*ctor)(void *object))
{
	return create_at(name, size, align, flags, ctor, DMK_HERE);
}

struct kmem_cache *kmem_cache_create_usercopy(const char *name, unsigned int size,
					      unsigned int align, slab_flags_t flags,
					      unsigned int useroffset, unsigned int usersize,
					      void (*ctor)(void *object))
{
	return create_at(name, size, align, flags, ctor, DMK_HERE);
}

struct kmem_cache *dmk_kmem_cache_create_args(const char *name, unsigned int size,
					      struct kmem_cache_args *args, slab_flags_t flags)
{
	static const struct kmem_cache_args none;
	const struct kmem_cache_args *how = args ? args : &none;

	return create_at(name, size, how->align, flags, how->ctor, DMK_HERE);
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	struct slab *slab;
	unsigned int used = 0;

	if (!cache)
		return;
	dmk_might_sleep_at("kmem_cache_destroy", DMK_HERE);
	dmk_quarantine_empty();
	pthread_mutex_lock(&lock);
	list_for_each_entry(slab, &cache->slabs, link)
		used += slab->used;
	/* With objects out it stays until the machine goes, so that a late free finds it. */
	if (!used)
		cache_free(cache);
	pthread_mutex_unlock(&lock);
	if (used)
		dmk_complain(__builtin_return_address(0),
			     "kmem_cache_destroy(%s): %u objects are in use", cache->name, used);
}

static void *cache_alloc_at(struct kmem_cache *cache, gfp_t gfp, struct dmk_place place)
{
	struct request request = { .cache = cache, .gfp = gfp };
	phys_addr_t phys;
	void *object;

	if (gfpflags_allow_blocking(gfp))
		dmk_might_sleep_at("kmem_cache_alloc", place);
	if (!cache) {
		dmk_complain(
			place.caller,
			"kmem_cache_alloc: the cache is NULL: was kmem_cache_create() looked at?");
		return NULL;
	}
	request.size = cache->size;
	if (dmk_memory_fails(gfp, place))
		return NULL;
	object = dmk_memory_insist(try, &request, "kmem_cache_alloc", cache->size, gfp);
	if (!object)
		return NULL;
	if (gfp & __GFP_ZERO)
		memset(object, 0, cache->size);
	if (dmk_observed() && dmk_direct(object, cache->size, &phys))
		dmk_memory_event(DMK_EVENT_MEMORY_ALLOC, cache->name, object, phys, cache->size,
				 DMK_REASON_NONE, place);
	return object;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return cache_alloc_at(cache, gfp, DMK_HERE);
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	if (object)
		free_found(object, cache, "kmem_cache_free", DMK_HERE);
}

void kmem_cache_free_bulk(struct kmem_cache *cache, size_t n, void **objects)
{
	struct dmk_place place = DMK_HERE;
	size_t i;

	for (i = 0; i < n; i++)
		if (!ZERO_OR_NULL_PTR(objects[i]))
			free_found(objects[i], cache, "kmem_cache_free_bulk", place);
}

int kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, size_t n, void **objects)
{
	struct dmk_place place = DMK_HERE;
	size_t i;

	for (i = 0; i < n; i++) {
		objects[i] = cache_alloc_at(cache, gfp, place);
		if (!objects[i])
			goto free;
	}
	return n;
free:
	while (i--)
		free_found(objects[i], cache, "kmem_cache_alloc_bulk", place);
	return 0;
}

int kmem_cache_shrink(struct kmem_cache *cache)
{
	struct slab *slab, *next;

	dmk_quarantine_empty();
	pthread_mutex_lock(&lock);
	list_for_each_entry_safe(slab, next, &cache->slabs, link)
		if (!slab->used)
			slab_free(slab);
	pthread_mutex_unlock(&lock);
	return 0;
}

unsigned int kmem_cache_size(struct kmem_cache *cache)
{
	return cache->size;
}

/* --- how much --------------------------------------------------------------------------------- */

unsigned long dmk_slab_objects(void)
{
	unsigned long n;

	pthread_mutex_lock(&lock);
	n = nr_objects;
	pthread_mutex_unlock(&lock);
	return n;
}

struct dmk_object_usage dmk_object_usage(void)
{
	return (struct dmk_object_usage){.objects = dmk_slab_objects(),
					 .areas = dmk_vmalloc_areas(),
					 .kmaps = dmk_kmaps()};
}

/* One slab; what is wrong with it, or NULL. With the lock held. */
static const char *audit_slab(const struct slab *slab, unsigned long *objects)
{
	unsigned long used = 0, waiting = 0, i;

	for_each_set_bit(i, slab->in_use, slab->n) {
		used++;
		waiting += test_bit(i, slab->waiting);
		if (slab->asked[i] > slab->cache->stride || !test_bit(i, slab->was_used))
			return "an object is larger than its place, or was never given out";
	}
	*objects += used - waiting;
	if (used != slab->used)
		return "a slab's count of objects is wrong";
	if (slab->page->dmk_slab != slab || !(slab->page->flags & DMK_PAGE_SLAB))
		return "a slab's page is not its own";
	return NULL;
}

const char *dmk_slab_audit(void)
{
	struct kmem_cache *cache;
	const char *wrong = NULL;
	unsigned long objects = 0;
	struct slab *slab;

	pthread_mutex_lock(&lock);
	list_for_each_entry(cache, &caches, link) {
		unsigned int empty = 0;
		bool full = false;

		list_for_each_entry(slab, &cache->slabs, link) {
			wrong = wrong ? wrong : audit_slab(slab, &objects);
			empty += !slab->used;
			if (full && slab->used < slab->n)
				wrong = "a slab with room is behind one that is full";
			full |= slab->used == slab->n;
		}
		if (empty != cache->empty)
			wrong = "the count of empty slabs is wrong";
	}
	if (!wrong && objects > nr_objects)
		wrong = "the count of objects is wrong";
	pthread_mutex_unlock(&lock);
	return wrong;
}

/* --- start and stop --------------------------------------------------------------------------- */

int dmk_slab_start(const struct dmk_machine *machine)
{
	unsigned int kind, i, last = 0;
	char name[32];

	line = max(machine->cache_line, 8U);
	nr_classes = 0;
	nr_objects = 0;
	for (i = 0; i < ARRAY_SIZE(class_size); i++) {
		unsigned int size = ALIGN(class_size[i], line);

		if (size == last)
			continue;
		last = size;
		for (kind = 0; kind < ZONE_KINDS; kind++) {
			struct kmem_cache *cache;

			snprintf(name, sizeof(name), "kmalloc-%u", size);
			/* A power of two is aligned to itself. */
			cache = cache_new(name, size, is_power_of_2(size) ? size : line,
					  kind_zone[kind], NULL);
			if (!cache)
				return -ENOMEM;
			cache->general = true;
			general[kind][nr_classes] = cache;
		}
		nr_classes++;
	}
	return 0;
}

void dmk_slab_stop(void)
{
	struct kmem_cache *cache, *next;

	pthread_mutex_lock(&lock);
	list_for_each_entry_safe(cache, next, &caches, link)
		cache_free(cache);
	nr_classes = 0;
	pthread_mutex_unlock(&lock);
}
