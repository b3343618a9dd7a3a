/* SPDX-License-Identifier: MIT */
/*
 * A host's thread: it gives the driver what others could not, watches how long the driver has a
 * command, and calls the error handlers for one that takes too long, gentlest first:
 *
 *	eh_abort_handler         each late command; the others go on
 *	eh_device_reset_handler  what is still late, once for each device
 *	eh_host_reset_handler    the rest, when the driver has nothing but late commands
 *
 * While they work, nothing is queued. A command that a handler got back is tried again as often as
 * it is allowed. When nothing helps, the device is offline: its requests end, and new ones are
 * refused.
 */
#include "internal.h"

#include <linux/jiffies.h>
#include <linux/kthread.h>

#define TIMED_OUT (DID_TIME_OUT << 16)

/* --- looking at the clock --------------------------------------------------------------------- */

/* With the lock held: commands whose time with the driver is over are late. */
static void note_late(struct dmk_scsi_host *host)
{
	s64 now = dmk_scsi_now();

	for (unsigned int i = 0; i < host->nr_slots; i++) {
		struct dmk_scsi_command *command = host->slot[i].command;

		if (!command || command->state != SCSI_ISSUED || command->due > now)
			continue;
		command->state = SCSI_LATE;
		host->issued--;
		host->late++;
	}
}

/* With the lock held: a request that the driver never takes ends, too. */
static void end_hopeless(struct dmk_scsi_host *host)
{
	struct dmk_scsi_command *command, *next;
	s64 now = dmk_scsi_now();

	list_for_each_entry_safe(command, next, &host->queue, link) {
		if (now - command->since <= command->timeout * (command->allowed + 1))
			continue;
		if (command->busy)
			dmk_print(
				4, dev_name(&host->shost->shost_gendev),
				"a request is given up: the driver has been busy whenever it was asked");
		dmk_scsi_end(command, TIMED_OUT);
	}
}

static s64 earlier(s64 a, s64 b)
{
	return a < b ? a : b;
}

/* When something is to be done next, if nobody kicks before; with the lock held. */
static s64 next_time(struct dmk_scsi_host *host)
{
	s64 next = dmk_scsi_now() + 1000000000;
	struct dmk_scsi_command *command;

	for (unsigned int i = 0; i < host->nr_slots; i++)
		if (host->slot[i].command && host->slot[i].command->state == SCSI_ISSUED)
			next = earlier(next, host->slot[i].command->due);
	list_for_each_entry(command, &host->queue, link)
		next = earlier(next, command->since + command->timeout * (command->allowed + 1));
	if (!list_empty(&host->queue) && host->not_before > dmk_scsi_now())
		next = earlier(next, host->not_before);
	return next;
}

static void sleep_until_next(struct dmk_scsi_host *host)
{
	s64 left;

	pthread_mutex_lock(&host->lock);
	host->wakes_at = next_time(host);
	left = host->wakes_at - dmk_scsi_now();
	pthread_mutex_unlock(&host->lock);
	if (left > 0)
		wait_event_timeout(host->wake,
				   __atomic_load_n(&host->kicked, __ATOMIC_ACQUIRE) ||
					   kthread_should_stop(),
				   nsecs_to_jiffies(left) + 1);
	__atomic_store_n(&host->kicked, false, __ATOMIC_RELEASE);
}

/* --- the handlers ----------------------------------------------------------------------------- */

/*
 * A late command after @index, with a reference; NULL: no more. Only this thread ends a late
 * command.
 */
static struct dmk_scsi_command *next_late(struct dmk_scsi_host *host, unsigned int *index)
{
	struct dmk_scsi_command *found = NULL;

	pthread_mutex_lock(&host->lock);
	for (; *index < host->nr_slots && !found; ++*index) {
		struct dmk_scsi_command *command = host->slot[*index].command;

		if (command && command->state == SCSI_LATE)
			found = command;
	}
	if (found)
		found->refs++;
	pthread_mutex_unlock(&host->lock);
	return found;
}

/* The driver gave it back. */
static void recovered(struct dmk_scsi_command *command, uint32_t otherwise)
{
	pthread_mutex_lock(&command->host->lock);
	dmk_scsi_again(command, otherwise);
	pthread_mutex_unlock(&command->host->lock);
}

