// SPDX-License-Identifier: MIT
/*
 * Interrupt vectors of a PCI function: MSI-X, MSI or the pin. PCI Local Bus 3.0, 6.8: capability
 * registers; the MSI-X table is in a BAR.
 */
#include "internal.h"
#include "pci_private.h"

#include <errno.h>
#include <stdlib.h>

#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irq.h>
#include <linux/msi.h>
#include <linux/pci.h>

#include "../internal.h"

enum { MOST_VECTORS = 2048 };

static const struct dmk_port *port(void)
{
	return dmk_device_port;
}

int pci_msi_vec_count(struct pci_dev *dev)
{
	u16 flags;

	if (!dev->msi_cap)
		return -EINVAL;
	pci_read_config_word(dev, dev->msi_cap + PCI_MSI_FLAGS, &flags);
	return 1 << ((flags & PCI_MSI_FLAGS_QMASK) >> 1);
}

int pci_msix_vec_count(struct pci_dev *dev)
{
	u16 flags;

	if (!dev->msix_cap)
		return -EINVAL;
	pci_read_config_word(dev, dev->msix_cap + PCI_MSIX_FLAGS, &flags);
	return (flags & PCI_MSIX_FLAGS_QSIZE) + 1;
}

static unsigned int round_up_to_power(unsigned int n)
{
	unsigned int power = 1;

	while (power < n)
		power <<= 1;
	return power;
}

/* As many as the machine has, from @max down to @min: how many, or -ENOSPC. */
static int allocate(struct pci_dev *dev, unsigned int min, unsigned int max, bool contiguous,
		    struct dmk_msi_message *messages)
{
	for (unsigned int n = max; n >= min; n--) {
		int first = port()->ops->msi_alloc(port()->ctx, pci_dev_id(dev), n, contiguous,
						   messages);

		if (first < 0)
			continue;
		dev->dmk->first_irq = (unsigned int)first;
		dev->dmk->nr_vectors = n;
		return (int)n;
	}
	return -ENOSPC;
}

/* --- a vector held back ----------------------------------------------------------------------- */

static struct irq_data all_data[NR_IRQS];

struct irq_data *irq_get_irq_data(unsigned int irq)
{
	if (irq >= NR_IRQS)
		return NULL;
	all_data[irq].irq = irq;
	return &all_data[irq];
}

/* Interrupts of a function from the first on are the vectors that @entries names, or the first. */
static void note_vectors(struct pci_dev *dev, const struct msix_entry *entries)
{
	for (unsigned int i = 0; i < dev->dmk->nr_vectors; i++) {
		struct irq_data *data = irq_get_irq_data(dev->dmk->first_irq + i);

		if (!data)
			continue;
		data->dmk_function = dev;
		data->dmk_vector = entries ? entries[i].entry : i;
	}
}

static void forget_vectors(struct pci_dev *dev)
{
	for (unsigned int i = 0; i < dev->dmk->nr_vectors; i++) {
		struct irq_data *data = irq_get_irq_data(dev->dmk->first_irq + i);

		if (data)
			data->dmk_function = NULL;
	}
}

static void mask_msi(struct pci_dev *dev, unsigned int vector, bool mask)
{
	int at = dev->msi_cap;
	u16 flags;
	u32 bits;

	pci_read_config_word(dev, at + PCI_MSI_FLAGS, &flags);
	if (!(flags & PCI_MSI_FLAGS_MASKBIT))
		return;
	at += flags & PCI_MSI_FLAGS_64BIT ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32;
	pci_read_config_dword(dev, at, &bits);
	bits = mask ? bits | 1U << vector : bits & ~(1U << vector);
	pci_write_config_dword(dev, at, bits);
}

