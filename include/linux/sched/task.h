/* SPDX-License-Identifier: MIT */
/*
 * References to tasks.
 */
#ifndef _LINUX_SCHED_TASK_H
#define _LINUX_SCHED_TASK_H

#include <linux/sched.h>
#include <linux/uaccess.h>

struct task_struct *get_task_struct(struct task_struct *task) DMK_SYM(get_task_struct);
void put_task_struct(struct task_struct *task) DMK_SYM(put_task_struct);

#endif
