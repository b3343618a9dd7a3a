/* SPDX-License-Identifier: MIT */
/*
 * Mapping scatterlists: every entry by itself, none merged, because nothing here makes neighbours of scattered pages. The list's own
 * calls are in sglist.c.
 */
#include <dmakit/fail.h>
#include <linux/errno.h>
#include <linux/scatterlist.h>

#include "core.h"
#include "direct.h"

/* --- what an observer is told ------------------------------------------------------------------------------------- */

enum {
	FEW_ENTRIES = 16, /* told from the stack */
	MOST_ENTRIES =
		1
		<< 20 /* beyond it, a driver's count is taken for nonsense, and no entries are told */
};

struct told {
	struct dmk_event_sg few[FEW_ENTRIES];
	struct dmk_event_sg *entries; /* NULL: none, or no memory to tell them */
	size_t size;                  /* bytes of metadata memory, 0: none was needed */
};

/* Copies the list for an event: @nents entries; where the list is shorter than the driver says, the rest is zero. */
static void tell_list(struct told *told, struct scatterlist *sg, int nents, int mapped_nents)
{
	told->entries = told->few;
	told->size = 0;
	if (!sg || nents <= 0 || nents > MOST_ENTRIES) {
		told->entries = NULL;
		return;
	}
	if (nents > FEW_ENTRIES) {
		told->size = (size_t)nents * sizeof(*told->entries);
		told->entries = dmk_meta_alloc(told->size, false);
		if (!told->entries)
			return;
	}
	for (int i = 0; i < nents; i++, sg = sg ? sg_next(sg) : NULL) {
		told->entries[i] = (struct dmk_event_sg){0};
		if (!sg)
			continue;
		told->entries[i].phys = DMK_PHYS(sg_page(sg) ? sg_phys(sg) : 0);
		told->entries[i].length = sg->length;
		if (i >= mapped_nents)
			continue;
		told->entries[i].dma = DMK_DMA(sg_dma_address(sg));
		told->entries[i].dma_length = sg_dma_len(sg);
	}
}

static void tell_end(struct told *told)
{
	if (told->size)
		dmk_meta_free(told->entries, told->size);
}

static __attribute__((__noinline__)) void announce_list(struct dmk_event *event,
							struct scatterlist *sg, int nents)
{
	struct told told;

	tell_list(&told, sg, nents, (int)event->mapped_nents);
	event->map_kind = DMK_MAP_SG;
	event->cpu = sg;
	event->sg = told.entries;
	event->nents = nents < 0 ? 0 : (unsigned int)nents;
	if (sg && event->mapped_nents)
		event->dma = DMK_DMA(sg_dma_address(sg));
	event->interrupt = dmk_in_interrupt();
	dmk_announce(event);
	tell_end(&told);
}

/* --- the calls ---------------------------------------------------------------------------------------------------- */

static void unmap_entries(struct dmk_dev *dev, struct scatterlist *sg, int nents,
			  enum dmk_direction dir, unsigned long attrs)
{
	for (int i = 0; sg && i < nents; i++, sg = sg_next(sg))
		dmk_direct_unmap(dev, DMK_DMA(sg_dma_address(sg)), sg_dma_len(sg), dir, attrs);
}

static struct dmk_mapping map_entry(struct dmk_dev *dev, struct scatterlist *sg,
				    enum dmk_direction dir, unsigned long attrs)
{
	struct dmk_mapping bad = {.dma = DMK_MAPPING_ERROR, .reason = DMK_REASON_NOT_RAM};
	struct dmk_range phys;

	if (!sg_page(sg))
		return bad;
	if (!dmk_range_make(sg_phys(sg), sg->length, &phys)) {
		bad.reason = DMK_REASON_BAD_SIZE;
		return bad;
	}
	if (!dmk_is_ram(phys))
		return bad;
	return dmk_direct_map(dev, phys, dir, attrs);
}

static enum dmk_reason map_entries(struct dmk_dev *dev, struct scatterlist *list, int nents,
				   enum dmk_direction dir, unsigned long attrs, bool *bounced)
{
	struct scatterlist *sg = list;
	struct dmk_mapping mapping;
	int i;

