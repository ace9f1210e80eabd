// SPDX-License-Identifier: GPL-2.0-only
/*
 * The split ring's way back: completions, and who is to be told of what; virtio
 * 1.3 sections 2.7.7 to 2.7.10. Which barrier pairs with which stands in ring.h.
 */

#include "ring_split.h"

/* As split_log(), for a ring behind an IOTLB: only user addresses tell where that is. */
static int split_log_iotlb(struct xnet_ring *ring, size_t at, size_t len)
{
	const void __user *from = (const char __user *)ring->used + at;
	struct iovec seg;

	for (; len; from += seg.iov_len, len -= seg.iov_len)
		if (xnet_ringmem_part(ring, XNET_AREA_USED, from, len, &seg) ||
		    xnet_log_hva(&ring->log, ring->mem, (unsigned long)seg.iov_base, seg.iov_len))
			return split_fault(ring, XNET_FAULT_LOG);
	return 0;
}

/* Log @len bytes of the device area, @at bytes into it; the log has been begun. */
static int split_log(struct xnet_ring *ring, size_t at, size_t len)
{
	if (ring->iotlb)
		return split_log_iotlb(ring, at, len);
	if (xnet_log_gpa(&ring->log, ring->log.used_gpa + at, len))
		return split_fault(ring, XNET_FAULT_LOG);
	return 0;
}

/* Log a field of the device area that was just written. */
static int split_log_field(struct xnet_ring *ring, const __virtio16 __user *field)
{
	xnet_log_begin(&ring->log);
	return split_log(ring, (const char __user *)field - (const char __user *)ring->used,
			 sizeof(*field));
}

/* Log the @n entries from index @at on; they may be on both ends of the ring. */
static int split_log_entries(struct xnet_ring *ring, u16 at, unsigned int n)
{
	const size_t size = sizeof(struct vring_used_elem);
	const size_t head = offsetof(struct vring_used, ring);
	unsigned int first = at & (ring->num - 1), part = min(n, ring->num - first);
	int err;

	xnet_log_begin(&ring->log);
	err = split_log(ring, head + first * size, part * size);
	return err ? err : split_log(ring, head, (n - part) * size);
}

/**
 * xnet_split_complete() - see xnet_ring_complete()
 * @ring: the ring
 * @done: the completions
 * @n: how many
 *
 * The entries lie behind the index that the driver may read, so it does not
 * matter when they are written; 2.7.8.
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_split_complete(struct xnet_ring *ring, const struct xnet_done *done, unsigned int n)
{
	unsigned int mask = ring->num - 1, i;
	u16 at = ring->used_idx + ring->staged;

	if (!user_write_access_begin(ring->used, split_used_size(ring))) {
		i = n - 1;
		if (!xnet_split_used_scattered(ring, done, n))
			return 0;
		goto unpublished;
	}
	for (i = 0; i < n; i++, at++) {
		struct vring_used_elem __user *elem = &ring->used->ring[at & mask];

		unsafe_put_user(__cpu_to_virtio32(split_le(ring), done[i].id), &elem->id, fault);
		unsafe_put_user(__cpu_to_virtio32(split_le(ring), done[i].len), &elem->len, fault);
	}
	user_write_access_end();
	ring->staged += n;
	return 0;

fault:
	user_write_access_end();
unpublished:
	/* Nobody is going to publish these, and so to log them; half of the last may be there. */
	if (ring->log.used)
		split_log_entries(ring, ring->used_idx, ring->staged + i + 1);
	return split_fault(ring, XNET_FAULT_RING_ACCESS);
}

/* Log the last @n entries, and the index behind them if that was @shown as well. */
static int split_log_published(struct xnet_ring *ring, unsigned int n, bool shown)
{
	int err = split_log_entries(ring, ring->used_idx - n, n);

	if (err || !shown)
		return err;
	return split_log(ring, offsetof(struct vring_used, idx), sizeof(ring->used->idx));
}

