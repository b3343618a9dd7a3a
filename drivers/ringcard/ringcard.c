// SPDX-License-Identifier: MIT
/*
 * A driver for the ringcard (docs/ringcard.md): receive and transmit rings, as most cards that move
 * much data have them.
 *
 * The two things to see are ring_receive(), where a received frame's header is looked at before it
 * is decided whether the buffer is handed on or given back to the card, and ring_map_frame(), where
 * a frame in several parts is mapped and, when one part can't be, all is undone.
 *
 * Who may touch what:
 *   receive ring    the interrupt thread alone, once the card runs
 *   transmit ring   who holds tx_lock: writers, and the interrupt thread
 *   accepted frames who holds rx_lock: readers, and the interrupt thread
 * Both locks are taken by threads alone, so interrupts stay on; nothing sleeps under them: mapping
 * and unmapping never do.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "ringcard.h"

#define RING_VENDOR 0x1234
#define RING_DEVICE 0x7269
#define RING_BAR    0
#define RING_CARDS  8

#define RING_ID               0x000
#define RING_ID_VALUE         0x52430001
#define RING_CONTROL          0x004
#define RING_CONTROL_RX       BIT(0)
#define RING_CONTROL_TX       BIT(1)
#define RING_CONTROL_LOOPBACK BIT(2)
#define RING_CONTROL_RESET    BIT(31)
#define RING_STATUS           0x008
#define RING_IRQ_STATUS       0x00c
#define RING_IRQ_ENABLE       0x010
#define RING_IRQ_RX           BIT(0)
#define RING_IRQ_TX           BIT(1)
#define RING_IRQ_ERROR        BIT(3)
#define RING_ERROR            0x014
#define RING_RX               0x020
#define RING_TX               0x040
#define RING_BASE_LOW         0x00
#define RING_BASE_HIGH        0x04
#define RING_SIZE             0x08
#define RING_TAIL             0x10
#define RING_GEN_TYPE         0x060
#define RING_GEN_LENGTH       0x064
#define RING_GEN_INTERVAL     0x068
#define RING_GEN_COUNT        0x06c

#define RING_FLAG_LAST   0x0001
#define RING_FLAG_IRQ    0x0002
#define RING_FLAG_OWN    0x8000
#define RING_DONE_ERRORS 0x000e

#define RING_ENTRIES 16 /* descriptors of a ring; one of them always stays empty */
#define RING_BUFFER  RING_FRAME_MAX
#define RING_PART    1024 /* bytes that one transmit descriptor may have */
#define RING_PARTS   (1 + DIV_ROUND_UP(RING_FRAME_MAX - RING_HEADER, RING_PART))
#define RING_BACKLOG 64 /* accepted frames that wait for a reader */

struct ring_desc {
	__le64 address;
	__le16 length;
	__le16 flags;
	__le16 done;
	__le16 status;
};
static_assert(sizeof(struct ring_desc) == 16);

/*
 * A received frame. The data is an allocation of its own: no field of ours may share a cache line
 * with what the card writes.
 */
struct ring_frame {
	struct list_head list;
	u32 length;
	u8 *data;
};

/*
 * What the driver must know at unmap is kept here, and never read back from the descriptor, where
 * the card writes. The receive side needs the address for syncs and to give the buffer again; the
 * transmit side only for unmap, which needs nothing on some machines: there these fields take no
 * space.
 */
struct ring_rx_slot {
	struct ring_frame *frame;
	dma_addr_t dma;
};

struct ring_tx_frame {
	void *header;
	struct page *payload;
};

struct ring_tx_slot {
	DEFINE_DMA_UNMAP_ADDR(dma);
	DEFINE_DMA_UNMAP_LEN(length);
	bool is_header;
	struct ring_tx_frame *frame; /* in the last slot of a frame */
};

struct ring {
	struct ring_desc *desc;
	dma_addr_t dma;
	unsigned int next;  /* the next one to give to the card */
	unsigned int clean; /* the oldest one that it has not given back */
};

