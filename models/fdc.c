// SPDX-License-Identifier: MIT
/*
 * A floppy controller, 82077AA, and one 3.5 inch drive of 1.44 MB, drive 0. Sectors of 512 bytes
 * only, read, written and formatted over the DMA channel. Not here: tape, perpendicular recording,
 * scans, the mode without DMA (such a transfer ends with an overrun), other drives.
 *
 * The disk is a copy of the file `image`, or without one a pattern of which every sector differs.
 * A sector takes `usec`, a step of the head a tenth of it. A motor that does not run passes no
 * sector: the command waits, as it does on a desk.
 *
 * Source: Intel 82077AA CHMOS Single-Chip Floppy Disk Controller data sheet, chapters 2, 5 and 6.
 */
#include "card.h"

#include <string.h>

enum {
	PORT_STATUS_A = 0,
	PORT_STATUS_B = 1,
	PORT_OUTPUT = 2, /* DOR */
	PORT_TAPE = 3,
	PORT_MAIN_STATUS = 4, /* written: the data rate (DSR) */
	PORT_FIFO = 5,
	BAR_INPUT = 1, /* its only port: read the disk change line, written the data rate (CCR) */

	OUTPUT_DRIVE = 3,
	OUTPUT_RUN = 1 << 2,  /* 0: reset */
	OUTPUT_GATE = 1 << 3, /* interrupts and DMA get out */
	OUTPUT_MOTOR = 1 << 4,

	MAIN_READY = 0x80,
	MAIN_TO_CPU = 0x40,
	MAIN_BUSY = 0x10,

	RATE_500 = 0,
	RATE_SOFT_RESET = 0x80,
	RATE_AFTER_RESET = 2,
};

enum {
	ST0_ABNORMAL = 0x40,
	ST0_INVALID = 0x80,
	ST0_CHANGED = 0xc0,
	ST0_SEEK_END = 0x20,
	ST0_NO_TRACK_0 = 0x10,
	ST1_END_OF_TRACK = 0x80,
	ST1_OVERRUN = 0x10,
	ST1_NO_SECTOR = 0x04,
	ST1_PROTECTED = 0x02,
	ST1_NO_MARK = 0x01,
	ST2_WRONG_TRACK = 0x10,
	ST3_READY = 0x28, /* always 1: ready, and two heads */
	ST3_PROTECTED = 0x40,
	ST3_TRACK_0 = 0x10,
};

enum {
	SECTOR = 512,
	SECTORS = 18,
	HEADS = 2,
	TRACKS = 80,
	DISK = SECTOR * SECTORS * HEADS * TRACKS,
	LAST_TRACK = 82, /* as far as the head goes */
	DRIVES = 4,
	FIFO = 16,
};

enum phase { IDLE, COMMAND, EXECUTION, RESULT };

struct fdc {
	unsigned int irq, dma, usec;
	bool protected;

	uint8_t output, rate;
	enum phase phase;
	uint8_t byte[FIFO]; /* of the command, or of its result */
	unsigned int wanted, got;

	bool interrupt;
	unsigned int reset_answers; /* interrupts after a reset that nobody has asked about */
	uint8_t seek_end;           /* ST0 of a seek that nobody has asked about; 0: none */
	bool seeking, no_dma,
		changed; /* changed: a disk was put in, and the head not moved since */
	unsigned int track, target;
	uint8_t configuration[3], specified[2];
	bool locked;

	unsigned int head, sector; /* where a transfer is */
	uint8_t buffer[SECTOR];
	uint8_t *disk;
	uint8_t own[DISK];
};

static void settle(struct dmk_instance *card, const struct fdc *fdc)
{
	if (fdc->irq)
		dmk_instance_irq(card, fdc->irq, fdc->interrupt && fdc->output & OUTPUT_GATE);
}

static void set_interrupt(struct dmk_instance *card, struct fdc *fdc, bool up)
{
	fdc->interrupt = up;
	settle(card, fdc);
}

static unsigned int selected(const struct fdc *fdc)
{
	return fdc->output & OUTPUT_DRIVE;
}

static bool spins(const struct fdc *fdc)
{
	return !selected(fdc) && fdc->output & OUTPUT_MOTOR;
}

/* --- results ---------------------------------------------------------------------------------- */

static void answer(struct fdc *fdc, unsigned int n)
{
	fdc->phase = RESULT;
	fdc->wanted = n;
	fdc->got = 0;
}

static void answer_one(struct fdc *fdc, uint8_t value)
{
	fdc->byte[0] = value;
	answer(fdc, 1);
}

