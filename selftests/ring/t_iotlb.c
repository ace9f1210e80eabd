// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOTLB against the model, by itself; then what a ring makes of one that
 * forbids, and of fields that are in two places.
 */

#include "world.h"

/* ---- the table ---- */

/* Where all the ranges of a test are: low, in the middle, up to the last address. */
static u64 space;

static u64 some_iova(struct rng *rng)
{
	return space + rng_below(rng, 256);
}

static u64 some_last(struct rng *rng, u64 iova)
{
	u64 last = iova + (rng_chance(rng, 70) ? rng_below(rng, 24) : rng_below(rng, 200));

	if (rng_chance(rng, 3))
		return U64_MAX;
	return last < iova || last > space + 255 ? space + 255 : last;
}

/* All that is in it, in order. */
static void same_table(const struct tlb *tlb)
{
	const struct xnet_iotlb *t = tlb->table;
	u32 i;

	check(t->n == tlb->n, "%u entries, should be %u", t->n, tlb->n);
	for (i = 0; i < t->n; i++) {
		const struct xnet_iotlb_entry *e = &t->entries[i];
		const struct known *k = tlb_find(tlb, e->iova);

		check(k && k->iova == e->iova && k->last == e->last && k->hva == e->hva &&
		      k->perm == e->perm && e->iova <= e->last,
		      "entry %u: %#llx to %#llx at %#llx, permission %u, is wrong", i,
		      (unsigned long long)e->iova, (unsigned long long)e->last,
		      (unsigned long long)e->hva, e->perm);
		check(!i || e[-1].last < e->iova, "entry %u is not behind the one before", i);
	}
}

static void change_table(struct rng *rng, struct tlb *tlb)
{
	u64 iova = some_iova(rng), last = some_last(rng, iova), hva;
	const struct known *k;

	switch (rng_below(rng, 8)) {
	case 0:
		tlb_drop(tlb, iova, last);
		break;
	case 1:
		if (rng_chance(rng, 10))
			tlb_drop(tlb, 0, U64_MAX);
		break;
	case 2:
		if (iova)
			check(xnet_iotlb_add(tlb->table, iova, iova - 1, 0, VHOST_ACCESS_RW) ==
			      -EFAULT, "a range that ends before it begins was taken");
		break;
	case 3:
		/* User memory goes on where another range ends; the IOVAs need not. */
		if (!tlb->n)
			return;
		k = &tlb->known[rng_below(rng, tlb->n)];
		iova = k->last + 1 + rng_below(rng, 3);
		if (iova > k->last && iova <= space + 255)
			tlb_add(tlb, iova, some_last(rng, iova), k->hva + (k->last - k->iova) + 1,
				VHOST_ACCESS_RW);
		break;
	default:
		/* Often where the user memory of the ranges beside it goes on. */
		hva = rng_chance(rng, 60) ? 0x10000 + (iova - space) : rng_below(rng, 1000) << 8;
		tlb_add(tlb, iova, last, hva, rng_chance(rng, 60) ? VHOST_ACCESS_RW :
						 rng_below(rng, 4));
	}
}

static void ask_table(struct rng *rng, const struct tlb *tlb, u32 *hint)
{
	struct piece pieces[300];
	struct iovec segs[300];
	u64 iova = rng_chance(rng, 95) ? some_iova(rng) : rng_u64(rng);
	u32 len = rng_chance(rng, 90) ? rng_below(rng, 80) : (u32)rng_u64(rng);
	unsigned int max = rng_chance(rng, 80) ? 300 : rng_range(rng, 1, 4);
	u8 perm = rng_range(rng, VHOST_ACCESS_RO, VHOST_ACCESS_WO);
	u64 missing = 0, lacking = 0;
	int n, ret, want, i;

	if (rng_chance(rng, 20))
		*hint = rng_chance(rng, 50) ? rng_below(rng, 20) : (u32)rng_u64(rng);
	n = tlb_pieces(tlb, iova, len, perm, pieces, max, &missing);
	want = n == MAP_MISS ? -EAGAIN : n == MAP_DENIED ? -EPERM : n == MAP_HOLE ? -EFAULT :
	       n == MAP_ROOM ? -ENOBUFS : n;
	ret = xnet_iotlb_translate(tlb->table, hint, iova, len, perm, segs, max, &lacking);
	check(ret == want, "%#llx+%#x, permission %u, room %u: gave %d, should give %d",
	      (unsigned long long)iova, len, perm, max, ret, want);
	if (ret == -EAGAIN)
		check(lacking == missing, "lacks %#llx, not %#llx", (unsigned long long)lacking,
		      (unsigned long long)missing);
	for (i = 0; i < ret; i++)
		check((uintptr_t)segs[i].iov_base == pieces[i].hva &&
		      segs[i].iov_len == pieces[i].len,
		      "%#llx+%#x: piece %d is %p+%zu, should be %#llx+%llu",
		      (unsigned long long)iova, len, i, segs[i].iov_base, segs[i].iov_len,
		      (unsigned long long)pieces[i].hva, (unsigned long long)pieces[i].len);
	/* The hint is to serve the neighbourhood. */
	iova += len - 1;
	if (ret > 0)
		check(*hint < tlb->table->n && tlb->table->entries[*hint].last >= iova &&
		      tlb->table->entries[*hint].iova <= iova, "hint is %u", *hint);
}

