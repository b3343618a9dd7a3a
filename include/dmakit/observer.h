/* SPDX-License-Identifier: MIT */
/*
 * The observer: who watches. The core, the kernel part and the machine announce what happened, one
 * event a fact, in the thread that did it. The checker is an observer; so is a recorder, a trace
 * probe, a counter.
 *
 * An observer watches and never takes part: no event has an answer, and the program's results are
 * the same with and without one (CHK-07). "Mapped" is announced after it is true and "unmapped"
 * before it stops being true, so that the next owner of an address can't be confused with the last.
 * The event and all it points to live only for the call: copy what you keep.
 *
 * An event function may be called from any thread and from several at once, also with locks of the
 * core held: it may allocate and lock things of its own, and must not call back into the core, the
 * kernel part or the machine.
 *
 * Audience: who writes a checker, recorder or tracer.
 */
#ifndef DMAKIT_OBSERVER_H
#define DMAKIT_OBSERVER_H

#include <dmakit/types.h>

struct dmk_dev;
struct dmk_machine;

enum dmk_event_kind {
	/* life */
	DMK_EVENT_BOOT,          /* .machine */
	DMK_EVENT_SHUTDOWN,      /* last event: leaks "at exit" are judged here */
	DMK_EVENT_DEVICE_ADD,    /* a device exists from now on; .dev, .name, .requester */
	DMK_EVENT_DEVICE_REMOVE, /* .dev is no longer valid afterwards */
	DMK_EVENT_BIND,          /* a driver's probe is about to be called; .name is the driver's */
	DMK_EVENT_PROBED,        /* probe returned .result */
	/* remove has returned (or probe failed) and managed resources are released */
	DMK_EVENT_UNBIND,
	/* .use: what .dev may take of what is finite; after BIND, and again before UNBIND */
	DMK_EVENT_USE,

	/* masks: .mask asked for, .result 0 or a negative errno; .coherent, .streaming say which */
	DMK_EVENT_SET_MASK,
	/* segment size, boundary or alignment: .size, .mask, .name says which */
	DMK_EVENT_SET_LIMIT,

	/* streaming */
	/*
	 * .map_kind, .dma, .phys, .cpu, .size, .dir, .attrs; sg: .cpu the list, .sg entries,
	 * .nents, .mapped_nents. Bounced: .bounced, .bounced_bytes, .cause
	 */
	DMK_EVENT_MAP,
	/* the same, without .dma; .result says why, .reason what was wrong with the request */
	DMK_EVENT_MAP_FAILED,
	DMK_EVENT_MAPPING_ERROR, /* the driver asked dma_mapping_error() about .dma */
	/*
	 * as the driver asked for it, before it is done; sg: .cpu the list, .dma that of its first
	 * entry
	 */
	DMK_EVENT_UNMAP,
	/*
	 * .dma, .size, .dir, .map_kind; sg: .cpu the list, .dma that of its first entry, .sg,
	 * .nents
	 */
	DMK_EVENT_SYNC_FOR_CPU,
	DMK_EVENT_SYNC_FOR_DEVICE,
	/*
	 * the driver asked whether .dma must be synced, or (.dma all ones) anything of .dev:
	 * .result 1 or 0
	 */
	DMK_EVENT_NEED_SYNC,
	/*
	 * Addresses first, pages later: what is linked is a MAP of DMK_MAP_LINK, and no UNMAP
	 * follows, but one of these. .reason of the last three is why the core refused it, or 0.
	 */
	DMK_EVENT_IOVA_ALLOC,  /* the driver has the addresses .dma, .size */
	DMK_EVENT_IOVA_SYNC,   /* from now on the device may use what is linked at .dma, .size */
	DMK_EVENT_IOVA_UNLINK, /* as asked for, before it is done: .dma, .size, .dir, .attrs */
	/* the same: .dma the first address of all; .size what the driver says is linked */
	DMK_EVENT_IOVA_FREE,

	/*
	 * Memory made for devices: .alloc_kind, .dma, .cpu, .phys, .size, .attrs, .by_managed;
	 * PAGES and NONCONTIGUOUS .dir too; NONCONTIGUOUS: .cpu the list, .sg entries, .nents,
	 * .mapped_nents. COHERENT in pieces: .sg the runs that it lies in, .nents
	 */
	DMK_EVENT_ALLOC,
	DMK_EVENT_ALLOC_FAILED,
	/*
	 * as asked for, before it is done; .reason is why the core refused it, or 0; .nents views
	 * of it are left
	 */
	DMK_EVENT_FREE,
	/*
	 * a view .cpu of NONCONTIGUOUS memory was made (.result 1), is taken away (0), or not:
	 * .reason
	 */
	DMK_EVENT_ALLOC_VIEW,

