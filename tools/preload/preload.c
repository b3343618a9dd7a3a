// SPDX-License-Identifier: MIT
/*
 * libdmakit-preload.so: libc's functions as a program calls them, which for a driver's file go to
 * the process that runs the driver (client.c) and for every other file to libc.
 *
 * What does not reach the driver: calls that libc makes inside itself (only what is defined here is
 * seen, so a FILE is made of functions of ours), a static program, system calls made directly,
 * asynchronous and ring I/O, mremap, paths that are not absolute.
 */
/*
 * Functions with and without the 64 are defined each under its own name, which this would make one.
 */
#undef _FILE_OFFSET_BITS

#include "client.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* libc's own function of the name that is being defined. */
#define REAL(name)                                                                          \
	({                                                                                  \
		static __typeof__(&name) real;                                              \
		if (!__atomic_load_n(&real, __ATOMIC_ACQUIRE))                              \
			__atomic_store_n(&real, (__typeof__(&name))dlsym(RTLD_NEXT, #name), \
					 __ATOMIC_RELEASE);                                 \
		real;                                                                       \
	})

/* glibc's entries for fortified and for old programs have no declaration. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
int __openat64_2(int dir, const char *path, int flags);
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room);
ssize_t __pread64_chk(int fd, void *buffer, size_t size, off_t offset, size_t room);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask,
		size_t room);
int __vdprintf_chk(int fd, int flag, const char *format, va_list arguments);
int __dprintf_chk(int fd, int flag, const char *format, ...);
int __xstat(int version, const char *path, struct stat *status);
int __lxstat(int version, const char *path, struct stat *status);
int __fxstat(int version, int fd, struct stat *status);

static int64_t finish(int64_t result)
{
	if (result >= 0)
		return result;
	errno = -result;
	return -1;
}

/* A descriptor became another file: if it is a standard one, its stream is to know. Return: @fd. */
static int enter_standard(int fd);

/* --- open ------------------------------------------------------------------------------------- */

static bool takes_mode(int flags)
{
	return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE;
}

/* Return: false: the path is libc's. */
static bool open_file(const char *path, int flags, int *fd)
{
	int before = errno;

	*fd = client_open(path, flags);
	errno = before;
	if (*fd == -ENOENT)
		return false;
	*fd = enter_standard(finish(*fd));
	return true;
}

#define MODE_OF(flags)                            \
	mode_t mode = 0;                          \
	va_list arguments;                        \
	va_start(arguments, flags);               \
	if (takes_mode(flags))                    \
		mode = va_arg(arguments, mode_t); \
	va_end(arguments)

EXPORT int open(const char *path, int flags, ...)
{
	int fd;
	MODE_OF(flags);

	return open_file(path, flags, &fd) ? fd : REAL(open)(path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...)
{
	int fd;
	MODE_OF(flags);

	return open_file(path, flags, &fd) ? fd : REAL(open64)(path, flags, mode);
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	int fd;
	MODE_OF(flags);

	return open_file(path, flags, &fd) ? fd : REAL(openat)(dir, path, flags, mode);
}

EXPORT int openat64(int dir, const char *path, int flags, ...)
{
	int fd;
	MODE_OF(flags);

	return open_file(path, flags, &fd) ? fd : REAL(openat64)(dir, path, flags, mode);
}

EXPORT int __open_2(const char *path, int flags)
{
	int fd;

	return open_file(path, flags, &fd) ? fd : REAL(__open_2)(path, flags);
}

EXPORT int __open64_2(const char *path, int flags)
{
	int fd;

	return open_file(path, flags, &fd) ? fd : REAL(__open64_2)(path, flags);
}

EXPORT int __openat_2(int dir, const char *path, int flags)
{
	int fd;

	return open_file(path, flags, &fd) ? fd : REAL(__openat_2)(dir, path, flags);
}

EXPORT int __openat64_2(int dir, const char *path, int flags)
{
	int fd;

	return open_file(path, flags, &fd) ? fd : REAL(__openat64_2)(dir, path, flags);
}

EXPORT int creat(const char *path, mode_t mode)
{
	int fd;

	return open_file(path, O_CREAT | O_WRONLY | O_TRUNC, &fd) ? fd : REAL(creat)(path, mode);
}

EXPORT int creat64(const char *path, mode_t mode)
{
	int fd;

	return open_file(path, O_CREAT | O_WRONLY | O_TRUNC, &fd) ? fd : REAL(creat64)(path, mode);
}

/* --- read and write --------------------------------------------------------------------------- */

static ssize_t transfer(enum dmk_remote_op op, uint64_t cookie, const void *buffer, size_t size,
			off_t offset)
{
	return finish(client_call(op, cookie, (uintptr_t)buffer, size, offset));
}

EXPORT ssize_t read(int fd, void *buffer, size_t size)
{
	uint64_t cookie;

	if (!client_is_file(fd, &cookie))
		return REAL(read)(fd, buffer, size);
	return transfer(DMK_REMOTE_READ, cookie, buffer, size, 0);
}

EXPORT ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room)
{
	uint64_t cookie;

	if (size > room || !client_is_file(fd, &cookie))
		return REAL(__read_chk)(fd, buffer, size, room);
	return transfer(DMK_REMOTE_READ, cookie, buffer, size, 0);
}

EXPORT ssize_t write(int fd, const void *buffer, size_t size)
{
	uint64_t cookie;

	if (!client_is_file(fd, &cookie))
		return REAL(write)(fd, buffer, size);
	return transfer(DMK_REMOTE_WRITE, cookie, buffer, size, 0);
}

EXPORT ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
	uint64_t cookie;

	if (!client_is_file(fd, &cookie))
		return REAL(pread)(fd, buffer, size, offset);
	return transfer(DMK_REMOTE_PREAD, cookie, buffer, size, offset);
}

