// SPDX-License-Identifier: MIT
/*
 * A driver for the Sound Blaster 16 on the ISA bus: digital sound, played and recorded.
 *
 * The card does not master the bus. It asks the PC's DMA controller, and that one moves bytes
 * between the card and memory, on a channel that the driver requests, sets up and starts
 * (sb16_start_dma()). The controller is told once: in auto-init mode it goes round in a buffer of
 * two halves, and the card interrupts after each half (sb16_start()). While one is played the
 * other is filled: sb16_played() and sb16_recorded() keep that so. A sound that is shorter than a
 * half is played by a single transfer.
 *
 * Nothing announces such a card. Where it may be is known, and sb16_match() asks whether one
 * answers; which interrupt and channels it has the card itself says.
 *
 * Who may touch what: the file's user holds user_lock. What the interrupt has too, all that counts
 * halves, is guarded by lock; the half that is not the card's is the user's, and the counters say
 * which one that is. The DMA controller is everybody's: claim_dma_lock().
 *
 * Source: Creative Labs, Sound Blaster Series Hardware Programming Guide.
 */
#include <asm/dma.h>
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
#include <linux/wait.h>

#include "sb16.h"

#define SB16_PORTS 16
#define SB16_CARDS 4

/* Registers, from the card's first port on. */
#define SB16_MIXER_INDEX 0x4
#define SB16_MIXER_DATA  0x5
#define SB16_RESET       0x6
#define SB16_DATA        0xa
#define SB16_COMMAND     0xc /* read: bit 7 set while the card takes no byte */
#define SB16_STATUS      0xe /* read: bit 7 set when there is data; acknowledges 8-bit interrupts */
#define SB16_ACK_16      0xf
#define SB16_BIT_7       0x80
#define SB16_IS_THERE    0xaa

#define SB16_MIXER_IRQ    0x80
#define SB16_MIXER_DMA    0x81
#define SB16_MIXER_STATUS 0x82
#define SB16_STATUS_8     BIT(0)
#define SB16_STATUS_16    BIT(1)

/* Commands of the DSP. Of the first two: 8 records, 4 goes on for ever, 2 uses the FIFO. */
#define SB16_DO_16     0xb0
#define SB16_DO_8      0xc0
#define SB16_RECORD    0x08
#define SB16_AUTO_INIT 0x04
#define SB16_FIFO      0x02
#define SB16_STEREO    0x20
#define SB16_SIGNED    0x10
#define SB16_RATE_OUT  0x41
#define SB16_RATE_IN   0x42
#define SB16_HALT_8    0xd0
#define SB16_GO_ON_8   0xd4
#define SB16_HALT_16   0xd5
#define SB16_GO_ON_16  0xd6
#define SB16_SPEAKER   0xd1
#define SB16_VERSION   0xe1

#define SB16_WAIT (10 * HZ) /* longer than the slowest half lasts */

struct sb16 {
	struct device *dev;
	unsigned int port, irq, dma, dma16, version;
	struct miscdevice misc;
	char name[16];
	wait_queue_head_t wait; /* woken by each interrupt */

	struct mutex user_lock; /* guards all down to lock */
	bool open, records;
	struct sb16_format format;
	u8 *buffer; /* consistent */
	dma_addr_t handle;
	u8 *stage;           /* a half that is not full yet */
	unsigned int staged; /* bytes of it; when recording: bytes taken of the oldest half */
	unsigned int channel;

	spinlock_t lock; /* guards what follows, and the card's registers once it runs */
	bool running, halted, paused;
	bool once;           /* what runs ends by itself */
	unsigned int given;  /* halves that were filled: by the user to play, by the card else */
	unsigned int taken;  /* of these, those that were played, or read */
	unsigned int halves; /* done since the file was opened */
	unsigned int interrupts;
};

static int port[SB16_CARDS] = {0x220, 0x240, 0x260, 0x280};
module_param_array(port, int, NULL, 0444);
MODULE_PARM_DESC(port, "where cards may be");

static struct sb16 *sb16_cards[SB16_CARDS];

/* --- the card --------------------------------------------------------------------------------- */

static void sb16_command(struct sb16 *card, u8 byte)
{
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (!(inb(card->port + SB16_COMMAND) & SB16_BIT_7)) {
			outb(byte, card->port + SB16_COMMAND);
			return;
		}
		udelay(1);
	}
	dev_err_ratelimited(card->dev, "card takes no command\n");
}

