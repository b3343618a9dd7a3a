/* SPDX-License-Identifier: MIT */
/*
 * Its old place.
 */
#ifndef _ASM_UNALIGNED_H
#define _ASM_UNALIGNED_H

#include <linux/unaligned.h>

#endif
