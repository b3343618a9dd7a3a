/* SPDX-License-Identifier: MIT */
/*
 * The wire: QEMU's test socket ("qtest" protocol,
 * https://www.qemu.org/docs/master/devel/testing/qtest.html). One line goes out, one answer comes
 * back, in order; a line about an interrupt may come at any time between answers.
 *
 * Two ways to send. dmk_qemu_wire_ask() waits for the answer. dmk_qemu_wire_post() does not: a
 * register write is on its way when it returns, as on a real bus, and any later question is
 * answered after it was done.
 */
#ifndef DMK_QEMU_WIRE_H
#define DMK_QEMU_WIRE_H

#include <pthread.h>
#include <stdatomic.h>

#include <dmakit/types.h>

struct dmk_qemu_wire {
	/*
	 * Who holds the lock owns the socket in both directions and every field below but state. A
	 * caller that waits for an answer keeps it until the answer is there: answers come in
	 * order, so nobody else's could come sooner. The keeper thread takes it to read what comes
	 * unasked, and is not woken while an asker reads (watched is false then). The lock is the
	 * outermost: line() is called under it and takes only its own.
	 */
	pthread_mutex_t lock;
	int fd;
	int epoll; /* where the keeper watches fd */
	uint64_t tag;
	bool watched;
	unsigned int unanswered; /* lines sent whose answer was not read yet */
	size_t nr_in;
	char in[4096];

	_Atomic int state; /* enum dmk_qemu_wire_state; never goes back */

	/** line - interrupt input @input went up or down. Called with the lock held. */
	void (*line)(void *ctx, unsigned int input, bool level);
	/** cut - state is no longer OPEN: once, with the lock held. */
	void (*cut)(void *ctx);
	void *ctx;
};

enum dmk_qemu_wire_state {
	DMK_QEMU_WIRE_OPEN,
	DMK_QEMU_WIRE_CLOSED,  /* the other end is gone */
	DMK_QEMU_WIRE_STALLED, /* no answer within the time limit */
	DMK_QEMU_WIRE_GARBLED, /* an answer that this file doesn't understand */
};

/**
 * dmk_qemu_wire_init - @fd becomes the wire's; @epoll: gets it, with @tag as its data. Return: 0 or
 * a negative errno.
 */
int dmk_qemu_wire_init(struct dmk_qemu_wire *wire, int fd, int epoll, uint64_t tag);
void dmk_qemu_wire_destroy(struct dmk_qemu_wire *wire);

/**
 * dmk_qemu_wire_ask - send a line and wait for its answer; @value may be NULL. Return: 0, or -EIO:
 * the wire is cut.
 */
int dmk_qemu_wire_ask(struct dmk_qemu_wire *wire, uint64_t *value, const char *format, ...)
	DMK_PRINTF(3, 4);
/** dmk_qemu_wire_post - send a line; its answer is read some time. */
void dmk_qemu_wire_post(struct dmk_qemu_wire *wire, const char *format, ...) DMK_PRINTF(2, 3);
/** dmk_qemu_wire_flush - wait until all that was posted is done. */
void dmk_qemu_wire_flush(struct dmk_qemu_wire *wire);
/**
 * dmk_qemu_wire_drain - read what is there, without waiting: the keeper's, when the socket is
 * readable.
 */
void dmk_qemu_wire_drain(struct dmk_qemu_wire *wire);
/** dmk_qemu_wire_close - the process is gone: whoever waits, waits no longer. */
void dmk_qemu_wire_close(struct dmk_qemu_wire *wire);

static inline int dmk_qemu_wire_state(struct dmk_qemu_wire *wire)
{
	return atomic_load(&wire->state);
}

#endif
