// SPDX-License-Identifier: GPL-2.0-only
/*
 * No wake-up is ever lost: threads that sleep and work in turn, on two CPUs,
 * in every order. Whoever waits longer than the limit was forgotten: nothing else
 * would wake him, and no machine is that slow.
 *
 * Time limit: 120 s
 */
#include <pthread.h>
#include <stdatomic.h>

#include "rig.h"

#define LIMIT_MS	8000
#define SECONDS		5

static struct rig rig;

/**
 * struct side - one of the threads
 * @rng: its random numbers
 * @frames: frames that it moved
 * @error: what went wrong, NULL for nothing
 * @ret: the return value that said so
 * @frame: room
 */
struct side {
	uint32_t rng;
	unsigned long frames;
	const char *error;
	long ret;
	uint8_t frame[RIG_ROOM];
};

static struct side tx_in, tx_out, rx_in, rx_out;
static atomic_bool over;
static atomic_ulong tx_sent, tx_got, rx_sent, rx_got;

static uint32_t roll(struct side *s, uint32_t n)
{
	s->rng = s->rng * 1664525u + 1013904223u;
	return (s->rng >> 10) % n;
}

static void *fail(struct side *s, const char *what, long ret)
{
	s->error = what;
	s->ret = ret;
	atomic_store(&over, true);
	return NULL;
}

/* Nothing, a moment on the CPU, or a moment off it. */
static void dawdle(struct side *s)
{
	unsigned int spin;
	struct timespec ts = { 0 };

	switch (roll(s, 4)) {
	case 0:
		for (spin = roll(s, 3000); spin; spin--)
			__asm__ __volatile__("" : : : "memory");
		break;
	case 1:
		ts.tv_nsec = roll(s, 300000);
		nanosleep(&ts, NULL);
		break;
	default:
		break;
	}
}

/* The guest transmits in spurts and waits for each with a call. */
static void *transmit(void *data)
{
	struct xg_net *net = &rig.net;
	struct side *s = data;
	unsigned int n, i;
	int ret;

	while (!atomic_load(&over)) {
		n = 1 + roll(s, roll(s, 2) ? 3 : 60);
		for (i = 0; i < n; i++) {
			xg_frame_fill(s->frame, 60, s->frames++);
			ret = xg_net_tx(net, NULL, s->frame, 60);
			if (ret)
				return fail(s, "xg_net_tx", ret);
		}
		atomic_fetch_add(&tx_sent, n);
		ret = xg_net_tx_wait(net, LIMIT_MS);
		if (ret)
			return fail(s, "a completion", ret);
		dawdle(s);
	}
	return NULL;
}

static void *listen_tap(void *data)
{
	struct side *s = data;
	ssize_t n;

	while (!atomic_load(&over) || atomic_load(&tx_got) < atomic_load(&tx_sent)) {
		unsigned long before = atomic_load(&tx_sent);

		n = xg_pkt_recv(rig.pkt, s->frame, sizeof(s->frame), LIMIT_MS);
		if (!n && before <= atomic_load(&tx_got))
			continue;
		if (n <= 0)
			return fail(s, "a frame out of the tap", n);
		if (n != 60 || xg_frame_check(s->frame, 60, s->frames++) >= 0)
			return fail(s, "a frame out of order", n);
		atomic_fetch_add(&tx_got, 1);
	}
	return NULL;
}

/* The tap sends in spurts, never more than the guest is behind by 400. */
static void *talk_tap(void *data)
{
	struct side *s = data;
	unsigned int n;
	int ret;

	while (!atomic_load(&over)) {
		for (n = 1 + roll(s, roll(s, 2) ? 3 : 60); n; n--) {
			if (atomic_load(&rx_sent) - atomic_load(&rx_got) > 400)
				break;
			atomic_fetch_add(&rx_sent, 1);
			xg_frame_fill(s->frame, 60, s->frames++);
			ret = xg_pkt_send(rig.pkt, s->frame, 60);
			if (ret)
				return fail(s, "xg_pkt_send", ret);
		}
		dawdle(s);
	}
	return NULL;
}

/* The guest sleeps until a frame comes; one that was sent must wake it. */
static void *receive(void *data)
{
	struct side *s = data;
	ssize_t n;

	while (!atomic_load(&over) || atomic_load(&rx_got) < atomic_load(&rx_sent)) {
		unsigned long before = atomic_load(&rx_sent);

		n = xg_net_rx(&rig.net, s->frame, sizeof(s->frame), NULL, LIMIT_MS);
		if (n == -ETIMEDOUT && before == atomic_load(&rx_got))
			continue;
		if (n < 0)
			return fail(s, "a frame for the guest", n);
		if (n != 60 || xg_frame_check(s->frame, 60, s->frames++) >= 0)
			return fail(s, "a frame for the guest out of order", n);
		atomic_fetch_add(&rx_got, 1);
		if (!roll(s, 8))
			dawdle(s);
	}
	return NULL;
}