static int sb16_answer(unsigned int port)
{
	unsigned int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (inb(port + SB16_STATUS) & SB16_BIT_7)
			return inb(port + SB16_DATA);
		udelay(1);
	}
	return -EIO;
}

static int sb16_reset(unsigned int port)
{
	outb(1, port + SB16_RESET);
	udelay(3);
	outb(0, port + SB16_RESET);
	return sb16_answer(port) == SB16_IS_THERE ? 0 : -ENODEV;
}

static u8 sb16_mixer(struct sb16 *card, u8 index)
{
	outb(index, card->port + SB16_MIXER_INDEX);
	return inb(card->port + SB16_MIXER_DATA);
}

static bool sb16_is_16_bit(const struct sb16 *card)
{
	return card->format.bits == 16;
}

/* From here on the card asks for nothing, until it goes on. */
static void sb16_halt(struct sb16 *card)
{
	sb16_command(card, sb16_is_16_bit(card) ? SB16_HALT_16 : SB16_HALT_8);
	card->halted = true;
}

static void sb16_go_on(struct sb16 *card)
{
	card->halted = false;
	sb16_command(card, sb16_is_16_bit(card) ? SB16_GO_ON_16 : SB16_GO_ON_8);
}

/* --- the DMA controller ----------------------------------------------------------------------- */

/*
 * Halves of the two-byte registers go through one flip-flop for all channels: so the lock, and
 * clear_dma_ff(). A channel that is being set up is disabled. The buffer lies below 16 MiB and in
 * one page of 64 KiB, because dma_alloc_coherent() for a device of 24 bits gives such.
 */
static void sb16_start_dma(struct sb16 *card, unsigned int size, bool again)
{
	unsigned int mode = card->records ? DMA_MODE_READ : DMA_MODE_WRITE;
	unsigned long flags;

	flags = claim_dma_lock();
	disable_dma(card->channel);
	clear_dma_ff(card->channel);
	set_dma_mode(card->channel, again ? mode | DMA_AUTOINIT : mode);
	set_dma_addr(card->channel, card->handle);
	set_dma_count(card->channel, size);
	enable_dma(card->channel);
	release_dma_lock(flags);
}

static void sb16_stop_dma(struct sb16 *card)
{
	unsigned long flags;

	flags = claim_dma_lock();
	disable_dma(card->channel);
	release_dma_lock(flags);
}

/* The controller may count on between the two reads of a byte: twice the same is no such thing. */
static unsigned int sb16_dma_left(struct sb16 *card)
{
	unsigned int left, again = 0, tries = 0;
	unsigned long flags;

	flags = claim_dma_lock();
	do {
		left = again;
		clear_dma_ff(card->channel);
		again = get_dma_residue(card->channel);
	} while (left != again && tries++ < 10);
	release_dma_lock(flags);
	return again;
}

/* Play or record @size bytes, once; or, @again, the whole buffer for ever, half by half. */
static void sb16_start(struct sb16 *card, unsigned int size, bool again)
{
	bool wide = sb16_is_16_bit(card);
	unsigned int samples = (again ? SB16_HALF : size) / (wide ? 2 : 1) - 1;
	u8 command = (wide ? SB16_DO_16 : SB16_DO_8) | (card->records ? SB16_RECORD : 0);

	sb16_start_dma(card, size, again);
	sb16_command(card, card->records ? SB16_RATE_IN : SB16_RATE_OUT);
	sb16_command(card, card->format.rate >> 8);
	sb16_command(card, card->format.rate & 0xff);
	sb16_command(card, command | (again ? SB16_AUTO_INIT | SB16_FIFO : 0));
	sb16_command(card,
		     (wide ? SB16_SIGNED : 0) | (card->format.channels == 2 ? SB16_STEREO : 0));
	sb16_command(card, samples & 0xff);
	sb16_command(card, samples >> 8);
	card->running = true;
	card->once = !again;
	card->halted = false;
}

/* --- a half is done: in the interrupt, with the lock held ------------------------------------- */

/* The card has begun the other half. If nobody has filled that one, there is nothing to play. */
static void sb16_played(struct sb16 *card)
{
	card->taken++;
	if (card->taken != card->given)
		return;
	if (!card->once)
		sb16_halt(card);
	card->running = false;
}

