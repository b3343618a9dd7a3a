// SPDX-License-Identifier: MIT
/*
 * What a driver shows of itself: parameters in /sys/module, and files below /sys/kernel/debug.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <dmakit/file.h>
#include <dmakit/kernel.h>

#include "fake.h"
#include "paths.h"
#include "shown.h"

#define PARAMETER(name) "/sys/module/shown/parameters/" name
#define DEBUG(name)     "/sys/kernel/debug/shown/" name

static char complaint[256];

static void hear(void *ctx, const void *caller, const char *text)
{
	snprintf(complaint, sizeof(complaint), "%s", text);
}

static int boot(void **state)
{
	int error;

	fake_reset();
	memset(&shown, 0, sizeof(shown));
	strcpy(shown.text, "hello");
	complaint[0] = '\0';
	error = fake_boot();
	dmk_complaints_to(hear, NULL);
	return error ? error : dmk_module_load("shown");
}

static int halt(void **state)
{
	fake_shutdown();
	dmk_complaints_to(NULL, NULL);
	return 0;
}

static void expect_text(const char *path, const char *wanted)
{
	char text[64];

	assert_int_equal(read_file(path, text, sizeof(text), 64), strlen(wanted));
	assert_string_equal(text, wanted);
}

/* --- parameters ------------------------------------------------------------------------------- */

static void test_a_parameter_is_a_file_while_its_module_is_loaded(void **state)
{
	char text[64];

	expect_text(PARAMETER("plain"), "0\n");
	assert_int_equal(write_file(PARAMETER("plain"), "0x20\n"), 5);
	assert_int_equal(shown.plain, 32);
	expect_text(PARAMETER("plain"), "32\n");
	assert_int_equal(write_file(PARAMETER("plain"), "many"), -EINVAL);
	assert_int_equal(shown.plain, 32);
	assert_int_equal(dmk_module_unload("shown"), 0);
	assert_int_equal(read_file(PARAMETER("plain"), text, sizeof(text), 64), -ENOENT);
	assert_int_equal(dmk_module_load("shown"), 0);
	expect_text(PARAMETER("plain"), "32\n");
}

static void test_a_parameters_mode_says_who_may_what(void **state)
{
	char text[64];

	expect_text(PARAMETER("text"), "hello\n");
	assert_int_equal(write_file(PARAMETER("text"), "bye"), -EACCES);
	assert_int_equal(read_file(PARAMETER("hidden"), text, sizeof(text), 64), -ENOENT);
	assert_int_equal(dmk_module_param("shown.hidden", "3"), 0);
	assert_int_equal(shown.hidden, 3);
}

static void test_a_parameter_of_a_drivers_own_is_asked_once_for_each_reading(void **state)
{
	expect_text(PARAMETER("counted"), "0\n");
	assert_int_equal(shown.gets, 1);
	assert_int_equal(write_file(PARAMETER("counted"), "5"), 1);
	assert_int_equal(shown.sets, 1);
	assert_int_equal(shown.plain, 5);
	assert_int_equal(write_file(PARAMETER("deaf"), "5"), -EPERM);
	expect_text(PARAMETER("deaf"), "5\n");
	assert_int_equal(read_file(PARAMETER("mute"), (char[8]){0}, 8, 8), -EPERM);
}

static void *write_often(void *unused)
{
	for (int i = 0; i < 20; i++)
		write_file(PARAMETER("counted"), "1");
	return NULL;
}

static void test_threads_use_a_parameter_one_by_one(void **state)
{
	pthread_t thread;
	char text[16];

	shown.slow = 1;
	assert_int_equal(pthread_create(&thread, NULL, write_often, NULL), 0);
	for (int i = 0; i < 20; i++) {
		assert_true(read_file(PARAMETER("counted"), text, sizeof(text), 16) > 0);
		assert_int_equal(dmk_module_param("shown.counted", "2"), 0);
	}
	pthread_join(thread, NULL);
	assert_int_equal(shown.most_in_param, 1);
}

/* --- debugfs ---------------------------------------------------------------------------------- */

static void test_a_debugfs_file_has_the_drivers_operations(void **state)
{
	expect_text(DEBUG("own"), "hello");
	expect_text("/sys/kernel/debug/link", "hello");
	assert_int_equal(shown.opens, 2);
	assert_int_equal(shown.releases, 2);
	assert_int_equal(write_file(DEBUG("own"), "x"), -EINVAL);
}

static void test_an_attribute_is_read_and_written_as_a_number(void **state)
{
	shown.simple = -7;
	expect_text(DEBUG("simple"), "-7\n");
	assert_int_equal(write_file(DEBUG("simple"), "-0x10\n"), 6);
	assert_int_equal(shown.simple, -16);
	assert_int_equal(write_file(DEBUG("simple"), "twelve"), -EINVAL);
	shown.refuses = -EBUSY;
	assert_int_equal(write_file(DEBUG("simple"), "1"), -EBUSY);
	assert_int_equal(shown.simple, -16);
}

