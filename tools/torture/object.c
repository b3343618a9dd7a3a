// SPDX-License-Identifier: MIT
/*
 * Kinds of memory, and ways to lend it to a device. What is done with it is work.c's.
 */
#include "torture.h"

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <stdlib.h>

enum { ENTRIES_MOST = 200, FENCE_BYTE = 0xf1 };

/*
 * Pieces are records, not the driver's memory: they come from the C heap, where no device can
 * write.
 */
static bool one_piece(struct object *object, dma_addr_t dma)
{
	object->piece = malloc(sizeof(*object->piece));
	if (!object->piece)
		abort();
	object->piece[0] = (struct piece){dma, object->size};
	object->nr_pieces = 1;
	object->dma = dma;
	return true;
}

static void no_pieces(struct object *object)
{
	free(object->piece);
	object->piece = NULL;
	object->nr_pieces = 0;
}

static bool mapped_at(struct object *object, dma_addr_t dma)
{
	return !dma_mapping_error(object->card->dev, dma) && one_piece(object, dma);
}

/* What the device may write ends with a cache line, and nobody else uses the line. */
static size_t whole_lines(const struct object *object, size_t size)
{
	return object->dir == DMA_TO_DEVICE ? size : ALIGN(size, FENCE);
}

/* --- memory with one address ------------------------------------------------------------------ */

static void cpu_read(struct object *object, size_t at, void *bytes, size_t size)
{
	memcpy(bytes, object->cpu + at, size);
}

static void cpu_write(struct object *object, size_t at, const void *bytes, size_t size)
{
	memcpy(object->cpu + at, bytes, size);
}

static bool all_are(const u8 *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != FENCE_BYTE)
			return false;
	return true;
}

static bool cpu_fenced(const struct object *object)
{
	const u8 *first = object->memory;
	size_t end = object->offset + object->size;

	return all_are(first, object->offset) && all_are(first + end, object->room - end);
}

static bool kmalloc_alloc(struct worker *self, struct object *object)
{
	object->size = whole_lines(object, object->size);
	object->offset = FENCE;
	object->room = object->size + 2 * FENCE;
	object->memory = kmalloc(object->room, object->gfp | __GFP_NOWARN);
	if (!object->memory)
		return false;
	memset(object->memory, FENCE_BYTE, object->room);
	object->cpu = (u8 *)object->memory + object->offset;
	return true;
}

static void kmalloc_free(struct object *object)
{
	kfree(object->memory);
}

static bool single_map(struct object *object)
{
	return mapped_at(object, dma_map_single_attrs(object->card->dev, object->cpu, object->size,
						      object->dir, object->attrs));
}

static void single_unmap(struct object *object)
{
	dma_unmap_single_attrs(object->card->dev, object->dma, object->size, object->dir,
			       object->attrs);
	no_pieces(object);
}

static void single_for_cpu(struct object *object, size_t at, size_t size)
{
	if (at)
		dma_sync_single_range_for_cpu(object->card->dev, object->dma, at, size,
					      object->dir);
	else
		dma_sync_single_for_cpu(object->card->dev, object->dma, size, object->dir);
}

static void single_for_device(struct object *object, size_t at, size_t size)
{
	if (at)
		dma_sync_single_range_for_device(object->card->dev, object->dma, at, size,
						 object->dir);
	else
		dma_sync_single_for_device(object->card->dev, object->dma, size, object->dir);
}

/* --- pages, highmem where there is some ------------------------------------------------------- */

static void page_each(const struct object *object, size_t at, size_t size,
		      void (*use)(void *address, size_t at, size_t size, void *ctx), void *ctx)
{
	size_t done = 0;

	while (done < size) {
		size_t place = at + done,
		       part = min_t(size_t, size - done, PAGE_SIZE - place % PAGE_SIZE);
		u8 *address = kmap_local_page(object->page + place / PAGE_SIZE);

		use(address + place % PAGE_SIZE, done, part, ctx);
		kunmap_local(address);
		done += part;
	}
}

