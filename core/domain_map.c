/* SPDX-License-Identifier: MIT */
/*
 * Mapping behind an IOMMU: addresses are taken, tables filled, caches followed; and the opposite.
 * Nothing is remembered beside the tables: what was mapped as one thing is marked in them, so an
 * unmap takes that, whatever size a driver names, and where nothing begins it takes nothing
 * (STR-04).
 */
#include <linux/errno.h>
#include <linux/scatterlist.h>

#include "copy.h"
#include "domain_private.h"
#include "lent.h"
#include "scattered.h"
#include "window.h"

unsigned int dmk_domain_prot(const struct dmk_dev *dev, enum dmk_direction dir, bool mmio)
{
	static const unsigned char rights[] = {
		[DMK_BIDIRECTIONAL] = DMK_PROT_READ | DMK_PROT_WRITE,
		[DMK_TO_DEVICE] = DMK_PROT_READ,
		[DMK_FROM_DEVICE] = DMK_PROT_WRITE,
	};

	return rights[dir] | (dev->bus->coherent && !mmio ? DMK_PROT_CACHED : 0);
}

static uint64_t offset_in(const struct dmk_domain *domain, uint64_t address)
{
	return address & (domain->granule - 1);
}

static inline void tell_mapped(const struct dmk_domain *domain, uint64_t iova, uint64_t size)
{
	if (domain->iommu->caches_faults)
		dmk_domain_tell_mapped(domain, iova, size);
}

void dmk_domain_tell_mapped(const struct dmk_domain *domain, uint64_t iova, uint64_t size)
{
	if (!domain->iommu->caches_faults)
		return;
	domain->iommu->ops->invalidate(domain->iommu->ctx, domain->id, iova, iova + (size - 1),
				       true);
	domain->iommu->ops->sync(domain->iommu->ctx);
}

/* Addresses are out: those that wait for a flush may do. */
static bool take_after_flush(struct dmk_domain *domain, uint64_t size, uint64_t align,
			     uint64_t limit, uint64_t boundary, uint64_t *iova)
{
	if (!domain->queue)
		return false;
	dmk_domain_flush(domain);
	return dmk_iova_take(domain->space, size, align, limit, boundary, iova);
}

static inline bool take_iova(struct dmk_domain *domain, uint64_t size, uint64_t align,
			     uint64_t limit, uint64_t boundary, uint64_t *iova)
{
	return dmk_iova_take(domain->space, size, align, limit, boundary, iova) ||
	       take_after_flush(domain, size, align, limit, boundary, iova);
}

bool dmk_domain_take_iova(struct dmk_domain *domain, uint64_t size, uint64_t align, uint64_t limit,
			  uint64_t boundary, uint64_t *iova)
{
	return take_iova(domain, size, align, limit, boundary, iova);
}

/* --- one range -------------------------------------------------------------------------------- */

/* Whole granules around the range, at an address of their own. */
static inline enum dmk_reason map_range(struct dmk_domain *domain, struct dmk_range phys,
					uint64_t align, uint64_t limit, unsigned int prot,
					uint64_t *dma)
{
	const uint64_t offset = offset_in(domain, phys.first);
	const uint64_t size = dmk_align_up(offset + dmk_range_bytes(phys), domain->granule);
	uint64_t iova;

	if (!size || size < dmk_range_bytes(phys) ||
	    !take_iova(domain, size, align, limit, 0, &iova))
		return DMK_REASON_NO_ROOM;
	if (dmk_pgtable_map(domain->table, iova, DMK_PHYS(phys.first - offset), size,
			    prot | DMK_PROT_FIRST | DMK_PROT_LAST, false)) {
		dmk_iova_give(domain->space, iova, size);
		return DMK_REASON_NO_ROOM;
	}
	tell_mapped(domain, iova, size);
	*dma = iova + offset;
	return DMK_REASON_NONE;
}

enum dmk_reason dmk_domain_map_range(struct dmk_domain *domain, struct dmk_range phys,
				     uint64_t align, uint64_t limit, unsigned int prot,
				     uint64_t *dma)
{
	return map_range(domain, phys, align, limit, prot, dma);
}

struct dmk_mapping dmk_domain_map(struct dmk_dev *dev, struct dmk_range phys,
				  enum dmk_direction dir, unsigned long attrs, bool mmio)
{
	struct dmk_domain *domain = dev->domain;
	const bool cached = !dev->bus->coherent && !mmio;
	enum dmk_reason reason;
	uint64_t dma;

