/* SPDX-License-Identifier: MIT */
/*
 * What a message-signalled interrupt is. Drivers get theirs by pci_alloc_irq_vectors() in
 * linux/pci.h.
 */
#ifndef _LINUX_MSI_H
#define _LINUX_MSI_H

#include <linux/compiler.h>
#include <linux/types.h>

struct msi_msg {
	u32 address_lo;
	u32 address_hi;
	u32 data;
};

struct irq_data;

/**
 * pci_msi_mask_irq - hold a vector back: by its bit in the MSI-X table, or in the MSI capability if
 * that has such bits; else it goes on. What comes meanwhile comes when it is let through again.
 */
void pci_msi_mask_irq(struct irq_data *data) DMK_SYM(pci_msi_mask_irq);
void pci_msi_unmask_irq(struct irq_data *data) DMK_SYM(pci_msi_unmask_irq);

#endif
