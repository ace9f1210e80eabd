/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device IOTLB: what user space has told of how the addresses that a guest
 * behind an IOMMU uses (IOVAs) are mapped. It is a cache: what it lacks is asked
 * for, and nothing is wrong with forgetting an entry.
 */
#ifndef _XNET_IOTLB_H
#define _XNET_IOTLB_H

#include <linux/types.h>
#include <linux/uio.h>

/**
 * struct xnet_iotlb_entry - one range of IOVAs
 * @iova: its first address
 * @last: its last address
 * @hva: the owner's address of @iova; in user space with the whole range, unless @perm is 0
 * @age: when it was added, later ones being greater
 * @perm: VHOST_ACCESS_RO and VHOST_ACCESS_WO: what the device may do there
 */
struct xnet_iotlb_entry {
	u64 iova;
	u64 last;
	u64 hva;
	u64 age;
	u8 perm;
};

/**
 * struct xnet_iotlb - a table
 * @n: entries in it
 * @max: room for so many, at least 1
 * @age: of the entry added last
 * @entries: sorted by address, no two overlap
 *
 * Each queue has a table of its own, which belongs to its worker like the ring.
 */
struct xnet_iotlb {
	u32 n;
	u32 max;
	u64 age;
	struct xnet_iotlb_entry entries[];
};

int xnet_iotlb_add(struct xnet_iotlb *tlb, u64 iova, u64 last, u64 hva, u8 perm);
void xnet_iotlb_drop(struct xnet_iotlb *tlb, u64 iova, u64 last);
int xnet_iotlb_piece(const struct xnet_iotlb *tlb, u32 *hint, u64 iova, u32 len, u8 perm,
		     struct iovec *seg);
int xnet_iotlb_translate(const struct xnet_iotlb *tlb, u32 *hint, u64 iova, u32 len, u8 perm,
			 struct iovec *segs, unsigned int max, u64 *missing);

#endif /* _XNET_IOTLB_H */