void test_iotlb(struct rng *rng)
{
	static const u64 spaces[] = { 0, 1000, -256ULL, 0xffffff80, 1ULL << 63 };
	struct tlb *tlb = tlb_make(rng_chance(rng, 50) ? rng_range(rng, 1, 6) :
							 rng_range(rng, 7, 60));
	unsigned int i;
	u32 hint = 0;

	space = spaces[rng_below(rng, ARRAY_SIZE(spaces))];
	for (i = 0; i < 200; i++) {
		change_table(rng, tlb);
		same_table(tlb);
		ask_table(rng, tlb, &hint);
	}
	tlb_free(tlb);
}

/* ---- rings ---- */

/* The ring broke, as the IOTLB wills: let it do everything, and go on. */
static void relent(struct world *w)
{
	bool strict = w->tlb->strict;

	check(w->ring.fault == XNET_FAULT_PERMISSION, "fault %d in a sound ring", w->ring.fault);
	w->tlb->strict = false;
	tlb_fill(w);
	device_start(w);
	w->tlb->strict = strict;
}

/*
 * What the device may not do there it does not do: the buffers in front are
 * served, the fault has the right name, and nothing is lost.
 */
void test_iotlb_denied(struct rng *rng)
{
	unsigned int i, n;
	struct config config;
	struct world w;

	config_choose(&config, rng);
	config.iotlb = true;
	config.num = min(config.num, 1024U);
	world_make(&w, rng, &config);
	device_start(&w);
	w.tlb->strict = true;
	for (i = rng_range(rng, 10, 60); i; i--) {
		for (n = rng_below(rng, 8); n && driver_add(&w, 20); n--)
			;
		driver_show(&w);
		driver_wish(&w);
		tlb_disturb(&w);
		/* Nothing may be staged or taken when it breaks: that would be lost. */
		if (tlb_place(&w) || device_fetch(&w, rng_range(rng, 1, 70)) < 0) {
			relent(&w);
			continue;
		}
		device_take(&w, xnet_ring_ahead(&w.ring));
		while (w.nheld) {
			device_complete(&w, min_t(unsigned int, w.nheld, XNET_BATCH));
			device_publish(&w);
		}
		driver_reap(&w);
	}
	world_free(&w);
}

/* An area that runs past the last address is nowhere, whatever is at the first ones. */
static void past_end(struct world *w)
{
	unsigned int area = rng_below(w->rng, 3);
	u64 front = 16 * rng_range(w->rng, 1, (w->size[area] + 15) / 16);
	u64 hva = (uintptr_t)w->part[area][0].p;

	if (front >= w->size[area])
		return;
	tlb_fill(w);
	w->iova[area] = -front;
	tlb_drop(w->tlb, 0, 15);
	tlb_drop(w->tlb, -front, U64_MAX);
	tlb_add(w->tlb, -front, U64_MAX, hva, VHOST_ACCESS_RW);
	tlb_add(w->tlb, 0, w->size[area], hva + front, VHOST_ACCESS_RW);
	xnet_ring_set_areas(&w->ring, w->iova[DESC], w->iova[AVAIL], w->iova[USED]);
	check(tlb_place(w) == -EFAULT && w->ring.fault == XNET_FAULT_RING_ACCESS,
	      "area %u runs past the last address: fault %d", area, w->ring.fault);
}

/* A field that is in two pieces of memory cannot be read or written as a whole. */
void test_iotlb_torn(struct rng *rng)
{
	struct config config;
	unsigned int area, k, which;
	bool event;
	struct world w;
	u64 at, hva;
	int ret;

	config_choose(&config, rng);
	config.iotlb = true;
	world_make(&w, rng, &config);
	driver_add(&w, 1);
	driver_show(&w);
	device_start(&w);
	tlb_fill(&w);
	check(!tlb_place(&w), "a sound ring is nowhere");
	if (rng_chance(rng, 20)) {
		past_end(&w);
		world_free(&w);
		return;
	}

	area = rng_chance(rng, 50) ? AVAIL : USED;
	which = rng_below(rng, 3);
	if (which == 2 && !config.event_idx)
		which = 0;
	at = which == 2 ? w.size[area] - 2 : 2 * which;
	for (k = 0; w.part[area][k].at + w.part[area][k].len <= at; k++)
		;
	/* From its second byte on the area is elsewhere. */
	hva = (uintptr_t)user_alloc(w.size[area] + 8) + rng_below(rng, 4);
	tlb_add(w.tlb, w.iova[area] + at + 1, w.iova[area] + (w.size[area] - 1), hva,
		VHOST_ACCESS_RW);
	world_tables(&w);
	check(!xnet_ring_place(&w.ring) && w.ring.scattered & 1 << area,
	      "an area in pieces was not found");
	if (area == USED && which < 2) {
		ret = xnet_ring_start(&w.ring);
		check(!w.ring.miss.perm, "nothing is missing, but it is asked for");
	} else if (area == AVAIL && which == 1) {
		ret = rng_chance(rng, 50) ? xnet_ring_poll(&w.ring) :
					    xnet_ring_fetch(&w.ring, 1);
	} else if (area == USED) {
		ret = xnet_ring_arm(&w.ring);
	} else {
		struct xnet_done done = { 0 };

		/* The driver's flags, or its event: read when there is something to tell. */
		w.ring.signalled_valid = true;
		w.ring.notify_on_empty = false;
		check(!xnet_ring_complete(&w.ring, &done, 1), "complete failed");
		ret = xnet_ring_publish(&w.ring);
		event = which == 2;
		if (event != config.event_idx) {
			check(ret >= 0, "a field that is not in use was read");
			ret = -EFAULT;
			w.ring.fault = XNET_FAULT_RING_ACCESS;
		}
	}
	check(ret == -EFAULT && w.ring.fault == XNET_FAULT_RING_ACCESS,
	      "field %u of area %u is torn, but %d, fault %d", which, area, ret, w.ring.fault);
	world_free(&w);
}
