/* SPDX-License-Identifier: MIT */
/*
 * A machine small enough to look through: 16 MiB of RAM at 0, one PCI card and one behind a bridge,
 * one platform device, an ISA bus, and a host bridge whose bus addresses are not the CPU's.
 */
#ifndef TESTS_DEVICE_FAKE_H
#define TESTS_DEVICE_FAKE_H

#include <dmakit/observer.h>
#include <dmakit/port.h>

enum {
	FAKE_RAM = 16 << 20,
	FAKE_REGISTERS = 4096,
	FAKE_EVENTS = 4096,
	FAKE_CARD = 0x0020,   /* 00:04.0 */
	FAKE_SECOND = 0x0021, /* 00:04.1: the card is multifunction */
	FAKE_BRIDGE = 0x0028, /* 00:05.0 */
	FAKE_BEHIND = 0x0100, /* 01:00.0 */
};

#define FAKE_MMIO_PHYS 0x600000000ULL /* CPU address of bus address 0x80000000 */
#define FAKE_MMIO_BUS 0x80000000ULL
#define FAKE_CODEC_PHYS 0x10000000ULL

struct fake_function {
	unsigned char config[256];
	unsigned char writable[256]; /* mask of what a write changes */
	uint32_t bar_size[6];        /* bytes; a 64-bit one is followed by its upper half */
	unsigned char registers[FAKE_REGISTERS]; /* BAR 0 */
	unsigned char table[4096];               /* BAR 2 of the card: the MSI-X table */
	unsigned int nr_reads, nr_writes;
	unsigned int last_width;
};

struct fake_event {
	enum dmk_event_kind kind;
	struct dmk_dev *dev;
	char name[32];
	int result;
	uint32_t requester;
	const void *cpu, *caller;
	bool write;
	enum dmk_reason reason;
	uint64_t size;
};

struct fake {
	struct dmk_port port;
	struct dmk_machine machine;
	char *ram;
	int memfd;
	struct fake_function card, second, bridge, behind;
	unsigned char codec[256];
	unsigned char ports[65536];
	unsigned int msi_allocated, msi_freed;
	uint16_t ids_left; /* interrupt numbers that msi_alloc() may still give */
	struct fake_event event[FAKE_EVENTS];
	unsigned int nr_events;
};

extern struct fake fake;

/** The machine as it is before anything ran; fake.machine may be changed before fake_boot(). */
void fake_reset(void);
/** Kernel part booted on it, events recorded. */
int fake_boot(void);
void fake_shutdown(void);
unsigned int fake_count(enum dmk_event_kind kind);
/** Index of the first event of @kind from @from on, or -1. */
int fake_find(enum dmk_event_kind kind, unsigned int from);
uint32_t fake_config(const struct fake_function *function, unsigned int offset, unsigned int width);

#endif
