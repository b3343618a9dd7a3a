/* SPDX-License-Identifier: MIT */
/*
 * Calls of 32-bit programs on a 64-bit machine: none comes here, but drivers have the code.
 */
#ifndef _LINUX_COMPAT_H
#define _LINUX_COMPAT_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/uaccess.h>

typedef u32 compat_uptr_t;
typedef s32 compat_int_t;
typedef u32 compat_uint_t;
typedef s32 compat_long_t;
typedef u32 compat_ulong_t;
typedef u32 compat_size_t;

static inline void __user *compat_ptr(compat_uptr_t pointer)
{
	return (void __user *)(unsigned long)pointer;
}

static inline compat_uptr_t ptr_to_compat(void __user *pointer)
{
	return (u32)(unsigned long)pointer;
}

static inline bool in_compat_syscall(void)
{
	return false;
}

#endif