struct ringcard {
	struct pci_dev *pdev;
	struct device *dev;
	void __iomem *regs;
	struct miscdevice misc;
	char name[8];
	unsigned int number;
	u32 control;

	struct ring rx;
	struct ring_rx_slot rx_slot[RING_ENTRIES];
	u32 filter;
	spinlock_t rx_lock;
	struct list_head accepted;
	unsigned int nr_accepted;
	wait_queue_head_t rx_wait;

	struct ring tx;
	struct ring_tx_slot tx_slot[RING_ENTRIES];
	spinlock_t tx_lock;
	wait_queue_head_t tx_wait;

	/* rx_lock guards the counters of both sides. */
	struct ring_stats stats;
};

static unsigned long ring_numbers;

static unsigned int ring_after(unsigned int index)
{
	return (index + 1) % RING_ENTRIES;
}

/* How many descriptors can be given: a full ring would look like an empty one. */
static unsigned int ring_room(const struct ring *ring)
{
	return (ring->clean - ring->next - 1) % RING_ENTRIES;
}

static void ring_count(struct ringcard *card, __u64 *counter)
{
	spin_lock(&card->rx_lock);
	(*counter)++;
	spin_unlock(&card->rx_lock);
}

/* --- descriptors ------------------------------------------------------------------------------ */

/* Give descriptor @index to the card, which looks at it once the tail is past it. */
static void ring_give(struct ring *ring, unsigned int index, dma_addr_t dma, u16 length, u16 flags)
{
	struct ring_desc *desc = &ring->desc[index];

	desc->address = cpu_to_le64(dma);
	desc->length = cpu_to_le16(length);
	desc->done = 0;
	desc->status = 0;
	/*
	 * OWN is the last thing that the card may see. Partner: it reads a descriptor in one
	 * access.
	 */
	dma_wmb();
	WRITE_ONCE(desc->flags, cpu_to_le16(flags | RING_FLAG_OWN));
}

/* Whether the card has given back the oldest descriptor. */
static bool ring_has_done(const struct ring *ring)
{
	const struct ring_desc *desc = &ring->desc[ring->clean];

	if (ring->clean == ring->next || (READ_ONCE(desc->flags) & cpu_to_le16(RING_FLAG_OWN)))
		return false;

	/* done and status are read after flags. Partner: the card writes the three at once. */
	dma_rmb();
	return true;
}

static void ring_doorbell(struct ringcard *card, unsigned int ring_offset, const struct ring *ring)
{
	/* writel() is ordered after the stores to the descriptors. */
	writel(ring->next, card->regs + ring_offset + RING_TAIL);
}

/* --- receiving -------------------------------------------------------------------------------- */

static void ring_free_frame(struct ring_frame *frame)
{
	kfree(frame->data);
	kfree(frame);
}

static struct ring_frame *ring_new_frame(void)
{
	struct ring_frame *frame = kzalloc(sizeof(*frame), GFP_KERNEL);

	if (!frame)
		return NULL;

	frame->data = kmalloc(RING_BUFFER, GFP_KERNEL);
	if (!frame->data) {
		kfree(frame);
		return NULL;
	}
	return frame;
}

/* A new buffer for the card, mapped, in @slot. On error @slot is as it was. */
static int ring_fill_slot(struct ringcard *card, struct ring_rx_slot *slot)
{
	struct ring_frame *frame = ring_new_frame();
	dma_addr_t dma;

	if (!frame)
		return -ENOMEM;

	dma = dma_map_single(card->dev, frame->data, RING_BUFFER, DMA_FROM_DEVICE);
	if (dma_mapping_error(card->dev, dma)) {
		ring_free_frame(frame);
		return -ENOMEM;
	}
	slot->frame = frame;
	slot->dma = dma;
	return 0;
}

/* Give the card the buffer in the next slot. */
static void ring_post(struct ringcard *card)
{
	ring_give(&card->rx, card->rx.next, card->rx_slot[card->rx.next].dma, RING_BUFFER, 0);
	card->rx.next = ring_after(card->rx.next);
}

