// SPDX-License-Identifier: MIT
/* A block on the SoC whose memory may be a pool of its own, and need not be. */
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/of.h>
#include <linux/of_reserved_mem.h>
#include <linux/dma-mapping.h>
#include <linux/io.h>
#include <linux/iopoll.h>
struct r {
	void __iomem *io;
	void *mem;
	dma_addr_t dma;
};

static int rg_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct r *r = devm_kzalloc(dev, sizeof(*r), GFP_KERNEL);
	int ret;
	u32 st;

	if (!r)
		return -ENOMEM;
	r->io = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(r->io))
		return PTR_ERR(r->io);
	ret = of_reserved_mem_device_init(dev);
	if (ret && ret != -ENODEV)
		return dev_err_probe(dev, ret, "reserved memory\n");
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
	if (ret)
		goto rel;
	r->mem = dma_alloc_coherent(dev, 64 * 1024, &r->dma, GFP_KERNEL);
	if (!r->mem) {
		ret = -ENOMEM;
		goto rel;
	}
	dev_info(dev, "buffer at %pad\n", &r->dma);
	memset(r->mem, 0x33, 64 * 1024);
	writel(lower_32_bits(r->dma), r->io + 0x10);
	writel(upper_32_bits(r->dma), r->io + 0x14);
	writel(64 * 1024, r->io + 0x18);
	writel(0, r->io + 0x1c);
	writel(1, r->io + 0x20);
	ret = readl_poll_timeout(r->io + 8, st, !(st & 1), 10, 100000);
	if (!ret && (st & 2))
		ret = -EIO;
	if (ret)
		goto fr;
	platform_set_drvdata(pdev, r);
	return 0;
fr:
	dma_free_coherent(dev, 64 * 1024, r->mem, r->dma);
rel:
	of_reserved_mem_device_release(dev);
	return ret;
}

static void rg_remove(struct platform_device *pdev)
{
	struct r *r = platform_get_drvdata(pdev);

	dma_free_coherent(&pdev->dev, 64 * 1024, r->mem, r->dma);
	of_reserved_mem_device_release(&pdev->dev);
}

static const struct of_device_id m[] = {{.compatible = "dmakit,lab"}, {}};
MODULE_DEVICE_TABLE(of, m);
static struct platform_driver d = {.probe = rg_probe,
				   .remove = rg_remove,
				   .driver = {.name = "rg", .of_match_table = m}};
module_platform_driver(d);
MODULE_LICENSE("GPL");
