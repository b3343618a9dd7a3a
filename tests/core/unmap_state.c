/* SPDX-License-Identifier: MIT */
/*
 * Compiled, not run: UNM-01 where unmap is nothing, and the DMA headers as an older Linux has them.
 */
#include <linux/dmk_config.h>
#undef CONFIG_NEED_DMA_MAP_STATE
#include <linux/pci-dma-compat.h>
#include <linux/swiotlb.h>

struct slot {
	int before;
	DEFINE_DMA_UNMAP_ADDR(addr);
	DEFINE_DMA_UNMAP_LEN(len);
	int after;
};

_Static_assert(sizeof(struct slot) == 2 * sizeof(int), "UNM-01: no space where unmap is nothing");

int test_UNM_01_compiles(struct slot *slot, struct pci_dev *pdev);
int test_UNM_01_compiles(struct slot *slot, struct pci_dev *pdev)
{
	dma_unmap_addr_set(slot, addr, 5);
	dma_unmap_len_set(slot, len, 5);
	pci_unmap_single(pdev, dma_unmap_addr(slot, addr), dma_unmap_len(slot, len),
			 PCI_DMA_TODEVICE);
	return dma_set_max_seg_size(&pdev->dev, 4096);
}
