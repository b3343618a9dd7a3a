// SPDX-License-Identifier: MIT
/*
 * Programs of a user's own against a driver's files: the server and the preload library, with a
 * stand-in for the kernel part.
 *
 * Environment: DMAKIT_PRELOAD and DMAKIT_CLIENT are the paths of what is tried.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dmakit/remote.h>

#include "fake_files.h"

static char directory[] = "/tmp/dmakit-remote-XXXXXX";
static char path[64];

static pid_t start(const char *program, ...)
{
	char *argv[8] = {(char *)program};
	va_list arguments;
	unsigned int n = 1;
	pid_t pid;

	va_start(arguments, program);
	while ((argv[n] = va_arg(arguments, char *)))
		n++;
	va_end(arguments);
	pid = fork();
	if (pid)
		return pid;
	setenv("LD_PRELOAD", getenv("DMAKIT_PRELOAD"), 1);
	setenv(DMK_REMOTE_ENVIRONMENT, path, 1);
	execvp(program, argv);
	_exit(127);
}

static int ended(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool counts_become(int open, int mapped, int asleep)
{
	struct fake_counts counts;
	int tries;

	for (tries = 0; tries < 2000; tries++) {
		counts = fake_counts();
		if (counts.open == open && counts.mapped == mapped && counts.asleep == asleep)
			return true;
		usleep(1000);
	}
	fail_msg("open %d, mapped %d, asleep %d", counts.open, counts.mapped, counts.asleep);
	return false;
}

static int set_up(void **state)
{
	return dmk_remote_start(path);
}

/* Whatever a test does: nothing of it is left. */
static int tear_down(void **state)
{
	fake_set_ready(0);
	dmk_remote_stop();
	if (dmk_remote_files() || !access(path, F_OK))
		return -1;
	return !counts_become(0, 0, 0);
}

static void client_succeeds(void **state)
{
	assert_int_equal(ended(start(getenv("DMAKIT_CLIENT"), *state, NULL)), 0);
	counts_become(0, 0, 0);
}

#define CLIENT_TEST(title, name)                                \
	{                                                       \
		title, client_succeeds, set_up, tear_down, name \
	}

/* --- other people's programs ------------------------------------------------------------------ */

static void shell(const char *script)
{
	int status = ended(start("sh", "-c", script, NULL));

	if (status)
		fail_msg("%s: status %x", script, status);
	counts_become(0, 0, 0);
}

static void test_cat_dd_and_a_shell_reach_the_driver(void **state)
{
	shell("printf 'written by a shell' > /dev/fake0");
	shell("test \"$(head -c 18 /dev/fake0)\" = 'written by a shell'");
	shell("test \"$(dd if=/dev/fake0 bs=1 skip=8 count=2 2>/dev/null)\" = by");
	shell("printf XY | dd of=/dev/fake0 bs=1 seek=8 conv=notrunc 2>/dev/null");
	shell("test \"$(cat /dev/fake0 | head -c 18)\" = 'written XY a shell'");
	shell("test \"$(cat < /dev/fake0 | wc -c)\" = 8192");
	shell("test \"$(od -An -c -N 3 /dev/fake0)\" = '   w   r   i'");
	shell("test -c /dev/fake0 && test -r /dev/fake0 && ! test -e /dev/fake9");
	shell("test \"$(stat -c %F /dev/fake0)\" = 'character special file'");
}

static void test_what_is_written_past_the_library_is_not_lost_in_silence(void **state)
{
	int before = fake_counts().complaints;

	/* The program's own write(2), without the library, into a descriptor it was given. */
	shell("exec 3> /dev/fake0; LD_PRELOAD= sh -c 'echo lost >&3'");
	assert_true(fake_counts().complaints > before);
}

/* --- ends ------------------------------------------------------------------------------------- */

static void test_a_killed_program_leaves_nothing_open(void **state)
{
	int before = fake_counts().interrupted;
	pid_t pid = start(getenv("DMAKIT_CLIENT"), "sleeps", NULL);

	counts_become(1, 1, 1);
	assert_int_equal(dmk_remote_files(), 1);
	kill(pid, SIGKILL);
	ended(pid);
	counts_become(0, 0, 0);
	assert_int_equal(fake_counts().interrupted, before + 1);
}

static void test_a_server_that_stops_ends_calls_under_way(void **state)
{
	pid_t pid = start(getenv("DMAKIT_CLIENT"), "sleeps", NULL);

	counts_become(1, 1, 1);
	dmk_remote_stop();
	assert_int_equal(fake_counts().open, 0);
	assert_int_equal(fake_counts().mapped, 0);
	assert_int_equal(ended(pid), 0);
}

static void test_a_signal_interrupts_only_its_own_program(void **state)
{
	pid_t other = start(getenv("DMAKIT_CLIENT"), "sleeps", NULL), pid;
	int before;

	counts_become(1, 1, 1);
	before = fake_counts().interrupted;
	pid = start(getenv("DMAKIT_CLIENT"), "is_interrupted", NULL);
	assert_int_equal(ended(pid), 0);
	counts_become(1, 1, 1);
	assert_int_equal(fake_counts().interrupted, before + 1);
	kill(other, SIGKILL);
	ended(other);
}

static void test_starting_says_what_is_wrong(void **state)
{
	char too_long[200];

	memset(too_long, 'a', sizeof(too_long));
	too_long[199] = '\0';
	assert_int_equal(dmk_remote_start(path), -EBUSY);
	dmk_remote_stop();
	dmk_remote_stop();
	assert_int_equal(dmk_remote_start(too_long), -ENAMETOOLONG);
	assert_int_equal(dmk_remote_start("/nonexistent/socket"), -ENOENT);
}

static void test_a_program_without_a_server_sees_its_own_dev(void **state)
{
	dmk_remote_stop();
	assert_int_equal(ended(start("sh", "-c",
				     "! test -e /dev/fake0 && cat /dev/null && echo x > /dev/null",
				     NULL)),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLIENT_TEST("a program reads and writes", "reads_and_writes"),
		CLIENT_TEST("a program's ioctl reaches its memory", "ioctls"),
		CLIENT_TEST("a program polls the driver's and other files together", "polls"),
		CLIENT_TEST("a program has the driver's files in an epoll set", "epolls"),
		CLIENT_TEST("a program changes a file's flags", "has_flags"),
		CLIENT_TEST("a program walks the driver's directories", "walks"),
		CLIENT_TEST("a program maps the same bytes", "maps"),
		CLIENT_TEST("a program maps registers", "has_registers"),
		CLIENT_TEST("a program uses streams", "streams"),
		CLIENT_TEST("a program sees a character device", "looks"),
		CLIENT_TEST("a program that closed can open again", "opens_again"),
		CLIENT_TEST("copies and children share one file", "shares"),
		CLIENT_TEST("a signal interrupts a call", "is_interrupted"),
		CLIENT_TEST("a program has threads", "has_threads"),
		cmocka_unit_test_setup_teardown(test_cat_dd_and_a_shell_reach_the_driver, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_is_written_past_the_library_is_not_lost_in_silence, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(test_a_killed_program_leaves_nothing_open, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_server_that_stops_ends_calls_under_way,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_signal_interrupts_only_its_own_program,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_starting_says_what_is_wrong, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_a_program_without_a_server_sees_its_own_dev,
						set_up, tear_down),
	};
	int failed;

	if (!mkdtemp(directory))
		return 99;
	snprintf(path, sizeof(path), "%s/socket", directory);
	fake_start();
	failed = cmocka_run_group_tests_name("remote", tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
