/* SPDX-License-Identifier: MIT */
/*
 * The checker: takes events to the judges, one at a time, and hands out what they found. It watches
 * only: no event has an answer, and nothing here calls back into the core, the kernel part or a
 * machine (CHK-07).
 *
 *     event --> the thread's stack is walked --> plain.c: is there anything to judge?
 *                                                  no: noted, beside what other threads do
 *                                                  perhaps: the gate is closed --> a judge
 *
 * Threads: events come from any, several at once. A judge has the checker to itself (gate.h), and
 * for a short time; what a driver does right, which is nearly all, does not come to one.
 */
#include <stdlib.h>
#include <string.h>

#include "findings.h"
#include "plain.h"

enum { DEFAULT_DEPTH = 8 };

/* Who allocated memory is told only where it can share a cache line (MEM-08). */
static bool has_stack(const struct dmk_checker *checker, enum dmk_event_kind kind)
{
	if (kind == DMK_EVENT_MEMORY_ALLOC)
		return checker->shadow.cache_line > 1;
	return kind != DMK_EVENT_DEVICE_ACCESS && kind != DMK_EVENT_TRANSFER_BEGIN &&
	       kind != DMK_EVENT_TRANSFER_END && kind != DMK_EVENT_MAPPING_ERROR &&
	       kind != DMK_EVENT_CPU_ACCESS && kind != DMK_EVENT_STORE_UNSEEN &&
	       kind != DMK_EVENT_NEED_SYNC && kind != DMK_EVENT_CHANNEL_ENABLE;
}

static bool is_often_plain(enum dmk_event_kind kind)
{
	return kind == DMK_EVENT_MAP || kind == DMK_EVENT_MAPPING_ERROR ||
	       kind == DMK_EVENT_UNMAP || kind == DMK_EVENT_DEVICE_ACCESS;
}

static void count_map(struct dmk_check_totals *totals, const struct dmk_event *event)
{
	uint64_t bytes = dmk_event_bytes(event);

	totals->maps++;
	totals->bytes_mapped += bytes;
	if (!event->bounced)
		return;
	totals->bounced++;
	totals->bytes_bounced += bytes;
}

static void transfer(struct dmk_checker *checker, const struct dmk_event *event)
{
	struct dmk_watched *device = dmk_shadow_requester(&checker->shadow, event->requester);

	if (event->kind == DMK_EVENT_TRANSFER_END) {
		dmk_transfer_end(&checker->shadow, event->cookie);
		return;
	}
	if (!device)
		return;
	dmk_judge_believed(checker, device, event);
	if (event->size) /* who moves nothing is in nobody's way */
		dmk_transfer_begin(&checker->shadow, device, event);
}

