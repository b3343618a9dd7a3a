/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <signal.h>
#include <time.h>

struct bench bench;
const char *bench_append;
const struct dmk_stores *bench_stores;

/* The bench stands in for the core, which owns this. */
const struct dmk_observer *dmk_observer;

static void note_irq(void *ctx, unsigned int irq, bool level, bool edge)
{
	assert_in_range(irq, 1, BENCH_IRQS - 1);
	if (edge) {
		__atomic_add_fetch(&bench.edges[irq], 1, __ATOMIC_SEQ_CST);
		return;
	}
	__atomic_store_n(&bench.level[irq], level, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(level ? &bench.rises[irq] : &bench.falls[irq], 1, __ATOMIC_SEQ_CST);
}

static void note_event(void *ctx, const struct dmk_event *event)
{
	unsigned int n = __atomic_fetch_add(&bench.nr_events, 1, __ATOMIC_SEQ_CST);

	if (n < BENCH_EVENTS)
		bench.event[n] = *event;
}

static void note_fault(void *ctx, const struct dmk_iommu_fault *fault)
{
	unsigned int n = __atomic_fetch_add(&bench.nr_faults, 1, __ATOMIC_SEQ_CST);

	if (n < BENCH_FAULTS)
		bench.fault[n] = *fault;
}

static const struct dmk_observer observer = {note_event, NULL};

static void pass(const struct dmk_bus *bus, uint32_t requester)
{
	static const struct dmk_iommu_attach through = {.passthrough = true};

	if (bus && bus->iommu)
		bus->iommu->ops->attach(bus->iommu->ctx, requester, &through);
}

/* No device gets past an IOMMU before it is told what to do; most tests want none. */
static void pass_all(const struct dmk_machine *machine)
{
	const struct dmk_pci_host *host = machine->pci;

	for (unsigned int i = 0; host && i < DMK_PCI_SLOTS; i++)
		pass(host->slot_dma[i] ? host->slot_dma[i] : host->dma,
		     host->first_bus << 8 | i << 3);
	for (unsigned int i = 0; i < machine->nr_platform; i++)
		pass(machine->platform[i].dma, DMK_REQUESTER_PLATFORM + i);
}

int bench_try(const char *machine, const struct dmk_device_request *devices, unsigned int n)
{
	const struct dmk_machine_config config = {.machine = machine,
						  .append = bench_append,
						  .seed = 42,
						  .devices = devices,
						  .nr_devices = n,
						  .sink = {.irq = note_irq,
							   .fault = note_fault,
							   .stores = bench_stores}};
	int result;

	memset(&bench, 0, sizeof(bench));
	dmk_observer = &observer;
	result = dmk_machine_open(&config, &bench.port, bench.error, sizeof(bench.error));
	if (!result) {
		bench.machine = bench.port.machine;
		pass_all(bench.machine);
	}
	return result;
}

void bench_open(const char *machine, ...)
{
	struct dmk_device_request devices[8] = {0};
	unsigned int n = 0;
	const char *model;
	va_list args;

	va_start(args, machine);
	while ((model = va_arg(args, const char *)))
		devices[n++].model = model;
	va_end(args);
	if (bench_try(machine, devices, n))
		fail_msg("%s does not open: %s", machine, bench.error);
}

void bench_close(void)
{
	bench.port.ops->shutdown(bench.port.ctx);
	dmk_observer = NULL;
}

uint32_t bench_config(uint16_t bdf, unsigned int offset, unsigned int width)
{
	return bench.port.ops->config_read(bench.port.ctx, bdf, offset, width);
}

void bench_config_set(uint16_t bdf, unsigned int offset, unsigned int width, uint32_t value)
{
	bench.port.ops->config_write(bench.port.ctx, bdf, offset, width, value);
}

uint64_t bench_read(uint64_t address, unsigned int width)
{
	return bench.port.ops->mmio_read(bench.port.ctx, DMK_PHYS(address), width);
}

void bench_write(uint64_t address, unsigned int width, uint64_t value)
{
	bench.port.ops->mmio_write(bench.port.ctx, DMK_PHYS(address), width, value);
}

/* --- BARs, as a kernel places them ------------------------------------------------------------ */

static void place_bars(uint16_t bdf, uint64_t *next)
{
	for (unsigned int reg = 0; reg < 6; reg++) {
		unsigned int at = 0x10 + 4 * reg;
		uint32_t flags = bench_config(bdf, at, 4), size;

		bench_config_set(bdf, at, 4, 0xffffffff);
		size = -(bench_config(bdf, at, 4) & ~15u);
		if (!size || flags & 1)
			continue;
		*next = (*next + size - 1) & ~(uint64_t)(size - 1);
		bench_config_set(bdf, at, 4, *next);
		if (flags & 4)
			bench_config_set(bdf, at + 4, 4, *next >> 32);
		*next += size;
		reg += (flags & 4) != 0;
	}
	bench_config_set(bdf, 4, 2, 7);
}

uint16_t bench_card(uint16_t vendor, uint16_t device)
{
	uint64_t next = bench.machine->pci->mmio32.bus;

	for (unsigned int slot = 0; slot < 32; slot++) {
		uint16_t bdf = bench.machine->pci->first_bus << 8 | slot << 3;

		if (bench_config(bdf, 0, 4) == 0xffffffff)
			continue;
		place_bars(bdf, &next);
		if (bench_config(bdf, 0, 4) == (uint32_t)(device << 16 | vendor))
			return bdf;
	}
	fail_msg("no card %04x:%04x", vendor, device);
	return 0;
}

uint64_t bench_bar(uint16_t bdf, unsigned int reg)
{
	const struct dmk_window *window = &bench.machine->pci->mmio32;
	uint64_t bus = bench_config(bdf, 0x10 + 4 * reg, 4) & ~15u;

	return bus - window->bus + window->phys.v;
}

unsigned int bench_capability(uint16_t bdf, unsigned int id)
{
	unsigned int at = bench_config(bdf, 0x34, 1);

	while (at && bench_config(bdf, at, 1) != id)
		at = bench_config(bdf, at + 1, 1);
	return at;
}

static sigjmp_buf faulted;

static void on_fault(int signal)
{
	siglongjmp(faulted, 1);
}

bool bench_faults(volatile char *address)
{
	struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER}, before[2];
	bool fault = true;

	sigaction(SIGSEGV, &action, &before[0]);
	sigaction(SIGBUS, &action, &before[1]);
	if (!sigsetjmp(faulted, 1)) {
		(void)*address;
		fault = false;
	}
	sigaction(SIGSEGV, &before[0], NULL);
	sigaction(SIGBUS, &before[1], NULL);
	return fault;
}

