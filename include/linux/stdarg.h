/* SPDX-License-Identifier: MIT */
/*
 * The compiler's va_list.
 */
#ifndef _LINUX_STDARG_H
#define _LINUX_STDARG_H

#include <stdarg.h>

#endif
