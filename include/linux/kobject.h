/* SPDX-License-Identifier: MIT */
/*
 * Kernel objects, as far as drivers look into them: a name and a parent. There is no sysfs tree
 * behind them; what a driver puts there is kept in lists of the device (linux/sysfs.h).
 */
#ifndef _LINUX_KOBJECT_H
#define _LINUX_KOBJECT_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/sysfs.h>

struct kobject {
	const char *name;
	struct kobject *parent;
};

static inline const char *kobject_name(const struct kobject *kobj)
{
	return kobj->name;
}

#endif
