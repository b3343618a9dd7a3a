// SPDX-License-Identifier: MIT
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/dmapool.h>
#include <linux/hashtable.h>
#include <linux/slab.h>

#define LINKS 40

struct hwdesc {
	__le64 next;
	__le64 addr;
	__le32 len;
	__le32 flags;
} __packed __aligned(32);

struct swdesc {
	struct list_head node;
	struct hlist_node hash;
	struct hwdesc *hw;
	dma_addr_t dma;
};

struct chain {
	struct dma_pool *pool;
	struct list_head list;
	DECLARE_HASHTABLE(byaddr, 4);
};

static struct swdesc *chain_find(struct chain *c, dma_addr_t dma)
{
	struct swdesc *d;

	hash_for_each_possible(c->byaddr, d, hash, dma)
		if (d->dma == dma)
			return d;
	return NULL;
}

static void chain_free(struct chain *c)
{
	struct swdesc *d, *n;

	list_for_each_entry_safe(d, n, &c->list, node) {
		list_del(&d->node);
		hash_del(&d->hash);
		dma_pool_free(c->pool, d->hw, d->dma);
		kfree(d);
	}
	WARN_ON(!hash_empty(c->byaddr));
}

static int chain_add(struct chain *c)
{
	struct swdesc *d = kzalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return -ENOMEM;
	d->hw = dma_pool_zalloc(c->pool, GFP_KERNEL, &d->dma);
	if (!d->hw) {
		kfree(d);
		return -ENOMEM;
	}
	if (!list_empty(&c->list))
		list_last_entry(&c->list, struct swdesc, node)->hw->next = cpu_to_le64(d->dma);
	list_add_tail(&d->node, &c->list);
	hash_add(c->byaddr, &d->hash, d->dma);
	return 0;
}

/* Follows the chain as the device would, from DMA address to DMA address. */
static int chain_walk(struct chain *c)
{
	struct swdesc *d = list_first_entry(&c->list, struct swdesc, node);
	int n;

	for (n = 1; d && d->hw->next; n++)
		d = chain_find(c, le64_to_cpu(d->hw->next));
	return d && n == LINKS ? 0 : -EIO;
}

static int chain_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct chain *c = devm_kzalloc(&pdev->dev, sizeof(*c), GFP_KERNEL);
	int i, ret;

	if (!c)
		return -ENOMEM;
	ret = pci_enable_device_mem(pdev);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	if (ret)
		goto disable;
	INIT_LIST_HEAD(&c->list);
	hash_init(c->byaddr);
	ret = -ENOMEM;
	c->pool = dma_pool_create("chain", &pdev->dev, sizeof(struct hwdesc), 32, 4096);
	if (!c->pool)
		goto disable;
	for (i = 0, ret = 0; i < LINKS && !ret; i++)
		ret = chain_add(c);
	if (!ret)
		ret = chain_walk(c);
	if (ret)
		goto undo;
	pci_set_drvdata(pdev, c);
	return 0;
undo:
	chain_free(c);
	dma_pool_destroy(c->pool);
disable:
	pci_disable_device(pdev);
	return ret;
}

static void chain_remove(struct pci_dev *pdev)
{
	struct chain *c = pci_get_drvdata(pdev);

	chain_free(c);
	dma_pool_destroy(c->pool);
	pci_disable_device(pdev);
}

static const struct pci_device_id chain_ids[] = {{PCI_DEVICE(0x1234, 0x11e9)}, {}};

static struct pci_driver chain_driver = {
	.name = "chain",
	.id_table = chain_ids,
	.probe = chain_probe,
	.remove = chain_remove,
};
module_pci_driver(chain_driver);
MODULE_LICENSE("Dual MIT/GPL");
