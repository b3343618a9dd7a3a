/* SPDX-License-Identifier: MIT */
/*
 * Offsets and sizes of members.
 */
#ifndef _LINUX_STDDEF_H
#define _LINUX_STDDEF_H

#include <linux/types.h>

#undef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#define sizeof_field(type, member) sizeof((((type *)0)->member))
#define offsetofend(type, member) (offsetof(type, member) + sizeof_field(type, member))

#define __struct_group(tag, name, attributes, ...)                                                 \
	union {                                                                                    \
		struct { __VA_ARGS__ } attributes;                                                 \
		struct tag { __VA_ARGS__ } attributes name;                                        \
	}
#define struct_group(name, ...) __struct_group(/* none */, name, /* none */, __VA_ARGS__)
#define struct_group_attr(name, attributes, ...) \
	__struct_group(/* none */, name, attributes, __VA_ARGS__)
#define struct_group_tagged(tag, name, ...) __struct_group(tag, name, /* none */, __VA_ARGS__)
#define __DECLARE_FLEX_ARRAY(type, name)                                                           \
	struct {                                                                                   \
		struct { } dmk_empty_##name;                                                       \
		type name[];                                                                       \
	}
#define DECLARE_FLEX_ARRAY(type, name) __DECLARE_FLEX_ARRAY(type, name)

#endif
