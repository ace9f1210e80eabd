// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that goes away, and a guest that writes to the ring while the device
 * reads it.
 */

#include "world.h"

/* Add a few buffers and let the device work on them, without a fault. */
static void work(struct world *w)
{
	unsigned int n;

	for (n = rng_below(w->rng, 10); n; n--)
		driver_add(w, 6);
	driver_show(w);
	driver_wish(w);
	n = device_fetch(w, rng_below(w->rng, 8));
	check((int)n >= 0, "fault %d in a sound ring", w->ring.fault);
	device_take(w, rng_below(w->rng, n + 1));
	if (w->nheld)
		device_complete(w, rng_range(w->rng, 1, min(w->nheld, 64U)));
}

/* Whole areas of the ring are not mapped. */
static void unmapped_area(struct world *w)
{
	unsigned int area = rng_below(w->rng, 3), ahead = xnet_ring_ahead(&w->ring);
	int ret;

	user_unmap(w->area[area], true);
	switch (area) {
	case USED:
		if (w->nheld && rng_chance(w->rng, 50)) {
			/* Completed into the void: the buffers are lost with the ring. */
			struct xnet_done done = { .id = w->held[0]->id };

			user_refuse = rng_chance(w->rng, 30);
			ret = xnet_ring_complete(&w->ring, &done, 1);
			user_refuse = false;
		} else if (w->ring.event_idx) {
			ret = xnet_ring_arm(&w->ring);
		} else {
			w->ring.used_flags = VRING_USED_F_NO_NOTIFY;
			ret = xnet_ring_arm(&w->ring);
		}
		break;
	case AVAIL:
		ret = rng_chance(w->rng, 50) ? xnet_ring_poll(&w->ring) : xnet_ring_arm(&w->ring);
		world_resync(w);
		break;
	default:
		ret = device_fetch(w, w->ring.max_bufs);
		if (ahead == w->ring.max_bufs || w->ring.taken + ahead == w->avail_idx ||
		    ret >= 0)
			ret = -EFAULT;
		else
			check(w->ring.fault == XNET_FAULT_RING_ACCESS, "fault %d", w->ring.fault);
		w->ring.fault = XNET_FAULT_RING_ACCESS;
	}
	ring_sane(w, ret);
	check(ret == -EFAULT && w->ring.fault == XNET_FAULT_RING_ACCESS,
	      "area %u is not mapped: %d, fault %d", area, ret, w->ring.fault);
	if (area == USED)
		device_start(w);
	user_unmap(w->area[area], false);
	world_resync(w);
}

/* Any one access fails: an error, and nothing is lost. */
static void unmapped_access(struct world *w)
{
	int ret, which = rng_below(w->rng, 4);

	user_refuse = rng_chance(w->rng, 20);
	user_fail_at = rng_chance(w->rng, 50) ? rng_below(w->rng, 8) : rng_below(w->rng, 100);
	ret = which == 0 ? xnet_ring_arm(&w->ring) : which == 1 ? xnet_ring_poll(&w->ring) :
	      xnet_ring_fetch(&w->ring, rng_range(w->rng, 1, 70));
	ring_sane(w, ret);
	if (ret < 0)
		check(w->ring.fault == XNET_FAULT_RING_ACCESS ||
		      w->ring.fault == XNET_FAULT_ADDRESS, "fault %d", w->ring.fault);
	user_fail_at = -1;
	user_refuse = false;
	world_resync(w);
}

/* Staged completions whose publication or signal cannot be. */
static void unmapped_publish(struct world *w)
{
	bool first = rng_chance(w->rng, 50);
	int ret;

	user_unmap(w->area[first ? USED : AVAIL], true);
	w->ring.notify_on_empty = false;
	w->ring.signalled_valid = true;
	ret = xnet_ring_publish(&w->ring);
	check(w->staged ? ret == -EFAULT && w->ring.fault == XNET_FAULT_RING_ACCESS : !ret,
	      "publish of %u gave %d, fault %d", w->staged, ret, w->ring.fault);
	ring_sane(w, ret);
}

void test_unmapped(struct rng *rng)
{
	struct config config;
	struct world w;
	unsigned int i;

	config_choose(&config, rng);
	world_make(&w, rng, &config);
	device_start(&w);
	for (i = rng_range(rng, 1, 10); i; i--) {
		work(&w);
		device_publish(&w);
		if (rng_chance(rng, 40))
			unmapped_area(&w);
		else
			unmapped_access(&w);
		device_start(&w);
		driver_reap(&w);
	}
	work(&w);
	unmapped_publish(&w);
	world_free(&w);
}

/*
 * Read once: whatever the device reads or writes is garbage from then on, until
 * the call returns. What it decides by a second look goes wrong.
 */
#define MAX_SCARS	65536

/**
 * struct scar - a place that was made garbage
 * @p: where
 * @n: bytes
 * @was: what was there
 */