	/* pools: .pool identifies, .name is its name */
	DMK_EVENT_POOL_CREATE,  /* .size of a block, .align, .boundary; .result 0 or why not */
	DMK_EVENT_POOL_DESTROY, /* .nents blocks still out */
	DMK_EVENT_POOL_ALLOC,   /* .dma, .cpu, .size */
	DMK_EVENT_POOL_FREE,    /* .reason is why the core refused it, or 0 */
	/*
	 * the pool took (.result 1) or gave back (.result 0) the memory at .dma, .cpu, .phys,
	 * .size; in pieces: .sg, .nents
	 */
	DMK_EVENT_POOL_PAGE,

	/*
	 * Memory of the driver's world: .cpu, .phys, .size, .name is the allocator's. What is not
	 * contiguous (vmalloc) is announced page by page.
	 */
	DMK_EVENT_MEMORY_ALLOC,
	/* before the memory can be given to somebody else; .reason is why it was refused, or 0 */
	DMK_EVENT_MEMORY_FREE,

	/* context */
	DMK_EVENT_SLEEP_IN_ATOMIC, /* a call that may sleep, named .name, where nobody may */
	/* .cpu is the address, .write, .caller the instruction (ADR-03) */
	DMK_EVENT_IOMEM_DEREFERENCE,
	DMK_EVENT_OLD_ADDRESS, /* virt_to_bus()/bus_to_virt() (ADR-05) */
	/* the call .name was given .phys, where no memory is that anybody has (ADR-01) */
	DMK_EVENT_PHYS_USED,
	/*
	 * A scatterlist in the wrong way (SGL-02): .name the call, .cpu the entry; .reason
	 * BAD_ARGUMENT it is a link, BAD_SIZE it is behind the table's end, NOT_FOUND it was not
	 * initialised, or is no table of sg_alloc_table().
	 */
	DMK_EVENT_LIST_MISTAKE,
	/*
	 * An ISA DMA channel in the wrong way: .name the call, .cookie the channel. .reason
	 * NOT_FOUND nobody has requested it (ISA-01), BAD_CONTEXT the DMA lock is not held
	 * (ISA-02); of .size bytes at .dma: UNREACHABLE over 16 MiB, TOO_LARGE across the channel's
	 * page, BAD_ADDRESS odd, BAD_SIZE none, too many or odd (ISA-04).
	 */
	DMK_EVENT_CHANNEL_MISTAKE,
	/*
	 * An ISA DMA channel was set up and unmasked: .cookie the channel, .dma, .size, .dir, as
	 * programmed. From now on accesses of DMK_REQUESTER_CHANNEL + .cookie are those of the
	 * device that has .dma mapped.
	 */
	DMK_EVENT_CHANNEL_ENABLE,
	/*
	 * a wait with a limit came to it: .cpu the completion or queue that was waited for; .size
	 * how many bytes before that a structure that has it may begin
	 */
	DMK_EVENT_TIMED_OUT,

	/*
	 * The DMA engine (ENG): .engine says what was done, with which channel and descriptor; .dev
	 * is what its memory is mapped for, .name the channel's
	 */
	DMK_EVENT_ENGINE,

