// SPDX-License-Identifier: MIT
/*
 * Who has which DMA channel, as files where Linux has them: /proc/dma of the ISA bus (ISA-01), and
 * /sys/kernel/debug/dmaengine/summary of the DMA engine.
 */
#include "internal.h"
#include "tree.h"

#include <errno.h>
#include <stdlib.h>

#include <linux/err.h>
#include <linux/seq_file.h>

#include "device.h"

typedef size_t (*list_fn)(char *text, size_t size);

/* Made anew when it grew meanwhile. */
static int show_list(struct seq_file *m, list_fn list, const char *nothing)
{
	size_t size = 0, needed = list(NULL, 0) + 1;
	char *text = NULL;

	while (size < needed) {
		free(text);
		size = needed;
		text = malloc(size);
		if (!text)
			return -ENOMEM;
		needed = list(text, size) + 1;
	}
	seq_puts(m, *text ? text : nothing);
	free(text);
	return 0;
}

static int show_isa(struct seq_file *m, void *v)
{
	return show_list(m, dmk_isa_dma_list, "No DMA\n");
}

static int show_engine(struct seq_file *m, void *v)
{
	return show_list(m, dmk_dma_engine_list, "");
}

static int open_isa(struct inode *inode, struct file *file)
{
	return single_open(file, show_isa, NULL);
}

static int open_engine(struct inode *inode, struct file *file)
{
	return single_open(file, show_engine, NULL);
}

static const struct file_operations isa_fops = {
	.open = open_isa,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

static const struct file_operations engine_fops = {
	.open = open_engine,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

static bool make(const char *directory, const char *name, const struct file_operations *fops)
{
	struct dmk_node *where = dmk_node_directories(directory);

	return !IS_ERR_OR_NULL(where) && !IS_ERR(dmk_node_make(where, name, 0444, fops, NULL));
}

int dmk_dma_files_start(void)
{
	return make("proc", "dma", &isa_fops) &&
			       make("sys/kernel/debug/dmaengine", "summary", &engine_fops)
		       ? 0
		       : -ENOMEM;
}
