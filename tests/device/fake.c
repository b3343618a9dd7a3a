// SPDX-License-Identifier: MIT
/*
 * The small machine: configuration space as bytes with masks of what can be written, registers as
 * bytes.
 */
#include "fake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <dmakit/kernel.h>

struct fake fake;

static pthread_mutex_t event_lock = PTHREAD_MUTEX_INITIALIZER;

static struct fake_function *function_of(uint16_t bdf)
{
	switch (bdf) {
	case FAKE_CARD:
		return &fake.card;
	case FAKE_SECOND:
		return &fake.second;
	case FAKE_BRIDGE:
		return &fake.bridge;
	case FAKE_BEHIND: /* it answers once the bridge passes bus 1 on */
		return fake.bridge.config[0x19] == 1 ? &fake.behind : NULL;
	default:
		return NULL;
	}
}

uint32_t fake_config(const struct fake_function *function, unsigned int offset, unsigned int width)
{
	uint32_t value = 0;

	memcpy(&value, function->config + offset, width);
	return value;
}

static uint32_t config_read(void *ctx, uint16_t bdf, unsigned int offset, unsigned int width)
{
	struct fake_function *function = function_of(bdf);

	if (!function || offset + width > 256)
		return ~0U;
	return fake_config(function, offset, width);
}

static void config_write(void *ctx, uint16_t bdf, unsigned int offset, unsigned int width,
			 uint32_t value)
{
	struct fake_function *function = function_of(bdf);

	for (unsigned int i = 0; function && offset + width <= 256 && i < width; i++) {
		unsigned char mask = function->writable[offset + i],
			      byte = (unsigned char)(value >> 8 * i);

		function->config[offset + i] =
			(unsigned char)((function->config[offset + i] & ~mask) | (byte & mask));
	}
}

static uint64_t bar_address(const struct fake_function *function, unsigned int bar)
{
	uint64_t low = fake_config(function, 0x10 + 4 * bar, 4);

	if ((low & 6) == 4)
		low |= (uint64_t)fake_config(function, 0x14 + 4 * bar, 4) << 32;
	return low & ~0xfULL;
}

/* The bytes behind a physical address, through the host's window; NULL: nobody there. */
static unsigned char *behind(uint64_t phys, unsigned int width, struct fake_function **whose)
{
	static struct fake_function *const all[] = {&fake.card, &fake.second, &fake.behind};
	const struct dmk_pci_host *host = fake.machine.pci;
	uint64_t bus = host ? phys - host->mmio32.phys.v + host->mmio32.bus : 0;

	*whose = NULL;
	if (phys >= FAKE_CODEC_PHYS && phys + width <= FAKE_CODEC_PHYS + sizeof(fake.codec))
		return fake.codec + (phys - FAKE_CODEC_PHYS);
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t registers = bar_address(all[i], 0), table = bar_address(all[i], 2);

		if (!(all[i]->config[4] & 2))
			continue;
		*whose = all[i];
		if (registers && bus >= registers && bus + width <= registers + FAKE_REGISTERS)
			return all[i]->registers + (bus - registers);
		if (i == 0 && table && bus >= table && bus + width <= table + sizeof(all[i]->table))
			return all[i]->table + (bus - table);
	}
	*whose = NULL;
	return NULL;
}

static uint64_t mmio_read(void *ctx, dmk_phys address, unsigned int width)
{
	struct fake_function *function;
	unsigned char *bytes = behind(address.v, width, &function);
	uint64_t value = ~0ULL;

	if (function) {
		function->nr_reads++;
		function->last_width = width;
	}
	if (bytes) {
		value = 0;
		memcpy(&value, bytes, width);
	}
	return value;
}

static void mmio_write(void *ctx, dmk_phys address, unsigned int width, uint64_t value)
{
	struct fake_function *function;
	unsigned char *bytes = behind(address.v, width, &function);

	if (function) {
		function->nr_writes++;
		function->last_width = width;
	}
	if (bytes)
		memcpy(bytes, &value, width);
}

static uint32_t port_in(void *ctx, uint16_t port, unsigned int width)
{
	uint32_t value = 0;

	memcpy(&value, fake.ports + port, port + width <= sizeof(fake.ports) ? width : 1);
	return value;
}

static void port_out(void *ctx, uint16_t port, unsigned int width, uint32_t value)
{
	memcpy(fake.ports + port, &value, port + width <= sizeof(fake.ports) ? width : 1);
}

static unsigned int intx_irq(void *ctx, uint16_t bdf, unsigned int pin)
{
	return 8 + ((bdf >> 3) + pin) % 4;
}

