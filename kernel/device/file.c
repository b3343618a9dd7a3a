// SPDX-License-Identifier: MIT
/*
 * A driver's files, called in this process: dmakit/file.h over file_operations. A name in /dev is a
 * device with a number, or, for a cdev that no device names, the region's name and the minor. What
 * is below /proc and /sys is in the tree (tree.h).
 */
#include "internal.h"
#include "tree.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dmakit/file.h>
#include <linux/cdev.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "../internal.h"

struct dmk_file {
	struct file file;
	struct inode inode;
	struct dentry dentry;
	struct dmk_file *next; /* all open ones */
	struct dmk_node *node; /* of a file in the tree; else NULL */
	struct module *owner;
	int users; /* the opener, and each area */
	bool released; /* its release() was called, or will not be */
	char name[64];
};

static struct dmk_file *files;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* --- names ------------------------------------------------------------------------------------ */

static void file_name(const char *device, char *name, size_t size)
{
	snprintf(name, size, "%s", device);
	for (char *c = name; *c; c++)
		if (*c == '!')
			*c = '/';
}

/* The number behind a name, and whether there is one. */
static bool find_named(const char *wanted, dev_t *devt)
{
	struct device *dev = NULL;
	char name[64];

	while ((dev = dmk_device_next(dev))) {
		file_name(dev_name(dev), name, sizeof(name));
		if (!dev->devt || strcmp(name, wanted))
			continue;
		*devt = dev->devt;
		put_device(dev);
		return true;
	}
	return false;
}

static bool is_named(dev_t devt)
{
	struct device *dev = dmk_device_by_number(devt, NULL);

	put_device(dev);
	return dev != NULL;
}

static bool find_number(const char *name, dev_t *devt)
{
	struct dmk_region_name region;

	if (find_named(name, devt))
		return true;
	for (unsigned int i = 0; dmk_cdev_unnamed(i, &region); i++) {
		if (strcmp(region.name, name))
			continue;
		*devt = region.devt;
		return true;
	}
	return false;
}

bool dmk_device_file(unsigned int index, char *name, size_t size)
{
	struct dmk_region_name region;
	struct device *dev = NULL;

	while ((dev = dmk_device_next(dev))) {
		if (!dev->devt || !dmk_cdev_find(dev->devt) || index-- > 0)
			continue;
		file_name(dev_name(dev), name, size);
		put_device(dev);
		return true;
	}
	for (unsigned int i = 0; dmk_cdev_unnamed(i, &region); i++) {
		/* Of a range that nobody names, one stands for all. */
		if (is_named(region.devt) ||
		    MINOR(region.devt) != MINOR(dmk_cdev_find(region.devt)->dev) || index-- > 0)
			continue;
		snprintf(name, size, "%s", region.name);
		return true;
	}
	return false;
}

static bool is_in_tree(const char *path)
{
	return !strncmp(path, "/proc/", 6) || !strncmp(path, "/sys/", 5);
}

static const char *device_part(const char *path)
{
	return strncmp(path, "/dev/", 5) ? path : path + 5;
}

int dmk_file_status(const char *path, struct dmk_file_status *status)
{
	struct dmk_node *node;
	dev_t devt;

	if (!is_in_tree(path)) {
		if (!find_number(device_part(path), &devt))
			return -ENOENT;
		*status = (struct dmk_file_status){S_IFCHR | 0600, MAJOR(devt), MINOR(devt), 0};
		return 0;
	}
	node = dmk_node_find(path);
	if (!node)
		return -ENOENT;
	*status = (struct dmk_file_status){.mode = node->mode, .size = node->size};
	dmk_node_put(node);
	return 0;
}

int dmk_file_list(const char *directory, unsigned int index, char *name, size_t size)
{
	struct dmk_node *node;
	int result;

	if (!strcmp(directory, "/dev"))
		return dmk_device_file(index, name, size);
	node = dmk_node_find(directory);
	if (!node)
		return -ENOENT;
	result = S_ISDIR(node->mode) ? dmk_node_list(node, index, name, size) : -ENOTDIR;
	dmk_node_put(node);
	return result;
}

/* --- open and close --------------------------------------------------------------------------- */

static fmode_t mode_of(int flags)
{
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return FMODE_READ;
	case O_WRONLY:
		return FMODE_WRITE;
	default:
		return FMODE_READ | FMODE_WRITE;
	}
}

