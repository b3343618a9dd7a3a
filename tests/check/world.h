/* SPDX-License-Identifier: MIT */
/*
 * A made-up driver's world for the checker's own tests: calls that only announce themselves, as the
 * core, the kernel part and a machine would. Nothing is really mapped.
 *
 * Every call takes the place it is called from: HERE is another place on every line.
 */
#ifndef CHECK_WORLD_H
#define CHECK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dmakit/check.h>
#include <dmakit/os.h>
#include <dmakit/port.h>

#define HERE ((const void *)(uintptr_t)(0x100000 + __LINE__ * 16))

struct world {
	struct dmk_checker *checker;
	const struct dmk_observer *observer;
	struct dmk_machine machine;
};

/* Devices are told apart by their addresses and never looked into. */
extern char world_devices[4];
#define DEV ((struct dmk_dev *)&world_devices[0])
#define DEV2 ((struct dmk_dev *)&world_devices[1])

enum { REQUESTER = 0x18, REQUESTER2 = 0x20 };

static inline void announce(struct world *world, const struct dmk_event *event)
{
	world->observer->event(world->observer->ctx, event);
}

#define EVENT(world, ...) announce(world, &(struct dmk_event){ __VA_ARGS__ })

/* A machine boots, with two devices and their driver; .observer is set. */
static inline void world_boot(struct world *world, unsigned int line)
{
	world->machine = (struct dmk_machine){
		.name = "paper", .cache_line = line, .caps = DMK_CAP_SEES_DMA};
	EVENT(world, .kind = DMK_EVENT_BOOT, .machine = &world->machine);
	EVENT(world, .kind = DMK_EVENT_DEVICE_ADD, .dev = DEV, .name = "0000:00:03.0",
	      .requester = REQUESTER);
	EVENT(world, .kind = DMK_EVENT_DEVICE_ADD, .dev = DEV2, .name = "0000:00:04.0",
	      .requester = REQUESTER2);
	EVENT(world, .kind = DMK_EVENT_BIND, .dev = DEV, .name = "paperdriver");
	EVENT(world, .kind = DMK_EVENT_BIND, .dev = DEV2, .name = "paperdriver");
	EVENT(world, .kind = DMK_EVENT_SET_MASK, .dev = DEV, .mask = ~0ULL, .streaming = true,
	      .coherent = true);
	EVENT(world, .kind = DMK_EVENT_SET_MASK, .dev = DEV2, .mask = ~0ULL, .streaming = true,
	      .coherent = true);
}

static inline void world_open(struct world *world, const struct dmk_check_options *options,
			      unsigned int line)
{
	world->checker = dmk_checker_new(options);
	assert_non_null(world->checker);
	world->observer = dmk_checker_observer(world->checker);
	world_boot(world, line);
}

static inline void world_end(struct world *world)
{
	EVENT(world, .kind = DMK_EVENT_UNBIND, .dev = DEV);
	EVENT(world, .kind = DMK_EVENT_UNBIND, .dev = DEV2);
	EVENT(world, .kind = DMK_EVENT_SHUTDOWN);
}

static inline void world_close(struct world *world)
{
	dmk_checker_free(world->checker);
}

/* The bus address of a physical one: another number, so that the two can't be mixed up unseen. */
#define BUS(phys) ((phys) + 0x40000000ULL)

static inline void map_unasked(struct world *world, struct dmk_dev *dev, uint64_t phys,
			       uint64_t size, int dir, const void *here)
{
	EVENT(world, .kind = DMK_EVENT_MAP, .map_kind = DMK_MAP_SINGLE, .dev = dev,
	      .dma = DMK_DMA(BUS(phys)), .phys = DMK_PHYS(phys),
	      .cpu = (void *)(uintptr_t)(phys + (1ULL << 40)), .size = size, .dir = dir,
	      .caller = here);
}

static inline void ask(struct world *world, struct dmk_dev *dev, uint64_t phys)
{
	EVENT(world, .kind = DMK_EVENT_MAPPING_ERROR, .dev = dev, .dma = DMK_DMA(BUS(phys)));
}

static inline void map(struct world *world, uint64_t phys, uint64_t size, int dir, const void *here)
{
	map_unasked(world, DEV, phys, size, dir, here);
	ask(world, DEV, phys);
}

static inline void unmap_as(struct world *world, struct dmk_dev *dev, int kind, uint64_t dma,
			    uint64_t size, int dir, const void *here)
{
	EVENT(world, .kind = DMK_EVENT_UNMAP, .map_kind = kind, .dev = dev, .dma = DMK_DMA(dma),
	      .size = size, .dir = dir, .caller = here);
}

static inline void unmap(struct world *world, uint64_t phys, uint64_t size, int dir,
			 const void *here)
{
	unmap_as(world, DEV, DMK_MAP_SINGLE, BUS(phys), size, dir, here);
}

static inline void sync_cpu(struct world *world, uint64_t phys, uint64_t size, int dir,
			    const void *here)
{
	EVENT(world, .kind = DMK_EVENT_SYNC_FOR_CPU, .dev = DEV, .dma = DMK_DMA(BUS(phys)),
	      .size = size, .dir = dir, .caller = here);
}

