// SPDX-License-Identifier: MIT
/*
 * A driver for the sound card of the kernel's DMA guide (docs/sound.md): it plays with 32 address
 * lines and records with 24.
 *
 * The thing to see is sound_set_masks(): what the machine can't serve is switched off, with a
 * message, and the rest works. Then the two ways to lend memory, one a side. Playing streams:
 * buffers are mapped once, when the file is opened, and change hands with every write
 * (sound_play()). Recording has a ring of periods in consistent memory: the card writes and the
 * driver reads, and what keeps them apart is not a call but the card's counters (sound_take()).
 *
 * Who may touch what: the play side belongs to who holds play_lock, the record side to who holds
 * record_lock; the interrupt only wakes.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "sound.h"

#define SOUND_VENDOR 0x1234
#define SOUND_DEVICE 0x736e
#define SOUND_BAR    0
#define SOUND_CARDS  8

/* Address lines of the two sides. */
#define SOUND_PLAY_BITS   32
#define SOUND_RECORD_BITS 24

#define SOUND_ID                0x000
#define SOUND_ID_VALUE          0x534e0001
#define SOUND_CONTROL           0x004
#define SOUND_CONTROL_PLAY      BIT(0)
#define SOUND_CONTROL_RECORD    BIT(1)
#define SOUND_CONTROL_LOOP      BIT(2)
#define SOUND_CONTROL_RESET     BIT(31)
#define SOUND_STATUS            0x008
#define SOUND_STATUS_PLAYING    BIT(0)
#define SOUND_STATUS_RECORDING  BIT(1)
#define SOUND_IRQ_STATUS        0x00c
#define SOUND_IRQ_ENABLE        0x010
#define SOUND_IRQ_PLAY          BIT(0)
#define SOUND_IRQ_RECORD        BIT(1)
#define SOUND_IRQ_ERROR         BIT(2)
#define SOUND_ERROR             0x014
#define SOUND_PLAY_ADDRESS      0x020
#define SOUND_PLAY_LENGTH       0x024
#define SOUND_PLAY_DONE         0x028
#define SOUND_PLAY_BYTES        0x02c
#define SOUND_PLAY_SUM          0x030
#define SOUND_RECORD_ADDRESS    0x040
#define SOUND_RECORD_PERIOD     0x044
#define SOUND_RECORD_PERIODS    0x048
#define SOUND_RECORD_DONE       0x04c
#define SOUND_RECORD_TAKEN      0x050
#define SOUND_RECORD_LOST       0x054

#define SOUND_BUFFERS 4    /* the card's queue has room for so many */
#define SOUND_BUFFER  4096 /* bytes of each */
#define SOUND_PERIODS 4
#define SOUND_PERIOD  1024

struct sound_buffer {
	u8 *data;
	dma_addr_t dma;
};

struct sound {
	struct pci_dev *pdev;
	struct device *dev;
	void __iomem *regs;
	struct miscdevice misc;
	char name[12];
	unsigned int number;
	bool can_play, can_record;
	wait_queue_head_t wait;   /* woken by each interrupt */
	struct mutex control_lock; /* guards control, and comes after the other two */
	u32 control;

	struct mutex play_lock;
	bool play_open;
	struct sound_buffer buffer[SOUND_BUFFERS];
	u32 queued; /* buffers given to the card so far, as its PLAY_DONE counts */

	struct mutex record_lock;
	bool record_open;
	u8 *ring; /* consistent */
	dma_addr_t ring_dma;
	u32 taken;           /* periods read so far, as RECORD_DONE counts */
	unsigned int offset; /* bytes read of the period after them */
};

static unsigned long sound_numbers;

static void sound_control(struct sound *card, u32 clear, u32 set)
{
	mutex_lock(&card->control_lock);
	card->control = (card->control & ~clear) | set;
	writel(card->control, card->regs + SOUND_CONTROL);
	mutex_unlock(&card->control_lock);
}

/*
 * Stop a side, and come back only when the card no longer touches its memory: it ends what it has
 * begun. One that doesn't is cut off from all memory instead.
 */
