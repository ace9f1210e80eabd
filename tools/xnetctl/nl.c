// SPDX-License-Identifier: GPL-2.0-only
/* Asking the kernel, and what to say when it refuses. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "err.h"
#include "nl.h"
#include "parse.h"

/* The kernel makes parts of a dump as large as it sees that we can take them. */
#define ANSWER_SIZE	32768

/**
 * struct xc_ask - a request under way
 * @nl: where it goes
 * @buf: the request, then the parts of the answer
 * @view: receives devices and queues
 */
struct xc_ask {
	struct xc_nl *nl;
	char buf[ANSWER_SIZE];
	struct xc_view *view;
};

/* Room for one more element of @size bytes; the array doubles as it grows. */
static void *grow(void *array, size_t n, size_t size)
{
	if (n && (n & (n - 1)))
		return array;
	return reallocarray(array, n ? 2 * n : 1, size);
}

static int add_dev(const struct nlmsghdr *nlh, struct xc_view *view)
{
	struct xc_dev *devs = grow(view->devs, view->ndevs, sizeof(*devs));

	if (!devs)
		return -1;
	view->devs = devs;
	if (xc_parse_dev(nlh, &devs[view->ndevs]))
		return -1;
	view->ndevs++;
	return 0;
}

static int add_queue(const struct nlmsghdr *nlh, struct xc_view *view)
{
	struct xc_queue *queues = grow(view->queues, view->nqueues, sizeof(*queues));

	if (!queues)
		return -1;
	view->queues = queues;
	if (xc_parse_queue(nlh, &queues[view->nqueues]))
		return -1;
	view->nqueues++;
	return 0;
}

static int on_data(const struct nlmsghdr *nlh, void *data)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct xc_ask *ask = data;
	int err = 0;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl)) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	if (genl->cmd == VHOST_XNET_CMD_DEV_GET)
		err = add_dev(nlh, ask->view);
	else if (genl->cmd == VHOST_XNET_CMD_QUEUE_GET)
		err = add_queue(nlh, ask->view);
	return err ? MNL_CB_ERROR : MNL_CB_OK;
}

static int on_family_attr(const struct nlattr *attr, void *data)
{
	struct xc_nl *nl = data;

	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
	    mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
		nl->family = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	struct xc_ask *ask = data;

	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), on_family_attr, ask->nl);
}

static int on_why_attr(const struct nlattr *attr, void *data)
{
	struct xc_nl *nl = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(nl->why, sizeof(nl->why), "%s", mnl_attr_get_str(attr));
	return MNL_CB_OK;
}

static void read_why(const struct nlmsghdr *nlh, unsigned int offset, struct xc_nl *nl)
{
	nl->why[0] = '\0';
	if ((nlh->nlmsg_flags & NLM_F_ACK_TLVS) && mnl_nlmsg_get_payload_len(nlh) >= offset)
		mnl_attr_parse(nlh, offset, on_why_attr, nl);
}

static int on_error(const struct nlmsghdr *nlh, void *data)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);
	unsigned int offset = sizeof(*err);
	struct xc_ask *ask = data;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err)) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	if (!err->error)
		return MNL_CB_STOP;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		offset += MNL_ALIGN(err->msg.nlmsg_len) - sizeof(err->msg);
	read_why(nlh, offset, ask->nl);
	errno = -err->error;
	return MNL_CB_ERROR;
}

/* A dump that fails says so in its last message, which libmnl does not read. */
static int on_done(const struct nlmsghdr *nlh, void *data)
{
	const int *err = mnl_nlmsg_get_payload(nlh);
	struct xc_ask *ask = data;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*err) || *err >= 0)
		return MNL_CB_STOP;
	read_why(nlh, sizeof(*err), ask->nl);
	errno = -*err;
	return MNL_CB_ERROR;
}

static mnl_cb_t on_control[NLMSG_MIN_TYPE] = {
	[NLMSG_ERROR] = on_error,
	[NLMSG_DONE] = on_done,
};

/* Sends the request in @ask->buf and reads its answer. 0, or -1 with errno set. */
static int talk(struct xc_ask *ask, mnl_cb_t on_message)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)ask->buf;
	struct xc_nl *nl = ask->nl;
	ssize_t len;
	int more;

	nlh->nlmsg_seq = ++nl->seq;
	nl->why[0] = '\0';
	if (mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0)
		return -1;
	do {
		len = mnl_socket_recvfrom(nl->sock, ask->buf, sizeof(ask->buf));
		if (len < 0)
			return -1;
		more = mnl_cb_run2(ask->buf, len, nl->seq, nl->portid, on_message, ask,
				   on_control, NLMSG_MIN_TYPE);
	} while (more > MNL_CB_STOP);
	return more;
}

