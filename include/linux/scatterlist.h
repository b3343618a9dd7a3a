/* SPDX-License-Identifier: MIT */
/*
 * Scatterlists: arrays of (page, offset, length), which may be chained, and what a device gets for
 * them. The list's calls are here; those that map one are in <linux/dma-mapping.h>.
 */
#ifndef _LINUX_SCATTERLIST_H
#define _LINUX_SCATTERLIST_H

#include <linux/compiler.h>
#include <linux/dmk_config.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/version.h>

/**
 * One piece. dma_address and dma_length are valid after mapping, for as many entries as the mapping
 * returned (SGL-03).
 */
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

/** A table that grows, by sg_alloc_append_table_from_pages(). Zeroed before the first call. */
struct sg_append_table {
	struct sg_table sgt;
	struct scatterlist *prv;  /* the last piece */
	/* entries there are, those not yet used included, links not counted */
	unsigned int total_nents;
};

typedef struct scatterlist *(sg_alloc_fn)(unsigned int nents, gfp_t gfp);
typedef void (sg_free_fn)(struct scatterlist *sgl, unsigned int nents);

#define SG_MAGIC 0x87654321

#define SG_CHAIN 0x01UL /* no piece: the list goes on elsewhere */
#define SG_END 0x02UL   /* the last piece */
#define SG_PAGE_LINK_MASK (SG_CHAIN | SG_END)

/** How many entries one page of table holds; a larger table consists of several, chained. */
#define SG_MAX_SINGLE_ALLOC (PAGE_SIZE / sizeof(struct scatterlist))
/** The same of sg_alloc_table_chained(); and the most pieces a list should have. */
#define SG_CHUNK_SIZE 128
#define SG_MAX_SEGMENTS 2048

/*
 * An entry has another layout under CONFIG_DEBUG_SG: what was compiled with it does not link with
 * what was compiled without.
 */
#ifdef CONFIG_DEBUG_SG
#define DMK_SG_SYM(name) __asm__("dmk_debug_" #name)
#else
#define DMK_SG_SYM(name) DMK_SYM(name)
#endif

/* --- one entry -------------------------------------------------------------------------------- */

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

/**
 * dmk_sg_misused - @sg is no piece, but a link, a table's end or never initialised: @call is told
 * so (SGL-02).
 */
void dmk_sg_misused(const struct scatterlist *sg, const char *call) DMK_SG_SYM(sg_misused);

#ifdef CONFIG_DEBUG_SG
static inline bool dmk_sg_initialised(const struct scatterlist *sg)
{
	return sg->sg_magic == SG_MAGIC;
}

static inline void dmk_sg_set_initialised(struct scatterlist *sg)
{
	sg->sg_magic = SG_MAGIC;
}
#else
static inline bool dmk_sg_initialised(const struct scatterlist *sg)
{
	return true;
}

static inline void dmk_sg_set_initialised(struct scatterlist *sg)
{
}
#endif

/**
 * Whether the entry is a piece. A driver that walks a list with sg++ comes to one that is none, and
 * is told so by @call.
 */
static __always_inline bool dmk_sg_is_piece(const struct scatterlist *sg, const char *call)
{
	if (likely(!sg_is_chain(sg) && dmk_sg_initialised(sg)))
		return true;
	dmk_sg_misused(sg, call);
	return false;
}

static __always_inline dma_addr_t *dmk_sg_dma_address(const struct scatterlist *sg)
{
	dmk_sg_is_piece(sg, "sg_dma_address");
	return (dma_addr_t *)&sg->dma_address;
}

static __always_inline unsigned int *dmk_sg_dma_len(const struct scatterlist *sg)
{
	dmk_sg_is_piece(sg, "sg_dma_len");
#ifdef CONFIG_NEED_SG_DMA_LENGTH
	return (unsigned int *)&sg->dma_length;
#else
	return (unsigned int *)&sg->length;
#endif
}

/** What the device gets: may be read and assigned, of an entry that was mapped. */
#define sg_dma_address(sg) (*dmk_sg_dma_address(sg))
#define sg_dma_len(sg) (*dmk_sg_dma_len(sg))

/*
 * Set where a device talks to another past memory, or a segment is bounced by an IOMMU: never here.
 */
#define SG_DMA_BUS_ADDRESS (1 << 0)
#define SG_DMA_SWIOTLB (1 << 1)

