/* SPDX-License-Identifier: MIT */
/*
 * Pools: blocks go back once, to their pool, by their own handle; a pool goes when its blocks are
 * home (POL-04, POL-05).
 */
#include "findings.h"

#define ULL(value) ((unsigned long long)(value))

static struct dmk_finding *report(struct dmk_checker *checker, enum dmk_rule_name rule,
				  struct dmk_watched *device, const struct dmk_record *record,
				  const struct dmk_trace *where)
{
	return dmk_report(checker, &(struct dmk_mistake){.rule = rule,
							 .device = device,
							 .where = where,
							 .second = record ? record->mapped : NULL,
							 .label = "allocated",
							 .record = record});
}

static void pool_created(struct dmk_checker *checker, const struct dmk_event *event,
			 const struct dmk_trace *where)
{
	struct dmk_watched_pool *pool;

	if (event->result || !event->pool)
		return;
	/*
	 * One that was destroyed with blocks out went when the last came back; this is another in
	 * its place.
	 */
	pool = dmk_shadow_pool(&checker->shadow, event->pool);
	if (pool)
		dmk_shadow_pool_gone(&checker->shadow, pool);
	pool = dmk_shadow_pool_new(&checker->shadow, dmk_device_of(checker, event), event->pool,
				   event->name);
	if (!pool) {
		checker->totals.lost_records++;
		return;
	}
	pool->size = event->size;
	pool->created = where;
}

/* Blocks that are out, without those that a mistake was reported of; @one is one of them. */
static uint64_t blocks_out(const struct dmk_watched_pool *pool, struct dmk_record **one)
{
	uint64_t out = 0;

	*one = NULL;
	for (struct dmk_record *record = dmk_shadow_records(pool->device); record;
	     record = record->older) {
		if (record->pool != pool || record->kind != DMK_RECORD_BLOCK || record->excused)
			continue;
		*one = record;
		out++;
	}
	return out;
}

static void excuse_blocks(struct dmk_watched_pool *pool)
{
	pool->excused = true;
	for (struct dmk_record *record = dmk_shadow_records(pool->device); record;
	     record = record->older)
		if (record->pool == pool)
			record->excused = true;
}

static bool destroyed_in_interrupt(struct dmk_checker *checker, struct dmk_watched_pool *pool,
				   const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	if (event->managed || (!event->interrupt && event->reason != DMK_REASON_BAD_CONTEXT))
		return false;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_POL_04,
							    .device = pool->device,
							    .where = where,
							    .second = pool->created,
							    .label = "created"});
	if (!finding)
		return true;
	dmk_say(finding, "dma_pool_destroy of pool \"%s\" is called in interrupt context",
		pool->name);
	dmk_mend(
		finding,
		"destroy the pool in remove() or in a work item; dma_pool_free and dma_pool_alloc(GFP_ATOMIC) are "
		"what an interrupt handler may call");
	return true;
}

static bool destroyed_with_blocks(struct dmk_checker *checker, struct dmk_watched_pool *pool,
				  const struct dmk_trace *where)
{
	struct dmk_record *record;
	uint64_t out = blocks_out(pool, &record);
	struct dmk_finding *finding;

	if (!out)
		return false;
	finding = report(checker, DMK_RULE_POL_05, pool->device, record, where);
	if (!finding)
		return true;
	dmk_say(finding,
		"pool \"%s\" is destroyed with %llu block%s of %llu bytes still out, one of them at DMA 0x%llx",
		pool->name, ULL(out), dmk_plural(out), ULL(pool->size), ULL(record->dma));
	dmk_mend(
		finding,
		"give each block back with dma_pool_free before dma_pool_destroy, also on the error paths");
	return true;
}

static void destroyed_twice(struct dmk_checker *checker, const struct dmk_event *event,
			    const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	if (event->reason != DMK_REASON_NOT_FOUND && event->reason != DMK_REASON_DOUBLE_FREE)
		return;
	finding = report(checker, DMK_RULE_POL_05, dmk_shadow_device(&checker->shadow, event->dev),
			 NULL, where);
	if (!finding)
		return;
	dmk_say(finding,
		"dma_pool_destroy was given %p, which is no pool, or one that was destroyed before",
		event->pool);
	dmk_mend(
		finding,
		"destroy a pool in one place only, and set its pointer to NULL there; one from dmam_pool_create is "
		"destroyed when the driver lets go of the device");
}

