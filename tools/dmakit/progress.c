/* SPDX-License-Identifier: MIT */
/*
 * A line such as
 *
 *	[#########-----------] 123 of 457, 2 crashed, 1 leaked, 0:12 left
 *
 * It is never wider than the terminal, so that a carriage return and "erase to the end of the line"
 * (ECMA-48, 8.3.41) take all of it away.
 */
#include "dmakit/progress.h"
#include "dmakit/jobs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR = 30, BAR_LEAST = 5, LINE = 256, COLUMNS = 80 };

void tool_progress_start(struct tool_progress *progress, bool wanted, uint64_t all)
{
	const char *term = getenv("TERM");

	*progress = (struct tool_progress){.all = all};
	progress->live = wanted && isatty(STDERR_FILENO) && !(term && !strcmp(term, "dumb"));
	clock_gettime(CLOCK_MONOTONIC, &progress->started);
}

void tool_progress_count(struct tool_progress *progress, enum dmk_trouble_kind worst)
{
	progress->done++;
	if (worst < DMK_TROUBLE_KINDS)
		progress->of[worst]++;
}

static int columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return COLUMNS;
	return size.ws_col < LINE ? size.ws_col : LINE;
}

double tool_progress_left(const struct tool_progress *progress)
{
	const double gone = tool_seconds_since(&progress->started);

	if (!progress->done || gone < 1 || progress->done > progress->all)
		return -1;
	return gone / (double)progress->done * (double)(progress->all - progress->done);
}

static void write_time(char *text, size_t size, double seconds)
{
	const unsigned long whole = (unsigned long)(seconds + 0.5);

	if (seconds < 0)
		text[0] = '\0';
	else if (whole >= 3600)
		snprintf(text, size, ", %lu:%02lu:%02lu left", whole / 3600, whole / 60 % 60,
			 whole % 60);
	else
		snprintf(text, size, ", %lu:%02lu left", whole / 60, whole % 60);
}

static void write_bar(char *text, int width, uint64_t done, uint64_t all)
{
	const int full = (int)(done * (uint64_t)width / all);

	if (width < BAR_LEAST) {
		text[0] = '\0';
		return;
	}
	*text++ = '[';
	memset(text, '#', (size_t)full);
	memset(text + full, '-', (size_t)(width - full));
	memcpy(text + width, "] ", 3);
}

static void write_found(const struct tool_progress *progress, char *text, size_t size)
{
	text[0] = '\0';
	for (enum dmk_trouble_kind kind = 0; kind < DMK_TROUBLE_KINDS; kind++) {
		const size_t used = strlen(text);

		if (progress->of[kind])
			snprintf(text + used, size - used, ", %" PRIu64 " %s", progress->of[kind],
				 dmk_trouble_name(kind));
	}
}

/* In the last column some terminals begin a line. */
static void write_line(const char *bar, const char *text)
{
	const int width = columns() - 1;

	fprintf(stderr, "\r\033[K%s%.*s", bar, width > 0 ? width : 0, text);
	fflush(stderr);
}

void tool_progress_show(const struct tool_progress *progress)
{
	char text[LINE], left[40], found[LINE - 80], bar[BAR + 4] = "";
	int room;

	if (!progress->live || !progress->all)
		return;
	write_time(left, sizeof(left), tool_progress_left(progress));
	write_found(progress, found, sizeof(found));
	snprintf(text, sizeof(text), "%" PRIu64 " of %" PRIu64 "%s%s", progress->done,
		 progress->all, found, left);
	room = columns() - 1 - (int)strlen(text) - 3;
	write_bar(bar, room < BAR ? room : BAR, progress->done, progress->all);
	write_line(bar, text);
}

void tool_progress_say(const struct tool_progress *progress, const char *words)
{
	if (progress->live)
		write_line("", words);
}

void tool_progress_end(const struct tool_progress *progress)
{
	if (!progress->live)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
}
