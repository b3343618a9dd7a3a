/* SPDX-License-Identifier: MIT */
/*
 * Tables that were emptied. A driver that maps one page, unmaps it, and maps the next would make
 * and unmake tables each time, and have the IOMMU forget the way to them: so an empty one stays for
 * a while, DMK_KEPT of them at most, and goes when another one takes its place, or when nobody used
 * it for one to two times KEPT_USEC (IOM-05).
 *
 *	in use --- emptied, dmk_kept_add() ---> in hand --- filled ---> in use (and named here until
 *	it is looked at)
 *	                                        in hand --- another takes its place, nobody used it
 *	                                        ---> gone
 *
 * Who empties a table writes its name here after that; who takes the name away looks after that
 * whether the table is empty, and then it goes. Both exchange the same word, with acquire and
 * release: so either the one that takes the name away comes second, and sees that the table is
 * empty, or the one that emptied it does, and names it again. No empty table is forgotten, and one
 * that is in use while its name is taken away is named again when it gets empty.
 *
 * The work is one for all, so that no table waits for it when it ends: its owner takes it off the
 * list.
 */
#include "pgtable_private.h"

enum { KEPT_USEC = 10000 };

static struct {
	struct dmk_lock
		lock; /* guards all below, and .next_keeping, .keeping, .round of every table */
	struct dmk_pgtable *first;
	const struct dmk_pgtable *busy; /* is looked at without the lock */
	unsigned int round;
	bool due; /* the work was given to the system and has not run */
	struct dmk_deferred work;
} hand;

/* Its name was taken away just now. */
static void let_go(struct dmk_pgtable *table, struct dmk_node *node)
{
	if (node && !dmk_node_used(node))
		dmk_node_down(table, node);
}

/* Nobody used it since the last look; looks are all the work's. */
static bool rests(struct dmk_pgtable *table, unsigned int i, const struct dmk_node *node)
{
	const unsigned int fills = __atomic_load_n(&node->fills, __ATOMIC_RELAXED);
	const bool same = fills == table->seen[i];

	table->seen[i] = fills;
	return same || dmk_node_used(node);
}

static void look_at(struct dmk_pgtable *table)
{
	for (unsigned int i = 0; i < DMK_KEPT; i++) {
		struct dmk_node *node = __atomic_load_n(&table->kept[i], __ATOMIC_ACQUIRE);

		if (node && rests(table, i, node) &&
		    __atomic_compare_exchange_n(&table->kept[i], &node, NULL, false,
						__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			let_go(table, node);
	}
}

static void let_all_go(struct dmk_pgtable *table)
{
	for (unsigned int i = 0; i < DMK_KEPT; i++)
		let_go(table, __atomic_exchange_n(&table->kept[i], NULL, __ATOMIC_ACQ_REL));
}

static bool keeps_any(const struct dmk_pgtable *table)
{
	for (unsigned int i = 0; i < DMK_KEPT; i++)
		if (__atomic_load_n(&table->kept[i], __ATOMIC_RELAXED))
			return true;
	return false;
}

static void list_remove(struct dmk_pgtable *table)
{
	struct dmk_pgtable **at = &hand.first;

	while (*at && *at != table)
		at = &(*at)->next_keeping;
	if (*at)
		*at = table->next_keeping;
	table->keeping = false;
}

static struct dmk_pgtable *next_of_round(void)
{
	struct dmk_pgtable *table = hand.first;

	while (table && table->round == hand.round)
		table = table->next_keeping;
	return table;
}

static void work_run(struct dmk_deferred *work)
{
	unsigned long flags = dmk_lock_take(&hand.lock);
	struct dmk_pgtable *table;

	hand.round++;
	while ((table = next_of_round())) {
		table->round = hand.round;
		hand.busy = table;
		dmk_lock_drop(&hand.lock, flags);
		look_at(table);
		flags = dmk_lock_take(&hand.lock);
		hand.busy = NULL;
		/* Who names one after this finds it off the list. */
		if (!keeps_any(table))
			list_remove(table);
	}
	hand.due = hand.first && dmk_core.os.ops->defer(dmk_core.os.ctx, work);
	dmk_lock_drop(&hand.lock, flags);
}

/* Return: false: nothing can be done later. */
static bool look_later(struct dmk_pgtable *table)
{
	unsigned long flags = dmk_lock_take(&hand.lock);
	bool later;

	if (!table->keeping) {
		table->keeping = true;
		table->round = hand.round;
		table->next_keeping = hand.first;
		hand.first = table;
	}
	if (!hand.due) {
		hand.work.run = work_run;
		hand.work.delay_usec = KEPT_USEC;
		hand.due = dmk_core.os.ops->defer(dmk_core.os.ctx, &hand.work);
	}
	later = hand.due;
	dmk_lock_drop(&hand.lock, flags);
	return later;
}

void dmk_kept_add(struct dmk_pgtable *table, struct dmk_node *node)
{
	struct dmk_node *other = __atomic_exchange_n(&table->kept[node->number % DMK_KEPT], node,
						     __ATOMIC_ACQ_REL);

	if (other == node)
		return;
	let_go(table, other);
	if (!look_later(table))
		let_all_go(table);
}

void dmk_kept_end(struct dmk_pgtable *table)
{
	unsigned long flags = dmk_lock_take(&hand.lock);

	while (hand.busy == table) {
		dmk_lock_drop(&hand.lock, flags);
		dmk_core.os.ops->relax(dmk_core.os.ctx);
		flags = dmk_lock_take(&hand.lock);
	}
	if (table->keeping)
		list_remove(table);
	dmk_lock_drop(&hand.lock, flags);
}

void dmk_pgtables_start(void)
{
	__builtin_memset(&hand, 0, sizeof(hand));
}
