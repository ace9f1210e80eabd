// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls that concern a device as a whole. Numbers, structures and errnos
 * are those of vhost-net.
 */

#include <linux/errno.h>
#include <linux/eventfd.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ctl.h"
#include "dev.h"

/* As many as KVM has memory slots on x86, so that QEMU is never short of them. */
static ushort max_mem_regions = 509;
module_param(max_mem_regions, ushort, 0444);
MODULE_PARM_DESC(max_mem_regions, "Most regions in a memory map (default: 509)");

static long ctl_get_features(struct xnet_dev *dev, void __user *arg)
{
	u64 features = XNET_FEATURES;

	return copy_to_user(arg, &features, sizeof(features)) ? -EFAULT : 0;
}

static long ctl_set_features(struct xnet_dev *dev, void __user *arg)
{
	u64 features[XNET_FEATURE_WORDS] = {};

	if (copy_from_user(&features[0], arg, sizeof(features[0])))
		return -EFAULT;
	if (features[0] & ~XNET_FEATURES)
		return -EOPNOTSUPP;
	return xnet_dev_set_features(dev, features);
}

static long ctl_get_backend_features(struct xnet_dev *dev, void __user *arg)
{
	u64 features = XNET_BACKEND_FEATURES;

	return copy_to_user(arg, &features, sizeof(features)) ? -EFAULT : 0;
}

static long ctl_set_backend_features(struct xnet_dev *dev, void __user *arg)
{
	u64 features;

	if (copy_from_user(&features, arg, sizeof(features)))
		return -EFAULT;
	if (features & ~XNET_BACKEND_FEATURES)
		return -EOPNOTSUPP;
	xnet_misses_set_v2(&dev->misses, features & BIT_ULL(VHOST_BACKEND_F_IOTLB_MSG_V2));
	return 0;
}

static long ctl_set_owner(struct xnet_dev *dev, void __user *arg)
{
	return xnet_dev_set_owner(dev);
}

static long ctl_reset_owner(struct xnet_dev *dev, void __user *arg)
{
	xnet_dev_reset_owner(dev);
	return 0;
}

/* May all of a region be in user space, and does it end after it begins? */
static bool ctl_region_ok(const struct vhost_memory_region *r)
{
	u64 end;

	if (!r->memory_size || check_add_overflow(r->guest_phys_addr, r->memory_size - 1, &end))
		return false;
	if (r->userspace_addr > ULONG_MAX || r->memory_size > ULONG_MAX)
		return false;
	return access_ok((void __user *)(unsigned long)r->userspace_addr, r->memory_size);
}

/* The owner's table as a map, or an ERR_PTR. */
static struct xnet_mem *ctl_read_mem(struct vhost_memory __user *arg, u32 n)
{
	struct vhost_memory_region r;
	struct xnet_mem *mem;
	int err = -EFAULT;
	u32 i;

	mem = kvzalloc(struct_size(mem, regions, n), GFP_KERNEL_ACCOUNT);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < n; i++) {
		if (copy_from_user(&r, &arg->regions[i], sizeof(r)) || !ctl_region_ok(&r))
			goto free;
		mem->regions[i].gpa = r.guest_phys_addr;
		mem->regions[i].last = r.guest_phys_addr + r.memory_size - 1;
		mem->regions[i].hva = r.userspace_addr;
	}
	mem->nregions = n;
	err = xnet_mem_prepare(mem);
	if (err)
		goto free;
	return mem;

free:
	kvfree(mem);
	return ERR_PTR(err);
}

static long ctl_set_mem_table(struct xnet_dev *dev, void __user *arg)
{
	struct vhost_memory head;
	struct xnet_mem *mem;

	if (copy_from_user(&head, arg, offsetof(struct vhost_memory, regions)))
		return -EFAULT;
	if (head.padding)
		return -EOPNOTSUPP;
	if (head.nregions > max_mem_regions)
		return -E2BIG;
	mem = ctl_read_mem(arg, head.nregions);
	if (IS_ERR(mem))
		return PTR_ERR(mem);
	if (!xnet_dev_log_mem_ok(dev, mem, false)) {
		kvfree(mem);
		return -EFAULT;
	}
	xnet_dev_set_mem(dev, mem);
	return 0;
}

