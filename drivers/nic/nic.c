// SPDX-License-Identifier: MIT
/*
 * A driver for the nic (docs/nic.md): an Ethernet card with a transmit ring, a receive ring and a
 * ring of completions.
 *
 * Three things are to be seen:
 *   nic_start_xmit()    a frame that can't be mapped, in whatever part, is unmapped again, dropped and counted, and NETDEV_TX_OK is
 *                       returned: with NETDEV_TX_BUSY the stack would try it again, for as long as
 *                       there is no room
 *   nic_take_buffer()   a short frame is copied, between two syncs, and its mapping lives on; a long one's page is unmapped and
 *                       handed on as it is, once another has taken its place
 *   nic_down()          in which order a card is stopped that may be sending and receiving all the while
 *
 * Who may touch what:
 *   transmit ring, tx.next     nic_start_xmit(), which the stack calls with the queue's lock held
 *   tx.clean                   the poll function
 *   receive rings              the poll function
 *   all of it                  nic_up() and nic_down(), under rtnl, while neither of the others runs
 * tx.next and tx.clean are what the two tell each other: each is written with release and read with
 * acquire.
 */
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/pci.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>

#define NIC_VENDOR 0x1234
#define NIC_DEVICE 0x6e69
#define NIC_BAR    0

#define NIC_ID               0x000
#define NIC_ID_VALUE         0x4e430001
#define NIC_CONTROL          0x004
#define NIC_CONTROL_RX       BIT(0)
#define NIC_CONTROL_TX       BIT(1)
#define NIC_CONTROL_LOOPBACK BIT(2)
#define NIC_CONTROL_RESET    BIT(31)
#define NIC_STATUS           0x008
#define NIC_STATUS_RUNNING   (BIT(0) | BIT(1))
#define NIC_STATUS_LINK      BIT(2)
#define NIC_IRQ_STATUS       0x00c
#define NIC_IRQ_ENABLE       0x010
#define NIC_IRQ_RX           BIT(0)
#define NIC_IRQ_TX           BIT(1)
#define NIC_IRQ_LINK         BIT(2)
#define NIC_IRQ_ERROR        BIT(3)
#define NIC_IRQ_POLLED       (NIC_IRQ_RX | NIC_IRQ_TX)
#define NIC_IRQ_ALWAYS       (NIC_IRQ_LINK | NIC_IRQ_ERROR)
#define NIC_ERROR            0x014
#define NIC_ERROR_RINGS      (BIT(2) | BIT(3))
#define NIC_MAC_LOW          0x018
#define NIC_MAC_HIGH         0x01c
#define NIC_RX_MODE          0x020
#define NIC_RX_PROMISCUOUS   BIT(0)
#define NIC_RX_ALL_GROUPS    BIT(1)
#define NIC_ADDRESS_BITS     0x024
#define NIC_SENT             0x028
#define NIC_TX               0x030
#define NIC_RX               0x050
#define NIC_RX_DONE          0x064
#define NIC_RING_SIZE        0x08
#define NIC_RING_TAIL        0x10
#define NIC_GROUPS           8
#define NIC_GROUP(n)         (0x080 + 8 * (n))
#define NIC_GROUP_VALID      BIT(31)
#define NIC_COUNTERS         0x0c0

#define NIC_TX_LAST    BIT(0)
#define NIC_DONE_FIRST BIT(0)
#define NIC_DONE_LAST  BIT(1)
#define NIC_DONE_ERROR BIT(2)

#define NIC_FRAME_MAX  9018
#define NIC_TX_ENTRIES 64 /* of each ring one always stays empty */
#define NIC_RX_ENTRIES 32
#define NIC_PARTS      (1 + MAX_SKB_FRAGS) /* descriptors that one frame may need */
#define NIC_BUFFER     PAGE_SIZE
#define NIC_COPY \
	256 /* frames up to this are copied: that costs less than a new page and its mapping */
#define NIC_HEADER \
	64 /* of a longer one, what goes into the linear part, for the protocols to look at */

struct nic_tx_desc {
	__le64 address;
	__le16 length;
	__le16 flags;
	__le32 zero;
};
static_assert(sizeof(struct nic_tx_desc) == 16);

struct nic_rx_desc {
	__le64 address;
	__le16 length;
	__le16 zero[3];
};
static_assert(sizeof(struct nic_rx_desc) == 16);

struct nic_done {
	__le16 index;
	__le16 length;
	__le16 flags;
	__le16 zero[3];
	__le32 phase;
};
static_assert(sizeof(struct nic_done) == 16);

/* What card and driver both see at any time: one coherent allocation. */
struct nic_shared {
	struct nic_tx_desc tx[NIC_TX_ENTRIES];
	struct nic_rx_desc rx[NIC_RX_ENTRIES];
	struct nic_done done[NIC_RX_ENTRIES];
	__le32 sent;
};
#define NIC_SHARED_DMA(nic, member) ((nic)->shared_dma + offsetof(struct nic_shared, member))