/* Fill the ring as far as memory allows; what is missing comes later. */
static void ring_refill(struct ringcard *card)
{
	while (ring_room(&card->rx)) {
		if (ring_fill_slot(card, &card->rx_slot[card->rx.next]))
			return;
		ring_post(card);
	}
}

static bool ring_wants(struct ringcard *card, const struct ring_frame *frame)
{
	u32 filter = READ_ONCE(card->filter);

	return filter == RING_ACCEPT_ALL || filter == frame->data[0];
}

/* false: nobody has read for long. */
static bool ring_hand_on(struct ringcard *card, struct ring_frame *frame)
{
	bool taken;

	spin_lock(&card->rx_lock);
	taken = card->nr_accepted < RING_BACKLOG;
	if (taken) {
		list_add_tail(&frame->list, &card->accepted);
		card->nr_accepted++;
		card->stats.accepted++;
	} else {
		card->stats.dropped++;
	}
	spin_unlock(&card->rx_lock);

	if (taken)
		wake_up_interruptible(&card->rx_wait);
	return taken;
}

/*
 * The frame is wanted: put another buffer in its place first, and only then take it. With no other
 * to be had the frame is dropped, and its buffer goes back: a ring that loses a buffer with each
 * shortage ends up with none, and never hears again.
 */
static void ring_accept(struct ringcard *card, struct ring_rx_slot *slot, u32 length)
{
	struct ring_rx_slot old = *slot;

	if (ring_fill_slot(card, slot)) {
		ring_count(card, &card->stats.dropped);
		dma_sync_single_for_device(card->dev, slot->dma, RING_HEADER, DMA_FROM_DEVICE);
		return;
	}

	/* The whole buffer is the CPU's again, all bytes of it current. */
	dma_unmap_single(card->dev, old.dma, RING_BUFFER, DMA_FROM_DEVICE);
	old.frame->length = length;
	if (!ring_hand_on(card, old.frame))
		ring_free_frame(old.frame);
}

/*
 * One descriptor came back. Whatever becomes of its frame, the slot has a mapped buffer afterwards,
 * which the caller gives to the card again.
 */
static void ring_receive(struct ringcard *card, unsigned int index)
{
	struct ring_rx_slot *slot = &card->rx_slot[index];
	const struct ring_desc *desc = &card->rx.desc[index];
	u32 length = le16_to_cpu(desc->done);

	/* A length that a device wrote is believed as far as it can be true. */
	if ((le16_to_cpu(desc->status) & RING_DONE_ERRORS) || length < RING_HEADER ||
	    length > RING_BUFFER) {
		ring_count(card, &card->stats.rx_errors);
		return;
	}

	/*
	 * Take back the header alone: on a machine that must do something for it, 16 bytes cost
	 * less than 2,048.
	 */
	dma_sync_single_for_cpu(card->dev, slot->dma, RING_HEADER, DMA_FROM_DEVICE);
	if (ring_wants(card, slot->frame)) {
		ring_accept(card, slot, length);
		return;
	}

	/* Looked at, not written to, and the card's again: the mapping lives on. */
	dma_sync_single_for_device(card->dev, slot->dma, RING_HEADER, DMA_FROM_DEVICE);
	ring_count(card, &card->stats.given_back);
}

static void ring_receive_all(struct ringcard *card)
{
	unsigned int before = card->rx.next;

	/* Ends: what is given back here the card doesn't see before the doorbell. */
	while (ring_has_done(&card->rx)) {
		unsigned int index = card->rx.clean;

		ring_receive(card, index);
		card->rx.clean = ring_after(index);
		/*
		 * What is given next is another slot: one is always empty. The buffer moves there.
		 */
		card->rx_slot[card->rx.next] = card->rx_slot[index];
		card->rx_slot[index].frame = NULL;
		ring_post(card);
	}
	ring_refill(card);
	if (card->rx.next != before)
		ring_doorbell(card, RING_RX, &card->rx);
}

