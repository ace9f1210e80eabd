/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-queue figures. One writer, the worker that owns the queue; any number
 * of readers, which never stop it.
 */
#ifndef _XNET_STATS_H
#define _XNET_STATS_H

#include <linux/atomic.h>
#include <linux/u64_stats_sync.h>

/**
 * enum xnet_counter - what is counted for each queue
 * @XNET_C_PACKETS: frames delivered to the other side
 * @XNET_C_BYTES: bytes of those frames, without any virtio-net header
 * @XNET_C_BATCHES: how many times frames were handed to the backend, or fetched from it
 * @XNET_C_KICKS: kick events that reached the worker's door
 * @XNET_C_WAKEUPS: times the worker looked at the queue
 * @XNET_C_SIGNALS: call events sent to the guest
 * @XNET_C_SIGNALS_SAVED: times completions were published without a call event, as the guest
 *	wanted none or there is no eventfd for it
 * @XNET_C_YIELDS: times the queue gave way with work left (packet or byte limit)
 * @XNET_C_BACKEND_FULL: times transmission had to wait for the backend's send buffer
 * @XNET_C_NO_BUFFERS: times a frame had to wait for receive buffers
 * @XNET_C_DROP_RUNT: frames shorter than an Ethernet header
 * @XNET_C_DROP_BAD_HEADER: frames whose virtio-net header contradicts their length
 * @XNET_C_DROP_NO_MEMORY: frames for which the host had no memory
 * @XNET_C_DROP_BACKEND: frames the backend refused, or too long for any to take, or for
 *	which it had no room when they were given back
 * @XNET_C_DROP_FAULT: frames whose memory, or place in the ring, is not mapped by the owner
 * @XNET_C_DROP_TOO_SMALL: frames that fit no buffer the guest can ever offer
 * @XNET_C_RING_ERRORS: times the queue broke
 * @XNET_NR_COUNTERS: how many counters there are
 *
 * The order is that of the counter attributes of the netlink family.
 */
enum xnet_counter {
	XNET_C_PACKETS,
	XNET_C_BYTES,
	XNET_C_BATCHES,
	XNET_C_KICKS,
	XNET_C_WAKEUPS,
	XNET_C_SIGNALS,
	XNET_C_SIGNALS_SAVED,
	XNET_C_YIELDS,
	XNET_C_BACKEND_FULL,
	XNET_C_NO_BUFFERS,
	XNET_C_DROP_RUNT,
	XNET_C_DROP_BAD_HEADER,
	XNET_C_DROP_NO_MEMORY,
	XNET_C_DROP_BACKEND,
	XNET_C_DROP_FAULT,
	XNET_C_DROP_TOO_SMALL,
	XNET_C_RING_ERRORS,
	XNET_NR_COUNTERS
};

/**
 * struct xnet_stats - the figures of one queue
 * @syncp: makes 64-bit reads whole on 32-bit machines
 * @c: the counters, written by the queue's worker alone
 * @kicks: kick events; counted where they arrive, outside the worker
 */
struct xnet_stats {
	struct u64_stats_sync syncp;
	u64_stats_t c[XNET_NR_COUNTERS];
	atomic_long_t kicks;
};

void xnet_stats_init(struct xnet_stats *stats);
void xnet_stats_read(const struct xnet_stats *stats, u64 out[XNET_NR_COUNTERS]);

/**
 * xnet_stats_add() - add to one counter
 * @stats: the figures of a queue
 * @which: the counter; not XNET_C_KICKS
 * @n: how much
 *
 * Context: the queue's worker only.
 */
static inline void xnet_stats_add(struct xnet_stats *stats, enum xnet_counter which, u64 n)
{
	/* On 32-bit machines a writer must not be preempted; elsewhere this is nothing. */
	unsigned long flags = u64_stats_update_begin_irqsave(&stats->syncp);

	u64_stats_add(&stats->c[which], n);
	u64_stats_update_end_irqrestore(&stats->syncp, flags);
}

/**
 * xnet_stats_inc() - count one
 * @stats: the figures of a queue
 * @which: the counter; not XNET_C_KICKS
 *
 * Context: the queue's worker only.
 */
static inline void xnet_stats_inc(struct xnet_stats *stats, enum xnet_counter which)
{
	xnet_stats_add(stats, which, 1);
}

#endif /* _XNET_STATS_H */
