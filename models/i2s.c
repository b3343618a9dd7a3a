// SPDX-License-Identifier: MIT
/*
 * The audio interface of docs/i2s.md: frames at a rate, out of one FIFO and into another, which a
 * DMA controller fills and empties. The document is the specification, and words here mean what
 * they mean there.
 */
#include "card.h"

#include <string.h>

enum {
	REG_ID = 0x00,
	REG_CONTROL = 0x04,
	REG_IRQ_STATUS = 0x0c,
	REG_IRQ_ENABLE = 0x10,
	REG_TX_DATA = 0x14,
	REG_RX_DATA = 0x18,
	REG_WATERMARK = 0x1c,
	REG_PLAYED = 0x20,
	REG_CAPTURED = 0x24,
	REG_UNDERRUNS = 0x28,
	REG_OVERRUNS = 0x2c,
	REG_SUM = 0x30,
	REG_SUM_FRAMES = 0x34,
};

#define ID_VALUE      0x49530001u
#define CONTROL_RESET 0x80000000u

enum { PLAY = 1, CAPTURE = 2, LOOPBACK = 4, CONTROL_ALL = 7 };
enum { IRQ_UNDERRUN = 1, IRQ_OVERRUN = 2, IRQ_ALL = 3 };
enum { RX, TX };
enum { FIFO = 32, AT_A_TIME = 8 };

struct i2s {
	uint32_t usec; /* a property: it outlives a reset */

	uint32_t control, watermark[2];
	struct card_irq irq;
	struct card_fifo fifo[2];
	bool flowing; /* the first frame to play has come: from now on one is missed */
	uint32_t played, captured, underruns, overruns, heard;
	uint32_t sum, sum_frames;
};

static void update_requests(struct dmk_instance *card, const struct i2s *i2s)
{
	const uint32_t on = i2s->control;

	drive_request(card, RX, on & CAPTURE ? i2s->fifo[RX].count : 0, i2s->watermark[RX]);
	drive_request(card, TX, on & PLAY ? FIFO - i2s->fifo[TX].count : 0, i2s->watermark[TX]);
}

/* --- frames ----------------------------------------------------------------------------------- */

/* What is not there in time is silence. */
static uint32_t play(struct dmk_instance *card, struct i2s *i2s)
{
	uint32_t frame;

	if (!i2s->fifo[TX].count) {
		if (i2s->flowing) {
			i2s->underruns++;
			raise_irq(card, &i2s->irq, IRQ_UNDERRUN);
		}
		return 0;
	}
	i2s->flowing = true;
	frame = card_fifo_get(&i2s->fifo[TX]);
	if (i2s->played++ < i2s->sum_frames)
		i2s->sum = i2s->sum * 31 + frame;
	return frame;
}

static void capture(struct dmk_instance *card, struct i2s *i2s, uint32_t frame)
{
	if (card_fifo_put(&i2s->fifo[RX], FIFO, frame)) {
		i2s->captured++;
		return;
	}
	i2s->overruns++;
	raise_irq(card, &i2s->irq, IRQ_OVERRUN);
}

static void tick(struct dmk_instance *card, void *state)
{
	struct i2s *i2s = state;

	for (unsigned int i = 0; i < AT_A_TIME; i++) {
		const uint32_t played = i2s->control & PLAY ? play(card, i2s) : 0;
		const uint32_t heard = i2s->heard++;

		if (i2s->control & CAPTURE)
			capture(card, i2s, i2s->control & LOOPBACK ? played : heard);
	}
	dmk_instance_after(card, i2s->usec, tick);
	update_requests(card, i2s);
}

/* --- registers -------------------------------------------------------------------------------- */

static void reset(struct dmk_instance *card, void *state)
{
	struct i2s *i2s = state;
	const uint32_t usec = i2s->usec;

	dmk_instance_cancel(card, tick);
	memset(i2s, 0, sizeof(*i2s));
	i2s->usec = usec;
	i2s->watermark[RX] = i2s->watermark[TX] = 1;
	update_requests(card, i2s);
	update_irq(card, &i2s->irq);
}

static void begin_play(struct i2s *i2s)
{
	i2s->fifo[TX] = (struct card_fifo){0};
	i2s->flowing = false;
	i2s->played = i2s->underruns = i2s->sum = 0;
}

