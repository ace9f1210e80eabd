// SPDX-License-Identifier: GPL-2.0-only
/* The split ring's chains, virtio 1.3 sections 2.7.5 and 2.7.5.3. */

#include <linux/minmax.h>
#include <linux/nospec.h>

#include "ring_split.h"

/* Descriptors of an indirect table that are read at once. */
#define SPLIT_WINDOW	16

/* Pieces that a window of an indirect table may be in. */
#define SPLIT_WINDOW_SEGS	16

/**
 * xnet_split_read_descs() - read descriptors
 * @ring: the ring
 * @at: their indices, all less than the ring's size
 * @n: how many
 * @out: receives them, in the driver's byte order
 *
 * Context: the ring's owner; may sleep.
 * Return: 0 or -EFAULT.
 */
int xnet_split_read_descs(struct xnet_ring *ring, const u16 *at, unsigned int n,
			  struct vring_desc *out)
{
	unsigned int i;

	if (!user_read_access_begin(ring->desc, ring->num * sizeof(*ring->desc)))
		return xnet_split_descs_scattered(ring, at, n, out);
	for (i = 0; i < n; i++, out++) {
		const struct vring_desc __user *desc = &ring->desc[at[i]];

		unsafe_get_user(out->addr, &desc->addr, fault);
		unsafe_get_user(out->len, &desc->len, fault);
		unsafe_get_user(out->flags, &desc->flags, fault);
		unsafe_get_user(out->next, &desc->next, fault);
	}
	user_read_access_end();
	return 0;

fault:
	user_read_access_end();
	return split_fault(ring, XNET_FAULT_RING_ACCESS);
}

/* Read @n descriptors of an indirect table; the table may be in pieces. */
static int split_read_table(struct xnet_ring *ring, u64 addr, struct vring_desc *out,
			    unsigned int n)
{
	struct iovec segs[SPLIT_WINDOW_SEGS];
	void *to = out;
	int nsegs, i;

	nsegs = xnet_ringmem_translate(ring, &ring->indirect_hint, addr, n * sizeof(*out),
				       VHOST_ACCESS_RO, segs, ARRAY_SIZE(segs));
	/* Tables in smaller pieces than descriptors are nobody's. */
	if (nsegs < 0)
		return split_untranslated(ring, nsegs == -ENOBUFS ? -EFAULT : nsegs);
	for (i = 0; i < nsegs; i++) {
		if (copy_from_user(to, segs[i].iov_base, segs[i].iov_len))
			return split_fault(ring, XNET_FAULT_ADDRESS);
		to += segs[i].iov_len;
	}
	return 0;
}

/* 2.7.5.3: a table of descriptors elsewhere in the guest's memory */
static int split_walk_indirect(struct xnet_ring *ring, struct split_chain *chain,
			       const struct split_desc *table)
{
	unsigned int num = table->len / sizeof(struct vring_desc), first = 0, n = 0, i = 0, seen;
	struct vring_desc window[SPLIT_WINDOW];
	struct split_desc desc;
	int err;

	if (!ring->indirect || table->flags & VRING_DESC_F_NEXT || !num ||
	    table->len % sizeof(struct vring_desc))
		return split_fault(ring, XNET_FAULT_INDIRECT);
	/* By its last byte: a table may end where the address space does. */
	if (table->addr + (table->len - 1) < table->addr)
		return split_fault(ring, XNET_FAULT_ADDRESS);

	for (seen = 1; ; seen++) {
		if (i - first >= n) {
			first = i;
			n = min_t(unsigned int, num - i, SPLIT_WINDOW);
			err = split_read_table(ring, table->addr + (u64)i * sizeof(window[0]),
					       window, n);
			if (err)
				return err;
		}
		split_decode(ring, &window[array_index_nospec(i - first, n)], &desc);
		if (desc.flags & VRING_DESC_F_INDIRECT)
			return split_fault(ring, XNET_FAULT_INDIRECT);
		err = split_add(ring, chain, &desc);
		if (err)
			return err;
		if (!(desc.flags & VRING_DESC_F_NEXT))
			return 0;
		if (seen >= num)
			return split_fault(ring, XNET_FAULT_LOOP);
		if (desc.next >= num)
			return split_fault(ring, XNET_FAULT_NEXT);
		i = desc.next;
	}
}

/**
 * xnet_split_walk() - follow a chain that is not a single plain descriptor
 * @ring: the ring
 * @chain: receives what is in it; nothing yet
 * @desc: its first descriptor; overwritten
 *
 * Context: the ring's owner; may sleep.
 * Return: 0; -ENOBUFS if there is no room for its segments; another negative
 * errno if it is malformed.
 */
int xnet_split_walk(struct xnet_ring *ring, struct split_chain *chain, struct split_desc *desc)
{
	struct vring_desc raw;
	unsigned int seen;
	u16 next;
	int err;

	for (seen = 1; ; seen++) {
		if (desc->flags & VRING_DESC_F_INDIRECT)
			return split_walk_indirect(ring, chain, desc);
		err = split_add(ring, chain, desc);
		if (err)
			return err;
		if (!(desc->flags & VRING_DESC_F_NEXT))
			return 0;
		if (seen >= ring->num)
			return split_fault(ring, XNET_FAULT_LOOP);
		if (desc->next >= ring->num)
			return split_fault(ring, XNET_FAULT_NEXT);
		next = array_index_nospec(desc->next, ring->num);
		err = xnet_split_read_descs(ring, &next, 1, &raw);
		if (err)
			return err;
		split_decode(ring, &raw, desc);
	}
}
