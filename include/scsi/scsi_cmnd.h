/* SPDX-License-Identifier: MIT */
/*
 * A command on its way: what a driver gets in queuecommand, and gives back with scsi_done().
 *
 * The list of its data is made by the midlayer within the host's limits (MSK-08): no entry longer
 * than max_segment_size, none across dma_boundary, at most sg_tablesize of them. It is chained, as
 * Linux's is: from two entries on, sg_next() is the way through it.
 */
#ifndef _SCSI_SCSI_CMND_H
#define _SCSI_SCSI_CMND_H

#include <linux/blk-mq.h>
#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <scsi/scsi.h>
#include <scsi/scsi_device.h>

struct Scsi_Host;

#define MAX_COMMAND_SIZE 16
#define SCSI_SENSE_BUFFERSIZE 96

struct scsi_data_buffer {
	struct sg_table table;
	unsigned int length;
};

struct scsi_cmnd {
	struct scsi_device *device;
	unsigned long jiffies_at_alloc;
	int retries; /* so far */
	int allowed;
	unsigned short cmd_len;
	enum dma_data_direction sc_data_direction;
	unsigned char cmnd[32];
	struct scsi_data_buffer sdb;
	unsigned int underflow;
	unsigned int resid_len;
	/*
	 * SCSI_SENSE_BUFFERSIZE bytes of kmalloc(), in no cache line with anything else: it may be
	 * mapped
	 */
	unsigned char *sense_buffer;

	/* the driver's */
	unsigned char *host_scribble;
	int result; /* (host_byte << 16) | status */
};

/** scsi_cmd_priv - the template's cmd_size bytes, zeroed before each queuecommand */
static inline void *scsi_cmd_priv(struct scsi_cmnd *cmd)
{
	return cmd + 1;
}

static inline struct request *scsi_cmd_to_rq(struct scsi_cmnd *scmd)
{
	return blk_mq_rq_from_pdu(scmd);
}

/**
 * scsi_done - the driver is done with a command that queuecommand took: nothing of it is mapped any
 * more, result is set
 * Context: any; the driver's locks may be held.
 */
void scsi_done(struct scsi_cmnd *cmd) DMK_SYM(scsi_done);

static inline unsigned int scsi_sg_count(struct scsi_cmnd *cmd)
{
	return cmd->sdb.table.nents;
}

static inline struct scatterlist *scsi_sglist(struct scsi_cmnd *cmd)
{
	return cmd->sdb.table.sgl;
}

static inline unsigned int scsi_bufflen(struct scsi_cmnd *cmd)
{
	return cmd->sdb.length;
}

/** scsi_set_resid - bytes of the buffer that were not moved */
static inline void scsi_set_resid(struct scsi_cmnd *cmd, unsigned int resid)
{
	cmd->resid_len = resid;
}

static inline unsigned int scsi_get_resid(struct scsi_cmnd *cmd)
{
	return cmd->resid_len;
}

#define scsi_for_each_sg(cmd, sg, nseg, __i) for_each_sg(scsi_sglist(cmd), sg, nseg, __i)

static inline int scsi_sg_copy_from_buffer(struct scsi_cmnd *cmd, const void *buf, int buflen)
{
	return sg_copy_from_buffer(scsi_sglist(cmd), scsi_sg_count(cmd), buf, buflen);
}

static inline int scsi_sg_copy_to_buffer(struct scsi_cmnd *cmd, void *buf, int buflen)
{
	return sg_copy_to_buffer(scsi_sglist(cmd), scsi_sg_count(cmd), buf, buflen);
}

static inline void set_host_byte(struct scsi_cmnd *cmd, char status)
{
	cmd->result = (cmd->result & 0xff00ffff) | (status & 0xff) << 16;
}

static inline void set_status_byte(struct scsi_cmnd *cmd, char status)
{
	cmd->result = (cmd->result & 0xffffff00) | (status & 0xff);
}

static inline u8 get_host_byte(struct scsi_cmnd *cmd)
{
	return (cmd->result >> 16) & 0xff;
}

static inline u8 get_status_byte(struct scsi_cmnd *cmd)
{
	return cmd->result & 0xff;
}

/** scsi_build_sense - CHECK CONDITION with sense data that the driver makes */
void scsi_build_sense(struct scsi_cmnd *scmd, int desc, u8 key, u8 asc, u8 ascq)
	DMK_SYM(scsi_build_sense);

/*
 * What the next two map for: the host's dma_dev. The address of a host's device is taken in
 * scsi_host.h's place.
 */
struct device *dmk_scsi_dma_dev(const struct scsi_cmnd *cmd);

/**
 * scsi_dma_map - map the command's data
 * Return: segments, for scsi_for_each_sg() with sg_dma_address() and sg_dma_len(); 0: there is no
 *         data; negative: it could not be mapped and nothing is: undo the rest, return
 *         SCSI_MLQUEUE_HOST_BUSY (STR-12).
 */
static __always_inline int scsi_dma_map(struct scsi_cmnd *cmd)
{
	int nseg = 0;

	if (scsi_sg_count(cmd)) {
		nseg = dma_map_sg(dmk_scsi_dma_dev(cmd), scsi_sglist(cmd), scsi_sg_count(cmd),
				  cmd->sc_data_direction);
		if (!nseg)
			return -12; /* -ENOMEM */
	}
	return nseg;
}

/** scsi_dma_unmap - the opposite; before scsi_done(). */
static __always_inline void scsi_dma_unmap(struct scsi_cmnd *cmd)
{
	if (scsi_sg_count(cmd))
		dma_unmap_sg(dmk_scsi_dma_dev(cmd), scsi_sglist(cmd), scsi_sg_count(cmd),
			     cmd->sc_data_direction);
}

#endif