static void ended(struct dmk_scsi_command *command, uint32_t result)
{
	pthread_mutex_lock(&command->host->lock);
	dmk_scsi_end(command, result);
	pthread_mutex_unlock(&command->host->lock);
}

static void abort_late(struct dmk_scsi_host *host)
{
	int (*handler)(struct scsi_cmnd *) = host->shost->hostt->eh_abort_handler;
	struct dmk_scsi_command *command;
	unsigned int index = 0;

	while (handler && (command = next_late(host, &index))) {
		int answer = handler(dmk_scsi_cmnd_of(command));

		if (answer == SUCCESS)
			recovered(command, TIMED_OUT);
		else if (answer == FAST_IO_FAIL)
			ended(command, DID_TRANSPORT_DISRUPTED << 16);
		dmk_scsi_release(command);
	}
}

/* What is late of @device, or of all devices. */
static void recover_all(struct dmk_scsi_host *host, const struct dmk_scsi_device *device)
{
	struct dmk_scsi_command *command;
	unsigned int index = 0;

	while ((command = next_late(host, &index))) {
		if (!device || command->device == device)
			recovered(command, TIMED_OUT);
		dmk_scsi_release(command);
	}
}

static void reset_devices(struct dmk_scsi_host *host)
{
	int (*handler)(struct scsi_cmnd *) = host->shost->hostt->eh_device_reset_handler;
	const struct dmk_scsi_device *tried = NULL;
	struct dmk_scsi_command *command;
	unsigned int index = 0;

	while (handler && (command = next_late(host, &index))) {
		if (command->device != tried && handler(dmk_scsi_cmnd_of(command)) == SUCCESS)
			recover_all(host, command->device);
		tried = command->device;
		dmk_scsi_release(command);
	}
}

static void give_up(struct dmk_scsi_host *host)
{
	struct dmk_scsi_command *command;
	unsigned int index = 0;

	while ((command = next_late(host, &index))) {
		pthread_mutex_lock(&host->lock);
		command->device->offline = true;
		dmk_scsi_end(command, TIMED_OUT);
		pthread_mutex_unlock(&host->lock);
		dmk_print(6, dev_name(&command->device->sdev.sdev_gendev),
			  "offline: no error handler could get its command back");
		dmk_scsi_release(command);
	}
}

static void reset_host(struct dmk_scsi_host *host)
{
	int (*handler)(struct scsi_cmnd *) = host->shost->hostt->eh_host_reset_handler;
	struct dmk_scsi_command *command;
	unsigned int index = 0;

	command = handler ? next_late(host, &index) : NULL;
	if (command) {
		if (handler(dmk_scsi_cmnd_of(command)) == SUCCESS)
			recover_all(host, NULL);
		dmk_scsi_release(command);
	}
	give_up(host);
}

static void count(struct dmk_scsi_host *host, unsigned int *issued, unsigned int *late)
{
	pthread_mutex_lock(&host->lock);
	note_late(host);
	*issued = host->issued;
	*late = host->late;
	pthread_mutex_unlock(&host->lock);
}

static void set_recovering(struct dmk_scsi_host *host, bool recovering)
{
	pthread_mutex_lock(&host->lock);
	host->recovering = recovering;
	pthread_cond_broadcast(&host->ended);
	pthread_mutex_unlock(&host->lock);
}

static void recover(struct dmk_scsi_host *host)
{
	unsigned int issued, late;

	set_recovering(host, true);
	abort_late(host);
	reset_devices(host);
	count(host, &issued, &late);
	/* Before everything is reset, the others may come back, or become late themselves. */
	while (late && issued) {
		sleep_until_next(host);
		count(host, &issued, &late);
	}
	if (late)
		reset_host(host);
	set_recovering(host, false);
}

int dmk_scsi_thread(void *data)
{
	struct dmk_scsi_host *host = data;

	while (!kthread_should_stop()) {
		unsigned int issued, late;

		sleep_until_next(host);
		count(host, &issued, &late);
		if (late)
			recover(host);
		pthread_mutex_lock(&host->lock);
		end_hopeless(host);
		pthread_mutex_unlock(&host->lock);
		dmk_scsi_dispatch(host);
	}
	return 0;
}
