// SPDX-License-Identifier: GPL-2.0-only
/* Frames behind an IOTLB: misses, invalidation, permissions, traffic meanwhile. */
#include "../common/traffic.h"
#include "rig.h"

#define PAGE	4096ULL

static const struct xg_net_cfg config = { .features = XG_F_MODERN | XG_F_ACCESS_PLATFORM };

FIXTURE(iotlb) {
	struct rig r;
};

FIXTURE_SETUP(iotlb)
{
	XT_OK(xg_netns());
	rig_make(_metadata, &self->r, &config, 0);
	XT_OK(xg_net_start(&self->r.net));
}

FIXTURE_TEARDOWN(iotlb)
{
	rig_close(&self->r);
}

/* Add a frame and kick, without waiting for anything. */
static void send_one(struct __test_metadata *_metadata, struct rig *r, size_t len)
{
	rig_add(_metadata, r, len, r->seed);
	xg_vq_publish(&r->net.vq[XG_TX]);
	XT_OK(xg_vq_kick_always(&r->net.vq[XG_TX]));
}

TEST_F(iotlb, asks_for_what_it_needs)
{
	struct rig *r = &self->r;

	rig_tx(_metadata, r, 60, 1, 100);
	rig_rx(_metadata, r, 60, 1, 100);
	EXPECT_LT(0, r->net.iommu.misses);
}

/* Nobody answers: the queue waits, and asks again when it is kicked. */
TEST_F(iotlb, no_answer)
{
	struct rig *r = &self->r;
	unsigned long before;

	rig_tx(_metadata, r, 60, 0, 1);
	r->net.iommu.silent = true;
	XT_OK(xg_iotlb_invalidate(r->net.fd, 0, -1ULL));
	before = r->net.iommu.misses;
	send_one(_metadata, r, 60);
	EXPECT_TRUE(XT_UNTIL(r->net.iommu.misses > before));
	rig_silent(_metadata, r);
	before = r->net.iommu.misses;
	XT_OK(xg_vq_kick_always(&r->net.vq[XG_TX]));
	/* In-tree vhost of new kernels keeps to the first question. */
	if (xt_is_xnet())
		EXPECT_TRUE(XT_UNTIL(r->net.iommu.misses > before));
	EXPECT_EQ(0, xg_vq_pending(&r->net.vq[XG_TX]));
	r->net.iommu.silent = false;
	XT_OK(xg_iommu_map(&r->net.iommu, r->net.vq[XG_TX].cfg.desc_gpa));
	XT_OK(xg_iommu_map(&r->net.iommu, r->net.vq[XG_TX].cfg.driver_gpa));
	XT_OK(xg_iommu_map(&r->net.iommu, r->net.vq[XG_TX].cfg.device_gpa));
	XT_OK(xg_vq_kick_always(&r->net.vq[XG_TX]));
	rig_expect(_metadata, r, 60, r->seed);
	XT_OK(xg_net_tx_wait(&r->net, PATIENCE));
	r->seed++;
}

/* What is sent after an update comes from the new place, never from the old one. */
TEST_F(iotlb, moved_buffer)
{
	struct rig *r = &self->r;
	uint64_t gpa = r->net.tx_gpa[0];
	uint8_t *old = xg_mem_ptr(&r->net.mem, gpa, r->net.cfg.tx_buf), *at;
	struct xg_seg seg = { .gpa = gpa, .len = 60 + r->net.hdr_len };
	struct xg_used used;
	int i;

	at = aligned_alloc(PAGE, 2 * PAGE);
	ASSERT_NE(NULL, at);
	for (i = 0; i < 50; i++) {
		uint8_t *now = i & 1 ? at : old;

		memset(old, 0, r->net.hdr_len);
		memset(at, 0, r->net.hdr_len);
		xg_frame_fill(at + r->net.hdr_len, 60, 1000 + i - !(i & 1) * 500);
		xg_frame_fill(old + r->net.hdr_len, 60, 1000 + i - (i & 1) * 500);
		/* With vhost-net an update does not replace what was there. */
		if (i % 4 < 2 || !xt_is_xnet())
			XT_OK(xg_iotlb_invalidate(r->net.fd, gpa, 1));
		XT_OK(xg_iotlb_update(r->net.fd, gpa, seg.len, now, VHOST_ACCESS_RO));
		ASSERT_LE(0, xg_vq_add(&r->net.vq[XG_TX], &seg, 1, NULL, 0));
		xg_vq_publish(&r->net.vq[XG_TX]);
		XT_OK(xg_vq_kick_always(&r->net.vq[XG_TX]));
		rig_expect(_metadata, r, 60, 1000 + i);
		ASSERT_EQ(1, xg_vq_wait(&r->net.vq[XG_TX], PATIENCE));
		ASSERT_EQ(1, xg_vq_pop(&r->net.vq[XG_TX], &used));
	}
	free(at);
}

/*
 * Receive buffers that the look-ahead has, then taken away: what comes afterwards
 * is written to the new place only.
 */
