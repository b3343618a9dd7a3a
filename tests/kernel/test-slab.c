// SPDX-License-Identifier: MIT
/*
 * Memory by the byte, scattered and high: alignment on machines with long cache lines, a driver's
 * own caches, the calls around them, and all of it by chance, with the books looked at.
 */
#include "fake.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "../../kernel/internal.h"

static int boot(void **state)
{
	fake_boot("", 1);
	return 0;
}

static int boot_64(void **state)
{
	fake_boot("", 64);
	return 0;
}

static int boot_128(void **state)
{
	fake_boot("", 128);
	return 0;
}

static int boot_quarantine(void **state)
{
	fake_boot("dmakit.quarantine=65536", 1);
	return 0;
}

static int down(void **state)
{
	fake_shutdown();
	return 0;
}

static void audit(void)
{
	const char *wrong = dmk_frames_audit();

	wrong = wrong ? wrong : dmk_slab_audit();
	if (wrong)
		fail_msg("%s", wrong);
}

/* --- alignment -------------------------------------------------------------------------------- */

static void test_MEM_08_small_objects_share_no_line_of_the_machines_length(void **state)
{
	const unsigned long line = max(fake_machine.cache_line, 8U);
	unsigned long size, last = 0;

	assert_int_equal(dma_get_cache_alignment(), fake_machine.cache_line);
	for (size = 1; size < 3000; size += size / 8 + 1) {
		unsigned long a = (unsigned long)kmalloc(size, GFP_KERNEL),
			      b = (unsigned long)kmalloc(size, GFP_KERNEL);

		assert_int_equal(a % line, 0);
		assert_int_equal(b % line, 0);
		/* The largest power of two that divides it, as Linux promises. */
		assert_int_equal(a % min(size & -size, PAGE_SIZE), 0);
		assert_int_not_equal((a + size - 1) / line, b / line);
		assert_int_not_equal((b + size - 1) / line, a / line);
		assert_int_not_equal(last / line, a / line);
		last = a + size - 1;
	}
}

struct card {
	char name[5];
	char buffer[40] __attribute__((aligned(ARCH_DMA_MINALIGN)));
	char after __attribute__((aligned(ARCH_DMA_MINALIGN)));
};

static void test_MEM_08_a_member_aligned_for_dma_has_its_lines_on_every_machine(void **state)
{
	struct card *card = kmalloc(sizeof(*card), GFP_KERNEL);
	unsigned long line = fake_machine.cache_line;

	assert_int_equal((unsigned long)card->buffer % line, 0);
	assert_true((unsigned long)&card->after / line > ((unsigned long)card->buffer + 39) / line);
	kfree(card);
}

static unsigned long distance(unsigned int size, unsigned int align, slab_flags_t flags)
{
	struct kmem_cache *cache = kmem_cache_create("distance", size, align, flags, NULL);
	char *a = kmem_cache_alloc(cache, GFP_KERNEL), *b = kmem_cache_alloc(cache, GFP_KERNEL);
	unsigned long apart = labs(a - b);

	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	kmem_cache_destroy(cache);
	return apart;
}

static void test_MEM_08_a_drivers_cache_aligns_as_it_is_told(void **state)
{
	const unsigned long line = max(fake_machine.cache_line, 64U);

	assert_int_equal(distance(24, 0, 0), 24);
	assert_int_equal(distance(24, 32, 0), 32);
	assert_int_equal(distance(24, 256, 0), 256);
	assert_int_equal(distance(200, 0, SLAB_HWCACHE_ALIGN), ALIGN(200, line));
	assert_int_equal(distance(line / 2, 0, SLAB_HWCACHE_ALIGN), line / 2);
	assert_int_equal(distance(line / 2 + 1, 0, SLAB_HWCACHE_ALIGN), line);
	assert_int_equal(distance(9, 0, SLAB_HWCACHE_ALIGN), 16);
	assert_int_equal(distance(24, dma_get_cache_alignment(), 0),
			 ALIGN(24, max(8, dma_get_cache_alignment())));
}

/* --- the calls -------------------------------------------------------------------------------- */

