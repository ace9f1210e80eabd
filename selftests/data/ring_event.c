// SPDX-License-Identifier: GPL-2.0-only
/* Kicks and calls: those that are asked for come, the others do not. */
#include "rig.h"

static struct rig rig;

/* Long enough for a thread that was told to act, short enough to do often. */
#define QUIET	60

static void open_with(struct __test_metadata *_metadata, struct rig *r, uint64_t features)
{
	struct xg_net_cfg cfg = { .features = features, .num = 64 };

	XT_OK(xg_netns());
	rig_open(_metadata, r, &cfg);
	/* The first completion after a start is always told. */
	rig_tx(_metadata, r, 64, 0, 1);
	rig_rx(_metadata, r, 64, 0, 1);
	XT_UNTIL(!xg_event_take(r->net.vq[XG_TX].call_fd));
	XT_UNTIL(!xg_event_take(r->net.vq[XG_RX].call_fd));
}

/* Send without waiting for a call: look at the ring instead. */
static void send_quietly(struct __test_metadata *_metadata, struct rig *r, unsigned int n)
{
	struct xg_vq *vq = &r->net.vq[XG_TX];
	struct xg_used used;

	while (n--) {
		rig_add(_metadata, r, 64, r->seed);
		xg_vq_publish(vq);
		XT_OK(xg_vq_kick_always(vq));
		rig_expect(_metadata, r, 64, r->seed++);
		ASSERT_TRUE(XT_UNTIL(xg_vq_pending(vq)));
		ASSERT_EQ(1, xg_vq_pop(vq, &used));
		r->net.tx_slot[r->net.tx_slots++] = used.cookie;
	}
	/* A call for the last one, if any, is on its way. */
	xt_msleep(QUIET);
}

/* Calls until now, or until there are as many as expected. */
static int64_t calls(struct xg_vq *vq, int64_t want)
{
	int64_t n = 0;

	XT_UNTIL((n += xg_event_take(vq->call_fd)) >= want);
	return n;
}

static uint64_t signals(struct __test_metadata *_metadata, struct rig *r, unsigned int queue)
{
	return rig_count(_metadata, r, queue, C(SIGNALS));
}

/* used_event: a call at the index asked for, at no other. */
TEST(call_at_event_index)
{
	struct xg_vq *vq = &rig.net.vq[XG_TX];
	uint64_t before, saved;

	open_with(_metadata, &rig, XG_F_MODERN);
	before = signals(_metadata, &rig, XG_TX);
	saved = rig_count(_metadata, &rig, XG_TX, C(SIGNALS_SAVED));
	xg_vq_disarm(vq);
	send_quietly(_metadata, &rig, 20);
	EXPECT_EQ(0, xg_event_take(vq->call_fd));
	RIG_COUNT(before, &rig, XG_TX, SIGNALS);
	RIG_COUNT(saved + 20, &rig, XG_TX, SIGNALS_SAVED);

	ASSERT_FALSE(xg_vq_arm(vq, 10));
	send_quietly(_metadata, &rig, 9);
	EXPECT_EQ(0, xg_event_take(vq->call_fd));
	send_quietly(_metadata, &rig, 1);
	EXPECT_EQ(1, calls(vq, 1));
	send_quietly(_metadata, &rig, 15);
	EXPECT_EQ(0, xg_event_take(vq->call_fd));
	RIG_COUNT(before + (rig.dev ? 1 : 0), &rig, XG_TX, SIGNALS);
	rig_close(&rig);
}

/* A whole batch passes the index: one call for it. */
TEST(one_call_for_a_batch)
{
	struct xg_vq *vq = &rig.net.vq[XG_TX];
	unsigned int i, after;

	open_with(_metadata, &rig, XG_F_MODERN);
	for (after = 1; after <= 30; after++) {
		ASSERT_FALSE(xg_vq_arm(vq, after));
		for (i = 0; i < 30; i++)
			rig_add(_metadata, &rig, 64, rig.seed + i);
		rig_push(_metadata, vq);
		for (i = 0; i < 30; i++)
			rig_expect(_metadata, &rig, 64, rig.seed + i);
		ASSERT_TRUE(XT_UNTIL(xg_vq_pending(vq) == 30));
		EXPECT_EQ(1, xg_event_wait(vq->call_fd, PATIENCE));
		ASSERT_EQ(30, xg_net_tx_reap(&rig.net));
		rig.seed += 30;
	}
	xt_msleep(QUIET);
	EXPECT_EQ(0, xg_event_take(vq->call_fd));
	rig_close(&rig);
}

