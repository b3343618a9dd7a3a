/* SPDX-License-Identifier: MIT */
/*
 * A driver's mmap operation: the area a user asked for, and what the driver puts there. Part of
 * linux/mm.h.
 *
 * What a driver does with an area is noted and carried out when its mmap operation returns 0: the
 * user then gets a view of the very pages. An area may hold RAM or registers, not both, and no
 * holes; pages that a fault operation would bring are asked for at once.
 */
#ifndef _LINUX_MM_AREA_H
#define _LINUX_MM_AREA_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/mm_types.h>
#include <linux/vmalloc.h>
#include <linux/version.h>

struct file;
struct device;
struct vm_area_struct;

typedef unsigned long vm_flags_t;

#define VM_NONE 0x00000000UL
#define VM_READ 0x00000001UL
#define VM_WRITE 0x00000002UL
#define VM_EXEC 0x00000004UL
#define VM_SHARED 0x00000008UL
#define VM_MAYREAD 0x00000010UL
#define VM_MAYWRITE 0x00000020UL
#define VM_MAYEXEC 0x00000040UL
#define VM_MAYSHARE 0x00000080UL
#define VM_PFNMAP 0x00000400UL
#define VM_LOCKED 0x00002000UL
#define VM_IO 0x00004000UL
#define VM_DONTCOPY 0x00020000UL
#define VM_DONTEXPAND 0x00040000UL
#define VM_DONTDUMP 0x04000000UL
#define VM_MIXEDMAP 0x10000000UL

#define VM_FAULT_OOM 0x000001
#define VM_FAULT_SIGBUS 0x000002
#define VM_FAULT_SIGSEGV 0x000040
#define VM_FAULT_NOPAGE 0x000100
#define VM_FAULT_LOCKED 0x000200
#define VM_FAULT_ERROR (VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned int flags;
	unsigned long pgoff;   /* in pages, of the file */
	unsigned long address; /* in the area */
	struct page *page;     /* the answer, with a reference for the area */
};

struct vm_operations_struct {
	void (*open)(struct vm_area_struct *area);
	void (*close)(struct vm_area_struct *area);
	vm_fault_t (*fault)(struct vm_fault *fault);
	int (*access)(struct vm_area_struct *area, unsigned long address, void *buffer, int size,
		      int write);
};

/* From Linux 6.3 on drivers change them with vm_flags_set() and its like only. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define DMK_VM_FLAGS                          \
	union {                               \
		const vm_flags_t vm_flags;    \
		vm_flags_t dmk_vm_flags;      \
	};
#else
#define DMK_VM_FLAGS                          \
	union {                               \
		vm_flags_t vm_flags;          \
		vm_flags_t dmk_vm_flags;      \
	};
#endif

struct vm_area_struct {
	/* what the area is called, from first to last call; not where the user sees it */
	unsigned long vm_start;
	unsigned long vm_end;
	unsigned long vm_pgoff;
	DMK_VM_FLAGS
	pgprot_t vm_page_prot;
	const struct vm_operations_struct *vm_ops;
	struct file *vm_file;
	void *vm_private_data;
	struct mm_struct *vm_mm;
	void *dmk; /* the file layer's */
};

/**
 * remap_pfn_range - put physically contiguous memory or registers at @address. 0, -EINVAL (not
 * inside the area), -ENOMEM.
 */
int remap_pfn_range(struct vm_area_struct *vma, unsigned long address, unsigned long pfn,
		    unsigned long size, pgprot_t prot) DMK_SYM(remap_pfn_range);
/** vm_iomap_memory - as above, for [start, start + size), at the area's own offset into it */
int vm_iomap_memory(struct vm_area_struct *vma, phys_addr_t start, unsigned long size)
	DMK_SYM(vm_iomap_memory);
int vm_insert_page(struct vm_area_struct *vma, unsigned long address, struct page *page)
	DMK_SYM(vm_insert_page);
int vm_map_pages(struct vm_area_struct *vma, struct page **pages, unsigned long count)
	DMK_SYM(vm_map_pages);
int remap_vmalloc_range(struct vm_area_struct *vma, void *address, unsigned long pgoff)
	DMK_SYM(remap_vmalloc_range);
vm_fault_t vmf_insert_pfn(struct vm_area_struct *vma, unsigned long address, unsigned long pfn)
	DMK_SYM(vmf_insert_pfn);

#define io_remap_pfn_range(vma, address, pfn, size, prot) \
	remap_pfn_range(vma, address, pfn, size, prot)

static inline unsigned long vma_pages(const struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> 12;
}

static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->dmk_vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->dmk_vm_flags &= ~flags;
}

static inline void vm_flags_mod(struct vm_area_struct *vma, vm_flags_t set, vm_flags_t clear)
{
	vma->dmk_vm_flags = (vma->vm_flags | set) & ~clear;
}

#endif
