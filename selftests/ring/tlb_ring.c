// SPDX-License-Identifier: GPL-2.0-only
/* A ring behind an IOTLB: where its memory really is, and who tells the device. */

#include "world.h"

/* Questions in a row that may be answered with less than all that is known. */
#define PATIENCE	40

/**
 * struct truth - what the IOMMU of the guest knows of an address
 * @iova: first address of the memory around it
 * @last: last one
 * @hva: the owner's address of @iova
 * @perm: what the device needs there, as far as that can be told; 0 if it cannot
 */
struct truth {
	u64 iova;
	u64 last;
	u64 hva;
	u8 perm;
};

static void part_truth(const struct world *w, unsigned int area, unsigned int k,
		       struct truth *out)
{
	const struct part *part = &w->part[area][k];

	out->iova = w->iova[area] + part->at;
	out->last = out->iova + (part->len - 1);
	out->hva = (uintptr_t)part->p;
	out->perm = area == USED ? VHOST_ACCESS_WO : VHOST_ACCESS_RO;
}

/* Number @i of all pieces of memory; false if there are not as many. */
static bool nth_truth(const struct world *w, unsigned int i, struct truth *out)
{
	unsigned int area;

	if (i < w->map.n) {
		out->iova = w->map.r[i].gpa;
		out->last = w->map.r[i].last;
		out->hva = w->map.r[i].hva;
		out->perm = 0;
		return true;
	}
	i -= w->map.n;
	for (area = 0; area < 3; i -= w->nparts[area++])
		if (i < w->nparts[area]) {
			part_truth(w, area, i, out);
			return true;
		}
	return false;
}

static unsigned int nr_truths(const struct world *w)
{
	return w->map.n + w->nparts[DESC] + w->nparts[AVAIL] + w->nparts[USED];
}

static bool find_truth(const struct world *w, u64 iova, struct truth *out)
{
	unsigned int i;

	for (i = 0; nth_truth(w, i, out); i++)
		if (out->iova <= iova && iova <= out->last)
			return true;
	return false;
}

/* Less of the same memory, with @iova in it. */
static void trim(struct world *w, struct truth *t, u64 iova)
{
	u64 before = rng_below(w->rng, 3000), after = rng_below(w->rng, 3000);

	before = min(before, iova - t->iova);
	after = min(after, t->last - iova);
	t->hva += iova - before - t->iova;
	t->iova = iova - before;
	t->last = iova + after;
}

static u8 some_perm(struct world *w, u8 need)
{
	if (!w->tlb->strict || rng_chance(w->rng, 30))
		return VHOST_ACCESS_RW;
	return rng_chance(w->rng, 85) ? need : rng_below(w->rng, 4);
}

/* Answer the question that the ring has noted, if it is one that it may ask. */
void tlb_answer(struct world *w)
{
	u64 iova = w->ring.miss.iova;
	u8 perm = w->ring.miss.perm;
	struct truth t;

	check(!tlb_find(w->tlb, iova), "asks for %#llx, which it was told",
	      (unsigned long long)iova);
	check(perm == VHOST_ACCESS_RO || perm == VHOST_ACCESS_WO, "asks for permission %u", perm);
	if (find_truth(w, iova, &t)) {
		check(t.perm ? perm == t.perm : w->ring.in || perm == VHOST_ACCESS_RO,
		      "asks for %#llx with permission %u", (unsigned long long)iova, perm);
		if (w->tlb->answers++ % (2 * PATIENCE) < PATIENCE && rng_chance(w->rng, 40))
			trim(w, &t, iova);
		tlb_add(w->tlb, t.iova, t.last, t.hva, some_perm(w, perm));
	} else {
		/* There is nothing: it may do nothing there. */
		check(w->tlb->strict, "asks for %#llx, of which it has no need",
		      (unsigned long long)iova);
		tlb_add(w->tlb, iova, iova, 0, 0);
	}
	world_tables(w);
}

/* What looking for an area has to give, as xnet_ring_place(). */
static int expect_area(const struct world *w, unsigned int area, enum xnet_fault *fault,
		       u64 *missing)
{
	static struct piece pieces[4096];
	u8 perm = area == USED ? VHOST_ACCESS_WO : VHOST_ACCESS_RO;
	int n = tlb_pieces(w->tlb, w->iova[area], w->size[area], perm, pieces,
			   ARRAY_SIZE(pieces), missing);

	switch (n) {
	case MAP_MISS:
		return -EAGAIN;
	case MAP_DENIED:
		*fault = XNET_FAULT_PERMISSION;
		return -EFAULT;
	case MAP_HOLE:
		*fault = XNET_FAULT_RING_ACCESS;
		return -EFAULT;
	}
	check(n != MAP_ROOM, "model: too many pieces");
	return n;
}

