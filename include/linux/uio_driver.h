/* SPDX-License-Identifier: MIT */
/*
 * Drivers in user space: a card's windows to be mapped and its interrupts to be waited for, as one
 * file /dev/uioN. A read of 4 bytes waits for the next interrupt and gives how many there were; a
 * write of 4 switches them; the N-th page offset of mmap(2) is the N-th region.
 */
#ifndef _LINUX_UIO_DRIVER_H
#define _LINUX_UIO_DRIVER_H

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/types.h>

struct module;
struct uio_device;

/**
 * struct uio_mem - a region: @size 0 ends the list
 * @addr: physical; of UIO_MEM_LOGICAL and UIO_MEM_VIRTUAL an address of the kernel's, of
 *        UIO_MEM_DMA_COHERENT too
 * @offs: where in its first page it begins, for user space to know
 * @dma_addr, @dma_device: of UIO_MEM_DMA_COHERENT
 */
struct uio_mem {
	const char *name;
	phys_addr_t addr;
	dma_addr_t dma_addr;
	unsigned long offs;
	resource_size_t size;
	int memtype;
	void __iomem *internal_addr; /* the driver's own mapping; nobody else looks at it */
	struct device *dma_device;
};

struct uio_port {
	const char *name;
	unsigned long start;
	unsigned long size;
	int porttype;
};

#define MAX_UIO_MAPS 5
#define MAX_UIO_PORT_REGIONS 5

/**
 * struct uio_info - what a driver offers; it stays as it is until uio_unregister_device()
 * @irq: an interrupt's number, which is requested with @handler; UIO_IRQ_CUSTOM: the driver has
 *       its own and calls uio_event_notify(); UIO_IRQ_NONE
 * @handler: IRQ_HANDLED: user space is told. In interrupt context.
 * @irqcontrol: a write of 0 or 1 to the file; without it writes give -ENOSYS
 * @mmap: instead of what mmap(2) does with @mem
 */
struct uio_info {
	struct uio_device *uio_dev;
	const char *name;
	const char *version;
	struct uio_mem mem[MAX_UIO_MAPS];
	struct uio_port port[MAX_UIO_PORT_REGIONS];
	long irq;
	unsigned long irq_flags;
	void *priv;
	irqreturn_t (*handler)(int irq, struct uio_info *info);
	int (*mmap)(struct uio_info *info, struct vm_area_struct *vma);
	int (*open)(struct uio_info *info, struct inode *inode);
	int (*release)(struct uio_info *info, struct inode *inode);
	int (*irqcontrol)(struct uio_info *info, s32 irq_on);
};

#define UIO_IRQ_CUSTOM -1
#define UIO_IRQ_NONE 0

#define UIO_MEM_NONE 0
#define UIO_MEM_PHYS 1
#define UIO_MEM_LOGICAL 2
#define UIO_MEM_VIRTUAL 3
#define UIO_MEM_IOVA 4
#define UIO_MEM_DMA_COHERENT 5

#define UIO_PORT_NONE 0
#define UIO_PORT_X86 1
#define UIO_PORT_GPIO 2
#define UIO_PORT_OTHER 3

/**
 * uio_register_device - Return: 0, -EINVAL (no name, no version), -ENOMEM, or what request_irq() or
 * device_add() said.
 */
int dmk_uio_register_device(struct module *owner, struct device *parent, struct uio_info *info);
#define __uio_register_device(owner, parent, info) dmk_uio_register_device(owner, parent, info)
#define uio_register_device(parent, info) dmk_uio_register_device(THIS_MODULE, parent, info)
int dmk_devm_uio_register_device(struct module *owner, struct device *parent,
				 struct uio_info *info);
#define __devm_uio_register_device(owner, parent, info) \
	dmk_devm_uio_register_device(owner, parent, info)
#define devm_uio_register_device(parent, info) \
	dmk_devm_uio_register_device(THIS_MODULE, parent, info)
/**
 * uio_unregister_device - the interrupt is freed, who waits is woken; open files stay open and
 * answer -EIO
 */
void uio_unregister_device(struct uio_info *info) DMK_SYM(uio_unregister_device);
/** uio_event_notify - one interrupt more; any context */
void uio_event_notify(struct uio_info *info) DMK_SYM(uio_event_notify);

#endif
