/* SPDX-License-Identifier: MIT */
/*
 * Numbers from text, strictly: the whole string, one newline at its end at most.
 */
#ifndef _LINUX_KSTRTOX_H
#define _LINUX_KSTRTOX_H

#include <linux/compiler.h>
#include <linux/types.h>

/** Return: 0, -ERANGE (does not fit), -EINVAL (not a number). @base 0: 0x and 0 choose 16 and 8. */
int kstrtoull(const char *s, unsigned int base, unsigned long long *result)
	DMK_SYM(kstrtoull) __must_check;
int kstrtoll(const char *s, unsigned int base, long long *result) DMK_SYM(kstrtoll) __must_check;
int kstrtouint(const char *s, unsigned int base, unsigned int *result)
	DMK_SYM(kstrtouint) __must_check;
int kstrtoint(const char *s, unsigned int base, int *result) DMK_SYM(kstrtoint) __must_check;
int kstrtou16(const char *s, unsigned int base, u16 *result) DMK_SYM(kstrtou16) __must_check;
int kstrtos16(const char *s, unsigned int base, s16 *result) DMK_SYM(kstrtos16) __must_check;
int kstrtou8(const char *s, unsigned int base, u8 *result) DMK_SYM(kstrtou8) __must_check;
int kstrtos8(const char *s, unsigned int base, s8 *result) DMK_SYM(kstrtos8) __must_check;
int kstrtobool(const char *s, bool *result) DMK_SYM(kstrtobool);
int kstrtoul(const char *s, unsigned int base, unsigned long *result)
	DMK_SYM(kstrtoul) __must_check;
int kstrtol(const char *s, unsigned int base, long *result) DMK_SYM(kstrtol) __must_check;
#define kstrtou64(s, base, result) kstrtoull((s), (base), (result))
#define kstrtos64(s, base, result) kstrtoll((s), (base), (result))
#define kstrtou32(s, base, result) kstrtouint((s), (base), (result))
#define kstrtos32(s, base, result) kstrtoint((s), (base), (result))

/* The same of a user's text of @size bytes, which need not end with a NUL; -EFAULT too. */
int kstrtoull_from_user(const char __user *s, size_t size, unsigned int base,
			unsigned long long *result) DMK_SYM(kstrtoull_from_user) __must_check;
int kstrtoll_from_user(const char __user *s, size_t size, unsigned int base, long long *result)
	DMK_SYM(kstrtoll_from_user) __must_check;
int kstrtoul_from_user(const char __user *s, size_t size, unsigned int base, unsigned long *result)
	DMK_SYM(kstrtoul_from_user) __must_check;
int kstrtol_from_user(const char __user *s, size_t size, unsigned int base, long *result)
	DMK_SYM(kstrtol_from_user) __must_check;
int kstrtouint_from_user(const char __user *s, size_t size, unsigned int base,
			 unsigned int *result) DMK_SYM(kstrtouint_from_user) __must_check;
int kstrtoint_from_user(const char __user *s, size_t size, unsigned int base, int *result)
	DMK_SYM(kstrtoint_from_user) __must_check;
int kstrtou16_from_user(const char __user *s, size_t size, unsigned int base, u16 *result)
	DMK_SYM(kstrtou16_from_user) __must_check;
int kstrtou8_from_user(const char __user *s, size_t size, unsigned int base, u8 *result)
	DMK_SYM(kstrtou8_from_user) __must_check;
int kstrtobool_from_user(const char __user *s, size_t size, bool *result)
	DMK_SYM(kstrtobool_from_user) __must_check;
#define kstrtou64_from_user(s, size, base, result) \
	kstrtoull_from_user((s), (size), (base), (result))
#define kstrtou32_from_user(s, size, base, result) \
	kstrtouint_from_user((s), (size), (base), (result))
#define kstrtos32_from_user(s, size, base, result) \
	kstrtoint_from_user((s), (size), (base), (result))

/* The old, lenient ones. */
unsigned long simple_strtoul(const char *s, char **end, unsigned int base) DMK_SYM(simple_strtoul);
long simple_strtol(const char *s, char **end, unsigned int base) DMK_SYM(simple_strtol);
unsigned long long simple_strtoull(const char *s, char **end, unsigned int base)
	DMK_SYM(simple_strtoull);
long long simple_strtoll(const char *s, char **end, unsigned int base) DMK_SYM(simple_strtoll);

#endif
