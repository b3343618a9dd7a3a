// SPDX-License-Identifier: MIT
/*
 * What /sys shows of a PCI function: its ids, its configuration space, its windows, to be read and
 * to be mapped; and by which a function is given to a driver whose table does not name it: the
 * driver's new_id and remove_id, the function's driver_override.
 */
#include "internal.h"
#include "override.h"
#include "pci_private.h"
#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/mm_area.h>
#include <linux/pci.h>
#include <linux/sprintf.h>

#include "../internal.h"

/* --- ids that a driver was given at run time -------------------------------------------------- */

struct dmk_pci_dynamic_id {
	struct dmk_pci_dynamic_id *next;
	struct pci_device_id id[2]; /* and the empty one after it */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const struct pci_device_id any_function = {PCI_DEVICE_CLASS(0, 0)};

/* Kept until the driver goes: a probe has a pointer to what matched. */
static const struct pci_device_id *find_dynamic(struct pci_driver *drv, struct pci_dev *dev)
{
	const struct pci_device_id *found = NULL;

	pthread_mutex_lock(&lock);
	for (struct dmk_pci_dynamic_id *at = drv->dmk_ids; at && !found; at = at->next)
		found = pci_match_id(at->id, dev);
	pthread_mutex_unlock(&lock);
	return found;
}

const struct pci_device_id *dmk_pci_driver_match(struct pci_driver *drv, struct pci_dev *dev)
{
	const char *wanted = dev->driver_override;
	const struct pci_device_id *found;

	if (wanted && strcmp(wanted, drv->name))
		return NULL;
	found = find_dynamic(drv, dev);
	found = found ? found : pci_match_id(drv->id_table, dev);
	while (found && found->override_only && !wanted)
		found = pci_match_id(found + 1, dev);
	return !found && wanted ? &any_function : found;
}

static int try_driver(struct device *dev, void *drv)
{
	if (dmk_pci_driver_match(drv, to_pci_dev(dev)))
		dmk_device_bind(dev, &((struct pci_driver *)drv)->driver);
	return 0;
}

int pci_add_dynid(struct pci_driver *drv, unsigned int vendor, unsigned int device,
		  unsigned int subvendor, unsigned int subdevice, unsigned int class,
		  unsigned int class_mask, unsigned long driver_data)
{
	struct dmk_pci_dynamic_id *new = calloc(1, sizeof(*new));

	if (!new)
		return -ENOMEM;
	new->id[0] = (struct pci_device_id){vendor, device,     subvendor,  subdevice,
					    class,  class_mask, driver_data};
	pthread_mutex_lock(&lock);
	new->next = drv->dmk_ids;
	drv->dmk_ids = new;
	pthread_mutex_unlock(&lock);
	return bus_for_each_dev(&pci_bus_type, NULL, drv, try_driver);
}

void dmk_pci_forget_ids(struct pci_driver *drv)
{
	while (drv->dmk_ids) {
		struct dmk_pci_dynamic_id *old = drv->dmk_ids;

		drv->dmk_ids = old->next;
		free(old);
	}
}

struct id_words {
	unsigned int vendor, device, subvendor, subdevice, class, class_mask;
	unsigned long data;
};

static bool read_words(const char *buf, struct id_words *id)
{
	*id = (struct id_words){.subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID};
	return sscanf(buf, "%x %x %x %x %x %x %lx", &id->vendor, &id->device, &id->subvendor,
		      &id->subdevice, &id->class, &id->class_mask, &id->data) >= 2;
}

static ssize_t new_id_store(struct device_driver *driver, const char *buf, size_t count)
{
	struct id_words id;
	int error;

	if (!read_words(buf, &id))
		return -EINVAL;
	error = pci_add_dynid(to_pci_driver(driver), id.vendor, id.device, id.subvendor,
			      id.subdevice, id.class, id.class_mask, id.data);
	return error ? error : (ssize_t)count;
}

static bool is_named(const struct pci_device_id *have, const struct id_words *id)
{
	return have->vendor == id->vendor && have->device == id->device &&
	       (id->subvendor == (unsigned int)PCI_ANY_ID || have->subvendor == id->subvendor) &&
	       (id->subdevice == (unsigned int)PCI_ANY_ID || have->subdevice == id->subdevice);
}

/* It matches no more; a function that is bound stays so. */
static ssize_t remove_id_store(struct device_driver *driver, const char *buf, size_t count)
{
	struct id_words id;
	ssize_t result = -ENODEV;

	if (!read_words(buf, &id))
		return -EINVAL;
	pthread_mutex_lock(&lock);
	for (struct dmk_pci_dynamic_id *at = to_pci_driver(driver)->dmk_ids; at; at = at->next) {
		if (!is_named(&at->id[0], &id))
			continue;
		at->id[0] = (struct pci_device_id){0};
		result = (ssize_t)count;
		break;
	}
	pthread_mutex_unlock(&lock);
	return result;
}

static struct driver_attribute driver_attr_new_id = __ATTR_WO(new_id);
static struct driver_attribute driver_attr_remove_id = __ATTR_WO(remove_id);

int dmk_pci_driver_show(struct pci_driver *drv)
{
	int error = driver_create_file(&drv->driver, &driver_attr_new_id);

	return error ? error : driver_create_file(&drv->driver, &driver_attr_remove_id);
}

/* --- a function's files ----------------------------------------------------------------------- */

#define NUMBER(name, format, value)                                                              \
	static ssize_t name##_show(struct device *dev, struct device_attribute *attr, char *buf) \
	{                                                                                        \
		const struct pci_dev *pdev = to_pci_dev(dev);                                    \
		return sysfs_emit(buf, format "\n", value);                                      \
	}                                                                                        \
	static DEVICE_ATTR_RO(name)

NUMBER(vendor, "0x%04x", pdev->vendor);
NUMBER(device, "0x%04x", pdev->device);
NUMBER(subsystem_vendor, "0x%04x", pdev->subsystem_vendor);
NUMBER(subsystem_device, "0x%04x", pdev->subsystem_device);
NUMBER(class, "0x%06x", pdev->class);
NUMBER(revision, "0x%02x", pdev->revision);
NUMBER(irq, "%u", pdev->irq);

static ssize_t enable_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", to_pci_dev(dev)->enable_cnt);
}

