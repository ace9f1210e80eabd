// SPDX-License-Identifier: GPL-2.0-only
/* What vhost-net once did wrong with rings and memory; each test is named after its CVE. */
#include "rig.h"

static struct rig rig;

static void open_with(struct __test_metadata *_metadata, const struct xg_net_cfg *cfg)
{
	XT_OK(xg_netns());
	rig_open(_metadata, &rig, cfg);
}

/* Write or compare a frame that lies across two regions of memory. */
static uint8_t *across(struct xg_net *net, uint64_t gpa)
{
	return xg_mem_ptr(&net->mem, gpa, 1);
}

/* The length of a descriptor that crosses from one region to the next. */
TEST(cve_2013_0311)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN, .num = 256, .regions = 8, .mem_size = 8 << 20,
		.rx_bufs = 1,
	};
	const struct xg_region *second;
	struct xg_vq *tx, *rx;
	unsigned int before, len = 900, i;
	uint64_t start;

	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &cfg, 0);
	rig_no_buffers(_metadata, &rig);
	tx = &rig.net.vq[XG_TX];
	rx = &rig.net.vq[XG_RX];
	second = &rig.net.mem.region[5];
	for (before = 1; before < len + 12; before += 13) {
		struct xg_seg seg;
		struct xg_used used;

		start = second->gpa - before;
		seg = (struct xg_seg){ .gpa = start, .len = len + 12 };
		xg_frame_fill(rig.frame, len, before);
		for (i = 0; i < len + 12; i++)
			*across(&rig.net, start + i) = i < 12 ? 0 : rig.frame[i - 12];
		ASSERT_LE(0, xg_vq_add(tx, &seg, 1, NULL, 0));
		rig_push(_metadata, tx);
		rig_expect(_metadata, &rig, len, before);
		ASSERT_EQ(1, xg_vq_wait(tx, PATIENCE));
		ASSERT_EQ(1, xg_vq_pop(tx, &used));

		seg.write = true;
		for (i = 0; i < len + 12; i++)
			*across(&rig.net, start + i) = 0xee;
		ASSERT_LE(0, xg_vq_add(rx, &seg, 1, NULL, 0));
		rig_push(_metadata, rx);
		rig_send(_metadata, &rig, len, before + 1);
		ASSERT_EQ(1, xg_vq_wait(rx, PATIENCE));
		ASSERT_EQ(1, xg_vq_pop(rx, &used));
		ASSERT_EQ(len + 12, used.len);
		for (i = 0; i < len; i++)
			rig.frame[i] = *across(&rig.net, start + 12 + i);
		ASSERT_EQ(-1, xg_frame_check(rig.frame, len, before + 1));
	}
}

/* ... and into a hole between regions: no byte of it is used. */
TEST(cve_2013_0311_hole)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN, .num = 256, .regions = 8, .mem_size = 8 << 20,
		.hole = 4096,
	};
	const struct xg_region *g;
	struct xg_seg seg;

	open_with(_metadata, &cfg);
	rig_tx(_metadata, &rig, 64, 1, 10);
	g = &rig.net.mem.region[5];
	/* From region 5 over the hole into region 6. */
	seg = (struct xg_seg){ .gpa = g->gpa + g->size - 500, .len = 500 + 4096 + 500 };
	ASSERT_LE(0, xg_vq_add(&rig.net.vq[XG_TX], &seg, 1, NULL, 0));
	rig_push(_metadata, &rig.net.vq[XG_TX]);
	EXPECT_EQ(1, xg_event_wait(rig.net.vq[XG_TX].err_fd, PATIENCE));
	rig_silent(_metadata, &rig);
	if (rig.dev)
		EXPECT_EQ(VHOST_XNET_FAULT_ADDRESS, rig_stats(_metadata, &rig, XG_TX).fault);
	rig_rx(_metadata, &rig, 64, 1, 10);
}

/* A malformed receive buffer: the error is seen, and no frame is written anywhere. */
TEST(cve_2014_0055)
{
	struct xg_net_cfg cfg = { .features = XG_F_MODERN, .num = 16 };
	struct xg_vq *vq = &rig.net.vq[XG_RX];

	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &cfg, 0);
	rig_no_buffers(_metadata, &rig);
	vq->split.avail->ring[vq->avail++ & 15] = 16;
	xg_vq_publish(vq);
	XT_OK(xg_vq_kick_always(vq));
	rig_send(_metadata, &rig, 64, 1);
	EXPECT_LE(1, xg_event_wait(vq->err_fd, PATIENCE));
	EXPECT_EQ(0, xg_get16(&vq->split.used->idx));
	rig_tx(_metadata, &rig, 64, 1, 10);
}

