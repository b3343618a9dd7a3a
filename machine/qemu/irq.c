// SPDX-License-Identifier: MIT
/*
 * Interrupts of the QEMU machine: bookkeeping and delivery. How a line or message reaches us is
 * wire.c's and doorbell.c's.
 */
#include "irq.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

_Static_assert(DMK_QEMU_MSIS == 64, "msi_used has a bit for each");

void dmk_qemu_irqs_init(struct dmk_qemu_irqs *irqs, const struct dmk_qemu_board *board,
			uint64_t msi_address, int poke)
{
	memset(irqs, 0, sizeof(*irqs));
	pthread_mutex_init(&irqs->lock, NULL);
	irqs->first_input = board->first_irq;
	irqs->nr_inputs = board->nr_inputs;
	irqs->nr_rising = board->nr_rising;
	irqs->first_msi = board->first_irq + board->nr_inputs;
	irqs->nr_irqs = irqs->first_msi + (msi_address ? DMK_QEMU_MSIS : 0);
	irqs->msi_address = msi_address;
	irqs->poke = poke;
}

void dmk_qemu_irqs_destroy(struct dmk_qemu_irqs *irqs)
{
	pthread_mutex_destroy(&irqs->lock);
}

/*
 * A fall is told also while the number is disabled, so that whoever enables it again does not take
 * the line for up.
 */
static bool is_news(const struct dmk_qemu_irq *irq)
{
	return irq->up ? irq->enabled && (irq->fresh || !irq->told || irq->again)
		       : irq->told || (irq->enabled && irq->fresh);
}

/* With the lock held, after any change of @irq. */
static void poke_if_news(struct dmk_qemu_irqs *irqs, const struct dmk_qemu_irq *irq)
{
	if (is_news(irq))
		eventfd_write(irqs->poke, 1);
}

void dmk_qemu_irqs_input(struct dmk_qemu_irqs *irqs, unsigned int input, bool level)
{
	struct dmk_qemu_irq *irq;

	if (input >= irqs->nr_inputs)
		return;
	irq = &irqs->irq[irqs->first_input + input];
	pthread_mutex_lock(&irqs->lock);
	/* A line that falls before its rise was heard of takes it back, as before an 8259. */
	if (input < irqs->nr_rising)
		irq->fresh = level;
	else
		irq->up = level;
	poke_if_news(irqs, irq);
	pthread_mutex_unlock(&irqs->lock);
}

void dmk_qemu_irqs_message(struct dmk_qemu_irqs *irqs, unsigned int vector)
{
	struct dmk_qemu_irq *irq = &irqs->irq[irqs->first_msi + vector];

	pthread_mutex_lock(&irqs->lock);
	if (irqs->msi_used & 1ULL << vector)
		irq->fresh = true;
	poke_if_news(irqs, irq);
	pthread_mutex_unlock(&irqs->lock);
}

void dmk_qemu_irqs_enable(struct dmk_qemu_irqs *irqs, unsigned int number, bool enable)
{
	struct dmk_qemu_irq *irq = &irqs->irq[number];

	if (number >= irqs->nr_irqs)
		return;
	pthread_mutex_lock(&irqs->lock);
	irq->enabled = enable;
	irq->again = enable && irq->up; /* a level that is up is news again */
	poke_if_news(irqs, irq);
	pthread_mutex_unlock(&irqs->lock);
}

static unsigned int round_up_power(unsigned int n)
{
	unsigned int power = 1;

	while (power < n)
		power *= 2;
	return power;
}

static uint64_t bits(unsigned int first, unsigned int n)
{
	return (n == 64 ? ~0ULL : (1ULL << n) - 1) << first;
}

/* The first of @n free vectors in a row, at a multiple of @align; DMK_QEMU_MSIS: none. */
static unsigned int find_vectors(const struct dmk_qemu_irqs *irqs, unsigned int n,
				 unsigned int align)
{
	unsigned int first;

	for (first = 0; first + n <= DMK_QEMU_MSIS; first += align)
		if (!(irqs->msi_used & bits(first, n)))
			return first;
	return DMK_QEMU_MSIS;
}

int dmk_qemu_irqs_alloc(struct dmk_qemu_irqs *irqs, unsigned int n, bool contiguous,
			struct dmk_msi_message *messages)
{
	unsigned int first, i;

	if (!irqs->msi_address || !n || n > DMK_QEMU_MSIS)
		return -ENOSPC;
	pthread_mutex_lock(&irqs->lock);
	first = find_vectors(irqs, n, contiguous ? round_up_power(n) : 1);
	if (first < DMK_QEMU_MSIS) {
		irqs->msi_used |= bits(first, n);
		memset(&irqs->irq[irqs->first_msi + first], 0, n * sizeof(*irqs->irq));
	}
	pthread_mutex_unlock(&irqs->lock);
	if (first == DMK_QEMU_MSIS)
		return -ENOSPC;

	for (i = 0; i < n; i++)
		messages[i] = (struct dmk_msi_message){.address = irqs->msi_address,
						       .data = first + i};
	return irqs->first_msi + first;
}

void dmk_qemu_irqs_free(struct dmk_qemu_irqs *irqs, unsigned int first_irq, unsigned int n)
{
	if (first_irq < irqs->first_msi || first_irq >= irqs->nr_irqs || !n ||
	    n > irqs->nr_irqs - first_irq)
		return;
	pthread_mutex_lock(&irqs->lock);
	irqs->msi_used &= ~bits(first_irq - irqs->first_msi, n);
	memset(&irqs->irq[first_irq], 0, n * sizeof(*irqs->irq));
	pthread_mutex_unlock(&irqs->lock);
}

/* Takes one piece of news from @irq. Return: false when there is none. */
static bool take_news(struct dmk_qemu_irqs *irqs, struct dmk_qemu_irq *irq, bool *level, bool *edge)
{
	bool news;

	pthread_mutex_lock(&irqs->lock);
	news = is_news(irq);
	*edge = irq->fresh;
	*level = irq->fresh || irq->up;
	if (news && irq->fresh) {
		irq->fresh = false;
	} else if (news) {
		irq->told = irq->up;
		irq->again = false;
	}
	pthread_mutex_unlock(&irqs->lock);
	return news;
}

void dmk_qemu_irqs_deliver(struct dmk_qemu_irqs *irqs, const struct dmk_sink *sink)
{
	bool level, edge;
	unsigned int i;

	for (i = 1; i < irqs->nr_irqs; i++)
		while (take_news(irqs, &irqs->irq[i], &level, &edge))
			sink->irq(sink->ctx, i, level, edge);
}
