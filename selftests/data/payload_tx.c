// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every byte of transmitted frames of every size.
 *
 * Time limit: 300 s
 */
#include "rig.h"

#define BATCH	64

static struct rig rig;

FIXTURE(sizes) { struct rig *r; };

FIXTURE_VARIANT(sizes) {
	uint64_t features;
	unsigned int step;
	bool shuffle;
};

/* Each size once where the path differs most, elsewhere one in a few. */
FIXTURE_VARIANT_ADD(sizes, modern) {
	.features = XG_F_MODERN, .step = 1,
};

FIXTURE_VARIANT_ADD(sizes, modern_shuffled) {
	.features = XG_F_MODERN, .step = 5, .shuffle = true,
};

FIXTURE_VARIANT_ADD(sizes, legacy) {
	.features = 0, .step = 7,
};

FIXTURE_VARIANT_ADD(sizes, legacy_any_layout) {
	.features = XG_F_INDIRECT, .step = 7, .shuffle = true,
};

FIXTURE_VARIANT_ADD(sizes, own_header) {
	.features = XG_F_MODERN | XG_F_NET_HDR, .step = 7, .shuffle = true,
};

FIXTURE_SETUP(sizes)
{
	struct xg_net_cfg cfg = {
		.features = variant->features,
		.tx_buf = XG_MAX_FRAME + 12,
		.table_len = variant->features & XG_F_INDIRECT ? 16 : 0,
		.rx_bufs = 1,
		.num = 512,
	};

	XT_OK(xg_netns());
	self->r = &rig;
	rig_open(_metadata, self->r, &cfg);
	self->r->shuffle = variant->shuffle;
}

FIXTURE_TEARDOWN(sizes)
{
	rig_close(self->r);
}

/* From 0 to 65550; what has no whole Ethernet header is dropped and counted. */
TEST_F_TIMEOUT(sizes, all, 150)
{
	unsigned int step = variant->step, frames = XG_MAX_FRAME / step + 1, done, n;
	unsigned int runts = (ETH_LEN + step - 1) / step;
	struct rig *r = self->r;
	struct xg_stats s;

	for (done = 0; done < frames; done += n) {
		n = frames - done < BATCH ? frames - done : BATCH;
		rig_tx(_metadata, r, done * step, step, n);
	}
	/* The largest one, whatever the step. */
	rig_tx(_metadata, r, XG_MAX_FRAME, 0, 1);
	rig_silent(_metadata, r);
	RIG_COUNT(runts, r, XG_TX, DROP_RUNT);
	RIG_COUNT(frames + 1 - runts, r, XG_TX, PACKETS);
	s = rig_stats(_metadata, r, XG_TX);
	if (r->dev)
		EXPECT_EQ(runts, xg_stats_drops(&s));
	XT_OK(xg_net_stop(&r->net));
}

TEST_HARNESS_MAIN
