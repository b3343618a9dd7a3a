// SPDX-License-Identifier: MIT
/*
 * A client of the DMA engine that has memory copied while it goes on: /dev/memcopy,
 * docs/memcopy.md.
 *
 * The pattern: both buffers are mapped for the channel's device, not for one of ours; a descriptor
 * is prepared, submitted, and begun; and from there on the buffers are the engine's, until it calls
 * back, which unmaps them. Each step may fail, and then the CPU copies: nobody has to notice. What
 * does not end in time is terminated, with all else that the channel has, before a buffer is
 * touched; then it is copied by the CPU as well.
 *
 *	write: queued --offload--> flying --callback--> ended --> read
 *	                 `--can't--> copied by the CPU ---^
 *
 * A piece that is flying is on memcopy.flying, the oldest first. Who takes it off there, with
 * memcopy.lock held, unmaps it and ends it: the callback; or the watchdog, when the oldest has had
 * its time, after it reset the channel.
 */
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "memcopy.h"

static unsigned int threshold = 4096;
module_param(threshold, uint, 0644);
MODULE_PARM_DESC(threshold, "bytes, below which the CPU copies: to begin a transfer has its price");
static unsigned int timeout = 2000;
module_param(timeout, uint, 0644);
MODULE_PARM_DESC(timeout, "milliseconds that a transfer may take");

struct memcopy_file {
	struct mutex lock;       /* of readers and writers */
	struct list_head pieces; /* oldest first; the lock's */
	size_t bytes;            /* the lock's */
	wait_queue_head_t wait;  /* for the end of a piece, or room */
};

struct memcopy_piece {
	struct list_head link; /* of the file's */
	struct list_head flying;
	struct memcopy_file *file;
	size_t length;
	u8 *source, *target;
	dma_addr_t from, to;
	unsigned long limit; /* jiffies */
	bool ended;          /* stored with release when the target is the CPU's again */
};

static struct {
	struct dma_chan *chan; /* NULL: the CPU copies all */
	struct mutex submit;   /* between two resets of the channel, and in order */
	spinlock_t lock;       /* guards the rest; also taken in callbacks */
	struct list_head flying;
	struct memcopy_info info;
} memcopy = {
	.submit = __MUTEX_INITIALIZER(memcopy.submit),
	.lock = __SPIN_LOCK_UNLOCKED(memcopy.lock),
	.flying = LIST_HEAD_INIT(memcopy.flying),
};

static void memcopy_count(u64 *count)
{
	unsigned long flags;

	spin_lock_irqsave(&memcopy.lock, flags);
	++*count;
	spin_unlock_irqrestore(&memcopy.lock, flags);
}

/* --- the end of a piece ----------------------------------------------------------------------- */

static bool memcopy_has_ended(const struct memcopy_piece *piece)
{
	return smp_load_acquire(&piece->ended);
}

/* The file may be gone as soon as the lock is released: its last reader takes that. */
static void memcopy_end(struct memcopy_piece *piece)
{
	unsigned long flags;

	spin_lock_irqsave(&memcopy.lock, flags);
	smp_store_release(&piece->ended, true);
	wake_up(&piece->file->wait);
	spin_unlock_irqrestore(&memcopy.lock, flags);
}

static void memcopy_by_cpu(struct memcopy_piece *piece)
{
	memcpy(piece->target, piece->source, piece->length);
	memcopy_end(piece);
}

static void memcopy_unmap(struct memcopy_piece *piece)
{
	struct device *dev = dmaengine_get_dma_device(memcopy.chan);

	dma_unmap_single(dev, piece->from, piece->length, DMA_TO_DEVICE);
	dma_unmap_single(dev, piece->to, piece->length, DMA_FROM_DEVICE);
}

/* Called by the engine, in softirq context. */
static void memcopy_called(void *data, const struct dmaengine_result *result)
{
	const bool good = !result || result->result == DMA_TRANS_NOERROR;
	struct memcopy_piece *piece = data;
	unsigned long flags;

	spin_lock_irqsave(&memcopy.lock, flags);
	list_del(&piece->flying);
	++*(good ? &memcopy.info.offloaded : &memcopy.info.failed);
	spin_unlock_irqrestore(&memcopy.lock, flags);
	memcopy_unmap(piece);
	if (good)
		memcopy_end(piece);
	else
		memcopy_by_cpu(piece);
}

