/* SPDX-License-Identifier: MIT */
/*
 * Compiler annotations that driver code uses, and the one trick of the driver-facing headers.
 *
 * DMK_SYM(name): a function keeps its Linux name in C and is dmk_name for the linker, so that
 * dmakit can live in a program that has a kfree() or a printk() of its own. Where a call is hot, or
 * its argument is a struct device whose core part is meant, the header has a static inline wrapper
 * instead.
 */
#ifndef _LINUX_COMPILER_H
#define _LINUX_COMPILER_H

#define DMK_SYM(name) __asm__("dmk_" #name)

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#define noinline __attribute__((noinline))
#define __must_check __attribute__((warn_unused_result))
#define __maybe_unused __attribute__((unused))
#define __always_unused __attribute__((unused))
#ifndef __used /* glibc's headers name a parameter so nowhere; some libcs do */
#define __used __attribute__((used))
#endif
#define __packed __attribute__((packed))
#define __aligned(bytes) __attribute__((aligned(bytes)))
#define __printf(string, first) __attribute__((__format__(__printf__, string, first)))
#define __cold __attribute__((cold))
#define __pure __attribute__((pure))
#define __weak __attribute__((weak))
#define __noreturn __attribute__((noreturn))
#if __has_attribute(__fallthrough__)
#define fallthrough __attribute__((__fallthrough__))
#else
#define fallthrough do { } while (0)
#endif

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define barrier() __asm__ __volatile__("" : : : "memory")

/* Address spaces, for sparse; the compiler sees nothing. */
#define __user
#define __kernel
#define __iomem
#define __percpu
#define __rcu
#define __force
#define __bitwise
#define __acquires(lock)
#define __releases(lock)
#define __must_hold(lock)
#define __acquire(lock) ((void)0)
#define __release(lock) ((void)0)

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value)                                                                       \
	do {                                                                                       \
		*(volatile __typeof__(x) *)&(x) = (value);                                         \
	} while (0)

#define __same_type(a, b) __builtin_types_compatible_p(__typeof__(a), __typeof__(b))

#endif
