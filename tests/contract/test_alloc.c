// SPDX-License-Identifier: MIT
/*
 * COH-10 and its neighbours: every call that gives memory for a device, beside
 * dma_alloc_coherent(): what it gives, to whom it may be shown, and that it goes back. Ends with
 * all of them at random, compared with a model.
 */
#include "harness.h"

#include <dmakit/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/of_reserved_mem.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

static const size_t sizes[] = {1, 100, 4096, 4097, 12288, 65536};

static bool is_zero(const void *memory, size_t size)
{
	return !memchr_inv(memory, 0, size);
}

/* On a machine where memory is that short, NULL is an answer too. */
static bool may_be_out(size_t size)
{
	return machine_is("tiny") && size > PAGE_SIZE;
}

/* --- dma_alloc_pages, dma_alloc_noncoherent --------------------------------------------------- */

static void test_COH_10_pages_are_zeroed_aligned_and_used_in_turns(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		const size_t size = sizes[i], align = PAGE_SIZE << get_order(size);
		dma_addr_t dma = 0;
		struct page *page = dma_alloc_pages(dev, size, &dma, DMA_BIDIRECTIONAL, GFP_KERNEL);
		u8 *memory, *bytes = must_kmalloc(size);

		if (!page) {
			assert_true(may_be_out(size));
			kfree(bytes);
			continue;
		}
		memory = page_address(page);
		assert_true(is_zero(memory, size));
		assert_int_equal((uintptr_t)memory & (align - 1), 0);
		for (unsigned int round = 0; round < 4; round++) {
			fill_bytes(memory, size, round);
			dma_sync_single_for_device(dev, dma, size, DMA_BIDIRECTIONAL);
			assert_int_equal(lab_read(lab, dma, bytes, size), 0);
			assert_true(bytes_are(bytes, size, round));
			fill_bytes(bytes, size, round + 50);
			assert_int_equal(lab_write(lab, dma, bytes, size), 0);
			dma_sync_single_for_cpu(dev, dma, size, DMA_BIDIRECTIONAL);
			assert_true(bytes_are(memory, size, round + 50));
		}
		dma_free_pages(dev, size, page, dma, DMA_BIDIRECTIONAL);
		kfree(bytes);
	}
}

/*
 * The caches are the CPU's: what it has read stays until the sync, unless it leaves by itself;
 * never all of a page does.
 */
