/* SPDX-License-Identifier: MIT */
/*
 * A machine and a system for tests of the core alone.
 */
#include "fake.h"

#include <linux/errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#define DIRECT_SIZE (FAKE_HIGH + FAKE_HIGH_SIZE)
#define NR_PAGES    ((FAKE_LOW_SIZE + FAKE_HIGH_SIZE) / 4096)
#define LOW_PAGES   (FAKE_LOW_SIZE / 4096)
#define CAGE_PAGES  (FAKE_CAGE_SIZE / 4096)
#define MEMMAP_SIZE (DIRECT_SIZE / 4096 * 128)

struct dmk_dev fake_dev, fake_other, fake_caged;
__thread bool fake_interrupt, fake_atomic;
char fake_log[256];
unsigned int fake_log_count, fake_warned;
struct dmk_event fake_events[FAKE_EVENTS];
struct dmk_event_sg fake_event_sg[256];
size_t fake_nr_events;

bool fake_one_cpu;
bool fake_no_memory;

#ifdef FAKE_ASKS_CPU
#define FAKE_SET_CPU(number) ((void)(number))
#define FAKE_HERE            (&fake_cpu)
static __thread struct dmk_thread_cpu fake_cpu; /* .busy: interrupts are kept out */
#else
#define FAKE_SET_CPU(number_) (dmk_thread_cpu.slot = (number_), dmk_thread_cpu.number = cpu(NULL))
#define FAKE_HERE            (&dmk_thread_cpu)
#endif

