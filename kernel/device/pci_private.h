/* SPDX-License-Identifier: MIT */
/*
 * What the PCI files share: a function's vectors and saved state.
 */
#ifndef DMK_KERNEL_DEVICE_PCI_PRIVATE_H
#define DMK_KERNEL_DEVICE_PCI_PRIVATE_H

#include <linux/pci.h>

struct dmk_pci_private {
	bool pinned;
	unsigned int line;       /* the interrupt of the pin, while irq names a vector */
	unsigned int first_irq;  /* of the vectors; 0: none */
	unsigned int nr_vectors; /* as the machine gave them out */
	void __iomem *msix_table;
	u16 saved_msi[8];
};

/** Vectors go, whatever the driver did; the line is back. */
void dmk_pci_free_vectors(struct pci_dev *dev);

#endif
