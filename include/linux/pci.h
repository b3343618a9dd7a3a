/* SPDX-License-Identifier: MIT */
/*
 * PCI: functions that were found at boot, their registers, memory windows and interrupts, and the
 * drivers that match them.
 *
 * Addresses in resources are the CPU's; what stands in a BAR is the bus's, and the host bridge may
 * lie between (ADR-03).
 */
#ifndef _LINUX_PCI_H
#define _LINUX_PCI_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/list.h>
#include <linux/mod_devicetable.h>
#include <linux/pci_ids.h>
#include <linux/pci_regs.h>

#define PCI_DEVFN(slot, func) ((((slot) & 0x1f) << 3) | ((func) & 0x07))
#define PCI_SLOT(devfn) (((devfn) >> 3) & 0x1f)
#define PCI_FUNC(devfn) ((devfn) & 0x07)
#define PCI_DEVID(bus, devfn) ((u16)(((u16)(bus) << 8) | (devfn)))
#define PCI_BUS_NUM(id) (((id) >> 8) & 0xff)

enum {
	PCI_STD_RESOURCES,
	PCI_STD_RESOURCE_END = 5,
	PCI_ROM_RESOURCE,
	PCI_BRIDGE_IO_WINDOW,
	PCI_BRIDGE_MEM_WINDOW,
	PCI_BRIDGE_PREF_MEM_WINDOW,
	PCI_NUM_RESOURCES,
	DEVICE_COUNT_RESOURCE = PCI_NUM_RESOURCES,
};
#define PCI_BRIDGE_RESOURCES PCI_BRIDGE_IO_WINDOW

typedef int pci_power_t;
#define PCI_D0 ((pci_power_t)0)
#define PCI_D1 ((pci_power_t)1)
#define PCI_D2 ((pci_power_t)2)
#define PCI_D3hot ((pci_power_t)3)
#define PCI_D3cold ((pci_power_t)4)
#define PCI_UNKNOWN ((pci_power_t)5)
#define PCI_POWER_ERROR ((pci_power_t)-1)

typedef unsigned int pci_channel_state_t;
enum {
	pci_channel_io_normal = 1,
	pci_channel_io_frozen = 2,
	pci_channel_io_perm_failure = 3,
};

typedef unsigned int pci_ers_result_t;
enum {
	PCI_ERS_RESULT_NONE = 1,
	PCI_ERS_RESULT_CAN_RECOVER = 2,
	PCI_ERS_RESULT_NEED_RESET = 3,
	PCI_ERS_RESULT_DISCONNECT = 4,
	PCI_ERS_RESULT_RECOVERED = 5,
};

struct pci_bus {
	unsigned char number;
	unsigned char primary;
	unsigned char busn_res_end; /* the last bus number below this bus */
	struct pci_bus *parent;
	struct pci_dev *self; /* the bridge above; NULL on a root bus */
	struct list_head devices;
	struct device *bridge;
	char name[48];
};

struct dmk_pci_private;
struct dmk_pci_dynamic_id;

struct pci_dev {
	struct list_head bus_list;
	struct pci_bus *bus;
	struct pci_bus *subordinate;
	void *sysdata;
	unsigned int devfn;
	unsigned short vendor;
	unsigned short device;
	unsigned short subsystem_vendor;
	unsigned short subsystem_device;
	unsigned int class; /* base, sub, interface: 24 bits */
	u8 revision;
	u8 hdr_type;
	u8 pcie_cap;
	u8 msi_cap;
	u8 msix_cap;
	u8 pm_cap;
	u8 pin;
	u8 rom_base_reg;
	struct pci_driver *driver;
	pci_power_t current_state;
	pci_channel_state_t error_state;
	struct device dev;
	int cfg_size; /* bytes of configuration space: 256 or 4096 */
	unsigned int irq; /* the line's; the first vector's while MSI is on */
	struct resource resource[DEVICE_COUNT_RESOURCE];
	bool match_driver;
	bool multifunction;
	bool is_busmaster;
	bool no_msi;
	bool msi_enabled;
	bool msix_enabled;
	bool is_managed;
	bool is_virtfn;
	bool is_physfn;
	bool state_saved;
	int enable_cnt;
	u32 saved_config_space[16];
	const char *driver_override; /* the only driver that may have it; NULL: any that matches */
	struct dmk_pci_private *dmk; /* names, vectors, regions */
};

