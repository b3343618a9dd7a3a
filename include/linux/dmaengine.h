/* SPDX-License-Identifier: MIT */
/*
 * The DMA engine: controllers that move data for others. A client asks for a channel, prepares a
 * descriptor, submits it, and tells the channel to begin; a provider registers a struct dma_device
 * with the channels it has (ENG-01, ENG-02).
 *
 *	chan = dma_request_chan(dev, "rx");
 *	dmaengine_slave_config(chan, &config);
 *	desc = dmaengine_prep_slave_single(chan, dma, len, DMA_DEV_TO_MEM, DMA_PREP_INTERRUPT);
 *	desc->callback = done;
 *	cookie = dmaengine_submit(desc);
 *	dma_async_issue_pending(chan);
 *	…
 *	dmaengine_terminate_sync(chan);
 *	dma_release_channel(chan);
 *
 * Addresses are those of dma_map_*() for dmaengine_get_dma_device(chan): the controller masters the
 * bus, not the client's device.
 *
 * Source: Linux, Documentation/driver-api/dmaengine/{client,provider}.rst.
 */
#ifndef _LINUX_DMAENGINE_H
#define _LINUX_DMAENGINE_H

#include <linux/bitmap.h>
#include <linux/bug.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>

#include <dmakit/observer.h>

/* --- cookies ---------------------------------------------------------------------------------- */

/**
 * What a submitted descriptor is known by: positive and rising on a channel; negative is an error.
 */
typedef s32 dma_cookie_t;
#define DMA_MIN_COOKIE 1

static inline int dma_submit_error(dma_cookie_t cookie)
{
	return cookie < 0 ? cookie : 0;
}

enum dma_status {
	DMA_COMPLETE,
	DMA_IN_PROGRESS,
	DMA_PAUSED,
	DMA_ERROR,
	DMA_OUT_OF_ORDER,
};

/* --- what a controller can do ----------------------------------------------------------------- */

enum dma_transaction_type {
	DMA_MEMCPY,
	DMA_XOR,
	DMA_PQ,
	DMA_XOR_VAL,
	DMA_PQ_VAL,
	DMA_MEMSET,
	DMA_MEMSET_SG,
	DMA_INTERRUPT,
	DMA_PRIVATE, /* channels are given by request only, never shared */
	DMA_ASYNC_TX,
	DMA_SLAVE,
	DMA_CYCLIC,
	DMA_INTERLEAVE,
	DMA_COMPLETION_NO_ORDER,
	DMA_REPEAT,
	DMA_LOAD_EOT,
	DMA_TX_TYPE_END, /* their number */
};

enum dma_transfer_direction {
	DMA_MEM_TO_MEM,
	DMA_MEM_TO_DEV,
	DMA_DEV_TO_MEM,
	DMA_DEV_TO_DEV,
	DMA_TRANS_NONE,
};

typedef struct {
	DECLARE_BITMAP(bits, DMA_TX_TYPE_END);
} dma_cap_mask_t;

#define dma_cap_set(tx, mask)   set_bit((tx), (mask).bits)
#define dma_cap_clear(tx, mask) clear_bit((tx), (mask).bits)
#define dma_cap_zero(mask)      bitmap_zero((mask).bits, DMA_TX_TYPE_END)
#define dma_has_cap(tx, mask)   test_bit((tx), (mask).bits)
#define for_each_dma_cap_mask(cap, mask) for_each_set_bit(cap, (mask).bits, DMA_TX_TYPE_END)

/** Flags of a descriptor. */
enum dma_ctrl_flags {
	DMA_PREP_INTERRUPT = 1 << 0, /* call back at its end */
	DMA_CTRL_ACK = 1 << 1,       /* the client keeps no pointer to it: reuse it when done */
	DMA_PREP_PQ_DISABLE_P = 1 << 2,
	DMA_PREP_PQ_DISABLE_Q = 1 << 3,
	DMA_PREP_CONTINUE = 1 << 4,
	DMA_PREP_FENCE = 1 << 5, /* the next one depends on what this one writes */
	DMA_CTRL_REUSE = 1 << 6, /* may be submitted again after its end */
	DMA_PREP_CMD = 1 << 7,
	DMA_PREP_REPEAT = 1 << 8,
	DMA_PREP_LOAD_EOT = 1 << 9,
};

enum sum_check_bits { SUM_CHECK_P = 0, SUM_CHECK_Q = 1 };
enum sum_check_flags { SUM_CHECK_P_RESULT = 1 << 0, SUM_CHECK_Q_RESULT = 1 << 1 };