EXPORT ssize_t pread64(int fd, void *buffer, size_t size, off64_t offset)
{
	return pread(fd, buffer, size, offset);
}

EXPORT ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t room)
{
	uint64_t cookie;

	if (size > room || !client_is_file(fd, &cookie))
		return REAL(__pread_chk)(fd, buffer, size, offset, room);
	return transfer(DMK_REMOTE_PREAD, cookie, buffer, size, offset);
}

EXPORT ssize_t __pread64_chk(int fd, void *buffer, size_t size, off_t offset, size_t room)
{
	return __pread_chk(fd, buffer, size, offset, room);
}

EXPORT ssize_t pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
	uint64_t cookie;

	if (!client_is_file(fd, &cookie))
		return REAL(pwrite)(fd, buffer, size, offset);
	return transfer(DMK_REMOTE_PWRITE, cookie, buffer, size, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *buffer, size_t size, off64_t offset)
{
	return pwrite(fd, buffer, size, offset);
}

/*
 * A call for each piece, until one is cut short: what the kernel does for a driver that has no
 * read_iter.
 */
static ssize_t transfer_pieces(enum dmk_remote_op op, uint64_t cookie, const struct iovec *piece,
			       int n, off_t offset)
{
	ssize_t done = 0, got;
	int i;

	if (n < 0 || n > IOV_MAX)
		return finish(-EINVAL);
	for (i = 0; i < n; i++) {
		got = client_call(op, cookie, (uintptr_t)piece[i].iov_base, piece[i].iov_len,
				  offset + done);
		if (got < 0)
			return done ? done : finish(got);
		done += got;
		if ((size_t)got < piece[i].iov_len)
			break;
	}
	return done;
}

EXPORT ssize_t readv(int fd, const struct iovec *piece, int n)
{
	uint64_t cookie;

	if (!client_is_file(fd, &cookie))
		return REAL(readv)(fd, piece, n);
	return transfer_pieces(DMK_REMOTE_READ, cookie, piece, n, 0);
}

EXPORT ssize_t writev(int fd, const struct iovec *piece, int n)
{
	uint64_t cookie;

	if (!client_is_file(fd, &cookie))
		return REAL(writev)(fd, piece, n);
	return transfer_pieces(DMK_REMOTE_WRITE, cookie, piece, n, 0);
}

EXPORT ssize_t preadv(int fd, const struct iovec *piece, int n, off_t offset)
{
	uint64_t cookie;

	if (!client_is_file(fd, &cookie))
		return REAL(preadv)(fd, piece, n, offset);
	return transfer_pieces(DMK_REMOTE_PREAD, cookie, piece, n, offset);
}

EXPORT ssize_t preadv64(int fd, const struct iovec *piece, int n, off64_t offset)
{
	return preadv(fd, piece, n, offset);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *piece, int n, off_t offset)
{
	uint64_t cookie;

	if (!client_is_file(fd, &cookie))
		return REAL(pwritev)(fd, piece, n, offset);
	return transfer_pieces(DMK_REMOTE_PWRITE, cookie, piece, n, offset);
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *piece, int n, off64_t offset)
{
	return pwritev(fd, piece, n, offset);
}

EXPORT off_t lseek(int fd, off_t offset, int whence)
{
	uint64_t cookie;

	if (!client_is_file(fd, &cookie))
		return REAL(lseek)(fd, offset, whence);
	return finish(client_call(DMK_REMOTE_LSEEK, cookie, offset, whence, 0));
}

EXPORT off64_t lseek64(int fd, off64_t offset, int whence)
{
	return lseek(fd, offset, whence);
}

EXPORT int fsync(int fd)
{
	uint64_t cookie;

	if (!client_is_file(fd, &cookie))
		return REAL(fsync)(fd);
	return finish(client_call(DMK_REMOTE_FSYNC, cookie, 0, 0, 0));
}

EXPORT int fdatasync(int fd)
{
	uint64_t cookie;

	if (!client_is_file(fd, &cookie))
		return REAL(fdatasync)(fd);
	return finish(client_call(DMK_REMOTE_FSYNC, cookie, 0, 0, 0));
}

/* Some commands are about the descriptor, and no driver ever hears of them. */
static bool is_about_descriptor(unsigned long command)
{
	return command == FIOCLEX || command == FIONCLEX || command == FIOASYNC;
}

static int64_t file_flags(uint64_t cookie, bool set, int flags)
{
	return client_call(DMK_REMOTE_FLAGS, cookie, set, (unsigned int)flags, 0);
}

