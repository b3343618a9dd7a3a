// SPDX-License-Identifier: MIT
/*
 * What a thread does next, and whether every byte is what it must be.
 *
 * A thread has objects of its own, memory that it lent to a card or shares with one, and a model of
 * each: the bytes that must be there, and which of them anybody wrote. Objects belong to their
 * thread; cards, pools, bounce slots and memory are everybody's. All that an operation decides by
 * chance follows from the seed, the thread's number and the operation's, so that a run is repeated
 * as far as one of many threads can be.
 */
#include "torture.h"

#include <linux/delay.h>

#include <dmakit/kernel.h>

#include <stdlib.h>

const char *const work_name[WORK_KINDS] = {
	[WORK_MAKE] = "made",
	[WORK_END] = "ended",
	[WORK_CARD_READS] = "reads by a card",
	[WORK_CARD_WRITES] = "writes by a card",
	[WORK_CPU_TURN] = "turns of the CPU",
	[WORK_GLUT] = "gluts",
	[WORK_GUEST] = "drivers come and gone",
};

/* --- chance ----------------------------------------------------------------------------------- */

/* splitmix64, Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014 */
static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

uint64_t chance(struct worker *self, uint64_t limit)
{
	self->random += 0x9e3779b97f4a7c15ULL;
	return mix(self->random) % limit;
}

static void next_operation(struct worker *self)
{
	self->operation++;
	self->random =
		mix(torture_options->seed + mix((uint64_t)self->index << 48 ^ self->operation));
}

static void fill(struct worker *self, u8 *bytes, size_t size)
{
	uint64_t word = 0;

	for (size_t i = 0; i < size; i++, word >>= 8) {
		if (i % 8 == 0)
			word = chance(self, ~0ULL);
		bytes[i] = (u8)word;
	}
}

static size_t some_size(struct worker *self, size_t most)
{
	size_t limit = chance(self, 8) ? 2048 : chance(self, 8) ? 16 << 10 : most;

	return 1 + chance(self, min_t(size_t, limit, most));
}

struct span {
	size_t at, size;
};

static struct span some_span(struct worker *self, const struct object *object)
{
	struct span span = {0, object->size};

	if (chance(self, 3)) {
		span.at = chance(self, object->size);
		span.size = 1 + chance(self, object->size - span.at);
	}
	return span;
}

/* --- what is wrong ---------------------------------------------------------------------------- */

static const char *const direction[] = {
	[DMA_BIDIRECTIONAL] = "both ways",
	[DMA_TO_DEVICE] = "to the device",
	[DMA_FROM_DEVICE] = "from the device",
};

static void note(struct object *object, const char *what)
{
	object->past[object->past_at++ % PAST] = what;
}

static void wrong(const struct worker *self, const struct object *object, const char *what)
{
	char past[400] = "";
	size_t n = 0;

	for (unsigned int i = object->past_at > PAST ? object->past_at - PAST : 0;
	     i < object->past_at; i++)
		n += snprintf(past + n, sizeof(past) - n, "%s%s", n ? ", " : "",
			      object->past[i % PAST]);
	torture_wrong(
		"%s; thread %u, operation %llu: %s of %zu bytes, %s, in %u pieces, the first at 0x%llx, lent to card %ld of %u bits; done "
		"with it: %s",
		what, self->index, (unsigned long long)self->operation, object->kind->name,
		object->size, object->kind->consistent ? "consistent" : direction[object->dir],
		object->nr_pieces,
		object->nr_pieces ? (unsigned long long)object->piece[0].dma : 0ULL,
		(long)(object->card - torture_card), object->card->bits, past);
}

static bool as_expected(const struct worker *self, const struct object *object, const char *who,
			const u8 *seen, struct span span)
{
	char what[160];

	for (size_t i = 0; i < span.size; i++) {
		const size_t at = span.at + i;

		if (seen[i] == object->expected[at] || !object->known[at])
			continue;
		snprintf(what, sizeof(what), "%s sees 0x%02x in byte %zu, which is 0x%02x", who,
			 seen[i], at, object->expected[at]);
		wrong(self, object, what);
		return false;
	}
	return true;
}

static void now_known(struct object *object, struct span span, const u8 *bytes)
{
	memcpy(object->expected + span.at, bytes, span.size);
	memset(object->known + span.at, 1, span.size);
}

/* --- the card's side -------------------------------------------------------------------------- */

typedef int mover(struct worker *self, struct card *card, dma_addr_t dma, void *bytes, size_t size);

