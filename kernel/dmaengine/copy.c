// SPDX-License-Identifier: MIT
/*
 * The DMA controller that is always there: threads that copy (ENG-05). It sees memory as the CPU
 * does, caches included, at physical addresses of 64 bits, on every machine.
 *
 *	issue_pending --> a channel is on the queue --> a thread takes it, does some of its
 *	descriptors in their order, and puts it at the queue's end if there are more
 *
 * A channel is on the queue, or a thread's, or idle: `busy` says which of the first two against the
 * third, guarded by the channel's lock; so one thread at a time does a channel's descriptors, and
 * they end in their order (ENG-04). A channel's lock may be taken with the queue's held, not the
 * other way round. There are as many threads as processors, at most 4, whatever the number of
 * channels (ENG-03).
 *
 * It is made with the first request for a channel, of any kind, and ends with the machine.
 */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drivers/dma/virt-dma.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mm.h>

#include "../device/internal.h"

enum {
	CHANNELS = 8,
	MOST_CHANNELS = 1 << 16,
	THREADS = 4,
	BATCH = 32,
	XOR_SOURCES = 32,
	STEP = 1 << 20
};

enum operation { COPY, SET, XOR, INTERLEAVE, NOTHING };

struct job {
	struct virt_dma_desc vd;
	enum operation operation;
	dma_addr_t to;
	size_t size; /* bytes written, in all */
	int value;
	size_t done;  /* atomic: bytes written so far */
	bool dropped; /* guarded by the channel's lock: it was terminated while a thread had it */
	bool begun;
	uint64_t cookie; /* of its first transfer, as the observer knows it */
	struct dma_interleaved_template *template;
	unsigned int sources;
	dma_addr_t from[];
};

struct lane {
	struct virt_dma_chan vc;
	struct list_head link; /* of the queue */
	bool busy;
	struct job *running;
	dma_cookie_t failed; /* the last one that did */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t more, idle;
	struct list_head queue;
	bool ending;

	bool there; /* guarded by `making` */
	struct device dev;
	struct dma_device device;
	struct lane *lane; /* as many as there are channels */
	struct task_struct *thread[THREADS];
	unsigned int threads;
} copier = {.lock = PTHREAD_MUTEX_INITIALIZER,
	    .more = PTHREAD_COND_INITIALIZER,
	    .idle = PTHREAD_COND_INITIALIZER};
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static struct lane *to_lane(struct dma_chan *chan)
{
	return container_of(to_virt_chan(chan), struct lane, vc);
}

static struct job *to_job(struct virt_dma_desc *vd)
{
	return container_of(vd, struct job, vd);
}

/* --- memory ----------------------------------------------------------------------------------- */

/* Bytes from @dma on that are side by side for the CPU too; 0: there is no memory. */
static size_t run_at(dma_addr_t dma, size_t size, u8 **cpu, bool *mapped)
{
	const unsigned long first = dma >> PAGE_SHIFT;
	size_t run = PAGE_SIZE - dma % PAGE_SIZE;

	if (!pfn_valid(first))
		return 0;
	*mapped = PageHighMem(pfn_to_page(first));
	*cpu = (u8 *)kmap_local_page(pfn_to_page(first)) + dma % PAGE_SIZE;
	while (!*mapped && run < size && pfn_valid(first + (run + PAGE_SIZE - 1) / PAGE_SIZE) &&
	       !PageHighMem(pfn_to_page(first + (run + PAGE_SIZE - 1) / PAGE_SIZE)))
		run += PAGE_SIZE;
	return run < size ? run : size;
}

/* What is there is written from @from, XORed with it, or (NULL) set to @value. */
static void put(u8 *to, const u8 *from, size_t n, bool xor, int value)
{
	if (!from)
		memset(to, value, n);
	else if (!xor)
		memmove(to, from, n);
	else
		for (size_t i = 0; i < n; i++)
			to[i] ^= from[i];
}

/* Where one address can't be reached: which. */
static enum dmaengine_tx_result piece(dma_addr_t to, dma_addr_t from, size_t *size, bool xor,
				      bool set, int value)
{
	u8 *target = NULL, *source = NULL;
	bool target_mapped = false, source_mapped = false;
	size_t n = set ? *size : run_at(from, *size, &source, &source_mapped);

	if (!n)
		return DMA_TRANS_READ_FAILED;
	n = run_at(to, n, &target, &target_mapped);
	if (n)
		put(target, set ? NULL : source, n, xor, value);
	if (n)
		kunmap_local(target);
	if (!set)
		kunmap_local(source);
	*size = n;
	return n ? DMA_TRANS_NOERROR : DMA_TRANS_WRITE_FAILED;
}

