// SPDX-License-Identifier: MIT
/*
 * What the tests of dmatest share: see run.h.
 */
#include "run.h"

#include <dmakit/file.h>
#include <dmakit/test.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static struct dmk_file *open_parameter(const char *name, int flags)
{
	struct dmk_file *file = NULL;
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/dmatest/parameters/%s", name);
	DMK_EXPECT(dmk_open(path, flags, &file) == 0);
	return file;
}

void set(const char *name, const char *value)
{
	struct dmk_file *file = open_parameter(name, O_WRONLY);
	long n = file ? dmk_write(file, value, strlen(value)) : -1;

	if (n != (long)strlen(value))
		dmk_test_failed(__FILE__, __LINE__, "%s = %s gives %ld", name, value, n);
	dmk_close(file);
}

char get(const char *name)
{
	struct dmk_file *file = open_parameter(name, O_RDONLY);
	char text[64] = "";

	DMK_EXPECT(file && dmk_read(file, text, sizeof(text) - 1) > 0);
	dmk_close(file);
	return text[0];
}

unsigned int started(void)
{
	unsigned int threads = 0;
	char text[64];

	for (unsigned int n = 1; n < 10; n++) {
		snprintf(text, sizeof(text), "Started %u threads using", n);
		threads += n * dmk_test_said(text);
	}
	return threads;
}

unsigned int ended(void)
{
	return dmk_test_said(": summary ");
}

void run(void)
{
	const unsigned int before = started();

	DMK_EXPECT(before == ended());
	set("run", "1");
	DMK_EXPECT(started() > before);
	for (unsigned int i = 0; i < 6000 && ended() < started(); i++)
		dmk_test_sleep(10);
	DMK_EXPECT(ended() == started());
	DMK_EXPECT(get("wait") == 'Y');
	DMK_EXPECT(get("run") == 'N'); /* and it lets go of its channels */
}
