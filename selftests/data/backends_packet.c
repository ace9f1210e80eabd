// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packet sockets as backends: with and without a virtio-net header of their
 * own, what does not fit, errors of the socket, busy polling, others who read it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <linux/if_packet.h>

#include "ip.h"
#include "kinds.h"
#include "rig.h"
#include "traffic.h"

/* A packet socket's own header has 10 bytes, so these go with it. */
#define OWN_HDR		(XG_F_EVENT_IDX | XG_F_INDIRECT)
/* And these, where vhost makes the header, with a socket without. */
#define VHOST_HDR	(XG_F_MODERN | XG_F_NET_HDR)

static struct rig rig;
static struct xt_backend back;

static void open_back(struct __test_metadata *_metadata, uint64_t features, int sndbuf)
{
	struct xg_tap_cfg tap = { .no_vnet_hdr = !!(features & XG_F_NET_HDR), .sndbuf = sndbuf };

	XT_OK(xg_netns());
	XT_OK(xt_backend_open(&back, XT_PACKET, 0, &tap));
}

static void start(struct __test_metadata *_metadata, struct xg_net_cfg *cfg,
		  unsigned int pkt_flags)
{
	cfg->backend = back.fd;
	cfg->far = back.far;
	rig_make(_metadata, &rig, cfg, pkt_flags);
	XT_OK(xg_net_start(&rig.net));
}

static void stop(struct __test_metadata *_metadata)
{
	XT_OK(xg_net_stop(&rig.net));
	rig_close(&rig);
	xt_backend_close(&back);
}

#define DROPS(queue, drops) do {						\
	if (rig.dev) {								\
		struct xg_stats s_ = rig_stats(_metadata, &rig, queue);		\
										\
		EXPECT_EQ((uint64_t)(drops), xg_stats_drops(&s_));		\
	}									\
} while (0)

static void both_ways(struct __test_metadata *_metadata, uint64_t features, uint32_t rx_buf)
{
	struct xg_net_cfg cfg = { .features = features, .rx_buf = rx_buf };

	open_back(_metadata, features, 0);
	start(_metadata, &cfg, 0);
	rig_tx(_metadata, &rig, 60, 13, 100);
	rig_rx(_metadata, &rig, 60, 13, 100);
	rig.shuffle = true;
	rig_tx(_metadata, &rig, 60, 40, 25);
	RIG_COUNT(125, &rig, XG_TX, PACKETS);
	RIG_COUNT(125, &rig, XG_TX, BATCHES);
	RIG_COUNT(100, &rig, XG_RX, PACKETS);
	DROPS(XG_TX, 0);
	DROPS(XG_RX, 0);
	if (rig.dev) {
		struct xg_stats s = rig_stats(_metadata, &rig, XG_RX);

		EXPECT_STREQ("near0", s.backend);
	}
	stop(_metadata);
}

TEST(header_of_the_socket)
{
	both_ways(_metadata, OWN_HDR, 2048);
}

TEST(header_of_vhost)
{
	both_ways(_metadata, VHOST_HDR, 2048);
}

TEST(header_of_vhost_legacy)
{
	both_ways(_metadata, XG_F_EVENT_IDX | XG_F_NET_HDR, 2048);
}

TEST(many_buffers_for_a_frame)
{
	both_ways(_metadata, VHOST_HDR, 200);
}

