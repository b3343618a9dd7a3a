/* SPDX-License-Identifier: MIT */
/*
 * Scatterlists as lists: walked past a link, indexed past the end, not initialised, not long enough
 * (SGL-02, STR-11). Their mapping and unmapping is judged where that of other buffers is.
 */
#include <string.h>

#include "findings.h"

#define ULL(value) ((unsigned long long)(value))

static void say_link(struct dmk_finding *finding, const char *call)
{
	dmk_say(finding,
		"%s is called for an entry that is no piece of the list but the link to its next part: the list was walked "
		"with sg++ or by an index",
		call);
	dmk_mend(
		finding,
		"go from entry to entry with sg_next(), or for_each_sg(): a list of more than a page is chained");
}

static void say_end(struct dmk_finding *finding, const char *call)
{
	dmk_say(finding,
		"%s is called for an entry before the first or behind the last of its table", call);
	dmk_mend(
		finding,
		"stop after as many entries as the table has (for_each_sg, or until sg_next() gives NULL)");
}

static void say_not_initialised(struct dmk_finding *finding, const char *call)
{
	if (strstr(call, "free")) {
		dmk_say(finding, "%s is called for a list that sg_alloc_table() did not make",
			call);
		dmk_mend(
			finding,
			"give back with it only what sg_alloc_table() and its family filled in: a list in memory of the "
			"driver's own goes with that memory");
		return;
	}
	dmk_say(finding, "%s is called for an entry that was never initialised", call);
	dmk_mend(finding, "call sg_init_table() on the whole list before its entries are set");
}

/* What one entry is used for one after the other is one mistake. */
void dmk_judge_list(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where)
{
	const char *call = event->name ? event->name : "a call";
	struct dmk_finding *finding;

	if (event->cpu == checker->mistaken_entry)
		return;
	checker->mistaken_entry = event->cpu;
	finding = dmk_report(checker,
			     &(struct dmk_mistake){.rule = DMK_RULE_SGL_02, .where = where});
	if (!finding)
		return;
	if (event->reason == DMK_REASON_BAD_ARGUMENT)
		say_link(finding, call);
	else if (event->reason == DMK_REASON_BAD_SIZE)
		say_end(finding, call);
	else
		say_not_initialised(finding, call);
}

static unsigned int entries_there(const struct dmk_event *event)
{
	unsigned int n = 0;

	while (n < event->nents && event->sg[n].phys.v != ~0ULL)
		n++;
	return n;
}

static void say_size(struct dmk_finding *finding, const struct dmk_event *event)
{
	const unsigned int there = event->sg ? entries_there(event) : 0;

	if (!event->cpu || !event->nents) {
		dmk_say(finding, "dma_map_sg was given %s",
			event->cpu ? "0 entries, or fewer" : "no list: NULL");
		dmk_mend(finding, "leave the transfer out when there is nothing to transfer");
	} else if (event->sg && event->entry >= there) {
		dmk_say(finding, "dma_map_sg was given %u entries of a list that has %u",
			event->nents, there);
		dmk_mend(
			finding,
			"pass the number of entries that were filled in: sg_nents(), or the table's orig_nents");
	} else if (event->sg && !event->sg[event->entry].length) {
		dmk_say(finding,
			"dma_map_sg was given a list of %u entr%s, and entry %u has no bytes",
			event->nents, event->nents == 1 ? "y" : "ies", event->entry);
		dmk_mend(
			finding,
			"give each entry its length with sg_set_page() or sg_set_buf(), and pass the number of entries "
			"that have one");
	} else {
		dmk_say(finding,
			"dma_map_sg was given %u entries, and entry %u, or the number, is beyond all memory",
			event->nents, event->entry);
		dmk_mend(
			finding,
			"check lengths and counts before they are used: a negative number was probably taken for one");
	}
}

void dmk_judge_list_refused(struct dmk_checker *checker, const struct dmk_event *event,
			    const struct dmk_trace *where)
{
	struct dmk_finding *finding =
		dmk_report(checker, &(struct dmk_mistake){.rule = DMK_RULE_STR_11,
							  .device = dmk_device_of(checker, event),
							  .where = where});

	if (!finding)
		return;
	if (event->reason == DMK_REASON_BAD_SIZE) {
		say_size(finding, event);
		return;
	}
	dmk_say(finding,
		"dma_map_sg was given a list of %u entr%s, and entry %u is not in RAM (physical 0x%llx, %llu byte%s)",
		event->nents, event->nents == 1 ? "y" : "ies", event->entry,
		ULL(event->sg ? event->sg[event->entry].phys.v : 0),
		ULL(event->sg ? event->sg[event->entry].length : 0),
		dmk_plural(event->sg ? event->sg[event->entry].length : 0));
	dmk_mend(finding,
		 "fill each entry with sg_set_page() or sg_set_buf() from memory of the kernel's "
		 "allocators, after sg_init_table()");
}
