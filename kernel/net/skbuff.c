/* SPDX-License-Identifier: MIT */
/*
 * Frames: records, bytes, pieces of pages. Who sends and receives them is not here.
 *
 * A record (struct record, whose first member is the driver's struct sk_buff) and the shared info
 * of its bytes lie in the C heap. The bytes are the machine's memory, since a card reads and writes
 * them. A record that was freed is kept for a while, so that a second free is told and does no
 * harm.
 */
#include "net.h"

#include <stdlib.h>

#include <dmakit/fail.h>

enum { FREED_KEPT = 512, FRAG_RUN_ORDER = 3, HEADER_UNSET = 0xffff, NOWHERE = 64 << 10 };

struct dmk_skb_data {
	struct skb_shared_info shared; /* dataref is guarded by the lock */
	unsigned char *memory;
	bool is_frag; /* a piece of a page, and not kmalloc()'s */
};

struct record {
	struct sk_buff skb; /* first */
	struct list_head link;
	const void *caller;      /* who allocated it */
	struct dmk_netdev *from; /* whose driver was given it to be sent */
	bool freed;
};

/* guards the lists, the flags of records, datarefs, and the run */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(living);
static LIST_HEAD(freed);
static unsigned int nr_freed;

/* The page that fragments are cut from; one reference is ours. */
static struct {
	struct page *page;
	unsigned int size, used;
} run;

/* What is written behind the end of a frame's room goes here, and nowhere else. */
static unsigned char nowhere[NOWHERE];

static struct record *to_record(const struct sk_buff *skb)
{
	return (struct record *)skb;
}

struct skb_shared_info *dmk_skb_shared(const struct sk_buff *skb)
{
	return &skb->dmk->shared;
}

/* --- pieces of pages -------------------------------------------------------------------------- */

static struct page *new_run(unsigned int size, unsigned int *room)
{
	unsigned int order = max_t(unsigned int, get_order(size), FRAG_RUN_ORDER);
	struct page *page = alloc_pages(GFP_ATOMIC, order);

	/* A short machine has single pages yet. */
	if (!page && size <= PAGE_SIZE) {
		order = 0;
		page = alloc_pages(GFP_ATOMIC, order);
	}
	*room = PAGE_SIZE << order;
	return page;
}

/* With the lock held. NULL: it does not fit. */
static void *cut(unsigned int size)
{
	void *at = NULL;

	if (run.page && run.size - run.used >= size) {
		at = (char *)page_address(run.page) + run.used;
		run.used += size;
		get_page(run.page);
	}
	return at;
}

static void *alloc_frag(unsigned int asked, const void *caller)
{
	unsigned int size = ALIGN(asked, max(SMP_CACHE_BYTES, dma_get_cache_alignment())), room;
	struct page *page, *old;
	void *at;

	if (!asked || asked > PAGE_SIZE << FRAG_RUN_ORDER ||
	    dmk_should_fail(DMK_FAIL_MEMORY, caller))
		return NULL;
	pthread_mutex_lock(&lock);
	at = cut(size);
	pthread_mutex_unlock(&lock);
	if (at)
		return at;

	page = new_run(size, &room);
	if (!page)
		return NULL;
	pthread_mutex_lock(&lock);
	old = run.page;
	run.page = page;
	run.size = room;
	run.used = 0;
	at = cut(size);
	pthread_mutex_unlock(&lock);
	if (old)
		put_page(old);
	return at;
}

void *netdev_alloc_frag(unsigned int size)
{
	return alloc_frag(size, __builtin_return_address(0));
}

void *napi_alloc_frag(unsigned int size)
{
	return alloc_frag(size, __builtin_return_address(0));
}

void skb_free_frag(void *address)
{
	if (address)
		put_page(virt_to_head_page(address));
}

/* --- life ------------------------------------------------------------------------------------- */

