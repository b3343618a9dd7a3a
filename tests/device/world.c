// SPDX-License-Identifier: MIT
/*
 * A driver of no card: what drivers show by path, below /proc and /sys, for test-world.c to see.
 * Driver world: kernel headers only.
 */
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "world.h"

struct world_state world;

/* --- /proc ------------------------------------------------------------------------------------ */

struct record {
	struct list_head link;
	int number;
};

static LIST_HEAD(records);
static struct proc_dir_entry *directory;

static void *records_start(struct seq_file *m, loff_t *pos)
{
	world.starts++;
	return seq_list_start(&records, *pos);
}

static void *records_next(struct seq_file *m, void *v, loff_t *pos)
{
	return seq_list_next(v, &records, pos);
}

static void records_stop(struct seq_file *m, void *v)
{
	world.stops++;
}

static int records_show(struct seq_file *m, void *v)
{
	int number = list_entry(v, struct record, link)->number;

	world.shows++;
	if (number == world.skipped)
		return SEQ_SKIP;
	if (number == world.failing)
		return -EIO;
	seq_printf(m, "record %04d%*s\n", number, number == world.wide ? 6000 : 0, "");
	return 0;
}

static const struct seq_operations record_operations = {
	.start = records_start,
	.next = records_next,
	.stop = records_stop,
	.show = records_show,
};

static int single_show(struct seq_file *m, void *v)
{
	seq_puts(m, "value");
	seq_put_decimal_ull(m, " ", *(int *)m->private);
	seq_setwidth(m, 6);
	seq_puts(m, " a");
	seq_pad(m, '|');
	seq_escape(m, "x y", " ");
	seq_putc(m, '\n');
	return 0;
}

static int text_open(struct inode *inode, struct file *file)
{
	file->private_data = pde_data(inode);
	return 0;
}

static ssize_t text_read(struct file *file, char __user *buffer, size_t size, loff_t *position)
{
	return simple_read_from_buffer(buffer, size, position, file->private_data,
				       strlen(file->private_data));
}

static ssize_t text_write(struct file *file, const char __user *buffer, size_t size,
			  loff_t *position)
{
	char *text = file->private_data;
	ssize_t n = simple_write_to_buffer(text, WORLD_TEXT - 1, position, buffer, size);

	if (n >= 0)
		text[*position] = '\0';
	if (world.remove_in_write)
		remove_proc_entry("text", directory);
	return n;
}

static int text_release(struct inode *inode, struct file *file)
{
	world.releases++;
	return 0;
}

static const struct proc_ops text_operations = {
	.proc_open = text_open,
	.proc_read = text_read,
	.proc_write = text_write,
	.proc_lseek = default_llseek,
	.proc_release = text_release,
};

static const struct proc_ops no_operations;

static void make_records(int n)
{
	for (int i = 0; i < n; i++) {
		struct record *record = kzalloc(sizeof(*record), GFP_KERNEL);

		record->number = i;
		list_add_tail(&record->link, &records);
	}
}

static void free_records(void)
{
	while (!list_empty(&records)) {
		struct record *record = list_first_entry(&records, struct record, link);

		list_del(&record->link);
		kfree(record);
	}
}

int world_twice(void)
{
	return proc_create("text", 0, directory, &text_operations) != NULL;
}

void world_remove_text(void)
{
	remove_proc_entry("text", directory);
}

static int __init world_init(void)
{
	strscpy(world.text, "hello", sizeof(world.text));
	world.wide = world.skipped = world.failing = -1;
	make_records(WORLD_RECORDS);
	directory = proc_mkdir("world", NULL);
	proc_create_data("world/text", 0644, NULL, &text_operations, world.text);
	proc_create("nothing", 0, directory, &no_operations);
	proc_create_single_data("single", 0, directory, single_show, &world.number);
	proc_create_seq("records", 0, directory, &record_operations);
	proc_symlink("link", directory, "/proc/world/text");
	return 0;
}

static void __exit world_exit(void)
{
	if (!world.leave_behind)
		proc_remove(directory);
	free_records();
}

module_init(world_init);
module_exit(world_exit);
MODULE_LICENSE("GPL");