TEST_F(iotlb, invalidated_receive_buffers)
{
	struct rig *r = &self->r;
	size_t size = (r->net.rx_gpa[255] + r->net.cfg.rx_buf - r->net.rx_gpa[0] + PAGE) & -PAGE;
	uint64_t first = r->net.rx_gpa[0] & -PAGE;
	uint8_t *old = xg_mem_ptr(&r->net.mem, first, size), *at, *kept;
	unsigned int i;

	rig_rx(_metadata, r, 60, 1, 20);
	at = aligned_alloc(PAGE, size);
	kept = malloc(size);
	ASSERT_TRUE(at && kept);
	r->net.iommu.silent = true;
	XT_OK(xg_iotlb_invalidate(r->net.fd, first, size));
	memset(old, 0xee, size);
	memcpy(kept, old, size);
	rig_send(_metadata, r, 100, r->seed);
	EXPECT_TRUE(XT_UNTIL(r->net.iommu.misses > 0));
	xt_msleep(50);
	EXPECT_EQ(0, xg_vq_pending(&r->net.vq[XG_RX]));
	XT_OK(xg_iotlb_update(r->net.fd, first, size, at, VHOST_ACCESS_WO));
	/* The rings may be in the same pages. */
	r->net.iommu.silent = false;
	XT_OK(xg_iommu_map(&r->net.iommu, r->net.vq[XG_RX].cfg.device_gpa));
	XT_OK(xg_iommu_map(&r->net.iommu, r->net.vq[XG_RX].cfg.driver_gpa));
	XT_OK(xg_iommu_map(&r->net.iommu, r->net.vq[XG_RX].cfg.desc_gpa));
	XT_OK(xg_vq_kick_always(&r->net.vq[XG_RX]));
	ASSERT_EQ(1, xg_vq_wait(&r->net.vq[XG_RX], PATIENCE));
	for (i = 0; i < size && old[i] == kept[i]; i++)
		;
	EXPECT_EQ(size, i) TH_LOG("byte %u of the old memory was written", i);
	free(kept);
	free(at);
}

/* What the device may not do breaks the queue; another start heals it. */
TEST_F(iotlb, permissions)
{
	struct rig *r = &self->r;
	uint64_t gpa = r->net.tx_gpa[0];
	void *at = xg_mem_ptr(&r->net.mem, gpa & -PAGE, PAGE);
	struct xg_stats s;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net only stalls");
	rig_tx(_metadata, r, 60, 0, 1);
	XT_OK(xg_iotlb_update(r->net.fd, gpa & -PAGE, PAGE, at, VHOST_ACCESS_WO));
	send_one(_metadata, r, 60);
	ASSERT_LT(0, xg_event_wait(r->net.vq[XG_TX].err_fd, PATIENCE));
	s = rig_stats(_metadata, r, XG_TX);
	EXPECT_EQ(VHOST_XNET_STATE_BROKEN, s.state);
	EXPECT_EQ(VHOST_XNET_FAULT_PERMISSION, s.fault);
	XT_OK(xg_iotlb_update(r->net.fd, gpa & -PAGE, PAGE, at, VHOST_ACCESS_RO));
	XT_OK(xg_vq_attach(&r->net.vq[XG_TX], r->net.tap.fd[0]));
	rig_expect(_metadata, r, 60, r->seed);
	XT_OK(xg_net_tx_wait(&r->net, PATIENCE));
}

/* Nor may it do with the ring what it is not allowed to. */
TEST_F(iotlb, ring_permissions)
{
	struct rig *r = &self->r;
	struct xg_vq *vq = &r->net.vq[XG_TX];
	uint64_t gpa = vq->cfg.device_gpa & -PAGE;
	void *at = xg_mem_ptr(&r->net.mem, gpa, PAGE);
	struct xg_stats s;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net only stalls");
	rig_tx(_metadata, r, 60, 0, 1);
	XT_OK(xg_iotlb_update(r->net.fd, gpa, PAGE, at, VHOST_ACCESS_RO));
	send_one(_metadata, r, 60);
	ASSERT_LT(0, xg_event_wait(vq->err_fd, PATIENCE));
	s = rig_stats(_metadata, r, XG_TX);
	EXPECT_EQ(VHOST_XNET_STATE_BROKEN, s.state);
	EXPECT_EQ(VHOST_XNET_FAULT_PERMISSION, s.fault);
	XT_OK(xg_iotlb_update(r->net.fd, gpa, PAGE, at, VHOST_ACCESS_RW));
	XT_OK(xg_vq_attach(vq, r->net.tap.fd[0]));
	rig_expect(_metadata, r, 60, r->seed);
	XT_OK(xg_net_tx_wait(&r->net, PATIENCE));
}

