// SPDX-License-Identifier: MIT
/*
 * A function's configuration space: access, capabilities, PCI Express, power states, save and
 * restore.
 */
#include "internal.h"
#include "pci_private.h"

#include <errno.h>

#include <linux/pci.h>

static bool is_valid(const struct pci_dev *dev, int where, unsigned int width)
{
	return where >= 0 && where + (int)width <= dev->cfg_size && !(where & ((int)width - 1));
}

static u32 config_read(const struct pci_dev *dev, int where, unsigned int width)
{
	const struct dmk_port *port = dmk_device_port;

	return port->ops->config_read(port->ctx, PCI_DEVID(dev->bus->number, dev->devfn),
				      (unsigned int)where, width);
}

static void config_write(const struct pci_dev *dev, int where, unsigned int width, u32 value)
{
	const struct dmk_port *port = dmk_device_port;

	port->ops->config_write(port->ctx, PCI_DEVID(dev->bus->number, dev->devfn),
				(unsigned int)where, width, value);
}

int pci_read_config_byte(const struct pci_dev *dev, int where, u8 *value)
{
	bool valid = is_valid(dev, where, 1);

	*value = valid ? (u8)config_read(dev, where, 1) : 0xff;
	return valid ? 0 : PCIBIOS_BAD_REGISTER_NUMBER;
}

int pci_read_config_word(const struct pci_dev *dev, int where, u16 *value)
{
	bool valid = is_valid(dev, where, 2);

	*value = valid ? (u16)config_read(dev, where, 2) : 0xffff;
	return valid ? 0 : PCIBIOS_BAD_REGISTER_NUMBER;
}

int pci_read_config_dword(const struct pci_dev *dev, int where, u32 *value)
{
	bool valid = is_valid(dev, where, 4);

	*value = valid ? config_read(dev, where, 4) : ~0U;
	return valid ? 0 : PCIBIOS_BAD_REGISTER_NUMBER;
}

int pci_write_config_byte(const struct pci_dev *dev, int where, u8 value)
{
	if (!is_valid(dev, where, 1))
		return PCIBIOS_BAD_REGISTER_NUMBER;
	config_write(dev, where, 1, value);
	return 0;
}

int pci_write_config_word(const struct pci_dev *dev, int where, u16 value)
{
	if (!is_valid(dev, where, 2))
		return PCIBIOS_BAD_REGISTER_NUMBER;
	config_write(dev, where, 2, value);
	return 0;
}

int pci_write_config_dword(const struct pci_dev *dev, int where, u32 value)
{
	if (!is_valid(dev, where, 4))
		return PCIBIOS_BAD_REGISTER_NUMBER;
	config_write(dev, where, 4, value);
	return 0;
}

/*
 * --- capabilities: a list that a broken device may close into a ring, so that steps are counted
 * --------------------------
 */

static u8 walk(struct pci_dev *dev, u8 at, int cap)
{
	for (int steps = 0; steps < 48 && at >= PCI_STD_HEADER_SIZEOF; steps++) {
		u8 id, next;

		at &= 0xfc;
		pci_read_config_byte(dev, at + PCI_CAP_LIST_ID, &id);
		if (id == 0xff)
			return 0;
		if (id == cap)
			return at;
		pci_read_config_byte(dev, at + PCI_CAP_LIST_NEXT, &next);
		at = next;
	}
	return 0;
}

u8 pci_find_capability(struct pci_dev *dev, int cap)
{
	u16 status;
	u8 first;

	pci_read_config_word(dev, PCI_STATUS, &status);
	if (!(status & PCI_STATUS_CAP_LIST))
		return 0;
	pci_read_config_byte(dev, PCI_CAPABILITY_LIST, &first);
	return walk(dev, first, cap);
}

u8 pci_find_next_capability(struct pci_dev *dev, u8 from, int cap)
{
	u8 next;

	pci_read_config_byte(dev, from + PCI_CAP_LIST_NEXT, &next);
	return walk(dev, next, cap);
}

static u16 walk_extended(struct pci_dev *dev, u32 at, int cap)
{
	for (int steps = 0; steps < 480 && at >= PCI_CFG_SPACE_SIZE; steps++) {
		u32 header;

		pci_read_config_dword(dev, (int)at, &header);
		if (!header || header == ~0U)
			return 0;
		if ((int)PCI_EXT_CAP_ID(header) == cap)
			return (u16)at;
		at = PCI_EXT_CAP_NEXT(header);
	}
	return 0;
}

u16 pci_find_ext_capability(struct pci_dev *dev, int cap)
{
	return dev->cfg_size > PCI_CFG_SPACE_SIZE ? walk_extended(dev, PCI_CFG_SPACE_SIZE, cap) : 0;
}

u16 pci_find_next_ext_capability(struct pci_dev *dev, u16 from, int cap)
{
	u32 header;

	if (dev->cfg_size <= PCI_CFG_SPACE_SIZE || from < PCI_CFG_SPACE_SIZE)
		return pci_find_ext_capability(dev, cap);
	pci_read_config_dword(dev, from, &header);
	return walk_extended(dev, PCI_EXT_CAP_NEXT(header), cap);
}

u64 pci_get_dsn(struct pci_dev *dev)
{
	u16 at = pci_find_ext_capability(dev, PCI_EXT_CAP_ID_DSN);
	u32 low, high;

	if (!at)
		return 0;
	pci_read_config_dword(dev, at + 4, &low);
	pci_read_config_dword(dev, at + 8, &high);
	return (u64)high << 32 | low;
}

/* --- PCI Express ------------------------------------------------------------------------------ */

