// SPDX-License-Identifier: MIT
/*
 * A software radio on PCI Express, as its driver sees it: an Altera FPGA with two mSGDMA
 * dispatchers (Intel's "Embedded Peripherals IP User Guide", mSGDMA) behind a hard IP block that translates
 * addresses. It shows how a card of one's own is modelled in a file beside a test; nothing here
 * knows the driver.
 *
 * BAR 0, 64 KiB:
 *	0x1000  translation table, 64 entries of 8 bytes: which 1 MiB of the bus's memory each 1 MiB of
 *	        the FPGA's is. The low word keeps bits 31 .. 20.
 *	0x8000, 0x8100, .. 0x8500  six ports of 32 lines to the radio's parts; the third is input
 *
 * BAR 1, 16 KiB: dispatchers, to memory (received samples) at 0, from memory (to be sent) at 0x2000
 *	+0x0000  status: bit 0 busy, bit 1 no descriptor waits, bit 2 no room for one, bit 6 resetting
 *	+0x0004  control: bit 1 resets the dispatcher
 *	+0x0008  how many descriptors wait: bits 15 .. 0 to read memory, 31 .. 16 to write it
 *	+0x1000  descriptor: address to read, address to write, length, control (bit 31: go)
 *
 * A descriptor that is being carried out waits no more: one is under way when the level says 0.
 * Samples that were sent are received again (a cable from one end to the other); without any, the
 * receiver counts 32-bit words.
 */
#include <dmakit/model.h>

#include <errno.h>
#include <string.h>

enum {
	TABLE = 0x1000,
	ENTRIES = 64,
	PORTS = 0x8000,
	NR_PORTS = 6,
	INPUTS = 2,
	PAGE_BITS = 20,

	STATUS = 0x0,
	CONTROL = 0x4,
	LEVEL = 0x8,
	DESCRIPTOR = 0x1000,
	SECOND = 0x2000, /* the dispatcher that reads memory */

	CONTROL_RESET = 1 << 1,
	GO = 1U << 31,

	DEPTH = 128,
	PIECE = 65536,
	CABLE = 8 << 20,
};

struct descriptor {
	uint32_t read, write, length;
};

struct dispatcher {
	struct descriptor next;           /* being written */
	struct descriptor waiting[DEPTH]; /* a ring */
	unsigned int first, level;
	struct descriptor now;
	uint64_t cookie; /* of what is under way, with its address */
	uint64_t dma;
	bool busy, to_memory, lingers;
	unsigned int resets;
};

struct radio {
	unsigned int usec, linger;
	uint64_t table[ENTRIES];
	uint32_t port[NR_PORTS];
	struct dispatcher receive, send;
	uint32_t counted;
	size_t sent, received; /* bytes that went into the cable, and out of it */
	uint8_t cable[CABLE];
	uint8_t piece[PIECE];
};

static const struct dmk_model_property properties[] = {
	{"usec", 500, "time for one descriptor, in microseconds, 1 to 1000000"},
	{"linger_usec", 0, "time that a descriptor is under way longer when no other waits, in microseconds"},
	{"entries_keep", 0xfff00000, "bits that the translation table keeps of an address"},
	{NULL},
};

/* --- data ------------------------------------------------------------------------------------- */

/* Bytes that come in by the antenna: the cable's, else a counter's. */
static void listen(struct radio *radio, uint8_t *to, size_t size)
{
	for (size_t i = 0; i < size; i += 4) {
		if (radio->received < radio->sent) {
			memcpy(to + i, radio->cable + radio->received % CABLE, 4);
			radio->received += 4;
			continue;
		}
		memcpy(to + i, &radio->counted, 4);
		radio->counted++;
	}
}

static void speak(struct radio *radio, const uint8_t *from, size_t size)
{
	for (size_t i = 0; i < size; i += 4, radio->sent += 4)
		memcpy(radio->cable + radio->sent % CABLE, from + i, 4);
}