static void test_MEM_06_caches_of_a_zone(void **state)
{
	struct kmem_cache *dma = kmem_cache_create("low", 100, 0, SLAB_CACHE_DMA, NULL);
	struct kmem_cache *dma32 = kmem_cache_create("lower", 100, 0, SLAB_CACHE_DMA32, NULL);
	unsigned int i;

	for (i = 0; i < 200; i++) {
		assert_true(virt_to_phys(kmem_cache_alloc(dma, GFP_KERNEL)) < 8 * MIB);
		assert_true(virt_to_phys(kmem_cache_alloc(dma32, GFP_KERNEL)) < 16 * MIB);
		assert_true(virt_to_phys(kmalloc(1 + i * 50, GFP_KERNEL | GFP_DMA)) < 8 * MIB);
	}
}

static void test_all_of_a_bulk_or_none(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("bulk", 64, 0, 0, NULL);
	unsigned long objects = dmk_slab_objects();
	static void *object[40000];
	unsigned int i;

	assert_int_equal(kmem_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_ZERO, 100, object), 100);
	for (i = 0; i < 100; i++)
		assert_null(memchr_inv(object[i], 0, 64));
	assert_int_equal(dmk_slab_objects(), objects + 100);
	kmem_cache_free_bulk(cache, 50, object);
	kfree_bulk(50, object + 50);
	assert_int_equal(dmk_slab_objects(), objects);
	while (alloc_page(GFP_ATOMIC | __GFP_NOWARN))
		;
	assert_int_equal(kmem_cache_alloc_bulk(cache, GFP_ATOMIC | __GFP_NOWARN, 40000, object), 0);
	assert_int_equal(dmk_slab_objects(), objects);
	kmem_cache_destroy(cache);
	assert_null(kmem_cache_alloc(NULL, GFP_KERNEL));
	assert_non_null(strstr(fake_log(), "the cache is NULL"));
	audit();
}

static int made;

static void make(void *object)
{
	made++;
	memset(object, 7, 50);
}

static void test_a_cache_is_made_either_way(void **state)
{
	struct kmem_cache_args args = { .align = 256, .ctor = make };
	struct kmem_cache *cache = kmem_cache_create("args", 50, &args, SLAB_HWCACHE_ALIGN), *plain;
	char *object = kmem_cache_alloc(cache, GFP_KERNEL);

	assert_true(made > 0);
	assert_int_equal(object[49], 7);
	assert_int_equal((unsigned long)object % 256, 0);
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
	plain = kmem_cache_create("none", 50, NULL, 0);
	kmem_cache_free(plain, kmem_cache_alloc(plain, GFP_KERNEL));
	kmem_cache_destroy(plain);
	plain = KMEM_CACHE_USERCOPY(card, 0, name);
	assert_int_equal(kmem_cache_size(plain), sizeof(struct card));
	kmem_cache_destroy(plain);
}

static void test_memory_of_either_kind_grows_and_shrinks(void **state)
{
	static const size_t sizes[] = { 100, 5000, 6 * MIB, 7 * MIB, 3000, 8 };
	unsigned char *memory = NULL;
	size_t kept = 0, i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		memory = kvrealloc(memory, sizes[i], GFP_KERNEL);
		assert_non_null(memory);
		assert_null(memchr_inv(memory, 0x5a, min(kept, sizes[i])));
		memset(memory, 0x5a, sizes[i]);
		kept = sizes[i];
	}
	kvfree_sensitive(memory, 8);
	kvfree_sensitive(kvmalloc(6 * MIB, GFP_KERNEL), 6 * MIB);
	assert_int_equal(dmk_vmalloc_areas(), 0);
	audit();
}

static void test_more_than_there_can_be_is_refused_with_a_word(void **state)
{
	assert_null(kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL));
	assert_non_null(strstr(fake_log(), "kvmalloc() has more"));
	fake_forget();
	assert_null(kcalloc(SIZE_MAX / 2, 3, GFP_KERNEL));
	assert_null(kmalloc_array(SIZE_MAX, 2, GFP_KERNEL));
	assert_null(kvcalloc(SIZE_MAX / 2, 3, GFP_KERNEL));
	assert_null(alloc_pages_exact(64 * MIB, GFP_KERNEL));
	assert_string_equal(fake_log(), "");
}

