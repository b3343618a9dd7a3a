/* SPDX-License-Identifier: MIT */
/*
 * The registers of the lab card: a card for tests, which does what it is told, when it is told, at
 * any address of 64 bits. One engine that copies between memory and 64 KiB of its own, four
 * interrupt vectors. It has no counterpart outside dmakit; models/lab.c is the card.
 *
 * On PCI it is 1234:11e9; on the platform bus its node says compatible = "dmakit,lab".
 * BAR 0 (reg 0), 4 KiB: the registers below, accessed with 4 bytes; ADDRESS with 8 too.
 * BAR 1 (reg 1), 64 KiB: the buffer, accessed with any width.
 *
 * With MSI-X each vector has its message. Without, one line (INTA#, or the platform device's
 * interrupt 0) is up while any bit of IRQ_STATUS is. What address, length, offset, direction and
 * vector a command uses is settled when it is given. A command given while one is under way is not
 * done: it sets DMK_LAB_FAILED and ERROR.
 *
 * Audience: drivers of this card. Constants only.
 */
#ifndef DMAKIT_LAB_H
#define DMAKIT_LAB_H

enum {
	DMK_LAB_ID = 0x00,           /* RO: 0x0001ab00 */
	DMK_LAB_SCRATCH = 0x04,      /* RW: a word that does nothing */
	DMK_LAB_STATUS = 0x08,       /* RO: DMK_LAB_BUSY, DMK_LAB_FAILED */
	/* RO: why it failed: 5 refused by the bus, 16 given while busy, 22 it leaves the buffer */
	DMK_LAB_ERROR = 0x0c,
	DMK_LAB_ADDRESS = 0x10,      /* RW: bus address, 64 bits */
	DMK_LAB_ADDRESS_HIGH = 0x14, /* its high half */
	DMK_LAB_LENGTH = 0x18,       /* RW: bytes */
	DMK_LAB_OFFSET = 0x1c,       /* RW: where in the buffer */
	DMK_LAB_COMMAND = 0x20,      /* WO: DMK_LAB_START and what goes with it */
	/* RW: microseconds to the bytes' move; 0: before the command's write returns */
	DMK_LAB_DELAY = 0x24,
	DMK_LAB_VECTOR = 0x28,       /* RW: 0 .. 3, of the interrupt at the end */
	DMK_LAB_IRQ_STATUS = 0x2c,   /* RO: a bit a vector, raised and not acknowledged */
	DMK_LAB_IRQ_RAISE = 0x30,    /* WO: raise these */
	DMK_LAB_IRQ_ACK = 0x34,      /* WO: acknowledge these */
	DMK_LAB_COMPLETED = 0x38,    /* RO: commands that ended, well or not */
	DMK_LAB_RESET = 0x3c,        /* WO: any write puts the card back to power-on */
	/* RW: the ISA DMA channel of a command with DMK_LAB_CHANNELED, 0 .. 7 */
	DMK_LAB_CHANNEL = 0x40,
	/* RO: bytes that the last such command moved; bit 31: the controller's count was reached */
	DMK_LAB_MOVED = 0x44,
};

/* STATUS: one is under way; the last one failed */
enum { DMK_LAB_BUSY = 1, DMK_LAB_FAILED = 2 };

/* COMMAND: begin; from the card to memory, else memory to the card; raise VECTOR at the end */
/* and with CHANNELED: as the controller of an ISA DMA channel was told, ADDRESS is not used */
enum { DMK_LAB_START = 1, DMK_LAB_TO_MEMORY = 2, DMK_LAB_RAISE = 4, DMK_LAB_CHANNELED = 8 };
#define DMK_LAB_COUNT_REACHED 0x80000000u

enum { DMK_LAB_VECTORS = 4, DMK_LAB_BUFFER = 64 << 10 };

#endif
