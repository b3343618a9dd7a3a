// SPDX-License-Identifier: MIT
/*
 * A driver for the PC's floppy controller and a 1.44 MB drive: reads and writes sectors over DMA
 * channel 2.
 *
 * The thing to see is floppy_transfer(): the buffer is ordinary memory, lent for each transfer
 * (dma_map_single() and dma_unmap_single()), and the PC's DMA controller is told where it is. That
 * one drives 24 address lines and never leaves a page of 64 KiB. So the buffer comes from
 * kmalloc() with GFP_DMA, and has 16 KiB, a power of two: such are aligned to their size, and cross
 * no boundary of 64.
 *
 * Who may touch what: lock guards the controller and the buffer, for one command at a time. The
 * interrupt fetches what the controller has to say, and hands it over with complete(); it asks only
 * while somebody waits, and not between the bytes of a command: that is irq_lock.
 *
 * Source: Intel 82077AA CHMOS Single-Chip Floppy Disk Controller data sheet.
 */
#include <asm/dma.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/isa.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "floppy.h"

#define FLOPPY_PORTS  6 /* from the first port on; the one after them is a hard disk's */
#define FLOPPY_OUTPUT 2 /* drive, reset, gate, motors */
#define FLOPPY_STATUS 4 /* main status */
#define FLOPPY_DATA   5 /* commands and results */
#define FLOPPY_RATE   7 /* written: how fast bits pass */

#define FLOPPY_RUN   BIT(2)
#define FLOPPY_GATE  BIT(3) /* interrupt and DMA request get out */
#define FLOPPY_MOTOR BIT(4)

#define FLOPPY_READY  BIT(7)
#define FLOPPY_TO_CPU BIT(6)
#define FLOPPY_BUSY   BIT(4)
#define FLOPPY_RESULT (FLOPPY_READY | FLOPPY_TO_CPU | FLOPPY_BUSY)

#define FLOPPY_SPECIFY     0x03
#define FLOPPY_WRITE       0x45
#define FLOPPY_READ        0x46
#define FLOPPY_RECALIBRATE 0x07
#define FLOPPY_SENSE       0x08
#define FLOPPY_VERSION     0x10
#define FLOPPY_SEEK        0x0f
#define FLOPPY_IS_82077    0x90

#define FLOPPY_WENT_WRONG 0xc0 /* in the first byte of a result */
#define FLOPPY_SEEK_END   0x20
#define FLOPPY_PROTECTED  0x02 /* in the second */

#define FLOPPY_RESULTS 7
#define FLOPPY_BUFFER  16384 /* a power of two that a side fits in */
#define FLOPPY_TRIES   3
#define FLOPPY_WAIT    (3 * HZ) /* a turn of the disk takes a fifth of a second */

struct floppy {
	struct device *dev;
	struct miscdevice misc;

	struct mutex lock; /* guards all that follows */
	unsigned int users;
	u8 *buffer; /* a side of a track */
	int side;   /* which: track * FLOPPY_SIDES + head; -1: none */
	int track;  /* where the head is; -1: nobody knows */

	struct completion done;
	spinlock_t irq_lock;
	bool waits;                /* guarded by irq_lock: an interrupt is to come */
	u8 result[FLOPPY_RESULTS]; /* the interrupt's while it is */
	unsigned int nr_results;
};

static int port = 0x3f0;
module_param(port, int, 0444);
MODULE_PARM_DESC(port, "the controller's first port");
static int irq = 6;
module_param(irq, int, 0444);
MODULE_PARM_DESC(irq, "its interrupt");
static int dma = 2;
module_param(dma, int, 0444);
MODULE_PARM_DESC(dma, "its DMA channel");
static int spin_up = 300;
module_param(spin_up, int, 0444);
MODULE_PARM_DESC(spin_up, "milliseconds until a disk turns");

static struct floppy *floppy_card;

/* --- bytes to and from the controller --------------------------------------------------------- */

static int floppy_wait(u8 wanted)
{
	unsigned int tries;

	for (tries = 0; tries < 5000; tries++) {
		if ((inb(port + FLOPPY_STATUS) & (FLOPPY_READY | FLOPPY_TO_CPU)) == wanted)
			return 0;
		udelay(1);
	}
	return -EIO;
}

static int floppy_command(const u8 *bytes, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (floppy_wait(FLOPPY_READY))
			return -EIO;
		outb(bytes[i], port + FLOPPY_DATA);
	}
	return 0;
}

static unsigned int floppy_results(u8 *bytes, unsigned int most)
{
	unsigned int nr = 0;

	while (nr < most && !floppy_wait(FLOPPY_READY | FLOPPY_TO_CPU)) {
		bytes[nr++] = inb(port + FLOPPY_DATA);
		if (!(inb(port + FLOPPY_STATUS) & FLOPPY_BUSY))
			break;
	}
	return nr;
}

