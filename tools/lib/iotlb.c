// SPDX-License-Identifier: GPL-2.0-only
/* Messages about the device IOTLB, one system call each. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "private.h"

/* Both formats in one place; they are of the same size. */
union message {
	struct vhost_msg v1;
	struct vhost_msg_v2 v2;
};

int xg_iotlb_write(int fd, bool v2, const struct vhost_iotlb_msg *msg)
{
	union message m;
	ssize_t ret;

	memset(&m, 0, sizeof(m));
	if (v2) {
		m.v2.type = VHOST_IOTLB_MSG_V2;
		m.v2.iotlb = *msg;
	} else {
		m.v1.type = VHOST_IOTLB_MSG;
		m.v1.iotlb = *msg;
	}
	ret = write(fd, &m, sizeof(m));
	if (ret < 0)
		return xg_note("write of an IOTLB message", -errno);
	return ret == sizeof(m) ? 0 : xg_note("length of an IOTLB message", -EPROTO);
}

int xg_iotlb_update(int fd, uint64_t iova, uint64_t size, void *at, uint8_t perm)
{
	struct vhost_iotlb_msg msg = {
		.iova = iova,
		.size = size,
		.uaddr = (uintptr_t)at,
		.perm = perm,
		.type = VHOST_IOTLB_UPDATE,
	};

	return xg_iotlb_write(fd, true, &msg);
}

int xg_iotlb_invalidate(int fd, uint64_t iova, uint64_t size)
{
	struct vhost_iotlb_msg msg = {
		.iova = iova,
		.size = size,
		.type = VHOST_IOTLB_INVALIDATE,
	};

	return xg_iotlb_write(fd, true, &msg);
}

int xg_iotlb_read(int fd, struct vhost_iotlb_msg *msg)
{
	union message m;
	ssize_t ret = read(fd, &m, sizeof(m));

	if (ret < 0)
		return -errno;
	if (ret != sizeof(m))
		return xg_note("length of an IOTLB message", -EPROTO);
	/* The type is in the same place in both. */
	if (m.v1.type == VHOST_IOTLB_MSG)
		*msg = m.v1.iotlb;
	else if (m.v2.type == VHOST_IOTLB_MSG_V2)
		*msg = m.v2.iotlb;
	else
		return xg_note("format of an IOTLB message", -EPROTO);
	return 0;
}
