// SPDX-License-Identifier: GPL-2.0-only
/*
 * The split ring in memory that is in pieces, behind an IOTLB with entries smaller
 * than the ring. What cannot be opened as a whole ends up here. The fields that
 * either side may change at any moment are xnet_ringmem_get16()'s affair; the
 * others are settled before an index tells of them.
 */

#include "ring_split.h"

/**
 * xnet_split_heads_scattered() - the heads of the next chains
 * @ring: the ring
 * @n: how many, at most XNET_BATCH
 * @heads: receives them
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_split_heads_scattered(struct xnet_ring *ring, unsigned int n, u16 *heads)
{
	unsigned int mask = ring->num - 1, i;
	__virtio16 raw;

	if (!xnet_ringmem_scattered(ring, XNET_AREA_AVAIL))
		return split_fault(ring, XNET_FAULT_RING_ACCESS);
	for (i = 0; i < n; i++) {
		if (xnet_ringmem_read(ring, XNET_AREA_AVAIL,
				      &ring->avail->ring[(ring->fetched + i) & mask], &raw,
				      sizeof(raw)))
			return split_fault(ring, XNET_FAULT_RING_ACCESS);
		heads[i] = split16(ring, raw);
	}
	return 0;
}

/**
 * xnet_split_descs_scattered() - see xnet_split_read_descs()
 * @ring: the ring
 * @at: their indices
 * @n: how many
 * @out: receives them
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_split_descs_scattered(struct xnet_ring *ring, const u16 *at, unsigned int n,
			       struct vring_desc *out)
{
	unsigned int i;

	if (!xnet_ringmem_scattered(ring, XNET_AREA_DESC))
		return split_fault(ring, XNET_FAULT_RING_ACCESS);
	for (i = 0; i < n; i++)
		if (xnet_ringmem_read(ring, XNET_AREA_DESC, &ring->desc[at[i]], &out[i],
				      sizeof(*out)))
			return split_fault(ring, XNET_FAULT_RING_ACCESS);
	return 0;
}

/**
 * xnet_split_used_scattered() - see xnet_ring_complete()
 * @ring: the ring
 * @done: the completions
 * @n: how many
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_split_used_scattered(struct xnet_ring *ring, const struct xnet_done *done,
			      unsigned int n)
{
	u16 at = ring->used_idx + ring->staged;
	unsigned int mask = ring->num - 1, i;

	if (!xnet_ringmem_scattered(ring, XNET_AREA_USED))
		return split_fault(ring, XNET_FAULT_RING_ACCESS);
	for (i = 0; i < n; i++, at++) {
		struct vring_used_elem elem = {
			.id = __cpu_to_virtio32(split_le(ring), done[i].id),
			.len = __cpu_to_virtio32(split_le(ring), done[i].len),
		};

		if (xnet_ringmem_write(ring, XNET_AREA_USED, &ring->used->ring[at & mask], &elem,
				       sizeof(elem)))
			return split_fault(ring, XNET_FAULT_RING_ACCESS);
	}
	ring->staged += n;
	return 0;
}