/* The seven bytes of all that touches the disk; the sector is the one that would come next. */
static void end(struct dmk_instance *card, struct fdc *fdc, uint8_t st0, uint8_t st1, uint8_t st2)
{
	const uint8_t of[7] = {st0 | (fdc->head << 2) | selected(fdc),
			       st1,
			       st2,
			       fdc->track,
			       fdc->head,
			       fdc->sector,
			       2};

	memcpy(fdc->byte, of, sizeof(of));
	answer(fdc, sizeof(of));
	set_interrupt(card, fdc, true);
}

static void fail(struct dmk_instance *card, struct fdc *fdc, uint8_t st1, uint8_t st2)
{
	end(card, fdc, ST0_ABNORMAL, st1, st2);
}

/* --- sectors ---------------------------------------------------------------------------------- */

static uint8_t *sector_at(struct fdc *fdc, unsigned int track, unsigned int head,
			  unsigned int sector)
{
	return fdc->disk + ((track * HEADS + head) * SECTORS + sector - 1) * SECTOR;
}

static bool is_write(const struct fdc *fdc)
{
	return (fdc->byte[0] & 0x1f) == 5;
}

/* After a sector: where the next one is. Return: whether the command may go on there. */
static bool step_sector(struct fdc *fdc)
{
	const bool both_sides = fdc->byte[0] & 0x80;

	if (fdc->sector++ != fdc->byte[6])
		return true;
	fdc->sector = 1;
	if (both_sides && !fdc->head) {
		fdc->head = 1;
		return true;
	}
	if (both_sides)
		fdc->head = 0;
	return false;
}

static bool move_sector(struct dmk_instance *card, struct fdc *fdc, bool *counted)
{
	uint8_t *sector = sector_at(fdc, fdc->track, fdc->head, fdc->sector);
	size_t moved;

	memset(fdc->buffer, 0, SECTOR);
	if (!is_write(fdc))
		memcpy(fdc->buffer, sector, SECTOR);
	*counted = false;
	moved = fdc->no_dma || !(fdc->output & OUTPUT_GATE)
			? 0
			: dmk_instance_channel(card, fdc->dma, fdc->buffer, SECTOR, !is_write(fdc),
					       counted);
	if (moved < SECTOR && !*counted)
		return false;
	if (is_write(fdc))
		memcpy(sector, fdc->buffer, SECTOR);
	return true;
}

static void sector_passes(struct dmk_instance *card, void *state)
{
	struct fdc *fdc = state;
	bool counted, more;

	if (fdc->sector > SECTORS) {
		fail(card, fdc, ST1_NO_SECTOR, 0);
		return;
	}
	if (!move_sector(card, fdc, &counted)) {
		fail(card, fdc, ST1_OVERRUN, 0);
		return;
	}
	more = step_sector(fdc);
	if (counted) {
		const unsigned int track = fdc->track;

		fdc->track = more ? track : track + 1;
		end(card, fdc, 0, 0, 0);
		fdc->track = track;
		return;
	}
	if (more)
		dmk_instance_after(card, fdc->usec, sector_passes);
	else
		fail(card, fdc, ST1_END_OF_TRACK, 0);
}

/* What is wrong with where the command wants to be; the two status bytes. */
static bool is_elsewhere(const struct fdc *fdc, uint8_t *st1, uint8_t *st2)
{
	const unsigned int head = fdc->byte[1] >> 2 & 1;

	*st1 = *st2 = 0;
	if (fdc->rate != RATE_500 || fdc->track >= TRACKS || fdc->byte[1] & 3)
		*st1 = ST1_NO_MARK;
	else if (is_write(fdc) && fdc->protected)
		*st1 = ST1_PROTECTED;
	else if (fdc->byte[2] != fdc->track || fdc->byte[3] != head || fdc->byte[5] != 2 ||
		 !fdc->byte[4] || fdc->byte[4] > SECTORS || fdc->byte[6] > SECTORS)
		*st1 = ST1_NO_SECTOR;
	if (*st1 == ST1_NO_SECTOR && fdc->byte[2] != fdc->track)
		*st2 = ST2_WRONG_TRACK;
	return *st1;
}

static void transfer_begins(struct dmk_instance *card, void *state)
{
	struct fdc *fdc = state;
	uint8_t st1, st2;

	if (!spins(fdc))
		return;
	fdc->head = fdc->byte[1] >> 2 & 1;
	fdc->sector = fdc->byte[4];
	if (is_elsewhere(fdc, &st1, &st2))
		fail(card, fdc, st1, st2);
	else
		sector_passes(card, state);
}