/*
 * What unmap needs is kept here, and not read back from descriptors. On machines where unmapping is
 * nothing these two fields take no space. The receive side needs its address for syncs, too, so
 * there it is an ordinary field.
 */
struct nic_tx_slot {
	DEFINE_DMA_UNMAP_ADDR(dma);
	DEFINE_DMA_UNMAP_LEN(length);
	bool is_page;
	struct sk_buff *skb; /* in the last slot of a frame */
};

struct nic_rx_slot {
	struct page *page;
	dma_addr_t dma;
};

/* Each has one writer. */
struct nic_count {
	u64_stats_t packets;
	u64_stats_t bytes;
	u64_stats_t dropped;
	u64_stats_t errors;
	struct u64_stats_sync sync;
};

struct nic {
	struct net_device *ndev;
	struct pci_dev *pdev;
	struct device *dev;
	void __iomem *regs;
	struct napi_struct napi;
	struct delayed_work restart;
	bool up; /* under rtnl: what nic_up() did is not undone */

	struct nic_shared *shared;
	dma_addr_t shared_dma;

	struct {
		unsigned int next;  /* the next one to give to the card */
		unsigned int clean; /* the oldest one that it has not given back */
		struct nic_tx_slot slot[NIC_TX_ENTRIES];
	} tx;

	struct {
		unsigned int next;
		unsigned int clean;
		u32 phase; /* of a new completion */
		struct sk_buff *skb; /* a frame of which more is to come */
		bool lost;           /* the rest of this one is dropped */
		struct nic_rx_slot slot[NIC_RX_ENTRIES];
	} rx;

	struct nic_count received;  /* the poll function's */
	struct nic_count sent;      /* the poll function's */
	struct nic_count refused;   /* nic_start_xmit()'s */
};

static void nic_write(struct nic *nic, unsigned int offset, u32 value)
{
	writel(value, nic->regs + offset);
}

static u32 nic_read(struct nic *nic, unsigned int offset)
{
	return readl(nic->regs + offset);
}

static void nic_write_dma(struct nic *nic, unsigned int offset, dma_addr_t dma)
{
	nic_write(nic, offset, lower_32_bits(dma));
	nic_write(nic, offset + 4, upper_32_bits(dma));
}

static void nic_count(struct nic_count *count, unsigned int packets, unsigned int bytes)
{
	u64_stats_update_begin(&count->sync);
	u64_stats_add(&count->packets, packets);
	u64_stats_add(&count->bytes, bytes);
	u64_stats_update_end(&count->sync);
}

static void nic_count_one(struct nic_count *count, u64_stats_t *counter)
{
	u64_stats_update_begin(&count->sync);
	u64_stats_inc(counter);
	u64_stats_update_end(&count->sync);
}

/* --- transmitting ----------------------------------------------------------------------------- */

/* A full ring would look like an empty one. */
static unsigned int nic_tx_room(const struct nic *nic)
{
	return (smp_load_acquire(&nic->tx.clean) - nic->tx.next - 1) % NIC_TX_ENTRIES;
}

static void nic_unmap_slot(struct nic *nic, const struct nic_tx_slot *slot)
{
	if (slot->is_page)
		dma_unmap_page(nic->dev, dma_unmap_addr(slot, dma), dma_unmap_len(slot, length),
			       DMA_TO_DEVICE);
	else
		dma_unmap_single(nic->dev, dma_unmap_addr(slot, dma), dma_unmap_len(slot, length),
				 DMA_TO_DEVICE);
}

/*
 * Part @n of a frame: its linear part, or piece @n - 1. Mapped, and in its descriptor; the card
 * doesn't look before the doorbell.
 */
static int nic_map_part(struct nic *nic, struct sk_buff *skb, unsigned int n, unsigned int index)
{
	const skb_frag_t *frag = n ? &skb_shinfo(skb)->frags[n - 1] : NULL;
	unsigned int length = frag ? skb_frag_size(frag) : skb_headlen(skb);
	struct nic_tx_slot *slot = &nic->tx.slot[index];
	struct nic_tx_desc *desc = &nic->shared->tx[index];
	dma_addr_t dma;

	if (frag)
		dma = skb_frag_dma_map(nic->dev, frag, 0, length, DMA_TO_DEVICE);
	else
		dma = dma_map_single(nic->dev, skb->data, length, DMA_TO_DEVICE);
	if (dma_mapping_error(nic->dev, dma))
		return -ENOMEM;

	slot->is_page = frag;
	slot->skb = NULL;
	dma_unmap_addr_set(slot, dma, dma);
	dma_unmap_len_set(slot, length, length);
	desc->address = cpu_to_le64(dma);
	desc->length = cpu_to_le16(length);
	desc->flags = 0;
	return 0;
}

/*
 * All parts, from tx.next on. When one fails, those before it are unmapped again, newest first.
 * Returns the last one's index.
 */