/* The span's bytes, piece by piece, as much at a time as the card holds. */
static bool move(struct worker *self, struct object *object, struct span span, mover *with)
{
	size_t start = 0, done = 0;

	for (unsigned int i = 0; i < object->nr_pieces && done < span.size;
	     start += object->piece[i++].size) {
		const struct piece *piece = &object->piece[i];

		while (done < span.size && span.at + done >= start &&
		       span.at + done - start < piece->size) {
			size_t into = span.at + done - start;
			size_t size = min3(span.size - done, piece->size - into,
					   (size_t)CARD_BUFFER);
			int err = with(self, object->card, piece->dma + into, self->scratch + done,
				       size);
			char what[120];

			if (err) {
				snprintf(what, sizeof(what), "the card is refused 0x%llx: %d",
					 (unsigned long long)(piece->dma + into), err);
				wrong(self, object, what);
				return false;
			}
			done += size;
		}
	}
	self->bytes += done;
	if (done != span.size)
		wrong(self, object, "the pieces are shorter than the buffer");
	return done == span.size;
}

static int read_piece(struct worker *self, struct card *card, dma_addr_t dma, void *bytes,
		      size_t size)
{
	return card_read(card, dma, bytes, size);
}

static int write_piece(struct worker *self, struct card *card, dma_addr_t dma, void *bytes,
		       size_t size)
{
	int err = -EBUSY;

	if (!chance(self, 64))
		err = card_write_slowly(card, dma, bytes, size, 1 + chance(self, 60));
	return err == -EBUSY ? card_write(card, dma, bytes, size) : err;
}

static bool card_reads(struct worker *self, struct object *object)
{
	struct span span = some_span(self, object);

	note(object, "card reads");
	if (move(self, object, span, read_piece))
		as_expected(self, object, "the card", self->scratch, span);
	return true;
}

static bool card_writes(struct worker *self, struct object *object)
{
	struct span span = some_span(self, object);

	note(object, "card writes");
	fill(self, self->scratch, span.size);
	if (move(self, object, span, write_piece))
		now_known(object, span, self->scratch);
	return true;
}

/* --- where a call is made --------------------------------------------------------------------- */

struct call {
	void (*run)(struct call *call);
	struct object *object;
	struct span span;
	bool done;
};

static void run_call(void *argument)
{
	struct call *call = argument;

	call->run(call);
}

/* In the thread, most often; with a lock held; in the card's interrupt handler. */
static void anywhere(struct worker *self, struct call *call)
{
	switch (chance(self, 24)) {
	case 0:
		note(call->object, "(in interrupt)");
		if (!card_in_interrupt(call->object->card, run_call, call))
			wrong(self, call->object, "an interrupt didn't come");
		break;
	case 1:
		note(call->object, "(locked)");
		spin_lock(&self->lock);
		call->run(call);
		spin_unlock(&self->lock);
		break;
	default:
		call->run(call);
	}
}

static void map_call(struct call *call)
{
	struct object *object = call->object;

	call->done = object->kind->map(object);
	if (call->done && object->attrs & DMA_ATTR_SKIP_CPU_SYNC)
		object->kind->sync_for_device(object, 0, object->size);
}

static void unmap_call(struct call *call)
{
	struct object *object = call->object;

	if (object->attrs & DMA_ATTR_SKIP_CPU_SYNC)
		object->kind->sync_for_cpu(object, 0, object->size);
	object->kind->unmap(object);
}

static void for_cpu_call(struct call *call)
{
	call->object->kind->sync_for_cpu(call->object, call->span.at, call->span.size);
}

static void for_device_call(struct call *call)
{
	call->object->kind->sync_for_device(call->object, call->span.at, call->span.size);
}

/* --- the CPU's side --------------------------------------------------------------------------- */

static bool cpu_sees(struct worker *self, struct object *object, struct span span)
{
	object->kind->read(object, span.at, self->scratch, span.size);
	self->bytes += span.size;
	return as_expected(self, object, "the CPU", self->scratch, span);
}

static void cpu_changes(struct worker *self, struct object *object, struct span span)
{
	fill(self, self->scratch, span.size);
	object->kind->write(object, span.at, self->scratch, span.size);
	now_known(object, span, self->scratch);
	self->bytes += span.size;
}

static struct span within(struct worker *self, struct span outer)
{
	struct span span;

	span.at = outer.at + chance(self, outer.size);
	span.size = 1 + chance(self, outer.at + outer.size - span.at);
	return span;
}