/* What a file is before its open() is called; @inode says what it is of. */
static struct dmk_file *make_file(const char *name, const struct inode *inode,
				  const struct file_operations *ops, int flags)
{
	struct dmk_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	snprintf(file->name, sizeof(file->name), "%s", name);
	file->users = 1;
	file->inode = *inode;
	file->dentry = (struct dentry){
		.d_inode = &file->inode,
		.d_name.name = (const unsigned char *)file->name,
		.d_name.len = (u32)strlen(file->name),
	};
	file->file = (struct file){
		.f_op = ops,
		.f_inode = &file->inode,
		.f_flags = (unsigned int)flags,
		.f_mode = mode_of(flags) | FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE,
		.f_path.dentry = &file->dentry,
		.dmk = file,
	};
	file->owner = ops->owner;
	return file;
}

/* The miscdevice of a misc file is what its open() finds in private_data. */
static void preset_private_data(struct dmk_file *file)
{
	struct device *dev;

	if (MAJOR(file->inode.i_rdev) != MISC_MAJOR)
		return;
	dev = dmk_device_by_number(file->inode.i_rdev, NULL);
	file->file.private_data = dev ? dev->driver_data : NULL;
	put_device(dev);
}

static struct dmk_file *make_device_file(const char *name, int flags)
{
	struct dmk_file *file;
	struct cdev *cdev;
	dev_t devt;

	if (!find_number(name, &devt))
		return ERR_PTR(-ENOENT);
	cdev = dmk_cdev_find(devt);
	if (!cdev)
		return ERR_PTR(-ENXIO);
	file = make_file(name,
			 &(struct inode){.i_mode = S_IFCHR | 0600,
					 .i_rdev = devt,
					 .i_cdev = cdev,
					 .i_ino = devt},
			 cdev->ops, flags);
	if (!file)
		return ERR_PTR(-ENOMEM);
	if (!file->owner)
		file->owner = cdev->owner;
	preset_private_data(file);
	return file;
}

static struct dmk_file *make_node_file(struct dmk_node *node, int flags)
{
	struct dmk_file *file;

	if (S_ISDIR(node->mode))
		return ERR_PTR(-EISDIR);
	if (!node->fops)
		return ERR_PTR(-ENXIO);
	file = make_file(node->name,
			 &(struct inode){.i_mode = node->mode,
					 .i_size = node->size,
					 .i_ino = (unsigned long)node,
					 .i_private = node->data},
			 node->fops, flags);
	if (!file)
		return ERR_PTR(-ENOMEM);
	file->node = dmk_node_get(node);
	return file;
}

static struct dmk_file *make_any_file(const char *path, int flags)
{
	struct dmk_file *file;
	struct dmk_node *node;

	if (!is_in_tree(path))
		return make_device_file(device_part(path), flags);
	node = dmk_node_find(path);
	if (!node)
		return ERR_PTR(-ENOENT);
	file = make_node_file(node, flags);
	dmk_node_put(node);
	return file;
}

static void free_file(struct dmk_file *file)
{
	dmk_node_put(file->node);
	free(file);
}

/* Around every call of a file's operations. 0, or what it gives since it was removed. */
static int enter(struct dmk_file *file)
{
	if (file->node && !dmk_node_enter(file->node))
		return file->node->gone_result ? file->node->gone_result : -ENODEV;
	dmk_pins_sync();
	dmk_task_enter_file();
	return 0;
}

static void leave(struct dmk_file *file)
{
	dmk_task_leave_file();
	dmk_pins_sync();
	if (file->node)
		dmk_node_leave(file->node);
}

static int call_open(struct dmk_file *file)
{
	int error = enter(file);

	if (error)
		return -ENOENT;
	if (file->file.f_op->open)
		error = file->file.f_op->open(&file->inode, &file->file);
	leave(file);
	return error == -ERESTARTSYS ? -EINTR : error;
}

int dmk_open(const char *path, int flags, struct dmk_file **result)
{
	struct dmk_file *file;
	int error;

	if (!path || !result)
		return -EFAULT;
	*result = NULL;
	file = make_any_file(path, flags);
	if (IS_ERR(file))
		return (int)PTR_ERR(file);
	if (!try_module_get(file->owner)) {
		free_file(file);
		return -ENXIO;
	}
	error = call_open(file);
	if (error) {
		module_put(file->owner);
		free_file(file);
		return error;
	}
	pthread_mutex_lock(&lock);
	file->next = files;
	files = file;
	pthread_mutex_unlock(&lock);
	*result = file;
	return 0;
}