struct scar {
	void *p;
	size_t n;
	u8 was[8];
};

static struct scar scars[MAX_SCARS];
static unsigned int nscars;
static struct rng *scar_rng;

static void scar(const void *p, size_t n, enum user_dir dir)
{
	struct scar *s = &scars[nscars++];
	u8 *at = (u8 *)(uintptr_t)p;
	size_t i;

	(void)dir;
	check(nscars < MAX_SCARS && n <= sizeof(s->was), "model: too many accesses");
	s->p = at;
	s->n = n;
	memcpy(s->was, at, n);
	for (i = 0; i < n; i++)
		at[i] = rng_u64(scar_rng);
}

static void heal(void)
{
	while (nscars) {
		struct scar *s = &scars[--nscars];

		memcpy(s->p, s->was, s->n);
	}
}

/* What was found under attack has to be what the model finds at rest. */
static void once_fetch(struct world *w)
{
	static struct prediction expect;
	unsigned int want = rng_range(w->rng, 1, 70), n = 0, nsegs = 0, k;
	u16 known;
	int ret;

	user_ops.after = scar;
	ret = xnet_ring_fetch(&w->ring, want);
	user_ops.after = NULL;
	heal();
	world_intact(w);
	ring_sane(w, ret);
	want = min_t(unsigned int, want, w->ring.max_bufs);
	known = world_get(w, AVAIL, 2, 2) - w->ring.taken;
	for (; n < want && n < known; n++, nsegs += expect.n) {
		const struct xnet_buf *buf = xnet_ring_buf(&w->ring, n);

		predict(w, w->ring.taken + n, XNET_MAX_SEGS - nsegs, &expect);
		check(!expect.fault, "model: fault %d in a sound ring", expect.fault);
		if (expect.no_room)
			break;
		check((int)n < ret, "read twice: fetch gave %d, fault %d", ret, w->ring.fault);
		check(buf->id == expect.id && buf->len == expect.len && buf->nsegs == expect.n,
		      "read twice: buffer %u is id %u, %u bytes, not %u, %llu", n, buf->id,
		      buf->len, expect.id, (unsigned long long)expect.len);
		for (k = 0; k < expect.n; k++)
			check((uintptr_t)w->ring.segs[buf->seg + k].iov_base ==
			      expect.pieces[k].hva, "read twice: segment %u", k);
	}
	check(ret == (int)n, "read twice: fetch gave %d, not %u", ret, n);
	device_take(w, n);
}

static void once_publish(struct world *w)
{
	u16 old = w->used_idx, event = 0;
	bool due;
	int ret;

	if (w->ring.event_idx)
		event = world_get(w, AVAIL, 4 + 2 * w->num, 2);
	due = w->ring.event_idx ? !w->asked || (u16)(event - old) < w->staged :
	      !(world_get(w, AVAIL, 0, 2) & VRING_AVAIL_F_NO_INTERRUPT);
	due = w->staged && (due || (w->ring.notify_on_empty &&
				    w->ring.avail_idx == w->ring.taken));
	user_ops.after = scar;
	ret = xnet_ring_publish(&w->ring);
	user_ops.after = NULL;
	heal();
	check(ret == due, "read twice: publish gave %d", ret);
	w->used_idx += w->staged;
	w->asked |= w->staged;
	w->staged = 0;
	world_encode(w, w->shadow[USED] + 2, w->used_idx, 2);
	world_intact(w);
}

static void once(struct rng *rng, bool iotlb)
{
	struct config config;
	struct world w;
	unsigned int i, n;
	bool filled = false;

	config_choose(&config, rng);
	config.iotlb = iotlb;
	world_make(&w, rng, &config);
	/* Going back in a table may read part of it again, and that is fair. */
	w.in_order = true;
	scar_rng = rng;
	nscars = 0;
	device_start(&w);
	for (i = rng_range(rng, 5, 40); i; i--) {
		if (iotlb && (i % 8 == 0 || !filled)) {
			filled = true;
			tlb_fill(&w);
			check(!tlb_place(&w), "a sound ring is nowhere");
		}
		for (n = rng_below(rng, 20); n && driver_add(&w, 100); n--)
			;
		driver_show(&w);
		driver_wish(&w);
		once_fetch(&w);
		if (w.nheld)
			device_complete(&w, rng_range(rng, 1, min(w.nheld, 64U)));
		once_publish(&w);
		driver_reap(&w);
	}
	world_free(&w);
}

void test_once(struct rng *rng)
{
	once(rng, false);
}

/* In scattered rings, too, each field is read once. */
void test_iotlb_once(struct rng *rng)
{
	once(rng, true);
}

/* Chaos: the guest writes anything anywhere at any moment. */
static struct world *chaos_world;
static unsigned int chaos_percent;

