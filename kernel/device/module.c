// SPDX-License-Identifier: MIT
/*
 * Modules: the linker collected their parts in sections; here they are put together by name, given
 * parameters, loaded and unloaded. Which modules a program has never changes while it runs.
 */
#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dmakit/kernel.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/printk.h>

enum { MODULES = 64, LEVELS = 8 };

/* What the linker names after each section; weak, because a program may have none of them. */
extern const struct dmk_module_part *const __start_dmk_modules[] __attribute__((weak));
extern const struct dmk_module_part *const __stop_dmk_modules[] __attribute__((weak));
extern const struct kernel_param *const __start_dmk_params[] __attribute__((weak));
extern const struct kernel_param *const __stop_dmk_params[] __attribute__((weak));
extern const struct dmk_id_table *const __start_dmk_pci_ids[] __attribute__((weak));
extern const struct dmk_id_table *const __stop_dmk_pci_ids[] __attribute__((weak));
extern const struct dmk_id_table *const __start_dmk_of_ids[] __attribute__((weak));
extern const struct dmk_id_table *const __stop_dmk_of_ids[] __attribute__((weak));

struct dmk_module {
	char name[64];
	enum module_state state;
	int users;
	unsigned long moment; /* when it was loaded, or a driver of it bound: larger is later */
	pthread_mutex_t params; /* held around a parameter's get() and set() */
};

static struct dmk_module modules[MODULES];
static unsigned int nr_modules;
static bool collected;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * "drivers/edu-card.c" is the module edu_card; a name that the compiler was given is taken as it
 * is.
 */
static void module_name_of(const char *from, char name[64])
{
	const char *slash = strrchr(from, '/');
	const char *base = slash ? slash + 1 : from;
	const char *dot = strrchr(base, '.');
	size_t n = dot && (!strcmp(dot, ".c") || !strcmp(dot, ".o")) ? (size_t)(dot - base)
								     : strlen(base);

	if (n > 63)
		n = 63;
	for (size_t i = 0; i < n; i++)
		name[i] = base[i] == '-' ? '_' : base[i];
	name[n] = '\0';
}

static struct dmk_module *find(const char *from)
{
	char name[64];

	module_name_of(from, name);
	for (unsigned int i = 0; i < nr_modules; i++)
		if (!strcmp(modules[i].name, name))
			return &modules[i];
	return NULL;
}

static void note(const char *from)
{
	if (find(from))
		return;
	if (nr_modules == MODULES) {
		fprintf(stderr, "module %s: this program has more than %d modules\n", from,
			MODULES);
		return;
	}
	modules[nr_modules].state = MODULE_STATE_UNFORMED;
	pthread_mutex_init(&modules[nr_modules].params, NULL);
	module_name_of(from, modules[nr_modules++].name);
}

