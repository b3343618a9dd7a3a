/* SPDX-License-Identifier: MIT */
/*
 * Formatted output with the kernel's own conversions, which libc's does not have: %pe, %pad, %pR and others. Numbers and
 * strings are laid out by libc's snprintf(), one conversion at a time; what stands here is which argument to take and what
 * the letters after %p mean.
 *
 * Linux's documentation, "How to get printk format specifiers right". A plain %p prints the address: nothing here is secret.
 */
#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <linux/device.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/of.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/sprintf.h>

/* Here libc's own is meant. */
#undef snprintf
#undef vsnprintf
#undef sprintf
#undef vsprintf

struct output {
	char *to;
	size_t size, length; /* length: what it would be with room enough */
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->size)
		out->to[out->length] = c;
	out->length++;
}

static void put_text(struct output *out, const char *text, int width, int precision, bool left)
{
	size_t length = precision >= 0 ? strnlen(text, precision) : strlen(text);
	size_t padding = width > 0 && (size_t)width > length ? width - length : 0;

	for (size_t i = 0; !left && i < padding; i++)
		put(out, ' ');
	for (size_t i = 0; i < length; i++)
		put(out, text[i]);
	for (size_t i = 0; left && i < padding; i++)
		put(out, ' ');
}

/* A conversion as it was written: flags, width, precision, length modifier, letter. */
struct conversion {
	char flags[8];
	int width, precision; /* -1: not given */
	bool left;
	enum { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG, LENGTH_LONG_LONG, LENGTH_SIZE } length;
};

static int read_number(const char **format)
{
	int value = 0;

	while (isdigit((unsigned char)**format)) {
		if (value < 100000)
			value = value * 10 + (**format - '0');
		(*format)++;
	}
	return value;
}

static void read_flags(struct conversion *c, const char **format)
{
	size_t n = 0;

	while (**format && strchr("-+ #0", **format)) {
		if (n < sizeof(c->flags) - 1)
			c->flags[n++] = **format;
		c->left |= **format == '-';
		(*format)++;
	}
	c->flags[n] = '\0';
}

