// SPDX-License-Identifier: MIT
/*
 * Files by path: what drivers show below /proc and /sys, as a test or a program reads and writes
 * it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <dmakit/file.h>
#include <dmakit/kernel.h>

#include "fake.h"
#include "paths.h"
#include "world.h"

static char complaint[256];

static void hear(void *ctx, const void *caller, const char *text)
{
	snprintf(complaint, sizeof(complaint), "%s", text);
}

static int boot(void **state)
{
	int error;

	fake_reset();
	memset(&world, 0, sizeof(world));
	complaint[0] = '\0';
	error = fake_boot();
	dmk_complaints_to(hear, NULL);
	return error ? error : dmk_module_load("world");
}

static int halt(void **state)
{
	fake_shutdown();
	dmk_complaints_to(NULL, NULL);
	return 0;
}

/* --- /proc ------------------------------------------------------------------------------------ */

static void test_a_proc_file_is_read_and_written_by_its_path(void **state)
{
	struct dmk_file *file;
	char text[64];

	assert_int_equal(read_file("/proc/world/text", text, sizeof(text), 2), 5);
	assert_string_equal(text, "hello");
	assert_int_equal(write_file("/proc/world/text", "bye"), 3);
	assert_int_equal(read_file("/proc/world/link", text, sizeof(text), 64), 3);
	assert_string_equal(text, "bye");
	assert_int_equal(world.releases, 3);
	assert_int_equal(dmk_open("/proc/world", O_RDONLY, &file), -EISDIR);
	assert_int_equal(dmk_open("/proc/other", O_RDONLY, &file), -ENOENT);
	assert_int_equal(dmk_open("/proc/world/text/more", O_RDONLY, &file), -ENOENT);
}

static void test_a_directory_is_listed_and_each_thing_says_what_it_is(void **state)
{
	static const char *const wanted[] = {"text", "nothing", "single", "records", "link"};
	struct dmk_file_status status;
	char name[64];

	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(dmk_file_list("/proc/world", i, name, sizeof(name)), 1);
		assert_string_equal(name, wanted[i]);
	}
	assert_int_equal(dmk_file_list("/proc/world", 5, name, sizeof(name)), 0);
	assert_int_equal(dmk_file_list("/proc/world/text", 0, name, sizeof(name)), -ENOTDIR);
	assert_int_equal(dmk_file_list("/proc/moon", 0, name, sizeof(name)), -ENOENT);
	assert_int_equal(dmk_file_status("/proc/world", &status), 0);
	assert_int_equal(status.mode, 0040555);
	assert_int_equal(dmk_file_status("/proc/world/link", &status), 0);
	assert_int_equal(status.mode, 0100644);
	assert_int_equal(dmk_file_status("/proc/moon", &status), -ENOENT);
}

static void test_proc_answers_what_a_driver_does_not(void **state)
{
	struct dmk_file *file;
	char byte;

	assert_int_equal(dmk_open("/proc/world/nothing", O_RDWR, &file), 0);
	assert_int_equal(dmk_read(file, &byte, 1), -EIO);
	assert_int_equal(dmk_write(file, "x", 1), -EIO);
	assert_int_equal(dmk_ioctl(file, 1, 0), -ENOTTY);
	assert_int_equal(dmk_lseek(file, 0, SEEK_SET), -ESPIPE);
	dmk_close(file);
}

static void test_a_name_is_taken_once(void **state)
{
	assert_false(world_twice());
	world_remove_text();
	assert_true(world_twice());
}

static void test_a_file_that_is_removed_is_released_and_answers_no_more(void **state)
{
	struct dmk_file *file;
	char byte;

	assert_int_equal(dmk_open("/proc/world/text", O_RDWR, &file), 0);
	world_remove_text();
	assert_int_equal(world.releases, 1);
	assert_int_equal(dmk_read(file, &byte, 1), -ENODEV);
	assert_int_equal(dmk_close(file), 0);
	assert_int_equal(world.releases, 1);
}

static void test_a_file_may_remove_itself(void **state)
{
	char text[8];

	world.remove_in_write = 1;
	assert_int_equal(write_file("/proc/world/text", "x"), 1);
	assert_int_equal(read_file("/proc/world/text", text, sizeof(text), 1), -ENOENT);
}

static void test_what_a_driver_leaves_in_proc_is_named(void **state)
{
	world.leave_behind = 1;
	fake_shutdown();
	assert_string_equal(complaint, "/proc/world was left behind by its driver");
	assert_int_equal(fake_boot(), 0);
}

/* --- sequences -------------------------------------------------------------------------------- */

