/* SPDX-License-Identifier: MIT */
/*
 * dmakit/scsi.h: requests of a test or of the runner.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

#include <linux/unaligned.h>

enum { RETRIES = 5 };

static bool makes_sense(const struct dmk_scsi_device *device,
			const struct dmk_scsi_request *request)
{
	const struct Scsi_Host *shost = device->sdev.host;

	if (request->command || !request->cdb_length ||
	    request->cdb_length > min_t(unsigned int, shost->max_cmd_len, DMK_SCSI_CDB))
		return false;
	if (!request->size)
		return true;
	return request->data && request->size <= (size_t)shost->max_sectors * SCSI_SECTOR &&
	       (request->direction == DMK_TO_DEVICE || request->direction == DMK_FROM_DEVICE);
}

static int submit(struct dmk_scsi_device *device, struct dmk_scsi_request *request)
{
	struct dmk_scsi_command *command;
	int err;

	if (!makes_sense(device, request))
		return -EINVAL;
	command = dmk_scsi_command_new(device, request);
	if (!command)
		return -ENOMEM;
	err = dmk_scsi_memory_make(&command->memory, device->sdev.host, request->size,
				   request->pieces);
	if (!err && request->size && request->direction == DMK_TO_DEVICE)
		dmk_scsi_memory_copy(&command->memory, request->data, request->size, true);
	request->command = command;
	if (!err)
		err = dmk_scsi_queue(command);
	if (err) {
		request->command = NULL;
		dmk_scsi_release(command);
	}
	return err;
}

int dmk_scsi_submit(const struct dmk_scsi_disk *disk, struct dmk_scsi_request *request)
{
	struct dmk_scsi_device *device = dmk_scsi_device_find(disk);
	int err;

	if (!device)
		return -ENODEV;
	err = submit(device, request);
	dmk_scsi_put(device);
	return err;
}

int dmk_scsi_wait(struct dmk_scsi_request *request, unsigned int ms)
{
	struct dmk_scsi_command *command = request->command;

	if (!command)
		return -EINVAL;
	if (!dmk_scsi_await(command, ms))
		return -ETIMEDOUT;
	request->result = command->result;
	request->residual = command->resid;
	request->tries = command->tries;
	request->busy = command->busy;
	memcpy(request->sense, command->sense, sizeof(request->sense));
	if (request->size && request->direction == DMK_FROM_DEVICE)
		dmk_scsi_memory_copy(&command->memory, request->data,
				     request->size - command->resid, false);
	request->command = NULL;
	dmk_scsi_release(command);
	return 0;
}

void dmk_scsi_forget(struct dmk_scsi_request *request)
{
	struct dmk_scsi_command *command = request->command;

	request->command = NULL;
	if (command)
		dmk_scsi_forgo(command);
}

/* --- blocks ----------------------------------------------------------------------------------- */

static void block_request(struct dmk_scsi_request *request, const struct dmk_scsi_disk *disk,
			  uint64_t first, uint32_t count, void *data, enum dmk_direction direction)
{
	bool writes = direction == DMK_TO_DEVICE;

	memset(request, 0, sizeof(*request));
	request->direction = direction;
	request->data = data;
	request->size = (size_t)count * disk->block_size;
	request->retries = RETRIES;
	if (first + count <= 0xffffffff && count <= 0xffff) {
		request->cdb_length = 10;
		request->cdb[0] = writes ? WRITE_10 : READ_10;
		put_unaligned_be32(first, request->cdb + 2);
		put_unaligned_be16(count, request->cdb + 7);
	} else {
		request->cdb_length = 16;
		request->cdb[0] = writes ? WRITE_16 : READ_16;
		put_unaligned_be64(first, request->cdb + 2);
		put_unaligned_be32(count, request->cdb + 10);
	}
}

static int outcome(const struct dmk_scsi_request *request)
{
	if (host_byte(request->result) == DID_NO_CONNECT)
		return -ENODEV;
	if (host_byte(request->result) == DID_TIME_OUT)
		return -ETIMEDOUT;
	return request->result || request->residual ? -EIO : 0;
}

static int move_once(const struct dmk_scsi_disk *disk, uint64_t first, uint32_t count, void *data,
		     enum dmk_direction direction)
{
	struct dmk_scsi_request request;
	int err;

	block_request(&request, disk, first, count, data, direction);
	err = dmk_scsi_submit(disk, &request);
	if (err)
		return err;
	/* It ends: a driver that never gives it back is asked by the error handlers. */
	while (dmk_scsi_wait(&request, SCSI_TIMEOUT_MS))
		;
	return outcome(&request);
}

/*
 * In commands that are as large as they can be: half as much when the list has no room for the
 * pieces.
 */
static int move(const struct dmk_scsi_disk *disk, uint64_t first, uint32_t count, char *data,
		enum dmk_direction direction)
{
	uint32_t most = disk->block_size ? disk->max_bytes / disk->block_size : 0;

	if (!most || first >= disk->blocks || count > disk->blocks - first)
		return -EINVAL;
	while (count) {
		uint32_t now = min(count, most);
		int err = move_once(disk, first, now, data, direction);

		if (err == -E2BIG && most > 1) {
			most = now > 1 ? now / 2 : 1;
			continue;
		}
		if (err)
			return err;
		first += now;
		count -= now;
		data += (size_t)now * disk->block_size;
	}
	return 0;
}

int dmk_scsi_read(const struct dmk_scsi_disk *disk, uint64_t first, uint32_t count, void *data)
{
	return move(disk, first, count, data, DMK_FROM_DEVICE);
}

int dmk_scsi_write(const struct dmk_scsi_disk *disk, uint64_t first, uint32_t count,
		   const void *data)
{
	return move(disk, first, count, (char *)(uintptr_t)data, DMK_TO_DEVICE);
}
