// SPDX-License-Identifier: MIT
/*
 * The nic of docs/nic.md: an Ethernet card with descriptor rings, a completion ring, filters and
 * loopback. The document is the specification, and words here mean what they mean there.
 *
 * Work takes time: descriptors are read, then after `latency` microseconds the data moves and what
 * was done is told. In between, the work is announced as under way, so that a driver that takes a
 * buffer back too early is seen.
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
	REG_MAC_LOW = 0x018,
	REG_MAC_HIGH = 0x01c,
	REG_RX_MODE = 0x020,
	REG_ADDRESS_BITS = 0x024,
	REG_SENT_LOW = 0x028,
	REG_SENT_HIGH = 0x02c,
	REG_TX = 0x030,
	REG_RX = 0x050,
	REG_RX_DONE_LOW = 0x064,
	REG_RX_DONE_HIGH = 0x068,
	REG_GROUPS = 0x080,
	REG_COUNTERS = 0x0c0,

	RING_BASE_LOW = 0x00,
	RING_BASE_HIGH = 0x04,
	RING_SIZE = 0x08,
	RING_HEAD = 0x0c,
	RING_TAIL = 0x10,
	RING_END = 0x14,
};

#define ID_VALUE      0x4e430001u
#define CONTROL_RESET 0x80000000u
#define GROUP_VALID   0x80000000u

enum { CONTROL_RX = 1u << 0, CONTROL_TX = 1u << 1, CONTROL_LOOPBACK = 1u << 2 };
enum { STATUS_RX = 1u << 0, STATUS_TX = 1u << 1, STATUS_LINK = 1u << 2 };
enum { MODE_PROMISCUOUS = 1u << 0, MODE_ALL_GROUPS = 1u << 1, MODE_ALL = 3 };
enum {
	IRQ_RX = 1u << 0,
	IRQ_TX = 1u << 1,
	IRQ_LINK = 1u << 2,
	IRQ_ERROR = 1u << 3,
	IRQ_RX_EMPTY = 1u << 4,
	IRQ_ALL = 0x1f,
};
enum {
	ERROR_RX_DMA = 1u << 0,
	ERROR_TX_DMA = 1u << 1,
	ERROR_RX_RING = 1u << 2,
	ERROR_TX_RING = 1u << 3,
	ERROR_TX_FRAME = 1u << 4,
};
enum { TX_LAST = 1u << 0 };
enum { DONE_FIRST = 1u << 0, DONE_LAST = 1u << 1, DONE_ERROR = 1u << 2 };

enum {
	DESCRIPTOR_SIZE = 16,
	RING_MAX = 1024,
	FRAME_MIN = 14,
	FRAME_MAX = 9018,
	PARTS_MAX = 32,
	FIFO_FRAMES = 16,
	GROUPS = 8,
	LATENCY_MAX = 1000000,
	LINK_AFTER_MAX = 10000000,
};

enum {
	RX_FRAMES,
	RX_BYTES,
	RX_DROPPED,
	RX_FILTERED,
	RX_ERRORS,
	TX_FRAMES,
	TX_BYTES,
	TX_ERRORS,
	COUNTERS
};

struct frame {
	uint32_t length;
	uint8_t bytes[FRAME_MAX];
};

/** A descriptor as it was read, and the work that was announced for its buffer. */
struct part {
	uint64_t address;
	uint32_t length;
	uint64_t work;
	bool announced;
};

struct ring {
	uint64_t base;
	uint32_t size, head, tail;
	bool enabled;
	uint32_t error; /* its RING_ERROR bit */
	struct part part[PARTS_MAX];
	unsigned int nr_parts; /* of the frame under way */
	bool under_way;
};

/** What a reset leaves. */
struct settings {
	uint64_t address_mask;
	uint32_t address_bits, latency, link_after;
	bool plug;
	uint8_t burnt_in[6];
};

struct nic {
	struct settings is;

	bool loopback, link;
	struct card_irq irq;
	uint32_t mac_low, mac_high, rx_mode;
	uint32_t group[GROUPS][2];
	uint64_t sent, done; /* DMA addresses: the word, the completion ring */
	uint32_t phase;
	struct ring rx, tx;
	/* what is wrong with the frame under way, before a byte of it was read */
	uint32_t tx_verdict;
	uint32_t counter[COUNTERS];

	struct frame fifo[FIFO_FRAMES];
	unsigned int fifo_first, fifo_count;
	struct frame sending;
};

