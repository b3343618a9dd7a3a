/* SPDX-License-Identifier: MIT */
/*
 * DMA channels by a devicetree's words: a client's node says dmas = <&controller 3> and dma-names =
 * "rx"; the controller's driver says what its cells mean (ENG-01).
 *
 * Source: Devicetree binding dma/dma.yaml; Linux, Documentation/driver-api/dmaengine/client.rst.
 */
#ifndef _LINUX_OF_DMA_H
#define _LINUX_OF_DMA_H

#include <linux/dmaengine.h>
#include <linux/of.h>

/** A controller as of_dma_controller_register() was told of it. */
struct of_dma {
	struct list_head of_dma_controllers;
	struct device_node *of_node;
	struct dma_chan *(*of_dma_xlate)(struct of_phandle_args *args, struct of_dma *of_dma);
	void *of_dma_data;
};

/** For of_dma_simple_xlate(): the filter gets the first cell. */
struct of_dma_filter_info {
	dma_cap_mask_t dma_cap;
	dma_filter_fn filter_fn;
};

/**
 * of_dma_controller_register - @of_dma_xlate finds the channel that a client's cells name, and
 * takes it: dma_get_slave_channel(); NULL: there is none
 * Return: 0; -EINVAL; -ENOMEM.
 */
int of_dma_controller_register(struct device_node *np,
			       struct dma_chan *(*of_dma_xlate)(struct of_phandle_args *args,
								struct of_dma *of_dma),
			       void *data) DMK_SYM(of_dma_controller_register);
void of_dma_controller_free(struct device_node *np) DMK_SYM(of_dma_controller_free);

/** One cell, for a filter; @of_dma_data is a struct of_dma_filter_info. */
struct dma_chan *of_dma_simple_xlate(struct of_phandle_args *args, struct of_dma *of_dma)
	DMK_SYM(of_dma_simple_xlate);
/** One cell, the number of the channel; @of_dma_data is the struct dma_device. */
struct dma_chan *of_dma_xlate_by_chan_id(struct of_phandle_args *args, struct of_dma *of_dma)
	DMK_SYM(of_dma_xlate_by_chan_id);
/** ERR_PTR(-ENODEV): the node has no such name; ERR_PTR(-EPROBE_DEFER): no driver of it yet. */
struct dma_chan *of_dma_request_slave_channel(struct device_node *np, const char *name)
	DMK_SYM(of_dma_request_slave_channel);

#endif
