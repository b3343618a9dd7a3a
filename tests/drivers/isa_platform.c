// SPDX-License-Identifier: MIT
/*
 * A driver that finds a card of the ISA bus as a platform device: its ports, its interrupt and its
 * DMA channel are resources and properties of that. It plays a sound when it is bound, to the
 * interrupt, and is bound when that came.
 */
#include <asm/dma.h>
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>

enum { SIZE = 2000, RESET = 6, DATA = 0xa, COMMAND = 0xc, STATUS = 0xe };

struct card {
	unsigned int port;
	struct completion played;
};

static irqreturn_t interrupt(int irq, void *data)
{
	struct card *card = data;

	inb(card->port + STATUS);
	complete(&card->played);
	return IRQ_HANDLED;
}

static int reset(const struct card *card)
{
	outb(1, card->port + RESET);
	outb(0, card->port + RESET);
	return inb(card->port + STATUS) & 0x80 && inb(card->port + DATA) == 0xaa ? 0 : -ENODEV;
}

static int play(struct card *card, u32 dma, dma_addr_t handle)
{
	static const u8 command[] = {0xc0, 0, (SIZE - 1) & 0xff, (SIZE - 1) >> 8};
	unsigned long flags = claim_dma_lock();

	disable_dma(dma);
	clear_dma_ff(dma);
	set_dma_mode(dma, DMA_MODE_WRITE);
	set_dma_addr(dma, handle);
	set_dma_count(dma, SIZE);
	enable_dma(dma);
	release_dma_lock(flags);
	for (unsigned int i = 0; i < sizeof(command); i++)
		outb(command[i], card->port + COMMAND);
	return wait_for_completion_timeout(&card->played, 10 * HZ) ? 0 : -EIO;
}

static int play_something(struct device *dev, struct card *card, u32 dma)
{
	dma_addr_t handle;
	void *memory;
	int err = request_dma(dma, dev_name(dev));

	if (err)
		return err;
	err = -ENOMEM;
	memory = dma_alloc_coherent(dev, SIZE, &handle, GFP_KERNEL);
	if (!memory)
		goto free_channel;
	memset(memory, 0x80, SIZE);
	err = play(card, dma, handle);
	dma_free_coherent(dev, SIZE, memory, handle);
free_channel:
	free_dma(dma);
	return err;
}

static int probe(struct platform_device *pdev)
{
	const struct resource *ports = platform_get_resource(pdev, IORESOURCE_IO, 0);
	struct card *card = devm_kzalloc(&pdev->dev, sizeof(*card), GFP_KERNEL);
	int irq = platform_get_irq(pdev, 0), err;
	u32 dma;

	if (!card)
		return -ENOMEM;
	if (!ports || irq < 0 || of_property_read_u32(pdev->dev.of_node, "dma", &dma))
		return -ENODEV;
	err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(24));
	if (err)
		return err;
	card->port = ports->start;
	init_completion(&card->played);
	if (!devm_request_region(&pdev->dev, ports->start, resource_size(ports), "sound"))
		return -EBUSY;
	err = devm_request_irq(&pdev->dev, irq, interrupt, 0, "sound", card);
	if (!err)
		err = reset(card);
	return err ? err : play_something(&pdev->dev, card, dma);
}

static const struct of_device_id ids[] = {{.compatible = "creative,sb16"}, {}};
MODULE_DEVICE_TABLE(of, ids);

static struct platform_driver isa_platform = {
	.probe = probe,
	.driver = {.name = "isa-platform", .of_match_table = ids},
};
module_platform_driver(isa_platform);

MODULE_DESCRIPTION("a card of the ISA bus, as a platform device");
MODULE_LICENSE("Dual MIT/GPL");
