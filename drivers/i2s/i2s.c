// SPDX-License-Identifier: MIT
/*
 * A driver for the audio interface of docs/i2s.md: a client of the DMA engine with a ring for each
 * side, which the controller goes round in until it is told not to. /dev/i2s0 is written and read.
 *
 * The lesson is that a ring has no end to be told of. Where the controller is says the residue
 * (i2s_update()); the callback of each period only makes sure that somebody looks often enough to
 * count the rounds. The program's own place runs before it, or behind, and no call hands a part of
 * the ring over: the memory is consistent, and who is too late is late (i2s_check()).
 *
 * Who may touch what: a side's file calls are kept apart by its mutex; its places, which callbacks
 * move as well, are guarded by its spinlock, and the control register by the card's.
 */
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
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "i2s.h"

#define I2S_ID              0x00
#define I2S_ID_VALUE        0x49530001
#define I2S_CONTROL         0x04
#define I2S_CONTROL_PLAY    0x00000001
#define I2S_CONTROL_CAPTURE 0x00000002
#define I2S_CONTROL_LOOP    0x00000004
#define I2S_CONTROL_RESET   0x80000000
#define I2S_IRQ_STATUS      0x0c
#define I2S_IRQ_ENABLE      0x10
#define I2S_IRQ_UNDERRUN    0x01
#define I2S_IRQ_OVERRUN     0x02
#define I2S_TX_DATA         0x14
#define I2S_RX_DATA         0x18
#define I2S_WATERMARK       0x1c
#define I2S_PLAYED          0x20
#define I2S_CAPTURED        0x24
#define I2S_UNDERRUNS       0x28
#define I2S_OVERRUNS        0x2c
#define I2S_SUM             0x30
#define I2S_SUM_FRAMES      0x34

#define I2S_FRAME  4
#define I2S_PERIOD 2048
#define I2S_BURST  8 /* frames */
#define I2S_FIFO   128 /* bytes that the interface has yet to play */

#define I2S_PATIENCE msecs_to_jiffies(5000)

/* A side, and its ring. Places count bytes since it began, and don't wrap with the ring. */
struct i2s_side {
	struct i2s *i2s;
	enum dma_transfer_direction direction;
	u32 control; /* its bit */
	u32 irq;     /* the bit of what it missed */
	struct dma_chan *chan;
	wait_queue_head_t wait; /* woken by each period */

	struct mutex mutex;
	bool open, running;
	u8 *ring; /* consistent, the controller's device's */
	dma_addr_t dma;
	dma_cookie_t cookie;
	u64 ours; /* what the program has written, or read */

	spinlock_t lock;
	u64 theirs; /* what the controller has moved */
	int error;  /* it has ended on its own */
};

struct i2s {
	struct device *dev;
	void __iomem *regs;
	struct miscdevice misc;
	char name[12];
	int number;
	spinlock_t lock; /* guards control and enabled */
	u32 control, enabled;
	atomic_t late;
	struct i2s_side play, capture;
};

static DEFINE_IDA(i2s_numbers);

static void i2s_set_control(struct i2s *i2s, u32 clear, u32 set)
{
	unsigned long flags;

	spin_lock_irqsave(&i2s->lock, flags);
	i2s->control = (i2s->control & ~clear) | set;
	writel(i2s->control, i2s->regs + I2S_CONTROL);
	spin_unlock_irqrestore(&i2s->lock, flags);
}

static void i2s_enable_irq(struct i2s *i2s, u32 clear, u32 set)
{
	unsigned long flags;

	spin_lock_irqsave(&i2s->lock, flags);
	i2s->enabled = (i2s->enabled & ~clear) | set;
	writel(i2s->enabled, i2s->regs + I2S_IRQ_ENABLE);
	spin_unlock_irqrestore(&i2s->lock, flags);
}

/* --- a ring's places -------------------------------------------------------------------------- */

/*
 * How far the controller is. It is looked at more often than it comes round: with each period at
 * least, and there are several in a ring.
 */
