/* SPDX-License-Identifier: MIT */
/* What a driver that includes it by this name means. */
#ifndef _ASM_DELAY_H
#define _ASM_DELAY_H

#include <linux/delay.h>

#endif
