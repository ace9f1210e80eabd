/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef XNET_QEMU_LINK_H
#define XNET_QEMU_LINK_H

#include <net/if.h>
#include <stdbool.h>

struct xq_rtnl;

/**
 * struct xq_link - what rtnetlink says of a network interface
 * @name: its name
 * @kind: its kind ("tun", "bridge"), empty for hardware and the like
 * @index: its interface index
 * @master: index of the interface it is a port of, 0 for none
 * @flags: IFF_UP and so on
 * @mtu: MTU in bytes
 * @is_tap: tun kind, and carries Ethernet frames rather than IP packets
 * @packet_info: each frame is preceded by a struct tun_pi (tun kind)
 * @vnet_hdr: each frame is preceded by a virtio header (tun kind)
 * @multi_queue: takes several queues (tun kind)
 * @queues: file descriptors attached, disabled ones included (tun kind)
 */
struct xq_link {
	char name[IF_NAMESIZE];
	char kind[16];
	unsigned int index;
	unsigned int master;
	unsigned int flags;
	unsigned int mtu;
	bool is_tap;
	bool packet_info;
	bool vnet_hdr;
	bool multi_queue;
	unsigned int queues;
};

struct xq_rtnl *xq_rtnl_open(void);
void xq_rtnl_close(struct xq_rtnl *rtnl);
const char *xq_rtnl_reason(const struct xq_rtnl *rtnl);

int xq_link_get(struct xq_rtnl *rtnl, const char *name, struct xq_link *link);
int xq_link_set_mtu(struct xq_rtnl *rtnl, unsigned int index,
		    unsigned int mtu);
int xq_link_set_master(struct xq_rtnl *rtnl, unsigned int index,
		       unsigned int master);
int xq_link_set_up(struct xq_rtnl *rtnl, unsigned int index, bool up);

#endif /* XNET_QEMU_LINK_H */