static u64 i2s_update(struct i2s_side *side)
{
	struct dma_tx_state state = { .residue = I2S_RING };
	unsigned long flags;
	u64 theirs;
	u32 at;

	spin_lock_irqsave(&side->lock, flags);
	if (!side->error &&
	    dmaengine_tx_status(side->chan, side->cookie, &state) != DMA_COMPLETE) {
		at = (I2S_RING - state.residue) % I2S_RING;
		side->theirs += (at - (u32)side->theirs) % I2S_RING;
	}
	theirs = side->theirs;
	spin_unlock_irqrestore(&side->lock, flags);
	return theirs;
}

static void i2s_period(void *param, const struct dmaengine_result *result)
{
	struct i2s_side *side = param;
	unsigned long flags;

	if (result->result == DMA_TRANS_NOERROR) {
		i2s_update(side);
	} else {
		spin_lock_irqsave(&side->lock, flags);
		side->error = -EIO;
		spin_unlock_irqrestore(&side->lock, flags);
	}
	wake_up_interruptible(&side->wait);
}

static bool i2s_is_play(const struct i2s_side *side)
{
	return side->direction == DMA_MEM_TO_DEV;
}

/* Bytes that may be written to the ring, or read from it, now. */
static u64 i2s_ready(struct i2s_side *side)
{
	const u64 theirs = side->running ? i2s_update(side) : side->theirs;

	return i2s_is_play(side) ? I2S_RING - (side->ours - theirs) : theirs - side->ours;
}

/* The controller has overtaken the program: what it moved was not what it should have. */
static bool i2s_is_late(struct i2s_side *side)
{
	return side->running && i2s_ready(side) > I2S_RING;
}

/* --- starting and stopping -------------------------------------------------------------------- */

