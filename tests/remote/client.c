// SPDX-License-Identifier: MIT
/*
 * A user's program: it knows nothing of dmakit and of how it is run. Its first argument says what
 * it does; it says nothing and succeeds, or names the line that went wrong.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fake_files.h"

#define EXPECT(condition)                                                                     \
	do {                                                                                  \
		if (!(condition)) {                                                           \
			fprintf(stderr, "client.c:%d: %s (errno %d)\n", __LINE__, #condition, \
				errno);                                                       \
			exit(1);                                                              \
		}                                                                             \
	} while (0)

static int open_card(void)
{
	int fd = open("/dev/fake0", O_RDWR);

	EXPECT(fd >= 0);
	return fd;
}

static void reads_and_writes(void)
{
	struct iovec out[] = {{"ab", 2}, {"cde", 3}};
	void *volatile nowhere = (void *)16;
	int fd = open_card();
	char text[16] = "";

	EXPECT(fd == 3); /* the lowest that is free, as ever */
	EXPECT(write(fd, "hello world", 11) == 11);
	EXPECT(lseek(fd, 6, SEEK_SET) == 6);
	EXPECT(read(fd, text, 5) == 5 && !memcmp(text, "world", 5));
	EXPECT(pwrite(fd, "J", 1, 0) == 1);
	EXPECT(pread(fd, text, 5, 0) == 5 && !memcmp(text, "Jello", 5));
	EXPECT(lseek(fd, 0, SEEK_CUR) == 11);
	EXPECT(writev(fd, out, 2) == 5);
	EXPECT(pread(fd, text, 5, 11) == 5 && !memcmp(text, "abcde", 5));
	EXPECT(pwritev(fd, out, 2, 20) == 5);
	EXPECT(preadv(fd, (struct iovec[]){{text, 1}, {text + 8, 3}}, 2, 21) == 4);
	EXPECT(text[0] == 'b' && !memcmp(text + 8, "cde", 3));
	EXPECT(lseek(fd, 30, SEEK_SET) == 30 && dprintf(fd, "%d-%s", 12, "x") == 4);
	EXPECT(pread(fd, text, 4, 30) == 4 && !memcmp(text, "12-x", 4));
	EXPECT(lseek(fd, -1, SEEK_SET) == -1 && errno == EINVAL);
	EXPECT(read(fd, nowhere, 5) == -1 && errno == EFAULT);
	EXPECT(fsync(fd) == -1 && errno == EINVAL);
	EXPECT(close(fd) == 0);
	EXPECT(read(fd, text, 5) == -1 && errno == EBADF);
}

static void ioctls(void)
{
	uint32_t value = 21;
	int fd = open_card();

	EXPECT(ioctl(fd, FAKE_DOUBLE, &value) == 0 && value == 42);
	EXPECT(ioctl(fd, FAKE_DOUBLE, NULL) == -1 && errno == EFAULT);
	EXPECT(ioctl(fd, FAKE_NUMBER, 7) == 8);
	EXPECT(ioctl(fd, 0x1234, 0) == -1 && errno == ENOTTY);
	EXPECT(!isatty(fd));
}

static void *makes_ready(void *unused)
{
	int fd = open_card();

	usleep(30000);
	EXPECT(ioctl(fd, FAKE_READY, 1) == 0);
	close(fd);
	return NULL;
}

