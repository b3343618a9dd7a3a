/* SPDX-License-Identifier: MIT */
/*
 * What a call costs, in nanoseconds, beside the floor it can't go below.
 *
 * Each row is timed in many short repeats, and the repeats of all rows are interleaved, so that a machine that slows down
 * slows all rows alike: the ratio of a row to its floor can be trusted when neither number can. Minimum and median
 * are over the repeats. This is no test: nothing here fails because it is slow.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <dmakit/boot.h>
#include <dmakit/kernel.h>

enum { MAX_REPEATS = 1001, BLOCK = 64 };

/* What the rows work on: one device, one buffer in its reach and one beyond it. */
struct bench {
	struct device *dev;
	struct dma_pool *pool;
	struct page *near_page;
	void *far_buffer; /* the device can't reach it: every map bounces */
	size_t far_size;
	char *copy_from, *copy_to;
	void *free_list;
	char blocks[1024][BLOCK];
};

struct row {
	const char *name;
	const char *floor; /* the row it is compared with; NULL: it is a floor */
	bool core;         /* runs with the checker off and on */
	void (*run)(struct bench *bench, unsigned int n);
	unsigned int n;    /* operations in one repeat */
	size_t bytes;
};

static double repeats_ns[2][32][MAX_REPEATS];

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- floors ------------------------------------------------------------------------------------------------------- */

static void floor_nothing(struct bench *bench, unsigned int n)
{
	volatile uint64_t sink;

	/* The arithmetic a direct map can't do without: frame number to address, a mask compared. */
	for (unsigned int i = 0; i < n; i++) {
		uint64_t phys = page_to_phys(bench->near_page);

		if (phys + 2048 <= *bench->dev->dma_mask)
			sink = phys;
	}
	(void)sink;
}

static void floor_free_list(struct bench *bench, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		void **block = bench->free_list;

		bench->free_list = *block;
		__asm__ volatile("" : : "r"(block) : "memory");
		*block = bench->free_list;
		bench->free_list = block;
		__asm__ volatile("" : : : "memory");
	}
}

static void copy(struct bench *bench, unsigned int n, size_t bytes)
{
	for (unsigned int i = 0; i < n; i++) {
		memcpy(bench->copy_to, bench->copy_from, bytes);
		__asm__ volatile("" : : "r"(bench->copy_to) : "memory");
	}
}

static void floor_copy_64(struct bench *bench, unsigned int n)
{
	copy(bench, n, 64);
}

static void floor_copy_512(struct bench *bench, unsigned int n)
{
	copy(bench, n, 512);
}

static void floor_copy_4k(struct bench *bench, unsigned int n)
{
	copy(bench, n, 4096);
}

static void floor_copy_64k(struct bench *bench, unsigned int n)
{
	copy(bench, n, 65536);
}

/* --- ours --------------------------------------------------------------------------------------------------------- */

static void die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(2);
}

static void direct_map(struct bench *bench, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		dma_addr_t dma = dma_map_page(bench->dev, bench->near_page, 0, 2048, DMA_TO_DEVICE);

		if (dma_mapping_error(bench->dev, dma))
			die("a direct map failed");
		dma_unmap_page(bench->dev, dma, 2048, DMA_TO_DEVICE);
	}
}

static void coherent(struct bench *bench, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		dma_addr_t dma;
		void *cpu = dma_alloc_coherent(bench->dev, 4096, &dma, GFP_KERNEL);

		if (!cpu)
			die("a coherent allocation failed");
		dma_free_coherent(bench->dev, 4096, cpu, dma);
	}
}

static void pool(struct bench *bench, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		dma_addr_t dma;
		void *block = dma_pool_alloc(bench->pool, GFP_KERNEL, &dma);

		if (!block)
			die("a pool allocation failed");
		dma_pool_free(bench->pool, block, dma);
	}
}

static void bounce(struct bench *bench, unsigned int n, size_t bytes)
{
	for (unsigned int i = 0; i < n; i++) {
		dma_addr_t dma = dma_map_single(bench->dev, bench->far_buffer, bytes, DMA_TO_DEVICE);

		if (dma_mapping_error(bench->dev, dma))
			die("a bounced map failed");
		dma_unmap_single(bench->dev, dma, bytes, DMA_TO_DEVICE);
	}
}

