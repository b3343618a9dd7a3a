/* SPDX-License-Identifier: MIT */
/*
 * An IOMMU at work: it walks tables in the machine's RAM and remembers what it found. Not a model
 * of any product's registers or of time: the core speaks to it through dmk_iommu_ops.
 *
 * It does what hardware may do, and does it eagerly, so that a mistake in who writes the tables
 * shows:
 *
 *   - A translation that was found stays until it is invalidated, or its place is needed for
 *     another (which the seed chooses). The tables are not looked at meanwhile. Tagged with the id
 *     alone: two tables with one id at the same time get each other's.
 *   - An entry above the last level is remembered too, and outlives an invalidation that did not
 *     say `tables`.
 *   - The translation of the next page may be brought in without being asked for.
 *   - An invalidation may wait, as in a queue, until sync(); the seed decides which do.
 *   - A walk that is not coherent reads memory and not the CPU's cache: an entry that was not
 *     cleaned is not there.
 *   - A translation that is not allowed (read-only) is remembered as such.
 *   - That nothing was mapped is remembered only where the machine says caches_faults.
 *
 * What it does not do: drop what it was not told to. attach() and detach() drop what that device's
 * accesses brought in, and nothing else: translations with the same id that another device brought
 * in are still good for that other one.
 *
 * A walk, and keeping what it found, are one step under `lock`, and so is an invalidation: what was
 * read before it is dropped by it, what is read after it is read from what the core wrote before it
 * asked. So after sync() nothing old is cached; and because an access holds the gate until its last
 * byte moved, nothing old is under way either.
 */
#include "iommu.h"

#include <errno.h>
#include <stdlib.h>

/* --- gates ------------------------------------------------------------------------------------ */

void dmk_sim_iommu_hold(struct sim_iommu *iommu)
{
	if (iommu)
		pthread_rwlock_rdlock(&iommu->gate);
}

void dmk_sim_iommu_release(struct sim_iommu *iommu)
{
	if (iommu)
		pthread_rwlock_unlock(&iommu->gate);
}

/* All accesses that began before are over. */
static void wait_for_accesses(struct sim_iommu *iommu)
{
	pthread_rwlock_wrlock(&iommu->gate);
	pthread_rwlock_unlock(&iommu->gate);
}

/* --- what is remembered; with the lock held --------------------------------------------------- */

static uint64_t chance(struct sim_iommu *iommu, uint64_t limit)
{
	return dmk_sim_random(&iommu->random) % limit;
}

static uint64_t page_last(const struct sim_translation *page)
{
	return page->first + ((1ULL << page->shift) - 1);
}

/* The places that a page of that size can be remembered in. */
static struct sim_translation *cache_set(const struct sim_iommu *iommu, uint16_t id, uint64_t iova,
					 unsigned int shift)
{
	uint64_t mixed = (iova >> shift) + id * 0x9e3779b1ULL + shift;
	uint64_t sets = iommu->entries / SIM_IOTLB_WAYS;

	mixed ^= mixed >> 17;
	return iommu->cache + (mixed % sets) * SIM_IOTLB_WAYS;
}

static struct sim_translation *cache_find(const struct sim_iommu *iommu, uint16_t id, uint64_t iova)
{
	for (uint64_t sizes = iommu->iommu.page_sizes; sizes; sizes &= sizes - 1) {
		const unsigned int shift = __builtin_ctzll(sizes);
		struct sim_translation *set = cache_set(iommu, id, iova, shift);

		for (unsigned int way = 0; way < SIM_IOTLB_WAYS; way++)
			if (set[way].valid && set[way].id == id && set[way].shift == shift &&
			    iova >= set[way].first && iova <= page_last(&set[way]))
				return &set[way];
	}
	return NULL;
}

static const struct sim_translation *cache_add(struct sim_iommu *iommu, struct sim_translation add)
{
	struct sim_translation *set = cache_set(iommu, add.id, add.first, add.shift);
	unsigned int way = 0;

	while (way < SIM_IOTLB_WAYS && set[way].valid)
		way++;
	if (way == SIM_IOTLB_WAYS)
		way = chance(iommu, SIM_IOTLB_WAYS);
	set[way] = add;
	return &set[way];
}

