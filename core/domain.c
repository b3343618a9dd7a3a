/* SPDX-License-Identifier: MIT */
/*
 * Domains' life: a group of devices has one, from its first device to its last (IOM-07). What is
 * mapped in it is domain_map.c's.
 *
 *	iommu.passthrough=1, iommu=pt      devices that are trusted use physical addresses, as if there were no IOMMU
 *	iommu.strict=1                     an unmap waits until the IOMMU has forgotten it (the default)
 *	iommu.strict=0                     it doesn't: see domain_flush.c. Never so for a device that is not trusted
 *	iommu.forcedac=0                   addresses below 4 GiB come first, as where Linux is not told otherwise; without it those from the
 *	                                   top do, so that a driver which loses the upper half of an
 *	                                   address is found out
 *	dmakit.iova_reuse=newest           addresses that were given back are taken again: the newest of
 *	                                   them first (the default)
 *	dmakit.iova_reuse=oldest           the oldest of them first
 *	dmakit.iova_reuse=random[,SEED]    any of them, or what was never taken
 *	dmakit.iova_reuse=last             none of them while there are others. A driver that goes on using
 *	                                   what it gave back is found out by one order or another
 */
#include <linux/errno.h>

#include "domain_private.h"
#include "lent.h"
#include "lock.h"
#include "parameters.h"
#include "straight.h"
#include "text.h"
#include "window.h"

static struct {
	struct dmk_lock lock; /* guards the list, and who is in which */
	struct dmk_domain *first;
	bool lazy, passthrough, low_first;
	enum dmk_iova_reuse reuse;
	uint64_t seed; /* of the reuse */
} domains;

/* --- parameters ------------------------------------------------------------------------------- */

static void read_reuse(const char *value)
{
	static const char *const word[] = {
		[DMK_IOVA_NEWEST] = "newest",
		[DMK_IOVA_OLDEST] = "oldest",
		[DMK_IOVA_RANDOM] = "random",
		[DMK_IOVA_LAST] = "last",
	};

	for (enum dmk_iova_reuse reuse = DMK_IOVA_NEWEST; reuse <= DMK_IOVA_LAST; reuse++)
		if (dmk_parameter_take_word(&value, word[reuse]))
			domains.reuse = reuse;
	domains.seed = 1;
	if (*value == ',') {
		value++;
		dmk_parameter_take_number(&value, &domains.seed);
	}
}

void dmk_domains_start(const char *parameters)
{
	domains.first = NULL;
	domains.lazy = domains.passthrough = domains.low_first = false;
	domains.reuse = DMK_IOVA_NEWEST;
	dmk_pgtables_start();
	for (const char *at = parameters; *at; at = dmk_parameter_next(at)) {
		if (dmk_parameter_is(at, "iommu.strict=0"))
			domains.lazy = true;
		else if (dmk_parameter_is(at, "iommu.strict=1"))
			domains.lazy = false;
		else if (dmk_parameter_is(at, "iommu.forcedac=0"))
			domains.low_first = true;
		else if (dmk_parameter_is(at, "iommu.forcedac=1"))
			domains.low_first = false;
		else if (dmk_parameter_is(at, "iommu.passthrough=1") ||
			 dmk_parameter_is(at, "iommu=pt"))
			domains.passthrough = true;
		else if (dmk_parameter_is(at, "iommu.passthrough=0") ||
			 dmk_parameter_is(at, "iommu=nopt"))
			domains.passthrough = false;
		else if (dmk_parameter_value(at, "dmakit.iova_reuse="))
			read_reuse(dmk_parameter_value(at, "dmakit.iova_reuse="));
	}
}

/* --- one domain ------------------------------------------------------------------------------- */

static void domain_free(struct dmk_domain *domain)
{
	dmk_domain_queue_end(domain);
	dmk_iova_states_forget(domain);
	dmk_pgtable_free(domain->table);
	dmk_iova_free(domain->space);
	dmk_meta_free(domain, sizeof(*domain));
}

static uint64_t last_iova(const struct dmk_iommu *iommu)
{
	return iommu->iova_bits >= 64 ? ~0ULL : (1ULL << iommu->iova_bits) - 1;
}

static bool is_of_group(const struct dmk_iommu *iommu, const struct dmk_iommu_region *region,
			uint32_t group)
{
	return region->requester == DMK_REQUESTER_NONE ||
	       iommu->ops->group_of(iommu->ctx, region->requester) == group;
}

/* Regions are not for giving out; those that firmware uses are mapped one to one (IOM-03). */
static int take_regions(struct dmk_domain *domain)
{
	const struct dmk_iommu *iommu = domain->iommu;
	int result = 0;

	for (unsigned int i = 0; i < iommu->nr_regions && !result; i++) {
		const struct dmk_iommu_region *region = &iommu->regions[i];

		if (!is_of_group(iommu, region, domain->group))
			continue;
		result = dmk_iova_reserve(domain->space, region->first, region->last);
		if (!result && region->kind == DMK_REGION_IDENTITY)
			result = dmk_pgtable_map(
				domain->table, region->first, DMK_PHYS(region->first),
				region->last - region->first + 1,
				DMK_PROT_READ | (region->write ? DMK_PROT_WRITE : 0), true);
	}
	return result;
}

