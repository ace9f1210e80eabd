// SPDX-License-Identifier: GPL-2.0-only
/* Network interfaces over rtnetlink: looked at and changed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>

#include "err.h"
#include "link.h"

/* An answer about one link, its statistics included, fits easily. */
#define BUF_SIZE	32768

/**
 * struct xq_rtnl - a conversation with rtnetlink, one request at a time
 * @sock: the socket
 * @seq: sequence number of the last request
 * @error: negative errno of the last request, 0 when it succeeded
 * @link: where the answer about a link goes, NULL when none is expected
 * @reason: last failure in words
 * @buf: request, then answer
 */
struct xq_rtnl {
	struct mnl_socket *sock;
	unsigned int seq;
	int error;
	struct xq_link *link;
	char reason[256];
	char buf[BUF_SIZE];
};

/**
 * xq_rtnl_open() - start talking to rtnetlink
 *
 * Return: the conversation, or NULL after printing why not.
 */
struct xq_rtnl *xq_rtnl_open(void)
{
	struct xq_rtnl *rtnl = calloc(1, sizeof(*rtnl));
	int on = 1;

	if (!rtnl) {
		xq_err("out of memory");
		return NULL;
	}
	rtnl->sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!rtnl->sock) {
		xq_err("cannot open an rtnetlink socket: %s", strerror(errno));
		goto free_rtnl;
	}
	/* An old kernel has no words for its errors; the errno will do. */
	mnl_socket_setsockopt(rtnl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	if (mnl_socket_bind(rtnl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		xq_err("cannot bind an rtnetlink socket: %s", strerror(errno));
		goto close_sock;
	}
	return rtnl;

close_sock:
	mnl_socket_close(rtnl->sock);
free_rtnl:
	free(rtnl);
	return NULL;
}

/**
 * xq_rtnl_close() - end the conversation
 * @rtnl: from xq_rtnl_open()
 */
void xq_rtnl_close(struct xq_rtnl *rtnl)
{
	mnl_socket_close(rtnl->sock);
	free(rtnl);
}

/**
 * xq_rtnl_reason() - why the last request failed
 * @rtnl: the conversation
 *
 * Return: the kernel's own words if it had any, else those for its errno;
 * valid until the next request.
 */
const char *xq_rtnl_reason(const struct xq_rtnl *rtnl)
{
	return rtnl->reason;
}

static int extack_attr(const struct nlattr *attr, void *data)
{
	struct xq_rtnl *rtnl = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(rtnl->reason, sizeof(rtnl->reason), "%s (%s)",
			 strerror(-rtnl->error), mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

/* The kernel's verdict: an error, or an acknowledgment (error 0). */
static int got_ack(const struct nlmsghdr *nlh, void *data)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	struct xq_rtnl *rtnl = data;
	size_t skip = sizeof(*err);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err)) {
		rtnl->error = -EBADMSG;
		return MNL_CB_STOP;
	}
	rtnl->error = err->error;
	if (rtnl->error && nlh->nlmsg_flags & NLM_F_ACK_TLVS) {
		/* The refused request is echoed before the attributes. */
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			skip += err->msg.nlmsg_len - sizeof(err->msg);
		mnl_attr_parse(nlh, skip, extack_attr, rtnl);
	}
	return MNL_CB_STOP;
}

/* libmnl only reads it, but its prototype does not say so. */
static mnl_cb_t ctl_cbs[NLMSG_MIN_TYPE] = {
	[NLMSG_ERROR] = got_ack,
};

static int tun_attr(const struct nlattr *attr, void *data)
{
	struct xq_link *link = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_TUN_TYPE:
		link->is_tap = mnl_attr_get_u8(attr) == IFF_TAP;
		break;
	case IFLA_TUN_PI:
		link->packet_info = mnl_attr_get_u8(attr);
		break;
	case IFLA_TUN_VNET_HDR:
		link->vnet_hdr = mnl_attr_get_u8(attr);
		break;
	case IFLA_TUN_MULTI_QUEUE:
		link->multi_queue = mnl_attr_get_u8(attr);
		break;
	case IFLA_TUN_NUM_QUEUES:
	case IFLA_TUN_NUM_DISABLED_QUEUES:
		link->queues += mnl_attr_get_u32(attr);
		break;
	}
	return MNL_CB_OK;
}

static int linkinfo_attr(const struct nlattr *attr, void *data)
{
	struct xq_link *link = data;

	/* The kernel puts the kind before the data that depends on it. */
	switch (mnl_attr_get_type(attr)) {
	case IFLA_INFO_KIND:
		snprintf(link->kind, sizeof(link->kind), "%s",
			 mnl_attr_get_str(attr));
		break;
	case IFLA_INFO_DATA:
		if (!strcmp(link->kind, "tun"))
			mnl_attr_parse_nested(attr, tun_attr, link);
		break;
	}
	return MNL_CB_OK;
}

