/* SPDX-License-Identifier: MIT */
/*
 * Sets of CPUs. All that there are are possible, present and online, for good.
 */
#ifndef _LINUX_CPUMASK_H
#define _LINUX_CPUMASK_H

#include <linux/bitmap.h>
#include <linux/compiler.h>
#include <linux/gfp_types.h>
#include <linux/threads.h>
#include <linux/types.h>

typedef struct cpumask {
	DECLARE_BITMAP(bits, NR_CPUS);
} cpumask_t;

/* On the stack, or in what it is a member of: nothing to allocate. */
typedef struct cpumask cpumask_var_t[1];

#define nr_cpu_ids          ((unsigned int)NR_CPUS)
#define nr_cpumask_bits     nr_cpu_ids
#define num_online_cpus()   nr_cpu_ids
#define num_possible_cpus() nr_cpu_ids
#define num_present_cpus()  nr_cpu_ids
#define cpu_online(cpu)     ((unsigned int)(cpu) < nr_cpu_ids)
#define cpu_possible(cpu)   cpu_online(cpu)
#define cpu_present(cpu)    cpu_online(cpu)
#define cpu_active(cpu)     cpu_online(cpu)

/** Every CPU. */
extern const struct cpumask dmk_cpus;
#define cpu_all_mask      (&dmk_cpus)
#define cpu_possible_mask (&dmk_cpus)
#define cpu_present_mask  (&dmk_cpus)
#define cpu_online_mask   (&dmk_cpus)
#define cpu_active_mask   (&dmk_cpus)

#define cpumask_bits(mask) ((mask)->bits)

static inline bool alloc_cpumask_var(cpumask_var_t *mask, gfp_t gfp)
{
	return true;
}

static inline bool zalloc_cpumask_var(cpumask_var_t *mask, gfp_t gfp)
{
	bitmap_zero((*mask)->bits, NR_CPUS);
	return true;
}

static inline void free_cpumask_var(cpumask_var_t mask)
{
}

static inline void cpumask_set_cpu(unsigned int cpu, struct cpumask *mask)
{
	set_bit(cpu, mask->bits);
}

static inline void cpumask_clear_cpu(unsigned int cpu, struct cpumask *mask)
{
	clear_bit(cpu, mask->bits);
}

static inline bool cpumask_test_cpu(unsigned int cpu, const struct cpumask *mask)
{
	return test_bit(cpu, mask->bits);
}

static inline bool cpumask_test_and_set_cpu(unsigned int cpu, struct cpumask *mask)
{
	return test_and_set_bit(cpu, mask->bits);
}

static inline bool cpumask_test_and_clear_cpu(unsigned int cpu, struct cpumask *mask)
{
	return test_and_clear_bit(cpu, mask->bits);
}

static inline void cpumask_clear(struct cpumask *mask)
{
	bitmap_zero(mask->bits, NR_CPUS);
}

static inline void cpumask_copy(struct cpumask *to, const struct cpumask *from)
{
	*to = *from;
}

static inline void cpumask_setall(struct cpumask *mask)
{
	cpumask_copy(mask, cpu_all_mask);
}

static inline bool cpumask_and(struct cpumask *to, const struct cpumask *a, const struct cpumask *b)
{
	return bitmap_and(to->bits, a->bits, b->bits, NR_CPUS);
}

static inline void cpumask_or(struct cpumask *to, const struct cpumask *a, const struct cpumask *b)
{
	bitmap_or(to->bits, a->bits, b->bits, NR_CPUS);
}

static inline bool cpumask_equal(const struct cpumask *a, const struct cpumask *b)
{
	return bitmap_equal(a->bits, b->bits, NR_CPUS);
}

static inline bool cpumask_intersects(const struct cpumask *a, const struct cpumask *b)
{
	return bitmap_intersects(a->bits, b->bits, NR_CPUS);
}

static inline bool cpumask_empty(const struct cpumask *mask)
{
	return bitmap_empty(mask->bits, NR_CPUS);
}

static inline bool cpumask_full(const struct cpumask *mask)
{
	return bitmap_full(mask->bits, NR_CPUS);
}

static inline unsigned int cpumask_weight(const struct cpumask *mask)
{
	return bitmap_weight(mask->bits, NR_CPUS);
}

/** Return: the first that is in the set, or nr_cpu_ids: none. */
static inline unsigned int cpumask_first(const struct cpumask *mask)
{
	return find_first_bit(mask->bits, NR_CPUS);
}

/** cpumask_next - after @cpu, which is -1 to begin with */
static inline unsigned int cpumask_next(int cpu, const struct cpumask *mask)
{
	return find_next_bit(mask->bits, NR_CPUS, (unsigned int)(cpu + 1));
}

static inline unsigned int cpumask_last(const struct cpumask *mask)
{
	return find_last_bit(mask->bits, NR_CPUS);
}

#define cpumask_any(mask) cpumask_first(mask)

#define for_each_cpu(cpu, mask)                                             \
	for ((cpu) = cpumask_first(mask); (unsigned int)(cpu) < nr_cpu_ids; \
	     (cpu) = cpumask_next((int)(cpu), (mask)))
#define for_each_possible_cpu(cpu) for_each_cpu(cpu, cpu_possible_mask)
#define for_each_present_cpu(cpu)  for_each_cpu(cpu, cpu_present_mask)
#define for_each_online_cpu(cpu)   for_each_cpu(cpu, cpu_online_mask)

/** cpumask_of - the set of that CPU alone */
const struct cpumask *cpumask_of(unsigned int cpu) DMK_SYM(cpumask_of);

#endif
