/* SPDX-License-Identifier: MIT */
/*
 * Where we are.
 */
#ifndef _LINUX_INSTRUCTION_POINTER_H
#define _LINUX_INSTRUCTION_POINTER_H

#define _RET_IP_ ((unsigned long)__builtin_return_address(0))
#define _THIS_IP_                                                                                  \
	({                                                                                         \
		__label__ dmk_here;                                                                \
dmk_here:                                                                                          \
		(unsigned long)&&dmk_here;                                                         \
	})

#endif
