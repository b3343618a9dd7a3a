/* SPDX-License-Identifier: MIT */
/*
 * What programs do with /dev/engtest.
 */
#ifndef ENGTEST_TOLD_H
#define ENGTEST_TOLD_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <dmakit/file.h>
#include <dmakit/test.h>

/** told - @words are written; 0 or a negative errno. What was told is in @text. */
static inline int told(const char *words, char *text, size_t size)
{
	char seeded[256];
	struct dmk_file *file;
	int err = dmk_open("/dev/engtest", O_RDWR, &file);
	long n;

	text[0] = '\0';
	if (err)
		return err;
	snprintf(seeded, sizeof(seeded), "seed=%u %s",
		 (unsigned int)dmk_test_seed() * 2654435761u | 1, words);
	n = dmk_write(file, seeded, strlen(seeded));
	err = n < 0 ? (int)n : 0;
	n = dmk_read(file, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	dmk_close(file);
	return err;
}

#endif
