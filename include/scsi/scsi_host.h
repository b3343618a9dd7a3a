/* SPDX-License-Identifier: MIT */
/*
 * A host adapter, as its driver describes it and as the midlayer knows it. What Linux has and is
 * not here is not provided.
 */
#ifndef _SCSI_SCSI_HOST_H
#define _SCSI_SCSI_HOST_H

#include <linux/device.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <scsi/scsi.h>

struct Scsi_Host;
struct dmk_scsi_host;
struct module;
struct scsi_cmnd;
struct scsi_device;

#define SCSI_DEFAULT_MAX_SECTORS 1024
#define SCSI_DEFAULT_HOST_BLOCKED 7
#define SCSI_MAX_QUEUE_DEPTH 1024

struct scsi_host_template {
	unsigned int cmd_size; /* bytes of scsi_cmd_priv() */

	/**
	 * queuecommand - take a command, in 0; or not, in SCSI_MLQUEUE_…: it comes again
	 * Context: several at once, never sleeps. The command's scsi_done() may come before the
	 *         return.
	 */
	int (*queuecommand)(struct Scsi_Host *shost, struct scsi_cmnd *cmd);

	struct module *module;
	const char *name;
	const char *(*info)(struct Scsi_Host *shost);

	/*
	 * Once for each command block, in scsi_add_host() and scsi_remove_host(). With init the
	 * private part is not zeroed again.
	 */
	int (*init_cmd_priv)(struct Scsi_Host *shost, struct scsi_cmnd *cmd);
	int (*exit_cmd_priv)(struct Scsi_Host *shost, struct scsi_cmnd *cmd);

	/**
	 * Error handlers - a command did not come back in time: give it up, reset its device, reset
	 * everything; in this order, until one returns SUCCESS. From then on the driver has
	 * forgotten the command and nothing of it is mapped. No scsi_done() for it.
	 * Context: a thread of the host's; may sleep. Nothing is queued meanwhile.
	 */
	int (*eh_abort_handler)(struct scsi_cmnd *cmd);
	int (*eh_device_reset_handler)(struct scsi_cmnd *cmd);
	int (*eh_host_reset_handler)(struct scsi_cmnd *cmd);

	const char *proc_name;
	int can_queue;               /* commands at once, over all devices; at least 1 */
	int this_id;                 /* the adapter's own id, -1 for none */
	unsigned short sg_tablesize; /* entries of a list; 0: no list at all, so no data */
	unsigned int max_sectors;    /* of 512 bytes, in one command; 0: 1024 */
	unsigned int max_segment_size; /* bytes; 0: 64 KiB */
	unsigned long dma_boundary;  /* no entry crosses a multiple of this plus one; 0: 4 GiB */
	short cmd_per_lun;           /* commands at once for a device, to begin with; 0: 1 */
};

struct Scsi_Host {
	spinlock_t default_lock;
	spinlock_t *host_lock; /* the driver's, to use or not */
	const struct scsi_host_template *hostt;
	unsigned int host_no;
	unsigned int unique_id;
	unsigned int max_channel; /* 0 */
	unsigned int max_id;      /* 8: ids 0 to 7 are scanned */
	u64 max_lun;              /* 8 */
	unsigned short max_cmd_len; /* bytes of a CDB, 12 */
	int this_id;
	int can_queue;
	short cmd_per_lun;
	unsigned short sg_tablesize;
	unsigned int max_sectors;
	unsigned int opt_sectors;
	unsigned int max_segment_size;
	unsigned long dma_boundary;
	unsigned int irq;
	struct device shost_gendev; /* reference count, and name for messages */
	struct device *dma_dev;
	struct dmk_scsi_host *dmk;
	unsigned long hostdata[] __aligned(64);
};

static inline void *shost_priv(struct Scsi_Host *shost)
{
	return shost->hostdata;
}

#define class_to_shost(d) container_of(d, struct Scsi_Host, shost_gendev)
#define shost_printk(level, shost, fmt, ...) \
	dev_printk(level, &(shost)->shost_gendev, fmt, ##__VA_ARGS__)

/**
 * scsi_host_alloc - a host with @privsize bytes for the driver, not known to anybody yet. NULL: no
 * memory. Ends with scsi_host_put().
 */
struct Scsi_Host *scsi_host_alloc(const struct scsi_host_template *sht, int privsize)
	DMK_SYM(scsi_host_alloc);
/**
 * scsi_add_host - the host takes commands from now on
 * @dma_dev: who does the DMA, @dev without the _with_dma; its segment limits become the host's, and
 *           the host's max_sectors is cut to what it can map at once (MSK-07)
 * Return: 0, -EINVAL (can_queue is 0, no queuecommand), -ENOMEM.
 */
int scsi_add_host_with_dma(struct Scsi_Host *shost, struct device *dev, struct device *dma_dev)
	DMK_SYM(scsi_add_host_with_dma) __must_check;
static inline int __must_check scsi_add_host(struct Scsi_Host *shost, struct device *dev)
{
	return scsi_add_host_with_dma(shost, dev, dev);
}
/** scsi_remove_host - no new command; returns when the driver has none any more. May sleep. */
void scsi_remove_host(struct Scsi_Host *shost) DMK_SYM(scsi_remove_host);
struct Scsi_Host *scsi_host_get(struct Scsi_Host *shost) DMK_SYM(scsi_host_get);
void scsi_host_put(struct Scsi_Host *shost) DMK_SYM(scsi_host_put);
/**
 * scsi_scan_host - ask each id who is there: INQUIRY, then TEST UNIT READY and READ CAPACITY of
 * disks. May sleep.
 */
void scsi_scan_host(struct Scsi_Host *shost) DMK_SYM(scsi_scan_host);
/**
 * scsi_block_requests - no queuecommand from now on (one may still be under way), until
 * scsi_unblock_requests().
 */
void scsi_block_requests(struct Scsi_Host *shost) DMK_SYM(scsi_block_requests);
void scsi_unblock_requests(struct Scsi_Host *shost) DMK_SYM(scsi_unblock_requests);
/** scsi_host_busy - commands that the driver has now */
int scsi_host_busy(struct Scsi_Host *shost) DMK_SYM(scsi_host_busy);

#endif
