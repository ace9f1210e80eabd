// SPDX-License-Identifier: GPL-2.0-only
/*
 * VIRTIO_F_RING_RESET: one queue stops and begins anew, even of another size,
 * while the other one goes on; virtio 1.3, 2.6.1. To vhost it is SET_BACKEND -1
 * and the queue's set-up once more.
 */
#include "rig.h"

static struct rig rig;

static void refill(uint16_t *slot, unsigned int n, unsigned int *slots)
{
	for (*slots = 0; *slots < n; (*slots)++)
		slot[*slots] = n - 1 - *slots;
}

/* What the driver does with @index when it resets it: a ring of @num, from @base on. */
static void reset_queue(struct __test_metadata *_metadata, struct rig *r, unsigned int index,
			unsigned int num, uint16_t base)
{
	struct xg_vq *vq = &r->net.vq[index];
	struct xg_vq_cfg cfg = vq->cfg;

	cfg.num = num;
	cfg.base = base;
	cfg.desc_gpa = 0;
	cfg.driver_gpa = 0;
	cfg.device_gpa = 0;
	xg_vq_free(vq);
	XT_OK(xg_vq_init(vq, r->net.fd, &r->net.mem, &cfg));
	XT_OK(xg_vq_setup(vq));
	if (index == XG_TX)
		refill(r->net.tx_slot, r->net.cfg.num, &r->net.tx_slots);
	else
		refill(r->net.rx_slot, r->net.cfg.rx_bufs, &r->net.rx_slots);
	XT_OK(xg_vq_attach(vq, r->net.tap.fd[0]));
	if (index == XG_RX)
		ASSERT_LT(0, xg_net_rx_post(&r->net));
}

TEST(one_at_a_time)
{
	static const unsigned int num[] = { 64, 32, 256, 64, 128 };
	struct xg_net_cfg cfg = {
		.features = XG_F_MODERN | (xt_is_xnet() ? XG_F_RING_RESET : 0),
	};
	struct rig *r = &rig;
	unsigned int i;

	XT_OK(xg_netns());
	rig_open(_metadata, r, &cfg);
	for (i = 0; i < ARRAY_SIZE(num); i++) {
		unsigned int index = i % 2;

		rig_tx(_metadata, r, 60, 31, 6);
		rig_rx(_metadata, r, 60, 31, 6);
		XT_OK(xg_vq_attach(&r->net.vq[index], -1));
		/* Nothing of this concerns the other queue. */
		if (index == XG_TX)
			rig_rx(_metadata, r, 100, 31, 20);
		else
			rig_tx(_metadata, r, 100, 31, 20);
		reset_queue(_metadata, r, index, num[i], i * 1000);
	}
	rig_tx(_metadata, r, 60, 31, 6);
	rig_rx(_metadata, r, 60, 31, 6);
	RIG_COUNT(0, r, XG_TX, RING_ERRORS);
	RIG_COUNT(0, r, XG_RX, RING_ERRORS);
	rig_close(r);
}

TEST_HARNESS_MAIN
