/* SPDX-License-Identifier: GPL-2.0-only */
/* What user space may know already and the headers of this kernel do not. */
#ifndef _XNET_COMPAT_UAPI_H
#define _XNET_COMPAT_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>
#include <linux/vhost.h>

#ifndef VHOST_GET_FEATURES_ARRAY
/**
 * struct vhost_features_array - features of any number
 * @count: entries in @features
 * @features: 64 features each, lowest ones first
 */
struct vhost_features_array {
	__u64 count;
	__u64 features[];
};

#define VHOST_GET_FEATURES_ARRAY _IOR(VHOST_VIRTIO, 0x83, struct vhost_features_array)
#define VHOST_SET_FEATURES_ARRAY _IOW(VHOST_VIRTIO, 0x83, struct vhost_features_array)
#endif

#endif /* _XNET_COMPAT_UAPI_H */
