/* SPDX-License-Identifier: MIT */
/*
 * The boards that QEMU can be: one machine of dmakit each, a row of a table. What differs between
 * them stands in the row; what is done with it is the other files' business, and none of them asks
 * which board it has.
 */
#ifndef DMK_QEMU_BOARD_H
#define DMK_QEMU_BOARD_H

#include <dmakit/port.h>

/* RAM that the kernel part may have, and where its bytes are in the file that QEMU has mapped. */
struct dmk_qemu_ram {
	uint64_t first, size; /* physical address, bytes */
	uint64_t offset;
};

/* A property of a device, with its value as a devicetree stores it. */
struct dmk_qemu_property {
	const char *name; /* NULL ends a list */
	const void *value;
	size_t size; /* bytes */
};

/* What stands on the board and is found by no bus. */
struct dmk_qemu_device {
	const char *name;           /* "fd500000.dma-controller"; NULL ends a list */
	const char *compatible;     /* as the devicetree's binding has it */
	uint64_t first, size;       /* of its registers */
	const unsigned int *inputs; /* of the interrupt controller, as QEMU counts them; ~0 ends */
	const struct dmk_qemu_property *properties;
};

/* The end of dmk_qemu_device.inputs. */
#define DMK_QEMU_NO_INPUT (~0u)

enum { DMK_QEMU_RAM_RUNS = 3, DMK_QEMU_BOARD_DEVICES = 16 };

struct dmk_qemu_board {
	const char *name;    /* for --machine */
	const char *summary; /* the line of `dmakit machines` */

	const char *program;      /* "qemu-system-x86_64" */
	const char *package;      /* Debian's, that has it */
	const char *variable;     /* of the environment: the program to run instead */
	const char *machine;      /* -M, without memory-backend */
	const char *const *extra; /* more arguments, ended by NULL */
	/*
	 * What the processor runs at its start, at the end of a ROM of 64 KiB; NULL: `extra` keeps
	 * it from running at all, and there is no ROM.
	 */
	const unsigned char *rom;
	unsigned int rom_size, rom_offset;

	/* bytes of QEMU's -m, and of the file; what nobody writes costs nothing */
	uint64_t ram_size;
	struct dmk_qemu_ram ram[DMK_QEMU_RAM_RUNS]; /* ascending; size 0 ends it */
	uint64_t dma_zone_last, dma32_zone_last;    /* as struct dmk_machine has them */
	uint32_t caps;                              /* enum dmk_machine_caps */

	const char *intercept;  /* the QOM path of the interrupt controller */
	unsigned int first_irq; /* the number of its input 0 */
	unsigned int nr_inputs; /* inputs that a device can be wired to */
	/* of these so many, from the first on, are seen when they rise: lines of an ISA bus */
	unsigned int nr_rising;
	bool pci;               /* a q35's host bridge, and the doorbell for messages behind it */
	const char *bus;        /* what the bus of the devices is called */
	const struct dmk_qemu_device *devices; /* NULL: none */
};

/** The boards, in the order that a reader should see them, ended by a NULL name. */
extern const struct dmk_qemu_board dmk_qemu_boards[];

/** dmk_qemu_board_find - the board of this name, or NULL */
const struct dmk_qemu_board *dmk_qemu_board_find(const char *name);

/** dmk_qemu_board_last - the last physical address of RAM that the kernel part may have */
dmk_phys dmk_qemu_board_last(const struct dmk_qemu_board *board);

/**
 * dmk_qemu_board_platform - describe the board's devices to the kernel part
 * @platform: room for DMK_QEMU_BOARD_DEVICES
 * @dma: how they see memory
 * Return: how many there are.
 */
unsigned int dmk_qemu_board_platform(const struct dmk_qemu_board *board, const struct dmk_bus *dma,
				     struct dmk_platform_device *platform);

#endif
