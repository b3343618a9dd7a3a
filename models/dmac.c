// SPDX-License-Identifier: MIT
/*
 * The DMA controller of docs/dmac.md: channels that follow descriptors in memory, copy, fill, and
 * serve peripherals that ask. The document is the specification, and words here mean what they mean
 * there.
 *
 * All channels are moved on by one function, a step each in turn; so one that is long does not keep
 * the others from theirs.
 */
#include "card.h"

#include <string.h>

enum {
	REG_ID = 0x000,
	REG_CAPS = 0x004,
	REG_CONTROL = 0x008,
	REG_IRQ_STATUS = 0x00c,
	REG_CHANNELS = 0x100,
	CHANNEL_SIZE = 0x040,
};

enum {
	CH_CONTROL = 0x00,
	CH_STATUS = 0x04,
	CH_IRQ_STATUS = 0x08,
	CH_IRQ_ENABLE = 0x0c,
	CH_ERROR = 0x10,
	CH_NEXT_LOW = 0x14,
	CH_NEXT_HIGH = 0x18,
	CH_CURRENT_LOW = 0x1c,
	CH_CURRENT_HIGH = 0x20,
	CH_RESIDUE = 0x24,
	CH_REQUEST = 0x28,
	CH_PORT_LOW = 0x2c,
	CH_PORT_HIGH = 0x30,
	CH_PORT_CONFIG = 0x34,
	CH_DONE = 0x38,
};

#define ID_VALUE      0x444d0001u
#define CONTROL_RESET 0x80000000u
#define CONTROL_ABORT 0x80000000u

enum { CONTROL_ENABLE = 1, CONTROL_PAUSE = 2 };
enum { STATUS_BUSY = 1, STATUS_PAUSED = 2 };
enum { IRQ_DONE = 1, IRQ_END = 2, IRQ_ERROR = 4, IRQ_ALL = 7 };
enum {
	ERROR_FETCH = 1,
	ERROR_DESCRIPTOR,
	ERROR_READ,
	ERROR_WRITE,
	ERROR_PORT,
	ERROR_FAULT,
};

enum { COPY, FILL, TO_PORT, FROM_PORT, KIND = 3, WANTS_IRQ = 0x10, LAST = 0x20 };
enum {
	DESCRIPTOR = 32,
	MAGIC = 0x444d,
	CHANNELS_MAX = 32,
	VECTORS_MAX = 4,
	BURST_MAX = 4096,
	BEATS_MAX = 16,
};

#define LENGTH_MAX (16u << 20)

struct descriptor {
	uint64_t next, source, destination;
	uint32_t length, control;
};

enum state { IDLE, FETCH, RUN, HUNG };

struct channel {
	enum state state;
	bool paused;
	struct card_irq irq;
	uint64_t next, current, port;
	uint32_t request, config, done;
	struct descriptor d; /* of current, once it is fetched */
	uint32_t at;         /* bytes of it that were moved */
	uint64_t work[2];    /* announced: memory that it reads, and that it writes; 0: none */
};

struct dmac {
	/* properties: they outlive a reset */
	uint32_t channels, vectors, burst, quantum, usec;
	uint64_t fail, hang;
	uint64_t fetched; /* descriptors since power-on */

	struct channel channel[CHANNELS_MAX];
	unsigned int first; /* whose turn it is */
	bool armed;         /* work() is to come */
	uint8_t bytes[BURST_MAX];
};

static void work(struct dmk_instance *card, void *state);

/* --- interrupts ------------------------------------------------------------------------------- */

static uint32_t irq_status(const struct dmac *dmac)
{
	uint32_t bits = 0;

	for (unsigned int i = 0; i < dmac->channels; i++)
		if (dmac->channel[i].irq.status & dmac->channel[i].irq.enable)
			bits |= 1u << i;
	return bits;
}

