/* SPDX-License-Identifier: MIT */
/*
 * Interrupt numbers, between cards and the sink. No controller's registers are simulated: a number
 * is enabled or not.
 *
 * A line is up while any card holds it up. A message that comes while its number is disabled waits,
 * once. The sink learns of a rise only while the number is enabled, and of a fall at any time, so
 * that who enables a line again knows it.
 *
 * The sink is called with no lock held: whoever changes a line tells the sink until what it was
 * told is what is, and a second one that comes by meanwhile leaves it to the first. What
 * irq_enable() finds up is told by the device thread, so that it may be called under the very lock
 * that the sink takes.
 */
#include "sim.h"

#include <errno.h>

/* With irq_lock held; it is let go of during the calls. */
static void deliver(struct sim *sim, unsigned int irq)
{
	struct sim_line *line = &sim->line[irq];

	if (line->delivering)
		return;
	line->delivering = true;
	for (;;) {
		bool edge = line->edge && line->enabled;
		bool rise = line->asserting && line->enabled && (!line->reported || line->again);
		bool fall = !line->asserting && line->reported;

		if (!edge && !rise && !fall)
			break;
		if (edge)
			line->edge = false;
		else
			line->reported = rise;
		if (!edge)
			line->again = false;
		pthread_mutex_unlock(&sim->irq_lock);
		if (sim->sink.irq)
			sim->sink.irq(sim->sink.ctx, irq, edge || rise, edge);
		pthread_mutex_lock(&sim->irq_lock);
	}
	line->delivering = false;
}

void dmk_sim_irq_level(struct sim *sim, unsigned int irq, bool up)
{
	if (!irq || irq >= SIM_WIRED_IRQS)
		return;
	pthread_mutex_lock(&sim->irq_lock);
	sim->line[irq].asserting += up ? 1 : -1;
	deliver(sim, irq);
	pthread_mutex_unlock(&sim->irq_lock);
}

void dmk_sim_irq_edge(struct sim *sim, unsigned int irq)
{
	pthread_mutex_lock(&sim->irq_lock);
	if (sim->line[irq].allocated) {
		sim->line[irq].edge = true;
		deliver(sim, irq);
	}
	pthread_mutex_unlock(&sim->irq_lock);
}

void dmk_sim_irq_rise(struct sim *sim, unsigned int irq, bool up)
{
	if (!irq || irq >= SIM_WIRED_IRQS)
		return;
	pthread_mutex_lock(&sim->irq_lock);
	sim->line[irq].edge = up;
	deliver(sim, irq);
	pthread_mutex_unlock(&sim->irq_lock);
}

void dmk_sim_irq_enable(struct sim *sim, unsigned int irq, bool enable)
{
	struct sim_line *line = &sim->line[irq];
	bool kick;

	if (irq >= SIM_IRQS)
		return;
	pthread_mutex_lock(&sim->irq_lock);
	line->enabled = enable;
	/*
	 * Said again, if it was said before: who disabled the number may have forgotten. Or not:
	 * then a fall that comes before it was said again has to be said too.
	 */
	line->again = enable && line->asserting;
	kick = enable && (line->asserting || line->edge);
	line->kicked |= kick;
	pthread_mutex_unlock(&sim->irq_lock);
	if (kick)
		dmk_sim_clock_kick(sim);
}

void dmk_sim_irq_deliver_kicked(struct sim *sim)
{
	pthread_mutex_lock(&sim->irq_lock);
	for (unsigned int irq = 1; irq < SIM_IRQS; irq++) {
		if (!sim->line[irq].kicked)
			continue;
		sim->line[irq].kicked = false;
		deliver(sim, irq);
	}
	pthread_mutex_unlock(&sim->irq_lock);
}

/* --- messages --------------------------------------------------------------------------------- */

static bool is_free(const struct sim *sim, unsigned int first, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (sim->line[first + i].allocated)
			return false;
	return true;
}

static unsigned int power_of_two_from(unsigned int n)
{
	unsigned int power = 1;

	while (power < n)
		power *= 2;
	return power;
}

/*
 * The data of a message is the number's place above SIM_WIRED_IRQS; that one is a multiple of every
 * power of two up to 256.
 */
int dmk_sim_msi_alloc(struct sim *sim, unsigned int n, bool contiguous,
		      struct dmk_msi_message *messages)
{
	unsigned int step = contiguous ? power_of_two_from(n) : 1, first;
	int result = -ENOSPC;

	if (!n || n > SIM_MSI_IRQS || !sim->profile.has_doorbell)
		return -ENOSPC;
	pthread_mutex_lock(&sim->irq_lock);
	for (first = SIM_WIRED_IRQS; first + n <= SIM_IRQS && result < 0; first += step)
		if (is_free(sim, first, n))
			result = first;
	for (unsigned int i = 0; result >= 0 && i < n; i++) {
		sim->line[result + i] = (struct sim_line){.allocated = true};
		messages[i].address = sim->profile.doorbell;
		messages[i].data = result + i - SIM_WIRED_IRQS;
	}
	pthread_mutex_unlock(&sim->irq_lock);
	return result;
}

void dmk_sim_msi_free(struct sim *sim, unsigned int first, unsigned int n)
{
	pthread_mutex_lock(&sim->irq_lock);
	for (unsigned int irq = first; irq < SIM_IRQS && irq - first < n; irq++) {
		if (irq < SIM_WIRED_IRQS)
			continue;
		sim->line[irq].allocated = false;
		sim->line[irq].enabled = false;
		sim->line[irq].edge = false;
	}
	pthread_mutex_unlock(&sim->irq_lock);
}

bool dmk_sim_msi_write(struct sim *sim, uint64_t address, uint32_t data)
{
	if (!sim->profile.has_doorbell || address != sim->profile.doorbell || data >= SIM_MSI_IRQS)
		return false;
	dmk_sim_irq_edge(sim, SIM_WIRED_IRQS + data);
	return true;
}
