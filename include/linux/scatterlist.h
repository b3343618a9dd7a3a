/* SPDX-License-Identifier: MIT */
/*
 * Scatterlists: arrays of (page, offset, length), which may be chained, and what a device gets for them. The list's calls are here;
 * those that map one are in <linux/dma-mapping.h>.
 */
#ifndef _LINUX_SCATTERLIST_H
#define _LINUX_SCATTERLIST_H

#include <linux/compiler.h>
#include <linux/dmk_config.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/types.h>

/** One piece. dma_address and dma_length are valid after mapping, for as many entries as the mapping returned (SGL-03). */
struct scatterlist {
#ifdef CONFIG_DEBUG_SG
	unsigned long sg_magic;
#endif
	unsigned long page_link; /* the page; in its low bits SG_CHAIN or SG_END */
	unsigned int offset;     /* bytes into the page; may be more than a page */
	unsigned int length;     /* bytes */
	dma_addr_t dma_address;
#ifdef CONFIG_NEED_SG_DMA_LENGTH
	unsigned int dma_length;
#endif
};

struct sg_table {
	struct scatterlist *sgl;
	unsigned int nents;      /* DMA segments, after dma_map_sgtable() */
	unsigned int orig_nents; /* pieces */
};

#define SG_MAGIC 0x87654321

#define SG_CHAIN 0x01UL /* no piece: the list goes on elsewhere */
#define SG_END 0x02UL   /* the last piece */
#define SG_PAGE_LINK_MASK (SG_CHAIN | SG_END)

#define sg_dma_address(sg) ((sg)->dma_address)
#ifdef CONFIG_NEED_SG_DMA_LENGTH
#define sg_dma_len(sg) ((sg)->dma_length)
#else
#define sg_dma_len(sg) ((sg)->length)
#endif

/** How many entries one page of table holds. */
#define SG_MAX_SINGLE_ALLOC (PAGE_SIZE / sizeof(struct scatterlist))
#define SG_CHUNK_SIZE 128

static inline bool sg_is_chain(const struct scatterlist *sg)
{
	return sg->page_link & SG_CHAIN;
}

static inline bool sg_is_last(const struct scatterlist *sg)
{
	return sg->page_link & SG_END;
}

static inline struct scatterlist *sg_chain_ptr(const struct scatterlist *sg)
{
	return (struct scatterlist *)(sg->page_link & ~SG_PAGE_LINK_MASK);
}

static inline struct page *sg_page(const struct scatterlist *sg)
{
	return (struct page *)(sg->page_link & ~SG_PAGE_LINK_MASK);
}

/** sg_assign_page - only the page; the entry stays the last or not the last. */
static inline void sg_assign_page(struct scatterlist *sg, struct page *page)
{
	sg->page_link = (sg->page_link & SG_PAGE_LINK_MASK) | (unsigned long)page;
}

static inline void sg_set_page(struct scatterlist *sg, struct page *page, unsigned int len, unsigned int offset)
{
	sg_assign_page(sg, page);
	sg->offset = offset;
	sg->length = len;
}

/** sg_set_buf - by an address in the direct map. */
static inline void sg_set_buf(struct scatterlist *sg, const void *buf, unsigned int buflen)
{
	sg_set_page(sg, virt_to_page(buf), buflen, (unsigned int)offset_in_page(buf));
}

static inline void sg_mark_end(struct scatterlist *sg)
{
	sg->page_link = (sg->page_link | SG_END) & ~SG_CHAIN;
}

static inline void sg_unmark_end(struct scatterlist *sg)
{
	sg->page_link &= ~SG_END;
}

/** sg_chain - the last of @prv's @prv_nents entries becomes the link to @sgl. */
static inline void sg_chain(struct scatterlist *prv, unsigned int prv_nents, struct scatterlist *sgl)
{
	struct scatterlist *link = &prv[prv_nents - 1];

	link->offset = 0;
	link->length = 0;
	link->page_link = ((unsigned long)sgl | SG_CHAIN) & ~SG_END;
}

static inline dma_addr_t sg_phys(struct scatterlist *sg)
{
	return page_to_phys(sg_page(sg)) + sg->offset;
}

/** sg_virt - the piece's address; its page must not be highmem. */
static inline void *sg_virt(struct scatterlist *sg)
{
	return (char *)page_address(sg_page(sg)) + sg->offset;
}

static inline void sg_init_marker(struct scatterlist *sgl, unsigned int nents)
{
	sg_mark_end(&sgl[nents - 1]);
}

/** sg_next - the entry after @sg, over the links between tables; NULL after the last. */
struct scatterlist *sg_next(struct scatterlist *sg) DMK_SYM(sg_next);
/** sg_last - the last of a list of @nents entries */
struct scatterlist *sg_last(struct scatterlist *sgl, unsigned int nents) DMK_SYM(sg_last);
/** sg_init_table - @nents empty entries, the last one marked. @nents at least 1. */
void sg_init_table(struct scatterlist *sgl, unsigned int nents) DMK_SYM(sg_init_table);
void sg_init_one(struct scatterlist *sg, const void *buf, unsigned int buflen) DMK_SYM(sg_init_one);
int sg_nents(struct scatterlist *sg) DMK_SYM(sg_nents);
/** sg_nents_for_len - how many entries hold @len bytes; -EINVAL: the list is shorter. */
int sg_nents_for_len(struct scatterlist *sg, u64 len) DMK_SYM(sg_nents_for_len);

