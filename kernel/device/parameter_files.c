// SPDX-License-Identifier: MIT
/*
 * Parameters of loaded modules as files, /sys/module/NAME/parameters/…: what their get() and set()
 * say and take, under the module's parameter lock.
 */
#include "internal.h"
#include "tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

enum { VALUE_BYTES = 4096 };

/* No get(): as Linux has it, for whoever reads. */
static int show(struct seq_file *m, void *v)
{
	const struct kernel_param *param = m->private;
	char *text;
	int n;

	if (!param->ops->get)
		return -EPERM;
	text = calloc(1, VALUE_BYTES);
	if (!text)
		return -ENOMEM;
	kernel_param_lock(param->mod);
	n = param->ops->get(text, param);
	kernel_param_unlock(param->mod);
	if (n > 0)
		seq_write(m, text, (size_t)n);
	free(text);
	return n < 0 ? n : 0;
}

static int open_param(struct inode *inode, struct file *file)
{
	if ((file->f_mode & FMODE_READ && !(inode->i_mode & 0444)) ||
	    (file->f_mode & FMODE_WRITE && !(inode->i_mode & 0222)))
		return -EACCES;
	/* Twice the room, so that no text is made a second time for want of it. */
	return single_open_size(file, show, inode->i_private, (size_t)2 * VALUE_BYTES);
}

static int set(const struct kernel_param *param, const char *text)
{
	int error;

	if (!param->ops->set)
		return -EPERM;
	kernel_param_lock(param->mod);
	error = param->ops->set(text, param);
	kernel_param_unlock(param->mod);
	return error;
}

static ssize_t write_param(struct file *file, const char __user *buffer, size_t size,
			   loff_t *position)
{
	size_t n = min_t(size_t, size, VALUE_BYTES - 1);
	char *text = calloc(1, VALUE_BYTES);
	ssize_t result;

	if (!text)
		return -ENOMEM;
	result = copy_from_user(text, buffer, n)
			 ? -EFAULT
			 : set(((struct seq_file *)file->private_data)->private, text);
	free(text);
	return result < 0 ? result : (ssize_t)n;
}

static const struct file_operations operations = {
	.open = open_param,
	.read = seq_read,
	.write = write_param,
	.llseek = seq_lseek,
	.release = single_release,
};

void dmk_param_file_make(const char *module, const struct kernel_param *param)
{
	struct dmk_node *directory;
	char path[128];

	if (!(param->perm & 0777) || !param->ops)
		return;
	snprintf(path, sizeof(path), "sys/module/%s/parameters", module);
	directory = dmk_node_directories(path);
	if (!IS_ERR_OR_NULL(directory))
		dmk_node_make(directory, param->name, S_IFREG | (param->perm & 0777), &operations,
			      (void *)param);
}

void dmk_param_files_remove(const char *module)
{
	struct dmk_node *node;
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	node = dmk_node_find(path);
	dmk_node_remove(node);
	dmk_node_put(node);
}