static void enlist(struct record *record)
{
	pthread_mutex_lock(&lock);
	list_add_tail(&record->link, &living);
	pthread_mutex_unlock(&lock);
}

/* A record around @size bytes at @memory, which are not its own when NULL is returned. */
static struct sk_buff *wrap(void *memory, unsigned int size, bool is_frag, struct dmk_place place)
{
	struct record *record = calloc(1, sizeof(*record));
	struct dmk_skb_data *data = calloc(1, sizeof(*data));
	struct sk_buff *skb;

	if (!record || !data) {
		free(record);
		free(data);
		return NULL;
	}
	data->memory = memory;
	data->is_frag = is_frag;
	atomic_set(&data->shared.dataref, 1);
	record->caller = place.caller;
	skb = &record->skb;
	skb->dmk = data;
	skb->head = skb->data = memory;
	skb->end = size;
	skb->mac_header = skb->transport_header = HEADER_UNSET;
	skb->truesize = SKB_TRUESIZE(size);
	refcount_set(&skb->users, 1);
	enlist(record);
	return skb;
}

static struct sk_buff *new_skb(unsigned int size, unsigned int headroom, gfp_t gfp,
			       struct dmk_place place)
{
	struct sk_buff *skb;
	void *memory;

	if (size > INT_MAX - 2 * NET_SKB_PAD)
		return NULL;
	size = SKB_DATA_ALIGN(size + headroom);
	memory = dmk_kmalloc_at(size ? size : SMP_CACHE_BYTES, gfp, place);
	if (!memory)
		return NULL;
	skb = wrap(memory, size, false, place);
	if (!skb) {
		dmk_kfree_at(memory, place);
		return NULL;
	}
	skb->data += headroom;
	skb->tail = headroom;
	return skb;
}

struct sk_buff *dmk_skb_alloc(unsigned int size, struct dmk_place place)
{
	return new_skb(size, NET_SKB_PAD, GFP_KERNEL, place);
}

static struct sk_buff *received_into(struct net_device *dev, unsigned int length,
				     unsigned int headroom, gfp_t gfp, struct dmk_place place)
{
	struct sk_buff *skb = new_skb(length, headroom, gfp, place);

	if (skb)
		skb->dev = dev;
	return skb;
}

struct sk_buff *alloc_skb(unsigned int size, gfp_t gfp)
{
	return new_skb(size, 0, gfp, DMK_HERE);
}

struct sk_buff *__netdev_alloc_skb(struct net_device *dev, unsigned int length, gfp_t gfp)
{
	return received_into(dev, length, NET_SKB_PAD, gfp, DMK_HERE);
}

struct sk_buff *netdev_alloc_skb(struct net_device *dev, unsigned int length)
{
	return received_into(dev, length, NET_SKB_PAD, GFP_ATOMIC, DMK_HERE);
}

struct sk_buff *netdev_alloc_skb_ip_align(struct net_device *dev, unsigned int length)
{
	return received_into(dev, length, NET_SKB_PAD + NET_IP_ALIGN, GFP_ATOMIC, DMK_HERE);
}

struct sk_buff *napi_alloc_skb(struct napi_struct *napi, unsigned int length)
{
	return received_into(napi->dev, length, NET_SKB_PAD + NET_IP_ALIGN, GFP_ATOMIC, DMK_HERE);
}

struct sk_buff *dev_alloc_skb(unsigned int length)
{
	return received_into(NULL, length, NET_SKB_PAD, GFP_ATOMIC, DMK_HERE);
}

static struct sk_buff *build(void *data, unsigned int frag_size, struct dmk_place place)
{
	unsigned int overhead = SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	unsigned int size = frag_size ? frag_size : ksize(data);

	if (dmk_should_fail(DMK_FAIL_MEMORY, place.caller))
		return NULL;
	if (size < overhead) {
		dmk_complain(place.caller,
			     "build_skb() of %u bytes: the frame's shared info alone takes %u",
			     size, overhead);
		return NULL;
	}
	return wrap(data, size - overhead, frag_size, place);
}

