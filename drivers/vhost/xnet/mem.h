/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's memory map: guest physical address (GPA) to the owner's virtual
 * address (HVA). A map never changes once made. To change the map of a queue,
 * its worker is asked to swap the pointer; see xnet_dev_set_mem().
 */
#ifndef _XNET_MEM_H
#define _XNET_MEM_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/uio.h>

/**
 * struct xnet_region - one range of guest memory
 * @gpa: its first guest physical address
 * @last: its last guest physical address
 * @hva: where the owner has mapped @gpa
 */
struct xnet_region {
	u64 gpa;
	u64 last;
	u64 hva;
};

/**
 * struct xnet_mem - a memory map
 * @nregions: how many regions it has, may be 0
 * @aliased: the same user memory is in it more than once
 * @regions: sorted by address, no two overlap, each wholly in user space
 */
struct xnet_mem {
	u32 nregions;
	bool aliased;
	struct xnet_region regions[];
};

/* No memory at all. */
extern const struct xnet_mem xnet_mem_none;

int xnet_mem_lookup(const struct xnet_mem *mem, u32 *hint, u64 gpa, u32 len,
		    struct iovec *segs, unsigned int max);
int xnet_mem_prepare(struct xnet_mem *mem);

/**
 * xnet_mem_hit() - the part of xnet_mem_translate() that is nearly always enough
 * @mem: the map
 * @hint: index of the region that served last; any value is safe
 * @gpa: the range's first guest physical address
 * @len: its length in bytes
 * @seg: receives the range, if it is in that region
 *
 * Context: the worker that owns the map; does not sleep.
 * Return: true if so.
 */
static __always_inline bool xnet_mem_hit(const struct xnet_mem *mem, u32 hint, u64 gpa, u32 len,
					 struct iovec *seg)
{
	const struct xnet_region *r;

	if (unlikely(hint >= mem->nregions))
		return false;
	r = &mem->regions[hint];
	/* An empty range wraps to 2^64 - 1 here and is left to the slow path. */
	if (unlikely(gpa < r->gpa || gpa > r->last || (u64)len - 1 > r->last - gpa))
		return false;
	seg->iov_base = (void __user *)(unsigned long)(r->hva + (gpa - r->gpa));
	seg->iov_len = len;
	return true;
}

/**
 * xnet_mem_translate() - user addresses of a range of guest memory
 * @mem: the map
 * @hint: index of the region that served last; any value is safe, kept up to date
 * @gpa: the range's first guest physical address, anything the guest wrote
 * @len: its length in bytes, anything the guest wrote
 * @segs: receives the pieces, in order
 * @max: how many pieces @segs has room for, at least 1
 *
 * Adjacent regions need not be adjacent in user space, so a range that runs
 * across them comes back in pieces.
 *
 * Context: the worker that owns the map; does not sleep.
 * Return: the number of pieces (0 for an empty range), -EFAULT if a byte of
 * the range belongs to no region, -ENOBUFS if it takes more than @max pieces.
 */
static __always_inline int xnet_mem_translate(const struct xnet_mem *mem, u32 *hint, u64 gpa,
					      u32 len, struct iovec *segs, unsigned int max)
{
	if (likely(xnet_mem_hit(mem, *hint, gpa, len, segs)))
		return 1;
	return xnet_mem_lookup(mem, hint, gpa, len, segs, max);
}

#endif /* _XNET_MEM_H */