static void judge(struct dmk_checker *checker, const struct dmk_event *event,
		  const struct dmk_trace *where)
{
	struct dmk_check_totals *totals = &checker->totals;

	switch (event->kind) {
	case DMK_EVENT_MAP:
		count_map(totals, event);
		dmk_judge_map(checker, event, where);
		break;
	case DMK_EVENT_MAP_FAILED:
		dmk_judge_map_failed(checker, event, where);
		break;
	case DMK_EVENT_MAPPING_ERROR:
		dmk_judge_mapping_error(checker, event);
		break;
	case DMK_EVENT_UNMAP:
		totals->unmaps++;
		dmk_judge_unmap(checker, event, where);
		break;
	case DMK_EVENT_SYNC_FOR_CPU:
	case DMK_EVENT_SYNC_FOR_DEVICE:
		totals->syncs++;
		dmk_judge_sync(checker, event, where);
		break;
	case DMK_EVENT_IOVA_ALLOC:
	case DMK_EVENT_IOVA_SYNC:
	case DMK_EVENT_IOVA_UNLINK:
	case DMK_EVENT_IOVA_FREE:
		dmk_judge_iova(checker, event, where);
		break;
	case DMK_EVENT_ALLOC:
		totals->allocs++;
		dmk_judge_alloc(checker, event, where);
		break;
	case DMK_EVENT_ALLOC_FAILED:
		dmk_judge_alloc_failed(checker, event, where);
		break;
	case DMK_EVENT_FREE:
		totals->frees++;
		dmk_forget_torn(checker, event);
		dmk_judge_free(checker, event, where);
		break;
	case DMK_EVENT_ALLOC_VIEW:
		dmk_judge_alloc_view(checker, event, where);
		break;
	case DMK_EVENT_POOL_FREE:
		dmk_forget_torn(checker, event);
		dmk_judge_pool(checker, event, where);
		break;
	case DMK_EVENT_POOL_CREATE:
	case DMK_EVENT_POOL_DESTROY:
	case DMK_EVENT_POOL_ALLOC:
	case DMK_EVENT_POOL_PAGE:
		dmk_judge_pool(checker, event, where);
		break;
	case DMK_EVENT_MEMORY_ALLOC:
	case DMK_EVENT_MEMORY_FREE:
		dmk_judge_memory(checker, event, where);
		break;
	case DMK_EVENT_SLEEP_IN_ATOMIC:
	case DMK_EVENT_IOMEM_DEREFERENCE:
	case DMK_EVENT_OLD_ADDRESS:
	case DMK_EVENT_PHYS_USED:
		dmk_judge_context(checker, event, where);
		break;
	case DMK_EVENT_LIST_MISTAKE:
		dmk_judge_list(checker, event, where);
		break;
	case DMK_EVENT_CHANNEL_MISTAKE:
		dmk_judge_channel(checker, event, where);
		break;
	case DMK_EVENT_CHANNEL_ENABLE:
		dmk_note_channel(checker, event);
		break;
	case DMK_EVENT_ENGINE:
		dmk_judge_engine(checker, event, where);
		break;
	case DMK_EVENT_TIMED_OUT:
		dmk_judge_timed_out(checker, event, where);
		break;
	case DMK_EVENT_DEVICE_ACCESS:
		totals->device_accesses++;
		dmk_judge_access(checker, event);
		break;
	case DMK_EVENT_CPU_ACCESS:
		totals->cpu_accesses++;
		dmk_judge_cpu(checker, event);
		break;
	case DMK_EVENT_STORE:
	case DMK_EVENT_LOAD:
		dmk_note_store(checker, event, where);
		break;
	case DMK_EVENT_STORE_UNSEEN:
		dmk_judge_unseen(checker, event);
		break;
	case DMK_EVENT_LOAD_EARLY:
		dmk_judge_load_early(checker, event, where);
		break;
	case DMK_EVENT_DEVICE_REMOVE:
	case DMK_EVENT_UNBIND:
		dmk_forget_torn(checker, event);
		dmk_judge_life(checker, event, where);
		break;
	case DMK_EVENT_NEED_SYNC:
		dmk_judge_need_sync(checker, event);
		break;
	case DMK_EVENT_TRANSFER_BEGIN:
	case DMK_EVENT_TRANSFER_END:
		transfer(checker, event);
		break;
	default:
		dmk_judge_life(checker, event, where);
		break;
	}
	if (checker->shadow.live > totals->live_high_water)
		totals->live_high_water = checker->shadow.live;
}

static void close_gate(struct dmk_checker *checker)
{
	dmk_gate_close(&checker->gate);
	dmk_plain_fold(checker);
}

static void on_event(void *ctx, const struct dmk_event *event)
{
	struct dmk_checker *checker = ctx;
	struct dmk_stack stack;
	struct dmk_seat *seat;
	bool may_be_plain;

	stack.depth = 0;
	if (has_stack(checker, event->kind))
		dmk_stack_walk(&stack, event->caller, event->frame, checker->options.stack_depth);
	may_be_plain = is_often_plain(event->kind) && !checker->all_judged;
	seat = may_be_plain ? dmk_gate_seat(&checker->gate) : NULL;
	if (seat && dmk_plain(checker, seat, event, &stack))
		return;
	close_gate(checker);
	judge(checker, event, dmk_trace_keep(&checker->traces, &stack));
	if (seat && (event->kind == DMK_EVENT_MAP || event->kind == DMK_EVENT_UNMAP))
		dmk_plain_stock(checker, seat);
	dmk_gate_open(&checker->gate);
}

struct dmk_checker *dmk_checker_new(const struct dmk_check_options *options)
{
	struct dmk_checker *checker = aligned_alloc(_Alignof(struct dmk_checker), sizeof(*checker));

