/* SPDX-License-Identifier: MIT */
/*
 * The program's side of <dmakit/remote.h>: connections and calls. What libc's functions look like
 * is preload.c's.
 */
#ifndef DMK_PRELOAD_CLIENT_H
#define DMK_PRELOAD_CLIENT_H

#include <dmakit/remote.h>

#include <sys/types.h>

/**
 * client_is_file - whether @fd is a driver's file, of this or another process's making. Leaves
 * errno alone.
 */
bool client_is_file(int fd, uint64_t *cookie);

/** client_open - Return: a descriptor; -ENOENT: no driver has such a file; or a negative errno. */
int client_open(const char *path, int flags);

/**
 * client_status - what stat(2) says of a driver's file, by its path, or with "" by its cookie.
 * false: it is none.
 */
bool client_status(const char *path, uint64_t cookie, struct dmk_remote_reply *reply);

/** client_list - the @index-th name in a driver's directory. false: there is none. */
bool client_list(const char *path, unsigned int index, char name[64]);

/**
 * client_call - one call, and its result: a number, or a negative errno. A signal that the program
 * handles interrupts it.
 */
int64_t client_call(enum dmk_remote_op op, uint64_t cookie, uint64_t first, uint64_t second,
		    uint64_t third);

/**
 * client_watch - begin a poll without end. Return: a descriptor that becomes readable when it
 * returned; close it in any case.
 */
int client_watch(uint64_t cookie, short events);
/** client_watched - its result: events, or a negative errno. */
int64_t client_watched(int fd);

void *client_map(uint64_t cookie, void *address, size_t size, int prot, int flags, off_t offset);
/**
 * client_access - a load or store of @width bytes at @offset of the registers that are mapped under
 * the name of @mapping. Async-signal-safe as far as sockets are. Return: 0 or a negative errno.
 */
int64_t client_access(enum dmk_remote_op op, uint64_t mapping, uint64_t offset, unsigned int width,
		      uint64_t *value);
/** client_unmapped - [address, address + size) is no longer mapped: mappings that lie in it end. */
void client_unmapped(void *address, size_t size);

/* --- registers that a program has mapped (registers.c) ---------------------------------------- */

/**
 * registers_add - accesses to [address, address + size), where nothing is, go to @mapping. Return:
 * false: not on this machine, or there is no room.
 */
bool registers_add(void *address, size_t size, uint64_t mapping);
/** registers_remove - those that lie in [address, address + size) are no more. */
void registers_remove(void *address, size_t size);

/** close(2) itself, without the library's. */
void client_close(int fd);

#endif