static inline void sync_device(struct world *world, uint64_t phys, uint64_t size, int dir,
			       const void *here)
{
	EVENT(world, .kind = DMK_EVENT_SYNC_FOR_DEVICE, .dev = DEV, .dma = DMK_DMA(BUS(phys)),
	      .size = size, .dir = dir, .caller = here);
}

static inline void card_reads(struct world *world, uint64_t phys, uint64_t size)
{
	EVENT(world, .kind = DMK_EVENT_DEVICE_ACCESS, .requester = REQUESTER,
	      .dma = DMK_DMA(BUS(phys)), .size = size);
}

static inline void card_writes(struct world *world, uint64_t phys, uint64_t size)
{
	EVENT(world, .kind = DMK_EVENT_DEVICE_ACCESS, .requester = REQUESTER,
	      .dma = DMK_DMA(BUS(phys)), .size = size, .write = true);
}

static inline void alloc(struct world *world, uint64_t phys, uint64_t size, const void *here)
{
	EVENT(world, .kind = DMK_EVENT_ALLOC, .dev = DEV, .dma = DMK_DMA(BUS(phys)),
	      .phys = DMK_PHYS(phys), .cpu = (void *)(uintptr_t)(phys + (1ULL << 40)), .size = size,
	      .caller = here);
}

/* The core refuses a free that fits nothing it knows: @reason. */
static inline void free_as(struct world *world, struct dmk_dev *dev, uint64_t cpu, uint64_t phys,
			   uint64_t size, int reason, const void *here)
{
	EVENT(world, .kind = DMK_EVENT_FREE, .dev = dev, .dma = DMK_DMA(BUS(phys)),
	      .cpu = (void *)(uintptr_t)(cpu + (1ULL << 40)), .size = size, .reason = reason,
	      .caller = here);
}

static inline void map_list(struct world *world, void *list, const struct dmk_event_sg *sg,
			    unsigned int nents, unsigned int segments, int dir, const void *here)
{
	EVENT(world, .kind = DMK_EVENT_MAP, .map_kind = DMK_MAP_SG, .dev = DEV, .cpu = list,
	      .sg = sg, .nents = nents, .mapped_nents = segments, .dma = sg->dma, .dir = dir,
	      .caller = here);
}

static inline void unmap_list(struct world *world, void *list, const struct dmk_event_sg *sg,
			      unsigned int nents, int dir, const void *here)
{
	EVENT(world, .kind = DMK_EVENT_UNMAP, .map_kind = DMK_MAP_SG, .dev = DEV, .cpu = list,
	      .sg = sg, .nents = nents, .dma = sg->dma, .dir = dir, .caller = here);
}

static inline void memory_freed(struct world *world, uint64_t phys, uint64_t size, const void *here)
{
	EVENT(world, .kind = DMK_EVENT_MEMORY_FREE, .phys = DMK_PHYS(phys), .size = size,
	      .name = "kmalloc", .cpu = (void *)(uintptr_t)(phys + (1ULL << 40)), .caller = here);
}

static inline void memory_taken(struct world *world, uint64_t phys, uint64_t size, const void *here)
{
	EVENT(world, .kind = DMK_EVENT_MEMORY_ALLOC, .phys = DMK_PHYS(phys), .size = size,
	      .name = "kmalloc", .cpu = (void *)(uintptr_t)(phys + (1ULL << 40)), .caller = here);
}

static inline void pool_made(struct world *world, void *pool, const char *name, const void *here)
{
	EVENT(world, .kind = DMK_EVENT_POOL_CREATE, .dev = DEV, .pool = pool, .name = name,
	      .size = 64, .align = 64, .caller = here);
}

static inline void pool_page(struct world *world, void *pool, uint64_t phys, bool taken)
{
	EVENT(world, .kind = DMK_EVENT_POOL_PAGE, .dev = DEV, .pool = pool,
	      .dma = DMK_DMA(BUS(phys)), .size = 4096,
	      .cpu = (void *)(uintptr_t)(phys + (1ULL << 40)), .result = taken);
}

static inline void block_taken(struct world *world, void *pool, uint64_t phys, const void *here)
{
	EVENT(world, .kind = DMK_EVENT_POOL_ALLOC, .dev = DEV, .pool = pool,
	      .dma = DMK_DMA(BUS(phys)), .size = 64,
	      .cpu = (void *)(uintptr_t)(phys + (1ULL << 40)), .caller = here);
}

static inline void block_freed(struct world *world, void *pool, uint64_t cpu, uint64_t phys,
			       int reason, const void *here)
{
	EVENT(world, .kind = DMK_EVENT_POOL_FREE, .dev = DEV, .pool = pool,
	      .dma = DMK_DMA(BUS(phys)), .cpu = (void *)(uintptr_t)(cpu + (1ULL << 40)),
	      .reason = reason, .caller = here);
}

static inline void pool_gone(struct world *world, void *pool, unsigned int out, const void *here)
{
	EVENT(world, .kind = DMK_EVENT_POOL_DESTROY, .dev = DEV, .pool = pool, .nents = out,
	      .caller = here);
}

static inline void show_findings(struct world *world)
{
	for (size_t i = 0; i < dmk_checker_findings(world->checker); i++) {
		const struct dmk_finding *finding = dmk_checker_finding(world->checker, i);

		print_message("  %s x%llu: %s\n    mend: %s\n", finding->rule->id,
			      (unsigned long long)finding->count, finding->what, finding->mend);
	}
}

#endif
