/* SPDX-License-Identifier: GPL-2.0-only */
/* Who does work: tasks of the owner's process, which newer kernels have, and workqueues. */
#ifndef _XNET_COMPAT_TASK_H
#define _XNET_COMPAT_TASK_H

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "probed.h"

/* Where work goes that no CPU in particular has to do. */
#ifdef XNET_HAVE_SYSTEM_DFL_WQ
#define xnet_unbound_wq	system_dfl_wq
#else
#define xnet_unbound_wq	system_unbound_wq
#endif

#ifdef XNET_HAVE_VHOST_TASK

#include <linux/sched/vhost_task.h>

#define XNET_HAVE_TASKS	true

/**
 * xnet_vhost_task_create() - make a task that is a thread of the calling process
 * @fn: called again and again in the task; returns false if there was nothing
 *	to do, and the task sleeps until vhost_task_wake()
 * @killed: called in the task when its process is killed; kernels that have no
 *	such call go on calling @fn until vhost_task_stop()
 * @data: argument of both
 * @name: its name, at most TASK_COMM_LEN bytes
 *
 * It runs from vhost_task_start() on.
 *
 * Context: the owner's process; may sleep.
 * Return: the task or an ERR_PTR.
 */
static inline struct vhost_task *xnet_vhost_task_create(bool (*fn)(void *data),
							void (*killed)(void *data),
							void *data, const char *name)
{
	struct vhost_task *task;

#ifdef XNET_HAVE_VHOST_TASK_KILLED
	task = vhost_task_create(fn, killed, data, name);
#else
	task = vhost_task_create(fn, data, name);
#endif
	/* Some kernels say no more than NULL. */
	return task ? task : ERR_PTR(-ENOMEM);
}

#else /* XNET_HAVE_VHOST_TASK */

#define XNET_HAVE_TASKS	false

struct vhost_task;

static inline struct vhost_task *xnet_vhost_task_create(bool (*fn)(void *data),
							void (*killed)(void *data),
							void *data, const char *name)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void vhost_task_start(struct vhost_task *task)
{
}

static inline void vhost_task_wake(struct vhost_task *task)
{
}

static inline void vhost_task_stop(struct vhost_task *task)
{
}

#endif /* XNET_HAVE_VHOST_TASK */
#endif /* _XNET_COMPAT_TASK_H */
