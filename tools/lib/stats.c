// SPDX-License-Identifier: GPL-2.0-only
/* What vhost-xnet counts, read over generic netlink without a library. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "private.h"
#include "xgstats.h"

#define ROOM	32768

/**
 * struct request - a message being put together
 * @nlh: netlink header
 * @genl: generic netlink header
 * @attrs: attributes
 */
struct request {
	struct nlmsghdr nlh;
	struct genlmsghdr genl;
	char attrs[64];
};

typedef void (*attr_fn)(const struct nlattr *attr, void *data);

static void walk_attrs(const void *from, size_t len, attr_fn fn, void *data)
{
	const struct nlattr *attr = from;

	while (len >= sizeof(*attr) && attr->nla_len >= sizeof(*attr) &&
	       attr->nla_len <= len) {
		size_t step = NLA_ALIGN(attr->nla_len);

		fn(attr, data);
		if (step >= len)
			return;
		len -= step;
		attr = (const void *)((const char *)attr + step);
	}
}

static int attr_type(const struct nlattr *attr)
{
	return attr->nla_type & NLA_TYPE_MASK;
}

static const void *attr_data(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

/* An unsigned number of 1 to 8 bytes. */
static uint64_t attr_number(const struct nlattr *attr)
{
	size_t len = attr->nla_len - NLA_HDRLEN;
	uint64_t v = 0;

	memcpy(&v, attr_data(attr), len < sizeof(v) ? len : sizeof(v));
	return v;
}

static void request_init(struct request *req, uint16_t type, uint8_t cmd, uint16_t flags)
{
	memset(req, 0, sizeof(*req));
	req->nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	req->nlh.nlmsg_type = type;
	req->nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	req->genl.cmd = cmd;
	req->genl.version = 1;
}

static void request_add(struct request *req, uint16_t type, const void *data, size_t len)
{
	struct nlattr attr = { .nla_len = NLA_HDRLEN + len, .nla_type = type };
	char *to = (char *)req + req->nlh.nlmsg_len;

	memcpy(to, &attr, sizeof(attr));
	memcpy(to + NLA_HDRLEN, data, len);
	req->nlh.nlmsg_len += NLA_ALIGN(attr.nla_len);
}

/* Hand each answer's attributes to @fn. Return: 1 at the end, 0, or -errno. */
static int answer(const struct nlmsghdr *nlh, attr_fn fn, void *data)
{
	const char *body = (const char *)nlh + NLMSG_LENGTH(0);

	switch (nlh->nlmsg_type) {
	case NLMSG_DONE:
		return 1;
	case NLMSG_ERROR: {
		int err = ((const struct nlmsgerr *)body)->error;

		return err ? err : 1;
	}
	default:
		/* NULL tells of the beginning of an answer. */
		fn(NULL, data);
		walk_attrs(body + GENL_HDRLEN,
			   nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), fn, data);
		return 0;
	}
}

static int talk(struct request *req, attr_fn fn, void *data)
{
	static __thread uint64_t room[ROOM / sizeof(uint64_t)];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	int ret = 0;
	ssize_t n;

	if (fd < 0)
		return xg_note("netlink socket", -errno);
	if (send(fd, req, req->nlh.nlmsg_len, 0) < 0)
		ret = -errno;
	while (!ret) {
		const struct nlmsghdr *nlh = (const void *)room;

		n = recv(fd, room, sizeof(room), 0);
		if (n < 0)
			ret = -errno;
		for (; !ret && n > 0 && NLMSG_OK(nlh, n); nlh = NLMSG_NEXT(nlh, n))
			ret = answer(nlh, fn, data);
	}
	close(fd);
	return xg_note("netlink request", ret < 0 ? ret : 0);
}

static void family_attr(const struct nlattr *attr, void *data)
{
	if (attr && attr_type(attr) == CTRL_ATTR_FAMILY_ID)
		*(int *)data = attr_number(attr);
}

