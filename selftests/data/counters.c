// SPDX-License-Identifier: GPL-2.0-only
/*
 * The figures agree with what happened: frames delivered and frames dropped
 * make up all that were offered, and the other side counts the same.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "rig.h"

#define PAGE	4096

static struct rig rig;

static void open_counted(struct __test_metadata *_metadata, uint64_t features)
{
	struct xg_net_cfg cfg = { .features = features, .num = 256, .tx_buf = 16384 };

	if (!xt_is_xnet())
		SKIP(exit(KSFT_SKIP), "vhost-net has no figures");
	XT_OK(xg_netns());
	rig_open(_metadata, &rig, &cfg);
}

/* Guest memory that its owner has no longer mapped. */
static uint64_t lost_page(struct __test_metadata *_metadata)
{
	uint64_t gpa;

	XT_OK(xg_mem_alloc(&rig.net.mem, -1, PAGE, PAGE, &gpa));
	ASSERT_EQ(0, munmap(xg_mem_ptr(&rig.net.mem, gpa, PAGE), PAGE));
	return gpa;
}

/* One of each kind, in every order, and payload from nowhere between them. */
TEST(transmit_sum)
{
	struct virtio_net_hdr_v1 bad = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 60000,
	};
	unsigned int kind[5] = { 0 }, sent = 0, i;
	struct xg_tap_stats before, after;
	uint64_t bytes = 0, lost;
	struct xg_seg seg[2];
	struct xg_used used;
	struct xg_stats s = { 0 };
	struct xg_vq *vq;

	open_counted(_metadata, XG_F_MODERN);
	vq = &rig.net.vq[XG_TX];
	lost = lost_page(_metadata);
	XT_OK(xg_tap_stats(&rig.net.tap, &before));
	for (i = 0; i < 2000; i++) {
		unsigned int what = rig_random(&rig) % 5, len = 14 + rig_random(&rig) % 9000;

		kind[what]++;
		sent++;
		xg_frame_fill(rig.frame, len, i);
		switch (what) {
		case 0:
		case 1:
			XT_OK(xg_net_tx_add(&rig.net, NULL, rig.frame, len, 1 + what, NULL, NULL));
			bytes += len;
			break;
		case 2:
			XT_OK(xg_net_tx_add(&rig.net, NULL, rig.frame, len % 14, 1, NULL, NULL));
			break;
		case 3:
			XT_OK(xg_net_tx_add(&rig.net, &bad, rig.frame, len, 1, NULL, NULL));
			break;
		default:
			seg[0] = (struct xg_seg){ .gpa = rig.net.tx_gpa[255], .len = 12 };
			seg[1] = (struct xg_seg){ .gpa = lost, .len = 14 + len % 4000 };
			memset(xg_mem_ptr(&rig.net.mem, seg[0].gpa, 12), 0, 12);
			rig_push(_metadata, vq);
			XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
			ASSERT_LE(0, xg_vq_add(vq, seg, 2, NULL, 0));
			rig_push(_metadata, vq);
			ASSERT_EQ(1, xg_vq_wait(vq, PATIENCE));
			ASSERT_EQ(1, xg_vq_pop(vq, &used));
			break;
		}
		if (what == 4 || rig_random(&rig) % 20)
			continue;
		rig_push(_metadata, vq);
		XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
		xg_pkt_drain(rig.pkt);
	}
	rig_push(_metadata, vq);
	XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	s = rig_stats(_metadata, &rig, XG_TX);
	XT_OK(xg_tap_stats(&rig.net.tap, &after));
	EXPECT_EQ(sent, s.c[C(PACKETS)] + xg_stats_drops(&s));
	EXPECT_EQ(kind[0] + kind[1], s.c[C(PACKETS)]);
	EXPECT_EQ(bytes, s.c[C(BYTES)]);
	EXPECT_EQ(kind[2], s.c[C(DROP_RUNT)]);
	EXPECT_EQ(kind[3], s.c[C(DROP_BAD_HEADER)] + s.c[C(DROP_BACKEND)]);
	EXPECT_EQ(kind[4], s.c[C(DROP_FAULT)]);
	EXPECT_EQ(0, s.c[C(RING_ERRORS)]);
	EXPECT_EQ(after.rx_packets - before.rx_packets, s.c[C(PACKETS)]);
}