static void expect_records(size_t piece)
{
	static char text[WORLD_RECORDS * WORLD_RECORD_BYTES + 8192];
	char wanted[64];
	long n = read_file("/proc/world/records", text, sizeof(text), piece), at = 0;

	for (int i = 0; i < WORLD_RECORDS; i++) {
		if (i == world.skipped)
			continue;
		snprintf(wanted, sizeof(wanted), "record %04d", i);
		assert_memory_equal(text + at, wanted, strlen(wanted));
		at += WORLD_RECORD_BYTES + (i == world.wide ? 6000 : 0);
		assert_int_equal(text[at - 1], '\n');
	}
	assert_int_equal(n, at);
}

static void test_records_come_whole_whatever_the_reader_asks_for(void **state)
{
	static const size_t piece[] = {1, 7, WORLD_RECORD_BYTES, 4096, 100000};

	for (size_t i = 0; i < sizeof(piece) / sizeof(*piece); i++)
		expect_records(piece[i]);
	assert_int_equal(world.starts, world.stops);
}

static void test_a_record_larger_than_the_buffer_is_printed_again(void **state)
{
	world.wide = 500;
	world.skipped = 3;
	expect_records(4096);
	expect_records(65536);
}

static void test_what_comes_before_an_error_is_read(void **state)
{
	static char text[WORLD_RECORDS * WORLD_RECORD_BYTES];

	world.failing = 2;
	assert_int_equal(read_file("/proc/world/records", text, sizeof(text), 4096), -EIO);
	assert_string_equal(text, "record 0000\nrecord 0001\n");
}

static void test_a_sequence_is_read_at_any_place(void **state)
{
	struct dmk_file *file;
	char text[16] = "";

	assert_int_equal(dmk_open("/proc/world/records", O_RDONLY, &file), 0);
	assert_int_equal(dmk_pread(file, text, 6, 700 * WORLD_RECORD_BYTES + 5), 6);
	assert_string_equal(text, "d 0700");
	assert_int_equal(dmk_lseek(file, 2 * WORLD_RECORD_BYTES, SEEK_SET), 24);
	assert_int_equal(dmk_read(file, text, 11), 11);
	assert_string_equal(text, "record 0002");
	assert_int_equal(dmk_lseek(file, -11, SEEK_CUR), 24);
	assert_int_equal(dmk_lseek(file, 0, SEEK_END), -EINVAL);
	assert_int_equal(dmk_pread(file, text, 1, 1 << 30), 0);
	dmk_close(file);
}

static void test_a_single_record_shows_what_it_is_now(void **state)
{
	char text[64];

	world.number = 42;
	assert_true(read_file("/proc/world/single", text, sizeof(text), 64) > 0);
	assert_string_equal(text, "value 42 a    |x\\040y\n");
	world.number = 7;
	assert_true(read_file("/proc/world/single", text, sizeof(text), 3) > 0);
	assert_string_equal(text, "value 7 a    |x\\040y\n");
}

/* --- /sys ------------------------------------------------------------------------------------- */

static int boot_with_objects(void **state)
{
	int error = boot(state);

	return error ? error : world_objects();
}

static int halt_with_objects(void **state)
{
	char text[8];

	world_no_objects();
	assert_int_equal(read_file("/sys/kernel/world/number", text, 8, 8), -ENOENT);
	assert_int_equal(read_file("/sys/class/planets/version", text, 8, 8), -ENOENT);
	return halt(state);
}

static void expect_text(const char *path, const char *wanted)
{
	char text[256] = "";

	assert_int_equal(read_file(path, text, sizeof(text), 256), strlen(wanted));
	assert_string_equal(text, wanted);
}

static void test_an_object_shows_and_stores_by_path(void **state)
{
	struct dmk_file *file;
	char text[16];

	world.number = 12;
	expect_text("/sys/kernel/world/number", "12\n");
	expect_text("/sys/kernel/world/inner/number", "12\n");
	expect_text("/sys/kernel/planet/number", "12\n");
	assert_int_equal(write_file("/sys/kernel/world/number", "0x20\n"), 5);
	assert_int_equal(world.number, 32);
	assert_int_equal(write_file("/sys/kernel/world/number", "many\n"), -EINVAL);
	assert_int_equal(read_file("/sys/kernel/world/secret", text, 8, 8), -EACCES);
	assert_int_equal(write_file("/sys/kernel/world/secret", "3"), 1);
	assert_int_equal(world_object_twice(), -EEXIST);
	assert_int_equal(dmk_open("/sys/kernel/world/number", O_RDONLY, &file), 0);
	assert_int_equal(dmk_read(file, text, 16), 2);
	world.number = 456; /* what is read from the start is read anew */
	assert_int_equal(dmk_pread(file, text, 16, 0), 4);
	dmk_close(file);
}