static void pool_destroyed(struct dmk_checker *checker, const struct dmk_event *event,
			   const struct dmk_trace *where)
{
	struct dmk_watched_pool *pool = dmk_shadow_pool(&checker->shadow, event->pool);

	if (!pool) {
		destroyed_twice(checker, event, where);
		return;
	}
	if (pool->excused) {
		if (!event->reason && !event->nents)
			dmk_shadow_pool_gone(&checker->shadow, pool);
		return;
	}
	if (destroyed_in_interrupt(checker, pool, event, where))
		excuse_blocks(pool);
	else if (destroyed_with_blocks(checker, pool, where))
		excuse_blocks(pool);
	if (event->nents || event->reason)
		pool->excused = true; /* it lives on */
	else
		dmk_shadow_pool_gone(&checker->shadow, pool);
}

static void block_taken(struct dmk_checker *checker, const struct dmk_event *event,
			const struct dmk_trace *where)
{
	struct dmk_watched_pool *pool = dmk_shadow_pool(&checker->shadow, event->pool);
	struct dmk_record *record;

	if (!pool)
		return;
	dmk_judge_mask(checker, pool->device, &pool->device->coherent, where);
	record = dmk_record_new(&checker->shadow, pool->device, event->dma.v);
	if (!record) {
		checker->totals.lost_records++;
		return;
	}
	record->kind = DMK_RECORD_BLOCK;
	record->pool = pool;
	record->size = event->size ? event->size : pool->size;
	record->phys = event->phys.v;
	record->cpu = event->cpu;
	record->checked = true;
	record->mapped = where;
	dmk_record_bus(&checker->shadow, record, event->dma.v, record->size);
	dmk_record_live(&checker->shadow, record);
}

static struct dmk_record *block_at(const struct dmk_watched_pool *pool, uint64_t dma)
{
	struct dmk_record *record = dmk_record_at(pool->device, dma);

	while (record && (record->pool != pool || record->kind != DMK_RECORD_BLOCK))
		record = dmk_record_at_more(record);
	return record;
}

static void wrong_handle(struct dmk_checker *checker, struct dmk_record *record,
			 const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	if (record->excused)
		return;
	record->excused = true;
	finding = report(checker, DMK_RULE_POL_05, record->device, record, where);
	if (!finding)
		return;
	dmk_say(finding,
		"dma_pool_free on pool \"%s\" was given CPU address %p with handle 0x%llx, which don't belong together: "
		"the block is at %p and 0x%llx",
		record->pool->name, event->cpu, ULL(event->dma.v), record->cpu, ULL(record->dma));
	dmk_mend(
		finding,
		"keep the two addresses of a block side by side, and pass both as dma_pool_alloc gave them");
}

static void wrong_pool(struct dmk_checker *checker, struct dmk_watched_pool *pool,
		       struct dmk_record *record, const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	if (record->excused)
		return;
	record->excused = true;
	finding = report(checker, DMK_RULE_POL_05, record->device, record, where);
	if (!finding)
		return;
	dmk_say(finding,
		"the block at DMA 0x%llx is given back to pool \"%s\", and it came from pool \"%s\"",
		ULL(record->dma), pool->name, record->pool->name);
	dmk_mend(finding, "pass the pool that the block was allocated from, \"%s\"",
		 record->pool->name);
}

static void freed_twice(struct dmk_checker *checker, struct dmk_watched_pool *pool,
			const struct dmk_past *past, const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	if (past->excused)
		return;
	finding = dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_POL_05,
							    .device = pool->device,
							    .where = where,
							    .second = past->unmapped,
							    .label = "freed",
							    .past = past});
	if (!finding)
		return;
	dmk_say(finding, "the block at DMA 0x%llx of pool \"%s\" is freed a second time",
		ULL(past->dma), pool->name);
	dmk_mend(finding, "free a block in one place only, and set its pointer to NULL there");
}

