// SPDX-License-Identifier: GPL-2.0-only
/* The guest's memory map: sorting it once, searching it often. */

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sort.h>

#include "mem.h"

const struct xnet_mem xnet_mem_none;

static int region_cmp(const void *a, const void *b)
{
	const struct xnet_region *x = a, *y = b;

	return x->gpa < y->gpa ? -1 : x->gpa > y->gpa;
}

static int region_hva_cmp(const void *a, const void *b)
{
	const struct xnet_region *x = a, *y = b;

	return x->hva < y->hva ? -1 : x->hva > y->hva;
}

/* Leaves the regions in the order of user space. */
static bool mem_aliased(struct xnet_mem *mem)
{
	u32 i;

	sort(mem->regions, mem->nregions, sizeof(mem->regions[0]), region_hva_cmp, NULL);
	for (i = 1; i < mem->nregions; i++) {
		const struct xnet_region *r = &mem->regions[i - 1];

		if (mem->regions[i].hva - r->hva <= r->last - r->gpa)
			return true;
	}
	return false;
}

/**
 * xnet_mem_prepare() - sort a map and see that it can be searched
 * @mem: a map nobody uses yet, its regions in any order, none of them empty
 *
 * Context: any; does not sleep.
 * Return: 0, or -EINVAL if two regions overlap.
 */
int xnet_mem_prepare(struct xnet_mem *mem)
{
	u32 i;

	mem->aliased = mem_aliased(mem);
	sort(mem->regions, mem->nregions, sizeof(mem->regions[0]), region_cmp, NULL);
	for (i = 1; i < mem->nregions; i++)
		if (mem->regions[i].gpa <= mem->regions[i - 1].last)
			return -EINVAL;
	return 0;
}

/* The region that holds @gpa, or NULL. */
static const struct xnet_region *region_find(const struct xnet_mem *mem, u64 gpa)
{
	u32 low = 0, high = mem->nregions;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (gpa > mem->regions[mid].last)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == mem->nregions || gpa < mem->regions[low].gpa)
		return NULL;
	return &mem->regions[low];
}

/**
 * xnet_mem_lookup() - the part of xnet_mem_translate() that searches
 * @mem: the map
 * @hint: receives the index of the last region used
 * @gpa: first guest physical address
 * @len: length in bytes
 * @segs: receives the pieces
 * @max: room in @segs
 *
 * Context: as for xnet_mem_translate().
 * Return: as for xnet_mem_translate().
 */
int xnet_mem_lookup(const struct xnet_mem *mem, u32 *hint, u64 gpa, u32 len,
		    struct iovec *segs, unsigned int max)
{
	unsigned int n = 0;

	while (len) {
		const struct xnet_region *r = region_find(mem, gpa);
		u64 left;
		u32 part;

		if (!r)
			return -EFAULT;
		if (n == max)
			return -ENOBUFS;
		*hint = r - mem->regions;
		/* One byte less than what is left: all 2^64 bytes would not fit. */
		left = r->last - gpa;
		part = left >= len - 1 ? len : (u32)left + 1;
		segs[n].iov_base = (void __user *)(unsigned long)(r->hva + (gpa - r->gpa));
		segs[n].iov_len = part;
		n++;
		len -= part;
		/* Past the end of the address space there is no memory. */
		if (len && gpa + part < gpa)
			return -EFAULT;
		gpa += part;
	}
	return n;
}
