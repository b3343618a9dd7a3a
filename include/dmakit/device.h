/* SPDX-License-Identifier: MIT */
/*
 * A device as the core knows it: what it can address, how its bus sees memory, what it holds.
 * Linux's struct device embeds one.
 *
 * The first three fields are the ones that Linux's struct device shows to drivers by the same
 * names.
 */
#ifndef DMAKIT_DEVICE_H
#define DMAKIT_DEVICE_H

#include <dmakit/port.h>
#include <dmakit/types.h>

struct dmk_bounce;     /* a pool of bounce slots */
struct dmk_allocation; /* a record of consistent memory */
struct dmk_domain;     /* IOVAs and what they lead to */
struct dmk_managed;    /* something to undo at unbind */

struct dmk_lock {
	int held;
};

/**
 * RAM that the device sees as it lies in memory: [first, first + size) is at bus addresses that are
 * @to_bus more (modulo 2^64), without a gap and, for the CPU, in the direct map. Size 0: none, and
 * then .first is the last address there is.
 */
struct dmk_straight {
	uint64_t first, size, to_bus;
};
enum { DMK_STRAIGHT_PARTS = 2 }; /* RAM below and above the hole that a PC has */

struct dmk_dev {
	/* last address the device can drive, 2^n - 1; NULL: no DMA at all */
	uint64_t *dma_mask;
	uint64_t coherent_dma_mask;
	uint64_t bus_dma_limit;     /* last bus address that the bus passes on; 0: no limit */

	/* what dma_mask points to, unless the driver put its own there */
	uint64_t streaming_mask;
	const char *name;           /* the device's name, owned by whoever made the device */
	const struct dmk_bus *bus;
	struct dmk_domain *domain;  /* behind an IOMMU: its addresses; NULL: none, or passthrough */
	struct dmk_dev *next_in_domain;
	bool attached;              /* the IOMMU has it: to a domain, or to pass */
	uint32_t requester;         /* as dmk_dev_attach() was told it */
	struct dmk_bounce *bounce;  /* where it bounces; NULL: nowhere */
	void *device;               /* the struct device around this */

	uint32_t max_segment_size;  /* bytes; 0 stands for the default of 64 KiB */
	uint64_t segment_boundary;  /* mask; 0 stands for the default of 4 GiB - 1 */
	uint32_t min_align_mask;

	/* the last dma_set_mask() was refused, and none succeeded since (MSK-03) */
	bool streaming_refused;
	bool coherent_refused;
	bool force_bounce;

	/*
	 * What needs no call, of a coherent device: set when it is made, for the bus it then was
	 * on. The masks are not in it, because drivers write them; they are looked at each time.
	 * held_first, held_last: pages of bus addresses; an unmap or sync of what begins outside
	 * has nothing to do. They only ever take in more, wherever anything of it is bounced to.
	 * That is stored before the bounced address is returned, and who unmaps it has it from
	 * there: atomic, relaxed.
	 */
	unsigned long held_first, held_last;
	struct dmk_straight straight[DMK_STRAIGHT_PARTS]; /* in the order of .first */
	const struct dmk_bus *straight_bus;

	struct dmk_lock lock;                /* guards the lists below */
	struct dmk_allocation *allocations;
	struct dmk_managed *managed;         /* newest first: released from the head (COH-09) */
};

/**
 * dmk_dev_init - a device as it is before its driver's first call: masks of 32 bits (MSK-01), the
 * bus's view of memory
 * @bus: stays valid as long as the device
 * @owner: the struct device, for observers
 */
void dmk_dev_init(struct dmk_dev *dev, const char *name, const struct dmk_bus *bus, void *owner);

/**
 * dmk_dev_attach - put a device whose bus has an IOMMU into its group's domain; on another bus
 * nothing happens
 * @requester: as the machine knows it: observer.h
 * Before its driver's first call, and once. May sleep.
 * Return: 0; -ENOMEM, or what the IOMMU answered: the device can do no DMA then, and is said so in
 *         the log.
 */
int dmk_dev_attach(struct dmk_dev *dev, uint32_t requester);

/**
 * dmk_dev_tell_use - announce what it may take of what is finite (DMK_EVENT_USE); nobody watches:
 * nothing. Any context.
 */
void dmk_dev_tell_use(struct dmk_dev *dev);

/**
 * dmk_dev_unbound - a driver has let go of it: limits and masks are those of a new device again.
 */
void dmk_dev_unbound(struct dmk_dev *dev);

/**
 * dmk_dev_exit - the device is gone: the core's records of it are freed, and what it left mapped in
 * its IOMMU's domain is unmapped; the memory of that stays out of use, since somebody may still
 * write to it.
 */
void dmk_dev_exit(struct dmk_dev *dev);

#endif