/* Segmentation is left to whoever comes later, both ways. */
TEST(gso)
{
	struct xg_net_cfg cfg = {
		.features = OWN_HDR, .tx_buf = XG_MAX_FRAME + 12, .rx_buf = XG_MAX_FRAME + 12,
	};
	struct virtio_net_hdr_v1 hdr;
	struct virtio_net_hdr far;
	struct xg_rx info;
	unsigned int i;

	open_back(_metadata, OWN_HDR, 0);
	start(_metadata, &cfg, XG_PKT_VNET_HDR);
	for (i = 0; i < 10; i++) {
		unsigned int payload = 2000 + i * 6000;
		unsigned int len = ip_tcp_frame(rig.frame, false, payload, i);

		ip_gso_header(&hdr, false, 1448);
		XT_OK(xg_net_tx(&rig.net, &hdr, rig.frame, len));
		ASSERT_EQ((ssize_t)(len + sizeof(far)),
			  xg_pkt_recv(rig.pkt, rig.frame, sizeof(rig.frame), PATIENCE));
		memcpy(&far, rig.frame, sizeof(far));
		ASSERT_EQ(VIRTIO_NET_HDR_GSO_TCPV4, far.gso_type);
		ASSERT_TRUE(ip_tcp_check(rig.frame + sizeof(far), false, payload, i));
		XT_OK(xg_pkt_send(rig.pkt, rig.frame, len + sizeof(far)));
		ASSERT_EQ((ssize_t)len, xg_net_rx(&rig.net, rig.frame, sizeof(rig.frame), &info,
						  PATIENCE)) TH_LOG("%s", xg_step());
		ASSERT_EQ(VIRTIO_NET_HDR_GSO_TCPV4, info.hdr.gso_type);
		ASSERT_TRUE(ip_tcp_check(rig.frame, false, payload, i));
	}
	stop(_metadata);
}

/* Longer than the device takes: dropped and counted, those around it are not. */
TEST(longer_than_mtu)
{
	struct xg_net_cfg cfg = { .features = VHOST_HDR, .tx_buf = 10000 };
	unsigned int i;

	open_back(_metadata, VHOST_HDR, 0);
	start(_metadata, &cfg, 0);
	for (i = 0; i < 20; i++) {
		rig_add(_metadata, &rig, 1514, 1);
		rig_add(_metadata, &rig, 1519 + i * 400, 2);
		rig_add(_metadata, &rig, 60, 3);
		rig_push(_metadata, &rig.net.vq[XG_TX]);
		rig_expect(_metadata, &rig, 1514, 1);
		rig_expect(_metadata, &rig, 60, 3);
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	}
	RIG_COUNT(40, &rig, XG_TX, PACKETS);
	RIG_COUNT(20, &rig, XG_TX, DROP_BACKEND);
	DROPS(XG_TX, 20);
	stop(_metadata);
}

static void too_small(struct __test_metadata *_metadata, uint64_t features)
{
	struct xg_net_cfg cfg = { .features = features, .rx_buf = 256 };
	unsigned int i;

	open_back(_metadata, features, 0);
	start(_metadata, &cfg, 0);
	for (i = 0; i < 20; i++) {
		rig_send(_metadata, &rig, 60 + i, 1);
		rig_send(_metadata, &rig, 260 + i * 60, 2);
		rig_send(_metadata, &rig, 240, 3);
		rig_take(_metadata, &rig, 60 + i, 1);
		rig_take(_metadata, &rig, 240, 3);
	}
	RIG_COUNT(40, &rig, XG_RX, PACKETS);
	RIG_COUNT(20, &rig, XG_RX, DROP_TOO_SMALL);
	DROPS(XG_RX, 20);
	stop(_metadata);
}

/* Longer than the guest's buffers. */
TEST(buffers_too_small)
{
	too_small(_metadata, OWN_HDR);
	too_small(_metadata, XG_F_EVENT_IDX | XG_F_NET_HDR);
}

/* The device goes down and up: the socket tells, nothing else happens. */
TEST(down_and_up)
{
	struct xg_net_cfg cfg = { .features = VHOST_HDR };
	unsigned int i, round;

	open_back(_metadata, VHOST_HDR, 0);
	start(_metadata, &cfg, 0);
	for (round = 0; round < 3; round++) {
		rig_rx(_metadata, &rig, 60, 13, 20);
		rig_tx(_metadata, &rig, 60, 13, 20);
		XT_OK(xg_link_updown("near0", false));
		/* With the second of them the socket has an error when frames come again. */
		for (i = 0; round != 1 && i < 50; i++)
			rig_add(_metadata, &rig, 64, 1);
		rig_push(_metadata, &rig.net.vq[XG_TX]);
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
		XT_OK(xg_link_updown("near0", true));
		XT_OK(xg_link_wait("near0"));
		rig_rx(_metadata, &rig, 60, 13, 20);
	}
	RIG_COUNT(120, &rig, XG_RX, PACKETS);
	RIG_COUNT(60, &rig, XG_TX, PACKETS);
	RIG_COUNT(100, &rig, XG_TX, DROP_BACKEND);
	DROPS(XG_RX, 0);
	stop(_metadata);
}

