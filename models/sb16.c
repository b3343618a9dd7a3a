// SPDX-License-Identifier: MIT
/*
 * A Sound Blaster 16: the digital sound of the card (DSP 4.05), and of its mixer what says which
 * interrupt and DMA channels it has. Not here: FM synthesis, MIDI, and what a mixer does to sound.
 *
 * At its jacks is a tape recorder: what is played is recorded on its tape, and what the card
 * records is the tape from the beginning, each byte once; then silence. What is played after
 * something was recorded goes to a new tape.
 *
 * Source: Creative Labs, Sound Blaster Series Hardware Programming Guide, chapters 2 to 6. "Block"
 * here is what the guide calls a block transfer: the samples from one interrupt to the next.
 */
#include "card.h"

#include <string.h>

enum {
	PORT_MIXER_INDEX = 0x4,
	PORT_MIXER_DATA = 0x5,
	PORT_RESET = 0x6,
	PORT_DATA = 0xa,
	PORT_COMMAND = 0xc, /* read: bit 7 says busy */
	PORT_STATUS = 0xe,  /* read: bit 7 says that there is data; and acknowledges */
	PORT_ACKNOWLEDGE_16 = 0xf,

	HAS_DATA = 0x80,
	READY = 0x7f, /* not busy */
	RESET_ANSWER = 0xaa,

	MIXER_RESET = 0x00,
	MIXER_IRQ = 0x80,
	MIXER_DMA = 0x81,
	MIXER_STATUS = 0x82,

	WIDE_CHANNELS = 0xe0, /* in MIXER_DMA */
	NARROW_CHANNELS = 0x0b,
};

/* Bits of MIXER_STATUS, and which stream it is. */
enum { NARROW, WIDE, STREAMS };

enum {
	TICK = 200, /* microseconds */
	CHUNK = 8192,
	TAPE = 256 << 10,
	ANSWERS = 16,
	PARAMETERS = 3,
	RATE_FIRST = 11025,
	RATE_LEAST = 4000,
	RATE_MOST = 48000,
};

struct stream {
	bool running, paused, repeats, ends; /* ends: with this block, though it repeats */
	bool records, stereo;
	uint32_t block, left; /* bytes; left of this block */
};

struct sb16 {
	uint32_t version, speed;
	bool patient;

	bool in_reset, speaker;
	uint8_t command, parameter[PARAMETERS];
	unsigned int wanted, got; /* parameters of the command */
	uint8_t answer[ANSWERS];
	unsigned int answers;
	uint8_t test;
	uint32_t rate, block; /* Hz; bytes, of the old auto-init commands */
	bool narrow_stereo;   /* by mixer register 0x0e, of the old commands */
	struct stream stream[STREAMS];

	uint8_t mixer[256], index, pending;

	uint8_t tape[TAPE];
	unsigned int tape_first, tape_count;
	bool heard; /* something of this tape */
	uint8_t chunk[CHUNK];
};

/* --- the tape --------------------------------------------------------------------------------- */

static void tape_put(struct sb16 *sb, const uint8_t *bytes, size_t size)
{
	if (size && sb->heard) {
		sb->heard = false;
		sb->tape_count = 0;
	}
	for (size_t i = 0; i < size; i++) {
		sb->tape[(sb->tape_first + sb->tape_count) % TAPE] = bytes[i];
		if (sb->tape_count < TAPE)
			sb->tape_count++;
		else
			sb->tape_first = (sb->tape_first + 1) % TAPE;
	}
}

/* Looked at, and forgotten when it was taken: a channel may take less than it is offered. */
static void tape_look(const struct sb16 *sb, uint8_t *bytes, size_t size, uint8_t silence)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = i < sb->tape_count ? sb->tape[(sb->tape_first + i) % TAPE] : silence;
}

static void tape_forget(struct sb16 *sb, size_t size)
{
	const unsigned int n = size < sb->tape_count ? size : sb->tape_count;

	sb->heard |= size;
	sb->tape_first = (sb->tape_first + n) % TAPE;
	sb->tape_count -= n;
}

/* --- interrupts, and what the mixer says ------------------------------------------------------ */

static unsigned int lowest(unsigned int bits)
{
	unsigned int n = 0;

	while (!(bits & 1u << n))
		n++;
	return n;
}

static void update_line(struct dmk_instance *card, const struct sb16 *sb)
{
	static const unsigned int line[4] = {9, 5, 7, 10};
	const unsigned int chosen = sb->mixer[MIXER_IRQ] & 0xf;

	for (unsigned int i = 0; i < 4; i++)
		dmk_instance_irq(card, line[i], chosen & 1u << i && sb->pending);
}

