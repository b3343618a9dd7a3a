// SPDX-License-Identifier: MIT
/* See fake_files.h. */
#include "fake_files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <dmakit/file.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "../../kernel/device/device.h"
#include "../../kernel/internal.h"

struct dmk_file {
	bool exclusive;
	int flags;
	int64_t position;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct fake_counts counts;
	bool ready, taken;
	int fd;
	char *memory;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* --- threads, as the kernel part has them ----------------------------------------------------- */

static __thread const struct dmk_user *user;
static __thread struct task_struct self;
static __thread bool signaled_storage;

/*
 * A task's address is all that the server knows; its signal flag lies in a small table beside it.
 */
enum { TASKS = 64 };
static struct {
	struct task_struct *task;
	bool *signaled;
} tasks[TASKS];

struct task_struct *dmk_current(void)
{
	unsigned int i;

	pthread_mutex_lock(&fake.lock);
	for (i = 0; i < TASKS && tasks[i].task != &self && tasks[i].task; i++)
		;
	tasks[i].task = &self;
	tasks[i].signaled = &signaled_storage;
	pthread_mutex_unlock(&fake.lock);
	return &self;
}

static void set_signaled(struct task_struct *task, bool on)
{
	unsigned int i;

	pthread_mutex_lock(&fake.lock);
	for (i = 0; i < TASKS && tasks[i].task; i++)
		if (tasks[i].task == task)
			*tasks[i].signaled = on;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
}

int send_sig(int signal, struct task_struct *task, int priv)
{
	set_signaled(task, true);
	return 0;
}

void dmk_complain(const void *caller, const char *format, ...)
{
	pthread_mutex_lock(&fake.lock);
	fake.counts.complaints++;
	pthread_mutex_unlock(&fake.lock);
}

void flush_signals(struct task_struct *task)
{
	set_signaled(task, false);
}

const struct dmk_user *dmk_user_set(const struct dmk_user *new)
{
	const struct dmk_user *old = user;

	user = new;
	return old;
}

static bool copy(void *theirs, void *mine, size_t size, bool to_user)
{
	struct iovec local = {mine, size}, remote = {theirs, size};

	if (!size)
		return true;
	return (to_user ? process_vm_writev(user->pid, &local, 1, &remote, 1, 0)
			: process_vm_readv(user->pid, &local, 1, &remote, 1, 0)) == (ssize_t)size;
}

/* --- the files -------------------------------------------------------------------------------- */

void fake_start(void)
{
	fake.fd = memfd_create("fake", MFD_CLOEXEC);
	if (ftruncate(fake.fd, FAKE_SIZE))
		abort();
	fake.memory = mmap(NULL, FAKE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fake.fd, 0);
}

struct fake_counts fake_counts(void)
{
	struct fake_counts counts;