/* As does one that is bound to nothing: there is nowhere to send to. */
TEST(bound_to_nothing)
{
	struct xg_net_cfg cfg = { .features = VHOST_HDR };
	unsigned int i;
	int fd;

	open_back(_metadata, VHOST_HDR, 0);
	start(_metadata, &cfg, 0);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	ASSERT_LE(0, fd);
	XT_OK(xg_ioctl_net_set_backend(rig.net.fd, XG_TX, fd));
	for (i = 0; i < 50; i++)
		rig_add(_metadata, &rig, 64, 1);
	rig_push(_metadata, &rig.net.vq[XG_TX]);
	XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	RIG_COUNT(50, &rig, XG_TX, DROP_BACKEND);
	if (rig.dev) {
		struct xg_stats s = rig_stats(_metadata, &rig, XG_TX);

		EXPECT_STREQ("", s.backend);
	}
	close(fd);
	stop(_metadata);
}

/* A socket with an error is no backend until somebody has asked for that. */
TEST(error_before_start)
{
	struct xg_net_cfg cfg = { .features = VHOST_HDR };
	socklen_t len = sizeof(int);
	int err;

	open_back(_metadata, VHOST_HDR, 0);
	start(_metadata, &cfg, 0);
	XT_OK(xg_net_stop(&rig.net));
	XT_OK(xg_link_updown("near0", false));
	XT_ERR(-EINVAL, xg_ioctl_net_set_backend(rig.net.fd, XG_TX, back.fd));
	XT_OK(xg_link_updown("near0", true));
	XT_OK(xg_link_wait("near0"));
	XT_ERR(-EINVAL, xg_ioctl_net_set_backend(rig.net.fd, XG_RX, back.fd));
	ASSERT_EQ(0, getsockopt(back.fd, SOL_SOCKET, SO_ERROR, &err, &len));
	EXPECT_EQ(ENETDOWN, err);
	XT_OK(xg_net_start(&rig.net));
	rig_rx(_metadata, &rig, 60, 13, 20);
	stop(_metadata);
}

/* Make the device slow. Returns false where the kernel cannot do that. */
static bool shape(struct __test_metadata *_metadata, const char *how)
{
	char command[160];
	bool unknown;

	snprintf(command, sizeof(command),
		 "tc qdisc add dev near0 root tbf %s 2>&1 | grep -q 'kind is unknown'", how);
	unknown = !system(command);
	if (!unknown) {
		/* It is there, whatever was said. */
		snprintf(command, sizeof(command), "tc qdisc show dev near0 | grep -q tbf");
		ASSERT_EQ(0, system(command)) TH_LOG("tbf %s", how);
	}
	return !unknown;
}

/* A send buffer for a few frames and a slow device: the queue waits, nothing is lost. */
TEST(limited_send_buffer)
{
	struct xg_net_cfg cfg = { .features = VHOST_HDR };
	unsigned int i;

	open_back(_metadata, VHOST_HDR, 10000);
	start(_metadata, &cfg, 0);
	if (!shape(_metadata, "rate 4mbit burst 3000 limit 1000000"))
		SKIP(return, "this kernel has no tbf (CONFIG_NET_SCH_TBF)");
	for (i = 0; i < 200; i++)
		rig_add(_metadata, &rig, 1000, i);
	rig_push(_metadata, &rig.net.vq[XG_TX]);
	for (i = 0; i < 200; i++)
		rig_expect(_metadata, &rig, 1000, i);
	XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	RIG_COUNT(200, &rig, XG_TX, PACKETS);
	DROPS(XG_TX, 0);
	if (rig.dev)
		EXPECT_LT(0, rig_count(_metadata, &rig, XG_TX, C(BACKEND_FULL)));
	stop(_metadata);
}

