// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive: from the backend to the guest's ring.
 *
 * Each frame is copied by the backend's socket, which knows how to make its
 * virtio-net header, straight into the guest's buffers.
 */

#include <linux/if_vlan.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/virtio_net.h>
#include <net/xdp.h>

#include "net.h"
#include "poll.h"
#include "source.h"
#include "usercopy.h"
#include "vq.h"

/* More than any virtio-net header has. */
#define RX_MAX_HEADER	64

/**
 * struct xnet_rx - the state of a receive queue with a backend
 * @src: where its frames come from
 * @ndone: completions in @done
 * @wrote: bytes that may have been written, from where the buffers begin, by the
 *	copy that failed last
 * @done: completions that are not staged yet
 */
struct xnet_rx {
	struct xnet_source src;
	unsigned int ndone;
	u32 wrote;
	struct xnet_done done[XNET_BATCH];
};

/**
 * enum rx_reserve - what became of the wish for buffers for a frame
 * @RX_RESERVE_OK: there are enough
 * @RX_RESERVE_WAIT: not yet; the guest may add more
 * @RX_RESERVE_NEVER: the guest cannot offer enough, so the frame is to be dropped
 */
enum rx_reserve {
	RX_RESERVE_OK,
	RX_RESERVE_WAIT,
	RX_RESERVE_NEVER,
};

/**
 * xnet_rx_start() - take the memory that a receive queue needs
 * @vq: a stopped queue whose backend is set
 *
 * Context: the device mutex is held; may sleep.
 * Return: 0 or -ENOMEM.
 */
int xnet_rx_start(struct xnet_vq *vq)
{
	vq->rx = kzalloc(sizeof(*vq->rx), GFP_KERNEL_ACCOUNT);
	if (!vq->rx)
		return -ENOMEM;
	xnet_source_init(&vq->rx->src, vq->backend);
	return 0;
}

/**
 * xnet_rx_quiesce() - give frames that were not delivered back to the backend
 * @vq: a queue about to be stopped
 *
 * Those that it has no room for any more are dropped and counted.
 *
 * Context: the queue's worker; may sleep.
 */
void xnet_rx_quiesce(struct xnet_vq *vq)
{
	xnet_stats_add(&vq->stats, XNET_C_DROP_BACKEND, xnet_source_return(&vq->rx->src));
}

/**
 * xnet_rx_stop() - give the memory back
 * @vq: a stopped queue
 *
 * Context: the device mutex is held.
 */
void xnet_rx_stop(struct xnet_vq *vq)
{
	kfree(vq->rx);
	vq->rx = NULL;
}

/*
 * Take the next frame and set @len. Returns false if there is none; a frame of a
 * socket that keeps them itself is NULL, and stays there.
 *
 * Here and below @kept, whether it is such a socket, is known when the code is
 * compiled: there is one run for either.
 */
static __always_inline bool rx_next(struct xnet_vq *vq, void **frame, u32 *len, const bool kept)
{
	struct xnet_source *src = &vq->rx->src;

	if (kept || !xnet_source_at_hand(src)) {
		if (!(kept ? xnet_source_peek(src) : xnet_source_fetch(src)))
			return false;
		xnet_stats_inc(&vq->stats, XNET_C_BATCHES);
	}
	if (kept) {
		*frame = NULL;
		*len = src->len;
	} else {
		*frame = xnet_source_next(src, len);
	}
	return true;
}

static int rx_stage(struct xnet_vq *vq)
{
	struct xnet_rx *rx = vq->rx;
	int ret;

	if (!rx->ndone)
		return 0;
	ret = xnet_ring_complete(&vq->ring, rx->done, rx->ndone);
	rx->ndone = 0;
	return ret;
}

static int rx_publish(struct xnet_vq *vq)
{
	int ret = rx_stage(vq);

	return ret < 0 ? ret : xnet_vq_publish(vq);
}

/*
 * The ring is broken, or waits for the IOTLB; the frames delivered before are the
 * guest's all the same. Returns as xnet_rx_run() does.
 */
static int rx_publish_rest(struct xnet_vq *vq, int err)
{
	enum xnet_fault fault = vq->ring.fault;
	int ret = rx_publish(vq);

	if (err == -EAGAIN)
		return ret < 0 ? ret : XNET_RUN_MISS;
	vq->ring.fault = fault;
	return err;
}

/*
 * Find buffers for @len bytes. Returns enum rx_reserve and, if that is
 * RX_RESERVE_OK, sets @nbufs; or a negative errno.
 */
