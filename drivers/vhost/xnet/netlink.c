// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family vhost-xnet: tells of open devices and their
 * queues. It sees them only through snapshots (info.h), one device at a time,
 * and holds nothing of a device while it writes, so that a slow reader keeps
 * no one from closing one.
 */
#include <linux/build_bug.h>
#include <linux/module.h>

#include "info.h"
#include "netlink.h"
#include "netlink-gen.h"

/* The specification's numbers are ours. */
static_assert((int)VHOST_XNET_DIRECTION_RX == XNET_VQ_RX);
static_assert((int)VHOST_XNET_DIRECTION_TX == XNET_VQ_TX);
static_assert((int)VHOST_XNET_STATE_STOPPED == XNET_VQ_STOPPED);
static_assert((int)VHOST_XNET_STATE_RUNNING == XNET_VQ_RUNNING);
static_assert((int)VHOST_XNET_STATE_BROKEN == XNET_VQ_BROKEN);
static_assert((int)VHOST_XNET_FAULT_NONE == XNET_FAULT_NONE);
static_assert((int)VHOST_XNET_FAULT_RING_ACCESS == XNET_FAULT_RING_ACCESS);
static_assert((int)VHOST_XNET_FAULT_AVAIL_IDX == XNET_FAULT_AVAIL_IDX);
static_assert((int)VHOST_XNET_FAULT_HEAD == XNET_FAULT_HEAD);
static_assert((int)VHOST_XNET_FAULT_NEXT == XNET_FAULT_NEXT);
static_assert((int)VHOST_XNET_FAULT_LOOP == XNET_FAULT_LOOP);
static_assert((int)VHOST_XNET_FAULT_DIRECTION == XNET_FAULT_DIRECTION);
static_assert((int)VHOST_XNET_FAULT_INDIRECT == XNET_FAULT_INDIRECT);
static_assert((int)VHOST_XNET_FAULT_ADDRESS == XNET_FAULT_ADDRESS);
static_assert((int)VHOST_XNET_FAULT_LENGTH == XNET_FAULT_LENGTH);
static_assert((int)VHOST_XNET_FAULT_SEGMENTS == XNET_FAULT_SEGMENTS);
static_assert((int)VHOST_XNET_FAULT_LOG == XNET_FAULT_LOG);
static_assert((int)VHOST_XNET_FAULT_PERMISSION == XNET_FAULT_PERMISSION);
static_assert((int)VHOST_XNET_FAULT_PERMISSION + 1 == XNET_NR_FAULTS);