/* The lowest table that is known to serve the address; @walk is at the root. */
static void links_use(struct sim_iommu *iommu, uint16_t id, struct sim_walk *walk)
{
	const struct sim_link *best = NULL;

	for (unsigned int i = 0; i < SIM_LINKS; i++) {
		const struct sim_link *link = &iommu->link[i];

		if (!link->valid || link->id != id || link->level >= walk->level ||
		    walk->iova >> dmk_sim_walk_shift(iommu, link->level + 1) !=
			    link->first >> dmk_sim_walk_shift(iommu, link->level + 1))
			continue;
		if (!best || link->level < best->level)
			best = link;
	}
	if (!best)
		return;
	walk->level = best->level;
	walk->table = best->table;
	walk->read = best->read;
	walk->write = best->write;
	iommu->counters.links++;
}

static void links_add(struct sim_iommu *iommu, uint16_t id, unsigned int stream,
		      const struct sim_walk *walk)
{
	const uint64_t served = (1ULL << dmk_sim_walk_shift(iommu, walk->level + 1)) - 1;
	unsigned int at = 0;

	while (at < SIM_LINKS && iommu->link[at].valid)
		at++;
	if (at == SIM_LINKS)
		at = chance(iommu, SIM_LINKS);
	iommu->link[at] = (struct sim_link){.valid = true,
					    .read = walk->read,
					    .write = walk->write,
					    .id = id,
					    .stream = stream,
					    .level = walk->level,
					    .first = walk->iova & ~served,
					    .table = walk->table};
}

static void forget(struct sim_iommu *iommu, const struct sim_invalidation *what)
{
	for (unsigned int i = 0; i < iommu->entries; i++) {
		struct sim_translation *at = &iommu->cache[i];

		if (at->id == what->id && at->first <= what->last && page_last(at) >= what->first)
			at->valid = false;
	}
	for (unsigned int i = 0; i < SIM_LINKS && what->tables; i++) {
		struct sim_link *at = &iommu->link[i];
		const uint64_t served = (1ULL << dmk_sim_walk_shift(iommu, at->level + 1)) - 1;

		if (at->id == what->id && at->first <= what->last &&
		    at->first + served >= what->first)
			at->valid = false;
	}
}

static void forget_stream(struct sim_iommu *iommu, unsigned int stream)
{
	for (unsigned int i = 0; i < iommu->entries; i++)
		if (iommu->cache[i].stream == stream)
			iommu->cache[i].valid = false;
	for (unsigned int i = 0; i < SIM_LINKS; i++)
		if (iommu->link[i].stream == stream)
			iommu->link[i].valid = false;
}

static void forget_waiting(struct sim_iommu *iommu)
{
	for (unsigned int i = 0; i < iommu->nr_waiting; i++)
		forget(iommu, &iommu->waiting[i]);
	iommu->nr_waiting = 0;
}

/* --- walking; with the lock held -------------------------------------------------------------- */

static bool read_entry(struct sim_iommu *iommu, const struct sim_walk *walk, uint64_t *entry)
{
	uint64_t offset, run;

	iommu->counters.reads++;
	if (!dmk_sim_memory_offset(iommu->sim, dmk_sim_walk_entry(iommu, walk), &offset, &run))
		return false;
	*entry = dmk_sim_memory_word(iommu->sim, offset, iommu->iommu.coherent_walk);
	return true;
}

/*
 * Down to a page. A level goes with each step, so a table that leads to itself ends like any other.
 */
static enum sim_step walk_down(struct sim_iommu *iommu, uint16_t id, unsigned int stream,
			       struct sim_walk *walk, enum dmk_iommu_fault_reason *reason)
{
	uint64_t entry;

	for (;;) {
		enum sim_step step;

		*reason = DMK_FAULT_TABLE;
		if (!read_entry(iommu, walk, &entry))
			return SIM_STEP_FAULT;
		step = dmk_sim_walk_step(iommu, entry, walk, reason);
		if (step != SIM_STEP_LINK)
			return step;
		links_add(iommu, id, stream, walk);
	}
}

static uint64_t granule_of(const struct sim_iommu *iommu, uint64_t iova)
{
	return iova & ~((1ULL << iommu->shift) - 1);
}