static void copy_out(void *address, size_t at, size_t size, void *ctx)
{
	memcpy((u8 *)ctx + at, address, size);
}

static void copy_in(void *address, size_t at, size_t size, void *ctx)
{
	memcpy(address, (u8 *)ctx + at, size);
}

static void fence(void *address, size_t at, size_t size, void *ctx)
{
	memset(address, FENCE_BYTE, size);
}

static void look(void *address, size_t at, size_t size, void *ctx)
{
	*(bool *)ctx &= all_are(address, size);
}

static void page_read(struct object *object, size_t at, void *bytes, size_t size)
{
	page_each(object, object->offset + at, size, copy_out, bytes);
}

static void page_write(struct object *object, size_t at, const void *bytes, size_t size)
{
	page_each(object, object->offset + at, size, copy_in, (void *)bytes);
}

static bool page_fenced(const struct object *object)
{
	size_t end = object->offset + object->size;
	bool good = true;

	page_each(object, 0, object->offset, look, &good);
	page_each(object, end, object->room - end, look, &good);
	return good;
}

static bool page_alloc(struct worker *self, struct object *object)
{
	object->offset = FENCE * chance(self, 8);
	object->size = whole_lines(object, object->size);
	object->order = get_order(object->offset + object->size);
	object->room = PAGE_SIZE << object->order;
	object->page = alloc_pages(
		object->gfp | __GFP_NOWARN | (chance(self, 2) ? __GFP_HIGHMEM : 0), object->order);
	if (!object->page)
		return false;
	page_each(object, 0, object->room, fence, NULL);
	return true;
}

static void page_free(struct object *object)
{
	__free_pages(object->page, object->order);
}

static bool page_map(struct object *object)
{
	return mapped_at(object, dma_map_page_attrs(object->card->dev, object->page, object->offset,
						    object->size, object->dir, object->attrs));
}

static void page_unmap(struct object *object)
{
	dma_unmap_page_attrs(object->card->dev, object->dma, object->size, object->dir,
			     object->attrs);
	no_pieces(object);
}

static bool phys_map(struct object *object)
{
	return mapped_at(object, dma_map_phys(object->card->dev,
					      page_to_phys(object->page) + object->offset,
					      object->size, object->dir, object->attrs));
}

static void phys_unmap(struct object *object)
{
	dma_unmap_phys(object->card->dev, object->dma, object->size, object->dir, object->attrs);
	no_pieces(object);
}

/* Bytes up to the next granule of the IOMMU: a piece ends there, or where the object does. */
static size_t linked_piece(const struct object *object, size_t at)
{
	const size_t granule = dma_get_merge_boundary(object->card->dev) + 1;
	const phys_addr_t phys = page_to_phys(object->page) + object->offset + at;

	return min_t(size_t, object->size - at, granule - (phys & (granule - 1)));
}

/* Addresses first, then piece by piece. Without an IOMMU, or room behind it: as one. */
static bool linked_map(struct object *object)
{
	struct device *dev = object->card->dev;
	phys_addr_t phys = page_to_phys(object->page) + object->offset;
	size_t at = 0, part;

	if (!dma_iova_try_alloc(dev, &object->state, phys, object->size))
		return phys_map(object);
	for (; at < object->size; at += part) {
		part = linked_piece(object, at);
		if (dma_iova_link(dev, &object->state, phys + at, at, part, object->dir,
				  object->attrs))
			goto destroy;
	}
	if (!dma_iova_sync(dev, &object->state, 0, object->size))
		return one_piece(object, object->state.addr);
destroy:
	dma_iova_destroy(dev, &object->state, at, object->dir, object->attrs);
	return false;
}

static void linked_unmap(struct object *object)
{
	if (!dma_use_iova(&object->state)) {
		phys_unmap(object);
		return;
	}
	dma_iova_destroy(object->card->dev, &object->state, object->size, object->dir,
			 object->attrs);
	no_pieces(object);
}