static void no_block(struct dmk_checker *checker, struct dmk_watched_pool *pool,
		     const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = report(checker, DMK_RULE_POL_05, pool->device, NULL, where);

	if (!finding)
		return;
	dmk_say(finding,
		"dma_pool_free on pool \"%s\" was given CPU address %p and handle 0x%llx, where no block of it begins",
		pool->name, event->cpu, ULL(event->dma.v));
	dmk_mend(finding,
		 "pass the start of a block, as dma_pool_alloc gave it, and the pool it came from");
}

/*
 * The live block that the CPU address names, of any pool; else the one of this pool that the handle
 * lies in.
 */
static struct dmk_record *block_of_cpu(struct dmk_checker *checker, const void *cpu)
{
	struct dmk_record *record = dmk_record_of_cpu(&checker->shadow, cpu);

	while (record && record->kind != DMK_RECORD_BLOCK)
		record = dmk_record_of_cpu_more(record);
	return record;
}

static struct dmk_record *block_around(const struct dmk_watched_pool *pool, uint64_t dma)
{
	struct dmk_extent *extent = dmk_live_holding(pool->device, dma);

	return extent && extent->record->kind == DMK_RECORD_BLOCK ? extent->record : NULL;
}

static void stray_block(struct dmk_checker *checker, struct dmk_watched_pool *pool,
			const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_past *past = dmk_past_at(&checker->shadow, pool->device, event->dma.v,
					    1u << DMK_RECORD_BLOCK);
	struct dmk_record *record = block_of_cpu(checker, event->cpu);

	if (dmk_lost_take(&checker->shadow, pool->device, event->dma.v))
		return;
	if (!record && past && past->pool == pool->pool) {
		freed_twice(checker, pool, past, where);
		return;
	}
	if (!record)
		record = block_around(pool, event->dma.v);
	if (!record)
		no_block(checker, pool, event, where);
	else if (record->pool != pool)
		wrong_pool(checker, pool, record, where);
	else
		wrong_handle(checker, record, event, where);
}

static void block_freed(struct dmk_checker *checker, const struct dmk_event *event,
			const struct dmk_trace *where)
{
	struct dmk_watched_pool *pool = dmk_shadow_pool(&checker->shadow, event->pool);
	struct dmk_record *record;

	if (!pool || !event->cpu)
		return;
	record = block_at(pool, event->dma.v);
	if (!record) {
		stray_block(checker, pool, event, where);
		return;
	}
	if (record->cpu != event->cpu) {
		wrong_handle(checker, record, event, where);
		if (event->reason)
			return;
	}
	dmk_judge_busy(checker, record, where);
	dmk_record_retire(&checker->shadow, record, where);
}

static void pool_page(struct dmk_checker *checker, const struct dmk_event *event,
		      const struct dmk_trace *where)
{
	struct dmk_watched_pool *pool = dmk_shadow_pool(&checker->shadow, event->pool);
	struct dmk_record *record;

	if (!pool)
		return;
	if (event->result) {
		dmk_memory_taken_by(&checker->shadow, event);
		record = dmk_record_new(&checker->shadow, pool->device, event->dma.v);
		if (!record) {
			checker->totals.lost_records++;
			return;
		}
		record->kind = DMK_RECORD_POOL_PAGE;
		record->pool = pool;
		record->size = event->size;
		record->cpu = event->cpu;
		record->checked = true;
		record->mapped = where;
		dmk_record_bus(&checker->shadow, record, event->dma.v, event->size);
		dmk_record_live(&checker->shadow, record);
		return;
	}
	record = dmk_record_at(pool->device, event->dma.v);
	while (record && (record->pool != pool || record->kind != DMK_RECORD_POOL_PAGE))
		record = dmk_record_at_more(record);
	if (record)
		dmk_record_retire(&checker->shadow, record, where);
}

void dmk_judge_pool(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where)
{
	switch (event->kind) {
	case DMK_EVENT_POOL_CREATE:
		pool_created(checker, event, where);
		break;
	case DMK_EVENT_POOL_DESTROY:
		pool_destroyed(checker, event, where);
		break;
	case DMK_EVENT_POOL_ALLOC:
		block_taken(checker, event, where);
		break;
	case DMK_EVENT_POOL_FREE:
		block_freed(checker, event, where);
		break;
	case DMK_EVENT_POOL_PAGE:
		pool_page(checker, event, where);
		break;
	default:
		break;
	}
}