/* A line is up while any of its channels wants it. */
static void update_lines(struct dmk_instance *card, const struct dmac *dmac)
{
	const uint32_t bits = irq_status(dmac);

	for (unsigned int line = 0; line < dmac->vectors; line++) {
		bool up = false;

		for (unsigned int i = line; i < dmac->channels; i += dmac->vectors)
			up |= bits >> i & 1;
		dmk_instance_irq(card, line, up);
	}
}

static void raise_channel(struct dmk_instance *card, const struct dmac *dmac,
			  struct channel *channel, uint32_t bits)
{
	channel->irq.status |= bits;
	update_lines(card, dmac);
}

/* --- a descriptor's life ---------------------------------------------------------------------- */

static void announce(struct dmk_instance *card, struct channel *channel)
{
	const struct descriptor *d = &channel->d;
	const uint32_t kind = d->control & KIND;

	if (kind == COPY || kind == TO_PORT)
		channel->work[0] = dmk_instance_begin(card, d->source, d->length, false);
	if (kind != TO_PORT)
		channel->work[1] = dmk_instance_begin(card, d->destination, d->length, true);
}

static void withdraw(struct dmk_instance *card, struct channel *channel)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (channel->work[i])
			dmk_instance_end(card, channel->work[i]);
		channel->work[i] = 0;
	}
}

static void stop_with(struct dmk_instance *card, struct dmac *dmac, struct channel *channel,
		      uint32_t error)
{
	withdraw(card, channel);
	channel->state = IDLE;
	channel->irq.error = error;
	raise_channel(card, dmac, channel, IRQ_ERROR);
}

static void finish(struct dmk_instance *card, struct dmac *dmac, struct channel *channel)
{
	uint32_t bits = channel->d.control & WANTS_IRQ ? IRQ_DONE : 0;

	withdraw(card, channel);
	channel->done++;
	if (channel->d.control & LAST) {
		channel->state = IDLE;
		bits |= IRQ_END;
	} else {
		channel->state = FETCH;
		channel->current = channel->next = channel->d.next;
	}
	if (bits)
		raise_channel(card, dmac, channel, bits);
}

static unsigned int width_of(const struct channel *channel)
{
	return 1u << (channel->config & 3);
}

static bool is_sound(const struct channel *channel, const struct descriptor *d)
{
	if (d->control >> 16 != MAGIC || !d->length || d->length > LENGTH_MAX)
		return false;
	if (d->control & 0xffff & ~(KIND | WANTS_IRQ | LAST))
		return false;
	return (d->control & KIND) < TO_PORT || !(d->length & (width_of(channel) - 1));
}

/* What is wrong with the descriptor, or 0: it is there. */
static uint32_t fetch(struct dmk_instance *card, struct dmac *dmac, struct channel *channel)
{
	struct descriptor *d = &channel->d;
	uint8_t bytes[DESCRIPTOR];

	if (channel->current & (DESCRIPTOR - 1))
		return ERROR_DESCRIPTOR;
	if (dmk_instance_read(card, channel->current, bytes, DESCRIPTOR))
		return ERROR_FETCH;
	*d = (struct descriptor){
		.next = get_le(bytes, 8),
		.source = get_le(bytes + 8, 8),
		.destination = get_le(bytes + 16, 8),
		.length = get_le(bytes + 24, 4),
		.control = get_le(bytes + 28, 4),
	};
	channel->at = 0;
	if (!is_sound(channel, d))
		return ERROR_DESCRIPTOR;
	dmac->fetched++;
	return dmac->fetched == dmac->fail ? ERROR_FAULT : 0;
}

static void begin(struct dmk_instance *card, struct dmac *dmac, struct channel *channel)
{
	const uint32_t error = fetch(card, dmac, channel);

	if (error) {
		stop_with(card, dmac, channel, error);
		return;
	}
	channel->state = dmac->fetched == dmac->hang ? HUNG : RUN;
	announce(card, channel);
}