static ssize_t enable_store(struct device *dev, struct device_attribute *attr, const char *buf,
			    size_t count)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	int error = 0;

	if (!sysfs_streq(buf, "0") && !sysfs_streq(buf, "1"))
		return -EINVAL;
	if (dev->driver)
		return -EBUSY;
	if (*buf == '1')
		error = pci_enable_device(pdev);
	else if (pci_is_enabled(pdev))
		pci_disable_device(pdev);
	else
		error = -EIO;
	return error ? error : (ssize_t)count;
}

static DEVICE_ATTR_RW(enable);

static ssize_t resource_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	int n = 0;

	for (int i = 0; i < PCI_ROM_RESOURCE + 1; i++)
		n += sysfs_emit_at(buf, n, "0x%016llx 0x%016llx 0x%016llx\n",
				   (unsigned long long)pdev->resource[i].start,
				   (unsigned long long)pdev->resource[i].end,
				   (unsigned long long)pdev->resource[i].flags);
	return n;
}

static DEVICE_ATTR_RO(resource);

DMK_OVERRIDE_FILE(to_pci_dev);

static struct attribute *function_attributes[] = {
	&dev_attr_vendor.attr,
	&dev_attr_device.attr,
	&dev_attr_subsystem_vendor.attr,
	&dev_attr_subsystem_device.attr,
	&dev_attr_class.attr,
	&dev_attr_revision.attr,
	&dev_attr_irq.attr,
	&dev_attr_enable.attr,
	&dev_attr_resource.attr,
	&dev_attr_driver_override.attr,
	NULL,
};

/* --- configuration space and windows ---------------------------------------------------------- */

static struct pci_dev *function_of(struct kobject *kobj)
{
	return to_pci_dev(kobj_to_dev(kobj));
}

static pthread_mutex_t config_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t config_free = PTHREAD_COND_INITIALIZER;

