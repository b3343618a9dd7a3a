/* SPDX-License-Identifier: MIT */
/*
 * Where a module begins and ends. The sections that a kernel throws away after boot stay: a module
 * may be loaded many times.
 */
#ifndef _LINUX_INIT_H
#define _LINUX_INIT_H

#include <linux/compiler.h>
#include <linux/export.h>

#define __init __cold
#define __exit __cold __attribute__((unused))
#define __initdata
#define __exitdata
#define __initconst
#define __exitconst
#define __exit_p(function) (function)
#define __init_or_module
#define __ref
#define __refdata
#define __refconst

typedef int (*initcall_t)(void);
typedef void (*exitcall_t)(void);

/*
 * One line of a module: what to call, and when among its kin. Collected by the linker in
 * dmk_modules.
 */
struct dmk_module_part {
	const char *module; /* KBUILD_MODNAME */
	int (*init)(void);  /* one of the two */
	void (*exit)(void);
	int level;          /* initialisers of lower levels run first, exits in reverse */
};

#define DMK_MODULE_PART(function, member, part_level)                                              \
	static const struct dmk_module_part dmk_part_##member##_##function = {                     \
		.module = KBUILD_MODNAME, .member = (function), .level = (part_level),             \
	};                                                                                         \
	static const struct dmk_module_part *const dmk_entry_##member##_##function                 \
		__attribute__((used, section("dmk_modules"))) = &dmk_part_##member##_##function

#define early_initcall(function) DMK_MODULE_PART(function, init, 0)
#define pure_initcall(function) DMK_MODULE_PART(function, init, 0)
#define core_initcall(function) DMK_MODULE_PART(function, init, 1)
#define postcore_initcall(function) DMK_MODULE_PART(function, init, 2)
#define arch_initcall(function) DMK_MODULE_PART(function, init, 3)
#define subsys_initcall(function) DMK_MODULE_PART(function, init, 4)
#define fs_initcall(function) DMK_MODULE_PART(function, init, 5)
#define rootfs_initcall(function) DMK_MODULE_PART(function, init, 5)
#define device_initcall(function) DMK_MODULE_PART(function, init, 6)
#define late_initcall(function) DMK_MODULE_PART(function, init, 7)
#define late_initcall_sync(function) DMK_MODULE_PART(function, init, 7)
#define __initcall(function) device_initcall(function)

#define module_init(function) DMK_MODULE_PART(function, init, 6)
#define module_exit(function) DMK_MODULE_PART(function, exit, 6)

#endif