/* --- transmitting ----------------------------------------------------------------------------- */

static void ring_free_tx_frame(struct ring_tx_frame *frame)
{
	if (frame->payload)
		__free_page(frame->payload);
	kfree(frame->header);
	kfree(frame);
}

/*
 * Copy a frame from the user: header and payload apart, as they are in a driver that builds its
 * header itself.
 */
static struct ring_tx_frame *ring_take_frame(const char __user *user, size_t size)
{
	struct ring_tx_frame *frame = kzalloc(sizeof(*frame), GFP_KERNEL);
	int err = -ENOMEM;

	if (!frame)
		return ERR_PTR(-ENOMEM);

	frame->header = kmalloc(RING_HEADER, GFP_KERNEL);
	if (!frame->header)
		goto free_frame;
	if (size > RING_HEADER) {
		frame->payload = alloc_page(GFP_KERNEL);
		if (!frame->payload)
			goto free_frame;
	}

	err = -EFAULT;
	if (copy_from_user(frame->header, user, RING_HEADER))
		goto free_frame;
	if (frame->payload &&
	    copy_from_user(page_address(frame->payload), user + RING_HEADER, size - RING_HEADER))
		goto free_frame;
	return frame;

free_frame:
	ring_free_tx_frame(frame);
	return ERR_PTR(err);
}

static void ring_unmap_slot(struct ringcard *card, struct ring_tx_slot *slot)
{
	dma_addr_t dma = dma_unmap_addr(slot, dma);
	size_t length = dma_unmap_len(slot, length);

	if (slot->is_header)
		dma_unmap_single(card->dev, dma, length, DMA_TO_DEVICE);
	else
		dma_unmap_page(card->dev, dma, length, DMA_TO_DEVICE);
}

struct ring_part {
	dma_addr_t dma;
	u16 length;
};

/* Part @n of a frame: the header, or some of the payload. */
static int ring_map_part(struct ringcard *card, const struct ring_tx_frame *frame, size_t size,
			 unsigned int n, struct ring_part *part)
{
	struct ring_tx_slot *slot = &card->tx_slot[(card->tx.next + n) % RING_ENTRIES];
	size_t offset = n ? (n - 1) * RING_PART : 0;

	if (!n) {
		part->length = RING_HEADER;
		part->dma = dma_map_single(card->dev, frame->header, RING_HEADER, DMA_TO_DEVICE);
	} else {
		part->length = min_t(size_t, RING_PART, size - RING_HEADER - offset);
		part->dma = dma_map_page(card->dev, frame->payload, offset, part->length,
					 DMA_TO_DEVICE);
	}
	if (dma_mapping_error(card->dev, part->dma))
		return -ENOMEM;

	slot->is_header = !n;
	slot->frame = NULL;
	dma_unmap_addr_set(slot, dma, part->dma);
	dma_unmap_len_set(slot, length, part->length);
	return 0;
}

/*
 * Map all parts of a frame, into the slots from tx.next on. When one fails, those before it are
 * unmapped again, newest first: nothing was given to the card yet, so nothing else is to be undone.
 */
static int ring_map_frame(struct ringcard *card, const struct ring_tx_frame *frame, size_t size,
			  unsigned int nr, struct ring_part *parts)
{
	unsigned int n;
	int err;

	for (n = 0; n < nr; n++) {
		err = ring_map_part(card, frame, size, n, &parts[n]);
		if (err)
			goto unmap_parts;
	}
	return 0;

unmap_parts:
	while (n--)
		ring_unmap_slot(card, &card->tx_slot[(card->tx.next + n) % RING_ENTRIES]);
	ring_count(card, &card->stats.unwound);
	return err;
}

/*
 * With tx_lock held, and room for the parts. The frame is the ring's afterwards, unless there was
 * an error.
 */
