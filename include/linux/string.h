/* SPDX-License-Identifier: MIT */
/*
 * Strings and bytes. What C has too is libc's, by its own name; the rest is dmakit's.
 */
#ifndef _LINUX_STRING_H
#define _LINUX_STRING_H

#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/gfp_types.h>
#include <linux/overflow.h>
#include <linux/types.h>
#include <linux/version.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *at, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *at, int value, size_t size);
size_t strlen(const char *string);
size_t strnlen(const char *string, size_t size);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t size);
char *strcpy(char *to, const char *from);
char *strncpy(char *to, const char *from, size_t size);
char *strcat(char *to, const char *from);
char *strncat(char *to, const char *from, size_t size);
char *strchr(const char *string, int c);
char *strrchr(const char *string, int c);
char *strstr(const char *haystack, const char *needle);
size_t strspn(const char *string, const char *accept);
size_t strcspn(const char *string, const char *reject);
char *strpbrk(const char *string, const char *accept);
char *strsep(char **string, const char *separators);

/** strscpy - copy at most @size bytes, always ended by NUL. Return: length, or -E2BIG: cut. */
ssize_t dmk_strscpy(char *to, const char *from, size_t size);
ssize_t dmk_strscpy_pad(char *to, const char *from, size_t size);
size_t dmk_strlcpy(char *to, const char *from, size_t size);
size_t dmk_strlcat(char *to, const char *from, size_t size);
/* The size may be left out where @to is an array. */
#define dmk_strscpy2(to, from) dmk_strscpy((to), (from), sizeof(to))
#define dmk_strscpy3(to, from, size) dmk_strscpy((to), (from), (size))
#define dmk_strscpy_pad2(to, from) dmk_strscpy_pad((to), (from), sizeof(to))
#define dmk_strscpy_pad3(to, from, size) dmk_strscpy_pad((to), (from), (size))
#define dmk_third(a, b, c, chosen, ...) chosen
#define strscpy(...) dmk_third(__VA_ARGS__, dmk_strscpy3, dmk_strscpy2, 0)(__VA_ARGS__)
#define strscpy_pad(...) dmk_third(__VA_ARGS__, dmk_strscpy_pad3, dmk_strscpy_pad2, 0)(__VA_ARGS__)
/* Functions of newer libcs too, so macros here. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define strlcpy(to, from, size) dmk_strlcpy((to), (from), (size))
#endif
#define strlcat(to, from, size) dmk_strlcat((to), (from), (size))

char *strnstr(const char *haystack, const char *needle, size_t size) DMK_SYM(strnstr);
char *strnchr(const char *string, size_t size, int c) DMK_SYM(strnchr);
char *dmk_strchrnul(const char *string, int c);
char *skip_spaces(const char *string) DMK_SYM(skip_spaces);
char *strim(char *string) DMK_SYM(strim);
char *strreplace(char *string, char old, char replacement) DMK_SYM(strreplace);
const char *kbasename(const char *path) DMK_SYM(kbasename);
void *memchr_inv(const void *at, int value, size_t size) DMK_SYM(memchr_inv);
void memzero_explicit(void *at, size_t size) DMK_SYM(memzero_explicit);
void *memset16(u16 *at, u16 value, size_t n) DMK_SYM(memset16);
void *memset32(u32 *at, u32 value, size_t n) DMK_SYM(memset32);
void *memset64(u64 *at, u64 value, size_t n) DMK_SYM(memset64);
/**
 * match_string - index of @string among @n (or up to a NULL), or -EINVAL. sysfs_match_string lets a
 * newline end it.
 */
int match_string(const char *const *array, size_t n, const char *string) DMK_SYM(match_string);
int __sysfs_match_string(const char *const *array, size_t n, const char *string)
	DMK_SYM(__sysfs_match_string);
#define sysfs_match_string(array, string) \
	__sysfs_match_string(array, sizeof(array) / sizeof(*(array)), string)
int kstrtobool(const char *string, bool *value) DMK_SYM(kstrtobool);

/* Copies from kmalloc(); NULL: no memory, or @string was NULL. Freed with kfree(). */
char *kstrdup(const char *string, gfp_t gfp) DMK_SYM(kstrdup) __attribute__((malloc));
const char *kstrdup_const(const char *string, gfp_t gfp) DMK_SYM(kstrdup_const);
void kfree_const(const void *string) DMK_SYM(kfree_const);
char *kstrndup(const char *string, size_t size, gfp_t gfp) DMK_SYM(kstrndup)
	__attribute__((malloc));
void *kmemdup(const void *bytes, size_t size, gfp_t gfp) DMK_SYM(kmemdup) __attribute__((malloc));
char *kmemdup_nul(const char *bytes, size_t size, gfp_t gfp) DMK_SYM(kmemdup_nul)
	__attribute__((malloc));
void *kvmemdup(const void *bytes, size_t size, gfp_t gfp) DMK_SYM(kvmemdup) __attribute__((malloc));

static __always_inline void *kmemdup_array(const void *bytes, size_t size, size_t n, gfp_t gfp)
{
	return kmemdup(bytes, size_mul(n, size), gfp);
}

static inline bool strstarts(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

static inline size_t str_has_prefix(const char *string, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(string, prefix, length) == 0 ? length : 0;
}

#endif