static void read_length(struct conversion *c, const char **format)
{
	c->length = LENGTH_INT;
	switch (**format) {
	case 'h':
		c->length = (*format)[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT;
		*format += c->length == LENGTH_CHAR ? 2 : 1;
		break;
	case 'l':
		c->length = (*format)[1] == 'l' ? LENGTH_LONG_LONG : LENGTH_LONG;
		*format += c->length == LENGTH_LONG_LONG ? 2 : 1;
		break;
	case 'L':
	case 'q':
		c->length = LENGTH_LONG_LONG;
		(*format)++;
		break;
	case 'z':
	case 'Z':
	case 't':
		c->length = LENGTH_SIZE;
		(*format)++;
		break;
	}
}

static void put_number(struct output *out, const struct conversion *c, char letter, unsigned long long value)
{
	char spec[32], text[160];
	int width = c->width > 150 ? 150 : c->width;
	int precision = c->precision > 150 ? 150 : c->precision;

	if (precision >= 0)
		snprintf(spec, sizeof(spec), "%%%s*.*ll%c", c->flags, letter);
	else
		snprintf(spec, sizeof(spec), "%%%s*ll%c", c->flags, letter);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	if (precision >= 0)
		snprintf(text, sizeof(text), spec, width < 0 ? 0 : width, precision, value);
	else
		snprintf(text, sizeof(text), spec, width < 0 ? 0 : width, value);
#pragma GCC diagnostic pop
	put_text(out, text, 0, -1, false);
}

static long long take_signed(const struct conversion *c, va_list *arguments)
{
	switch (c->length) {
	case LENGTH_CHAR:
		return (signed char)va_arg(*arguments, int);
	case LENGTH_SHORT:
		return (short)va_arg(*arguments, int);
	case LENGTH_LONG:
		return va_arg(*arguments, long);
	case LENGTH_LONG_LONG:
		return va_arg(*arguments, long long);
	case LENGTH_SIZE:
		return va_arg(*arguments, ssize_t);
	default:
		return va_arg(*arguments, int);
	}
}

static unsigned long long take_unsigned(const struct conversion *c, va_list *arguments)
{
	switch (c->length) {
	case LENGTH_CHAR:
		return (unsigned char)va_arg(*arguments, unsigned int);
	case LENGTH_SHORT:
		return (unsigned short)va_arg(*arguments, unsigned int);
	case LENGTH_LONG:
		return va_arg(*arguments, unsigned long);
	case LENGTH_LONG_LONG:
		return va_arg(*arguments, unsigned long long);
	case LENGTH_SIZE:
		return va_arg(*arguments, size_t);
	default:
		return va_arg(*arguments, unsigned int);
	}
}

/* --- %p and what follows it --------------------------------------------------------------------------------------- */

static bool bad_pointer(const void *pointer)
{
	return (uintptr_t)pointer < DMK_PAGE_SIZE || IS_ERR(pointer);
}

static void put_hex(struct output *out, unsigned long long value, int digits)
{
	char text[24];

	snprintf(text, sizeof(text), "%0*llx", digits, value);
	put_text(out, text, 0, -1, false);
}

static void put_error(struct output *out, const struct conversion *c, const void *pointer)
{
	char text[40];

	if (!IS_ERR(pointer)) {
		put_hex(out, (uintptr_t)pointer, 16);
		return;
	}
	/* strerrorname_np() knows libc's; the kernel's own above 511 are numbers. */
	if (strerrorname_np(-PTR_ERR(pointer)))
		snprintf(text, sizeof(text), "-%s", strerrorname_np(-PTR_ERR(pointer)));
	else
		snprintf(text, sizeof(text), "%ld", PTR_ERR(pointer));
	put_text(out, text, c->width, -1, c->left);
}

static void put_symbol(struct output *out, const void *pointer, bool offset)
{
	char text[200];
	Dl_info info;

	if (!dladdr(pointer, &info) || !info.dli_sname) {
		put_text(out, "0x", 0, -1, false);
		put_hex(out, (uintptr_t)pointer, 0);
		return;
	}
	if (offset)
		snprintf(text, sizeof(text), "%s+0x%lx", info.dli_sname,
			 (unsigned long)((const char *)pointer - (const char *)info.dli_saddr));
	else
		snprintf(text, sizeof(text), "%s", info.dli_sname);
	put_text(out, text, 0, -1, false);
}

static void put_resource(struct output *out, const struct resource *resource)
{
	char text[128];
	const char *kind = resource->flags & IORESOURCE_IO ? "io " : resource->flags & IORESOURCE_MEM ? "mem" : "???";

	snprintf(text, sizeof(text), "[%s 0x%08llx-0x%08llx]", kind, (unsigned long long)resource->start,
		 (unsigned long long)resource->end);
	put_text(out, text, 0, -1, false);
}

static void put_bytes(struct output *out, const struct conversion *c, const uint8_t *bytes, char separator)
{
	int n = c->width < 1 ? 1 : c->width > 64 ? 64 : c->width;

	for (int i = 0; i < n; i++) {
		if (i && separator)
			put(out, separator);
		put_hex(out, bytes[i], 2);
	}
}

static void put_uuid(struct output *out, const uint8_t *uuid, bool little)
{
	static const uint8_t big[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	static const uint8_t guid[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

	for (unsigned int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			put(out, '-');
		put_hex(out, uuid[little ? guid[i] : big[i]], 2);
	}
}

static void put_va_format(struct output *out, const struct va_format *inner)
{
	size_t room = out->length < out->size ? out->size - out->length : 0;
	va_list copy;

	va_copy(copy, *inner->va);
	out->length += dmk_vsnprintf(room ? out->to + out->length : NULL, room, inner->fmt, copy);
	va_end(copy);
}

static void put_mac(struct output *out, const uint8_t *mac, char letter)
{
	for (unsigned int i = 0; i < 6; i++) {
		if (i && letter == 'M')
			put(out, ':');
		put_hex(out, mac[i], 2);
	}
}

static void put_ip4(struct output *out, const uint8_t *ip)
{
	char text[16];

	snprintf(text, sizeof(text), "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
	put_text(out, text, 0, -1, false);
}

/* Letters that belong to the conversion and were used up; 0: a plain pointer, whatever follows is text. */
static unsigned int put_pointer(struct output *out, struct conversion *c, const char *letters, const void *pointer)
{
	if (letters[0] == 'e') {
		put_error(out, c, pointer);
		return 1;
	}
	if (letters[0] == 'x' || letters[0] == 'K') {
		put_hex(out, (uintptr_t)pointer, 16);
		return 1;
	}
	if (strchr("sSfFB", letters[0]) && letters[0]) {
		put_symbol(out, pointer, letters[0] == 'S' || letters[0] == 'B');
		return letters[1] == 'R' || letters[1] == 'b' ? 2 : 1;
	}
	if (!letters[0] || !strchr("aRrhUVMmIO", letters[0])) {
		put_hex(out, (uintptr_t)pointer, 16);
		return 0;
	}
	if (bad_pointer(pointer)) {
		put_text(out, pointer ? "(efault)" : "(null)", c->width, -1, c->left);
		return isalpha((unsigned char)letters[1]) || isdigit((unsigned char)letters[1]) ? 2 : 1;
	}
	switch (letters[0]) {
	case 'a':
		put_text(out, "0x", 0, -1, false);
		put_hex(out, *(const phys_addr_t *)pointer, 16);
		return letters[1] == 'd' || letters[1] == 'p' ? 2 : 1;
	case 'R':
	case 'r':
		put_resource(out, pointer);
		return 1;
	case 'h':
		put_bytes(out, c, pointer, letters[1] == 'C' ? ':' : letters[1] == 'D' ? '-' : letters[1] == 'N' ? 0 : ' ');
		return letters[1] && strchr("CDN", letters[1]) ? 2 : 1;
	case 'U':
		put_uuid(out, pointer, letters[1] == 'l' || letters[1] == 'L');
		return letters[1] && strchr("lLbB", letters[1]) ? 2 : 1;
	case 'V':
		put_va_format(out, pointer);
		return 1;
	case 'M':
	case 'm':
		put_mac(out, pointer, letters[0]);
		return letters[1] == 'F' || letters[1] == 'R' ? 2 : 1;
	case 'I':
		if (letters[1] == '4') {
			put_ip4(out, pointer);
			return 2;
		}
		put_hex(out, (uintptr_t)pointer, 16);
		return letters[1] == '6' ? 2 : 1;
	default: /* O: a devicetree node */
		put_text(out, ((const struct device_node *)pointer)->full_name, c->width, -1, c->left);
		return letters[1] == 'F' ? 2 : 1;
	}
}

/* --- the conversions ---------------------------------------------------------------------------------------------- */

static void put_character(struct output *out, const struct conversion *c, char value)
{
	for (int i = 1; !c->left && i < c->width; i++)
		put(out, ' ');
	put(out, value);
	for (int i = 1; c->left && i < c->width; i++)
		put(out, ' ');
}

/* One conversion; @format stands behind the per cent sign. Returns where the text goes on. */
static const char *convert(struct output *out, const char *format, va_list *arguments)
{
	struct conversion c = { .width = -1, .precision = -1 };
	const char *text;

	read_flags(&c, &format);
	if (*format == '*') {
		c.width = va_arg(*arguments, int);
		if (c.width < 0) {
			c.left = true;
			c.width = -c.width;
		}
		format++;
	} else if (isdigit((unsigned char)*format)) {
		c.width = read_number(&format);
	}
	if (*format == '.') {
		format++;
		if (*format == '*') {
			c.precision = va_arg(*arguments, int);
			format++;
		} else {
			c.precision = read_number(&format);
		}
	}
	read_length(&c, &format);

	switch (*format) {
	case 'd':
	case 'i':
		put_number(out, &c, 'd', take_signed(&c, arguments));
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_number(out, &c, *format, take_unsigned(&c, arguments));
		break;
	case 'c':
		put_character(out, &c, va_arg(*arguments, int));
		break;
	case 's':
		text = va_arg(*arguments, const char *);
		put_text(out, !text ? "(null)" : bad_pointer(text) ? "(efault)" : text, c.width, c.precision, c.left);
		break;
	case 'p':
		format += put_pointer(out, &c, format + 1, va_arg(*arguments, void *));
		break;
	case '%':
		put(out, '%');
		break;
	case '\0':
		return format;
	default:
		/* Not a conversion of the kernel's: shown as it stands, its argument left alone. */
		put(out, '%');
		put(out, *format);
	}
	return format + 1;
}

int dmk_vsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
	struct output out = { .to = to, .size = size };
	va_list copy;

	va_copy(copy, arguments);
	while (*format) {
		if (*format != '%')
			put(&out, *format++);
		else
			format = convert(&out, format + 1, &copy);
	}
	va_end(copy);
	if (size)
		to[out.length < size ? out.length : size - 1] = '\0';
	return (int)out.length;
}

int dmk_snprintf(char *to, size_t size, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = dmk_vsnprintf(to, size, format, arguments);
	va_end(arguments);
	return length;
}

int dmk_vsprintf(char *to, const char *format, va_list arguments)
{
	return dmk_vsnprintf(to, INT_MAX, format, arguments);
}

int dmk_sprintf(char *to, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = dmk_vsprintf(to, format, arguments);
	va_end(arguments);
	return length;
}

int vscnprintf(char *to, size_t size, const char *format, va_list arguments)
{
	int length = dmk_vsnprintf(to, size, format, arguments);

	if (!size)
		return 0;
	return (size_t)length < size ? length : (int)size - 1;
}

int scnprintf(char *to, size_t size, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vscnprintf(to, size, format, arguments);
	va_end(arguments);
	return length;
}

char *kvasprintf(gfp_t gfp, const char *format, va_list arguments)
{
	int length = dmk_vsnprintf(NULL, 0, format, arguments);
	char *text = kmalloc((size_t)length + 1, gfp);

	if (text)
		dmk_vsnprintf(text, (size_t)length + 1, format, arguments);
	return text;
}

char *kasprintf(gfp_t gfp, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = kvasprintf(gfp, format, arguments);
	va_end(arguments);
	return text;
}