static void rx_begin(struct dmk_instance *card, struct nic *nic);
static void tx_begin(struct dmk_instance *card, void *state);

/* --- interrupts and errors -------------------------------------------------------------------- */

static void note_error(struct dmk_instance *card, struct nic *nic, uint32_t bits)
{
	nic->irq.error |= bits;
	raise_irq(card, &nic->irq, IRQ_ERROR);
}

static void ring_error(struct dmk_instance *card, struct nic *nic, struct ring *ring)
{
	ring->enabled = false;
	note_error(card, nic, ring->error);
}

/* --- descriptors ------------------------------------------------------------------------------ */

static uint64_t entry(const struct nic *nic, uint64_t base, uint32_t index)
{
	return (base + (uint64_t)index * DESCRIPTOR_SIZE) & nic->is.address_mask;
}

static uint32_t after(const struct ring *ring, uint32_t index)
{
	return (index + 1) & (ring->size - 1);
}

/** Descriptors from the head that the driver gave. */
static uint32_t given(const struct ring *ring)
{
	return (ring->tail - ring->head) & (ring->size - 1);
}

/** Read the descriptor that is @ahead of the head. false: it can't be read. */
static bool fetch(struct dmk_instance *card, struct nic *nic, struct ring *ring, uint32_t ahead,
		  struct part *part, uint32_t *flags)
{
	uint8_t raw[DESCRIPTOR_SIZE];
	uint32_t index = (ring->head + ahead) & (ring->size - 1);

	memset(part, 0, sizeof(*part));
	if (dmk_instance_read(card, entry(nic, ring->base, index), raw, sizeof(raw)))
		return false;
	part->address = get_le(raw, 8) & nic->is.address_mask;
	part->length = get_le(raw + 8, 2);
	*flags = get_le(raw + 10, 2);
	return true;
}

/** The buffer's last byte has an address, too. */
static bool fits(const struct nic *nic, const struct part *part, uint32_t length)
{
	return length && length - 1 <= nic->is.address_mask - part->address;
}

static void announce(struct dmk_instance *card, const struct nic *nic, struct part *part,
		     uint32_t length, bool writes)
{
	part->announced = fits(nic, part, length);
	if (part->announced)
		part->work = dmk_instance_begin(card, part->address, length, writes);
}

/**
 * The work on the buffers ends: before the driver is told, who may take them from that moment on.
 */
static void abandon(struct dmk_instance *card, struct ring *ring)
{
	unsigned int i;

	for (i = 0; i < ring->nr_parts; i++) {
		if (ring->part[i].announced)
			dmk_instance_end(card, ring->part[i].work);
		ring->part[i].announced = false;
	}
	ring->nr_parts = 0;
	ring->under_way = false;
}

/* --- receiving -------------------------------------------------------------------------------- */

static struct frame *fifo_head(struct nic *nic)
{
	return &nic->fifo[nic->fifo_first];
}

static bool is_broadcast(const uint8_t *address)
{
	static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	return !memcmp(address, all, sizeof(all));
}

static bool is_address(const uint8_t *address, uint32_t low, uint32_t high)
{
	uint8_t bytes[6];

	put_le(bytes, 4, low);
	put_le(bytes + 4, 2, high);
	return !memcmp(address, bytes, sizeof(bytes));
}

static bool wanted(const struct nic *nic, const uint8_t *to)
{
	unsigned int i;

	if ((nic->rx_mode & MODE_PROMISCUOUS) || is_broadcast(to))
		return true;
	if (!(to[0] & 1))
		return is_address(to, nic->mac_low, nic->mac_high);
	if (nic->rx_mode & MODE_ALL_GROUPS)
		return true;
	for (i = 0; i < GROUPS; i++)
		if ((nic->group[i][1] & GROUP_VALID) &&
		    is_address(to, nic->group[i][0], nic->group[i][1]))
			return true;
	return false;
}

/** A frame comes in from the wire. */
static void arrive(struct nic *nic, const struct frame *frame)
{
	if (!wanted(nic, frame->bytes)) {
		nic->counter[RX_FILTERED]++;
		return;
	}
	if (!nic->rx.enabled || nic->fifo_count == FIFO_FRAMES) {
		nic->counter[RX_DROPPED]++;
		return;
	}
	nic->fifo[(nic->fifo_first + nic->fifo_count++) % FIFO_FRAMES] = *frame;
}

