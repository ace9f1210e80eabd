/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the data tests stand on: a device with its tap, a packet socket at the
 * tap's far end, and words to send, receive and count.
 *
 * Every function takes the harness's _metadata first and ends the test when
 * something goes wrong, so none of them returns an error.
 */
#ifndef RIG_H
#define RIG_H

#include "xtest.h"
#include "xgstats.h"

#define C(name)		VHOST_XNET_A_COUNTERS_##name

/* Milliseconds; what waits longer has missed a wake-up. */
#define PATIENCE	5000

#define ETH_LEN		14
#define RIG_ROOM	(XG_MAX_FRAME + 64)
#define MAX_CUTS	64

/**
 * struct rig - a device under test
 * @net: device, queues, tap
 * @pkt: packet socket on the tap's netdev
 * @pkt_hdr: bytes of virtio header that the packet socket has before a frame
 * @dev: the device's id over netlink, 0 for a device that tells nothing
 * @seed: number of the next frame
 * @rng: state of rig_random()
 * @shuffle: cut each transmitted frame at random, with random descriptor ids
 * @frame: room for a frame
 */
struct rig {
	struct xg_net net;
	int pkt;
	size_t pkt_hdr;
	int dev;
	uint32_t seed;
	uint32_t rng;
	bool shuffle;
	uint8_t frame[RIG_ROOM];
};

/** rig_random() - the next pseudo-random number. */
static inline uint32_t rig_random(struct rig *r)
{
	r->rng = r->rng * 1664525u + 1013904223u;
	return r->rng >> 8;
}

/** rig_make() - open a device, ready to start; @pkt_flags as for xg_pkt_open(). */
static inline void rig_make(struct __test_metadata *_metadata, struct rig *r,
			    const struct xg_net_cfg *cfg, unsigned int pkt_flags)
{
	struct xg_net_cfg full = *cfg;

	full.path = xt_dev();
	r->seed = 1;
	r->rng = 1;
	r->shuffle = false;
	XT_OK(xg_net_open(&r->net, &full));
	r->pkt = xg_pkt_open(r->net.tap.ifindex, pkt_flags);
	ASSERT_LE(0, r->pkt);
	r->pkt_hdr = pkt_flags & XG_PKT_VNET_HDR ? sizeof(struct virtio_net_hdr) : 0;
	r->dev = 0;
	if (xt_is_xnet()) {
		r->dev = xg_stats_dev(getpid());
		ASSERT_LT(0, r->dev) TH_LOG("netlink: %s", xt_errno(r->dev));
	}
}

/** rig_open() - open and start a device. */
static inline void rig_open(struct __test_metadata *_metadata, struct rig *r,
			    const struct xg_net_cfg *cfg)
{
	rig_make(_metadata, r, cfg, 0);
	XT_OK(xg_net_start(&r->net));
}

/** rig_close() - give everything back. */
static inline void rig_close(struct rig *r)
{
	close(r->pkt);
	xg_net_close(&r->net);
}

/** rig_stats() - what the device says of a queue. */
static inline struct xg_stats rig_stats(struct __test_metadata *_metadata, struct rig *r,
					unsigned int queue)
{
	struct xg_stats s = { 0 };

	if (r->dev)
		XT_OK(xg_stats_read(r->dev, queue, &s));
	return s;
}

/** rig_count() - one counter of a queue, C(...); 0 where the device tells none. */
static inline uint64_t rig_count(struct __test_metadata *_metadata, struct rig *r,
				 unsigned int queue, unsigned int which)
{
	struct xg_stats s = rig_stats(_metadata, r, queue);

	return s.c[which];
}

/**
 * RIG_COUNT() - a counter must have this value; untested where there is none
 *
 * The worker counts a moment after the ring shows what it did, hence the wait.
 */
#define RIG_COUNT(want, r, queue, which) do {				\
	if ((r)->dev) {							\
		uint64_t rig_want_ = (want);				\
									\
		XT_UNTIL(rig_count(_metadata, r, queue, C(which)) >= rig_want_); \
		EXPECT_EQ((want), rig_count(_metadata, r, queue, C(which))) \
			TH_LOG("counter %s of queue %d", #which, queue); \
	}								\
} while (0)