/* A counter's attribute is its number plus one. */
#define XNET_NL_COUNTER(c)						\
	static_assert((int)VHOST_XNET_A_COUNTERS_##c == XNET_C_##c + 1)

XNET_NL_COUNTER(PACKETS);
XNET_NL_COUNTER(BYTES);
XNET_NL_COUNTER(BATCHES);
XNET_NL_COUNTER(KICKS);
XNET_NL_COUNTER(WAKEUPS);
XNET_NL_COUNTER(SIGNALS);
XNET_NL_COUNTER(SIGNALS_SAVED);
XNET_NL_COUNTER(YIELDS);
XNET_NL_COUNTER(BACKEND_FULL);
XNET_NL_COUNTER(NO_BUFFERS);
XNET_NL_COUNTER(DROP_RUNT);
XNET_NL_COUNTER(DROP_BAD_HEADER);
XNET_NL_COUNTER(DROP_NO_MEMORY);
XNET_NL_COUNTER(DROP_BACKEND);
XNET_NL_COUNTER(DROP_FAULT);
XNET_NL_COUNTER(DROP_TOO_SMALL);
XNET_NL_COUNTER(RING_ERRORS);
static_assert((int)VHOST_XNET_A_COUNTERS_MAX == XNET_NR_COUNTERS);

/**
 * struct xnet_nl_dump - where a dump stands between two of its messages
 * @after: devices with ids up to this one are done
 * @cut: the device in whose queues the last message ended, 0 if in none
 * @index: first queue of @cut that was not told of
 * @only_dev: the one device wished for, 0 for all
 * @only_index: the one queue of each device wished for, if @has_index
 * @has_index: only queues with @only_index are wished for
 * @begun: the filters have been read
 */
struct xnet_nl_dump {
	u32 after;
	u32 cut;
	u32 index;
	u32 only_dev;
	u32 only_index;
	bool has_index;
	bool begun;
};

/**
 * struct xnet_nl_to - whom a message is for
 * @skb: where it goes
 * @portid: the port of who asked
 * @seq: the number of the request
 * @flags: flags of the message's header
 */
struct xnet_nl_to {
	struct sk_buff *skb;
	u32 portid;
	u32 seq;
	int flags;
};

static struct genl_family xnet_nl_family __ro_after_init = {
	.name		= VHOST_XNET_FAMILY_NAME,
	.version	= VHOST_XNET_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= vhost_xnet_nl_ops,
	.n_ops		= ARRAY_SIZE(vhost_xnet_nl_ops),
};

/* The specification's type uint: four bytes where they do, else eight. */
static int xnet_nl_put_uint(struct sk_buff *skb, int type, u64 value)
{
	u32 low = value;

	if (low == value)
		return nla_put_u32(skb, type, low);
	return nla_put(skb, type, sizeof(value), &value);
}

/* Return: 0 or -EMSGSIZE, with nothing written. */
static int xnet_nl_put_dev(const struct xnet_nl_to *to, const struct xnet_dev_info *info)
{
	struct sk_buff *skb = to->skb;
	void *hdr;

	hdr = genlmsg_put(skb, to->portid, to->seq, &xnet_nl_family, to->flags,
			  VHOST_XNET_CMD_DEV_GET);
	if (!hdr)
		return -EMSGSIZE;

	if (nla_put_u32(skb, VHOST_XNET_A_DEV_ID, info->id) ||
	    xnet_nl_put_uint(skb, VHOST_XNET_A_DEV_FEATURES, info->features[0]) ||
	    xnet_nl_put_uint(skb, VHOST_XNET_A_DEV_FEATURES_HIGH, info->features[1]) ||
	    nla_put_u32(skb, VHOST_XNET_A_DEV_REGIONS, info->nregions) ||
	    nla_put_u32(skb, VHOST_XNET_A_DEV_QUEUES, XNET_NR_VQS))
		goto cancel;
	if (info->owner &&
	    (nla_put_u32(skb, VHOST_XNET_A_DEV_OWNER, info->owner) ||
	     nla_put_string(skb, VHOST_XNET_A_DEV_COMM, info->comm)))
		goto cancel;
	if (info->worker && nla_put_u32(skb, VHOST_XNET_A_DEV_WORKER, info->worker))
		goto cancel;

	genlmsg_end(skb, hdr);
	return 0;

cancel:
	genlmsg_cancel(skb, hdr);
	return -EMSGSIZE;
}

static int xnet_nl_put_counters(struct sk_buff *skb, const u64 counters[XNET_NR_COUNTERS])
{
	struct nlattr *nest;
	int i;

	nest = nla_nest_start(skb, VHOST_XNET_A_QUEUE_COUNTERS);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < XNET_NR_COUNTERS; i++) {
		if (xnet_nl_put_uint(skb, i + 1, counters[i]))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* Return: 0 or -EMSGSIZE, with nothing written. */
static int xnet_nl_put_queue(const struct xnet_nl_to *to, const struct xnet_dev_info *info,
			     u32 index)
{
	const struct xnet_vq_info *vq = &info->vqs[index];
	struct sk_buff *skb = to->skb;
	void *hdr;

	hdr = genlmsg_put(skb, to->portid, to->seq, &xnet_nl_family, to->flags,
			  VHOST_XNET_CMD_QUEUE_GET);
	if (!hdr)
		return -EMSGSIZE;

	if (nla_put_u32(skb, VHOST_XNET_A_QUEUE_DEV_ID, info->id) ||
	    nla_put_u32(skb, VHOST_XNET_A_QUEUE_INDEX, index) ||
	    nla_put_u32(skb, VHOST_XNET_A_QUEUE_DIRECTION, index) ||
	    nla_put_u32(skb, VHOST_XNET_A_QUEUE_STATE, vq->state) ||
	    nla_put_u32(skb, VHOST_XNET_A_QUEUE_FAULT, vq->fault) ||
	    nla_put_u32(skb, VHOST_XNET_A_QUEUE_SIZE, vq->num) ||
	    nla_put_u32(skb, VHOST_XNET_A_QUEUE_BUSYLOOP_US, vq->busyloop_us))
		goto cancel;
	if (vq->worker && nla_put_u32(skb, VHOST_XNET_A_QUEUE_WORKER, vq->worker))
		goto cancel;
	if (vq->backend[0] && nla_put_string(skb, VHOST_XNET_A_QUEUE_BACKEND, vq->backend))
		goto cancel;
	if (xnet_nl_put_counters(skb, vq->counters))
		goto cancel;

	genlmsg_end(skb, hdr);
	return 0;

cancel:
	genlmsg_cancel(skb, hdr);
	return -EMSGSIZE;
}

/*
 * The device that an attribute names.
 * Return: 0, -EINVAL or -ENODEV with a sentence in @extack.
 */
static int xnet_nl_find(const struct nlattr *attr, struct xnet_dev_info *info,
			struct netlink_ext_ack *extack)
{
	u32 id = nla_get_u32(attr);

	if (!id) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "device id has to be 1 or more");
		return -EINVAL;
	}
	if (xnet_info_next(id - 1, info) || info->id != id) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "device id is not that of an open device");
		return -ENODEV;
	}
	return 0;
}

