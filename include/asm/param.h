/* SPDX-License-Identifier: MIT */
/* What a driver that includes it by this name means. */
#ifndef _ASM_PARAM_H
#define _ASM_PARAM_H

#include <linux/param.h>

#endif