/** Into all its buffers. The parts' lengths are those of the data, not of the buffers, by now. */
static bool rx_move(struct dmk_instance *card, struct nic *nic)
{
	const uint8_t *bytes = fifo_head(nic)->bytes;
	bool ok = true;
	unsigned int i;

	for (i = 0; i < nic->rx.nr_parts; i++) {
		struct part *part = &nic->rx.part[i];

		ok = ok && part->announced &&
		     !dmk_instance_write(card, part->address, bytes, part->length);
		bytes += part->length;
	}
	return ok;
}

static bool rx_complete(struct dmk_instance *card, struct nic *nic, uint32_t length, uint32_t flags)
{
	struct ring *rx = &nic->rx;
	uint8_t raw[DESCRIPTOR_SIZE] = {0};

	put_le(raw, 2, rx->head);
	put_le(raw + 2, 2, length);
	put_le(raw + 4, 2, flags);
	put_le(raw + 12, 4, nic->phase);
	if (dmk_instance_write(card, entry(nic, nic->done, rx->head), raw, sizeof(raw)))
		return false;
	rx->head = after(rx, rx->head);
	if (!rx->head)
		nic->phase ^= 1;
	return true;
}

static bool rx_complete_all(struct dmk_instance *card, struct nic *nic, bool moved)
{
	uint32_t length[PARTS_MAX];
	unsigned int i, n = nic->rx.nr_parts;

	for (i = 0; i < n; i++)
		length[i] = nic->rx.part[i].length;
	abandon(card, &nic->rx);
	for (i = 0; i < n; i++) {
		uint32_t flags = (i ? 0 : DONE_FIRST) | (i + 1 < n ? 0 : DONE_LAST) |
				 (moved ? 0 : DONE_ERROR);

		if (!rx_complete(card, nic, length[i], flags))
			return false;
	}
	return true;
}

static void rx_finish(struct dmk_instance *card, void *state)
{
	struct nic *nic = state;
	uint32_t length = fifo_head(nic)->length;
	bool moved = rx_move(card, nic), told = rx_complete_all(card, nic, moved);

	nic->fifo_first = (nic->fifo_first + 1) % FIFO_FRAMES;
	nic->fifo_count--;
	if (moved && told) {
		nic->counter[RX_FRAMES]++;
		nic->counter[RX_BYTES] += length;
	} else {
		nic->counter[RX_ERRORS]++;
	}
	if (!moved)
		note_error(card, nic, ERROR_RX_DMA);
	if (!told) {
		ring_error(card, nic, &nic->rx);
		return;
	}
	raise_irq(card, &nic->irq, IRQ_RX);
	rx_begin(card, nic);
}

/** Buffers for the frame. 0: they are there; 1: not enough of them yet; -1: the ring is wrong. */
static int rx_gather(struct dmk_instance *card, struct nic *nic)
{
	uint32_t left = fifo_head(nic)->length, flags;
	struct ring *rx = &nic->rx;

	for (rx->nr_parts = 0; left; rx->nr_parts++) {
		struct part *part = &rx->part[rx->nr_parts];

		if (rx->nr_parts == given(rx))
			return 1;
		if (rx->nr_parts == PARTS_MAX ||
		    !fetch(card, nic, rx, rx->nr_parts, part, &flags) || !part->length)
			return -1;
		if (part->length > left)
			part->length = left;
		left -= part->length;
	}
	return 0;
}

/** Take up the next waiting frame, if there is one, buffers for it, and nothing under way. */
static void rx_begin(struct dmk_instance *card, struct nic *nic)
{
	struct ring *rx = &nic->rx;
	unsigned int i;
	int result;

	if (!rx->enabled || rx->under_way || !nic->fifo_count)
		return;
	result = rx_gather(card, nic);
	if (result)
		rx->nr_parts = 0;
	if (result > 0)
		raise_irq(card, &nic->irq, IRQ_RX_EMPTY);
	if (result < 0)
		ring_error(card, nic, rx);
	if (result)
		return;

	rx->under_way = true;
	for (i = 0; i < rx->nr_parts; i++)
		announce(card, nic, &rx->part[i], rx->part[i].length, true);
	dmk_instance_after(card, nic->is.latency, rx_finish);
}

/* --- transmitting ----------------------------------------------------------------------------- */

static bool tx_move(struct dmk_instance *card, struct nic *nic)
{
	struct frame *frame = &nic->sending;
	unsigned int i;

	frame->length = 0;
	for (i = 0; i < nic->tx.nr_parts; i++) {
		struct part *part = &nic->tx.part[i];

		if (!part->announced ||
		    dmk_instance_read(card, part->address, frame->bytes + frame->length,
				      part->length))
			return false;
		frame->length += part->length;
	}
	return true;
}