/* One did not end: the channel begins anew, and nothing is lost. */
static void memcopy_reset(void)
{
	struct memcopy_piece *piece, *next;
	LIST_HEAD(left);

	mutex_lock(&memcopy.submit);
	dmaengine_terminate_sync(memcopy.chan);
	/* Nobody is called back any more, and nothing is submitted meanwhile. */
	spin_lock_irq(&memcopy.lock);
	list_splice_init(&memcopy.flying, &left);
	spin_unlock_irq(&memcopy.lock);
	list_for_each_entry_safe(piece, next, &left, flying) {
		memcopy_count(&memcopy.info.timed_out);
		memcopy_unmap(piece);
		memcopy_by_cpu(piece);
	}
	mutex_unlock(&memcopy.submit);
}

/* Jiffies that the oldest piece has left; 0: none, and it is late; negative: there is no piece. */
static long memcopy_time_left(void)
{
	struct memcopy_piece *oldest;
	long left = -1;

	spin_lock_irq(&memcopy.lock);
	oldest = list_first_entry_or_null(&memcopy.flying, struct memcopy_piece, flying);
	if (oldest)
		left = time_before(jiffies, oldest->limit) ? (long)(oldest->limit - jiffies) : 0;
	spin_unlock_irq(&memcopy.lock);
	return left;
}

static void memcopy_watch(struct work_struct *work);
static DECLARE_DELAYED_WORK(memcopy_watchdog, memcopy_watch);

static void memcopy_watch(struct work_struct *work)
{
	long left = memcopy_time_left();

	if (!left) {
		memcopy_reset();
		left = memcopy_time_left();
	}
	if (left >= 0)
		schedule_delayed_work(&memcopy_watchdog, max(left, 1L));
}

/* --- the way to the engine -------------------------------------------------------------------- */

static int memcopy_map(struct memcopy_piece *piece, struct device *dev)
{
	piece->from = dma_map_single(dev, piece->source, piece->length, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, piece->from))
		return -ENOMEM;
	piece->to = dma_map_single(dev, piece->target, piece->length, DMA_FROM_DEVICE);
	if (!dma_mapping_error(dev, piece->to))
		return 0;
	dma_unmap_single(dev, piece->from, piece->length, DMA_TO_DEVICE);
	return -ENOMEM;
}

static bool memcopy_may_offload(const struct memcopy_piece *piece)
{
	struct dma_chan *chan = memcopy.chan;

	return chan && piece->length >= threshold &&
	       is_dma_copy_aligned(chan->device, 0, 0, piece->length) &&
	       piece->length <= dma_max_mapping_size(dmaengine_get_dma_device(chan));
}

/* The piece is on the list before it can end. */
static int memcopy_submit(struct memcopy_piece *piece)
{
	struct dma_async_tx_descriptor *tx;

	tx = dmaengine_prep_dma_memcpy(memcopy.chan, piece->to, piece->from, piece->length,
				       DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!tx)
		return -ENOMEM;
	tx->callback_result = memcopy_called;
	tx->callback_param = piece;
	piece->limit = jiffies + msecs_to_jiffies(timeout);
	spin_lock_irq(&memcopy.lock);
	list_add_tail(&piece->flying, &memcopy.flying);
	spin_unlock_irq(&memcopy.lock);
	if (!dma_submit_error(dmaengine_submit(tx)))
		return 0;
	spin_lock_irq(&memcopy.lock);
	list_del(&piece->flying);
	spin_unlock_irq(&memcopy.lock);
	return -EIO;
}

