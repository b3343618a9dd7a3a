// SPDX-License-Identifier: MIT
/*
 * Connections of a program to the process that runs the driver, and calls over them.
 *
 * No table of descriptors is kept: a descriptor is a driver's file if it is a socket whose other
 * end has our socket's name. So dup, fork, exec and close need nothing from us, and a shell's
 * redirection reaches the program it starts. Our own connections lie above HIDDEN_FDS, where
 * programs don't look, and are compared with their cookie before use in case the program closed
 * them all the same.
 */
#include "client.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { HIDDEN_FDS = 700 };

void client_close(int fd)
{
	syscall(SYS_close, fd);
}

/* --- connections ------------------------------------------------------------------------------ */

static const char *socket_path(void)
{
	return getenv(DMK_REMOTE_ENVIRONMENT);
}

static bool server_address(struct sockaddr_un *address)
{
	const char *path = socket_path();

	if (!path || strlen(path) >= sizeof(address->sun_path))
		return false;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	strcpy(address->sun_path, path);
	return true;
}

static uint64_t cookie_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size);
	return cookie;
}

/*
 * Pointers of our calls are read and written by the server; where a parent may do that only when
 * told so, tell.
 */
static void let_in(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		prctl(PR_SET_PTRACER, peer.pid);
}

static int connect_server(void)
{
	struct sockaddr_un address;
	int fd, err;

	if (!server_address(&address))
		return -ENOENT;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		let_in(fd);
		return fd;
	}
	err = -errno;
	client_close(fd);
	return err;
}

static int connect_hidden(void)
{
	int fd = connect_server(), high;

	if (fd < 0)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN_FDS);
	if (high < 0)
		return fd;
	client_close(fd);
	return high;
}

bool client_is_file(int fd, uint64_t *cookie)
{
	struct sockaddr_un peer;
	socklen_t size = sizeof(peer);
	const char *path = socket_path();
	int before = errno;
	bool is;

	if (!path || fd < 0)
		return false;
	memset(&peer, 0, sizeof(peer));
	is = !getpeername(fd, (struct sockaddr *)&peer, &size) && peer.sun_family == AF_UNIX &&
	     !strncmp(peer.sun_path, path, sizeof(peer.sun_path));
	if (is)
		*cookie = cookie_of(fd);
	errno = before;
	return is;
}

/* --- one request, one reply ------------------------------------------------------------------- */

