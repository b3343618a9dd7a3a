/* SPDX-License-Identifier: MIT */
/*
 * What orders a watched driver's stores for devices, and what does not (COH-05): barriers and calls
 * that write registers. The other ones of the kernel that do are in views.c.
 */
#include "stores.h"

#include <linux/io.h>

/* Only watched code calls them, by other names. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

void dmk_watch_barrier(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	dmk_watch_drain();
}

/* Orders what other CPUs see; a kernel for one CPU makes nothing of it. */
void dmk_watch_smp_barrier(const char *name)
{
	struct dmk_watch_buffer *own = dmk_watch_own_buffer;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!own)
		return;
	pthread_mutex_lock(&dmk_watch_stores_lock);
	own->fence = own->n ? name : NULL;
	pthread_mutex_unlock(&dmk_watch_stores_lock);
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
	dmk_watch_barrier();
	dmk_port_out(port, width, value);
}