static int nic_map_frame(struct nic *nic, struct sk_buff *skb)
{
	unsigned int n, nr = 1 + skb_shinfo(skb)->nr_frags;
	int err;

	for (n = 0; n < nr; n++) {
		err = nic_map_part(nic, skb, n, (nic->tx.next + n) % NIC_TX_ENTRIES);
		if (err)
			goto unmap_parts;
	}
	return (nic->tx.next + nr - 1) % NIC_TX_ENTRIES;

unmap_parts:
	while (n--)
		nic_unmap_slot(nic, &nic->tx.slot[(nic->tx.next + n) % NIC_TX_ENTRIES]);
	return err;
}

/*
 * Stop the queue before it is full: the stack then keeps what it has. The poll function may have
 * made room in between, and seen no stopped queue to wake: so look again. Partner of the barrier:
 * the one in nic_clean_tx().
 */
static void nic_stop_if_full(struct nic *nic)
{
	if (nic_tx_room(nic) >= NIC_PARTS)
		return;

	netif_stop_queue(nic->ndev);
	smp_mb();
	if (nic_tx_room(nic) >= NIC_PARTS)
		netif_start_queue(nic->ndev);
}

static netdev_tx_t nic_start_xmit(struct sk_buff *skb, struct net_device *ndev)
{
	struct nic *nic = netdev_priv(ndev);
	int last;

	/*
	 * Can't be: the queue is stopped before. If it is all the same, this is what the stack
	 * wants to hear.
	 */
	if (nic_tx_room(nic) < NIC_PARTS) {
		netif_stop_queue(ndev);
		return NETDEV_TX_BUSY;
	}

	last = nic_map_frame(nic, skb);
	if (last < 0) {
		dev_kfree_skb_any(skb);
		nic_count_one(&nic->refused, &nic->refused.dropped);
		return NETDEV_TX_OK;
	}

	nic->shared->tx[last].flags = cpu_to_le16(NIC_TX_LAST);
	nic->tx.slot[last].skb = skb;
	netdev_sent_queue(ndev, skb->len);
	skb_tx_timestamp(skb);
	/* Partner: nic_clean_tx(), which looks at slots up to here. */
	smp_store_release(&nic->tx.next, (last + 1) % NIC_TX_ENTRIES);
	/*
	 * writel() is ordered after the stores to the descriptors. From here on the frame may be
	 * freed.
	 */
	nic_write(nic, NIC_TX + NIC_RING_TAIL, nic->tx.next);
	nic_stop_if_full(nic);
	return NETDEV_TX_OK;
}

/* Give up the slots before @end; returns the bytes, and the frames in @frames. */
static unsigned int nic_release_tx(struct nic *nic, unsigned int end, int budget,
				   unsigned int *frames)
{
	unsigned int clean = nic->tx.clean, bytes = 0;

	for (*frames = 0; clean != end; clean = (clean + 1) % NIC_TX_ENTRIES) {
		struct nic_tx_slot *slot = &nic->tx.slot[clean];

		nic_unmap_slot(nic, slot);
		if (!slot->skb)
			continue;
		bytes += slot->skb->len;
		++*frames;
		napi_consume_skb(slot->skb, budget);
		slot->skb = NULL;
	}
	/* Partner: nic_tx_room(); the slots are nic_start_xmit()'s then. */
	smp_store_release(&nic->tx.clean, clean);
	return bytes;
}

/* What the card says is believed as far as it can be true: not more than it was given. */
static bool nic_is_given(const struct nic *nic, unsigned int sent)
{
	unsigned int next = smp_load_acquire(&nic->tx.next);

	return sent < NIC_TX_ENTRIES &&
	       (sent - nic->tx.clean) % NIC_TX_ENTRIES <= (next - nic->tx.clean) % NIC_TX_ENTRIES;
}

static void nic_clean_tx(struct nic *nic, int budget)
{
	unsigned int sent = le32_to_cpu(READ_ONCE(nic->shared->sent)), frames, bytes;

	if (sent == nic->tx.clean || !nic_is_given(nic, sent))
		return;

	bytes = nic_release_tx(nic, sent, budget, &frames);
	nic_count(&nic->sent, frames, bytes);
	netdev_completed_queue(nic->ndev, frames, bytes);
	/* Partner: nic_stop_if_full(). */
	smp_mb();
	if (netif_queue_stopped(nic->ndev) &&
	    (nic->tx.clean - smp_load_acquire(&nic->tx.next) - 1) % NIC_TX_ENTRIES >= NIC_PARTS)
		netif_wake_queue(nic->ndev);
}

/* --- receiving -------------------------------------------------------------------------------- */

/* A new buffer, mapped, in @slot. On error @slot is as it was. */
static int nic_fill_slot(struct nic *nic, struct nic_rx_slot *slot)
{
	struct page *page = dev_alloc_page();
	dma_addr_t dma;

	if (!page)
		return -ENOMEM;

	dma = dma_map_page(nic->dev, page, 0, NIC_BUFFER, DMA_FROM_DEVICE);
	if (dma_mapping_error(nic->dev, dma)) {
		__free_page(page);
		return -ENOMEM;
	}
	slot->page = page;
	slot->dma = dma;
	return 0;
}

