/* SPDX-License-Identifier: MIT */
/*
 * Messages about a device: "driver device: text". Levels are printk's.
 */
#ifndef _LINUX_DEV_PRINTK_H
#define _LINUX_DEV_PRINTK_H

#include <linux/types.h>
#include <linux/compiler.h>

struct device;

#ifndef dev_fmt
#define dev_fmt(fmt) fmt
#endif

/** @level 0 .. 7; @dev may be NULL. Takes printk's formats. */
void dmk_dev_printk(int level, const struct device *dev, const char *format, ...) __printf(3, 4);

/** dev_err_probe - log @err, or keep quiet and note the reason for -EPROBE_DEFER. Return: @err. */
int dev_err_probe(const struct device *dev, int err, const char *format, ...) DMK_SYM(dev_err_probe)
	__printf(3, 4);

#define dev_emerg(dev, fmt, ...) dmk_dev_printk(0, dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_alert(dev, fmt, ...) dmk_dev_printk(1, dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_crit(dev, fmt, ...) dmk_dev_printk(2, dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_err(dev, fmt, ...) dmk_dev_printk(3, dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_warn(dev, fmt, ...) dmk_dev_printk(4, dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_notice(dev, fmt, ...) dmk_dev_printk(5, dev, dev_fmt(fmt), ##__VA_ARGS__)
#define dev_info(dev, fmt, ...) dmk_dev_printk(6, dev, dev_fmt(fmt), ##__VA_ARGS__)

/* Debug messages are compiled, and printed where the driver defines DEBUG, as in Linux. */
#ifdef DEBUG
#define dev_dbg(dev, fmt, ...) dmk_dev_printk(7, dev, dev_fmt(fmt), ##__VA_ARGS__)
#else
#define dev_dbg(dev, fmt, ...)                                                                     \
	do {                                                                                       \
		if (0)                                                                             \
			dmk_dev_printk(7, dev, dev_fmt(fmt), ##__VA_ARGS__);                       \
	} while (0)
#endif
#define dev_vdbg(dev, fmt, ...)                                                                    \
	do {                                                                                       \
		if (0)                                                                             \
			dmk_dev_printk(7, dev, dev_fmt(fmt), ##__VA_ARGS__);                       \
	} while (0)

/* printk's level string, "\0016" and the like: its second byte is the digit. */
#define dev_printk(level, dev, fmt, ...) \
	dmk_dev_printk((level)[1] - '0', dev, dev_fmt(fmt), ##__VA_ARGS__)

#define dmk_dev_once(print, dev, fmt, ...)                                                         \
	do {                                                                                       \
		static bool dmk_once;                                                              \
		if (!__atomic_exchange_n(&dmk_once, true, __ATOMIC_RELAXED))                       \
			print(dev, fmt, ##__VA_ARGS__);                                            \
	} while (0)
#define dev_err_once(dev, fmt, ...) dmk_dev_once(dev_err, dev, fmt, ##__VA_ARGS__)
#define dev_warn_once(dev, fmt, ...) dmk_dev_once(dev_warn, dev, fmt, ##__VA_ARGS__)
#define dev_info_once(dev, fmt, ...) dmk_dev_once(dev_info, dev, fmt, ##__VA_ARGS__)
#define dev_notice_once(dev, fmt, ...) dmk_dev_once(dev_notice, dev, fmt, ##__VA_ARGS__)

/* At most ten of one place in five seconds. */
struct dmk_dev_ratelimit {
	s64 begin;
	unsigned int printed;
};
bool dmk_dev_ratelimited(struct dmk_dev_ratelimit *state);
#define dmk_dev_limited(print, dev, fmt, ...)                                                      \
	do {                                                                                       \
		static struct dmk_dev_ratelimit dmk_limit;                                         \
		if (!dmk_dev_ratelimited(&dmk_limit))                                              \
			print(dev, fmt, ##__VA_ARGS__);                                            \
	} while (0)
#define dev_emerg_ratelimited(dev, fmt, ...) dmk_dev_limited(dev_emerg, dev, fmt, ##__VA_ARGS__)
#define dev_alert_ratelimited(dev, fmt, ...) dmk_dev_limited(dev_alert, dev, fmt, ##__VA_ARGS__)
#define dev_crit_ratelimited(dev, fmt, ...) dmk_dev_limited(dev_crit, dev, fmt, ##__VA_ARGS__)
#define dev_err_ratelimited(dev, fmt, ...) dmk_dev_limited(dev_err, dev, fmt, ##__VA_ARGS__)
#define dev_warn_ratelimited(dev, fmt, ...) dmk_dev_limited(dev_warn, dev, fmt, ##__VA_ARGS__)
#define dev_notice_ratelimited(dev, fmt, ...) dmk_dev_limited(dev_notice, dev, fmt, ##__VA_ARGS__)
#define dev_info_ratelimited(dev, fmt, ...) dmk_dev_limited(dev_info, dev, fmt, ##__VA_ARGS__)
#define dev_dbg_ratelimited(dev, fmt, ...) dmk_dev_limited(dev_dbg, dev, fmt, ##__VA_ARGS__)

#define dmk_dev_warning(dev, what, fmt, ...) dmk_dev_printk(4, dev, what fmt, ##__VA_ARGS__)
#define dev_WARN(dev, fmt, ...) dmk_dev_warning(dev, "warning: ", fmt, ##__VA_ARGS__)

#endif
