// SPDX-License-Identifier: MIT
/*
 * Many machines, one after the other, in one program: booted, two cards probed and used, removed,
 * shut down. After the first ones have filled what is kept for reuse, nothing may grow: not the
 * heap, not resident memory, not descriptors, threads or mappings.
 *
 * lives --machine NAME [--rounds N] [--seed N] [--append ARGUMENTS]
 */
#include "../contract/harness.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * What malloc() keeps for reuse moves by some KiB for a while. Its smallest block takes 32 bytes:
 * one that is lost each life shows in a thousand. A sanitizer keeps what was freed, so what is
 * resident says nothing there.
 */
enum { SETTLED = 10, ONE_SETTLED = 200, HEAP_SLACK = 24 << 10, RESIDENT_SLACK_PAGES = 256 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
enum { SANITIZED = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) };
#else
enum { SANITIZED = 0 };
#endif

struct usage {
	size_t heap;         /* bytes */
	unsigned long pages; /* resident */
	unsigned int descriptors, threads, mappings;
};

static struct dmk_boot_options options = {.machine = "pc", .seed = 1};
static unsigned int rounds = 1000;
static char last_words[1024];

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

static unsigned int count_lines(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned int n = 0;
	int c;

	while (file && (c = getc(file)) != EOF)
		n += c == '\n';
	if (file)
		fclose(file);
	return n;
}

static unsigned long resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long all, pages = 0;

	if (!file || fscanf(file, "%lu %lu", &all, &pages) != 2)
		pages = 0;
	if (file)
		fclose(file);
	return pages;
}

static struct usage usage_now(void)
{
	return (struct usage){
		.heap = mallinfo2().uordblks,
		.pages = resident(),
		.descriptors = count_entries("/proc/self/fd"),
		.threads = count_entries("/proc/self/task"),
		.mappings = count_lines("/proc/self/maps"),
	};
}

static void keep_words(void *ctx, int level, const char *text)
{
	snprintf(last_words, sizeof(last_words), "<%d> %s", level, text);
}

static bool use_card(struct lab_card *card, unsigned int round)
{
	enum { SIZE = 3000 };
	u8 *memory = kmalloc(SIZE, GFP_KERNEL), *bytes = malloc(SIZE);
	dma_addr_t dma, coherent;
	void *managed = dmam_alloc_coherent(card->dev, 4096, &coherent, GFP_KERNEL);
	bool right = !dma_set_mask_and_coherent(card->dev, DMA_BIT_MASK(32)) && memory && bytes &&
		     managed && dmam_pool_create("lives", card->dev, 64, 16, 0);

	if (!right)
		goto free;
	fill_bytes(bytes, SIZE, round);
	dma = dma_map_single(card->dev, memory, SIZE, DMA_FROM_DEVICE);
	right = !dma_mapping_error(card->dev, dma);
	if (!right)
		goto free;
	right = !lab_write(card, dma, bytes, SIZE);
	dma_unmap_single(card->dev, dma, SIZE, DMA_FROM_DEVICE);
	right &= bytes_are(memory, SIZE, round);
free:
	free(bytes);
	kfree(memory);
	return right;
}

/* NULL, or what went wrong. */
static const char *live(unsigned int round)
{
	static char error[512];
	const char *wrong = NULL;

	if (dmk_boot(&options, error, sizeof(error)))
		return error;
	if (dmk_module_load(NULL) || !lab2->dev)
		wrong = "the cards' driver was not bound";
	else if (!use_card(lab, round) || !use_card(lab2, round + 1))
		wrong = "a card's bytes are wrong, or memory is out";
	dmk_module_unload(NULL);
	dmk_shutdown();
	if (!wrong && dmk_boot_checker() && dmk_checker_findings(dmk_boot_checker()))
		wrong = dmk_checker_finding(dmk_boot_checker(), 0)->what;
	dmk_boot_end();
	return wrong;
}

/*
 * Addresses that a lazy IOMMU has not forgotten yet are not used again, so which are at hand, each
 * with a record, grows up to a limit with what happened to wait at one time; and what is resident
 * with it. Other machines show what is lost.
 */
static bool keeps_addresses(void)
{
	return strstr(options.machine, "lazy");
}

/* What a running machine has out: pages of each zone, objects, areas. */
struct out {
	unsigned long pages[8];
	struct dmk_object_usage objects;
	size_t heap;
};

static struct out out_now(void)
{
	struct dmk_zone_usage zone;
	struct out out;

