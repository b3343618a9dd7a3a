// SPDX-License-Identifier: MIT
/*
 * The hba driver where bounce slots run out (STR-12): all that it may have at once is far more than
 * the machine can bounce. Commands that were refused come again when others have ended; none is
 * lost, none is done twice, and nothing of it is seen but that it took longer.
 */
#include <errno.h>
#include <string.h>

#include <dmakit/scsi.h>
#include <dmakit/test.h>

enum {
	READ_10 = 0x28,
	WRITE_10 = 0x2a,
	BLOCK = 512,
	COUNT = 64,
	AT_ONCE = 14,
	ROUNDS = 6,
	PATIENCE = 30000
};

static unsigned char data[AT_ONCE][COUNT * BLOCK];
static struct dmk_scsi_request request[AT_ONCE];

static unsigned char byte_of(unsigned int round, unsigned int n, size_t i)
{
	return round * 77 + n * 13 + i / BLOCK + i;
}

/* Each disk's blocks, a command's share each; there are two disks. */
static void start(const struct dmk_scsi_disk *disk, unsigned int n, uint8_t operation)
{
	struct dmk_scsi_request *r = &request[n];
	unsigned int first = n / 2 * COUNT;

	*r = (struct dmk_scsi_request){
		.cdb = { operation, 0, 0, 0, first >> 8, first & 0xff, 0, 0, COUNT },
		.cdb_length = 10,
		.direction = operation == WRITE_10 ? DMK_TO_DEVICE : DMK_FROM_DEVICE,
		.data = data[n],
		.size = sizeof(data[n]),
		.retries = 3,
	};
	DMK_EXPECT(dmk_scsi_submit(disk, r) == 0);
}

static unsigned int all(const struct dmk_scsi_disk *disks, uint8_t operation)
{
	unsigned int busy = 0;

	for (unsigned int n = 0; n < AT_ONCE; n++)
		start(&disks[n % 2], n, operation);
	for (unsigned int n = 0; n < AT_ONCE; n++) {
		DMK_EXPECT(dmk_scsi_wait(&request[n], PATIENCE) == 0);
		DMK_EXPECT(request[n].result == 0 && request[n].residual == 0);
		DMK_EXPECT(request[n].tries == 1);
		busy += request[n].busy;
	}
	return busy;
}

DMK_TEST(a_command_that_finds_no_slots_comes_again_until_it_does)
{
	struct dmk_scsi_disk disks[2];
	unsigned int busy = 0;

	DMK_REQUIRE(dmk_scsi_disk(0, &disks[0]) && dmk_scsi_disk(1, &disks[1]));
	for (unsigned int round = 0; round < ROUNDS && !dmk_test_has_failed(); round++) {
		for (unsigned int n = 0; n < AT_ONCE; n++)
			for (size_t i = 0; i < sizeof(data[n]); i++)
				data[n][i] = byte_of(round, n, i);
		busy += all(disks, WRITE_10);
		memset(data, 0, sizeof(data));
		busy += all(disks, READ_10);
		for (unsigned int n = 0; n < AT_ONCE; n++)
			for (size_t i = 0; i < sizeof(data[n]) && !dmk_test_has_failed(); i++)
				DMK_EXPECT(data[n][i] == byte_of(round, n, i));
	}
	/* 14 times 32 KiB, in a bounce buffer of 256 KiB: it must have happened. */
	DMK_EXPECT(busy > 0);
}