static inline bool sg_dma_is_bus_address(struct scatterlist *sg)
{
	return false;
}

static inline void sg_dma_mark_bus_address(struct scatterlist *sg)
{
}

static inline void sg_dma_unmark_bus_address(struct scatterlist *sg)
{
}

static inline bool sg_dma_is_swiotlb(struct scatterlist *sg)
{
	return false;
}

static inline void sg_dma_mark_swiotlb(struct scatterlist *sg)
{
}

/**
 * sg_page - the page the piece starts in, or a page before it: see offset. Of a link NULL, and
 * reported.
 */
static __always_inline struct page *sg_page(const struct scatterlist *sg)
{
	return dmk_sg_is_piece(sg, "sg_page") ? (struct page *)(sg->page_link & ~SG_PAGE_LINK_MASK)
					      : NULL;
}

/**
 * sg_assign_page - only the page; the entry stays the last or not the last. A link stays a link,
 * and it is reported.
 */
static __always_inline void sg_assign_page(struct scatterlist *sg, struct page *page)
{
	if (dmk_sg_is_piece(sg, "sg_set_page"))
		sg->page_link = (sg->page_link & SG_PAGE_LINK_MASK) | (unsigned long)page;
}

/**
 * sg_set_page - @offset may be more than a page. An entry is initialised before, as part of its
 * table: sg_init_table().
 */
static __always_inline void sg_set_page(struct scatterlist *sg, struct page *page, unsigned int len,
					unsigned int offset)
{
	if (!dmk_sg_is_piece(sg, "sg_set_page"))
		return;
	sg->page_link = (sg->page_link & SG_PAGE_LINK_MASK) | (unsigned long)page;
	sg->offset = offset;
	sg->length = len;
}

/** sg_set_buf - by an address in the direct map. */
static __always_inline void sg_set_buf(struct scatterlist *sg, const void *buf, unsigned int buflen)
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

static inline void __sg_chain(struct scatterlist *chain_sg, struct scatterlist *sgl)
{
	chain_sg->offset = 0;
	chain_sg->length = 0;
	chain_sg->page_link = ((unsigned long)sgl | SG_CHAIN) & ~SG_END;
}

/**
 * sg_chain - the last of @prv's @prv_nents entries, which holds no piece, becomes the link to @sgl.
 */
static inline void sg_chain(struct scatterlist *prv, unsigned int prv_nents,
			    struct scatterlist *sgl)
{
	__sg_chain(&prv[prv_nents - 1], sgl);
}

static __always_inline dma_addr_t sg_phys(struct scatterlist *sg)
{
	return page_to_phys(sg_page(sg)) + sg->offset;
}

/** sg_virt - the piece's address; its page must not be highmem. */
static __always_inline void *sg_virt(struct scatterlist *sg)
{
	return (char *)page_address(sg_page(sg)) + sg->offset;
}

static inline void sg_init_marker(struct scatterlist *sgl, unsigned int nents)
{
	for (unsigned int i = 0; i < nents; i++)
		dmk_sg_set_initialised(&sgl[i]);
	if (nents)
		sg_mark_end(&sgl[nents - 1]);
}

/* --- walking ---------------------------------------------------------------------------------- */

/** sg_next - the entry after @sg, over the links between tables; NULL after the last. */
struct scatterlist *sg_next(struct scatterlist *sg) DMK_SG_SYM(sg_next);
/** sg_last - the last of a list of @nents entries */
struct scatterlist *sg_last(struct scatterlist *sgl, unsigned int nents) DMK_SG_SYM(sg_last);
/** sg_init_table - @nents empty entries, the last one marked. */
void sg_init_table(struct scatterlist *sgl, unsigned int nents) DMK_SG_SYM(sg_init_table);
void sg_init_one(struct scatterlist *sg, const void *buf, unsigned int buflen)
	DMK_SG_SYM(sg_init_one);
int sg_nents(struct scatterlist *sg) DMK_SG_SYM(sg_nents);
/** sg_nents_for_len - how many entries hold @len bytes; -EINVAL: the list is shorter. */
int sg_nents_for_len(struct scatterlist *sg, u64 len) DMK_SG_SYM(sg_nents_for_len);

#define for_each_sg(sglist, sg, nr, __i) \
	for (__i = 0, sg = (sglist); __i < (nr); __i++, sg = sg_next(sg))
