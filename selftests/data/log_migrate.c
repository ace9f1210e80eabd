// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that is copied while it runs: its memory is taken page by page as the
 * log tells, and when it has been stopped the copy is what its memory is.
 *
 * What the guest itself writes is for the hypervisor to log, so the rings that
 * the driver writes and the frames that it sends are no part of the comparison.
 *
 * Time limit: 240 s
 */
#include <pthread.h>
#include <stdatomic.h>

#include "lab.h"

#define FRAMES	6000

static struct lab lab;
static struct xg_log logs[2];
static uint8_t *copy;
static atomic_bool over, broken;
static atomic_ulong copied, passes;

/* Take what is in a log, and copy those pages. */
static void collect(struct xg_log *log)
{
	const struct xg_region *r = &lab.rig.net.mem.region[0];
	size_t i;

	for (i = 0; i < log->words; i++) {
		/* Most are 0: an exchange of each would be no more than heat. */
		uint64_t bits = __atomic_load_n(&log->base[i], __ATOMIC_RELAXED) ?
				xg_log_take(log, i) : 0;

		for (; bits; bits &= bits - 1) {
			uint64_t gpa = (64 * i + __builtin_ctzll(bits)) * XG_LOG_PAGE;

			if (gpa < r->gpa || gpa - r->gpa >= r->size) {
				broken = true;
				continue;
			}
			memcpy(copy + (gpa - r->gpa), (uint8_t *)r->host + (gpa - r->gpa),
			       XG_LOG_PAGE);
			copied++;
		}
	}
	passes++;
}

static void *collector(void *arg)
{
	while (!over)
		collect(arg);
	return NULL;
}

/* Both logs, and the device goes from one to the other as for a map that grows. */
static void *collector_of_two(void *arg)
{
	unsigned int i = 0;

	(void)arg;
	while (!over) {
		i = !i;
		if (xg_ioctl_set_log_base(lab.rig.net.fd, (uintptr_t)logs[i].base))
			broken = true;
		/* Nothing comes into this one any more. */
		collect(&logs[!i]);
		collect(&logs[i]);
	}
	return NULL;
}

static void *sender(void *arg)
{
	struct rig *r = &lab.rig;
	static uint8_t frame[RIG_ROOM];
	uint32_t seed = 1000;

	(void)arg;
	while (!over) {
		size_t len = 60 + seed * 2654435761U % 8000;

		xg_frame_fill(frame, len, seed++);
		xg_pkt_send(r->pkt, frame, len);
	}
	return NULL;
}

/* The guest: takes what comes, sends something now and then. */
static void guest(struct __test_metadata *_metadata, unsigned int frames)
{
	static uint8_t frame[RIG_ROOM];
	unsigned int i;

	for (i = 0; i < frames; i++) {
		ssize_t n = xg_net_rx(&lab.rig.net, frame, sizeof(frame), NULL, PATIENCE);

		ASSERT_LE(60, n) TH_LOG("frame %u: %s (%s)", i, xt_errno(n), xg_step());
		ASSERT_EQ(-1, xg_frame_check(frame, n, xg_frame_seed(frame)));
		if (i % 16 == 0)
			xg_net_tx(&lab.rig.net, NULL, frame, 60);
	}
}

static void same(struct __test_metadata *_metadata, const char *what, uint64_t gpa, uint64_t len)
{
	const struct xg_region *r = &lab.rig.net.mem.region[0];
	const uint8_t *is = (uint8_t *)r->host + (gpa - r->gpa), *was = copy + (gpa - r->gpa);
	uint64_t i;

	for (i = 0; i < len && is[i] == was[i]; i++)
		;
	ASSERT_EQ(len, i) TH_LOG("%s at %#llx: byte %#llx was lost", what,
				 (unsigned long long)gpa, (unsigned long long)i);
}

static void compare(struct __test_metadata *_metadata)
{
	struct xg_net *net = &lab.rig.net;
	unsigned int i;

	for (i = 0; i < net->cfg.rx_bufs; i++)
		same(_metadata, "receive buffer", net->rx_gpa[i], net->cfg.rx_buf);
	for (i = 0; i < XG_MAX_VQS; i++)
		same(_metadata, "device area", lab.used[i], 4 + 8 * net->cfg.num + 2);
}

/* Turn the log on under traffic, copy all, go on as the log tells, stop, copy the rest. */
static void migrate(struct __test_metadata *_metadata, uint64_t features, uint32_t rx_buf,
		    void *(*collect_fn)(void *))
{
	struct xg_net_cfg cfg = {
		.features = features, .num = LAB_NUM, .rx_buf = rx_buf, .rx_bufs = 500,
		.mem_size = 32 << 20, .tap = { .mtu = 9000 },
	};
	const struct xg_region *r = &lab.rig.net.mem.region[0];
	pthread_t send, take;
	unsigned int round;

	lab_make(_metadata, &lab, &cfg);
	XT_OK(xg_log_open(&logs[0], &lab.rig.net.mem));
	XT_OK(xg_log_open(&logs[1], &lab.rig.net.mem));
	copy = malloc(r->size);
	ASSERT_NE(NULL, copy);
	XT_OK(xg_net_start(&lab.rig.net));
	over = false;
	ASSERT_EQ(0, pthread_create(&send, NULL, sender, NULL));
	for (round = 0; round < 3; round++) {
		guest(_metadata, 200);
		XT_OK(xg_net_log(&lab.rig.net, &logs[0]));
		memcpy(copy, r->host, r->size);
		copied = 0;
		ASSERT_EQ(0, pthread_create(&take, NULL, collect_fn, &logs[0]));
		guest(_metadata, FRAMES);
		over = true;
		pthread_join(send, NULL);
		pthread_join(take, NULL);
		XT_OK(xg_vq_attach(&lab.rig.net.vq[XG_RX], -1));
		XT_OK(xg_vq_attach(&lab.rig.net.vq[XG_TX], -1));
		collect(&logs[0]);
		collect(&logs[1]);
		EXPECT_FALSE(broken);
		EXPECT_LT(FRAMES / 4, copied);
		TH_LOG("%lu pages copied in %lu passes", copied, passes);
		compare(_metadata);
		/* It was called off: the guest goes on, and nothing is logged. */
		over = false;
		XT_OK(xg_net_log(&lab.rig.net, NULL));
		XT_OK(xg_net_start(&lab.rig.net));
		ASSERT_EQ(0, pthread_create(&send, NULL, sender, NULL));
		guest(_metadata, 200);
		passes = 0;
		collect(&logs[0]);
		collect(&logs[1]);
	}
	over = true;
	pthread_join(send, NULL);
	XT_OK(xg_vq_attach(&lab.rig.net.vq[XG_RX], -1));
	for (round = 0; round < logs[0].words; round++)
		ASSERT_EQ(0, logs[0].base[round] | logs[1].base[round]);
	free(copy);
	xg_log_close(&logs[0]);
	xg_log_close(&logs[1]);
	lab_close(&lab);
}

TEST(mergeable)
{
	migrate(_metadata, XG_F_MODERN, 1531, collector);
}

TEST(large_buffers)
{
	migrate(_metadata, XG_F_VERSION_1 | XG_F_INDIRECT, 9100, collector);
}

TEST(log_replaced)
{
	migrate(_metadata, XG_F_MODERN, 4096, collector_of_two);
}

TEST_HARNESS_MAIN
