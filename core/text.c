/* SPDX-License-Identifier: MIT */
/*
 * Messages for the log. A message that is too long is cut, never an error.
 */
#include "core.h"
#include "text.h"

void dmk_text_say(struct dmk_text *text, const char *words)
{
	for (; *words && text->used < sizeof(text->data) - 1; words++)
		text->data[text->used++] = *words;
	text->data[text->used] = '\0';
}

void dmk_text_number(struct dmk_text *text, uint64_t number)
{
	char digits[21];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	dmk_text_say(text, digits + at);
}

void dmk_text_hex(struct dmk_text *text, uint64_t number)
{
	char digits[19];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[number & 15];
		number >>= 4;
	} while (number);
	digits[--at] = 'x';
	digits[--at] = '0';
	dmk_text_say(text, digits + at);
}

void dmk_log(enum dmk_log_level level, const struct dmk_dev *dev, const char *message)
{
	const struct dmk_os *os = &dmk_core.os;

	os->ops->log(os->ctx, level, dev ? dev->name : NULL, message);
}
