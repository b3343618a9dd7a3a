/* SPDX-License-Identifier: MIT */
/*
 * Messages for the log, put together without a libc. Not a formatter: pieces one after another.
 */
#ifndef DMK_CORE_TEXT_H
#define DMK_CORE_TEXT_H

#include <dmakit/os.h>

struct dmk_dev;

struct dmk_text {
	char data[192];
	size_t used;
};

void dmk_text_say(struct dmk_text *text, const char *words);
void dmk_text_number(struct dmk_text *text, uint64_t number);
void dmk_text_hex(struct dmk_text *text, uint64_t number);

/** dmk_log - @dev may be NULL. */
void dmk_log(enum dmk_log_level level, const struct dmk_dev *dev, const char *message);

/**
 * dmk_log_due - whether the @nth message of its kind should be written: the 1st, 2nd, 4th, 8th …,
 * so that a log grows with the logarithm of what went wrong. The core has no clock.
 */
static inline bool dmk_log_due(uint64_t nth)
{
	return nth && !(nth & (nth - 1));
}

#endif