	/* What waits for an IOMMU to forget it goes first. */
	msleep(50);
	out = (struct out){.objects = dmk_object_usage(), .heap = mallinfo2().uordblks};
	for (unsigned int i = 0; i < ARRAY_SIZE(out.pages) && dmk_zone_usage(i, &zone); i++)
		out.pages[i] = zone.used;
	return out;
}

static void print_out(const struct out *settled, const struct out *last)
{
	printf("one machine: pages %lu %lu %lu, then %lu %lu %lu; objects %lu, then %lu; areas %lu, then %lu; heap %zu, then %zu\n",
	       settled->pages[0], settled->pages[1], settled->pages[2], last->pages[0],
	       last->pages[1], last->pages[2], settled->objects.objects, last->objects.objects,
	       settled->objects.areas, last->objects.areas, settled->heap, last->heap);
}

static bool is_more(const struct out *settled, const struct out *last)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(last->pages); i++)
		if (last->pages[i] > settled->pages[i])
			return true;
	return last->objects.objects > settled->objects.objects ||
	       last->objects.areas > settled->objects.areas ||
	       last->heap > settled->heap + (keeps_addresses() ? 16 : 1) * HEAP_SLACK;
}

/* Tables kept in hand go when the kernel's threads are let: on a busy host that takes a while. */
static struct out out_at_last(const struct out *settled)
{
	struct out last = out_now();

	for (unsigned int tries = 0; tries < 100 && is_more(settled, &last); tries++)
		last = out_now();
	print_out(settled, &last);
	return last;
}

/*
 * Probed, used and removed as often, on one machine: no more pages and objects are out than
 * after the first rounds.
 */
static const char *one_machine(void)
{
	static char error[512];
	struct out settled = {.heap = 0}, last;
	const char *wrong = NULL;

	if (dmk_boot(&options, error, sizeof(error)))
		return error;
	for (unsigned int round = 0; round < rounds && !wrong; round++) {
		if (dmk_module_load(NULL) || !lab2->dev)
			wrong = "the cards' driver was not bound again";
		else if (!use_card(lab, round) || !use_card(lab2, round + 1))
			wrong = "a card's bytes are wrong, or memory is out, in a later round";
		dmk_module_unload(NULL);
		if (round + 1 == ONE_SETTLED)
			settled = out_now();
	}
	if (!wrong && rounds >= ONE_SETTLED) {
		last = out_at_last(&settled);
		if (is_more(&settled, &last))
			wrong = "probing and removing leaves something each time";
	}
	dmk_shutdown();
	dmk_boot_end();
	return wrong;
}

static void print_usage(const char *when, const struct usage *usage)
{
	printf("%s: heap %zu bytes, resident %lu pages, %u descriptors, %u threads, %u mappings\n",
	       when, usage->heap, usage->pages, usage->descriptors, usage->threads,
	       usage->mappings);
}

static bool grew(const struct usage *before, const struct usage *after)
{
	return after->heap > before->heap + HEAP_SLACK ||
	       (!SANITIZED && after->pages > before->pages + (keeps_addresses() ? 2 : 1) *
								     RESIDENT_SLACK_PAGES) ||
	       after->descriptors != before->descriptors || after->threads != before->threads ||
	       (!SANITIZED && after->mappings > before->mappings + (keeps_addresses() ? 16 : 4));
}

static void parse(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--machine"))
			options.machine = argv[i + 1];
		else if (!strcmp(argv[i], "--append"))
			options.append = argv[i + 1];
		else if (!strcmp(argv[i], "--rounds"))
			rounds = strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--seed"))
			options.seed = strtoull(argv[i + 1], NULL, 0);
		else
			exit(2);
	}
}

int main(int argc, char **argv)
{
	static const struct dmk_device_request cards[LAB_CARDS] = {{.model = "lab"},
								   {.model = "lab"}};
	struct usage settled, last;
	const char *wrong;

	parse(argc, argv);
	options.devices = cards;
	options.nr_devices = LAB_CARDS;
	dmk_log_to(keep_words, NULL);
	printf("test_CTX_03 %u lives on %s, seed %llu\n", rounds, options.machine,
	       (unsigned long long)options.seed);
	wrong = one_machine();
	if (wrong) {
		printf("%s\nlast words: %s\n", wrong, last_words);
		return 1;
	}
	for (unsigned int round = 0; round < rounds; round++) {
		wrong = live(round);

		if (wrong) {
			printf("round %u: %s\nlast words: %s\n", round, wrong, last_words);
			return 1;
		}
		if (round + 1 == ONE_SETTLED)
			settled = usage_now();
	}
	if (rounds < SETTLED)
		return 0;
	last = usage_now();
	print_usage("after 10", &settled);
	print_usage("at the end", &last);
	return grew(&settled, &last);
}
