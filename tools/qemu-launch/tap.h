/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNET_QEMU_TAP_H
#define XNET_QEMU_TAP_H

#include <stdbool.h>

#include "args.h"
#include "link.h"

/**
 * struct xq_tap - the tap of this launch
 * @name: its name
 * @nqueues: queues wanted
 * @fds: a file descriptor for each queue opened so far, the others are -1
 * @index: interface index, once it is open
 * @reuse: the tap was there before
 * @before: what it was then; all zero, so down and in no bridge, if it was not
 * @multi_queue: open it as a multi-queue tap
 * @has_bridge: it is to be a port of @bridge
 * @bridge: the bridge, valid when @has_bridge
 * @mtu: MTU to set in bytes, 0 to leave it alone
 * @mtu_changed: the MTU was set
 * @master_changed: it was put in the bridge
 * @up_changed: it was set up
 * @spare_fd: an unattached /dev/net/tun, opened while that was certain to be
 *	allowed, through which a reused tap gets its flags back; or -1
 *
 * A tap that was made here is not persistent: it goes when the last file
 * descriptor is closed, and all that was changed in it goes too. A reused one
 * has to be put back step by step.
 */
struct xq_tap {
	char name[IF_NAMESIZE];
	unsigned int nqueues;
	int fds[XQ_MAX_QUEUES];
	unsigned int index;
	bool reuse;
	struct xq_link before;
	bool multi_queue;
	bool has_bridge;
	struct xq_link bridge;
	unsigned int mtu;
	bool mtu_changed;
	bool master_changed;
	bool up_changed;
	int spare_fd;
};

int xq_tap_plan(struct xq_tap *tap, struct xq_rtnl *rtnl,
		const struct xq_args *args);
int xq_tap_open(struct xq_tap *tap, struct xq_rtnl *rtnl);
int xq_tap_setup(struct xq_tap *tap, struct xq_rtnl *rtnl);
void xq_tap_undo(struct xq_tap *tap, struct xq_rtnl *rtnl);

#endif /* XNET_QEMU_TAP_H */
