// SPDX-License-Identifier: MIT
/*
 * A test of DMA engines: it takes the channels of a controller, keeps some threads busy on each
 * with copies, fills and XORs of random places and sizes, and looks at each byte afterwards: of
 * what was read, of what was written, and of what lies before and behind. Each transfer has to end
 * once, in time, and not before its bytes are there. docs/engtest.md.
 *
 * /dev/engtest: a write of words, "iterations=10 polled=1 run", sets what the module's parameters
 * set and runs the test; it fails with EIO when a transfer did. A read tells what was done and what
 * failed, with the seed that shows it again.
 *
 * It is a client as good drivers are: the mappings are for the channel's device, each is unmapped
 * when its transfer has ended, and what does not end is terminated before its memory goes.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define ENGTEST_CHANNELS 64
#define ENGTEST_THREADS  8
#define ENGTEST_SOURCES  8
#define ENGTEST_CALLS    8    /* transfers of a thread whose callbacks are still watched for */
#define ENGTEST_TOLD     5    /* wrong bytes of a transfer */
#define ENGTEST_TEXT     8192 /* of the report */
#define ENGTEST_FAILURES 1536 /* of those in it; all are in the log */
#define ENGTEST_WORDS    256

/* Operations, as bits of the parameter. */
#define ENGTEST_COPY 1
#define ENGTEST_FILL 2
#define ENGTEST_XOR  4

static char channel[32];
module_param_string(channel, channel, sizeof(channel), 0644);
MODULE_PARM_DESC(channel, "a channel, or the device of a controller; none: all that are free");
static unsigned int channels = 8;
module_param(channels, uint, 0644);
MODULE_PARM_DESC(channels, "how many at most");
static unsigned int threads = 2;
module_param(threads, uint, 0644);
MODULE_PARM_DESC(threads, "of each channel");
static unsigned int iterations = 50;
module_param(iterations, uint, 0644);
MODULE_PARM_DESC(iterations, "transfers of each thread");
static unsigned int size = 16384;
module_param(size, uint, 0644);
MODULE_PARM_DESC(size, "bytes of a buffer");
static unsigned int operations = ENGTEST_COPY | ENGTEST_FILL | ENGTEST_XOR;
module_param(operations, uint, 0644);
MODULE_PARM_DESC(operations, "1 copy, 2 fill, 4 XOR, added");
static unsigned int sources = 3;
module_param(sources, uint, 0644);
MODULE_PARM_DESC(sources, "of an XOR");
static unsigned int timeout = 3000;
module_param(timeout, uint, 0644);
MODULE_PARM_DESC(timeout, "milliseconds that a transfer may take");
static unsigned int polled;
module_param(polled, uint, 0644);
MODULE_PARM_DESC(polled, "1: the status is asked for, nobody is called back");
static unsigned int seed;
module_param(seed, uint, 0644);
MODULE_PARM_DESC(seed, "of places and sizes; 0: one by chance, which is told");
static unsigned int run;
module_param(run, uint, 0444);
MODULE_PARM_DESC(run, "1: test when the module is loaded, which fails if a transfer does");

static const struct {
	const char *name;
	unsigned int *value, least, most;
} engtest_words[] = {
	{"channels", &channels, 1, ENGTEST_CHANNELS},
	{"threads", &threads, 1, ENGTEST_THREADS},
	{"iterations", &iterations, 1, UINT_MAX},
	{"size", &size, 64, 1 << 20},
	{"operations", &operations, 1, ENGTEST_COPY | ENGTEST_FILL | ENGTEST_XOR},
	{"sources", &sources, 1, ENGTEST_SOURCES},
	{"timeout", &timeout, 1, 3600000},
	{"polled", &polled, 0, 1},
	{"seed", &seed, 0, UINT_MAX},
};

struct engtest_thread;

/* A transfer, until it is certain that nobody is called back for it a second time. */
struct engtest_call {
	struct engtest_thread *thread;
	bool used;
	bool last; /* of the thread's, now */
	atomic_t calls;
	enum dmaengine_tx_result result;
};

struct engtest_channel {
	struct dma_chan *chan;
	atomic_t dead; /* a transfer did not end: the others need not wait for it */
	unsigned long transfers, failures;
};

struct engtest_thread {
	struct engtest_channel *channel;
	struct task_struct *task;
	struct completion over; /* the thread's last transfer */
	struct completion done; /* this transfer */
	struct engtest_call call[ENGTEST_CALLS];
	unsigned int number;
	u32 random;
	unsigned long transfers, failures;
	u8 *source[ENGTEST_SOURCES], *target;
};