#define for_each_entry(entry, section)                                    \
	for (__typeof__(&__start_##section[0]) entry = __start_##section; \
	     entry < __stop_##section; entry++)                           \
		if (*entry)

static void collect(void)
{
	pthread_mutex_lock(&lock);
	if (!collected) {
		for_each_entry(part, dmk_modules) note((*part)->module);
		for_each_entry(param, dmk_params) note((*param)->mod->name);
	}
	collected = true;
	pthread_mutex_unlock(&lock);
}

bool dmk_module_get(unsigned int index, struct dmk_module_info *info)
{
	collect();
	if (index >= nr_modules)
		return false;
	info->name = modules[index].name;
	info->loaded = modules[index].state == MODULE_STATE_LIVE;
	return true;
}

/* --- loading ---------------------------------------------------------------------------------- */

static int call_inits(struct dmk_module *module, int *level)
{
	for (*level = 0; *level < LEVELS; ++*level) {
		for_each_entry(part, dmk_modules)
		{
			int error;

			if ((*part)->level != *level || !(*part)->init ||
			    find((*part)->module) != module)
				continue;
			error = (*part)->init();
			if (error < 0)
				return error;
			if (error > 0)
				printk(KERN_WARNING
				       "module %s: init returned %d, which is neither success nor an error\n",
				       module->name, error);
		}
	}
	return 0;
}

/* Exits in the reverse order of what would be their initialisers. */
static void call_exits(struct dmk_module *module)
{
	for (int level = LEVELS - 1; level >= 0; level--) {
		for (size_t i = __stop_dmk_modules - __start_dmk_modules; i > 0; i--) {
			const struct dmk_module_part *part = __start_dmk_modules[i - 1];

			if (part && part->level == level && part->exit &&
			    find(part->module) == module)
				part->exit();
		}
	}
}

static bool can_unload(struct dmk_module *module)
{
	bool has_init = false, has_exit = false;

	for_each_entry(part, dmk_modules)
	{
		if (find((*part)->module) != module)
			continue;
		has_init |= (*part)->init != NULL;
		has_exit |= (*part)->exit != NULL;
	}
	return has_exit || !has_init;
}

static void show_params(struct dmk_module *module)
{
	for_each_entry(param, dmk_params) if (find((*param)->mod->name) == module)
		dmk_param_file_make(module->name, *param);
}

static void note_moment(struct dmk_module *module)
{
	static unsigned long moments;

	__atomic_store_n(&module->moment, __atomic_add_fetch(&moments, 1, __ATOMIC_RELAXED),
			 __ATOMIC_RELAXED);
}

static int load(struct dmk_module *module)
{
	int error, level;

	if (module->state == MODULE_STATE_LIVE)
		return -EEXIST;
	module->state = MODULE_STATE_COMING;
	/* Before its drivers: what waited for them is bound while they come. */
	note_moment(module);
	show_params(module);
	error = call_inits(module, &level);
	module->state = error ? MODULE_STATE_UNFORMED : MODULE_STATE_LIVE;
	if (error)
		dmk_param_files_remove(module->name);
	if (error)
		printk(KERN_ERR "module %s: init failed with error %d\n", module->name, error);
	return error;
}

int dmk_module_load(const char *name)
{
	struct dmk_module *module;
	int error = 0;

	collect();
	if (name) {
		module = find(name);
		return module ? load(module) : -ENOENT;
	}
	for (unsigned int i = 0; i < nr_modules && !error; i++)
		error = modules[i].state == MODULE_STATE_LIVE ? 0 : load(&modules[i]);
	return error;
}

static int unload(struct dmk_module *module)
{
	int users;

	if (module->state != MODULE_STATE_LIVE)
		return -ENOENT;
	pthread_mutex_lock(&lock);
	users = module->users;
	if (!users && can_unload(module))
		module->state = MODULE_STATE_GOING;
	pthread_mutex_unlock(&lock);
	if (module->state != MODULE_STATE_GOING)
		return -EBUSY;
	call_exits(module);
	dmk_param_files_remove(module->name);
	module->state = MODULE_STATE_UNFORMED;
	return 0;
}

/* The loaded module of the latest moment before that one. */
static struct dmk_module *newest_below(unsigned long moment)
{
	struct dmk_module *newest = NULL;

	for (unsigned int i = 0; i < nr_modules; i++)
		if (modules[i].state == MODULE_STATE_LIVE && modules[i].moment < moment &&
		    (!newest || modules[i].moment > newest->moment))
			newest = &modules[i];
	return newest;
}

/*
 * A driver may use what was there when it was bound: so who was bound, or loaded, last goes first.
 */
int dmk_module_unload(const char *name)
{
	unsigned long below = ULONG_MAX;
	struct dmk_module *module;
	int first_error = 0;

	collect();
	if (name) {
		module = find(name);
		return module ? unload(module) : -ENOENT;
	}
	for (struct dmk_module *next; (next = newest_below(below));) {
		int error = unload(next);

		below = next->moment;
		if (error && !first_error)
			first_error = error;
	}
	return first_error;
}

void dmk_modules_stop(void)
{
	for (unsigned int i = 0; i < nr_modules; i++) {
		modules[i].state = MODULE_STATE_UNFORMED;
		modules[i].users = 0;
	}
}

/* Takes the entries of a table off @index; true when it ends in there, at @id. */
static bool find_id(const struct pci_device_id *ids, unsigned int *index,
		    const struct pci_device_id **id)
{
	for (; ids->vendor || ids->subvendor || ids->class_mask; ids++) {
		*id = ids;
		if (!(*index)--)
			return true;
	}
	return false;
}

static bool is_declared(const struct pci_device_id *ids)
{
	for_each_entry(table, dmk_pci_ids)
		if ((*table)->ids == ids)
			return true;
	return false;
}

static bool find_any_id(unsigned int index, const struct pci_device_id **id)
{
	const struct pci_device_id *ids;

	for_each_entry(table, dmk_pci_ids)
		if (find_id((*table)->ids, &index, id))
			return true;
	for (unsigned int i = 0; (ids = dmk_pci_registered_ids(i)); i++)
		if (!is_declared(ids) && find_id(ids, &index, id))
			return true;
	return false;
}

bool dmk_module_pci_id(unsigned int index, uint16_t *vendor, uint16_t *device)
{
	const struct pci_device_id *id;

	if (!find_any_id(index, &id))
		return false;
	*vendor = (uint16_t)id->vendor;
	*device = (uint16_t)id->device;
	return true;
}

const char *dmk_module_compatible(unsigned int index)
{
	for_each_entry(table, dmk_of_ids) {
		const struct of_device_id *id = (*table)->ids;

		for (; id->name[0] || id->type[0] || id->compatible[0]; id++)
			if (!index--)
				return id->compatible;
	}
	return NULL;
}

/* --- users ------------------------------------------------------------------------------------ */

static struct dmk_module *of_module(struct module *module)
{
	collect();
	if (!module->dmk)
		module->dmk = find(module->name);
	return module->dmk;
}

void dmk_module_bound(struct module *module)
{
	struct dmk_module *dmk = module ? of_module(module) : NULL;

	if (dmk)
		note_moment(dmk);
}

bool try_module_get(struct module *module)
{
	struct dmk_module *dmk = module ? of_module(module) : NULL;
	bool alive = true;

	if (!dmk)
		return true;
	pthread_mutex_lock(&lock);
	alive = dmk->state != MODULE_STATE_GOING;
	dmk->users += alive;
	pthread_mutex_unlock(&lock);
	return alive;
}

void __module_get(struct module *module)
{
	(void)try_module_get(module);
}

void module_put(struct module *module)
{
	struct dmk_module *dmk = module ? of_module(module) : NULL;

	if (!dmk)
		return;
	pthread_mutex_lock(&lock);
	if (dmk->users > 0)
		dmk->users--;
	pthread_mutex_unlock(&lock);
}

int module_refcount(struct module *module)
{
	struct dmk_module *dmk = module ? of_module(module) : NULL;

	return dmk ? dmk->users : 0;
}

/* --- parameters ------------------------------------------------------------------------------- */

void kernel_param_lock(struct module *module)
{
	struct dmk_module *dmk = module ? of_module(module) : NULL;

	if (dmk)
		pthread_mutex_lock(&dmk->params);
}

void kernel_param_unlock(struct module *module)
{
	struct dmk_module *dmk = module ? of_module(module) : NULL;

	if (dmk)
		pthread_mutex_unlock(&dmk->params);
}

static bool is_same_name(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char x = a[i] == '-' ? '_' : a[i], y = b[i] == '-' ? '_' : b[i];

		if (x != y || !x)
			return false;
	}
	return !b[n];
}

int dmk_module_param(const char *module_and_name, const char *value)
{
	const char *dot = module_and_name ? strchr(module_and_name, '.') : NULL;

	if (!dot)
		return -EINVAL;
	collect();
	for_each_entry(param, dmk_params)
	{
		struct dmk_module *module = find((*param)->mod->name);
		int error;

		if (!module ||
		    !is_same_name(module_and_name, module->name, dot - module_and_name) ||
		    !is_same_name(dot + 1, (*param)->name, strlen(dot + 1)))
			continue;
		if (!(*param)->ops || !(*param)->ops->set)
			return -EACCES;
		if (!value && !((*param)->ops->flags & KERNEL_PARAM_OPS_FL_NOARG))
			return -EINVAL;
		pthread_mutex_lock(&module->params);
		error = (*param)->ops->set(value, *param);
		pthread_mutex_unlock(&module->params);
		return error == -ERANGE || error == -ENOSPC ? -EINVAL : error;
	}
	return -ENOENT;
}

bool dmk_module_param_name(unsigned int index, char *name, size_t size)
{
	collect();
	for_each_entry(param, dmk_params)
	{
		struct dmk_module *module = find((*param)->mod->name);

		if (!module || index--)
			continue;
		snprintf(name, size, "%s.%s", module->name, (*param)->name);
		return true;
	}
	return false;
}

static int parse(const char *text, long long min, unsigned long long max,
		 unsigned long long *result)
{
	char *end;
	bool negative = text && *text == '-';

	if (!text || (!isdigit((unsigned char)text[negative || *text == '+'])))
		return -EINVAL;
	errno = 0;
	*result = negative ? (unsigned long long)strtoll(text, &end, 0) : strtoull(text, &end, 0);
	if (*end == '\n')
		end++;
	if (*end)
		return -EINVAL;
	if (errno || (negative ? (long long)*result < min : *result > max))
		return -ERANGE;
	return 0;
}

#define NUMBER(name, type, min, max, format)                                      \
	int param_set_##name(const char *value, const struct kernel_param *param) \
	{                                                                         \
		unsigned long long number;                                        \
		int error = parse(value, min, max, &number);                      \
                                                                                  \
		if (!error)                                                       \
			*(type *)param->arg = (type)number;                       \
		return error;                                                     \
	}                                                                         \
	int param_get_##name(char *buffer, const struct kernel_param *param)      \
	{                                                                         \
		return snprintf(buffer, 4096, format "\n", *(type *)param->arg);  \
	}                                                                         \
	const struct kernel_param_ops param_ops_##name = {                        \
		.set = param_set_##name,                                          \
		.get = param_get_##name,                                          \
	}

