/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the split ring share. Nobody else includes this.
 *
 * The driver may write to any of the ring's memory at any moment. Whatever
 * decides something is therefore read once, into the device's own memory, and
 * checked there.
 */
#ifndef _XNET_RING_SPLIT_H
#define _XNET_RING_SPLIT_H

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>
#include <linux/virtio_byteorder.h>
#include <asm/barrier.h>

#include "ring.h"
#include "ringmem.h"

/**
 * struct split_desc - a descriptor in the device's byte order
 * @addr: guest physical address of the memory
 * @len: its length in bytes
 * @flags: VRING_DESC_F_*
 * @next: index of the next one if VRING_DESC_F_NEXT is set
 */
struct split_desc {
	u64 addr;
	u32 len;
	u16 flags;
	u16 next;
};

/**
 * struct split_chain - a chain while it is walked
 * @len: bytes so far
 * @seg: index of the first segment
 * @nsegs: segments so far
 * @ndescs: descriptors so far
 */
struct split_chain {
	u64 len;
	unsigned int seg;
	unsigned int nsegs;
	unsigned int ndescs;
};

int xnet_split_read_descs(struct xnet_ring *ring, const u16 *at, unsigned int n,
			  struct vring_desc *out);
int xnet_split_walk(struct xnet_ring *ring, struct split_chain *chain, struct split_desc *desc);
int xnet_split_look(struct xnet_ring *ring);
int xnet_split_put_flags(struct xnet_ring *ring, u16 flags);
int xnet_split_heads_scattered(struct xnet_ring *ring, unsigned int n, u16 *heads);
int xnet_split_descs_scattered(struct xnet_ring *ring, const u16 *at, unsigned int n,
			       struct vring_desc *out);
int xnet_split_used_scattered(struct xnet_ring *ring, const struct xnet_done *done,
			      unsigned int n);

/*
 * Where only one byte order is possible the compiler is to know it: the fields
 * are converted for every descriptor.
 */
static __always_inline bool split_le(const struct xnet_ring *ring)
{
	if (virtio_legacy_is_little_endian() && !IS_ENABLED(CONFIG_VHOST_CROSS_ENDIAN_LEGACY))
		return true;
	return ring->le;
}

static __always_inline u16 split16(const struct xnet_ring *ring, __virtio16 v)
{
	return __virtio16_to_cpu(split_le(ring), v);
}

static __always_inline __virtio16 split_to16(const struct xnet_ring *ring, u16 v)
{
	return __cpu_to_virtio16(split_le(ring), v);
}

static __always_inline void split_decode(const struct xnet_ring *ring,
					 const struct vring_desc *raw, struct split_desc *desc)
{
	desc->addr = __virtio64_to_cpu(split_le(ring), raw->addr);
	desc->len = __virtio32_to_cpu(split_le(ring), raw->len);
	desc->flags = __virtio16_to_cpu(split_le(ring), raw->flags);
	desc->next = __virtio16_to_cpu(split_le(ring), raw->next);
}

static inline size_t split_avail_size(const struct xnet_ring *ring)
{
	return sizeof(struct vring_avail) + sizeof(__virtio16) * (ring->num + 1);
}

static inline size_t split_used_size(const struct xnet_ring *ring)
{
	return sizeof(struct vring_used) + sizeof(struct vring_used_elem) * ring->num +
	       sizeof(__virtio16);
}

/* 2.7.10: the field behind the used ring by which the device asks for notifications */
static inline __virtio16 __user *split_avail_event(const struct xnet_ring *ring)
{
	return (__virtio16 __user *)&ring->used->ring[ring->num];
}

/* 2.7.8: the field behind the available ring by which the driver asks for them */
static inline __virtio16 __user *split_used_event(const struct xnet_ring *ring)
{
	return &ring->avail->ring[ring->num];
}

static inline int split_fault(struct xnet_ring *ring, enum xnet_fault fault)
{
	ring->fault = fault;
	switch (fault) {
	case XNET_FAULT_RING_ACCESS:
	case XNET_FAULT_ADDRESS:
	case XNET_FAULT_LOG:
	case XNET_FAULT_PERMISSION:
		return -EFAULT;
	default:
		return -EINVAL;
	}
}

/* What xnet_ringmem_translate() made of memory that the driver names. */
static inline int split_untranslated(struct xnet_ring *ring, int err)
{
	switch (err) {
	case -EFAULT:
		return split_fault(ring, XNET_FAULT_ADDRESS);
	case -EPERM:
		return split_fault(ring, XNET_FAULT_PERMISSION);
	default:
		return err;
	}
}

/*
 * Add the memory of one descriptor to a chain. -ENOBUFS means that there is no
 * room for it and is not yet a fault: there may be room once other buffers are
 * out of the way. Nor is -EAGAIN, for what the IOTLB lacks.
 */
static __always_inline int split_add(struct xnet_ring *ring, struct split_chain *chain,
				     const struct split_desc *desc)
{
	unsigned int at = chain->seg + chain->nsegs;
	int n;

	if (!!(desc->flags & VRING_DESC_F_WRITE) != ring->in)
		return split_fault(ring, XNET_FAULT_DIRECTION);
	if (++chain->ndescs > XNET_MAX_SEGS)
		return split_fault(ring, XNET_FAULT_SEGMENTS);
	if (!desc->len)
		return 0;
	if (at == XNET_MAX_SEGS)
		return -ENOBUFS;
	n = xnet_ringmem_translate(ring, &ring->hint, desc->addr, desc->len,
				   ring->in ? VHOST_ACCESS_WO : VHOST_ACCESS_RO,
				   &ring->segs[at], XNET_MAX_SEGS - at);
	if (unlikely(n < 0))
		return split_untranslated(ring, n);
	chain->nsegs += n;
	chain->len += desc->len;
	return 0;
}

#endif /* _XNET_RING_SPLIT_H */
