/* SPDX-License-Identifier: MIT */
/*
 * 64-bit registers of devices that take two accesses of 32 bits, high word first.
 */
#ifndef _LINUX_IO_64_NONATOMIC_HI_LO_H
#define _LINUX_IO_64_NONATOMIC_HI_LO_H

#include <linux/io.h>

static inline u64 hi_lo_readq(const volatile void __iomem *address)
{
	u32 high = readl((const volatile char __iomem *)address + 4);

	return readl(address) | (u64)high << 32;
}

static inline void hi_lo_writeq(u64 value, volatile void __iomem *address)
{
	writel((u32)(value >> 32), (volatile char __iomem *)address + 4);
	writel((u32)value, address);
}

#define hi_lo_readq_relaxed(address) hi_lo_readq(address)
#define hi_lo_writeq_relaxed(value, address) hi_lo_writeq(value, address)

#endif
