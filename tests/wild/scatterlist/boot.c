// SPDX-License-Identifier: MIT
/*
 * A machine below the kernel's test of scatterlists, which has a main() of its own: tables are made
 * of the core's memory.
 */
#include <dmakit/boot.h>
#include <linux/mm.h>

#include <stdio.h>
#include <stdlib.h>

static void end(void)
{
	dmk_shutdown();
	dmk_boot_end();
}

static __attribute__((constructor)) void begin(void)
{
	char error[512];

	if (dmk_boot(&(struct dmk_boot_options){0}, error, sizeof(error)) < 0) {
		fprintf(stderr, "no machine: %s\n", error);
		exit(2);
	}
	atexit(end);
}
