/* SPDX-License-Identifier: MIT */
/*
 * One call to have everything: machine, kernel part, checker. What the runner and dmakit's own
 * tests stand on. Host world.
 */
#ifndef DMAKIT_BOOT_H
#define DMAKIT_BOOT_H

#include <dmakit/advice.h>
#include <dmakit/check.h>
#include <dmakit/machine.h>

struct dmk_boot_options {
	const char *machine;   /* NULL: "pc" */
	const char *append;
	uint64_t seed;         /* 0: 1 */
	const struct dmk_device_request *devices;
	unsigned int nr_devices;
	bool no_checker;
	const struct dmk_check_options *check; /* NULL: defaults */
	bool advice;                           /* an advisor listens too */
	/* gets each event too, before the checker judges it; NULL: nobody */
	const struct dmk_observer *before;
	/* gets each event too, after the checker; NULL: nobody */
	const struct dmk_observer *also;
};

/**
 * dmk_boot - checker installed, machine opened, kernel part booted; no module is loaded
 * Return: 0, or a negative errno with one line in @error (at least 512 bytes) and nothing left
 *         behind.
 */
int dmk_boot(const struct dmk_boot_options *options, char *error, size_t error_size);

/**
 * dmk_shutdown - leaks at exit are judged, everything is ended. The checker and its findings stay
 * until dmk_boot_end().
 */
void dmk_shutdown(void);

/** The checker of the running or last boot; NULL with no_checker. */
struct dmk_checker *dmk_boot_checker(void);
/** The advisor of the running or last boot; NULL: none was asked for. */
struct dmk_advisor *dmk_boot_advisor(void);
/** dmk_boot_end - forget the last boot's checker and advisor. dmk_boot() does it too. */
void dmk_boot_end(void);

#endif