/* --- moving bytes ----------------------------------------------------------------------------- */

static uint32_t from_memory(struct dmk_instance *card, struct dmac *dmac,
			    const struct channel *channel, uint32_t size)
{
	return dmk_instance_read(card, channel->d.source + channel->at, dmac->bytes, size)
		       ? ERROR_READ
		       : 0;
}

static uint32_t to_memory(struct dmk_instance *card, struct dmac *dmac,
			  const struct channel *channel, uint32_t size)
{
	return dmk_instance_write(card, channel->d.destination + channel->at, dmac->bytes, size)
		       ? ERROR_WRITE
		       : 0;
}

/* A unit after the other, all at the same address. */
static uint32_t through_port(struct dmk_instance *card, struct dmac *dmac,
			     const struct channel *channel, uint32_t size, bool out)
{
	const unsigned int width = width_of(channel);
	int result = 0;

	for (uint32_t i = 0; i < size && !result; i += width)
		result = out ? dmk_instance_port_write(card, channel->port, dmac->bytes + i, width)
			     : dmk_instance_port_read(card, channel->port, dmac->bytes + i, width);
	return result ? ERROR_PORT : 0;
}

static uint32_t move(struct dmk_instance *card, struct dmac *dmac, const struct channel *channel,
		     uint32_t size)
{
	uint32_t error = 0;

	switch (channel->d.control & KIND) {
	case COPY:
		error = from_memory(card, dmac, channel, size);
		return error ? error : to_memory(card, dmac, channel, size);
	case FILL:
		memset(dmac->bytes, (int)(channel->d.source & 0xff), size);
		return to_memory(card, dmac, channel, size);
	case TO_PORT:
		error = from_memory(card, dmac, channel, size);
		return error ? error : through_port(card, dmac, channel, size, true);
	default:
		error = through_port(card, dmac, channel, size, false);
		return error ? error : to_memory(card, dmac, channel, size);
	}
}

/* How much may be moved now: 0 while the peripheral does not ask. */
static uint32_t may_move(const struct dmk_instance *card, const struct dmac *dmac,
			 const struct channel *channel)
{
	const uint32_t left = channel->d.length - channel->at, width = width_of(channel);
	const uint32_t burst = width * ((channel->config >> 8) % BEATS_MAX + 1);
	enum dmk_request request;

	if ((channel->d.control & KIND) < TO_PORT)
		return left < dmac->burst ? left : dmac->burst;
	request = dmk_instance_requested(card, channel->request);
	if (request == DMK_REQUEST_BURST)
		return left < burst ? left : burst;
	/* Single units are for what is less than a burst. */
	return request == DMK_REQUEST_SINGLE && left < burst ? width : 0;
}

/* One step of a channel. Return: whether there is more to do without being asked. */
static bool step(struct dmk_instance *card, struct dmac *dmac, struct channel *channel)
{
	uint32_t moved = 0;

	while (!channel->paused && (channel->state == FETCH || channel->state == RUN)) {
		uint32_t size, error;

		if (moved >= dmac->quantum)
			return true;
		if (channel->state == FETCH) {
			begin(card, dmac, channel);
			continue;
		}
		size = may_move(card, dmac, channel);
		if (!size)
			return false;
		error = move(card, dmac, channel, size);
		if (error) {
			stop_with(card, dmac, channel, error);
			return false;
		}
		channel->at += size;
		moved += size;
		if (channel->at == channel->d.length)
			finish(card, dmac, channel);
	}
	return false;
}

/* Once: who goes on telling channels to begin does not keep them from it. */
static void arm(struct dmk_instance *card, struct dmac *dmac)
{
	if (!dmac->armed)
		dmk_instance_after(card, dmac->usec, work);
	dmac->armed = true;
}

