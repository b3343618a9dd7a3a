/* SPDX-License-Identifier: MIT */
/*
 * What a driver does to memory and in which context: freeing what is mapped, sleeping, stray
 * registers, old addresses.
 */
#include <string.h>

#include "findings.h"

#define ULL(value) ((unsigned long long)(value))

/*
 * vmalloc memory is many frames: announced page by page it is like any other. Announced as one,
 * .phys tells of its first page only, and the others are anywhere.
 */
static bool is_scattered(const struct dmk_event *event)
{
	return event->name && !strcmp(event->name, "vmalloc") && event->size > DMK_PAGE_SIZE;
}

static void freed_while_mapped(struct dmk_checker *checker, struct dmk_record *record,
			       const struct dmk_event *event, const struct dmk_trace *where)
{
	const struct dmk_mistake mistake = {.rule = DMK_RULE_MEM_05,
					    .device = record->device,
					    .where = where,
					    .second = record->mapped,
					    .record = record};
	struct dmk_finding *finding;

	if (record->excused)
		return;
	record->excused = true;
	finding = dmk_report(checker, &mistake);
	record->freed = dmk_known(checker, &mistake);
	record->device->freed = true;
	if (!finding)
		return;
	dmk_say(finding,
		"memory at physical 0x%llx, %llu byte%s (%s), is freed while it is mapped %s for the device at DMA 0x%llx",
		ULL(event->phys.v), ULL(event->size), dmk_plural(event->size),
		event->name ? event->name : "memory", dmk_direction_name(record->dir),
		ULL(record->dma));
	dmk_mend(
		finding,
		"call %s before the memory is freed: the next owner's data is what the device would write over",
		dmk_unmap_call(record->map_kind));
}

void dmk_judge_memory(struct dmk_checker *checker, const struct dmk_event *event,
		      const struct dmk_trace *where)
{
	struct dmk_shadow *shadow = &checker->shadow;
	struct dmk_range memory, *range = NULL;
	struct dmk_object *object;

	if (event->reason || !event->size) /* a free that was refused frees nothing */
		return;
	if (is_scattered(event)) {
		if (event->kind == DMK_EVENT_MEMORY_ALLOC)
			dmk_memory_taken_anywhere(shadow);
		return;
	}
	if (event->kind == DMK_EVENT_MEMORY_ALLOC) {
		dmk_memory_taken(shadow, event->phys.v, event->size);
		object = dmk_object_taken(shadow, event->phys.v, event->size, where, event->name);
		if (object)
			dmk_judge_new_neighbour(checker, object);
		return;
	}
	dmk_range_set(&memory, event->phys.v, event->size);
	while ((range = dmk_ranges_touching(&shadow->mapped_memory, memory.first, memory.last,
					    range)))
		freed_while_mapped(checker, DMK_AROUND(range, struct dmk_extent, range)->record,
				   event, where);
	dmk_object_freed(shadow, event->phys.v, event->size);
	dmk_memory_freed(shadow, event->phys.v, event->size, where, event->name);
}

static bool is_allocation(const char *call)
{
	static const char *const part[] = {"alloc", "get_free_page", "get_zeroed_page", "dup",
					   "printf"};

	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		if (strstr(call, part[i]))
			return true;
	return false;
}

static void slept(struct dmk_checker *checker, const struct dmk_event *event,
		  const struct dmk_trace *where)
{
	const char *call = event->name ? event->name : "a call";
	const bool allocation = is_allocation(call);
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = allocation ? DMK_RULE_COH_06 : DMK_RULE_CTX_01,
				      .where = where,
				      .device = dmk_shadow_device(&checker->shadow, event->dev)});

	if (!finding)
		return;
	dmk_say(finding, "%s may sleep, and is called %s", call,
		event->interrupt
			? "in interrupt context"
			: "where nobody may sleep (in an interrupt, or with a spinlock held)");
	if (allocation)
		dmk_mend(
			finding,
			"pass GFP_ATOMIC here and be ready for NULL, or allocate before the lock is taken");
	else
		dmk_mend(
			finding,
			"move the call to where sleeping is allowed: before the lock, into a work item, or into a "
			"threaded interrupt handler");
}

static void not_mapped(struct dmk_checker *checker, const struct dmk_event *event,
		       const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	dmk_trace_is_line(where);
	finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_COH_10,
				      .where = where,
				      .device = dmk_shadow_device(&checker->shadow, event->dev)});
	if (!finding)
		return;
	dmk_say(finding,
		"%p is %s, which stands for memory that was allocated with DMA_ATTR_NO_KERNEL_MAPPING: there is nothing "
		"to follow",
		event->cpu, event->write ? "written" : "read");
	dmk_mend(
		finding,
		"pass it to dma_mmap_attrs() and dma_free_attrs() only, or allocate without the attribute");
}

