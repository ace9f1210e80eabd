// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tap may be: headers of any size, several queues, an XDP program,
 * persistent, its queue made longer and shorter, deleted.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>

#include "ip.h"
#include "kinds.h"
#include "rig.h"
#include "traffic.h"

static struct rig rig;

static void open_tap(struct __test_metadata *_metadata, uint64_t features, int hdr_len,
		     bool no_vnet_hdr)
{
	struct xg_net_cfg cfg = {
		.features = features, .tx_buf = 20000,
		.tap = { .hdr_len = hdr_len, .no_vnet_hdr = no_vnet_hdr },
	};

	rig_open(_metadata, &rig, &cfg);
}

/*
 * Sizes that differ: nothing reaches the guest, and each frame is counted. Short
 * frames from the guest arrive whole all the same, as tun does not look for
 * their header where it would be.
 */
static void differ(struct __test_metadata *_metadata, unsigned int i)
{
	rig_send(_metadata, &rig, 100 + i, 7);
	if (rig.dev) {
		EXPECT_TRUE(XT_UNTIL(rig_count(_metadata, &rig, XG_RX, C(DROP_BACKEND)) == 1));
		EXPECT_EQ(0, rig_count(_metadata, &rig, XG_RX, C(DROP_FAULT)));
	} else {
		xt_msleep(100);
	}
	EXPECT_EQ(0, xg_vq_pending(&rig.net.vq[XG_RX]));
	rig_tx(_metadata, &rig, 60, 100, 20);
	EXPECT_EQ(0, xg_event_take(rig.net.vq[XG_RX].err_fd));
	EXPECT_EQ(0, xg_event_take(rig.net.vq[XG_TX].err_fd));
}

static void sizes(struct __test_metadata *_metadata, uint64_t features, int want)
{
	static const int size[] = { 10, 12, 20, 24, 64, 200 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(size); i++) {
		open_tap(_metadata, features, size[i], false);
		if (size[i] != want)
			differ(_metadata, i);
		ASSERT_EQ(0, ioctl(rig.net.tap.fd[0], TUNSETVNETHDRSZ, &want));
		rig_rx(_metadata, &rig, 60, 31, 30);
		rig_tx(_metadata, &rig, 60, 31, 30);
		rig_tx(_metadata, &rig, 5000, 1000, 10);
		RIG_COUNT(30, &rig, XG_RX, PACKETS);
		RIG_COUNT(size[i] != want, &rig, XG_RX, DROP_BACKEND);
		XT_OK(xg_net_stop(&rig.net));
		rig_close(&rig);
	}
}

TEST(header_sizes)
{
	XT_OK(xg_netns());
	sizes(_metadata, XG_F_MODERN, 12);
	sizes(_metadata, XG_F_EVENT_IDX | XG_F_MRG_RXBUF, 12);
	sizes(_metadata, XG_F_EVENT_IDX, 10);
}

/* A header where there should be none, or none where there should be one. */
TEST(header_or_none)
{
	XT_OK(xg_netns());
	open_tap(_metadata, XG_F_MODERN | XG_F_NET_HDR, 0, true);
	rig_rx(_metadata, &rig, 60, 31, 30);
	rig_tx(_metadata, &rig, 60, 31, 30);
	rig_tx(_metadata, &rig, 5000, 1000, 10);
	rig_close(&rig);

	open_tap(_metadata, XG_F_MODERN, 0, true);
	differ(_metadata, 0);
	XT_OK(xg_net_stop(&rig.net));
	/* What both agree on again works again. */
	XT_OK(xg_ioctl_set_features(rig.net.fd, rig.net.features | XG_F_NET_HDR));
	XT_OK(xg_net_start(&rig.net));
	rig_rx(_metadata, &rig, 60, 31, 30);
	rig_tx(_metadata, &rig, 60, 31, 30);
	rig_close(&rig);
}

/* Two devices, each with a queue of one tap. */
TEST(queues)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN, .tap = { .queues = 2 },
	};
	unsigned int i, got[2] = { 0 };
	struct xg_net second;

	XT_OK(xg_netns());
	rig_open(_metadata, &rig, &cfg);
	cfg.path = xt_dev();
	cfg.backend = rig.net.tap.fd[1];
	XT_OK(xg_net_open(&second, &cfg));
	XT_OK(xg_net_start(&second));
	rig_tx(_metadata, &rig, 60, 13, 50);
	for (i = 0; i < 50; i++) {
		xg_frame_fill(rig.frame, 100, i);
		XT_OK(xg_net_tx(&second, NULL, rig.frame, 100));
		rig_expect(_metadata, &rig, 100, i);
	}
	/* Each flow goes to one of them. */
	for (i = 0; i < 64; i++) {
		unsigned int len = ip_tcp_frame(rig.frame, false, 100, i);

		XT_OK(xg_pkt_send(rig.pkt, rig.frame, len));
	}
	while (xg_net_rx(&rig.net, rig.frame, sizeof(rig.frame), NULL,
			 got[0] ? 1000 : PATIENCE) > 0)
		got[0]++;
	while (xg_net_rx(&second, rig.frame, sizeof(rig.frame), NULL, 100) > 0)
		got[1]++;
	EXPECT_EQ(64, got[0] + got[1]);
	EXPECT_LT(0, got[0]);
	EXPECT_LT(0, got[1]);
	xg_net_close(&second);
	rig_close(&rig);
}

