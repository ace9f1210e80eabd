// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every byte of received frames of every size that a tap can be given: 14 to
 * 65535 bytes, which is what its largest MTU allows.
 *
 * Time limit: 300 s
 */
#include "rig.h"

#define BATCH	32
#define LARGEST	65535

static struct rig rig;

FIXTURE(sizes) { struct rig *r; };

FIXTURE_VARIANT(sizes) {
	uint64_t features;
	unsigned int step;
	uint32_t rx_buf;
	unsigned int rx_segs;
};

FIXTURE_VARIANT_ADD(sizes, mergeable) {
	.features = XG_F_MODERN, .step = 1, .rx_buf = 4096,
};

FIXTURE_VARIANT_ADD(sizes, mergeable_odd_buffers) {
	.features = XG_F_MODERN, .step = 5, .rx_buf = 1531, .rx_segs = 3,
};

FIXTURE_VARIANT_ADD(sizes, big_buffers) {
	.features = XG_F_VERSION_1 | XG_F_EVENT_IDX | XG_F_INDIRECT, .step = 7,
	.rx_buf = LARGEST + 12, .rx_segs = 18,
};

FIXTURE_VARIANT_ADD(sizes, legacy) {
	.features = 0, .step = 7, .rx_buf = LARGEST + 12,
};

FIXTURE_VARIANT_ADD(sizes, own_header) {
	.features = XG_F_MODERN | XG_F_NET_HDR, .step = 7, .rx_buf = 2048,
};

FIXTURE_SETUP(sizes)
{
	struct xg_net_cfg cfg = {
		.features = variant->features,
		.rx_buf = variant->rx_buf,
		.rx_segs = variant->rx_segs,
		.table_len = variant->features & XG_F_INDIRECT ? 32 : 0,
		.rx_chain = {
			.indirect = variant->rx_segs && variant->features & XG_F_INDIRECT,
		},
		.num = 512,
		.tap = { .mtu = LARGEST - ETH_LEN },
	};

	XT_OK(xg_netns());
	self->r = &rig;
	rig_open(_metadata, self->r, &cfg);
}

FIXTURE_TEARDOWN(sizes)
{
	rig_close(self->r);
}

TEST_F_TIMEOUT(sizes, all, 150)
{
	unsigned int step = variant->step, frames = (LARGEST - ETH_LEN) / step + 1, done, n;
	struct rig *r = self->r;
	struct xg_stats s;

	for (done = 0; done < frames; done += n) {
		n = frames - done < BATCH ? frames - done : BATCH;
		rig_rx(_metadata, r, ETH_LEN + done * step, step, n);
	}
	rig_rx(_metadata, r, LARGEST, 0, 1);
	RIG_COUNT(frames + 1, r, XG_RX, PACKETS);
	s = rig_stats(_metadata, r, XG_RX);
	if (r->dev)
		EXPECT_EQ(0, xg_stats_drops(&s));
	XT_OK(xg_net_stop(&r->net));
}

TEST_HARNESS_MAIN