	/*
	 * Devices, from the machine: .requester, .dma, .size, .write; .result is 0, or a negative
	 * errno when the machine refused it: -EACCES outside the device's restricted pool, -EPERM
	 * private memory, -EIO all else. The machine knows no struct dmk_dev: .requester says whose
	 * access it is, as DEVICE_ADD said it. Announced when it is decided and before the bytes
	 * move, so that nobody can act on them and unmap before it was seen.
	 */
	DMK_EVENT_DEVICE_ACCESS,
	/*
	 * The driver's own access to memory that may be mapped: .cpu, .phys, .size, .write; .name
	 * the call that did it (memcpy), or NULL. Announced before the bytes move, by who sees the
	 * driver's accesses (docs/WATCHING.md).
	 */
	DMK_EVENT_CPU_ACCESS,
	/*
	 * Where devices may see stores out of order (COH-05), by who keeps those that are on their
	 * way: the driver stores to .phys, .size of memory that a device has too, or (.size 0)
	 * writes a register, while stores are on their way, with a call that orders nothing;
	 * .cookie. .name as above. Announced before it is done.
	 */
	DMK_EVENT_STORE,
	/*
	 * There, too: the driver loads .phys, .size of consistent memory that a device wrote since
	 * anything ordered the thread's loads; .cookie, of the same numbers.
	 */
	DMK_EVENT_LOAD,
	/*
	 * The driver loads .dma, .size (.phys) of .requester's memory, which was written no later
	 * than what the load .order->earlier got, at .order->earlier_dma; nothing keeps the two in
	 * order. .name a barrier in between that is none for devices, or NULL.
	 */
	DMK_EVENT_LOAD_EARLY,
	/*
	 * A device read .dma, .size and did not see a store that is on its way: .requester,
	 * .order, .name a barrier in between that is none for devices, or NULL. One for each
	 * store. Announced before the device gets the bytes.
	 */
	DMK_EVENT_STORE_UNSEEN,
	/* a device took up work on .dma, .size, .dir; .cookie identifies the transfer */
	DMK_EVENT_TRANSFER_BEGIN,
	DMK_EVENT_TRANSFER_END, /* .cookie */

	DMK_EVENT_KINDS
};

/*
 * Who put an address on a bus (.requester): a PCI function is its bdf (bus << 8 | device << 3 |
 * function), a platform device DMK_REQUESTER_PLATFORM + its index in dmk_machine.platform. NONE:
 * the machine can't say, or the device never masters a bus.
 */
#define DMK_REQUESTER_PLATFORM 0x80000000u
/* Who uses channel n of the ISA DMA controllers: + n. The driver's last enable_dma() says whose. */
#define DMK_REQUESTER_CHANNEL 0xffffff00u
/* The kernel part's own threads that copy for who asks the DMA engine (ENG-05). */
#define DMK_REQUESTER_COPIER 0xfffffffeu
#define DMK_REQUESTER_NONE 0xffffffffu

/** How a mapping was made; an unmap or sync must name the same kind (STR-04). */
enum dmk_map_kind {
	/* by CPU address; unmapped by dma_unmap_single, which Linux treats as dma_unmap_page */
	DMK_MAP_SINGLE,
	DMK_MAP_PAGE,
	DMK_MAP_SG,
	DMK_MAP_RESOURCE,
	DMK_MAP_PHYS,
	DMK_MAP_LINK, /* a piece, into addresses that were taken before */
};

/** Which call made memory: it goes back by the call that mirrors it (COH-07, COH-10). */
enum dmk_alloc_kind {
	DMK_KIND_COHERENT,      /* dma_alloc_attrs and what stands on it */
	DMK_KIND_PAGES,         /* dma_alloc_pages, dma_alloc_noncoherent: needs syncs */
	DMK_KIND_NONCONTIGUOUS, /* needs syncs, of the list */
};

/** Why memory that a mapping lends was bounced (BNC-01): of a list, its first entry that was. */
enum dmk_bounce_cause {
	DMK_CAUSE_NONE,
	DMK_CAUSE_MASK,       /* above the driver's mask; with a wider one the device reaches it */
	DMK_CAUSE_WINDOW,     /* the bus does not show it to the device, whatever its mask */
	DMK_CAUSE_FORCED,     /* all is: swiotlb=force, or memory is private */
	DMK_CAUSE_RESTRICTED, /* the device reaches its restricted-dma-pool only (BNC-05) */
	/* behind an IOMMU, of a device that is not trusted: it fills no whole granules */
	DMK_CAUSE_PART,
};

/**
 * What a device may take of what is finite. Bounce slots are those of the pools that it may use,
 * with others, since the machine's start (struct dmk_bounce_stats); addresses are its domain's.
 */
struct dmk_use {
	uint64_t slot_size;     /* bytes */
	uint64_t slots;         /* there may be, at most; 0: it has nowhere to bounce */
	uint64_t slots_most;    /* in use at once */
	uint64_t slots_refused; /* mappings that failed because all was full */
	uint64_t granule;       /* bytes; 0: its addresses are not translated */
	uint64_t iova_last;     /* of the addresses there are, whatever the mask */
};