/* --- addresses -------------------------------------------------------------------------------- */

static void test_ADR_04_a_conversion_of_the_wrong_address_is_told(void **state)
{
	char *area = vmalloc(PAGE_SIZE), on_stack;
	void *memory = kmalloc(10, GFP_KERNEL);

	fake_forget();
	assert_ptr_equal(phys_to_virt(virt_to_phys(memory)), memory);
	assert_ptr_equal(page_address(virt_to_page(memory)),
			 (void *)((unsigned long)memory & PAGE_MASK));
	assert_int_equal(virt_to_phys((char *)phys_to_virt(48 * MIB - 1) + 1), 48 * MIB);
	assert_string_equal(fake_log(), "");
	(void)virt_to_phys(area);
	assert_non_null(strstr(fake_log(), "virt_to_phys: 0x"));
	fake_forget();
	(void)virt_to_page(&on_stack);
	assert_non_null(strstr(fake_log(), "virt_to_phys: 0x"));
	fake_forget();
	(void)phys_to_virt(50 * MIB);
	assert_non_null(strstr(fake_log(), "beyond the direct map"));
	fake_forget();
	assert_null(vmalloc_to_page(memory));
	assert_int_equal(vmalloc_to_pfn(&on_stack), 0);
	assert_non_null(strstr(fake_log(), "no vmalloc() or vmap() address"));
	assert_false(virt_addr_valid(area));
	assert_true(virt_addr_valid(memory));
	assert_int_equal(offset_in_page(area + 77), 77);
	vfree(area);
}

static struct page *high_page(void)
{
	struct page *page = alloc_page(GFP_HIGHUSER);

	assert_true(PageHighMem(page));
	return page;
}

static void test_ADR_04_highmem_pages_are_reached_by_their_calls(void **state)
{
	struct page *a = high_page(), *b = high_page();
	char bytes[16] = "fifteen bytes..", seen[16];

	clear_highpage(a);
	memcpy_to_page(a, 4000, bytes, 16);
	memcpy_page(b, 10, a, 4000, 16);
	memcpy_from_page(seen, b, 10, 16);
	assert_memory_equal(seen, bytes, 16);
	copy_highpage(b, a);
	memcpy_from_page(seen, b, 4000, 16);
	assert_memory_equal(seen, bytes, 16);
	zero_user_segments(b, 4000, 4001, 4010, 4011);
	memcpy_from_page(seen, b, 4000, 16);
	assert_int_equal(seen[0], 0);
	assert_int_equal(seen[1], 'i');
	assert_int_equal(seen[10], 0);
	memset_page(b, 4001, 9, 3);
	memcpy_from_page(seen, b, 4000, 16);
	assert_int_equal(seen[3], 9);
	assert_int_equal(dmk_kmaps(), 0);
	assert_null(page_address(a));
}

static void test_ADR_04_kmaps_are_undone_in_reverse(void **state)
{
	struct page *a = high_page(), *b = high_page();
	char *x, *y;

	fake_forget();
	x = kmap_local_page(a);
	y = kmap_local_page(b);
	assert_ptr_equal(kmap_to_page(x + 100), a);
	kunmap_local(y + 50);
	kunmap_local(x);
	assert_string_equal(fake_log(), "");
	x = kmap_local_page(a);
	y = kmap_atomic(b);
	assert_true(in_atomic());
	kunmap_local(x);
	assert_non_null(strstr(fake_log(), "another page was mapped after this one"));
	kunmap_atomic(y);
	assert_false(in_atomic());
	fake_forget();
	kunmap_local(y);
	assert_non_null(strstr(fake_log(), "the page is not mapped"));
	assert_null(kmap((struct page *)&x));
	assert_non_null(strstr(fake_log(), "no struct page of memory"));
	assert_int_equal(dmk_kmaps(), 0);
}