/* Write the descriptor of the buffer in the next slot. The card sees it after the doorbell. */
static void nic_post(struct nic *nic)
{
	struct nic_rx_desc *desc = &nic->shared->rx[nic->rx.next];

	desc->address = cpu_to_le64(nic->rx.slot[nic->rx.next].dma);
	desc->length = cpu_to_le16(NIC_BUFFER);
	nic->rx.next = (nic->rx.next + 1) % NIC_RX_ENTRIES;
}

/* Fill the ring as far as memory allows; what is missing comes later. */
static void nic_refill(struct nic *nic)
{
	while ((nic->rx.clean - nic->rx.next - 1) % NIC_RX_ENTRIES) {
		if (nic_fill_slot(nic, &nic->rx.slot[nic->rx.next]))
			return;
		nic_post(nic);
	}
}

/*
 * Copy what the card wrote, and leave the buffer with it: mapped as it is, current for the CPU in
 * between alone.
 */
static void nic_copy(struct nic *nic, const struct nic_rx_slot *slot, struct sk_buff *skb,
		     unsigned int length)
{
	dma_sync_single_for_cpu(nic->dev, slot->dma, length, DMA_FROM_DEVICE);
	skb_put_data(skb, page_address(slot->page), length);
	dma_sync_single_for_device(nic->dev, slot->dma, length, DMA_FROM_DEVICE);
}

/*
 * Hand the page itself on. Another is put in its place first: a ring that loses a buffer with each
 * shortage of memory ends up with none, and never hears again. The unmap makes all bytes of it
 * current; what the protocols look at first is copied.
 */
static int nic_hand_on(struct nic *nic, struct nic_rx_slot *slot, struct sk_buff *skb,
		       unsigned int length)
{
	struct nic_rx_slot old = *slot;
	unsigned int head = skb->len ? 0 : NIC_HEADER;

	if (nic_fill_slot(nic, slot))
		return -ENOMEM;

	dma_unmap_page(nic->dev, old.dma, NIC_BUFFER, DMA_FROM_DEVICE);
	if (head)
		skb_put_data(skb, page_address(old.page), head);
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, old.page, head, length - head, NIC_BUFFER);
	return 0;
}

/*
 * One buffer of a frame. Whatever becomes of it, the slot has a mapped buffer afterwards, which is
 * given to the card again.
 */
static int nic_take_buffer(struct nic *nic, struct nic_rx_slot *slot, unsigned int length,
			   unsigned int flags)
{
	/* A length that a device wrote is believed as far as it can be true. */
	if ((flags & NIC_DONE_ERROR) || !length || length > NIC_BUFFER)
		return -EIO;

	if (flags & NIC_DONE_FIRST) {
		nic->rx.skb = napi_alloc_skb(&nic->napi, NIC_COPY);
		if (!nic->rx.skb)
			return -ENOMEM;
	}
	if (!nic->rx.skb || skb_shinfo(nic->rx.skb)->nr_frags == MAX_SKB_FRAGS)
		return -EIO;

	if (!nic->rx.skb->len && length <= NIC_COPY) {
		nic_copy(nic, slot, nic->rx.skb, length);
		return 0;
	}
	return nic_hand_on(nic, slot, nic->rx.skb, length);
}

/* The frame that is begun can't be had; nor can what comes of it yet. */
static void nic_lose(struct nic *nic, int err)
{
	if (nic->rx.skb)
		dev_kfree_skb_any(nic->rx.skb);
	nic->rx.skb = NULL;
	nic->rx.lost = true;
	nic_count_one(&nic->received,
		      err == -ENOMEM ? &nic->received.dropped : &nic->received.errors);
}

static void nic_deliver(struct nic *nic)
{
	struct sk_buff *skb = nic->rx.skb;

	nic->rx.skb = NULL;
	if (skb_headlen(skb) < ETH_HLEN) {
		nic->rx.skb = skb;
		nic_lose(nic, -EIO);
		return;
	}
	nic_count(&nic->received, 1, skb->len);
	skb->protocol = eth_type_trans(skb, nic->ndev);
	napi_gro_receive(&nic->napi, skb);
}

/* Returns whether a frame ended with this buffer. */
static bool nic_receive_buffer(struct nic *nic, const struct nic_done *done)
{
	struct nic_rx_slot *slot = &nic->rx.slot[nic->rx.clean];
	unsigned int flags = le16_to_cpu(done->flags);
	int err = 0;

	if (flags & NIC_DONE_FIRST) {
		if (nic->rx.skb) /* the one before had no end */
			nic_lose(nic, -EIO);
		nic->rx.lost = false;
	}
	if (!nic->rx.lost)
		err = nic_take_buffer(nic, slot, le16_to_cpu(done->length), flags);
	if (err)
		nic_lose(nic, err);
	if (!(flags & NIC_DONE_LAST))
		return false;
	if (nic->rx.skb)
		nic_deliver(nic);
	return true;
}

