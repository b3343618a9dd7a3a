/* SPDX-License-Identifier: MIT */
/*
 * The two DMA controllers of a PC: 8237, one behind the other (ISA-01, ISA-03).
 *
 *	card --request--> channels 0 to 3 --> channel 4 --> the bus      bytes, in pages of 64 KiB
 *	card --request--> channels 5 to 7 ----------------> the bus      words of two bytes, in pages of 128 KiB
 *
 * A transfer moves when a card asks for it (dmk_instance_channel()), as much as the card asks for:
 * single, demand and block mode are the same here. A request by software, and memory to memory,
 * which no PC can do, are not done. What firmware leaves behind is there from the start: the
 * controllers are on, channel 4 is the cascade, all others are masked.
 *
 * Registers: Intel 8237A data sheet; ports and page registers: IBM PC/AT technical reference.
 *
 * Lock: sim.dma.lock, after an instance's and before those of memory.
 */
#include "sim.h"

enum {
	CHIP_PORTS = 0x00, /* channels 0 to 3, a register a port */
	PAGE_PORTS = 0x80,
	WIDE_PORTS = 0xc0, /* channels 4 to 7, a register every other port */

	REG_COMMAND = 0x8, /* read: status */
	REG_REQUEST = 0x9,
	REG_MASK_ONE = 0xa,
	REG_MODE = 0xb,
	REG_CLEAR_FLIP_FLOP = 0xc,
	REG_RESET = 0xd,
	REG_CLEAR_MASKS = 0xe,
	REG_MASKS = 0xf,

	COMMAND_OFF = 1 << 2,
	MASK_ON = 1 << 2,

	MODE_WRITE = 1 << 2, /* to memory */
	MODE_READ = 2 << 2,
	MODE_DIRECTION = 3 << 2,
	MODE_AUTO = 1 << 4,
	MODE_DOWN = 1 << 5,
	MODE_CASCADE = 3 << 6,
	MODE_KIND = 3 << 6,

	CASCADE = 4,
};

static bool is_wide(unsigned int n)
{
	return n > CASCADE;
}

/* The page register of a channel: 0x80 + this. */
static unsigned int page_of(unsigned int n)
{
	static const uint8_t page[SIM_CHANNELS] = {7, 3, 1, 2, 15, 11, 9, 10};

	return page[n];
}

/* --- registers -------------------------------------------------------------------------------- */

static void chip_reset(struct sim_dma *dma, unsigned int chip)
{
	dma->command[chip] = 0;
	dma->high[chip] = false;
	for (unsigned int i = 0; i < 4; i++) {
		dma->channel[4 * chip + i].masked = true;
		dma->channel[4 * chip + i].ended = false;
	}
}

void dmk_sim_dma_start(struct sim *sim)
{
	struct sim_dma *dma = &sim->dma;

	pthread_mutex_init(&dma->lock, NULL);
	chip_reset(dma, 0);
	chip_reset(dma, 1);
	dma->channel[CASCADE].mode = MODE_CASCADE;
	dma->channel[CASCADE].masked = false;
}

void dmk_sim_dma_end(struct sim *sim)
{
	pthread_mutex_destroy(&sim->dma.lock);
}

/* Of 16 bits, the half that the flip-flop says, which is then the other one. */
static uint16_t put_half(struct sim_dma *dma, unsigned int chip, uint16_t old, uint8_t value)
{
	const bool high = dma->high[chip];

	dma->high[chip] = !high;
	return high ? (old & 0xff) | value << 8 : (old & 0xff00) | value;
}

static uint8_t get_half(struct sim_dma *dma, unsigned int chip, uint16_t value)
{
	const bool high = dma->high[chip];

	dma->high[chip] = !high;
	return high ? value >> 8 : value & 0xff;
}

static uint8_t status(struct sim_dma *dma, unsigned int chip)
{
	uint8_t bits = 0;

	for (unsigned int i = 0; i < 4; i++) {
		bits |= dma->channel[4 * chip + i].ended << i;
		dma->channel[4 * chip + i].ended = false;
	}
	return bits;
}

static uint8_t chip_read(struct sim_dma *dma, unsigned int chip, unsigned int reg)
{
	const struct sim_channel *channel = &dma->channel[4 * chip + reg / 2 % 4];

	if (reg < REG_COMMAND)
		return get_half(dma, chip, reg & 1 ? channel->count : channel->address);
	return reg == REG_COMMAND ? status(dma, chip) : reg == REG_RESET ? 0 : 0xff;
}

static void chip_write(struct sim_dma *dma, unsigned int chip, unsigned int reg, uint8_t value)
{
	struct sim_channel *first = &dma->channel[4 * chip];
	struct sim_channel *of_reg = &first[reg / 2 % 4], *of_value = &first[value & 3];

	switch (reg) {
	case REG_COMMAND:
		dma->command[chip] = value;
		break;
	case REG_MASK_ONE:
		of_value->masked = value & MASK_ON;
		break;
	case REG_MODE:
		of_value->mode = value & ~3;
		break;
	case REG_CLEAR_FLIP_FLOP:
		dma->high[chip] = false;
		break;
	case REG_RESET:
		chip_reset(dma, chip);
		break;
	case REG_CLEAR_MASKS:
	case REG_MASKS:
		for (unsigned int i = 0; i < 4; i++)
			first[i].masked = reg == REG_MASKS && value & 1 << i;
		break;
	case REG_REQUEST:
		break;
	default:
		if (reg & 1)
			of_reg->count = of_reg->base_count = put_half(dma, chip, of_reg->base_count,
								      value);
		else
			of_reg->address = of_reg->base_address =
				put_half(dma, chip, of_reg->base_address, value);
	}
}

