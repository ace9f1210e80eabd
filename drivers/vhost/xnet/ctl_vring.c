// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls that concern one queue. Each is called with the device mutex held
 * and by the owner. A running queue is changed by asking its worker.
 */

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/log2.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "ctl.h"
#include "dev.h"

/* The most descriptors of a split ring; virtio 1.3, 2.7. */
#define CTL_MAX_NUM	32768

static long vring_set_num(struct xnet_vq *vq, void __user *arg)
{
	struct vhost_vring_state s;

	if (vq->backend)
		return -EBUSY;
	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	if (s.num > CTL_MAX_NUM || !is_power_of_2(s.num))
		return -EINVAL;
	WRITE_ONCE(vq->num, s.num);
	return 0;
}

static long vring_set_addr(struct xnet_vq *vq, void __user *arg)
{
	struct xnet_vq_addr addr;
	struct vhost_vring_addr a;

	if (copy_from_user(&a, arg, sizeof(a)))
		return -EFAULT;
	if (a.flags & ~BIT(VHOST_VRING_F_LOG))
		return -EOPNOTSUPP;
	if (a.desc_user_addr > ULONG_MAX || a.avail_user_addr > ULONG_MAX ||
	    a.used_user_addr > ULONG_MAX)
		return -EFAULT;
	if (a.avail_user_addr % VRING_AVAIL_ALIGN_SIZE ||
	    a.used_user_addr % VRING_USED_ALIGN_SIZE ||
	    a.log_guest_addr % VRING_USED_ALIGN_SIZE)
		return -EINVAL;
	addr.desc = a.desc_user_addr;
	addr.avail = a.avail_user_addr;
	addr.used = a.used_user_addr;
	addr.log = a.flags & BIT(VHOST_VRING_F_LOG);
	addr.log_gpa = a.log_guest_addr;
	/* Without a backend the size may not be the last word yet. */
	if (vq->backend && (!xnet_vq_addr_ok(vq, &addr) ||
			    !xnet_vq_log_used_ok(vq, vq->ring.log.base, &addr)))
		return -EINVAL;
	xnet_vq_set_addr(vq, &addr);
	return 0;
}

static long vring_set_base(struct xnet_vq *vq, void __user *arg)
{
	struct vhost_vring_state s;

	if (vq->backend)
		return -EBUSY;
	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	if (s.num > U16_MAX)
		return -EINVAL;
	vq->ring.taken = s.num;
	return 0;
}

static long vring_get_base(struct xnet_vq *vq, void __user *arg)
{
	struct vhost_vring_state s = {
		.index = vq->index,
		.num = xnet_vq_get_base(vq),
	};

	return copy_to_user(arg, &s, sizeof(s)) ? -EFAULT : 0;
}

static long vring_set_kick(struct xnet_vq *vq, void __user *arg)
{
	struct vhost_vring_file f;
	struct file *file = NULL;

	if (copy_from_user(&f, arg, sizeof(f)))
		return -EFAULT;
	if (f.fd != VHOST_FILE_UNBIND) {
		file = eventfd_fget(f.fd);
		if (IS_ERR(file))
			return PTR_ERR(file);
	}
	return xnet_vq_set_kick(vq, file);
}

static long vring_set_ctx(struct xnet_vq *vq, struct eventfd_ctx **slot, void __user *arg)
{
	struct eventfd_ctx *ctx = NULL;
	struct vhost_vring_file f;

	if (copy_from_user(&f, arg, sizeof(f)))
		return -EFAULT;
	if (f.fd != VHOST_FILE_UNBIND) {
		ctx = eventfd_ctx_fdget(f.fd);
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
	}
	ctx = xnet_vq_swap_ctx(vq, slot, ctx);
	if (ctx)
		eventfd_ctx_put(ctx);
	return 0;
}

static long vring_set_call(struct xnet_vq *vq, void __user *arg)
{
	return vring_set_ctx(vq, &vq->call, arg);
}

static long vring_set_err(struct xnet_vq *vq, void __user *arg)
{
	return vring_set_ctx(vq, &vq->error, arg);
}

