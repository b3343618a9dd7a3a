/* SPDX-License-Identifier: MIT */
/*
 * What a mapping call is asked for: a direction, an address, a size, a device that may do DMA at
 * all. Mostly of calls that the core refused, and said why.
 */
#include <dmakit/os.h>

#include "findings.h"

#define ULL(value) ((unsigned long long)(value))

static bool is_direction(enum dmk_direction dir)
{
	return dir == DMK_BIDIRECTIONAL || dir == DMK_TO_DEVICE || dir == DMK_FROM_DEVICE;
}

static void bad_direction(struct dmk_checker *checker, struct dmk_watched *device,
			  const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_DIR_01, .device = device, .where = where});

	if (!finding)
		return;
	dmk_say(finding, "%s was given direction %d (%s), which is none for a mapping",
		event->kind == DMK_EVENT_ALLOC_FAILED
			? dmk_take_call(dmk_made_kind(event->alloc_kind))
			: dmk_map_call(event->map_kind),
		(int)event->dir, dmk_direction_name(event->dir));
	dmk_mend(
		finding,
		"say who writes the buffer: DMA_TO_DEVICE if the CPU does, DMA_FROM_DEVICE if the device "
		"does, DMA_BIDIRECTIONAL if both do");
}

static void report_mask(struct dmk_checker *checker, struct dmk_watched *device,
			struct dmk_mask_state *mask, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(checker,
						 &(struct dmk_mistake){.rule = DMK_RULE_MSK_03,
								       .device = device,
								       .where = where,
								       .second = mask->where,
								       .label = "refused"});

	mask->said = true;
	if (!finding)
		return;
	dmk_say(finding,
		"DMA is done although the machine refused the device's mask 0x%llx and accepted no other",
		ULL(mask->mask));
	dmk_mend(
		finding,
		"look at what the mask call returns: try a mask the machine can serve, and leave probe with "
		"the error if there is none");
}

/*
 * By whom, nobody knows: a timer, a work, another driver. What is taken now, nobody's remove() will
 * give back.
 */
static void after_let_go(struct dmk_checker *checker, struct dmk_watched *device,
			 const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_STR_06, .device = device, .where = where});

	if (!finding)
		return;
	dmk_say(finding,
		"memory is mapped or allocated for the device after driver %s let go of it",
		device->let_go);
	dmk_mend(
		finding,
		"in remove(), stop everything that may still come here (interrupt, timer, work, thread, file) before "
		"the mappings are undone; and keep no pointer to a device that is not yours any more");
}

void dmk_judge_mask(struct dmk_checker *checker, struct dmk_watched *device,
		    struct dmk_mask_state *mask, const struct dmk_trace *where)
{
	if (!mask->used)
		mask->first_use = where;
	mask->used = true;
	if (device->let_go[0])
		after_let_go(checker, device, where);
	if (mask->refused)
		report_mask(checker, device, mask, where);
}

struct address_words {
	enum dmk_rule_name rule;
	const char *what, *mend;
};

static const struct address_words *words_for_address(int kind)
{
	static const struct address_words words[] = {
		[DMK_ADDRESS_VMALLOC] =
			{DMK_RULE_MEM_02, "a vmalloc() address",
			 "allocate the buffer with kmalloc(), or map its pages one by one: "
			 "vmalloc_to_page() and dma_map_page(), or a scatterlist"},
		[DMK_ADDRESS_STACK] =
			{DMK_RULE_MEM_03, "on the stack",
			 "allocate the buffer with kmalloc(), or make it part of what probe allocates"},
		[DMK_ADDRESS_IMAGE] =
			{DMK_RULE_MEM_03, "in the driver's own code or static data",
			 "copy it into memory from kmalloc() (kmemdup()) and map that"},
		[DMK_ADDRESS_KMAP] =
			{DMK_RULE_MEM_04, "a kmap() address",
			 "map the page itself: dma_map_page(dev, page, offset, size, dir)"},
		[DMK_ADDRESS_IOMEM] =
			{DMK_RULE_MEM_02, "device registers from ioremap(), not memory",
			 "to let a device reach another's registers, use dma_map_resource() with the "
			 "physical address of the resource"},
		[DMK_ADDRESS_UNKNOWN] =
			{DMK_RULE_STR_11, "no memory of the machine",
			 "map memory that came from the kernel's allocators; check the pointer for NULL "
			 "and for having been freed"},
	};

	if (kind <= DMK_ADDRESS_DIRECT || kind > DMK_ADDRESS_UNKNOWN)
		return &words[DMK_ADDRESS_UNKNOWN];
	return &words[kind];
}

