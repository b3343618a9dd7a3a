// SPDX-License-Identifier: MIT
/*
 * The ringcard of docs/ringcard.md: two descriptor rings, loopback, a frame generator. The document
 * is the specification, and words here mean what they mean there.
 *
 * Work takes time: a descriptor is read, then after `latency` microseconds the data moves and the
 * descriptor is given back. In between, the work is announced as under way, so that a driver that
 * takes the buffer back too early is seen.
 */
#include "card.h"

#include <errno.h>
#include <string.h>

enum {
	REG_ID = 0x000,
	REG_CONTROL = 0x004,
	REG_STATUS = 0x008,
	REG_IRQ_STATUS = 0x00c,
	REG_IRQ_ENABLE = 0x010,
	REG_ERROR = 0x014,
	REG_RX = 0x020,
	REG_TX = 0x040,
	REG_GEN_TYPE = 0x060,
	REG_GEN_LENGTH = 0x064,
	REG_GEN_INTERVAL = 0x068,
	REG_GEN_COUNT = 0x06c,
	REG_COUNTERS = 0x080,

	RING_BASE_LOW = 0x00,
	RING_BASE_HIGH = 0x04,
	RING_SIZE = 0x08,
	RING_HEAD = 0x0c,
	RING_TAIL = 0x10,
	RING_END = 0x14,
};

#define ID_VALUE 0x52430001u

enum { CONTROL_RX = 1u << 0, CONTROL_TX = 1u << 1, CONTROL_LOOPBACK = 1u << 2 };
#define CONTROL_RESET 0x80000000u

enum { STATUS_RX = 1u << 0, STATUS_TX = 1u << 1 };
enum {
	IRQ_RX = 1u << 0,
	IRQ_TX = 1u << 1,
	IRQ_RX_EMPTY = 1u << 2,
	IRQ_ERROR = 1u << 3,
	IRQ_ALL = 0xf
};

enum {
	ERROR_RX_DMA = 1u << 0,
	ERROR_TX_DMA = 1u << 1,
	ERROR_RX_RING = 1u << 2,
	ERROR_TX_RING = 1u << 3,
	ERROR_TX_FRAME = 1u << 4,
};

enum { FLAG_LAST = 1u << 0, FLAG_IRQ = 1u << 1, FLAG_OWN = 1u << 15 };
enum {
	DONE = 1u << 0,
	DONE_DMA_ERROR = 1u << 1,
	DONE_TRUNCATED = 1u << 2,
	DONE_FRAME_ERROR = 1u << 3
};

enum {
	DESCRIPTOR_SIZE = 16,
	RING_MAX = 256,
	FRAME_MAX = 2048,
	FRAME_HEADER = 16,
	PART_MAX = 1024,
	PARTS_MAX = 16,
	FIFO_FRAMES = 32,
};

enum { RX_FRAMES, RX_BYTES, RX_DROPPED, RX_ERRORS, TX_FRAMES, TX_BYTES, TX_ERRORS, COUNTERS };

struct frame {
	uint16_t length;
	uint8_t bytes[FRAME_MAX];
};

/** A descriptor as it was read, and what was announced for it. */
struct part {
	uint64_t where; /* its DMA address */
	uint64_t address;
	uint16_t length, flags;
	uint64_t work[2]; /* cookies: of the descriptor, of the buffer */
	bool has_buffer;
};

struct ring {
	uint64_t base;
	uint32_t size, head, tail;
	bool enabled;
	uint32_t error; /* its RING_ERROR bit */
	struct part part[PARTS_MAX];
	unsigned int nr_parts; /* over 0: a frame is under way */
};

struct ringcard {
	uint64_t address_mask;
	uint32_t latency;

	bool loopback;
	struct card_irq irq;
	struct ring rx, tx;
	uint32_t
		/* what was wrong with the frame under way, before a byte of it was read */
		tx_verdict;

	uint32_t gen_type, gen_length, gen_interval, gen_count, gen_sequence;
	uint32_t counter[COUNTERS];

