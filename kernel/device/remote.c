// SPDX-License-Identifier: MIT
/*
 * The server of <dmakit/remote.h>: a driver's files for programs in other processes. It knows
 * sockets and <dmakit/file.h>; what a file does is the driver's. Pointers of a call are the
 * program's: the thread that serves it says so (dmk_user_set()).
 *
 * Threads: one that accepts and watches, one for each connection. A connection's thread runs the
 * driver, so it can't see its client go away meanwhile: the watcher does that for it (struct
 * connection.busy), and interrupts.
 *
 * Lives: a file lives from its OPEN to the end of its connection, and as long as a call or a
 * mapping uses it, as a struct file does.
 */
#include "device.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <linux/sched.h>
#include <linux/sched/signal.h>

#include <dmakit/file.h>
#include <dmakit/remote.h>

#include "../internal.h"

struct remote_file {
	struct remote_file *next;
	uint64_t cookie;
	struct dmk_file *file;
	unsigned int users; /* its connection, calls under way, mappings */
	char path[sizeof(((struct dmk_remote_request *)0)->path)];
};

struct connection {
	struct connection *next;
	int fd;
	struct dmk_user user;
	pthread_t thread;
	struct task_struct *task; /* the thread's; valid while busy */
	bool busy;                /* in the driver: the watcher listens to fd meanwhile */

	struct remote_file *opened; /* a file connection's, */
	uint64_t cookie;            /* and its name: still good when the file is gone */
	struct remote_file *mapped; /* a mapping connection's, */
	uint64_t mapping;           /* its name */
	void *address;              /* and where it is here */
	size_t size;
	bool registers;             /* what is there is for serve_access() */
};

static struct {
	/*
	 * Guards the lists, users counts, busy and done. Never held in a driver's call. @released:
	 * a file was released or a connection ended.
	 */
	pthread_mutex_t lock;
	pthread_cond_t released;
	/* Around each access of a program to registers, and before they go. Taken before lock. */
	pthread_mutex_t registers;
	struct remote_file *files;
	struct connection *connections;
	struct connection *ended; /* to be joined and freed */
	unsigned int nr_files, nr_connections;
	bool running, stopping;
	int listener, epoll, stop;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	pthread_t watcher;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER,
	    .released = PTHREAD_COND_INITIALIZER,
	    .registers = PTHREAD_MUTEX_INITIALIZER};

/* --- files ------------------------------------------------------------------------------------ */

static struct remote_file *file_get(uint64_t cookie)
{
	struct remote_file *file;

	pthread_mutex_lock(&server.lock);
	for (file = server.files; file && file->cookie != cookie; file = file->next)
		;
	if (file)
		file->users++;
	pthread_mutex_unlock(&server.lock);
	return file;
}

static void file_forget(struct remote_file *file)
{
	struct remote_file **at = &server.files;

	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
}

/*
 * Released first and forgotten after that, so that whoever waits for its end sees a device that is
 * free.
 */
static void file_put(struct remote_file *file)
{
	bool last;

	pthread_mutex_lock(&server.lock);
	last = !--file->users;
	pthread_mutex_unlock(&server.lock);
	if (!last)
		return;

	dmk_close(file->file);
	pthread_mutex_lock(&server.lock);
	file_forget(file);
	server.nr_files--;
	pthread_cond_broadcast(&server.released);
	pthread_mutex_unlock(&server.lock);
	free(file);
}

static int64_t serve_open(struct connection *connection, const struct dmk_remote_request *request)
{
	struct remote_file *file;
	int err;

	if (connection->opened)
		return -EINVAL;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	err = dmk_open(request->path, request->arg[0], &file->file);
	if (err) {
		free(file);
		return err;
	}
	file->cookie = request->cookie;
	file->users = 1;
	memcpy(file->path, request->path, sizeof(file->path));
	connection->opened = file;
	pthread_mutex_lock(&server.lock);
	connection->cookie = file->cookie;
	file->next = server.files;
	server.files = file;
	server.nr_files++;
	pthread_mutex_unlock(&server.lock);
	return 0;
}

static int64_t serve_status(const struct dmk_remote_request *request,
			    struct dmk_remote_reply *reply)
{
	struct remote_file *file = request->path[0] ? NULL : file_get(request->cookie);
	struct dmk_file_status status;
	int err;

	if (!request->path[0] && !file)
		return -EBADF;
	err = dmk_file_status(file ? file->path : request->path, &status);
	if (file)
		file_put(file);
	if (err)
		return err;
	reply->mode = status.mode;
	reply->major = status.major;
	reply->minor = status.minor;
	reply->value = (uint64_t)status.size;
	return 0;
}