static void announce(dma_addr_t dma, size_t size, bool write)
{
	const struct dmk_event event = {.kind = DMK_EVENT_DEVICE_ACCESS,
					.requester = DMK_REQUESTER_COPIER,
					.dma = DMK_DMA(dma),
					.size = size,
					.write = write};

	if (dmk_observed())
		dmk_announce(&event);
}

/* What is under way, from issue_pending on: what is written, then each source. */
static void announce_transfers(const struct job *job, enum dmk_event_kind kind)
{
	for (unsigned int i = 0; i <= job->sources; i++) {
		const struct dmk_event event = {
			.kind = kind,
			.requester = DMK_REQUESTER_COPIER,
			.dma = DMK_DMA(i ? job->from[i - 1] : job->to),
			.size = job->size,
			.dir = i ? DMK_TO_DEVICE : DMK_FROM_DEVICE,
			.write = !i,
			.cookie = job->cookie + i,
		};

		dmk_announce(&event);
	}
}

static void transfers_begin(struct job *job)
{
	static uint64_t cookies = 1ULL << 63; /* the machine's count from 1 */

	if (!dmk_observed() || job->operation == INTERLEAVE || job->operation == NOTHING)
		return;
	job->cookie = __atomic_fetch_add(&cookies, 1 + job->sources, __ATOMIC_RELAXED);
	job->begun = true;
	announce_transfers(job, DMK_EVENT_TRANSFER_BEGIN);
}

static void transfers_end(struct job *job)
{
	if (job->begun)
		announce_transfers(job, DMK_EVENT_TRANSFER_END);
	job->begun = false;
}

static enum dmaengine_tx_result move(struct job *job, dma_addr_t to, const dma_addr_t *from,
				     size_t size, bool xor)
{
	enum dmaengine_tx_result result = DMA_TRANS_NOERROR;
	size_t n;

	if (from)
		announce(*from, size, false);
	if (!xor)
		announce(to, size, true);
	for (size_t at = 0; at < size && !result; at += n) {
		n = size - at < STEP ? size - at : STEP;
		result = piece(to + at, from ? *from + at : 0, &n, xor, !from, job->value);
		if (!xor && !result)
			__atomic_add_fetch(&job->done, n, __ATOMIC_RELAXED);
	}
	return result;
}

/* --- the operations --------------------------------------------------------------------------- */

/* All sources into a part of the target, which may be one of them, then the next part. */
static enum dmaengine_tx_result do_xor(struct job *job)
{
	enum dmaengine_tx_result result;

	/* The first is copied, unless it is the target itself, which comes first if it is one. */
	if (job->from[0] == job->to) {
		announce(job->to, job->size, false);
		announce(job->to, job->size, true);
		result = DMA_TRANS_NOERROR;
	} else {
		result = move(job, job->to, &job->from[0], job->size, false);
	}
	for (unsigned int i = 1; i < job->sources && !result; i++)
		result = move(job, job->to, &job->from[i], job->size, true);
	return result;
}

static enum dmaengine_tx_result do_frame(struct job *job, dma_addr_t *to, dma_addr_t *from)
{
	struct dma_interleaved_template *template = job->template;
	enum dmaengine_tx_result result = DMA_TRANS_NOERROR;

	for (size_t i = 0; i < template->frame_size && !result; i++) {
		struct data_chunk *chunk = &template->sgl[i];

		result = move(job, *to, from, chunk->size, false);
		if (template->dst_inc)
			*to += chunk->size + dmaengine_get_dst_icg(template, chunk);
		if (template->src_inc)
			*from += chunk->size + dmaengine_get_src_icg(template, chunk);
	}
	return result;
}

static enum dmaengine_tx_result do_interleaved(struct job *job)
{
	dma_addr_t to = job->template->dst_start, from = job->template->src_start;
	enum dmaengine_tx_result result = DMA_TRANS_NOERROR;

	for (size_t i = 0; i < job->template->numf && !result; i++)
		result = do_frame(job, &to, &from);
	return result;
}

static enum dmaengine_tx_result perform(struct job *job)
{
	switch (job->operation) {
	case COPY:
		return move(job, job->to, job->from, job->size, false);
	case SET:
		return move(job, job->to, NULL, job->size, false);
	case XOR:
		return do_xor(job);
	case INTERLEAVE:
		return do_interleaved(job);
	case NOTHING:
		break;
	}
	return DMA_TRANS_NOERROR;
}

/* --- threads ---------------------------------------------------------------------------------- */