	pthread_mutex_lock(&fake.lock);
	counts = fake.counts;
	pthread_mutex_unlock(&fake.lock);
	return counts;
}

void fake_set_ready(int ready)
{
	pthread_mutex_lock(&fake.lock);
	fake.ready = ready;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
}

int dmk_file_status(const char *path, struct dmk_file_status *status)
{
	const bool is_tree = !strcmp(path, "/sys/fake/speed");

	if (strcmp(path, "/dev/fake0") && strcmp(path, "/dev/fake1") && !is_tree)
		return -ENOENT;
	*status = is_tree ? (struct dmk_file_status){.mode = 0100644, .size = 4096}
			  : (struct dmk_file_status){.mode = 0020600, .major = 10, .minor = 200};
	return 0;
}

int dmk_file_list(const char *directory, unsigned int index, char *name, size_t size)
{
	if (!strcmp(directory, "/dev"))
		strcpy(name, index ? "fake1" : "fake0");
	else if (!strcmp(directory, "/sys/fake"))
		strcpy(name, "speed");
	else
		return -ENOENT;
	return index < (directory[1] == 'd' ? 2 : 1);
}

int dmk_file_flags(struct dmk_file *file, int set, int flags)
{
	if (set)
		file->flags = (file->flags & ~O_NONBLOCK) | (flags & O_NONBLOCK);
	return file->flags & (O_ACCMODE | O_NONBLOCK);
}

int dmk_open(const char *path, int flags, struct dmk_file **file)
{
	bool exclusive = !strcmp(path, "/dev/fake1"), busy;

	if (!exclusive && strcmp(path, "/dev/fake0") && strcmp(path, "/sys/fake/speed"))
		return strcmp(path, "/sys/fake") ? -ENOENT : -EISDIR;
	pthread_mutex_lock(&fake.lock);
	busy = exclusive && fake.taken;
	fake.taken |= exclusive;
	fake.counts.open += !busy;
	pthread_mutex_unlock(&fake.lock);
	if (busy)
		return -EBUSY;
	*file = calloc(1, sizeof(**file));
	(*file)->exclusive = exclusive;
	(*file)->flags = flags;
	return 0;
}

int dmk_close(struct dmk_file *file)
{
	usleep(5000); /* long enough to be overtaken by who doesn't wait for it */
	pthread_mutex_lock(&fake.lock);
	fake.counts.open--;
	if (file->exclusive)
		fake.taken = false;
	pthread_mutex_unlock(&fake.lock);
	free(file);
	return 0;
}

static size_t room_for(size_t size, int64_t offset)
{
	if (offset >= FAKE_SIZE)
		return 0;
	return size < (size_t)(FAKE_SIZE - offset) ? size : (size_t)(FAKE_SIZE - offset);
}

long dmk_pread(struct dmk_file *file, void *buffer, size_t size, int64_t offset)
{
	size = room_for(size, offset);
	return copy(buffer, fake.memory + offset, size, true) ? (long)size : -EFAULT;
}

long dmk_pwrite(struct dmk_file *file, const void *buffer, size_t size, int64_t offset)
{
	size = room_for(size, offset);
	if (!size)
		return -ENOSPC;
	return copy((void *)buffer, fake.memory + offset, size, false) ? (long)size : -EFAULT;
}

long dmk_read(struct dmk_file *file, void *buffer, size_t size)
{
	long done = dmk_pread(file, buffer, size, file->position);

	file->position += done > 0 ? done : 0;
	return done;
}

long dmk_write(struct dmk_file *file, const void *buffer, size_t size)
{
	long done = dmk_pwrite(file, buffer, size, file->position);

	file->position += done > 0 ? done : 0;
	return done;
}

int64_t dmk_lseek(struct dmk_file *file, int64_t offset, int whence)
{
	int64_t base = whence == SEEK_CUR ? file->position : whence == SEEK_END ? FAKE_SIZE : 0;

	if (base + offset < 0)
		return -EINVAL;
	return file->position = base + offset;
}

/* Until @over or a signal. Return: what timedwait said, -EINTR. */
static int sleep_until(const bool *over, int timeout_ms)
{
	struct timespec until;
	int err = 0;

	dmk_current();
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms < 0 ? 3600 : timeout_ms / 1000;
	until.tv_nsec += timeout_ms < 0 ? 0 : timeout_ms % 1000 * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&fake.lock);
	fake.counts.asleep++;
	while (!*over && !signaled_storage && !err)
		err = pthread_cond_timedwait(&fake.changed, &fake.lock, &until);
	fake.counts.asleep--;
	if (!*over && signaled_storage) {
		fake.counts.interrupted++;
		err = EINTR;
	}
	pthread_mutex_unlock(&fake.lock);
	return -err;
}

long dmk_ioctl(struct dmk_file *file, unsigned int command, unsigned long argument)
{
	static const bool never = false;
	uint32_t value;

	switch (command) {
	case FAKE_DOUBLE:
		if (!copy((void *)argument, &value, sizeof(value), false))
			return -EFAULT;
		value *= 2;
		return copy((void *)argument, &value, sizeof(value), true) ? 0 : -EFAULT;
	case FAKE_SLEEP:
		return sleep_until(&never, -1);
	case FAKE_READY:
		fake_set_ready(argument != 0);
		return 0;
	case FAKE_NUMBER:
		return argument + 1;
	}
	return -ENOTTY;
}

int dmk_mmap(struct dmk_file *file, size_t size, int prot, int flags, int64_t offset,
	     void **address)
{
	int how = offset == FAKE_UNBACKED ? MAP_PRIVATE | MAP_ANONYMOUS
					  : MAP_SHARED | MAP_ANONYMOUS;
	char *start;

	if (size > FAKE_SIZE || (offset && offset != FAKE_UNBACKED))
		return -EINVAL;
	start = mmap(NULL, FAKE_SIZE, prot, how, -1, 0);
	if (!offset) {
		mmap(start, 4096, prot, MAP_SHARED | MAP_FIXED, fake.fd, 4096);
		mmap(start + 4096, 4096, prot, MAP_SHARED | MAP_FIXED, fake.fd, 0);
	}
	pthread_mutex_lock(&fake.lock);
	fake.counts.mapped++;
	pthread_mutex_unlock(&fake.lock);
	*address = start;
	return 0;
}

int dmk_munmap(void *address, size_t size)
{
	munmap(address, FAKE_SIZE);
	pthread_mutex_lock(&fake.lock);
	fake.counts.mapped--;
	pthread_mutex_unlock(&fake.lock);
	return 0;
}

int dmk_poll(struct dmk_file *file, short events, int timeout_ms)
{
	int err = events & POLLOUT || fake.ready ? 0 : sleep_until(&fake.ready, timeout_ms);

	if (err == -EINTR)
		return err;
	return events & (POLLOUT | (fake.ready ? POLLIN : 0));
}

int dmk_fsync(struct dmk_file *file)
{
	return -EINVAL;
}
