/* SPDX-License-Identifier: MIT */
/*
 * The core's life: started on a machine and a system, stopped. One core per program.
 */
#include <dmakit/fail.h>
#include <linux/errno.h>

#include "allocation.h"
#include "bounce.h"
#include "coherent.h"
#include "cpu.h"

#include "core.h"
#include "domain.h"
#include "lent.h"
#include "pool.h"
#include "straight.h"
#include "text.h"

struct dmk_core dmk_core;
struct dmk_layout dmk_layout;
const struct dmk_observer *dmk_observer;
const struct dmk_failer *dmk_failer;
static const struct dmk_observer *tracer;
unsigned int dmk_attention __attribute__((__section__(".data")));
DMK_CPU_HERE;

/* A half of dmk_attention: they are written apart, since a tracer may write its own at any time. */
typedef uint16_t __attribute__((__may_alias__)) attention_half;

static attention_half *attention_of(bool listeners)
{
	return (attention_half *)&dmk_attention + listeners;
}

static void pay_attention(void)
{
	__atomic_store_n(attention_of(false), dmk_observer || dmk_failer, __ATOMIC_RELAXED);
}

void dmk_observe(const struct dmk_observer *observer)
{
	dmk_observer = observer;
	pay_attention();
}

void dmk_fail_with(const struct dmk_failer *failer)
{
	dmk_failer = failer;
	pay_attention();
}

void dmk_trace_to(const struct dmk_observer *who)
{
	tracer = who;
}

void dmk_tell(const struct dmk_event *event)
{
	dmk_announce(event);
	if (tracer && __atomic_load_n(attention_of(true), __ATOMIC_RELAXED))
		tracer->event(tracer->ctx, event);
}

/* --- what was handed in ----------------------------------------------------------------------- */

/* The field's name, if it is not there. */
#define MISSING(object, field) \
	if (!(object)->field)  \
	return #field

static const char *missing_port_hook(const struct dmk_port_ops *ops)
{
	MISSING(ops, view_map);
	MISSING(ops, view_unmap);
	MISSING(ops, cache_clean);
	MISSING(ops, cache_invalidate);
	MISSING(ops, cache_flush);
	MISSING(ops, memory_share);
	MISSING(ops, mmio_read);
	MISSING(ops, mmio_write);
	MISSING(ops, port_in);
	MISSING(ops, port_out);
	MISSING(ops, config_read);
	MISSING(ops, config_write);
	MISSING(ops, intx_irq);
	MISSING(ops, msi_alloc);
	MISSING(ops, msi_free);
	MISSING(ops, irq_enable);
	MISSING(ops, quiesce);
	MISSING(ops, shutdown);
	return NULL;
}

static bool memory_good(const struct dmk_machine *machine)
{
	uint64_t after = 0;
	struct dmk_range range;

	for (unsigned int i = 0; i < machine->nr_memory; i++) {
		const struct dmk_memory *memory = &machine->memory[i];

		if ((memory->first.v | memory->size) & (DMK_PAGE_SIZE - 1) ||
		    !dmk_range_make(memory->first.v, memory->size, &range) || range.first < after ||
		    !memory->name)
			return false;
		after = range.last + 1;
	}
	return machine->nr_memory && machine->memory;
}

static bool bus_good(const struct dmk_bus *bus)
{
	return bus->name && bus->windows && bus->nr_windows;
}

static const char *wrong_bus(const struct dmk_machine *machine)
{
	if (machine->pci && !(machine->pci->dma && bus_good(machine->pci->dma)))
		return "pci.dma";
	for (unsigned int i = 0; machine->pci && i < DMK_PCI_SLOTS; i++) {
		if (machine->pci->slot_dma[i] && !bus_good(machine->pci->slot_dma[i]))
			return "pci.slot_dma";
	}
	if (machine->nr_platform && !machine->platform)
		return "platform";
	for (unsigned int i = 0; i < machine->nr_platform; i++) {
		if (!machine->platform[i].dma || !bus_good(machine->platform[i].dma))
			return "platform.dma";
	}
	return machine->isa && !bus_good(machine->isa) ? "isa" : NULL;
}