/*
 * The file connection that was made with @cookie: its client's side is closed, and its thread is
 * not through with that yet.
 */
static bool is_ending(uint64_t cookie)
{
	struct connection *connection;
	struct pollfd fd = {.fd = -1};

	for (connection = server.connections; connection; connection = connection->next)
		if (connection->cookie == cookie)
			fd.fd = connection->fd;
	return fd.fd >= 0 && poll(&fd, 1, 0) > 0 && fd.revents & POLLHUP;
}

static int64_t serve_closed(uint64_t cookie)
{
	pthread_mutex_lock(&server.lock);
	while (!server.stopping && is_ending(cookie))
		pthread_cond_wait(&server.released, &server.lock);
	pthread_mutex_unlock(&server.lock);
	return 0;
}

/* --- mappings --------------------------------------------------------------------------------- */

struct backing {
	dev_t dev;
	ino_t ino;
	bool writable;
	uint64_t runs;
	struct dmk_remote_run *run;
};

/*
 * One line of /proc/self/maps against [at, last]; grows the runs. Return: 0, -ENODEV, or 1: it is
 * elsewhere.
 */
static int note_map(struct backing *backing, const char *line, uint64_t at, uint64_t last,
		    uint64_t *reached)
{
	unsigned long long first, end, offset, ino;
	unsigned int major, minor;
	char rights[8];
	struct dmk_remote_run *run;
	dev_t dev;

	if (sscanf(line, "%llx-%llx %7s %llx %x:%x %llu", &first, &end, rights, &offset, &major,
		   &minor, &ino) != 7)
		return -ENODEV;
	if (end <= at || first > last)
		return 1;
	dev = (dev_t)major << 32 | minor;
	if (!ino || rights[3] != 's' || first > at ||
	    (backing->runs && (backing->dev != dev || backing->ino != ino)) ||
	    backing->runs == DMK_REMOTE_RUNS_MAX)
		return -ENODEV;
	backing->dev = dev;
	backing->ino = ino;
	run = &backing->run[backing->runs++];
	run->offset = offset + (at - first);
	run->size = (end - 1 < last ? end : last + 1) - at;
	*reached = at + run->size;
	return 0;
}

/* What file the mapping at @address shows, and which parts of it. */
static int find_runs(struct backing *backing, const void *address, size_t size)
{
	uint64_t at = (uintptr_t)address, last = at + (size - 1);
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int err = 0;

	if (!maps)
		return -errno;
	while (at <= last && err >= 0 && fgets(line, sizeof(line), maps))
		err = note_map(backing, line, at, last, &at);
	fclose(maps);
	return err < 0 || at <= last ? -ENODEV : 0;
}

static bool is_backing(const struct backing *backing, int fd)
{
	struct stat status;
	uint64_t dev;

	if (fstat(fd, &status))
		return false;
	dev = (uint64_t)(unsigned int)(status.st_dev >> 8 & 0xfff) << 32 | (status.st_dev & 0xff);
	return status.st_ino == backing->ino && dev == backing->dev;
}

/* The machine keeps the memfd of its RAM open; it is found among our descriptors. */
static int find_fd(const struct backing *backing)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int fd = -ENODEV;

	while (dir && fd < 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && is_backing(backing, atoi(entry->d_name)))
			fd = atoi(entry->d_name);
	if (dir)
		closedir(dir);
	return fd;
}

static int64_t serve_map(struct connection *connection, const struct dmk_remote_request *request,
			 struct remote_file *file, struct backing *backing, int *fd)
{
	int err;

	if (connection->mapped)
		return -EINVAL;
	err = dmk_mmap(file->file, request->arg[0], request->arg[1], request->arg[2],
		       request->arg[3], &connection->address);
	if (err)
		return err;
	err = find_runs(backing, connection->address, request->arg[0]);
	connection->registers = err == -ENODEV && !backing->runs;
	if (!err) {
		*fd = find_fd(backing);
		err = *fd < 0 ? *fd : 0;
	}
	if (err && !connection->registers) {
		dmk_munmap(connection->address, request->arg[0]);
		return err;
	}
	connection->size = request->arg[0];
	pthread_mutex_lock(&server.lock);
	connection->mapping = request->mapping;
	connection->mapped = file;
	file->users++;
	pthread_mutex_unlock(&server.lock);
	return 0;
}

