/* SPDX-License-Identifier: MIT */
/*
 * The kernel's test of DMA engines, driven as its documentation tells users to: parameters are
 * written to its files in /sys/module, "run" starts it, and what came of each thread it says in the
 * log.
 */
#ifndef DMAKIT_TESTS_WILD_DMATEST_RUN_H
#define DMAKIT_TESTS_WILD_DMATEST_RUN_H

/** Write a parameter. */
void set(const char *name, const char *value);
/** The first character of a parameter's value. */
char get(const char *name);

/** Threads that were started so far, and those that have said what came of it. */
unsigned int started(void);
unsigned int ended(void);

/**
 * run - from "run" until all threads that it started have said what came of it
 *
 * What "wait" and "run" say is not enough: dmatest does not count threads that have not begun yet,
 * and takes a test for ended, and stops it, when all others have.
 */
void run(void);

#endif
