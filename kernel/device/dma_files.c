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

struct view {
	size_t (*list)(char *text, size_t size);
	const char *nothing; /* what an empty list says */
};

static const struct view isa = {dmk_isa_dma_list, "No DMA\n"};
static const struct view engine = {dmk_dma_engine_list, ""};

/* Made anew when it grew meanwhile. */
static int show(struct seq_file *m, void *v)
{
	const struct view *view = m->private;
	size_t size = 0, needed = view->list(NULL, 0) + 1;
	char *text = NULL;

	while (size < needed) {
		free(text);
		size = needed;
		text = malloc(size);
		if (!text)
			return -ENOMEM;
		needed = view->list(text, size) + 1;
	}
	seq_puts(m, *text ? text : view->nothing);
	free(text);
	return 0;
}

static int open_view(struct inode *inode, struct file *file)
{
	return single_open(file, show, inode->i_private);
}

static const struct file_operations fops = {
	.open = open_view,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

static bool make(const char *directory, const char *name, const struct view *view)
{
	struct dmk_node *where = dmk_node_directories(directory);

	return !IS_ERR_OR_NULL(where) &&
	       !IS_ERR(dmk_node_make(where, name, 0444, &fops, (void *)view));
}

int dmk_dma_files_start(void)
{
	return make("proc", "dma", &isa) && make("sys/kernel/debug/dmaengine", "summary", &engine)
		       ? 0
		       : -ENOMEM;
}