static void test_COH_10_SYN_02_without_a_sync_the_cpu_sees_old_bytes(void **state)
{
	dma_addr_t dma = 0;
	u8 *memory = dma_alloc_noncoherent(dev, PAGE_SIZE, &dma, DMA_FROM_DEVICE, GFP_KERNEL);
	static u8 bytes[PAGE_SIZE];

	assert_non_null(memory);
	dma_sync_single_for_device(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	assert_true(is_zero(memory, PAGE_SIZE));
	fill_bytes(bytes, PAGE_SIZE, 3);
	assert_int_equal(lab_write(lab, dma, bytes, PAGE_SIZE), 0);
	assert_true(bytes_are(memory, PAGE_SIZE, 3) == machine_is_coherent());
	dma_sync_single_for_cpu(dev, dma, PAGE_SIZE, DMA_FROM_DEVICE);
	assert_true(bytes_are(memory, PAGE_SIZE, 3));
	dma_free_noncoherent(dev, PAGE_SIZE, memory, dma, DMA_FROM_DEVICE);
}

static void test_COH_10_SYN_02_pages_must_be_handed_over_the_first_time_too(void **state)
{
	dma_addr_t dma = 0;
	u8 *memory = dma_alloc_noncoherent(dev, 256, &dma, DMA_TO_DEVICE, GFP_KERNEL);
	u8 bytes[256];

	assert_non_null(memory);
	fill_bytes(memory, 256, 1);
	lab_read(lab, dma, bytes, 256);
	expect_finding("SYN-02", 1);
	dma_free_noncoherent(dev, 256, memory, dma, DMA_TO_DEVICE);
}

struct in_interrupt {
	size_t size;
	u8 *memory;
	dma_addr_t dma;
};

static void allocate_pages_atomic(void *argument)
{
	struct in_interrupt *wanted = argument;

	wanted->memory = dma_alloc_noncoherent(dev, wanted->size, &wanted->dma, DMA_TO_DEVICE,
					       GFP_ATOMIC);
}

static void test_COH_06_COH_10_pages_are_given_in_an_interrupt(void **state)
{
	struct in_interrupt wanted = {.size = 100};
	u8 bytes[100];

	in_interrupt_call(allocate_pages_atomic, &wanted);
	assert_non_null(wanted.memory);
	fill_bytes(wanted.memory, 100, 4);
	dma_sync_single_for_device(dev, wanted.dma, 100, DMA_TO_DEVICE);
	assert_int_equal(lab_read(lab, wanted.dma, bytes, 100), 0);
	assert_true(bytes_are(bytes, 100, 4));
	dma_free_noncoherent(dev, 100, wanted.memory, wanted.dma, DMA_TO_DEVICE);
}

/* --- dma_alloc_noncontiguous ------------------------------------------------------------------ */

static void test_COH_10_a_list_is_mapped_seen_and_synced(void **state)
{
	const size_t size = 3 * PAGE_SIZE - 100;
	struct sg_table *sgt =
		dma_alloc_noncontiguous(dev, size, DMA_BIDIRECTIONAL, GFP_KERNEL, 0);
	u8 *view, *bytes = must_kmalloc(size);
	struct scatterlist *sg;
	size_t at = 0;
	int i;

	if (!sgt) {
		assert_true(may_be_out(size));
		kfree(bytes);
		return;
	}
	view = dma_vmap_noncontiguous(dev, size, sgt);
	assert_non_null(view);
	assert_true(is_zero(view, size));
	fill_bytes(view, size, 9);
	dma_sync_sgtable_for_device(dev, sgt, DMA_BIDIRECTIONAL);
	for_each_sgtable_dma_sg(sgt, sg, i) {
		const size_t part = min_t(size_t, sg_dma_len(sg), size - at);

		assert_int_equal(lab_read(lab, sg_dma_address(sg), bytes + at, part), 0);
		at += part;
	}
	assert_int_equal(at, size);
	assert_true(bytes_are(bytes, size, 9));
	fill_bytes(bytes, size, 10);
	assert_int_equal(lab_write(lab, sg_dma_address(sgt->sgl), bytes, size), 0);
	dma_sync_sgtable_for_cpu(dev, sgt, DMA_BIDIRECTIONAL);
	assert_true(bytes_are(view, size, 10));
	dma_vunmap_noncontiguous(dev, view);
	dma_free_noncontiguous(dev, size, sgt, DMA_BIDIRECTIONAL);
	kfree(bytes);
}

/* --- who else sees it ------------------------------------------------------------------------- */

static int (*on_mmap)(struct vm_area_struct *vma);

static int alloc_mmap(struct file *file, struct vm_area_struct *vma)
{
	return on_mmap(vma);
}

static const struct file_operations alloc_ops = {.owner = THIS_MODULE, .mmap = alloc_mmap};
static struct miscdevice alloc_misc = {
	.minor = MISC_DYNAMIC_MINOR, .name = "alloc", .fops = &alloc_ops};

enum { SHOWN = 2 * PAGE_SIZE };

static struct {
	void *cpu;
	struct page *page;
	struct sg_table *sgt;
	dma_addr_t dma;
	unsigned long attrs;
} shown;

static int mmap_attrs(struct vm_area_struct *vma)
{
	assert_true(dma_can_mmap(dev));
	return dma_mmap_attrs(dev, vma, shown.cpu, shown.dma, SHOWN, shown.attrs);
}

static int mmap_pages(struct vm_area_struct *vma)
{
	return dma_mmap_pages(dev, vma, SHOWN, shown.page);
}

static int mmap_noncontiguous(struct vm_area_struct *vma)
{
	return dma_mmap_noncontiguous(dev, vma, SHOWN, shown.sgt);
}

/*
 * What the program writes in its second page, the device reads there; more than there is can't be
 * seen.
 */
static void see_it(int (*call)(struct vm_area_struct *vma), void (*hand_over)(void))
{
	struct dmk_file *file;
	void *address;
	u8 bytes[64];

	on_mmap = call;
	assert_int_equal(misc_register(&alloc_misc), 0);
	assert_int_equal(dmk_open("/dev/alloc", O_RDWR, &file), 0);
	assert_int_equal(dmk_mmap(file, SHOWN + PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0,
				  &address),
			 -ENXIO);
	assert_int_equal(dmk_mmap(file, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, SHOWN,
				  &address),
			 -ENXIO);
	assert_int_equal(dmk_mmap(file, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, PAGE_SIZE,
				  &address),
			 0);
	fill_bytes(address, 64, 21);
	hand_over();
	assert_int_equal(lab_read(lab, shown.dma + PAGE_SIZE, bytes, 64), 0);
	assert_true(bytes_are(bytes, 64, 21));
	assert_int_equal(dmk_munmap(address, PAGE_SIZE), 0);
	dmk_close(file);
	misc_deregister(&alloc_misc);
}

static void nothing(void)
{
}

static void sync_single(void)
{
	dma_sync_single_for_device(dev, shown.dma, SHOWN, DMA_TO_DEVICE);
}

static void sync_list(void)
{
	dma_sync_sgtable_for_device(dev, shown.sgt, DMA_TO_DEVICE);
}

static void test_COH_10_a_program_sees_consistent_memory(void **state)
{
	static const unsigned long attrs[] = {0, DMA_ATTR_WRITE_COMBINE,
					      DMA_ATTR_NO_KERNEL_MAPPING};

	for (size_t i = 0; i < ARRAY_SIZE(attrs); i++) {
		shown.attrs = attrs[i];
		shown.cpu = dma_alloc_attrs(dev, SHOWN, &shown.dma, GFP_KERNEL, attrs[i]);
		assert_true(shown.cpu || may_be_out(SHOWN));
		if (!shown.cpu)
			return;
		see_it(mmap_attrs, nothing);
		dma_free_attrs(dev, SHOWN, shown.cpu, shown.dma, attrs[i]);
	}
}

static void test_COH_10_a_program_sees_pages_and_lists(void **state)
{
	shown.page = dma_alloc_pages(dev, SHOWN, &shown.dma, DMA_TO_DEVICE, GFP_KERNEL);
	assert_true(shown.page || may_be_out(SHOWN));
	if (!shown.page)
		return;
	see_it(mmap_pages, sync_single);
	dma_free_pages(dev, SHOWN, shown.page, shown.dma, DMA_TO_DEVICE);
	shown.sgt = dma_alloc_noncontiguous(dev, SHOWN, DMA_TO_DEVICE, GFP_KERNEL,
					    DMA_ATTR_ALLOC_SINGLE_PAGES);
	assert_true(shown.sgt || may_be_out(SHOWN));
	if (!shown.sgt)
		return;
	shown.dma = sg_dma_address(shown.sgt->sgl);
	see_it(mmap_noncontiguous, sync_list);
	dma_free_noncontiguous(dev, SHOWN, shown.sgt, DMA_TO_DEVICE);
}

static void test_COH_10_an_address_of_no_mapping_is_zeroed_memory_for_the_device(void **state)
{
	dma_addr_t dma = 0;
	void *cookie = dma_alloc_attrs(dev, 100, &dma, GFP_KERNEL, DMA_ATTR_NO_KERNEL_MAPPING);
	u8 bytes[100];

	assert_non_null(cookie);
	assert_int_equal(lab_read(lab, dma, bytes, 100), 0);
	assert_true(is_zero(bytes, 100));
	assert_false(virt_addr_valid(cookie));
	dma_free_attrs(dev, 100, cookie, dma, DMA_ATTR_NO_KERNEL_MAPPING);
}

/* Another device of the same kind maps the list, and reads what the first one's driver wrote. */
static void test_COH_10_a_table_of_it_is_mapped_for_another_device(void **state)
{
	dma_addr_t dma = 0;
	u8 *memory = dma_alloc_coherent(dev, PAGE_SIZE, &dma, GFP_KERNEL), bytes[64];
	struct sg_table sgt;

	assert_non_null(memory);
	fill_bytes(memory, PAGE_SIZE, 6);
	assert_int_equal(dma_get_sgtable(dev, &sgt, memory, dma + PAGE_SIZE, PAGE_SIZE), -ENXIO);
	assert_int_equal(dma_get_sgtable(dev2, &sgt, memory, dma, PAGE_SIZE), -ENXIO);
	assert_int_equal(dma_get_sgtable(dev, &sgt, memory, dma, 2 * PAGE_SIZE), -ENXIO);
	/* What is behind a firewall is for no other device. */
	if (machine_bus()->restricted_pool) {
		assert_int_equal(dma_get_sgtable(dev, &sgt, memory, dma, PAGE_SIZE), -ENXIO);
		dma_free_coherent(dev, PAGE_SIZE, memory, dma);
		return;
	}
	assert_int_equal(dma_get_sgtable(dev, &sgt, memory, dma, PAGE_SIZE), 0);
	assert_int_equal(sgt.orig_nents, 1);
	assert_int_equal(sgt.sgl->length, PAGE_SIZE);
	if (!dma_map_sgtable(dev2, &sgt, DMA_TO_DEVICE, DMA_ATTR_SKIP_CPU_SYNC)) {
		/* A bounce buffer holds what the CPU's cache showed. */
		if (machine_is_coherent() && sg_dma_address(sgt.sgl) == dma) {
			assert_int_equal(lab_read(lab2, sg_dma_address(sgt.sgl), bytes, 64), 0);
			assert_memory_equal(bytes, memory, 64);
		}
		dma_unmap_sgtable(dev2, &sgt, DMA_TO_DEVICE, DMA_ATTR_SKIP_CPU_SYNC);
	}
	sg_free_table(&sgt);
	dma_free_coherent(dev, PAGE_SIZE, memory, dma);
}

/* --- large, and again and again --------------------------------------------------------------- */

static void test_COH_08_regions_of_many_pages(void **state)
{
	static const size_t large[] = {128 << 10, 1 << 20, 3 << 20, 8 << 20};

	for (size_t i = 0; i < ARRAY_SIZE(large); i++) {
		const size_t size = large[i];
		dma_addr_t dma = 0;
		u8 *memory, bytes[64];

		/* The smallest machines have no more in one piece. */
		if ((machine_is("tiny") || machine_is("restricted")) && size > 1 << 17)
			break;
		memory = dma_alloc_coherent(dev, size, &dma, GFP_KERNEL);
		assert_non_null(memory);
		assert_int_equal(dma & ((128 << 10) - 1), 0);
		fill_bytes(memory + size - 64, 64, 2);
		assert_int_equal(lab_read(lab, dma + size - 64, bytes, 64), 0);
		assert_true(bytes_are(bytes, 64, 2));
		assert_true(is_zero(memory, size - 64));
		dma_free_coherent(dev, size, memory, dma);
	}
}

enum { MANY = 100, TRIES = 2000 };

static void allocate_consistent_atomic(void *argument)
{
	struct in_interrupt *wanted = argument;

	wanted->memory = dma_alloc_coherent(dev, wanted->size, &wanted->dma,
					    GFP_ATOMIC | __GFP_NOWARN);
}

/*
 * More than was made beforehand, held at once: what is missing in one interrupt is there in a later
 * one.
 */
static void test_COH_06_the_atomic_pool_is_refilled_as_it_is_used(void **state)
{
	static struct in_interrupt all[MANY];
	size_t n = 0;

	if (machine_is("tiny"))
		skip();
	for (int tries = 0; n < MANY && tries < TRIES; tries++) {
		all[n] = (struct in_interrupt){.size = n % 8 ? 64 : 2 * PAGE_SIZE};
		in_interrupt_call(allocate_consistent_atomic, &all[n]);
		if (!all[n].memory) {
			usleep_range(500, 1000);
			continue;
		}
		assert_true(is_zero(all[n].memory, all[n].size));
		fill_bytes(all[n].memory, all[n].size, n);
		n++;
	}
	assert_int_equal(n, MANY);
	for (size_t i = 0; i < MANY; i++) {
		u8 bytes[64];

		assert_int_equal(lab_read(lab, all[i].dma, bytes, 64), 0);
		assert_true(bytes_are(bytes, 64, i));
		dma_free_coherent(dev, all[i].size, all[i].memory, all[i].dma);
	}
}

/* --- pools of the machine's ------------------------------------------------------------------- */

static void test_MEM_09_a_device_with_a_shared_pool_gets_consistent_memory_of_it_alone(void **state)
{
	enum { MOST = 1024 };
	static void *memory[MOST];
	static dma_addr_t dma[MOST];
	const struct dmk_memory *pool;
	u8 *other, bytes[64];
	size_t n = 0;
	dma_addr_t at = 0;

	if (!lab_soc->dev || !lab_soc->dev->dmk.bus->shared_pool)
		skip();
	pool = lab_soc->dev->dmk.bus->shared_pool;
	assert_int_equal(of_reserved_mem_device_init(lab_soc->dev), 0);
	while (n < MOST && (memory[n] = dma_alloc_coherent(lab_soc->dev, 2 * PAGE_SIZE, &dma[n],
							   GFP_KERNEL | __GFP_NOWARN))) {
		assert_true(dma[n] >= pool->first.v &&
			    dma[n] + 2 * PAGE_SIZE <= pool->first.v + pool->size);
		assert_int_equal(dma[n] % (2 * PAGE_SIZE), 0);
		fill_bytes(memory[n], 2 * PAGE_SIZE, n);
		n++;
	}
	/* All of it, and not a page from elsewhere. */
	assert_int_equal(n, pool->size / (2 * PAGE_SIZE));
	other = dma_alloc_coherent(dev, PAGE_SIZE, &at, GFP_KERNEL);
	assert_non_null(other);
	assert_false(at >= pool->first.v && at < pool->first.v + pool->size);
	dma_free_coherent(dev, PAGE_SIZE, other, at);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(lab_read(lab_soc, dma[i], bytes, 64), 0);
		assert_true(bytes_are(bytes, 64, i));
		assert_true(bytes_are(memory[i], 2 * PAGE_SIZE, i));
		dma_free_coherent(lab_soc->dev, 2 * PAGE_SIZE, memory[i], dma[i]);
	}
	memory[0] = dma_alloc_coherent(lab_soc->dev, pool->size, &at, GFP_KERNEL);
	assert_non_null(memory[0]);
	assert_true(is_zero(memory[0], pool->size));
	dma_free_coherent(lab_soc->dev, pool->size, memory[0], at);
}