static void test_numbers_show_their_width_and_their_mode(void **state)
{
	char text[32];

	assert_int_equal(write_file(DEBUG("byte"), "258"), 3);
	assert_int_equal(shown.byte, 2);
	expect_text(DEBUG("byte"), "2\n");
	shown.word = 0x1a;
	expect_text(DEBUG("word"), "0x0000001a\n");
	assert_int_equal(write_file(DEBUG("word"), "1"), -EACCES);
	assert_int_equal(write_file(DEBUG("wide"), "0x123456789a"), 12);
	assert_true(shown.wide == 0x123456789a);
	assert_int_equal(read_file(DEBUG("wide"), text, sizeof(text), 32), -EACCES);
	expect_text(DEBUG("flag"), "N\n");
	assert_int_equal(write_file(DEBUG("flag"), "on"), 2);
	assert_true(shown.flag);
	assert_int_equal(write_file(DEBUG("flag"), "2"), 1); /* neither */
	expect_text(DEBUG("flag"), "Y\n");
	expect_text(DEBUG("counter"), "-5\n");
}

static void test_arrays_bytes_and_texts_are_read(void **state)
{
	expect_text(DEBUG("array"), "1 22 333\n");
	expect_text(DEBUG("blob"), "bytes");
	expect_text(DEBUG("name"), "a name\n");
}

static void test_what_goes_wrong_in_debugfs_is_an_error_that_may_be_passed_on(void **state)
{
	assert_int_equal(shown_again(), -EEXIST);
	assert_int_equal(shown_below_nothing(), -EINVAL);
}

static void test_an_entry_is_found_and_removed_by_name(void **state)
{
	char text[8];

	assert_int_equal(shown_remove_simple(), 0);
	assert_int_equal(shown_remove_simple(), -ENOENT);
	assert_int_equal(read_file(DEBUG("simple"), text, sizeof(text), 8), -ENOENT);
}

static void test_an_open_file_answers_with_EIO_once_it_is_removed(void **state)
{
	struct dmk_file *file;
	char byte;

	assert_int_equal(dmk_open(DEBUG("own"), O_RDONLY, &file), 0);
	assert_int_equal(dmk_read(file, &byte, 1), 1);
	shown_remove_twice();
	assert_non_null(strstr(complaint, "debugfs_remove"));
	assert_int_equal(dmk_read(file, &byte, 1), -EIO);
	assert_int_equal(shown.releases, 0);
	assert_int_equal(dmk_close(file), 0);
	assert_int_equal(shown.releases, 1);
}

static void test_what_a_driver_leaves_in_debugfs_is_named(void **state)
{
	shown.leave_behind = 1;
	assert_int_equal(dmk_module_unload("shown"), 0);
	fake_shutdown();
	assert_string_equal(complaint, "/sys/kernel/debug/shown was left behind by its driver");
	assert_int_equal(fake_boot(), 0);
}

/* --- devices bound by name -------------------------------------------------------------------- */

#define CARD     "0000:00:04.0"
#define ON_PCI   "/sys/bus/pci/devices/" CARD "/driver_override"
#define PCI_FILE "/sys/bus/pci/drivers/shown/"

static void test_a_device_is_bound_by_name_to_a_driver_without_an_id(void **state)
{
	assert_int_equal(shown.probes, 0);
	assert_int_equal(write_file(PCI_FILE "bind", CARD), -ENODEV);
	expect_text(ON_PCI, "(null)\n");
	assert_int_equal(write_file(ON_PCI, "shown\n"), 6);
	expect_text(ON_PCI, "shown\n");
	assert_int_equal(write_file(PCI_FILE "bind", CARD), strlen(CARD));
	assert_int_equal(shown.probes, 1);
	assert_true(shown.id_vendor == ~0U); /* any */
	assert_int_equal(write_file(PCI_FILE "unbind", CARD "\n"), strlen(CARD) + 1);
	assert_int_equal(shown.removes, 1);
	assert_int_equal(write_file(PCI_FILE "unbind", CARD), -ENODEV);
}

#define SECOND "0000:00:04.1"

static void test_an_id_that_is_for_overriding_alone_matches_nothing_else(void **state)
{
	assert_int_equal(shown.probes, 0);
	assert_int_equal(write_file(PCI_FILE "bind", SECOND), -ENODEV);
	assert_int_equal(write_file("/sys/bus/pci/devices/" SECOND "/driver_override", "shown"), 5);
	assert_int_equal(write_file(PCI_FILE "bind", SECOND), strlen(SECOND));
	assert_int_equal(shown.probes, 1);
	assert_int_equal(shown.id_vendor, 0x1de5);
}

static void test_a_device_is_kept_for_the_driver_it_names(void **state)
{
	assert_int_equal(write_file(ON_PCI, "another"), 7);
	assert_int_equal(write_file(PCI_FILE "bind", CARD), -ENODEV);
	assert_int_equal(write_file(ON_PCI, "shown"), 5);
	assert_int_equal(write_file(ON_PCI, "\n"), 1);
	expect_text(ON_PCI, "(null)\n");
	assert_int_equal(write_file(PCI_FILE "bind", CARD), -ENODEV);
	assert_int_equal(shown.probes, 0);
}

