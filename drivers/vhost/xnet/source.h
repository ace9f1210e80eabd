/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the frames of a receive queue come from: a tap's ring of pointers, many
 * at a time, or the queue of a socket that hands out its frames itself, one by
 * one.
 */
#ifndef _XNET_SOURCE_H
#define _XNET_SOURCE_H

#include <linux/compiler.h>
#include <linux/if_tun.h>
#include <linux/ptr_ring.h>
#include <linux/skb_array.h>
#include <linux/skbuff.h>
#include <net/sock.h>
#include <net/xdp.h>

#include "compat/compat.h"
#include "ring.h"

struct xnet_backend;

/**
 * struct xnet_source - where frames come from
 * @file: the backend's file
 * @ring: a tap's ring, or NULL if @sk keeps them
 * @sk: the backend's socket
 * @queue: frames taken out of @ring and not yet delivered
 * @head: the first of them
 * @tail: behind the last of them
 * @len: without @ring: length in bytes of the frame last looked at, as the
 *	guest will see it, without a virtio-net header
 * @tagged: without @ring: four bytes of that are a VLAN tag, which the socket
 *	will leave out
 * @tag: that tag, as on the wire
 *
 * A frame is what its socket wants to be given in order to deliver it, or NULL
 * if it is the oldest of a socket that keeps them.
 */
struct xnet_source {
	struct file *file;
	struct ptr_ring *ring;
	struct sock *sk;
	void *queue[XNET_BATCH];
	unsigned int head;
	unsigned int tail;
	u32 len;
	bool tagged;
	__be16 tag[2];
};

void xnet_source_init(struct xnet_source *src, const struct xnet_backend *backend);
bool xnet_source_peek(struct xnet_source *src);
bool xnet_source_drop(struct xnet_source *src, void *frame);
unsigned int xnet_source_return(struct xnet_source *src);

/**
 * xnet_source_fetch() - have frames at hand
 * @src: a tap's, with none at hand
 *
 * Context: the worker.
 * Return: how many.
 */
static inline unsigned int xnet_source_fetch(struct xnet_source *src)
{
	src->head = 0;
	src->tail = xnet_tun_consume(src->file, src->ring, src->queue, XNET_BATCH);
	return src->tail;
}

/**
 * xnet_source_keeps() - does the socket keep its frames itself?
 * @src: the source
 *
 * Return: true if xnet_source_peek() is how to get at them, false if
 * xnet_source_fetch() is.
 */
static inline bool xnet_source_keeps(const struct xnet_source *src)
{
	return !src->ring;
}

/**
 * xnet_source_at_hand() - are there frames at hand?
 * @src: the source
 *
 * Context: the worker.
 * Return: true if xnet_source_next() may be called.
 */
static inline bool xnet_source_at_hand(const struct xnet_source *src)
{
	return src->head != src->tail;
}

/**
 * xnet_source_next() - take the next frame of those at hand
 * @src: a source with frames at hand
 * @len: receives its length in bytes as the guest will see it, without a
 *	virtio-net header
 *
 * Context: the worker.
 * Return: the frame; the caller has it delivered, drops it or gives it back.
 */
static inline void *xnet_source_next(struct xnet_source *src, u32 *len)
{
	void *frame = src->queue[src->head++];

	if (unlikely(tun_is_xdp_frame(frame)))
		*len = tun_ptr_to_xdp(frame)->len;
	else
		*len = __skb_array_len_with_tag(frame);
	return frame;
}

/**
 * xnet_source_untake() - give back the frame that xnet_source_next() gave last
 * @src: the source
 *
 * Context: the worker.
 */
static inline void xnet_source_untake(struct xnet_source *src)
{
	src->head--;
}

/**
 * xnet_source_empty() - are there no frames, not counting those at hand?
 * @src: the source
 *
 * Context: the worker.
 * Return: true if there are none.
 */
static inline bool xnet_source_empty(struct xnet_source *src)
{
	/*
	 * Under the ring's lock: tun may resize it. Who fills it meanwhile does not
	 * take that lock; the slot, a pointer, is read as old or new, either of which
	 * will do, but old kernels do not mark the access.
	 */
	return likely(src->ring) ? data_race(ptr_ring_empty(src->ring)) :
				   skb_queue_empty_lockless(&src->sk->sk_receive_queue);
}

/**
 * xnet_source_missed() - did recvmsg() deliver nothing because nothing was taken?
 * @ret: what it returned
 *
 * A socket that keeps its frames reports its own error, of a device that went
 * down, in place of a frame, and has none if somebody else took it.
 *
 * Return: true if no frame was used up.
 */
static inline bool xnet_source_missed(int ret)
{
	return ret == -EAGAIN || ret == -ENETDOWN;
}

#endif /* _XNET_SOURCE_H */