/* The card has begun the other half. If nobody has read that one, it has to wait. */
static void sb16_recorded(struct sb16 *card)
{
	card->given++;
	if (card->given - card->taken == 2)
		sb16_halt(card);
}

/*
 * Acknowledged last: what the card does next it does after that, if it can wait, and else has begun
 * already.
 */
static irqreturn_t sb16_interrupt(int irq, void *data)
{
	struct sb16 *card = data;
	u8 status;

	spin_lock(&card->lock);
	status = sb16_mixer(card, SB16_MIXER_STATUS) & (SB16_STATUS_8 | SB16_STATUS_16);
	if (!status) {
		spin_unlock(&card->lock);
		return IRQ_NONE;
	}
	card->interrupts++;
	if (card->running) {
		card->halves++;
		if (card->records)
			sb16_recorded(card);
		else
			sb16_played(card);
	}
	if (status & SB16_STATUS_8)
		inb(card->port + SB16_STATUS);
	if (status & SB16_STATUS_16)
		inb(card->port + SB16_ACK_16);
	spin_unlock(&card->lock);
	wake_up_interruptible(&card->wait);
	return IRQ_HANDLED;
}

/* --- playing ---------------------------------------------------------------------------------- */

static bool sb16_has_room(struct sb16 *card)
{
	unsigned long flags;
	bool room;

	spin_lock_irqsave(&card->lock, flags);
	room = card->given - card->taken < 2 && !(card->running && card->once);
	spin_unlock_irqrestore(&card->lock, flags);
	return room;
}

static bool sb16_is_quiet(struct sb16 *card)
{
	unsigned long flags;
	bool quiet;

	spin_lock_irqsave(&card->lock, flags);
	quiet = !card->running;
	spin_unlock_irqrestore(&card->lock, flags);
	return quiet;
}

/* An interrupt that never comes is an interrupt that somebody set wrong. */
static int sb16_waited(struct sb16 *card, long left)
{
	if (left > 0)
		return 0;
	if (left < 0)
		return left;
	dev_err(card->dev, "no interrupt %u comes\n", card->irq);
	return -EIO;
}

/*
 * The half that is not the card's gets what was staged. The card starts when both are full, or with
 * the only one when there will be @no_more.
 */
static void sb16_give(struct sb16 *card, bool no_more)
{
	unsigned long flags;

	spin_lock_irqsave(&card->lock, flags);
	if (!card->running && card->given == card->taken)
		card->given = card->taken = 0;
	memcpy(card->buffer + card->given % 2 * SB16_HALF, card->stage, SB16_HALF);
	card->given++;
	if (!card->running && card->given == 2)
		sb16_start(card, SB16_BUFFER, true);
	else if (!card->running && no_more)
		sb16_start(card, card->staged, false);
	spin_unlock_irqrestore(&card->lock, flags);
	card->staged = 0;
}

static int sb16_give_when_room(struct sb16 *card, bool no_more)
{
	long left = wait_event_interruptible_timeout(card->wait, sb16_has_room(card), SB16_WAIT);
	int err = sb16_waited(card, left);

	if (!err)
		sb16_give(card, no_more);
	return err;
}

static ssize_t sb16_write_some(struct sb16 *card, const char __user *user, size_t size)
{
	size_t done = 0, part;
	int err = 0;

	while (done < size && !err) {
		part = min_t(size_t, size - done, SB16_HALF - card->staged);
		if (copy_from_user(card->stage + card->staged, user + done, part)) {
			err = -EFAULT;
			break;
		}
		card->staged += part;
		if (card->staged == SB16_HALF)
			err = sb16_give_when_room(card, false);
		if (err) /* it was not taken */
			card->staged -= part;
		else
			done += part;
	}
	return done ? done : err;
}

/* The rest: silence makes it a half, unless it is all there is. */
static int sb16_give_rest(struct sb16 *card)
{
	unsigned int unit = card->format.bits / 8 * card->format.channels;

	card->staged -= card->staged % unit;
	if (!card->staged)
		return 0;
	memset(card->stage + card->staged, sb16_is_16_bit(card) ? 0 : 0x80,
	       SB16_HALF - card->staged);
	return sb16_give_when_room(card, true);
}

/* One half that waits for a second one that never comes. */
static void sb16_start_last(struct sb16 *card)
{
	unsigned long flags;

	spin_lock_irqsave(&card->lock, flags);
	if (!card->running && card->given == 1 && !card->taken)
		sb16_start(card, SB16_HALF, false);
	spin_unlock_irqrestore(&card->lock, flags);
}

