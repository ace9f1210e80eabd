// SPDX-License-Identifier: GPL-2.0-only
/* The threads of a device: numbers, and which queue belongs to which. */

#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/nospec.h>

#include "dev.h"

/*
 * The name by which threads of vhost are known, for the first one; the others
 * have their number behind it. It fits, as there are less than ten of them.
 */
static void dev_worker_name(char name[TASK_COMM_LEN], u32 id)
{
	static_assert(XNET_MAX_WORKERS <= 10);

	if (id)
		snprintf(name, TASK_COMM_LEN, "vhost-%d-%u", task_tgid_nr(current), id);
	else
		snprintf(name, TASK_COMM_LEN, "vhost-%d", task_tgid_nr(current));
}

/**
 * xnet_dev_new_worker() - start another thread
 * @dev: the device; it has, or is about to have, an owner
 *
 * Context: the owner's process, with the device mutex; may sleep.
 * Return: the thread, with the lowest number that is free; or an ERR_PTR:
 * -ENOSPC if there are as many as there may be, errors of xnet_worker_create().
 */
struct xnet_worker *xnet_dev_new_worker(struct xnet_dev *dev)
{
	char name[TASK_COMM_LEN];
	struct xnet_worker *worker;
	u32 id;

	lockdep_assert_held(&dev->mutex);
	for (id = 0; id < XNET_MAX_WORKERS && dev->workers[id]; id++)
		;
	if (id == XNET_MAX_WORKERS)
		return ERR_PTR(-ENOSPC);
	dev_worker_name(name, id);
	worker = xnet_worker_create(dev->mm, name, dev->fork_owner);
	if (IS_ERR(worker))
		return worker;
	worker->id = id;
	dev->workers[id] = worker;
	if (!id)
		WRITE_ONCE(dev->worker_pid, worker->pid);
	return worker;
}

static struct xnet_worker *dev_find_worker(struct xnet_dev *dev, u32 id)
{
	if (id >= XNET_MAX_WORKERS)
		return NULL;
	return dev->workers[array_index_nospec(id, XNET_MAX_WORKERS)];
}

static void dev_destroy_worker(struct xnet_dev *dev, struct xnet_worker *worker)
{
	dev->workers[worker->id] = NULL;
	if (!worker->id)
		WRITE_ONCE(dev->worker_pid, 0);
	xnet_worker_destroy(worker);
}

/**
 * xnet_dev_free_worker() - end a thread that no queue belongs to
 * @dev: the device
 * @id: any number
 *
 * Context: the device mutex is held; may sleep.
 * Return: 0; -ENODEV if there is no such thread; -EBUSY if it has a queue, or
 * has been killed.
 */
int xnet_dev_free_worker(struct xnet_dev *dev, u32 id)
{
	struct xnet_worker *worker = dev_find_worker(dev, id);
	unsigned int i;

	lockdep_assert_held(&dev->mutex);
	if (!worker)
		return -ENODEV;
	for (i = 0; i < XNET_NR_VQS; i++)
		if (dev->vqs[i].worker == worker)
			return -EBUSY;
	if (xnet_worker_is_dead(worker))
		return -EBUSY;
	dev_destroy_worker(dev, worker);
	return 0;
}

/**
 * xnet_dev_attach_worker() - give a queue to another thread
 * @dev: the device
 * @vq: one of its queues, in any state
 * @id: any number
 *
 * As with vhost, nothing happens if the thread has been killed.
 *
 * Context: the device mutex is held; may sleep.
 * Return: 0, or -ENODEV if there is no such thread.
 */
int xnet_dev_attach_worker(struct xnet_dev *dev, struct xnet_vq *vq, u32 id)
{
	struct xnet_worker *worker = dev_find_worker(dev, id);

	lockdep_assert_held(&dev->mutex);
	if (!worker)
		return -ENODEV;
	if (!xnet_worker_is_dead(worker))
		xnet_vq_set_worker(vq, worker);
	return 0;
}

/**
 * xnet_dev_free_workers() - end all threads
 * @dev: the device; its queues are stopped and no event can queue work
 *
 * Context: the device mutex is held; may sleep.
 */
void xnet_dev_free_workers(struct xnet_dev *dev)
{
	unsigned int i;

	lockdep_assert_held(&dev->mutex);
	for (i = 0; i < XNET_MAX_WORKERS; i++)
		if (dev->workers[i])
			dev_destroy_worker(dev, dev->workers[i]);
	for (i = 0; i < XNET_NR_VQS; i++)
		xnet_vq_set_worker(&dev->vqs[i], NULL);
}