/* NO_INTERRUPT: no call; without it a call for whatever is published. */
TEST(call_by_flags)
{
	struct xg_vq *vq = &rig.net.vq[XG_TX];
	uint64_t before;

	open_with(_metadata, &rig, XG_F_VERSION_1);
	before = signals(_metadata, &rig, XG_TX);
	xg_vq_disarm(vq);
	send_quietly(_metadata, &rig, 20);
	EXPECT_EQ(0, xg_event_take(vq->call_fd));
	RIG_COUNT(before, &rig, XG_TX, SIGNALS);
	ASSERT_FALSE(xg_vq_arm(vq, 1));
	send_quietly(_metadata, &rig, 20);
	EXPECT_EQ(20, calls(vq, 20));
	RIG_COUNT(before + (rig.dev ? 20 : 0), &rig, XG_TX, SIGNALS);
	rig_close(&rig);
}

/* NOTIFY_ON_EMPTY: a call when the last buffer is used, suppressed or not. */
TEST(call_when_empty)
{
	struct xg_vq *vq = &rig.net.vq[XG_TX];

	open_with(_metadata, &rig, XG_F_NOTIFY_ON_EMPTY);
	xg_vq_disarm(vq);
	send_quietly(_metadata, &rig, 5);
	EXPECT_EQ(5, calls(vq, 5));
	rig_close(&rig);
}

TEST(call_when_empty_event_idx)
{
	struct xg_vq *tx = &rig.net.vq[XG_TX], *rx = &rig.net.vq[XG_RX];

	open_with(_metadata, &rig, XG_F_NOTIFY_ON_EMPTY | XG_F_MODERN);
	xg_vq_disarm(tx);
	xg_vq_disarm(rx);
	send_quietly(_metadata, &rig, 5);
	EXPECT_EQ(5, calls(tx, 5));
	/* The receive ring is not empty: nothing to tell. */
	rig_send(_metadata, &rig, 64, rig.seed);
	ASSERT_TRUE(XT_UNTIL(xg_vq_pending(rx)));
	xt_msleep(QUIET);
	EXPECT_EQ(0, xg_event_take(rx->call_fd));
	rig_close(&rig);
}

/* RX calls are suppressed in the same way. */
TEST(receive_call)
{
	struct xg_vq *vq = &rig.net.vq[XG_RX];
	unsigned int i;

	open_with(_metadata, &rig, XG_F_MODERN);
	xg_vq_disarm(vq);
	for (i = 0; i < 10; i++)
		rig_send(_metadata, &rig, 64, rig.seed + i);
	ASSERT_TRUE(XT_UNTIL(xg_vq_pending(vq) == 10));
	xt_msleep(QUIET);
	EXPECT_EQ(0, xg_event_take(vq->call_fd));
	EXPECT_TRUE(xg_vq_arm(vq, 10));
	EXPECT_FALSE(xg_vq_arm(vq, 12));
	rig_send(_metadata, &rig, 64, rig.seed + 10);
	ASSERT_TRUE(XT_UNTIL(xg_vq_pending(vq) == 11));
	xt_msleep(QUIET);
	EXPECT_EQ(0, xg_event_take(vq->call_fd));
	rig_send(_metadata, &rig, 64, rig.seed + 11);
	EXPECT_EQ(1, xg_event_wait(vq->call_fd, PATIENCE));
	for (i = 0; i < 12; i++)
		rig_take(_metadata, &rig, 64, rig.seed + i);
	rig_close(&rig);
}

