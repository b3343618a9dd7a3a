// SPDX-License-Identifier: MIT
/*
 * Hard work: threads that map, sync, unmap, allocate and free at once, on two devices whose cards really read and write, each byte
 * compared with what it must be. A call may fail for want of memory or slots, which the small machines and long-held mappings see
 * to; a wrong byte, a byte beside the buffer that changed, and a finding of the checker are mistakes.
 *
 * soak_traffic --machine NAME [--seconds N] [--threads N] [--seed N] [--append ARGUMENTS]
 */
#include "../contract/harness.h"

#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mutex.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	THREADS_MAX = 16,
	BUFFER_MAX = 12 << 10,
	FENCE = 128, /* bytes beside a buffer, a multiple of every cache line */
	HELD = 40,
	ENTRIES = 6,
	POOL_BLOCK = 208,
};

struct thread {
	u64 random;
	unsigned int index;
	struct task_struct *task;
	u64 done[8], refused[8]; /* by kind of work */
	u8 expected[BUFFER_MAX], seen[BUFFER_MAX];
	char wrong[200];
};

static struct dmk_boot_options options = {.machine = "pc"};
static unsigned int seconds = 2, nr_threads = 6;
static u64 seed;
static struct mutex card_lock[LAB_CARDS];
static struct dma_pool *pool[LAB_CARDS];
static struct lab_card *cards[LAB_CARDS];
static int failed;
static char words[1024];

static u64 chance(struct thread *self, u64 limit)
{
	self->random ^= self->random << 13;
	self->random ^= self->random >> 7;
	self->random ^= self->random << 17;
	return (self->random >> 11) % limit;
}

static void fill(struct thread *self, void *to, size_t size)
{
	u8 *bytes = to;

	for (size_t i = 0; i < size; i++)
		bytes[i] = i % 8 ? bytes[i - 1] + 37 : chance(self, 256);
}

static void __printf(2, 3) fail_with(struct thread *self, const char *format, ...)
{
	va_list arguments;

	if (!self->wrong[0]) {
		va_start(arguments, format);
		vsnprintf(self->wrong, sizeof(self->wrong), format, arguments);
		va_end(arguments);
	}
	__atomic_store_n(&failed, 1, __ATOMIC_RELEASE);
}

static void compare(struct thread *self, const char *what, const void *got, const void *expected,
		    size_t size)
{
	const u8 *a = got, *b = expected;

	for (size_t i = 0; i < size; i++) {
		if (a[i] == b[i])
			continue;
		fail_with(self, "%s: byte %zu of %zu is 0x%02x, not 0x%02x", what, i, size, a[i],
			  b[i]);
		return;
	}
}

/* The card reads @size bytes at @dma, and must see @expected. */
static void card_sees(struct thread *self, const char *what, int card, dma_addr_t dma,
		      const u8 *expected, size_t size)
{
	int err;

	mutex_lock(&card_lock[card]);
	err = lab_read(cards[card], dma, self->seen, size);
	mutex_unlock(&card_lock[card]);
	if (err)
		fail_with(self, "%s: the card can't read 0x%llx: %d", what, (unsigned long long)dma,
			  err);
	else
		compare(self, what, self->seen, expected, size);
}

static void card_writes(struct thread *self, const char *what, int card, dma_addr_t dma,
			const u8 *bytes, size_t size)
{
	int err;

	mutex_lock(&card_lock[card]);
	err = lab_write(cards[card], dma, bytes, size);
	mutex_unlock(&card_lock[card]);
	if (err)
		fail_with(self, "%s: the card can't write 0x%llx: %d", what,
			  (unsigned long long)dma, err);
}

/* --- one buffer, with a fence on both sides -------------------------------------------------------------------------- */

/*
 * One mapping and one to three transfers, as its direction allows. On a machine without coherent caches a device's buffer ends with
 * its last cache line, so that @size is a multiple there when the card writes.
 */
