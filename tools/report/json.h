/* SPDX-License-Identifier: MIT */
/* What the writers and readers of JSON share: values made, and values read without trust. */
#ifndef TOOLS_REPORT_JSON_H
#define TOOLS_REPORT_JSON_H

#include "report/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/*
 * jansson takes a string only when it is UTF-8; what is not is shown with its odd bytes replaced.
 */
static inline json_t *text_of(const char *text)
{
	char clean[1024];
	json_t *string;
	size_t n = 0;

	if (!text)
		return json_null();
	string = json_string(text);
	if (string)
		return string;
	for (; text[n] && n + 1 < sizeof(clean); n++)
		clean[n] = text[n] & 0x80 ? '?' : text[n];
	clean[n] = '\0';
	return json_string(clean);
}

/* A JSON number may not hold 64 bits. */
static inline json_t *hex_of(uint64_t value)
{
	return json_sprintf("0x%" PRIx64, value);
}

static inline json_t *frame_of(const struct dmk_report_frame *frame)
{
	return json_pack("{s:o, s:o, s:I, s:o, s:b, s:b}", "function", text_of(frame->function),
			 "file", text_of(frame->file), "line", (json_int_t)frame->line, "address",
			 hex_of(frame->address), "inlined", frame->inlined, "dmakit", frame->ours);
}

/* The text there, to be freed; NULL where there is none. */
static inline char *text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? strdup(text) : NULL;
}

/* A number, also one written as a string; 0 where there is none. */
static inline uint64_t number_in(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_string(value))
		return strtoull(json_string_value(value), NULL, 0);
	return (uint64_t)json_integer_value(value);
}

static inline bool true_in(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

static inline void read_frame(const json_t *item, struct dmk_report_frame *frame)
{
	frame->function = text_in(item, "function");
	frame->file = text_in(item, "file");
	frame->line = number_in(item, "line");
	frame->address = number_in(item, "address");
	frame->inlined = true_in(item, "inlined");
	frame->ours = true_in(item, "dmakit");
}

#endif