static int sb16_flush(struct sb16 *card)
{
	int err = sb16_give_rest(card);

	if (err)
		return err;
	sb16_start_last(card);
	return sb16_waited(card, wait_event_interruptible_timeout(card->wait, sb16_is_quiet(card),
								  SB16_WAIT));
}

/* --- recording -------------------------------------------------------------------------------- */

static bool sb16_has_recorded(struct sb16 *card)
{
	unsigned long flags;
	bool some;

	spin_lock_irqsave(&card->lock, flags);
	some = card->given != card->taken;
	spin_unlock_irqrestore(&card->lock, flags);
	return some;
}

static void sb16_start_recording(struct sb16 *card)
{
	unsigned long flags;

	spin_lock_irqsave(&card->lock, flags);
	if (!card->running)
		sb16_start(card, SB16_BUFFER, true);
	spin_unlock_irqrestore(&card->lock, flags);
}

/* The half is the card's again; if it waits for that, it goes on. */
static void sb16_take(struct sb16 *card)
{
	unsigned long flags;

	spin_lock_irqsave(&card->lock, flags);
	card->taken++;
	if (card->halted && !card->paused)
		sb16_go_on(card);
	spin_unlock_irqrestore(&card->lock, flags);
	card->staged = 0;
}

static ssize_t sb16_read_some(struct sb16 *card, char __user *user, size_t size)
{
	size_t part = min_t(size_t, size, SB16_HALF - card->staged);
	int err;

	sb16_start_recording(card);
	err = sb16_waited(card,
			  wait_event_interruptible_timeout(card->wait, sb16_has_recorded(card),
							   SB16_WAIT));
	if (err)
		return err;
	if (copy_to_user(user, card->buffer + card->taken % 2 * SB16_HALF + card->staged, part))
		return -EFAULT;
	card->staged += part;
	if (card->staged == SB16_HALF)
		sb16_take(card);
	return part;
}

/* --- the file --------------------------------------------------------------------------------- */

static int sb16_request_channels(struct sb16 *card)
{
	int err = request_dma(card->dma, card->name);

	if (err)
		return err;
	err = card->dma16 ? request_dma(card->dma16, card->name) : 0;
	if (err)
		free_dma(card->dma);
	return err;
}

static void sb16_free_channels(struct sb16 *card)
{
	if (card->dma16)
		free_dma(card->dma16);
	free_dma(card->dma);
}

static int sb16_make_buffers(struct sb16 *card)
{
	card->stage = kmalloc(SB16_HALF, GFP_KERNEL);
	if (!card->stage)
		return -ENOMEM;
	card->buffer = dma_alloc_coherent(card->dev, SB16_BUFFER, &card->handle, GFP_KERNEL);
	if (card->buffer)
		return 0;
	kfree(card->stage);
	return -ENOMEM;
}

static void sb16_free_buffers(struct sb16 *card)
{
	dma_free_coherent(card->dev, SB16_BUFFER, card->buffer, card->handle);
	kfree(card->stage);
}

static int sb16_open_card(struct sb16 *card, bool records)
{
	int err;

	if (card->open)
		return -EBUSY;
	err = sb16_request_channels(card);
	if (err)
		return err;
	err = sb16_make_buffers(card);
	if (err)
		goto free_channels;
	err = sb16_reset(card->port);
	if (err)
		goto free_buffers;

	sb16_command(card, SB16_SPEAKER);
	card->format = (struct sb16_format){.rate = 22050, .bits = 8, .channels = 1};
	card->channel = card->dma;
	card->records = records;
	card->staged = 0;
	card->given = card->taken = card->halves = 0;
	card->halted = card->paused = false;
	card->open = true;
	return 0;

free_buffers:
	sb16_free_buffers(card);
free_channels:
	sb16_free_channels(card);
	return err;
}

static int sb16_open(struct inode *inode, struct file *file)
{
	struct sb16 *card = container_of(file->private_data, struct sb16, misc);
	int err;

	if ((file->f_mode & FMODE_READ) && (file->f_mode & FMODE_WRITE))
		return -EINVAL;
	file->private_data = card;
	mutex_lock(&card->user_lock);
	err = sb16_open_card(card, file->f_mode & FMODE_READ);
	mutex_unlock(&card->user_lock);
	return err;
}

