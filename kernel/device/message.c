// SPDX-License-Identifier: MIT
/*
 * Messages about devices.
 */
#include "internal.h"

#include <errno.h>
#include <time.h>

#include <linux/device.h>
#include <linux/iopoll.h>
#include <linux/printk.h>
#include <linux/sprintf.h>

static void say(int level, const struct device *dev, const char *text)
{
	if (dev)
		dmk_printk("\001%d%s %s: %s", level, dev_driver_string(dev), dev_name(dev), text);
	else
		dmk_printk("\001%d(no device): %s", level, text);
}

void dmk_dev_printk(int level, const struct device *dev, const char *format, ...)
{
	__builtin_va_list arguments;
	char text[1024];

	__builtin_va_start(arguments, format);
	dmk_vsnprintf(text, sizeof(text), format, arguments);
	__builtin_va_end(arguments);
	say(level, dev, text);
}

int dev_err_probe(const struct device *dev, int err, const char *format, ...)
{
	__builtin_va_list arguments;
	char text[1024];

	if (err == -EPROBE_DEFER)
		return err;
	__builtin_va_start(arguments, format);
	dmk_vsnprintf(text, sizeof(text), format, arguments);
	__builtin_va_end(arguments);
	dmk_dev_printk(3, dev, "error %d: %s", err, text);
	return err;
}

bool dmk_dev_ratelimited(struct dmk_dev_ratelimit *state)
{
	struct timespec now;
	s64 begin = __atomic_load_n(&state->begin, __ATOMIC_RELAXED);

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!begin || now.tv_sec - begin >= 5) {
		__atomic_store_n(&state->begin, (s64)now.tv_sec, __ATOMIC_RELAXED);
		__atomic_store_n(&state->printed, 0, __ATOMIC_RELAXED);
	}
	return __atomic_fetch_add(&state->printed, 1, __ATOMIC_RELAXED) >= 10;
}

u64 dmk_iopoll_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000000 + (u64)now.tv_nsec / 1000;
}
