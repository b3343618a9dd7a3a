// SPDX-License-Identifier: MIT
/*
 * Sequence files: records printed to a buffer, and read from it. It knows nothing of who opened the
 * file or where it is.
 *
 * The buffer holds whole records, up to a page of them, and what of it no reader had yet is
 * [from, count). A position that is not where the last read ended is reached by printing all before
 * it again: records have no sizes.
 */
#include "internal.h"

#include <errno.h>
#include <limits.h>

#include <linux/err.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

enum { LARGEST = 1 << 26 };

/* --- printing --------------------------------------------------------------------------------- */

static void overflow(struct seq_file *m)
{
	m->count = m->size;
}

void seq_vprintf(struct seq_file *m, const char *format, __builtin_va_list arguments)
{
	int n;

	if (m->count >= m->size)
		return;
	n = dmk_vsnprintf(m->buf + m->count, m->size - m->count, format, arguments);
	if (n >= 0 && (size_t)n < m->size - m->count)
		m->count += (size_t)n;
	else
		overflow(m);
}

void seq_printf(struct seq_file *m, const char *format, ...)
{
	__builtin_va_list arguments;

	__builtin_va_start(arguments, format);
	seq_vprintf(m, format, arguments);
	__builtin_va_end(arguments);
}

int seq_write(struct seq_file *m, const void *data, size_t size)
{
	if (size >= m->size - m->count) {
		overflow(m);
		return -1;
	}
	memcpy(m->buf + m->count, data, size);
	m->count += size;
	return 0;
}

void seq_putc(struct seq_file *m, char c)
{
	seq_write(m, &c, 1);
}

void seq_puts(struct seq_file *m, const char *s)
{
	seq_write(m, s, strlen(s));
}

void seq_put_decimal_ull(struct seq_file *m, const char *delimiter, unsigned long long number)
{
	seq_printf(m, "%s%llu", delimiter ? delimiter : "", number);
}

void seq_put_decimal_ll(struct seq_file *m, const char *delimiter, long long number)
{
	seq_printf(m, "%s%lld", delimiter ? delimiter : "", number);
}

void seq_escape(struct seq_file *m, const char *s, const char *escape)
{
	for (; *s; s++)
		if (strchr(escape, *s))
			seq_printf(m, "\\%03o", (unsigned char)*s);
		else
			seq_putc(m, *s);
}

void seq_pad(struct seq_file *m, char c)
{
	while (m->count < m->pad_until && !seq_has_overflowed(m))
		seq_putc(m, ' ');
	if (c)
		seq_putc(m, c);
}

/* --- reading ---------------------------------------------------------------------------------- */

static int enlarge(struct seq_file *m)
{
	size_t size = m->size ? m->size * 2 : DMK_PAGE_SIZE;
	char *more = size > LARGEST ? NULL : kvmalloc(size, GFP_KERNEL);

	if (!more)
		return -ENOMEM;
	kvfree(m->buf);
	m->buf = more;
	m->size = size;
	m->count = 0;
	return 0;
}

/* One record at the buffer's end. 0, 1: it did not fit and nothing of it is there, or an errno. */
static int show(struct seq_file *m, void *v)
{
	size_t before = m->count;
	int result = m->op->show(m, v);

	if (result >= 0 && seq_has_overflowed(m)) {
		m->count = before;
		return 1;
	}
	if (result)
		m->count = before; /* skipped, or failed */
	return result < 0 ? result : 0;
}

/*
 * Whole records from m->index on to an empty buffer, at least one that is not empty, up to @wanted
 * bytes. Bytes, 0 at the end, -EAGAIN: the first did not fit, or an errno.
 */
static long fill(struct seq_file *m, size_t wanted)
{
	void *v = m->op->start(m, &m->index);
	long result = 0;

	while (!IS_ERR_OR_NULL(v)) {
		loff_t index = m->index;

		result = show(m, v);
		if (result)
			break;
		v = m->op->next(m, v, &m->index);
		if (index == m->index)
			m->index++; /* a next that does not count */
		if (m->count >= wanted)
			break;
	}
	m->op->stop(m, v);
	if (m->count)
		return (long)m->count; /* what went wrong after it comes again */
	if (result)
		return result < 0 ? result : -EAGAIN;
	return IS_ERR(v) ? PTR_ERR(v) : 0;
}

static long refill(struct seq_file *m, size_t wanted)
{
	long n;

	do {
		m->from = 0;
		m->count = 0;
		if (!m->buf) {
			n = enlarge(m);
			if (n)
				return n;
		}
		n = fill(m, wanted < m->size ? wanted : m->size);
		if (n == -EAGAIN && enlarge(m))
			return -ENOMEM;
	} while (n == -EAGAIN);
	return n;
}

/* Print and drop all before @position. */
static long go_to(struct seq_file *m, loff_t position)
{
	loff_t at = 0;

	m->index = 0;
	m->read_pos = 0;
	m->from = 0;
	m->count = 0;
	while (at < position) {
		long n = refill(m, 1);
		size_t skip;

		if (n <= 0)
			return n;
		skip = position - at < n ? (size_t)(position - at) : (size_t)n;
		m->from = skip;
		at += (loff_t)skip;
	}
	m->read_pos = position;
	return 0;
}

