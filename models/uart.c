// SPDX-License-Identifier: MIT
/*
 * The UART of docs/uart.md: a FIFO each way, requests to a DMA controller, a loopback, and a line
 * that is not always clean. The document is the specification, and words here mean what they mean
 * there.
 *
 * Characters go by eight at a time: as many timers as a character each would have cost too much.
 */
#include "card.h"

#include <string.h>

enum {
	REG_ID = 0x00,
	REG_CONTROL = 0x04,
	REG_STATUS = 0x08,
	REG_IRQ_STATUS = 0x0c,
	REG_IRQ_ENABLE = 0x10,
	REG_DATA = 0x14,
	REG_LEVEL = 0x18,
	REG_WATERMARK = 0x1c,
	REG_SENT = 0x20,
	REG_RECEIVED = 0x24,
	REG_LINE_ERRORS = 0x28,
	REG_LOST = 0x2c,
};

#define ID_VALUE      0x55410001u
#define CONTROL_RESET 0x80000000u

enum { ENABLE = 1, LOOPBACK = 2, TX_DMA = 4, RX_DMA = 8, CONTROL_ALL = 15 };
enum { TX_BUSY = 1, RX_READY = 2 };
enum { IRQ_RX_IDLE = 1, IRQ_TX_EMPTY = 2, IRQ_LOST = 4, IRQ_LINE = 8, IRQ_ALL = 15 };
enum { RX, TX };
enum { FIFO = CARD_FIFO, AT_A_TIME = 8, IDLE_TIMES = 4 };

struct uart {
	uint32_t usec, errors; /* properties: they outlive a reset */

	uint32_t control, watermark[2];
	struct card_irq irq;
	struct card_fifo fifo[2];
	uint32_t sent, received, line_errors, lost;
};

static void tick(struct dmk_instance *card, void *state);

static void update_requests(struct dmk_instance *card, const struct uart *uart)
{
	const uint32_t on = uart->control & ENABLE ? uart->control : 0;

	drive_request(card, RX, on & RX_DMA ? uart->fifo[RX].count : 0, uart->watermark[RX]);
	drive_request(card, TX, on & TX_DMA ? FIFO - uart->fifo[TX].count : 0, uart->watermark[TX]);
}

/* --- the line --------------------------------------------------------------------------------- */

/* Not before the controller has taken what it was asked to: who is told looks at memory. */
static void idle(struct dmk_instance *card, void *state)
{
	struct uart *uart = state;

	if (uart->control & RX_DMA && uart->fifo[RX].count)
		dmk_instance_after(card, IDLE_TIMES * uart->usec, idle);
	else
		raise_irq(card, &uart->irq, IRQ_RX_IDLE);
}

static void receive(struct dmk_instance *card, struct uart *uart, uint8_t byte)
{
	uart->received++;
	if (uart->errors && !(uart->received % uart->errors)) {
		uart->line_errors++;
		byte = 0;
		raise_irq(card, &uart->irq, IRQ_LINE);
	}
	if (!card_fifo_put(&uart->fifo[RX], FIFO, byte)) {
		uart->lost++;
		raise_irq(card, &uart->irq, IRQ_LOST);
	}
	dmk_instance_after(card, IDLE_TIMES * uart->usec, idle);
}

static void tick(struct dmk_instance *card, void *state)
{
	struct uart *uart = state;
	struct card_fifo *fifo = &uart->fifo[TX];

	if (!(uart->control & ENABLE))
		return;
	for (unsigned int i = 0; i < AT_A_TIME && fifo->count; i++) {
		const uint8_t byte = card_fifo_get(fifo);

		uart->sent++;
		if (uart->control & LOOPBACK)
			receive(card, uart, byte);
	}
	if (fifo->count)
		dmk_instance_after(card, uart->usec, tick);
	else
		raise_irq(card, &uart->irq, IRQ_TX_EMPTY);
	update_requests(card, uart);
}

/* --- registers -------------------------------------------------------------------------------- */