static void test_BNC_05_a_restricted_device_gets_all_its_memory_of_its_region(void **state)
{
	const struct dmk_memory *pool = machine_bus()->restricted_pool;
	dma_addr_t dma[3] = {};
	struct sg_table *sgt;
	void *memory, *pages;

	if (!pool)
		skip();
	memory = dma_alloc_coherent(dev, PAGE_SIZE, &dma[0], GFP_KERNEL);
	pages = dma_alloc_noncoherent(dev, PAGE_SIZE, &dma[1], DMA_TO_DEVICE, GFP_KERNEL);
	sgt = dma_alloc_noncontiguous(dev, PAGE_SIZE, DMA_TO_DEVICE, GFP_KERNEL, 0);
	assert_true(memory && pages && sgt);
	dma[2] = sg_dma_address(sgt->sgl);
	for (int i = 0; i < 3; i++)
		assert_true(dma[i] >= pool->first.v && dma[i] < pool->first.v + pool->size);
	dma_free_noncontiguous(dev, PAGE_SIZE, sgt, DMA_TO_DEVICE);
	dma_free_noncoherent(dev, PAGE_SIZE, pages, dma[1], DMA_TO_DEVICE);
	dma_free_coherent(dev, PAGE_SIZE, memory, dma[0]);
}