	struct frame fifo[FIFO_FRAMES];
	unsigned int fifo_first, fifo_count;
	struct frame sending;
};

static void rx_begin(struct dmk_instance *card, struct ringcard *ringcard);
static void tx_begin(struct dmk_instance *card, void *state);

/* --- interrupts and errors -------------------------------------------------------------------- */

static void note_error(struct dmk_instance *card, struct ringcard *ringcard, uint32_t bits)
{
	ringcard->irq.error |= bits;
	raise_irq(card, &ringcard->irq, IRQ_ERROR);
}

static void ring_error(struct dmk_instance *card, struct ringcard *ringcard, struct ring *ring)
{
	ring->enabled = false;
	note_error(card, ringcard, ring->error);
}

/* --- descriptors ------------------------------------------------------------------------------ */

/** Read descriptor @index. false: it can't be read, or makes no sense: an error of the ring. */
static bool fetch(struct dmk_instance *card, struct ringcard *ringcard, struct ring *ring,
		  uint32_t index, struct part *part)
{
	uint8_t raw[DESCRIPTOR_SIZE];

	memset(part, 0, sizeof(*part));
	part->where = (ring->base + (uint64_t)index * DESCRIPTOR_SIZE) & ringcard->address_mask;
	if (dmk_instance_read(card, part->where, raw, sizeof(raw)))
		return false;

	part->address = get_le(raw, 8) & ringcard->address_mask;
	part->length = get_le(raw + 8, 2);
	part->flags = get_le(raw + 10, 2);
	return (part->flags & FLAG_OWN) && part->length;
}

/** The buffer's last byte has an address, too. */
static bool fits(const struct ringcard *ringcard, const struct part *part, uint32_t length)
{
	return length - 1 <= ringcard->address_mask - part->address;
}

static void announce(struct dmk_instance *card, const struct ringcard *ringcard, struct part *part,
		     uint32_t length, bool writes)
{
	part->work[0] = dmk_instance_begin(card, part->where, DESCRIPTOR_SIZE, true);
	part->has_buffer = fits(ringcard, part, length);
	if (part->has_buffer)
		part->work[1] = dmk_instance_begin(card, part->address, length, writes);
}

/** The buffer is done with; the descriptor not yet. */
static void leave_buffer(struct dmk_instance *card, struct part *part)
{
	if (part->has_buffer)
		dmk_instance_end(card, part->work[1]);
	part->has_buffer = false;
}

static void forget(struct dmk_instance *card, struct part *part)
{
	leave_buffer(card, part);
	dmk_instance_end(card, part->work[0]);
}

/**
 * Bytes 8 to 15 in one write: whoever sees OWN clear sees the rest. The driver may take the buffer
 * from that moment on, so the work on it ends before.
 */
static bool give_back(struct dmk_instance *card, struct ring *ring, struct part *part,
		      uint16_t done, uint16_t status)
{
	uint8_t raw[8];
	int err;

	leave_buffer(card, part);
	put_le(raw, 2, part->length);
	put_le(raw + 2, 2, part->flags & ~FLAG_OWN);
	put_le(raw + 4, 2, done);
	put_le(raw + 6, 2, status | DONE);
	err = dmk_instance_write(card, part->where + 8, raw, sizeof(raw));
	ring->head = (ring->head + 1) & (ring->size - 1);
	return err == 0;
}

static void abandon(struct dmk_instance *card, struct ring *ring)
{
	unsigned int i;

	for (i = 0; i < ring->nr_parts; i++)
		forget(card, &ring->part[i]);
	ring->nr_parts = 0;
}

/* --- receiving -------------------------------------------------------------------------------- */

static struct frame *fifo_head(struct ringcard *ringcard)
{
	return &ringcard->fifo[ringcard->fifo_first];
}

static void fifo_pop(struct ringcard *ringcard)
{
	ringcard->fifo_first = (ringcard->fifo_first + 1) % FIFO_FRAMES;
	ringcard->fifo_count--;
}

