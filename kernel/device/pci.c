// SPDX-License-Identifier: MIT
/*
 * PCI: finding the functions of a machine, giving their windows addresses (nobody did before:
 * machines start without firmware), matching drivers, and the calls a driver makes on a function.
 * Interrupts are in pci_irq.c, configuration in pci_config.c.
 *
 * Windows are placed in CPU addresses; a BAR gets the bus address that the host bridge translates
 * there (ADR-03). Behind a bridge all memory windows go into its 32-bit window, which is legal for
 * every kind; a 64-bit prefetchable BAR on the root bus goes above 4 GiB where the host has room
 * there.
 */
#include "internal.h"
#include "pci_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/err.h>
#include <linux/pci.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "../internal.h"

enum { BRIDGE_UNIT = 1 << 20, BRIDGE_IO_UNIT = 4096, MAX_BUSES = 256 };

static struct pci_bus *buses[MAX_BUSES];
static struct pci_dev **functions;
static size_t nr_functions;
static unsigned int last_bus;

/* --- finding ---------------------------------------------------------------------------------- */

static uint32_t raw_read(const struct pci_bus *bus, unsigned int devfn, unsigned int where,
			 unsigned int width)
{
	return dmk_device_port->ops->config_read(dmk_device_port->ctx,
						 PCI_DEVID(bus->number, devfn), where, width);
}

static void release_function(struct device *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);

	kfree(pdev->driver_override);
	free(pdev->dmk);
	free(pdev);
}

static struct pci_bus *make_bus(struct pci_bus *parent, struct pci_dev *self, unsigned int number)
{
	struct pci_bus *bus;

	if (number >= MAX_BUSES || buses[number])
		return NULL;
	bus = calloc(1, sizeof(*bus));
	if (!bus)
		return NULL;
	bus->number = (unsigned char)number;
	bus->parent = parent;
	bus->self = self;
	bus->primary = parent ? parent->number : 0;
	bus->bridge = self ? &self->dev : NULL;
	INIT_LIST_HEAD(&bus->devices);
	snprintf(bus->name, sizeof(bus->name), "PCI Bus 0000:%02x", number);
	buses[number] = bus;
	return bus;
}

static void read_header(struct pci_dev *pdev)
{
	u32 id, class;
	u8 type;

	pci_read_config_dword(pdev, PCI_VENDOR_ID, &id);
	pci_read_config_dword(pdev, PCI_CLASS_REVISION, &class);
	pci_read_config_byte(pdev, PCI_HEADER_TYPE, &type);
	pdev->vendor = (u16)id;
	pdev->device = (u16)(id >> 16);
	pdev->class = class >> 8;
	pdev->revision = (u8) class;
	pdev->hdr_type = type & PCI_HEADER_TYPE_MASK;
	pdev->multifunction = type & PCI_HEADER_TYPE_MFD;
	pci_read_config_byte(pdev, PCI_INTERRUPT_PIN, &pdev->pin);
	if (pdev->hdr_type == PCI_HEADER_TYPE_NORMAL) {
		pci_read_config_word(pdev, PCI_SUBSYSTEM_VENDOR_ID, &pdev->subsystem_vendor);
		pci_read_config_word(pdev, PCI_SUBSYSTEM_ID, &pdev->subsystem_device);
	}
	pdev->pcie_cap = pci_find_capability(pdev, PCI_CAP_ID_EXP);
	pdev->msi_cap = pci_find_capability(pdev, PCI_CAP_ID_MSI);
	pdev->msix_cap = pci_find_capability(pdev, PCI_CAP_ID_MSIX);
	pdev->pm_cap = pci_find_capability(pdev, PCI_CAP_ID_PM);
	pdev->cfg_size = pdev->pcie_cap ? PCI_CFG_SPACE_EXP_SIZE : PCI_CFG_SPACE_SIZE;
	if (pdev->pin >= 1 && pdev->pin <= 4)
		pdev->irq = dmk_device_port->ops->intx_irq(dmk_device_port->ctx, pci_dev_id(pdev),
							   pdev->pin);
}

/* Behind a bridge: as the bridge itself. */
static const struct dmk_bus *memory_of(const struct pci_bus *bus, unsigned int devfn)
{
	const struct dmk_pci_host *host = dmk_device_port->machine->pci;
	const struct dmk_bus *slot = host->slot_dma[PCI_SLOT(devfn)];

	if (bus->self)
		return bus->self->dev.dmk.bus;
	return slot ? slot : host->dma;
}

static struct pci_dev *make_function(struct pci_bus *bus, unsigned int devfn)
{
	struct pci_dev *pdev = calloc(1, sizeof(*pdev));
	struct pci_dev **more = realloc(functions, (nr_functions + 1) * sizeof(*functions));