static bool cpu_turn(struct worker *self, struct object *object)
{
	struct span span = {0, object->size};
	bool may_change = object->kind->consistent || object->dir != DMA_FROM_DEVICE;

	note(object, "CPU's turn");
	if (object->kind->parts || object->kind->consistent)
		span = some_span(self, object);
	if (object->kind->sync_for_cpu)
		anywhere(self, &(struct call){.run = for_cpu_call, .object = object, .span = span});
	if (cpu_sees(self, object, span) && may_change && chance(self, 2)) {
		note(object, "changed");
		cpu_changes(self, object, within(self, span));
	}
	if (object->kind->sync_for_device)
		anywhere(self,
			 &(struct call){.run = for_device_call, .object = object, .span = span});
	else
		wmb();
	return true;
}

/* --- life ------------------------------------------------------------------------------------- */

static bool coherent_machine(void)
{
	return dmk_kernel_machine()->pci->dma->coherent;
}

static struct card *some_card(struct worker *self)
{
	struct card *card;

	do
		card = &torture_card[chance(self, TORTURE_GUEST)];
	while (!card->dev);
	return card;
}

static void forget(struct object *object)
{
	free(object->expected);
	free(object->known);
	free(object);
}

/* The model of new memory: nobody knows what is in the driver's own, consistent memory is zero. */
static void model(struct object *object)
{
	object->expected = calloc(1, object->size);
	object->known = calloc(1, object->size);
	if (!object->expected || !object->known)
		abort();
	if (object->kind->consistent)
		memset(object->known, 1, object->size);
}

static bool lend(struct worker *self, struct object *object)
{
	struct call call = {.run = map_call, .object = object};
	struct span all = {0, object->size};

	cpu_changes(self, object, all);
	anywhere(self, &call);
	note(object, call.done ? "mapped" : "not mapped");
	if (!call.done)
		cpu_sees(self, object, all);
	/*
	 * What a device doesn't write of a buffer that is all its own is not kept by caches that
	 * must be invalidated.
	 */
	else if (object->dir == DMA_FROM_DEVICE && !coherent_machine())
		memset(object->known, 0, object->size);
	return call.done;
}

static struct object *new_object(struct worker *self, const struct kind *kind)
{
	static const enum dma_data_direction directions[] = {DMA_TO_DEVICE, DMA_FROM_DEVICE,
							     DMA_BIDIRECTIONAL};
	struct object *object = calloc(1, sizeof(*object));

	if (!object)
		abort();
	object->kind = kind;
	object->card = some_card(self);
	object->dir = directions[chance(self, ARRAY_SIZE(directions))];
	object->gfp = chance(self, 4) ? GFP_KERNEL : GFP_ATOMIC;
	object->size = some_size(self, kind->most);
	if (!kind->consistent && !chance(self, 8))
		object->attrs |= DMA_ATTR_SKIP_CPU_SYNC;
	object->attrs |= kind->consistent ? 0 : DMA_ATTR_NO_WARN;
	return object;
}

static bool make(struct worker *self)
{
	unsigned int number = chance(self, torture_kinds);
	const struct kind *kind = &torture_kind[number];
	struct object *object;

	if (kind->there && !kind->there())
		return false;
	object = new_object(self, kind);
	if (!kind->alloc(self, object)) {
		self->not_made[number]++;
		free(object);
		return false;
	}
	model(object);
	note(object, "made");
	if (kind->consistent)
		cpu_sees(self, object, (struct span){0, object->size});
	else if (!lend(self, object)) {
		self->not_made[number]++;
		kind->free(object);
		forget(object);
		return false;
	}
	self->made[number]++;
	self->object[self->nr_objects++] = object;
	self->most_objects = max(self->most_objects, self->nr_objects);
	return true;
}

static void end_object(struct worker *self, struct object *object)
{
	if (object->kind->unmap)
		anywhere(self, &(struct call){.run = unmap_call, .object = object});
	note(object, "ended");
	cpu_sees(self, object, (struct span){0, object->size});
	if (!object->kind->fenced(object))
		wrong(self, object, "a byte beside the buffer changed");
	object->kind->free(object);
	forget(object);
}

static bool end(struct worker *self, unsigned int index)
{
	end_object(self, self->object[index]);
	self->object[index] = self->object[--self->nr_objects];
	return true;
}

static void count(struct worker *self, enum work_kind kind, bool done)
{
	__atomic_fetch_add(done ? &self->done[kind] : &self->refused[kind], 1, __ATOMIC_RELAXED);
}

/* --- want ------------------------------------------------------------------------------------- */

enum { GLUT_PAGES = 4096, GLUT_ORDER = 6, GLUT_HELD = 256, GLUT_SIZE = 60 << 10 };

