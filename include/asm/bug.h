/* SPDX-License-Identifier: MIT */
/* What a driver that includes it by this name means. */
#ifndef _ASM_BUG_H
#define _ASM_BUG_H

#include <linux/bug.h>

#endif
