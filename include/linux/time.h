/* SPDX-License-Identifier: MIT */
/*
 * Time.
 */
#ifndef _LINUX_TIME_H
#define _LINUX_TIME_H

#include <linux/time64.h>
#include <linux/types.h>

#endif
