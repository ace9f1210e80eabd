// SPDX-License-Identifier: GPL-2.0-only
/* A thread that does queued work in the owner's address space. */

#include <linux/cgroup.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "worker.h"

#define XNET_WORK_QUEUED	0

/* Do everything that is queued, oldest first. */
static void worker_run(struct llist_node *list)
{
	struct xnet_work *work, *next;

	list = llist_reverse_order(list);
	llist_for_each_entry_safe(work, next, list, node) {
		/*
		 * Once the bit is clear the item may be queued again, and its
		 * link, which has been read, be written. The barrier pairs
		 * with test_and_set_bit() in xnet_work_queue(): whoever finds
		 * the bit set relies on this run to see what he did before.
		 */
		clear_bit_unlock(XNET_WORK_QUEUED, &work->flags);
		smp_mb__after_atomic(); /* see above */
		work->fn(work);
		cond_resched();
	}
}

static int worker_thread(void *data)
{
	struct xnet_worker *worker = data;
	struct llist_node *list;
	bool stop;

	kthread_use_mm(worker->mm);
	for (;;) {
		/* Before looking, so that a wake-up after the look is not lost. */
		set_current_state(TASK_INTERRUPTIBLE);
		/* Before taking the list, so that it has all that was queued before the end. */
		stop = kthread_should_stop();
		list = llist_del_all(&worker->list);
		if (list) {
			__set_current_state(TASK_RUNNING);
			worker_run(list);
			continue;
		}
		if (stop)
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	kthread_unuse_mm(worker->mm);
	return 0;
}

static int worker_join_cgroups(void *data)
{
	return cgroup_attach_task_all(data, current);
}

/**
 * xnet_worker_create() - start a worker for the calling process
 * @mm: the address space to work in; the caller keeps a reference until the
 *	worker is destroyed
 *
 * The thread is named after the caller's process and joins its cgroups.
 *
 * Context: the owner's process; may sleep.
 * Return: the worker or an ERR_PTR.
 */
struct xnet_worker *xnet_worker_create(struct mm_struct *mm)
{
	struct xnet_worker *worker;
	struct task_struct *task;
	int err;

	worker = kzalloc(sizeof(*worker), GFP_KERNEL_ACCOUNT);
	if (!worker)
		return ERR_PTR(-ENOMEM);
	worker->mm = mm;
	init_llist_head(&worker->list);

	task = kthread_create(worker_thread, worker, "vhost-%d", task_tgid_nr(current));
	if (IS_ERR(task)) {
		err = PTR_ERR(task);
		goto free;
	}
	worker->task = task;
	wake_up_process(task);

	err = xnet_worker_call(worker, worker_join_cgroups, current);
	if (err)
		goto stop;
	return worker;

stop:
	kthread_stop(task);
free:
	kfree(worker);
	return ERR_PTR(err);
}

/**
 * xnet_worker_destroy() - finish what is queued and end the thread
 * @worker: the worker; nothing can queue work on it any more
 *
 * Context: may sleep; not the worker itself.
 */
void xnet_worker_destroy(struct xnet_worker *worker)
{
	kthread_stop(worker->task);
	WARN_ON_ONCE(!llist_empty(&worker->list));
	kfree(worker);
}

/**
 * xnet_work_queue() - have work done
 * @worker: the worker
 * @work: the work; if it is queued already it runs once
 *
 * Whatever the caller did before is seen by the work.
 *
 * Context: any, including hard interrupts.
 */
void xnet_work_queue(struct xnet_worker *worker, struct xnet_work *work)
{
	if (test_and_set_bit(XNET_WORK_QUEUED, &work->flags))
		return;
	/* Only the first item on an empty list finds a worker that may sleep. */
	if (llist_add(&work->node, &worker->list))
		wake_up_process(worker->task);
}

/**
 * struct worker_call - a function that somebody waits for
 * @work: how it gets to the worker
 * @fn: the function
 * @data: its argument
 * @ret: what it returned
 * @done: it has returned
 */
struct worker_call {
	struct xnet_work work;
	int (*fn)(void *data);
	void *data;
	int ret;
	struct completion done;
};

static void worker_call_run(struct xnet_work *work)
{
	struct worker_call *call = container_of(work, struct worker_call, work);

	call->ret = call->fn(call->data);
	complete(&call->done);
}

/**
 * xnet_worker_call() - run a short function on the worker and wait for it
 * @worker: the worker
 * @fn: the function
 * @data: its argument
 *
 * It runs between two pieces of work, so it may touch whatever belongs to the
 * worker. Each piece of work is bounded, and so is the wait, unless the owner
 * leaves a page fault of its own unserved (userfaultfd, FUSE): then it waits
 * for itself, as it does with vhost-net.
 *
 * Context: may sleep; not the worker itself.
 * Return: what @fn returned.
 */
int xnet_worker_call(struct xnet_worker *worker, int (*fn)(void *data), void *data)
{
	struct worker_call call = { .fn = fn, .data = data };

	init_completion(&call.done);
	xnet_work_init(&call.work, worker_call_run);
	xnet_work_queue(worker, &call.work);
	wait_for_completion(&call.done);
	return call.ret;
}