NUMBER(byte, unsigned char, 0, UCHAR_MAX, "%hhu");
NUMBER(short, short, SHRT_MIN, SHRT_MAX, "%hd");
NUMBER(ushort, unsigned short, 0, USHRT_MAX, "%hu");
NUMBER(int, int, INT_MIN, INT_MAX, "%d");
NUMBER(uint, unsigned int, 0, UINT_MAX, "%u");
NUMBER(long, long, LONG_MIN, LONG_MAX, "%ld");
NUMBER(ulong, unsigned long, 0, ULONG_MAX, "%lu");
NUMBER(ullong, unsigned long long, 0, ULLONG_MAX, "%llu");
NUMBER(hexint, unsigned int, 0, UINT_MAX, "%#08x");

/* A word of ours for each value that means yes or no. */
static int parse_bool(const char *text, bool *result)
{
	if (!text) {
		*result = true;
		return 0;
	}
	if (strchr("yYtT1", text[0]) && text[0])
		*result = true;
	else if (strchr("nNfF0", text[0]) && text[0])
		*result = false;
	else if (!strncasecmp(text, "on", 2))
		*result = true;
	else if (!strncasecmp(text, "off", 3))
		*result = false;
	else
		return -EINVAL;
	return 0;
}

int param_set_bool(const char *value, const struct kernel_param *param)
{
	return parse_bool(value, param->arg);
}

