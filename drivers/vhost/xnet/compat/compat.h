/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels. The rest of the module is written as for the
 * newest one. Which kernel this is shows in probed.h: XNET_HAVE_NAME is defined
 * if probe/NAME.c compiles. Nothing tests for a version.
 */
#ifndef _XNET_COMPAT_H
#define _XNET_COMPAT_H

#include <linux/eventfd.h>
#include <linux/if_tun.h>
#include <linux/mm.h>
#include <linux/mm_types.h>
#include <linux/ptr_ring.h>
#include <linux/skbuff.h>
#include <linux/virtio_net.h>

#include "probed.h"

#include "uapi.h"

/* Does tun know the header of frames that are to be segmented inside a UDP tunnel? */
#ifdef XNET_HAVE_UDP_TUNNEL_HDR
#define XNET_HAVE_UDP_TUNNEL	true
static_assert(sizeof(struct virtio_net_hdr_v1_hash_tunnel) == XNET_UDP_TUNNEL_HLEN);
#else
#define XNET_HAVE_UDP_TUNNEL	false
#endif

/**
 * xnet_eventfd_signal() - add one to an eventfd's count and wake who waits
 * @ctx: the eventfd
 *
 * Context: any.
 */
static inline void xnet_eventfd_signal(struct eventfd_ctx *ctx)
{
#ifdef XNET_HAVE_EVENTFD_SIGNAL_COUNT
	eventfd_signal(ctx, 1);
#else
	eventfd_signal(ctx);
#endif
}

/**
 * xnet_frag_cache_drain() - give back what a page fragment cache holds
 * @cache: the cache; empty afterwards
 */
static inline void xnet_frag_cache_drain(struct page_frag_cache *cache)
{
#ifdef XNET_HAVE_PAGE_FRAG_CACHE_DRAIN
	page_frag_cache_drain(cache);
#else
	if (cache->va)
		__page_frag_cache_drain(virt_to_head_page(cache->va), cache->pagecnt_bias);
	cache->va = NULL;
#endif
}

/**
 * xnet_tun_frame_hdr() - where tun expects a frame's virtio-net header
 * @buf: start of the memory that the frame is built in
 * @buflen: length of that memory in bytes
 *
 * Return: the header's place; room before it has been filled in.
 */
static inline struct virtio_net_hdr *xnet_tun_frame_hdr(void *buf, int buflen)
{
#ifdef XNET_HAVE_TUN_XDP_HDR
	struct tun_xdp_hdr *hdr = buf;

	hdr->buflen = buflen;
	return &hdr->gso;
#else
	return buf;
#endif
}

/**
 * xnet_tun_consume() - take frames from a tap's ring
 * @file: the tap's file
 * @ring: its ring
 * @frames: receives the frames
 * @n: how many at most
 *
 * A tap whose ring was full may have stopped its network device's queue; where
 * it does that, it is told of the room.
 *
 * Context: process.
 * Return: how many frames there were.
 */
static inline int xnet_tun_consume(struct file *file, struct ptr_ring *ring, void **frames, int n)
{
#ifdef XNET_HAVE_TUN_WAKE_QUEUE
	spin_lock(&ring->consumer_lock);
	n = __ptr_ring_consume_batched(ring, frames, n);
	if (n)
		tun_wake_queue(file, n);
	spin_unlock(&ring->consumer_lock);
	return n;
#else
	/* Slots are cleared while their filler looks; such kernels do not mark that. */
	return data_race(ptr_ring_consume_batched(ring, frames, n));
#endif
}

#endif /* _XNET_COMPAT_H */
