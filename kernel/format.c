/* SPDX-License-Identifier: MIT */
/*
 * The kernel's printf. C's conversions, and after %p:
 *
 *	%pS %ps %pB %pF %pf	a function's name (and offset), of a code address
 *	%pa[p] %pad		a phys_addr_t (resource_size_t), a dma_addr_t, by reference
 *	%pe			an ERR_PTR's error by name
 *	%pV			a struct va_format
 *	%pM %pm %pMR %pMF	a MAC address, with : or without, reversed, with -
 *	%*ph %*phC %*phD %*phN	bytes, apart, with :, with -, together
 *	%pI4 %pi4 %pI6 %pi6 %pI6c	an IP address in network order
 *	%pU[bBlL]		a UUID
 *	%pR %pr			a struct resource
 *	%pK %px %p		the address; nothing is hidden
 *
 * Floating point is not among them, in the kernel as here.
 */
#include "internal.h"

#include <dlfcn.h>
#include <string.h>

#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>


struct output {
	char *at, *end; /* at may pass end: the length is counted on */
};

struct spec {
	bool left, plus, space, alternate, zero;
	int width;
	int precision; /* -1: none */
	int size;      /* bytes of the integer */
	char conversion;
};

static void put(struct output *out, char c)
{
	if (out->at < out->end)
		*out->at = c;
	out->at++;
}

static void pad(struct output *out, char c, int n)
{
	while (n-- > 0)
		put(out, c);
}

static void put_text(struct output *out, const struct spec *spec, const char *text, size_t length)
{
	int gap = spec->width - (int)length;

	if (!spec->left)
		pad(out, ' ', gap);
	while (length--)
		put(out, *text++);
	if (spec->left)
		pad(out, ' ', gap);
}

static void put_string(struct output *out, const struct spec *spec, const char *text)
{
	size_t limit = spec->precision < 0 ? SIZE_MAX : spec->precision, length = 0;

	if ((uintptr_t)text < PAGE_SIZE)
		text = text ? "(efault)" : "(null)";
	while (length < limit && text[length])
		length++;
	put_text(out, spec, text, length);
}

static void put_number(struct output *out, const struct spec *spec, u64 value, bool negative,
		       unsigned int base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[24], sign = negative ? '-' : spec->plus ? '+' : spec->space ? ' ' : 0;
	int n = 0, prefix, zeroes, gap;

	if (!value && spec->precision != 0)
		text[n++] = '0';
	for (; value; value /= base)
		text[n++] = digits[value % base];
	prefix = spec->alternate && base == 16 ? 2 : 0;
	zeroes = spec->precision > n ? spec->precision - n : 0;
	if (spec->alternate && base == 8 && !zeroes && (!n || text[n - 1] != '0'))
		zeroes = 1;
	gap = spec->width - n - zeroes - prefix - !!sign;
	if (spec->zero && !spec->left && spec->precision < 0 && gap > 0) {
		zeroes += gap;
		gap = 0;
	}
	if (!spec->left)
		pad(out, ' ', gap);
	if (sign)
		put(out, sign);
	if (prefix) {
		put(out, '0');
		put(out, upper ? 'X' : 'x');
	}
	pad(out, '0', zeroes);
	while (n--)
		put(out, text[n]);
	if (spec->left)
		pad(out, ' ', gap);
}

static void put_hex(struct output *out, u64 value, int digits)
{
	struct spec spec = {.alternate = true, .zero = true, .width = digits + 2, .precision = -1};

	put_number(out, &spec, value, false, 16, false);
}

/* --- what %p can be --------------------------------------------------------------------------- */

static void put_symbol(struct output *out, const struct spec *spec, const void *address,
		       bool offset)
{
	char text[160];
	Dl_info info;

	if (!dladdr(address, &info) || !info.dli_sname)
		snprintf(text, sizeof(text), "%p", address);
	else if (offset)
		snprintf(text, sizeof(text), "%s+%#lx", info.dli_sname,
			 (unsigned long)((const char *)address - (const char *)info.dli_saddr));
	else
		snprintf(text, sizeof(text), "%s", info.dli_sname);
	put_text(out, spec, text, strlen(text));
}

