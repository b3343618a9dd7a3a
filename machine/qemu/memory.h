/* SPDX-License-Identifier: MIT */
/*
 * RAM: one memfd, mapped by QEMU and by us. This says which physical address is where in the file,
 * and maps it.
 */
#ifndef DMK_QEMU_MEMORY_H
#define DMK_QEMU_MEMORY_H

#include "board.h"

struct dmk_qemu_memory {
	const struct dmk_qemu_board *board;
	int fd;
	void *direct; /* physical 0 */
	unsigned int nr_ranges;
	struct dmk_memory range[DMK_QEMU_RAM_RUNS];
};

/** dmk_qemu_memory_create - Return: 0 or a negative errno with nothing left behind. */
int dmk_qemu_memory_create(struct dmk_qemu_memory *memory, const struct dmk_qemu_board *board);
void dmk_qemu_memory_destroy(struct dmk_qemu_memory *memory);

/** As the port's view_map and view_unmap. */
void *dmk_qemu_memory_view(struct dmk_qemu_memory *memory, const dmk_phys *pages, size_t n);
void dmk_qemu_memory_unview(void *view, size_t n);

#endif
