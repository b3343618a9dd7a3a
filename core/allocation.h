/* SPDX-License-Identifier: MIT */
/*
 * Records of consistent memory: who holds what.
 */
#ifndef DMK_CORE_ALLOCATION_H
#define DMK_CORE_ALLOCATION_H

#include "core.h"

bool dmk_allocations_start(void); /* false: no memory */
/** dmk_allocations_stop - forget all; the memory of what is still held goes back. */
void dmk_allocations_stop(void);
/** dmk_allocations_forget_device - its records go; the memory doesn't: the device may still write to it. */
void dmk_allocations_forget_device(struct dmk_dev *dev);

#endif