static void test_what_probe_says_is_the_writers_answer(void **state)
{
	shown.probe_result = -EIO;
	assert_int_equal(write_file(ON_PCI, "shown"), 5);
	assert_int_equal(write_file(PCI_FILE "bind", CARD), -EIO);
	assert_int_equal(shown.removes, 0);
}

static void bind_platform(void)
{
	char name[64], path[160];

	assert_int_equal(dmk_file_list("/sys/bus/platform/devices", 0, name, sizeof(name)), 1);
	snprintf(path, sizeof(path), "/sys/bus/platform/devices/%s/driver_override", name);
	assert_int_equal(write_file(path, "shown"), 5);
	assert_int_equal(write_file("/sys/bus/platform/drivers/shown/bind", name), strlen(name));
}

static void test_a_platform_device_is_bound_by_name_too(void **state)
{
	bind_platform();
	assert_int_equal(shown.platform_probes, 1);
}

/* --- the machine's sleep ---------------------------------------------------------------------- */

static void bind_card(void)
{
	assert_int_equal(write_file(ON_PCI, "shown"), 5);
	assert_int_equal(write_file(PCI_FILE "bind", CARD), strlen(CARD));
}

/* Two devices, of which either may have come first. */
static void expect_calls(const char *one, const char *other)
{
	if (strcmp(shown.sleep, other))
		assert_string_equal(shown.sleep, one);
	shown.sleep[0] = '\0';
}

static void test_drivers_are_told_that_the_machine_sleeps_and_wakes(void **state)
{
	bind_card();
	bind_platform();
	assert_int_equal(dmk_sleep(), 0);
	expect_calls("psoln", "posln");
	assert_int_equal(dmk_sleep(), -EBUSY);
	assert_int_equal(dmk_wake(), 0);
	expect_calls("NLOSP", "NLSOP");
	assert_int_equal(dmk_wake(), 0);
	expect_calls("", "");
}

static void test_a_driver_that_refuses_keeps_the_machine_awake(void **state)
{
	static const struct {
		char refuses;
		const char *calls;
	} table[] = {
		{'p', "p"},
		{'s', "psP"},
		{'l', "pslSP"},
		{'n', "pslnLSP"},
	};

	bind_card();
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		shown.refuses_sleep = table[i].refuses;
		assert_int_equal(dmk_sleep(), -EBUSY);
		expect_calls(table[i].calls, table[i].calls);
	}
	shown.refuses_sleep = 'S';
	assert_int_equal(dmk_sleep(), 0);
	assert_int_equal(dmk_wake(), -EBUSY);
	shown.refuses_sleep = 0;
	assert_int_equal(dmk_sleep(), 0);
	assert_int_equal(dmk_wake(), 0);
	expect_calls("pslnNLSPpslnNLSP", "");
}

static void test_a_driver_that_goes_while_the_machine_sleeps_is_not_woken(void **state)
{
	bind_card();
	bind_platform();
	assert_int_equal(dmk_sleep(), 0);
	expect_calls("psoln", "posln");
	assert_int_equal(write_file(PCI_FILE "unbind", CARD), strlen(CARD));
	assert_int_equal(dmk_wake(), 0);
	expect_calls("O", "");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, boot, halt)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_parameter_is_a_file_while_its_module_is_loaded),
		CASE(test_a_parameters_mode_says_who_may_what),
		CASE(test_a_parameter_of_a_drivers_own_is_asked_once_for_each_reading),
		CASE(test_threads_use_a_parameter_one_by_one),
		CASE(test_a_debugfs_file_has_the_drivers_operations),
		CASE(test_an_attribute_is_read_and_written_as_a_number),
		CASE(test_numbers_show_their_width_and_their_mode),
		CASE(test_arrays_bytes_and_texts_are_read),
		CASE(test_what_goes_wrong_in_debugfs_is_an_error_that_may_be_passed_on),
		CASE(test_an_entry_is_found_and_removed_by_name),
		CASE(test_an_open_file_answers_with_EIO_once_it_is_removed),
		CASE(test_what_a_driver_leaves_in_debugfs_is_named),
		CASE(test_a_device_is_bound_by_name_to_a_driver_without_an_id),
		CASE(test_an_id_that_is_for_overriding_alone_matches_nothing_else),
		CASE(test_a_device_is_kept_for_the_driver_it_names),
		CASE(test_what_probe_says_is_the_writers_answer),
		CASE(test_a_platform_device_is_bound_by_name_too),
		CASE(test_drivers_are_told_that_the_machine_sleeps_and_wakes),
		CASE(test_a_driver_that_refuses_keeps_the_machine_awake),
		CASE(test_a_driver_that_goes_while_the_machine_sleeps_is_not_woken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
