/* SPDX-License-Identifier: MIT */
/*
 * Cards on the ISA bus: what is set with jumpers there, and that no two cards have the same of it.
 * Nothing tells a card of this bus from another: a conflict is two answers at a time on a board,
 * and refused here.
 *
 * Called while the machine is made, by one thread.
 */
#include "sim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Ports below are the board's own: DMA controllers, interrupt controllers, timer, keyboard. */
enum { FIRST_PORT = 0x100, LAST_PORT = 0x3ff, CASCADED_LINE = 2, FIRST_WIDE = 5 };

struct claimer {
	struct sim *sim;
	struct dmk_instance *card;
	char *error;
	size_t error_size;
};

DMK_PRINTF(2, 3)
static int refuse(const struct claimer *c, const char *format, ...)
{
	int at = snprintf(c->error, c->error_size, "%s: %s: ", c->sim->profile.machine.name,
			  c->card->name);
	va_list args;

	if (at > 0 && (size_t)at < c->error_size) {
		va_start(args, format);
		vsnprintf(c->error + at, c->error_size - at, format, args);
		va_end(args);
	}
	return -EINVAL;
}

static bool has(const struct dmk_instance *card, const char *name)
{
	for (const struct dmk_model_property *at = card->model->properties; at && at->name; at++)
		if (!strcmp(at->name, name))
			return true;
	return false;
}

/* --- ports ------------------------------------------------------------------------------------ */

static bool meet(const struct sim_decode *a, const struct sim_decode *b)
{
	return a->on && b->on && a->port && b->port && a->first <= b->last && b->first <= a->last;
}

static const struct dmk_instance *who_answers(const struct claimer *c,
					      const struct sim_decode *decode)
{
	for (const struct dmk_instance *at = c->sim->instances; at; at = at->next)
		for (unsigned int i = 0; at != c->card && i < DMK_MODEL_BARS; i++)
			if (meet(&at->decode[i], decode))
				return at;
	return NULL;
}

static int claim_ports(const struct claimer *c, unsigned int bar)
{
	struct dmk_instance *card = c->card;
	const struct dmk_instance *other;
	const uint64_t base = dmk_instance_property(card, "port");
	struct sim_decode decode = {.on = true, .port = true};

	decode.first = base + card->model->isa.at[bar];
	decode.last = decode.first + (card->model->bar[bar].size - 1);
	if (base > LAST_PORT || decode.first < FIRST_PORT || decode.last > LAST_PORT)
		return refuse(c, "port=0x%llx is no place for a card: ports 0x%x to 0x%x are",
			      (unsigned long long)base, FIRST_PORT, LAST_PORT);
	other = who_answers(c, &decode);
	if (other)
		return refuse(
			c, "ports 0x%llx to 0x%llx are taken by %s: give one of them another port=",
			(unsigned long long)decode.first, (unsigned long long)decode.last,
			other->name);
	card->decode[bar] = decode;
	return 0;
}

/* --- lines and channels ----------------------------------------------------------------------- */

static bool is_wired_to_pci(const struct sim *sim, unsigned int irq)
{
	for (unsigned int i = 0; i < sim->profile.nr_pins; i++)
		if (sim->profile.pins[i].irq == irq)
			return true;
	return false;
}

static bool has_line(const struct dmk_instance *card, unsigned int irq)
{
	bool found = card->isa && has(card, "irq") && dmk_instance_property(card, "irq") == irq;

	for (unsigned int i = 0; !card->isa && card->platform && i < card->platform->nr_irqs; i++)
		found |= card->platform->irq[i] == irq;
	return found;
}

static int claim_line(const struct claimer *c)
{
	const uint64_t irq = dmk_instance_property(c->card, "irq");

	if (!irq)
		return 0;
	if (irq >= DMK_ISA_IRQS || irq == CASCADED_LINE)
		return refuse(c, "irq=%llu is no line of the ISA bus: 3 to 7 and 9 to 15 are%s",
			      (unsigned long long)irq,
			      irq == CASCADED_LINE ? ", and what was line 2 is 9" : "");
	if (!(c->sim->profile.isa_lines & 1u << irq))
		return refuse(
			c, "its ISA bus has no interrupt line %llu: that of the machine pc-isa has",
			(unsigned long long)irq);
	if (is_wired_to_pci(c->sim, irq))
		return refuse(
			c,
			"irq=%llu is wired to PCI slots, and an ISA card shares its line with nobody",
			(unsigned long long)irq);
	for (const struct dmk_instance *at = c->sim->instances; at; at = at->next)
		if (at != c->card && has_line(at, irq))
			return refuse(c, "irq=%llu is taken by %s: give one of them another irq=",
				      (unsigned long long)irq, at->name);
	return 0;
}

/* DMA channel 0 is one like others; of the wide ones 0 says none. */
static bool has_channel(const struct dmk_instance *card, uint64_t channel)
{
	if (!card->isa)
		return false;
	if (has(card, "dma") && dmk_instance_property(card, "dma") == channel)
		return true;
	return channel && has(card, "dma16") && dmk_instance_property(card, "dma16") == channel;
}

static int claim_channel(const struct claimer *c, const char *name, uint64_t least, uint64_t most)
{
	const uint64_t channel = dmk_instance_property(c->card, name);

	if (!has(c->card, name) || (least && !channel))
		return 0;
	if (!c->sim->profile.has_isa_dma)
		return refuse(c,
			      "its ISA bus has no DMA controllers: that of the machine pc-isa has");
	if (channel < least || channel > most)
		return refuse(c, "%s=%llu is no such DMA channel: %llu to %llu are", name,
			      (unsigned long long)channel, (unsigned long long)least,
			      (unsigned long long)most);
	for (const struct dmk_instance *at = c->sim->instances; at; at = at->next)
		if (at != c->card && has_channel(at, channel))
			return refuse(c, "%s=%llu is taken by %s: give one of them another", name,
				      (unsigned long long)channel, at->name);
	return 0;
}

int dmk_sim_isa_plug(struct dmk_instance *card, char *error, size_t error_size)
{
	const struct claimer c = {card->sim, card, error, error_size};
	int result = 0;

	for (unsigned int i = 0; i < DMK_MODEL_BARS && !result; i++)
		if (card->model->bar[i].kind)
			result = claim_ports(&c, i);
	result = result ? result : claim_line(&c);
	result = result ? result : claim_channel(&c, "dma", 0, FIRST_WIDE - 2);
	return result ? result : claim_channel(&c, "dma16", FIRST_WIDE, SIM_CHANNELS - 1);
}
