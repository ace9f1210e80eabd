/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What queues ask of user space: the translations that their IOTLBs lack. A queue
 * waits for one at a time and has one place for it, so that no guest can make
 * the kernel hold more.
 */
#ifndef _XNET_MISS_H
#define _XNET_MISS_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

/**
 * struct xnet_misses - the questions of a device
 * @lock: protects all of it and the questions
 * @wait: those who read the device's file, or poll it
 * @unread: questions that nobody has read yet, oldest first
 * @on: there is an IOTLB, so that questions may come
 * @v2: they are read in the second format of messages
 */
struct xnet_misses {
	spinlock_t lock;
	wait_queue_head_t wait;
	struct list_head unread;
	bool on;
	bool v2;
};

/**
 * struct xnet_miss - a queue's question
 * @all: the device's questions
 * @node: in their list, as long as nobody has read it
 * @iova: the first address of which nothing is known
 * @perm: VHOST_ACCESS_RO or VHOST_ACCESS_WO, what the device wants to do there
 * @waiting: the queue has not got an answer yet
 */
struct xnet_miss {
	struct xnet_misses *all;
	struct list_head node;
	u64 iova;
	u8 perm;
	bool waiting;
};

/**
 * struct xnet_question - a question as it was when it was taken to be read
 * @miss: whose it is
 * @iova: as there
 * @perm: as there
 * @v2: it is read in the second format of messages
 */
struct xnet_question {
	struct xnet_miss *miss;
	u64 iova;
	u8 perm;
	bool v2;
};

void xnet_misses_init(struct xnet_misses *all);
void xnet_misses_switch(struct xnet_misses *all, bool on);
void xnet_misses_set_v2(struct xnet_misses *all, bool v2);
int xnet_misses_take(struct xnet_misses *all, struct xnet_question *out);
void xnet_misses_untake(struct xnet_misses *all, const struct xnet_question *q);
bool xnet_misses_unread(struct xnet_misses *all);

void xnet_miss_init(struct xnet_miss *miss, struct xnet_misses *all);
void xnet_miss_post(struct xnet_miss *miss, u64 iova, u8 perm);
bool xnet_miss_answer(struct xnet_miss *miss, u64 iova, u64 last);
void xnet_miss_withdraw(struct xnet_miss *miss);

#endif /* _XNET_MISS_H */