/** Why the core refused a request. */
enum dmk_reason {
	DMK_REASON_NONE,
	/* bounce slots, addresses or memory are out: retry after an unmap */
	DMK_REASON_NO_ROOM,
	/* the device can't reach the memory and bouncing is off: never retry */
	DMK_REASON_UNREACHABLE,
	DMK_REASON_TOO_LARGE,    /* more than dma_max_mapping_size() */
	DMK_REASON_BAD_SIZE,     /* zero, or wraps (STR-11) */
	DMK_REASON_BAD_DIRECTION,/* DIR-01 */
	DMK_REASON_NOT_RAM,      /* the range is outside RAM (STR-11) */
	DMK_REASON_BAD_ADDRESS,  /* .address_kind says what it is (MEM-02..04) */
	DMK_REASON_BAD_DEVICE,   /* NULL, or a device without DMA */
	DMK_REASON_NOT_FOUND,    /* no such allocation, block or pool (COH-07, POL-05) */
	DMK_REASON_DOUBLE_FREE,  /* it was given back before */
	/* another size, CPU address, handle or pool than it was allocated with */
	DMK_REASON_MISMATCH,
	DMK_REASON_BAD_CONTEXT,  /* this call may not be made in interrupt context */
	DMK_REASON_BAD_ARGUMENT, /* alignment or boundary of a pool */
};

/** One entry of a scatterlist in an event. */
struct dmk_event_sg {
	dmk_phys phys;
	uint64_t length;
	dmk_dma dma;         /* valid for entries below mapped_nents */
	uint64_t dma_length;
};

/** Two stores without a barrier between them, and what a device saw of them. */
struct dmk_event_order {
	/* .cookie of the STORE that it saw; of a register: it answers that write */
	uint64_t later;
	uint64_t earlier; /* the one that it did not see */
	bool is_register; /* the later one */
	/* where they are for the device; of the earlier one as far as it read there */
	dmk_dma later_dma, earlier_dma;
	uint64_t later_size, earlier_size; /* bytes */
	const uint8_t *bytes; /* what it read of the earlier one: what was there before */
};

/** What happened to a channel of a DMA engine, or to one of its descriptors. */
enum dmk_engine_step {
	DMK_ENGINE_TAKEN,      /* a client has the channel; .client who asked for it by name */
	DMK_ENGINE_GIVEN,      /* it is about to be given back */
	DMK_ENGINE_LEFT,       /* its controller goes, and .result clients have the channel */
	DMK_ENGINE_CONFIGURED, /* .slave: what is asked for; .result */
	/*
	 * By the provider's helper, without .pieces, and after that by the client's call, with
	 * them; a list's address is the event's .cpu, its entries as said .nents. .direction,
	 * .slave, .cyclic
	 */
	DMK_ENGINE_PREPARED,
	DMK_ENGINE_SUBMIT, /* the client's call begins; .callback, .param */
	DMK_ENGINE_QUEUED, /* the provider gave it .cookie; the same, and .reuse */
	/* ... did not take it: .result is why. Its memory may be another descriptor's by now */
	DMK_ENGINE_REFUSED,
	DMK_ENGINE_ISSUE,  /* what is queued on the channel is about to begin */
	DMK_ENGINE_ASKED,  /* what became of .cookie, or of the latest: .result is the answer */
	DMK_ENGINE_ENDED,  /* the provider says so of .descriptor; .reuse, .unordered */
	/* ... takes .callback and .param out of it; .locked: and calls back with its lock held */
	DMK_ENGINE_CALLBACK,
	DMK_ENGINE_UNMAPPED,     /* ... is about to unmap what it took along */
	DMK_ENGINE_FREED,        /* the client gives one back that is for reuse */
	DMK_ENGINE_TERMINATE,    /* begins */
	DMK_ENGINE_SYNCHRONIZED, /* has returned */
	/* ... is about to be called by the channel's own callback, in a thread */
	DMK_ENGINE_WAITS_FOR_ITSELF,
};

/** Memory that a descriptor reads or writes. */
struct dmk_event_piece {
	dmk_dma dma;
	uint64_t size; /* bytes from its first to its last */
	bool write;
	bool sparse; /* not all of them */
	bool ram;    /* there is RAM at a physical address of that number */
};

/** How a channel talks to a peripheral, as a client says it or a controller can do it. */
struct dmk_event_slave {
	uint32_t src_widths, dst_widths; /* bytes; of a controller: bits, one for each */
	uint32_t src_burst, dst_burst;   /* words; of a controller: 0 not known */
	uint32_t directions;             /* of a controller: bits by direction; 0 not known */
};

