/* SPDX-License-Identifier: MIT */
/*
 * A device's access to memory: from the address on its bus to bytes in RAM, past all that may
 * refuse it, and the fact announced.
 *
 *	no IOMMU   bus address --(a window of the bus)--> physical
 *	an IOMMU   IOVA --(its tables)--> physical, which a window must reach; the window of message interrupts is not translated
 *
 * then the firewall of a restricted pool, RAM, and whether the page is shared. All of it or
 * nothing: where every byte goes is settled before the first one moves, and holds until the last
 * one did (share_lock, an IOMMU's gate).
 */
#include "iommu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 16 };

/** Bytes that are side by side in the memory file. */
struct piece {
	uint64_t offset, phys;
	size_t size;
};

struct access {
	struct dmk_instance *card;
	uint32_t requester; /* the card's, or a DMA channel's */
	const struct dmk_bus *bus;
	struct sim_iommu *iommu; /* NULL: none */
	const struct sim_stream *stream;
	bool write;
	int result;

	struct piece *piece, few[PIECES];
	size_t nr_pieces, room;

	struct dmk_iommu_fault fault;
	bool faulted;

	bool is_peer; /* no memory: another card's registers */
	struct sim_peer peer;

	struct dmk_device_access seen;
};

/* --- where bytes are -------------------------------------------------------------------------- */

static bool window_find(const struct dmk_bus *bus, uint64_t dma, uint64_t *phys, uint64_t *run)
{
	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		const struct dmk_window *window = &bus->windows[i];
		uint64_t into = dma - window->bus;

		if (into >= window->size)
			continue;
		*phys = window->phys.v + into;
		*run = window->size - into;
		return true;
	}
	return false;
}

/* The other way round: what an IOMMU translated to must be in reach of the bus. */
static bool window_reaches(const struct dmk_bus *bus, uint64_t phys, uint64_t *run)
{
	for (unsigned int i = 0; i < bus->nr_windows; i++) {
		const struct dmk_window *window = &bus->windows[i];
		uint64_t into = phys - window->phys.v;

		if (into >= window->size)
			continue;
		if (*run > window->size - into)
			*run = window->size - into;
		return true;
	}
	return false;
}

/* What a firewall in front of memory lets through: bytes from @phys on, of @size. */
static bool firewall_passes(const struct dmk_bus *bus, uint64_t phys, uint64_t size)
{
	const struct dmk_memory *pool = bus->restricted_pool;
	uint64_t into = pool ? phys - pool->first.v : 0;

	return !pool || (into < pool->size && size <= pool->size - into);
}

static bool is_message_window(const struct sim_iommu *iommu, uint64_t iova)
{
	return iommu->msi_last && iova >= iommu->msi_first && iova <= iommu->msi_last;
}

static int translate(struct access *access, uint64_t iova, uint64_t *phys, uint64_t *run)
{
	enum dmk_iommu_fault_reason reason;

	/* Nothing but a doorbell is there, and messages do not come this way (pci.c). */
	if (is_message_window(access->iommu, iova))
		return -EIO;
	if (dmk_sim_iommu_translate(access->iommu, access->stream, iova, access->write, phys, run,
				    &reason))
		return window_reaches(access->bus, *phys, run) ? 0 : -EIO;
	access->faulted = true;
	access->fault = (struct dmk_iommu_fault){access->requester, iova, access->write, reason};
	return -EFAULT;
}

/*
 * Where the bytes from bus address @dma on are, and how many of @size are there in one piece.
 * Return: 0; -EIO: there is no memory; -EACCES: it is no memory of the device's; -EPERM: it is
 * private; -EFAULT: the IOMMU refused it.
 */
static int piece_find(struct access *access, uint64_t dma, size_t size, struct piece *piece)
{
	const struct dmk_instance *card = access->card;
	uint64_t phys, run, bank_run;
	int result = 0;

	if (access->iommu)
		result = translate(access, dma, &phys, &run);
	else if (!window_find(access->bus, dma, &phys, &run))
		result = -EIO;
	if (result)
		return result;
	if (!dmk_sim_memory_offset(card->sim, phys, &piece->offset, &bank_run))
		return -EIO;
	if (run > bank_run)
		run = bank_run;
	piece->phys = phys;
	piece->size = run < size ? run : size;
	if (!firewall_passes(access->bus, phys, piece->size))
		return -EACCES;
	return dmk_sim_is_shared(card->sim, piece->offset, piece->size) ? 0 : -EPERM;
}

