/* SPDX-License-Identifier: MIT */
/*
 * core/cpu_parts.h for spin: a CPU uses its part without the lock, and another one gathers it. A CPU's stores wait in its buffer, in order,
 * and become seen whenever they like, or when a barrier makes them; that is also how a load that passes a store looks.
 *
 * -DLOST_BARRIER: without the barrier on every CPU. -DLOST_WAIT: without waiting for who is busy. Both must be found wrong.
 */
#define ROUNDS 3

bool open = true;  /* open[cpu], as memory has it */
bool busy = false; /* the CPU's, as memory has it */
chan buffer = [4] of { bool }; /* its stores to busy that nobody has seen */
bool lock = false;
byte inside = 0; /* who uses the part */
bool ended = false;

inline take_lock()
{
	atomic { !lock -> lock = true }
}

inline drop_lock()
{
	lock = false
}

inline use()
{
	inside++;
	assert(inside == 1);
	inside--
}

active proctype cpu()
{
	byte round = 0;
	bool seen;

	do
	:: round < ROUNDS ->
		round++;
		buffer!true;
		seen = open;
		if
		:: seen -> use()
		:: else
		fi;
		buffer!false;
		if
		:: seen
		:: else ->
			/* An atomic operation is a barrier for who does it. */
			empty(buffer);
			take_lock();
			use();
			drop_lock()
		fi
	:: else -> break
	od;
	ended = true
}

/* Its store buffer. */
active proctype memory()
{
	do
	:: atomic { buffer?busy }
	:: atomic { ended && empty(buffer) -> break }
	od
}

active proctype gatherer()
{
	byte round = 0;

	do
	:: round < ROUNDS ->
		round++;
		take_lock();
		open = false;
		drop_lock();
#ifndef LOST_BARRIER
		/* dmk_cpu_settle(): each CPU's stores up to now are seen, ... */
		atomic {
			do
			:: nempty(buffer) -> buffer?busy
			:: else -> break
			od
		};
#endif
#ifndef LOST_WAIT
		/* ... and it is waited for. */
		!busy;
#endif
		take_lock();
		use();
		open = true;
		drop_lock()
	:: else -> break
	od
}
