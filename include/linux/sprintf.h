/* SPDX-License-Identifier: MIT */
/*
 * Text from values. The formats are printk's, so the names that libc has too are macros.
 */
#ifndef _LINUX_SPRINTF_H
#define _LINUX_SPRINTF_H

#include <linux/compiler.h>
#include <linux/gfp_types.h>
#include <linux/stdarg.h>
#include <linux/types.h>

/* Return as C's: the length that it would have; scn*: the length that it has. */
int dmk_snprintf(char *to, size_t size, const char *format, ...) __printf(3, 4);
int dmk_vsnprintf(char *to, size_t size, const char *format, va_list arguments) __printf(3, 0);
int dmk_sprintf(char *to, const char *format, ...) __printf(2, 3);
int dmk_vsprintf(char *to, const char *format, va_list arguments) __printf(2, 0);
int scnprintf(char *to, size_t size, const char *format, ...) DMK_SYM(scnprintf) __printf(3, 4);
int vscnprintf(char *to, size_t size, const char *format, va_list arguments) DMK_SYM(vscnprintf)
	__printf(3, 0);
/** kasprintf - text in memory of kmalloc(); NULL: none left. */
char *kasprintf(gfp_t gfp, const char *format, ...) DMK_SYM(kasprintf) __printf(2, 3);
char *kvasprintf(gfp_t gfp, const char *format, va_list arguments) DMK_SYM(kvasprintf)
	__printf(2, 0);

/*
 * Without arguments, so that libc's <stdio.h>, read later, declares the same functions once more
 * and no others.
 */
#define snprintf dmk_snprintf
#define vsnprintf dmk_vsnprintf
#define sprintf dmk_sprintf
#define vsprintf dmk_vsprintf

/* The kernel's formats are a part of libc's. */
int sscanf(const char *from, const char *format, ...) __attribute__((__format__(__scanf__, 2, 3)));
int vsscanf(const char *from, const char *format, va_list arguments)
	__attribute__((__format__(__scanf__, 2, 0)));

#endif