static void tx_send(struct dmk_instance *card, struct nic *nic)
{
	nic->counter[TX_FRAMES]++;
	nic->counter[TX_BYTES] += nic->sending.length;
	if (!nic->loopback && !nic->is.plug)
		return;
	arrive(nic, &nic->sending);
	rx_begin(card, nic);
}

static bool tx_tell(struct dmk_instance *card, struct nic *nic)
{
	uint8_t raw[4];

	put_le(raw, 4, nic->tx.head);
	return !dmk_instance_write(card, nic->sent & nic->is.address_mask, raw, sizeof(raw));
}

static void tx_finish(struct dmk_instance *card, void *state)
{
	struct nic *nic = state;
	struct ring *tx = &nic->tx;
	uint32_t error = nic->tx_verdict;

	if (!error && !tx_move(card, nic))
		error = ERROR_TX_DMA;
	tx->head = (tx->head + tx->nr_parts) & (tx->size - 1);
	abandon(card, tx);
	if (error)
		nic->counter[TX_ERRORS]++;
	else
		tx_send(card, nic);
	if (error)
		note_error(card, nic, error);
	if (!tx_tell(card, nic)) {
		ring_error(card, nic, tx);
		return;
	}
	raise_irq(card, &nic->irq, IRQ_TX);
	tx_begin(card, nic);
}

/**
 * All parts of the next frame. What makes no frame is gathered too, and given up in its turn.
 * false: the ring is wrong.
 */
static bool tx_gather(struct dmk_instance *card, struct nic *nic)
{
	struct ring *tx = &nic->tx;
	uint32_t flags = 0, length = 0;

	nic->tx_verdict = 0;
	for (tx->nr_parts = 0; tx->nr_parts < given(tx) && !(flags & TX_LAST); tx->nr_parts++) {
		struct part *part = &tx->part[tx->nr_parts];

		if (tx->nr_parts == PARTS_MAX)
			break;
		if (!fetch(card, nic, tx, tx->nr_parts, part, &flags))
			return false;
		length += part->length;
		if (!part->length)
			nic->tx_verdict = ERROR_TX_FRAME;
	}
	if (!(flags & TX_LAST) || length < FRAME_MIN || length > FRAME_MAX)
		nic->tx_verdict = ERROR_TX_FRAME;
	return true;
}

static void tx_begin(struct dmk_instance *card, void *state)
{
	struct nic *nic = state;
	struct ring *tx = &nic->tx;
	unsigned int i;

	if (!tx->enabled || !nic->link || tx->under_way || tx->head == tx->tail)
		return;
	if (!tx_gather(card, nic)) {
		tx->nr_parts = 0;
		ring_error(card, nic, tx);
		return;
	}
	tx->under_way = true;
	for (i = 0; i < tx->nr_parts && !nic->tx_verdict; i++)
		announce(card, nic, &tx->part[i], tx->part[i].length, false);
	dmk_instance_after(card, nic->is.latency, tx_finish);
}

/* --- registers -------------------------------------------------------------------------------- */

static void link_comes(struct dmk_instance *card, void *state)
{
	struct nic *nic = state;

	nic->link = true;
	raise_irq(card, &nic->irq, IRQ_LINK);
	tx_begin(card, nic);
}

static void reset(struct dmk_instance *card, void *state)
{
	struct nic *nic = state;
	struct settings is = nic->is;

	dmk_instance_cancel(card, rx_finish);
	dmk_instance_cancel(card, tx_finish);
	dmk_instance_cancel(card, tx_begin);
	dmk_instance_cancel(card, link_comes);
	abandon(card, &nic->rx);
	abandon(card, &nic->tx);

	memset(nic, 0, sizeof(*nic));
	nic->is = is;
	nic->rx.error = ERROR_RX_RING;
	nic->tx.error = ERROR_TX_RING;
	nic->mac_low = nic->is.burnt_in[0] | nic->is.burnt_in[1] << 8 | nic->is.burnt_in[2] << 16 |
		       (uint32_t)nic->is.burnt_in[3] << 24;
	nic->mac_high = get_le(nic->is.burnt_in + 4, 2);
	dmk_instance_irq(card, 0, false);
	nic->link = !nic->is.link_after;
	if (nic->is.link_after)
		dmk_instance_after(card, nic->is.link_after, link_comes);
}

