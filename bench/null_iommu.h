/* SPDX-License-Identifier: MIT */
/*
 * An IOMMU that is told things and does nothing: what is left is the core's own work. VT-d's
 * tables, 48 bits, 4 KiB and larger pages.
 */
#ifndef BENCH_NULL_IOMMU_H
#define BENCH_NULL_IOMMU_H

#include <dmakit/iommu.h>

extern const struct dmk_iommu bench_null_iommu;

#endif
