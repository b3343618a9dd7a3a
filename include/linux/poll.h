/* SPDX-License-Identifier: MIT */
/*
 * A driver's poll operation: name the queues that will be woken, say what is ready now.
 */
#ifndef _LINUX_POLL_H
#define _LINUX_POLL_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/fs.h>
#include <linux/wait.h>

/* The numbers, in the C library's own spelling, so that both may define them. */
#define POLLIN		0x001
#define POLLPRI		0x002
#define POLLOUT		0x004
#define POLLERR		0x008
#define POLLHUP		0x010
#define POLLNVAL	0x020
#ifndef POLLRDNORM
#define POLLRDNORM	0x040
#define POLLRDBAND	0x080
#define POLLWRNORM	0x100
#define POLLWRBAND	0x200
#define POLLMSG		0x400
#define POLLREMOVE	0x1000
#define POLLRDHUP	0x2000
#endif

#ifndef EPOLLIN
#define EPOLLIN ((__poll_t)0x001)
#define EPOLLPRI ((__poll_t)0x002)
#define EPOLLOUT ((__poll_t)0x004)
#define EPOLLERR ((__poll_t)0x008)
#define EPOLLHUP ((__poll_t)0x010)
#define EPOLLNVAL ((__poll_t)0x020)
#define EPOLLRDNORM ((__poll_t)0x040)
#define EPOLLRDBAND ((__poll_t)0x080)
#define EPOLLWRNORM ((__poll_t)0x100)
#define EPOLLWRBAND ((__poll_t)0x200)
#define EPOLLMSG ((__poll_t)0x400)
#define EPOLLRDHUP ((__poll_t)0x2000)
#endif

#define DEFAULT_POLLMASK (EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM)

struct poll_table_struct;
typedef void (*poll_queue_proc)(struct file *file, wait_queue_head_t *queue,
				struct poll_table_struct *table);

typedef struct poll_table_struct {
	poll_queue_proc _qproc;
	__poll_t _key;
} poll_table;

static inline void poll_wait(struct file *file, wait_queue_head_t *queue, poll_table *table)
{
	if (table && table->_qproc && queue)
		table->_qproc(file, queue, table);
}

static inline __poll_t poll_requested_events(const poll_table *table)
{
	return table ? table->_key : ~(__poll_t)0;
}

#endif