static __always_inline int rx_reserve(struct xnet_vq *vq, u32 len, unsigned int *nbufs)
{
	struct xnet_ring *ring = &vq->ring;
	unsigned int have = xnet_ring_ahead(ring), n = 0;
	u64 room = 0;
	int got;

	for (;;) {
		while (n < have) {
			room += xnet_ring_buf(ring, n++)->len;
			if (likely(room >= len)) {
				*nbufs = n;
				return RX_RESERVE_OK;
			}
			/* 5.1.6.3.2: without mergeable buffers a frame gets one. */
			if (!vq->mergeable)
				return RX_RESERVE_NEVER;
		}
		got = xnet_ring_fetch(ring, max_t(unsigned int, have + 1, XNET_BATCH));
		if (unlikely(got < 0))
			return got;
		if (got == have)
			return xnet_ring_full(ring) ? RX_RESERVE_NEVER : RX_RESERVE_WAIT;
		have = got;
	}
}

/* The whole header, of any length there is: nothing is known but @num. */
static noinline int rx_make_header(struct xnet_vq *vq, const struct iovec *segs,
				   unsigned int nsegs, __virtio16 num)
{
	u8 hdr[XNET_UDP_TUNNEL_HLEN] = {};

	memcpy(hdr + offsetof(struct virtio_net_hdr_mrg_rxbuf, num_buffers), &num, sizeof(num));
	return xnet_copy_to_segs(segs, nsegs, 0, hdr, vq->hlen);
}

/*
 * The part of the header that tun leaves out: all of it if vhost has to make
 * it, otherwise num_buffers, which is there whenever the header has 12 bytes or
 * more; virtio 1.3, 5.1.6.4.1.
 */
static __always_inline int rx_write_header(struct xnet_vq *vq, const struct iovec *segs,
					   unsigned int nsegs, unsigned int nbufs)
{
	const size_t at = offsetof(struct virtio_net_hdr_mrg_rxbuf, num_buffers);
	__virtio16 num = __cpu_to_virtio16(vq->ring.le, nbufs);

	if (unlikely(vq->own_header))
		return rx_make_header(vq, segs, nsegs, num);
	if (vq->hlen < at + sizeof(num))
		return 0;
	if (likely(segs->iov_len >= at + sizeof(num)))
		return __copy_to_user(segs->iov_base + at, &num, sizeof(num)) ? -EFAULT : 0;
	return xnet_copy_to_segs(segs, nsegs, at, &num, sizeof(num));
}

/*
 * A frame was received without its VLAN tag, that many bytes behind its place:
 * move what goes before the tag, and put it in between.
 */
static int rx_insert_tag(struct xnet_vq *vq, const struct iovec *segs, unsigned int nsegs)
{
	u8 front[RX_MAX_HEADER + 2 * ETH_ALEN];
	size_t n = vq->own_header ? 0 : vq->hlen, from = vq->hlen - n;

	n += 2 * ETH_ALEN;
	if (xnet_copy_from_segs(front, n, segs, nsegs, from + VLAN_HLEN) ||
	    xnet_copy_to_segs(segs, nsegs, from, front, n))
		return -EFAULT;
	return xnet_copy_to_segs(segs, nsegs, from + n, vq->rx->src.tag, VLAN_HLEN);
}

/*
 * What recvmsg() may have written of @len bytes when it returned @ret instead of
 * @want, the last ones of them. Of a fault there is no telling: on the way out
 * the iterator is taken back to where a part of the frame began.
 */
static u32 rx_written(const struct iov_iter *to, int ret, u32 want, u32 len)
{
	if (ret > 0)
		return len - want + min_t(u32, ret, want);
	return ret == -EFAULT || iov_iter_count(to) != want ? len : 0;
}

/* A frame is lost; @why is a counter. */
static noinline int rx_lose(struct xnet_vq *vq, unsigned int why, u32 wrote)
{
	vq->rx->wrote = wrote;
	return 1 + why;
}

/*
 * Copy a frame, which is gone afterwards. Returns 0, or why it was dropped, plus
 * one, or -EAGAIN if it was not there after all.
 */