static const char *wrong_in_machine(const struct dmk_machine *machine)
{
	MISSING(machine, name);
	MISSING(machine, summary);
	MISSING(machine, direct_base);
	MISSING(machine, bootargs);
	if (!dmk_is_power_of_two(machine->cache_line))
		return "cache_line";
	if (!memory_good(machine))
		return "memory";
	return wrong_bus(machine);
}

const char *dmk_port_valid(const struct dmk_port *port)
{
	const char *missing;

	MISSING(port, ops);
	MISSING(port, machine);
	missing = missing_port_hook(port->ops);
	return missing ? missing : wrong_in_machine(port->machine);
}

static const char *missing_os_hook(const struct dmk_os *os)
{
	MISSING(os, ops);
	MISSING(os->ops, meta_alloc);
	MISSING(os->ops, meta_free);
	MISSING(os->ops, pages_alloc);
	MISSING(os->ops, pages_free);
	MISSING(os->ops, classify);
	MISSING(os->ops, is_ram);
	MISSING(os->ops, in_atomic);
	MISSING(os->ops, in_interrupt);
	MISSING(os->ops, cpu);
	MISSING(os->ops, irq_save);
	MISSING(os->ops, irq_restore);
	MISSING(os->ops, cpu_slot);
	MISSING(os->ops, settle);
	MISSING(os->ops, relax);
	MISSING(os->ops, defer);
	MISSING(os->ops, log);
	return NULL;
}

/* --- life ------------------------------------------------------------------------------------- */

static int refuse(const struct dmk_core_config *config, const char *what, const char *field)
{
	struct dmk_text text = {.used = 0};

	if (config->os.ops && config->os.ops->log) {
		dmk_text_say(&text, "the core can't start: ");
		dmk_text_say(&text, what);
		dmk_text_say(&text, field);
		config->os.ops->log(config->os.ctx, DMK_LOG_ERR, NULL, text.data);
	}
	return -EINVAL;
}

static const char *parameters_of(const struct dmk_core_config *config)
{
	return config->parameters ? config->parameters : config->port.machine->bootargs;
}

int dmk_core_start(const struct dmk_core_config *config)
{
	const char *wrong = missing_os_hook(&config->os);

	if (wrong)
		return refuse(config, "the system lacks ", wrong);
	wrong = dmk_port_valid(&config->port);
	if (wrong)
		return refuse(config, "the machine's description is wrong in ", wrong);
	if (dmk_core.running)
		return refuse(config, "it is running", "");
	dmk_core = (struct dmk_core){.port = config->port,
				     .os = config->os,
				     .machine = config->port.machine,
				     .copy_base = config->port.machine->copy_base
							  ? config->port.machine->copy_base
							  : config->port.machine->direct_base,
				     .nowhere = config->nowhere};
	dmk_layout = (struct dmk_layout){.direct_base = dmk_core.machine->direct_base,
					 .direct_last = dmk_core.machine->direct_last.v,
					 .memmap = config->memmap,
					 .wrong_address = config->wrong_address};
	if (!dmk_allocations_start())
		return -ENOMEM;
	/* Both say in the log what they lack, and the machine goes on without. */
	dmk_bounce_start(parameters_of(config));
	dmk_domains_start(parameters_of(config));
	dmk_reserves_start();
	dmk_shared_pools_start();
	dmk_atomic_start();
	dmk_lent_start();
	dmk_straight_start();
	dmk_core.running = true;
	return 0;
}

void dmk_core_stop(void)
{
	if (!dmk_core.running)
		return;
	dmk_straight_stop();
	dmk_lent_stop();
	dmk_pools_stop();
	dmk_allocations_stop();
	dmk_atomic_stop();
	dmk_domains_stop();
	dmk_shared_pools_stop();
	dmk_reserves_stop();
	dmk_bounce_stop();
	dmk_core.running = false;
}
