/* SPDX-License-Identifier: MIT */
/*
 * What devices hold that don't look into caches, or share an IOMMU's domain with others. On such a
 * machine an unmap throws cache lines away: what a device wrote shall be seen, and not what was
 * read ahead. Of memory that is not mapped that would throw away what the CPU wrote. So a wrong
 * unmap or sync, by an address that is made up or by one that was unmapped before, must be told
 * from a right one (STR-04, SYN-04).
 *
 * A record is what tells. Where there is none, because the driver is wrong, or memory for records
 * was out, or consistent memory that is cached is synced, which nobody maps: there lines are
 * written back before they are dropped. That is right for whatever memory it is, since nobody's
 * bytes are lost; it is not done always, since on a real machine what the CPU wrote while the
 * device had the buffer is lost at the unmap, and a driver's author wants to see that here.
 *
 * In a domain of several devices the tables don't say whose a mapping is. What a device leaves
 * behind in it when it goes is found here, and ended: else the others would reach it on (IOM-07).
 *
 * Coherent buses cost nothing else: nobody calls here for them. Found by the page of the first
 * byte; a sync of a part looks back a few pages. Each bucket has its own lock, held for the walk of
 * a short list.
 */
#include "domain.h"
#include "lent.h"
#include "lock.h"

enum { BUCKETS = 1024, PAGES_BACK = 16 };

struct lent {
	struct lent *next;
	const struct dmk_dev *dev;
	uint64_t dma, size;
};

struct bucket {
	struct dmk_lock lock;
	struct lent *first;
};

/* NULL: nothing is remembered. Released when it is stored, acquired when it is loaded. */
static struct bucket *buckets;

static struct bucket *all_buckets(void)
{
	return __atomic_load_n(&buckets, __ATOMIC_ACQUIRE);
}

static bool any_bus_is_incoherent(const struct dmk_machine *machine)
{
	if (machine->pci && !machine->pci->dma->coherent)
		return true;
	for (unsigned int i = 0; i < machine->nr_platform; i++) {
		if (!machine->platform[i].dma->coherent)
			return true;
	}
	return machine->isa && !machine->isa->coherent;
}

void dmk_lent_start(void)
{
	buckets = any_bus_is_incoherent(dmk_core.machine)
			  ? dmk_meta_alloc(BUCKETS * sizeof(*buckets), true)
			  : NULL;
}

static void free_list(struct lent *lent)
{
	while (lent) {
		struct lent *next = lent->next;

		dmk_meta_free(lent, sizeof(*lent));
		lent = next;
	}
}

void dmk_lent_ready(void)
{
	struct bucket *none = NULL, *fresh;

	if (all_buckets())
		return;
	fresh = dmk_meta_alloc(BUCKETS * sizeof(*fresh), true);
	if (fresh && !__atomic_compare_exchange_n(&buckets, &none, fresh, false, __ATOMIC_ACQ_REL,
						  __ATOMIC_ACQUIRE))
		dmk_meta_free(fresh, BUCKETS * sizeof(*fresh));
}

void dmk_lent_stop(void)
{
	if (!buckets)
		return;
	for (unsigned int i = 0; i < BUCKETS; i++)
		free_list(buckets[i].first);
	dmk_meta_free(buckets, BUCKETS * sizeof(*buckets));
	buckets = NULL;
}

static struct bucket *bucket_of(uint64_t page)
{
	return &all_buckets()[page % BUCKETS];
}

void dmk_lent_add(const struct dmk_dev *dev, dmk_dma dma, uint64_t size)
{
	struct lent *lent = all_buckets() ? dmk_meta_alloc(sizeof(*lent), false) : NULL;
	struct bucket *bucket;
	unsigned long flags;

	if (!lent)
		return;
	lent->dev = dev;
	lent->dma = dma.v;
	lent->size = size;
	bucket = bucket_of(dma.v >> DMK_PAGE_SHIFT);
	flags = dmk_lock_take(&bucket->lock);
	lent->next = bucket->first;
	bucket->first = lent;
	dmk_lock_drop(&bucket->lock, flags);
}

