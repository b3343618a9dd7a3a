/* SPDX-License-Identifier: MIT */
/*
 * Memory of the program that made the system call. A user pointer may point anywhere: what can't be
 * reached is counted and comes back as bytes not copied, or -EFAULT. The driver's own memory is not
 * a user's: a pointer into it is refused.
 */
#ifndef _LINUX_UACCESS_H
#define _LINUX_UACCESS_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/err.h>

/**
 * access_ok - whether the range could be a user's: it doesn't wrap and is not the driver's memory.
 * Says nothing about pages.
 */
bool dmk_access_ok(const void __user *address, unsigned long size);
#define access_ok(address, size) dmk_access_ok((const void __user *)(address), (size))

/**
 * Return: bytes NOT copied; 0 is success. Where a copy from a user stops short, the rest of @to is
 * zeroed.
 */
unsigned long copy_from_user(void *to, const void __user *from, unsigned long size)
	DMK_SYM(copy_from_user) __must_check;
unsigned long copy_to_user(void __user *to, const void *from, unsigned long size)
	DMK_SYM(copy_to_user) __must_check;
unsigned long clear_user(void __user *to, unsigned long size) DMK_SYM(clear_user) __must_check;
/** strncpy_from_user - length without the NUL, @size when there was none, or -EFAULT */
long strncpy_from_user(char *to, const char __user *from, long size)
	DMK_SYM(strncpy_from_user) __must_check;
/** strnlen_user - length with the NUL, more than @size when there was none, or 0 on a fault */
long strnlen_user(const char __user *string, long size) DMK_SYM(strnlen_user);
/** memdup_user - a kmalloc() copy, or ERR_PTR: -ENOMEM, -EFAULT */
void *memdup_user(const void __user *from, size_t size) DMK_SYM(memdup_user);
void *memdup_user_nul(const void __user *from, size_t size) DMK_SYM(memdup_user_nul);
/**
 * copy_struct_from_user - a struct of another age: the part that both know; -E2BIG when the user's
 * unknown rest is not zero
 */
int copy_struct_from_user(void *to, size_t size, const void __user *from, size_t user_size)
	DMK_SYM(copy_struct_from_user);

#define __copy_from_user(to, from, size) copy_from_user(to, from, size)
#define __copy_to_user(to, from, size) copy_to_user(to, from, size)
#define copy_from_user_nofault(to, from, size) (copy_from_user(to, from, size) ? -EFAULT : 0)
#define copy_to_user_nofault(to, from, size) (copy_to_user(to, from, size) ? -EFAULT : 0)

/* One value of 1, 2, 4 or 8 bytes: 0 or -EFAULT (and then get_user() gives 0). */
#define get_user(value, pointer)                                                                  \
	({                                                                                        \
		u64 dmk_raw = 0;                                                                  \
		int dmk_error = copy_from_user(&dmk_raw, (pointer), sizeof(*(pointer))) ? -EFAULT \
											: 0;      \
		(value) = (__typeof__(value))*(__typeof__(*(pointer)) *)(void *)&dmk_raw;         \
		dmk_error;                                                                        \
	})
#define put_user(value, pointer)                                                                   \
	({                                                                                         \
		__typeof__(*(pointer)) dmk_value = (__typeof__(*(pointer)))(value);                \
		copy_to_user((pointer), &dmk_value, sizeof(dmk_value)) ? -EFAULT : 0;              \
	})
#define __get_user(value, pointer) get_user(value, pointer)
#define __put_user(value, pointer) put_user(value, pointer)

#define u64_to_user_ptr(value) ((void __user *)(uintptr_t)(value))
#define untagged_addr(address) (address)

#endif