/* --- requests that make no sense -------------------------------------------------------------- */

static void test_COH_10_what_makes_no_sense_is_refused_and_harms_nothing(void **state)
{
	static const size_t bad[] = {0, SIZE_MAX, SIZE_MAX - PAGE_SIZE + 2, SIZE_MAX / 2 + 1,
				     1ul << 50};
	const gfp_t quiet = GFP_KERNEL | __GFP_NOWARN;
	dma_addr_t dma = 77, kept_dma = 0;
	u8 *kept = dma_alloc_coherent(dev, 256, &kept_dma, GFP_KERNEL);
	struct sg_table stray = {};

	assert_non_null(kept);
	fill_bytes(kept, 256, 8);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_null(dma_alloc_coherent(dev, bad[i], &dma, quiet));
		assert_null(dmam_alloc_coherent(dev, bad[i], &dma, quiet));
		assert_null(dma_alloc_pages(dev, bad[i], &dma, DMA_TO_DEVICE, quiet));
		assert_null(dma_alloc_noncontiguous(dev, bad[i], DMA_TO_DEVICE, quiet, 0));
	}
	expect_no_findings();
	assert_null(dma_alloc_coherent(NULL, 64, &dma, quiet));
	assert_null(dma_alloc_pages(NULL, 64, &dma, DMA_TO_DEVICE, quiet));
	assert_null(dma_alloc_noncontiguous(NULL, 64, DMA_TO_DEVICE, quiet, 0));
	assert_null(dma_alloc_pages(dev, 64, &dma, DMA_NONE, quiet));
	assert_null(dma_alloc_pages(dev, 64, &dma, (enum dma_data_direction)-1, quiet));
	assert_null(dma_alloc_noncontiguous(dev, 64, DMA_NONE, quiet, 0));
	assert_null(dma_alloc_noncontiguous(dev, 64, DMA_TO_DEVICE, quiet, DMA_ATTR_WRITE_COMBINE));
	assert_null(dma_alloc_pages(dev, 64, &dma, DMA_TO_DEVICE, quiet | __GFP_DMA));
	assert_null(dma_alloc_coherent(dev, 64, &dma, quiet | __GFP_COMP));
	assert_int_equal(dma, 77);
	dma_free_coherent(dev, 64, NULL, 0);
	dma_free_pages(dev, 64, NULL, 0, DMA_TO_DEVICE);
	dma_free_noncontiguous(dev, 64, NULL, DMA_TO_DEVICE);
	dma_vunmap_noncontiguous(dev, NULL);
	dma_free_coherent(NULL, 256, kept, kept_dma);
	dma_free_pages(dev, 256, virt_to_page(machine()->direct_base), kept_dma + (1ull << 45),
		       DMA_TO_DEVICE);
	dma_free_noncontiguous(dev, 256, &stray, DMA_TO_DEVICE);
	assert_null(dma_vmap_noncontiguous(dev, 64, &stray));
	dma_vunmap_noncontiguous(dev, &stray);
	expect_anything();
	assert_true(bytes_are(kept, 256, 8));
	dma_free_coherent(dev, 256, kept, kept_dma);
}

