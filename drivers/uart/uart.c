// SPDX-License-Identifier: MIT
/*
 * A driver for the UART of docs/uart.md, whose characters a DMA controller moves: a client of the
 * DMA engine. /dev/uart0 is read and written.
 *
 * The lesson is the two sides' different questions. What is sent has an end: uart_send() maps a
 * list, submits it, waits for the callback, and has to know what to do when none comes. What is
 * received has none: two transfers as long as their buffers are submitted, one behind the other,
 * and the residue says how far the first one is (uart_received()); what is read is synced for the
 * CPU, a part at a time, while the rest is still the controller's.
 * Between the two lies an interrupt: what comes meanwhile has to fit the FIFO.
 *
 * Buffers are mapped for the controller, not for the UART: it is the one that masters the bus.
 *
 * Who may touch what: tx_lock and rx_lock guard the two sides; callbacks and the interrupt only
 * wake, and leave a word in tx_result, or in a buffer's result.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "uart.h"

#define UART_ID             0x00
#define UART_ID_VALUE       0x55410001
#define UART_CONTROL        0x04
#define UART_CONTROL_ENABLE 0x00000001
#define UART_CONTROL_LOOP   0x00000002
#define UART_CONTROL_TX_DMA 0x00000004
#define UART_CONTROL_RX_DMA 0x00000008
#define UART_CONTROL_RESET  0x80000000
#define UART_STATUS         0x08
#define UART_STATUS_TX_BUSY 0x01
#define UART_IRQ_STATUS     0x0c
#define UART_IRQ_ENABLE     0x10
#define UART_IRQ_RX_IDLE    0x01
#define UART_IRQ_TX_EMPTY   0x02
#define UART_IRQ_LOST       0x04
#define UART_IRQ_LINE       0x08
#define UART_DATA           0x14
#define UART_WATERMARK      0x1c
#define UART_SENT           0x20
#define UART_RECEIVED       0x24
#define UART_LINE_ERRORS    0x28
#define UART_LOST           0x2c

/* Characters of a burst: one by one in, so that none waits in the FIFO for more to come. */
#define UART_RX_BURST 1
#define UART_TX_BURST 8

#define UART_RX_SIZE  4096
#define UART_RX_SLOTS 2
#define UART_RX_RUNS  1
#define UART_TX_PART  1024
#define UART_TX_PARTS 4

#define UART_PATIENCE msecs_to_jiffies(2000)

/* A buffer that is received into. */
struct uart_rx {
	struct uart *uart;
	u8 *bytes;
	dma_addr_t dma;
	dma_cookie_t cookie;
	u32 seen;   /* what there was of it when it was looked at last */
	u32 end;    /* what there is of it, once it has ended */
	int result; /* UART_RX_RUNS; 0: it ended; negative: it failed */
};

struct uart {
	struct device *dev;
	void __iomem *regs;
	phys_addr_t data; /* where the controller finds the register */
	struct miscdevice misc;
	char name[12];
	int number;
	wait_queue_head_t wait; /* woken by each interrupt, and by callbacks */
	unsigned long open;     /* bit 0: a file is */
	struct mutex control_lock;
	u32 control;
	u32 timeouts;

	struct mutex tx_lock;
	struct dma_chan *tx;
	struct completion tx_done;
	enum dmaengine_tx_result tx_result;
	struct scatterlist tx_sg[UART_TX_PARTS];

	struct mutex rx_lock;
	struct dma_chan *rx;
	struct uart_rx rx_slot[UART_RX_SLOTS];
	unsigned int rx_first; /* the one that is read */
	u32 rx_taken;          /* what was read of it */
};

static DEFINE_IDA(uart_numbers);

static void uart_set_control(struct uart *uart, u32 clear, u32 set)
{
	mutex_lock(&uart->control_lock);
	uart->control = (uart->control & ~clear) | set;
	writel(uart->control, uart->regs + UART_CONTROL);
	mutex_unlock(&uart->control_lock);
}

