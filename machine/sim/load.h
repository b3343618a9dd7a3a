/* SPDX-License-Identifier: MIT */
/*
 * Getting a devicetree blob.
 */
#ifndef SIM_LOAD_H
#define SIM_LOAD_H

#include "sim.h"

/**
 * dmk_sim_load - the blob of a built-in profile, a .dts or a .dtb, checked so that libfdt can walk
 * it
 * Return: 0 and @tree, freed by the caller with free(); -ENOENT, -EINVAL, -ENODEV (no dtc), -ENOMEM
 *         with one line in @error.
 */
int dmk_sim_load(const char *name, void **tree, char *error, size_t error_size);

#endif