static void raise(struct dmk_instance *card, struct sb16 *sb, unsigned int which)
{
	sb->pending |= 1u << which;
	update_line(card, sb);
}

/* The channel of a stream; without a wide one words go in halves by the other. */
static bool channel_of(const struct sb16 *sb, unsigned int which, unsigned int *channel)
{
	const unsigned int narrow = sb->mixer[MIXER_DMA] & NARROW_CHANNELS;
	const unsigned int wide = sb->mixer[MIXER_DMA] & WIDE_CHANNELS;
	const unsigned int chosen = which == WIDE && wide ? wide : narrow;

	*channel = chosen ? lowest(chosen) : 0;
	return chosen;
}

static uint8_t mixer_read(const struct sb16 *sb)
{
	if (sb->index == MIXER_STATUS)
		return sb->pending;
	return sb->index == MIXER_IRQ ? 0xf0 | sb->mixer[MIXER_IRQ] : sb->mixer[sb->index];
}

static void mixer_reset(struct sb16 *sb)
{
	const uint8_t irq = sb->mixer[MIXER_IRQ], dma = sb->mixer[MIXER_DMA];

	/* Which interrupt and channels it has outlives all but the power. */
	memset(sb->mixer, 0, sizeof(sb->mixer));
	sb->mixer[MIXER_IRQ] = irq;
	sb->mixer[MIXER_DMA] = dma;
	sb->narrow_stereo = false;
}

static void mixer_write(struct dmk_instance *card, struct sb16 *sb, uint8_t value)
{
	if (sb->index == MIXER_STATUS)
		return;
	if (sb->index == MIXER_RESET) {
		mixer_reset(sb);
		return;
	}
	if (sb->index == 0x0e)
		sb->narrow_stereo = value & 2;
	if (sb->index == MIXER_IRQ)
		value &= 0xf;
	if (sb->index == MIXER_DMA)
		value &= WIDE_CHANNELS | NARROW_CHANNELS;
	sb->mixer[sb->index] = value;
	update_line(card, sb);
}

/* --- playing and recording -------------------------------------------------------------------- */

static void tick_narrow(struct dmk_instance *card, void *state);
static void tick_wide(struct dmk_instance *card, void *state);

static void arm(struct dmk_instance *card, unsigned int which)
{
	dmk_instance_after(card, TICK, which == WIDE ? tick_wide : tick_narrow);
}

static void disarm(struct dmk_instance *card, unsigned int which)
{
	dmk_instance_cancel(card, which == WIDE ? tick_wide : tick_narrow);
}

/* Bytes that pass in a tick: whole samples of all sides, at least one, at most what is left. */
static uint32_t due(const struct sb16 *sb, unsigned int which)
{
	const struct stream *stream = &sb->stream[which];
	const uint32_t unit = (which == WIDE ? 2 : 1) * (stream->stereo ? 2 : 1);
	uint64_t samples = (uint64_t)sb->rate * sb->speed * TICK / 1000000;
	uint64_t bytes;

	samples = samples ? samples : 1;
	bytes = samples * unit < CHUNK ? samples * unit : CHUNK;
	return bytes < stream->left ? bytes : stream->left;
}

static size_t play(struct dmk_instance *card, struct sb16 *sb, unsigned int channel, uint32_t size)
{
	bool end;
	const size_t moved = dmk_instance_channel(card, channel, sb->chunk, size, false, &end);

	tape_put(sb, sb->chunk, moved);
	return moved;
}

static size_t record(struct dmk_instance *card, struct sb16 *sb, unsigned int which,
		     unsigned int channel, uint32_t size)
{
	size_t moved;
	bool end;

	tape_look(sb, sb->chunk, size, which == WIDE ? 0 : 0x80);
	moved = dmk_instance_channel(card, channel, sb->chunk, size, true, &end);
	tape_forget(sb, moved);
	return moved;
}

/* A patient card goes on when its interrupt was acknowledged: what is behind never gets lost. */
static bool is_held_up(const struct sb16 *sb, unsigned int which)
{
	return sb->patient && sb->pending & 1u << which;
}

static void end_block(struct dmk_instance *card, struct sb16 *sb, unsigned int which)
{
	struct stream *stream = &sb->stream[which];

	stream->left = stream->block;
	if (!stream->repeats || stream->ends)
		stream->running = false;
	raise(card, sb, which);
}