static unsigned int floppy_sense(u8 *result)
{
	static const u8 sense = FLOPPY_SENSE;

	return floppy_command(&sense, 1) ? 0 : floppy_results(result, 2);
}

/* The controller has a result, or has moved the head and wants to be asked; or it was not it. */
static bool floppy_fetch(struct floppy *card, u8 status)
{
	status &= FLOPPY_RESULT;
	if (status == FLOPPY_RESULT)
		card->nr_results = floppy_results(card->result, FLOPPY_RESULTS);
	else if (status == FLOPPY_READY)
		card->nr_results = floppy_sense(card->result);
	else
		return false;
	return card->nr_results > 1;
}

static irqreturn_t floppy_interrupt(int number, void *data)
{
	struct floppy *card = data;
	bool fetched;
	u8 status;

	spin_lock(&card->irq_lock);
	status = inb(port + FLOPPY_STATUS);
	fetched = card->waits && floppy_fetch(card, status);
	if (fetched) {
		card->waits = false;
		complete(&card->done);
	}
	spin_unlock(&card->irq_lock);
	return fetched ? IRQ_HANDLED : IRQ_NONE;
}

static void floppy_set_waits(struct floppy *card, bool waits)
{
	unsigned long flags;

	spin_lock_irqsave(&card->irq_lock, flags);
	card->waits = waits;
	spin_unlock_irqrestore(&card->irq_lock, flags);
}

static int floppy_wait_for_interrupt(struct floppy *card)
{
	if (wait_for_completion_timeout(&card->done, FLOPPY_WAIT))
		return 0;
	floppy_set_waits(card, false);
	dev_err(card->dev, "interrupt %d does not come\n", irq);
	return -EIO;
}

static int floppy_do(struct floppy *card, const u8 *bytes, unsigned int nr)
{
	unsigned long flags;
	int err;

	reinit_completion(&card->done);
	spin_lock_irqsave(&card->irq_lock, flags);
	err = floppy_command(bytes, nr);
	card->waits = !err;
	spin_unlock_irqrestore(&card->irq_lock, flags);
	return err ? err : floppy_wait_for_interrupt(card);
}

/* --- the drive -------------------------------------------------------------------------------- */

/* Four drives might have been changed meanwhile: it wants to be asked about each. */
static int floppy_reset(struct floppy *card)
{
	static const u8 specify[] = {FLOPPY_SPECIFY, 0xdf, 0x02};
	u8 unused[2];
	unsigned int drive;
	int err;

	card->track = -1;
	reinit_completion(&card->done);
	floppy_set_waits(card, true);
	outb(0, port + FLOPPY_OUTPUT);
	udelay(10);
	outb(FLOPPY_RUN | FLOPPY_GATE | FLOPPY_MOTOR, port + FLOPPY_OUTPUT);
	err = floppy_wait_for_interrupt(card);
	if (err)
		return err;
	for (drive = 1; drive < 4; drive++)
		floppy_sense(unused);
	outb(0, port + FLOPPY_RATE);
	return floppy_command(specify, sizeof(specify));
}

static bool floppy_is_at(const struct floppy *card, unsigned int track)
{
	return card->nr_results == 2 &&
	       (card->result[0] & (FLOPPY_WENT_WRONG | FLOPPY_SEEK_END)) == FLOPPY_SEEK_END &&
	       card->result[1] == track;
}

static int floppy_seek(struct floppy *card, unsigned int track, unsigned int head)
{
	const u8 home[] = {FLOPPY_RECALIBRATE, 0};
	const u8 seek[] = {FLOPPY_SEEK, head << 2, track};
	int err = 0;

	if (card->track < 0) {
		err = floppy_do(card, home, sizeof(home));
		if (!err && !floppy_is_at(card, 0))
			err = -EIO;
		if (err)
			return err;
		card->track = 0;
	}
	if (card->track == (int)track)
		return 0;
	card->track = -1;
	err = floppy_do(card, seek, sizeof(seek));
	if (!err && !floppy_is_at(card, track))
		err = -EIO;
	if (!err)
		card->track = track;
	return err;
}

/* --- a transfer ------------------------------------------------------------------------------- */

static void floppy_start_dma(dma_addr_t handle, unsigned int size, bool write)
{
	unsigned long flags = claim_dma_lock();

	disable_dma(dma);
	clear_dma_ff(dma);
	set_dma_mode(dma, write ? DMA_MODE_WRITE : DMA_MODE_READ);
	set_dma_addr(dma, handle);
	set_dma_count(dma, size);
	enable_dma(dma);
	release_dma_lock(flags);
}

static void floppy_stop_dma(void)
{
	unsigned long flags = claim_dma_lock();

	disable_dma(dma);
	release_dma_lock(flags);
}