/* As with vhost-net, a queue whose log can be there gets it even if the other's cannot. */
static long ctl_set_log_base(struct xnet_dev *dev, void __user *arg)
{
	unsigned int i;
	long ret = 0;
	u64 base;

	if (copy_from_user(&base, arg, sizeof(base)))
		return -EFAULT;
	if (base > ULONG_MAX)
		return -EFAULT;
	for (i = 0; i < XNET_NR_VQS; i++) {
		struct xnet_vq *vq = &dev->vqs[i];

		/* What is not running yet is checked when it is to run. */
		if (vq->backend && !xnet_vq_log_ok(vq, dev->mem, base))
			ret = -EFAULT;
		else
			xnet_vq_set_log(vq, base);
	}
	return ret;
}

static long ctl_set_log_fd(struct xnet_dev *dev, void __user *arg)
{
	struct eventfd_ctx *ctx = NULL;
	unsigned int i;
	int fd;

	if (copy_from_user(&fd, arg, sizeof(fd)))
		return -EFAULT;
	if (fd != VHOST_FILE_UNBIND) {
		ctx = eventfd_ctx_fdget(fd);
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
	}
	swap(dev->log_ctx, ctx);
	for (i = 0; i < XNET_NR_VQS; i++)
		xnet_vq_swap_ctx(&dev->vqs[i], &dev->vqs[i].log_ctx, dev->log_ctx);
	if (ctx)
		eventfd_ctx_put(ctx);
	return 0;
}

static long ctl_set_backend(struct xnet_dev *dev, void __user *arg)
{
	struct vhost_vring_file backend;
	int err;

	/* Here, unlike elsewhere, a bad pointer comes before a wrong caller. */
	if (copy_from_user(&backend, arg, sizeof(backend)))
		return -EFAULT;
	err = xnet_dev_check_owner(dev);
	return err ? err : xnet_dev_set_backend(dev, backend.index, backend.fd);
}

/**
 * struct ctl_op - an ioctl of the device
 * @cmd: its number
 * @anyone: callers need not be the owner, or are checked by @fn
 * @fn: does it, with the device mutex held; returns 0 or a negative errno
 */
struct ctl_op {
	unsigned int cmd;
	bool anyone;
	long (*fn)(struct xnet_dev *dev, void __user *arg);
};

static const struct ctl_op ctl_ops[] = {
	{ VHOST_GET_FEATURES,		true,	ctl_get_features },
	{ VHOST_SET_FEATURES,		true,	ctl_set_features },
	{ VHOST_GET_FEATURES_ARRAY,	true,	xnet_ctl_get_features_array },
	{ VHOST_SET_FEATURES_ARRAY,	true,	xnet_ctl_set_features_array },
	{ VHOST_GET_BACKEND_FEATURES,	true,	ctl_get_backend_features },
	{ VHOST_SET_BACKEND_FEATURES,	true,	ctl_set_backend_features },
	{ VHOST_SET_OWNER,		true,	ctl_set_owner },
	{ VHOST_SET_FORK_FROM_OWNER,	true,	xnet_ctl_set_fork_owner },
	{ VHOST_GET_FORK_FROM_OWNER,	true,	xnet_ctl_get_fork_owner },
	{ VHOST_NEW_WORKER,		true,	xnet_ctl_new_worker },
	{ VHOST_FREE_WORKER,		true,	xnet_ctl_free_worker },
	{ VHOST_ATTACH_VRING_WORKER,	true,	xnet_ctl_attach_worker },
	{ VHOST_GET_VRING_WORKER,	true,	xnet_ctl_get_worker },
	{ VHOST_RESET_OWNER,		false,	ctl_reset_owner },
	{ VHOST_SET_MEM_TABLE,		false,	ctl_set_mem_table },
	{ VHOST_SET_LOG_BASE,		false,	ctl_set_log_base },
	{ VHOST_SET_LOG_FD,		false,	ctl_set_log_fd },
	{ VHOST_NET_SET_BACKEND,	true,	ctl_set_backend },
};

static const struct ctl_op *ctl_find(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ctl_ops); i++)
		if (ctl_ops[i].cmd == cmd)
			return &ctl_ops[i];
	return NULL;
}

/**
 * xnet_ctl() - carry out an ioctl
 * @dev: the device
 * @cmd: any number
 * @arg: anything
 *
 * Context: any process that has the device open; may sleep.
 * Return: 0 or a negative errno, -ENOIOCTLCMD for an unknown number.
 */
long xnet_ctl(struct xnet_dev *dev, unsigned int cmd, void __user *arg)
{
	const struct ctl_op *op = ctl_find(cmd);
	long ret = 0;

	mutex_lock(&dev->mutex);
	if (!op || !op->anyone)
		ret = xnet_dev_check_owner(dev);
	if (!ret)
		ret = op ? op->fn(dev, arg) : xnet_ctl_vring(dev, cmd, arg);
	mutex_unlock(&dev->mutex);
	return ret;
}
