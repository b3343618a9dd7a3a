// SPDX-License-Identifier: MIT
/*
 * CTX-03 with a real driver, which is linked in: on one running machine its card is probed, used as
 * a program would, and removed, a thousand times. When the last round is over, exactly as much is
 * out as after the first ones: pages of every zone, objects, areas, views of pages, threads and
 * descriptors; and the heap is what it was when all that is remembered of the past (the last frames
 * that were freed) was full. An interrupt number or an address of consistent memory that each round
 * kept would be missing long before.
 *
 * drivers --machine NAME --model CARD[,PROPERTIES] [--rounds N] [--seed N] [--append ARGUMENTS]
 * [--checker 1]
 *
 * With the checker the heap is not compared: it keeps what it saw. Findings are then what must not
 * be.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <dmakit/boot.h>
#include <dmakit/file.h>
#include <dmakit/kernel.h>
#include <dmakit/net.h>
#include <dmakit/scsi.h>

/*
 * What libc keeps for reuse moves for a while; its smallest block, lost each round, shows in a
 * thousand of them.
 */
enum {
	SETTLED = 10,
	HEAP_SETTLED = 200,
	HEAP_SLACK = 24 << 10,
	ZONES = 8,
	BLOCK = 4096,
	TIMEOUT_MS = 10000
};

struct out {
	unsigned long pages[ZONES];
	struct dmk_object_usage objects;
	unsigned int descriptors, threads, bound;
	size_t heap; /* bytes */
};

static struct dmk_boot_options options = {.machine = "pc", .seed = 1, .no_checker = true};
static struct dmk_device_request card;
static unsigned int rounds = 1000;
static char last_words[1024];
static unsigned char bytes[BLOCK];

static unsigned int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static struct out out_now(void)
{
	struct out out = {
		.objects = dmk_object_usage(),
		.descriptors = count_entries("/proc/self/fd"),
		.threads = count_entries("/proc/self/task"),
		.heap = mallinfo2().uordblks,
	};
	struct dmk_zone_usage zone;

	for (unsigned int i = 0; i < ZONES && dmk_zone_usage(i, &zone); i++)
		out.pages[i] = zone.used;
	return out;
}

static void keep_words(void *ctx, int level, const char *text)
{
	snprintf(last_words, sizeof(last_words), "<%d> %s", level, text);
}

static unsigned int complaints;

static void count_complaint(void *ctx, const void *caller, const char *text)
{
	if (!complaints++)
		printf("the kernel part says: %s\n", text);
}

/* --- what a program does, in a moment --------------------------------------------------------- */

/* Every character device takes bytes and may have some. */
static bool use_files(void)
{
	char name[64], path[80];
	struct dmk_file *file;

	for (unsigned int i = 0; dmk_device_file(i, name, sizeof(name)); i++) {
		snprintf(path, sizeof(path), "/dev/%s", name);
		if (dmk_open(path, O_RDWR | O_NONBLOCK, &file) &&
		    dmk_open(path, O_WRONLY | O_NONBLOCK, &file))
			return false;
		dmk_write(file, bytes, 1000);
		dmk_poll(file, POLLIN, 1);
		dmk_read(file, bytes, 1000);
		if (dmk_close(file))
			return false;
	}
	return true;
}

static bool use_interfaces(void)
{
	char name[DMK_NET_NAME];
	bool right = true;

	for (unsigned int i = 0; right && dmk_net_interface(i, name, sizeof(name)); i++) {
		right = !dmk_net_up(name) && !dmk_net_link(name, TIMEOUT_MS);
		for (unsigned int n = 0; right && n < 4; n++)
			right = !dmk_net_send(name, bytes, 60 + 400 * n);
		right = !dmk_net_down(name) && right;
	}
	return right;
}

