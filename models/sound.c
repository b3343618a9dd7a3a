// SPDX-License-Identifier: MIT
/*
 * The sound card of docs/sound.md: 32 address lines to play, 24 to record. The document is the
 * specification, and words here mean what they mean there. An address with more bits goes where the
 * lines that there are lead, as in hardware: to the wrong place.
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
	REG_PLAY_BITS = 0x018,
	REG_RECORD_BITS = 0x01c,
	REG_PLAY_ADDRESS = 0x020,
	REG_PLAY_LENGTH = 0x024,
	REG_PLAY_DONE = 0x028,
	REG_PLAY_BYTES = 0x02c,
	REG_PLAY_SUM = 0x030,
	REG_RECORD_ADDRESS = 0x040,
	REG_RECORD_PERIOD = 0x044,
	REG_RECORD_PERIODS = 0x048,
	REG_RECORD_DONE = 0x04c,
	REG_RECORD_TAKEN = 0x050,
	REG_RECORD_LOST = 0x054,
};

#define ID_VALUE      0x534e0001u
#define CONTROL_RESET 0x80000000u

enum { CONTROL_PLAY = 1, CONTROL_RECORD = 2, CONTROL_LOOP = 4 };
enum { STATUS_PLAYING = 1, STATUS_RECORDING = 2 };
enum { IRQ_PLAY = 1, IRQ_RECORD = 2, IRQ_ERROR = 4, IRQ_ALL = 7 };
enum { ERROR_PLAY_DMA = 1, ERROR_RECORD_DMA = 2, ERROR_PLAY_QUEUE = 4 };

enum {
	QUEUE = 4,
	BUFFER_MAX = 65536,
	PERIOD_MIN = 16,
	PERIOD_MAX = 4096,
	PERIODS_MAX = 16,
	SAW = 251,
	FIFO = 128 << 10,
};

struct sound_buffer {
	uint32_t address, length;
};

struct sound {
	uint32_t play_bits, record_bits, usec; /* properties: they outlive a reset */

	uint32_t control;
	struct card_irq irq;

	uint32_t play_address, play_done, play_bytes, play_sum;
	struct sound_buffer queue[QUEUE];
	unsigned int queued;
	bool playing;
	uint64_t play_work;

	uint32_t record_address, record_period, record_periods;
	uint32_t record_done, record_taken, record_lost;
	bool recording;
	uint64_t record_work;
	unsigned int saw;

	uint8_t fifo[FIFO];
	unsigned int fifo_first, fifo_count;
	uint8_t bytes[BUFFER_MAX];
};

static void play_begin(struct dmk_instance *card, struct sound *sound);
static void record_begin(struct dmk_instance *card, struct sound *sound);

/* --- interrupts ------------------------------------------------------------------------------- */

static void note_error(struct dmk_instance *card, struct sound *sound, uint32_t bits)
{
	sound->irq.error |= bits;
	raise_irq(card, &sound->irq, IRQ_ERROR);
}

/* What the address lines make of an address. */
static uint32_t lines(uint32_t address, uint32_t bits)
{
	return bits >= 32 ? address : address & ((1u << bits) - 1);
}

/* --- what is played and not recorded yet ------------------------------------------------------ */

static bool loops(const struct sound *sound)
{
	return sound->control & CONTROL_LOOP;
}

static void fifo_put(struct sound *sound, const uint8_t *bytes, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		sound->fifo[(sound->fifo_first + sound->fifo_count++) % FIFO] = bytes[i];
}

static void fifo_get(struct sound *sound, uint8_t *bytes, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = sound->fifo[(sound->fifo_first + i) % FIFO];
	sound->fifo_first = (sound->fifo_first + size) % FIFO;
	sound->fifo_count -= size;
}

/* --- playing ---------------------------------------------------------------------------------- */

