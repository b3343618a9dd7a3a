/* SPDX-License-Identifier: MIT */
/*
 * Assertions the compiler decides.
 */
#ifndef _LINUX_BUILD_BUG_H
#define _LINUX_BUILD_BUG_H

#define BUILD_BUG_ON_MSG(condition, text) _Static_assert(!(condition), text)
/*
 * Its condition may be constant only after optimization, as in Linux; so a negative array size and
 * not _Static_assert.
 */
#define BUILD_BUG_ON(condition) ((void)sizeof(char[1 - 2 * !!(condition)]))
#define BUILD_BUG() BUILD_BUG_ON(1)
#define BUILD_BUG_ON_ZERO(e, ...) ((int)(sizeof(struct { int : (-!!(e)); })))
#define BUILD_BUG_ON_NOT_POWER_OF_2(n) BUILD_BUG_ON((n) == 0 || (((n) & ((n) - 1)) != 0))
#define BUILD_BUG_ON_INVALID(e) ((void)(sizeof((long)(e))))

#define dmk_static_assert(expression, text, ...) _Static_assert(expression, text)
#undef static_assert
#define static_assert(expression, ...) dmk_static_assert(expression, ##__VA_ARGS__, #expression)

#endif
