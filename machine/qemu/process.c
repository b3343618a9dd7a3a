// SPDX-License-Identifier: MIT
/*
 * Starting, hearing and ending QEMU's process.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the child: between fork and exec only what a signal handler may do too ------------------- */

static void default_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++)
		sigaction(sig, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void inherit_only(const int *keep)
{
	close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	for (; *keep >= 0; keep++)
		fcntl(*keep, F_SETFD, 0);
}

static void child(char *const argv[], const int *keep, int said, int failed, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	setsid();
	dup2(null, STDIN_FILENO);
	dup2(said, STDOUT_FILENO);
	dup2(said, STDERR_FILENO);
	inherit_only(keep);
	default_signals();
	execvp(argv[0], argv);
	err = errno;
	if (write(failed, &err, sizeof(err)) != sizeof(err))
		_exit(126);
	_exit(127);
}

/* --- the parent ------------------------------------------------------------------------------- */

/* The pipe closes by itself when exec works. */
static int why_not(int failed)
{
	int err = 0;
	ssize_t got;

	do
		got = read(failed, &err, sizeof(err));
	while (got < 0 && errno == EINTR);
	return got == sizeof(err) ? -err : 0;
}

static int fork_child(char *const argv[], const int *keep, int said, pid_t *pid)
{
	int failed[2], err;
	pid_t parent = getpid();

	if (pipe2(failed, O_CLOEXEC))
		return -errno;
	*pid = fork();
	if (!*pid)
		child(argv, keep, said, failed[1], parent);
	err = *pid < 0 ? -errno : 0;
	close(failed[1]);
	if (!err)
		err = why_not(failed[0]);
	close(failed[0]);
	if (err && *pid > 0)
		waitpid(*pid, NULL, 0);
	return err;
}

int dmk_qemu_process_start(struct dmk_qemu_process *process, char *const argv[], const int *keep)
{
	int said[2], err;

	process->nr_words = 0;
	process->status = -1;
	if (pipe2(said, O_CLOEXEC))
		return -errno;
	fcntl(said[0], F_SETFL, O_NONBLOCK);
	err = fork_child(argv, keep, said[1], &process->pid);
	close(said[1]);
	if (err)
		goto close_said;
	process->said = said[0];
	process->pidfd = pidfd_open(process->pid, 0);
	if (process->pidfd >= 0)
		return 0;

	err = -errno;
	kill(process->pid, SIGKILL);
	waitpid(process->pid, NULL, 0);
close_said:
	close(said[0]);
	return err;
}

bool dmk_qemu_process_listen(struct dmk_qemu_process *process)
{
	size_t half = sizeof(process->words) / 2;
	ssize_t got;

	for (;;) {
		if (process->nr_words == sizeof(process->words)) {
			memmove(process->words, process->words + half, half);
			process->nr_words = half;
		}
		got = read(process->said, process->words + process->nr_words,
			   sizeof(process->words) - process->nr_words);
		if (got <= 0)
			break;
		process->nr_words += got;
	}
	return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static bool has_ended(struct dmk_qemu_process *process, int timeout_ms)
{
	struct pollfd fd = {.fd = process->pidfd, .events = POLLIN};
	int got;

	do
		got = poll(&fd, 1, timeout_ms);
	while (got < 0 && errno == EINTR);
	return got > 0;
}

/*
 * Signals go by pidfd: should the program have reaped our child with a wait() of its own, nobody
 * else gets them.
 */
void dmk_qemu_process_reap(struct dmk_qemu_process *process, int sig, int grace_ms)
{
	if (sig)
		pidfd_send_signal(process->pidfd, sig, NULL, 0);
	if (!has_ended(process, grace_ms)) {
		pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0);
		has_ended(process, -1);
	}
	if (waitpid(process->pid, &process->status, 0) < 0)
		process->status = -1;
	dmk_qemu_process_listen(process);
	close(process->said);
	close(process->pidfd);
}

static bool starts(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* QEMU's own complaints and glib's; what else may be there is register dumps and notes. */
static bool is_complaint(const char *line)
{
	return starts(line, "qemu") || starts(line, "ERROR:") || starts(line, "Bail out!") ||
	       strstr(line, "Assertion");
}

static const char *without_program(const char *line)
{
	const char *colon = strstr(line, ": ");

	return starts(line, "qemu") && colon ? colon + 2 : line;
}

void dmk_qemu_process_words(const struct dmk_qemu_process *process, char *text, size_t size)
{
	char copy[sizeof(process->words) + 1], *line, *rest = copy;
	const char *best = "";
	bool complaint = false;

	memcpy(copy, process->words, process->nr_words);
	copy[process->nr_words] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		if (!*line || strstr(line, "terminating on signal") ||
		    (complaint && !is_complaint(line)))
			continue;
		complaint = is_complaint(line);
		best = line;
	}
	snprintf(text, size, "%s", without_program(best));
}

void dmk_qemu_process_end(const struct dmk_qemu_process *process, char *text, size_t size)
{
	int status = process->status;

	if (status == -1)
		snprintf(text, size, "ended");
	else if (WIFSIGNALED(status))
		snprintf(text, size, "was killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "exited with status %d", WEXITSTATUS(status));
}