static void bounce_64(struct bench *bench, unsigned int n)
{
	bounce(bench, n, 64);
}

static void bounce_512(struct bench *bench, unsigned int n)
{
	bounce(bench, n, 512);
}

static void bounce_4k(struct bench *bench, unsigned int n)
{
	bounce(bench, n, 4096);
}

static void bounce_64k(struct bench *bench, unsigned int n)
{
	bounce(bench, n, 65536);
}

static const struct row rows[] = {
	{ "floor: frame to address, mask", NULL, false, floor_nothing, 2000, 0 },
	{ "floor: inline free list", NULL, false, floor_free_list, 2000, 0 },
	{ "floor: memcpy 64 B", NULL, false, floor_copy_64, 2000, 64 },
	{ "floor: memcpy 512 B", NULL, false, floor_copy_512, 2000, 512 },
	{ "floor: memcpy 4 KiB", NULL, false, floor_copy_4k, 500, 4096 },
	{ "floor: memcpy 64 KiB", NULL, false, floor_copy_64k, 50, 65536 },
	{ "direct map + unmap 2 KiB", "floor: frame to address, mask", true, direct_map, 1000, 0 },
	{ "coherent alloc + free 4 KiB", "floor: inline free list", true, coherent, 200, 0 },
	{ "pool alloc + free 64 B", "floor: inline free list", true, pool, 1000, 0 },
	{ "bounce map + unmap 64 B", "floor: memcpy 64 B", true, bounce_64, 500, 64 },
	{ "bounce map + unmap 512 B", "floor: memcpy 512 B", true, bounce_512, 500, 512 },
	{ "bounce map + unmap 4 KiB", "floor: memcpy 4 KiB", true, bounce_4k, 200, 4096 },
	{ "bounce map + unmap 64 KiB", "floor: memcpy 64 KiB", true, bounce_64k, 20, 65536 },
};
enum { NR_ROWS = sizeof(rows) / sizeof(rows[0]) };

static const struct row *row_named(const char *name, unsigned int *index)
{
	for (unsigned int i = 0; i < NR_ROWS; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			*index = i;
			return &rows[i];
		}
	}
	return NULL;
}

/* What the kernel part says at boot belongs to nobody's figures. */
static void no_log(void *ctx, int level, const char *text)
{
	(void)ctx;
	if (level <= 4)
		fprintf(stderr, "%s\n", text);
}

static void setup(struct bench *bench, bool checker)
{
	struct dmk_boot_options options = { .machine = "pc", .no_checker = !checker };
	char error[512];

	if (dmk_boot(&options, error, sizeof(error)))
		die(error);
	bench->dev = kzalloc(sizeof(*bench->dev), GFP_KERNEL);
	device_initialize(bench->dev);
	dev_set_name(bench->dev, "bench");
	dmk_dev_init(&bench->dev->dmk, "bench", dmk_kernel_machine()->pci->dma, bench->dev);
	if (dma_set_mask_and_coherent(bench->dev, DMA_BIT_MASK(32)))
		die("the machine refuses a 32-bit mask");

	bench->pool = dma_pool_create("bench", bench->dev, BLOCK, BLOCK, 0);
	bench->near_page = alloc_page(GFP_KERNEL | GFP_DMA32);
	bench->far_size = 65536;
	bench->far_buffer = kmalloc(bench->far_size, GFP_KERNEL);
	if (!bench->pool || !bench->near_page || !bench->far_buffer)
		die("no memory to measure with");
	if (virt_to_phys(bench->far_buffer) < (1ULL << 32))
		die("kmalloc gave memory below 4 GiB: nothing would bounce");
	bench->copy_from = aligned_alloc(64, 65536);
	bench->copy_to = aligned_alloc(64, 65536);
	memset(bench->copy_from, 1, 65536);
	memset(bench->copy_to, 2, 65536);
	bench->free_list = NULL;
	for (unsigned int i = 0; i < 1024; i++) {
		*(void **)bench->blocks[i] = bench->free_list;
		bench->free_list = bench->blocks[i];
	}
}

