/* SPDX-License-Identifier: MIT */
/*
 * Frames in memory. A struct sk_buff is a frame's record; its bytes are a linear part, from
 * kmalloc() or a page fragment, and up to MAX_SKB_FRAGS pieces of pages behind that.
 *
 * The records, the shared info among them, are memory of the host that no device reaches, and not
 * at the end of the bytes as in Linux: a card that writes past its buffer hits what lies there, and
 * is reported. Room for it is counted all the same (SKB_DATA_ALIGN, SKB_WITH_OVERHEAD), so that a
 * driver's sizes are those it has in Linux.
 */
#ifndef _LINUX_SKBUFF_H
#define _LINUX_SKBUFF_H

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/if_ether.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/netdev_features.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>

struct net_device;
struct napi_struct;

#define MAX_SKB_FRAGS 17
#define NET_SKB_PAD 64 /* headroom that netdev_alloc_skb() leaves */
#define NET_IP_ALIGN 0 /* as on x86 and arm64, where a misaligned access costs nothing */

#define CHECKSUM_NONE 0
#define CHECKSUM_UNNECESSARY 1
#define CHECKSUM_COMPLETE 2
#define CHECKSUM_PARTIAL 3

#define PACKET_HOST 0
#define PACKET_BROADCAST 1
#define PACKET_MULTICAST 2
#define PACKET_OTHERHOST 3

typedef struct skb_frag {
	struct page *dmk_page;
	unsigned int dmk_len;
	unsigned int dmk_offset;
} skb_frag_t;

/* What clones of a frame share. */
struct skb_shared_info {
	__u8 flags;
	__u8 meta_len;
	__u8 nr_frags;
	__u8 tx_flags; /* 0: nobody asks for time stamps */
	unsigned short gso_size; /* 0: no frame is to be cut by the card */
	unsigned short gso_segs;
	unsigned int gso_type;
	struct sk_buff *frag_list; /* NULL: frames are not chained */
	atomic_t dataref;
	skb_frag_t frags[MAX_SKB_FRAGS];
};

struct dmk_skb_data;
typedef unsigned int sk_buff_data_t;

/* What a frame and the head of a queue have in common, so that they make a ring. */
struct sk_buff_list {
	struct sk_buff *next, *prev;
};

struct sk_buff {
	/* in a struct sk_buff_head; the driver's while it has the frame */
	struct sk_buff *next, *prev;
	struct net_device *dev;
	char cb[48] __aligned(8); /* whoever has the frame may keep things here */

	unsigned int len;      /* bytes, of both parts */
	unsigned int data_len; /* bytes behind the linear part */
	__u16 mac_len, hdr_len;
	__u16 queue_mapping;
	__u8 cloned : 1, pfmemalloc : 1, encapsulation : 1, vlan_all : 1, decrypted : 1;
	__u8 pkt_type : 3;
	__u8 ip_summed : 2, csum_level : 2, csum_valid : 1, l4_hash : 1, sw_hash : 1;
	__wsum csum;
	__u16 csum_start, csum_offset;
	__u32 priority, mark, hash;
	__be16 vlan_proto;
	__u16 vlan_tci;
	unsigned int napi_id;
	ktime_t tstamp;

	__be16 protocol;
	__u16 transport_header, network_header, mac_header; /* bytes from head; all ones: not set */
	sk_buff_data_t tail, end;                           /* bytes from head */
	unsigned char *head, *data;
	unsigned int truesize;
	refcount_t users;
	struct dmk_skb_data *dmk; /* the bytes' own record */
};

struct sk_buff_head {
	struct sk_buff *next, *prev;
	__u32 qlen;
	spinlock_t lock;
};

#define SKB_DATA_ALIGN(size) ALIGN((size), SMP_CACHE_BYTES)
#define SKB_WITH_OVERHEAD(size) ((size) - SKB_DATA_ALIGN(sizeof(struct skb_shared_info)))
#define SKB_TRUESIZE(size)                                 \
	((size) + SKB_DATA_ALIGN(sizeof(struct sk_buff)) + \
	 SKB_DATA_ALIGN(sizeof(struct skb_shared_info)))