static bool nic_has_done(const struct nic *nic)
{
	if (READ_ONCE(nic->shared->done[nic->rx.clean].phase) != cpu_to_le32(nic->rx.phase))
		return false;

	/* The rest is read after the phase. Partner: the card writes all 16 bytes at once. */
	dma_rmb();
	return true;
}

/* The buffer of the oldest slot goes to the next one, which is another: one is always empty. */
static void nic_post_again(struct nic *nic)
{
	unsigned int clean = nic->rx.clean;

	nic->rx.clean = (clean + 1) % NIC_RX_ENTRIES;
	if (!nic->rx.clean)
		nic->rx.phase ^= 1;
	nic->rx.slot[nic->rx.next] = nic->rx.slot[clean];
	nic->rx.slot[clean].page = NULL;
	nic_post(nic);
}

static int nic_receive(struct nic *nic, int budget)
{
	unsigned int before = nic->rx.next;
	int frames = 0;

	while (frames < budget && nic_has_done(nic)) {
		frames += nic_receive_buffer(nic, &nic->shared->done[nic->rx.clean]);
		nic_post_again(nic);
	}
	nic_refill(nic);
	if (nic->rx.next != before)
		nic_write(nic, NIC_RX + NIC_RING_TAIL, nic->rx.next);
	return frames;
}

/* --- interrupts and polling ------------------------------------------------------------------- */

/*
 * What comes between the last look at the rings and IRQ_ENABLE has set its bit in IRQ_STATUS, and
 * raises the interrupt then. The interrupt handler may turn it off again in between, for a poll
 * that it has scheduled; that it is on nevertheless does no harm.
 */
static int nic_poll(struct napi_struct *napi, int budget)
{
	struct nic *nic = container_of(napi, struct nic, napi);
	int work;

	nic_clean_tx(nic, budget);
	work = nic_receive(nic, budget);
	if (work < budget && napi_complete_done(napi, work))
		nic_write(nic, NIC_IRQ_ENABLE, NIC_IRQ_ALWAYS | NIC_IRQ_POLLED);
	return work;
}

static void nic_update_link(struct nic *nic)
{
	if (nic_read(nic, NIC_STATUS) & NIC_STATUS_LINK)
		netif_carrier_on(nic->ndev);
	else
		netif_carrier_off(nic->ndev);
}

static void nic_report_error(struct nic *nic)
{
	u32 error = nic_read(nic, NIC_ERROR);

	nic_write(nic, NIC_ERROR, error);
	netdev_warn(nic->ndev, "card reports error %#x\n", error);
	if (error & NIC_ERROR_RINGS)
		schedule_delayed_work(&nic->restart, 0);
}

static irqreturn_t nic_interrupt(int irq, void *data)
{
	struct nic *nic = data;
	u32 status = nic_read(nic, NIC_IRQ_STATUS);

	/* Not ours; all ones: the card is gone. */
	if (!status || status == ~0u)
		return IRQ_NONE;

	/*
	 * Acknowledge before the rings are looked at: what comes in between raises it again, and is
	 * not missed.
	 */
	nic_write(nic, NIC_IRQ_STATUS, status);
	if (status & NIC_IRQ_LINK)
		nic_update_link(nic);
	if (status & NIC_IRQ_ERROR)
		nic_report_error(nic);
	if ((status & NIC_IRQ_POLLED) && napi_schedule_prep(&nic->napi)) {
		nic_write(nic, NIC_IRQ_ENABLE, NIC_IRQ_ALWAYS);
		__napi_schedule(&nic->napi);
	}
	return IRQ_HANDLED;
}

/* --- up and down ------------------------------------------------------------------------------ */

static void nic_write_address(struct nic *nic)
{
	const u8 *address = nic->ndev->dev_addr;

	nic_write(nic, NIC_MAC_LOW,
		  address[0] | address[1] << 8 | address[2] << 16 | (u32)address[3] << 24);
	nic_write(nic, NIC_MAC_HIGH, address[4] | address[5] << 8);
}

static void nic_write_control(struct nic *nic, netdev_features_t features)
{
	u32 control = NIC_CONTROL_RX | NIC_CONTROL_TX;

	if (features & NETIF_F_LOOPBACK)
		control |= NIC_CONTROL_LOOPBACK;
	nic_write(nic, NIC_CONTROL, control);
}

static void nic_start(struct nic *nic)
{
	nic_write_address(nic);
	nic_write_dma(nic, NIC_SENT, NIC_SHARED_DMA(nic, sent));
	nic_write_dma(nic, NIC_TX, NIC_SHARED_DMA(nic, tx));
	nic_write(nic, NIC_TX + NIC_RING_SIZE, NIC_TX_ENTRIES);
	nic_write_dma(nic, NIC_RX, NIC_SHARED_DMA(nic, rx));
	nic_write(nic, NIC_RX + NIC_RING_SIZE, NIC_RX_ENTRIES);
	nic_write_dma(nic, NIC_RX_DONE, NIC_SHARED_DMA(nic, done));
	nic_write_control(nic, nic->ndev->features);
	nic_write(nic, NIC_RX + NIC_RING_TAIL, nic->rx.next);
	nic_update_link(nic);
	nic_write(nic, NIC_IRQ_ENABLE, NIC_IRQ_ALWAYS | NIC_IRQ_POLLED);
}