static int ring_send(struct ringcard *card, struct ring_tx_frame *frame, size_t size,
		     unsigned int nr)
{
	struct ring_part parts[RING_PARTS];
	unsigned int n;
	int err;

	err = ring_map_frame(card, frame, size, nr, parts);
	if (err)
		return err;

	for (n = 0; n < nr; n++) {
		u16 flags = n + 1 < nr ? 0 : RING_FLAG_LAST | RING_FLAG_IRQ;

		ring_give(&card->tx, card->tx.next, parts[n].dma, parts[n].length, flags);
		if (flags & RING_FLAG_LAST)
			card->tx_slot[card->tx.next].frame = frame;
		card->tx.next = ring_after(card->tx.next);
	}
	ring_doorbell(card, RING_TX, &card->tx);
	return 0;
}

/* Take back the oldest transmit slot, sent or given up. */
static void ring_release_slot(struct ringcard *card)
{
	struct ring_tx_slot *slot = &card->tx_slot[card->tx.clean];

	ring_unmap_slot(card, slot);
	if (slot->frame)
		ring_free_tx_frame(slot->frame);
	slot->frame = NULL;
	card->tx.clean = ring_after(card->tx.clean);
}

static void ring_transmitted(struct ringcard *card)
{
	spin_lock(&card->tx_lock);
	while (ring_has_done(&card->tx)) {
		bool failed = le16_to_cpu(card->tx.desc[card->tx.clean].status) & RING_DONE_ERRORS;

		if (card->tx_slot[card->tx.clean].frame)
			ring_count(card, failed ? &card->stats.tx_errors : &card->stats.sent);
		ring_release_slot(card);
	}
	spin_unlock(&card->tx_lock);
	wake_up_interruptible(&card->tx_wait);
}

/* --- interrupts ------------------------------------------------------------------------------- */

/*
 * Acknowledge before the rings are looked at: what comes in between raises the interrupt again, and
 * is not missed.
 */
static irqreturn_t ring_interrupt(int irq, void *data)
{
	struct ringcard *card = data;
	u32 status = readl(card->regs + RING_IRQ_STATUS);

	/* All ones: the card is gone. */
	if (!status || status == ~0u)
		return IRQ_NONE;

	writel(status, card->regs + RING_IRQ_STATUS);
	return IRQ_WAKE_THREAD;
}

/* In a thread, so that new buffers may be allocated with patience. */
static irqreturn_t ring_thread(int irq, void *data)
{
	struct ringcard *card = data;
	u32 error = readl(card->regs + RING_ERROR);

	if (error) {
		writel(error, card->regs + RING_ERROR);
		dev_warn(card->dev, "card reports error %#x\n", error);
	}
	ring_receive_all(card);
	ring_transmitted(card);
	return IRQ_HANDLED;
}

/* --- the file --------------------------------------------------------------------------------- */

static struct ringcard *ring_of(struct file *file)
{
	return container_of(file->private_data, struct ringcard, misc);
}

static bool ring_has_room(struct ringcard *card, unsigned int nr)
{
	bool room;

	spin_lock(&card->tx_lock);
	room = ring_room(&card->tx) >= nr;
	spin_unlock(&card->tx_lock);
	return room;
}

/* Returns with tx_lock held, when 0. */
static int ring_wait_for_room(struct ringcard *card, unsigned int nr, bool may_wait)
{
	for (;;) {
		spin_lock(&card->tx_lock);
		if (ring_room(&card->tx) >= nr)
			return 0;
		spin_unlock(&card->tx_lock);

		if (!may_wait)
			return -EAGAIN;
		if (wait_event_interruptible(card->tx_wait, ring_has_room(card, nr)))
			return -ERESTARTSYS;
	}
}

static ssize_t ring_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	struct ringcard *card = ring_of(file);
	struct ring_tx_frame *frame;
	unsigned int nr;
	int err;

	if (size < RING_HEADER)
		return -EINVAL;
	if (size > RING_FRAME_MAX)
		return -EMSGSIZE;

	frame = ring_take_frame(user, size);
	if (IS_ERR(frame))
		return PTR_ERR(frame);

	nr = 1 + DIV_ROUND_UP(size - RING_HEADER, RING_PART);
	err = ring_wait_for_room(card, nr, !(file->f_flags & O_NONBLOCK));
	if (err)
		goto free_frame;
	err = ring_send(card, frame, size, nr);
	spin_unlock(&card->tx_lock);
	if (err)
		goto free_frame;
	return size;

