/* SPDX-License-Identifier: MIT */
/*
 * The machine's parameters, word by word.
 */
#include "parameters.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool is_end(char c)
{
	return !c || is_blank(c);
}

const char *dmk_parameter_next(const char *at)
{
	while (!is_end(*at))
		at++;
	while (is_blank(*at))
		at++;
	return at;
}

const char *dmk_parameter_value(const char *at, const char *name)
{
	while (*name && *at == *name) {
		at++;
		name++;
	}
	return *name ? NULL : at;
}

bool dmk_parameter_is(const char *at, const char *word)
{
	const char *rest = dmk_parameter_value(at, word);

	return rest && is_end(*rest);
}

bool dmk_parameter_take_word(const char **at, const char *word)
{
	const char *rest = dmk_parameter_value(*at, word);

	if (!rest || (*rest != ',' && !is_end(*rest)))
		return false;
	*at = rest;
	return true;
}

static unsigned int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10 : 16;
}

/* What a number begins with says its base. */
static unsigned int base_of(const char **at)
{
	if (**at != '0')
		return 10;
	if (((*at)[1] | ('a' - 'A')) != 'x')
		return 8;
	*at += 2;
	return 16;
}

bool dmk_parameter_take_number(const char **at, uint64_t *number)
{
	const char *p = *at, *first;
	const unsigned int base = base_of(&p);

	first = p;
	for (*number = 0; digit_of(*p) < base; p++) {
		if (*number > 1ULL << 40)
			return false;
		*number = *number * base + digit_of(*p);
	}
	if (p == first || (*p != ',' && !is_end(*p)))
		return false;
	*at = p;
	return true;
}