/*
 * When this returns the card touches no memory of ours any more: the reset gives up what it has
 * begun.
 */
static void nic_reset(struct nic *nic)
{
	nic_write(nic, NIC_CONTROL, NIC_CONTROL_RESET);
	/* Reading back makes sure that the reset has reached the card. */
	nic_read(nic, NIC_CONTROL);
}

/* The card is stopped, and nobody polls: all that was lent comes back, used or not. */
static void nic_take_all_back(struct nic *nic)
{
	unsigned int frames;

	while (nic->rx.clean != nic->rx.next) {
		struct nic_rx_slot *slot = &nic->rx.slot[nic->rx.clean];

		dma_unmap_page(nic->dev, slot->dma, NIC_BUFFER, DMA_FROM_DEVICE);
		__free_page(slot->page);
		slot->page = NULL;
		nic->rx.clean = (nic->rx.clean + 1) % NIC_RX_ENTRIES;
	}
	if (nic->rx.skb)
		dev_kfree_skb_any(nic->rx.skb);
	nic->rx.skb = NULL;
	nic_release_tx(nic, nic->tx.next, 0, &frames);
	netdev_reset_queue(nic->ndev);
}

/* With rtnl held. */
static int nic_up(struct nic *nic)
{
	memset(nic->shared, 0, sizeof(*nic->shared));
	nic->tx.next = nic->tx.clean = 0;
	nic->rx.next = nic->rx.clean = 0;
	nic->rx.phase = 1;
	nic->rx.lost = false;

	/* Fewer buffers than the ring has room for are enough to begin with; none is not. */
	nic_refill(nic);
	if (nic->rx.next == nic->rx.clean)
		return -ENOMEM;

	napi_enable(&nic->napi);
	nic_start(nic);
	netif_start_queue(nic->ndev);
	nic->up = true;
	return 0;
}

/*
 * With rtnl held. The order is what makes it safe: no new frame is handed to us; the card raises no
 * interrupt and does no DMA; the last poll ends; then the memory comes back. A handler that still
 * runs finds a poll that can't be scheduled.
 */
static void nic_down(struct nic *nic)
{
	nic->up = false;
	netif_tx_disable(nic->ndev);
	nic_write(nic, NIC_IRQ_ENABLE, 0);
	nic_reset(nic);
	synchronize_irq(pci_irq_vector(nic->pdev, 0));
	napi_disable(&nic->napi);
	nic_take_all_back(nic);
}

static int nic_open(struct net_device *ndev)
{
	struct nic *nic = netdev_priv(ndev);
	int err;

	/* Aligned to its size rounded up to a page, so the card's 16 bytes are no worry. */
	nic->shared = dma_alloc_coherent(nic->dev, sizeof(*nic->shared), &nic->shared_dma,
					 GFP_KERNEL);
	if (!nic->shared)
		return -ENOMEM;
	err = request_irq(pci_irq_vector(nic->pdev, 0), nic_interrupt, IRQF_SHARED, ndev->name,
			  nic);
	if (err)
		goto free_shared;
	err = nic_up(nic);
	if (err)
		goto free_irq;
	return 0;

free_irq:
	free_irq(pci_irq_vector(nic->pdev, 0), nic);
free_shared:
	dma_free_coherent(nic->dev, sizeof(*nic->shared), nic->shared, nic->shared_dma);
	nic->shared = NULL;
	return err;
}

static int nic_stop(struct net_device *ndev)
{
	struct nic *nic = netdev_priv(ndev);

	/* After a restart that failed it is down already. */
	if (nic->up)
		nic_down(nic);
	free_irq(pci_irq_vector(nic->pdev, 0), nic);
	dma_free_coherent(nic->dev, sizeof(*nic->shared), nic->shared, nic->shared_dma);
	nic->shared = NULL;
	return 0;
}

static void nic_set_rx_mode(struct net_device *ndev)
{
	struct nic *nic = netdev_priv(ndev);
	struct netdev_hw_addr *group;
	unsigned int n = 0;
	u32 mode = 0;

	if (ndev->flags & IFF_PROMISC)
		mode |= NIC_RX_PROMISCUOUS;
	if ((ndev->flags & IFF_ALLMULTI) || netdev_mc_count(ndev) > NIC_GROUPS)
		mode |= NIC_RX_ALL_GROUPS;
	netdev_for_each_mc_addr(group, ndev) {
		const u8 *a = group->addr;

		if (n == NIC_GROUPS)
			break;
		nic_write(nic, NIC_GROUP(n), a[0] | a[1] << 8 | a[2] << 16 | (u32)a[3] << 24);
		nic_write(nic, NIC_GROUP(n) + 4, a[4] | a[5] << 8 | NIC_GROUP_VALID);
		n++;
	}
	for (; n < NIC_GROUPS; n++)
		nic_write(nic, NIC_GROUP(n) + 4, 0);
	nic_write(nic, NIC_RX_MODE, mode);
}

