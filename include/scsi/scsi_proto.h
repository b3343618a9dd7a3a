/* SPDX-License-Identifier: MIT */
/*
 * SCSI's own numbers: operation codes, status, sense keys (SPC, SBC, SAM).
 */
#ifndef _SCSI_PROTO_H_
#define _SCSI_PROTO_H_

#include <linux/types.h>

#define TEST_UNIT_READY 0x00
#define REQUEST_SENSE 0x03
#define READ_6 0x08
#define WRITE_6 0x0a
#define INQUIRY 0x12
#define MODE_SELECT 0x15
#define MODE_SENSE 0x1a
#define START_STOP 0x1b
#define SEND_DIAGNOSTIC 0x1d
#define READ_CAPACITY 0x25
#define READ_10 0x28
#define WRITE_10 0x2a
#define VERIFY 0x2f
#define SYNCHRONIZE_CACHE 0x35
#define WRITE_SAME 0x41
#define UNMAP 0x42
#define MODE_SENSE_10 0x5a
#define READ_16 0x88
#define WRITE_16 0x8a
#define SYNCHRONIZE_CACHE_16 0x91
#define SERVICE_ACTION_IN_16 0x9e
#define SAI_READ_CAPACITY_16 0x10
#define REPORT_LUNS 0xa0
#define READ_12 0xa8
#define WRITE_12 0xaa

enum sam_status {
	SAM_STAT_GOOD = 0x00,
	SAM_STAT_CHECK_CONDITION = 0x02,
	SAM_STAT_CONDITION_MET = 0x04,
	SAM_STAT_BUSY = 0x08,
	SAM_STAT_INTERMEDIATE = 0x10,
	SAM_STAT_INTERMEDIATE_CONDITION_MET = 0x14,
	SAM_STAT_RESERVATION_CONFLICT = 0x18,
	SAM_STAT_COMMAND_TERMINATED = 0x22,
	SAM_STAT_TASK_SET_FULL = 0x28,
	SAM_STAT_ACA_ACTIVE = 0x30,
	SAM_STAT_TASK_ABORTED = 0x40,
};

#define NO_SENSE 0x00
#define RECOVERED_ERROR 0x01
#define NOT_READY 0x02
#define MEDIUM_ERROR 0x03
#define HARDWARE_ERROR 0x04
#define ILLEGAL_REQUEST 0x05
#define UNIT_ATTENTION 0x06
#define DATA_PROTECT 0x07
#define BLANK_CHECK 0x08
#define COPY_ABORTED 0x0a
#define ABORTED_COMMAND 0x0b
#define VOLUME_OVERFLOW 0x0d
#define MISCOMPARE 0x0e

#define TYPE_DISK 0x00
#define TYPE_TAPE 0x01
#define TYPE_ROM 0x05
#define TYPE_ENCLOSURE 0x0d
#define TYPE_NO_LUN 0x7f

/** A LUN as it is on the wire. */
struct scsi_lun {
	__u8 scsi_lun[8];
};

#endif