/*
 * What was not played yet is not played any more. A card that was reset asks for nothing, and a
 * channel that is disabled moves nothing: the buffer may go.
 */
static int sb16_release(struct inode *inode, struct file *file)
{
	struct sb16 *card = file->private_data;
	unsigned long flags;

	mutex_lock(&card->user_lock);
	spin_lock_irqsave(&card->lock, flags);
	card->running = false;
	if (sb16_reset(card->port))
		dev_err(card->dev, "card can't be reset\n");
	spin_unlock_irqrestore(&card->lock, flags);
	sb16_stop_dma(card);
	sb16_free_buffers(card);
	sb16_free_channels(card);
	card->open = false;
	mutex_unlock(&card->user_lock);
	return 0;
}

static ssize_t sb16_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	struct sb16 *card = file->private_data;
	ssize_t result;

	if (mutex_lock_interruptible(&card->user_lock))
		return -ERESTARTSYS;
	result = sb16_write_some(card, user, size);
	mutex_unlock(&card->user_lock);
	return result;
}

static ssize_t sb16_read(struct file *file, char __user *user, size_t size, loff_t *pos)
{
	struct sb16 *card = file->private_data;
	ssize_t result;

	if (!size)
		return 0;
	if (mutex_lock_interruptible(&card->user_lock))
		return -ERESTARTSYS;
	result = sb16_read_some(card, user, size);
	mutex_unlock(&card->user_lock);
	return result;
}

static int sb16_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	struct sb16 *card = file->private_data;
	int err;

	if (card->records)
		return 0;
	if (mutex_lock_interruptible(&card->user_lock))
		return -ERESTARTSYS;
	err = sb16_flush(card);
	mutex_unlock(&card->user_lock);
	return err;
}

static int sb16_set_format(struct sb16 *card, const struct sb16_format *format)
{
	if (format->rate < 4000 || format->rate > 44100 ||
	    (format->bits != 8 && format->bits != 16) ||
	    (format->channels != 1 && format->channels != 2))
		return -EINVAL;
	if (card->given || card->staged || !sb16_is_quiet(card))
		return -EBUSY;
	card->format = *format;
	/* A card that has no wide channel moves words over the narrow one. */
	card->channel = format->bits == 16 && card->dma16 ? card->dma16 : card->dma;
	return 0;
}

static void sb16_pause(struct sb16 *card, bool pause)
{
	unsigned long flags;

	spin_lock_irqsave(&card->lock, flags);
	card->paused = pause;
	if (pause && !card->halted)
		sb16_halt(card);
	else if (!pause && card->halted && card->running &&
		 (!card->records || card->given - card->taken < 2))
		sb16_go_on(card);
	spin_unlock_irqrestore(&card->lock, flags);
}

static void sb16_tell(struct sb16 *card, struct sb16_info *info)
{
	unsigned long flags;

	*info = (struct sb16_info){
		.version = card->version, .irq = card->irq, .dma = card->dma, .dma16 = card->dma16};
	spin_lock_irqsave(&card->lock, flags);
	info->halves = card->halves;
	info->interrupts = card->interrupts;
	spin_unlock_irqrestore(&card->lock, flags);
	info->left = sb16_dma_left(card);
}

static long sb16_ioctl_locked(struct sb16 *card, unsigned int command, void __user *user)
{
	struct sb16_format format;
	struct sb16_info info;
	u32 pause;

	switch (command) {
	case SB16_IOC_FORMAT:
		if (copy_from_user(&format, user, sizeof(format)))
			return -EFAULT;
		return sb16_set_format(card, &format);
	case SB16_IOC_INFO:
		sb16_tell(card, &info);
		return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : 0;
	case SB16_IOC_PAUSE:
		if (copy_from_user(&pause, user, sizeof(pause)))
			return -EFAULT;
		sb16_pause(card, pause);
		return 0;
	}
	return -ENOTTY;
}

static long sb16_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct sb16 *card = file->private_data;
	long result;

	if (mutex_lock_interruptible(&card->user_lock))
		return -ERESTARTSYS;
	result = sb16_ioctl_locked(card, command, (void __user *)argument);
	mutex_unlock(&card->user_lock);
	return result;
}

static const struct file_operations sb16_fops = {
	.owner = THIS_MODULE,
	.open = sb16_open,
	.release = sb16_release,
	.read = sb16_read,
	.write = sb16_write,
	.fsync = sb16_fsync,
	.unlocked_ioctl = sb16_ioctl,
};