#define to_pci_dev(x) ((struct pci_dev *)((char *)(x) - __builtin_offsetof(struct pci_dev, dev)))

struct pci_error_handlers {
	pci_ers_result_t (*error_detected)(struct pci_dev *dev, pci_channel_state_t error);
	pci_ers_result_t (*mmio_enabled)(struct pci_dev *dev);
	pci_ers_result_t (*slot_reset)(struct pci_dev *dev);
	void (*reset_prepare)(struct pci_dev *dev);
	void (*reset_done)(struct pci_dev *dev);
	void (*resume)(struct pci_dev *dev);
};

struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table;
	int (*probe)(struct pci_dev *dev, const struct pci_device_id *id);
	void (*remove)(struct pci_dev *dev);
	int (*suspend)(struct pci_dev *dev, pm_message_t state);
	int (*resume)(struct pci_dev *dev);
	void (*shutdown)(struct pci_dev *dev);
	int (*sriov_configure)(struct pci_dev *dev, int num_vfs);
	const struct pci_error_handlers *err_handler;
	const struct attribute_group **groups;
	const struct attribute_group **dev_groups;
	struct device_driver driver;
	bool driver_managed_dma;
	struct dmk_pci_dynamic_id *dmk_ids; /* what it was given at run time */
};

#define to_pci_driver(x) \
	((struct pci_driver *)((char *)(x) - __builtin_offsetof(struct pci_driver, driver)))

#define DEFINE_PCI_DEVICE_TABLE(table) const struct pci_device_id table[]
#define PCI_DEVICE(vend, dev)                                                                      \
	.vendor = (vend), .device = (dev), .subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID
#define PCI_DEVICE_SUB(vend, dev, subvend, subdev)                                                 \
	.vendor = (vend), .device = (dev), .subvendor = (subvend), .subdevice = (subdev)
#define PCI_DEVICE_CLASS(dev_class, dev_class_mask)                                                \
	.class = (dev_class), .class_mask = (dev_class_mask), .vendor = PCI_ANY_ID,                \
	.device = PCI_ANY_ID, .subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID
#define PCI_VDEVICE(vend, dev)                                                                     \
	.vendor = PCI_VENDOR_ID_##vend, .device = (dev), .subvendor = PCI_ANY_ID,                  \
	.subdevice = PCI_ANY_ID, 0, 0
#define PCI_DEVICE_DATA(vend, dev, data)                                        \
	.vendor = PCI_VENDOR_ID_##vend, .device = PCI_DEVICE_ID_##vend##_##dev, \
	.subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID, 0, 0,                 \
	.driver_data = (kernel_ulong_t)(data)

extern const struct bus_type pci_bus_type DMK_SYM(pci_bus_type);
#define dev_is_pci(dev) ((dev)->bus == &pci_bus_type)

/* --- drivers ---------------------------------------------------------------------------------- */

int dmk_pci_register_driver(struct pci_driver *drv, struct module *owner, const char *mod_name);
#define pci_register_driver(drv) dmk_pci_register_driver(drv, THIS_MODULE, KBUILD_MODNAME)
#define __pci_register_driver(drv, owner, mod_name) dmk_pci_register_driver(drv, owner, mod_name)
void pci_unregister_driver(struct pci_driver *drv) DMK_SYM(pci_unregister_driver);
#define module_pci_driver(driver) module_driver(driver, pci_register_driver, pci_unregister_driver)
#define builtin_pci_driver(driver) builtin_driver(driver, pci_register_driver)
/** pci_add_dynid - one id more, and functions of it that nobody has are probed. 0, -ENOMEM */
int pci_add_dynid(struct pci_driver *drv, unsigned int vendor, unsigned int device,
		  unsigned int subvendor, unsigned int subdevice, unsigned int class,
		  unsigned int class_mask, unsigned long driver_data) DMK_SYM(pci_add_dynid);