static void put_error(struct output *out, const struct spec *spec, const void *pointer)
{
	long error = -(long)pointer;
	char text[32];
	const char *name = IS_ERR(pointer) ? strerrorname_np(error) : NULL;

	if (name)
		snprintf(text, sizeof(text), "-%s", name);
	else if (IS_ERR(pointer))
		snprintf(text, sizeof(text), "%ld", -error);
	else
		snprintf(text, sizeof(text), "%p", pointer);
	put_text(out, spec, text, strlen(text));
}

/* @order: how many bytes on, +1 or -1 */
static void put_bytes(struct output *out, const unsigned char *bytes, int n, int order,
		      char separator)
{
	static const char digits[] = "0123456789abcdef";
	int i;

	for (i = 0; i < n; i++, bytes += order) {
		if (i && separator)
			put(out, separator);
		put(out, digits[*bytes >> 4]);
		put(out, digits[*bytes & 15]);
	}
}

static int put_mac(struct output *out, const unsigned char *bytes, const char *format)
{
	bool reverse = format[1] == 'R', dashes = format[1] == 'F';
	char separator = format[0] == 'm' ? 0 : dashes ? '-' : ':';

	put_bytes(out, reverse ? bytes + 5 : bytes, 6, reverse ? -1 : 1, separator);
	return reverse || dashes ? 2 : 1;
}

static int put_dump(struct output *out, const struct spec *spec, const unsigned char *bytes,
		    const char *format)
{
	char separator = format[1] == 'C'   ? ':'
			 : format[1] == 'D' ? '-'
			 : format[1] == 'N' ? 0
					    : ' ';

	put_bytes(out, bytes, clamp(spec->width, 1, 64), 1, separator);
	return separator == ' ' ? 1 : 2;
}

static int put_ip(struct output *out, const unsigned char *bytes, const char *format)
{
	char text[48];
	int i;

	if (format[1] == '4') {
		snprintf(text, sizeof(text),
			 format[0] == 'i' ? "%03u.%03u.%03u.%03u" : "%u.%u.%u.%u", bytes[0],
			 bytes[1], bytes[2], bytes[3]);
		for (i = 0; text[i]; i++)
			put(out, text[i]);
		return 2;
	}
	if (format[1] != '6')
		return 1;
	for (i = 0; i < 16; i += 2) {
		if (i && format[0] == 'I')
			put(out, ':');
		put_bytes(out, bytes + i, 2, 1, 0);
	}
	return format[2] == 'c' ? 3 : 2;
}

static int put_uuid(struct output *out, const unsigned char *bytes, const char *format)
{
	static const unsigned char big[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	static const unsigned char little[16] = {3, 2, 1,  0,  5,  4,  7,  6,
						 8, 9, 10, 11, 12, 13, 14, 15};
	char kind = format[1];
	const unsigned char *order = (kind | 0x20) == 'l' ? little : big;
	const char *digits = kind == 'B' || kind == 'L' ? "0123456789ABCDEF" : "0123456789abcdef";
	int i;

	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			put(out, '-');
		put(out, digits[bytes[order[i]] >> 4]);
		put(out, digits[bytes[order[i]] & 15]);
	}
	return (kind | 0x20) == 'b' || (kind | 0x20) == 'l' ? 2 : 1;
}

static void put_resource(struct output *out, const struct resource *resource)
{
	const char *kind = resource->flags & IORESOURCE_IO    ? "io  "
			   : resource->flags & IORESOURCE_MEM ? "mem "
			   : resource->flags & IORESOURCE_IRQ ? "irq "
							      : "??? ";
	char text[80];
	int i;

	snprintf(text, sizeof(text), "[%s%#llx-%#llx]", kind, (unsigned long long)resource->start,
		 (unsigned long long)resource->end);
	for (i = 0; text[i]; i++)
		put(out, text[i]);
}

