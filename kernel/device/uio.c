// SPDX-License-Identifier: MIT
/*
 * Drivers in user space: /dev/uioN and what /sys/class/uio shows of it. What the card does is its
 * driver's; what a mapping shows, area.c's.
 *
 * A device outlives its driver as long as a file is open: its info pointer is taken away under its
 * lock, and each call looks first. The driver's functions are called with that lock held, as they
 * may not run after uio_unregister_device().
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/atomic.h>
#include <linux/cdev.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/uio_driver.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "../internal.h"

enum { MINORS = 256 };

struct uio_device {
	struct device dev; /* its last reference frees it */
	struct cdev *cdev;
	struct mutex lock;
	struct uio_info *info; /* NULL: unregistered */
	atomic_t events;
	wait_queue_head_t wait;
	int minor;
	struct kobject *directories[MAX_UIO_MAPS + MAX_UIO_PORT_REGIONS + 2];
	int nr_directories;
};

struct listener {
	struct uio_device *uio;
	s32 seen; /* events that this file's reader knows of */
};

static struct class uio_class = {.name = "uio"};
static dev_t first_number;
static unsigned long minors[MINORS / (8 * sizeof(long))];
static DEFINE_MUTEX(minors_lock);

static struct uio_device *uio_of(struct device *dev)
{
	return container_of(dev, struct uio_device, dev);
}

/* --- what /sys shows -------------------------------------------------------------------------- */

/* An attribute of the device, of what it can say while it is registered. */
static ssize_t show(struct device *dev, char *buf, const char *(*what)(const struct uio_info *info))
{
	struct uio_device *uio = uio_of(dev);
	ssize_t n = -EINVAL;

	mutex_lock(&uio->lock);
	if (uio->info)
		n = sysfs_emit(buf, "%s\n", what(uio->info));
	mutex_unlock(&uio->lock);
	return n;
}

static const char *name_of(const struct uio_info *info)
{
	return info->name;
}

static const char *version_of(const struct uio_info *info)
{
	return info->version;
}

static ssize_t name_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return show(dev, buf, name_of);
}

static ssize_t version_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return show(dev, buf, version_of);
}

static ssize_t event_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", (unsigned int)atomic_read(&uio_of(dev)->events));
}

static DEVICE_ATTR_RO(name);
static DEVICE_ATTR_RO(version);
static DEVICE_ATTR_RO(event);
static struct attribute *uio_attrs[] = {&dev_attr_name.attr, &dev_attr_version.attr,
					&dev_attr_event.attr, NULL};
ATTRIBUTE_GROUPS(uio);

/* A directory maps/mapN or portio/portN; the region is the driver's. */
struct region_object {
	struct kobject kobj;
	const struct uio_mem *mem;
	const struct uio_port *port;
};

static struct region_object *region_of(struct kobject *kobj)
{
	return container_of(kobj, struct region_object, kobj);
}

#define REGION(kind, what, format, ...)                                                        \
	static ssize_t kind##_##what##_show(struct kobject *kobj, struct kobj_attribute *attr, \
					    char *buf)                                         \
	{                                                                                      \
		const struct uio_##kind *region = region_of(kobj)->kind;                       \
		return sysfs_emit(buf, format "\n", __VA_ARGS__);                              \
	}                                                                                      \
	static struct kobj_attribute kind##_##what = __ATTR(what, 0444, kind##_##what##_show, NULL)

REGION(mem, name, "%s", region->name ? region->name : "");
REGION(mem, addr, "0x%016llx", (unsigned long long)region->addr);
REGION(mem, size, "0x%016llx", (unsigned long long)region->size);
REGION(mem, offset, "0x%llx", (unsigned long long)region->offs);
REGION(port, name, "%s", region->name ? region->name : "");
REGION(port, start, "0x%lx", region->start);
REGION(port, size, "0x%lx", region->size);

static const char *const port_kinds[] = {"port_none", "port_x86", "port_gpio", "port_other"};
REGION(port, porttype, "%s", port_kinds[region->porttype & 3]);

static struct attribute *mem_attrs[] = {&mem_name.attr, &mem_addr.attr, &mem_size.attr,
					&mem_offset.attr, NULL};
static struct attribute *port_attrs[] = {&port_name.attr, &port_start.attr, &port_size.attr,
					 &port_porttype.attr, NULL};
ATTRIBUTE_GROUPS(mem);
ATTRIBUTE_GROUPS(port);