/* Return: 0: it ends by itself; a negative errno: it is the caller's as before. */
static int memcopy_offload(struct memcopy_piece *piece)
{
	struct device *dev;
	int err;

	if (!memcopy_may_offload(piece))
		return -EOPNOTSUPP;
	dev = dmaengine_get_dma_device(memcopy.chan);
	err = memcopy_map(piece, dev);
	if (err)
		return err;
	mutex_lock(&memcopy.submit);
	err = memcopy_submit(piece);
	if (!err)
		dma_async_issue_pending(memcopy.chan);
	mutex_unlock(&memcopy.submit);
	if (err)
		memcopy_unmap(piece);
	else
		schedule_delayed_work(&memcopy_watchdog, msecs_to_jiffies(timeout));
	return err;
}

/* --- pieces of a file ------------------------------------------------------------------------- */

static void memcopy_free_piece(struct memcopy_piece *piece)
{
	kfree(piece->target);
	kfree(piece->source);
	kfree(piece);
}

static struct memcopy_piece *memcopy_new_piece(struct memcopy_file *file, const char __user *user,
					       size_t length)
{
	struct memcopy_piece *piece = kzalloc(sizeof(*piece), GFP_KERNEL);
	int err = -ENOMEM;

	if (!piece)
		return ERR_PTR(-ENOMEM);
	piece->file = file;
	piece->length = length;
	piece->source = kmalloc(length, GFP_KERNEL);
	piece->target = kmalloc(length, GFP_KERNEL);
	if (!piece->source || !piece->target)
		goto free;
	err = -EFAULT;
	if (copy_from_user(piece->source, user, length))
		goto free;
	return piece;
free:
	memcopy_free_piece(piece);
	return ERR_PTR(err);
}

/* It ends, by itself or by the watchdog. */
static void memcopy_wait(struct memcopy_piece *piece)
{
	wait_event(piece->file->wait, memcopy_has_ended(piece));
	/* Who ended it has let go of the file. */
	spin_lock_irq(&memcopy.lock);
	spin_unlock_irq(&memcopy.lock);
}

static struct memcopy_piece *memcopy_oldest(struct memcopy_file *file)
{
	return list_first_entry_or_null(&file->pieces, struct memcopy_piece, link);
}

/* The file's lock is held. */
static void memcopy_drop(struct memcopy_file *file, struct memcopy_piece *piece)
{
	list_del(&piece->link);
	WRITE_ONCE(file->bytes, file->bytes - piece->length);
	memcopy_free_piece(piece);
	wake_up(&file->wait);
}

/* --- /dev/memcopy ----------------------------------------------------------------------------- */

static int memcopy_open(struct inode *inode, struct file *file)
{
	struct memcopy_file *mine = kzalloc(sizeof(*mine), GFP_KERNEL);

	if (!mine)
		return -ENOMEM;
	mutex_init(&mine->lock);
	INIT_LIST_HEAD(&mine->pieces);
	init_waitqueue_head(&mine->wait);
	file->private_data = mine;
	return nonseekable_open(inode, file);
}

static int memcopy_release(struct inode *inode, struct file *file)
{
	struct memcopy_file *mine = file->private_data;
	struct memcopy_piece *piece;

	while ((piece = memcopy_oldest(mine))) {
		memcopy_wait(piece);
		memcopy_drop(mine, piece);
	}
	kfree(mine);
	return 0;
}

static bool memcopy_has_room(struct memcopy_file *mine, size_t count)
{
	return READ_ONCE(mine->bytes) + count <= MEMCOPY_FILE_MAX;
}

static ssize_t memcopy_write(struct file *file, const char __user *user, size_t count,
			     loff_t *position)
{
	struct memcopy_file *mine = file->private_data;
	struct memcopy_piece *piece;

	if (!count || count > MEMCOPY_PIECE_MAX)
		return count ? -EMSGSIZE : 0;
	if (!memcopy_has_room(mine, count) && file->f_flags & O_NONBLOCK)
		return -EAGAIN;
	if (wait_event_interruptible(mine->wait, memcopy_has_room(mine, count)))
		return -ERESTARTSYS;
	piece = memcopy_new_piece(mine, user, count);
	if (IS_ERR(piece))
		return PTR_ERR(piece);
	if (mutex_lock_interruptible(&mine->lock)) {
		memcopy_free_piece(piece);
		return -ERESTARTSYS;
	}
	list_add_tail(&piece->link, &mine->pieces);
	WRITE_ONCE(mine->bytes, mine->bytes + count);
	if (memcopy_offload(piece)) {
		memcopy_count(&memcopy.info.by_cpu);
		memcopy_by_cpu(piece);
	}
	mutex_unlock(&mine->lock);
	return count;
}