/* While the device waits for frames, more buffers need no kick; see below. */
static void receive_kicks(struct __test_metadata *_metadata, uint64_t features)
{
	struct xg_net_cfg cfg = { .features = features, .num = 64 };
	struct xg_vq *vq = &rig.net.vq[XG_RX];
	struct xg_seg seg;
	unsigned int i;

	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &cfg, 0);
	rig.net.rx_slots = 8;
	XT_OK(xg_net_start(&rig.net));
	rig_rx(_metadata, &rig, 64, 0, 3);
	xt_msleep(QUIET);
	EXPECT_FALSE(xg_vq_wants_kick(vq));
	for (i = 0; i < 4; i++) {
		/* The last eight buffers are in the ring, these are not. */
		seg = (struct xg_seg){ .gpa = rig.net.rx_gpa[i], .len = 2048, .write = true };
		ASSERT_LE(0, xg_vq_add(vq, &seg, 1, NULL, i));
	}
	xg_vq_publish(vq);
	EXPECT_EQ(0, xg_vq_kick(vq));
	EXPECT_LT(0, vq->kicks_saved);
	/* They are found all the same. */
	for (i = 0; i < 12; i++)
		rig_send(_metadata, &rig, 64, rig.seed + i);
	ASSERT_TRUE(XT_UNTIL(xg_vq_pending(vq) == 12));
	for (i = 0; i < 12; i++)
		rig_take(_metadata, &rig, 64, rig.seed + i);
	rig_close(&rig);
}

TEST(receive_kick_event_idx)
{
	receive_kicks(_metadata, XG_F_MODERN);
}

TEST(receive_kick_flags)
{
	receive_kicks(_metadata, XG_F_VERSION_1);
}

/* A frame that waits for buffers asks for a kick, and nothing but it helps. */
static void starved(struct __test_metadata *_metadata, uint64_t features)
{
	struct xg_net_cfg cfg = { .features = features, .num = 64 };
	struct xg_vq *vq = &rig.net.vq[XG_RX];
	struct xg_seg seg;

	XT_OK(xg_netns());
	rig_make(_metadata, &rig, &cfg, 0);
	rig_no_buffers(_metadata, &rig);
	rig_send(_metadata, &rig, 64, 1);
	xt_msleep(QUIET);
	seg = (struct xg_seg){ .gpa = rig.net.rx_gpa[0], .len = 2048, .write = true };
	ASSERT_LE(0, xg_vq_add(vq, &seg, 1, NULL, 0));
	rig.net.rx_slots = 0;
	xg_vq_publish(vq);
	EXPECT_TRUE(XT_UNTIL(xg_vq_wants_kick(vq)));
	xt_msleep(QUIET);
	EXPECT_EQ(0, xg_vq_pending(vq));
	ASSERT_EQ(1, xg_vq_kick(vq));
	rig_take(_metadata, &rig, 64, 1);
	RIG_COUNT(1, &rig, XG_RX, NO_BUFFERS);
	rig_close(&rig);
}

TEST(starved_event_idx)
{
	starved(_metadata, XG_F_MODERN);
}

TEST(starved_flags)
{
	starved(_metadata, XG_F_VERSION_1);
}

/* An idle transmit queue sleeps until it is kicked, and says that it wants to be. */
static void transmit_kick(struct __test_metadata *_metadata, uint64_t features)
{
	struct xg_vq *vq = &rig.net.vq[XG_TX];
	uint64_t before;

	open_with(_metadata, &rig, features);
	xt_msleep(QUIET);
	rig_add(_metadata, &rig, 64, rig.seed);
	xg_vq_publish(vq);
	EXPECT_TRUE(XT_UNTIL(xg_vq_wants_kick(vq)));
	xt_msleep(QUIET);
	EXPECT_EQ(0, xg_vq_pending(vq));
	before = rig_count(_metadata, &rig, XG_TX, C(KICKS));
	ASSERT_EQ(1, xg_vq_kick(vq));
	rig_expect(_metadata, &rig, 64, rig.seed);
	XT_OK(xg_net_tx_wait(&rig.net, PATIENCE));
	RIG_COUNT(before + (rig.dev ? 1 : 0), &rig, XG_TX, KICKS);
	rig_close(&rig);
}

TEST(transmit_kick_event_idx)
{
	transmit_kick(_metadata, XG_F_MODERN);
}

TEST(transmit_kick_flags)
{
	transmit_kick(_metadata, XG_F_VERSION_1);
}

TEST_HARNESS_MAIN
