// SPDX-License-Identifier: MIT
/*
 * The smallest driver that shows the three kinds of address: it lends a buffer to the card and says
 * how the CPU, the memory and the card call it. `dmakit check --verbose --machine rpi-like
 * examples/addresses.c`, and the same on other machines.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#define SIZE 256

static int addresses_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	phys_addr_t phys;
	dma_addr_t dma;
	void *buffer;
	int err;

	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
	if (err)
		return err;

	buffer = devm_kzalloc(dev, SIZE, GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	dma = dma_map_single(dev, buffer, SIZE, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, dma))
		return -ENOMEM;

	phys = virt_to_phys(buffer);
	dev_info(dev, "CPU virtual %px, CPU physical %pap, DMA %pad\n", buffer, &phys, &dma);
	dma_unmap_single(dev, dma, SIZE, DMA_TO_DEVICE);
	return 0;
}

static const struct pci_device_id addresses_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) }, /* QEMU's edu card: every machine has one to plug in */
	{ }
};
MODULE_DEVICE_TABLE(pci, addresses_ids);

static struct pci_driver addresses_driver = {
	.name = "addresses",
	.id_table = addresses_ids,
	.probe = addresses_probe,
};
module_pci_driver(addresses_driver);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("One buffer, three addresses");
