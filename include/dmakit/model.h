/* SPDX-License-Identifier: MIT */
/*
 * Device models for the simulated machine: what a card does, in C. A model is one const table; an
 * instance is one card in one machine, with its own state, its own lock and its own place on a bus.
 *
 * The machine calls a model's functions with the instance's lock held, from the thread of whoever
 * touched a register or from the machine's device thread; so a model is written as if it ran alone.
 * DMA and interrupts are asked for through the calls below, from inside those functions.
 *
 * Audience: who models a card. models/edu.c is the template.
 */
#ifndef DMAKIT_MODEL_H
#define DMAKIT_MODEL_H

#include <dmakit/types.h>

struct dmk_instance; /* one card; the machine's */

enum {
	DMK_MODEL_BARS = 6,
	DMK_MODELS_REGISTERED = 64,
	DMK_REQUEST_LINES = 32,
	DMK_ISA_IRQS = 16,
};

enum dmk_bar_kind {
	DMK_BAR_NONE,
	DMK_BAR_MMIO32,
	DMK_BAR_MMIO64,
	DMK_BAR_MMIO64_PREFETCH,
	DMK_BAR_IO
};

/** What a peripheral asks of its DMA controller: one unit of its FIFO, or a burst as agreed. */
enum dmk_request { DMK_REQUEST_NONE, DMK_REQUEST_SINGLE, DMK_REQUEST_BURST };

/**
 * A setting of a model: `--device edu,dma_mask=0xffffffff`, or a property of its devicetree node.
 */
struct dmk_model_property {
	const char *name;
	uint64_t initial;
	const char *help; /* one line, with unit and range */
	bool is_file;     /* the path of a file: dmk_instance_file(); the value is 1 when given */
};

struct dmk_model {
	const char *name;    /* "edu", the word after --device */
	const char *summary; /* one line */

	/* on PCI; vendor 0: never there */
	struct {
		uint16_t vendor, device, subsystem_vendor, subsystem;
		uint32_t class_code; /* 24 bits: base, sub, interface */
		uint8_t revision;
	} pci;
	struct {
		enum dmk_bar_kind kind;
		uint64_t size; /* bytes, a power of two, at least 16 */
	/* a 64-bit BAR takes the next one's place too: at most 6 registers together */
	} bar[DMK_MODEL_BARS];
	bool intx;                  /* drives INTA# */
	unsigned int msi_vectors;   /* 0, or a power of two up to 32 */
	/* 0 .. 64; the table sits in a BAR that the machine adds after the model's own */
	unsigned int msix_vectors;

	/*
	 * On the ISA bus, where a card has its numbers by jumpers: `--device sb16,port=0x240`, or
	 * a node of .compatible with these ports. Bar n, of kind DMK_BAR_IO and of any size, begins
	 * at port .at[n] above the property "port". The properties "irq" (0: none), "dma" and
	 * "dma16" (0: none), where the model has them, are what it has from the start: no two cards
	 * have the same. A slot has all lines and channels: of dmk_instance_irq() the vector is the
	 * line, 1 to 15 and not 2, seen at its rise, and dmk_instance_channel() takes any.
	 */
	struct {
		bool is_card;
		uint16_t at[DMK_MODEL_BARS];
	} isa;

	/*
	 * on the platform bus; NULL: never there. The node's reg n is bar n, its interrupt n is
	 * vector n
	 */
	const char *compatible;
	/*
	 * on the platform bus: the request lines that it drives, by their names in the node's
	 * dma-names; at most 4, ended by NULL. NULL: none
	 */
	const char *const *requests;
	/**
	 * requested - of a DMA controller: a request line went up. On the device thread, with the
	 * lock held. NULL: it is no such controller.
	 */
	void (*requested)(struct dmk_instance *card, void *state);

	const struct dmk_model_property *properties; /* ended by a NULL name; NULL: none */
	size_t state_size; /* bytes of zeroed state an instance has */

	/**
	 * start - the card is plugged in; reads its properties. Return 0, or a negative errno with
	 * dmk_instance_error().
	 */
	int (*start)(struct dmk_instance *card, void *state);
	/** reset - back to power-on: function-level reset, or the bus's. */
	void (*reset)(struct dmk_instance *card, void *state);
	/** stop - unplugged; timers are gone already. */
	void (*stop)(struct dmk_instance *card, void *state);
	/**
	 * read/write - a register access of 1, 2, 4 or 8 bytes at @offset of BAR @bar, aligned to
	 * its width.
	 */
	uint64_t (*read)(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
			 unsigned int width);
	void (*write)(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		      unsigned int width, uint64_t value);
};

/** Value of a property, as given or initial. @name must be one of the model's. */
uint64_t dmk_instance_property(const struct dmk_instance *card, const char *name);

/**
 * dmk_instance_file - bytes of the file that property @name names: the card's own copy, which it
 * may write to; the file stays as it is. They stay until stop().
 * Return: NULL, and *@size 0, when none was given.
 */
uint8_t *dmk_instance_file(const struct dmk_instance *card, const char *name, size_t *size);

/** Say why start() refuses; printf-style, one line. */
void dmk_instance_error(struct dmk_instance *card, const char *format, ...) DMK_PRINTF(2, 3);