/* --- format, and what is on the track --------------------------------------------------------- */

static void track_is_formatted(struct dmk_instance *card, void *state)
{
	struct fdc *fdc = state;
	uint8_t id[4];
	bool counted = false;

	if (!spins(fdc))
		return;
	fdc->head = fdc->byte[1] >> 2 & 1;
	fdc->sector = 1;
	if (fdc->protected || fdc->track >= TRACKS || fdc->byte[2] != 2 || fdc->byte[3] > SECTORS) {
		fail(card, fdc, fdc->protected ? ST1_PROTECTED : ST1_NO_MARK, 0);
		return;
	}
	for (unsigned int i = 0; i < fdc->byte[3]; i++) {
		if (dmk_instance_channel(card, fdc->dma, id, sizeof(id), false, &counted) <
		    sizeof(id)) {
			fail(card, fdc, ST1_OVERRUN, 0);
			return;
		}
		if (id[2] && id[2] <= SECTORS)
			memset(sector_at(fdc, fdc->track, fdc->head, id[2]), fdc->byte[5], SECTOR);
	}
	end(card, fdc, 0, 0, 0);
}

static void id_passes(struct dmk_instance *card, void *state)
{
	struct fdc *fdc = state;

	if (!spins(fdc))
		return;
	fdc->head = fdc->byte[1] >> 2 & 1;
	fdc->sector = 1 + dmk_instance_random(card, SECTORS);
	if (fdc->rate != RATE_500 || fdc->track >= TRACKS)
		fail(card, fdc, ST1_NO_MARK, 0);
	else
		end(card, fdc, 0, 0, 0);
}

/* --- moving the head -------------------------------------------------------------------------- */

static void seek_ends(struct dmk_instance *card, void *state)
{
	struct fdc *fdc = state;
	const bool there = !(fdc->byte[1] & 3);

	fdc->seeking = false;
	if (there)
		fdc->track = fdc->target;
	fdc->changed &= !there;
	fdc->seek_end = ST0_SEEK_END | (fdc->byte[1] & 7);
	if (!there && !fdc->target)
		fdc->seek_end |= ST0_ABNORMAL | ST0_NO_TRACK_0;
	set_interrupt(card, fdc, true);
}

static void seek(struct dmk_instance *card, struct fdc *fdc, unsigned int target)
{
	const unsigned int to = target > LAST_TRACK ? LAST_TRACK : target;
	const unsigned int steps = to > fdc->track ? to - fdc->track : fdc->track - to;

	fdc->target = to;
	fdc->seeking = true;
	fdc->phase = IDLE;
	dmk_instance_after(card, 1 + steps * fdc->usec / 10, seek_ends);
}

/* --- commands --------------------------------------------------------------------------------- */

/* With its first byte; 0: there is no such command. */
static unsigned int bytes_of(uint8_t command)
{
	static const uint8_t bytes[32] = {
		[0x03] = 3, [0x04] = 2, [0x05] = 9, [0x06] = 9, [0x07] = 2, [0x08] = 1, [0x0a] = 2,
		[0x0d] = 6, [0x0e] = 1, [0x0f] = 3, [0x10] = 1, [0x13] = 4, [0x14] = 1, [0x18] = 1,
	};

	return bytes[command & 0x1f];
}

static void sense_interrupt(struct dmk_instance *card, struct fdc *fdc)
{
	uint8_t st0 = fdc->seek_end;

	if (fdc->reset_answers)
		st0 = ST0_CHANGED | (DRIVES - fdc->reset_answers--);
	else if (!fdc->seek_end)
		st0 = ST0_INVALID;
	else
		fdc->seek_end = 0;
	set_interrupt(card, fdc, false);
	if (st0 == ST0_INVALID) {
		answer_one(fdc, st0);
		return;
	}
	fdc->byte[0] = st0;
	fdc->byte[1] = fdc->track;
	answer(fdc, 2);
}

static void sense_drive(struct fdc *fdc)
{
	const uint8_t drive = fdc->byte[1] & 7;

	answer_one(fdc, ST3_READY | drive | (fdc->protected ? ST3_PROTECTED : 0) |
				(fdc->track || drive & 3 ? 0 : ST3_TRACK_0));
}

