/* SPDX-License-Identifier: MIT */
/*
 * A device behind a host adapter, as INQUIRY found it.
 */
#ifndef _SCSI_SCSI_DEVICE_H
#define _SCSI_SCSI_DEVICE_H

#include <linux/device.h>
#include <linux/types.h>
#include <scsi/scsi.h>

struct Scsi_Host;
struct dmk_scsi_device;

struct scsi_device {
	struct Scsi_Host *host;
	unsigned int id, channel;
	u64 lun;
	unsigned int sector_size; /* bytes; 0: no disk */
	void *hostdata;           /* the driver's */
	unsigned char type;       /* TYPE_… */
	char scsi_level;
	unsigned char inquiry_len;
	unsigned char *inquiry;
	const char *vendor; /* 8 characters, not ended */
	const char *model;  /* 16 */
	const char *rev;    /* 4 */
	unsigned int removable : 1;
	unsigned short queue_depth;
	struct device sdev_gendev; /* for messages */
	struct dmk_scsi_device *dmk;
};

static inline unsigned int sdev_id(struct scsi_device *sdev)
{
	return sdev->id;
}

#define sdev_channel(sdev) ((sdev)->channel)
#define to_scsi_device(d) container_of(d, struct scsi_device, sdev_gendev)

#define sdev_printk(level, sdev, fmt, ...) \
	dev_printk(level, &(sdev)->sdev_gendev, fmt, ##__VA_ARGS__)
#define scmd_printk(level, scmd, fmt, ...) \
	dev_printk(level, &(scmd)->device->sdev_gendev, fmt, ##__VA_ARGS__)

/**
 * scsi_change_queue_depth - commands that the device gets at a time; at most the host's can_queue.
 * Return: what holds now.
 */
int scsi_change_queue_depth(struct scsi_device *sdev, int depth) DMK_SYM(scsi_change_queue_depth);

#endif