/* With the queue's lock held. */
static void enqueue(struct lane *lane)
{
	list_add_tail(&lane->link, &copier.queue);
	pthread_cond_signal(&copier.more);
}

/* The next descriptor is the caller's; NULL: there is none, and the lane is idle. */
static struct job *begin(struct lane *lane)
{
	struct virt_dma_desc *vd;

	spin_lock_irq(&lane->vc.lock);
	vd = vchan_next_desc(&lane->vc);
	if (vd) {
		list_del(&vd->node);
		lane->running = to_job(vd);
		/* It may have been here before (DMA_CTRL_REUSE). */
		lane->running->dropped = false;
		__atomic_store_n(&lane->running->done, 0, __ATOMIC_RELAXED);
	} else {
		lane->busy = false;
	}
	spin_unlock_irq(&lane->vc.lock);
	return vd ? to_job(vd) : NULL;
}

static size_t left_of(const struct job *job)
{
	return job->size - __atomic_load_n(&job->done, __ATOMIC_RELAXED);
}

static void end(struct lane *lane, struct job *job, enum dmaengine_tx_result result)
{
	bool dropped;

	transfers_end(job);
	spin_lock_irq(&lane->vc.lock);
	lane->running = NULL;
	dropped = job->dropped;
	job->vd.tx_result.result = result;
	job->vd.tx_result.residue = result ? left_of(job) : 0;
	if (result)
		lane->failed = job->vd.tx.cookie;
	if (dropped)
		vchan_terminate_vdesc(&job->vd);
	else
		vchan_cookie_complete(&job->vd);
	spin_unlock_irq(&lane->vc.lock);
	if (!dropped)
		return;
	pthread_mutex_lock(&copier.lock);
	pthread_cond_broadcast(&copier.idle);
	pthread_mutex_unlock(&copier.lock);
}

/* Return: whether there is more. */
static bool serve(struct lane *lane)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		struct job *job = begin(lane);

		if (!job)
			return false;
		end(lane, job, perform(job));
	}
	return true;
}

static int copy_thread(void *unused)
{
	struct lane *lane;
	bool more;

	pthread_mutex_lock(&copier.lock);
	while (!copier.ending) {
		lane = list_first_entry_or_null(&copier.queue, struct lane, link);
		if (!lane) {
			pthread_cond_wait(&copier.more, &copier.lock);
			continue;
		}
		list_del(&lane->link);
		pthread_mutex_unlock(&copier.lock);
		more = serve(lane);
		pthread_mutex_lock(&copier.lock);
		if (more)
			enqueue(lane);
	}
	pthread_mutex_unlock(&copier.lock);
	return 0;
}

/* --- the provider ----------------------------------------------------------------------------- */

static struct job *job_new(enum operation operation, unsigned int sources, size_t size)
{
	/* Preparing is for any context. */
	struct job *job = calloc(1, sizeof(*job) + sources * sizeof(job->from[0]));

	if (!job)
		return NULL;
	job->operation = operation;
	job->sources = sources;
	job->size = size;
	return job;
}

static void job_free(struct virt_dma_desc *vd)
{
	free(to_job(vd)->template);
	free(to_job(vd));
}

static struct dma_async_tx_descriptor *prepared(struct dma_chan *chan, struct job *job,
						unsigned long flags)
{
	return job ? vchan_tx_prep(to_virt_chan(chan), &job->vd, flags) : NULL;
}

static struct dma_async_tx_descriptor *prep_copy(struct dma_chan *chan, dma_addr_t to,
						 dma_addr_t from, size_t size, unsigned long flags)
{
	struct job *job = size ? job_new(COPY, 1, size) : NULL;

	if (job) {
		job->to = to;
		job->from[0] = from;
	}
	return prepared(chan, job, flags);
}

static struct dma_async_tx_descriptor *prep_set(struct dma_chan *chan, dma_addr_t to, int value,
						size_t size, unsigned long flags)
{
	struct job *job = size ? job_new(SET, 0, size) : NULL;

	if (job) {
		job->to = to;
		job->value = value;
	}
	return prepared(chan, job, flags);
}

static struct dma_async_tx_descriptor *prep_xor(struct dma_chan *chan, dma_addr_t to,
						dma_addr_t *from, unsigned int sources, size_t size,
						unsigned long flags)
{
	unsigned int targets = 0;
	struct job *job;

	/* With the target in twice it would have to be read before it is written. */
	for (unsigned int i = 0; i < sources; i++)
		targets += from[i] == to;
	if (!size || !sources || sources > XOR_SOURCES || targets > 1)
		return NULL;
	job = job_new(XOR, sources, size);
	for (unsigned int i = 0; job && i < sources; i++) {
		job->from[i] = from[i];
		if (from[i] == to && i)
			swap(job->from[0], job->from[i]);
	}
	if (job)
		job->to = to;
	return prepared(chan, job, flags);
}