enum dmaengine_alignment {
	DMAENGINE_ALIGN_1_BYTE = 0,
	DMAENGINE_ALIGN_2_BYTES = 1,
	DMAENGINE_ALIGN_4_BYTES = 2,
	DMAENGINE_ALIGN_8_BYTES = 3,
	DMAENGINE_ALIGN_16_BYTES = 4,
	DMAENGINE_ALIGN_32_BYTES = 5,
	DMAENGINE_ALIGN_64_BYTES = 6,
	DMAENGINE_ALIGN_128_BYTES = 7,
	DMAENGINE_ALIGN_256_BYTES = 8,
};

/* --- shapes of transfers ---------------------------------------------------------------------- */

/** A run of bytes, and the gap after it: of both sides, or of each. */
struct data_chunk {
	size_t size, icg, dst_icg, src_icg;
};

/** @numf frames, each of @frame_size chunks. */
struct dma_interleaved_template {
	dma_addr_t src_start, dst_start;
	enum dma_transfer_direction dir;
	bool src_inc, dst_inc; /* the address goes on */
	bool src_sgl, dst_sgl; /* gaps are of this side */
	size_t numf, frame_size;
	struct data_chunk sgl[];
};

struct dma_vec {
	dma_addr_t addr;
	size_t len;
};

enum dma_slave_buswidth {
	DMA_SLAVE_BUSWIDTH_UNDEFINED = 0,
	DMA_SLAVE_BUSWIDTH_1_BYTE = 1,
	DMA_SLAVE_BUSWIDTH_2_BYTES = 2,
	DMA_SLAVE_BUSWIDTH_3_BYTES = 3,
	DMA_SLAVE_BUSWIDTH_4_BYTES = 4,
	DMA_SLAVE_BUSWIDTH_8_BYTES = 8,
	DMA_SLAVE_BUSWIDTH_16_BYTES = 16,
	DMA_SLAVE_BUSWIDTH_32_BYTES = 32,
	DMA_SLAVE_BUSWIDTH_64_BYTES = 64,
	DMA_SLAVE_BUSWIDTH_128_BYTES = 128,
};

/** How a channel talks to the peripheral at its other end. Addresses are physical. */
struct dma_slave_config {
	enum dma_transfer_direction direction; /* of old drivers */
	phys_addr_t src_addr, dst_addr;
	enum dma_slave_buswidth src_addr_width, dst_addr_width;
	u32 src_maxburst, dst_maxburst; /* words of that width */
	u32 src_port_window_size, dst_port_window_size;
	bool device_fc; /* the peripheral says when it ends */
	void *peripheral_config;
	size_t peripheral_size;
};

/** How fine a residue is. */
enum dma_residue_granularity {
	DMA_RESIDUE_GRANULARITY_DESCRIPTOR = 0,
	DMA_RESIDUE_GRANULARITY_SEGMENT = 1,
	DMA_RESIDUE_GRANULARITY_BURST = 2,
};

struct dma_slave_caps {
	u32 src_addr_widths, dst_addr_widths, directions; /* bits: BIT(width), BIT(direction) */
	u32 min_burst, max_burst, max_sg_burst;
	bool cmd_pause, cmd_resume, cmd_terminate;
	enum dma_residue_granularity residue_granularity;
	bool descriptor_reuse;
};

/* --- channels --------------------------------------------------------------------------------- */

struct dma_device;
struct dma_async_tx_descriptor;

struct dma_router {
	struct device *dev;
	void (*route_free)(struct device *dev, void *route_data);
};

/** The device that stands for a channel: dma_chan_name() is its name. */
struct dma_chan_dev {
	struct dma_chan *chan;
	struct device device;
	int dev_id;
	bool chan_dma_dev; /* memory is mapped for it, not for the controller */
};

struct dma_chan {
	struct dma_device *device;
	struct device *slave; /* who asked for it by name, or NULL */
	dma_cookie_t cookie, completed_cookie; /* given out last, ended last */
	int chan_id;
	struct dma_chan_dev *dev;
	const char *name; /* of the request, or NULL */
	char *dbg_client_name;
	struct list_head device_node; /* of the provider's .channels */
	int client_count, table_count;
	struct dma_router *router;
	void *route_data;
	void *private;

	struct list_head dmk_free; /* of the controller's channels that nobody has */
	spinlock_t *dmk_lock;      /* under which nobody is called back; NULL: not known */
};

static inline const char *dma_chan_name(struct dma_chan *chan)
{
	return dev_name(&chan->dev->device);
}

/** Called for each channel that would do; true: this one. */
typedef bool (*dma_filter_fn)(struct dma_chan *chan, void *filter_param);

struct dma_slave_map {
	const char *devname, *slave;
	void *param;
};

/** Channels by a client's name, where no devicetree says it. */
struct dma_filter {
	dma_filter_fn fn;
	int mapcnt;
	const struct dma_slave_map *map;
};

/* --- descriptors ------------------------------------------------------------------------------ */

typedef void (*dma_async_tx_callback)(void *dma_async_param);

enum dmaengine_tx_result {
	DMA_TRANS_NOERROR = 0,
	DMA_TRANS_READ_FAILED,
	DMA_TRANS_WRITE_FAILED,
	DMA_TRANS_ABORTED,
};

