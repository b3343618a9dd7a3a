// SPDX-License-Identifier: MIT
/*
 * A driver of no card: what drivers show by path, below /proc and /sys, for test-world.c to see.
 * Driver world: kernel headers only.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio_driver.h>
#include <linux/vmalloc.h>

#include "world.h"

struct world_state world;

/* --- /proc ------------------------------------------------------------------------------------ */

struct record {
	struct list_head link;
	int number;
};

static LIST_HEAD(records);
static struct proc_dir_entry *directory;

static void *records_start(struct seq_file *m, loff_t *pos)
{
	world.starts++;
	return seq_list_start(&records, *pos);
}

static void *records_next(struct seq_file *m, void *v, loff_t *pos)
{
	return seq_list_next(v, &records, pos);
}

static void records_stop(struct seq_file *m, void *v)
{
	world.stops++;
}

static int records_show(struct seq_file *m, void *v)
{
	int number = list_entry(v, struct record, link)->number;

	world.shows++;
	if (number == world.skipped)
		return SEQ_SKIP;
	if (number == world.failing)
		return -EIO;
	seq_printf(m, "record %04d%*s\n", number, number == world.wide ? 6000 : 0, "");
	return 0;
}

static const struct seq_operations record_operations = {
	.start = records_start,
	.next = records_next,
	.stop = records_stop,
	.show = records_show,
};

static int single_show(struct seq_file *m, void *v)
{
	seq_puts(m, "value");
	seq_put_decimal_ull(m, " ", *(int *)m->private);
	seq_setwidth(m, 6);
	seq_puts(m, " a");
	seq_pad(m, '|');
	seq_escape(m, "x y", " ");
	seq_putc(m, '\n');
	return 0;
}

static int text_open(struct inode *inode, struct file *file)
{
	file->private_data = pde_data(inode);
	return 0;
}

static ssize_t text_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	return simple_read_from_buffer(buffer, size, position, file->private_data,
				       strlen(file->private_data));
}

static ssize_t text_write(struct file *file, const char __user *buffer, size_t size,
			  loff_t *position)
{
	char *text = file->private_data;
	ssize_t n = simple_write_to_buffer(text, WORLD_TEXT - 1, position, buffer, size);

	if (n >= 0)
		text[*position] = '\0';
	if (world.remove_in_write)
		remove_proc_entry("text", directory);
	return n;
}

static int text_release(struct inode *inode, struct file *file)
{
	world.releases++;
	return 0;
}

static const struct proc_ops text_operations = {
	.proc_open = text_open,
	.proc_read = text_read,
	.proc_write = text_write,
	.proc_lseek = default_llseek,
	.proc_release = text_release,
};

static const struct proc_ops no_operations;

static void make_records(int n)
{
	for (int i = 0; i < n; i++) {
		struct record *record = kzalloc(sizeof(*record), GFP_KERNEL);

		record->number = i;
		list_add_tail(&record->link, &records);
	}
}

static void free_records(void)
{
	while (!list_empty(&records)) {
		struct record *record = list_first_entry(&records, struct record, link);

		list_del(&record->link);
		kfree(record);
	}
}

/* --- /sys ------------------------------------------------------------------------------------- */

static ssize_t number_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return world.number < 0 ? 5000 : sysfs_emit(buf, "%d\n", world.number);
}

static ssize_t number_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			    size_t count)
{
	int error = kstrtoint(buf, 0, &world.number);

	return error ? error : count;
}

static struct kobj_attribute number_attribute = __ATTR_RW(number);
static struct kobj_attribute secret_attribute = __ATTR(secret, 0200, NULL, number_store);

static ssize_t bytes_read(struct file *file, struct kobject *kobj, const struct bin_attribute *attr,
			  char *buf, loff_t offset, size_t size)
{
	memcpy(buf, world.text + offset, size);
	return size;
}

static ssize_t bytes_write(struct file *file, struct kobject *kobj,
			   const struct bin_attribute *attr, char *buf, loff_t offset, size_t size)
{
	memcpy(world.text + offset, buf, size);
	return size;
}

static const BIN_ATTR_RW(bytes, WORLD_TEXT);

static struct attribute *object_attributes[] = {&number_attribute.attr, &secret_attribute.attr,
						NULL};
static const struct bin_attribute *const object_bytes[] = {&bin_attr_bytes, NULL};

static umode_t is_visible(struct kobject *kobj, struct attribute *attr, int index)
{
	return attr == &secret_attribute.attr && world.hide_secret ? 0 : attr->mode;
}

static const struct attribute_group object_group = {
	.attrs = object_attributes,
	.bin_attrs = object_bytes,
	.is_visible = is_visible,
};
static const struct attribute_group inner_group = {.name = "inner", .attrs = object_attributes};

static struct kobject *object;
static struct class *class;
static struct device *device;

static ssize_t version_show(const struct class *class, const struct class_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%s 2\n", class->name);
}

static CLASS_ATTR_RO(version);

static ssize_t speed_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s %d\n", dev_name(dev), *(int *)dev_get_drvdata(dev));
}

static DEVICE_ATTR_RO(speed);
static struct attribute *device_attrs[] = {&dev_attr_speed.attr, NULL};
ATTRIBUTE_GROUPS(device);

int world_objects(void)
{
	int error;

	object = kobject_create_and_add("world", kernel_kobj);
	if (!object)
		return -ENOMEM;
	error = sysfs_create_group(object, &object_group);
	error = error ? error : sysfs_create_group(object, &inner_group);
	error = error ? error : sysfs_create_link(kernel_kobj, object, "planet");
	class = class_create("planets");
	error = error ? error : class_create_file(class, &class_attr_version);
	device = device_create_with_groups(class, NULL, MKDEV(42, 7), &world.number, device_groups,
					   "mars");
	return error ? error : PTR_ERR_OR_ZERO(device);
}

