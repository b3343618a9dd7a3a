// SPDX-License-Identifier: MIT
/*
 * Files of kernel objects: an attribute is a file whose text the object shows and stores, a binary
 * one gives and takes bytes at offsets. Where an object's directory is, its maker says: kobject.c,
 * and device_files.c for devices.
 */
#include "internal.h"
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/mm_area.h>
#include <linux/seq_file.h>
#include <linux/sprintf.h>
#include <linux/uaccess.h>

#include "../internal.h"

enum { ATTRIBUTE_BYTES = 4096 };

/* What a node's data is: whose file it is, and the attribute, of one of two kinds. */
struct sysfs_file {
	struct kobject *kobj;
	const struct attribute *attr;
	const struct bin_attribute *bin; /* NULL: a text */
};

static const struct sysfs_file *file_of(const struct file *file)
{
	return file->f_inode->i_private;
}

static const struct sysfs_ops *ops_of(const struct sysfs_file *file)
{
	static const struct sysfs_ops none;
	const struct kobj_type *type = file->kobj->ktype;

	return type && type->sysfs_ops ? type->sysfs_ops : &none;
}

/* --- texts ------------------------------------------------------------------------------------ */

/* What show() wrote to a buffer of 4096 bytes. Bytes, or an errno. */
static long show_text(const struct sysfs_file *file, char *buffer)
{
	long n;

	memset(buffer, 0, ATTRIBUTE_BYTES);
	n = ops_of(file)->show(file->kobj, (struct attribute *)file->attr, buffer);
	if (n < ATTRIBUTE_BYTES)
		return n;
	dmk_complain((const void *)ops_of(file)->show,
		     "attribute %s shows %ld bytes, and a page has %d", file->attr->name, n,
		     ATTRIBUTE_BYTES);
	return -EIO;
}

static int show_record(struct seq_file *m, void *v)
{
	char *buffer = malloc(ATTRIBUTE_BYTES);
	long n = buffer ? show_text(m->private, buffer) : -ENOMEM;

	if (n > 0)
		seq_write(m, buffer, (size_t)n);
	free(buffer);
	return n < 0 ? (int)n : 0;
}

/* An attribute is opened for what it can do, whoever opens it. */
static int open_text(struct inode *inode, struct file *file)
{
	const struct sysfs_file *what = file_of(file);

	if ((file->f_mode & FMODE_READ) && (!(what->attr->mode & 0444) || !ops_of(what)->show))
		return -EACCES;
	if ((file->f_mode & FMODE_WRITE) && (!(what->attr->mode & 0222) || !ops_of(what)->store))
		return -EACCES;
	return single_open(file, show_record, (void *)what);
}

/* @text has @size bytes, and is ended by a NUL for store(). */
static long store_text(const struct sysfs_file *file, const char *text, size_t size)
{
	return ops_of(file)->store(file->kobj, (struct attribute *)file->attr, text, size);
}

static ssize_t write_text(struct file *file, const char __user *buffer, size_t size,
			  loff_t *position)
{
	char *text;
	long n = -EFAULT;

	if (size > ATTRIBUTE_BYTES)
		size = ATTRIBUTE_BYTES;
	text = calloc(1, size + 1);
	if (!text)
		return -ENOMEM;
	if (!copy_from_user(text, buffer, size))
		n = store_text(file_of(file), text, size);
	free(text);
	if (n > 0)
		*position += n;
	return n;
}

static const struct file_operations text_operations = {
	.open = open_text,
	.read = seq_read,
	.write = write_text,
	.llseek = seq_lseek,
	.release = single_release,
};

/* --- bytes ------------------------------------------------------------------------------------ */

static int open_bytes(struct inode *inode, struct file *file)
{
	const struct bin_attribute *bin = file_of(file)->bin;

	if ((file->f_mode & FMODE_READ) && !bin->read && !bin->mmap)
		return -EACCES;
	if ((file->f_mode & FMODE_WRITE) && !bin->write && !bin->mmap)
		return -EACCES;
	return 0;
}

