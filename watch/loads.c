/* SPDX-License-Identifier: MIT */
/*
 * Loads, stores and atomic operations of watched code: the functions that the compiler calls, by
 * the names that <dmakit/watched.h> gives them. Both compilers' are here: gcc has ranges, clang
 * unaligned accesses.
 */
#include "watch.h"

/* Only the compiler calls them. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* At most a page: the first and the last byte are in all the pages there are. */
#define ACCESS(name, size, aligned, write)                                            \
	void dmk_watch_##name(const void *at)                                         \
	{                                                                             \
		const uintptr_t address = (uintptr_t)at;                              \
                                                                                      \
		if (dmk_watch_is_near(address) ||                                     \
		    (!(aligned) && dmk_watch_is_near(address + (size)-1)))            \
			dmk_watch_access(address, size, write, DMK_WATCH_HERE(NULL)); \
	}

ACCESS(read1, 1, true, false)
ACCESS(read2, 2, true, false)
ACCESS(read4, 4, true, false)
ACCESS(read8, 8, true, false)
ACCESS(read16, 16, true, false)
ACCESS(write1, 1, true, true)
ACCESS(write2, 2, true, true)
ACCESS(write4, 4, true, true)
ACCESS(write8, 8, true, true)
ACCESS(write16, 16, true, true)
ACCESS(unaligned_read2, 2, false, false)
ACCESS(unaligned_read4, 4, false, false)
ACCESS(unaligned_read8, 8, false, false)
ACCESS(unaligned_read16, 16, false, false)
ACCESS(unaligned_write2, 2, false, true)
ACCESS(unaligned_write4, 4, false, true)
ACCESS(unaligned_write8, 8, false, true)
ACCESS(unaligned_write16, 16, false, true)

/*
 * One instruction that does both: what it reads is judged first. Inlined: the place is that of the
 * function that the compiler calls.
 */
static __attribute__((always_inline)) inline void both(const volatile void *at, size_t size)
{
	const uintptr_t address = (uintptr_t)at;

	if (!dmk_watch_is_near(address) && !dmk_watch_is_near(address + size - 1))
		return;
	dmk_watch_access(address, size, false, DMK_WATCH_HERE(NULL));
	dmk_watch_access(address, size, true, DMK_WATCH_HERE(NULL));
}

#define BOTH(name, size)                      \
	void dmk_watch_##name(const void *at) \
	{                                     \
		both(at, size);               \
	}

BOTH(read_write1, 1)
BOTH(read_write2, 2)
BOTH(read_write4, 4)
BOTH(read_write8, 8)
BOTH(read_write16, 16)
BOTH(unaligned_read_write2, 2)
BOTH(unaligned_read_write4, 4)
BOTH(unaligned_read_write8, 8)
BOTH(unaligned_read_write16, 16)

void dmk_watch_read_range(const void *at, size_t size)
{
	if (dmk_watch_is_near_any((uintptr_t)at, size))
		dmk_watch_access((uintptr_t)at, size, false, DMK_WATCH_HERE(NULL));
}

void dmk_watch_write_range(const void *at, size_t size)
{
	if (dmk_watch_is_near_any((uintptr_t)at, size))
		dmk_watch_access((uintptr_t)at, size, true, DMK_WATCH_HERE(NULL));
}

/*
 * Where functions begin and end is of no interest: stacks are walked when there is something to
 * say.
 */
void dmk_watch_func_entry(const void *caller)
{
}

void dmk_watch_func_exit(void)
{
}

/* --- atomic operations ------------------------------------------------------------------------ */

void dmk_watch_thread_fence(int order)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	dmk_watch_order_loads();
}

void dmk_watch_signal_fence(int order)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/*
 * The operation itself has to be done here. An order that is not a constant can't be had, so all
 * are as strong as they come: no weaker than what the driver asked for. One that is more than
 * relaxed comes after the stores before it for devices too (COH-05); of those that change memory
 * all are taken to be.
 */
static __attribute__((always_inline)) inline void change(const volatile void *at, size_t size)
{
	if (!dmk_watch_is_near((uintptr_t)at))
		return;
	dmk_watch_drain();
	both(at, size);
	dmk_watch_order_loads();
}

#define CHANGE(bits, type, name, builtin)                                              \
	type dmk_watch_atomic##bits##_##name(volatile type *at, type value, int order) \
	{                                                                              \
		change(at, sizeof(type));                                              \
		return builtin(at, value, __ATOMIC_SEQ_CST);                           \
	}

#define ATOMIC(bits, type)                                                                         \
	type dmk_watch_atomic##bits##_load(const volatile type *at, int order)                     \
	{                                                                                          \
		if (dmk_watch_is_near((uintptr_t)at)) {                                            \
			dmk_watch_access((uintptr_t)at, sizeof(type), false,                       \
					 DMK_WATCH_HERE(NULL));                                    \
			if (order != __ATOMIC_RELAXED)                                             \
				dmk_watch_order_loads();                                           \
		}                                                                                  \
		return __atomic_load_n(at, __ATOMIC_SEQ_CST);                                      \
	}                                                                                          \
	void dmk_watch_atomic##bits##_store(volatile type *at, type value, int order)              \
	{                                                                                          \
		if (dmk_watch_is_near((uintptr_t)at)) {                                            \
			if (order != __ATOMIC_RELAXED)                                             \
				dmk_watch_drain();                                                 \
			dmk_watch_access((uintptr_t)at, sizeof(type), true, DMK_WATCH_HERE(NULL)); \
		}                                                                                  \
		__atomic_store_n(at, value, __ATOMIC_SEQ_CST);                                     \
	}                                                                                          \
	CHANGE(bits, type, exchange, __atomic_exchange_n)                                          \
	CHANGE(bits, type, fetch_add, __atomic_fetch_add)                                          \
	CHANGE(bits, type, fetch_sub, __atomic_fetch_sub)                                          \
	CHANGE(bits, type, fetch_and, __atomic_fetch_and)                                          \
	CHANGE(bits, type, fetch_or, __atomic_fetch_or)                                            \
	CHANGE(bits, type, fetch_xor, __atomic_fetch_xor)                                          \
	CHANGE(bits, type, fetch_nand, __atomic_fetch_nand)                                        \
	int dmk_watch_atomic##bits##_swap(volatile type *at, type *expected, type value, int done, \
					  int failed)                                              \
	{                                                                                          \
		change(at, sizeof(type));                                                          \
		return __atomic_compare_exchange_n(at, expected, value, false, __ATOMIC_SEQ_CST,   \
						   __ATOMIC_SEQ_CST);                              \
	}                                                                                          \
	type dmk_watch_atomic##bits##_swap_val(volatile type *at, type expected, type value,       \
					       int done, int failed)                               \
	{                                                                                          \
		change(at, sizeof(type));                                                          \
		__atomic_compare_exchange_n(at, &expected, value, false, __ATOMIC_SEQ_CST,         \
					    __ATOMIC_SEQ_CST);                                     \
		return expected;                                                                   \
	}

ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)
