// SPDX-License-Identifier: GPL-2.0-only
/* The workqueue that is bound to no CPU has another name. */

#include <linux/workqueue.h>

void xnet_probe(struct work_struct *work);

void xnet_probe(struct work_struct *work)
{
	queue_work(system_dfl_wq, work);
}
