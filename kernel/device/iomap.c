// SPDX-License-Identifier: MIT
/*
 * Registers: cookies, and what readl() and its kin do with them.
 *
 * Cookies are addresses in one reserved range that nothing may touch, so that a plain dereference
 * faults (iofault.c) and a look-up is one load: the range is cut into granules, and a table says
 * whose each one is. A mapping begins at its offset in a granule's first page; what follows its
 * end, and the granule after it, belong to nobody.
 */
#include "../internal.h"
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/printk.h>

#include "../internal.h"

enum { GRANULE_SHIFT = 16 };
#define GRANULE    ((uint64_t)1 << GRANULE_SHIFT)
#define ARENA_MOST  ((uint64_t)1 << 38) /* 256 GiB of address space, no memory */
#define ARENA_LEAST \
	((uint64_t)1 << 32) /* where there is less: under valgrind, or an address space limit */
#define ROUND       ((uint64_t)1 << 14)

static char *arena;
static uint64_t arena_size, granules; /* bytes; how many there are */
static struct dmk_iomap **owner; /* of each granule; pages of it appear as they are used */
static struct dmk_iomap *free_maps;
static uint64_t next_granule, high_water;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool reserve(uint64_t size)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	arena_size = size;
	granules = size / GRANULE;
	arena = mmap(NULL, size, PROT_NONE, flags, -1, 0);
	owner = mmap(NULL, granules * sizeof(*owner), PROT_READ | PROT_WRITE, flags, -1, 0);
	if (arena != MAP_FAILED && owner != MAP_FAILED)
		return true;
	dmk_iomap_stop();
	return false;
}

int dmk_iomap_start(void)
{
	next_granule = 0;
	high_water = 0;
	for (uint64_t size = ARENA_MOST; size >= ARENA_LEAST; size /= 2)
		if (reserve(size))
			return 0;
	return -ENOMEM;
}

void dmk_iomap_stop(void)
{
	for (uint64_t i = 0; owner && owner != MAP_FAILED && i < high_water; i++) {
		struct dmk_iomap *map = owner[i];

		if (!map || (i && owner[i - 1] == map))
			continue;
		map->next_free = free_maps;
		free_maps = map;
	}
	while (free_maps) {
		struct dmk_iomap *map = free_maps;

		free_maps = map->next_free;
		free(map);
	}
	if (arena && arena != MAP_FAILED)
		munmap(arena, arena_size);
	if (owner && owner != MAP_FAILED)
		munmap(owner, granules * sizeof(*owner));
	arena = NULL;
	owner = NULL;
}

bool dmk_is_iomem(const volatile void *address)
{
	return arena && (uint64_t)((const volatile char *)address - arena) < arena_size;
}

struct dmk_iomap *dmk_iomap_find(const volatile void *address)
{
	uint64_t offset = (const volatile char *)address - arena;
	struct dmk_iomap *map;

	if (!arena || offset >= arena_size)
		return NULL;
	map = __atomic_load_n(&owner[offset >> GRANULE_SHIFT], __ATOMIC_ACQUIRE);
	if (!map || !map->cookie ||
	    (uint64_t)((const volatile char *)address - map->cookie) >= map->size)
		return NULL;
	return map;
}

/* --- making and ending ------------------------------------------------------------------------ */

/* The first run of @n granules without owner in [from, to). */
static bool search(uint64_t from, uint64_t to, uint64_t n, uint64_t *first)
{
	uint64_t run = 0;

	for (uint64_t i = from; i < to; i++) {
		run = owner[i] ? 0 : run + 1;
		if (run < n)
			continue;
		*first = i + 1 - n;
		return true;
	}
	return false;
}

/*
 * Addresses go round, so that a stale cookie meets nobody for a long while; round a small part of
 * the arena as long as that has room, so that the table stays small.
 */
static bool find_run(uint64_t n, uint64_t *first)
{
	if (!search(next_granule, ROUND, n, first) && !search(0, ROUND, n, first) &&
	    !search(0, granules, n, first))
		return false;
	next_granule = *first + n < ROUND ? *first + n : 0;
	if (*first + n > high_water)
		high_water = *first + n;
	return true;
}