/* --- life ------------------------------------------------------------------------------------- */

/* Is there a card? Asked of ports that nobody else has, and answered by a card alone. */
static int sb16_match(struct device *dev, unsigned int id)
{
	bool there;

	if (port[id] <= 0 || !request_region(port[id], SB16_PORTS, "sb16"))
		return 0;
	there = !sb16_reset(port[id]);
	release_region(port[id], SB16_PORTS);
	return there;
}

/* Bit n of @bits stands for the n-th of @numbers, where 0 is none. */
static unsigned int sb16_number(u8 bits, const u8 numbers[8], unsigned int none)
{
	unsigned int nr;

	for (nr = 0; nr < 8; nr++)
		if ((bits & BIT(nr)) && numbers[nr] != 0xff)
			return numbers[nr];
	return none;
}

static int sb16_ask(struct sb16 *card)
{
	static const u8 irqs[8] = {9, 5, 7, 10, 0xff, 0xff, 0xff, 0xff};
	static const u8 narrow[8] = {0, 1, 0xff, 3, 0xff, 0xff, 0xff, 0xff};
	static const u8 wide[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 5, 6, 7};
	u8 dma = sb16_mixer(card, SB16_MIXER_DMA);
	int major, minor;

	if (sb16_reset(card->port))
		return -ENODEV;
	sb16_command(card, SB16_VERSION);
	major = sb16_answer(card->port);
	minor = sb16_answer(card->port);
	if (major < 4 || minor < 0) {
		dev_err(card->dev, "this card is older than a Sound Blaster 16\n");
		return -ENODEV;
	}
	card->version = major << 8 | minor;
	card->irq = sb16_number(sb16_mixer(card, SB16_MIXER_IRQ), irqs, 0);
	card->dma = sb16_number(dma, narrow, MAX_DMA_CHANNELS);
	card->dma16 = sb16_number(dma, wide, 0);
	if (!card->irq || card->dma == MAX_DMA_CHANNELS) {
		dev_err(card->dev, "card has no interrupt or no DMA channel\n");
		return -ENODEV;
	}
	return 0;
}

static int sb16_start_card(struct sb16 *card, unsigned int id)
{
	int err = sb16_ask(card);

	if (err)
		return err;
	err = request_irq(card->irq, sb16_interrupt, 0, card->name, card);
	if (err) {
		dev_err(card->dev, "interrupt %u is somebody else's\n", card->irq);
		return err;
	}
	card->misc.name = card->name;
	card->misc.minor = MISC_DYNAMIC_MINOR;
	card->misc.fops = &sb16_fops;
	err = misc_register(&card->misc);
	if (err) {
		free_irq(card->irq, card);
		return err;
	}
	dev_info(card->dev, "version %u.%02u, interrupt %u, DMA channels %u and %u\n",
		 card->version >> 8, card->version & 0xff, card->irq, card->dma, card->dma16);
	sb16_cards[id] = card;
	return 0;
}

static int sb16_probe(struct device *dev, unsigned int id)
{
	struct sb16 *card;
	int err;

	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(24));
	if (err)
		return err;
	card = kzalloc(sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	card->dev = dev;
	card->port = port[id];
	snprintf(card->name, sizeof(card->name), "sb16-%u", id);
	init_waitqueue_head(&card->wait);
	mutex_init(&card->user_lock);
	spin_lock_init(&card->lock);
	err = -EBUSY;
	if (!request_region(card->port, SB16_PORTS, card->name))
		goto free_card;
	err = sb16_start_card(card, id);
	if (err)
		goto release_ports;
	return 0;

release_ports:
	release_region(card->port, SB16_PORTS);
free_card:
	kfree(card);
	return err;
}

static void sb16_remove(struct device *dev, unsigned int id)
{
	struct sb16 *card = sb16_cards[id];

	misc_deregister(&card->misc);
	free_irq(card->irq, card);
	release_region(card->port, SB16_PORTS);
	kfree(card);
}

static struct isa_driver sb16_driver = {
	.match = sb16_match,
	.probe = sb16_probe,
	.remove = sb16_remove,
	.driver =
		{
			.name = "sb16",
		},
};
module_isa_driver(sb16_driver, SB16_CARDS);

MODULE_DESCRIPTION("Sound Blaster 16, digital sound");
MODULE_LICENSE("Dual MIT/GPL");
