/* SPDX-License-Identifier: MIT */
/*
 * Files of character devices, and of what drivers show below /proc and /sys: what a driver's
 * file_operations get. There are no file systems here.
 */
#ifndef _LINUX_FS_H
#define _LINUX_FS_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/kdev_t.h>
#include <linux/list.h>
#include <linux/export.h>
#include <linux/stat.h>
#include <linux/wait.h>
#include <linux/version.h>

struct address_space;
struct cdev;
struct fasync_struct;
struct inode;
struct file;
struct kiocb;
struct iov_iter;
struct module;
struct poll_table_struct;
struct seq_file;
struct vm_area_struct;

typedef unsigned int fmode_t;
typedef void *fl_owner_t;

#define FMODE_READ ((fmode_t)1)
#define FMODE_WRITE ((fmode_t)2)
#define FMODE_LSEEK ((fmode_t)4)
#define FMODE_PREAD ((fmode_t)8)
#define FMODE_PWRITE ((fmode_t)16)
#define FMODE_EXEC ((fmode_t)32)

#ifndef SEEK_SET
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#endif

struct inode {
	umode_t i_mode;
	dev_t i_rdev;
	loff_t i_size;
	unsigned long i_ino;
	void *i_private;
	struct cdev *i_cdev;
};

struct qstr {
	u32 len;
	const unsigned char *name;
};

struct dentry {
	struct inode *d_inode;
	struct qstr d_name; /* without the directory */
};

struct path {
	struct dentry *dentry;
};

struct file {
	const struct file_operations *f_op;
	void *private_data;
	struct inode *f_inode;
	unsigned int f_flags;
	fmode_t f_mode;
	loff_t f_pos;
	struct path f_path;
	struct address_space *f_mapping;
	void *dmk; /* the file layer's */
};

struct file_operations {
	struct module *owner;
	loff_t (*llseek)(struct file *file, loff_t offset, int whence);
	ssize_t (*read)(struct file *file, char __user *buffer, size_t size, loff_t *position);
	ssize_t (*write)(struct file *file, const char __user *buffer, size_t size,
			 loff_t *position);
	ssize_t (*read_iter)(struct kiocb *iocb, struct iov_iter *to);
	ssize_t (*write_iter)(struct kiocb *iocb, struct iov_iter *from);
	__poll_t (*poll)(struct file *file, struct poll_table_struct *table);
	long (*unlocked_ioctl)(struct file *file, unsigned int command, unsigned long argument);
	long (*compat_ioctl)(struct file *file, unsigned int command, unsigned long argument);
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
	unsigned long mmap_supported_flags;
	int (*open)(struct inode *inode, struct file *file);
	int (*flush)(struct file *file, fl_owner_t id);
	int (*release)(struct inode *inode, struct file *file);
	int (*fsync)(struct file *file, loff_t first, loff_t last, int datasync);
	int (*fasync)(int fd, struct file *file, int on);
};

/** register_chrdev_region - claim [first, first + count): 0, -EBUSY, -EINVAL, -ENOMEM */
int register_chrdev_region(dev_t first, unsigned int count, const char *name)
	DMK_SYM(register_chrdev_region);
/** alloc_chrdev_region - claim @count minors from @minor of a major that nobody has */
int alloc_chrdev_region(dev_t *first, unsigned int minor, unsigned int count, const char *name)
	DMK_SYM(alloc_chrdev_region);
void unregister_chrdev_region(dev_t first, unsigned int count) DMK_SYM(unregister_chrdev_region);
/**
 * register_chrdev - 256 minors and a cdev. @major 0: choose one and return it; else 0. -EBUSY,
 * -EINVAL, -ENOMEM.
 */
int register_chrdev(unsigned int major, const char *name, const struct file_operations *fops)
	DMK_SYM(register_chrdev);
void unregister_chrdev(unsigned int major, const char *name) DMK_SYM(unregister_chrdev);

int nonseekable_open(struct inode *inode, struct file *file) DMK_SYM(nonseekable_open);
int stream_open(struct inode *inode, struct file *file) DMK_SYM(stream_open);
int simple_open(struct inode *inode, struct file *file) DMK_SYM(simple_open);
loff_t dmk_no_llseek(struct file *file, loff_t offset, int whence);
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define no_llseek dmk_no_llseek
#endif
loff_t noop_llseek(struct file *file, loff_t offset, int whence) DMK_SYM(noop_llseek);
loff_t generic_file_llseek(struct file *file, loff_t offset, int whence)
	DMK_SYM(generic_file_llseek);
loff_t default_llseek(struct file *file, loff_t offset, int whence) DMK_SYM(default_llseek);
loff_t fixed_size_llseek(struct file *file, loff_t offset, int whence, loff_t size)
	DMK_SYM(fixed_size_llseek);
long compat_ptr_ioctl(struct file *file, unsigned int command, unsigned long argument)
	DMK_SYM(compat_ptr_ioctl);

/**
 * Copy between a user's buffer and one of @available bytes, from *@position on, which moves. Bytes,
 * or -EFAULT, -EINVAL.
 */
ssize_t simple_read_from_buffer(void __user *to, size_t count, loff_t *position, const void *from,
				size_t available) DMK_SYM(simple_read_from_buffer);
ssize_t simple_write_to_buffer(void *to, size_t available, loff_t *position,
			       const void __user *from, size_t count)
	DMK_SYM(simple_write_to_buffer);

/**
 * Files of one number: @get is asked when the file is read, @set told what is written. Either may
 * be NULL: that gives -EACCES. The inode's i_private is passed on.
 */
#define DEFINE_SIMPLE_ATTRIBUTE(name, get, set, format)                       \
	static int name##_open(struct inode *inode, struct file *file)        \
	{                                                                     \
		dmk_check_printk((format), 0ULL);                             \
		return simple_attr_open(inode, file, (get), (set), (format)); \
	}                                                                     \
	static const struct file_operations name = {                          \
		.owner = THIS_MODULE,                                         \
		.open = name##_open,                                          \
		.release = simple_attr_release,                               \
		.read = simple_attr_read,                                     \
		.write = simple_attr_write,                                   \
		.llseek = generic_file_llseek,                                \
	}
static inline void __printf(1, 2) dmk_check_printk(const char *format, ...)
{
}
int simple_attr_open(struct inode *inode, struct file *file, int (*get)(void *data, u64 *value),
		     int (*set)(void *data, u64 value), const char *format)
	DMK_SYM(simple_attr_open);
int simple_attr_release(struct inode *inode, struct file *file) DMK_SYM(simple_attr_release);
ssize_t simple_attr_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
	DMK_SYM(simple_attr_read);
ssize_t simple_attr_write(struct file *file, const char __user *buffer, size_t size,
			  loff_t *position) DMK_SYM(simple_attr_write);

static inline struct inode *file_inode(const struct file *file)
{
	return file->f_inode;
}

static inline unsigned int iminor(const struct inode *inode)
{
	return MINOR(inode->i_rdev);
}

static inline unsigned int imajor(const struct inode *inode)
{
	return MAJOR(inode->i_rdev);
}

static inline loff_t i_size_read(const struct inode *inode)
{
	return inode->i_size;
}

#endif
