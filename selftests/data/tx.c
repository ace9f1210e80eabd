// SPDX-License-Identifier: GPL-2.0-only
/* Transmission: batches, segmentation offload, bad frames, a tap that refuses. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <linux/if_tun.h>

#include "ip.h"
#include "rig.h"

static struct rig rig;

static void open_tx(struct __test_metadata *_metadata, uint64_t features, int sndbuf,
		    unsigned int pkt_flags)
{
	struct xg_net_cfg cfg = {
		.features = features, .num = 256, .tx_buf = XG_MAX_FRAME + 12,
		.tap = { .sndbuf = sndbuf },
	};

	rig_make(_metadata, &rig, &cfg, pkt_flags);
	XT_OK(xg_net_start(&rig.net));
}

/* Everything offered was delivered or dropped, and the ring is fine. */
static void settled(struct __test_metadata *_metadata, uint64_t packets, uint64_t drops)
{
	struct xg_stats s = { 0 };

	XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	EXPECT_EQ(0, xg_event_take(rig.net.vq[XG_TX].err_fd));
	if (!rig.dev)
		return;
	XT_UNTIL((s = rig_stats(_metadata, &rig, XG_TX),
		  s.c[C(PACKETS)] + xg_stats_drops(&s) >= packets + drops));
	EXPECT_EQ(packets, s.c[C(PACKETS)]);
	EXPECT_EQ(drops, xg_stats_drops(&s));
	EXPECT_EQ(0, s.c[C(RING_ERRORS)]);
}

TEST(batch_in_order)
{
	unsigned int n, sent = 0;
	uint64_t bytes = 0;

	XT_OK(xg_netns());
	open_tx(_metadata, XG_F_MODERN, 0, 0);
	for (n = 1; n <= 256; n += n < 8 ? 1 : 31) {
		rig_tx(_metadata, &rig, 60, 1, n);
		bytes += n * 60 + n * (n - 1) / 2;
		sent += n;
	}
	rig_tx(_metadata, &rig, 60, 250, 250);
	bytes += 250 * 60 + 250 * 250 * 249 / 2;
	sent += 250;
	settled(_metadata, sent, 0);
	RIG_COUNT(bytes, &rig, XG_TX, BYTES);
	if (rig.dev)
		EXPECT_LT(rig_count(_metadata, &rig, XG_TX, C(BATCHES)), sent);
	XT_OK(xg_net_stop(&rig.net));
}

