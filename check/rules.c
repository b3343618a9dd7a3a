/* SPDX-License-Identifier: MIT */
/*
 * The rules the checker can report. A row is a rule of docs/rules; a rule that is broken in a grave
 * and in a mild way has two.
 */
#include <dmakit/check.h>

#include "rules.h"

#define ERROR   DMK_SEVERITY_ERROR
#define WARNING DMK_SEVERITY_WARNING

const struct dmk_rule dmk_rules[] = {
	[DMK_RULE_ADR_01] = {"ADR-01", "a DMA address is no physical one", ERROR},
	[DMK_RULE_ADR_03] = {"ADR-03", "device registers are reached by readl() and its family",
			     ERROR},
	[DMK_RULE_ADR_05] = {"ADR-05", "virt_to_bus() and bus_to_virt() are not portable", WARNING},
	[DMK_RULE_MEM_02] = {"MEM-02", "memory outside the direct map is not mapped by CPU address",
			     ERROR},
	[DMK_RULE_MEM_03] = {"MEM-03", "stack, code and static data are not for DMA", ERROR},
	[DMK_RULE_MEM_04] = {"MEM-04", "kmap addresses are not for DMA", ERROR},
	[DMK_RULE_MEM_05] = {"MEM-05", "freed memory and mapped memory exclude each other", ERROR},
	[DMK_RULE_MEM_08] = {"MEM-08", "a buffer that a device writes has cache lines of its own",
			     ERROR},
	[DMK_RULE_MSK_01] = {"MSK-01", "a driver says how many address bits its device drives",
			     WARNING},
	[DMK_RULE_MSK_03] = {"MSK-03", "no DMA without an accepted mask", ERROR},
	[DMK_RULE_MSK_03_IGNORED] = {"MSK-03", "the answer to a mask call counts", WARNING},
	[DMK_RULE_MSK_08] = {"MSK-08", "segments keep to the device's limits", ERROR},
	[DMK_RULE_COH_05] = {"COH-05", "barriers say what a device sees first", ERROR},
	[DMK_RULE_COH_06] = {"COH-06", "an allocation that may sleep, where nobody may", ERROR},
	[DMK_RULE_COH_07] = {"COH-07", "consistent memory is freed as it was allocated", ERROR},
	[DMK_RULE_COH_10] = {"COH-10", "an allocation is asked for what the call gives", ERROR},
	[DMK_RULE_POL_04] = {"POL-04", "a pool is not destroyed in interrupt context", ERROR},
	[DMK_RULE_POL_05] = {"POL-05", "pool blocks go back once, whole, to their pool", ERROR},
	[DMK_RULE_DIR_01] = {"DIR-01", "a mapping has one of three directions", ERROR},
	[DMK_RULE_DIR_03] = {"DIR-03", "the device keeps to the mapping's direction", ERROR},
	[DMK_RULE_DIR_04] = {"DIR-04", "unmap and sync name the direction of the map", ERROR},
	[DMK_RULE_STR_02] = {"STR-02", "each mapping call is asked whether it failed", ERROR},
	[DMK_RULE_STR_03] = {"STR-03", "a mapped buffer is the device's", ERROR},
	[DMK_RULE_STR_03_READ] = {"STR-03", "a mapped buffer is the device's, to read too",
				  WARNING},
	[DMK_RULE_STR_04] = {"STR-04", "unmap repeats what map was told", ERROR},
	[DMK_RULE_STR_06] = {"STR-06", "nothing stays mapped or allocated", ERROR},
	[DMK_RULE_STR_07] = {"STR-07", "the device is done before its buffer is taken away", ERROR},
	[DMK_RULE_STR_09] = {"STR-09", "two live mappings share no cache line that a device writes",
			     ERROR},
	[DMK_RULE_STR_10] = {"STR-10", "the device stays inside what is mapped", ERROR},
	[DMK_RULE_STR_11] = {"STR-11", "only RAM, and at least a byte of it, is mapped", ERROR},
	[DMK_RULE_IOM_06] = {"IOM-06",
			     "what is linked lies in its space, on whole pages, and is synced",
			     ERROR},
	[DMK_RULE_SGL_02] = {"SGL-02", "lists are built and walked with their helpers", ERROR},
	[DMK_RULE_SGL_05] = {"SGL-05", "a list is unmapped and synced with its own entry count",
			     ERROR},
	[DMK_RULE_SGL_06] = {"SGL-06", "a list is mapped once at a time", ERROR},
	[DMK_RULE_SYN_02] = {"SYN-02", "a buffer is synced each time it changes hands", ERROR},
	[DMK_RULE_SYN_04] = {"SYN-04", "a sync lies inside a live mapping", ERROR},
	[DMK_RULE_ISA_01] = {"ISA-01", "a DMA channel is requested before it is used", ERROR},
	[DMK_RULE_ISA_02] = {"ISA-02", "the DMA controllers are set up under their lock", ERROR},
	[DMK_RULE_ISA_04] = {"ISA-04", "a channel's transfer stays in its page, below 16 MiB",
			     ERROR},
	[DMK_RULE_CTX_01] = {"CTX-01", "nothing sleeps where nobody may", ERROR},
	[DMK_RULE_END] = {NULL, NULL, ERROR},
};
