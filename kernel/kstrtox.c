/* SPDX-License-Identifier: MIT */
/*
 * Numbers from text.
 */
#include "internal.h"

#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/uaccess.h>

static unsigned int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

static const char *prefix(const char *s, unsigned int *base)
{
	bool hex = s[0] == '0' && (s[1] | 0x20) == 'x' && digit(s[2]) < 16;

	if (!*base)
		*base = hex ? 16 : s[0] == '0' ? 8 : 10;
	return hex && *base == 16 ? s + 2 : s;
}

/* Digits up to the first that is none. Return: how many; @overflow when they do not fit. */
static unsigned int parse(const char *s, unsigned int base, unsigned long long *value,
			  bool *overflow)
{
	unsigned int n;

	*value = 0;
	for (n = 0; digit(s[n]) < base; n++) {
		*overflow |= __builtin_mul_overflow(*value, base, value);
		*overflow |= __builtin_add_overflow(*value, digit(s[n]), value);
	}
	return n;
}

static int strict(const char *s, unsigned int base, unsigned long long *value)
{
	bool overflow = false;
	unsigned int n;

	s = prefix(s, &base);
	n = parse(s, base, value, &overflow);
	if (!n)
		return -EINVAL;
	s += n;
	if (*s == '\n')
		s++;
	if (*s)
		return -EINVAL;
	return overflow ? -ERANGE : 0;
}

int kstrtoull(const char *s, unsigned int base, unsigned long long *result)
{
	unsigned long long value;
	int err = strict(*s == '+' ? s + 1 : s, base, &value);

	if (!err)
		*result = value;
	return err;
}

int kstrtoll(const char *s, unsigned int base, long long *result)
{
	unsigned long long value;
	int err;

	if (*s != '-') {
		err = kstrtoull(s, base, &value);
		if (!err && value > LLONG_MAX)
			err = -ERANGE;
		if (!err)
			*result = value;
		return err;
	}
	err = strict(s + 1, base, &value);
	if (!err && value > (unsigned long long)LLONG_MAX + 1)
		err = -ERANGE;
	if (!err)
		*result = -value;
	return err;
}

#define NARROW(name, type, wide, parse_wide)                                                       \
	int name(const char *s, unsigned int base, type *result)                                   \
	{                                                                                          \
		wide value;                                                                        \
		int err = parse_wide(s, base, &value);                                             \
                                                                                                   \
		if (err)                                                                           \
			return err;                                                                \
		if (value != (type)value)                                                          \
			return -ERANGE;                                                            \
		*result = value;                                                                   \
		return 0;                                                                          \
	}

NARROW(kstrtoul, unsigned long, unsigned long long, kstrtoull)
NARROW(kstrtol, long, long long, kstrtoll)
NARROW(kstrtouint, unsigned int, unsigned long long, kstrtoull)
NARROW(kstrtoint, int, long long, kstrtoll)
NARROW(kstrtou16, u16, unsigned long long, kstrtoull)
NARROW(kstrtos16, s16, long long, kstrtoll)
NARROW(kstrtou8, u8, unsigned long long, kstrtoull)
NARROW(kstrtos8, s8, long long, kstrtoll)

int kstrtobool(const char *s, bool *result)
{
	if (!s)
		return -EINVAL;
	switch (s[0]) {
	case 'y':
	case 'Y':
	case 't':
	case 'T':
	case '1':
		*result = true;
		return 0;
	case 'n':
	case 'N':
	case 'f':
	case 'F':
	case '0':
		*result = false;
		return 0;
	case 'o':
	case 'O':
		if ((s[1] | 0x20) != 'n' && (s[1] | 0x20) != 'f')
			break;
		*result = (s[1] | 0x20) == 'n';
		return 0;
	}
	return -EINVAL;
}

unsigned long long simple_strtoull(const char *s, char **end, unsigned int base)
{
	unsigned long long value;
	bool overflow = false;

	s = prefix(s, &base);
	s += parse(s, base, &value, &overflow);
	if (end)
		*end = (char *)s;
	return value;
}

long long simple_strtoll(const char *s, char **end, unsigned int base)
{
	return *s == '-' ? -simple_strtoull(s + 1, end, base) : simple_strtoull(s, end, base);
}

unsigned long simple_strtoul(const char *s, char **end, unsigned int base)
{
	return simple_strtoull(s, end, base);
}

long simple_strtol(const char *s, char **end, unsigned int base)
{
	return simple_strtoll(s, end, base);
}

/* --- a user's text ---------------------------------------------------------------------------- */

enum { TEXT_BYTES = 68 }; /* a sign, 64 binary digits, a newline, the end */

/* What is longer is cut: it is no number that fits. */
static int take(char *text, const char __user *s, size_t size)
{
	size = size < TEXT_BYTES - 1 ? size : TEXT_BYTES - 1;
	if (copy_from_user(text, s, size))
		return -EFAULT;
	text[size] = '\0';
	return 0;
}

#define FROM_USER(name, type)                                                           \
	int name##_from_user(const char __user *s, size_t size, unsigned int base,      \
			     type *result)                                              \
	{                                                                               \
		char text[TEXT_BYTES];                                                  \
		int error = take(text, s, size);                                        \
		return error ? error : name(text, base, result);                        \
	}

FROM_USER(kstrtoull, unsigned long long)
FROM_USER(kstrtoll, long long)
FROM_USER(kstrtoul, unsigned long)
FROM_USER(kstrtol, long)
FROM_USER(kstrtouint, unsigned int)
FROM_USER(kstrtoint, int)
FROM_USER(kstrtou16, u16)
FROM_USER(kstrtou8, u8)

int kstrtobool_from_user(const char __user *s, size_t size, bool *result)
{
	char text[TEXT_BYTES];
	int error = take(text, s, size);

	return error ? error : kstrtobool(text, result);
}