/* One look for the ring; see that it finds what there is. */
static int place_once(struct world *w)
{
	const unsigned int areas[] = { DESC, AVAIL, USED };
	enum xnet_fault fault = XNET_FAULT_NONE;
	unsigned int scattered = 0, i;
	u64 missing = 0;
	int ret, n = 0;

	for (i = 0; i < 3; i++) {
		n = expect_area(w, areas[i], &fault, &missing);
		if (n < 0)
			break;
		scattered |= n > 1 ? 1 << areas[i] : 0;
	}
	ret = xnet_ring_place(&w->ring);
	check(ret == min(n, 0), "placing gave %d, fault %d; should give %d", ret, w->ring.fault,
	      min(n, 0));
	check(w->ring.fault == fault, "placing gave fault %d, not %d", w->ring.fault, fault);
	check(w->ring.placed == !ret, "placing gave %d, but placed is %d", ret, w->ring.placed);
	if (ret == -EAGAIN)
		check(w->ring.miss.iova == missing &&
		      w->ring.miss.perm == (i == USED ? VHOST_ACCESS_WO : VHOST_ACCESS_RO),
		      "asks for %#llx, permission %u; what is missing is %#llx of area %u",
		      (unsigned long long)w->ring.miss.iova, w->ring.miss.perm,
		      (unsigned long long)missing, i);
	if (!ret)
		check(w->ring.scattered == scattered, "areas in pieces: %#x, should be %#x",
		      w->ring.scattered, scattered);
	return ret;
}

/* Find the ring, and answer what that asks for. Returns 0 or -EFAULT. */
int tlb_place(struct world *w)
{
	unsigned int tries = 0;
	int ret;

	while (w->tlb && !w->ring.placed) {
		ret = place_once(w);
		if (ret == -EAGAIN)
			tlb_answer(w);
		else if (ret)
			return ret;
		check(++tries < 10000, "the ring is never found");
	}
	return 0;
}

/* Tell all there is, in as many entries as one likes. */
void tlb_fill(struct world *w)
{
	struct truth t;
	unsigned int i;

	for (i = 0; nth_truth(w, i, &t); i++) {
		tlb_add(w->tlb, t.iova, t.last, t.hva, VHOST_ACCESS_RW);
		if (rng_chance(w->rng, 50)) {
			trim(w, &t, t.iova + rng_u64(w->rng) % (t.last - t.iova + 1));
			tlb_add(w->tlb, t.iova, t.last, t.hva, VHOST_ACCESS_RW);
		}
	}
	world_tables(w);
}

/* All has moved: tell some of it anew, forget the rest. */
void tlb_renew(struct world *w)
{
	struct truth t;
	unsigned int i;

	if (rng_chance(w->rng, 50))
		tlb_drop(w->tlb, 0, U64_MAX);
	for (i = 0; nth_truth(w, i, &t); i++) {
		if (rng_chance(w->rng, 50))
			tlb_add(w->tlb, t.iova, t.last, t.hva, VHOST_ACCESS_RW);
		else
			tlb_drop(w->tlb, t.iova, t.last);
	}
	world_tables(w);
}

/* Move a part of the ring; nothing is left where it was. */
static void move_part(struct world *w)
{
	unsigned int area = rng_below(w->rng, 3), k = rng_below(w->rng, w->nparts[area]);
	struct part *part = &w->part[area][k];
	u8 *old = part->p;
	struct truth t;

	part->p = user_alloc(part->len);
	memcpy(part->p, old, part->len);
	memset(old, 0xff, part->len);
	user_unmap(old, true);
	w->area[area] = w->part[area][0].p;
	part_truth(w, area, k, &t);
	if (rng_chance(w->rng, 50))
		tlb_add(w->tlb, t.iova, t.last, t.hva, some_perm(w, t.perm));
	else
		tlb_drop(w->tlb, t.iova, t.last);
}

/* What user space does between two runs of the queue. */
void tlb_disturb(struct world *w)
{
	struct truth t;
	unsigned int n;

	for (n = rng_range(w->rng, 1, 3); n; n--) {
		nth_truth(w, rng_below(w->rng, nr_truths(w)), &t);
		switch (rng_below(w->rng, 8)) {
		case 0:
			tlb_drop(w->tlb, 0, U64_MAX);
			break;
		case 1:
			if (!w->log_mem && rng_chance(w->rng, 30))
				move_part(w);
			break;
		case 2:
		case 3:
			trim(w, &t, t.iova + rng_u64(w->rng) % (t.last - t.iova + 1));
			tlb_drop(w->tlb, t.iova, t.last);
			break;
		case 4:
			tlb_drop(w->tlb, t.iova, t.last);
			break;
		default:
			trim(w, &t, t.iova + rng_u64(w->rng) % (t.last - t.iova + 1));
			tlb_add(w->tlb, t.iova, t.last, t.hva,
				some_perm(w, t.perm ? t.perm : VHOST_ACCESS_RW));
		}
	}
	world_tables(w);
}
