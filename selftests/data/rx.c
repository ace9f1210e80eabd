// SPDX-License-Identifier: GPL-2.0-only
/* Reception: mergeable buffers, offloads, tags, buffers too small or too late. */
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/if_vlan.h>
#include <linux/sockios.h>

#include "ip.h"
#include "rig.h"

#define LARGEST	65535

static struct rig rig;

static void open_rx(struct __test_metadata *_metadata, const struct xg_net_cfg *cfg,
		    unsigned int pkt_flags)
{
	struct xg_net_cfg full = *cfg;

	full.tap.mtu = LARGEST - ETH_LEN;
	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &full, pkt_flags);
	XT_OK(xg_net_start(&rig.net));
}

static void settled(struct __test_metadata *_metadata, uint64_t packets, uint64_t drops)
{
	struct xg_stats s = { 0 };

	EXPECT_EQ(0, xg_event_take(rig.net.vq[XG_RX].err_fd));
	if (!rig.dev)
		return;
	/* A frame is in the ring a moment before it is counted. */
	XT_UNTIL((s = rig_stats(_metadata, &rig, XG_RX),
		  s.c[C(PACKETS)] + xg_stats_drops(&s) >= packets + drops));
	EXPECT_EQ(packets, s.c[C(PACKETS)]);
	EXPECT_EQ(drops, xg_stats_drops(&s));
	EXPECT_EQ(drops, s.c[C(DROP_TOO_SMALL)]);
	EXPECT_EQ(0, s.c[C(RING_ERRORS)]);
}

/* One frame across up to a thousand buffers; num_buffers tells how many. */
TEST(many_small_buffers)
{
	static const unsigned int len[] = {
		14, 53, 54, 55, 119, 120, 121, 1500, 4096, 20000, 40000, LARGEST,
	};
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 1024, .rx_buf = 66 };
	unsigned int i, k;

	open_rx(_metadata, &cfg, 0);
	for (k = 0; k < 4; k++)
		for (i = 0; i < ARRAY_SIZE(len); i++)
			rig_rx(_metadata, &rig, len[i], 0, 1);
	rig_rx(_metadata, &rig, 700, 0, 80);
	settled(_metadata, 4 * i + 80, 0);
	XT_OK(xg_net_stop(&rig.net));
}

/* Buffers smaller than a header: it is spread over several, too. */
TEST(buffers_smaller_than_header)
{
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 256, .rx_buf = 2048 };
	struct xg_vq *vq = &rig.net.vq[XG_RX];
	struct xg_used used;
	struct xg_seg seg;
	uint8_t got[1024];
	unsigned int i;

	open_rx(_metadata, &cfg, 0);
	/* Use up the large ones first. */
	rig_rx(_metadata, &rig, 60, 0, 1);
	XT_OK(xg_net_stop(&rig.net));
	xg_vq_reset(vq, 0);
	XT_OK(xg_vq_setup(vq));
	rig.net.rx_slots = 0;
	XT_OK(xg_net_start(&rig.net));
	for (i = 0; i < 100; i++) {
		seg = (struct xg_seg){ .gpa = rig.net.rx_gpa[i], .len = 5, .write = true };
		ASSERT_LE(0, xg_vq_add(vq, &seg, 1, NULL, i));
	}
	rig_push(_metadata, vq);
	rig_send(_metadata, &rig, 100, 5);
	ASSERT_LE(23, xg_vq_wait_n(vq, 23, PATIENCE));
	for (i = 0; i < 23; i++) {
		ASSERT_EQ(1, xg_vq_pop(vq, &used));
		ASSERT_EQ(i, used.cookie);
		ASSERT_EQ(i < 22 ? 5 : 2, used.len);
		memcpy(got + 5 * i, xg_mem_ptr(&rig.net.mem, rig.net.rx_gpa[i], 5), used.len);
	}
	EXPECT_EQ(23, got[10] | got[11] << 8);
	EXPECT_EQ(-1, xg_frame_check(got + 12, 100, 5));
}

