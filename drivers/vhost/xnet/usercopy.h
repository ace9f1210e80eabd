/* SPDX-License-Identifier: GPL-2.0-only */
/* Copies between segments of user memory and a frame. */
#ifndef _XNET_USERCOPY_H
#define _XNET_USERCOPY_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "compat/unaligned.h"

/* The guest's addresses need not be aligned. */
#define XNET_LONG_LOADS	IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS)

/* Up to this many bytes a loop costs less than a call of the general copy. */
#define XNET_SHORT_COPY	(XNET_LONG_LOADS ? 128 : 16)

int xnet_copy_from_segs(void *to, size_t len, const struct iovec *segs, unsigned int nsegs,
			size_t skip);
int xnet_copy_to_segs(const struct iovec *segs, unsigned int nsegs, size_t skip,
		      const void *from, size_t len);

/**
 * xnet_unsafe_copy() - copy bytes out of user memory while access is open
 * @to: receives them
 * @from: where they are, in user memory that access was opened to
 * @len: how many
 * @fault: label to go to if one cannot be read; it has to close access
 *
 * Context: between user_read_access_begin() and user_read_access_end().
 */
#define xnet_unsafe_copy(to, from, len, fault)						\
do {											\
	const u8 __user *__from = (from);						\
	size_t __left = (len);								\
	u8 *__to = (to);								\
	u64 __long;									\
	u8 __byte;									\
											\
	for (; XNET_LONG_LOADS && __left >= 8; __left -= 8, __to += 8, __from += 8) {	\
		unsafe_get_user(__long, (const u64 __user *)__from, fault);		\
		put_unaligned(__long, (u64 *)__to);					\
	}										\
	for (; __left; __left--) {							\
		unsafe_get_user(__byte, __from++, fault);				\
		*__to++ = __byte;							\
	}										\
} while (0)

/**
 * xnet_copy_frame() - copy a header and the frame behind it out of user memory
 * @hdr: receives the header
 * @hlen: its length in bytes
 * @frame: receives the frame
 * @len: its length in bytes
 * @segs: where they are, one after the other, at least @hlen + @len bytes
 * @nsegs: how many segments that is
 *
 * Context: the worker; may sleep.
 * Return: 0 or -EFAULT.
 */
static __always_inline int xnet_copy_frame(void *hdr, unsigned int hlen, void *frame,
					   unsigned int len, const struct iovec *segs,
					   unsigned int nsegs)
{
	const u8 __user *from = segs->iov_base;

	if (unlikely(nsegs != 1)) {
		if (xnet_copy_from_segs(hdr, hlen, segs, nsegs, 0))
			return -EFAULT;
		return xnet_copy_from_segs(frame, len, segs, nsegs, hlen);
	}
	/* A fault in an unaligned long load is one in a byte that is wanted, too. */
	if (!user_read_access_begin(from, hlen + len))
		return -EFAULT;
	xnet_unsafe_copy(hdr, from, hlen, fault);
	if (len <= XNET_SHORT_COPY) {
		xnet_unsafe_copy(frame, from + hlen, len, fault);
		user_read_access_end();
		return 0;
	}
	user_read_access_end();
	return __copy_from_user(frame, from + hlen, len) ? -EFAULT : 0;

fault:
	user_read_access_end();
	return -EFAULT;
}

#endif /* _XNET_USERCOPY_H */
