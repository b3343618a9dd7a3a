/* SPDX-License-Identifier: MIT */
/*
 * 64-bit registers of devices that take two accesses of 32 bits, low word first.
 */
#ifndef _LINUX_IO_64_NONATOMIC_LO_HI_H
#define _LINUX_IO_64_NONATOMIC_LO_HI_H

#include <linux/io.h>

static inline u64 lo_hi_readq(const volatile void __iomem *address)
{
	u32 low = readl(address);

	return low | (u64)readl((const volatile char __iomem *)address + 4) << 32;
}

static inline void lo_hi_writeq(u64 value, volatile void __iomem *address)
{
	writel((u32)value, address);
	writel((u32)(value >> 32), (volatile char __iomem *)address + 4);
}

#define lo_hi_readq_relaxed(address) lo_hi_readq(address)
#define lo_hi_writeq_relaxed(value, address) lo_hi_writeq(value, address)

#endif