/* How many of @size bytes from @position on there are; a page at most. */
static size_t within(const struct bin_attribute *bin, loff_t position, size_t size)
{
	size = size < ATTRIBUTE_BYTES ? size : ATTRIBUTE_BYTES;
	if (!bin->size)
		return size;
	if (position >= (loff_t)bin->size)
		return 0;
	return size < bin->size - (size_t)position ? size : bin->size - (size_t)position;
}

static ssize_t read_bytes(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	const struct sysfs_file *what = file_of(file);
	const struct bin_attribute *bin = what->bin;
	char *bytes = NULL;
	ssize_t n = (ssize_t)within(bin, *position, size);

	if (!bin->read)
		return -EIO;
	if (n > 0) {
		bytes = calloc(1, ATTRIBUTE_BYTES);
		n = bytes ? bin->read(file, what->kobj, (void *)bin, bytes, *position, (size_t)n)
			  : -ENOMEM;
	}
	if (n > 0 && copy_to_user(buffer, bytes, (size_t)n))
		n = -EFAULT;
	if (n > 0)
		*position += n;
	free(bytes);
	return n;
}

static ssize_t write_bytes(struct file *file, const char __user *buffer, size_t size,
			   loff_t *position)
{
	const struct sysfs_file *what = file_of(file);
	const struct bin_attribute *bin = what->bin;
	size_t n = within(bin, *position, size);
	ssize_t result = -EFAULT;
	char *bytes;

	if (!bin->write)
		return -EIO;
	if (!n)
		return size ? -EFBIG : 0;
	bytes = calloc(1, ATTRIBUTE_BYTES);
	if (!bytes)
		return -ENOMEM;
	if (!copy_from_user(bytes, buffer, n))
		result = bin->write(file, what->kobj, (void *)bin, bytes, *position, n);
	free(bytes);
	if (result > 0)
		*position += result;
	return result;
}

static int map_bytes(struct file *file, struct vm_area_struct *vma)
{
	const struct sysfs_file *what = file_of(file);

	return what->bin->mmap ? what->bin->mmap(file, what->kobj, (void *)what->bin, vma)
			       : -ENODEV;
}

static loff_t seek_bytes(struct file *file, loff_t offset, int whence)
{
	const struct bin_attribute *bin = file_of(file)->bin;

	return bin->size ? fixed_size_llseek(file, offset, whence, (loff_t)bin->size)
			 : default_llseek(file, offset, whence);
}

static const struct file_operations byte_operations = {
	.open = open_bytes,
	.read = read_bytes,
	.write = write_bytes,
	.llseek = seek_bytes,
	.mmap = map_bytes,
};

/* --- making and removing ---------------------------------------------------------------------- */

static void free_file(struct dmk_node *node)
{
	free(node->data);
}

static int add(struct kobject *kobj, struct dmk_node *where, const struct attribute *attr,
	       const struct bin_attribute *bin, umode_t mode)
{
	struct sysfs_file *file;
	struct dmk_node *node;

	if (!where || !attr || !attr->name)
		return -EINVAL;
	file = malloc(sizeof(*file));
	if (!file)
		return -ENOMEM;
	*file = (struct sysfs_file){kobj, attr, bin};
	node = dmk_node_make(where, attr->name, S_IFREG | (mode & 0777),
			     bin ? &byte_operations : &text_operations, file);
	if (IS_ERR(node)) {
		free(file);
		return (int)PTR_ERR(node);
	}
	node->release = free_file;
	node->size = bin ? (loff_t)bin->size : ATTRIBUTE_BYTES;
	return 0;
}

static void remove_named(struct dmk_node *where, const char *name)
{
	struct dmk_node *node = where ? dmk_node_child(where, name) : NULL;

	dmk_node_remove(node);
	dmk_node_put(node);
}

