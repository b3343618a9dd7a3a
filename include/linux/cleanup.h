/* SPDX-License-Identifier: MIT */
/*
 * guard() and scoped_guard(): a lock that is let go where its scope ends; __free(): memory that is.
 */
#ifndef _LINUX_CLEANUP_H
#define _LINUX_CLEANUP_H

#include <linux/compiler.h>
#include <linux/types.h>

#define __cleanup(function) __attribute__((__cleanup__(function)))

#define DEFINE_FREE(name, type, free)                                                              \
	static inline void __free_##name(void *p)                                                  \
	{                                                                                          \
		type _T = *(type *)p;                                                              \
		free;                                                                              \
	}
#define __free(name) __cleanup(__free_##name)
#define no_free_ptr(p)                                                                             \
	({                                                                                         \
		__typeof__(p) dmk_kept = (p);                                                      \
		(p) = NULL;                                                                        \
		dmk_kept;                                                                          \
	})
#define return_ptr(p) return no_free_ptr(p)

#define DEFINE_CLASS(name, type, exit, init, init_args...)                                         \
	typedef type class_##name##_t;                                                             \
	static inline void class_##name##_destructor(type *p)                                      \
	{                                                                                          \
		type _T = *p;                                                                      \
		exit;                                                                              \
	}                                                                                          \
	static inline type class_##name##_constructor(init_args)                                   \
	{                                                                                          \
		type t = init;                                                                     \
		return t;                                                                          \
	}
#define CLASS(name, variable)                                                                      \
	class_##name##_t variable __cleanup(class_##name##_destructor) = class_##name##_constructor

#define DEFINE_LOCK_GUARD_1(name, type, acquire, release, ...)                                     \
	typedef struct {                                                                           \
		type *lock;                                                                        \
		__VA_ARGS__;                                                                       \
	} class_##name##_t;                                                                        \
	static inline void class_##name##_destructor(class_##name##_t *_T)                         \
	{                                                                                          \
		if (_T->lock) {                                                                    \
			release;                                                                   \
		}                                                                                  \
	}                                                                                          \
	static inline class_##name##_t class_##name##_constructor(type *lock)                      \
	{                                                                                          \
		class_##name##_t guarded = { .lock = lock }, *_T = &guarded;                       \
		acquire;                                                                           \
		return guarded;                                                                    \
	}
#define DEFINE_GUARD(name, type, acquire, release)                                                 \
	typedef type class_##name##_t;                                                             \
	static inline void class_##name##_destructor(type *p)                                      \
	{                                                                                          \
		type _T = *p;                                                                      \
		if (_T) {                                                                          \
			release;                                                                   \
		}                                                                                  \
	}                                                                                          \
	static inline type class_##name##_constructor(type _T)                                     \
	{                                                                                          \
		acquire;                                                                           \
		return _T;                                                                         \
	}

#define dmk_guard_name(name, line) dmk_guard_##name##_##line
#define dmk_guard_at(name, line) CLASS(name, dmk_guard_name(name, line))
#define guard(name) dmk_guard_at(name, __LINE__)
#define scoped_guard(name, args...)                                                                \
	for (CLASS(name, dmk_scope)(args), *dmk_scope_once = NULL; !dmk_scope_once;                \
	     dmk_scope_once = (void *)1)

#endif
