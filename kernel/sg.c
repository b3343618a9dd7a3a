/* SPDX-License-Identifier: MIT */
/*
 * What drivers do with scatterlists that takes an address for each page, or memory of theirs:
 * mapping iterators, sg_split(), the sgl_alloc() family. The lists themselves are the core's.
 */
#include <linux/highmem.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

/* --- piece by piece --------------------------------------------------------------------------- */

void sg_miter_start(struct sg_mapping_iter *miter, struct scatterlist *sgl, unsigned int nents,
		    unsigned int flags)
{
	*miter = (struct sg_mapping_iter){ .__flags = flags };
	__sg_page_iter_start(&miter->piter, sgl, nents, 0);
}

/* To a page with bytes of the list; stays where it is while there are some left. */
static bool to_bytes(struct sg_mapping_iter *miter)
{
	struct sg_page_iter *piter = &miter->piter;

	while (!miter->__remaining) {
		const struct scatterlist *sg;
		u64 first, end, page;

		if (!__sg_page_iter_next(piter))
			return false;
		sg = piter->sg;
		page = (u64)piter->sg_pgoffset << PAGE_SHIFT;
		first = max_t(u64, page, sg->offset);
		end = min_t(u64, page + PAGE_SIZE, (u64)sg->offset + sg->length);
		if (first >= end)
			continue; /* the offset is more than a page, or the piece has no bytes */
		miter->__offset = (unsigned int)(first - page);
		miter->__remaining = (unsigned int)(end - first);
	}
	return true;
}

static void advance(struct sg_mapping_iter *miter, size_t bytes)
{
	miter->__offset += (unsigned int)bytes;
	miter->__remaining -= (unsigned int)bytes;
}

bool sg_miter_skip(struct sg_mapping_iter *miter, off_t offset)
{
	sg_miter_stop(miter);
	while (offset > 0) {
		size_t part;

		if (!to_bytes(miter))
			return false;
		part = min_t(u64, (u64)offset, miter->__remaining);
		advance(miter, part);
		offset -= (off_t)part;
	}
	return offset == 0;
}

bool sg_miter_next(struct sg_mapping_iter *miter)
{
	char *page;

	sg_miter_stop(miter);
	if (!to_bytes(miter))
		return false;
	miter->page = sg_page_iter_page(&miter->piter);
	miter->length = miter->consumed = miter->__remaining;
	if (miter->__flags & SG_MITER_ATOMIC)
		page = kmap_atomic(miter->page);
	else if (miter->__flags & SG_MITER_LOCAL)
		page = kmap_local_page(miter->page);
	else
		page = kmap(miter->page);
	miter->addr = page + miter->__offset;
	return true;
}

void sg_miter_stop(struct sg_mapping_iter *miter)
{
	if (!miter->addr)
		return;
	if (miter->__flags & SG_MITER_ATOMIC)
		kunmap_atomic(miter->addr);
	else if (miter->__flags & SG_MITER_LOCAL)
		kunmap_local(miter->addr);
	else
		kunmap(miter->page);
	advance(miter, min_t(size_t, miter->consumed, miter->__remaining));
	miter->page = NULL;
	miter->addr = NULL;
	miter->length = 0;
	miter->consumed = 0;
}

/* --- cutting ---------------------------------------------------------------------------------- */

/* One of the lists that sg_split() makes: where its bytes are in the list that is cut. */
struct cut {
	struct scatterlist *first;
	size_t skip; /* bytes of the first entry that are not its */
	size_t size;
};

static size_t length_of(const struct scatterlist *sg, bool mapped)
{
	return mapped ? sg_dma_len(sg) : sg->length;
}

/*
 * Finds where each of @n cuts begins, behind @skip bytes of @nents entries; their sizes are known.
 * Return: 0, -EINVAL: the list is shorter.
 */
static int find_cuts(struct scatterlist *sg, unsigned int nents, bool mapped, u64 skip,
		     struct cut *cut, int n)
{
	u64 position = 0, begin = skip; /* of the entry; of the next cut */
	int at = 0;

	for (; sg && nents; sg = sg_next(sg), nents--) {
		const size_t length = length_of(sg, mapped);

		while (at < n && begin < position + length) {
			cut[at].first = sg;
			cut[at].skip = (size_t)(begin - position);
			if (__builtin_add_overflow(begin, cut[at++].size, &begin))
				return -EINVAL;
		}
		position += length;
	}
	return at == n && begin <= position ? 0 : -EINVAL;
}

static int entries_of(const struct cut *cut, bool mapped)
{
	struct scatterlist *sg = cut->first;
	u64 bytes = 0;
	int n = 0;

	for (; sg && bytes < cut->skip + (u64)cut->size; sg = sg_next(sg), n++)
		bytes += length_of(sg, mapped);
	return n;
}

/* The memory of a cut, as a list that is not mapped. */
static void fill_pieces(const struct cut *cut, struct scatterlist *out, int n)
{
	struct scatterlist *in = cut->first;
	size_t skip = cut->skip, left = cut->size;

	sg_init_table(out, (unsigned int)n);
	for (int i = 0; i < n; i++, in = sg_next(in)) {
		const size_t part = min_t(size_t, in->length - skip, left);

		sg_set_page(&out[i], sg_page(in), (unsigned int)part,
			    in->offset + (unsigned int)skip);
		left -= part;
		skip = 0;
	}
}