/* A frame that the stack is to cut arrives whole, with what is needed for it. */
static void gso(struct __test_metadata *_metadata, bool v6, unsigned int payload,
		uint16_t hdr_len)
{
	struct virtio_net_hdr_v1 hdr = { 0 };
	struct virtio_net_hdr got;
	unsigned int len;
	ssize_t n;

	len = ip_tcp_frame(rig.frame, v6, payload, rig.seed);
	ip_gso_header(&hdr, v6, 1448);
	if (hdr_len)
		hdr.hdr_len = hdr_len;
	XT_OK(xg_net_tx(&rig.net, &hdr, rig.frame, len));
	n = xg_pkt_recv(rig.pkt, rig.frame, sizeof(rig.frame), PATIENCE);
	ASSERT_EQ((ssize_t)(len + sizeof(got)), n);
	memcpy(&got, rig.frame, sizeof(got));
	EXPECT_EQ(hdr.gso_type, got.gso_type);
	EXPECT_EQ(1448, got.gso_size);
	EXPECT_TRUE(got.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
	EXPECT_EQ(hdr.csum_start, got.csum_start);
	EXPECT_EQ(16, got.csum_offset);
	EXPECT_TRUE(ip_tcp_check(rig.frame + sizeof(got), v6, payload, rig.seed));
	rig.seed++;
}

TEST(gso_frames)
{
	static const unsigned int payload[] = { 1449, 2000, 3000, 3600, 4000, 10000, 64000 };
	unsigned int i;

	XT_OK(xg_netns());
	open_tx(_metadata, XG_F_MODERN, 0, XG_PKT_VNET_HDR);
	for (i = 0; i < ARRAY_SIZE(payload); i++) {
		gso(_metadata, false, payload[i], 0);
		gso(_metadata, true, payload[i], 0);
	}
	settled(_metadata, 2 * i, 0);
}

/* virtio 1.3, 5.1.6.2.2: the device does not rely on hdr_len. */
TEST(gso_frames_with_any_hdr_len)
{
	static const uint16_t hdr_len[] = { 1, 13, 2100, 0xffff };
	unsigned int i;

	XT_OK(xg_netns());
	open_tx(_metadata, XG_F_MODERN, 0, XG_PKT_VNET_HDR);
	for (i = 0; i < ARRAY_SIZE(hdr_len); i++) {
		gso(_metadata, false, 2000, hdr_len[i]);
		gso(_metadata, true, 2000, hdr_len[i]);
	}
	settled(_metadata, 2 * i, 0);
}

/* A checksum left to the stack: csum_start and csum_offset reach it. */
TEST(checksum_offload)
{
	unsigned int len = ip_tcp_frame(rig.frame, false, 500, 1);
	struct virtio_net_hdr_v1 hdr = { 0 };
	struct virtio_net_hdr got;

	XT_OK(xg_netns());
	open_tx(_metadata, XG_F_MODERN, 0, XG_PKT_VNET_HDR);
	len = ip_tcp_frame(rig.frame, false, 500, 1);
	ip_gso_header(&hdr, false, 0);
	hdr.hdr_len = 0;
	XT_OK(xg_net_tx(&rig.net, &hdr, rig.frame, len));
	ASSERT_EQ((ssize_t)(len + sizeof(got)),
		  xg_pkt_recv(rig.pkt, rig.frame, sizeof(rig.frame), PATIENCE));
	memcpy(&got, rig.frame, sizeof(got));
	EXPECT_EQ(VIRTIO_NET_HDR_F_NEEDS_CSUM, got.flags);
	EXPECT_EQ(34, got.csum_start);
	EXPECT_EQ(16, got.csum_offset);
	EXPECT_EQ(0, got.gso_type);
	settled(_metadata, 1, 0);
}

/**
 * struct bad - a header that contradicts its frame
 * @len: bytes in the frame
 * @hdr: the header
 */
struct bad {
	unsigned int len;
	struct virtio_net_hdr_v1 hdr;
};

#define SUM	.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM

static const struct bad bad[] = {
	{ 100, { SUM, .csum_start = 200, .csum_offset = 16 } },
	{ 100, { SUM, .csum_start = 0xffff, .csum_offset = 0xffff } },
	{ 100, { SUM, .csum_start = 0xffff, .csum_offset = 2 } },
	{ 100, { SUM, .csum_start = 90, .csum_offset = 9 } },
	{ 100, { SUM, .csum_start = 90, .csum_offset = 16 } },
	{ 100, { SUM, .csum_start = 99, .csum_offset = 10 } },
	{ 100, { SUM, .csum_start = 200, .csum_offset = 16, .hdr_len = 0xffff } },
	{ 9000, { SUM, .csum_start = 9100, .csum_offset = 16 } },
	{ 9000, { SUM, .csum_start = 8990, .csum_offset = 16 } },
	{ 60000, { SUM, .csum_start = 60000, .csum_offset = 16 } },
	{ 9000, { .gso_type = 7, .gso_size = 1000 } },
	{ 100, { .gso_type = 7, .gso_size = 50 } },
	{ 100, { .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 0 } },
	{ 9000, { .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 0 } },
};

#define BADS	ARRAY_SIZE(bad)

/* Each is dropped and counted, those around it are not. */
TEST(bad_headers)
{
	unsigned int i;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net does not get past such a frame");
	XT_OK(xg_netns());
	open_tx(_metadata, XG_F_MODERN, 0, 0);
	for (i = 0; i < BADS; i++) {
		struct xg_stats s;

		rig_add(_metadata, &rig, 64, rig.seed);
		xg_frame_fill(rig.frame, bad[i].len, 99);
		XT_OK(xg_net_tx_add(&rig.net, &bad[i].hdr, rig.frame, bad[i].len, 1, NULL, NULL));
		rig_add(_metadata, &rig, 65, rig.seed + 1);
		rig_push(_metadata, &rig.net.vq[XG_TX]);
		rig_expect(_metadata, &rig, 64, rig.seed);
		rig_expect(_metadata, &rig, 65, rig.seed + 1);
		rig.seed += 2;
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
		s = rig_stats(_metadata, &rig, XG_TX);
		if (rig.dev)
			EXPECT_EQ(i + 1, xg_stats_drops(&s))
				TH_LOG("header %u was not counted as dropped", i);
	}
	rig_silent(_metadata, &rig);
	settled(_metadata, 2 * BADS, BADS);
}

/* A checksum that begins inside the IP header, which not every tap takes: sent or counted. */
TEST(checksum_in_header)
{
	static const unsigned int start[] = { 0, 13, 14, 19, 20, 33, 34 };
	struct virtio_net_hdr_v1 hdr = { SUM, .csum_offset = 4 };
	unsigned int i, sent = 0;
	ssize_t len;

	XT_OK(xg_netns());
	open_tx(_metadata, XG_F_MODERN, 0, 0);
	for (i = 0; i < ARRAY_SIZE(start); i++) {
		hdr.csum_start = start[i];
		rig_add(_metadata, &rig, 64, rig.seed);
		xg_frame_fill(rig.frame, 100, 99);
		XT_OK(xg_net_tx_add(&rig.net, &hdr, rig.frame, 100, 1, NULL, NULL));
		rig_add(_metadata, &rig, 65, rig.seed + 1);
		rig_push(_metadata, &rig.net.vq[XG_TX]);
		rig_expect(_metadata, &rig, 64, rig.seed);
		len = xg_pkt_recv(rig.pkt, rig.frame, RIG_ROOM, PATIENCE);
		if (len == 100) {
			sent++;
			rig_expect(_metadata, &rig, 65, rig.seed + 1);
		} else {
			EXPECT_EQ(65, len);
			EXPECT_GT(20, start[i]);
		}
		rig.seed += 2;
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	}
	settled(_metadata, 2 * i + sent, i - sent);
}

/* From nothing at all to one byte less than an Ethernet header. */
TEST(runts)
{
	unsigned int i, hdr_len;
	struct xg_seg seg;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net takes a chain shorter than a header for an error");
	XT_OK(xg_netns());
	open_tx(_metadata, XG_F_MODERN, 0, 0);
	hdr_len = rig.net.hdr_len;
	seg = (struct xg_seg){ .gpa = rig.net.tx_gpa[200] };
	for (i = 0; i < hdr_len + ETH_LEN; i++) {
		struct xg_used used;

		seg.len = i;
		ASSERT_LE(0, xg_vq_add(&rig.net.vq[XG_TX], &seg, 1, NULL, 1000 + i));
		rig_push(_metadata, &rig.net.vq[XG_TX]);
		ASSERT_EQ(1, xg_vq_wait(&rig.net.vq[XG_TX], PATIENCE)) TH_LOG("%u bytes", i);
		ASSERT_EQ(1, xg_vq_pop(&rig.net.vq[XG_TX], &used));
		ASSERT_EQ(1000 + i, used.cookie);
		ASSERT_EQ(0, used.len);
	}
	rig_silent(_metadata, &rig);
	RIG_COUNT(hdr_len + ETH_LEN, &rig, XG_TX, DROP_RUNT);
	rig_tx(_metadata, &rig, ETH_LEN, 1, 10);
	settled(_metadata, 10, hdr_len + ETH_LEN);
}

static void write_file(struct __test_metadata *_metadata, const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ASSERT_LE(0, fd) TH_LOG("%s", path);
	ASSERT_EQ((ssize_t)strlen(text), write(fd, text, strlen(text))) TH_LOG("%s", path);
	close(fd);
}

/*
 * With PREEMPT_RT the idle loop warns of frames that are handed to another CPU
 * (do_softirq_post_smp_call_flush()), whoever sends them, vhost-net as well.
 */
static bool may_steer(void)
{
	return access("/sys/kernel/realtime", F_OK) != 0;
}

/* Frames are handed to another CPU, so that they stay in the send buffer a while. */
static void steer(struct __test_metadata *_metadata)
{
	char path[128];

	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("sysfs", "/sys", "sysfs", 0, NULL));
	snprintf(path, sizeof(path), "/sys/class/net/%s/queues/rx-0/rps_cpus",
		 rig.net.tap.ifname);
	write_file(_metadata, path, "3");
}

