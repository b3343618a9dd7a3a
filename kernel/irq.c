/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: the machine says that a line changed or a message came, one thread calls the
 * handlers.
 *
 *	a line (level)		a message (edge)
 *	idle <-> up		idle -> pending
 *	up: handlers are called again and again until it is down, masked, or nobody cares
 *
 * A number is enabled at the machine while it has handlers and is not disabled. A level that none
 * of its handlers answers STORM_MAX times in a row is masked, with a message: the program goes on,
 * its interrupt does not. A threaded handler's line (IRQF_ONESHOT) is kept masked until its thread
 * is done.
 *
 * Handlers' threads, the interrupt thread and callers share one lock; handlers run without it. An
 * action is freed by free_irq(), which first waits until nobody runs it.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/irq.h>
#include <linux/kernel.h>
#include <linux/kthread.h>

enum { STORM_MAX = 20000 };

struct action {
	struct action *next;
	unsigned int irq;
	irq_handler_t handler, thread;
	unsigned long flags;
	char *name;
	const char *given_name;
	void *data;
	struct task_struct *task; /* runs thread */
	bool wanted;              /* the thread is to run */
	bool in_thread;
};

struct line {
	struct action *actions;
	unsigned int depth;     /* disabled so many times */
	unsigned int oneshot;   /* threads that keep it masked */
	bool level, pending, running;
	bool ready;             /* on the interrupt thread's list */
	bool off;               /* nobody cared */
	bool enabled;           /* as the machine knows it, or is about to be told */
	bool telling;           /* somebody tells the machine */
	/* threads that wait for running to end: it must not begin again before they saw that */
	unsigned int held;
	unsigned int unhandled;
	struct list_head link;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all of this */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER; /* something for the interrupt thread */
/* a handler returned, or a thread has something to do */
static pthread_cond_t idle = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(ready);
static struct line *lines;
static unsigned int nr_lines;
static const struct dmk_port *port;
static struct task_struct *runner;
static bool stopping;

/* --- state: all with the lock held ------------------------------------------------------------ */

static bool deliverable(const struct line *line)
{
	return line->actions && !line->depth && !line->oneshot && !line->off && !line->running &&
	       !line->held && (line->level || line->pending);
}

static void look(struct line *line)
{
	if (!deliverable(line) || line->ready)
		return;
	line->ready = true;
	list_add_tail(&line->link, &ready);
	pthread_cond_signal(&changed);
}

static struct line *line_of(unsigned int irq)
{
	return irq && irq < nr_lines ? &lines[irq] : NULL;
}

/*
 * Tell the machine, without the lock: it may deliver at once, from its own thread. One thread at a
 * time, so that the machine hears it in the order in which it was meant: who finds another one at
 * it leaves it to that one, which looks again.
 */
static void tell_machine(struct line *line)
{
	unsigned int irq = line - lines;
	bool want;

	if (line->telling)
		return;
	line->telling = true;
	for (;;) {
		want = line->actions && !line->depth && !line->off;
		if (want == line->enabled)
			break;
		line->enabled = want;
		pthread_mutex_unlock(&lock);
		port->ops->irq_enable(port->ctx, irq, want);
		pthread_mutex_lock(&lock);
	}
	line->telling = false;
	pthread_cond_broadcast(&idle);
}

/* --- from the machine ------------------------------------------------------------------------- */

void dmk_irq_changed(unsigned int irq, bool level, bool edge)
{
	struct line *line;

	pthread_mutex_lock(&lock);
	line = line_of(irq);
	if (line && edge)
		line->pending |= level;
	else if (line)
		line->level = level;
	if (line)
		look(line);
	pthread_mutex_unlock(&lock);
}

void dmk_irq_forget(unsigned int first, unsigned int n)
{
	struct line *line;

	pthread_mutex_lock(&lock);
	for (; n; n--, first++) {
		line = line_of(first);
		if (line)
			line->pending = line->level = line->off = false;
	}
	pthread_mutex_unlock(&lock);
}

/* --- the interrupt thread --------------------------------------------------------------------- */

static irqreturn_t call(struct action *action)
{
	struct dmk_task *self = dmk_self();
	irqreturn_t result;

	dmk_interleave();
	self->preempt += HARDIRQ_OFFSET;
	self->irqs_off = true;
	result = action->handler ? action->handler(action->irq, action->data) : IRQ_WAKE_THREAD;
	self->irqs_off = false;
	self->preempt -= HARDIRQ_OFFSET;
	if (!self->preempt)
		return result;
	dmk_complain(NULL, "the handler of \"%s\" returned with a spinlock held", action->name);
	self->preempt = 0;
	return result;
}

static void wake_thread(struct line *line, struct action *action)
{
	if (!action->thread) {
		dmk_complain(NULL, "irq %u: the handler of \"%s\" wants a thread that it has not",
			     action->irq, action->name);
		return;
	}
	/* Already wanted or running: it runs once more, and holds the line for that anyway. */
	if ((action->flags & IRQF_ONESHOT) && !action->wanted && !action->in_thread)
		line->oneshot++;
	action->wanted = true;
	pthread_cond_broadcast(&idle);
}

static void nobody_cared(struct line *line)
{
	struct action *action;
	char names[256] = "";

	line->off = true;
	for (action = line->actions; action; action = action->next)
		scnprintf(names + strlen(names), sizeof(names) - strlen(names), " \"%s\"",
			  action->name);
	printk(KERN_ERR
	       "irq %u: nobody cared (%u times in a row none of%s answered it); it is disabled\n",
	       (unsigned int)(line - lines), line->unhandled, names);
}

/*
 * free_irq() waits while running is set, so the list does not lose what we stand on; a new action
 * may come at its end.
 */
static void deliver(struct line *line)
{
	bool edge = line->pending && !line->level;
	struct action *action;
	bool handled = false;

	line->pending = false;
	line->running = true;
	for (action = line->actions; action; action = action->next) {
		irqreturn_t result;

		pthread_mutex_unlock(&lock);
		result = call(action);
		pthread_mutex_lock(&lock);
		if (result == IRQ_WAKE_THREAD)
			wake_thread(line, action);
		handled |= result != IRQ_NONE;
	}
	line->running = false;
	pthread_cond_broadcast(&idle);
	if (handled || edge)
		line->unhandled = 0;
	else if (line->level && ++line->unhandled >= STORM_MAX)
		nobody_cared(line);
	tell_machine(line);
	look(line);
}

static int irq_thread(void *data)
{
	struct line *line;

	pthread_mutex_lock(&lock);
	while (!stopping) {
		line = list_first_entry_or_null(&ready, struct line, link);
		if (!line) {
			pthread_cond_wait(&changed, &lock);
			continue;
		}
		list_del(&line->link);
		line->ready = false;
		if (deliverable(line))
			deliver(line);
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

/* A threaded handler's thread. */
static int action_thread(void *data)
{
	struct action *action = data;
	struct line *line = &lines[action->irq];

	pthread_mutex_lock(&lock);
	for (;;) {
		while (!action->wanted && !kthread_should_stop())
			pthread_cond_wait(&idle, &lock);
		if (!action->wanted)
			break;
		action->wanted = false;
		action->in_thread = true;
		pthread_mutex_unlock(&lock);
		action->thread(action->irq, action->data);
		pthread_mutex_lock(&lock);
		action->in_thread = false;
		if ((action->flags & IRQF_ONESHOT) && !action->wanted)
			line->oneshot--;
		pthread_cond_broadcast(&idle);
		look(line);
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

/* --- what drivers call ------------------------------------------------------------------------ */

static struct action *action_new(unsigned int irq, irq_handler_t handler, irq_handler_t thread,
				 unsigned long flags, const char *name, void *data)
{
	struct action *action = calloc(1, sizeof(*action));

	if (!action)
		return NULL;
	action->irq = irq;
	action->handler = handler;
	action->thread = thread;
	action->flags = flags;
	action->name = strdup(name ? name : "");
	action->given_name = name;
	action->data = data;
	return action;
}

static void action_free(struct action *action)
{
	free(action->name);
	free(action);
}

static bool may_share(const struct line *line, const struct action *action)
{
	return !line->actions || (line->actions->flags & action->flags & IRQF_SHARED);
}

int request_threaded_irq(unsigned int irq, irq_handler_t handler, irq_handler_t thread,
			 unsigned long flags, const char *name, void *data)
{
	struct action *action, **end;
	struct line *line;
	int err = -EBUSY;

	dmk_might_sleep_at("request_irq", DMK_HERE);
	line = line_of(irq);
	if (!line || (!handler && !thread) || ((flags & IRQF_SHARED) && !data) ||
	    (!handler && !(flags & IRQF_ONESHOT)) ||
	    ((flags & IRQF_SHARED) && (flags & IRQF_NO_AUTOEN)))
		return -EINVAL;
	if (dmk_should_fail(DMK_FAIL_IRQ, DMK_CALLER))
		return -ENOMEM;
	action = action_new(irq, handler, thread, flags, name, data);
	if (!action)
		return -ENOMEM;
	if (thread) {
		action->task = dmk_kthread_create(action_thread, action, "irq/%u-%s", irq,
						  action->name);
		if (IS_ERR(action->task)) {
			action_free(action);
			return -ENOMEM;
		}
	}

	pthread_mutex_lock(&lock);
	if (!may_share(line, action))
		goto unlock;
	if (!line->actions) {
		line->depth = flags & IRQF_NO_AUTOEN ? 1 : 0;
		line->unhandled = 0;
		line->off = false;
	}
	for (end = &line->actions; *end; end = &(*end)->next)
		;
	*end = action;
	if (action->task)
		wake_up_process(action->task);
	tell_machine(line);
	look(line);
	err = 0;
unlock:
	pthread_mutex_unlock(&lock);
	if (!err)
		return 0;
	if (action->task)
		kthread_stop(action->task);
	action_free(action);
	return err;
}

static bool on_irq_thread(void)
{
	return current == runner;
}

/*
 * With the lock held; from a handler it does not wait for itself. A level that stays up, answered
 * or not, is delivered again and again without a gap to see: so it is held back while somebody
 * waits.
 */
static void wait_for_handlers(struct line *line)
{
	if (on_irq_thread())
		return;
	line->held++;
	while (line->running)
		pthread_cond_wait(&idle, &lock);
	line->held--;
	look(line);
}

/* With the lock held: the machine has heard all that there is to say. */
static void wait_until_told(struct line *line)
{
	while (line->telling)
		pthread_cond_wait(&idle, &lock);
}

static bool threads_busy(const struct line *line)
{
	const struct action *action;

	for (action = line->actions; action; action = action->next)
		if ((action->wanted || action->in_thread) && action->task != current)
			return true;
	return false;
}

const void *free_irq(unsigned int irq, void *data)
{
	struct line *line = line_of(irq);
	struct action **at, *action;
	const void *name;

	dmk_might_sleep_at("free_irq", DMK_HERE);
	if (!line)
		return NULL;
	pthread_mutex_lock(&lock);
	wait_for_handlers(line);
	for (at = &line->actions; *at && (*at)->data != data; at = &(*at)->next)
		;
	action = *at;
	if (action)
		*at = action->next;
	tell_machine(line);
	wait_until_told(line);
	pthread_mutex_unlock(&lock);
	if (!action) {
		dmk_complain(__builtin_return_address(0), "free_irq(%u, %p): no such handler", irq,
			     data);
		return NULL;
	}

	/* It is off the list: the thread finishes what it was woken for, and is not woken again. */
	if (action->task) {
		pthread_mutex_lock(&lock);
		__atomic_store_n(&action->task->dmk->should_stop, true, __ATOMIC_RELEASE);
		pthread_cond_broadcast(&idle);
		pthread_mutex_unlock(&lock);
		kthread_stop(action->task);
		pthread_mutex_lock(&lock);
		/* It was stopped before it ever ran. */
		if ((action->flags & IRQF_ONESHOT) && action->wanted)
			line->oneshot--;
		look(line);
		pthread_mutex_unlock(&lock);
	}
	name = action->given_name;
	action_free(action);
	return name;
}

static void disable(unsigned int irq, bool wait)
{
	struct line *line = line_of(irq);

	if (!line)
		return;
	pthread_mutex_lock(&lock);
	line->depth++;
	tell_machine(line);
	if (wait)
		wait_for_handlers(line);
	while (wait && threads_busy(line))
		pthread_cond_wait(&idle, &lock);
	pthread_mutex_unlock(&lock);
}

void disable_irq(unsigned int irq)
{
	dmk_might_sleep_at("disable_irq", DMK_HERE);
	disable(irq, true);
}

void disable_irq_nosync(unsigned int irq)
{
	disable(irq, false);
}

void enable_irq(unsigned int irq)
{
	struct line *line = line_of(irq);
	bool balanced;

	if (!line)
		return;
	pthread_mutex_lock(&lock);
	balanced = line->depth;
	if (balanced)
		line->depth--;
	tell_machine(line);
	look(line);
	pthread_mutex_unlock(&lock);
	if (!balanced)
		dmk_complain(__builtin_return_address(0), "enable_irq(%u): it is not disabled",
			     irq);
}

void synchronize_irq(unsigned int irq)
{
	struct line *line = line_of(irq);

	dmk_might_sleep_at("synchronize_irq", DMK_HERE);
	if (!line)
		return;
	pthread_mutex_lock(&lock);
	wait_for_handlers(line);
	while (threads_busy(line))
		pthread_cond_wait(&idle, &lock);
	pthread_mutex_unlock(&lock);
}

/* --- start and stop --------------------------------------------------------------------------- */

int dmk_irq_start(const struct dmk_port *machine_port)
{
	struct line *table = calloc(machine_port->machine->nr_irqs + 1, sizeof(*table));
	struct task_struct *task;

	if (!table)
		return -ENOMEM;
	pthread_mutex_lock(&lock);
	lines = table;
	nr_lines = machine_port->machine->nr_irqs;
	port = machine_port;
	stopping = false;
	INIT_LIST_HEAD(&ready);
	pthread_mutex_unlock(&lock);
	task = dmk_thread_run(irq_thread, NULL, "interrupts");
	pthread_mutex_lock(&lock);
	runner = task;
	pthread_mutex_unlock(&lock);
	if (task)
		return 0;
	lines = NULL;
	nr_lines = 0;
	free(table);
	return -ENOMEM;
}

void dmk_irq_stop(void)
{
	struct line *table;
	unsigned int irq;

	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	kthread_stop(runner);

	for (irq = 1; irq < nr_lines; irq++) {
		while (lines[irq].actions) {
			dmk_complain(NULL, "irq %u: the handler \"%s\" was never freed", irq,
				     lines[irq].actions->name);
			free_irq(irq, lines[irq].actions->data);
		}
	}
	pthread_mutex_lock(&lock);
	table = lines;
	lines = NULL;
	nr_lines = 0;
	runner = NULL;
	pthread_mutex_unlock(&lock);
	free(table);
}
