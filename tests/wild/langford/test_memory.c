// SPDX-License-Identifier: MIT
/*
 * A machine that has no 400 MB for the driver: its open fails, and what it does then is judged.
 * It keeps the mutex that it took: a second open would wait for ever.
 */
#include <dmakit/file.h>
#include <dmakit/test.h>

#include <errno.h>
#include <fcntl.h>

DMK_TEST(open_fails_without_memory)
{
	struct dmk_file *file;

	DMK_EXPECT(dmk_open("/dev/langford0", O_RDWR, &file) == -ENOMEM);
}
