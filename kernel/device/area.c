// SPDX-License-Identifier: MIT
/*
 * What a driver's mmap operation puts in an area, and how a user in this process sees it: RAM as a
 * view of the very pages, registers as a range whose every access is carried out by the machine
 * (iofault.c).
 *
 * The area has addresses of its own, reserved and empty, for the driver to name; the user gets
 * others.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mm_area.h>

struct area {
	struct vm_area_struct vma; /* first */
	struct area *next;
	/*
	 * For each page its frame number plus 1, and the page if the area has a reference to it. 0
	 * is nothing, so that an area of a size that only a hostile user asks for takes no memory
	 * until a driver fills it.
	 */
	uint64_t *frames;
	struct page **faulted;
	size_t n, end; /* pages; one past the last that was ever put there */
	void *address; /* where the user sees it */
	size_t size;
	bool registers, uncached;
};

static struct area *areas;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct area *of_vma(struct vm_area_struct *vma)
{
	return vma->dmk;
}

static bool is_empty(const struct area *area, size_t i)
{
	return area->frames[i] == 0;
}

static uint64_t phys_of(const struct area *area, size_t i)
{
	return (area->frames[i] - 1) << PAGE_SHIFT;
}

static void put_frame(struct area *area, size_t i, uint64_t pfn, struct page *counted)
{
	area->frames[i] = pfn + 1;
	area->faulted[i] = counted;
	if (area->end <= i)
		area->end = i + 1;
}

/* --- what drivers call ------------------------------------------------------------------------ */

static bool is_inside(const struct vm_area_struct *vma, unsigned long address, unsigned long size)
{
	return address >= vma->vm_start && address <= vma->vm_end && size <= vma->vm_end - address;
}

int remap_pfn_range(struct vm_area_struct *vma, unsigned long address, unsigned long pfn,
		    unsigned long size, pgprot_t prot)
{
	struct area *area = of_vma(vma);
	size_t first;

	size = PAGE_ALIGN(size);
	if (!size || (address & ~PAGE_MASK) || !is_inside(vma, address, size) ||
	    pfn + (size >> PAGE_SHIFT) < pfn)
		return -EINVAL;
	first = (address - vma->vm_start) >> PAGE_SHIFT;
	for (size_t i = 0; i < size >> PAGE_SHIFT; i++)
		put_frame(area, first + i, pfn + i, area->faulted[first + i]);
	area->uncached |= pgprot_val(prot) & dmk_pgprot_uncached;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

int vm_iomap_memory(struct vm_area_struct *vma, phys_addr_t start, unsigned long size)
{
	unsigned long pages, wanted = vma_pages(vma);

	if (start + size < start)
		return -EINVAL;
	size += start & ~PAGE_MASK;
	pages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	if (vma->vm_pgoff > pages || wanted > pages - vma->vm_pgoff)
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, (start >> PAGE_SHIFT) + vma->vm_pgoff,
			       wanted << PAGE_SHIFT, vma->vm_page_prot);
}

int vm_insert_page(struct vm_area_struct *vma, unsigned long address, struct page *page)
{
	struct area *area = of_vma(vma);
	size_t i;

	if ((address & ~PAGE_MASK) || !is_inside(vma, address, PAGE_SIZE))
		return -EFAULT;
	i = (address - vma->vm_start) >> PAGE_SHIFT;
	if (!is_empty(area, i))
		return -EBUSY;
	get_page(page);
	put_frame(area, i, page_to_pfn(page), page);
	vm_flags_set(vma, VM_MIXEDMAP);
	return 0;
}

int vm_map_pages(struct vm_area_struct *vma, struct page **pages, unsigned long count)
{
	unsigned long n = vma_pages(vma);
	int error = 0;

	if (vma->vm_pgoff >= count || n > count - vma->vm_pgoff)
		return -ENXIO;
	for (unsigned long i = 0; i < n && !error; i++)
		error = vm_insert_page(vma, vma->vm_start + (i << PAGE_SHIFT),
				       pages[vma->vm_pgoff + i]);
	return error;
}

