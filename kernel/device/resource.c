// SPDX-License-Identifier: MIT
/*
 * Resource trees: who has which physical addresses and ports. The machine's RAM and buses are put
 * in at boot; drivers claim below.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/ioport.h>

#include "../internal.h"

struct resource ioport_resource = {.name = "PCI IO", .end = 0xffff, .flags = IORESOURCE_IO};
struct resource iomem_resource = {.name = "PCI mem", .end = ~0ULL, .flags = IORESOURCE_MEM};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Resources that were made here, the machine's and claims, to be freed. */
enum { CLAIM = 1, OF_MACHINE = 2 };

static bool is_inside(const struct resource *outer, const struct resource *inner)
{
	return inner->start <= inner->end && inner->start >= outer->start &&
	       inner->end <= outer->end;
}

/* Where @new goes among the children of @parent; NULL: it overlaps *@conflict. */
static struct resource **place(struct resource *parent, const struct resource *new,
			       struct resource **conflict)
{
	struct resource **at = &parent->child;

	while (*at && (*at)->end < new->start)
		at = &(*at)->sibling;
	*conflict = *at && (*at)->start <= new->end ? *at : NULL;
	return *conflict ? NULL : at;
}

static int put_in(struct resource *parent, struct resource *new)
{
	struct resource *conflict, **at;

	if (!is_inside(parent, new))
		return -EINVAL;
	at = place(parent, new, &conflict);
	if (!at)
		return -EBUSY;
	new->parent = parent;
	new->sibling = *at;
	*at = new;
	return 0;
}

static int take_out(struct resource *old)
{
	struct resource **at;

	if (!old->parent)
		return -EINVAL;
	at = &old->parent->child;
	while (*at && *at != old)
		at = &(*at)->sibling;
	if (!*at)
		return -EINVAL;
	*at = old->sibling;
	old->parent = NULL;
	old->sibling = NULL;
	return 0;
}

int request_resource(struct resource *root, struct resource *new)
{
	int error;

	pthread_mutex_lock(&lock);
	error = put_in(root, new);
	pthread_mutex_unlock(&lock);
	return error;
}

int release_resource(struct resource *old)
{
	int error;

	pthread_mutex_lock(&lock);
	error = take_out(old);
	pthread_mutex_unlock(&lock);
	return error;
}

/*
 * Children of @parent that overlap @new are either all inside it, and become its own, or it can't
 * go there.
 */
static int put_around(struct resource *parent, struct resource *new)
{
	struct resource **at = &parent->child, *first, *last = NULL;

	if (!is_inside(parent, new))
		return -EINVAL;
	while (*at && (*at)->end < new->start)
		at = &(*at)->sibling;
	first = *at;
	for (struct resource *r = first; r && r->start <= new->end; last = r, r = r->sibling) {
		if (is_inside(r, new) && !is_inside(new, r))
			return put_around(r, new);
		if (!is_inside(new, r))
			return -EBUSY;
	}
	if (!last)
		return put_in(parent, new);
	new->parent = parent;
	new->sibling = last->sibling;
	new->child = first;
	last->sibling = NULL;
	for (struct resource *r = first; r; r = r->sibling)
		r->parent = new;
	*at = new;
	return 0;
}

int insert_resource(struct resource *parent, struct resource *new)
{
	int error;

	pthread_mutex_lock(&lock);
	error = put_around(parent, new);
	pthread_mutex_unlock(&lock);
	return error;
}

/*
 * The lowest aligned place for @size bytes in [from, to], where nothing lies in between; false:
 * none.
 */
static bool fits(resource_size_t from, resource_size_t to, resource_size_t size,
		 resource_size_t align, resource_size_t *start)
{
	resource_size_t aligned;

	if (from > to || __builtin_add_overflow(from, align - 1, &aligned))
		return false;
	aligned &= ~(align - 1);
	if (aligned > to || to - aligned < size - 1)
		return false;
	*start = aligned;
	return true;
}