/* Stopping and starting is what always helps. Without memory it is tried again a second later. */
static void nic_restart(struct work_struct *work)
{
	struct nic *nic = container_of(to_delayed_work(work), struct nic, restart);

	rtnl_lock();
	if (!netif_running(nic->ndev))
		goto unlock;
	if (nic->up)
		nic_down(nic);
	if (nic_up(nic)) {
		schedule_delayed_work(&nic->restart, HZ);
		goto unlock;
	}
	/* The reset has made it forget its filters. */
	netif_addr_lock_bh(nic->ndev);
	nic_set_rx_mode(nic->ndev);
	netif_addr_unlock_bh(nic->ndev);
	netif_trans_update(nic->ndev);
	netif_tx_wake_all_queues(nic->ndev);

unlock:
	rtnl_unlock();
}

/* May not sleep, and so leaves it to a worker. */
static void nic_tx_timeout(struct net_device *ndev, unsigned int queue)
{
	struct nic *nic = netdev_priv(ndev);

	nic_count_one(&nic->refused, &nic->refused.errors);
	schedule_delayed_work(&nic->restart, 0);
}

static int nic_set_address(struct net_device *ndev, void *data)
{
	struct nic *nic = netdev_priv(ndev);
	const struct sockaddr *address = data;

	if (!is_valid_ether_addr((const u8 *)address->sa_data))
		return -EADDRNOTAVAIL;

	eth_hw_addr_set(ndev, (const u8 *)address->sa_data);
	if (netif_running(ndev))
		nic_write_address(nic);
	return 0;
}

static int nic_set_features(struct net_device *ndev, netdev_features_t features)
{
	struct nic *nic = netdev_priv(ndev);

	if (netif_running(ndev) && ((ndev->features ^ features) & NETIF_F_LOOPBACK))
		nic_write_control(nic, features);
	return 0;
}

struct nic_values {
	u64 packets, bytes, dropped, errors;
};

static struct nic_values nic_values(const struct nic_count *count)
{
	struct nic_values values;
	unsigned int start;

	do {
		start = u64_stats_fetch_begin(&count->sync);
		values.packets = u64_stats_read(&count->packets);
		values.bytes = u64_stats_read(&count->bytes);
		values.dropped = u64_stats_read(&count->dropped);
		values.errors = u64_stats_read(&count->errors);
	} while (u64_stats_fetch_retry(&count->sync, start));
	return values;
}

static void nic_get_stats64(struct net_device *ndev, struct rtnl_link_stats64 *stats)
{
	struct nic *nic = netdev_priv(ndev);
	struct nic_values received = nic_values(&nic->received);
	struct nic_values sent = nic_values(&nic->sent);
	struct nic_values refused = nic_values(&nic->refused);

	stats->rx_packets = received.packets;
	stats->rx_bytes = received.bytes;
	stats->rx_dropped = received.dropped;
	stats->rx_errors = received.errors;
	stats->tx_packets = sent.packets;
	stats->tx_bytes = sent.bytes;
	stats->tx_dropped = refused.dropped;
	stats->tx_errors = refused.errors;
}

static const struct net_device_ops nic_ops = {
	.ndo_open = nic_open,
	.ndo_stop = nic_stop,
	.ndo_start_xmit = nic_start_xmit,
	.ndo_set_rx_mode = nic_set_rx_mode,
	.ndo_set_mac_address = nic_set_address,
	.ndo_validate_addr = eth_validate_addr,
	.ndo_tx_timeout = nic_tx_timeout,
	.ndo_get_stats64 = nic_get_stats64,
	.ndo_set_features = nic_set_features,
};

/* --- what it tells of itself ------------------------------------------------------------------ */

/* In the order of the registers from NIC_COUNTERS on. */
static const char nic_counter_names[][ETH_GSTRING_LEN] = {
	"card_rx_frames", "card_rx_bytes", "card_rx_dropped", "card_rx_filtered",
	"card_rx_errors", "card_tx_frames", "card_tx_bytes", "card_tx_errors",
};

static void nic_get_drvinfo(struct net_device *ndev, struct ethtool_drvinfo *info)
{
	struct nic *nic = netdev_priv(ndev);

	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	strscpy(info->bus_info, pci_name(nic->pdev), sizeof(info->bus_info));
}

static int nic_get_sset_count(struct net_device *ndev, int set)
{
	return set == ETH_SS_STATS ? ARRAY_SIZE(nic_counter_names) : -EOPNOTSUPP;
}

static void nic_get_strings(struct net_device *ndev, u32 set, u8 *strings)
{
	if (set == ETH_SS_STATS)
		memcpy(strings, nic_counter_names, sizeof(nic_counter_names));
}

