/* SPDX-License-Identifier: MIT */
/*
 * Strings and numbers in text: what <linux/string.h> and <linux/kstrtox.h> have and libc has not. What both have is libc's.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/string.h>

#include "internal.h"

/* --- copies ------------------------------------------------------------------------------------------------------- */

ssize_t dmk_strscpy(char *to, const char *from, size_t size)
{
	size_t length;

	if (!size)
		return -E2BIG;
	length = strnlen(from, size);
	if (length == size) {
		memcpy(to, from, size - 1);
		to[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(to, from, length + 1);
	return (ssize_t)length;
}

ssize_t dmk_strscpy_pad(char *to, const char *from, size_t size)
{
	ssize_t length = dmk_strscpy(to, from, size);

	if (length >= 0)
		memset(to + length, 0, size - (size_t)length);
	return length;
}

size_t dmk_strlcpy(char *to, const char *from, size_t size)
{
	if (size)
		dmk_strscpy(to, from, size);
	return strlen(from);
}

size_t dmk_strlcat(char *to, const char *from, size_t size)
{
	size_t length = strnlen(to, size);

	if (length == size)
		return size + strlen(from);
	return length + dmk_strlcpy(to + length, from, size - length);
}

char *kstrdup(const char *string, gfp_t gfp)
{
	return string ? kmemdup(string, strlen(string) + 1, gfp) : NULL;
}

/* Constant strings are copied as well: the pair kstrdup_const() and kfree_const() is right either way. */
const char *kstrdup_const(const char *string, gfp_t gfp)
{
	return kstrdup(string, gfp);
}

void kfree_const(const void *string)
{
	kfree(string);
}

char *kstrndup(const char *string, size_t size, gfp_t gfp)
{
	return string ? kmemdup_nul(string, strnlen(string, size), gfp) : NULL;
}

void *kmemdup(const void *bytes, size_t size, gfp_t gfp)
{
	void *copy = dmk_kmalloc_at(size, gfp, DMK_HERE);

	if (copy)
		memcpy(copy, bytes, size);
	return copy;
}

char *kmemdup_nul(const char *bytes, size_t size, gfp_t gfp)
{
	char *copy = bytes ? dmk_kmalloc_at(size + 1, gfp, DMK_HERE) : NULL;

	if (copy) {
		memcpy(copy, bytes, size);
		copy[size] = '\0';
	}
	return copy;
}

void *kvmemdup(const void *bytes, size_t size, gfp_t gfp)
{
	void *copy = kvmalloc(size, gfp);

	if (copy)
		memcpy(copy, bytes, size);
	return copy;
}

/* --- searching ---------------------------------------------------------------------------------------------------- */

char *strnstr(const char *haystack, const char *needle, size_t size)
{
	size_t length = strlen(needle);

	for (; size >= length; haystack++, size--) {
		if (strncmp(haystack, needle, length) == 0)
			return (char *)haystack;
		if (!*haystack)
			break;
	}
	return NULL;
}

char *strnchr(const char *string, size_t size, int c)
{
	for (; size; string++, size--) {
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
	while (isspace((unsigned char)*string))
		string++;
	return (char *)string;
}

char *strim(char *string)
{
	size_t length = strlen(string);

	while (length && isspace((unsigned char)string[length - 1]))
		string[--length] = '\0';
	return skip_spaces(string);
}

char *strreplace(char *string, char old, char replacement)
{
	for (char *at = string; *at; at++)
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
	const unsigned char *bytes = at;

	for (size_t i = 0; i < size; i++)
		if (bytes[i] != (unsigned char)value)
			return (void *)(bytes + i);
	return NULL;
}

void memzero_explicit(void *at, size_t size)
{
	memset(at, 0, size);
	__asm__ volatile("" : : "r"(at) : "memory");
}

void *memset16(u16 *at, u16 value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		at[i] = value;
	return at;
}

void *memset32(u32 *at, u32 value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		at[i] = value;
	return at;
}

void *memset64(u64 *at, u64 value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		at[i] = value;
	return at;
}

int match_string(const char *const *array, size_t n, const char *string)
{
	for (size_t i = 0; i < n && array[i]; i++)
		if (strcmp(array[i], string) == 0)
			return (int)i;
	return -EINVAL;
}

static bool same_but_newline(const char *word, const char *string)
{
	size_t length = strlen(word);

	return strncmp(word, string, length) == 0 &&
	       (!string[length] || (string[length] == '\n' && !string[length + 1]));
}

int __sysfs_match_string(const char *const *array, size_t n, const char *string)
{
	for (size_t i = 0; i < n && array[i]; i++)
		if (same_but_newline(array[i], string))
			return (int)i;
	return -EINVAL;
}

/* --- numbers ------------------------------------------------------------------------------------------------------ */

/* Digits from @s on; -EINVAL: none. One newline may end them. */
static int parse(const char *s, unsigned int base, bool whole, unsigned long long *result, const char **end)
{
	unsigned long long value = 0;
	const char *start;
	bool over = false;

	if ((base == 0 || base == 16) && s[0] == '0' && (s[1] | 0x20) == 'x' && isxdigit((unsigned char)s[2])) {
		s += 2;
		base = 16;
	} else if (base == 0) {
		base = s[0] == '0' ? 8 : 10;
	}
	for (start = s; isalnum((unsigned char)*s); s++) {
		unsigned int digit = isdigit((unsigned char)*s) ? *s - '0' : (*s | 0x20) - 'a' + 10;

		if (digit >= base)
			break;
		over |= __builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit, &value);
	}
	*end = s;
	*result = value;
	if (s == start)
		return -EINVAL;
	if (whole && (*s == '\n' ? s[1] : *s))
		return -EINVAL;
	return over ? -ERANGE : 0;
}

int kstrtoull(const char *s, unsigned int base, unsigned long long *result)
{
	unsigned long long value;
	const char *end;
	int err = parse(*s == '+' ? s + 1 : s, base, true, &value, &end);

	if (!err)
		*result = value;
	return err;
}

int kstrtoll(const char *s, unsigned int base, long long *result)
{
	unsigned long long value;
	bool negative = *s == '-';
	const char *end;
	int err = parse(negative || *s == '+' ? s + 1 : s, base, true, &value, &end);

	if (err)
		return err;
	if (value > (unsigned long long)LLONG_MAX + negative)
		return -ERANGE;
	*result = (long long)(negative ? 0 - value : value);
	return 0;
}

#define KSTRTO(name, type, wide, read)                                                             \
	int name(const char *s, unsigned int base, type *result)                                   \
	{                                                                                          \
		wide value;                                                                        \
		int err = read(s, base, &value);                                                   \
                                                                                                   \
		if (err)                                                                           \
			return err;                                                                \
		if (value != (wide)(type)value)                                                    \
			return -ERANGE;                                                            \
		*result = (type)value;                                                             \
		return 0;                                                                          \
	}

KSTRTO(kstrtouint, unsigned int, unsigned long long, kstrtoull)
KSTRTO(kstrtoint, int, long long, kstrtoll)
KSTRTO(kstrtou16, u16, unsigned long long, kstrtoull)
KSTRTO(kstrtos16, s16, long long, kstrtoll)
KSTRTO(kstrtou8, u8, unsigned long long, kstrtoull)
KSTRTO(kstrtos8, s8, long long, kstrtoll)
KSTRTO(kstrtoul, unsigned long, unsigned long long, kstrtoull)
KSTRTO(kstrtol, long, long long, kstrtoll)

int kstrtobool(const char *string, bool *value)
{
	if (!string)
		return -EINVAL;
	switch (string[0]) {
	case 'y':
	case 'Y':
	case 't':
	case 'T':
	case '1':
		*value = true;
		return 0;
	case 'n':
	case 'N':
	case 'f':
	case 'F':
	case '0':
		*value = false;
		return 0;
	case 'o':
	case 'O':
		if ((string[1] | 0x20) != 'n' && (string[1] | 0x20) != 'f')
			return -EINVAL;
		*value = (string[1] | 0x20) == 'n';
		return 0;
	}
	return -EINVAL;
}

unsigned long long simple_strtoull(const char *s, char **end, unsigned int base)
{
	unsigned long long value;
	const char *stop;

	parse(s, base, false, &value, &stop);
	if (end)
		*end = (char *)stop;
	return value;
}

long long simple_strtoll(const char *s, char **end, unsigned int base)
{
	if (*s == '-')
		return (long long)(0 - simple_strtoull(s + 1, end, base));
	return (long long)simple_strtoull(s, end, base);
}

unsigned long simple_strtoul(const char *s, char **end, unsigned int base)
{
	return (unsigned long)simple_strtoull(s, end, base);
}

long simple_strtol(const char *s, char **end, unsigned int base)
{
	return (long)simple_strtoll(s, end, base);
}

/* --- dumps -------------------------------------------------------------------------------------------------------- */

/* One group of bytes as a number of the machine's byte order; odd sizes byte by byte. */
static size_t dump_group(char *to, size_t room, const unsigned char *at, size_t left, int group)
{
	unsigned long long value = 0;

	if (left < (size_t)group)
		group = 1;
	memcpy(&value, at, group);
	dmk_snprintf(to, room, "%0*llx", group * 2, value);
	return group;
}

static void dump_row(char *line, size_t room, const unsigned char *at, size_t n, int row, int group, bool ascii)
{
	size_t wide = (size_t)row * 2 + (size_t)row / group, length = 0;

	for (size_t i = 0; i < n;) {
		i += dump_group(line + length, room - length, at + i, n - i, group);
		length += strlen(line + length);
		if (i < n)
			line[length++] = ' ';
	}
	while (ascii && length < wide + 1)
		line[length++] = ' ';
	for (size_t i = 0; ascii && i < n; i++)
		line[length++] = isprint(at[i]) ? (char)at[i] : '.';
	line[length] = '\0';
}

void print_hex_dump(const char *level, const char *prefix, int prefix_type, int row_size, int group_size, const void *bytes,
		    size_t size, bool ascii)
{
	const unsigned char *at = bytes;
	char line[256];

	row_size = row_size == 32 ? 32 : 16;
	if (group_size != 2 && group_size != 4 && group_size != 8)
		group_size = 1;
	for (size_t i = 0; i < size; i += (size_t)row_size) {
		size_t n = size - i < (size_t)row_size ? size - i : (size_t)row_size;

		dump_row(line, sizeof(line), at + i, n, row_size, group_size, ascii);
		if (prefix_type == DUMP_PREFIX_ADDRESS)
			printk("%s%s%px: %s\n", level, prefix, at + i, line);
		else if (prefix_type == DUMP_PREFIX_OFFSET)
			printk("%s%s%.8zx: %s\n", level, prefix, i, line);
		else
			printk("%s%s%s\n", level, prefix, line);
	}
}
