// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log at the edges: of a queue that stops, and of a frame that is lost.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/if_tun.h>

#include "lab.h"

#define ROOM		(4 << 20)

static struct lab lab;
static uint64_t room;

/* A device that has started, with a clean log. */
static void open_lab(struct __test_metadata *_metadata)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN, .num = LAB_NUM, .rx_bufs = 1,
		.tap = { .mtu = 65535 - ETH_LEN },
	};

	lab_make(_metadata, &lab, &cfg);
	XT_OK(xg_mem_alloc(&lab.rig.net.mem, -1, ROOM, XG_LOG_PAGE, &room));
	rig_no_buffers(_metadata, &lab.rig);
	XT_OK(xg_net_log(&lab.rig.net, &lab.log));
	lab_sync(_metadata, &lab);
	memset(lab.bits, 0, lab.log.words * 8);
}

/*
 * A queue that is told to stop as soon as its last buffer is back, with nothing asked
 * of it in between: the last batch is in the log when it has stopped.
 */
TEST(stopped)
{
	struct xg_net *net = &lab.rig.net;
	struct xg_seg seg = { .len = 5000, .write = true };
	struct xg_used used;
	unsigned int i, k, n;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net looks for work, and writes, some time after a start");
	open_lab(_metadata);
	for (i = 0; i < 40; i++) {
		struct xg_vq *vq = &net->vq[i & 1];

		n = 1 + rig_random(&lab.rig) % 100;
		lab_want_used(&lab, i & 1, vq->used, n);
		if (vq == &net->vq[XG_TX]) {
			/* It asks for more when there is no more. */
			lab_want_event(&lab, XG_TX);
			rig_tx(_metadata, &lab.rig, 60, 5, n);
		} else {
			for (k = 0; k < n; k++) {
				seg.gpa = room + k * 8192;
				lab_want_frame(&lab, &seg, 1, 4012);
				ASSERT_LE(0, xg_vq_add(vq, &seg, 1, NULL, 0));
			}
			rig_push(_metadata, vq);
			for (k = 0; k < n; k++)
				rig_send(_metadata, &lab.rig, 4000, lab.rig.seed++);
			ASSERT_LE((int)n, xg_vq_wait_n(vq, n, PATIENCE));
			for (k = 0; k < n; k++)
				ASSERT_EQ(1, xg_vq_pop(vq, &used));
		}
		XT_OK(xg_vq_attach(vq, -1));
		lab_check(_metadata, &lab, "stopped");
		XT_OK(xg_vq_attach(vq, net->tap.fd[0]));
		lab_sync(_metadata, &lab);
		memset(lab.bits, 0, lab.log.words * 8);
	}
	lab_close(&lab);
}

/* A frame that the device is done with, although it is in no buffer, and what of it is logged. */
static void lose(struct __test_metadata *_metadata, size_t len, unsigned int why, const char *what)
{
	uint64_t before = rig_count(_metadata, &lab.rig, XG_RX, why);

	rig_send(_metadata, &lab.rig, len, lab.rig.seed++);
	ASSERT_TRUE(XT_UNTIL(rig_count(_metadata, &lab.rig, XG_RX, why) == before + 1));
	EXPECT_EQ(0, xg_vq_pending(&lab.rig.net.vq[XG_RX]));
	lab_check(_metadata, &lab, what);
}

/* The header that the tap puts before its frames is not of the length that it should be. */
static void header_len(struct __test_metadata *_metadata, int len)
{
	ASSERT_EQ(0, ioctl(lab.rig.net.tap.fd[0], TUNSETVNETHDRSZ, &len));
}

TEST(lost_frames)
{
	struct xg_seg seg[] = {
		{ .len = XG_LOG_PAGE, .write = true }, { .len = XG_LOG_PAGE, .write = true },
		{ .len = 5 * XG_LOG_PAGE, .write = true },
	};
	struct xg_vq *vq = &lab.rig.net.vq[XG_RX];
	struct xg_used used;
	unsigned int i;
	void *hole;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net does not tell when a frame is lost");
	open_lab(_metadata);
	for (i = 0; i < 3; i++)
		seg[i].gpa = room + 10 * i * XG_LOG_PAGE;
	ASSERT_LE(0, xg_vq_add(vq, seg, 3, NULL, 0));
	rig_push(_metadata, vq);
	lab_check(_metadata, &lab, "nothing yet");

	/* Longer than the whole frame: nothing is written. */
	header_len(_metadata, 40000);
	lose(_metadata, 20000, C(DROP_BACKEND), "header too long");
	lose(_metadata, 60, C(DROP_BACKEND), "header too long");
	/* Two bytes shorter, so that the last page is not needed. */
	header_len(_metadata, 10);
	lab_want_frame(&lab, seg, 2, 2 * XG_LOG_PAGE);
	lose(_metadata, 2 * XG_LOG_PAGE - 10, C(DROP_BACKEND), "header too short");
	/* Longer, so that there is no room for the end of the frame. */
	header_len(_metadata, 14);
	lab_want_frame(&lab, seg, 3, 2 * XG_LOG_PAGE + 1);
	lose(_metadata, 2 * XG_LOG_PAGE + 1 - 12, C(DROP_BACKEND), "frame cut off");

	/*
	 * A fault on the way: the first page is written, and the device cannot learn
	 * what else is, as skb_copy_datagram_iter() keeps that to itself.
	 */
	header_len(_metadata, 12);
	hole = xg_mem_ptr(&lab.rig.net.mem, seg[1].gpa, XG_LOG_PAGE);
	ASSERT_EQ(0, mprotect(hole, XG_LOG_PAGE, PROT_READ));
	lab_want_frame(&lab, seg, 3, 3 * XG_LOG_PAGE);
	lose(_metadata, 3 * XG_LOG_PAGE - 12, C(DROP_FAULT), "fault");
	ASSERT_EQ(0, mprotect(hole, XG_LOG_PAGE, PROT_READ | PROT_WRITE));

	/* The buffer is still there for a frame that is as it should be. */
	lab_want_frame(&lab, seg, 3, 100 + 12);
	lab_want_used(&lab, XG_RX, vq->used, 1);
	rig_send(_metadata, &lab.rig, 100, lab.rig.seed++);
	ASSERT_EQ(1, xg_vq_wait(vq, PATIENCE));
	ASSERT_EQ(1, xg_vq_pop(vq, &used));
	lab_check(_metadata, &lab, "as it should be");
	lab_close(&lab);
}

TEST_HARNESS_MAIN