/* --- memory, time, events --------------------------------------------------------------------- */

uint64_t bench_dma(const struct dmk_bus *bus, uint64_t phys)
{
	for (unsigned int i = 0; i < bus->nr_windows; i++)
		if (phys - bus->windows[i].phys.v < bus->windows[i].size)
			return phys - bus->windows[i].phys.v + bus->windows[i].bus;
	fail_msg("no window for 0x%llx", (unsigned long long)phys);
	return 0;
}

void *bench_direct(uint64_t phys)
{
	return (char *)bench.machine->direct_base + phys;
}

uint64_t bench_buffer(void)
{
	const struct dmk_memory *pool = bench.machine->pci->dma->restricted_pool;
	uint64_t phys = pool ? pool->first.v : 0x8000;
	int result = bench.port.ops->memory_share(bench.port.ctx, DMK_PHYS(phys),
						  16 * DMK_PAGE_SIZE, true);

	assert_int_equal(result, 0);
	return phys;
}

int bench_wait(const unsigned int *count, unsigned int least)
{
	const struct timespec moment = {.tv_nsec = 100000};

	for (int i = 0; i < 20000; i++) {
		if (__atomic_load_n(count, __ATOMIC_SEQ_CST) >= least)
			return 1;
		nanosleep(&moment, NULL);
	}
	return 0;
}

const struct dmk_event *bench_event(enum dmk_event_kind kind, unsigned int n)
{
	unsigned int known = __atomic_load_n(&bench.nr_events, __ATOMIC_SEQ_CST);

	for (unsigned int i = 0; i < known && i < BENCH_EVENTS; i++)
		if (bench.event[i].kind == kind && !n--)
			return &bench.event[i];
	return NULL;
}