static struct dmk_file *of_file(struct file *file)
{
	return file->dmk;
}

void dmk_file_hold(struct file *file)
{
	__atomic_add_fetch(&of_file(file)->users, 1, __ATOMIC_RELAXED);
}

static void call_release(struct dmk_file *file)
{
	bool first = !__atomic_exchange_n(&file->released, true, __ATOMIC_ACQ_REL);

	if (first && file->file.f_op->release)
		file->file.f_op->release(&file->inode, &file->file);
}

/* The next open file of @node that was not released, with a user more. */
static struct dmk_file *unreleased(const struct dmk_node *node)
{
	struct dmk_file *file;

	pthread_mutex_lock(&lock);
	file = files;
	while (file && (file->node != node || __atomic_load_n(&file->released, __ATOMIC_ACQUIRE)))
		file = file->next;
	if (file)
		dmk_file_hold(&file->file);
	pthread_mutex_unlock(&lock);
	return file;
}

void dmk_files_end(const struct dmk_node *node)
{
	struct dmk_file *file;

	while ((file = unreleased(node))) {
		call_release(file);
		dmk_file_drop(&file->file);
	}
}

static void unlist(struct dmk_file *file)
{
	struct dmk_file **at = &files;

	pthread_mutex_lock(&lock);
	while (*at && *at != file)
		at = &(*at)->next;
	if (*at)
		*at = file->next;
	pthread_mutex_unlock(&lock);
}

void dmk_file_drop(struct file *linux_file)
{
	struct dmk_file *file = of_file(linux_file);

	if (__atomic_sub_fetch(&file->users, 1, __ATOMIC_ACQ_REL))
		return;
	unlist(file);
	call_release(file);
	module_put(file->owner);
	free_file(file);
}

int dmk_close(struct dmk_file *file)
{
	int error = 0;

	if (!file)
		return -EBADF;
	if (file->file.f_op->flush && !enter(file)) {
		error = file->file.f_op->flush(&file->file, NULL);
		leave(file);
	}
	dmk_task_enter_file();
	dmk_file_drop(&file->file);
	dmk_task_leave_file();
	return error;
}

/* --- reading and writing ---------------------------------------------------------------------- */

/* What a driver says for itself never reaches a program. */
static long result_of(long result)
{
	switch (result) {
	case -512:
	case -513:
	case -514:
	case -516: /* -ERESTART…: nobody restarts here */
		return -EINTR;
	case -515: /* -ENOIOCTLCMD */
		return -ENOTTY;
	default:
		return result;
	}
}

static long check(struct dmk_file *file, const void *buffer, size_t size, fmode_t mode)
{
	if (!file)
		return -EBADF;
	if (!(file->file.f_mode & mode))
		return -EBADF;
	if (size > LONG_MAX || (!access_ok(buffer, size) && size))
		return -EFAULT;
	return 0;
}

static long do_read(struct dmk_file *file, void *buffer, size_t size, loff_t *position)
{
	long result = check(file, buffer, size, FMODE_READ);

	if (result)
		return result;
	if (!file->file.f_op->read)
		return -EINVAL;
	result = enter(file);
	if (result)
		return result;
	result = file->file.f_op->read(&file->file, buffer, size, position);
	leave(file);
	return result_of(result);
}

static long do_write(struct dmk_file *file, const void *buffer, size_t size, loff_t *position)
{
	long result = check(file, buffer, size, FMODE_WRITE);

	if (result)
		return result;
	if (!file->file.f_op->write)
		return -EINVAL;
	result = enter(file);
	if (result)
		return result;
	result = file->file.f_op->write(&file->file, buffer, size, position);
	leave(file);
	return result_of(result);
}

long dmk_read(struct dmk_file *file, void *buffer, size_t size)
{
	return do_read(file, buffer, size, file ? &file->file.f_pos : NULL);
}

long dmk_write(struct dmk_file *file, const void *buffer, size_t size)
{
	return do_write(file, buffer, size, file ? &file->file.f_pos : NULL);
}

long dmk_pread(struct dmk_file *file, void *buffer, size_t size, int64_t offset)
{
	loff_t position = offset;

	if (offset < 0)
		return -EINVAL;
	if (file && !(file->file.f_mode & FMODE_PREAD))
		return -ESPIPE;
	return do_read(file, buffer, size, &position);
}

