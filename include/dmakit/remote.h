/* SPDX-License-Identifier: MIT */
/*
 * A driver's files for other processes: an unmodified program opens /dev/edu0 and reaches the
 * driver in this one. Host world.
 *
 * The program's side is libdmakit-preload.so (tools/preload). Three kinds of connection, all of
 * them to one UNIX socket, with one packet a request and one a reply:
 *
 *   file    made by open(2). Its descriptor *is* the program's file: duplicated, inherited and closed without our doing, and when
 *           the last one is gone, however that came, the file is released. It carries the OPEN and
 *           nothing else.
 *   call    made for a thread, for all calls it makes on any file. A call that sleeps sleeps in a server's thread; DMK_REMOTE_CANCEL,
 *           or the end of the connection, interrupts it.
 *   mapping made by mmap(2). It carries the MAP, and later the UNMAP; the mapping lasts as long as
 *   it at most.
 *
 * A file is named by its connection's socket cookie (SO_COOKIE) on the program's side.
 */
#ifndef DMAKIT_REMOTE_H
#define DMAKIT_REMOTE_H

#include <dmakit/types.h>

/** Environment variable that tells the preload library where the socket is. */
#define DMK_REMOTE_ENVIRONMENT "DMAKIT_SOCKET"

/**
 * dmk_remote_start - serve the driver's files on a socket
 * @socket_path: made here, below 108 bytes; who can write to it can use the files
 * Context: the kernel part is booted. One server a program.
 * Return: 0, -EBUSY (it runs already), -ENAMETOOLONG, or what socket(2), bind(2) or
 *         pthread_create(3) said.
 */
int dmk_remote_start(const char *socket_path);

/**
 * dmk_remote_stop - end the server: calls under way are interrupted, files that programs left open
 * are released
 * Context: before modules are unloaded. Waits for the driver's calls to return.
 */
void dmk_remote_stop(void);

/** dmk_remote_files - how many files programs have open now. */
unsigned int dmk_remote_files(void);

/* --- what goes over the socket: both sides come from the same build, nothing here is stable --- */

enum dmk_remote_op {
	DMK_REMOTE_OPEN = 1, /* path, cookie of this connection; arg: flags */
	/* path, or "" and the cookie of a file. Reply: what stat(2) says of it */
	DMK_REMOTE_STATUS,
	DMK_REMOTE_LIST,     /* path of a directory; arg: index. Result: 1 and a name, or 0 */
	DMK_REMOTE_READ,     /* arg: address, size */
	DMK_REMOTE_WRITE,
	DMK_REMOTE_PREAD,    /* arg: address, size, offset */
	DMK_REMOTE_PWRITE,
	DMK_REMOTE_LSEEK,    /* arg: offset, whence */
	DMK_REMOTE_IOCTL,    /* arg: command, argument */
	DMK_REMOTE_POLL,     /* arg: events, timeout in ms */
	DMK_REMOTE_FSYNC,
	DMK_REMOTE_FLAGS,    /* arg: whether to set, flags of open(2). Result: the flags */
	/*
	 * mapping: cookie of this connection; arg: size, prot, flags, offset. Reply: runs, and the
	 * file they are in; without runs it is registers, for LOAD and STORE
	 */
	DMK_REMOTE_MAP,
	DMK_REMOTE_LOAD,     /* mapping; arg: offset, width. Reply: the value */
	DMK_REMOTE_STORE,    /* mapping; arg: offset, width, value */
	DMK_REMOTE_UNMAP,    /* on a mapping's connection */
	/* after close(2): returns when the file is released, if that was its last descriptor */
	DMK_REMOTE_CLOSED,
	DMK_REMOTE_CANCEL,   /* while a call is under way: interrupt it. No reply of its own */
};

struct dmk_remote_request {
	uint32_t op;
	uint32_t reserved;
	uint64_t cookie, mapping;
	uint64_t arg[4];
	char path[128];
};

/** A piece of a mapping: @size bytes from @offset of the file that came with the reply. */
struct dmk_remote_run {
	uint64_t offset, size;
};

enum { DMK_REMOTE_RUNS_MAX = 4096 };

/** Followed by nr_runs of struct dmk_remote_run. */
struct dmk_remote_reply {
	int64_t result; /* or a negative errno */
	uint64_t nr_runs;
	uint64_t value;              /* of a register; of a file: its size */
	uint32_t mode, major, minor; /* of a file */
	char name[68];               /* in a directory */
};

#endif
