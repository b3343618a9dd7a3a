/* SPDX-License-Identifier: MIT */
/*
 * Small numbers for things.
 */
#ifndef _LINUX_IDR_H
#define _LINUX_IDR_H

#include <linux/gfp_types.h>
#include <linux/xarray.h>

struct idr {
	struct xarray dmk;
	unsigned int next; /* for idr_alloc_cyclic() */
};
struct ida {
	struct xarray dmk;
};

#define IDR_INIT(name) { .dmk = XARRAY_INIT((name).dmk, 0) }
#define DEFINE_IDR(name) struct idr name = IDR_INIT(name)
#define IDA_INIT(name) { .dmk = XARRAY_INIT((name).dmk, 0) }
#define DEFINE_IDA(name) struct ida name = IDA_INIT(name)

void idr_init(struct idr *idr) DMK_SYM(idr_init);
void idr_destroy(struct idr *idr) DMK_SYM(idr_destroy);
/**
 * idr_alloc - the lowest free number in [start, end), end 0: no limit. Return: it, -ENOSPC,
 * -ENOMEM.
 */
int idr_alloc(struct idr *idr, void *pointer, int start, int end, gfp_t gfp) DMK_SYM(idr_alloc);
int idr_alloc_cyclic(struct idr *idr, void *pointer, int start, int end, gfp_t gfp)
	DMK_SYM(idr_alloc_cyclic);
void *idr_find(const struct idr *idr, unsigned long id) DMK_SYM(idr_find);
void *idr_remove(struct idr *idr, unsigned long id) DMK_SYM(idr_remove);
void *idr_replace(struct idr *idr, void *pointer, unsigned long id) DMK_SYM(idr_replace);
void *idr_get_next(struct idr *idr, int *next) DMK_SYM(idr_get_next);
int idr_for_each(const struct idr *idr, int (*fn)(int id, void *p, void *data), void *data)
	DMK_SYM(idr_for_each);
bool idr_is_empty(const struct idr *idr) DMK_SYM(idr_is_empty);
#define idr_for_each_entry(idr, entry, id)                                                         \
	for (id = 0; ((entry) = idr_get_next((idr), &(id))) != NULL; id++)
#define idr_preload(gfp) ((void)(gfp))
#define idr_preload_end() ((void)0)

void ida_init(struct ida *ida) DMK_SYM(ida_init);
void ida_destroy(struct ida *ida) DMK_SYM(ida_destroy);
int ida_alloc_range(struct ida *ida, unsigned int min, unsigned int max, gfp_t gfp)
	DMK_SYM(ida_alloc_range);
void ida_free(struct ida *ida, unsigned int id) DMK_SYM(ida_free);
#define ida_alloc(ida, gfp) ida_alloc_range((ida), 0, ~0U >> 1, (gfp))
#define ida_alloc_min(ida, min, gfp) ida_alloc_range((ida), (min), ~0U >> 1, (gfp))
#define ida_alloc_max(ida, max, gfp) ida_alloc_range((ida), 0, (max), (gfp))
#define ida_simple_get(ida, start, end, gfp) \
	ida_alloc_range((ida), (start), (end) ? (end)-1 : ~0U >> 1, (gfp))
#define ida_simple_remove(ida, id) ida_free((ida), (id))

#endif
