/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/vhost_xnet.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_VHOST_XNET_GEN_H
#define _LINUX_VHOST_XNET_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/vhost_xnet.h>

extern const struct nla_policy vhost_xnet_dev_get_nl_policy[VHOST_XNET_A_DEV_ID + 1];

extern const struct nla_policy vhost_xnet_queue_get_nl_policy[VHOST_XNET_A_QUEUE_INDEX + 1];

/* Ops table for vhost_xnet */
extern const struct genl_ops vhost_xnet_nl_ops[2];

int vhost_xnet_nl_dev_get_doit(struct sk_buff *skb, struct genl_info *info);
int vhost_xnet_nl_dev_get_dumpit(struct sk_buff *skb,
				 struct netlink_callback *cb);
int vhost_xnet_nl_queue_get_doit(struct sk_buff *skb, struct genl_info *info);
int vhost_xnet_nl_queue_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);

#endif /* _LINUX_VHOST_XNET_GEN_H */