/** rig_legacy() - does the header need a descriptor of its own? */
static inline bool rig_legacy(const struct rig *r)
{
	return !(r->net.features & XG_F_VERSION_1);
}

/** rig_cuts() - lengths of @n pieces of @total bytes, some of them empty. */
static inline void rig_cuts(struct rig *r, uint32_t *cut, unsigned int n, uint32_t total)
{
	uint32_t left = total;
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint32_t roll = rig_random(r) % 8;

		cut[i] = !roll ? 0 : roll < 4 ? rig_random(r) % 20 : rig_random(r) % (left + 1);
		if (cut[i] > left)
			cut[i] = left;
		left -= cut[i];
	}
}

/** rig_add() - put one frame of the pattern in the transmit ring, unpublished. */
static inline void rig_add(struct __test_metadata *_metadata, struct rig *r, size_t len,
			   uint32_t seed)
{
	struct xg_chain chain = { .order = XG_ORDER_RANDOM, .seed = seed | 1 };
	uint32_t cut[MAX_CUTS] = { r->net.hdr_len };
	unsigned int n = rig_legacy(r) ? 2 : 1;

	xg_frame_fill(r->frame, len, seed);
	if (r->shuffle) {
		n += rig_random(r) % 6;
		rig_cuts(r, cut, n, len + r->net.hdr_len);
		if (r->net.features & XG_F_INDIRECT && r->net.cfg.table_len >= n)
			chain.indirect = rig_random(r) & 1;
	}
	XT_OK(xg_net_tx_add(&r->net, NULL, r->frame, len, n, cut,
			    r->shuffle ? &chain : NULL));
}

/** rig_push() - publish what was added and kick as the device wants it. */
static inline void rig_push(struct __test_metadata *_metadata, struct xg_vq *vq)
{
	xg_vq_publish(vq);
	ASSERT_LE(0, xg_vq_kick(vq));
}

/** rig_expect() - the next frame out of the tap is this one. */
static inline void rig_expect(struct __test_metadata *_metadata, struct rig *r, size_t len,
			      uint32_t seed)
{
	ssize_t n = xg_pkt_recv(r->pkt, r->frame, sizeof(r->frame), PATIENCE);

	ASSERT_EQ((ssize_t)(len + r->pkt_hdr), n)
		TH_LOG("frame %u: wrong length; features %llx", seed,
		       (unsigned long long)r->net.features);
	ASSERT_EQ(-1, xg_frame_check(r->frame + r->pkt_hdr, len, seed))
		TH_LOG("frame %u of %zu bytes: wrong byte; features %llx", seed, len,
		       (unsigned long long)r->net.features);
}

/** rig_silent() - nothing more comes out of the tap. */
static inline void rig_silent(struct __test_metadata *_metadata, struct rig *r)
{
	EXPECT_EQ(0, xg_pkt_recv(r->pkt, r->frame, sizeof(r->frame), 0));
}

/**
 * rig_tx() - @n frames of @len, @len + @step, ... bytes: one kick, then all of
 * them checked; those below 14 bytes must not arrive
 */
static inline void rig_tx(struct __test_metadata *_metadata, struct rig *r, size_t len,
			  size_t step, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		rig_add(_metadata, r, len + i * step, r->seed + i);
	rig_push(_metadata, &r->net.vq[XG_TX]);
	for (i = 0; i < n; i++)
		if (len + i * step >= ETH_LEN)
			rig_expect(_metadata, r, len + i * step, r->seed + i);
	XT_OK(xg_net_tx_wait(&r->net, PATIENCE));
	r->seed += n;
}

/** rig_send() - hand a frame of the pattern to the tap, for the guest. */
static inline void rig_send(struct __test_metadata *_metadata, struct rig *r, size_t len,
			    uint32_t seed)
{
	memset(r->frame, 0, r->pkt_hdr);
	xg_frame_fill(r->frame + r->pkt_hdr, len, seed);
	XT_OK(xg_pkt_send(r->pkt, r->frame, len + r->pkt_hdr));
}

