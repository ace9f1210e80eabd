// SPDX-License-Identifier: GPL-2.0-only
/* What once went wrong in other implementations of the same interface. */
#include <sys/socket.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "rig.h"

static struct rig rig;

static void open_with(struct __test_metadata *_metadata, const struct xg_net_cfg *cfg)
{
	XT_OK(xg_netns());
	rig_open(_metadata, &rig, cfg);
}

/* Write or compare a frame that lies across two regions of memory. */
static uint8_t *across(struct xg_net *net, uint64_t gpa)
{
	return xg_mem_ptr(&net->mem, gpa, 1);
}

/* The length of a descriptor that crosses from one region to the next. */
TEST(cve_2013_0311)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN, .num = 256, .regions = 8, .mem_size = 8 << 20,
		.rx_bufs = 1,
	};
	const struct xg_region *second;
	struct xg_vq *tx, *rx;
	unsigned int before, len = 900, i;
	uint64_t start;

	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &cfg, 0);
	rig_no_buffers(_metadata, &rig);
	tx = &rig.net.vq[XG_TX];
	rx = &rig.net.vq[XG_RX];
	second = &rig.net.mem.region[5];
	for (before = 1; before < len + 12; before += 13) {
		struct xg_seg seg;
		struct xg_used used;

		start = second->gpa - before;
		seg = (struct xg_seg){ .gpa = start, .len = len + 12 };
		xg_frame_fill(rig.frame, len, before);
		for (i = 0; i < len + 12; i++)
			*across(&rig.net, start + i) = i < 12 ? 0 : rig.frame[i - 12];
		ASSERT_LE(0, xg_vq_add(tx, &seg, 1, NULL, 0));
		rig_push(_metadata, tx);
		rig_expect(_metadata, &rig, len, before);
		ASSERT_EQ(1, xg_vq_wait(tx, PATIENCE));
		ASSERT_EQ(1, xg_vq_pop(tx, &used));

		seg.write = true;
		for (i = 0; i < len + 12; i++)
			*across(&rig.net, start + i) = 0xee;
		ASSERT_LE(0, xg_vq_add(rx, &seg, 1, NULL, 0));
		rig_push(_metadata, rx);
		rig_send(_metadata, &rig, len, before + 1);
		ASSERT_EQ(1, xg_vq_wait(rx, PATIENCE));
		ASSERT_EQ(1, xg_vq_pop(rx, &used));
		ASSERT_EQ(len + 12, used.len);
		for (i = 0; i < len; i++)
			rig.frame[i] = *across(&rig.net, start + 12 + i);
		ASSERT_EQ(-1, xg_frame_check(rig.frame, len, before + 1));
	}
}

/* ... and into a hole between regions: no byte of it is used. */
TEST(cve_2013_0311_hole)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN, .num = 256, .regions = 8, .mem_size = 8 << 20,
		.hole = 4096,
	};
	const struct xg_region *g;
	struct xg_seg seg;

	open_with(_metadata, &cfg);
	rig_tx(_metadata, &rig, 64, 1, 10);
	g = &rig.net.mem.region[5];
	/* From region 5 over the hole into region 6. */
	seg = (struct xg_seg){ .gpa = g->gpa + g->size - 500, .len = 500 + 4096 + 500 };
	ASSERT_LE(0, xg_vq_add(&rig.net.vq[XG_TX], &seg, 1, NULL, 0));
	rig_push(_metadata, &rig.net.vq[XG_TX]);
	EXPECT_EQ(1, xg_event_wait(rig.net.vq[XG_TX].err_fd, PATIENCE));
	rig_silent(_metadata, &rig);
	if (rig.dev)
		EXPECT_EQ(VHOST_XNET_FAULT_ADDRESS, rig_stats(_metadata, &rig, XG_TX).fault);
	rig_rx(_metadata, &rig, 64, 1, 10);
}

