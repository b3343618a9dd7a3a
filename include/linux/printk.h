/* SPDX-License-Identifier: MIT */
/*
 * Messages. Formats are printf's and the kernel's own after %p: %pa %pad %pe %pM %pm %ph %pI4 %pI6
 * %pV %pS %pUb and so on (dmakit's kernel/format.c has the list). A plain %p prints the address.
 */
#ifndef _LINUX_PRINTK_H
#define _LINUX_PRINTK_H

#include <linux/compiler.h>
#include <linux/init.h>
#include <linux/kern_levels.h>
#include <linux/ratelimit_types.h>
#include <linux/stdarg.h>
#include <linux/types.h>

struct va_format {
	const char *fmt;
	va_list *va;
};

int dmk_printk(const char *format, ...);
int dmk_vprintk(const char *format, va_list arguments);
#define printk(fmt, ...) dmk_printk(fmt, ##__VA_ARGS__)
#define _printk(fmt, ...) dmk_printk(fmt, ##__VA_ARGS__)
#define printk_deferred(fmt, ...) dmk_printk(fmt, ##__VA_ARGS__)
#define vprintk(fmt, arguments) dmk_vprintk((fmt), (arguments))
/* Never called: lets a message that is off still be compiled. */
#define no_printk(fmt, ...)                                                                        \
	({                                                                                         \
		if (0)                                                                             \
			dmk_printk(fmt, ##__VA_ARGS__);                                            \
		0;                                                                                 \
	})

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif

#define pr_emerg(fmt, ...) printk(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert(fmt, ...) printk(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit(fmt, ...) printk(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...) printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...) printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice(fmt, ...) printk(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...) printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_cont(fmt, ...) printk(KERN_CONT fmt, ##__VA_ARGS__)

/* Debug messages: printed where the driver defines DEBUG, as in Linux. */
#ifdef DEBUG
#define pr_debug(fmt, ...) printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#else
#define pr_debug(fmt, ...) no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#endif
#define pr_devel(fmt, ...) no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)

#define dmk_once(statement)                                                                        \
	({                                                                                         \
		static bool dmk_done;                                                              \
		bool dmk_first = !__atomic_exchange_n(&dmk_done, true, __ATOMIC_RELAXED);          \
		if (dmk_first)                                                                     \
			statement;                                                                 \
		dmk_first;                                                                         \
	})
#define printk_once(fmt, ...) dmk_once(printk(fmt, ##__VA_ARGS__))
#define pr_emerg_once(fmt, ...) printk_once(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit_once(fmt, ...) printk_once(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err_once(fmt, ...) printk_once(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn_once(fmt, ...) printk_once(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice_once(fmt, ...) printk_once(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info_once(fmt, ...) printk_once(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)

#define printk_ratelimited(fmt, ...)                                                               \
	do {                                                                                       \
		static DEFINE_RATELIMIT_STATE(dmk_limit, DEFAULT_RATELIMIT_INTERVAL,               \
					      DEFAULT_RATELIMIT_BURST);                            \
		if (__ratelimit(&dmk_limit))                                                       \
			printk(fmt, ##__VA_ARGS__);                                                \
	} while (0)
#define pr_emerg_ratelimited(fmt, ...) printk_ratelimited(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit_ratelimited(fmt, ...) printk_ratelimited(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err_ratelimited(fmt, ...) printk_ratelimited(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn_ratelimited(fmt, ...) printk_ratelimited(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice_ratelimited(fmt, ...) printk_ratelimited(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info_ratelimited(fmt, ...) printk_ratelimited(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug_ratelimited(fmt, ...) pr_debug(fmt, ##__VA_ARGS__)
#define printk_ratelimit() 1

void dump_stack(void) DMK_SYM(dump_stack);

enum { DUMP_PREFIX_NONE, DUMP_PREFIX_ADDRESS, DUMP_PREFIX_OFFSET };
void print_hex_dump(const char *level, const char *prefix, int prefix_type, int row_size,
		    int group_size, const void *bytes, size_t size, bool ascii)
	DMK_SYM(print_hex_dump);
#define print_hex_dump_bytes(prefix, type, bytes, size)                                            \
	print_hex_dump(KERN_DEBUG, (prefix), (type), 16, 1, (bytes), (size), true)
#define print_hex_dump_debug(prefix, type, row, group, bytes, size, ascii)                         \
	do {                                                                                       \
		if (0)                                                                             \
			print_hex_dump(KERN_DEBUG, prefix, type, row, group, bytes, size, ascii);  \
	} while (0)

#endif
