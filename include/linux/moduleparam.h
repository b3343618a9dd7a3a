/* SPDX-License-Identifier: MIT */
/*
 * Module parameters: values that whoever loads a module can set by name. Collected by the linker in
 * dmk_params.
 */
#ifndef _LINUX_MODULEPARAM_H
#define _LINUX_MODULEPARAM_H

#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/export.h>
#include <linux/init.h>

struct kernel_param;

struct kernel_param_ops {
	unsigned int flags;
	int (*set)(const char *value, const struct kernel_param *param);
	int (*get)(char *buffer, const struct kernel_param *param);
	void (*free)(void *arg);
};

#define KERNEL_PARAM_OPS_FL_NOARG (1 << 0) /* the name alone will do: set() gets NULL */

struct kparam_string {
	unsigned int maxlen;
	char *string;
};

struct kparam_array {
	unsigned int max;
	unsigned int elemsize;
	unsigned int *num;
	const struct kernel_param_ops *ops;
	void *elem;
};

struct kernel_param {
	const char *name;
	struct module *mod;
	const struct kernel_param_ops *ops;
	const u16 perm;
	s8 level;
	u8 flags;
	union {
		void *arg;
		const struct kparam_string *str;
		const struct kparam_array *arr;
	};
};

#define DMK_PARAM(param_name, param_ops, param_perm, ...)                                          \
	static const struct kernel_param dmk_param_##param_name = {                                \
		.name = #param_name, .mod = THIS_MODULE, .ops = (param_ops), .perm = (param_perm), \
		__VA_ARGS__                                                                        \
	};                                                                                         \
	static const struct kernel_param *const dmk_param_entry_##param_name                       \
		__attribute__((used, section("dmk_params"))) = &dmk_param_##param_name

#define module_param(name, type, perm) module_param_named(name, name, type, perm)
#define module_param_named(name, variable, type, perm)                                             \
	static __attribute__((unused)) __typeof__(variable) *dmk_param_check_##name(void)          \
	{                                                                                          \
		return dmk_param_is_##type(&(variable));                                           \
	}                                                                                          \
	DMK_PARAM(name, &param_ops_##type, perm, .arg = &(variable))
#define module_param_unsafe(name, type, perm) module_param(name, type, perm)
#define module_param_hw(name, type, hwtype, perm) module_param(name, type, perm)
#define module_param_hw_named(name, variable, type, hwtype, perm) \
	module_param_named(name, variable, type, perm)
#define module_param_cb(name, ops, argument, perm) DMK_PARAM(name, ops, perm, .arg = (argument))
#define module_param_string(name, buffer, length, perm)                                            \
	static const struct kparam_string dmk_param_string_##name = { (length), (buffer) };        \
	DMK_PARAM(name, &param_ops_string, perm, .str = &dmk_param_string_##name)
#define module_param_array(name, type, count, perm) \
	module_param_array_named(name, name, type, count, perm)
#define module_param_array_named(name, array, type, count, perm)                                   \
	static const struct kparam_array dmk_param_array_##name = {                                \
		.max = sizeof(array) / sizeof((array)[0]), .elemsize = sizeof((array)[0]),         \
		.num = (count), .ops = &param_ops_##type, .elem = (array),                         \
	};                                                                                         \
	DMK_PARAM(name, &param_array_ops, perm, .arr = &dmk_param_array_##name)
#define module_param_hw_array(name, type, hwtype, count, perm) \
	module_param_array(name, type, count, perm)

#define MODULE_PARM_DESC(name, text) MODULE_INFO(parm, #name ":" text)

/*
 * set() understands 0x and 0 prefixes; -EINVAL: not a number, -ERANGE: it does not fit. get() ends
 * with a newline.
 */
#define DMK_PARAM_TYPE(name, type)                                                       \
	extern const struct kernel_param_ops param_ops_##name DMK_SYM(param_ops_##name); \
	int param_set_##name(const char *value, const struct kernel_param *param)        \
		DMK_SYM(param_set_##name);                                               \
	int param_get_##name(char *buffer, const struct kernel_param *param)             \
		DMK_SYM(param_get_##name);                                               \
	static inline type *dmk_param_is_##name(type *variable)                          \
	{                                                                                \
		return variable;                                                         \
	}

DMK_PARAM_TYPE(byte, unsigned char)
DMK_PARAM_TYPE(short, short)
DMK_PARAM_TYPE(ushort, unsigned short)
DMK_PARAM_TYPE(int, int)
DMK_PARAM_TYPE(uint, unsigned int)
DMK_PARAM_TYPE(long, long)
DMK_PARAM_TYPE(ulong, unsigned long)
DMK_PARAM_TYPE(ullong, unsigned long long)
DMK_PARAM_TYPE(hexint, unsigned int)
DMK_PARAM_TYPE(charp, char *)
DMK_PARAM_TYPE(bool, bool)
DMK_PARAM_TYPE(invbool, bool)
DMK_PARAM_TYPE(bint, int)

/*
 * <stdbool.h> makes bool a macro, so that the name of the type may arrive here as the compiler's
 * own.
 */
#define param_ops__Bool param_ops_bool
#define dmk_param_is__Bool dmk_param_is_bool

extern const struct kernel_param_ops param_ops_string DMK_SYM(param_ops_string);
extern const struct kernel_param_ops param_array_ops DMK_SYM(param_array_ops);
int param_set_copystring(const char *value, const struct kernel_param *param)
	DMK_SYM(param_set_copystring);
int param_get_string(char *buffer, const struct kernel_param *param) DMK_SYM(param_get_string);

/**
 * kernel_param_lock - keep whoever reads and writes /sys/module/NAME/parameters, or loads the
 * module, from its parameters; held while their get() and set() are called
 */
void kernel_param_lock(struct module *module) DMK_SYM(kernel_param_lock);
void kernel_param_unlock(struct module *module) DMK_SYM(kernel_param_unlock);

#endif
