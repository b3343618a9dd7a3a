/* SPDX-License-Identifier: MIT */
/* Signals that somebody sends to a command for the sake of the program that it runs. */
#ifndef TOOLS_SIGNALS_H
#define TOOLS_SIGNALS_H

#include <signal.h>
#include <stddef.h>

/**
 * tool_catch_for_program - @handler is called for those that a program may want; one with a si_code
 * above 0 comes from a terminal, which sends it to the program too. NULL: they do what they do.
 */
static inline void tool_catch_for_program(void (*handler)(int number, siginfo_t *info,
							  void *context))
{
	static const int list[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};

	if (!handler)
		action = (struct sigaction){.sa_handler = SIG_DFL};
	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		sigaction(list[i], &action, NULL);
}

#endif
