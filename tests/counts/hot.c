/* SPDX-License-Identifier: MIT */
/*
 * The hot paths, each a number of times, under valgrind's callgrind, which counts the instructions
 * of each by itself: hot [PATH]...
 *
 * Runs on the core's fake machine, which is the same everywhere, with the checker or without. No
 * times, and not what several threads cost.
 */
#include "../core/unit.h"
#include "counted.h"

#include "../../bench/null_iommu.h"
#include "../../bench/unhooked.h"
#include "../../core/iova.h"
#include "../../core/pgtable.h"

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/mm.h>

#include <dmakit/check.h>

#define LAST_IOVA ((1ULL << 48) - 1)
enum {
	LIST = 256,
	LIVE = 1024,
	PIECE = 64,
	SLOT = 2048,
	REQUESTER = 8,
	PROT = 3 | DMK_PROT_FIRST | DMK_PROT_LAST
};

static struct device dev;
static uint64_t seed;

static unsigned int below(unsigned int end)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)((seed >> 33) % end);
}

/* --- direct ----------------------------------------------------------------------------------- */

static void direct(void)
{
	struct page *page = phys_to_page(LOW(0));

	COUNT(TIMES, {
		dma_addr_t dma = dma_map_page(&dev, page, 0, 2048, DMA_TO_DEVICE);

		__asm__ volatile("" : : "r"(dma) : "memory");
		dma_unmap_page(&dev, dma, 2048, DMA_TO_DEVICE);
	});
}

static void direct_unhooked(void)
{
	bench_unhooked_pairs(&dev, phys_to_page(LOW(0)), FEW);
	begin();
	bench_unhooked_pairs(&dev, phys_to_page(LOW(0)), TIMES);
	end(TIMES);
}

static void list(void)
{
	static struct scatterlist sg[LIST];

	sg_init_table(sg, LIST);
	for (unsigned int i = 0; i < LIST; i++)
		sg_set_page(&sg[i], phys_to_page(LOW(i * 4096)), 2048, 0);
	COUNT(FEW, {
		must(dma_map_sg(&dev, sg, LIST, DMA_TO_DEVICE) > 0);
		dma_unmap_sg(&dev, sg, LIST, DMA_TO_DEVICE);
	});
	path_times *= LIST;
}

/* --- consistent memory ------------------------------------------------------------------------ */

static void coherent(void)
{
	COUNT(TIMES, {
		dma_addr_t dma;
		void *cpu = dma_alloc_coherent(&dev, 4096, &dma, GFP_KERNEL);

		must(cpu);
		dma_free_coherent(&dev, 4096, cpu, dma);
	});
}

static void pool(void)
{
	struct dma_pool *blocks = dma_pool_create("blocks", &dev, 64, 64, 0);

	COUNT(TIMES, {
		dma_addr_t dma = 0;
		void *block = dma_pool_alloc(blocks, GFP_KERNEL, &dma);

		must(block);
		dma_pool_free(blocks, block, dma);
	});
	dma_pool_destroy(blocks);
}

static void pool_live(void)
{
	struct dma_pool *blocks = dma_pool_create("blocks", &dev, 64, 64, 0);
	static void *cpu[LIVE];
	static dma_addr_t dma[LIVE];

	for (unsigned int i = 0; i < LIVE; i++)
		must((cpu[i] = dma_pool_alloc(blocks, GFP_KERNEL, &dma[i])) != NULL);
	COUNT(TIMES, {
		const unsigned int at = below(LIVE);

		dma_pool_free(blocks, cpu[at], dma[at]);
		must((cpu[at] = dma_pool_alloc(blocks, GFP_KERNEL, &dma[at])) != NULL);
	});
	for (unsigned int i = 0; i < LIVE; i++)
		dma_pool_free(blocks, cpu[i], dma[i]);
	dma_pool_destroy(blocks);
}

/* --- bouncing --------------------------------------------------------------------------------- */

static void bounce(size_t size)
{
	struct page *far = phys_to_page(
		HIGH(0)); /* by page: the fake machine is slow to say what an address is */

	*dev.dma_mask = DMA_BIT_MASK(32);
	COUNT(TIMES, {
		dma_addr_t dma = dma_map_page(&dev, far, 0, size, DMA_TO_DEVICE);

		must(!dma_mapping_error(&dev, dma));
		dma_unmap_page(&dev, dma, size, DMA_TO_DEVICE);
	});
}

