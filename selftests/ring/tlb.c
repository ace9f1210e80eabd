// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an IOTLB has to hold, kept in the plainest way beside the table under
 * test: every change is made to both.
 */

#include "world.h"

struct tlb *tlb_make(unsigned int max)
{
	struct tlb *tlb = calloc(1, sizeof(*tlb) + max * sizeof(tlb->known[0]));

	/* Exactly as large as it may get, so that ASan sees one entry too many. */
	tlb->table = calloc(1, sizeof(*tlb->table) + max * sizeof(tlb->table->entries[0]));
	tlb->table->max = max;
	tlb->max = max;
	return tlb;
}

void tlb_free(struct tlb *tlb)
{
	if (tlb)
		free(tlb->table);
	free(tlb);
}

const struct known *tlb_find(const struct tlb *tlb, u64 iova)
{
	unsigned int i;

	for (i = 0; i < tlb->n; i++)
		if (tlb->known[i].iova <= iova && iova <= tlb->known[i].last)
			return &tlb->known[i];
	return NULL;
}

/* Forget a range; of what lies across its ends the rest stays, if there is room. */
static void known_cut(struct tlb *tlb, u64 iova, u64 last)
{
	unsigned int i;

	for (i = 0; i < tlb->n; i++) {
		struct known *k = &tlb->known[i], rest = *k;

		if (k->last < iova || k->iova > last)
			continue;
		rest.iova = last + 1;
		rest.hva += last + 1 - k->iova;
		if (k->iova < iova) {
			k->last = iova - 1;
			if (rest.last > last && tlb->n < tlb->max)
				tlb->known[tlb->n++] = rest;
		} else if (k->last > last) {
			*k = rest;
		} else {
			*k = tlb->known[--tlb->n];
			i--;
		}
	}
}

/* Both ends of one that was cut are as old as it was. */
static bool older(const struct known *a, const struct known *b)
{
	return a->age < b->age || (a->age == b->age && a->iova < b->iova);
}

void tlb_add(struct tlb *tlb, u64 iova, u64 last, u64 hva, u8 perm)
{
	unsigned int i, oldest = 0;

	check(!xnet_iotlb_add(tlb->table, iova, last, hva, perm), "a sound range was refused");
	known_cut(tlb, iova, last);
	if (tlb->n == tlb->max) {
		for (i = 1; i < tlb->n; i++)
			if (older(&tlb->known[i], &tlb->known[oldest]))
				oldest = i;
		tlb->known[oldest] = tlb->known[--tlb->n];
	}
	tlb->known[tlb->n++] = (struct known){ iova, last, hva, ++tlb->age, perm };
}

void tlb_drop(struct tlb *tlb, u64 iova, u64 last)
{
	unsigned int i;

	xnet_iotlb_drop(tlb->table, iova, last);
	for (i = 0; i < tlb->n; i++)
		if (tlb->known[i].last >= iova && tlb->known[i].iova <= last)
			tlb->known[i--] = tlb->known[--tlb->n];
}

/* Does what is known of @iova go on at @hva, and may it be used? */
static const struct known *known_goes_on(const struct tlb *tlb, u64 iova, u8 perm, u64 hva)
{
	const struct known *k = tlb_find(tlb, iova);

	return k && k->perm & perm && k->hva + (iova - k->iova) == hva ? k : NULL;
}

/*
 * The pieces of a range, each as long as it can be; their number, or MAP_MISS
 * with the first address that is missing, MAP_DENIED, MAP_HOLE past the last
 * address, MAP_ROOM.
 */
int tlb_pieces(const struct tlb *tlb, u64 iova, u32 len, u8 perm, struct piece *out,
	       unsigned int max, u64 *missing)
{
	unsigned int n = 0;

	while (len) {
		const struct known *k = tlb_find(tlb, iova);

		if (n == max)
			return MAP_ROOM;
		if (!k) {
			*missing = iova;
			return MAP_MISS;
		}
		if (!(k->perm & perm))
			return MAP_DENIED;
		out[n].hva = k->hva + (iova - k->iova);
		out[n].len = 0;
		do {
			u64 left = k->last - iova;
			u32 part = left >= len - 1 ? len : (u32)left + 1;

			out[n].len += part;
			len -= part;
			iova += part;
			if (len && !iova)
				return MAP_HOLE;
			k = known_goes_on(tlb, iova, perm, out[n].hva + out[n].len);
		} while (len && k);
		n++;
	}
	return n;
}