/* Mergeable buffers off: what does not fit is dropped, the rest is not. */
TEST(buffer_too_small)
{
	static const uint64_t features[] = { 0, XG_F_VERSION_1, XG_F_NET_HDR };
	unsigned int i, k;

	for (i = 0; i < 3; i++) {
		struct xg_net_cfg cfg = {
			.features = features[i], .num = 64, .rx_buf = 100,
		};
		unsigned int fits;

		open_rx(_metadata, &cfg, 0);
		fits = 100 - rig.net.hdr_len;
		for (k = 0; k < 10; k++) {
			rig_send(_metadata, &rig, fits, 2 * k);
			rig_send(_metadata, &rig, fits + 1 + 800 * k, 1);
			rig_send(_metadata, &rig, 60, 2 * k + 1);
		}
		for (k = 0; k < 10; k++) {
			rig_take(_metadata, &rig, fits, 2 * k);
			rig_take(_metadata, &rig, 60, 2 * k + 1);
		}
		settled(_metadata, 20, 10);
		XT_OK(xg_net_stop(&rig.net));
		rig_close(&rig);
	}
}

/* Mergeable, but more than all the buffers of the ring together. */
TEST(frame_larger_than_ring)
{
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 4, .rx_buf = 100 };
	unsigned int i;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net waits for buffers that can never come");
	open_rx(_metadata, &cfg, 0);
	for (i = 0; i < 10; i++) {
		rig_send(_metadata, &rig, 400 - 12, 2 * i);
		rig_send(_metadata, &rig, 400 - 11 + i, 1);
		rig_take(_metadata, &rig, 400 - 12, 2 * i);
	}
	rig_send(_metadata, &rig, 60, 77);
	rig_take(_metadata, &rig, 60, 77);
	settled(_metadata, 11, 10);
}

/* Frames that came too early are delivered later, all and in order. */
static void wait_for_buffers(struct __test_metadata *_metadata, uint64_t features)
{
	struct xg_net_cfg cfg = { .features = features, .num = 64, .rx_buf = 500 };
	bool merge = features & XG_F_MRG_RXBUF;
	unsigned int i;

	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &cfg, 0);
	rig_no_buffers(_metadata, &rig);
	for (i = 0; i < 300; i++)
		rig_send(_metadata, &rig, merge ? 100 + 5 * (i % 280) : 100 + i, i);
	xt_msleep(50);
	EXPECT_EQ(0, xg_vq_pending(&rig.net.vq[XG_RX]));
	for (i = 0; i < 300; i++) {
		if (!rig.net.vq[XG_RX].inflight)
			ASSERT_LE(32, xg_net_rx_post(&rig.net));
		rig_take(_metadata, &rig, merge ? 100 + 5 * (i % 280) : 100 + i, i);
	}
	settled(_metadata, 300, 0);
	if (rig.dev)
		EXPECT_LT(0, rig_count(_metadata, &rig, XG_RX, C(NO_BUFFERS)));
	XT_OK(xg_net_stop(&rig.net));
	rig_close(&rig);
}

TEST(early_frames)
{
	wait_for_buffers(_metadata, XG_F_MODERN);
	wait_for_buffers(_metadata, XG_F_VERSION_1);
	wait_for_buffers(_metadata, 0);
}

/* Three of the five buffers that a frame needs are not enough to begin with it. */
TEST(too_few_buffers)
{
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 64, .rx_buf = 100 };
	struct xg_vq *vq = &rig.net.vq[XG_RX];
	unsigned int i;

	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &cfg, 0);
	rig.net.rx_slots = 3;
	XT_OK(xg_net_start(&rig.net));
	rig_send(_metadata, &rig, 480, 1);
	rig_send(_metadata, &rig, 60, 2);
	xt_msleep(50);
	EXPECT_EQ(0, xg_vq_pending(vq));
	/* The slots of the stack's top are others than those posted. */
	for (i = 0; i < 6; i++) {
		struct xg_seg seg = { .gpa = rig.net.rx_gpa[i], .len = 100, .write = true };

		ASSERT_LE(0, xg_vq_add(vq, &seg, 1, NULL, i));
	}
	rig_push(_metadata, vq);
	rig_take(_metadata, &rig, 480, 1);
	rig_take(_metadata, &rig, 60, 2);
	settled(_metadata, 2, 0);
}