static void uart_reset(struct uart *uart)
{
	writel(UART_CONTROL_RESET, uart->regs + UART_CONTROL);
	uart->control = 0;
	/* Reading back makes sure that the reset has reached it. */
	readl(uart->regs + UART_CONTROL);
}

/* --- sending ---------------------------------------------------------------------------------- */

static void uart_sent(void *param, const struct dmaengine_result *result)
{
	struct uart *uart = param;

	uart->tx_result = result->result;
	complete(&uart->tx_done);
}

static void uart_free_parts(struct uart *uart, unsigned int nr)
{
	while (nr--)
		kfree(sg_virt(&uart->tx_sg[nr]));
}

/* A list of as many parts as it takes. Return: how many, or an error. */
static int uart_make_parts(struct uart *uart, const char __user *user, size_t size)
{
	const unsigned int wanted = DIV_ROUND_UP(size, UART_TX_PART);
	unsigned int nr;

	sg_init_table(uart->tx_sg, wanted);
	for (nr = 0; nr < wanted; nr++) {
		const size_t at = (size_t)nr * UART_TX_PART;
		const size_t part = min_t(size_t, size - at, UART_TX_PART);
		u8 *bytes = kmalloc(part, GFP_KERNEL);

		if (!bytes) {
			uart_free_parts(uart, nr);
			return -ENOMEM;
		}
		sg_set_buf(&uart->tx_sg[nr], bytes, part);
		if (copy_from_user(bytes, user + at, part)) {
			uart_free_parts(uart, nr + 1);
			return -EFAULT;
		}
	}
	return nr;
}

/*
 * Wait for the end of what was issued. A controller that does not come to it is asked how far it
 * is, and made to stop; after terminate_sync() no callback runs, and the memory is ours again.
 */
static ssize_t uart_wait_sent(struct uart *uart, dma_cookie_t cookie, size_t size)
{
	struct dma_tx_state state = { .residue = 0 };

	if (wait_for_completion_timeout(&uart->tx_done, UART_PATIENCE)) {
		if (uart->tx_result == DMA_TRANS_NOERROR)
			return size;
		dev_warn(uart->dev, "sending failed\n");
		return -EIO;
	}
	uart->timeouts++;
	dmaengine_pause(uart->tx);
	dmaengine_tx_status(uart->tx, cookie, &state);
	dmaengine_terminate_sync(uart->tx);
	dev_warn(uart->dev, "sending does not end, %u of %zu characters are left\n", state.residue,
		 size);
	return size > state.residue ? size - state.residue : -ETIMEDOUT;
}

static ssize_t uart_send_list(struct uart *uart, unsigned int nents, size_t size)
{
	struct dma_async_tx_descriptor *desc;
	dma_cookie_t cookie;

	desc = dmaengine_prep_slave_sg(uart->tx, uart->tx_sg, nents, DMA_MEM_TO_DEV,
				       DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!desc)
		return -ENOMEM;
	reinit_completion(&uart->tx_done);
	desc->callback_result = uart_sent;
	desc->callback_param = uart;
	cookie = dmaengine_submit(desc);
	if (dma_submit_error(cookie))
		return -EIO;
	dma_async_issue_pending(uart->tx);
	return uart_wait_sent(uart, cookie, size);
}

/* At most UART_TX_PARTS parts; tx_lock is held. */
static ssize_t uart_send(struct uart *uart, const char __user *user, size_t size)
{
	struct device *master = dmaengine_get_dma_device(uart->tx);
	int parts = uart_make_parts(uart, user, size);
	ssize_t result = -ENOMEM;
	int nents;

	if (parts < 0)
		return parts;
	nents = dma_map_sg(master, uart->tx_sg, parts, DMA_TO_DEVICE);
	if (nents) {
		result = uart_send_list(uart, nents, size);
		/* The same count that was mapped, not what came of it. */
		dma_unmap_sg(master, uart->tx_sg, parts, DMA_TO_DEVICE);
	}
	uart_free_parts(uart, parts);
	return result;
}

