/* SPDX-License-Identifier: MIT */
/*
 * RAM: memory files, the direct map over them, views of pages side by side, and the bytes that
 * devices move.
 *
 * A copy of RAM is one file with the banks one after the other, so holes cost nothing and a bank
 * above 4 GiB is no further away than one below. The machine reaches RAM by mappings of its own,
 * never through the direct map: what a driver does with its addresses (or a sanitizer with their
 * shadows) does not touch it.
 */
#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool dmk_sim_memory_offset(const struct sim *sim, uint64_t phys, uint64_t *offset, uint64_t *run)
{
	const struct sim_profile *profile = &sim->profile;

	for (unsigned int i = 0; i < profile->nr_banks; i++) {
		const struct sim_bank *bank = &profile->banks[i];
		uint64_t into = phys - bank->first;

		if (into >= bank->size)
			continue;
		*offset = bank->offset + into;
		*run = bank->size - into;
		return true;
	}
	return false;
}

/* --- life ------------------------------------------------------------------------------------- */

static int open_copy(uint64_t size, int *fd, uint8_t **bytes)
{
	void *at;

	*fd = memfd_create("dmakit-ram", MFD_CLOEXEC);
	if (*fd < 0)
		return -ENOMEM;
	if (ftruncate(*fd, size))
		return -ENOMEM;
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, *fd, 0);
	if (at == MAP_FAILED)
		return -ENOMEM;
	*bytes = at;
	return 0;
}

static bool in_direct_map(const struct dmk_machine *machine, const struct dmk_memory *memory)
{
	return !memory->no_map && memory->first.v <= machine->direct_last.v;
}

static int map_direct_run(struct sim *sim, const struct dmk_memory *memory)
{
	uint64_t phys = memory->first.v, left = memory->size, offset, run;
	uint64_t room = sim->profile.machine.direct_last.v - phys + 1;

	if (left > room)
		left = room;
	/*
	 * A run may cross from one bank to its neighbour: their places in the file need not be
	 * neighbours.
	 */
	while (left && dmk_sim_memory_offset(sim, phys, &offset, &run)) {
		if (run > left)
			run = left;
		if (mmap((char *)sim->memory.direct + phys, run, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | MAP_NORESERVE, sim->memory.cpu_fd,
			 offset) == MAP_FAILED)
			return -ENOMEM;
		phys += run;
		left -= run;
	}
	return 0;
}

/*
 * Addresses without access, at a multiple of their number rounded up to a power of two, or of 1
 * GiB; MAP_FAILED: none.
 */
