/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine's own parts, and what each may ask of the others.
 *
 *	profile.c   a devicetree -> what the machine is made of, with arguments.c (mem=, cma=),
 *	            layout.c (memory), reserved.c, pools.c, buses.c, iommu_tree.c, lines.c
 *	            (interrupts) and bridge.c (PCI)
 *	load.c      getting a devicetree
 *	tree.c      reading a devicetree: cells, addresses, complaints
 *	memory.c    RAM, the direct map, views
 *	cache.c     caches that are not coherent: three copies of RAM
 *	private.c   memory that no device reaches before it is shared
 *	pci.c       configuration space, BARs, message interrupts
 *	irq.c       interrupt lines, up to the sink
 *	clock.c     the device thread: timers, quiet
 *	peer.c      a card's DMA to another card's registers
 *	graft.c     devices that are asked for and need a node of the devicetree
 *	request.c   request lines from peripherals to DMA controllers
 *	instance.c  cards: life, interrupts, what <dmakit/model.h> promises
 *	access.c    a card's access to memory
 *	iommu.c     IOMMUs, with iommu_walk.c; iommu.h
 *	isa.c       cards on the ISA bus: what is set with jumpers
 *	i8237.c     the DMA controllers of a PC
 *	sim.c       the port's operations
 *
 * Locks, in the order they nest: posts.delivery; an instance's lock; dma.lock; memory.share_lock;
 * an IOMMU's gate; its lock; the sink's stores, from begin to end; then one of decode_lock,
 * memory.lock, irq_lock, posts.lock or clock.lock, each alone. Of two instances' locks the second
 * is only tried for (peer.c). The sink and the observer are called with no lock but an instance's,
 * and the observer of a device's access, and the stores, with dma.lock, and share_lock and the gate
 * held for reading: they may neither share memory nor wait for an IOMMU.
 */
#ifndef SIM_H
#define SIM_H

#include <dmakit/machine.h>
#include <dmakit/model.h>
#include <dmakit/observer.h>
#include <dmakit/port.h>

#include <pthread.h>
#include <signal.h>

struct sim;
struct sim_iommu;

/* --- description: what profile.c makes of a devicetree ---------------------------------------- */

enum {
	SIM_WIRED_IRQS = 256, /* numbers below are lines; from here on messages */
	SIM_MSI_IRQS = 512,
	SIM_IRQS = SIM_WIRED_IRQS + SIM_MSI_IRQS,
	SIM_PCI_SLOTS = DMK_PCI_SLOTS,
};

/** A run of RAM and its place in the memory file. Ascending, page aligned. */
struct sim_bank {
	uint64_t first, size, offset;
};

/** Memory that is kept back, and for what. */
struct sim_reserved {
	uint64_t first, size;
	enum dmk_memory_kind kind;
	bool no_map;
	bool everybodys; /* consistent memory of all devices that name none and are not coherent */
	int node;        /* -1: none says so */
	const char *name;
};

/** A bus as the tree has it, or a device's own view of one; the dmk_bus is what the port shows. */
struct sim_bus {
	struct sim_bus *next;
	int node;
	int owner; /* the device that it is for alone; -1: all */
	struct dmk_bus bus;
};

/** An entry of interrupt-map: function (device << 3) and pin -> line. */
struct sim_pin {
	uint32_t devfn, pin; /* masked */
	unsigned int irq;
};

/** A card that the tree solders to a slot. */
struct sim_soldered {
	int node;
	unsigned int slot;
	const char *model;
};

struct sim_chunk {
	struct sim_chunk *next;
};

struct sim_profile {
	struct sim_chunk *chunks; /* all that the description points to */
	void *fdt;
	const char *file; /* what complaints name */

	struct dmk_machine machine;
	struct dmk_pci_host pci;
	int pci_node;
	struct sim_bus *buses;

	struct sim_bank *banks;
	unsigned int nr_banks;
	struct dmk_memory *memory;
	const struct sim_reserved **memory_of; /* why a memory[] is kept back; NULL: it is not */

