/* SPDX-License-Identifier: MIT */
/*
 * A type, checked.
 */
#ifndef _LINUX_TYPECHECK_H
#define _LINUX_TYPECHECK_H

#define typecheck(type, x)                                                                         \
	({                                                                                         \
		type dmk_expected;                                                                 \
		__typeof__(x) dmk_given;                                                           \
		(void)(&dmk_expected == &dmk_given);                                               \
		1;                                                                                 \
	})

#endif