static void enable_ring(struct dmk_instance *card, struct nic *nic, struct ring *ring, bool enable)
{
	if (enable == ring->enabled)
		return;
	if (enable && !ring->size) {
		note_error(card, nic, ring->error);
		return;
	}
	ring->enabled = enable;
	/*
	 * One that still finishes its last frame goes on where it is: a driver waits for that end
	 * before it enables again.
	 */
	if (!enable || ring->under_way)
		return;
	ring->head = ring->tail = 0;
	if (ring == &nic->rx)
		nic->phase = 1;
}

static void write_control(struct dmk_instance *card, struct nic *nic, uint32_t value)
{
	if (value & CONTROL_RESET) {
		reset(card, nic);
		return;
	}
	nic->loopback = value & CONTROL_LOOPBACK;
	enable_ring(card, nic, &nic->rx, value & CONTROL_RX);
	enable_ring(card, nic, &nic->tx, value & CONTROL_TX);
}

static uint32_t read_control(const struct nic *nic)
{
	return (nic->rx.enabled ? CONTROL_RX : 0) | (nic->tx.enabled ? CONTROL_TX : 0) |
	       (nic->loopback ? CONTROL_LOOPBACK : 0);
}

static bool running(const struct ring *ring)
{
	return ring->enabled || ring->under_way;
}

static bool good_size(uint32_t size)
{
	return size >= 2 && size <= RING_MAX && !(size & (size - 1));
}

static void set_low(uint64_t *address, uint32_t value)
{
	*address = (*address & ~0xffffffffull) | value;
}

static void set_high(uint64_t *address, uint32_t value)
{
	*address = (uint64_t)value << 32 | (uint32_t)*address;
}

static void write_tail(struct dmk_instance *card, struct nic *nic, struct ring *ring,
		       uint32_t value)
{
	if (!ring->enabled)
		return;
	if (value >= ring->size) {
		ring_error(card, nic, ring);
		return;
	}
	ring->tail = value;
	if (ring == &nic->rx)
		rx_begin(card, nic);
	else
		dmk_instance_after(card, nic->is.latency, tx_begin);
}

static void write_ring(struct dmk_instance *card, struct nic *nic, struct ring *ring,
		       unsigned int reg, uint32_t value)
{
	if (reg == RING_TAIL) {
		write_tail(card, nic, ring, value);
		return;
	}
	if (running(ring))
		return;
	if (reg == RING_BASE_LOW)
		set_low(&ring->base, value & ~(DESCRIPTOR_SIZE - 1u));
	else if (reg == RING_BASE_HIGH)
		set_high(&ring->base, value);
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

/** The addresses that belong to a ring and are no ring. */
static void write_beside(struct nic *nic, unsigned int offset, uint32_t value)
{
	if (offset == REG_SENT_LOW && !running(&nic->tx))
		set_low(&nic->sent, value & ~3u);
	else if (offset == REG_SENT_HIGH && !running(&nic->tx))
		set_high(&nic->sent, value);
	else if (offset == REG_RX_DONE_LOW && !running(&nic->rx))
		set_low(&nic->done, value & ~(DESCRIPTOR_SIZE - 1u));
	else if (offset == REG_RX_DONE_HIGH && !running(&nic->rx))
		set_high(&nic->done, value);
}

static void write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		  unsigned int width, uint64_t value)
{
	struct nic *nic = state;

	if (width != 4)
		return;
	if (offset >= REG_TX && offset < REG_TX + RING_END) {
		write_ring(card, nic, &nic->tx, offset - REG_TX, value);
		return;
	}
	if (offset >= REG_RX && offset < REG_RX + RING_END) {
		write_ring(card, nic, &nic->rx, offset - REG_RX, value);
		return;
	}
	if (offset >= REG_GROUPS && offset < REG_GROUPS + 8 * GROUPS) {
		offset -= REG_GROUPS;
		nic->group[offset / 8][offset / 4 % 2] = offset / 4 % 2
								 ? value & (GROUP_VALID | 0xffff)
								 : value;
		return;
	}

	switch (offset) {
	case REG_CONTROL:
		write_control(card, nic, value);
		break;
	case REG_IRQ_STATUS:
		nic->irq.status &= ~value;
		update_irq(card, &nic->irq);
		break;
	case REG_IRQ_ENABLE:
		nic->irq.enable = value & IRQ_ALL;
		update_irq(card, &nic->irq);
		break;
	case REG_ERROR:
		nic->irq.error &= ~value;
		break;
	case REG_MAC_LOW:
		nic->mac_low = value;
		break;
	case REG_MAC_HIGH:
		nic->mac_high = value & 0xffff;
		break;
	case REG_RX_MODE:
		nic->rx_mode = value & MODE_ALL;
		break;
	default:
		write_beside(nic, offset, value);
	}
}

