// SPDX-License-Identifier: MIT
/*
 * Controllers and their channels: registered, taken, given back (ENG-02, ENG-03).
 *
 * A controller keeps the channels that nobody has on a list, so that taking one costs the same
 * however many there are. It lives as long as it is registered or somebody has a channel of it: its
 * reference count is one for the former and one for each of the latter.
 */
#include "engine.h"

#include "../device/device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

LIST_HEAD(dmk_dma_devices);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int numbers; /* of controllers, ever */

void dmk_dma_lock(void)
{
	pthread_mutex_lock(&lock);
}

void dmk_dma_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

/* --- the end of a controller ------------------------------------------------------------------ */

static void released(struct kref *ref)
{
	struct dma_device *device = container_of(ref, struct dma_device, ref);

	if (device->device_release)
		device->device_release(device);
}

/* --- taking a channel, and giving it back ----------------------------------------------------- */

static int take_first(struct dma_chan *chan, const char *client)
{
	struct dma_device *device = chan->device;
	int result = 0;

	if (device->device_alloc_chan_resources)
		result = device->device_alloc_chan_resources(chan);
	if (result < 0)
		return result;
	list_del_init(&chan->dmk_free);
	device->dmk_busy++;
	chan->dbg_client_name = client ? strdup(client) : NULL;
	kref_get(&device->ref);
	return 0;
}

int dmk_dma_take(struct dma_chan *chan, const char *client)
{
	int result = 0;

	if (chan->device->dmk_gone)
		return -ENODEV;
	if (!chan->client_count)
		result = take_first(chan, client);
	if (!result)
		chan->client_count++;
	return result;
}

static void give_last(struct dma_chan *chan)
{
	struct dma_device *device = chan->device;

	if (device->device_synchronize)
		device->device_synchronize(chan);
	if (device->device_free_chan_resources)
		device->device_free_chan_resources(chan);
	if (chan->router && chan->router->route_free)
		chan->router->route_free(chan->router->dev, chan->route_data);
	chan->router = NULL;
	chan->route_data = NULL;
	chan->slave = NULL;
	chan->name = NULL;
	free(chan->dbg_client_name);
	chan->dbg_client_name = NULL;
	device->dmk_busy--;
	/* First in, first out: what has just been let go rests longest. */
	if (chan->dev) /* it is still registered */
		list_add_tail(&chan->dmk_free, &device->dmk_free);
	kref_put(&device->ref, released);
}

void dmk_dma_give(struct dma_chan *chan)
{
	if (!chan->client_count) {
		dmk_complain(NULL, "the DMA channel %s is released, and nobody has it",
			     chan->dev ? dma_chan_name(chan) : "that was unregistered");
		return;
	}
	if (!--chan->client_count)
		give_last(chan);
}

/* Channels are either each for one client, or all of them shared (dma_find_channel()). */
static bool is_shared(const struct dma_device *device)
{
	return !dma_has_cap(DMA_PRIVATE, device->cap_mask) && device->chancnt > 1 &&
	       device->dmk_busy;
}

static bool can(const struct dma_device *device, const dma_cap_mask_t *mask)
{
	unsigned int cap;

	for_each_dma_cap_mask(cap, *mask) if (!dma_has_cap(cap, device->cap_mask)) return false;
	return true;
}

struct dma_chan *dmk_dma_pick(struct dma_device *device, const dma_cap_mask_t *mask,
			      dma_filter_fn fn, void *param, const char *client)
{
	struct dma_chan *chan, *next;

	if (!can(device, mask) || is_shared(device))
		return NULL;
	list_for_each_entry_safe(chan, next, &device->dmk_free, dmk_free) {
		if (fn && !fn(chan, param))
			continue;
		if (dmk_dma_take(chan, client))
			continue;
		dma_cap_set(DMA_PRIVATE, device->cap_mask);
		device->privatecnt++;
		return chan;
	}
	return NULL;
}

/* --- the channels of a controller ------------------------------------------------------------- */

static void release_chan_dev(struct device *dev)
{
	free(container_of(dev, struct dma_chan_dev, device));
}

static int channel_add(struct dma_device *device, struct dma_chan *chan, const char *name)
{
	struct dma_chan_dev *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return -ENOMEM;
	dev->chan = chan;
	dev->dev_id = device->dev_id;
	dev->device.parent = device->dev;
	dev->device.release = release_chan_dev;
	device_initialize(&dev->device);
	if (!dev->device.p) {
		free(dev);
		return -ENOMEM;
	}
	chan->chan_id = device->dmk_ids++;
	if (name ? dev_set_name(&dev->device, "%s", name)
		 : dev_set_name(&dev->device, "dma%dchan%d", device->dev_id, chan->chan_id)) {
		put_device(&dev->device);
		return -ENOMEM;
	}
	chan->dev = dev;
	chan->device = device;
	chan->client_count = 0;
	list_add_tail(&chan->dmk_free, &device->dmk_free);
	device->chancnt++;
	return 0;
}

static void channel_remove(struct dma_chan *chan, struct dmk_place place)
{
	const struct dma_device *device = chan->device;

	if (chan->client_count && !device->device_release && !device->dmk_last && dmk_observed())
		dmk_engine_left(chan, place);
	/* Who can be released later waits for them. */
	if (chan->client_count && !device->device_release)
		dmk_complain(NULL, "the DMA channel %s is unregistered, and %d client%s of it left",
			     dma_chan_name(chan), chan->client_count,
			     chan->client_count == 1 ? " is" : "s are");
	list_del_init(&chan->dmk_free);
	chan->device->chancnt--;
	put_device(&chan->dev->device);
	chan->dev = NULL;
}

