// SPDX-License-Identifier: MIT
/*
 * The tree of tree.h. One lock guards it; no driver is called with it held. Removal and calls meet
 * in two fields of a node: a call counts itself while the node is not gone, and who removes it says
 * that it is gone and waits for the count.
 */
#include "tree.h"

#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/err.h>

#include "../internal.h"

enum { PATH_BYTES = 512, MOST_LINKS = 8, MOST_NESTED = 8 };

static struct dmk_node top = {.mode = S_IFDIR | 0755, .references = 1};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t returned = PTHREAD_COND_INITIALIZER;

/* Nodes whose operations this thread is in, innermost last. */
static __thread struct {
	struct dmk_node *node[MOST_NESTED];
	int n;
} mine;

/* --- references ------------------------------------------------------------------------------- */

struct dmk_node *dmk_node_get(struct dmk_node *node)
{
	pthread_mutex_lock(&lock);
	node->references++;
	pthread_mutex_unlock(&lock);
	return node;
}

static void free_node(struct dmk_node *node)
{
	if (node->release)
		node->release(node);
	free(node->target);
	free(node->name);
	free(node);
}

void dmk_node_put(struct dmk_node *node)
{
	bool last;

	if (!node)
		return;
	pthread_mutex_lock(&lock);
	last = !--node->references;
	pthread_mutex_unlock(&lock);
	if (last)
		free_node(node);
}

/* --- finding ---------------------------------------------------------------------------------- */

/* The lock is held. */
static struct dmk_node *child_of(const struct dmk_node *parent, const char *name, size_t size)
{
	struct dmk_node *node = parent->child;

	while (node && (strlen(node->name) != size || memcmp(node->name, name, size)))
		node = node->next;
	return node;
}

/* The lock is held. NULL: not there, or links that lead nowhere. */
static struct dmk_node *walk(const char *path, int links)
{
	struct dmk_node *node = &top;

	while (node && *(path += strspn(path, "/"))) {
		size_t size = strcspn(path, "/");

		node = child_of(node, path, size);
		if (node && node->target)
			node = links ? walk(node->target, links - 1) : NULL;
		path += size;
	}
	return node;
}

struct dmk_node *dmk_node_find(const char *path)
{
	struct dmk_node *node;

	pthread_mutex_lock(&lock);
	node = walk(path, MOST_LINKS);
	if (node)
		node->references++;
	pthread_mutex_unlock(&lock);
	return node;
}

struct dmk_node *dmk_node_child(struct dmk_node *parent, const char *name)
{
	struct dmk_node *node;

	pthread_mutex_lock(&lock);
	node = child_of(parent ? parent : &top, name, strlen(name));
	if (node)
		node->references++;
	pthread_mutex_unlock(&lock);
	return node;
}

void dmk_node_path(const struct dmk_node *node, char *path, size_t size)
{
	char text[PATH_BYTES];
	size_t at = sizeof(text) - 1;

	text[at] = '\0';
	pthread_mutex_lock(&lock);
	for (; node && node->name; node = node->parent) {
		size_t n = strlen(node->name);

		if (n + 1 > at)
			break;
		at -= n + 1;
		text[at] = '/';
		memcpy(text + at + 1, node->name, n);
	}
	pthread_mutex_unlock(&lock);
	snprintf(path, size, "%s", text + at);
}

int dmk_node_list(const struct dmk_node *node, unsigned int index, char *name, size_t size)
{
	pthread_mutex_lock(&lock);
	node = node->child;
	while (node && index--)
		node = node->next;
	if (node)
		snprintf(name, size, "%s", node->name);
	pthread_mutex_unlock(&lock);
	return node != NULL;
}

/* --- making ----------------------------------------------------------------------------------- */

static struct dmk_node *add(struct dmk_node *parent, struct dmk_node *node)
{
	struct dmk_node **at = &parent->child;
	int error = 0;

	pthread_mutex_lock(&lock);
	if (child_of(parent, node->name, strlen(node->name)))
		error = -EEXIST;
	else if (parent->gone)
		error = -ENOENT;
	while (*at)
		at = &(*at)->next;
	if (!error) {
		node->parent = parent;
		*at = node;
	}
	pthread_mutex_unlock(&lock);
	if (!error)
		return node;
	node->release = NULL;
	free_node(node);
	return ERR_PTR(error);
}

