// SPDX-License-Identifier: GPL-2.0-only
/* What is told of devices and queues, one or many. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "nltest.h"

#define MANY	300

static void dump_empty(void)
{
	struct ask ask;

	ask_open(&ask);
	EQUAL(ask_dump(&ask, VHOST_XNET_CMD_DEV_GET, NULL, 0), 0);
	EQUAL(ask.view.ndevs, 0);
	EQUAL(ask_dump(&ask, VHOST_XNET_CMD_QUEUE_GET, NULL, 0), 0);
	EQUAL(ask.view.nqueues, 0);
	ask_close(&ask);
}

/* A device as open() leaves it. */
static void dump_fresh(void)
{
	int fd = dev_open(), i;
	struct xc_queue *queue;
	struct ask ask;
	unsigned int c;
	__u32 id;

	ask_open(&ask);
	EQUAL(ask_dump(&ask, VHOST_XNET_CMD_DEV_GET, NULL, 0), 0);
	EQUAL(ask.view.ndevs, 1);
	id = ask.view.devs->id;
	CHECK(id, "a device has the number 0");
	EQUAL(ask.view.devs->owner, 0);
	EQUAL(ask.view.devs->worker, 0);
	EQUAL(ask.view.devs->comm[0], 0);
	EQUAL(ask.view.devs->features[0], 0);
	EQUAL(ask.view.devs->regions, 0);
	EQUAL(ask.view.devs->queues, 2);

	EQUAL(ask_dump(&ask, VHOST_XNET_CMD_QUEUE_GET, NULL, 0), 0);
	EQUAL(ask.view.nqueues, 2);
	for (i = 0; i < 2; i++) {
		queue = &ask.view.queues[i];
		EQUAL(queue->dev_id, id);
		EQUAL(queue->index, i);
		EQUAL(queue->direction, i ? VHOST_XNET_DIRECTION_TX : VHOST_XNET_DIRECTION_RX);
		EQUAL(queue->state, VHOST_XNET_STATE_STOPPED);
		EQUAL(queue->fault, VHOST_XNET_FAULT_NONE);
		EQUAL(queue->backend[0], 0);
		EQUAL(queue->busyloop_us, 0);
		EQUAL(queue->known, (1ULL << XC_COUNTERS) - 1);
		for (c = 0; c < XC_COUNTERS; c++)
			EQUAL(queue->counters[c], 0);
	}

	close(fd);
	EQUAL(ask_dump(&ask, VHOST_XNET_CMD_DEV_GET, NULL, 0), 0);
	EQUAL(ask.view.ndevs, 0);
	ask_close(&ask);
}