static void teardown(struct bench *bench)
{
	free(bench->copy_from);
	free(bench->copy_to);
	kfree(bench->far_buffer);
	__free_page(bench->near_page);
	dma_pool_destroy(bench->pool);
	dmk_dev_exit(&bench->dev->dmk);
	kfree(bench->dev);
	dmk_shutdown();
	dmk_boot_end();
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(bool checker, unsigned int repeats)
{
	static struct bench bench;

	setup(&bench, checker);
	for (unsigned int r = 0; r < repeats; r++) {
		for (unsigned int i = 0; i < NR_ROWS; i++) {
			uint64_t start;

			if (r == 0)
				rows[i].run(&bench, rows[i].n); /* warm up */
			start = now_ns();
			rows[i].run(&bench, rows[i].n);
			repeats_ns[checker][i][r] = (double)(now_ns() - start) / rows[i].n;
		}
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\rchecker %s: %u/%u ", checker ? "on" : "off", r + 1, repeats);
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r                              \r");
	teardown(&bench);
	for (unsigned int i = 0; i < NR_ROWS; i++)
		qsort(repeats_ns[checker][i], repeats, sizeof(double), compare);
}

static json_t *result(const struct row *row, unsigned int i, bool checker, unsigned int repeats)
{
	const double *ns = repeats_ns[checker][i];

	return json_pack("{s:s, s:s, s:i, s:f, s:f, s:s?}", "name", row->name, "checker",
			 checker ? "on" : "off", "operations", (int)(row->n * repeats), "min_ns", ns[0],
			 "median_ns", ns[repeats / 2], "floor", row->floor);
}

static void print_row(const struct row *row, unsigned int i, bool checker, unsigned int repeats)
{
	const double *ns = repeats_ns[checker][i];
	unsigned int f = 0;

	printf("%-32s %-8s %10.1f %10.1f", row->name, row->core ? (checker ? "on" : "off") : "", ns[0],
	       ns[repeats / 2]);
	if (row->floor && row_named(row->floor, &f))
		printf(" %8.1fx %+10.1f", ns[repeats / 2] / repeats_ns[checker][f][repeats / 2],
		       ns[repeats / 2] - repeats_ns[checker][f][repeats / 2]);
	printf("\n");
}

static void usage(FILE *to)
{
	fprintf(to, "Usage: bench [--repeats N] [--json FILE]\n"
		    "Nanoseconds per operation on the simulated machine 'pc', checker off and on, beside a floor\n"
		    "measured in the same run.\n\n"
		    "  --repeats N   interleaved repeats, 3 to %d (default 201)\n"
		    "  --json FILE   write the figures there too\n",
		MAX_REPEATS);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "repeats", required_argument, NULL, 'r' },
		{ "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	unsigned long repeats = 201;
	const char *json_path = NULL;
	json_t *results = json_array();
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		char *end;

		switch (c) {
		case 'r':
			repeats = strtoul(optarg, &end, 10);
			if (*end || repeats < 3 || repeats > MAX_REPEATS) {
				usage(stderr);
				return 2;
			}
			break;
		case 'j':
			json_path = optarg;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}

	dmk_log_to(no_log, NULL);
	measure(false, (unsigned int)repeats);
	measure(true, (unsigned int)repeats);

	printf("%-32s %-8s %10s %10s %9s %10s\n", "operation", "checker", "min ns", "median ns", "x floor",
	       "over floor");
	for (unsigned int i = 0; i < NR_ROWS; i++) {
		for (int checker = 0; checker <= (rows[i].core ? 1 : 0); checker++) {
			print_row(&rows[i], i, checker, (unsigned int)repeats);
			json_array_append_new(results, result(&rows[i], i, checker, (unsigned int)repeats));
		}
	}
	if (json_path && json_dump_file(results, json_path, JSON_INDENT(2))) {
		fprintf(stderr, "bench: cannot write %s\n", json_path);
		return 2;
	}
	json_decref(results);
	return 0;
}