/* Frames that pass the program, are dropped by it, and are sent back by it. */
TEST(xdp)
{
	unsigned int i;
	int pass, drop, back;

	XT_OK(xg_netns());
	open_tap(_metadata, XG_F_MODERN, 12, false);
	pass = xg_xdp_prog(XDP_PASS);
	drop = xg_xdp_prog(XDP_DROP);
	back = xg_xdp_prog(XDP_TX);
	ASSERT_LE(0, pass) TH_LOG("%s: %s", xg_step(), xt_errno(pass));
	ASSERT_LE(0, drop);
	ASSERT_LE(0, back);

	XT_OK(xg_link_xdp(rig.net.tap.ifname, pass));
	rig_tx(_metadata, &rig, 60, 13, 100);
	rig_tx(_metadata, &rig, 2000, 1000, 10);
	rig_rx(_metadata, &rig, 60, 13, 100);

	XT_OK(xg_link_xdp(rig.net.tap.ifname, drop));
	for (i = 0; i < 100; i++)
		rig_add(_metadata, &rig, 60 + i * 13, i);
	rig_push(_metadata, &rig.net.vq[XG_TX]);
	XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	rig_silent(_metadata, &rig);

	/* These come to the receive queue as frames of XDP. */
	XT_OK(xg_link_xdp(rig.net.tap.ifname, back));
	for (i = 0; i < 100; i++)
		rig_add(_metadata, &rig, 60 + i * 13, i);
	rig_push(_metadata, &rig.net.vq[XG_TX]);
	XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	for (i = 0; i < 100; i++)
		rig_take(_metadata, &rig, 60 + i * 13, i);

	XT_OK(xg_link_xdp(rig.net.tap.ifname, -1));
	rig_tx(_metadata, &rig, 60, 13, 100);
	rig_rx(_metadata, &rig, 60, 13, 100);
	RIG_COUNT(0, &rig, XG_RX, DROP_BACKEND);
	rig_close(&rig);
	close(pass);
	close(drop);
	close(back);
}

/* Programs come and go while frames pass; none is lost to that. */
TEST(xdp_under_traffic)
{
	struct xt_traffic t;
	int pass, i;

	XT_OK(xt_traffic_open(&t, NULL));
	pass = xg_xdp_prog(XDP_PASS);
	ASSERT_LE(0, pass);
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 30; i++) {
		XT_OK(xg_link_xdp(t.net.tap.ifname, pass));
		XT_OK(xt_traffic_moves(&t, 20));
		XT_OK(xg_link_xdp(t.net.tap.ifname, -1));
		XT_OK(xt_traffic_moves(&t, 20));
	}
	EXPECT_EQ(0, xt_traffic_stop(&t)) TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
	close(pass);
}

/* Sent by one device, redirected between two taps, received by the other device. */
TEST(xdp_redirect)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = XG_F_MODERN };
	static uint8_t frame[4096];
	struct xg_net second;
	unsigned int i, len;
	int prog;

	XT_OK(xg_netns());
	open_tap(_metadata, XG_F_MODERN, 12, false);
	XT_OK(xg_net_open(&second, &cfg));
	XT_OK(xg_net_start(&second));
	prog = xg_xdp_redirect(second.tap.ifindex);
	ASSERT_LE(0, prog) TH_LOG("%s: %s", xg_step(), xt_errno(prog));
	XT_OK(xg_link_xdp(rig.net.tap.ifname, prog));
	for (i = 0; i < 300; i++) {
		len = 60 + i % 100 * 14;
		xg_frame_fill(frame, len, i);
		XT_OK(xg_net_tx(&rig.net, NULL, frame, len));
		ASSERT_EQ(len, xg_net_rx(&second, frame, sizeof(frame), NULL, PATIENCE));
		ASSERT_GT(0, xg_frame_check(frame, len, i));
	}
	rig_silent(_metadata, &rig);
	XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	XT_OK(xg_net_stop(&second));
	xg_net_close(&second);
	rig_close(&rig);
	close(prog);
}