	struct dmk_platform_device *platform;
	int *platform_node;
	struct sim_pin *pins;
	unsigned int nr_pins;
	uint32_t pin_mask_devfn, pin_mask_pin;
	struct sim_soldered *soldered;
	unsigned int nr_soldered;
	struct sim_iommu *iommus;
	bool has_doorbell;
	bool has_isa_dma;
	uint32_t isa_lines; /* interrupts of the ISA bus, bit n the line whose number is n */
	uint64_t doorbell;

	unsigned int evictions; /* lines looked at per event */
	unsigned int interleave; /* cards are late about every so many times; 0: never */

	/* interrupt numbers given out so far: which controller and specifier has which */
	struct {
		int controller; /* node; 0: free */
		uint32_t cell[3];
	} wired[SIM_WIRED_IRQS];
};

int dmk_sim_profile_read(struct sim_profile *profile, const struct dmk_machine_config *config,
			 char *error, size_t error_size);
/**
 * Add nodes for what is requested and has no bus; before the tree is read. Such a node says in
 * SIM_GRAFTED which of the requests it is for.
 */
#define SIM_GRAFTED "dmakit,request"
int dmk_sim_graft(struct sim_profile *profile, const struct dmk_machine_config *config, char *error,
		  size_t error_size);
bool dmk_sim_is_soldered(const struct dmk_model *model);
void dmk_sim_profile_free(struct sim_profile *profile);
void *dmk_sim_profile_alloc(struct sim_profile *profile, size_t n, size_t size);
/** Value of a number in a node, 4 or 8 bytes. Return 0, -ENOENT: absent, -EINVAL: another size. */
int dmk_sim_profile_number(const struct sim_profile *profile, int node, const char *name,
			   uint64_t *value);

/** A built-in devicetree, made from machine/profiles. */
struct sim_builtin {
	const char *name;
	const unsigned char *dtb;
	unsigned int size;
};
extern const struct sim_builtin dmk_sim_builtins[]; /* ended by a NULL name */

/* --- memory and caches ------------------------------------------------------------------------ */

enum { SIM_RECENT = 32 };

struct sim_view {
	struct sim_view *next;
	void *address;
	size_t n;
	bool uncached;
	uint64_t offset[]; /* of each page in the file */
};

struct sim_memory {
	pthread_mutex_t lock;
	uint64_t size;       /* of each copy */
	int cpu_fd, dram_fd; /* the same where caches are coherent */
	uint8_t *cpu, *dram,
		*base; /* the machine's own mappings; base: NULL where caches are coherent */
	unsigned int line;

	void *direct;
	size_t direct_size;

	uint16_t *uncached; /* by page: uncached views of it */
	struct sim_view *views;

	/* where something happened lately: evictions strike there */
	struct {
		uint64_t offset, size;
	} recent[SIM_RECENT];
	unsigned int nr_recent, next_recent;
	uint64_t random;

	/*
	 * private.c: by page, whether devices reach it; NULL: they reach all. Guarded by
	 * share_lock.
	 */
	uint8_t *shared;
	pthread_rwlock_t share_lock;
	uint64_t noise; /* guarded by share_lock */
};

int dmk_sim_memory_open(struct sim *sim);
void dmk_sim_memory_close(struct sim *sim);
/** Offset of @phys in the file, and how many bytes from there on are one run; false: no RAM. */
bool dmk_sim_memory_offset(const struct sim *sim, uint64_t phys, uint64_t *offset, uint64_t *run);
void *dmk_sim_view_map(struct sim *sim, const dmk_phys *pages, size_t n, enum dmk_view view);
void dmk_sim_view_unmap(struct sim *sim, void *address, size_t n);
/** An entry of an I/O page table, 8 bytes aligned; @coherent: the CPU's caches are looked into. */
uint64_t dmk_sim_memory_word(struct sim *sim, uint64_t offset, bool coherent);
/** A device moves bytes. @offset .. within one run. */
void dmk_sim_memory_read(struct sim *sim, uint64_t offset, void *buffer, size_t size,
			 bool coherent);
void dmk_sim_memory_write(struct sim *sim, uint64_t offset, const void *buffer, size_t size,
			  bool coherent);

/* --- private memory --------------------------------------------------------------------------- */

