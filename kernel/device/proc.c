// SPDX-License-Identifier: MIT
/*
 * Entries that drivers make below /proc, as nodes of the tree. What /proc has of the kernel itself
 * is made by whoever has it.
 */
#include "internal.h"
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <dmakit/kernel.h>
#include <linux/err.h>
#include <linux/printk.h>
#include <linux/proc_fs.h>

#include "../internal.h"

/*
 * An entry, which is what an inode's i_private points to: its files' operations are made of the
 * driver's.
 */
struct proc_dir_entry {
	struct dmk_node *node;
	struct file_operations fops;
	void *data;
	int (*show)(struct seq_file *m, void *v);
	const struct seq_operations *op;
	unsigned int state_size;
};

static void free_entry(struct dmk_node *node)
{
	free(node->data);
}

static void *parent_of(const struct proc_dir_entry *parent)
{
	return parent ? parent->node : dmk_node_directories("proc");
}

/* The directory of "a/b/name" seen from @parent, made before; @name is moved to its last part. */
static struct dmk_node *directory(const char **name, const struct proc_dir_entry *parent)
{
	struct dmk_node *node = parent_of(parent);
	const char *slash;

	while (!IS_ERR_OR_NULL(node) && (slash = strchr(*name, '/'))) {
		char *part = strndup(*name, (size_t)(slash - *name));

		node = part ? dmk_node_child(node, part) : NULL;
		dmk_node_put(node); /* its parent keeps it */
		free(part);
		*name = slash + 1;
	}
	return IS_ERR(node) ? NULL : node;
}

/* @template is copied. */
static struct proc_dir_entry *create(const char *name, umode_t mode,
				     const struct proc_dir_entry *parent,
				     const struct proc_dir_entry *template)
{
	struct dmk_node *where = name ? directory(&name, parent) : NULL;
	struct proc_dir_entry *entry = where ? malloc(sizeof(*entry)) : NULL;

	if (!entry)
		return NULL;
	*entry = *template;
	entry->node = dmk_node_make(where, name, mode, &entry->fops, entry);
	if (!IS_ERR(entry->node)) {
		entry->node->release = free_entry;
		entry->node->ends_files = true;
		entry->node->is_drivers = true;
		return entry;
	}
	if (PTR_ERR(entry->node) == -EEXIST)
		printk(KERN_WARNING "proc: the name '%s' is taken\n", name);
	free(entry);
	return NULL;
}

static umode_t file_mode(umode_t mode)
{
	return S_IFREG | (mode & 07777 ? mode & 07777 : 0444);
}

/* /proc answers what a driver does not. */
static ssize_t no_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	return -EIO;
}

static ssize_t no_write(struct file *file, const char __user *buffer, size_t size, loff_t *position)
{
	return -EIO;
}

static struct proc_dir_entry *create_file(const char *name, umode_t mode,
					  const struct proc_dir_entry *parent,
					  struct proc_dir_entry *template)
{
	if (!template->fops.read)
		template->fops.read = no_read;
	if (!template->fops.write)
		template->fops.write = no_write;
	return create(name, file_mode(mode), parent, template);
}