	if (cached && attrs & DMK_ATTR_REQUIRE_COHERENT)
		return dmk_refused(DMK_REASON_UNREACHABLE);
	if (__builtin_expect(dev->bus->untrusted, 0) && !mmio && dmk_domain_bounces(dev, phys))
		return dmk_domain_map_bounced(dev, phys, dir, attrs);
	reason = map_range(domain, phys, domain->granule, dmk_streaming_limit(dev),
			   dmk_domain_prot(dev, dir, mmio), &dma);
	if (reason != DMK_REASON_NONE)
		return dmk_refused(reason);
	if (cached) {
		dmk_lent_add(dev, DMK_DMA(dma), dmk_range_bytes(phys));
		if (!(attrs & DMK_ATTR_SKIP_CPU_SYNC))
			dmk_cache_for_device(DMK_PHYS(phys.first), dmk_range_bytes(phys), dir);
	} else if (dmk_domain_is_shared(domain)) {
		dmk_lent_add(dev, DMK_DMA(dma), dmk_range_bytes(phys));
	}
	return (struct dmk_mapping){.dma = DMK_DMA(dma)};
}

/* --- what is behind an address ---------------------------------------------------------------- */

/*
 * The physical run behind @dma: contiguous, of one mapping, no longer than @size. Return: its
 * bytes; 0: nothing is mapped.
 */
static uint64_t run_at(struct dmk_domain *domain, uint64_t dma, uint64_t size, dmk_phys *phys)
{
	uint64_t run = 0, page;
	unsigned int prot = 0;
	dmk_phys at;

	while (run < size && !(prot & DMK_PROT_LAST) &&
	       dmk_pgtable_walk(domain->table, dma + run, &at, &prot, &page)) {
		if (!run)
			*phys = at;
		else if (at.v != phys->v + run)
			break;
		run += page - ((dma + run) & (page - 1));
	}
	return run < size ? run : size;
}

/*
 * The next run of memory in [*@dma, + *@size), as far as that is mapped; registers are passed over.
 */
static bool next_run(const struct dmk_dev *dev, uint64_t *dma, uint64_t *size,
		     struct dmk_range *memory)
{
	dmk_phys phys = DMK_PHYS(0);
	uint64_t run;

	while ((run = run_at(dev->domain, *dma, *size, &phys))) {
		*dma += run;
		*size -= run;
		if (dmk_range_make(phys.v, run, memory) && dmk_cache_holds(dev, *memory))
			return true;
	}
	return false;
}

void dmk_domain_for_cpu(const struct dmk_dev *dev, uint64_t dma, uint64_t size,
			enum dmk_direction dir, bool lent)
{
	struct dmk_range memory;

	while (next_run(dev, &dma, &size, &memory))
		dmk_cache_for_cpu(DMK_PHYS(memory.first), dmk_range_bytes(memory), dir, lent);
}

static bool is_cached(const struct dmk_dev *dev, enum dmk_direction dir, dmk_dma dma)
{
	return !dev->bus->coherent && dmk_direction_good(dir) && dma.v != DMK_MAPPING_ERROR.v;
}

/* --- unmap, sync ------------------------------------------------------------------------------ */

/* Whatever was mapped as one thing from @iova on, and nothing else. */
bool dmk_domain_unmap_at(struct dmk_domain *domain, uint64_t iova)
{
	const struct dmk_leaving leaving = {.iova = iova,
					    .size = dmk_pgtable_take(domain->table, iova)};

	if (leaving.size)
		dmk_domain_leave(domain, &leaving);
	return leaving.size;
}

/* Before the tables forget which memory it is. */
static void give_to_cpu(struct dmk_dev *dev, dmk_dma dma, uint64_t size, enum dmk_direction dir,
			unsigned long attrs)
{
	const uint64_t offset = offset_in(dev->domain, dma.v);
	const uint64_t extent = dmk_pgtable_extent(dev->domain->table, dma.v - offset);
	bool lent;

	if (!extent)
		return;
	lent = dmk_lent_take(dev, dma, size);
	if (is_cached(dev, dir, dma) && !(attrs & DMK_ATTR_SKIP_CPU_SYNC))
		dmk_domain_for_cpu(dev, dma.v, size < extent - offset ? size : extent - offset, dir,
				   lent);
}