struct skb_shared_info *dmk_skb_shared(const struct sk_buff *skb);
#define skb_shinfo(skb) dmk_skb_shared(skb)

/* --- life ------------------------------------------------------------------------------------- */

/**
 * alloc_skb - a frame with @size bytes of tailroom and no headroom; netdev_alloc_skb - NET_SKB_PAD
 * of headroom, for receiving into
 *
 * Owner:   the caller, until kfree_skb() or a function that takes the frame over.
 * Context: alloc_skb() may sleep if @gfp says so, the others never do. napi_alloc_skb() is for a
 *         poll function.
 * Return:  NULL: no memory.
 */
struct sk_buff *alloc_skb(unsigned int size, gfp_t gfp) DMK_SYM(alloc_skb);
struct sk_buff *__netdev_alloc_skb(struct net_device *dev, unsigned int length, gfp_t gfp)
	DMK_SYM(__netdev_alloc_skb);
struct sk_buff *netdev_alloc_skb(struct net_device *dev, unsigned int length)
	DMK_SYM(netdev_alloc_skb);
struct sk_buff *netdev_alloc_skb_ip_align(struct net_device *dev, unsigned int length)
	DMK_SYM(netdev_alloc_skb_ip_align);
struct sk_buff *napi_alloc_skb(struct napi_struct *napi, unsigned int length)
	DMK_SYM(napi_alloc_skb);
struct sk_buff *dev_alloc_skb(unsigned int length) DMK_SYM(dev_alloc_skb);

/**
 * netdev_alloc_frag - @size bytes of a page that others have pieces of, aligned to a cache line;
 * napi_alloc_frag - in a poll function. Freed with skb_free_frag(), or made the linear part of a
 * frame by build_skb().
 */
void *netdev_alloc_frag(unsigned int size) DMK_SYM(netdev_alloc_frag);
void *napi_alloc_frag(unsigned int size) DMK_SYM(napi_alloc_frag);
void skb_free_frag(void *address) DMK_SYM(skb_free_frag);
/**
 * build_skb - a frame around bytes that are there; napi_build_skb - the same in a poll function
 * @frag_size: of the piece of a page; 0: @data came from kmalloc(). Room for struct skb_shared_info
 *         at its end is the frame's.
 *
 * Owner:  the bytes are the frame's afterwards, unless NULL was returned.
 */
struct sk_buff *build_skb(void *data, unsigned int frag_size) DMK_SYM(build_skb);
struct sk_buff *napi_build_skb(void *data, unsigned int frag_size) DMK_SYM(napi_build_skb);

/**
 * kfree_skb - one user less; the last one's call frees the frame, which counts as dropped;
 * consume_skb - as delivered. NULL is nothing. Not in a hard interrupt handler: there
 * dev_kfree_skb_any() and dev_kfree_skb_irq() may be called.
 */
void kfree_skb(struct sk_buff *skb) DMK_SYM(kfree_skb);
void consume_skb(struct sk_buff *skb) DMK_SYM(consume_skb);
void dev_kfree_skb_any(struct sk_buff *skb) DMK_SYM(dev_kfree_skb_any);
void dev_consume_skb_any(struct sk_buff *skb) DMK_SYM(dev_consume_skb_any);
void dev_kfree_skb_irq(struct sk_buff *skb) DMK_SYM(dev_kfree_skb_irq);
void dev_consume_skb_irq(struct sk_buff *skb) DMK_SYM(dev_consume_skb_irq);
/** napi_consume_skb - consume_skb() in a poll function; @budget 0: called from elsewhere */
void napi_consume_skb(struct sk_buff *skb, int budget) DMK_SYM(napi_consume_skb);
#define dev_kfree_skb(skb) consume_skb(skb)

