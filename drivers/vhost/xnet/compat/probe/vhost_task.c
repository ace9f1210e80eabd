// SPDX-License-Identifier: GPL-2.0-only
/* Tasks that are children of a device's owner: <linux/sched/vhost_task.h>. */

#include <linux/kconfig.h>
#include <linux/types.h>
#include <linux/sched/vhost_task.h>

#if !IS_ENABLED(CONFIG_VHOST_TASK)
#error not part of this kernel
#endif

void xnet_probe(struct vhost_task *task);

void xnet_probe(struct vhost_task *task)
{
	vhost_task_start(task);
	vhost_task_wake(task);
	vhost_task_stop(task);
}