static void free_region(struct kobject *kobj)
{
	free(region_of(kobj));
}

static const struct kobj_type mem_type = {free_region, &kobj_sysfs_ops, mem_groups};
static const struct kobj_type port_type = {free_region, &kobj_sysfs_ops, port_groups};

/* Any directory of a device; a plain one has no region. NULL: no memory. */
static struct kobject *add_directory(struct uio_device *uio, struct kobject *parent,
				     const struct region_object *region, const char *name,
				     int index)
{
	static const struct kobj_type plain_type = {.release = free_region};
	const struct kobj_type *type = region->mem    ? &mem_type
				       : region->port ? &port_type
						      : &plain_type;
	struct region_object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	*object = *region;
	if (kobject_init_and_add(&object->kobj, type, parent, index < 0 ? "%s" : "%s%d", name,
				 index)) {
		kobject_put(&object->kobj);
		return NULL;
	}
	uio->directories[uio->nr_directories++] = &object->kobj;
	return &object->kobj;
}

static void remove_directories(struct uio_device *uio)
{
	while (uio->nr_directories) {
		struct kobject *kobj = uio->directories[--uio->nr_directories];

		kobject_del(kobj);
		kobject_put(kobj);
	}
}

static int add_maps(struct uio_device *uio)
{
	const struct uio_info *info = uio->info;
	struct kobject *maps = NULL;

	for (int i = 0; i < MAX_UIO_MAPS && info->mem[i].size; i++) {
		if (!maps)
			maps = add_directory(uio, &uio->dev.kobj, &(struct region_object){0},
					     "maps", -1);
		if (!maps ||
		    !add_directory(uio, maps, &(struct region_object){.mem = &info->mem[i]}, "map",
				   i))
			return -ENOMEM;
	}
	return 0;
}

static int add_ports(struct uio_device *uio)
{
	const struct uio_info *info = uio->info;
	struct kobject *ports = NULL;

	for (int i = 0; i < MAX_UIO_PORT_REGIONS && info->port[i].size; i++) {
		if (!ports)
			ports = add_directory(uio, &uio->dev.kobj, &(struct region_object){0},
					      "portio", -1);
		if (!ports ||
		    !add_directory(uio, ports, &(struct region_object){.port = &info->port[i]},
				   "port", i))
			return -ENOMEM;
	}
	return 0;
}

/* --- the file --------------------------------------------------------------------------------- */

static struct uio_device *find_minor(unsigned int minor)
{
	struct device *dev = dmk_device_by_number(MKDEV(MAJOR(first_number), minor), NULL);

	return dev ? uio_of(dev) : NULL; /* with its reference */
}

static int call_open(struct uio_device *uio, struct inode *inode)
{
	int error = -EINVAL;

	mutex_lock(&uio->lock);
	if (uio->info)
		error = uio->info->open ? uio->info->open(uio->info, inode) : 0;
	mutex_unlock(&uio->lock);
	return error;
}

static int uio_open(struct inode *inode, struct file *file)
{
	struct uio_device *uio = find_minor(iminor(inode));
	struct listener *listener = uio ? calloc(1, sizeof(*listener)) : NULL;
	int error = -ENOMEM;

	if (!uio)
		return -ENODEV;
	if (!listener)
		goto put;
	listener->uio = uio;
	listener->seen = atomic_read(&uio->events);
	file->private_data = listener;
	error = call_open(uio, inode);
	if (!error)
		return 0;
	free(listener);
put:
	put_device(&uio->dev);
	return error;
}

static int uio_release(struct inode *inode, struct file *file)
{
	struct listener *listener = file->private_data;
	struct uio_device *uio = listener->uio;
	int error = 0;

	mutex_lock(&uio->lock);
	if (uio->info && uio->info->release)
		error = uio->info->release(uio->info, inode);
	mutex_unlock(&uio->lock);
	free(listener);
	put_device(&uio->dev);
	return error;
}

static bool has_interrupt(struct uio_device *uio)
{
	bool has;

	mutex_lock(&uio->lock);
	has = uio->info && uio->info->irq;
	mutex_unlock(&uio->lock);
	return has;
}

static __poll_t uio_poll(struct file *file, struct poll_table_struct *table)
{
	struct listener *listener = file->private_data;
	struct uio_device *uio = listener->uio;

	if (!has_interrupt(uio))
		return EPOLLERR;
	poll_wait(file, &uio->wait, table);
	return listener->seen != atomic_read(&uio->events) ? EPOLLIN | EPOLLRDNORM : 0;
}