static void polls(void)
{
	int fd = open_card(), ends[2];
	struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.events = POLLIN}};
	struct epoll_event event;
	struct timeval soon = {.tv_usec = 20000};
	pthread_t thread;
	fd_set in;

	EXPECT(pipe(ends) == 0);
	fds[1].fd = ends[0];
	EXPECT(poll(fds, 2, 0) == 0 && !fds[0].revents);
	EXPECT(poll(fds, 2, 20) == 0);
	FD_ZERO(&in);
	FD_SET(fd, &in);
	EXPECT(select(fd + 1, &in, NULL, NULL, &soon) == 0 && !FD_ISSET(fd, &in));
	EXPECT(write(ends[1], "x", 1) == 1);
	EXPECT(poll(fds, 2, -1) == 1 && !fds[0].revents && fds[1].revents == POLLIN);
	EXPECT(read(ends[0], &event, 1) == 1);

	EXPECT(pthread_create(&thread, NULL, makes_ready, NULL) == 0);
	EXPECT(poll(fds, 2, -1) == 1 && fds[0].revents == POLLIN && !fds[1].revents);
	pthread_join(thread, NULL);
	FD_SET(fd, &in);
	EXPECT(select(fd + 1, &in, NULL, NULL, NULL) == 1 && FD_ISSET(fd, &in));
	EXPECT(ioctl(fd, FAKE_READY, 0) == 0);
	fds[0].events = POLLOUT;
	EXPECT(poll(fds, 1, -1) == 1 && fds[0].revents == POLLOUT);
}

static void epolls(void)
{
	int fd = open_card(), ends[2], epoll = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 77}, got[4];
	pthread_t thread;

	EXPECT(pipe(ends) == 0 && epoll >= 0);
	EXPECT(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) == -1 && errno == ENOENT);
	EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
	EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == -1 && errno == EEXIST);
	EXPECT(epoll_ctl(ends[0], EPOLL_CTL_ADD, fd, &event) == -1 && errno == EINVAL);
	EXPECT(epoll_wait(epoll, got, 4, 0) == 0 && epoll_wait(epoll, got, 4, 20) == 0);

	event.data.u64 = 78;
	EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event) == 0);
	EXPECT(write(ends[1], "x", 1) == 1);
	EXPECT(epoll_wait(epoll, got, 4, -1) == 1 && got[0].data.u64 == 78);
	EXPECT(read(ends[0], got, 1) == 1);

	EXPECT(pthread_create(&thread, NULL, makes_ready, NULL) == 0);
	EXPECT(epoll_wait(epoll, got, 4, -1) == 1 && got[0].data.u64 == 77);
	EXPECT(got[0].events == EPOLLIN);
	pthread_join(thread, NULL);
	EXPECT(write(ends[1], "x", 1) == 1 && epoll_wait(epoll, got, 4, -1) == 2);

	event = (struct epoll_event){.events = EPOLLOUT | EPOLLONESHOT, .data.u64 = 79};
	EXPECT(read(ends[0], got, 1) == 1);
	EXPECT(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) == 0);
	EXPECT(epoll_wait(epoll, got, 4, -1) == 1 && got[0].events == EPOLLOUT);
	EXPECT(got[0].data.u64 == 79 && epoll_wait(epoll, got, 4, 0) == 0);
	EXPECT(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) == 0);
	EXPECT(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL) == -1 && errno == ENOENT);
	event.events = EPOLLIN;
	EXPECT(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 && close(fd) == 0);
	EXPECT(epoll_wait(epoll, got, 4, 0) == 0);
}

static void has_flags(void)
{
	int fd = open("/dev/fake0", O_WRONLY | O_CLOEXEC), on = 1;

	EXPECT(fcntl(fd, F_GETFL) == O_WRONLY);
	EXPECT(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	EXPECT(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	EXPECT((fcntl(fd, F_GETFL) & O_NONBLOCK) && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY);
	EXPECT(fcntl(fd, F_SETFL, 0) == 0 && !(fcntl(fd, F_GETFL) & O_NONBLOCK));
	EXPECT(ioctl(fd, FIONBIO, &on) == 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK));
	EXPECT(fcntl(fd, F_DUPFD, 30) == 30 && (fcntl(30, F_GETFL) & O_NONBLOCK));
}

static bool lists(const char *directory, const char *name)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	bool found = false;

	while (dir && (entry = readdir(dir)))
		found |= !strcmp(entry->d_name, name);
	if (dir)
		closedir(dir);
	return found;
}