/* --- settling it ------------------------------------------------------------------------------ */

static bool make_room(struct access *access)
{
	struct piece *more;

	if (access->nr_pieces < access->room)
		return true;
	more = malloc(2 * access->room * sizeof(*more));
	if (!more)
		return false;
	memcpy(more, access->piece, access->nr_pieces * sizeof(*more));
	if (access->piece != access->few)
		free(access->piece);
	access->piece = more;
	access->room *= 2;
	return true;
}

static int piece_add(struct access *access, const struct piece *add)
{
	struct piece *last = access->nr_pieces ? &access->piece[access->nr_pieces - 1] : NULL;

	if (last && last->offset + last->size == add->offset &&
	    last->phys + last->size == add->phys) {
		last->size += add->size;
		return 0;
	}
	if (!make_room(access))
		return -EIO;
	access->piece[access->nr_pieces++] = *add;
	return 0;
}

static int settle(struct access *access, uint64_t dma, size_t size)
{
	struct piece piece;

	if (!dmk_sim_pci_may_master(access->card) || dma + (size - 1) < dma)
		return -EIO;
	for (; size; dma += piece.size, size -= piece.size) {
		int result = piece_find(access, dma, size, &piece);

		result = result ? result : piece_add(access, &piece);
		if (result)
			return result;
	}
	return 0;
}

/* --- another card's registers ----------------------------------------------------------------- */

/* The physical address of all of it, if that is one run. */
static bool one_run(struct access *access, uint64_t dma, size_t size, uint64_t *phys)
{
	uint64_t at = 0, run;

	if (!access->iommu)
		return window_find(access->bus, dma, phys, &run) && size <= run;
	for (size_t done = 0; done < size; done += run) {
		if (translate(access, dma + done, &at, &run) || (done && at != *phys + done))
			return false;
		*phys = done ? *phys : at;
	}
	return true;
}

/*
 * Whether what is no memory is another card's registers. What is not all in one BAR is no such
 * access.
 */
static bool find_peer(struct access *access, uint64_t dma, size_t size)
{
	const struct dmk_instance *card = access->card;
	uint64_t phys = 0, offset, bank_run;

	return dma + (size - 1) >= dma && dmk_sim_pci_may_master(card) &&
	       one_run(access, dma, size, &phys) &&
	       !dmk_sim_memory_offset(card->sim, phys, &offset, &bank_run) &&
	       firewall_passes(access->bus, phys, size) &&
	       dmk_sim_peer_find(card, phys, size, &access->peer);
}

/* --- begin and end ---------------------------------------------------------------------------- */

/* Whether it is allowed is settled, and announced, before the first byte moves. */
static int access_begin(struct access *access, struct dmk_instance *card, uint64_t dma, size_t size,
			bool write)
{
	struct dmk_event event = {
		.kind = DMK_EVENT_DEVICE_ACCESS,
		.requester = access->requester,
		.dma = DMK_DMA(dma),
		.size = size,
		.write = write,
	};

	access->card = card;
	access->iommu = access->bus->iommu ? access->bus->iommu->ctx : NULL;
	access->stream = access->iommu ? dmk_sim_iommu_stream(access->iommu, access->requester)
				       : NULL;
	access->write = write;
	access->piece = access->few;
	access->nr_pieces = 0;
	access->room = PIECES;
	access->faulted = false;
	dmk_sim_access_hold(card->sim);
	dmk_sim_iommu_hold(access->iommu);
	access->result = settle(access, dma, size);
	access->is_peer = access->result == -EIO && find_peer(access, dma, size);
	if (access->is_peer)
		access->result = 0;
	event.result = access->result;
	dmk_announce(&event);
	return access->result;
}

static int access_end(struct access *access)
{
	dmk_sim_iommu_release(access->iommu);
	dmk_sim_access_release(access->card->sim);
	if (access->piece != access->few)
		free(access->piece);
	/* With nothing held: whoever hears of it may hold what waits for this very access. */
	if (access->faulted)
		dmk_sim_iommu_refused(access->iommu, &access->fault);
	/* On a bus there is one way to refuse; which it was is for who watches. */
	return access->result ? -EIO : 0;
}

