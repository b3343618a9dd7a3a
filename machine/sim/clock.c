/* SPDX-License-Identifier: MIT */
/*
 * The device thread: what cards do later, in the order it is due; and whether all is quiet. Time is
 * the host's monotonic clock: a driver's delays and timeouts are real.
 *
 * A timer stays armed until it runs with the card's lock held; so a card that cancels it, or sets
 * it anew, inside any of its functions knows that it did not run in between.
 */
#include "sim.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

static uint64_t now_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static struct timespec as_timespec(uint64_t nsec)
{
	return (struct timespec){.tv_sec = nsec / 1000000000, .tv_nsec = nsec % 1000000000};
}

static bool sooner(const struct sim_timer *a, const struct sim_timer *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

enum { LATE_NSEC = 200 * 1000 };

/* Half of the times no more than a turn for who is waiting. */
void dmk_sim_late(const struct sim *sim, uint64_t *random)
{
	uint64_t drawn;

	if (!sim->profile.interleave)
		return;
	drawn = dmk_sim_random(random);
	if (drawn % sim->profile.interleave)
		return;
	drawn = dmk_sim_random(random);
	if (drawn & 1)
		sched_yield();
	else
		nanosleep(&(struct timespec){.tv_nsec = (long)((drawn >> 1) % LATE_NSEC)}, NULL);
}

/* The armed timer that is due first, and its card. */
static struct sim_timer *first_due(struct sim *sim, struct dmk_instance **card)
{
	struct sim_timer *first = NULL;

	for (struct dmk_instance *at = sim->instances; at; at = at->next)
		for (unsigned int i = 0; i < SIM_TIMERS; i++) {
			struct sim_timer *timer = &at->timer[i];

			if (!timer->fn || (first && !sooner(timer, first)))
				continue;
			first = timer;
			*card = at;
		}
	return first;
}

/* Said of each: what it reads may be an answer to a register write that orders nothing (COH-05). */
static void run_because(const struct sim *sim, struct dmk_instance *card,
			const struct sim_timer *timer)
{
	const struct dmk_stores *stores = sim->stores;

	if (stores)
		stores->because(stores->ctx, timer->cause);
	timer->fn(card, card->state);
	if (stores)
		stores->because(stores->ctx, 0);
}

/* With clock.lock held; it is let go of, so that the card's lock can come first. */
static void run_timer(struct sim *sim, struct dmk_instance *card, struct sim_timer *timer)
{
	const struct sim_timer chosen = *timer;

	sim->clock.busy = true;
	pthread_mutex_unlock(&sim->clock.lock);
	dmk_sim_late(sim, &sim->clock.lateness);
	pthread_mutex_lock(&card->lock);
	pthread_mutex_lock(&sim->clock.lock);
	if (timer->fn != chosen.fn || timer->order != chosen.order) {
		pthread_mutex_unlock(&card->lock);
		return;
	}
	timer->fn = NULL;
	pthread_mutex_unlock(&sim->clock.lock);
	run_because(sim, card, &chosen);
	pthread_mutex_unlock(&card->lock);
	pthread_mutex_lock(&sim->clock.lock);
}

static void run_kicked(struct sim *sim)
{
	sim->clock.kicked = false;
	sim->clock.busy = true;
	pthread_mutex_unlock(&sim->clock.lock);
	dmk_sim_late(sim, &sim->clock.lateness);
	dmk_sim_irq_deliver_kicked(sim);
	dmk_sim_posts_deliver(sim);
	pthread_mutex_lock(&sim->clock.lock);
}

static void wait_until(struct sim_clock *clock, const struct sim_timer *timer)
{
	struct timespec due;

	clock->busy = false;
	pthread_cond_broadcast(&clock->quiet);
	if (!timer) {
		pthread_cond_wait(&clock->wake, &clock->lock);
		return;
	}
	due = as_timespec(timer->due);
	pthread_cond_timedwait(&clock->wake, &clock->lock, &due);
}

static void *device_thread(void *argument)
{
	struct sim *sim = argument;
	struct sim_clock *clock = &sim->clock;
	struct dmk_instance *card = NULL;

	pthread_setname_np(pthread_self(), "dmk-devices");
	pthread_mutex_lock(&clock->lock);
	while (!clock->ending) {
		struct sim_timer *timer = first_due(sim, &card);

		if (clock->kicked)
			run_kicked(sim);
		else if (timer && timer->due <= now_nsec())
			run_timer(sim, card, timer);
		else
			wait_until(clock, timer);
	}
	pthread_mutex_unlock(&clock->lock);
	return NULL;
}

int dmk_sim_clock_start(struct sim *sim)
{
	struct sim_clock *clock = &sim->clock;
	sigset_t all, before;
	int result;

	clock->lateness = sim->seed ^ 0x636c6f636b;
	/* The program's signals are for its own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&clock->thread, NULL, device_thread, sim);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (result)
		return -ENOMEM;
	clock->running = true;
	return 0;
}

void dmk_sim_clock_stop(struct sim *sim)
{
	struct sim_clock *clock = &sim->clock;

	if (!clock->running)
		return;
	pthread_mutex_lock(&clock->lock);
	clock->ending = true;
	pthread_cond_signal(&clock->wake);
	pthread_mutex_unlock(&clock->lock);
	pthread_join(clock->thread, NULL);
	clock->running = false;
}

void dmk_sim_clock_kick(struct sim *sim)
{
	pthread_mutex_lock(&sim->clock.lock);
	sim->clock.kicked = true;
	pthread_cond_signal(&sim->clock.wake);
	pthread_mutex_unlock(&sim->clock.lock);
}

bool dmk_sim_clock_quiesce(struct sim *sim, unsigned int usec)
{
	struct sim_clock *clock = &sim->clock;
	struct timespec until = as_timespec(now_nsec() + usec * 1000ULL);
	bool quiet;
	int result = 0;

	pthread_mutex_lock(&clock->lock);
	while ((clock->under_way || clock->kicked || clock->busy) && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&clock->quiet, &clock->lock, &until);
	quiet = !clock->under_way && !clock->kicked && !clock->busy;
	pthread_mutex_unlock(&clock->lock);
	return quiet;
}

/* --- timers ----------------------------------------------------------------------------------- */

static struct sim_timer *find_timer(struct dmk_instance *card,
				    void (*fn)(struct dmk_instance *card, void *state))
{
	for (unsigned int i = 0; i < SIM_TIMERS; i++)
		if (card->timer[i].fn == fn)
			return &card->timer[i];
	return NULL;
}

void dmk_sim_clock_set(struct dmk_instance *card, unsigned int usec,
		       void (*fn)(struct dmk_instance *card, void *state))
{
	const struct dmk_stores *stores = card->sim->stores;
	const uint64_t cause = stores ? stores->cause(stores->ctx) : 0;
	struct sim_clock *clock = &card->sim->clock;
	struct sim_timer *timer;

	pthread_mutex_lock(&clock->lock);
	timer = find_timer(card, fn);
	if (!timer)
		timer = find_timer(card, NULL);
	if (timer) {
		timer->fn = fn;
		timer->due = now_nsec() + usec * 1000ULL;
		timer->cause = cause;
		timer->order = ++clock->order;
		pthread_cond_signal(&clock->wake);
	}
	pthread_mutex_unlock(&clock->lock);
}

void dmk_sim_clock_cancel(struct dmk_instance *card,
			  void (*fn)(struct dmk_instance *card, void *state))
{
	struct sim_clock *clock = &card->sim->clock;
	struct sim_timer *timer;

	pthread_mutex_lock(&clock->lock);
	timer = find_timer(card, fn);
	if (timer)
		timer->fn = NULL;
	pthread_mutex_unlock(&clock->lock);
}
