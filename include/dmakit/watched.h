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

#define DMK_WATCH_NAME(name, to) name " = dmk_watch_" to "\n\t"
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
#define DMK_WATCH_CALL(name) DMK_WATCH_NAME(name, name)
#define DMK_WATCH_KERNEL(name) DMK_WATCH_NAME("dmk_" name, name)

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
	DMK_WATCH_CALL("memcpy")
	DMK_WATCH_CALL("memmove")
	DMK_WATCH_CALL("memset")
	DMK_WATCH_CALL("memcmp")
	DMK_WATCH_CALL("memchr")
	DMK_WATCH_CALL("strlen")
	DMK_WATCH_CALL("strnlen")
	DMK_WATCH_CALL("strcmp")
	DMK_WATCH_CALL("strncmp")
	DMK_WATCH_CALL("strcpy")
	DMK_WATCH_CALL("strncpy")
	DMK_WATCH_KERNEL("strscpy")
	DMK_WATCH_KERNEL("strscpy_pad")
	DMK_WATCH_KERNEL("memchr_inv")
	DMK_WATCH_KERNEL("memzero_explicit")
	DMK_WATCH_KERNEL("memset16")
	DMK_WATCH_KERNEL("memset32")
	DMK_WATCH_KERNEL("memset64")
	DMK_WATCH_KERNEL("io_write")
	DMK_WATCH_KERNEL("port_out")
	DMK_WATCH_KERNEL("memcpy_fromio")
	DMK_WATCH_KERNEL("memcpy_toio")
	DMK_WATCH_KERNEL("copy_from_user")
	DMK_WATCH_KERNEL("copy_to_user")
	DMK_WATCH_KERNEL("simple_read_from_buffer")
	DMK_WATCH_KERNEL("simple_write_to_buffer")
	DMK_WATCH_KERNEL("print_hex_dump")
	DMK_WATCH_KERNEL("sg_copy_buffer")
);

#undef DMK_WATCH_NAME
#undef DMK_WATCH_SIZES
#undef DMK_WATCH_UNALIGNED
#undef DMK_WATCH_ATOMIC
#undef DMK_WATCH_CALL
#undef DMK_WATCH_KERNEL

#endif