/* With no memory held still: what the peer does on being accessed may be an access of its own. */
static int read_peer(const struct access *access, void *buffer, size_t size)
{
	const int result = dmk_sim_peer_read(access->card, &access->peer, buffer, size);

	if (result)
		memset(buffer, 0xff, size);
	return result;
}

/* --- what CPUs have stored and is not there yet (COH-05) -------------------------------------- */

static void stores_begin(struct access *access, uint64_t dma, size_t size, void *bytes)
{
	const struct dmk_stores *stores = access->card->sim->stores;

	if (!stores)
		return;
	access->seen = (struct dmk_device_access){
		.requester = access->requester,
		.dma = DMK_DMA(dma),
		.size = size,
		.write = access->write,
		.bytes = bytes,
	};
	stores->begin(stores->ctx, &access->seen);
}

static void stores_part(const struct access *access, size_t offset, const struct piece *piece)
{
	const struct dmk_stores *stores = access->card->sim->stores;

	if (stores)
		stores->part(stores->ctx, &access->seen, offset, DMK_PHYS(piece->phys),
			     piece->size);
}

static void stores_end(const struct access *access)
{
	const struct dmk_stores *stores = access->card->sim->stores;

	if (stores)
		stores->end(stores->ctx, &access->seen);
}

/* --- reading and writing ---------------------------------------------------------------------- */

static int read_bytes(struct access *access, struct dmk_instance *card, uint64_t dma, void *buffer,
		      size_t size)
{
	uint8_t *to = buffer;

	if (!size)
		return 0;
	dmk_sim_late(card->sim, &card->lateness);
	if (access_begin(access, card, dma, size, false)) {
		memset(buffer, 0xff, size);
		return access_end(access);
	}
	if (access->is_peer) {
		access_end(access);
		return read_peer(access, buffer, size);
	}
	stores_begin(access, dma, size, buffer);
	for (size_t i = 0; i < access->nr_pieces; to += access->piece[i++].size) {
		dmk_sim_memory_read(card->sim, access->piece[i].offset, to, access->piece[i].size,
				    access->bus->coherent);
		stores_part(access, to - (uint8_t *)buffer, &access->piece[i]);
	}
	stores_end(access);
	return access_end(access);
}

static int write_bytes(struct access *access, struct dmk_instance *card, uint64_t dma,
		       const void *buffer, size_t size)
{
	const uint8_t *from = buffer;

	if (!size)
		return 0;
	dmk_sim_late(card->sim, &card->lateness);
	if (access_begin(access, card, dma, size, true))
		return access_end(access);
	if (access->is_peer) {
		access_end(access);
		return dmk_sim_peer_write(card, &access->peer, buffer, size);
	}
	stores_begin(access, dma, size, NULL);
	for (size_t i = 0; i < access->nr_pieces; from += access->piece[i++].size) {
		stores_part(access, from - (const uint8_t *)buffer, &access->piece[i]);
		dmk_sim_memory_write(card->sim, access->piece[i].offset, from,
				     access->piece[i].size, access->bus->coherent);
	}
	stores_end(access);
	return access_end(access);
}

/* The controllers are on the ISA bus, whoever asks them to move something. */
static struct access of_channel(const struct dmk_instance *card, unsigned int n)
{
	return (struct access){.requester = DMK_REQUESTER_CHANNEL + n,
			       .bus = card->sim->profile.machine.isa};
}

int dmk_sim_channel_read(struct dmk_instance *card, unsigned int n, uint64_t address, void *buffer,
			 size_t size)
{
	struct access access = of_channel(card, n);

	return read_bytes(&access, card, address, buffer, size);
}

int dmk_sim_channel_write(struct dmk_instance *card, unsigned int n, uint64_t address,
			  const void *buffer, size_t size)
{
	struct access access = of_channel(card, n);

	return write_bytes(&access, card, address, buffer, size);
}

/* --- <dmakit/model.h> ------------------------------------------------------------------------- */

int dmk_instance_read(struct dmk_instance *card, uint64_t dma, void *buffer, size_t size)
{
	struct access access = {.requester = card->requester, .bus = card->bus};

	return read_bytes(&access, card, dma, buffer, size);
}

int dmk_instance_write(struct dmk_instance *card, uint64_t dma, const void *buffer, size_t size)
{
	struct access access = {.requester = card->requester, .bus = card->bus};

	return write_bytes(&access, card, dma, buffer, size);
}