/* What answers at a port: a chip's register, or the page register @reg. */
struct target {
	bool is_page;
	unsigned int chip, reg;
};

static bool find(const struct sim *sim, uint64_t port, struct target *target)
{
	target->is_page = port >= PAGE_PORTS && port < PAGE_PORTS + 16;
	target->chip = port >= WIDE_PORTS;
	target->reg = target->is_page ? port - PAGE_PORTS
		      : target->chip  ? (port - WIDE_PORTS) / 2
				      : port - CHIP_PORTS;
	return sim->profile.has_isa_dma && target->reg < 16;
}

bool dmk_sim_dma_read(struct sim *sim, uint64_t port, uint8_t *value)
{
	struct sim_dma *dma = &sim->dma;
	struct target target;

	if (!find(sim, port, &target))
		return false;
	pthread_mutex_lock(&dma->lock);
	*value = target.is_page ? dma->page[target.reg] : chip_read(dma, target.chip, target.reg);
	pthread_mutex_unlock(&dma->lock);
	return true;
}

bool dmk_sim_dma_write(struct sim *sim, uint64_t port, uint8_t value)
{
	struct sim_dma *dma = &sim->dma;
	struct target target;

	if (!find(sim, port, &target))
		return false;
	pthread_mutex_lock(&dma->lock);
	if (target.is_page)
		dma->page[target.reg] = value;
	else
		chip_write(dma, target.chip, target.reg, value);
	pthread_mutex_unlock(&dma->lock);
	return true;
}

/* --- a transfer ------------------------------------------------------------------------------- */

static bool is_on(const struct sim_dma *dma, unsigned int n)
{
	const struct sim_channel *cascade = &dma->channel[CASCADE];

	if (dma->channel[n].masked || dma->command[n / 4] & COMMAND_OFF)
		return false;
	return n > CASCADE || (!cascade->masked && !(dma->command[1] & COMMAND_OFF) &&
			       (cascade->mode & MODE_KIND) == MODE_CASCADE);
}

/* Where the channel's next unit is. */
static uint64_t bus_address(const struct sim_dma *dma, unsigned int n)
{
	const uint64_t page = dma->page[page_of(n)];
	const uint64_t address = dma->channel[n].address;

	return is_wide(n) ? (page & 0xfe) << 16 | address << 1 : page << 16 | address;
}

/* Units from here on that are side by side, at most @most: the address wraps within its page. */
static size_t run_of(const struct sim_channel *channel, size_t most)
{
	const size_t page = channel->mode & MODE_DOWN ? 1 : 0x10000 - (size_t)channel->address;
	const size_t left = (size_t)channel->count + 1;
	const size_t run = page < left ? page : left;

	return run < most ? run : most;
}

/* Return: whether that was the last of the count. */
static bool advance(struct sim_channel *channel, size_t units)
{
	const bool end = units == (size_t)channel->count + 1;

	channel->address += channel->mode & MODE_DOWN ? -units : units;
	channel->count -= units;
	if (!end)
		return false;
	channel->ended = true;
	channel->masked = !(channel->mode & MODE_AUTO);
	if (channel->mode & MODE_AUTO) {
		channel->address = channel->base_address;
		channel->count = channel->base_count;
	}
	return true;
}

static bool moves(const struct sim_dma *dma, unsigned int n, bool write)
{
	const unsigned int mode = dma->channel[n].mode;

	return is_on(dma, n) && (mode & MODE_KIND) != MODE_CASCADE &&
	       (mode & MODE_DIRECTION) == (write ? MODE_WRITE : MODE_READ);
}

static void move(struct dmk_instance *card, unsigned int n, uint8_t *bytes, size_t size, bool write)
{
	const uint64_t address = bus_address(&card->sim->dma, n);

	/* Nobody tells an 8237 that there is no memory: what can't be read is ones. */
	if (write)
		dmk_sim_channel_write(card, n, address, bytes, size);
	else
		dmk_sim_channel_read(card, n, address, bytes, size);
}

static bool is_channel(const struct dmk_instance *card, unsigned int n)
{
	return n < SIM_CHANNELS && n != CASCADE && card->sim->profile.has_isa_dma;
}

size_t dmk_instance_channel(struct dmk_instance *card, unsigned int n, void *buffer, size_t size,
			    bool write, bool *end)
{
	struct sim_dma *dma = &card->sim->dma;
	const unsigned int unit = is_wide(n) ? 2 : 1;
	size_t done = 0, run;

	*end = false;
	if (!is_channel(card, n))
		return 0;
	pthread_mutex_lock(&dma->lock);
	while (!*end && size - done >= unit && moves(dma, n, write)) {
		run = run_of(&dma->channel[n], (size - done) / unit);
		move(card, n, (uint8_t *)buffer + done, run * unit, write);
		*end = advance(&dma->channel[n], run);
		done += run * unit;
	}
	pthread_mutex_unlock(&dma->lock);
	return done;
}
