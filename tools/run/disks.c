/* SPDX-License-Identifier: MIT */
/*
 * The default exercise of disks that a driver brought up: blocks are written, read back and
 * compared, one command at a time and many at once, and what was there before is put back. An error
 * is the driver's to give; wrong bytes are not, and make the run no success.
 */
#include "run/run.h"

#include <dmakit/scsi.h>

#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 8, SHARE = 4, LARGEST = 256, WAIT_MS = 60000, READ_10 = 0x28, WRITE_10 = 0x2a };

struct work {
	const struct dmk_scsi_disk *disk;
	unsigned char *old, *out, *in; /* LARGEST blocks each */
	unsigned int calls;
};

static void fill(unsigned char *bytes, size_t size, unsigned int salt)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(i * 31 + i / 509 + salt);
}

/* true: the bytes are those. */
static bool compare(const struct work *work, uint64_t first, uint32_t count, const char *how)
{
	const struct dmk_scsi_disk *disk = work->disk;
	size_t size = (size_t)count * disk->block_size, at = 0;

	while (at < size && work->in[at] == work->out[at])
		at++;
	if (at == size)
		return true;
	dmk_run_problem(
		"disk %u:%u:%u:%llu: %s of %u block%s from %llu on give other bytes than were written, from byte %zu on",
		disk->host, disk->channel, disk->target, (unsigned long long)disk->lun, how, count,
		count == 1 ? "" : "s", (unsigned long long)first, at);
	return false;
}

static bool one_at_a_time(struct work *work, uint64_t first, uint32_t count)
{
	const struct dmk_scsi_disk *disk = work->disk;
	bool good = true;

	work->calls += 4;
	if (dmk_scsi_read(disk, first, count, work->old))
		return true;
	fill(work->out, (size_t)count * disk->block_size, (unsigned int)(first + count));
	memset(work->in, 0, (size_t)count * disk->block_size);
	if (!dmk_scsi_write(disk, first, count, work->out) &&
	    !dmk_scsi_read(disk, first, count, work->in))
		good = compare(work, first, count, "reads");
	dmk_scsi_write(disk, first, count, work->old);
	return good;
}

/* Commands side by side, their memory in pieces of any size. false: one of them failed. */
static bool send_all(struct work *work, struct dmk_scsi_request *request, uint8_t operation,
		     unsigned char *bytes)
{
	const uint32_t size = SHARE * work->disk->block_size;
	bool good = true;

	for (unsigned int i = 0; i < AT_ONCE; i++) {
		request[i] = (struct dmk_scsi_request){
			.cdb = {operation, [5] = (uint8_t)(i * SHARE), [8] = SHARE},
			.cdb_length = 10,
			.direction = operation == WRITE_10 ? DMK_TO_DEVICE : DMK_FROM_DEVICE,
			.data = bytes + (size_t)i * size,
			.size = size,
			.pieces = 1 + i + dmk_run.options.seed,
			.retries = 5,
		};
		work->calls++;
		dmk_scsi_submit(work->disk, &request[i]);
	}
	/* One that could not be sent has nothing to wait for. */
	for (unsigned int i = 0; i < AT_ONCE; i++)
		good &= !dmk_scsi_wait(&request[i], WAIT_MS) && !request[i].result &&
			!request[i].residual;
	return good;
}

static bool many_at_once(struct work *work)
{
	static struct dmk_scsi_request request[AT_ONCE];
	const uint32_t count = AT_ONCE * SHARE;
	bool good = true;

	if (work->disk->blocks < count || dmk_scsi_read(work->disk, 0, count, work->old))
		return true;
	fill(work->out, (size_t)count * work->disk->block_size, 5);
	memset(work->in, 0, (size_t)count * work->disk->block_size);
	if (send_all(work, request, WRITE_10, work->out) &&
	    send_all(work, request, READ_10, work->in))
		good = compare(work, 0, count, "reads side by side");
	dmk_scsi_write(work->disk, 0, count, work->old);
	return good;
}

static void work_on(struct work *work)
{
	static const uint32_t counts[] = {1, 2, 7, 8, 64, LARGEST};
	const uint64_t blocks = work->disk->blocks;

	for (unsigned int i = 0; i < sizeof(counts) / sizeof(*counts) && !dmk_kernel_died(); i++) {
		if (counts[i] > blocks)
			break;
		if (!one_at_a_time(work, 0, counts[i]) ||
		    !one_at_a_time(work, (blocks - counts[i]) / 2, counts[i]) ||
		    !one_at_a_time(work, blocks - counts[i], counts[i]))
			return;
	}
	many_at_once(work);
}

static unsigned int exercise_disk(const struct dmk_scsi_disk *disk)
{
	const size_t size = (size_t)LARGEST * disk->block_size;
	struct work work = {.disk = disk};

	work.old = malloc(3 * size);
	if (!work.old) {
		dmk_run_problem("out of memory for the default exercise");
		return 0;
	}
	work.out = work.old + size;
	work.in = work.out + size;
	work_on(&work);
	free(work.old);
	return work.calls;
}

unsigned int dmk_run_exercise_disks(void)
{
	struct dmk_scsi_disk disk;
	unsigned int calls = 0;

	for (unsigned int i = 0; dmk_scsi_disk(i, &disk) && !dmk_kernel_died(); i++) {
		if (!disk.blocks || !disk.block_size)
			continue;
		calls += exercise_disk(&disk);
		dmk_run.report.exercised_disks++;
	}
	return calls;
}