static void nic_get_counters(struct net_device *ndev, struct ethtool_stats *stats, u64 *data)
{
	struct nic *nic = netdev_priv(ndev);
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(nic_counter_names); n++)
		data[n] = nic_read(nic, NIC_COUNTERS + 4 * n);
}

static const struct ethtool_ops nic_ethtool_ops = {
	.get_drvinfo = nic_get_drvinfo,
	.get_link = ethtool_op_get_link,
	.get_sset_count = nic_get_sset_count,
	.get_strings = nic_get_strings,
	.get_ethtool_stats = nic_get_counters,
};

/* --- life ------------------------------------------------------------------------------------- */

static void nic_init_count(struct nic_count *count)
{
	u64_stats_init(&count->sync);
}

static void nic_read_address(struct nic *nic)
{
	u32 low = nic_read(nic, NIC_MAC_LOW), high = nic_read(nic, NIC_MAC_HIGH);
	u8 address[ETH_ALEN] = { low, low >> 8, low >> 16, low >> 24, high, high >> 8 };

	if (is_valid_ether_addr(address))
		eth_hw_addr_set(nic->ndev, address);
	else
		eth_hw_addr_random(nic->ndev);
}

/* The mask is the card's ability, and not the machine's. */
static int nic_set_mask(struct nic *nic)
{
	unsigned int bits = nic_read(nic, NIC_ADDRESS_BITS);

	if (!bits || bits > 64)
		return -ENODEV;
	return dma_set_mask_and_coherent(nic->dev, DMA_BIT_MASK(bits));
}

/* What needs no undoing of ours: managed. */
static int nic_setup(struct nic *nic)
{
	int err;

	err = pcim_enable_device(nic->pdev);
	if (err)
		return err;
	err = pcim_iomap_regions(nic->pdev, BIT(NIC_BAR), KBUILD_MODNAME);
	if (err)
		return err;
	nic->regs = pcim_iomap_table(nic->pdev)[NIC_BAR];
	if (nic_read(nic, NIC_ID) != NIC_ID_VALUE)
		return dev_err_probe(nic->dev, -ENODEV, "not a card of revision 1\n");

	/* Whatever it was doing before us, it stops. */
	nic_reset(nic);
	err = nic_set_mask(nic);
	if (err)
		return dev_err_probe(nic->dev, err, "no DMA on this machine\n");
	nic_read_address(nic);
	return 0;
}

static void nic_describe(struct nic *nic)
{
	struct net_device *ndev = nic->ndev;

	ndev->netdev_ops = &nic_ops;
	ndev->ethtool_ops = &nic_ethtool_ops;
	ndev->features = NETIF_F_SG | NETIF_F_HIGHDMA;
	ndev->hw_features = NETIF_F_SG | NETIF_F_LOOPBACK;
	ndev->max_mtu = NIC_FRAME_MAX - ETH_HLEN;
	ndev->watchdog_timeo = 5 * HZ;
	netif_napi_add(ndev, &nic->napi, nic_poll);
	netif_carrier_off(ndev);
}

static int nic_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct net_device *ndev;
	struct nic *nic;
	int err;

	ndev = devm_alloc_etherdev(&pdev->dev, sizeof(*nic));
	if (!ndev)
		return -ENOMEM;
	SET_NETDEV_DEV(ndev, &pdev->dev);
	nic = netdev_priv(ndev);
	nic->ndev = ndev;
	nic->pdev = pdev;
	nic->dev = &pdev->dev;
	nic_init_count(&nic->received);
	nic_init_count(&nic->sent);
	nic_init_count(&nic->refused);
	INIT_DELAYED_WORK(&nic->restart, nic_restart);
	pci_set_drvdata(pdev, nic);

	err = nic_setup(nic);
	if (err)
		return err;
	nic_describe(nic);
	pci_set_master(pdev);
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_ALL_TYPES);
	if (err < 0)
		goto clear_master;
	err = register_netdev(ndev);
	if (err)
		goto free_vectors;
	return 0;

free_vectors:
	pci_free_irq_vectors(pdev);
clear_master:
	pci_clear_master(pdev);
	return err;
}

/* Frames may be arriving all the while: unregister_netdev() calls nic_stop(). */
static void nic_remove(struct pci_dev *pdev)
{
	struct nic *nic = pci_get_drvdata(pdev);

	unregister_netdev(nic->ndev);
	cancel_delayed_work_sync(&nic->restart);
	pci_free_irq_vectors(pdev);
	pci_clear_master(pdev);
}

static const struct pci_device_id nic_ids[] = {
	{ PCI_DEVICE(NIC_VENDOR, NIC_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, nic_ids);

static struct pci_driver nic_driver = {
	.name = "nic",
	.id_table = nic_ids,
	.probe = nic_probe,
	.remove = nic_remove,
};
module_pci_driver(nic_driver);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("nic: an Ethernet card, as a lesson");