static void put_va_format(struct output *out, const struct va_format *format)
{
	char *at = out->at < out->end ? out->at : out->end;
	va_list copy;

	va_copy(copy, *format->va);
	out->at += dmk_vsnprintf(at, out->end - at, format->fmt, copy);
	va_end(copy);
}

/* Return: how many letters after %p were its. */
static int put_pointer(struct output *out, struct spec *spec, const char *format,
		       const void *pointer)
{
	bool letter = (*format >= 'a' && *format <= 'z') || (*format >= 'A' && *format <= 'Z');

	if (letter && (uintptr_t)pointer < PAGE_SIZE && strchr("aMmIiUhRrV", *format)) {
		put_string(out, spec, pointer);
		return *format == 'a' && (format[1] == 'd' || format[1] == 'p') ? 2 : 1;
	}
	switch (*format) {
	case 'S':
	case 'B':
	case 'F':
		put_symbol(out, spec, pointer, true);
		return 1;
	case 's':
	case 'f':
		put_symbol(out, spec, pointer, false);
		return 1;
	case 'a':
		put_hex(out, *(const u64 *)pointer, 16);
		return format[1] == 'd' || format[1] == 'p' ? 2 : 1;
	case 'e':
		put_error(out, spec, pointer);
		return 1;
	case 'V':
		put_va_format(out, pointer);
		return 1;
	case 'M':
	case 'm':
		return put_mac(out, pointer, format);
	case 'h':
		return put_dump(out, spec, pointer, format);
	case 'I':
	case 'i':
		return put_ip(out, pointer, format);
	case 'U':
		return put_uuid(out, pointer, format);
	case 'R':
	case 'r':
		put_resource(out, pointer);
		return 1;
	}
	spec->zero = true;
	spec->width = max(spec->width, 16);
	put_number(out, spec, (uintptr_t)pointer, false, 16, false);
	return *format == 'K' || *format == 'x' ? 1 : 0;
}

/* --- the format ------------------------------------------------------------------------------- */

static const char *parse_flags(const char *format, struct spec *spec)
{
	for (;; format++) {
		switch (*format) {
		case '-':
			spec->left = true;
			continue;
		case '+':
			spec->plus = true;
			continue;
		case ' ':
			spec->space = true;
			continue;
		case '#':
			spec->alternate = true;
			continue;
		case '0':
			spec->zero = true;
			continue;
		}
		return format;
	}
}

static const char *parse_int(const char *format, int *value)
{
	for (*value = 0; *format >= '0' && *format <= '9'; format++)
		if (*value < 100000)
			*value = *value * 10 + *format - '0';
	return format;
}

static const char *parse_size(const char *format, struct spec *spec)
{
	spec->size = sizeof(int);
	switch (*format) {
	case 'h':
		spec->size = format[1] == 'h' ? 1 : 2;
		return format + spec->size % 2 + 1;
	case 'l':
		spec->size = 8;
		return format + (format[1] == 'l' ? 2 : 1);
	case 'L':
	case 'z':
	case 'Z':
	case 't':
	case 'j':
	case 'q':
		spec->size = 8;
		return format + 1;
	}
	return format;
}

_Static_assert(sizeof(long) == 8 || sizeof(void *) == 4, "a long is as wide as a pointer");

/*
 * An array type decays in a call: so that it can be handed on by reference, a va_list goes in a
 * structure.
 */
struct arguments {
	va_list list;
};