FIXTURE(wakeup) { int unused; };

FIXTURE_VARIANT(wakeup) {
	uint64_t features;
	unsigned int num;
};

FIXTURE_VARIANT_ADD(wakeup, event_idx) {
	.features = XG_F_MODERN, .num = 256,
};

FIXTURE_VARIANT_ADD(wakeup, flags) {
	.features = XG_F_VERSION_1, .num = 256,
};

/* The receive ring is empty again and again. */
FIXTURE_VARIANT_ADD(wakeup, event_idx_small_ring) {
	.features = XG_F_MODERN, .num = 64,
};

FIXTURE_SETUP(wakeup)
{
	struct xg_net_cfg cfg = {
		.features = variant->features, .num = variant->num,
		.rx_bufs = variant->num == 64 ? 2 : 0,
	};

	XT_OK(xg_netns());
	rig_open(_metadata, &rig, &cfg);
	xg_frame_fill(rig.frame, 60, 0);
}

FIXTURE_TEARDOWN(wakeup)
{
	rig_close(&rig);
}

static void ended_well(struct __test_metadata *_metadata, const char *name, struct side *s)
{
	EXPECT_EQ(NULL, s->error)
		TH_LOG("%s: %s: %s after %lu frames", name, s->error, xt_errno(s->ret), s->frames);
	EXPECT_LT(10, s->frames) TH_LOG("%s hardly ran", name);
}

/* Both directions, four threads. */
TEST_F(wakeup, random_schedule)
{
	void *(*fn[])(void *) = { transmit, listen_tap, talk_tap, receive };
	struct side *side[] = { &tx_in, &tx_out, &rx_in, &rx_out };
	pthread_t thread[4];
	int i;

	for (i = 0; i < 4; i++) {
		side[i]->rng = 12345 + i;
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, fn[i], side[i]));
	}
	for (i = 0; i < SECONDS * 10 && !atomic_load(&over); i++)
		xt_msleep(100);
	atomic_store(&over, true);
	for (i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	ended_well(_metadata, "the transmitting guest", &tx_in);
	ended_well(_metadata, "the listener at the tap", &tx_out);
	ended_well(_metadata, "the sender at the tap", &rx_in);
	ended_well(_metadata, "the receiving guest", &rx_out);
	RIG_COUNT(atomic_load(&tx_sent), &rig, XG_TX, PACKETS);
	RIG_COUNT(atomic_load(&rx_sent), &rig, XG_RX, PACKETS);
	XT_OK(xg_net_stop(&rig.net));
}

/* One frame to and fro: each step sleeps until the one before it is done. */
TEST_F(wakeup, ping_pong)
{
	uint64_t end = xg_now_ns() + SECONDS * 500000000ULL;
	unsigned long turns = 0;
	ssize_t n;

	while (xg_now_ns() < end) {
		xg_frame_fill(rig.frame, 60, turns);
		XT_OK(xg_net_tx(&rig.net, NULL, rig.frame, 60));
		n = xg_pkt_recv(rig.pkt, rig.frame, sizeof(rig.frame), LIMIT_MS);
		ASSERT_EQ(60, n) TH_LOG("turn %lu: nothing left the tap", turns);
		XT_OK(xg_net_tx_wait(&rig.net, LIMIT_MS));
		XT_OK(xg_pkt_send(rig.pkt, rig.frame, 60));
		n = xg_net_rx(&rig.net, rig.frame, sizeof(rig.frame), NULL, LIMIT_MS);
		ASSERT_EQ(60, n) TH_LOG("turn %lu: nothing reached the guest", turns);
		ASSERT_EQ(-1, xg_frame_check(rig.frame, 60, turns));
		turns++;
	}
	ASSERT_LT(10, turns);
}

/*
 * One frame at a time, each sent a little sooner or later after the one before
 * it was seen in the ring: just when the device is about to go to sleep. No
 * other event comes to its rescue.
 */
TEST_F(wakeup, frame_at_bedtime)
{
	uint64_t end = xg_now_ns() + SECONDS * 600000000ULL, limit;
	struct xg_vq *vq = &rig.net.vq[XG_RX];
	unsigned int turns, spin;

	rig_send(_metadata, &rig, 60, 0);
	for (turns = 0; xg_now_ns() < end; turns++) {
		limit = xg_now_ns() + xg_patience(LIMIT_MS) * 1000000ULL;
		while (!xg_vq_pending(vq))
			ASSERT_GT(limit, xg_now_ns()) TH_LOG("turn %u", turns);
		for (spin = turns * 7 % 3000; spin; spin--)
			__asm__ __volatile__("" : : : "memory");
		rig_send(_metadata, &rig, 60, turns + 1);
		rig_take(_metadata, &rig, 60, turns);
	}
	rig_take(_metadata, &rig, 60, turns);
	ASSERT_LT(10, turns);
}

TEST_HARNESS_MAIN
