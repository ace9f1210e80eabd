// SPDX-License-Identifier: GPL-2.0-only
/* Requests to the family, well-formed or not, and their answers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "nltest.h"
#include "parse.h"

/* Usually no more than a page, so that a dump takes several messages soon. */
#define BUF_SIZE	4096
#define BUF_MAX		8192

/* Room for any request here. */
#define REQUEST_SIZE	256

static int on_id(const struct nlattr *attr, void *data)
{
	struct ask *ask = data;

	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		ask->family = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), on_id, data);
}

static int on_ext(const struct nlattr *attr, void *data)
{
	struct ask *ask = data;

	switch (mnl_attr_get_type(attr)) {
	case NLMSGERR_ATTR_MSG:
		snprintf(ask->why, sizeof(ask->why), "%s", mnl_attr_get_str(attr));
		break;
	case NLMSGERR_ATTR_OFFS:
		ask->bad = mnl_attr_get_u32(attr);
		break;
	case NLMSGERR_ATTR_MISS_TYPE:
		ask->missing = mnl_attr_get_u32(attr);
		break;
	}
	return MNL_CB_OK;
}

/* The request is never repeated in an error, see ask_open_sized(). */
static int on_error(const struct nlmsghdr *nlh, void *data)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(nlh, sizeof(*err), on_ext, data);
	if (!err->error)
		return MNL_CB_STOP;
	errno = -err->error;
	return MNL_CB_ERROR;
}

static int on_done(const struct nlmsghdr *nlh, void *data)
{
	const int *err = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(nlh, sizeof(*err), on_ext, data);
	if (*err >= 0)
		return MNL_CB_STOP;
	errno = -*err;
	return MNL_CB_ERROR;
}

static mnl_cb_t on_control[NLMSG_MIN_TYPE] = {
	[NLMSG_ERROR] = on_error,
	[NLMSG_DONE] = on_done,
};

static int on_answer(const struct nlmsghdr *nlh, void *data)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct ask *ask = data;
	struct xc_view *view = &ask->view;

	CHECK(!(nlh->nlmsg_flags & NLM_F_DUMP_INTR), "a dump that needs no repeating is marked");
	if (genl->cmd == VHOST_XNET_CMD_DEV_GET) {
		view->devs = reallocarray(view->devs, view->ndevs + 1, sizeof(*view->devs));
		CHECK(view->devs, "no memory");
		CHECK(!xc_parse_dev(nlh, &view->devs[view->ndevs++]), "bad message");
	} else {
		EQUAL(genl->cmd, VHOST_XNET_CMD_QUEUE_GET);
		view->queues = reallocarray(view->queues, view->nqueues + 1,
					    sizeof(*view->queues));
		CHECK(view->queues, "no memory");
		CHECK(!xc_parse_queue(nlh, &view->queues[view->nqueues++]), "bad message");
	}
	return MNL_CB_OK;
}

/* One message of the socket. Return: 1 if more follow, 0 at the end, or -errno. */
static int receive(struct ask *ask, mnl_cb_t on_message, void *data)
{
	__u64 buf[BUF_MAX / sizeof(__u64)];
	ssize_t len;
	int ret;

	len = mnl_socket_recvfrom(ask->sock, buf, ask->size);
	CHECK(len > 0, "recvfrom: %m");
	ask->parts++;
	ret = mnl_cb_run2(buf, len, ask->seq, ask->portid, on_message, data,
			  on_control, NLMSG_MIN_TYPE);
	return ret < 0 ? -errno : ret > MNL_CB_STOP;
}

static int receive_all(struct ask *ask, mnl_cb_t on_message, void *data)
{
	int ret;

	do
		ret = receive(ask, on_message, data);
	while (ret > 0);
	return ret;
}

static struct nlmsghdr *start(struct ask *ask, void *buf, __u16 type, __u16 flags, __u8 cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++ask->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = 1;

	xc_view_free(&ask->view);
	ask->why[0] = '\0';
	ask->bad = 0;
	ask->missing = 0;
	ask->parts = 0;
	return nlh;
}

/**
 * ask_family() - look the family up
 * @ask: an open socket
 * @on_message: reads the answer
 * @data: for @on_message
 *
 * Return: 0 or -errno.
 */
int ask_family(struct ask *ask, mnl_cb_t on_message, void *data)
{
	__u64 buf[REQUEST_SIZE / sizeof(__u64)];
	struct nlmsghdr *nlh = start(ask, buf, GENL_ID_CTRL, NLM_F_ACK, CTRL_CMD_GETFAMILY);

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, "vhost-xnet");
	CHECK(mnl_socket_sendto(ask->sock, nlh, nlh->nlmsg_len) > 0, "%m");
	return receive_all(ask, on_message, data);
}