static struct nlmsghdr *start(struct xc_ask *ask, __u16 type, __u16 flags, __u8 cmd,
			      __u8 version)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(ask->buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return nlh;
}

static int find_family(struct xc_nl *nl)
{
	struct xc_ask ask = { .nl = nl };
	struct nlmsghdr *nlh;

	nlh = start(&ask, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY, 1);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, VHOST_XNET_FAMILY_NAME);
	if (talk(&ask, on_family)) {
		if (errno == ENOENT)
			xc_err("the kernel has no vhost-xnet; load the module with 'modprobe vhost_xnet'");
		else
			xc_err("cannot ask the kernel for the netlink family %s: %m",
			       VHOST_XNET_FAMILY_NAME);
		return -1;
	}
	if (!nl->family) {
		xc_err("the kernel gave the netlink family %s no number", VHOST_XNET_FAMILY_NAME);
		return -1;
	}
	return 0;
}

/**
 * xc_nl_open() - find the way to the kernel's vhost-xnet
 * @nl: receives it
 *
 * Return: 0, or -1 after saying why not.
 */
int xc_nl_open(struct xc_nl *nl)
{
	int on = 1;

	memset(nl, 0, sizeof(*nl));
	nl->seq = time(NULL);
	nl->sock = mnl_socket_open(NETLINK_GENERIC);
	if (!nl->sock || mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		xc_err("cannot open a netlink socket: %m");
		goto close;
	}
	nl->portid = mnl_socket_get_portid(nl->sock);
	/* Without these the errors are less clear, and that is all. */
	mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	if (!find_family(nl))
		return 0;

close:
	xc_nl_close(nl);
	return -1;
}

static int dump(struct xc_nl *nl, __u8 cmd, __u16 filter, __u32 dev,
		struct xc_view *view)
{
	struct xc_ask ask = { .nl = nl, .view = view };
	struct nlmsghdr *nlh;

	nlh = start(&ask, nl->family, NLM_F_DUMP, cmd, VHOST_XNET_FAMILY_VERSION);
	if (dev)
		mnl_attr_put_u32(nlh, filter, dev);
	return talk(&ask, on_data);
}

static void say_why(const struct xc_nl *nl, __u32 dev)
{
	switch (errno) {
	case EPERM:
		xc_err("only root may look at vhost-xnet devices (CAP_NET_ADMIN is needed)");
		break;
	case ENODEV:
		xc_err("there is no device %u; 'xnetctl show' tells which are open", dev);
		break;
	case EBADMSG:
	case ERANGE:
		xc_err("the kernel's answer makes no sense; is xnetctl of another version than the module?");
		break;
	default:
		xc_err("the kernel refuses to tell: %m%s%s", nl->why[0] ? ": " : "", nl->why);
	}
}

/**
 * xc_nl_look() - look at the devices and their queues
 * @nl: an open way to the kernel
 * @dev: the one device to look at, 0 for all
 * @view: receives them, to be freed with xc_view_free()
 *
 * Return: 0, or -1 after saying why not.
 */
int xc_nl_look(struct xc_nl *nl, __u32 dev, struct xc_view *view)
{
	struct timespec now;

	memset(view, 0, sizeof(*view));
	if (dump(nl, VHOST_XNET_CMD_DEV_GET, VHOST_XNET_A_DEV_ID, dev, view))
		goto fail;
	clock_gettime(CLOCK_MONOTONIC, &now);
	view->time = now.tv_sec + now.tv_nsec / 1e9;
	if (dump(nl, VHOST_XNET_CMD_QUEUE_GET, VHOST_XNET_A_QUEUE_DEV_ID, dev, view))
		goto fail;
	return 0;

fail:
	say_why(nl, dev);
	xc_view_free(view);
	return -1;
}

/**
 * xc_nl_close() - close the way to the kernel
 * @nl: the way; one that could not be opened is fine
 */
void xc_nl_close(struct xc_nl *nl)
{
	if (nl->sock)
		mnl_socket_close(nl->sock);
	nl->sock = NULL;
}