static void bounce_small(void)
{
	bounce(64);
}

static void bounce_page(void)
{
	bounce(4096);
}

/* Every second slot is taken. */
static void bounce_failing(void)
{
	static dma_addr_t dma[4096];
	unsigned int nr = 0;

	*dev.dma_mask = DMA_BIT_MASK(32);
	while (nr < 4096) {
		dma[nr] = dma_map_single_attrs(&dev, fake_ram(HIGH(0)), SLOT, DMA_TO_DEVICE,
					       DMA_ATTR_NO_WARN);
		if (dma_mapping_error(&dev, dma[nr]))
			break;
		nr++;
	}
	must(nr > 16 && nr < 4096);
	for (unsigned int i = 0; i < nr; i++) {
		if (dma[i] & SLOT)
			dma_unmap_single(&dev, dma[i], SLOT, DMA_TO_DEVICE);
	}
	COUNT(TIMES, {
		must(dma_mapping_error(&dev,
				       dma_map_single_attrs(&dev, fake_ram(HIGH(0)), 4096,
							    DMA_TO_DEVICE, DMA_ATTR_NO_WARN)));
	});
}

/* --- behind an IOMMU -------------------------------------------------------------------------- */

static void iova(void)
{
	struct dmk_iova_space *space = dmk_iova_make(4096, LAST_IOVA, 12);
	uint64_t first;

	COUNT(TIMES, {
		must(dmk_iova_take(space, 4096, 4096, LAST_IOVA, 0, &first));
		dmk_iova_give(space, first, 4096);
	});
	dmk_iova_free(space);
}

/* 64 to 256 pages, as bench/iova.c has them. */
static void iova_large(void)
{
	struct dmk_iova_space *space = dmk_iova_make(4096, LAST_IOVA, 12);
	static uint64_t first[LIVE], size[LIVE];

	for (unsigned int i = 0; i < LIVE; i++) {
		size[i] = (64 + below(193)) * 4096ULL;
		must(dmk_iova_take(space, size[i], 4096, LAST_IOVA, 0, &first[i]));
	}
	for (unsigned int i = 0; i < 4 * LIVE; i++) { /* until it is as mixed as it gets */
		const unsigned int at = below(LIVE);

		dmk_iova_give(space, first[at], size[at]);
		must(dmk_iova_take(space, size[at], 4096, LAST_IOVA, 0, &first[at]));
	}
	COUNT(TIMES, {
		const unsigned int at = below(LIVE);

		dmk_iova_give(space, first[at], size[at]);
		size[at] = (64 + below(193)) * 4096ULL;
		must(dmk_iova_take(space, size[at], 4096, LAST_IOVA, 0, &first[at]));
	});
	dmk_iova_free(space);
}

static void tables(uint64_t size, unsigned long times)
{
	struct dmk_pgtable *table = dmk_pgtable_make(&bench_null_iommu);

	COUNT(times, {
		const uint64_t at = 0x40000000 + (size == 4096 ? i % 512 * 4096 : 0);

		must(!dmk_pgtable_map(table, at, DMK_PHYS(0x101000), size, PROT, false));
		must(dmk_pgtable_unmap(table, at, size) == size);
	});
	dmk_pgtable_free(table);
}

static void table_page(void)
{
	tables(4096, TIMES);
}

static void table_run(void)
{
	tables(512 * 4096, FEW);
}

/* A device behind an IOMMU that does nothing. */
static void put_behind_iommu(void)
{
	static struct dmk_bus bus;

	dmk_dev_exit(&dev.dmk);
	bus = *fake_dev.bus;
	bus.iommu = &bench_null_iommu;
	dmk_dev_init(&dev.dmk, "dev", &bus, &dev);
	*dev.dma_mask = ~0ULL;
	must(!dmk_dev_attach(&dev.dmk, 1));
}

static void iommu(void)
{
	struct page *page = phys_to_page(LOW(0));

	put_behind_iommu();
	COUNT(TIMES, {
		dma_addr_t dma = dma_map_page(&dev, page, 0, 4096, DMA_TO_DEVICE);

		must(!dma_mapping_error(&dev, dma));
		dma_unmap_page(&dev, dma, 4096, DMA_TO_DEVICE);
	});
}

