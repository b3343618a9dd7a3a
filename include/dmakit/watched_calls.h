/* SPDX-License-Identifier: MIT */
/*
 * For <dmakit/watched.h> and <dmakit/watched_asan.h>, which include it and undefine what it
 * defines: the calls that read or write memory on a driver's behalf, each with the name by which
 * watched code calls it.
 */
#define DMK_WATCH_NAME(name, to) name " = dmk_watch_" to "\n\t"
#define DMK_WATCH_CALL(name) DMK_WATCH_NAME(name, name)
#define DMK_WATCH_KERNEL(name) DMK_WATCH_NAME("dmk_" name, name)

#define DMK_WATCH_CALLS \
	DMK_WATCH_CALL("memcpy") \
	DMK_WATCH_CALL("memmove") \
	DMK_WATCH_CALL("memset") \
	DMK_WATCH_CALL("memcmp") \
	DMK_WATCH_CALL("memchr") \
	DMK_WATCH_CALL("strlen") \
	DMK_WATCH_CALL("strnlen") \
	DMK_WATCH_CALL("strcmp") \
	DMK_WATCH_CALL("strncmp") \
	DMK_WATCH_CALL("strcpy") \
	DMK_WATCH_CALL("strncpy") \
	DMK_WATCH_KERNEL("strscpy") \
	DMK_WATCH_KERNEL("strscpy_pad") \
	DMK_WATCH_KERNEL("memchr_inv") \
	DMK_WATCH_KERNEL("memzero_explicit") \
	DMK_WATCH_KERNEL("memset16") \
	DMK_WATCH_KERNEL("memset32") \
	DMK_WATCH_KERNEL("memset64") \
	DMK_WATCH_KERNEL("memcpy_fromio") \
	DMK_WATCH_KERNEL("memcpy_toio") \
	DMK_WATCH_KERNEL("copy_from_user") \
	DMK_WATCH_KERNEL("copy_to_user") \
	DMK_WATCH_KERNEL("simple_read_from_buffer") \
	DMK_WATCH_KERNEL("simple_write_to_buffer") \
	DMK_WATCH_KERNEL("print_hex_dump") \
	DMK_WATCH_KERNEL("sg_copy_buffer")
