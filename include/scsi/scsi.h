/* SPDX-License-Identifier: MIT */
/*
 * What a driver answers to the midlayer, and how a result is read.
 */
#ifndef _SCSI_SCSI_H
#define _SCSI_SCSI_H

#include <linux/kernel.h>
#include <linux/types.h>
#include <scsi/scsi_common.h>
#include <scsi/scsi_proto.h>
#include <scsi/scsi_status.h>

#define SCSI_MAX_PROT_SG_SEGMENTS 0xFFFF
#define SG_ALL 128 /* SG_CHUNK_SIZE */

/* What an error handler returns, for the first three. */
enum scsi_disposition {
	NEEDS_RETRY = 0x2001,
	SUCCESS = 0x2002,
	FAILED = 0x2003,
	QUEUED = 0x2004,
	SOFT_ERROR = 0x2005,
	ADD_TO_MLQUEUE = 0x2006,
	TIMEOUT_ERROR = 0x2007,
	SCSI_RETURN_NOT_HANDLED = 0x2008,
	FAST_IO_FAIL = 0x2009,
};

/*
 * What queuecommand returns when it did not take the command: nothing of it is mapped, and it comes
 * again.
 */
#define SCSI_MLQUEUE_HOST_BUSY 0x1055
#define SCSI_MLQUEUE_DEVICE_BUSY 0x1056
#define SCSI_MLQUEUE_EH_RETRY 0x1057
#define SCSI_MLQUEUE_TARGET_BUSY 0x1058

#define status_byte(result) (result & 0xff)
#define host_byte(result) (((result) >> 16) & 0xff)

static inline bool scsi_status_is_check_condition(int status)
{
	return status >= 0 && (status & 0xfe) == SAM_STAT_CHECK_CONDITION;
}

static inline bool scsi_status_is_good(int status)
{
	if (status < 0 || host_byte(status) == DID_NO_CONNECT)
		return false;
	switch (status & 0xfe) {
	case SAM_STAT_GOOD:
	case SAM_STAT_CONDITION_MET:
	case SAM_STAT_INTERMEDIATE:
	case SAM_STAT_INTERMEDIATE_CONDITION_MET:
	case SAM_STAT_COMMAND_TERMINATED:
		return true;
	}
	return false;
}

#endif