/* Buffers that cannot be written cost the frame and nothing else. */
TEST(receive_sum)
{
	struct xg_vq *vq = &rig.net.vq[XG_RX];
	unsigned int i, offered = 0;
	struct xg_stats s = { 0 };
	struct xg_seg seg;
	uint64_t lost;

	open_counted(_metadata, XG_F_MODERN);
	lost = lost_page(_metadata);
	rig_rx(_metadata, &rig, 60, 7, 200);
	offered += 200;
	XT_OK(xg_net_stop(&rig.net));
	xg_vq_reset(vq, 0);
	XT_OK(xg_vq_setup(vq));
	rig.net.rx_slots = 0;
	XT_OK(xg_net_start(&rig.net));
	seg = (struct xg_seg){ .gpa = lost, .len = 2048, .write = true };
	ASSERT_LE(0, xg_vq_add(vq, &seg, 1, NULL, 0));
	rig_push(_metadata, vq);
	for (i = 0; i < 10; i++)
		rig_send(_metadata, &rig, 100, i);
	offered += 10;
	ASSERT_TRUE(XT_UNTIL((s = rig_stats(_metadata, &rig, XG_RX)).c[C(PACKETS)] +
			     xg_stats_drops(&s) == offered));
	EXPECT_EQ(200, s.c[C(PACKETS)]);
	EXPECT_EQ(10, s.c[C(DROP_FAULT)]);
	EXPECT_EQ(0, s.c[C(RING_ERRORS)]);
	EXPECT_EQ(200 * 60 + 7 * 200 * 199 / 2, s.c[C(BYTES)]);
}

/* Does the worker sleep? */
static bool asleep(void)
{
	char path[64], line[256] = "", *at;
	pid_t tid;
	FILE *f;

	if (xg_worker_find(getpid(), &tid, 1) != 1)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	f = fopen(path, "re");
	if (!f)
		return false;
	at = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	return at && at[1] == ' ' && at[2] == 'S';
}

/* A worker that sleeps is woken for a kick, and counts it. */
TEST(wakeups)
{
	struct xg_vq *vq = &rig.net.vq[XG_TX];
	uint64_t before;
	unsigned int i;

	open_counted(_metadata, XG_F_VERSION_1);
	for (i = 0; i < 20; i++) {
		/* Asleep, with nothing left to do: the count stands still. */
		do {
			before = rig_count(_metadata, &rig, XG_TX, C(WAKEUPS));
			xt_msleep(20);
		} while (!asleep() ||
			 rig_count(_metadata, &rig, XG_TX, C(WAKEUPS)) != before);
		rig_tx(_metadata, &rig, 60, i, 1);
		ASSERT_EQ(i + 1, vq->kicks);
		EXPECT_LT(before, rig_count(_metadata, &rig, XG_TX, C(WAKEUPS)));
	}
}

/* Every kick and every call is counted, no other is. */
TEST(kicks_and_calls)
{
	struct xg_vq *vq = &rig.net.vq[XG_TX];
	unsigned int i;
	struct xg_stats s = { 0 };

	open_counted(_metadata, XG_F_VERSION_1);
	for (i = 0; i < 300; i++) {
		rig_tx(_metadata, &rig, 60, 0, 1);
		if (i % 3)
			xg_vq_disarm(vq);
		else
			xg_vq_arm(vq, 1);
	}
	/* The last call may still be on its way. */
	XT_UNTIL(rig_count(_metadata, &rig, XG_TX, C(SIGNALS)) +
		 rig_count(_metadata, &rig, XG_TX, C(SIGNALS_SAVED)) >= 300);
	s = rig_stats(_metadata, &rig, XG_TX);
	EXPECT_LE(s.c[C(KICKS)], vq->kicks);
	EXPECT_LT(0, s.c[C(KICKS)]);
	EXPECT_EQ(300, s.c[C(SIGNALS)] + s.c[C(SIGNALS_SAVED)]);
	/* A worker that is not asleep yet may find a frame by itself, so not one each. */
	EXPECT_LT(0, s.c[C(WAKEUPS)]);

	/* Without a reader in between the eventfd holds the sum. */
	xg_event_take(vq->call_fd);
	xg_vq_arm(vq, 1);
	for (i = 0; i < 50; i++) {
		rig_add(_metadata, &rig, 60, i);
		rig_push(_metadata, vq);
		rig_expect(_metadata, &rig, 60, i);
		ASSERT_TRUE(XT_UNTIL(xg_net_tx_reap(&rig.net) == 1));
	}
	XT_UNTIL(rig_count(_metadata, &rig, XG_TX, C(SIGNALS)) +
		 rig_count(_metadata, &rig, XG_TX, C(SIGNALS_SAVED)) >= 350);
	EXPECT_EQ(rig_count(_metadata, &rig, XG_TX, C(SIGNALS)) - s.c[C(SIGNALS)],
		  xg_event_take(vq->call_fd));
}

TEST_HARNESS_MAIN