/* Its queue becomes longer and shorter while frames pass through it. */
TEST(resized_under_traffic)
{
	static const int lengths[] = { 1, 1000, 17, 64, 4000, 2, 500 };
	struct xt_traffic t;
	unsigned int i;

	XT_OK(xt_traffic_open(&t, NULL));
	t.lossy = true;
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 70; i++) {
		XT_OK(xg_link_queue_len(t.net.tap.ifname, lengths[i % ARRAY_SIZE(lengths)]));
		xt_msleep(2);
	}
	XT_OK(xg_link_queue_len(t.net.tap.ifname, 1000));
	XT_OK(xt_traffic_moves(&t, 100));
	EXPECT_EQ(0, xt_traffic_stop(&t)) TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

/* Frames that the device has taken go back to a queue with no room for them. */
TEST(resized_with_frames_waiting)
{
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 8, .rx_buf = 2048 };
	unsigned int i, got = 0;

	XT_OK(xg_netns());
	rig_open(_metadata, &rig, &cfg);
	for (i = 0; i < 200; i++)
		rig_send(_metadata, &rig, 60 + i, i);
	for (i = 0; i < 3; i++)
		rig_take(_metadata, &rig, 60 + i, i);
	XT_OK(xg_link_queue_len(rig.net.tap.ifname, 5));
	XT_OK(xg_net_stop(&rig.net));
	XT_OK(xg_link_queue_len(rig.net.tap.ifname, 1000));
	XT_OK(xg_net_start(&rig.net));
	/* Some are lost; what comes is whole. */
	while (xg_net_rx(&rig.net, rig.frame, sizeof(rig.frame), NULL, 2000) > 0)
		got++;
	EXPECT_GE(197, got);
	EXPECT_LE(5, got);
	rig_rx(_metadata, &rig, 60, 13, 100);
	XT_OK(xg_net_stop(&rig.net));
	rig_close(&rig);
}

/* It outlives its descriptors, and is found again by its name. */
TEST(persistent)
{
	struct xg_tap_cfg cfg = { .ifname = "stays", .hdr_len = 12 };
	struct xg_tap again;

	XT_OK(xg_netns());
	open_tap(_metadata, XG_F_MODERN, 12, false);
	rig_close(&rig);

	XT_OK(xg_tap_open(&again, &cfg));
	ASSERT_EQ(0, ioctl(again.fd[0], TUNSETPERSIST, 1));
	xg_tap_close(&again);
	ASSERT_NE(0, if_nametoindex("stays"));
	{
		struct xg_net_cfg net = {
			.features = XG_F_MODERN, .tap = { .ifname = "stays" },
		};
		unsigned int i;

		for (i = 0; i < 3; i++) {
			rig_open(_metadata, &rig, &net);
			rig_rx(_metadata, &rig, 60, 31, 30);
			rig_tx(_metadata, &rig, 60, 31, 30);
			if (rig.dev) {
				struct xg_stats s = rig_stats(_metadata, &rig, XG_TX);

				EXPECT_STREQ("stays", s.backend);
			}
			rig_close(&rig);
			ASSERT_NE(0, if_nametoindex("stays"));
		}
	}
	XT_OK(xg_tap_open(&again, &cfg));
	ASSERT_EQ(0, ioctl(again.fd[0], TUNSETPERSIST, 0));
	xg_tap_close(&again);
	EXPECT_TRUE(XT_UNTIL(!if_nametoindex("stays")));
}

/* The interface is deleted while frames pass: buffers come back, nothing hangs. */
static void deleted(struct __test_metadata *_metadata, int sndbuf)
{
	struct xg_net_cfg cfg = {
		.path = xt_dev(), .features = XG_F_MODERN, .tap = { .sndbuf = sndbuf },
	};
	struct xt_traffic t;

	XT_OK(xt_traffic_open(&t, &cfg));
	t.lossy = true;
	XT_OK(xg_pkt_queue(t.rx_pkt));
	XT_OK(xt_traffic_start(&t));
	xt_msleep(100);
	XT_OK(xg_link_delete(t.net.tap.ifname));
	xt_msleep(300);
	EXPECT_EQ(0, xt_traffic_stop(&t)) TH_LOG("%s", xt_traffic_step(&t));
	XT_OK(xg_net_stop(&t.net));
	/* There is nothing behind the descriptor any more. */
	XT_ERR(-EINVAL, xg_ioctl_net_set_backend(t.net.fd, XG_TX, t.net.tap.fd[0]));
	xt_traffic_close(&t);
}

TEST(deleted_unlimited)
{
	if (!xt_is_xnet())
		SKIP(return, "vhost-net forgets the buffers of a batch that was refused");
	deleted(_metadata, 0);
}

TEST(deleted_with_send_buffer)
{
	deleted(_metadata, 100000);
}

TEST_HARNESS_MAIN
