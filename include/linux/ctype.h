/* SPDX-License-Identifier: MIT */
/*
 * Kinds of characters, of ASCII. They are libc's, which are the same; declared so that both headers
 * can be included, in either order.
 */
#ifndef _LINUX_CTYPE_H
#define _LINUX_CTYPE_H

extern int(isalnum)(int c);
extern int(isalpha)(int c);
extern int(iscntrl)(int c);
extern int(isdigit)(int c);
extern int(isgraph)(int c);
extern int(islower)(int c);
extern int(isprint)(int c);
extern int(ispunct)(int c);
extern int(isspace)(int c);
extern int(isupper)(int c);
extern int(isxdigit)(int c);
extern int(tolower)(int c);
extern int(toupper)(int c);

#ifndef isascii
#define isascii(c) (((c) & ~0x7f) == 0)
#endif
#ifndef toascii
#define toascii(c) ((c) & 0x7f)
#endif

#endif