static u64 nasty(struct world *w)
{
	switch (rng_below(w->rng, 6)) {
	case 0:
		return rng_below(w->rng, 8);
	case 1:
		return w->num - 1 + rng_below(w->rng, 3);
	case 2:
		return w->ring.taken + rng_below(w->rng, 5);
	case 3:
		return -(u64)rng_below(w->rng, 20);
	case 4:
		return w->map.r[rng_below(w->rng, w->map.n)].last - 3 + rng_below(w->rng, 6);
	default:
		return rng_u64(w->rng);
	}
}

static void chaos(const void *p, size_t n, enum user_dir dir)
{
	static const unsigned int widths[] = { 2, 4, 8 };
	struct world *w = chaos_world;
	unsigned int area = rng_below(w->rng, 3), width = widths[rng_below(w->rng, 3)];
	u64 v;

	(void)dir;
	if (!rng_chance(w->rng, chaos_percent))
		return;
	v = nasty(w);
	/* Right where the device looks, or anywhere in the ring. */
	if (rng_chance(w->rng, 50))
		world_encode(w, (u8 *)(uintptr_t)p, v, n);
	else if (w->size[area] >= width)
		world_poke(w, area, rng_below(w->rng, w->size[area] / width) * width, v, width);
}

/* Behind an IOTLB: anything is told, and what is told is memory. */
static int chaos_iotlb(struct world *w)
{
	u64 iova = w->ring.miss.perm ? w->ring.miss.iova : nasty(w);
	const struct region *r = &w->map.r[rng_below(w->rng, w->map.n)];
	u64 most = min(r->last - r->gpa, U64_MAX - iova) + 1, size = rng_range(w->rng, 1, 100000);
	u64 skew;

	size = min(size, most);
	/* As aligned as it is there: IOMMUs know pages, not bytes. */
	skew = iova % 16;
	size = size > skew ? size - skew : 0;
	w->ring.miss.perm = 0;
	switch (rng_below(w->rng, 6)) {
	case 0:
		tlb_drop(w->tlb, iova, iova + size);
		break;
	case 1:
		tlb_disturb(w);
		break;
	case 2:
	case 3:
		if (size)
			tlb_add(w->tlb, iova, iova + (size - 1), r->hva + skew,
				rng_below(w->rng, 4));
		break;
	default:
		tlb_fill(w);
	}
	world_tables(w);
	return xnet_ring_place(&w->ring);
}

/* Whatever became of the ring: begin anew. */
static void chaos_start(struct world *w)
{
	if (w->tlb)
		tlb_fill(w);
	xnet_ring_set_areas(&w->ring, w->iova[DESC], w->iova[AVAIL], w->iova[USED]);
	check(!xnet_ring_start(&w->ring), "start failed");
}

static void chaos_rounds(struct rng *rng, bool iotlb)
{
	struct config config;
	struct world w;
	unsigned int i, n, held = 0;

	config_choose(&config, rng);
	config.iotlb = iotlb;
	world_make(&w, rng, &config);
	device_start(&w);
	for (n = rng_below(rng, 40); n && driver_add(&w, 40); n--)
		;
	driver_show(&w);
	chaos_world = &w;
	chaos_percent = rng_chance(rng, 50) ? 1 : rng_range(rng, 2, 20);
	user_ops.before = chaos;
	user_ops.after = chaos;
	for (i = rng_range(rng, 10, 200); i; i--) {
		struct xnet_done done[4] = { { .id = rng_below(rng, w.num) } };
		int ret = 0;

		if (iotlb && (!w.ring.placed || rng_chance(rng, 10))) {
			ret = chaos_iotlb(&w);
			ring_sane(&w, ret);
			if (ret == -EFAULT)
				chaos_start(&w);
			if (ret)
				continue;
		}
		switch (rng_below(rng, 8)) {
		case 0:
			/* Something sensible from time to time, so that there is work. */
			world_put(&w, AVAIL, 2, w.ring.fetched + rng_below(rng, w.num + 1), 2);
			break;
		case 1:
			n = rng_below(rng, xnet_ring_ahead(&w.ring) + 1);
			xnet_ring_take(&w.ring, n);
			held += n;
			break;
		case 2:
			n = min(held, rng_below(rng, 5));
			ret = xnet_ring_complete(&w.ring, done, n);
			held -= n;
			break;
		case 3:
			ret = xnet_ring_publish(&w.ring);
			break;
		case 4:
			ret = rng_chance(rng, 50) ? xnet_ring_arm(&w.ring) :
			      xnet_ring_poll(&w.ring);
			break;
		default:
			ret = xnet_ring_fetch(&w.ring, rng_below(rng, 200));
		}
		ring_sane(&w, ret);
		if (ret < 0 && ret != -EAGAIN)
			chaos_start(&w);
	}
	world_free(&w);
}

void test_chaos(struct rng *rng)
{
	chaos_rounds(rng, false);
}

void test_iotlb_chaos(struct rng *rng)
{
	chaos_rounds(rng, true);
}