/* 2.7.7.2: does the driver want to hear of what was just published? */
static int split_want_signal(struct xnet_ring *ring)
{
	bool valid = ring->signalled_valid;
	u16 old = ring->signalled;
	__virtio16 raw;

	/* What the driver asks for is read after it can see the new index. */
	smp_mb();
	ring->signalled = ring->used_idx;
	ring->signalled_valid = true;
	if (ring->notify_on_empty && ring->fetched == ring->avail_idx && !xnet_ring_ahead(ring))
		return 1;
	if (!ring->event_idx) {
		if (xnet_ringmem_get16(ring, XNET_AREA_AVAIL, &raw, &ring->avail->flags))
			return split_fault(ring, XNET_FAULT_RING_ACCESS);
		return !(split16(ring, raw) & VRING_AVAIL_F_NO_INTERRUPT);
	}
	if (!valid)
		return 1;
	if (xnet_ringmem_get16(ring, XNET_AREA_AVAIL, &raw, split_used_event(ring)))
		return split_fault(ring, XNET_FAULT_RING_ACCESS);
	return vring_need_event(split16(ring, raw), ring->used_idx, old);
}

/**
 * xnet_split_publish() - see xnet_ring_publish()
 * @ring: the ring
 *
 * Context: the ring's owner; may sleep.
 * Return: 1, 0 or -EFAULT.
 */
int xnet_split_publish(struct xnet_ring *ring)
{
	unsigned int n = ring->staged;
	int err;

	if (!n)
		return 0;
	/* The entries are visible before the index that covers them. */
	smp_wmb();
	ring->used_idx += n;
	ring->staged = 0;
	err = xnet_ringmem_put16(ring, XNET_AREA_USED, split_to16(ring, ring->used_idx),
				 &ring->used->idx);
	if (unlikely(ring->log.used) && split_log_published(ring, n, !err))
		return -EFAULT;
	if (err)
		return split_fault(ring, XNET_FAULT_RING_ACCESS);
	return split_want_signal(ring);
}

/**
 * xnet_split_put_flags() - write the flags of the device area, 2.7.8
 * @ring: the ring
 * @flags: VRING_USED_F_*
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_split_put_flags(struct xnet_ring *ring, u16 flags)
{
	if (xnet_ringmem_put16(ring, XNET_AREA_USED, split_to16(ring, flags), &ring->used->flags))
		return split_fault(ring, XNET_FAULT_RING_ACCESS);
	ring->used_flags = flags;
	return ring->log.used ? split_log_field(ring, &ring->used->flags) : 0;
}

static int split_set_flags(struct xnet_ring *ring, u16 flags)
{
	return ring->used_flags == flags ? 0 : xnet_split_put_flags(ring, flags);
}

/* Ask for a notification of the next buffer after index @seen, 2.7.10. */
static int split_put_event(struct xnet_ring *ring, u16 seen)
{
	__virtio16 __user *event = split_avail_event(ring);

	if (xnet_ringmem_put16(ring, XNET_AREA_USED, split_to16(ring, seen), event))
		return split_fault(ring, XNET_FAULT_RING_ACCESS);
	return unlikely(ring->log.used) ? split_log_field(ring, event) : 0;
}

/**
 * xnet_split_arm() - see xnet_ring_arm()
 * @ring: the ring
 *
 * Context: the ring's owner; may sleep.
 * Return: 0, 1 or a negative errno.
 */
int xnet_split_arm(struct xnet_ring *ring)
{
	u16 seen = ring->avail_idx;
	int err;

	err = ring->event_idx ? split_put_event(ring, seen) : split_set_flags(ring, 0);
	if (err)
		return err;
	/* The driver sees the wish before the device looks for the last time. */
	smp_mb();
	err = xnet_split_look(ring);
	if (err)
		return err;
	return ring->avail_idx != seen;
}

/**
 * xnet_split_disarm() - see xnet_ring_disarm()
 * @ring: the ring
 *
 * With the event index there is nothing to do: the driver notifies once for
 * each wish.
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_split_disarm(struct xnet_ring *ring)
{
	return ring->event_idx ? 0 : split_set_flags(ring, VRING_USED_F_NO_NOTIFY);
}