static void work(struct dmk_instance *card, void *state)
{
	struct dmac *dmac = state;
	bool more = false;

	dmac->armed = false;
	for (unsigned int i = 0; i < dmac->channels; i++)
		more |= step(card, dmac, &dmac->channel[(dmac->first + i) % dmac->channels]);
	dmac->first = (dmac->first + 1) % dmac->channels;
	if (more)
		arm(card, dmac);
}

/* --- registers -------------------------------------------------------------------------------- */

static void give_up(struct dmk_instance *card, struct dmac *dmac)
{
	for (unsigned int i = 0; i < dmac->channels; i++)
		withdraw(card, &dmac->channel[i]);
}

static void reset(struct dmk_instance *card, void *state)
{
	struct dmac *dmac = state;

	dmk_instance_cancel(card, work);
	give_up(card, dmac);
	memset(dmac->channel, 0, sizeof(dmac->channel));
	dmac->armed = false;
	update_lines(card, dmac);
}

static void write_control(struct dmk_instance *card, struct dmac *dmac, struct channel *channel,
			  uint32_t value)
{
	if (value & CONTROL_ABORT) {
		withdraw(card, channel);
		channel->state = IDLE;
		channel->paused = false;
		return;
	}
	channel->paused = value & CONTROL_PAUSE;
	if (value & CONTROL_ENABLE && channel->state == IDLE) {
		channel->state = FETCH;
		channel->current = channel->next;
		channel->irq.error = 0;
		channel->done = 0;
	}
	if (channel->state != IDLE)
		arm(card, dmac);
}

static void put_half(uint64_t *value, uint32_t half, bool high)
{
	*value = high ? (*value & 0xffffffff) | (uint64_t)half << 32
		      : (*value & ~0xffffffffull) | half;
}

/* What a transfer goes by: not while there is one. */
static void write_setting(struct channel *channel, unsigned int offset, uint32_t value)
{
	if (channel->state != IDLE)
		return;
	switch (offset) {
	case CH_NEXT_LOW:
	case CH_NEXT_HIGH:
		put_half(&channel->next, value, offset == CH_NEXT_HIGH);
		break;
	case CH_PORT_LOW:
	case CH_PORT_HIGH:
		put_half(&channel->port, value, offset == CH_PORT_HIGH);
		break;
	case CH_REQUEST:
		channel->request = value;
		break;
	case CH_PORT_CONFIG:
		/* Units of 1, 2 or 4 bytes. */
		if ((value & 3) < 3)
			channel->config = value & 0xf03;
		break;
	}
}

static void write_channel(struct dmk_instance *card, struct dmac *dmac, struct channel *channel,
			  unsigned int offset, uint32_t value)
{
	switch (offset) {
	case CH_CONTROL:
		write_control(card, dmac, channel, value);
		break;
	case CH_IRQ_STATUS:
		channel->irq.status &= ~value;
		update_lines(card, dmac);
		break;
	case CH_IRQ_ENABLE:
		channel->irq.enable = value & IRQ_ALL;
		update_lines(card, dmac);
		break;
	default:
		write_setting(channel, offset, value);
	}
}

static struct channel *channel_at(struct dmac *dmac, uint64_t offset)
{
	const uint64_t index = (offset - REG_CHANNELS) / CHANNEL_SIZE;

	return offset >= REG_CHANNELS && index < dmac->channels ? &dmac->channel[index] : NULL;
}

static void write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		  unsigned int width, uint64_t value)
{
	struct dmac *dmac = state;
	struct channel *channel = channel_at(dmac, offset);

	if (width != 4)
		return;
	if (channel)
		write_channel(card, dmac, channel, offset % CHANNEL_SIZE, value);
	else if (offset == REG_CONTROL && value & CONTROL_RESET)
		reset(card, dmac);
}

static uint32_t status_of(const struct channel *channel)
{
	return (channel->state != IDLE ? STATUS_BUSY : 0) | (channel->paused ? STATUS_PAUSED : 0);
}