	if (more)
		functions = more;
	if (pdev)
		pdev->dmk = calloc(1, sizeof(*pdev->dmk));
	if (!pdev || !more || !pdev->dmk) {
		if (pdev)
			free(pdev->dmk);
		free(pdev);
		return NULL;
	}
	pdev->bus = bus;
	pdev->devfn = devfn;
	pdev->cfg_size = PCI_CFG_SPACE_SIZE;
	pdev->error_state = pci_channel_io_normal;
	pdev->current_state = PCI_D0;
	pdev->dev.bus = &pci_bus_type;
	pdev->dev.parent = bus->bridge;
	pdev->dev.release = release_function;
	device_initialize(&pdev->dev);
	dev_set_name(&pdev->dev, "0000:%02x:%02x.%u", bus->number, PCI_SLOT(devfn),
		     PCI_FUNC(devfn));
	if (!pdev->dev.p || !pdev->dev.p->name) {
		put_device(&pdev->dev);
		return NULL;
	}
	dmk_device_masters(&pdev->dev, memory_of(bus, devfn), PCI_DEVID(bus->number, devfn));
	pdev->dev.p->ours = true;
	read_header(pdev);
	list_add_tail(&pdev->bus_list, &bus->devices);
	functions[nr_functions++] = pdev;
	return pdev;
}

static int scan_bus(struct pci_bus *bus);

/* A bridge gets the next free bus number; whatever stood there, nothing was running. */
static int scan_behind(struct pci_dev *bridge)
{
	unsigned int limit = dmk_device_port->machine->pci->last_bus;
	int error;

	if (last_bus >= limit || last_bus + 1 >= MAX_BUSES) {
		pci_warn(bridge, "no bus number is left for what is behind it\n");
		return 0;
	}
	bridge->subordinate = make_bus(bridge->bus, bridge, ++last_bus);
	if (!bridge->subordinate)
		return -ENOMEM;
	pci_write_config_byte(bridge, PCI_PRIMARY_BUS, bridge->bus->number);
	pci_write_config_byte(bridge, PCI_SECONDARY_BUS, (u8)last_bus);
	pci_write_config_byte(bridge, PCI_SUBORDINATE_BUS, (u8)limit);
	error = scan_bus(bridge->subordinate);
	bridge->subordinate->busn_res_end = (unsigned char)last_bus;
	pci_write_config_byte(bridge, PCI_SUBORDINATE_BUS, (u8)last_bus);
	return error;
}

static bool is_there(const struct pci_bus *bus, unsigned int devfn)
{
	u32 id = raw_read(bus, devfn, PCI_VENDOR_ID, 4);

	return (id & 0xffff) != 0xffff && (id & 0xffff) != 0;
}

static int scan_bus(struct pci_bus *bus)
{
	int error = 0;

	for (unsigned int slot = 0; slot < 32 && !error; slot++) {
		unsigned int count = 1;

		for (unsigned int function = 0; function < count && !error; function++) {
			struct pci_dev *pdev;

			if (!is_there(bus, PCI_DEVFN(slot, function)))
				continue;
			pdev = make_function(bus, PCI_DEVFN(slot, function));
			if (!pdev)
				return -ENOMEM;
			if (!function && pdev->multifunction)
				count = 8;
			if (pdev->hdr_type == PCI_HEADER_TYPE_BRIDGE)
				error = scan_behind(pdev);
		}
	}
	return error;
}

/* --- windows ---------------------------------------------------------------------------------- */

static unsigned int bar_register(int bar)
{
	return PCI_BASE_ADDRESS_0 + 4 * (unsigned int)bar;
}

static u32 sizing_mask(struct pci_dev *pdev, unsigned int where)
{
	u32 before, mask;

	pci_read_config_dword(pdev, (int)where, &before);
	pci_write_config_dword(pdev, (int)where, ~0U);
	pci_read_config_dword(pdev, (int)where, &mask);
	pci_write_config_dword(pdev, (int)where, before);
	return mask;
}

/*
 * PCI Local Bus 3.0, 6.2.5.1: the bits that can't be written give the size. Return: registers
 * taken.
 */
