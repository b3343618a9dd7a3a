/* SPDX-License-Identifier: MIT */
/*
 * What a message-signalled interrupt is. Drivers get theirs by pci_alloc_irq_vectors() in
 * linux/pci.h.
 */
#ifndef _LINUX_MSI_H
#define _LINUX_MSI_H

#include <linux/types.h>

struct msi_msg {
	u32 address_lo;
	u32 address_hi;
	u32 data;
};

#endif
