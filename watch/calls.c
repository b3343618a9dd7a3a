/* SPDX-License-Identifier: MIT */
/*
 * Calls that read and write memory for the driver: C's, and those of the kernel part whose work
 * Linux does on the same buffer. Each says what it will touch, byte by byte as far as it goes, and
 * then does it.
 */
#include "fences.h"

#include <string.h>

#include <linux/fs.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/scatterlist.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/* Only watched code calls them, by other names. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

static void touch(const void *at, size_t size, bool write, const struct dmk_watch_place *place)
{
	if (dmk_watch_is_near_any((uintptr_t)at, size))
		dmk_watch_access((uintptr_t)at, size, write, place);
	if (dmk_watch_look)
		dmk_watch_look((uintptr_t)at, size, write, place);
}

/*
 * Where a byte is, at most @size from @at. Not by memchr(): AddressSanitizer's looks whether it
 * may, and here it is not known yet how far the driver's call goes.
 */
static const char *find(const char *at, char value, size_t size)
{
	for (; size; at++, size--)
		if (*at == value)
			return at;
	return NULL;
}

static size_t length_within(const char *string, size_t size)
{
	const char *end = find(string, 0, size);

	return end ? (size_t)(end - string) : size;
}

#define READS(at, size, name)  touch(at, size, false, DMK_WATCH_HERE(name))
#define WRITES(at, size, name) touch(at, size, true, DMK_WATCH_HERE(name))

/* --- bytes ------------------------------------------------------------------------------------ */

void *dmk_watch_memcpy(void *to, const void *from, size_t size)
{
	READS(from, size, "memcpy");
	WRITES(to, size, "memcpy");
	return memcpy(to, from, size);
}

void *dmk_watch_memmove(void *to, const void *from, size_t size)
{
	READS(from, size, "memmove");
	WRITES(to, size, "memmove");
	return memmove(to, from, size);
}

void *dmk_watch_memset(void *at, int value, size_t size)
{
	WRITES(at, size, "memset");
	return memset(at, value, size);
}

int dmk_watch_memcmp(const void *a, const void *b, size_t size)
{
	READS(a, size, "memcmp");
	READS(b, size, "memcmp");
	return memcmp(a, b, size);
}

void *dmk_watch_memchr(const void *at, int value, size_t size)
{
	const char *found = find(at, (char)value, size);

	READS(at, found ? (size_t)(found - (const char *)at) + 1 : size, "memchr");
	return (void *)found;
}

void *dmk_watch_memchr_inv(const void *at, int value, size_t size)
{
	const char *found = memchr_inv(at, value, size);

	READS(at, found ? (size_t)(found - (const char *)at) + 1 : size, "memchr_inv");
	return (void *)found;
}

void dmk_watch_memzero_explicit(void *at, size_t size)
{
	WRITES(at, size, "memzero_explicit");
	memzero_explicit(at, size);
}

void *dmk_watch_memset16(u16 *at, u16 value, size_t n)
{
	WRITES(at, n * sizeof(*at), "memset16");
	return memset16(at, value, n);
}

void *dmk_watch_memset32(u32 *at, u32 value, size_t n)
{
	WRITES(at, n * sizeof(*at), "memset32");
	return memset32(at, value, n);
}

void *dmk_watch_memset64(u64 *at, u64 value, size_t n)
{
	WRITES(at, n * sizeof(*at), "memset64");
	return memset64(at, value, n);
}

/* --- strings: as far as they are looked at ---------------------------------------------------- */

size_t dmk_watch_strlen(const char *string)
{
	const size_t length = strlen(string);

	READS(string, length + 1, "strlen");
	return length;
}

size_t dmk_watch_strnlen(const char *string, size_t size)
{
	const size_t length = length_within(string, size);

	READS(string, min(length + 1, size), "strnlen");
	return length;
}

/* How many bytes of each are compared. */
static size_t compared(const char *a, const char *b, size_t most)
{
	size_t n = 0;

	while (n < most && a[n] == b[n] && a[n])
		n++;
	return n < most ? n + 1 : most;
}

int dmk_watch_strcmp(const char *a, const char *b)
{
	const size_t n = compared(a, b, SIZE_MAX);

	READS(a, n, "strcmp");
	READS(b, n, "strcmp");
	return strcmp(a, b);
}

