// SPDX-License-Identifier: MIT
/*
 * The table of boards. Addresses, interrupt lines and names of devices are those of the boards'
 * manuals, so far as QEMU follows them: Intel 3 Series Express Chipset Family datasheet (q35),
 * Xilinx UG1085 (Zynq UltraScale+, chapters "System Addresses" and "Interrupts") and UG585
 * (Zynq-7000, "System-Level Address Map", "Interrupts").
 */
#include "board.h"

#include <string.h>

#include <dmakit/machine.h>

#define KIB (1ULL << 10)
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)

#define CELL(value) (value) >> 24 & 0xff, (value) >> 16 & 0xff, (value) >> 8 & 0xff, (value)&0xff

/* One property of a single cell, and the end of a device's. */
#define ONE_CELL(named, number)                                 \
	{                                                       \
		named, (const unsigned char[]){CELL(number)}, 4 \
	}
#define LAST_PROPERTY         \
	{                     \
		NULL, NULL, 0 \
	}

#define INPUTS(...) ((const unsigned int[]){__VA_ARGS__, DMK_QEMU_NO_INPUT})

/* --- q35 -------------------------------------------------------------------------------------- */

/*
 * The processor's first and only instructions: cli; hlt; jmp back. At the reset vector, 16 bytes
 * below 4 GiB.
 */
static const unsigned char x86_halt[] = {0xfa, 0xf4, 0xeb, 0xfd};

/* --- Zynq UltraScale+ ------------------------------------------------------------------------- */

/*
 * The ZDMA controllers: eight channels of the full-power domain (GDMA) and eight of the low-power
 * domain (ADMA), each a device of its own with its own registers and line. The bus of the second is
 * the narrower one.
 */
#define ZDMA(at, base, input, properties_)                                         \
	{                                                                          \
		.name = at ".dma-controller", .compatible = "xlnx,zynqmp-dma-1.0", \
		.first = (base), .size = 0x1000, .inputs = INPUTS(input),          \
		.properties = (properties_),                                       \
	}

static const struct dmk_qemu_property gdma_properties[] = {
	ONE_CELL("#dma-cells", 1),
	ONE_CELL("xlnx,bus-width", 128),
	LAST_PROPERTY,
};

static const struct dmk_qemu_property adma_properties[] = {
	ONE_CELL("#dma-cells", 1),
	ONE_CELL("xlnx,bus-width", 64),
	LAST_PROPERTY,
};

static const struct dmk_qemu_device zcu102_devices[] = {
	ZDMA("fd500000", 0xfd500000, 124, gdma_properties),
	ZDMA("fd510000", 0xfd510000, 125, gdma_properties),
	ZDMA("fd520000", 0xfd520000, 126, gdma_properties),
	ZDMA("fd530000", 0xfd530000, 127, gdma_properties),
	ZDMA("fd540000", 0xfd540000, 128, gdma_properties),
	ZDMA("fd550000", 0xfd550000, 129, gdma_properties),
	ZDMA("fd560000", 0xfd560000, 130, gdma_properties),
	ZDMA("fd570000", 0xfd570000, 131, gdma_properties),
	ZDMA("ffa80000", 0xffa80000, 77, adma_properties),
	ZDMA("ffa90000", 0xffa90000, 78, adma_properties),
	ZDMA("ffaa0000", 0xffaa0000, 79, adma_properties),
	ZDMA("ffab0000", 0xffab0000, 80, adma_properties),
	ZDMA("ffac0000", 0xffac0000, 81, adma_properties),
	ZDMA("ffad0000", 0xffad0000, 82, adma_properties),
	ZDMA("ffae0000", 0xffae0000, 83, adma_properties),
	ZDMA("ffaf0000", 0xffaf0000, 84, adma_properties),
	{.name = NULL},
};

/* --- Zynq-7000 -------------------------------------------------------------------------------- */

/* The first line is the controller's abort, then one for each of its events 0 to 7. */
static const struct dmk_qemu_property dmac_properties[] = {
	ONE_CELL("#dma-cells", 1),
	ONE_CELL("#dma-channels", 8),
	ONE_CELL("#dma-requests", 4),
	LAST_PROPERTY,
};