static struct {
	pthread_mutex_t lock;
	char *direct, *memmap;
	int fd;
	bool taken[NR_PAGES];
	bool shared[NR_PAGES + CAGE_PAGES];
	bool share_fails;
	struct fake_held held;
	unsigned int allocations, fail_at;
	const void *odd_address;
	enum dmk_address_kind odd_kind;
	struct fake_cache_op ops[64];
	size_t nr_ops;
	struct dmk_machine machine;
	struct dmk_bus bus, cage;
	struct dmk_memory caged_memory[3];
	struct dmk_memory pool;
	struct dmk_window window;
	struct dmk_platform_device platform;
	struct dmk_deferred *deferred[FAKE_DEFERRED];
	unsigned int nr_deferred;
	bool defer_fails;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct dmk_memory memory[] = {
	{{FAKE_LOW}, FAKE_LOW_SIZE, DMK_MEMORY_RAM, "low"},
	{{FAKE_HIGH}, FAKE_HIGH_SIZE, DMK_MEMORY_RAM, "high"},
};

/* --- memory ----------------------------------------------------------------------------------- */

static void *map(size_t size, int prot, int flags, void *at, int fd, uint64_t offset)
{
	void *address = mmap(at, size, prot, flags | (at ? MAP_FIXED : 0), fd, (off_t)offset);

	if (address == MAP_FAILED) {
		perror("mmap");
		abort();
	}
	return address;
}

static void memory_start(void)
{
	if (!fake.direct) {
		fake.fd = memfd_create("ram", 0);
		if (fake.fd < 0 ||
		    ftruncate(fake.fd, FAKE_LOW_SIZE + FAKE_HIGH_SIZE + FAKE_CAGE_SIZE))
			abort();
		/* Aligned to the largest allocation, as a real direct map is. */
		fake.direct = map(DIRECT_SIZE + (4 << 20), PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, NULL, -1, 0);
		fake.direct = (char *)(((uintptr_t)fake.direct + (4 << 20) - 1) &
				       ~(uintptr_t)((4 << 20) - 1));
		fake.memmap = map(MEMMAP_SIZE, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, NULL, -1, 0);
		map(FAKE_LOW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fake.direct + FAKE_LOW,
		    fake.fd, 0);
		map(FAKE_HIGH_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fake.direct + FAKE_HIGH,
		    fake.fd, FAKE_LOW_SIZE);
		map(FAKE_CAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fake.direct + FAKE_CAGE,
		    fake.fd, FAKE_LOW_SIZE + FAKE_HIGH_SIZE);
	}
	memset(fake.taken, 0, sizeof(fake.taken));
	memset(fake.shared, 0, sizeof(fake.shared));
	fake.share_fails = false;
	memset(&fake.held, 0, sizeof(fake.held));
	fake.nr_deferred = 0;
	memset(fake.direct + FAKE_LOW, 0xa5, FAKE_LOW_SIZE);
	memset(fake.direct + FAKE_HIGH, 0xa5, FAKE_HIGH_SIZE);
	memset(fake.direct + FAKE_CAGE, 0xa5, FAKE_CAGE_SIZE);
}

void *fake_ram(uint64_t phys)
{
	return fake.direct + phys;
}

static bool in_ram(uint64_t first, uint64_t size)
{
	for (size_t i = 0; i < 2; i++) {
		if (first >= memory[i].first.v && size <= memory[i].size &&
		    first - memory[i].first.v <= memory[i].size - size)
			return true;
	}
	return false;
}

static size_t page_index(uint64_t phys)
{
	if (phys >= FAKE_CAGE && phys < FAKE_CAGE + FAKE_CAGE_SIZE)
		return NR_PAGES + (phys - FAKE_CAGE) / 4096;
	return phys >= FAKE_HIGH ? LOW_PAGES + (phys - FAKE_HIGH) / 4096 : (phys - FAKE_LOW) / 4096;
}

static bool private_memory(void)
{
	return fake.machine.caps & DMK_CAP_PRIVATE;
}

void *fake_device_ram(dmk_dma dma)
{
	const uint64_t phys = dma.v - fake.window.bus + fake.window.phys.v;

	if (private_memory() && !__atomic_load_n(&fake.shared[page_index(phys)], __ATOMIC_RELAXED))
		fail_msg("a device is to use private memory at %#llx", (unsigned long long)phys);
	return fake.direct + phys;
}

size_t fake_shared(void)
{
	size_t n = 0;

	for (size_t i = 0; i < NR_PAGES + CAGE_PAGES; i++)
		n += fake.shared[i];
	return n;
}

void fake_share_fails(bool fails)
{
	fake.share_fails = fails;
}

static bool fails(void)
{
	return ++fake.allocations == fake.fail_at || fake_no_memory;
}

unsigned int fake_fail_at(unsigned int n)
{
	unsigned int before = fake.allocations;

	fake.allocations = 0;
	fake.fail_at = n;
	return before;
}

struct fake_held fake_held(void)
{
	return fake.held;
}

bool fake_pages_free(uint64_t phys, size_t size)
{
	for (uint64_t at = phys; at < phys + size; at += 4096) {
		if (fake.taken[page_index(at)])
			return false;
	}
	return true;
}

/* --- the system ------------------------------------------------------------------------------- */

static void *meta_alloc(void *ctx, size_t size, bool may_sleep)
{
	void *meta = NULL;

	pthread_mutex_lock(&fake.lock);
	if (!fails()) {
		/* The size in front, to see that it is given back with the same one. */
		size_t *block = calloc(1, size + 16);

		fake.held.metas++;
		*block = size;
		meta = (char *)block + 16;
	}
	pthread_mutex_unlock(&fake.lock);
	return meta;
}

static void meta_free(void *ctx, void *meta, size_t size)
{
	size_t *block = (size_t *)((char *)meta - 16);

	if (*block != size) {
		fprintf(stderr, "metadata of %zu bytes freed as %zu\n", *block, size);
		abort();
	}
	pthread_mutex_lock(&fake.lock);
	fake.held.metas--;
	pthread_mutex_unlock(&fake.lock);
	free(block);
}

static bool run_fits(const struct dmk_page_request *request, uint64_t first)
{
	if (first & (request->align - 1) || first < request->first.v ||
	    first + request->size - 1 > request->last.v || !in_ram(first, request->size))
		return false;
	return fake_pages_free(first, request->size);
}

/* From the top down, as a system that saves low memory would. */
static int pages_alloc(void *ctx, const struct dmk_page_request *request, dmk_phys *first_page)
{
	int error = -ENOMEM;

	if (request->size & 4095 || request->align & 4095 ||
	    request->align & (request->align - 1) || !request->size)
		abort();
	pthread_mutex_lock(&fake.lock);
	for (size_t i = 2; i-- > 0 && error && !(i == 1 && fails());) {
		for (uint64_t n = memory[i].size / 4096; n-- > 0 && error;) {
			const uint64_t first = memory[i].first.v + n * 4096;

			if (!run_fits(request, first))
				continue;
			for (uint64_t at = first; at < first + request->size; at += 4096)
				fake.taken[page_index(at)] = true;
			fake.held.pages += request->size / 4096;
			*first_page = DMK_PHYS(first);
			error = 0;
		}
	}
	pthread_mutex_unlock(&fake.lock);
	return error;
}

static void pages_free(void *ctx, dmk_phys first_page, size_t size)
{
	pthread_mutex_lock(&fake.lock);
	for (uint64_t at = first_page.v; at < first_page.v + size; at += 4096) {
		if (!fake.taken[page_index(at)] || fake.shared[page_index(at)]) {
			fprintf(stderr, "page %#llx is given back %s\n", (unsigned long long)at,
				fake.taken[page_index(at)] ? "shared" : "twice");
			abort();
		}
		fake.taken[page_index(at)] = false;
	}
	fake.held.pages -= size / 4096;
	pthread_mutex_unlock(&fake.lock);
}

void fake_classify_as(const void *address, enum dmk_address_kind kind)
{
	fake.odd_address = address;
	fake.odd_kind = kind;
}

static enum dmk_address_kind classify(void *ctx, const void *address, size_t size, dmk_phys *phys)
{
	const uint64_t at = (uintptr_t)address - (uintptr_t)fake.direct;

