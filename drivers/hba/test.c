// SPDX-License-Identifier: MIT
/*
 * What a user of disks does with what the driver brought up: blocks are written and read back, many
 * commands are under way at once, disks make trouble. Where memory may be short, what is demanded
 * is that a command comes back, and that it says what became of it.
 */
#include <errno.h>
#include <string.h>

#include <dmakit/scsi.h>
#include <dmakit/test.h>

enum {
	TEST_UNIT_READY = 0x00,
	READ_10 = 0x28,
	WRITE_10 = 0x2a,
	MISBEHAVE = 0xe0,

	MEDIUM = 1,
	SILENT = 2,
	STUCK = 3,
	LOST = 4,
	BUSY = 5,
	SHORT = 6,
	SLOW = 7,

	CHECK_CONDITION = 0x02,
	DID_TIME_OUT = 0x03,
	BLOCK = 512,
	BLOCKS = 128, /* of the disk's, that are used here */
	PATIENCE = 20000,
	AT_ONCE = 12,
};

static unsigned char shadow[BLOCKS * BLOCK]; /* what the disk must hold */
static uint64_t chance_state;

static uint32_t chance(uint32_t limit)
{
	chance_state = chance_state * 6364136223846793005ull + 1442695040888963407ull;
	return (chance_state >> 33) % limit;
}

static void fill(unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = chance(256);
}

static bool first_disk(struct dmk_scsi_disk *disk)
{
	chance_state = dmk_test_seed();
	return dmk_scsi_disk(0, disk) && disk->blocks >= BLOCKS && disk->block_size == BLOCK;
}

static void put_be(uint8_t *bytes, unsigned int n, uint64_t value)
{
	while (n--) {
		bytes[n] = value;
		value >>= 8;
	}
}

/* Send a command and wait for it. The result, or a negative errno. */
static long run(const struct dmk_scsi_disk *disk, struct dmk_scsi_request *request)
{
	int err = dmk_scsi_submit(disk, request);

	if (!err)
		err = dmk_scsi_wait(request, PATIENCE);
	return err ? err : (long)request->result;
}

static void misbehave(const struct dmk_scsi_disk *disk, unsigned int how, unsigned int count,
		      uint32_t argument)
{
	struct dmk_scsi_request request = { .cdb = { MISBEHAVE, how }, .cdb_length = 10 };

	put_be(request.cdb + 2, 2, count);
	put_be(request.cdb + 4, 4, argument);
	DMK_EXPECT(run(disk, &request) == 0);
}

static struct dmk_scsi_request block_request(uint8_t operation, uint32_t first, uint32_t count,
					     void *data)
{
	struct dmk_scsi_request request = {
		.cdb = { operation },
		.cdb_length = 10,
		.direction = operation == WRITE_10 ? DMK_TO_DEVICE : DMK_FROM_DEVICE,
		.data = data,
		.size = count * BLOCK,
		.retries = 3,
	};

	put_be(request.cdb + 2, 4, first);
	put_be(request.cdb + 7, 2, count);
	return request;
}

DMK_TEST(the_scan_has_found_a_disk_and_its_size)
{
	struct dmk_scsi_disk disk;

	DMK_REQUIRE(first_disk(&disk));
	DMK_EXPECT(strcmp(disk.vendor, "dmakit") == 0);
	DMK_EXPECT(strcmp(disk.product, "RAM disk") == 0);
	DMK_EXPECT(disk.max_bytes >= BLOCK);
}

DMK_TEST(what_is_written_is_read_back)
{
	static unsigned char in[BLOCKS * BLOCK];
	struct dmk_scsi_disk disk;

	DMK_REQUIRE(first_disk(&disk));
	fill(shadow, sizeof(shadow));
	DMK_EXPECT(dmk_scsi_write(&disk, 0, BLOCKS, shadow) == 0);
	DMK_EXPECT(dmk_scsi_read(&disk, 0, BLOCKS, in) == 0);
	DMK_EXPECT(memcmp(in, shadow, sizeof(in)) == 0);
	DMK_EXPECT(dmk_scsi_read(&disk, 3, 1, in) == 0);
	DMK_EXPECT(memcmp(in, shadow + 3 * BLOCK, BLOCK) == 0);
	DMK_EXPECT(dmk_scsi_read(&disk, disk.blocks, 1, in) == -EINVAL);
}

