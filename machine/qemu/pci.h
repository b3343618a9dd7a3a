/* SPDX-License-Identifier: MIT */
/*
 * The q35's PCI host bridge as its firmware would have left it: configuration space in memory
 * (ECAM), windows for BARs, and the wiring of the interrupt pins. BARs are not placed here: that is
 * the kernel part's work.
 */
#ifndef DMK_QEMU_PCI_H
#define DMK_QEMU_PCI_H

#include <pthread.h>

#include <dmakit/port.h>

struct dmk_qemu_wire;

/* Where things are: RAM ends below 0xb0000000, the I/O APIC begins at 0xfec00000. */
#define DMK_QEMU_ECAM        0xb0000000u
#define DMK_QEMU_MMIO32      0xc0000000ULL
#define DMK_QEMU_MMIO32_SIZE 0x3e000000ULL
#define DMK_QEMU_MMIO64      0x800000000ULL
#define DMK_QEMU_MMIO64_SIZE 0x800000000ULL
#define DMK_QEMU_IO          0xc000u
#define DMK_QEMU_IO_SIZE     0x3000u

enum {
	DMK_PCI_VENDOR = 0x00,
	DMK_PCI_COMMAND = 0x04,
	DMK_PCI_COMMAND_MEMORY = 0x2,
	DMK_PCI_HEADER = 0x0e,
	DMK_PCI_HEADER_MULTI = 0x80,
	DMK_PCI_BAR0 = 0x10,
	DMK_PCI_BARS = 6,
	DMK_PCI_ROM = 0x30,
};

/* One memory BAR of a device on the root bus. */
struct dmk_qemu_bar {
	uint16_t bdf;
	uint16_t offset; /* of its register */
	bool wide;       /* 64 bits */
	uint64_t size;
	uint64_t base; /* valid when not stale */
	bool decoded;  /* memory accesses reach it; valid when not stale */
};

enum { DMK_QEMU_BARS_MAX = 256 };

struct dmk_qemu_pci {
	struct dmk_qemu_wire *wire;
	pthread_mutex_t
		lock; /* of what follows; the wire's lock is taken inside it, never around it */
	bool stale;   /* a header was written since bars[] was read */
	unsigned int nr_bars;
	struct dmk_qemu_bar bar[DMK_QEMU_BARS_MAX];
};

/** dmk_qemu_pci_init - open ECAM, learn the BARs' sizes. Return: 0, -EIO. */
int dmk_qemu_pci_init(struct dmk_qemu_pci *pci, struct dmk_qemu_wire *wire);
void dmk_qemu_pci_destroy(struct dmk_qemu_pci *pci);

/** Configuration space of any function, also the doorbell's. */
uint32_t dmk_qemu_pci_read(struct dmk_qemu_wire *wire, uint16_t bdf, unsigned int offset,
			   unsigned int width);
void dmk_qemu_pci_write(struct dmk_qemu_wire *wire, uint16_t bdf, unsigned int offset,
			unsigned int width, uint32_t value);

/**
 * dmk_qemu_pci_changed - a configuration register was written: what is known of BARs may be old.
 */
void dmk_qemu_pci_changed(struct dmk_qemu_pci *pci, unsigned int offset);
/** dmk_qemu_pci_nobody - @address is in a window for BARs, and no device answers there. */
bool dmk_qemu_pci_nobody(struct dmk_qemu_pci *pci, uint64_t address);

/** dmk_qemu_pci_pin - I/O APIC input that a pin (1 .. 4) is wired to; 0: none. */
unsigned int dmk_qemu_pci_pin(uint16_t bdf, unsigned int pin);

#endif
