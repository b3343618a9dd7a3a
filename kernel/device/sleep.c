// SPDX-License-Identifier: MIT
/*
 * The machine goes to sleep, and wakes: freezable threads stand still, then the drivers' callbacks
 * are called, phase by phase, devices before those they hang on; the way up is the way down
 * reversed. Nothing loses power: what a card forgets while it sleeps a model would have to play.
 * Interrupts come in all phases, also where Linux keeps them back.
 *
 *	awake -> prepare -> suspend -> suspend_late -> suspend_noirq -> asleep
 *	awake <- complete <- resume <- resume_early <- resume_noirq <-
 */
#include "internal.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include <dmakit/kernel.h>
#include <linux/device.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>

#include "../internal.h"

enum { PATIENCE_MS = 20000 };

enum phase { AWAKE, PREPARED, SUSPENDED, LATE, ASLEEP };

/* The calls that lead to a phase, and back out of it. */
static const struct {
	size_t down, up;
	const char *down_name, *up_name;
} calls[] = {
#define CALLS(down, up)                                                                        \
	{                                                                                      \
		offsetof(struct dev_pm_ops, down), offsetof(struct dev_pm_ops, up), #down, #up \
	}
	[SUSPENDED] = CALLS(suspend, resume),
	[LATE] = CALLS(suspend_late, resume_early),
	[ASLEEP] = CALLS(suspend_noirq, resume_noirq),
};

struct sleeper {
	struct device *dev; /* referenced */
	enum phase reached;
};

/* Guards what follows; held while drivers are called, which don't come back here. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sleeper *sleepers; /* in the order in which they were added; NULL: awake */
static size_t nr_sleepers;

/* --- one device ------------------------------------------------------------------------------- */

static bool is_pci(const struct device *dev)
{
	return dev->bus == &pci_bus_type;
}

/* What drivers had before there were tables of callbacks. */
static int call_old(struct device *dev, bool down)
{
	struct pci_driver *pci = is_pci(dev) ? to_pci_driver(dev->driver) : NULL;
	struct platform_driver *platform = dev->bus == &platform_bus_type
						   ? to_platform_driver(dev->driver)
						   : NULL;

	if (pci && down)
		return pci->suspend ? pci->suspend(to_pci_dev(dev), PMSG_SUSPEND) : 0;
	if (pci)
		return pci->resume ? pci->resume(to_pci_dev(dev)) : 0;
	if (platform && down)
		return platform->suspend ? platform->suspend(to_platform_device(dev), PMSG_SUSPEND)
					 : 0;
	return platform && platform->resume ? platform->resume(to_platform_device(dev)) : 0;
}

static int call(struct device *dev, enum phase phase, bool down)
{
	const struct dev_pm_ops *pm = dev->driver->pm;
	int (*callback)(struct device *);

	if (!pm)
		return phase == SUSPENDED ? call_old(dev, down) : 0;
	callback = *(int (*const *)(struct device *))((const char *)pm +
						      (down ? calls[phase].down : calls[phase].up));
	return callback ? callback(dev) : 0;
}

/* What the bus does for its functions, unless their driver has done it. */
static void pci_down(struct pci_dev *pdev)
{
	if (!pdev->state_saved)
		pci_save_state(pdev);
	if (pdev->pm_cap && pdev->current_state == PCI_D0)
		pci_set_power_state(pdev, PCI_D3hot);
}

static void pci_up(struct pci_dev *pdev)
{
	if (pdev->current_state != PCI_D0)
		pci_set_power_state(pdev, PCI_D0);
	pci_restore_state(pdev);
}

static int prepare(struct device *dev)
{
	const struct dev_pm_ops *pm = dev->driver->pm;
	int error;

	pm_runtime_get_noresume(dev);
	error = pm && pm->prepare ? pm->prepare(dev) : 0;
	if (error < 0)
		pm_runtime_put_noidle(dev);
	return error < 0 ? error : 0; /* above 0: it may stay as it is, which is not done here */
}

static void complete_one(struct device *dev)
{
	const struct dev_pm_ops *pm = dev->driver->pm;

	if (pm && pm->complete)
		pm->complete(dev);
	pm_runtime_put_noidle(dev);
}

