/* SPDX-License-Identifier: MIT */
/*
 * COH-05: a device that saw a later store and not an earlier one, since no barrier stood between
 * them; and a driver that may load what it finds before the flag that says it is there. Who keeps
 * the stores that are on their way says so for each read (docs/WATCHING.md).
 *
 * A store that was not seen is no mistake by itself: a device may look at a descriptor while the
 * driver writes it, see half of it and no flag, and look again later. It is one
 *
 *	when the device believed it: before it looked there again it wrote to bytes of one of the
 *	two, or went to the address that stood there before;
 *	when it was told to look: it read in answer to a register write that orders nothing.
 */
#include "findings.h"

#include <string.h>

#define ULL(value) ((unsigned long long)(value))

/* --- stores ----------------------------------------------------------------------------------- */

void dmk_note_store(struct dmk_checker *checker, const struct dmk_event *event,
		    const struct dmk_trace *where)
{
	checker->order.store[event->cookie % DMK_STORES_KEPT] =
		(struct dmk_stored){event->cookie, event->size, where};
}

/* Without its place, when so many came since that it is forgotten. */
static struct dmk_stored store_of(const struct dmk_checker *checker, uint64_t cookie)
{
	const struct dmk_stored *stored = &checker->order.store[cookie % DMK_STORES_KEPT];

	return stored->cookie == cookie ? *stored : (struct dmk_stored){.cookie = cookie};
}

/* --- words ------------------------------------------------------------------------------------ */

static void say(struct dmk_finding *finding, const struct dmk_torn *torn, bool told)
{
	const unsigned long long size = torn->earlier_at.last - torn->earlier_at.first + 1;

	if (told)
		dmk_say(finding,
			"this register write does not wait for the stores before it: the device read "
			"[0x%llx, 0x%llx] when it came, and did not see the %llu byte%s stored at 0x%llx",
			ULL(torn->read.first), ULL(torn->read.last), size, dmk_plural(size),
			ULL(torn->earlier_at.first));
	else
		dmk_say(finding,
			"the device read [0x%llx, 0x%llx], saw the %llu byte%s that are stored here at 0x%llx, and "
			"not the %llu byte%s stored before at 0x%llx: no barrier stands between",
			ULL(torn->read.first), ULL(torn->read.last),
			ULL(torn->later_at.last - torn->later_at.first + 1),
			dmk_plural(torn->later_at.last - torn->later_at.first + 1),
			ULL(torn->later_at.first), size, dmk_plural(size),
			ULL(torn->earlier_at.first));
}

static void mend(struct dmk_finding *finding, const struct dmk_torn *torn, bool told)
{
	const char *place =
		told ? "writel() in place of the relaxed or raw call, or wmb() before it"
		     : "dma_wmb() between the two, right before this store; the word that hands the "
		       "descriptor over is stored last";

	if (torn->fence)
		dmk_mend(finding, "%s; %s(), which is there, is for what other CPUs see", place,
			 torn->fence);
	else
		dmk_mend(finding, "%s", place);
}

/* One mistake a place: how much was not seen is chance. */
static struct dmk_mistake mistake_of(const struct dmk_torn *torn)
{
	const struct dmk_extent *extent = dmk_live_holding(torn->device, torn->earlier_at.first);

	return (struct dmk_mistake){.rule = DMK_RULE_COH_05,
				    .device = torn->device,
				    .where = torn->later.where,
				    .second = torn->earlier.where,
				    .label = "stored before",
				    .record = extent ? extent->record : NULL,
				    .once_per_place = true};
}

static void report(struct dmk_checker *checker, const struct dmk_torn *torn, bool told)
{
	const struct dmk_mistake mistake = mistake_of(torn);
	struct dmk_finding *finding = dmk_report(checker, &mistake);

	if (!finding)
		return;
	say(finding, torn, told);
	mend(finding, torn, told);
}

/* One report for all that the device did not see when it was told to look. */
static void report_register(struct dmk_checker *checker, const struct dmk_torn *torn)
{
	struct dmk_order *order = &checker->order;
	const struct dmk_mistake mistake = mistake_of(torn);

	if (order->last_register == torn->later.cookie)
		return;
	report(checker, torn, true);
	order->last_register = torn->later.cookie;
	order->told = dmk_known(checker, &mistake);
	order->told_device = torn->device;
}

/* --- what a device reads, and believes -------------------------------------------------------- */

/* Little endian, as descriptors are. */
static void note_stale(struct dmk_torn *torn, const struct dmk_event *event)
{
	const struct dmk_event_order *order = event->order;
	const size_t size = order->earlier_size, at = order->earlier_dma.v - event->dma.v;
	const uint8_t *bytes = event->cpu;

	for (size_t i = size; i--;)
		torn->stale = torn->stale << 8 | order->bytes[i];
	torn->is_address = torn->stale && (size == 4 || size == 8);
	for (size_t i = 0; i + size <= event->size; i += 4)
		if (i != at && !memcmp(bytes + i, order->bytes, size))
			torn->is_address = false;
}