/* --- managed ---------------------------------------------------------------------------------- */

static char order[8];

static void note(void *letter)
{
	strncat(order, letter, 1);
}

static void test_COH_09_managed_memory_goes_in_reverse_order_and_can_go_early(void **state)
{
	dma_addr_t dma[3];
	u8 *memory[3];

	order[0] = '\0';
	for (int i = 0; i < 3; i++) {
		memory[i] = dmam_alloc_attrs(dev, 100, &dma[i], GFP_KERNEL,
					     i == 2 ? DMA_ATTR_WRITE_COMBINE : 0);
		assert_non_null(memory[i]);
		assert_true(is_zero(memory[i], 100));
		assert_int_equal(devm_add_action(dev, note, (void *)&"abc"[i]), 0);
	}
	dmam_free_coherent(dev, 100, memory[1], dma[1]);
	lab_unbind();
	assert_string_equal(order, "cba");
	expect_no_findings();
}

/* --- at random -------------------------------------------------------------------------------- */

enum family { COHERENT, WRITE_COMBINE, MANAGED, PAGES, LIST, FAMILIES };
enum { LIVE = 48, STEPS = 1500 };

struct piece {
	enum family family;
	struct lab_card *card; /* NULL: nothing is here */
	size_t size;
	u8 *memory;
	struct sg_table *sgt;
	dma_addr_t dma;
	unsigned int salt;
};

