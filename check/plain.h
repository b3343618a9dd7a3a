/* SPDX-License-Identifier: MIT */
/* Calls that no judge would say a word of, taken note of without keeping other threads waiting. */
#ifndef CHECK_PLAIN_H
#define CHECK_PLAIN_H

#include "findings.h"

/**
 * dmk_plain - take note of an event, if it is as most are
 * Return: true: that was all. False: nothing was done, and the event must be judged.
 */
bool dmk_plain(struct dmk_checker *checker, struct dmk_seat *seat, const struct dmk_event *event,
	       const struct dmk_stack *stack);

/**
 * dmk_plain_stock - what a thread needs to do plain things, after one of its events had to be
 * judged for want of it. With the gate closed, as the next.
 */
void dmk_plain_stock(struct dmk_checker *checker, struct dmk_seat *seat);
/** dmk_plain_fold - what threads counted in their seats is added up. */
void dmk_plain_fold(struct dmk_checker *checker);

#endif
