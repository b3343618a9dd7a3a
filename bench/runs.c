/* SPDX-License-Identifier: MIT */
/*
 * The machines, and all rows. A run is one boot; the rows of a run are interleaved, so what is to
 * be compared is measured in one run.
 */
#include "bench.h"

/* A PC with memory for a million live pages; bench/meson.build says where its description lies. */
#define PC BENCH_DIRECTORY "/pc.dts"

const struct run bench_runs[] = {
	{.name = "a PC",
	 .where = AT_PC,
	 .machine = PC,
	 .append = "swiotlb=65536 dmakit.dma_channels=8192"},
	{.name = "a PC whose bounce pool is full",
	 .where = AT_FULL,
	 .machine = PC,
	 .append = "swiotlb=4096 dmakit.swiotlb_max=0"},
	{.name = "a PC with an IOMMU, lazy", .where = AT_LAZY, .machine = "pc-iommu-lazy"},
	{.name = "a PC with an IOMMU, strict", .where = AT_STRICT, .machine = "pc-iommu-strict"},
	{.name = "QEMU's memory", .where = AT_QEMU, .machine = "qemu", .optional = true},
	{.name = "a PC, checker on, 1 frame kept",
	 .where = AT_WATCHED,
	 .machine = PC,
	 .checker = true,
	 .stack_depth = 1},
	{.name = "a PC, checker on, 5 frames kept",
	 .where = AT_WATCHED_5,
	 .machine = PC,
	 .checker = true,
	 .stack_depth = 5},
	{.name = "a PC, checker on, as dmakit check has it",
	 .where = AT_CHECK,
	 .machine = PC,
	 .checker = true},
};
const unsigned int nr_bench_runs = sizeof(bench_runs) / sizeof(bench_runs[0]);

static const struct rows *const files[] = {
	&bench_floors, &bench_peers,   &bench_direct, &bench_coherent, &bench_pools,  &bench_bounce,
	&bench_iova,   &bench_pgtable, &bench_domain, &bench_checked,  &bench_engine,
};

const struct row *bench_row(unsigned int index)
{
	for (unsigned int i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (index < files[i]->nr)
			return &files[i]->row[index];
		index -= files[i]->nr;
	}
	return NULL;
}
