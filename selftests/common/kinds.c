// SPDX-License-Identifier: GPL-2.0-only
/* Backends of every kind that a vhost device takes. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>

#include "kinds.h"

static int open_tap(struct xt_backend *b, const struct xg_tap_cfg *cfg)
{
	struct xg_tap_cfg full = *cfg;
	int ret;

	full.queues = b->kind == XT_TAP_QUEUE ? 2 : 1;
	ret = xg_tap_open(&b->tap, &full);
	if (ret)
		return ret;
	b->fd = b->tap.fd[full.queues - 1];
	b->far = b->tap.ifindex;
	memcpy(b->near_name, b->tap.ifname, IFNAMSIZ);
	memcpy(b->far_name, b->tap.ifname, IFNAMSIZ);
	return 0;
}

static int open_packet(struct xt_backend *b, const struct xg_tap_cfg *cfg)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(b->near_name),
	};
	int on = 1;

	/* Protocol 0 until bound: nothing of other devices gets in. */
	b->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (b->fd < 0)
		return -errno;
	if ((!cfg->no_vnet_hdr &&
	     setsockopt(b->fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on))) ||
	    (cfg->sndbuf && setsockopt(b->fd, SOL_SOCKET, SO_SNDBUF, &cfg->sndbuf,
				       sizeof(cfg->sndbuf))) ||
	    bind(b->fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -errno;
	return 0;
}

/* The veth pair "nearN" and "farN"; returns the number of the near one. */
static int open_pair(struct xt_backend *b, unsigned int n)
{
	int near;

	snprintf(b->near_name, sizeof(b->near_name), "near%u", n);
	snprintf(b->far_name, sizeof(b->far_name), "far%u", n);
	near = xg_link_veth(b->near_name, b->far_name);
	if (near > 0)
		b->far = if_nametoindex(b->far_name);
	return near;
}

int xt_backend_on(struct xt_backend *b, struct xg_vtap_cfg *vtap, unsigned int n,
		  const struct xg_tap_cfg *cfg)
{
	static char names[10][IFNAMSIZ];
	int ret;

	memset(b, 0, sizeof(*b));
	b->kind = vtap->ipvtap ? XT_IPVTAP : XT_MACVTAP;
	b->fd = -1;
	vtap->lower = open_pair(b, n);
	if (vtap->lower < 0)
		return vtap->lower;
	snprintf(names[n], sizeof(names[n]), "vtap%u", n);
	vtap->name = names[n];
	memcpy(b->near_name, names[n], IFNAMSIZ);
	ret = xg_link_vtap(vtap);
	if (ret > 0 && vtap->ipvtap)
		ret = xg_link_address(vtap->name, "10.0.0.2");
	if (ret < 0)
		return ret;
	b->fd = xg_vtap_open(vtap->name, cfg);
	return b->fd < 0 ? b->fd : 0;
}

int xt_backend_open(struct xt_backend *b, enum xt_kind kind, unsigned int n,
		    const struct xg_tap_cfg *cfg)
{
	struct xg_vtap_cfg vtap = {
		.ipvtap = kind == XT_IPVTAP,
		.mode = kind == XT_IPVTAP ? IPVLAN_MODE_L2 : MACVLAN_MODE_VEPA,
	};
	int ret;

	if (kind == XT_MACVTAP || kind == XT_IPVTAP)
		return xt_backend_on(b, &vtap, n, cfg);
	memset(b, 0, sizeof(*b));
	b->kind = kind;
	b->fd = -1;
	if (kind == XT_TAP || kind == XT_TAP_QUEUE)
		return open_tap(b, cfg);
	ret = open_pair(b, n);
	return ret < 0 ? ret : open_packet(b, cfg);
}

void xt_backend_close(struct xt_backend *b)
{
	if (b->tap.queues)
		xg_tap_close(&b->tap);
	else if (b->fd >= 0)
		close(b->fd);
	b->fd = -1;
	/* What is on a veth device goes with it. */
	if (b->kind != XT_TAP && b->kind != XT_TAP_QUEUE)
		xg_link_delete(b->far_name);
}

const char *xt_kind_name(enum xt_kind kind)
{
	static const char *const names[] = {
		"tap", "queue of a tap", "macvtap", "ipvtap", "packet socket",
	};

	return names[kind];
}
