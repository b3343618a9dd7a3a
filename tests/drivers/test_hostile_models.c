// SPDX-License-Identifier: MIT
/*
 * Each card with any value in any register, and any in its memory: it may do nonsense, but nothing
 * outside it breaks, it comes to an end, and a reset leaves no work. What a driver writes is not to
 * be trusted, least of all here.
 *
 * Values are such that cards get somewhere: addresses that there are, small counts, bits, and now
 * and then anything. From time to time the registers that a card needs to work are set to what it
 * can work with, and it is told to begin.
 */
#include "card_alone.h"

extern const struct dmk_model dmk_model_dmac, dmk_model_edu, dmk_model_fdc, dmk_model_hba,
	dmk_model_i2s, dmk_model_lab, dmk_model_nic, dmk_model_ringcard, dmk_model_sb16,
	dmk_model_sound, dmk_model_uart;

enum { STEPS = 20000 };

enum kind { END, EXACTLY, ADDRESS, SMALL };

struct wake {
	enum kind kind;
	uint16_t offset;
	uint32_t value; /* SMALL: below it */
};

/* Reset, the motor on, a rate, and a read or a write of side 0. */
#define FDC(command)                                                                           \
	{                                                                                      \
		&dmk_model_fdc,                                                                \
		{                                                                              \
			{EXACTLY, 2}, {EXACTLY, 2, 0x1c}, {EXACTLY, 4}, {EXACTLY, 5, command}, \
				{EXACTLY, 5}, {EXACTLY, 5}, {EXACTLY, 5}, {SMALL, 5, 20},      \
				{EXACTLY, 5, 2}, {SMALL, 5, 20}, {EXACTLY, 5, 0x1b},           \
				{EXACTLY, 5, 0xff},                                            \
		}                                                                              \
	}

static const struct card {
	const struct dmk_model *model;
	struct wake wake[16];
} cards[] = {
	{&dmk_model_dmac,
	 {{EXACTLY, 0x10c, 7},
	  {ADDRESS, 0x114},
	  {EXACTLY, 0x118},
	  {SMALL, 0x134, 4},
	  {EXACTLY, 0x100, 1},
	  {ADDRESS, 0x154},
	  {EXACTLY, 0x158},
	  {SMALL, 0x140, 4}}},
	{&dmk_model_i2s, {{EXACTLY, 0x10, 3}, {SMALL, 0x04, 8}, {SMALL, 0x1c, 0x2020}}},
	{&dmk_model_uart, {{EXACTLY, 0x10, 15}, {SMALL, 0x04, 16}, {SMALL, 0x1c, 0x4040}}},
	{&dmk_model_edu,
	 {{ADDRESS, 0x80},
	  {EXACTLY, 0x84},
	  {EXACTLY, 0x88, 0x40000},
	  {SMALL, 0x90, 64},
	  {SMALL, 0x98, 8},
	  {EXACTLY, 0x80, 0x40000},
	  {ADDRESS, 0x88},
	  {EXACTLY, 0x8c},
	  {SMALL, 0x98, 8}}},
	FDC(0x46),
	FDC(0x45),
	{&dmk_model_hba,
	 {{ADDRESS, 0x20},
	  {EXACTLY, 0x24},
	  {EXACTLY, 0x04, 1},
	  {EXACTLY, 0x10, 3},
	  {SMALL, 0x28, 32}}},
	{&dmk_model_lab,
	 {{ADDRESS, 0x10},
	  {EXACTLY, 0x14},
	  {SMALL, 0x18, 64},
	  {SMALL, 0x1c, 64},
	  {SMALL, 0x24, 2},
	  {SMALL, 0x20, 8}}},
	{&dmk_model_nic,
	 {{EXACTLY, 0x04},
	  {ADDRESS, 0x30},
	  {EXACTLY, 0x34},
	  {EXACTLY, 0x38, 8},
	  {ADDRESS, 0x50},
	  {EXACTLY, 0x54},
	  {EXACTLY, 0x58, 8},
	  {ADDRESS, 0x64},
	  {EXACTLY, 0x68},
	  {ADDRESS, 0x28},
	  {EXACTLY, 0x2c},
	  {EXACTLY, 0x20, 3},
	  {EXACTLY, 0x04, 7},
	  {SMALL, 0x60, 8},
	  {SMALL, 0x40, 8}}},
	{&dmk_model_ringcard,
	 {{EXACTLY, 0x04},
	  {ADDRESS, 0x20},
	  {EXACTLY, 0x24},
	  {EXACTLY, 0x28, 4},
	  {ADDRESS, 0x40},
	  {EXACTLY, 0x44},
	  {EXACTLY, 0x48, 4},
	  {SMALL, 0x04, 8},
	  {SMALL, 0x30, 4},
	  {SMALL, 0x50, 4},
	  {SMALL, 0x60, 4},
	  {SMALL, 0x64, 2048},
	  {SMALL, 0x6c, 8}}},
	/* Reset, its channels, bytes that are played and words that are recorded. */
	{&dmk_model_sb16,
	 {{EXACTLY, 6, 1},
	  {EXACTLY, 6},
	  {EXACTLY, 4, 0x81},
	  {EXACTLY, 5, 0x22},
	  {EXACTLY, 0xc, 0xc6},
	  {EXACTLY, 0xc},
	  {SMALL, 0xc, 256},
	  {SMALL, 0xc, 2},
	  {EXACTLY, 0xc, 0xbc},
	  {EXACTLY, 0xc, 0x30},
	  {SMALL, 0xc, 256},
	  {SMALL, 0xc, 2}}},
	{&dmk_model_sound,
	 {{ADDRESS, 0x40},
	  {EXACTLY, 0x44, 64},
	  {SMALL, 0x48, 16},
	  {ADDRESS, 0x20},
	  {SMALL, 0x24, 4096},
	  {EXACTLY, 0x10, 7},
	  {SMALL, 0x04, 8},
	  {SMALL, 0x24, 4096},
	  {SMALL, 0x50, 8}}},
};

