/* SPDX-License-Identifier: MIT */
/*
 * The device half of the kernel part: what the other half, the runner and dmakit's own tests call.
 * Host world; no driver sees it.
 */
#ifndef DMK_KERNEL_DEVICE_H
#define DMK_KERNEL_DEVICE_H

#include <dmakit/port.h>
#include <dmakit/types.h>

struct device;
struct dmk_user;

/**
 * dmk_devices_start - resources, buses and the devices of the machine; nothing is probed
 * Context: once a boot, when allocators, interrupts and the core work.
 * Return: 0, or a negative errno with one line in @error.
 */
int dmk_devices_start(const struct dmk_port *port, char *error, size_t error_size);

/**
 * dmk_devices_stop - drivers unbound, files and mappings forgotten, devices removed. Before the
 * core and the allocators stop.
 */
void dmk_devices_stop(void);

/* --- addresses that are registers ------------------------------------------------------------- */

/** Whether @address lies where ioremap() puts its cookies, mapped or not. */
bool dmk_is_iomem(const volatile void *address);

/**
 * dmk_iomem_fault - for a SIGSEGV or SIGBUS handler: take the fault if it is one of ours
 * @siginfo: siginfo_t *, @ucontext: as the handler got it
 *
 * Ours are a plain dereference of an ioremap() cookie (announced, then made to work as on a common
 * PC: ADR-03) and a user pointer that points nowhere, inside copy_to_user() and its kin.
 * Async-signal-safe as far as the machine's mmio hooks are.
 * Return: true: return from the handler, the program goes on. It may also not return.
 */
bool dmk_iomem_fault(void *siginfo, void *ucontext);

/** dmk_iomem_step - the same for a SIGTRAP handler: the second half of a dereference. */
bool dmk_iomem_step(void *siginfo, void *ucontext);

/* --- whose memory user pointers are ----------------------------------------------------------- */

/**
 * A program whose system calls are being served. Its memory is read and written by
 * process_vm_readv/writev.
 */
struct dmk_user {
	int pid; /* the host's process id */
};

/**
 * dmk_user_set - from now on this thread's user pointers are @user's; NULL: this process's. @user
 * stays valid until the next call.
 * Return: what it was before.
 */
const struct dmk_user *dmk_user_set(const struct dmk_user *user);
const struct dmk_user *dmk_user_get(void);

/* --- views ------------------------------------------------------------------------------------ */

/** A line of /proc/iomem or /proc/ioports. */
struct dmk_resource_line {
	uint64_t first, last;
	unsigned int depth; /* 0: a child of the root */
	char name[64];
};
/**
 * dmk_isa_dma_list - who has which DMA channel, as /proc/dma shows it: a line a channel that
 * somebody has; cut at @size bytes, ended by a NUL
 * Return: bytes that all of it has.
 */
size_t dmk_isa_dma_list(char *text, size_t size);
/**
 * dmk_dma_engine_list - the DMA engine's controllers and who has which of their channels: a line
 * for each controller, and for each channel that somebody has; as dmk_isa_dma_list() otherwise
 */
size_t dmk_dma_engine_list(char *text, size_t size);

/**
 * dmk_resource_line - walk the tree in /proc/iomem's order; false: no such index. @ports: the tree
 * of ports.
 */
bool dmk_resource_get(bool ports, unsigned int index, struct dmk_resource_line *line);

/**
 * dmk_device_attribute_show - what reading the attribute's file would give; @buffer of 4096 bytes,
 * ended by NUL
 * @device: name of a device, "0000:00:04.0"; @attribute: "name", or "group/name"
 * Return: bytes, -ENOENT, -EACCES (it can't be read), or what the driver said.
 */
long dmk_device_attribute_show(const char *device, const char *attribute, char *buffer);
long dmk_device_attribute_store(const char *device, const char *attribute, const char *text,
				size_t size);

#endif
