/* SPDX-License-Identifier: MIT */
/*
 * Versions of Linux on a command line. What differs between them is in the headers, by
 * LINUX_VERSION_CODE.
 */
#include "common/version.h"

#include <stdio.h>

/*
 * The oldest spelling that the headers tell from the next is of 4.14; the newest are
 * include/linux/version.h's.
 */
#define OLDEST "4.14"
#define NEWEST "6.18"

enum { OLDEST_CODE = 4 << 16 | 14 << 8, NEWEST_CODE = 6 << 16 | 18 << 8 };

const char *const tool_linux_versions[] = {NEWEST, "6.15", "6.12", "6.6",  "6.1", "5.15",
					   "5.10", "5.4",  "4.19", OLDEST, NULL};

int tool_linux_version(const char *command, const char *text, unsigned int *code)
{
	unsigned int major = 0, minor = 0, patch = 0;
	int parts = 0, end = 0;

	if (sscanf(text, "%3u.%3u%n", &major, &minor, &end) == 2 && !text[end])
		parts = 2;
	else if (sscanf(text, "%3u.%3u.%3u%n", &major, &minor, &patch, &end) == 3 && !text[end])
		parts = 3;
	if (!parts || minor > 255) {
		fprintf(stderr, "%s: --linux wants a version such as 6.12, not \"%s\"\n", command,
			text);
		return -1;
	}
	*code = (major << 16) + (minor << 8) + (patch > 255 ? 255 : patch);
	if (*code >> 8 >= OLDEST_CODE >> 8 && *code >> 8 <= NEWEST_CODE >> 8)
		return 0;
	fprintf(stderr,
		"%s: --linux %s: what is known are the interfaces of Linux " OLDEST " to " NEWEST
		"\n",
		command, text);
	return -1;
}