static __always_inline int rx_receive(struct xnet_vq *vq, void *frame, u32 len,
				      unsigned int nbufs, const bool kept)
{
	const struct xnet_buf *first = xnet_ring_buf(&vq->ring, 0);
	const struct xnet_buf *last = xnet_ring_buf(&vq->ring, nbufs - 1);
	struct iovec *segs = &vq->ring.segs[first->seg];
	unsigned int nsegs = last->seg + last->nsegs - first->seg;
	struct msghdr msg = { .msg_control = frame, .msg_flags = MSG_DONTWAIT };
	struct socket *sock = vq->backend->sock;
	u32 want = len;
	int ret;

	if (likely(nsegs == 1))
		iov_iter_ubuf(&msg.msg_iter, ITER_DEST, segs->iov_base, len);
	else
		iov_iter_init(&msg.msg_iter, ITER_DEST, segs, nsegs, len);
	if (unlikely(vq->own_header)) {
		iov_iter_advance(&msg.msg_iter, vq->hlen);
		want -= vq->hlen;
	}
	if (kept && vq->rx->src.tagged) {
		iov_iter_advance(&msg.msg_iter, VLAN_HLEN);
		want -= VLAN_HLEN;
	}
	ret = sock->ops->recvmsg(sock, &msg, want, MSG_DONTWAIT | MSG_TRUNC);
	if (unlikely(ret != want)) {
		if (kept && xnet_source_missed(ret))
			return -EAGAIN;
		return rx_lose(vq, ret == -EFAULT ? XNET_C_DROP_FAULT : XNET_C_DROP_BACKEND,
			       rx_written(&msg.msg_iter, ret, want, len));
	}
	/* Tun does not tell of a fault in the payload, but stops where it is. */
	if (unlikely(iov_iter_count(&msg.msg_iter)))
		return rx_lose(vq, XNET_C_DROP_FAULT, len);
	if (kept && vq->rx->src.tagged && rx_insert_tag(vq, segs, nsegs))
		return rx_lose(vq, XNET_C_DROP_FAULT, len);
	if (unlikely(rx_write_header(vq, segs, nsegs, nbufs)))
		return rx_lose(vq, XNET_C_DROP_FAULT, len);
	return 0;
}

static noinline int rx_copy(struct xnet_vq *vq, void *frame, u32 len, unsigned int nbufs)
{
	return rx_receive(vq, frame, len, nbufs, false);
}

static noinline int rx_copy_kept(struct xnet_vq *vq, u32 len, unsigned int nbufs)
{
	return rx_receive(vq, NULL, len, nbufs, true);
}

/* Log the pages that a frame was written to. */
static int rx_log(struct xnet_vq *vq, u32 len, unsigned int nbufs)
{
	struct xnet_ring *ring = &vq->ring;
	const struct xnet_buf *first = xnet_ring_buf(ring, 0);
	const struct xnet_buf *last = xnet_ring_buf(ring, nbufs - 1);

	xnet_log_begin(&ring->log);
	if (!xnet_log_segs(&ring->log, ring->mem, &ring->segs[first->seg],
			   last->seg + last->nsegs - first->seg, len))
		return 0;
	ring->fault = XNET_FAULT_LOG;
	return -EFAULT;
}

/*
 * A frame was not copied, for the reason that rx_receive() gave. The buffers stay
 * in the look-ahead, for the next one. Returns as rx_wait_for_frames() does.
 */
static int rx_failed(struct xnet_vq *vq, int why, unsigned int nbufs)
{
	if (why < 0)
		return -EAGAIN;
	xnet_stats_inc(&vq->stats, why - 1);
	if (vq->ring.log.payload && rx_log(vq, vq->rx->wrote, nbufs))
		return rx_publish_rest(vq, -EFAULT);
	return -EAGAIN;
}

/* Note that the first @nbufs buffers hold @len bytes. */
static __always_inline int rx_complete(struct xnet_vq *vq, u32 len, unsigned int nbufs)
{
	struct xnet_rx *rx = vq->rx;
	unsigned int i;
	int ret;

	for (i = 0; i < nbufs; i++) {
		const struct xnet_buf *buf = xnet_ring_buf(&vq->ring, i);
		u32 part = min(len, buf->len);

		if (rx->ndone == XNET_BATCH) {
			ret = rx_stage(vq);
			if (ret < 0)
				return ret;
		}
		rx->done[rx->ndone].id = buf->id;
		rx->done[rx->ndone].len = part;
		rx->ndone++;
		len -= part;
	}
	xnet_ring_take(&vq->ring, nbufs);
	if (rx->ndone + vq->ring.staged >= XNET_BATCH)
		return rx_publish(vq);
	return 0;
}

