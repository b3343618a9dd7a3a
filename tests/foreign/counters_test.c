// SPDX-License-Identifier: MIT
#include <dmakit/file.h>
#include <dmakit/test.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const char *path)
{
	static char text[4096];
	struct dmk_file *file;
	long n;

	if (dmk_open(path, O_RDONLY, &file))
		return "(none)";
	n = dmk_read(file, text, sizeof(text) - 1);
	dmk_close(file);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void write_text(const char *path, const char *text)
{
	struct dmk_file *file;

	DMK_REQUIRE(dmk_open(path, O_WRONLY, &file) == 0);
	DMK_EXPECT(dmk_write(file, text, strlen(text)) == (long)strlen(text));
	dmk_close(file);
}

DMK_TEST(what_is_counted_is_seen_everywhere)
{
	struct dmk_file *file;
	char byte = 0;

	DMK_REQUIRE(dmk_open("/dev/counter1", O_RDWR | O_NONBLOCK, &file) == 0);
	DMK_EXPECT(dmk_read(file, &byte, 1) == -EAGAIN);
	DMK_EXPECT(dmk_write(file, "31", 2) == -ERANGE);
	DMK_EXPECT(dmk_write(file, "x", 1) == -EINVAL);
	for (const char *bit = "7272"; *bit; bit++) {
		DMK_EXPECT(dmk_write(file, bit, 1) == 1);
		DMK_REQUIRE(dmk_poll(file, POLLIN, 10000) == POLLIN);
		DMK_EXPECT(dmk_read(file, &byte, 1) == 1);
		DMK_EXPECT(byte == 'A' + *bit - '0');
	}
	dmk_close(file);
	DMK_EXPECT(!strcmp(text_of("/proc/counters"), " 2 2\n 7 2\n"));
	DMK_EXPECT(!strcmp(text_of("/sys/class/counters/counter3/total"), "4\n"));
}

DMK_TEST(a_period_is_set_by_a_file_and_shown_by_another)
{
	struct dmk_file *file;
	char byte;

	DMK_REQUIRE(dmk_open("/dev/counter0", O_RDONLY, &file) == 0);
	write_text("/sys/kernel/counters/period_ms", "2\n");
	DMK_EXPECT(!strcmp(text_of("/sys/kernel/debug/counters/period_ms"), "2\n"));
	for (int i = 0; i < 3; i++)
		DMK_EXPECT(dmk_read(file, &byte, 1) == 1 && byte == 'f');
	write_text("/sys/kernel/counters/period_ms", "0");
	dmk_close(file);
}
