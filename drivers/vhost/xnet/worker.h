/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread that does queued work in the owner's address space. */
#ifndef _XNET_WORKER_H
#define _XNET_WORKER_H

#include <linux/bitops.h>
#include <linux/kcov.h>
#include <linux/llist.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

struct vhost_task;

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
 * @kcov_handle: under which kcov collects what is done here for the owner; its type
 *	differs between kernels
 * @kthread: the thread, if it is one of the kernel's
 * @task: the thread, if it is a task of the owner
 * @dead: it was a task of the owner and has been killed
 * @rescue: does what is queued on a dead worker
 * @mm: the owner's address space, which it works in; the user of the worker
 *	keeps a reference
 * @list: work not yet begun, newest first
 * @more: some of what was taken from @list last has not begun either; the thread's own
 * @id: its number in the device
 * @pid: its number in the initial namespace; 0 if it was killed at once
 */
struct xnet_worker {
	typeof(kcov_common_handle()) kcov_handle;
	struct task_struct *kthread;
	struct vhost_task *task;
	bool dead;
	struct work_struct rescue;
	struct mm_struct *mm;
	struct llist_head list;
	bool more;
	u32 id;
	pid_t pid;
};

struct xnet_worker *xnet_worker_create(struct mm_struct *mm, const char *name, bool task);
void xnet_worker_destroy(struct xnet_worker *worker);
void xnet_worker_flush(struct xnet_worker *worker);
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
 * xnet_worker_has_work() - does something wait for the work under way to end?
 * @worker: the worker
 *
 * Context: the worker itself.
 * Return: true if so.
 */
static inline bool xnet_worker_has_work(const struct xnet_worker *worker)
{
	return worker->more || !llist_empty(&worker->list);
}

/**
 * xnet_worker_is_dead() - has it been killed?
 * @worker: the worker
 *
 * One that has been killed runs what others wait for, and no queue.
 *
 * Context: any.
 * Return: true if so.
 */
static inline bool xnet_worker_is_dead(const struct xnet_worker *worker)
{
	return READ_ONCE(worker->dead);
}

#endif /* _XNET_WORKER_H */
