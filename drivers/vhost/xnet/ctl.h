/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls. They reach the caller's memory by copy_from_user() and
 * copy_to_user() alone: those the kernel can make fail, get_user() and the like
 * it cannot, and the tests want to see what a failure leaves behind.
 */
#ifndef _XNET_CTL_H
#define _XNET_CTL_H

#include <linux/compiler_types.h>

struct xnet_dev;
struct xnet_vq;

long xnet_ctl(struct xnet_dev *dev, unsigned int cmd, void __user *arg);
long xnet_ctl_get_features_array(struct xnet_dev *dev, void __user *arg);
long xnet_ctl_set_features_array(struct xnet_dev *dev, void __user *arg);
long xnet_ctl_new_worker(struct xnet_dev *dev, void __user *arg);
long xnet_ctl_free_worker(struct xnet_dev *dev, void __user *arg);
long xnet_ctl_attach_worker(struct xnet_dev *dev, void __user *arg);
long xnet_ctl_get_worker(struct xnet_dev *dev, void __user *arg);
long xnet_ctl_set_fork_owner(struct xnet_dev *dev, void __user *arg);
long xnet_ctl_get_fork_owner(struct xnet_dev *dev, void __user *arg);
struct xnet_vq *xnet_ctl_get_vq(struct xnet_dev *dev, void __user *arg);
long xnet_ctl_vring(struct xnet_dev *dev, unsigned int cmd, void __user *arg);

#endif /* _XNET_CTL_H */