static int set_nonblocking(uint64_t cookie, const int *on)
{
	int64_t flags = file_flags(cookie, false, 0);

	if (flags < 0)
		return finish(flags);
	flags = file_flags(cookie, true, (int)(*on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
	return finish(flags < 0 ? flags : 0);
}

#define ARGUMENT_OF(command)                           \
	unsigned long argument;                        \
	va_list arguments;                             \
	va_start(arguments, command);                  \
	argument = va_arg(arguments, unsigned long);   \
	va_end(arguments)

EXPORT int ioctl(int fd, unsigned long command, ...)
{
	uint64_t cookie;
	ARGUMENT_OF(command);

	if (is_about_descriptor(command) || !client_is_file(fd, &cookie))
		return REAL(ioctl)(fd, command, argument);
	if (command == FIONBIO)
		return set_nonblocking(cookie, (const int *)argument);
	return finish(client_call(DMK_REMOTE_IOCTL, cookie, (unsigned int)command, argument, 0));
}

/* Both names have their argument, an int or a pointer, in the same place. */
static int control(int fd, int command, unsigned long argument,
		   int (*real)(int fd, int command, ...))
{
	uint64_t cookie;

	if ((command != F_GETFL && command != F_SETFL) || !client_is_file(fd, &cookie))
		return real(fd, command, argument);
	if (command == F_GETFL)
		return finish(file_flags(cookie, false, 0));
	return finish(file_flags(cookie, true, (int)argument)) < 0 ? -1 : 0;
}

EXPORT int fcntl(int fd, int command, ...)
{
	ARGUMENT_OF(command);

	return control(fd, command, argument, REAL(fcntl));
}

EXPORT int fcntl64(int fd, int command, ...)
{
	ARGUMENT_OF(command);

	return control(fd, command, argument, REAL(fcntl64));
}

/* --- memory ----------------------------------------------------------------------------------- */

EXPORT void *mmap(void *address, size_t size, int prot, int flags, int fd, off_t offset)
{
	uint64_t cookie;

	if (flags & MAP_ANONYMOUS || !client_is_file(fd, &cookie))
		return REAL(mmap)(address, size, prot, flags, fd, offset);
	return client_map(cookie, address, size, prot, flags, offset);
}

EXPORT void *mmap64(void *address, size_t size, int prot, int flags, int fd, off64_t offset)
{
	return mmap(address, size, prot, flags, fd, offset);
}

EXPORT int munmap(void *address, size_t size)
{
	/* First, while nobody else can be given the addresses. */
	client_unmapped(address, size);
	return REAL(munmap)(address, size);
}

/* --- poll ------------------------------------------------------------------------------------- */

/*
 * The program's other files and the driver's are waited for together, by libc's ppoll(): for each
 * of the driver's a poll without end is begun in the driver's process, on a connection of its own,
 * and that connection is what is waited for.
 */
struct poll_set {
	struct pollfd *fds; /* the program's */
	nfds_t n;
	struct pollfd *real; /* what libc gets */
	uint64_t *cookie;    /* of the driver's files; 0: another file */
	bool any;
};

static bool poll_set_make(struct poll_set *set, struct pollfd *fds, nfds_t n)
{
	nfds_t i;

	*set = (struct poll_set){.fds = fds, .n = n};
	set->real = calloc(n + 1, sizeof(*set->real));
	set->cookie = calloc(n + 1, sizeof(*set->cookie));
	if (!set->real || !set->cookie)
		return false;
	for (i = 0; i < n; i++)
		set->any |= client_is_file(fds[i].fd, &set->cookie[i]);
	return true;
}

static void poll_set_free(struct poll_set *set)
{
	free(set->real);
	free(set->cookie);
}

static int count_ready(const struct poll_set *set)
{
	int ready = 0;
	nfds_t i;

	for (i = 0; i < set->n; i++)
		ready += set->fds[i].revents != 0;
	return ready;
}

static short as_events(int64_t result)
{
	return result < 0 ? POLLERR : result;
}

/* What is there now. Return: how many, or -1 and errno. */
static int poll_now(struct poll_set *set)
{
	static const struct timespec at_once = {0};
	nfds_t i;

	for (i = 0; i < set->n; i++)
		set->real[i] = (struct pollfd){.fd = set->cookie[i] ? -1 : set->fds[i].fd,
					       .events = set->fds[i].events};
	if (REAL(ppoll)(set->real, set->n, &at_once, NULL) < 0)
		return -1;
	for (i = 0; i < set->n; i++) {
		set->fds[i].revents = set->real[i].revents;
		if (set->cookie[i])
			set->fds[i].revents = as_events(client_call(DMK_REMOTE_POLL, set->cookie[i],
								    (uint16_t)set->fds[i].events, 0,
								    0));
	}
	return count_ready(set);
}

static void watch_all(struct poll_set *set)
{
	nfds_t i;

	for (i = 0; i < set->n; i++)
		if (set->cookie[i])
			set->real[i] = (struct pollfd){
				.fd = client_watch(set->cookie[i], set->fds[i].events),
				.events = POLLIN,
			};
}

static void unwatch_all(struct poll_set *set)
{
	nfds_t i;

	for (i = 0; i < set->n; i++)
		if (set->cookie[i] && set->real[i].fd >= 0)
			client_close(set->real[i].fd);
}

static void collect(struct poll_set *set)
{
	nfds_t i;

	for (i = 0; i < set->n; i++) {
		set->fds[i].revents = set->real[i].revents;
		if (set->cookie[i] && set->real[i].revents)
			set->fds[i].revents = as_events(client_watched(set->real[i].fd));
	}
}

static int poll_and_wait(struct poll_set *set, const struct timespec *timeout, const sigset_t *mask)
{
	int ready, err;

	watch_all(set);
	ready = REAL(ppoll)(set->real, set->n, timeout, mask);
	err = errno;
	if (ready > 0)
		collect(set);
	unwatch_all(set);
	errno = err;
	return ready > 0 ? count_ready(set) : ready;
}

static int poll_files(struct poll_set *set, const struct timespec *timeout, const sigset_t *mask)
{
	int ready = poll_now(set);

	if (ready || (timeout && !timeout->tv_sec && !timeout->tv_nsec))
		return ready;
	return poll_and_wait(set, timeout, mask);
}

EXPORT int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	struct poll_set set;
	int result;

	if (poll_set_make(&set, fds, n))
		result = set.any ? poll_files(&set, timeout, mask)
				 : REAL(ppoll)(fds, n, timeout, mask);
	else
		result = finish(-ENOMEM);
	poll_set_free(&set);
	return result;
}

EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec time = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000};

	return ppoll(fds, n, timeout < 0 ? NULL : &time, NULL);
}

EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room)
{
	return room / sizeof(*fds) < n ? REAL(__poll_chk)(fds, n, timeout, room)
				       : poll(fds, n, timeout);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout,
		       const sigset_t *mask, size_t room)
{
	return room / sizeof(*fds) < n ? REAL(__ppoll_chk)(fds, n, timeout, mask, room)
				       : ppoll(fds, n, timeout, mask);
}

/* --- select, in terms of poll ----------------------------------------------------------------- */

static bool is_set(const fd_set *set, int fd)
{
	return set && FD_ISSET(fd, set);
}

static bool has_file(int n, const fd_set *in, const fd_set *out, const fd_set *other)
{
	uint64_t cookie;
	int fd;

	for (fd = 0; fd < n; fd++)
		if ((is_set(in, fd) || is_set(out, fd) || is_set(other, fd)) &&
		    client_is_file(fd, &cookie))
			return true;
	return false;
}

static int put_back(fd_set *set, const struct pollfd *fd, short events)
{
	if (!is_set(set, fd->fd))
		return 0;
	if (fd->revents & events)
		return 1;
	FD_CLR(fd->fd, set);
	return 0;
}

static int select_files(int n, fd_set *in, fd_set *out, fd_set *other,
			const struct timespec *timeout, const sigset_t *mask)
{
	struct pollfd fds[FD_SETSIZE];
	int fd, i, count = 0, ready = 0;

	for (fd = 0; fd < n; fd++) {
		short events = (is_set(in, fd) ? POLLIN : 0) | (is_set(out, fd) ? POLLOUT : 0) |
			       (is_set(other, fd) ? POLLPRI : 0);

		if (events)
			fds[count++] = (struct pollfd){.fd = fd, .events = events};
	}
	if (ppoll(fds, count, timeout, mask) < 0)
		return -1;
	for (i = 0; i < count; i++)
		if (fds[i].revents & POLLNVAL)
			return finish(-EBADF);
	for (i = 0; i < count; i++)
		ready += put_back(in, &fds[i], POLLIN | POLLRDNORM | POLLHUP | POLLERR) +
			 put_back(out, &fds[i], POLLOUT | POLLWRNORM | POLLERR) +
			 put_back(other, &fds[i], POLLPRI);
	return ready;
}

EXPORT int pselect(int n, fd_set *in, fd_set *out, fd_set *other, const struct timespec *timeout,
		   const sigset_t *mask)
{
	if (n > FD_SETSIZE || !has_file(n, in, out, other))
		return REAL(pselect)(n, in, out, other, timeout, mask);
	return select_files(n, in, out, other, timeout, mask);
}

EXPORT int select(int n, fd_set *in, fd_set *out, fd_set *other, struct timeval *timeout)
{
	struct timespec time;

	if (n > FD_SETSIZE || !has_file(n, in, out, other))
		return REAL(select)(n, in, out, other, timeout);
	if (timeout)
		time = (struct timespec){.tv_sec = timeout->tv_sec,
					 .tv_nsec = timeout->tv_usec * 1000};
	return select_files(n, in, out, other, timeout ? &time : NULL, NULL);
}

/* --- epoll, in terms of poll: an epoll descriptor can be polled itself ------------------------ */

/*
 * A driver's file in an epoll set. The kernel's own set has the program's other files; waiting is
 * ppoll() for that set and for these. What is registered while another thread waits, that thread
 * takes note of when its wait ends.
 */
struct interest {
	struct interest *next;
	int epoll, fd;
	uint64_t cookie;
	struct epoll_event event;
	bool off; /* EPOLLONESHOT: reported, until it is modified */
};

static struct interest *interests;
static pthread_mutex_t interests_lock = PTHREAD_MUTEX_INITIALIZER;

static struct interest **find_interest(int epoll, int fd)
{
	struct interest **at = &interests;

	while (*at && ((*at)->epoll != epoll || (*at)->fd != fd))
		at = &(*at)->next;
	return at;
}