/* Each piece by itself: they need not lie side by side in memory. */
static void linked_sync(struct object *object, size_t at, size_t size,
			void (*sync)(struct device *dev, dma_addr_t dma, size_t size,
				     enum dma_data_direction dir))
{
	const size_t end = at + size;

	for (size_t part; at < end; at += part) {
		part = end - at;
		if (dma_use_iova(&object->state))
			part = min(part, linked_piece(object, at));
		sync(object->card->dev, object->dma + at, part, object->dir);
	}
}

static void linked_for_cpu(struct object *object, size_t at, size_t size)
{
	linked_sync(object, at, size, dma_sync_single_for_cpu);
}

static void linked_for_device(struct object *object, size_t at, size_t size)
{
	linked_sync(object, at, size, dma_sync_single_for_device);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void free_entries(struct sg_table *table, unsigned int n)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg(table->sgl, sg, n, i)
		__free_page(sg_page(sg));
	sg_free_table(table);
}

/* Entries of any length, each in a page of its own; so many at times that the table is a chain. */
static bool list_alloc(struct worker *self, struct object *object)
{
	unsigned int n = 1 + chance(self, chance(self, 8) ? 8 : ENTRIES_MOST), i;
	struct scatterlist *sg;

	if (sg_alloc_table(&object->table, n, object->gfp | __GFP_NOWARN))
		return false;
	object->size = 0;
	for_each_sg(object->table.sgl, sg, n, i) {
		struct page *page = alloc_page(object->gfp | __GFP_NOWARN |
					       (chance(self, 2) ? __GFP_HIGHMEM : 0));
		size_t offset = FENCE * chance(self, 16),
		       size = FENCE * (1 + chance(self, n > 16 ? 2 : 12));

		if (!page) {
			free_entries(&object->table, i);
			return false;
		}
		sg_set_page(sg, page, size, offset);
		object->size += size;
	}
	return true;
}

static void list_free(struct object *object)
{
	free_entries(&object->table, object->table.orig_nents);
}

static void pieces_of(struct object *object, struct sg_table *table)
{
	struct scatterlist *sg;
	unsigned int i;

	object->piece = calloc(table->nents, sizeof(*object->piece));
	if (!object->piece)
		abort();
	for_each_sgtable_dma_sg(table, sg, i)
		object->piece[i] = (struct piece){sg_dma_address(sg), sg_dma_len(sg)};
	object->nr_pieces = table->nents;
}

static bool list_map(struct object *object)
{
	if (dma_map_sgtable(object->card->dev, &object->table, object->dir, object->attrs))
		return false;
	pieces_of(object, &object->table);
	return true;
}

static void list_unmap(struct object *object)
{
	dma_unmap_sgtable(object->card->dev, &object->table, object->dir, object->attrs);
	no_pieces(object);
}

static void list_for_cpu(struct object *object, size_t at, size_t size)
{
	dma_sync_sgtable_for_cpu(object->card->dev, &object->table, object->dir);
}

static void list_for_device(struct object *object, size_t at, size_t size)
{
	dma_sync_sgtable_for_device(object->card->dev, &object->table, object->dir);
}

static void list_read(struct object *object, size_t at, void *bytes, size_t size)
{
	sg_pcopy_to_buffer(object->table.sgl, object->table.orig_nents, bytes, size, at);
}

static void list_write(struct object *object, size_t at, const void *bytes, size_t size)
{
	sg_pcopy_from_buffer(object->table.sgl, object->table.orig_nents, bytes, size, at);
}

/* --- vmalloc, lent as the pages it is --------------------------------------------------------- */

static bool table_of(struct object *object, struct page **pages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		pages[i] = vmalloc_to_page((u8 *)object->memory + i * PAGE_SIZE);
	return !sg_alloc_table_from_pages(&object->table, pages, n, object->offset, object->size,
					  GFP_KERNEL | __GFP_NOWARN);
}

