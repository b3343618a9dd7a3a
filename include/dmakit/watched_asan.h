/* SPDX-License-Identifier: MIT */
/*
 * Put in front of a driver's source (-include) that is compiled with -fsanitize=address and
 * -fsanitize-recover=address to be watched: what the compiler calls for an access to fenced bytes
 * goes to dmakit, which says so where a device has them (docs/WATCHING.md), and hands all else to
 * AddressSanitizer's runtime, which is linked. Calls of C's and the kernel's that read or write
 * memory on the driver's behalf go the way of <dmakit/watched.h>. Names are changed in the
 * assembler: what the compiler adds by itself, a memcpy() for a struct, goes the same way.
 */
#ifndef DMAKIT_WATCHED_ASAN_H
#define DMAKIT_WATCHED_ASAN_H

/** Defined in watched code: headers of the kernel's look, and ask what costs a call. */
#define DMK_WATCHED_ASAN

#include <dmakit/watched_calls.h>

#define DMK_WATCH_FENCE(access)                                                     \
	DMK_WATCH_NAME("__asan_report_" access "1_noabort", "asan_" access "1")     \
	DMK_WATCH_NAME("__asan_report_" access "2_noabort", "asan_" access "2")     \
	DMK_WATCH_NAME("__asan_report_" access "4_noabort", "asan_" access "4")     \
	DMK_WATCH_NAME("__asan_report_" access "8_noabort", "asan_" access "8")     \
	DMK_WATCH_NAME("__asan_report_" access "16_noabort", "asan_" access "16")   \
	DMK_WATCH_NAME("__asan_report_" access "_n_noabort", "asan_" access "_n")   \
	DMK_WATCH_NAME("__asan_" access "1_noabort", "asan_any_" access "1")        \
	DMK_WATCH_NAME("__asan_" access "2_noabort", "asan_any_" access "2")        \
	DMK_WATCH_NAME("__asan_" access "4_noabort", "asan_any_" access "4")        \
	DMK_WATCH_NAME("__asan_" access "8_noabort", "asan_any_" access "8")        \
	DMK_WATCH_NAME("__asan_" access "16_noabort", "asan_any_" access "16")      \
	DMK_WATCH_NAME("__asan_" access "N_noabort", "asan_any_" access "_n")

__asm__("\n\t"
	DMK_WATCH_NAME("__asan_init", "asan_init")
	DMK_WATCH_FENCE("load")
	DMK_WATCH_FENCE("store")
	DMK_WATCH_NAME("__asan_memcpy", "memcpy")
	DMK_WATCH_NAME("__asan_memmove", "memmove")
	DMK_WATCH_NAME("__asan_memset", "memset")
	DMK_WATCH_CALLS
);

#undef DMK_WATCH_FENCE
#undef DMK_WATCH_NAME
#undef DMK_WATCH_CALLS
#undef DMK_WATCH_CALL
#undef DMK_WATCH_KERNEL

#endif
