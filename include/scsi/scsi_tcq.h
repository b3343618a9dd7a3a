/* SPDX-License-Identifier: MIT */
/*
 * From a tag back to its command.
 */
#ifndef _SCSI_SCSI_TCQ_H
#define _SCSI_SCSI_TCQ_H

#include <linux/compiler.h>

#define SCSI_NO_TAG (-1)

struct Scsi_Host;
struct scsi_cmnd;

/**
 * scsi_host_find_tag - the command that has this tag; NULL: the driver has none such. Any context.
 */
struct scsi_cmnd *scsi_host_find_tag(struct Scsi_Host *shost, int tag) DMK_SYM(scsi_host_find_tag);

#endif
