/* SPDX-License-Identifier: MIT */
/*
 * Device numbers: 20 bits of minor below the major. (The C library packs its dev_t otherwise; the
 * two never meet.)
 */
#ifndef _LINUX_KDEV_T_H
#define _LINUX_KDEV_T_H

#include <linux/types.h>

#define MINORBITS 20
#define MINORMASK ((1U << MINORBITS) - 1)
#define MAJOR(dev) ((unsigned int)((dev) >> MINORBITS))
#define MINOR(dev) ((unsigned int)((dev) & MINORMASK))
#define MKDEV(major, minor) ((dev_t)(major) << MINORBITS | (minor))

#endif