/** The pieces of a table, and its DMA segments. */
#define for_each_sgtable_sg(sgt, sg, i) for_each_sg((sgt)->sgl, sg, (sgt)->orig_nents, i)
#define for_each_sgtable_dma_sg(sgt, sg, i) for_each_sg((sgt)->sgl, sg, (sgt)->nents, i)

/* --- tables ----------------------------------------------------------------------------------- */

/**
 * sg_alloc_table - a table of @nents empty entries, chained where it needs more than a page
 *
 * Context: may sleep with GFP_KERNEL.
 * Return:  0, -EINVAL (@nents is 0), -ENOMEM; on failure nothing is held.
 */
int sg_alloc_table(struct sg_table *table, unsigned int nents, gfp_t gfp)
	DMK_SG_SYM(sg_alloc_table);
/**
 * sg_free_table - what sg_alloc_table*() made; a table that is free already is left alone, a list
 * made otherwise is reported.
 */
void sg_free_table(struct sg_table *table) DMK_SG_SYM(sg_free_table);

/**
 * __sg_alloc_table - the same in parts of @max_ents entries from @alloc_fn
 * @first_chunk: where the first @nents_first_chunk entries go, or NULL
 *
 * Return: 0, -EINVAL, -ENOMEM. After -ENOMEM the table holds what there was: __sg_free_table() it,
 *         with its orig_nents.
 */
int __sg_alloc_table(struct sg_table *table, unsigned int nents, unsigned int max_ents,
		     struct scatterlist *first_chunk, unsigned int nents_first_chunk, gfp_t gfp,
		     sg_alloc_fn *alloc_fn) DMK_SG_SYM(sg_alloc_table_by);
/**
 * __sg_free_table - gives each part back to @free_fn, but the first one if it has
 * @nents_first_chunk entries, not 0.
 */
void __sg_free_table(struct sg_table *table, unsigned int max_ents, unsigned int nents_first_chunk,
		     sg_free_fn *free_fn, unsigned int num_ents) DMK_SG_SYM(sg_free_table_by);

/**
 * sg_alloc_table_chained - a table whose first entries the driver has already, as part of a request
 * @first_chunk: @nents_first_chunk entries, which table->sgl points to; NULL or fewer than 2: all
 *         are allocated
 *
 * Context: any; never sleeps.
 * Return:  0, -EINVAL (@nents is 0 or less), -ENOMEM; undone with sg_free_table_chained(), told the
 *         same @nents_first_chunk.
 */
int sg_alloc_table_chained(struct sg_table *table, int nents, struct scatterlist *first_chunk,
			   unsigned int nents_first_chunk) DMK_SG_SYM(sg_alloc_table_chained);
void sg_free_table_chained(struct sg_table *table, unsigned int nents_first_chunk)
	DMK_SG_SYM(sg_free_table_chained);

/**
 * sg_alloc_table_from_pages_segment - a table over [@offset, @offset + @size) of @pages, physical
 * neighbours as one entry
 * @max_segment: bytes that an entry may have at most, at least a page; rounded down to whole pages
 */
int sg_alloc_table_from_pages_segment(struct sg_table *sgt, struct page **pages,
				      unsigned int n_pages, unsigned int offset, unsigned long size,
				      unsigned int max_segment, gfp_t gfp)
	DMK_SG_SYM(sg_alloc_table_from_pages_segment);

static inline int sg_alloc_table_from_pages(struct sg_table *sgt, struct page **pages,
					    unsigned int n_pages, unsigned int offset,
					    unsigned long size, gfp_t gfp)
{
	return sg_alloc_table_from_pages_segment(sgt, pages, n_pages, offset, size, UINT_MAX, gfp);
}

/**
 * sg_alloc_append_table_from_pages - the same, behind what the table has: a neighbour of the last
 * page joins the last entry
 * @offset: 0 but in the first call
 * @left_pages: how many pages later calls will add; 0: these are the last, and the list is marked
 *         as ended
 *
 * Return: 0, -EINVAL, -ENOMEM: then the table is as it was, or, after -ENOMEM part way, holds a
 *         part of the pages.
 */
int sg_alloc_append_table_from_pages(struct sg_append_table *sgt, struct page **pages,
				     unsigned int n_pages, unsigned int offset, unsigned long size,
				     unsigned int max_segment, unsigned int left_pages, gfp_t gfp)
	DMK_SG_SYM(sg_alloc_append_table_from_pages);