void world_no_objects(void)
{
	device_destroy(class, MKDEV(42, 7));
	class_destroy(class);
	sysfs_remove_link(kernel_kobj, "planet");
	sysfs_remove_group(object, &inner_group);
	kobject_put(object);
}

int world_object_twice(void)
{
	return sysfs_create_file(object, &number_attribute.attr);
}

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	world.probed = pci_dev_id(pdev);
	world.id_data = id->driver_data;
	return 0;
}

static struct pci_driver pci_driver = {.name = "world", .probe = probe};

/* --- a driver in user space ------------------------------------------------------------------- */

static int control(struct uio_info *info, s32 on)
{
	world.controlled = on;
	return on < 0 ? -EINVAL : 0;
}

static struct uio_info uio_info = {
	.name = "world",
	.version = "3",
	.irq = UIO_IRQ_CUSTOM,
	.irqcontrol = control,
};

int world_uio(void)
{
	struct device *parent = bus_find_device_by_name(&pci_bus_type, NULL, "0000:00:04.0");
	dma_addr_t dma = 0;
	int error;

	world.memory[0] = vzalloc(2 * PAGE_SIZE);
	world.memory[1] = (void *)get_zeroed_page(GFP_KERNEL);
	dma_set_mask_and_coherent(parent, DMA_BIT_MASK(64));
	world.memory[2] = dma_alloc_coherent(parent, PAGE_SIZE, &dma, GFP_KERNEL);
	uio_info.mem[0] = (struct uio_mem){.name = "scattered",
					   .addr = (phys_addr_t)world.memory[0],
					   .size = 2 * PAGE_SIZE,
					   .memtype = UIO_MEM_VIRTUAL};
	uio_info.mem[1] = (struct uio_mem){.addr = (phys_addr_t)world.memory[1],
					   .size = PAGE_SIZE,
					   .memtype = UIO_MEM_LOGICAL};
	uio_info.mem[2] = (struct uio_mem){.addr = (phys_addr_t)world.memory[2],
					   .size = PAGE_SIZE,
					   .memtype = UIO_MEM_DMA_COHERENT,
					   .dma_addr = dma,
					   .dma_device = parent};
	error = uio_register_device(parent, &uio_info);
	put_device(parent);
	return error;
}

void world_uio_event(void)
{
	uio_event_notify(&uio_info);
}

void world_no_uio(void)
{
	uio_unregister_device(&uio_info);
}

void world_free_memory(void)
{
	vfree(world.memory[0]);
	free_page((unsigned long)world.memory[1]);
	dma_free_coherent(uio_info.mem[2].dma_device, PAGE_SIZE, world.memory[2],
			  uio_info.mem[2].dma_addr);
}

/* --- a user's pages --------------------------------------------------------------------------- */

static struct page *held[4];

/* Hold @n pages from a user's address on, as @how says, and change a byte of each. */
int world_hold(void *address, int n, int how)
{
	unsigned long start = (unsigned long)address;
	int got;

	if (how & WORLD_GET)
		got = get_user_pages_fast(start, n, how & WORLD_WRITE ? FOLL_WRITE : 0, held);
	else if (how & WORLD_NO_LOCK)
		got = pin_user_pages(start, n, FOLL_WRITE, held);
	else
		got = pin_user_pages_fast(start, n, how & WORLD_WRITE ? FOLL_WRITE : 0, held);
	for (int i = 0; i < got && (how & WORLD_CHANGE); i++) {
		char *frame = kmap_local_page(held[i]);

		frame[offset_in_page(start)]++;
		kunmap_local(frame);
	}
	return got;
}

void world_let_go(int n, int how)
{
	for (int i = 0; i < n && (how & WORLD_GET); i++) {
		set_page_dirty_lock(held[i]);
		put_page(held[i]);
	}
	if (!(how & WORLD_GET))
		unpin_user_pages_dirty_lock(held, n, true);
}

int world_hold_under_lock(void *address)
{
	int got;

	mmap_read_lock(current->mm);
	got = pin_user_pages((unsigned long)address, 1, 0, held);
	mmap_read_unlock(current->mm);
	return got;
}

int world_twice(void)
{
	return proc_create("text", 0, directory, &text_operations) != NULL;
}

void world_remove_text(void)
{
	remove_proc_entry("text", directory);
}

static int __init world_init(void)
{
	strscpy(world.text, "hello", sizeof(world.text));
	world.wide = world.skipped = world.failing = -1;
	INIT_LIST_HEAD(&records); /* of the boot before, which nobody unloaded */
	make_records(WORLD_RECORDS);
	directory = proc_mkdir("world", NULL);
	proc_create_data("world/text", 0644, NULL, &text_operations, world.text);
	proc_create("nothing", 0, directory, &no_operations);
	proc_create_single_data("single", 0, directory, single_show, &world.number);
	proc_create_seq("records", 0, directory, &record_operations);
	proc_symlink("link", directory, "/proc/world/text");
	return pci_register_driver(&pci_driver);
}

static void __exit world_exit(void)
{
	pci_unregister_driver(&pci_driver);
	if (!world.leave_behind)
		proc_remove(directory);
	free_records();
}

module_init(world_init);
module_exit(world_exit);
MODULE_LICENSE("GPL");
