// SPDX-License-Identifier: GPL-2.0-only
/* Hooks on the wait queues of files: kick eventfds and backend sockets. */

#include <linux/file.h>
#include <linux/fs.h>

#include "event.h"

/* Runs in whatever context the event happens in, under the wait queue's lock. */
static int hook_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct xnet_hook *hook = container_of(wait, struct xnet_hook, wait);

	if (READ_ONCE(hook->deaf) || !(key_to_poll(key) & hook->mask))
		return 0;
	if (hook->events)
		atomic_long_inc(hook->events);
	xnet_work_queue(hook->worker, hook->work);
	return 0;
}

static void hook_attach(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	struct xnet_hook *hook = container_of(table, struct xnet_hook, table);

	/* All files of interest have one wait queue; a second one is not waited for. */
	if (hook->head)
		return;
	hook->head = head;
	add_wait_queue(head, &hook->wait);
}

/**
 * xnet_hook_init() - prepare a hook
 * @hook: the hook
 * @work: what its events shall queue
 * @mask: the events, EPOLL*
 * @events: a counter of events, or NULL
 */
void xnet_hook_init(struct xnet_hook *hook, struct xnet_work *work, __poll_t mask,
		    atomic_long_t *events)
{
	init_waitqueue_func_entry(&hook->wait, hook_wake);
	init_poll_funcptr(&hook->table, hook_attach);
	hook->table._key = mask;
	hook->head = NULL;
	hook->file = NULL;
	hook->mask = mask;
	hook->deaf = false;
	hook->work = work;
	hook->worker = NULL;
	hook->events = events;
}

/**
 * xnet_hook_on() - put a hook on a file
 * @hook: a hook that is off
 * @worker: the worker that shall do the work
 * @file: the file; a reference is taken
 *
 * Queues the work if the file is ready already.
 *
 * Context: the device mutex is held; may sleep.
 * Return: 0, or -EINVAL if the file is in a state of error or cannot be
 * waited for.
 */
int xnet_hook_on(struct xnet_hook *hook, struct xnet_worker *worker, struct file *file)
{
	__poll_t mask;

	hook->worker = worker;
	hook->file = get_file(file);
	mask = vfs_poll(file, &hook->table);
	if (mask & EPOLLERR || !hook->head) {
		xnet_hook_off(hook);
		return -EINVAL;
	}
	if (mask & hook->mask) {
		if (hook->events)
			atomic_long_inc(hook->events);
		xnet_work_queue(worker, hook->work);
	}
	return 0;
}

/**
 * xnet_hook_aim() - have events queue the work on another worker
 * @hook: a hook, on or off
 * @worker: the worker
 *
 * On return no event queues the work on the old one.
 *
 * Context: the device mutex is held.
 */
void xnet_hook_aim(struct xnet_hook *hook, struct xnet_worker *worker)
{
	if (!hook->head)
		return;
	spin_lock_irq(&hook->head->lock);
	hook->worker = worker;
	spin_unlock_irq(&hook->head->lock);
}

/**
 * xnet_hook_off() - take a hook off
 * @hook: a hook, on or off
 *
 * No event queues the work after this; work queued before may still run.
 *
 * Context: the device mutex is held; may sleep.
 */
void xnet_hook_off(struct xnet_hook *hook)
{
	if (hook->head) {
		remove_wait_queue(hook->head, &hook->wait);
		hook->head = NULL;
	}
	if (hook->file) {
		fput(hook->file);
		hook->file = NULL;
	}
}