static bool single(struct thread *self, int card)
{
	static const enum dma_data_direction directions[] = {DMA_TO_DEVICE, DMA_FROM_DEVICE,
							     DMA_BIDIRECTIONAL};
	enum dma_data_direction dir = directions[chance(self, 3)];
	size_t size = 1 + chance(self, chance(self, 4) ? 1500 : BUFFER_MAX - 2 * FENCE);
	struct device *device = cards[card]->dev;
	unsigned int rounds = 1 + chance(self, 3);
	u8 *memory, *buffer;
	dma_addr_t dma;

	if (dir != DMA_TO_DEVICE)
		size = ALIGN(size, FENCE);
	memory = kmalloc(size + 2 * FENCE, GFP_KERNEL);
	if (!memory)
		return false;
	buffer = memory + FENCE;
	fill(self, self->expected, size);
	memset(memory, 0xf1, FENCE);
	memcpy(buffer, self->expected, size);
	memset(buffer + size, 0xf2, FENCE);
	dma = dma_map_single(device, buffer, size, dir);
	if (dma_mapping_error(device, dma)) {
		kfree(memory);
		return false;
	}
	while (rounds--) {
		if (dir != DMA_FROM_DEVICE)
			card_sees(self, "the card reads a buffer", card, dma, self->expected, size);
		if (dir != DMA_TO_DEVICE) {
			fill(self, self->expected, size);
			card_writes(self, "the card writes a buffer", card, dma, self->expected,
				    size);
		}
		if (!rounds)
			break;
		dma_sync_single_for_cpu(device, dma, size, dir);
		compare(self, "a buffer that was synced", buffer, self->expected, size);
		if (dir != DMA_FROM_DEVICE) {
			fill(self, self->expected, size);
			memcpy(buffer, self->expected, size);
		}
		dma_sync_single_for_device(device, dma, size, dir);
	}
	dma_unmap_single(device, dma, size, dir);
	compare(self, "a buffer that was unmapped", buffer, self->expected, size);
	for (unsigned int i = 0; i < FENCE; i++)
		if (memory[i] != 0xf1 || buffer[size + i] != 0xf2)
			fail_with(self, "a byte beside a buffer of %zu bytes changed, direction %d",
				  size, dir);
	kfree(memory);
	return true;
}

/* --- pages, highmem too where there is some ------------------------------------------------------------------------ */