/* What the buffer has, to the user. Bytes, or -EFAULT when it was none. */
static long hand_out(struct seq_file *m, char __user *buffer, size_t size)
{
	size_t n = m->count - m->from;
	size_t left;

	n = n < size ? n : size;
	left = copy_to_user(buffer, m->buf + m->from, n);
	m->from += n - left;
	return n && left == n ? -EFAULT : (long)(n - left);
}

static long read_on(struct seq_file *m, char __user *buffer, size_t size)
{
	long done = 0, n = 0;

	while ((size_t)done < size) {
		if (m->from == m->count)
			n = refill(m, size - (size_t)done);
		if (n < 0 || m->from == m->count)
			break;
		n = hand_out(m, buffer + done, size - (size_t)done);
		if (n < 0)
			break;
		done += n;
	}
	return done ? done : n;
}

ssize_t seq_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	struct seq_file *m = file->private_data;
	long n = 0;

	if (!size)
		return 0;
	mutex_lock(&m->lock);
	if (!*position || *position != m->read_pos)
		n = go_to(m, *position);
	if (!n)
		n = read_on(m, buffer, size);
	if (n > 0) {
		*position += n;
		m->read_pos += n;
	}
	mutex_unlock(&m->lock);
	return n;
}

loff_t seq_lseek(struct file *file, loff_t offset, int whence)
{
	struct seq_file *m = file->private_data;
	loff_t position = offset;
	long error = 0;

	if (whence == SEEK_CUR)
		position = file->f_pos + offset;
	if ((whence != SEEK_SET && whence != SEEK_CUR) || position < 0)
		return -EINVAL;
	mutex_lock(&m->lock);
	if (position != m->read_pos)
		error = go_to(m, position);
	if (!error)
		file->f_pos = position;
	mutex_unlock(&m->lock);
	return error < 0 ? error : position;
}

/* --- opening ---------------------------------------------------------------------------------- */

int seq_open(struct file *file, const struct seq_operations *op)
{
	struct seq_file *m = kzalloc(sizeof(*m), GFP_KERNEL);

	WARN_ON(file->private_data);
	if (!m)
		return -ENOMEM;
	mutex_init(&m->lock);
	m->op = op;
	m->file = file;
	file->private_data = m;
	/* Its position is where records begin, so writing at one means nothing. */
	file->f_mode &= ~FMODE_PWRITE;
	return 0;
}

int seq_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kvfree(m->buf);
	kfree(m);
	return 0;
}

void *dmk_seq_open_state(struct file *file, const struct seq_operations *op, int size)
{
	void *private = kzalloc((size_t)size, GFP_KERNEL);

	if (!private)
		return NULL;
	if (seq_open(file, op)) {
		kfree(private);
		return NULL;
	}
	((struct seq_file *)file->private_data)->private = private;
	return private;
}

int seq_open_private(struct file *file, const struct seq_operations *op, int size)
{
	return dmk_seq_open_state(file, op, size) ? 0 : -ENOMEM;
}

int seq_release_private(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kfree(m->private);
	m->private = NULL;
	return seq_release(inode, file);
}

/* --- one record ------------------------------------------------------------------------------- */

static void *single_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? NULL : SEQ_START_TOKEN;
}

static void *single_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return NULL;
}

static void single_stop(struct seq_file *m, void *v)
{
}

int single_open(struct file *file, int (*show_one)(struct seq_file *m, void *v), void *data)
{
	struct seq_operations *op = kmalloc(sizeof(*op), GFP_KERNEL_ACCOUNT);
	int error;

	if (!op)
		return -ENOMEM;
	*op = (struct seq_operations){single_start, single_stop, single_next, show_one};
	error = seq_open(file, op);
	if (error)
		kfree(op);
	else
		((struct seq_file *)file->private_data)->private = data;
	return error;
}

int single_open_size(struct file *file, int (*show_one)(struct seq_file *m, void *v), void *data,
		     size_t size)
{
	char *buf = kvmalloc(size, GFP_KERNEL);
	int error;

	if (!buf)
		return -ENOMEM;
	error = single_open(file, show_one, data);
	if (error) {
		kvfree(buf);
		return error;
	}
	((struct seq_file *)file->private_data)->buf = buf;
	((struct seq_file *)file->private_data)->size = size;
	return 0;
}

int single_release(struct inode *inode, struct file *file)
{
	const struct seq_operations *op = ((struct seq_file *)file->private_data)->op;
	int error = seq_release(inode, file);

	kfree(op);
	return error;
}

/* --- lists ------------------------------------------------------------------------------------ */

struct list_head *seq_list_start(struct list_head *head, loff_t pos)
{
	struct list_head *at;

	list_for_each(at, head)
		if (pos-- == 0)
			return at;
	return NULL;
}

struct list_head *seq_list_start_head(struct list_head *head, loff_t pos)
{
	return pos ? seq_list_start(head, pos - 1) : head;
}

struct list_head *seq_list_next(void *v, struct list_head *head, loff_t *pos)
{
	struct list_head *at = ((struct list_head *)v)->next;

	++*pos;
	return at == head ? NULL : at;
}
