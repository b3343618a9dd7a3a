/* SPDX-License-Identifier: MIT */
/*
 * Files whose text is made when they are read: the driver prints records, and the reader gets them
 * in pieces of any size. A record that does not fit the buffer is printed again to a larger one.
 */
#ifndef _LINUX_SEQ_FILE_H
#define _LINUX_SEQ_FILE_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/bug.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sprintf.h>
#include <linux/string.h>

struct seq_operations;

struct seq_file {
	char *buf;
	size_t size;  /* of buf */
	size_t from;  /* the first byte that no reader had yet, */
	size_t count; /* and how many there are from the buffer's start */
	size_t pad_until;
	loff_t index; /* of the record that comes next */
	loff_t read_pos;
	struct mutex lock;
	const struct seq_operations *op;
	const struct file *file;
	void *private;
};

/**
 * struct seq_operations - a walk over records: start at *@pos, show each, next until NULL, stop
 *
 * start and next may return an ERR_PTR; stop follows each start, whatever it returned.
 */
struct seq_operations {
	void *(*start)(struct seq_file *m, loff_t *pos);
	void (*stop)(struct seq_file *m, void *v);
	void *(*next)(struct seq_file *m, void *v, loff_t *pos);
	int (*show)(struct seq_file *m, void *v);
};

#define SEQ_SKIP        1
#define SEQ_START_TOKEN ((void *)1)

/**
 * seq_open - for a file's open: seq_read(), seq_lseek() and seq_release() are its other operations.
 * private_data is the seq_file then. 0, -ENOMEM.
 */
int seq_open(struct file *file, const struct seq_operations *op) DMK_SYM(seq_open);
int seq_release(struct inode *inode, struct file *file) DMK_SYM(seq_release);
ssize_t seq_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
	DMK_SYM(seq_read);
loff_t seq_lseek(struct file *file, loff_t offset, int whence) DMK_SYM(seq_lseek);

/** seq_open_private - with @size zeroed bytes in private, freed by seq_release_private() */
int seq_open_private(struct file *file, const struct seq_operations *op, int size)
	DMK_SYM(seq_open_private);
void *dmk_seq_open_state(struct file *file, const struct seq_operations *op, int size);
#define __seq_open_private(file, op, size) dmk_seq_open_state(file, op, size)
int seq_release_private(struct inode *inode, struct file *file) DMK_SYM(seq_release_private);

/**
 * single_open - one record, which @show prints; ends with single_release(), and with no other.
 * 0, -ENOMEM.
 */
int single_open(struct file *file, int (*show)(struct seq_file *m, void *v), void *data)
	DMK_SYM(single_open);
int single_open_size(struct file *file, int (*show)(struct seq_file *m, void *v), void *data,
		     size_t size) DMK_SYM(single_open_size);
int single_release(struct inode *inode, struct file *file) DMK_SYM(single_release);

void seq_printf(struct seq_file *m, const char *format, ...) DMK_SYM(seq_printf) __printf(2, 3);
void seq_vprintf(struct seq_file *m, const char *format, __builtin_va_list arguments)
	DMK_SYM(seq_vprintf);
void seq_putc(struct seq_file *m, char c) DMK_SYM(seq_putc);
void seq_puts(struct seq_file *m, const char *s) DMK_SYM(seq_puts);
/** seq_write - bytes as they are. 0, -1: they did not fit, and the record will be printed again */
int seq_write(struct seq_file *m, const void *data, size_t size) DMK_SYM(seq_write);
void seq_put_decimal_ull(struct seq_file *m, const char *delimiter, unsigned long long number)
	DMK_SYM(seq_put_decimal_ull);
void seq_put_decimal_ll(struct seq_file *m, const char *delimiter, long long number)
	DMK_SYM(seq_put_decimal_ll);
/** seq_escape - @s, with each character of @escape as a backslash and three octal digits */
void seq_escape(struct seq_file *m, const char *s, const char *escape) DMK_SYM(seq_escape);
void seq_pad(struct seq_file *m, char c) DMK_SYM(seq_pad);

static inline bool seq_has_overflowed(struct seq_file *m)
{
	return m->count == m->size;
}

/** seq_setwidth - the next seq_pad() fills up to @size characters from here */
static inline void seq_setwidth(struct seq_file *m, size_t size)
{
	m->pad_until = m->count + size;
}

/* Walks over lists, for start and next. */
struct list_head *seq_list_start(struct list_head *head, loff_t pos) DMK_SYM(seq_list_start);
struct list_head *seq_list_start_head(struct list_head *head, loff_t pos)
	DMK_SYM(seq_list_start_head);
struct list_head *seq_list_next(void *v, struct list_head *head, loff_t *pos)
	DMK_SYM(seq_list_next);

#define DEFINE_SEQ_ATTRIBUTE(__name)                                                         \
	static int __name##_open(struct inode *inode, struct file *file)                     \
	{                                                                                    \
		int error = seq_open(file, &__name##_sops);                                  \
		if (!error && inode->i_private)                                              \
			((struct seq_file *)file->private_data)->private = inode->i_private; \
		return error;                                                                \
	}                                                                                    \
	static const struct file_operations __name##_fops = {                                \
		.owner = THIS_MODULE,                                                        \
		.open = __name##_open,                                                       \
		.read = seq_read,                                                            \
		.llseek = seq_lseek,                                                         \
		.release = seq_release,                                                      \
	}

#define DEFINE_SHOW_ATTRIBUTE(__name)                                      \
	static int __name##_open(struct inode *inode, struct file *file)   \
	{                                                                  \
		return single_open(file, __name##_show, inode->i_private); \
	}                                                                  \
	static const struct file_operations __name##_fops = {              \
		.owner = THIS_MODULE,                                      \
		.open = __name##_open,                                     \
		.read = seq_read,                                          \
		.llseek = seq_lseek,                                       \
		.release = single_release,                                 \
	}

#define DEFINE_SHOW_STORE_ATTRIBUTE(__name)                                \
	static int __name##_open(struct inode *inode, struct file *file)   \
	{                                                                  \
		return single_open(file, __name##_show, inode->i_private); \
	}                                                                  \
	static const struct file_operations __name##_fops = {              \
		.owner = THIS_MODULE,                                      \
		.open = __name##_open,                                     \
		.read = seq_read,                                          \
		.write = __name##_write,                                   \
		.llseek = seq_lseek,                                       \
		.release = single_release,                                 \
	}

#define DEFINE_PROC_SHOW_ATTRIBUTE(__name)                                \
	static int __name##_open(struct inode *inode, struct file *file)  \
	{                                                                 \
		return single_open(file, __name##_show, pde_data(inode)); \
	}                                                                 \
	static const struct proc_ops __name##_proc_ops = {                \
		.proc_open = __name##_open,                               \
		.proc_read = seq_read,                                    \
		.proc_lseek = seq_lseek,                                  \
		.proc_release = single_release,                           \
	}

#endif