static bool page(struct thread *self, int card)
{
	struct device *device = cards[card]->dev;
	size_t offset = FENCE * chance(self, 8), size = FENCE * (1 + chance(self, 16));
	struct page *memory = alloc_pages(GFP_KERNEL | (chance(self, 2) ? __GFP_HIGHMEM : 0), 0);
	dma_addr_t dma;
	u8 *seen;

	if (!memory)
		return false;
	dma = dma_map_page(device, memory, offset, size, DMA_FROM_DEVICE);
	if (dma_mapping_error(device, dma)) {
		__free_page(memory);
		return false;
	}
	fill(self, self->expected, size);
	card_writes(self, "the card writes a page", card, dma, self->expected, size);
	dma_unmap_page(device, dma, size, DMA_FROM_DEVICE);
	seen = kmap_local_page(memory);
	compare(self, "a page that was unmapped", seen + offset, self->expected, size);
	kunmap_local(seen);
	__free_page(memory);
	return true;
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

static void free_entries(struct scatterlist *list, unsigned int n)
{
	while (n--)
		__free_page(sg_page(&list[n]));
}

static bool list(struct thread *self, int card)
{
	struct device *device = cards[card]->dev;
	unsigned int n = 1 + chance(self, ENTRIES), i;
	bool reads = chance(self, 2);
	enum dma_data_direction dir = reads ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	struct scatterlist sg[ENTRIES], *entry;
	size_t total = 0, at = 0;
	int segments, k;

	sg_init_table(sg, n);
	for (i = 0; i < n; i++) {
		struct page *memory = alloc_page(GFP_KERNEL);
		size_t offset = FENCE * chance(self, 16), size = FENCE * (1 + chance(self, 12));

		if (!memory) {
			free_entries(sg, i);
			return false;
		}
		sg_set_page(&sg[i], memory, size, offset);
		total += size;
	}
	fill(self, self->expected, total);
	if (reads)
		sg_copy_from_buffer(sg, n, self->expected, total);
	segments = dma_map_sg(device, sg, n, dir);
	if (segments <= 0) {
		free_entries(sg, n);
		return false;
	}
	for_each_sg(sg, entry, segments, k) {
		if (reads)
			card_sees(self, "the card reads a list", card, sg_dma_address(entry),
				  self->expected + at, sg_dma_len(entry));
		else
			card_writes(self, "the card writes a list", card, sg_dma_address(entry),
				    self->expected + at, sg_dma_len(entry));
		at += sg_dma_len(entry);
	}
	if (at != total)
		fail_with(self, "a list of %zu bytes has segments of %zu", total, at);
	dma_unmap_sg(device, sg, n, dir);
	sg_copy_to_buffer(sg, n, self->seen, total);
	compare(self, "a list that was unmapped", self->seen, self->expected, total);
	free_entries(sg, n);
	return true;
}

/* --- consistent memory ------------------------------------------------------------------------------------------- */

static void both_ways(struct thread *self, const char *what, int card, void *memory, dma_addr_t dma,
		      size_t size)
{
	fill(self, self->expected, size);
	memcpy(memory, self->expected, size);
	wmb();
	card_sees(self, what, card, dma, self->expected, size);
	fill(self, self->expected, size);
	card_writes(self, what, card, dma, self->expected, size);
	rmb();
	compare(self, what, memory, self->expected, size);
}

static bool coherent(struct thread *self, int card)
{
	struct device *device = cards[card]->dev;
	size_t size = 1 + chance(self, BUFFER_MAX);
	gfp_t gfp = chance(self, 4) ? GFP_KERNEL : GFP_ATOMIC;
	dma_addr_t dma;
	u8 *memory = dma_alloc_coherent(device, size, &dma, gfp);

	if (!memory)
		return false;
	for (size_t i = 0; i < size; i++)
		if (memory[i])
			fail_with(self, "byte %zu of %zu of new consistent memory is 0x%02x", i,
				  size, memory[i]);
	both_ways(self, "consistent memory", card, memory, dma, size);
	dma_free_coherent(device, size, memory, dma);
	return true;
}

static bool block(struct thread *self, int card)
{
	dma_addr_t dma;
	u8 *memory = dma_pool_zalloc(pool[card], chance(self, 4) ? GFP_KERNEL : GFP_ATOMIC, &dma);

	if (!memory)
		return false;
	for (unsigned int i = 0; i < POOL_BLOCK; i++)
		if (memory[i])
			fail_with(self, "byte %u of a zeroed block is 0x%02x", i, memory[i]);
	both_ways(self, "a pool's block", card, memory, dma, POOL_BLOCK);
	dma_pool_free(pool[card], memory, dma);
	return true;
}

/* --- exhaustion: mappings are held until there are no more, and each is still right --------------------------------- */

static bool hold(struct thread *self, int card)
{
	struct device *device = cards[card]->dev;
	size_t size = FENCE * (1 + chance(self, BUFFER_MAX / FENCE));
	struct {
		u8 *memory;
		dma_addr_t dma;
	} held[HELD];
	bool all = true;
	int n, i;

	for (n = 0; n < HELD; n++) {
		held[n].memory = kmalloc(size, GFP_KERNEL);
		if (!held[n].memory)
			break;
		memset(held[n].memory, n + self->index * HELD, size);
		held[n].dma = dma_map_single(device, held[n].memory, size, DMA_BIDIRECTIONAL);
		if (!dma_mapping_error(device, held[n].dma))
			continue;
		kfree(held[n].memory);
		all = false;
		break;
	}
	for (i = n; i--;) {
		memset(self->expected, i + self->index * HELD, size);
		card_sees(self, "one of many mappings", card, held[i].dma, self->expected, size);
		memset(self->expected, ~(i + self->index), size);
		card_writes(self, "one of many mappings", card, held[i].dma, self->expected, size);
	}
	for (i = 0; i < n; i++) {
		dma_unmap_single(device, held[i].dma, size, DMA_BIDIRECTIONAL);
		memset(self->expected, ~(i + self->index), size);
		compare(self, "one of many buffers", held[i].memory, self->expected, size);
		kfree(held[i].memory);
	}
	return all && n == HELD;
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool (*run)(struct thread *self, int card); /* false: something was refused */
} works[] = {
	{"single", single},     {"page", page},  {"list", list},
	{"coherent", coherent}, {"pool", block}, {"hold", hold},
};

static int work(void *data)
{
	struct thread *self = data;

	while (!kthread_should_stop()) {
		unsigned int kind = chance(self, ARRAY_SIZE(works)), card = chance(self, LAB_CARDS);

		if (__atomic_load_n(&failed, __ATOMIC_ACQUIRE)) {
			msleep(1);
			continue;
		}
		if (works[kind].run(self, card))
			self->done[kind]++;
		else
			self->refused[kind]++;
	}
	return 0;
}

static bool report(struct thread *threads)
{
	bool right = true;

	for (unsigned int kind = 0; kind < ARRAY_SIZE(works); kind++) {
		u64 done = 0, refused = 0;

		for (unsigned int i = 0; i < nr_threads; i++) {
			done += threads[i].done[kind];
			refused += threads[i].refused[kind];
		}
		printf("  %-8s %8llu done, %8llu refused\n", works[kind].name,
		       (unsigned long long)done, (unsigned long long)refused);
		/* A kind of work that never succeeds shows nothing. */
		right &= done || kind == ARRAY_SIZE(works) - 1;
	}
	for (unsigned int i = 0; i < nr_threads; i++) {
		if (!threads[i].wrong[0])
			continue;
		printf("thread %u: %s\n", i, threads[i].wrong);
		right = false;
	}
	return right;
}

static bool run(void)
{
	static struct thread threads[THREADS_MAX];
	unsigned int i;

	for (i = 0; i < LAB_CARDS; i++) {
		mutex_init(&card_lock[i]);
		pool[i] = dma_pool_create("traffic", cards[i]->dev, POOL_BLOCK, 16, 0);
		if (!pool[i])
			return false;
	}
	for (i = 0; i < nr_threads; i++) {
		threads[i].index = i;
		threads[i].random = seed * 0x9e3779b97f4a7c15ULL + (i + 1) * 0xbf58476d1ce4e5b9ULL;
		threads[i].task = kthread_run(work, &threads[i], "traffic/%u", i);
		if (IS_ERR(threads[i].task))
			return false;
	}
	ssleep(seconds);
	for (i = 0; i < nr_threads; i++)
		kthread_stop(threads[i].task);
	for (i = 0; i < LAB_CARDS; i++)
		dma_pool_destroy(pool[i]);
	return report(threads);
}

static bool checker_is_silent(void)
{
	struct dmk_checker *checker = dmk_boot_checker();
	size_t n = dmk_checker_findings(checker);

	for (size_t i = 0; i < n; i++)
		printf("%s: %s\n", dmk_checker_finding(checker, i)->rule->id,
		       dmk_checker_finding(checker, i)->what);
	return !n;
}

static void keep_words(void *ctx, int level, const char *text)
{
	snprintf(words, sizeof(words), "<%d> %s", level, text);
}

static void parse(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--machine"))
			options.machine = argv[i + 1];
		else if (!strcmp(argv[i], "--append"))
			options.append = argv[i + 1];
		else if (!strcmp(argv[i], "--seconds"))
			seconds = strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--threads"))
			nr_threads = clamp_t(unsigned int, strtoul(argv[i + 1], NULL, 0), 1,
					     THREADS_MAX);
		else if (!strcmp(argv[i], "--seed"))
			seed = strtoull(argv[i + 1], NULL, 0);
		else
			exit(2);
	}
}

int main(int argc, char **argv)
{
	static const struct dmk_device_request requests[LAB_CARDS] = {{.model = "lab"},
								      {.model = "lab"}};
	char error[512];
	bool right;

	parse(argc, argv);
	if (!seed)
		seed = time(NULL);
	options.seed = seed;
	options.devices = requests;
	options.nr_devices = LAB_CARDS;
	dmk_log_to(keep_words, NULL);
	printf("test_CTX_02 traffic on %s %s, %u threads, %u s, --seed %llu\n", options.machine,
	       options.append ? options.append : "", nr_threads, seconds, (unsigned long long)seed);
	fflush(stdout);
	if (dmk_boot(&options, error, sizeof(error))) {
		printf("%s\n", error);
		return 1;
	}
	cards[0] = lab;
	cards[1] = lab2;
	right = !dmk_module_load(NULL) && lab2->dev && run();
	dmk_module_unload(NULL);
	dmk_shutdown();
	right &= checker_is_silent();
	dmk_boot_end();
	if (!right)
		printf("last words: %s\n", words);
	return !right;
}