/**
 * dmk_instance_read/dmk_instance_write - the card masters the bus: memory at DMA address @dma to or
 * from @buffer
 *
 * The bytes move as the machine says: through the bus's windows, past the CPU's caches where the
 * device is not coherent. Each call is announced to the observer. An access all of which lies in
 * one BAR of another card goes there, in words of four bytes at most; such a write is posted: it
 * arrives before the CPU's next access to a register, and before the card's next read there.
 * Return: 0, or -EIO: bus mastering is off, no memory behind the address, or refused by an IOMMU or
 *         pool; or a peer did not answer. A read that fails fills @buffer with ones; a write that
 *         fails changes nothing.
 */
int dmk_instance_read(struct dmk_instance *card, uint64_t dma, void *buffer, size_t size);
int dmk_instance_write(struct dmk_instance *card, uint64_t dma, const void *buffer, size_t size);

/**
 * dmk_instance_begin/dmk_instance_end - announce that work on [dma, dma + size) is under way, so
 * that an unmap during it is seen (STR-07) and the machine can be waited for
 * Return: a cookie for dmk_instance_end().
 */
uint64_t dmk_instance_begin(struct dmk_instance *card, uint64_t dma, uint64_t size,
			    bool writes_memory);
void dmk_instance_end(struct dmk_instance *card, uint64_t cookie);

/**
 * dmk_instance_channel - the card raises the request line of ISA DMA channel @channel, and the
 * controller moves bytes between @buffer and the memory that it was programmed with (ISA-03)
 * @size: bytes, at most; of channels 5 to 7 an odd one at the end stays
 * @write: from @buffer to memory; else from memory to @buffer
 * @end: set to whether the controller's count was reached with the last of these bytes (TC)
 * Return: bytes that were moved, less than @size at the end of the count. 0: the channel is masked
 *         or set up for the other direction, or the machine has no such controller.
 */
size_t dmk_instance_channel(struct dmk_instance *card, unsigned int channel, void *buffer,
			    size_t size, bool write, bool *end);

/**
 * dmk_instance_request - a peripheral drives its request line .requests[@index], to the controller
 * that its node's dmas name. A level: it stays until it is driven otherwise. No effect where no
 * controller is named.
 */
void dmk_instance_request(struct dmk_instance *card, unsigned int index, enum dmk_request level);
/** dmk_instance_requested - a controller looks at its request line @line. */
enum dmk_request dmk_instance_requested(const struct dmk_instance *controller, unsigned int line);
/**
 * dmk_instance_port_read/dmk_instance_port_write - a controller accesses a peripheral's register at
 * physical address @phys, by a port of its own: past windows, IOMMU and firewall, as the CPU does
 * @size: 1, 2 or 4 bytes, aligned
 * Unlike dmk_instance_write() a write is not posted: the register has it on return, and with it
 * the request line is as the register leaves it.
 * Return: 0, or -EIO: no other device's register is there. A read that fails fills @buffer with
 *         ones.
 */
int dmk_instance_port_read(struct dmk_instance *controller, uint64_t phys, void *buffer,
			   size_t size);
int dmk_instance_port_write(struct dmk_instance *controller, uint64_t phys, const void *buffer,
			    size_t size);

/**
 * Drive INTA# (INTx), or the platform interrupt @vector: a level. No effect on the line while MSI
 * or MSI-X is enabled.
 */
void dmk_instance_irq(struct dmk_instance *card, unsigned int vector, bool level);
/**
 * Send the MSI or MSI-X message @vector. Return: false when neither is enabled (drive the line
 * instead).
 */
bool dmk_instance_msi(struct dmk_instance *card, unsigned int vector);

/**
 * dmk_instance_after - call @fn once, @usec microseconds from now, on the machine's device thread,
 * with the lock held. Replaces an earlier one with the same @fn that has not run yet.
 * dmk_instance_cancel takes it back. Up to 16 different functions can wait at once; one more is not
 * called.
 */
void dmk_instance_after(struct dmk_instance *card, unsigned int usec,
			void (*fn)(struct dmk_instance *card, void *state));
void dmk_instance_cancel(struct dmk_instance *card,
			 void (*fn)(struct dmk_instance *card, void *state));

/** Seeded random number below @limit (limit at least 1): the same run has the same ones. */
uint64_t dmk_instance_random(struct dmk_instance *card, uint64_t limit);

/** All models that are built in, ended by NULL. models/models.c. */
extern const struct dmk_model *const dmk_models[];
/** The built-in model of that name, or NULL. */
const struct dmk_model *dmk_model_find(const char *name);

/**
 * dmk_model_register - put a program's own model on the list, before dmk_machine_open(); at most
 * DMK_MODELS_REGISTERED. It is found before a built-in one of the same name. Not from two threads
 * at once.
 */
void dmk_model_register(const struct dmk_model *model);

/**
 * DMK_MODEL - register a model, by its name in C, when the program starts: for a file that is given
 * beside the driver, dmakit check driver.c model.c
 */
#define DMK_MODEL(model)                                                                  \
	static void __attribute__((constructor)) dmk_model_is_there_##model(void)         \
	{                                                                                 \
		dmk_model_register(&(model));                                             \
	}                                                                                 \
	_Static_assert(sizeof(model) == sizeof(struct dmk_model), #model " is no model")

/** dmk_model_next - walk all models, built in and registered; NULL starts, NULL ends. */
const struct dmk_model *dmk_model_next(const struct dmk_model *previous);

#endif