/* A device that has no room drops frames: they are counted, none is sent again. */
TEST(device_full)
{
	struct xg_net_cfg cfg = { .features = VHOST_HDR };
	unsigned int i, got = 0;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net sends such a frame again and again");
	open_back(_metadata, VHOST_HDR, 0);
	start(_metadata, &cfg, 0);
	if (!shape(_metadata, "rate 1mbit burst 2000 limit 5000"))
		SKIP(return, "this kernel has no tbf (CONFIG_NET_SCH_TBF)");
	for (i = 0; i < 100; i++)
		rig_add(_metadata, &rig, 1000, i);
	rig_push(_metadata, &rig.net.vq[XG_TX]);
	XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	while (xg_pkt_recv(rig.pkt, rig.frame, sizeof(rig.frame), got ? 1000 : PATIENCE) > 0)
		got++;
	EXPECT_LT(0, got);
	EXPECT_GT(100, got);
	RIG_COUNT(got, &rig, XG_TX, PACKETS);
	RIG_COUNT(100 - got, &rig, XG_TX, DROP_NO_MEMORY);
	stop(_metadata);
}

/*
 * The busy poll sees a frame that comes, and only then. The limit is never
 * reached: a worker that took an empty queue for one with frames would go round
 * for ever, and one that took it the other way round would let frames wait.
 */
TEST(busy_polling)
{
	struct xg_net_cfg cfg = { .features = VHOST_HDR };
	uint64_t yields;
	unsigned int i;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net looks at such a socket the wrong way round");
	open_back(_metadata, VHOST_HDR, 0);
	start(_metadata, &cfg, 0);
	XT_OK(xg_ioctl_set_busyloop(rig.net.fd, XG_RX, 600000000));
	rig_rx(_metadata, &rig, 60, 1, 1);
	xt_msleep(200);
	yields = rig_count(_metadata, &rig, XG_RX, C(YIELDS));
	for (i = 0; i < 30; i++) {
		xt_msleep(10);
		rig_rx(_metadata, &rig, 60, 1, 1);
	}
	EXPECT_EQ(yields, rig_count(_metadata, &rig, XG_RX, C(YIELDS)));
	/* Nor does it keep the other queue from its work meanwhile. */
	rig_tx(_metadata, &rig, 60, 1, 5);
	XT_OK(xg_ioctl_set_busyloop(rig.net.fd, XG_RX, 0));
	XT_OK(xg_vq_kick_always(&rig.net.vq[XG_RX]));
	rig_rx(_metadata, &rig, 60, 1, 5);
	stop(_metadata);
}

static void tagged(struct __test_metadata *_metadata, uint64_t features, uint32_t rx_buf)
{
	static const uint8_t tag[4] = { 0x81, 0x00, 0x20, 0x2a };
	struct xg_net_cfg cfg = { .features = features, .rx_buf = rx_buf };
	uint8_t want[1600];
	unsigned int len;

	open_back(_metadata, features, 0);
	start(_metadata, &cfg, 0);
	for (len = 60; len < 1500; len += 131) {
		struct xg_rx info;

		xg_frame_fill(want, len, len);
		memmove(want + 16, want + 12, len - 12);
		memcpy(want + 12, tag, 4);
		/* In */
		XT_OK(xg_pkt_send(rig.pkt, want, len + 4));
		ASSERT_EQ((ssize_t)len + 4, xg_net_rx(&rig.net, rig.frame, sizeof(rig.frame),
						      &info, PATIENCE)) TH_LOG("%s", xg_step());
		ASSERT_EQ(0, memcmp(want, rig.frame, len + 4)) TH_LOG("%u bytes", len);
		ASSERT_EQ(0, info.hdr.gso_type);
		/* and out. */
		XT_OK(xg_net_tx(&rig.net, NULL, want, len + 4));
		ASSERT_EQ((ssize_t)len + 4,
			  xg_pkt_recv(rig.pkt, rig.frame, sizeof(rig.frame), PATIENCE));
		ASSERT_EQ(0, memcmp(want, rig.frame, len + 4));
		rig_rx(_metadata, &rig, len, 1, 2);
	}
	DROPS(XG_RX, 0);
	stop(_metadata);
}

/* The socket takes a VLAN tag out of a frame; the guest finds it where it was. */
TEST(vlan_tag)
{
	if (!xt_is_xnet())
		SKIP(return, "vhost-net drops tagged frames of a packet socket");
	tagged(_metadata, OWN_HDR, 2048);
	tagged(_metadata, VHOST_HDR, 2048);
	tagged(_metadata, VHOST_HDR, 26);
	tagged(_metadata, VHOST_HDR, 128);
}

