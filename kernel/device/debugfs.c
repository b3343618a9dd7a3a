// SPDX-License-Identifier: MIT
/*
 * Entries below /sys/kernel/debug, as nodes of the tree. A struct dentry that a driver has from
 * here is an entry's; the node has what the file system needs. Files of ready-made kinds are in
 * debugfs_files.c.
 */
#include "internal.h"
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/debugfs.h>
#include <linux/printk.h>

#include "../internal.h"

/*
 * Lives while its node does, and as long as debugfs_lookup() has given out references. Guarded by
 * the lock; the dentry and what it points to never change.
 */
struct entry {
	struct dentry dentry; /* first */
	struct inode inode;
	struct entry *next;
	struct dmk_node *node; /* NULL: it is gone */
	int references;
	char name[];
};

static struct entry *entries;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void take_out(struct entry *entry)
{
	struct entry **at = &entries;

	while (*at && *at != entry)
		at = &(*at)->next;
	if (*at)
		*at = entry->next;
}

static void put(struct entry *entry)
{
	bool last;

	pthread_mutex_lock(&lock);
	last = !--entry->references;
	if (last)
		take_out(entry);
	pthread_mutex_unlock(&lock);
	if (last)
		free(entry);
}

/* The entry of a node, or of a dentry, with a reference; NULL: it has none, or is gone. */
static struct entry *find(const struct dmk_node *node, const struct dentry *dentry)
{
	struct entry *entry;

	pthread_mutex_lock(&lock);
	entry = entries;
	while (entry && (node ? entry->node != node : &entry->dentry != dentry))
		entry = entry->next;
	if (entry)
		entry->references++;
	pthread_mutex_unlock(&lock);
	return entry;
}

void dput(struct dentry *dentry)
{
	struct entry *entry = IS_ERR_OR_NULL(dentry) ? NULL : find(NULL, dentry);

	if (!entry)
		return;
	put(entry); /* what debugfs_lookup() took */
	put(entry);
}

static void node_ends(struct dmk_node *node)
{
	struct entry *entry = find(node, NULL);

	if (!entry)
		return;
	pthread_mutex_lock(&lock);
	entry->node = NULL;
	pthread_mutex_unlock(&lock);
	put(entry); /* the node's */
	put(entry);
}

/* NULL: it is gone. */
static struct dmk_node *directory_of(const struct dentry *parent)
{
	struct dmk_node *node;
	struct entry *entry;

	if (!parent)
		return dmk_node_directories("sys/kernel/debug");
	entry = find(NULL, parent);
	if (!entry)
		return NULL;
	node = entry->node;
	put(entry);
	return node;
}

static struct entry *entry_new(const char *name, umode_t mode, void *data, loff_t size)
{
	size_t n = strlen(name) + 1;
	struct entry *entry = calloc(1, sizeof(*entry) + n);

	if (!entry)
		return NULL;
	memcpy(entry->name, name, n);
	entry->inode = (struct inode){.i_mode = mode, .i_size = size, .i_private = data};
	entry->dentry.d_inode = &entry->inode;
	entry->dentry.d_name.name = (const unsigned char *)entry->name;
	entry->dentry.d_name.len = (u32)n - 1;
	entry->references = 1;
	return entry;
}

/* The node's and the entry's halves are joined before a driver can have either. */
static void join(struct entry *entry, struct dmk_node *node)
{
	pthread_mutex_lock(&lock);
	entry->node = node;
	entry->next = entries;
	entries = entry;
	pthread_mutex_unlock(&lock);
	node->release = node_ends;
	node->gone_result = -EIO;
	node->is_drivers = true;
}

/* @target: a link's; then @fops is NULL. */
static struct dentry *create(const char *name, umode_t mode, struct dentry *parent, void *data,
			     const struct file_operations *fops, const char *target, loff_t size)
{
	struct dmk_node *directory, *node;
	struct entry *entry;

	if (IS_ERR(parent))
		return parent;
	if (!name || !*name || strchr(name, '/'))
		return ERR_PTR(-EINVAL);
	directory = directory_of(parent);
	if (IS_ERR_OR_NULL(directory))
		return directory ? ERR_CAST(directory) : ERR_PTR(-ENOENT);
	entry = entry_new(name, mode, data, size);
	if (!entry)
		return ERR_PTR(-ENOMEM);
	node = target ? dmk_node_link(directory, name, target)
		      : dmk_node_make(directory, name, mode, fops, data);
	if (IS_ERR(node)) {
		if (PTR_ERR(node) == -EEXIST)
			printk(KERN_ERR "debugfs: the name '%s' is taken in '%s'\n", name,
			       parent ? (const char *)parent->d_name.name : "/");
		free(entry);
		return ERR_CAST(node);
	}
	node->size = size;
	join(entry, node);
	return &entry->dentry;
}

static bool fails(const void *caller)
{
	return dmk_should_fail(DMK_FAIL_DEVICE, caller);
}

static umode_t file_mode(umode_t mode)
{
	return S_IFREG | (mode & 07777);
}

struct dentry *debugfs_create_file(const char *name, umode_t mode, struct dentry *parent,
				   void *data, const struct file_operations *fops)
{
	if (fails(DMK_CALLER))
		return ERR_PTR(-ENOMEM);
	return create(name, file_mode(mode), parent, data, fops, NULL, 0);
}

void debugfs_create_file_size(const char *name, umode_t mode, struct dentry *parent, void *data,
			      const struct file_operations *fops, loff_t size)
{
	if (!fails(DMK_CALLER))
		create(name, file_mode(mode), parent, data, fops, NULL, size);
}

struct dentry *debugfs_create_dir(const char *name, struct dentry *parent)
{
	if (fails(DMK_CALLER))
		return ERR_PTR(-ENOMEM);
	return create(name, S_IFDIR | 0755, parent, NULL, NULL, NULL, 0);
}

struct dentry *debugfs_create_symlink(const char *name, struct dentry *parent, const char *target)
{
	if (fails(DMK_CALLER))
		return ERR_PTR(-ENOMEM);
	if (!target || *target != '/')
		return ERR_PTR(-EINVAL);
	return create(name, S_IFLNK | 0777, parent, NULL, NULL, target, 0);
}

/* A node that somebody has open is there for a while after it was removed. */
static bool is_there(const struct entry *entry)
{
	bool there = entry && entry->node && dmk_node_enter(entry->node);

	if (there)
		dmk_node_leave(entry->node);
	return there;
}

void debugfs_remove(struct dentry *dentry)
{
	struct entry *entry = IS_ERR_OR_NULL(dentry) ? NULL : find(NULL, dentry);

	if (is_there(entry))
		dmk_node_remove(entry->node);
	else if (!IS_ERR_OR_NULL(dentry))
		dmk_complain(DMK_CALLER, "debugfs_remove: the entry at %p is gone already",
			     (void *)dentry);
	if (entry)
		put(entry);
}

struct dentry *debugfs_lookup(const char *name, struct dentry *parent)
{
	struct dmk_node *directory, *node;
	struct entry *entry = NULL;

	if (IS_ERR(parent) || !name)
		return NULL;
	directory = directory_of(parent);
	node = IS_ERR_OR_NULL(directory) ? NULL : dmk_node_child(directory, name);
	if (node)
		entry = find(node, NULL);
	dmk_node_put(node);
	return entry ? &entry->dentry : NULL;
}

void debugfs_lookup_and_remove(const char *name, struct dentry *parent)
{
	struct dentry *dentry = debugfs_lookup(name, parent);

	debugfs_remove(dentry);
	dput(dentry);
}
