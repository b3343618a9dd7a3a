/* SPDX-License-Identifier: MIT */
/*
 * A command's data and its list. Memory as a page cache has it, or in pieces as a program's buffers
 * lie; the list joins physical neighbours and keeps the host's limits (MSK-08). It is chained from
 * the third entry on, as Linux's is, so that a driver that counts instead of asking sg_next() is
 * found out.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/highmem.h>
#include <linux/slab.h>

enum { FIRST_TABLE = 2, NEXT_TABLE = SG_CHUNK_SIZE };

/* --- memory ----------------------------------------------------------------------------------- */

static uint64_t draw(uint64_t *seed, uint64_t limit)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (*seed >> 33) % limit;
}

/* What the hardware wants of a buffer's ends: four bytes, or a cache line of its own. */
static unsigned int piece_alignment(const struct Scsi_Host *shost)
{
	return max(4, dma_get_cache_alignment());
}

static struct page *new_page(void)
{
	struct page *page = dmk_page_alloc(GFP_HIGHUSER, 0, 0);

	if (page)
		dmk_memory_event(DMK_EVENT_MEMORY_ALLOC, "alloc_pages", dmk_page_cpu(page),
				 dmk_page_phys(page), PAGE_SIZE, DMK_REASON_NONE, DMK_HERE);
	return page;
}

static int add_chunk(struct scsi_memory *memory, unsigned int offset, unsigned int length)
{
	struct page *page = new_page();

	if (!page)
		return -ENOMEM;
	memory->page[memory->nr_pages++] = page;
	memory->chunk[memory->nr_chunks++] = (struct scsi_chunk){ page, offset, length };
	return 0;
}

/*
 * A piece of any size at any place of a page, but that all pieces together are to be few enough for
 * the host's list.
 */
static unsigned int piece_of(uint64_t *seed, unsigned int left, unsigned int room,
			     unsigned int alignment, unsigned int *offset)
{
	unsigned int at_least = room > 1 ? DIV_ROUND_UP(left, room) : left;
	unsigned int lowest = min_t(unsigned int, round_up(at_least, alignment), PAGE_SIZE);
	unsigned int length = lowest + draw(seed, (PAGE_SIZE - lowest) / alignment + 1) * alignment;

	*offset = draw(seed, (PAGE_SIZE - length) / alignment + 1) * alignment;
	return min(length, left);
}

static int make_chunks(struct scsi_memory *memory, struct Scsi_Host *shost, unsigned int size,
		       uint64_t pieces)
{
	unsigned int alignment = piece_alignment(shost), left = size;
	int err = 0;

	while (left && !err) {
		unsigned int offset = 0, length = min_t(unsigned int, left, PAGE_SIZE);

		if (pieces)
			length = piece_of(&pieces, left,
					  max(1, (int)shost->sg_tablesize - (int)memory->nr_chunks -
							 1),
					  alignment, &offset);
		err = add_chunk(memory, offset, length);
		left -= length;
	}
	return err;
}

/* --- the list --------------------------------------------------------------------------------- */

/** Entries under way: counted first, written into the table the second time. */
struct list {
	const struct Scsi_Host *shost;
	struct scatterlist *sg; /* the last entry; NULL: counting, or none yet */
	struct scatterlist *table;
	unsigned int nents;
	u64 end; /* physical, after the last entry */
	unsigned int length; /* of the last entry */
};

/* How many of @length bytes from @phys on go into one entry that has @has already. */
static unsigned int fits(const struct Scsi_Host *shost, u64 phys, unsigned int length,
			 unsigned int has)
{
	u64 to_boundary = shost->dma_boundary - (phys & shost->dma_boundary); /* plus one */

	if (length - 1 > to_boundary)
		length = to_boundary + 1;
	return min(length, shost->max_segment_size - has);
}

static void extend(struct list *list, unsigned int length)
{
	if (list->sg)
		list->sg->length += length;
	list->length += length;
	list->end += length;
}

static void begin(struct list *list, struct page *page, unsigned int offset, u64 phys,
		  unsigned int length)
{
	list->nents++;
	list->length = length;
	list->end = phys + length;
	if (!list->table)
		return;
	list->sg = list->sg ? sg_next(list->sg) : list->table;
	sg_set_page(list->sg, page, length, offset);
}

/* The neighbour of what came before, and on the same side of the boundary: one entry. */
static bool continues(const struct list *list, u64 phys)
{
	return list->nents && phys == list->end && (phys & list->shost->dma_boundary) &&
	       list->length < list->shost->max_segment_size;
}