static int down(struct device *dev, enum phase phase)
{
	int error;

	if (phase == PREPARED)
		return prepare(dev);
	/* A PCI function is awake when its driver is told to suspend it. */
	if (phase == SUSPENDED && is_pci(dev))
		pm_runtime_resume(dev);
	error = call(dev, phase, true);
	if (!error && phase == ASLEEP && is_pci(dev))
		pci_down(to_pci_dev(dev));
	return error;
}

static int up(struct device *dev, enum phase phase)
{
	if (phase == PREPARED) {
		complete_one(dev);
		return 0;
	}
	if (phase == ASLEEP && is_pci(dev))
		pci_up(to_pci_dev(dev));
	return call(dev, phase, false);
}

/* --- all of them ------------------------------------------------------------------------------ */

static int collect(void)
{
	struct device *dev = NULL;
	size_t room = 0;

	while ((dev = dmk_device_next(dev)))
		room++;
	sleepers = calloc(room + 1, sizeof(*sleepers));
	if (!sleepers)
		return -ENOMEM;
	nr_sleepers = 0;
	while ((dev = dmk_device_next(dev)) && nr_sleepers < room)
		if (device_is_bound(dev))
			sleepers[nr_sleepers++].dev = get_device(dev);
	put_device(dev);
	return 0;
}

static void forget(void)
{
	for (size_t i = 0; i < nr_sleepers; i++)
		put_device(sleepers[i].dev);
	free(sleepers);
	sleepers = NULL;
	nr_sleepers = 0;
}

/* A step of one device; one that has lost its driver meanwhile has nothing to do. */
static int step_down(struct sleeper *sleeper, enum phase phase)
{
	int error = 0;

	device_lock(sleeper->dev);
	if (device_is_bound(sleeper->dev))
		error = down(sleeper->dev, phase);
	if (error)
		dev_err(sleeper->dev, "%s gives %d: the machine stays awake\n",
			phase == PREPARED ? "prepare" : calls[phase].down_name, error);
	else
		sleeper->reached = phase;
	device_unlock(sleeper->dev);
	return error;
}

static int step_up(struct sleeper *sleeper, enum phase phase)
{
	int error = 0;

	device_lock(sleeper->dev);
	if (sleeper->reached == phase && device_is_bound(sleeper->dev))
		error = up(sleeper->dev, phase);
	if (sleeper->reached == phase)
		sleeper->reached = phase - 1;
	if (error)
		dev_err(sleeper->dev, "%s gives %d\n", calls[phase].up_name, error);
	device_unlock(sleeper->dev);
	return error;
}

/* Devices are prepared in the order in which they were added, and go to sleep in the other. */
static int all_down(enum phase phase)
{
	int error = 0;

	for (size_t i = 0; i < nr_sleepers && !error; i++)
		error = step_down(&sleepers[phase == PREPARED ? i : nr_sleepers - 1 - i], phase);
	return error;
}

static int all_up(enum phase phase)
{
	int first_error = 0;

	for (size_t i = 0; i < nr_sleepers; i++) {
		int error = step_up(&sleepers[phase == PREPARED ? nr_sleepers - 1 - i : i], phase);

		first_error = first_error ? first_error : error;
	}
	return first_error;
}

/* The lock is held. */
static int wake(void)
{
	int first_error = 0;

	for (enum phase phase = ASLEEP; sleepers && phase > AWAKE; phase--) {
		int error = all_up(phase);

		first_error = first_error ? first_error : error;
	}
	forget();
	dmk_threads_thaw();
	return first_error;
}

int dmk_sleep(void)
{
	int error = -EBUSY;

	pthread_mutex_lock(&lock);
	if (sleepers)
		goto unlock;
	error = dmk_threads_freeze(PATIENCE_MS);
	if (error)
		goto unlock;
	error = collect();
	for (enum phase phase = PREPARED; !error && phase <= ASLEEP; phase++)
		error = all_down(phase);
	if (error)
		wake();
unlock:
	pthread_mutex_unlock(&lock);
	return error;
}

int dmk_wake(void)
{
	int error = 0;

	pthread_mutex_lock(&lock);
	if (sleepers)
		error = wake();
	pthread_mutex_unlock(&lock);
	return error;
}