static const struct dmk_qemu_device zynq_devices[] = {
	{
		.name = "f8003000.dma-controller",
		.compatible = "arm,pl330",
		.first = 0xf8003000,
		.size = 0x1000,
		.inputs = INPUTS(13, 14, 15, 16, 17, 40, 41, 42, 43),
		.properties = dmac_properties,
	},
	{.name = NULL},
};

/* --- the table -------------------------------------------------------------------------------- */

const struct dmk_qemu_board dmk_qemu_boards[] = {
	{
		.name = "qemu",
		.summary = "QEMU's own devices, outside this process: q35, coherent, no IOMMU",
		.program = "qemu-system-x86_64",
		.package = "qemu-system-x86",
		.variable = "DMAKIT_QEMU",
		.machine = "q35,max-ram-below-4g=512M,hpet=off,pit=off,sata=off,smbus=off",
		.extra = (const char *const[]){NULL},
		.rom = x86_halt,
		.rom_size = sizeof(x86_halt),
		.rom_offset = 0xfff0,
		/*
		 * Half of RAM below 4 GiB and half above, so that a driver's mask makes a
		 * difference: the low half ends at 512 MiB, where a mask of 28 bits (256 MiB)
		 * already cuts it. A PC keeps page 0 (its BIOS's data) and 640 KiB to 1 MiB (video
		 * memory and ROM, not RAM in QEMU either) for itself.
		 */
		.ram_size = 1 * GIB,
		.ram =
			{
				{4 * KIB, 636 * KIB, 4 * KIB},
				{1 * MIB, 511 * MIB, 1 * MIB},
				{4 * GIB, 512 * MIB, 512 * MIB},
			},
		.dma_zone_last = 16 * MIB - 1,
		.dma32_zone_last = 4 * GIB - 1,
		.caps = DMK_CAP_PORT_IO | DMK_CAP_BOUNCE | DMK_CAP_ISA_DMA,
		.intercept = "ioapic",
		.first_irq = 0,
		.nr_inputs = 24,
		.nr_rising = 16,
		.pci = true,
		.bus = "pcie.0",
	},
	{
		.name = "qemu-pc",
		.summary =
			"QEMU's PC with an ISA bus, for its DMA channels: a Sound Blaster 16, a floppy",
		.program = "qemu-system-x86_64",
		.package = "qemu-system-x86",
		.variable = "DMAKIT_QEMU",
		.machine = "pc,hpet=off,pit=off,usb=off,vmport=off",
		.extra = (const char *const[]){NULL},
		.rom = x86_halt,
		.rom_size = sizeof(x86_halt),
		.rom_offset = 0xfff0,
		/* As much as such a PC had; nothing bounces, as on pc-isa. */
		.ram_size = 64 * MIB,
		.ram =
			{
				{4 * KIB, 636 * KIB, 4 * KIB},
				{1 * MIB, 63 * MIB, 1 * MIB},
			},
		.dma_zone_last = 16 * MIB - 1,
		.caps = DMK_CAP_PORT_IO | DMK_CAP_ISA_DMA,
		.intercept = "ioapic",
		.first_irq = 0,
		.nr_inputs = 24,
		.nr_rising = 16,
		.bus = "isa.0",
	},
	{
		.name = "qemu-zcu102",
		.summary =
			"QEMU's Zynq UltraScale+ board, for its ZDMA: no PCI, coherent, memory above 4 GiB",
		.program = "qemu-system-aarch64",
		.package = "qemu-system-arm",
		.variable = "DMAKIT_QEMU_AARCH64",
		.machine = "xlnx-zcu102",
		/* The board's sound is kept from looking for the host's. */
		.extra = (const char *const[]){"-global", "cortex-a53-arm-cpu.start-powered-off=on",
					       "-audiodev", "none,id=dmakit-silence", NULL},
		/* 2 GiB are below 4 GiB, what is more begins at 32 GiB. */
		.ram_size = 2 * GIB + 512 * MIB,
		.ram =
			{
				{0, 512 * MIB, 0},
				{32 * GIB, 512 * MIB, 2 * GIB},
			},
		/* As Linux has it on such a processor: all that 32 bits reach is GFP_DMA's. */
		.dma_zone_last = 4 * GIB - 1,
		.dma32_zone_last = 4 * GIB - 1,
		.caps = DMK_CAP_BOUNCE,
		.intercept = "/machine/soc/gic",
		.first_irq = 32, /* shared interrupts: their numbers in the controller */
		.nr_inputs = 160,
		.bus = "axi",
		.devices = zcu102_devices,
	},
	{
		.name = "qemu-zynq",
		.summary = "QEMU's Zynq-7000 board, for its PL330: no PCI, coherent, 32 bit",
		.program = "qemu-system-arm",
		.package = "qemu-system-arm",
		.variable = "DMAKIT_QEMU_ARM",
		.machine = "xilinx-zynq-a9",
		.extra = (const char *const[]){"-global", "cortex-a9-arm-cpu.start-powered-off=on",
					       NULL},
		.ram_size = 512 * MIB,
		.ram = {{0, 512 * MIB, 0}},
		.intercept = "gic",
		.first_irq = 32,
		.nr_inputs = 64,
		.bus = "axi",
		.devices = zynq_devices,
	},
	{.name = NULL},
};

