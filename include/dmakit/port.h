/* SPDX-License-Identifier: MIT */
/*
 * The port: what a machine gives. One const table of operations, one description; a simulation in
 * this process, QEMU behind a socket, a VFIO container or bare hardware each fill it, and nothing
 * above knows which it was.
 *
 * Every hook is mandatory. What a machine cannot do is a capability bit in its description, never a
 * NULL; dmk_port_valid() looks at a table once, at boot. Hooks are called from any thread,
 * interrupt threads included, unless they say otherwise; none may call back into the core or the
 * kernel part except through the sink.
 *
 * Audience: who brings dmakit to a new machine.
 */
#ifndef DMAKIT_PORT_H
#define DMAKIT_PORT_H

#include <dmakit/iommu.h>
#include <dmakit/types.h>

/* --- the description -------------------------------------------------------------------------- */

enum dmk_memory_kind {
	DMK_MEMORY_RAM,      /* the page allocator may give it out */
	/*
	 * RAM kept back: `mem=`, reserved-memory; reached by memremap() only (MEM-09): view_map(),
	 * no direct map
	 */
	DMK_MEMORY_RESERVED,
	/* shared-dma-pool: consistent memory of the devices that name it, of them only */
	DMK_MEMORY_SHARED_POOL,
	/* restricted-dma-pool: the only memory that the devices that name it reach */
	DMK_MEMORY_RESTRICTED_POOL,
	/* linux,cma-default or `cma=`: the page allocator keeps it for runs that are long */
	DMK_MEMORY_CONTIGUOUS,
};

/**
 * A run of RAM, in ascending order and without overlap in dmk_machine.memory. Bytes; first and size
 * are page aligned.
 */
struct dmk_memory {
	dmk_phys first;
	uint64_t size;
	enum dmk_memory_kind kind;
	const char *name; /* the devicetree's node name, or "" */
	bool no_map;      /* a pool that the direct map leaves out: reached by view_map() only */
};

/**
 * A window of a bus onto the machine's memory: bus addresses [bus, bus + size) reach physical
 * [phys, phys + size). One window {0, 0, ~0} is the identity. Devicetree Specification 0.4, section
 * 2.3.9 (dma-ranges).
 */
struct dmk_window {
	uint64_t bus;
	dmk_phys phys;
	uint64_t size; /* bytes; 2^64 is written as ~0 */
};

/** How devices on one bus see memory. Lives as long as the machine. */
struct dmk_bus {
	const char *name;
	const struct dmk_window *windows;
	unsigned int nr_windows; /* at least 1 */
	/* the CPU's caches are kept in step with what devices here read and write */
	bool coherent;
	/*
	 * What the devices' `memory-region` names, entries of dmk_machine.memory; NULL: none. A
	 * device that names one has a dmk_bus of its own; a PCI function has its host bridge's
	 * (MEM-09, BNC-05).
	 */
	const struct dmk_memory *shared_pool;
	const struct dmk_memory *restricted_pool;
	/*
	 * What stands between the devices and memory; NULL: nothing. Then windows are what the
	 * IOMMU's own accesses see, and of what it translates to; the devices' addresses are IOVAs
	 * (IOM-01).
	 */
	const struct dmk_iommu *iommu;
	/*
	 * behind a socket that anybody plugs things into: it sees no byte beside a buffer (STR-10)
	 */
	bool untrusted;
};

enum { DMK_PCI_SLOTS = 32 };

/** A PCI host bridge. CPU physical -> bus address windows for MMIO; the DMA direction is @dma. */
struct dmk_pci_host {
	uint8_t first_bus, last_bus;
	/* where 32-bit BARs may be placed; bus addresses below 4 GiB; size 0: none */
	struct dmk_window mmio32;
	struct dmk_window mmio64; /* where 64-bit prefetchable BARs may be placed; size 0: none */
	struct dmk_window io;     /* port I/O for BARs, as port numbers; size 0: none */
	const struct dmk_bus *dma;
	/*
	 * By slot of the first bus, how what is plugged in there sees memory, where that differs in
	 * what stands between (no IOMMU, or untrusted); NULL: as @dma says. Its windows and
	 * coherence are @dma's.
	 */
	const struct dmk_bus *slot_dma[DMK_PCI_SLOTS];
};

enum { DMK_PLATFORM_REGS = 4, DMK_PLATFORM_IRQS = 16, DMK_PLATFORM_COMPATIBLES = 4 };

/** A device that no bus can discover; from a devicetree node. */
struct dmk_platform_device {
	const char *name; /* "1000.codec": the kernel's device name */
	const char *compatible[DMK_PLATFORM_COMPATIBLES];
	struct {
		dmk_phys first; /* or the first port */
		uint64_t size;
		bool is_port; /* x86 port I/O: a card on the ISA bus */
	} reg[DMK_PLATFORM_REGS];
	unsigned int nr_regs;
	unsigned int irq[DMK_PLATFORM_IRQS];
	unsigned int nr_irqs;
	const struct dmk_bus *dma;
	/**
	 * Value of a property as the devicetree stores it (big endian), or NULL. Owned by the
	 * machine.
	 */
	const void *(*property)(const struct dmk_platform_device *device, const char *name,
				size_t *size);
	const void *node; /* the machine's own handle */
};

