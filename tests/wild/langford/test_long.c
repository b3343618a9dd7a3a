// SPDX-License-Identifier: MIT
/*
 * More than the driver's rings of 200 MB hold: both go round, and what nobody fetches is lost.
 */
#include <dmakit/file.h>
#include <dmakit/test.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 4 << 20, PIECES = 52 };

DMK_TEST(the_rings_go_round)
{
	struct dmk_file *file;
	uint32_t *word = calloc(1, PIECE);

	DMK_REQUIRE(word);
	DMK_REQUIRE(dmk_open("/dev/langford0", O_RDWR, &file) == 0);
	for (int i = 0; i < PIECES; i++)
		DMK_REQUIRE(dmk_write(file, word, PIECE) == PIECE);
	dmk_test_sleep(500); /* nobody reads */
	for (int i = 0; i < PIECES; i++)
		DMK_REQUIRE(dmk_read(file, word, PIECE) == PIECE);
	DMK_EXPECT(dmk_close(file) == 0);
	free(word);
}
