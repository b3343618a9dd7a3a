/* SPDX-License-Identifier: MIT */
/*
 * Scatterlists as lists: walking and copying (SGL-01, SGL-02). Tables are made in sgtable.c, mapped
 * in sg.c.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/scatterlist.h>

#include "copy.h"
#include "sglist.h"

/* --- what a driver does wrong with a list ----------------------------------------------------- */

void dmk_list_mistake(const struct scatterlist *sg, const char *call, enum dmk_reason reason,
		      struct dmk_place place)
{
	if (dmk_observed())
		dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_LIST_MISTAKE,
						 .name = call,
						 .cpu = sg,
						 .reason = reason,
						 .interrupt = dmk_in_interrupt(),
						 .caller = place.caller,
						 .frame = place.frame});
}

static void misused(const struct scatterlist *sg, const char *call, struct dmk_place place)
{
	enum dmk_reason reason = DMK_REASON_BAD_ARGUMENT;

	if (!dmk_sg_initialised(sg))
		reason = DMK_REASON_NOT_FOUND;
	else if (!sg_chain_ptr(sg))
		reason = DMK_REASON_BAD_SIZE;
	dmk_list_mistake(sg, call, reason, place);
}

void dmk_sg_misused(const struct scatterlist *sg, const char *call)
{
	misused(sg, call, DMK_PLACE_HERE);
}

/* --- walking ---------------------------------------------------------------------------------- */

struct scatterlist *sg_next(struct scatterlist *sg)
{
	if (!sg)
		return NULL;
	if (sg_is_chain(sg) || !dmk_sg_initialised(sg)) {
		misused(sg, "sg_next", DMK_PLACE_HERE);
		return sg_is_chain(sg) ? sg_chain_ptr(sg) : NULL;
	}
	if (sg_is_last(sg))
		return NULL;
	sg++;
	return sg_is_chain(sg) ? sg_chain_ptr(sg) : sg;
}

struct scatterlist *sg_last(struct scatterlist *sgl, unsigned int nents)
{
	struct scatterlist *next;

	for (unsigned int i = 1; i < nents && (next = sg_next(sgl)); i++)
		sgl = next;
	return sgl;
}

void sg_init_table(struct scatterlist *sgl, unsigned int nents)
{
	if (!nents)
		return;
	__builtin_memset(sgl, 0, sizeof(*sgl) * nents);
	sg_init_marker(sgl, nents);
}

void sg_init_one(struct scatterlist *sg, const void *buf, unsigned int buflen)
{
	sg_init_table(sg, 1);
	sg_set_buf(sg, buf, buflen);
}

int sg_nents(struct scatterlist *sg)
{
	int nents = 0;

	for (; sg; sg = sg_next(sg))
		nents++;
	return nents;
}

int sg_nents_for_len(struct scatterlist *sg, u64 len)
{
	u64 total = 0;
	int nents = 0;

	if (!len)
		return 0;
	for (; sg; sg = sg_next(sg)) {
		nents++;
		total += sg->length;
		if (total >= len)
			return nents;
	}
	return -EINVAL;
}

/* --- copying ---------------------------------------------------------------------------------- */

enum way { TO_BUFFER, FROM_BUFFER, ZERO };

static bool copy_piece(enum way way, dmk_phys phys, char *buffer, size_t size)
{
	struct dmk_range range;

	if (!dmk_range_make(phys.v, size, &range) || !dmk_is_ram(range))
		return false;
	if (way == TO_BUFFER)
		return dmk_copy_from_phys(buffer, phys, size);
	if (way == FROM_BUFFER)
		return dmk_copy_to_phys(phys, buffer, size);
	return dmk_zero_phys(phys, size);
}

static size_t copy_list(enum way way, struct scatterlist *sg, unsigned int nents, char *buffer,
			size_t size, off_t offset)
{
	u64 skip = (u64)offset; /* one below 0 is past any list's end */
	size_t done = 0;

	for (; sg && nents && done < size; sg = sg_next(sg), nents--) {
		size_t part = sg->length;

		if (skip >= part) {
			skip -= part;
			continue;
		}
		part -= (size_t)skip;
		if (part > size - done)
			part = size - done;
		if (!copy_piece(way, DMK_PHYS(sg_phys(sg) + skip), buffer ? buffer + done : NULL,
				part))
			break;
		done += part;
		skip = 0;
	}
	return done;
}

size_t sg_copy_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t buflen,
		      off_t skip, bool to_buffer)
{
	return copy_list(to_buffer ? TO_BUFFER : FROM_BUFFER, sgl, nents, buf, buflen, skip);
}

size_t sg_zero_buffer(struct scatterlist *sgl, unsigned int nents, size_t buflen, off_t skip)
{
	return copy_list(ZERO, sgl, nents, NULL, buflen, skip);
}

/* --- page by page ----------------------------------------------------------------------------- */

void __sg_page_iter_start(struct sg_page_iter *piter, struct scatterlist *sglist,
			  unsigned int nents, unsigned long pgoffset)
{
	*piter = (struct sg_page_iter){.sg = sglist,
				       .__nents = nents,
				       .sg_pgoffset = (unsigned int)pgoffset};
}

/* To the next page of entries that have as many pages as @pages says; false: past the last. */
static bool iter_next(struct sg_page_iter *piter,
		      unsigned int (*pages)(const struct scatterlist *sg))
{
	if (!piter->__nents || !piter->sg)
		return false;
	piter->sg_pgoffset += (unsigned int)piter->__pg_advance;
	piter->__pg_advance = 1;
	while (piter->sg_pgoffset >= pages(piter->sg)) {
		piter->sg_pgoffset -= pages(piter->sg);
		piter->sg = sg_next(piter->sg);
		if (!--piter->__nents || !piter->sg)
			return false;
	}
	return true;
}

static unsigned int pages_of(const struct scatterlist *sg)
{
	return (unsigned int)(((u64)sg->offset + sg->length + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

static unsigned int dma_pages_of(const struct scatterlist *sg)
{
	return (unsigned int)(((u64)sg->offset + sg_dma_len(sg) + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

bool __sg_page_iter_next(struct sg_page_iter *piter)
{
	return iter_next(piter, pages_of);
}

bool __sg_page_iter_dma_next(struct sg_dma_page_iter *dma_iter)
{
	return iter_next(&dma_iter->base, dma_pages_of);
}
