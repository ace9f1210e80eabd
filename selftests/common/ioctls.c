// SPDX-License-Identifier: GPL-2.0-only
/* All ioctls of the device. */
#include <stddef.h>
#include <linux/vhost.h>

#include "ioctls.h"

#define DEVICE(r, owner, arg)	{ #r, r, owner, false, arg }
#define VRING(r)		{ #r, r, true, true, true }

const struct xt_ioctl xt_ioctls[] = {
	DEVICE(VHOST_SET_OWNER, false, false),
	DEVICE(VHOST_GET_FEATURES, false, true),
	DEVICE(VHOST_SET_FEATURES, false, true),
	DEVICE(VHOST_GET_BACKEND_FEATURES, false, true),
	DEVICE(VHOST_SET_BACKEND_FEATURES, false, true),
	DEVICE(VHOST_RESET_OWNER, true, false),
	DEVICE(VHOST_SET_MEM_TABLE, true, true),
	DEVICE(VHOST_SET_LOG_BASE, true, true),
	DEVICE(VHOST_SET_LOG_FD, true, true),
	VRING(VHOST_SET_VRING_NUM),
	VRING(VHOST_SET_VRING_ADDR),
	VRING(VHOST_SET_VRING_BASE),
	VRING(VHOST_GET_VRING_BASE),
	VRING(VHOST_SET_VRING_KICK),
	VRING(VHOST_SET_VRING_CALL),
	VRING(VHOST_SET_VRING_ERR),
	VRING(VHOST_SET_VRING_BUSYLOOP_TIMEOUT),
	VRING(VHOST_GET_VRING_BUSYLOOP_TIMEOUT),
	VRING(VHOST_NET_SET_BACKEND),
	{ .name = NULL },
};