/* What the tables say of @iova, remembered. Return: NULL: nothing good, @reason. */
static const struct sim_translation *fetch(struct sim_iommu *iommu, const struct sim_stream *stream,
					   uint64_t iova, enum dmk_iommu_fault_reason *reason)
{
	const unsigned int index = stream - iommu->streams;
	const uint16_t id = stream->to.id;
	struct sim_walk walk = {.iova = iova,
				.level = stream->to.levels - 1,
				.table = stream->to.root.v,
				.read = true,
				.write = true};

	links_use(iommu, id, &walk);
	if (walk_down(iommu, id, index, &walk, reason) == SIM_STEP_PAGE)
		return cache_add(
			iommu, (struct sim_translation){.valid = true,
							.read = walk.read,
							.write = walk.write,
							.id = id,
							.stream = index,
							.shift = walk.shift,
							.first = iova & ~((1ULL << walk.shift) - 1),
							.phys = walk.phys});
	if (*reason == DMK_FAULT_NOT_MAPPED && iommu->iommu.caches_faults)
		cache_add(iommu, (struct sim_translation){.valid = true,
							  .fault = true,
							  .id = id,
							  .stream = index,
							  .shift = iommu->shift,
							  .first = granule_of(iommu, iova)});
	return NULL;
}

static bool in_reach(const struct sim_iommu *iommu, const struct sim_stream *stream, uint64_t iova)
{
	const unsigned int tables = dmk_sim_walk_shift(iommu, stream->to.levels);

	return !(iova >> iommu->iommu.iova_bits) && (tables >= 64 || !(iova >> tables));
}

static void prefetch(struct sim_iommu *iommu, const struct sim_stream *stream, uint64_t iova)
{
	enum dmk_iommu_fault_reason unused;

	if (chance(iommu, 100) >= iommu->prefetch || !in_reach(iommu, stream, iova) ||
	    cache_find(iommu, stream->to.id, iova))
		return;
	iommu->counters.prefetches++;
	fetch(iommu, stream, iova, &unused);
}

/* --- translation ------------------------------------------------------------------------------ */

static bool look_up(struct sim_iommu *iommu, const struct sim_stream *stream, uint64_t iova,
		    bool write, uint64_t *phys, uint64_t *run, enum dmk_iommu_fault_reason *reason)
{
	const struct sim_translation *page = cache_find(iommu, stream->to.id, iova);
	uint64_t next;

	if (page)
		iommu->counters.hits++;
	else
		iommu->counters.misses++;
	if (page && page->fault)
		*reason = DMK_FAULT_NOT_MAPPED;
	else if (!page)
		page = fetch(iommu, stream, iova, reason);
	if (!page || page->fault)
		return false;
	*reason = DMK_FAULT_PERMISSION;
	if (!(write ? page->write : page->read))
		return false;
	*phys = page->phys + (iova - page->first);
	*run = page_last(page) - iova + 1;
	next = page_last(page) + 1;
	prefetch(iommu, stream, next); /* page may be gone now */
	return true;
}

bool dmk_sim_iommu_translate(struct sim_iommu *iommu, const struct sim_stream *stream,
			     uint64_t iova, bool write, uint64_t *phys, uint64_t *run,
			     enum dmk_iommu_fault_reason *reason)
{
	bool good;

	*reason = DMK_FAULT_NOT_ATTACHED;
	if (!stream || !stream->attached)
		return false;
	if (stream->to.passthrough) {
		*phys = iova;
		*run = iova ? -iova : ~0ULL;
		return true;
	}
	*reason = DMK_FAULT_NOT_MAPPED;
	if (!in_reach(iommu, stream, iova))
		return false;
	pthread_mutex_lock(&iommu->lock);
	good = look_up(iommu, stream, iova, write, phys, run, reason);
	pthread_mutex_unlock(&iommu->lock);
	return good;
}

void dmk_sim_iommu_refused(struct sim_iommu *iommu, const struct dmk_iommu_fault *fault)
{
	const struct dmk_sink *sink = &iommu->sim->sink;

	pthread_mutex_lock(&iommu->lock);
	iommu->counters.faults++;
	pthread_mutex_unlock(&iommu->lock);
	if (sink->fault)
		sink->fault(sink->ctx, fault);
}

/* --- the operations --------------------------------------------------------------------------- */

struct sim_stream *dmk_sim_iommu_stream(const struct sim_iommu *iommu, uint32_t requester)
{
	for (unsigned int i = 0; i < iommu->nr_masters; i++)
		if (iommu->masters[i].requester == requester)
			return &iommu->streams[iommu->masters[i].stream];
	return NULL;
}

static uint32_t op_group_of(void *ctx, uint32_t requester)
{
	const struct sim_stream *stream = dmk_sim_iommu_stream(ctx, requester);

	return stream ? stream->group : DMK_REQUESTER_NONE;
}