/* There are no frames. Returns as xnet_rx_run() does, or -EAGAIN if there are after all. */
static int rx_wait_for_frames(struct xnet_vq *vq)
{
	int ret = rx_publish(vq);

	if (ret < 0)
		return ret;
	if (xnet_poll_backend(vq, &vq->rx->src))
		return -EAGAIN;
	xnet_hook_listen(&vq->sock);
	if (likely(xnet_source_empty(&vq->rx->src)))
		return XNET_RUN_IDLE;
	xnet_hook_deafen(&vq->sock);
	return -EAGAIN;
}

/* There are no buffers. Returns as xnet_rx_run() does, or -EAGAIN if there are after all. */
static int rx_wait_for_buffers(struct xnet_vq *vq)
{
	int ret = rx_publish(vq);

	if (ret < 0)
		return ret;
	if (xnet_poll_ring(vq))
		return -EAGAIN;
	ret = xnet_ring_arm(&vq->ring);
	if (ret < 0)
		return ret;
	if (!ret) {
		xnet_stats_inc(&vq->stats, XNET_C_NO_BUFFERS);
		return XNET_RUN_IDLE;
	}
	ret = xnet_ring_disarm(&vq->ring);
	return ret < 0 ? ret : -EAGAIN;
}

/* Deliver a frame that was taken; returns as the functions above do. */
static __always_inline int rx_one(struct xnet_vq *vq, void *frame, u32 frame_len, const bool kept)
{
	u32 len = frame_len + vq->hlen;
	struct xnet_source *src = &vq->rx->src;
	unsigned int nbufs;
	int ret;

	ret = rx_reserve(vq, len, &nbufs);
	if (unlikely(ret)) {
		if (ret == RX_RESERVE_NEVER) {
			if (xnet_source_drop(src, frame))
				xnet_stats_inc(&vq->stats, XNET_C_DROP_TOO_SMALL);
			return -EAGAIN;
		}
		if (!kept)
			xnet_source_untake(src);
		if (ret == RX_RESERVE_WAIT)
			return rx_wait_for_buffers(vq);
		return rx_publish_rest(vq, ret);
	}
	ret = kept ? rx_copy_kept(vq, len, nbufs) : rx_copy(vq, frame, len, nbufs);
	if (unlikely(ret))
		return rx_failed(vq, ret, nbufs);
	if (unlikely(vq->ring.log.payload) && rx_log(vq, len, nbufs)) {
		xnet_stats_inc(&vq->stats, XNET_C_DROP_FAULT);
		return rx_publish_rest(vq, -EFAULT);
	}
	ret = rx_complete(vq, len, nbufs);
	if (unlikely(ret < 0)) {
		xnet_stats_inc(&vq->stats, XNET_C_DROP_FAULT);
		return ret;
	}
	xnet_stats_inc(&vq->stats, XNET_C_PACKETS);
	xnet_stats_add(&vq->stats, XNET_C_BYTES, frame_len);
	return -EAGAIN;
}

static __always_inline int rx_run(struct xnet_vq *vq, const bool kept)
{
	unsigned int frames = 0;
	u32 len, bytes = 0;
	void *frame;
	int ret;

	xnet_hook_deafen(&vq->sock);
	ret = xnet_ring_disarm(&vq->ring);
	if (ret)
		return ret;
	do {
		if (rx_next(vq, &frame, &len, kept)) {
			ret = rx_one(vq, frame, len, kept);
			bytes += len;
		} else {
			ret = rx_wait_for_frames(vq);
		}
		if (ret != -EAGAIN)
			return ret;
		/* A look costs something too, if another reader takes the frames away. */
	} while (++frames < XNET_RUN_FRAMES && bytes < XNET_RUN_BYTES);

	ret = rx_publish(vq);
	if (ret < 0)
		return ret;
	xnet_stats_inc(&vq->stats, XNET_C_YIELDS);
	return XNET_RUN_AGAIN;
}

static noinline int rx_run_kept(struct xnet_vq *vq)
{
	return rx_run(vq, true);
}

/**
 * xnet_rx_run() - deliver the frames that wait, within limits
 * @vq: a running receive queue
 *
 * Context: the queue's worker; may sleep.
 * Return: enum xnet_run, or a negative errno if the ring is broken.
 */
int xnet_rx_run(struct xnet_vq *vq)
{
	if (unlikely(xnet_source_keeps(&vq->rx->src)))
		return rx_run_kept(vq);
	return rx_run(vq, false);
}
