/* SPDX-License-Identifier: MIT */
/*
 * A test bench for the simulated machine: it is opened, with a sink and an observer that write down
 * what they are told, and a hand that places BARs as a kernel would. Nothing of the core or the
 * kernel part is here.
 */
#ifndef BENCH_H
#define BENCH_H

#include <dmakit/machine.h>
#include <dmakit/model.h>
#include <dmakit/observer.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BENCH_IRQS = 1024, BENCH_EVENTS = 256, BENCH_FAULTS = 64 };

struct bench {
	struct dmk_port port;
	const struct dmk_machine *machine;
	char error[512];

	/* by number, as the sink was told; atomic */
	int level[BENCH_IRQS];
	unsigned int rises[BENCH_IRQS], falls[BENCH_IRQS], edges[BENCH_IRQS];

	struct dmk_event event[BENCH_EVENTS];
	unsigned int nr_events; /* atomic */
	struct dmk_iommu_fault fault[BENCH_FAULTS];
	unsigned int nr_faults; /* atomic */
};
extern struct bench bench;
/** Added to the boot arguments of what is opened next; NULL: nothing. */
extern const char *bench_append;
/** What the machine that is opened next asks of stores on their way; NULL: nothing. */
extern const struct dmk_stores *bench_stores;

/** Open a machine with the devices named, past its IOMMUs; fails the test when it can't. */
void bench_open(const char *machine, ...) __attribute__((sentinel));
/** As bench_open(), but returns what dmk_machine_open() did. */
int bench_try(const char *machine, const struct dmk_device_request *devices, unsigned int n);
void bench_close(void);

/**
 * The function with this id on the first bus, with BARs placed and everything switched on; fails
 * the test when absent.
 */
uint16_t bench_card(uint16_t vendor, uint16_t device);
/** Physical address of a placed BAR. */
uint64_t bench_bar(uint16_t bdf, unsigned int reg);
/** Offset of a capability, or 0. */
unsigned int bench_capability(uint16_t bdf, unsigned int id);

uint32_t bench_config(uint16_t bdf, unsigned int offset, unsigned int width);
void bench_config_set(uint16_t bdf, unsigned int offset, unsigned int width, uint32_t value);
uint64_t bench_read(uint64_t address, unsigned int width);
void bench_write(uint64_t address, unsigned int width, uint64_t value);

/**
 * Bus address that the PCI bus (or @bus) has for a physical one; fails the test when there is none.
 */
uint64_t bench_dma(const struct dmk_bus *bus, uint64_t phys);
void *bench_direct(uint64_t phys);
/**
 * Physical address of 16 pages in the direct map that cards on PCI reach: shared and of their pool,
 * where that is asked for.
 */
uint64_t bench_buffer(void);
/** Whether a read of the byte faults. */
bool bench_faults(volatile char *address);
/** Wait up to 2 s until *@count is at least @least. */
int bench_wait(const unsigned int *count, unsigned int least);
/** Event @kind number @n since the bench was opened, or NULL. */
const struct dmk_event *bench_event(enum dmk_event_kind kind, unsigned int n);

/* In the order of the list of machines. */
static const char *const bench_profiles[] = {"pc",
					     "pc-isa",
					     "highmem32",
					     "pc-iommu-strict",
					     "pc-iommu-lazy",
					     "pc-iommu-pt",
					     "pc-iommu-39",
					     "arm-noncoherent",
					     "arm-noncoherent-128",
					     "arm64-smmu",
					     "arm64-smmu-64k",
					     "rpi-like",
					     "restricted",
					     "confidential",
					     "tiny"};
enum { BENCH_PROFILES = sizeof(bench_profiles) / sizeof(bench_profiles[0]) };

#endif
