/* SPDX-License-Identifier: MIT */
/*
 * Modules: each driver is one, all are linked into one program, and who runs the program loads and
 * unloads them (dmakit/kernel.h).
 */
#ifndef _LINUX_MODULE_H
#define _LINUX_MODULE_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kobject.h>
#include <linux/mod_devicetable.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/stat.h>

#define DMK_PASTE_(a, b) a##b
#define DMK_PASTE(a, b) DMK_PASTE_(a, b)

/* "tag=text" and a zero byte, in the section that modinfo-like tools read. */
#define MODULE_INFO(tag, text)                                                                     \
	static const char DMK_PASTE(dmk_modinfo_##tag, __COUNTER__)[]                              \
		__attribute__((used, section("dmk_modinfo"))) = #tag "=" text

#define MODULE_LICENSE(text) MODULE_INFO(license, text)
#define MODULE_AUTHOR(text) MODULE_INFO(author, text)
#define MODULE_DESCRIPTION(text) MODULE_INFO(description, text)
#define MODULE_VERSION(text) MODULE_INFO(version, text)
#define MODULE_ALIAS(text) MODULE_INFO(alias, text)
#define MODULE_SOFTDEP(text) MODULE_INFO(softdep, text)
#define MODULE_FIRMWARE(text) MODULE_INFO(firmware, text)
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, #ns)
#define MODULE_SUPPORTED_DEVICE(text)

/* A table of ids, ended by an empty one, in the section of its kind: dmk_pci_ids, dmk_of_ids, … */
struct dmk_id_table {
	const char *module;
	const void *ids;
};

#define MODULE_DEVICE_TABLE(kind, table)                                                           \
	static const struct dmk_id_table dmk_ids_##kind##_##table = { KBUILD_MODNAME, (table) };   \
	static const struct dmk_id_table *const dmk_ids_entry_##kind##_##table                     \
		__attribute__((used, section("dmk_" #kind "_ids"))) = &dmk_ids_##kind##_##table

/**
 * try_module_get - count a user: false when the module is being unloaded. NULL stands for the
 * kernel and is always there.
 */
bool try_module_get(struct module *module) DMK_SYM(try_module_get);
void __module_get(struct module *module) __asm__("dmk_module_hold");
void module_put(struct module *module) DMK_SYM(module_put);
int module_refcount(struct module *module) DMK_SYM(module_refcount);

static inline const char *module_name(struct module *module)
{
	return module ? module->name : "kernel";
}

#define request_module(...) (-38)        /* -ENOSYS: a program loads its modules by name */
#define request_module_nowait(...) (-38)

#endif
