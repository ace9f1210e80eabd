// SPDX-License-Identifier: GPL-2.0-only
/* Buffers laid out in every way that the specification allows. */
#include "rig.h"

#define CHAIN_MAX	1024

static struct rig rig;

FIXTURE(layout) { struct rig *r; };

FIXTURE_VARIANT(layout) {
	bool indirect;
	unsigned int num;
};

FIXTURE_VARIANT_ADD(layout, direct) {
	.num = 1024,
};

FIXTURE_VARIANT_ADD(layout, indirect) {
	.num = 16, .indirect = true,
};

FIXTURE_SETUP(layout)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_VERSION_1 | XG_F_EVENT_IDX | XG_F_INDIRECT,
		.num = variant->num,
		.table_len = variant->indirect ? CHAIN_MAX : 0,
		.tx_buf = 8192,
		.rx_buf = 8192,
		.rx_bufs = 2,
		.tap = { .mtu = 9000 },
	};

	XT_OK(xg_netns());
	self->r = &rig;
	rig_make(_metadata, self->r, &cfg, 0);
	rig_no_buffers(_metadata, self->r);
}

FIXTURE_TEARDOWN(layout)
{
	RIG_COUNT(0, self->r, XG_TX, RING_ERRORS);
	RIG_COUNT(0, self->r, XG_RX, RING_ERRORS);
	XT_OK(xg_net_stop(&self->r->net));
	rig_close(self->r);
}

static void send_cut(struct __test_metadata *_metadata, struct rig *r, size_t len,
		     unsigned int n, const uint32_t *cut, struct xg_chain *chain)
{
	xg_frame_fill(r->frame, len, r->seed);
	XT_OK(xg_net_tx_cut(&r->net, NULL, r->frame, len, n, cut, chain));
	rig_expect(_metadata, r, len, r->seed);
	XT_OK(xg_net_tx_wait(&r->net, PATIENCE));
	r->seed++;
}

static const enum xg_order order[] = {
	XG_ORDER_NEXT, XG_ORDER_REVERSE, XG_ORDER_RANDOM,
};

/* The border between two descriptors at every byte of header and addresses. */
TEST_F(layout, header_split)
{
	struct xg_chain chain = { .indirect = variant->indirect };
	struct rig *r = self->r;
	uint32_t cut[2];

	for (cut[0] = 0; cut[0] <= 30; cut[0]++) {
		for (cut[1] = 0; cut[1] <= 12; cut[1] += 3) {
			send_cut(_metadata, r, 100, 3, cut, &chain);
			rig_chain(_metadata, r, 100, 200, 3, cut, &chain);
		}
	}
}

/* The header a byte at a time, or not at all at first. */
TEST_F(layout, header_in_bytes)
{
	struct xg_chain chain = { .indirect = variant->indirect };
	uint32_t cut[40];
	unsigned int i;

	for (i = 0; i < 40; i++)
		cut[i] = i % 3 != 2;
	send_cut(_metadata, self->r, 1000, 41, cut, &chain);
	rig_chain(_metadata, self->r, 1000, 1500, 41, cut, &chain);
}

TEST_F(layout, chain_of_1_to_1024)
{
	struct rig *r = self->r;
	unsigned int n;

	for (n = 1; n <= CHAIN_MAX; n += n < 70 || n > 960 ? 1 : 13) {
		struct xg_chain chain = {
			.indirect = variant->indirect,
			.order = order[n % 3],
			.table_order = xt_is_xnet() ? order[n % 3] : XG_ORDER_NEXT,
			.seed = n,
		};

		send_cut(_metadata, r, 60 + 3 * n, n, NULL, &chain);
		rig_chain(_metadata, r, 60 + 3 * n, 80 + 4 * n, n, NULL, &chain);
	}
}

TEST_F(layout, empty_descriptors)
{
	struct xg_chain chain = { .indirect = variant->indirect };
	uint32_t cut[200] = { 0 };
	struct rig *r = self->r;
	unsigned int at;

	/* All of the frame in one of 200 descriptors, or in two. */
	for (at = 0; at < 200; at += 9) {
		memset(cut, 0, sizeof(cut));
		cut[at] = 5000;
		send_cut(_metadata, r, 700, 201, cut, &chain);
		rig_chain(_metadata, r, 700, 1000, 201, cut, &chain);
		cut[at] = 300;
		send_cut(_metadata, r, 700, 201, cut, &chain);
		rig_chain(_metadata, r, 700, 1000, 201, cut, &chain);
	}
}

TEST_F(layout, random)
{
	struct rig *r = self->r;
	uint32_t cut[MAX_CUTS];
	unsigned int i, n;

	for (i = 0; i < 400; i++) {
		struct xg_chain chain = {
			.indirect = variant->indirect,
			.order = order[rig_random(r) % 3],
			.table_order = xt_is_xnet() ? order[rig_random(r) % 3] : XG_ORDER_NEXT,
			.seed = i + 1,
		};
		unsigned int len = 14 + rig_random(r) % 6000;

		n = 1 + rig_random(r) % MAX_CUTS;
		rig_cuts(r, cut, n, len + r->net.hdr_len);
		send_cut(_metadata, r, len, n, cut, &chain);
		rig_cuts(r, cut, n, 7000);
		rig_chain(_metadata, r, len, 7000, n, cut, &chain);
	}
}

/* Some descriptors in the ring, then one that refers to the rest. */
TEST_F(layout, direct_then_indirect)
{
	struct rig *r = self->r;
	unsigned int direct;

	if (!variant->indirect)
		SKIP(return, "there are no tables in this variant");
	for (direct = 0; direct < 15; direct++) {
		struct xg_chain chain = {
			.indirect = true, .direct = direct, .order = order[direct % 3],
			.seed = 1,
		};

		send_cut(_metadata, r, 900, 20, NULL, &chain);
		rig_chain(_metadata, r, 900, 1000, 20, NULL, &chain);
	}
}

TEST_HARNESS_MAIN
