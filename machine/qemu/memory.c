// SPDX-License-Identifier: MIT
/*
 * RAM of the QEMU machine: the memfd, the direct map, views. What a page is used for is nobody's
 * business here.
 */
#include "memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Bytes of RAM from @phys to the end of its run; 0: no RAM there. @offset: where it is in the file.
 */
static uint64_t ram_at(const struct dmk_qemu_board *board, dmk_phys phys, off_t *offset)
{
	unsigned int i;

	for (i = 0; i < DMK_QEMU_RAM_RUNS; i++) {
		const struct dmk_qemu_ram *run = &board->ram[i];

		if (phys.v < run->first || phys.v - run->first >= run->size)
			continue;
		*offset = run->offset + (phys.v - run->first);
		return run->size - (phys.v - run->first);
	}
	*offset = 0;
	return 0;
}

static int map_run(struct dmk_qemu_memory *memory, void *at, dmk_phys phys, uint64_t size)
{
	off_t offset;
	void *got;

	if (ram_at(memory->board, phys, &offset) < size)
		return -EINVAL;
	got = mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory->fd, offset);
	return got == MAP_FAILED ? -ENOMEM : 0;
}

/*
 * An address range that is ours and not accessible, at a multiple of its size rounded up to a power
 * of two, or of 1 GiB; NULL: none.
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
	if (all == MAP_FAILED)
		return NULL;
	if (align == DMK_PAGE_SIZE)
		return all;
	before = -(uintptr_t)all & (align - 1);
	if (before)
		munmap(all, before);
	if (align - DMK_PAGE_SIZE - before)
		munmap(all + before + size, align - DMK_PAGE_SIZE - before);
	return all + before;
}

static void describe(struct dmk_qemu_memory *memory)
{
	const struct dmk_qemu_ram *run = memory->board->ram;
	unsigned int n;

	for (n = 0; n < DMK_QEMU_RAM_RUNS && run[n].size; n++)
		memory->range[n] = (struct dmk_memory){
			.first = DMK_PHYS(run[n].first),
			.size = run[n].size,
			.kind = DMK_MEMORY_RAM,
			.name = "",
		};
	memory->nr_ranges = n;
}

static size_t direct_size(const struct dmk_qemu_memory *memory)
{
	return dmk_qemu_board_last(memory->board).v + 1;
}

static int map_direct(struct dmk_qemu_memory *memory)
{
	unsigned int i;
	int err;

	memory->direct = reserve(direct_size(memory));
	if (!memory->direct)
		return -ENOMEM;

	for (i = 0; i < memory->nr_ranges; i++) {
		const struct dmk_memory *range = &memory->range[i];

		err = map_run(memory, (char *)memory->direct + range->first.v, range->first,
			      range->size);
		if (err)
			goto unreserve;
	}
	return 0;

unreserve:
	munmap(memory->direct, direct_size(memory));
	return err;
}

int dmk_qemu_memory_create(struct dmk_qemu_memory *memory, const struct dmk_qemu_board *board)
{
	int err;

	memory->board = board;
	memory->fd = memfd_create("dmakit-qemu-ram", MFD_CLOEXEC);
	if (memory->fd < 0)
		return -errno;
	err = ftruncate(memory->fd, board->ram_size) ? -errno : 0;
	if (err)
		goto close_fd;
	describe(memory);
	err = map_direct(memory);
	if (err)
		goto close_fd;
	return 0;

close_fd:
	close(memory->fd);
	return err;
}

void dmk_qemu_memory_destroy(struct dmk_qemu_memory *memory)
{
	munmap(memory->direct, direct_size(memory));
	close(memory->fd);
}

/* How many of @pages, from the first, lie side by side in RAM too: they take one mapping. */
static size_t run_length(const struct dmk_qemu_memory *memory, const dmk_phys *pages, size_t n)
{
	off_t offset;
	uint64_t room = ram_at(memory->board, pages[0], &offset) / DMK_PAGE_SIZE;
	size_t i;

	for (i = 1; i < n && i < room; i++)
		if (pages[i].v != pages[0].v + i * DMK_PAGE_SIZE)
			break;
	return i;
}

void *dmk_qemu_memory_view(struct dmk_qemu_memory *memory, const dmk_phys *pages, size_t n)
{
	char *view = reserve(n * DMK_PAGE_SIZE);
	size_t at, run;

	if (!view)
		return NULL;
	for (at = 0; at < n; at += run) {
		run = run_length(memory, pages + at, n - at);
		if (map_run(memory, view + at * DMK_PAGE_SIZE, pages[at], run * DMK_PAGE_SIZE)) {
			munmap(view, n * DMK_PAGE_SIZE);
			return NULL;
		}
	}
	return view;
}

void dmk_qemu_memory_unview(void *view, size_t n)
{
	munmap(view, n * DMK_PAGE_SIZE);
}