static u64 random_state;

static size_t below(size_t n)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_state >> 33) % n;
}

static void take_piece(struct piece *piece)
{
	const gfp_t gfp = (below(4) ? GFP_KERNEL : GFP_ATOMIC) | __GFP_NOWARN;
	struct device *device = piece->card->dev;

	switch (piece->family) {
	case COHERENT:
		piece->memory = dma_alloc_coherent(device, piece->size, &piece->dma, gfp);
		break;
	case WRITE_COMBINE:
		piece->memory = dma_alloc_wc(device, piece->size, &piece->dma, gfp);
		break;
	case MANAGED:
		piece->memory = dmam_alloc_coherent(device, piece->size, &piece->dma, gfp);
		break;
	case PAGES:
		piece->memory = dma_alloc_noncoherent(device, piece->size, &piece->dma,
						      DMA_BIDIRECTIONAL, gfp);
		break;
	default:
		piece->memory = NULL;
		piece->sgt = dma_alloc_noncontiguous(device, piece->size, DMA_BIDIRECTIONAL, gfp,
						     0);
		if (!piece->sgt)
			break;
		piece->dma = sg_dma_address(piece->sgt->sgl);
		piece->memory = dma_vmap_noncontiguous(device, piece->size, piece->sgt);
		if (!piece->memory)
			dma_free_noncontiguous(device, piece->size, piece->sgt, DMA_BIDIRECTIONAL);
	}
	if (!piece->memory)
		piece->card = NULL;
}