static uint64_t read(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		     unsigned int width)
{
	const struct nic *nic = state;

	if (width != 4)
		return ~0ull;
	if (offset >= REG_TX && offset < REG_TX + RING_END)
		return read_ring(&nic->tx, offset - REG_TX);
	if (offset >= REG_RX && offset < REG_RX + RING_END)
		return read_ring(&nic->rx, offset - REG_RX);
	if (offset >= REG_GROUPS && offset < REG_GROUPS + 8 * GROUPS)
		return nic->group[(offset - REG_GROUPS) / 8][(offset - REG_GROUPS) / 4 % 2];
	if (offset >= REG_COUNTERS && offset < REG_COUNTERS + 4 * COUNTERS)
		return nic->counter[(offset - REG_COUNTERS) / 4];

	switch (offset) {
	case REG_ID:
		return ID_VALUE;
	case REG_CONTROL:
		return read_control(nic);
	case REG_STATUS:
		return (running(&nic->rx) ? STATUS_RX : 0) | (running(&nic->tx) ? STATUS_TX : 0) |
		       (nic->link ? STATUS_LINK : 0);
	case REG_IRQ_STATUS:
		return nic->irq.status;
	case REG_IRQ_ENABLE:
		return nic->irq.enable;
	case REG_ERROR:
		return nic->irq.error;
	case REG_MAC_LOW:
		return nic->mac_low;
	case REG_MAC_HIGH:
		return nic->mac_high;
	case REG_RX_MODE:
		return nic->rx_mode;
	case REG_ADDRESS_BITS:
		return nic->is.address_bits;
	case REG_SENT_LOW:
		return (uint32_t)nic->sent;
	case REG_SENT_HIGH:
		return nic->sent >> 32;
	case REG_RX_DONE_LOW:
		return (uint32_t)nic->done;
	case REG_RX_DONE_HIGH:
		return nic->done >> 32;
	}
	return ~0ull;
}

/* --- life ------------------------------------------------------------------------------------- */

static int start(struct dmk_instance *card, void *state)
{
	struct nic *nic = state;
	uint64_t bits, latency, link_after, plug;
	unsigned int i;

	if (card_property(card, "dma_bits", 24, 64, &bits) ||
	    card_property(card, "latency", 0, LATENCY_MAX, &latency) ||
	    card_property(card, "link_after", 0, LINK_AFTER_MAX, &link_after) ||
	    card_property(card, "plug", 0, 1, &plug))
		return -EINVAL;

	nic->is.address_mask = mask_of_bits(bits);
	nic->is.address_bits = bits;
	nic->is.latency = latency;
	nic->is.link_after = link_after;
	nic->is.plug = plug;
	nic->is.burnt_in[0] = 0x02;
	for (i = 3; i < sizeof(nic->is.burnt_in); i++)
		nic->is.burnt_in[i] = dmk_instance_random(card, 256);
	reset(card, nic);
	return 0;
}

static void stop(struct dmk_instance *card, void *state)
{
	struct nic *nic = state;

	abandon(card, &nic->rx);
	abandon(card, &nic->tx);
}

static const struct dmk_model_property properties[] = {
	{"dma_bits", 64, "address bits that the card drives, 24 to 64"},
	{"latency", 20, "microseconds that a frame takes each way, up to 1000000"},
	{"link_after", 0, "microseconds from reset to the link, up to 10000000"},
	{"plug", 0, "1: a loopback plug is in the socket"},
	{NULL},
};

extern const struct dmk_model dmk_model_nic;
const struct dmk_model dmk_model_nic = {
	.name = "nic",
	.summary =
		"Ethernet card: descriptor rings, completion ring, filters, loopback (docs/nic.md)",
	.pci =
		{
			.vendor = 0x1234,
			.device = 0x6e69,
			.subsystem_vendor = 0x1234,
			.subsystem = 0x0001,
			.class_code = 0x020000,
			.revision = 1,
		},
	.bar = {{DMK_BAR_MMIO32, 4096}},
	.intx = true,
	.msi_vectors = 1,
	.msix_vectors = 1,
	.properties = properties,
	.state_size = sizeof(struct nic),
	.start = start,
	.reset = reset,
	.stop = stop,
	.read = read,
	.write = write,
};
