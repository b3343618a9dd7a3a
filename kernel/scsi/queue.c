/* SPDX-License-Identifier: MIT */
/*
 * Requests: queued, given to the driver, taken back, tried again. What the driver may have at a
 * time is said by can_queue and the device's queue depth; what it refuses with SCSI_MLQUEUE_… is
 * the first to come again.
 *
 * A host's lock guards its requests; it is not held while the driver is called, so that scsi_done()
 * may come from anywhere, also before queuecommand has returned, also with the driver's own lock
 * held: nothing but bookkeeping is done there.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/timekeeping.h>
#include <scsi/scsi_tcq.h>

s64 dmk_scsi_now(void)
{
	return ktime_get();
}

void dmk_scsi_kick(struct dmk_scsi_host *host)
{
	__atomic_store_n(&host->kicked, true, __ATOMIC_RELEASE);
	wake_up(&host->wake);
}

/* --- a request's life ------------------------------------------------------------------------- */

struct dmk_scsi_command *dmk_scsi_command_new(struct dmk_scsi_device *device,
					      const struct dmk_scsi_request *request)
{
	struct dmk_scsi_command *command = calloc(1, sizeof(*command));

	if (!command)
		return NULL;
	INIT_LIST_HEAD(&command->link);
	INIT_LIST_HEAD(&command->forgotten);
	command->device = device;
	command->host = device->sdev.host->dmk;
	scsi_host_get(device->sdev.host);
	command->refs = 1;
	command->tag = -1;
	command->state = SCSI_ENDED;
	memcpy(command->cdb, request->cdb, sizeof(command->cdb));
	command->cdb_length = request->cdb_length;
	command->dir = request->size ? (enum dma_data_direction)request->direction : DMA_NONE;
	command->size = request->size;
	command->timeout = (request->timeout_ms ? request->timeout_ms : SCSI_TIMEOUT_MS) *
			   1000000LL;
	command->allowed = request->retries;
	return command;
}

static void put_command(struct dmk_scsi_command *command)
{
	bool last;

	pthread_mutex_lock(&command->host->lock);
	last = --command->refs == 0;
	pthread_mutex_unlock(&command->host->lock);
	if (!last)
		return;
	dmk_scsi_memory_free(&command->memory);
	scsi_host_put(command->host->shost);
	free(command);
}

void dmk_scsi_release(struct dmk_scsi_command *command)
{
	put_command(command);
}

void dmk_scsi_reap(struct dmk_scsi_host *host)
{
	struct dmk_scsi_command *command, *next;
	LIST_HEAD(ended);

	pthread_mutex_lock(&host->lock);
	list_for_each_entry_safe(command, next, &host->forgotten, forgotten)
		if (command->state == SCSI_ENDED)
			list_move(&command->forgotten, &ended);
	pthread_mutex_unlock(&host->lock);
	list_for_each_entry_safe(command, next, &ended, forgotten)
		put_command(command);
}

/*
 * After drain() every command has ended, so none is added behind the back of the reaping that ends
 * a host.
 */
void dmk_scsi_forgo(struct dmk_scsi_command *command)
{
	struct dmk_scsi_host *host = command->host;
	struct Scsi_Host *shost = host->shost;

	scsi_host_get(shost);
	pthread_mutex_lock(&host->lock);
	list_add_tail(&command->forgotten, &host->forgotten);
	pthread_mutex_unlock(&host->lock);
	dmk_scsi_reap(host);
	scsi_host_put(shost);
}

/* Its tag is another's from now on. */
static void give_back_tag(struct dmk_scsi_command *command)
{
	struct dmk_scsi_host *host = command->host;

	if (command->tag < 0)
		return;
	if (command->state == SCSI_ISSUED)
		host->issued--;
	if (command->state == SCSI_LATE)
		host->late--;
	command->device->busy--;
	__atomic_store_n(&host->slot[command->tag].command, NULL, __ATOMIC_RELAXED);
	command->tag = -1;
}

static void enqueue(struct dmk_scsi_command *command, bool first)
{
	struct dmk_scsi_host *host = command->host;

	if (host->life != SCSI_HOST_RUNNING) {
		dmk_scsi_end(command, DID_NO_CONNECT << 16);
		return;
	}
	give_back_tag(command);
	command->state = SCSI_WAITING;
	if (first)
		list_add(&command->link, &host->queue);
	else
		list_add_tail(&command->link, &host->queue);
}

