// SPDX-License-Identifier: GPL-2.0-only
/* Requests that make no sense: the errno, the sentence, and what it points at. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "nltest.h"

/* Where in a request the first attribute is, and one of four bytes after it. */
#define FIRST	(NLMSG_HDRLEN + GENL_HDRLEN)
#define SECOND	(FIRST + 8)

/* Stands for the number of a device that is open. */
#define OPEN	0xfffffffe

/**
 * struct bad - a request that makes no sense
 * @cmd: the command
 * @dump: ask for everything
 * @n: number of attributes
 * @attrs: the attributes
 * @err: the errno that is due
 * @why: the sentence that is due, NULL if the core's will do
 * @bad: where the attribute is that it has to point at, 0 if none
 * @missing: the attribute that it has to miss, 0 if none
 */
struct bad {
	__u8 cmd;
	bool dump;
	size_t n;
	struct attr attrs[2];
	int err;
	const char *why;
	__u32 bad;
	__u32 missing;
};

#define ID_LOW		"device id has to be 1 or more"
#define ID_UNKNOWN	"device id is not that of an open device"
#define ID_MISSING	"device id is missing; only a dump goes without"
#define INDEX_MISSING	"queue index is missing; only a dump goes without"
#define INDEX_HIGH	"queue index has to be less than 2"

#define DEV		.cmd = VHOST_XNET_CMD_DEV_GET
#define QUEUE		.cmd = VHOST_XNET_CMD_QUEUE_GET
#define DEV_ID(v)	U32(VHOST_XNET_A_DEV_ID, v)
#define QUEUE_DEV(v)	U32(VHOST_XNET_A_QUEUE_DEV_ID, v)
#define QUEUE_INDEX(v)	U32(VHOST_XNET_A_QUEUE_INDEX, v)
#define ONE(a)		.n = 1, .attrs = { a }
#define TWO(a, b)	.n = 2, .attrs = { a, b }

static const struct bad requests[] = {
	{ DEV, .err = EINVAL, .why = ID_MISSING, .missing = VHOST_XNET_A_DEV_ID },
	{ DEV, ONE(DEV_ID(0)), .err = EINVAL, .why = ID_LOW, .bad = FIRST },
	{ DEV, ONE(DEV_ID(0xffffffff)), .err = ENODEV, .why = ID_UNKNOWN, .bad = FIRST },
	{ QUEUE, ONE(QUEUE_INDEX(0)), .err = EINVAL, .why = ID_MISSING,
	  .missing = VHOST_XNET_A_QUEUE_DEV_ID },
	{ QUEUE, ONE(QUEUE_DEV(OPEN)), .err = EINVAL, .why = INDEX_MISSING,
	  .missing = VHOST_XNET_A_QUEUE_INDEX },
	{ QUEUE, TWO(QUEUE_DEV(0), QUEUE_INDEX(0)), .err = EINVAL, .why = ID_LOW, .bad = FIRST },
	{ QUEUE, TWO(QUEUE_DEV(0xffffffff), QUEUE_INDEX(1)), .err = ENODEV, .why = ID_UNKNOWN,
	  .bad = FIRST },
	{ QUEUE, TWO(QUEUE_DEV(OPEN), QUEUE_INDEX(2)), .err = EINVAL, .why = INDEX_HIGH,
	  .bad = SECOND },
	{ QUEUE, TWO(QUEUE_DEV(OPEN), QUEUE_INDEX(0xffffffff)), .err = EINVAL,
	  .why = INDEX_HIGH, .bad = SECOND },
	{ DEV, .dump = true, ONE(DEV_ID(0)), .err = EINVAL, .why = ID_LOW },
	{ DEV, .dump = true, ONE(DEV_ID(0xffffffff)), .err = ENODEV, .why = ID_UNKNOWN },
	{ QUEUE, .dump = true, ONE(QUEUE_DEV(0xffffffff)), .err = ENODEV, .why = ID_UNKNOWN },
	{ QUEUE, .dump = true, ONE(QUEUE_INDEX(2)), .err = EINVAL, .why = INDEX_HIGH },
	/* What the netlink core finds by the policies. */
	{ DEV, ONE(U32(VHOST_XNET_A_DEV_OWNER, 1)), .err = EINVAL, .bad = FIRST },
	{ DEV, ONE(U32(99, 1)), .err = EINVAL, .bad = FIRST },
	{ QUEUE, TWO(QUEUE_DEV(OPEN), U32(VHOST_XNET_A_QUEUE_STATE, 1)), .err = EINVAL,
	  .bad = SECOND },
	{ DEV, .n = 1, .attrs = { { VHOST_XNET_A_DEV_ID, 1, 2 } }, .err = EINVAL, .bad = FIRST },
	{ DEV, .n = 1, .attrs = { { VHOST_XNET_A_DEV_ID, 1, 0 } }, .err = EINVAL, .bad = FIRST },
	{ DEV, .dump = true, ONE(U32(99, 1)), .err = EINVAL, .bad = FIRST },
	{ .cmd = VHOST_XNET_CMD_MAX + 1, ONE(DEV_ID(OPEN)), .err = EOPNOTSUPP },
	{ .cmd = 0, ONE(DEV_ID(OPEN)), .err = EOPNOTSUPP },
	{ .cmd = VHOST_XNET_CMD_MAX + 1, .dump = true, .err = EOPNOTSUPP },
};