static void tick(struct dmk_instance *card, struct sb16 *sb, unsigned int which)
{
	struct stream *stream = &sb->stream[which];
	unsigned int channel;
	uint32_t size;

	if (!stream->running || stream->paused)
		return;
	size = due(sb, which);
	/* A channel that is masked does not answer, and the card asks again. */
	if (channel_of(sb, which, &channel) && !is_held_up(sb, which))
		stream->left -= stream->records ? record(card, sb, which, channel, size)
						: play(card, sb, channel, size);
	if (!stream->left)
		end_block(card, sb, which);
	if (stream->running)
		arm(card, which);
}

static void tick_narrow(struct dmk_instance *card, void *state)
{
	tick(card, state, NARROW);
}

static void tick_wide(struct dmk_instance *card, void *state)
{
	tick(card, state, WIDE);
}

static void start_stream(struct dmk_instance *card, struct sb16 *sb, unsigned int which,
			 struct stream stream)
{
	stream.running = true;
	stream.left = stream.block;
	sb->stream[which] = stream;
	arm(card, which);
}

static void pause(struct dmk_instance *card, struct sb16 *sb, unsigned int which)
{
	sb->stream[which].paused = true;
	disarm(card, which);
}

static void go_on(struct dmk_instance *card, struct sb16 *sb, unsigned int which)
{
	sb->stream[which].paused = false;
	if (sb->stream[which].running)
		arm(card, which);
}

/* Without sound for a while, and an interrupt at its end. */
static void silence_ends(struct dmk_instance *card, void *state)
{
	raise(card, state, NARROW);
}

static void be_silent(struct dmk_instance *card, const struct sb16 *sb, uint32_t samples)
{
	const uint64_t usec = (uint64_t)samples * 1000000 / sb->rate / sb->speed;

	dmk_instance_after(card, usec ? usec : 1, silence_ends);
}

/* --- commands --------------------------------------------------------------------------------- */

static void say(struct sb16 *sb, uint8_t value)
{
	if (sb->answers < ANSWERS)
		sb->answer[sb->answers++] = value;
}

static uint8_t take_answer(struct sb16 *sb)
{
	const uint8_t value = sb->answer[0];

	if (!sb->answers)
		return 0xff;
	/* The last one stays, and is read again. */
	if (--sb->answers)
		memmove(sb->answer, sb->answer + 1, sb->answers);
	return value;
}

static void set_rate(struct sb16 *sb, uint32_t rate)
{
	sb->rate = rate < RATE_LEAST ? RATE_LEAST : rate > RATE_MOST ? RATE_MOST : rate;
}

static void set_time_constant(struct sb16 *sb, uint8_t value)
{
	set_rate(sb, 1000000 / (256 - value) / (sb->narrow_stereo ? 2 : 1));
}

static unsigned int parameters_of(uint8_t command)
{
	if (command >= 0xb0 && command < 0xd0)
		return 3;
	switch (command) {
	case 0x14:
	case 0x15:
	case 0x24:
	case 0x41:
	case 0x42:
	case 0x48:
	case 0x80:
		return 2;
	case 0x10:
	case 0x40:
	case 0xe0:
	case 0xe4:
		return 1;
	}
	return 0;
}

/* 0xb0 to 0xcf: width, direction, and how often; then a mode, and samples less one. */
static void start_generic(struct dmk_instance *card, struct sb16 *sb)
{
	const unsigned int which = sb->command < 0xc0 ? WIDE : NARROW;
	const uint32_t samples = get_le(sb->parameter + 1, 2) + 1;

	start_stream(card, sb, which,
		     (struct stream){
			     .records = sb->command & 8,
			     .repeats = sb->command & 4,
			     .stereo = sb->parameter[0] & 0x20,
			     .block = which == WIDE ? 2 * samples : samples,
		     });
}

/* The commands of older cards: 8 bits; a length, or with .repeats the one of 0x48. */
static void start_old(struct dmk_instance *card, struct sb16 *sb, bool records, bool repeats,
		      uint32_t block)
{
	start_stream(card, sb, NARROW,
		     (struct stream){
			     .records = records,
			     .repeats = repeats,
			     .stereo = sb->narrow_stereo,
			     .block = block,
		     });
}