static bool put(int fd, const struct dmk_remote_request *request)
{
	ssize_t sent;

	do
		sent = send(fd, request, sizeof(*request), MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent == sizeof(*request);
}

/*
 * Waits for the reply. A handled signal interrupts the driver's call, whose answer then says how
 * far it came; a handler that restarts system calls (SA_RESTART) restarts the wait, and the call is
 * none the wiser.
 */
static int64_t get(int fd, struct msghdr *message)
{
	struct dmk_remote_request cancel = {.op = DMK_REMOTE_CANCEL};
	const struct dmk_remote_reply *reply = message->msg_iov[0].iov_base;
	bool canceled = false;
	ssize_t got;

	for (;;) {
		got = recvmsg(fd, message, MSG_CMSG_CLOEXEC);
		if (got >= (ssize_t)sizeof(*reply))
			return reply->result;
		if (got >= 0 || errno != EINTR)
			return -EIO; /* the driver's process is gone */
		if (!canceled)
			put(fd, &cancel);
		canceled = true;
	}
}

static int64_t get_reply(int fd, struct dmk_remote_reply *reply)
{
	struct iovec data = {reply, sizeof(*reply)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};

	return get(fd, &message);
}

static int64_t get_number(int fd)
{
	struct dmk_remote_reply reply;

	return get_reply(fd, &reply);
}

/* --- the thread's connection ------------------------------------------------------------------ */

static __thread struct {
	int fd;
	uint64_t cookie;
	pid_t pid; /* a child of fork() has connections of its own */
	bool busy; /* a signal handler calls in the middle of a call */
} mine;

static pthread_key_t thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void forget_mine(void *unused)
{
	if (mine.pid == getpid() && cookie_of(mine.fd) == mine.cookie)
		client_close(mine.fd);
	mine.pid = 0;
}

static void make_key(void)
{
	pthread_key_create(&thread_end, forget_mine);
}

static bool has_mine(void)
{
	return mine.pid == getpid() && cookie_of(mine.fd) == mine.cookie;
}

static int connect_mine(void)
{
	int fd;

	if (has_mine())
		return mine.fd;
	fd = connect_hidden();
	if (fd < 0)
		return fd;
	pthread_once(&once, make_key);
	pthread_setspecific(thread_end, &mine);
	mine.fd = fd;
	mine.cookie = cookie_of(fd);
	mine.pid = getpid();
	return fd;
}

static int64_t call_over(int fd, const struct dmk_remote_request *request,
			 struct dmk_remote_reply *reply)
{
	if (fd < 0)
		return fd;
	return put(fd, request) ? get_reply(fd, reply) : -EIO;
}

static int64_t call_for(const struct dmk_remote_request *request, struct dmk_remote_reply *reply)
{
	int64_t result;
	int fd;

	if (mine.busy) {
		fd = connect_hidden();
		result = call_over(fd, request, reply);
		if (fd >= 0)
			client_close(fd);
		return result;
	}
	mine.busy = true;
	result = call_over(connect_mine(), request, reply);
	mine.busy = false;
	return result;
}

static int64_t call(const struct dmk_remote_request *request)
{
	struct dmk_remote_reply reply;

	return call_for(request, &reply);
}

int64_t client_call(enum dmk_remote_op op, uint64_t cookie, uint64_t first, uint64_t second,
		    uint64_t third)
{
	const struct dmk_remote_request request = {.op = op,
						   .cookie = cookie,
						   .arg = {first, second, third}};
	int before = errno;
	int64_t result = call(&request);

	errno = before;
	return result;
}

/* --- files ------------------------------------------------------------------------------------ */

static bool may_be_file(const char *path, struct dmk_remote_request *request)
{
	if ((strncmp(path, "/dev/", 5) && strncmp(path, "/sys/", 5) &&
	     strncmp(path, "/proc/", 6)) ||
	    !socket_path() || strlen(path) >= sizeof(request->path))
		return false;
	strcpy(request->path, path);
	return true;
}

int client_open(const char *path, int flags)
{
	struct dmk_remote_request request = {.op = DMK_REMOTE_OPEN, .arg = {flags}};
	struct dmk_remote_reply reply;
	int64_t result;
	int fd;

	if (!may_be_file(path, &request))
		return -ENOENT;
	fd = connect_server();
	if (fd < 0)
		return -ENOENT;
	request.cookie = cookie_of(fd);
	result = call_over(fd, &request, &reply);
	if (result < 0) {
		client_close(fd);
		/* A directory of a driver's has a name that may be the system's too. */
		return result == -EISDIR ? -ENOENT : result;
	}
	if (!(flags & O_CLOEXEC))
		fcntl(fd, F_SETFD, 0);
	return fd;
}

bool client_status(const char *path, uint64_t cookie, struct dmk_remote_reply *reply)
{
	struct dmk_remote_request request = {.op = DMK_REMOTE_STATUS, .cookie = cookie};
	int before = errno;
	bool is = (!*path || may_be_file(path, &request)) && !call_for(&request, reply);

	errno = before;
	return is;
}

bool client_list(const char *path, unsigned int index, char name[64])
{
	struct dmk_remote_request request = {.op = DMK_REMOTE_LIST, .arg = {index}};
	struct dmk_remote_reply reply;
	int before = errno;
	size_t n = strlen(path);
	bool is = false;

	if (socket_path() && n < sizeof(request.path)) {
		strcpy(request.path, path);
		while (n > 1 && request.path[n - 1] == '/')
			request.path[--n] = '\0';
		is = call_for(&request, &reply) == 1;
	}
	if (is)
		snprintf(name, 64, "%.63s", reply.name);
	errno = before;
	return is;
}

int client_watch(uint64_t cookie, short events)
{
	const struct dmk_remote_request request = {
		.op = DMK_REMOTE_POLL,
		.cookie = cookie,
		.arg = {(uint16_t)events, -1},
	};
	int fd = connect_hidden();

	if (fd >= 0 && !put(fd, &request)) {
		client_close(fd);
		return -EIO;
	}
	return fd;
}

int64_t client_watched(int fd)
{
	return get_number(fd);
}

/* --- mappings --------------------------------------------------------------------------------- */

struct mapping {
	struct mapping *next;
	char *address;
	size_t size;
	int fd; /* its connection */
	pid_t pid;
};

static struct mapping *mappings;
static pthread_mutex_t mappings_lock = PTHREAD_MUTEX_INITIALIZER;

struct map_reply {
	struct dmk_remote_reply head;
	struct dmk_remote_run run[DMK_REMOTE_RUNS_MAX];
};

/* The reply with the runs, and the file they are in. */
static int64_t get_map(int fd, struct map_reply *reply, int *memory)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec data = {reply, sizeof(*reply)};
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	int64_t result = get(fd, &message);

	if (result < 0 || !reply->head.nr_runs)
		return result; /* without runs: registers */
	if (!message.msg_controllen)
		return -EIO;
	memcpy(memory, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return 0;
}

static void *map_at(void *address, size_t size, int prot, int flags, int fd, off_t offset)
{
	return (void *)syscall(SYS_mmap, address, size, prot, flags, fd, offset);
}

/* The runs side by side. Return: NULL when they can't be. */
static void *map_runs(void *address, size_t size, int prot, int flags,
		      const struct map_reply *reply, int memory)
{
	int fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE), how = flags & MAP_TYPE;
	char *start = map_at(address, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0),
	     *at = start;
	uint64_t i;

	if (start == MAP_FAILED)
		return NULL;
	if (how == MAP_SHARED_VALIDATE)
		how = MAP_SHARED;
	for (i = 0; i < reply->head.nr_runs; i++) {
		const struct dmk_remote_run *run = &reply->run[i];

		if (map_at(at, run->size, prot, how | MAP_FIXED, memory, run->offset) ==
		    MAP_FAILED) {
			syscall(SYS_munmap, start, size);
			return NULL;
		}
		at += run->size;
	}
	return start;
}

