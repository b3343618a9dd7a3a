/* SPDX-License-Identifier: MIT */
/*
 * Random numbers. They follow the program's seed, so that a run can be repeated.
 */
#ifndef _LINUX_RANDOM_H
#define _LINUX_RANDOM_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/version.h>

void get_random_bytes(void *to, size_t size) DMK_SYM(get_random_bytes);
u8 get_random_u8(void) DMK_SYM(get_random_u8);
u16 get_random_u16(void) DMK_SYM(get_random_u16);
u32 get_random_u32(void) DMK_SYM(get_random_u32);
u64 get_random_u64(void) DMK_SYM(get_random_u64);
/** Below @limit (0: any). */
u32 get_random_u32_below(u32 limit) DMK_SYM(get_random_u32_below);
#define get_random_u32_inclusive(low, high) ((low) + get_random_u32_below((high) - (low) + 1))
#define get_random_int() get_random_u32()
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#define prandom_u32() get_random_u32()
#endif
#define prandom_u32_max(limit) get_random_u32_below(limit)
#define get_random_long() ((unsigned long)get_random_u64())

#endif