static int change_interest(int op, struct interest **at, const struct interest *new)
{
	struct interest *old = *at;

	if (op == EPOLL_CTL_ADD && old && old->cookie == new->cookie)
		return -EEXIST;
	if (op != EPOLL_CTL_ADD && !old)
		return -ENOENT;
	if (op == EPOLL_CTL_DEL) {
		*at = old->next;
		free(old);
		return 0;
	}
	if (!old) {
		old = malloc(sizeof(*old));
		if (!old)
			return -ENOMEM;
		*old = *new;
		*at = old;
		return 0;
	}
	old->cookie = new->cookie;
	old->event = new->event;
	old->off = false;
	return 0;
}

EXPORT int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	struct interest new = {.epoll = epoll, .fd = fd};
	struct epoll_event none = {0};
	int err;

	if (!client_is_file(fd, &new.cookie))
		return REAL(epoll_ctl)(epoll, op, fd, event);
	/* Whether @epoll is one at all is for the kernel to say: the file is not in its set. */
	if (REAL(epoll_ctl)(epoll, EPOLL_CTL_MOD, fd, &none) && errno != ENOENT)
		return -1;
	if (op != EPOLL_CTL_DEL && !event)
		return finish(-EFAULT);
	if (op != EPOLL_CTL_DEL)
		new.event = *event;
	pthread_mutex_lock(&interests_lock);
	err = change_interest(op, find_interest(epoll, fd), &new);
	pthread_mutex_unlock(&interests_lock);
	return finish(err);
}

/* A descriptor is closed: it is in no set any more, or was one. */
static void drop_interests(int fd)
{
	struct interest **at = &interests;

	pthread_mutex_lock(&interests_lock);
	while (*at) {
		struct interest *old = *at;

		if (old->epoll != fd && old->fd != fd) {
			at = &old->next;
			continue;
		}
		*at = old->next;
		free(old);
	}
	pthread_mutex_unlock(&interests_lock);
}

enum { INTERESTS = 64 };

/* Copies of those in the set, and what to poll for: the set itself comes first. */
static int take_interests(int epoll, struct interest *list, struct pollfd *fds)
{
	const struct interest *at;
	int n = 0;

	fds[0] = (struct pollfd){.fd = epoll, .events = POLLIN};
	pthread_mutex_lock(&interests_lock);
	for (at = interests; at && n < INTERESTS; at = at->next) {
		if (at->epoll != epoll)
			continue;
		list[n] = *at;
		/* The bits have the same values for both. */
		fds[++n] = (struct pollfd){.fd = at->off ? -1 : at->fd,
					   .events = (short)at->event.events};
	}
	pthread_mutex_unlock(&interests_lock);
	return n;
}

static void switch_off(const struct interest *one)
{
	struct interest *at;

	if (!(one->event.events & EPOLLONESHOT))
		return;
	pthread_mutex_lock(&interests_lock);
	at = *find_interest(one->epoll, one->fd);
	if (at)
		at->off = true;
	pthread_mutex_unlock(&interests_lock);
}

static int epoll_files(int epoll, struct epoll_event *events, int most, int n,
		       const struct interest *list, struct pollfd *fds,
		       const struct timespec *timeout, const sigset_t *mask)
{
	int count = 0, got = 0, i;

	if (ppoll(fds, (nfds_t)n + 1, timeout, mask) < 0)
		return -1;
	for (i = 0; i < n && count < most; i++) {
		if (fds[i + 1].fd < 0 || !fds[i + 1].revents || fds[i + 1].revents & POLLNVAL)
			continue;
		events[count].events = (uint16_t)fds[i + 1].revents;
		events[count++].data = list[i].event.data;
		switch_off(&list[i]);
	}
	if (fds[0].revents && count < most)
		got = REAL(epoll_wait)(epoll, events + count, most - count, 0);
	return got < 0 ? got : count + got;
}

EXPORT int epoll_pwait2(int epoll, struct epoll_event *events, int most,
			const struct timespec *timeout, const sigset_t *mask)
{
	struct interest list[INTERESTS];
	struct pollfd fds[INTERESTS + 1];
	int n = most > 0 && interests ? take_interests(epoll, list, fds) : 0;

	if (!n)
		return REAL(epoll_pwait2)(epoll, events, most, timeout, mask);
	return epoll_files(epoll, events, most, n, list, fds, timeout, mask);
}

EXPORT int epoll_pwait(int epoll, struct epoll_event *events, int most, int timeout,
		       const sigset_t *mask)
{
	struct timespec time = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000};
	struct interest list[INTERESTS];
	struct pollfd fds[INTERESTS + 1];
	int n = most > 0 && interests ? take_interests(epoll, list, fds) : 0;

	if (!n)
		return REAL(epoll_pwait)(epoll, events, most, timeout, mask);
	return epoll_files(epoll, events, most, n, list, fds, timeout < 0 ? NULL : &time, mask);
}

EXPORT int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout)
{
	return epoll_pwait(epoll, events, most, timeout, NULL);
}

/* --- what kind of file it is ------------------------------------------------------------------ */

static int fill_status(const struct dmk_remote_reply *file, struct stat *status)
{
	memset(status, 0, sizeof(*status));
	status->st_mode = file->mode;
	status->st_nlink = 1;
	status->st_rdev = makedev(file->major, file->minor);
	status->st_size = (off_t)file->value;
	status->st_blksize = 4096;
	return 0;
}

static bool is_file(int fd)
{
	uint64_t cookie;

	return client_is_file(fd, &cookie);
}

static bool status_of(int fd, struct dmk_remote_reply *file)
{
	uint64_t cookie;

	return client_is_file(fd, &cookie) && client_status("", cookie, file);
}

