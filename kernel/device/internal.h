/* SPDX-License-Identifier: MIT */
/*
 * What the files of kernel/device share with each other and with nobody else.
 */
#ifndef DMK_KERNEL_DEVICE_INTERNAL_H
#define DMK_KERNEL_DEVICE_INTERNAL_H

#include <pthread.h>

#include <linux/device.h>
#include <dmakit/dma.h>
#include <dmakit/observer.h>
#include <dmakit/port.h>

#include "device.h"

struct file;
struct page;

struct dmk_record; /* a managed resource, devres.c */

/**
 * The driver core's part of a device. Lists and flags are guarded by the list lock, the driver by
 * the device's own.
 */
struct dmk_device_private {
	int references;
	pthread_mutex_t lock; /* recursive: a probe may look at its own device */
	struct device *next, *previous;
	bool added, bound, deferred, ours, made_here;
	char *name;
	uint32_t requester;
	struct dmk_record *records; /* newest first, guarded by records_lock */
	pthread_mutex_t records_lock;
};

/* The running machine; set between dmk_devices_start() and dmk_devices_stop(). */
extern const struct dmk_port *dmk_device_port;

/* isa_dma.c: channels that nobody gave back. */
void dmk_isa_dma_stop(void);
/** Who has which DMA channel, as files; they go with the tree. Return: 0, or -ENOMEM. */
int dmk_dma_files_start(void);

/* --- core.c ----------------------------------------------------------------------------------- */

/**
 * Let @dev do DMA: 32 bits, as @bus sees memory. @requester as observer.h has it. After
 * device_initialize() and the name.
 */
void dmk_device_masters(struct device *dev, const struct dmk_bus *bus, uint32_t requester);
/**
 * A bus for devices that were found on none: their parent's, else the machine's first, else one
 * that sees memory as it is.
 */
const struct dmk_bus *dmk_device_bus(const struct device *parent);
/**
 * Walk the added devices: each call gives the next, referenced, and drops the reference on @from.
 */
struct device *dmk_device_next(struct device *from);
/** The added device with number @devt (and name, if not NULL), referenced; NULL: none. */
struct device *dmk_device_by_number(dev_t devt, const char *name);
void dmk_core_devices_stop(void);
char *dmk_format_name(const char *format, __builtin_va_list arguments);

/* --- sysfs.c, kobject.c, device_files.c ------------------------------------------------------- */

struct dmk_node;

int dmk_sysfs_add_file(struct kobject *kobj, const struct attribute *attr);
int dmk_sysfs_add_group(struct kobject *kobj, const struct attribute_group *group);
int dmk_sysfs_link(struct dmk_node *where, const struct kobject *target, const char *name);
/** What reading "name" or "group/name" gives, in 4096 bytes; what writing does. -ENOENT, -EACCES. */
long dmk_sysfs_show(struct kobject *kobj, const char *attribute, char *buffer);
long dmk_sysfs_store(struct kobject *kobj, const char *attribute, const char *text, size_t size);

void dmk_kobject_start(void);
/** Make the object's directory, by its name; IS_ERR_OR_NULL(@where) is refused. */
int dmk_kobject_directory(struct kobject *kobj, struct dmk_node *where);
/** A device's object: its users are the device's. */
extern const struct kobj_type dmk_device_type;

int dmk_device_show(struct device *dev);
void dmk_device_hide(struct device *dev);
int dmk_driver_show(struct device_driver *drv);
void dmk_driver_hide(struct device_driver *drv);
/** The driver has the device, or has it no more. */
void dmk_driver_has(struct device_driver *drv, struct device *dev, bool has);
int dmk_class_show(const struct class *class);
void dmk_class_hide(const struct class *class);
void dmk_class_files_stop(void);
/** Have @drv probe a device of its bus, if it matches and nobody has it. 0, -ENODEV, probe's. */
int dmk_device_bind(struct device *dev, struct device_driver *drv);

/* --- devres.c --------------------------------------------------------------------------------- */

/** Release what is managed, newest first. */
void dmk_records_release(struct device *dev);

/* --- resource.c ------------------------------------------------------------------------------- */

int dmk_resources_start(const struct dmk_machine *machine);
void dmk_resources_stop(void);