static ssize_t uart_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	struct uart *uart = file->private_data;
	ssize_t part = 0;
	size_t done = 0;

	if (mutex_lock_interruptible(&uart->tx_lock))
		return -ERESTARTSYS;
	while (done < size && part >= 0) {
		part = uart_send(uart, user + done,
				 min_t(size_t, size - done, UART_TX_PARTS * UART_TX_PART));
		if (part > 0)
			done += part;
	}
	mutex_unlock(&uart->tx_lock);
	return done ? done : part;
}

static bool uart_is_sent(struct uart *uart)
{
	return !(readl(uart->regs + UART_STATUS) & UART_STATUS_TX_BUSY);
}

static int uart_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	struct uart *uart = file->private_data;
	long left = wait_event_interruptible_timeout(uart->wait, uart_is_sent(uart),
						     UART_PATIENCE);

	return left > 0 ? 0 : left ? left : -ETIMEDOUT;
}

/* --- receiving -------------------------------------------------------------------------------- */

static void uart_rx_ended(void *param, const struct dmaengine_result *result)
{
	struct uart_rx *rx = param;

	rx->end = UART_RX_SIZE - result->residue;
	/* The place before the word that it counts; partner: uart_received(). */
	smp_store_release(&rx->result, result->result == DMA_TRANS_NOERROR ? 0 : -EIO);
	wake_up_interruptible(&rx->uart->wait);
}

/* The buffer is the controller's from here on. */
static int uart_submit_rx(struct uart *uart, struct uart_rx *rx)
{
	struct dma_async_tx_descriptor *desc;

	/* Of one that is not under way there is nothing, and that is an error. */
	rx->seen = 0;
	rx->end = 0;
	rx->result = -ENOMEM;
	desc = dmaengine_prep_slave_single(uart->rx, rx->dma, UART_RX_SIZE, DMA_DEV_TO_MEM,
					   DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!desc)
		return -ENOMEM;
	desc->callback_result = uart_rx_ended;
	desc->callback_param = rx;
	rx->result = UART_RX_RUNS;
	rx->cookie = dmaengine_submit(desc);
	if (dma_submit_error(rx->cookie)) {
		rx->result = -EIO;
		return -EIO;
	}
	dma_async_issue_pending(uart->rx);
	return 0;
}

/* How much of a buffer was received: never less than it was before. rx_lock is held. */
static u32 uart_received(struct uart *uart, struct uart_rx *rx)
{
	struct dma_tx_state state = { .residue = UART_RX_SIZE };

	if (smp_load_acquire(&rx->result) != UART_RX_RUNS)
		return rx->end;
	/* Of one that is complete no residue is told: its callback is waited for. */
	if (dmaengine_tx_status(uart->rx, rx->cookie, &state) != DMA_COMPLETE)
		rx->seen = UART_RX_SIZE - state.residue;
	return rx->seen;
}

/* The one that is read; the other comes after it. */
static struct uart_rx *uart_oldest(struct uart *uart)
{
	return &uart->rx_slot[uart->rx_first];
}

static bool uart_has_some(struct uart *uart)
{
	return uart_received(uart, uart_oldest(uart)) > uart->rx_taken;
}

static bool uart_has_ended(struct uart *uart)
{
	return smp_load_acquire(&uart_oldest(uart)->result) != UART_RX_RUNS;
}

static void uart_unmap_rx(struct uart *uart, unsigned int nr)
{
	while (nr--)
		dma_unmap_single(dmaengine_get_dma_device(uart->rx), uart->rx_slot[nr].dma,
				 UART_RX_SIZE, DMA_FROM_DEVICE);
}

static void uart_stop_rx(struct uart *uart)
{
	dmaengine_terminate_sync(uart->rx);
	uart_unmap_rx(uart, UART_RX_SLOTS);
}