int dmk_sim_private_open(struct sim *sim);
void dmk_sim_private_close(struct sim *sim);
int dmk_sim_memory_share(struct sim *sim, uint64_t phys, uint64_t size, bool shared);
/** A device's access begins, and is over: in between no memory is shared or taken back. */
void dmk_sim_access_hold(struct sim *sim);
void dmk_sim_access_release(struct sim *sim);
/** Whether devices reach all of it; @offset .. within one run. An access is held. */
bool dmk_sim_is_shared(const struct sim *sim, uint64_t offset, uint64_t size);

enum sim_cache_op { SIM_CLEAN = 1, SIM_INVALIDATE = 2, SIM_FLUSH = SIM_CLEAN | SIM_INVALIDATE };

void dmk_sim_cache(struct sim *sim, uint64_t phys, uint64_t size, enum sim_cache_op op);
/** Some lines are evicted, by chance. */
void dmk_sim_cache_chance(struct sim *sim);
/* With memory.lock held, on whole lines of the file: */
void dmk_sim_lines_clean(struct sim_memory *memory, uint64_t offset, uint64_t size);
void dmk_sim_lines_invalidate(struct sim_memory *memory, uint64_t offset, uint64_t size);
void dmk_sim_lines_evict(struct sim_memory *memory, uint64_t offset);
void dmk_sim_cache_note(struct sim_memory *memory, uint64_t offset, uint64_t size);
void dmk_sim_cache_strike(struct sim *sim);

/* --- interrupts ------------------------------------------------------------------------------- */

struct sim_line {
	unsigned int asserting; /* how many hold it up */
	bool enabled, edge, reported, delivering, kicked;
	bool again;     /* up, and to be said once more */
	bool allocated; /* a message number in use */
};

void dmk_sim_irq_level(struct sim *sim, unsigned int irq, bool up);
void dmk_sim_irq_edge(struct sim *sim, unsigned int irq);
/** A line that is seen when it rises, as those of the ISA bus are; down, it takes that back. */
void dmk_sim_irq_rise(struct sim *sim, unsigned int irq, bool up);
void dmk_sim_irq_enable(struct sim *sim, unsigned int irq, bool enable);
/** What irq_enable() left to be told; on the device thread. */
void dmk_sim_irq_deliver_kicked(struct sim *sim);
int dmk_sim_msi_alloc(struct sim *sim, unsigned int n, bool contiguous,
		      struct dmk_msi_message *messages);
void dmk_sim_msi_free(struct sim *sim, unsigned int first, unsigned int n);
/** A message was written; false: that is no doorbell. */
bool dmk_sim_msi_write(struct sim *sim, uint64_t address, uint32_t data);

/* --- instances -------------------------------------------------------------------------------- */

enum { SIM_TIMERS = 16, SIM_MSIX_BAR_SIZE = 4096, SIM_BAR_NONE = -1, SIM_BAR_MSIX = -2 };

struct sim_timer {
	void (*fn)(struct dmk_instance *card, void *state); /* NULL: free */
	uint64_t due, order;
	uint64_t cause; /* the sink's stores' */
};

/** Where a BAR answers now; guarded by decode_lock. */
struct sim_decode {
	bool on;
	bool port;
	uint64_t first, last; /* physical, or port numbers */
};

struct sim_pci_function {
	uint16_t bdf;
	uint8_t config[256], writable[256];
	unsigned int msi, msix, af; /* offsets of the capabilities; 0: none */
	struct {
		int bar; /* the model's, SIM_BAR_MSIX or SIM_BAR_NONE */
		enum dmk_bar_kind kind;
		uint64_t size;
	} reg[DMK_MODEL_BARS];
	uint8_t msix_table[SIM_MSIX_BAR_SIZE];
	uint64_t msix_pending;
};

enum { SIM_REQUESTS = 4 };

/** Where a peripheral's request goes. */
struct sim_request {
	struct dmk_instance *controller; /* NULL: nowhere */
	unsigned int line;
};

