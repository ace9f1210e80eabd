/* SPDX-License-Identifier: GPL-2.0-only */
/* The ioctls. */
#ifndef _XNET_CTL_H
#define _XNET_CTL_H

struct xnet_dev;

long xnet_ctl(struct xnet_dev *dev, unsigned int cmd, void __user *arg);
long xnet_ctl_get_features_array(struct xnet_dev *dev, void __user *arg);
long xnet_ctl_set_features_array(struct xnet_dev *dev, void __user *arg);
long xnet_ctl_vring(struct xnet_dev *dev, unsigned int cmd, void __user *arg);

#endif /* _XNET_CTL_H */
