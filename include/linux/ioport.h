/* SPDX-License-Identifier: MIT */
/*
 * Resources: who has which physical addresses and ports. Two trees, one for memory and one for
 * ports; the lines of /proc/iomem.
 */
#ifndef _LINUX_IOPORT_H
#define _LINUX_IOPORT_H

#include <linux/types.h>
#include <linux/compiler.h>

struct device;

/*
 * A node in a tree: [start, end], both included. Children are in ascending order and do not
 * overlap.
 */
struct resource {
	resource_size_t start;
	resource_size_t end;
	const char *name;
	unsigned long flags;
	unsigned long desc;
	struct resource *parent, *sibling, *child;
};

#define IORESOURCE_BITS 0x000000ff
#define IORESOURCE_TYPE_BITS 0x00001f00
#define IORESOURCE_IO 0x00000100
#define IORESOURCE_MEM 0x00000200
#define IORESOURCE_REG 0x00000300
#define IORESOURCE_IRQ 0x00000400
#define IORESOURCE_DMA 0x00000800
#define IORESOURCE_BUS 0x00001000
#define IORESOURCE_PREFETCH 0x00002000
#define IORESOURCE_READONLY 0x00004000
#define IORESOURCE_CACHEABLE 0x00008000
#define IORESOURCE_SIZEALIGN 0x00040000
#define IORESOURCE_STARTALIGN 0x00080000
#define IORESOURCE_MEM_64 0x00100000
#define IORESOURCE_WINDOW 0x00200000
#define IORESOURCE_MUXED 0x00400000
#define IORESOURCE_SYSTEM_RAM 0x01000200
#define IORESOURCE_EXCLUSIVE 0x08000000
#define IORESOURCE_DISABLED 0x10000000
#define IORESOURCE_UNSET 0x20000000
#define IORESOURCE_AUTO 0x40000000
#define IORESOURCE_BUSY 0x80000000
#define IORESOURCE_IRQ_HIGHEDGE (1 << 0)
#define IORESOURCE_IRQ_LOWEDGE (1 << 1)
#define IORESOURCE_IRQ_HIGHLEVEL (1 << 2)
#define IORESOURCE_IRQ_LOWLEVEL (1 << 3)
#define IORESOURCE_IRQ_SHAREABLE (1 << 4)

#define DEFINE_RES_NAMED(_start, _size, _name, _flags)                                             \
	(struct resource)                                                                          \
	{                                                                                          \
		.start = (_start), .end = (_start) + (_size) - 1, .name = (_name),                 \
		.flags = (_flags),                                                                 \
	}
#define DEFINE_RES_MEM(_start, _size) DEFINE_RES_NAMED((_start), (_size), NULL, IORESOURCE_MEM)
#define DEFINE_RES_MEM_NAMED(_start, _size, _name) \
	DEFINE_RES_NAMED((_start), (_size), (_name), IORESOURCE_MEM)
#define DEFINE_RES_IO(_start, _size) DEFINE_RES_NAMED((_start), (_size), NULL, IORESOURCE_IO)
#define DEFINE_RES_IRQ(_irq) DEFINE_RES_NAMED((_irq), 1, NULL, IORESOURCE_IRQ)
#define DEFINE_RES_IRQ_NAMED(_irq, _name) DEFINE_RES_NAMED((_irq), 1, (_name), IORESOURCE_IRQ)
#define DEFINE_RES_DMA(_dma) DEFINE_RES_NAMED((_dma), 1, NULL, IORESOURCE_DMA)

extern struct resource ioport_resource DMK_SYM(ioport_resource);
extern struct resource iomem_resource DMK_SYM(iomem_resource);

static inline resource_size_t resource_size(const struct resource *res)
{
	return res->end - res->start + 1;
}

static inline unsigned long resource_type(const struct resource *res)
{
	return res->flags & IORESOURCE_TYPE_BITS;
}

static inline bool resource_contains(const struct resource *outer, const struct resource *inner)
{
	return resource_type(outer) == resource_type(inner) && outer->start <= inner->start &&
	       outer->end >= inner->end;
}

static inline bool resource_overlaps(const struct resource *a, const struct resource *b)
{
	return a->start <= b->end && a->end >= b->start;
}

/**
 * request_resource - put @new under @root: 0, -EBUSY (it overlaps a child), -EINVAL (empty, or not
 * inside @root)
 */
int request_resource(struct resource *root, struct resource *new) DMK_SYM(request_resource);
int release_resource(struct resource *old) DMK_SYM(release_resource);
/**
 * insert_resource - as request_resource(), but children of @parent that lie inside @new become its
 * own
 */
int insert_resource(struct resource *parent, struct resource *new) DMK_SYM(insert_resource);
/**
 * allocate_resource - find @size bytes in [min, max] aligned to @align; -EBUSY: no room. The
 * alignment hook may be NULL.
 */
int allocate_resource(struct resource *root, struct resource *new, resource_size_t size,
		      resource_size_t min, resource_size_t max, resource_size_t align,
		      resource_size_t (*alignf)(void *data, const struct resource *res,
						resource_size_t size, resource_size_t align),
		      void *data) DMK_SYM(allocate_resource);

/**
 * A claim on [start, start + n): NULL when somebody has any of it. Ended by the release with the
 * same numbers.
 */
struct resource *dmk_request_region(struct resource *root, resource_size_t start, resource_size_t n,
				    const char *name);
void dmk_release_region(struct resource *root, resource_size_t start, resource_size_t n);
struct resource *dmk_devm_request_region(struct device *dev, struct resource *root,
					 resource_size_t start, resource_size_t n,
					 const char *name);
void dmk_devm_release_region(struct device *dev, struct resource *root, resource_size_t start,
			     resource_size_t n);

#define request_region(start, n, name) dmk_request_region(&ioport_resource, (start), (n), (name))
#define request_mem_region(start, n, name) dmk_request_region(&iomem_resource, (start), (n), (name))
#define request_mem_region_exclusive(start, n, name) request_mem_region(start, n, name)
#define release_region(start, n) dmk_release_region(&ioport_resource, (start), (n))
#define release_mem_region(start, n) dmk_release_region(&iomem_resource, (start), (n))
#define devm_request_region(dev, start, n, name)                                                   \
	dmk_devm_request_region(dev, &ioport_resource, (start), (n), (name))
#define devm_request_mem_region(dev, start, n, name)                                               \
	dmk_devm_request_region(dev, &iomem_resource, (start), (n), (name))
#define devm_release_region(dev, start, n) \
	dmk_devm_release_region(dev, &ioport_resource, (start), (n))
#define devm_release_mem_region(dev, start, n) \
	dmk_devm_release_region(dev, &iomem_resource, (start), (n))

#endif