int param_get_bool(char *buffer, const struct kernel_param *param)
{
	return snprintf(buffer, 4096, "%c\n", *(bool *)param->arg ? 'Y' : 'N');
}

int param_set_invbool(const char *value, const struct kernel_param *param)
{
	bool no;
	int error = parse_bool(value, &no);

	if (!error)
		*(bool *)param->arg = !no;
	return error;
}

int param_get_invbool(char *buffer, const struct kernel_param *param)
{
	return snprintf(buffer, 4096, "%c\n", *(bool *)param->arg ? 'N' : 'Y');
}

int param_set_bint(const char *value, const struct kernel_param *param)
{
	bool yes;
	int error = parse_bool(value, &yes);

	if (!error)
		*(int *)param->arg = yes;
	return error;
}

int param_get_bint(char *buffer, const struct kernel_param *param)
{
	return param_get_int(buffer, param);
}

const struct kernel_param_ops param_ops_bool = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = param_set_bool,
	.get = param_get_bool,
};
const struct kernel_param_ops param_ops_invbool = {.set = param_set_invbool,
						   .get = param_get_invbool};
const struct kernel_param_ops param_ops_bint = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = param_set_bint,
	.get = param_get_bint,
};

/* Strings that parameters point to, kept until the program ends: a driver may hold one. */
static struct text {
	struct text *next;
	char bytes[];
} * texts;