/*
 * A socket whose send buffer has no limit, as that of a tap of QEMU's: it takes
 * no batches all the same. The default applies to sockets made from now on.
 */
TEST(unlimited_send_buffer)
{
	static const char path[] = "/proc/sys/net/core/wmem_default";
	struct xg_net_cfg cfg = { .features = VHOST_HDR };
	char old[32];
	int fd = open(path, O_RDWR), sndbuf = 0;
	socklen_t len = sizeof(sndbuf);
	ssize_t n;

	ASSERT_LE(0, fd);
	n = read(fd, old, sizeof(old));
	ASSERT_LT(0, n);
	ASSERT_EQ(10, pwrite(fd, "2147483647", 10, 0));
	XT_OK(xg_netns());
	XT_OK(xt_backend_open(&back, XT_PACKET, 0, &(struct xg_tap_cfg){ .no_vnet_hdr = true }));
	ASSERT_EQ(n, pwrite(fd, old, n, 0));
	close(fd);
	ASSERT_EQ(0, getsockopt(back.fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, &len));
	ASSERT_EQ(0x7fffffff, sndbuf);
	if (!xt_is_xnet())
		SKIP(return, "vhost-net hands such a socket what only a tap understands");
	start(_metadata, &cfg, 0);
	rig_tx(_metadata, &rig, 60, 13, 100);
	RIG_COUNT(100, &rig, XG_TX, PACKETS);
	stop(_metadata);
}

static void *thief(void *data)
{
	struct xt_traffic *t = data;
	char frame[2000];

	while (!atomic_load(&t->stop)) {
		recv(back.fd, frame, sizeof(frame), MSG_DONTWAIT);
		sched_yield();
	}
	return NULL;
}

/* Somebody else reads the socket: what the guest gets is whole. */
TEST(shared_socket)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = VHOST_HDR };
	pthread_t thread;
	struct xt_traffic t;
	struct xg_net second;

	open_back(_metadata, VHOST_HDR, 0);
	cfg.backend = back.fd;
	cfg.far = back.far;
	XT_OK(xt_traffic_open(&t, &cfg));
	XT_OK(xg_net_open(&second, &cfg));
	XT_OK(xg_net_start(&second));
	t.lossy = true;
	XT_OK(xt_traffic_start(&t));
	ASSERT_EQ(0, pthread_create(&thread, NULL, thief, &t));
	xt_msleep(3000);
	EXPECT_EQ(0, xt_traffic_stop(&t)) TH_LOG("%s", xt_traffic_step(&t));
	pthread_join(thread, NULL);
	EXPECT_LT(0, atomic_load(&t.flow[XG_RX].frames));
	XT_OK(xg_net_stop(&second));
	xg_net_close(&second);
	xt_traffic_settle(&t);
	EXPECT_EQ(0, xt_traffic_check(&t)) TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
	xt_backend_close(&back);
}

/* The device is deleted while frames pass: buffers come back, nothing hangs. */
TEST(deleted)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = VHOST_HDR };
	struct xt_traffic t;

	open_back(_metadata, VHOST_HDR, 0);
	cfg.backend = back.fd;
	cfg.far = back.far;
	XT_OK(xt_traffic_open(&t, &cfg));
	t.lossy = true;
	XT_OK(xg_pkt_queue(t.rx_pkt));
	XT_OK(xt_traffic_start(&t));
	xt_msleep(100);
	XT_OK(xg_link_delete("near0"));
	xt_msleep(300);
	EXPECT_EQ(0, xt_traffic_stop(&t)) TH_LOG("%s", xt_traffic_step(&t));
	XT_OK(xg_net_stop(&t.net));
	xt_traffic_close(&t);
	xt_backend_close(&back);
}

/* It is known by the device that it is bound to. */
TEST(name)
{
	struct xg_net_cfg cfg = { .features = OWN_HDR };
	struct xg_stats s;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net tells nothing of its backends");
	open_back(_metadata, OWN_HDR, 0);
	start(_metadata, &cfg, 0);
	s = rig_stats(_metadata, &rig, XG_RX);
	EXPECT_STREQ(back.near_name, s.backend);
	stop(_metadata);
}

TEST_HARNESS_MAIN
