// SPDX-License-Identifier: MIT
/* A network interface on a card that is none: what is sent comes back. */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/dma-mapping.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/iopoll.h>
#include <linux/netdevice.h>
#include <linux/etherdevice.h>
#include <linux/skbuff.h>

static int lab_go(void __iomem *io, dma_addr_t dma, u32 len, u32 off, u32 cmd)
{
	u32 st;

	iowrite32(lower_32_bits(dma), io + 0x10);
	iowrite32(upper_32_bits(dma), io + 0x14);
	iowrite32(len, io + 0x18);
	iowrite32(off, io + 0x1c);
	iowrite32(cmd, io + 0x20);
	if (readl_poll_timeout_atomic(io + 8, st, !(st & 1), 10, 100000))
		return -ETIMEDOUT;
	return st & 2 ? -EIO : 0;
}

struct toy {
	struct pci_dev *pdev;
	struct net_device *nd;
	void __iomem *io;
	struct napi_struct napi;
	u32 rxlen;
	spinlock_t lock;
};

static netdev_tx_t toy_xmit(struct sk_buff *skb, struct net_device *nd)
{
	struct toy *t = netdev_priv(nd);
	dma_addr_t dma;
	int ret;

	if (skb_put_padto(skb, ETH_ZLEN))
		return NETDEV_TX_OK;
	dma = dma_map_single(&t->pdev->dev, skb->data, skb->len, DMA_TO_DEVICE);
	if (dma_mapping_error(&t->pdev->dev, dma)) {
		nd->stats.tx_dropped++;
		dev_kfree_skb_any(skb);
		return NETDEV_TX_OK;
	}
	spin_lock(&t->lock);
	ret = lab_go(t->io, dma, skb->len, 0, 1);
	if (!ret)
		t->rxlen = skb->len;
	spin_unlock(&t->lock);
	dma_unmap_single(&t->pdev->dev, dma, skb->len, DMA_TO_DEVICE);
	if (ret)
		nd->stats.tx_errors++;
	else {
		nd->stats.tx_packets++;
		nd->stats.tx_bytes += skb->len;
	}
	dev_consume_skb_any(skb);
	napi_schedule(&t->napi);
	return NETDEV_TX_OK;
}

static int toy_poll(struct napi_struct *n, int budget)
{
	struct toy *t = container_of(n, struct toy, napi);
	struct sk_buff *skb;
	dma_addr_t dma;
	u32 len;
	int ret, done = 0;

	spin_lock_bh(&t->lock);
	len = t->rxlen;
	t->rxlen = 0;
	if (len && (skb = napi_alloc_skb(n, len))) {
		dma = dma_map_single(&t->pdev->dev, skb->data, len, DMA_FROM_DEVICE);
		if (dma_mapping_error(&t->pdev->dev, dma)) {
			kfree_skb(skb);
			goto out;
		}
		ret = lab_go(t->io, dma, len, 0, 3);
		dma_unmap_single(&t->pdev->dev, dma, len, DMA_FROM_DEVICE);
		if (ret) {
			kfree_skb(skb);
			goto out;
		}
		skb_put(skb, len);
		skb->protocol = eth_type_trans(skb, t->nd);
		napi_gro_receive(n, skb);
		t->nd->stats.rx_packets++;
		done = 1;
	}
out:
	spin_unlock_bh(&t->lock);
	if (done < budget)
		napi_complete_done(n, done);
	return done;
}

static int toy_open(struct net_device *nd)
{
	struct toy *t = netdev_priv(nd);

	napi_enable(&t->napi);
	netif_start_queue(nd);
	return 0;
}

static int toy_stop(struct net_device *nd)
{
	struct toy *t = netdev_priv(nd);

	netif_stop_queue(nd);
	napi_disable(&t->napi);
	return 0;
}

static const struct net_device_ops ops = {.ndo_open = toy_open,
					  .ndo_stop = toy_stop,
					  .ndo_start_xmit = toy_xmit,
					  .ndo_set_mac_address = eth_mac_addr,
					  .ndo_validate_addr = eth_validate_addr};

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct net_device *nd;
	struct toy *t;
	int ret = pcim_enable_device(pdev);

	if (ret)
		return ret;
	nd = devm_alloc_etherdev(&pdev->dev, sizeof(*t));
	if (!nd)
		return -ENOMEM;
	SET_NETDEV_DEV(nd, &pdev->dev);
	t = netdev_priv(nd);
	t->nd = nd;
	t->pdev = pdev;
	spin_lock_init(&t->lock);
	t->io = pcim_iomap(pdev, 0, 0);
	if (!t->io)
		return -ENOMEM;
	pci_set_master(pdev);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	nd->netdev_ops = &ops;
	eth_hw_addr_random(nd);
	netif_napi_add(nd, &t->napi, toy_poll);
	ret = register_netdev(nd);
	if (ret)
		return ret;
	pci_set_drvdata(pdev, nd);
	return 0;
}

static void remove(struct pci_dev *pdev)
{
	struct net_device *nd = pci_get_drvdata(pdev);
	struct toy *t = netdev_priv(nd);

	unregister_netdev(nd);
	netif_napi_del(&t->napi);
}

static const struct pci_device_id ids[] = {{PCI_DEVICE(0x1234, 0x11e9)}, {}};
MODULE_DEVICE_TABLE(pci, ids);
static struct pci_driver drv = {
	.name = "toynet",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
};
module_pci_driver(drv);
MODULE_LICENSE("GPL");