static void sound_stop(struct sound *card, u32 control, u32 status)
{
	unsigned int tries;

	sound_control(card, control, 0);
	for (tries = 0; tries < 1000; tries++) {
		if (!(readl(card->regs + SOUND_STATUS) & status))
			return;
		usleep_range(1000, 2000);
	}
	dev_err(card->dev, "card doesn't stop, it is cut off\n");
	pci_clear_master(card->pdev);
}

/* --- playing ---------------------------------------------------------------------------------- */

/* Free buffers: the card has played what it was given, but for the rest. */
static u32 sound_room(struct sound *card)
{
	return SOUND_BUFFERS - (card->queued - readl(card->regs + SOUND_PLAY_DONE));
}

static void sound_free_buffers(struct sound *card, unsigned int nr)
{
	while (nr--) {
		struct sound_buffer *buffer = &card->buffer[nr];

		dma_unmap_single(card->dev, buffer->dma, SOUND_BUFFER, DMA_TO_DEVICE);
		kfree(buffer->data);
		buffer->data = NULL;
	}
}

static int sound_make_buffer(struct sound *card, struct sound_buffer *buffer)
{
	buffer->data = kmalloc(SOUND_BUFFER, GFP_KERNEL);
	if (!buffer->data)
		return -ENOMEM;

	buffer->dma = dma_map_single(card->dev, buffer->data, SOUND_BUFFER, DMA_TO_DEVICE);
	if (dma_mapping_error(card->dev, buffer->dma)) {
		kfree(buffer->data);
		buffer->data = NULL;
		return -ENOMEM;
	}
	return 0;
}

/*
 * Mapped once for many transfers. From here on the buffers are the card's, until a sync says
 * otherwise.
 */
static int sound_make_buffers(struct sound *card)
{
	unsigned int nr;
	int err;

	for (nr = 0; nr < SOUND_BUFFERS; nr++) {
		err = sound_make_buffer(card, &card->buffer[nr]);
		if (err)
			goto free_buffers;
	}
	return 0;

free_buffers:
	sound_free_buffers(card, nr);
	return err;
}

/* Fill the next buffer and give it to the card. There is room, and play_lock is held. */
static int sound_play(struct sound *card, const char __user *user, size_t size)
{
	struct sound_buffer *buffer = &card->buffer[card->queued % SOUND_BUFFERS];
	int err = 0;

	/*
	 * The buffer changes hands for what is written, and back: also when nothing could be
	 * copied.
	 */
	dma_sync_single_for_cpu(card->dev, buffer->dma, size, DMA_TO_DEVICE);
	if (copy_from_user(buffer->data, user, size))
		err = -EFAULT;
	dma_sync_single_for_device(card->dev, buffer->dma, size, DMA_TO_DEVICE);
	if (err)
		return err;

	/*
	 * Counted before the card can have played it. writel() comes after every earlier store to
	 * memory.
	 */
	card->queued++;
	writel(lower_32_bits(buffer->dma), card->regs + SOUND_PLAY_ADDRESS);
	writel(size, card->regs + SOUND_PLAY_LENGTH);
	return 0;
}

static int sound_wait_for_room(struct sound *card, u32 room, bool may_wait)
{
	if (sound_room(card) >= room)
		return 0;
	if (!may_wait)
		return -EAGAIN;
	return wait_event_interruptible(card->wait, sound_room(card) >= room);
}

static ssize_t sound_write_some(struct sound *card, const char __user *user, size_t size,
				bool may_wait)
{
	size_t done = 0;
	int err = 0;

	sound_control(card, 0, SOUND_CONTROL_PLAY);
	while (done < size) {
		size_t part = min_t(size_t, size - done, SOUND_BUFFER);

		err = sound_wait_for_room(card, 1, may_wait);
		if (!err)
			err = sound_play(card, user + done, part);
		if (err)
			break;
		done += part;
	}
	return done ? done : err;
}

static ssize_t sound_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	struct sound *card = file->private_data;
	ssize_t result;

	if (!size)
		return 0;
	if (mutex_lock_interruptible(&card->play_lock))
		return -ERESTARTSYS;
	result = sound_write_some(card, user, size, !(file->f_flags & O_NONBLOCK));
	mutex_unlock(&card->play_lock);
	return result;
}

