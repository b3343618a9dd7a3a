/* SPDX-License-Identifier: MIT */
/*
 * What the core needs, from the kernel part: dmakit/os.h filled in.
 */
#include "internal.h"
#include "device/device.h"

#include <link.h>
#include <sched.h>
#include <stdlib.h>

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

static void *meta_alloc(void *ctx, size_t size, bool may_sleep)
{
	return calloc(1, size);
}

static void meta_free(void *ctx, void *memory, size_t size)
{
	free(memory);
}

static int pages_alloc(void *ctx, const struct dmk_page_request *request, dmk_phys *first)
{
	phys_addr_t phys;
	int err = dmk_frames_alloc(request, &phys);

	if (err && dmk_quarantine_empty())
		err = dmk_frames_alloc(request, &phys);
	if (!err)
		*first = DMK_PHYS(phys);
	return err;
}

static void pages_free(void *ctx, dmk_phys first, size_t size)
{
	dmk_frames_free(first.v, size);
}

/* --- what an address is ----------------------------------------------------------------------- */

static int in_object(struct dl_phdr_info *info, size_t size, void *data)
{
	uintptr_t address = *(uintptr_t *)data;
	unsigned int i;

	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD &&
		    address - (info->dlpi_addr + segment->p_vaddr) < segment->p_memsz)
			return 1;
	}
	return 0;
}

static bool in_image(const void *address)
{
	uintptr_t at = (uintptr_t)address;

	return dl_iterate_phdr(in_object, &at);
}

static enum dmk_address_kind classify(void *ctx, const void *address, size_t size, dmk_phys *phys)
{
	phys_addr_t direct;

	if (dmk_direct(address, size, &direct)) {
		*phys = DMK_PHYS(direct);
		return DMK_ADDRESS_DIRECT;
	}
	if (is_vmalloc_addr(address))
		return DMK_ADDRESS_VMALLOC;
	if (dmk_is_kmap(address))
		return DMK_ADDRESS_KMAP;
	if (dmk_in_stack(address))
		return DMK_ADDRESS_STACK;
	if (dmk_is_iomem(address))
		return DMK_ADDRESS_IOMEM;
	if (in_image(address))
		return DMK_ADDRESS_IMAGE;
	return DMK_ADDRESS_UNKNOWN;
}

static bool is_ram(void *ctx, dmk_phys first, size_t size)
{
	return dmk_ram(first.v, size, true);
}

/* --- context ---------------------------------------------------------------------------------- */

static bool os_in_atomic(void *ctx)
{
	return dmk_context_atomic();
}

static bool os_in_interrupt(void *ctx)
{
	return in_interrupt();
}

static unsigned int cpu(void *ctx)
{
	return dmk_self()->number;
}

static unsigned long irq_save(void *ctx)
{
	return dmk_irq_save();
}

static void irq_restore(void *ctx, unsigned long flags)
{
	dmk_irq_restore(flags);
}

/* A thread that calls in for the first time becomes a task, and with it a CPU. */
static unsigned int os_cpu_slot(void *ctx)
{
	dmk_current();
	return dmk_thread_cpu.slot;
}

static bool settle(void *ctx)
{
	return dmk_tasks_settle();
}

static void relax(void *ctx)
{
	sched_yield();
}

/* --- later ------------------------------------------------------------------------------------ */

struct later {
	struct delayed_work work;
	bool made;
};
_Static_assert(sizeof(struct later) <= sizeof(((struct dmk_deferred *)0)->os),
	       "a work fits in the core's record");

static struct later *later_of(struct dmk_deferred *deferred)
{
	return (struct later *)deferred->os;
}

static void run_deferred(struct work_struct *work)
{
	struct dmk_deferred *deferred =
		(struct dmk_deferred *)((char *)container_of(to_delayed_work(work), struct later,
							     work) -
					offsetof(struct dmk_deferred, os));

	deferred->run(deferred);
}

static DEFINE_SPINLOCK(later_lock); /* guards later.made */

static bool defer(void *ctx, struct dmk_deferred *deferred)
{
	struct later *later = later_of(deferred);
	unsigned long flags;

	if (!READ_ONCE(system_wq))
		return false;
	spin_lock_irqsave(&later_lock, flags);
	if (!later->made)
		INIT_DELAYED_WORK(&later->work, run_deferred);
	later->made = true;
	spin_unlock_irqrestore(&later_lock, flags);
	queue_delayed_work(system_wq, &later->work, usecs_to_jiffies(deferred->delay_usec));
	return true;
}

static void log_message(void *ctx, enum dmk_log_level level, const char *device,
			const char *message)
{
	dmk_print(level, device, message);
}

static const struct dmk_os_ops os_ops = {
	.meta_alloc = meta_alloc,
	.meta_free = meta_free,
	.pages_alloc = pages_alloc,
	.pages_free = pages_free,
	.classify = classify,
	.is_ram = is_ram,
	.in_atomic = os_in_atomic,
	.in_interrupt = os_in_interrupt,
	.cpu = cpu,
	.irq_save = irq_save,
	.irq_restore = irq_restore,
	.cpu_slot = os_cpu_slot,
	.settle = settle,
	.relax = relax,
	.defer = defer,
	.log = log_message,
};

struct dmk_os dmk_os_table(void)
{
	return (struct dmk_os){ .ops = &os_ops };
}
