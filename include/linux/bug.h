/* SPDX-License-Identifier: MIT */
/*
 * What must not happen. BUG() ends the program, as it would the machine; WARN() goes on.
 */
#ifndef _LINUX_BUG_H
#define _LINUX_BUG_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/types.h>

void dmk_bug(const char *file, int line, const char *function) __noreturn;
void dmk_warn(const char *file, int line, const char *function, const char *format, ...)
	__printf(4, 5);
void panic(const char *format, ...) DMK_SYM(panic) __noreturn __printf(1, 2);

#define BUG() dmk_bug(__FILE__, __LINE__, __func__)
#define BUG_ON(condition)                                                                          \
	do {                                                                                       \
		if (unlikely(condition))                                                           \
			BUG();                                                                     \
	} while (0)
#define WARN(condition, ...)                                                                       \
	({                                                                                         \
		bool dmk_warned = !!(condition);                                                   \
		if (unlikely(dmk_warned))                                                          \
			dmk_warn(__FILE__, __LINE__, __func__, __VA_ARGS__);                       \
		unlikely(dmk_warned);                                                              \
	})
#define WARN_ON(condition) WARN(condition, "%s", #condition)
#define WARN_ONCE(condition, ...)                                            \
	({                                                                   \
		static bool dmk_said;                                        \
		bool dmk_warned_once = !!(condition);                        \
		if (unlikely(dmk_warned_once) &&                             \
		    !__atomic_exchange_n(&dmk_said, true, __ATOMIC_RELAXED)) \
			dmk_warn(__FILE__, __LINE__, __func__, __VA_ARGS__); \
		unlikely(dmk_warned_once);                                   \
	})
#define WARN_ON_ONCE(condition) WARN_ONCE(condition, "%s", #condition)
#define WARN_TAINT(condition, taint, ...) WARN(condition, __VA_ARGS__)
#define VM_BUG_ON(condition) BUG_ON(condition)
#define VM_WARN_ON(condition) WARN_ON(condition)
#define CHECK_DATA_CORRUPTION(condition, fmt, ...) WARN(condition, fmt, ##__VA_ARGS__)
#define unreachable() __builtin_unreachable()

#endif
