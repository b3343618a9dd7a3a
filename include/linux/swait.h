/* SPDX-License-Identifier: MIT */
/*
 * Simple wait queues: the same as the others here.
 */
#ifndef _LINUX_SWAIT_H
#define _LINUX_SWAIT_H

#include <linux/wait.h>

#endif