static void mask_vector(const struct irq_data *data, bool mask)
{
	struct pci_dev *dev = data ? data->dmk_function : NULL;
	char __iomem *entry;

	if (!dev || !pci_dev_msi_enabled(dev))
		return;
	if (dev->msi_enabled) {
		mask_msi(dev, data->dmk_vector, mask);
		return;
	}
	entry = (char __iomem *)dev->dmk->msix_table + data->dmk_vector * PCI_MSIX_ENTRY_SIZE;
	writel(mask, entry + PCI_MSIX_ENTRY_VECTOR_CTRL);
	readl(entry + PCI_MSIX_ENTRY_VECTOR_CTRL); /* it is held back now, not soon */
}

void pci_msi_mask_irq(struct irq_data *data)
{
	mask_vector(data, true);
}

void pci_msi_unmask_irq(struct irq_data *data)
{
	mask_vector(data, false);
}

/* --- back to giving out ----------------------------------------------------------------------- */

static void give_back(struct pci_dev *dev)
{
	forget_vectors(dev);
	dmk_irq_forget(dev->dmk->first_irq, dev->dmk->nr_vectors);
	port()->ops->msi_free(port()->ctx, dev->dmk->first_irq, dev->dmk->nr_vectors);
	dev->dmk->first_irq = 0;
	dev->dmk->nr_vectors = 0;
}

static void on(struct pci_dev *dev)
{
	dev->dmk->line = dev->irq;
	dev->irq = dev->dmk->first_irq;
	pci_intx(dev, 0);
}

/* --- MSI -------------------------------------------------------------------------------------- */

static void write_msi(struct pci_dev *dev, const struct dmk_msi_message *message,
		      unsigned int log2_vectors)
{
	int at = dev->msi_cap;
	u16 flags;

	pci_read_config_word(dev, at + PCI_MSI_FLAGS, &flags);
	pci_write_config_dword(dev, at + PCI_MSI_ADDRESS_LO, (u32)message->address);
	if (flags & PCI_MSI_FLAGS_64BIT) {
		pci_write_config_dword(dev, at + PCI_MSI_ADDRESS_HI, (u32)(message->address >> 32));
		pci_write_config_word(dev, at + PCI_MSI_DATA_64, (u16)message->data);
	} else {
		pci_write_config_word(dev, at + PCI_MSI_DATA_32, (u16)message->data);
	}
	if (flags & PCI_MSI_FLAGS_MASKBIT)
		pci_write_config_dword(
			dev, at + (flags & PCI_MSI_FLAGS_64BIT ? PCI_MSI_MASK_64 : PCI_MSI_MASK_32),
			0);
	flags &= (u16)~PCI_MSI_FLAGS_QSIZE;
	flags |= (u16)(log2_vectors << 4 | PCI_MSI_FLAGS_ENABLE);
	pci_write_config_word(dev, at + PCI_MSI_FLAGS, flags);
}

static int enable_msi(struct pci_dev *dev, unsigned int min, unsigned int max)
{
	struct dmk_msi_message messages[32];
	int room = pci_msi_vec_count(dev);
	u16 flags;
	int n;

	if (room < 1 || (unsigned int)room < min)
		return -ENOSPC;
	if (max > (unsigned int)room)
		max = (unsigned int)room;
	n = allocate(dev, min, max < 32 ? max : 32, true, messages);
	if (n < 0)
		return n;
	pci_read_config_word(dev, dev->msi_cap + PCI_MSI_FLAGS, &flags);
	if (!(flags & PCI_MSI_FLAGS_64BIT) && messages[0].address >> 32) {
		give_back(dev);
		return -ENOSPC;
	}
	on(dev);
	dev->msi_enabled = true;
	note_vectors(dev, NULL);
	write_msi(dev, &messages[0],
		  (unsigned int)__builtin_ctz(round_up_to_power((unsigned int)n)));
	return n;
}

/* --- MSI-X ------------------------------------------------------------------------------------ */

