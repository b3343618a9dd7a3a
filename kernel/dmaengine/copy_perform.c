// SPDX-License-Identifier: MIT
/*
 * What the threads that copy do for one descriptor: bytes moved, set and XORed at physical
 * addresses, seen as the CPU sees them; and what an observer is told of it.
 */
#include "copy.h"

#include <string.h>

#include <linux/highmem.h>
#include <linux/mm.h>

enum {
	STEP = 1 << 20,
	PART = 8 << 10, /* of an XOR: all sources of it stay in a cache */
};

/* --- memory ----------------------------------------------------------------------------------- */

/* Bytes from @dma on that are side by side for the CPU too; 0: there is no memory. */
static size_t run_at(dma_addr_t dma, size_t size, u8 **cpu, bool *mapped)
{
	const unsigned long first = dma >> PAGE_SHIFT;
	size_t run = PAGE_SIZE - dma % PAGE_SIZE;
	phys_addr_t phys;

	/* All of it where the CPU has all memory: nearly always. */
	*mapped = false;
	*cpu = dma <= dmk_layout.direct_last ? phys_to_virt(dma) : NULL;
	if (*cpu && dmk_direct(*cpu, size, &phys))
		return size;
	if (!pfn_valid(first))
		return 0;
	*mapped = PageHighMem(pfn_to_page(first));
	*cpu = (u8 *)kmap_local_page(pfn_to_page(first)) + dma % PAGE_SIZE;
	while (!*mapped && run < size && pfn_valid(first + (run + PAGE_SIZE - 1) / PAGE_SIZE) &&
	       !PageHighMem(pfn_to_page(first + (run + PAGE_SIZE - 1) / PAGE_SIZE)))
		run += PAGE_SIZE;
	return run < size ? run : size;
}

/* A few words at a time, wherever they lie; one byte at a time what is left. */
static void xor_into(u8 *to, const u8 *from, size_t n)
{
	typedef u64 words __attribute__((__vector_size__(32), __aligned__(1), __may_alias__));
	size_t i = 0;

	for (; i + sizeof(words) <= n; i += sizeof(words))
		*(words *)(to + i) ^= *(const words *)(from + i);
	for (; i < n; i++)
		to[i] ^= from[i];
}

/* What is there is written from @from, XORed with it, or (NULL) set to @value. */
static void put(u8 *to, const u8 *from, size_t n, bool xor, int value)
{
	if (!from)
		memset(to, value, n);
	else if (!xor)
		memmove(to, from, n);
	else
		xor_into(to, from, n);
}

/* Where one address can't be reached: which. */
static enum dmaengine_tx_result piece(dma_addr_t to, dma_addr_t from, size_t *size, bool xor,
				      bool set, int value)
{
	u8 *target = NULL, *source = NULL;
	bool target_mapped = false, source_mapped = false;
	size_t n = set ? *size : run_at(from, *size, &source, &source_mapped);

	if (!n)
		return DMA_TRANS_READ_FAILED;
	n = run_at(to, n, &target, &target_mapped);
	if (n)
		put(target, set ? NULL : source, n, xor, value);
	if (n)
		kunmap_local(target);
	if (!set)
		kunmap_local(source);
	*size = n;
	return n ? DMA_TRANS_NOERROR : DMA_TRANS_WRITE_FAILED;
}

static void announce(dma_addr_t dma, size_t size, bool write)
{
	const struct dmk_event event = {.kind = DMK_EVENT_DEVICE_ACCESS,
					.requester = DMK_REQUESTER_COPIER,
					.dma = DMK_DMA(dma),
					.size = size,
					.write = write};

	if (dmk_observed())
		dmk_announce(&event);
}

/* What is under way, from issue_pending on: what is written, then each source. */
static void announce_transfers(const struct job *job, enum dmk_event_kind kind)
{
	for (unsigned int i = 0; i <= job->sources; i++) {
		const struct dmk_event event = {
			.kind = kind,
			.requester = DMK_REQUESTER_COPIER,
			.dma = DMK_DMA(i ? job->from[i - 1] : job->to),
			.size = job->size,
			.dir = i ? DMK_TO_DEVICE : DMK_FROM_DEVICE,
			.write = !i,
			.cookie = job->cookie + i,
		};

		dmk_announce(&event);
	}
}

