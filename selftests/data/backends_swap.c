// SPDX-License-Identifier: GPL-2.0-only
/* Backends of every kind take turns on one device while frames pass. */
#include "kinds.h"
#include "rig.h"
#include "traffic.h"

/* No kind has a header of its own, so all agree. */
#define FEATURES	(XG_F_MODERN | XG_F_NET_HDR)

static struct xt_backend back[XT_KINDS];
static struct xt_traffic t;

static void set(struct __test_metadata *_metadata, unsigned int i)
{
	XT_OK(xg_ioctl_net_set_backend(t.net.fd, XG_RX, back[i].fd));
	XT_OK(xg_ioctl_net_set_backend(t.net.fd, XG_TX, back[i].fd));
}

static void turn_to(struct __test_metadata *_metadata, unsigned int i)
{
	close(t.rx_pkt);
	close(t.tx_pkt);
	t.rx_pkt = xg_pkt_open(back[i].far, XG_PKT_SEND_ONLY);
	t.tx_pkt = xg_pkt_open(back[i].far, 0);
	ASSERT_LE(0, t.rx_pkt);
	ASSERT_LE(0, t.tx_pkt);
}

TEST(kinds_under_traffic)
{
	struct xg_net_cfg cfg = { .path = xt_dev(), .features = FEATURES };
	struct xg_tap_cfg tap = { .no_vnet_hdr = true };
	struct xg_stats tx = { 0 }, rx = { 0 };
	unsigned int i, round;
	uint64_t sent;
	int dev = 0;

	XT_OK(xg_netns());
	for (i = 0; i < XT_KINDS; i++)
		XT_OK(xt_backend_open(&back[i], i, i, &tap));
	cfg.backend = back[XT_TAP].fd;
	cfg.far = back[XT_TAP].far;
	XT_OK(xt_traffic_open(&t, &cfg));
	if (xt_is_xnet()) {
		dev = xg_stats_dev(getpid());
		ASSERT_LT(0, dev);
	}
	t.lossy = true;
	XT_OK(xt_traffic_start(&t));
	for (round = 0; round < 40; round++)
		for (i = 0; i < XT_KINDS; i++)
			set(_metadata, i);
	EXPECT_EQ(0, xt_traffic_stop(&t)) TH_LOG("%s", xt_traffic_step(&t));
	XT_OK(xg_net_tx_wait(&t.net, PATIENCE));
	sent = atomic_load(&t.flow[XG_TX].frames);
	EXPECT_LT(0, sent);
	if (dev) {
		/* Each frame of the guest's was sent, or dropped and counted. */
		XT_OK(xg_stats_read(dev, XG_TX, &tx));
		XT_OK(xg_stats_read(dev, XG_RX, &rx));
		EXPECT_EQ(sent, tx.c[C(PACKETS)] + xg_stats_drops(&tx));
		EXPECT_EQ(0, tx.c[C(RING_ERRORS)] + rx.c[C(RING_ERRORS)]);
	}
	/* And each kind works when it has its turn for good. */
	for (i = 0; i < XT_KINDS; i++) {
		set(_metadata, i);
		xt_traffic_settle(&t);
		turn_to(_metadata, i);
		/* Pattern frames do not reach an ipvtap. Nor does a flow choose a queue. */
		if (i == XT_IPVTAP || i == XT_TAP_QUEUE)
			continue;
		EXPECT_EQ(0, xt_traffic_check(&t))
			TH_LOG("%s: %s", xt_kind_name(i), xt_traffic_step(&t));
	}
	xt_traffic_close(&t);
	for (i = 0; i < XT_KINDS; i++)
		xt_backend_close(&back[i]);
}

/*
 * The same with frames going to the far end of each kind in turn: what is sent
 * while a kind has its turn comes out there.
 */
TEST(kinds_in_turn)
{
	struct xg_net_cfg cfg = { .features = FEATURES };
	struct xg_tap_cfg tap = { .no_vnet_hdr = true };
	static struct rig rig;
	unsigned int i, round;

	XT_OK(xg_netns());
	for (i = 0; i < XT_KINDS; i++)
		XT_OK(xt_backend_open(&back[i], i, i, &tap));
	cfg.backend = back[0].fd;
	cfg.far = back[0].far;
	rig_open(_metadata, &rig, &cfg);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < XT_KINDS; i++) {
			XT_OK(xg_ioctl_net_set_backend(rig.net.fd, XG_RX, back[i].fd));
			XT_OK(xg_ioctl_net_set_backend(rig.net.fd, XG_TX, back[i].fd));
			close(rig.pkt);
			rig.pkt = xg_pkt_open(back[i].far, 0);
			ASSERT_LE(0, rig.pkt);
			rig_tx(_metadata, &rig, 60, 13, 50);
			if (i != XT_IPVTAP && i != XT_TAP_QUEUE)
				rig_rx(_metadata, &rig, 60, 13, 50);
			if (rig.dev) {
				struct xg_stats s = rig_stats(_metadata, &rig, XG_TX);

				EXPECT_STREQ(back[i].near_name, s.backend);
			}
		}
	}
	rig_close(&rig);
	for (i = 0; i < XT_KINDS; i++)
		xt_backend_close(&back[i]);
}

TEST_HARNESS_MAIN
