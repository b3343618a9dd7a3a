/* SPDX-License-Identifier: MIT */
/*
 * The kernel configuration that drivers see. What is not here is off.
 */
#ifndef _LINUX_DMK_CONFIG_H
#define _LINUX_DMK_CONFIG_H

#define CONFIG_64BIT 1
#define CONFIG_SMP 1
#define CONFIG_HZ 250
#define CONFIG_MMU 1
#define CONFIG_PCI 1
#define CONFIG_PCI_MSI 1
#define CONFIG_OF 1
#define CONFIG_HAS_DMA 1
#define CONFIG_HAS_IOMEM 1
#define CONFIG_HAS_IOPORT 1
#define CONFIG_NEED_SG_DMA_LENGTH 1
#define CONFIG_NEED_DMA_MAP_STATE 1
#define CONFIG_ZONE_DMA 1
#define CONFIG_ZONE_DMA32 1
#define CONFIG_HIGHMEM 1
#define CONFIG_SWIOTLB 1
#define CONFIG_PHYS_ADDR_T_64BIT 1
#define CONFIG_ARCH_DMA_ADDR_T_64BIT 1
#define CONFIG_MODULES 1
#define CONFIG_PRINTK 1
#define CONFIG_GENERIC_HARDIRQS 1
#define CONFIG_PM 1
#define CONFIG_PM_SLEEP 1

#endif
