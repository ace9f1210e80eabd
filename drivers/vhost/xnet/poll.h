/* SPDX-License-Identifier: GPL-2.0-only */
/* Busy polling: looking again for a while before going to sleep. */
#ifndef _XNET_POLL_H
#define _XNET_POLL_H

#include <linux/compiler.h>

#include "vq.h"

struct xnet_source;

bool xnet_poll_ring_busy(struct xnet_vq *vq, u32 us);
bool xnet_poll_backend_busy(struct xnet_vq *vq, struct xnet_source *src, u32 us);

/**
 * xnet_poll_ring() - poll for buffers as long as the owner allows
 * @vq: a running queue with nothing left to fetch
 *
 * Context: the queue's worker; may sleep.
 * Return: true if there are buffers now.
 */
static inline bool xnet_poll_ring(struct xnet_vq *vq)
{
	u32 us = READ_ONCE(vq->busyloop_us);

	return unlikely(us) && xnet_poll_ring_busy(vq, us);
}

/**
 * xnet_poll_backend() - poll for frames as long as the owner allows
 * @vq: a running receive queue
 * @src: where its frames come from, none just now
 *
 * Context: the queue's worker; may sleep.
 * Return: true if there are frames now.
 */
static inline bool xnet_poll_backend(struct xnet_vq *vq, struct xnet_source *src)
{
	u32 us = READ_ONCE(vq->busyloop_us);

	return unlikely(us) && xnet_poll_backend_busy(vq, src, us);
}

#endif /* _XNET_POLL_H */
