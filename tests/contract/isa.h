/* SPDX-License-Identifier: MIT */
/*
 * What the tests of ISA channels do to one: set it up as it should be, and ask what is left.
 */
#ifndef CONTRACT_ISA_H
#define CONTRACT_ISA_H

#include <asm/dma.h>

static inline void set_up(unsigned int channel, int mode, dma_addr_t handle, size_t size)
{
	const unsigned long flags = claim_dma_lock();

	disable_dma(channel);
	clear_dma_ff(channel);
	set_dma_mode(channel, mode);
	set_dma_addr(channel, handle);
	set_dma_count(channel, size);
	enable_dma(channel);
	release_dma_lock(flags);
}

static inline unsigned int residue(unsigned int channel)
{
	const unsigned long flags = claim_dma_lock();
	int left;

	clear_dma_ff(channel);
	left = get_dma_residue(channel);
	release_dma_lock(flags);
	return left;
}

#endif