static void set_stream(struct sim_iommu *iommu, struct sim_stream *stream,
		       const struct dmk_iommu_attach *to)
{
	pthread_rwlock_wrlock(&iommu->gate);
	pthread_mutex_lock(&iommu->lock);
	stream->attached = to != NULL;
	if (to)
		stream->to = *to;
	forget_stream(iommu, stream - iommu->streams);
	pthread_mutex_unlock(&iommu->lock);
	pthread_rwlock_unlock(&iommu->gate);
}

static bool can_walk(const struct sim_iommu *iommu, const struct dmk_iommu_attach *to)
{
	return to->levels && to->levels <= 5 && dmk_sim_walk_shift(iommu, to->levels - 1) < 64 &&
	       !(to->root.v & ((1ULL << iommu->shift) - 1));
}

static int op_attach(void *ctx, uint32_t requester, const struct dmk_iommu_attach *to)
{
	struct sim_iommu *iommu = ctx;
	struct sim_stream *stream = dmk_sim_iommu_stream(iommu, requester);

	if (!stream)
		return -ENODEV;
	if (!to->passthrough && !can_walk(iommu, to))
		return -EINVAL;
	set_stream(iommu, stream, to);
	return 0;
}

static void op_detach(void *ctx, uint32_t requester)
{
	struct sim_stream *stream = dmk_sim_iommu_stream(ctx, requester);

	if (stream)
		set_stream(ctx, stream, NULL);
}

static void invalidate(struct sim_iommu *iommu, struct sim_invalidation what)
{
	pthread_mutex_lock(&iommu->lock);
	iommu->counters.invalidations++;
	if (iommu->nr_waiting < iommu->queue && chance(iommu, 4)) {
		iommu->counters.queued++;
		iommu->waiting[iommu->nr_waiting++] = what;
	} else {
		forget(iommu, &what);
	}
	pthread_mutex_unlock(&iommu->lock);
}

static void op_invalidate(void *ctx, uint16_t id, uint64_t first, uint64_t last, bool tables)
{
	invalidate(ctx, (struct sim_invalidation){
				.id = id, .first = first, .last = last, .tables = tables});
}

static void op_invalidate_all(void *ctx, uint16_t id)
{
	invalidate(ctx, (struct sim_invalidation){.id = id, .last = ~0ULL, .tables = true});
}

static void op_sync(void *ctx)
{
	struct sim_iommu *iommu = ctx;

	pthread_mutex_lock(&iommu->lock);
	iommu->counters.syncs++;
	forget_waiting(iommu);
	pthread_mutex_unlock(&iommu->lock);
	wait_for_accesses(iommu);
}

const struct dmk_iommu_ops dmk_sim_iommu_ops = {
	.group_of = op_group_of,
	.attach = op_attach,
	.detach = op_detach,
	.invalidate = op_invalidate,
	.invalidate_all = op_invalidate_all,
	.sync = op_sync,
};

struct sim_iommu_counters dmk_sim_iommu_counters(struct sim_iommu *iommu)
{
	struct sim_iommu_counters counters;

	pthread_mutex_lock(&iommu->lock);
	counters = iommu->counters;
	pthread_mutex_unlock(&iommu->lock);
	return counters;
}

/* --- life ------------------------------------------------------------------------------------- */

static int start(struct sim *sim, struct sim_iommu *iommu)
{
	pthread_rwlockattr_t writers_first;

	iommu->cache = calloc(iommu->entries, sizeof(*iommu->cache));
	if (!iommu->cache)
		return -ENOMEM;
	pthread_rwlockattr_init(&writers_first);
	pthread_rwlockattr_setkind_np(&writers_first, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&iommu->gate, &writers_first);
	pthread_rwlockattr_destroy(&writers_first);
	pthread_mutex_init(&iommu->lock, NULL);
	iommu->random = sim->seed ^ 0x696f6d6d75;
	iommu->sim = sim;
	return 0;
}

int dmk_sim_iommus_open(struct sim *sim)
{
	int result = 0;

	for (struct sim_iommu *at = sim->profile.iommus; at && !result; at = at->next)
		result = start(sim, at);
	return result;
}

void dmk_sim_iommus_close(struct sim *sim)
{
	for (struct sim_iommu *at = sim->profile.iommus; at; at = at->next) {
		if (!at->sim)
			continue;
		pthread_mutex_destroy(&at->lock);
		pthread_rwlock_destroy(&at->gate);
		free(at->cache);
		at->sim = NULL;
	}
}