void dmk_domain_unmap(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir,
		      unsigned long attrs)
{
	if (dma.v == DMK_MAPPING_ERROR.v)
		return;
	if (__builtin_expect(dev->bus->untrusted, 0) &&
	    dmk_domain_unmap_bounced(dev, dma, dir, attrs))
		return;
	if (!dev->bus->coherent)
		give_to_cpu(dev, dma, size, dir, attrs);
	else if (dmk_domain_is_shared(dev->domain))
		dmk_lent_take(dev, dma, size);
	dmk_domain_unmap_at(dev->domain, dma.v - offset_in(dev->domain, dma.v));
}

void dmk_domain_sync_for_cpu(struct dmk_dev *dev, dmk_dma dma, size_t size, enum dmk_direction dir)
{
	struct dmk_range range;

	if (__builtin_expect(dev->bus->untrusted, 0) &&
	    dmk_domain_sync_bounced(dev, dma, size, dir, true))
		return;
	if (is_cached(dev, dir, dma) && dmk_range_make(dma.v, size, &range))
		dmk_domain_for_cpu(dev, dma.v, size, dir, dmk_lent_holds(dev, range));
}

void dmk_domain_sync_for_device(struct dmk_dev *dev, dmk_dma dma, size_t size,
				enum dmk_direction dir)
{
	struct dmk_range range;
	uint64_t at = dma.v, left = size;

	if (__builtin_expect(dev->bus->untrusted, 0) &&
	    dmk_domain_sync_bounced(dev, dma, size, dir, false))
		return;
	if (!is_cached(dev, dir, dma) || !dmk_range_make(dma.v, size, &range))
		return;
	while (next_run(dev, &at, &left, &range))
		dmk_cache_for_device(DMK_PHYS(range.first), dmk_range_bytes(range), dir);
}

/* --- lists ------------------------------------------------------------------------------------ */

static uint64_t max_segment(const struct dmk_dev *dev)
{
	return dev->max_segment_size ? dev->max_segment_size : 64 << 10;
}

static uint64_t boundary(const struct dmk_dev *dev)
{
	return dev->segment_boundary ? dev->segment_boundary : 0xffffffffULL;
}

/** What decides where entries go. */
struct places {
	uint64_t granule, limit; /* bytes; the device's boundary, as a mask */
};

static struct places places_of(const struct dmk_dev *dev)
{
	return (struct places){.granule = dev->domain->granule, .limit = boundary(dev)};
}

/*
 * Where an entry goes that comes after others, which end at *@end: an offset in one range of
 * addresses, and *@end is moved behind its whole granules. One that would cross the device's
 * boundary begins at the next, where that helps: take_list_iova() sees to it that the range begins
 * at a boundary, or crosses none.
 */
static inline uint64_t place(struct places places, struct scatterlist *sg, uint64_t *end)
{
	const uint64_t offset = sg_phys(sg) & (places.granule - 1);
	const uint64_t size = dmk_align_up(offset + sg->length, places.granule);
	const uint64_t left = places.limit - (*end & places.limit) + 1;
	uint64_t at = *end;

	if (left < size && at && left && size - 1 <= places.limit)
		at += left;
	*end = at + size;
	return at;
}

/* Return: what the whole list takes; 0: more than there can be. */
static uint64_t room_for(const struct dmk_dev *dev, struct scatterlist *sg, int nents)
{
	const struct places places = places_of(dev);
	uint64_t end = 0, before = 0;

	for (int i = 0; i < nents && end >= before; i++, sg = sg_next(sg)) {
		before = end;
		place(places, sg, &end);
	}
	return end > before ? end : 0;
}

static bool take_list_iova(const struct dmk_dev *dev, uint64_t size, uint64_t *iova)
{
	const uint64_t limit = boundary(dev);
	const bool fits = size - 1 <= limit;

	return dmk_domain_take_iova(dev->domain, size, fits ? dev->domain->granule : limit + 1,
				    dmk_streaming_limit(dev), fits ? limit : 0, iova);
}