static void dump(struct fdc *fdc)
{
	const uint8_t of[10] = {fdc->track,
				0,
				0,
				0,
				fdc->specified[0],
				fdc->specified[1],
				SECTORS,
				fdc->locked << 7,
				fdc->configuration[1],
				fdc->configuration[2]};

	memcpy(fdc->byte, of, sizeof(of));
	answer(fdc, sizeof(of));
}

static void do_small(struct dmk_instance *card, struct fdc *fdc)
{
	fdc->phase = IDLE;
	switch (fdc->byte[0] & 0x1f) {
	case 0x03:
		memcpy(fdc->specified, fdc->byte + 1, 2);
		fdc->no_dma = fdc->byte[2] & 1;
		break;
	case 0x04:
		sense_drive(fdc);
		break;
	case 0x07:
		seek(card, fdc, 0);
		break;
	case 0x08:
		sense_interrupt(card, fdc);
		break;
	case 0x0e:
		dump(fdc);
		break;
	case 0x0f:
		seek(card, fdc, fdc->byte[2]);
		break;
	case 0x10:
		answer_one(fdc, 0x90);
		break;
	case 0x13:
		memcpy(fdc->configuration, fdc->byte + 1, 3);
		break;
	case 0x14:
		fdc->locked = fdc->byte[0] & 0x80;
		answer_one(fdc, fdc->locked << 4);
		break;
	case 0x18:
		answer_one(fdc, 0x41);
		break;
	}
}

static void do_command(struct dmk_instance *card, struct fdc *fdc)
{
	fdc->phase = EXECUTION;
	switch (fdc->byte[0] & 0x1f) {
	case 0x05:
	case 0x06:
		dmk_instance_after(card, fdc->usec, transfer_begins);
		break;
	case 0x0a:
		dmk_instance_after(card, fdc->usec, id_passes);
		break;
	case 0x0d:
		dmk_instance_after(card, fdc->usec * SECTORS, track_is_formatted);
		break;
	default:
		do_small(card, fdc);
	}
}

static void command_byte(struct dmk_instance *card, struct fdc *fdc, uint8_t value)
{
	if (!(fdc->output & OUTPUT_RUN) || fdc->phase == EXECUTION || fdc->phase == RESULT)
		return;
	if (fdc->phase == IDLE) {
		fdc->got = 0;
		fdc->wanted = bytes_of(value);
		fdc->phase = COMMAND;
	}
	if (!fdc->wanted) {
		answer_one(fdc, ST0_INVALID);
		return;
	}
	fdc->byte[fdc->got++] = value;
	if (fdc->got == fdc->wanted)
		do_command(card, fdc);
}

static uint8_t result_byte(struct dmk_instance *card, struct fdc *fdc)
{
	uint8_t value;

	if (fdc->phase != RESULT)
		return 0;
	set_interrupt(card, fdc, false);
	value = fdc->byte[fdc->got++];
	if (fdc->got == fdc->wanted)
		fdc->phase = IDLE;
	return value;
}

/* --- reset ------------------------------------------------------------------------------------ */

static void drop_all(struct dmk_instance *card, struct fdc *fdc)
{
	dmk_instance_cancel(card, transfer_begins);
	dmk_instance_cancel(card, sector_passes);
	dmk_instance_cancel(card, track_is_formatted);
	dmk_instance_cancel(card, id_passes);
	dmk_instance_cancel(card, seek_ends);
	fdc->phase = IDLE;
	fdc->seeking = false;
	fdc->seek_end = 0;
	fdc->reset_answers = 0;
	set_interrupt(card, fdc, false);
}

static void reset_ends(struct dmk_instance *card, void *state)
{
	struct fdc *fdc = state;

	fdc->reset_answers = DRIVES;
	set_interrupt(card, fdc, true);
}

static void soft_reset(struct dmk_instance *card, struct fdc *fdc)
{
	drop_all(card, fdc);
	if (!fdc->locked)
		memset(fdc->configuration, 0, sizeof(fdc->configuration));
	dmk_instance_after(card, 20, reset_ends);
}

static void write_output(struct dmk_instance *card, struct fdc *fdc, uint8_t value)
{
	const uint8_t before = fdc->output;

	fdc->output = value;
	if (!(value & OUTPUT_RUN)) {
		dmk_instance_cancel(card, reset_ends);
		drop_all(card, fdc);
	} else if (!(before & OUTPUT_RUN)) {
		soft_reset(card, fdc);
	}
	settle(card, fdc);
}

