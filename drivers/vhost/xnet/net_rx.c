// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receive: from the backend to the guest's ring.
 *
 * Frames are taken from the tap's ring of pointers many at a time, and each is
 * copied by tun, which knows how to make its virtio-net header, straight into
 * the guest's buffers.
 */

#include <linux/if_tun.h>
#include <linux/net.h>
#include <linux/ptr_ring.h>
#include <linux/skb_array.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/virtio_net.h>
#include <net/xdp.h>

#include "net.h"
#include "poll.h"
#include "usercopy.h"
#include "vq.h"

/**
 * struct xnet_rx - the state of a receive queue with a backend
 * @frames: the backend's frames
 * @queue: frames taken from it and not yet delivered
 * @head: the first of them
 * @tail: behind the last of them
 * @ndone: completions in @done
 * @done: completions that are not staged yet
 */
struct xnet_rx {
	struct ptr_ring *frames;
	void *queue[XNET_BATCH];
	unsigned int head;
	unsigned int tail;
	unsigned int ndone;
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
	vq->rx->frames = vq->backend->rx_ring;
	return 0;
}

/**
 * xnet_rx_quiesce() - give frames that were not delivered back to the backend
 * @vq: a queue about to be stopped
 *
 * Context: the queue's worker.
 */
void xnet_rx_quiesce(struct xnet_vq *vq)
{
	struct xnet_rx *rx = vq->rx;

	if (rx->head != rx->tail)
		ptr_ring_unconsume(rx->frames, rx->queue + rx->head, rx->tail - rx->head,
				   tun_ptr_free);
	rx->head = 0;
	rx->tail = 0;
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

/* Length of a frame as the guest will see it. */
static unsigned int rx_frame_len(void *ptr)
{
	if (unlikely(tun_is_xdp_frame(ptr)))
		return tun_ptr_to_xdp(ptr)->len;
	return __skb_array_len_with_tag(ptr);
}

/* The next frame, or NULL. It stays in the queue. */
static void *rx_peek(struct xnet_vq *vq)
{
	struct xnet_rx *rx = vq->rx;

	if (rx->head == rx->tail) {
		rx->head = 0;
		rx->tail = xnet_tun_consume(vq->backend->file, rx->frames, rx->queue, XNET_BATCH);
		if (!rx->tail)
			return NULL;
		xnet_stats_inc(&vq->stats, XNET_C_BATCHES);
	}
	return rx->queue[rx->head];
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
static int rx_reserve(struct xnet_vq *vq, u32 len, unsigned int *nbufs)
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

/*
 * The part of the header that tun leaves out: all of it if vhost has to make
 * it, otherwise num_buffers, which is there whenever the header has 12 bytes;
 * virtio 1.3, 5.1.6.4.1.
 */
static int rx_write_header(struct xnet_vq *vq, const struct iovec *segs, unsigned int nsegs,
			   unsigned int nbufs)
{
	struct virtio_net_hdr_mrg_rxbuf hdr = {
		.num_buffers = __cpu_to_virtio16(vq->ring.le, nbufs),
	};
	const size_t at = offsetof(struct virtio_net_hdr_mrg_rxbuf, num_buffers);

	if (unlikely(vq->own_header))
		return xnet_copy_to_segs(segs, nsegs, 0, &hdr, vq->hlen);
	if (vq->hlen < sizeof(hdr))
		return 0;
	if (likely(segs->iov_len >= sizeof(hdr)))
		return __copy_to_user(segs->iov_base + at, &hdr.num_buffers,
				      sizeof(hdr.num_buffers)) ? -EFAULT : 0;
	return xnet_copy_to_segs(segs, nsegs, at, &hdr.num_buffers, sizeof(hdr.num_buffers));
}

/* Copy a frame, which is gone afterwards in any case; 0 or why it was dropped, plus one. */
static int rx_copy(struct xnet_vq *vq, void *frame, u32 len, unsigned int nbufs)
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
	ret = sock->ops->recvmsg(sock, &msg, want, MSG_DONTWAIT | MSG_TRUNC);
	/* Tun does not tell of a fault in the payload, but stops where it is. */
	if (unlikely(ret == -EFAULT || (ret >= 0 && iov_iter_count(&msg.msg_iter))))
		return 1 + XNET_C_DROP_FAULT;
	if (unlikely(ret != want))
		return 1 + XNET_C_DROP_BACKEND;
	if (unlikely(rx_write_header(vq, segs, nsegs, nbufs)))
		return 1 + XNET_C_DROP_FAULT;
	return 0;
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

/* Note that the first @nbufs buffers hold @len bytes. */
static int rx_complete(struct xnet_vq *vq, u32 len, unsigned int nbufs)
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
	if (xnet_poll_backend(vq, vq->rx->frames))
		return -EAGAIN;
	xnet_hook_listen(&vq->sock);
	/* Under the ring's lock: tun may resize it. */
	if (likely(ptr_ring_empty(vq->rx->frames)))
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

/* Deliver the frame at the head of the queue; returns as the functions above do. */
static int rx_one(struct xnet_vq *vq, void *frame, u32 frame_len)
{
	u32 len = frame_len + vq->hlen;
	struct xnet_rx *rx = vq->rx;
	unsigned int nbufs;
	int ret;

	ret = rx_reserve(vq, len, &nbufs);
	if (unlikely(ret < 0))
		return rx_publish_rest(vq, ret);
	if (unlikely(ret == RX_RESERVE_WAIT))
		return rx_wait_for_buffers(vq);
	rx->head++;
	if (unlikely(ret == RX_RESERVE_NEVER)) {
		tun_ptr_free(frame);
		xnet_stats_inc(&vq->stats, XNET_C_DROP_TOO_SMALL);
		return -EAGAIN;
	}
	ret = rx_copy(vq, frame, len, nbufs);
	if (unlikely(ret)) {
		/* The buffers stay in the look-ahead, for the next frame. */
		xnet_stats_inc(&vq->stats, ret - 1);
		/* Nobody knows how far it got before it failed. */
		return vq->ring.log.payload && rx_log(vq, len, nbufs) ? -EFAULT : -EAGAIN;
	}
	if (unlikely(vq->ring.log.payload) && rx_log(vq, len, nbufs)) {
		xnet_stats_inc(&vq->stats, XNET_C_DROP_FAULT);
		return -EFAULT;
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

/**
 * xnet_rx_run() - deliver the frames that wait, within limits
 * @vq: a running receive queue
 *
 * Context: the queue's worker; may sleep.
 * Return: enum xnet_run, or a negative errno if the ring is broken.
 */
int xnet_rx_run(struct xnet_vq *vq)
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
		frame = rx_peek(vq);
		if (frame) {
			len = rx_frame_len(frame);
			ret = rx_one(vq, frame, len);
			frames++;
			bytes += len;
		} else {
			ret = rx_wait_for_frames(vq);
		}
		if (ret != -EAGAIN)
			return ret;
	} while (frames < XNET_RUN_FRAMES && bytes < XNET_RUN_BYTES);

	ret = rx_publish(vq);
	if (ret < 0)
		return ret;
	xnet_stats_inc(&vq->stats, XNET_C_YIELDS);
	return XNET_RUN_AGAIN;
}