struct sk_buff *build_skb(void *data, unsigned int frag_size)
{
	return build(data, frag_size, DMK_HERE);
}

struct sk_buff *napi_build_skb(void *data, unsigned int frag_size)
{
	return build(data, frag_size, DMK_HERE);
}

static void free_data(struct dmk_skb_data *data, struct dmk_place place)
{
	unsigned int i;

	for (i = 0; i < data->shared.nr_frags; i++)
		put_page(skb_frag_page(&data->shared.frags[i]));
	if (data->is_frag)
		skb_free_frag(data->memory);
	else
		dmk_kfree_at(data->memory, place);
	free(data);
}

static bool last_of(struct dmk_skb_data *data)
{
	bool last;

	pthread_mutex_lock(&lock);
	last = atomic_dec_return(&data->shared.dataref) == 0;
	pthread_mutex_unlock(&lock);
	return last;
}

/* The record goes on the list of freed ones, and the oldest of those really goes. */
static void bury(struct record *record)
{
	struct record *oldest = NULL;

	pthread_mutex_lock(&lock);
	list_move_tail(&record->link, &freed);
	if (nr_freed++ >= FREED_KEPT) {
		oldest = list_first_entry(&freed, struct record, link);
		list_del(&oldest->link);
		nr_freed--;
	}
	pthread_mutex_unlock(&lock);
	free(oldest);
}

/* Marks it freed, and says who is to hear of it. false: it was freed before. */
static bool end_life(struct record *record, struct dmk_netdev **from)
{
	bool first;

	pthread_mutex_lock(&lock);
	first = !record->freed;
	*from = record->from;
	record->freed = true;
	record->from = NULL;
	pthread_mutex_unlock(&lock);
	return first;
}

static void say_freed_twice(const void *caller, const char *function)
{
	dmk_complain(caller, "%s() of an sk_buff that was freed already", function);
}

static void drop(struct sk_buff *skb, const char *function, bool delivered, struct dmk_place place)
{
	struct dmk_netdev *from;

	if (!skb)
		return;
	if (dmk_skb_is_freed(skb)) {
		say_freed_twice(place.caller, function);
		return;
	}
	if (!refcount_dec_and_test(&skb->users))
		return;
	if (!end_life(to_record(skb), &from)) {
		say_freed_twice(place.caller, function);
		return;
	}
	if (last_of(skb->dmk))
		free_data(skb->dmk, place);
	skb->dmk = NULL;
	bury(to_record(skb));
	if (from)
		dmk_net_count(from, delivered ? DMK_NET_CONSUMED : DMK_NET_DROPPED);
}

static void check_context(const char *function, struct dmk_place place)
{
	if (in_hardirq())
		dmk_complain(place.caller,
			     "%s() in an interrupt handler: there dev_%s_irq() or _any() is called",
			     function, strcmp(function, "kfree_skb") ? "consume_skb" : "kfree_skb");
}

void kfree_skb(struct sk_buff *skb)
{
	check_context("kfree_skb", DMK_HERE);
	drop(skb, "kfree_skb", false, DMK_HERE);
}

void consume_skb(struct sk_buff *skb)
{
	check_context("consume_skb", DMK_HERE);
	drop(skb, "consume_skb", true, DMK_HERE);
}

void dev_kfree_skb_any(struct sk_buff *skb)
{
	drop(skb, "dev_kfree_skb_any", false, DMK_HERE);
}

void dev_consume_skb_any(struct sk_buff *skb)
{
	drop(skb, "dev_consume_skb_any", true, DMK_HERE);
}

void dev_kfree_skb_irq(struct sk_buff *skb)
{
	drop(skb, "dev_kfree_skb_irq", false, DMK_HERE);
}

void dev_consume_skb_irq(struct sk_buff *skb)
{
	drop(skb, "dev_consume_skb_irq", true, DMK_HERE);
}