static int size_bar(struct pci_dev *pdev, int bar, int last)
{
	struct resource *res = &pdev->resource[bar];
	u64 mask = sizing_mask(pdev, bar_register(bar));
	bool wide;
	u64 size;

	if (!mask || mask == ~0U)
		return 1;
	if (mask & PCI_BASE_ADDRESS_SPACE_IO) {
		size = (~mask | 3) & 0xffff;
		res->flags = IORESOURCE_IO | IORESOURCE_UNSET;
		res->end = size;
		return 1;
	}
	wide = (mask & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64 &&
	       bar < last;
	res->flags = IORESOURCE_MEM | IORESOURCE_UNSET;
	if (mask & PCI_BASE_ADDRESS_MEM_PREFETCH)
		res->flags |= IORESOURCE_PREFETCH;
	mask &= ~0xfULL;
	if (wide) {
		res->flags |= IORESOURCE_MEM_64;
		mask |= (u64)sizing_mask(pdev, bar_register(bar + 1)) << 32;
	} else {
		mask |= 0xffffffffULL << 32;
	}
	size = ~mask + 1;
	if (size & (size - 1) || size < 16) {
		pci_warn(pdev, "BAR %d has no size that makes sense\n", bar);
		res->flags = 0;
		return wide ? 2 : 1;
	}
	res->end = size - 1;
	return wide ? 2 : 1;
}

static int nr_bars(const struct pci_dev *pdev)
{
	return pdev->hdr_type == PCI_HEADER_TYPE_NORMAL   ? 6
	       : pdev->hdr_type == PCI_HEADER_TYPE_BRIDGE ? 2
							  : 0;
}

static void size_function(struct pci_dev *pdev)
{
	int n = nr_bars(pdev);
	u16 command;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	command &= (u16) ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	pci_write_config_word(pdev, PCI_COMMAND, command);
	for (int bar = 0; bar < n;)
		bar += size_bar(pdev, bar, n - 1);
	for (int bar = 0; bar < n; bar++)
		pdev->resource[bar].name = pci_name(pdev);
}

/* The resource of a window of the host's, by what it is for. */
static struct resource *host_window(const struct dmk_window *window, struct resource *root)
{
	if (!window->size)
		return NULL;
	for (struct resource *r = root->child; r; r = r->sibling)
		if (r->start <= window->phys.v && r->end >= window->phys.v + (window->size - 1))
			return r;
	return NULL;
}

static u64 to_bus(const struct pci_dev *pdev, const struct resource *res)
{
	const struct dmk_pci_host *host = dmk_device_port->machine->pci;
	const struct dmk_window *window = res->flags & IORESOURCE_IO ? &host->io : &host->mmio32;

	if (!(res->flags & IORESOURCE_IO) && host->mmio64.size &&
	    res->start >= host->mmio64.phys.v &&
	    res->end <= host->mmio64.phys.v + (host->mmio64.size - 1))
		window = &host->mmio64;
	return res->start - window->phys.v + window->bus;
}

static void write_bar(struct pci_dev *pdev, int bar)
{
	const struct resource *res = &pdev->resource[bar];
	u64 bus = to_bus(pdev, res);

	pci_write_config_dword(pdev, (int)bar_register(bar), (u32)bus);
	if (res->flags & IORESOURCE_MEM_64)
		pci_write_config_dword(pdev, (int)bar_register(bar + 1), (u32)(bus >> 32));
}

static bool place_in(struct resource *window, struct resource *res, u64 size, u64 align)
{
	if (!window ||
	    allocate_resource(window, res, size, window->start, window->end, align, NULL, NULL))
		return false;
	res->flags &= ~(unsigned long)IORESOURCE_UNSET;
	return true;
}

/* Windows of a bus: where its functions' BARs may go. */
struct windows {
	struct resource *memory, *high, *io;
};

static bool place_bar(const struct windows *windows, struct resource *res, u64 size)
{
	const unsigned long high = IORESOURCE_MEM_64 | IORESOURCE_PREFETCH;

	if (res->flags & IORESOURCE_IO)
		return place_in(windows->io, res, size, size);
	if ((res->flags & high) == high && place_in(windows->high, res, size, size))
		return true;
	if (place_in(windows->memory, res, size, size))
		return true;
	return (res->flags & IORESOURCE_MEM_64) && place_in(windows->high, res, size, size);
}

/*
 * What a bus needs in a window, BARs sorted by size, so that a sum of them is enough; whole units
 * of a bridge.
 */
static u64 need(struct pci_bus *bus, unsigned long type, u64 unit)
{
	u64 sum = 0, largest = unit;
	struct pci_dev *pdev;

	list_for_each_entry(pdev, &bus->devices, bus_list) {
		for (int bar = 0; bar < nr_bars(pdev); bar++) {
			u64 size = resource_size(&pdev->resource[bar]);

			if (!(pdev->resource[bar].flags & type))
				continue;
			sum += size;
			largest = size > largest ? size : largest;
		}
		if (pdev->subordinate)
			sum += need(pdev->subordinate, type, unit);
	}
	return sum ? (sum + largest - 1) & ~(largest - 1) : 0;
}

static void write_bridge_memory(struct pci_dev *bridge)
{
	const struct resource *res = &bridge->resource[PCI_BRIDGE_MEM_WINDOW];
	u64 bus = to_bus(bridge, res);

	pci_write_config_word(bridge, PCI_MEMORY_BASE, (u16)(bus >> 16 & 0xfff0));
	pci_write_config_word(bridge, PCI_MEMORY_LIMIT,
			      (u16)((bus + resource_size(res) - 1) >> 16 & 0xfff0));
}

static void write_bridge_io(struct pci_dev *bridge)
{
	const struct resource *res = &bridge->resource[PCI_BRIDGE_IO_WINDOW];
	u64 bus = to_bus(bridge, res);

	pci_write_config_byte(bridge, PCI_IO_BASE, (u8)(bus >> 8 & 0xf0));
	pci_write_config_byte(bridge, PCI_IO_LIMIT,
			      (u8)((bus + resource_size(res) - 1) >> 8 & 0xf0));
}

/* A window in the bridge as large as what is behind it needs; shut where there is nothing. */
static struct resource *open_bridge(struct pci_dev *bridge, struct resource *above, int which,
				    unsigned long type, u64 unit)
{
	struct resource *res = &bridge->resource[which];
	u64 size = need(bridge->subordinate, type, unit);
	u64 align = unit;

	while (align < size)
		align <<= 1;
	res->flags = type;
	res->name = bridge->subordinate->name;
	if (size && place_in(above, res, size, align))
		return res;
	if (size)
		pci_warn(bridge, "no room for a window of %llu bytes\n", size);
	res->flags = 0;
	return NULL;
}

static void assign_bus(struct pci_bus *bus, const struct windows *windows);

static void assign_bridge(struct pci_dev *bridge, const struct windows *above)
{
	struct windows below = {NULL, NULL, NULL};

	pci_write_config_dword(bridge, PCI_MEMORY_BASE, 0x0000fff0);
	pci_write_config_dword(bridge, PCI_PREF_MEMORY_BASE, 0x0000fff0);
	pci_write_config_word(bridge, PCI_IO_BASE, 0x00f0);
	below.memory = open_bridge(bridge, above->memory, PCI_BRIDGE_MEM_WINDOW, IORESOURCE_MEM,
				   BRIDGE_UNIT);
	below.io = open_bridge(bridge, above->io, PCI_BRIDGE_IO_WINDOW, IORESOURCE_IO,
			       BRIDGE_IO_UNIT);
	if (below.memory)
		write_bridge_memory(bridge);
	if (below.io)
		write_bridge_io(bridge);
	pci_write_config_word(bridge, PCI_COMMAND,
			      PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assign_bus(bridge->subordinate, &below);
}

struct wish {
	struct pci_dev *pdev;
	int bar;
	u64 size;
};

static int larger_first(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? 1 : -1;
	return x->pdev != y->pdev ? (x->pdev->devfn > y->pdev->devfn ? 1 : -1) : x->bar - y->bar;
}

static void assign_bus(struct pci_bus *bus, const struct windows *windows)
{
	struct wish wishes[256 * 6 /
			   4]; /* a bus that is fuller than 64 functions of 6 BARs each is cut */
	const size_t room = sizeof(wishes) / sizeof(wishes[0]);
	size_t n = 0;
	struct pci_dev *pdev;

	list_for_each_entry(pdev, &bus->devices, bus_list) {
		for (int bar = 0; bar < nr_bars(pdev) && n < room; bar++)
			if (pdev->resource[bar].flags)
				wishes[n++] = (struct wish){pdev, bar,
							    resource_size(&pdev->resource[bar])};
	}
	qsort(wishes, n, sizeof(wishes[0]), larger_first);
	for (size_t i = 0; i < n; i++) {
		if (place_bar(windows, &wishes[i].pdev->resource[wishes[i].bar], wishes[i].size))
			write_bar(wishes[i].pdev, wishes[i].bar);
		else
			pci_warn(wishes[i].pdev, "BAR %d: no room for %llu bytes\n", wishes[i].bar,
				 wishes[i].size);
	}
	list_for_each_entry(pdev, &bus->devices, bus_list)
		if (pdev->subordinate)
			assign_bridge(pdev, windows);
}

/* --- boot ------------------------------------------------------------------------------------- */

int dmk_pci_start(char *error, size_t error_size)
{
	const struct dmk_pci_host *host = dmk_device_port->machine->pci;
	struct windows windows;
	struct pci_bus *root;
	int result;

	if (!host)
		return 0;
	last_bus = host->first_bus;
	root = make_bus(NULL, NULL, host->first_bus);
	result = root ? scan_bus(root) : -ENOMEM;
	if (result) {
		snprintf(error, error_size, "no memory for the machine's PCI functions");
		return result;
	}
	for (size_t i = 0; i < nr_functions; i++)
		size_function(functions[i]);
	windows.memory = host_window(&host->mmio32, &iomem_resource);
	windows.high = host_window(&host->mmio64, &iomem_resource);
	windows.io = host_window(&host->io, &ioport_resource);
	assign_bus(root, &windows);
	for (size_t i = 0; i < nr_functions && !result; i++)
		result = device_add(&functions[i]->dev);
	if (result)
		snprintf(error, error_size, "can't add the machine's PCI functions");
	return result;
}

void dmk_pci_stop(void)
{
	for (size_t i = nr_functions; i > 0; i--) {
		struct pci_dev *pdev = functions[i - 1];

		device_del(&pdev->dev);
		if (pdev->enable_cnt > 0) {
			pdev->enable_cnt = 1;
			pci_disable_device(pdev);
		}
		for (int bar = 0; bar < DEVICE_COUNT_RESOURCE; bar++)
			release_resource(&pdev->resource[bar]);
		put_device(&pdev->dev);
	}
	free(functions);
	functions = NULL;
	nr_functions = 0;
	for (int i = 0; i < MAX_BUSES; i++) {
		free(buses[i]);
		buses[i] = NULL;
	}
}

/* --- drivers ---------------------------------------------------------------------------------- */

static bool is_same(u32 wanted, u32 is)
{
	return wanted == (u32)PCI_ANY_ID || wanted == is;
}

const struct pci_device_id *pci_match_id(const struct pci_device_id *ids, struct pci_dev *dev)
{
	for (; ids && (ids->vendor || ids->subvendor || ids->class_mask); ids++) {
		if (is_same(ids->vendor, dev->vendor) && is_same(ids->device, dev->device) &&
		    is_same(ids->subvendor, dev->subsystem_vendor) &&
		    is_same(ids->subdevice, dev->subsystem_device) &&
		    !((ids->class ^ dev->class) & ids->class_mask))
			return ids;
	}
	return NULL;
}

static int match(struct device *dev, const struct device_driver *drv)
{
	return dmk_pci_driver_match(to_pci_driver(drv), to_pci_dev(dev)) != NULL;
}

static int probe(struct device *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);
	struct pci_driver *drv = to_pci_driver(dev->driver);
	int error;

	if (!drv->probe)
		return 0;
	pdev->driver = drv;
	error = drv->probe(pdev, dmk_pci_driver_match(drv, pdev));
	if (error < 0)
		pdev->driver = NULL;
	return error;
}

static void remove_function(struct device *dev)
{
	struct pci_dev *pdev = to_pci_dev(dev);

	if (pdev->driver && pdev->driver->remove)
		pdev->driver->remove(pdev);
	pdev->driver = NULL;
}

const struct bus_type pci_bus_type = {
	.name = "pci",
	.dev_groups = dmk_pci_device_groups,
	.match = match,
	.probe = probe,
	.remove = remove_function,
};

/*
 * Tables of drivers that were registered, also on an earlier boot of this program: a driver without
 * MODULE_DEVICE_TABLE says here what it is for, and nowhere else.
 */
static const struct pci_device_id *known_ids[16];

static void note_ids(const struct pci_device_id *ids)
{
	for (size_t i = 0; ids && i < ARRAY_SIZE(known_ids); i++) {
		if (!known_ids[i])
			known_ids[i] = ids;
		if (known_ids[i] == ids)
			return;
	}
}

const struct pci_device_id *dmk_pci_registered_ids(unsigned int index)
{
	return index < ARRAY_SIZE(known_ids) ? known_ids[index] : NULL;
}

int dmk_pci_register_driver(struct pci_driver *drv, struct module *owner, const char *mod_name)
{
	int error;

	if (!drv || !drv->name)
		return -EINVAL;
	note_ids(drv->id_table);
	drv->driver.name = drv->name;
	drv->driver.bus = &pci_bus_type;
	drv->driver.owner = owner;
	drv->driver.mod_name = mod_name;
	drv->driver.groups = drv->groups;
	drv->driver.dev_groups = drv->dev_groups;
	error = driver_register(&drv->driver);
	if (error)
		return error;
	error = dmk_pci_driver_show(drv);
	if (error)
		driver_unregister(&drv->driver);
	return error;
}

void pci_unregister_driver(struct pci_driver *drv)
{
	if (!drv)
		return;
	driver_unregister(&drv->driver);
	dmk_pci_forget_ids(drv);
}

/* --- looking functions up --------------------------------------------------------------------- */

struct pci_dev *pci_dev_get(struct pci_dev *dev)
{
	if (dev)
		get_device(&dev->dev);
	return dev;
}

void pci_dev_put(struct pci_dev *dev)
{
	if (dev)
		put_device(&dev->dev);
}

static bool has_ids(struct pci_dev *dev, const struct pci_device_id *id)
{
	return pci_match_id((const struct pci_device_id[]){*id, {0}}, dev) != NULL;
}

static struct pci_dev *find_after(struct pci_dev *from, const struct pci_device_id *id)
{
	struct pci_dev *found = NULL;
	bool passed = !from;

	for (size_t i = 0; i < nr_functions && !found; i++) {
		if (passed && has_ids(functions[i], id))
			found = pci_dev_get(functions[i]);
		passed |= functions[i] == from;
	}
	pci_dev_put(from);
	return found;
}

struct pci_dev *pci_get_subsys(unsigned int vendor, unsigned int device, unsigned int subvendor,
			       unsigned int subdevice, struct pci_dev *from)
{
	return find_after(from, &(struct pci_device_id){
					PCI_DEVICE_SUB(vendor, device, subvendor, subdevice)});
}

struct pci_dev *pci_get_device(unsigned int vendor, unsigned int device, struct pci_dev *from)
{
	return find_after(from, &(struct pci_device_id){PCI_DEVICE(vendor, device)});
}

struct pci_dev *pci_get_class(unsigned int class, struct pci_dev *from)
{
	return find_after(from, &(struct pci_device_id){PCI_DEVICE_CLASS(class, 0xffffff)});
}

struct pci_dev *pci_get_domain_bus_and_slot(int domain, unsigned int bus, unsigned int devfn)
{
	for (size_t i = 0; !domain && i < nr_functions; i++)
		if (functions[i]->bus->number == bus && functions[i]->devfn == devfn)
			return pci_dev_get(functions[i]);
	return NULL;
}

struct pci_dev *pci_get_slot(struct pci_bus *bus, unsigned int devfn)
{
	return bus ? pci_get_domain_bus_and_slot(0, bus->number, devfn) : NULL;
}

int pci_dev_present(const struct pci_device_id *ids)
{
	for (size_t i = 0; i < nr_functions; i++)
		if (pci_match_id(ids, functions[i]))
			return 1;
	return 0;
}

/* --- on and off ------------------------------------------------------------------------------- */

static void change_command(struct pci_dev *dev, u16 clear, u16 set)
{
	u16 before, after;

	pci_read_config_word(dev, PCI_COMMAND, &before);
	after = (u16)((before & ~clear) | set);
	if (after != before)
		pci_write_config_word(dev, PCI_COMMAND, after);
}

static int enable(struct pci_dev *dev, unsigned long types)
{
	u16 command = 0;

	if (dev->enable_cnt++ > 0)
		return 0;
	for (int bar = 0; bar < nr_bars(dev); bar++) {
		unsigned long flags = dev->resource[bar].flags;

		if (!(flags & types))
			continue;
		if (flags & IORESOURCE_UNSET) {
			pci_err(dev, "can't enable: BAR %d has no address\n", bar);
			dev->enable_cnt--;
			return -EINVAL;
		}
		command |= flags & IORESOURCE_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	}
	pci_set_power_state(dev, PCI_D0);
	change_command(dev, 0, command);
	return 0;
}

/* One that is on already need only be counted. */
static bool enable_fails(const struct pci_dev *dev, struct dmk_place place)
{
	return !dev->enable_cnt && dmk_should_fail(DMK_FAIL_DEVICE, place.caller);
}

DMK_ENTRY int pci_enable_device(struct pci_dev *dev)
{
	return enable_fails(dev, DMK_HERE) ? -EIO : enable(dev, IORESOURCE_MEM | IORESOURCE_IO);
}

int pci_enable_device_mem(struct pci_dev *dev)
{
	return enable_fails(dev, DMK_HERE) ? -EIO : enable(dev, IORESOURCE_MEM);
}

int pci_enable_device_io(struct pci_dev *dev)
{
	return enable_fails(dev, DMK_HERE) ? -EIO : enable(dev, IORESOURCE_IO);
}

int pci_reenable_device(struct pci_dev *dev)
{
	if (!pci_is_enabled(dev))
		return 0;
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER))
		return -EIO;
	dev->enable_cnt--;
	return enable(dev, IORESOURCE_MEM | IORESOURCE_IO);
}