int param_set_charp(const char *value, const struct kernel_param *param)
{
	struct text *text = value ? malloc(sizeof(*text) + strlen(value) + 1) : NULL;

	if (!text)
		return value ? -ENOMEM : -EINVAL;
	strcpy(text->bytes, value);
	pthread_mutex_lock(&lock);
	text->next = texts;
	texts = text;
	pthread_mutex_unlock(&lock);
	*(char **)param->arg = text->bytes;
	return 0;
}

int param_get_charp(char *buffer, const struct kernel_param *param)
{
	return snprintf(buffer, 4096, "%s\n",
			*(char **)param->arg ? *(char **)param->arg : "(null)");
}

const struct kernel_param_ops param_ops_charp = {.set = param_set_charp, .get = param_get_charp};

int param_set_copystring(const char *value, const struct kernel_param *param)
{
	if (!value)
		return -EINVAL;
	if (strlen(value) + 1 > param->str->maxlen)
		return -ENOSPC;
	strcpy(param->str->string, value);
	return 0;
}

int param_get_string(char *buffer, const struct kernel_param *param)
{
	return snprintf(buffer, 4096, "%s\n", param->str->string);
}

const struct kernel_param_ops param_ops_string = {.set = param_set_copystring,
						  .get = param_get_string};

/* Values between commas, at most as many as the array holds. */
static int set_array(const char *value, const struct kernel_param *param)
{
	const struct kparam_array *array = param->arr;
	unsigned int n = 0;
	char *copy = value ? strdup(value) : NULL, *rest = copy, *word;
	int error = copy ? 0 : value ? -ENOMEM : -EINVAL;

	while (!error && (word = strsep(&rest, ","))) {
		struct kernel_param one = {.name = param->name,
					   .mod = param->mod,
					   .ops = array->ops};

		one.arg = (char *)array->elem + (size_t)array->elemsize * n;
		error = n < array->max ? array->ops->set(word, &one) : -EINVAL;
		n += !error;
	}
	if (!error && array->num)
		*array->num = n;
	free(copy);
	return error;
}

static int get_array(char *buffer, const struct kernel_param *param)
{
	const struct kparam_array *array = param->arr;
	unsigned int n = array->num ? *array->num : array->max;
	int used = 0;

	for (unsigned int i = 0; i < n && used < 4000; i++) {
		struct kernel_param one = {.name = param->name,
					   .mod = param->mod,
					   .ops = array->ops};

		if (i)
			buffer[used - 1] = ',';
		one.arg = (char *)array->elem + (size_t)array->elemsize * i;
		used += array->ops->get(buffer + used, &one);
	}
	return used;
}

const struct kernel_param_ops param_array_ops = {.set = set_array, .get = get_array};