static int i2s_start(struct i2s_side *side)
{
	struct dma_async_tx_descriptor *desc;

	if (side->running)
		return 0;
	desc = dmaengine_prep_dma_cyclic(side->chan, side->dma, I2S_RING, I2S_PERIOD,
					 side->direction, DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
	if (!desc)
		return -ENOMEM;
	desc->callback_result = i2s_period;
	desc->callback_param = side;
	side->cookie = dmaengine_submit(desc);
	if (dma_submit_error(side->cookie))
		return -EIO;
	side->running = true;
	dma_async_issue_pending(side->chan);
	/* Only now: a side that has begun misses what is not there. */
	i2s_set_control(side->i2s, 0, side->control);
	i2s_enable_irq(side->i2s, 0, side->irq);
	return 0;
}

/* From here on the controller does not touch the ring, and no callback comes. */
static void i2s_stop(struct i2s_side *side)
{
	if (side->running) {
		i2s_set_control(side->i2s, side->control, 0);
		dmaengine_terminate_sync(side->chan);
	}
	side->running = false;
	side->error = 0;
	side->theirs = 0;
	side->ours = 0;
}

/* What ended the side, or made its ring worth nothing: said once, and it begins anew. */
static int i2s_check(struct i2s_side *side)
{
	int err = READ_ONCE(side->error);

	if (!err && i2s_is_late(side)) {
		atomic_inc(&side->i2s->late);
		err = -EPIPE;
	}
	if (err)
		i2s_stop(side);
	return err;
}

/* --- the ring's bytes ------------------------------------------------------------------------- */

/* As far as the ring's end, or less. */
static size_t i2s_piece(const struct i2s_side *side, u64 size)
{
	return min_t(u64, size, I2S_RING - side->ours % I2S_RING);
}

static ssize_t i2s_fill(struct i2s_side *side, const char __user *user, size_t size)
{
	const size_t piece = i2s_piece(side, min_t(u64, size, i2s_ready(side)));

	if (copy_from_user(side->ring + side->ours % I2S_RING, user, piece))
		return -EFAULT;
	/*
	 * No register tells the controller: it comes round when it comes. Partner: its read of the
	 * ring.
	 */
	dma_wmb();
	side->ours += piece;
	return piece;
}

static ssize_t i2s_take(struct i2s_side *side, char __user *user, size_t size)
{
	const size_t piece = i2s_piece(side, min_t(u64, size, i2s_ready(side)));

	/* The place before what is there. Partner: the controller, which writes in order. */
	dma_rmb();
	if (copy_to_user(user, side->ring + side->ours % I2S_RING, piece))
		return -EFAULT;
	side->ours += piece;
	return piece;
}

static bool i2s_has_news(struct i2s_side *side)
{
	return READ_ONCE(side->error) || i2s_ready(side) >= I2S_FRAME;
}

/* Until a frame can be moved. */
static int i2s_wait(struct i2s_side *side, bool may_wait)
{
	if (i2s_has_news(side))
		return 0;
	return may_wait ? wait_event_interruptible(side->wait, i2s_has_news(side)) : -EAGAIN;
}

static ssize_t i2s_write_some(struct i2s_side *side, const char __user *user, size_t size,
			      bool may_wait)
{
	size_t done = 0;
	ssize_t part = 0;

	while (done < size) {
		part = i2s_check(side);
		if (!part && !i2s_ready(side))
			part = i2s_start(side);
		if (!part)
			part = i2s_wait(side, may_wait);
		if (!part)
			part = i2s_check(side);
		if (!part)
			part = i2s_fill(side, user + done, size - done);
		if (part < 0)
			break;
		done += part;
	}
	return done ? done : part;
}

static ssize_t i2s_read_some(struct i2s_side *side, char __user *user, size_t size, bool may_wait)
{
	ssize_t part = i2s_check(side);

	if (!part)
		part = i2s_start(side);
	if (!part)
		part = i2s_wait(side, may_wait);
	if (!part)
		part = i2s_check(side);
	return part ? part : i2s_take(side, user, size);
}

static ssize_t i2s_write(struct file *file, const char __user *user, size_t size, loff_t *pos)
{
	struct i2s *i2s = file->private_data;
	ssize_t result;

	if (size % I2S_FRAME)
		return -EINVAL;
	if (mutex_lock_interruptible(&i2s->play.mutex))
		return -ERESTARTSYS;
	result = i2s_write_some(&i2s->play, user, size, !(file->f_flags & O_NONBLOCK));
	mutex_unlock(&i2s->play.mutex);
	return result;
}

static ssize_t i2s_read(struct file *file, char __user *user, size_t size, loff_t *pos)
{
	struct i2s *i2s = file->private_data;
	ssize_t result;

	if (size % I2S_FRAME)
		return -EINVAL;
	if (!size)
		return 0;
	if (mutex_lock_interruptible(&i2s->capture.mutex))
		return -ERESTARTSYS;
	result = i2s_read_some(&i2s->capture, user, size, !(file->f_flags & O_NONBLOCK));
	mutex_unlock(&i2s->capture.mutex);
	return result;
}

/* Behind what was written comes silence, for as long as it takes us to see that it has. */
static void i2s_fill_silence(struct i2s_side *side)
{
	const u64 room = i2s_ready(side);
	const size_t piece = i2s_piece(side, room);

	memset(side->ring + side->ours % I2S_RING, 0, piece);
	memset(side->ring, 0, room - piece);
	dma_wmb();
}

static int i2s_wait_for(struct i2s_side *side, u64 place)
{
	long left = wait_event_interruptible_timeout(
		side->wait, READ_ONCE(side->error) || i2s_update(side) >= place, I2S_PATIENCE);

	return left > 0 ? READ_ONCE(side->error) : left ? left : -ETIMEDOUT;
}

/* There has to be room for the silence first. */
static int i2s_drain(struct i2s_side *side)
{
	int err = i2s_check(side);

	if (!err && side->ours)
		err = i2s_start(side);
	if (err || !side->ours)
		return err;
	if (side->ours > I2S_RING / 2)
		err = i2s_wait_for(side, side->ours - I2S_RING / 2);
	if (!err) {
		i2s_fill_silence(side);
		err = i2s_wait_for(side, side->ours + I2S_FIFO);
	}
	i2s_stop(side);
	return err;
}

static int i2s_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	struct i2s *i2s = file->private_data;
	int err;

	if (!(file->f_mode & FMODE_WRITE))
		return 0;
	if (mutex_lock_interruptible(&i2s->play.mutex))
		return -ERESTARTSYS;
	err = i2s_drain(&i2s->play);
	mutex_unlock(&i2s->play.mutex);
	return err;
}

