/* SPDX-License-Identifier: MIT */
/*
 * Fields of a register, by their mask.
 */
#ifndef _LINUX_BITFIELD_H
#define _LINUX_BITFIELD_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

#define __bf_shf(mask) (__builtin_ffsll(mask) - 1)
#define FIELD_MAX(mask) ((__typeof__(mask))((mask) >> __bf_shf(mask)))
#define FIELD_FIT(mask, value) (!((((__typeof__(mask))(value)) << __bf_shf(mask)) & ~(mask)))
#define FIELD_PREP(mask, value) (((__typeof__(mask))(value) << __bf_shf(mask)) & (mask))
#define FIELD_PREP_CONST(mask, value) FIELD_PREP(mask, value)
#define FIELD_GET(mask, reg) ((__typeof__(mask))(((reg) & (mask)) >> __bf_shf(mask)))
#define FIELD_MODIFY(mask, reg, value) (*(reg) = (*(reg) & ~(mask)) | FIELD_PREP(mask, value))

#define dmk_field_functions(width)                                                              \
	static inline u##width u##width##_get_bits(u##width v, u##width field)                     \
	{                                                                                          \
		return (v & field) >> __bf_shf(field);                                             \
	}                                                                                          \
	static inline u##width u##width##_encode_bits(u##width v, u##width field)                  \
	{                                                                                          \
		return (u##width)(v << __bf_shf(field)) & field;                                   \
	}                                                                                          \
	static inline u##width u##width##_replace_bits(u##width old, u##width v, u##width field)   \
	{                                                                                          \
		return (old & ~field) | u##width##_encode_bits(v, field);                          \
	}                                                                                          \
	static inline void u##width##p_replace_bits(u##width *p, u##width v, u##width field)       \
	{                                                                                          \
		*p = u##width##_replace_bits(*p, v, field);                                        \
	}
dmk_field_functions(8)
dmk_field_functions(16)
dmk_field_functions(32)
dmk_field_functions(64)

#endif