int pcie_capability_read_word(struct pci_dev *dev, int where, u16 *value)
{
	*value = 0;
	if (!dev->pcie_cap || (where & 1))
		return -EINVAL;
	return pci_read_config_word(dev, dev->pcie_cap + where, value);
}

int pcie_capability_read_dword(struct pci_dev *dev, int where, u32 *value)
{
	*value = 0;
	if (!dev->pcie_cap || (where & 3))
		return -EINVAL;
	return pci_read_config_dword(dev, dev->pcie_cap + where, value);
}

int pcie_capability_write_word(struct pci_dev *dev, int where, u16 value)
{
	return dev->pcie_cap && !(where & 1)
		       ? pci_write_config_word(dev, dev->pcie_cap + where, value)
		       : -EINVAL;
}

int pcie_capability_write_dword(struct pci_dev *dev, int where, u32 value)
{
	return dev->pcie_cap && !(where & 3)
		       ? pci_write_config_dword(dev, dev->pcie_cap + where, value)
		       : -EINVAL;
}

int pcie_capability_clear_and_set_word(struct pci_dev *dev, int where, u16 clear, u16 set)
{
	u16 value;
	int error = pcie_capability_read_word(dev, where, &value);

	return error ? error
		     : pcie_capability_write_word(dev, where, (u16)((value & ~clear) | set));
}

int pcie_get_readrq(struct pci_dev *dev)
{
	u16 control;

	pcie_capability_read_word(dev, PCI_EXP_DEVCTL, &control);
	return 128 << ((control & PCI_EXP_DEVCTL_READRQ) >> 12);
}

int pcie_set_readrq(struct pci_dev *dev, int bytes)
{
	if (bytes < 128 || bytes > 4096 || (bytes & (bytes - 1)))
		return -EINVAL;
	return pcie_capability_clear_and_set_word(dev, PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_READRQ,
						  (u16)((__builtin_ctz((unsigned int)bytes) - 7)
							<< 12));
}

int pcie_get_mps(struct pci_dev *dev)
{
	u16 control;

	pcie_capability_read_word(dev, PCI_EXP_DEVCTL, &control);
	return 128 << ((control & PCI_EXP_DEVCTL_PAYLOAD) >> 5);
}

int pcie_flr(struct pci_dev *dev)
{
	return pcie_capability_clear_and_set_word(dev, PCI_EXP_DEVCTL, 0, PCI_EXP_DEVCTL_BCR_FLR);
}

int pci_reset_function(struct pci_dev *dev)
{
	u32 capabilities;
	int error;

	pcie_capability_read_dword(dev, PCI_EXP_DEVCAP, &capabilities);
	if (!(capabilities & PCI_EXP_DEVCAP_FLR))
		return -ENOTTY;
	pci_save_state(dev);
	error = pcie_flr(dev);
	pci_restore_state(dev);
	return error;
}

/* --- power ------------------------------------------------------------------------------------ */

int pci_set_power_state(struct pci_dev *dev, pci_power_t state)
{
	u16 control;

	if (state < PCI_D0 || state > PCI_D3cold)
		return -EINVAL;
	if (state == PCI_D3cold)
		state = PCI_D3hot;
	if (dev->pm_cap) {
		pci_read_config_word(dev, dev->pm_cap + PCI_PM_CTRL, &control);
		control = (u16)((control & ~PCI_PM_CTRL_STATE_MASK) | state);
		pci_write_config_word(dev, dev->pm_cap + PCI_PM_CTRL, control);
	} else if (state != PCI_D0) {
		return -EIO;
	}
	dev->current_state = state;
	return 0;
}

pci_power_t pci_choose_state(struct pci_dev *dev, pm_message_t state)
{
	return dev->pm_cap && state.event != PM_EVENT_ON ? PCI_D3hot : PCI_D0;
}

int pci_enable_wake(struct pci_dev *dev, pci_power_t state, bool enable)
{
	u16 control;

	if (!dev->pm_cap)
		return enable ? -EIO : 0;
	pci_read_config_word(dev, dev->pm_cap + PCI_PM_CTRL, &control);
	control = (u16)(enable ? control | PCI_PM_CTRL_PME_ENABLE
			       : control & ~PCI_PM_CTRL_PME_ENABLE);
	return pci_write_config_word(dev, dev->pm_cap + PCI_PM_CTRL, control);
}

int pci_wake_from_d3(struct pci_dev *dev, bool enable)
{
	return pci_enable_wake(dev, PCI_D3hot, enable);
}

/* The header, and the message-signalled interrupts' control. */
int pci_save_state(struct pci_dev *dev)
{
	for (int i = 0; i < 16; i++)
		pci_read_config_dword(dev, i * 4, &dev->saved_config_space[i]);
	for (int i = 0; dev->msi_cap && i < 8; i++)
		pci_read_config_word(dev, dev->msi_cap + 2 + i * 2, &dev->dmk->saved_msi[i]);
	dev->state_saved = true;
	return 0;
}

void pci_restore_state(struct pci_dev *dev)
{
	if (!dev->state_saved)
		return;
	for (int i = 15; i >= 1; i--)
		if (i != PCI_COMMAND / 4)
			pci_write_config_dword(dev, i * 4, dev->saved_config_space[i]);
	pci_write_config_word(dev, PCI_COMMAND, (u16)dev->saved_config_space[1]);
	for (int i = 7; dev->msi_cap && i >= 0; i--)
		pci_write_config_word(dev, dev->msi_cap + 2 + i * 2, dev->dmk->saved_msi[i]);
	dev->state_saved = false;
}