static void __iomem *map_table(struct pci_dev *dev, unsigned int entries)
{
	u32 where;
	int bar;
	u64 offset;

	pci_read_config_dword(dev, dev->msix_cap + PCI_MSIX_TABLE, &where);
	bar = (int)(where & PCI_MSIX_TABLE_BIR);
	offset = where & PCI_MSIX_TABLE_OFFSET;
	if (bar >= PCI_STD_NUM_BARS || !(pci_resource_flags(dev, bar) & IORESOURCE_MEM) ||
	    offset + entries * PCI_MSIX_ENTRY_SIZE > pci_resource_len(dev, bar))
		return NULL;
	return pci_iomap_range(dev, bar, offset, entries * PCI_MSIX_ENTRY_SIZE);
}

static void write_entry(void __iomem *entry, const struct dmk_msi_message *message)
{
	writel((u32)message->address, (char __iomem *)entry + PCI_MSIX_ENTRY_LOWER_ADDR);
	writel((u32)(message->address >> 32), (char __iomem *)entry + PCI_MSIX_ENTRY_UPPER_ADDR);
	writel(message->data, (char __iomem *)entry + PCI_MSIX_ENTRY_DATA);
	writel(0, (char __iomem *)entry + PCI_MSIX_ENTRY_VECTOR_CTRL);
}

static void change_msix(struct pci_dev *dev, u16 clear, u16 set)
{
	u16 flags;

	pci_read_config_word(dev, dev->msix_cap + PCI_MSIX_FLAGS, &flags);
	pci_write_config_word(dev, dev->msix_cap + PCI_MSIX_FLAGS, (u16)((flags & ~clear) | set));
}