/** A place for a frame that arrives, or NULL: all are taken, it is dropped. */
static struct frame *fifo_push(struct ringcard *ringcard, uint16_t length)
{
	struct frame *frame;

	if (ringcard->fifo_count == FIFO_FRAMES) {
		ringcard->counter[RX_DROPPED]++;
		return NULL;
	}

	frame = &ringcard->fifo[(ringcard->fifo_first + ringcard->fifo_count++) % FIFO_FRAMES];
	frame->length = length;
	return frame;
}

static uint16_t rx_move(struct dmk_instance *card, struct ringcard *ringcard, struct part *part,
			uint16_t *done)
{
	struct frame *frame = fifo_head(ringcard);
	uint16_t length = frame->length < part->length ? frame->length : part->length;

	*done = 0;
	if (!part->has_buffer || dmk_instance_write(card, part->address, frame->bytes, length))
		return DONE_DMA_ERROR;

	*done = length;
	ringcard->counter[RX_FRAMES]++;
	ringcard->counter[RX_BYTES] += length;
	return length < frame->length ? DONE_TRUNCATED : 0;
}

static void rx_finish(struct dmk_instance *card, void *state)
{
	struct ringcard *ringcard = state;
	struct part *part = &ringcard->rx.part[0];
	uint16_t done, status;
	bool ok;

	status = rx_move(card, ringcard, part, &done);
	if (status)
		ringcard->counter[RX_ERRORS]++;
	fifo_pop(ringcard);
	ok = give_back(card, &ringcard->rx, part, done, status);
	abandon(card, &ringcard->rx);

	if (status & DONE_DMA_ERROR)
		note_error(card, ringcard, ERROR_RX_DMA);
	if (!ok) {
		ring_error(card, ringcard, &ringcard->rx);
		return;
	}
	raise_irq(card, &ringcard->irq, IRQ_RX);
	rx_begin(card, ringcard);
}

/** Take up the next waiting frame, if there is one, a descriptor for it, and nothing under way. */
static void rx_begin(struct dmk_instance *card, struct ringcard *ringcard)
{
	struct ring *rx = &ringcard->rx;
	struct part *part = &rx->part[0];
	uint16_t length;

	if (!rx->enabled || rx->nr_parts || !ringcard->fifo_count)
		return;
	if (rx->head == rx->tail) {
		raise_irq(card, &ringcard->irq, IRQ_RX_EMPTY);
		return;
	}
	if (!fetch(card, ringcard, rx, rx->head, part)) {
		ring_error(card, ringcard, rx);
		return;
	}

	length = fifo_head(ringcard)->length;
	announce(card, ringcard, part, length < part->length ? length : part->length, true);
	rx->nr_parts = 1;
	dmk_instance_after(card, ringcard->latency, rx_finish);
}

/* --- transmitting ----------------------------------------------------------------------------- */

static uint32_t tx_gather(struct dmk_instance *card, struct ringcard *ringcard)
{
	struct ring *tx = &ringcard->tx;
	struct frame *frame = &ringcard->sending;
	unsigned int i;

	frame->length = 0;
	for (i = 0; i < tx->nr_parts; i++) {
		struct part *part = &tx->part[i];

		if (!part->has_buffer ||
		    dmk_instance_read(card, part->address, frame->bytes + frame->length,
				      part->length))
			return DONE_DMA_ERROR;
		frame->length += part->length;
	}
	return 0;
}

static void tx_deliver(struct dmk_instance *card, struct ringcard *ringcard)
{
	struct frame *frame;

	ringcard->counter[TX_FRAMES]++;
	ringcard->counter[TX_BYTES] += ringcard->sending.length;
	if (!ringcard->loopback)
		return;

	frame = fifo_push(ringcard, ringcard->sending.length);
	if (frame)
		memcpy(frame->bytes, ringcard->sending.bytes, frame->length);
}