void napi_consume_skb(struct sk_buff *skb, int budget)
{
	if (budget && !in_softirq())
		dmk_complain(
			__builtin_return_address(0),
			"napi_consume_skb() with a budget, and this is no poll function: the budget is 0 elsewhere");
	drop(skb, "napi_consume_skb", true, DMK_HERE);
}

void dmk_skb_given(struct sk_buff *skb, struct dmk_netdev *from)
{
	pthread_mutex_lock(&lock);
	to_record(skb)->from = from;
	pthread_mutex_unlock(&lock);
}

bool dmk_skb_is_freed(const struct sk_buff *skb)
{
	bool is_freed;

	pthread_mutex_lock(&lock);
	is_freed = to_record(skb)->freed;
	pthread_mutex_unlock(&lock);
	return is_freed;
}

void dmk_skb_forget(struct dmk_netdev *from)
{
	struct record *record;

	pthread_mutex_lock(&lock);
	list_for_each_entry(record, &living, link)
		if (record->from == from)
			record->from = NULL;
	pthread_mutex_unlock(&lock);
}

/* --- copies ----------------------------------------------------------------------------------- */

struct sk_buff *skb_clone(struct sk_buff *skb, gfp_t gfp)
{
	const void *caller = __builtin_return_address(0);
	struct record *record;

	if (dmk_should_fail(DMK_FAIL_MEMORY, caller))
		return NULL;
	record = calloc(1, sizeof(*record));
	if (!record)
		return NULL;
	record->caller = caller;
	record->skb = *skb;
	record->skb.next = record->skb.prev = NULL;
	refcount_set(&record->skb.users, 1);
	pthread_mutex_lock(&lock);
	atomic_inc(&skb->dmk->shared.dataref);
	skb->cloned = record->skb.cloned = 1;
	list_add_tail(&record->link, &living);
	pthread_mutex_unlock(&lock);
	return &record->skb;
}

int skb_cloned(const struct sk_buff *skb)
{
	bool cloned;

	pthread_mutex_lock(&lock);
	cloned = skb->cloned && atomic_read(&skb->dmk->shared.dataref) > 1;
	pthread_mutex_unlock(&lock);
	return cloned;
}

static void copy_notes(struct sk_buff *to, const struct sk_buff *from)
{
	to->dev = from->dev;
	memcpy(to->cb, from->cb, sizeof(to->cb));
	to->mac_len = from->mac_len;
	to->queue_mapping = from->queue_mapping;
	to->pkt_type = from->pkt_type;
	to->ip_summed = from->ip_summed;
	to->csum = from->csum;
	to->priority = from->priority;
	to->mark = from->mark;
	to->hash = from->hash;
	to->protocol = from->protocol;
	to->mac_header = from->mac_header;
	to->network_header = from->network_header;
	to->transport_header = from->transport_header;
}

struct sk_buff *skb_copy(const struct sk_buff *skb, gfp_t gfp)
{
	unsigned int headroom = skb_headroom(skb);
	struct sk_buff *copy = new_skb(headroom + skb->len, 0, gfp, DMK_HERE);

	if (!copy)
		return NULL;
	copy_notes(copy, skb);
	skb_reserve(copy, headroom);
	memcpy(copy->head, skb->head, headroom);
	skb_copy_bits(skb, 0, skb_put(copy, skb->len), skb->len);
	return copy;
}

/* The pieces of @from without their first @bytes, each with a reference of its own. */
static void take_pieces(struct skb_shared_info *to, const struct skb_shared_info *from,
			unsigned int bytes)
{
	unsigned int i;

	to->nr_frags = 0;
	for (i = 0; i < from->nr_frags; i++) {
		skb_frag_t frag = from->frags[i];
		unsigned int used = min(bytes, skb_frag_size(&frag));

		bytes -= used;
		if (used == skb_frag_size(&frag))
			continue;
		skb_frag_off_add(&frag, used);
		skb_frag_size_sub(&frag, used);
		__skb_frag_ref(&frag);
		to->frags[to->nr_frags++] = frag;
	}
}