/* A send buffer for one frame: if it fills, the queue waits for it again and again. */
TEST(limited_send_buffer)
{
	unsigned int sent = 0, got = 0, i, len;
	uint64_t end = xg_now_ns() + 20000000000ULL;
	bool fills = may_steer();

	XT_OK(xg_netns());
	open_tx(_metadata, XG_F_MODERN, 1000, 0);
	if (fills)
		steer(_metadata);
	do {
		for (i = 0; i < 200; i++) {
			len = ip_tcp_frame(rig.frame, false, 100 + i, sent + i);
			XT_OK(xg_net_tx_add(&rig.net, NULL, rig.frame, len, 1, NULL, NULL));
		}
		sent += 200;
		rig_push(_metadata, &rig.net.vq[XG_TX]);
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
		for (; got < sent; got++)
			ASSERT_LT(0, xg_pkt_recv(rig.pkt, rig.frame, sizeof(rig.frame), PATIENCE))
				TH_LOG("frame %u of %u is lost", got, sent);
	} while (sent < 2000 || (rig.dev && fills && xg_now_ns() < end &&
				 !rig_count(_metadata, &rig, XG_TX, C(BACKEND_FULL))));
	rig_silent(_metadata, &rig);
	if (rig.dev && fills)
		EXPECT_LT(0, rig_count(_metadata, &rig, XG_TX, C(BACKEND_FULL)));
	settled(_metadata, sent, 0);
	XT_OK(xg_net_stop(&rig.net));
}