void dmk_copy_transfers_begin(struct job *job)
{
	static uint64_t cookies = 1ULL << 63; /* the machine's count from 1 */

	if (!dmk_observed() || job->operation == INTERLEAVE || job->operation == NOTHING)
		return;
	job->cookie = __atomic_fetch_add(&cookies, 1 + job->sources, __ATOMIC_RELAXED);
	job->begun = true;
	announce_transfers(job, DMK_EVENT_TRANSFER_BEGIN);
}

void dmk_copy_transfers_end(struct job *job)
{
	if (job->begun)
		announce_transfers(job, DMK_EVENT_TRANSFER_END);
	job->begun = false;
}

/* What is not XORed is done with. */
static enum dmaengine_tx_result move_quietly(struct job *job, dma_addr_t to, const dma_addr_t *from,
					     size_t size, bool xor)
{
	enum dmaengine_tx_result result = DMA_TRANS_NOERROR;
	size_t n;

	for (size_t at = 0; at < size && !result; at += n) {
		n = size - at < STEP ? size - at : STEP;
		result = piece(to + at, from ? *from + at : 0, &n, xor, !from, job->value);
		if (!xor&&!result)
			__atomic_add_fetch(&job->done, n, __ATOMIC_RELAXED);
	}
	return result;
}

static enum dmaengine_tx_result move(struct job *job, dma_addr_t to, const dma_addr_t *from,
				     size_t size)
{
	if (from)
		announce(*from, size, false);
	announce(to, size, true);
	return move_quietly(job, to, from, size, false);
}

/* --- the operations --------------------------------------------------------------------------- */

/* The first source is copied, unless it is the target itself, which comes first if it is one. */
static enum dmaengine_tx_result xor_part(struct job *job, size_t at, size_t size)
{
	enum dmaengine_tx_result result = DMA_TRANS_NOERROR;

	for (unsigned int i = 0; i < job->sources && !result; i++) {
		const dma_addr_t from = job->from[i] + at;

		if (i || from != job->to + at)
			result = move_quietly(job, job->to + at, &from, size, i);
	}
	return result;
}

/* All sources into a part of the target, then the next part. */
static enum dmaengine_tx_result do_xor(struct job *job)
{
	enum dmaengine_tx_result result = DMA_TRANS_NOERROR;
	size_t n;

	for (unsigned int i = 0; i < job->sources; i++)
		announce(job->from[i], job->size, false);
	announce(job->to, job->size, true);
	for (size_t at = 0; at < job->size && !result; at += n) {
		n = job->size - at < PART ? job->size - at : PART;
		result = xor_part(job, at, n);
		if (job->from[0] == job->to && !result)
			__atomic_add_fetch(&job->done, n, __ATOMIC_RELAXED);
	}
	return result;
}

static enum dmaengine_tx_result do_frame(struct job *job, dma_addr_t *to, dma_addr_t *from)
{
	struct dma_interleaved_template *template = job->template;
	enum dmaengine_tx_result result = DMA_TRANS_NOERROR;

	for (size_t i = 0; i < template->frame_size && !result; i++) {
		struct data_chunk *chunk = &template->sgl[i];

		result = move(job, *to, from, chunk->size);
		if (template->dst_inc)
			*to += chunk->size + dmaengine_get_dst_icg(template, chunk);
		if (template->src_inc)
			*from += chunk->size + dmaengine_get_src_icg(template, chunk);
	}
	return result;
}

static enum dmaengine_tx_result do_interleaved(struct job *job)
{
	dma_addr_t to = job->template->dst_start, from = job->template->src_start;
	enum dmaengine_tx_result result = DMA_TRANS_NOERROR;

	for (size_t i = 0; i < job->template->numf && !result; i++)
		result = do_frame(job, &to, &from);
	return result;
}

enum dmaengine_tx_result dmk_copy_perform(struct job *job)
{
	switch (job->operation) {
	case COPY:
		return move(job, job->to, job->from, job->size);
	case SET:
		return move(job, job->to, NULL, job->size);
	case XOR:
		return do_xor(job);
	case INTERLEAVE:
		return do_interleaved(job);
	case NOTHING:
		break;
	}
	return DMA_TRANS_NOERROR;
}