static bool use_disks(void)
{
	struct dmk_scsi_disk disk;

	for (unsigned int i = 0; dmk_scsi_disk(i, &disk); i++)
		if (disk.blocks && (dmk_scsi_write(&disk, 0, BLOCK / disk.block_size, bytes) ||
				    dmk_scsi_read(&disk, 0, BLOCK / disk.block_size, bytes)))
			return false;
	return true;
}

/* --- the rounds ------------------------------------------------------------------------------- */

/* NULL, or what went wrong. */
static const char *one_round(void)
{
	const char *wrong = NULL;

	if (dmk_module_load(NULL) || !dmk_bound_devices())
		wrong = "the driver was not bound";
	else if (!use_files() || !use_interfaces() || !use_disks())
		wrong = "the card can't be used";
	dmk_close_files();
	if (dmk_module_unload(NULL) && !wrong)
		wrong = "the driver can't be removed";
	if (complaints && !wrong)
		wrong = "the driver's world complained";
	return wrong;
}

static void print(const char *when, const struct out *out)
{
	printf("%s: pages", when);
	for (unsigned int i = 0; i < ZONES; i++)
		printf(" %lu", out->pages[i]);
	printf(", %lu objects, %lu areas, %lu kmaps, %u descriptors, %u threads, heap %zu\n",
	       out->objects.objects, out->objects.areas, out->objects.kmaps, out->descriptors,
	       out->threads, out->heap);
}

static bool is_more(const struct out *settled, const struct out *last)
{
	return memcmp(settled->pages, last->pages, sizeof(last->pages)) != 0 ||
	       settled->objects.objects != last->objects.objects ||
	       settled->objects.areas != last->objects.areas ||
	       settled->objects.kmaps != last->objects.kmaps ||
	       settled->descriptors != last->descriptors || settled->threads != last->threads ||
	       (options.no_checker && rounds >= HEAP_SETTLED &&
		last->heap > settled->heap + HEAP_SLACK);
}

static const char *all_rounds(void)
{
	struct out settled = {.heap = 0}, last;
	const char *wrong = NULL;

	for (unsigned int round = 1; round <= rounds && !wrong; round++) {
		wrong = one_round();
		if (wrong)
			printf("round %u: ", round);
		if (round == SETTLED)
			settled = out_now();
		if (round == HEAP_SETTLED)
			settled.heap = mallinfo2().uordblks;
	}
	last = out_now();
	if (wrong || rounds < SETTLED)
		return wrong;
	print("after the first rounds", &settled);
	print("after the last", &last);
	return is_more(&settled, &last) ? "probing and removing leaves something each time" : NULL;
}

static void parse(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--machine"))
			options.machine = argv[i + 1];
		else if (!strcmp(argv[i], "--model"))
			card.model = argv[i + 1];
		else if (!strcmp(argv[i], "--append"))
			options.append = argv[i + 1];
		else if (!strcmp(argv[i], "--rounds"))
			rounds = strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seed"))
			options.seed = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--checker"))
			options.no_checker = !atoi(argv[i + 1]);
		else
			exit(2);
	}
}

int main(int argc, char **argv)
{
	char error[512];
	const char *wrong;

	parse(argc, argv);
	options.devices = &card;
	options.nr_devices = 1;
	dmk_log_to(keep_words, NULL);
	dmk_complaints_to(count_complaint, NULL);
	for (unsigned int i = 0; i < BLOCK; i++)
		bytes[i] = i * 7;
	printf("test_CTX_03 %s: %u rounds on %s, seed %llu\n", card.model, rounds, options.machine,
	       (unsigned long long)options.seed);
	if (dmk_boot(&options, error, sizeof(error))) {
		printf("%s\n", error);
		return 1;
	}
	wrong = all_rounds();
	dmk_shutdown();
	if (!wrong && dmk_boot_checker() && dmk_checker_findings(dmk_boot_checker()))
		wrong = dmk_checker_finding(dmk_boot_checker(), 0)->what;
	if (wrong)
		printf("%s\nlast words: %s\n", wrong, last_words);
	dmk_boot_end();
	return wrong != NULL;
}