/* Return: 0 and the queue's number in @index, or -EINVAL with a sentence in @extack. */
static int xnet_nl_get_index(const struct nlattr *attr, u32 *index, struct netlink_ext_ack *extack)
{
	static_assert(XNET_NR_VQS == 2, "the sentence below names the bound");

	*index = nla_get_u32(attr);
	if (*index >= XNET_NR_VQS) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "queue index has to be less than 2");
		return -EINVAL;
	}
	return 0;
}

/* Return: 0, or -ENOMEM. */
static int xnet_nl_new_reply(struct xnet_nl_to *to, const struct genl_info *info)
{
	to->skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	to->portid = info->snd_portid;
	to->seq = info->snd_seq;
	to->flags = 0;
	return to->skb ? 0 : -ENOMEM;
}

/**
 * vhost_xnet_nl_dev_get_doit() - answer with one device
 * @skb: the request
 * @info: its attributes
 *
 * Context: process context, may sleep; any number at a time.
 * Return: 0, -EINVAL, -ENODEV or -ENOMEM.
 */
int vhost_xnet_nl_dev_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *id = info->attrs[VHOST_XNET_A_DEV_ID];
	struct xnet_dev_info dev;
	struct xnet_nl_to to;
	int err;

	if (!id) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, VHOST_XNET_A_DEV_ID);
		GENL_SET_ERR_MSG(info, "device id is missing; only a dump goes without");
		return -EINVAL;
	}
	err = xnet_nl_find(id, &dev, info->extack);
	if (err)
		return err;

	err = xnet_nl_new_reply(&to, info);
	if (err)
		return err;
	err = xnet_nl_put_dev(&to, &dev);
	if (err)
		goto free;
	return genlmsg_reply(to.skb, info);

free:
	nlmsg_free(to.skb);
	return err;
}

/**
 * vhost_xnet_nl_queue_get_doit() - answer with one queue
 * @skb: the request
 * @info: its attributes
 *
 * Context: process context, may sleep; any number at a time.
 * Return: 0, -EINVAL, -ENODEV or -ENOMEM.
 */
int vhost_xnet_nl_queue_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *index_attr = info->attrs[VHOST_XNET_A_QUEUE_INDEX];
	const struct nlattr *id = info->attrs[VHOST_XNET_A_QUEUE_DEV_ID];
	struct xnet_dev_info dev;
	struct xnet_nl_to to;
	u32 index;
	int err;

	if (!id) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, VHOST_XNET_A_QUEUE_DEV_ID);
		GENL_SET_ERR_MSG(info, "device id is missing; only a dump goes without");
		return -EINVAL;
	}
	if (!index_attr) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, VHOST_XNET_A_QUEUE_INDEX);
		GENL_SET_ERR_MSG(info, "queue index is missing; only a dump goes without");
		return -EINVAL;
	}
	err = xnet_nl_get_index(index_attr, &index, info->extack);
	if (err)
		return err;
	err = xnet_nl_find(id, &dev, info->extack);
	if (err)
		return err;

	err = xnet_nl_new_reply(&to, info);
	if (err)
		return err;
	err = xnet_nl_put_queue(&to, &dev, index);
	if (err)
		goto free;
	return genlmsg_reply(to.skb, info);

free:
	nlmsg_free(to.skb);
	return err;
}

static struct xnet_nl_dump *xnet_nl_dump_state(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct xnet_nl_dump) > sizeof(cb->ctx));
	return (struct xnet_nl_dump *)cb->ctx;
}

static struct xnet_nl_to xnet_nl_dump_to(struct sk_buff *skb, const struct netlink_callback *cb)
{
	return (struct xnet_nl_to) {
		.skb = skb,
		.portid = NETLINK_CB(cb->skb).portid,
		.seq = cb->nlh->nlmsg_seq,
		.flags = NLM_F_MULTI,
	};
}

/*
 * Reads the filters of a dump of devices or of queues. The attributes are
 * parsed once more, rather than taken from where the core keeps them, which
 * is another place in almost every series of kernels.
 *
 * Return: 0, or -EINVAL or -ENODEV with a sentence in the callback's extack.
 */
