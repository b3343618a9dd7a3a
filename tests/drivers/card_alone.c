// SPDX-License-Identifier: MIT
/* The machine's side of dmakit/model.h, made of a byte array. */
#include "card_alone.h"

#include <errno.h>

typedef void (*timer_fn)(struct dmk_instance *card, void *state);

struct dmk_instance *card_new(const struct dmk_model *model)
{
	struct dmk_instance *card = calloc(1, sizeof(*card));

	assert_non_null(card);
	card->model = model;
	card->state = calloc(1, model->state_size);
	assert_non_null(card->state);
	return card;
}

void card_free(struct dmk_instance *card)
{
	free(card->state);
	free(card);
}

uint64_t dmk_instance_property(const struct dmk_instance *card, const char *name)
{
	if (card->property.name && !strcmp(name, card->property.name))
		return card->property.value;
	for (const struct dmk_model_property *p = card->model->properties; p && p->name; p++)
		if (!strcmp(p->name, name))
			return p->initial;
	abort();
}

void dmk_instance_error(struct dmk_instance *card, const char *format, ...)
{
}

/* Nothing else in memory is touched, with whatever values. */
static uint8_t *memory_at(struct dmk_instance *card, uint64_t dma, size_t size)
{
	if (dma < MEMORY_BASE || dma - MEMORY_BASE > MEMORY_SIZE ||
	    size > MEMORY_SIZE - (dma - MEMORY_BASE))
		return NULL;
	return card->memory + (dma - MEMORY_BASE);
}

static void note(struct dmk_instance *card, uint64_t dma, size_t size, bool write)
{
	if (card->nr_log == LOG)
		return;
	card->log[card->nr_log].dma = dma;
	card->log[card->nr_log].size = size;
	card->log[card->nr_log].open_work = card->open_work;
	card->log[card->nr_log++].write = write;
}

int dmk_instance_read(struct dmk_instance *card, uint64_t dma, void *buffer, size_t size)
{
	const uint8_t *memory = memory_at(card, dma, size);

	note(card, dma, size, false);
	card->read += memory != NULL;
	if (memory)
		memcpy(buffer, memory, size);
	else
		memset(buffer, 0xff, size);
	return memory ? 0 : -EIO;
}

int dmk_instance_write(struct dmk_instance *card, uint64_t dma, const void *buffer, size_t size)
{
	uint8_t *memory = memory_at(card, dma, size);

	note(card, dma, size, true);
	card->written += memory != NULL;
	if (memory)
		memcpy(memory, buffer, size);
	return memory ? 0 : -EIO;
}

uint64_t dmk_instance_begin(struct dmk_instance *card, uint64_t dma, uint64_t size,
			    bool writes_memory)
{
	assert_true(card->hostile || (size > 0 && dma + (size - 1) >= dma));
	return ++card->open_work;
}

void dmk_instance_end(struct dmk_instance *card, uint64_t cookie)
{
	assert_true(card->open_work > 0);
	card->open_work--;
}

void dmk_instance_irq(struct dmk_instance *card, unsigned int vector, bool level)
{
	card->level = level;
}

bool dmk_instance_msi(struct dmk_instance *card, unsigned int vector)
{
	card->messages++;
	return true;
}

/* For cards of the ISA bus: by chance all, some or nothing, to the end or not. */
size_t dmk_instance_channel(struct dmk_instance *card, unsigned int channel, void *buffer,
			    size_t size, bool write, bool *end)
{
	const size_t moved = card->chance & 3 ? size : card->chance % (size + 1);

	*end = false;
	if (!card->model->isa.is_card)
		return 0;
	*end = card->chance & 4;
	card->read += !write && moved;
	card->written += write && moved;
	if (write)
		memcpy(card->memory, buffer, moved);
	else
		memcpy(buffer, card->memory, moved);
	return moved;
}

uint8_t *dmk_instance_file(const struct dmk_instance *card, const char *name, size_t *size)
{
	*size = 0;
	return NULL;
}

/* Wired to nothing; and asked by chance, of registers that are there as often as not. */
void dmk_instance_request(struct dmk_instance *card, unsigned int index, enum dmk_request level)
{
	assert_true(index < 4 && card->model->requests[index]);
}

enum dmk_request dmk_instance_requested(const struct dmk_instance *controller, unsigned int line)
{
	return controller->chance % 3;
}

int dmk_instance_port_read(struct dmk_instance *controller, uint64_t phys, void *buffer,
			   size_t size)
{
	assert_true(size == 1 || size == 2 || size == 4);
	memset(buffer, 0x5a, size);
	return controller->chance & 1 ? -EIO : 0;
}

int dmk_instance_port_write(struct dmk_instance *controller, uint64_t phys, const void *buffer,
			    size_t size)
{
	assert_true(size == 1 || size == 2 || size == 4);
	return controller->chance & 1 ? -EIO : 0;
}

void dmk_instance_cancel(struct dmk_instance *card, timer_fn fn)
{
	for (int i = 0; i < TIMERS; i++)
		if (card->timer[i] == fn)
			card->timer[i] = NULL;
}

void dmk_instance_after(struct dmk_instance *card, unsigned int usec, timer_fn fn)
{
	dmk_instance_cancel(card, fn);
	for (int i = 0; i < TIMERS; i++) {
		if (card->timer[i])
			continue;
		card->timer[i] = fn;
		return;
	}
	abort();
}

uint64_t dmk_instance_random(struct dmk_instance *card, uint64_t limit)
{
	assert_true(limit >= 1);
	return card->chance % limit;
}

void run(struct dmk_instance *card, int most)
{
	for (int i = 0; most > 0 && i < TIMERS; i++) {
		timer_fn fn = card->timer[i];

		if (!fn)
			continue;
		card->timer[i] = NULL;
		fn(card, card->state);
		most--;
		i = -1;
	}
}

void settle(struct dmk_instance *card)
{
	run(card, 100000);
	assert_int_equal(card->open_work, 0);
}