bool pci_cfg_access_trylock(struct pci_dev *dev)
{
	bool was_free;

	pthread_mutex_lock(&config_lock);
	was_free = !dev->dmk->config_locked;
	dev->dmk->config_locked = true;
	pthread_mutex_unlock(&config_lock);
	return was_free;
}

void pci_cfg_access_lock(struct pci_dev *dev)
{
	dmk_might_sleep_at("pci_cfg_access_lock", DMK_HERE);
	pthread_mutex_lock(&config_lock);
	while (dev->dmk->config_locked)
		pthread_cond_wait(&config_free, &config_lock);
	dev->dmk->config_locked = true;
	pthread_mutex_unlock(&config_lock);
}

void pci_cfg_access_unlock(struct pci_dev *dev)
{
	pthread_mutex_lock(&config_lock);
	if (!dev->dmk->config_locked)
		dmk_complain(DMK_CALLER, "%s: pci_cfg_access_unlock() without a lock",
			     pci_name(dev));
	dev->dmk->config_locked = false;
	pthread_cond_broadcast(&config_free);
	pthread_mutex_unlock(&config_lock);
}

static ssize_t config_read(struct file *file, struct kobject *kobj,
			   const struct bin_attribute *attr, char *buf, loff_t offset, size_t size)
{
	pci_cfg_access_lock(function_of(kobj));
	for (size_t i = 0; i < size; i++)
		pci_read_config_byte(function_of(kobj), (int)(offset + (loff_t)i), (u8 *)buf + i);
	pci_cfg_access_unlock(function_of(kobj));
	return (ssize_t)size;
}

static ssize_t config_write(struct file *file, struct kobject *kobj,
			    const struct bin_attribute *attr, char *buf, loff_t offset, size_t size)
{
	struct pci_dev *dev = function_of(kobj);

	pci_cfg_access_lock(dev);
	for (size_t i = 0; i < size;) {
		int where = (int)(offset + (loff_t)i);
		u32 word;

		if ((where & 3) || size - i < 4) {
			pci_write_config_byte(dev, where, (u8)buf[i++]);
			continue;
		}
		memcpy(&word, buf + i, 4);
		pci_write_config_dword(dev, where, word);
		i += 4;
	}
	pci_cfg_access_unlock(dev);
	return (ssize_t)size;
}

static const BIN_ATTR_RW(config, PCI_CFG_SPACE_SIZE);

static int window_mmap(struct file *file, struct kobject *kobj, const struct bin_attribute *attr,
		       struct vm_area_struct *vma)
{
	struct pci_dev *dev = function_of(kobj);
	int bar = (int)(uintptr_t)attr->private;

	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	return vm_iomap_memory(vma, pci_resource_start(dev, bar), pci_resource_len(dev, bar));
}

#define WINDOW(n)                                                                   \
	{                                                                           \
		.attr = {.name = "resource" #n, .mode = 0600}, .mmap = window_mmap, \
		.private = (void *)n,                                               \
	}
static const struct bin_attribute windows[PCI_STD_NUM_BARS] = {WINDOW(0), WINDOW(1), WINDOW(2),
							       WINDOW(3), WINDOW(4), WINDOW(5)};

static const struct bin_attribute *const function_bytes[] = {
	&bin_attr_config, &windows[0], &windows[1], &windows[2],
	&windows[3],      &windows[4], &windows[5], NULL,
};

/* A file for each window of memory of whole pages: what can be mapped. */
static umode_t bytes_visible(struct kobject *kobj, const struct bin_attribute *attr, int index)
{
	struct pci_dev *dev = function_of(kobj);
	int bar = (int)(uintptr_t)attr->private;

	if (attr == &bin_attr_config)
		return attr->attr.mode;
	return (pci_resource_flags(dev, bar) & IORESOURCE_MEM) &&
			       pci_resource_len(dev, bar) % DMK_PAGE_SIZE == 0 &&
			       pci_resource_len(dev, bar)
		       ? attr->attr.mode
		       : 0;
}

static const struct attribute_group function_group = {
	.attrs = function_attributes,
	.bin_attrs = function_bytes,
	.is_bin_visible = bytes_visible,
};

const struct attribute_group *dmk_pci_device_groups[] = {&function_group, NULL};