	for (i = 0; i < nents; i++, sg = sg_next(sg)) {
		if (!sg) {
			mapping.reason = DMK_REASON_BAD_SIZE;
			goto unmap;
		}
		mapping = map_entry(dev, sg, dir, attrs);
		if (mapping.reason != DMK_REASON_NONE)
			goto unmap;
		sg_dma_address(sg) = mapping.dma.v;
		sg_dma_len(sg) = sg->length;
		*bounced |= mapping.bounced;
	}
	return DMK_REASON_NONE;

unmap:
	unmap_entries(dev, list, i, dir, attrs | DMK_ATTR_SKIP_CPU_SYNC);
	return mapping.reason;
}

static enum dmk_reason map_list(struct dmk_dev *dev, struct scatterlist *sg, int nents,
				enum dmk_direction dir, unsigned long attrs, bool *bounced)
{
	if (!dmk_device_good(dev))
		return DMK_REASON_BAD_DEVICE;
	if (!dmk_direction_good(dir))
		return DMK_REASON_BAD_DIRECTION;
	if (!sg || nents <= 0)
		return DMK_REASON_BAD_SIZE;
	return map_entries(dev, sg, nents, dir, attrs, bounced);
}

int dmk_map_sg(struct dmk_dev *dev, struct scatterlist *sg, int nents, enum dmk_direction dir,
	       unsigned long attrs)
{
	bool bounced = false;
	enum dmk_reason reason = dmk_should_fail(DMK_FAIL_MAP, DMK_CALLER)
					 ? DMK_REASON_NO_ROOM
					 : map_list(dev, sg, nents, dir, attrs, &bounced);
	bool mapped = reason == DMK_REASON_NONE;

	if (dmk_observed())
		announce_list(&(struct dmk_event){.kind = mapped ? DMK_EVENT_MAP
								 : DMK_EVENT_MAP_FAILED,
						  .dev = dev,
						  .dir = dir,
						  .attrs = attrs,
						  .mapped_nents = mapped ? (unsigned int)nents : 0,
						  .bounced = mapped && bounced,
						  .reason = reason,
						  .result = dmk_result_of(reason),
						  DMK_EVENT_HERE},
			      sg, nents);
	return mapped ? nents : dmk_result_of(reason);
}

void dmk_unmap_sg(struct dmk_dev *dev, struct scatterlist *sg, int nents, enum dmk_direction dir,
		  unsigned long attrs)
{
	if (dmk_observed())
		announce_list(&(struct dmk_event){.kind = DMK_EVENT_UNMAP,
						  .dev = dev,
						  .dir = dir,
						  .attrs = attrs,
						  .mapped_nents = nents < 0 ? 0
									    : (unsigned int)nents,
						  DMK_EVENT_HERE},
			      sg, nents);
	unmap_entries(dev, sg, nents, dir, attrs);
}

void dmk_sync_sg_for_cpu(struct dmk_dev *dev, struct scatterlist *sg, int nents,
			 enum dmk_direction dir)
{
	struct scatterlist *at = sg;

	for (int i = 0; at && i < nents; i++, at = sg_next(at))
		dmk_direct_sync_for_cpu(dev, DMK_DMA(sg_dma_address(at)), sg_dma_len(at), dir);
	if (dmk_observed())
		announce_list(&(struct dmk_event){.kind = DMK_EVENT_SYNC_FOR_CPU,
						  .dev = dev,
						  .dir = dir,
						  .mapped_nents = nents < 0 ? 0
									    : (unsigned int)nents,
						  DMK_EVENT_HERE},
			      sg, nents);
}

void dmk_sync_sg_for_device(struct dmk_dev *dev, struct scatterlist *sg, int nents,
			    enum dmk_direction dir)
{
	if (dmk_observed())
		announce_list(&(struct dmk_event){.kind = DMK_EVENT_SYNC_FOR_DEVICE,
						  .dev = dev,
						  .dir = dir,
						  .mapped_nents = nents < 0 ? 0
									    : (unsigned int)nents,
						  DMK_EVENT_HERE},
			      sg, nents);
	for (int i = 0; sg && i < nents; i++, sg = sg_next(sg))
		dmk_direct_sync_for_device(dev, DMK_DMA(sg_dma_address(sg)), sg_dma_len(sg), dir);
}