static void tx_finish(struct dmk_instance *card, void *state)
{
	struct ringcard *ringcard = state;
	struct ring *tx = &ringcard->tx;
	uint32_t status = ringcard->tx_verdict;
	bool wants_irq = false, ok = true;
	unsigned int i;

	if (!status)
		status = tx_gather(card, ringcard);
	for (i = 0; i < tx->nr_parts; i++) {
		wants_irq |= tx->part[i].flags & FLAG_IRQ;
		ok &= give_back(card, tx, &tx->part[i], status ? 0 : tx->part[i].length, status);
	}
	abandon(card, tx);

	if (status) {
		ringcard->counter[TX_ERRORS]++;
		note_error(card, ringcard, status & DONE_DMA_ERROR ? ERROR_TX_DMA : ERROR_TX_FRAME);
	} else {
		tx_deliver(card, ringcard);
	}
	if (!ok)
		ring_error(card, ringcard, tx);
	if (wants_irq)
		raise_irq(card, &ringcard->irq, IRQ_TX);
	rx_begin(card, ringcard);
	tx_begin(card, ringcard);
}

/** Read the descriptors of one frame. */
static void tx_begin(struct dmk_instance *card, void *state)
{
	struct ringcard *ringcard = state;
	struct ring *tx = &ringcard->tx;
	uint32_t index = tx->head, total = 0;
	bool last = false;

	if (!tx->enabled || tx->nr_parts || tx->head == tx->tail)
		return;

	ringcard->tx_verdict = 0;
	while (!last && !ringcard->tx_verdict) {
		struct part *part = &tx->part[tx->nr_parts];

		if (index == tx->tail || tx->nr_parts == PARTS_MAX) {
			ringcard->tx_verdict = DONE_FRAME_ERROR;
			break;
		}
		if (!fetch(card, ringcard, tx, index, part)) {
			abandon(card, tx);
			ring_error(card, ringcard, tx);
			return;
		}
		announce(card, ringcard, part, part->length, false);
		tx->nr_parts++;
		index = (index + 1) & (tx->size - 1);
		total += part->length;
		last = part->flags & FLAG_LAST;
		if (part->length > PART_MAX || total > FRAME_MAX)
			ringcard->tx_verdict = DONE_FRAME_ERROR;
	}
	dmk_instance_after(card, ringcard->latency, tx_finish);
}

/* --- the generator ---------------------------------------------------------------------------- */

static void make_frame(struct ringcard *ringcard, struct frame *frame)
{
	uint32_t sequence = ringcard->gen_sequence;
	unsigned int i;

	memset(frame->bytes, 0, FRAME_HEADER);
	frame->bytes[0] = ringcard->gen_type;
	put_le(frame->bytes + 2, 2, frame->length);
	put_le(frame->bytes + 4, 2, sequence);
	put_le(frame->bytes + 6, 2, sequence >> 16);
	for (i = FRAME_HEADER; i < frame->length; i++)
		frame->bytes[i] = sequence + i;
}

static void generate(struct dmk_instance *card, void *state)
{
	struct ringcard *ringcard = state;
	struct frame *frame;

	if (!ringcard->gen_count)
		return;

	frame = fifo_push(ringcard, ringcard->gen_length);
	if (frame)
		make_frame(ringcard, frame);
	ringcard->gen_sequence++;
	if (--ringcard->gen_count)
		dmk_instance_after(card, ringcard->gen_interval, generate);
	rx_begin(card, ringcard);
}

/* --- registers -------------------------------------------------------------------------------- */

static void reset(struct dmk_instance *card, void *state)
{
	struct ringcard *ringcard = state;
	uint64_t address_mask = ringcard->address_mask;
	uint32_t latency = ringcard->latency;

	dmk_instance_cancel(card, rx_finish);
	dmk_instance_cancel(card, tx_finish);
	dmk_instance_cancel(card, tx_begin);
	dmk_instance_cancel(card, generate);
	abandon(card, &ringcard->rx);
	abandon(card, &ringcard->tx);

	memset(ringcard, 0, sizeof(*ringcard));
	ringcard->address_mask = address_mask;
	ringcard->latency = latency;
	ringcard->rx.error = ERROR_RX_RING;
	ringcard->tx.error = ERROR_TX_RING;
	ringcard->gen_length = 64;
	ringcard->gen_interval = 10;
	dmk_instance_irq(card, 0, false);
}

