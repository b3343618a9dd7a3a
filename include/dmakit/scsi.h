/* SPDX-License-Identifier: MIT */
/*
 * The disks behind a driver's host adapter, from a test: send any command, read and write blocks.
 * Host world.
 *
 *	struct dmk_scsi_disk disk;
 *
 *	DMK_REQUIRE(dmk_scsi_disk(0, &disk));
 *	DMK_EXPECT(dmk_scsi_write(&disk, 10, 4, data) == 0);
 *
 * Data goes through memory of the machine's: pages as a page cache would have them, or pieces as a
 * program's buffers lie. The command's list is made of them within the host's limits, and the
 * driver never sees the caller's buffer.
 */
#ifndef DMAKIT_SCSI_H
#define DMAKIT_SCSI_H

#include <dmakit/types.h>

enum { DMK_SCSI_CDB = 16, DMK_SCSI_SENSE = 96 };

/** A device that scsi_scan_host() found. */
struct dmk_scsi_disk {
	unsigned int host, channel, target;
	uint64_t lun;
	uint64_t blocks;       /* 0: no disk, or its capacity could not be read */
	uint32_t block_size;   /* bytes */
	uint32_t max_bytes;    /* that one command may move */
	uint32_t max_segments; /* in one command's list */
	char vendor[9], product[17], revision[5];
};

/** dmk_scsi_disk - walk them; false: no such index. */
bool dmk_scsi_disk(unsigned int index, struct dmk_scsi_disk *disk);

struct dmk_scsi_command; /* the midlayer's */

/**
 * A command. Zero what is not said. Its memory and @data stay the caller's, and untouched, until
 * dmk_scsi_wait() has returned 0 or dmk_scsi_forget() has. */
struct dmk_scsi_request {
	uint8_t cdb[DMK_SCSI_CDB];
	unsigned int cdb_length;
	/* DMK_TO_DEVICE (to the disk), DMK_FROM_DEVICE; without data anything */
	enum dmk_direction direction;
	void *data;
	size_t size;            /* bytes; 0: no data */
	/* 0: whole pages, as they come; else a seed for pieces of any size at any offset */
	uint64_t pieces;
	unsigned int timeout_ms; /* that the driver may have it; 0: 30 s */
	unsigned int retries;   /* how often it may be tried again after an error that may pass */

	/* the answer */
	uint32_t result;   /* as scsi_cmnd has it: host byte << 16 | status */
	size_t residual;   /* bytes that were not moved */
	uint8_t sense[DMK_SCSI_SENSE];
	unsigned int tries; /* how often the driver took it */
	unsigned int busy;  /* how often it did not, for SCSI_MLQUEUE_… */

	struct dmk_scsi_command *command; /* the midlayer's; NULL: nothing is under way */
};

/**
 * dmk_scsi_submit - send it; returns at once
 * Return: 0, -ENODEV (the host or device is gone or offline), -EINVAL (more data than max_bytes, no
 *         CDB, a request under way), -E2BIG (its pieces are more than the host's list has room
 *         for), -ENOMEM (of the machine's memory: try again when something has ended).
 */
int dmk_scsi_submit(const struct dmk_scsi_disk *disk, struct dmk_scsi_request *request);

/**
 * dmk_scsi_wait - until it has ended, or @ms have passed
 * Return: 0: ended, see result; -ETIMEDOUT: still under way; -EINVAL: nothing was under way.
 */
int dmk_scsi_wait(struct dmk_scsi_request *request, unsigned int ms);

/**
 * dmk_scsi_forget - wait for it no more, as when the program that sent it was killed
 * It goes on, its answer is nobody's, and @request and its data are the caller's again at once.
 * Without effect when nothing is under way.
 */
void dmk_scsi_forget(struct dmk_scsi_request *request);

/**
 * dmk_scsi_read/dmk_scsi_write - @count blocks from block @first on; as many commands as it takes
 * Return: 0, -ENODEV, -EINVAL (beyond the end), -ENOMEM, -ETIMEDOUT, -EIO.
 */
int dmk_scsi_read(const struct dmk_scsi_disk *disk, uint64_t first, uint32_t count, void *data);
int dmk_scsi_write(const struct dmk_scsi_disk *disk, uint64_t first, uint32_t count,
		   const void *data);

#endif
