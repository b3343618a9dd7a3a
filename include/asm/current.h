/* SPDX-License-Identifier: MIT */
/* What a driver that includes it by this name means. */
#ifndef _ASM_CURRENT_H
#define _ASM_CURRENT_H

#include <linux/sched.h>

#endif