static void fill_segments(const struct cut *cut, struct scatterlist *out, int n)
{
	struct scatterlist *in = cut->first;
	size_t skip = cut->skip, left = cut->size;

	for (int i = 0; i < n; i++, in = sg_next(in)) {
		const size_t part = min_t(size_t, sg_dma_len(in) - skip, left);

		sg_dma_address(&out[i]) = sg_dma_address(in) + skip;
		sg_dma_len(&out[i]) = (unsigned int)part;
		left -= part;
		skip = 0;
	}
}

static void drop_pieces(struct scatterlist **out, int n)
{
	while (n-- > 0) {
		kfree(out[n]);
		out[n] = NULL;
	}
}

static int make_pieces(const struct cut *cut, struct scatterlist **out, int n, gfp_t gfp)
{
	for (int i = 0; i < n; i++) {
		const int entries = entries_of(&cut[i], false);

		out[i] = kmalloc_array((size_t)entries, sizeof(**out), gfp);
		if (!out[i]) {
			drop_pieces(out, i);
			return -ENOMEM;
		}
		fill_pieces(&cut[i], out[i], entries);
	}
	return 0;
}

static void map_pieces(const struct cut *cut, struct scatterlist **out, int *out_mapped_nents,
		       int n)
{
	for (int i = 0; i < n; i++) {
		const int entries = entries_of(&cut[i], true);

		fill_segments(&cut[i], out[i], entries);
		if (out_mapped_nents)
			out_mapped_nents[i] = entries;
	}
}

static bool sizes_good(const off_t skip, const int nb_splits, const size_t *sizes)
{
	if (skip < 0 || nb_splits <= 0)
		return false;
	for (int i = 0; i < nb_splits; i++)
		if (!sizes[i])
			return false;
	return true;
}

int sg_split(struct scatterlist *in, const int in_mapped_nents, const off_t skip,
	     const int nb_splits, const size_t *split_sizes, struct scatterlist **out,
	     int *out_mapped_nents, gfp_t gfp)
{
	struct cut *cut;
	int err = -EINVAL;

	if (!sizes_good(skip, nb_splits, split_sizes))
		return -EINVAL;
	cut = kcalloc((size_t)nb_splits, sizeof(*cut), gfp);
	if (!cut)
		return -ENOMEM;
	for (int i = 0; i < nb_splits; i++)
		cut[i].size = split_sizes[i];

	/*
	 * The segments first, if only to see that there are enough: then nothing that can fail is
	 * left after the memory.
	 */
	if (in_mapped_nents > 0)
		err = find_cuts(in, (unsigned int)in_mapped_nents, true, (u64)skip, cut, nb_splits);
	if (in_mapped_nents > 0 && err)
		goto free_cut;
	err = find_cuts(in, UINT_MAX, false, (u64)skip, cut, nb_splits);
	if (!err)
		err = make_pieces(cut, out, nb_splits, gfp);
	if (err || in_mapped_nents <= 0)
		goto free_cut;
	find_cuts(in, (unsigned int)in_mapped_nents, true, (u64)skip, cut, nb_splits);
	map_pieces(cut, out, out_mapped_nents, nb_splits);

free_cut:
	kfree(cut);
	return err;
}

/* --- lists with memory of their own ----------------------------------------------------------- */

enum { ORDER_MOST = 19 }; /* beyond it no machine has a run of pages */

struct scatterlist *sgl_alloc_order(unsigned long long length, unsigned int order, bool chainable,
				    gfp_t gfp, unsigned int *nent_p)
{
	struct scatterlist *sgl, *sg;
	u64 piece, pieces;

	if (!length || order > ORDER_MOST)
		return NULL;
	piece = (u64)PAGE_SIZE << order;
	pieces = length / piece + (length % piece != 0);
	if (pieces > INT_MAX - 1)
		return NULL;
	sgl = kmalloc_array((size_t)pieces + chainable, sizeof(*sgl), gfp & ~GFP_DMA);
	if (!sgl)
		return NULL;
	sg_init_table(sgl, (unsigned int)pieces + chainable);
	for (sg = sgl; length; sg = sg_next(sg)) {
		struct page *page = alloc_pages(gfp, order);

		if (!page) {
			sgl_free_order(sgl, (int)order);
			return NULL;
		}
		sg_set_page(sg, page, (unsigned int)min_t(u64, length, piece), 0);
		length -= sg->length;
	}
	if (nent_p)
		*nent_p = (unsigned int)pieces;
	return sgl;
}

void sgl_free_n_order(struct scatterlist *sgl, int nents, int order)
{
	struct scatterlist *sg = sgl;

	for (int i = 0; sg && i < nents; i++, sg = sg_next(sg))
		if (sg_page(sg))
			__free_pages(sg_page(sg), (unsigned int)order);
	kfree(sgl);
}
