// SPDX-License-Identifier: GPL-2.0-only
/* Macvtap and ipvtap as backends: modes, header sizes, queues, devices that go. */
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>

#include "ip.h"
#include "kinds.h"
#include "rig.h"
#include "traffic.h"

static struct rig rig;
static struct xt_backend back;

/* A device on @back, started. */
static void start(struct __test_metadata *_metadata, uint64_t features)
{
	struct xg_net_cfg cfg = {
		.features = features, .num = 256,
		.backend = back.fd, .far = back.far,
	};

	rig_open(_metadata, &rig, &cfg);
}

static void stop(struct __test_metadata *_metadata)
{
	XT_OK(xg_net_stop(&rig.net));
	rig_close(&rig);
	xt_backend_close(&back);
}

/* Nothing was lost on the way, and the counters say so. */
static void settled(struct __test_metadata *_metadata, unsigned int tx, unsigned int rx)
{
	struct xg_stats s;

	XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	if (!rig.dev)
		return;
	s = rig_stats(_metadata, &rig, XG_TX);
	EXPECT_EQ(tx, s.c[C(PACKETS)]);
	EXPECT_EQ(0, xg_stats_drops(&s));
	s = rig_stats(_metadata, &rig, XG_RX);
	EXPECT_EQ(rx, s.c[C(PACKETS)]);
	EXPECT_EQ(0, xg_stats_drops(&s));
	EXPECT_STREQ(back.near_name, s.backend);
}

static int hdr_of(uint64_t features)
{
	return features & (XG_F_VERSION_1 | XG_F_MRG_RXBUF) ? 12 : 10;
}

static void macvtap(struct __test_metadata *_metadata, int mode, uint64_t features, int sndbuf)
{
	struct xg_vtap_cfg vtap = { .mode = mode };
	struct xg_tap_cfg cfg = {
		.hdr_len = hdr_of(features), .sndbuf = sndbuf,
		.no_vnet_hdr = !!(features & XG_F_NET_HDR),
	};

	XT_OK(xt_backend_on(&back, &vtap, 0, &cfg));
	start(_metadata, features);
	rig_tx(_metadata, &rig, 60, 13, 100);
	rig_rx(_metadata, &rig, 60, 13, 100);
	rig.shuffle = true;
	rig_tx(_metadata, &rig, 60, 40, 25);
	settled(_metadata, 125, 100);
	/* Frames go many at a time, unless there is a limit to keep to. */
	if (sndbuf)
		RIG_COUNT(125, &rig, XG_TX, BATCHES);
	else if (rig.dev)
		EXPECT_GT(60, rig_count(_metadata, &rig, XG_TX, C(BATCHES)));
	stop(_metadata);
}

TEST(macvtap_modes)
{
	static const int modes[] = {
		MACVLAN_MODE_VEPA, MACVLAN_MODE_PRIVATE, MACVLAN_MODE_PASSTHRU,
	};
	unsigned int i;

	XT_OK(xg_netns());
	for (i = 0; i < ARRAY_SIZE(modes); i++)
		macvtap(_metadata, modes[i], XG_F_MODERN, 0);
}

TEST(macvtap_headers)
{
	XT_OK(xg_netns());
	macvtap(_metadata, MACVLAN_MODE_VEPA, XG_F_EVENT_IDX, 0);
	macvtap(_metadata, MACVLAN_MODE_VEPA, XG_F_MRG_RXBUF, 0);
	macvtap(_metadata, MACVLAN_MODE_VEPA, XG_F_MODERN | XG_F_NET_HDR, 0);
}

/* The limit that the kernel itself sets, and one of ours. */
TEST(macvtap_send_buffer)
{
	XT_OK(xg_netns());
	macvtap(_metadata, MACVLAN_MODE_VEPA, XG_F_MODERN, -1);
	macvtap(_metadata, MACVLAN_MODE_VEPA, XG_F_MODERN, 300000);
	macvtap(_metadata, MACVLAN_MODE_VEPA, XG_F_EVENT_IDX, -1);
	macvtap(_metadata, MACVLAN_MODE_VEPA, XG_F_MODERN | XG_F_NET_HDR, -1);
}