/*
 * The last one out stops the function's own accesses to memory. Its windows stay decoded, as in
 * Linux.
 */
void pci_disable_device(struct pci_dev *dev)
{
	if (dev->enable_cnt <= 0) {
		pci_warn(dev, "disabling a function that is disabled\n");
		return;
	}
	if (--dev->enable_cnt > 0)
		return;
	pci_clear_master(dev);
}

void pci_set_master(struct pci_dev *dev)
{
	change_command(dev, 0, PCI_COMMAND_MASTER);
	dev->is_busmaster = true;
}

void pci_clear_master(struct pci_dev *dev)
{
	change_command(dev, PCI_COMMAND_MASTER, 0);
	dev->is_busmaster = false;
}

static void release_enabled(struct device *dev, void *res)
{
	struct pci_dev *pdev = to_pci_dev(dev);

	dmk_pci_free_vectors(pdev);
	if (!pdev->dmk->pinned && pdev->enable_cnt > 0)
		pci_disable_device(pdev);
	pdev->dmk->pinned = false;
	pdev->is_managed = false;
}

int pcim_enable_device(struct pci_dev *dev)
{
	void *record;
	int error;

	if (dev->is_managed)
		return pci_is_enabled(dev) ? 0 : pci_enable_device(dev);
	record = dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER) ? NULL
							      : devres_alloc(release_enabled, 1, 0);
	if (!record)
		return -ENOMEM;
	error = pci_enable_device(dev);
	if (error) {
		devres_free(record);
		return error;
	}
	dev->is_managed = true;
	devres_add(&dev->dev, record);
	return 0;
}

