/* SPDX-License-Identifier: MIT */
/*
 * Memory barriers. Between CPUs (smp_*) they are the compiler's fences; those that order what a
 * device sees (COH-05) are the machine's own, because a device model runs on another CPU of the
 * same host. dmk_io_barrier() is what the register calls that are not relaxed begin with when they
 * write, and dmk_io_read_barrier() what they end with when they read.
 */
#ifndef _ASM_BARRIER_H
#define _ASM_BARRIER_H

#include <linux/compiler.h>

#if defined(DMK_WATCHED)
/* A watched driver's accesses wait for these on a weakly ordered machine (docs/WATCHING.md). */
void dmk_watch_barrier(void);
void dmk_watch_read_barrier(void);
void dmk_watch_write_barrier(void);
void dmk_watch_smp_barrier(const char *name);
void dmk_watch_smp_read_barrier(const char *name);
void dmk_watch_smp_write_barrier(const char *name);
#define mb()                   dmk_watch_barrier()
#define rmb()                  dmk_watch_read_barrier()
#define wmb()                  dmk_watch_write_barrier()
#define dma_rmb()              dmk_watch_read_barrier()
#define dma_wmb()              dmk_watch_write_barrier()
#define smp_mb()               dmk_watch_smp_barrier("smp_mb")
#define smp_rmb()              dmk_watch_smp_read_barrier("smp_rmb")
#define smp_wmb()              dmk_watch_smp_write_barrier("smp_wmb")
#define dmk_io_barrier()       dmk_watch_write_barrier()
#define dmk_io_read_barrier() dmk_watch_read_barrier()
#elif defined(__x86_64__) || defined(__i386__)
#define mb()                   __asm__ __volatile__("mfence" : : : "memory")
#define rmb()                  __asm__ __volatile__("lfence" : : : "memory")
#define wmb()                  __asm__ __volatile__("sfence" : : : "memory")
#define dma_rmb()              barrier()
#define dma_wmb()              barrier()
#define smp_mb()               __asm__ __volatile__("mfence" : : : "memory")
#define smp_rmb()              barrier()
#define smp_wmb()              barrier()
#define dmk_io_barrier()       barrier()
#define dmk_io_read_barrier() barrier()
#else
#define mb()                   __sync_synchronize()
#define rmb()                  __sync_synchronize()
#define wmb()                  __sync_synchronize()
#define dma_rmb()              __sync_synchronize()
#define dma_wmb()              __sync_synchronize()
#define smp_mb()               __sync_synchronize()
#define smp_rmb()              __sync_synchronize()
#define smp_wmb()              __sync_synchronize()
#define dmk_io_barrier()       barrier()
#define dmk_io_read_barrier() barrier()
#endif

#define dma_mb() mb()
#define smp_mb__before_atomic() smp_mb()
#define smp_mb__after_atomic() smp_mb()
#define smp_mb__after_spinlock() smp_mb()
#define smp_store_release(pointer, value) __atomic_store_n((pointer), (value), __ATOMIC_RELEASE)
#define smp_load_acquire(pointer) __atomic_load_n((pointer), __ATOMIC_ACQUIRE)
#define smp_store_mb(variable, value) \
	((void)__atomic_exchange_n(&(variable), (value), __ATOMIC_SEQ_CST))
#define virt_mb()  mb()
#define virt_rmb() dma_rmb()
#define virt_wmb() dma_wmb()

#endif
