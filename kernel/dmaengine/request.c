// SPDX-License-Identifier: MIT
/*
 * How a client finds a channel: by what it can do, by the name it has for a device, or one that is
 * shared (ENG-01).
 *
 * Shared channels are found in a table of capabilities, a few for each, so that threads spread over
 * them. The table is written with the registry's lock held and read without: an entry is a pointer,
 * to a channel that stays as long as anybody is between dmaengine_get() and dmaengine_put(), and
 * which the provider may take away only after it was taken from here.
 */
#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPREAD = 8 };

static unsigned int sharers;
static struct dma_chan *table[DMA_TX_TYPE_END][SPREAD];

/* --- for oneself ------------------------------------------------------------------------------ */

static struct dma_chan *pick_any(const dma_cap_mask_t *mask, dma_filter_fn fn, void *param)
{
	struct dma_device *device;
	struct dma_chan *chan = NULL;

	dmk_dma_copier_start();
	dmk_dma_lock();
	list_for_each_entry(device, &dmk_dma_devices, global_node) {
		chan = dmk_dma_pick(device, mask, fn, param, NULL);
		if (chan)
			break;
	}
	dmk_dma_unlock();
	return chan;
}

/* What a call that gives channels returns: @chan, and NULL or an error are no channel. */
static struct dma_chan *taken(struct dma_chan *chan, struct dmk_place place)
{
	if (!IS_ERR_OR_NULL(chan) && dmk_observed())
		dmk_engine_taken(chan, place);
	return chan;
}

struct dma_chan *dmk_dma_request_channel(const dma_cap_mask_t *mask, dma_filter_fn fn, void *param)
{
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return NULL;
	return taken(pick_any(mask, fn, param), DMK_HERE);
}

struct dma_chan *dma_request_chan_by_mask(const dma_cap_mask_t *mask)
{
	struct dma_chan *chan = NULL;

	if (!mask)
		return ERR_PTR(-ENODEV);
	if (!dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		chan = taken(pick_any(mask, NULL, NULL), DMK_HERE);
	return chan ? chan : ERR_PTR(-ENODEV);
}

/* With the lock held. */
static struct dma_chan *take_one(struct dma_chan *chan, const char *client)
{
	if (!chan || chan->client_count || dmk_dma_take(chan, client))
		return NULL;
	dma_cap_set(DMA_PRIVATE, chan->device->cap_mask);
	chan->device->privatecnt++;
	return chan;
}

struct dma_chan *dma_get_slave_channel(struct dma_chan *chan)
{
	dmk_dma_lock();
	chan = take_one(chan, NULL);
	dmk_dma_unlock();
	return taken(chan, DMK_HERE);
}

struct dma_chan *dma_get_any_slave_channel(struct dma_device *device)
{
	struct dma_chan *chan;
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_SLAVE, mask);
	dmk_dma_lock();
	chan = dmk_dma_pick(device, &mask, NULL, NULL, NULL);
	dmk_dma_unlock();
	return taken(chan, DMK_HERE);
}

void dma_release_channel(struct dma_chan *chan)
{
	struct dma_device *device = chan->device;
	bool last;

	dmk_might_sleep_at("dma_release_channel", DMK_HERE);
	dmk_dma_lock();
	last = chan->client_count == 1;
	if (last && dmk_observed())
		dmk_engine_given(chan, DMK_HERE);
	if (last && !--device->privatecnt)
		dma_cap_clear(DMA_PRIVATE, device->cap_mask);
	dmk_dma_give(chan); /* the device may be gone after it */
	dmk_dma_unlock();
}

/* --- by name ---------------------------------------------------------------------------------- */

static const struct dma_slave_map *map_of(const struct dma_filter *filter, const char *dev,
					  const char *name)
{
	for (int i = 0; filter->fn && i < filter->mapcnt; i++)
		if (!strcmp(filter->map[i].devname, dev) && !strcmp(filter->map[i].slave, name))
			return &filter->map[i];
	return NULL;
}

static struct dma_chan *pick_mapped(struct device *dev, const char *name)
{
	struct dma_chan *chan = NULL;
	struct dma_device *device;
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_SLAVE, mask);
	dmk_dma_lock();
	list_for_each_entry(device, &dmk_dma_devices, global_node) {
		const struct dma_slave_map *map = map_of(&device->filter, dev_name(dev), name);

		if (map)
			chan = dmk_dma_pick(device, &mask, device->filter.fn, map->param, NULL);
		if (chan)
			break;
	}
	dmk_dma_unlock();
	return chan;
}

/* Who has it, for the list: "sound:rx". */
static void note_client(struct dma_chan *chan, struct device *dev, const char *name)
{
	char client[96];

	snprintf(client, sizeof(client), "%s:%s", dev_name(dev), name);
	dmk_dma_lock();
	chan->slave = dev;
	free(chan->dbg_client_name);
	chan->dbg_client_name = strdup(client);
	dmk_dma_unlock();
}

static struct dma_chan *request(struct device *dev, const char *name)
{
	struct dma_chan *chan = dmk_dma_of_request(dev, name), *mapped;

	if (IS_ERR(chan) && PTR_ERR(chan) == -ENODEV) {
		mapped = pick_mapped(dev, name);
		/* A map may come yet; what a node doesn't say, it won't. */
		chan = mapped ? mapped : dev->of_node ? chan : ERR_PTR(-EPROBE_DEFER);
	}
	if (!IS_ERR(chan))
		note_client(chan, dev, name);
	return chan;
}

