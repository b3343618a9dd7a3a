/* SPDX-License-Identifier: MIT */
/*
 * The default exercise: what a driver's character devices get when there is no test; its network
 * interfaces get theirs in exercise_net.c. It knows nothing of the driver, so it judges no answer;
 * it opens, reads, writes, seeks, polls, tries ioctl numbers and maps, with plain sizes and with
 * hostile ones, and leaves the judging to the checker. Whatever the driver says, it goes on;
 * whatever sleeps is woken.
 */
#include "run/run.h"

#include <dmakit/file.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
	BUFFER = 128 * 1024,
	STUCK_MS = 500, /* a call that sleeps this long is woken as if by a signal */
	FILE_MS = 8000, /* what one device gets at most */
};

static struct {
	_Atomic unsigned int calls; /* so far: stands still while one sleeps */
	_Atomic bool stop, done;
	char *buffer;
	char name[64];
} exercise;

static bool go_on(void)
{
	atomic_fetch_add(&exercise.calls, 1);
	return !atomic_load(&exercise.stop) && !dmk_kernel_died();
}

static struct dmk_file *open_as(int flags)
{
	static const int access[] = {O_RDWR, O_RDONLY, O_WRONLY};
	struct dmk_file *file;

	for (unsigned int i = 0; i < sizeof(access) / sizeof(*access); i++) {
		if (!go_on())
			return NULL;
		if (dmk_open(exercise.name, access[i] | flags, &file) == 0)
			return file;
	}
	return NULL;
}

static const size_t sizes[] = {0, 1, 4, 7, 64, 511, 512, 4095, 4096, 4097, 8192, 65536, 100000};
enum { SIZES = sizeof(sizes) / sizeof(*sizes) };

static void fill(size_t size, unsigned int round)
{
	for (size_t i = 0; i < size; i++)
		exercise.buffer[i] = (char)(i * 31 + round);
}

/* Buffers start on an odd address as well as on a page, so that they cross pages. */
static void transfer(struct dmk_file *file, unsigned int first, unsigned int end)
{
	for (unsigned int i = first; i < end && go_on(); i++) {
		char *buffer = exercise.buffer + (i & 1 ? 3 : 0);

		fill(sizes[i] + 3, i);
		dmk_lseek(file, 0, SEEK_SET);
		dmk_write(file, buffer, sizes[i]);
		if (!go_on())
			return;
		dmk_lseek(file, 0, SEEK_SET);
		dmk_read(file, buffer, sizes[i]);
	}
}

static void seek_and_place(struct dmk_file *file)
{
	static const int64_t offset[] = {0, 1, 4093, 4096, -1, INT64_MAX, INT64_MIN, 1LL << 32};

	for (unsigned int i = 0; i < sizeof(offset) / sizeof(*offset) && go_on(); i++) {
		for (int whence = SEEK_SET; whence <= SEEK_END; whence++)
			dmk_lseek(file, offset[i], whence);
		dmk_pread(file, exercise.buffer, 16, offset[i]);
		go_on();
		dmk_pwrite(file, exercise.buffer, 16, offset[i]);
	}
	dmk_lseek(file, 0, SEEK_SET);
}

/* User addresses that are none. */
static void bad_pointers(struct dmk_file *file)
{
	static const uintptr_t bad[] = {0, 1, 4096, (uintptr_t)-1, (uintptr_t)-4096};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (!go_on())
			return;
		dmk_read(file, (void *)bad[i], 16);
		if (!go_on())
			return;
		dmk_write(file, (const void *)bad[i], 16);
	}
}

static void one_ioctl(struct dmk_file *file, unsigned int command)
{
	static const unsigned long hostile[] = {0, 1, (unsigned long)-1};
	long result;

	memset(exercise.buffer, 0, 4096);
	result = dmk_ioctl(file, command, (unsigned long)exercise.buffer);
	if (!go_on() || result == -ENOTTY || result == -EINVAL)
		return;
	/* the driver knows this one */
	memset(exercise.buffer, 0xff, 4096);
	dmk_ioctl(file, command, (unsigned long)exercise.buffer);
	fill(4096, command);
	for (unsigned int i = 0; i < sizeof(hostile) / sizeof(*hostile) && go_on(); i++)
		dmk_ioctl(file, command, hostile[i]);
}

