/* SPDX-License-Identifier: MIT */
/*
 * How an instruction that touched memory does it: for whoever carries out accesses that fault. Host
 * world.
 */
#ifndef DMAKIT_OPERAND_H
#define DMAKIT_OPERAND_H

#include <dmakit/types.h>

struct dmk_operand {
	unsigned int width; /* bytes, at least 1 */
	bool only_stores;   /* what was there before is of no interest */
};

/** dmk_operand - of the memory operand of the x86-64 instruction; elsewhere of one byte. */
struct dmk_operand dmk_operand(const void *instruction);

#endif