static ssize_t uio_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	struct listener *listener = file->private_data;
	struct uio_device *uio = listener->uio;
	s32 events;
	int error;

	if (size != sizeof(events))
		return -EINVAL;
	if (!has_interrupt(uio))
		return -EIO;
	if ((file->f_flags & O_NONBLOCK) && listener->seen == atomic_read(&uio->events))
		return -EAGAIN;
	error = wait_event_interruptible(uio->wait, listener->seen != atomic_read(&uio->events) ||
							    !READ_ONCE(uio->info));
	if (error)
		return error;
	if (!has_interrupt(uio))
		return -EIO;
	events = atomic_read(&uio->events);
	if (copy_to_user(buffer, &events, sizeof(events)))
		return -EFAULT;
	listener->seen = events;
	return sizeof(events);
}

static ssize_t uio_write(struct file *file, const char __user *buffer, size_t size,
			 loff_t *position)
{
	struct uio_device *uio = ((struct listener *)file->private_data)->uio;
	int error = -EIO;
	s32 on;

	if (size != sizeof(on))
		return -EINVAL;
	if (copy_from_user(&on, buffer, sizeof(on)))
		return -EFAULT;
	mutex_lock(&uio->lock);
	if (uio->info && uio->info->irq)
		error = uio->info->irqcontrol ? uio->info->irqcontrol(uio->info, on) : -ENOSYS;
	mutex_unlock(&uio->lock);
	return error ? error : (ssize_t)sizeof(on);
}

/* --- mapping ---------------------------------------------------------------------------------- */

static int map_kernel_memory(const struct uio_mem *mem, struct vm_area_struct *vma)
{
	char *at = (char *)(unsigned long)mem->addr;
	int error = 0;

	for (unsigned long i = 0; i < vma_pages(vma) && !error; i++, at += PAGE_SIZE) {
		struct page *page = mem->memtype == UIO_MEM_LOGICAL ? virt_to_page(at)
								    : vmalloc_to_page(at);

		error = vm_insert_page(vma, vma->vm_start + i * PAGE_SIZE, page);
	}
	return error;
}

static int map_coherent(const struct uio_mem *mem, struct vm_area_struct *vma)
{
	if (!mem->dma_device || (mem->addr & ~PAGE_MASK))
		return -ENODEV;
	return dma_mmap_coherent(mem->dma_device, vma, (void *)(unsigned long)mem->addr,
				 mem->dma_addr, vma->vm_end - vma->vm_start);
}