/* The FPGA's address as the bus has it. */
static uint64_t translate(const struct radio *radio, uint32_t address)
{
	uint64_t page = radio->table[(address >> PAGE_BITS) % ENTRIES];

	return (page & ~3ULL) | (address & ((1U << PAGE_BITS) - 1));
}

/* A whole descriptor, in pieces: a bus's transfers are no longer. */
static void carry_out(struct dmk_instance *card, struct radio *radio, struct dispatcher *engine)
{
	uint32_t left = engine->now.length;
	uint64_t dma = engine->dma;

	while (left) {
		size_t n = left < PIECE ? left : PIECE;

		if (engine->to_memory) {
			listen(radio, radio->piece, n);
			dmk_instance_write(card, dma, radio->piece, n);
		} else {
			dmk_instance_read(card, dma, radio->piece, n);
			speak(radio, radio->piece, n);
		}
		dma += n;
		left -= (uint32_t)n;
	}
}

/* --- dispatchers ------------------------------------------------------------------------------ */

static void receive_tick(struct dmk_instance *card, void *state);
static void send_tick(struct dmk_instance *card, void *state);

static void wait_for_tick(struct dmk_instance *card, struct dispatcher *engine, unsigned int usec)
{
	dmk_instance_after(card, usec, engine->to_memory ? receive_tick : send_tick);
}

static void begin_next(struct dmk_instance *card, struct radio *radio, struct dispatcher *engine)
{
	engine->now = engine->waiting[engine->first];
	engine->first = (engine->first + 1) % DEPTH;
	engine->level--;
	engine->busy = true;
	engine->dma = translate(radio, engine->to_memory ? engine->now.write : engine->now.read);
	engine->cookie = dmk_instance_begin(card, engine->dma, engine->now.length,
					    engine->to_memory);
	wait_for_tick(card, engine, radio->usec);
}

static void end(struct dmk_instance *card, struct dispatcher *engine)
{
	if (engine->busy)
		dmk_instance_end(card, engine->cookie);
	engine->busy = false;
	engine->lingers = false;
}

static void tick(struct dmk_instance *card, struct radio *radio, struct dispatcher *engine)
{
	if (!engine->level && radio->linger && !engine->lingers) {
		engine->lingers = true;
		wait_for_tick(card, engine, radio->linger);
		return;
	}
	carry_out(card, radio, engine);
	end(card, engine);
	if (engine->level)
		begin_next(card, radio, engine);
}

static void receive_tick(struct dmk_instance *card, void *state)
{
	tick(card, state, &((struct radio *)state)->receive);
}

static void send_tick(struct dmk_instance *card, void *state)
{
	tick(card, state, &((struct radio *)state)->send);
}

static void commit(struct dmk_instance *card, struct radio *radio, struct dispatcher *engine)
{
	if (engine->level == DEPTH || !engine->next.length || engine->next.length % 4)
		return; /* no room, or no descriptor */
	engine->waiting[(engine->first + engine->level++) % DEPTH] = engine->next;
	if (!engine->busy)
		begin_next(card, radio, engine);
	else if (engine->lingers)
		wait_for_tick(card, engine, radio->usec);
}

static void reset_engine(struct dmk_instance *card, struct dispatcher *engine)
{
	dmk_instance_cancel(card, engine->to_memory ? receive_tick : send_tick);
	end(card, engine);
	engine->first = engine->level = 0;
	engine->resets = 2; /* seen so many times in the status */
}

static uint32_t status(struct dispatcher *engine)
{
	uint32_t resetting = engine->resets ? 1U << 6 : 0;

	if (engine->resets)
		engine->resets--;
	return resetting | (engine->busy ? 1 : 0) | (engine->level ? 0 : 2) |
	       (engine->level == DEPTH ? 4 : 0);
}

/* --- registers -------------------------------------------------------------------------------- */

static uint64_t read_radio(const struct radio *radio, uint64_t offset)
{
	uint64_t entry = (offset - TABLE) / 8, port = (offset - PORTS) / 0x100;

	if (offset >= TABLE && entry < ENTRIES)
		return (uint32_t)(radio->table[entry] >> (offset & 4 ? 32 : 0));
	if (offset >= PORTS && port < NR_PORTS && !(offset & 0xff))
		return radio->port[port];
	return 0;
}

