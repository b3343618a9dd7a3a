// SPDX-License-Identifier: MIT
/*
 * The DMA controller that is always there: threads that copy (ENG-05). It sees memory as the CPU
 * does, caches included, at physical addresses of 64 bits, on every machine.
 *
 * It is made with the first request for a channel, of any kind, and ends with the machine. A job
 * that has ended is kept by its channel for the next one: preparing allocates nothing then.
 */
#include "copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/mm.h>

#include "../device/internal.h"

enum {
	CHANNELS = 8,
	MOST_CHANNELS = 1 << 16,
	XOR_SOURCES = 32,
	FEW_SOURCES = 4, /* for as many a job that is kept has room */
	KEPT = 256,      /* jobs, of each channel */
};

static struct {
	bool there; /* guarded by `making`, as the rest */
	struct device dev;
	struct dma_device device;
	struct lane *lane; /* as many as there are channels */
} copier;
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

/* --- jobs ------------------------------------------------------------------------------------- */

static struct job *take_spare(struct lane *lane)
{
	struct virt_dma_desc *vd;
	unsigned long flags;

	spin_lock_irqsave(&lane->vc.lock, flags);
	vd = list_first_entry_or_null(&lane->spare, struct virt_dma_desc, node);
	if (vd) {
		list_del(&vd->node);
		lane->spares--;
	}
	spin_unlock_irqrestore(&lane->vc.lock, flags);
	return vd ? to_job(vd) : NULL;
}

/* Return: whether the lane has room for it. */
static bool keep_spare(struct lane *lane, struct job *job)
{
	unsigned long flags;
	bool kept;

	/* Most end in a thread that has just called back. It gives them back all at once. */
	if (__atomic_load_n(&lane->calls, __ATOMIC_RELAXED) == current) {
		kept = lane->returns < KEPT;
		if (kept)
			list_add(&job->vd.node, &lane->returned);
		lane->returns += kept;
		return kept;
	}
	spin_lock_irqsave(&lane->vc.lock, flags);
	kept = lane->spares < KEPT;
	if (kept) {
		/* The newest first: it is in a cache. */
		list_add(&job->vd.node, &lane->spare);
		lane->spares++;
	}
	spin_unlock_irqrestore(&lane->vc.lock, flags);
	return kept;
}

/* Preparing is for any context. */
static struct job *job_new(struct dma_chan *chan, enum operation operation, unsigned int sources,
			   size_t size)
{
	const unsigned int room = sources < FEW_SOURCES ? FEW_SOURCES : sources;
	struct job *job = room == FEW_SOURCES ? take_spare(to_lane(chan)) : NULL;

	if (!job)
		job = malloc(sizeof(*job) + room * sizeof(job->from[0]));
	if (job)
		*job = (struct job){.operation = operation, .sources = sources, .size = size};
	return job;
}

/* A descriptor that was prepared has its channel. */
static void job_free(struct virt_dma_desc *vd)
{
	struct job *job = to_job(vd);

	free(job->template);
	if (job->sources > FEW_SOURCES || !keep_spare(to_lane(vd->tx.chan), job))
		free(job);
}

static void free_spares(struct lane *lane)
{
	struct job *job;

	while ((job = take_spare(lane)))
		free(job);
}

/* --- the provider ----------------------------------------------------------------------------- */

static struct dma_async_tx_descriptor *prepared(struct dma_chan *chan, struct job *job,
						unsigned long flags)
{
	return job ? vchan_tx_prep(to_virt_chan(chan), &job->vd, flags) : NULL;
}

static struct dma_async_tx_descriptor *prep_copy(struct dma_chan *chan, dma_addr_t to,
						 dma_addr_t from, size_t size, unsigned long flags)
{
	struct job *job = size ? job_new(chan, COPY, 1, size) : NULL;

	if (job) {
		job->to = to;
		job->from[0] = from;
	}
	return prepared(chan, job, flags);
}

static struct dma_async_tx_descriptor *prep_set(struct dma_chan *chan, dma_addr_t to, int value,
						size_t size, unsigned long flags)
{
	struct job *job = size ? job_new(chan, SET, 0, size) : NULL;

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
	job = job_new(chan, XOR, sources, size);
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
	return prepared(chan, job_new(chan, NOTHING, 0, 0), flags);
}

