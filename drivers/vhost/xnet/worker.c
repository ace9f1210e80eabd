// SPDX-License-Identifier: GPL-2.0-only
/* A thread that does queued work in the owner's address space. */

#include <linux/cgroup.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat/task.h"
#include "worker.h"

#define XNET_WORK_QUEUED	0

/* Do everything that is queued, oldest first. */
static void worker_run(struct xnet_worker *worker, struct llist_node *list)
{
	struct xnet_work *work, *next;

	list = llist_reverse_order(list);
	llist_for_each_entry_safe(work, next, list, node) {
		worker->more = work->node.next;
		/*
		 * Once the bit is clear the item may be queued again, and its
		 * link, which has been read, be written. The barrier pairs
		 * with test_and_set_bit() in xnet_work_queue(): whoever finds
		 * the bit set relies on this run to see what he did before.
		 */
		clear_bit_unlock(XNET_WORK_QUEUED, &work->flags);
		smp_mb__after_atomic(); /* see above */
		kcov_remote_start_common(worker->kcov_handle);
		work->fn(work);
		kcov_remote_stop();
		cond_resched();
	}
}

static int worker_kthread(void *data)
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
			worker_run(worker, list);
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

/* One turn of a worker that is a task of the owner; it sleeps if this returns false. */
static bool worker_task_turn(void *data)
{
	struct xnet_worker *worker = data;
	struct llist_node *list = llist_del_all(&worker->list);

	if (!list)
		return false;
	__set_current_state(TASK_RUNNING);
	worker_run(worker, list);
	return true;
}

/*
 * The worker was a task of the owner and has been killed with it. Whoever waits
 * for it gets what he waits for all the same, in the same address space and one
 * at a time, from a thread of the kernel's. The queues do not: see vq_work().
 */
static void worker_rescue(struct work_struct *work)
{
	struct xnet_worker *worker = container_of(work, struct xnet_worker, rescue);
	struct llist_node *list = llist_del_all(&worker->list);

	if (!list)
		return;
	kthread_use_mm(worker->mm);
	worker_run(worker, list);
	kthread_unuse_mm(worker->mm);
}

/* The last thing that a task of the owner does when it is killed. */
static void worker_task_killed(void *data)
{
	struct xnet_worker *worker = data;

	WRITE_ONCE(worker->dead, true);
	/*
	 * Pairs with the barrier in llist_add(): either who adds work sees
	 * that the worker is dead, or the work is seen here.
	 */
	smp_mb();
	queue_work(xnet_unbound_wq, &worker->rescue);
}

static void worker_wake(struct xnet_worker *worker)
{
	if (worker->kthread) {
		wake_up_process(worker->kthread);
		return;
	}
	/* On some kernels it is all that keeps a task that was seen alive from being freed. */
	rcu_read_lock();
	if (unlikely(READ_ONCE(worker->dead)))
		queue_work(xnet_unbound_wq, &worker->rescue);
	else
		vhost_task_wake(worker->task);
	rcu_read_unlock();
}

static int worker_start_kthread(struct xnet_worker *worker, const char *name)
{
	struct task_struct *kthread = kthread_create(worker_kthread, worker, "%s", name);

	if (IS_ERR(kthread))
		return PTR_ERR(kthread);
	worker->kthread = kthread;
	wake_up_process(kthread);
	return 0;
}

static int worker_start_task(struct xnet_worker *worker, const char *name)
{
	struct vhost_task *task = xnet_vhost_task_create(worker_task_turn, worker_task_killed,
							 worker, name);

	if (IS_ERR(task))
		return PTR_ERR(task);
	worker->task = task;
	vhost_task_start(task);
	return 0;
}

/* What a worker is told first. */
struct worker_begin {
	struct xnet_worker *worker;
	struct task_struct *owner;
};

static int worker_begin(void *data)
{
	struct worker_begin *b = data;

	if (!READ_ONCE(b->worker->dead))
		b->worker->pid = task_pid_nr(current);
	/* A task of the owner is where the owner is from the beginning. */
	return b->worker->kthread ? cgroup_attach_task_all(b->owner, current) : 0;
}

/**
 * xnet_worker_create() - start a worker for the calling process
 * @mm: the caller's address space, to work in; the caller keeps a reference
 *	until the worker is destroyed
 * @name: the thread's name
 * @task: it shall be a task of the caller's process, which the kernel has to
 *	have, instead of a thread of the kernel's
 *
 * The thread joins the caller's cgroups.
 *
 * Context: the owner's process; may sleep.
 * Return: the worker or an ERR_PTR.
 */
struct xnet_worker *xnet_worker_create(struct mm_struct *mm, const char *name, bool task)
{
	struct worker_begin begin = { .owner = current };
	struct xnet_worker *worker;
	int err;

	worker = kzalloc(sizeof(*worker), GFP_KERNEL_ACCOUNT);
	if (!worker)
		return ERR_PTR(-ENOMEM);
	worker->mm = mm;
	worker->kcov_handle = kcov_common_handle();
	init_llist_head(&worker->list);
	INIT_WORK(&worker->rescue, worker_rescue);
	err = task ? worker_start_task(worker, name) : worker_start_kthread(worker, name);
	if (err)
		goto free;
	begin.worker = worker;
	err = xnet_worker_call(worker, worker_begin, &begin);
	if (err)
		goto destroy;
	return worker;

destroy:
	xnet_worker_destroy(worker);
	return ERR_PTR(err);
free:
	kfree(worker);
	return ERR_PTR(err);
}

static int worker_nothing(void *data)
{
	return 0;
}

/**
 * xnet_worker_flush() - wait until what is queued now has been done
 * @worker: the worker
 *
 * Context: may sleep; not the worker itself.
 */
void xnet_worker_flush(struct xnet_worker *worker)
{
	xnet_worker_call(worker, worker_nothing, NULL);
}

/**
 * xnet_worker_destroy() - finish what is queued and end the thread
 * @worker: the worker; nothing can queue work on it any more
 *
 * Context: may sleep; not the worker itself.
 */
void xnet_worker_destroy(struct xnet_worker *worker)
{
	if (worker->kthread) {
		kthread_stop(worker->kthread);
	} else {
		/* Told to stop, it would not look at its list again. */
		xnet_worker_flush(worker);
		vhost_task_stop(worker->task);
		flush_work(&worker->rescue);
	}
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
		worker_wake(worker);
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
 * for itself, as it does with vhost-net. If the worker is killed meanwhile a
 * thread of the kernel's does the rest.
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