/* A device area that has moved is written where it is, not where it was. */
TEST_F(iotlb, moved_ring)
{
	struct rig *r = &self->r;
	struct xg_vq *vq = &r->net.vq[XG_TX];
	uint64_t gpa = vq->cfg.device_gpa;
	/* No more than the area: it has neighbours in its pages. */
	size_t size = 6 + 8 * vq->cfg.num, room = (size + 2 * PAGE) & -PAGE, i;
	uint8_t *old = xg_mem_ptr(&r->net.mem, gpa, size), *at, *kept;
	unsigned int base;
	uint16_t before;

	rig_tx(_metadata, r, 60, 1, 20);
	at = aligned_alloc(PAGE, room);
	kept = malloc(size);
	ASSERT_TRUE(old && at && kept);
	at += gpa % PAGE;
	XT_OK(xg_ioctl_get_vring_base(r->net.fd, XG_TX, &base));
	memcpy(at, old, size);
	memcpy(kept, old, size);
	before = xg_get16((void *)(old + 2));
	XT_OK(xg_iotlb_update(r->net.fd, gpa, size, at, VHOST_ACCESS_RW));
	send_one(_metadata, r, 60);
	rig_expect(_metadata, r, 60, r->seed);
	EXPECT_TRUE(XT_UNTIL(xg_get16((void *)(at + 2)) == (uint16_t)(before + 1)));
	XT_OK(xg_ioctl_get_vring_base(r->net.fd, XG_TX, &base));
	for (i = 0; i < size && old[i] == kept[i]; i++)
		;
	EXPECT_EQ(size, i) TH_LOG("byte %zu of the old area was written", i);
	/* Back again, with what was written meanwhile. */
	memcpy(old, at, size);
	XT_OK(xg_iotlb_invalidate(r->net.fd, gpa, size));
	XT_OK(xg_vq_kick_always(vq));
	XT_OK(xg_net_tx_wait(&r->net, PATIENCE));
	r->seed++;
	rig_tx(_metadata, r, 60, 1, 20);
	free(kept);
	free(at - gpa % PAGE);
}

static void *hostile(void *data)
{
	struct xt_traffic *t = data;
	uint32_t n = (uintptr_t)&n;

	while (!atomic_load(&t->stop)) {
		uint64_t page = 0x100000 + (n = n * 1664525 + 1013904223) % 4096 * PAGE;
		struct vhost_iotlb_msg msg = {
			.iova = page, .size = PAGE, .uaddr = -PAGE * (n >> 30),
			.perm = n >> 8 | VHOST_ACCESS_RW, .type = n >> 16 & 7,
		};

		if (n >> 28 & 1)
			xg_iotlb_invalidate(t->net.fd, page, PAGE << (n >> 20 & 7));
		else if (msg.type != VHOST_IOTLB_UPDATE || msg.uaddr)
			xg_iotlb_write(t->net.fd, n >> 27 & 1, &msg);
	}
	return NULL;
}

/* Entries go, and nonsense comes, from several threads while frames pass. */
TEST(under_traffic)
{
	struct xg_net_cfg cfg = config;
	pthread_t threads[3];
	struct xt_traffic t;
	unsigned int i;

	cfg.path = xt_dev();
	XT_OK(xt_traffic_open(&t, &cfg));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, hostile, &t));
	XT_OK(xt_traffic_moves(&t, 200));
	EXPECT_EQ(0, xt_traffic_stop(&t)) TH_LOG("%s", xt_traffic_step(&t));
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	EXPECT_LT(0, t.net.iommu.misses);
	xt_traffic_close(&t);
}

/* Queues go from thread to thread while they ask, are answered, and lose what they knew. */
TEST(moving_queues)
{
	struct xg_net_cfg cfg = config;
	unsigned int id[2], i;
	struct xt_traffic t;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net has one worker");
	cfg.path = xt_dev();
	XT_OK(xt_traffic_open(&t, &cfg));
	for (i = 0; i < 2; i++)
		XT_OK(xg_ioctl_new_worker(t.net.fd, &id[i]));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 150; i++) {
		unsigned int which = i * 2654435761U >> 28;

		/* Questions and answers go on while it moves. */
		XT_OK(xg_iotlb_invalidate(t.net.fd, 0, -1ULL));
		XT_OK(xg_ioctl_attach_worker(t.net.fd, i % 2, which % 3 ? id[which % 2] : 0));
		/* Now and then in the middle of a question that nobody answers. */
		if (i % 10 == 4)
			atomic_store(&t.net.iommu.silent, true);
		if (i % 10 == 6) {
			atomic_store(&t.net.iommu.silent, false);
			XT_OK(xg_vq_kick_always(&t.net.vq[XG_RX]));
			XT_OK(xg_vq_kick_always(&t.net.vq[XG_TX]));
		}
		if (i % 10 < 4 || i % 10 > 6)
			ASSERT_EQ(0, xt_traffic_moves(&t, 2))
				TH_LOG("move %u: %s", i, xt_traffic_step(&t));
	}
	EXPECT_EQ(0, xt_traffic_stop(&t)) TH_LOG("%s", xt_traffic_step(&t));
	EXPECT_LT(0, t.net.iommu.misses);
	xt_traffic_close(&t);
}

TEST_HARNESS_MAIN
