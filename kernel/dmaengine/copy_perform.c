// SPDX-License-Identifier: MIT
/*
 * What the threads that copy do for one descriptor: bytes moved, set and XORed at physical
 * addresses, seen as the CPU sees them; and what an observer is told of it.
 */
#include "copy.h"

#include <string.h>

#include <linux/highmem.h>
#include <linux/mm.h>

#include "../device/internal.h"

enum {
	STEP = 1 << 20,
	PART = 8 << 10, /* of an XOR: all sources of it stay in a cache */
};

/* --- memory ----------------------------------------------------------------------------------- */

/*
 * From the direct map to where its memory has no fences: the driver may be kept from what is the
 * controller's, and the controller may not (dmk_machine.copy_base).
 */
static ptrdiff_t beyond_fences(void)
{
	const struct dmk_machine *machine = dmk_device_port->machine;

	return machine->copy_base ? (char *)machine->copy_base - (char *)machine->direct_base : 0;
}

/* In the direct map, or a view. */
static size_t find_run(dma_addr_t dma, size_t size, u8 **cpu)
{
	const unsigned long first = dma >> PAGE_SHIFT;
	size_t run = PAGE_SIZE - dma % PAGE_SIZE;
	phys_addr_t phys;
	bool mapped;

	/* All of it where the CPU has all memory: nearly always. */
	*cpu = dma <= dmk_layout.direct_last ? phys_to_virt(dma) : NULL;
	if (*cpu && dmk_direct(*cpu, size, &phys))
		return size;
	if (!pfn_valid(first))
		return 0;
	mapped = PageHighMem(pfn_to_page(first));
	*cpu = (u8 *)kmap_local_page(pfn_to_page(first)) + dma % PAGE_SIZE;
	while (!mapped && run < size && pfn_valid(first + (run + PAGE_SIZE - 1) / PAGE_SIZE) &&
	       !PageHighMem(pfn_to_page(first + (run + PAGE_SIZE - 1) / PAGE_SIZE)))
		run += PAGE_SIZE;
	return run < size ? run : size;
}

/* Bytes from @dma on that are side by side for the CPU too; 0: there is no memory. */
static size_t run_at(dma_addr_t dma, size_t size, u8 **cpu)
{
	const size_t run = find_run(dma, size, cpu);

	if (run && dma <= dmk_layout.direct_last)
		*cpu += beyond_fences();
	return run;
}

static void let_go(u8 *cpu)
{
	u8 *direct = cpu - beyond_fences();
	phys_addr_t phys;

	kunmap_local(dmk_direct(direct, 1, &phys) ? direct : cpu);
}

/* Where one address can't be reached: which. @from NULL: set to @value. */
static enum dmaengine_tx_result piece(dma_addr_t to, const dma_addr_t *from, size_t *size,
				      int value)
{
	u8 *target = NULL, *source = NULL;
	size_t n = from ? run_at(*from, *size, &source) : *size;

	if (!n)
		return DMA_TRANS_READ_FAILED;
	n = run_at(to, n, &target);
	if (n && from)
		memmove(target, source, n);
	else if (n)
		memset(target, value, n);
	if (n)
		let_go(target);
	if (from)
		let_go(source);
	*size = n;
	return n ? DMA_TRANS_NOERROR : DMA_TRANS_WRITE_FAILED;
}

/* A few words at a time, wherever they lie; one byte at a time what is left. */
static void put_xor(u8 *to, const u8 *a, const u8 *b, size_t n)
{
	typedef u64 words __attribute__((__vector_size__(32), __aligned__(1), __may_alias__));
	size_t i = 0;

	for (; i + sizeof(words) <= n; i += sizeof(words))
		*(words *)(to + i) = *(const words *)(a + i) ^ *(const words *)(b + i);
	for (; i < n; i++)
		to[i] = a[i] ^ b[i];
}

/* What is at @a and @b, either of which may be @to. */
static enum dmaengine_tx_result xor_piece(dma_addr_t to, dma_addr_t a, dma_addr_t b, size_t *size)
{
	enum dmaengine_tx_result result = DMA_TRANS_READ_FAILED;
	u8 *target, *first, *second;
	size_t n = run_at(a, *size, &first);

	if (!n)
		return result;
	n = run_at(b, n, &second);
	if (!n)
		goto unmap_first;
	result = DMA_TRANS_WRITE_FAILED;
	n = run_at(to, n, &target);
	if (!n)
		goto unmap_second;
	result = DMA_TRANS_NOERROR;
	put_xor(target, first, second, n);
	let_go(target);
unmap_second:
	let_go(second);
unmap_first:
	let_go(first);
	*size = n;
	return result;
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

static enum dmaengine_tx_result move(struct job *job, dma_addr_t to, const dma_addr_t *from,
				     size_t size)
{
	enum dmaengine_tx_result result = DMA_TRANS_NOERROR;
	dma_addr_t source;
	size_t n;

	if (from)
		announce(*from, size, false);
	announce(to, size, true);
	for (size_t at = 0; at < size && !result; at += n) {
		source = from ? *from + at : 0;
		n = size - at < STEP ? size - at : STEP;
		result = piece(to + at, from ? &source : NULL, &n, job->value);
		if (!result)
			__atomic_add_fetch(&job->done, n, __ATOMIC_RELAXED);
	}
	return result;
}

/* --- the operations --------------------------------------------------------------------------- */

/* Of two sources into the target, then of what is there and the next one. */
static enum dmaengine_tx_result xor_part(struct job *job, size_t first, size_t size)
{
	enum dmaengine_tx_result result = DMA_TRANS_NOERROR;
	dma_addr_t with = job->from[0];
	size_t n;

	for (unsigned int i = 1; i < job->sources; i++) {
		for (size_t at = first; at < first + size && !result; at += n) {
			n = first + size - at;
			result = xor_piece(job->to + at, with + at, job->from[i] + at, &n);
		}
		with = job->to;
	}
	return result;
}

/*
 * All sources into a part of the target, then the next part. The target may be a source: then it
 * is the first.
 */
static enum dmaengine_tx_result do_xor(struct job *job)
{
	enum dmaengine_tx_result result = DMA_TRANS_NOERROR;
	size_t n;

	if (job->sources == 1)
		return move(job, job->to, &job->from[0], job->size);
	for (unsigned int i = 0; i < job->sources; i++)
		announce(job->from[i], job->size, false);
	announce(job->to, job->size, true);
	for (size_t at = 0; at < job->size && !result; at += n) {
		n = job->size - at < PART ? job->size - at : PART;
		result = xor_part(job, at, n);
		if (!result)
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