int dmk_sysfs_add_file(struct kobject *kobj, const struct attribute *attr)
{
	return kobj && attr ? add(kobj, kobj->dmk, attr, NULL, attr->mode) : -EINVAL;
}

int sysfs_create_file(struct kobject *kobj, const struct attribute *attr)
{
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	return dmk_sysfs_add_file(kobj, attr);
}

void sysfs_remove_file(struct kobject *kobj, const struct attribute *attr)
{
	if (kobj && attr && attr->name)
		remove_named(kobj->dmk, attr->name);
}

int sysfs_create_files(struct kobject *kobj, const struct attribute *const *attrs)
{
	return sysfs_create_group(kobj,
				  &(struct attribute_group){.attrs = (struct attribute **)attrs});
}

void sysfs_remove_files(struct kobject *kobj, const struct attribute *const *attrs)
{
	for (; attrs && *attrs; attrs++)
		sysfs_remove_file(kobj, *attrs);
}

int sysfs_create_bin_file(struct kobject *kobj, const struct bin_attribute *attr)
{
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	return kobj && attr ? add(kobj, kobj->dmk, &attr->attr, attr, attr->attr.mode) : -EINVAL;
}

void sysfs_remove_bin_file(struct kobject *kobj, const struct bin_attribute *attr)
{
	if (kobj && attr)
		sysfs_remove_file(kobj, &attr->attr);
}

/* --- groups ----------------------------------------------------------------------------------- */

/* A group's own directory, or its object's. */
static struct dmk_node *group_directory(struct kobject *kobj, const struct attribute_group *group,
					bool make)
{
	struct dmk_node *node;

	if (!kobj || !kobj->dmk || !group || !group->name)
		return kobj && group ? kobj->dmk : NULL;
	node = dmk_node_child(kobj->dmk, group->name);
	dmk_node_put(node); /* its parent keeps it */
	if (node || !make)
		return node;
	node = dmk_node_make(kobj->dmk, group->name, S_IFDIR | 0755, NULL, NULL);
	return IS_ERR(node) ? NULL : node;
}

static int add_texts(struct kobject *kobj, struct dmk_node *where,
		     const struct attribute_group *group)
{
	int error = 0;

	for (int i = 0; group->attrs && group->attrs[i] && !error; i++) {
		struct attribute *attr = group->attrs[i];
		umode_t mode = group->is_visible ? group->is_visible(kobj, attr, i) : attr->mode;

		if (mode)
			error = add(kobj, where, attr, NULL, mode);
	}
	return error;
}

static int add_bytes(struct kobject *kobj, struct dmk_node *where,
		     const struct attribute_group *group)
{
	int error = 0;

	for (int i = 0; group->bin_attrs && group->bin_attrs[i] && !error; i++) {
		const struct bin_attribute *bin = group->bin_attrs[i];
		umode_t mode = group->is_bin_visible ? group->is_bin_visible(kobj, (void *)bin, i)
						     : bin->attr.mode;

		if (mode)
			error = add(kobj, where, &bin->attr, bin, mode);
	}
	return error;
}

int dmk_sysfs_add_group(struct kobject *kobj, const struct attribute_group *group)
{
	struct dmk_node *where = group_directory(kobj, group, true);
	int error = where ? add_texts(kobj, where, group) : -EINVAL;

	if (!error)
		error = add_bytes(kobj, where, group);
	if (error && where)
		sysfs_remove_group(kobj, group);
	return error;
}

int sysfs_create_group(struct kobject *kobj, const struct attribute_group *group)
{
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	return dmk_sysfs_add_group(kobj, group);
}

void sysfs_remove_group(struct kobject *kobj, const struct attribute_group *group)
{
	struct dmk_node *where = group_directory(kobj, group, false);

	if (!where)
		return;
	if (group->name) {
		dmk_node_remove(where);
		return;
	}
	for (struct attribute **attr = group->attrs; attr && *attr; attr++)
		remove_named(where, (*attr)->name);
	for (int i = 0; group->bin_attrs && group->bin_attrs[i]; i++)
		remove_named(where, group->bin_attrs[i]->attr.name);
}

