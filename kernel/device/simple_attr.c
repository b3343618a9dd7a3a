// SPDX-License-Identifier: MIT
/*
 * Files of one number: simple_attr_open() and its kin.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sprintf.h>
#include <linux/uaccess.h>

enum { NUMBER_BYTES = 32 };

struct simple_attr {
	int (*get)(void *data, u64 *value);
	int (*set)(void *data, u64 value);
	const char *format;
	void *data;
	struct mutex lock;       /* of what is below */
	char text[NUMBER_BYTES]; /* what get() said when reading began */
};

int simple_attr_open(struct inode *inode, struct file *file, int (*get)(void *data, u64 *value),
		     int (*set)(void *data, u64 value), const char *format)
{
	struct simple_attr *attr = calloc(1, sizeof(*attr));

	if (!attr)
		return -ENOMEM;
	attr->get = get;
	attr->set = set;
	attr->format = format;
	attr->data = inode->i_private;
	mutex_init(&attr->lock);
	file->private_data = attr;
	return nonseekable_open(inode, file);
}

int simple_attr_release(struct inode *inode, struct file *file)
{
	free(file->private_data);
	return 0;
}

/* The lock is held. */
static ssize_t read_on(struct simple_attr *attr, char __user *buffer, size_t size, loff_t *position)
{
	u64 value;
	int error = 0;

	if (!*position) {
		error = attr->get(attr->data, &value);
		if (!error)
			scnprintf(attr->text, sizeof(attr->text), attr->format,
				  (unsigned long long)value);
	}
	return error ? error
		     : simple_read_from_buffer(buffer, size, position, attr->text,
					       __builtin_strlen(attr->text));
}

ssize_t simple_attr_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	struct simple_attr *attr = file->private_data;
	ssize_t result;

	if (!attr->get)
		return -EACCES;
	result = mutex_lock_interruptible(&attr->lock);
	if (result)
		return result;
	result = read_on(attr, buffer, size, position);
	mutex_unlock(&attr->lock);
	return result;
}

/* A minus is taken, as a number of 64 bits has it. */
static int number_of(const char *text, u64 *value)
{
	long long negative;
	int error;

	if (*text != '-')
		return kstrtoull(text, 0, (unsigned long long *)value);
	error = kstrtoll(text, 0, &negative);
	*value = (u64)negative;
	return error;
}

ssize_t simple_attr_write(struct file *file, const char __user *buffer, size_t size,
			  loff_t *position)
{
	struct simple_attr *attr = file->private_data;
	char text[NUMBER_BYTES] = "";
	u64 value;
	int error;

	if (!attr->set)
		return -EACCES;
	if (copy_from_user(text, buffer, min_t(size_t, size, sizeof(text) - 1)))
		return -EFAULT;
	error = number_of(text, &value);
	if (error)
		return error;
	error = mutex_lock_interruptible(&attr->lock);
	if (error)
		return error;
	error = attr->set(attr->data, value);
	mutex_unlock(&attr->lock);
	return error ? error : (ssize_t)size;
}