/* --- interrupts ------------------------------------------------------------------------------- */

/* One is enough to know: it comes again when the side begins again, or goes on. */
static irqreturn_t i2s_interrupt(int irq, void *data)
{
	struct i2s *i2s = data;
	u32 status = readl(i2s->regs + I2S_IRQ_STATUS);

	if (!status || status == ~0u)
		return IRQ_NONE;

	i2s_enable_irq(i2s, status, 0);
	writel(status, i2s->regs + I2S_IRQ_STATUS);
	dev_dbg(i2s->dev, "missed: %#x\n", status);
	return IRQ_HANDLED;
}

/* --- the file --------------------------------------------------------------------------------- */

static int i2s_open_side(struct i2s_side *side)
{
	int err = 0;

	mutex_lock(&side->mutex);
	if (side->open) {
		err = -EBUSY;
		goto unlock;
	}
	side->ring = dma_alloc_coherent(dmaengine_get_dma_device(side->chan), I2S_RING, &side->dma,
					GFP_KERNEL);
	if (!side->ring)
		err = -ENOMEM;
	else
		side->open = true;
unlock:
	mutex_unlock(&side->mutex);
	return err;
}

static void i2s_close_side(struct i2s_side *side)
{
	mutex_lock(&side->mutex);
	i2s_stop(side);
	dma_free_coherent(dmaengine_get_dma_device(side->chan), I2S_RING, side->ring, side->dma);
	side->ring = NULL;
	side->open = false;
	mutex_unlock(&side->mutex);
}

static int i2s_open(struct inode *inode, struct file *file)
{
	struct i2s *i2s = container_of(file->private_data, struct i2s, misc);
	int err = 0;

	file->private_data = i2s;
	if (file->f_mode & FMODE_WRITE)
		err = i2s_open_side(&i2s->play);
	if (err || !(file->f_mode & FMODE_READ))
		return err;
	err = i2s_open_side(&i2s->capture);
	if (err && (file->f_mode & FMODE_WRITE))
		i2s_close_side(&i2s->play);
	return err;
}

static int i2s_release(struct inode *inode, struct file *file)
{
	struct i2s *i2s = file->private_data;

	if (file->f_mode & FMODE_WRITE)
		i2s_close_side(&i2s->play);
	if (file->f_mode & FMODE_READ)
		i2s_close_side(&i2s->capture);
	return 0;
}

/* A side that does not run is where it was; the mutex keeps it from changing its mind. */
static u32 i2s_place(struct i2s_side *side)
{
	u32 place;

	mutex_lock(&side->mutex);
	place = side->running ? i2s_update(side) : side->theirs;
	mutex_unlock(&side->mutex);
	return place;
}

static int i2s_ioctl_info(struct i2s *i2s, struct i2s_info __user *user)
{
	struct i2s_info info = {
		.played = readl(i2s->regs + I2S_PLAYED),
		.captured = readl(i2s->regs + I2S_CAPTURED),
		.underruns = readl(i2s->regs + I2S_UNDERRUNS),
		.overruns = readl(i2s->regs + I2S_OVERRUNS),
		.late = atomic_read(&i2s->late),
		.play_at = i2s_place(&i2s->play),
		.capture_at = i2s_place(&i2s->capture),
		.sum = readl(i2s->regs + I2S_SUM),
	};

	return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : 0;
}