/* Both are mapped as long as the file is open. */
static int uart_start_rx(struct uart *uart)
{
	struct device *master = dmaengine_get_dma_device(uart->rx);
	unsigned int i;
	int err = 0;

	for (i = 0; i < UART_RX_SLOTS; i++) {
		struct uart_rx *rx = &uart->rx_slot[i];

		rx->dma = dma_map_single(master, rx->bytes, UART_RX_SIZE, DMA_FROM_DEVICE);
		if (dma_mapping_error(master, rx->dma)) {
			uart_unmap_rx(uart, i);
			return -ENOMEM;
		}
	}
	uart->rx_first = 0;
	uart->rx_taken = 0;
	for (i = 0; i < UART_RX_SLOTS && !err; i++)
		err = uart_submit_rx(uart, &uart->rx_slot[i]);
	if (err)
		uart_stop_rx(uart);
	return err;
}

/* Some of what is there: that part, and no other, is the CPU's for as long as it is copied. */
static ssize_t uart_take(struct uart *uart, char __user *user, size_t size)
{
	struct device *master = dmaengine_get_dma_device(uart->rx);
	struct uart_rx *rx = uart_oldest(uart);
	const size_t part = min_t(size_t, size, uart_received(uart, rx) - uart->rx_taken);
	const dma_addr_t dma = rx->dma + uart->rx_taken;
	ssize_t result = part;

	dma_sync_single_for_cpu(master, dma, part, DMA_FROM_DEVICE);
	if (copy_to_user(user, rx->bytes + uart->rx_taken, part))
		result = -EFAULT;
	dma_sync_single_for_device(master, dma, part, DMA_FROM_DEVICE);
	if (result > 0)
		uart->rx_taken += part;
	return result;
}

/*
 * The oldest has ended, and all of it was read: it is submitted anew, behind the other. What made
 * it end is told, once.
 */
static int uart_go_on(struct uart *uart)
{
	struct uart_rx *rx = uart_oldest(uart);
	const int result = rx->result;

	uart->rx_taken = 0;
	uart->rx_first = (uart->rx_first + 1) % UART_RX_SLOTS;
	uart_submit_rx(uart, rx);
	return result;
}

static ssize_t uart_read_some(struct uart *uart, char __user *user, size_t size, bool may_wait)
{
	int err = 0;

	while (!err) {
		if (uart_has_some(uart))
			return uart_take(uart, user, size);
		if (uart_has_ended(uart))
			err = uart_go_on(uart);
		else if (may_wait)
			err = wait_event_interruptible(uart->wait, uart_has_some(uart) ||
									   uart_has_ended(uart));
		else
			err = -EAGAIN;
	}
	return err;
}

static ssize_t uart_read(struct file *file, char __user *user, size_t size, loff_t *pos)
{
	struct uart *uart = file->private_data;
	ssize_t result;

	if (!size)
		return 0;
	if (mutex_lock_interruptible(&uart->rx_lock))
		return -ERESTARTSYS;
	result = uart_read_some(uart, user, size, !(file->f_flags & O_NONBLOCK));
	mutex_unlock(&uart->rx_lock);
	return result;
}

/* --- interrupts ------------------------------------------------------------------------------- */

static irqreturn_t uart_interrupt(int irq, void *data)
{
	struct uart *uart = data;
	u32 status = readl(uart->regs + UART_IRQ_STATUS);

	if (!status || status == ~0u)
		return IRQ_NONE;

	writel(status, uart->regs + UART_IRQ_STATUS);
	wake_up_interruptible(&uart->wait);
	return IRQ_HANDLED;
}

/* --- the file --------------------------------------------------------------------------------- */

