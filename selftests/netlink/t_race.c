// SPDX-License-Identifier: GPL-2.0-only
/* Devices that come and go while they are told of. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "nltest.h"

#define MANY		200
#define STEADY		40
#define DUMPS		200
#define DISTURBERS	3

static void open_many(int *fd, int n)
{
	while (n--)
		*fd++ = dev_open();
}

static void close_many(const int *fd, int n)
{
	while (n--)
		close(*fd++);
}

static void expect_ascending(const struct xc_view *view)
{
	size_t i;

	for (i = 1; i < view->ndevs; i++)
		CHECK(view->devs[i].id > view->devs[i - 1].id, "out of order");
	for (i = 1; i < view->nqueues; i++) {
		const struct xc_queue *a = &view->queues[i - 1], *b = &view->queues[i];

		CHECK(b->dev_id > a->dev_id || (b->dev_id == a->dev_id && b->index > a->index),
		      "out of order");
	}
}

/* Every second device closes between the first and the second message. */
static void vanish(__u8 cmd)
{
	struct ask ask;
	int fd[MANY], i, more;
	__u32 first, last;
	size_t early, n;

	open_many(fd, MANY);
	last = dev_newest();
	first = last - MANY + 1;
	ask_open(&ask);
	ask_send(&ask, cmd, NLM_F_DUMP, NULL, 0);
	EQUAL(ask_receive(&ask), 1);
	early = ask.view.ndevs + ask.view.nqueues;
	for (i = 0; i < MANY; i += 2)
		close(fd[i]);
	do
		more = ask_receive(&ask);
	while (more > 0);
	EQUAL(more, 0);
	expect_ascending(&ask.view);
	n = ask.view.ndevs + ask.view.nqueues;
	CHECK(n > early && n < (cmd == VHOST_XNET_CMD_DEV_GET ? MANY : 2 * MANY),
	      "%zu shown, %zu of them before", n, early);

	/* Those that stayed are all there. */
	for (i = 1; i < MANY; i += 2) {
		const struct xc_queue *queue;
		bool found = false;
		size_t j;

		for (j = 0; j < ask.view.ndevs; j++)
			found |= ask.view.devs[j].id == first + i;
		if (cmd == VHOST_XNET_CMD_QUEUE_GET)
			found = xc_view_queues(&ask.view, first + i, &queue) == 2;
		CHECK(found, "device %u is missing", first + i);
		close(fd[i]);
	}
	ask_close(&ask);
}

static void devices_vanish(void)
{
	vanish(VHOST_XNET_CMD_DEV_GET);
}

static void queues_vanish(void)
{
	vanish(VHOST_XNET_CMD_QUEUE_GET);
}

/*
 * A message of a dump that ends between the two queues of a device. The other
 * one begins the next message, unless the device has gone, which must not cost
 * the device after it a queue.
 *
 * Return: whether the first message ended so.
 */
static bool cut_device(size_t size, bool close_it)
{
	const struct xc_queue *queue;
	int fd[STEADY], more, i;
	__u32 first, cut;
	struct ask ask;
	bool inside;

	open_many(fd, STEADY);
	first = dev_newest() - STEADY + 1;
	ask_open_sized(&ask, size);
	ask_send(&ask, VHOST_XNET_CMD_QUEUE_GET, NLM_F_DUMP, NULL, 0);
	EQUAL(ask_receive(&ask), 1);
	inside = ask.view.nqueues % 2;
	cut = ask.view.queues[ask.view.nqueues - 1].dev_id;
	if (close_it) {
		close(fd[cut - first]);
		fd[cut - first] = -1;
	}
	do
		more = ask_receive(&ask);
	while (more > 0);
	EQUAL(more, 0);
	expect_ascending(&ask.view);
	for (i = 0; i < STEADY; i++) {
		if (fd[i] >= 0)
			EQUAL(xc_view_queues(&ask.view, first + i, &queue), 2);
	}
	ask_close(&ask);
	close_many(fd, STEADY);
	return inside;
}

static void dump_cut_inside_device(void)
{
	unsigned int kept = 0, closed = 0;
	size_t size;

	for (size = 4096; size < 5120; size += 64) {
		kept += cut_device(size, false);
		closed += cut_device(size, true);
	}
	CHECK(kept && closed, "no message ended where it matters");
}

static atomic_bool stop;

static void *disturb(void *unused)
{
	int fd[8], i;

	(void)unused;
	while (!stop) {
		open_many(fd, 8);
		for (i = 0; i < 8; i++) {
			xg_ioctl_set_owner(fd[i]);
			close(fd[i]);
		}
	}
	return NULL;
}

/* A steady set of devices is in every dump, whole and once, whatever else comes and goes. */
static void steady_among_changing(void)
{
	pthread_t thread[DISTURBERS];
	const struct xc_queue *queue;
	struct ask ask;
	int fd[STEADY], i, round;
	__u32 first;

	open_many(fd, STEADY);
	first = dev_newest() - STEADY + 1;
	for (i = 0; i < DISTURBERS; i++)
		EQUAL(pthread_create(&thread[i], NULL, disturb, NULL), 0);
	ask_open(&ask);
	for (round = 0; round < DUMPS; round++) {
		EQUAL(ask_dump(&ask, VHOST_XNET_CMD_DEV_GET, NULL, 0), 0);
		expect_ascending(&ask.view);
		CHECK(ask.view.ndevs >= STEADY, "%zu devices", ask.view.ndevs);
		EQUAL(ask.view.devs[0].id, first);
		EQUAL(ask.view.devs[STEADY - 1].id, first + STEADY - 1);
		EQUAL(ask_dump(&ask, VHOST_XNET_CMD_QUEUE_GET, NULL, 0), 0);
		expect_ascending(&ask.view);
		for (i = 0; i < STEADY; i++)
			EQUAL(xc_view_queues(&ask.view, first + i, &queue), 2);
	}
	stop = true;
	for (i = 0; i < DISTURBERS; i++)
		pthread_join(thread[i], NULL);
	ask_close(&ask);
	close_many(fd, STEADY);
}

/* A dump that was begun and not read keeps the module, and nothing else. */
static void unread_dump_keeps_module(void)
{
	struct ask ask;
	int fd[MANY];

	open_many(fd, MANY);
	ask_open(&ask);
	ask_send(&ask, VHOST_XNET_CMD_QUEUE_GET, NLM_F_DUMP, NULL, 0);
	EQUAL(ask_receive(&ask), 1);
	close_many(fd, MANY);
	CHECK(syscall(SYS_delete_module, "vhost_xnet", O_NONBLOCK) < 0,
	      "the module is gone in the middle of a dump");
	CHECK(errno == EAGAIN || errno == EBUSY, "%m");
	ask_close(&ask);
	CHECK(!access(dev_path(), F_OK), "the device is gone");
}

const struct test race_tests[] = {
	{ "devices_vanish", devices_vanish },
	{ "queues_vanish", queues_vanish },
	{ "dump_cut_inside_device", dump_cut_inside_device },
	{ "steady_among_changing", steady_among_changing },
	{ "unread_dump_keeps_module", unread_dump_keeps_module },
	{ NULL, NULL }
};