static void bad_address(struct dmk_checker *checker, struct dmk_watched *device,
			const struct dmk_event *event, const struct dmk_trace *where)
{
	static const struct address_words registers = {
		DMK_RULE_STR_11, "RAM, and no device's register",
		"map memory with dma_map_page(), dma_map_single(), or dma_map_phys() without DMA_ATTR_MMIO"};
	const bool is_list = event->map_kind == DMK_MAP_SG;
	const struct address_words *words = event->address_kind == DMK_ADDRESS_DIRECT && !is_list
						    ? &registers
						    : words_for_address(event->address_kind);
	struct dmk_finding *finding = dmk_report(checker, &(struct dmk_mistake){.rule = words->rule,
										.device = device,
										.where = where});

	if (!finding)
		return;
	finding->buffer = (struct dmk_buffer){
		.known = true,
		.kind = "memory",
		.cpu = event->cpu,
		.size = event->size,
		.dir = event->dir,
		.directed = true,
		.owner = "CPU",
	};
	if (is_list)
		dmk_say(finding, "dma_map_sg was given a list whose entry %u is %s", event->entry,
			words->what);
	else if (words == &registers)
		dmk_say(finding, "%s was given physical 0x%llx (%llu byte%s), which is %s",
			dmk_map_call(event->map_kind), ULL(event->phys.v), ULL(event->size),
			dmk_plural(event->size), words->what);
	else
		dmk_say(finding, "%s was given %p (%llu byte%s), which is %s",
			dmk_map_call(event->map_kind), event->cpu, ULL(event->size),
			dmk_plural(event->size), words->what);
	dmk_mend(finding, "%s", words->mend);
}

static void not_memory(struct dmk_checker *checker, struct dmk_watched *device,
		       const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_STR_11, .device = device, .where = where});

	if (!finding)
		return;
	if (event->reason == DMK_REASON_NOT_RAM) {
		dmk_say(finding,
			"%s was given physical 0x%llx, %llu byte%s, and not all of it is RAM",
			dmk_map_call(event->map_kind), ULL(event->phys.v), ULL(event->size),
			dmk_plural(event->size));
		dmk_mend(
			finding,
			"map RAM only, from the page it starts in to its end; another device's registers are mapped "
			"with dma_map_resource()");
	} else if (!event->size) {
		dmk_say(finding, "%s was asked to map 0 bytes", dmk_map_call(event->map_kind));
		dmk_mend(finding, "leave the transfer out when there is nothing to transfer");
	} else {
		dmk_say(finding,
			"%s was asked to map %llu bytes from 0x%llx, which wraps around the end of the address space",
			dmk_map_call(event->map_kind), ULL(event->size), ULL(event->phys.v));
		dmk_mend(
			finding,
			"check the length before it is used: a negative number was probably taken for a size");
	}
}

static void no_dma_device(struct dmk_checker *checker, struct dmk_watched *device,
			  const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_MSK_03, .device = device, .where = where});

	if (!finding)
		return;
	if (!event->dev)
		dmk_say(finding, "DMA is asked for without a device: NULL was given");
	else
		dmk_say(finding, "DMA is asked for a device that has no DMA mask at all");
	dmk_mend(
		finding,
		"pass the device that does the transfer (&pdev->dev), and set its mask in probe with "
		"dma_set_mask_and_coherent()");
}