/**
 * sg_alloc_table - a table of @nents empty entries, chained where it needs more than a page
 * Return: 0, -EINVAL (@nents is 0), -ENOMEM; on failure nothing is held.
 */
int sg_alloc_table(struct sg_table *table, unsigned int nents, gfp_t gfp) DMK_SYM(sg_alloc_table);
/** sg_free_table - what sg_alloc_table*() made; a table that is free already is left alone. */
void sg_free_table(struct sg_table *table) DMK_SYM(sg_free_table);

/**
 * sg_alloc_table_from_pages_segment - a table over [@offset, @offset + @size) of @pages, physical neighbours as one entry
 * @max_segment: bytes that an entry may have at most, at least a page; rounded down to whole pages
 */
int sg_alloc_table_from_pages_segment(struct sg_table *sgt, struct page **pages, unsigned int n_pages,
				      unsigned int offset, unsigned long size, unsigned int max_segment, gfp_t gfp)
	DMK_SYM(sg_alloc_table_from_pages_segment);

static inline int sg_alloc_table_from_pages(struct sg_table *sgt, struct page **pages, unsigned int n_pages,
					    unsigned int offset, unsigned long size, gfp_t gfp)
{
	return sg_alloc_table_from_pages_segment(sgt, pages, n_pages, offset, size, ~0U, gfp);
}

/**
 * sg_pcopy_to_buffer - bytes of a list, from byte @skip on, to a buffer; sg_pcopy_from_buffer - the other way
 * Return: bytes copied, fewer than @buflen where the list ends first.
 */
size_t sg_pcopy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t buflen, off_t skip)
	DMK_SYM(sg_pcopy_to_buffer);
size_t sg_pcopy_from_buffer(struct scatterlist *sgl, unsigned int nents, const void *buf, size_t buflen, off_t skip)
	DMK_SYM(sg_pcopy_from_buffer);
size_t sg_zero_buffer(struct scatterlist *sgl, unsigned int nents, size_t buflen, off_t skip) DMK_SYM(sg_zero_buffer);

static inline size_t sg_copy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t buflen)
{
	return sg_pcopy_to_buffer(sgl, nents, buf, buflen, 0);
}

static inline size_t sg_copy_from_buffer(struct scatterlist *sgl, unsigned int nents, const void *buf, size_t buflen)
{
	return sg_pcopy_from_buffer(sgl, nents, buf, buflen, 0);
}

#define for_each_sg(sglist, sg, nr, __i)                                                                               \
	for (__i = 0, sg = (sglist); __i < (nr); __i++, sg = sg_next(sg))
/** The pieces of a table, and its DMA segments. */
#define for_each_sgtable_sg(sgt, sg, i) for_each_sg((sgt)->sgl, sg, (sgt)->orig_nents, i)
#define for_each_sgtable_dma_sg(sgt, sg, i) for_each_sg((sgt)->sgl, sg, (sgt)->nents, i)

/* --- page by page ------------------------------------------------------------------------------------------------- */

struct sg_page_iter {
	struct scatterlist *sg;
	unsigned int sg_pgoffset; /* pages into the entry */
	unsigned int __nents;     /* entries left, this one included */
	int __pg_advance;
};

/** The same, over the DMA segments. */
struct sg_dma_page_iter {
	struct sg_page_iter base;
};

void __sg_page_iter_start(struct sg_page_iter *piter, struct scatterlist *sglist, unsigned int nents,
			  unsigned long pgoffset) DMK_SYM(sg_page_iter_start);
bool __sg_page_iter_next(struct sg_page_iter *piter) DMK_SYM(sg_page_iter_next);
bool __sg_page_iter_dma_next(struct sg_dma_page_iter *dma_iter) DMK_SYM(sg_page_iter_dma_next);

static inline struct page *sg_page_iter_page(struct sg_page_iter *piter)
{
	return nth_page(sg_page(piter->sg), piter->sg_pgoffset);
}

static inline dma_addr_t sg_page_iter_dma_address(struct sg_dma_page_iter *dma_iter)
{
	return sg_dma_address(dma_iter->base.sg) + ((dma_addr_t)dma_iter->base.sg_pgoffset << PAGE_SHIFT);
}

#define for_each_sg_page(sglist, piter, nents, pgoffset)                                                               \
	for (__sg_page_iter_start((piter), (sglist), (nents), (pgoffset)); __sg_page_iter_next(piter);)
#define for_each_sg_dma_page(sglist, dma_iter, dma_nents, pgoffset)                                                    \
	for (__sg_page_iter_start(&(dma_iter)->base, (sglist), (dma_nents), (pgoffset));                               \
	     __sg_page_iter_dma_next(dma_iter);)
#define for_each_sgtable_page(sgt, piter, pgoffset) for_each_sg_page((sgt)->sgl, piter, (sgt)->orig_nents, pgoffset)
#define for_each_sgtable_dma_page(sgt, dma_iter, pgoffset)                                                             \
	for_each_sg_dma_page((sgt)->sgl, dma_iter, (sgt)->nents, pgoffset)

#endif
