/* SPDX-License-Identifier: MIT */
/*
 * What every test of the core includes, in the order cmocka wants it.
 */
#ifndef TESTS_CORE_UNIT_H
#define TESTS_CORE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/errno.h>

#include "fake.h"

#define GIB          0x40000000ULL
#define LOW(offset)  (FAKE_LOW + (offset))
#define HIGH(offset) (FAKE_HIGH + (offset))

/** A failed row of a table names itself. */
#define ROW_EXPECT(row, condition)                                      \
	do {                                                            \
		if (!(condition))                                       \
			fail_msg("%s: expected %s", (row), #condition); \
	} while (0)

#endif