/* Two on one lower device reach each other without leaving it. */
TEST(macvtap_bridge)
{
	struct xg_vtap_cfg first = { .mode = MACVLAN_MODE_BRIDGE };
	struct xg_vtap_cfg second = { .name = "second", .mode = MACVLAN_MODE_BRIDGE, .mac = 9 };
	struct xg_tap_cfg cfg = { .hdr_len = 12 };
	uint8_t frame[12 + 1514];
	unsigned int i;
	ssize_t n;
	int other;

	XT_OK(xg_netns());
	XT_OK(xt_backend_on(&back, &first, 0, &cfg));
	second.lower = first.lower;
	ASSERT_LT(0, xg_link_vtap(&second)) TH_LOG("%s", xg_step());
	other = xg_vtap_open("second", &cfg);
	ASSERT_LE(0, other) TH_LOG("%s", xg_step());
	start(_metadata, XG_F_MODERN);
	for (i = 0; i < 40; i++) {
		memset(frame, 0, 12);
		xg_frame_fill(frame + 12, 60 + i * 37, i);
		ASSERT_EQ(72 + i * 37, write(other, frame, 72 + i * 37));
		rig_take(_metadata, &rig, 60 + i * 37, i);
	}
	/* And the other way, with addresses turned round. */
	for (i = 0; i < 40; i++) {
		size_t len = 60 + i * 37;

		xg_frame_fill(rig.frame, len, i);
		rig.frame[5] = 9;
		rig.frame[11] = 1;
		XT_OK(xg_net_tx(&rig.net, NULL, rig.frame, len));
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
		ASSERT_TRUE(XT_UNTIL((n = read(other, frame, sizeof(frame))) > 0));
		ASSERT_EQ((ssize_t)len + 12, n);
		ASSERT_EQ(0, memcmp(frame + 12, rig.frame, len));
	}
	/* Nothing of it was seen outside. */
	rig_silent(_metadata, &rig);
	settled(_metadata, 40, 40);
	close(other);
	stop(_metadata);
}

/* A frame of TCP for the ipvtap, from the far end. */
static void ip_in(struct __test_metadata *_metadata, unsigned int payload, uint32_t seed)
{
	unsigned int len = ip_tcp_frame(rig.frame, false, payload, seed);
	struct xg_rx info;

	XT_OK(xg_pkt_send(rig.pkt, rig.frame, len));
	ASSERT_EQ((ssize_t)len, xg_net_rx(&rig.net, rig.frame, sizeof(rig.frame), &info, PATIENCE))
		TH_LOG("%s", xg_step());
	ASSERT_TRUE(ip_tcp_check(rig.frame, false, payload, seed));
	ASSERT_EQ(rig_buffers(&rig, len), info.buffers);
}

/*
 * A frame of TCP from the ipvtap. It is taken for a packet of IP, which the kernel
 * routes and puts in another frame.
 */
static void ip_out(struct __test_metadata *_metadata, unsigned int payload, uint32_t seed)
{
	unsigned int len = ip_tcp_frame(rig.frame, false, payload, seed), n;
	uint8_t sent[2048], *from = rig.frame + 14 + 12;

	/* The other way round. */
	memcpy(sent, from, 4);
	memcpy(from, from + 4, 4);
	memcpy(from + 4, sent, 4);
	memcpy(sent, rig.frame, len);
	XT_OK(xg_net_tx(&rig.net, NULL, rig.frame, len));
	n = xg_pkt_recv(rig.pkt, rig.frame, sizeof(rig.frame), PATIENCE);
	ASSERT_EQ(len, n) TH_LOG("frame %u", seed);
	ASSERT_EQ(0, memcmp(sent + 14, rig.frame + 14, len - 14)) TH_LOG("frame %u", seed);
}

/* A neighbour's address, so that nobody has to be asked for it. */
static void neighbour(struct __test_metadata *_metadata, const char *dev, const char *ip)
{
	struct arpreq req = {
		.arp_ha = { .sa_family = ARPHRD_ETHER, .sa_data = { 2, 0, 0, 0, 0, 2 } },
		.arp_flags = ATF_PERM | ATF_COM,
	};
	struct sockaddr_in *pa = (struct sockaddr_in *)&req.arp_pa;
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	pa->sin_family = AF_INET;
	ASSERT_EQ(1, inet_pton(AF_INET, ip, &pa->sin_addr));
	strcpy(req.arp_dev, dev);
	ASSERT_EQ(0, ioctl(s, SIOCSARP, &req));
	close(s);
}

