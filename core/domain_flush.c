/* SPDX-License-Identifier: MIT */
/*
 * What happens between an unmap and the day its addresses are given out again.
 *
 * Strict: the IOMMU is told, and waited for, before the unmap returns. Lazy: the range waits in a queue, and all of the queue is forgotten
 * at once when it is full, or a time after its first one came: at most DMK_LEAVING_MOST ranges and DMK_LEAVING_USEC of time, in which
 * a device may still reach what was unmapped (IOM-02). Its addresses are not used again before, and its tables stay.
 */
#include "domain_private.h"
#include "lock.h"

static void take_back(struct dmk_domain *domain, const struct dmk_leaving *leaving)
{
	dmk_pgtable_prune(domain->table, leaving->iova, leaving->size);
	dmk_iova_give(domain->space, leaving->iova, leaving->size);
}

static void flush_locked(struct dmk_domain *domain)
{
	struct dmk_flush_queue *queue = domain->queue;

	if (!queue->n)
		return;
	domain->iommu->ops->invalidate_all(domain->iommu->ctx, domain->id);
	domain->iommu->ops->sync(domain->iommu->ctx);
	for (unsigned int i = 0; i < queue->n; i++)
		take_back(domain, &queue->leaving[i]);
	queue->n = 0;
}

void dmk_domain_flush(struct dmk_domain *domain)
{
	unsigned long flags;

	if (!domain->queue)
		return;
	flags = dmk_lock_take(&domain->queue->lock);
	flush_locked(domain);
	dmk_lock_drop(&domain->queue->lock, flags);
}

/* --- a queue's life ------------------------------------------------------------------------------------------------ */

/* Queues whose domain ended while the system had work of theirs: not freed before it ran, or never will. */
static struct {
	struct dmk_lock lock;
	struct dmk_flush_queue *first;
} retired;

static void retired_remove(struct dmk_flush_queue *queue)
{
	unsigned long flags = dmk_lock_take(&retired.lock);
	struct dmk_flush_queue **at = &retired.first;

	while (*at != queue)
		at = &(*at)->next_retired;
	*at = queue->next_retired;
	dmk_lock_drop(&retired.lock, flags);
}

static void flush_later(struct dmk_deferred *work)
{
	struct dmk_flush_queue *queue =
		(struct dmk_flush_queue *)((char *)work - offsetof(struct dmk_flush_queue, work));
	unsigned long flags = dmk_lock_take(&queue->lock);
	const bool ended = !queue->domain;

	queue->due = false;
	if (!ended)
		flush_locked(queue->domain);
	dmk_lock_drop(&queue->lock, flags);
	if (!ended)
		return;
	retired_remove(queue);
	dmk_meta_free(queue, sizeof(*queue));
}

bool dmk_domain_queue_make(struct dmk_domain *domain)
{
	struct dmk_flush_queue *queue = dmk_meta_alloc(sizeof(*queue), true);

	if (!queue)
		return false;
	queue->domain = domain;
	queue->work.run = flush_later;
	queue->work.delay_usec = DMK_LEAVING_USEC;
	domain->queue = queue;
	return true;
}

void dmk_domain_queue_end(struct dmk_domain *domain)
{
	struct dmk_flush_queue *queue = domain->queue;
	unsigned long flags, retired_flags;
	bool due;

	if (!queue)
		return;
	flags = dmk_lock_take(&queue->lock);
	flush_locked(domain);
	queue->domain = NULL;
	due = queue->due;
	if (due) {
		retired_flags = dmk_lock_take(&retired.lock);
		queue->next_retired = retired.first;
		retired.first = queue;
		dmk_lock_drop(&retired.lock, retired_flags);
	}
	dmk_lock_drop(&queue->lock, flags);
	domain->queue = NULL;
	if (!due)
		dmk_meta_free(queue, sizeof(*queue));
}

void dmk_domain_queues_stop(void)
{
	while (retired.first) {
		struct dmk_flush_queue *queue = retired.first;

		retired.first = queue->next_retired;
		dmk_meta_free(queue, sizeof(*queue));
	}
}

/* --- unmapped ------------------------------------------------------------------------------------------------------- */

static void leave_now(struct dmk_domain *domain, const struct dmk_leaving *leaving)
{
	domain->iommu->ops->invalidate(domain->iommu->ctx, domain->id, leaving->iova,
				       leaving->iova + (leaving->size - 1), false);
	domain->iommu->ops->sync(domain->iommu->ctx);
	take_back(domain, leaving);
}

void dmk_domain_leave(struct dmk_domain *domain, const struct dmk_leaving *leaving)
{
	struct dmk_flush_queue *queue = domain->queue;
	unsigned long flags;
	bool tell;

	if (!queue) {
		leave_now(domain, leaving);
		return;
	}
	flags = dmk_lock_take(&queue->lock);
	if (queue->n == DMK_LEAVING_MOST)
		flush_locked(domain);
	queue->leaving[queue->n++] = *leaving;
	tell = !queue->due;
	queue->due = true;
	dmk_lock_drop(&queue->lock, flags);
	if (!tell || dmk_core.os.ops->defer(dmk_core.os.ctx, &queue->work))
		return;
	/* Where nothing can be done later, the bound in time is kept at once. */
	flags = dmk_lock_take(&queue->lock);
	queue->due = false;
	flush_locked(domain);
	dmk_lock_drop(&queue->lock, flags);
}
