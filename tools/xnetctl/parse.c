// SPDX-License-Identifier: GPL-2.0-only
/*
 * The family's messages. What is not known here, because the module is newer,
 * is passed over; what is not there, because it is older, stays zero.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/genetlink.h>

#include "parse.h"

/**
 * struct xc_table - attributes of one space by number
 * @attrs: the attributes, NULL where there is none
 * @max: the highest number known
 */
struct xc_table {
	const struct nlattr **attrs;
	unsigned int max;
};

static int sort_attr(const struct nlattr *attr, void *data)
{
	struct xc_table *table = data;
	unsigned int type = mnl_attr_get_type(attr);

	if (type <= table->max)
		table->attrs[type] = attr;
	return MNL_CB_OK;
}

/* A number of four or eight bytes, as the specification's type uint. */
static int get_uint(const struct nlattr *attr, __u64 *out)
{
	__u64 wide;
	__u32 narrow;

	if (!attr)
		return 0;
	switch (mnl_attr_get_payload_len(attr)) {
	case sizeof(narrow):
		memcpy(&narrow, mnl_attr_get_payload(attr), sizeof(narrow));
		*out = narrow;
		return 0;
	case sizeof(wide):
		memcpy(&wide, mnl_attr_get_payload(attr), sizeof(wide));
		*out = wide;
		return 0;
	}
	errno = EBADMSG;
	return -1;
}

static int get_u32(const struct nlattr *attr, __u32 *out)
{
	if (!attr)
		return 0;
	if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return -1;
	*out = mnl_attr_get_u32(attr);
	return 0;
}

/* A terminated string; one too long for @out is cut short. */
static int get_string(const struct nlattr *attr, char *out, size_t size)
{
	if (!attr)
		return 0;
	if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
		return -1;
	snprintf(out, size, "%s", mnl_attr_get_str(attr));
	return 0;
}

static int get_counters(const struct nlattr *nest, struct xc_queue *queue)
{
	const struct nlattr *attrs[VHOST_XNET_A_COUNTERS_MAX + 1] = { NULL };
	struct xc_table table = { attrs, VHOST_XNET_A_COUNTERS_MAX };
	int i;

	if (!nest)
		return 0;
	if (mnl_attr_validate(nest, MNL_TYPE_NESTED) < 0 ||
	    mnl_attr_parse_nested(nest, sort_attr, &table) < 0)
		return -1;
	for (i = 0; i < XC_COUNTERS; i++) {
		if (get_uint(attrs[i + 1], &queue->counters[i]))
			return -1;
		if (attrs[i + 1])
			queue->known |= 1ULL << i;
	}
	return 0;
}

/**
 * xc_parse_dev() - read what the kernel tells of a device
 * @nlh: its message
 * @dev: receives it
 *
 * Return: 0, or -1 with errno set if the message makes no sense.
 */
int xc_parse_dev(const struct nlmsghdr *nlh, struct xc_dev *dev)
{
	const struct nlattr *attrs[VHOST_XNET_A_DEV_MAX + 1] = { NULL };
	struct xc_table table = { attrs, VHOST_XNET_A_DEV_MAX };

	memset(dev, 0, sizeof(*dev));
	if (mnl_attr_parse(nlh, sizeof(struct genlmsghdr), sort_attr, &table) < 0)
		return -1;
	if (!attrs[VHOST_XNET_A_DEV_ID]) {
		errno = EBADMSG;
		return -1;
	}
	if (get_u32(attrs[VHOST_XNET_A_DEV_ID], &dev->id) ||
	    get_u32(attrs[VHOST_XNET_A_DEV_OWNER], &dev->owner) ||
	    get_string(attrs[VHOST_XNET_A_DEV_COMM], dev->comm, sizeof(dev->comm)) ||
	    get_u32(attrs[VHOST_XNET_A_DEV_WORKER], &dev->worker) ||
	    get_uint(attrs[VHOST_XNET_A_DEV_FEATURES], &dev->features[0]) ||
	    get_uint(attrs[VHOST_XNET_A_DEV_FEATURES_HIGH], &dev->features[1]) ||
	    get_u32(attrs[VHOST_XNET_A_DEV_REGIONS], &dev->regions) ||
	    get_u32(attrs[VHOST_XNET_A_DEV_QUEUES], &dev->queues))
		return -1;
	return 0;
}

/**
 * xc_parse_queue() - read what the kernel tells of a queue
 * @nlh: its message
 * @queue: receives it
 *
 * Return: 0, or -1 with errno set if the message makes no sense.
 */
int xc_parse_queue(const struct nlmsghdr *nlh, struct xc_queue *queue)
{
	const struct nlattr *attrs[VHOST_XNET_A_QUEUE_MAX + 1] = { NULL };
	struct xc_table table = { attrs, VHOST_XNET_A_QUEUE_MAX };

	memset(queue, 0, sizeof(*queue));
	if (mnl_attr_parse(nlh, sizeof(struct genlmsghdr), sort_attr, &table) < 0)
		return -1;
	if (!attrs[VHOST_XNET_A_QUEUE_DEV_ID] || !attrs[VHOST_XNET_A_QUEUE_INDEX]) {
		errno = EBADMSG;
		return -1;
	}
	if (get_u32(attrs[VHOST_XNET_A_QUEUE_DEV_ID], &queue->dev_id) ||
	    get_u32(attrs[VHOST_XNET_A_QUEUE_INDEX], &queue->index) ||
	    get_u32(attrs[VHOST_XNET_A_QUEUE_DIRECTION], &queue->direction) ||
	    get_u32(attrs[VHOST_XNET_A_QUEUE_STATE], &queue->state) ||
	    get_u32(attrs[VHOST_XNET_A_QUEUE_FAULT], &queue->fault) ||
	    get_u32(attrs[VHOST_XNET_A_QUEUE_SIZE], &queue->size) ||
	    get_string(attrs[VHOST_XNET_A_QUEUE_BACKEND], queue->backend,
		       sizeof(queue->backend)) ||
	    get_u32(attrs[VHOST_XNET_A_QUEUE_BUSYLOOP_US], &queue->busyloop_us) ||
	    get_u32(attrs[VHOST_XNET_A_QUEUE_WORKER], &queue->worker) ||
	    get_counters(attrs[VHOST_XNET_A_QUEUE_COUNTERS], queue))
		return -1;
	return 0;
}