/* In L3 mode what the guest sends are packets, which pass through the kernel's routing. */
static void ipvtap(struct __test_metadata *_metadata, int mode, uint64_t features, int sndbuf)
{
	struct xg_vtap_cfg vtap = { .ipvtap = true, .mode = mode };
	struct xg_tap_cfg cfg = {
		.hdr_len = hdr_of(features), .sndbuf = sndbuf,
		.no_vnet_hdr = !!(features & XG_F_NET_HDR),
	};
	unsigned int i;

	XT_OK(xt_backend_on(&back, &vtap, 0, &cfg));
	if (mode == IPVLAN_MODE_L3)
		neighbour(_metadata, "near0", "10.0.0.1");
	start(_metadata, features);
	if (mode == IPVLAN_MODE_L3)
		for (i = 0; i < 100; i++)
			ip_out(_metadata, 1 + i * 14, i);
	else
		rig_tx(_metadata, &rig, 60, 13, 100);
	for (i = 0; i < 100; i++)
		ip_in(_metadata, 1 + i * 14, i);
	settled(_metadata, 100, 100);
	stop(_metadata);
}

static void ipvtaps(struct __test_metadata *_metadata, int mode)
{
	XT_OK(xg_netns());
	ipvtap(_metadata, mode, XG_F_MODERN, 0);
	ipvtap(_metadata, mode, XG_F_MODERN, -1);
	ipvtap(_metadata, mode, XG_F_EVENT_IDX, 0);
	ipvtap(_metadata, mode, XG_F_MODERN | XG_F_NET_HDR, 0);
}

TEST(ipvtap_l2)
{
	ipvtaps(_metadata, IPVLAN_MODE_L2);
}

TEST(ipvtap_l3)
{
	ipvtaps(_metadata, IPVLAN_MODE_L3);
}

/*
 * A header of the macvtap that the ring does not have: frames for the guest are
 * refused, none is damaged, and the queue goes on when the sizes agree.
 */
TEST(header_size_differs)
{
	static const int sizes[] = { 10, 12, 20, 24, 64 };
	struct xg_vtap_cfg vtap = { .mode = MACVLAN_MODE_VEPA };
	struct xg_tap_cfg cfg = { .hdr_len = 12 };
	unsigned int i, odd = 0;
	int right = 12;

	XT_OK(xg_netns());
	XT_OK(xt_backend_on(&back, &vtap, 0, &cfg));
	start(_metadata, XG_F_MODERN);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(0, ioctl(back.fd, TUNSETVNETHDRSZ, &sizes[i]));
		if (sizes[i] != 12) {
			rig_send(_metadata, &rig, 200, 1000 + i);
			odd++;
			if (rig.dev) {
				EXPECT_TRUE(XT_UNTIL(odd == rig_count(_metadata, &rig, XG_RX,
								      C(DROP_BACKEND))));
			} else {
				xt_msleep(200);
			}
			ASSERT_EQ(0, xg_vq_pending(&rig.net.vq[XG_RX]));
		}
		ASSERT_EQ(0, ioctl(back.fd, TUNSETVNETHDRSZ, &right));
		rig_rx(_metadata, &rig, 60, 13, 10);
		rig_tx(_metadata, &rig, 60, 13, 10);
	}
	stop(_metadata);
}

/* Two devices, each with a queue of one macvtap device. */
TEST(macvtap_queues)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = XG_F_MODERN };
	struct xg_vtap_cfg vtap = { .mode = MACVLAN_MODE_VEPA };
	struct xg_tap_cfg tap = { .hdr_len = 12 };
	unsigned int i, got[2] = { 0 };
	struct xg_net second;
	int queue;

	XT_OK(xg_netns());
	XT_OK(xt_backend_on(&back, &vtap, 0, &tap));
	start(_metadata, XG_F_MODERN);
	queue = xg_vtap_open(back.near_name, &tap);
	ASSERT_LE(0, queue);
	cfg.backend = queue;
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
	close(queue);
	stop(_metadata);
}

