/* SPDX-License-Identifier: MIT */
/*
 * Which known word a mistyped one was meant to be.
 */
#include <dmakit/machine.h>

#include <ctype.h>
#include <string.h>

enum { WORD_MAX = 63 };

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

/*
 * Letters to add, drop or change to make one word of the other; upper and lower case are the same.
 * Levenshtein's.
 */
static unsigned int distance(const char *a, const char *b)
{
	size_t n = strnlen(a, WORD_MAX), m = strnlen(b, WORD_MAX);
	unsigned int row[WORD_MAX + 1];

	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			bool same = tolower((unsigned char)a[i - 1]) ==
				    tolower((unsigned char)b[j - 1]);
			unsigned int above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, diagonal + !same);
			diagonal = above;
		}
	}
	return row[m];
}

static bool starts(const char *word, const char *with)
{
	size_t n = strlen(with);

	return n > 1 && !strncasecmp(word, with, n);
}

const char *dmk_nearest(const char *word, const char *const *names)
{
	/* Two letters off, or a third of a longer word: more is another word. */
	unsigned int best = (strnlen(word, WORD_MAX) + 2) / 3 + 1;
	const char *nearest = NULL;

	if (best > 6)
		best = 6;
	for (; *names; names++) {
		unsigned int d = distance(word, *names);

		if (starts(*names, word) && d >= best && !nearest)
			nearest = *names;
		if (d >= best)
			continue;
		best = d;
		nearest = *names;
	}
	return nearest;
}