EXPORT int stat(const char *path, struct stat *status)
{
	struct dmk_remote_reply file;

	return client_status(path, 0, &file) ? fill_status(&file, status)
					     : REAL(stat)(path, status);
}

EXPORT int lstat(const char *path, struct stat *status)
{
	struct dmk_remote_reply file;

	return client_status(path, 0, &file) ? fill_status(&file, status)
					     : REAL(lstat)(path, status);
}

EXPORT int fstat(int fd, struct stat *status)
{
	struct dmk_remote_reply file;

	return status_of(fd, &file) ? fill_status(&file, status) : REAL(fstat)(fd, status);
}

static bool names_file(int dir, const char *path, int flags, struct dmk_remote_reply *file)
{
	return *path ? client_status(path, 0, file)
		     : flags & AT_EMPTY_PATH && status_of(dir, file);
}

EXPORT int fstatat(int dir, const char *path, struct stat *status, int flags)
{
	struct dmk_remote_reply file;

	return names_file(dir, path, flags, &file) ? fill_status(&file, status)
						   : REAL(fstatat)(dir, path, status, flags);
}

/* One struct for both on the machines with 64-bit off_t that this runs on. */
_Static_assert(sizeof(struct stat) == sizeof(struct stat64) && sizeof(off_t) == 8,
	       "stat and stat64 are the same");

EXPORT int stat64(const char *path, struct stat64 *status)
{
	return stat(path, (struct stat *)status);
}

EXPORT int lstat64(const char *path, struct stat64 *status)
{
	return lstat(path, (struct stat *)status);
}

EXPORT int fstat64(int fd, struct stat64 *status)
{
	return fstat(fd, (struct stat *)status);
}

EXPORT int fstatat64(int dir, const char *path, struct stat64 *status, int flags)
{
	return fstatat(dir, path, (struct stat *)status, flags);
}

EXPORT int __xstat(int version, const char *path, struct stat *status)
{
	return stat(path, status);
}

EXPORT int __lxstat(int version, const char *path, struct stat *status)
{
	return lstat(path, status);
}

EXPORT int __fxstat(int version, int fd, struct stat *status)
{
	return fstat(fd, status);
}

EXPORT int statx(int dir, const char *path, int flags, unsigned int mask, struct statx *status)
{
	struct dmk_remote_reply file;

	if (!names_file(dir, path, flags, &file))
		return REAL(statx)(dir, path, flags, mask, status);
	memset(status, 0, sizeof(*status));
	status->stx_mask = STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_SIZE;
	status->stx_mode = (uint16_t)file.mode;
	status->stx_nlink = 1;
	status->stx_size = file.value;
	status->stx_blksize = 4096;
	status->stx_rdev_major = file.major;
	status->stx_rdev_minor = file.minor;
	return 0;
}

/* As root's: what somebody may do, it may; directories are entered. */
static int may(const struct dmk_remote_reply *file, int how)
{
	if ((how & R_OK && !(file->mode & 0444)) || (how & W_OK && !(file->mode & 0222)) ||
	    (how & X_OK && !(file->mode & 0111)))
		return finish(-EACCES);
	return 0;
}

EXPORT int access(const char *path, int how)
{
	struct dmk_remote_reply file;

	return client_status(path, 0, &file) ? may(&file, how) : REAL(access)(path, how);
}

EXPORT int faccessat(int dir, const char *path, int how, int flags)
{
	struct dmk_remote_reply file;

	return client_status(path, 0, &file) ? may(&file, how)
					     : REAL(faccessat)(dir, path, how, flags);
}

EXPORT int euidaccess(const char *path, int how)
{
	struct dmk_remote_reply file;

	return client_status(path, 0, &file) ? may(&file, how) : REAL(euidaccess)(path, how);
}

EXPORT int eaccess(const char *path, int how)
{
	return euidaccess(path, how);
}

/* --- directories: the driver's names after the system's --------------------------------------- */

/* An open one in which the driver has names; for one that the system has not, @real is of "/". */
static struct listing {
	struct listing *next;
	DIR *real;
	bool only_ours;
	unsigned int at; /* the next of the driver's names */
	struct dirent entry;
	char path[128];
} *listings;
static pthread_mutex_t listings_lock = PTHREAD_MUTEX_INITIALIZER;

static struct listing *listing_of(DIR *dir)
{
	struct listing *listing;

	pthread_mutex_lock(&listings_lock);
	for (listing = listings; listing && listing->real != dir; listing = listing->next)
		;
	pthread_mutex_unlock(&listings_lock);
	return listing;
}

static bool may_list(const char *path)
{
	return !strcmp(path, "/dev") || !strncmp(path, "/dev/", 5) || !strncmp(path, "/sys/", 5) ||
	       !strcmp(path, "/proc") || !strncmp(path, "/proc/", 6);
}

EXPORT DIR *opendir(const char *path)
{
	struct listing *listing;
	char name[64];
	DIR *dir = REAL(opendir)(path);
	const bool only_ours = !dir;

	if (!may_list(path) || strlen(path) >= sizeof(listing->path) ||
	    !client_list(path, 0, name))
		return dir;
	if (!dir)
		dir = REAL(opendir)("/");
	listing = dir ? calloc(1, sizeof(*listing)) : NULL;
	if (!listing)
		return dir;
	listing->real = dir;
	listing->only_ours = only_ours;
	strcpy(listing->path, path);
	pthread_mutex_lock(&listings_lock);
	listing->next = listings;
	listings = listing;
	pthread_mutex_unlock(&listings_lock);
	return dir;
}

