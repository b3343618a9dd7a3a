/* SPDX-License-Identifier: MIT */
/*
 * What happens between an unmap and the day its addresses are given out again.
 *
 * Strict: the IOMMU is told, and waited for, before the unmap returns. Lazy: the range waits in a
 * list of the CPU's that unmapped it, and all of the list is forgotten at once when it is full; all
 * lists, a time after the first range came: at most DMK_LEAVING_MOST ranges of each CPU, and
 * DMK_LEAVING_USEC of time, in which a device may still reach what was unmapped (IOM-02). Its
 * addresses are not used again before, and its tables stay.
 *
 * A list is its CPU's, without a lock (cpu_parts.h); CPUs that have none share one, under the
 * queue's lock. Who flushes gathers all of them.
 */
#include "domain_private.h"
#include "lock.h"

/* @seen: see dmk_pgtable_prune_next() */
static void take_back(struct dmk_domain *domain, const struct dmk_leaving *leaving, uint64_t *seen)
{
	dmk_pgtable_prune_next(domain->table, leaving->iova, leaving->size, seen);
	dmk_iova_give(domain->space, leaving->iova, leaving->size);
}

/* --- with the queue's lock -------------------------------------------------------------------- */

static void forget_all(struct dmk_domain *domain)
{
	domain->iommu->ops->invalidate_all(domain->iommu->ctx, domain->id);
	domain->iommu->ops->sync(domain->iommu->ctx);
}

/* What is in it was forgotten. */
static void empty_list(struct dmk_domain *domain, struct dmk_leaving_list *list)
{
	uint64_t seen = 0;

	for (unsigned int i = 0; i < list->n; i++)
		take_back(domain, &list->leaving[i], &seen);
	list->n = 0;
}

static struct dmk_leaving_list *list_of(struct dmk_flush_queue *queue, unsigned int cpu)
{
	return cpu ? queue->lists.part[cpu] : &queue->shared;
}

static bool is_empty(struct dmk_flush_queue *queue)
{
	for (unsigned int cpu = 0; cpu < DMK_CPUS; cpu++)
		if (list_of(queue, cpu) && list_of(queue, cpu)->n)
			return false;
	return true;
}

/* No CPU uses its list without the lock now. */
static void flush_gathered(struct dmk_domain *domain)
{
	struct dmk_flush_queue *queue = domain->queue;

	if (is_empty(queue))
		return;
	forget_all(domain);
	for (unsigned int cpu = 0; cpu < DMK_CPUS; cpu++)
		if (list_of(queue, cpu))
			empty_list(domain, list_of(queue, cpu));
}

/*
 * Gives the lock up in between; the domain may end then. Where CPUs can't be waited for, no device
 * reaches what they unmapped all the same; only its addresses stay with them. Return: whether all
 * came back.
 */
static bool flush_and_gather(struct dmk_flush_queue *queue, unsigned long *flags)
{
	const bool gathered = dmk_cpu_parts_gather(&queue->lists, &queue->lock, flags);

	if (queue->domain && gathered)
		flush_gathered(queue->domain);
	else if (queue->domain)
		forget_all(queue->domain);
	dmk_cpu_parts_open(&queue->lists);
	return gathered;
}

void dmk_domain_flush(struct dmk_domain *domain)
{
	struct dmk_flush_queue *queue = domain->queue;
	unsigned long flags;

	if (!queue)
		return;
	flags = dmk_lock_take(&queue->lock);
	flush_and_gather(queue, &flags);
	dmk_lock_drop(&queue->lock, flags);
}

/* --- a queue's life --------------------------------------------------------------------------- */

/*
 * Queues whose domain ended while the system had work of theirs: not freed before it ran, or never
 * will.
 */
static struct {
	struct dmk_lock lock;
	struct dmk_flush_queue *first;
} retired;

static void queue_free(struct dmk_flush_queue *queue)
{
	dmk_cpu_parts_free(&queue->lists, sizeof(struct dmk_leaving_list));
	dmk_meta_free(queue, sizeof(*queue));
}

static void retired_remove(struct dmk_flush_queue *queue)
{
	unsigned long flags = dmk_lock_take(&retired.lock);
	struct dmk_flush_queue **at = &retired.first;

	while (*at != queue)
		at = &(*at)->next_retired;
	*at = queue->next_retired;
	dmk_lock_drop(&retired.lock, flags);
}

static void retired_add(struct dmk_flush_queue *queue)
{
	unsigned long flags = dmk_lock_take(&retired.lock);

	queue->next_retired = retired.first;
	retired.first = queue;
	dmk_lock_drop(&retired.lock, flags);
}

