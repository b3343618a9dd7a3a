// SPDX-License-Identifier: MIT
/*
 * <asm/dma.h>: who has a channel, and the ports that set it up. The controllers are the machine's.
 *
 * What was asked for is kept beside, and only to say what is wrong with it: what is programmed is
 * what a PC's controllers would get. `lock` guards that; who has a channel is exchanged.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>

#include <asm/dma.h>

#include "../internal.h"

enum { CASCADE = 4, REACH = 1 << 24 };

DEFINE_SPINLOCK(dma_spin_lock);

static struct {
	const char *owner; /* NULL: nobody; exchanged */
	unsigned int address, count;
	unsigned char mode;
} channel[MAX_DMA_CHANNELS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_wide(unsigned int dmanr)
{
	return dmanr > 3;
}

/* The page register of a channel; 0: it has none. */
static unsigned int page_port(unsigned int dmanr)
{
	static const unsigned char port[MAX_DMA_CHANNELS] = {0x87, 0x83, 0x81, 0x82,
							     0,    0x8b, 0x89, 0x8a};

	return port[dmanr];
}

/* --- what is wrong ---------------------------------------------------------------------------- */

static void mistake(const char *call, unsigned int dmanr, enum dmk_reason reason,
		    struct dmk_place place)
{
	struct dmk_event event = {
		.kind = DMK_EVENT_CHANNEL_MISTAKE,
		.name = call,
		.cookie = dmanr,
		.reason = reason,
		DMK_AT(place),
	};

	if (dmanr < MAX_DMA_CHANNELS) {
		pthread_mutex_lock(&lock);
		event.dma = DMK_DMA(channel[dmanr].address);
		event.size = channel[dmanr].count;
		pthread_mutex_unlock(&lock);
	}
	dmk_announce(&event);
}

static const char *owner_of(unsigned int dmanr)
{
	return __atomic_load_n(&channel[dmanr].owner, __ATOMIC_RELAXED);
}

/* Whether there is such a channel to set up. Whose it is, and the lock, are looked at. */
static bool may(const char *call, unsigned int dmanr, struct dmk_place place)
{
	const bool there = dmk_device_port && dmk_device_port->machine->caps & DMK_CAP_ISA_DMA &&
			   dmanr < MAX_DMA_CHANNELS;

	if (!there || (dmanr != CASCADE && !owner_of(dmanr)))
		mistake(call, dmanr, DMK_REASON_NOT_FOUND, place);
	else if (__atomic_load_n(&dma_spin_lock.owner, __ATOMIC_RELAXED) != current)
		mistake(call, dmanr, DMK_REASON_BAD_CONTEXT, place);
	return there;
}

/* What is wrong with the transfer that is set up, if anything is. */
static enum dmk_reason judge(unsigned int dmanr)
{
	const unsigned int unit = is_wide(dmanr) ? 2 : 1, page = 0x10000 * unit;
	const unsigned int address = channel[dmanr].address, count = channel[dmanr].count;

	if (address >= REACH || count > REACH - address)
		return DMK_REASON_UNREACHABLE;
	if (address % unit)
		return DMK_REASON_BAD_ADDRESS;
	if (!count || count > page || count % unit)
		return DMK_REASON_BAD_SIZE;
	return address / page != (address + (count - 1)) / page ? DMK_REASON_TOO_LARGE
								: DMK_REASON_NONE;
}

static void judge_transfer(unsigned int dmanr, struct dmk_place place)
{
	enum dmk_reason reason;

	pthread_mutex_lock(&lock);
	reason = judge(dmanr);
	pthread_mutex_unlock(&lock);
	if (reason)
		mistake("enable_dma", dmanr, reason, place);
}

/* Who watches finds the device by what it has mapped there: no call names it. */
static void announce_use(unsigned int dmanr, struct dmk_place place)
{
	struct dmk_event event = {
		.kind = DMK_EVENT_CHANNEL_ENABLE,
		.name = "enable_dma",
		.cookie = dmanr,
		DMK_AT(place),
	};

	pthread_mutex_lock(&lock);
	event.dma = DMK_DMA(channel[dmanr].address);
	event.size = channel[dmanr].count;
	event.dir = (channel[dmanr].mode & 0xc) == (DMA_MODE_READ & 0xc) ? DMK_FROM_DEVICE
									 : DMK_TO_DEVICE;
	pthread_mutex_unlock(&lock);
	dmk_announce(&event);
}

/* --- who has a channel ------------------------------------------------------------------------ */

int request_dma(unsigned int dmanr, const char *device_id)
{
	const char *nobody = NULL;

	if (!dmk_device_port || !(dmk_device_port->machine->caps & DMK_CAP_ISA_DMA) ||
	    dmanr >= MAX_DMA_CHANNELS)
		return -EINVAL;
	if (dmk_should_fail(DMK_FAIL_DEVICE, DMK_CALLER) || dmanr == CASCADE)
		return -EBUSY;
	if (!__atomic_compare_exchange_n(&channel[dmanr].owner, &nobody,
					 device_id ? device_id : "?", false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return -EBUSY;
	return 0;
}

void free_dma(unsigned int dmanr)
{
	if (dmanr >= MAX_DMA_CHANNELS || dmanr == CASCADE ||
	    !__atomic_exchange_n(&channel[dmanr].owner, NULL, __ATOMIC_ACQ_REL))
		mistake("free_dma", dmanr, DMK_REASON_NOT_FOUND, DMK_HERE);
}

size_t dmk_isa_dma_list(char *text, size_t size)
{
	size_t used = 0;

	if (size)
		text[0] = '\0';
	if (!dmk_device_port || !(dmk_device_port->machine->caps & DMK_CAP_ISA_DMA))
		return 0;
	for (unsigned int i = 0; i < MAX_DMA_CHANNELS; i++) {
		const char *owner = i == CASCADE ? "cascade" : owner_of(i);
		const bool room = used < size;

		if (owner)
			used += snprintf(room ? text + used : NULL, room ? size - used : 0,
					 "%2u: %s\n", i, owner);
	}
	return used;
}

void dmk_isa_dma_stop(void)
{
	for (unsigned int i = 0; i < MAX_DMA_CHANNELS; i++) {
		const char *owner = __atomic_exchange_n(&channel[i].owner, NULL, __ATOMIC_ACQ_REL);

		if (owner)
			dmk_complain(NULL,
				     "DMA channel %u was requested for \"%s\", and never freed", i,
				     owner);
		channel[i].address = channel[i].count = 0;
	}
}

/* --- setting it up ---------------------------------------------------------------------------- */

/* A register that the four channels of a controller share; @value says of which it is. */
static void put(unsigned int dmanr, unsigned int narrow, unsigned int wide, unsigned char value)
{
	outb(value | dmanr % 4, is_wide(dmanr) ? wide : narrow);
}

/* 16 bits of a channel's own, by halves; @what: 0 the address, 1 the count. */
static unsigned int own_port(unsigned int dmanr, unsigned int what)
{
	return is_wide(dmanr) ? IO_DMA2_BASE + (dmanr % 4 * 2 + what) * 2
			      : IO_DMA1_BASE + dmanr * 2 + what;
}

static void put_halves(unsigned int port, unsigned int value)
{
	outb(value & 0xff, port);
	outb(value >> 8 & 0xff, port);
}

static void put_page(unsigned int dmanr, unsigned int page)
{
	if (page_port(dmanr))
		outb(is_wide(dmanr) ? page & 0xfe : page, page_port(dmanr));
}

DMK_ENTRY void enable_dma(unsigned int dmanr)
{
	if (!may("enable_dma", dmanr, DMK_HERE))
		return;
	if (dmanr != CASCADE) {
		judge_transfer(dmanr, DMK_HERE);
		announce_use(dmanr, DMK_HERE);
	}
	put(dmanr, DMA1_MASK_REG, DMA2_MASK_REG, 0);
}

DMK_ENTRY void disable_dma(unsigned int dmanr)
{
	if (may("disable_dma", dmanr, DMK_HERE))
		put(dmanr, DMA1_MASK_REG, DMA2_MASK_REG, 4);
}

DMK_ENTRY void clear_dma_ff(unsigned int dmanr)
{
	if (may("clear_dma_ff", dmanr, DMK_HERE))
		outb(0, is_wide(dmanr) ? DMA2_CLEAR_FF_REG : DMA1_CLEAR_FF_REG);
}

DMK_ENTRY void set_dma_mode(unsigned int dmanr, char mode)
{
	if (!may("set_dma_mode", dmanr, DMK_HERE))
		return;
	pthread_mutex_lock(&lock);
	channel[dmanr].mode = (unsigned char)mode;
	pthread_mutex_unlock(&lock);
	put(dmanr, DMA1_MODE_REG, DMA2_MODE_REG, (unsigned char)mode);
}

DMK_ENTRY void set_dma_page(unsigned int dmanr, char pagenr)
{
	const unsigned int page = (unsigned char)pagenr;

	if (!may("set_dma_page", dmanr, DMK_HERE))
		return;
	pthread_mutex_lock(&lock);
	channel[dmanr].address = (channel[dmanr].address & 0xffff) | page << 16;
	pthread_mutex_unlock(&lock);
	put_page(dmanr, page);
}

DMK_ENTRY void set_dma_addr(unsigned int dmanr, unsigned int a)
{
	if (!may("set_dma_addr", dmanr, DMK_HERE))
		return;
	pthread_mutex_lock(&lock);
	channel[dmanr].address = a;
	pthread_mutex_unlock(&lock);
	put_page(dmanr, a >> 16 & 0xff);
	put_halves(own_port(dmanr, 0), is_wide(dmanr) ? a >> 1 : a);
}

DMK_ENTRY void set_dma_count(unsigned int dmanr, unsigned int count)
{
	if (!may("set_dma_count", dmanr, DMK_HERE))
		return;
	pthread_mutex_lock(&lock);
	channel[dmanr].count = count;
	pthread_mutex_unlock(&lock);
	count--;
	put_halves(own_port(dmanr, 1), is_wide(dmanr) ? count >> 1 : count);
}

/* The controller counts down to 0xffff: units that are left, less one. */
DMK_ENTRY int get_dma_residue(unsigned int dmanr)
{
	unsigned int port, left;

	if (!may("get_dma_residue", dmanr, DMK_HERE))
		return 0;
	port = own_port(dmanr, 1);
	left = inb(port);
	left += (inb(port) << 8) + 1;
	left &= 0xffff;
	return is_wide(dmanr) ? left << 1 : left;
}