struct dmaengine_result {
	enum dmaengine_tx_result result;
	u32 residue; /* bytes that were not moved */
};

typedef void (*dma_async_tx_callback_result)(void *dma_async_param,
					     const struct dmaengine_result *result);

/** Mappings that end with the last reference to this: sources first, then destinations. */
struct dmaengine_unmap_data {
	u16 map_cnt;
	u8 to_cnt, from_cnt, bidi_cnt;
	struct device *dev;
	struct kref kref;
	size_t len;
	dma_addr_t addr[];
};

enum dma_desc_metadata_mode {
	DESC_METADATA_NONE = 0,
	DESC_METADATA_CLIENT = BIT(0), /* the client's buffer is attached */
	DESC_METADATA_ENGINE = BIT(1), /* the controller's is asked for */
};

struct dma_descriptor_metadata_ops {
	int (*attach)(struct dma_async_tx_descriptor *desc, void *data, size_t len);
	void *(*get_ptr)(struct dma_async_tx_descriptor *desc, size_t *payload_len,
			 size_t *max_len);
	int (*set_len)(struct dma_async_tx_descriptor *desc, size_t payload_len);
};

struct dma_async_tx_descriptor {
	dma_cookie_t cookie;
	enum dma_ctrl_flags flags;
	dma_addr_t phys;
	struct dma_chan *chan;
	dma_cookie_t (*tx_submit)(struct dma_async_tx_descriptor *tx);
	int (*desc_free)(struct dma_async_tx_descriptor *tx);
	dma_async_tx_callback callback;
	dma_async_tx_callback_result callback_result; /* instead of callback, if set */
	void *callback_param;
	struct dmaengine_unmap_data *unmap;
	enum dma_desc_metadata_mode desc_metadata_mode;
	const struct dma_descriptor_metadata_ops *metadata_ops;
};

struct dma_tx_state {
	dma_cookie_t last, used;
	u32 residue; /* bytes */
	u32 in_flight_bytes;
};

/* --- providers -------------------------------------------------------------------------------- */

/**
 * A controller. Filled by its driver, which owns it: from dma_async_device_register() to
 * dma_async_device_unregister(), or with .device_release set until that is called.
 */
struct dma_device {
	struct kref ref;
	unsigned int chancnt, privatecnt;
	struct list_head channels, global_node;
	struct dma_filter filter;
	dma_cap_mask_t cap_mask;
	enum dma_desc_metadata_mode desc_metadata_modes;
	unsigned short max_xor, max_pq;
	enum dmaengine_alignment copy_align, xor_align, pq_align, fill_align;
	int dev_id;
	struct device *dev; /* that masters the bus */
	struct module *owner;

	u32 src_addr_widths, dst_addr_widths, directions;
	u32 min_burst, max_burst, max_sg_burst;
	bool descriptor_reuse;
	enum dma_residue_granularity residue_granularity;

	int (*device_alloc_chan_resources)(struct dma_chan *chan);
	int (*device_router_config)(struct dma_chan *chan);
	void (*device_free_chan_resources)(struct dma_chan *chan);

	struct dma_async_tx_descriptor *(*device_prep_dma_memcpy)(struct dma_chan *chan,
								  dma_addr_t dst, dma_addr_t src,
								  size_t len, unsigned long flags);
	struct dma_async_tx_descriptor *(*device_prep_dma_xor)(struct dma_chan *chan,
							       dma_addr_t dst, dma_addr_t *src,
							       unsigned int src_cnt, size_t len,
							       unsigned long flags);
	struct dma_async_tx_descriptor *(*device_prep_dma_xor_val)(
		struct dma_chan *chan, dma_addr_t *src, unsigned int src_cnt, size_t len,
		enum sum_check_flags *result, unsigned long flags);
	struct dma_async_tx_descriptor *(*device_prep_dma_pq)(struct dma_chan *chan,
							      dma_addr_t *dst, dma_addr_t *src,
							      unsigned int src_cnt,
							      const unsigned char *scf, size_t len,
							      unsigned long flags);
	struct dma_async_tx_descriptor *(*device_prep_dma_pq_val)(
		struct dma_chan *chan, dma_addr_t *pq, dma_addr_t *src, unsigned int src_cnt,
		const unsigned char *scf, size_t len, enum sum_check_flags *pqres,
		unsigned long flags);
	struct dma_async_tx_descriptor *(*device_prep_dma_memset)(struct dma_chan *chan,
								  dma_addr_t dest, int value,
								  size_t len, unsigned long flags);
	struct dma_async_tx_descriptor *(*device_prep_dma_memset_sg)(struct dma_chan *chan,
								     struct scatterlist *sg,
								     unsigned int nents, int value,
								     unsigned long flags);
	struct dma_async_tx_descriptor *(*device_prep_dma_interrupt)(struct dma_chan *chan,
								     unsigned long flags);
	struct dma_async_tx_descriptor *(*device_prep_peripheral_dma_vec)(
		struct dma_chan *chan, const struct dma_vec *vecs, size_t nents,
		enum dma_transfer_direction direction, unsigned long flags);
	struct dma_async_tx_descriptor *(*device_prep_slave_sg)(
		struct dma_chan *chan, struct scatterlist *sgl, unsigned int sg_len,
		enum dma_transfer_direction direction, unsigned long flags, void *context);
	struct dma_async_tx_descriptor *(*device_prep_dma_cyclic)(
		struct dma_chan *chan, dma_addr_t buf_addr, size_t buf_len, size_t period_len,
		enum dma_transfer_direction direction, unsigned long flags);
	struct dma_async_tx_descriptor *(*device_prep_interleaved_dma)(
		struct dma_chan *chan, struct dma_interleaved_template *xt, unsigned long flags);

