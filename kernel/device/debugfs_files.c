// SPDX-License-Identifier: MIT
/*
 * Ready-made files for debugfs: numbers, flags, texts, bytes and registers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

/* --- numbers ---------------------------------------------------------------------------------- */

/* What the mode does not allow is answered with -EACCES, whoever asks. */
#define ATTRIBUTES(kind, get, set, format)                            \
	DEFINE_SIMPLE_ATTRIBUTE(kind##_both, get, set, format);       \
	DEFINE_SIMPLE_ATTRIBUTE(kind##_read_only, get, NULL, format); \
	DEFINE_SIMPLE_ATTRIBUTE(kind##_write_only, NULL, set, format);
#define CHOICE(kind, mode) \
	(!((mode)&0222) ? &kind##_read_only : !((mode)&0444) ? &kind##_write_only : &kind##_both)

/* What is read and written is one access: a driver may change it meanwhile. */
#define NUMBER(kind, type, format)                                                        \
	static int get_##kind(void *data, u64 *value)                                     \
	{                                                                                 \
		*value = (u64)__atomic_load_n((type *)data, __ATOMIC_RELAXED);            \
		return 0;                                                                 \
	}                                                                                 \
	static int set_##kind(void *data, u64 value)                                      \
	{                                                                                 \
		__atomic_store_n((type *)data, (type)value, __ATOMIC_RELAXED);            \
		return 0;                                                                 \
	}                                                                                 \
	ATTRIBUTES(kind, get_##kind, set_##kind, format)                                  \
	void debugfs_create_##kind(const char *name, umode_t mode, struct dentry *parent, \
				   type *value)                                           \
	{                                                                                 \
		debugfs_create_file(name, mode, parent, value, CHOICE(kind, mode));       \
	}

NUMBER(u8, u8, "%llu\n")
NUMBER(u16, u16, "%llu\n")
NUMBER(u32, u32, "%llu\n")
NUMBER(u64, u64, "%llu\n")
NUMBER(x8, u8, "0x%02llx\n")
NUMBER(x16, u16, "0x%04llx\n")
NUMBER(x32, u32, "0x%08llx\n")
NUMBER(x64, u64, "0x%016llx\n")
NUMBER(ulong, unsigned long, "%llu\n")
NUMBER(size_t, size_t, "%llu\n")

static int get_atomic(void *data, u64 *value)
{
	*value = (u64)atomic_read(data);
	return 0;
}

static int set_atomic(void *data, u64 value)
{
	atomic_set(data, (int)value);
	return 0;
}

ATTRIBUTES(atomic, get_atomic, set_atomic, "%lld\n")

void debugfs_create_atomic_t(const char *name, umode_t mode, struct dentry *parent, atomic_t *value)
{
	debugfs_create_file(name, mode, parent, value, CHOICE(atomic, mode));
}

/* --- flags ------------------------------------------------------------------------------------ */

static ssize_t read_bool(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	const bool *value = file->private_data;

	return simple_read_from_buffer(buffer, size, position,
				       __atomic_load_n(value, __ATOMIC_RELAXED) ? "Y\n" : "N\n", 2);
}

/* What is neither yes nor no changes nothing and is no error, as in Linux. */
static ssize_t write_bool(struct file *file, const char __user *buffer, size_t size,
			  loff_t *position)
{
	char text[4] = "";
	bool value;

	if (copy_from_user(text, buffer, min_t(size_t, size, sizeof(text) - 1)))
		return -EFAULT;
	if (!kstrtobool(text, &value))
		__atomic_store_n((bool *)file->private_data, value, __ATOMIC_RELAXED);
	return (ssize_t)size;
}

static const struct file_operations operations_bool = {
	.open = simple_open,
	.read = read_bool,
	.write = write_bool,
	.llseek = default_llseek,
};

void debugfs_create_bool(const char *name, umode_t mode, struct dentry *parent, bool *value)
{
	debugfs_create_file(name, mode, parent, value, &operations_bool);
}

/* --- bytes, texts, arrays --------------------------------------------------------------------- */

static ssize_t read_blob(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	const struct debugfs_blob_wrapper *blob = file->private_data;

	return simple_read_from_buffer(buffer, size, position, blob->data, blob->size);
}

static const struct file_operations operations_blob = {
	.open = simple_open,
	.read = read_blob,
	.llseek = default_llseek,
};

struct dentry *debugfs_create_blob(const char *name, umode_t mode, struct dentry *parent,
				   struct debugfs_blob_wrapper *blob)
{
	return debugfs_create_file(name, mode & ~0222, parent, blob, &operations_blob);
}

static int show_text(struct seq_file *m, void *v)
{
	const char *text = *(char **)m->private;

	seq_printf(m, "%s\n", text ? text : "(null)");
	return 0;
}

static int show_array(struct seq_file *m, void *v)
{
	const struct debugfs_u32_array *array = m->private;

	for (u32 i = 0; i < array->n_elements; i++)
		seq_printf(m, "%u%c", array->array[i], i + 1 == array->n_elements ? '\n' : ' ');
	return 0;
}

/* --- registers -------------------------------------------------------------------------------- */

void debugfs_print_regs32(struct seq_file *m, const struct debugfs_reg32 *regs, int n,
			  void __iomem *base, char *prefix)
{
	for (int i = 0; i < n && !seq_has_overflowed(m); i++)
		seq_printf(m, "%s%s = 0x%08x\n", prefix ? prefix : "", regs[i].name,
			   readl((char __iomem *)base + regs[i].offset));
}

static int show_registers(struct seq_file *m, void *v)
{
	const struct debugfs_regset32 *set = m->private;

	if (set->dev)
		pm_runtime_get_sync(set->dev);
	debugfs_print_regs32(m, set->regs, set->nregs, set->base, "");
	if (set->dev)
		pm_runtime_put(set->dev);
	return 0;
}

/* --- what prints itself ----------------------------------------------------------------------- */

#define PRINTED(kind, type, show)                                                           \
	static int open_##kind(struct inode *inode, struct file *file)                      \
	{                                                                                   \
		return single_open(file, show, inode->i_private);                           \
	}                                                                                   \
	static const struct file_operations operations_##kind = {                           \
		.open = open_##kind,                                                        \
		.read = seq_read,                                                           \
		.llseek = seq_lseek,                                                        \
		.release = single_release,                                                  \
	};                                                                                  \
	void debugfs_create_##kind(const char *name, umode_t mode, struct dentry *parent,   \
				   type *value)                                             \
	{                                                                                   \
		debugfs_create_file(name, mode & ~0222, parent, value, &operations_##kind); \
	}

PRINTED(str, char *, show_text)
PRINTED(u32_array, struct debugfs_u32_array, show_array)
PRINTED(regset32, struct debugfs_regset32, show_registers)

struct printer {
	struct device *dev;
	int (*show)(struct seq_file *m, void *data);
};

static int open_printer(struct inode *inode, struct file *file)
{
	const struct printer *printer = inode->i_private;

	return single_open(file, printer->show, printer->dev);
}

static const struct file_operations operations_printer = {
	.open = open_printer,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

void debugfs_create_devm_seqfile(struct device *dev, const char *name, struct dentry *parent,
				 int (*show)(struct seq_file *m, void *data))
{
	struct printer *printer;

	if (IS_ERR(parent))
		return;
	printer = devm_kzalloc(dev, sizeof(*printer), GFP_KERNEL);
	if (!printer)
		return;
	printer->dev = dev;
	printer->show = show;
	debugfs_create_file(name, 0444, parent, printer, &operations_printer);
}
