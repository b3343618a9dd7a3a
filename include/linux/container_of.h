/* SPDX-License-Identifier: MIT */
/*
 * From a member to the structure around it.
 */
#ifndef _LINUX_CONTAINER_OF_H
#define _LINUX_CONTAINER_OF_H

#include <linux/build_bug.h>
#include <linux/stddef.h>

#define container_of(pointer, type, member)                                                        \
	({                                                                                         \
		void *dmk_member = (void *)(pointer);                                              \
		_Static_assert(__same_type(*(pointer), ((type *)0)->member) ||                     \
				       __same_type(*(pointer), void),                              \
			       "container_of: the pointer is not of the member's type");           \
		(type *)((char *)dmk_member - offsetof(type, member));                             \
	})
#define container_of_const(pointer, type, member) container_of(pointer, type, member)
#define typeof_member(type, member) __typeof__(((type *)0)->member)

#endif
