/* SPDX-License-Identifier: MIT */
/*
 * Memory that is the program's own, as in a confidential guest: no device reaches a page before it
 * is shared, and sharing, either way, leaves noise in it, as another encryption key would. CPUs
 * reach all of it: that a guest maps shared pages anew is the business of its kernel, and not
 * simulated.
 *
 * share_lock: a device holds it for reading from the moment its access is judged until the last
 * byte has moved; memory_share() takes it for writing. So an access that was announced as good is
 * carried out whole, and after memory_share() returned, no access that was judged before it is
 * under way any more.
 */
#include "sim.h"

#include <errno.h>
#include <sys/mman.h>

/* A byte a page; those of memory that nobody shares are never touched, and cost nothing. */
int dmk_sim_private_open(struct sim *sim)
{
	struct sim_memory *memory = &sim->memory;
	void *shared;

	if (!(sim->profile.machine.caps & DMK_CAP_PRIVATE))
		return 0;
	memory->noise = sim->seed ^ 0x6b657973;
	shared = mmap(NULL, memory->size >> DMK_PAGE_SHIFT, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared == MAP_FAILED)
		return -ENOMEM;
	memory->shared = shared;
	return 0;
}

void dmk_sim_private_close(struct sim *sim)
{
	if (sim->memory.shared)
		munmap(sim->memory.shared, sim->memory.size >> DMK_PAGE_SHIFT);
}

void dmk_sim_access_hold(struct sim *sim)
{
	if (sim->memory.shared)
		pthread_rwlock_rdlock(&sim->memory.share_lock);
}

void dmk_sim_access_release(struct sim *sim)
{
	if (sim->memory.shared)
		pthread_rwlock_unlock(&sim->memory.share_lock);
}

bool dmk_sim_is_shared(const struct sim *sim, uint64_t offset, uint64_t size)
{
	const struct sim_memory *memory = &sim->memory;

	for (uint64_t page = offset >> DMK_PAGE_SHIFT;
	     memory->shared && page <= (offset + (size - 1)) >> DMK_PAGE_SHIFT; page++)
		if (!memory->shared[page])
			return false;
	return true;
}

/* --- sharing ---------------------------------------------------------------------------------- */

/* All copies of RAM hold the same noise: whatever a cache held of the page is gone as well. */
static void scramble(struct sim_memory *memory, uint64_t offset, uint64_t size)
{
	for (uint64_t at = offset; at < offset + size; at += sizeof(uint64_t)) {
		uint64_t value = dmk_sim_random(&memory->noise);

		__atomic_store_n((uint64_t *)(memory->cpu + at), value, __ATOMIC_RELAXED);
		if (!memory->base)
			continue;
		__atomic_store_n((uint64_t *)(memory->dram + at), value, __ATOMIC_RELAXED);
		__atomic_store_n((uint64_t *)(memory->base + at), value, __ATOMIC_RELAXED);
	}
}

static bool is_ram(const struct sim *sim, uint64_t phys, uint64_t size)
{
	uint64_t offset, run;

	if (!size || (phys | size) & (DMK_PAGE_SIZE - 1) || phys + (size - 1) < phys)
		return false;
	while (dmk_sim_memory_offset(sim, phys, &offset, &run)) {
		if (run >= size)
			return true;
		phys += run;
		size -= run;
	}
	return false;
}

static void share_run(struct sim_memory *memory, uint64_t offset, uint64_t size, bool shared)
{
	for (uint64_t page = offset >> DMK_PAGE_SHIFT; page < (offset + size) >> DMK_PAGE_SHIFT;
	     page++)
		memory->shared[page] = shared;
	scramble(memory, offset, size);
}

int dmk_sim_memory_share(struct sim *sim, uint64_t phys, uint64_t size, bool shared)
{
	struct sim_memory *memory = &sim->memory;
	uint64_t offset, run;

	if (!memory->shared)
		return 0;
	if (!is_ram(sim, phys, size))
		return -EINVAL;
	pthread_rwlock_wrlock(&memory->share_lock);
	pthread_mutex_lock(&memory->lock);
	for (; size && dmk_sim_memory_offset(sim, phys, &offset, &run); phys += run, size -= run) {
		if (run > size)
			run = size;
		share_run(memory, offset, run, shared);
	}
	pthread_mutex_unlock(&memory->lock);
	pthread_rwlock_unlock(&memory->share_lock);
	return 0;
}