static void sum_up(struct sound *sound, uint32_t size)
{
	for (uint32_t i = 0; i < size; i++)
		sound->play_sum = sound->play_sum * 31 + sound->bytes[i];
	sound->play_bytes += size;
}

static void play_finish(struct dmk_instance *card, void *state)
{
	struct sound *sound = state;
	struct sound_buffer buffer = sound->queue[0];
	int err;

	err = dmk_instance_read(card, lines(buffer.address, sound->play_bits), sound->bytes,
				buffer.length);
	dmk_instance_end(card, sound->play_work);
	sound->playing = false;
	if (sound->queued)
		sound->queued--;
	memmove(sound->queue, sound->queue + 1, sizeof(sound->queue) - sizeof(sound->queue[0]));
	sound->play_done++;
	if (err) {
		note_error(card, sound, ERROR_PLAY_DMA);
	} else {
		sum_up(sound, buffer.length);
		if (loops(sound))
			fifo_put(sound, sound->bytes, buffer.length);
	}
	if (!(sound->control & CONTROL_PLAY))
		sound->queued = 0;
	raise_irq(card, &sound->irq, IRQ_PLAY);
	if (loops(sound))
		record_begin(card, sound);
	play_begin(card, sound);
}

static void play_begin(struct dmk_instance *card, struct sound *sound)
{
	const struct sound_buffer *buffer = &sound->queue[0];

	if (!(sound->control & CONTROL_PLAY) || sound->playing || !sound->queued)
		return;
	if (loops(sound) && buffer->length > FIFO - sound->fifo_count)
		return;
	sound->playing = true;
	sound->play_work = dmk_instance_begin(card, lines(buffer->address, sound->play_bits),
					      buffer->length, false);
	dmk_instance_after(card, sound->usec, play_finish);
}

static void play_enqueue(struct dmk_instance *card, struct sound *sound, uint32_t length)
{
	if (sound->queued == QUEUE || !length || length > BUFFER_MAX) {
		note_error(card, sound, ERROR_PLAY_QUEUE);
		return;
	}
	sound->queue[sound->queued++] = (struct sound_buffer){ sound->play_address, length };
	play_begin(card, sound);
}

/* --- recording -------------------------------------------------------------------------------- */

static bool has_place(const struct sound *sound)
{
	return sound->record_done - sound->record_taken < sound->record_periods;
}

static uint32_t place(const struct sound *sound)
{
	uint32_t n = sound->record_done % sound->record_periods;

	return lines(sound->record_address + n * sound->record_period, sound->record_bits);
}

static void hear(struct sound *sound)
{
	if (loops(sound)) {
		fifo_get(sound, sound->bytes, sound->record_period);
		return;
	}
	for (uint32_t i = 0; i < sound->record_period; i++) {
		sound->bytes[i] = sound->saw;
		sound->saw = (sound->saw + 1) % SAW;
	}
}

/* A period's time is over: it is full, or, where there was no place for it, lost. */
static void record_finish(struct dmk_instance *card, void *state)
{
	struct sound *sound = state;
	int err;

	hear(sound);
	if (!sound->recording) {
		sound->record_lost++;
	} else {
		err = dmk_instance_write(card, place(sound), sound->bytes, sound->record_period);
		dmk_instance_end(card, sound->record_work);
		sound->recording = false;
		sound->record_done++;
		if (err)
			note_error(card, sound, ERROR_RECORD_DMA);
		raise_irq(card, &sound->irq, IRQ_RECORD);
	}
	record_begin(card, sound);
	play_begin(card, sound);
}

static void record_begin(struct dmk_instance *card, struct sound *sound)
{
	if (!(sound->control & CONTROL_RECORD) || sound->recording)
		return;
	if (loops(sound) && (sound->fifo_count < sound->record_period || !has_place(sound)))
		return;
	if (has_place(sound)) {
		sound->recording = true;
		sound->record_work = dmk_instance_begin(card, place(sound), sound->record_period,
							true);
	}
	dmk_instance_after(card, sound->usec, record_finish);
}