struct dmk_instance {
	struct dmk_instance *next;
	struct sim *sim;
	const struct dmk_model *model;
	char name[48]; /* "edu at 00:01.0" */
	void *state;
	bool started;
	pthread_mutex_t lock;
	uint32_t requester;
	const struct dmk_bus *bus;
	uint64_t *values; /* of the model's properties */
	struct sim_file {
		uint8_t *bytes; /* NULL: none */
		size_t size;
	} * files;         /* the same, of those that are files */
	uint64_t lateness; /* how often it is late: the lock's, as all the model's state */
	uint64_t random;
	char *error;
	size_t error_size;

	struct sim_pci_function *pci;               /* NULL: on the platform bus, or on ISA */
	const struct dmk_platform_device *platform; /* NULL: on PCI, or plugged in on ISA */
	bool isa;
	struct sim_decode decode[DMK_MODEL_BARS];

	uint32_t level;     /* by vector: what the model drives */
	uint32_t asserting; /* by vector: what is up on the line */

	struct sim_timer timer[SIM_TIMERS]; /* guarded by clock.lock */

	struct sim_request request[SIM_REQUESTS]; /* constant while cards run */
	uint32_t wired;                           /* lines that somebody drives; constant too */
	uint8_t requested[DMK_REQUEST_LINES];     /* enum dmk_request; atomic */
};

int dmk_sim_instances_make(struct sim *sim, const struct dmk_machine_config *config, char *error,
			   size_t error_size);
void dmk_sim_instances_end(struct sim *sim);
/**
 * Bring the lines of a card in step with what it drives and what its configuration lets through.
 */
void dmk_sim_instance_lines(struct dmk_instance *card);

/* --- ISA -------------------------------------------------------------------------------------- */

/** Where its ports, line and channels are, of its properties. Return: 0, or -EINVAL and @error. */
int dmk_sim_isa_plug(struct dmk_instance *card, char *error, size_t error_size);

/* --- peer to peer ----------------------------------------------------------------------------- */

struct sim_post;

/** Where another card's registers are. */
struct sim_peer {
	struct dmk_instance *card;
	unsigned int bar;
	uint64_t offset;
};

struct sim_posts {
	pthread_mutex_t lock;     /* guards the list */
	pthread_mutex_t delivery; /* who delivers; so that it is done in order */
	struct sim_post *first, **last;
	unsigned int pending; /* atomic: queued, or being done */
};

/** The card and BAR that answer for all of [first, + size), or NULL. */
struct dmk_instance *dmk_sim_card_at(struct sim *sim, bool port, uint64_t first, uint64_t size,
				     unsigned int *bar, uint64_t *offset);
/** With the card's lock held. */
uint64_t dmk_sim_bar_read(struct dmk_instance *card, unsigned int bar, uint64_t offset,
			  unsigned int width);
void dmk_sim_bar_write(struct dmk_instance *card, unsigned int bar, uint64_t offset,
		       unsigned int width, uint64_t value);
/** Whether [phys, + size) is registers of another card than @card, in one BAR. */
bool dmk_sim_peer_find(const struct dmk_instance *card, uint64_t phys, size_t size,
		       struct sim_peer *peer);
/** With @card's lock held. Return: 0, or -EIO. */
int dmk_sim_peer_write(struct dmk_instance *card, const struct sim_peer *peer, const void *bytes,
		       size_t size);
int dmk_sim_peer_read(struct dmk_instance *card, const struct sim_peer *peer, void *bytes,
		      size_t size);
/** The same without a queue: done on return. */
int dmk_sim_peer_write_now(struct dmk_instance *card, const struct sim_peer *peer,
			   const void *bytes, size_t size);
/** Lines from each peripheral to its controller; between the cards' making and their start. */
int dmk_sim_requests_wire(struct sim *sim, char *error, size_t error_size);
void dmk_sim_requests_end(struct sim *sim);
/** What was posted before arrives. With no card's lock held. */
void dmk_sim_posts_deliver(struct sim *sim);
void dmk_sim_posts_start(struct sim *sim);
void dmk_sim_posts_end(struct sim *sim);

/* --- PCI -------------------------------------------------------------------------------------- */

int dmk_sim_pci_plug(struct dmk_instance *card, unsigned int slot);
uint32_t dmk_sim_pci_config_read(struct sim *sim, uint16_t bdf, unsigned int offset,
				 unsigned int width);
