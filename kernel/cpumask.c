/* SPDX-License-Identifier: MIT */
/*
 * The CPUs that drivers see: linux/cpumask.h.
 */
#include <linux/cpumask.h>

const struct cpumask dmk_cpus = {.bits = {(1UL << NR_CPUS) - 1}};

static const struct cpumask single[NR_CPUS] = {
	{.bits = {1}},
	{.bits = {2}},
	{.bits = {4}},
	{.bits = {8}},
};
static const struct cpumask none;

const struct cpumask *cpumask_of(unsigned int cpu)
{
	return cpu < NR_CPUS ? &single[cpu] : &none;
}
