/* SPDX-License-Identifier: MIT */
/*
 * The boot arguments that say which memory there is, `mem=` and `cma=`, and how it behaves. All
 * others are for the kernel part and the core.
 *
 *	mem=N              RAM from physical address N on is kept back
 *	cma=N              N bytes for long runs; 0: none, whatever the devicetree says
 *	cma=N@FIRST        there and nowhere else
 *	cma=N@FIRST-END    somewhere in [FIRST, END)
 *	dmakit.evictions=N       lines that may leave the cache at each event, whatever the devicetree says
 *	dmakit.interleave=N      cards are late about every N-th time: the kernel part has its own part of it
 *
 * A number is decimal, 0x or octal, with K, M or G. The last of a kind counts.
 */
#include "reader.h"

#include <stdarg.h>

int dmk_sim_argument_bad(const struct reader *r, const char *word, const char *format, ...)
{
	int length = strcspn(word, " ");
	char what[240];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(r->tree.error, r->tree.error_size, "%.96s: boot argument %.*s: %s", r->tree.file,
		 length > 80 ? 80 : length, word, what);
	return -EINVAL;
}

/* A number and its suffix; *@at is where it ends. false: there is none, or it is more than 2^64. */
static bool take_size(const char **at, uint64_t *value)
{
	static const char suffixes[] = "kmg";
	const char *suffix;
	char *end;

	errno = 0;
	if (**at < '0' || **at > '9')
		return false;
	*value = strtoull(*at, &end, 0);
	suffix = *end ? strchr(suffixes, *end | 0x20) : NULL;
	for (const char *step = suffixes; suffix && step <= suffix; step++) {
		if (*value >> 54)
			return false;
		*value <<= 10;
	}
	*at = end + (suffix != NULL);
	return !errno;
}

static bool ends(const char *at)
{
	return !*at || *at == ' ';
}

static int read_mem(struct reader *r, const char *word)
{
	const char *at = word + strlen("mem=");
	uint64_t limit;

	if (!take_size(&at, &limit) || !limit || (!ends(at) && *at != '@'))
		return dmk_sim_argument_bad(r, word, "a size was expected, as in mem=64M");
	if (*at == '@')
		return dmk_sim_argument_bad(
			r, word,
			"memory of another place is the devicetree's to describe: "
			"only a limit can be given, as in mem=64M");
	if (!page_aligned(limit))
		return dmk_sim_argument_bad(r, word, "it is no multiple of 4 KiB");
	r->arguments.memory_last = limit - 1;
	return 0;
}

static int read_cma(struct reader *r, const char *word)
{
	struct sim_arguments *found = &r->arguments;
	const char *at = word + strlen("cma=");
	uint64_t size, first = 0, end = 0;
	bool good = take_size(&at, &size), placed = good && *at == '@';

	if (placed) {
		at++;
		good = take_size(&at, &first);
	}
	if (good && placed && *at == '-') {
		at++;
		good = take_size(&at, &end) && end > first;
	}
	if (!good || !ends(at))
		return dmk_sim_argument_bad(
			r, word,
			"a size was expected, as in cma=16M, cma=16M@32M or cma=16M@0-64M");
	if (!page_aligned(size) || !page_aligned(first) || wraps(first, size))
		return dmk_sim_argument_bad(r, word, "it is no run of pages of 4 KiB");
	found->contiguous_word = word;
	found->contiguous = size;
	found->contiguous_first = first;
	found->contiguous_fixed = placed && !end;
	found->contiguous_last = end ? end - 1 : placed && size ? first + (size - 1) : 0;
	return 0;
}

static int read_count(struct reader *r, const char *word, uint64_t most, uint64_t *count)
{
	const char *at = strchr(word, '=') + 1;

	if (!take_size(&at, count) || !ends(at) || *count > most)
		return dmk_sim_argument_bad(r, word, "a number up to %llu was expected",
					    (unsigned long long)most);
	return 0;
}

static int read_interleave(struct reader *r, const char *word)
{
	uint64_t every = 0;
	int result = read_count(r, word, UINT32_MAX, &every);

	r->profile->interleave = (unsigned int)every;
	return result;
}

static int read_evictions(struct reader *r, const char *word)
{
	r->arguments.evicts = true;
	return read_count(r, word, SIM_EVICTIONS, &r->arguments.evictions);
}

int dmk_sim_read_arguments(struct reader *r)
{
	const char *at = r->profile->machine.bootargs;
	int result = 0;

	r->arguments.memory_last = ~0ULL;
	for (at += strspn(at, " "); *at && !result; at += strspn(at, " ")) {
		if (!strncmp(at, "mem=", 4))
			result = read_mem(r, at);
		else if (!strncmp(at, "cma=", 4))
			result = read_cma(r, at);
		else if (!strncmp(at, "dmakit.interleave=", 18))
			result = read_interleave(r, at);
		else if (!strncmp(at, "dmakit.evictions=", 17))
			result = read_evictions(r, at);
		at += strcspn(at, " ");
	}
	return result;
}