void pcim_pin_device(struct pci_dev *dev)
{
	dev->dmk->pinned = dev->is_managed;
}

int pci_set_mwi(struct pci_dev *dev)
{
	change_command(dev, 0, PCI_COMMAND_INVALIDATE);
	return 0;
}

int pci_try_set_mwi(struct pci_dev *dev)
{
	return pci_set_mwi(dev);
}

void pci_clear_mwi(struct pci_dev *dev)
{
	change_command(dev, PCI_COMMAND_INVALIDATE, 0);
}

void pci_intx(struct pci_dev *dev, int on)
{
	if (on)
		change_command(dev, PCI_COMMAND_INTX_DISABLE, 0);
	else
		change_command(dev, 0, PCI_COMMAND_INTX_DISABLE);
}

bool pci_intx_mask_supported(struct pci_dev *dev)
{
	u16 before, after;

	pci_read_config_word(dev, PCI_COMMAND, &before);
	pci_write_config_word(dev, PCI_COMMAND, before ^ PCI_COMMAND_INTX_DISABLE);
	pci_read_config_word(dev, PCI_COMMAND, &after);
	pci_write_config_word(dev, PCI_COMMAND, before);
	return (before ^ after) == PCI_COMMAND_INTX_DISABLE;
}

/* Switch the line if its interrupt is pending, or is not, as @pending says. */
static bool switch_intx(struct pci_dev *dev, bool pending)
{
	u16 status;

	pci_read_config_word(dev, PCI_STATUS, &status);
	if (!!(status & PCI_STATUS_INTERRUPT) != pending)
		return false;
	pci_intx(dev, !pending);
	return true;
}

