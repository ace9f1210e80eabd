// SPDX-License-Identifier: GPL-2.0-only
/* Copies between segments of user memory and a frame. */

#include <linux/errno.h>
#include <linux/minmax.h>

#include "usercopy.h"

/**
 * xnet_copy_from_segs() - read from the middle of a list of segments
 * @to: receives the bytes
 * @len: how many
 * @segs: the segments, which hold at least @skip + @len bytes
 * @nsegs: how many there are
 * @skip: bytes to leave out at the start
 *
 * Context: the worker; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_copy_from_segs(void *to, size_t len, const struct iovec *segs, unsigned int nsegs,
			size_t skip)
{
	for (; len && nsegs; segs++, nsegs--) {
		size_t n;

		if (skip >= segs->iov_len) {
			skip -= segs->iov_len;
			continue;
		}
		n = min(len, segs->iov_len - skip);
		if (copy_from_user(to, segs->iov_base + skip, n))
			return -EFAULT;
		to += n;
		len -= n;
		skip = 0;
	}
	return len ? -EFAULT : 0;
}

/**
 * xnet_copy_to_segs() - write into the middle of a list of segments
 * @segs: the segments, which hold at least @skip + @len bytes
 * @nsegs: how many there are
 * @skip: bytes to leave out at the start
 * @from: the bytes
 * @len: how many
 *
 * Context: the worker; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_copy_to_segs(const struct iovec *segs, unsigned int nsegs, size_t skip,
		      const void *from, size_t len)
{
	for (; len && nsegs; segs++, nsegs--) {
		size_t n;

		if (skip >= segs->iov_len) {
			skip -= segs->iov_len;
			continue;
		}
		n = min(len, segs->iov_len - skip);
		if (copy_to_user(segs->iov_base + skip, from, n))
			return -EFAULT;
		from += n;
		len -= n;
		skip = 0;
	}
	return len ? -EFAULT : 0;
}