static int uart_open(struct inode *inode, struct file *file)
{
	struct uart *uart = container_of(file->private_data, struct uart, misc);
	int err;

	if (test_and_set_bit(0, &uart->open))
		return -EBUSY;
	file->private_data = uart;
	mutex_lock(&uart->rx_lock);
	err = uart_start_rx(uart);
	mutex_unlock(&uart->rx_lock);
	if (err) {
		clear_bit(0, &uart->open);
		return err;
	}
	/* What is in the FIFOs is nobody's any more. */
	uart_reset(uart);
	writel(UART_RX_BURST | UART_TX_BURST << 8, uart->regs + UART_WATERMARK);
	writel(UART_IRQ_RX_IDLE | UART_IRQ_TX_EMPTY | UART_IRQ_LOST | UART_IRQ_LINE,
	       uart->regs + UART_IRQ_ENABLE);
	uart_set_control(uart, 0, UART_CONTROL_ENABLE | UART_CONTROL_TX_DMA | UART_CONTROL_RX_DMA);
	return 0;
}

static int uart_release(struct inode *inode, struct file *file)
{
	struct uart *uart = file->private_data;

	uart_reset(uart);
	mutex_lock(&uart->rx_lock);
	uart_stop_rx(uart);
	mutex_unlock(&uart->rx_lock);
	clear_bit(0, &uart->open);
	return 0;
}

static int uart_ioctl_info(struct uart *uart, struct uart_info __user *user)
{
	struct uart_info info = {
		.sent = readl(uart->regs + UART_SENT),
		.received = readl(uart->regs + UART_RECEIVED),
		.line_errors = readl(uart->regs + UART_LINE_ERRORS),
		.lost = readl(uart->regs + UART_LOST),
		.timeouts = uart->timeouts,
	};

	return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : 0;
}

static int uart_ioctl_loop(struct uart *uart, const u32 __user *user)
{
	u32 value;

	if (copy_from_user(&value, user, sizeof(value)))
		return -EFAULT;
	uart_set_control(uart, UART_CONTROL_LOOP, value ? UART_CONTROL_LOOP : 0);
	return 0;
}

static long uart_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct uart *uart = file->private_data;
	void __user *user = (void __user *)argument;

	switch (command) {
	case UART_IOC_INFO:
		return uart_ioctl_info(uart, user);
	case UART_IOC_LOOP:
		return uart_ioctl_loop(uart, user);
	}
	return -ENOTTY;
}

static __poll_t uart_poll(struct file *file, poll_table *table)
{
	struct uart *uart = file->private_data;
	__poll_t ready = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &uart->wait, table);
	mutex_lock(&uart->rx_lock);
	if (uart_has_some(uart) || uart_has_ended(uart))
		ready |= EPOLLIN | EPOLLRDNORM;
	mutex_unlock(&uart->rx_lock);
	return ready;
}

static const struct file_operations uart_fops = {
	.owner = THIS_MODULE,
	.open = uart_open,
	.release = uart_release,
	.read = uart_read,
	.write = uart_write,
	.fsync = uart_fsync,
	.unlocked_ioctl = uart_ioctl,
	.poll = uart_poll,
};

/* --- life ------------------------------------------------------------------------------------- */

/* The channel that the devicetree calls @name; -EPROBE_DEFER: its controller has no driver yet. */
static struct dma_chan *uart_request(struct uart *uart, const char *name)
{
	struct dma_slave_config config = {
		.src_addr = uart->data,
		.dst_addr = uart->data,
		.src_addr_width = DMA_SLAVE_BUSWIDTH_1_BYTE,
		.dst_addr_width = DMA_SLAVE_BUSWIDTH_1_BYTE,
		.src_maxburst = UART_RX_BURST,
		.dst_maxburst = UART_TX_BURST,
	};
	struct dma_chan *chan = dma_request_chan(uart->dev, name);
	int err;

	if (IS_ERR(chan))
		return ERR_PTR(dev_err_probe(uart->dev, PTR_ERR(chan), "no channel \"%s\"\n",
					     name));
	err = dmaengine_slave_config(chan, &config);
	if (err) {
		dma_release_channel(chan);
		return ERR_PTR(err);
	}
	return chan;
}

static int uart_request_channels(struct uart *uart)
{
	uart->rx = uart_request(uart, "rx");
	if (IS_ERR(uart->rx))
		return PTR_ERR(uart->rx);
	uart->tx = uart_request(uart, "tx");
	if (!IS_ERR(uart->tx))
		return 0;
	dma_release_channel(uart->rx);
	return PTR_ERR(uart->tx);
}

