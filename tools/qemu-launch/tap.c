// SPDX-License-Identifier: GPL-2.0-only
/* The tap: planned, opened, set up, and put back when the launch fails. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "err.h"
#include "tap.h"

#define TUN_PATH	"/dev/net/tun"

static int plan_bridge(struct xq_tap *tap, struct xq_rtnl *rtnl,
		       const char *name)
{
	int ret = xq_link_get(rtnl, name, &tap->bridge);

	if (ret == -ENODEV) {
		xq_err("bridge %s does not exist: make it with 'ip link add %s type bridge'",
		       name, name);
		return -1;
	}
	if (ret) {
		xq_err("cannot look up bridge %s: %s", name,
		       xq_rtnl_reason(rtnl));
		return -1;
	}
	if (strcmp(tap->bridge.kind, "bridge")) {
		xq_err("%s is not a bridge: name one of those that 'ip link show type bridge' lists",
		       name);
		return -1;
	}
	if (!(tap->bridge.flags & IFF_UP))
		xq_warn("bridge %s is down and passes nothing until 'ip link set %s up'",
			name, name);
	tap->has_bridge = true;
	return 0;
}

/* An interface of the tap's name is there: can it be the tap? */
static int plan_reuse(struct xq_tap *tap)
{
	const struct xq_link *link = &tap->before;

	if (strcmp(link->kind, "tun") || !link->is_tap) {
		xq_err("interface %s exists and is not a tap: choose another name with --ifname",
		       tap->name);
		return -1;
	}
	if (link->queues) {
		xq_err("tap %s is in use by another process: choose another name with --ifname",
		       tap->name);
		return -1;
	}
	if (tap->nqueues > 1 && !link->multi_queue) {
		xq_err("tap %s exists without multi_queue: use --queues 1, or make it again with 'ip tuntap add %s mode tap multi_queue vnet_hdr'",
		       tap->name, tap->name);
		return -1;
	}
	tap->reuse = true;
	tap->multi_queue = link->multi_queue;
	return 0;
}

/**
 * xq_tap_plan() - decide what is to be done, doing nothing yet
 * @tap: filled in
 * @rtnl: the conversation to look interfaces up with
 * @args: what the command line asks for
 *
 * Needs no privilege.
 *
 * Return: 0, or -1 after printing what is in the way.
 */
int xq_tap_plan(struct xq_tap *tap, struct xq_rtnl *rtnl,
		const struct xq_args *args)
{
	unsigned int i;
	int ret;

	memset(tap, 0, sizeof(*tap));
	snprintf(tap->name, sizeof(tap->name), "%s", args->ifname);
	tap->nqueues = args->queues;
	tap->multi_queue = args->queues > 1;
	tap->mtu = args->mtu;
	tap->spare_fd = -1;
	for (i = 0; i < XQ_MAX_QUEUES; i++)
		tap->fds[i] = -1;

	if (args->bridge && plan_bridge(tap, rtnl, args->bridge))
		return -1;
	ret = xq_link_get(rtnl, tap->name, &tap->before);
	if (!ret)
		return plan_reuse(tap);
	if (ret != -ENODEV) {
		xq_err("cannot look up interface %s: %s", tap->name,
		       xq_rtnl_reason(rtnl));
		return -1;
	}
	/*
	 * A bridge takes the smallest MTU of its ports, so a new port with
	 * another MTU would change it for all.
	 */
	if (!tap->mtu && tap->has_bridge)
		tap->mtu = tap->bridge.mtu < XQ_MAX_MTU ? tap->bridge.mtu :
							  XQ_MAX_MTU;
	return 0;
}

static int open_tun(void)
{
	int fd = open(TUN_PATH, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		xq_err(TUN_PATH " does not work (%s): load the module with 'modprobe tun'",
		       strerror(errno));
		break;
	case EACCES:
	case EPERM:
		xq_err("no permission to open " TUN_PATH ": run xnet-qemu as root");
		break;
	default:
		xq_err("cannot open " TUN_PATH ": %s", strerror(errno));
	}
	return -1;
}

static void attach_failed(const struct xq_tap *tap, unsigned int queue)
{
	switch (errno) {
	case EBUSY:
		xq_err("tap %s is in use by another process: choose another name with --ifname",
		       tap->name);
		break;
	case EPERM:
		if (tap->reuse)
			xq_err("no permission to use tap %s: run xnet-qemu as root or as the tap's owner",
			       tap->name);
		else
			xq_err("no permission to make tap %s: run xnet-qemu as root",
			       tap->name);
		break;
	default:
		xq_err("cannot attach queue %u of %u to tap %s: %s", queue + 1,
		       tap->nqueues, tap->name, strerror(errno));
	}
}

static int attach(int fd, const char *name, int flags)
{
	struct ifreq ifr = { .ifr_flags = flags };

	memcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	return ioctl(fd, TUNSETIFF, &ifr);
}