void sg_free_append_table(struct sg_append_table *sgt) DMK_SG_SYM(sg_free_append_table);

/**
 * sg_split - cut a list into @nb_splits lists of @split_sizes bytes, from byte @skip on
 * @in_mapped_nents: DMA segments of @in, which are cut too; 0: it is not mapped
 * @out: receives the lists, each from kmalloc() and freed by the caller with kfree();
 *       @out_mapped_nents (NULL if none wanted) receives their DMA segments
 *
 * Return: 0, -EINVAL (the list is shorter, or a size is 0), -ENOMEM; on failure nothing is held.
 *         The parts of a mapped list are used for the transfer; @in is what is unmapped.
 */
int sg_split(struct scatterlist *in, const int in_mapped_nents, const off_t skip,
	     const int nb_splits, const size_t *split_sizes, struct scatterlist **out,
	     int *out_mapped_nents, gfp_t gfp) DMK_SG_SYM(sg_split);

/**
 * sgl_alloc_order - a list of @length bytes of new memory, in pieces of 2^@order pages
 * @chainable: with one entry more, at the end, for sg_chain()
 * @nent_p: NULL, or receives the number of pieces
 *
 * Return: the list, or NULL; given back with sgl_free_order() or sgl_free_n_order(), of @nents
 *         pieces of a chained one.
 */
struct scatterlist *sgl_alloc_order(unsigned long long length, unsigned int order, bool chainable,
				    gfp_t gfp, unsigned int *nent_p) DMK_SG_SYM(sgl_alloc_order);
void sgl_free_n_order(struct scatterlist *sgl, int nents, int order) DMK_SG_SYM(sgl_free_n_order);

static inline struct scatterlist *sgl_alloc(unsigned long long length, gfp_t gfp,
					    unsigned int *nent_p)
{
	return sgl_alloc_order(length, 0, false, gfp, nent_p);
}

static inline void sgl_free_order(struct scatterlist *sgl, int order)
{
	sgl_free_n_order(sgl, INT_MAX, order);
}

static inline void sgl_free(struct scatterlist *sgl)
{
	sgl_free_order(sgl, 0);
}

/* --- copying ---------------------------------------------------------------------------------- */

/**
 * sg_copy_buffer - bytes of a list, from byte @skip on, to a buffer, or from it
 *
 * Highmem included. Context: any.
 * Return: bytes copied, fewer than @buflen where the list ends first.
 */
size_t sg_copy_buffer(struct scatterlist *sgl, unsigned int nents, void *buf, size_t buflen,
		      off_t skip, bool to_buffer) DMK_SG_SYM(sg_copy_buffer);
size_t sg_zero_buffer(struct scatterlist *sgl, unsigned int nents, size_t buflen, off_t skip)
	DMK_SG_SYM(sg_zero_buffer);

static inline size_t sg_pcopy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf,
					size_t buflen, off_t skip)
{
	return sg_copy_buffer(sgl, nents, buf, buflen, skip, true);
}

static inline size_t sg_pcopy_from_buffer(struct scatterlist *sgl, unsigned int nents,
					  const void *buf, size_t buflen, off_t skip)
{
	return sg_copy_buffer(sgl, nents, (void *)buf, buflen, skip, false);
}

static inline size_t sg_copy_to_buffer(struct scatterlist *sgl, unsigned int nents, void *buf,
				       size_t buflen)
{
	return sg_copy_buffer(sgl, nents, buf, buflen, 0, true);
}

static inline size_t sg_copy_from_buffer(struct scatterlist *sgl, unsigned int nents,
					 const void *buf, size_t buflen)
{
	return sg_copy_buffer(sgl, nents, (void *)buf, buflen, 0, false);
}

/* --- page by page ----------------------------------------------------------------------------- */

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

void __sg_page_iter_start(struct sg_page_iter *piter, struct scatterlist *sglist,
			  unsigned int nents, unsigned long pgoffset)
	DMK_SG_SYM(sg_page_iter_start);
bool __sg_page_iter_next(struct sg_page_iter *piter) DMK_SG_SYM(sg_page_iter_next);
bool __sg_page_iter_dma_next(struct sg_dma_page_iter *dma_iter) DMK_SG_SYM(sg_page_iter_dma_next);

