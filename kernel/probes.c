/* SPDX-License-Identifier: MIT */
/*
 * Static probes (USDT), named as the kernel's trace events of DMA, with their arguments in their
 * order, and the device's name behind them. A probe is a nop and a note in the program's file; this
 * code is not reached as long as nobody listens: the core tells of its calls only when
 * dmk_attention is not 0, and two bytes of that are the semaphore of each probe here, which a
 * tracer raises when it comes and lowers when it goes.
 */
#include <dmakit/dma.h>
#include <dmakit/observer.h>
#include <linux/container_of.h>
#include <linux/device.h>

#include <sys/sdt.h>

#include "probes.h"

/*
 * Where a note has its semaphore. The header would have one of its own for each probe, by C symbols
 * that not every assembler lets be parts of another.
 */
#undef _SDT_SEMAPHORE
#define _SDT_SEMAPHORE(provider, name) _SDT_ASM_1(_SDT_ASM_ADDR dmk_attention + 2)

static const struct device *device_of(const struct dmk_event *event)
{
	return event->dev ? container_of(event->dev, struct device, dmk) : NULL;
}

static const char *name_of(const struct dmk_event *event)
{
	return event->dev && event->dev->name ? event->dev->name : "";
}

static void map_probe(const struct dmk_event *event)
{
	if (event->map_kind == DMK_MAP_SG && event->kind == DMK_EVENT_MAP)
		STAP_PROBE7(dma, dma_map_sg, device_of(event), event->cpu, event->nents,
			    event->mapped_nents, event->dir, event->attrs, name_of(event));
	else if (event->map_kind == DMK_MAP_SG)
		STAP_PROBE7(dma, dma_map_sg_err, device_of(event), event->cpu, event->nents,
			    event->result, event->dir, event->attrs, name_of(event));
	else
		STAP_PROBE7(dma, dma_map_phys, device_of(event), event->phys.v, event->dma.v,
			    event->size, event->dir, event->attrs, name_of(event));
}

static void unmap_probe(const struct dmk_event *event)
{
	if (event->map_kind == DMK_MAP_SG)
		STAP_PROBE6(dma, dma_unmap_sg, device_of(event), event->cpu, event->nents,
			    event->dir, event->attrs, name_of(event));
	else
		STAP_PROBE6(dma, dma_unmap_phys, device_of(event), event->dma.v, event->size,
			    event->dir, event->attrs, name_of(event));
}

/* The flags that memory was asked with are not known here: 0. */
static void alloc_probe(const struct dmk_event *event)
{
	const bool made = event->kind != DMK_EVENT_ALLOC_FAILED;
	const uint64_t dma = made ? event->dma.v : 0;

	if (event->kind == DMK_EVENT_POOL_PAGE || event->alloc_kind == DMK_KIND_COHERENT)
		STAP_PROBE8(dma, dma_alloc, device_of(event), event->cpu, dma, event->size,
			    DMK_BIDIRECTIONAL, 0, event->attrs, name_of(event));
	else if (event->alloc_kind == DMK_KIND_PAGES)
		STAP_PROBE8(dma, dma_alloc_pages, device_of(event), event->cpu, dma, event->size,
			    event->dir, 0, event->attrs, name_of(event));
	else if (made)
		STAP_PROBE7(dma, dma_alloc_sgt, device_of(event), event->cpu, event->size,
			    event->dir, 0, event->attrs, name_of(event));
	else
		STAP_PROBE8(dma, dma_alloc_sgt_err, device_of(event), event->cpu, dma, event->size,
			    event->dir, 0, event->attrs, name_of(event));
}

static void free_probe(const struct dmk_event *event)
{
	if (event->kind == DMK_EVENT_POOL_PAGE || event->alloc_kind == DMK_KIND_COHERENT)
		STAP_PROBE7(dma, dma_free, device_of(event), event->cpu, event->dma.v, event->size,
			    DMK_BIDIRECTIONAL, event->attrs, name_of(event));
	else if (event->alloc_kind == DMK_KIND_PAGES)
		STAP_PROBE7(dma, dma_free_pages, device_of(event), event->cpu, event->dma.v,
			    event->size, event->dir, event->attrs, name_of(event));
	else
		STAP_PROBE5(dma, dma_free_sgt, device_of(event), event->cpu, event->size,
			    event->dir, name_of(event));
}

static void sync_probe(const struct dmk_event *event)
{
	const bool cpu = event->kind == DMK_EVENT_SYNC_FOR_CPU;

	if (event->map_kind == DMK_MAP_SG && cpu)
		STAP_PROBE5(dma, dma_sync_sg_for_cpu, device_of(event), event->cpu, event->nents,
			    event->dir, name_of(event));
	else if (event->map_kind == DMK_MAP_SG)
		STAP_PROBE5(dma, dma_sync_sg_for_device, device_of(event), event->cpu, event->nents,
			    event->dir, name_of(event));
	else if (cpu)
		STAP_PROBE5(dma, dma_sync_single_for_cpu, device_of(event), event->dma.v,
			    event->size, event->dir, name_of(event));
	else
		STAP_PROBE5(dma, dma_sync_single_for_device, device_of(event), event->dma.v,
			    event->size, event->dir, name_of(event));
}

/* What is linked into addresses has no trace event in the kernel. */
static void on_event(void *ctx, const struct dmk_event *event)
{
	switch (event->kind) {
	case DMK_EVENT_MAP:
	case DMK_EVENT_MAP_FAILED:
		if (event->map_kind != DMK_MAP_LINK)
			map_probe(event);
		break;
	case DMK_EVENT_UNMAP:
		unmap_probe(event);
		break;
	case DMK_EVENT_ALLOC:
	case DMK_EVENT_ALLOC_FAILED:
		alloc_probe(event);
		break;
	case DMK_EVENT_FREE:
		free_probe(event);
		break;
	case DMK_EVENT_POOL_PAGE:
		event->result ? alloc_probe(event) : free_probe(event);
		break;
	case DMK_EVENT_SYNC_FOR_CPU:
	case DMK_EVENT_SYNC_FOR_DEVICE:
		sync_probe(event);
		break;
	default:
		break;
	}
}

static const struct dmk_observer prober = {.event = on_event};

void dmk_probes_start(void)
{
	dmk_trace_to(&prober);
}

void dmk_probes_stop(void)
{
	dmk_trace_to(NULL);
}