static int floppy_judge(const struct floppy *card)
{
	if (card->nr_results == FLOPPY_RESULTS && !(card->result[0] & FLOPPY_WENT_WRONG))
		return 0;
	if (card->nr_results == FLOPPY_RESULTS && card->result[1] & FLOPPY_PROTECTED)
		return -EROFS;
	return -EIO;
}

/*
 * Sectors [first, first + nr) of a side, counted from 0. The head is there. How many are moved the
 * DMA controller says: its count ends the command.
 *
 * The channel is disabled before the memory is taken back: whatever went wrong, nothing is moved
 * after that.
 */
static int floppy_transfer(struct floppy *card, int side, unsigned int first, unsigned int nr,
			   bool write)
{
	unsigned int head = side % FLOPPY_SIDES, size = nr * FLOPPY_SECTOR;
	enum dma_data_direction dir = write ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
	const u8 bytes[] = {
		write ? FLOPPY_WRITE : FLOPPY_READ,
		head << 2,
		side / FLOPPY_SIDES,
		head,
		first + 1,
		2,
		FLOPPY_SECTORS,
		0x1b,
		0xff,
	};
	dma_addr_t handle;
	int err;

	handle = dma_map_single(card->dev, card->buffer + first * FLOPPY_SECTOR, size, dir);
	if (dma_mapping_error(card->dev, handle))
		return -ENOMEM;
	floppy_start_dma(handle, size, write);
	err = floppy_do(card, bytes, sizeof(bytes));
	floppy_stop_dma();
	dma_unmap_single(card->dev, handle, size, dir);
	return err ? err : floppy_judge(card);
}

/* Disks fail, and the second time they don't. */
static int floppy_try(struct floppy *card, int side, unsigned int first, unsigned int nr,
		      bool write)
{
	unsigned int tries;
	int err = -EIO;

	for (tries = 0; tries < FLOPPY_TRIES && err == -EIO; tries++) {
		if (tries)
			err = floppy_reset(card);
		if (!tries || !err)
			err = floppy_seek(card, side / FLOPPY_SIDES, side % FLOPPY_SIDES);
		if (!err)
			err = floppy_transfer(card, side, first, nr, write);
	}
	return err;
}

static int floppy_load(struct floppy *card, int side)
{
	int err;

	if (card->side == side)
		return 0;
	card->side = -1;
	err = floppy_try(card, side, 0, FLOPPY_SECTORS, false);
	if (!err)
		card->side = side;
	return err;
}

/* --- the file --------------------------------------------------------------------------------- */

/* Bytes [offset, offset + part) of the side that is loaded. */
static int floppy_change(struct floppy *card, unsigned int offset, const char __user *user,
			 size_t part)
{
	unsigned int first = offset / FLOPPY_SECTOR;
	unsigned int last = (offset + part - 1) / FLOPPY_SECTOR;
	int side = card->side, err;

	/* What is in the buffer is on the disk, or it is nothing. */
	card->side = -1;
	if (copy_from_user(card->buffer + offset, user, part))
		return -EFAULT;
	err = floppy_try(card, side, first, last - first + 1, true);
	if (!err)
		card->side = side;
	return err;
}

static int floppy_part(struct floppy *card, loff_t pos, char __user *to, const char __user *from,
		       size_t *part)
{
	unsigned int offset = (unsigned long)pos % FLOPPY_SIDE;
	int err = floppy_load(card, (unsigned long)pos / FLOPPY_SIDE);

	if (*part > FLOPPY_SIDE - offset)
		*part = FLOPPY_SIDE - offset;
	if (err)
		return err;
	if (from)
		return floppy_change(card, offset, from, *part);
	return copy_to_user(to, card->buffer + offset, *part) ? -EFAULT : 0;
}

static ssize_t floppy_rw(struct floppy *card, char __user *to, const char __user *from, size_t size,
			 loff_t *pos)
{
	size_t done = 0, part;
	int err = 0;

	if (*pos < 0)
		return -EINVAL;
	if (*pos >= FLOPPY_SIZE)
		return from && size ? -ENOSPC : 0;
	if (size > FLOPPY_SIZE - *pos)
		size = FLOPPY_SIZE - *pos;
	if (mutex_lock_interruptible(&card->lock))
		return -ERESTARTSYS;
	while (done < size) {
		part = size - done;
		err = floppy_part(card, *pos + done, to ? to + done : NULL,
				  from ? from + done : NULL, &part);
		if (err)
			break;
		done += part;
	}
	mutex_unlock(&card->lock);
	*pos += done;
	return done ? done : err;
}

static ssize_t floppy_read(struct file *file, char __user *user, size_t size, loff_t *pos)
{
	return floppy_rw(file->private_data, user, NULL, size, pos);
}

