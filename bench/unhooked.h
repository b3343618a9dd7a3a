/* SPDX-License-Identifier: MIT */
/* A direct map as it would be if nobody could watch: to see what it costs that somebody may. */
#ifndef BENCH_UNHOOKED_H
#define BENCH_UNHOOKED_H

struct device;
struct page;

void bench_unhooked_pairs(struct device *dev, struct page *page, unsigned int n);

#endif
