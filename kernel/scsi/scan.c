/* SPDX-License-Identifier: MIT */
/*
 * Who is there: real commands through the driver, as Linux sends them, but one LUN after the other
 * up to the first that is not there. And what is read of sense data.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

#include <linux/unaligned.h>

/* --- sense data ------------------------------------------------------------------------------- */

bool scsi_normalize_sense(const u8 *sense, int size, struct scsi_sense_hdr *header)
{
	memset(header, 0, sizeof(*header));
	if (!sense || size < 1)
		return false;
	header->response_code = sense[0] & 0x7f;
	if (!scsi_sense_valid(header))
		return false;
	if (header->response_code >= 0x72) {
		header->sense_key = size > 1 ? sense[1] & 0x0f : 0;
		header->asc = size > 2 ? sense[2] : 0;
		header->ascq = size > 3 ? sense[3] : 0;
		header->additional_length = size > 7 ? sense[7] : 0;
		return true;
	}
	header->sense_key = size > 2 ? sense[2] & 0x0f : 0;
	if (size > 7) {
		int valid = min(size, sense[7] + 8);

		header->asc = valid > 12 ? sense[12] : 0;
		header->ascq = valid > 13 ? sense[13] : 0;
	}
	return true;
}

void scsi_build_sense_buffer(int desc, u8 *buf, u8 key, u8 asc, u8 ascq)
{
	if (desc) {
		memset(buf, 0, 8);
		buf[0] = 0x72;
		buf[1] = key;
		buf[2] = asc;
		buf[3] = ascq;
		return;
	}
	memset(buf, 0, 18);
	buf[0] = 0x70;
	buf[2] = key;
	buf[7] = 10;
	buf[12] = asc;
	buf[13] = ascq;
}

void scsi_build_sense(struct scsi_cmnd *scmd, int desc, u8 key, u8 asc, u8 ascq)
{
	scsi_build_sense_buffer(desc, scmd->sense_buffer, key, asc, ascq);
	scmd->result = SAM_STAT_CHECK_CONDITION;
}

/* --- one command ------------------------------------------------------------------------------ */

/* 0: it went well. Otherwise the result, or a negative errno. */
static int ask(struct dmk_scsi_device *device, const u8 *cdb, unsigned int cdb_length, void *data,
	       unsigned int size)
{
	struct dmk_scsi_request request = {
		.cdb_length = cdb_length,
		.direction = DMK_FROM_DEVICE,
		.size = size,
		.timeout_ms = SCSI_SCAN_MS,
		.retries = SCSI_SCAN_TRIES,
	};
	struct dmk_scsi_command *command;
	int err;

	memcpy(request.cdb, cdb, cdb_length);
	command = dmk_scsi_command_new(device, &request);
	if (!command)
		return -ENOMEM;
	err = dmk_scsi_memory_make(&command->memory, device->sdev.host, size, 0);
	if (!err)
		err = dmk_scsi_queue(command);
	if (err)
		goto release;
	while (!dmk_scsi_await(command, SCSI_TIMEOUT_MS))
		;
	err = command->result;
	if (!err)
		dmk_scsi_memory_copy(&command->memory, data, size - command->resid, false);
release:
	dmk_scsi_release(command);
	return err;
}

/* --- who is there ----------------------------------------------------------------------------- */

static bool inquire(struct dmk_scsi_device *device)
{
	u8 cdb[6] = { INQUIRY, 0, 0, 0, sizeof(device->inquiry) };

	if (ask(device, cdb, sizeof(cdb), device->inquiry, sizeof(device->inquiry)))
		return false;
	device->sdev.type = device->inquiry[0] & 0x1f;
	device->sdev.removable = device->inquiry[1] >> 7;
	device->sdev.scsi_level = (device->inquiry[2] & 0x0f) + 1;
	return device->inquiry[0] >> 5 == 0 && device->sdev.type != 0x1f;
}

static bool read_capacity_16(struct dmk_scsi_device *device)
{
	u8 cdb[16] = { SERVICE_ACTION_IN_16, SAI_READ_CAPACITY_16 }, data[32] = { 0 };

	put_unaligned_be32(sizeof(data), cdb + 10);
	if (ask(device, cdb, sizeof(cdb), data, sizeof(data)))
		return false;
	device->blocks = get_unaligned_be64(data) + 1;
	device->sdev.sector_size = get_unaligned_be32(data + 8);
	return true;
}

static bool read_capacity(struct dmk_scsi_device *device)
{
	u8 cdb[10] = { READ_CAPACITY }, data[8] = { 0 };
	u32 last;

	if (ask(device, cdb, sizeof(cdb), data, sizeof(data)))
		return false;
	last = get_unaligned_be32(data);
	if (last == 0xffffffff)
		return device->sdev.host->max_cmd_len >= 16 && read_capacity_16(device);
	device->blocks = (u64)last + 1;
	device->sdev.sector_size = get_unaligned_be32(data + 4);
	return true;
}

/* A size that is none is a disk of no use. */
static void look_at_disk(struct dmk_scsi_device *device)
{
	static const u8 ready[6] = { TEST_UNIT_READY };
	u32 size;

	if (ask(device, ready, sizeof(ready), NULL, 0) || !read_capacity(device))
		goto no_disk;
	size = device->sdev.sector_size;
	if (size >= SCSI_SECTOR && size <= 4096 && !(size & (size - 1)))
		return;
no_disk:
	device->blocks = 0;
	device->sdev.sector_size = 0;
}

static bool scan_lun(struct dmk_scsi_host *host, unsigned int channel, unsigned int id, u64 lun)
{
	struct dmk_scsi_device *device = dmk_scsi_device_new(host, channel, id, lun);

	if (!device)
		return false;
	if (!inquire(device)) {
		dmk_scsi_device_free(device);
		return false;
	}
	if (device->sdev.type == TYPE_DISK)
		look_at_disk(device);
	sdev_printk(KERN_INFO, &device->sdev, "%.8s %.16s %.4s, %llu blocks of %u bytes\n",
		    device->sdev.vendor, device->sdev.model, device->sdev.rev,
		    (unsigned long long)device->blocks, device->sdev.sector_size);
	pthread_mutex_lock(&host->lock);
	list_add_tail(&device->link, &host->devices);
	pthread_mutex_unlock(&host->lock);
	return true;
}

void scsi_scan_host(struct Scsi_Host *shost)
{
	for (unsigned int channel = 0; channel <= shost->max_channel; channel++)
		for (unsigned int id = 0; id < shost->max_id; id++)
			for (u64 lun = 0; lun < shost->max_lun && (int)id != shost->this_id; lun++)
				if (!scan_lun(shost->dmk, channel, id, lun))
					break;
}