static ssize_t floppy_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	return floppy_rw(file->private_data, NULL, user, size, pos);
}

static loff_t floppy_llseek(struct file *file, loff_t offset, int whence)
{
	return fixed_size_llseek(file, offset, whence, FLOPPY_SIZE);
}

/* The first user has the channel, the memory and the motor; what is in the drive may be new. */
static int floppy_wake(struct floppy *card)
{
	int err = request_dma(dma, "floppy");

	if (err)
		return err;
	card->buffer = kmalloc(FLOPPY_BUFFER, GFP_KERNEL | GFP_DMA);
	if (!card->buffer) {
		err = -ENOMEM;
		goto free_channel;
	}
	card->side = -1;
	err = floppy_reset(card);
	if (err)
		goto free_buffer;
	msleep(spin_up);
	return 0;

free_buffer:
	kfree(card->buffer);
free_channel:
	free_dma(dma);
	return err;
}

static void floppy_sleep(struct floppy *card)
{
	outb(FLOPPY_RUN | FLOPPY_GATE, port + FLOPPY_OUTPUT);
	kfree(card->buffer);
	free_dma(dma);
}

static int floppy_open(struct inode *inode, struct file *file)
{
	struct floppy *card = container_of(file->private_data, struct floppy, misc);
	int err = 0;

	file->private_data = card;
	mutex_lock(&card->lock);
	if (!card->users)
		err = floppy_wake(card);
	if (!err)
		card->users++;
	mutex_unlock(&card->lock);
	return err;
}

static int floppy_release(struct inode *inode, struct file *file)
{
	struct floppy *card = file->private_data;

	mutex_lock(&card->lock);
	if (!--card->users)
		floppy_sleep(card);
	mutex_unlock(&card->lock);
	return 0;
}

static const struct file_operations floppy_fops = {
	.owner = THIS_MODULE,
	.open = floppy_open,
	.release = floppy_release,
	.read = floppy_read,
	.write = floppy_write,
	.llseek = floppy_llseek,
};

/* --- life ------------------------------------------------------------------------------------- */

static bool floppy_request_ports(void)
{
	if (!request_region(port, FLOPPY_PORTS, "floppy"))
		return false;
	if (request_region(port + FLOPPY_RATE, 1, "floppy"))
		return true;
	release_region(port, FLOPPY_PORTS);
	return false;
}

static void floppy_release_ports(void)
{
	release_region(port + FLOPPY_RATE, 1);
	release_region(port, FLOPPY_PORTS);
}

/* Where no controller is, ports read as ones: none will be ready for a command. */
static int floppy_match(struct device *dev, unsigned int id)
{
	static const u8 version = FLOPPY_VERSION;
	bool there;
	u8 answer;

	if (!floppy_request_ports())
		return 0;
	outb(FLOPPY_RUN, port + FLOPPY_OUTPUT);
	there = !floppy_command(&version, 1) && floppy_results(&answer, 1) == 1 &&
		answer == FLOPPY_IS_82077;
	floppy_release_ports();
	return there;
}

static int floppy_start(struct floppy *card)
{
	int err = request_irq(irq, floppy_interrupt, 0, "floppy", card);

	if (err)
		return err;
	card->misc.name = "floppy0";
	card->misc.minor = MISC_DYNAMIC_MINOR;
	card->misc.fops = &floppy_fops;
	err = misc_register(&card->misc);
	if (err)
		free_irq(irq, card);
	return err;
}

static int floppy_probe(struct device *dev, unsigned int id)
{
	struct floppy *card;
	int err;

	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(24));
	if (err)
		return err;
	card = kzalloc(sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	card->dev = dev;
	mutex_init(&card->lock);
	init_completion(&card->done);
	spin_lock_init(&card->irq_lock);
	err = -EBUSY;
	if (!floppy_request_ports())
		goto free_card;
	err = floppy_start(card);
	if (err)
		goto release_ports;
	floppy_card = card;
	return 0;

release_ports:
	floppy_release_ports();
free_card:
	kfree(card);
	return err;
}

/* In reset the controller interrupts nobody. */
static void floppy_remove(struct device *dev, unsigned int id)
{
	struct floppy *card = floppy_card;

	misc_deregister(&card->misc);
	outb(0, port + FLOPPY_OUTPUT);
	free_irq(irq, card);
	floppy_release_ports();
	kfree(card);
}

static struct isa_driver floppy_driver = {
	.match = floppy_match,
	.probe = floppy_probe,
	.remove = floppy_remove,
	.driver =
		{
			.name = "floppy",
		},
};
module_isa_driver(floppy_driver, 1);

MODULE_DESCRIPTION("82077 floppy controller, a 1.44 MB drive");
MODULE_LICENSE("Dual MIT/GPL");
