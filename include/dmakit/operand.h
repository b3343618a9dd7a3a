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

/**
 * dmk_step_take - wait until nobody else is between a fault and its step: *@owner is @self then
 * @self: a thread's id; it may be the owner already
 * Context: a signal handler.
 */
void dmk_step_take(int *owner, int self);

#endif