static int link_attr(const struct nlattr *attr, void *data)
{
	struct xq_link *link = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		snprintf(link->name, sizeof(link->name), "%s",
			 mnl_attr_get_str(attr));
		break;
	case IFLA_MTU:
		link->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_MASTER:
		link->master = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINKINFO:
		mnl_attr_parse_nested(attr, linkinfo_attr, link);
		break;
	}
	return MNL_CB_OK;
}

static int got_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	struct xq_rtnl *rtnl = data;

	if (nlh->nlmsg_type == RTM_NEWLINK && rtnl->link) {
		memset(rtnl->link, 0, sizeof(*rtnl->link));
		rtnl->link->index = ifi->ifi_index;
		rtnl->link->flags = ifi->ifi_flags;
		mnl_attr_parse(nlh, sizeof(*ifi), link_attr, rtnl->link);
	}
	return MNL_CB_OK;
}

/*
 * Send the request in rtnl->buf and wait for the verdict. Every request asks
 * for one, so the answer about a link, when there is one, comes before it.
 */
static int talk(struct xq_rtnl *rtnl)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)rtnl->buf;
	unsigned int portid = mnl_socket_get_portid(rtnl->sock);
	ssize_t len;
	int ret;

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = ++rtnl->seq;
	rtnl->error = 0;
	rtnl->reason[0] = '\0';
	if (mnl_socket_sendto(rtnl->sock, nlh, nlh->nlmsg_len) < 0)
		goto broken;
	do {
		len = mnl_socket_recvfrom(rtnl->sock, rtnl->buf, BUF_SIZE);
		if (len < 0)
			goto broken;
		ret = mnl_cb_run2(rtnl->buf, len, rtnl->seq, portid, got_link,
				  rtnl, ctl_cbs, NLMSG_MIN_TYPE);
		if (ret < 0)
			goto broken;
	} while (ret != MNL_CB_STOP);
	goto out;

broken:
	rtnl->error = -errno;
out:
	if (rtnl->error && !rtnl->reason[0])
		snprintf(rtnl->reason, sizeof(rtnl->reason), "%s",
			 strerror(-rtnl->error));
	rtnl->link = NULL;
	return rtnl->error;
}

static struct ifinfomsg *new_request(struct xq_rtnl *rtnl, int type)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(rtnl->buf);

	nlh->nlmsg_type = type;
	return mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
}

static int change_u32(struct xq_rtnl *rtnl, unsigned int index,
		      unsigned int attr, unsigned int value)
{
	new_request(rtnl, RTM_NEWLINK)->ifi_index = index;
	mnl_attr_put_u32((struct nlmsghdr *)rtnl->buf, attr, value);
	return talk(rtnl);
}

/**
 * xq_link_get() - look an interface up
 * @rtnl: the conversation
 * @name: its name
 * @link: what is found
 *
 * Return: 0, -ENODEV when there is no such interface, or another negative
 * errno; xq_rtnl_reason() has the words, nothing is printed.
 */
int xq_link_get(struct xq_rtnl *rtnl, const char *name, struct xq_link *link)
{
	new_request(rtnl, RTM_GETLINK);
	mnl_attr_put_strz((struct nlmsghdr *)rtnl->buf, IFLA_IFNAME, name);
	rtnl->link = link;
	return talk(rtnl);
}

/**
 * xq_link_set_mtu() - set an interface's MTU
 * @rtnl: the conversation
 * @index: the interface
 * @mtu: bytes
 *
 * Return: as xq_link_get().
 */
int xq_link_set_mtu(struct xq_rtnl *rtnl, unsigned int index,
		    unsigned int mtu)
{
	return change_u32(rtnl, index, IFLA_MTU, mtu);
}

/**
 * xq_link_set_master() - make an interface a port of another, or of none
 * @rtnl: the conversation
 * @index: the interface
 * @master: index of a bridge, or 0
 *
 * Return: as xq_link_get().
 */
int xq_link_set_master(struct xq_rtnl *rtnl, unsigned int index,
		       unsigned int master)
{
	return change_u32(rtnl, index, IFLA_MASTER, master);
}

/**
 * xq_link_set_up() - set an interface up or down
 * @rtnl: the conversation
 * @index: the interface
 * @up: which
 *
 * Return: as xq_link_get().
 */
int xq_link_set_up(struct xq_rtnl *rtnl, unsigned int index, bool up)
{
	struct ifinfomsg *ifi = new_request(rtnl, RTM_NEWLINK);

	ifi->ifi_index = index;
	ifi->ifi_change = IFF_UP;
	ifi->ifi_flags = up ? IFF_UP : 0;
	return talk(rtnl);
}
