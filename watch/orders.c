/* SPDX-License-Identifier: MIT */
/*
 * What orders a watched driver's stores and loads for devices, and what does not (COH-05): barriers
 * and calls that access registers. The other ones of the kernel that order stores are in views.c.
 */
#include "stores.h"

#include <linux/io.h>

/* Only watched code calls them, by other names. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

void dmk_watch_write_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	dmk_watch_drain();
}

void dmk_watch_read_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	dmk_watch_order_loads();
}

void dmk_watch_barrier(void)
{
	dmk_watch_write_barrier();
	dmk_watch_order_loads();
}

/* Orders what other CPUs see; a kernel for one CPU makes nothing of it. */
void dmk_watch_smp_read_barrier(const char *name)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	dmk_watch_smp_fence(name);
}

void dmk_watch_smp_write_barrier(const char *name)
{
	struct dmk_watch_buffer *own = dmk_watch_own_buffer;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!own)
		return;
	pthread_mutex_lock(&dmk_watch_stores_lock);
	own->fence = own->n ? name : NULL;
	pthread_mutex_unlock(&dmk_watch_stores_lock);
}

void dmk_watch_smp_barrier(const char *name)
{
	dmk_watch_smp_read_barrier(name);
	dmk_watch_smp_write_barrier(name);
}

/* The calls that order have had their barrier before this one. */
void dmk_watch_io_write(volatile void __iomem *address, unsigned int width, u64 value)
{
	dmk_watch_register_begin(DMK_WATCH_HERE(NULL));
	dmk_io_write(address, width, value);
	dmk_watch_register_end();
}

void dmk_watch_port_out(unsigned long port, unsigned int width, u32 value)
{
	dmk_watch_write_barrier();
	dmk_port_out(port, width, value);
}

u32 dmk_watch_port_in(unsigned long port, unsigned int width)
{
	const u32 value = dmk_port_in(port, width);

	dmk_watch_read_barrier();
	return value;
}
