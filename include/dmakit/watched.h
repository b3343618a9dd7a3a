/* SPDX-License-Identifier: MIT */
/*
 * Put in front of a driver's source (-include) that is compiled with -fsanitize=thread to be
 * watched: the compiler's calls for each load and store then go to dmakit (docs/WATCHING.md), not
 * to a sanitizer's runtime, which is never linked; and so do calls of C's and the kernel's that
 * read or write memory on the driver's behalf. Names are changed in the assembler: what the
 * compiler adds by itself, a memcpy() for a struct, goes the same way.
 */
#ifndef DMAKIT_WATCHED_H
#define DMAKIT_WATCHED_H

/* For <asm/barrier.h>, whose barriers are calls then, and <linux/mm.h>. */
#define DMK_WATCHED

/* Races are not what is looked for: that a fence orders nothing for a race detector is no news. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#include <dmakit/watched_calls.h>

#define DMK_WATCH_SIZES(prefix, to)                                           \
	DMK_WATCH_NAME(prefix "1", to "1")                                    \
	DMK_WATCH_NAME(prefix "2", to "2") DMK_WATCH_NAME(prefix "4", to "4") \
		DMK_WATCH_NAME(prefix "8", to "8") DMK_WATCH_NAME(prefix "16", to "16")
#define DMK_WATCH_UNALIGNED(prefix, to)                                       \
	DMK_WATCH_NAME(prefix "2", to "2")                                    \
	DMK_WATCH_NAME(prefix "4", to "4") DMK_WATCH_NAME(prefix "8", to "8") \
		DMK_WATCH_NAME(prefix "16", to "16")
#define DMK_WATCH_ATOMIC(bits)                                                                  \
	DMK_WATCH_NAME("__tsan_atomic" bits "_load", "atomic" bits "_load")                     \
	DMK_WATCH_NAME("__tsan_atomic" bits "_store", "atomic" bits "_store")                   \
	DMK_WATCH_NAME("__tsan_atomic" bits "_exchange", "atomic" bits "_exchange")             \
	DMK_WATCH_NAME("__tsan_atomic" bits "_fetch_add", "atomic" bits "_fetch_add")           \
	DMK_WATCH_NAME("__tsan_atomic" bits "_fetch_sub", "atomic" bits "_fetch_sub")           \
	DMK_WATCH_NAME("__tsan_atomic" bits "_fetch_and", "atomic" bits "_fetch_and")           \
	DMK_WATCH_NAME("__tsan_atomic" bits "_fetch_or", "atomic" bits "_fetch_or")             \
	DMK_WATCH_NAME("__tsan_atomic" bits "_fetch_xor", "atomic" bits "_fetch_xor")           \
	DMK_WATCH_NAME("__tsan_atomic" bits "_fetch_nand", "atomic" bits "_fetch_nand")         \
	DMK_WATCH_NAME("__tsan_atomic" bits "_compare_exchange_strong", "atomic" bits "_swap")  \
	DMK_WATCH_NAME("__tsan_atomic" bits "_compare_exchange_weak", "atomic" bits "_swap")    \
	DMK_WATCH_NAME("__tsan_atomic" bits "_compare_exchange_val", "atomic" bits "_swap_val")

__asm__("\n\t"
	DMK_WATCH_NAME("__tsan_init", "init")
	DMK_WATCH_NAME("__tsan_func_entry", "func_entry")
	DMK_WATCH_NAME("__tsan_func_exit", "func_exit")
	DMK_WATCH_SIZES("__tsan_read", "read")
	DMK_WATCH_SIZES("__tsan_write", "write")
	DMK_WATCH_SIZES("__tsan_volatile_read", "read")
	DMK_WATCH_SIZES("__tsan_volatile_write", "write")
	DMK_WATCH_SIZES("__tsan_read_write", "read_write")
	DMK_WATCH_UNALIGNED("__tsan_unaligned_read", "unaligned_read")
	DMK_WATCH_UNALIGNED("__tsan_unaligned_write", "unaligned_write")
	DMK_WATCH_UNALIGNED("__tsan_unaligned_volatile_read", "unaligned_read")
	DMK_WATCH_UNALIGNED("__tsan_unaligned_volatile_write", "unaligned_write")
	DMK_WATCH_UNALIGNED("__tsan_unaligned_read_write", "unaligned_read_write")
	DMK_WATCH_NAME("__tsan_read_range", "read_range")
	DMK_WATCH_NAME("__tsan_write_range", "write_range")
	DMK_WATCH_NAME("__tsan_memcpy", "memcpy")
	DMK_WATCH_NAME("__tsan_memmove", "memmove")
	DMK_WATCH_NAME("__tsan_memset", "memset")
	DMK_WATCH_ATOMIC("8")
	DMK_WATCH_ATOMIC("16")
	DMK_WATCH_ATOMIC("32")
	DMK_WATCH_ATOMIC("64")
	DMK_WATCH_NAME("__tsan_atomic_thread_fence", "thread_fence")
	DMK_WATCH_NAME("__tsan_atomic_signal_fence", "signal_fence")
	DMK_WATCH_KERNEL("io_write")
	DMK_WATCH_KERNEL("port_in")
	DMK_WATCH_KERNEL("port_out")
	DMK_WATCH_CALLS
);

#undef DMK_WATCH_NAME
#undef DMK_WATCH_SIZES
#undef DMK_WATCH_UNALIGNED
#undef DMK_WATCH_ATOMIC
#undef DMK_WATCH_CALLS
#undef DMK_WATCH_CALL
#undef DMK_WATCH_KERNEL

#endif