static void test_ADR_04_views_of_pages_that_are_given(void **state)
{
	struct page *pages[3] = {alloc_page(GFP_KERNEL), high_page(), alloc_page(GFP_KERNEL)},
		    *wild[1] = {(struct page *)pages};
	char *view = vm_map_ram(pages, 3, -1);

	view[PAGE_SIZE + 1] = 5;
	assert_ptr_equal(vmalloc_to_page(view + PAGE_SIZE), pages[1]);
	fake_forget();
	vm_unmap_ram(view, 2);
	assert_non_null(strstr(fake_log(), "no such area"));
	vunmap(view);
	assert_non_null(strstr(fake_log(), "its opposite is vm_unmap_ram"));
	vm_unmap_ram(view, 3);
	assert_false(is_vmalloc_addr(view));
	assert_null(vmap(wild, 1, VM_MAP, PAGE_KERNEL));
	assert_null(vmap(pages, 0, VM_MAP, PAGE_KERNEL));
	view = vmap(pages, 3, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	get_page(pages[0]);
	vfree(view);
	assert_int_equal(page_count(pages[0]), 1);
	assert_int_equal(page_count(pages[1]), 0);
}

/* --- by chance -------------------------------------------------------------------------------- */

enum { SLOTS = 200, CACHES = 3 };
enum kind { PAGES, HIGH, BYTES, CACHE, AREA, CORE, KINDS };

struct slot {
	enum kind kind;
	unsigned int cache, order;
	unsigned char fill;
	unsigned char *memory; /* NULL: not in use */
	struct page *page;
	phys_addr_t first;
	size_t size;
};

static struct kmem_cache *cache[CACHES];
static const unsigned int cache_size[CACHES] = { 20, 300, 5000 };

static bool get(struct slot *slot, uint64_t (*pick)(uint64_t))
{
	struct dmk_page_request request = { .align = PAGE_SIZE, .last = { ~0ULL } };

	*slot = (struct slot){.kind = pick(KINDS),
			      .cache = pick(CACHES),
			      .order = pick(5),
			      .fill = 1 + pick(255)};
	switch (slot->kind) {
	case PAGES:
	case HIGH:
		slot->page = alloc_pages(GFP_KERNEL | __GFP_NOWARN |
						 (slot->kind == HIGH ? __GFP_HIGHMEM : 0),
					 slot->order);
		if (!slot->page)
			return false;
		slot->size = PAGE_SIZE << slot->order;
		slot->memory = page_address(slot->page);
		if (!slot->memory)
			slot->size = PAGE_SIZE;
		break;
	case BYTES:
		slot->size = 1 + pick(pick(8) ? 500 : 20000);
		slot->memory = kmalloc(slot->size,
				       GFP_KERNEL | __GFP_NOWARN | (pick(4) ? 0 : GFP_DMA));
		break;
	case CACHE:
		slot->size = cache_size[slot->cache];
		slot->memory = kmem_cache_alloc(cache[slot->cache], GFP_KERNEL | __GFP_NOWARN);
		break;
	case AREA:
		slot->size = 1 + pick(10 * PAGE_SIZE);
		slot->memory = __vmalloc(slot->size, GFP_KERNEL | __GFP_NOWARN);
		break;
	default:
		slot->size = request.size = (1 + pick(20)) * PAGE_SIZE;
		if (!dmk_frames_alloc(&request, &slot->first))
			slot->memory = phys_to_virt(slot->first);
	}
	if (!slot->memory && !slot->page)
		return false;
	return true;
}

static void fill_or_look(const struct slot *slot, bool look)
{
	unsigned char *memory = slot->memory ? slot->memory : kmap_local_page(slot->page);

	if (look)
		assert_null(memchr_inv(memory, slot->fill, slot->size));
	else
		memset(memory, slot->fill, slot->size);
	if (!slot->memory)
		kunmap_local(memory);
}

static void put(struct slot *slot)
{
	fill_or_look(slot, true);
	if (slot->page)
		__free_pages(slot->page, slot->order);
	else if (slot->kind == BYTES)
		kfree(slot->memory);
	else if (slot->kind == CACHE)
		kmem_cache_free(cache[slot->cache], slot->memory);
	else if (slot->kind == AREA)
		vfree(slot->memory);
	else
		dmk_frames_free(slot->first, slot->size);
	slot->memory = NULL;
	slot->page = NULL;
}

static void make_caches(void)
{
	unsigned int i;

	for (i = 0; i < CACHES; i++)
		cache[i] = kmem_cache_create("chance", cache_size[i], 0, 0, NULL);
}

static void end_caches(void)
{
	unsigned int i;

	for (i = 0; i < CACHES; i++)
		kmem_cache_destroy(cache[i]);
	assert_null(strstr(fake_log(), "objects are in use"));
}

/* The model: what was written into each piece of memory, whoever gave it out. */
static void test_MEM_01_memory_of_every_kind_keeps_its_bytes(void **state)
{
	static struct slot slot[SLOTS];
	unsigned long objects = dmk_slab_objects();
	unsigned int step, i;

	fake_seed();
	memset(slot, 0, sizeof(slot));
	make_caches();
	for (step = 0; step < 3000; step++) {
		i = fake_random(SLOTS);
		if (slot[i].memory || slot[i].page)
			put(&slot[i]);
		else if (get(&slot[i], fake_random))
			fill_or_look(&slot[i], false);
		audit();
	}
	for (i = 0; i < SLOTS; i++)
		if (slot[i].memory || slot[i].page)
			put(&slot[i]);
	assert_int_equal(dmk_slab_objects(), objects);
	assert_int_equal(dmk_vmalloc_areas(), 0);
	end_caches();
	audit();
}

static __thread uint64_t own_state;

static uint64_t own_random(uint64_t limit)
{
	own_state = own_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (own_state >> 33) % limit;
}

static void *many(void *argument)
{
	struct slot slot[20] = { 0 };
	unsigned int step, i;

	own_state = (uintptr_t)argument * 0x9e3779b97f4a7c15ULL;
	for (step = 0; step < 2000; step++) {
		i = own_random(20);
		if (slot[i].memory || slot[i].page)
			put(&slot[i]);
		else if (get(&slot[i], own_random))
			fill_or_look(&slot[i], false);
	}
	for (i = 0; i < 20; i++)
		if (slot[i].memory || slot[i].page)
			put(&slot[i]);
	return NULL;
}

static void test_MEM_01_threads_share_nothing(void **state)
{
	unsigned long objects = dmk_slab_objects();
	pthread_t thread[4];
	uintptr_t i;

	make_caches();
	for (i = 0; i < 4; i++)
		pthread_create(&thread[i], NULL, many, (void *)(i + 1));
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(dmk_slab_objects(), objects);
	end_caches();
	audit();
}

/* --- freed memory waits ----------------------------------------------------------------------- */

static void test_MEM_05_freed_memory_is_another_ones_only_later(void **state)
{
	void *old = kmalloc(64, GFP_KERNEL), *memory;
	struct page *page = alloc_page(GFP_KERNEL), *other = NULL;
	unsigned long objects = dmk_slab_objects();
	unsigned int i;

	kfree(old);
	__free_page(page);
	assert_int_equal(dmk_slab_objects(), objects - 1);
	assert_int_equal(*(u8 *)old, 0x6b);
	assert_int_equal(*(u8 *)dmk_page_cpu(page), 0x6a);
	memory = kmalloc(64, GFP_KERNEL);
	other = alloc_page(GFP_KERNEL);
	assert_ptr_not_equal(memory, old);
	assert_ptr_not_equal(other, page);
	__free_page(other);
	kfree(memory);
	/* As many bytes as wait, and then as many frees. */
	for (i = 0, memory = NULL; i < 20 && memory != old; i++) {
		kfree(kmalloc(8192, GFP_KERNEL));
		memory = kmalloc(64, GFP_KERNEL);
		kfree(memory);
	}
	assert_in_range(i, 7, 9);
	audit();
}

static void test_MEM_05_freed_memory_is_not_freed_again_while_it_waits(void **state)
{
	void *old = kmalloc(64, GFP_KERNEL), *large = kmalloc(8192, GFP_KERNEL);
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long objects;

	kfree(old);
	kfree(large);
	__free_page(page);
	objects = dmk_slab_objects();
	kfree(old);
	kfree(large);
	__free_page(page);
	put_page(page);
	assert_int_equal(ksize(old), 0);
	assert_int_equal(dmk_slab_objects(), objects);
	audit();
	assert_true(dmk_quarantine_empty());
	assert_false(dmk_quarantine_empty());
	audit();
}

static unsigned int take_all(struct page **list, unsigned int most)
{
	unsigned int n = 0;

	while (n < most && (list[n] = alloc_page(GFP_KERNEL | __GFP_NOWARN)))
		n++;
	return n;
}

static void test_MEM_05_what_waits_comes_back_before_memory_is_out(void **state)
{
	enum { MOST = 1 << 16 };
	struct page **list = calloc(MOST, sizeof(struct page *));
	void *small[16];
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(small); i++)
		small[i] = kmalloc(2048, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(small); i++)
		kfree(small[i]);
	n = take_all(list, MOST);
	assert_in_range(n, 1, MOST - 1);
	for (i = 0; i < n; i++)
		__free_page(list[i]);
	assert_int_equal(take_all(list, MOST), n);
	/* Nobody waits for what waits. */
	__free_page(list[--n]);
	list[n] = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	n++;
	while (n--)
		__free_page(list[n]);
	free(list);
	audit();
}

