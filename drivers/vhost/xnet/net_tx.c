// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transmit: from the guest's ring to the backend.
 *
 * Frames that fit a page are copied, each into a fragment of memory laid out
 * as the network stack wants it, and handed to tun in one call for many. The
 * others, and all of them if the backend's send buffer is limited, go one by
 * one straight from the guest's memory.
 */

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/ip.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/virtio_net.h>
#include <net/sock.h>
#include <net/xdp.h>

#include "net.h"
#include "poll.h"
#include "usercopy.h"
#include "vq.h"

/* What the stack wants in front of a frame, as for any driver that builds skbs. */
#define TX_HEADROOM	(NET_IP_ALIGN + NET_SKB_PAD)

/* Longer than any frame that a network device takes, offloads and all. */
#define TX_MAX_FRAME	SZ_1M

/**
 * struct xnet_tx - the state of a transmit queue with a backend
 * @frags: memory for frames
 * @nframes: frames built and not yet handed on
 * @nbytes: bytes in them
 * @frames: those frames
 * @ndone: completions in @done
 * @done: completions of what was sent or built, not staged yet
 */
struct xnet_tx {
	struct page_frag_cache frags;
	unsigned int nframes;
	u64 nbytes;
	struct xdp_buff frames[XNET_BATCH];
	unsigned int ndone;
	struct xnet_done done[XNET_BATCH];
};

/**
 * xnet_tx_start() - take the memory that a transmit queue needs
 * @vq: a stopped queue
 *
 * Context: the device mutex is held; may sleep.
 * Return: 0 or -ENOMEM.
 */
int xnet_tx_start(struct xnet_vq *vq)
{
	vq->tx = kvzalloc(sizeof(*vq->tx), GFP_KERNEL_ACCOUNT);
	return vq->tx ? 0 : -ENOMEM;
}

/**
 * xnet_tx_stop() - give it back
 * @vq: a stopped queue
 *
 * Context: the device mutex is held; may sleep.
 */
void xnet_tx_stop(struct xnet_vq *vq)
{
	xnet_frag_cache_drain(&vq->tx->frags);
	kvfree(vq->tx);
	vq->tx = NULL;
}

/* Hand the frames built so far to the backend. */
static void tx_flush(struct xnet_vq *vq)
{
	struct xnet_tx *tx = vq->tx;
	struct tun_msg_ctl ctl = {
		.type = TUN_MSG_PTR,
		.num = tx->nframes,
		.ptr = tx->frames,
	};
	struct msghdr msg = {
		.msg_control = &ctl,
		.msg_controllen = sizeof(ctl),
		.msg_flags = MSG_DONTWAIT,
	};
	struct socket *sock = vq->backend->sock;
	unsigned int i;

	if (!tx->nframes)
		return;
	if (likely(sock->ops->sendmsg(sock, &msg, 0) >= 0)) {
		xnet_stats_add(&vq->stats, XNET_C_PACKETS, tx->nframes);
		xnet_stats_add(&vq->stats, XNET_C_BYTES, tx->nbytes);
		xnet_stats_inc(&vq->stats, XNET_C_BATCHES);
	} else {
		/* A refused batch stays ours: tun looks at none of it. */
		for (i = 0; i < tx->nframes; i++)
			page_frag_free(tx->frames[i].data_hard_start);
		xnet_stats_add(&vq->stats, XNET_C_DROP_BACKEND, tx->nframes);
	}
	tx->nframes = 0;
	tx->nbytes = 0;
}

/*
 * Hand one frame of @len bytes, which @msg describes with its header, to the
 * backend. Returns 0, -EAGAIN if the backend's send buffer is full, or what
 * xnet_counter names the reason to drop it, plus one.
 */
