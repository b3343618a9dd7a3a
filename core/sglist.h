/* SPDX-License-Identifier: MIT */
/*
 * Between the core's files about scatterlists.
 */
#ifndef DMK_CORE_SGLIST_H
#define DMK_CORE_SGLIST_H

#include <linux/scatterlist.h>

#include "core.h"

/** dmk_list_mistake - announce what a driver did wrong with a list, by @call at @place (SGL-02) */
void dmk_list_mistake(const struct scatterlist *sg, const char *call, enum dmk_reason reason,
		      struct dmk_place place) DMK_SG_SYM(list_mistake);

#endif