static struct dma_async_tx_descriptor *prep_interrupt(struct dma_chan *chan, unsigned long flags)
{
	return prepared(chan, job_new(NOTHING, 0, 0), flags);
}

static struct dma_async_tx_descriptor *prep_interleaved(struct dma_chan *chan,
							struct dma_interleaved_template *template,
							unsigned long flags)
{
	const size_t bytes = sizeof(*template) + template->frame_size * sizeof(template->sgl[0]);
	struct job *job;

	if (template->dir != DMA_MEM_TO_MEM || !template->numf || !template->frame_size)
		return NULL;
	job = job_new(INTERLEAVE, 0, 0);
	if (job)
		job->template = malloc(bytes);
	if (!job || !job->template) {
		free(job);
		return NULL;
	}
	memcpy(job->template, template, bytes);
	for (size_t i = 0; i < template->frame_size; i++)
		job->size += template->sgl[i].size * template->numf;
	return prepared(chan, job, flags);
}

static void issue_pending(struct dma_chan *chan)
{
	struct lane *lane = to_lane(chan);
	struct virt_dma_desc *vd;
	unsigned long flags;
	bool begins;

	spin_lock_irqsave(&lane->vc.lock, flags);
	list_for_each_entry(vd, &lane->vc.desc_submitted, node)
		transfers_begin(to_job(vd));
	begins = vchan_issue_pending(&lane->vc) && !lane->busy;
	if (begins)
		lane->busy = true;
	spin_unlock_irqrestore(&lane->vc.lock, flags);
	if (!begins)
		return;
	pthread_mutex_lock(&copier.lock);
	enqueue(lane);
	pthread_mutex_unlock(&copier.lock);
}

static enum dma_status tx_status(struct dma_chan *chan, dma_cookie_t cookie,
				 struct dma_tx_state *state)
{
	struct lane *lane = to_lane(chan);
	enum dma_status status;
	struct virt_dma_desc *vd;
	unsigned long flags;

	spin_lock_irqsave(&lane->vc.lock, flags);
	status = dma_cookie_status(chan, cookie, state);
	vd = status == DMA_COMPLETE ? NULL : vchan_find_desc(&lane->vc, cookie);
	if (vd)
		dma_set_residue(state, to_job(vd)->size);
	else if (status != DMA_COMPLETE && lane->running && lane->running->vd.tx.cookie == cookie)
		dma_set_residue(state, left_of(lane->running));
	if (status == DMA_COMPLETE && cookie == lane->failed)
		status = DMA_ERROR;
	spin_unlock_irqrestore(&lane->vc.lock, flags);
	return status;
}

static int terminate(struct dma_chan *chan)
{
	struct lane *lane = to_lane(chan);
	unsigned long flags;
	struct virt_dma_desc *vd;
	LIST_HEAD(head);

	spin_lock_irqsave(&lane->vc.lock, flags);
	vchan_get_all_descriptors(&lane->vc, &head);
	if (lane->running)
		lane->running->dropped = true;
	/* All that was submitted has ended, one way or the other. */
	chan->completed_cookie = chan->cookie;
	spin_unlock_irqrestore(&lane->vc.lock, flags);
	list_for_each_entry(vd, &head, node)
		transfers_end(to_job(vd));
	vchan_dma_desc_free_list(&lane->vc, &head);
	return 0;
}

static bool runs_dropped(struct lane *lane)
{
	bool runs;

	spin_lock_irq(&lane->vc.lock);
	runs = lane->running && lane->running->dropped;
	spin_unlock_irq(&lane->vc.lock);
	return runs;
}

/* The broadcast comes after `running` is NULL, and with the queue's lock: it is not missed. */
static void synchronize(struct dma_chan *chan)
{
	struct lane *lane = to_lane(chan);

	pthread_mutex_lock(&copier.lock);
	while (runs_dropped(lane))
		pthread_cond_wait(&copier.idle, &copier.lock);
	pthread_mutex_unlock(&copier.lock);
	vchan_synchronize(&lane->vc);
}

static void free_resources(struct dma_chan *chan)
{
	terminate(chan);
	synchronize(chan);
	vchan_free_chan_resources(to_virt_chan(chan));
}

/* --- life ------------------------------------------------------------------------------------- */

static void release_nothing(struct device *dev)
{
}