static inline struct sk_buff *skb_get(struct sk_buff *skb)
{
	refcount_inc(&skb->users);
	return skb;
}

static inline int skb_shared(const struct sk_buff *skb)
{
	return refcount_read(&skb->users) != 1;
}

/**
 * skb_clone - another record of the same bytes; skb_copy - with bytes of its own, all in the linear
 * part. NULL: no memory.
 */
struct sk_buff *skb_clone(struct sk_buff *skb, gfp_t gfp) DMK_SYM(skb_clone);
struct sk_buff *skb_copy(const struct sk_buff *skb, gfp_t gfp) DMK_SYM(skb_copy);
int skb_cloned(const struct sk_buff *skb) DMK_SYM(skb_cloned);
/** skb_cow_head - make the linear part private, with @headroom before it. 0 or -ENOMEM. */
int skb_cow_head(struct sk_buff *skb, unsigned int headroom) DMK_SYM(skb_cow_head);
/** skb_linearize - all bytes into the linear part, which may move. 0 or -ENOMEM. */
int skb_linearize(struct sk_buff *skb) DMK_SYM(skb_linearize);

/* --- the linear part: more than there is room for is reported, and goes nowhere --------------- */

/** skb_put - @length bytes more at the end. Return: where they are. */
void *skb_put(struct sk_buff *skb, unsigned int length) DMK_SYM(skb_put);
/** skb_push - @length bytes more at the beginning. Return: the new beginning. */
void *skb_push(struct sk_buff *skb, unsigned int length) DMK_SYM(skb_push);
/**
 * skb_pull - @length bytes less at the beginning. Return: the new one; NULL: there are not so many,
 * nothing was done.
 */
void *skb_pull(struct sk_buff *skb, unsigned int length) DMK_SYM(skb_pull);
#define __skb_put(skb, length) skb_put((skb), (length))
#define __skb_push(skb, length) skb_push((skb), (length))
#define __skb_pull(skb, length) skb_pull((skb), (length))
/** skb_reserve - headroom of an empty frame */
void skb_reserve(struct sk_buff *skb, int length) DMK_SYM(skb_reserve);
/**
 * skb_trim - cut to @length bytes; pskb_trim - also where the end is behind the linear part. 0 or
 * -ENOMEM.
 */
void skb_trim(struct sk_buff *skb, unsigned int length) DMK_SYM(skb_trim);
int pskb_trim(struct sk_buff *skb, unsigned int length) DMK_SYM(pskb_trim);
/** pskb_may_pull - whether the first @length bytes are linear, if need be by moving them there */
bool pskb_may_pull(struct sk_buff *skb, unsigned int length) DMK_SYM(pskb_may_pull);
/**
 * skb_padto, skb_put_padto - zeroes behind the end up to @length; put: they count. On error
 * (-ENOMEM) the frame is freed.
 */
int skb_padto(struct sk_buff *skb, unsigned int length) DMK_SYM(skb_padto);
int skb_put_padto(struct sk_buff *skb, unsigned int length) DMK_SYM(skb_put_padto);
/**
 * skb_copy_bits - @length bytes from @offset on, wherever they are. 0 or -EFAULT: there are not so
 * many.
 */
int skb_copy_bits(const struct sk_buff *skb, int offset, void *to, int length)
	DMK_SYM(skb_copy_bits);

static inline unsigned int skb_headlen(const struct sk_buff *skb)
{
	return skb->len - skb->data_len;
}

static inline bool skb_is_nonlinear(const struct sk_buff *skb)
{
	return skb->data_len;
}

static inline unsigned int skb_headroom(const struct sk_buff *skb)
{
	return skb->data - skb->head;
}

static inline int skb_tailroom(const struct sk_buff *skb)
{
	return skb_is_nonlinear(skb) ? 0 : skb->end - skb->tail;
}

static inline unsigned char *skb_tail_pointer(const struct sk_buff *skb)
{
	return skb->head + skb->tail;
}