free_frame:
	ring_free_tx_frame(frame);
	return err;
}

static struct ring_frame *ring_next_frame(struct ringcard *card)
{
	struct ring_frame *frame;

	spin_lock(&card->rx_lock);
	frame = list_first_entry_or_null(&card->accepted, struct ring_frame, list);
	if (frame) {
		list_del(&frame->list);
		card->nr_accepted--;
	}
	spin_unlock(&card->rx_lock);
	return frame;
}

static bool ring_has_frame(struct ringcard *card)
{
	bool has;

	spin_lock(&card->rx_lock);
	has = card->nr_accepted > 0;
	spin_unlock(&card->rx_lock);
	return has;
}

static ssize_t ring_read(struct file *file, char __user *user, size_t size, loff_t *pos)
{
	struct ringcard *card = ring_of(file);
	struct ring_frame *frame;
	ssize_t length;

	while (!(frame = ring_next_frame(card))) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_event_interruptible(card->rx_wait, ring_has_frame(card)))
			return -ERESTARTSYS;
	}

	length = min_t(size_t, size, frame->length);
	if (copy_to_user(user, frame->data, length))
		length = -EFAULT;
	ring_free_frame(frame);
	return length;
}

static long ring_ioctl_filter(struct ringcard *card, const u32 __user *user)
{
	u32 filter;

	if (copy_from_user(&filter, user, sizeof(filter)))
		return -EFAULT;
	if (filter > RING_ACCEPT_NONE)
		return -EINVAL;

	WRITE_ONCE(card->filter, filter);
	return 0;
}

static long ring_ioctl_loopback(struct ringcard *card, const u32 __user *user)
{
	u32 on;

	if (copy_from_user(&on, user, sizeof(on)))
		return -EFAULT;

	spin_lock(&card->tx_lock);
	if (on)
		card->control |= RING_CONTROL_LOOPBACK;
	else
		card->control &= ~RING_CONTROL_LOOPBACK;
	writel(card->control, card->regs + RING_CONTROL);
	spin_unlock(&card->tx_lock);
	return 0;
}

static long ring_ioctl_generate(struct ringcard *card, const struct ring_generate __user *user)
{
	struct ring_generate generate;

	if (copy_from_user(&generate, user, sizeof(generate)))
		return -EFAULT;
	if (generate.type > 0xff || generate.length < RING_HEADER ||
	    generate.length > RING_FRAME_MAX || !generate.interval)
		return -EINVAL;

	spin_lock(&card->tx_lock);
	writel(generate.type, card->regs + RING_GEN_TYPE);
	writel(generate.length, card->regs + RING_GEN_LENGTH);
	writel(generate.interval, card->regs + RING_GEN_INTERVAL);
	writel(generate.count, card->regs + RING_GEN_COUNT);
	spin_unlock(&card->tx_lock);
	return 0;
}

