/* SPDX-License-Identifier: MIT */
/*
 * The calls of the DMA engine's clients and providers, and their order: what is submitted is
 * issued, once; what is terminated is waited for; what is taken or prepared goes back; descriptors
 * end in their order (ENG-01, ENG-02, ENG-04, ENG-07).
 *
 * Of what a client knows, the calls say little: that it waits is seen when the wait comes to its
 * limit or the hundredth question to its answer, and what it does with a residue not at all.
 */
#include "findings.h"

#include <stdio.h>

#define ULL(value) ((unsigned long long)(value))

enum { COMPLETE, IN_PROGRESS, PAUSED, FAILED };          /* enum dma_status */
enum { MEM_TO_MEM, MEM_TO_DEV, DEV_TO_MEM, DEV_TO_DEV }; /* enum dma_transfer_direction */
enum { POLLS = 100 };                                    /* so many questions are a wait */

/* What a call is about. */
struct call {
	struct dmk_checker *checker;
	struct dmk_engine *engine;
	const struct dmk_event *event;
	const struct dmk_event_engine *told;
	struct dmk_engine_channel *channel;
	struct dmk_descriptor *descriptor; /* NULL: none, or not known */
	const struct dmk_trace *where;
};

/* A new finding with the place of @second, or NULL. */
static struct dmk_finding *report(const struct call *call, enum dmk_rule_name rule,
				  const struct dmk_trace *second, const char *label)
{
	return dmk_report(call->checker, &(struct dmk_mistake){.rule = rule,
							       .device = call->channel->device,
							       .where = call->where,
							       .second = second,
							       .label = label});
}

static struct dmk_descriptor *oldest(const struct dmk_engine_channel *channel,
				     enum dmk_descriptor_state state)
{
	return channel->list[state].oldest;
}

/* --- what was never issued -------------------------------------------------------------------- */

static void never_issued(const struct call *call, struct dmk_descriptor *descriptor,
			 const char *seen)
{
	struct dmk_finding *finding;

	if (descriptor->told)
		return;
	descriptor->told = true;
	finding = report(call, DMK_RULE_ENG_01, descriptor->submitted, "submitted");
	if (!finding)
		return;
	dmk_say(finding,
		"a descriptor was submitted to channel %s and never issued, and now %s: the transfer has not begun",
		call->channel->name, seen);
	dmk_mend(finding,
		 "call dma_async_issue_pending(chan) after dmaengine_submit(): until then what is "
		 "submitted is only queued");
}

/* Its callback's parameter is what was waited for, or the structure around it. */
static bool is_waited_for(const struct dmk_descriptor *descriptor, const struct dmk_event *event)
{
	const uintptr_t param = (uintptr_t)descriptor->param, at = (uintptr_t)event->cpu;

	return param && at >= param && at - param <= event->size;
}

/* All that is submitted and not issued; of @event what it was waited for. */
static void judge_waiting(struct dmk_checker *checker, const struct dmk_event *event,
			  const struct dmk_trace *where, const char *seen)
{
	struct dmk_engine *engine = &checker->shadow.engine;
	struct call call = {checker, engine, event, .where = where};

	for (call.channel = engine->channel_list; call.channel; call.channel = call.channel->next)
		for (struct dmk_descriptor *one = oldest(call.channel, DMK_DESCRIPTOR_SUBMITTED);
		     one; one = one->newer)
			if (!event || is_waited_for(one, event))
				never_issued(&call, one, seen);
}

void dmk_judge_timed_out(struct dmk_checker *checker, const struct dmk_event *event,
			 const struct dmk_trace *where)
{
	judge_waiting(checker, event, where, "the wait for its callback timed out");
}

void dmk_judge_hung(struct dmk_checker *checker)
{
	judge_waiting(checker, NULL, NULL, "the program hangs");
}

/* --- channels --------------------------------------------------------------------------------- */

static void leaked(const struct call *call, struct dmk_descriptor *descriptor, const char *when)
{
	const bool reuse = descriptor->state == DMK_DESCRIPTOR_IDLE;
	struct dmk_finding *finding = descriptor->forgiven
					      ? NULL
					      : report(call, DMK_RULE_ENG_07, descriptor->prepared,
						       "prepared");

	if (!finding)
		return;
	dmk_say(finding, "a descriptor of channel %s that is %s is left %s", call->channel->name,
		reuse ? "for reuse, and not freed," : "prepared, and never submitted,", when);
	if (reuse)
		dmk_mend(
			finding,
			"call dmaengine_desc_free() when it is not submitted any more, or end the channel with "
			"dmaengine_terminate_sync()");
	else
		dmk_mend(finding,
			 "submit each descriptor that is prepared, or end the channel with "
			 "dmaengine_terminate_sync(): on the error path too");
}

