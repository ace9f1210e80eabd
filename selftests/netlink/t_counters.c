// SPDX-License-Identifier: GPL-2.0-only
/* Counters and states follow what the queues do. */
#include <string.h>
#include <time.h>

#include "nltest.h"

#define FRAMES		20
#define FRAME_LEN	100
#define TIMEOUT_MS	5000

#define COUNTER(queue, name) \
	((queue)->counters[VHOST_XNET_A_COUNTERS_##name - 1])

static void start(struct xg_net *net)
{
	const struct xg_net_cfg cfg = {
		.path = dev_path(),
		.features = XG_F_MODERN,
	};

	EQUAL(xg_netns(), 0);
	CHECK(!xg_net_open(net, &cfg), "%s", xg_step());
	CHECK(!xg_net_start(net), "%s", xg_step());
}

static void expect_no_drops(const struct xc_queue *queue)
{
	EQUAL(COUNTER(queue, DROP_RUNT), 0);
	EQUAL(COUNTER(queue, DROP_BAD_HEADER), 0);
	EQUAL(COUNTER(queue, DROP_NO_MEMORY), 0);
	EQUAL(COUNTER(queue, DROP_BACKEND), 0);
	EQUAL(COUNTER(queue, DROP_FAULT), 0);
	EQUAL(COUNTER(queue, DROP_TOO_SMALL), 0);
	EQUAL(COUNTER(queue, RING_ERRORS), 0);
}

static void send_frames(struct xg_net *net, int n)
{
	char frame[FRAME_LEN];

	while (n--) {
		xg_frame_fill(frame, sizeof(frame), n);
		EQUAL(xg_net_tx(net, NULL, frame, sizeof(frame)), 0);
	}
	EQUAL(xg_net_tx_wait(net, TIMEOUT_MS), 0);
}

/* The worker publishes completions a moment before it counts what it did. */
static void wait_at_least(struct ask *ask, __u32 id, __u32 index, struct xc_queue *queue,
			  int counter, __u64 value)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	int tries = TIMEOUT_MS / 10;

	do {
		ask_queue(ask, id, index, queue);
		if (queue->counters[counter - 1] >= value)
			break;
		nanosleep(&pause, NULL);
	} while (--tries);
}

static void wait_for(struct ask *ask, __u32 id, __u32 index, struct xc_queue *queue,
		     int counter, __u64 value)
{
	wait_at_least(ask, id, index, queue, counter, value);
	EQUAL(queue->counters[counter - 1], value);
}

static void tx_counted(void)
{
	struct xc_queue queue, again;
	struct xg_net net;
	struct ask ask;
	unsigned int c;
	__u32 id;

	start(&net);
	id = dev_newest();
	ask_open(&ask);
	ask_queue(&ask, id, XG_TX, &queue);
	EQUAL(COUNTER(&queue, PACKETS), 0);
	EQUAL(queue.state, VHOST_XNET_STATE_RUNNING);
	EQUAL(queue.size, 256);
	CHECK(!strcmp(queue.backend, net.tap.ifname), "backend is '%s'", queue.backend);

	send_frames(&net, FRAMES);
	wait_for(&ask, id, XG_TX, &queue, VHOST_XNET_A_COUNTERS_BYTES, FRAMES * FRAME_LEN);
	/* A signal comes last of all. */
	wait_at_least(&ask, id, XG_TX, &queue, VHOST_XNET_A_COUNTERS_SIGNALS, 1);
	EQUAL(COUNTER(&queue, PACKETS), FRAMES);
	CHECK(COUNTER(&queue, BATCHES) >= 1 && COUNTER(&queue, BATCHES) <= FRAMES, "%llu",
	      COUNTER(&queue, BATCHES));
	CHECK(COUNTER(&queue, KICKS) >= 1 && COUNTER(&queue, KICKS) <= net.vq[XG_TX].kicks,
	      "%llu of %llu", COUNTER(&queue, KICKS), (__u64)net.vq[XG_TX].kicks);
	CHECK(COUNTER(&queue, WAKEUPS) >= 1, "none");
	CHECK(COUNTER(&queue, SIGNALS) >= 1, "none");
	expect_no_drops(&queue);

	/* They belong to the open device, so they stay when the queue stops. */
	EQUAL(xg_net_stop(&net), 0);
	ask_queue(&ask, id, XG_TX, &again);
	EQUAL(again.state, VHOST_XNET_STATE_STOPPED);
	EQUAL(again.backend[0], 0);
	for (c = 0; c < XC_COUNTERS; c++)
		CHECK(again.counters[c] >= queue.counters[c], "counter %u fell", c);
	EQUAL(COUNTER(&again, PACKETS), FRAMES);
	EQUAL(xg_net_start(&net), 0);
	send_frames(&net, FRAMES);
	wait_for(&ask, id, XG_TX, &queue, VHOST_XNET_A_COUNTERS_PACKETS, 2 * FRAMES);
	ask_close(&ask);
	xg_net_close(&net);
}

static void rx_counted(void)
{
	char frame[2048];
	struct xc_queue queue;
	struct xg_net net;
	struct ask ask;
	int i, pkt;
	__u32 id;

	start(&net);
	id = dev_newest();
	pkt = xg_pkt_open(net.tap.ifindex, XG_PKT_SEND_ONLY);
	CHECK(pkt >= 0, "no packet socket");
	for (i = 0; i < FRAMES; i++) {
		xg_frame_fill(frame, FRAME_LEN, i);
		EQUAL(xg_pkt_send(pkt, frame, FRAME_LEN), 0);
	}
	for (i = 0; i < FRAMES; i++)
		EQUAL(xg_net_rx(&net, frame, sizeof(frame), NULL, TIMEOUT_MS), FRAME_LEN);

	ask_open(&ask);
	wait_for(&ask, id, XG_RX, &queue, VHOST_XNET_A_COUNTERS_BYTES, FRAMES * FRAME_LEN);
	wait_at_least(&ask, id, XG_RX, &queue, VHOST_XNET_A_COUNTERS_SIGNALS, 1);
	EQUAL(COUNTER(&queue, PACKETS), FRAMES);
	CHECK(COUNTER(&queue, SIGNALS) >= 1, "none");
	expect_no_drops(&queue);
	ask_queue(&ask, id, XG_TX, &queue);
	EQUAL(COUNTER(&queue, PACKETS), 0);
	ask_close(&ask);
	xg_net_close(&net);
}

/* A frame that is dropped is counted with its reason, and only there. */
static void runt_counted(void)
{
	struct xc_queue queue;
	struct xg_net net;
	char frame[13] = "";
	struct ask ask;
	__u32 id;

	start(&net);
	id = dev_newest();
	EQUAL(xg_net_tx(&net, NULL, frame, sizeof(frame)), 0);
	EQUAL(xg_net_tx_wait(&net, TIMEOUT_MS), 0);
	send_frames(&net, 1);
	ask_open(&ask);
	wait_for(&ask, id, XG_TX, &queue, VHOST_XNET_A_COUNTERS_PACKETS, 1);
	EQUAL(COUNTER(&queue, DROP_RUNT), 1);
	COUNTER(&queue, DROP_RUNT) = 0;
	expect_no_drops(&queue);
	ask_close(&ask);
	xg_net_close(&net);
}

/* A head outside the ring breaks the queue; attaching again repairs it. */
static void broken_seen(void)
{
	struct xc_queue queue;
	struct xg_net net;
	struct xg_vq *vq = &net.vq[XG_TX];
	struct ask ask;
	__u32 id;

	start(&net);
	id = dev_newest();
	vq->split.avail->ring[vq->avail % 256] = 256;
	xg_put16(&vq->split.avail->idx, vq->avail + 1);
	EQUAL(xg_vq_kick_always(vq), 0);
	CHECK(xg_event_wait(vq->err_fd, TIMEOUT_MS) > 0, "no error event");
	ask_open(&ask);
	wait_for(&ask, id, XG_TX, &queue, VHOST_XNET_A_COUNTERS_RING_ERRORS, 1);
	EQUAL(queue.state, VHOST_XNET_STATE_BROKEN);
	EQUAL(queue.fault, VHOST_XNET_FAULT_HEAD);
	ask_queue(&ask, id, XG_RX, &queue);
	EQUAL(queue.state, VHOST_XNET_STATE_RUNNING);
	EQUAL(queue.fault, VHOST_XNET_FAULT_NONE);

	xg_put16(&vq->split.avail->idx, vq->avail);
	EQUAL(xg_vq_attach(vq, -1), 0);
	EQUAL(xg_vq_attach(vq, net.tap.fd[0]), 0);
	ask_queue(&ask, id, XG_TX, &queue);
	EQUAL(queue.state, VHOST_XNET_STATE_RUNNING);
	EQUAL(queue.fault, VHOST_XNET_FAULT_NONE);
	send_frames(&net, FRAMES);
	wait_for(&ask, id, XG_TX, &queue, VHOST_XNET_A_COUNTERS_PACKETS, FRAMES);
	EQUAL(COUNTER(&queue, RING_ERRORS), 1);
	ask_close(&ask);
	xg_net_close(&net);
}

/* Not a test: traffic to look at, a runt in every ten frames, until killed. */
static void hold_traffic(void)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	struct xg_net net;
	char runt[5] = "";

	start(&net);
	for (;;) {
		send_frames(&net, 9);
		EQUAL(xg_net_tx(&net, NULL, runt, sizeof(runt)), 0);
		nanosleep(&pause, NULL);
	}
}

const struct test counter_tests[] = {
	{ "tx_counted", tx_counted },
	{ "rx_counted", rx_counted },
	{ "runt_counted", runt_counted },
	{ "broken_seen", broken_seen },
	{ NULL, NULL }
};

const struct test helpers[] = {
	{ "hold_traffic", hold_traffic },
	{ NULL, NULL }
};