static int tx_give(struct xnet_vq *vq, struct msghdr *msg, u32 len)
{
	struct socket *sock = vq->backend->sock;
	int ret = sock->ops->sendmsg(sock, msg, iov_iter_count(&msg->msg_iter));

	if (likely(ret >= 0)) {
		xnet_stats_inc(&vq->stats, XNET_C_PACKETS);
		xnet_stats_add(&vq->stats, XNET_C_BYTES, len);
		xnet_stats_inc(&vq->stats, XNET_C_BATCHES);
		return 0;
	}
	switch (ret) {
	case -EAGAIN:
		return ret;
	case -ENOMEM:
	case -ENOBUFS:
		return 1 + XNET_C_DROP_NO_MEMORY;
	case -EFAULT:
		return 1 + XNET_C_DROP_FAULT;
	default:
		return 1 + XNET_C_DROP_BACKEND;
	}
}

/*
 * Send one frame straight from the guest's memory; returns as tx_give() does.
 *
 * Never with MSG_MORE: tun keeps such a frame back until one comes without, and
 * the next one may be refused for want of send buffer, or dropped.
 */
static int tx_send(struct xnet_vq *vq, struct iovec *segs, const struct xnet_buf *buf)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT };

	if (buf->nsegs == 1)
		iov_iter_ubuf(&msg.msg_iter, ITER_SOURCE, segs->iov_base, buf->len);
	else
		iov_iter_init(&msg.msg_iter, ITER_SOURCE, segs, buf->nsegs, buf->len);
	if (vq->own_header)
		iov_iter_advance(&msg.msg_iter, vq->hlen);
	return tx_give(vq, &msg, buf->len - vq->hlen);
}

/*
 * The stack trusts hdr_len to cover the checksum field; virtio 1.3, 5.1.6.2
 * lets it be a mere hint. Returns false if there is no such field in a frame of
 * @len bytes.
 */
