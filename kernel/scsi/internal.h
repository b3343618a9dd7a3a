/* SPDX-License-Identifier: MIT */
/*
 * What the files of kernel/scsi share. A host and its commands as the midlayer knows them: in the C
 * heap, where no device writes. What a driver sees of them (Scsi_Host, scsi_cmnd, sense buffers) is
 * kmalloc()ed, as drivers may map it.
 *
 * A request's life, under the host's lock:
 *
 *	          dispatch()            scsi_done()
 *	WAITING ------------> ISSUED ----------------> ENDED
 *	   ^                   |  |                      ^
 *	   |   SCSI_MLQUEUE_…  |  | its time is over     |
 *	   +-------------------+  v                      |
 *	   +------------------- LATE --------------------+
 *	       handler: SUCCESS        no more tries
 *
 * A request has a tag, and with it a scsi_cmnd, while it is ISSUED or LATE.
 */
#ifndef DMK_KERNEL_SCSI_INTERNAL_H
#define DMK_KERNEL_SCSI_INTERNAL_H

#include <pthread.h>

#include <dmakit/scsi.h>
#include <linux/list.h>
#include <linux/wait.h>
#include <scsi/scsi_cmnd.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_host.h>

#include "../internal.h"

enum {
	SCSI_SECTOR = 512,
	SCSI_TIMEOUT_MS = 30000,
	SCSI_BUSY_NS = 3000000,
	SCSI_SCAN_MS = 6000,
	SCSI_SCAN_TRIES = 3
};

/** Memory that a command's data goes through. buffer.c */
struct scsi_memory {
	struct page **page;
	struct scsi_chunk {
		struct page *page;
		unsigned int offset, length;
	} *chunk;
	struct scatterlist **table; /* kmalloc() memory, each chained to the next */
	unsigned int nr_pages, nr_chunks, nr_tables;
	unsigned int nents; /* of the list */
};

enum scsi_state { SCSI_WAITING, SCSI_ISSUED, SCSI_LATE, SCSI_ENDED };

struct dmk_scsi_command {
	struct list_head link; /* in the host's queue, while WAITING */
	struct list_head forgotten; /* in the host's list, when nobody waits for it any more */
	struct dmk_scsi_host *host;
	struct dmk_scsi_device *device;
	int refs; /* who sent it, the midlayer, a call of queuecommand */
	enum scsi_state state;
	int tag; /* -1: none */

	uint8_t cdb[DMK_SCSI_CDB];
	unsigned int cdb_length;
	enum dma_data_direction dir;
	unsigned int size;
	struct scsi_memory memory;

	s64 since;        /* ns: sent, or tried again in a way that counts */
	s64 timeout, due; /* ns */
	unsigned int allowed, retries;

	/* the answer */
	uint32_t result;
	unsigned int resid, tries, busy;
	uint8_t sense[SCSI_SENSE_BUFFERSIZE];
};

struct dmk_scsi_device {
	struct scsi_device sdev; /* first */
	struct list_head link;
	unsigned int busy; /* requests that are ISSUED or LATE */
	bool offline;
	uint64_t blocks;
	unsigned char inquiry[36];
};

/** A command block: one a tag. */
struct scsi_slot {
	struct request *rq; /* kmalloc(): request, scsi_cmnd, private part */
	struct scsi_cmnd *cmd;
	struct dmk_scsi_command *command; /* that has it; NULL: it is free */
};

enum scsi_host_life { SCSI_HOST_NEW, SCSI_HOST_RUNNING, SCSI_HOST_GOING };

struct dmk_scsi_host {
	struct Scsi_Host *shost;
	struct list_head link;

	pthread_mutex_t lock; /* guards all below; never held while the driver is called */
	pthread_cond_t ended; /* a request ended, or was given back by the driver */
	enum scsi_host_life life;
	unsigned int blocked;  /* scsi_block_requests() */
	bool recovering;       /* error handlers are at work */
	s64 not_before;        /* ns: the driver was busy, wait */
	s64 wakes_at;          /* ns: when the thread looks at the clock again */
	struct list_head queue; /* WAITING */
	struct list_head forgotten; /* whose sender's reference is the host's now */
	unsigned int issued, late; /* requests in that state */
	struct scsi_slot *slot;
	unsigned int nr_slots;
	struct list_head devices;

	struct task_struct *thread;
	wait_queue_head_t wake; /* of the thread */
	bool kicked;
};

static inline struct scsi_cmnd *dmk_scsi_cmnd_of(struct dmk_scsi_command *command)
{
	return command->tag < 0 ? NULL : command->host->slot[command->tag].cmd;
}

/* --- host.c ----------------------------------------------------------------------------------- */

/**
 * The device at that place, with its host's reference held; NULL: none. dmk_scsi_put() gives it
 * back.
 */
struct dmk_scsi_device *dmk_scsi_device_find(const struct dmk_scsi_disk *disk);
void dmk_scsi_put(struct dmk_scsi_device *device);
struct dmk_scsi_device *dmk_scsi_device_new(struct dmk_scsi_host *host, unsigned int channel,
					    unsigned int id, u64 lun);
void dmk_scsi_device_free(struct dmk_scsi_device *device);

/* --- queue.c ---------------------------------------------------------------------------------- */

/**
 * A request for @device; NULL: no memory. It is sent by dmk_scsi_queue() and ended by
 * dmk_scsi_release().
 */
struct dmk_scsi_command *dmk_scsi_command_new(struct dmk_scsi_device *device,
					      const struct dmk_scsi_request *request);
int dmk_scsi_queue(struct dmk_scsi_command *command);
/** Wait for its end, @ms at most; false: it has not ended. */
bool dmk_scsi_await(struct dmk_scsi_command *command, unsigned int ms);
void dmk_scsi_release(struct dmk_scsi_command *command);
/**
 * As dmk_scsi_release(), of one that may be under way: it is let go when it has ended, at the
 * latest as the host is removed.
 */
void dmk_scsi_forgo(struct dmk_scsi_command *command);
/** Let go what was forgotten and has ended. The caller has a reference on the host. */
void dmk_scsi_reap(struct dmk_scsi_host *host);
/** Give the driver what it may have. */
void dmk_scsi_dispatch(struct dmk_scsi_host *host);
void dmk_scsi_kick(struct dmk_scsi_host *host);
/**
 * With the host's lock held: it has ended; it is tried again, if it may be. Its tag is free
 * afterwards.
 */
void dmk_scsi_end(struct dmk_scsi_command *command, uint32_t result);
void dmk_scsi_again(struct dmk_scsi_command *command, uint32_t otherwise);
s64 dmk_scsi_now(void);

/* --- error.c ---------------------------------------------------------------------------------- */

/** The host's thread: dispatches, watches the clock, calls the error handlers. */
int dmk_scsi_thread(void *host);

/* --- buffer.c --------------------------------------------------------------------------------- */

int dmk_scsi_memory_make(struct scsi_memory *memory, struct Scsi_Host *shost, unsigned int size,
			 uint64_t pieces);
void dmk_scsi_memory_free(struct scsi_memory *memory);
void dmk_scsi_memory_copy(struct scsi_memory *memory, void *data, unsigned int size,
			  bool to_memory);

#endif
