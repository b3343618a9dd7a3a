/* SPDX-License-Identifier: MIT */
/*
 * Looking at a command's sense data.
 */
#ifndef _SCSI_SCSI_EH_H
#define _SCSI_SCSI_EH_H

#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_common.h>

static inline bool scsi_command_normalize_sense(const struct scsi_cmnd *cmd,
						struct scsi_sense_hdr *sshdr)
{
	return scsi_normalize_sense(cmd->sense_buffer, SCSI_SENSE_BUFFERSIZE, sshdr);
}

static inline bool scsi_sense_is_deferred(const struct scsi_sense_hdr *sshdr)
{
	return sshdr->response_code >= 0x70 && (sshdr->response_code & 1);
}

#endif
