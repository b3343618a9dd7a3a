// SPDX-License-Identifier: MIT
/*
 * Managed resources: records on the core's one list of what is undone at unbind, so that managed
 * DMA memory and everything else go in one reverse order (COH-09).
 *
 * A record lies in the C heap; memory that devm_kmalloc() gives is the slab's, because a device may
 * be told about it.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/slab.h>

#include "../internal.h"

struct dmk_record {
	struct dmk_managed managed;
	struct dmk_record *next; /* in the device's own list, for finding */
	struct device *dev;      /* NULL: not added */
	dr_release_t release;
	size_t size;
	_Alignas(16) char data[];
};

static struct dmk_record *record_of(const void *res)
{
	return (struct dmk_record *)((char *)res - offsetof(struct dmk_record, data));
}

/* True: it was on the list, and now belongs to the caller. */
static bool forget(struct device *dev, struct dmk_record *record)
{
	struct dmk_record **at = &dev->p->records;
	bool found;

	pthread_mutex_lock(&dev->p->records_lock);
	while (*at && *at != record)
		at = &(*at)->next;
	found = *at != NULL;
	if (found)
		*at = record->next;
	pthread_mutex_unlock(&dev->p->records_lock);
	return found;
}

static void release_record(struct dmk_dev *core, struct dmk_managed *managed)
{
	struct dmk_record *record = (struct dmk_record *)managed;

	forget(record->dev, record);
	record->release(record->dev, record->data);
	free(record);
}

void dmk_records_release(struct device *dev)
{
	dmk_managed_release(&dev->dmk);
}

DMK_ENTRY void *devres_alloc(dr_release_t release, size_t size, gfp_t gfp)
{
	struct dmk_record *record;

	if (!release || size > SIZE_MAX - sizeof(*record) ||
	    dmk_should_fail(DMK_FAIL_MEMORY, DMK_CALLER))
		return NULL;
	record = calloc(1, sizeof(*record) + size);
	if (!record)
		return NULL;
	record->managed.release = release_record;
	record->release = release;
	record->size = size;
	return record->data;
}

void devres_free(void *res)
{
	if (res)
		free(record_of(res));
}

void devres_add(struct device *dev, void *res)
{
	struct dmk_record *record = record_of(res);

	record->dev = dev;
	pthread_mutex_lock(&dev->p->records_lock);
	record->next = dev->p->records;
	dev->p->records = record;
	pthread_mutex_unlock(&dev->p->records_lock);
	dmk_managed_add(&dev->dmk, &record->managed);
}

static bool matches(struct dmk_record *record, dr_release_t release, dr_match_t match,
		    void *match_data)
{
	return record->release == release &&
	       (!match || match(record->dev, record->data, match_data));
}

void *devres_find(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	struct dmk_record *record;

	if (!dev || !dev->p)
		return NULL;
	pthread_mutex_lock(&dev->p->records_lock);
	record = dev->p->records;
	while (record && !matches(record, release, match, match_data))
		record = record->next;
	pthread_mutex_unlock(&dev->p->records_lock);
	return record ? record->data : NULL;
}

void *devres_remove(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	void *res = devres_find(dev, release, match, match_data);

	if (!res || !forget(dev, record_of(res)))
		return NULL;
	dmk_managed_remove(&dev->dmk, &record_of(res)->managed);
	return res;
}

int devres_destroy(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	void *res = devres_remove(dev, release, match, match_data);

	if (!res)
		return -ENOENT;
	devres_free(res);
	return 0;
}

int devres_release(struct device *dev, dr_release_t release, dr_match_t match, void *match_data)
{
	void *res = devres_remove(dev, release, match, match_data);

	if (!res)
		return -ENOENT;
	release(dev, res);
	devres_free(res);
	return 0;
}

/* --- memory ----------------------------------------------------------------------------------- */

static void release_memory(struct device *dev, void *res)
{
	kfree(*(void **)res);
}

static int is_pointer(struct device *dev, void *res, void *wanted)
{
	return *(void **)res == wanted;
}

static void *allocate(struct device *dev, size_t size, gfp_t gfp, struct dmk_place place)
{
	void **record;

	if (!size)
		return ZERO_SIZE_PTR;
	record = devres_alloc(release_memory, sizeof(*record), gfp);
	if (!record)
		return NULL;
	*record = dmk_kmalloc_at(size, gfp, place);
	if (!*record) {
		devres_free(record);
		return NULL;
	}
	devres_add(dev, record);
	return *record;
}

void *devm_kmalloc(struct device *dev, size_t size, gfp_t gfp)
{
	return allocate(dev, size, gfp, DMK_HERE);
}

void *devm_kzalloc(struct device *dev, size_t size, gfp_t gfp)
{
	return allocate(dev, size, gfp | __GFP_ZERO, DMK_HERE);
}

void *devm_kmalloc_array(struct device *dev, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : allocate(dev, bytes, gfp, DMK_HERE);
}

void *devm_kcalloc(struct device *dev, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes)
		       ? NULL
		       : allocate(dev, bytes, gfp | __GFP_ZERO, DMK_HERE);
}

void devm_kfree(struct device *dev, const void *memory)
{
	if (ZERO_OR_NULL_PTR(memory))
		return;
	if (devres_release(dev, release_memory, is_pointer, (void *)memory))
		dev_warn(dev, "devm_kfree() of memory that is not this device's\n");
}

