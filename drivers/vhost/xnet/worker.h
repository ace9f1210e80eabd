/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread that does queued work in the owner's address space. */
#ifndef _XNET_WORKER_H
#define _XNET_WORKER_H

#include <linux/bitops.h>
#include <linux/llist.h>
#include <linux/sched.h>

/**
 * struct xnet_work - something for a worker to do
 * @node: links it to what else is queued
 * @flags: bit 0 is set while it is queued
 * @fn: does it; runs on the worker, may sleep, may queue itself again
 */
struct xnet_work {
	struct llist_node node;
	unsigned long flags;
	void (*fn)(struct xnet_work *work);
};

/**
 * struct xnet_worker - a thread and what is queued on it
 * @task: the thread
 * @mm: the owner's address space, which it works in; the user of the worker
 *	keeps a reference
 * @list: work not yet begun, newest first
 */
struct xnet_worker {
	struct task_struct *task;
	struct mm_struct *mm;
	struct llist_head list;
};

struct xnet_worker *xnet_worker_create(struct mm_struct *mm);
void xnet_worker_destroy(struct xnet_worker *worker);
void xnet_work_queue(struct xnet_worker *worker, struct xnet_work *work);
int xnet_worker_call(struct xnet_worker *worker, int (*fn)(void *data), void *data);

/**
 * xnet_work_init() - prepare a piece of work
 * @work: the work
 * @fn: what does it
 */
static inline void xnet_work_init(struct xnet_work *work, void (*fn)(struct xnet_work *work))
{
	work->flags = 0;
	work->fn = fn;
}

/**
 * xnet_worker_has_work() - is something queued?
 * @worker: the worker
 *
 * Context: any.
 * Return: true if so.
 */
static inline bool xnet_worker_has_work(const struct xnet_worker *worker)
{
	return !llist_empty(&worker->list);
}

/**
 * xnet_worker_is_current() - does the caller run on this worker?
 * @worker: the worker
 *
 * Return: true if so.
 */
static inline bool xnet_worker_is_current(const struct xnet_worker *worker)
{
	return worker->task == current;
}

#endif /* _XNET_WORKER_H */