const struct pci_device_id *pci_match_id(const struct pci_device_id *ids, struct pci_dev *dev)
	DMK_SYM(pci_match_id);

static inline void *pci_get_drvdata(struct pci_dev *pdev)
{
	return pdev->dev.driver_data;
}

static inline void pci_set_drvdata(struct pci_dev *pdev, void *data)
{
	pdev->dev.driver_data = data;
}

static inline const char *pci_name(const struct pci_dev *pdev)
{
	return dev_name(&pdev->dev);
}

static inline u16 pci_dev_id(struct pci_dev *dev)
{
	return PCI_DEVID(dev->bus->number, dev->devfn);
}

static inline int pci_domain_nr(struct pci_bus *bus)
{
	return 0;
}

static inline bool pci_is_root_bus(struct pci_bus *bus)
{
	return !bus->parent;
}

static inline bool pci_is_bridge(struct pci_dev *dev)
{
	return dev->hdr_type == PCI_HEADER_TYPE_BRIDGE;
}

static inline struct pci_dev *pci_upstream_bridge(struct pci_dev *dev)
{
	return dev->bus->self;
}

/* --- finding functions; each gives a reference and takes that of @from ------------------------ */

struct pci_dev *pci_dev_get(struct pci_dev *dev) DMK_SYM(pci_dev_get);
void pci_dev_put(struct pci_dev *dev) DMK_SYM(pci_dev_put);
struct pci_dev *pci_get_subsys(unsigned int vendor, unsigned int device, unsigned int subvendor,
			       unsigned int subdevice, struct pci_dev *from)
	DMK_SYM(pci_get_subsys);
struct pci_dev *pci_get_device(unsigned int vendor, unsigned int device, struct pci_dev *from)
	DMK_SYM(pci_get_device);
struct pci_dev *pci_get_class(unsigned int class, struct pci_dev *from) DMK_SYM(pci_get_class);
struct pci_dev *pci_get_slot(struct pci_bus *bus, unsigned int devfn) DMK_SYM(pci_get_slot);
struct pci_dev *pci_get_domain_bus_and_slot(int domain, unsigned int bus, unsigned int devfn)
	DMK_SYM(pci_get_domain_bus_and_slot);
/** pci_dev_present - whether the machine has any function of the table */
int pci_dev_present(const struct pci_device_id *ids) DMK_SYM(pci_dev_present);
#define for_each_pci_dev(d) while ((d = pci_get_device(PCI_ANY_ID, PCI_ANY_ID, d)) != NULL)

/*
 * --- configuration space: 0, or a positive PCIBIOS code for a bad offset (and then reads give all
 * ones) ----------------
 */

#define PCIBIOS_SUCCESSFUL 0x00
#define PCIBIOS_DEVICE_NOT_FOUND 0x86
#define PCIBIOS_BAD_REGISTER_NUMBER 0x87

int pci_read_config_byte(const struct pci_dev *dev, int where, u8 *value)
	DMK_SYM(pci_read_config_byte);
int pci_read_config_word(const struct pci_dev *dev, int where, u16 *value)
	DMK_SYM(pci_read_config_word);
int pci_read_config_dword(const struct pci_dev *dev, int where, u32 *value)
	DMK_SYM(pci_read_config_dword);
int pci_write_config_byte(const struct pci_dev *dev, int where, u8 value)
	DMK_SYM(pci_write_config_byte);
int pci_write_config_word(const struct pci_dev *dev, int where, u16 value)
	DMK_SYM(pci_write_config_word);
int pci_write_config_dword(const struct pci_dev *dev, int where, u32 value)
	DMK_SYM(pci_write_config_dword);

/** Offset of a capability, 0: none. */
u8 pci_find_capability(struct pci_dev *dev, int cap) DMK_SYM(pci_find_capability);
u8 pci_find_next_capability(struct pci_dev *dev, u8 from, int cap)
	DMK_SYM(pci_find_next_capability);