/*
 * Takes what memory there is, in large pieces and then in small ones, has somebody ask for more,
 * and gives it back. What others have lent meanwhile must not suffer, and what they are refused
 * they must survive.
 */
static bool glut(struct worker *self)
{
	struct page **taken = calloc(GLUT_PAGES, sizeof(*taken));
	unsigned int order = GLUT_ORDER, n = 0, *order_of = calloc(GLUT_PAGES, sizeof(*order_of));

	if (!taken || !order_of)
		abort();
	while (n < GLUT_PAGES) {
		taken[n] = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, order);
		if (taken[n])
			order_of[n++] = order;
		else if (order)
			order -= 2;
		else
			break;
	}
	for (unsigned int i = 0; i < 6 && self->nr_objects < OBJECTS; i++)
		count(self, WORK_MAKE, make(self));
	while (n--)
		__free_pages(taken[n], order_of[n]);
	free(taken);
	free(order_of);
	return true;
}

/*
 * Lends page after page to one card until there is no slot, window or record for more; all of them
 * are right at the end.
 */
static bool lend_all(struct worker *self)
{
	struct object *held[GLUT_HELD];
	const struct kind *kind = &torture_kind[0];
	unsigned int n;

	for (n = 0; n < GLUT_HELD && !torture_stops(); n++) {
		struct object *object = new_object(self, kind);

		object->size = GLUT_SIZE;
		object->card = n ? held[0]->card : object->card;
		if (!kind->alloc(self, object)) {
			free(object);
			break;
		}
		model(object);
		if (!lend(self, object)) {
			kind->free(object);
			forget(object);
			break;
		}
		held[n] = object;
	}
	while (n--)
		end_object(self, held[n]);
	return true;
}

/* --- what next -------------------------------------------------------------------------------- */

static bool card_may(const struct object *object, enum dma_data_direction dir)
{
	return object->kind->consistent || object->dir == DMA_BIDIRECTIONAL || object->dir == dir;
}

/* To see that the test sees: one byte, of which the model knows nothing. */
static void spoil(struct worker *self, struct object *object)
{
	u8 byte;

	if (!object->kind->consistent)
		return;
	object->kind->read(object, 0, &byte, 1);
	byte ^= 1;
	object->kind->write(object, 0, &byte, 1);
}

static void use(struct worker *self, unsigned int index)
{
	struct object *object = self->object[index];

	if (torture_options->spoil && self->operation >= torture_options->spoil)
		spoil(self, object);
	switch (chance(self, 3)) {
	case 0:
		if (card_may(object, DMA_TO_DEVICE)) {
			count(self, WORK_CARD_READS, card_reads(self, object));
			break;
		}
		/* fall through */
	case 1:
		if (card_may(object, DMA_FROM_DEVICE)) {
			count(self, WORK_CARD_WRITES, card_writes(self, object));
			break;
		}
		/* fall through */
	default:
		count(self, WORK_CPU_TURN, cpu_turn(self, object));
	}
}

/*
 * Times of plenty and of want, so that memory, slots and records run out now and then, and
 * everything is given back again.
 */
static void turn_of_phase(struct worker *self)
{
	if (self->phase--)
		return;
	self->phase = 50 + chance(self, 400);
	self->shrinking = !chance(self, 3);
}

static void operate(struct worker *self)
{
	unsigned int making = self->shrinking ? 8 : 35, ending = self->shrinking ? 40 : 12;

	next_operation(self);
	turn_of_phase(self);
	if (!self->index && torture_card[TORTURE_GUEST].pdev && !chance(self, 300))
		count(self, WORK_GUEST, card_visit(&torture_card[TORTURE_GUEST]));
	else if (!chance(self, 4000))
		count(self, WORK_GLUT, chance(self, 2) ? glut(self) : lend_all(self));
	else if (!self->nr_objects || (self->nr_objects < OBJECTS && chance(self, 100) < making))
		count(self, WORK_MAKE, make(self));
	else if (chance(self, 100) < ending)
		count(self, WORK_END, end(self, chance(self, self->nr_objects)));
	else
		use(self, chance(self, self->nr_objects));
}

static bool share_done(const struct worker *self)
{
	return torture_options->ops &&
	       self->operation >= DIV_ROUND_UP(torture_options->ops, torture_options->threads);
}

int torture_work(void *data)
{
	struct worker *self = data;

	while (!kthread_should_stop()) {
		if (torture_stops() || share_done(self))
			msleep(1);
		else
			operate(self);
	}
	while (self->nr_objects)
		end(self, self->nr_objects - 1);
	return 0;
}