/* The oldest piece; the file's lock is held. */
static ssize_t memcopy_read_piece(struct file *file, char __user *user, size_t count)
{
	struct memcopy_file *mine = file->private_data;
	struct memcopy_piece *piece = memcopy_oldest(mine);

	if (!piece)
		return 0;
	if (file->f_flags & O_NONBLOCK && !memcopy_has_ended(piece))
		return -EAGAIN;
	memcopy_wait(piece);
	count = min(count, piece->length);
	if (copy_to_user(user, piece->target, count))
		return -EFAULT;
	memcopy_drop(mine, piece);
	return count;
}

static ssize_t memcopy_read(struct file *file, char __user *user, size_t count, loff_t *position)
{
	struct memcopy_file *mine = file->private_data;
	ssize_t read;

	if (mutex_lock_interruptible(&mine->lock))
		return -ERESTARTSYS;
	read = memcopy_read_piece(file, user, count);
	mutex_unlock(&mine->lock);
	return read;
}

static __poll_t memcopy_poll(struct file *file, poll_table *table)
{
	struct memcopy_file *mine = file->private_data;
	struct memcopy_piece *piece;
	__poll_t ready = 0;

	poll_wait(file, &mine->wait, table);
	mutex_lock(&mine->lock);
	piece = memcopy_oldest(mine);
	if (piece && memcopy_has_ended(piece))
		ready |= EPOLLIN | EPOLLRDNORM;
	if (memcopy_has_room(mine, MEMCOPY_PIECE_MAX))
		ready |= EPOLLOUT | EPOLLWRNORM;
	mutex_unlock(&mine->lock);
	return ready;
}

static long memcopy_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct memcopy_info info;

	if (command != MEMCOPY_IOC_INFO)
		return -ENOTTY;
	spin_lock_irq(&memcopy.lock);
	info = memcopy.info;
	spin_unlock_irq(&memcopy.lock);
	return copy_to_user((void __user *)argument, &info, sizeof(info)) ? -EFAULT : 0;
}

static const struct file_operations memcopy_files = {
	.owner = THIS_MODULE,
	.open = memcopy_open,
	.release = memcopy_release,
	.read = memcopy_read,
	.write = memcopy_write,
	.poll = memcopy_poll,
	.unlocked_ioctl = memcopy_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice memcopy_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "memcopy",
	.fops = &memcopy_files,
};

/* --- life ------------------------------------------------------------------------------------- */

/* Without a channel it works, too. */
static void memcopy_take_channel(void)
{
	struct dma_chan *chan;
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	chan = dma_request_chan_by_mask(&mask);
	if (IS_ERR(chan)) {
		pr_info("memcopy: no channel that copies (%ld): the CPU does\n", PTR_ERR(chan));
		return;
	}
	memcopy.chan = chan;
	strscpy(memcopy.info.channel, dma_chan_name(chan), sizeof(memcopy.info.channel));
}

/* All files are closed, so nothing is flying. */
static void memcopy_give_channel(void)
{
	if (!memcopy.chan)
		return;
	dmaengine_terminate_sync(memcopy.chan);
	dma_release_channel(memcopy.chan);
	memcopy.chan = NULL;
}

static int __init memcopy_init(void)
{
	int err;

	memcopy_take_channel();
	err = misc_register(&memcopy_misc);
	if (err)
		memcopy_give_channel();
	return err;
}
module_init(memcopy_init);

static void __exit memcopy_exit(void)
{
	misc_deregister(&memcopy_misc);
	cancel_delayed_work_sync(&memcopy_watchdog);
	memcopy_give_channel();
}
module_exit(memcopy_exit);

MODULE_DESCRIPTION("copies by a DMA engine");
MODULE_LICENSE("Dual MIT/GPL");