static int sound_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	struct sound *card = file->private_data;
	int err;

	if (!(file->f_mode & FMODE_WRITE))
		return 0;
	if (mutex_lock_interruptible(&card->play_lock))
		return -ERESTARTSYS;
	err = sound_wait_for_room(card, SOUND_BUFFERS, true);
	mutex_unlock(&card->play_lock);
	return err;
}

static int sound_open_play(struct sound *card)
{
	int err;

	if (!card->can_play)
		return -ENODEV;
	if (card->play_open)
		return -EBUSY;

	err = sound_make_buffers(card);
	if (err)
		return err;
	card->queued = readl(card->regs + SOUND_PLAY_DONE);
	card->play_open = true;
	return 0;
}

/* What was not played yet is not played any more: who wants it played calls fsync(). */
static void sound_close_play(struct sound *card)
{
	sound_stop(card, SOUND_CONTROL_PLAY, SOUND_STATUS_PLAYING);
	sound_free_buffers(card, SOUND_BUFFERS);
	card->play_open = false;
}

/* --- recording -------------------------------------------------------------------------------- */

static u32 sound_recorded(struct sound *card)
{
	return readl(card->regs + SOUND_RECORD_DONE) - card->taken;
}

/*
 * Some of the oldest period. readl() of the card's counter comes before the loads of what it says
 * is there.
 */
static ssize_t sound_take(struct sound *card, char __user *user, size_t size)
{
	const u8 *period = card->ring + card->taken % SOUND_PERIODS * SOUND_PERIOD;
	size_t part = min_t(size_t, size, SOUND_PERIOD - card->offset);

	if (copy_to_user(user, period + card->offset, part))
		return -EFAULT;

	card->offset += part;
	if (card->offset == SOUND_PERIOD) {
		card->offset = 0;
		card->taken++;
		/* From here on the card may fill it again. */
		writel(card->taken, card->regs + SOUND_RECORD_TAKEN);
	}
	return part;
}

static ssize_t sound_read_some(struct sound *card, char __user *user, size_t size, bool may_wait)
{
	int err;

	sound_control(card, 0, SOUND_CONTROL_RECORD);
	if (!sound_recorded(card)) {
		if (!may_wait)
			return -EAGAIN;
		err = wait_event_interruptible(card->wait, sound_recorded(card));
		if (err)
			return err;
	}
	return sound_take(card, user, size);
}

static ssize_t sound_read(struct file *file, char __user *user, size_t size, loff_t *pos)
{
	struct sound *card = file->private_data;
	ssize_t result;

	if (!size)
		return 0;
	if (mutex_lock_interruptible(&card->record_lock))
		return -ERESTARTSYS;
	result = sound_read_some(card, user, size, !(file->f_flags & O_NONBLOCK));
	mutex_unlock(&card->record_lock);
	return result;
}

static int sound_open_record(struct sound *card)
{
	if (!card->can_record)
		return -ENODEV;
	if (card->record_open)
		return -EBUSY;

	/* Within 24 bits: the coherent mask says so. */
	card->ring = dma_alloc_coherent(card->dev, SOUND_PERIODS * SOUND_PERIOD, &card->ring_dma,
					GFP_KERNEL);
	if (!card->ring)
		return -ENOMEM;
	writel(lower_32_bits(card->ring_dma), card->regs + SOUND_RECORD_ADDRESS);
	writel(SOUND_PERIOD, card->regs + SOUND_RECORD_PERIOD);
	writel(SOUND_PERIODS, card->regs + SOUND_RECORD_PERIODS);
	card->taken = 0;
	card->offset = 0;
	card->record_open = true;
	return 0;
}

static void sound_close_record(struct sound *card)
{
	sound_stop(card, SOUND_CONTROL_RECORD, SOUND_STATUS_RECORDING);
	dma_free_coherent(card->dev, SOUND_PERIODS * SOUND_PERIOD, card->ring, card->ring_dma);
	card->ring = NULL;
	card->record_open = false;
}

/* --- interrupts ------------------------------------------------------------------------------- */

static irqreturn_t sound_interrupt(int irq, void *data)
{
	struct sound *card = data;
	u32 status = readl(card->regs + SOUND_IRQ_STATUS);

	/* All ones: the card is gone. */
	if (!status || status == ~0u)
		return IRQ_NONE;

	writel(status, card->regs + SOUND_IRQ_STATUS);
	if (status & SOUND_IRQ_ERROR) {
		u32 error = readl(card->regs + SOUND_ERROR);

		writel(error, card->regs + SOUND_ERROR);
		dev_warn(card->dev, "card reports error %#x\n", error);
	}
	wake_up_interruptible(&card->wait);
	return IRQ_HANDLED;
}

