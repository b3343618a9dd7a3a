/* SPDX-License-Identifier: MIT */
/*
 * RAM: one memfd, mapped by QEMU and by us. This says which physical address is where in the file,
 * and maps it.
 */
#ifndef DMK_QEMU_MEMORY_H
#define DMK_QEMU_MEMORY_H

#include <dmakit/port.h>

/*
 * Half of RAM below 4 GiB and half above, so that a driver's mask makes a difference: the low half
 * ends at 512 MiB, where a mask of 28 bits (256 MiB) already cuts it. The file is sparse: what
 * nobody writes costs nothing.
 */
#define DMK_QEMU_LOW_SIZE  (512ULL << 20)
#define DMK_QEMU_HIGH_BASE (4ULL << 30)
#define DMK_QEMU_HIGH_SIZE (512ULL << 20)
#define DMK_QEMU_RAM_SIZE  (DMK_QEMU_LOW_SIZE + DMK_QEMU_HIGH_SIZE)

enum { DMK_QEMU_MEMORY_RANGES = 3 };

struct dmk_qemu_memory {
	int fd;
	void *direct; /* physical 0 */
	struct dmk_memory range[DMK_QEMU_MEMORY_RANGES];
};

/** dmk_qemu_memory_create - Return: 0 or a negative errno with nothing left behind. */
int dmk_qemu_memory_create(struct dmk_qemu_memory *memory);
void dmk_qemu_memory_destroy(struct dmk_qemu_memory *memory);
dmk_phys dmk_qemu_memory_last(void);

/** As the port's view_map and view_unmap. */
void *dmk_qemu_memory_view(struct dmk_qemu_memory *memory, const dmk_phys *pages, size_t n);
void dmk_qemu_memory_unview(void *view, size_t n);

#endif
