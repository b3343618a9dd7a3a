/* SPDX-License-Identifier: MIT */
/*
 * Memory that is contiguous for the CPU alone: real page frames from anywhere, mapped side by side.
 * May not be given to dma_map_single() (MEM-02).
 */
#ifndef _LINUX_VMALLOC_H
#define _LINUX_VMALLOC_H

#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/mm_types.h>
#include <linux/types.h>

#define VM_IOREMAP 0x1
#define VM_ALLOC 0x2
#define VM_MAP 0x4
#define VM_MAP_PUT_PAGES 0x200

/** vmalloc - may sleep. NULL: no memory. Freed with vfree(), NULL being nothing. */
void *vmalloc(unsigned long size) DMK_SYM(vmalloc) __attribute__((malloc));
void *vzalloc(unsigned long size) DMK_SYM(vzalloc) __attribute__((malloc));
void *vmalloc_user(unsigned long size) DMK_SYM(vmalloc_user) __attribute__((malloc));
void *vmalloc_32(unsigned long size) DMK_SYM(vmalloc_32) __attribute__((malloc));
void *__vmalloc(unsigned long size, gfp_t gfp) DMK_SYM(__vmalloc) __attribute__((malloc));
void vfree(const void *address) DMK_SYM(vfree);
/**
 * vmap - @count pages side by side; they stay the caller's. vunmap() is the opposite. With
 * VM_MAP_PUT_PAGES a reference to each is the area's, and vfree() the opposite.
 */
void *vmap(struct page **pages, unsigned int count, unsigned long flags, pgprot_t prot)
	DMK_SYM(vmap);
void vunmap(const void *address) DMK_SYM(vunmap);
/** vm_map_ram - as vmap(), for a short time; undone with the same count. */
void *vm_map_ram(struct page **pages, unsigned int count, int node) DMK_SYM(vm_map_ram);
void vm_unmap_ram(const void *address, unsigned int count) DMK_SYM(vm_unmap_ram);

bool is_vmalloc_addr(const void *address) DMK_SYM(is_vmalloc_addr);
struct page *vmalloc_to_page(const void *address) DMK_SYM(vmalloc_to_page);

static __always_inline void *vmalloc_array(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : vmalloc(bytes);
}

static __always_inline void *vcalloc(size_t n, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : vzalloc(bytes);
}

#define vmalloc_node(size, node) ((void)(node), vmalloc(size))
#define vzalloc_node(size, node) ((void)(node), vzalloc(size))

#endif