/** rig_buffers() - what num_buffers of a frame must be. */
static inline unsigned int rig_buffers(const struct rig *r, size_t len)
{
	if (!(r->net.features & XG_F_MRG_RXBUF))
		return 1;
	return (len + r->net.hdr_len + r->net.cfg.rx_buf - 1) / r->net.cfg.rx_buf;
}

/** rig_take() - the next frame in the receive queue is this one. */
static inline void rig_take(struct __test_metadata *_metadata, struct rig *r, size_t len,
			    uint32_t seed)
{
	struct xg_rx info;
	ssize_t n = xg_net_rx(&r->net, r->frame, sizeof(r->frame), &info, PATIENCE);

	ASSERT_EQ((ssize_t)len, n)
		TH_LOG("frame %u: wrong length (%s); features %llx", seed, xg_step(),
		       (unsigned long long)r->net.features);
	ASSERT_EQ(-1, xg_frame_check(r->frame, len, seed))
		TH_LOG("frame %u of %zu bytes: wrong byte; features %llx", seed, len,
		       (unsigned long long)r->net.features);
	/* The kernel's own leaves the field alone without mergeable buffers. */
	if (r->net.hdr_len >= 12 && (xt_is_xnet() || r->net.features & XG_F_MRG_RXBUF))
		ASSERT_EQ(rig_buffers(r, len), info.hdr.num_buffers);
	ASSERT_EQ(rig_buffers(r, len), info.buffers);
	ASSERT_EQ(0, info.hdr.flags);
	ASSERT_EQ(0, info.hdr.gso_type);
}

/** rig_rx() - as rig_tx(), towards the guest. */
static inline void rig_rx(struct __test_metadata *_metadata, struct rig *r, size_t len,
			  size_t step, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		rig_send(_metadata, r, len + i * step, r->seed + i);
	for (i = 0; i < n; i++)
		rig_take(_metadata, r, len + i * step, r->seed + i);
	r->seed += n;
}

/** rig_no_buffers() - start without posting receive buffers; see rig_lend(). */
static inline void rig_no_buffers(struct __test_metadata *_metadata, struct rig *r)
{
	unsigned int have = r->net.rx_slots;

	r->net.rx_slots = 0;
	XT_OK(xg_net_start(&r->net));
	r->net.rx_slots = have;
}

/**
 * rig_chain() - post one receive buffer of @size bytes cut in @n, receive one
 * frame of @len bytes in it and check it; for a device from rig_no_buffers()
 */
static inline void rig_chain(struct __test_metadata *_metadata, struct rig *r, size_t len,
			     uint32_t size, unsigned int n, const uint32_t *cut,
			     struct xg_chain *chain)
{
	struct xg_vq *vq = &r->net.vq[XG_RX];
	uint64_t gpa = r->net.rx_gpa[0];
	uint8_t *at = xg_mem_ptr(&r->net.mem, gpa, size);
	struct xg_seg seg[XG_MAX_RX_SEGS];
	struct xg_used used;

	ASSERT_NE(NULL, at);
	memset(at, 0xee, size);
	xg_cut(seg, n, gpa, size, cut, true);
	ASSERT_LE(0, xg_vq_add(vq, seg, n, chain, 7));
	rig_push(_metadata, vq);
	rig_send(_metadata, r, len, r->seed);
	ASSERT_EQ(1, xg_vq_wait(vq, PATIENCE));
	ASSERT_EQ(1, xg_vq_pop(vq, &used));
	ASSERT_EQ(7, used.cookie);
	ASSERT_EQ(len + r->net.hdr_len, used.len);
	ASSERT_EQ(-1, xg_frame_check(at + r->net.hdr_len, len, r->seed))
		TH_LOG("%u descriptors, %zu bytes", n, len);
	if (used.len < size)
		ASSERT_EQ(0xee, at[used.len]) TH_LOG("written behind the frame");
	r->seed++;
}

#endif /* RIG_H */