static void do_control(struct dmk_instance *card, struct sb16 *sb)
{
	switch (sb->command) {
	case 0xd0:
		pause(card, sb, NARROW);
		break;
	case 0xd1:
	case 0xd3:
		sb->speaker = sb->command == 0xd1;
		break;
	case 0xd4:
	case 0x45:
		go_on(card, sb, NARROW);
		break;
	case 0xd5:
		pause(card, sb, WIDE);
		break;
	case 0xd6:
	case 0x47:
		go_on(card, sb, WIDE);
		break;
	case 0xd8:
		say(sb, sb->speaker ? 0xff : 0x00);
		break;
	case 0xd9:
		sb->stream[WIDE].ends = true;
		break;
	case 0xda:
		sb->stream[NARROW].ends = true;
		break;
	}
}

static void do_rest(struct dmk_instance *card, struct sb16 *sb)
{
	const uint32_t number = get_le(sb->parameter, 2);
	uint8_t byte;

	switch (sb->command) {
	case 0x10:
		tape_put(sb, sb->parameter, 1);
		break;
	case 0x20:
		tape_look(sb, &byte, 1, 0x80);
		tape_forget(sb, 1);
		say(sb, byte);
		break;
	case 0x40:
		set_time_constant(sb, sb->parameter[0]);
		break;
	case 0x41:
	case 0x42:
		set_rate(sb, sb->parameter[0] << 8 | sb->parameter[1]);
		break;
	case 0x48:
		sb->block = number + 1;
		break;
	case 0x80:
		be_silent(card, sb, number + 1);
		break;
	case 0xe0:
		say(sb, ~sb->parameter[0]);
		break;
	case 0xe1:
		say(sb, sb->version >> 8);
		say(sb, sb->version & 0xff);
		break;
	case 0xe4:
		sb->test = sb->parameter[0];
		break;
	case 0xe8:
		say(sb, sb->test);
		break;
	case 0xf2:
	case 0xf3:
		raise(card, sb, sb->command == 0xf2 ? NARROW : WIDE);
		break;
	}
}

static void do_command(struct dmk_instance *card, struct sb16 *sb)
{
	const uint32_t length = get_le(sb->parameter, 2) + 1;

	if (sb->command >= 0xb0 && sb->command < 0xd0) {
		start_generic(card, sb);
		return;
	}
	switch (sb->command) {
	case 0x14:
	case 0x15:
	case 0x24:
		start_old(card, sb, sb->command == 0x24, false, length);
		break;
	case 0x1c:
	case 0x2c:
	case 0x90:
	case 0x98:
		start_old(card, sb, sb->command == 0x2c || sb->command == 0x98, true, sb->block);
		break;
	case 0x91:
	case 0x99:
		start_old(card, sb, sb->command == 0x99, false, sb->block);
		break;
	default:
		do_control(card, sb);
		do_rest(card, sb);
	}
}

static void command_byte(struct dmk_instance *card, struct sb16 *sb, uint8_t value)
{
	if (sb->in_reset)
		return;
	if (!sb->wanted) {
		sb->command = value;
		sb->wanted = parameters_of(value);
		sb->got = 0;
		memset(sb->parameter, 0, sizeof(sb->parameter));
	} else {
		sb->parameter[sb->got++] = value;
	}
	if (sb->got < sb->wanted)
		return;
	sb->wanted = 0;
	do_command(card, sb);
}

/* --- reset ------------------------------------------------------------------------------------ */

static void stop_streams(struct dmk_instance *card, struct sb16 *sb)
{
	memset(sb->stream, 0, sizeof(sb->stream));
	dmk_instance_cancel(card, tick_narrow);
	dmk_instance_cancel(card, tick_wide);
	dmk_instance_cancel(card, silence_ends);
}

static void dsp_reset(struct dmk_instance *card, struct sb16 *sb)
{
	stop_streams(card, sb);
	sb->wanted = sb->got = sb->answers = 0;
	sb->speaker = false;
	sb->rate = RATE_FIRST;
	sb->block = 1;
	sb->pending = 0;
	update_line(card, sb);
}

static void write_reset(struct dmk_instance *card, struct sb16 *sb, uint8_t value)
{
	if (value & 1) {
		dsp_reset(card, sb);
	} else if (sb->in_reset) {
		say(sb, RESET_ANSWER);
	}
	sb->in_reset = value & 1;
}

static void acknowledge(struct dmk_instance *card, struct sb16 *sb, unsigned int which)
{
	sb->pending &= ~(1u << which);
	update_line(card, sb);
}

/* --- ports ------------------------------------------------------------------------------------ */