static int i2s_pause_side(struct i2s_side *side, bool pause)
{
	int err = 0;

	mutex_lock(&side->mutex);
	if (side->running)
		err = pause ? dmaengine_pause(side->chan) : dmaengine_resume(side->chan);
	if (side->running && !pause)
		i2s_enable_irq(side->i2s, 0, side->irq);
	mutex_unlock(&side->mutex);
	return err;
}

static int i2s_ioctl_pause(struct i2s *i2s, bool pause)
{
	int err = i2s_pause_side(&i2s->play, pause);

	return err ? err : i2s_pause_side(&i2s->capture, pause);
}

static long i2s_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	struct i2s *i2s = file->private_data;
	void __user *user = (void __user *)argument;
	u32 value = 0;

	if (command == I2S_IOC_INFO)
		return i2s_ioctl_info(i2s, user);
	if (command != I2S_IOC_LOOP && command != I2S_IOC_SUM && command != I2S_IOC_PAUSE)
		return -ENOTTY;
	if (copy_from_user(&value, user, sizeof(value)))
		return -EFAULT;
	if (command == I2S_IOC_PAUSE)
		return i2s_ioctl_pause(i2s, value);
	if (command == I2S_IOC_LOOP)
		i2s_set_control(i2s, I2S_CONTROL_LOOP, value ? I2S_CONTROL_LOOP : 0);
	else
		writel(value, i2s->regs + I2S_SUM_FRAMES);
	return 0;
}

/* A side that nobody has begun to use can be used. */
static bool i2s_side_ready(struct i2s_side *side)
{
	bool ready;

	mutex_lock(&side->mutex);
	ready = !side->running || i2s_has_news(side);
	mutex_unlock(&side->mutex);
	return ready;
}

static __poll_t i2s_poll(struct file *file, poll_table *table)
{
	struct i2s *i2s = file->private_data;
	__poll_t ready = 0;

	poll_wait(file, &i2s->play.wait, table);
	poll_wait(file, &i2s->capture.wait, table);
	if ((file->f_mode & FMODE_WRITE) && i2s_side_ready(&i2s->play))
		ready |= EPOLLOUT | EPOLLWRNORM;
	if ((file->f_mode & FMODE_READ) && i2s_side_ready(&i2s->capture))
		ready |= EPOLLIN | EPOLLRDNORM;
	return ready;
}

static const struct file_operations i2s_fops = {
	.owner = THIS_MODULE,
	.open = i2s_open,
	.release = i2s_release,
	.read = i2s_read,
	.write = i2s_write,
	.fsync = i2s_fsync,
	.unlocked_ioctl = i2s_ioctl,
	.poll = i2s_poll,
};

/* --- life ------------------------------------------------------------------------------------- */

static void i2s_reset(struct i2s *i2s)
{
	writel(I2S_CONTROL_RESET, i2s->regs + I2S_CONTROL);
	/* Reading back makes sure that the reset has reached it. */
	readl(i2s->regs + I2S_CONTROL);
}

static int i2s_init_side(struct i2s *i2s, struct i2s_side *side, const char *name,
			 const struct resource *res)
{
	struct dma_slave_config config = {
		.src_addr = res->start + I2S_RX_DATA,
		.dst_addr = res->start + I2S_TX_DATA,
		.src_addr_width = DMA_SLAVE_BUSWIDTH_4_BYTES,
		.dst_addr_width = DMA_SLAVE_BUSWIDTH_4_BYTES,
		.src_maxburst = I2S_BURST,
		.dst_maxburst = I2S_BURST,
	};
	int err;

	side->i2s = i2s;
	mutex_init(&side->mutex);
	spin_lock_init(&side->lock);
	init_waitqueue_head(&side->wait);
	side->chan = dma_request_chan(i2s->dev, name);
	if (IS_ERR(side->chan))
		return dev_err_probe(i2s->dev, PTR_ERR(side->chan), "no channel \"%s\"\n", name);
	err = dmaengine_slave_config(side->chan, &config);
	if (err)
		dma_release_channel(side->chan);
	return err;
}

