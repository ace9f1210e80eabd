/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNET_QEMU_VHOST_H
#define XNET_QEMU_VHOST_H

#include "args.h"

/**
 * struct xq_vhost - the vhost device of this launch, open once a queue pair
 * @n: file descriptors open in @fds
 * @fds: the file descriptors; QEMU becomes their owner, not the launcher
 */
struct xq_vhost {
	unsigned int n;
	int fds[XQ_MAX_QUEUES];
};

int xq_vhost_check(const char *path);
int xq_vhost_open(struct xq_vhost *vhost, const char *path, unsigned int n);
void xq_vhost_close(struct xq_vhost *vhost);

#endif /* XNET_QEMU_VHOST_H */
