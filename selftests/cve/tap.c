// SPDX-License-Identifier: GPL-2.0-only
/* What vhost-net, tun and tap once did wrong with frames on their way to a tap. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "rig.h"

static struct rig rig;

static void open_with(struct __test_metadata *_metadata, const struct xg_net_cfg *cfg)
{
	XT_OK(xg_netns());
	rig_open(_metadata, &rig, cfg);
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

/* Sent in batches, */
TEST(cve_2024_41091)
{
	runts_among(_metadata, 0);
}

/* and one by one. */
TEST(cve_2024_41090)
{
	runts_among(_metadata, 1 << 20);
}

/* Memory that could be had, in KiB. */
static long memory_left(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	long kib = -1;

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "MemAvailable: %ld", &kib);
	if (f)
		fclose(f);
	return kib;
}

/* Refused frames, many: their memory is given back. */
static void refused(struct __test_metadata *_metadata, bool runts)
{
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 256 };
	unsigned int turn, i;
	long before = 0;

	if (!xt_is_xnet() && !runts)
		SKIP(return, "vhost-net retries for ever");
	open_with(_metadata, &cfg);
	if (!runts)
		delete_tap(_metadata);
	for (turn = 0; turn < 250; turn++) {
		/* The first ones fill caches. */
		if (turn == 10)
			before = memory_left();
		for (i = 0; i < 250; i++)
			rig_add(_metadata, &rig, runts ? i % 14 : 1600, i);
		rig_push(_metadata, &rig.net.vq[XG_TX]);
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	}
	/* 240 times 250 frames of hardly less than half a page. */
	EXPECT_LE(before - 20000, memory_left());
	RIG_COUNT(0, &rig, XG_TX, PACKETS);
	XT_OK(xg_net_stop(&rig.net));
}

TEST(cve_2026_46320)
{
	refused(_metadata, true);
}

TEST(cve_2026_46321)
{
	refused(_metadata, false);
}

/* The tap refuses a batch: each of its buffers comes back, none twice. */
TEST(suspected_failed_batch_forgets_heads)
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

/* A packet socket on the netdev of a tap, whose descriptor is then the far end. */
static int packet_socket(const struct xg_tap *tap)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = tap->ifindex,
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/*
 * A raw socket hands out its frames itself: none is left lying while the device
 * sleeps, and it does sleep when there are none.
 */
TEST(suspected_raw_socket_emptiness)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_VERSION_1 | XG_F_NET_HDR, .num = 64,
	};
	struct xg_cpu before, after;
	unsigned int i;
	ssize_t len;
	pid_t worker;
	int sock;

	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &cfg, 0);
	sock = packet_socket(&rig.net.tap);
	ASSERT_LE(0, sock);
	if (xg_vq_attach(&rig.net.vq[XG_RX], sock) == -ENOTSOCK && xt_is_xnet())
		SKIP(return, "the device takes no packet sockets");
	ASSERT_LT(0, xg_net_rx_post(&rig.net));
	for (i = 0; i < 60; i++) {
		len = 60 + i * 20;
		xg_frame_fill(rig.frame, len, i);
		ASSERT_EQ(len, write(rig.net.tap.fd[0], rig.frame, len));
		memset(rig.frame, 0, len);
		ASSERT_EQ(len, xg_net_rx(&rig.net, rig.frame, sizeof(rig.frame), NULL, PATIENCE))
			TH_LOG("frame %u: %s", i, xg_step());
		ASSERT_EQ(-1, xg_frame_check(rig.frame, len, i));
		if (i % 8 == 0)
			xt_msleep(20);
	}
	ASSERT_EQ(1, xg_worker_find(getpid(), &worker, 1));
	xt_msleep(100);
	XT_OK(xg_worker_cpu(worker, &before));
	xt_msleep(500);
	XT_OK(xg_worker_cpu(worker, &after));
	EXPECT_GT(200000000ULL, after.run_ns - before.run_ns)
		TH_LOG("it does not sleep");
	XT_OK(xg_vq_attach(&rig.net.vq[XG_RX], -1));
	close(sock);
	rig_close(&rig);
}

TEST_HARNESS_MAIN
