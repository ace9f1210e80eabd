// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log at the edges: of a queue that stops.
 */
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

TEST_HARNESS_MAIN