void dmk_sim_pci_config_write(struct sim *sim, uint16_t bdf, unsigned int offset,
			      unsigned int width, uint32_t value);
unsigned int dmk_sim_pci_intx(const struct sim *sim, uint16_t bdf, unsigned int pin);
bool dmk_sim_pci_may_master(const struct dmk_instance *card);
bool dmk_sim_pci_messages_on(const struct dmk_instance *card);
bool dmk_sim_pci_intx_off(const struct dmk_instance *card);
void dmk_sim_pci_status_intx(struct dmk_instance *card, bool up);
bool dmk_sim_pci_message(struct dmk_instance *card, unsigned int vector);
uint64_t dmk_sim_pci_msix_read(struct dmk_instance *card, uint64_t offset, unsigned int width);
void dmk_sim_pci_msix_write(struct dmk_instance *card, uint64_t offset, unsigned int width,
			    uint64_t value);

/* --- the device thread ------------------------------------------------------------------------ */

struct sim_clock {
	pthread_mutex_t lock;
	pthread_cond_t wake, quiet;
	pthread_t thread;
	bool running, ending, busy, kicked;
	uint64_t order;
	unsigned int under_way; /* transfers announced and not ended */
	uint64_t lateness;      /* the device thread's own */
	uint64_t cookie;
};

int dmk_sim_clock_start(struct sim *sim);
/**
 * dmk_sim_late - with dmakit.interleave=N a moment may pass, as @random, the caller's own, decides
 */
void dmk_sim_late(const struct sim *sim, uint64_t *random);
void dmk_sim_clock_stop(struct sim *sim);
void dmk_sim_clock_kick(struct sim *sim);
bool dmk_sim_clock_quiesce(struct sim *sim, unsigned int usec);
void dmk_sim_clock_set(struct dmk_instance *card, unsigned int usec,
		       void (*fn)(struct dmk_instance *card, void *state));
void dmk_sim_clock_cancel(struct dmk_instance *card,
			  void (*fn)(struct dmk_instance *card, void *state));

/* --- DMA controllers of the ISA bus ----------------------------------------------------------- */

enum { SIM_CHANNELS = 8 };

struct sim_channel {
	uint16_t base_address, base_count; /* as programmed; of channels 5 to 7 in words */
	uint16_t address, count;           /* of the next unit; units less one */
	uint8_t mode;
	bool masked, ended; /* ended: the count was reached, and nobody has read the status since */
};

/** All of it is guarded by the lock. */
struct sim_dma {
	pthread_mutex_t lock;
	struct sim_channel channel[SIM_CHANNELS];
	uint8_t page[16];
	uint8_t command[2];
	bool high[2]; /* the flip-flop: the high byte is next */
};

void dmk_sim_dma_start(struct sim *sim);
void dmk_sim_dma_end(struct sim *sim);
/** What dmk_instance_read() and _write() do, of the controllers: channel @n is who comes. */
int dmk_sim_channel_read(struct dmk_instance *card, unsigned int n, uint64_t address, void *buffer,
			 size_t size);
int dmk_sim_channel_write(struct dmk_instance *card, unsigned int n, uint64_t address,
			  const void *buffer, size_t size);
/** A port of one byte; false: it is none of theirs. */
bool dmk_sim_dma_read(struct sim *sim, uint64_t port, uint8_t *value);
bool dmk_sim_dma_write(struct sim *sim, uint64_t port, uint8_t value);

/* --- the machine ------------------------------------------------------------------------------ */

struct sim {
	struct sim_profile profile;
	struct sim_memory memory;
	struct sim_clock clock;
	struct sim_posts posts;
	struct sim_dma dma;

	pthread_mutex_t irq_lock;
	struct sim_line line[SIM_IRQS];

	pthread_mutex_t decode_lock;
	struct dmk_instance *instances, **last_instance;
	struct dmk_instance *slot[SIM_PCI_SLOTS];

	uint64_t seed;
	struct dmk_sink sink;
	const struct dmk_stores *stores; /* NULL: what CPUs store is seen at once */
};

uint64_t dmk_sim_random(uint64_t *state);

#endif
