/* SPDX-License-Identifier: MIT */
/*
 * Hosts: made, added, removed, and the devices behind them. What travels to them is queue.c's.
 *
 * A Scsi_Host is kmalloc() memory, as its private part may be mapped; the midlayer's record of it,
 * and the devices, are not. Both live until the last reference is gone, and each request has one.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/sizes.h>
#include <linux/slab.h>

static LIST_HEAD(hosts); /* added ones */
static pthread_mutex_t hosts_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int next_number; /* atomic */

/* --- devices ---------------------------------------------------------------------------------- */

struct dmk_scsi_device *dmk_scsi_device_new(struct dmk_scsi_host *host, unsigned int channel,
					    unsigned int id, u64 lun)
{
	struct dmk_scsi_device *device = calloc(1, sizeof(*device));
	struct scsi_device *sdev;

	if (!device)
		return NULL;
	sdev = &device->sdev;
	sdev->dmk = device;
	sdev->host = host->shost;
	sdev->channel = channel;
	sdev->id = id;
	sdev->lun = lun;
	sdev->inquiry = device->inquiry;
	sdev->inquiry_len = sizeof(device->inquiry);
	sdev->vendor = (const char *)device->inquiry + 8;
	sdev->model = (const char *)device->inquiry + 16;
	sdev->rev = (const char *)device->inquiry + 32;
	sdev->queue_depth = host->shost->cmd_per_lun;
	device_initialize(&sdev->sdev_gendev);
	dev_set_name(&sdev->sdev_gendev, "%u:%u:%u:%llu", host->shost->host_no, channel, id,
		     (unsigned long long)lun);
	INIT_LIST_HEAD(&device->link);
	return device;
}

static void release_device(struct device *dev)
{
	free(container_of(dev, struct dmk_scsi_device, sdev.sdev_gendev));
}

void dmk_scsi_device_free(struct dmk_scsi_device *device)
{
	device->sdev.sdev_gendev.release = release_device;
	put_device(&device->sdev.sdev_gendev);
}

/* With the host's lock held. */
static struct dmk_scsi_device *device_at(struct dmk_scsi_host *host,
					 const struct dmk_scsi_disk *disk)
{
	struct dmk_scsi_device *device;

	list_for_each_entry(device, &host->devices, link)
		if (device->sdev.channel == disk->channel && device->sdev.id == disk->target &&
		    device->sdev.lun == disk->lun)
			return device;
	return NULL;
}

struct dmk_scsi_device *dmk_scsi_device_find(const struct dmk_scsi_disk *disk)
{
	struct dmk_scsi_device *found = NULL;
	struct dmk_scsi_host *host;

	pthread_mutex_lock(&hosts_lock);
	list_for_each_entry(host, &hosts, link) {
		if (host->shost->host_no != disk->host)
			continue;
		pthread_mutex_lock(&host->lock);
		found = device_at(host, disk);
		pthread_mutex_unlock(&host->lock);
		if (found)
			scsi_host_get(host->shost);
		break;
	}
	pthread_mutex_unlock(&hosts_lock);
	return found;
}

void dmk_scsi_put(struct dmk_scsi_device *device)
{
	scsi_host_put(device->sdev.host);
}

/* A field of INQUIRY data, without the blanks that fill it up. */
static void copy_text(char *to, const char *from, size_t size)
{
	memcpy(to, from, size);
	to[size] = 0;
	while (size && (to[size - 1] == ' ' || !to[size - 1]))
		to[--size] = 0;
}

static void describe(const struct dmk_scsi_device *device, struct dmk_scsi_disk *disk)
{
	const struct scsi_device *sdev = &device->sdev;
	const struct Scsi_Host *shost = sdev->host;

	*disk = (struct dmk_scsi_disk){
		.host = shost->host_no,
		.channel = sdev->channel,
		.target = sdev->id,
		.lun = sdev->lun,
		.blocks = device->blocks,
		.block_size = sdev->sector_size,
		.max_bytes = shost->max_sectors * SCSI_SECTOR,
		.max_segments = shost->sg_tablesize,
	};
	copy_text(disk->vendor, sdev->vendor, 8);
	copy_text(disk->product, sdev->model, 16);
	copy_text(disk->revision, sdev->rev, 4);
}