u16 pci_find_ext_capability(struct pci_dev *dev, int cap) DMK_SYM(pci_find_ext_capability);
u16 pci_find_next_ext_capability(struct pci_dev *dev, u16 from, int cap)
	DMK_SYM(pci_find_next_ext_capability);
u64 pci_get_dsn(struct pci_dev *dev) DMK_SYM(pci_get_dsn);

/* The PCI Express capability. A function without one: reads give 0 and -EINVAL is returned. */
int pcie_capability_read_word(struct pci_dev *dev, int where, u16 *value)
	DMK_SYM(pcie_capability_read_word);
int pcie_capability_read_dword(struct pci_dev *dev, int where, u32 *value)
	DMK_SYM(pcie_capability_read_dword);
int pcie_capability_write_word(struct pci_dev *dev, int where, u16 value)
	DMK_SYM(pcie_capability_write_word);
int pcie_capability_write_dword(struct pci_dev *dev, int where, u32 value)
	DMK_SYM(pcie_capability_write_dword);
int pcie_capability_clear_and_set_word(struct pci_dev *dev, int where, u16 clear, u16 set)
	DMK_SYM(pcie_capability_clear_and_set_word);
#define pcie_capability_set_word(dev, where, set) \
	pcie_capability_clear_and_set_word(dev, where, 0, set)
#define pcie_capability_clear_word(dev, where, clear) \
	pcie_capability_clear_and_set_word(dev, where, clear, 0)
int pcie_get_readrq(struct pci_dev *dev) DMK_SYM(pcie_get_readrq);
int pcie_set_readrq(struct pci_dev *dev, int bytes) DMK_SYM(pcie_set_readrq);
int pcie_get_mps(struct pci_dev *dev) DMK_SYM(pcie_get_mps);
int pcie_flr(struct pci_dev *dev) DMK_SYM(pcie_flr);
int pci_reset_function(struct pci_dev *dev) DMK_SYM(pci_reset_function);

static inline int pci_pcie_cap(struct pci_dev *dev)
{
	return dev->pcie_cap;
}

static inline bool pci_is_pcie(struct pci_dev *dev)
{
	return dev->pcie_cap != 0;
}

static inline void pci_disable_link_state(struct pci_dev *dev, int state)
{
}

/* --- switching a function on ------------------------------------------------------------------ */

/**
 * pci_enable_device - decode its windows; counted, as many disables switch it off. 0, -EINVAL (a
 * window has no address).
 */
int pci_enable_device(struct pci_dev *dev) DMK_SYM(pci_enable_device) __must_check;
int pci_enable_device_mem(struct pci_dev *dev) DMK_SYM(pci_enable_device_mem) __must_check;
int pci_enable_device_io(struct pci_dev *dev) DMK_SYM(pci_enable_device_io) __must_check;
int pci_reenable_device(struct pci_dev *dev) DMK_SYM(pci_reenable_device) __must_check;
/** pci_disable_device - the last one stops bus mastering too */
void pci_disable_device(struct pci_dev *dev) DMK_SYM(pci_disable_device);
int pcim_enable_device(struct pci_dev *dev) DMK_SYM(pcim_enable_device) __must_check;
void pcim_pin_device(struct pci_dev *dev) DMK_SYM(pcim_pin_device);
/** pci_set_master - without it the function's reads and writes of memory go nowhere */
void pci_set_master(struct pci_dev *dev) DMK_SYM(pci_set_master);
void pci_clear_master(struct pci_dev *dev) DMK_SYM(pci_clear_master);
int pci_set_mwi(struct pci_dev *dev) DMK_SYM(pci_set_mwi);
int pci_try_set_mwi(struct pci_dev *dev) DMK_SYM(pci_try_set_mwi);
void pci_clear_mwi(struct pci_dev *dev) DMK_SYM(pci_clear_mwi);
void pci_intx(struct pci_dev *dev, int enable) DMK_SYM(pci_intx);