/* --- registering ------------------------------------------------------------------------------ */

struct needed {
	enum dma_transaction_type capability;
	const void *function;
};

/* A capability that is said is a function that can be called. */
static int functions_missing(const struct dma_device *device)
{
	const struct needed needed[] = {
		{DMA_MEMCPY, device->device_prep_dma_memcpy},
		{DMA_XOR, device->device_prep_dma_xor},
		{DMA_XOR_VAL, device->device_prep_dma_xor_val},
		{DMA_PQ, device->device_prep_dma_pq},
		{DMA_PQ_VAL, device->device_prep_dma_pq_val},
		{DMA_MEMSET, device->device_prep_dma_memset},
		{DMA_INTERRUPT, device->device_prep_dma_interrupt},
		{DMA_CYCLIC, device->device_prep_dma_cyclic},
		{DMA_INTERLEAVE, device->device_prep_interleaved_dma},
	};

	if (!device->device_tx_status || !device->device_issue_pending)
		return -EIO;
	for (unsigned int i = 0; i < ARRAY_SIZE(needed); i++) {
		if (!dma_has_cap(needed[i].capability, device->cap_mask) || needed[i].function)
			continue;
		dev_err(device->dev, "a capability of the DMA controller has no function: %d\n",
			needed[i].capability);
		return -EIO;
	}
	return 0;
}

static int add_channels(struct dma_device *device)
{
	struct dma_chan *chan;

	list_for_each_entry(chan, &device->channels, device_node) {
		int result = channel_add(device, chan, NULL);

		if (result)
			return result;
	}
	return 0;
}

static void remove_channels(struct dma_device *device, struct dmk_place place)
{
	struct dma_chan *chan;

	list_for_each_entry(chan, &device->channels, device_node)
		if (chan->dev)
			channel_remove(chan, place);
}

static void add_in_order(struct dma_device *device)
{
	struct dma_device *other;

	list_for_each_entry(other, &dmk_dma_devices, global_node)
		if (other->dmk_last)
			break;
	/* Before the one that comes last, or at the end. */
	list_add_tail(&device->global_node, &other->global_node);
}

int dma_async_device_register(struct dma_device *device)
{
	struct dma_chan *chan;
	int result;

	if (!device || !device->dev)
		return -EINVAL;
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	result = functions_missing(device);
	if (result)
		return result;
	kref_init(&device->ref);
	INIT_LIST_HEAD(&device->dmk_free);
	device->chancnt = 0;
	device->dmk_ids = 0;
	device->dmk_busy = 0;
	device->dmk_gone = false;
	list_for_each_entry(chan, &device->channels, device_node)
		chan->dev = NULL;
	dmk_dma_lock();
	device->dev_id = numbers++;
	result = add_channels(device);
	if (result) {
		remove_channels(device, DMK_HERE);
		dmk_dma_unlock();
		return result;
	}
	/* Said by the provider: it stays so whoever comes and goes. */
	if (dma_has_cap(DMA_PRIVATE, device->cap_mask))
		device->privatecnt++;
	add_in_order(device);
	dmk_dma_shared_changed();
	dmk_dma_unlock();
	return 0;
}

void dma_async_device_unregister(struct dma_device *device)
{
	dmk_dma_lock();
	list_del_init(&device->global_node);
	device->dmk_gone = true;
	dmk_dma_shared_changed();
	remove_channels(device, DMK_HERE);
	kref_put(&device->ref, released);
	dmk_dma_unlock();
}

int dma_async_device_channel_register(struct dma_device *device, struct dma_chan *chan,
				      const char *name)
{
	int result;

	dmk_dma_lock();
	result = channel_add(device, chan, name);
	if (!result)
		dmk_dma_shared_changed();
	dmk_dma_unlock();
	return result;
}

void dma_async_device_channel_unregister(struct dma_device *device, struct dma_chan *chan)
{
	dmk_dma_lock();
	if (chan->dev)
		channel_remove(chan, DMK_HERE);
	dmk_dma_shared_changed();
	dmk_dma_unlock();
}

static void unregister_action(void *device)
{
	dma_async_device_unregister(device);
}

int dmaenginem_async_device_register(struct dma_device *device)
{
	int result = dma_async_device_register(device);

	return result ? result : devm_add_action_or_reset(device->dev, unregister_action, device);
}

/* --- who has what ----------------------------------------------------------------------------- */

struct text {
	char *data;
	size_t size, used;
};

__printf(2, 3) static void say(struct text *text, const char *format, ...)
{
	const bool room = text->used < text->size;
	va_list args;

	va_start(args, format);
	text->used += vsnprintf(room ? text->data + text->used : NULL,
				room ? text->size - text->used : 0, format, args);
	va_end(args);
}

static void say_device(struct text *text, const struct dma_device *device)
{
	struct dma_chan *chan;

	say(text, "dma%d (%s): %u channel%s, %u in use\n", device->dev_id, dev_name(device->dev),
	    device->chancnt, device->chancnt == 1 ? "" : "s", device->dmk_busy);
	list_for_each_entry(chan, &device->channels, device_node)
		if (chan->client_count && chan->dev)
			say(text, " %s: %s\n", dma_chan_name(chan),
			    chan->dbg_client_name ? chan->dbg_client_name : "in use");
}

size_t dmk_dma_engine_list(char *data, size_t size)
{
	struct text text = {.data = data, .size = size};
	struct dma_device *device;

	if (size)
		data[0] = '\0';
	dmk_dma_lock();
	list_for_each_entry(device, &dmk_dma_devices, global_node)
		say_device(&text, device);
	dmk_dma_unlock();
	return text.used;
}