static long vring_set_busyloop(struct xnet_vq *vq, void __user *arg)
{
	struct vhost_vring_state s;

	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	WRITE_ONCE(vq->busyloop_us, s.num);
	return 0;
}

static long vring_get_busyloop(struct xnet_vq *vq, void __user *arg)
{
	struct vhost_vring_state s = { .index = vq->index, .num = vq->busyloop_us };

	return copy_to_user(arg, &s, sizeof(s)) ? -EFAULT : 0;
}

#ifdef CONFIG_VHOST_CROSS_ENDIAN_LEGACY
static long vring_set_endian(struct xnet_vq *vq, void __user *arg)
{
	struct vhost_vring_state s;

	if (vq->backend)
		return -EBUSY;
	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	if (s.num != VHOST_VRING_LITTLE_ENDIAN && s.num != VHOST_VRING_BIG_ENDIAN)
		return -EINVAL;
	vq->big_endian = s.num == VHOST_VRING_BIG_ENDIAN;
	return 0;
}

static long vring_get_endian(struct xnet_vq *vq, void __user *arg)
{
	struct vhost_vring_state s = { .index = vq->index, .num = vq->big_endian };

	return copy_to_user(arg, &s, sizeof(s)) ? -EFAULT : 0;
}
#endif

/**
 * struct vring_op - an ioctl of a queue
 * @cmd: its number
 * @fn: does it; returns 0 or a negative errno
 */
struct vring_op {
	unsigned int cmd;
	long (*fn)(struct xnet_vq *vq, void __user *arg);
};

static const struct vring_op vring_ops[] = {
	{ VHOST_SET_VRING_NUM,			vring_set_num },
	{ VHOST_SET_VRING_ADDR,			vring_set_addr },
	{ VHOST_SET_VRING_BASE,			vring_set_base },
	{ VHOST_GET_VRING_BASE,			vring_get_base },
	{ VHOST_SET_VRING_KICK,			vring_set_kick },
	{ VHOST_SET_VRING_CALL,			vring_set_call },
	{ VHOST_SET_VRING_ERR,			vring_set_err },
	{ VHOST_SET_VRING_BUSYLOOP_TIMEOUT,	vring_set_busyloop },
	{ VHOST_GET_VRING_BUSYLOOP_TIMEOUT,	vring_get_busyloop },
#ifdef CONFIG_VHOST_CROSS_ENDIAN_LEGACY
	{ VHOST_SET_VRING_ENDIAN,		vring_set_endian },
	{ VHOST_GET_VRING_ENDIAN,		vring_get_endian },
#endif
};

/**
 * xnet_ctl_get_vq() - the queue that an ioctl names
 * @dev: the device
 * @arg: anything; the queue's index comes first
 *
 * Context: any process; may sleep.
 * Return: the queue, or an ERR_PTR: -EFAULT, -ENOBUFS if there is no such queue.
 */
struct xnet_vq *xnet_ctl_get_vq(struct xnet_dev *dev, void __user *arg)
{
	u32 index;

	if (copy_from_user(&index, arg, sizeof(index)))
		return ERR_PTR(-EFAULT);
	if (index >= XNET_NR_VQS)
		return ERR_PTR(-ENOBUFS);
	return &dev->vqs[array_index_nospec(index, XNET_NR_VQS)];
}

/**
 * xnet_ctl_vring() - carry out an ioctl that names a queue
 * @dev: the device
 * @cmd: any number
 * @arg: anything; the queue's index comes first, as in all of these structures
 *
 * Context: the owner, with the device mutex; may sleep.
 * Return: 0 or a negative errno: -EFAULT, -ENOBUFS if there is no such queue,
 * -ENOIOCTLCMD for an unknown number, in this order.
 */
long xnet_ctl_vring(struct xnet_dev *dev, unsigned int cmd, void __user *arg)
{
	struct xnet_vq *vq = xnet_ctl_get_vq(dev, arg);
	unsigned int i;

	if (IS_ERR(vq))
		return PTR_ERR(vq);
	for (i = 0; i < ARRAY_SIZE(vring_ops); i++)
		if (vring_ops[i].cmd == cmd)
			return vring_ops[i].fn(vq, arg);
	return -ENOIOCTLCMD;
}