/*
 * The first granule is left out: address 0 is a good one, and yet most drivers that use it are
 * wrong.
 */
static struct dmk_domain *domain_new(const struct dmk_iommu *iommu, uint32_t group, bool lazy)
{
	struct dmk_domain *domain = dmk_meta_alloc(sizeof(*domain), true);

	if (!domain)
		return NULL;
	domain->iommu = iommu;
	domain->group = group;
	domain->granule = iommu->page_sizes & -iommu->page_sizes;
	while (1ULL << domain->shift < domain->granule)
		domain->shift++;
	domain->table = dmk_pgtable_make(iommu);
	domain->space = dmk_iova_make(domain->granule, last_iova(iommu), domain->shift);
	if (domain->space && domains.low_first)
		dmk_iova_prefer(domain->space, 0xffffffff);
	if (domain->space)
		dmk_iova_reuse(domain->space, domains.reuse, domains.seed + group);
	if (!domain->table || !domain->space || (lazy && !dmk_domain_queue_make(domain)) ||
	    take_regions(domain)) {
		domain_free(domain);
		return NULL;
	}
	return domain;
}

static struct dmk_domain *find(const struct dmk_iommu *iommu, uint32_t group)
{
	for (struct dmk_domain *domain = domains.first; domain; domain = domain->next)
		if (domain->iommu == iommu && domain->group == group)
			return domain;
	return NULL;
}

static uint16_t free_id(const struct dmk_iommu *iommu)
{
	uint16_t id = 1;

	for (struct dmk_domain *domain = domains.first; domain;) {
		if (domain->iommu == iommu && domain->id == id) {
			id++;
			domain = domains.first;
		} else {
			domain = domain->next;
		}
	}
	return id;
}

/* Joins the group's domain, or becomes its first member with @fresh. */
static struct dmk_domain *join(struct dmk_dev *dev, uint32_t group, struct dmk_domain *fresh)
{
	const struct dmk_iommu *iommu = dev->bus->iommu;
	unsigned long flags = dmk_lock_take(&domains.lock);
	struct dmk_domain *domain = find(iommu, group);

	if (!domain && fresh) {
		fresh->id = free_id(iommu);
		dmk_pgtable_tag(fresh->table, fresh->id);
		fresh->next = domains.first;
		domains.first = domain = fresh;
	}
	if (domain) {
		if (domain->devices)
			__atomic_store_n(&domain->shared, true, __ATOMIC_RELAXED);
		dev->next_in_domain = domain->devices;
		domain->devices = dev;
	}
	dmk_lock_drop(&domains.lock, flags);
	return domain;
}

/* Return: whether it was the last one, and the domain is the caller's. */
static bool leave(struct dmk_dev *dev, struct dmk_domain *domain)
{
	unsigned long flags = dmk_lock_take(&domains.lock);
	struct dmk_dev **at = &domain->devices;
	struct dmk_domain **link = &domains.first;
	bool last;

	while (*at && *at != dev)
		at = &(*at)->next_in_domain;
	if (*at)
		*at = dev->next_in_domain;
	last = !domain->devices;
	if (last) {
		while (*link != domain)
			link = &(*link)->next;
		*link = domain->next;
	}
	dmk_lock_drop(&domains.lock, flags);
	return last;
}

/* --- devices ---------------------------------------------------------------------------------- */

static int attach_through(struct dmk_dev *dev, const struct dmk_iommu_attach *to)
{
	const struct dmk_iommu *iommu = dev->bus->iommu;
	int result = iommu->ops->attach(iommu->ctx, dev->requester, to);

	dev->attached = !result;
	if (result)
		dmk_log(DMK_LOG_ERR, dev, "the IOMMU doesn't take the device: it can do no DMA");
	return result;
}

static int attach_domain(struct dmk_dev *dev)
{
	const struct dmk_iommu *iommu = dev->bus->iommu;
	const uint32_t group = iommu->ops->group_of(iommu->ctx, dev->requester);
	struct dmk_domain *domain = join(dev, group, NULL), *fresh;
	int result;

	if (!domain) {
		fresh = domain_new(iommu, group, domains.lazy && !dev->bus->untrusted);
		if (!fresh) {
			dmk_log(DMK_LOG_ERR, dev,
				"no memory for the tables of its IOMMU: it can do no DMA");
			return -ENOMEM;
		}
		domain = join(dev, group, fresh);
		if (domain != fresh)
			domain_free(fresh);
	}
	if (dmk_domain_is_shared(domain))
		dmk_lent_ready();
	if (dev->bus->untrusted) {
		__atomic_store_n(&domain->untrusted, true, __ATOMIC_RELAXED);
		dmk_domain_flush(domain);
	}
	result = attach_through(
		dev, &(struct dmk_iommu_attach){.id = domain->id,
						.root = dmk_pgtable_root(domain->table),
						.levels = dmk_pgtable_levels(domain->table)});
	if (result) {
		if (leave(dev, domain))
			domain_free(domain);
		return result;
	}
	dev->domain = domain;
	/* No physical address is the device's any more. */
	dmk_straight_detach(dev);
	return 0;
}

