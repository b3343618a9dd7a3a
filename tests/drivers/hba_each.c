// SPDX-License-Identifier: MIT
/*
 * A little of everything that the SCSI driver does, once, for runs in which a call of it fails
 * (STR-12). It judges no answer but one: each command comes back. A disk that was not found is no
 * fault.
 */
#include <dmakit/scsi.h>
#include <dmakit/test.h>

enum {
	READ_10 = 0x28,
	WRITE_10 = 0x2a,
	MISBEHAVE = 0xe0,

	SILENT = 2,
	STUCK = 3,
	SLOW = 7,

	BLOCK = 512,
	COUNT = 8,
	PATIENCE = 20000,
};

static unsigned char data[2][COUNT * BLOCK];

static void start(const struct dmk_scsi_disk *disk, struct dmk_scsi_request *request,
		  uint8_t operation, unsigned char *bytes)
{
	*request = (struct dmk_scsi_request){
		.cdb = { operation, 0, 0, 0, 0, 0, 0, 0, COUNT },
		.cdb_length = 10,
		.direction = operation == WRITE_10 ? DMK_TO_DEVICE : DMK_FROM_DEVICE,
		.data = bytes,
		.size = COUNT * BLOCK,
		.pieces = 7,
		.timeout_ms = 50,
		.retries = 2,
	};
	dmk_scsi_submit(disk, request);
}

static void finish(struct dmk_scsi_request *request)
{
	DMK_EXPECT(!request->command || dmk_scsi_wait(request, PATIENCE) == 0);
}

static void misbehave(const struct dmk_scsi_disk *disk, uint8_t how, uint8_t argument)
{
	struct dmk_scsi_request request = {.cdb = {MISBEHAVE, how, 0, 1, 0, 0, argument},
					   .cdb_length = 10};

	dmk_scsi_submit(disk, &request);
	finish(&request);
}

DMK_TEST(blocks_are_written_and_read_also_by_a_disk_in_trouble)
{
	static const uint8_t trouble[] = { SILENT, STUCK };
	struct dmk_scsi_request request[2];
	struct dmk_scsi_disk disk;

	if (!dmk_scsi_disk(0, &disk))
		return;
	start(&disk, &request[0], WRITE_10, data[0]);
	start(&disk, &request[1], READ_10, data[1]);
	finish(&request[0]);
	finish(&request[1]);
	for (unsigned int i = 0; i < sizeof(trouble); i++) {
		misbehave(&disk, trouble[i], 0);
		start(&disk, &request[0], READ_10, data[0]);
		finish(&request[0]);
	}
}

/* Last: one is under way when the driver goes. */
DMK_TEST(a_command_is_under_way_when_the_driver_goes)
{
	struct dmk_scsi_request request;
	struct dmk_scsi_disk disk;

	if (!dmk_scsi_disk(0, &disk))
		return;
	misbehave(&disk, SLOW, 20);
	start(&disk, &request, READ_10, data[0]);
	dmk_scsi_forget(&request);
}