	if (!checker)
		return NULL;
	memset(checker, 0, sizeof(*checker));
	if (options)
		checker->options = *options;
	if (!checker->options.stack_depth || checker->options.stack_depth > DMK_STACK_MAX)
		checker->options.stack_depth = checker->options.stack_depth ? DMK_STACK_MAX
									    : DEFAULT_DEPTH;
	checker->observer.event = on_event;
	checker->observer.ctx = checker;
	dmk_pile_init(&checker->finding_pile, sizeof(struct dmk_finding_entry));
	checker->all_judged = checker->options.max_records || checker->options.turn;
	dmk_gate_init(&checker->gate);
	if (!dmk_shadow_init(&checker->shadow, &checker->options) ||
	    !dmk_traces_init(&checker->traces, &checker->options) ||
	    !dmk_index_init(&checker->finding_index, 64)) {
		dmk_checker_free(checker);
		return NULL;
	}
	return checker;
}

void dmk_checker_free(struct dmk_checker *checker)
{
	if (!checker)
		return;
	dmk_shadow_exit(&checker->shadow);
	dmk_traces_exit(&checker->traces);
	dmk_index_exit(&checker->finding_index);
	dmk_pile_exit(&checker->finding_pile);
	free(checker->findings);
	dmk_gate_exit(&checker->gate);
	free(checker);
}

const struct dmk_observer *dmk_checker_observer(struct dmk_checker *checker)
{
	return &checker->observer;
}

size_t dmk_checker_findings(struct dmk_checker *checker)
{
	size_t n;

	close_gate(checker);
	n = checker->nr_findings;
	dmk_gate_open(&checker->gate);
	return n;
}

const struct dmk_finding *dmk_checker_finding(struct dmk_checker *checker, size_t index)
{
	const struct dmk_finding *finding = NULL;

	close_gate(checker);
	if (index < checker->nr_findings)
		finding = checker->findings[index];
	dmk_gate_open(&checker->gate);
	return finding;
}

void dmk_checker_totals(struct dmk_checker *checker, struct dmk_check_totals *totals)
{
	close_gate(checker);
	*totals = checker->totals;
	totals->lost_records += checker->shadow.forgotten;
	dmk_gate_open(&checker->gate);
}

/* The first live record of this device or a later one. A pool's page is nobody's buffer. */
static const struct dmk_record *first_from(const struct dmk_watched *device)
{
	const struct dmk_record *records = NULL;

	for (; device && !records; device = device->next)
		records = dmk_shadow_records(device);
	return records;
}

static const struct dmk_record *next_live(const struct dmk_checker *checker,
					  const struct dmk_record *record)
{
	do {
		if (!record)
			record = first_from(checker->shadow.device_list);
		else if (record->older)
			record = record->older;
		else
			record = first_from(record->device->next);
	} while (record && record->kind == DMK_RECORD_POOL_PAGE);
	return record;
}

static const struct dmk_record *live_at(struct dmk_checker *checker, size_t index)
{
	const struct dmk_record *record;
	size_t at = 0;

	/* Called for 0, 1, 2, …: go on from where the last call was, unless something changed. */
	if (checker->walk.record && checker->walk.serial == checker->shadow.serial &&
	    checker->walk.index < index) {
		record = checker->walk.record;
		at = checker->walk.index;
	} else {
		record = next_live(checker, NULL);
	}
	for (; record && at < index; at++)
		record = next_live(checker, record);
	checker->walk.record = record;
	checker->walk.index = index;
	checker->walk.serial = checker->shadow.serial;
	return record;
}

void dmk_checker_hung(struct dmk_checker *checker)
{
	close_gate(checker);
	dmk_judge_hung(checker);
	dmk_gate_open(&checker->gate);
}

static void describe_live(struct dmk_finding *finding, const struct dmk_record *record)
{
	*finding = (struct dmk_finding){.rule = &dmk_rules[DMK_RULE_STR_06], .count = 1};
	dmk_text_copy(finding->device, sizeof(finding->device), record->device->name);
	dmk_text_copy(finding->driver, sizeof(finding->driver), record->device->driver);
	dmk_describe_record(&finding->buffer, record);
	dmk_describe_history(finding, record);
	finding->mapped = record->mapped->stack;
	finding->mapped_label = record->kind == DMK_RECORD_MAPPING ? "mapped" : "allocated";
	dmk_say(finding, "%s buffer at DMA 0x%llx, %llu byte%s", finding->buffer.kind,
		(unsigned long long)record->dma, (unsigned long long)record->size,
		dmk_plural(record->size));
}

bool dmk_checker_live(struct dmk_checker *checker, size_t index, struct dmk_finding *as_finding)
{
	const struct dmk_record *record;

	close_gate(checker);
	record = live_at(checker, index);
	if (record)
		describe_live(as_finding, record);
	dmk_gate_open(&checker->gate);
	return record != NULL;
}