/*
 * The usual shape of ioctl numbers: a letter, a small number, and a structure of a small size each
 * way.
 */
static void ioctls(struct dmk_file *file)
{
	static const unsigned int plain[] = {0, 1, 2, 0x5401, FIONREAD, 0xffffffffu};

	for (unsigned int i = 0; i < sizeof(plain) / sizeof(*plain) && go_on(); i++)
		one_ioctl(file, plain[i]);
	for (unsigned int type = 'A'; type <= 'z'; type++) {
		for (unsigned int nr = 0; nr < 12; nr++) {
			one_ioctl(file, _IO(type, nr));
			for (unsigned int size = 4; size <= 32; size *= 2) {
				if (!go_on())
					return;
				one_ioctl(file, _IOC(_IOC_READ, type, nr, size));
				one_ioctl(file, _IOC(_IOC_WRITE, type, nr, size));
				one_ioctl(file, _IOC(_IOC_READ | _IOC_WRITE, type, nr, size));
			}
		}
	}
}

static void map(struct dmk_file *file)
{
	static const struct {
		size_t size;
		int64_t offset;
	} request[] = {
		{4096, 0}, {65536, 0}, {4096, 4096}, {(size_t)1 << 30, 0}, {4096, 1LL << 40}};

	for (unsigned int i = 0; i < sizeof(request) / sizeof(*request) && go_on(); i++) {
		void *address;

		if (dmk_mmap(file, request[i].size, PROT_READ | PROT_WRITE, MAP_SHARED,
			     request[i].offset, &address) == 0)
			dmk_munmap(address, request[i].size);
	}
}

static void exercise_open_file(struct dmk_file *file)
{
	transfer(file, 0, SIZES);
	seek_and_place(file);
	bad_pointers(file);
	if (go_on())
		dmk_poll(file, POLLIN | POLLOUT, 0);
	ioctls(file);
	map(file);
	if (go_on())
		dmk_fsync(file);
}

static void *exercise_file(void *unused)
{
	struct dmk_file *file = open_as(O_NONBLOCK), *second;

	if (!file)
		goto done;
	exercise_open_file(file);
	second = open_as(0); /* twice at a time, and now calls may sleep */
	if (second) {
		transfer(second, 0, 8);
		if (go_on())
			dmk_poll(second, POLLIN, 20);
	}
	dmk_close(file);
	if (second)
		dmk_close(second);
	file = open_as(0); /* what the first one left behind */
	if (file) {
		transfer(file, 2, 5);
		dmk_close(file);
	}
done:
	atomic_store(&exercise.done, true);
	return NULL;
}

static void nap(unsigned int ms)
{
	nanosleep(&(struct timespec){0, (long)ms * 1000000L}, NULL);
}

/*
 * Wake what sleeps too long, and end it all in time. A call that can't be woken is the time
 * limit's.
 */
static void guard(void)
{
	unsigned int seen = 0, still = 0, passed = 0, step = 5;

	while (!atomic_load(&exercise.done)) {
		unsigned int calls = atomic_load(&exercise.calls);

		nap(step);
		passed += step;
		still = calls == seen ? still + step : 0;
		seen = calls;
		if (passed >= FILE_MS)
			atomic_store(&exercise.stop, true);
		if (still >= STUCK_MS) {
			dmk_interrupt_files();
			still = 0;
		}
	}
}

static void exercise_one(void)
{
	pthread_t thread;

	atomic_store(&exercise.stop, false);
	atomic_store(&exercise.done, false);
	if (pthread_create(&thread, NULL, exercise_file, NULL)) {
		dmk_run_problem("no thread for the default exercise could be started");
		return;
	}
	guard();
	pthread_join(thread, NULL);
	dmk_run.report.exercised_files++;
}

void dmk_run_exercise(void)
{
	dmk_run.report.exercised = true;
	if (posix_memalign((void **)&exercise.buffer, 4096, BUFFER)) {
		dmk_run_problem("out of memory for the default exercise");
		return;
	}
	for (unsigned int i = 0; dmk_device_file(i, exercise.name, sizeof(exercise.name)); i++)
		exercise_one();
	dmk_run.report.exercised_calls =
		atomic_load(&exercise.calls) + dmk_run_exercise_disks() + dmk_run_exercise_net();
	free(exercise.buffer);
	exercise.buffer = NULL;
}
