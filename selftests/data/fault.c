// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations and user copies fail while frames move: at most the frame in
 * hand is lost, and a counter tells. Time limit: 400 s
 *
 * Needs a kernel with fault injection; selftests/debug makes one.
 */
#include "inject.h"
#include "traffic.h"
#include "xgstats.h"
#include "xtest.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	400

#define MAX_NTH		500

/* Frames of each length, as short, long and longest ones take different ways. */
static const size_t lengths[] = { 60, 1514, 9000, 60000 };

struct fault {
	struct xt_traffic t;
	int dev;
	unsigned int hits;
	unsigned int drops;
	bool rest;	/* each allocation after the one that fails does, too */
};

static struct fault f;
static char frame[XG_MAX_FRAME];

static void open_device(struct __test_metadata *_metadata)
{
	struct xg_net_cfg cfg = {
		.path = xt_dev(),
		.features = XG_F_MODERN,
		.tx_buf = XG_MAX_FRAME + 12,
		.tap = { .mtu = 65521 },
	};

	XT_OK(xt_traffic_open(&f.t, &cfg));
	f.dev = xg_stats_dev(getpid());
	ASSERT_LT(0, f.dev);
}

static void arm_workers(struct __test_metadata *_metadata, struct inject *in, unsigned int nth)
{
	pid_t tids[INJECT_MAX];
	int n = xg_worker_find(getpid(), tids, INJECT_MAX);

	ASSERT_LT(0, n);
	if (f.rest)
		XT_OK(inject_arm_rest(in, tids, n, nth));
	else
		XT_OK(inject_arm(in, tids, n, nth));
}

/* One frame out of the guest; true if it was gone through without a failure. */
static bool send_one(struct __test_metadata *_metadata, size_t len, unsigned int nth)
{
	struct xg_stats before, after;
	uint64_t passed, dropped;
	struct inject in;
	ssize_t got;
	bool hit;

	XT_OK(xg_stats_read(f.dev, XG_TX, &before));
	arm_workers(_metadata, &in, nth);
	xg_frame_fill(frame, len, nth);
	XT_OK(xg_net_tx(&f.t.net, NULL, frame, len));
	XT_OK(xg_net_tx_wait(&f.t.net, XT_PATIENCE_MS));
	hit = inject_disarm(&in);
	XT_OK(xg_stats_read(f.dev, XG_TX, &after));

	passed = after.c[VHOST_XNET_A_COUNTERS_PACKETS] -
		 before.c[VHOST_XNET_A_COUNTERS_PACKETS];
	dropped = xg_stats_drops(&after) - xg_stats_drops(&before);
	ASSERT_EQ(VHOST_XNET_STATE_RUNNING, after.state) TH_LOG("%zu bytes, %u", len, nth);
	ASSERT_EQ(1, passed + dropped)
		TH_LOG("%zu bytes, failure %u: %llu passed, %llu dropped", len, nth,
		       (unsigned long long)passed, (unsigned long long)dropped);
	if (!hit)
		ASSERT_EQ(1, passed);
	f.hits += hit;
	f.drops += dropped;
	/* What the tap took may still be lost in the stack. */
	got = xg_pkt_recv(f.t.tx_pkt, frame, sizeof(frame), hit ? 20 : XT_PATIENCE_MS);
	if (got) {
		ASSERT_EQ((ssize_t)len, got);
		ASSERT_EQ(1, passed);
		ASSERT_EQ(-1, xg_frame_check(frame, len, nth));
	}
	ASSERT_TRUE(hit || got);
	return !hit;
}

/* One frame to the guest. */
static bool receive_one(struct __test_metadata *_metadata, size_t len, unsigned int nth)
{
	struct xg_stats before, after;
	uint64_t passed, dropped;
	struct inject in;
	ssize_t got;
	bool hit;

	XT_OK(xg_stats_read(f.dev, XG_RX, &before));
	arm_workers(_metadata, &in, nth);
	xg_frame_fill(frame, len, nth);
	XT_OK(xg_pkt_send(f.t.rx_pkt, frame, len));
	XT_UNTIL((xg_stats_read(f.dev, XG_RX, &after),
		  passed = after.c[VHOST_XNET_A_COUNTERS_PACKETS] -
			   before.c[VHOST_XNET_A_COUNTERS_PACKETS],
		  dropped = xg_stats_drops(&after) - xg_stats_drops(&before),
		  passed + dropped));
	hit = inject_disarm(&in);
	ASSERT_EQ(VHOST_XNET_STATE_RUNNING, after.state) TH_LOG("%zu bytes, %u", len, nth);
	ASSERT_EQ(1, passed + dropped)
		TH_LOG("%zu bytes, failure %u: %llu passed, %llu dropped", len, nth,
		       (unsigned long long)passed, (unsigned long long)dropped);
	if (!hit)
		ASSERT_EQ(1, passed);
	f.hits += hit;
	f.drops += dropped;
	got = xg_net_rx(&f.t.net, frame, sizeof(frame), NULL, passed ? XT_PATIENCE_MS : 0);
	ASSERT_EQ(passed ? (ssize_t)len : -ETIMEDOUT, got)
		TH_LOG("%zu bytes, failure %u: %s", len, nth, xt_errno(got));
	if (passed)
		ASSERT_EQ(-1, xg_frame_check(frame, len, nth));
	return !hit;
}

/* false: the test is to be skipped */
static bool can_fail(struct __test_metadata *_metadata)
{
	if (!xt_is_xnet())
		SKIP(return false, "only xnet counts what it drops");
	if (inject_setup())
		SKIP(return false, "the kernel cannot make allocations fail");
	return true;
}

static void all_lengths(struct __test_metadata *_metadata,
			bool (*one)(struct __test_metadata *_metadata, size_t len,
				    unsigned int nth))
{
	unsigned int i, nth;

	if (!can_fail(_metadata))
		return;
	open_device(_metadata);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (nth = 1; nth < MAX_NTH; nth++)
			if (one(_metadata, lengths[i], nth))
				break;
		ASSERT_GT(MAX_NTH, nth);
		TH_LOG("%zu bytes: %u things fail", lengths[i], nth - 1);
	}
	TH_LOG("%u failures, %u frames dropped", f.hits, f.drops);
	EXPECT_LT(0, f.drops);
	XT_OK(xt_traffic_check(&f.t));
	xt_traffic_close(&f.t);
}

TEST(transmit)
{
	all_lengths(_metadata, send_one);
}

TEST(receive)
{
	all_lengths(_metadata, receive_one);
}

/*
 * The worker gets no memory at all. Frames lie in blocks of up to 32 KiB, of which it
 * wants a new one now and then; were only that to fail, it would get a smaller one.
 */
TEST(no_memory)
{
	struct xg_stats before, after;
	unsigned int i;

	if (!can_fail(_metadata))
		return;
	open_device(_metadata);
	f.rest = true;
	XT_OK(xg_stats_read(f.dev, XG_TX, &before));
	for (i = 0; i < 100; i++)
		send_one(_metadata, 1514, 1);
	XT_OK(xg_stats_read(f.dev, XG_TX, &after));
	EXPECT_LT(before.c[VHOST_XNET_A_COUNTERS_DROP_NO_MEMORY],
		  after.c[VHOST_XNET_A_COUNTERS_DROP_NO_MEMORY]);
	XT_OK(xt_traffic_check(&f.t));
	xt_traffic_close(&f.t);
}

TEST_HARNESS_MAIN