const struct dmk_qemu_board *dmk_qemu_board_find(const char *name)
{
	const struct dmk_qemu_board *board;

	for (board = dmk_qemu_boards; board->name; board++)
		if (!strcmp(board->name, name))
			return board;
	return NULL;
}

bool dmk_qemu_machine(unsigned int index, struct dmk_machine_info *info)
{
	const unsigned int n = sizeof(dmk_qemu_boards) / sizeof(*dmk_qemu_boards) - 1;

	if (index >= n)
		return false;
	*info = (struct dmk_machine_info){dmk_qemu_boards[index].name,
					  dmk_qemu_boards[index].summary};
	return true;
}

const char *dmk_qemu_device(const char *machine, unsigned int index)
{
	const struct dmk_qemu_board *board = dmk_qemu_board_find(machine);
	const struct dmk_qemu_device *device = board->devices;

	/* No driver is bound to them: they are there for who names no device at all. */
	if (!device && !board->pci)
		return index ? NULL : "intel,8237";
	for (; device && device->name; device++)
		if (!index--)
			return device->compatible;
	return NULL;
}

dmk_phys dmk_qemu_board_last(const struct dmk_qemu_board *board)
{
	uint64_t last = 0;
	unsigned int i;

	for (i = 0; i < DMK_QEMU_RAM_RUNS && board->ram[i].size; i++)
		last = board->ram[i].first + (board->ram[i].size - 1);
	return DMK_PHYS(last);
}

/* --- for the kernel part ---------------------------------------------------------------------- */

static const void *device_property(const struct dmk_platform_device *device, const char *name,
				   size_t *size)
{
	const struct dmk_qemu_device *from = device->node;
	const struct dmk_qemu_property *property;

	for (property = from->properties; property && property->name; property++)
		if (!strcmp(property->name, name))
			break;
	if (!property || !property->name) {
		if (size)
			*size = 0;
		return NULL;
	}
	if (size)
		*size = property->size;
	return property->value;
}

unsigned int dmk_qemu_board_platform(const struct dmk_qemu_board *board, const struct dmk_bus *dma,
				     struct dmk_platform_device *platform)
{
	const struct dmk_qemu_device *from;
	unsigned int n = 0, i;

	for (from = board->devices; from && from->name && n < DMK_QEMU_BOARD_DEVICES; from++) {
		struct dmk_platform_device *device = &platform[n++];

		*device = (struct dmk_platform_device){
			.name = from->name,
			.compatible = {from->compatible},
			.reg = {{DMK_PHYS(from->first), from->size}},
			.nr_regs = 1,
			.dma = dma,
			.property = device_property,
			.node = from,
		};
		for (i = 0; i < DMK_PLATFORM_IRQS && from->inputs[i] != DMK_QEMU_NO_INPUT; i++)
			device->irq[device->nr_irqs++] = board->first_irq + from->inputs[i];
	}
	return n;
}