static void walks(void)
{
	struct stat status;
	int fd = open("/sys/fake/speed", O_RDWR);

	EXPECT(fd >= 0 && write(fd, "9600", 4) == 4);
	EXPECT(fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 4096);
	EXPECT(stat("/sys/fake/speed", &status) == 0 && (status.st_mode & 0777) == 0644);
	EXPECT(access("/sys/fake/speed", X_OK) == -1 && errno == EACCES);
	EXPECT(lists("/sys/fake", "speed") && lists("/sys/fake/", "speed"));
	EXPECT(lists("/dev", "fake1") && lists("/dev", "null") && !lists("/dev", "speed"));
	EXPECT(!opendir("/sys/nothing") && errno == ENOENT);
	EXPECT(lists("/proc/self", "maps"));
}

static void maps(void)
{
	int fd = open_card();
	char *map, byte;

	EXPECT(pwrite(fd, "first", 5, 0) == 5 && pwrite(fd, "second", 6, 4096) == 6);
	map = mmap(NULL, FAKE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	EXPECT(map != MAP_FAILED);
	EXPECT(!memcmp(map, "second", 6) && !memcmp(map + 4096, "first", 5));
	map[4096] = 'F';
	EXPECT(pread(fd, &byte, 1, 0) == 1 && byte == 'F');
	EXPECT(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096) == MAP_FAILED && errno == EINVAL);
	EXPECT(close(fd) == 0);
	EXPECT(map[4096] == 'F');
	EXPECT(munmap(map, FAKE_SIZE) == 0);
}

static void *counts(void *bar)
{
	volatile uint32_t *at = bar;
	int i;

	for (i = 0; i < 200; i++)
		at[i % 8] += 1;
	return NULL;
}