void dmk_judge_unseen(struct dmk_checker *checker, const struct dmk_event *event)
{
	const struct dmk_event_order *order = event->order;
	struct dmk_torn torn = {
		.device = dmk_shadow_requester(&checker->shadow, event->requester),
		.later = store_of(checker, order->later),
		.earlier = store_of(checker, order->earlier),
		.fence = event->name,
		.said = order->is_register,
	};

	if (!torn.device)
		return;
	dmk_range_set(&torn.read, event->dma.v, event->size);
	dmk_range_set(&torn.earlier_at, order->earlier_dma.v, order->earlier_size);
	/* Of a register: where the earlier one is. */
	torn.later_at = torn.earlier_at;
	if (!order->is_register)
		dmk_range_set(&torn.later_at, order->later_dma.v, order->later_size);
	note_stale(&torn, event);
	if (order->is_register)
		report_register(checker, &torn);
	if (checker->order.nr_torn < DMK_TORN_KEPT)
		checker->order.torn[checker->order.nr_torn++] = torn;
}

static bool touches(const struct dmk_range *range, const struct dmk_event *event)
{
	struct dmk_range access;

	dmk_range_set(&access, event->dma.v, event->size);
	return access.first <= range->last && range->first <= access.last;
}

static bool writes_there(const struct dmk_torn *torn, const struct dmk_event *event)
{
	return event->kind == DMK_EVENT_DEVICE_ACCESS && event->write &&
	       (touches(&torn->later_at, event) || touches(&torn->earlier_at, event));
}

/* It looks there again, and sees what there is then. */
static bool looks_again(const struct dmk_torn *torn, const struct dmk_event *event)
{
	return event->kind == DMK_EVENT_DEVICE_ACCESS && !event->write &&
	       touches(&torn->earlier_at, event);
}

static void forget(struct dmk_order *order, unsigned int i)
{
	order->nr_torn--;
	for (; i < order->nr_torn; i++)
		order->torn[i] = order->torn[i + 1];
}

/* All that the device has not seen of what is before one later store: one mistake. */
static void report_once(struct dmk_checker *checker, struct dmk_torn *torn)
{
	struct dmk_order *order = &checker->order;

	if (torn->said)
		return;
	/* What else it got to see too early follows from a register write that told it to look. */
	if (order->told && order->told_device == torn->device)
		order->told->count++;
	else
		report(checker, torn, false);
	for (unsigned int i = 0; i < order->nr_torn; i++)
		if (order->torn[i].device == torn->device &&
		    order->torn[i].later.cookie == torn->later.cookie)
			order->torn[i].said = true;
}

bool dmk_judge_believed(struct dmk_checker *checker, const struct dmk_watched *device,
			const struct dmk_event *event)
{
	struct dmk_order *order = &checker->order;
	bool explained = false;

	for (unsigned int i = order->nr_torn; i--;)
		if (order->torn[i].device == device && looks_again(&order->torn[i], event))
			forget(order, i);
	for (unsigned int i = 0; i < order->nr_torn; i++) {
		struct dmk_torn *torn = &order->torn[i];
		const bool goes_there = torn->stale == event->dma.v &&
					(torn->is_address || torn->said);

		if (torn->device != device || !(goes_there || writes_there(torn, event)))
			continue;
		report_once(checker, torn);
		explained |= goes_there;
	}
	return explained;
}

/* --- what the driver reads -------------------------------------------------------------------- */

void dmk_judge_load_early(struct dmk_checker *checker, const struct dmk_event *event,
			  const struct dmk_trace *where)
{
	const struct dmk_event_order *order = event->order;
	const struct dmk_watched *device = dmk_shadow_requester(&checker->shadow, event->requester);
	const struct dmk_extent *extent =
		device ? dmk_live_holding(device, event->dma.v) : NULL;
	struct dmk_finding *finding;

	if (!extent)
		return;
	finding = dmk_report(checker, &(struct dmk_mistake){
					      .rule = DMK_RULE_COH_05,
					      .device = device,
					      .where = where,
					      .second = store_of(checker, order->earlier).where,
					      .label = "loaded before",
					      .record = extent->record,
					      .once_per_place = true});
	if (!finding)
		return;
	dmk_say(finding,
		"this load of %llu byte%s at 0x%llx may be done before the one of %llu byte%s at 0x%llx: the device "
		"wrote both while the driver was looking, and no barrier stands between, so a CPU may "
		"find the second new and the first old",
		ULL(event->size), dmk_plural(event->size), ULL(event->dma.v),
		ULL(order->earlier_size), dmk_plural(order->earlier_size),
		ULL(order->earlier_dma.v));
	if (event->name)
		dmk_mend(finding,
			 "dma_rmb() between the two, right after the flag was seen; %s(), which is there, is "
			 "for what other CPUs write",
			 event->name);
	else
		dmk_mend(finding, "dma_rmb() between the two, right after the flag was seen");
}

void dmk_forget_torn(struct dmk_checker *checker, const struct dmk_event *event)
{
	const struct dmk_watched *device = dmk_device_of(checker, event);
	struct dmk_order *order = &checker->order;

	for (unsigned int i = order->nr_torn; i--;)
		if (order->torn[i].device == device)
			forget(order, i);
	if (event->kind == DMK_EVENT_DEVICE_REMOVE && order->told_device == device)
		order->told = NULL;
}