static struct uart *uart_setup(struct platform_device *pdev)
{
	struct uart *uart = devm_kzalloc(&pdev->dev, sizeof(*uart), GFP_KERNEL);
	struct resource *res;
	unsigned int i;

	if (!uart)
		return ERR_PTR(-ENOMEM);
	uart->dev = &pdev->dev;
	uart->regs = devm_platform_get_and_ioremap_resource(pdev, 0, &res);
	if (IS_ERR(uart->regs))
		return ERR_CAST(uart->regs);
	if (readl(uart->regs + UART_ID) != UART_ID_VALUE)
		return ERR_PTR(dev_err_probe(uart->dev, -ENODEV, "not a UART of revision 1\n"));
	for (i = 0; i < UART_RX_SLOTS; i++) {
		uart->rx_slot[i].uart = uart;
		uart->rx_slot[i].bytes = devm_kmalloc(uart->dev, UART_RX_SIZE, GFP_KERNEL);
		if (!uart->rx_slot[i].bytes)
			return ERR_PTR(-ENOMEM);
	}
	uart->data = res->start + UART_DATA;
	mutex_init(&uart->control_lock);
	mutex_init(&uart->tx_lock);
	mutex_init(&uart->rx_lock);
	init_waitqueue_head(&uart->wait);
	init_completion(&uart->tx_done);
	return uart;
}

static void uart_release_channels(void *data)
{
	struct uart *uart = data;

	dma_release_channel(uart->tx);
	dma_release_channel(uart->rx);
}

/* No file is open: an open one keeps the module. So nothing is under way. */
static void uart_deregister(void *data)
{
	struct uart *uart = data;

	misc_deregister(&uart->misc);
	ida_free(&uart_numbers, uart->number);
}

static int uart_register(struct uart *uart)
{
	int err;

	uart->number = ida_alloc(&uart_numbers, GFP_KERNEL);
	if (uart->number < 0)
		return uart->number;
	snprintf(uart->name, sizeof(uart->name), "uart%d", uart->number);
	uart->misc.minor = MISC_DYNAMIC_MINOR;
	uart->misc.name = uart->name;
	uart->misc.fops = &uart_fops;
	uart->misc.parent = uart->dev;
	err = misc_register(&uart->misc);
	if (err) {
		ida_free(&uart_numbers, uart->number);
		return err;
	}
	return devm_add_action_or_reset(uart->dev, uart_deregister, uart);
}

/*
 * All of it is managed, and undone in the reverse order, so that there is no remove(): the file,
 * the interrupt, the channels, the registers.
 */
static int uart_probe(struct platform_device *pdev)
{
	struct uart *uart = uart_setup(pdev);
	int irq = platform_get_irq(pdev, 0);
	int err;

	if (IS_ERR(uart))
		return PTR_ERR(uart);
	if (irq < 0)
		return irq;
	/* Whatever it was doing before us, it stops. */
	uart_reset(uart);
	err = uart_request_channels(uart);
	if (err)
		return err;
	err = devm_add_action_or_reset(uart->dev, uart_release_channels, uart);
	if (err)
		return err;
	err = devm_request_irq(uart->dev, irq, uart_interrupt, IRQF_SHARED, "uart", uart);
	if (err)
		return err;
	return uart_register(uart);
}

static const struct of_device_id uart_ids[] = {
	{ .compatible = "dmakit,uart" },
	{ }
};
MODULE_DEVICE_TABLE(of, uart_ids);

static struct platform_driver uart_driver = {
	.probe = uart_probe,
	.driver = {
		.name = "uart",
		.of_match_table = uart_ids,
		.suppress_bind_attrs = true,
	},
};
module_platform_driver(uart_driver);

MODULE_SOFTDEP("pre: dmac");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("uart: a client of the DMA engine, as a lesson");
