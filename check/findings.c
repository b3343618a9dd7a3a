/* SPDX-License-Identifier: MIT */
/*
 * Findings: told apart by rule, place where the rule was broken, place where the buffer was made,
 * and device. A place is a source line: the same mistake at the same line is one finding with a
 * count, whatever led there.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings.h"

static uint64_t identity(const struct dmk_checker *checker, const struct dmk_mistake *mistake)
{
	uint64_t hash = dmk_hash(mistake->rule);

	if (mistake->device)
		hash = dmk_hash_more(hash, dmk_hash_text(mistake->device->name));
	if (mistake->where && !mistake->once_per_second)
		hash = dmk_hash_more(hash, dmk_trace_line(&checker->traces, mistake->where));
	if (mistake->second && !mistake->once_per_place)
		hash = dmk_hash_more(hash, ~dmk_trace_line(&checker->traces, mistake->second));
	return hash;
}

static bool make_room(struct dmk_checker *checker)
{
	size_t room = checker->room ? checker->room * 2 : 64;
	struct dmk_finding **findings;

	if (checker->options.max_findings && checker->nr_findings >= checker->options.max_findings)
		return false;
	if (checker->nr_findings < checker->room)
		return true;
	findings = realloc(checker->findings, room * sizeof(*findings));
	if (!findings)
		return false;
	checker->findings = findings;
	checker->room = room;
	return true;
}

static void fill(const struct dmk_checker *checker, struct dmk_finding *finding,
		 const struct dmk_mistake *mistake)
{
	finding->rule = &dmk_rules[mistake->rule];
	finding->count = mistake->count ? mistake->count : 1;
	finding->mapped_label = mistake->label ? mistake->label : "mapped";
	if (mistake->device) {
		dmk_text_copy(finding->device, sizeof(finding->device), mistake->device->name);
		dmk_text_copy(finding->driver, sizeof(finding->driver), mistake->device->driver);
	}
	if (mistake->where)
		finding->where = mistake->where->stack;
	if (mistake->second)
		finding->mapped = mistake->second->stack;
	if (mistake->record) {
		dmk_describe_record(&finding->buffer, mistake->record);
		dmk_describe_history(finding, mistake->record);
	}
	if (mistake->past) {
		dmk_describe_past(&finding->buffer, mistake->past);
		dmk_describe_past_history(&checker->shadow, finding, mistake->past);
	}
}

struct dmk_finding *dmk_known(struct dmk_checker *checker, const struct dmk_mistake *mistake)
{
	struct dmk_link *link = dmk_index_find(&checker->finding_index, identity(checker, mistake));

	return link ? &DMK_AROUND(link, struct dmk_finding_entry, link)->finding : NULL;
}

static void tell(struct dmk_checker *checker, const struct dmk_mistake *mistake,
		 const struct dmk_finding *finding)
{
	struct dmk_found found = {
		.index = DMK_AROUND(finding, struct dmk_finding_entry, finding)->index,
		.dev = mistake->device ? mistake->device->dev : NULL,
		.dma = DMK_MAPPING_ERROR,
	};

	if (!checker->options.found)
		return;
	if (mistake->record)
		found.dma = DMK_DMA(mistake->record->dma);
	else if (mistake->past)
		found.dma = DMK_DMA(mistake->past->dma);
	checker->options.found(checker->options.found_ctx, &found);
}

struct dmk_finding *dmk_report(struct dmk_checker *checker, const struct dmk_mistake *mistake)
{
	struct dmk_finding *known = dmk_known(checker, mistake);
	struct dmk_finding_entry *entry;

	if (known) {
		known->count += mistake->count ? mistake->count : 1;
		tell(checker, mistake, known);
		return NULL;
	}
	entry = make_room(checker) ? dmk_pile_get(&checker->finding_pile) : NULL;
	if (!entry) {
		checker->totals.lost_records++;
		return NULL;
	}
	fill(checker, &entry->finding, mistake);
	dmk_index_add(&checker->finding_index, &entry->link, identity(checker, mistake));
	entry->index = checker->nr_findings;
	checker->findings[checker->nr_findings++] = &entry->finding;
	tell(checker, mistake, &entry->finding);
	return &entry->finding;
}

void dmk_say(struct dmk_finding *finding, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(finding->what, sizeof(finding->what), format, list);
	va_end(list);
}

void dmk_mend(struct dmk_finding *finding, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(finding->mend, sizeof(finding->mend), format, list);
	va_end(list);
}

struct dmk_watched *dmk_device_of(struct dmk_checker *checker, const struct dmk_event *event)
{
	struct dmk_watched *device = dmk_shadow_device(&checker->shadow, event->dev);

	return device ? device : &checker->shadow.nobody;
}