enum dmk_machine_caps {
	DMK_CAP_SEES_DMA = 1 << 0,  /* each device read and write is announced to the observer */
	DMK_CAP_PORT_IO = 1 << 1,   /* inb()/outb() reach something */
	/* swiotlb is set up by default here (else only with swiotlb=force) */
	DMK_CAP_BOUNCE = 1 << 2,
	/* the machine may show a device stores out of order: it asks dmk_sink.stores */
	DMK_CAP_WEAK_ORDER = 1 << 3,
	/* two 8237 at a PC's ports: 0x00, 0xc0, and 0x80 for the pages (ISA-01) */
	DMK_CAP_ISA_DMA = 1 << 5,
	/* memory is the program's own: no device reaches a page before memory_share() */
	DMK_CAP_PRIVATE = 1 << 4,
};

/**
 * The machine as the driver's kernel finds it at boot. Constant from open to shutdown, owned by the
 * machine.
 */
struct dmk_machine {
	const char *name;    /* "pc" */
	const char *summary; /* one line: what is special about it */
	uint32_t caps;       /* enum dmk_machine_caps */
	/* bytes; 1 on a machine whose caches are coherent with every device */
	unsigned int cache_line;

	const struct dmk_memory *memory;
	unsigned int nr_memory;

	/*
	 * The direct map: physical p, p <= direct_last, is at direct_base + p, cached. direct_base
	 * is a multiple of 4 MiB or more, so that memory is aligned alike by both its addresses
	 * (COH-02). Address space without RAM behind it is not accessible. RAM above direct_last is
	 * highmem: view_map() is the only way to it.
	 */
	void *direct_base;
	dmk_phys direct_last;
	/*
	 * Another view of the direct map's memory, physical p at copy_base + p, by which the core's
	 * own copies go: somebody keeps the driver from some of its addresses meanwhile. NULL:
	 * there is none, and they go by the direct map.
	 */
	void *copy_base;

	/* last physical address of GFP_DMA memory; 0: no such zone (MEM-06) */
	uint64_t dma_zone_last;
	uint64_t dma32_zone_last; /* last physical address of GFP_DMA32 memory; 0: no such zone */

	const char *bootargs; /* the kernel's own parameters, "swiotlb=force"; never NULL */

	const struct dmk_pci_host *pci; /* NULL: no PCI */
	const struct dmk_platform_device *platform;
	unsigned int nr_platform;
	const struct dmk_bus *isa; /* how legacy devices see memory; NULL: no such bus */

	unsigned int nr_irqs; /* interrupt numbers are 1 .. nr_irqs - 1 */
};

/* --- the operations --------------------------------------------------------------------------- */

enum dmk_view {
	DMK_VIEW_CACHED,   /* as the direct map sees it: vmap, kmap */
	/* as a device sees it: consistent memory on a machine that is not coherent (COH-04) */
	DMK_VIEW_UNCACHED,
	/* cached, and for the core's own copies: no driver ever has its address */
	DMK_VIEW_OWN,
};

struct dmk_msi_message {
	uint64_t address;
	uint32_t data;
};

struct dmk_port_ops {
	/**
	 * view_map - pages side by side in the CPU's address space, in the order given
	 * @n: pages, at least 1
	 * Return: the address of the first byte, or NULL: no address space. A view begins at a
	 *         multiple of its length rounded up to a power of two, as consistent memory must
	 *         (COH-02).
	 */
	void *(*view_map)(void *ctx, const dmk_phys *pages, size_t n, enum dmk_view view);
	/** view_unmap - @view and @n as view_map() had them; access afterwards faults. */
	void (*view_unmap)(void *ctx, void *view, size_t n);

	/**
	 * cache_clean - write the CPU's dirty lines of [phys, phys + size) to memory; the lines
	 * stay cached
	 * cache_invalidate - forget the CPU's lines of the range: whatever was dirty there is lost,
	 * whole lines
	 * cache_flush - clean, then invalidate
	 *
	 * Whole lines: the first and last line are treated as one, whatever else lies there. On a
	 * machine with cache_line 1 they do nothing. Never sleep.
	 */
	void (*cache_clean)(void *ctx, dmk_phys phys, size_t size);
	void (*cache_invalidate)(void *ctx, dmk_phys phys, size_t size);
	void (*cache_flush)(void *ctx, dmk_phys phys, size_t size);

	/**
	 * memory_share - let devices reach pages, or make them the program's own again; on a
	 * machine without DMK_CAP_PRIVATE
	 *                nothing happens and the result is 0
	 * @phys, @size: whole pages of RAM, bytes
	 * Contents are undefined afterwards, either way. May sleep. Return: 0, -EINVAL (not RAM),
	 * -EIO (the hypervisor refused).
	 */
	int (*memory_share)(void *ctx, dmk_phys phys, size_t size, bool shared);