/* --- many at once, against a model: the disk is an array of bytes ----------------------------- */

static struct io {
	struct dmk_scsi_request request;
	uint32_t first, count;
	bool under_way;
	unsigned char data[16 * BLOCK];
} ios[AT_ONCE];

static bool overlaps(uint32_t first, uint32_t count)
{
	for (unsigned int i = 0; i < AT_ONCE; i++)
		if (ios[i].under_way && first < ios[i].first + ios[i].count &&
		    ios[i].first < first + count)
			return true;
	return false;
}

static unsigned int finish_io(struct io *io)
{
	bool wrote = io->request.direction == DMK_TO_DEVICE;
	unsigned char *model = shadow + io->first * BLOCK;
	size_t size = io->count * BLOCK;

	if (!io->under_way)
		return 0;
	DMK_EXPECT(dmk_scsi_wait(&io->request, PATIENCE) == 0);
	DMK_EXPECT(io->request.result == 0 && io->request.residual == 0);
	io->under_way = false;
	if (wrote)
		memcpy(model, io->data, size);
	else
		DMK_EXPECT(memcmp(model, io->data, size) == 0);
	return io->request.busy;
}

/* Memory may be short: then it is tried when something has ended. */
static void start_io(const struct dmk_scsi_disk *disk, struct io *io)
{
	uint32_t count = 1 + chance(16), first = chance(BLOCKS - count + 1);
	bool write = chance(2);

	if (overlaps(first, count))
		return;
	io->first = first;
	io->count = count;
	if (write)
		fill(io->data, count * BLOCK);
	else
		memset(io->data, 0xee, sizeof(io->data));
	io->request = block_request(write ? WRITE_10 : READ_10, first, count, io->data);
	io->request.pieces = chance(3) ? 1 + chance(1000000) : 0;
	io->under_way = dmk_scsi_submit(disk, &io->request) == 0;
}

DMK_TEST(commands_at_random_many_at_once_keep_the_disk_what_it_is)
{
	unsigned int done = 0, busy = 0;
	struct dmk_scsi_disk disk;

	DMK_REQUIRE(first_disk(&disk));
	fill(shadow, sizeof(shadow));
	DMK_REQUIRE(dmk_scsi_write(&disk, 0, BLOCKS, shadow) == 0);
	for (unsigned int i = 0; i < 600 && !dmk_test_has_failed(); i++) {
		struct io *io = &ios[chance(AT_ONCE)];

		done += io->under_way;
		busy += finish_io(io);
		start_io(&disk, io);
	}
	for (unsigned int i = 0; i < AT_ONCE; i++) {
		done += ios[i].under_way;
		busy += finish_io(&ios[i]);
	}
	DMK_EXPECT(done > 50);
}

/* --- trouble ---------------------------------------------------------------------------------- */

DMK_TEST(a_medium_error_comes_with_its_sense_data)
{
	struct dmk_scsi_request request;
	unsigned char data[BLOCK];
	struct dmk_scsi_disk disk;

	DMK_REQUIRE(first_disk(&disk));
	misbehave(&disk, MEDIUM, 1, 0);
	request = block_request(READ_10, 0, 1, data);
	DMK_EXPECT(run(&disk, &request) == CHECK_CONDITION);
	DMK_EXPECT(request.sense[0] == 0x70 && request.sense[2] == 3 && request.sense[12] == 0x11);
	DMK_EXPECT(request.residual == BLOCK);
	DMK_EXPECT(request.tries == 1);
	DMK_EXPECT(dmk_scsi_read(&disk, 0, 1, data) == 0);
}

DMK_TEST(an_error_that_passes_is_not_seen)
{
	static const unsigned int passing[] = { LOST, BUSY };
	unsigned char data[BLOCK];
	struct dmk_scsi_disk disk;

	DMK_REQUIRE(first_disk(&disk));
	DMK_EXPECT(dmk_scsi_read(&disk, 5, 1, shadow) == 0);
	for (unsigned int i = 0; i < 2; i++) {
		struct dmk_scsi_request request = block_request(READ_10, 5, 1, data);

		misbehave(&disk, passing[i], 2, 0);
		DMK_EXPECT(run(&disk, &request) == 0);
		DMK_EXPECT(request.tries == 3);
		DMK_EXPECT(memcmp(data, shadow, BLOCK) == 0);
	}
}