static uint8_t main_status(const struct fdc *fdc)
{
	if (!(fdc->output & OUTPUT_RUN))
		return 0;
	switch (fdc->phase) {
	case COMMAND:
		return MAIN_READY | MAIN_BUSY;
	case EXECUTION:
		return MAIN_BUSY;
	case RESULT:
		return MAIN_READY | MAIN_TO_CPU | MAIN_BUSY;
	default:
		return MAIN_READY | (fdc->seeking ? 1u << (fdc->byte[1] & 3) : 0);
	}
}

/* --- ports ------------------------------------------------------------------------------------ */

static uint64_t read(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		     unsigned int width)
{
	struct fdc *fdc = state;

	if (width != 1)
		return ~0ull;
	/* The other bits of that port are a hard disk's. */
	if (bar == BAR_INPUT)
		return spins(fdc) && fdc->changed ? 0x80 : 0;
	switch (offset) {
	case PORT_STATUS_A:
		return (fdc->interrupt ? 0x80 : 0) | (fdc->track ? 0 : 0x10);
	case PORT_STATUS_B:
		return 0xc0;
	case PORT_OUTPUT:
		return fdc->output;
	case PORT_TAPE:
		return 0;
	case PORT_MAIN_STATUS:
		return main_status(fdc);
	case PORT_FIFO:
		return result_byte(card, fdc);
	}
	return 0xff;
}

static void write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		  unsigned int width, uint64_t value)
{
	struct fdc *fdc = state;

	if (width != 1)
		return;
	if (bar == BAR_INPUT) {
		fdc->rate = value & 3;
		return;
	}
	switch (offset) {
	case PORT_OUTPUT:
		write_output(card, fdc, value);
		break;
	case PORT_MAIN_STATUS:
		fdc->rate = value & 3;
		if (value & RATE_SOFT_RESET)
			soft_reset(card, fdc);
		break;
	case PORT_FIFO:
		command_byte(card, fdc, value);
		break;
	}
}

/* --- life ------------------------------------------------------------------------------------- */

static void fill_disk(struct fdc *fdc)
{
	for (uint32_t i = 0; i < DISK; i++)
		fdc->own[i] = (uint8_t)(i * 7 + i / SECTOR * 13 + (i >> 16));
}

static void reset(struct dmk_instance *card, void *state)
{
	struct fdc *fdc = state;

	dmk_instance_cancel(card, reset_ends);
	drop_all(card, fdc);
	fdc->output = 0;
	fdc->rate = RATE_AFTER_RESET;
	fdc->locked = fdc->no_dma = false;
	fdc->changed = true;
}

static int start(struct dmk_instance *card, void *state)
{
	struct fdc *fdc = state;
	uint64_t protected, usec;
	size_t size;

	if (card_property(card, "readonly", 0, 1, &protected) ||
	    card_property(card, "usec", 1, 1000000, &usec))
		return -EINVAL;
	fdc->irq = dmk_instance_property(card, "irq");
	fdc->dma = dmk_instance_property(card, "dma");
	fdc->protected = protected;
	fdc->usec = usec;
	fdc->disk = dmk_instance_file(card, "image", &size);
	if (fdc->disk && size != DISK) {
		dmk_instance_error(card, "a disk image has %d bytes, and this one %llu", DISK,
				   (unsigned long long)size);
		return -EINVAL;
	}
	if (!fdc->disk) {
		fill_disk(fdc);
		fdc->disk = fdc->own;
	}
	reset(card, state);
	return 0;
}

static void stop(struct dmk_instance *card, void *state)
{
}

static const struct dmk_model_property properties[] = {
	{"port", 0x3f0, "its first port"},
	{"irq", 6, "its interrupt, 3 to 7 or 9 to 15; 0: none"},
	{"dma", 2, "its DMA channel, 0 to 3"},
	{"image", 0, "a file of 1474560 bytes to be the disk; it is not written to",
	 .is_file = true},
	{"readonly", 0, "1: the disk's window is open, and nothing writes to it"},
	{"usec", 20, "microseconds that a sector takes to pass, 1 to 1000000"},
	{NULL},
};

extern const struct dmk_model dmk_model_fdc;
const struct dmk_model dmk_model_fdc = {
	.name = "fdc",
	.summary =
		"floppy controller 82077AA on the ISA bus, with a 1.44 MB drive and disk (docs/floppy.md)",
	.bar = {{DMK_BAR_IO, 6}, {DMK_BAR_IO, 1}},
	.isa = {.is_card = true, .at = {0, 7}},
	.compatible = "intel,82077aa",
	.properties = properties,
	.state_size = sizeof(struct fdc),
	.start = start,
	.reset = reset,
	.stop = stop,
	.read = read,
	.write = write,
};