/* Fills the tables. @iova is where the range begins, @total how long it is. */
static int map_entries(struct dmk_dev *dev, struct scatterlist *list, int nents,
		       enum dmk_direction dir, uint64_t iova, uint64_t total)
{
	const unsigned int rights = dmk_domain_prot(dev, dir, false);
	const struct places places = places_of(dev);
	struct dmk_pgtable *table = dev->domain->table;
	struct scatterlist *sg = list;
	uint64_t next_end = 0, next = place(places, list, &next_end);
	int result = 0;

	for (int i = 0; i < nents && !result; i++) {
		const uint64_t at = next, end = next_end, phys = sg_phys(sg);
		unsigned int prot = rights | (i == 0 ? DMK_PROT_FIRST : 0);

		if (i + 1 < nents) {
			sg = sg_next(sg);
			next = place(places, sg, &next_end);
			prot |= next != end ? DMK_PROT_GAP : 0;
		} else {
			prot |= DMK_PROT_LAST;
		}
		result = dmk_pgtable_map(table, iova + at,
					 DMK_PHYS(phys - offset_in(dev->domain, phys)), end - at,
					 prot, false);
		if (result) {
			dmk_pgtable_unmap(table, iova, at);
			dmk_pgtable_prune(table, iova, total);
		}
	}
	return result;
}

/* Whether the entry may be in one segment with what lies before it. */
static bool may_join(const struct dmk_dev *dev, uint64_t dma, uint64_t length, uint64_t next,
		     const struct scatterlist *sg)
{
	return dma + length == next && length + sg->length <= max_segment(dev) &&
	       (dma & boundary(dev)) + length + sg->length - 1 <= boundary(dev);
}

/* Writes the segments into the first entries; the others have none. Return: how many. */
static int make_segments(struct dmk_dev *dev, struct scatterlist *list, int nents, uint64_t iova)
{
	const struct places places = places_of(dev);
	struct scatterlist *sg = list, *segment = NULL;
	uint64_t end = 0, dma;
	int n = 0;

	for (int i = 0; i < nents; i++, sg = sg_next(sg)) {
		dma = iova + place(places, sg, &end) + offset_in(dev->domain, sg_phys(sg));
		if (segment &&
		    may_join(dev, sg_dma_address(segment), sg_dma_len(segment), dma, sg)) {
			sg_dma_len(segment) += sg->length;
			continue;
		}
		segment = segment ? sg_next(segment) : list;
		sg_dma_address(segment) = (dma_addr_t)dma;
		sg_dma_len(segment) = sg->length;
		n++;
	}
	while ((segment = segment ? sg_next(segment) : NULL)) {
		sg_dma_address(segment) = (dma_addr_t)DMK_MAPPING_ERROR.v;
		sg_dma_len(segment) = 0;
	}
	return n;
}

static void entries_for_device(struct scatterlist *sg, int nents, enum dmk_direction dir,
			       unsigned long attrs)
{
	for (int i = 0; !(attrs & DMK_ATTR_SKIP_CPU_SYNC) && i < nents; i++, sg = sg_next(sg))
		dmk_cache_for_device(DMK_PHYS(sg_phys(sg)), sg->length, dir);
}

static void lend_segments(const struct dmk_dev *dev, struct scatterlist *sg, int n)
{
	for (int i = 0; i < n; i++, sg = sg_next(sg))
		dmk_lent_add(dev, DMK_DMA(sg_dma_address(sg)), sg_dma_len(sg));
}

int dmk_domain_map_list(struct dmk_dev *dev, struct scatterlist *list, int nents,
			enum dmk_direction dir, unsigned long attrs, enum dmk_reason *reason)
{
	uint64_t iova, size;

	*reason = !dev->bus->coherent && attrs & DMK_ATTR_REQUIRE_COHERENT ? DMK_REASON_UNREACHABLE
									   : DMK_REASON_NO_ROOM;
	if (*reason == DMK_REASON_UNREACHABLE)
		return 0;
	size = room_for(dev, list, nents);
	if (!size || !take_list_iova(dev, size, &iova))
		return 0;
	if (map_entries(dev, list, nents, dir, iova, size)) {
		dmk_iova_give(dev->domain->space, iova, size);
		return 0;
	}
	dmk_domain_tell_mapped(dev->domain, iova, size);
	if (!dev->bus->coherent)
		entries_for_device(list, nents, dir, attrs);
	*reason = DMK_REASON_NONE;
	nents = make_segments(dev, list, nents, iova);
	if (!dev->bus->coherent)
		lend_segments(dev, list, nents);
	else if (dmk_domain_is_shared(dev->domain))
		dmk_lent_add(dev, DMK_DMA(sg_dma_address(list)), sg_dma_len(list));
	return nents;
}