static void move_headers(struct sk_buff *skb, int by)
{
	if (skb->mac_header != HEADER_UNSET)
		skb->mac_header += by;
	if (skb->transport_header != HEADER_UNSET)
		skb->transport_header += by;
	skb->network_header += by;
}

/*
 * The linear part moves to memory of its own, with @headroom before it and @tailroom behind; the
 * first @linear bytes of the frame are in it afterwards. Who shares the old bytes keeps them.
 */
static int move_linear(struct sk_buff *skb, unsigned int headroom, unsigned int linear,
		       unsigned int tailroom, struct dmk_place place)
{
	unsigned int size = SKB_DATA_ALIGN(headroom + linear + tailroom),
		     old_headroom = skb_headroom(skb);
	unsigned int before = min(headroom, old_headroom);
	struct dmk_skb_data *data, *old = skb->dmk;
	unsigned char *memory;

	data = calloc(1, sizeof(*data));
	memory = dmk_kmalloc_at(size, GFP_ATOMIC, place);
	if (!data || !memory) {
		free(data);
		dmk_kfree_at(memory, place);
		return -ENOMEM;
	}
	skb_copy_bits(skb, 0, memory + headroom, linear);
	memcpy(memory + headroom - before, skb->data - before, before);
	data->shared = old->shared;
	data->memory = memory;
	atomic_set(&data->shared.dataref, 1);
	take_pieces(&data->shared, &old->shared, linear - skb_headlen(skb));
	move_headers(skb, (int)headroom - (int)old_headroom);
	skb->dmk = data;
	skb->head = memory;
	skb->data = memory + headroom;
	skb->tail = headroom + linear;
	skb->end = size;
	skb->data_len = skb->len - linear;
	skb->cloned = 0;
	if (last_of(old))
		free_data(old, place);
	return 0;
}

int skb_cow_head(struct sk_buff *skb, unsigned int headroom)
{
	if (!skb_cloned(skb) && skb_headroom(skb) >= headroom)
		return 0;
	return move_linear(skb, max(headroom, skb_headroom(skb)), skb_headlen(skb), 0, DMK_HERE);
}

int skb_linearize(struct sk_buff *skb)
{
	return skb_is_nonlinear(skb) ? move_linear(skb, skb_headroom(skb), skb->len, 0, DMK_HERE)
				     : 0;
}

bool pskb_may_pull(struct sk_buff *skb, unsigned int length)
{
	if (length <= skb_headlen(skb))
		return true;
	if (length > skb->len)
		return false;
	return !move_linear(skb, skb_headroom(skb), length, 0, DMK_HERE);
}

/* --- the linear part -------------------------------------------------------------------------- */

/* The machine would stop here; the driver goes on, and writes where it does no harm. */
static void *refuse(const void *caller, unsigned int length, const char *format, unsigned int room)
{
	char text[160];

	snprintf(text, sizeof(text), format, length, room);
	dmk_complain(caller, "%s; a kernel stops there", text);
	return length <= NOWHERE ? nowhere : calloc(1, length);
}

void *skb_put(struct sk_buff *skb, unsigned int length)
{
	unsigned char *at = skb_tail_pointer(skb);

	if (skb_is_nonlinear(skb))
		return refuse(
			__builtin_return_address(0), length,
			"skb_put() of %u bytes at a frame with %u bytes in pieces of pages: the linear part is not its end",
			skb->data_len);
	if (length > skb->end - skb->tail)
		return refuse(__builtin_return_address(0), length,
			      "skb_put() of %u bytes, and the frame has room for %u",
			      skb->end - skb->tail);
	skb->tail += length;
	skb->len += length;
	return at;
}