static int msi_alloc(void *ctx, uint16_t bdf, unsigned int n, bool contiguous,
		     struct dmk_msi_message *messages)
{
	unsigned int first = 16;

	if (n > fake.ids_left)
		return -28;
	fake.msi_allocated += n;
	for (unsigned int i = 0; i < n; i++)
		messages[i] = (struct dmk_msi_message){0xfee00000, 0x40 + i};
	return (int)first;
}

static void msi_free(void *ctx, unsigned int first, unsigned int n)
{
	fake.msi_freed += n;
}

static void *view_map(void *ctx, const dmk_phys *pages, size_t n, enum dmk_view view)
{
	char *at = mmap(NULL, n * DMK_PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; at != MAP_FAILED && i < n; i++)
		mmap(at + i * DMK_PAGE_SIZE, DMK_PAGE_SIZE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, fake.memfd, (off_t)pages[i].v);
	return at == MAP_FAILED ? NULL : at;
}

static void view_unmap(void *ctx, void *view, size_t n)
{
	munmap(view, n * DMK_PAGE_SIZE);
}

static void no_cache(void *ctx, dmk_phys phys, size_t size)
{
}

static void irq_enable(void *ctx, unsigned int irq, bool enable)
{
}

static bool quiesce(void *ctx, unsigned int usec)
{
	return true;
}

static void shut_down(void *ctx)
{
	munmap(fake.ram, FAKE_RAM);
	close(fake.memfd);
}

static int memory_share(void *ctx, dmk_phys phys, size_t size, bool shared)
{
	return 0;
}

static const struct dmk_port_ops ops = {
	.view_map = view_map,
	.view_unmap = view_unmap,
	.cache_clean = no_cache,
	.cache_invalidate = no_cache,
	.cache_flush = no_cache,
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
	.shutdown = shut_down,
};

/* --- the description -------------------------------------------------------------------------- */

static const struct dmk_window everything = {0, {0}, ~0ULL};
static const struct dmk_bus pci_bus = {"pci", &everything, 1, true};
static const struct dmk_bus platform_bus = {"platform", &everything, 1, true};
static const struct dmk_bus isa_bus = {"isa", &everything, 1, true};

static const struct dmk_memory memory[] = {
	{{0}, FAKE_RAM - (1 << 20), DMK_MEMORY_RAM, ""},
	{{FAKE_RAM - (1 << 20)}, 1 << 20, DMK_MEMORY_RESERVED, "kept"},
};

static const struct dmk_pci_host host = {
	.first_bus = 0,
	.last_bus = 255,
	.mmio32 = {FAKE_MMIO_BUS, {FAKE_MMIO_PHYS}, 64 << 20},
	.io = {0x1000, {0x1000}, 0x8000},
	.dma = &pci_bus,
};

static const void *property(const struct dmk_platform_device *device, const char *name,
			    size_t *size)
{
	static const struct {
		const char *name, *value;
		size_t size;
	} all[] = {
		{"rate", "\x00\x00\xbb\x80", 4},
		{"wide", "\x01\x02\x03\x04\x05\x06\x07\x08", 8},
		{"flag", "", 0},
		{"label", "left\0right", 11},
		{"broken", "abc", 3},
		{"interrupt-names", "rx\0tx", 6},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i].name, name))
			continue;
		*size = all[i].size;
		return all[i].value;
	}
	return NULL;
}

static const struct dmk_platform_device codec = {
	.name = "10000000.codec",
	.compatible = {"test,codec-v2", "test,codec"},
	.reg = {{{FAKE_CODEC_PHYS}, 256}},
	.nr_regs = 1,
	.irq = {5, 6},
	.nr_irqs = 2,
	.dma = &platform_bus,
	.property = property,
};

static void put(struct fake_function *function, unsigned int offset, unsigned int width,
		uint32_t value, uint32_t writable)
{
	memcpy(function->config + offset, &value, width);
	memcpy(function->writable + offset, &writable, width);
}

static void plug(struct fake_function *function, uint16_t device, uint8_t header)
{
	memset(function, 0, sizeof(*function));
	put(function, 0x00, 4, 0x1de5 | (uint32_t)device << 16, 0);
	put(function, 0x04, 2, 0, 0x0407);
	put(function, 0x08, 4, 0x00ff0010, 0);
	put(function, 0x0e, 1, header, 0);
	put(function, 0x10, 4, 0, 0xfffff000); /* BAR 0: 4 KiB, 32 bits */
	put(function, 0x3d, 1, 1, 0);
}

/*
 * Capabilities: power management at 0x40, MSI of 4 vectors and 64 bits at 0x50, MSI-X of 8 in BAR 2
 * at 0x70.
 */