struct dmk_event_engine {
	enum dmk_engine_step step;
	/* they identify: compare, don't follow */
	const void *channel, *descriptor;
	const struct dmk_dev *client;
	int32_t cookie;
	const void *callback, *param;
	const struct dmk_event_piece *pieces;
	unsigned int nr_pieces;
	int direction;     /* enum dma_transfer_direction; -1: none */
	bool wants_config; /* the controller takes one, and the direction is a peripheral's */
	const struct dmk_event_slave *slave; /* CONFIGURED; PREPARED: what the controller can */
	bool reuse, cyclic, unordered, locked;
};

struct dmk_event {
	enum dmk_event_kind kind;
	enum dmk_map_kind map_kind;
	enum dmk_alloc_kind alloc_kind;
	enum dmk_direction dir;
	enum dmk_reason reason;
	int address_kind; /* enum dmk_address_kind */
	int result;

	/* NULL where none applies; compare, don't follow, after DEVICE_REMOVE */
	struct dmk_dev *dev;
	/* DEVICE_ADD, DEVICE_ACCESS, TRANSFER_*: the device as the machine knows it */
	uint32_t requester;
	const char *name;

	dmk_dma dma;
	dmk_phys phys;
	const void *cpu;
	uint64_t size;  /* bytes */
	uint64_t mask;
	unsigned long attrs;
	uint64_t align, boundary;

	/* entries: nents for MAP and UNMAP; of those the list has not, .phys is ~0 */
	const struct dmk_event_sg *sg;
	/* MAP_FAILED of a list: which one could not be mapped, counted from 0 */
	unsigned int entry;
	unsigned int nents;            /* as the driver said it */
	unsigned int mapped_nents;     /* as the core returned it */

	const struct dmk_event_order *order;   /* STORE_UNSEEN, LOAD_EARLY */
	const struct dmk_event_engine *engine; /* ENGINE */

	const void *pool;
	uint64_t cookie;
	const struct dmk_machine *machine;
	const struct dmk_use *use;

	enum dmk_bounce_cause cause;
	uint64_t bounced_bytes; /* MAP: of its memory */

	bool write;     /* the device writes memory; the CPU writes a register */
	bool bounced;   /* MAP: at least one byte goes through a bounce buffer */
	/* SET_MASK: the coherent mask; MAP: the device sees what is in the CPU's caches */
	bool coherent;
	bool streaming; /* SET_MASK: the streaming mask */
	bool interrupt; /* the call was made in interrupt context */
	bool managed;   /* the call is made by the device's managed resources, not by the driver */
	bool by_managed; /* ALLOC, FREE: the driver's call is one of the dmam_ family */

	/*
	 * Where it happened: the driver's call, as a code address and the frame it was made from. 0
	 * when it did not happen in a driver's thread (device accesses). A stack can be walked from
	 * here by frame pointers.
	 */
	const void *caller;
	const void *frame;
};

struct dmk_observer {
	void (*event)(void *ctx, const struct dmk_event *event);
	void *ctx;
};

/**
 * dmk_observe - install the one observer, or NULL for none
 * Context: no driver call under way; before boot, or after shutdown. To have several, install one
 *         that forwards.
 */
void dmk_observe(const struct dmk_observer *observer);

/**
 * dmk_trace_to - who is told of mappings, syncs and consistent memory while somebody listens from
 * outside the program (dmk_attention, dmakit/dma.h), beside the observer; or NULL
 * Context: before the core starts, or after it stopped.
 */
void dmk_trace_to(const struct dmk_observer *tracer);

/** The installed observer. Read through dmk_announce() only. */
extern const struct dmk_observer *dmk_observer;

/** Whether anyone watches: the one predictable branch that a call pays when nobody does. */
static inline bool dmk_observed(void)
{
	return __builtin_expect(dmk_observer != NULL, 0);
}

static inline void dmk_announce(const struct dmk_event *event)
{
	const struct dmk_observer *observer = dmk_observer;

	if (observer)
		observer->event(observer->ctx, event);
}

/** Fills .caller and .frame with the place that called the function this stands in. */
#define DMK_EVENT_HERE .caller = __builtin_return_address(0), .frame = __builtin_frame_address(0)

#endif