static uint64_t seed;

static uint64_t next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t below(uint64_t limit)
{
	return next() % limit;
}

static uint64_t any_value(void)
{
	switch (below(8)) {
	case 0:
		return next();
	case 1:
		return ~0ull >> below(64);
	case 2:
		return 1ull << below(64);
	case 3:
	case 4:
		return MEMORY_BASE + below(MEMORY_SIZE / 64) * 64;
	default:
		return below(1ull << below(13));
	}
}

/* Most registers lie at the beginning, in words. */
static uint64_t any_offset(uint64_t bar_size, unsigned int width)
{
	const uint64_t within = below(8) ? (bar_size < 0x100 ? bar_size : 0x100) : bar_size;

	return below(within / width) * width;
}

static unsigned int any_bar(const struct dmk_model *model)
{
	unsigned int n = 0;

	while (n < DMK_MODEL_BARS && model->bar[n].kind != DMK_BAR_NONE)
		n++;
	return below(4) ? 0 : (unsigned int)below(n);
}

/* Descriptors, lists and commands are made of the same; many begin with an address and a length. */
static void scribble(struct dmk_instance *card)
{
	const uint64_t at = below(MEMORY_SIZE / 16) * 16;
	const uint64_t address = MEMORY_BASE + below(MEMORY_SIZE / 64) * 64;
	const uint64_t rest = below(2048) | next() << 16, value = any_value();
	/* A controller's descriptor: length and control word. */
	const uint64_t last = below(512) | (0x444d0000 | below(0x40)) << 32;

	if (!below(4)) {
		memcpy(card->memory + at / 32 * 32 + 24, &last, sizeof(last));
	} else if (below(2)) {
		memcpy(card->memory + at, &address, sizeof(address));
		memcpy(card->memory + at + 8, &rest, sizeof(rest));
	} else {
		memcpy(card->memory + at + below(2) * 8, &value, 1u << below(4));
	}
}

/* Ports of the ISA bus are bytes. */
static unsigned int usual_width(const struct dmk_model *model)
{
	return model->isa.is_card ? 1 : 4;
}

static void touch(struct dmk_instance *card)
{
	const struct dmk_model *model = card->model;
	const unsigned int usual = usual_width(model);
	const unsigned int bar = any_bar(model);
	const unsigned int width = below(4) || usual == 1 ? usual : 1u << below(4);
	const uint64_t offset = any_offset(model->bar[bar].size, width);

	if (below(4))
		model->write(card, card->state, bar, offset, width, any_value());
	else
		model->read(card, card->state, bar, offset, width);
}

static void wake(struct dmk_instance *card, const struct wake *at)
{
	const uint64_t address = MEMORY_BASE + below(MEMORY_SIZE / 64) * 64;

	for (; at->kind != END; at++)
		card->model->write(card, card->state, 0, at->offset, usual_width(card->model),
				   at->kind == ADDRESS ? address
				   : at->kind == SMALL ? below(at->value)
						       : at->value);
}

static void hostile(const struct card *row, const char *property, uint64_t value,
		    unsigned int steps)
{
	const struct dmk_model *model = row->model;
	struct dmk_instance *card = card_new(model);

	card->property.name = property;
	card->property.value = value;
	card->hostile = true;
	if (model->start(card, card->state) < 0)
		goto free_card;
	for (unsigned int i = 0; i < MEMORY_SIZE / 16; i++)
		scribble(card);
	for (unsigned int i = 0; i < steps; i++) {
		card->chance = next();
		touch(card);
		if (!below(20))
			wake(card, row->wake);
		if (!below(4))
			scribble(card);
		run(card, (int)below(4));
		if (!below(2000))
			model->reset(card, card->state);
	}
	model->reset(card, card->state);
	settle(card);
	if (!property && !model->requests) {
		print_message("%s: %lu reads, %lu writes of memory\n", model->name, card->read,
			      card->written); /* it was not turned away at the door */
		if (model->isa.is_card)       /* which a row wakes it for */
			assert_true(card->read + card->written > 40);
		else
			assert_true(card->read > 20 && card->written > 20);
	}
	model->stop(card, card->state);
free_card:
	card_free(card);
}

static void test_hostile_values_never_crash(void **state)
{
	const struct card *row = *state;

	seed = 20261121;
	hostile(row, NULL, 0, STEPS);
	for (const struct dmk_model_property *p = row->model->properties; p && p->name; p++)
		for (unsigned int i = 0; i < 6; i++)
			hostile(row, p->name, i ? any_value() : ~0ull, STEPS / 20);
}

int main(void)
{
	enum { CARDS = sizeof(cards) / sizeof(cards[0]) };
	struct CMUnitTest tests[CARDS];

	for (unsigned int i = 0; i < CARDS; i++)
		tests[i] = (struct CMUnitTest){cards[i].model->name,
					       test_hostile_values_never_crash, NULL, NULL,
					       (void *)&cards[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