static void write_radio(struct dmk_instance *card, struct radio *radio, uint64_t offset,
			uint32_t value)
{
	uint64_t entry = (offset - TABLE) / 8, port = (offset - PORTS) / 0x100;

	if (offset >= TABLE && entry < ENTRIES && !(offset & 4))
		radio->table[entry] = (radio->table[entry] & ~0xffffffffULL) |
				      (value & dmk_instance_property(card, "entries_keep"));
	else if (offset >= TABLE && entry < ENTRIES)
		radio->table[entry] = (uint32_t)radio->table[entry] | (uint64_t)value << 32;
	else if (offset >= PORTS && port < NR_PORTS && port != INPUTS && !(offset & 0xff))
		radio->port[port] = value;
}

static uint64_t radio_read(struct dmk_instance *card, void *state, unsigned int bar,
			   uint64_t offset, unsigned int width)
{
	struct radio *radio = state;
	struct dispatcher *engine = offset & SECOND ? &radio->send : &radio->receive;

	if (width != 4)
		return ~0ULL;
	if (!bar)
		return read_radio(radio, offset);
	switch (offset & ~(uint64_t)SECOND) {
	case STATUS:
		return status(engine);
	case LEVEL:
		return engine->to_memory ? engine->level << 16 : engine->level;
	}
	return 0;
}

static void radio_write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
			unsigned int width, uint64_t value)
{
	struct radio *radio = state;
	struct dispatcher *engine = offset & SECOND ? &radio->send : &radio->receive;

	if (width != 4)
		return;
	if (!bar) {
		write_radio(card, radio, offset, (uint32_t)value);
		return;
	}
	switch (offset & ~(uint64_t)SECOND) {
	case CONTROL:
		if (value & CONTROL_RESET)
			reset_engine(card, engine);
		break;
	case DESCRIPTOR:
		engine->next.read = (uint32_t)value;
		break;
	case DESCRIPTOR + 4:
		engine->next.write = (uint32_t)value;
		break;
	case DESCRIPTOR + 8:
		engine->next.length = (uint32_t)value;
		break;
	case DESCRIPTOR + 12:
		if (value & GO)
			commit(card, radio, engine);
		break;
	}
}

/* --- life ------------------------------------------------------------------------------------- */

static int radio_start(struct dmk_instance *card, void *state)
{
	struct radio *radio = state;
	uint64_t usec = dmk_instance_property(card, "usec");

	if (!usec || usec > 1000000) {
		dmk_instance_error(card, "usec=%llu: 1 to 1000000", (unsigned long long)usec);
		return -EINVAL;
	}
	radio->usec = (unsigned int)usec;
	radio->linger = (unsigned int)dmk_instance_property(card, "linger_usec");
	radio->receive.to_memory = true;
	radio->port[INPUTS] = 0x2a7; /* lines at rest: locked synthesizers, and a pattern */
	return 0;
}

static void radio_reset(struct dmk_instance *card, void *state)
{
	struct radio *radio = state;

	reset_engine(card, &radio->receive);
	reset_engine(card, &radio->send);
	memset(radio->table, 0, sizeof(radio->table));
}

static void radio_stop(struct dmk_instance *card, void *state)
{
	struct radio *radio = state;

	end(card, &radio->receive);
	end(card, &radio->send);
}

static const struct dmk_model radio_model = {
	.name = "radio",
	.summary = "a software radio: two streams, an FPGA's address translation",
	.pci = {.vendor = 0x1172, .device = 0x0004, .class_code = 0x118000, .revision = 1},
	.bar = {{DMK_BAR_MMIO32, 0x10000}, {DMK_BAR_MMIO32, 0x4000}},
	.properties = properties,
	.state_size = sizeof(struct radio),
	.start = radio_start,
	.reset = radio_reset,
	.stop = radio_stop,
	.read = radio_read,
	.write = radio_write,
};

static void __attribute__((constructor)) put_on_the_list(void)
{
	dmk_model_register(&radio_model);
}
