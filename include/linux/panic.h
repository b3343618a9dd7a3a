/* SPDX-License-Identifier: MIT */
/*
 * The end.
 */
#ifndef _LINUX_PANIC_H
#define _LINUX_PANIC_H

#include <linux/bug.h>

#define TAINT_CRAP 10
#define TAINT_WARN 9
#define TAINT_FIRMWARE_WORKAROUND 11
#define add_taint(flag, lockdep) ((void)0)

#endif