int dmk_watch_strncmp(const char *a, const char *b, size_t size)
{
	const size_t n = compared(a, b, size);

	READS(a, n, "strncmp");
	READS(b, n, "strncmp");
	return strncmp(a, b, size);
}

char *dmk_watch_strcpy(char *to, const char *from)
{
	const size_t size = strlen(from) + 1;

	READS(from, size, "strcpy");
	WRITES(to, size, "strcpy");
	return memcpy(to, from, size);
}

char *dmk_watch_strncpy(char *to, const char *from, size_t size)
{
	READS(from, min(length_within(from, size) + 1, size), "strncpy");
	WRITES(to, size, "strncpy");
	return strncpy(to, from, size);
}

ssize_t dmk_watch_strscpy(char *to, const char *from, size_t size)
{
	const size_t n = min(length_within(from, size) + 1, size);

	READS(from, n, "strscpy");
	WRITES(to, n, "strscpy");
	return dmk_strscpy(to, from, size);
}

ssize_t dmk_watch_strscpy_pad(char *to, const char *from, size_t size)
{
	READS(from, min(length_within(from, size) + 1, size), "strscpy_pad");
	WRITES(to, size, "strscpy_pad");
	return dmk_strscpy_pad(to, from, size);
}

/* --- the kernel part's, on the driver's behalf ------------------------------------------------ */

void dmk_watch_memcpy_fromio(void *to, const volatile void __iomem *from, size_t size)
{
	WRITES(to, size, "memcpy_fromio");
	memcpy_fromio(to, from, size);
}

void dmk_watch_memcpy_toio(volatile void __iomem *to, const void *from, size_t size)
{
	READS(from, size, "memcpy_toio");
	dmk_watch_register_begin(DMK_WATCH_HERE("memcpy_toio"));
	memcpy_toio(to, from, size);
	dmk_watch_register_end();
}

unsigned long dmk_watch_copy_from_user(void *to, const void __user *from, unsigned long size)
{
	WRITES(to, size, "copy_from_user");
	return copy_from_user(to, from, size);
}

unsigned long dmk_watch_copy_to_user(void __user *to, const void *from, unsigned long size)
{
	READS(from, size, "copy_to_user");
	return copy_to_user(to, from, size);
}

/* What a file call touches of a buffer of @available bytes, from @position on. */
static size_t file_part(loff_t position, size_t count, size_t available)
{
	if (position < 0 || (size_t)position >= available)
		return 0;
	return min(count, available - (size_t)position);
}

ssize_t dmk_watch_simple_read_from_buffer(void __user *to, size_t count, loff_t *position,
					  const void *from, size_t available)
{
	READS((const char *)from + *position, file_part(*position, count, available),
	      "simple_read_from_buffer");
	return simple_read_from_buffer(to, count, position, from, available);
}

ssize_t dmk_watch_simple_write_to_buffer(void *to, size_t available, loff_t *position,
					 const void __user *from, size_t count)
{
	WRITES((char *)to + *position, file_part(*position, count, available),
	       "simple_write_to_buffer");
	return simple_write_to_buffer(to, available, position, from, count);
}

void dmk_watch_print_hex_dump(const char *level, const char *prefix, int prefix_type, int row_size,
			      int group_size, const void *bytes, size_t size, bool ascii)
{
	READS(bytes, size, "print_hex_dump");
	print_hex_dump(level, prefix, prefix_type, row_size, group_size, bytes, size, ascii);
}

size_t dmk_watch_sg_copy_buffer(struct scatterlist *sgl, unsigned int nents, void *buffer,
				size_t size, off_t skip, bool to_buffer)
{
	const struct dmk_watch_place *place = DMK_WATCH_HERE("sg_copy_buffer");
	size_t done = 0, at = skip;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sg(sgl, sg, nents, i) {
		size_t n;

		if (at >= sg->length) {
			at -= sg->length;
			continue;
		}
		n = min(sg->length - at, size - done);
		dmk_watch_phys(sg_phys(sg) + at, n, !to_buffer, place);
		done += n;
		at = 0;
	}
	touch(buffer, done, to_buffer, place);
	return sg_copy_buffer(sgl, nents, buffer, size, skip, to_buffer);
}