/** pci_intx_mask_supported - whether PCI_COMMAND_INTX_DISABLE can be set and read back */
bool pci_intx_mask_supported(struct pci_dev *dev) DMK_SYM(pci_intx_mask_supported);
/** pci_check_and_mask_intx - true: an interrupt was pending, and the line is switched off now */
bool pci_check_and_mask_intx(struct pci_dev *dev) DMK_SYM(pci_check_and_mask_intx);
/** pci_check_and_unmask_intx - true: it had none pending, and its line is on now */
bool pci_check_and_unmask_intx(struct pci_dev *dev) DMK_SYM(pci_check_and_unmask_intx);

/** pci_cfg_access_lock - keep users of /sys from the configuration space. Sleeps; does not nest. */
void pci_cfg_access_lock(struct pci_dev *dev) DMK_SYM(pci_cfg_access_lock);
bool pci_cfg_access_trylock(struct pci_dev *dev) DMK_SYM(pci_cfg_access_trylock);
void pci_cfg_access_unlock(struct pci_dev *dev) DMK_SYM(pci_cfg_access_unlock);

/* No function of a machine here has virtual functions: it is as with a card that can't. */
static inline int pci_enable_sriov(struct pci_dev *dev, int n)
{
	return -ENOSYS;
}

static inline void pci_disable_sriov(struct pci_dev *dev)
{
}

static inline int pci_num_vf(struct pci_dev *dev)
{
	return 0;
}

static inline int pci_sriov_get_totalvfs(struct pci_dev *dev)
{
	return 0;
}

static inline int pci_is_enabled(struct pci_dev *dev)
{
	return dev->enable_cnt > 0;
}

static inline int pci_is_managed(struct pci_dev *dev)
{
	return dev->is_managed;
}

static inline bool pci_device_is_present(struct pci_dev *dev)
{
	u16 vendor = 0xffff;

	pci_read_config_word(dev, PCI_VENDOR_ID, &vendor);
	return vendor == dev->vendor;
}

static inline int pci_channel_offline(struct pci_dev *dev)
{
	return dev->error_state != pci_channel_io_normal;
}

int pci_save_state(struct pci_dev *dev) DMK_SYM(pci_save_state);
void pci_restore_state(struct pci_dev *dev) DMK_SYM(pci_restore_state);
int pci_set_power_state(struct pci_dev *dev, pci_power_t state) DMK_SYM(pci_set_power_state);
pci_power_t pci_choose_state(struct pci_dev *dev, pm_message_t state) DMK_SYM(pci_choose_state);
int pci_enable_wake(struct pci_dev *dev, pci_power_t state, bool enable) DMK_SYM(pci_enable_wake);
int pci_wake_from_d3(struct pci_dev *dev, bool enable) DMK_SYM(pci_wake_from_d3);

/* --- windows ---------------------------------------------------------------------------------- */

#define pci_resource_n(dev, bar) (&(dev)->resource[(bar)])
#define pci_resource_start(dev, bar) (pci_resource_n(dev, bar)->start)
#define pci_resource_end(dev, bar) (pci_resource_n(dev, bar)->end)
#define pci_resource_flags(dev, bar) (pci_resource_n(dev, bar)->flags)
#define pci_resource_len(dev, bar)                                               \
	(pci_resource_end(dev, bar)                                              \
		 ? pci_resource_end(dev, bar) - pci_resource_start(dev, bar) + 1 \
		 : 0)

/** pci_bus_address - what stands in the BAR */
u64 pci_bus_address(struct pci_dev *dev, int bar) DMK_SYM(pci_bus_address);
/** pci_select_bars - a bit for each BAR whose flags have any of @flags */
int pci_select_bars(struct pci_dev *dev, unsigned long flags) DMK_SYM(pci_select_bars);

/** Claims: 0, -EBUSY (somebody has it), -EINVAL (no such BAR). An absent BAR needs no claim. */
int pci_request_region(struct pci_dev *dev, int bar, const char *name)
	DMK_SYM(pci_request_region) __must_check;
void pci_release_region(struct pci_dev *dev, int bar) DMK_SYM(pci_release_region);
int pci_request_selected_regions(struct pci_dev *dev, int bars, const char *name)
	DMK_SYM(pci_request_selected_regions) __must_check;
