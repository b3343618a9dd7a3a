/* SPDX-License-Identifier: MIT */
/*
 * Where older drivers find the cheap random numbers; here they are all the same.
 */
#ifndef _LINUX_PRANDOM_H
#define _LINUX_PRANDOM_H

#include <linux/random.h>

#endif
