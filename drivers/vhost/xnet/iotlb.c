// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device IOTLB as a sorted array: updates move part of it, which costs little
 * beside the system call that brings them; searching takes few steps, and none
 * where an access is near the one before.
 */

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "iotlb.h"

/* Index of the first entry that ends at @iova or behind it. */
static u32 iotlb_seek(const struct xnet_iotlb *tlb, u64 iova)
{
	u32 low = 0, high = tlb->n;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (iova > tlb->entries[mid].last)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Take out the entries from @from up to, not including, @to. */
static void iotlb_remove(struct xnet_iotlb *tlb, u32 from, u32 to)
{
	memmove(&tlb->entries[from], &tlb->entries[to],
		(tlb->n - to) * sizeof(tlb->entries[0]));
	tlb->n -= to - from;
}

/* Put an entry at @at; there is room. */
static void iotlb_insert(struct xnet_iotlb *tlb, u32 at, const struct xnet_iotlb_entry *e)
{
	memmove(&tlb->entries[at + 1], &tlb->entries[at],
		(tlb->n - at) * sizeof(tlb->entries[0]));
	tlb->entries[at] = *e;
	tlb->n++;
}

/* Move the beginning of an entry up to @iova, which is in it. */
static void iotlb_behead(struct xnet_iotlb_entry *e, u64 iova)
{
	e->hva += iova - e->iova;
	e->iova = iova;
}

/* Make room from @iova to @last; what entries have on either side of it stays. */
static void iotlb_cut(struct xnet_iotlb *tlb, u64 iova, u64 last)
{
	u32 i = iotlb_seek(tlb, iova), end;

	if (i < tlb->n && tlb->entries[i].iova < iova) {
		struct xnet_iotlb_entry rest = tlb->entries[i];

		tlb->entries[i++].last = iova - 1;
		if (rest.last > last) {
			iotlb_behead(&rest, last + 1);
			/* If there is no room it will be asked for again. */
			if (tlb->n < tlb->max)
				iotlb_insert(tlb, i, &rest);
			return;
		}
	}
	for (end = i; end < tlb->n && tlb->entries[end].last <= last; end++)
		;
	iotlb_remove(tlb, i, end);
	if (i < tlb->n && tlb->entries[i].iova <= last)
		iotlb_behead(&tlb->entries[i], last + 1);
}

static u32 iotlb_oldest(const struct xnet_iotlb *tlb)
{
	u32 i, oldest = 0;

	for (i = 1; i < tlb->n; i++)
		if (tlb->entries[i].age < tlb->entries[oldest].age)
			oldest = i;
	return oldest;
}

/**
 * xnet_iotlb_add() - add a range
 * @tlb: the table
 * @iova: first address of the range
 * @last: last address
 * @hva: the owner's address of @iova
 * @perm: VHOST_ACCESS_RO, VHOST_ACCESS_WO, both or none
 *
 * What was known of the range is replaced. A full table forgets the oldest entry.
 *
 * Context: the table's owner; does not sleep.
 * Return: 0, or -EFAULT if the range ends before it begins.
 */
int xnet_iotlb_add(struct xnet_iotlb *tlb, u64 iova, u64 last, u64 hva, u8 perm)
{
	struct xnet_iotlb_entry e = {
		.iova = iova,
		.last = last,
		.hva = hva,
		.age = ++tlb->age,
		.perm = perm,
	};
	u32 oldest;

	if (last < iova)
		return -EFAULT;
	iotlb_cut(tlb, iova, last);
	if (tlb->n == tlb->max) {
		oldest = iotlb_oldest(tlb);
		iotlb_remove(tlb, oldest, oldest + 1);
	}
	iotlb_insert(tlb, iotlb_seek(tlb, iova), &e);
	return 0;
}

/**
 * xnet_iotlb_drop() - forget a range
 * @tlb: the table
 * @iova: first address of the range
 * @last: last address
 *
 * As with vhost, an entry that has one byte in the range goes as a whole.
 *
 * Context: the table's owner; does not sleep.
 */
void xnet_iotlb_drop(struct xnet_iotlb *tlb, u64 iova, u64 last)
{
	u32 i = iotlb_seek(tlb, iova), end;

	for (end = i; end < tlb->n && tlb->entries[end].iova <= last; end++)
		;
	iotlb_remove(tlb, i, end);
}

static bool iotlb_holds(const struct xnet_iotlb *tlb, u32 i, u64 iova)
{
	return i < tlb->n && iova >= tlb->entries[i].iova && iova <= tlb->entries[i].last;
}

/* Does the entry behind @i go on where it ends, in IOVAs as in user memory? */
static bool iotlb_goes_on(const struct xnet_iotlb *tlb, u32 i, u8 perm)
{
	const struct xnet_iotlb_entry *e = &tlb->entries[i];

	return i + 1 < tlb->n && e[1].iova == e->last + 1 && e[1].perm & perm &&
	       e[1].hva == e->hva + (e->last - e->iova) + 1;
}

/**
 * xnet_iotlb_piece() - the part of a range that is one piece of user memory
 * @tlb: the table
 * @hint: index of the entry that served last; any value is safe, kept up to date
 * @iova: first address of the range
 * @len: its length in bytes, not 0
 * @perm: VHOST_ACCESS_RO if the device wants to read, VHOST_ACCESS_WO to write
 * @seg: receives the piece that begins at @iova, as long as possible
 *
 * Context: the table's owner; does not sleep.
 * Return: 0; -EAGAIN if nothing is known of @iova; -EPERM if that may not be
 * done there.
 */
int xnet_iotlb_piece(const struct xnet_iotlb *tlb, u32 *hint, u64 iova, u32 len, u8 perm,
		     struct iovec *seg)
{
	const struct xnet_iotlb_entry *e;
	u32 i = *hint;
	u64 left;

	if (!iotlb_holds(tlb, i, iova)) {
		i = iotlb_seek(tlb, iova);
		if (!iotlb_holds(tlb, i, iova))
			return -EAGAIN;
	}
	e = &tlb->entries[i];
	if (!(e->perm & perm))
		return -EPERM;
	seg->iov_base = (void __user *)(unsigned long)(e->hva + (iova - e->iova));
	/* One byte less than what is left: all 2^64 bytes would not fit. */
	left = e->last - iova;
	for (; left < len - 1 && iotlb_goes_on(tlb, i, perm); i++)
		left = tlb->entries[i + 1].last - iova;
	*hint = i;
	seg->iov_len = min_t(u64, left, len - 1) + 1;
	return 0;
}

/**
 * xnet_iotlb_translate() - user addresses of a range
 * @tlb: the table
 * @hint: as for xnet_iotlb_piece()
 * @iova: first address of the range, anything the guest wrote
 * @len: its length in bytes, anything the guest wrote
 * @perm: VHOST_ACCESS_RO if the device wants to read, VHOST_ACCESS_WO to write
 * @segs: receives the pieces, in order
 * @max: how many pieces @segs has room for, at least 1
 * @missing: receives the first address of which nothing is known, with -EAGAIN
 *
 * Context: the table's owner; does not sleep.
 * Return: the number of pieces (0 for an empty range); -EAGAIN if something is
 * missing; -EPERM if that may not be done there; -EFAULT if the range runs past
 * the last address; -ENOBUFS if it takes more than @max pieces.
 */
int xnet_iotlb_translate(const struct xnet_iotlb *tlb, u32 *hint, u64 iova, u32 len, u8 perm,
			 struct iovec *segs, unsigned int max, u64 *missing)
{
	unsigned int n = 0;
	int err;

	while (len) {
		u32 part;

		if (n == max)
			return -ENOBUFS;
		err = xnet_iotlb_piece(tlb, hint, iova, len, perm, &segs[n]);
		if (err) {
			*missing = iova;
			return err;
		}
		part = segs[n++].iov_len;
		len -= part;
		if (len && iova + part < iova)
			return -EFAULT;
		iova += part;
	}
	return n;
}
