/* SPDX-License-Identifier: MIT */
/*
 * Files below /proc: opened by a test with dmk_open("/proc/name"), and by a program as any file.
 */
#ifndef _LINUX_PROC_FS_H
#define _LINUX_PROC_FS_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/version.h>

struct proc_dir_entry;

/* From Linux 5.6 on; until then a file's operations were a struct file_operations. */
struct proc_ops {
	unsigned int proc_flags;
	int (*proc_open)(struct inode *inode, struct file *file);
	ssize_t (*proc_read)(struct file *file, char __user *buffer, size_t size, loff_t *position);
	ssize_t (*proc_read_iter)(struct kiocb *iocb, struct iov_iter *to);
	ssize_t (*proc_write)(struct file *file, const char __user *buffer, size_t size,
			      loff_t *position);
	loff_t (*proc_lseek)(struct file *file, loff_t offset, int whence);
	int (*proc_release)(struct inode *inode, struct file *file);
	__poll_t (*proc_poll)(struct file *file, struct poll_table_struct *table);
	long (*proc_ioctl)(struct file *file, unsigned int command, unsigned long argument);
	int (*proc_mmap)(struct file *file, struct vm_area_struct *vma);
};

enum {
	PROC_ENTRY_PERMANENT = 1U << 0,
};

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 6, 0)
typedef struct proc_ops dmk_proc_ops;
#else
typedef struct file_operations dmk_proc_ops;
#endif

/**
 * proc_create_data - a file in @parent (NULL: /proc itself), @mode 0: 0444; @data is what
 * pde_data() gives. @ops stays the caller's and lives as long as the file.
 *
 * Return: the file, or NULL: no memory, the name is taken (which is said), or no operations.
 */
struct proc_dir_entry *proc_create_data(const char *name, umode_t mode,
					struct proc_dir_entry *parent, const dmk_proc_ops *ops,
					void *data)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 6, 0)
	DMK_SYM(proc_create_data);
#else
	DMK_SYM(proc_create_data_fops);
#endif
struct proc_dir_entry *proc_create_single_data(const char *name, umode_t mode,
					       struct proc_dir_entry *parent,
					       int (*show)(struct seq_file *m, void *v), void *data)
	DMK_SYM(proc_create_single_data);
/** proc_create_seq_private - records; the seq_file has @state_size zeroed bytes in private */
struct proc_dir_entry *
proc_create_seq_private(const char *name, umode_t mode, struct proc_dir_entry *parent,
			const struct seq_operations *op, unsigned int state_size, void *data)
	DMK_SYM(proc_create_seq_private);
struct proc_dir_entry *proc_mkdir_data(const char *name, umode_t mode,
				       struct proc_dir_entry *parent, void *data)
	DMK_SYM(proc_mkdir_data);
struct proc_dir_entry *proc_symlink(const char *name, struct proc_dir_entry *parent,
				    const char *target) DMK_SYM(proc_symlink);
void proc_set_size(struct proc_dir_entry *entry, loff_t size) DMK_SYM(proc_set_size);

/**
 * proc_remove - the entry and all below it. Returns when no call on them is under way; files that
 * are open are released. NULL does nothing.
 */
void proc_remove(struct proc_dir_entry *entry) DMK_SYM(proc_remove);
/** remove_proc_entry - by name, "dir/file", seen from @parent; one that is not there is told */
void remove_proc_entry(const char *name, struct proc_dir_entry *parent) DMK_SYM(remove_proc_entry);
/** remove_proc_subtree - 0 or -ENOENT */
int remove_proc_subtree(const char *name, struct proc_dir_entry *parent)
	DMK_SYM(remove_proc_subtree);

void *dmk_pde_data(const struct inode *inode);
/** proc_get_parent_data - the data of the directory that the file is in */
void *proc_get_parent_data(const struct inode *inode) DMK_SYM(proc_get_parent_data);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 17, 0)
#define pde_data(inode) dmk_pde_data(inode)
#else
#define PDE_DATA(inode) dmk_pde_data(inode)
#define pde_data(inode) dmk_pde_data(inode)
#endif

static inline struct proc_dir_entry *
proc_create(const char *name, umode_t mode, struct proc_dir_entry *parent, const dmk_proc_ops *ops)
{
	return proc_create_data(name, mode, parent, ops, NULL);
}

static inline struct proc_dir_entry *proc_mkdir(const char *name, struct proc_dir_entry *parent)
{
	return proc_mkdir_data(name, 0, parent, NULL);
}

static inline struct proc_dir_entry *proc_mkdir_mode(const char *name, umode_t mode,
						     struct proc_dir_entry *parent)
{
	return proc_mkdir_data(name, mode, parent, NULL);
}

#define proc_create_single(name, mode, parent, show) \
	proc_create_single_data(name, mode, parent, show, NULL)
#define proc_create_seq_data(name, mode, parent, op, data) \
	proc_create_seq_private(name, mode, parent, op, 0, data)
#define proc_create_seq(name, mode, parent, op) \
	proc_create_seq_private(name, mode, parent, op, 0, NULL)

#endif
