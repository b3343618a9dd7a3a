/* SPDX-License-Identifier: MIT */
/*
 * Pages and addresses. The arithmetic between the kinds of address (ADR-04) is inline over what the
 * core was started with.
 */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <asm/page.h>
#include <dmakit/dma.h>
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm_types.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/spinlock.h>
#include <linux/sysinfo.h>
#include <linux/types.h>

#define PAGE_ALIGN(x) ALIGN((x), PAGE_SIZE)
#define PAGE_ALIGN_DOWN(x) ALIGN_DOWN((x), PAGE_SIZE)
#define PAGE_ALIGNED(x) IS_ALIGNED((unsigned long)(x), PAGE_SIZE)
#define offset_in_page(x) ((unsigned long)(x) & ~PAGE_MASK)

/**
 * dmk_phys_asked - @call is given @phys: if no memory is there that anybody has, whoever watches
 * hears of it
 *
 * Only a driver whose accesses are watched calls it, where it turns a number into a page or a
 * pointer: the number may be a dma_addr_t (ADR-01). Others pay nothing.
 */
void dmk_phys_asked(const char *call, phys_addr_t phys);
#if defined(DMK_WATCHED) || defined(DMK_WATCHED_ASAN)
#define dmk_phys_ask(call, phys) dmk_phys_asked(call, phys)
#else
#define dmk_phys_ask(call, phys) ((void)0)
#endif

static inline struct page *dmk_page_at(unsigned long pfn)
{
	return (struct page *)dmk_layout.memmap + pfn;
}

static inline struct page *pfn_to_page(unsigned long pfn)
{
	dmk_phys_ask("pfn_to_page", (phys_addr_t)pfn << PAGE_SHIFT);
	return dmk_page_at(pfn);
}

static inline unsigned long page_to_pfn(const struct page *page)
{
	return page - (const struct page *)dmk_layout.memmap;
}

static inline phys_addr_t page_to_phys(const struct page *page)
{
	return (phys_addr_t)page_to_pfn(page) << PAGE_SHIFT;
}

static inline struct page *phys_to_page(phys_addr_t phys)
{
	dmk_phys_ask("phys_to_page", phys);
	return dmk_page_at(phys >> PAGE_SHIFT);
}

/**
 * virt_to_phys - of an address in the direct map, and of no other (not vmalloc, not kmap, not a
 * stack). For another the result is a number and no address: the driver is told. virt_to_page() and
 * __pa() are the same. Rules: ADR-04.
 */
static __always_inline phys_addr_t virt_to_phys(const volatile void *address)
{
	phys_addr_t phys = (unsigned long)address - (unsigned long)dmk_layout.direct_base;

	/* One past the end is where a loop ends. */
	if (unlikely(phys > dmk_layout.direct_last + 1) && dmk_layout.wrong_address)
		dmk_layout.wrong_address("virt_to_phys", (unsigned long)address);
	return phys;
}

static __always_inline void *dmk_virt_of(phys_addr_t phys)
{
	if (unlikely(phys > dmk_layout.direct_last + 1) && dmk_layout.wrong_address)
		dmk_layout.wrong_address("phys_to_virt", phys);
	return dmk_layout.direct_base + phys;
}

/** phys_to_virt - of RAM that is not highmem. */
static __always_inline void *phys_to_virt(phys_addr_t phys)
{
	dmk_phys_ask("phys_to_virt", phys);
	return dmk_virt_of(phys);
}

#define __pa(address) virt_to_phys((const void *)(unsigned long)(address))
#define __va(phys) phys_to_virt(phys)
#define virt_to_page(address)      dmk_page_at(__pa(address) >> PAGE_SHIFT)
#define virt_to_pfn(address) (__pa(address) >> PAGE_SHIFT)
#define pfn_to_virt(pfn) phys_to_virt((phys_addr_t)(pfn) << PAGE_SHIFT)
#define pfn_to_kaddr(pfn) pfn_to_virt(pfn)
#define page_to_virt(page)         dmk_virt_of(page_to_phys(page))
#define virt_to_head_page(address) compound_head(virt_to_page(address))
#define lowmem_page_address(page) page_to_virt(page)
#define nth_page(page, n) ((page) + (n))
#define folio_page_idx(page, p) ((p) - (page))

static inline bool PageHighMem(const struct page *page)
{
	return page_to_phys(page) > dmk_layout.direct_last;
}

/** dmk_page_address_high - where kmap() has the page, or NULL */
void *dmk_page_address_high(const struct page *page);

/**
 * page_address - a page's kernel address; of a highmem page NULL, but between kmap() and kunmap().
 */
static inline void *page_address(const struct page *page)
{
	return PageHighMem(page) ? dmk_page_address_high(page) : page_to_virt(page);
}

/**
 * pfn_valid - there is RAM with a struct page. virt_addr_valid - it is an address of RAM in the
 * direct map.
 */
bool pfn_valid(unsigned long pfn) DMK_SYM(pfn_valid);
bool dmk_virt_addr_valid(const void *address);
#define virt_addr_valid(address) dmk_virt_addr_valid((const void *)(address))

/** compound_head - the first page of the run that was allocated together */
struct page *compound_head(const struct page *page) DMK_SYM(compound_head);
/** get_page/put_page - one user more, one less; the last one's put_page() frees the page. */
void get_page(struct page *page) DMK_SYM(get_page);
void put_page(struct page *page) DMK_SYM(put_page);
int page_count(const struct page *page) DMK_SYM(page_count);
/** split_page - a run of 2^@order pages becomes single pages, each freed on its own. */
void split_page(struct page *page, unsigned int order) DMK_SYM(split_page);

static inline unsigned int compound_order(const struct page *page)
{
	return compound_head(page)->order;
}

static inline unsigned long page_size(const struct page *page)
{
	return PAGE_SIZE << compound_order(page);
}

static inline void set_page_private(struct page *page, unsigned long value)
{
	page->private = value;
}

static inline unsigned long page_private(const struct page *page)
{
	return page->private;
}

static inline void SetPageReserved(struct page *page)
{
}

static inline void ClearPageReserved(struct page *page)
{
}

static inline int page_to_nid(const struct page *page)
{
	return 0;
}

#include <linux/mm_pin.h>

bool is_vmalloc_addr(const void *address) DMK_SYM(is_vmalloc_addr);
bool is_vmalloc_or_module_addr(const void *address) DMK_SYM(is_vmalloc_or_module_addr);
struct page *vmalloc_to_page(const void *address) DMK_SYM(vmalloc_to_page);
unsigned long vmalloc_to_pfn(const void *address) DMK_SYM(vmalloc_to_pfn);

/** Sizes of the machine's memory in pages: what the page allocator has, and what of it is free. */
unsigned long totalram_pages(void) DMK_SYM(totalram_pages);
unsigned long nr_free_pages(void) DMK_SYM(nr_free_pages);
unsigned long totalhigh_pages(void) DMK_SYM(totalhigh_pages);
unsigned long nr_free_highpages(void) DMK_SYM(nr_free_highpages);
/**
 * si_meminfo - the same in one record, in units of @info->mem_unit bytes. There is no swap, and no
 * buffers.
 */
void si_meminfo(struct sysinfo *info) DMK_SYM(si_meminfo);

#include <linux/slab.h>
#include <linux/mm_area.h>

#endif
