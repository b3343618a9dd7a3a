/* SPDX-License-Identifier: MIT */
/*
 * Files by path that are no device's number: what drivers put below /proc, /sys and
 * /sys/kernel/debug, and what the driver core puts there for them. A node is a directory, a file or
 * a link; a file has file_operations as a character device has, and is opened by dmk_open().
 */
#ifndef DMK_KERNEL_DEVICE_TREE_H
#define DMK_KERNEL_DEVICE_TREE_H

#include <linux/fs.h>

struct dmk_node {
	/* Guarded by the tree's lock. */
	struct dmk_node *parent, *next, *child;
	int references;  /* the tree's, each open file's */
	int calls;       /* on its operations, under way */
	bool gone;       /* removed: no call begins any more */
	bool is_drivers; /* a driver made it, and is to remove it */
	bool ends_files; /* a file's release() is called when it is removed, and not at its close */
	int gone_result; /* of calls on what was opened before it was removed; 0: -ENODEV */
	umode_t mode;    /* S_IFDIR, S_IFREG or S_IFLNK, and permissions */
	char *name;
	char *target; /* a link's, an absolute path */
	loff_t size;
	const struct file_operations *fops;
	void *data; /* i_private of whoever opens it */
	/* Called with the last reference; may be NULL. */
	void (*release)(struct dmk_node *node);
};

/**
 * dmk_node_make - a node in a directory
 * @parent: NULL: the top
 * @mode: with the kind; no kind: a file
 *
 * The tree has a reference; the caller has none of its own, and may use the node until it removes
 * it.
 * Return: the node, or an ERR_PTR: -EEXIST (the name is taken), -ENOMEM, -EINVAL (no name, a slash
 *         in it, or @parent is no directory).
 */
struct dmk_node *dmk_node_make(struct dmk_node *parent, const char *name, umode_t mode,
			       const struct file_operations *fops, void *data);
/** dmk_node_link - a link to @target, an absolute path that need not exist; as dmk_node_make() */
struct dmk_node *dmk_node_link(struct dmk_node *parent, const char *name, const char *target);
/** dmk_node_directories - the directory at "sys/kernel/debug", made as far as it is missing */
struct dmk_node *dmk_node_directories(const char *path);
/** dmk_node_child - the node of that name in a directory, with a reference; NULL: none */
struct dmk_node *dmk_node_child(struct dmk_node *parent, const char *name);
/** dmk_node_find - at an absolute path, links followed, with a reference; NULL: nothing is there */
struct dmk_node *dmk_node_find(const char *path);
/** dmk_node_path - where it is, "/proc/edu"; cut at @size */
void dmk_node_path(const struct dmk_node *node, char *path, size_t size);
/** dmk_node_list - the name of a directory's @index-th node. 1, 0: there are not so many */
int dmk_node_list(const struct dmk_node *node, unsigned int index, char *name, size_t size);
struct dmk_node *dmk_node_get(struct dmk_node *node);
void dmk_node_put(struct dmk_node *node);

/**
 * dmk_node_remove - take a node and all below it away; NULL and ERR_PTR do nothing
 *
 * Returns when no call on an operation of them is under way, but for calls of this thread: a file
 * that removes itself. Files that are open stay so and their calls give -ENODEV.
 */
void dmk_node_remove(struct dmk_node *node);

/** dmk_node_enter - a call on its operations begins: false: it is gone */
bool dmk_node_enter(struct dmk_node *node);
void dmk_node_leave(struct dmk_node *node);

/** dmk_tree_stop - everything goes, whoever left it. No call is under way. */
void dmk_tree_stop(void);

#endif
