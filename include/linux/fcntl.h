/* SPDX-License-Identifier: MIT */
/*
 * Flags of open(2), in the C library's own spelling, so that both may define them.
 */
#ifndef _LINUX_FCNTL_H
#define _LINUX_FCNTL_H

#define O_ACCMODE	   0003
#define O_RDONLY	     00
#define O_WRONLY	     01
#define O_RDWR		     02
#ifndef O_CREAT
#define O_CREAT	   0100
#define O_EXCL		   0200
#define O_NOCTTY	   0400
#define O_TRUNC	  01000
#define O_APPEND	  02000
#define O_NONBLOCK	  04000
#define O_NDELAY	O_NONBLOCK
#define O_SYNC	       04010000
#endif

#endif