static void enable_ring(struct dmk_instance *card, struct ringcard *ringcard, struct ring *ring,
			bool enable)
{
	if (enable == ring->enabled)
		return;
	if (enable && !ring->size) {
		note_error(card, ringcard, ring->error);
		return;
	}

	ring->enabled = enable;
	/*
	 * One that still finishes its last frame goes on where it is: a driver waits for that end
	 * before it enables again.
	 */
	if (enable && !ring->nr_parts)
		ring->head = ring->tail = 0;
}

static void write_control(struct dmk_instance *card, struct ringcard *ringcard, uint32_t value)
{
	if (value & CONTROL_RESET) {
		reset(card, ringcard);
		return;
	}

	ringcard->loopback = value & CONTROL_LOOPBACK;
	enable_ring(card, ringcard, &ringcard->rx, value & CONTROL_RX);
	enable_ring(card, ringcard, &ringcard->tx, value & CONTROL_TX);
}

static uint32_t read_control(const struct ringcard *ringcard)
{
	return (ringcard->rx.enabled ? CONTROL_RX : 0) | (ringcard->tx.enabled ? CONTROL_TX : 0) |
	       (ringcard->loopback ? CONTROL_LOOPBACK : 0);
}

static bool running(const struct ring *ring)
{
	return ring->enabled || ring->nr_parts;
}

static bool good_size(uint32_t size)
{
	return size >= 2 && size <= RING_MAX && !(size & (size - 1));
}

static void write_tail(struct dmk_instance *card, struct ringcard *ringcard, struct ring *ring,
		       uint32_t value)
{
	if (!ring->enabled)
		return;
	if (value >= ring->size) {
		ring_error(card, ringcard, ring);
		return;
	}

	ring->tail = value;
	if (ring == &ringcard->rx)
		rx_begin(card, ringcard);
	else
		dmk_instance_after(card, ringcard->latency, tx_begin);
}

static void write_ring(struct dmk_instance *card, struct ringcard *ringcard, struct ring *ring,
		       unsigned int reg, uint32_t value)
{
	if (reg == RING_TAIL) {
		write_tail(card, ringcard, ring, value);
		return;
	}
	if (running(ring))
		return;

	if (reg == RING_BASE_LOW)
		ring->base = (ring->base & ~0xffffffffull) | (value & ~(DESCRIPTOR_SIZE - 1u));
	else if (reg == RING_BASE_HIGH)
		ring->base = (uint64_t)value << 32 | (uint32_t)ring->base;
	else if (reg == RING_SIZE && good_size(value))
		ring->size = value;
}

static uint32_t read_ring(const struct ring *ring, unsigned int reg)
{
	switch (reg) {
	case RING_BASE_LOW:
		return ring->base;
	case RING_BASE_HIGH:
		return ring->base >> 32;
	case RING_SIZE:
		return ring->size;
	case RING_HEAD:
		return ring->head;
	default:
		return ring->tail;
	}
}

static void write_generator(struct dmk_instance *card, struct ringcard *ringcard,
			    unsigned int offset, uint32_t value)
{
	switch (offset) {
	case REG_GEN_TYPE:
		ringcard->gen_type = value & 0xff;
		break;
	case REG_GEN_LENGTH:
		if (value >= FRAME_HEADER && value <= FRAME_MAX)
			ringcard->gen_length = value;
		break;
	case REG_GEN_INTERVAL:
		ringcard->gen_interval = value ? value : 1;
		break;
	case REG_GEN_COUNT:
		ringcard->gen_count = value;
		if (value)
			dmk_instance_after(card, ringcard->gen_interval, generate);
		break;
	}
}