static inline void skb_reset_tail_pointer(struct sk_buff *skb)
{
	skb->tail = skb->data - skb->head;
}

static inline void skb_set_tail_pointer(struct sk_buff *skb, int offset)
{
	skb_reset_tail_pointer(skb);
	skb->tail += offset;
}

static inline unsigned char *skb_end_pointer(const struct sk_buff *skb)
{
	return skb->head + skb->end;
}

static inline unsigned int skb_end_offset(const struct sk_buff *skb)
{
	return skb->end;
}

static inline void *skb_put_zero(struct sk_buff *skb, unsigned int length)
{
	return memset(skb_put(skb, length), 0, length);
}

static inline void *skb_put_data(struct sk_buff *skb, const void *from, unsigned int length)
{
	return memcpy(skb_put(skb, length), from, length);
}

static inline void skb_put_u8(struct sk_buff *skb, u8 value)
{
	*(u8 *)skb_put(skb, 1) = value;
}

static inline void skb_copy_to_linear_data(struct sk_buff *skb, const void *from,
					   unsigned int length)
{
	memcpy(skb->data, from, length);
}

static inline void skb_copy_to_linear_data_offset(struct sk_buff *skb, int offset, const void *from,
						  unsigned int length)
{
	memcpy(skb->data + offset, from, length);
}

static inline void skb_copy_from_linear_data(const struct sk_buff *skb, void *to,
					     unsigned int length)
{
	memcpy(to, skb->data, length);
}

static inline void skb_copy_from_linear_data_offset(const struct sk_buff *skb, int offset, void *to,
						    unsigned int length)
{
	memcpy(to, skb->data + offset, length);
}

/* --- pieces of pages -------------------------------------------------------------------------- */

static inline struct page *skb_frag_page(const skb_frag_t *frag)
{
	return frag->dmk_page;
}

static inline unsigned int skb_frag_size(const skb_frag_t *frag)
{
	return frag->dmk_len;
}

static inline unsigned int skb_frag_off(const skb_frag_t *frag)
{
	return frag->dmk_offset;
}

static inline void *skb_frag_address(const skb_frag_t *frag)
{
	return (char *)page_address(frag->dmk_page) + frag->dmk_offset;
}

static inline void skb_frag_size_set(skb_frag_t *frag, unsigned int size)
{
	frag->dmk_len = size;
}

static inline void skb_frag_size_add(skb_frag_t *frag, int delta)
{
	frag->dmk_len += delta;
}

static inline void skb_frag_size_sub(skb_frag_t *frag, int delta)
{
	frag->dmk_len -= delta;
}

static inline void skb_frag_off_set(skb_frag_t *frag, unsigned int offset)
{
	frag->dmk_offset = offset;
}

static inline void skb_frag_off_add(skb_frag_t *frag, int delta)
{
	frag->dmk_offset += delta;
}

static inline void skb_frag_fill_page_desc(skb_frag_t *frag, struct page *page, int offset,
					   int size)
{
	frag->dmk_page = page;
	frag->dmk_offset = offset;
	frag->dmk_len = size;
}

static inline void __skb_frag_ref(skb_frag_t *frag)
{
	get_page(frag->dmk_page);
}

/**
 * skb_frag_dma_map - dma_map_page() of @size bytes from @offset on. Checked with
 * dma_mapping_error(), undone with dma_unmap_page().
 */
static __always_inline dma_addr_t skb_frag_dma_map(struct device *dev, const skb_frag_t *frag,
						   size_t offset, size_t size,
						   enum dma_data_direction dir)
{
	return dma_map_page(dev, frag->dmk_page, frag->dmk_offset + offset, size, dir);
}

void skb_frag_ref(struct sk_buff *skb, int i) DMK_SYM(skb_frag_ref);
/**
 * skb_fill_page_desc - piece @i is this; the page's reference becomes the frame's. Lengths of the
 * frame are not changed.
 */