int remap_vmalloc_range(struct vm_area_struct *vma, void *address, unsigned long pgoff)
{
	int error = 0;

	for (unsigned long i = 0; i < vma_pages(vma) && !error; i++) {
		struct page *page = vmalloc_to_page((char *)address + ((pgoff + i) << PAGE_SHIFT));

		error = page ? vm_insert_page(vma, vma->vm_start + (i << PAGE_SHIFT), page)
			     : -EINVAL;
	}
	return error;
}

vm_fault_t vmf_insert_pfn(struct vm_area_struct *vma, unsigned long address, unsigned long pfn)
{
	return remap_pfn_range(vma, address & PAGE_MASK, pfn, PAGE_SIZE, vma->vm_page_prot)
		       ? VM_FAULT_SIGBUS
		       : VM_FAULT_NOPAGE;
}

/* --- making an area --------------------------------------------------------------------------- */

/*
 * Of 8 bytes an entry, 0 each, and no memory before it is written; the heap would promise that of
 * no size. NULL: no room.
 */
static void *make_table(size_t n)
{
	void *table = mmap(NULL, n * sizeof(uint64_t), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return table == MAP_FAILED ? NULL : table;
}

static void free_table(void *table, size_t n)
{
	if (table)
		munmap(table, n * sizeof(uint64_t));
}

static void free_area(struct area *area)
{
	for (size_t i = 0; i < area->end; i++)
		if (area->faulted[i])
			put_page(area->faulted[i]);
	if (area->vma.vm_start)
		munmap((void *)area->vma.vm_start, area->size);
	free_table(area->faulted, area->n);
	free_table(area->frames, area->n);
	free(area);
}

static struct area *make_area(struct file *file, size_t size, int prot, int flags, uint64_t offset)
{
	struct area *area = calloc(1, sizeof(*area));
	void *reserved;

	if (!area)
		return NULL;
	area->size = PAGE_ALIGN(size);
	area->n = area->size >> PAGE_SHIFT;
	area->frames = make_table(area->n);
	area->faulted = make_table(area->n);
	reserved = mmap(NULL, area->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);
	if (reserved != MAP_FAILED)
		area->vma.vm_start = (unsigned long)reserved;
	if (!area->frames || !area->faulted || reserved == MAP_FAILED) {
		free_area(area);
		return NULL;
	}
	area->vma.vm_end = area->vma.vm_start + area->size;
	area->vma.vm_pgoff = offset >> PAGE_SHIFT;
	area->vma.vm_file = file;
	area->vma.dmk = area;
	area->vma.vm_page_prot = PAGE_KERNEL;
	area->vma.dmk_vm_flags = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	area->vma.dmk_vm_flags |= (prot & PROT_READ ? VM_READ : 0) |
			      (prot & PROT_WRITE ? VM_WRITE : 0) |
			      (prot & PROT_EXEC ? VM_EXEC : 0) |
			      (flags & MAP_SHARED ? VM_SHARED | VM_MAYSHARE : 0);
	return area;
}

/* Pages that the driver would bring when they are touched, brought now. */
static int bring_pages(struct area *area)
{
	const struct vm_operations_struct *ops = area->vma.vm_ops;

	for (size_t i = 0; i < area->n; i++) {
		struct vm_fault fault = {
			.vma = &area->vma,
			.pgoff = area->vma.vm_pgoff + i,
			.address = area->vma.vm_start + (i << PAGE_SHIFT),
		};
		vm_fault_t result;

		if (!is_empty(area, i))
			continue;
		if (!ops || !ops->fault)
			return -EFAULT;
		result = ops->fault(&fault);
		if (result & VM_FAULT_ERROR)
			return result & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
		if (fault.page)
			put_frame(area, i, page_to_pfn(fault.page), fault.page);
		if (is_empty(area, i))
			return -EFAULT;
	}
	return 0;
}

static bool is_memory(uint64_t phys)
{
	const struct dmk_machine *machine = dmk_device_port->machine;

	for (unsigned int i = 0; i < machine->nr_memory; i++)
		if (phys >= machine->memory[i].first.v &&
		    phys - machine->memory[i].first.v < machine->memory[i].size)
			return true;
	return false;
}

static int show_memory(struct area *area, int prot)
{
	const struct dmk_port *port = dmk_device_port;
	dmk_phys *pages = calloc(area->n, sizeof(*pages));

	if (!pages)
		return -ENOMEM;
	for (size_t i = 0; i < area->n; i++)
		pages[i] = DMK_PHYS(phys_of(area, i));
	area->address = port->ops->view_map(port->ctx, pages, area->n,
					    area->uncached ? DMK_VIEW_UNCACHED : DMK_VIEW_CACHED);
	free(pages);
	if (!area->address)
		return -ENOMEM;
	if (!(prot & PROT_WRITE))
		mprotect(area->address, area->size, prot & PROT_READ);
	return 0;
}

/* Registers lie side by side, as a window does. */
static int show_registers(struct area *area)
{
	for (size_t i = 1; i < area->n; i++)
		if (area->frames[i] != area->frames[0] + i)
			return -EINVAL;
	area->registers = true;
	area->address = dmk_iomap_make(phys_of(area, 0), area->size, DMK_IOMAP_USER);
	return area->address ? 0 : -ENOMEM;
}

static int show(struct area *area, int prot)
{
	bool memory = is_memory(phys_of(area, 0));

	for (size_t i = 1; i < area->n; i++)
		if (is_memory(phys_of(area, i)) != memory)
			return -EINVAL;
	return memory ? show_memory(area, prot) : show_registers(area);
}

int dmk_area_map(struct file *file, size_t size, int prot, int flags, uint64_t offset,
		 void **address)
{
	struct area *area;
	int error;

	if (size > SIZE_MAX - PAGE_SIZE || !(flags & (MAP_SHARED | MAP_PRIVATE)))
		return -EINVAL;
	if ((flags & MAP_SHARED) && (prot & PROT_WRITE) && !(file->f_mode & FMODE_WRITE))
		return -EACCES;
	area = make_area(file, size, prot, flags, offset);
	if (!area)
		return -ENOMEM;
	error = file->f_op->mmap(file, &area->vma);
	if (error) {
		free_area(area);
		return error;
	}
	error = bring_pages(area);
	if (!error)
		error = show(area, prot);
	if (error) {
		if (area->vma.vm_ops && area->vma.vm_ops->close)
			area->vma.vm_ops->close(&area->vma);
		free_area(area);
		return error;
	}
	dmk_file_hold(file);
	pthread_mutex_lock(&lock);
	area->next = areas;
	areas = area;
	pthread_mutex_unlock(&lock);
	*address = area->address;
	return 0;
}

static void end_area(struct area *area)
{
	struct file *file = area->vma.vm_file;

	if (area->registers)
		iounmap(area->address);
	else
		dmk_device_port->ops->view_unmap(dmk_device_port->ctx, area->address, area->n);
	if (area->vma.vm_ops && area->vma.vm_ops->close)
		area->vma.vm_ops->close(&area->vma);
	free_area(area);
	dmk_file_drop(file);
}

int dmk_area_unmap(void *address, size_t size)
{
	struct area **at = &areas, *old;

	pthread_mutex_lock(&lock);
	while (*at && ((*at)->address != address || (*at)->size != PAGE_ALIGN(size)))
		at = &(*at)->next;
	old = *at;
	if (old)
		*at = old->next;
	pthread_mutex_unlock(&lock);
	if (!old)
		return -EINVAL;
	end_area(old);
	return 0;
}

int dmk_area_page(uintptr_t address, bool write, struct page **page)
{
	struct area *area;
	int result = -EFAULT;
	size_t i;

	pthread_mutex_lock(&lock);
	for (area = areas; area; area = area->next)
		if (address - (uintptr_t)area->address < area->size)
			break;
	i = area ? (address - (uintptr_t)area->address) >> PAGE_SHIFT : 0;
	if (!area) {
		result = 0;
	} else if (!(area->vma.vm_flags & (VM_IO | VM_PFNMAP)) && area->faulted[i] &&
		   (!write || (area->vma.vm_flags & VM_WRITE))) {
		*page = area->faulted[i];
		get_page(*page);
		result = 1;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

void dmk_areas_stop(void)
{
	while (areas)
		dmk_area_unmap(areas->address, areas->size);
}
