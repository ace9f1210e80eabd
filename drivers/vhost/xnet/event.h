/* SPDX-License-Identifier: GPL-2.0-only */
/* Hooks on the wait queues of files: kick eventfds and backend sockets. */
#ifndef _XNET_EVENT_H
#define _XNET_EVENT_H

#include <linux/poll.h>
#include <linux/wait.h>

#include "worker.h"

/**
 * struct xnet_hook - makes a file's events queue a piece of work
 * @table: used while the hook is put on
 * @wait: the entry on the file's wait queue
 * @head: that wait queue, NULL while the hook is off
 * @file: the file, referenced while the hook is on
 * @mask: the events of interest, EPOLL*
 * @deaf: events are ignored for now
 * @work: what to queue
 * @worker: whom to queue it on; under the lock of @head while the hook is on
 * @events: counts the events that were not ignored, may be NULL
 *
 * All but @deaf belongs to the device mutex. @deaf belongs to the worker, and
 * is read where events arrive.
 */
struct xnet_hook {
	poll_table table;
	wait_queue_entry_t wait;
	wait_queue_head_t *head;
	struct file *file;
	__poll_t mask;
	bool deaf;
	struct xnet_work *work;
	struct xnet_worker *worker;
	atomic_long_t *events;
};

void xnet_hook_init(struct xnet_hook *hook, struct xnet_work *work, __poll_t mask,
		    atomic_long_t *events);
int xnet_hook_on(struct xnet_hook *hook, struct xnet_worker *worker, struct file *file);
void xnet_hook_aim(struct xnet_hook *hook, struct xnet_worker *worker);
void xnet_hook_off(struct xnet_hook *hook);

/**
 * xnet_hook_deafen() - ignore events until further notice
 * @hook: the hook
 *
 * Context: the worker.
 */
static inline void xnet_hook_deafen(struct xnet_hook *hook)
{
	WRITE_ONCE(hook->deaf, true);
}

/**
 * xnet_hook_listen() - do not ignore events any more
 * @hook: the hook
 *
 * The caller must look at the file's state once more afterwards: what happened
 * before may have been ignored.
 *
 * Context: the worker.
 */
static inline void xnet_hook_listen(struct xnet_hook *hook)
{
	WRITE_ONCE(hook->deaf, false);
	/*
	 * Pairs with the barrier in wq_has_sleeper(), or with the wait queue's
	 * lock, where the file's side goes from "there is something" to
	 * looking for sleepers: either it sees that we listen or we see what
	 * it has done.
	 */
	smp_mb();
}

#endif /* _XNET_EVENT_H */
