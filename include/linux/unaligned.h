/* SPDX-License-Identifier: MIT */
/*
 * Words at any address.
 */
#ifndef _LINUX_UNALIGNED_H
#define _LINUX_UNALIGNED_H

#include <asm/byteorder.h>
#include <linux/types.h>

#define get_unaligned(pointer)                                                                     \
	({                                                                                         \
		const struct {                                                                     \
			__typeof__(*(pointer)) value;                                              \
		} __attribute__((packed)) *dmk_at = (const void *)(pointer);                       \
		dmk_at->value;                                                                     \
	})
#define put_unaligned(v, pointer)                                                                  \
	do {                                                                                       \
		struct {                                                                           \
			__typeof__(*(pointer)) value;                                              \
		} __attribute__((packed)) *dmk_at = (void *)(pointer);                             \
		dmk_at->value = (v);                                                               \
	} while (0)

static inline u16 get_unaligned_le16(const void *p)
{
	return dmk_le16(get_unaligned((const u16 *)p));
}

static inline u32 get_unaligned_le32(const void *p)
{
	return dmk_le32(get_unaligned((const u32 *)p));
}

static inline u64 get_unaligned_le64(const void *p)
{
	return dmk_le64(get_unaligned((const u64 *)p));
}

static inline u16 get_unaligned_be16(const void *p)
{
	return dmk_be16(get_unaligned((const u16 *)p));
}

static inline u32 get_unaligned_be32(const void *p)
{
	return dmk_be32(get_unaligned((const u32 *)p));
}

static inline u64 get_unaligned_be64(const void *p)
{
	return dmk_be64(get_unaligned((const u64 *)p));
}

static inline void put_unaligned_le16(u16 value, void *p)
{
	put_unaligned(dmk_le16(value), (u16 *)p);
}

static inline void put_unaligned_le32(u32 value, void *p)
{
	put_unaligned(dmk_le32(value), (u32 *)p);
}

static inline void put_unaligned_le64(u64 value, void *p)
{
	put_unaligned(dmk_le64(value), (u64 *)p);
}

static inline void put_unaligned_be16(u16 value, void *p)
{
	put_unaligned(dmk_be16(value), (u16 *)p);
}

static inline void put_unaligned_be32(u32 value, void *p)
{
	put_unaligned(dmk_be32(value), (u32 *)p);
}

static inline void put_unaligned_be64(u64 value, void *p)
{
	put_unaligned(dmk_be64(value), (u64 *)p);
}

#endif