static void test_an_attribute_that_shows_too_much_is_complained_of(void **state)
{
	char text[16];

	world.number = -1;
	assert_int_equal(read_file("/sys/kernel/world/number", text, 16, 16), -EIO);
	assert_non_null(strstr(complaint, "shows 5000 bytes"));
	world.number = 0;
}

static void test_bytes_are_read_and_written_at_offsets(void **state)
{
	struct dmk_file *file;
	char text[WORLD_TEXT];

	assert_int_equal(dmk_open("/sys/kernel/world/bytes", O_RDWR, &file), 0);
	assert_int_equal(dmk_pwrite(file, "abc", 3, WORLD_TEXT - 2), 2);
	assert_int_equal(dmk_pwrite(file, "abc", 3, WORLD_TEXT), -EFBIG);
	assert_int_equal(dmk_pread(file, text, WORLD_TEXT, 60), 4);
	assert_memory_equal(text + 2, "ab", 2);
	assert_int_equal(dmk_pread(file, text, 1, WORLD_TEXT), 0);
	assert_int_equal(dmk_lseek(file, 0, SEEK_END), WORLD_TEXT);
	dmk_close(file);
}

static void test_classes_and_devices_are_found_by_every_way(void **state)
{
	world.number = 9;
	expect_text("/sys/class/planets/version", "planets 2\n");
	expect_text("/sys/class/planets/mars/speed", "mars 9\n");
	expect_text("/sys/devices/virtual/planets/mars/speed", "mars 9\n");
	expect_text("/sys/dev/char/42:7/dev", "42:7\n");
}

static void test_a_function_is_given_to_a_driver_by_its_files(void **state)
{
	struct dmk_file *file;
	char bytes[4];

	expect_text("/sys/bus/pci/devices/0000:00:04.0/driver_override", "(null)\n");
	expect_text("/sys/bus/pci/devices/0000:00:04.0/enable", "0\n");
	assert_int_equal(dmk_open("/sys/bus/pci/devices/0000:00:04.0/config", O_RDONLY, &file), 0);
	assert_int_equal(dmk_read(file, bytes, 4), 4);
	assert_int_equal(memcmp(bytes, fake.card.config, 4), 0);
	dmk_close(file);
	assert_int_equal(write_file("/sys/bus/pci/drivers/world/bind", "0000:00:04.0"), -ENODEV);
	assert_int_equal(write_file("/sys/bus/pci/devices/0000:00:04.0/driver_override", "world\n"),
			 6);
	assert_int_equal(write_file("/sys/bus/pci/drivers/world/bind", "0000:00:04.0\n"), 13);
	assert_int_equal(world.probed, FAKE_CARD);
	expect_text("/sys/bus/pci/drivers/world/0000:00:04.0/driver_override", "world\n");
	assert_int_equal(
		write_file("/sys/bus/pci/devices/0000:00:04.0/driver/unbind", "0000:00:04.0"), 12);
	assert_int_equal(write_file("/sys/bus/pci/drivers/world/unbind", "0000:00:04.0"), -ENODEV);
	assert_int_equal(write_file("/sys/bus/pci/devices/0000:00:04.0/driver_override", "\n"), 1);
}

static void test_a_new_id_is_probed_at_once_and_matches_until_it_is_removed(void **state)
{
	static const char path[] = "/sys/bus/pci/drivers/world/";
	const unsigned char *config = fake.card.config;
	char file[64], text[64];

	snprintf(text, sizeof(text), "%x %x ffffffff ffffffff 0 0 77\n", config[0] | config[1] << 8,
		 config[2] | config[3] << 8);
	snprintf(file, sizeof(file), "%snew_id", path);
	assert_int_equal(write_file(file, "1af4"), -EINVAL);
	assert_int_equal(write_file(file, text), strlen(text));
	assert_int_equal(world.probed, FAKE_CARD);
	assert_int_equal(world.id_data, 0x77);
	snprintf(file, sizeof(file), "%sunbind", path);
	assert_int_equal(write_file(file, "0000:00:04.0"), 12);
	snprintf(file, sizeof(file), "%sremove_id", path);
	assert_int_equal(write_file(file, text), strlen(text));
	assert_int_equal(write_file(file, text), -ENODEV);
	snprintf(file, sizeof(file), "%sbind", path);
	assert_int_equal(write_file(file, "0000:00:04.0"), -ENODEV);
}