int allocate_resource(struct resource *root, struct resource *new, resource_size_t size,
		      resource_size_t min, resource_size_t max, resource_size_t align,
		      resource_size_t (*alignf)(void *data, const struct resource *res,
						resource_size_t size, resource_size_t align),
		      void *data)
{
	resource_size_t from = min > root->start ? min : root->start;
	resource_size_t to = max < root->end ? max : root->end;
	resource_size_t start;
	int error = -EBUSY;

	if (!size || (align & (align - 1)))
		return -EINVAL;
	align = align ? align : 1;
	pthread_mutex_lock(&lock);
	for (struct resource *r = root->child; r && r->start <= to; r = r->sibling) {
		if (r->end < from)
			continue;
		if (r->start > from && fits(from, r->start - 1, size, align, &start))
			goto found;
		if (r->end == ~0ULL)
			goto out;
		from = r->end + 1;
	}
	if (!fits(from, to, size, align, &start))
		goto out;
found:
	new->start = start;
	new->end = start + size - 1;
	error = put_in(root, new);
out:
	pthread_mutex_unlock(&lock);
	return error;
}

/* --- claims ----------------------------------------------------------------------------------- */

static struct resource *make(uint64_t start, uint64_t size, const char *name, unsigned long flags,
			     unsigned long desc)
{
	struct resource *res = calloc(1, sizeof(*res));
	char *copy = strdup(name ? name : "");

	if (!res || !copy) {
		free(res);
		free(copy);
		return NULL;
	}
	*res = (struct resource){
		.start = start,
		.end = start + size - 1,
		.name = copy,
		.flags = flags,
		.desc = desc,
	};
	return res;
}

static void destroy(struct resource *res)
{
	free((char *)res->name);
	free(res);
}

/* A claim goes as deep as windows lead; where somebody claimed before, it fails. */
static int claim(struct resource *root, struct resource *new)
{
	struct resource *conflict;

	while (is_inside(root, new)) {
		if (place(root, new, &conflict))
			return put_in(root, new);
		if (conflict->flags & IORESOURCE_BUSY)
			return -EBUSY;
		root = conflict;
	}
	return -EBUSY;
}

DMK_ENTRY struct resource *dmk_request_region(struct resource *root, resource_size_t start,
					      resource_size_t n, const char *name)
{
	struct resource *new;
	int error;

	if (!n || start + n - 1 < start || dmk_should_fail(DMK_FAIL_IOMEM, DMK_CALLER))
		return NULL;
	new = make(start, n, name, root->flags | IORESOURCE_BUSY, CLAIM);
	if (!new)
		return NULL;
	pthread_mutex_lock(&lock);
	error = claim(root, new);
	pthread_mutex_unlock(&lock);
	if (!error)
		return new;
	destroy(new);
	return NULL;
}

static struct resource *find_claim(struct resource *parent, resource_size_t start,
				   resource_size_t end)
{
	for (struct resource *r = parent->child; r; r = r->sibling) {
		if (r->start > start || r->end < end)
			continue;
		if (r->desc == CLAIM && r->start == start && r->end == end)
			return r;
		return find_claim(r, start, end);
	}
	return NULL;
}

void dmk_release_region(struct resource *root, resource_size_t start, resource_size_t n)
{
	struct resource *old;

	pthread_mutex_lock(&lock);
	old = find_claim(root, start, start + n - 1);
	if (old)
		take_out(old);
	pthread_mutex_unlock(&lock);
	if (old)
		destroy(old);
	else
		dev_warn(NULL, "release of a region that nobody claimed: %#llx, %#llx bytes\n",
			 start, n);
}

struct region_record {
	struct resource *root;
	resource_size_t start, n;
};

static void release_managed(struct device *dev, void *res)
{
	struct region_record *record = res;

	dmk_release_region(record->root, record->start, record->n);
}

static int is_region(struct device *dev, void *res, void *wanted)
{
	return !memcmp(res, wanted, sizeof(struct region_record));
}

