// SPDX-License-Identifier: MIT
/*
 * The client of QEMU's test socket. It knows lines and answers, not what registers mean and not how
 * QEMU is started.
 *
 * Nothing here can hang or raise SIGPIPE: every wait has an end (PATIENCE_MS), every send is
 * MSG_NOSIGNAL, and a send that finds the socket full reads answers meanwhile, since QEMU doesn't
 * read on while nobody takes its answers.
 */
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_MS =
		/* QEMU answers in microseconds; on a machine that is overloaded, in seconds */
		15000,
	LOOKS = 100,   /* some 30 us */
	POSTED_MAX = 64, /* answers left in the socket; its buffer holds some 270 */
	LINE_MAX_SIZE = 96,
};

int dmk_qemu_wire_init(struct dmk_qemu_wire *wire, int fd, int epoll, uint64_t tag)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	pthread_mutex_init(&wire->lock, NULL);
	wire->fd = fd;
	wire->epoll = epoll;
	wire->tag = tag;
	wire->watched = true;
	wire->unanswered = 0;
	wire->nr_in = 0;
	atomic_init(&wire->state, DMK_QEMU_WIRE_OPEN);
	return 0;
}

void dmk_qemu_wire_destroy(struct dmk_qemu_wire *wire)
{
	close(wire->fd);
	pthread_mutex_destroy(&wire->lock);
}

static bool is_open(struct dmk_qemu_wire *wire)
{
	return dmk_qemu_wire_state(wire) == DMK_QEMU_WIRE_OPEN;
}

static void cut(struct dmk_qemu_wire *wire, enum dmk_qemu_wire_state state)
{
	if (!is_open(wire))
		return;

	epoll_ctl(wire->epoll, EPOLL_CTL_DEL, wire->fd, NULL);
	atomic_store(&wire->state, state);
	wire->cut(wire->ctx);
}

/*
 * The keeper's interest in the socket. Two system calls an answer, and still half the price of
 * waking a thread for nothing.
 */
static void watch(struct dmk_qemu_wire *wire, bool on)
{
	struct epoll_event event = {.events = on ? EPOLLIN : 0, .data.u64 = wire->tag};

	if (wire->watched == on || !is_open(wire))
		return;
	epoll_ctl(wire->epoll, EPOLL_CTL_MOD, wire->fd, &event);
	wire->watched = on;
}

/* --- what comes in ---------------------------------------------------------------------------- */

static void heard_interrupt(struct dmk_qemu_wire *wire, const char *text)
{
	unsigned int input;

	if (sscanf(text, "IRQ raise %u", &input) == 1)
		wire->line(wire->ctx, input, true);
	else if (sscanf(text, "IRQ lower %u", &input) == 1)
		wire->line(wire->ctx, input, false);
	else
		cut(wire, DMK_QEMU_WIRE_GARBLED);
}

/* One line. @value gets the number of an answer that has one. */
static void heard(struct dmk_qemu_wire *wire, const char *text, uint64_t *value)
{
	if (!strncmp(text, "IRQ ", 4)) {
		heard_interrupt(wire, text);
		return;
	}
	if (strncmp(text, "OK", 2) || !wire->unanswered) {
		cut(wire, DMK_QEMU_WIRE_GARBLED);
		return;
	}
	wire->unanswered--;
	*value = text[2] == ' ' ? strtoull(text + 3, NULL, 0) : 0;
}

static void split_lines(struct dmk_qemu_wire *wire, uint64_t *value)
{
	char *at = wire->in, *end;

	while ((end = memchr(at, '\n', wire->in + wire->nr_in - at))) {
		*end = '\0';
		heard(wire, at, value);
		at = end + 1;
	}
	wire->nr_in -= at - wire->in;
	memmove(wire->in, at, wire->nr_in);
	if (wire->nr_in == sizeof(wire->in))
		cut(wire, DMK_QEMU_WIRE_GARBLED);
}