static void write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		  unsigned int width, uint64_t value)
{
	struct ringcard *ringcard = state;

	if (width != 4)
		return;
	if (offset >= REG_RX && offset < REG_RX + RING_END) {
		write_ring(card, ringcard, &ringcard->rx, offset - REG_RX, value);
		return;
	}
	if (offset >= REG_TX && offset < REG_TX + RING_END) {
		write_ring(card, ringcard, &ringcard->tx, offset - REG_TX, value);
		return;
	}

	switch (offset) {
	case REG_CONTROL:
		write_control(card, ringcard, value);
		break;
	case REG_IRQ_STATUS:
		ringcard->irq.status &= ~value;
		update_irq(card, &ringcard->irq);
		break;
	case REG_IRQ_ENABLE:
		ringcard->irq.enable = value & IRQ_ALL;
		update_irq(card, &ringcard->irq);
		break;
	case REG_ERROR:
		ringcard->irq.error &= ~value;
		break;
	default:
		write_generator(card, ringcard, offset, value);
	}
}

static uint64_t read(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		     unsigned int width)
{
	const struct ringcard *ringcard = state;

	if (width != 4)
		return ~0ull;
	if (offset >= REG_RX && offset < REG_RX + RING_END)
		return read_ring(&ringcard->rx, offset - REG_RX);
	if (offset >= REG_TX && offset < REG_TX + RING_END)
		return read_ring(&ringcard->tx, offset - REG_TX);
	if (offset >= REG_COUNTERS && offset < REG_COUNTERS + 4 * COUNTERS)
		return ringcard->counter[(offset - REG_COUNTERS) / 4];

	switch (offset) {
	case REG_ID:
		return ID_VALUE;
	case REG_CONTROL:
		return read_control(ringcard);
	case REG_STATUS:
		return (running(&ringcard->rx) ? STATUS_RX : 0) |
		       (running(&ringcard->tx) ? STATUS_TX : 0);
	case REG_IRQ_STATUS:
		return ringcard->irq.status;
	case REG_IRQ_ENABLE:
		return ringcard->irq.enable;
	case REG_ERROR:
		return ringcard->irq.error;
	case REG_GEN_TYPE:
		return ringcard->gen_type;
	case REG_GEN_LENGTH:
		return ringcard->gen_length;
	case REG_GEN_INTERVAL:
		return ringcard->gen_interval;
	case REG_GEN_COUNT:
		return ringcard->gen_count;
	}
	return ~0ull;
}

/* --- life ------------------------------------------------------------------------------------- */

static int start(struct dmk_instance *card, void *state)
{
	struct ringcard *ringcard = state;
	uint64_t bits, latency;

	if (card_property(card, "dma_bits", 32, 64, &bits) ||
	    card_property(card, "latency", 0, 1000000, &latency))
		return -EINVAL;
	ringcard->address_mask = mask_of_bits(bits);
	ringcard->latency = latency;
	reset(card, ringcard);
	return 0;
}

static void stop(struct dmk_instance *card, void *state)
{
	struct ringcard *ringcard = state;

	abandon(card, &ringcard->rx);
	abandon(card, &ringcard->tx);
}

static const struct dmk_model_property properties[] = {
	{"dma_bits", 64, "address bits that the card drives, 32 to 64"},
	{"latency", 20, "microseconds from reading a descriptor to giving it back, up to 1000000"},
	{NULL},
};

extern const struct dmk_model dmk_model_ringcard;
const struct dmk_model dmk_model_ringcard = {
	.name = "ringcard",
	.summary =
		"receive and transmit descriptor rings, loopback, frame generator (docs/ringcard.md)",
	.pci =
		{
			.vendor = 0x1234,
			.device = 0x7269,
			.subsystem_vendor = 0x1234,
			.subsystem = 0x0001,
			.class_code = 0x028000,
			.revision = 1,
		},
	.bar = {{DMK_BAR_MMIO32, 4096}},
	.intx = true,
	.msi_vectors = 1,
	.msix_vectors = 1,
	.properties = properties,
	.state_size = sizeof(struct ringcard),
	.start = start,
	.reset = reset,
	.stop = stop,
	.read = read,
	.write = write,
};
