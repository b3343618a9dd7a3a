/* SPDX-License-Identifier: MIT */
/*
 * What devices hold that don't look into caches, so that lines are thrown away of no other memory;
 * and devices that share a domain, so that what they leave behind is unmapped.
 */
#ifndef DMK_CORE_LENT_H
#define DMK_CORE_LENT_H

#include "core.h"

/**
 * dmk_lent_start - without memory for it nothing is remembered, which is said nowhere: all is right
 * then, and slower.
 */
void dmk_lent_start(void);
void dmk_lent_stop(void);
/** dmk_lent_ready - devices share a domain from now on: remember what they have. May sleep. */
void dmk_lent_ready(void);

/**
 * dmk_lent_add - the device has it from now on. Any context. Without memory it is not remembered.
 */
void dmk_lent_add(const struct dmk_dev *dev, dmk_dma dma, uint64_t size);
/**
 * dmk_lent_take - the device has it no more. Return: it was lent, from this address on and as
 * large.
 */
bool dmk_lent_take(const struct dmk_dev *dev, dmk_dma dma, uint64_t size);
/**
 * dmk_lent_take_within - the device has nothing of @dma any more. Return: all of it was lent, in
 * whatever pieces.
 */
bool dmk_lent_take_within(const struct dmk_dev *dev, struct dmk_range dma);
/**
 * dmk_lent_holds - whether all of it is known to be lent; false: it is not, or that is not known.
 */
bool dmk_lent_holds(const struct dmk_dev *dev, struct dmk_range dma);
/**
 * dmk_lent_forget_device - what a device that goes still has: in its domain nothing leads there any
 * more
 */
void dmk_lent_forget_device(struct dmk_dev *dev);

#endif