void *devm_krealloc(struct device *dev, void *memory, size_t size, gfp_t gfp)
{
	size_t old = ZERO_OR_NULL_PTR(memory) ? 0 : ksize(memory);
	void *new;

	if (!size) {
		devm_kfree(dev, memory);
		return ZERO_SIZE_PTR;
	}
	new = allocate(dev, size, gfp, DMK_HERE);
	if (!new)
		return NULL;
	memcpy(new, memory, old < size ? old : size);
	devm_kfree(dev, memory);
	return new;
}

static void *duplicate(struct device *dev, const void *memory, size_t size, gfp_t gfp,
		       struct dmk_place place)
{
	void *copy = allocate(dev, size, gfp, place);

	if (copy && size)
		memcpy(copy, memory, size);
	return copy;
}

void *devm_kmemdup(struct device *dev, const void *memory, size_t size, gfp_t gfp)
{
	return duplicate(dev, memory, size, gfp, DMK_HERE);
}

char *devm_kstrdup(struct device *dev, const char *s, gfp_t gfp)
{
	return s ? duplicate(dev, s, strlen(s) + 1, gfp, DMK_HERE) : NULL;
}

char *devm_kasprintf(struct device *dev, gfp_t gfp, const char *format, ...)
{
	__builtin_va_list arguments;
	char *text, *copy;

	__builtin_va_start(arguments, format);
	text = dmk_format_name(format, arguments);
	__builtin_va_end(arguments);
	copy = text ? duplicate(dev, text, strlen(text) + 1, gfp, DMK_HERE) : NULL;
	free(text);
	return copy;
}

struct pages_record {
	unsigned long address;
	unsigned int order;
};

static void release_pages(struct device *dev, void *res)
{
	struct pages_record *record = res;

	free_pages(record->address, record->order);
}

unsigned long devm_get_free_pages(struct device *dev, gfp_t gfp, unsigned int order)
{
	struct pages_record *record = devres_alloc(release_pages, sizeof(*record), gfp);

	if (!record)
		return 0;
	if (dmk_should_fail(DMK_FAIL_MEMORY, DMK_CALLER)) {
		devres_free(record);
		return 0;
	}
	record->order = order;
	record->address = __get_free_pages(gfp, order);
	if (!record->address) {
		devres_free(record);
		return 0;
	}
	devres_add(dev, record);
	return record->address;
}

void devm_free_pages(struct device *dev, unsigned long address)
{
	if (devres_release(dev, release_pages, is_pointer, (void *)address))
		dev_warn(dev, "devm_free_pages() of pages that are not this device's\n");
}

/* --- actions ---------------------------------------------------------------------------------- */

struct action {
	void (*call)(void *data);
	void *data;
};

static void release_action(struct device *dev, void *res)
{
	struct action *action = res;

	action->call(action->data);
}

static int is_action(struct device *dev, void *res, void *wanted)
{
	const struct action *a = res, *b = wanted;

	return a->call == b->call && a->data == b->data;
}

DMK_ENTRY int devm_add_action(struct device *dev, void (*call)(void *data), void *data)
{
	struct action *action;

	if (dmk_should_fail(DMK_FAIL_MEMORY, DMK_CALLER))
		return -ENOMEM;
	action = devres_alloc(release_action, sizeof(*action), GFP_KERNEL);
	if (!action)
		return -ENOMEM;
	*action = (struct action){call, data};
	devres_add(dev, action);
	return 0;
}

int devm_add_action_or_reset(struct device *dev, void (*call)(void *data), void *data)
{
	int error = dmk_should_fail(DMK_FAIL_MEMORY, DMK_CALLER)
			    ? -ENOMEM
			    : devm_add_action(dev, call, data);

	if (error)
		call(data);
	return error;
}

void devm_remove_action(struct device *dev, void (*call)(void *data), void *data)
{
	if (devres_destroy(dev, release_action, is_action, &(struct action){call, data}))
		dev_warn(dev, "no such managed action\n");
}

void devm_release_action(struct device *dev, void (*call)(void *data), void *data)
{
	if (devres_release(dev, release_action, is_action, &(struct action){call, data}))
		dev_warn(dev, "no such managed action\n");
}

/* --- interrupts ------------------------------------------------------------------------------- */

struct irq_record {
	unsigned int irq;
	void *cookie;
};

static void release_irq(struct device *dev, void *res)
{
	struct irq_record *record = res;

	free_irq(record->irq, record->cookie);
}

static int is_irq(struct device *dev, void *res, void *wanted)
{
	const struct irq_record *a = res, *b = wanted;

	return a->irq == b->irq && a->cookie == b->cookie;
}

int devm_request_threaded_irq(struct device *dev, unsigned int irq, irq_handler_t handler,
			      irq_handler_t thread_fn, unsigned long flags, const char *name,
			      void *cookie)
{
	struct irq_record *record;
	int error;

	if (dmk_should_fail(DMK_FAIL_IRQ, DMK_CALLER))
		return -ENOMEM;
	record = devres_alloc(release_irq, sizeof(*record), GFP_KERNEL);
	if (!record)
		return -ENOMEM;
	*record = (struct irq_record){irq, cookie};
	error = request_threaded_irq(irq, handler, thread_fn, flags, name ? name : dev_name(dev),
				     cookie);
	if (error)
		devres_free(record);
	else
		devres_add(dev, record);
	return error;
}

void devm_free_irq(struct device *dev, unsigned int irq, void *cookie)
{
	if (devres_release(dev, release_irq, is_irq, &(struct irq_record){irq, cookie}))
		dev_warn(dev, "interrupt %u is not this device's\n", irq);
}