struct dma_chan *dma_request_chan(struct device *dev, const char *name)
{
	if (!dev || !name)
		return ERR_PTR(-EINVAL);
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return ERR_PTR(-ENODEV);
	return taken(request(dev, name), DMK_HERE);
}

static void release_action(void *chan)
{
	dma_release_channel(chan);
}

struct dma_chan *devm_dma_request_chan(struct device *dev, const char *name)
{
	struct dma_chan *chan;
	int result;

	if (!dev || !name)
		return ERR_PTR(-EINVAL);
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return ERR_PTR(-ENODEV);
	chan = taken(request(dev, name), DMK_HERE);
	if (IS_ERR(chan))
		return chan;
	result = devm_add_action_or_reset(dev, release_action, chan);
	return result ? ERR_PTR(result) : chan;
}

int dma_get_slave_caps(struct dma_chan *chan, struct dma_slave_caps *caps)
{
	const struct dma_device *device;

	if (!chan || !caps)
		return -EINVAL;
	device = chan->device;
	if (!dma_has_cap(DMA_SLAVE, device->cap_mask) && !dma_has_cap(DMA_CYCLIC, device->cap_mask))
		return -ENXIO;
	/* Who doesn't say in which directions it moves is of before the question. */
	if (!device->directions)
		return -ENXIO;
	*caps = (struct dma_slave_caps){
		.src_addr_widths = device->src_addr_widths,
		.dst_addr_widths = device->dst_addr_widths,
		.directions = device->directions,
		.min_burst = device->min_burst,
		.max_burst = device->max_burst,
		.max_sg_burst = device->max_sg_burst,
		.cmd_pause = device->device_pause,
		.cmd_resume = device->device_resume,
		.cmd_terminate = device->device_terminate_all,
		.residue_granularity = device->residue_granularity,
		.descriptor_reuse = device->descriptor_reuse,
	};
	if (device->device_caps)
		device->device_caps(chan, caps);
	return 0;
}

/* --- shared ----------------------------------------------------------------------------------- */

/* The @at-th of the shared channels that can do it, counted around. */
static struct dma_chan *shared_at(enum dma_transaction_type type, unsigned int at)
{
	struct dma_chan *chan, *first = NULL;
	struct dma_device *device;
	unsigned int n = 0;

	list_for_each_entry(device, &dmk_dma_devices, global_node) {
		if (!dma_has_cap(type, device->cap_mask) ||
		    dma_has_cap(DMA_PRIVATE, device->cap_mask))
			continue;
		list_for_each_entry(chan, &device->channels, device_node) {
			if (!chan->client_count)
				continue;
			first = first ? first : chan;
			if (n++ == at)
				return chan;
		}
	}
	return n ? shared_at(type, at % n) : first;
}

/* Each channel that may be shared, in use or not as @used says. */
static void each_shared(bool used, void (*what)(struct dma_chan *chan))
{
	struct dma_device *device;
	struct dma_chan *chan;

	list_for_each_entry(device, &dmk_dma_devices, global_node) {
		if (dma_has_cap(DMA_PRIVATE, device->cap_mask))
			continue;
		list_for_each_entry(chan, &device->channels, device_node)
			if ((chan->client_count > 0) == used)
				what(chan);
	}
}

static void take_shared(struct dma_chan *chan)
{
	dmk_dma_take(chan, "shared");
}

void dmk_dma_shared_changed(void)
{
	if (sharers)
		each_shared(false, take_shared);
	for (unsigned int type = 0; type < DMA_TX_TYPE_END; type++)
		for (unsigned int i = 0; i < SPREAD; i++)
			__atomic_store_n(&table[type][i], sharers ? shared_at(type, i) : NULL,
					 __ATOMIC_RELEASE);
}

void dmaengine_get(void)
{
	dmk_dma_copier_start();
	dmk_dma_lock();
	sharers++;
	dmk_dma_shared_changed();
	dmk_dma_unlock();
}

void dmaengine_put(void)
{
	dmk_dma_lock();
	if (!sharers) {
		dmk_complain(NULL, "dmaengine_put() is called more often than dmaengine_get()");
	} else if (!--sharers) {
		dmk_dma_shared_changed();
		each_shared(true, dmk_dma_give);
	}
	dmk_dma_unlock();
}

struct dma_chan *dma_find_channel(enum dma_transaction_type type)
{
	static unsigned int threads;
	static _Thread_local unsigned int mine;

	if ((unsigned int)type >= DMA_TX_TYPE_END)
		return NULL;
	if (!mine)
		mine = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	return __atomic_load_n(&table[type][mine % SPREAD], __ATOMIC_ACQUIRE);
}

void dma_issue_pending_all(void)
{
	struct dma_chan *chan, *last = NULL;

	/* Without the lock: who is called back may want it. Twice for a channel does no harm. */
	for (unsigned int type = 0; type < DMA_TX_TYPE_END; type++)
		for (unsigned int i = 0; i < SPREAD; i++) {
			chan = __atomic_load_n(&table[type][i], __ATOMIC_ACQUIRE);
			if (chan && chan != last)
				dma_async_issue_pending(chan);
			last = chan;
		}
}
