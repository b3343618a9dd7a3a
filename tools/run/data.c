/* SPDX-License-Identifier: MIT */
/*
 * A module's static data when it is loaded again: a kernel takes it from the file anew, and here it
 * is in the program. `dmakit check --reload` puts it into sections of its own names.
 */
#include "run/run.h"

#include <stdlib.h>

extern char __start_dmk_data[] __attribute__((weak)), __stop_dmk_data[] __attribute__((weak));
extern char __start_dmk_bss[] __attribute__((weak)), __stop_dmk_bss[] __attribute__((weak));

static char *data, *bss; /* what was there */

static size_t size_of(const char *start, const char *stop)
{
	return start ? (size_t)(stop - start) : 0;
}

/* What lies between variables, AddressSanitizer has for itself, and memcpy() would be told of. */
__attribute__((no_sanitize("address"))) static void copy(char *to, const char *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((volatile char *)to)[i] = from[i];
}

static char *keep(const char *start, const char *stop)
{
	const size_t size = size_of(start, stop);
	char *kept = size ? malloc(size) : NULL;

	if (kept)
		copy(kept, start, size);
	return kept;
}

/* With parameters as they were given; what is zero at first has some too. */
void dmk_run_data_keep(void)
{
	free(data);
	free(bss);
	data = keep(__start_dmk_data, __stop_dmk_data);
	bss = keep(__start_dmk_bss, __stop_dmk_bss);
}

void dmk_run_data_again(void)
{
	if (data)
		copy(__start_dmk_data, data, size_of(__start_dmk_data, __stop_dmk_data));
	if (bss)
		copy(__start_dmk_bss, bss, size_of(__start_dmk_bss, __stop_dmk_bss));
}