	void (*device_caps)(struct dma_chan *chan, struct dma_slave_caps *caps);
	int (*device_config)(struct dma_chan *chan, struct dma_slave_config *config);
	int (*device_pause)(struct dma_chan *chan);
	int (*device_resume)(struct dma_chan *chan);
	int (*device_terminate_all)(struct dma_chan *chan);
	void (*device_synchronize)(struct dma_chan *chan);

	enum dma_status (*device_tx_status)(struct dma_chan *chan, dma_cookie_t cookie,
					    struct dma_tx_state *state);
	void (*device_issue_pending)(struct dma_chan *chan);
	void (*device_release)(struct dma_device *dev);

	struct list_head dmk_free; /* channels that nobody has */
	unsigned int dmk_busy;     /* channels that somebody has */
	int dmk_ids;               /* channels that there ever were: the next one's number */
	bool dmk_gone;
	bool dmk_last; /* asked when no other controller has a channel */
};

/**
 * dma_async_device_register - offer a controller's channels to clients
 *
 * Context: may sleep.
 * Return: 0; -EIO: a capability without the function for it, or none of the functions that all have
 *         (issue_pending, tx_status); -EINVAL: no .dev; -ENOMEM.
 * Rules:  ENG-02.
 */
int dma_async_device_register(struct dma_device *device) DMK_SYM(dma_async_device_register);
/** dma_async_device_unregister - no new clients; those that have a channel give it back later */
void dma_async_device_unregister(struct dma_device *device) DMK_SYM(dma_async_device_unregister);
int dmaenginem_async_device_register(struct dma_device *device)
	DMK_SYM(dmaenginem_async_device_register);
/** dma_async_device_channel_register - one more channel of a controller that is registered */
int dma_async_device_channel_register(struct dma_device *device, struct dma_chan *chan,
				      const char *name) DMK_SYM(dma_async_device_channel_register);
void dma_async_device_channel_unregister(struct dma_device *device, struct dma_chan *chan)
	DMK_SYM(dma_async_device_channel_unregister);

/* --- clients: channels ------------------------------------------------------------------------ */

/**
 * dma_request_channel - a channel for oneself, of a controller with all of @mask that @fn accepts
 * @fn: may be NULL: the first that is free
 *
 * Owner:   the caller, until dma_release_channel().
 * Context: may sleep. The same time with any number of channels, as long as @fn takes the first.
 * Return:  the channel, or NULL: none is free.
 * Rules:   ENG-01, ENG-03.
 */
struct dma_chan *dmk_dma_request_channel(const dma_cap_mask_t *mask, dma_filter_fn fn,
					 void *fn_param);
#define dma_request_channel(mask, fn, param) dmk_dma_request_channel(&(mask), (fn), (param))
#define __dma_request_channel(mask, fn, param, np) dmk_dma_request_channel((mask), (fn), (param))
/** dma_request_chan_by_mask - the same; ERR_PTR(-ENODEV): none is free */
struct dma_chan *dma_request_chan_by_mask(const dma_cap_mask_t *mask)
	DMK_SYM(dma_request_chan_by_mask);
/**
 * dma_request_chan - the channel that is called @name for @dev
 * Return: the channel; ERR_PTR(-EPROBE_DEFER): no controller has it yet; -ENODEV: its devicetree
 *         node does not name it, or it is taken; other errors of its controller's.
 */
struct dma_chan *dma_request_chan(struct device *dev, const char *name) DMK_SYM(dma_request_chan);
struct dma_chan *devm_dma_request_chan(struct device *dev, const char *name)
	DMK_SYM(devm_dma_request_chan);