void pci_release_selected_regions(struct pci_dev *dev, int bars)
	DMK_SYM(pci_release_selected_regions);
int pci_request_regions(struct pci_dev *dev, const char *name)
	DMK_SYM(pci_request_regions) __must_check;
void pci_release_regions(struct pci_dev *dev) DMK_SYM(pci_release_regions);
#define pci_request_region_exclusive(dev, bar, name) pci_request_region(dev, bar, name)
#define pci_request_regions_exclusive(dev, name) pci_request_regions(dev, name)
#define pci_request_mem_regions(dev, name)                                                         \
	pci_request_selected_regions(dev, pci_select_bars(dev, IORESOURCE_MEM), name)
#define pci_release_mem_regions(dev) \
	pci_release_selected_regions(dev, pci_select_bars(dev, IORESOURCE_MEM))
#define pci_request_io_regions(dev, name)                                                          \
	pci_request_selected_regions(dev, pci_select_bars(dev, IORESOURCE_IO), name)
#define pci_release_io_regions(dev) \
	pci_release_selected_regions(dev, pci_select_bars(dev, IORESOURCE_IO))

/**
 * pci_iomap - a cookie for a BAR, at most @max bytes of it (0: all), of memory or ports. NULL: no
 * such BAR, no room.
 */
void __iomem *pci_iomap(struct pci_dev *dev, int bar, unsigned long max) DMK_SYM(pci_iomap);
void __iomem *pci_iomap_range(struct pci_dev *dev, int bar, unsigned long offset, unsigned long max)
	DMK_SYM(pci_iomap_range);
#define pci_iomap_wc(dev, bar, max) pci_iomap(dev, bar, max)
void pci_iounmap(struct pci_dev *dev, void __iomem *address) DMK_SYM(pci_iounmap);
void __iomem *pci_ioremap_bar(struct pci_dev *dev, int bar) DMK_SYM(pci_ioremap_bar);
#define pci_ioremap_wc_bar(dev, bar) pci_ioremap_bar(dev, bar)

void __iomem *pcim_iomap(struct pci_dev *dev, int bar, unsigned long max) DMK_SYM(pcim_iomap);
void pcim_iounmap(struct pci_dev *dev, void __iomem *address) DMK_SYM(pcim_iounmap);
/** pcim_iomap_region - claim and map: the cookie, or an ERR_PTR */
void __iomem *pcim_iomap_region(struct pci_dev *dev, int bar, const char *name)
	DMK_SYM(pcim_iomap_region);
void pcim_iounmap_region(struct pci_dev *dev, int bar) DMK_SYM(pcim_iounmap_region);
int pcim_iomap_regions(struct pci_dev *dev, int mask, const char *name) DMK_SYM(pcim_iomap_regions);
int pcim_iomap_regions_request_all(struct pci_dev *dev, int mask, const char *name)
	DMK_SYM(pcim_iomap_regions_request_all);
void pcim_iounmap_regions(struct pci_dev *dev, int mask) DMK_SYM(pcim_iounmap_regions);
/** pcim_iomap_table - cookies of what the two calls above mapped, by BAR; NULL: no memory */
void __iomem *const *pcim_iomap_table(struct pci_dev *dev) DMK_SYM(pcim_iomap_table);
int pcim_request_region(struct pci_dev *dev, int bar, const char *name)
	DMK_SYM(pcim_request_region);
int pcim_request_all_regions(struct pci_dev *dev, const char *name)
	DMK_SYM(pcim_request_all_regions);

/* --- interrupts ------------------------------------------------------------------------------- */

#define PCI_IRQ_INTX (1 << 0)
#define PCI_IRQ_LEGACY PCI_IRQ_INTX
#define PCI_IRQ_MSI (1 << 1)
#define PCI_IRQ_MSIX (1 << 2)
#define PCI_IRQ_AFFINITY (1 << 3)
#define PCI_IRQ_ALL_TYPES (PCI_IRQ_INTX | PCI_IRQ_MSI | PCI_IRQ_MSIX)
#define PCI_IRQ_NOLEGACY (PCI_IRQ_MSI | PCI_IRQ_MSIX)