void *skb_push(struct sk_buff *skb, unsigned int length)
{
	if (length > skb_headroom(skb))
		return refuse(__builtin_return_address(0), length,
			      "skb_push() of %u bytes, and the frame has %u of headroom",
			      skb_headroom(skb));
	skb->data -= length;
	skb->len += length;
	return skb->data;
}

void *skb_pull(struct sk_buff *skb, unsigned int length)
{
	if (length > skb->len)
		return NULL;
	if (length > skb_headlen(skb))
		return refuse(
			__builtin_return_address(0), length,
			"skb_pull() of %u bytes, and the linear part has %u: pskb_may_pull() first",
			skb_headlen(skb));
	skb->data += length;
	skb->len -= length;
	return skb->data;
}

void skb_reserve(struct sk_buff *skb, int length)
{
	if (skb->len || length < -(int)skb_headroom(skb) || length > skb_tailroom(skb)) {
		dmk_complain(
			__builtin_return_address(0),
			"skb_reserve() of %d bytes in a frame of %u bytes with %d of room: it is for an empty frame, and within "
			"its room",
			length, skb->len, skb_tailroom(skb));
		return;
	}
	skb->data += length;
	skb->tail += length;
}

void skb_trim(struct sk_buff *skb, unsigned int length)
{
	if (length >= skb->len)
		return;
	if (skb_is_nonlinear(skb)) {
		dmk_complain(
			__builtin_return_address(0),
			"skb_trim() of a frame with %u bytes in pieces of pages: that is pskb_trim()'s",
			skb->data_len);
		return;
	}
	skb->len = length;
	skb_set_tail_pointer(skb, length);
}

int pskb_trim(struct sk_buff *skb, unsigned int length)
{
	struct skb_shared_info *shared = skb_shinfo(skb);
	unsigned int at = skb_headlen(skb), i, kept = 0;

	if (length >= skb->len)
		return 0;
	if (skb_cloned(skb)) {
		int err = move_linear(skb, skb_headroom(skb), skb_headlen(skb), 0, DMK_HERE);

		if (err)
			return err;
		shared = skb_shinfo(skb);
	}
	for (i = 0; i < shared->nr_frags; i++) {
		skb_frag_t *frag = &shared->frags[i];
		unsigned int size = skb_frag_size(frag),
			     left = length > at ? min(size, length - at) : 0;

		at += size;
		skb_frag_size_set(frag, left);
		if (left)
			kept++;
		else
			put_page(skb_frag_page(frag));
	}
	shared->nr_frags = kept;
	if (length < skb_headlen(skb)) {
		skb->data_len = 0;
		skb_set_tail_pointer(skb, length);
	} else {
		skb->data_len = length - skb_headlen(skb);
	}
	skb->len = length;
	return 0;
}

static int pad(struct sk_buff *skb, unsigned int length, struct dmk_place place)
{
	unsigned int more = length - skb->len;
	int err = 0;

	if (skb_is_nonlinear(skb) || skb_cloned(skb) || skb_tailroom(skb) < (int)more)
		err = move_linear(skb, skb_headroom(skb), skb->len, more, place);
	if (err) {
		drop(skb, "skb_padto", false, place);
		return err;
	}
	memset(skb_tail_pointer(skb), 0, more);
	return 0;
}

int skb_padto(struct sk_buff *skb, unsigned int length)
{
	return skb->len < length ? pad(skb, length, DMK_HERE) : 0;
}

int skb_put_padto(struct sk_buff *skb, unsigned int length)
{
	unsigned int more = length > skb->len ? length - skb->len : 0;
	int err = more ? pad(skb, length, DMK_HERE) : 0;

	if (!err && more)
		skb_put(skb, more);
	return err;
}