static u64 next_integer(struct arguments *arguments, const struct spec *spec, bool is_signed,
			bool *negative)
{
	s64 value;

	if (spec->size == 8)
		value = va_arg(arguments->list, long long);
	else if (is_signed)
		value = va_arg(arguments->list, int);
	else
		value = va_arg(arguments->list, unsigned int);
	if (spec->size == 1)
		value = is_signed ? (s8)value : (u8)value;
	if (spec->size == 2)
		value = is_signed ? (s16)value : (u16)value;
	*negative = is_signed && value < 0;
	return *negative ? -(u64)value : (u64)value;
}

static const char *convert(struct output *out, const char *format, struct arguments *arguments)
{
	struct spec spec = { .precision = -1 };
	bool negative;
	u64 value;

	format = parse_flags(format, &spec);
	if (*format == '*') {
		format++;
		spec.width = va_arg(arguments->list, int);
		spec.left |= spec.width < 0;
		spec.width = spec.width < 0 ? -(unsigned int)spec.width : spec.width;
	} else {
		format = parse_int(format, &spec.width);
	}
	if (*format == '.') {
		format++;
		if (*format == '*') {
			format++;
			spec.precision = va_arg(arguments->list, int);
		} else {
			format = parse_int(format, &spec.precision);
		}
	}
	format = parse_size(format, &spec);

	switch (*format) {
	case 'd':
	case 'i':
		value = next_integer(arguments, &spec, true, &negative);
		put_number(out, &spec, value, negative, 10, false);
		return format + 1;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		value = next_integer(arguments, &spec, false, &negative);
		spec.plus = spec.space = false;
		put_number(out, &spec, value, false,
			   *format == 'u'   ? 10
			   : *format == 'o' ? 8
					    : 16,
			   *format == 'X');
		return format + 1;
	case 'c': {
		char c = va_arg(arguments->list, int);

		put_text(out, &spec, &c, 1);
		return format + 1;
	}
	case 's':
		put_string(out, &spec, va_arg(arguments->list, const char *));
		return format + 1;
	case 'p':
		format++;
		return format + put_pointer(out, &spec, format, va_arg(arguments->list, void *));
	case '%':
		put(out, '%');
		return format + 1;
	case '\0':
		return format;
	}
	/* Unknown: shown as it stands. */
	put(out, '%');
	put(out, *format);
	return format + 1;
}

int dmk_vsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
	char none[1];
	struct output out;
	struct arguments list;
	char *start = size ? to : none;

	if (size > INT_MAX)
		size = INT_MAX;
	/*
	 * at may pass end, but not wrap: a text of a page or two is nowhere near the end of the
	 * address space.
	 */
	out = (struct output){ start, start + (size ? size - 1 : 0) };
	va_copy(list.list, arguments);
	while (*format) {
		if (*format != '%')
			put(&out, *format++);
		else
			format = convert(&out, format + 1, &list);
	}
	va_end(list.list);
	if (size)
		*(out.at < out.end ? out.at : out.end) = '\0';
	return out.at - start;
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
	length = dmk_vsnprintf(to, INT_MAX, format, arguments);
	va_end(arguments);
	return length;
}

int vscnprintf(char *to, size_t size, const char *format, va_list arguments)
{
	int length = dmk_vsnprintf(to, size, format, arguments);

	return !size ? 0 : length < size ? length : size - 1;
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

static char *format_at(gfp_t gfp, const char *format, va_list arguments, struct dmk_place place)
{
	va_list copy;
	char *text;
	int length;

	va_copy(copy, arguments);
	length = dmk_vsnprintf(NULL, 0, format, copy);
	va_end(copy);
	text = dmk_kmalloc_at(length + 1, gfp, place);
	if (text)
		dmk_vsnprintf(text, length + 1, format, arguments);
	return text;
}

char *kvasprintf(gfp_t gfp, const char *format, va_list arguments)
{
	return format_at(gfp, format, arguments, DMK_HERE);
}

char *kasprintf(gfp_t gfp, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = format_at(gfp, format, arguments, DMK_HERE);
	va_end(arguments);
	return text;
}