static void iommu_list(void)
{
	put_behind_iommu();
	list();
}

/* --- watched ---------------------------------------------------------------------------------- */

static dma_addr_t watched_map(unsigned int at, enum dma_data_direction dir)
{
	dma_addr_t dma = dma_map_page(&dev, phys_to_page(LOW(at * 4096)), 0, PIECE, dir);

	must(!dma_mapping_error(&dev, dma));
	return dma;
}

/* As a machine announces it. */
static void device_writes(dma_addr_t dma)
{
	dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_DEVICE_ACCESS,
					 .requester = REQUESTER,
					 .dma = DMK_DMA(dma),
					 .size = PIECE,
					 .write = true});
}

static void watched_by(unsigned int frames, bool is_written)
{
	const enum dma_data_direction dir = is_written ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	const struct dmk_check_options options = {.stack_depth = frames};
	struct dmk_checker *checker = dmk_checker_new(&options);
	static dma_addr_t dma[LIVE];

	must(checker);
	dmk_observe(dmk_checker_observer(checker));
	dmk_announce(&(struct dmk_event){.kind = DMK_EVENT_DEVICE_ADD,
					 .dev = &dev.dmk,
					 .name = "dev",
					 .requester = REQUESTER});
	for (unsigned int i = 0; i < LIVE; i++)
		dma[i] = watched_map(i, dir);
	COUNT(TIMES, {
		const unsigned int at = below(LIVE);

		if (is_written)
			device_writes(dma[at]);
		dma_unmap_page(&dev, dma[at], PIECE, dir);
		dma[at] = watched_map(at, dir);
	});
	must(dmk_checker_findings(checker) == 0);
	dmk_observe(NULL);
	dmk_checker_free(checker);
}

static void watched(void)
{
	watched_by(1, false);
}

static void watched_deep(void)
{
	watched_by(5, false);
}

static void watched_written(void)
{
	watched_by(1, true);
}

/* --- the table -------------------------------------------------------------------------------- */

#define POOL "swiotlb=256"

static const struct {
	const char *name;
	void (*run)(void);
	const char *parameters;
} paths[] = {
	{"direct map + unmap", direct, POOL},
	{"direct map + unmap without the hooks", direct_unhooked, POOL},
	{"direct list, per entry of 256", list, POOL},
	{"coherent alloc + free, 4 KiB", coherent, POOL},
	{"pool alloc + free, 64 B", pool, POOL},
	{"pool free + alloc, 64 B, 1,024 live", pool_live, POOL},
	{"bounce map + unmap, 64 B", bounce_small, POOL},
	{"bounce map + unmap, 4 KiB", bounce_page, POOL},
	{"bounce: search that fails, pool fragmented", bounce_failing,
	 POOL " dmakit.swiotlb_max=0"},
	{"IOVA alloc + free, 1 page", iova, POOL},
	{"IOVA free + alloc, 64..256 pages, 1,024 live", iova_large, POOL},
	{"page table map + unmap, 4 KiB", table_page, POOL},
	{"page table map + unmap, 512 x 4 KiB", table_run, POOL},
	{"IOMMU map + unmap, 4 KiB, lazy", iommu, POOL " iommu.strict=0"},
	{"IOMMU map + unmap, 4 KiB, strict", iommu, POOL " iommu.strict=1"},
	{"IOMMU list, per page of 256, lazy", iommu_list, POOL " iommu.strict=0"},
	{"checked map + check + unmap, 1,024 live", watched, POOL},
	{"checked, 5 frames, 1,024 live", watched_deep, POOL},
	{"checked, each written by the device", watched_written, POOL},
};

int main(void)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		fake_start(&(struct fake_options){.caps = DMK_CAP_BOUNCE,
						  .parameters = paths[i].parameters});
		memset(&dev, 0, sizeof(dev));
		dmk_dev_init(&dev.dmk, "dev", fake_dev.bus, &dev);
		*dev.dma_mask = dev.coherent_dma_mask = ~0ULL;
		path_name = paths[i].name;
		seed = 1;
		paths[i].run();
		printf("%lu %s\n", path_times, path_name);
		fflush(stdout);
		dmk_dev_exit(&dev.dmk);
		fake_stop();
	}
	return 0;
}