bool dmk_scsi_disk(unsigned int index, struct dmk_scsi_disk *disk)
{
	struct dmk_scsi_device *device;
	struct dmk_scsi_host *host;
	bool found = false;

	pthread_mutex_lock(&hosts_lock);
	list_for_each_entry(host, &hosts, link) {
		pthread_mutex_lock(&host->lock);
		list_for_each_entry(device, &host->devices, link) {
			if (index-- > 0)
				continue;
			describe(device, disk);
			found = true;
			break;
		}
		pthread_mutex_unlock(&host->lock);
		if (found)
			break;
	}
	pthread_mutex_unlock(&hosts_lock);
	return found;
}

/* --- command blocks --------------------------------------------------------------------------- */

static void free_slot(struct dmk_scsi_host *host, struct scsi_slot *slot)
{
	if (slot->cmd && host->shost->hostt->exit_cmd_priv)
		host->shost->hostt->exit_cmd_priv(host->shost, slot->cmd);
	if (slot->cmd)
		dmk_kfree_at(slot->cmd->sense_buffer, DMK_HERE);
	if (slot->rq)
		dmk_kfree_at(slot->rq, DMK_HERE);
}

static int make_slot(struct dmk_scsi_host *host, struct scsi_slot *slot, int tag)
{
	const struct scsi_host_template *hostt = host->shost->hostt;
	size_t size = sizeof(struct request) + sizeof(struct scsi_cmnd) + hostt->cmd_size;
	u8 *sense = dmk_kmalloc_at(SCSI_SENSE_BUFFERSIZE, GFP_KERNEL, DMK_HERE);

	if (!sense)
		return -ENOMEM;
	slot->rq = dmk_kmalloc_at(size, GFP_KERNEL | __GFP_ZERO, DMK_HERE);
	if (!slot->rq) {
		dmk_kfree_at(sense, DMK_HERE);
		return -ENOMEM;
	}
	slot->rq->tag = tag;
	slot->rq->dmk = host;
	slot->cmd = blk_mq_rq_to_pdu(slot->rq);
	slot->cmd->sense_buffer = sense;
	return hostt->init_cmd_priv ? hostt->init_cmd_priv(host->shost, slot->cmd) : 0;
}

static void free_slots(struct dmk_scsi_host *host)
{
	struct scsi_slot *slot = host->slot;
	unsigned int n = host->nr_slots;

	pthread_mutex_lock(&host->lock);
	host->nr_slots = 0;
	host->slot = NULL;
	pthread_mutex_unlock(&host->lock);
	while (n)
		free_slot(host, &slot[--n]);
	free(slot);
}

static int make_slots(struct dmk_scsi_host *host, unsigned int n)
{
	int err = 0;

	host->slot = calloc(n, sizeof(*host->slot));
	if (!host->slot)
		return -ENOMEM;
	while (host->nr_slots < n && !err) {
		err = make_slot(host, &host->slot[host->nr_slots], host->nr_slots);
		host->nr_slots++;
	}
	if (err)
		free_slots(host);
	return err;
}

/* --- life ------------------------------------------------------------------------------------- */

static struct dmk_scsi_host *new_record(struct Scsi_Host *shost)
{
	struct dmk_scsi_host *host = calloc(1, sizeof(*host));
	pthread_condattr_t attributes;

	if (!host)
		return NULL;
	host->shost = shost;
	pthread_mutex_init(&host->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&host->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	INIT_LIST_HEAD(&host->link);
	INIT_LIST_HEAD(&host->queue);
	INIT_LIST_HEAD(&host->forgotten);
	INIT_LIST_HEAD(&host->devices);
	init_waitqueue_head(&host->wake);
	return host;
}

static void release_host(struct device *dev)
{
	struct Scsi_Host *shost = class_to_shost(dev);
	struct dmk_scsi_host *host = shost->dmk;
	struct dmk_scsi_device *device, *next;

	if (host->life == SCSI_HOST_RUNNING) {
		dmk_complain(NULL,
			     "the last reference on host%u is gone without scsi_remove_host()",
			     shost->host_no);
		return; /* it is used still, so it stays */
	}
	list_for_each_entry_safe(device, next, &host->devices, link) {
		list_del(&device->link);
		dmk_scsi_device_free(device);
	}
	pthread_cond_destroy(&host->ended);
	pthread_mutex_destroy(&host->lock);
	free(host);
	dmk_kfree_at(shost, DMK_HERE);
}

static void take_limits(struct Scsi_Host *shost, const struct scsi_host_template *sht)
{
	shost->can_queue = sht->can_queue;
	shost->this_id = sht->this_id;
	shost->sg_tablesize = sht->sg_tablesize;
	shost->cmd_per_lun = sht->cmd_per_lun;
	shost->max_sectors = sht->max_sectors ? sht->max_sectors : SCSI_DEFAULT_MAX_SECTORS;
	shost->max_segment_size = sht->max_segment_size ? sht->max_segment_size : SZ_64K;
	shost->dma_boundary = sht->dma_boundary ? sht->dma_boundary : 0xffffffff;
	shost->max_id = 8;
	shost->max_lun = 8;
	shost->max_cmd_len = 12;
}

struct Scsi_Host *scsi_host_alloc(const struct scsi_host_template *sht, int privsize)
{
	struct Scsi_Host *shost;

