/* SPDX-License-Identifier: MIT */
/*
 * What the files of kernel/dmaengine share.
 *
 *	registry.c    controllers and their channels: registered, taken, given back
 *	request.c     how a client finds one: by mask, by name, shared
 *	of_dma.c      by a devicetree's dmas
 *	descriptor.c  descriptors, their metadata, the mappings they take along
 *	virt_dma.c    queues of descriptors, for providers
 *	tell.c        what who watches is told of all of it
 *	copy*.c       the provider that is always there: threads that copy
 *
 * One lock guards the registry: who has a channel, and which there are. Neither preparing,
 * submitting, nor completing takes it (ENG-03).
 */
#ifndef DMK_KERNEL_DMAENGINE_ENGINE_H
#define DMK_KERNEL_DMAENGINE_ENGINE_H

#include <linux/dmaengine.h>

#include "../internal.h"

/** The registry's lock; its holder may call a provider's alloc and free of channel resources. */
void dmk_dma_lock(void);
void dmk_dma_unlock(void);
/** All controllers, by .global_node; the lock is held. */
extern struct list_head dmk_dma_devices;

/*
 * With the lock held:
 *
 * dmk_dma_take - the channel is @client's: 0, or why the provider can't
 * dmk_dma_give - the other way round
 * dmk_dma_pick - a free channel of a controller with all of @mask that @fn accepts, taken; or NULL
 */
int dmk_dma_take(struct dma_chan *chan, const char *client);
void dmk_dma_give(struct dma_chan *chan);
struct dma_chan *dmk_dma_pick(struct dma_device *device, const dma_cap_mask_t *mask,
			      dma_filter_fn fn, void *param, const char *client);

/** A channel that a devicetree names; ERR_PTR(-ENODEV): it names none. The lock is not held. */
struct dma_chan *dmk_dma_of_request(struct device *dev, const char *name);

/*
 * tell.c: a client has a channel; it is about to give it back; or the controller goes without
 * waiting for that. While somebody watches; @place is the driver's call.
 */
void dmk_engine_taken(struct dma_chan *chan, struct dmk_place place);
void dmk_engine_given(struct dma_chan *chan, struct dmk_place place);
void dmk_engine_left(struct dma_chan *chan, struct dmk_place place);

/*
 * virt_dma.c: those of @done, completed and taken off their channel's lists by the caller, are
 * called back and freed, in softirq context and with no lock held.
 */
void dmk_vchan_call_back(struct list_head *done);
/* request.c: which channels are shared has changed; the lock is held. */
void dmk_dma_shared_changed(void);
/* copy.c: with the first request for a channel; and with the machine's end, in internal.h. */
void dmk_dma_copier_start(void);

#endif