long dmk_pwrite(struct dmk_file *file, const void *buffer, size_t size, int64_t offset)
{
	loff_t position = offset;

	if (offset < 0)
		return -EINVAL;
	if (file && !(file->file.f_mode & FMODE_PWRITE))
		return -ESPIPE;
	return do_write(file, buffer, size, &position);
}

int64_t dmk_lseek(struct dmk_file *file, int64_t offset, int whence)
{
	int64_t result;

	if (!file)
		return -EBADF;
	if (!(file->file.f_mode & FMODE_LSEEK))
		return -ESPIPE;
	if (!file->file.f_op->llseek)
		return -ESPIPE;
	result = enter(file);
	if (result)
		return result;
	result = file->file.f_op->llseek(&file->file, offset, whence);
	leave(file);
	return result;
}

long dmk_ioctl(struct dmk_file *file, unsigned int command, unsigned long argument)
{
	long result;

	if (!file)
		return -EBADF;
	if (!file->file.f_op->unlocked_ioctl)
		return -ENOTTY;
	result = enter(file);
	if (result)
		return result;
	result = file->file.f_op->unlocked_ioctl(&file->file, command, argument);
	leave(file);
	return result_of(result);
}

int dmk_fsync(struct dmk_file *file)
{
	int result;

	if (!file)
		return -EBADF;
	if (!file->file.f_op->fsync)
		return -EINVAL;
	result = enter(file);
	if (result)
		return result;
	result = file->file.f_op->fsync(&file->file, 0, LLONG_MAX, 0);
	leave(file);
	return (int)result_of(result);
}

int dmk_mmap(struct dmk_file *file, size_t size, int prot, int flags, int64_t offset,
	     void **address)
{
	int result;

	if (!file)
		return -EBADF;
	if (!size || !address || offset < 0 || (offset & (int64_t)(DMK_PAGE_SIZE - 1)))
		return -EINVAL;
	if (!(file->file.f_mode & FMODE_READ))
		return -EACCES;
	if (!file->file.f_op->mmap)
		return -ENODEV;
	result = enter(file);
	if (result)
		return result;
	result = dmk_area_map(&file->file, size, prot, flags, (uint64_t)offset, address);
	leave(file);
	return (int)result_of(result);
}

int dmk_munmap(void *address, size_t size)
{
	return dmk_area_unmap(address, size);
}

/* --- poll: waiting on every queue that the driver named --------------------------------------- */

struct waiter {
	struct waiter *next;
	struct wait_queue_entry entry;
	wait_queue_head_t *queue;
	struct polling *polling;
};

struct polling {
	poll_table table; /* first */
	wait_queue_head_t woken;
	bool triggered;
	bool failed;
	struct waiter *waiters;
};

static int on_wake(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
	struct waiter *waiter = container_of(entry, struct waiter, entry);

	__atomic_store_n(&waiter->polling->triggered, true, __ATOMIC_RELEASE);
	wake_up(&waiter->polling->woken);
	return 1;
}

static void enqueue(struct file *file, wait_queue_head_t *queue, poll_table *table)
{
	struct polling *polling = (struct polling *)table;
	struct waiter *waiter = calloc(1, sizeof(*waiter));

	if (!waiter) {
		polling->failed = true;
		return;
	}
	waiter->queue = queue;
	waiter->polling = polling;
	waiter->next = polling->waiters;
	polling->waiters = waiter;
	init_waitqueue_func_entry(&waiter->entry, on_wake);
	add_wait_queue(queue, &waiter->entry);
}

static void dequeue_all(struct polling *polling)
{
	while (polling->waiters) {
		struct waiter *old = polling->waiters;

		polling->waiters = old->next;
		remove_wait_queue(old->queue, &old->entry);
		free(old);
	}
}

static int poll_loop(struct dmk_file *file, struct polling *polling, short wanted, int timeout_ms)
{
	long left = timeout_ms < 0 ? MAX_SCHEDULE_TIMEOUT
				   : (long)msecs_to_jiffies((unsigned int)timeout_ms);

	for (;;) {
		short events;
		long result;

		__atomic_store_n(&polling->triggered, false, __ATOMIC_RELEASE);
		events = (short)(file->file.f_op->poll(&file->file, &polling->table) &
				 (unsigned short)wanted);
		polling->table._qproc = NULL; /* queues are named once */
		if (polling->failed)
			return -ENOMEM;
		if (events || !left)
			return events;
		result = wait_event_interruptible_timeout(
			polling->woken, __atomic_load_n(&polling->triggered, __ATOMIC_ACQUIRE),
			left);
		if (result < 0)
			return -EINTR;
		left = result;
	}
}