static bool vmalloc_alloc(struct worker *self, struct object *object)
{
	unsigned int n;
	struct page **pages;
	bool made;

	object->size = whole_lines(object, object->size);
	object->offset = FENCE * chance(self, 8);
	n = DIV_ROUND_UP(object->offset + object->size, PAGE_SIZE);
	object->room = n * PAGE_SIZE;
	pages = calloc(n, sizeof(*pages));
	if (!pages)
		abort();
	object->memory = vmalloc(object->room);
	made = object->memory && table_of(object, pages, n);
	free(pages);
	if (!made) {
		vfree(object->memory);
		return false;
	}
	memset(object->memory, FENCE_BYTE, object->room);
	object->cpu = (u8 *)object->memory + object->offset;
	return true;
}

static void vmalloc_free(struct object *object)
{
	sg_free_table(&object->table);
	vfree(object->memory);
}

/* --- consistent memory ------------------------------------------------------------------------ */

static bool made(struct object *object)
{
	object->cpu = object->memory;
	return object->memory && one_piece(object, object->dma);
}

static bool coherent_alloc(struct worker *self, struct object *object)
{
	object->memory = dma_alloc_coherent(object->card->dev, object->size, &object->dma,
					    object->gfp | __GFP_NOWARN);
	return made(object);
}

static void coherent_free(struct object *object)
{
	dma_free_coherent(object->card->dev, object->size, object->memory, object->dma);
	no_pieces(object);
}

static bool wc_alloc(struct worker *self, struct object *object)
{
	object->memory = dma_alloc_wc(object->card->dev, object->size, &object->dma,
				      object->gfp | __GFP_NOWARN);
	return made(object);
}

static void wc_free(struct object *object)
{
	dma_free_wc(object->card->dev, object->size, object->memory, object->dma);
	no_pieces(object);
}

static bool pool_alloc(struct worker *self, struct object *object)
{
	object->size = CARD_BLOCK;
	object->memory = dma_pool_zalloc(object->card->pool, object->gfp | __GFP_NOWARN,
					 &object->dma);
	return made(object);
}

static void pool_free(struct object *object)
{
	dma_pool_free(object->card->pool, object->memory, object->dma);
	no_pieces(object);
}

/* --- memory that comes mapped, and is the CPU's or the device's in turn ----------------------- */

static bool lent_at(struct object *object, dma_addr_t dma)
{
	single_for_device(object, 0, object->size);
	return one_piece(object, dma);
}

static bool lent_map(struct object *object)
{
	return lent_at(object, object->dma);
}

static void lent_unmap(struct object *object)
{
	single_for_cpu(object, 0, object->size);
	no_pieces(object);
}

static bool dma_pages_alloc(struct worker *self, struct object *object)
{
	object->page = dma_alloc_pages(object->card->dev, object->size, &object->dma, object->dir,
				       object->gfp | __GFP_NOWARN);
	if (!object->page)
		return false;
	object->cpu = page_address(object->page);
	return true;
}

static void dma_pages_free(struct object *object)
{
	dma_free_pages(object->card->dev, object->size, object->page, object->dma, object->dir);
}

static bool noncoherent_alloc(struct worker *self, struct object *object)
{
	object->cpu = dma_alloc_noncoherent(object->card->dev, object->size, &object->dma,
					    object->dir, object->gfp | __GFP_NOWARN);
	return object->cpu;
}

static void noncoherent_free(struct object *object)
{
	dma_free_noncoherent(object->card->dev, object->size, object->cpu, object->dma,
			     object->dir);
}

