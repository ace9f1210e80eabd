// SPDX-License-Identifier: GPL-2.0-only
/*
 * The split ring, virtio 1.3 section 2.7: fetching what the driver has made
 * available. The contract, and which barrier pairs with which, stand in ring.h.
 */

#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/string.h>

#include "ring_split.h"

/* Look up one area; what may be done there is part of the question. */
static int split_place(struct xnet_ring *ring, enum xnet_area area, size_t size)
{
	int err = xnet_ringmem_place(ring, area, size);

	if (err == -EPERM)
		return split_fault(ring, XNET_FAULT_PERMISSION);
	if (err == -EFAULT)
		return split_fault(ring, XNET_FAULT_RING_ACCESS);
	return err;
}

/**
 * xnet_split_place() - see xnet_ring_place()
 * @ring: the ring
 *
 * The fields of the event index are looked up only if it is in use, as they
 * need not be there otherwise.
 *
 * Context: the ring's owner; does not sleep.
 * Return: 0, -EAGAIN or -EFAULT.
 */
int xnet_split_place(struct xnet_ring *ring)
{
	size_t unused = ring->event_idx ? 0 : sizeof(__virtio16);
	int err;

	err = split_place(ring, XNET_AREA_DESC, ring->num * sizeof(*ring->desc));
	if (!err)
		err = split_place(ring, XNET_AREA_AVAIL, split_avail_size(ring) - unused);
	if (!err)
		err = split_place(ring, XNET_AREA_USED, split_used_size(ring) - unused);
	ring->placed = !err;
	return err;
}

/**
 * xnet_split_start() - see xnet_ring_start()
 * @ring: the ring
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_split_start(struct xnet_ring *ring)
{
	__virtio16 idx;
	int err;

	ring->fault = XNET_FAULT_NONE;
	ring->avail_idx = ring->taken;
	ring->staged = 0;
	ring->signalled_valid = false;
	ring->miss.perm = 0;
	xnet_ring_forget(ring);
	err = xnet_split_put_flags(ring, 0);
	if (err)
		return err;
	if (xnet_ringmem_get16(ring, XNET_AREA_USED, &idx, &ring->used->idx))
		return split_fault(ring, XNET_FAULT_RING_ACCESS);
	ring->used_idx = split16(ring, idx);
	return 0;
}

/**
 * xnet_split_look() - learn how far the driver has got, 2.7.6
 * @ring: the ring
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or a negative errno.
 */
int xnet_split_look(struct xnet_ring *ring)
{
	__virtio16 raw;
	u16 idx;

	if (xnet_ringmem_get16(ring, XNET_AREA_AVAIL, &raw, &ring->avail->idx))
		return split_fault(ring, XNET_FAULT_RING_ACCESS);
	idx = split16(ring, raw);
	if ((u16)(idx - ring->taken) > ring->num ||
	    (u16)(idx - ring->taken) < (u16)(ring->fetched - ring->taken))
		return split_fault(ring, XNET_FAULT_AVAIL_IDX);
	ring->avail_idx = idx;
	/* The entries are read after the index that covers them. */
	smp_rmb();
	return 0;
}

/* Move the look-ahead to the front of its arrays. */
static void split_compact(struct xnet_ring *ring)
{
	unsigned int n = xnet_ring_ahead(ring), seg, i;

	if (!n) {
		ring->first = 0;
		ring->end = 0;
		ring->nsegs = 0;
		return;
	}
	seg = ring->bufs[ring->first].seg;
	memmove(ring->bufs, &ring->bufs[ring->first], n * sizeof(ring->bufs[0]));
	memmove(ring->segs, &ring->segs[seg], (ring->nsegs - seg) * sizeof(ring->segs[0]));
	for (i = 0; i < n; i++)
		ring->bufs[i].seg -= seg;
	ring->first = 0;
	ring->end = n;
	ring->nsegs -= seg;
}

/* The heads of the next @n chains, and the first descriptor of each. */
static int split_read_heads(struct xnet_ring *ring, unsigned int n, u16 *heads)
{
	unsigned int mask = ring->num - 1, i;
	__virtio16 raw;

	if (!user_read_access_begin(ring->avail, split_avail_size(ring)))
		return xnet_split_heads_scattered(ring, n, heads);
	for (i = 0; i < n; i++) {
		unsafe_get_user(raw, &ring->avail->ring[(ring->fetched + i) & mask], fault);
		heads[i] = split16(ring, raw);
	}
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return split_fault(ring, XNET_FAULT_RING_ACCESS);
}

