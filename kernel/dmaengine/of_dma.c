// SPDX-License-Identifier: MIT
/*
 * Channels by a devicetree's dmas and dma-names: which driver speaks for a controller's node.
 *
 * The list has a lock of its own, held while a controller's driver translates, so that it does not
 * leave meanwhile; the registry's comes after it.
 */
#include "engine.h"

#include <errno.h>
#include <stdlib.h>

#include <linux/of_dma.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(controllers);

int of_dma_controller_register(struct device_node *np,
			       struct dma_chan *(*of_dma_xlate)(struct of_phandle_args *args,
								struct of_dma *of_dma),
			       void *data)
{
	struct of_dma *controller;

	if (!np || !of_dma_xlate)
		return -EINVAL;
	controller = dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER) ? NULL
								  : calloc(1, sizeof(*controller));
	if (!controller)
		return -ENOMEM;
	controller->of_node = np;
	controller->of_dma_xlate = of_dma_xlate;
	controller->of_dma_data = data;
	pthread_mutex_lock(&lock);
	list_add_tail(&controller->of_dma_controllers, &controllers);
	pthread_mutex_unlock(&lock);
	return 0;
}

static struct of_dma *find(const struct device_node *np)
{
	struct of_dma *controller;

	list_for_each_entry(controller, &controllers, of_dma_controllers)
		if (controller->of_node == np)
			return controller;
	return NULL;
}

void of_dma_controller_free(struct device_node *np)
{
	struct of_dma *controller;

	pthread_mutex_lock(&lock);
	controller = find(np);
	if (controller)
		list_del(&controller->of_dma_controllers);
	pthread_mutex_unlock(&lock);
	free(controller);
}

struct dma_chan *of_dma_simple_xlate(struct of_phandle_args *args, struct of_dma *of_dma)
{
	struct of_dma_filter_info *info = of_dma->of_dma_data;

	if (!info || !info->filter_fn || args->args_count != 1)
		return NULL;
	return dma_request_channel(info->dma_cap, info->filter_fn, &args->args[0]);
}

struct dma_chan *of_dma_xlate_by_chan_id(struct of_phandle_args *args, struct of_dma *of_dma)
{
	struct dma_device *device = of_dma->of_dma_data;
	struct dma_chan *chan;

	if (!device || args->args_count != 1)
		return NULL;
	list_for_each_entry(chan, &device->channels, device_node)
		if (chan->chan_id == (int)args->args[0])
			return dma_get_slave_channel(chan);
	return NULL;
}

/* Several entries may have the name: the first whose channel is free. */
static struct dma_chan *request_entry(struct device_node *np, int index)
{
	struct dma_chan *chan = ERR_PTR(-EPROBE_DEFER);
	struct of_dma *controller;
	struct of_phandle_args args;

	if (of_parse_phandle_with_args(np, "dmas", "#dma-cells", index, &args))
		return ERR_PTR(-ENODEV);
	pthread_mutex_lock(&lock);
	controller = find(args.np);
	if (controller)
		chan = controller->of_dma_xlate(&args, controller);
	pthread_mutex_unlock(&lock);
	return chan ? chan : ERR_PTR(-ENODEV);
}

struct dma_chan *of_dma_request_slave_channel(struct device_node *np, const char *name)
{
	struct dma_chan *chan = ERR_PTR(-ENODEV);
	bool deferred = false;
	const char *this;

	if (!np || !name)
		return ERR_PTR(-ENODEV);
	for (int i = 0; !of_property_read_string_index(np, "dma-names", i, &this); i++) {
		if (strcmp(this, name))
			continue;
		chan = request_entry(np, i);
		if (!IS_ERR(chan))
			return chan;
		deferred |= PTR_ERR(chan) == -EPROBE_DEFER;
	}
	return deferred ? ERR_PTR(-EPROBE_DEFER) : chan;
}

struct dma_chan *dmk_dma_of_request(struct device *dev, const char *name)
{
	return of_dma_request_slave_channel(dev->of_node, name);
}
