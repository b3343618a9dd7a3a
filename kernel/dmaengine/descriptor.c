// SPDX-License-Identifier: MIT
/*
 * Descriptors: beginning, waiting for one, metadata, and the mappings that they take along.
 */
#include "engine.h"

#include <errno.h>

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

void dma_async_tx_descriptor_init(struct dma_async_tx_descriptor *tx, struct dma_chan *chan)
{
	*tx = (struct dma_async_tx_descriptor){.chan = chan};
}

/* --- waiting ---------------------------------------------------------------------------------- */

enum dma_status dma_sync_wait(struct dma_chan *chan, dma_cookie_t cookie)
{
	const unsigned long limit = jiffies + msecs_to_jiffies(5000);
	enum dma_status status;

	dma_async_issue_pending(chan);
	while ((status = dmaengine_tx_status(chan, cookie, NULL)) == DMA_IN_PROGRESS) {
		if (time_after_eq(jiffies, limit)) {
			dev_err(chan->device->dev, "%s: nothing is done after 5 seconds\n",
				dma_chan_name(chan));
			return DMA_ERROR;
		}
		cpu_relax();
	}
	return status;
}

enum dma_status dma_wait_for_async_tx(struct dma_async_tx_descriptor *tx)
{
	return tx ? dma_sync_wait(tx->chan, tx->cookie) : DMA_COMPLETE;
}

/* --- metadata --------------------------------------------------------------------------------- */

/* A descriptor's mode is what its first call says. */
static int metadata_mode(struct dma_async_tx_descriptor *desc, enum dma_desc_metadata_mode mode)
{
	if (!dmaengine_is_metadata_mode_supported(desc->chan, mode) || !desc->metadata_ops)
		return -ENOTSUPP;
	if (desc->desc_metadata_mode == DESC_METADATA_NONE)
		desc->desc_metadata_mode = mode;
	return desc->desc_metadata_mode == mode ? 0 : -EINVAL;
}

int dmaengine_desc_attach_metadata(struct dma_async_tx_descriptor *desc, void *data, size_t len)
{
	int result = desc ? metadata_mode(desc, DESC_METADATA_CLIENT) : -EINVAL;

	if (result)
		return result;
	return desc->metadata_ops->attach ? desc->metadata_ops->attach(desc, data, len) : -ENOTSUPP;
}

void *dmaengine_desc_get_metadata_ptr(struct dma_async_tx_descriptor *desc, size_t *payload_len,
				      size_t *max_len)
{
	int result = desc ? metadata_mode(desc, DESC_METADATA_ENGINE) : -EINVAL;

	if (result)
		return ERR_PTR(result);
	return desc->metadata_ops->get_ptr ? desc->metadata_ops->get_ptr(desc, payload_len, max_len)
					   : ERR_PTR(-ENOTSUPP);
}

int dmaengine_desc_set_metadata_len(struct dma_async_tx_descriptor *desc, size_t payload_len)
{
	int result = desc ? metadata_mode(desc, DESC_METADATA_ENGINE) : -EINVAL;

	if (result)
		return result;
	return desc->metadata_ops->set_len ? desc->metadata_ops->set_len(desc, payload_len)
					   : -ENOTSUPP;
}

/* --- mappings --------------------------------------------------------------------------------- */

enum { ADDRESSES = 256 };

struct dmaengine_unmap_data *dmaengine_get_unmap_data(struct device *dev, int nr, gfp_t flags)
{
	struct dmaengine_unmap_data *unmap;

	if (nr < 0 || nr > ADDRESSES)
		return NULL;
	unmap = kzalloc(sizeof(*unmap) + nr * sizeof(unmap->addr[0]), flags);
	if (!unmap)
		return NULL;
	kref_init(&unmap->kref);
	unmap->dev = dev;
	unmap->map_cnt = nr;
	return unmap;
}

static void unmap_all(struct kref *kref)
{
	struct dmaengine_unmap_data *unmap = container_of(kref, struct dmaengine_unmap_data, kref);
	const int from = unmap->to_cnt, bidi = from + unmap->from_cnt;

	for (int i = 0; i < bidi + unmap->bidi_cnt; i++) {
		const enum dma_data_direction dir = i < from   ? DMA_TO_DEVICE
						    : i < bidi ? DMA_FROM_DEVICE
							       : DMA_BIDIRECTIONAL;

		/* A P or Q that is not wanted has no address. */
		if (i < bidi || unmap->addr[i])
			dma_unmap_page(unmap->dev, unmap->addr[i], unmap->len, dir);
	}
	kfree(unmap);
}

void dmaengine_unmap_put(struct dmaengine_unmap_data *unmap)
{
	if (unmap)
		kref_put(&unmap->kref, unmap_all);
}