int dmk_poll(struct dmk_file *file, short events, int timeout_ms)
{
	short wanted = (short)(events | POLLERR | POLLHUP);
	struct polling polling = {.table = {enqueue, (__poll_t)(unsigned short)wanted}};
	int result;

	if (!file)
		return -EBADF;
	if (!file->file.f_op->poll)
		return events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
	init_waitqueue_head(&polling.woken);
	result = enter(file);
	if (result)
		return POLLERR | POLLHUP;
	result = poll_loop(file, &polling, wanted, timeout_ms);
	dequeue_all(&polling);
	leave(file);
	return result;
}

void dmk_interrupt_files(void)
{
	dmk_tasks_interrupt();
}

int dmk_file_flags(struct dmk_file *file, int set, int flags)
{
	const unsigned int can = O_NONBLOCK | O_APPEND;

	if (!file)
		return -EBADF;
	if (set)
		file->file.f_flags = (file->file.f_flags & ~can) | ((unsigned int)flags & can);
	return (int)(file->file.f_flags & (O_ACCMODE | can));
}

/* Files that a test left open: closed, while the driver's code is still there to be called. */
void dmk_close_files(void)
{
	dmk_areas_stop();
	while (files) {
		files->users = 1;
		dmk_close(files);
	}
}

void dmk_files_stop(void)
{
	while (files) {
		files->users = 1;
		dmk_file_drop(&files->file);
	}
}

/* --- what drivers use for their operations ---------------------------------------------------- */

int nonseekable_open(struct inode *inode, struct file *file)
{
	file->f_mode &= ~(FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE);
	return 0;
}

int stream_open(struct inode *inode, struct file *file)
{
	return nonseekable_open(inode, file);
}

int simple_open(struct inode *inode, struct file *file)
{
	if (inode->i_private)
		file->private_data = inode->i_private;
	return 0;
}

loff_t dmk_no_llseek(struct file *file, loff_t offset, int whence)
{
	return -ESPIPE;
}

loff_t noop_llseek(struct file *file, loff_t offset, int whence)
{
	return file->f_pos;
}

static loff_t seek(struct file *file, loff_t offset, int whence, loff_t size, loff_t last)
{
	loff_t base = whence == SEEK_CUR ? file->f_pos : whence == SEEK_END ? size : 0;
	loff_t position;

	if (whence < SEEK_SET || whence > SEEK_END ||
	    __builtin_add_overflow(base, offset, &position) || position < 0 || position > last)
		return -EINVAL;
	file->f_pos = position;
	return position;
}

loff_t default_llseek(struct file *file, loff_t offset, int whence)
{
	return seek(file, offset, whence, file->f_inode->i_size, LONG_MAX);
}

loff_t generic_file_llseek(struct file *file, loff_t offset, int whence)
{
	return default_llseek(file, offset, whence);
}

loff_t fixed_size_llseek(struct file *file, loff_t offset, int whence, loff_t size)
{
	return seek(file, offset, whence, size, size);
}

long compat_ptr_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	return file->f_op->unlocked_ioctl ? file->f_op->unlocked_ioctl(file, command, argument)
					  : -ENOTTY;
}

ssize_t simple_read_from_buffer(void __user *to, size_t count, loff_t *position, const void *from,
				size_t available)
{
	loff_t at = *position;
	size_t left;

	if (at < 0)
		return -EINVAL;
	if ((size_t)at >= available || !count)
		return 0;
	if (count > available - (size_t)at)
		count = available - (size_t)at;
	left = copy_to_user(to, (const char *)from + at, count);
	if (left == count)
		return -EFAULT;
	*position = at + (loff_t)(count - left);
	return (ssize_t)(count - left);
}

ssize_t simple_write_to_buffer(void *to, size_t available, loff_t *position,
			       const void __user *from, size_t count)
{
	loff_t at = *position;
	size_t left;

	if (at < 0)
		return -EINVAL;
	if ((size_t)at >= available || !count)
		return 0;
	if (count > available - (size_t)at)
		count = available - (size_t)at;
	left = copy_from_user((char *)to + at, from, count);
	if (left == count)
		return -EFAULT;
	*position = at + (loff_t)(count - left);
	return (ssize_t)(count - left);
}