/* --- /dev/uio --------------------------------------------------------------------------------- */

static void test_a_programs_driver_sees_each_kind_of_memory(void **state)
{
	static const int pages[] = {2, 1, 1};
	struct dmk_file *file;
	char *at;

	assert_int_equal(world_uio(), 0);
	expect_text("/sys/class/uio/uio0/maps/map0/name", "scattered\n");
	expect_text("/sys/class/uio/uio0/maps/map2/size", "0x0000000000001000\n");
	assert_int_equal(dmk_open("/dev/uio0", O_RDWR, &file), 0);
	for (int i = 0; i < 3; i++) {
		size_t size = (size_t)pages[i] * 4096;

		assert_int_equal(dmk_mmap(file, size, PROT_READ | PROT_WRITE, MAP_SHARED, i * 4096,
					  (void **)&at),
				 0);
		at[size - 1] = (char)('a' + i);
		assert_int_equal(((char *)world.memory[i])[size - 1], 'a' + i);
		dmk_munmap(at, size);
	}
	assert_int_equal(dmk_mmap(file, 4096, PROT_READ, MAP_SHARED, 3 * 4096, (void **)&at),
			 -EINVAL);
	dmk_close(file);
	world_no_uio();
	world_free_memory();
}

static void *tell_later(void *what)
{
	usleep(20000);
	((void (*)(void))what)();
	return NULL;
}

static long read_while(struct dmk_file *file, void (*what)(void), int *events)
{
	pthread_t thread;
	long n;

	pthread_create(&thread, NULL, tell_later, (void *)what);
	n = dmk_read(file, events, 4);
	pthread_join(thread, NULL);
	return n;
}

static void test_a_programs_driver_waits_for_events(void **state)
{
	struct dmk_file *file;
	int events = -1, on = 1;

	assert_int_equal(world_uio(), 0);
	world_uio_event(); /* before anybody listens */
	assert_int_equal(dmk_open("/dev/uio0", O_RDWR | O_NONBLOCK, &file), 0);
	assert_int_equal(dmk_read(file, &events, 4), -EAGAIN);
	world_uio_event();
	assert_int_equal(dmk_poll(file, POLLIN, 0), POLLIN);
	assert_int_equal(dmk_read(file, &events, 4), 4);
	assert_int_equal(events, 2);
	assert_int_equal(dmk_write(file, &on, 4), 4);
	assert_int_equal(world.controlled, 1);
	on = -1;
	assert_int_equal(dmk_write(file, &on, 4), -EINVAL);
	assert_int_equal(dmk_write(file, &on, 2), -EINVAL);
	dmk_close(file);
	assert_int_equal(dmk_open("/dev/uio0", O_RDWR, &file), 0);
	assert_int_equal(read_while(file, world_uio_event, &events), 4);
	assert_int_equal(events, 3);
	assert_int_equal(read_while(file, world_no_uio, &events), -EIO);
	assert_int_equal(dmk_write(file, &on, 4), -EIO);
	assert_int_equal(dmk_poll(file, POLLIN, 0), POLLERR);
	dmk_close(file);
	assert_int_equal(dmk_open("/dev/uio0", O_RDWR, &file), -ENOENT);
	world_free_memory();
}

/* --- a user's pages --------------------------------------------------------------------------- */

static char *user_pages(void)
{
	char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);

	mprotect(pages + 4096, 4096, PROT_READ);
	mprotect(pages + 2 * 4096, 4096, PROT_NONE);
	pages[100] = 'a';
	return pages;
}

static void test_what_is_written_to_held_pages_is_the_users_when_they_go(void **state)
{
	char *pages = user_pages();

	for (int how = WORLD_WRITE | WORLD_CHANGE; how;
	     how = how & WORLD_GET ? 0 : how | WORLD_GET) {
		pages[100] = 'a';
		pages[101] = 'x';
		assert_int_equal(world_hold(pages + 100, 1, how), 1);
		pages[101] = 'y'; /* the program goes on meanwhile */
		world_let_go(1, how);
		assert_int_equal(pages[100], 'b');
		assert_int_equal(pages[101], 'y');
		assert_string_equal(complaint, "");
	}
	munmap(pages, 3 * 4096);
}

