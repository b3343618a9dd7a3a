/* SPDX-License-Identifier: MIT */
/*
 * A module's own identity, and exports, which mean nothing here: all modules of a program are
 * linked with each other.
 */
#ifndef _LINUX_EXPORT_H
#define _LINUX_EXPORT_H

#include <linux/compiler.h>
#include <linux/types.h>

/*
 * dmakit-cc passes the module's name; a file that was compiled by hand is a module named after
 * itself.
 */
#ifndef KBUILD_MODNAME
#define KBUILD_MODNAME __FILE__
#endif

struct dmk_module;

enum module_state {
	MODULE_STATE_LIVE,
	MODULE_STATE_COMING,
	MODULE_STATE_GOING,
	MODULE_STATE_UNFORMED,
};

/*
 * One for each file of a module; what they share (loaded or not, the count of users) is found by
 * the name.
 */
struct module {
	const char *name;
	const char *version;
	struct dmk_module *dmk;
};

static struct module dmk_this_module __attribute__((unused)) = { .name = KBUILD_MODNAME };
#define THIS_MODULE (&dmk_this_module)

#define EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_GPL(symbol)
#define EXPORT_SYMBOL_NS(symbol, ns)
#define EXPORT_SYMBOL_NS_GPL(symbol, ns)

#endif