static struct dmk_node *make(struct dmk_node *parent, const char *name, umode_t mode,
			     const struct file_operations *fops, void *data, const char *target)
{
	struct dmk_node *node;

	if (!parent)
		parent = &top;
	if (!name || !*name || strchr(name, '/') || !S_ISDIR(parent->mode))
		return ERR_PTR(-EINVAL);
	node = calloc(1, sizeof(*node));
	if (!node)
		return ERR_PTR(-ENOMEM);
	node->references = 1;
	node->mode = mode & S_IFMT ? mode : mode | S_IFREG;
	node->fops = fops;
	node->data = data;
	node->name = strdup(name);
	node->target = target ? strdup(target) : NULL;
	if (node->name && (node->target || !target))
		return add(parent, node);
	free_node(node);
	return ERR_PTR(-ENOMEM);
}

struct dmk_node *dmk_node_make(struct dmk_node *parent, const char *name, umode_t mode,
			       const struct file_operations *fops, void *data)
{
	return make(parent, name, mode, fops, data, NULL);
}

struct dmk_node *dmk_node_link(struct dmk_node *parent, const char *name, const char *target)
{
	return make(parent, name, S_IFLNK | 0777, NULL, NULL, target);
}

struct dmk_node *dmk_node_directories(const char *path)
{
	struct dmk_node *node = NULL;
	char name[64];

	while (*(path += strspn(path, "/"))) {
		size_t size = strcspn(path, "/");
		struct dmk_node *next;

		snprintf(name, sizeof(name), "%.*s", (int)size, path);
		next = dmk_node_make(node, name, S_IFDIR | 0755, NULL, NULL);
		if (PTR_ERR(next) == -EEXIST) {
			next = dmk_node_child(node, name);
			dmk_node_put(next); /* the tree keeps it */
		}
		if (IS_ERR_OR_NULL(next))
			return next ? next : ERR_PTR(-ENOENT);
		node = next;
		path += size;
	}
	return node;
}

/* --- calls and removal ------------------------------------------------------------------------ */

bool dmk_node_enter(struct dmk_node *node)
{
	bool here;

	pthread_mutex_lock(&lock);
	here = !node->gone;
	if (here)
		node->calls++;
	pthread_mutex_unlock(&lock);
	if (here && mine.n < MOST_NESTED)
		mine.node[mine.n] = node;
	mine.n += here;
	return here;
}

void dmk_node_leave(struct dmk_node *node)
{
	mine.n--;
	pthread_mutex_lock(&lock);
	node->calls--;
	pthread_cond_broadcast(&returned);
	pthread_mutex_unlock(&lock);
}

static int own_calls(const struct dmk_node *node)
{
	int n = 0;

	for (int i = 0; i < mine.n && i < MOST_NESTED; i++)
		n += mine.node[i] == node;
	return n;
}

/* The lock is held; it is given up while a call is waited for, and the node's parent keeps it. */
static void end_calls(struct dmk_node *node)
{
	node->gone = true;
	while (node->calls > own_calls(node))
		pthread_cond_wait(&returned, &lock);
}

static void take_out(struct dmk_node *node)
{
	struct dmk_node **at = &node->parent->child;

	while (*at && *at != node)
		at = &(*at)->next;
	if (*at)
		*at = node->next;
	node->next = NULL;
	node->parent = NULL;
}

void dmk_node_remove(struct dmk_node *node)
{
	if (IS_ERR_OR_NULL(node))
		return;
	pthread_mutex_lock(&lock);
	if (node->gone) {
		pthread_mutex_unlock(&lock);
		return;
	}
	end_calls(node);
	pthread_mutex_unlock(&lock);
	if (node->ends_files)
		dmk_files_end(node);
	pthread_mutex_lock(&lock);
	while (node->child) {
		struct dmk_node *child = node->child;

		pthread_mutex_unlock(&lock);
		dmk_node_remove(child);
		pthread_mutex_lock(&lock);
	}
	if (node->parent)
		take_out(node);
	pthread_mutex_unlock(&lock);
	dmk_node_put(node);
}

/* One complaint for each that stands in a directory that is not its driver's. */
static void complain(const struct dmk_node *node)
{
	char path[PATH_BYTES];

	for (node = node->child; node; node = node->next) {
		if (!node->is_drivers) {
			complain(node);
			continue;
		}
		dmk_node_path(node, path, sizeof(path));
		dmk_complain(NULL, "%s was left behind by its driver", path);
	}
}

void dmk_tree_stop(void)
{
	complain(&top);
	while (top.child)
		dmk_node_remove(top.child);
}
