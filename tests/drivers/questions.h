/* SPDX-License-Identifier: MIT */
/*
 * The calls of questions.c, for both worlds.
 */
#ifndef TESTS_DRIVERS_QUESTIONS_H
#define TESTS_DRIVERS_QUESTIONS_H

struct question {
	const char *name; /* NULL: the end */
	int (*call)(void); /* 0, or a negative errno: it failed */
};

extern const struct question questions[];

/* Where their code is: the linker's names. */
extern const char __start_asking[], __stop_asking[];

#endif
