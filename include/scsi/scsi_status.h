/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a command, in numbers: bits 7-0 of a result are the device's status, bits 23-16
 * what the host adapter has to say.
 */
#ifndef _SCSI_SCSI_STATUS_H
#define _SCSI_SCSI_STATUS_H

#include <linux/types.h>
#include <scsi/scsi_proto.h>

/* Bits 15-8, of adapters that pass a bus's message byte on. */
enum scsi_msg_byte {
	COMMAND_COMPLETE = 0x00,
	ABORT_TASK_SET = 0x06,
	TARGET_RESET = 0x0c,
	ABORT_TASK = 0x0d,
	CLEAR_TASK_SET = 0x0e,
	LOGICAL_UNIT_RESET = 0x17,
};

/*
 * What the midlayer here does about it: "again" counts, up to what the command is allowed; "later"
 * doesn't.
 */
enum scsi_host_status {
	DID_OK = 0x00,         /* see the status */
	DID_NO_CONNECT = 0x01, /* ends */
	DID_BUS_BUSY = 0x02,   /* again */
	DID_TIME_OUT = 0x03,   /* ends */
	DID_BAD_TARGET = 0x04, /* ends: nobody there */
	DID_ABORT = 0x05,      /* ends */
	DID_PARITY = 0x06,     /* again */
	DID_ERROR = 0x07,      /* again */
	DID_RESET = 0x08,      /* again */
	DID_BAD_INTR = 0x09,   /* ends */
	DID_PASSTHROUGH = 0x0a,
	DID_SOFT_ERROR = 0x0b, /* again */
	DID_IMM_RETRY = 0x0c,  /* later */
	DID_REQUEUE = 0x0d,    /* later */
	DID_TRANSPORT_DISRUPTED = 0x0e, /* again */
	DID_TRANSPORT_FAILFAST = 0x0f,
	DID_TRANSPORT_MARGINAL = 0x14,
};

#endif