/* The next of the driver's names that the system has not, too. */
static bool next_of_ours(struct listing *listing)
{
	struct dmk_remote_reply file;
	char path[512];

	while (client_list(listing->path, listing->at, listing->entry.d_name)) {
		listing->entry.d_ino = 1 + listing->at++;
		snprintf(path, sizeof(path), "%s/%s", listing->path, listing->entry.d_name);
		if (!listing->only_ours && !REAL(access)(path, F_OK))
			continue;
		listing->entry.d_type = client_status(path, 0, &file)
						? (unsigned char)IFTODT(file.mode)
						: DT_UNKNOWN;
		return true;
	}
	return false;
}

EXPORT struct dirent *readdir(DIR *dir)
{
	struct listing *listing = listing_of(dir);
	struct dirent *entry = listing && listing->only_ours ? NULL : REAL(readdir)(dir);
	int before = errno;

	if (entry || !listing)
		return entry;
	listing->entry.d_reclen = sizeof(listing->entry);
	entry = next_of_ours(listing) ? &listing->entry : NULL;
	errno = before;
	return entry;
}

EXPORT struct dirent64 *readdir64(DIR *dir)
{
	return (struct dirent64 *)readdir(dir);
}

EXPORT void rewinddir(DIR *dir)
{
	struct listing *listing = listing_of(dir);

	if (listing)
		listing->at = 0;
	REAL(rewinddir)(dir);
}

EXPORT int closedir(DIR *dir)
{
	struct listing **at = &listings, *old = NULL;

	pthread_mutex_lock(&listings_lock);
	while (*at && (*at)->real != dir)
		at = &(*at)->next;
	if (*at) {
		old = *at;
		*at = old->next;
	}
	pthread_mutex_unlock(&listings_lock);
	free(old);
	return REAL(closedir)(dir);
}

/* --- FILE: libc's would read and write the descriptor past us --------------------------------- */

static ssize_t stream_read(void *cookie, char *buffer, size_t size)
{
	return read((int)(intptr_t)cookie, buffer, size);
}

/* Zero is how a stream hears of an error here, with errno set. */
static ssize_t stream_write(void *cookie, const char *buffer, size_t size)
{
	ssize_t done = write((int)(intptr_t)cookie, buffer, size);

	return done < 0 ? 0 : done;
}

static int stream_seek(void *cookie, off64_t *offset, int whence)
{
	off_t at = lseek((int)(intptr_t)cookie, *offset, whence);

	if (at < 0)
		return -1;
	*offset = at;
	return 0;
}

/* Ours that are open, and their descriptors: a stream of this kind has none of its own. */
static struct stream {
	struct stream *next;
	FILE *file;
	int fd;
} *streams;
static pthread_mutex_t streams_lock = PTHREAD_MUTEX_INITIALIZER;

static void forget_stream(int fd)
{
	struct stream **at = &streams, *old = NULL;

	pthread_mutex_lock(&streams_lock);
	while (*at && (*at)->fd != fd)
		at = &(*at)->next;
	if (*at) {
		old = *at;
		*at = old->next;
	}
	pthread_mutex_unlock(&streams_lock);
	free(old);
}

static int stream_close(void *cookie)
{
	forget_stream((int)(intptr_t)cookie);
	return close((int)(intptr_t)cookie);
}

static FILE *stream_of(int fd, const char *mode)
{
	static const cookie_io_functions_t functions = {stream_read, stream_write, stream_seek,
							stream_close};
	struct stream *stream = malloc(sizeof(*stream));
	FILE *file = stream ? fopencookie((void *)(intptr_t)fd, mode, functions) : NULL;

	if (!file) {
		free(stream);
		return NULL;
	}
	pthread_mutex_lock(&streams_lock);
	*stream = (struct stream){streams, file, fd};
	streams = stream;
	pthread_mutex_unlock(&streams_lock);
	return file;
}

static int stream_fd(FILE *file)
{
	const struct stream *stream;
	int fd = -1;

	pthread_mutex_lock(&streams_lock);
	for (stream = streams; stream && stream->file != file; stream = stream->next)
		;
	if (stream)
		fd = stream->fd;
	pthread_mutex_unlock(&streams_lock);
	return fd;
}

EXPORT int fileno(FILE *file)
{
	int fd = stream_fd(file);

	return fd >= 0 ? fd : REAL(fileno)(file);
}

EXPORT int fileno_unlocked(FILE *file)
{
	return fileno(file);
}

/* Into a descriptor, without a stream: libc's would write it past us. */
EXPORT int vdprintf(int fd, const char *format, va_list arguments)
{
	char *text;
	int n, done = 0;

	if (!is_file(fd))
		return REAL(vdprintf)(fd, format, arguments);
	n = vasprintf(&text, format, arguments);
	if (n < 0)
		return n;
	while (done < n) {
		ssize_t got = write(fd, text + done, (size_t)(n - done));

		if (got <= 0)
			break;
		done += (int)got;
	}
	free(text);
	return done == n ? n : -1;
}