static uint32_t read_channel(const struct channel *channel, unsigned int offset)
{
	switch (offset) {
	case CH_CONTROL:
		return status_of(channel);
	case CH_STATUS:
		return status_of(channel);
	case CH_IRQ_STATUS:
		return channel->irq.status;
	case CH_IRQ_ENABLE:
		return channel->irq.enable;
	case CH_ERROR:
		return channel->irq.error;
	case CH_NEXT_LOW:
		return channel->next;
	case CH_NEXT_HIGH:
		return channel->next >> 32;
	case CH_CURRENT_LOW:
		return channel->current;
	case CH_CURRENT_HIGH:
		return channel->current >> 32;
	case CH_RESIDUE:
		return channel->state == FETCH ? 0xffffffff : channel->d.length - channel->at;
	case CH_REQUEST:
		return channel->request;
	case CH_PORT_LOW:
		return channel->port;
	case CH_PORT_HIGH:
		return channel->port >> 32;
	case CH_PORT_CONFIG:
		return channel->config;
	case CH_DONE:
		return channel->done;
	}
	return 0xffffffff;
}

static uint64_t read(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		     unsigned int width)
{
	struct dmac *dmac = state;
	const struct channel *channel = channel_at(dmac, offset);

	if (width != 4)
		return ~0ull;
	if (channel)
		return read_channel(channel, offset % CHANNEL_SIZE);
	switch (offset) {
	case REG_ID:
		return ID_VALUE;
	case REG_CAPS:
		return dmac->channels | DMK_REQUEST_LINES << 8 | dmac->burst << 16;
	case REG_CONTROL:
		return 0;
	case REG_IRQ_STATUS:
		return irq_status(dmac);
	}
	return 0xffffffff;
}

/* --- life ------------------------------------------------------------------------------------- */

static int start(struct dmk_instance *card, void *state)
{
	struct dmac *dmac = state;
	uint64_t channels, vectors, burst, quantum, usec;

	if (card_property(card, "channels", 1, CHANNELS_MAX, &channels) ||
	    card_property(card, "vectors", 1, VECTORS_MAX, &vectors) ||
	    card_property(card, "burst", 16, BURST_MAX, &burst) ||
	    card_property(card, "quantum", 1, 1 << 20, &quantum) ||
	    card_property(card, "usec", 0, 1000000, &usec))
		return -EINVAL;
	dmac->channels = channels;
	dmac->vectors = vectors;
	dmac->burst = burst;
	dmac->quantum = quantum;
	dmac->usec = usec;
	dmac->fail = dmk_instance_property(card, "fail");
	dmac->hang = dmk_instance_property(card, "hang");
	reset(card, dmac);
	return 0;
}

static void stop(struct dmk_instance *card, void *state)
{
	give_up(card, state);
}

static const struct dmk_model_property properties[] = {
	{ "channels", 8, "1 to 32" },
	{ "vectors", 1, "interrupts that its channels share, 1 to 4" },
	{ "burst", 256, "bytes of one access to memory, 16 to 4096" },
	{ "quantum", 4096, "bytes that a channel moves in a step, 1 to 1048576" },
	{ "usec", 5, "microseconds from step to step, 0 to 1000000" },
	{ "fail", 0, "the descriptor that fails, counted from 1; 0: none" },
	{ "hang", 0, "the descriptor that never ends, counted from 1; 0: none" },
	{ NULL },
};

extern const struct dmk_model dmk_model_dmac;
const struct dmk_model dmk_model_dmac = {
	.name = "dmac",
	.summary =
		"a DMA controller: copies, fills, serves peripherals by request lines (docs/dmac.md)",
	.bar = {{DMK_BAR_MMIO32, 4096}},
	.compatible = "dmakit,dmac",
	.requested = work,
	.properties = properties,
	.state_size = sizeof(struct dmac),
	.start = start,
	.reset = reset,
	.stop = stop,
	.read = read,
	.write = write,
};
