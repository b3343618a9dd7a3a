// SPDX-License-Identifier: MIT
/*
 * Plays bytes that test_isa.py knows, 8 or 16 bits wide as SB16_BITS in the environment says, and
 * silence after them: QEMU plays out what it has while there is more.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

#include "../../drivers/sb16/sb16.h"

enum { SIZE = 5000, SILENCE = 4 * SB16_HALF };

static unsigned char out[SIZE + SILENCE];

DMK_TEST(what_test_isa_py_knows_is_played)
{
	const char *bits = getenv("SB16_BITS");
	struct sb16_format format = {44100, bits ? atoi(bits) : 8, 1};
	uint32_t word = format.bits;
	struct dmk_file *card;

	DMK_REQUIRE(dmk_open("/dev/sb16-0", O_WRONLY, &card) == 0);
	memset(out, format.bits == 16 ? 0 : 0x80, sizeof(out));
	for (unsigned int i = 0; i < SIZE; i++) {
		word = word * 1664525 + 1013904223;
		out[i] = word >> 24;
	}
	DMK_EXPECT(dmk_ioctl(card, SB16_IOC_FORMAT, (unsigned long)&format) == 0);
	DMK_EXPECT(dmk_write(card, out, sizeof(out)) == sizeof(out));
	DMK_EXPECT(dmk_fsync(card) == 0);
	dmk_close(card);
}