/* --- iomap.c ---------------------------------------------------------------------------------- */

enum dmk_iomap_kind { DMK_IOMAP_MEMORY, DMK_IOMAP_PORTS, DMK_IOMAP_USER };

/**
 * One ioremap(). Never freed before dmk_iomap_stop(), so that a late readl() finds a dead one and
 * not somebody's memory.
 */
struct dmk_iomap {
	char *cookie; /* NULL: dead */
	uint64_t first; /* physical address, or port */
	uint64_t size;
	enum dmk_iomap_kind kind;
	struct dmk_iomap *next_free;
};

int dmk_iomap_start(void);
void dmk_iomap_stop(void);
void *dmk_iomap_make(uint64_t first, uint64_t size, enum dmk_iomap_kind kind);
/** The living mapping that holds the byte at @address, or NULL. Safe in a signal handler. */
struct dmk_iomap *dmk_iomap_find(const volatile void *address);
/** One access within @map; both in range. */
uint64_t dmk_iomap_read(const struct dmk_iomap *map, uint64_t offset, unsigned int width);
void dmk_iomap_write(const struct dmk_iomap *map, uint64_t offset, unsigned int width,
		     uint64_t value);

/* --- iofault.c, user.c ------------------------------------------------------------------------ */

int dmk_iofault_start(void);
void dmk_iofault_stop(void);
/** Leaves copy_to_user() and its kin if the fault is theirs; else returns. */
void dmk_user_fault(const volatile void *address);

/* --- buses ------------------------------------------------------------------------------------ */

int dmk_pci_start(char *error, size_t error_size);
void dmk_pci_stop(void);
/** The id tables of drivers that were ever registered; NULL: no such index. */
const struct pci_device_id *dmk_pci_registered_ids(unsigned int index);
int dmk_platform_start(char *error, size_t error_size);
void dmk_platform_stop(void);
void dmk_isa_stop(void);
void dmk_pci_vectors_released(struct device *dev);

/* --- module.c, chrdev.c, file.c, area.c ------------------------------------------------------- */

void dmk_modules_stop(void);
/* A driver of the module, NULL: of none, was bound: it goes before what was there already. */
void dmk_module_bound(struct module *module);
void dmk_chrdev_stop(void);
void dmk_uio_stop(void);
void dmk_files_stop(void);

struct dmk_region_name {
	char name[64];
	dev_t devt;
};
/** The cdev that serves @devt, or NULL. */
struct cdev *dmk_cdev_find(dev_t devt);
/** Numbers with a cdev that no device names, for /dev by region name: false: no such index. */
bool dmk_cdev_unnamed(unsigned int index, struct dmk_region_name *name);

struct kernel_param;
/** A parameter's file, unless it is to have none; it goes with all those of its module. */
void dmk_param_file_make(const char *module, const struct kernel_param *param);
void dmk_param_files_remove(const char *module);

struct dmk_node;
/** Call release() of the files that are open on a node, and of no other later. */
void dmk_files_end(const struct dmk_node *node);

struct vm_area_struct;
int dmk_area_map(struct file *file, size_t size, int prot, int flags, uint64_t offset,
		 void **address);
int dmk_area_unmap(void *address, size_t size);
/**
 * What lies at an address that a user in this process sees: 1 and a page with a reference more, 0:
 * no area, -EFAULT: registers, or memory that has no pages there.
 */
int dmk_area_page(uintptr_t address, bool write, struct page **page);

/* --- pin.c ------------------------------------------------------------------------------------ */

/**
 * What the calling program and whoever has its pages wrote since the last time reaches the other: a
 * system call begins, or ends.
 */
void dmk_pins_sync(void);
/** Complains of pages that were not given back, and forgets them. */
void dmk_pins_stop(void);
/** Of the calling program, in this process or in its own. */
bool dmk_user_can_write(uintptr_t address);
/** dmk_user_read_page - the page of user memory at @page to @to; false: it can't be read */
bool dmk_user_read_page(void *to, void *page);
void dmk_areas_stop(void);
/** A file's users: open files and areas. The last put closes it. */
void dmk_file_hold(struct file *file);
void dmk_file_drop(struct file *file);

#endif