/* Frames that were taken from the tap and not delivered are not lost in a stop. */
TEST(stop_with_frames_waiting)
{
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 8, .rx_buf = 2048 };
	unsigned int i, next = 0;

	open_rx(_metadata, &cfg, 0);
	for (i = 0; i < 200; i++)
		rig_send(_metadata, &rig, 60 + i, i);
	while (next < 200) {
		for (i = 0; i < 3 && next < 200; i++, next++)
			rig_take(_metadata, &rig, 60 + next, next);
		for (i = 0; i < XG_MAX_VQS; i++)
			XT_OK(xg_vq_attach(&rig.net.vq[i], -1));
		XT_OK(xg_net_start(&rig.net));
	}
	settled(_metadata, 200, 0);
	XT_OK(xg_net_stop(&rig.net));
}

/* ... unless the tap has been filled meanwhile: then they are counted. */
TEST(stop_with_full_tap)
{
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 8, .rx_buf = 2048 };
	struct xg_vq *vq = &rig.net.vq[XG_RX];
	unsigned int i;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net does not count them");
	open_rx(_metadata, &cfg, 0);
	XT_OK(xg_vq_attach(vq, -1));
	for (i = 0; i < 72; i++)
		rig_send(_metadata, &rig, 60, i);
	/* It takes 64 at once, and has buffers for 8. */
	XT_OK(xg_vq_attach(vq, rig.net.tap.fd[0]));
	EXPECT_TRUE(XT_UNTIL(rig_count(_metadata, &rig, XG_RX, C(NO_BUFFERS)) > 0));
	EXPECT_EQ(8, rig_count(_metadata, &rig, XG_RX, C(PACKETS)));
	/* More than the tap holds; it refuses the rest. */
	xg_frame_fill(rig.frame + rig.pkt_hdr, 60, 1);
	for (i = 0; i < 1100; i++)
		xg_pkt_send(rig.pkt, rig.frame, rig.pkt_hdr + 60);
	XT_OK(xg_vq_attach(vq, -1));
	EXPECT_EQ(56, rig_count(_metadata, &rig, XG_RX, C(DROP_BACKEND)));
	XT_OK(xg_net_stop(&rig.net));
}

static void send_tcp(struct __test_metadata *_metadata, bool v6, unsigned int payload,
		     uint16_t size)
{
	struct virtio_net_hdr_v1 hdr;
	unsigned int len;

	ip_gso_header(&hdr, v6, size);
	memcpy(rig.frame, &hdr, rig.pkt_hdr);
	len = ip_tcp_frame(rig.frame + rig.pkt_hdr, v6, payload, rig.seed);
	XT_OK(xg_pkt_send(rig.pkt, rig.frame, rig.pkt_hdr + len));
}

/* The guest does segmentation itself: large frames come whole, with a header that says how. */
TEST(gso_frames)
{
	static const unsigned int payload[] = { 1449, 3000, 10000, 30000, 65000 };
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN, .num = 256, .rx_buf = 1526,
		.tap = { .offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 },
	};
	unsigned int i;

	open_rx(_metadata, &cfg, XG_PKT_VNET_HDR);
	for (i = 0; i < 10; i++) {
		unsigned int bytes = payload[i / 2];
		bool v6 = i & 1;
		struct xg_rx info;

		send_tcp(_metadata, v6, bytes, 1448);
		ASSERT_EQ(bytes + ip_headers(v6),
			  xg_net_rx(&rig.net, rig.frame, sizeof(rig.frame), &info, PATIENCE));
		EXPECT_EQ(v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4,
			  info.hdr.gso_type);
		EXPECT_EQ(1448, info.hdr.gso_size);
		EXPECT_TRUE(info.hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
		EXPECT_EQ(ip_headers(v6) - 20, info.hdr.csum_start);
		EXPECT_EQ(16, info.hdr.csum_offset);
		EXPECT_EQ(rig_buffers(&rig, bytes + ip_headers(v6)), info.hdr.num_buffers);
		EXPECT_TRUE(ip_tcp_check(rig.frame, v6, bytes, rig.seed));
		rig.seed++;
	}
	settled(_metadata, 10, 0);
}

