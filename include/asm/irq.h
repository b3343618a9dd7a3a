/* SPDX-License-Identifier: MIT */
/* What a driver that includes it by this name means. */
#ifndef _ASM_IRQ_H
#define _ASM_IRQ_H

#include <linux/irq.h>

#endif
