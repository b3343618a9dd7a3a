// SPDX-License-Identifier: MIT
/*
 * A little of everything that the audio interface's driver does, twice, for runs in which a call of
 * it or of its controller's fails (STR-12). It judges no answer: any may be an error. What is
 * looked at is that either side can be opened, used and closed, or refuses, and that a second try
 * is no worse.
 */
#include <fcntl.h>
#include <poll.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "../../drivers/i2s/i2s.h"

enum { PATIENCE = 1000 };

static char bytes[3000];

static void use(int flags)
{
	struct dmk_file *i2s;
	struct i2s_info info;

	if (dmk_open("/dev/i2s0", flags | O_NONBLOCK, &i2s))
		return;
	dmk_read(i2s, bytes, sizeof(bytes));
	if (dmk_write(i2s, bytes, sizeof(bytes)) > 0)
		dmk_fsync(i2s);
	if (flags != O_WRONLY && dmk_poll(i2s, POLLIN, PATIENCE) & POLLIN)
		dmk_read(i2s, bytes, sizeof(bytes));
	DMK_EXPECT(dmk_ioctl(i2s, I2S_IOC_INFO, (unsigned long)&info) == 0);
	dmk_close(i2s);
}

DMK_TEST(either_side_and_both_are_opened_used_and_closed)
{
	for (int i = 0; i < 2; i++) {
		use(O_WRONLY);
		use(O_RDONLY);
		use(O_RDWR);
	}
}
