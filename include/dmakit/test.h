/* SPDX-License-Identifier: MIT */
/*
 * Tests of a driver, as `dmakit check driver.c -- test.c` runs them. Host world, and simple on
 * purpose:
 *
 *	#include <dmakit/test.h>
 *	#include <dmakit/file.h>
 *
 *	DMK_TEST(factorial_of_five)
 *	{
 *		struct dmk_file *edu;
 *
 *		DMK_EXPECT(dmk_open("/dev/edu0", O_RDWR, &edu) == 0);
 *		…
 *	}
 *
 * The machine is booted, the module loaded and the devices probed when a test starts. A test that
 * fails goes on to its end only with DMK_EXPECT; DMK_REQUIRE leaves the test. Tests run in the
 * order they stand in the file.
 */
#ifndef DMAKIT_TEST_H
#define DMAKIT_TEST_H

#include <dmakit/types.h>

struct dmk_test {
	const char *name;
	const char *file;
	int line;
	void (*run)(void);
};

#define DMK_TEST(test_name)                                                                  \
	static void test_name(void);                                                         \
	static const struct dmk_test dmk_test_##test_name = {#test_name, __FILE__, __LINE__, \
							     test_name};                     \
	static const struct dmk_test *const dmk_test_entry_##test_name                       \
		__attribute__((used, section("dmk_tests"))) = &dmk_test_##test_name;         \
	static void test_name(void)

/** Note a failure of the running test, and say what was expected where. */
void dmk_test_failed(const char *file, int line, const char *format, ...) DMK_PRINTF(3, 4);

/** True for the rest of a test's life once one expectation failed. */
bool dmk_test_has_failed(void);

#define DMK_EXPECT(condition)                                                            \
	do {                                                                             \
		if (!(condition))                                                        \
			dmk_test_failed(__FILE__, __LINE__, "expected: %s", #condition); \
	} while (0)

#define DMK_REQUIRE(condition)                                                           \
	do {                                                                             \
		if (!(condition)) {                                                      \
			dmk_test_failed(__FILE__, __LINE__, "required: %s", #condition); \
			return;                                                          \
		}                                                                        \
	} while (0)

/** Name of the machine the test runs on: "pc", "qemu". */
const char *dmk_test_machine(void);
/** The run's seed, for tests that choose by chance: the report prints it. */
uint64_t dmk_test_seed(void);
/**
 * dmk_test_said - how many lines of the log so far, the driver's and the kernel's, have @text in
 * them; of a very long log the lines that the report keeps
 */
unsigned int dmk_test_said(const char *text);
/** Sleep, in milliseconds, as a user's program would. */
void dmk_test_sleep(unsigned int ms);

#endif