static int open_queue(struct xq_tap *tap, unsigned int queue)
{
	int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;

	if (tap->multi_queue)
		flags |= IFF_MULTI_QUEUE;
	/* Somebody may have made it since the plan. */
	if (!tap->reuse && !queue)
		flags |= IFF_TUN_EXCL;
	tap->fds[queue] = open_tun();
	if (tap->fds[queue] < 0)
		return -1;
	if (attach(tap->fds[queue], tap->name, flags)) {
		attach_failed(tap, queue);
		/* To undo, an fd means a queue that was attached. */
		close(tap->fds[queue]);
		tap->fds[queue] = -1;
		return -1;
	}
	return 0;
}

/**
 * xq_tap_open() - open all queues of the tap, making it if need be
 * @tap: as planned
 * @rtnl: the conversation to find its index with
 *
 * Return: 0, or -1 after printing why not; then call xq_tap_undo().
 */
int xq_tap_open(struct xq_tap *tap, struct xq_rtnl *rtnl)
{
	struct xq_link link;
	unsigned int i;

	for (i = 0; i < tap->nqueues; i++) {
		if (open_queue(tap, i))
			return -1;
	}
	if (tap->reuse) {
		tap->spare_fd = open_tun();
		if (tap->spare_fd < 0)
			return -1;
	}
	if (xq_link_get(rtnl, tap->name, &link)) {
		xq_err("cannot look up interface %s: %s", tap->name,
		       xq_rtnl_reason(rtnl));
		return -1;
	}
	tap->index = link.index;
	return 0;
}

/**
 * xq_tap_setup() - give the tap its MTU and its bridge, and set it up
 * @tap: open
 * @rtnl: the conversation to do it with
 *
 * What is already so is left alone: a tap prepared for a user needs no
 * privilege here.
 *
 * Return: 0, or -1 after printing why not; then call xq_tap_undo().
 */
int xq_tap_setup(struct xq_tap *tap, struct xq_rtnl *rtnl)
{
	const struct xq_link *was = &tap->before;

	if (tap->mtu && tap->mtu != was->mtu) {
		if (xq_link_set_mtu(rtnl, tap->index, tap->mtu)) {
			xq_err("cannot set the MTU of tap %s to %u: %s",
			       tap->name, tap->mtu, xq_rtnl_reason(rtnl));
			return -1;
		}
		tap->mtu_changed = true;
	}
	if (tap->has_bridge && tap->bridge.index != was->master) {
		if (xq_link_set_master(rtnl, tap->index, tap->bridge.index)) {
			xq_err("cannot put tap %s in bridge %s: %s", tap->name,
			       tap->bridge.name, xq_rtnl_reason(rtnl));
			return -1;
		}
		tap->master_changed = true;
	}
	if (!(was->flags & IFF_UP)) {
		if (xq_link_set_up(rtnl, tap->index, true)) {
			xq_err("cannot set tap %s up: %s", tap->name,
			       xq_rtnl_reason(rtnl));
			return -1;
		}
		tap->up_changed = true;
	}
	return 0;
}

static void undo_setup(struct xq_tap *tap, struct xq_rtnl *rtnl)
{
	const struct xq_link *was = &tap->before;
	int failed = 0;

	if (tap->up_changed)
		failed |= xq_link_set_up(rtnl, tap->index, false);
	if (tap->master_changed)
		failed |= xq_link_set_master(rtnl, tap->index, was->master);
	if (tap->mtu_changed)
		failed |= xq_link_set_mtu(rtnl, tap->index, was->mtu);
	if (failed)
		xq_warn("tap %s could not be put back as it was: look at it with 'ip -d link show %s'",
			tap->name, tap->name);
}

/*
 * The first queue to attach decides whether there are vnet headers and packet
 * information, so attaching one more, once ours are gone, brings them back.
 */
static void undo_flags(struct xq_tap *tap)
{
	const struct xq_link *was = &tap->before;
	int flags = IFF_TAP;

	if (was->vnet_hdr && !was->packet_info)
		return;
	if (was->vnet_hdr)
		flags |= IFF_VNET_HDR;
	if (!was->packet_info)
		flags |= IFF_NO_PI;
	if (was->multi_queue)
		flags |= IFF_MULTI_QUEUE;
	if (attach(tap->spare_fd, tap->name, flags))
		xq_warn("tap %s keeps its vnet headers: %s", tap->name,
			strerror(errno));
}

/**
 * xq_tap_undo() - leave the tap as it was, or leave none
 * @tap: planned, and opened and set up as far as it went
 * @rtnl: the conversation
 *
 * Changing a reused tap back needs CAP_NET_ADMIN just as changing it did.
 */
void xq_tap_undo(struct xq_tap *tap, struct xq_rtnl *rtnl)
{
	bool attached = tap->fds[0] >= 0;
	unsigned int i;

	if (tap->reuse)
		undo_setup(tap, rtnl);
	for (i = 0; i < tap->nqueues; i++) {
		if (tap->fds[i] >= 0)
			close(tap->fds[i]);
		tap->fds[i] = -1;
	}
	if (tap->reuse && attached) {
		if (tap->spare_fd < 0)
			tap->spare_fd = open_tun();
		if (tap->spare_fd >= 0)
			undo_flags(tap);
	}
	if (tap->spare_fd >= 0)
		close(tap->spare_fd);
	tap->spare_fd = -1;
}
