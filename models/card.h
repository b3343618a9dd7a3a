/* SPDX-License-Identifier: MIT */
/*
 * What the cards with a status, an enable and an error register, and with structures in memory,
 * have in common. Not of edu and lab.
 */
#ifndef MODELS_CARD_H
#define MODELS_CARD_H

#include <dmakit/model.h>

#include <errno.h>

/**
 * Registers of an interrupt: bits of .status stay until they are acknowledged, and count where
 * .enable has them.
 */
struct card_irq {
	uint32_t status, enable;
	uint32_t pending; /* both, when it was looked at last */
	uint32_t error;   /* what went wrong; a bit in .status says that something did */
};

/* The line follows; a message goes out for what was not pending before. */
static inline void update_irq(struct dmk_instance *card, struct card_irq *irq)
{
	const uint32_t pending = irq->status & irq->enable;
	const uint32_t risen = pending & ~irq->pending;

	irq->pending = pending;
	if (risen)
		dmk_instance_msi(card, 0);
	dmk_instance_irq(card, 0, pending != 0);
}

static inline void raise_irq(struct dmk_instance *card, struct card_irq *irq, uint32_t bits)
{
	irq->status |= bits;
	update_irq(card, irq);
}

/* Numbers in memory are little-endian, of @n bytes. */
static inline uint64_t get_le(const uint8_t *bytes, unsigned int n)
{
	uint64_t value = 0;

	while (n--)
		value = value << 8 | bytes[n];
	return value;
}

static inline void put_le(uint8_t *bytes, unsigned int n, uint64_t value)
{
	for (; n--; value >>= 8)
		*bytes++ = (uint8_t)value;
}

/* What a card with so many address lines can say. */
static inline uint64_t mask_of_bits(unsigned int bits)
{
	return bits == 64 ? ~0ull : (1ull << bits) - 1;
}

/* Two registers of an interrupt, side by side: what happened, and what of it is told. */
static inline void write_irq(struct dmk_instance *card, struct card_irq *irq, bool enable,
			     uint32_t value)
{
	if (enable)
		irq->enable = value;
	else
		irq->status &= ~value;
	update_irq(card, irq);
}

enum { CARD_FIFO = 64 };

struct card_fifo {
	unsigned int first, count;
	uint32_t unit[CARD_FIFO];
};

/* False: there are @places in it already. */
static inline bool card_fifo_put(struct card_fifo *fifo, unsigned int places, uint32_t unit)
{
	if (fifo->count == places)
		return false;
	fifo->unit[(fifo->first + fifo->count++) % CARD_FIFO] = unit;
	return true;
}

/* The oldest; 0: there is none. */
static inline uint32_t card_fifo_get(struct card_fifo *fifo)
{
	const uint32_t unit = fifo->unit[fifo->first];

	if (!fifo->count)
		return 0;
	fifo->first = (fifo->first + 1) % CARD_FIFO;
	fifo->count--;
	return unit;
}

/* A request for what may be moved now: @ready units, where @burst of them are a burst. */
static inline void drive_request(struct dmk_instance *card, unsigned int index, unsigned int ready,
				 unsigned int burst)
{
	dmk_instance_request(card, index,
			     ready >= burst ? DMK_REQUEST_BURST
			     : ready        ? DMK_REQUEST_SINGLE
					    : DMK_REQUEST_NONE);
}

/* A register with a byte each for what is received and what is sent; dropped: 0, or too many. */
static inline void set_watermarks(uint32_t mark[2], uint32_t value, unsigned int most)
{
	for (unsigned int i = 0; i < 2; i++, value >>= 8)
		if ((value & 0xff) && (value & 0xff) <= most)
			mark[i] = value & 0xff;
}

/** What was asked for of a property; -EINVAL, and it is said, when it is not @least to @most. */
static inline int card_property(struct dmk_instance *card, const char *name, uint64_t least,
				uint64_t most, uint64_t *value)
{
	*value = dmk_instance_property(card, name);
	if (*value >= least && *value <= most)
		return 0;
	dmk_instance_error(card, "%s is %llu to %llu, not %llu", name, (unsigned long long)least,
			   (unsigned long long)most, (unsigned long long)*value);
	return -EINVAL;
}

#endif
