// SPDX-License-Identifier: MIT
/*
 * What a user of drivers/floppy does: reads and writes a disk, across sectors, sides and tracks.
 * What is on the disk is read first, changed, looked at, and put back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "floppy.h"

enum { SOME = 3 * FLOPPY_SIDE, ODD = 4321 };

static unsigned char before[SOME], in[SOME], out[SOME];

static struct dmk_file *open_disk(void)
{
	struct dmk_file *disk = NULL;

	return dmk_open("/dev/floppy0", O_RDWR, &disk) ? NULL : disk;
}

DMK_TEST(what_is_written_is_read)
{
	static const long places[] = {0, FLOPPY_SIDE - 100, 20 * FLOPPY_SIDE + 511,
				      FLOPPY_SIZE - SOME};
	struct dmk_file *disk = open_disk();

	DMK_REQUIRE(disk);
	for (unsigned int i = 0; i < sizeof(places) / sizeof(*places); i++) {
		for (unsigned int j = 0; j < ODD; j++)
			out[j] = (unsigned char)(dmk_test_seed() + i * 31 + j * 7 + j / 256);
		DMK_REQUIRE(dmk_pread(disk, before, SOME, places[i]) == SOME);
		DMK_EXPECT(dmk_pwrite(disk, out, ODD, places[i] + 333) == ODD);
		/* Elsewhere and back, so that it comes from the disk. */
		DMK_EXPECT(dmk_pread(disk, in, 1, 60 * FLOPPY_SIDE) == 1);
		DMK_EXPECT(dmk_pread(disk, in, SOME, places[i]) == SOME);
		DMK_EXPECT(!memcmp(in, before, 333));
		DMK_EXPECT(!memcmp(in + 333, out, ODD));
		DMK_EXPECT(!memcmp(in + 333 + ODD, before + 333 + ODD, SOME - 333 - ODD));
		DMK_EXPECT(dmk_pwrite(disk, before, SOME, places[i]) == SOME);
	}
	dmk_close(disk);
}

DMK_TEST(a_disk_has_an_end)
{
	struct dmk_file *disk = open_disk();

	DMK_REQUIRE(disk);
	DMK_EXPECT(dmk_pread(disk, in, 100, FLOPPY_SIZE - 10) == 10);
	DMK_EXPECT(dmk_pread(disk, in, 100, FLOPPY_SIZE) == 0);
	DMK_EXPECT(dmk_pwrite(disk, in, 100, FLOPPY_SIZE) == -ENOSPC);
	DMK_EXPECT(dmk_lseek(disk, 0, SEEK_END) == FLOPPY_SIZE);
	DMK_EXPECT(dmk_lseek(disk, 1, SEEK_END) == -EINVAL);
	dmk_close(disk);
}

DMK_TEST(two_users_read_the_same)
{
	struct dmk_file *disk = open_disk(), *second = open_disk();

	DMK_REQUIRE(disk);
	DMK_REQUIRE(second);
	DMK_EXPECT(dmk_pread(disk, in, FLOPPY_SIDE, 0) == FLOPPY_SIDE);
	DMK_EXPECT(dmk_pread(second, out, FLOPPY_SIDE, 0) == FLOPPY_SIDE);
	DMK_EXPECT(!memcmp(in, out, FLOPPY_SIDE));
	dmk_close(disk);
	DMK_EXPECT(dmk_pread(second, out, FLOPPY_SIDE, 7 * FLOPPY_SIDE) == FLOPPY_SIDE);
	DMK_EXPECT(memcmp(in, out, FLOPPY_SIDE));
	dmk_close(second);
}
