/* SPDX-License-Identifier: MIT */
/*
 * The DMA channels of the ISA bus: two 8237. Channels 0 to 3 move bytes and 5 to 7 words; 4 is what
 * ties the controllers together (ISA-01). On a machine without them there is no channel.
 *
 *	flags = claim_dma_lock();
 *	disable_dma(channel);
 *	clear_dma_ff(channel);
 *	set_dma_mode(channel, DMA_MODE_READ);
 *	set_dma_addr(channel, handle);
 *	set_dma_count(channel, bytes);
 *	enable_dma(channel);
 *	release_dma_lock(flags);
 *
 * Addresses are those that the ISA bus sees, of dma_map_single() or dma_alloc_coherent() for a
 * device on it. Source: Intel 8237A data sheet; Linux, Documentation/core-api/dma-isa-lpc.rst.
 */
#ifndef _ASM_DMA_H
#define _ASM_DMA_H

#include <asm/io.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#define MAX_DMA_CHANNELS 8
/** The first address, as the CPU has it, that is out of a channel's reach. */
#define MAX_DMA_ADDRESS ((unsigned long)phys_to_virt(0x1000000))
#define MAX_DMA_PFN     (0x1000000UL >> PAGE_SHIFT)

#define IO_DMA1_BASE 0x00
#define IO_DMA2_BASE 0xC0

#define DMA1_CMD_REG       0x08
#define DMA1_STAT_REG      0x08
#define DMA1_REQ_REG       0x09
#define DMA1_MASK_REG      0x0A
#define DMA1_MODE_REG      0x0B
#define DMA1_CLEAR_FF_REG  0x0C
#define DMA1_TEMP_REG      0x0D
#define DMA1_RESET_REG     0x0D
#define DMA1_CLR_MASK_REG  0x0E
#define DMA1_MASK_ALL_REG  0x0F

#define DMA2_CMD_REG       0xD0
#define DMA2_STAT_REG      0xD0
#define DMA2_REQ_REG       0xD2
#define DMA2_MASK_REG      0xD4
#define DMA2_MODE_REG      0xD6
#define DMA2_CLEAR_FF_REG  0xD8
#define DMA2_TEMP_REG      0xDA
#define DMA2_RESET_REG     0xDA
#define DMA2_CLR_MASK_REG  0xDC
#define DMA2_MASK_ALL_REG  0xDE

/* What a channel does, as memory sees it: READ from the device to memory, WRITE to the device. */
#define DMA_MODE_READ    0x44
#define DMA_MODE_WRITE   0x48
#define DMA_MODE_CASCADE 0xC0
/** With either: at the end it begins anew. */
#define DMA_AUTOINIT 0x10

/** Guards the controllers, whose registers are written in halves. Taken by claim_dma_lock(). */
extern spinlock_t dma_spin_lock DMK_SYM(dma_spin_lock);

/** claim_dma_lock - any context; until release_dma_lock() nobody may sleep (ISA-02) */
static inline unsigned long claim_dma_lock(void)
{
	unsigned long flags;

	spin_lock_irqsave(&dma_spin_lock, flags);
	return flags;
}

static inline void release_dma_lock(unsigned long flags)
{
	spin_unlock_irqrestore(&dma_spin_lock, flags);
}

/**
 * request_dma - have a channel for oneself, until free_dma()
 * @device_id: who has it, for whoever lists channels; not copied
 *
 * Context: any; a driver does it when its device is opened, not when it is found.
 * Return: 0; -EINVAL: no such channel, or the machine has none; -EBUSY: somebody has it.
 * Rules:  ISA-01.
 */
int request_dma(unsigned int dmanr, const char *device_id) DMK_SYM(request_dma);
void free_dma(unsigned int dmanr) DMK_SYM(free_dma);

/*
 * Setting one up: with the DMA lock held, the channel disabled, and the flip-flop cleared before an
 * address, a count, or the residue (ISA-02, ISA-03). Any context.
 */
void enable_dma(unsigned int dmanr) DMK_SYM(enable_dma);
void disable_dma(unsigned int dmanr) DMK_SYM(disable_dma);
void clear_dma_ff(unsigned int dmanr) DMK_SYM(clear_dma_ff);
void set_dma_mode(unsigned int dmanr, char mode) DMK_SYM(set_dma_mode);
/** set_dma_page - bits 16 to 23 of the address, alone; set_dma_addr() sets them too */
void set_dma_page(unsigned int dmanr, char pagenr) DMK_SYM(set_dma_page);
/** set_dma_addr - @a: bytes, below 16 MiB; of channels 5 to 7 even (ISA-04) */
void set_dma_addr(unsigned int dmanr, unsigned int a) DMK_SYM(set_dma_addr);
/** set_dma_count - @count: bytes, 1 to 64 KiB; of channels 5 to 7 even, 2 to 128 KiB (ISA-04) */
void set_dma_count(unsigned int dmanr, unsigned int count) DMK_SYM(set_dma_count);
/** get_dma_residue - bytes that are left; 0 when all were moved */
int get_dma_residue(unsigned int dmanr) DMK_SYM(get_dma_residue);

/** Chip sets that can't do DMA and PCI at once: none here. */
#define isa_dma_bridge_buggy (0)

#endif