static void add(struct list *list, const struct scsi_chunk *chunk)
{
	unsigned int done = 0;

	while (done < chunk->length) {
		u64 phys = dmk_page_phys(chunk->page) + chunk->offset + done;
		bool same = continues(list, phys);
		unsigned int length = fits(list->shost, phys, chunk->length - done,
					   same ? list->length : 0);

		if (same)
			extend(list, length);
		else
			begin(list, chunk->page, chunk->offset + done, phys, length);
		done += length;
	}
}

static unsigned int walk(const struct scsi_memory *memory, const struct Scsi_Host *shost,
			 struct scatterlist *table)
{
	struct list list = { .shost = shost, .table = table };

	for (unsigned int i = 0; i < memory->nr_chunks; i++)
		add(&list, &memory->chunk[i]);
	if (list.sg)
		sg_mark_end(list.sg);
	return list.nents;
}

static struct scatterlist *new_table(struct scsi_memory *memory, unsigned int nents)
{
	struct scatterlist *table = dmk_kmalloc_at(nents * sizeof(*table), GFP_KERNEL, DMK_HERE);

	if (!table)
		return NULL;
	sg_init_table(table, nents);
	memory->table[memory->nr_tables++] = table;
	return table;
}

/* Tables of two entries, then of many; the last entry of each but the last is the link. */
static int make_tables(struct scsi_memory *memory)
{
	unsigned int nents = memory->nents, here = min_t(unsigned int, nents, FIRST_TABLE);
	struct scatterlist *table;

	memory->table = calloc(2 + nents / (NEXT_TABLE - 1), sizeof(*memory->table));
	table = memory->table ? new_table(memory, here) : NULL;
	if (!table)
		return -ENOMEM;
	if (nents > here)
		nents++; /* an entry is lost to the link */
	nents -= here;
	while (nents) {
		unsigned int next = min_t(unsigned int, nents, NEXT_TABLE);
		struct scatterlist *more = new_table(memory, next);

		if (!more)
			return -ENOMEM;
		sg_chain(table, here, more);
		if (nents > next)
			nents++;
		nents -= next;
		here = next;
		table = more;
	}
	return 0;
}

int dmk_scsi_memory_make(struct scsi_memory *memory, struct Scsi_Host *shost, unsigned int size,
			 uint64_t pieces)
{
	unsigned int alignment = piece_alignment(shost), most = size / alignment + 2;
	int err = -ENOMEM;

	memset(memory, 0, sizeof(*memory));
	if (!size)
		return 0;
	if (!pieces)
		most = DIV_ROUND_UP(size, PAGE_SIZE);
	memory->page = calloc(most, sizeof(*memory->page));
	memory->chunk = calloc(most, sizeof(*memory->chunk));
	if (!memory->page || !memory->chunk)
		goto free_memory;
	err = make_chunks(memory, shost, size, pieces);
	if (err)
		goto free_memory;

	memory->nents = walk(memory, shost, NULL);
	err = -E2BIG;
	if (memory->nents > shost->sg_tablesize)
		goto free_memory;
	err = make_tables(memory);
	if (err)
		goto free_memory;
	walk(memory, shost, memory->table[0]);
	return 0;

free_memory:
	dmk_scsi_memory_free(memory);
	return err;
}

void dmk_scsi_memory_free(struct scsi_memory *memory)
{
	while (memory->nr_tables)
		dmk_kfree_at(memory->table[--memory->nr_tables], DMK_HERE);
	while (memory->nr_pages)
		__free_page(memory->page[--memory->nr_pages]);
	free(memory->table);
	free(memory->chunk);
	free(memory->page);
	memset(memory, 0, sizeof(*memory));
}

void dmk_scsi_memory_copy(struct scsi_memory *memory, void *data, unsigned int size, bool to_memory)
{
	char *bytes = data;

	for (unsigned int i = 0; i < memory->nr_chunks && size; i++) {
		const struct scsi_chunk *chunk = &memory->chunk[i];
		unsigned int length = min(size, chunk->length);
		char *view = kmap_local_page(chunk->page);

		if (to_memory)
			memcpy(view + chunk->offset, bytes, length);
		else
			memcpy(bytes, view + chunk->offset, length);
		kunmap_local(view);
		bytes += length;
		size -= length;
	}
}