static int xnet_nl_dump_begin(struct netlink_callback *cb, bool queues)
{
	struct xnet_nl_dump *dump = xnet_nl_dump_state(cb);
	struct nlattr *attrs[VHOST_XNET_A_QUEUE_INDEX + 1] = {};
	struct nlattr *id, *index = NULL;
	struct xnet_dev_info dev;
	int err;

	static_assert((int)VHOST_XNET_A_DEV_ID <= (int)VHOST_XNET_A_QUEUE_INDEX);
	if (dump->begun)
		return 0;

	if (queues) {
		err = genlmsg_parse(cb->nlh, &xnet_nl_family, attrs, VHOST_XNET_A_QUEUE_INDEX,
				    vhost_xnet_queue_get_nl_policy, cb->extack);
		id = attrs[VHOST_XNET_A_QUEUE_DEV_ID];
		index = attrs[VHOST_XNET_A_QUEUE_INDEX];
	} else {
		err = genlmsg_parse(cb->nlh, &xnet_nl_family, attrs, VHOST_XNET_A_DEV_ID,
				    vhost_xnet_dev_get_nl_policy, cb->extack);
		id = attrs[VHOST_XNET_A_DEV_ID];
	}
	if (err)
		return err;

	if (index) {
		err = xnet_nl_get_index(index, &dump->only_index, cb->extack);
		if (err)
			return err;
		dump->has_index = true;
	}
	if (id) {
		err = xnet_nl_find(id, &dev, cb->extack);
		if (err)
			return err;
		dump->only_dev = dev.id;
		dump->after = dev.id - 1;
	}
	dump->begun = true;
	return 0;
}

/* Return: true and the next device to tell of in @info, or false. */
static bool xnet_nl_dump_next(const struct xnet_nl_dump *dump, struct xnet_dev_info *info)
{
	if (xnet_info_next(dump->after, info))
		return false;
	return !dump->only_dev || info->id == dump->only_dev;
}

/**
 * vhost_xnet_nl_dev_get_dumpit() - tell of all devices
 * @skb: where the next part of the answer goes
 * @cb: the dump
 *
 * Context: process context, may sleep; any number at a time.
 * Return: how much of the answer is in @skb, 0 after its end, or a negative
 * errno.
 */
int vhost_xnet_nl_dev_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct xnet_nl_dump *dump = xnet_nl_dump_state(cb);
	struct xnet_nl_to to = xnet_nl_dump_to(skb, cb);
	struct xnet_dev_info info;
	int err;

	err = xnet_nl_dump_begin(cb, false);
	if (err)
		return err;

	while (xnet_nl_dump_next(dump, &info)) {
		err = xnet_nl_put_dev(&to, &info);
		if (err)
			return skb->len ?: err;
		dump->after = info.id;
	}
	return skb->len;
}

/* Return: 0, or -EMSGSIZE if the device has queues that are still to be told of. */
static int xnet_nl_dump_queues(const struct xnet_nl_to *to, struct xnet_nl_dump *dump,
			       const struct xnet_dev_info *info)
{
	/* The device that the last message ended in may be gone by now. */
	u32 index = info->id == dump->cut ? dump->index : 0;
	int err;

	for (; index < XNET_NR_VQS; index++) {
		if (dump->has_index && index != dump->only_index)
			continue;
		err = xnet_nl_put_queue(to, info, index);
		if (err) {
			dump->cut = info->id;
			dump->index = index;
			return err;
		}
	}
	dump->after = info->id;
	return 0;
}

/**
 * vhost_xnet_nl_queue_get_dumpit() - tell of all queues
 * @skb: where the next part of the answer goes
 * @cb: the dump
 *
 * Context: process context, may sleep; any number at a time.
 * Return: how much of the answer is in @skb, 0 after its end, or a negative
 * errno.
 */
int vhost_xnet_nl_queue_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct xnet_nl_dump *dump = xnet_nl_dump_state(cb);
	struct xnet_nl_to to = xnet_nl_dump_to(skb, cb);
	struct xnet_dev_info info;
	int err;

	err = xnet_nl_dump_begin(cb, true);
	if (err)
		return err;

	while (xnet_nl_dump_next(dump, &info)) {
		err = xnet_nl_dump_queues(&to, dump, &info);
		if (err)
			return skb->len ?: err;
	}
	return skb->len;
}

/**
 * xnet_nl_init() - make the family known
 *
 * Context: the module's start; from its return on, xnet_info_next() is called.
 * Return: 0 or a negative errno.
 */
int __init xnet_nl_init(void)
{
	return genl_register_family(&xnet_nl_family);
}

/**
 * xnet_nl_exit() - withdraw the family
 *
 * Context: the module's end, or a start that failed later; after it,
 * xnet_info_next() is not called.
 */
void xnet_nl_exit(void)
{
	genl_unregister_family(&xnet_nl_family);
}
