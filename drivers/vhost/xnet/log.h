/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dirty log: a bitmap in the owner's memory in which a queue notes the
 * pages of guest memory that it has written, for somebody who copies a running
 * guest elsewhere. He takes the bits with an atomic exchange and copies the
 * pages afterwards, at any time and as often as he likes.
 *
 * Hence the two rules of everything here. A bit is set after the write that it
 * stands for: were it set before, it could be taken, and the page copied, in
 * between, and the write would be lost. And no bit may be left out because it
 * was set a while ago: it may have been taken since.
 *
 *  xnet_log_begin()	write guest memory; wmb; set bits
 *      pairs with	owner: exchange bits (a barrier); read guest memory
 */
#ifndef _XNET_LOG_H
#define _XNET_LOG_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <asm/barrier.h>

#include "mem.h"

/* Bytes of guest memory that a bit stands for: VHOST_PAGE_SIZE, whatever a page is here. */
#define XNET_LOG_PAGE	4096

/* No page. */
#define XNET_LOG_NONE	U64_MAX

/**
 * struct xnet_log - what a queue logs and where
 * @base: the owner's address of the bitmap, 0 if it has none; bit n % 8 of byte n / 8
 *	stands for the XNET_LOG_PAGE bytes from guest physical address n * XNET_LOG_PAGE
 * @payload: log what is written into buffers (VHOST_F_LOG_ALL)
 * @used: log what is written to the device area (VHOST_VRING_F_LOG)
 * @fresh: something was logged since the owner was last signalled
 * @used_gpa: guest physical address of the device area, by the owner's word
 * @last: page logged last since xnet_log_begin(), or XNET_LOG_NONE
 * @hint: region that served the last reverse lookup
 */
struct xnet_log {
	unsigned long base;
	bool payload;
	bool used;
	bool fresh;
	u64 used_gpa;
	u64 last;
	u32 hint;
};

bool xnet_log_fits(unsigned long base, u64 gpa, u64 len);
bool xnet_log_fits_mem(unsigned long base, const struct xnet_mem *mem);
int xnet_log_gpa(struct xnet_log *log, u64 gpa, u64 len);
int xnet_log_hva(struct xnet_log *log, const struct xnet_mem *mem, u64 hva, u64 len);
int xnet_log_segs(struct xnet_log *log, const struct xnet_mem *mem, const struct iovec *segs,
		  unsigned int nsegs, u64 len);

/**
 * xnet_log_begin() - start logging what has been written so far
 * @log: the log
 *
 * Has to be called after the writes and before their pages are logged. Pages
 * logged before it count for nothing, as the owner may have taken their bits.
 */
static inline void xnet_log_begin(struct xnet_log *log)
{
	/* Pairs with the owner's exchange of the bits, see above. */
	smp_wmb();
	log->last = XNET_LOG_NONE;
	log->fresh = true;
}

#endif /* _XNET_LOG_H */