void skb_fill_page_desc(struct sk_buff *skb, int i, struct page *page, int offset, int size)
	DMK_SYM(skb_fill_page_desc);
#define __skb_fill_page_desc(skb, i, page, offset, size) \
	skb_fill_page_desc((skb), (i), (page), (offset), (size))
/**
 * skb_add_rx_frag - skb_fill_page_desc(), and the frame is longer by @size and takes @truesize
 * bytes more
 */
void skb_add_rx_frag(struct sk_buff *skb, int i, struct page *page, int offset, int size,
		     unsigned int truesize) DMK_SYM(skb_add_rx_frag);
void skb_coalesce_rx_frag(struct sk_buff *skb, int i, int size, unsigned int truesize)
	DMK_SYM(skb_coalesce_rx_frag);

#define dev_alloc_pages(order) \
	alloc_pages(GFP_ATOMIC | __GFP_NOWARN | __GFP_COMP | __GFP_MEMALLOC, (order))
#define dev_alloc_page() dev_alloc_pages(0)
#define __dev_alloc_pages(gfp, order) alloc_pages((gfp) | __GFP_COMP | __GFP_MEMALLOC, (order))
#define __dev_alloc_page(gfp) __dev_alloc_pages((gfp), 0)

static inline bool dev_page_is_reusable(const struct page *page)
{
	return true; /* no memory is kept for emergencies, and there is one node */
}

/* --- headers ---------------------------------------------------------------------------------- */

static inline unsigned char *skb_mac_header(const struct sk_buff *skb)
{
	return skb->head + skb->mac_header;
}

static inline bool skb_mac_header_was_set(const struct sk_buff *skb)
{
	return skb->mac_header != (__u16)~0U;
}

static inline void skb_reset_mac_header(struct sk_buff *skb)
{
	skb->mac_header = skb->data - skb->head;
}

static inline void skb_set_mac_header(struct sk_buff *skb, int offset)
{
	skb->mac_header = skb->data - skb->head + offset;
}

static inline unsigned char *skb_network_header(const struct sk_buff *skb)
{
	return skb->head + skb->network_header;
}

static inline void skb_reset_network_header(struct sk_buff *skb)
{
	skb->network_header = skb->data - skb->head;
}

static inline void skb_set_network_header(struct sk_buff *skb, int offset)
{
	skb->network_header = skb->data - skb->head + offset;
}

static inline int skb_network_offset(const struct sk_buff *skb)
{
	return skb_network_header(skb) - skb->data;
}

static inline unsigned char *skb_transport_header(const struct sk_buff *skb)
{
	return skb->head + skb->transport_header;
}

static inline void skb_reset_transport_header(struct sk_buff *skb)
{
	skb->transport_header = skb->data - skb->head;
}

static inline void skb_set_transport_header(struct sk_buff *skb, int offset)
{
	skb->transport_header = skb->data - skb->head + offset;
}

static inline int skb_transport_offset(const struct sk_buff *skb)
{
	return skb_transport_header(skb) - skb->data;
}

static inline void skb_checksum_none_assert(const struct sk_buff *skb)
{
	WARN_ON(skb->ip_summed != CHECKSUM_NONE);
}

static inline bool skb_is_gso(const struct sk_buff *skb)
{
	return dmk_skb_shared(skb)->gso_size;
}

static inline u16 skb_get_queue_mapping(const struct sk_buff *skb)
{
	return skb->queue_mapping;
}

static inline void skb_set_queue_mapping(struct sk_buff *skb, u16 queue)
{
	skb->queue_mapping = queue;
}

/* A receiving driver's notes of queue 0 are 1, so that 0 is "not said". */
static inline void skb_record_rx_queue(struct sk_buff *skb, u16 queue)
{
	skb->queue_mapping = queue + 1;
}

static inline bool netdev_xmit_more(void)
{
	return false; /* frames are handed to the driver one by one */
}

