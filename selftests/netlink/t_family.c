// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel says of the family itself, and who may use it. */
#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/genetlink.h>

#include "nltest.h"

/**
 * struct family - what the kernel says of the family
 * @version: its version
 * @ops: number of its operations
 * @flags: their flags, by command
 */
struct family {
	__u32 version;
	unsigned int ops;
	__u32 flags[VHOST_XNET_CMD_MAX + 1];
};

static int on_op_attr(const struct nlattr *attr, void *data)
{
	__u32 *op = data;

	if (mnl_attr_get_type(attr) == CTRL_ATTR_OP_ID)
		op[0] = mnl_attr_get_u32(attr);
	else if (mnl_attr_get_type(attr) == CTRL_ATTR_OP_FLAGS)
		op[1] = mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int on_op(const struct nlattr *attr, void *data)
{
	struct family *family = data;
	__u32 op[2] = { 0, 0 };

	CHECK(mnl_attr_parse_nested(attr, on_op_attr, op) > 0, "bad message");
	CHECK(op[0] && op[0] <= VHOST_XNET_CMD_MAX, "operation %u is unknown", op[0]);
	family->flags[op[0]] = op[1];
	family->ops++;
	return MNL_CB_OK;
}

static int on_attr(const struct nlattr *attr, void *data)
{
	struct family *family = data;

	if (mnl_attr_get_type(attr) == CTRL_ATTR_VERSION)
		family->version = mnl_attr_get_u32(attr);
	else if (mnl_attr_get_type(attr) == CTRL_ATTR_OPS)
		mnl_attr_parse_nested(attr, on_op, data);
	return MNL_CB_OK;
}

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), on_attr, data);
}

static void family_exists(void)
{
	const __u32 want = GENL_ADMIN_PERM | GENL_CMD_CAP_DO | GENL_CMD_CAP_DUMP |
			   GENL_CMD_CAP_HASPOL;
	struct family family = { 0 };
	struct ask ask;

	ask_open(&ask);
	EQUAL(ask_family(&ask, on_family, &family), 0);
	EQUAL(family.version, VHOST_XNET_FAMILY_VERSION);
	EQUAL(family.ops, VHOST_XNET_CMD_MAX);
	EQUAL(family.flags[VHOST_XNET_CMD_DEV_GET], want);
	EQUAL(family.flags[VHOST_XNET_CMD_QUEUE_GET], want);
	ask_close(&ask);
}

static void expect_refused(void)
{
	const struct attr attrs[] = {
		U32(VHOST_XNET_A_QUEUE_DEV_ID, 1),
		U32(VHOST_XNET_A_QUEUE_INDEX, 0),
	};
	struct ask ask;

	ask_open(&ask);
	EQUAL(ask_dump(&ask, VHOST_XNET_CMD_DEV_GET, NULL, 0), -EPERM);
	EQUAL(ask_dump(&ask, VHOST_XNET_CMD_QUEUE_GET, NULL, 0), -EPERM);
	EQUAL(ask_do(&ask, VHOST_XNET_CMD_DEV_GET, attrs, 1), -EPERM);
	EQUAL(ask_do(&ask, VHOST_XNET_CMD_QUEUE_GET, attrs, 2), -EPERM);
	EQUAL(ask.view.ndevs + ask.view.nqueues, 0);
	ask_close(&ask);
}

static void user_refused(void)
{
	int fd = dev_open();

	EQUAL(setresuid(65534, 65534, 65534), 0);
	expect_refused();
	close(fd);
}

/* Root, with every capability but the one that it takes. */
static void root_without_net_admin_refused(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int fd = dev_open();

	EQUAL(syscall(SYS_capget, &header, data), 0);
	data[CAP_TO_INDEX(CAP_NET_ADMIN)].effective &= ~CAP_TO_MASK(CAP_NET_ADMIN);
	EQUAL(syscall(SYS_capset, &header, data), 0);
	expect_refused();
	close(fd);
}

/* The root user of a container has the capability in a namespace of his own. */
static void namespace_root_refused(void)
{
	int fd = dev_open();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		test_skip("user namespaces are not to be had here");
	expect_refused();
	close(fd);
}

static void other_netns_answers(void)
{
	int fd = dev_open();
	__u32 id = dev_newest();
	struct xc_dev dev;
	struct ask ask;

	EQUAL(xg_netns(), 0);
	ask_open(&ask);
	ask_device(&ask, id, &dev);
	ask_close(&ask);
	close(fd);
}

const struct test family_tests[] = {
	{ "family_exists", family_exists },
	{ "user_refused", user_refused },
	{ "root_without_net_admin_refused", root_without_net_admin_refused },
	{ "namespace_root_refused", namespace_root_refused },
	{ "other_netns_answers", other_netns_answers },
	{ NULL, NULL }
};