/* @entries: which table entries to use, or NULL: the first ones */
static int enable_msix(struct pci_dev *dev, unsigned int min, unsigned int max,
		       const struct msix_entry *entries)
{
	int room = pci_msix_vec_count(dev);
	struct dmk_msi_message *messages;
	int n = -ENOSPC;

	if (room < 1 || (unsigned int)room < min)
		return -ENOSPC;
	if (max > (unsigned int)room)
		max = (unsigned int)room;
	messages = calloc(max, sizeof(*messages));
	dev->dmk->msix_table = messages ? map_table(dev, (unsigned int)room) : NULL;
	if (dev->dmk->msix_table)
		n = allocate(dev, min, max, false, messages);
	if (n < 0) {
		iounmap(dev->dmk->msix_table);
		dev->dmk->msix_table = NULL;
		free(messages);
		return n;
	}
	on(dev);
	dev->msix_enabled = true;
	note_vectors(dev, entries);
	/*
	 * The table is memory of the function: it must decode. All vectors are held back while the
	 * table is written.
	 */
	change_msix(dev, 0, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
	for (int i = 0; i < n; i++)
		write_entry((char __iomem *)dev->dmk->msix_table +
				    (entries ? entries[i].entry : i) * PCI_MSIX_ENTRY_SIZE,
			    &messages[i]);
	change_msix(dev, PCI_MSIX_FLAGS_MASKALL, 0);
	free(messages);
	return n;
}

/* --- what drivers call ------------------------------------------------------------------------ */

DMK_ENTRY int dmk_pci_alloc_irq_vectors(struct pci_dev *dev, unsigned int min_vecs,
					unsigned int max_vecs, unsigned int flags)
{
	int n = -ENOSPC;

	if (!min_vecs || max_vecs < min_vecs || pci_dev_msi_enabled(dev))
		return -EINVAL;
	if (dmk_should_fail(DMK_FAIL_IRQ, DMK_CALLER))
		return -ENOSPC;
	if (max_vecs > MOST_VECTORS)
		max_vecs = MOST_VECTORS;
	if (flags & PCI_IRQ_MSIX)
		n = enable_msix(dev, min_vecs, max_vecs, NULL);
	if (n < 0 && (flags & PCI_IRQ_MSI))
		n = enable_msi(dev, min_vecs, max_vecs);
	if (n < 0 && (flags & PCI_IRQ_INTX) && min_vecs == 1 && dev->irq) {
		pci_intx(dev, 1);
		n = 1;
	}
	return n;
}

void dmk_pci_free_vectors(struct pci_dev *dev)
{
	u16 flags;

	if (!pci_dev_msi_enabled(dev))
		return;
	if (dev->msix_enabled) {
		change_msix(dev, PCI_MSIX_FLAGS_ENABLE, 0);
		iounmap(dev->dmk->msix_table);
		dev->dmk->msix_table = NULL;
	} else {
		pci_read_config_word(dev, dev->msi_cap + PCI_MSI_FLAGS, &flags);
		pci_write_config_word(dev, dev->msi_cap + PCI_MSI_FLAGS,
				      (u16)(flags & ~(PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE)));
	}
	give_back(dev);
	dev->msi_enabled = false;
	dev->msix_enabled = false;
	dev->irq = dev->dmk->line;
	pci_intx(dev, 1);
}

void pci_free_irq_vectors(struct pci_dev *dev)
{
	dmk_pci_free_vectors(dev);
}

int pci_irq_vector(struct pci_dev *dev, unsigned int nr)
{
	if (!pci_dev_msi_enabled(dev))
		return nr || !dev->irq ? -EINVAL : (int)dev->irq;
	return nr < dev->dmk->nr_vectors ? (int)(dev->dmk->first_irq + nr) : -EINVAL;
}

int pci_enable_msi(struct pci_dev *dev)
{
	int n = dmk_should_fail(DMK_FAIL_IRQ, DMK_CALLER)
			? -ENOSPC
			: dmk_pci_alloc_irq_vectors(dev, 1, 1, PCI_IRQ_MSI);

	return n < 0 ? n : 0;
}

void pci_disable_msi(struct pci_dev *dev)
{
	if (dev->msi_enabled)
		dmk_pci_free_vectors(dev);
}

int pci_enable_msix_range(struct pci_dev *dev, struct msix_entry *entries, int min_vecs,
			  int max_vecs)
{
	int room = pci_msix_vec_count(dev);
	int n;

	if (min_vecs < 1 || max_vecs < min_vecs || max_vecs > MOST_VECTORS ||
	    pci_dev_msi_enabled(dev))
		return -EINVAL;
	for (int i = 0; entries && i < max_vecs; i++)
		if (room > 0 && entries[i].entry >= room)
			return -EINVAL;
	if (dmk_should_fail(DMK_FAIL_IRQ, DMK_CALLER))
		return -ENOSPC;
	n = enable_msix(dev, (unsigned int)min_vecs, (unsigned int)max_vecs, entries);
	for (int i = 0; entries && i < n; i++)
		entries[i].vector = dev->dmk->first_irq + (unsigned int)i;
	return n;
}

void pci_disable_msix(struct pci_dev *dev)
{
	if (dev->msix_enabled)
		dmk_pci_free_vectors(dev);
}

int pci_request_irq(struct pci_dev *dev, unsigned int nr, irq_handler_t handler,
		    irq_handler_t thread_fn, void *dev_id, const char *format, ...)
{
	int irq = pci_irq_vector(dev, nr);
	__builtin_va_list arguments;
	char *name;
	int error;

	if (irq < 0)
		return irq;
	if (dmk_should_fail(DMK_FAIL_IRQ, DMK_CALLER))
		return -ENOMEM;
	__builtin_va_start(arguments, format);
	name = dmk_format_name(format, arguments);
	__builtin_va_end(arguments);
	if (!name)
		return -ENOMEM;
	error = request_threaded_irq((unsigned int)irq, handler, thread_fn,
				     handler ? IRQF_SHARED : IRQF_SHARED | IRQF_ONESHOT, name,
				     dev_id);
	if (error)
		free(name);
	return error;
}

void pci_free_irq(struct pci_dev *dev, unsigned int nr, void *dev_id)
{
	int irq = pci_irq_vector(dev, nr);

	if (irq > 0)
		free((void *)free_irq((unsigned int)irq, dev_id));
}