/* What is on a channel that its client does without from now on. */
static void judge_left(const struct call *call, const char *seen, const char *when)
{
	static const enum dmk_descriptor_state states[] = {DMK_DESCRIPTOR_PREPARED,
							   DMK_DESCRIPTOR_IDLE};
	struct dmk_descriptor *one;

	for (one = oldest(call->channel, DMK_DESCRIPTOR_SUBMITTED); one; one = one->newer)
		never_issued(call, one, seen);
	for (unsigned int i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		for (one = oldest(call->channel, states[i]); one; one = one->newer)
			leaked(call, one, when);
}

static void judge_under_way(const struct call *call)
{
	const struct dmk_descriptor *one = oldest(call->channel, DMK_DESCRIPTOR_ISSUED);
	struct dmk_finding *finding;

	if (!one)
		return;
	finding = report(call, DMK_RULE_ENG_04, one->submitted, "submitted");
	if (!finding)
		return;
	dmk_say(finding, "channel %s is released while %zu descriptor%s of it %s under way%s",
		call->channel->name, call->channel->list[DMK_DESCRIPTOR_ISSUED].n,
		dmk_plural(call->channel->list[DMK_DESCRIPTOR_ISSUED].n),
		call->channel->list[DMK_DESCRIPTOR_ISSUED].n == 1 ? "is" : "are",
		one->cyclic ? ": a cyclic one goes on until it is terminated" : "");
	dmk_mend(finding,
		 "wait for the last callback, or call dmaengine_terminate_sync(chan), before "
		 "dma_release_channel(chan)");
}

static void channel_left(const struct call *call, const char *when)
{
	struct dmk_engine_channel *channel = call->channel;
	struct dmk_finding *finding;

	if (!channel->taken || channel->excused)
		return;
	channel->excused = true;
	finding = report(call, DMK_RULE_ENG_07, channel->taken, "requested");
	if (!finding)
		return;
	dmk_say(finding, "channel %s, requested here, is not released %s", channel->name, when);
	dmk_mend(
		finding,
		"call dma_release_channel() in remove() and on each error path, or request it with "
		"devm_dma_request_chan()");
}

void dmk_judge_channels_left(struct dmk_checker *checker, const struct dmk_watched *client,
			     const char *when)
{
	struct dmk_engine *engine = &checker->shadow.engine;
	struct call call = {checker, engine};
	struct dmk_engine_channel *next;

	for (call.channel = engine->channel_list; call.channel; call.channel = next) {
		next = call.channel->next;
		if (client && (!call.channel->client || call.channel->client != client->dev))
			continue;
		judge_left(&call, client ? "its driver is gone" : "the program ends", when);
		channel_left(&call, when);
	}
}

static void given(const struct call *call)
{
	judge_left(call, "the channel is released", "when the channel is released");
	judge_under_way(call);
	dmk_engine_channel_drop(call->engine, call->channel);
}

static void left(const struct call *call)
{
	struct dmk_engine_channel *channel = call->channel;
	struct dmk_finding *finding;

	if (!channel->taken || channel->excused)
		return;
	channel->excused = true;
	finding = report(call, DMK_RULE_ENG_02, channel->taken, "requested");
	if (!finding)
		return;
	dmk_say(finding,
		"the controller of channel %s is unregistered while a client has the channel, which it requested here",
		channel->name);
	dmk_mend(
		finding,
		"have the clients release their channels before dma_async_device_unregister(), or set "
		".device_release and let that free the controller");
}

/* --- the peripheral --------------------------------------------------------------------------- */

static void configured(const struct call *call)
{
	struct dmk_engine_channel *channel = call->channel;

	/* What was accepted before holds when another is refused. */
	if (channel->configured && !channel->config_result && call->event->result)
		return;
	channel->configured = true;
	channel->config_result = call->event->result;
	channel->configured_at = call->where;
	if (call->told->slave)
		channel->config = *call->told->slave;
}

static void say_not_configured(const struct call *call)
{
	struct dmk_finding *finding = report(call, DMK_RULE_ENG_01_CONFIG, NULL, NULL);

	if (!finding)
		return;
	dmk_say(finding,
		"a transfer with a peripheral is prepared on channel %s, and dmaengine_slave_config() was never called since "
		"it was requested",
		call->channel->name);
	dmk_mend(
		finding,
		"call dmaengine_slave_config() with the address, the width and the burst of the peripheral's "
		"register, and look at its result: this controller takes them");
}

static void say_refused_config(const struct call *call)
{
	struct dmk_engine_channel *channel = call->channel;
	struct dmk_finding *finding = report(call, DMK_RULE_ENG_01, channel->configured_at,
					     "set up");

	if (!finding)
		return;
	dmk_say(finding,
		"a transfer with a peripheral is prepared on channel %s, whose dmaengine_slave_config() had failed with %d",
		channel->name, channel->config_result);
	dmk_mend(
		finding,
		"look at the result of dmaengine_slave_config(), and prepare nothing when it is not 0; what the "
		"controller can do says dma_get_slave_caps()");
}

/* What of the configuration the controller does not have; NULL: nothing. */
static const char *unsupported(const struct dmk_event_engine *told,
			       const struct dmk_event_slave *config, char *text, size_t size)
{
	const struct dmk_event_slave *can = told->slave;
	const bool reads = told->direction == DEV_TO_MEM;
	const uint32_t width = reads ? config->src_widths : config->dst_widths;
	const uint32_t widths = reads ? can->src_widths : can->dst_widths;
	const uint32_t burst = reads ? config->src_burst : config->dst_burst;
	const uint32_t most = reads ? can->src_burst : can->dst_burst;

	if (can->directions && !(can->directions & 1u << told->direction))
		snprintf(text, size, "the direction %s",
			 reads ? "DMA_DEV_TO_MEM" : "DMA_MEM_TO_DEV");
	else if (width && width < 32 && widths && !(widths & 1u << width))
		snprintf(text, size, "a width of %u byte%s", width, dmk_plural(width));
	else if (most && burst > most)
		snprintf(text, size, "bursts of %u words", burst);
	else
		return NULL;
	return text;
}

static void say_unsupported(const struct call *call, const char *what)
{
	struct dmk_finding *finding = report(call, DMK_RULE_ENG_01_CONFIG,
					     call->channel->configured_at, "set up");

	if (!finding)
		return;
	dmk_say(finding,
		"a transfer is prepared on channel %s with %s, which its controller says it does not have",
		call->channel->name, what);
	dmk_mend(
		finding,
		"ask dma_get_slave_caps() for directions, widths and bursts, and configure what is there");
}

static void judge_config(const struct call *call)
{
	struct dmk_engine_channel *channel = call->channel;
	const char *what;
	char text[64];

	if (!call->told->wants_config || !channel->taken || channel->unconfigured)
		return;
	channel->unconfigured = true;
	if (!channel->configured) {
		say_not_configured(call);
		return;
	}
	if (channel->config_result) {
		say_refused_config(call);
		return;
	}
	what = call->told->slave ? unsupported(call->told, &channel->config, text, sizeof(text))
				 : NULL;
	if (what)
		say_unsupported(call, what);
	else
		channel->unconfigured = false;
}

/* --- preparing and submitting ----------------------------------------------------------------- */

/* The provider's helper tells of it first, and the client's call what it is for. */
static void prepared(struct call *call)
{
	const bool by_helper = call->told->direction < 0;
	struct dmk_descriptor *one = call->descriptor;

	if (by_helper || !one || one->state != DMK_DESCRIPTOR_PREPARED || one->by_client ||
	    one->channel != call->channel)
		one = dmk_descriptor_new(call->engine, call->channel, call->told->descriptor);
	if (!one)
		return;
	one->prepared = call->where;
	one->by_client = !by_helper;
	if (by_helper)
		return;
	one->cyclic = call->told->cyclic;
	dmk_descriptor_pieces(call->engine, one, call->told);
	judge_config(call);
	dmk_judge_pieces(call->checker, one, call->event, call->where);
}

static void submit_now(const struct call *call, struct dmk_descriptor *one)
{
	one->submitted = call->where;
	one->callback = call->told->callback;
	one->param = call->told->param;
	one->cookie = 0;
	one->polls = 0;
	one->queued = one->told = one->called = one->terminated = one->forgiven = false;
	one->number = ++call->channel->numbers;
	dmk_descriptor_move(call->engine, one, DMK_DESCRIPTOR_SUBMITTED);
}

static void say_again(const struct call *call, const char *how, const char *mend)
{
	struct dmk_finding *finding = report(call, DMK_RULE_ENG_01, call->descriptor->submitted,
					     "submitted");

	if (!finding)
		return;
	dmk_say(finding, "a descriptor of channel %s is submitted a second time, %s",
		call->channel->name, how);
	dmk_mend(finding, "%s", mend);
}

static void submit(const struct call *call)
{
	switch (call->descriptor->state) {
	case DMK_DESCRIPTOR_SUBMITTED:
	case DMK_DESCRIPTOR_ISSUED:
		say_again(
			call, "and it has not ended yet",
			"submit each descriptor once: it is the controller's then; to repeat a transfer prepare another, or "
			"a cyclic one");
		return;
	case DMK_DESCRIPTOR_PAST:
		say_again(
			call,
			call->descriptor->terminated ? "after it was terminated"
						     : "after it ended, and it is not for reuse",
			"prepare another one, or mark it with dmaengine_desc_set_reuse() before it is submitted first: "
			"without, its memory is the controller's to free");
		return;
	default:
		submit_now(call, call->descriptor);
	}
}

/* Told with the provider's lock held: in the order in which they are queued. */
static void queued(const struct call *call)
{
	struct dmk_engine_channel *channel = call->channel;
	struct dmk_descriptor *one = call->descriptor;

	channel->wrapped |= call->told->cookie < channel->cookie;
	channel->cookie = call->told->cookie;
	if (!one || one->queued)
		return;
	/* A client that calls the controller's own function. */
	if (one->state == DMK_DESCRIPTOR_PREPARED || one->state == DMK_DESCRIPTOR_IDLE)
		submit_now(call, one);
	one->queued = true;
	one->cookie = call->told->cookie;
	one->reuse = call->told->reuse;
	one->number = ++channel->numbers;
	/* Another thread's issue, told in between, is not for this one yet. */
	if (one->state == DMK_DESCRIPTOR_SUBMITTED || one->state == DMK_DESCRIPTOR_ISSUED)
		dmk_descriptor_move(call->engine, one, DMK_DESCRIPTOR_SUBMITTED);
}

/* It never was the controller's. */
static void refused(const struct call *call)
{
	struct dmk_descriptor *one = call->descriptor;

	if (!one->queued &&
	    (one->state == DMK_DESCRIPTOR_SUBMITTED || one->state == DMK_DESCRIPTOR_ISSUED))
		dmk_descriptor_drop(call->engine, one);
}

static void issue(const struct call *call)
{
	struct dmk_descriptor *one;

	while ((one = oldest(call->channel, DMK_DESCRIPTOR_SUBMITTED))) {
		if (one->by_client)
			dmk_judge_issued(call->checker, one, call->where);
		dmk_descriptor_move(call->engine, one, DMK_DESCRIPTOR_ISSUED);
	}
}

/* --- the end of a descriptor ------------------------------------------------------------------ */

static void end(const struct call *call, struct dmk_descriptor *one, bool reuse)
{
	dmk_descriptor_move(call->engine, one, reuse ? DMK_DESCRIPTOR_IDLE : DMK_DESCRIPTOR_PAST);
}

static void say_out_of_order(const struct call *call)
{
	const bool again = call->descriptor->number == call->channel->ended;
	struct dmk_finding *finding = report(call, DMK_RULE_ENG_04, call->descriptor->submitted,
					     "submitted");

	if (!finding)
		return;
	dmk_say(finding, "the controller completes a descriptor of channel %s %s",
		call->channel->name,
		again ? "a second time"
		      : "after a later one: who asks about that one is told that it is in progress again");
	dmk_mend(
		finding,
		"call dma_cookie_complete() once for each descriptor, in the order in which they were "
		"submitted, and with the channel's lock held");
}

/* What ended has ended, and in order all before it: who asks is told so. */
static void ended(const struct call *call)
{
	struct dmk_engine_channel *channel = call->channel;
	struct dmk_descriptor *one = call->descriptor, *before;
	const uint64_t number = one->number;

	if (one->terminated || one->state == DMK_DESCRIPTOR_PREPARED)
		return;
	if (!call->told->unordered && number <= channel->ended) {
		say_out_of_order(call);
		return;
	}
	if (number > channel->ended)
		channel->ended = number;
	while (!call->told->unordered && (before = oldest(channel, DMK_DESCRIPTOR_ISSUED)) &&
	       before->number < number)
		end(call, before, before->reuse);
	end(call, one, call->told->reuse);
}

static void say_changed(const struct call *call)
{
	struct dmk_finding *finding = dmk_report(
		call->checker, &(struct dmk_mistake){.rule = DMK_RULE_ENG_01,
						     .device = call->channel->device,
						     .where = call->descriptor->submitted,
						     .second = call->descriptor->prepared,
						     .label = "prepared"});

	if (!finding)
		return;
	dmk_say(finding,
		"the callback of a descriptor of channel %s, or its parameter, was changed after it was submitted here",
		call->channel->name);
	dmk_mend(
		finding,
		"set ->callback and ->callback_param before dmaengine_submit(): after it the descriptor is the "
		"controller's, which may have ended and freed it");
}

static void say_locked(const struct call *call)
{
	struct dmk_finding *finding = report(call, DMK_RULE_ENG_02, NULL, NULL);

	if (!finding)
		return;
	dmk_say(finding, "the controller calls a client back with the lock of channel %s held",
		call->channel->name);
	dmk_mend(
		finding,
		"let go of the lock around the callback: it may submit the next descriptor, which takes the "
		"lock");
}

static void calls_back(const struct call *call)
{
	struct dmk_descriptor *one = call->descriptor;

	if (call->told->locked) {
		say_locked(call);
		return;
	}
	if (!one || one->called || !one->submitted)
		return;
	one->called = true;
	if (call->told->callback &&
	    (call->told->callback != one->callback || call->told->param != one->param))
		say_changed(call);
}

static void freed(const struct call *call)
{
	struct dmk_descriptor *one = call->descriptor;
	struct dmk_finding *finding = NULL;

	if (one->state == DMK_DESCRIPTOR_SUBMITTED || one->state == DMK_DESCRIPTOR_ISSUED)
		finding = report(call, DMK_RULE_ENG_04, one->submitted, "submitted");
	if (finding) {
		dmk_say(finding, "a descriptor of channel %s is freed, and it has not ended yet",
			call->channel->name);
		dmk_mend(
			finding,
			"call dmaengine_desc_free() after the callback, or after dmaengine_terminate_sync()");
	}
	dmk_descriptor_drop(call->engine, one);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void say_no_cookie(const struct call *call)
{
	const int32_t cookie = call->told->cookie;
	struct dmk_finding *finding = report(call, DMK_RULE_ENG_01, NULL, NULL);

	if (!finding)
		return;
	if (cookie < 0)
		dmk_say(finding,
			"dmaengine_tx_status() of channel %s is asked about %d, an error of submit",
			call->channel->name, cookie);
	else if (!cookie)
		dmk_say(finding,
			"dmaengine_tx_status() of channel %s is asked about cookie 0, which is no descriptor's and always complete",
			call->channel->name);
	else
		dmk_say(finding,
			"dmaengine_tx_status() of channel %s is asked about cookie %d, and the last one given out is %d",
			call->channel->name, cookie, call->channel->cookie);
	dmk_mend(
		finding,
		"keep what dmaengine_submit() returned for this channel, look at it with dma_submit_error(), and "
		"don't read it from the descriptor, which is the controller's");
}

/* False: no descriptor of this channel has it, since the client has the channel. */
static bool may_be_a_cookie(const struct dmk_engine_channel *channel, int32_t cookie)
{
	if (cookie > 0)
		return channel->wrapped || !channel->cookie || cookie <= channel->cookie;
	return !cookie && !channel->cookie;
}

static struct dmk_descriptor *with_cookie(const struct dmk_engine_channel *channel,
					  enum dmk_descriptor_state state, int32_t cookie)
{
	struct dmk_descriptor *one = oldest(channel, state);

	while (one && one->cookie != cookie &&
	       (channel->wrapped || !one->cookie || one->cookie < cookie))
		one = one->newer;
	return one && one->cookie == cookie ? one : NULL;
}

static void asked(const struct call *call)
{
	struct dmk_engine_channel *channel = call->channel;
	const int32_t cookie = call->told->cookie;
	const int answer = call->event->result;
	struct dmk_descriptor *one;

	if (!may_be_a_cookie(channel, cookie)) {
		say_no_cookie(call);
		return;
	}
	if (!cookie)
		return;
	if (answer == COMPLETE || answer == FAILED) {
		one = with_cookie(channel, DMK_DESCRIPTOR_ISSUED, cookie);
		if (one)
			end(call, one, one->reuse);
		return;
	}
	one = with_cookie(channel, DMK_DESCRIPTOR_SUBMITTED, cookie);
	if (one && answer == IN_PROGRESS && ++one->polls == POLLS)
		never_issued(call, one, "it was asked 100 times whether it has ended");
}

/* --- terminating ------------------------------------------------------------------------------ */

static void terminate(const struct call *call)
{
	struct dmk_descriptor *one, *next;

	call->channel->terminated_at = call->where;
	for (unsigned int state = 0; state <= DMK_DESCRIPTOR_IDLE; state++)
		for (one = oldest(call->channel, state); one; one = next) {
			next = one->newer;
			one->terminated = true;
			one->forgiven = one->reuse;
			if (state == DMK_DESCRIPTOR_ISSUED)
				dmk_descriptor_move(call->engine, one, DMK_DESCRIPTOR_TERMINATED);
			else if (state == DMK_DESCRIPTOR_PREPARED ||
				 state == DMK_DESCRIPTOR_SUBMITTED)
				end(call, one, one->reuse);
		}
}

static void synchronized(const struct call *call)
{
	struct dmk_descriptor *one;

	while ((one = oldest(call->channel, DMK_DESCRIPTOR_TERMINATED)))
		end(call, one, one->reuse);
}

static void waits_for_itself(const struct call *call)
{
	struct dmk_finding *finding = report(call, DMK_RULE_CTX_01, NULL, NULL);

	if (!finding)
		return;
	dmk_say(finding,
		"dmaengine_synchronize() of channel %s is called by a callback of the channel, and waits for its callbacks",
		call->channel->name);
	dmk_mend(
		finding,
		"call dmaengine_terminate_async() in the callback, and dmaengine_synchronize() where sleeping is "
		"allowed: in a work item, or when the device is closed");
}

/* --- a step ----------------------------------------------------------------------------------- */

static void of_descriptor(struct call *call)
{
	switch (call->told->step) {
	case DMK_ENGINE_SUBMIT:
		submit(call);
		break;
	case DMK_ENGINE_REFUSED:
		refused(call);
		break;
	case DMK_ENGINE_ENDED:
		ended(call);
		break;
	case DMK_ENGINE_UNMAPPED:
		dmk_descriptor_pieces(call->engine, call->descriptor,
				      &(struct dmk_event_engine){.nr_pieces = 0});
		break;
	case DMK_ENGINE_FREED:
		freed(call);
		break;
	default:
		break;
	}
}

static void of_channel(struct call *call)
{
	switch (call->told->step) {
	case DMK_ENGINE_TAKEN:
		call->channel->taken = call->where;
		call->channel->client = call->told->client;
		break;
	case DMK_ENGINE_GIVEN:
		given(call);
		break;
	case DMK_ENGINE_LEFT:
		left(call);
		break;
	case DMK_ENGINE_CONFIGURED:
		configured(call);
		break;
	case DMK_ENGINE_PREPARED:
		prepared(call);
		break;
	case DMK_ENGINE_QUEUED:
		queued(call);
		break;
	case DMK_ENGINE_ISSUE:
		issue(call);
		break;
	case DMK_ENGINE_ASKED:
		asked(call);
		break;
	case DMK_ENGINE_CALLBACK:
		calls_back(call);
		break;
	case DMK_ENGINE_TERMINATE:
		terminate(call);
		break;
	case DMK_ENGINE_SYNCHRONIZED:
		synchronized(call);
		break;
	case DMK_ENGINE_WAITS_FOR_ITSELF:
		waits_for_itself(call);
		break;
	default:
		if (call->descriptor)
			of_descriptor(call);
		break;
	}
}

void dmk_judge_engine(struct dmk_checker *checker, const struct dmk_event *event,
		      const struct dmk_trace *where)
{
	struct dmk_engine *engine = &checker->shadow.engine;
	struct call call = {
		.checker = checker,
		.engine = engine,
		.event = event,
		.told = event->engine,
		.where = where,
		.descriptor = dmk_engine_descriptor(engine, event->engine->descriptor),
		.channel = dmk_engine_channel_known(engine, event->engine->channel,
						    dmk_shadow_device(&checker->shadow, event->dev),
						    event->name),
	};

	if (call.channel)
		of_channel(&call);
}