void dmk_scsi_end(struct dmk_scsi_command *command, uint32_t result)
{
	struct dmk_scsi_host *host = command->host;

	if (command->state == SCSI_WAITING)
		list_del_init(&command->link);
	give_back_tag(command);
	command->result = result;
	command->state = SCSI_ENDED;
	pthread_cond_broadcast(&host->ended);
}

/* What doesn't count goes on for as long as the tries that do count may take. */
static bool may_try_again(const struct dmk_scsi_command *command)
{
	return dmk_scsi_now() - command->since <= command->timeout * (command->allowed + 1);
}

void dmk_scsi_again(struct dmk_scsi_command *command, uint32_t otherwise)
{
	if (command->retries++ >= command->allowed) {
		dmk_scsi_end(command, otherwise);
		return;
	}
	command->since = dmk_scsi_now();
	enqueue(command, true);
}

int dmk_scsi_queue(struct dmk_scsi_command *command)
{
	struct dmk_scsi_host *host = command->host;
	int err = 0;

	pthread_mutex_lock(&host->lock);
	if (host->life != SCSI_HOST_RUNNING || command->device->offline) {
		err = -ENODEV;
	} else {
		command->since = dmk_scsi_now();
		enqueue(command, false);
	}
	pthread_mutex_unlock(&host->lock);
	if (err)
		return err;
	dmk_scsi_dispatch(host);
	return 0;
}

bool dmk_scsi_await(struct dmk_scsi_command *command, unsigned int ms)
{
	struct dmk_scsi_host *host = command->host;
	struct timespec until;
	bool ended;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	pthread_mutex_lock(&host->lock);
	while (command->state != SCSI_ENDED)
		if (pthread_cond_timedwait(&host->ended, &host->lock, &until))
			break;
	ended = command->state == SCSI_ENDED;
	pthread_mutex_unlock(&host->lock);
	return ended;
}

/* --- to the driver ---------------------------------------------------------------------------- */

static struct scsi_slot *free_slot(struct dmk_scsi_host *host)
{
	for (unsigned int i = 0; i < host->nr_slots; i++)
		if (!host->slot[i].command)
			return &host->slot[i];
	return NULL;
}

/* The oldest request whose device has room; with the lock held. */
static struct dmk_scsi_command *next_command(struct dmk_scsi_host *host)
{
	struct dmk_scsi_command *command;

	if (host->blocked || host->recovering || dmk_scsi_now() < host->not_before)
		return NULL;
	list_for_each_entry(command, &host->queue, link)
		if (command->device->busy < command->device->sdev.queue_depth)
			return command;
	return NULL;
}

/* The command block as the driver is to see it. */
static void prepare(struct dmk_scsi_command *command, struct scsi_cmnd *cmd)
{
	const struct scsi_host_template *hostt = command->host->shost->hostt;
	unsigned char *sense = cmd->sense_buffer;

	memset(cmd, 0, sizeof(*cmd));
	memset(sense, 0, SCSI_SENSE_BUFFERSIZE);
	if (!hostt->init_cmd_priv)
		memset(scsi_cmd_priv(cmd), 0, hostt->cmd_size);
	cmd->sense_buffer = sense;
	cmd->device = &command->device->sdev;
	cmd->jiffies_at_alloc = jiffies;
	cmd->retries = command->retries;
	cmd->allowed = command->allowed;
	cmd->cmd_len = command->cdb_length;
	memcpy(cmd->cmnd, command->cdb, command->cdb_length);
	cmd->sc_data_direction = command->dir;
	cmd->sdb.length = command->size;
	cmd->sdb.table.sgl = command->memory.nr_tables ? command->memory.table[0] : NULL;
	cmd->sdb.table.nents = cmd->sdb.table.orig_nents = command->memory.nents;
}

/* With the lock held: the request is the driver's from now on, and has a reference for the call. */
static struct scsi_cmnd *issue(struct dmk_scsi_command *command, struct scsi_slot *slot)
{
	struct dmk_scsi_host *host = command->host;

	list_del_init(&command->link);
	command->tag = slot - host->slot;
	command->state = SCSI_ISSUED;
	command->due = dmk_scsi_now() + command->timeout;
	command->tries++;
	command->refs++;
	command->device->busy++;
	host->issued++;
	prepare(command, slot->cmd);
	__atomic_store_n(&slot->command, command, __ATOMIC_RELEASE);
	return slot->cmd;
}

