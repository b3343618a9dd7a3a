/* SPDX-License-Identifier: MIT */
/*
 * The few types every part of dmakit shares. Freestanding: the compiler alone, no libc.
 *
 * An address on a DMA-capable machine is one of three kinds, and mixing them is the oldest driver
 * bug there is. Inside dmakit each kind is a type of its own, so that the compiler refuses the mix
 * (ADR-01):
 *
 *   void *      a CPU virtual address
 *   dmk_phys    a CPU physical address, what page tables and the memory map speak of
 *   dmk_dma     a bus address, what a device puts on its bus; an IOMMU's input (IOVA) where there is one
 *
 * At the driver's edge they are Linux's integers, phys_addr_t and dma_addr_t.
 */
#ifndef DMAKIT_TYPES_H
#define DMAKIT_TYPES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The same types as <stdint.h> has (repeating a typedef is legal C11), without asking libc for
 * them.
 */
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
typedef __INT8_TYPE__ int8_t;
typedef __INT16_TYPE__ int16_t;
typedef __INT32_TYPE__ int32_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINTPTR_TYPE__ uintptr_t;

typedef struct {
	uint64_t v;
} dmk_phys;

typedef struct {
	uint64_t v;
} dmk_dma;

#define DMK_PHYS(value) ((dmk_phys){ (value) })
#define DMK_DMA(value) ((dmk_dma){ (value) })

/** What a mapping call returns when it failed. All ones, as in Linux: address 0 is a valid one. */
#define DMK_MAPPING_ERROR DMK_DMA(~0ULL)

/** One name for the page size: every machine so far has pages of 4 KiB. */
#define DMK_PAGE_SHIFT 12
#define DMK_PAGE_SIZE ((size_t)1 << DMK_PAGE_SHIFT)

/** Directions, with Linux's values (DIR-01). */
enum dmk_direction {
	DMK_BIDIRECTIONAL = 0,
	DMK_TO_DEVICE = 1,
	DMK_FROM_DEVICE = 2,
	DMK_NONE = 3,
};

/** Attributes of a call that mean something here, with Linux's values (<linux/dma-mapping.h>). */
enum dmk_attr {
	DMK_ATTR_WRITE_COMBINE = 1 << 2,
	DMK_ATTR_NO_KERNEL_MAPPING = 1 << 4,
	DMK_ATTR_SKIP_CPU_SYNC = 1 << 5,
	DMK_ATTR_FORCE_CONTIGUOUS = 1 << 6,
	DMK_ATTR_ALLOC_SINGLE_PAGES = 1 << 7,
	DMK_ATTR_NO_WARN = 1 << 8,
	DMK_ATTR_MMIO = 1 << 10,
	DMK_ATTR_CPU_CACHE_CLEAN = 1 << 11, /* two mappings may share a cache line: it is meant */
	DMK_ATTR_REQUIRE_COHERENT = 1 << 12,
};

/** Printf-style checking for declarations of ours. */
#define DMK_PRINTF(string, first) __attribute__((__format__(__printf__, string, first)))

#endif