/* --- the file --------------------------------------------------------------------------------- */

static int sound_open(struct inode *inode, struct file *file)
{
	struct sound *card = container_of(file->private_data, struct sound, misc);
	int err = 0;

	file->private_data = card;
	mutex_lock(&card->play_lock);
	mutex_lock(&card->record_lock);
	if (file->f_mode & FMODE_WRITE)
		err = sound_open_play(card);
	if (!err && (file->f_mode & FMODE_READ)) {
		err = sound_open_record(card);
		if (err && (file->f_mode & FMODE_WRITE))
			sound_close_play(card);
	}
	mutex_unlock(&card->record_lock);
	mutex_unlock(&card->play_lock);
	return err;
}

static int sound_release(struct inode *inode, struct file *file)
{
	struct sound *card = file->private_data;

	mutex_lock(&card->play_lock);
	mutex_lock(&card->record_lock);
	if (file->f_mode & FMODE_WRITE)
		sound_close_play(card);
	if (file->f_mode & FMODE_READ)
		sound_close_record(card);
	mutex_unlock(&card->record_lock);
	mutex_unlock(&card->play_lock);
	return 0;
}

static int sound_ioctl_info(struct sound *card, struct sound_info __user *user)
{
	struct sound_info info = {
		.can_play = card->can_play,
		.can_record = card->can_record,
		.played = readl(card->regs + SOUND_PLAY_BYTES),
		.sum = readl(card->regs + SOUND_PLAY_SUM),
		.lost = readl(card->regs + SOUND_RECORD_LOST),
	};

	return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : 0;
}

static int sound_ioctl_loop(struct sound *card, const u32 __user *user)
{
	int err = -EBUSY;
	u32 value;

	if (copy_from_user(&value, user, sizeof(value)))
		return -EFAULT;
	mutex_lock(&card->control_lock);
	if (!(card->control & (SOUND_CONTROL_PLAY | SOUND_CONTROL_RECORD))) {
		card->control = value ? SOUND_CONTROL_LOOP : 0;
		writel(card->control, card->regs + SOUND_CONTROL);
		err = 0;
	}
	mutex_unlock(&card->control_lock);
	return err;
}

static long sound_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct sound *card = file->private_data;
	void __user *user = (void __user *)argument;

	switch (command) {
	case SOUND_IOC_INFO:
		return sound_ioctl_info(card, user);
	case SOUND_IOC_LOOP:
		return sound_ioctl_loop(card, user);
	}
	return -ENOTTY;
}

static __poll_t sound_poll(struct file *file, poll_table *table)
{
	struct sound *card = file->private_data;
	__poll_t ready = 0;

	poll_wait(file, &card->wait, table);
	if ((file->f_mode & FMODE_WRITE) && sound_room(card))
		ready |= EPOLLOUT | EPOLLWRNORM;
	if ((file->f_mode & FMODE_READ) && sound_recorded(card))
		ready |= EPOLLIN | EPOLLRDNORM;
	return ready;
}

static const struct file_operations sound_fops = {
	.owner = THIS_MODULE,
	.open = sound_open,
	.release = sound_release,
	.read = sound_read,
	.write = sound_write,
	.fsync = sound_fsync,
	.unlocked_ioctl = sound_ioctl,
	.poll = sound_poll,
};

/* --- life ------------------------------------------------------------------------------------- */

/*
 * Each side is asked for by itself, and one that the machine can't serve is off. The most specific
 * mask comes last: what is refused changes nothing, and the wider one holds. Recording uses
 * consistent memory alone, so only that mask is made narrower, and what is played need not be
 * bounced for the recorder's sake; were it streamed too, this would be dma_set_mask_and_coherent()
 * again.
 */