/* A receive buffer shorter than the frame: nothing is written behind it. */
TEST(cve_2014_0077)
{
	struct xg_net_cfg cfg = { .features = XG_F_VERSION_1, .num = 64, .rx_buf = 4096 };
	struct xg_vq *vq = &rig.net.vq[XG_RX];
	struct xg_seg seg;
	struct xg_used used;
	uint8_t *at;
	int i;

	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &cfg, 0);
	rig_no_buffers(_metadata, &rig);
	at = xg_mem_ptr(&rig.net.mem, rig.net.rx_gpa[0], 4096);
	memset(at, 0xee, 4096);
	seg = (struct xg_seg){ .gpa = rig.net.rx_gpa[0], .len = 100, .write = true };
	ASSERT_LE(0, xg_vq_add(vq, &seg, 1, NULL, 0));
	rig_push(_metadata, vq);
	for (i = 0; i < 20; i++)
		rig_send(_metadata, &rig, 89 + 70 * i, 1);
	rig_send(_metadata, &rig, 70, 2);
	ASSERT_EQ(1, xg_vq_wait(vq, PATIENCE));
	ASSERT_EQ(1, xg_vq_pop(vq, &used));
	EXPECT_EQ(82, used.len);
	EXPECT_EQ(-1, xg_frame_check(at + 12, 70, 2));
	for (i = 100; i < 4096; i++)
		ASSERT_EQ(0xee, at[i]) TH_LOG("byte %d was written", i);
	RIG_COUNT(20, &rig, XG_RX, DROP_TOO_SMALL);
}

/* A batch of completions, and then a frame with over 960 buffers of its own. */
TEST(cve_2018_16880)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN, .num = 2048, .rx_buf = 66, .tap = { .mtu = 65521 },
	};
	unsigned int small, i;

	open_with(_metadata, &cfg);
	for (small = 1; small <= 160; small += small < 60 || small > 70 ? 13 : 1) {
		/* Sent while the queue is stopped, so that they meet in one run. */
		XT_OK(xg_vq_attach(&rig.net.vq[XG_RX], -1));
		for (i = 0; i < small; i++)
			rig_send(_metadata, &rig, 40, i);
		rig_send(_metadata, &rig, 65535, 1000);
		rig_send(_metadata, &rig, 40, 1001);
		XT_OK(xg_vq_attach(&rig.net.vq[XG_RX], rig.net.tap.fd[0]));
		for (i = 0; i < small; i++)
			rig_take(_metadata, &rig, 40, i);
		rig_take(_metadata, &rig, 65535, 1000);
		rig_take(_metadata, &rig, 40, 1001);
	}
	RIG_COUNT(0, &rig, XG_RX, RING_ERRORS);
}

#define USED_PAGES	5	/* of a device area with 2048 entries, wherever it begins */

/* In order: every page of the device area that changes is logged, once that is to be seen. */
TEST(suspected_in_order_log_start)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN | XG_F_IN_ORDER, .num = 2048, .tx_buf = 512,
		.base = 65000, .lenient = true,
	};
	struct xg_vq *vq = &rig.net.vq[XG_TX];
	static uint8_t before[USED_PAGES * 4096], *used;
	unsigned int turn, i, changed = 0;
	struct xg_log log;
	uint64_t gpa;

	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &cfg, 0);
	if (!(rig.net.features & XG_F_IN_ORDER))
		SKIP(return, "the device does not offer IN_ORDER");
	XT_OK(xg_log_open(&log, &rig.net.mem));
	XT_OK(xg_net_log(&rig.net, &log));
	XT_OK(xg_net_start(&rig.net));
	gpa = vq->cfg.device_gpa & ~4095ULL;
	used = xg_mem_ptr(&rig.net.mem, gpa, sizeof(before));
	ASSERT_NE(NULL, used);
	for (turn = 0; turn < 80; turn++) {
		memcpy(before, used, sizeof(before));
		for (i = 0; i < log.words; i++)
			xg_log_take(&log, i);
		for (i = 0; i < 100; i++)
			rig_add(_metadata, &rig, 20, turn * 100 + i);
		rig_push(_metadata, vq);
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
		/* What is seen is logged a moment later, but before the queue stops. */
		XT_OK(xg_vq_attach(vq, -1));
		for (i = 0; i < USED_PAGES; i++) {
			uint64_t page = gpa / 4096 + i;

			if (!memcmp(before + i * 4096, used + i * 4096, 4096))
				continue;
			changed++;
			ASSERT_TRUE(log.base[page / 64] & 1ULL << page % 64)
				TH_LOG("page %u of the device area in turn %u", i, turn);
		}
		XT_OK(xg_vq_attach(vq, rig.net.tap.fd[0]));
	}
	EXPECT_LT(80, changed);
	XT_OK(xg_net_stop(&rig.net));
	xg_log_close(&log);
}

TEST_HARNESS_MAIN
