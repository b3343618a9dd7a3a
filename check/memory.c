/* SPDX-License-Identifier: MIT */
/*
 * Memory that was given back and not yet given out again: the ground of MEM-05. Memory that nobody
 * ever announced is nobody's mistake. The oldest are forgotten when there are DMK_FREED_KEPT of
 * them: a mapping of memory freed that long ago is then not seen.
 *
 * And what is given out, the ground of MEM-08: only on a machine whose caches are not coherent, and
 * only what begins or ends in the middle of a line.
 */
#include "shadow.h"

static void unlist(struct dmk_shadow *shadow, struct dmk_freed *freed)
{
	if (freed->newer)
		freed->newer->older = freed->older;
	else
		shadow->newest_freed = freed->older;
	if (freed->older)
		freed->older->newer = freed->newer;
	else
		shadow->oldest_freed = freed->newer;
	shadow->nr_freed--;
}

static void list(struct dmk_shadow *shadow, struct dmk_freed *freed)
{
	freed->newer = NULL;
	freed->older = shadow->newest_freed;
	if (freed->older)
		freed->older->newer = freed;
	else
		shadow->oldest_freed = freed;
	shadow->newest_freed = freed;
	shadow->nr_freed++;
}

/* --- pages that a device had ------------------------------------------------------------------ */

static unsigned int lent_bit(uint64_t page)
{
	return dmk_hash(page) % DMK_LENT_BITS;
}

void dmk_memory_lent(struct dmk_shadow *shadow, const struct dmk_range *range)
{
	for (uint64_t page = range->first / DMK_PAGE_SIZE; page <= range->last / DMK_PAGE_SIZE;
	     page++) {
		uint64_t *word = &shadow->lent_page[lent_bit(page) / 64];
		const uint64_t bit = 1ULL << lent_bit(page) % 64;

		/* Atomic: from plain.c, by several threads at once; read when they are out. */
		if (!(__atomic_load_n(word, __ATOMIC_RELAXED) & bit))
			__atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
	}
}

static bool was_lent(const struct dmk_shadow *shadow, const struct dmk_range *range)
{
	for (uint64_t page = range->first / DMK_PAGE_SIZE; page <= range->last / DMK_PAGE_SIZE;
	     page++)
		if (shadow->lent_page[lent_bit(page) / 64] >> lent_bit(page) % 64 & 1)
			return true;
	return false;
}

/* Of memory that a device had the CPU's late accesses are told; of other memory nobody asks. */
static void watch(struct dmk_shadow *shadow, struct dmk_freed *freed, bool begins)
{
	freed->watched = begins;
	shadow->nr_watched_freed += begins ? 1 : -1;
	shadow->memory(shadow->memory_ctx, freed->range.first,
		       freed->range.last - freed->range.first + 1, begins);
}

/* --- freed ------------------------------------------------------------------------------------ */

static void drop(struct dmk_shadow *shadow, struct dmk_freed *freed)
{
	if (freed->watched)
		watch(shadow, freed, false);
	unlist(shadow, freed);
	dmk_ranges_remove(&shadow->freed, &freed->range);
	dmk_pile_put(&shadow->freed_pile, freed);
}

static struct dmk_freed *add(struct dmk_shadow *shadow, uint64_t first, uint64_t last)
{
	struct dmk_freed *freed = dmk_pile_get(&shadow->freed_pile);

	if (!freed)
		return NULL;
	freed->range.first = first;
	freed->range.last = last;
	dmk_ranges_insert(&shadow->freed, &freed->range);
	list(shadow, freed);
	if (shadow->nr_freed > DMK_FREED_KEPT)
		drop(shadow, shadow->oldest_freed);
	return freed;
}

static struct dmk_freed *touching(const struct dmk_shadow *shadow, const struct dmk_range *range)
{
	struct dmk_range *found = dmk_ranges_touching(&shadow->freed, range->first, range->last,
						      NULL);

	return found ? DMK_AROUND(found, struct dmk_freed, range) : NULL;
}

/*
 * Whatever it touches is no longer known as free, all of it: a new object may use the room that an
 * older, longer one had, and a page may be cut up by an allocator that announces only the pieces.
 */
void dmk_memory_taken(struct dmk_shadow *shadow, uint64_t phys, uint64_t size)
{
	struct dmk_range taken;
	struct dmk_freed *freed;

	dmk_range_set(&taken, phys, size);
	while ((freed = touching(shadow, &taken)))
		drop(shadow, freed);
}

void dmk_memory_taken_anywhere(struct dmk_shadow *shadow)
{
	while (shadow->newest_freed)
		drop(shadow, shadow->newest_freed);
}

void dmk_memory_taken_by(struct dmk_shadow *shadow, const struct dmk_event *event)
{
	if (event->phys.v)
		dmk_memory_taken(shadow, event->phys.v,
				 event->sg && event->nents ? event->sg[0].length : event->size);
	for (unsigned int i = 1; event->sg && i < event->nents; i++)
		dmk_memory_taken(shadow, event->sg[i].phys.v, event->sg[i].length);
}

void dmk_memory_freed(struct dmk_shadow *shadow, uint64_t phys, uint64_t size,
		      const struct dmk_trace *where, const char *name)
{
	struct dmk_range range;
	struct dmk_freed *freed;

	dmk_memory_taken(shadow, phys, size);
	dmk_range_set(&range, phys, size);
	freed = add(shadow, range.first, range.last);
	if (!freed)
		return;
	freed->freed = where;
	if (shadow->memory && was_lent(shadow, &freed->range))
		watch(shadow, freed, true);
	dmk_text_copy(freed->name, sizeof(freed->name), name);
}

struct dmk_freed *dmk_memory_is_freed(const struct dmk_shadow *shadow, uint64_t phys, uint64_t size)
{
	struct dmk_range range;

	dmk_range_set(&range, phys, size);
	return touching(shadow, &range);
}

struct dmk_object *dmk_object_touching(const struct dmk_shadow *shadow, uint64_t first,
				       uint64_t last, const struct dmk_object *after)
{
	struct dmk_range *found = dmk_ranges_touching(&shadow->objects, first, last,
						      after ? &after->range : NULL);

	return found ? DMK_AROUND(found, struct dmk_object, range) : NULL;
}

void dmk_object_freed(struct dmk_shadow *shadow, uint64_t phys, uint64_t size)
{
	struct dmk_object *object;
	struct dmk_range freed;

	dmk_range_set(&freed, phys, size);
	while ((object = dmk_object_touching(shadow, freed.first, freed.last, NULL))) {
		dmk_ranges_remove(&shadow->objects, &object->range);
		dmk_pile_put(&shadow->object_pile, object);
	}
}

/* What lay there before is gone, whether its end was announced or not. */
struct dmk_object *dmk_object_taken(struct dmk_shadow *shadow, uint64_t phys, uint64_t size,
				    const struct dmk_trace *where, const char *name)
{
	struct dmk_object *object;

	if (shadow->cache_line == 1)
		return NULL;
	dmk_object_freed(shadow, phys, size);
	if (!((phys | size) & (shadow->cache_line - 1)))
		return NULL;
	object = dmk_pile_get(&shadow->object_pile);
	if (!object)
		return NULL;
	dmk_range_set(&object->range, phys, size);
	object->allocated = where;
	dmk_text_copy(object->name, sizeof(object->name), name ? name : "memory");
	dmk_ranges_insert(&shadow->objects, &object->range);
	return object;
}
