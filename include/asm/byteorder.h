/* SPDX-License-Identifier: MIT */
/*
 * Byte order of this machine, conversions from and to the fixed ones.
 */
#ifndef _ASM_BYTEORDER_H
#define _ASM_BYTEORDER_H

#include <linux/types.h>

#define __swab16(x) __builtin_bswap16((__u16)(x))
#define __swab32(x) __builtin_bswap32((__u32)(x))
#define __swab64(x) __builtin_bswap64((__u64)(x))
#define swab16(x) __swab16(x)
#define swab32(x) __swab32(x)
#define swab64(x) __swab64(x)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#ifndef __LITTLE_ENDIAN
#define __LITTLE_ENDIAN 1234
#endif
#define __LITTLE_ENDIAN_BITFIELD
#define dmk_le16(x) ((__u16)(x))
#define dmk_le32(x) ((__u32)(x))
#define dmk_le64(x) ((__u64)(x))
#define dmk_be16(x) __swab16(x)
#define dmk_be32(x) __swab32(x)
#define dmk_be64(x) __swab64(x)
#else
#ifndef __BIG_ENDIAN
#define __BIG_ENDIAN 4321
#endif
#define __BIG_ENDIAN_BITFIELD
#define dmk_le16(x) __swab16(x)
#define dmk_le32(x) __swab32(x)
#define dmk_le64(x) __swab64(x)
#define dmk_be16(x) ((__u16)(x))
#define dmk_be32(x) ((__u32)(x))
#define dmk_be64(x) ((__u64)(x))
#endif

#define __cpu_to_le16(x) dmk_le16(x)
#define __cpu_to_le32(x) dmk_le32(x)
#define __cpu_to_le64(x) dmk_le64(x)
#define __le16_to_cpu(x) dmk_le16(x)
#define __le32_to_cpu(x) dmk_le32(x)
#define __le64_to_cpu(x) dmk_le64(x)
#define __cpu_to_be16(x) dmk_be16(x)
#define __cpu_to_be32(x) dmk_be32(x)
#define __cpu_to_be64(x) dmk_be64(x)
#define __be16_to_cpu(x) dmk_be16(x)
#define __be32_to_cpu(x) dmk_be32(x)
#define __be64_to_cpu(x) dmk_be64(x)
#define cpu_to_le16 __cpu_to_le16
#define cpu_to_le32 __cpu_to_le32
#define cpu_to_le64 __cpu_to_le64
#define le16_to_cpu __le16_to_cpu
#define le32_to_cpu __le32_to_cpu
#define le64_to_cpu __le64_to_cpu
#define cpu_to_be16 __cpu_to_be16
#define cpu_to_be32 __cpu_to_be32
#define cpu_to_be64 __cpu_to_be64
#define be16_to_cpu __be16_to_cpu
#define be32_to_cpu __be32_to_cpu
#define be64_to_cpu __be64_to_cpu

static inline __u16 le16_to_cpup(const __le16 *p)
{
	return dmk_le16(*p);
}

static inline __u32 le32_to_cpup(const __le32 *p)
{
	return dmk_le32(*p);
}

static inline __u64 le64_to_cpup(const __le64 *p)
{
	return dmk_le64(*p);
}

static inline __u16 be16_to_cpup(const __be16 *p)
{
	return dmk_be16(*p);
}

static inline __u32 be32_to_cpup(const __be32 *p)
{
	return dmk_be32(*p);
}

static inline __u64 be64_to_cpup(const __be64 *p)
{
	return dmk_be64(*p);
}

static inline void le16_add_cpu(__le16 *variable, u16 value)
{
	*variable = dmk_le16(dmk_le16(*variable) + value);
}

static inline void le32_add_cpu(__le32 *variable, u32 value)
{
	*variable = dmk_le32(dmk_le32(*variable) + value);
}

static inline void le64_add_cpu(__le64 *variable, u64 value)
{
	*variable = dmk_le64(dmk_le64(*variable) + value);
}

static inline void cpu_to_le32_array(u32 *words, unsigned int n)
{
	while (n--) {
		*words = dmk_le32(*words);
		words++;
	}
}

#define le32_to_cpu_array(words, n) cpu_to_le32_array((u32 *)(words), (n))
#define cpu_to_le16s(p) ((void)(*(p) = dmk_le16(*(p))))
#define cpu_to_le32s(p) ((void)(*(p) = dmk_le32(*(p))))
#define cpu_to_le64s(p) ((void)(*(p) = dmk_le64(*(p))))
#define le16_to_cpus(p) cpu_to_le16s(p)
#define le32_to_cpus(p) cpu_to_le32s(p)
#define le64_to_cpus(p) cpu_to_le64s(p)

#endif
