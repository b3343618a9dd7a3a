/* SPDX-License-Identifier: MIT */
/*
 * A module's own identity, and what it exports: the names are left in dmk_exports for who puts
 * several modules into one program. The program's link needs no export.
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

#define EXPORT_SYMBOL(symbol)                      \
	static const char dmk_export_##symbol[]    \
		__attribute__((used, section("dmk_exports"))) = #symbol
#define EXPORT_SYMBOL_GPL(symbol) EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_NS(symbol, ns) EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_NS_GPL(symbol, ns) EXPORT_SYMBOL(symbol)

#endif