static int sound_set_masks(struct sound *card)
{
	card->can_play = !dma_set_mask_and_coherent(card->dev, DMA_BIT_MASK(SOUND_PLAY_BITS));
	if (!card->can_play)
		dev_warn(card->dev, "playback disabled: no DMA within %d bits on this machine\n",
			 SOUND_PLAY_BITS);

	card->can_record = !dma_set_coherent_mask(card->dev, DMA_BIT_MASK(SOUND_RECORD_BITS));
	if (!card->can_record)
		dev_warn(card->dev, "recording disabled: no DMA within %d bits on this machine\n",
			 SOUND_RECORD_BITS);

	return card->can_play || card->can_record ? 0 : -EIO;
}

static int sound_take_number(struct sound *card)
{
	for (card->number = 0; card->number < SOUND_CARDS; card->number++)
		if (!test_and_set_bit(card->number, &sound_numbers))
			return 0;
	return -ENOSPC;
}

static int sound_register(struct sound *card)
{
	int err = sound_take_number(card);

	if (err)
		return err;

	snprintf(card->name, sizeof(card->name), "sound%u", card->number);
	card->misc.minor = MISC_DYNAMIC_MINOR;
	card->misc.name = card->name;
	card->misc.fops = &sound_fops;
	card->misc.parent = card->dev;
	err = misc_register(&card->misc);
	if (err)
		clear_bit(card->number, &sound_numbers);
	return err;
}

static void sound_reset(struct sound *card)
{
	writel(SOUND_CONTROL_RESET, card->regs + SOUND_CONTROL);
	/* Reading back makes sure that the reset has reached the card. */
	readl(card->regs + SOUND_CONTROL);
}

/* What needs no undoing of ours: managed. */
static int sound_setup(struct sound *card)
{
	int err;

	err = pcim_enable_device(card->pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(card->pdev, BIT(SOUND_BAR), KBUILD_MODNAME);
	if (err)
		return err;
	card->regs = pcim_iomap_table(card->pdev)[SOUND_BAR];
	if (readl(card->regs + SOUND_ID) != SOUND_ID_VALUE)
		return dev_err_probe(card->dev, -ENODEV, "not a card of revision 1\n");

	/* Whatever it was doing before us, it stops. */
	sound_reset(card);
	return sound_set_masks(card);
}

static int sound_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct sound *card;
	int err;

	card = devm_kzalloc(&pdev->dev, sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	card->pdev = pdev;
	card->dev = &pdev->dev;
	mutex_init(&card->control_lock);
	mutex_init(&card->play_lock);
	mutex_init(&card->record_lock);
	init_waitqueue_head(&card->wait);
	pci_set_drvdata(pdev, card);

	err = sound_setup(card);
	if (err)
		return err;
	pci_set_master(pdev);

	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (err < 0)
		goto clear_master;
	err = request_irq(pci_irq_vector(pdev, 0), sound_interrupt, IRQF_SHARED, KBUILD_MODNAME,
			  card);
	if (err)
		goto free_vectors;
	writel(SOUND_IRQ_PLAY | SOUND_IRQ_RECORD | SOUND_IRQ_ERROR, card->regs + SOUND_IRQ_ENABLE);

	err = sound_register(card);
	if (err)
		goto reset;
	return 0;

reset:
	sound_reset(card);
	free_irq(pci_irq_vector(pdev, 0), card);
free_vectors:
	pci_free_irq_vectors(pdev);
clear_master:
	pci_clear_master(pdev);
	return err;
}

/*
 * No file is open: an open one keeps the module, and nothing else can unbind. So both sides are
 * stopped.
 */
static void sound_remove(struct pci_dev *pdev)
{
	struct sound *card = pci_get_drvdata(pdev);

	misc_deregister(&card->misc);
	clear_bit(card->number, &sound_numbers);
	sound_reset(card);
	free_irq(pci_irq_vector(pdev, 0), card);
	pci_free_irq_vectors(pdev);
	pci_clear_master(pdev);
}

static const struct pci_device_id sound_ids[] = {
	{ PCI_DEVICE(SOUND_VENDOR, SOUND_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, sound_ids);

static struct pci_driver sound_driver = {
	.name = "sound",
	.id_table = sound_ids,
	.probe = sound_probe,
	.remove = sound_remove,
	.driver = {
		.suppress_bind_attrs = true,
	},
};
module_pci_driver(sound_driver);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("sound: the sound card of the DMA guide, as a lesson");