#define dma_request_slave_channel_reason(dev, name) dma_request_chan(dev, name)
static inline struct dma_chan *dma_request_slave_channel(struct device *dev, const char *name)
{
	struct dma_chan *chan = dma_request_chan(dev, name);

	return IS_ERR(chan) ? NULL : chan;
}
/** dma_get_slave_channel - this very one; NULL: somebody has it */
struct dma_chan *dma_get_slave_channel(struct dma_chan *chan) DMK_SYM(dma_get_slave_channel);
/** dma_get_any_slave_channel - one of this controller's; NULL: none is free */
struct dma_chan *dma_get_any_slave_channel(struct dma_device *device)
	DMK_SYM(dma_get_any_slave_channel);
/** dma_release_channel - the channel is nobody's; what is under way on it must have ended */
void dma_release_channel(struct dma_chan *chan) DMK_SYM(dma_release_channel);

/** dmaengine_get - a client of channels that are shared; dmaengine_put when it is done */
void dmaengine_get(void) DMK_SYM(dmaengine_get);
void dmaengine_put(void) DMK_SYM(dmaengine_put);
/** dma_find_channel - a shared channel that can do it, or NULL; between the two calls above */
struct dma_chan *dma_find_channel(enum dma_transaction_type tx_type) DMK_SYM(dma_find_channel);
/** dma_issue_pending_all - begin with what was submitted to shared channels. Any context. */
void dma_issue_pending_all(void) DMK_SYM(dma_issue_pending_all);

/** dmaengine_get_dma_device - what buffers are mapped for */
static inline struct device *dmaengine_get_dma_device(struct dma_chan *chan)
{
	return chan->dev->chan_dma_dev ? &chan->dev->device : chan->device->dev;
}

/** dma_get_slave_caps - 0; -ENXIO: the channel has no peripheral at its end */
int dma_get_slave_caps(struct dma_chan *chan, struct dma_slave_caps *caps)
	DMK_SYM(dma_get_slave_caps);

/* --- what who watches is told ----------------------------------------------------------------- */

/*
 * Called while somebody watches (dmk_observed()); each tells of one step, which it does not take.
 * Of what was prepared: NULL is none.
 */
void dmk_engine_copy(struct dma_async_tx_descriptor *tx, dma_addr_t dest, dma_addr_t src,
		     size_t size);
void dmk_engine_fill(struct dma_async_tx_descriptor *tx, dma_addr_t dest, size_t size);
void dmk_engine_ring(struct dma_async_tx_descriptor *tx, dma_addr_t dma, size_t size,
		     enum dma_transfer_direction direction);
void dmk_engine_list(struct dma_async_tx_descriptor *tx, struct scatterlist *sgl,
		     unsigned int nents, enum dma_transfer_direction direction);
void dmk_engine_vecs(struct dma_async_tx_descriptor *tx, const struct dma_vec *vecs, size_t nents,
		     enum dma_transfer_direction direction);
void dmk_engine_interleaved(struct dma_async_tx_descriptor *tx,
			    struct dma_interleaved_template *xt);
void dmk_engine_configured(struct dma_chan *chan, const struct dma_slave_config *config,
			   int result);
void dmk_engine_asked(struct dma_chan *chan, dma_cookie_t cookie, enum dma_status status);
/** Of a channel, and of a descriptor. */
void dmk_engine_does(enum dmk_engine_step step, struct dma_chan *chan);
void dmk_engine_tell(enum dmk_engine_step step, struct dma_async_tx_descriptor *tx);
/** @tx is an address only: the provider may have freed it. */
void dmk_engine_refused(struct dma_chan *chan, const struct dma_async_tx_descriptor *tx, int error);
/** Is about to wait for the channel's callbacks; watched or not. */
void dmk_engine_synchronizing(struct dma_chan *chan);

/* --- clients: preparing ----------------------------------------------------------------------- */

static inline bool is_slave_direction(enum dma_transfer_direction direction)
{
	return direction == DMA_MEM_TO_DEV || direction == DMA_DEV_TO_MEM;
}

static inline int dmaengine_slave_config(struct dma_chan *chan, struct dma_slave_config *config)
{
	int result = -ENOSYS;

	if (chan->device->device_config)
		result = chan->device->device_config(chan, config);
	if (dmk_observed())
		dmk_engine_configured(chan, config, result);
	return result;
}

/*
 * Each prepares a descriptor, or returns NULL: the controller can't, or has no room. Any context.
 * Prepared ones are submitted in the order in which they are prepared, with nothing that sleeps in
 * between.
 */
static inline struct dma_async_tx_descriptor *
dmaengine_prep_dma_memcpy(struct dma_chan *chan, dma_addr_t dest, dma_addr_t src, size_t len,
			  unsigned long flags)
{
	struct dma_async_tx_descriptor *desc;

	if (!chan || !chan->device || !chan->device->device_prep_dma_memcpy)
		return NULL;
	desc = chan->device->device_prep_dma_memcpy(chan, dest, src, len, flags);
	if (dmk_observed())
		dmk_engine_copy(desc, dest, src, len);
	return desc;
}

