/* SPDX-License-Identifier: MIT */
/*
 * ISA drivers say how many devices they expect; match() says which are there. Such a device drives
 * 24 address bits.
 */
#ifndef _LINUX_ISA_H
#define _LINUX_ISA_H

#include <linux/device.h>
#include <linux/errno.h>

struct isa_driver {
	int (*match)(struct device *dev, unsigned int id);
	int (*probe)(struct device *dev, unsigned int id);
	void (*remove)(struct device *dev, unsigned int id);
	void (*shutdown)(struct device *dev, unsigned int id);
	int (*suspend)(struct device *dev, unsigned int id, pm_message_t state);
	int (*resume)(struct device *dev, unsigned int id);
	struct device_driver driver;
	struct device *devices; /* the bus's */
};

#define to_isa_driver(x) \
	((struct isa_driver *)((char *)(x) - __builtin_offsetof(struct isa_driver, driver)))

/** isa_register_driver - 0, -ENODEV (no such bus, or no device matched), -ENOMEM */
int isa_register_driver(struct isa_driver *drv, unsigned int ndev) DMK_SYM(isa_register_driver);
void isa_unregister_driver(struct isa_driver *drv) DMK_SYM(isa_unregister_driver);

#define module_isa_driver(driver, ndev)                                                            \
	static int __init driver##_init(void)                                                      \
	{                                                                                          \
		return isa_register_driver(&(driver), (ndev));                                     \
	}                                                                                          \
	module_init(driver##_init);                                                                \
	static void __exit driver##_exit(void)                                                     \
	{                                                                                          \
		isa_unregister_driver(&(driver));                                                  \
	}                                                                                          \
	module_exit(driver##_exit)

#endif
