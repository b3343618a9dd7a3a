/* SPDX-License-Identifier: MIT */
/*
 * The clock's rate, and a few numbers that libc's <sys/param.h> takes from here.
 */
#ifndef _LINUX_PARAM_H
#define _LINUX_PARAM_H

#undef HZ
#define HZ 250
#define USER_HZ 100
#define EXEC_PAGESIZE 4096
#define NOGROUP (-1)
#define MAXHOSTNAMELEN 64

#endif