static int i2s_init_sides(struct i2s *i2s, const struct resource *res)
{
	int err;

	i2s->play.direction = DMA_MEM_TO_DEV;
	i2s->play.control = I2S_CONTROL_PLAY;
	i2s->play.irq = I2S_IRQ_UNDERRUN;
	i2s->capture.direction = DMA_DEV_TO_MEM;
	i2s->capture.control = I2S_CONTROL_CAPTURE;
	i2s->capture.irq = I2S_IRQ_OVERRUN;
	err = i2s_init_side(i2s, &i2s->play, "tx", res);
	if (err)
		return err;
	err = i2s_init_side(i2s, &i2s->capture, "rx", res);
	if (err)
		dma_release_channel(i2s->play.chan);
	return err;
}

static void i2s_release_channels(void *data)
{
	struct i2s *i2s = data;

	dma_release_channel(i2s->capture.chan);
	dma_release_channel(i2s->play.chan);
}

/* No file is open: an open one keeps the module. So both sides are stopped. */
static void i2s_deregister(void *data)
{
	struct i2s *i2s = data;

	misc_deregister(&i2s->misc);
	ida_free(&i2s_numbers, i2s->number);
}

static int i2s_register(struct i2s *i2s)
{
	int err = ida_alloc(&i2s_numbers, GFP_KERNEL);

	if (err < 0)
		return err;
	i2s->number = err;
	snprintf(i2s->name, sizeof(i2s->name), "i2s%d", i2s->number);
	i2s->misc = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR,
		.name = i2s->name,
		.fops = &i2s_fops,
		.parent = i2s->dev,
	};
	err = misc_register(&i2s->misc);
	if (!err)
		return devm_add_action_or_reset(i2s->dev, i2s_deregister, i2s);
	ida_free(&i2s_numbers, i2s->number);
	return err;
}

/* All of it is managed, and undone in the reverse order, so that there is no remove(). */
static int i2s_probe(struct platform_device *pdev)
{
	struct i2s *i2s = devm_kzalloc(&pdev->dev, sizeof(*i2s), GFP_KERNEL);
	int irq = platform_get_irq(pdev, 0);
	struct resource *res;
	int err;

	if (!i2s)
		return -ENOMEM;
	if (irq < 0)
		return irq;
	i2s->dev = &pdev->dev;
	spin_lock_init(&i2s->lock);
	i2s->regs = devm_platform_get_and_ioremap_resource(pdev, 0, &res);
	if (IS_ERR(i2s->regs))
		return PTR_ERR(i2s->regs);
	if (readl(i2s->regs + I2S_ID) != I2S_ID_VALUE)
		return dev_err_probe(i2s->dev, -ENODEV, "not an interface of revision 1\n");

	/* Whatever it was doing before us, it stops. */
	i2s_reset(i2s);
	err = i2s_init_sides(i2s, res);
	if (err)
		return err;
	err = devm_add_action_or_reset(i2s->dev, i2s_release_channels, i2s);
	if (err)
		return err;
	writel(I2S_BURST | I2S_BURST << 8, i2s->regs + I2S_WATERMARK);
	err = devm_request_irq(i2s->dev, irq, i2s_interrupt, IRQF_SHARED, "i2s", i2s);
	return err ? err : i2s_register(i2s);
}

static const struct of_device_id i2s_ids[] = {
	{ .compatible = "dmakit,i2s" },
	{ }
};
MODULE_DEVICE_TABLE(of, i2s_ids);

static struct platform_driver i2s_driver = {
	.probe = i2s_probe,
	.driver = {
		.name = "i2s",
		.of_match_table = i2s_ids,
		.suppress_bind_attrs = true,
	},
};
module_platform_driver(i2s_driver);

MODULE_SOFTDEP("pre: dmac");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("i2s: an endless ring of the DMA engine, as a lesson");