static bool tx_fix_header(const struct xnet_vq *vq, struct virtio_net_hdr *hdr, u32 len)
{
	bool le = vq->ring.le;
	u32 end;

	if (!(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return true;
	end = __virtio16_to_cpu(le, hdr->csum_start) + __virtio16_to_cpu(le, hdr->csum_offset) + 2;
	if (end > len)
		return false;
	if (end > __virtio16_to_cpu(le, hdr->hdr_len))
		hdr->hdr_len = __cpu_to_virtio16(le, end);
	return true;
}

/*
 * Tun does not tell which frames of a batch it refused. Those whose header it
 * looks into more closely go alone, so that a refusal is counted: which these are
 * differs between kernels, but all take a checksum that begins behind an IP header.
 */
static bool tx_may_be_refused(const struct xnet_vq *vq, const struct virtio_net_hdr *hdr, u32 len)
{
	if (hdr->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return true;
	return hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
	       (len < sizeof(struct iphdr) ||
		__virtio16_to_cpu(vq->ring.le, hdr->csum_start) < sizeof(struct iphdr));
}

/*
 * Send a frame that was built, with all those before it; returns as tx_give() does.
 *
 * Alone tun refuses what in a batch it does not look at: an hdr_len that cannot
 * be. The device must not rely on it, 5.1.6.2.2, so it is made one that can.
 */
static int tx_send_built(struct xnet_vq *vq, struct virtio_net_hdr *hdr, void *data, u32 len)
{
	struct kvec segs[] = {
		{ .iov_base = hdr, .iov_len = vq->hlen }, { .iov_base = data, .iov_len = len },
	};
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT };
	u16 hdr_len = __virtio16_to_cpu(vq->ring.le, hdr->hdr_len);

	if (hdr_len) {
		hdr_len = clamp_t(u32, hdr_len, ETH_HLEN, len);
		hdr->hdr_len = __cpu_to_virtio16(vq->ring.le, hdr_len);
	}
	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, segs, ARRAY_SIZE(segs), vq->hlen + len);
	tx_flush(vq);
	return tx_give(vq, &msg, len);
}

/*
 * Build a frame for tx_flush(), or send it if it has to go alone. Returns 0,
 * -ENOSPC if it is too long to be built, or as tx_give() does.
 */
static int tx_build(struct xnet_vq *vq, const struct iovec *segs, const struct xnet_buf *buf)
{
	struct sock *sk = vq->backend->sock->sk;
	unsigned int room = sock_flag(sk, SOCK_XDP) ? XDP_PACKET_HEADROOM : 0;
	unsigned int pad = SKB_DATA_ALIGN(TX_HEADROOM + room + vq->hlen);
	unsigned int len = buf->len - vq->hlen, buflen;
	struct xnet_tx *tx = vq->tx;
	struct virtio_net_hdr *hdr;
	struct xdp_buff *xdp;
	void *mem;
	int ret;

	if (len > PAGE_SIZE)
		return -ENOSPC;
	buflen = SKB_DATA_ALIGN(pad + len) + SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	if (buflen > PAGE_SIZE)
		return -ENOSPC;
	mem = page_frag_alloc(&tx->frags, buflen, GFP_KERNEL);
	if (unlikely(!mem))
		return 1 + XNET_C_DROP_NO_MEMORY;

	hdr = xnet_tun_frame_hdr(mem, buflen);
	if (unlikely(xnet_copy_frame(hdr, vq->hlen, mem + pad, len, segs, buf->nsegs))) {
		page_frag_free(mem);
		return 1 + XNET_C_DROP_FAULT;
	}
	if (unlikely(vq->own_header || !vq->hlen)) {
		memset(hdr, 0, sizeof(*hdr));
	} else if (unlikely(!tx_fix_header(vq, hdr, len))) {
		page_frag_free(mem);
		return 1 + XNET_C_DROP_BAD_HEADER;
	} else if (unlikely(tx_may_be_refused(vq, hdr, len))) {
		ret = tx_send_built(vq, hdr, mem + pad, len);
		page_frag_free(mem);
		return ret;
	}

	xdp = &tx->frames[tx->nframes++];
	xdp_init_buff(xdp, buflen, NULL);
	xdp_prepare_buff(xdp, mem, pad, len, true);
	tx->nbytes += len;
	return 0;
}

/* Send, or see to the sending of, one buffer; returns as tx_send() does. */
static int tx_one(struct xnet_vq *vq, const struct xnet_buf *buf, bool batch)
{
	struct iovec *segs = &vq->ring.segs[buf->seg];
	int ret;

	if (unlikely(buf->len < vq->hlen + ETH_HLEN))
		return 1 + XNET_C_DROP_RUNT;
	/* Lengths near 4 GiB become negative ones inside tun. */
	if (unlikely(buf->len > TX_MAX_FRAME))
		return 1 + XNET_C_DROP_BACKEND;
	if (likely(batch)) {
		ret = tx_build(vq, segs, buf);
		if (likely(ret != -ENOSPC))
			return ret;
		/* The frames before this one go first. */
		tx_flush(vq);
	}
	return tx_send(vq, segs, buf);
}

/* What one run of a queue has done so far. */
struct tx_run {
	unsigned int frames;
	u64 bytes;
	bool full;	/* the backend is full */
};

static bool tx_run_over(const struct tx_run *run)
{
	return run->frames >= XNET_RUN_FRAMES || run->bytes >= XNET_RUN_BYTES || run->full;
}

/*
 * Hand on the frames built so far and show the guest its completions. Neither
 * is done more often than needed: each costs the same for one as for many, and
 * a signal costs the guest most.
 */
static int tx_finish(struct xnet_vq *vq)
{
	struct xnet_tx *tx = vq->tx;
	int ret;

	tx_flush(vq);
	if (!tx->ndone)
		return 0;
	ret = xnet_ring_complete(&vq->ring, tx->done, tx->ndone);
	tx->ndone = 0;
	return ret < 0 ? ret : xnet_vq_publish(vq);
}

/*
 * Send what is in the look-ahead, or as much as the run's limits and the
 * backend allow. Returns 0 or a negative errno.
 */
static int tx_batch(struct xnet_vq *vq, struct tx_run *run)
{
	/* Taps take batches past their send buffer's limit, so only if there is none. */
	bool batch = xnet_backend_takes_batches(vq->backend) &&
		     READ_ONCE(vq->backend->sock->sk->sk_sndbuf) == INT_MAX;
	struct xnet_tx *tx = vq->tx;
	int ret;

	while (xnet_ring_ahead(&vq->ring) && !tx_run_over(run)) {
		const struct xnet_buf *buf = xnet_ring_buf(&vq->ring, 0);

		if (tx->ndone == XNET_BATCH) {
			ret = tx_finish(vq);
			if (unlikely(ret < 0))
				return ret;
		}
		ret = tx_one(vq, buf, batch);
		if (unlikely(ret)) {
			if (ret < 0) {
				run->full = true;
				break;
			}
			xnet_stats_inc(&vq->stats, ret - 1);
		}
		tx->done[tx->ndone].id = buf->id;
		tx->done[tx->ndone].len = 0;
		tx->ndone++;
		run->frames++;
		run->bytes += buf->len;
		xnet_ring_take(&vq->ring, 1);
	}
	return 0;
}

/* The backend is full: go on when it has room. */
static int tx_wait_for_room(struct xnet_vq *vq)
{
	xnet_stats_inc(&vq->stats, XNET_C_BACKEND_FULL);
	xnet_hook_listen(&vq->sock);
	/*
	 * Polling the file also makes it tell us; it does so once. A tap that
	 * has been deleted never will, but takes, and refuses, frames again.
	 */
	if (!(vfs_poll(vq->backend->file, NULL) & (EPOLLOUT | EPOLLERR)))
		return XNET_RUN_IDLE;
	xnet_hook_deafen(&vq->sock);
	return XNET_RUN_AGAIN;
}

/*
 * The ring is broken, or waits for the IOTLB; what was sent before is done all
 * the same. Returns as xnet_tx_run() does.
 */
static int tx_finish_rest(struct xnet_vq *vq, int err)
{
	enum xnet_fault fault = vq->ring.fault;
	int ret = tx_finish(vq);

	if (err == -EAGAIN)
		return ret < 0 ? ret : XNET_RUN_MISS;
	vq->ring.fault = fault;
	return err;
}

/* There are no buffers. Returns as xnet_tx_run() does, or -EAGAIN if there are after all. */
static int tx_wait_for_buffers(struct xnet_vq *vq)
{
	int ret = tx_finish(vq);

	if (ret < 0)
		return ret;
	if (xnet_poll_ring(vq))
		return -EAGAIN;
	ret = xnet_ring_arm(&vq->ring);
	if (ret <= 0)
		return ret < 0 ? ret : XNET_RUN_IDLE;
	ret = xnet_ring_disarm(&vq->ring);
	return ret < 0 ? ret : -EAGAIN;
}

/**
 * xnet_tx_run() - send what the guest has to send, within limits
 * @vq: a running transmit queue
 *
 * Context: the queue's worker; may sleep.
 * Return: enum xnet_run, or a negative errno if the ring is broken.
 */
int xnet_tx_run(struct xnet_vq *vq)
{
	struct tx_run run = {};
	int n, ret;

	xnet_hook_deafen(&vq->sock);
	ret = xnet_ring_disarm(&vq->ring);
	if (ret)
		return ret;
	do {
		n = xnet_ring_fetch(&vq->ring, XNET_BATCH);
		/* What the look-ahead has from an earlier run needs nothing more. */
		if (unlikely(n == -EAGAIN && xnet_ring_ahead(&vq->ring)))
			n = xnet_ring_ahead(&vq->ring);
		if (unlikely(n < 0))
			return tx_finish_rest(vq, n);
		if (n) {
			ret = tx_batch(vq, &run);
			if (unlikely(ret < 0))
				return ret;
			cond_resched();
		} else {
			ret = tx_wait_for_buffers(vq);
			if (ret != -EAGAIN)
				return ret;
			/* A look costs something too, if the guest only pretends. */
			run.frames++;
		}
	} while (!tx_run_over(&run));

	ret = tx_finish(vq);
	if (unlikely(ret < 0))
		return ret;
	if (unlikely(run.full))
		return tx_wait_for_room(vq);
	xnet_stats_inc(&vq->stats, XNET_C_YIELDS);
	return XNET_RUN_AGAIN;
}