/* A malformed receive buffer: the error is seen, and no frame is written anywhere. */
TEST(cve_2014_0055)
{
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 16 };
	struct xg_vq *vq = &rig.net.vq[XG_RX];

	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &cfg, 0);
	rig_no_buffers(_metadata, &rig);
	vq->split.avail->ring[vq->avail++ & 15] = 16;
	xg_vq_publish(vq);
	XT_OK(xg_vq_kick_always(vq));
	rig_send(_metadata, &rig, 64, 1);
	EXPECT_LE(1, xg_event_wait(vq->err_fd, PATIENCE));
	EXPECT_EQ(0, xg_get16(&vq->split.used->idx));
	rig_tx(_metadata, &rig, 64, 1, 10);
}

/* A receive buffer shorter than the frame: nothing is written behind it. */
TEST(cve_2014_0077)
{
	struct xg_net_cfg cfg = { .features = XG_F_VERSION_1, .num = 64, .rx_buf = 4096 };
	struct xg_vq *vq = &rig.net.vq[XG_RX];
	struct xg_seg seg;
	struct xg_used used;
	uint8_t *at;
	int i;

	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &cfg, 0);
	rig_no_buffers(_metadata, &rig);
	at = xg_mem_ptr(&rig.net.mem, rig.net.rx_gpa[0], 4096);
	memset(at, 0xee, 4096);
	seg = (struct xg_seg){ .gpa = rig.net.rx_gpa[0], .len = 100, .write = true };
	ASSERT_LE(0, xg_vq_add(vq, &seg, 1, NULL, 0));
	rig_push(_metadata, vq);
	for (i = 0; i < 20; i++)
		rig_send(_metadata, &rig, 89 + 70 * i, 1);
	rig_send(_metadata, &rig, 70, 2);
	ASSERT_EQ(1, xg_vq_wait(vq, PATIENCE));
	ASSERT_EQ(1, xg_vq_pop(vq, &used));
	EXPECT_EQ(82, used.len);
	EXPECT_EQ(-1, xg_frame_check(at + 12, 70, 2));
	for (i = 100; i < 4096; i++)
		ASSERT_EQ(0xee, at[i]) TH_LOG("byte %d was written", i);
	RIG_COUNT(20, &rig, XG_RX, DROP_TOO_SMALL);
}

/* A batch of completions, and then a frame with over 960 buffers of its own. */
TEST(cve_2018_16880)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN, .num = 2048, .rx_buf = 66, .tap = { .mtu = 65521 },
	};
	unsigned int small, i;

	open_with(_metadata, &cfg);
	for (small = 1; small <= 160; small += small < 60 || small > 70 ? 13 : 1) {
		/* Sent while the queue is stopped, so that they meet in one run. */
		XT_OK(xg_vq_attach(&rig.net.vq[XG_RX], -1));
		for (i = 0; i < small; i++)
			rig_send(_metadata, &rig, 40, i);
		rig_send(_metadata, &rig, 65535, 1000);
		rig_send(_metadata, &rig, 40, 1001);
		XT_OK(xg_vq_attach(&rig.net.vq[XG_RX], rig.net.tap.fd[0]));
		for (i = 0; i < small; i++)
			rig_take(_metadata, &rig, 40, i);
		rig_take(_metadata, &rig, 65535, 1000);
		rig_take(_metadata, &rig, 40, 1001);
	}
	RIG_COUNT(0, &rig, XG_RX, RING_ERRORS);
}