DMK_TEST(what_was_not_moved_is_said)
{
	struct dmk_scsi_request request;
	unsigned char data[2 * BLOCK];
	struct dmk_scsi_disk disk;

	DMK_REQUIRE(first_disk(&disk));
	misbehave(&disk, SHORT, 1, 700);
	memset(data, 0xee, sizeof(data));
	request = block_request(READ_10, 0, 2, data);
	DMK_EXPECT(run(&disk, &request) == 0);
	DMK_EXPECT(request.residual == sizeof(data) - 700);
	DMK_EXPECT(data[700] == 0xee);
}

static void one_that_is_never_answered(const struct dmk_scsi_disk *disk, unsigned int how)
{
	struct dmk_scsi_request request;
	unsigned char data[4 * BLOCK];

	/* Nothing helps but the error handlers; afterwards the disk is as it was. */
	misbehave(disk, how, 1, 0);
	request = block_request(READ_10, 0, 4, data);
	request.timeout_ms = 50;
	request.retries = 0;
	DMK_EXPECT(run(disk, &request) == DID_TIME_OUT << 16);
	DMK_EXPECT(dmk_scsi_read(disk, 0, 4, data) == 0);

	/* With a try left the caller sees nothing of it. */
	misbehave(disk, how, 1, 0);
	request = block_request(READ_10, 0, 4, data);
	request.timeout_ms = 50;
	request.pieces = 7;
	/* After a reset a disk has a unit attention to say: one more try. */
	request.retries = 40;
	DMK_EXPECT(run(disk, &request) == 0);
	DMK_EXPECT(request.tries >= 2);
}

DMK_TEST(a_command_that_is_never_answered_is_aborted)
{
	struct dmk_scsi_disk disk;

	DMK_REQUIRE(first_disk(&disk));
	one_that_is_never_answered(&disk, SILENT);
}

DMK_TEST(a_command_that_cannot_be_aborted_ends_with_a_reset)
{
	struct dmk_scsi_disk disk;

	DMK_REQUIRE(first_disk(&disk));
	one_that_is_never_answered(&disk, STUCK);
}

DMK_TEST(what_makes_no_sense_is_refused)
{
	struct dmk_scsi_request request = { .cdb = { TEST_UNIT_READY } };
	struct dmk_scsi_disk disk, nowhere;
	unsigned char data[BLOCK];

	DMK_REQUIRE(first_disk(&disk));
	DMK_EXPECT(dmk_scsi_submit(&disk, &request) == -EINVAL);
	request = block_request(READ_10, 0, 1, data);
	request.size = (size_t)disk.max_bytes + 1;
	DMK_EXPECT(dmk_scsi_submit(&disk, &request) == -EINVAL);
	request = block_request(READ_10, 0, 1, NULL);
	DMK_EXPECT(dmk_scsi_submit(&disk, &request) == -EINVAL);
	nowhere = disk;
	nowhere.target = 15;
	request = block_request(READ_10, 0, 1, data);
	DMK_EXPECT(dmk_scsi_submit(&nowhere, &request) == -ENODEV);
	DMK_EXPECT(dmk_scsi_wait(&request, 0) == -EINVAL);
	request = (struct dmk_scsi_request){ .cdb = { 0xc7 }, .cdb_length = 10 };
	DMK_EXPECT(run(&disk, &request) == CHECK_CONDITION);
	DMK_EXPECT(request.sense[2] == 5);
}

/*
 * Last: the driver is removed while commands are still under way. What that must not do is said by
 * the report.
 */
DMK_TEST(commands_may_be_under_way_when_the_driver_goes)
{
	static unsigned char data[AT_ONCE][4 * BLOCK];
	static struct dmk_scsi_request request[AT_ONCE];
	struct dmk_scsi_disk disk;

	DMK_REQUIRE(first_disk(&disk));
	misbehave(&disk, SLOW, 8, 20000);
	for (unsigned int i = 0; i < AT_ONCE; i++) {
		request[i] = block_request(READ_10, i * 4, 4, data[i]);
		dmk_scsi_submit(&disk, &request[i]);
	}
}
