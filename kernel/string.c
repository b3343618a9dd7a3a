/* SPDX-License-Identifier: MIT */
/*
 * Strings and bytes that C's library has not, and copies in kmalloc()ed memory.
 */
#include "internal.h"

#include <string.h>

#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

ssize_t dmk_strscpy(char *to, const char *from, size_t size)
{
	size_t length = 0;

	if (!size || size > INT_MAX)
		return -E2BIG;
	while (length < size && from[length])
		length++;
	if (length < size) {
		memcpy(to, from, length + 1);
		return length;
	}
	memcpy(to, from, size - 1);
	to[size - 1] = '\0';
	return -E2BIG;
}

ssize_t dmk_strscpy_pad(char *to, const char *from, size_t size)
{
	ssize_t length = dmk_strscpy(to, from, size);

	if (length >= 0)
		memset(to + length, 0, size - length);
	return length;
}

size_t dmk_strlcpy(char *to, const char *from, size_t size)
{
	dmk_strscpy(to, from, size);
	return strlen(from);
}

size_t dmk_strlcat(char *to, const char *from, size_t size)
{
	size_t length = strnlen(to, size);

	if (length < size)
		dmk_strscpy(to + length, from, size - length);
	return length + strlen(from);
}

char *strnstr(const char *haystack, const char *needle, size_t size)
{
	return memmem(haystack, strnlen(haystack, size), needle, strlen(needle));
}

char *strnchr(const char *string, size_t size, int c)
{
	for (; size--; string++) {
		if (*string == (char)c)
			return (char *)string;
		if (!*string)
			break;
	}
	return NULL;
}

char *dmk_strchrnul(const char *string, int c)
{
	while (*string && *string != (char)c)
		string++;
	return (char *)string;
}

char *skip_spaces(const char *string)
{
	while (is_space(*string))
		string++;
	return (char *)string;
}

char *strim(char *string)
{
	char *end = string + strlen(string);

	while (end > string && is_space(end[-1]))
		end--;
	*end = '\0';
	return skip_spaces(string);
}

char *strreplace(char *string, char old, char replacement)
{
	char *at;

	for (at = string; *at; at++)
		if (*at == old)
			*at = replacement;
	return string;
}

const char *kbasename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void *memchr_inv(const void *at, int value, size_t size)
{
	const unsigned char *byte = at;

	for (; size--; byte++)
		if (*byte != (unsigned char)value)
			return (void *)byte;
	return NULL;
}

void memzero_explicit(void *at, size_t size)
{
	memset(at, 0, size);
	__asm__ __volatile__("" : : "r"(at) : "memory");
}

void *memset16(u16 *at, u16 value, size_t n)
{
	while (n--)
		at[n] = value;
	return at;
}

void *memset32(u32 *at, u32 value, size_t n)
{
	while (n--)
		at[n] = value;
	return at;
}

void *memset64(u64 *at, u64 value, size_t n)
{
	while (n--)
		at[n] = value;
	return at;
}

int match_string(const char *const *array, size_t n, const char *string)
{
	size_t i;

	for (i = 0; i < n && array[i]; i++)
		if (!strcmp(array[i], string))
			return i;
	return -EINVAL;
}

int __sysfs_match_string(const char *const *array, size_t n, const char *string)
{
	size_t length = strlen(string), i;

	if (length && string[length - 1] == '\n')
		length--;
	for (i = 0; i < n && array[i]; i++)
		if (strlen(array[i]) == length && !memcmp(array[i], string, length))
			return i;
	return -EINVAL;
}

/* --- copies ----------------------------------------------------------------------------------- */

static void *copy_at(const void *bytes, size_t size, size_t room, gfp_t gfp, struct dmk_place place)
{
	char *copy = dmk_kmalloc_at(room, gfp, place);

	if (!copy)
		return NULL;
	if (dmk_observed() && virt_addr_valid(bytes))
		dmk_memory_read(virt_to_phys(bytes), size, "kmemdup", place);
	memcpy(copy, bytes, size);
	if (room > size)
		copy[size] = '\0';
	return copy;
}

char *kstrdup(const char *string, gfp_t gfp)
{
	return string ? copy_at(string, strlen(string), strlen(string) + 1, gfp, DMK_HERE) : NULL;
}

const char *kstrdup_const(const char *string, gfp_t gfp)
{
	return string ? copy_at(string, strlen(string), strlen(string) + 1, gfp, DMK_HERE) : NULL;
}

void kfree_const(const void *string)
{
	dmk_kfree_at(string, DMK_HERE);
}

char *kstrndup(const char *string, size_t size, gfp_t gfp)
{
	size_t length = string ? strnlen(string, size) : 0;

	return string ? copy_at(string, length, length + 1, gfp, DMK_HERE) : NULL;
}

void *kmemdup(const void *bytes, size_t size, gfp_t gfp)
{
	return copy_at(bytes, size, size, gfp, DMK_HERE);
}

char *kmemdup_nul(const char *bytes, size_t size, gfp_t gfp)
{
	return bytes ? copy_at(bytes, size, size + 1, gfp, DMK_HERE) : NULL;
}

void *kvmemdup(const void *bytes, size_t size, gfp_t gfp)
{
	void *copy = kvmalloc(size, gfp);

	if (copy)
		memcpy(copy, bytes, size);
	return copy;
}
