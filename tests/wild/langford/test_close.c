// SPDX-License-Identifier: MIT
/*
 * The last transfer of a row takes its time (the model's linger_usec), and the driver takes its
 * buffers away when no descriptor waits.
 */
#include <dmakit/file.h>
#include <dmakit/test.h>

#include <fcntl.h>

DMK_TEST(closed_while_the_last_transfer_is_under_way)
{
	struct dmk_file *file;
	uint32_t word;

	DMK_REQUIRE(dmk_open("/dev/langford0", O_RDWR, &file) == 0);
	DMK_EXPECT(dmk_read(file, &word, 4) == 4);
	DMK_EXPECT(dmk_close(file) == 0);
}