/* With a limit frames go one by one; sizes and order are as ever. */
TEST(limited_send_buffer_sizes)
{
	XT_OK(xg_netns());
	open_tx(_metadata, XG_F_MODERN, 300000, 0);
	rig.shuffle = true;
	rig_tx(_metadata, &rig, 0, 700, 36);
	rig_tx(_metadata, &rig, 25200, 6000, 6);
	settled(_metadata, 41, 1);
}

/* A tagged frame: the tag is where the guest put it. */
TEST(vlan)
{
	static const uint8_t tag[4] = { 0x81, 0x00, 0x20, 0x2a };
	unsigned int len;

	XT_OK(xg_netns());
	open_tx(_metadata, XG_F_MODERN, 0, 0);
	for (len = 60; len < 6000; len += 331) {
		uint8_t want[6100];

		xg_frame_fill(want, len, len);
		memmove(want + 16, want + 12, len - 12);
		memcpy(want + 12, tag, 4);
		XT_OK(xg_net_tx(&rig.net, NULL, want, len + 4));
		ASSERT_EQ(len + 4, xg_pkt_recv(rig.pkt, rig.frame, sizeof(rig.frame), PATIENCE));
		ASSERT_EQ(0, memcmp(want, rig.frame, len + 4));
	}
}

/* Nobody hears frames sent while the interface is down; none is kept, either. */
TEST(interface_down)
{
	unsigned int i;

	XT_OK(xg_netns());
	open_tx(_metadata, XG_F_MODERN, 0, 0);
	rig_tx(_metadata, &rig, 64, 1, 20);
	XT_OK(xg_tap_updown(&rig.net.tap, false));
	for (i = 0; i < 200; i++)
		rig_add(_metadata, &rig, i & 1 ? 64 : 20000, 1);
	rig_push(_metadata, &rig.net.vq[XG_TX]);
	XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	if (rig.dev) {
		struct xg_stats s = rig_stats(_metadata, &rig, XG_TX);

		EXPECT_EQ(220, s.c[C(PACKETS)] + xg_stats_drops(&s));
		EXPECT_EQ(100, s.c[C(DROP_BACKEND)]);
		EXPECT_EQ(0, s.c[C(RING_ERRORS)]);
	}
	XT_OK(xg_tap_updown(&rig.net.tap, true));
	/* The packet socket tells once that its interface was down. */
	xg_pkt_recv(rig.pkt, rig.frame, sizeof(rig.frame), 0);
	rig_tx(_metadata, &rig, 64, 1, 20);
	XT_OK(xg_net_stop(&rig.net));
}

TEST_HARNESS_MAIN
