/* SPDX-License-Identifier: MIT */
/*
 * Messages: level, text, and whose they are; to where dmk_log_to() says. Also warnings, rate limits
 * and the end.
 */
#include "internal.h"

#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dmakit/kernel.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ratelimit.h>
#include <linux/string.h>

enum { LEVEL_DEFAULT = 4 };

/* guards the destination: one message at a time */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void (*destination)(void *ctx, int level, const char *text);
static void *destination_ctx;
static void (*complaints)(void *ctx, const void *caller, const char *text);
static void *complaints_ctx;

void dmk_log_to(void (*write)(void *ctx, int level, const char *text), void *ctx)
{
	pthread_mutex_lock(&lock);
	destination = write;
	destination_ctx = ctx;
	pthread_mutex_unlock(&lock);
}

void dmk_print(int level, const char *device, const char *text)
{
	char line[DMK_MESSAGE_MAX + 64];

	if (device) {
		dmk_snprintf(line, sizeof(line), "%s: %s", device, text);
		text = line;
	}
	pthread_mutex_lock(&lock);
	if (destination)
		destination(destination_ctx, level, text);
	else
		fprintf(stderr, "%s\n", text);
	pthread_mutex_unlock(&lock);
}

/* "\0014text": the level is of this message; one without is a warning. */
static char *split_level(char *text, int *level)
{
	while (text[0] == KERN_SOH_ASCII && text[1]) {
		if (text[1] >= '0' && text[1] <= '7')
			*level = text[1] - '0';
		text += 2;
	}
	return text;
}

/*
 * A message is written when it comes, newline or not: the last one before a crash is the one that
 * counts. So what pr_cont() adds is a line of its own.
 */
int dmk_vprintk(const char *format, va_list arguments)
{
	char buffer[DMK_MESSAGE_MAX];
	int level = LEVEL_DEFAULT;
	char *text, *end;

	dmk_vsnprintf(buffer, sizeof(buffer), format, arguments);
	text = split_level(buffer, &level);
	while ((end = strchr(text, '\n'))) {
		*end = '\0';
		dmk_print(level, NULL, text);
		text = end + 1;
	}
	if (*text)
		dmk_print(level, NULL, text);
	return text - buffer + strlen(text);
}

int dmk_printk(const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = dmk_vprintk(format, arguments);
	va_end(arguments);
	return length;
}

/* --- complaints ------------------------------------------------------------------------------- */

void dmk_complaints_to(void (*complain)(void *ctx, const void *caller, const char *text), void *ctx)
{
	pthread_mutex_lock(&lock);
	complaints = complain;
	complaints_ctx = ctx;
	pthread_mutex_unlock(&lock);
}

static void pass_on(const void *caller, const char *text)
{
	pthread_mutex_lock(&lock);
	if (complaints)
		complaints(complaints_ctx, caller, text);
	pthread_mutex_unlock(&lock);
}

void dmk_complain(const void *caller, const char *format, ...)
{
	char text[DMK_MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	dmk_vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (caller)
		dmk_printk(KERN_ERR "%s (at %pS)\n", text, caller);
	else
		dmk_printk(KERN_ERR "%s\n", text);
	pass_on(caller, text);
}

/* --- warnings --------------------------------------------------------------------------------- */

void dump_stack(void)
{
	void *frame[32];
	int i, n = backtrace(frame, ARRAY_SIZE(frame));

	for (i = 1; i < n; i++)
		dmk_printk(KERN_WARNING " %pS\n", frame[i]);
}

void dmk_warn(const char *file, int line, const char *function, const char *format, ...)
{
	char text[DMK_MESSAGE_MAX], place[DMK_MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	dmk_vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text[strcspn(text, "\n")] = '\0';
	dmk_printk(KERN_WARNING "warning at %s:%d %s(): %s\n", file, line, function, text);
	dump_stack();
	dmk_snprintf(place, sizeof(place), "WARN in %s (%s:%d): %s", function,
		     strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line, text);
	pass_on(NULL, place);
}

void dmk_bug(const char *file, int line, const char *function)
{
	dmk_printk(KERN_CRIT "bug at %s:%d %s()\n", file, line, function);
	dump_stack();
	abort();
}

void panic(const char *format, ...)
{
	char text[DMK_MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	dmk_vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	dmk_printk(KERN_EMERG "panic: %s\n", text);
	dump_stack();
	abort();
}

bool dmk_ratelimit(struct ratelimit_state *state, const char *function)
{
	unsigned long now = jiffies;
	int missed = 0;
	bool pass;

	pthread_mutex_lock(&lock);
	if (!state->interval) {
		pthread_mutex_unlock(&lock);
		return true;
	}
	if (!state->begin || time_after(now, state->begin + state->interval)) {
		state->begin = now;
		state->printed = 0;
		missed = state->missed;
		state->missed = 0;
	}
	pass = state->printed < state->burst;
	if (pass)
		state->printed++;
	else
		state->missed++;
	pthread_mutex_unlock(&lock);
	if (missed)
		dmk_printk(KERN_WARNING "%s: %d messages were kept back\n", function, missed);
	return pass;
}

void print_hex_dump(const char *level, const char *prefix, int prefix_type, int row_size,
		    int group_size, const void *bytes, size_t size, bool ascii)
{
	const unsigned char *at = bytes;
	size_t row = row_size == 32 ? 32 : 16, offset, i;

	for (offset = 0; offset < size; offset += row) {
		char line[256], *end = line + sizeof(line), *to = line;
		size_t n = min(row, size - offset);

		for (i = 0; i < row && (i < n || ascii); i++) {
			if (i && group_size && i % group_size == 0)
				to += scnprintf(to, end - to, " ");
			if (i < n)
				to += scnprintf(to, end - to, "%02x", at[offset + i]);
			else
				to += scnprintf(to, end - to, "  ");
		}
		if (ascii)
			to += scnprintf(to, end - to, "  ");
		for (i = 0; ascii && i < n; i++) {
			unsigned char c = at[offset + i];

			to += scnprintf(to, end - to, "%c", c >= 32 && c < 127 ? c : '.');
		}
		if (prefix_type == DUMP_PREFIX_ADDRESS)
			dmk_printk("%s%s%p: %s\n", level, prefix, at + offset, line);
		else if (prefix_type == DUMP_PREFIX_OFFSET)
			dmk_printk("%s%s%.8zx: %s\n", level, prefix, offset, line);
		else
			dmk_printk("%s%s%s\n", level, prefix, line);
	}
}
