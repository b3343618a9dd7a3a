/* SPDX-License-Identifier: MIT */
/*
 * What the test sees of the driver in shown.c; both worlds include it.
 */
#ifndef TESTS_DEVICE_SHOWN_H
#define TESTS_DEVICE_SHOWN_H

enum { SHOWN_TEXT = 16 };

struct shown_state {
	int plain, hidden, sets, gets, in_param, most_in_param, slow;
	unsigned char byte;
	unsigned int word;
	unsigned long long wide;
	_Bool flag;
	char text[SHOWN_TEXT];
	int simple, refuses; /* the attribute's number, what its set() says */
	int opens, releases, leave_behind;
	int probes, probe_result, removes, platform_probes;
	char sleep[32];         /* the callbacks, a letter each */
	int refuses_sleep;      /* the letter of the one that does */
	unsigned int id_vendor; /* of what it was probed with */
};

extern struct shown_state shown;

int shown_again(void);         /* what a second file of a name gives */
int shown_below_nothing(void); /* and one below an entry that is an error */
int shown_remove_simple(void); /* 0: it was looked up and removed */
void shown_remove_twice(void);

#endif
