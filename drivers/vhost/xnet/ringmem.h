/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ring memory: the three areas of a ring, and the memory that its descriptors
 * name.
 *
 * An area is one piece of user memory, which the ring's files use by plain
 * pointers; or it is scattered, behind an IOTLB with small entries. A scattered
 * area is at XNET_NOWHERE, where no user memory can be. So everybody tries the
 * plain way, and asks for the other one when that has failed: an area in one
 * piece makes no test for those that are not.
 */
#ifndef _XNET_RINGMEM_H
#define _XNET_RINGMEM_H

#include <linux/bits.h>
#include <linux/uaccess.h>
#include <linux/vhost_types.h>

#include "ring.h"

/* The last 1 MiB of the address space, which is the kernel's; no area is as large. */
#define XNET_NOWHERE	(~0UL << 20)

int xnet_ringmem_place(struct xnet_ring *ring, enum xnet_area area, u32 size);
int xnet_ringmem_part(struct xnet_ring *ring, enum xnet_area area, const void __user *at,
		      u32 len, struct iovec *seg);
int xnet_ringmem_read(struct xnet_ring *ring, enum xnet_area area, const void __user *from,
		      void *to, u32 len);
int xnet_ringmem_write(struct xnet_ring *ring, enum xnet_area area, void __user *to,
		       const void *from, u32 len);
int xnet_ringmem_get16_scattered(struct xnet_ring *ring, enum xnet_area area,
				 const __virtio16 __user *at);
int xnet_ringmem_put16_scattered(struct xnet_ring *ring, enum xnet_area area, __virtio16 v,
				 __virtio16 __user *at);
int xnet_ringmem_lookup(struct xnet_ring *ring, u32 *hint, u64 addr, u32 len, u8 perm,
			struct iovec *segs, unsigned int max);

/**
 * xnet_ringmem_scattered() - is an area not one piece of user memory?
 * @ring: a ring
 * @area: one of its areas
 *
 * Return: true if it has to be reached by the functions here.
 */
static inline bool xnet_ringmem_scattered(const struct xnet_ring *ring, enum xnet_area area)
{
	return ring->scattered & BIT(area);
}

/**
 * xnet_ringmem_get16() - read a field of an area
 * @ring: a ring
 * @area: the area
 * @v: receives the value, in the driver's byte order
 * @at: where the field is
 *
 * The field is read as a whole, whatever the driver does meanwhile.
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
static __always_inline int xnet_ringmem_get16(struct xnet_ring *ring, enum xnet_area area,
					      __virtio16 *v, const __virtio16 __user *at)
{
	__virtio16 raw;
	int ret;

	if (unlikely(get_user(raw, at))) {
		/* By value: variables that have an address cost the callers more. */
		ret = xnet_ringmem_get16_scattered(ring, area, at);
		if (ret < 0)
			return ret;
		raw = (__force __virtio16)ret;
	}
	*v = raw;
	return 0;
}

/**
 * xnet_ringmem_put16() - write a field of an area
 * @ring: a ring
 * @area: the area
 * @v: the value, in the driver's byte order
 * @at: where the field is
 *
 * The field is written as a whole.
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
static __always_inline int xnet_ringmem_put16(struct xnet_ring *ring, enum xnet_area area,
					      __virtio16 v, __virtio16 __user *at)
{
	if (likely(!put_user(v, at)))
		return 0;
	return xnet_ringmem_put16_scattered(ring, area, v, at);
}

/**
 * xnet_ringmem_translate() - user addresses of memory that the driver names
 * @ring: a ring
 * @hint: what served last; any value is safe, kept up to date
 * @addr: first address, anything the guest wrote
 * @len: length in bytes, anything the guest wrote
 * @perm: VHOST_ACCESS_RO if the device wants to read, VHOST_ACCESS_WO to write
 * @segs: receives the pieces, in order
 * @max: how many pieces @segs has room for, at least 1
 *
 * Context: the ring's owner; does not sleep.
 * Return: the number of pieces; -EAGAIN if the IOTLB lacks something, which is
 * noted in @ring->miss; -EPERM if the IOTLB does not allow it; -EFAULT if there
 * is no such memory; -ENOBUFS if it takes more than @max pieces.
 */
static __always_inline int xnet_ringmem_translate(struct xnet_ring *ring, u32 *hint, u64 addr,
						  u32 len, u8 perm, struct iovec *segs,
						  unsigned int max)
{
	/* Behind an IOTLB this map is empty. */
	if (likely(xnet_mem_hit(ring->map, *hint, addr, len, segs)))
		return 1;
	return xnet_ringmem_lookup(ring, hint, addr, len, perm, segs, max);
}

#endif /* _XNET_RINGMEM_H */