	if (address == fake.odd_address)
		return fake.odd_kind;
	if (!in_ram(at, size))
		return DMK_ADDRESS_UNKNOWN;
	*phys = DMK_PHYS(at);
	return DMK_ADDRESS_DIRECT;
}

static bool is_ram(void *ctx, dmk_phys first, size_t size)
{
	return in_ram(first.v, size);
}

static bool in_atomic(void *ctx)
{
	return fake_atomic || fake_interrupt;
}

static bool in_interrupt(void *ctx)
{
	return fake_interrupt;
}

static unsigned int cpu(void *ctx)
{
	static unsigned int threads;
	static __thread unsigned int number;

	if (!number)
		number = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	return number - 1;
}

#ifdef FAKE_ASKS_CPU
static unsigned long irq_save(void *ctx)
{
	const unsigned int before = fake_cpu.busy;

	__atomic_store_n(&fake_cpu.busy, before + 1, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return before;
}

static void irq_restore(void *ctx, unsigned long flags)
{
	__atomic_store_n(&fake_cpu.busy, (unsigned int)flags, __ATOMIC_RELEASE);
}
#else
static unsigned long irq_save(void *ctx)
{
	return 0;
}

static void irq_restore(void *ctx, unsigned long flags)
{
}
#endif

/* What settle() waits for: the threads that have a number, until they end. */
static struct {
	pthread_mutex_t lock;
	pthread_once_t once;
	pthread_key_t key;
	struct dmk_thread_cpu *of[DMK_CPUS];
} cpus = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

static void cpu_ends(void *here)
{
	pthread_mutex_lock(&cpus.lock);
	for (unsigned int i = 0; i < DMK_CPUS; i++) {
		if (__atomic_load_n(&cpus.of[i], __ATOMIC_RELAXED) == here)
			__atomic_store_n(&cpus.of[i], NULL, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&cpus.lock);
}

static void cpus_start(void)
{
	pthread_key_create(&cpus.key, cpu_ends);
	syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

static void cpu_begins(unsigned int number)
{
	pthread_once(&cpus.once, cpus_start);
	pthread_setspecific(cpus.key, FAKE_HERE);
	/*
	 * Not with the lock: a thread asks for its number with a lock of the core's held, which one
	 * that settle() waits for may want.
	 */
	__atomic_store_n(&cpus.of[number], FAKE_HERE, __ATOMIC_RELEASE);
}

unsigned int fake_settled;
bool fake_cannot_settle;
void (*fake_while_settling)(void);
static __thread unsigned int as_cpu;

void fake_be_cpu(unsigned int number)
{
	as_cpu = number;
	FAKE_SET_CPU(0);
}

static bool settle(void *ctx)
{
	__atomic_add_fetch(&fake_settled, 1, __ATOMIC_RELAXED);
	if (fake_while_settling)
		fake_while_settling();
	if (fake_cannot_settle || syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0))
		return false;
	pthread_mutex_lock(&cpus.lock);
	for (unsigned int i = 0; i < DMK_CPUS; i++) {
		const struct dmk_thread_cpu *cpu = __atomic_load_n(&cpus.of[i], __ATOMIC_ACQUIRE);

		while (cpu && __atomic_load_n(&cpu->busy, __ATOMIC_ACQUIRE))
			sched_yield();
	}
	pthread_mutex_unlock(&cpus.lock);
	return true;
}

/*
 * Numbers are not used again: a test has few threads. Without -DDMK_CPU_IS_THREAD the core has no
 * variable of its own.
 */
static unsigned int cpu_slot(void *ctx)
{
	static __thread unsigned int number;
	static unsigned int last;

	if (!number) {
		number = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
		if (number < DMK_CPUS)
			cpu_begins(number);
	}
	if (fake_one_cpu || number >= DMK_CPUS)
		return 0;
	FAKE_SET_CPU(as_cpu ? as_cpu : number);
	return as_cpu ? as_cpu : number;
}

static void relax(void *ctx)
{
	sched_yield();
}

static void log_message(void *ctx, enum dmk_log_level level, const char *device,
			const char *message)
{
	pthread_mutex_lock(&fake.lock);
	snprintf(fake_log, sizeof(fake_log), "%s%s%s", device ? device : "", device ? ": " : "",
		 message);
	if (level <= DMK_LOG_WARNING)
		fake_warned++;
	fake_log_count++;
	pthread_mutex_unlock(&fake.lock);
}

/* Kept for the test, which runs it when it wants to. */
static bool defer(void *ctx, struct dmk_deferred *work)
{
	bool kept = false;

	if (fake.defer_fails)
		return false;
	pthread_mutex_lock(&fake.lock);
	for (unsigned int i = 0; i < fake.nr_deferred; i++)
		kept |= fake.deferred[i] == work;
	if (!kept && fake.nr_deferred < FAKE_DEFERRED) {
		fake.deferred[fake.nr_deferred++] = work;
		kept = true;
	}
	pthread_mutex_unlock(&fake.lock);
	return kept;
}

void fake_defer_fails(bool fails)
{
	fake.defer_fails = fails;
}

unsigned int fake_run_deferred(void)
{
	struct dmk_deferred *due[FAKE_DEFERRED];
	unsigned int n;

	pthread_mutex_lock(&fake.lock);
	n = fake.nr_deferred;
	memcpy(due, fake.deferred, sizeof(due));
	fake.nr_deferred = 0;
	pthread_mutex_unlock(&fake.lock);
	for (unsigned int i = 0; i < n; i++)
		due[i]->run(due[i]);
	return n;
}

static const struct dmk_os_ops os_ops = {
	.meta_alloc = meta_alloc,
	.meta_free = meta_free,
	.pages_alloc = pages_alloc,
	.pages_free = pages_free,
	.classify = classify,
	.is_ram = is_ram,
	.in_atomic = in_atomic,
	.in_interrupt = in_interrupt,
	.cpu = cpu,
	.irq_save = irq_save,
	.irq_restore = irq_restore,
	.cpu_slot = cpu_slot,
	.settle = settle,
	.relax = relax,
	.defer = defer,
	.log = log_message,
};

bool fake_take_page(dmk_phys *page)
{
	return !pages_alloc(
		NULL,
		&(struct dmk_page_request){.size = 4096, .align = 4096, .last = DMK_PHYS(~0ULL)},
		page);
}

void fake_give_page(dmk_phys page)
{
	pages_free(NULL, page, 4096);
}

/* --- the machine ------------------------------------------------------------------------------ */

/* At a multiple of their number rounded up to a power of two, as a port has to. */
static char *reserve(size_t size)
{
	size_t align = 4096;
	char *all, *at;

	while (align < size)
		align *= 2;
	all = map(size + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, NULL, -1,
		  0);
	at = (char *)(((uintptr_t)all + align - 1) & ~(uintptr_t)(align - 1));
	if (at > all)
		munmap(all, (size_t)(at - all));
	munmap(at + size, (size_t)(all + size + align - (at + size)));
	return at;
}

static void *view_map(void *ctx, const dmk_phys *pages, size_t n, enum dmk_view view)
{
	char *at;

	pthread_mutex_lock(&fake.lock);
	if (fails()) {
		pthread_mutex_unlock(&fake.lock);
		return NULL;
	}
	fake.held.views++;
	pthread_mutex_unlock(&fake.lock);
	at = reserve(n * 4096);
	for (size_t i = 0; i < n; i++)
		map(4096, PROT_READ | PROT_WRITE, MAP_SHARED, at + i * 4096, fake.fd,
		    page_index(pages[i].v) * 4096);
	return at;
}

static void view_unmap(void *ctx, void *view, size_t n)
{
	munmap(view, n * 4096);
	pthread_mutex_lock(&fake.lock);
	fake.held.views--;
	pthread_mutex_unlock(&fake.lock);
}

static void cache_op(enum fake_cache op, dmk_phys phys, size_t size)
{
	pthread_mutex_lock(&fake.lock);
	if (fake.nr_ops < 64)
		fake.ops[fake.nr_ops++] = (struct fake_cache_op){op, phys.v, size};
	pthread_mutex_unlock(&fake.lock);
}

static void cache_clean(void *ctx, dmk_phys phys, size_t size)
{
	cache_op(FAKE_CLEAN, phys, size);
}

static void cache_invalidate(void *ctx, dmk_phys phys, size_t size)
{
	cache_op(FAKE_INVALIDATE, phys, size);
}

static void cache_flush(void *ctx, dmk_phys phys, size_t size)
{
	cache_op(FAKE_FLUSH, phys, size);
}

size_t fake_cache_ops(struct fake_cache_op *ops, size_t n)
{
	size_t had = fake.nr_ops;

	memcpy(ops, fake.ops, (had < n ? had : n) * sizeof(*ops));
	fake.nr_ops = 0;
	return had;
}

/* What the core has no business with. */
static void nobody_calls(void)
{
	fprintf(stderr, "the core called a hook that is not for it\n");
	abort();
}

#define NOT_CALLED (void *)nobody_calls

/* What a page held is lost, either way. */
static int memory_share(void *ctx, dmk_phys phys, size_t size, bool shared)
{
	int error = 0;

	if (!private_memory())
		return 0;
	if ((phys.v | size) & 4095 || !size || fake_atomic || fake_interrupt)
		abort();
	pthread_mutex_lock(&fake.lock);
	if (fake.share_fails)
		error = -EIO;
	for (uint64_t at = phys.v; at < phys.v + size && !error; at += 4096) {
		if (fake.shared[page_index(at)] == shared)
			abort();
		__atomic_store_n(&fake.shared[page_index(at)], shared, __ATOMIC_RELAXED);
		memset(fake.direct + at, 0xc3, 4096);
	}
	fake.share_fails = false;
	pthread_mutex_unlock(&fake.lock);
	return error;
}

static const struct dmk_port_ops port_ops = {
	.view_map = view_map,
	.view_unmap = view_unmap,
	.cache_clean = cache_clean,
	.cache_invalidate = cache_invalidate,
	.cache_flush = cache_flush,
	.memory_share = memory_share,
	.mmio_read = NOT_CALLED,
	.mmio_write = NOT_CALLED,
	.port_in = NOT_CALLED,
	.port_out = NOT_CALLED,
	.config_read = NOT_CALLED,
	.config_write = NOT_CALLED,
	.intx_irq = NOT_CALLED,
	.msi_alloc = NOT_CALLED,
	.msi_free = NOT_CALLED,
	.irq_enable = NOT_CALLED,
	.quiesce = NOT_CALLED,
	.shutdown = NOT_CALLED,
};

/* --- life ------------------------------------------------------------------------------------- */

static void machine_start(const struct fake_options *options)
{
	fake.window = (struct dmk_window){0, {0}, ~0ULL};
	if (options->bus == FAKE_OFFSET)
		fake.window = (struct dmk_window){0x80000000, {FAKE_LOW}, 0x400000};
	if (options->skew)
		fake.window = (struct dmk_window){options->skew, {0}, 0x200000000};
	fake.bus = (struct dmk_bus){"bus", &fake.window, 1, options->bus != FAKE_NONCOHERENT};
	fake.pool = (struct dmk_memory){
		{FAKE_POOL}, FAKE_POOL_SIZE, DMK_MEMORY_SHARED_POOL, "pool", options->no_map};
	if (options->shared_pool)
		fake.bus.shared_pool = &fake.pool;
	for (uint64_t at = FAKE_POOL; options->shared_pool && at < FAKE_POOL + FAKE_POOL_SIZE;
	     at += 4096)
		fake.taken[page_index(at)] = true;
	fake.caged_memory[0] = memory[0];
	fake.caged_memory[1] = (struct dmk_memory){{FAKE_CAGE},
						   FAKE_CAGE_SIZE,
						   DMK_MEMORY_RESTRICTED_POOL,
						   "cage",
						   options->cage_no_map};
	fake.caged_memory[2] = memory[1];
	fake.cage = fake.bus;
	fake.cage.restricted_pool = options->cage ? &fake.caged_memory[1] : NULL;
	fake.platform = (struct dmk_platform_device){.name = "device", .dma = &fake.bus};
	fake.machine = (struct dmk_machine){
		.name = "fake",
		.summary = "for tests",
		.caps = options->caps,
		.cache_line = options->bus == FAKE_NONCOHERENT ? 64 : 1,
		.memory = options->cage ? fake.caged_memory : memory,
		.nr_memory = options->cage ? 3 : 2,
		.direct_base = fake.direct,
		.direct_last = DMK_PHYS(options->highmem ? FAKE_HIGH - 1 : DIRECT_SIZE - 1),
		.dma_zone_last = options->dma_zone_last,
		.bootargs = "",
		.platform = &fake.platform,
		.nr_platform = 1,
	};
}

int fake_start(const struct fake_options *options)
{
	struct dmk_core_config config = {
		.port = {&port_ops, NULL, &fake.machine},
		.os = {&os_ops, NULL},
		.parameters = options->parameters,
	};
	int error;

	/* What a test that failed left behind. */
	dmk_observe(NULL);
	dmk_core_stop();
	FAKE_SET_CPU(0);
	memory_start();
	machine_start(options);
	config.memmap = fake.memmap;
	fake.odd_address = &fake.odd_address;
	fake.nr_ops = 0;
	fake_log_count = fake_warned = 0;
	fake_log[0] = '\0';
	fake_nr_events = 0;
	fake_fail_at(options->fail_from);
	error = dmk_core_start(&config);
	if (error && options->may_fail)
		return error;
	assert_int_equal(error, 0);
	dmk_dev_init(&fake_dev, "dev", &fake.bus, NULL);
	dmk_dev_init(&fake_other, "other", &fake.bus, NULL);
	dmk_dev_init(&fake_caged, "caged", &fake.cage, NULL);
	return 0;
}

void fake_stop(void)
{
	fake_watch(false);
	fake_fail_at(0);
	dmk_dev_exit(&fake_caged);
	dmk_dev_exit(&fake_other);
	dmk_dev_exit(&fake_dev);
	dmk_core_stop();
	assert_int_equal(fake.held.metas, 0);
	assert_int_equal(fake.held.views, 0);
	assert_int_equal(fake.held.pages, 0);
	assert_int_equal(fake_shared(), 0);
}

/* --- events ----------------------------------------------------------------------------------- */

static void keep_event(void *ctx, const struct dmk_event *event)
{
	pthread_mutex_lock(&fake.lock);
	fake_events[fake_nr_events++ % FAKE_EVENTS] = *event;
	if (event->sg && event->nents <= 256)
		memcpy(fake_event_sg, event->sg, event->nents * sizeof(*event->sg));
	pthread_mutex_unlock(&fake.lock);
}

void fake_watch(bool on)
{
	static const struct dmk_observer observer = {keep_event, NULL};

	fake_nr_events = 0;
	dmk_observe(on ? &observer : NULL);
}

const struct dmk_event *fake_last_event(void)
{
	return fake_nr_events ? &fake_events[(fake_nr_events - 1) % FAKE_EVENTS] : NULL;
}

/* --- chance ----------------------------------------------------------------------------------- */

uint64_t fake_seed(void)
{
	const char *said = getenv("DMK_TEST_SEED");
	uint64_t seed = said ? strtoull(said, NULL, 0) : 0x5eed;

	fprintf(stderr, "DMK_TEST_SEED=%#llx\n", (unsigned long long)seed);
	return seed ? seed : 1;
}

/* xorshift64*, Vigna 2016. */
uint64_t fake_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 0x2545f4914f6cdd1dULL) >> 16;
}