static struct dmk_iomap *take_map(void)
{
	struct dmk_iomap *map = free_maps;

	if (!map)
		return calloc(1, sizeof(*map));
	free_maps = map->next_free;
	return map;
}

void *dmk_iomap_make(uint64_t first, uint64_t size, enum dmk_iomap_kind kind)
{
	uint64_t skip = first & (DMK_PAGE_SIZE - 1);
	uint64_t n, at;
	struct dmk_iomap *map = NULL;
	char *cookie = NULL;

	if (!size || size > arena_size / 2 || first + size - 1 < first || !arena)
		return NULL;
	n = (skip + size + GRANULE - 1) >> GRANULE_SHIFT;
	pthread_mutex_lock(&lock);
	map = take_map();
	if (map && !find_run(n + 1, &at)) {
		map->next_free = free_maps;
		free_maps = map;
	} else if (map) {
		cookie = arena + (at << GRANULE_SHIFT) + skip;
		*map = (struct dmk_iomap){
			.cookie = cookie, .first = first, .size = size, .kind = kind};
		for (uint64_t i = 0; i < n; i++)
			__atomic_store_n(&owner[at + i], map, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&lock);
	return cookie;
}

/* 0, or -EINVAL: it is no living cookie. */
static int end_map(const volatile void *address)
{
	struct dmk_iomap *map;
	uint64_t at;

	pthread_mutex_lock(&lock);
	map = dmk_iomap_find(address);
	if (!map) {
		pthread_mutex_unlock(&lock);
		return -EINVAL;
	}
	for (at = (uint64_t)(map->cookie - arena) >> GRANULE_SHIFT;
	     at < granules && owner[at] == map; at++)
		__atomic_store_n(&owner[at], NULL, __ATOMIC_RELEASE);
	map->cookie = NULL;
	map->next_free = free_maps;
	free_maps = map;
	pthread_mutex_unlock(&lock);
	return 0;
}

static bool has_ram(uint64_t first, uint64_t last)
{
	const struct dmk_machine *machine = dmk_device_port->machine;

	for (unsigned int i = 0; i < machine->nr_memory; i++) {
		const struct dmk_memory *memory = &machine->memory[i];

		if (memory->kind == DMK_MEMORY_RAM &&
		    first <= memory->first.v + (memory->size - 1) && memory->first.v <= last)
			return true;
	}
	return false;
}

DMK_ENTRY void __iomem *ioremap(phys_addr_t address, size_t size)
{
	if (!dmk_device_port || !size || address + size - 1 < address ||
	    dmk_should_fail(DMK_FAIL_IOMEM, DMK_CALLER))
		return NULL;
	if (has_ram(address, address + size - 1)) {
		printk(KERN_ERR "ioremap: %#llx is the system's RAM\n", address);
		return NULL;
	}
	return dmk_iomap_make(address, size, DMK_IOMAP_MEMORY);
}

void iounmap(volatile void __iomem *address)
{
	if (address && end_map(address))
		printk(KERN_ERR "iounmap: %p is not mapped\n", (void *)address);
}

void __iomem *ioport_map(unsigned long port, unsigned int count)
{
	if (port > 0xffff || count > 0x10000 - port || dmk_should_fail(DMK_FAIL_IOMEM, DMK_CALLER))
		return NULL;
	return dmk_iomap_make(port, count, DMK_IOMAP_PORTS);
}

void ioport_unmap(void __iomem *address)
{
	iounmap(address);
}

static void release_map(struct device *dev, void *res)
{
	iounmap(*(void **)res);
}

static int is_cookie(struct device *dev, void *res, void *wanted)
{
	return *(void **)res == wanted;
}

static void __iomem *map_managed(struct device *dev, resource_size_t offset, resource_size_t size)
{
	void **record = devres_alloc(release_map, sizeof(*record), 0);

	if (!record)
		return NULL;
	*record = ioremap(offset, size);
	if (!*record) {
		devres_free(record);
		return NULL;
	}
	devres_add(dev, record);
	return *record;
}

static void __iomem *map_managed_at(struct device *dev, resource_size_t offset,
				    resource_size_t size, struct dmk_place place)
{
	return dmk_should_fail(DMK_FAIL_IOMEM, place.caller) ? NULL
							      : map_managed(dev, offset, size);
}

void __iomem *devm_ioremap(struct device *dev, resource_size_t offset, resource_size_t size)
{
	return map_managed_at(dev, offset, size, DMK_HERE);
}

void __iomem *devm_ioremap_uc(struct device *dev, resource_size_t offset, resource_size_t size)
{
	return map_managed_at(dev, offset, size, DMK_HERE);
}

void __iomem *devm_ioremap_wc(struct device *dev, resource_size_t offset, resource_size_t size)
{
	return map_managed_at(dev, offset, size, DMK_HERE);
}

void devm_iounmap(struct device *dev, void __iomem *address)
{
	if (devres_release(dev, release_map, is_cookie, address))
		dev_warn(dev, "devm_iounmap() of what is not this device's\n");
}

void __iomem *devm_ioremap_resource(struct device *dev, const struct resource *res)
{
	void __iomem *address;

	if (!res || resource_type(res) != IORESOURCE_MEM) {
		dev_err(dev, "invalid resource\n");
		return ERR_PTR(-EINVAL);
	}
	if (dmk_should_fail(DMK_FAIL_IOMEM, DMK_CALLER))
		return ERR_PTR(-ENOMEM);
	if (!devm_request_mem_region(dev, res->start, resource_size(res), dev_name(dev))) {
		dev_err(dev, "can't claim %#llx..%#llx\n", res->start, res->end);
		return ERR_PTR(-EBUSY);
	}
	address = map_managed(dev, res->start, resource_size(res));
	if (address)
		return address;
	devm_release_mem_region(dev, res->start, resource_size(res));
	return ERR_PTR(-ENOMEM);
}

/* --- access ----------------------------------------------------------------------------------- */

uint64_t dmk_iomap_read(const struct dmk_iomap *map, uint64_t offset, unsigned int width)
{
	const struct dmk_port *port = dmk_device_port;

	dmk_interleave();
	if (map->kind != DMK_IOMAP_PORTS)
		return port->ops->mmio_read(port->ctx, DMK_PHYS(map->first + offset), width);
	return width > 4 ? ~0ULL
			 : port->ops->port_in(port->ctx, (uint16_t)(map->first + offset), width);
}

void dmk_iomap_write(const struct dmk_iomap *map, uint64_t offset, unsigned int width,
		     uint64_t value)
{
	const struct dmk_port *port = dmk_device_port;

	dmk_interleave();
	if (map->kind != DMK_IOMAP_PORTS)
		port->ops->mmio_write(port->ctx, DMK_PHYS(map->first + offset), width, value);
	else if (width <= 4)
		port->ops->port_out(port->ctx, (uint16_t)(map->first + offset), width,
				    (uint32_t)value);
	dmk_interleave();
}

static struct dmk_iomap *find_access(const volatile void *address, unsigned int width,
				     uint64_t *offset)
{
	struct dmk_iomap *map = dmk_iomap_find(address);

	if (!map)
		return NULL;
	*offset = (const volatile char *)address - map->cookie;
	return map->size - *offset >= width ? map : NULL;
}

/* A register access to what is no register. */
static void announce_bad(const volatile void *address, unsigned int width, bool write,
			 const void *caller, const void *frame)
{
	printk(KERN_ERR "%s of %u bytes at %p, which ioremap() did not give\n",
	       write ? "write" : "read", width, (void *)address);
	dmk_announce(&(struct dmk_event){
		.kind = DMK_EVENT_IOMEM_DEREFERENCE,
		.reason = DMK_REASON_BAD_ADDRESS,
		.name = write ? "writel" : "readl",
		.cpu = (const void *)address,
		.size = width,
		.write = write,
		.requester = DMK_REQUESTER_NONE,
		.caller = caller,
		.frame = frame,
	});
}

u64 dmk_io_read(const volatile void __iomem *address, unsigned int width)
{
	uint64_t offset;
	struct dmk_iomap *map = find_access(address, width, &offset);

	if (map)
		return dmk_iomap_read(map, offset, width);
	announce_bad(address, width, false, __builtin_return_address(0),
		     __builtin_frame_address(0));
	return ~0ULL;
}

void dmk_io_write(volatile void __iomem *address, unsigned int width, u64 value)
{
	uint64_t offset;
	struct dmk_iomap *map = find_access(address, width, &offset);

	if (map)
		dmk_iomap_write(map, offset, width, value);
	else
		announce_bad(address, width, true, __builtin_return_address(0),
			     __builtin_frame_address(0));
}

u32 dmk_port_in(unsigned long port, unsigned int width)
{
	if (!dmk_device_port || port > 0xffff)
		return ~0U;
	return dmk_device_port->ops->port_in(dmk_device_port->ctx, (uint16_t)port, width);
}

void dmk_port_out(unsigned long port, unsigned int width, u32 value)
{
	if (dmk_device_port && port <= 0xffff)
		dmk_device_port->ops->port_out(dmk_device_port->ctx, (uint16_t)port, width, value);
}

static unsigned int chunk(uintptr_t a, uintptr_t b, size_t left)
{
	return left >= 8 && !((a | b) & 7) ? 8 : 1;
}

void memcpy_fromio(void *to, const volatile void __iomem *from, size_t size)
{
	char *at = to;
	const volatile char *io = from;

	while (size) {
		unsigned int n = chunk((uintptr_t)at, (uintptr_t)io, size);
		uint64_t value = dmk_io_read(io, n);

		memcpy(at, &value, n);
		at += n;
		io += n;
		size -= n;
	}
}

void memcpy_toio(volatile void __iomem *to, const void *from, size_t size)
{
	const char *at = from;
	volatile char *io = to;

	while (size) {
		unsigned int n = chunk((uintptr_t)at, (uintptr_t)io, size);
		uint64_t value = 0;

		memcpy(&value, at, n);
		dmk_io_write(io, n, value);
		at += n;
		io += n;
		size -= n;
	}
}

void memset_io(volatile void __iomem *to, int value, size_t size)
{
	uint64_t word = 0x0101010101010101ULL * (unsigned char)value;
	volatile char *io = to;

	while (size) {
		unsigned int n = chunk((uintptr_t)io, 0, size);

		dmk_io_write(io, n, n == 8 ? word : (unsigned char)value);
		io += n;
		size -= n;
	}
}

void __iowrite32_copy(void __iomem *to, const void *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		writel(((const u32 *)from)[i], (char *)to + 4 * i);
}

void __ioread32_copy(void *to, const void __iomem *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		((u32 *)to)[i] = readl((const char *)from + 4 * i);
}

void __iowrite64_copy(void __iomem *to, const void *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		writeq(((const u64 *)from)[i], (char *)to + 8 * i);
}

/* --- reserved memory (MEM-09) ----------------------------------------------------------------- */

struct memory_view {
	struct memory_view *next;
	char *first_page;
	size_t pages;
};

static struct memory_view *views;

static bool touches_ram(uint64_t first, uint64_t last)
{
	const struct dmk_machine *machine = dmk_device_port->machine;

	for (unsigned int i = 0; i < machine->nr_memory; i++) {
		const struct dmk_memory *memory = &machine->memory[i];

		if ((memory->kind == DMK_MEMORY_RAM || memory->kind == DMK_MEMORY_CONTIGUOUS) &&
		    first <= memory->first.v + (memory->size - 1) && last >= memory->first.v)
			return true;
	}
	return false;
}

static void *view(uint64_t first, size_t size, enum dmk_view how)
{
	uint64_t skip = first & (DMK_PAGE_SIZE - 1);
	size_t n = (skip + size + DMK_PAGE_SIZE - 1) / DMK_PAGE_SIZE;
	struct memory_view *new = calloc(1, sizeof(*new));
	dmk_phys *pages = calloc(n, sizeof(*pages));

	for (size_t i = 0; pages && i < n; i++)
		pages[i].v = first - skip + i * DMK_PAGE_SIZE;
	if (new &&pages)
		new->first_page = dmk_device_port->ops->view_map(dmk_device_port->ctx, pages, n,
								 how);
	free(pages);
	if (!new || !new->first_page) {
		free(new);
		return NULL;
	}
	new->pages = n;
	pthread_mutex_lock(&lock);
	new->next = views;
	views = new;
	pthread_mutex_unlock(&lock);
	return new->first_page + skip;
}

/*
 * RAM has an address already, with caches; another view of it, or half a view, would be a second
 * truth.
 */
static void *refuse_view(uint64_t first, size_t size, const char *why, const void *caller)
{
	dmk_complain(caller, "memremap(%#llx, %zu): %s", (unsigned long long)first, size, why);
	return NULL;
}

static void *memremap_at(uint64_t first, size_t size, unsigned long flags, const void *caller)
{
	uint64_t last = first + size - 1;

	if (!dmk_device_port || !size || !flags || last < first)
		return NULL;
	dmk_phys_used("memremap", first, (struct dmk_place){caller, __builtin_frame_address(0)});
	if (!dmk_ram(first, size, false))
		return refuse_view(first, size, "it is not memory all along", caller);
	if (!dmk_ram(first, size, true)) {
		if (touches_ram(first, last) && dmk_ram(first, 1, true) != dmk_ram(last, 1, true))
			return refuse_view(first, size,
					   "part of it is ordinary memory, part is kept back",
					   caller);
		return view(first, size, flags & MEMREMAP_WB ? DMK_VIEW_CACHED : DMK_VIEW_UNCACHED);
	}
	if (!(flags & MEMREMAP_WB))
		return refuse_view(first, size,
				   "ordinary memory is cached: MEMREMAP_WB is the only view of it",
				   caller);
	if (last > dmk_device_port->machine->direct_last.v)
		return view(first, size, DMK_VIEW_CACHED);
	return (char *)dmk_device_port->machine->direct_base + first;
}

void *memremap(resource_size_t address, size_t size, unsigned long flags)
{
	return dmk_should_fail(DMK_FAIL_IOMEM, DMK_CALLER)
		       ? NULL
		       : memremap_at(address, size, flags, DMK_CALLER);
}

void memunmap(void *address)
{
	struct memory_view **at = &views, *old;

	pthread_mutex_lock(&lock);
	while (*at && (*at)->first_page != (char *)((uintptr_t)address & ~(DMK_PAGE_SIZE - 1)))
		at = &(*at)->next;
	old = *at;
	if (old)
		*at = old->next;
	pthread_mutex_unlock(&lock);
	if (!old && address && !virt_addr_valid(address))
		dmk_complain(__builtin_return_address(0),
			     "memunmap(%p): memremap() gave no such address", address);
	if (old)
		dmk_device_port->ops->view_unmap(dmk_device_port->ctx, old->first_page, old->pages);
	free(old);
}

static void release_view(struct device *dev, void *res)
{
	memunmap(*(void **)res);
}

void *devm_memremap(struct device *dev, resource_size_t address, size_t size, unsigned long flags)
{
	void **record;

	if (dmk_should_fail(DMK_FAIL_IOMEM, DMK_CALLER))
		return ERR_PTR(-ENOMEM);
	record = devres_alloc(release_view, sizeof(*record), 0);
	if (!record)
		return ERR_PTR(-ENOMEM);
	*record = memremap_at(address, size, flags, DMK_CALLER);
	if (!*record) {
		devres_free(record);
		return ERR_PTR(-ENXIO);
	}
	devres_add(dev, record);
	return *record;
}

void devm_memunmap(struct device *dev, void *address)
{
	devres_release(dev, release_view, is_cookie, address);
}