static void registers_of_memory(struct dmk_checker *checker, struct dmk_watched *device,
				const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_STR_11, .device = device, .where = where});

	if (!finding)
		return;
	dmk_say(finding,
		"%s was called with DMA_ATTR_MMIO, which means a device's registers, for memory that is RAM",
		dmk_map_call(event->map_kind));
	dmk_mend(
		finding,
		"leave the attribute out; registers are mapped with dma_map_phys() and DMA_ATTR_MMIO, or dma_map_resource()");
}

void dmk_judge_map_failed(struct dmk_checker *checker, const struct dmk_event *event,
			  const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);

	switch (event->reason) {
	case DMK_REASON_BAD_DIRECTION:
		bad_direction(checker, device, event, where);
		break;
	case DMK_REASON_BAD_ADDRESS:
		bad_address(checker, device, event, where);
		break;
	case DMK_REASON_NOT_RAM:
	case DMK_REASON_BAD_SIZE:
		if (event->map_kind == DMK_MAP_SG)
			dmk_judge_list_refused(checker, event, where);
		else
			not_memory(checker, device, event, where);
		break;
	case DMK_REASON_BAD_ARGUMENT:
		if (event->map_kind == DMK_MAP_LINK)
			dmk_judge_link_refused(checker, event, where);
		else
			registers_of_memory(checker, device, event, where);
		break;
	case DMK_REASON_NOT_FOUND:
		dmk_judge_link_refused(checker, event, where);
		break;
	case DMK_REASON_BAD_DEVICE:
		no_dma_device(checker, device, event, where);
		break;
	/*
	 * room, reach, size: what a machine may answer, and a driver handles; asked for it has all
	 * the same
	 */
	default:
		dmk_judge_mask(checker, device, &device->streaming, where);
		break;
	}
}

static void bad_flags(struct dmk_checker *checker, struct dmk_watched *device,
		      const struct dmk_event *event, const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker,
		&(struct dmk_mistake){.rule = DMK_RULE_COH_10, .device = device, .where = where});

	if (!finding)
		return;
	dmk_say(finding,
		"%s was refused for its flags: a zone, __GFP_COMP, or an attribute (0x%lx) that it doesn't take",
		dmk_take_call(dmk_made_kind(event->alloc_kind)), event->attrs);
	dmk_mend(
		finding,
		"pass GFP_KERNEL or GFP_ATOMIC: the zone follows from the device's mask; dma_alloc_noncontiguous takes "
		"DMA_ATTR_ALLOC_SINGLE_PAGES or no attribute");
}

void dmk_judge_alloc_failed(struct dmk_checker *checker, const struct dmk_event *event,
			    const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);

	switch (event->reason) {
	case DMK_REASON_BAD_DEVICE:
		no_dma_device(checker, device, event, where);
		break;
	case DMK_REASON_BAD_DIRECTION:
		bad_direction(checker, device, event, where);
		break;
	case DMK_REASON_BAD_ARGUMENT:
		bad_flags(checker, device, event, where);
		break;
	/*
	 * room, size: what a machine may answer, and a driver handles; asked for it has all the
	 * same
	 */
	default:
		dmk_judge_mask(checker, device, &device->coherent, where);
		break;
	}
}

/* Of a call that was not refused. A core that follows the contract leaves nothing to find here. */
void dmk_judge_request(struct dmk_checker *checker, const struct dmk_event *event,
		       const struct dmk_trace *where)
{
	struct dmk_watched *device = dmk_device_of(checker, event);

	if (!is_direction(event->dir))
		bad_direction(checker, device, event, where);
	if (event->map_kind == DMK_MAP_SINGLE && event->address_kind != DMK_ADDRESS_DIRECT)
		bad_address(checker, device, event, where);
	dmk_judge_mask(checker, device, &device->streaming, where);
}