static long ring_ioctl_stats(struct ringcard *card, struct ring_stats __user *user)
{
	struct ring_stats stats;

	spin_lock(&card->rx_lock);
	stats = card->stats;
	spin_unlock(&card->rx_lock);
	return copy_to_user(user, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static long ring_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct ringcard *card = ring_of(file);
	void __user *user = (void __user *)argument;

	switch (command) {
	case RING_IOC_FILTER:
		return ring_ioctl_filter(card, user);
	case RING_IOC_LOOPBACK:
		return ring_ioctl_loopback(card, user);
	case RING_IOC_GENERATE:
		return ring_ioctl_generate(card, user);
	case RING_IOC_STATS:
		return ring_ioctl_stats(card, user);
	}
	return -ENOTTY;
}

static __poll_t ring_poll(struct file *file, poll_table *table)
{
	struct ringcard *card = ring_of(file);
	__poll_t events = 0;

	poll_wait(file, &card->rx_wait, table);
	poll_wait(file, &card->tx_wait, table);
	if (ring_has_frame(card))
		events |= EPOLLIN | EPOLLRDNORM;
	if (ring_has_room(card, RING_PARTS))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

/* No position: a frame is not at some offset. */
static int ring_open(struct inode *inode, struct file *file)
{
	return stream_open(inode, file);
}

static const struct file_operations ring_fops = {
	.owner = THIS_MODULE,
	.open = ring_open,
	.read = ring_read,
	.write = ring_write,
	.unlocked_ioctl = ring_ioctl,
	.poll = ring_poll,
};

/* --- life ------------------------------------------------------------------------------------- */

static void ring_program(struct ringcard *card, unsigned int offset, const struct ring *ring)
{
	writel(lower_32_bits(ring->dma), card->regs + offset + RING_BASE_LOW);
	writel(upper_32_bits(ring->dma), card->regs + offset + RING_BASE_HIGH);
	writel(RING_ENTRIES, card->regs + offset + RING_SIZE);
}

static void ring_start(struct ringcard *card)
{
	ring_program(card, RING_RX, &card->rx);
	ring_program(card, RING_TX, &card->tx);
	card->control = RING_CONTROL_RX | RING_CONTROL_TX;
	writel(card->control, card->regs + RING_CONTROL);
	writel(RING_IRQ_RX | RING_IRQ_TX | RING_IRQ_ERROR, card->regs + RING_IRQ_ENABLE);
	ring_doorbell(card, RING_RX, &card->rx);
}

/*
 * When this returns the card touches no memory of ours any more; before that nothing may be
 * unmapped. A frame that it has begun may take its time; then comes the reset, which gives that
 * frame up.
 */
static void ring_stop(struct ringcard *card)
{
	unsigned int tries;

	writel(0, card->regs + RING_IRQ_ENABLE);
	writel(0, card->regs + RING_GEN_COUNT);
	writel(0, card->regs + RING_CONTROL);
	for (tries = 0; tries < 100 && readl(card->regs + RING_STATUS); tries++)
		msleep(1);

	writel(RING_CONTROL_RESET, card->regs + RING_CONTROL);
	/* Reading back makes sure that the reset has reached the card. */
	readl(card->regs + RING_CONTROL);
}

/* The card is stopped: all that was lent comes back, used or not. */
static void ring_take_all_back(struct ringcard *card)
{
	while (card->rx.clean != card->rx.next) {
		struct ring_rx_slot *slot = &card->rx_slot[card->rx.clean];

		dma_unmap_single(card->dev, slot->dma, RING_BUFFER, DMA_FROM_DEVICE);
		ring_free_frame(slot->frame);
		slot->frame = NULL;
		card->rx.clean = ring_after(card->rx.clean);
	}
	while (card->tx.clean != card->tx.next)
		ring_release_slot(card);
}

static void ring_free_accepted(struct ringcard *card)
{
	struct ring_frame *frame;

	while ((frame = ring_next_frame(card)))
		ring_free_frame(frame);
}

/* 64 bits where the machine has use for them. The mask is the card's ability, not the machine's. */
static int ring_set_mask(struct device *dev)
{
	if (!dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)))
		return 0;
	return dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
}

static int ring_alloc(struct ringcard *card, struct ring *ring)
{
	size_t size = RING_ENTRIES * sizeof(*ring->desc);

	/*
	 * Aligned to its size rounded up to a page, so the card's 16 bytes are no worry; and
	 * zeroed: no descriptor is owned.
	 */
	ring->desc = dmam_alloc_coherent(card->dev, size, &ring->dma, GFP_KERNEL);
	return ring->desc ? 0 : -ENOMEM;
}

static int ring_take_number(struct ringcard *card)
{
	for (card->number = 0; card->number < RING_CARDS; card->number++)
		if (!test_and_set_bit(card->number, &ring_numbers))
			return 0;
	return -ENOSPC;
}

