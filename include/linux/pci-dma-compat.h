/* SPDX-License-Identifier: MIT */
/*
 * PCI's own spellings of the DMA API, gone from Linux in 5.18: for drivers that are built as for an
 * older one.
 */
#ifndef _LINUX_PCI_DMA_COMPAT_H
#define _LINUX_PCI_DMA_COMPAT_H

#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/pci.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0)

#define PCI_DMA_BIDIRECTIONAL DMA_BIDIRECTIONAL
#define PCI_DMA_TODEVICE DMA_TO_DEVICE
#define PCI_DMA_FROMDEVICE DMA_FROM_DEVICE
#define PCI_DMA_NONE DMA_NONE

static __always_inline struct device *dmk_pci_dma_dev(struct pci_dev *pdev)
{
	return pdev ? &pdev->dev : NULL;
}

static __always_inline void *pci_alloc_consistent(struct pci_dev *pdev, size_t size,
						  dma_addr_t *dma_handle)
{
	return dma_alloc_coherent(dmk_pci_dma_dev(pdev), size, dma_handle, GFP_ATOMIC);
}

static __always_inline void *pci_zalloc_consistent(struct pci_dev *pdev, size_t size,
						   dma_addr_t *dma_handle)
{
	return dma_alloc_coherent(dmk_pci_dma_dev(pdev), size, dma_handle, GFP_ATOMIC);
}

static __always_inline void pci_free_consistent(struct pci_dev *pdev, size_t size, void *vaddr,
						dma_addr_t dma_handle)
{
	dma_free_coherent(dmk_pci_dma_dev(pdev), size, vaddr, dma_handle);
}

static __always_inline dma_addr_t pci_map_single(struct pci_dev *pdev, void *ptr, size_t size,
						 int direction)
{
	return dma_map_single(dmk_pci_dma_dev(pdev), ptr, size, (enum dma_data_direction)direction);
}

static __always_inline void pci_unmap_single(struct pci_dev *pdev, dma_addr_t dma_addr, size_t size,
					     int direction)
{
	dma_unmap_single(dmk_pci_dma_dev(pdev), dma_addr, size, (enum dma_data_direction)direction);
}

static __always_inline dma_addr_t pci_map_page(struct pci_dev *pdev, struct page *page,
					       unsigned long offset, size_t size, int direction)
{
	return dma_map_page(dmk_pci_dma_dev(pdev), page, offset, size,
			    (enum dma_data_direction)direction);
}

static __always_inline void pci_unmap_page(struct pci_dev *pdev, dma_addr_t dma_addr, size_t size,
					   int direction)
{
	dma_unmap_page(dmk_pci_dma_dev(pdev), dma_addr, size, (enum dma_data_direction)direction);
}

static __always_inline int pci_map_sg(struct pci_dev *pdev, struct scatterlist *sg, int nents,
				      int direction)
{
	return dma_map_sg(dmk_pci_dma_dev(pdev), sg, nents, (enum dma_data_direction)direction);
}

static __always_inline void pci_unmap_sg(struct pci_dev *pdev, struct scatterlist *sg, int nents,
					 int direction)
{
	dma_unmap_sg(dmk_pci_dma_dev(pdev), sg, nents, (enum dma_data_direction)direction);
}

static __always_inline void pci_dma_sync_single_for_cpu(struct pci_dev *pdev, dma_addr_t dma_handle,
							size_t size, int direction)
{
	dma_sync_single_for_cpu(dmk_pci_dma_dev(pdev), dma_handle, size,
				(enum dma_data_direction)direction);
}

static __always_inline void pci_dma_sync_single_for_device(struct pci_dev *pdev,
							   dma_addr_t dma_handle, size_t size,
							   int direction)
{
	dma_sync_single_for_device(dmk_pci_dma_dev(pdev), dma_handle, size,
				   (enum dma_data_direction)direction);
}

static __always_inline void pci_dma_sync_sg_for_cpu(struct pci_dev *pdev, struct scatterlist *sg,
						    int nents, int direction)
{
	dma_sync_sg_for_cpu(dmk_pci_dma_dev(pdev), sg, nents, (enum dma_data_direction)direction);
}

static __always_inline void pci_dma_sync_sg_for_device(struct pci_dev *pdev, struct scatterlist *sg,
						       int nents, int direction)
{
	dma_sync_sg_for_device(dmk_pci_dma_dev(pdev), sg, nents,
			       (enum dma_data_direction)direction);
}

static __always_inline int pci_dma_mapping_error(struct pci_dev *pdev, dma_addr_t dma_addr)
{
	return dma_mapping_error(dmk_pci_dma_dev(pdev), dma_addr);
}

static __always_inline int pci_set_dma_mask(struct pci_dev *pdev, u64 mask)
{
	return dma_set_mask(&pdev->dev, mask);
}

static __always_inline int pci_set_consistent_dma_mask(struct pci_dev *pdev, u64 mask)
{
	return dma_set_coherent_mask(&pdev->dev, mask);
}

static __always_inline int pci_set_dma_max_seg_size(struct pci_dev *pdev, unsigned int size)
{
	return dma_set_max_seg_size(&pdev->dev, size);
}

static __always_inline int pci_set_dma_seg_boundary(struct pci_dev *pdev, unsigned long mask)
{
	return dma_set_seg_boundary(&pdev->dev, mask);
}

#define pci_pool dma_pool
#define pci_pool_create(name, pdev, size, align, allocation) \
	dma_pool_create((name), &(pdev)->dev, (size), (align), (allocation))
#define pci_pool_destroy(pool) dma_pool_destroy(pool)
#define pci_pool_alloc(pool, gfp, handle) dma_pool_alloc((pool), (gfp), (handle))
#define pci_pool_zalloc(pool, gfp, handle) dma_pool_zalloc((pool), (gfp), (handle))
#define pci_pool_free(pool, vaddr, addr) dma_pool_free((pool), (vaddr), (addr))

#define DECLARE_PCI_UNMAP_ADDR(ADDR_NAME) DEFINE_DMA_UNMAP_ADDR(ADDR_NAME);
#define DECLARE_PCI_UNMAP_LEN(LEN_NAME) DEFINE_DMA_UNMAP_LEN(LEN_NAME);
#define pci_unmap_addr dma_unmap_addr
#define pci_unmap_addr_set dma_unmap_addr_set
#define pci_unmap_len dma_unmap_len
#define pci_unmap_len_set dma_unmap_len_set

#endif

#endif
