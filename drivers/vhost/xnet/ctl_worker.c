// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls about threads: more of them, which queue belongs to which, and
 * what kind they are. Each is called with the device mutex held. They are those
 * of vhost, though vhost-net knows only the ones about the kind.
 */

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/uaccess.h>

#include "compat/task.h"
#include "ctl.h"
#include "dev.h"

/* Without any owner it is not the caller who is wrong. */
static long worker_check_owner(const struct xnet_dev *dev)
{
	return dev->mm ? xnet_dev_check_owner(dev) : -EINVAL;
}

/**
 * xnet_ctl_new_worker() - VHOST_NEW_WORKER
 * @dev: the device
 * @arg: struct vhost_worker_state; receives the number of a new thread
 *
 * Context: any process, with the device mutex; may sleep.
 * Return: 0; -EINVAL if there is no owner; -EPERM; -ENOMEM for whatever kept
 * the thread from being made, as with vhost, but for a signal, after which the
 * call is made again; -EFAULT.
 */
long xnet_ctl_new_worker(struct xnet_dev *dev, void __user *arg)
{
	struct vhost_worker_state state = {};
	struct xnet_worker *worker;
	long err = worker_check_owner(dev);

	if (err)
		return err;
	worker = xnet_dev_new_worker(dev);
	if (worker == ERR_PTR(-ERESTARTNOINTR))
		return -ERESTARTNOINTR;
	if (IS_ERR(worker))
		return -ENOMEM;
	state.worker_id = worker->id;
	if (copy_to_user(arg, &state, sizeof(state))) {
		/* Nobody would know of it. */
		xnet_dev_free_worker(dev, worker->id);
		return -EFAULT;
	}
	return 0;
}

/**
 * xnet_ctl_free_worker() - VHOST_FREE_WORKER
 * @dev: the device
 * @arg: struct vhost_worker_state
 *
 * Context: any process, with the device mutex; may sleep.
 * Return: 0; -EINVAL if there is no owner; -EPERM; -EFAULT; errors of
 * xnet_dev_free_worker().
 */
long xnet_ctl_free_worker(struct xnet_dev *dev, void __user *arg)
{
	struct vhost_worker_state state;
	long err = worker_check_owner(dev);

	if (err)
		return err;
	if (copy_from_user(&state, arg, sizeof(state)))
		return -EFAULT;
	return xnet_dev_free_worker(dev, state.worker_id);
}

/**
 * xnet_ctl_attach_worker() - VHOST_ATTACH_VRING_WORKER
 * @dev: the device
 * @arg: struct vhost_vring_worker
 *
 * Context: any process, with the device mutex; may sleep.
 * Return: 0; -EINVAL if there is no owner; -EPERM; -EFAULT; -ENOBUFS if there
 * is no such queue; -ENODEV if there is no such thread.
 */
long xnet_ctl_attach_worker(struct xnet_dev *dev, void __user *arg)
{
	struct vhost_vring_worker w;
	struct xnet_vq *vq;
	long err = worker_check_owner(dev);

	if (err)
		return err;
	vq = xnet_ctl_get_vq(dev, arg);
	if (IS_ERR(vq))
		return PTR_ERR(vq);
	if (copy_from_user(&w, arg, sizeof(w)))
		return -EFAULT;
	return xnet_dev_attach_worker(dev, vq, w.worker_id);
}

/**
 * xnet_ctl_get_worker() - VHOST_GET_VRING_WORKER
 * @dev: the device
 * @arg: struct vhost_vring_worker; receives the thread's number
 *
 * Context: any process, with the device mutex; may sleep.
 * Return: 0; -EINVAL if there is no owner, or the thread has been killed;
 * -EPERM; -EFAULT; -ENOBUFS if there is no such queue.
 */
long xnet_ctl_get_worker(struct xnet_dev *dev, void __user *arg)
{
	struct vhost_vring_worker w = {};
	struct xnet_vq *vq;
	long err = worker_check_owner(dev);

	if (err)
		return err;
	vq = xnet_ctl_get_vq(dev, arg);
	if (IS_ERR(vq))
		return PTR_ERR(vq);
	if (xnet_worker_is_dead(vq->worker))
		return -EINVAL;
	w.index = vq->index;
	w.worker_id = vq->worker->id;
	return copy_to_user(arg, &w, sizeof(w)) ? -EFAULT : 0;
}

/**
 * xnet_ctl_set_fork_owner() - VHOST_SET_FORK_FROM_OWNER
 * @dev: the device
 * @arg: a byte, VHOST_FORK_OWNER_KTHREAD or VHOST_FORK_OWNER_TASK
 *
 * Context: any process, with the device mutex; may sleep.
 * Return: 0; -EBUSY if there is an owner; -EFAULT; -EINVAL if there is no such
 * kind, or not in this kernel.
 */
long xnet_ctl_set_fork_owner(struct xnet_dev *dev, void __user *arg)
{
	u8 fork_owner;

	if (dev->mm)
		return -EBUSY;
	if (copy_from_user(&fork_owner, arg, sizeof(fork_owner)))
		return -EFAULT;
	if (fork_owner != VHOST_FORK_OWNER_KTHREAD &&
	    (fork_owner != VHOST_FORK_OWNER_TASK || !XNET_HAVE_TASKS))
		return -EINVAL;
	dev->fork_owner = fork_owner == VHOST_FORK_OWNER_TASK;
	return 0;
}

/**
 * xnet_ctl_get_fork_owner() - VHOST_GET_FORK_FROM_OWNER
 * @dev: the device
 * @arg: receives the byte
 *
 * Context: any process, with the device mutex; may sleep.
 * Return: 0 or -EFAULT.
 */
long xnet_ctl_get_fork_owner(struct xnet_dev *dev, void __user *arg)
{
	u8 fork_owner = dev->fork_owner ? VHOST_FORK_OWNER_TASK : VHOST_FORK_OWNER_KTHREAD;

	return copy_to_user(arg, &fork_owner, sizeof(fork_owner)) ? -EFAULT : 0;
}