int sysfs_create_groups(struct kobject *kobj, const struct attribute_group **groups)
{
	int error = 0;

	for (int i = 0; groups && groups[i] && !error; i++) {
		error = sysfs_create_group(kobj, groups[i]);
		while (error && i-- > 0)
			sysfs_remove_group(kobj, groups[i]);
	}
	return error;
}

void sysfs_remove_groups(struct kobject *kobj, const struct attribute_group **groups)
{
	for (; groups && *groups; groups++)
		sysfs_remove_group(kobj, *groups);
}

int dmk_sysfs_link(struct dmk_node *where, const struct kobject *target, const char *name)
{
	char path[512];
	struct dmk_node *node;

	if (!where || !target || !target->dmk)
		return -EINVAL;
	dmk_node_path(target->dmk, path, sizeof(path));
	node = dmk_node_link(where, name, path);
	return IS_ERR(node) ? (int)PTR_ERR(node) : 0;
}

int sysfs_create_link(struct kobject *kobj, struct kobject *target, const char *name)
{
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -ENOMEM;
	return kobj ? dmk_sysfs_link(kobj->dmk, target, name) : -EINVAL;
}

void sysfs_remove_link(struct kobject *kobj, const char *name)
{
	if (kobj)
		remove_named(kobj->dmk, name);
}

/* --- for tests, by an object's and an attribute's name ---------------------------------------- */

/* "name" or "group/name" below an object's directory, with a reference. */
static struct dmk_node *find_below(struct kobject *kobj, const char *attribute)
{
	const char *slash = strchr(attribute, '/');
	struct dmk_node *group, *node;
	char name[64] = "";

	if (!slash)
		return dmk_node_child(kobj->dmk, attribute);
	if ((size_t)(slash - attribute) >= sizeof(name))
		return NULL;
	memcpy(name, attribute, (size_t)(slash - attribute));
	group = dmk_node_child(kobj->dmk, name);
	node = group ? dmk_node_child(group, slash + 1) : NULL;
	dmk_node_put(group);
	return node;
}

/* Call @call on the attribute's file, in whose calls we are meanwhile. */
static long with_file(struct kobject *kobj, const char *attribute,
		      long (*call)(const struct sysfs_file *file, void *data), void *data)
{
	struct dmk_node *node = kobj->dmk ? find_below(kobj, attribute) : NULL;
	long n = -ENOENT;

	if (node && node->fops == &text_operations && dmk_node_enter(node)) {
		n = call(node->data, data);
		dmk_node_leave(node);
	}
	dmk_node_put(node);
	return n;
}

static long show_one(const struct sysfs_file *file, void *buffer)
{
	long n = ops_of(file)->show && (file->attr->mode & 0444) ? show_text(file, buffer)
								 : -EACCES;

	if (n >= 0)
		((char *)buffer)[n] = '\0';
	return n;
}

long dmk_sysfs_show(struct kobject *kobj, const char *attribute, char *buffer)
{
	return with_file(kobj, attribute, show_one, buffer);
}

struct text {
	const char *text;
	size_t size;
};

static long store_one(const struct sysfs_file *file, void *data)
{
	const struct text *text = data;
	char *copy = calloc(1, text->size + 1);
	long n = -EACCES;

	if (!copy)
		n = -ENOMEM;
	else if (ops_of(file)->store && (file->attr->mode & 0222))
		n = store_text(file, memcpy(copy, text->text, text->size), text->size);
	free(copy);
	return n;
}

long dmk_sysfs_store(struct kobject *kobj, const char *attribute, const char *text, size_t size)
{
	return with_file(kobj, attribute, store_one, &(struct text){text, size});
}
