/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic netlink family vhost-xnet; its specification is vhost_xnet.yaml. */
#ifndef _XNET_NETLINK_H
#define _XNET_NETLINK_H

int xnet_nl_init(void);
void xnet_nl_exit(void);

#endif /* _XNET_NETLINK_H */
