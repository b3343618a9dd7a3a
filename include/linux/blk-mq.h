/* SPDX-License-Identifier: MIT */
/*
 * What SCSI drivers see of the block layer: a request has a tag, and stands in front of its
 * command.
 */
#ifndef BLK_MQ_H
#define BLK_MQ_H

#include <linux/types.h>

/** @tag: below the host's can_queue, its own as long as the driver has the command. */
struct request {
	int tag;
	void *dmk; /* which host: the midlayer's */
};

static inline struct request *blk_mq_rq_from_pdu(void *pdu)
{
	return (struct request *)((char *)pdu - sizeof(struct request));
}

static inline void *blk_mq_rq_to_pdu(struct request *rq)
{
	return rq + 1;
}

/** blk_mq_unique_tag - there is one queue, so it is the tag. */
static inline u32 blk_mq_unique_tag(struct request *rq)
{
	return (u32)rq->tag;
}

#endif