static void reset(struct dmk_instance *card, void *state)
{
	struct uart *uart = state;
	const uint32_t usec = uart->usec, errors = uart->errors;

	dmk_instance_cancel(card, tick);
	dmk_instance_cancel(card, idle);
	memset(uart, 0, sizeof(*uart));
	uart->usec = usec;
	uart->errors = errors;
	uart->watermark[RX] = uart->watermark[TX] = 1;
	update_requests(card, uart);
	update_irq(card, &uart->irq);
}

static void write_control(struct dmk_instance *card, struct uart *uart, uint32_t value)
{
	if (value & CONTROL_RESET) {
		reset(card, uart);
		return;
	}
	uart->control = value & CONTROL_ALL;
	if (uart->fifo[TX].count)
		dmk_instance_after(card, uart->usec, tick);
	update_requests(card, uart);
}

/* With a full FIFO it is dropped. */
static void send(struct dmk_instance *card, struct uart *uart, uint8_t byte)
{
	if (!uart->fifo[TX].count)
		dmk_instance_after(card, uart->usec, tick);
	card_fifo_put(&uart->fifo[TX], FIFO, byte);
	update_requests(card, uart);
}

static void write(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		  unsigned int width, uint64_t value)
{
	struct uart *uart = state;

	if (width != 4 && (width != 1 || offset != REG_DATA))
		return;
	switch (offset) {
	case REG_CONTROL:
		write_control(card, uart, value);
		break;
	case REG_IRQ_STATUS:
	case REG_IRQ_ENABLE:
		write_irq(card, &uart->irq, offset == REG_IRQ_ENABLE, value & IRQ_ALL);
		break;
	case REG_DATA:
		send(card, uart, value);
		break;
	case REG_WATERMARK:
		set_watermarks(uart->watermark, value, FIFO);
		update_requests(card, uart);
		break;
	}
}

static uint64_t read(struct dmk_instance *card, void *state, unsigned int bar, uint64_t offset,
		     unsigned int width)
{
	struct uart *uart = state;
	uint32_t taken;

	if (width != 4 && (width != 1 || offset != REG_DATA))
		return ~0ull;
	switch (offset) {
	case REG_ID:
		return ID_VALUE;
	case REG_CONTROL:
		return uart->control;
	case REG_STATUS:
		return (uart->fifo[TX].count ? TX_BUSY : 0) | (uart->fifo[RX].count ? RX_READY : 0);
	case REG_IRQ_STATUS:
		return uart->irq.status;
	case REG_IRQ_ENABLE:
		return uart->irq.enable;
	case REG_DATA:
		taken = card_fifo_get(&uart->fifo[RX]);
		update_requests(card, uart);
		return taken;
	case REG_LEVEL:
		return uart->fifo[RX].count | uart->fifo[TX].count << 8;
	case REG_WATERMARK:
		return uart->watermark[RX] | uart->watermark[TX] << 8;
	case REG_SENT:
		return uart->sent;
	case REG_RECEIVED:
		return uart->received;
	case REG_LINE_ERRORS:
		return uart->line_errors;
	case REG_LOST:
		return uart->lost;
	}
	return 0xffffffff;
}

/* --- life ------------------------------------------------------------------------------------- */

static int start(struct dmk_instance *card, void *state)
{
	struct uart *uart = state;
	uint64_t usec, errors;

	if (card_property(card, "usec", 1, 1000000, &usec) ||
	    card_property(card, "errors", 0, 0xffffffff, &errors))
		return -EINVAL;
	uart->usec = usec;
	uart->errors = errors;
	reset(card, uart);
	return 0;
}

static void stop(struct dmk_instance *card, void *state)
{
}

static const struct dmk_model_property properties[] = {
	{"usec", 20, "microseconds that 8 characters take, 1 to 1000000"},
	{"errors", 0, "each so many-th character received is broken; 0: none"},
	{NULL},
};

static const char *const requests[] = {"rx", "tx", NULL};

extern const struct dmk_model dmk_model_uart;
const struct dmk_model dmk_model_uart = {
	.name = "uart",
	.summary = "a UART with FIFOs, served by a DMA controller (docs/uart.md)",
	.bar = {{DMK_BAR_MMIO32, 4096}},
	.compatible = "dmakit,uart",
	.requests = requests,
	.properties = properties,
	.state_size = sizeof(struct uart),
	.start = start,
	.reset = reset,
	.stop = stop,
	.read = read,
	.write = write,
};
