// SPDX-License-Identifier: GPL-2.0-only
/* Indices: where a ring starts, wraps, stops and goes on. */
#include "rig.h"

static struct rig rig;

static void open_at(struct __test_metadata *_metadata, struct rig *r, unsigned int num,
		    uint16_t base)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN, .num = num, .base = base,
		.rx_buf = 256, .tx_buf = 256,
	};

	rig_open(_metadata, r, &cfg);
}

static unsigned int base_of(struct __test_metadata *_metadata, struct rig *r,
			    unsigned int queue)
{
	unsigned int base = ~0;

	XT_OK(xg_ioctl_get_vring_base(r->net.fd, queue, &base));
	return base;
}

/* Rings started just before, at and after every border. */
TEST(start_anywhere)
{
	static const uint16_t base[] = { 1, 255, 256, 32767, 32768, 65279, 65534, 65535 };
	static const unsigned int num[] = { 1, 2, 256, 32768 };
	unsigned int i, k;

	XT_OK(xg_netns());
	for (i = 0; i < 4; i++) {
		for (k = 0; k < 8; k++) {
			open_at(_metadata, &rig, num[i], base[k]);
			rig_tx(_metadata, &rig, 64, 0, 1);
			rig_rx(_metadata, &rig, 64, 0, 1);
			rig_tx(_metadata, &rig, 65, 0, num[i] < 150 ? num[i] : 150);
			rig_rx(_metadata, &rig, 65, 0, num[i] < 150 ? num[i] : 150);
			/* Tells of a base that is not where it must be. */
			XT_OK(xg_net_stop(&rig.net));
			EXPECT_EQ((uint16_t)(base[k] + 1 + (num[i] < 150 ? num[i] : 150)),
				  base_of(_metadata, &rig, XG_TX));
			rig_close(&rig);
		}
	}
}

/* More buffers than an index can count. */
TEST(wrap)
{
	unsigned int sent = 0, i;

	XT_OK(xg_netns());
	open_at(_metadata, &rig, 256, 0);
	while (sent < 66000) {
		for (i = 0; i < 250; i++)
			rig_add(_metadata, &rig, 60, sent + i);
		rig_push(_metadata, &rig.net.vq[XG_TX]);
		for (i = 0; i < 250; i++)
			rig_expect(_metadata, &rig, 60, sent + i);
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
		sent += 250;
	}
	RIG_COUNT(sent, &rig, XG_TX, PACKETS);
	XT_OK(xg_net_stop(&rig.net));
	EXPECT_EQ((uint16_t)sent, base_of(_metadata, &rig, XG_TX));
	rig_close(&rig);
}

TEST(wrap_receive)
{
	unsigned int done;

	XT_OK(xg_netns());
	open_at(_metadata, &rig, 256, 60000);
	for (done = 0; done < 8000; done += 250)
		rig_rx(_metadata, &rig, 60, 0, 250);
	XT_OK(xg_net_stop(&rig.net));
	EXPECT_EQ((uint16_t)(60000 + done), base_of(_metadata, &rig, XG_RX));
	rig_close(&rig);
}

/* Buffers that were not used when the queue stopped are used when it goes on. */
TEST(stop_and_go)
{
	unsigned int i;

	XT_OK(xg_netns());
	open_at(_metadata, &rig, 64, 65500);
	for (i = 0; i < 20; i++) {
		rig_rx(_metadata, &rig, 64, 0, 7);
		rig_tx(_metadata, &rig, 64, 0, 7);
		XT_OK(xg_net_stop(&rig.net));
		EXPECT_EQ((uint16_t)(65500 + 7 * (i + 1)), base_of(_metadata, &rig, XG_RX));
		EXPECT_EQ((uint16_t)(65500 + 7 * (i + 1)), base_of(_metadata, &rig, XG_TX));
		/* Sent while nobody serves: not lost, not twice. */
		rig_add(_metadata, &rig, 70, rig.seed);
		xg_vq_publish(&rig.net.vq[XG_TX]);
		rig_silent(_metadata, &rig);
		XT_OK(xg_net_start(&rig.net));
		rig_expect(_metadata, &rig, 70, rig.seed++);
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
		rig_tx(_metadata, &rig, 64, 0, 0);
		XT_OK(xg_net_stop(&rig.net));
		xg_vq_reset(&rig.net.vq[XG_TX], 65500 + 7 * (i + 1));
		XT_OK(xg_vq_setup(&rig.net.vq[XG_TX]));
		XT_OK(xg_net_start(&rig.net));
	}
	rig_close(&rig);
}

TEST_HARNESS_MAIN