int dmk_dev_attach(struct dmk_dev *dev, uint32_t requester)
{
	dev->requester = requester;
	if (!dev->bus || !dev->bus->iommu || dev->domain)
		return 0;
	if (domains.passthrough && !dev->bus->untrusted)
		return attach_through(dev, &(struct dmk_iommu_attach){.passthrough = true});
	return attach_domain(dev);
}

void dmk_domain_detach(struct dmk_dev *dev)
{
	struct dmk_domain *domain = dev->domain;

	if (!dev->attached)
		return;
	dev->attached = false;
	dev->bus->iommu->ops->detach(dev->bus->iommu->ctx, dev->requester);
	dev->domain = NULL;
	if (domain && leave(dev, domain)) {
		/* Another one may get the number. */
		domain->iommu->ops->invalidate_all(domain->iommu->ctx, domain->id);
		domain->iommu->ops->sync(domain->iommu->ctx);
		domain_free(domain);
	}
}

void dmk_domains_stop(void)
{
	while (domains.first) {
		struct dmk_domain *domain = domains.first;

		for (struct dmk_dev *dev = domain->devices; dev; dev = dev->next_in_domain)
			dev->domain = NULL;
		domains.first = domain->next;
		domain_free(domain);
	}
	dmk_domain_queues_stop();
}

uint64_t dmk_domain_granule(const struct dmk_dev *dev)
{
	return dev->domain->granule;
}

uint64_t dmk_domain_last(const struct dmk_dev *dev)
{
	return last_iova(dev->domain->iommu);
}

/* --- faults ----------------------------------------------------------------------------------- */

enum { LOOK_AROUND = 64 }; /* granules */

static const char *reason_text(enum dmk_iommu_fault_reason reason)
{
	switch (reason) {
	case DMK_FAULT_NOT_MAPPED:
		return "nothing is mapped there";
	case DMK_FAULT_PERMISSION:
		return "it is mapped for the other direction";
	case DMK_FAULT_NOT_ATTACHED:
		return "the device is not attached";
	default:
		return "the tables make no sense";
	}
}

static bool mapped_at(struct dmk_domain *domain, uint64_t iova)
{
	unsigned int prot;
	uint64_t size;
	dmk_phys phys;

	return dmk_pgtable_walk(domain->table, iova, &phys, &prot, &size);
}

/* The nearest granule that is mapped, within a few. */
static void say_nearest(struct dmk_text *text, struct dmk_domain *domain, uint64_t iova)
{
	const uint64_t granule = domain->granule, at = iova & ~(granule - 1);

	for (uint64_t i = 1; i <= LOOK_AROUND; i++) {
		const bool before = at >= i * granule && mapped_at(domain, at - i * granule);

		if (!before && !mapped_at(domain, at + i * granule))
			continue;
		dmk_text_say(text, before ? "; the nearest mapping ends before "
					  : "; the nearest mapping begins at ");
		dmk_text_hex(text, before ? at - (i - 1) * granule : at + i * granule);
		return;
	}
	dmk_text_say(text, "; no mapping is near");
}

static struct dmk_dev *device_of(uint32_t requester)
{
	for (struct dmk_domain *domain = domains.first; domain; domain = domain->next)
		for (struct dmk_dev *dev = domain->devices; dev; dev = dev->next_in_domain)
			if (dev->requester == requester)
				return dev;
	return NULL;
}

void dmk_iommu_fault(const struct dmk_iommu_fault *fault)
{
	static unsigned int times;
	struct dmk_text text = {.used = 0};
	unsigned long flags;
	struct dmk_dev *dev;

	if (!dmk_core.running || !dmk_log_due(__atomic_add_fetch(&times, 1, __ATOMIC_RELAXED)))
		return;
	dmk_text_say(&text, fault->write ? "IOMMU fault: write to " : "IOMMU fault: read of ");
	dmk_text_hex(&text, fault->iova);
	dmk_text_say(&text, ": ");
	dmk_text_say(&text, reason_text(fault->reason));
	flags = dmk_lock_take(&domains.lock);
	dev = device_of(fault->requester);
	if (dev && fault->reason == DMK_FAULT_NOT_MAPPED)
		say_nearest(&text, dev->domain ? dev->domain : domains.first, fault->iova);
	dmk_log(DMK_LOG_ERR, dev, text.data);
	dmk_lock_drop(&domains.lock, flags);
}
