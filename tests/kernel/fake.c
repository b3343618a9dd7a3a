// SPDX-License-Identifier: MIT
/*
 * The small machine. Views are mappings of the same memfd as the direct map.
 */
#include "fake.h"

#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define RAM (64 * MIB)
#define DIRECT (48 * MIB)

static const struct dmk_memory usual_memory[] = {
	{ { 0 }, 20 * MIB, DMK_MEMORY_RAM, "" },
	{ { 24 * MIB }, 1 * MIB, DMK_MEMORY_RESERVED, "kept" },
	{ { 25 * MIB }, 39 * MIB, DMK_MEMORY_RAM, "" },
};

struct dmk_machine fake_machine;
bool fake_enabled[16];
unsigned int fake_slow_disable;

static int ram = -1;
static struct dmk_sink sink;
static struct dmk_port port;
static struct fake_events events;
static char said[65536];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what is remembered */
static uint64_t random_state = 1;
static unsigned int views;
static uint64_t dma_last = 8 * MIB - 1, dma32_last = 16 * MIB - 1;

static void *view_map(void *ctx, const dmk_phys *pages, size_t n, enum dmk_view view)
{
	char *at = mmap(NULL, n * DMK_PAGE_SIZE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t i;

	for (i = 0; i < n; i++)
		assert_ptr_not_equal(mmap(at + i * DMK_PAGE_SIZE, DMK_PAGE_SIZE,
					  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, ram,
					  pages[i].v),
				     MAP_FAILED);
	__atomic_fetch_add(&views, 1, __ATOMIC_RELAXED);
	return at;
}

static void view_unmap(void *ctx, void *view, size_t n)
{
	munmap(view, n * DMK_PAGE_SIZE);
	__atomic_fetch_sub(&views, 1, __ATOMIC_RELAXED);
}

static void cache(void *ctx, dmk_phys phys, size_t size)
{
}

static uint64_t mmio_read(void *ctx, dmk_phys address, unsigned int width)
{
	return ~0ULL;
}

static void mmio_write(void *ctx, dmk_phys address, unsigned int width, uint64_t value)
{
}

static uint32_t port_in(void *ctx, uint16_t at, unsigned int width)
{
	return ~0U;
}

static void port_out(void *ctx, uint16_t at, unsigned int width, uint32_t value)
{
}

static uint32_t config_read(void *ctx, uint16_t bdf, unsigned int offset, unsigned int width)
{
	return ~0U;
}

static void config_write(void *ctx, uint16_t bdf, unsigned int offset, unsigned int width,
			 uint32_t value)
{
}

static unsigned int intx_irq(void *ctx, uint16_t bdf, unsigned int pin)
{
	return 0;
}

static int msi_alloc(void *ctx, uint16_t bdf, unsigned int n, bool contiguous,
		     struct dmk_msi_message *messages)
{
	return -28;
}

static void msi_free(void *ctx, unsigned int first_irq, unsigned int n)
{
}

static void irq_enable(void *ctx, unsigned int irq, bool enable)
{
	if (!enable)
		usleep(__atomic_load_n(&fake_slow_disable, __ATOMIC_RELAXED));
	__atomic_store_n(&fake_enabled[irq], enable, __ATOMIC_RELAXED);
}

static bool quiesce(void *ctx, unsigned int usec)
{
	return true;
}

static void end(void *ctx)
{
	munmap(fake_machine.direct_base, DIRECT);
	close(ram);
	ram = -1;
}

static int memory_share(void *ctx, dmk_phys phys, size_t size, bool shared)
{
	return 0;
}

static const struct dmk_port_ops ops = {
	.view_map = view_map,
	.view_unmap = view_unmap,
	.cache_clean = cache,
	.cache_invalidate = cache,
	.cache_flush = cache,
	.memory_share = memory_share,
	.mmio_read = mmio_read,
	.mmio_write = mmio_write,
	.port_in = port_in,
	.port_out = port_out,
	.config_read = config_read,
	.config_write = config_write,
	.intx_irq = intx_irq,
	.msi_alloc = msi_alloc,
	.msi_free = msi_free,
	.irq_enable = irq_enable,
	.quiesce = quiesce,
	.shutdown = end,
};

static void remember(void *ctx, const struct dmk_event *event)
{
	pthread_mutex_lock(&lock);
	events.count[event->kind]++;
	events.last[event->kind] = *event;
	pthread_mutex_unlock(&lock);
}

static const struct dmk_observer observer = { remember, NULL };

static void write_log(void *ctx, int level, const char *text)
{
	size_t length;

	pthread_mutex_lock(&lock);
	length = strlen(said);
	snprintf(said + length, sizeof(said) - length, "%d %s\n", level, text);
	pthread_mutex_unlock(&lock);
}

void fake_zones(uint64_t dma, uint64_t dma32)
{
	dma_last = dma;
	dma32_last = dma32;
}

void fake_boot(const char *parameters, unsigned int cache_line)
{
	fake_boot_on(usual_memory, 3, parameters, cache_line);
}

void fake_boot_on(const struct dmk_memory *memory, unsigned int n, const char *parameters,
		  unsigned int cache_line)
{
	char error[512] = "";

	ram = memfd_create("ram", MFD_CLOEXEC);
	assert_int_equal(ftruncate(ram, RAM), 0);
	fake_machine = (struct dmk_machine){
		.name = "fake",
		.summary = "for tests",
		.cache_line = cache_line,
		.memory = memory,
		.nr_memory = n,
		.direct_base = mmap(NULL, DIRECT, PROT_READ | PROT_WRITE, MAP_SHARED, ram, 0),
		.direct_last = { DIRECT - 1 },
		.dma_zone_last = dma_last,
		.dma32_zone_last = dma32_last,
		.bootargs = parameters,
		.nr_irqs = 16,
	};
	port = (struct dmk_port){ &ops, NULL, &fake_machine };
	sink = dmk_kernel_sink();
	fake_forget();
	dmk_log_to(write_log, NULL);
	dmk_observe(&observer);
	if (dmk_kernel_boot(&port, error, sizeof(error)))
		fail_msg("boot: %s", error);
}

void fake_shutdown(void)
{
	dmk_kernel_shutdown();
	dmk_observe(NULL);
	dmk_log_to(NULL, NULL);
	assert_int_equal(views, 0);
	assert_null(dmk_kernel_machine());
}

void fake_line(unsigned int irq, bool level)
{
	sink.irq(sink.ctx, irq, level, false);
}

void fake_message(unsigned int irq)
{
	sink.irq(sink.ctx, irq, true, true);
}

unsigned int fake_count(enum dmk_event_kind kind)
{
	unsigned int n;

	pthread_mutex_lock(&lock);
	n = events.count[kind];
	pthread_mutex_unlock(&lock);
	return n;
}

struct dmk_event fake_last(enum dmk_event_kind kind)
{
	struct dmk_event event;

	pthread_mutex_lock(&lock);
	event = events.last[kind];
	pthread_mutex_unlock(&lock);
	return event;
}

void fake_forget(void)
{
	pthread_mutex_lock(&lock);
	memset(&events, 0, sizeof(events));
	said[0] = '\0';
	pthread_mutex_unlock(&lock);
}

const char *fake_log(void)
{
	return said;
}

bool fake_said(const char *text)
{
	bool found;

	pthread_mutex_lock(&lock);
	found = strstr(said, text);
	pthread_mutex_unlock(&lock);
	return found;
}

unsigned int fake_threads(void)
{
	DIR *directory = opendir("/proc/self/task");
	unsigned int n = 0;

	while (readdir(directory))
		n++;
	closedir(directory);
	return n - 2;
}

uint64_t fake_seed(void)
{
	const char *given = getenv("SEED");

	random_state = given ? strtoull(given, NULL, 0) : 20240917;
	print_message("SEED=%llu\n", (unsigned long long)random_state);
	return random_state;
}

uint64_t fake_random(uint64_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % limit;
}