/* Frames below 14 bytes among good ones, handed to the tap in one batch. */
static void runts_among(struct __test_metadata *_metadata, int sndbuf)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN, .num = 256, .tap = { .sndbuf = sndbuf },
	};
	struct xg_tap_stats before, after;
	unsigned int i, len;

	open_with(_metadata, &cfg);
	XT_OK(xg_tap_stats(&rig.net.tap, &before));
	for (i = 0; i < 200; i++)
		rig_add(_metadata, &rig, i & 1 ? i / 2 % 14 : 60 + i, i);
	rig_push(_metadata, &rig.net.vq[XG_TX]);
	for (i = 0; i < 200; i += 2)
		rig_expect(_metadata, &rig, 60 + i, i);
	XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	rig_silent(_metadata, &rig);
	XT_OK(xg_tap_stats(&rig.net.tap, &after));
	RIG_COUNT(100, &rig, XG_TX, DROP_RUNT);
	RIG_COUNT(100, &rig, XG_TX, PACKETS);
	if (rig.dev) {
		/* The tap was not even asked. */
		EXPECT_EQ(before.rx_dropped, after.rx_dropped);
		EXPECT_EQ(before.rx_errors, after.rx_errors);
	}
	for (len = 0; len < 14; len++)
		rig_tx(_metadata, &rig, len, 0, 1);
	XT_OK(xg_net_stop(&rig.net));
}

TEST(cve_2024_41090)
{
	runts_among(_metadata, 0);
}

TEST(cve_2024_41091)
{
	runts_among(_metadata, 1 << 20);
}

/* Take the netdev away; its descriptor stays. */
static void delete_tap(struct __test_metadata *_metadata)
{
	struct {
		struct nlmsghdr nlh;
		struct ifinfomsg ifi;
	} req = {
		.nlh = {
			.nlmsg_len = sizeof(req),
			.nlmsg_type = RTM_DELLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
		.ifi.ifi_index = rig.net.tap.ifindex,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char answer[1024];

	ASSERT_LE(0, fd);
	ASSERT_EQ((ssize_t)sizeof(req), send(fd, &req, sizeof(req), 0));
	ASSERT_LT(0, recv(fd, answer, sizeof(answer), 0));
	close(fd);
}

/* The tap refuses a batch: each of its buffers comes back, none twice. */
TEST(failed_batch_send_loses_heads)
{
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 256, .tx_buf = 9000 };
	unsigned int turn, i;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net retries for ever");
	open_with(_metadata, &cfg);
	rig_tx(_metadata, &rig, 64, 1, 100);
	delete_tap(_metadata);
	for (turn = 0; turn < 5; turn++) {
		for (i = 0; i < 250; i++)
			rig_add(_metadata, &rig, i % 40 == 39 ? 8000 : 64 + i, i);
		rig_push(_metadata, &rig.net.vq[XG_TX]);
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
		ASSERT_EQ(256, rig.net.tx_slots);
	}
	RIG_COUNT(100, &rig, XG_TX, PACKETS);
	RIG_COUNT(1250, &rig, XG_TX, DROP_BACKEND);
	RIG_COUNT(0, &rig, XG_TX, RING_ERRORS);
	XT_OK(xg_net_stop(&rig.net));
}

/* The same while it is being done. */
TEST(tap_deleted_under_traffic)
{
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 256 };
	struct xg_stats s;
	unsigned int turn, i;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net retries for ever");
	open_with(_metadata, &cfg);
	for (turn = 0; turn < 40; turn++) {
		for (i = 0; i < 250; i++)
			rig_add(_metadata, &rig, 64, i);
		rig_push(_metadata, &rig.net.vq[XG_TX]);
		if (turn == 5)
			XT_OK(xg_tap_updown(&rig.net.tap, false));
		if (turn == 10)
			XT_OK(xg_tap_updown(&rig.net.tap, true));
		if (turn == 20)
			delete_tap(_metadata);
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
		ASSERT_EQ(256, rig.net.tx_slots);
	}
	s = rig_stats(_metadata, &rig, XG_TX);
	EXPECT_EQ(40 * 250, s.c[C(PACKETS)] + xg_stats_drops(&s));
	EXPECT_LE(19 * 250, s.c[C(DROP_BACKEND)]);
	XT_OK(xg_net_stop(&rig.net));
}

TEST_HARNESS_MAIN
