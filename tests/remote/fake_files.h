/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for the kernel part's files: <dmakit/file.h> over a card that is a few pages of
 * memory. What the remote server and the preload library are tried on, alone.
 */
#ifndef TESTS_REMOTE_FAKE_FILES_H
#define TESTS_REMOTE_FAKE_FILES_H

/*
 * /dev/fake0 any number of times, /dev/fake1 once at a time. Reading and writing at a position;
 * ioctl:
 */
enum {
	FAKE_SIZE = 2 * 4096,
	FAKE_DOUBLE = 0x4601, /* a uint32_t * */
	FAKE_SLEEP = 0x4602,  /* until interrupted: EINTR */
	FAKE_READY = 0x4603,  /* readable from now on, or (argument 0) no more */
	FAKE_NUMBER = 0x4604, /* returns its argument + 1 */
};

/* fake0 mapped: its second page, then its first. With this offset: memory that no file backs. */
#define FAKE_UNBACKED 0x100000

/** What is open, mapped, asleep now; how many sleeps were interrupted so far. */
struct fake_counts {
	int open, mapped, asleep, interrupted;
	int complaints;
};
struct fake_counts fake_counts(void);
void fake_set_ready(int ready);
void fake_start(void);

#endif