static void test_MEM_05_a_cache_whose_objects_wait_can_be_destroyed(void **state)
{
	struct kmem_cache *cache = kmem_cache_create("waits", 100, 0, 0, NULL);
	void *object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
	assert_ptr_not_equal(kmalloc(64, GFP_KERNEL), NULL);
	audit();
}

#define BOOTED(test) cmocka_unit_test_setup_teardown(test, boot, down)
#define WAITING(test)   cmocka_unit_test_setup_teardown(test, boot_quarantine, down)
#define LINES_64(test) cmocka_unit_test_setup_teardown(test, boot_64, down)
#define LINES_128(test) cmocka_unit_test_setup_teardown(test, boot_128, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOOTED(test_MEM_08_small_objects_share_no_line_of_the_machines_length),
		LINES_64(test_MEM_08_small_objects_share_no_line_of_the_machines_length),
		LINES_128(test_MEM_08_small_objects_share_no_line_of_the_machines_length),
		LINES_64(test_MEM_08_a_member_aligned_for_dma_has_its_lines_on_every_machine),
		LINES_128(test_MEM_08_a_member_aligned_for_dma_has_its_lines_on_every_machine),
		BOOTED(test_MEM_08_a_drivers_cache_aligns_as_it_is_told),
		LINES_64(test_MEM_08_a_drivers_cache_aligns_as_it_is_told),
		LINES_128(test_MEM_08_a_drivers_cache_aligns_as_it_is_told),
		BOOTED(test_MEM_06_caches_of_a_zone),
		BOOTED(test_all_of_a_bulk_or_none),
		BOOTED(test_a_cache_is_made_either_way),
		BOOTED(test_memory_of_either_kind_grows_and_shrinks),
		BOOTED(test_more_than_there_can_be_is_refused_with_a_word),
		BOOTED(test_ADR_04_a_conversion_of_the_wrong_address_is_told),
		BOOTED(test_ADR_04_highmem_pages_are_reached_by_their_calls),
		BOOTED(test_ADR_04_kmaps_are_undone_in_reverse),
		BOOTED(test_ADR_04_views_of_pages_that_are_given),
		BOOTED(test_MEM_01_memory_of_every_kind_keeps_its_bytes),
		BOOTED(test_MEM_01_threads_share_nothing),
		LINES_128(test_MEM_01_threads_share_nothing),
		WAITING(test_MEM_01_memory_of_every_kind_keeps_its_bytes),
		WAITING(test_MEM_01_threads_share_nothing),
		WAITING(test_MEM_05_freed_memory_is_another_ones_only_later),
		WAITING(test_MEM_05_freed_memory_is_not_freed_again_while_it_waits),
		WAITING(test_MEM_05_what_waits_comes_back_before_memory_is_out),
		WAITING(test_MEM_05_a_cache_whose_objects_wait_can_be_destroyed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