/* Takes what the socket has. @value is the last answer's. Return: false when there was nothing. */
static bool take(struct dmk_qemu_wire *wire, uint64_t *value)
{
	ssize_t got = recv(wire->fd, wire->in + wire->nr_in, sizeof(wire->in) - wire->nr_in,
			   MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0) {
		cut(wire, DMK_QEMU_WIRE_CLOSED);
		return true;
	}
	wire->nr_in += got;
	split_lines(wire, value);
	return true;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

/*
 * Sleeps until the socket can do @events; cuts the wire when it can't for too long. @since: when
 * the waiting began.
 */
static void wait_for(struct dmk_qemu_wire *wire, short events, uint64_t since)
{
	struct pollfd fd = {.fd = wire->fd, .events = events};
	uint64_t passed = now_ms() - since;

	if (passed >= PATIENCE_MS) {
		cut(wire, DMK_QEMU_WIRE_STALLED);
		return;
	}
	poll(&fd, 1, PATIENCE_MS - passed);
}

/*
 * Reads until no more than @left answers are missing. QEMU usually answers sooner than a sleeping
 * thread is awake again (8 instead of 55 us a read, measured on two processors of a virtual
 * machine), so look a few times before sleeping.
 */
static void settle(struct dmk_qemu_wire *wire, unsigned int left, uint64_t *value)
{
	uint64_t since = now_ms();
	unsigned int looks = 0;

	while (is_open(wire) && wire->unanswered > left) {
		if (take(wire, value))
			looks = 0;
		else if (++looks > LOOKS)
			wait_for(wire, POLLIN, since);
	}
}

/* --- what goes out ---------------------------------------------------------------------------- */

static void put(struct dmk_qemu_wire *wire, const char *text, size_t size)
{
	uint64_t since = now_ms(), ignored;
	ssize_t sent;

	while (is_open(wire) && size) {
		sent = send(wire->fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent > 0) {
			text += sent;
			size -= sent;
		} else if (errno == EAGAIN) {
			wait_for(wire, POLLIN | POLLOUT, since);
			take(wire, &ignored);
		} else if (errno != EINTR) {
			cut(wire, DMK_QEMU_WIRE_CLOSED);
		}
	}
	wire->unanswered++;
}

/* A line in one piece: half a line would end QEMU. */
static void put_line(struct dmk_qemu_wire *wire, const char *format, va_list arguments)
{
	char text[LINE_MAX_SIZE];
	int size = vsnprintf(text, sizeof(text), format, arguments);

	text[size++] = '\n';
	put(wire, text, size);
}

int dmk_qemu_wire_ask(struct dmk_qemu_wire *wire, uint64_t *value, const char *format, ...)
{
	uint64_t answer = ~0ULL;
	va_list arguments;
	bool answered;

	pthread_mutex_lock(&wire->lock);
	watch(wire, false);
	va_start(arguments, format);
	put_line(wire, format, arguments);
	va_end(arguments);
	settle(wire, 0, &answer);
	watch(wire, true);
	answered = is_open(wire);
	pthread_mutex_unlock(&wire->lock);

	if (value)
		*value = answered ? answer : ~0ULL;
	return answered ? 0 : -EIO;
}

void dmk_qemu_wire_post(struct dmk_qemu_wire *wire, const char *format, ...)
{
	uint64_t ignored;
	va_list arguments;

	pthread_mutex_lock(&wire->lock);
	va_start(arguments, format);
	put_line(wire, format, arguments);
	va_end(arguments);
	settle(wire, POSTED_MAX, &ignored);
	pthread_mutex_unlock(&wire->lock);
}

void dmk_qemu_wire_flush(struct dmk_qemu_wire *wire)
{
	uint64_t ignored;

	pthread_mutex_lock(&wire->lock);
	settle(wire, 0, &ignored);
	pthread_mutex_unlock(&wire->lock);
}

void dmk_qemu_wire_drain(struct dmk_qemu_wire *wire)
{
	uint64_t ignored;

	pthread_mutex_lock(&wire->lock);
	if (is_open(wire))
		take(wire, &ignored);
	pthread_mutex_unlock(&wire->lock);
}

void dmk_qemu_wire_close(struct dmk_qemu_wire *wire)
{
	/* Whoever holds the lock and waits sees the end of the socket now, and lets go. */
	shutdown(wire->fd, SHUT_RDWR);
	pthread_mutex_lock(&wire->lock);
	cut(wire, DMK_QEMU_WIRE_CLOSED);
	pthread_mutex_unlock(&wire->lock);
}
