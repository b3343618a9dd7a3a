/* SPDX-License-Identifier: MIT */
/*
 * Runtime power management by counts: a device that is enabled and has no user is suspended at
 * once, by its driver's callbacks. Autosuspend delays are accepted and not waited for.
 */
#ifndef _LINUX_PM_RUNTIME_H
#define _LINUX_PM_RUNTIME_H

#include <linux/device.h>
#include <linux/errno.h>
#include <linux/pm.h>

#define RPM_ASYNC 0x01
#define RPM_NOWAIT 0x02
#define RPM_GET_PUT 0x04
#define RPM_AUTO 0x08

/**
 * dmk_pm_get - one user more; @resume: and it runs when this returns. 0, 1 (it ran), -EACCES
 * (disabled), or what the driver said.
 */
int dmk_pm_get(struct device *dev, bool count, bool resume);
/**
 * dmk_pm_put - one user less; the last one's call suspends, if it is enabled. -EAGAIN: still in
 * use.
 */
int dmk_pm_put(struct device *dev, bool count, bool suspend);
void pm_runtime_enable(struct device *dev) DMK_SYM(pm_runtime_enable);
void pm_runtime_disable(struct device *dev) DMK_SYM(pm_runtime_disable);
int devm_pm_runtime_enable(struct device *dev) DMK_SYM(devm_pm_runtime_enable);
int pm_runtime_set_active(struct device *dev) DMK_SYM(pm_runtime_set_active);
int pm_runtime_set_suspended(struct device *dev) DMK_SYM(pm_runtime_set_suspended);

#define pm_runtime_get(dev) dmk_pm_get(dev, true, true)
#define pm_runtime_get_sync(dev) dmk_pm_get(dev, true, true)
#define pm_runtime_get_noresume(dev) ((void)dmk_pm_get(dev, true, false))
#define pm_runtime_resume(dev) dmk_pm_get(dev, false, true)
#define pm_request_resume(dev) dmk_pm_get(dev, false, true)
#define pm_runtime_put(dev) dmk_pm_put(dev, true, true)
#define pm_runtime_put_sync(dev) dmk_pm_put(dev, true, true)
#define pm_runtime_put_sync_suspend(dev) dmk_pm_put(dev, true, true)
#define pm_runtime_put_autosuspend(dev) dmk_pm_put(dev, true, true)
#define pm_runtime_put_sync_autosuspend(dev) dmk_pm_put(dev, true, true)
#define pm_runtime_put_noidle(dev) ((void)dmk_pm_put(dev, true, false))
#define pm_runtime_suspend(dev) dmk_pm_put(dev, false, true)
#define pm_runtime_idle(dev) dmk_pm_put(dev, false, true)
#define pm_runtime_autosuspend(dev) dmk_pm_put(dev, false, true)
#define pm_runtime_force_suspend(dev) dmk_pm_put(dev, false, true)
#define pm_runtime_force_resume(dev) dmk_pm_get(dev, false, true)

static inline int pm_runtime_resume_and_get(struct device *dev)
{
	int error = dmk_pm_get(dev, true, true);

	if (error >= 0)
		return 0;
	(void)dmk_pm_put(dev, true, false);
	return error;
}

static inline bool pm_runtime_suspended(struct device *dev)
{
	return dev->power.runtime_suspended && dev->power.runtime_enabled;
}

static inline bool pm_runtime_active(struct device *dev)
{
	return !dev->power.runtime_suspended || !dev->power.runtime_enabled;
}

static inline bool pm_runtime_status_suspended(struct device *dev)
{
	return dev->power.runtime_suspended;
}

static inline bool pm_runtime_enabled(struct device *dev)
{
	return dev->power.runtime_enabled;
}

static inline void pm_runtime_allow(struct device *dev)
{
}

static inline void pm_runtime_forbid(struct device *dev)
{
}

static inline void pm_runtime_use_autosuspend(struct device *dev)
{
}

static inline void pm_runtime_dont_use_autosuspend(struct device *dev)
{
}

static inline void pm_runtime_set_autosuspend_delay(struct device *dev, int delay_ms)
{
}

static inline void pm_runtime_mark_last_busy(struct device *dev)
{
}

static inline void pm_runtime_no_callbacks(struct device *dev)
{
}

#endif