static inline struct page *sg_page_iter_page(struct sg_page_iter *piter)
{
	return nth_page(sg_page(piter->sg), piter->sg_pgoffset);
}

static inline dma_addr_t sg_page_iter_dma_address(struct sg_dma_page_iter *dma_iter)
{
	return sg_dma_address(dma_iter->base.sg) +
	       ((dma_addr_t)dma_iter->base.sg_pgoffset << PAGE_SHIFT);
}

#define for_each_sg_page(sglist, piter, nents, pgoffset)                   \
	for (__sg_page_iter_start((piter), (sglist), (nents), (pgoffset)); \
	     __sg_page_iter_next(piter);)
#define for_each_sg_dma_page(sglist, dma_iter, dma_nents, pgoffset)                      \
	for (__sg_page_iter_start(&(dma_iter)->base, (sglist), (dma_nents), (pgoffset)); \
	     __sg_page_iter_dma_next(dma_iter);)
#define for_each_sgtable_page(sgt, piter, pgoffset) \
	for_each_sg_page((sgt)->sgl, piter, (sgt)->orig_nents, pgoffset)
#define for_each_sgtable_dma_page(sgt, dma_iter, pgoffset) \
	for_each_sg_dma_page((sgt)->sgl, dma_iter, (sgt)->nents, pgoffset)

/* --- piece by piece, with an address ---------------------------------------------------------- */

#define SG_MITER_ATOMIC (1 << 0)  /* by kmap_atomic(): nobody sleeps between next and stop */
#define SG_MITER_TO_SG (1 << 1)   /* the CPU writes the list */
#define SG_MITER_FROM_SG (1 << 2) /* the CPU reads it */
#define SG_MITER_LOCAL (1 << 3)   /* by kmap_local_page() */

struct sg_mapping_iter {
	/* of the part that sg_miter_next() came to */
	struct page *page;
	void *addr;      /* of its first byte */
	size_t length;   /* bytes; it never leaves a page */
	size_t consumed; /* the caller's: fewer than length, and the next part starts behind them */

	struct sg_page_iter piter;
	unsigned int __offset;    /* into the page */
	unsigned int __remaining; /* bytes of this page that are left */
	unsigned int __flags;
};

/**
 * sg_miter_start - walk a list's memory by parts that have an address, highmem included
 * @flags: SG_MITER_TO_SG, SG_MITER_FROM_SG or both; SG_MITER_ATOMIC or SG_MITER_LOCAL where it may
 *         not sleep
 *
 * sg_miter_next - to the next part; false: that was the last, and nothing is mapped any more
 * sg_miter_skip - over @offset bytes, from behind what was consumed; false: the list has fewer
 * sg_miter_stop - done with the part; to be called in any case at the end
 */
void sg_miter_start(struct sg_mapping_iter *miter, struct scatterlist *sgl, unsigned int nents,
		    unsigned int flags) DMK_SG_SYM(sg_miter_start);
bool sg_miter_skip(struct sg_mapping_iter *miter, off_t offset) DMK_SG_SYM(sg_miter_skip);
bool sg_miter_next(struct sg_mapping_iter *miter) DMK_SG_SYM(sg_miter_next);
void sg_miter_stop(struct sg_mapping_iter *miter) DMK_SG_SYM(sg_miter_stop);

/* --- older spellings -------------------------------------------------------------------------- */

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define sg_is_dma_bus_address(sg) sg_dma_is_bus_address(sg)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
#define SCATTERLIST_MAX_SEGMENT (UINT_MAX & PAGE_MASK)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#define __sg_alloc_table_from_pages(sgt, pages, n_pages, offset, size, max_segment, gfp) \
	sg_alloc_table_from_pages_segment((sgt), (pages), (n_pages), (offset), (size),   \
					  (max_segment), (gfp))
#endif

/* The first chunk was SG_CHUNK_SIZE entries or none. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 3, 0)
#define sg_alloc_table_chained(table, nents, first_chunk) \
	sg_alloc_table_chained((table), (nents), (first_chunk), (first_chunk) ? SG_CHUNK_SIZE : 0)
#define sg_free_table_chained(table, first_chunk) \
	sg_free_table_chained((table), (first_chunk) ? SG_CHUNK_SIZE : 0)
#endif

#endif