/* Each access is the driver's process's: what is stored there is loaded here, in every width. */
static void has_registers(void)
{
	int fd = open_card(), status;
	volatile uint8_t *bar = mmap(NULL, FAKE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				     FAKE_UNBACKED);
	uint8_t copy[40];
	pthread_t thread;

	EXPECT(bar != MAP_FAILED);
	*(volatile uint32_t *)(bar + 8) = 0x12345678;
	EXPECT(*(volatile uint32_t *)(bar + 8) == 0x12345678 && bar[9] == 0x56);
	*(volatile uint64_t *)(bar + 4096) = 0x1122334455667788;
	EXPECT(*(volatile uint16_t *)(bar + 4102) == 0x1122);
	*(volatile uint32_t *)(bar + 8) |= 0x80000000;
	EXPECT(bar[11] == 0x92);
	memcpy(copy, (const void *)(bar + 4080), sizeof(copy));
	EXPECT(copy[16] == 0x88 && copy[23] == 0x11 && !copy[24]);
	if (!fork()) {
		EXPECT(bar[9] == 0x56);
		bar[9] = 0x57;
		exit(0);
	}
	EXPECT(wait(&status) > 0 && status == 0 && bar[9] == 0x57);
	memset((void *)bar, 0, 32);
	EXPECT(pthread_create(&thread, NULL, counts, (void *)bar) == 0);
	counts((void *)(bar + 4096));
	pthread_join(thread, NULL);
	EXPECT(*(volatile uint32_t *)(bar + 12) == 25);
	EXPECT(munmap((void *)bar, FAKE_SIZE) == 0 && close(fd) == 0);
	if (!fork())
		exit(bar[0]); /* gone: it faults as ever */
	EXPECT(wait(&status) > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void streams(void)
{
	FILE *file = fopen("/dev/fake0", "r+");
	char line[32];

	EXPECT(file);
	EXPECT(fputs("a line\nand another\n", file) >= 0);
	rewind(file);
	EXPECT(fgets(line, sizeof(line), file) && !strcmp(line, "a line\n"));
	EXPECT(fgets(line, sizeof(line), file) && !strcmp(line, "and another\n"));
	EXPECT(fclose(file) == 0);
}

static void looks(void)
{
	struct stat status;
	int fd = open_card();

	EXPECT(fstat(fd, &status) == 0 && S_ISCHR(status.st_mode));
	EXPECT(stat("/dev/fake0", &status) == 0 && S_ISCHR(status.st_mode));
	EXPECT(lstat("/dev/fake1", &status) == 0 && S_ISCHR(status.st_mode));
	EXPECT(stat("/dev/fake9", &status) == -1 && errno == ENOENT);
	EXPECT(stat("/dev/null", &status) == 0);
	EXPECT(access("/dev/fake0", R_OK | W_OK) == 0);
	EXPECT(access("/dev/fake9", F_OK) == -1 && errno == ENOENT);
	EXPECT(open("/dev/fake9", O_RDWR) == -1 && errno == ENOENT);
	fd = open("/dev/null", O_RDWR);
	EXPECT(fd >= 0 && write(fd, "x", 1) == 1 && read(fd, &status, 1) == 0);
}

/* The second open has to wait for the driver's release of the first. */
static void opens_again(void)
{
	int i, fd;

	for (i = 0; i < 10; i++) {
		fd = open("/dev/fake1", O_RDWR);
		EXPECT(fd >= 0);
		EXPECT(open("/dev/fake1", O_RDWR) == -1 && errno == EBUSY);
		EXPECT(close(fd) == 0);
	}
}

static void shares(void)
{
	int fd = open("/dev/fake1", O_RDWR), copy = dup(fd), status, again;
	char text[8];

	EXPECT(fd >= 0 && copy >= 0);
	EXPECT(close(fd) == 0);
	EXPECT(write(copy, "12345678", 8) == 8);
	if (!fork()) {
		EXPECT(lseek(copy, 2, SEEK_SET) == 2);
		exit(0);
	}
	EXPECT(wait(&status) > 0 && status == 0);
	EXPECT(read(copy, text, 2) == 2 && !memcmp(text, "34", 2)); /* one position for both */
	EXPECT(dup2(copy, 20) == 20 && close(copy) == 0);
	EXPECT(open("/dev/fake1", O_RDWR) == -1 && errno == EBUSY);
	EXPECT(close(20) == 0);
	again = open("/dev/fake1", O_RDWR);
	EXPECT(again >= 0);
}

static void on_alarm(int sig)
{
}

static void is_interrupted(void)
{
	struct sigaction action = {.sa_handler = on_alarm};
	uint32_t value = 4;
	int fd = open_card();

	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	EXPECT(ioctl(fd, FAKE_SLEEP, 0) == -1 && errno == EINTR);
	EXPECT(ioctl(fd, FAKE_DOUBLE, &value) == 0 && value == 8);
}

static void sleeps(void)
{
	int fd = open_card();

	EXPECT(mmap(NULL, FAKE_SIZE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
	ioctl(fd, FAKE_SLEEP, 0);
}

static void *doubles(void *argument)
{
	int fd = *(int *)argument, i;
	uint32_t value;

	for (i = 0; i < 500; i++) {
		value = i;
		EXPECT(ioctl(fd, FAKE_DOUBLE, &value) == 0 && value == 2u * i);
	}
	return NULL;
}

static void has_threads(void)
{
	pthread_t thread[4];
	int fd = open_card(), i;

	for (i = 0; i < 4; i++)
		EXPECT(pthread_create(&thread[i], NULL, doubles, &fd) == 0);
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} table[] = {
		{"reads_and_writes", reads_and_writes},
		{"ioctls", ioctls},
		{"polls", polls},
		{"epolls", epolls},
		{"has_flags", has_flags},
		{"walks", walks},
		{"maps", maps},
		{"has_registers", has_registers},
		{"streams", streams},
		{"looks", looks},
		{"opens_again", opens_again},
		{"shares", shares},
		{"is_interrupted", is_interrupted},
		{"sleeps", sleeps},
		{"has_threads", has_threads},
	};
	unsigned int i;

	for (i = 0; argc > 1 && i < sizeof(table) / sizeof(*table); i++) {
		if (strcmp(table[i].name, argv[1]))
			continue;
		table[i].run();
		return 0;
	}
	return 2;
}