static inline struct dma_async_tx_descriptor *
dmaengine_prep_dma_memset(struct dma_chan *chan, dma_addr_t dest, int value, size_t len,
			  unsigned long flags)
{
	struct dma_async_tx_descriptor *desc;

	if (!chan || !chan->device || !chan->device->device_prep_dma_memset)
		return NULL;
	desc = chan->device->device_prep_dma_memset(chan, dest, value, len, flags);
	if (dmk_observed())
		dmk_engine_fill(desc, dest, len);
	return desc;
}

static inline struct dma_async_tx_descriptor *
dmaengine_prep_slave_sg(struct dma_chan *chan, struct scatterlist *sgl, unsigned int sg_len,
			enum dma_transfer_direction dir, unsigned long flags)
{
	struct dma_async_tx_descriptor *desc;

	if (!chan || !chan->device || !chan->device->device_prep_slave_sg)
		return NULL;
	desc = chan->device->device_prep_slave_sg(chan, sgl, sg_len, dir, flags, NULL);
	if (dmk_observed())
		dmk_engine_list(desc, sgl, sg_len, dir);
	return desc;
}

static inline struct dma_async_tx_descriptor *
dmaengine_prep_slave_single(struct dma_chan *chan, dma_addr_t buf, size_t len,
			    enum dma_transfer_direction dir, unsigned long flags)
{
	struct scatterlist sg;

	sg_init_table(&sg, 1);
	sg_dma_address(&sg) = buf;
	sg_dma_len(&sg) = len;
	return dmaengine_prep_slave_sg(chan, &sg, 1, dir, flags);
}

static inline struct dma_async_tx_descriptor *
dmaengine_prep_peripheral_dma_vec(struct dma_chan *chan, const struct dma_vec *vecs, size_t nents,
				  enum dma_transfer_direction dir, unsigned long flags)
{
	struct dma_async_tx_descriptor *desc;

	if (!chan || !chan->device || !chan->device->device_prep_peripheral_dma_vec)
		return NULL;
	desc = chan->device->device_prep_peripheral_dma_vec(chan, vecs, nents, dir, flags);
	if (dmk_observed())
		dmk_engine_vecs(desc, vecs, nents, dir);
	return desc;
}

static inline struct dma_async_tx_descriptor *
dmaengine_prep_dma_cyclic(struct dma_chan *chan, dma_addr_t buf_addr, size_t buf_len,
			  size_t period_len, enum dma_transfer_direction dir, unsigned long flags)
{
	struct dma_async_tx_descriptor *desc;

	if (!chan || !chan->device || !chan->device->device_prep_dma_cyclic)
		return NULL;
	desc = chan->device->device_prep_dma_cyclic(chan, buf_addr, buf_len, period_len, dir,
						    flags);
	if (dmk_observed())
		dmk_engine_ring(desc, buf_addr, buf_len, dir);
	return desc;
}

static inline struct dma_async_tx_descriptor *
dmaengine_prep_interleaved_dma(struct dma_chan *chan, struct dma_interleaved_template *xt,
			       unsigned long flags)
{
	struct dma_async_tx_descriptor *desc;

	if (!chan || !chan->device || !chan->device->device_prep_interleaved_dma)
		return NULL;
	if (flags & DMA_PREP_REPEAT && !dma_has_cap(DMA_REPEAT, chan->device->cap_mask))
		return NULL;
	desc = chan->device->device_prep_interleaved_dma(chan, xt, flags);
	if (dmk_observed())
		dmk_engine_interleaved(desc, xt);
	return desc;
}

static inline size_t dmaengine_get_icg(bool inc, bool sgl, size_t icg, size_t dir_icg)
{
	if (!inc)
		return 0;
	return dir_icg ? dir_icg : sgl ? icg : 0;
}

static inline size_t dmaengine_get_dst_icg(struct dma_interleaved_template *xt,
					   struct data_chunk *chunk)
{
	return dmaengine_get_icg(xt->dst_inc, xt->dst_sgl, chunk->icg, chunk->dst_icg);
}

static inline size_t dmaengine_get_src_icg(struct dma_interleaved_template *xt,
					   struct data_chunk *chunk)
{
	return dmaengine_get_icg(xt->src_inc, xt->src_sgl, chunk->icg, chunk->src_icg);
}

/* --- clients: running ------------------------------------------------------------------------- */

/**
 * dmaengine_submit - queue a descriptor; it begins after dma_async_issue_pending()
 * Context: any. Return: its cookie; negative: dma_submit_error().
 */
static inline dma_cookie_t dmaengine_submit(struct dma_async_tx_descriptor *desc)
{
	struct dma_chan *chan = desc->chan;
	dma_cookie_t cookie;

	if (dmk_observed())
		dmk_engine_tell(DMK_ENGINE_SUBMIT, desc);
	cookie = desc->tx_submit(desc);
	if (dma_submit_error(cookie) && dmk_observed())
		dmk_engine_refused(chan, desc, cookie);
	return cookie;
}

