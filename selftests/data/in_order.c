// SPDX-License-Identifier: GPL-2.0-only
/*
 * VIRTIO_F_IN_ORDER: buffers come back in the order in which they were made
 * available, virtio 1.3, 2.7, whatever becomes of their frames.
 */
#include "rig.h"

#define NUM	64

static struct rig rig;

static void open_in_order(struct __test_metadata *_metadata, uint64_t features)
{
	struct xg_net_cfg cfg = {
		.features = features | XG_F_IN_ORDER,
		.num = NUM,
		.tx_buf = 65535 + 12,
		.tap = { .mtu = 65521 },
	};

	XT_OK(xg_netns());
	rig_open(_metadata, &rig, &cfg);
}

static bool offered(void)
{
	uint64_t offer = 0;
	int fd = xg_open(xt_dev());

	xg_ioctl_get_features(fd, &offer);
	close(fd);
	return offer & XG_F_IN_ORDER;
}

#define NOT_OFFERED	"this vhost-net does not offer in-order"

/* Position by position, what came back is what was given; from @from on, @n of them. */
static void check_order(struct __test_metadata *_metadata, struct xg_vq *vq, uint16_t from,
			unsigned int n)
{
	for (; n; n--, from++) {
		unsigned int at = from & (vq->cfg.num - 1);

		ASSERT_EQ(vq->split.avail->ring[at], vq->split.used->ring[at].id)
			TH_LOG("position %u", from);
	}
}

TEST(traffic)
{
	struct rig *r = &rig;
	unsigned int i;

	if (!xt_is_xnet() && !offered())
		SKIP(return, NOT_OFFERED);
	open_in_order(_metadata, XG_F_MODERN);
	for (i = 0; i < 10; i++) {
		rig_tx(_metadata, r, 60, 97, NUM / 2);
		rig_rx(_metadata, r, 60, 97, NUM / 4);
	}
	check_order(_metadata, &r->net.vq[XG_TX], r->net.vq[XG_TX].used - NUM, NUM);
	check_order(_metadata, &r->net.vq[XG_RX], r->net.vq[XG_RX].used - NUM / 2, NUM / 2);
	rig_silent(_metadata, r);
	rig_close(r);
}

/* Frames that are sent in batches, alone, or not at all, in turn. */
TEST(transmit_drops)
{
	struct rig *r = &rig;
	static const size_t len[] = { 60, 5, 40000, 13, 1500, 0, 200, 9000, 14 };
	struct virtio_net_hdr_v1 bad = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 0xfff0, .csum_offset = 16,
	};
	struct xg_vq *vq = &r->net.vq[XG_TX];
	unsigned int i, round, sent;
	uint16_t from;

	if (!xt_is_xnet() && !offered())
		SKIP(return, NOT_OFFERED);
	open_in_order(_metadata, XG_F_MODERN);
	for (round = 0; round < 6; round++) {
		from = vq->avail;
		for (i = sent = 0; i < NUM - 1; i++) {
			bool wrong = i % 7 == 3;

			xg_frame_fill(r->frame, len[i % 9], r->seed + i);
			XT_OK(xg_net_tx_add(&r->net, wrong ? &bad : NULL, r->frame, len[i % 9],
					    1, NULL, NULL));
			/* One that is too short. */
			if (i % 11 == 5)
				vq->split.desc[vq->split.avail->ring[(vq->avail - 1) %
					NUM]].len = 14 + r->net.hdr_len - 1;
		}
		rig_push(_metadata, vq);
		XT_OK(xg_net_tx_wait(&r->net, PATIENCE));
		check_order(_metadata, vq, from, NUM - 1);
		for (i = 0; i < NUM - 1; i++) {
			if (i % 7 == 3 || i % 11 == 5 || len[i % 9] < ETH_LEN)
				continue;
			rig_expect(_metadata, r, len[i % 9], r->seed + i);
			sent++;
		}
		ASSERT_LT(0, sent);
		r->seed += NUM;
	}
	rig_silent(_metadata, r);
	rig_close(r);
}

/* Buffers too small for some of the frames, which are dropped. */
TEST(receive_drops)
{
	struct rig *r = &rig;
	struct xg_vq *vq = &r->net.vq[XG_RX];
	unsigned int i;
	uint16_t from;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net keeps a frame that fits no buffer in another way");
	open_in_order(_metadata, XG_F_VERSION_1 | XG_F_EVENT_IDX);
	from = vq->used;
	for (i = 0; i < NUM; i++) {
		rig_send(_metadata, r, i % 3 == 1 ? 5000 : 100 + i, r->seed + i);
		if (i % 3 != 1)
			rig_take(_metadata, r, 100 + i, r->seed + i);
	}
	check_order(_metadata, vq, from, NUM / 2);
	RIG_COUNT(NUM / 3, r, XG_RX, DROP_TOO_SMALL);
	rig_close(r);
}

TEST_HARNESS_MAIN
