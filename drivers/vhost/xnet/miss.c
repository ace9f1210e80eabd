// SPDX-License-Identifier: GPL-2.0-only
/* What queues ask of user space: the translations that their IOTLBs lack. */

#include <linux/errno.h>
#include <linux/poll.h>

#include "miss.h"

/**
 * xnet_misses_init() - prepare a device's questions
 * @all: the questions
 */
void xnet_misses_init(struct xnet_misses *all)
{
	spin_lock_init(&all->lock);
	init_waitqueue_head(&all->wait);
	INIT_LIST_HEAD(&all->unread);
	all->on = false;
	all->v2 = false;
}

static void misses_wake(struct xnet_misses *all)
{
	wake_up_interruptible_poll(&all->wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * xnet_misses_switch() - say whether questions may come
 * @all: the questions
 * @on: they may
 *
 * When no more can come, those who wait for one are told.
 *
 * Context: the device mutex is held.
 */
void xnet_misses_switch(struct xnet_misses *all, bool on)
{
	spin_lock(&all->lock);
	all->on = on;
	spin_unlock(&all->lock);
	if (!on)
		misses_wake(all);
}

/**
 * xnet_misses_set_v2() - choose the format in which questions are read
 * @all: the questions
 * @v2: the second one
 *
 * Context: the device mutex is held.
 */
void xnet_misses_set_v2(struct xnet_misses *all, bool v2)
{
	spin_lock(&all->lock);
	all->v2 = v2;
	spin_unlock(&all->lock);
}

/**
 * xnet_misses_take() - take the oldest unread question for somebody to read
 * @all: the questions
 * @out: receives what is asked
 *
 * Context: any process.
 * Return: 0; -EAGAIN if there is none now; -EBADFD if there is no IOTLB either.
 */
int xnet_misses_take(struct xnet_misses *all, struct xnet_question *out)
{
	struct xnet_miss *miss;
	int err = 0;

	spin_lock(&all->lock);
	miss = list_first_entry_or_null(&all->unread, struct xnet_miss, node);
	if (miss) {
		list_del_init(&miss->node);
		out->miss = miss;
		out->iova = miss->iova;
		out->perm = miss->perm;
		out->v2 = all->v2;
	} else {
		err = all->on ? -EAGAIN : -EBADFD;
	}
	spin_unlock(&all->lock);
	return err;
}

/**
 * xnet_misses_untake() - a question that was taken could not be read
 * @all: the questions
 * @q: the question; it is the next to be read, unless it is not asked any more
 *
 * Context: any process.
 */
void xnet_misses_untake(struct xnet_misses *all, const struct xnet_question *q)
{
	struct xnet_miss *miss = q->miss;

	spin_lock(&all->lock);
	if (miss->waiting && miss->iova == q->iova && list_empty(&miss->node))
		list_add(&miss->node, &all->unread);
	spin_unlock(&all->lock);
	misses_wake(all);
}

/**
 * xnet_misses_unread() - is there a question to be read?
 * @all: the questions
 *
 * Context: any process.
 * Return: true if so.
 */
bool xnet_misses_unread(struct xnet_misses *all)
{
	bool unread;

	spin_lock(&all->lock);
	unread = !list_empty(&all->unread);
	spin_unlock(&all->lock);
	return unread;
}

/**
 * xnet_miss_init() - prepare a queue's question
 * @miss: the question
 * @all: the device's questions
 */
void xnet_miss_init(struct xnet_miss *miss, struct xnet_misses *all)
{
	miss->all = all;
	INIT_LIST_HEAD(&miss->node);
	miss->waiting = false;
}

/**
 * xnet_miss_post() - ask
 * @miss: the queue's question
 * @iova: the address in question
 * @perm: VHOST_ACCESS_RO or VHOST_ACCESS_WO
 *
 * Takes the place of what the queue has asked before. If that was read and not
 * answered, the same question may be read once more: there is no telling whether
 * an answer is on its way.
 *
 * Context: the queue's owner.
 */
void xnet_miss_post(struct xnet_miss *miss, u64 iova, u8 perm)
{
	struct xnet_misses *all = miss->all;

	spin_lock(&all->lock);
	miss->iova = iova;
	miss->perm = perm;
	miss->waiting = true;
	if (list_empty(&miss->node))
		list_add_tail(&miss->node, &all->unread);
	spin_unlock(&all->lock);
	misses_wake(all);
}

/**
 * xnet_miss_answer() - is this what a queue waits for?
 * @miss: the queue's question
 * @iova: first address that has become known
 * @last: last one
 *
 * If nobody has read the question it stays to be read: somebody may have been
 * told by poll() that there is something.
 *
 * Context: the device mutex is held.
 * Return: true if so; the queue does not wait any more then.
 */
bool xnet_miss_answer(struct xnet_miss *miss, u64 iova, u64 last)
{
	bool answered;

	spin_lock(&miss->all->lock);
	answered = miss->waiting && miss->iova >= iova && miss->iova <= last;
	if (answered)
		miss->waiting = false;
	spin_unlock(&miss->all->lock);
	return answered;
}

/**
 * xnet_miss_withdraw() - forget a question
 * @miss: the question of a stopped queue
 *
 * Context: the device mutex is held.
 */
void xnet_miss_withdraw(struct xnet_miss *miss)
{
	spin_lock(&miss->all->lock);
	list_del_init(&miss->node);
	miss->waiting = false;
	spin_unlock(&miss->all->lock);
}