static void test_each_system_call_brings_both_sides_up_to_date(void **state)
{
	char *pages = user_pages(), text[8];

	assert_int_equal(world_hold(pages + 100, 1, WORLD_WRITE | WORLD_CHANGE), 1);
	read_file("/proc/world/text", text, sizeof(text), 8);
	assert_int_equal(pages[100], 'b');
	pages[100] = 'f';
	read_file("/proc/world/text", text, sizeof(text), 8);
	assert_int_equal(world_hold(pages + 100, 1, WORLD_WRITE | WORLD_CHANGE), 1);
	world_let_go(1, 0);
	assert_int_equal(pages[100], 'f'); /* held once more */
	world_let_go(1, 0);
	assert_int_equal(pages[100], 'g');
	munmap(pages, 3 * 4096);
}

/* cmocka takes SIGSEGV for itself when a test begins: this one boots after that. */
static void test_only_what_is_a_users_is_held(void **state)
{
	char *pages = user_pages();

	assert_int_equal(boot(state), 0);
	assert_int_equal(world_hold(pages, 3, 0), 2);
	world_let_go(2, 0);
	assert_int_equal(world_hold(pages, 3, WORLD_WRITE), 1);
	world_let_go(1, 0);
	assert_int_equal(world_hold(pages + 4096, 1, WORLD_WRITE), -EFAULT);
	assert_int_equal(world_hold(pages + 2 * 4096, 1, 0), -EFAULT);
	assert_int_equal(world_hold((void *)~0xfffUL, 1, 0), -EFAULT);
	assert_int_equal(world_hold(pages, 0, 0), 0);
	assert_string_equal(complaint, "");
	halt(state);
	munmap(pages, 3 * 4096);
}

static void test_what_is_done_wrong_with_held_pages_is_said(void **state)
{
	char *pages = user_pages();

	assert_int_equal(world_hold(pages, 1, WORLD_CHANGE), 1);
	world_let_go(1, 0);
	assert_non_null(strstr(complaint, "without FOLL_WRITE"));
	assert_int_equal(pages[0], 0);
	assert_int_equal(world_hold(pages, 1, 0), 1);
	world_let_go(1, WORLD_GET);
	assert_non_null(strstr(complaint, "use unpin_user_page()"));
	assert_int_equal(world_hold(pages, 1, WORLD_GET), 1);
	world_let_go(1, 0);
	assert_non_null(strstr(complaint, "is not pinned"));
	world_let_go(1, WORLD_GET);
	complaint[0] = '\0';
	assert_int_equal(world_hold_under_lock(pages), 1);
	assert_string_equal(complaint, "");
	assert_int_equal(world_hold(pages, 1, WORLD_NO_LOCK), 1);
	assert_non_null(strstr(complaint, "without mmap_read_lock"));
	assert_int_equal(dmk_module_unload("world"), 0);
	fake_shutdown();
	assert_non_null(strstr(complaint, "1 page of user memory was held and never given back"));
	assert_int_equal(fake_boot(), 0);
	munmap(pages, 3 * 4096);
}

#define OBJECTS(name) cmocka_unit_test_setup_teardown(name, boot_with_objects, halt_with_objects)
#define CASE(name)    cmocka_unit_test_setup_teardown(name, boot, halt)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_proc_file_is_read_and_written_by_its_path),
		CASE(test_a_directory_is_listed_and_each_thing_says_what_it_is),
		CASE(test_proc_answers_what_a_driver_does_not),
		CASE(test_a_name_is_taken_once),
		CASE(test_a_file_that_is_removed_is_released_and_answers_no_more),
		CASE(test_a_file_may_remove_itself),
		CASE(test_what_a_driver_leaves_in_proc_is_named),
		CASE(test_records_come_whole_whatever_the_reader_asks_for),
		CASE(test_a_record_larger_than_the_buffer_is_printed_again),
		CASE(test_what_comes_before_an_error_is_read),
		CASE(test_a_sequence_is_read_at_any_place),
		CASE(test_a_single_record_shows_what_it_is_now),
		OBJECTS(test_an_object_shows_and_stores_by_path),
		OBJECTS(test_an_attribute_that_shows_too_much_is_complained_of),
		OBJECTS(test_bytes_are_read_and_written_at_offsets),
		OBJECTS(test_classes_and_devices_are_found_by_every_way),
		CASE(test_a_function_is_given_to_a_driver_by_its_files),
		CASE(test_what_is_written_to_held_pages_is_the_users_when_they_go),
		CASE(test_each_system_call_brings_both_sides_up_to_date),
		cmocka_unit_test(test_only_what_is_a_users_is_held),
		CASE(test_what_is_done_wrong_with_held_pages_is_said),
		CASE(test_a_programs_driver_sees_each_kind_of_memory),
		CASE(test_a_programs_driver_waits_for_events),
		CASE(test_a_new_id_is_probed_at_once_and_matches_until_it_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
