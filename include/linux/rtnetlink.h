/* SPDX-License-Identifier: MIT */
/*
 * The lock under which interfaces come, go, and are configured. It is taken first of all, and may
 * sleep.
 */
#ifndef _LINUX_RTNETLINK_H
#define _LINUX_RTNETLINK_H

#include <linux/compiler.h>
#include <linux/types.h>

void rtnl_lock(void) DMK_SYM(rtnl_lock);
void rtnl_unlock(void) DMK_SYM(rtnl_unlock);
/** Return: 1: got it, 0: somebody has it. */
int rtnl_trylock(void) DMK_SYM(rtnl_trylock);
int rtnl_is_locked(void) DMK_SYM(rtnl_is_locked);
/** A call without the lock is complained of. @what: the function that wants it held. */
void dmk_assert_rtnl(const char *what);
#define ASSERT_RTNL() dmk_assert_rtnl(__func__)

#endif
