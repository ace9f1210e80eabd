// SPDX-License-Identifier: GPL-2.0-only
/* Ring memory that is in pieces, and what lies behind an IOTLB. */

#include <linux/errno.h>
#include <linux/minmax.h>

#include "iotlb.h"
#include "ringmem.h"

/* What the device does in an area. */
static u8 ringmem_perm(enum xnet_area area)
{
	return area == XNET_AREA_USED ? VHOST_ACCESS_WO : VHOST_ACCESS_RO;
}

static int ringmem_missing(struct xnet_ring *ring, u64 iova, u8 perm)
{
	ring->miss.iova = iova;
	ring->miss.perm = perm;
	return -EAGAIN;
}

static void ringmem_move(struct xnet_ring *ring, enum xnet_area area, void __user *to)
{
	if (area == XNET_AREA_DESC)
		ring->desc = to;
	else if (area == XNET_AREA_AVAIL)
		ring->avail = to;
	else
		ring->used = to;
}

/* The piece that holds a byte of a scattered area, up to @len bytes of it. */
static int ringmem_piece(struct xnet_ring *ring, enum xnet_area area, const void __user *at,
			 u32 len, struct iovec *seg)
{
	u64 iova = ring->iova[area] + ((unsigned long)at - XNET_NOWHERE);
	u8 perm = ringmem_perm(area);
	int err = xnet_iotlb_piece(ring->iotlb, &ring->area_hint[area], iova, len, perm, seg);

	return err == -EAGAIN ? ringmem_missing(ring, iova, perm) : err;
}

/**
 * xnet_ringmem_place() - look up where an area is
 * @ring: a ring behind an IOTLB
 * @area: the area
 * @size: its size in bytes
 *
 * What is found out holds until the table changes.
 *
 * Context: the ring's owner; does not sleep.
 * Return: 0; -EAGAIN if something is missing, which is noted in @ring->miss;
 * -EPERM if the device may not do there what it has to; -EFAULT if the area runs
 * past the last address.
 */
int xnet_ringmem_place(struct xnet_ring *ring, enum xnet_area area, u32 size)
{
	void __user *at = (void __user *)XNET_NOWHERE, *first = NULL;
	bool whole = true;
	struct iovec seg;
	int err;

	while (size) {
		err = ringmem_piece(ring, area, at, size, &seg);
		if (err)
			return err;
		if (first)
			whole = false;
		else
			first = seg.iov_base;
		size -= seg.iov_len;
		at += seg.iov_len;
		if (size && ring->iova[area] + ((unsigned long)at - XNET_NOWHERE) <
			    ring->iova[area])
			return -EFAULT;
	}
	if (whole)
		ring->scattered &= ~BIT(area);
	else
		ring->scattered |= BIT(area);
	ringmem_move(ring, area, whole ? first : (void __user *)XNET_NOWHERE);
	return 0;
}

/**
 * xnet_ring_set_areas() - say where a ring is
 * @ring: a ring
 * @desc: address of the descriptor table
 * @avail: of the driver area
 * @used: of the device area
 *
 * These are user addresses, or IOVAs if the ring is behind an IOTLB; those are
 * looked up by xnet_ring_place() before the ring is used.
 *
 * Context: the ring's owner.
 */
void xnet_ring_set_areas(struct xnet_ring *ring, unsigned long desc, unsigned long avail,
			 unsigned long used)
{
	const unsigned long at[XNET_NR_AREAS] = {
		[XNET_AREA_DESC] = desc,
		[XNET_AREA_AVAIL] = avail,
		[XNET_AREA_USED] = used,
	};
	bool iotlb = ring->iotlb;
	enum xnet_area area;

	ring->placed = !iotlb;
	ring->scattered = iotlb ? BIT(XNET_NR_AREAS) - 1 : 0;
	for (area = 0; area < XNET_NR_AREAS; area++) {
		ring->iova[area] = at[area];
		ringmem_move(ring, area, (void __user *)(iotlb ? XNET_NOWHERE : at[area]));
	}
}

/**
 * xnet_ring_set_tables() - say how addresses are translated
 * @ring: a ring
 * @mem: the guest's memory map
 * @iotlb: the table that counts instead, or NULL
 *
 * To be called, too, whenever @iotlb has changed. Forgets what was translated
 * before; see xnet_ring_forget().
 *
 * Context: the ring's owner.
 */
void xnet_ring_set_tables(struct xnet_ring *ring, const struct xnet_mem *mem,
			  const struct xnet_iotlb *iotlb)
{
	ring->mem = mem;
	ring->iotlb = iotlb;
	ring->map = iotlb ? &xnet_mem_none : mem;
	if (iotlb)
		ring->placed = false;
	xnet_ring_forget(ring);
}