/**
 * ask_open_sized() - open a socket and find the family, or fail the test
 * @ask: receives it
 * @size: size of the messages to take, up to BUF_MAX; the kernel makes a dump's
 *	messages as large as that, once it is more than a page
 */
void ask_open_sized(struct ask *ask, size_t size)
{
	int on = 1;

	CHECK(size <= BUF_MAX, "%zu", size);
	memset(ask, 0, sizeof(*ask));
	ask->size = size;
	ask->seq = time(NULL);
	ask->sock = mnl_socket_open(NETLINK_GENERIC);
	CHECK(ask->sock, "%m");
	CHECK(!mnl_socket_bind(ask->sock, 0, MNL_SOCKET_AUTOPID), "%m");
	ask->portid = mnl_socket_get_portid(ask->sock);
	CHECK(!mnl_socket_setsockopt(ask->sock, NETLINK_EXT_ACK, &on, sizeof(on)), "%m");
	CHECK(!mnl_socket_setsockopt(ask->sock, NETLINK_CAP_ACK, &on, sizeof(on)), "%m");
	EQUAL(ask_family(ask, on_family, ask), 0);
	CHECK(ask->family, "no number");
}

/**
 * ask_open() - open a socket and find the family, or fail the test
 * @ask: receives it
 */
void ask_open(struct ask *ask)
{
	ask_open_sized(ask, BUF_SIZE);
}

/**
 * ask_close() - close a socket, in the middle of an answer or not
 * @ask: the socket
 */
void ask_close(struct ask *ask)
{
	mnl_socket_close(ask->sock);
	xc_view_free(&ask->view);
}

/**
 * ask_send() - send a request
 * @ask: an open socket
 * @cmd: the command, known to the family or not
 * @flags: NLM_F_DUMP or NLM_F_ACK
 * @attrs: its attributes, known to the family or not
 * @n: how many
 */
void ask_send(struct ask *ask, __u8 cmd, __u16 flags, const struct attr *attrs, size_t n)
{
	__u64 buf[REQUEST_SIZE / sizeof(__u64)];
	struct nlmsghdr *nlh = start(ask, buf, ask->family, flags, cmd);

	for (; n; n--, attrs++)
		mnl_attr_put(nlh, attrs->type, attrs->len, &attrs->value);
	CHECK(mnl_socket_sendto(ask->sock, nlh, nlh->nlmsg_len) > 0, "%m");
}

/**
 * ask_receive() - receive one message of an answer
 * @ask: a socket with a request under way; devices and queues end up in its view
 *
 * Return: 1 if more follow, 0 if that was the end, or -errno.
 */
int ask_receive(struct ask *ask)
{
	return receive(ask, on_answer, ask);
}

/**
 * ask_do() - a request for one thing
 * @ask: an open socket
 * @cmd: as for ask_send()
 * @attrs: as for ask_send()
 * @n: as for ask_send()
 *
 * Return: 0 or -errno.
 */
int ask_do(struct ask *ask, __u8 cmd, const struct attr *attrs, size_t n)
{
	ask_send(ask, cmd, NLM_F_ACK, attrs, n);
	return receive_all(ask, on_answer, ask);
}

/**
 * ask_dump() - a request for everything
 * @ask: an open socket
 * @cmd: as for ask_send()
 * @attrs: as for ask_send()
 * @n: as for ask_send()
 *
 * Return: 0 or -errno.
 */
int ask_dump(struct ask *ask, __u8 cmd, const struct attr *attrs, size_t n)
{
	ask_send(ask, cmd, NLM_F_DUMP, attrs, n);
	return receive_all(ask, on_answer, ask);
}

/**
 * ask_device() - get a device that has to be there
 * @ask: an open socket
 * @dev: its number
 * @out: receives it
 */
void ask_device(struct ask *ask, __u32 dev, struct xc_dev *out)
{
	const struct attr id = U32(VHOST_XNET_A_DEV_ID, dev);

	EQUAL(ask_do(ask, VHOST_XNET_CMD_DEV_GET, &id, 1), 0);
	EQUAL(ask->view.ndevs, 1);
	EQUAL(ask->view.devs->id, dev);
	*out = *ask->view.devs;
}

/**
 * ask_queue() - get a queue that has to be there
 * @ask: an open socket
 * @dev: number of its device
 * @index: its number in the device
 * @queue: receives it
 */
void ask_queue(struct ask *ask, __u32 dev, __u32 index, struct xc_queue *queue)
{
	const struct attr attrs[] = {
		U32(VHOST_XNET_A_QUEUE_DEV_ID, dev),
		U32(VHOST_XNET_A_QUEUE_INDEX, index),
	};

	EQUAL(ask_do(ask, VHOST_XNET_CMD_QUEUE_GET, attrs, 2), 0);
	EQUAL(ask->view.nqueues, 1);
	EQUAL(ask->view.queues->dev_id, dev);
	EQUAL(ask->view.queues->index, index);
	*queue = *ask->view.queues;
}
