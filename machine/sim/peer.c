/* SPDX-License-Identifier: MIT */
/*
 * A card's DMA to another card's registers: peer to peer. In four-byte words at most, as the bus's
 * byte enables have them; all of it in one BAR that answers, or refused. Not to a card's own
 * registers: a bus doesn't loop back.
 *
 * A card asks with its own lock held, and the peer's is needed. Cards that ask at once must not
 * wait for each other for ever:
 *
 *	writes are posted: they are queued here, and done by who holds no card's lock: the device
 *	thread, or the CPU before its next access to any register, so that a CPU that knows of a
 *	write finds it done; reads try for the peer's lock, and give up after a second: a completion
 *	timeout, which two cards get that do nothing but read each other at the very same time. They
 *	push the card's own earlier writes to the peer before them, as on a bus.
 *
 * A post is done under its peer's lock, and taken off the queue after that by who holds the
 * delivery lock; so while a reader has the peer's lock, the posts to that peer that are not done
 * stay where they are.
 */
#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WORD = 4, READ_TRIES = 10000, READ_PAUSE_NSEC = 100000 };

struct sim_post {
	struct sim_post *next; /* guarded by posts.lock */
	const struct dmk_instance *from;
	struct sim_peer to; /* where it was routed to when it was sent */
	bool done;          /* guarded by the peer's lock */
	size_t size;
	uint8_t bytes[];
};

bool dmk_sim_peer_find(const struct dmk_instance *card, uint64_t phys, size_t size,
		       struct sim_peer *peer)
{
	peer->card = dmk_sim_card_at(card->sim, false, phys, size, &peer->bar, &peer->offset);
	return peer->card && peer->card != card;
}

/* The widest aligned access that begins at @offset and is no longer than @left. */
static unsigned int width_at(uint64_t offset, size_t left)
{
	unsigned int width = WORD;

	while (width > left || offset & (width - 1))
		width /= 2;
	return width;
}

/* --- writes ----------------------------------------------------------------------------------- */

int dmk_sim_peer_write(struct dmk_instance *card, const struct sim_peer *peer, const void *bytes,
		       size_t size)
{
	struct sim_posts *posts = &card->sim->posts;
	struct sim_post *post = malloc(sizeof(*post) + size);

	if (!post)
		return -EIO;
	*post = (struct sim_post){.from = card, .to = *peer, .size = size};
	memcpy(post->bytes, bytes, size);
	pthread_mutex_lock(&posts->lock);
	*posts->last = post;
	posts->last = &post->next;
	__atomic_fetch_add(&posts->pending, 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&posts->lock);
	dmk_sim_clock_kick(card->sim);
	return 0;
}

/* With the peer's lock held. */
static void store(const struct sim_peer *to, const uint8_t *bytes, size_t size)
{
	unsigned int width;

	for (size_t at = 0; at < size; at += width) {
		uint64_t value = 0;

		width = width_at(to->offset + at, size - at);
		memcpy(&value, bytes + at, width);
		dmk_sim_bar_write(to->card, to->bar, to->offset + at, width, value);
	}
}

/* The same. */
static void do_post(struct sim_post *post)
{
	if (post->done)
		return;
	post->done = true;
	store(&post->to, post->bytes, post->size);
}

static struct sim_post *first_post(struct sim_posts *posts)
{
	struct sim_post *post;

	pthread_mutex_lock(&posts->lock);
	post = posts->first;
	pthread_mutex_unlock(&posts->lock);
	return post;
}

/* With the delivery lock held: nobody else takes any off. */
static void drop_first(struct sim_posts *posts)
{
	struct sim_post *post;

	pthread_mutex_lock(&posts->lock);
	post = posts->first;
	posts->first = post->next;
	if (!posts->first)
		posts->last = &posts->first;
	pthread_mutex_unlock(&posts->lock);
	free(post);
	/* Release: who reads 0 finds done what was. */
	__atomic_fetch_sub(&posts->pending, 1, __ATOMIC_RELEASE);
}

void dmk_sim_posts_deliver(struct sim *sim)
{
	struct sim_posts *posts = &sim->posts;
	/* Acquire: pairs with the release of who sent, and of who took off. */
	unsigned int n = __atomic_load_n(&posts->pending, __ATOMIC_ACQUIRE);
	struct sim_post *post;

	if (!n)
		return;
	/* No more than there were: a peer may post in answer, for ever. */
	pthread_mutex_lock(&posts->delivery);
	while (n-- && (post = first_post(posts))) {
		pthread_mutex_lock(&post->to.card->lock);
		do_post(post);
		pthread_mutex_unlock(&post->to.card->lock);
		drop_first(posts);
	}
	pthread_mutex_unlock(&posts->delivery);
}

void dmk_sim_posts_start(struct sim *sim)
{
	pthread_mutex_init(&sim->posts.lock, NULL);
	pthread_mutex_init(&sim->posts.delivery, NULL);
	sim->posts.last = &sim->posts.first;
}

void dmk_sim_posts_end(struct sim *sim)
{
	while (first_post(&sim->posts))
		drop_first(&sim->posts);
	pthread_mutex_destroy(&sim->posts.delivery);
	pthread_mutex_destroy(&sim->posts.lock);
}

/* --- at once ---------------------------------------------------------------------------------- */

static bool lock_in_time(struct dmk_instance *peer)
{
	const struct timespec pause = {.tv_nsec = READ_PAUSE_NSEC};

	for (unsigned int i = 0; i < READ_TRIES; i++) {
		if (!pthread_mutex_trylock(&peer->lock))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* The card's first post to the peer that is not done. With both cards' locks held. */
static struct sim_post *own_post(const struct dmk_instance *card, const struct dmk_instance *peer)
{
	struct sim_posts *posts = &card->sim->posts;
	struct sim_post *post;

	pthread_mutex_lock(&posts->lock);
	for (post = posts->first; post; post = post->next)
		if (post->to.card == peer && post->from == card && !post->done)
			break;
	pthread_mutex_unlock(&posts->lock);
	return post;
}

/* The card's own posts to the peer come first. */
static bool enter(struct dmk_instance *card, const struct sim_peer *peer)
{
	struct sim_post *post;

	if (!lock_in_time(peer->card))
		return false;
	while ((post = own_post(card, peer->card)))
		do_post(post);
	return true;
}

int dmk_sim_peer_write_now(struct dmk_instance *card, const struct sim_peer *peer,
			   const void *bytes, size_t size)
{
	if (!enter(card, peer))
		return -EIO;
	store(peer, bytes, size);
	pthread_mutex_unlock(&peer->card->lock);
	return 0;
}

int dmk_sim_peer_read(struct dmk_instance *card, const struct sim_peer *peer, void *bytes,
		      size_t size)
{
	unsigned int width;

	if (!enter(card, peer))
		return -EIO;
	for (size_t at = 0; at < size; at += width) {
		uint64_t value;

		width = width_at(peer->offset + at, size - at);
		value = dmk_sim_bar_read(peer->card, peer->bar, peer->offset + at, width);
		memcpy((uint8_t *)bytes + at, &value, width);
	}
	pthread_mutex_unlock(&peer->card->lock);
	return 0;
}