/* All of memory, where the CPU has it. */
static int make_device(void)
{
	static const struct dmk_window everything = {.size = ~0ULL};
	static const struct dmk_bus bus = {
		.name = "cpu", .windows = &everything, .nr_windows = 1, .coherent = true};
	int result;

	memset(&copier.dev, 0, sizeof(copier.dev));
	copier.dev.release = release_nothing;
	device_initialize(&copier.dev);
	if (!copier.dev.p)
		return -ENOMEM;
	result = dev_set_name(&copier.dev, "dma-copy");
	if (!result) {
		dmk_device_masters(&copier.dev, &bus, DMK_REQUESTER_COPIER);
		result = dma_set_mask_and_coherent(&copier.dev, DMA_BIT_MASK(64));
	}
	if (!result) {
		copier.dev.p->made_here = true;
		result = device_add(&copier.dev);
	}
	if (result)
		put_device(&copier.dev);
	return result;
}

static int start_threads(void)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	const unsigned int wanted = processors < 1         ? 1
				    : processors < THREADS ? processors
							   : THREADS;

	copier.ending = false;
	for (copier.threads = 0; copier.threads < wanted; copier.threads++) {
		copier.thread[copier.threads] = dmk_thread_run(copy_thread, NULL, "dma-copy");
		if (!copier.thread[copier.threads])
			break;
	}
	return copier.threads ? 0 : -ENOMEM;
}

static void stop_threads(void)
{
	pthread_mutex_lock(&copier.lock);
	copier.ending = true;
	pthread_cond_broadcast(&copier.more);
	pthread_mutex_unlock(&copier.lock);
	while (copier.threads)
		kthread_stop(copier.thread[--copier.threads]);
}

/* dmakit.dma_channels=N; 8 when nothing is said. */
static unsigned int channels_wanted(void)
{
	const char *value = dmk_boot_argument(dmk_port_running->machine->bootargs,
					      "dmakit.dma_channels=");
	const unsigned long n = value ? strtoul(value, NULL, 0) : CHANNELS;

	return n < 1 ? 1 : n < MOST_CHANNELS ? n : MOST_CHANNELS;
}

static int register_channels(void)
{
	const unsigned int channels = channels_wanted();
	struct dma_device *device = &copier.device;
	int result;

	*device = (struct dma_device){
		.dev = &copier.dev,
		.max_xor = XOR_SOURCES,
		.descriptor_reuse = true,
		.residue_granularity = DMA_RESIDUE_GRANULARITY_BURST,
		.dmk_last = true,
		.directions = BIT(DMA_MEM_TO_MEM),
		.device_free_chan_resources = free_resources,
		.device_prep_dma_memcpy = prep_copy,
		.device_prep_dma_memset = prep_set,
		.device_prep_dma_xor = prep_xor,
		.device_prep_dma_interrupt = prep_interrupt,
		.device_prep_interleaved_dma = prep_interleaved,
		.device_terminate_all = terminate,
		.device_synchronize = synchronize,
		.device_tx_status = tx_status,
		.device_issue_pending = issue_pending,
	};
	dma_cap_set(DMA_MEMCPY, device->cap_mask);
	dma_cap_set(DMA_MEMSET, device->cap_mask);
	dma_cap_set(DMA_XOR, device->cap_mask);
	dma_cap_set(DMA_INTERRUPT, device->cap_mask);
	dma_cap_set(DMA_INTERLEAVE, device->cap_mask);
	INIT_LIST_HEAD(&device->channels);
	copier.lane = calloc(channels, sizeof(copier.lane[0]));
	if (!copier.lane)
		return -ENOMEM;
	for (unsigned int i = 0; i < channels; i++) {
		copier.lane[i].vc.desc_free = job_free;
		vchan_init(&copier.lane[i].vc, device);
	}
	result = dma_async_device_register(device);
	if (result)
		free(copier.lane);
	return result;
}

static int make(void)
{
	int result = make_device();

	if (result)
		return result;
	INIT_LIST_HEAD(&copier.queue);
	result = start_threads();
	if (result)
		goto no_threads;
	result = register_channels();
	if (!result)
		return 0;
	stop_threads();
no_threads:
	device_unregister(&copier.dev);
	return result;
}

void dmk_dma_copier_start(void)
{
	pthread_mutex_lock(&making);
	if (!copier.there && dmk_device_port)
		copier.there = make() == 0;
	pthread_mutex_unlock(&making);
}

void dmk_dma_copier_stop(void)
{
	pthread_mutex_lock(&making);
	if (copier.there) {
		dma_async_device_unregister(&copier.device);
		stop_threads();
		device_unregister(&copier.dev);
		free(copier.lane);
	}
	copier.there = false;
	pthread_mutex_unlock(&making);
}