static struct dma_async_tx_descriptor *prep_interleaved(struct dma_chan *chan,
							struct dma_interleaved_template *template,
							unsigned long flags)
{
	const size_t bytes = sizeof(*template) + template->frame_size * sizeof(template->sgl[0]);
	struct job *job;

	if (template->dir != DMA_MEM_TO_MEM || !template->numf || !template->frame_size)
		return NULL;
	job = job_new(chan, INTERLEAVE, 0, 0);
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
	if (dmk_observed())
		list_for_each_entry(vd, &lane->vc.desc_submitted, node)
			dmk_copy_transfers_begin(to_job(vd));
	begins = vchan_issue_pending(&lane->vc) && !lane->busy;
	if (begins)
		lane->busy = true;
	spin_unlock_irqrestore(&lane->vc.lock, flags);
	if (begins)
		dmk_copy_push(lane);
}

/* With the lock held. */
static struct job *find(struct lane *lane, dma_cookie_t cookie)
{
	struct virt_dma_desc *vd = vchan_find_desc(&lane->vc, cookie);

	if (vd)
		return to_job(vd);
	list_for_each_entry(vd, &lane->taken, node)
		if (vd->tx.cookie == cookie)
			return to_job(vd);
	return NULL;
}

/* With the lock held. */
static bool has_failed(const struct lane *lane, dma_cookie_t cookie)
{
	for (unsigned int i = 0; i < FAILURES_KEPT; i++)
		if (lane->failed[i] == cookie)
			return true;
	return false;
}

static enum dma_status tx_status(struct dma_chan *chan, dma_cookie_t cookie,
				 struct dma_tx_state *state)
{
	struct lane *lane = to_lane(chan);
	enum dma_status status;
	unsigned long flags;
	struct job *job;

	spin_lock_irqsave(&lane->vc.lock, flags);
	status = dma_cookie_status(chan, cookie, state);
	job = status == DMA_COMPLETE ? NULL : find(lane, cookie);
	if (job)
		dma_set_residue(state, left_of(job));
	if (status == DMA_COMPLETE && has_failed(lane, cookie))
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
	if (lane->active)
		__atomic_store_n(&lane->dropped, true, __ATOMIC_RELAXED);
	else
		list_splice_tail_init(&lane->taken, &head);
	/* All that was submitted has ended, one way or the other. */
	chan->completed_cookie = chan->cookie;
	spin_unlock_irqrestore(&lane->vc.lock, flags);
	list_for_each_entry(vd, &head, node)
		dmk_copy_transfers_end(to_job(vd));
	vchan_dma_desc_free_list(&lane->vc, &head);
	return 0;
}

static void synchronize(struct dma_chan *chan)
{
	dmk_copy_wait(to_lane(chan));
	vchan_synchronize(to_virt_chan(chan));
}

static void free_resources(struct dma_chan *chan)
{
	terminate(chan);
	synchronize(chan);
	vchan_free_chan_resources(to_virt_chan(chan));
	free_spares(to_lane(chan));
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
	/* What was kept of the machine before: whoever left a channel taken may have it still. */
	free(copier.lane);
	copier.lane = calloc(channels, sizeof(copier.lane[0]));
	if (!copier.lane)
		return -ENOMEM;
	for (unsigned int i = 0; i < channels; i++) {
		copier.lane[i].vc.desc_free = job_free;
		INIT_LIST_HEAD(&copier.lane[i].taken);
		INIT_LIST_HEAD(&copier.lane[i].spare);
		INIT_LIST_HEAD(&copier.lane[i].returned);
		vchan_init(&copier.lane[i].vc, device);
	}
	return dma_async_device_register(device);
}

static int make(void)
{
	int result = make_device();

	if (result)
		return result;
	result = dmk_copy_threads_start();
	if (result)
		goto no_threads;
	result = register_channels();
	if (!result)
		return 0;
	dmk_copy_threads_stop();
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
		dmk_copy_threads_stop();
		device_unregister(&copier.dev);
	}
	copier.there = false;
	pthread_mutex_unlock(&making);
}
