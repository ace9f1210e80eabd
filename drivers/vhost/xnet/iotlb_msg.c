// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages about the IOTLB, by read(), write() and poll() of the device's file.
 * Formats, sizes and errnos are those of vhost-net. As there, whoever has the file
 * may use them, owner or not.
 */

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include <linux/vhost_types.h>

#include "dev.h"
#include "iotlb_msg.h"

/* A message to be read, in either format. */
union msg_out {
	struct vhost_msg v1;
	struct vhost_msg_v2 v2;
};

static void msg_fill(union msg_out *out, const struct xnet_question *q)
{
	struct vhost_iotlb_msg *msg = q->v2 ? &out->v2.iotlb : &out->v1.iotlb;

	/* All of it is copied to user space, with what is between the fields. */
	memset(out, 0, sizeof(*out));
	if (q->v2)
		out->v2.type = VHOST_IOTLB_MSG_V2;
	else
		out->v1.type = VHOST_IOTLB_MSG;
	msg->type = VHOST_IOTLB_MISS;
	msg->iova = q->iova;
	msg->perm = q->perm;
}

/* Take a question, or learn that there can be none; false if one is to be waited for. */
static bool msg_take(struct xnet_dev *dev, struct xnet_question *q, int *err)
{
	*err = xnet_misses_take(&dev->misses, q);
	return *err != -EAGAIN;
}

/**
 * xnet_iotlb_read() - read the next question
 * @dev: the device
 * @to: receives a message
 * @nonblock: do not wait for one
 *
 * Context: any process; may sleep.
 * Return: bytes copied; 0 if there is no room for a message; -EAGAIN if there is
 * none and @nonblock; -EBADFD if none can come as there is no IOTLB;
 * -ERESTARTSYS.
 */
ssize_t xnet_iotlb_read(struct xnet_dev *dev, struct iov_iter *to, bool nonblock)
{
	struct xnet_question q;
	union msg_out out;
	int err, woken;
	size_t n;

	BUILD_BUG_ON(sizeof(out.v1) != sizeof(out.v2));
	if (iov_iter_count(to) < sizeof(out))
		return 0;
	err = xnet_misses_take(&dev->misses, &q);
	if (err && nonblock)
		return -EAGAIN;
	if (err == -EAGAIN) {
		woken = wait_event_interruptible(dev->misses.wait,
						 msg_take(dev, &q, &err));
		if (woken < 0)
			return woken;
	}
	if (err)
		return err;
	msg_fill(&out, &q);
	n = copy_to_iter(&out, sizeof(out), to);
	/* The queue waits for an answer, and nothing may happen to make it ask again. */
	if (n != sizeof(out))
		xnet_misses_untake(&dev->misses, &q);
	return n;
}

/**
 * xnet_iotlb_poll() - is there a question?
 * @dev: the device
 * @file: its file
 * @wait: what to wait with
 *
 * Context: any process.
 * Return: EPOLLIN and EPOLLRDNORM if so. There is no telling when one may write:
 * always.
 */
__poll_t xnet_iotlb_poll(struct xnet_dev *dev, struct file *file, poll_table *wait)
{
	poll_wait(file, &dev->misses.wait, wait);
	return xnet_misses_unread(&dev->misses) ? EPOLLIN | EPOLLRDNORM : 0;
}

/* Is what the device may use at @uaddr all user memory? */
static bool msg_memory_ok(const struct vhost_iotlb_msg *msg)
{
	if (msg->uaddr > ULONG_MAX || msg->size > ULONG_MAX)
		return false;
	if (msg->uaddr > ULONG_MAX - (unsigned long)msg->size + 1)
		return false;
	return !(msg->perm & VHOST_ACCESS_RW) ||
	       access_ok((void __user *)(unsigned long)msg->uaddr, msg->size);
}

static int msg_update(struct xnet_dev *dev, const struct vhost_iotlb_msg *msg)
{
	struct xnet_iotlb_entry entry = {
		.iova = msg->iova,
		.last = msg->iova + msg->size - 1,
		.hva = msg->uaddr,
		.perm = msg->perm,
	};
	unsigned int i;

	if (!msg_memory_ok(msg) || entry.last < entry.iova)
		return -EFAULT;
	for (i = 0; i < XNET_NR_VQS; i++)
		xnet_vq_iotlb_update(&dev->vqs[i], &entry);
	return 0;
}

static int msg_invalidate(struct xnet_dev *dev, const struct vhost_iotlb_msg *msg)
{
	u64 last = msg->iova + msg->size - 1;
	unsigned int i;

	if (!msg->size)
		return -EFAULT;
	for (i = 0; i < XNET_NR_VQS; i++)
		xnet_vq_iotlb_drop(&dev->vqs[i], msg->iova, last);
	return 0;
}

/* Whatever is wrong with a whole message is -EFAULT, as with vhost-net. */
static int msg_apply(struct xnet_dev *dev, const struct vhost_iotlb_msg *msg)
{
	int err = -EFAULT;

	mutex_lock(&dev->mutex);
	if (dev->iotlb) {
		if (msg->type == VHOST_IOTLB_UPDATE)
			err = msg_update(dev, msg);
		else if (msg->type == VHOST_IOTLB_INVALIDATE)
			err = msg_invalidate(dev, msg);
	}
	mutex_unlock(&dev->mutex);
	return err;
}

/**
 * xnet_iotlb_write() - change the IOTLB
 * @dev: the device
 * @from: a message
 *
 * When it returns from VHOST_IOTLB_INVALIDATE, nothing touches the memory that
 * the range stood for; the same goes for a range that an update replaces.
 *
 * Context: any process; may sleep.
 * Return: size of a whole message, although its unused end need not be there;
 * -EINVAL if @from is too short, or no message of a known format, or an update
 * of nothing; -EFAULT for everything else.
 */
ssize_t xnet_iotlb_write(struct xnet_dev *dev, struct iov_iter *from)
{
	struct vhost_iotlb_msg msg;
	int type;

	if (copy_from_iter(&type, sizeof(type), from) != sizeof(type))
		return -EINVAL;
	if (type != VHOST_IOTLB_MSG && type != VHOST_IOTLB_MSG_V2)
		return -EINVAL;
	/*
	 * What is between the type and the rest: a hole in the first format, in the
	 * second an address space id, of which there is but one as long as
	 * VHOST_BACKEND_F_IOTLB_ASID is not on offer.
	 */
	BUILD_BUG_ON(offsetof(struct vhost_msg_v2, iotlb) != 2 * sizeof(type));
	iov_iter_advance(from, type == VHOST_IOTLB_MSG ?
			       offsetof(struct vhost_msg, iotlb) - sizeof(type) :
			       offsetof(struct vhost_msg_v2, iotlb) - sizeof(type));
	if (copy_from_iter(&msg, sizeof(msg), from) != sizeof(msg))
		return -EINVAL;
	if (msg.type == VHOST_IOTLB_UPDATE && !msg.size)
		return -EINVAL;
	return msg_apply(dev, &msg) ?: sizeof(union msg_out);
}
