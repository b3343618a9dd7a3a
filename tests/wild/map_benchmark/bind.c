// SPDX-License-Identifier: MIT
/*
 * The kernel's benchmark of mappings, bound and driven: see bind.h.
 */
#include "bind.h"

#include <dmakit/file.h>
#include <dmakit/test.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static long write_to(const char *path, const char *text)
{
	struct dmk_file *file;
	long n = dmk_open(path, O_WRONLY, &file);

	if (n)
		return n;
	n = dmk_write(file, text, strlen(text));
	dmk_close(file);
	return n;
}

/* The first device that the bus has. */
static bool device_on(const char *bus, char *name, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/%s/devices", bus);
	return dmk_file_list(path, 0, name, size) == 1;
}

bool bind_benchmark(const char *bus)
{
	char name[64], path[160];

	if (!device_on(bus, name, sizeof(name)))
		return false;
	snprintf(path, sizeof(path), "/sys/bus/%s/devices/%s/driver_override", bus, name);
	DMK_EXPECT(write_to(path, "dma_map_benchmark\n") > 0);
	snprintf(path, sizeof(path), "/sys/bus/%s/drivers/dma_map_benchmark/bind", bus);
	DMK_EXPECT(write_to(path, name) == (long)strlen(name));
	return true;
}

long benchmark(struct map_benchmark *wanted)
{
	struct dmk_file *file;
	long result;

	result = dmk_open(BENCHMARK_FILE, O_RDWR, &file);
	if (result)
		return result;
	result = dmk_ioctl(file, DMA_MAP_BENCHMARK, (unsigned long)wanted);
	dmk_close(file);
	return result;
}

struct map_benchmark usual(void)
{
	return (struct map_benchmark){
		.threads = 2, .seconds = 1, .node = -1, .dma_bits = 32, .granule = 1};
}
