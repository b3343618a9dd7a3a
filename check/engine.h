/* SPDX-License-Identifier: MIT */
/*
 * The shadow of the DMA engine: channels, and their descriptors from the preparation to the end.
 * Facts only; what is right or wrong about them is judged in judge_engine.c and judge_piece.c.
 *
 *	prepared --submit--> submitted --issue--> issued --it ends--> past
 *	    |                    |                  |
 *	    +---- terminate -----+--> past          +--terminate--> terminated --synchronize--> past
 *
 * One that is for reuse is idle instead of past: it is submitted again, or freed.
 *
 * What is told of a controller is as much as its driver uses of what drivers share: one that counts
 * its own cookies says nothing of ends. So a descriptor that the client was told has ended, has.
 */
#ifndef CHECK_ENGINE_H
#define CHECK_ENGINE_H

#include <dmakit/check.h>

#include "ranges.h"
#include "stack.h"
#include "tables.h"

struct dmk_watched;
struct dmk_shadow;
struct dmk_engine_channel;

enum dmk_descriptor_state {
	DMK_DESCRIPTOR_PREPARED,
	DMK_DESCRIPTOR_SUBMITTED,
	DMK_DESCRIPTOR_ISSUED,
	DMK_DESCRIPTOR_TERMINATED, /* it may still be worked on, or called back */
	DMK_DESCRIPTOR_IDLE,
	DMK_DESCRIPTOR_PAST, /* the provider has it; kept for a while, to know it again */
	DMK_DESCRIPTOR_STATES
};

enum { DMK_PAST_DESCRIPTORS = 32 }; /* of a channel */

/** Memory that a descriptor reads or writes. */
struct dmk_piece {
	struct dmk_range range; /* in its device's .work while .at_work */
	struct dmk_descriptor *descriptor;
	struct dmk_piece *next;
	bool write, sparse, ram, at_work;
	bool bad;   /* nothing allows it, and that was reported */
	bool empty; /* no byte */
};

struct dmk_descriptor {
	struct dmk_link by_pointer;
	struct dmk_engine_channel *channel;
	struct dmk_descriptor *older, *newer; /* of the channel's in this state */
	enum dmk_descriptor_state state;
	uint64_t number; /* in the order of submission */
	int32_t cookie;  /* 0: the provider has given none */
	bool queued;     /* the provider has told so since it was submitted */
	bool by_client;  /* prepared by a call of the client's that told what it is for */
	bool reuse, cyclic;
	bool terminated; /* at some time since it was submitted */
	bool forgiven;   /* it is for reuse, and was terminated: the provider may have it */
	bool told;       /* that it was never issued is reported */
	bool called;     /* its callback was compared since it was submitted */
	unsigned int polls;
	const void *callback, *param;
	const struct dmk_trace *prepared, *submitted;
	struct dmk_piece *pieces;
};

struct dmk_engine_list {
	struct dmk_descriptor *oldest, *newest;
	size_t n;
};

struct dmk_engine_channel {
	struct dmk_link by_pointer;
	struct dmk_engine_channel *next, *previous;
	struct dmk_watched *device; /* that memory is mapped for; NULL: not known */
	const struct dmk_dev *client;
	char name[32];
	const struct dmk_trace *taken; /* NULL: nobody has it for himself */
	bool excused;                  /* its controller has gone: reported */
	bool configured, unconfigured; /* by the client; that it is not is reported */
	int config_result;
	struct dmk_event_slave config;
	const struct dmk_trace *configured_at, *terminated_at;
	uint64_t numbers, ended; /* given out; the highest that ended */
	int32_t cookie;          /* given out last; 0: none */
	bool wrapped;
	struct dmk_engine_list list[DMK_DESCRIPTOR_STATES];
};

struct dmk_engine {
	struct dmk_index channels, descriptors;
	struct dmk_engine_channel *channel_list;
	struct dmk_pile channel_pile, descriptor_pile, piece_pile;
};

bool dmk_engine_init(struct dmk_engine *engine);
void dmk_engine_exit(struct dmk_engine *engine);

/** dmk_engine_channel - what an event tells of; NULL: it was not seen yet, or no memory */
struct dmk_engine_channel *dmk_engine_channel(const struct dmk_engine *engine, const void *channel);
/** dmk_engine_channel_known - the same, known from now on; of @device, if that is told */
struct dmk_engine_channel *dmk_engine_channel_known(struct dmk_engine *engine, const void *channel,
						    struct dmk_watched *device, const char *name);
void dmk_engine_channel_drop(struct dmk_engine *engine, struct dmk_engine_channel *channel);
/** dmk_engine_device_gone - its channels are nobody's: their clients may have them yet */
void dmk_engine_device_gone(struct dmk_engine *engine, const struct dmk_watched *device);

struct dmk_descriptor *dmk_engine_descriptor(const struct dmk_engine *engine,
					     const void *descriptor);
/** dmk_descriptor_new - one that is prepared; what was at its address is forgotten */
struct dmk_descriptor *dmk_descriptor_new(struct dmk_engine *engine,
					  struct dmk_engine_channel *channel,
					  const void *descriptor);
void dmk_descriptor_drop(struct dmk_engine *engine, struct dmk_descriptor *descriptor);
/** dmk_descriptor_move - it is the newest of its channel in that state */
void dmk_descriptor_move(struct dmk_engine *engine, struct dmk_descriptor *descriptor,
			 enum dmk_descriptor_state state);
/** dmk_descriptor_pieces - what an event says that it is for; or (no pieces) that it is for none */
void dmk_descriptor_pieces(struct dmk_engine *engine, struct dmk_descriptor *descriptor,
			   const struct dmk_event_engine *event);

#endif