static void try(struct ask *ask, size_t i, __u32 id)
{
	const struct bad *bad = &requests[i];
	struct attr attrs[2];
	size_t j;
	int err;

	memcpy(attrs, bad->attrs, sizeof(attrs));
	for (j = 0; j < bad->n; j++) {
		if (attrs[j].value == OPEN)
			attrs[j].value = id;
	}
	err = bad->dump ? ask_dump(ask, bad->cmd, attrs, bad->n) :
			  ask_do(ask, bad->cmd, attrs, bad->n);
	CHECK(err == -bad->err, "request %zu: %d", i, err);
	CHECK(!ask->view.ndevs && !ask->view.nqueues, "request %zu has an answer", i);
	CHECK(!bad->why || !strcmp(ask->why, bad->why), "request %zu: '%s'", i, ask->why);
	CHECK(!bad->bad || ask->bad == bad->bad, "request %zu: at %u", i, ask->bad);
	CHECK(ask->missing == bad->missing, "request %zu: misses %u", i, ask->missing);
}

static void bad_requests(void)
{
	int fd = dev_open();
	__u32 id = dev_newest();
	struct xc_dev dev;
	struct ask ask;
	size_t i;

	ask_open(&ask);
	for (i = 0; i < ARRAY_SIZE(requests); i++)
		try(&ask, i, id);
	ask_device(&ask, id, &dev);
	ask_close(&ask);
	close(fd);
}

/* The numbers just before and after those of open devices are not theirs. */
static void neighbours_are_not_there(void)
{
	struct attr id = DEV_ID(0);
	int fd[3];
	struct ask ask;
	__u32 last;

	fd[0] = dev_open();
	fd[1] = dev_open();
	fd[2] = dev_open();
	last = dev_newest();
	close(fd[1]);
	ask_open(&ask);
	id.value = last - 1;
	EQUAL(ask_do(&ask, VHOST_XNET_CMD_DEV_GET, &id, 1), -ENODEV);
	id.value = last + 1;
	EQUAL(ask_do(&ask, VHOST_XNET_CMD_DEV_GET, &id, 1), -ENODEV);
	id.value = last;
	EQUAL(ask_do(&ask, VHOST_XNET_CMD_DEV_GET, &id, 1), 0);
	ask_close(&ask);
	close(fd[0]);
	close(fd[2]);
}

const struct test error_tests[] = {
	{ "bad_requests", bad_requests },
	{ "neighbours_are_not_there", neighbours_are_not_there },
	{ NULL, NULL }
};
