/* SPDX-License-Identifier: MIT */
/*
 * The grab bag: numbers, text, and the small headers that drivers expect to come along.
 */
#ifndef _LINUX_KERNEL_H
#define _LINUX_KERNEL_H

#include <asm/byteorder.h>
#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/instruction_pointer.h>
#include <linux/kconfig.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/sprintf.h>
#include <linux/stdarg.h>
#include <linux/stddef.h>
#include <linux/sysinfo.h>
#include <linux/typecheck.h>
#include <linux/types.h>
#include <linux/wordpart.h>

/** might_sleep - say so here; where nobody may sleep that is reported (CTX-01). */
#define might_sleep() dmk_might_sleep("might_sleep")
#define might_sleep_if(condition)                                                                  \
	do {                                                                                       \
		if (condition)                                                                     \
			might_sleep();                                                             \
	} while (0)
#define cant_sleep() ((void)0)
#define might_fault() might_sleep()
void dmk_might_sleep(const char *function);

#define PTR_IF(condition, pointer) ((condition) ? (pointer) : NULL)

#endif
