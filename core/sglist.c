/* SPDX-License-Identifier: MIT */
/*
 * Scatterlists as lists: walking, tables, copying (SGL-01, SGL-02). Tables are records of the core's: they lie where no device writes.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/scatterlist.h>

#include "copy.h"

/* --- walking ------------------------------------------------------------------------------------------------------ */

struct scatterlist *sg_next(struct scatterlist *sg)
{
	if (sg_is_last(sg))
		return NULL;
	sg++;
	return sg_is_chain(sg) ? sg_chain_ptr(sg) : sg;
}

struct scatterlist *sg_last(struct scatterlist *sgl, unsigned int nents)
{
	for (unsigned int i = 1; i < nents; i++)
		sgl = sg_next(sgl);
	return sgl;
}

void sg_init_table(struct scatterlist *sgl, unsigned int nents)
{
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

/* --- tables ------------------------------------------------------------------------------------------------------- */

/* Of @left pieces, how many go into the next chunk of entries, and how many entries it has: one more when it links on. */
static unsigned int chunk_pieces(unsigned int left, unsigned int *entries)
{
	*entries = left > SG_MAX_SINGLE_ALLOC ? SG_MAX_SINGLE_ALLOC : left;
	return left > *entries ? *entries - 1 : *entries;
}

static void free_chunks(struct scatterlist *chunk, unsigned int left)
{
	while (chunk && left) {
		unsigned int entries, pieces = chunk_pieces(left, &entries);
		struct scatterlist *next = pieces < entries ? sg_chain_ptr(&chunk[pieces]) : NULL;

		dmk_meta_free(chunk, entries * sizeof(*chunk));
		left -= pieces;
		chunk = next;
	}
}

int sg_alloc_table(struct sg_table *table, unsigned int nents, gfp_t gfp)
{
	struct scatterlist *link = NULL;
	unsigned int left = nents;

	*table = (struct sg_table){0};
	if (!nents)
		return -EINVAL;
	while (left) {
		unsigned int entries, pieces = chunk_pieces(left, &entries);
		struct scatterlist *chunk = dmk_meta_alloc(entries * sizeof(*chunk),
							   gfpflags_allow_blocking(gfp));

		if (!chunk)
			goto free_chunks;
		sg_init_table(chunk, entries);
		if (link)
			sg_chain(link, 1, chunk);
		else
			table->sgl = chunk;
		link = &chunk[entries - 1];
		left -= pieces;
	}
	table->nents = nents;
	table->orig_nents = nents;
	return 0;

free_chunks:
	/* The last chunk there is ends in an unused link, which reads as no next chunk. */
	free_chunks(table->sgl, nents);
	*table = (struct sg_table){0};
	return -ENOMEM;
}

void sg_free_table(struct sg_table *table)
{
	free_chunks(table->sgl, table->orig_nents);
	*table = (struct sg_table){0};
}

/* How many of @pages, from @at on, lie side by side and fit into @max_segment bytes; @offset is skipped in the first. */
static unsigned int neighbours(struct page **pages, unsigned int n_pages, unsigned int at,
			       unsigned int max_segment)
{
	unsigned int n = 1, most = max_segment >> PAGE_SHIFT;

	while (at + n < n_pages && n < most &&
	       page_to_pfn(pages[at + n]) == page_to_pfn(pages[at]) + n)
		n++;
	return n;
}

int sg_alloc_table_from_pages_segment(struct sg_table *sgt, struct page **pages,
				      unsigned int n_pages, unsigned int offset, unsigned long size,
				      unsigned int max_segment, gfp_t gfp)
{
	unsigned int pieces = 0, at;
	struct scatterlist *sg;
	int error;

	max_segment &= ~(unsigned int)(PAGE_SIZE - 1);
	*sgt = (struct sg_table){0};
	if (!max_segment || !n_pages || !size || offset >= PAGE_SIZE ||
	    size > ((u64)n_pages << PAGE_SHIFT) - offset)
		return -EINVAL;
	n_pages = (unsigned int)((offset + (u64)size + PAGE_SIZE - 1) >> PAGE_SHIFT);
	for (at = 0; at < n_pages; at += neighbours(pages, n_pages, at, max_segment))
		pieces++;
	error = sg_alloc_table(sgt, pieces, gfp);
	if (error)
		return error;
	for (at = 0, sg = sgt->sgl; at < n_pages; sg = sg_next(sg)) {
		unsigned int n = neighbours(pages, n_pages, at, max_segment);
		unsigned long bytes = ((unsigned long)n << PAGE_SHIFT) - offset;

		if (bytes > size)
			bytes = size;
		sg_set_page(sg, pages[at], (unsigned int)bytes, offset);
		size -= bytes;
		offset = 0;
		at += n;
	}
	return 0;
}

/* --- copying ------------------------------------------------------------------------------------------------------ */

typedef bool copy_piece(dmk_phys phys, char *buffer, size_t size);

static bool piece_to_buffer(dmk_phys phys, char *buffer, size_t size)
{
	return dmk_copy_from_phys(buffer, phys, size);
}

static bool piece_from_buffer(dmk_phys phys, char *buffer, size_t size)
{
	return dmk_copy_to_phys(phys, buffer, size);
}

static bool piece_zero(dmk_phys phys, char *buffer, size_t size)
{
	return dmk_zero_phys(phys, size);
}

static size_t copy_list(struct scatterlist *sg, unsigned int nents, char *buffer, size_t size,
			u64 skip, copy_piece *copy)
{
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
		if (!copy(DMK_PHYS(sg_phys(sg) + skip), buffer ? buffer + done : NULL, part))
			break;
		done += part;
		skip = 0;
	}
	return done;
}

size_t sg_pcopy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t buflen,
			  off_t skip)
{
	return copy_list(sgl, nents, buf, buflen, (u64)skip, piece_to_buffer);
}

size_t sg_pcopy_from_buffer(struct scatterlist *sgl, unsigned int nents, const void *buf,
			    size_t buflen, off_t skip)
{
	return copy_list(sgl, nents, (char *)buf, buflen, (u64)skip, piece_from_buffer);
}

size_t sg_zero_buffer(struct scatterlist *sgl, unsigned int nents, size_t buflen, off_t skip)
{
	return copy_list(sgl, nents, NULL, buflen, (u64)skip, piece_zero);
}

/* --- page by page ------------------------------------------------------------------------------------------------- */

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