	if (privsize < 0)
		return NULL;
	shost = dmk_kmalloc_at(sizeof(*shost) + privsize, GFP_KERNEL | __GFP_ZERO, DMK_HERE);
	if (!shost)
		return NULL;
	shost->dmk = new_record(shost);
	if (!shost->dmk) {
		dmk_kfree_at(shost, DMK_HERE);
		return NULL;
	}
	spin_lock_init(&shost->default_lock);
	shost->host_lock = &shost->default_lock;
	shost->hostt = sht;
	shost->host_no = __atomic_fetch_add(&next_number, 1, __ATOMIC_RELAXED);
	take_limits(shost, sht);
	device_initialize(&shost->shost_gendev);
	shost->shost_gendev.release = release_host;
	dev_set_name(&shost->shost_gendev, "host%u", shost->host_no);
	return shost;
}

struct Scsi_Host *scsi_host_get(struct Scsi_Host *shost)
{
	return get_device(&shost->shost_gendev) ? shost : NULL;
}

void scsi_host_put(struct Scsi_Host *shost)
{
	if (shost)
		put_device(&shost->shost_gendev);
}

/*
 * What the device can't map at once is not sent at once; and the core is to honour what the adapter
 * needs of a segment.
 */
static void settle_limits(struct Scsi_Host *shost, struct device *dma_dev)
{
	size_t most = dma_max_mapping_size(dma_dev) / SCSI_SECTOR;

	shost->cmd_per_lun = clamp_t(int, shost->cmd_per_lun, 1, shost->can_queue);
	shost->max_sectors = min_t(size_t, shost->max_sectors, max_t(size_t, most, 1));
	if (!shost->sg_tablesize)
		shost->max_sectors = 0;
	dma_set_seg_boundary(dma_dev, shost->dma_boundary);
	dma_set_max_seg_size(dma_dev, shost->max_segment_size);
}

int scsi_add_host_with_dma(struct Scsi_Host *shost, struct device *dev, struct device *dma_dev)
{
	struct dmk_scsi_host *host = shost->dmk;
	int err;

	if (shost->can_queue < 1 || !shost->hostt->queuecommand || !dma_dev ||
	    host->life != SCSI_HOST_NEW)
		return -EINVAL;
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	shost->dma_dev = dma_dev;
	settle_limits(shost, dma_dev);
	err = make_slots(host, shost->can_queue);
	if (err)
		return err;
	host->thread = kthread_run(dmk_scsi_thread, host, "scsi_eh_%u", shost->host_no);
	if (IS_ERR(host->thread)) {
		free_slots(host);
		return PTR_ERR(host->thread);
	}

	pthread_mutex_lock(&host->lock);
	host->life = SCSI_HOST_RUNNING;
	pthread_mutex_unlock(&host->lock);
	pthread_mutex_lock(&hosts_lock);
	list_add_tail(&host->link, &hosts);
	pthread_mutex_unlock(&hosts_lock);
	return 0;
}

/*
 * Requests that the driver never saw end at once; the others when it gives them back, or the error
 * handlers do.
 */
static void drain(struct dmk_scsi_host *host)
{
	struct dmk_scsi_command *command, *next;

	pthread_mutex_lock(&host->lock);
	host->life = SCSI_HOST_GOING;
	host->blocked = 1;
	list_for_each_entry_safe(command, next, &host->queue, link)
		dmk_scsi_end(command, DID_NO_CONNECT << 16);
	while (host->issued || host->late || host->recovering)
		pthread_cond_wait(&host->ended, &host->lock);
	pthread_mutex_unlock(&host->lock);
}

void scsi_remove_host(struct Scsi_Host *shost)
{
	struct dmk_scsi_host *host = shost->dmk;

	if (host->life != SCSI_HOST_RUNNING)
		return;
	pthread_mutex_lock(&hosts_lock);
	list_del_init(&host->link);
	pthread_mutex_unlock(&hosts_lock);
	drain(host);
	kthread_stop(host->thread);
	free_slots(host);
	dmk_scsi_reap(host);
}