struct proc_dir_entry *proc_create_data(const char *name, umode_t mode,
					struct proc_dir_entry *parent, const struct proc_ops *ops,
					void *data)
{
	struct proc_dir_entry template = {.data = data};

	if (!ops || dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return NULL;
	template.fops = (struct file_operations){
		.open = ops->proc_open,
		.read = ops->proc_read,
		.write = ops->proc_write,
		.llseek = ops->proc_lseek,
		.release = ops->proc_release,
		.poll = ops->proc_poll,
		.unlocked_ioctl = ops->proc_ioctl,
		.mmap = ops->proc_mmap,
	};
	return create_file(name, mode, parent, &template);
}

/* The name that proc_create_data() has for drivers of Linux before 5.6. */
struct proc_dir_entry *dmk_proc_create_data_fops(const char *name, umode_t mode,
						 struct proc_dir_entry *parent,
						 const struct file_operations *ops, void *data);

struct proc_dir_entry *dmk_proc_create_data_fops(const char *name, umode_t mode,
						 struct proc_dir_entry *parent,
						 const struct file_operations *ops, void *data)
{
	struct proc_dir_entry template = {.data = data};

	if (!ops || dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return NULL;
	template.fops = *ops;
	return create_file(name, mode, parent, &template);
}

/* --- files that are sequences ----------------------------------------------------------------- */

static struct proc_dir_entry *entry_of(const struct inode *inode)
{
	return inode->i_private;
}

static int open_single(struct inode *inode, struct file *file)
{
	return single_open(file, entry_of(inode)->show, entry_of(inode)->data);
}

static int open_sequence(struct inode *inode, struct file *file)
{
	const struct proc_dir_entry *entry = entry_of(inode);

	return entry->state_size ? seq_open_private(file, entry->op, (int)entry->state_size)
				 : seq_open(file, entry->op);
}

static int release_sequence(struct inode *inode, struct file *file)
{
	return entry_of(inode)->state_size ? seq_release_private(inode, file)
					   : seq_release(inode, file);
}

struct proc_dir_entry *proc_create_single_data(const char *name, umode_t mode,
					       struct proc_dir_entry *parent,
					       int (*show)(struct seq_file *m, void *v), void *data)
{
	struct proc_dir_entry template = {
		.fops = {.open = open_single,
			 .read = seq_read,
			 .llseek = seq_lseek,
			 .release = single_release},
		.show = show,
		.data = data,
	};

	if (!show || dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return NULL;
	return create_file(name, mode, parent, &template);
}

struct proc_dir_entry *proc_create_seq_private(const char *name, umode_t mode,
					       struct proc_dir_entry *parent,
					       const struct seq_operations *op,
					       unsigned int state_size, void *data)
{
	struct proc_dir_entry template = {
		.fops = {.open = open_sequence,
			 .read = seq_read,
			 .llseek = seq_lseek,
			 .release = release_sequence},
		.op = op,
		.state_size = state_size,
		.data = data,
	};

	if (!op || dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return NULL;
	return create_file(name, mode, parent, &template);
}

/* --- directories, links, and the end ---------------------------------------------------------- */

struct proc_dir_entry *proc_mkdir_data(const char *name, umode_t mode,
				       struct proc_dir_entry *parent, void *data)
{
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return NULL;
	return create(name, S_IFDIR | (mode ? mode : 0555), parent,
		      &(struct proc_dir_entry){.data = data});
}

struct proc_dir_entry *proc_symlink(const char *name, struct proc_dir_entry *parent,
				    const char *target)
{
	struct proc_dir_entry *entry;

	if (!target || *target != '/' || dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return NULL;
	entry = create(name, S_IFLNK | 0777, parent, &(struct proc_dir_entry){0});
	if (entry)
		entry->node->target = strdup(target);
	return entry;
}

void proc_set_size(struct proc_dir_entry *entry, loff_t size)
{
	entry->node->size = size;
}

void proc_remove(struct proc_dir_entry *entry)
{
	if (entry)
		dmk_node_remove(entry->node);
}

static bool remove_named(const char *name, const struct proc_dir_entry *parent)
{
	struct dmk_node *where = name ? directory(&name, parent) : NULL;
	struct dmk_node *node = where ? dmk_node_child(where, name) : NULL;

	dmk_node_remove(node);
	dmk_node_put(node);
	return node != NULL;
}

void remove_proc_entry(const char *name, struct proc_dir_entry *parent)
{
	if (!remove_named(name, parent))
		printk(KERN_WARNING "proc: there is no '%s' to remove\n", name ? name : "(null)");
}

int remove_proc_subtree(const char *name, struct proc_dir_entry *parent)
{
	return remove_named(name, parent) ? 0 : -ENOENT;
}

void *dmk_pde_data(const struct inode *inode)
{
	return entry_of(inode)->data;
}

void *proc_get_parent_data(const struct inode *inode)
{
	const struct dmk_node *parent = entry_of(inode)->node->parent;

	return parent && parent->data ? ((struct proc_dir_entry *)parent->data)->data : NULL;
}
