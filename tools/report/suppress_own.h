/* SPDX-License-Identifier: MIT */
/* What suppress.c and suppress_read.c share. */
#ifndef TOOLS_SUPPRESS_OWN_H
#define TOOLS_SUPPRESS_OWN_H

#include "report/suppress.h"

/** A pattern of one frame: "..." (any), a function, or a file with perhaps a line. */
struct suppress_frame {
	bool any;
	char *function, *file;
	unsigned int line; /* 0: any */
};

struct suppress_stack {
	struct suppress_frame *frame;
	size_t n;
};

/** One entry of a file; what is NULL or empty is not looked at. */
struct suppress_entry {
	char *name, *file;
	unsigned int line; /* of its beginning */
	char *rule, *driver, *device, *machine;
	struct suppress_stack where, mapped;
	uint64_t used;
};

struct suppress_limit {
	char *rule;
	uint64_t most, seen;
};

struct dmk_suppressions {
	struct suppress_entry *entry;
	size_t nr_entries;
	struct suppress_limit *limit;
	size_t nr_limits;
	char **driver;
	size_t nr_drivers;
};

#endif
