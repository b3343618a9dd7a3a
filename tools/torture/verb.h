/* SPDX-License-Identifier: MIT */
/*
 * The random test as the command line sees it: no name of Linux here.
 */
#ifndef TOOLS_TORTURE_VERB_H
#define TOOLS_TORTURE_VERB_H

#include <stdbool.h>
#include <stdint.h>

struct torture_options {
	const char *machine;
	char *append; /* boot arguments, all of them; NULL: none */
	uint64_t seed;
	unsigned int threads;
	double seconds; /* 0: no limit */
	uint64_t ops;   /* 0: no limit */
	uint64_t
		/* the operation from which on bytes are changed behind the model's back; 0: none */
		spoil;
	bool no_checker;
	bool progress;
};

/**
 * torture_machine - boot, work, judge; says all there is to say. Exit status: 0, 1 something is
 * wrong, 2 it could not run.
 */
int torture_machine(const struct torture_options *options);

/**
 * torture_repeat - print the command that does the same; @operations: after which it went wrong, 0:
 * not known
 */
void torture_repeat(const struct torture_options *options, uint64_t operations);

#endif