	/**
	 * mmio_read/mmio_write - one register access of 1, 2, 4 or 8 bytes; no device there: all
	 * ones, dropped.
	 */
	uint64_t (*mmio_read)(void *ctx, dmk_phys address, unsigned int width);
	void (*mmio_write)(void *ctx, dmk_phys address, unsigned int width, uint64_t value);
	/**
	 * port_in/port_out - x86 port I/O of 1, 2 or 4 bytes; all ones and dropped without
	 * DMK_CAP_PORT_IO.
	 */
	uint32_t (*port_in)(void *ctx, uint16_t port, unsigned int width);
	void (*port_out)(void *ctx, uint16_t port, unsigned int width, uint32_t value);
	/**
	 * config_read/config_write - PCI configuration space; bdf is bus << 8 | device << 3 |
	 * function, offset below 4096.
	 */
	uint32_t (*config_read)(void *ctx, uint16_t bdf, unsigned int offset, unsigned int width);
	void (*config_write)(void *ctx, uint16_t bdf, unsigned int offset, unsigned int width,
			     uint32_t value);

	/** intx_irq - interrupt number of a function's pin (1 = INTA# .. 4), 0: not wired. */
	unsigned int (*intx_irq)(void *ctx, uint16_t bdf, unsigned int pin);
	/**
	 * msi_alloc - @n consecutive interrupt numbers and what to write where for each of them
	 * @messages: n of them are filled; a plain-MSI device needs them to differ in the low data
	 *            bits only: when @n > 1 and @contiguous, messages[0].data is a multiple of n
	 *            rounded up to a power of two
	 * Return: the first interrupt number, or -ENOSPC.
	 */
	int (*msi_alloc)(void *ctx, uint16_t bdf, unsigned int n, bool contiguous,
			 struct dmk_msi_message *messages);
	void (*msi_free)(void *ctx, unsigned int first_irq, unsigned int n);
	/**
	 * irq_enable - let the machine deliver this interrupt; a level that is up is delivered at
	 * once.
	 */
	void (*irq_enable)(void *ctx, unsigned int irq, bool enable);

	/**
	 * quiesce - wait until no device has work under way that it announced, at most @usec
	 * microseconds
	 * Return: true when all is quiet.
	 */
	bool (*quiesce)(void *ctx, unsigned int usec);
	/** shutdown - the last call: threads ended, memory unmapped, processes gone. */
	void (*shutdown)(void *ctx);
};

struct dmk_port {
	const struct dmk_port_ops *ops;
	void *ctx;
	const struct dmk_machine *machine;
};

/* --- the way back up -------------------------------------------------------------------------- */

/** What a device reads or writes of memory, in one access. */
struct dmk_device_access {
	uint32_t requester;
	dmk_dma dma;
	size_t size; /* bytes */
	bool write;
	uint8_t *bytes; /* of a read: where they arrive; of a write NULL */
};

/**
 * The stores that CPUs have made and that are still on their way (COH-05): asked by a machine with
 * DMK_CAP_WEAK_ORDER around each access of a device to memory that it allows. The machine knows
 * memory, and not who stored what; so what the device does not see is put back by who does.
 *
 * Calls come in pairs from one thread, with locks of the machine's held; they may not call into
 * it, nor into core and kernel part, and may announce.
 */
struct dmk_stores {
	/**
	 * begin - until end() what the devices see is one picture: no store gets there in between
	 */
	void (*begin)(void *ctx, const struct dmk_device_access *access);
	/**
	 * part - bytes [offset, offset + size) of the access are at @phys. Of a read: they have
	 * been read, and are changed to what the device sees. Of a write: they are about to be
	 * written.
	 */
	void (*part)(void *ctx, const struct dmk_device_access *access, size_t offset,
		     dmk_phys phys, size_t size);
	void (*end)(void *ctx, const struct dmk_device_access *access);
	/**
	 * cause - a device puts work off: what it does it for, or 0; asked in the thread that made
	 * it do so, or that does the work which it goes on with
	 * because - this thread does work that was put off, for @cause; 0: no more
	 */
	uint64_t (*cause)(void *ctx);
	void (*because)(void *ctx, uint64_t cause);
	void *ctx;
};

/**
 * What a machine calls. Given at open; valid until shutdown returns. Calls may come from any of the
 * machine's threads.
 */
struct dmk_sink {
	/**
	 * irq - a line changed (level true or false), or a message arrived (edge: level true, then
	 * false by itself). Never blocks.
	 */
	void (*irq)(void *ctx, unsigned int irq, bool level, bool edge);
	/**
	 * fault - the IOMMU refused an access (IOM-04). Never blocks; @fault is valid for the call.
	 */
	void (*fault)(void *ctx, const struct dmk_iommu_fault *fault);
	/**
	 * died - the machine is gone and nothing works any more; @text says why, with the process's
	 * own last words.
	 */
	void (*died)(void *ctx, const char *text);
	void *ctx;
	/* what CPUs have stored and devices may not see yet; NULL: they see all */
	const struct dmk_stores *stores;
};

/** dmk_port_valid - NULL, or which field of the port is missing or contradicts itself. */
const char *dmk_port_valid(const struct dmk_port *port);

#endif
