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
	bool config_locked; /* pci_cfg_access_lock() */
};

/* pci_files.c: the id by which the driver takes the function, or NULL. */
const struct pci_device_id *dmk_pci_driver_match(struct pci_driver *drv, struct pci_dev *dev);
int dmk_pci_driver_show(struct pci_driver *drv);
void dmk_pci_forget_ids(struct pci_driver *drv);
extern const struct attribute_group *dmk_pci_device_groups[];

/** Vectors go, whatever the driver did; the line is back. */
void dmk_pci_free_vectors(struct pci_dev *dev);

#endif
