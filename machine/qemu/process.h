/* SPDX-License-Identifier: MIT */
/*
 * A child process that never outlives us and whose last words are kept. Not what it is told to do.
 */
#ifndef DMK_QEMU_PROCESS_H
#define DMK_QEMU_PROCESS_H

#include <sys/types.h>

#include <dmakit/types.h>

struct dmk_qemu_process {
	pid_t pid;
	int pidfd;
	int said;   /* its standard output and error, not blocking; -1 when it closed them */
	int status; /* as waitpid() has it, once reaped; -1: somebody else reaped it */
	size_t nr_words;
	char words[16384]; /* the end of what it said */
};

/**
 * dmk_qemu_process_start - run argv[0], found as a shell finds it
 * @keep: descriptors that it inherits, under their numbers, besides 0 to 2; ended by -1
 *
 * It is killed when the *thread* that called this ends (prctl(2), PR_SET_PDEATHSIG), so that thread
 * has to be one that stays. It gets a session of its own: an interrupt from the terminal is ours to
 * handle.
 *
 * Return: 0; -ENOENT: no such program; or another negative errno.
 */
int dmk_qemu_process_start(struct dmk_qemu_process *process, char *const argv[], const int *keep);

/** dmk_qemu_process_listen - take in what it said. Return: false when it will say no more. */
bool dmk_qemu_process_listen(struct dmk_qemu_process *process);

/**
 * dmk_qemu_process_reap - wait for its end, @grace_ms at most, then kill it; afterwards it is gone.
 * @sig: sent first, or 0.
 */
void dmk_qemu_process_reap(struct dmk_qemu_process *process, int sig, int grace_ms);

/**
 * dmk_qemu_process_words - the line that says most about why it ended, without the program's name.
 * "" when it said nothing.
 */
void dmk_qemu_process_words(const struct dmk_qemu_process *process, char *text, size_t size);

/**
 * dmk_qemu_process_end - how it ended: "exited with status 1", "was killed by signal 6 (Aborted)".
 * After reaping.
 */
void dmk_qemu_process_end(const struct dmk_qemu_process *process, char *text, size_t size);

#endif