static uint64_t read(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		     unsigned int width)
{
	struct sb16 *sb = state;

	if (width != 1)
		return ~0ull;
	switch (offset) {
	case PORT_MIXER_DATA:
		return mixer_read(sb);
	case PORT_DATA:
		return take_answer(sb);
	case PORT_COMMAND:
		return sb->in_reset ? 0xff : READY;
	case PORT_STATUS:
		acknowledge(card, sb, NARROW);
		return sb->answers ? HAS_DATA | READY : READY;
	case PORT_ACKNOWLEDGE_16:
		acknowledge(card, sb, WIDE);
		break;
	}
	return 0xff;
}

static void write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		  unsigned int width, uint64_t value)
{
	struct sb16 *sb = state;

	if (width != 1)
		return;
	switch (offset) {
	case PORT_MIXER_INDEX:
		sb->index = value;
		break;
	case PORT_MIXER_DATA:
		mixer_write(card, sb, value);
		break;
	case PORT_RESET:
		write_reset(card, sb, value);
		break;
	case PORT_COMMAND:
		command_byte(card, sb, value);
		break;
	}
}

/* --- life ------------------------------------------------------------------------------------- */

static uint8_t bit_of_line(uint64_t irq)
{
	return irq == 9 ? 1 : irq == 5 ? 2 : irq == 7 ? 4 : irq == 10 ? 8 : 0;
}

static int refuse_number(struct dmk_instance *card, const char *name, const char *good)
{
	dmk_instance_error(card, "%s is %s, not %llu", name, good,
			   (unsigned long long)dmk_instance_property(card, name));
	return -EINVAL;
}

static int start(struct dmk_instance *card, void *state)
{
	struct sb16 *sb = state;
	const uint64_t port = dmk_instance_property(card, "port");
	const uint64_t irq = dmk_instance_property(card, "irq");
	const uint64_t dma = dmk_instance_property(card, "dma");
	const uint64_t wide = dmk_instance_property(card, "dma16");
	uint64_t version, speed, patient;

	if (card_property(card, "version", 0x0400, 0x0410, &version) ||
	    card_property(card, "speed", 1, 100000, &speed) ||
	    card_property(card, "patient", 0, 1, &patient))
		return -EINVAL;
	if (port != 0x220 && port != 0x240 && port != 0x260 && port != 0x280)
		return refuse_number(card, "port", "0x220, 0x240, 0x260 or 0x280");
	if (irq && !bit_of_line(irq))
		return refuse_number(card, "irq", "5, 7, 9 or 10, or 0 for none");
	if (dma == 2 || dma > 3)
		return refuse_number(card, "dma", "0, 1 or 3");
	if (wide && (wide < 5 || wide > 7))
		return refuse_number(card, "dma16", "5, 6 or 7, or 0 for none");
	sb->version = version;
	sb->speed = speed;
	sb->patient = patient;
	sb->mixer[MIXER_IRQ] = bit_of_line(irq);
	sb->mixer[MIXER_DMA] = 1u << dma | (wide ? 1u << wide : 0);
	dsp_reset(card, sb);
	return 0;
}

static void reset(struct dmk_instance *card, void *state)
{
	mixer_reset(state);
	dsp_reset(card, state);
}

static void stop(struct dmk_instance *card, void *state)
{
	stop_streams(card, state);
}

static const struct dmk_model_property properties[] = {
	{"port", 0x220, "its first port: 0x220, 0x240, 0x260 or 0x280"},
	{"irq", 5, "its interrupt at the start: 5, 7, 9 or 10; 0: none"},
	{"dma", 1, "its 8-bit DMA channel at the start: 0, 1 or 3"},
	{"dma16", 5, "its 16-bit DMA channel at the start: 5, 6 or 7; 0: none"},
	{"speed", 100, "how many times as fast as a real card, 1 to 100000"},
	{"patient", 1,
	 "1: a block begins when the last one's interrupt was acknowledged; 0: at once"},
	{"version", 0x0405, "of its DSP, major and minor in a byte each: 0x0400 to 0x0410"},
	{NULL},
};

extern const struct dmk_model dmk_model_sb16;
const struct dmk_model dmk_model_sb16 = {
	.name = "sb16",
	.summary =
		"Sound Blaster 16 on the ISA bus: plays and records over DMA channels (docs/sb16.md)",
	.bar = {{DMK_BAR_IO, 16}},
	.isa = {.is_card = true},
	.compatible = "creative,sb16",
	.properties = properties,
	.state_size = sizeof(struct sb16),
	.start = start,
	.reset = reset,
	.stop = stop,
	.read = read,
	.write = write,
};
