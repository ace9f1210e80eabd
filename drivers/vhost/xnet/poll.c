// SPDX-License-Identifier: GPL-2.0-only
/*
 * Busy polling: looking again for a while before going to sleep.
 *
 * Only the owner's explicit limit, VHOST_SET_VRING_BUSYLOOP_TIMEOUT, makes a
 * queue poll. It stops at once when the worker has other work, the other queue
 * among it, or when another task wants the CPU, or when it is to be killed or
 * stopped together with its owner.
 */

#include <linux/ktime.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "poll.h"
#include "source.h"

/* May the worker of @vq go on polling? */
static bool poll_may_go_on(const struct xnet_vq *vq, u64 end)
{
	return !need_resched() && !signal_pending(current) &&
	       !xnet_worker_has_work(vq->worker) && ktime_get_ns() < end;
}

/**
 * xnet_poll_ring_busy() - poll for buffers
 * @vq: a running queue
 * @us: for how long at most, in microseconds
 *
 * Context: the queue's worker; may sleep.
 * Return: true if there are buffers, or an error that fetching will report.
 */
bool xnet_poll_ring_busy(struct xnet_vq *vq, u32 us)
{
	u64 end = ktime_get_ns() + (u64)us * NSEC_PER_USEC;

	do {
		if (xnet_ring_poll(&vq->ring))
			return true;
		cpu_relax();
	} while (poll_may_go_on(vq, end));
	return false;
}

/**
 * xnet_poll_backend_busy() - poll for frames
 * @vq: a running receive queue
 * @src: where its frames come from
 * @us: for how long at most, in microseconds
 *
 * Context: the queue's worker.
 * Return: true if there are frames.
 */
bool xnet_poll_backend_busy(struct xnet_vq *vq, struct xnet_source *src, u32 us)
{
	u64 end = ktime_get_ns() + (u64)us * NSEC_PER_USEC;

	do {
		if (!xnet_source_empty(src))
			return true;
		cpu_relax();
	} while (poll_may_go_on(vq, end));
	return false;
}
