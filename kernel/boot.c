/* SPDX-License-Identifier: MIT */
/*
 * The kernel part's life: each part started in order, and undone in reverse, also when a later one
 * fails.
 */
#include "internal.h"
#include "device/device.h"
#include "probes.h"

#include <stdio.h>
#include <string.h>

#include <dmakit/dma.h>
#include <dmakit/kernel.h>
#include <linux/kernel.h>

static struct dmk_port running;
static bool booted;
static char died_text[512];
static bool died; /* atomic: the text is complete */

static void sink_irq(void *ctx, unsigned int irq, bool level, bool edge)
{
	dmk_irq_changed(irq, level, edge);
}

static void sink_fault(void *ctx, const struct dmk_iommu_fault *fault)
{
	dmk_iommu_fault(fault);
}

static void sink_died(void *ctx, const char *text)
{
	if (__atomic_load_n(&died, __ATOMIC_ACQUIRE))
		return;
	snprintf(died_text, sizeof(died_text), "%s", text);
	__atomic_store_n(&died, true, __ATOMIC_RELEASE);
}

struct dmk_sink dmk_kernel_sink(void)
{
	__atomic_store_n(&died, false, __ATOMIC_RELEASE);
	return (struct dmk_sink){ .irq = sink_irq, .fault = sink_fault, .died = sink_died };
}

const char *dmk_kernel_died(void)
{
	return __atomic_load_n(&died, __ATOMIC_ACQUIRE) ? died_text : NULL;
}

const struct dmk_machine *dmk_kernel_machine(void)
{
	return booted ? running.machine : NULL;
}

const struct dmk_port *dmk_kernel_port(void)
{
	return booted ? &running : NULL;
}

const char *dmk_boot_argument(const char *arguments, const char *name)
{
	const char *value = NULL;

	for (const char *at = arguments; at && (at = strstr(at, name)); at += strlen(name))
		if (at == arguments || at[-1] == ' ')
			value = at + strlen(name);
	return value;
}

void dmk_kernel_seed(uint64_t seed)
{
	dmk_random_seed(seed);
	dmk_interleave_seed(seed);
}

/* --- parts, in the order in which they start -------------------------------------------------- */

static int start_pages(char *error, size_t size)
{
	int err = dmk_page_start(&running, running.machine->bootargs, error, size);

	if (!err)
		dmk_quarantine_start(running.machine->bootargs);
	return err;
}

static int start_slab(char *error, size_t size)
{
	return dmk_slab_start(running.machine);
}

/* Views that a driver left behind hold pages. */
static void stop_slab(void)
{
	dmk_highmem_stop();
	dmk_vmalloc_stop();
	dmk_quarantine_empty();
	dmk_slab_stop();
}

/*
 * The upper half of the address space: the system's own on every 64-bit machine, so that each
 * access faults, with its address.
 */
void *const dmk_nowhere = (void *)0xffffa00000000000;

static struct dmk_port_ops core_ops; /* the machine's, but for views */

static int start_core(char *error, size_t size)
{
	const struct dmk_port port = {.ops = &core_ops,
				      .ctx = running.ctx,
				      .machine = running.machine};
	const struct dmk_core_config config = {.port = port,
					       .os = dmk_os_table(),
					       .memmap = dmk_memmap,
					       .nowhere = dmk_nowhere,
					       .wrong_address = dmk_wrong_address,
					       .parameters = running.machine->bootargs};

	int err;

	core_ops = *running.ops;
	core_ops.view_map = dmk_core_view_map;
	core_ops.view_unmap = dmk_core_view_unmap;
	dmk_probes_start();
	err = dmk_core_start(&config);
	if (err)
		dmk_probes_stop();
	dmk_frames_booted();
	return err;
}

static void stop_core(void)
{
	dmk_core_stop();
	dmk_probes_stop();
}

static int start_time(char *error, size_t size)
{
	return dmk_time_start();
}

static void stop_time(void)
{
}

/* Nothing to start; the way down is what matters: no driver's thread is left when the core goes. */
static int start_threads(char *error, size_t size)
{
	dmk_interleave_start(running.machine->bootargs);
	return 0;
}

static void stop_threads(void)
{
	dmk_context_stop();
	dmk_interleave_stop();
	dmk_announce(&(struct dmk_event){ .kind = DMK_EVENT_SHUTDOWN, .machine = running.machine });
}

static int start_timers(char *error, size_t size)
{
	return dmk_timer_start();
}

static int start_softirq(char *error, size_t size)
{
	return dmk_softirq_start();
}

static int start_work(char *error, size_t size)
{
	return dmk_work_start();
}

static int start_irq(char *error, size_t size)
{
	return dmk_irq_start(&running);
}

static int start_network(char *error, size_t size)
{
	return dmk_network_start();
}

static int start_devices(char *error, size_t size)
{
	return dmk_devices_start(&running, error, size);
}

/*
 * Nothing to start: it comes with the first request for a channel. It ends before the devices do,
 * being one of them; whoever has a channel of it still is told of.
 */
static int start_engine(char *error, size_t size)
{
	return 0;
}

static const struct part {
	const char *name;
	int (*start)(char *error, size_t size);
	void (*stop)(void);
} parts[] = {
	{"clock", start_time, stop_time},
	{"page allocator", start_pages, dmk_page_stop},
	{"slab allocator", start_slab, stop_slab},
	{"DMA core", start_core, stop_core},
	{"threads", start_threads, stop_threads},
	{"timers", start_timers, dmk_timer_stop},
	{"tasklets", start_softirq, dmk_softirq_stop},
	{"workqueues", start_work, dmk_work_stop},
	{"interrupts", start_irq, dmk_irq_stop},
	{"network", start_network, dmk_network_stop},
	{"devices", start_devices, dmk_devices_stop},
	{"DMA engine", start_engine, dmk_dma_copier_stop},
};

static void stop_parts(unsigned int n)
{
	while (n--)
		parts[n].stop();
}

static int start_parts(char *error, size_t error_size)
{
	unsigned int n;
	int err;

	for (n = 0; n < ARRAY_SIZE(parts); n++) {
		error[0] = '\0';
		err = parts[n].start(error, error_size);
		if (!err)
			continue;
		if (!error[0])
			snprintf(error, error_size, "the %s could not start: %s", parts[n].name,
				 strerror(-err));
		stop_parts(n);
		return err;
	}
	return 0;
}

int dmk_kernel_boot(const struct dmk_port *port, char *error, size_t error_size)
{
	const char *wrong = port ? dmk_port_valid(port) : "port";
	int err;

	if (booted) {
		snprintf(error, error_size, "a machine is running already");
		return -EBUSY;
	}
	if (wrong) {
		snprintf(error, error_size, "the machine's port is not complete: %s", wrong);
		return -EINVAL;
	}
	running = *port;
	dmk_announce(&(struct dmk_event){
		.kind = DMK_EVENT_BOOT, .machine = running.machine, .name = running.machine->name});
	err = start_parts(error, error_size);
	if (err)
		return err;
	booted = true;
	return 0;
}

/*
 * Devices go first: their drivers let go of everything. What drivers left is judged when the last
 * of our own threads is gone, with the memory still there.
 */
void dmk_kernel_shutdown(void)
{
	if (!booted)
		return;
	stop_parts(ARRAY_SIZE(parts));
	booted = false;
	running.ops->shutdown(running.ctx);
	running = (struct dmk_port){ 0 };
}