struct resource *dmk_devm_request_region(struct device *dev, struct resource *root,
					 resource_size_t start, resource_size_t n, const char *name)
{
	struct region_record *record;
	struct resource *res;

	if (dmk_should_fail(DMK_FAIL_IOMEM, DMK_CALLER))
		return NULL;
	record = devres_alloc(release_managed, sizeof(*record), 0);
	if (!record)
		return NULL;
	*record = (struct region_record){root, start, n};
	res = dmk_request_region(root, start, n, name);
	if (res)
		devres_add(dev, record);
	else
		devres_free(record);
	return res;
}

void dmk_devm_release_region(struct device *dev, struct resource *root, resource_size_t start,
			     resource_size_t n)
{
	if (devres_release(dev, release_managed, is_region,
			   &(struct region_record){root, start, n}))
		dev_warn(dev, "release of a region that is not this device's\n");
}

/* --- boot and views --------------------------------------------------------------------------- */

static int add_machine(struct resource *root, uint64_t start, uint64_t size, const char *name,
		       unsigned long flags)
{
	struct resource *res;

	if (!size)
		return 0;
	res = make(start, size, name, flags, OF_MACHINE);
	if (!res)
		return -ENOMEM;
	if (put_in(root, res))
		destroy(res); /* overlaps what is there already: the first one stays */
	return 0;
}

static int add_memory(const struct dmk_memory *memory)
{
	static const char *const kind_name[] = {"System RAM", "Reserved", "DMA pool",
						"Restricted DMA pool", "System RAM"};
	unsigned long flags = memory->kind == DMK_MEMORY_RAM ||
					      memory->kind == DMK_MEMORY_CONTIGUOUS
				      ? IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY
				      : IORESOURCE_MEM;

	return add_machine(&iomem_resource, memory->first.v, memory->size,
			   memory->name && *memory->name ? memory->name : kind_name[memory->kind],
			   flags);
}

int dmk_resources_start(const struct dmk_machine *machine)
{
	const struct dmk_pci_host *pci = machine->pci;
	int error = 0;

	for (unsigned int i = 0; i < machine->nr_memory && !error; i++)
		error = add_memory(&machine->memory[i]);
	if (!pci || error)
		return error;
	error = add_machine(&iomem_resource, pci->mmio32.phys.v, pci->mmio32.size,
			    "PCI Bus 0000:00", IORESOURCE_MEM);
	if (!error)
		error = add_machine(&iomem_resource, pci->mmio64.phys.v, pci->mmio64.size,
				    "PCI Bus 0000:00", IORESOURCE_MEM | IORESOURCE_PREFETCH);
	if (!error)
		error = add_machine(&ioport_resource, pci->io.phys.v, pci->io.size,
				    "PCI Bus 0000:00", IORESOURCE_IO);
	return error;
}

static void empty(struct resource *parent)
{
	while (parent->child) {
		struct resource *child = parent->child;

		empty(child);
		parent->child = child->sibling;
		child->parent = NULL;
		child->sibling = NULL;
		if (child->desc == CLAIM || child->desc == OF_MACHINE)
			destroy(child);
	}
}

void dmk_resources_stop(void)
{
	pthread_mutex_lock(&lock);
	empty(&iomem_resource);
	empty(&ioport_resource);
	pthread_mutex_unlock(&lock);
}

static struct resource *nth(struct resource *parent, unsigned int depth, unsigned int *left,
			    unsigned int *at_depth)
{
	for (struct resource *r = parent->child; r; r = r->sibling) {
		struct resource *found;

		if ((*left)-- == 0) {
			*at_depth = depth;
			return r;
		}
		found = nth(r, depth + 1, left, at_depth);
		if (found)
			return found;
	}
	return NULL;
}

bool dmk_resource_get(bool ports, unsigned int index, struct dmk_resource_line *line)
{
	struct resource *r;

	pthread_mutex_lock(&lock);
	r = nth(ports ? &ioport_resource : &iomem_resource, 0, &index, &line->depth);
	if (r) {
		line->first = r->start;
		line->last = r->end;
		snprintf(line->name, sizeof(line->name), "%s", r->name ? r->name : "");
	}
	pthread_mutex_unlock(&lock);
	return r != NULL;
}
