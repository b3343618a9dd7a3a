// SPDX-License-Identifier: MIT
#include <dmakit/file.h>
#include <dmakit/test.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

DMK_TEST(bytes_go_to_the_card_and_come_back)
{
	char *out = malloc(3 * 4096), *in = malloc(3 * 4096);
	struct dmk_file *file;

	DMK_REQUIRE(out && in && dmk_open("/dev/direct", O_RDWR, &file) == 0);
	for (int i = 0; i < 4000; i++)
		out[1000 + i] = (char)(i * 7);
	memset(in, 'x', 3 * 4096);
	DMK_EXPECT(dmk_write(file, out + 1000, 4000) == 4000);
	DMK_EXPECT(dmk_read(file, in + 3001, 4000) == 4000);
	DMK_EXPECT(!memcmp(in + 3001, out + 1000, 4000));
	DMK_EXPECT(in[3000] == 'x' && in[3001 + 4000] == 'x');
	DMK_EXPECT(dmk_read(file, NULL, 10) == -EFAULT);
	dmk_close(file);
	free(out);
	free(in);
}
