/* SPDX-License-Identifier: MIT */
/*
 * Registers and reserved memory: see asm/io.h for the accessors.
 */
#ifndef _LINUX_IO_H
#define _LINUX_IO_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <asm/io.h>

struct device;
struct resource;

enum {
	MEMREMAP_WB = 1 << 0,
	MEMREMAP_WT = 1 << 1,
	MEMREMAP_WC = 1 << 2,
	MEMREMAP_ENC = 1 << 3,
	MEMREMAP_DEC = 1 << 4,
};

/**
 * memremap - memory kept back at boot as ordinary memory, or RAM's own address (MEM-09)
 * Return: an address to load and store through; NULL: not memory all along, no flags, or no room.
 */
void *memremap(resource_size_t address, size_t size, unsigned long flags) DMK_SYM(memremap);
void memunmap(void *address) DMK_SYM(memunmap);
void *devm_memremap(struct device *dev, resource_size_t address, size_t size, unsigned long flags)
	DMK_SYM(devm_memremap);
void devm_memunmap(struct device *dev, void *address) DMK_SYM(devm_memunmap);

void __iomem *devm_ioremap(struct device *dev, resource_size_t offset, resource_size_t size)
	DMK_SYM(devm_ioremap);
void __iomem *devm_ioremap_uc(struct device *dev, resource_size_t offset, resource_size_t size)
	DMK_SYM(devm_ioremap_uc);
void __iomem *devm_ioremap_wc(struct device *dev, resource_size_t offset, resource_size_t size)
	DMK_SYM(devm_ioremap_wc);
void devm_iounmap(struct device *dev, void __iomem *address) DMK_SYM(devm_iounmap);
void __iomem *devm_ioremap_resource(struct device *dev, const struct resource *res)
	DMK_SYM(devm_ioremap_resource);

static inline int arch_phys_wc_add(unsigned long base, unsigned long size)
{
	return 0;
}

static inline void arch_phys_wc_del(int handle)
{
}

static inline int devm_arch_phys_wc_add(struct device *dev, unsigned long base, unsigned long size)
{
	return 0;
}

#endif