static bool is_busy_answer(int answer)
{
	return answer >= SCSI_MLQUEUE_HOST_BUSY && answer <= SCSI_MLQUEUE_TARGET_BUSY;
}

/* With the lock held: the driver did not take it. */
static void refused(struct dmk_scsi_command *command, int answer)
{
	struct dmk_scsi_host *host = command->host;
	const void *queuecommand = (void *)(unsigned long)host->shost->hostt->queuecommand;

	if (!is_busy_answer(answer))
		dmk_complain(queuecommand,
			     "queuecommand() returned %d: 0 and SCSI_MLQUEUE_… are what it may",
			     answer);
	if (command->state != SCSI_ISSUED) {
		if (command->state != SCSI_LATE)
			dmk_complain(
				queuecommand,
				"queuecommand() returned %#x for a command that scsi_done() was called for: it may be one or the other",
				answer);
		return;
	}
	command->tries--;
	command->busy++;
	host->not_before = dmk_scsi_now() + SCSI_BUSY_NS;
	enqueue(command, true);
}

static void call_driver(struct dmk_scsi_command *command, struct scsi_cmnd *cmd)
{
	struct dmk_scsi_host *host = command->host;
	int answer;

	/* Where queuecommand is called nobody may sleep: the block layer's rule. */
	preempt_disable();
	answer = host->shost->hostt->queuecommand(host->shost, cmd);
	preempt_enable();
	if (answer) {
		pthread_mutex_lock(&host->lock);
		refused(command, answer);
		dmk_scsi_kick(host); /* with the lock held: as in scsi_done() */
		pthread_mutex_unlock(&host->lock);
	}
	put_command(command);
}

void dmk_scsi_dispatch(struct dmk_scsi_host *host)
{
	for (;;) {
		struct dmk_scsi_command *command;
		struct scsi_cmnd *cmd = NULL;
		struct scsi_slot *slot;
		bool sooner = false;

		pthread_mutex_lock(&host->lock);
		command = next_command(host);
		slot = command ? free_slot(host) : NULL;
		if (slot) {
			cmd = issue(command, slot);
			sooner = command->due < host->wakes_at;
		}
		pthread_mutex_unlock(&host->lock);
		if (!cmd)
			return;
		if (sooner)
			dmk_scsi_kick(host);
		call_driver(command, cmd);
	}
}

/* --- back from the driver --------------------------------------------------------------------- */

enum verdict { FINISHED, AGAIN, LATER };

static enum verdict judge_sense(const u8 *sense)
{
	struct scsi_sense_hdr header;

	if (!scsi_normalize_sense(sense, SCSI_SENSE_BUFFERSIZE, &header))
		return FINISHED;
	if (header.sense_key == UNIT_ATTENTION || header.sense_key == ABORTED_COMMAND)
		return AGAIN;
	/* Becoming ready. */
	if (header.sense_key == NOT_READY && header.asc == 0x04 && header.ascq == 0x01)
		return AGAIN;
	return FINISHED;
}

static enum verdict judge_status(uint32_t result, const u8 *sense)
{
	switch (result & 0xff) {
	case SAM_STAT_CHECK_CONDITION:
		return judge_sense(sense);
	case SAM_STAT_BUSY:
	case SAM_STAT_TASK_SET_FULL:
		return LATER;
	case SAM_STAT_TASK_ABORTED:
		return AGAIN;
	}
	return FINISHED;
}

static enum verdict judge(uint32_t result, const u8 *sense)
{
	switch (host_byte(result)) {
	case DID_OK:
		return judge_status(result, sense);
	case DID_REQUEUE:
	case DID_IMM_RETRY:
		return LATER;
	case DID_BUS_BUSY:
	case DID_PARITY:
	case DID_ERROR:
	case DID_RESET:
	case DID_SOFT_ERROR:
	case DID_TRANSPORT_DISRUPTED:
		return AGAIN;
	}
	return FINISHED;
}