static int family(void)
{
	static int id;
	struct request req;
	int ret;

	if (id)
		return id;
	request_init(&req, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	request_add(&req, CTRL_ATTR_FAMILY_NAME, VHOST_XNET_FAMILY_NAME,
		    sizeof(VHOST_XNET_FAMILY_NAME));
	ret = talk(&req, family_attr, &id);
	return ret ? ret : id;
}

/* The device looked for: the newest has the highest id. */
struct search {
	uint32_t owner;
	uint32_t id;
	uint32_t best;
};

static void dev_attr(const struct nlattr *attr, void *data)
{
	struct search *s = data;

	if (!attr)
		s->id = 0;
	else if (attr_type(attr) == VHOST_XNET_A_DEV_ID)
		s->id = attr_number(attr);
	else if (attr_type(attr) == VHOST_XNET_A_DEV_OWNER &&
		 attr_number(attr) == s->owner && s->id > s->best)
		s->best = s->id;
}

int xg_stats_dev(pid_t owner)
{
	struct search s = { .owner = owner };
	struct request req;
	int ret = family();

	if (ret < 0)
		return ret;
	request_init(&req, ret, VHOST_XNET_CMD_DEV_GET, NLM_F_DUMP);
	ret = talk(&req, dev_attr, &s);
	if (ret)
		return ret;
	return s.best ? (int)s.best : -ENOENT;
}

static void owner_attr(const struct nlattr *attr, void *data)
{
	if (attr && attr_type(attr) == VHOST_XNET_A_DEV_OWNER)
		*(int *)data = attr_number(attr);
}

/* Ask about a device, whose id is sent as @attr; @fn makes one number of what comes. */
static int ask(unsigned int cmd, unsigned int flags, unsigned int attr, int dev,
	       void (*fn)(const struct nlattr *attr, void *data))
{
	uint32_t id = dev;
	struct request req;
	int ret = family(), answer = 0;

	if (ret < 0)
		return ret;
	request_init(&req, ret, cmd, flags);
	request_add(&req, attr, &id, sizeof(id));
	ret = talk(&req, fn, &answer);
	return ret ? ret : answer;
}

int xg_stats_owner(int dev)
{
	return ask(VHOST_XNET_CMD_DEV_GET, 0, VHOST_XNET_A_DEV_ID, dev, owner_attr);
}

static void count_answers(const struct nlattr *attr, void *data)
{
	if (!attr)
		++*(int *)data;
}

int xg_stats_queues(int dev)
{
	return ask(VHOST_XNET_CMD_QUEUE_GET, NLM_F_DUMP, VHOST_XNET_A_QUEUE_DEV_ID, dev,
		   count_answers);
}

static void counter_attr(const struct nlattr *attr, void *data)
{
	struct xg_stats *stats = data;

	if (attr_type(attr) <= VHOST_XNET_A_COUNTERS_MAX)
		stats->c[attr_type(attr)] = attr_number(attr);
}

static void queue_attr(const struct nlattr *attr, void *data)
{
	struct xg_stats *stats = data;

	if (!attr)
		return;
	switch (attr_type(attr)) {
	case VHOST_XNET_A_QUEUE_STATE:
		stats->state = attr_number(attr);
		break;
	case VHOST_XNET_A_QUEUE_FAULT:
		stats->fault = attr_number(attr);
		break;
	case VHOST_XNET_A_QUEUE_SIZE:
		stats->size = attr_number(attr);
		break;
	case VHOST_XNET_A_QUEUE_BACKEND:
		strncpy(stats->backend, attr_data(attr), sizeof(stats->backend) - 1);
		break;
	case VHOST_XNET_A_QUEUE_COUNTERS:
		walk_attrs(attr_data(attr), attr->nla_len - NLA_HDRLEN,
			   counter_attr, stats);
		break;
	default:
		break;
	}
}

int xg_stats_read(int dev, unsigned int index, struct xg_stats *stats)
{
	uint32_t id = dev, at = index;
	struct request req;
	int ret = family();

	if (ret < 0)
		return ret;
	memset(stats, 0, sizeof(*stats));
	request_init(&req, ret, VHOST_XNET_CMD_QUEUE_GET, 0);
	request_add(&req, VHOST_XNET_A_QUEUE_DEV_ID, &id, sizeof(id));
	request_add(&req, VHOST_XNET_A_QUEUE_INDEX, &at, sizeof(at));
	return talk(&req, queue_attr, stats);
}

uint64_t xg_stats_drops(const struct xg_stats *stats)
{
	uint64_t sum = 0;
	int i;

	for (i = VHOST_XNET_A_COUNTERS_DROP_RUNT;
	     i <= VHOST_XNET_A_COUNTERS_DROP_TOO_SMALL; i++)
		sum += stats->c[i];
	return sum;
}