static void add_capabilities(struct fake_function *function)
{
	put(function, 0x06, 2, 0x10, 0);
	put(function, 0x34, 1, 0x40, 0);
	put(function, 0x40, 2, 0x5001, 0);
	put(function, 0x44, 2, 0, 0x0103);
	put(function, 0x50, 2, 0x7005, 0);
	put(function, 0x52, 2, 0x0084, 0x0071);
	put(function, 0x54, 4, 0, 0xfffffffc);
	put(function, 0x58, 4, 0, 0xffffffff);
	put(function, 0x5c, 2, 0, 0xffff);
	put(function, 0x70, 2, 0x0011, 0);
	put(function, 0x72, 2, 7, 0xc000);
	put(function, 0x74, 4, 0x00000102, 0); /* table: BAR 2, offset 0x100 */
	put(function, 0x18, 4, 0, 0xfffff000);
	put(function, 0x2c, 4, 0x11001af4, 0);
	put(function, 0x14, 4, 1, 0xffe0); /* BAR 1: 32 ports */
}

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	plug(&fake.card, 0x0001, 0x80);
	add_capabilities(&fake.card);
	plug(&fake.second, 0x0002, 0x00);
	put(&fake.second, 0x10, 4, 0x0c, 0xfffff000); /* 64 bits, prefetchable */
	put(&fake.second, 0x14, 4, 0, 0xffffffff);
	plug(&fake.bridge, 0x0003, 0x01);
	put(&fake.bridge, 0x10, 4, 0, 0);
	put(&fake.bridge, 0x18, 4, 0, 0x00ffffff);
	put(&fake.bridge, 0x20, 4, 0, 0xfff0fff0);
	put(&fake.bridge, 0x24, 4, 0, 0xfff0fff0);
	plug(&fake.behind, 0x0004, 0x00);
	fake.ids_left = 32;
	fake.machine = (struct dmk_machine){
		.name = "fake",
		.summary = "for tests",
		.caps = DMK_CAP_PORT_IO,
		.cache_line = 1,
		.memory = memory,
		.nr_memory = 2,
		.direct_last = DMK_PHYS(FAKE_RAM - 1),
		.dma_zone_last = 0,
		.dma32_zone_last = 0,
		.bootargs = "swiotlb=noforce",
		.pci = &host,
		.platform = &codec,
		.nr_platform = 1,
		.isa = &isa_bus,
		.nr_irqs = 64,
	};
}

static void record(void *ctx, const struct dmk_event *event)
{
	struct fake_event *slot;

	pthread_mutex_lock(&event_lock);
	if (fake.nr_events < FAKE_EVENTS) {
		slot = &fake.event[fake.nr_events++];
		*slot = (struct fake_event){
			.kind = event->kind,
			.dev = event->dev,
			.result = event->result,
			.requester = event->requester,
			.cpu = event->cpu,
			.caller = event->caller,
			.write = event->write,
			.reason = event->reason,
			.size = event->size,
		};
		if (event->name)
			snprintf(slot->name, sizeof(slot->name), "%s", event->name);
	}
	pthread_mutex_unlock(&event_lock);
}

unsigned int fake_count(enum dmk_event_kind kind)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < fake.nr_events; i++)
		n += fake.event[i].kind == kind;
	return n;
}

int fake_find(enum dmk_event_kind kind, unsigned int from)
{
	for (unsigned int i = from; i < fake.nr_events; i++)
		if (fake.event[i].kind == kind)
			return (int)i;
	return -1;
}

static void swallow(void *ctx, int level, const char *text)
{
	if (getenv("DMK_TEST_LOG"))
		fprintf(stderr, "<%d>%s\n", level, text);
}

int fake_boot(void)
{
	static const struct dmk_observer observer = {record, NULL};
	char error[512] = "";
	int result;

	fake.memfd = memfd_create("fake", 0);
	if (fake.memfd < 0 || ftruncate(fake.memfd, FAKE_RAM))
		return -1;
	fake.ram = mmap(NULL, FAKE_RAM, PROT_READ | PROT_WRITE, MAP_SHARED, fake.memfd, 0);
	fake.machine.direct_base = fake.ram;
	fake.port = (struct dmk_port){&ops, NULL, &fake.machine};
	dmk_observe(&observer);
	dmk_log_to(swallow, NULL);
	result = dmk_kernel_boot(&fake.port, error, sizeof(error));
	if (result)
		fprintf(stderr, "boot: %s\n", error);
	return result;
}

void fake_shutdown(void)
{
	dmk_kernel_shutdown();
	dmk_observe(NULL);
}