/**
 * xnet_ringmem_part() - user address of a part of an area
 * @ring: a ring
 * @area: the area
 * @at: where the part begins, derived from the area's pointer in @ring
 * @len: its length in bytes, not 0
 * @seg: receives the piece that begins there, as long as possible
 *
 * Context: the ring's owner; does not sleep.
 * Return: 0, or -EFAULT if it is nowhere.
 */
int xnet_ringmem_part(struct xnet_ring *ring, enum xnet_area area, const void __user *at,
		      u32 len, struct iovec *seg)
{
	if (xnet_ringmem_scattered(ring, area))
		return ringmem_piece(ring, area, at, len, seg) ? -EFAULT : 0;
	seg->iov_base = (void __user *)at;
	seg->iov_len = len;
	return 0;
}

/*
 * The user address of a field of a scattered area; NULL if it is nowhere or in
 * two pieces, since it could not be read or written as a whole then.
 */
static __virtio16 __user *ringmem_field(struct xnet_ring *ring, enum xnet_area area,
					const __virtio16 __user *at)
{
	struct iovec seg;

	if (!xnet_ringmem_scattered(ring, area) ||
	    ringmem_piece(ring, area, at, sizeof(*at), &seg))
		return NULL;
	if (seg.iov_len == sizeof(*at))
		return seg.iov_base;
	/* Unless it is the rest of it that is missing, and to be asked for. */
	ringmem_piece(ring, area, (const u8 __user *)at + seg.iov_len, 1, &seg);
	return NULL;
}

/**
 * xnet_ringmem_get16_scattered() - the rest of xnet_ringmem_get16()
 * @ring: a ring
 * @area: the area
 * @at: where the field is, derived from the area's pointer in @ring
 *
 * Context: the ring's owner; may sleep.
 * Return: the value, in the driver's byte order, or -EFAULT.
 */
int xnet_ringmem_get16_scattered(struct xnet_ring *ring, enum xnet_area area,
				 const __virtio16 __user *at)
{
	__virtio16 v;

	at = ringmem_field(ring, area, at);
	return at && !get_user(v, at) ? (__force u16)v : -EFAULT;
}

/**
 * xnet_ringmem_put16_scattered() - the rest of xnet_ringmem_put16()
 * @ring: a ring
 * @area: the area
 * @v: the value
 * @at: where the field is, derived from the area's pointer in @ring
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_ringmem_put16_scattered(struct xnet_ring *ring, enum xnet_area area, __virtio16 v,
				 __virtio16 __user *at)
{
	at = ringmem_field(ring, area, at);
	return at ? put_user(v, at) : -EFAULT;
}

/**
 * xnet_ringmem_read() - read from a scattered area
 * @ring: a ring
 * @area: the area
 * @from: where, derived from the area's pointer in @ring
 * @to: receives the bytes
 * @len: how many
 *
 * For what the driver does not change at the same time, if it keeps the rules:
 * it need not be read as a whole.
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_ringmem_read(struct xnet_ring *ring, enum xnet_area area, const void __user *from,
		      void *to, u32 len)
{
	struct iovec seg;

	while (len) {
		if (ringmem_piece(ring, area, from, len, &seg) ||
		    copy_from_user(to, seg.iov_base, seg.iov_len))
			return -EFAULT;
		from += seg.iov_len;
		to += seg.iov_len;
		len -= seg.iov_len;
	}
	return 0;
}

/**
 * xnet_ringmem_write() - write to a scattered area
 * @ring: a ring
 * @area: the area
 * @to: where, derived from the area's pointer in @ring
 * @from: the bytes
 * @len: how many
 *
 * For what the driver does not look at before it is told to.
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_ringmem_write(struct xnet_ring *ring, enum xnet_area area, void __user *to,
		       const void *from, u32 len)
{
	struct iovec seg;

	while (len) {
		if (ringmem_piece(ring, area, to, len, &seg) ||
		    copy_to_user(seg.iov_base, from, seg.iov_len))
			return -EFAULT;
		from += seg.iov_len;
		to += seg.iov_len;
		len -= seg.iov_len;
	}
	return 0;
}

/**
 * xnet_ringmem_lookup() - the part of xnet_ringmem_translate() that searches
 * @ring: a ring
 * @hint: what served last
 * @addr: first address
 * @len: length in bytes
 * @perm: what the device wants to do
 * @segs: receives the pieces
 * @max: room in @segs
 *
 * Context: as for xnet_ringmem_translate().
 * Return: as for xnet_ringmem_translate().
 */
int xnet_ringmem_lookup(struct xnet_ring *ring, u32 *hint, u64 addr, u32 len, u8 perm,
			struct iovec *segs, unsigned int max)
{
	u64 missing;
	int n;

	if (!ring->iotlb)
		return xnet_mem_lookup(ring->mem, hint, addr, len, segs, max);
	n = xnet_iotlb_translate(ring->iotlb, hint, addr, len, perm, segs, max, &missing);
	return n == -EAGAIN ? ringmem_missing(ring, missing, perm) : n;
}