bool pci_check_and_mask_intx(struct pci_dev *dev)
{
	return switch_intx(dev, true);
}

bool pci_check_and_unmask_intx(struct pci_dev *dev)
{
	return switch_intx(dev, false);
}

/* --- claims and cookies ----------------------------------------------------------------------- */

static bool is_bar(int bar)
{
	return bar >= 0 && bar < PCI_STD_NUM_BARS;
}

u64 pci_bus_address(struct pci_dev *dev, int bar)
{
	return is_bar(bar) && pci_resource_len(dev, bar) ? to_bus(dev, &dev->resource[bar]) : 0;
}

int pci_select_bars(struct pci_dev *dev, unsigned long flags)
{
	int bars = 0;

	for (int bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		if (pci_resource_flags(dev, bar) & flags)
			bars |= 1 << bar;
	return bars;
}

static struct resource *root_of(struct pci_dev *dev, int bar)
{
	return pci_resource_flags(dev, bar) & IORESOURCE_IO ? &ioport_resource : &iomem_resource;
}

static bool fail_on_purpose(struct dmk_place place)
{
	return dmk_should_fail(DMK_FAIL_IOMEM, place.caller);
}

DMK_ENTRY int pci_request_region(struct pci_dev *dev, int bar, const char *name)
{
	if (!is_bar(bar))
		return -EINVAL;
	if (fail_on_purpose(DMK_HERE))
		return -EBUSY;
	if (!pci_resource_len(dev, bar))
		return 0;
	if ((pci_resource_flags(dev, bar) & IORESOURCE_UNSET) ||
	    !dmk_request_region(root_of(dev, bar), pci_resource_start(dev, bar),
				pci_resource_len(dev, bar), name)) {
		pci_warn(dev, "BAR %d: can't reserve %#llx..%#llx\n", bar,
			 pci_resource_start(dev, bar), pci_resource_end(dev, bar));
		return -EBUSY;
	}
	return 0;
}

void pci_release_region(struct pci_dev *dev, int bar)
{
	if (is_bar(bar) && pci_resource_len(dev, bar))
		dmk_release_region(root_of(dev, bar), pci_resource_start(dev, bar),
				   pci_resource_len(dev, bar));
}

void pci_release_selected_regions(struct pci_dev *dev, int bars)
{
	for (int bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		if (bars & (1 << bar))
			pci_release_region(dev, bar);
}

DMK_ENTRY int pci_request_selected_regions(struct pci_dev *dev, int bars, const char *name)
{
	if (fail_on_purpose(DMK_HERE))
		return -EBUSY;
	for (int bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		int error = bars & (1 << bar) ? pci_request_region(dev, bar, name) : 0;

		if (error) {
			pci_release_selected_regions(dev, bars & ((1 << bar) - 1));
			return error;
		}
	}
	return 0;
}

static void release_managed_regions(struct device *dev, void *res)
{
	pci_release_selected_regions(to_pci_dev(dev), *(int *)res);
}

/* On a function that pcim_enable_device() switched on, claims are managed, as in Linux. */
static int request_managed(struct pci_dev *dev, int bars, const char *name)
{
	int *record = devres_alloc(release_managed_regions, sizeof(*record), 0);
	int error;

	if (!record)
		return -ENOMEM;
	*record = bars;
	error = pci_request_selected_regions(dev, bars, name);
	if (error)
		devres_free(record);
	else
		devres_add(&dev->dev, record);
	return error;
}

static int is_mask(struct device *dev, void *res, void *wanted)
{
	return *(int *)res == *(int *)wanted;
}

enum { ALL_BARS = (1 << PCI_STD_NUM_BARS) - 1 };

int pci_request_regions(struct pci_dev *dev, const char *name)
{
	if (fail_on_purpose(DMK_HERE))
		return -EBUSY;
	return dev->is_managed ? request_managed(dev, ALL_BARS, name)
			       : pci_request_selected_regions(dev, ALL_BARS, name);
}

void pci_release_regions(struct pci_dev *dev)
{
	int all = ALL_BARS;

	if (dev->is_managed && !devres_release(&dev->dev, release_managed_regions, is_mask, &all))
		return;
	pci_release_selected_regions(dev, ALL_BARS);
}

DMK_ENTRY int pcim_request_region(struct pci_dev *dev, int bar, const char *name)
{
	if (fail_on_purpose(DMK_HERE))
		return -EBUSY;
	return is_bar(bar) ? request_managed(dev, 1 << bar, name) : -EINVAL;
}

int pcim_request_all_regions(struct pci_dev *dev, const char *name)
{
	if (fail_on_purpose(DMK_HERE))
		return -EBUSY;
	return request_managed(dev, ALL_BARS, name);
}

DMK_ENTRY void __iomem *pci_iomap_range(struct pci_dev *dev, int bar, unsigned long offset,
					unsigned long max)
{
	u64 length;

	if (fail_on_purpose(DMK_HERE) || !is_bar(bar) ||
	    (pci_resource_flags(dev, bar) & IORESOURCE_UNSET))
		return NULL;
	length = pci_resource_len(dev, bar);
	if (offset >= length)
		return NULL;
	length -= offset;
	if (max && length > max)
		length = max;
	if (pci_resource_flags(dev, bar) & IORESOURCE_IO)
		return ioport_map(pci_resource_start(dev, bar) + offset, (unsigned int)length);
	return ioremap(pci_resource_start(dev, bar) + offset, length);
}

DMK_ENTRY void __iomem *pci_iomap(struct pci_dev *dev, int bar, unsigned long max)
{
	return fail_on_purpose(DMK_HERE) ? NULL : pci_iomap_range(dev, bar, 0, max);
}

void pci_iounmap(struct pci_dev *dev, void __iomem *address)
{
	iounmap(address);
}

void __iomem *pci_ioremap_bar(struct pci_dev *dev, int bar)
{
	if (!is_bar(bar) || !(pci_resource_flags(dev, bar) & IORESOURCE_MEM) ||
	    fail_on_purpose(DMK_HERE))
		return NULL;
	return pci_iomap(dev, bar, 0);
}

/* The cookies that pcim_ calls gave out, by BAR. */
struct iomap_table {
	void __iomem *table[PCI_STD_NUM_BARS];
};

static void release_table(struct device *dev, void *res)
{
	struct iomap_table *maps = res;

	for (int bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		if (maps->table[bar])
			iounmap(maps->table[bar]);
}

void __iomem *const *pcim_iomap_table(struct pci_dev *dev)
{
	struct iomap_table *maps = devres_find(&dev->dev, release_table, NULL, NULL);

	if (maps)
		return maps->table;
	maps = devres_alloc(release_table, sizeof(*maps), 0);
	if (!maps)
		return NULL;
	devres_add(&dev->dev, maps);
	return maps->table;
}

DMK_ENTRY void __iomem *pcim_iomap(struct pci_dev *dev, int bar, unsigned long max)
{
	void __iomem **table = (void __iomem **)pcim_iomap_table(dev);

	if (fail_on_purpose(DMK_HERE) || !table || !is_bar(bar) || table[bar])
		return NULL;
	table[bar] = pci_iomap(dev, bar, max);
	return table[bar];
}

void pcim_iounmap(struct pci_dev *dev, void __iomem *address)
{
	void __iomem **table = (void __iomem **)pcim_iomap_table(dev);

	for (int bar = 0; table && address && bar < PCI_STD_NUM_BARS; bar++) {
		if (table[bar] != address)
			continue;
		table[bar] = NULL;
		iounmap(address);
		return;
	}
	pci_warn(dev, "pcim_iounmap() of what pcim_iomap() did not give\n");
}

DMK_ENTRY void __iomem *pcim_iomap_region(struct pci_dev *dev, int bar, const char *name)
{
	void __iomem *address;
	int mask = 1 << bar;
	int error = fail_on_purpose(DMK_HERE) ? -ENOMEM : pcim_request_region(dev, bar, name);

	if (error)
		return ERR_PTR(error);
	address = pcim_iomap(dev, bar, 0);
	if (address)
		return address;
	devres_release(&dev->dev, release_managed_regions, is_mask, &mask);
	return ERR_PTR(-ENOMEM);
}

void pcim_iounmap_region(struct pci_dev *dev, int bar)
{
	if (is_bar(bar))
		pcim_iounmap_regions(dev, 1 << bar);
}

void pcim_iounmap_regions(struct pci_dev *dev, int mask)
{
	void __iomem **table = (void __iomem **)pcim_iomap_table(dev);

	for (int bar = 0; table && bar < PCI_STD_NUM_BARS; bar++) {
		int one = 1 << bar;

		if (!(mask & one) || !table[bar])
			continue;
		pcim_iounmap(dev, table[bar]);
		devres_release(&dev->dev, release_managed_regions, is_mask, &one);
	}
}

DMK_ENTRY int pcim_iomap_regions(struct pci_dev *dev, int mask, const char *name)
{
	if (fail_on_purpose(DMK_HERE))
		return -ENOMEM;
	for (int bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		void __iomem *address;

		if (!(mask & (1 << bar)))
			continue;
		address = pci_resource_len(dev, bar) ? pcim_iomap_region(dev, bar, name)
						     : ERR_PTR(-EINVAL);
		if (IS_ERR(address)) {
			pcim_iounmap_regions(dev, mask & ((1 << bar) - 1));
			return (int)PTR_ERR(address);
		}
	}
	return 0;
}

int pcim_iomap_regions_request_all(struct pci_dev *dev, int mask, const char *name)
{
	int error = fail_on_purpose(DMK_HERE) ? -ENOMEM : pcim_iomap_regions(dev, mask, name);

	return error ? error : request_managed(dev, ALL_BARS & ~mask, name);
}