static int map_physical(const struct uio_mem *mem, struct vm_area_struct *vma)
{
	if (mem->addr & ~PAGE_MASK)
		return -ENODEV;
	if (mem->memtype == UIO_MEM_PHYS)
		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return remap_pfn_range(vma, vma->vm_start, (unsigned long)mem->addr >> PAGE_SHIFT,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

/* The page offset says which region; it begins at the region's first page. */
static int map_region(struct uio_info *info, struct vm_area_struct *vma)
{
	const struct uio_mem *mem;

	if (vma->vm_pgoff >= MAX_UIO_MAPS || !info->mem[vma->vm_pgoff].size)
		return -EINVAL;
	mem = &info->mem[vma->vm_pgoff];
	if (vma_pages(vma) > PAGE_ALIGN((mem->addr & ~PAGE_MASK) + mem->size) >> PAGE_SHIFT)
		return -EINVAL;
	vma->vm_pgoff = 0;
	if (info->mmap)
		return info->mmap(info, vma);
	switch (mem->memtype) {
	case UIO_MEM_IOVA:
	case UIO_MEM_PHYS:
		return map_physical(mem, vma);
	case UIO_MEM_LOGICAL:
	case UIO_MEM_VIRTUAL:
		return map_kernel_memory(mem, vma);
	case UIO_MEM_DMA_COHERENT:
		return map_coherent(mem, vma);
	}
	return -EINVAL;
}

static int uio_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct uio_device *uio = ((struct listener *)file->private_data)->uio;
	int error = -EINVAL;

	mutex_lock(&uio->lock);
	if (uio->info)
		error = map_region(uio->info, vma);
	mutex_unlock(&uio->lock);
	return error;
}

static const struct file_operations uio_operations = {
	.open = uio_open,
	.release = uio_release,
	.read = uio_read,
	.write = uio_write,
	.mmap = uio_mmap,
	.poll = uio_poll,
	.llseek = noop_llseek,
};

/* --- registering ------------------------------------------------------------------------------ */

/* The major number is claimed with the first device of a boot. */
static int take_minor(void)
{
	int minor = -ENOSPC, error = 0;

	mutex_lock(&minors_lock);
	if (!MAJOR(first_number))
		error = alloc_chrdev_region(&first_number, 0, MINORS, "uio");
	for (int i = 0; i < MINORS && minor < 0 && !error; i++)
		if (!test_and_set_bit(i, minors))
			minor = i;
	mutex_unlock(&minors_lock);
	return error ? error : minor;
}

static void release_device(struct device *dev)
{
	struct uio_device *uio = uio_of(dev);

	clear_bit(uio->minor, minors);
	free(uio);
}

static irqreturn_t on_interrupt(int irq, void *data)
{
	struct uio_device *uio = data;
	irqreturn_t result = uio->info->handler(irq, uio->info);

	if (result == IRQ_HANDLED)
		uio_event_notify(uio->info);
	return result;
}

static bool has_own_interrupt(const struct uio_info *info)
{
	return info->irq && info->irq != UIO_IRQ_CUSTOM;
}

static int add_all(struct uio_device *uio, struct uio_info *info)
{
	int error = cdev_add(uio->cdev, uio->dev.devt, 1);

	if (error)
		return error;
	error = device_add(&uio->dev);
	if (error)
		return error;
	error = add_maps(uio);
	error = error ? error : add_ports(uio);
	if (!error && has_own_interrupt(info))
		error = request_irq((unsigned int)info->irq, on_interrupt, info->irq_flags,
				    info->name, uio);
	return error;
}

static void take_away(struct uio_device *uio)
{
	mutex_lock(&uio->lock);
	WRITE_ONCE(uio->info, NULL);
	mutex_unlock(&uio->lock);
	wake_up_all(&uio->wait);
	remove_directories(uio);
	device_del(&uio->dev);
	cdev_del(uio->cdev);
	put_device(&uio->dev);
}

DMK_ENTRY int dmk_uio_register_device(struct module *owner, struct device *parent,
				      struct uio_info *info)
{
	struct uio_device *uio;
	int minor, error;

	if (!parent || !info || !info->name || !info->version ||
	    (has_own_interrupt(info) && !info->handler))
		return -EINVAL;
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	info->uio_dev = NULL;
	uio = calloc(1, sizeof(*uio));
	if (!uio)
		return -ENOMEM;
	minor = take_minor();
	uio->cdev = minor < 0 ? NULL : cdev_alloc();
	if (!uio->cdev) {
		if (minor >= 0)
			clear_bit(minor, minors);
		free(uio);
		return minor < 0 ? minor : -ENOMEM;
	}
	uio->cdev->ops = &uio_operations;
	uio->cdev->owner = owner;
	uio->minor = minor;
	uio->info = info;
	mutex_init(&uio->lock);
	init_waitqueue_head(&uio->wait);
	device_initialize(&uio->dev);
	uio->dev.devt = MKDEV(MAJOR(first_number), (unsigned int)minor);
	uio->dev.class = &uio_class;
	uio->dev.parent = parent;
	uio->dev.release = release_device;
	uio->dev.groups = uio_groups;
	error = dev_set_name(&uio->dev, "uio%d", minor);
	error = error ? error : add_all(uio, info);
	if (error)
		take_away(uio);
	else
		info->uio_dev = uio;
	return error;
}

void uio_unregister_device(struct uio_info *info)
{
	struct uio_device *uio = info ? info->uio_dev : NULL;

	if (!uio)
		return;
	if (has_own_interrupt(info))
		free_irq((unsigned int)info->irq, uio);
	info->uio_dev = NULL;
	take_away(uio);
}

void uio_event_notify(struct uio_info *info)
{
	struct uio_device *uio = info->uio_dev;

	if (!uio)
		return;
	atomic_inc(&uio->events);
	wake_up_interruptible(&uio->wait);
}

static void unregister_managed(void *info)
{
	uio_unregister_device(info);
}

int dmk_devm_uio_register_device(struct module *owner, struct device *parent, struct uio_info *info)
{
	int error = dmk_uio_register_device(owner, parent, info);

	return error ? error : devm_add_action_or_reset(parent, unregister_managed, info);
}

void dmk_uio_stop(void)
{
	first_number = 0;
	memset(minors, 0, sizeof(minors));
}