static uint64_t load(const volatile void *at, uint64_t width)
{
	switch (width) {
	case 1:
		return *(const volatile uint8_t *)at;
	case 2:
		return *(const volatile uint16_t *)at;
	case 4:
		return *(const volatile uint32_t *)at;
	default:
		return *(const volatile uint64_t *)at;
	}
}

static void store(volatile void *at, uint64_t width, uint64_t value)
{
	switch (width) {
	case 1:
		*(volatile uint8_t *)at = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)at = value;
	}
}

/* A program's load or store that faulted there is carried out here, where the registers are. */
static int64_t serve_access(const struct dmk_remote_request *request,
			    struct dmk_remote_reply *reply)
{
	const uint64_t offset = request->arg[0], width = request->arg[1];
	struct connection *at;
	int64_t result = -EFAULT;

	if (width != 1 && width != 2 && width != 4 && width != 8)
		return -EINVAL;
	pthread_mutex_lock(&server.registers);
	pthread_mutex_lock(&server.lock);
	for (at = server.connections; at && (!at->mapped || !at->registers ||
					     at->mapping != request->mapping);
	     at = at->next)
		;
	pthread_mutex_unlock(&server.lock);
	/* It is not unmapped, and its connection does not end, while registers is held. */
	if (at && offset < at->size && width <= at->size - offset) {
		if (request->op == DMK_REMOTE_LOAD)
			reply->value = load((char *)at->address + offset, width);
		else
			store((char *)at->address + offset, width, request->arg[2]);
		result = 0;
	}
	pthread_mutex_unlock(&server.registers);
	return result;
}

static int64_t serve_unmap(struct connection *connection)
{
	struct remote_file *file = connection->mapped;

	if (!file)
		return -EINVAL;
	pthread_mutex_lock(&server.registers);
	pthread_mutex_lock(&server.lock);
	connection->mapped = NULL;
	pthread_mutex_unlock(&server.lock);
	pthread_mutex_unlock(&server.registers);
	dmk_munmap(connection->address, connection->size);
	file_put(file);
	return 0;
}

/* --- one connection --------------------------------------------------------------------------- */

static int64_t serve_call(const struct dmk_remote_request *request, struct dmk_file *file)
{
	void *address = (void *)(uintptr_t)request->arg[0];

	switch (request->op) {
	case DMK_REMOTE_READ:
		return dmk_read(file, address, request->arg[1]);
	case DMK_REMOTE_WRITE:
		return dmk_write(file, address, request->arg[1]);
	case DMK_REMOTE_PREAD:
		return dmk_pread(file, address, request->arg[1], request->arg[2]);
	case DMK_REMOTE_PWRITE:
		return dmk_pwrite(file, address, request->arg[1], request->arg[2]);
	case DMK_REMOTE_LSEEK:
		return dmk_lseek(file, request->arg[0], request->arg[1]);
	case DMK_REMOTE_IOCTL:
		return dmk_ioctl(file, request->arg[0], request->arg[1]);
	case DMK_REMOTE_POLL:
		return dmk_poll(file, request->arg[0], (int)request->arg[1]);
	case DMK_REMOTE_FSYNC:
		return dmk_fsync(file);
	case DMK_REMOTE_FLAGS:
		return dmk_file_flags(file, (int)request->arg[0], (int)request->arg[1]);
	}
	return -EINVAL;
}

static int64_t serve(struct connection *connection, const struct dmk_remote_request *request,
		     struct dmk_remote_reply *reply, struct backing *backing, int *fd)
{
	struct remote_file *file;
	int64_t result;

	switch (request->op) {
	case DMK_REMOTE_OPEN:
		return serve_open(connection, request);
	case DMK_REMOTE_STATUS:
		return serve_status(request, reply);
	case DMK_REMOTE_LIST:
		return dmk_file_list(request->path, (unsigned int)request->arg[0], reply->name,
				     sizeof(reply->name));
	case DMK_REMOTE_CLOSED:
		return serve_closed(request->cookie);
	case DMK_REMOTE_UNMAP:
		return serve_unmap(connection);
	case DMK_REMOTE_LOAD:
	case DMK_REMOTE_STORE:
		return serve_access(request, reply);
	}
	file = file_get(request->cookie);
	if (!file)
		return -EBADF;
	if (request->op == DMK_REMOTE_MAP)
		result = serve_map(connection, request, file, backing, fd);
	else
		result = serve_call(request, file->file);
	file_put(file);
	return result;
}