/* --- registers -------------------------------------------------------------------------------- */

static void give_up(struct dmk_instance *card, struct sound *sound)
{
	if (sound->playing)
		dmk_instance_end(card, sound->play_work);
	if (sound->recording)
		dmk_instance_end(card, sound->record_work);
	sound->playing = sound->recording = false;
}

static void reset(struct dmk_instance *card, void *state)
{
	struct sound *sound = state;
	uint32_t play_bits = sound->play_bits, record_bits = sound->record_bits, usec = sound->usec;

	dmk_instance_cancel(card, play_finish);
	dmk_instance_cancel(card, record_finish);
	give_up(card, sound);
	memset(sound, 0, sizeof(*sound));
	sound->play_bits = play_bits;
	sound->record_bits = record_bits;
	sound->usec = usec;
	dmk_instance_irq(card, 0, false);
}

static bool ring_is_set(const struct sound *sound)
{
	return sound->record_address && sound->record_period && sound->record_periods;
}

static bool all_stopped(const struct sound *sound)
{
	return !(sound->control & (CONTROL_PLAY | CONTROL_RECORD)) && !sound->playing &&
	       !sound->recording;
}

static void write_control(struct dmk_instance *card, struct sound *sound, uint32_t value)
{
	uint32_t changed;

	if (value & CONTROL_RESET) {
		reset(card, sound);
		return;
	}
	value &= CONTROL_PLAY | CONTROL_RECORD | CONTROL_LOOP;
	if (!all_stopped(sound))
		value = (value & ~CONTROL_LOOP) | (sound->control & CONTROL_LOOP);
	changed = value ^ sound->control;
	if ((changed & value & CONTROL_RECORD) && (!ring_is_set(sound) || sound->recording))
		value &= ~CONTROL_RECORD;
	if (changed & value & CONTROL_RECORD)
		sound->record_done = sound->record_taken = sound->record_lost = 0;
	if (changed & CONTROL_LOOP)
		sound->fifo_count = 0;
	/* The one that is under way is played to its end; the others are forgotten. */
	if (changed & ~value & CONTROL_PLAY)
		sound->queued = sound->playing ? 1 : 0;
	/* A period that is being lost ends at once; one that is being filled is filled. */
	if ((changed & ~value & CONTROL_RECORD) && !sound->recording)
		dmk_instance_cancel(card, record_finish);
	sound->control = value;
	play_begin(card, sound);
	if (changed & value & CONTROL_RECORD)
		record_begin(card, sound);
}

static bool record_stopped(const struct sound *sound)
{
	return !(sound->control & CONTROL_RECORD) && !sound->recording;
}

static void write_taken(struct dmk_instance *card, struct sound *sound, uint32_t value)
{
	/* Not more than there is, and never back. */
	if (value - sound->record_taken > sound->record_done - sound->record_taken)
		return;
	sound->record_taken = value;
	/* With the loop it may have waited for this; without, it never waits. */
	if (loops(sound))
		record_begin(card, sound);
}

static void write_ring(struct sound *sound, uint64_t offset, uint32_t value)
{
	if (!record_stopped(sound))
		return;
	if (offset == REG_RECORD_ADDRESS)
		sound->record_address = value;
	if (offset == REG_RECORD_PERIOD && value >= PERIOD_MIN && value <= PERIOD_MAX)
		sound->record_period = value;
	if (offset == REG_RECORD_PERIODS && value >= 2 && value <= PERIODS_MAX)
		sound->record_periods = value;
}