/** dma_async_issue_pending - begin with what was submitted. Any context. */
static inline void dma_async_issue_pending(struct dma_chan *chan)
{
	if (dmk_observed())
		dmk_engine_does(DMK_ENGINE_ISSUE, chan);
	chan->device->device_issue_pending(chan);
}

/** dmaengine_tx_status - what became of @cookie; @state, if not NULL, gets the residue. */
static inline enum dma_status dmaengine_tx_status(struct dma_chan *chan, dma_cookie_t cookie,
						  struct dma_tx_state *state)
{
	enum dma_status status = chan->device->device_tx_status(chan, cookie, state);

	if (dmk_observed())
		dmk_engine_asked(chan, cookie, status);
	return status;
}

static inline enum dma_status dma_async_is_tx_complete(struct dma_chan *chan, dma_cookie_t cookie,
						       dma_cookie_t *last, dma_cookie_t *used)
{
	struct dma_tx_state state = {.last = 0};
	enum dma_status status = dmaengine_tx_status(chan, cookie, &state);

	if (last)
		*last = state.last;
	if (used)
		*used = state.used;
	return status;
}

/** dma_async_is_complete - of cookies alone; they wrap around */
static inline enum dma_status dma_async_is_complete(dma_cookie_t cookie,
						    dma_cookie_t last_complete,
						    dma_cookie_t last_used)
{
	const bool done = last_complete <= last_used
				  ? cookie <= last_complete || cookie > last_used
				  : cookie <= last_complete && cookie > last_used;

	return done ? DMA_COMPLETE : DMA_IN_PROGRESS;
}

static inline void dma_set_tx_state(struct dma_tx_state *state, dma_cookie_t last,
				    dma_cookie_t used, u32 residue)
{
	if (!state)
		return;
	state->last = last;
	state->used = used;
	state->residue = residue;
}

/** dma_sync_wait - issue, and wait for @cookie, for 5 seconds at most: then DMA_ERROR */
enum dma_status dma_sync_wait(struct dma_chan *chan, dma_cookie_t cookie) DMK_SYM(dma_sync_wait);
enum dma_status dma_wait_for_async_tx(struct dma_async_tx_descriptor *tx)
	DMK_SYM(dma_wait_for_async_tx);

static inline int dmaengine_pause(struct dma_chan *chan)
{
	return chan->device->device_pause ? chan->device->device_pause(chan) : -ENOSYS;
}

static inline int dmaengine_resume(struct dma_chan *chan)
{
	return chan->device->device_resume ? chan->device->device_resume(chan) : -ENOSYS;
}

/** dmaengine_terminate_async - end all of it; callbacks may still run. Any context. */
static inline int dmaengine_terminate_async(struct dma_chan *chan)
{
	if (!chan->device->device_terminate_all)
		return -EINVAL;
	if (dmk_observed())
		dmk_engine_does(DMK_ENGINE_TERMINATE, chan);
	return chan->device->device_terminate_all(chan);
}

/** dmaengine_synchronize - no callback runs any more. May sleep; not from a callback. */
static inline void dmaengine_synchronize(struct dma_chan *chan)
{
	dmk_engine_synchronizing(chan);
	if (chan->device->device_synchronize)
		chan->device->device_synchronize(chan);
	if (dmk_observed())
		dmk_engine_does(DMK_ENGINE_SYNCHRONIZED, chan);
}

static inline int dmaengine_terminate_sync(struct dma_chan *chan)
{
	int result = dmaengine_terminate_async(chan);

	if (!result)
		dmaengine_synchronize(chan);
	return result;
}

static inline int dmaengine_terminate_all(struct dma_chan *chan)
{
	return dmaengine_terminate_async(chan);
}

/* --- descriptors: reuse, acknowledgement, metadata -------------------------------------------- */

void dma_async_tx_descriptor_init(struct dma_async_tx_descriptor *tx, struct dma_chan *chan)
	DMK_SYM(dma_async_tx_descriptor_init);

static inline void async_tx_ack(struct dma_async_tx_descriptor *tx)
{
	tx->flags |= DMA_CTRL_ACK;
}

static inline void async_tx_clear_ack(struct dma_async_tx_descriptor *tx)
{
	tx->flags &= ~DMA_CTRL_ACK;
}

static inline bool async_tx_test_ack(struct dma_async_tx_descriptor *tx)
{
	return tx->flags & DMA_CTRL_ACK;
}

static inline bool dmaengine_desc_test_reuse(struct dma_async_tx_descriptor *tx)
{
	return tx->flags & DMA_CTRL_REUSE;
}

static inline int dmaengine_desc_set_reuse(struct dma_async_tx_descriptor *tx)
{
	if (!tx->chan->device->descriptor_reuse)
		return -EPERM;
	tx->flags |= DMA_CTRL_REUSE;
	return 0;
}