struct irq_affinity;

struct msix_entry {
	u32 vector; /* filled in: the interrupt number */
	u16 entry;
};

/**
 * pci_alloc_irq_vectors - MSI-X, else MSI, else the line, as @flags allow
 * Return: how many, at least @min_vecs and at most @max_vecs; -ENOSPC: not that many; -EINVAL:
 *         nonsense, or vectors are allocated. Released by pci_free_irq_vectors(), after each
 *         free_irq(); on a managed device at unbind at the latest.
 */
int dmk_pci_alloc_irq_vectors(struct pci_dev *dev, unsigned int min_vecs, unsigned int max_vecs,
			      unsigned int flags);
#define pci_alloc_irq_vectors(dev, min, max, flags) dmk_pci_alloc_irq_vectors(dev, min, max, flags)

static inline int pci_alloc_irq_vectors_affinity(struct pci_dev *dev, unsigned int min_vecs,
						 unsigned int max_vecs, unsigned int flags,
						 struct irq_affinity *affinity)
{
	return dmk_pci_alloc_irq_vectors(dev, min_vecs, max_vecs, flags);
}

void pci_free_irq_vectors(struct pci_dev *dev) DMK_SYM(pci_free_irq_vectors);
/** pci_irq_vector - interrupt number of vector @nr, or -EINVAL */
int pci_irq_vector(struct pci_dev *dev, unsigned int nr) DMK_SYM(pci_irq_vector);
int pci_msi_vec_count(struct pci_dev *dev) DMK_SYM(pci_msi_vec_count);
int pci_msix_vec_count(struct pci_dev *dev) DMK_SYM(pci_msix_vec_count);
int pci_enable_msi(struct pci_dev *dev) DMK_SYM(pci_enable_msi);
void pci_disable_msi(struct pci_dev *dev) DMK_SYM(pci_disable_msi);
int pci_enable_msix_range(struct pci_dev *dev, struct msix_entry *entries, int min_vecs,
			  int max_vecs) DMK_SYM(pci_enable_msix_range);
void pci_disable_msix(struct pci_dev *dev) DMK_SYM(pci_disable_msix);
int pci_request_irq(struct pci_dev *dev, unsigned int nr, irq_handler_t handler,
		    irq_handler_t thread_fn, void *dev_id, const char *format, ...)
	DMK_SYM(pci_request_irq) __printf(6, 7);
void pci_free_irq(struct pci_dev *dev, unsigned int nr, void *dev_id) DMK_SYM(pci_free_irq);

static inline int pci_enable_msix_exact(struct pci_dev *dev, struct msix_entry *entries, int n)
{
	int count = pci_enable_msix_range(dev, entries, n, n);

	return count < 0 ? count : 0;
}

static inline bool pci_dev_msi_enabled(struct pci_dev *dev)
{
	return dev->msi_enabled || dev->msix_enabled;
}

static inline bool pci_msi_enabled(void)
{
	return true;
}

#define pci_printk(level, pdev, fmt, ...) dev_printk(level, &(pdev)->dev, fmt, ##__VA_ARGS__)
#define pci_emerg(pdev, fmt, ...) dev_emerg(&(pdev)->dev, fmt, ##__VA_ARGS__)
#define pci_err(pdev, fmt, ...) dev_err(&(pdev)->dev, fmt, ##__VA_ARGS__)
#define pci_warn(pdev, fmt, ...) dev_warn(&(pdev)->dev, fmt, ##__VA_ARGS__)
#define pci_notice(pdev, fmt, ...) dev_notice(&(pdev)->dev, fmt, ##__VA_ARGS__)
#define pci_info(pdev, fmt, ...) dev_info(&(pdev)->dev, fmt, ##__VA_ARGS__)
#define pci_dbg(pdev, fmt, ...) dev_dbg(&(pdev)->dev, fmt, ##__VA_ARGS__)

/* Until Linux 5.17 the pci_ forms of the DMA calls came along. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 18, 0)
#include <linux/pci-dma-compat.h>
#else
#include <linux/dma-mapping.h>
#endif

#endif