/* One transfer: what is to come of it. */
struct engtest_transfer {
	unsigned int operation, nr_sources;
	size_t length, from[ENGTEST_SOURCES], to;
	u8 salt, value;
	dma_addr_t source[ENGTEST_SOURCES], target;
};

static struct {
	struct mutex lock;      /* one test at a time, and its report */
	struct mutex text_lock; /* threads of a test add to it */
	char text[ENGTEST_TEXT];
	size_t length;
	u32 seed;
	struct engtest_channel channel[ENGTEST_CHANNELS];
	unsigned int nr_channels;
	struct engtest_thread *thread;
	unsigned int nr_threads;
} engtest = {
	.lock = __MUTEX_INITIALIZER(engtest.lock),
	.text_lock = __MUTEX_INITIALIZER(engtest.text_lock),
};

/* --- the report ------------------------------------------------------------------------------- */

#define engtest_say(format, ...)                                                                   \
	do {                                                                                       \
		mutex_lock(&engtest.text_lock);                                                    \
		engtest.length += scnprintf(engtest.text + engtest.length,                         \
					    ENGTEST_TEXT - engtest.length, format, ##__VA_ARGS__); \
		mutex_unlock(&engtest.text_lock);                                                  \
	} while (0)

/* In the log too, loudly. */
#define engtest_fail(thread, format, ...)                                                     \
	do {                                                                                  \
		(thread)->failures++;                                                         \
		pr_err("engtest: %s, thread %u, transfer %lu, seed %u: " format "\n",         \
		       dma_chan_name((thread)->channel->chan), (thread)->number,              \
		       (thread)->transfers, engtest.seed, ##__VA_ARGS__);                     \
		if (engtest.length < ENGTEST_FAILURES)                                        \
			engtest_say("%s, thread %u, transfer %lu: " format "\n",              \
				    dma_chan_name((thread)->channel->chan), (thread)->number, \
				    (thread)->transfers, ##__VA_ARGS__);                      \
	} while (0)

/* --- bytes ------------------------------------------------------------------------------------ */

static u32 engtest_random(struct engtest_thread *thread)
{
	thread->random ^= thread->random << 13;
	thread->random ^= thread->random >> 17;
	thread->random ^= thread->random << 5;
	return thread->random;
}

/* Neighbours differ, so do pages, buffers and transfers. */
static u8 engtest_byte(unsigned int buffer, u8 salt, size_t at)
{
	return at * 31 + (at >> 8) * 7 + buffer * 101 + salt;
}

static void engtest_fill(u8 *bytes, unsigned int buffer, u8 salt)
{
	for (size_t at = 0; at < size; at++)
		bytes[at] = engtest_byte(buffer, salt, at);
}

static u8 engtest_expected(const struct engtest_transfer *transfer, size_t at)
{
	u8 value = transfer->value;

	if (at < transfer->to || at >= transfer->to + transfer->length)
		return engtest_byte(ENGTEST_SOURCES, transfer->salt, at);
	if (transfer->operation == ENGTEST_FILL)
		return value;
	value = 0;
	for (unsigned int i = 0; i < transfer->nr_sources; i++)
		value ^= engtest_byte(i, transfer->salt, transfer->from[i] + at - transfer->to);
	return value;
}

static const char *engtest_place(const struct engtest_transfer *transfer, size_t at)
{
	if (at < transfer->to)
		return "before what was to be written";
	return at < transfer->to + transfer->length ? "to be written"
						    : "behind what was to be written";
}

static void engtest_check_target(struct engtest_thread *thread,
				 const struct engtest_transfer *transfer)
{
	unsigned int wrong = 0;

	for (size_t at = 0; at < size; at++) {
		const u8 expected = engtest_expected(transfer, at), byte = thread->target[at];

		if (byte == expected)
			continue;
		if (wrong++ < ENGTEST_TOLD)
			engtest_fail(thread,
				     "operation %u, %zu bytes to %zu: byte %zu is %#x, not %#x: %s",
				     transfer->operation, transfer->length, transfer->to, at, byte,
				     expected, engtest_place(transfer, at));
	}
	if (wrong > ENGTEST_TOLD)
		engtest_fail(thread, "%u bytes of the target are wrong", wrong);
}

static void engtest_check_source(struct engtest_thread *thread, unsigned int i, u8 salt)
{
	for (size_t at = 0; at < size; at++) {
		if (thread->source[i][at] == engtest_byte(i, salt, at))
			continue;
		engtest_fail(thread, "byte %zu of source %u was written", at, i);
		return;
	}
}

/* --- one transfer ----------------------------------------------------------------------------- */

static bool engtest_can(const struct engtest_thread *thread, unsigned int operation)
{
	struct dma_device *device = thread->channel->chan->device;

	switch (operation & operations) {
	case ENGTEST_COPY:
		return dma_has_cap(DMA_MEMCPY, device->cap_mask);
	case ENGTEST_FILL:
		return dma_has_cap(DMA_MEMSET, device->cap_mask);
	case ENGTEST_XOR:
		return dma_has_cap(DMA_XOR, device->cap_mask);
	}
	return false;
}

static unsigned int engtest_align(const struct engtest_thread *thread, unsigned int operation)
{
	struct dma_device *device = thread->channel->chan->device;

	return 1u << (operation == ENGTEST_COPY   ? device->copy_align
		      : operation == ENGTEST_FILL ? device->fill_align
						  : device->xor_align);
}

static size_t engtest_place_for(struct engtest_thread *thread, size_t length, unsigned int align)
{
	return round_down(engtest_random(thread) % (size - length + 1), align);
}

/* One in four is short, where first and last words are most of it. */
static void engtest_choose(struct engtest_thread *thread, struct engtest_transfer *transfer)
{
	unsigned int align, most = size;

	do
		transfer->operation = 1u << (engtest_random(thread) % 3);
	while (!engtest_can(thread, transfer->operation));
	align = engtest_align(thread, transfer->operation);
	if (engtest_random(thread) % 4 == 0)
		most = max(64u, 2 * align);
	transfer->length = round_down(1 + engtest_random(thread) % most, align);
	transfer->length = max_t(size_t, transfer->length, align);
	transfer->nr_sources = transfer->operation == ENGTEST_FILL ? 0
			       : transfer->operation == ENGTEST_COPY
				       ? 1
				       : min_t(unsigned int, sources,
					       thread->channel->chan->device->max_xor);
	for (unsigned int i = 0; i < transfer->nr_sources; i++)
		transfer->from[i] = engtest_place_for(thread, transfer->length, align);
	transfer->to = engtest_place_for(thread, transfer->length, align);
	transfer->salt = engtest_random(thread) >> 8;
	transfer->value = engtest_random(thread) >> 8;
}

/*
 * Wholes are mapped, so that a controller that writes beside what it was told is caught by the
 * bytes, and not by an IOMMU.
 */
static int engtest_map(struct engtest_thread *thread, struct engtest_transfer *transfer)
{
	struct device *dev = dmaengine_get_dma_device(thread->channel->chan);
	unsigned int mapped;

	transfer->target = dma_map_single(dev, thread->target, size, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(dev, transfer->target))
		return -ENOMEM;
	for (mapped = 0; mapped < transfer->nr_sources; mapped++) {
		transfer->source[mapped] = dma_map_single(dev, thread->source[mapped], size,
							  DMA_TO_DEVICE);
		if (dma_mapping_error(dev, transfer->source[mapped]))
			goto unmap;
	}
	return 0;
unmap:
	while (mapped--)
		dma_unmap_single(dev, transfer->source[mapped], size, DMA_TO_DEVICE);
	dma_unmap_single(dev, transfer->target, size, DMA_BIDIRECTIONAL);
	return -ENOMEM;
}

static void engtest_unmap(struct engtest_thread *thread, struct engtest_transfer *transfer)
{
	struct device *dev = dmaengine_get_dma_device(thread->channel->chan);

	for (unsigned int i = 0; i < transfer->nr_sources; i++)
		dma_unmap_single(dev, transfer->source[i], size, DMA_TO_DEVICE);
	dma_unmap_single(dev, transfer->target, size, DMA_BIDIRECTIONAL);
}

static struct dma_async_tx_descriptor *engtest_prepare(struct dma_chan *chan,
						       const struct engtest_transfer *transfer)
{
	const unsigned long flags = DMA_CTRL_ACK | (polled ? 0 : DMA_PREP_INTERRUPT);
	dma_addr_t from[ENGTEST_SOURCES];

	for (unsigned int i = 0; i < transfer->nr_sources; i++)
		from[i] = transfer->source[i] + transfer->from[i];
	switch (transfer->operation) {
	case ENGTEST_COPY:
		return dmaengine_prep_dma_memcpy(chan, transfer->target + transfer->to, from[0],
						 transfer->length, flags);
	case ENGTEST_FILL:
		return dmaengine_prep_dma_memset(chan, transfer->target + transfer->to,
						 transfer->value, transfer->length, flags);
	}
	return chan->device->device_prep_dma_xor(chan, transfer->target + transfer->to, from,
						 transfer->nr_sources, transfer->length, flags);
}

static void engtest_called(void *data, const struct dmaengine_result *result)
{
	struct engtest_call *call = data;

	call->result = result->result;
	if (atomic_inc_return(&call->calls) == 1)
		complete(&call->thread->done);
}

static void engtest_check_call(struct engtest_thread *thread, struct engtest_call *call)
{
	const int calls = atomic_read(&call->calls);

	if (call->used && calls != 1)
		engtest_fail(thread, "a transfer before it was called back for %d times", calls);
	call->used = false;
}

/* What was there before is certain to be over; if not, it is told now. */
static struct engtest_call *engtest_next_call(struct engtest_thread *thread)
{
	struct engtest_call *call = &thread->call[thread->transfers % ENGTEST_CALLS];

	engtest_check_call(thread, call);
	call->thread = thread;
	atomic_set(&call->calls, 0);
	return call;
}

static bool engtest_poll(struct dma_chan *chan, dma_cookie_t cookie)
{
	const unsigned long limit = jiffies + msecs_to_jiffies(timeout);
	unsigned long pause = 5; /* microseconds: a register that is read all the time is no use */

	while (dmaengine_tx_status(chan, cookie, NULL) == DMA_IN_PROGRESS) {
		if (time_after(jiffies, limit))
			return false;
		usleep_range(pause, 2 * pause);
		pause = min(2 * pause, 2000ul);
	}
	return true;
}

/* All that the channel has is given up, so that nothing is written when the memory goes. */
static void engtest_give_up(struct engtest_thread *thread, dma_cookie_t cookie)
{
	struct dma_chan *chan = thread->channel->chan;
	struct dma_tx_state state = {.residue = 0};
	const enum dma_status status = dmaengine_tx_status(chan, cookie, &state);

	if (!atomic_xchg(&thread->channel->dead, 1))
		engtest_fail(thread, "not ended after %u ms: status %d, %u bytes are left", timeout,
			     status, state.residue);
	dmaengine_terminate_sync(chan);
}

/* Return: whether it ended, and there is something to be looked at. */
static bool engtest_wait(struct engtest_thread *thread, struct engtest_call *call,
			 dma_cookie_t cookie)
{
	struct dma_chan *chan = thread->channel->chan;
	enum dma_status status;

	if (polled ? !engtest_poll(chan, cookie)
		   : !wait_for_completion_timeout(&thread->done, msecs_to_jiffies(timeout))) {
		engtest_give_up(thread, cookie);
		return false;
	}
	status = dmaengine_tx_status(chan, cookie, NULL);
	call->used = !polled;
	if (status == DMA_COMPLETE && (polled || call->result == DMA_TRANS_NOERROR))
		return true;
	engtest_fail(thread, "ended with status %d, result %d", status, call->result);
	return false;
}

/* Return: whether it was done, right or wrong. */
static bool engtest_do(struct engtest_thread *thread, struct engtest_transfer *transfer)
{
	struct engtest_call *call = engtest_next_call(thread);
	struct dma_chan *chan = thread->channel->chan;
	struct dma_async_tx_descriptor *tx = engtest_prepare(chan, transfer);
	dma_cookie_t cookie;

	if (!tx) {
		engtest_fail(thread, "operation %u of %zu bytes can't be prepared",
			     transfer->operation, transfer->length);
		return false;
	}
	if (!polled) {
		tx->callback_result = engtest_called;
		tx->callback_param = call;
		reinit_completion(&thread->done);
	}
	cookie = dmaengine_submit(tx);
	if (dma_submit_error(cookie)) {
		engtest_fail(thread, "can't be submitted: %d", cookie);
		return false;
	}
	dma_async_issue_pending(chan);
	return engtest_wait(thread, call, cookie);
}

static void engtest_transfer(struct engtest_thread *thread)
{
	const unsigned long limit = jiffies + msecs_to_jiffies(timeout);
	struct engtest_transfer transfer;
	bool good;

	engtest_choose(thread, &transfer);
	for (unsigned int i = 0; i < transfer.nr_sources; i++)
		engtest_fill(thread->source[i], i, transfer.salt);
	engtest_fill(thread->target, ENGTEST_SOURCES, transfer.salt);
	/* Others have what there is to bounce in. */
	while (engtest_map(thread, &transfer)) {
		if (time_after(jiffies, limit)) {
			engtest_fail(thread, "%u bytes can't be mapped", size);
			return;
		}
		usleep_range(100, 1000);
	}
	good = engtest_do(thread, &transfer);
	engtest_unmap(thread, &transfer);
	if (!good)
		return;
	engtest_check_target(thread, &transfer);
	for (unsigned int i = 0; i < transfer.nr_sources; i++)
		engtest_check_source(thread, i, transfer.salt);
}

/* --- threads and channels --------------------------------------------------------------------- */

static int engtest_thread(void *data)
{
	struct engtest_thread *thread = data;

	while (thread->transfers < iterations && !atomic_read(&thread->channel->dead)) {
		engtest_transfer(thread);
		thread->transfers++;
	}
	complete(&thread->over);
	return 0;
}

static void engtest_free_thread(struct engtest_thread *thread)
{
	kfree(thread->target);
	for (unsigned int i = 0; i < ENGTEST_SOURCES; i++)
		kfree(thread->source[i]);
}

static int engtest_start_thread(struct engtest_thread *thread, struct engtest_channel *on,
				unsigned int number)
{
	struct task_struct *task;

	thread->channel = on;
	thread->number = number;
	thread->random =
		(engtest.seed + 0x9e3779b9 * (on - engtest.channel + 1) + 0x85ebca6b * number) | 1;
	init_completion(&thread->over);
	init_completion(&thread->done);
	thread->target = kmalloc(size, GFP_KERNEL);
	for (unsigned int i = 0; i < sources; i++)
		thread->source[i] = kmalloc(size, GFP_KERNEL);
	for (unsigned int i = 0; i < sources; i++)
		if (!thread->source[i] || !thread->target)
			return -ENOMEM;
	task = kthread_create(engtest_thread, thread, "engtest/%u", number);
	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task);
	thread->task = task;
	wake_up_process(task);
	return 0;
}

/* Nobody is called back any more: now a second call would have been seen. */
static void engtest_end_thread(struct engtest_thread *thread)
{
	if (thread->task) {
		wait_for_completion(&thread->over);
		kthread_stop(thread->task);
		put_task_struct(thread->task);
		dmaengine_synchronize(thread->channel->chan);
		for (unsigned int i = 0; i < ENGTEST_CALLS; i++)
			engtest_check_call(thread, &thread->call[i]);
	}
	thread->channel->transfers += thread->transfers;
	thread->channel->failures += thread->failures;
	engtest_free_thread(thread);
}

static bool engtest_is_meant(struct dma_chan *chan, void *unused)
{
	return !channel[0] || !strcmp(channel, dma_chan_name(chan)) ||
	       !strcmp(channel, dev_name(chan->device->dev));
}

static void engtest_take(enum dma_transaction_type type)
{
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(type, mask);
	while (engtest.nr_channels < channels) {
		struct dma_chan *chan = dma_request_channel(mask, engtest_is_meant, NULL);

		if (!chan)
			return;
		engtest.channel[engtest.nr_channels++] = (struct engtest_channel){.chan = chan};
	}
}

static void engtest_take_channels(void)
{
	engtest.nr_channels = 0;
	if (operations & ENGTEST_COPY)
		engtest_take(DMA_MEMCPY);
	if (operations & ENGTEST_FILL)
		engtest_take(DMA_MEMSET);
	if (operations & ENGTEST_XOR)
		engtest_take(DMA_XOR);
}

static int engtest_start_threads(void)
{
	int err = 0;

	engtest.nr_threads = 0;
	for (unsigned int i = 0; i < engtest.nr_channels; i++)
		for (unsigned int k = 0; k < threads && !err; k++)
			err = engtest_start_thread(&engtest.thread[engtest.nr_threads++],
						   &engtest.channel[i], k);
	return err;
}

static unsigned long engtest_tell(void)
{
	unsigned long transfers = 0, failures = 0;

	for (unsigned int i = 0; i < engtest.nr_channels; i++) {
		struct engtest_channel *one = &engtest.channel[i];

		engtest_say("%s (%s): %lu transfers, %lu failures\n", dma_chan_name(one->chan),
			    dev_name(one->chan->device->dev), one->transfers, one->failures);
		transfers += one->transfers;
		failures += one->failures;
	}
	engtest_say("seed %u: %u channels, %lu transfers, %lu failures\n", engtest.seed,
		    engtest.nr_channels, transfers, failures);
	return failures;
}

/* Return: 0; -EIO: a transfer failed; -ENODEV: no channel; -ENOMEM. With the lock held. */
static int engtest_run(void)
{
	int err;

	engtest.length = 0;
	engtest.seed = seed ? seed : get_random_u32();
	engtest_take_channels();
	if (!engtest.nr_channels) {
		pr_err("engtest: no free channel %s can do it\n", channel);
		return -ENODEV;
	}
	engtest.thread = kcalloc(engtest.nr_channels * threads, sizeof(*engtest.thread),
				 GFP_KERNEL);
	err = engtest.thread ? engtest_start_threads() : -ENOMEM;
	for (unsigned int i = 0; engtest.thread && i < engtest.nr_threads; i++)
		engtest_end_thread(&engtest.thread[i]);
	kfree(engtest.thread);
	if (engtest_tell() && !err)
		err = -EIO;
	for (unsigned int i = 0; i < engtest.nr_channels; i++)
		dma_release_channel(engtest.channel[i].chan);
	return err;
}

/* --- /dev/engtest ----------------------------------------------------------------------------- */

static int engtest_set(const char *name, const char *value)
{
	unsigned int number;

	if (!strcmp(name, "channel")) {
		strscpy(channel, value, sizeof(channel));
		return 0;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(engtest_words); i++) {
		if (strcmp(name, engtest_words[i].name))
			continue;
		if (kstrtouint(value, 0, &number) || number < engtest_words[i].least ||
		    number > engtest_words[i].most) {
			pr_err("engtest: %s is from %u to %u, not %s\n", name,
			       engtest_words[i].least, engtest_words[i].most, value);
			return -EINVAL;
		}
		*engtest_words[i].value = number;
		return 0;
	}
	pr_err("engtest: there is nothing called %s\n", name);
	return -EINVAL;
}

static int engtest_word(char *word)
{
	char *value = strchr(word, '=');

	if (!value && strcmp(word, "run"))
		return engtest_set(word, "");
	if (!value)
		return engtest_run();
	*value++ = '\0';
	return engtest_set(word, value);
}

static ssize_t engtest_write(struct file *file, const char __user *user, size_t count,
			     loff_t *position)
{
	char words[ENGTEST_WORDS], *word = words, *end;
	int err = 0;

	if (count >= sizeof(words))
		return -EINVAL;
	if (copy_from_user(words, user, count))
		return -EFAULT;
	words[count] = '\0';
	if (mutex_lock_interruptible(&engtest.lock))
		return -ERESTARTSYS;
	while (!err && *(word += strspn(word, " \n"))) {
		end = word + strcspn(word, " \n");
		if (*end)
			*end++ = '\0';
		err = engtest_word(word);
		word = end;
	}
	mutex_unlock(&engtest.lock);
	return err ? err : count;
}

static ssize_t engtest_read(struct file *file, char __user *user, size_t count, loff_t *position)
{
	ssize_t read;

	if (mutex_lock_interruptible(&engtest.lock))
		return -ERESTARTSYS;
	read = simple_read_from_buffer(user, count, position, engtest.text, engtest.length);
	mutex_unlock(&engtest.lock);
	return read;
}

static const struct file_operations engtest_files = {
	.owner = THIS_MODULE,
	.read = engtest_read,
	.write = engtest_write,
	.llseek = default_llseek,
};

static struct miscdevice engtest_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "engtest",
	.fops = &engtest_files,
};

/* What came as a parameter is held to the same limits as what is written. */
static int engtest_check_words(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(engtest_words); i++) {
		const unsigned int value = *engtest_words[i].value;

		if (value >= engtest_words[i].least && value <= engtest_words[i].most)
			continue;
		pr_err("engtest: %s is from %u to %u, not %u\n", engtest_words[i].name,
		       engtest_words[i].least, engtest_words[i].most, value);
		return -EINVAL;
	}
	return 0;
}

static int __init engtest_init(void)
{
	int err = engtest_check_words();

	if (err)
		return err;
	if (run) {
		mutex_lock(&engtest.lock);
		err = engtest_run();
		mutex_unlock(&engtest.lock);
	}
	return err ? err : misc_register(&engtest_misc);
}
module_init(engtest_init);

static void __exit engtest_exit(void)
{
	misc_deregister(&engtest_misc);
}
module_exit(engtest_exit);

MODULE_DESCRIPTION("test of DMA engines");
MODULE_LICENSE("Dual MIT/GPL");