/* readl() and its family, of an address where no register is. */
static void say_no_register(struct dmk_finding *finding, const struct dmk_event *event)
{
	bool null = (uintptr_t)event->cpu < 65536;

	dmk_say(finding,
		"%zu byte%s %s at %p, which is no address from ioremap() and its kin: no register is there",
		(size_t)event->size, event->size == 1 ? " is" : "s are",
		event->write ? "written" : "read", event->cpu);
	dmk_mend(
		finding,
		null ? "the pointer is NULL: look at what ioremap(), pcim_iomap() or of_iomap() returned before it is used"
		     : "use the pointer that ioremap() returned, before iounmap(), and offsets inside of what was mapped");
}

static void dereferenced(struct dmk_checker *checker, const struct dmk_event *event,
			 const struct dmk_trace *where)
{
	struct dmk_finding *finding;

	dmk_trace_is_line(where);
	finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_ADR_03,
				      .where = where,
				      .device = dmk_shadow_device(&checker->shadow, event->dev)});

	if (!finding)
		return;
	if (event->reason == DMK_REASON_BAD_ADDRESS) {
		say_no_register(finding, event);
		return;
	}
	dmk_say(finding, "a device register at %p is %s through a plain pointer", event->cpu,
		event->write ? "written" : "read");
	dmk_mend(
		finding,
		"use %s on the __iomem pointer: an ordinary access may be merged, reordered, or not reach the device",
		event->write ? "writel() (or writeb, writew, iowrite32, memcpy_toio)"
			     : "readl() (or readb, readw, ioread32, memcpy_fromio)");
}

static void old_address(struct dmk_checker *checker, const struct dmk_event *event,
			const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_ADR_05,
				      .where = where,
				      .device = dmk_shadow_device(&checker->shadow, event->dev)});

	if (!finding)
		return;
	dmk_say(finding,
		"%s is called: what it returns is right only where devices see memory without an IOMMU",
		event->name ? event->name : "virt_to_bus or bus_to_virt");
	dmk_mend(
		finding,
		"map the buffer with dma_map_single() and give the device the dma_addr_t; keep the CPU address "
		"beside it for the way back");
}

/*
 * ADR-01: a number that is no physical address of anything, and a handle of a device. A handle that
 * happens to be the address of other memory, too, can't be told from that.
 */
static void handle_as_phys(struct dmk_checker *checker, const struct dmk_event *event,
			   const struct dmk_trace *where)
{
	struct dmk_watched *device = checker->shadow.device_list;
	struct dmk_extent *extent = NULL;
	struct dmk_record *record;
	struct dmk_finding *finding;

	for (; device && !extent; device = device->next)
		extent = dmk_live_holding(device, event->phys.v);
	record = extent ? extent->record : NULL;
	if (!record || record->excused || record->phys == record->dma)
		return;
	finding = dmk_report(checker,
			     &(struct dmk_mistake){.rule = DMK_RULE_ADR_01,
						   .device = record->device,
						   .where = where,
						   .second = record->mapped,
						   .label = record->kind == DMK_RECORD_MAPPING
								    ? "mapped"
								    : "allocated",
						   .record = record});
	if (!finding)
		return;
	dmk_say(finding,
		"%s is given 0x%llx, where no memory is that anybody has: it is the DMA address of a %s buffer, as the device "
		"sees it",
		event->name, ULL(event->phys.v), dmk_kind_name(record->kind, record->map_kind));
	dmk_mend(
		finding,
		"there is no way from a dma_addr_t to memory: keep the CPU's pointer, or the page, beside the handle");
}

void dmk_judge_context(struct dmk_checker *checker, const struct dmk_event *event,
		       const struct dmk_trace *where)
{
	if (event->kind == DMK_EVENT_SLEEP_IN_ATOMIC)
		slept(checker, event, where);
	else if (event->kind == DMK_EVENT_IOMEM_DEREFERENCE && event->name &&
		 !strcmp(event->name, "no mapping"))
		not_mapped(checker, event, where);
	else if (event->kind == DMK_EVENT_IOMEM_DEREFERENCE)
		dereferenced(checker, event, where);
	else if (event->kind == DMK_EVENT_PHYS_USED)
		handle_as_phys(checker, event, where);
	else
		old_address(checker, event, where);
}