int skb_copy_bits(const struct sk_buff *skb, int offset, void *to, int length)
{
	const struct skb_shared_info *shared = skb_shinfo(skb);
	unsigned int start = offset, left = length, i, n;
	char *at = to;

	if (offset < 0 || length < 0 || start > skb->len || left > skb->len - start)
		return -EFAULT;
	n = start < skb_headlen(skb) ? min(left, skb_headlen(skb) - start) : 0;
	memcpy(at, skb->data + start, n);
	start = start < skb_headlen(skb) ? 0 : start - skb_headlen(skb);
	at += n;
	left -= n;
	for (i = 0; left && i < shared->nr_frags; i++) {
		const skb_frag_t *frag = &shared->frags[i];

		if (start >= skb_frag_size(frag)) {
			start -= skb_frag_size(frag);
			continue;
		}
		for (n = min(left, skb_frag_size(frag) - start); n;) {
			unsigned int from = skb_frag_off(frag) + start,
				     here = min_t(unsigned int, n,
						  PAGE_SIZE - offset_in_page(from));

			memcpy_from_page(at, skb_frag_page(frag) + (from >> PAGE_SHIFT),
					 offset_in_page(from), here);
			at += here;
			start += here;
			left -= here;
			n -= here;
		}
		start = 0;
	}
	return 0;
}

/* --- pieces ----------------------------------------------------------------------------------- */

void skb_frag_ref(struct sk_buff *skb, int i)
{
	__skb_frag_ref(&skb_shinfo(skb)->frags[i]);
}

static bool is_piece(int i, const char *function, const void *caller)
{
	if (i >= 0 && i < MAX_SKB_FRAGS)
		return true;
	dmk_complain(caller, "%s(): piece %d, and a frame has at most %d", function, i,
		     MAX_SKB_FRAGS);
	return false;
}

void skb_fill_page_desc(struct sk_buff *skb, int i, struct page *page, int offset, int size)
{
	if (!is_piece(i, "skb_fill_page_desc", __builtin_return_address(0)))
		return;
	skb_frag_fill_page_desc(&skb_shinfo(skb)->frags[i], page, offset, size);
	skb_shinfo(skb)->nr_frags = i + 1;
}

void skb_add_rx_frag(struct sk_buff *skb, int i, struct page *page, int offset, int size,
		     unsigned int truesize)
{
	if (!is_piece(i, "skb_add_rx_frag", __builtin_return_address(0)))
		return;
	skb_frag_fill_page_desc(&skb_shinfo(skb)->frags[i], page, offset, size);
	skb_shinfo(skb)->nr_frags = i + 1;
	skb->len += size;
	skb->data_len += size;
	skb->truesize += truesize;
}

void skb_coalesce_rx_frag(struct sk_buff *skb, int i, int size, unsigned int truesize)
{
	skb_frag_size_add(&skb_shinfo(skb)->frags[i], size);
	skb->len += size;
	skb->data_len += size;
	skb->truesize += truesize;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void free_all(struct list_head *list)
{
	struct record *record, *next;

	list_for_each_entry_safe(record, next, list, link) {
		list_del(&record->link);
		free(record);
	}
}

/*
 * Threads are gone, memory is there still. One line for each place that frames were allocated at.
 */
void dmk_skb_stop(void)
{
	struct record *record, *other;

	list_for_each_entry(record, &living, link) {
		unsigned int n = 0;

		if (record->freed)
			continue;
		list_for_each_entry(other, &living, link) {
			if (other->caller != record->caller || other->freed)
				continue;
			other->freed = true;
			n++;
		}
		dmk_complain(record->caller, "%u sk_buff%s allocated and never freed", n,
			     n == 1 ? " was" : "s were");
	}
	/* Their bytes are in use, so they stay: the pages go when the machine does. */
	list_for_each_entry(record, &living, link)
		if (last_of(record->skb.dmk))
			free(record->skb.dmk);
	free_all(&living);
	free_all(&freed);
	nr_freed = 0;
	if (run.page)
		put_page(run.page);
	run.page = NULL;
}