/* It does not: they come in pieces. */
TEST(gso_frames_cut_by_host)
{
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 256, .rx_buf = 2048 };
	unsigned int left;

	open_rx(_metadata, &cfg, XG_PKT_VNET_HDR);
	/* What goes past the queueing discipline is not cut but dropped. */
	XT_OK(xg_pkt_queue(rig.pkt));
	send_tcp(_metadata, false, 30000, 1448);
	for (left = 30000; left; left -= left < 1448 ? left : 1448) {
		struct xg_rx info;

		ASSERT_EQ((left < 1448 ? left : 1448) + IP4_HEADERS,
			  xg_net_rx(&rig.net, rig.frame, sizeof(rig.frame), &info, PATIENCE));
		EXPECT_EQ(0, info.hdr.gso_type);
		EXPECT_EQ(0, info.hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
	}
	settled(_metadata, 21, 0);
}

/* Interfaces made from here on have nothing to say of their own accord. */
static void quiet(struct __test_metadata *_metadata)
{
	int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	ASSERT_EQ(1, write(fd, "1", 1));
	close(fd);
}

static void vlan_add(struct __test_metadata *_metadata, unsigned int id)
{
	struct vlan_ioctl_args args = { .cmd = ADD_VLAN_CMD, .u.VID = id };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ASSERT_LE(0, fd);
	memcpy(args.device1, rig.net.tap.ifname, IFNAMSIZ);
	ASSERT_EQ(0, ioctl(fd, SIOCSIFVLAN, &args)) TH_LOG("%s", strerror(errno));
	close(fd);
}

static void take_tagged(struct __test_metadata *_metadata, unsigned int len, uint32_t seed,
			const uint8_t *tag)
{
	uint8_t want[RIG_ROOM];

	xg_frame_fill(want, len, seed);
	memmove(want + 16, want + 12, len - 12);
	memcpy(want + 12, tag, 4);
	ASSERT_EQ(len + 4, xg_net_rx(&rig.net, rig.frame, sizeof(rig.frame), NULL, PATIENCE));
	ASSERT_EQ(0, memcmp(want, rig.frame, len + 4)) TH_LOG("%u bytes", len);
}

/* A tag in the frame, and one that the stack carries beside it. */
TEST(vlan)
{
	static const uint8_t tag[4] = { 0x81, 0x00, 0x00, 0x2a };
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 256, .rx_buf = 500 };
	struct xg_tap vlan = { 0 };
	unsigned int len;
	int pkt;

	open_rx(_metadata, &cfg, 0);
	for (len = 60; len < 9000; len += 191) {
		xg_frame_fill(rig.frame, len, len);
		memmove(rig.frame + 16, rig.frame + 12, len - 12);
		memcpy(rig.frame + 12, tag, 4);
		XT_OK(xg_pkt_send(rig.pkt, rig.frame, len + 4));
		take_tagged(_metadata, len, len, tag);
	}
	quiet(_metadata);
	vlan_add(_metadata, 42);
	snprintf(vlan.ifname, sizeof(vlan.ifname), "vlan0042");
	vlan.ifindex = if_nametoindex("vlan0042");
	if (!vlan.ifindex) {
		snprintf(vlan.ifname, sizeof(vlan.ifname), "%.10s.42", rig.net.tap.ifname);
		vlan.ifindex = if_nametoindex(vlan.ifname);
	}
	ASSERT_NE(0, vlan.ifindex);
	XT_OK(xg_tap_updown(&vlan, true));
	pkt = xg_pkt_open(vlan.ifindex, 0);
	ASSERT_LE(0, pkt);
	for (len = 60; len < 9000; len += 191) {
		xg_frame_fill(rig.frame, len, len);
		XT_OK(xg_pkt_send(pkt, rig.frame, len));
		take_tagged(_metadata, len, len, tag);
	}
	/* Where a buffer ends within the tag. */
	for (len = 480; len < 500; len++) {
		xg_frame_fill(rig.frame, len, len);
		XT_OK(xg_pkt_send(pkt, rig.frame, len));
		take_tagged(_metadata, len, len, tag);
	}
}

TEST_HARNESS_MAIN
