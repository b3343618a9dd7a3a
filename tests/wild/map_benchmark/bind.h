/* SPDX-License-Identifier: MIT */
/*
 * The kernel's benchmark of mappings: bound by name to a device of a machine, as its documentation
 * says, and driven by its ioctl.
 */
#ifndef DMAKIT_TESTS_WILD_BIND_H
#define DMAKIT_TESTS_WILD_BIND_H

#include <stdbool.h>
#include <sys/ioctl.h>

/* Its header comes with it, and wants the kernel's names. */
typedef unsigned char __u8;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
#define NSEC_PER_MSEC 1000000L
#include <include/linux/map_benchmark.h>

#define BENCHMARK_FILE "/sys/kernel/debug/dma_map_benchmark"

/** bind_benchmark - to the first device of a bus, "pci" or "platform"; false: it has none */
bool bind_benchmark(const char *bus);
/** benchmark - its ioctl. Return: 0, or a negative errno. */
long benchmark(struct map_benchmark *wanted);
/** Two threads, a second, single pages both ways, 32 address bits. */
struct map_benchmark usual(void);

#endif