/* Offloads: a frame to be cut later passes in one piece, both ways. */
TEST(macvtap_gso)
{
	struct xg_vtap_cfg vtap = { .mode = MACVLAN_MODE_VEPA };
	struct xg_tap_cfg tap = {
		.hdr_len = 12, .offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6,
	};
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN, .tx_buf = XG_MAX_FRAME + 12, .num = 256,
	};
	struct virtio_net_hdr_v1 hdr;
	struct virtio_net_hdr far;
	unsigned int len, i;
	struct xg_rx info;

	XT_OK(xg_netns());
	XT_OK(xt_backend_on(&back, &vtap, 0, &tap));
	cfg.backend = back.fd;
	cfg.far = back.far;
	rig_make(_metadata, &rig, &cfg, XG_PKT_VNET_HDR);
	XT_OK(xg_net_start(&rig.net));
	for (i = 0; i < 10; i++) {
		unsigned int payload = 2000 + i * 6000;

		len = ip_tcp_frame(rig.frame, false, payload, i);
		ip_gso_header(&hdr, false, 1448);
		XT_OK(xg_net_tx(&rig.net, &hdr, rig.frame, len));
		ASSERT_EQ((ssize_t)(len + sizeof(far)),
			  xg_pkt_recv(rig.pkt, rig.frame, sizeof(rig.frame), PATIENCE));
		memcpy(&far, rig.frame, sizeof(far));
		ASSERT_EQ(VIRTIO_NET_HDR_GSO_TCPV4, far.gso_type);
		ASSERT_TRUE(ip_tcp_check(rig.frame + sizeof(far), false, payload, i));

		/* What came in goes back. */
		XT_OK(xg_pkt_send(rig.pkt, rig.frame, len + sizeof(far)));
		ASSERT_EQ((ssize_t)len, xg_net_rx(&rig.net, rig.frame, sizeof(rig.frame), &info,
						  PATIENCE)) TH_LOG("%s", xg_step());
		ASSERT_EQ(VIRTIO_NET_HDR_GSO_TCPV4, info.hdr.gso_type);
		ASSERT_EQ(1448, info.hdr.gso_size);
		ASSERT_TRUE(ip_tcp_check(rig.frame, false, payload, i));
	}
	settled(_metadata, 10, 10);
	stop(_metadata);
}

/* The device below, or the vtap itself, is down, and up again. */
TEST(down_and_up)
{
	struct xg_vtap_cfg vtap = { .mode = MACVLAN_MODE_VEPA };
	struct xg_tap_cfg cfg = { .hdr_len = 12 };
	unsigned int i, round;

	XT_OK(xg_netns());
	XT_OK(xt_backend_on(&back, &vtap, 0, &cfg));
	start(_metadata, XG_F_MODERN);
	for (round = 0; round < 4; round++) {
		const char *who = round & 1 ? "near0" : "vtap0";

		rig_tx(_metadata, &rig, 60, 13, 20);
		XT_OK(xg_link_updown(who, false));
		for (i = 0; i < 200; i++)
			rig_add(_metadata, &rig, 64, 1);
		rig_push(_metadata, &rig.net.vq[XG_TX]);
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
		XT_OK(xg_link_updown(who, true));
		XT_OK(xg_link_wait("near0"));
		XT_OK(xg_link_wait("vtap0"));
		/* A veth device that was down tells the packet socket at the far end. */
		xg_pkt_drain(rig.pkt);
		rig_rx(_metadata, &rig, 60, 13, 20);
	}
	stop(_metadata);
}

/* It is deleted while frames pass: buffers come back, nothing hangs. */
static void deleted(struct __test_metadata *_metadata, enum xt_kind kind, int sndbuf)
{
	struct xg_tap_cfg tap = { .hdr_len = 12, .sndbuf = sndbuf };
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = XG_F_MODERN };
	struct xt_traffic t;

	XT_OK(xg_netns());
	XT_OK(xt_backend_open(&back, kind, 0, &tap));
	cfg.backend = back.fd;
	cfg.far = back.far;
	XT_OK(xt_traffic_open(&t, &cfg));
	t.lossy = true;
	XT_OK(xg_pkt_queue(t.rx_pkt));
	XT_OK(xt_traffic_start(&t));
	xt_msleep(100);
	/* From now on it is the descriptor alone that keeps it. */
	XT_OK(xg_link_delete(back.near_name));
	xt_msleep(200);
	EXPECT_EQ(0, xt_traffic_stop(&t)) TH_LOG("%s", xt_traffic_step(&t));
	XT_OK(xg_net_stop(&t.net));
	/* It can be attached again, though nothing will come of it. */
	XT_OK(xg_net_start(&t.net));
	XT_OK(xg_net_tx(&t.net, NULL, "0123456789abcdef", 16));
	XT_OK(xg_net_tx_wait(&t.net, PATIENCE));
	xt_traffic_close(&t);
	xt_backend_close(&back);
}

TEST(macvtap_deleted)
{
	deleted(_metadata, XT_MACVTAP, 0);
}

TEST(macvtap_deleted_with_send_buffer)
{
	deleted(_metadata, XT_MACVTAP, -1);
}

TEST(ipvtap_deleted)
{
	deleted(_metadata, XT_IPVTAP, 0);
}

TEST_HARNESS_MAIN