static void expect_worker(__u32 tid)
{
	char path[64], want[32], got[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/comm", tid);
	snprintf(want, sizeof(want), "vhost-%d\n", getpid());
	f = fopen(path, "r");
	CHECK(f, "the worker %u does not exist", tid);
	CHECK(fgets(got, sizeof(got), f), "%s is empty", path);
	fclose(f);
	CHECK(!strcmp(got, want), "worker %u is called %s", tid, got);
}

/* What the control path sets is seen. */
static void dump_configured(void)
{
	const __u64 features = XG_F_VERSION_1 | XG_F_EVENT_IDX;
	struct xg_mem mem = { .n = 0 };
	struct xc_queue queue;
	int fd = dev_open();
	struct xc_dev dev;
	struct ask ask;
	__u32 id = dev_newest();

	EQUAL(prctl(PR_SET_NAME, "nl owner"), 0);
	EQUAL(xg_ioctl_set_owner(fd), 0);
	ask_open(&ask);
	ask_device(&ask, id, &dev);
	EQUAL(dev.owner, getpid());
	CHECK(!strcmp(dev.comm, "nl owner"), "comm is %s", dev.comm);
	expect_worker(dev.worker);

	EQUAL(xg_ioctl_set_features(fd, features), 0);
	CHECK(xg_mem_add(&mem, 0, 1 << 20, 0) >= 0, "no memory");
	CHECK(xg_mem_add(&mem, 1 << 30, 1 << 20, 0) >= 0, "no memory");
	EQUAL(xg_mem_commit(fd, &mem), 0);
	ask_device(&ask, id, &dev);
	EQUAL(dev.features[0], features);
	EQUAL(dev.features[1], 0);
	EQUAL(dev.regions, 2);

	EQUAL(xg_ioctl_set_vring_num(fd, XG_TX, 512), 0);
	EQUAL(xg_ioctl_set_vring_num(fd, XG_RX, 64), 0);
	EQUAL(xg_ioctl_set_busyloop(fd, XG_TX, 50), 0);
	ask_queue(&ask, id, XG_TX, &queue);
	EQUAL(queue.size, 512);
	EQUAL(queue.busyloop_us, 50);
	ask_queue(&ask, id, XG_RX, &queue);
	EQUAL(queue.size, 64);
	EQUAL(queue.busyloop_us, 0);

	EQUAL(xg_ioctl_reset_owner(fd), 0);
	ask_device(&ask, id, &dev);
	EQUAL(dev.owner, 0);
	EQUAL(dev.worker, 0);
	EQUAL(dev.comm[0], 0);
	EQUAL(dev.regions, 0);
	ask_close(&ask);
	close(fd);
	xg_mem_free(&mem);
}

/* Each queue tells of its own thread, the device of the first one. */
static void dump_workers(void)
{
	int fd = dev_open();
	struct xc_queue rx, tx;
	struct xc_dev dev;
	struct ask ask;
	__u32 id = dev_newest();
	unsigned int more;

	ask_open(&ask);
	ask_queue(&ask, id, XG_RX, &rx);
	EQUAL(rx.worker, 0);
	EQUAL(xg_ioctl_set_owner(fd), 0);
	ask_device(&ask, id, &dev);
	ask_queue(&ask, id, XG_RX, &rx);
	ask_queue(&ask, id, XG_TX, &tx);
	EQUAL(rx.worker, dev.worker);
	EQUAL(tx.worker, dev.worker);

	EQUAL(xg_ioctl_new_worker(fd, &more), 0);
	EQUAL(xg_ioctl_attach_worker(fd, XG_TX, more), 0);
	ask_queue(&ask, id, XG_RX, &rx);
	ask_queue(&ask, id, XG_TX, &tx);
	EQUAL(rx.worker, dev.worker);
	CHECK(tx.worker && tx.worker != dev.worker, "tx has the worker %u", tx.worker);

	EQUAL(xg_ioctl_attach_worker(fd, XG_RX, more), 0);
	EQUAL(xg_ioctl_free_worker(fd, 0), 0);
	ask_device(&ask, id, &dev);
	ask_queue(&ask, id, XG_RX, &rx);
	EQUAL(dev.worker, 0);
	EQUAL(rx.worker, tx.worker);
	EQUAL(xg_ioctl_reset_owner(fd), 0);
	ask_queue(&ask, id, XG_TX, &tx);
	EQUAL(tx.worker, 0);
	ask_close(&ask);
	close(fd);
}

/* A number does not go to the next device: a watcher would mix them up. */
static void ids_are_not_reused(void)
{
	__u32 last = 0, id;
	int i, fd;

	for (i = 0; i < 20; i++) {
		fd = dev_open();
		id = dev_newest();
		CHECK(id > last, "%u after %u", id, last);
		last = id;
		close(fd);
	}
}

static void dump_many(void)
{
	struct ask ask;
	int fd[MANY], i;

	for (i = 0; i < MANY; i++)
		fd[i] = dev_open();
	ask_open(&ask);

	EQUAL(ask_dump(&ask, VHOST_XNET_CMD_DEV_GET, NULL, 0), 0);
	EQUAL(ask.view.ndevs, MANY);
	CHECK(ask.parts > 2, "a dump of %d devices came in %u messages", MANY, ask.parts);
	for (i = 1; i < MANY; i++)
		CHECK(ask.view.devs[i].id > ask.view.devs[i - 1].id, "out of order");

	EQUAL(ask_dump(&ask, VHOST_XNET_CMD_QUEUE_GET, NULL, 0), 0);
	EQUAL(ask.view.nqueues, 2 * MANY);
	CHECK(ask.parts > 10, "a dump of %d queues came in %u messages", 2 * MANY, ask.parts);
	for (i = 0; i < 2 * MANY; i++) {
		EQUAL(ask.view.queues[i].index, i % 2);
		if (i % 2)
			EQUAL(ask.view.queues[i].dev_id, ask.view.queues[i - 1].dev_id);
		else if (i)
			CHECK(ask.view.queues[i].dev_id > ask.view.queues[i - 1].dev_id,
			      "out of order");
	}
	ask_close(&ask);
	for (i = 0; i < MANY; i++)
		close(fd[i]);
}

static void dump_filtered(void)
{
	struct attr id = U32(VHOST_XNET_A_QUEUE_DEV_ID, 0);
	struct attr both[] = {
		U32(VHOST_XNET_A_QUEUE_DEV_ID, 0),
		U32(VHOST_XNET_A_QUEUE_INDEX, 1),
	};
	struct ask ask;
	int fd[5], i;
	__u32 first;

	for (i = 0; i < 5; i++)
		fd[i] = dev_open();
	ask_open(&ask);
	EQUAL(ask_dump(&ask, VHOST_XNET_CMD_DEV_GET, NULL, 0), 0);
	EQUAL(ask.view.ndevs, 5);
	first = ask.view.devs->id;

	for (i = 0; i < 5; i++) {
		id.value = first + i;
		both[0].value = id.value;
		EQUAL(ask_dump(&ask, VHOST_XNET_CMD_DEV_GET, &id, 1), 0);
		EQUAL(ask.view.ndevs, 1);
		EQUAL(ask.view.devs->id, id.value);
		EQUAL(ask_dump(&ask, VHOST_XNET_CMD_QUEUE_GET, &id, 1), 0);
		EQUAL(ask.view.nqueues, 2);
		EQUAL(ask.view.queues[1].dev_id, id.value);
		EQUAL(ask_dump(&ask, VHOST_XNET_CMD_QUEUE_GET, both, 2), 0);
		EQUAL(ask.view.nqueues, 1);
		EQUAL(ask.view.queues->index, 1);
	}
	EQUAL(ask_dump(&ask, VHOST_XNET_CMD_QUEUE_GET, &both[1], 1), 0);
	EQUAL(ask.view.nqueues, 5);
	ask_close(&ask);
	for (i = 0; i < 5; i++)
		close(fd[i]);
}

const struct test dump_tests[] = {
	{ "dump_empty", dump_empty },
	{ "dump_fresh", dump_fresh },
	{ "dump_configured", dump_configured },
	{ "dump_workers", dump_workers },
	{ "ids_are_not_reused", ids_are_not_reused },
	{ "dump_many", dump_many },
	{ "dump_filtered", dump_filtered },
	{ NULL, NULL }
};