static void write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		  unsigned int width, uint64_t value)
{
	struct sound *sound = state;

	if (width != 4)
		return;
	switch (offset) {
	case REG_CONTROL:
		write_control(card, sound, value);
		break;
	case REG_IRQ_STATUS:
		sound->irq.status &= ~value;
		update_irq(card, &sound->irq);
		break;
	case REG_IRQ_ENABLE:
		sound->irq.enable = value & IRQ_ALL;
		update_irq(card, &sound->irq);
		break;
	case REG_ERROR:
		sound->irq.error &= ~value;
		break;
	case REG_PLAY_ADDRESS:
		sound->play_address = value;
		break;
	case REG_PLAY_LENGTH:
		play_enqueue(card, sound, value);
		break;
	case REG_RECORD_ADDRESS:
	case REG_RECORD_PERIOD:
	case REG_RECORD_PERIODS:
		write_ring(sound, offset, value);
		break;
	case REG_RECORD_TAKEN:
		write_taken(card, sound, value);
		break;
	}
}

static uint64_t read(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		     unsigned int width)
{
	const struct sound *sound = state;

	if (width != 4)
		return ~0ull;
	switch (offset) {
	case REG_ID:
		return ID_VALUE;
	case REG_CONTROL:
		return sound->control;
	case REG_STATUS:
		return (sound->playing ? STATUS_PLAYING : 0) |
		       (sound->recording ? STATUS_RECORDING : 0);
	case REG_IRQ_STATUS:
		return sound->irq.status;
	case REG_IRQ_ENABLE:
		return sound->irq.enable;
	case REG_ERROR:
		return sound->irq.error;
	case REG_PLAY_BITS:
		return sound->play_bits;
	case REG_RECORD_BITS:
		return sound->record_bits;
	case REG_PLAY_ADDRESS:
		return sound->play_address;
	case REG_PLAY_DONE:
		return sound->play_done;
	case REG_PLAY_BYTES:
		return sound->play_bytes;
	case REG_PLAY_SUM:
		return sound->play_sum;
	case REG_RECORD_ADDRESS:
		return sound->record_address;
	case REG_RECORD_PERIOD:
		return sound->record_period;
	case REG_RECORD_PERIODS:
		return sound->record_periods;
	case REG_RECORD_DONE:
		return sound->record_done;
	case REG_RECORD_TAKEN:
		return sound->record_taken;
	case REG_RECORD_LOST:
		return sound->record_lost;
	}
	return 0xffffffff;
}

/* --- life ------------------------------------------------------------------------------------- */

static int start(struct dmk_instance *card, void *state)
{
	struct sound *sound = state;
	uint64_t play_bits, record_bits, usec;

	if (card_property(card, "play_bits", 24, 32, &play_bits) ||
	    card_property(card, "record_bits", 16, 32, &record_bits) ||
	    card_property(card, "usec", 1, 1000000, &usec))
		return -EINVAL;
	sound->play_bits = play_bits;
	sound->record_bits = record_bits;
	sound->usec = usec;
	reset(card, sound);
	return 0;
}

static void stop(struct dmk_instance *card, void *state)
{
	give_up(card, state);
}

static const struct dmk_model_property properties[] = {
	{ "play_bits", 32, "address lines of the play side, 24 to 32" },
	{ "record_bits", 24, "address lines of the record side, 16 to 32" },
	{ "usec", 50, "microseconds that a buffer or a period takes, 1 to 1000000" },
	{ NULL },
};

extern const struct dmk_model dmk_model_sound;
const struct dmk_model dmk_model_sound = {
	.name = "sound",
	.summary =
		"the sound card of the kernel's DMA guide: plays with 32 address bits, records with 24 (docs/sound.md)",
	.pci =
		{
			.vendor = 0x1234,
			.device = 0x736e,
			.subsystem_vendor = 0x1234,
			.subsystem = 0x0003,
			.class_code = 0x040100,
			.revision = 1,
		},
	.bar = {{DMK_BAR_MMIO32, 4096}},
	.intx = true,
	.msi_vectors = 1,
	.properties = properties,
	.state_size = sizeof(struct sound),
	.start = start,
	.reset = reset,
	.stop = stop,
	.read = read,
	.write = write,
};