static void *reserve(size_t size)
{
	const size_t most = (size_t)1 << 30;
	size_t align = DMK_PAGE_SIZE, before;
	char *all;

	while (align < size && align < most)
		align *= 2;
	all = mmap(NULL, size + align - DMK_PAGE_SIZE, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (all == MAP_FAILED || align == DMK_PAGE_SIZE)
		return all;
	before = -(uintptr_t)all & (align - 1);
	if (before)
		munmap(all, before);
	if (align - DMK_PAGE_SIZE - before)
		munmap(all + before + size, align - DMK_PAGE_SIZE - before);
	return all + before;
}

static int map_direct(struct sim *sim)
{
	struct sim_memory *memory = &sim->memory;
	const struct dmk_machine *machine = &sim->profile.machine;
	void *at;

	memory->direct_size = machine->direct_last.v + 1;
	at = reserve(memory->direct_size);
	if (at == MAP_FAILED)
		return -ENOMEM;
	memory->direct = at;
	sim->profile.machine.direct_base = at;
	for (unsigned int i = 0; i < machine->nr_memory; i++) {
		const struct dmk_memory *run = &machine->memory[i];
		int result = in_direct_map(machine, run) ? map_direct_run(sim, run) : 0;

		if (result)
			return result;
	}
	return 0;
}

/* The device's copy, and the one that says what each line held when it was last in step. */
static int open_more_copies(struct sim_memory *memory)
{
	int base_fd, result;

	result = open_copy(memory->size, &memory->dram_fd, &memory->dram);
	if (result)
		return result;
	memory->uncached = calloc(memory->size >> DMK_PAGE_SHIFT, sizeof(*memory->uncached));
	if (!memory->uncached)
		return -ENOMEM;
	result = open_copy(memory->size, &base_fd, &memory->base);
	if (base_fd >= 0)
		close(base_fd);
	return result;
}

int dmk_sim_memory_open(struct sim *sim)
{
	struct sim_memory *memory = &sim->memory;
	const struct sim_profile *profile = &sim->profile;
	const struct sim_bank *last = &profile->banks[profile->nr_banks - 1];
	int result;

	memory->size = last->offset + last->size;
	memory->line = profile->machine.cache_line;
	memory->random = sim->seed ^ 0x63616368;
	result = open_copy(memory->size, &memory->cpu_fd, &memory->cpu);
	if (result)
		return result;
	if (memory->line > 1) {
		result = open_more_copies(memory);
		if (result)
			return result;
	} else {
		memory->dram_fd = memory->cpu_fd;
		memory->dram = memory->cpu;
	}
	result = dmk_sim_private_open(sim);
	return result ? result : map_direct(sim);
}

static void unmap_copy(uint8_t *bytes, uint64_t size)
{
	if (bytes)
		munmap(bytes, size);
}

void dmk_sim_memory_close(struct sim *sim)
{
	struct sim_memory *memory = &sim->memory;

	while (memory->views) {
		struct sim_view *view = memory->views;

		memory->views = view->next;
		munmap(view->address, view->n << DMK_PAGE_SHIFT);
		free(view);
	}
	if (memory->direct)
		munmap(memory->direct, memory->direct_size);
	if (memory->dram != memory->cpu)
		unmap_copy(memory->dram, memory->size);
	unmap_copy(memory->cpu, memory->size);
	unmap_copy(memory->base, memory->size);
	if (memory->dram_fd >= 0 && memory->dram_fd != memory->cpu_fd)
		close(memory->dram_fd);
	if (memory->cpu_fd >= 0)
		close(memory->cpu_fd);
	free(memory->uncached);
	dmk_sim_private_close(sim);
}

/* --- views ------------------------------------------------------------------------------------ */

static bool view_find_pages(const struct sim *sim, struct sim_view *view, const dmk_phys *pages)
{
	uint64_t run;

	for (size_t i = 0; i < view->n; i++)
		if (pages[i].v & (DMK_PAGE_SIZE - 1) ||
		    !dmk_sim_memory_offset(sim, pages[i].v, &view->offset[i], &run))
			return false;
	return true;
}

/* How many pages from @i on lie side by side in the file: one mapping serves them. */
static size_t view_run(const struct sim_view *view, size_t i)
{
	size_t n = 1;

	while (i + n < view->n && view->offset[i + n] == view->offset[i] + (n << DMK_PAGE_SHIFT))
		n++;
	return n;
}

static bool view_map_pages(struct sim_view *view, int fd)
{
	for (size_t i = 0, n; i < view->n; i += n) {
		n = view_run(view, i);
		if (mmap((char *)view->address + (i << DMK_PAGE_SHIFT), n << DMK_PAGE_SHIFT,
			 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd,
			 view->offset[i]) == MAP_FAILED)
			return false;
	}
	return true;
}

/*
 * While a page has an uncached view its lines must not be in the cache: an eviction would lay old
 * bytes of the cached alias over what the device or the uncached view wrote. So they are pushed out
 * here, no eviction looks at the page until the last view is gone, and then the cached alias begins
 * with what memory holds.
 */
static void pages_uncached(struct sim_memory *memory, const struct sim_view *view)
{
	for (size_t i = 0; i < view->n; i++) {
		if (memory->uncached[view->offset[i] >> DMK_PAGE_SHIFT]++)
			continue;
		dmk_sim_lines_clean(memory, view->offset[i], DMK_PAGE_SIZE);
		dmk_sim_lines_invalidate(memory, view->offset[i], DMK_PAGE_SIZE);
	}
}

static void pages_cached(struct sim_memory *memory, const struct sim_view *view)
{
	for (size_t i = 0; i < view->n; i++)
		if (!--memory->uncached[view->offset[i] >> DMK_PAGE_SHIFT])
			dmk_sim_lines_invalidate(memory, view->offset[i], DMK_PAGE_SIZE);
}

static struct sim_view *view_new(const struct sim *sim, const dmk_phys *pages, size_t n)
{
	struct sim_view *view = malloc(sizeof(*view) + n * sizeof(view->offset[0]));

	if (!view)
		return NULL;
	view->n = n;
	view->address = MAP_FAILED;
	if (view_find_pages(sim, view, pages))
		view->address = reserve(n << DMK_PAGE_SHIFT);
	if (view->address != MAP_FAILED)
		return view;
	free(view);
	return NULL;
}

static bool is_uncached(const struct sim_memory *memory, const struct sim_view *view)
{
	return view->uncached && memory->base;
}

void *dmk_sim_view_map(struct sim *sim, const dmk_phys *pages, size_t n, enum dmk_view kind)
{
	struct sim_memory *memory = &sim->memory;
	struct sim_view *view;

	if (!n || n > memory->size >> DMK_PAGE_SHIFT)
		return NULL;
	view = view_new(sim, pages, n);
	if (!view)
		return NULL;
	view->uncached = kind == DMK_VIEW_UNCACHED;
	if (!view_map_pages(view, view->uncached ? memory->dram_fd : memory->cpu_fd)) {
		munmap(view->address, n << DMK_PAGE_SHIFT);
		free(view);
		return NULL;
	}
	pthread_mutex_lock(&memory->lock);
	if (is_uncached(memory, view))
		pages_uncached(memory, view);
	view->next = memory->views;
	memory->views = view;
	pthread_mutex_unlock(&memory->lock);
	return view->address;
}

static struct sim_view *view_take(struct sim_memory *memory, const void *address)
{
	for (struct sim_view **at = &memory->views; *at; at = &(*at)->next) {
		struct sim_view *view = *at;

		if (view->address != address)
			continue;
		*at = view->next;
		return view;
	}
	return NULL;
}

void dmk_sim_view_unmap(struct sim *sim, void *address, size_t n)
{
	struct sim_memory *memory = &sim->memory;
	struct sim_view *view;

	pthread_mutex_lock(&memory->lock);
	view = view_take(memory, address);
	if (view && is_uncached(memory, view))
		pages_cached(memory, view);
	pthread_mutex_unlock(&memory->lock);
	if (!view)
		return;
	munmap(view->address, view->n << DMK_PAGE_SHIFT);
	free(view);
}

/* --- what devices move ------------------------------------------------------------------------ */

/* The widest access of at most 8 bytes that starts aligned at @at and does not pass @left. */
static unsigned int step_at(uintptr_t at, size_t left)
{
	unsigned int step = 8;

	while (step > left || at & (step - 1))
		step /= 2;
	return step;
}

/*
 * Bytes move in ascending order, in naturally aligned pieces of up to 8 bytes, as on a bus: a CPU
 * that polls a descriptor's word never sees half of it. Release and acquire pair with the CPU's
 * dma_wmb() and dma_rmb().
 */
static void store_ram(uint8_t *to, const uint8_t *from, size_t size)
{
	while (size) {
		unsigned int step = step_at((uintptr_t)to, size);
		uint64_t value = 0;

		memcpy(&value, from, step);
		if (step == 8)
			__atomic_store_n((uint64_t *)to, value, __ATOMIC_RELEASE);
		else if (step == 4)
			__atomic_store_n((uint32_t *)to, value, __ATOMIC_RELEASE);
		else if (step == 2)
			__atomic_store_n((uint16_t *)to, value, __ATOMIC_RELEASE);
		else
			__atomic_store_n(to, value, __ATOMIC_RELEASE);
		to += step;
		from += step;
		size -= step;
	}
}

static void load_ram(uint8_t *to, const uint8_t *from, size_t size)
{
	while (size) {
		unsigned int step = step_at((uintptr_t)from, size);
		uint64_t value;

		if (step == 8)
			value = __atomic_load_n((const uint64_t *)from, __ATOMIC_ACQUIRE);
		else if (step == 4)
			value = __atomic_load_n((const uint32_t *)from, __ATOMIC_ACQUIRE);
		else if (step == 2)
			value = __atomic_load_n((const uint16_t *)from, __ATOMIC_ACQUIRE);
		else
			value = __atomic_load_n(from, __ATOMIC_ACQUIRE);
		memcpy(to, &value, step);
		to += step;
		from += step;
		size -= step;
	}
}

/*
 * Bytes up to the end of the page: pages differ in whether a coherent device finds them in the
 * cache.
 */
static size_t page_part(uint64_t offset, size_t size)
{
	size_t part = DMK_PAGE_SIZE - (offset & (DMK_PAGE_SIZE - 1));

	return part < size ? part : size;
}

/*
 * A coherent device on a machine that has others: it snoops the CPU's copy, unless the page is
 * never cached.
 */
static bool snoops(const struct sim_memory *memory, uint64_t offset, bool coherent)
{
	return memory->base && coherent && !memory->uncached[offset >> DMK_PAGE_SHIFT];
}

/* No evictions come of it: a table is read at each miss, and all of chance would strike there. */
uint64_t dmk_sim_memory_word(struct sim *sim, uint64_t offset, bool coherent)
{
	struct sim_memory *memory = &sim->memory;
	uint64_t value;

	if (memory->base)
		pthread_mutex_lock(&memory->lock);
	load_ram((uint8_t *)&value,
		 (!memory->base || snoops(memory, offset, coherent) ? memory->cpu : memory->dram) +
			 offset,
		 sizeof(value));
	if (memory->base)
		pthread_mutex_unlock(&memory->lock);
	return value;
}

void dmk_sim_memory_read(struct sim *sim, uint64_t offset, void *buffer, size_t size, bool coherent)
{
	struct sim_memory *memory = &sim->memory;
	uint8_t *to = buffer;

	if (!memory->base) {
		load_ram(to, memory->cpu + offset, size);
		return;
	}
	pthread_mutex_lock(&memory->lock);
	dmk_sim_cache_note(memory, offset, size);
	dmk_sim_cache_strike(sim);
	for (size_t part; size; offset += part, to += part, size -= part) {
		part = page_part(offset, size);
		load_ram(to,
			 (snoops(memory, offset, coherent) ? memory->cpu : memory->dram) + offset,
			 part);
	}
	pthread_mutex_unlock(&memory->lock);
}

void dmk_sim_memory_write(struct sim *sim, uint64_t offset, const void *buffer, size_t size,
			  bool coherent)
{
	struct sim_memory *memory = &sim->memory;
	const uint8_t *from = buffer;

	if (!memory->base) {
		store_ram(memory->cpu + offset, from, size);
		return;
	}
	pthread_mutex_lock(&memory->lock);
	dmk_sim_cache_note(memory, offset, size);
	for (size_t part; size; offset += part, from += part, size -= part) {
		part = page_part(offset, size);
		store_ram(memory->dram + offset, from, part);
		if (!snoops(memory, offset, coherent))
			continue;
		/*
		 * The CPU's copy first: a store that comes between the two then reads as dirty, and
		 * is kept.
		 */
		store_ram(memory->cpu + offset, from, part);
		store_ram(memory->base + offset, from, part);
	}
	dmk_sim_cache_strike(sim);
	pthread_mutex_unlock(&memory->lock);
}