/* Append the chain at @head, whose first descriptor is @first, to the look-ahead. */
static __always_inline int split_append(struct xnet_ring *ring, u16 head,
					const struct vring_desc *first)
{
	struct split_chain chain = { .seg = ring->nsegs };
	struct xnet_buf *buf = &ring->bufs[ring->end];
	struct split_desc desc;
	int err;

	split_decode(ring, first, &desc);
	if (likely(!(desc.flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT))))
		err = split_add(ring, &chain, &desc);
	else
		err = xnet_split_walk(ring, &chain, &desc);
	if (unlikely(err))
		return err;
	if (unlikely((ring->in && !chain.len) || chain.len > U32_MAX))
		return split_fault(ring, XNET_FAULT_LENGTH);

	buf->id = head;
	buf->seg = chain.seg;
	buf->nsegs = chain.nsegs;
	buf->len = chain.len;
	ring->nsegs += chain.nsegs;
	ring->end++;
	ring->fetched++;
	return 0;
}

/* Append a chain; make room for it if there is none. */
static int split_append_room(struct xnet_ring *ring, u16 head, const struct vring_desc *first)
{
	int err = split_append(ring, head, first);

	if (unlikely(err == -ENOBUFS && ring->first)) {
		split_compact(ring);
		err = split_append(ring, head, first);
	}
	if (unlikely(err == -ENOBUFS && !xnet_ring_ahead(ring)))
		return split_fault(ring, XNET_FAULT_SEGMENTS);
	return err;
}

/*
 * Fetch up to @n chains, at most XNET_BATCH.
 *
 * Returns how many were added, 0 if there is no room, or a negative errno if
 * the first of them is malformed.
 */
static int split_fetch_some(struct xnet_ring *ring, unsigned int n)
{
	u16 heads[XNET_BATCH];
	unsigned int i;
	int err;

	err = split_read_heads(ring, n, heads);
	if (err)
		return err;
	for (i = 0; i < n; i++) {
		if (unlikely(heads[i] >= ring->num)) {
			if (!i)
				return split_fault(ring, XNET_FAULT_HEAD);
			n = i;
			break;
		}
		heads[i] = array_index_nospec(heads[i], ring->num);
	}
	err = xnet_split_read_descs(ring, heads, n, ring->descs);
	if (err)
		return err;
	for (i = 0; i < n; i++) {
		err = split_append_room(ring, heads[i], &ring->descs[i]);
		if (unlikely(err)) {
			if (i || err == -ENOBUFS) {
				/* Whatever it was will be found again. */
				ring->fault = XNET_FAULT_NONE;
				break;
			}
			return err;
		}
	}
	return i;
}

/**
 * xnet_split_fetch() - see xnet_ring_fetch()
 * @ring: the ring
 * @want: how many buffers are wished for
 *
 * Context: the ring's owner; may sleep.
 * Return: how many there are, or a negative errno.
 */
int xnet_split_fetch(struct xnet_ring *ring, unsigned int want)
{
	unsigned int have = xnet_ring_ahead(ring), before = have, n;
	bool looked = false;
	int added;

	want = min_t(unsigned int, want, ring->max_bufs);
	if (have >= want)
		return have;
	if (!have || ring->end + (want - have) > ring->max_bufs)
		split_compact(ring);

	do {
		n = (u16)(ring->avail_idx - ring->fetched);
		if (n < want - have && !looked) {
			added = xnet_split_look(ring);
			if (added)
				return added;
			looked = true;
			n = (u16)(ring->avail_idx - ring->fetched);
		}
		n = min3(n, want - have, (unsigned int)XNET_BATCH);
		if (!n)
			break;
		added = split_fetch_some(ring, n);
		if (added < 0) {
			if (have == before)
				return added;
			/* Those in front of it are served first; it will be found again. */
			ring->fault = XNET_FAULT_NONE;
			break;
		}
		have += added;
	} while (added == n && have < want);
	return have;
}

/**
 * xnet_split_poll() - see xnet_ring_poll()
 * @ring: the ring
 *
 * Context: the ring's owner; may sleep.
 * Return: 1, 0 or -EFAULT.
 */
int xnet_split_poll(struct xnet_ring *ring)
{
	__virtio16 idx;

	if (xnet_ringmem_get16(ring, XNET_AREA_AVAIL, &idx, &ring->avail->idx))
		return split_fault(ring, XNET_FAULT_RING_ACCESS);
	return split16(ring, idx) != ring->fetched;
}