/* Have the system call flush_later(), if it is not about to. false: it can't. */
static bool flush_is_due(struct dmk_flush_queue *queue)
{
	/*
	 * Relaxed: a range that comes to an open list after a flush finds what the flush stored
	 * before it opened the list; one that came before was gathered by it, and then a stale
	 * value makes one flush too many.
	 */
	if (__atomic_load_n(&queue->due, __ATOMIC_RELAXED) ||
	    __atomic_exchange_n(&queue->due, 1, __ATOMIC_RELAXED))
		return true;
	return dmk_core.os.ops->defer(dmk_core.os.ctx, &queue->work);
}

static void flush_later(struct dmk_deferred *work)
{
	struct dmk_flush_queue *queue =
		(struct dmk_flush_queue *)((char *)work - offsetof(struct dmk_flush_queue, work));
	unsigned long flags = dmk_lock_take(&queue->lock);
	bool ended;

	queue->running++;
	__atomic_store_n(&queue->due, 0, __ATOMIC_RELAXED);
	if (queue->domain && !flush_and_gather(queue, &flags))
		flush_is_due(queue);
	queue->running--;
	ended = !queue->domain && !queue->due && !queue->running;
	dmk_lock_drop(&queue->lock, flags);
	if (!ended)
		return;
	retired_remove(queue);
	queue_free(queue);
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

/*
 * Nobody maps or unmaps in it any more, so all lists are at hand; but the system may be about to
 * flush, or do it now.
 */
void dmk_domain_queue_end(struct dmk_domain *domain)
{
	struct dmk_flush_queue *queue = domain->queue;
	unsigned long flags;
	bool used;

	if (!queue)
		return;
	flags = dmk_lock_take(&queue->lock);
	flush_gathered(domain);
	queue->domain = NULL;
	used = queue->due || queue->running;
	if (used)
		retired_add(queue);
	dmk_lock_drop(&queue->lock, flags);
	domain->queue = NULL;
	if (!used)
		queue_free(queue);
}

void dmk_domain_queues_stop(void)
{
	while (retired.first) {
		struct dmk_flush_queue *queue = retired.first;

		retired.first = queue->next_retired;
		queue_free(queue);
	}
}

/* --- unmapped --------------------------------------------------------------------------------- */

static void leave_now(struct dmk_domain *domain, const struct dmk_leaving *leaving)
{
	uint64_t seen = 0;

	domain->iommu->ops->invalidate(domain->iommu->ctx, domain->id, leaving->iova,
				       leaving->iova + (leaving->size - 1), false);
	domain->iommu->ops->sync(domain->iommu->ctx);
	take_back(domain, leaving, &seen);
}

/* This CPU's list is full, or not there, or closed. */
static void leave_slowly(struct dmk_domain *domain, const struct dmk_leaving *leaving)
{
	struct dmk_flush_queue *queue = domain->queue;
	unsigned long flags = dmk_lock_take(&queue->lock);
	struct dmk_leaving_list *list = dmk_cpu_parts_here(&queue->lists, sizeof(*list));

	if (!list)
		list = &queue->shared;
	if (list->n == DMK_LEAVING_MOST) {
		forget_all(domain);
		empty_list(domain, list);
	}
	list->leaving[list->n++] = *leaving;
	dmk_lock_drop(&queue->lock, flags);
}

static bool leave_at_hand(struct dmk_flush_queue *queue, const struct dmk_leaving *leaving)
{
	unsigned long flags;
	struct dmk_leaving_list *list = dmk_cpu_parts_mine(&queue->lists, dmk_cpu_enter(&flags));
	const bool fits = list && list->n < DMK_LEAVING_MOST;

	if (fits)
		list->leaving[list->n++] = *leaving;
	dmk_cpu_leave(flags);
	return fits;
}

void dmk_domain_leave(struct dmk_domain *domain, const struct dmk_leaving *leaving)
{
	struct dmk_flush_queue *queue = domain->queue;

	/*
	 * Relaxed: who unmaps at the moment when the first one joins is not late for anything of
	 * that one's.
	 */
	if (!queue || __atomic_load_n(&domain->untrusted, __ATOMIC_RELAXED)) {
		leave_now(domain, leaving);
		return;
	}
	if (!leave_at_hand(queue, leaving))
		leave_slowly(domain, leaving);
	if (flush_is_due(queue))
		return;
	/* Where nothing can be done later, the bound in time is kept at once. */
	__atomic_store_n(&queue->due, 0, __ATOMIC_RELAXED);
	dmk_domain_flush(domain);
}
