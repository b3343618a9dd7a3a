/* SPDX-License-Identifier: MIT */
/*
 * The channels of the ISA bus: programmed by who has not requested one, without the lock, or for a
 * transfer that an 8237 can't do (ISA-01, ISA-02, ISA-04). And whose a channel's accesses are.
 */
#include <string.h>

#include "findings.h"

#define ULL(value) ((unsigned long long)(value))

static enum dmk_rule_name rule_of(enum dmk_reason reason)
{
	if (reason == DMK_REASON_NOT_FOUND)
		return DMK_RULE_ISA_01;
	return reason == DMK_REASON_BAD_CONTEXT ? DMK_RULE_ISA_02 : DMK_RULE_ISA_04;
}

static void say_nobodys(struct dmk_finding *finding, const struct dmk_event *event)
{
	if (!strcmp(event->name, "free_dma")) {
		dmk_say(finding, "DMA channel %llu is freed, and nobody has it",
			ULL(event->cookie));
		dmk_mend(finding, "call free_dma() once for each request_dma() that returned 0");
		return;
	}
	dmk_say(finding, "%s is called for DMA channel %llu, which nobody has requested",
		event->name, ULL(event->cookie));
	dmk_mend(
		finding,
		"call request_dma() first, and go no further when it does not return 0: the channel is "
		"another driver's, or the machine has none");
}

static void say_unlocked(struct dmk_finding *finding, const struct dmk_event *event)
{
	dmk_say(finding, "%s is called for DMA channel %llu without the DMA lock", event->name,
		ULL(event->cookie));
	dmk_mend(finding,
		 "take flags = claim_dma_lock() before the channel is set up or looked at, and "
		 "release_dma_lock(flags) after: all channels share one flip-flop");
}

static void say_transfer(struct dmk_finding *finding, const struct dmk_event *event)
{
	const bool wide = event->cookie > 3;
	const uint64_t dma = event->dma.v;

	switch (event->reason) {
	case DMK_REASON_UNREACHABLE:
		dmk_say(finding,
			"DMA channel %llu is given %llu byte%s at 0x%llx, and drives 24 address bits: it will go to 0x%llx",
			ULL(event->cookie), ULL(event->size), dmk_plural(event->size), ULL(dma),
			ULL(dma & 0xffffff));
		dmk_mend(finding,
			 "set a mask of 24 bits and take the address from dma_alloc_coherent() or "
			 "dma_map_single(); memory from kmalloc() wants GFP_DMA");
		return;
	case DMK_REASON_BAD_ADDRESS:
		dmk_say(finding,
			"DMA channel %llu moves words of two bytes and is given the odd address 0x%llx",
			ULL(event->cookie), ULL(dma));
		dmk_mend(finding, "use a buffer at an even address, or one of the channels 0 to 3");
		return;
	case DMK_REASON_BAD_SIZE:
		dmk_say(finding, "DMA channel %llu is given a count of %llu bytes",
			ULL(event->cookie), ULL(event->size));
		dmk_mend(finding,
			 "set a count of 1 to 65536 bytes; on channels 5 to 7 an even one of 2 to "
			 "131072");
		return;
	default:
		dmk_say(finding,
			"DMA channel %llu is given %llu bytes at 0x%llx, across a boundary of %s KiB: after it the "
			"transfer goes on at 0x%llx",
			ULL(event->cookie), ULL(event->size), ULL(dma), wide ? "128" : "64",
			ULL(dma & ~(wide ? 0x1ffffULL : 0xffffULL)));
		dmk_mend(
			finding,
			"take the buffer from dma_alloc_coherent(): up to 64 KiB it crosses no such "
			"boundary; or split the transfer there");
	}
}

/* Which device it is for, no call says. */
void dmk_judge_channel(struct dmk_checker *checker, const struct dmk_event *event,
		       const struct dmk_trace *where)
{
	struct dmk_finding *finding = dmk_report(
		checker, &(struct dmk_mistake){.rule = rule_of(event->reason), .where = where});

	if (!finding)
		return;
	if (event->reason == DMK_REASON_NOT_FOUND)
		say_nobodys(finding, event);
	else if (event->reason == DMK_REASON_BAD_CONTEXT)
		say_unlocked(finding, event);
	else
		say_transfer(finding, event);
}

/*
 * No call says which device a channel works for; what is mapped where it was sent does. The one
 * that it was keeps it, as long as it may be: with two that have the same address, and no IOMMU
 * between, the memory is the same.
 */
void dmk_note_channel(struct dmk_checker *checker, const struct dmk_event *event)
{
	struct dmk_shadow *shadow = &checker->shadow;
	struct dmk_watched *device =
		dmk_shadow_requester(shadow, DMK_REQUESTER_CHANNEL + (uint32_t)event->cookie);

	if (!device || !dmk_live_holding(device, event->dma.v))
		for (device = shadow->device_list; device; device = device->next)
			if (dmk_live_holding(device, event->dma.v))
				break;
	dmk_shadow_name_channel(shadow, event->cookie, device);
}
