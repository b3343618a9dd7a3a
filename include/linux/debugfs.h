/* SPDX-License-Identifier: MIT */
/*
 * Files for whoever debugs a driver, below /sys/kernel/debug. Nothing depends on them: a driver may
 * pass what these calls return to others of them unlooked at, errors too.
 */
#ifndef _LINUX_DEBUGFS_H
#define _LINUX_DEBUGFS_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/types.h>
#include <linux/version.h>

struct device;

struct debugfs_blob_wrapper {
	void *data;
	unsigned long size;
};

struct debugfs_reg32 {
	char *name;
	unsigned long offset;
};

struct debugfs_regset32 {
	const struct debugfs_reg32 *regs;
	int nregs;
	void __iomem *base;
	struct device *dev; /* awake while they are read; may be NULL */
};

struct debugfs_u32_array {
	u32 *array;
	u32 n_elements;
};

/**
 * debugfs_create_file, _dir, _symlink - below @parent, NULL: /sys/kernel/debug
 * @data: what open() finds in the inode's i_private
 *
 * A file's calls end before debugfs_remove() returns; after it they give -EIO, but for release().
 * Return: the entry, or an ERR_PTR: -EEXIST (said in the log too), -ENOMEM, -EINVAL, -ENOENT
 *         (@parent is gone); @parent if that is one. Never NULL.
 */
struct dentry *debugfs_create_file(const char *name, umode_t mode, struct dentry *parent,
				   void *data, const struct file_operations *fops)
	DMK_SYM(debugfs_create_file);
#define debugfs_create_file_unsafe(name, mode, parent, data, fops) \
	debugfs_create_file((name), (mode), (parent), (data), (fops))
void debugfs_create_file_size(const char *name, umode_t mode, struct dentry *parent, void *data,
			      const struct file_operations *fops, loff_t size)
	DMK_SYM(debugfs_create_file_size);
struct dentry *debugfs_create_dir(const char *name, struct dentry *parent)
	DMK_SYM(debugfs_create_dir);
/** @target: an absolute path; others are refused with -EINVAL */
struct dentry *debugfs_create_symlink(const char *name, struct dentry *parent, const char *target)
	DMK_SYM(debugfs_create_symlink);

/** debugfs_remove - an entry and all below it. NULL and ERR_PTR do nothing. */
void debugfs_remove(struct dentry *dentry) DMK_SYM(debugfs_remove);
#define debugfs_remove_recursive(dentry) debugfs_remove(dentry)
/** debugfs_lookup - with a reference, which dput() gives back; NULL: there is none */
struct dentry *debugfs_lookup(const char *name, struct dentry *parent) DMK_SYM(debugfs_lookup);
void debugfs_lookup_and_remove(const char *name, struct dentry *parent)
	DMK_SYM(debugfs_lookup_and_remove);
void dput(struct dentry *dentry) DMK_SYM(dput);

static inline bool debugfs_initialized(void)
{
	return true;
}

/* Numbers: read as text, and written in any base that has a prefix. x: in hexadecimal. */
void debugfs_create_u8(const char *name, umode_t mode, struct dentry *parent, u8 *value)
	DMK_SYM(debugfs_create_u8);
void debugfs_create_u16(const char *name, umode_t mode, struct dentry *parent, u16 *value)
	DMK_SYM(debugfs_create_u16);
void debugfs_create_u32(const char *name, umode_t mode, struct dentry *parent, u32 *value)
	DMK_SYM(debugfs_create_u32);
void debugfs_create_u64(const char *name, umode_t mode, struct dentry *parent, u64 *value)
	DMK_SYM(debugfs_create_u64);
void debugfs_create_x8(const char *name, umode_t mode, struct dentry *parent, u8 *value)
	DMK_SYM(debugfs_create_x8);
void debugfs_create_x16(const char *name, umode_t mode, struct dentry *parent, u16 *value)
	DMK_SYM(debugfs_create_x16);
void debugfs_create_x32(const char *name, umode_t mode, struct dentry *parent, u32 *value)
	DMK_SYM(debugfs_create_x32);
void debugfs_create_x64(const char *name, umode_t mode, struct dentry *parent, u64 *value)
	DMK_SYM(debugfs_create_x64);
void debugfs_create_ulong(const char *name, umode_t mode, struct dentry *parent,
			  unsigned long *value) DMK_SYM(debugfs_create_ulong);
void debugfs_create_size_t(const char *name, umode_t mode, struct dentry *parent, size_t *value)
	DMK_SYM(debugfs_create_size_t);
void debugfs_create_atomic_t(const char *name, umode_t mode, struct dentry *parent, atomic_t *value)
	DMK_SYM(debugfs_create_atomic_t);
void debugfs_create_bool(const char *name, umode_t mode, struct dentry *parent, bool *value)
	DMK_SYM(debugfs_create_bool);

static inline void debugfs_create_xul(const char *name, umode_t mode, struct dentry *parent,
				      unsigned long *value)
{
	debugfs_create_x64(name, mode, parent, (u64 *)value);
}

/** Bytes as they are, and texts: to be read. The wrapper has to last. */
struct dentry *debugfs_create_blob(const char *name, umode_t mode, struct dentry *parent,
				   struct debugfs_blob_wrapper *blob) DMK_SYM(debugfs_create_blob);
void debugfs_create_str(const char *name, umode_t mode, struct dentry *parent, char **value)
	DMK_SYM(debugfs_create_str);
void debugfs_create_u32_array(const char *name, umode_t mode, struct dentry *parent,
			      struct debugfs_u32_array *array) DMK_SYM(debugfs_create_u32_array);
/** Registers, read one by one when the file is: "name = 0x00000000". */
void debugfs_create_regset32(const char *name, umode_t mode, struct dentry *parent,
			     struct debugfs_regset32 *regset) DMK_SYM(debugfs_create_regset32);
void debugfs_print_regs32(struct seq_file *m, const struct debugfs_reg32 *regs, int n,
			  void __iomem *base, char *prefix) DMK_SYM(debugfs_print_regs32);
/** What @show prints, which finds the device in m->private. Remove it before the device goes. */
void debugfs_create_devm_seqfile(struct device *dev, const char *name, struct dentry *parent,
				 int (*show)(struct seq_file *m, void *data))
	DMK_SYM(debugfs_create_devm_seqfile);

#define DEFINE_DEBUGFS_ATTRIBUTE(name, get, set, format) \
	DEFINE_SIMPLE_ATTRIBUTE(name, get, set, format)
#define debugfs_attr_read  simple_attr_read
#define debugfs_attr_write simple_attr_write

#endif
