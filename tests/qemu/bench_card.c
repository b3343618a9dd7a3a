// SPDX-License-Identifier: MIT
/* See bench_card.h. */
#include "bench_card.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void noted_irq(void *ctx, unsigned int irq, bool level, bool edge)
{
	struct bench *bench = ctx;

	pthread_mutex_lock(&bench->lock);
	if (irq < BENCH_IRQS)
		++*(edge ? &bench->edges[irq] : level ? &bench->ups[irq] : &bench->downs[irq]);
	pthread_cond_broadcast(&bench->changed);
	pthread_mutex_unlock(&bench->lock);
}

static void noted_death(void *ctx, const char *text)
{
	struct bench *bench = ctx;

	pthread_mutex_lock(&bench->lock);
	bench->deaths++;
	snprintf(bench->death, sizeof(bench->death), "%s", text);
	pthread_cond_broadcast(&bench->changed);
	pthread_mutex_unlock(&bench->lock);
}

/* "edu,addr=3" in place: commas and the first '=' of each part become ends of strings. */
static void parse(struct dmk_device_request *request, char *text)
{
	char *part, *rest = text;

	memset(request, 0, sizeof(*request));
	request->model = strsep(&rest, ",");
	while ((part = strsep(&rest, ","))) {
		request->property[request->nr_properties].name = strsep(&part, "=");
		request->property[request->nr_properties++].value = part ? part : "";
	}
}

int bench_open_board(struct bench *bench, const char *machine, const char *const *devices)
{
	struct dmk_device_request request[32];
	char text[32][128];
	struct dmk_machine_config config = {
		.machine = machine,
		.devices = request,
		.sink = {.irq = noted_irq, .died = noted_death, .ctx = bench},
	};

	memset(bench, 0, sizeof(*bench));
	pthread_mutex_init(&bench->lock, NULL);
	pthread_cond_init(&bench->changed, NULL);
	for (; devices && *devices; devices++) {
		snprintf(text[config.nr_devices], sizeof(*text), "%s", *devices);
		parse(&request[config.nr_devices], text[config.nr_devices]);
		config.nr_devices++;
	}
	return dmk_qemu_open(&config, &bench->port, bench->error, sizeof(bench->error));
}

int bench_open(struct bench *bench, const char *const *devices)
{
	return bench_open_board(bench, "qemu", devices);
}

void bench_close(struct bench *bench)
{
	bench->port.ops->shutdown(bench->port.ctx);
}

bool bench_wait(struct bench *bench, const unsigned int *count, unsigned int n)
{
	struct timespec until;
	int err = 0;
	bool there;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 5;
	pthread_mutex_lock(&bench->lock);
	while (*count < n && !err)
		err = pthread_cond_timedwait(&bench->changed, &bench->lock, &until);
	there = *count >= n;
	pthread_mutex_unlock(&bench->lock);
	return there;
}

unsigned int bench_count(struct bench *bench, const unsigned int *count)
{
	unsigned int value;

	pthread_mutex_lock(&bench->lock);
	value = *count;
	pthread_mutex_unlock(&bench->lock);
	return value;
}

/* The keeper forked it, and each thread has children of its own in /proc. */
int bench_qemu(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	int pid = 0;

	while (tasks && (task = readdir(tasks))) {
		char path[300];
		FILE *children;

		snprintf(path, sizeof(path), "/proc/self/task/%s/children", task->d_name);
		children = fopen(path, "re");
		if (children && fscanf(children, "%d", &pid) != 1 && !pid)
			pid = 0;
		if (children)
			fclose(children);
	}
	if (tasks)
		closedir(tasks);
	return pid;
}

uint32_t card_config(struct bench *bench, uint16_t bdf, unsigned int offset, unsigned int width)
{
	return bench->port.ops->config_read(bench->port.ctx, bdf, offset, width);
}

void card_set_config(struct bench *bench, uint16_t bdf, unsigned int offset, unsigned int width,
		     uint32_t value)
{
	bench->port.ops->config_write(bench->port.ctx, bdf, offset, width, value);
}

int card_find(struct bench *bench, uint16_t vendor, uint16_t device, unsigned int nth)
{
	unsigned int slot;

	for (slot = 0; slot < 32; slot++)
		if (card_config(bench, slot << 3, 0, 4) == ((uint32_t)device << 16 | vendor) &&
		    !nth--)
			return slot << 3;
	return -1;
}

void card_place(struct bench *bench, uint16_t bdf, uint64_t base)
{
	card_set_config(bench, bdf, 0x10, 4, base);
	card_set_config(bench, bdf, 0x04, 2, 0x6);
}

unsigned int card_capability(struct bench *bench, uint16_t bdf, uint8_t id)
{
	unsigned int at = card_config(bench, bdf, 0x34, 1);

	while (at && card_config(bench, bdf, at, 1) != id)
		at = card_config(bench, bdf, at + 1, 1);
	return at;
}

uint32_t edu_read(struct bench *bench, uint64_t base, unsigned int reg)
{
	return bench->port.ops->mmio_read(bench->port.ctx, DMK_PHYS(base + reg), 4);
}

void edu_write(struct bench *bench, uint64_t base, unsigned int reg, uint32_t value)
{
	bench->port.ops->mmio_write(bench->port.ctx, DMK_PHYS(base + reg), 4, value);
}

bool edu_transfer(struct bench *bench, uint64_t base, uint64_t source, uint64_t target,
		  uint32_t count, uint32_t command)
{
	const struct dmk_port_ops *ops = bench->port.ops;
	unsigned int tries;

	ops->mmio_write(bench->port.ctx, DMK_PHYS(base + 0x80), 8, source);
	ops->mmio_write(bench->port.ctx, DMK_PHYS(base + 0x88), 8, target);
	edu_write(bench, base, 0x90, count);
	edu_write(bench, base, 0x98, command | 1);
	for (tries = 0; tries < 1000; tries++) {
		if (!(edu_read(bench, base, 0x98) & 1))
			return true;
		usleep(2000);
	}
	return false;
}
