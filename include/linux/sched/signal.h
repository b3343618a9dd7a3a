/* SPDX-License-Identifier: MIT */
/*
 * Signals, as far as a sleeping driver knows them: one is pending, or not.
 */
#ifndef _LINUX_SCHED_SIGNAL_H
#define _LINUX_SCHED_SIGNAL_H

#include <linux/compiler.h>
#include <linux/types.h>

struct task_struct;

int signal_pending(struct task_struct *task) DMK_SYM(signal_pending);
int fatal_signal_pending(struct task_struct *task) DMK_SYM(fatal_signal_pending);
int signal_pending_state(unsigned int state, struct task_struct *task)
	DMK_SYM(signal_pending_state);
void flush_signals(struct task_struct *task) DMK_SYM(flush_signals);
#define allow_signal(signal) ((void)(signal))
#define disallow_signal(signal) ((void)(signal))
int send_sig(int signal, struct task_struct *task, int priv) DMK_SYM(send_sig);

#endif