static inline void dmaengine_desc_clear_reuse(struct dma_async_tx_descriptor *tx)
{
	tx->flags &= ~DMA_CTRL_REUSE;
}

/** dmaengine_desc_free - of one that may be reused; -EPERM: it is not */
static inline int dmaengine_desc_free(struct dma_async_tx_descriptor *desc)
{
	if (!dmaengine_desc_test_reuse(desc))
		return -EPERM;
	if (dmk_observed())
		dmk_engine_tell(DMK_ENGINE_FREED, desc);
	return desc->desc_free(desc);
}

static inline bool dmaengine_is_metadata_mode_supported(struct dma_chan *chan,
							enum dma_desc_metadata_mode mode)
{
	return chan && (chan->device->desc_metadata_modes & mode);
}

/*
 * Metadata of a descriptor, before it is submitted; by one of the two ways. -EINVAL: the other one
 * was begun; -ENOTSUPP: the controller has none.
 */
int dmaengine_desc_attach_metadata(struct dma_async_tx_descriptor *desc, void *data, size_t len)
	DMK_SYM(dmaengine_desc_attach_metadata);
void *dmaengine_desc_get_metadata_ptr(struct dma_async_tx_descriptor *desc, size_t *payload_len,
				      size_t *max_len) DMK_SYM(dmaengine_desc_get_metadata_ptr);
int dmaengine_desc_set_metadata_len(struct dma_async_tx_descriptor *desc, size_t payload_len)
	DMK_SYM(dmaengine_desc_set_metadata_len);

/* --- mappings that a descriptor takes along --------------------------------------------------- */

/** dmaengine_get_unmap_data - room for @nr addresses, at most 256; NULL: out of memory */
struct dmaengine_unmap_data *dmaengine_get_unmap_data(struct device *dev, int nr, gfp_t flags)
	DMK_SYM(dmaengine_get_unmap_data);
/** dmaengine_unmap_put - with the last one all of it is unmapped. Any context. */
void dmaengine_unmap_put(struct dmaengine_unmap_data *unmap) DMK_SYM(dmaengine_unmap_put);

static inline void dma_set_unmap(struct dma_async_tx_descriptor *tx,
				 struct dmaengine_unmap_data *unmap)
{
	kref_get(&unmap->kref);
	tx->unmap = unmap;
}

static inline void dma_descriptor_unmap(struct dma_async_tx_descriptor *tx)
{
	if (!tx->unmap)
		return;
	if (dmk_observed())
		dmk_engine_tell(DMK_ENGINE_UNMAPPED, tx);
	dmaengine_unmap_put(tx->unmap);
	tx->unmap = NULL;
}

/* --- alignment -------------------------------------------------------------------------------- */

static inline bool dmaengine_check_align(enum dmaengine_alignment align, size_t off1, size_t off2,
					 size_t len)
{
	return !((off1 | off2 | len) & ((1UL << align) - 1));
}

static inline bool is_dma_copy_aligned(struct dma_device *dev, size_t off1, size_t off2,
				       size_t len)
{
	return dmaengine_check_align(dev->copy_align, off1, off2, len);
}

static inline bool is_dma_xor_aligned(struct dma_device *dev, size_t off1, size_t off2, size_t len)
{
	return dmaengine_check_align(dev->xor_align, off1, off2, len);
}

static inline bool is_dma_pq_aligned(struct dma_device *dev, size_t off1, size_t off2, size_t len)
{
	return dmaengine_check_align(dev->pq_align, off1, off2, len);
}

static inline bool is_dma_fill_aligned(struct dma_device *dev, size_t off1, size_t off2,
				       size_t len)
{
	return dmaengine_check_align(dev->fill_align, off1, off2, len);
}

#define DMA_HAS_PQ_CONTINUE (1 << 15)

static inline void dma_set_maxpq(struct dma_device *dma, int maxpq, int has_pq_continue)
{
	dma->max_pq = maxpq | (has_pq_continue ? DMA_HAS_PQ_CONTINUE : 0);
}

static inline bool dma_dev_has_pq_continue(struct dma_device *dma)
{
	return dma->max_pq & DMA_HAS_PQ_CONTINUE;
}

static inline unsigned short dma_dev_to_maxpq(struct dma_device *dma)
{
	return dma->max_pq & ~DMA_HAS_PQ_CONTINUE;
}

/** How many sources of a P+Q one descriptor takes, less what continuing needs. */
static inline int dma_maxpq(struct dma_device *dma, enum dma_ctrl_flags flags)
{
	const int most = dma_dev_to_maxpq(dma);

	if (dma_dev_has_pq_continue(dma) || !(flags & DMA_PREP_CONTINUE))
		return most;
	return most - (flags & DMA_PREP_PQ_DISABLE_P ? 1 : 3);
}

#endif