static bool noncontiguous_alloc(struct worker *self, struct object *object)
{
	object->size = ALIGN(object->size, PAGE_SIZE);
	object->scattered = dma_alloc_noncontiguous(object->card->dev, object->size, object->dir,
						    GFP_KERNEL | __GFP_NOWARN, 0);
	if (!object->scattered)
		return false;
	object->cpu = dma_vmap_noncontiguous(object->card->dev, object->size, object->scattered);
	if (object->cpu)
		return true;
	dma_free_noncontiguous(object->card->dev, object->size, object->scattered, object->dir);
	return false;
}

static void noncontiguous_free(struct object *object)
{
	dma_vunmap_noncontiguous(object->card->dev, object->cpu);
	dma_free_noncontiguous(object->card->dev, object->size, object->scattered, object->dir);
}

static bool noncontiguous_map(struct object *object)
{
	dma_sync_sgtable_for_device(object->card->dev, object->scattered, object->dir);
	pieces_of(object, object->scattered);
	return true;
}

static void noncontiguous_unmap(struct object *object)
{
	dma_sync_sgtable_for_cpu(object->card->dev, object->scattered, object->dir);
	no_pieces(object);
}

static void noncontiguous_for_cpu(struct object *object, size_t at, size_t size)
{
	dma_sync_sgtable_for_cpu(object->card->dev, object->scattered, object->dir);
}

static void noncontiguous_for_device(struct object *object, size_t at, size_t size)
{
	dma_sync_sgtable_for_device(object->card->dev, object->scattered, object->dir);
}

static bool no_fence(const struct object *object)
{
	return true;
}

/* --- the table -------------------------------------------------------------------------------- */

const struct kind torture_kind[] = {
	{"single", false, 256 << 10, kmalloc_alloc, kmalloc_free, single_map, single_unmap,
	 single_for_cpu, single_for_device, cpu_read, cpu_write, cpu_fenced, true},
	{"page", false, 128 << 10, page_alloc, page_free, page_map, page_unmap, single_for_cpu,
	 single_for_device, page_read, page_write, page_fenced, true},
	{"phys", false, 128 << 10, page_alloc, page_free, phys_map, phys_unmap, single_for_cpu,
	 single_for_device, page_read, page_write, page_fenced, true},
	{"linked", false, 128 << 10, page_alloc, page_free, linked_map, linked_unmap,
	 linked_for_cpu, linked_for_device, page_read, page_write, page_fenced, true},
	{"list", false, ENTRIES_MOST * 12 * FENCE, list_alloc, list_free, list_map, list_unmap,
	 list_for_cpu, list_for_device, list_read, list_write, no_fence, false},
	{"vmalloc", false, 128 << 10, vmalloc_alloc, vmalloc_free, list_map, list_unmap,
	 list_for_cpu, list_for_device, cpu_read, cpu_write, cpu_fenced, false},
	{"coherent", true, 128 << 10, coherent_alloc, coherent_free, NULL, NULL, NULL, NULL,
	 cpu_read, cpu_write, no_fence, false},
	{"wc", true, 64 << 10, wc_alloc, wc_free, NULL, NULL, NULL, NULL, cpu_read, cpu_write,
	 no_fence, false},
	{"pool", true, CARD_BLOCK, pool_alloc, pool_free, NULL, NULL, NULL, NULL, cpu_read,
	 cpu_write, no_fence, false},
	{"pages", false, 64 << 10, dma_pages_alloc, dma_pages_free, lent_map, lent_unmap,
	 single_for_cpu, single_for_device, cpu_read, cpu_write, no_fence, true},
	{"noncoherent", false, 64 << 10, noncoherent_alloc, noncoherent_free, lent_map, lent_unmap,
	 single_for_cpu, single_for_device, cpu_read, cpu_write, no_fence, true},
	{"scattered", false, 128 << 10, noncontiguous_alloc, noncontiguous_free, noncontiguous_map,
	 noncontiguous_unmap, noncontiguous_for_cpu, noncontiguous_for_device, cpu_read, cpu_write,
	 no_fence, false},
};
const unsigned int torture_kinds = sizeof(torture_kind) / sizeof(*torture_kind);
