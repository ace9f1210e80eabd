// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/vhost_xnet.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include <uapi/linux/vhost_xnet.h>

/* VHOST_XNET_CMD_DEV_GET - do */
const struct nla_policy vhost_xnet_dev_get_nl_policy[VHOST_XNET_A_DEV_ID + 1] = {
	[VHOST_XNET_A_DEV_ID] = { .type = NLA_U32, },
};

/* VHOST_XNET_CMD_QUEUE_GET - do */
const struct nla_policy vhost_xnet_queue_get_nl_policy[VHOST_XNET_A_QUEUE_INDEX + 1] = {
	[VHOST_XNET_A_QUEUE_DEV_ID] = { .type = NLA_U32, },
	[VHOST_XNET_A_QUEUE_INDEX] = { .type = NLA_U32, },
};

/* Ops table for vhost_xnet */
const struct genl_ops vhost_xnet_nl_ops[2] = {
	{
		.cmd		= VHOST_XNET_CMD_DEV_GET,
		.doit		= vhost_xnet_nl_dev_get_doit,
		.dumpit		= vhost_xnet_nl_dev_get_dumpit,
		.policy		= vhost_xnet_dev_get_nl_policy,
		.maxattr	= VHOST_XNET_A_DEV_ID,
		.flags		= GENL_ADMIN_PERM,
	},
	{
		.cmd		= VHOST_XNET_CMD_QUEUE_GET,
		.doit		= vhost_xnet_nl_queue_get_doit,
		.dumpit		= vhost_xnet_nl_queue_get_dumpit,
		.policy		= vhost_xnet_queue_get_nl_policy,
		.maxattr	= VHOST_XNET_A_QUEUE_INDEX,
		.flags		= GENL_ADMIN_PERM,
	},
};