static void *note_mapping(struct mapping *mapping, void *address, size_t size, int fd)
{
	*mapping = (struct mapping){.address = address, .size = size, .fd = fd, .pid = getpid()};
	pthread_mutex_lock(&mappings_lock);
	mapping->next = mappings;
	mappings = mapping;
	pthread_mutex_unlock(&mappings_lock);
	return address;
}

static int map(struct dmk_remote_request *request, void *address, int flags,
	       struct map_reply *reply, void **got)
{
	struct mapping *mapping = malloc(sizeof(*mapping));
	int fd = connect_hidden(), memory = -1, err = -ENOMEM;

	if (!mapping || fd < 0)
		goto undo;
	request->mapping = cookie_of(fd);
	err = put(fd, request) ? get_map(fd, reply, &memory) : -EIO;
	if (err)
		goto undo;
	*got = map_runs(address, request->arg[0], request->arg[1], flags, reply, memory);
	if (memory >= 0)
		client_close(memory);
	if (*got && memory < 0 && !registers_add(*got, request->arg[0], request->mapping)) {
		syscall(SYS_munmap, *got, request->arg[0]);
		err = -ENODEV;
		goto undo;
	}
	if (*got) {
		note_mapping(mapping, *got, request->arg[0], fd);
		return 0;
	}
	err = -ENOMEM;
undo:
	if (fd >= 0)
		client_close(fd);
	free(mapping);
	return err;
}

void *client_map(uint64_t cookie, void *address, size_t size, int prot, int flags, off_t offset)
{
	struct dmk_remote_request request = {
		.op = DMK_REMOTE_MAP,
		.cookie = cookie,
		.arg = {size, prot, flags, offset},
	};
	struct map_reply *reply = malloc(sizeof(*reply));
	void *got = MAP_FAILED;
	int err = reply ? map(&request, address, flags, reply, &got) : -ENOMEM;

	free(reply);
	if (!err)
		return got;
	errno = -err;
	return MAP_FAILED;
}

/* In a child of fork() only its copy ends; the parent's stays. */
static void end_mapping(struct mapping *mapping)
{
	const struct dmk_remote_request request = {.op = DMK_REMOTE_UNMAP};
	struct dmk_remote_reply reply;

	if (mapping->pid == getpid())
		call_over(mapping->fd, &request, &reply);
	client_close(mapping->fd);
	free(mapping);
}

int64_t client_access(enum dmk_remote_op op, uint64_t mapping, uint64_t offset, unsigned int width,
		      uint64_t *value)
{
	const struct dmk_remote_request request = {
		.op = op,
		.mapping = mapping,
		.arg = {offset, width, *value},
	};
	struct dmk_remote_reply reply;
	int64_t result = call_for(&request, &reply);

	*value = result ? ~0ULL : reply.value;
	return result;
}

void client_unmapped(void *address, size_t size)
{
	struct mapping **at = &mappings, *ended = NULL, *mapping;
	char *first = address;

	registers_remove(address, size);
	pthread_mutex_lock(&mappings_lock);
	while ((mapping = *at)) {
		if (mapping->address >= first && mapping->address + mapping->size <= first + size) {
			*at = mapping->next;
			mapping->next = ended;
			ended = mapping;
		} else {
			at = &mapping->next;
		}
	}
	pthread_mutex_unlock(&mappings_lock);
	while ((mapping = ended)) {
		ended = mapping->next;
		end_mapping(mapping);
	}
}
