// SPDX-License-Identifier: MIT
#include <dmakit/file.h>
#include <dmakit/test.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

DMK_TEST(what_a_program_draws_is_sent)
{
	struct dmk_file *file;
	void *pixels;

	DMK_REQUIRE(dmk_open("/dev/wcfb", O_RDWR, &file) == 0);
	DMK_REQUIRE(dmk_mmap(file, 16 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 0, &pixels) == 0);
	memset(pixels, 3, 16 * 4096);
	DMK_EXPECT(dmk_ioctl(file, 1, 15) == 0);
	DMK_EXPECT(dmk_ioctl(file, 1, 16) == -EINVAL);
	DMK_EXPECT(dmk_ioctl(file, 2, 0) == -EINVAL);
	DMK_EXPECT(dmk_munmap(pixels, 16 * 4096) == 0);
	dmk_close(file);
}