/* With the lock held. */
static void done(struct dmk_scsi_command *command, struct scsi_cmnd *cmd)
{
	uint32_t result = cmd->result;

	memcpy(command->sense, cmd->sense_buffer, sizeof(command->sense));
	command->resid = min(cmd->resid_len, command->size);
	switch (judge(result, command->sense)) {
	case FINISHED:
		/* What the driver had no room for may fit now. */
		command->host->not_before = 0;
		dmk_scsi_end(command, result);
		break;
	case AGAIN:
		dmk_scsi_again(command, result);
		break;
	case LATER:
		command->host->not_before = dmk_scsi_now() + SCSI_BUSY_NS;
		if (may_try_again(command))
			enqueue(command, true);
		else
			dmk_scsi_end(command, result);
		break;
	}
}

static struct scsi_slot *slot_of(struct dmk_scsi_host *host, const struct scsi_cmnd *cmd)
{
	for (unsigned int i = 0; i < host->nr_slots; i++)
		if (host->slot[i].cmd == cmd)
			return &host->slot[i];
	return NULL;
}

/* Who asked for the data reads it, from now on: that it may is judged where the driver said so. */
static void data_read(struct scsi_cmnd *cmd, struct dmk_place place)
{
	size_t left = scsi_bufflen(cmd) - min(cmd->resid_len, scsi_bufflen(cmd));
	struct scatterlist *sg;
	unsigned int i;

	if (cmd->sc_data_direction != DMA_FROM_DEVICE || cmd->result)
		return;
	for_each_sg(scsi_sglist(cmd), sg, scsi_sg_count(cmd), i) {
		const size_t n = min_t(size_t, sg->length, left);

		dmk_memory_read(sg_phys(sg), n, "scsi_done", place);
		left -= n;
	}
}

void scsi_done(struct scsi_cmnd *cmd)
{
	struct dmk_scsi_host *host = cmd->device->host->dmk;
	struct dmk_scsi_command *command;
	struct scsi_slot *slot;

	pthread_mutex_lock(&host->lock);
	slot = slot_of(host, cmd);
	command = slot ? slot->command : NULL;
	/*
	 * One that is late is the error handler's: it decides, whatever the driver says meanwhile.
	 */
	if (command && command->state == SCSI_ISSUED) {
		data_read(cmd, DMK_HERE);
		done(command, cmd);
	}
	/*
	 * With the lock held: a host that is removed may be gone as soon as its last command has
	 * ended and the lock is free.
	 */
	dmk_scsi_kick(host);
	pthread_mutex_unlock(&host->lock);
	if (!command)
		dmk_complain(__builtin_return_address(0),
			     "scsi_done() of a command that the driver doesn't have");
}

struct scsi_cmnd *scsi_host_find_tag(struct Scsi_Host *shost, int tag)
{
	struct dmk_scsi_host *host = shost->dmk;

	if (tag < 0 || (unsigned int)tag >= host->nr_slots)
		return NULL;
	return __atomic_load_n(&host->slot[tag].command, __ATOMIC_ACQUIRE) ? host->slot[tag].cmd
									   : NULL;
}

/* --- small calls ------------------------------------------------------------------------------ */

struct device *dmk_scsi_dma_dev(const struct scsi_cmnd *cmd)
{
	return cmd->device->host->dma_dev;
}

int scsi_host_busy(struct Scsi_Host *shost)
{
	struct dmk_scsi_host *host = shost->dmk;
	int busy;

	pthread_mutex_lock(&host->lock);
	busy = host->issued + host->late;
	pthread_mutex_unlock(&host->lock);
	return busy;
}

void scsi_block_requests(struct Scsi_Host *shost)
{
	pthread_mutex_lock(&shost->dmk->lock);
	shost->dmk->blocked = 1;
	pthread_mutex_unlock(&shost->dmk->lock);
}

void scsi_unblock_requests(struct Scsi_Host *shost)
{
	pthread_mutex_lock(&shost->dmk->lock);
	shost->dmk->blocked = 0;
	pthread_mutex_unlock(&shost->dmk->lock);
	dmk_scsi_kick(shost->dmk);
}

int scsi_change_queue_depth(struct scsi_device *sdev, int depth)
{
	struct dmk_scsi_host *host = sdev->host->dmk;

	pthread_mutex_lock(&host->lock);
	if (depth > 0)
		sdev->queue_depth = min(depth, sdev->host->can_queue);
	depth = sdev->queue_depth;
	pthread_mutex_unlock(&host->lock);
	dmk_scsi_kick(host);
	return depth;
}
