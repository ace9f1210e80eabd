// SPDX-License-Identifier: GPL-2.0-only
/* vhost_task_create() takes a function that is called when the task is killed. */

#include <linux/types.h>
#include <linux/sched/vhost_task.h>

struct vhost_task *xnet_probe(bool (*fn)(void *data), void (*killed)(void *data));

struct vhost_task *xnet_probe(bool (*fn)(void *data), void (*killed)(void *data))
{
	return vhost_task_create(fn, killed, (void *)0, "probe");
}
