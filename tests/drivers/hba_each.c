// SPDX-License-Identifier: MIT
/*
 * A little of everything that the hba driver does, for a run in which one of its calls fails: data each way in one piece and in many, sense
 * data, a command that must be aborted. A refused command comes again, so where the disk is there nothing of the failure is seen.
 */
#include <string.h>

#include <dmakit/scsi.h>
#include <dmakit/test.h>

enum { BLOCK = 512, COUNT = 6, READ_10 = 0x28, MISBEHAVE = 0xe0, MEDIUM = 1, SILENT = 2, CHECK_CONDITION = 2 };

static long run(const struct dmk_scsi_disk *disk, struct dmk_scsi_request *request)
{
	int err = dmk_scsi_submit(disk, request);

	if (!err)
		err = dmk_scsi_wait(request, 20000);
	return err ? err : (long)request->result;
}

static void trouble(const struct dmk_scsi_disk *disk, uint8_t which, uint8_t count)
{
	struct dmk_scsi_request request = { .cdb = { MISBEHAVE, which, 0, count }, .cdb_length = 10 };

	DMK_EXPECT(run(disk, &request) == 0);
}

DMK_TEST(a_disk_that_is_there_works)
{
	static unsigned char out[COUNT * BLOCK], in[COUNT * BLOCK];
	struct dmk_scsi_request request = {
		.cdb = { READ_10, [8] = COUNT },
		.cdb_length = 10,
		.direction = DMK_FROM_DEVICE,
		.data = in,
		.size = sizeof(in),
		.pieces = 3,
	};
	struct dmk_scsi_disk disk;

	/* The call that failed may have been one of probe's: then there is none. */
	if (!dmk_scsi_disk(0, &disk))
		return;
	memset(out, 0x5a, sizeof(out));
	DMK_EXPECT(dmk_scsi_write(&disk, 0, COUNT, out) == 0);
	DMK_EXPECT(run(&disk, &request) == 0);
	DMK_EXPECT(memcmp(in, out, sizeof(in)) == 0);

	trouble(&disk, MEDIUM, 1);
	DMK_EXPECT(run(&disk, &request) == CHECK_CONDITION);
	DMK_EXPECT(request.sense[2] == 3);

	trouble(&disk, SILENT, 1);
	request.timeout_ms = 20;
	request.retries = 20;
	DMK_EXPECT(run(&disk, &request) == 0);
	DMK_EXPECT(request.tries >= 2);
}