static void to_device(const struct piece *piece)
{
	if (piece->family == PAGES)
		dma_sync_single_for_device(piece->card->dev, piece->dma, piece->size,
					   DMA_BIDIRECTIONAL);
	if (piece->family == LIST)
		dma_sync_sgtable_for_device(piece->card->dev, piece->sgt, DMA_BIDIRECTIONAL);
}

static void to_cpu(const struct piece *piece)
{
	if (piece->family == PAGES)
		dma_sync_single_for_cpu(piece->card->dev, piece->dma, piece->size,
					DMA_BIDIRECTIONAL);
	if (piece->family == LIST)
		dma_sync_sgtable_for_cpu(piece->card->dev, piece->sgt, DMA_BIDIRECTIONAL);
}

static void give_piece(struct piece *piece)
{
	struct device *device = piece->card->dev;

	assert_true(bytes_are(piece->memory, piece->size, piece->salt));
	switch (piece->family) {
	case COHERENT:
		dma_free_coherent(device, piece->size, piece->memory, piece->dma);
		break;
	case WRITE_COMBINE:
		dma_free_wc(device, piece->size, piece->memory, piece->dma);
		break;
	case MANAGED:
		dmam_free_coherent(device, piece->size, piece->memory, piece->dma);
		break;
	case PAGES:
		dma_free_noncoherent(device, piece->size, piece->memory, piece->dma,
				     DMA_BIDIRECTIONAL);
		break;
	default:
		dma_vunmap_noncontiguous(device, piece->memory);
		dma_free_noncontiguous(device, piece->size, piece->sgt, DMA_BIDIRECTIONAL);
	}
	piece->card = NULL;
}

