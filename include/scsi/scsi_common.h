/* SPDX-License-Identifier: MIT */
/*
 * What initiators and targets share: the length of a CDB, sense data.
 */
#ifndef _SCSI_COMMON_H_
#define _SCSI_COMMON_H_

#include <linux/compiler.h>
#include <linux/types.h>
#include <scsi/scsi_proto.h>

/** Sense data in one form, whichever it came in. */
struct scsi_sense_hdr {
	u8 response_code; /* 0x70 .. 0x73 */
	u8 sense_key;
	u8 asc;
	u8 ascq;
	u8 byte4, byte5, byte6;
	u8 additional_length;
};

static inline bool scsi_sense_valid(const struct scsi_sense_hdr *sshdr)
{
	return sshdr && (sshdr->response_code & 0x70) == 0x70;
}

/** scsi_normalize_sense - false: there is none. */
bool scsi_normalize_sense(const u8 *sense_buffer, int sb_len, struct scsi_sense_hdr *sshdr)
	DMK_SYM(scsi_normalize_sense);
/** scsi_build_sense_buffer - write sense data; @desc: 1 descriptor format, 0 fixed (18 bytes) */
void scsi_build_sense_buffer(int desc, u8 *buf, u8 key, u8 asc, u8 ascq)
	DMK_SYM(scsi_build_sense_buffer);

/** scsi_command_size - bytes of a CDB, from the group in its operation code */
static inline unsigned int scsi_command_size(const unsigned char *cmnd)
{
	static const unsigned char size[8] = { 6, 10, 10, 12, 16, 12, 10, 10 };

	return size[cmnd[0] >> 5];
}

#endif