/** skb_tx_timestamp - the frame leaves now. Nobody asks for time stamps, so none is taken. */
static inline void skb_tx_timestamp(struct sk_buff *skb)
{
}

/* --- queues ----------------------------------------------------------------------------------- */

static inline void __skb_queue_head_init(struct sk_buff_head *list)
{
	list->next = list->prev = (struct sk_buff *)list;
	list->qlen = 0;
}

static inline void skb_queue_head_init(struct sk_buff_head *list)
{
	spin_lock_init(&list->lock);
	__skb_queue_head_init(list);
}

static inline bool skb_queue_empty(const struct sk_buff_head *list)
{
	return list->next == (const struct sk_buff *)list;
}

static inline __u32 skb_queue_len(const struct sk_buff_head *list)
{
	return list->qlen;
}

static inline struct sk_buff *skb_peek(const struct sk_buff_head *list)
{
	return skb_queue_empty(list) ? NULL : list->next;
}

static inline struct sk_buff *skb_peek_tail(const struct sk_buff_head *list)
{
	return skb_queue_empty(list) ? NULL : list->prev;
}

static inline void dmk_skb_insert(struct sk_buff_head *list, struct sk_buff *skb,
				  struct sk_buff *before)
{
	struct sk_buff_list *next = (struct sk_buff_list *)before;

	skb->next = before;
	skb->prev = next->prev;
	((struct sk_buff_list *)next->prev)->next = skb;
	next->prev = skb;
	list->qlen++;
}

static inline void __skb_unlink(struct sk_buff *skb, struct sk_buff_head *list)
{
	list->qlen--;
	((struct sk_buff_list *)skb->prev)->next = skb->next;
	((struct sk_buff_list *)skb->next)->prev = skb->prev;
	skb->next = skb->prev = NULL;
}

static inline void __skb_queue_head(struct sk_buff_head *list, struct sk_buff *skb)
{
	dmk_skb_insert(list, skb, list->next);
}

static inline void __skb_queue_tail(struct sk_buff_head *list, struct sk_buff *skb)
{
	dmk_skb_insert(list, skb, (struct sk_buff *)list);
}

static inline struct sk_buff *__skb_dequeue(struct sk_buff_head *list)
{
	struct sk_buff *skb = skb_peek(list);

	if (skb)
		__skb_unlink(skb, list);
	return skb;
}

static inline void skb_queue_head(struct sk_buff_head *list, struct sk_buff *skb)
{
	unsigned long flags;

	spin_lock_irqsave(&list->lock, flags);
	__skb_queue_head(list, skb);
	spin_unlock_irqrestore(&list->lock, flags);
}

static inline void skb_queue_tail(struct sk_buff_head *list, struct sk_buff *skb)
{
	unsigned long flags;

	spin_lock_irqsave(&list->lock, flags);
	__skb_queue_tail(list, skb);
	spin_unlock_irqrestore(&list->lock, flags);
}

static inline void skb_unlink(struct sk_buff *skb, struct sk_buff_head *list)
{
	unsigned long flags;

	spin_lock_irqsave(&list->lock, flags);
	__skb_unlink(skb, list);
	spin_unlock_irqrestore(&list->lock, flags);
}

static inline struct sk_buff *skb_dequeue(struct sk_buff_head *list)
{
	struct sk_buff *skb;
	unsigned long flags;

	spin_lock_irqsave(&list->lock, flags);
	skb = __skb_dequeue(list);
	spin_unlock_irqrestore(&list->lock, flags);
	return skb;
}

static inline void __skb_queue_purge(struct sk_buff_head *list)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(list)))
		kfree_skb(skb);
}

static inline void skb_queue_purge(struct sk_buff_head *list)
{
	struct sk_buff *skb;

	while ((skb = skb_dequeue(list)))
		kfree_skb(skb);
}

#define skb_queue_walk(queue, skb) \
	for (skb = (queue)->next; skb != (struct sk_buff *)(queue); skb = skb->next)

#endif