static void reply(struct connection *connection, struct dmk_remote_reply *head,
		  const struct backing *backing, int fd)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec data[] = {
		{head, sizeof(*head)},
		{backing->run, fd >= 0 ? backing->runs * sizeof(*backing->run) : 0},
	};
	struct msghdr message = {.msg_iov = data, .msg_iovlen = 2};

	head->nr_runs = fd >= 0 ? backing->runs : 0;
	if (fd >= 0) {
		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
		*CMSG_FIRSTHDR(&message) = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fd, sizeof(int));
	}
	sendmsg(connection->fd, &message, MSG_NOSIGNAL);
}

/*
 * The watcher hears the connection while the driver runs, and the connection's own thread at all
 * other times.
 */
static void set_busy(struct connection *connection, bool busy)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = connection};

	pthread_mutex_lock(&server.lock);
	connection->busy = busy;
	if (busy && server.stopping)
		send_sig(SIGINT, connection->task, 0);
	epoll_ctl(server.epoll, busy ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, connection->fd, &event);
	pthread_mutex_unlock(&server.lock);
}

static void handle(struct connection *connection, struct dmk_remote_request *request)
{
	struct dmk_remote_reply head = {0};
	struct backing backing = {0};
	int fd = -1;

	request->path[sizeof(request->path) - 1] = '\0';
	if (request->op == DMK_REMOTE_CANCEL)
		return; /* it came too late */
	if (request->op == DMK_REMOTE_MAP) {
		backing.run = calloc(DMK_REMOTE_RUNS_MAX, sizeof(*backing.run));
		if (!backing.run) {
			head.result = -ENOMEM;
			reply(connection, &head, &backing, -1);
			return;
		}
	}
	flush_signals(connection->task);
	set_busy(connection, true);
	head.result = serve(connection, request, &head, &backing, &fd);
	set_busy(connection, false);
	reply(connection, &head, &backing, fd);
	free(backing.run);
	/*
	 * A program that reads this socket by itself, past the library, finds its end there and
	 * does not hang.
	 */
	if (request->op == DMK_REMOTE_OPEN)
		shutdown(connection->fd, SHUT_WR);
}

/* The client is gone: what the connection stood for goes too. */
static void hang_up(struct connection *connection)
{
	serve_unmap(connection);
	if (connection->opened)
		file_put(connection->opened);
}

static void connection_end(struct connection *connection)
{
	struct connection **at = &server.connections;

	pthread_mutex_lock(&server.lock);
	while (*at != connection)
		at = &(*at)->next;
	*at = connection->next;
	server.nr_connections--;
	close(connection->fd);
	connection->next = server.ended;
	server.ended = connection;
	pthread_cond_broadcast(&server.released);
	pthread_mutex_unlock(&server.lock);
}

/*
 * Threads are joined, not left to themselves: one that is still on its way out must not outlive the
 * kernel part.
 */
static void join_ended(void)
{
	struct connection *connection, *next;

	pthread_mutex_lock(&server.lock);
	connection = server.ended;
	server.ended = NULL;
	pthread_mutex_unlock(&server.lock);
	for (; connection; connection = next) {
		next = connection->next;
		pthread_join(connection->thread, NULL);
		free(connection);
	}
}

/* Bytes that came by write(2) itself: no answer goes back, so they are not written either. */
static void say_lost(const struct connection *connection)
{
	dmk_complain(NULL,
		     "a program wrote to %s by a system call of its own, as static programs do: what it "
		     "wrote is lost",
		     connection->opened ? connection->opened->path : "a socket of ours");
}

static void *connection_run(void *arg)
{
	struct connection *connection = arg;
	struct dmk_remote_request request;
	ssize_t got;

	connection->task = current;
	dmk_user_set(&connection->user);
	pthread_mutex_lock(&server.lock); /* accept_one() is through with it */
	pthread_mutex_unlock(&server.lock);
	for (;;) {
		got = recv(connection->fd, &request, sizeof(request), 0);
		if (got == sizeof(request))
			handle(connection, &request);
		else if (!got || (got < 0 && errno != EINTR))
			break;
		else if (got > 0)
			say_lost(connection);
	}
	hang_up(connection);
	dmk_user_set(NULL);
	connection_end(connection);
	return NULL;
}

/* --- the watcher ------------------------------------------------------------------------------ */