EXPORT int __vdprintf_chk(int fd, int flag, const char *format, va_list arguments)
{
	return vdprintf(fd, format, arguments);
}

#define PRINT(fd, format)                             \
	va_list arguments;                            \
	int n;                                        \
	va_start(arguments, format);                  \
	n = vdprintf(fd, format, arguments);          \
	va_end(arguments);                            \
	return n

EXPORT int dprintf(int fd, const char *format, ...)
{
	PRINT(fd, format);
}

EXPORT int __dprintf_chk(int fd, int flag, const char *format, ...)
{
	PRINT(fd, format);
}

static int flags_of(const char *mode)
{
	int flags = strchr(mode, 'e') ? O_CLOEXEC : 0;

	if (strchr(mode, '+'))
		flags |= O_RDWR;
	else
		flags |= *mode == 'r' ? O_RDONLY : O_WRONLY;
	if (*mode == 'w')
		flags |= O_CREAT | O_TRUNC;
	return *mode == 'a' ? flags | O_CREAT | O_APPEND : flags;
}

/* Return: false: the path is libc's. */
static bool open_stream(const char *path, const char *mode, FILE **stream)
{
	int fd;

	if (!open_file(path, flags_of(mode), &fd))
		return false;
	*stream = fd < 0 ? NULL : stream_of(fd, mode);
	if (fd >= 0 && !*stream)
		close(fd);
	return true;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
	FILE *stream;

	return open_stream(path, mode, &stream) ? stream : REAL(fopen)(path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
	FILE *stream;

	return open_stream(path, mode, &stream) ? stream : REAL(fopen64)(path, mode);
}

EXPORT FILE *fdopen(int fd, const char *mode)
{
	return is_file(fd) ? stream_of(fd, mode) : REAL(fdopen)(fd, mode);
}

/*
 * Standard streams: a descriptor below 3 may be the driver's file, from the beginning (the shell
 * that started the program), or from some time on (a shell's own commands: bash's echo prints into
 * stdout). As long as it is, the stream of that name is one of ours.
 */
static struct {
	FILE **name;
	const char *mode;
	FILE *ours;   /* made once, used again and again */
	FILE *before; /* what the name stood for, while it is ours; else NULL */
} standard[] = {{&stdin, "r"}, {&stdout, "w"}, {&stderr, "w"}};

static FILE *our_standard(int fd)
{
	if (standard[fd].ours)
		return standard[fd].ours;
	standard[fd].ours = stream_of(fd, standard[fd].mode);
	if (standard[fd].ours && fd == STDERR_FILENO)
		setvbuf(standard[fd].ours, NULL, _IONBF, 0);
	return standard[fd].ours;
}

/* What is in a stream's buffer goes where it was meant to go, before its descriptor changes. */
static void leave_standard(int fd)
{
	if (fd >= 0 && fd < 3 && standard[fd].before)
		fflush(*standard[fd].name);
}

static int enter_standard(int fd)
{
	FILE *ours;

	if (fd < 0 || fd > 2 || is_file(fd) == (standard[fd].before != NULL))
		return fd;
	if (standard[fd].before) {
		*standard[fd].name = standard[fd].before;
		standard[fd].before = NULL;
		return fd;
	}
	ours = our_standard(fd);
	if (!ours)
		return fd;
	standard[fd].before = *standard[fd].name;
	*standard[fd].name = ours;
	return fd;
}

__attribute__((constructor)) static void standard_streams(void)
{
	int fd;

	for (fd = 0; fd < 3; fd++)
		enter_standard(fd);
}

EXPORT int dup2(int from, int to)
{
	leave_standard(to);
	return enter_standard(REAL(dup2)(from, to));
}

EXPORT int dup3(int from, int to, int flags)
{
	leave_standard(to);
	return enter_standard(REAL(dup3)(from, to, flags));
}

/* libc's own, which knows nothing of a stream that is ours: on what it stood for before. */
static FILE *reopen_past_us(const char *path, const char *mode, FILE *stream)
{
	int fd;

	for (fd = 0; fd < 3; fd++) {
		if (stream != standard[fd].ours || !standard[fd].before)
			continue;
		leave_standard(fd);
		stream = REAL(freopen)(path, mode, standard[fd].before);
		enter_standard(fd);
		return stream;
	}
	return REAL(freopen)(path, mode, stream);
}

EXPORT FILE *freopen(const char *path, const char *mode, FILE *stream)
{
	int fd, to = fileno(stream);

	if (!path || !open_file(path, flags_of(mode), &fd))
		return reopen_past_us(path, mode, stream);
	if (fd < 0)
		return NULL;
	fflush(stream);
	if (to < 0 || to > 2) {
		fclose(stream);
		return stream_of(fd, mode);
	}
	dup2(fd, to);
	close(fd);
	return *standard[to].name;
}

EXPORT FILE *freopen64(const char *path, const char *mode, FILE *stream)
{
	return freopen(path, mode, stream);
}

EXPORT int close(int fd)
{
	uint64_t cookie;
	bool ours = client_is_file(fd, &cookie);
	int result;

	leave_standard(fd);
	if (interests)
		drop_interests(fd);
	result = REAL(close)(fd);
	enter_standard(fd);
	/* After the last close the driver has released the file, as after the system call. */
	if (ours && !result)
		client_call(DMK_REMOTE_CLOSED, cookie, 0, 0, 0);
	return result;
}