static void begin_capture(struct i2s *i2s)
{
	i2s->fifo[RX] = (struct card_fifo){0};
	i2s->captured = i2s->overruns = i2s->heard = 0;
}

static void write_control(struct dmk_instance *card, struct i2s *i2s, uint32_t value)
{
	const uint32_t begun = value & ~i2s->control;

	if (value & CONTROL_RESET) {
		reset(card, i2s);
		return;
	}
	if (begun & PLAY)
		begin_play(i2s);
	if (begun & CAPTURE)
		begin_capture(i2s);
	if (!(i2s->control & (PLAY | CAPTURE)) && value & (PLAY | CAPTURE))
		dmk_instance_after(card, i2s->usec, tick);
	if (!(value & (PLAY | CAPTURE)))
		dmk_instance_cancel(card, tick);
	i2s->control = value & CONTROL_ALL;
	update_requests(card, i2s);
}

/* While it plays not; with a full FIFO it is dropped. */
static void put_frame(struct dmk_instance *card, struct i2s *i2s, uint32_t frame)
{
	if (i2s->control & PLAY)
		card_fifo_put(&i2s->fifo[TX], FIFO, frame);
	update_requests(card, i2s);
}

static void write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		  unsigned int width, uint64_t value)
{
	struct i2s *i2s = state;

	if (width != 4)
		return;
	switch (offset) {
	case REG_CONTROL:
		write_control(card, i2s, value);
		break;
	case REG_IRQ_STATUS:
	case REG_IRQ_ENABLE:
		write_irq(card, &i2s->irq, offset == REG_IRQ_ENABLE, value & IRQ_ALL);
		break;
	case REG_TX_DATA:
		put_frame(card, i2s, value);
		break;
	case REG_WATERMARK:
		set_watermarks(i2s->watermark, value, FIFO);
		update_requests(card, i2s);
		break;
	case REG_SUM_FRAMES:
		i2s->sum_frames = value;
		break;
	}
}

static uint64_t read(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		     unsigned int width)
{
	struct i2s *i2s = state;
	uint32_t taken;

	if (width != 4)
		return ~0ull;
	switch (offset) {
	case REG_ID:
		return ID_VALUE;
	case REG_CONTROL:
		return i2s->control;
	case REG_IRQ_STATUS:
		return i2s->irq.status;
	case REG_IRQ_ENABLE:
		return i2s->irq.enable;
	case REG_RX_DATA:
		taken = card_fifo_get(&i2s->fifo[RX]);
		update_requests(card, i2s);
		return taken;
	case REG_WATERMARK:
		return i2s->watermark[RX] | i2s->watermark[TX] << 8;
	case REG_PLAYED:
		return i2s->played;
	case REG_CAPTURED:
		return i2s->captured;
	case REG_UNDERRUNS:
		return i2s->underruns;
	case REG_OVERRUNS:
		return i2s->overruns;
	case REG_SUM:
		return i2s->sum;
	case REG_SUM_FRAMES:
		return i2s->sum_frames;
	}
	return 0xffffffff;
}

/* --- life ------------------------------------------------------------------------------------- */

static int start(struct dmk_instance *card, void *state)
{
	struct i2s *i2s = state;
	uint64_t usec;

	if (card_property(card, "usec", 1, 1000000, &usec))
		return -EINVAL;
	i2s->usec = usec;
	reset(card, i2s);
	return 0;
}

static void stop(struct dmk_instance *card, void *state)
{
}

static const struct dmk_model_property properties[] = {
	{"usec", 100, "microseconds that 8 frames take, 1 to 1000000"},
	{NULL},
};

static const char *const requests[] = {"rx", "tx", NULL};

extern const struct dmk_model dmk_model_i2s;
const struct dmk_model dmk_model_i2s = {
	.name = "i2s",
	.summary = "an audio interface: frames at a rate, by a DMA controller (docs/i2s.md)",
	.bar = {{DMK_BAR_MMIO32, 4096}},
	.compatible = "dmakit,i2s",
	.requests = requests,
	.properties = properties,
	.state_size = sizeof(struct i2s),
	.start = start,
	.reset = reset,
	.stop = stop,
	.read = read,
	.write = write,
};