/* The device's at this address: the one of this size before any other. With the lock. */
static struct lent **find(struct bucket *bucket, const struct dmk_dev *dev, uint64_t dma,
			  uint64_t size)
{
	struct lent **found = NULL;

	for (struct lent **at = &bucket->first; *at; at = &(*at)->next) {
		if ((*at)->dev != dev || (*at)->dma != dma)
			continue;
		if ((*at)->size == size)
			return at;
		found = at;
	}
	return found;
}

bool dmk_lent_take(const struct dmk_dev *dev, dmk_dma dma, uint64_t size)
{
	struct bucket *bucket = all_buckets() ? bucket_of(dma.v >> DMK_PAGE_SHIFT) : NULL;
	struct lent **at, *lent = NULL;
	unsigned long flags;
	bool same;

	if (!bucket)
		return false;
	flags = dmk_lock_take(&bucket->lock);
	at = find(bucket, dev, dma.v, size);
	if (at) {
		lent = *at;
		*at = lent->next;
	}
	dmk_lock_drop(&bucket->lock, flags);
	same = lent && lent->size == size;
	dmk_meta_free(lent, sizeof(*lent));
	return same;
}

/* Return: bytes of what began, and ended, in the range, and is no longer lent. */
static uint64_t take_from(struct bucket *bucket, const struct dmk_dev *dev, struct dmk_range dma)
{
	unsigned long flags = dmk_lock_take(&bucket->lock);
	struct lent **at = &bucket->first, *taken = NULL;
	uint64_t bytes = 0;

	while (*at) {
		struct lent *lent = *at;
		struct dmk_range range;

		if (lent->dev != dev || !dmk_range_make(lent->dma, lent->size, &range) ||
		    !dmk_range_within(range, dma)) {
			at = &lent->next;
			continue;
		}
		*at = lent->next;
		lent->next = taken;
		taken = lent;
		bytes += lent->size;
	}
	dmk_lock_drop(&bucket->lock, flags);
	free_list(taken);
	return bytes;
}

bool dmk_lent_take_within(const struct dmk_dev *dev, struct dmk_range dma)
{
	const uint64_t first = dma.first >> DMK_PAGE_SHIFT, last = dma.last >> DMK_PAGE_SHIFT;
	uint64_t bytes = 0;

	for (uint64_t i = 0; buckets && i <= last - first && i < BUCKETS; i++)
		bytes += take_from(bucket_of(first + i), dev, dma);
	return bytes == dmk_range_bytes(dma);
}

static bool holds(struct bucket *bucket, const struct dmk_dev *dev, struct dmk_range dma)
{
	unsigned long flags = dmk_lock_take(&bucket->lock);
	const struct lent *lent = bucket->first;
	struct dmk_range range;

	while (lent && !(lent->dev == dev && dmk_range_make(lent->dma, lent->size, &range) &&
			 dmk_range_within(dma, range)))
		lent = lent->next;
	dmk_lock_drop(&bucket->lock, flags);
	return lent;
}

bool dmk_lent_holds(const struct dmk_dev *dev, struct dmk_range dma)
{
	const uint64_t page = dma.first >> DMK_PAGE_SHIFT;

	for (uint64_t back = 0; all_buckets() && back < PAGES_BACK && back <= page; back++) {
		if (holds(bucket_of(page - back), dev, dma))
			return true;
	}
	return false;
}

static struct lent *take_all_of(struct bucket *bucket, const struct dmk_dev *dev)
{
	unsigned long flags = dmk_lock_take(&bucket->lock);
	struct lent **at = &bucket->first, *taken = NULL;

	while (*at) {
		struct lent *lent = *at;

		if (lent->dev != dev) {
			at = &lent->next;
			continue;
		}
		*at = lent->next;
		lent->next = taken;
		taken = lent;
	}
	dmk_lock_drop(&bucket->lock, flags);
	return taken;
}

void dmk_lent_forget_device(struct dmk_dev *dev)
{
	for (unsigned int i = 0; all_buckets() && i < BUCKETS; i++) {
		struct lent *taken = take_all_of(&all_buckets()[i], dev);

		for (const struct lent *lent = taken; lent; lent = lent->next)
			dmk_domain_unmap_block(dev, DMK_DMA(lent->dma));
		free_list(taken);
	}
}