/* The card reads what the driver wrote, or writes something else; the first 4 KiB of it. */
static void use_piece(struct piece *piece)
{
	static u8 bytes[4096];
	const size_t part = min_t(size_t, piece->size, sizeof(bytes));

	assert_int_equal(lab_read(piece->card, piece->dma, bytes, part), 0);
	assert_memory_equal(bytes, piece->memory, part);
	piece->salt = below(1000);
	to_cpu(piece);
	fill_bytes(piece->memory, piece->size, piece->salt);
	to_device(piece);
	memcpy(bytes, piece->memory, part);
	assert_int_equal(lab_write(piece->card, piece->dma, bytes, part), 0);
	to_cpu(piece);
	assert_true(bytes_are(piece->memory, piece->size, piece->salt));
	to_device(piece);
}

static void new_piece(struct piece *piece)
{
	struct lab_card *cards[] = {lab, lab2, lab_soc->dev ? lab_soc : lab};
	const size_t most = below(8) ? 2 * PAGE_SIZE : 40 * PAGE_SIZE;

	*piece = (struct piece){.family = below(FAMILIES),
				.card = cards[below(ARRAY_SIZE(cards))],
				.size = 1 + below(most),
				.salt = below(1000)};
	take_piece(piece);
	if (!piece->card)
		return;
	assert_true(is_zero(piece->memory, piece->size));
	fill_bytes(piece->memory, piece->size, piece->salt);
	to_device(piece);
}

static void test_COH_10_all_of_them_at_random_against_a_model(void **state)
{
	static struct piece all[LIVE];
	const char *said = getenv("DMK_TEST_SEED");

	random_state = said ? strtoull(said, NULL, 0) : 0xa110c;
	print_message("DMK_TEST_SEED=%#llx\n", (unsigned long long)random_state);
	memset(all, 0, sizeof(all));
	for (int step = 0; step < STEPS; step++) {
		struct piece *piece = &all[below(LIVE)];

		if (!piece->card)
			new_piece(piece);
		else if (below(2))
			use_piece(piece);
		else
			give_piece(piece);
	}
	for (size_t i = 0; i < LIVE; i++)
		if (all[i].card)
			give_piece(&all[i]);
}

int main(int argc, char **argv)
{
	static const struct contract_test tests[] = {
		CONTRACT_TEST(test_COH_10_pages_are_zeroed_aligned_and_used_in_turns),
		CONTRACT_TEST(test_COH_10_SYN_02_without_a_sync_the_cpu_sees_old_bytes),
		CONTRACT_TEST(test_COH_10_SYN_02_pages_must_be_handed_over_the_first_time_too),
		CONTRACT_TEST(test_COH_06_COH_10_pages_are_given_in_an_interrupt),
		CONTRACT_TEST(test_COH_10_a_list_is_mapped_seen_and_synced),
		CONTRACT_TEST(test_COH_10_a_program_sees_consistent_memory),
		CONTRACT_TEST(test_COH_10_a_program_sees_pages_and_lists),
		CONTRACT_TEST(test_COH_10_an_address_of_no_mapping_is_zeroed_memory_for_the_device),
		CONTRACT_TEST(test_COH_10_a_table_of_it_is_mapped_for_another_device),
		CONTRACT_TEST(test_COH_08_regions_of_many_pages),
		CONTRACT_TEST(test_COH_06_the_atomic_pool_is_refilled_as_it_is_used),
		CONTRACT_TEST(
			test_MEM_09_a_device_with_a_shared_pool_gets_consistent_memory_of_it_alone),
		CONTRACT_TEST(test_BNC_05_a_restricted_device_gets_all_its_memory_of_its_region),
		CONTRACT_TEST(test_COH_10_what_makes_no_sense_is_refused_and_harms_nothing),
		CONTRACT_TEST(test_COH_09_managed_memory_goes_in_reverse_order_and_can_go_early),
		CONTRACT_TEST(test_COH_10_all_of_them_at_random_against_a_model),
	};

	return contract_main(argc, argv, tests, ARRAY_SIZE(tests));
}
