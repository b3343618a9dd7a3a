/* SPDX-License-Identifier: MIT */
/*
 * A driver's files, from a test: what open(2), read(2), ioctl(2), mmap(2) and poll(2) do to a
 * driver's file_operations. Files are in /dev, and below /proc and /sys (debugfs is in
 * /sys/kernel/debug). Host world.
 *
 * Every call works as the system call does, except that an error is returned as a negative errno.
 */
#ifndef DMAKIT_FILE_H
#define DMAKIT_FILE_H

#include <dmakit/types.h>

struct dmk_file;

/**
 * dmk_open - open "/dev/edu0" (or "edu0"), "/proc/edu", "/sys/class/edu/edu0/speed". @flags as
 * open(2). Return: 0 and @file, -ENOENT, or what the driver said.
 */
int dmk_open(const char *path, int flags, struct dmk_file **file);
int dmk_close(struct dmk_file *file);
long dmk_read(struct dmk_file *file, void *buffer, size_t size);
long dmk_write(struct dmk_file *file, const void *buffer, size_t size);
long dmk_pread(struct dmk_file *file, void *buffer, size_t size, int64_t offset);
long dmk_pwrite(struct dmk_file *file, const void *buffer, size_t size, int64_t offset);
int64_t dmk_lseek(struct dmk_file *file, int64_t offset, int whence);
long dmk_ioctl(struct dmk_file *file, unsigned int command, unsigned long argument);
/**
 * dmk_mmap - returns the address in *@address. @prot and @flags as mmap(2), @offset in bytes, page
 * aligned.
 */
int dmk_mmap(struct dmk_file *file, size_t size, int prot, int flags, int64_t offset,
	     void **address);
int dmk_munmap(void *address, size_t size);
/**
 * dmk_poll - wait until one of @events (POLLIN, …) is there or @timeout_ms passed (-1: no limit).
 * Return: revents, 0, or -EINTR.
 */
int dmk_poll(struct dmk_file *file, short events, int timeout_ms);
int dmk_fsync(struct dmk_file *file);

/**
 * dmk_file_flags - the flags it was opened with; @set: 0, or 1 to change those that fcntl(2) can
 * (O_NONBLOCK, O_APPEND) to what they are in @flags. Return: the flags.
 */
int dmk_file_flags(struct dmk_file *file, int set, int flags);

/**
 * dmk_close_files - unmap and close what is open and mapped, as the end of a program does. No call
 * on a file is under way.
 */
void dmk_close_files(void);

/**
 * dmk_device_file - walk the character devices that exist: "edu0". false: no such index. @name: at
 * least 64 bytes.
 */
bool dmk_device_file(unsigned int index, char *name, size_t size);

struct dmk_file_status {
	unsigned int mode;         /* kind and permissions, as st_mode has them */
	unsigned int major, minor; /* of a device */
	int64_t size;
};
/** dmk_file_status - of what is at an absolute path, links followed. 0, -ENOENT. */
int dmk_file_status(const char *path, struct dmk_file_status *status);
/**
 * dmk_file_list - walk a directory, "/dev" or one below /proc and /sys. Return: 1 and a name of at
 * most @size bytes, 0: no such index, -ENOENT, -ENOTDIR.
 */
int dmk_file_list(const char *directory, unsigned int index, char *name, size_t size);

/**
 * dmk_interrupt_files - make every sleeping read, write, ioctl and poll of the calling program's
 * other threads return as if
 *  a signal had arrived (-ERESTARTSYS in the driver, -EINTR for the caller). */
void dmk_interrupt_files(void);

#endif