/*
 * The segments that are there, and no more: what lies beside them in their pages was not lent, and
 * may be dirty (STR-08). Of a mapping that has ended there are none: another may have its addresses
 * (STR-04).
 */
static void segments_for_cpu(struct dmk_dev *dev, struct scatterlist *sg, enum dmk_direction dir,
			     unsigned long attrs, uint64_t iova)
{
	const uint64_t extent = dmk_pgtable_extent(dev->domain->table, iova);

	for (; sg && sg_dma_len(sg) && sg_dma_address(sg) - iova < extent; sg = sg_next(sg)) {
		const bool lent = dmk_lent_take(dev, DMK_DMA(sg_dma_address(sg)), sg_dma_len(sg));

		if (!(attrs & DMK_ATTR_SKIP_CPU_SYNC) && dmk_direction_good(dir))
			dmk_domain_for_cpu(dev, sg_dma_address(sg), sg_dma_len(sg), dir, lent);
	}
}

/* All of it, by what the tables say, whatever count is given (SGL-05). */
void dmk_domain_unmap_list(struct dmk_dev *dev, struct scatterlist *list, int nents,
			   enum dmk_direction dir, unsigned long attrs)
{
	const uint64_t dma = list ? sg_dma_address(list) : DMK_MAPPING_ERROR.v;
	const uint64_t iova = dma - offset_in(dev->domain, dma);

	if (dma == DMK_MAPPING_ERROR.v || nents <= 0)
		return;
	if (__builtin_expect(dev->bus->untrusted, 0) &&
	    dmk_domain_unmap_apart(dev, list, nents, dir, attrs))
		return;
	if (!dev->bus->coherent)
		segments_for_cpu(dev, list, dir, attrs, iova);
	else if (dmk_domain_is_shared(dev->domain))
		dmk_lent_take(dev, DMK_DMA(dma), sg_dma_len(list));
	dmk_domain_unmap_at(dev->domain, iova);
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Fills the tables for @pieces, which are one thing. */
static int map_pieces(struct dmk_domain *domain, const struct dmk_piece *pieces, size_t n,
		      unsigned int prot, uint64_t iova)
{
	for (size_t i = 0; i < n; i++) {
		const struct dmk_piece *piece = &pieces[i];
		const int result = dmk_pgtable_map(
			domain->table, iova + piece->offset, piece->first, piece->size,
			prot | (i ? 0 : DMK_PROT_FIRST) | (i + 1 < n ? 0 : DMK_PROT_LAST), false);

		if (!result)
			continue;
		if (piece->offset)
			dmk_pgtable_unmap(domain->table, iova, piece->offset);
		return result;
	}
	return 0;
}

bool dmk_domain_map_pieces(struct dmk_dev *dev, const struct dmk_piece *pieces, size_t n,
			   uint64_t align, dmk_dma *dma)
{
	const unsigned int prot = dmk_domain_prot(dev, DMK_BIDIRECTIONAL, false);
	const uint64_t limit = dmk_coherent_limit(dev);
	const uint64_t size = pieces[n - 1].offset + pieces[n - 1].size;
	struct dmk_domain *domain = dev->domain;

	if (n == 1) {
		const struct dmk_range phys = {pieces->first.v, pieces->first.v + (size - 1)};

		return dmk_domain_map_range(domain, phys, align, limit, prot, &dma->v) ==
		       DMK_REASON_NONE;
	}
	if (!dmk_domain_take_iova(domain, size, align, limit, 0, &dma->v))
		return false;
	if (map_pieces(domain, pieces, n, prot, dma->v)) {
		dmk_pgtable_prune(domain->table, dma->v, size);
		dmk_iova_give(domain->space, dma->v, size);
		return false;
	}
	tell_mapped(domain, dma->v, size);
	return true;
}

void dmk_domain_unmap_block(struct dmk_dev *dev, dmk_dma dma)
{
	/* A block of one page begins somewhere in a granule of several. */
	if (dev->domain)
		dmk_domain_unmap_at(dev->domain, dma.v - offset_in(dev->domain, dma.v));
}