static int ring_register(struct ringcard *card)
{
	int err = ring_take_number(card);

	if (err)
		return err;

	snprintf(card->name, sizeof(card->name), "ring%u", card->number);
	card->misc.minor = MISC_DYNAMIC_MINOR;
	card->misc.name = card->name;
	card->misc.fops = &ring_fops;
	card->misc.parent = card->dev;
	err = misc_register(&card->misc);
	if (err)
		clear_bit(card->number, &ring_numbers);
	return err;
}

/* What needs no undoing of ours: managed. */
static int ring_setup(struct ringcard *card)
{
	struct pci_dev *pdev = card->pdev;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(pdev, BIT(RING_BAR), KBUILD_MODNAME);
	if (err)
		return err;
	card->regs = pcim_iomap_table(pdev)[RING_BAR];
	if (readl(card->regs + RING_ID) != RING_ID_VALUE)
		return dev_err_probe(card->dev, -ENODEV, "not a card of revision 1\n");

	/* Whatever it was doing before us, it stops. */
	writel(RING_CONTROL_RESET, card->regs + RING_CONTROL);
	err = ring_set_mask(card->dev);
	if (err)
		return dev_err_probe(card->dev, err, "no DMA on this machine\n");
	err = ring_alloc(card, &card->rx);
	if (err)
		return err;
	return ring_alloc(card, &card->tx);
}

static int ring_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ringcard *card;
	int err;

	card = devm_kzalloc(&pdev->dev, sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	card->pdev = pdev;
	card->dev = &pdev->dev;
	card->filter = RING_ACCEPT_ALL;
	spin_lock_init(&card->tx_lock);
	spin_lock_init(&card->rx_lock);
	INIT_LIST_HEAD(&card->accepted);
	init_waitqueue_head(&card->rx_wait);
	init_waitqueue_head(&card->tx_wait);
	pci_set_drvdata(pdev, card);

	err = ring_setup(card);
	if (err)
		return err;
	pci_set_master(pdev);

	/* Fewer buffers than the ring has room for are enough to begin with; none is not. */
	ring_refill(card);
	err = -ENOMEM;
	if (card->rx.next == card->rx.clean)
		goto clear_master;

	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (err < 0)
		goto take_back;
	err = request_threaded_irq(pci_irq_vector(pdev, 0), ring_interrupt, ring_thread,
				   IRQF_SHARED, KBUILD_MODNAME, card);
	if (err)
		goto free_vectors;
	ring_start(card);

	err = ring_register(card);
	if (err)
		goto stop;
	return 0;

stop:
	ring_stop(card);
	free_irq(pci_irq_vector(pdev, 0), card);
free_vectors:
	pci_free_irq_vectors(pdev);
take_back:
	ring_take_all_back(card);
	ring_free_accepted(card);
clear_master:
	pci_clear_master(pdev);
	return err;
}

/*
 * Frames may be arriving all the while. The order is what makes it safe: nobody new comes in; the
 * card stops; the interrupt thread ends; then the memory comes back. No file is open here: an open
 * one keeps the module (and see suppress_bind_attrs).
 */
static void ring_remove(struct pci_dev *pdev)
{
	struct ringcard *card = pci_get_drvdata(pdev);

	misc_deregister(&card->misc);
	clear_bit(card->number, &ring_numbers);
	ring_stop(card);
	free_irq(pci_irq_vector(pdev, 0), card);
	pci_free_irq_vectors(pdev);
	ring_take_all_back(card);
	ring_free_accepted(card);
	pci_clear_master(pdev);
}

static const struct pci_device_id ring_ids[] = {
	{ PCI_DEVICE(RING_VENDOR, RING_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, ring_ids);

static struct pci_driver ring_driver = {
	.name = "ringcard",
	.id_table = ring_ids,
	.probe = ring_probe,
	.remove = ring_remove,
	.driver = {
		.suppress_bind_attrs = true,
	},
};
module_pci_driver(ring_driver);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("ringcard: descriptor rings, as a lesson");
