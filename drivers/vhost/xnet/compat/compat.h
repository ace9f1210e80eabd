/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels. The rest of the module is written as for the
 * newest one; nothing else tests for a version.
 */
#ifndef _XNET_COMPAT_H
#define _XNET_COMPAT_H

#include <linux/eventfd.h>
#include <linux/gfp.h>
#include <linux/if_tun.h>
#include <linux/mm_types.h>
#include <linux/version.h>

#include "uapi.h"

/**
 * xnet_eventfd_signal() - add one to an eventfd's count and wake who waits
 * @ctx: the eventfd
 *
 * Context: any.
 */
static inline void xnet_eventfd_signal(struct eventfd_ctx *ctx)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(ctx);
#else
	eventfd_signal(ctx, 1);
#endif
}

/**
 * xnet_frag_cache_drain() - give back what a page fragment cache holds
 * @cache: the cache; empty afterwards
 */
static inline void xnet_frag_cache_drain(struct page_frag_cache *cache)
{
	if (cache->va)
		__page_frag_cache_drain(virt_to_head_page(cache->va), cache->pagecnt_bias);
	cache->va = NULL;
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
	struct tun_xdp_hdr *hdr = buf;

	hdr->buflen = buflen;
	return &hdr->gso;
}

#endif /* _XNET_COMPAT_H */
