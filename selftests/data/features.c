// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every combination of the features that change what a frame or a ring looks
 * like, with frames whose sizes lie around every border.
 *
 * Time limit: 300 s
 */
#include "rig.h"

static const uint64_t bit[] = {
	XG_F_VERSION_1, XG_F_MRG_RXBUF, XG_F_NET_HDR, XG_F_INDIRECT, XG_F_EVENT_IDX,
	XG_F_NOTIFY_ON_EMPTY,
};

#define BITS		ARRAY_SIZE(bit)
#define COMBINATIONS	64
#define PARTS		4

static const unsigned int size[] = {
	14, 15, 60, 64, 127, 128, 129, 1500, 1514, 2036, 2038, 2047, 2048, 2049, 3600, 3700,
	3776, 3840, 4081, 4082, 4084, 4095, 4096, 4097, 8192, 9014, 16384, 32767, 65535,
};

#define SIZES	ARRAY_SIZE(size)

static struct rig rig;

static uint64_t features_of(unsigned int combination)
{
	uint64_t f = 0;
	unsigned int i;

	for (i = 0; i < BITS; i++)
		if (combination & 1 << i)
			f |= bit[i];
	return f;
}

/* Both ways, many frames for a kick and one by one. */
static void traffic(struct __test_metadata *_metadata, struct rig *r)
{
	unsigned int i;

	for (i = 0; i < SIZES; i++)
		rig_add(_metadata, r, size[i], r->seed + i);
	rig_push(_metadata, &r->net.vq[XG_TX]);
	for (i = 0; i < SIZES; i++)
		rig_send(_metadata, r, size[i], r->seed + i);
	for (i = 0; i < SIZES; i++)
		rig_expect(_metadata, r, size[i], r->seed + i);
	XT_OK(xg_net_tx_wait(&r->net, PATIENCE));
	for (i = 0; i < SIZES; i++)
		rig_take(_metadata, r, size[i], r->seed + i);
	r->seed += SIZES;
	for (i = 0; i < SIZES; i += 5) {
		rig_tx(_metadata, r, size[i], 0, 1);
		rig_rx(_metadata, r, size[i], 0, 1);
	}
}

static void combination(struct __test_metadata *_metadata, uint64_t features)
{
	static const uint32_t rx_cut[] = { 5, 6, 100 };
	bool merge = features & XG_F_MRG_RXBUF;
	struct xg_net_cfg cfg = {
		.features = features,
		.tx_buf = 65535 + 12,
		.rx_buf = merge ? 2048 : 65535 + 12,
		.num = 256,
		.table_len = features & XG_F_INDIRECT ? 16 : 0,
		.rx_chain = { .indirect = features & XG_F_INDIRECT },
		.rx_bufs = merge ? 256 : 40,
		.tap = { .mtu = 65521 },
	};
	struct rig *r = &rig;

	if (features & (XG_F_VERSION_1 | XG_F_NOTIFY_ON_EMPTY)) {
		cfg.rx_segs = 4;
		cfg.rx_cut = rx_cut;
	}
	if (!cfg.table_len)
		cfg.rx_bufs = merge ? 64 : 40;
	rig_open(_metadata, r, &cfg);
	/* Old drivers keep the header apart, unless they negotiated any layout. */
	r->shuffle = cfg.rx_segs;
	traffic(_metadata, r);
	rig_silent(_metadata, r);
	RIG_COUNT(0, r, XG_TX, RING_ERRORS);
	RIG_COUNT(0, r, XG_RX, RING_ERRORS);
	XT_OK(xg_net_stop(&r->net));
	rig_close(r);
}

static void part(struct __test_metadata *_metadata, unsigned int first)
{
	unsigned int i;

	XT_OK(xg_netns());
	for (i = first; i < COMBINATIONS; i += PARTS)
		combination(_metadata, features_of(i));
}

TEST(plain)
{
	part(_metadata, 0);
}

TEST(version_1)
{
	part(_metadata, 1);
}

TEST(mergeable)
{
	part(_metadata, 2);
}

TEST(version_1_mergeable)
{
	part(_metadata, 3);
}

TEST_HARNESS_MAIN