static void accept_one(void)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int fd;

	join_ended();
	fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 || !connection || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		goto refuse;
	connection->fd = fd;
	connection->user.pid = peer.pid;
	/* Under the lock, so that the thread is known before it can be waited for. */
	pthread_mutex_lock(&server.lock);
	if (pthread_create(&connection->thread, NULL, connection_run, connection)) {
		pthread_mutex_unlock(&server.lock);
		goto refuse;
	}
	connection->next = server.connections;
	server.connections = connection;
	server.nr_connections++;
	pthread_mutex_unlock(&server.lock);
	return;

refuse:
	if (fd >= 0)
		close(fd);
	free(connection);
}

static bool is_connection(const struct connection *connection)
{
	const struct connection *at;

	for (at = server.connections; at && at != connection; at = at->next)
		;
	return at;
}

/*
 * A client cancels its call, or is gone while its call is under way. An event may also be old, of a
 * call that is over: then there is nothing to read. The end of a connection can't be heard again
 * and again, so it is no longer listened to.
 */
static void hear(struct connection *connection)
{
	struct dmk_remote_request request;
	ssize_t got;

	pthread_mutex_lock(&server.lock);
	if (!is_connection(connection) || !connection->busy)
		goto unlock;
	got = recv(connection->fd, &request, sizeof(request), MSG_DONTWAIT);
	if (!got)
		epoll_ctl(server.epoll, EPOLL_CTL_DEL, connection->fd, NULL);
	if (!got || (got == sizeof(request) && request.op == DMK_REMOTE_CANCEL))
		send_sig(SIGINT, connection->task, 0);
unlock:
	pthread_mutex_unlock(&server.lock);
}

static void *watcher_run(void *arg)
{
	struct epoll_event event;
	eventfd_t count;

	for (;;) {
		if (epoll_wait(server.epoll, &event, 1, -1) != 1)
			continue;
		if (event.data.ptr == &server.stop) {
			eventfd_read(server.stop, &count);
			return NULL;
		}
		if (event.data.ptr == &server.listener)
			accept_one();
		else
			hear(event.data.ptr);
	}
}

/* --- life ------------------------------------------------------------------------------------- */

static int watch(int fd, void *what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

	return epoll_ctl(server.epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int err;

	server.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (server.listener < 0)
		return -errno;
	strcpy(address.sun_path, path);
	strcpy(server.path, path);
	if (!bind(server.listener, (struct sockaddr *)&address, sizeof(address)) &&
	    !listen(server.listener, 128))
		return 0;
	err = -errno;
	close(server.listener);
	return err;
}

static int start(const char *path)
{
	sigset_t all, before;
	int err;

	server.stopping = false;
	server.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server.epoll < 0)
		return -errno;
	server.stop = eventfd(0, EFD_CLOEXEC);
	err = -errno;
	if (server.stop < 0)
		goto close_epoll;
	err = listen_at(path);
	if (err)
		goto close_stop;
	err = watch(server.listener, &server.listener);
	if (!err)
		err = watch(server.stop, &server.stop);
	if (err)
		goto unlisten;

	/* Signals are for the program's own threads; the threads of connections inherit this. */
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGTRAP);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&server.watcher, NULL, watcher_run, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		return 0;

unlisten:
	close(server.listener);
	unlink(server.path);
close_stop:
	close(server.stop);
close_epoll:
	close(server.epoll);
	return err;
}

int dmk_remote_start(const char *socket_path)
{
	int err;

	if (strlen(socket_path) >= sizeof(server.path))
		return -ENAMETOOLONG;
	if (server.running)
		return -EBUSY;
	err = start(socket_path);
	server.running = !err;
	return err;
}

unsigned int dmk_remote_files(void)
{
	unsigned int n;

	pthread_mutex_lock(&server.lock);
	n = server.nr_files;
	pthread_mutex_unlock(&server.lock);
	return n;
}

static void hang_up_all(void)
{
	struct connection *connection;

	pthread_mutex_lock(&server.lock);
	server.stopping = true;
	for (connection = server.connections; connection; connection = connection->next) {
		shutdown(connection->fd, SHUT_RDWR);
		if (connection->busy)
			send_sig(SIGINT, connection->task, 0);
	}
	pthread_cond_broadcast(&server.released);
	while (server.nr_connections)
		pthread_cond_wait(&server.released, &server.lock);
	pthread_mutex_unlock(&server.lock);
}

void dmk_remote_stop(void)
{
	if (!server.running)
		return;
	eventfd_write(server.stop, 1);
	pthread_join(server.watcher, NULL);
	close(server.listener);
	unlink(server.path);
	hang_up_all();
	join_ended();
	close(server.stop);
	close(server.epoll);
	server.running = false;
}
