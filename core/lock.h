/* SPDX-License-Identifier: MIT */
/*
 * The core's lock: a spinning one that also keeps this CPU's interrupt handlers out, so that every call may come from any
 * context. Held for a few instructions; nothing that may sleep is called under it.
 */
#ifndef DMK_CORE_LOCK_H
#define DMK_CORE_LOCK_H

#include <dmakit/device.h>

/** dmk_lock_take - Return: what dmk_lock_drop() wants back. */
unsigned long dmk_lock_take(struct dmk_lock *lock);
void dmk_lock_drop(struct dmk_lock *lock, unsigned long flags);

#endif
