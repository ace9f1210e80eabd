// SPDX-License-Identifier: GPL-2.0-only
/* Rings of every size, direct and indirect, filled and used up more than once. */
#include "rig.h"

#define CHUNK	256

static struct rig rig;

FIXTURE(ring) { struct rig *r; };

FIXTURE_VARIANT(ring) {
	uint64_t features;
};

FIXTURE_VARIANT_ADD(ring, event_idx) {
	.features = XG_F_MODERN,
};

FIXTURE_VARIANT_ADD(ring, flags) {
	.features = XG_F_VERSION_1 | XG_F_INDIRECT,
};

FIXTURE_SETUP(ring)
{
	XT_OK(xg_netns());
	self->r = &rig;
}

FIXTURE_TEARDOWN(ring)
{
}

static void open_sized(struct __test_metadata *_metadata, struct rig *r, uint64_t features,
		       unsigned int num, bool indirect)
{
	struct xg_net_cfg cfg = {
		.features = features,
		.num = num,
		.rx_buf = 256,
		.tx_buf = 256,
		.table_len = indirect ? 4 : 0,
		.rx_segs = indirect ? 3 : 1,
		.rx_chain = { .indirect = indirect },
	};

	rig_open(_metadata, r, &cfg);
}

/* A ring full of frames for one kick; the whole ring is used each time. */
static void fill_tx(struct __test_metadata *_metadata, struct rig *r, unsigned int num,
		    bool indirect)
{
	struct xg_chain chain = { .indirect = true };
	unsigned int i, len;

	for (i = 0; i < num; i++) {
		len = 60 + i % 100;
		xg_frame_fill(r->frame, len, r->seed + i);
		XT_OK(xg_net_tx_add(&r->net, NULL, r->frame, len, indirect ? 3 : 1, NULL,
				    indirect ? &chain : NULL));
	}
	ASSERT_EQ(0, r->net.vq[XG_TX].free);
	rig_push(_metadata, &r->net.vq[XG_TX]);
	for (i = 0; i < num; i++)
		rig_expect(_metadata, r, 60 + i % 100, r->seed + i);
	XT_OK(xg_net_tx_wait(&r->net, PATIENCE));
	r->seed += num;
}

static void fill_rx(struct __test_metadata *_metadata, struct rig *r, unsigned int num)
{
	unsigned int done, n;

	for (done = 0; done < num; done += n) {
		n = num - done < CHUNK ? num - done : CHUNK;
		rig_rx(_metadata, r, 60 + done % 50, 0, n);
	}
}

static void sizes(struct __test_metadata *_metadata, struct rig *r, uint64_t features,
		  bool indirect)
{
	unsigned int num, turns, i;

	for (num = 1; num <= 32768; num *= 2) {
		open_sized(_metadata, r, features, num, indirect);
		turns = num <= 1024 ? 3 : 1;
		for (i = 0; i < turns; i++) {
			fill_tx(_metadata, r, num, indirect);
			fill_rx(_metadata, r, num <= 8192 ? num + 1 : num / 8);
		}
		if (r->dev)
			EXPECT_EQ(num, rig_stats(_metadata, r, XG_TX).size);
		XT_OK(xg_net_stop(&r->net));
		rig_close(r);
	}
}

TEST_F(ring, direct)
{
	sizes(_metadata, self->r, variant->features, false);
}

TEST_F(ring, indirect)
{
	sizes(_metadata, self->r, variant->features, true);
}

TEST_HARNESS_MAIN
