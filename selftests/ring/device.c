// SPDX-License-Identifier: GPL-2.0-only
/* The functions of the ring, each compared with what the model says it has to do. */

#include "world.h"

/* The memory of a buffer is what was expected, byte for byte. */
static void same_buf(const struct world *w, unsigned int i, u16 id, u64 len,
		     const struct piece *pieces, unsigned int n)
{
	const struct xnet_buf *buf = xnet_ring_buf(&w->ring, i);
	unsigned int k;

	check(buf->id == id && buf->len == len && buf->nsegs == n,
	      "buffer %u is id %u, %u bytes, %u segments; should be %u, %llu, %u",
	      i, buf->id, buf->len, buf->nsegs, id, (unsigned long long)len, n);
	for (k = 0; k < n; k++) {
		const struct iovec *seg = &w->ring.segs[buf->seg + k];

		check((uintptr_t)seg->iov_base == pieces[k].hva && seg->iov_len == pieces[k].len,
		      "buffer %u (id %u) segment %u is %p+%zu; should be %#llx+%llu",
		      i, id, k, seg->iov_base, seg->iov_len,
		      (unsigned long long)pieces[k].hva, (unsigned long long)pieces[k].len);
	}
}

static bool seg_inside(const struct world *w, const struct iovec *seg)
{
	u64 hva = (uintptr_t)seg->iov_base;
	unsigned int i, k;

	/* An IOTLB may well give the ring's own memory for a buffer. */
	for (i = 0; w->tlb && i < 3; i++)
		for (k = 0; k < w->nparts[i]; k++)
			if (hva - (uintptr_t)w->part[i][k].p < w->part[i][k].len)
				return true;
	for (i = 0; seg->iov_len && i < w->map.n; i++) {
		const struct region *r = &w->map.r[i];
		u64 last = r->last - r->gpa, at = hva - r->hva;

		if (hva >= r->hva && at <= last && seg->iov_len - 1 <= last - at)
			return true;
	}
	return false;
}

/* What holds whatever the guest did: for tests in which nothing can be foretold. */
void ring_sane(const struct world *w, int ret)
{
	const struct xnet_ring *ring = &w->ring;
	unsigned int ahead = xnet_ring_ahead(ring), i, k, seg;

	check(ret == -EFAULT || ret == -EINVAL || ret >= 0 || (ret == -EAGAIN && ring->iotlb),
	      "strange errno %d", ret);
	check(ring->fault < XNET_NR_FAULTS &&
	      (ring->fault != XNET_FAULT_NONE) == (ret < 0 && ret != -EAGAIN),
	      "returned %d with fault %d", ret, ring->fault);
	check(ring->first <= ring->end && ring->end <= ring->max_bufs &&
	      (u16)(ring->fetched - ring->taken) == ahead && ahead <= ring->num,
	      "look-ahead %u to %u of %u, %u fetched, %u taken", ring->first, ring->end,
	      ring->max_bufs, ring->fetched, ring->taken);
	check(ring->nsegs <= XNET_MAX_SEGS, "%u segments", ring->nsegs);
	seg = ahead ? xnet_ring_buf(ring, 0)->seg : ring->nsegs;
	for (i = 0; i < ahead; i++) {
		const struct xnet_buf *buf = xnet_ring_buf(ring, i);
		u64 len = 0;

		check(buf->id < ring->num && buf->seg == seg && buf->nsegs <= ring->nsegs - seg,
		      "buffer %u: id %u, segments %u+%u of %u", i, buf->id, buf->seg, buf->nsegs,
		      ring->nsegs);
		for (k = 0; k < buf->nsegs; k++) {
			check(seg_inside(w, &ring->segs[seg + k]), "segment outside memory");
			len += ring->segs[seg + k].iov_len;
		}
		check(len == buf->len && (len || !ring->in), "buffer %u: %u bytes, not %llu",
		      i, buf->len, (unsigned long long)len);
		seg += buf->nsegs;
	}
	check(!ahead || seg == ring->nsegs, "%u segments are in use, not %u", seg, ring->nsegs);
	check(!user_window_open(), "user access was left open");
}

static void failed(const struct world *w, int ret, enum xnet_fault fault, const char *what)
{
	check(ret < 0 && w->ring.fault == fault, "%s gave %d, fault %d; should fail with fault %d",
	      what, ret, w->ring.fault, fault);
}

/* Start until nothing is missing for that any more; the ring is where it was said to be. */
static void start_asking(struct world *w)
{
	u64 first = w->iova[USED], last = first + w->size[USED] - 1;

	xnet_ring_set_areas(&w->ring, w->iova[DESC], w->iova[AVAIL], w->iova[USED]);
	while (xnet_ring_start(&w->ring) && w->ring.miss.perm) {
		check(w->ring.fault == XNET_FAULT_RING_ACCESS && w->ring.miss.iova >= first &&
		      w->ring.miss.iova <= last && w->ring.miss.perm == VHOST_ACCESS_WO,
		      "start has fault %d and asks for %#llx", w->ring.fault,
		      (unsigned long long)w->ring.miss.iova);
		tlb_answer(w);
	}
}

void device_start(struct world *w)
{
	bool ok = user_mapped(w->area[USED], 1);
	int ret;

	if (w->tlb)
		start_asking(w);
	ret = xnet_ring_start(&w->ring);
	if (!ok) {
		failed(w, ret, XNET_FAULT_RING_ACCESS, "start");
		return;
	}
	check(!ret, "start gave %d", ret);
	world_encode(w, w->shadow[USED], 0, 2);
	w->asked = false;
	w->staged = 0;
	ring_sane(w, 0);
	world_intact(w);
	check(!xnet_ring_ahead(&w->ring), "start left a look-ahead");
}

/**
 * struct outlook - what a fetch has to find
 * @fault: it has to fail before it looks at a chain
 * @known: chains it may know of behind the look-ahead
 * @need: how many it has to bring the look-ahead to
 */
struct outlook {
	enum xnet_fault fault;
	unsigned int known;
	unsigned int need;
};

static void fetch_outlook(const struct world *w, unsigned int want, struct outlook *out)
{
	const struct xnet_ring *ring = &w->ring;
	unsigned int have = xnet_ring_ahead(ring);
	u16 idx;

	out->fault = XNET_FAULT_NONE;
	out->need = min_t(unsigned int, want, ring->max_bufs);
	out->known = (u16)(ring->avail_idx - ring->fetched);
	/* It looks at the index if what it knows is not enough. */
	if (have >= out->need || out->known >= out->need - have)
		return;
	if (!user_mapped(w->area[AVAIL], 1)) {
		out->fault = XNET_FAULT_RING_ACCESS;
		return;
	}
	idx = world_get(w, AVAIL, 2, 2);
	if ((u16)(idx - ring->taken) > w->num || (u16)(idx - ring->taken) < have)
		out->fault = XNET_FAULT_AVAIL_IDX;
	out->known = (u16)(idx - ring->fetched);
}

/* The look-ahead before a fetch, to see that it was kept. */
static struct piece kept[XNET_MAX_SEGS];
static struct xnet_buf kept_bufs[XNET_MAX_SEGS];

static unsigned int keep(const struct world *w)
{
	unsigned int have = xnet_ring_ahead(&w->ring), n = 0, i, k;

	for (i = 0; i < have; i++) {
		const struct xnet_buf *buf = xnet_ring_buf(&w->ring, i);

		kept_bufs[i] = *buf;
		kept_bufs[i].seg = n;
		for (k = 0; k < buf->nsegs; k++, n++) {
			kept[n].hva = (uintptr_t)w->ring.segs[buf->seg + k].iov_base;
			kept[n].len = w->ring.segs[buf->seg + k].iov_len;
		}
	}
	return n;
}

/* The chain behind the @n buffers of the look-ahead cannot be had yet. */
static int fetch_missing(struct world *w, int ret, bool first, unsigned int n,
			 const struct prediction *expect)
{
	const struct xnet_ring_miss *miss = &w->ring.miss;

	if (!first) {
		check(ret == (int)n, "fetch gave %d (fault %d), should give %u", ret,
		      w->ring.fault, n);
		return ret;
	}
	check(ret == -EAGAIN, "fetch gave %d (fault %d), but something is missing", ret,
	      w->ring.fault);
	if (expect->unknown)
		check(!tlb_find(w->tlb, miss->iova) &&
		      miss->iova - expect->table < expect->table_len &&
		      miss->perm == VHOST_ACCESS_RO, "asks for %#llx, which is not in the table",
		      (unsigned long long)miss->iova);
	else
		check(miss->iova == expect->miss_iova && miss->perm == expect->miss_perm,
		      "asks for %#llx, permission %u; what is missing is %#llx, permission %u",
		      (unsigned long long)miss->iova, miss->perm,
		      (unsigned long long)expect->miss_iova, expect->miss_perm);
	return ret;
}

/* Did the device stop at something in a table that it need not have looked at? */
static bool table_stopped(const struct world *w, int ret, unsigned int have, unsigned int n,
			  const struct prediction *expect)
{
	if (n > have)
		return ret == (int)n && (expect->unknown || expect->denied || expect->outside);
	if (ret == -EAGAIN)
		return expect->unknown;
	if (ret != -EFAULT)
		return false;
	return (expect->outside && w->ring.fault == XNET_FAULT_ADDRESS) ||
	       (expect->denied && w->ring.fault == XNET_FAULT_PERMISSION);
}

/* Compare the look-ahead, of which @have buffers were there before, and what stopped it. */
static int fetch_compare(struct world *w, int ret, unsigned int have, unsigned int nsegs,
			 const struct outlook *look)
{
	static struct prediction expect;
	unsigned int n = have, i;

	for (i = 0; i < have; i++)
		same_buf(w, i, kept_bufs[i].id, kept_bufs[i].len, kept + kept_bufs[i].seg,
			 kept_bufs[i].nsegs);
	for (; n < look->need && n - have < look->known; n++) {
		predict_known(w, w->ring.taken + n, XNET_MAX_SEGS - nsegs, &expect);
		if (expect.no_room && !n)
			expect.fault = XNET_FAULT_SEGMENTS;
		if (table_stopped(w, ret, have, n, &expect))
			return ret;
		if (expect.missing)
			return fetch_missing(w, ret, n == have, n, &expect);
		if (expect.fault || expect.no_room)
			break;
		check((int)n < ret, "fetch gave %d (fault %d), but there are more", ret,
		      w->ring.fault);
		same_buf(w, n, expect.id, expect.len, expect.pieces, expect.n);
		nsegs += expect.n;
	}
	if (n == have && n < look->need && look->known && expect.fault) {
		failed(w, ret, expect.fault, "fetch");
		return ret;
	}
	check(ret == (int)n, "fetch gave %d (fault %d), should give %u", ret, w->ring.fault, n);
	if (n < look->need)
		check(xnet_ring_full(&w->ring) == (n == w->num || n - have < look->known),
		      "%u buffers: full is %d", n, xnet_ring_full(&w->ring));
	return ret;
}

static int fetch_once(struct world *w, unsigned int want)
{
	unsigned int have = xnet_ring_ahead(&w->ring), nsegs = keep(w);
	struct outlook look;
	int ret;

	fetch_outlook(w, want, &look);
	ret = xnet_ring_fetch(&w->ring, want);
	ring_sane(w, ret);
	world_intact(w);
	if (look.fault) {
		failed(w, ret, look.fault, "fetch");
		return ret;
	}
	return fetch_compare(w, ret, have, nsegs, &look);
}

/*
 * Fetch, and see that it gives what the guest's memory says. What is asked for
 * is answered, so fewer than wished for may come, but none never.
 */
int device_fetch(struct world *w, unsigned int want)
{
	unsigned int tries = 0;
	int ret;

	for (;;) {
		ret = tlb_place(w);
		if (ret)
			return ret;
		ret = fetch_once(w, want);
		if (ret != -EAGAIN)
			return ret;
		tlb_answer(w);
		check(++tries < 10000, "the same is missing for ever");
	}
}

/* Take buffers; the chains move from the available ring to the device. */
void device_take(struct world *w, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		unsigned int at = (u16)(w->ring.taken + i) & (w->num - 1);
		const struct xnet_buf *buf = xnet_ring_buf(&w->ring, i);
		struct chain *chain = w->posted[at];

		w->posted[at] = NULL;
		if (!chain) {
			/* The guest wrote the ring by itself. */
			chain = calloc(1, sizeof(*chain));
			chain->id = buf->id;
			chain->len = buf->len;
		}
		check(chain->id == buf->id && chain->len == buf->len,
		      "position %u holds buffer %u, %u bytes; should be %u, %llu", at, buf->id,
		      buf->len, chain->id, (unsigned long long)chain->len);
		if (chain->npieces)
			same_buf(w, i, chain->id, chain->len, chain->pieces, chain->npieces);
		w->held[w->nheld++] = chain;
	}
	xnet_ring_take(&w->ring, n);
	ring_sane(w, 0);
}

/* Complete @n buffers at once, in any order. */
void device_complete(struct world *w, unsigned int n)
{
	struct xnet_done done[XNET_BATCH];
	unsigned int i;
	int ret;

	if (tlb_place(w))
		return;
	for (i = 0; i < n; i++) {
		unsigned int pick = rng_below(w->rng, w->nheld);
		unsigned int at = (u16)(w->used_idx + w->staged + i) & (w->num - 1);
		struct chain *chain = w->held[pick];

		w->held[pick] = w->held[--w->nheld];
		done[i].id = chain->id;
		done[i].len = w->ring.in ? rng_u64(w->rng) % (chain->len + 1) : 0;
		chain_free(NULL, w->done[at].chain);
		w->done[at].chain = chain;
		w->done[at].len = done[i].len;
		world_encode(w, w->shadow[USED] + 4 + 8 * at, done[i].id, 4);
		world_encode(w, w->shadow[USED] + 8 + 8 * at, done[i].len, 4);
	}
	ret = xnet_ring_complete(&w->ring, done, n);
	if (!user_mapped(w->area[USED], 1)) {
		failed(w, ret, XNET_FAULT_RING_ACCESS, "complete");
		return;
	}
	check(!ret, "complete gave %d", ret);
	w->staged += n;
	ring_sane(w, ret);
	world_intact(w);
}

/* Must the driver be told of completions @old to @new - 1? 2.7.7, 2.7.10 */
static bool signal_due(const struct world *w, u16 old, u16 new)
{
	/* 2.7.6.1 of legacy devices: the last buffer is always told of. */
	if (w->ring.notify_on_empty && w->ring.avail_idx == w->ring.taken)
		return true;
	if (!w->ring.event_idx)
		return !(world_get(w, AVAIL, 0, 2) & VRING_AVAIL_F_NO_INTERRUPT);
	if (!w->asked)
		return true;
	for (; old != new; old++)
		if (old == world_get(w, AVAIL, 4 + 2 * w->num, 2))
			return true;
	return false;
}

int device_publish(struct world *w)
{
	u16 old = w->used_idx;
	bool due;
	int ret;

	ret = tlb_place(w);
	if (ret)
		return ret;
	w->used_idx += w->staged;
	due = w->staged && signal_due(w, old, w->used_idx);
	world_encode(w, w->shadow[USED] + 2, w->used_idx, 2);
	ret = xnet_ring_publish(&w->ring);
	if (w->staged && !user_mapped(w->area[USED], 1)) {
		failed(w, ret, XNET_FAULT_RING_ACCESS, "publish");
		return ret;
	}
	check(ret == due, "publish of %u to %u gave %d (fault %d), should give %d",
	      old, w->used_idx, ret, w->ring.fault, due);
	w->asked |= w->staged;
	w->staged = 0;
	ring_sane(w, ret);
	world_intact(w);
	return ret;
}

/* Arm; everything the ring knows of has been fetched. */
int device_arm(struct world *w)
{
	u16 seen, idx = world_get(w, AVAIL, 2, 2);
	int ret = tlb_place(w);
	bool wild;

	if (ret)
		return ret;
	seen = w->ring.avail_idx;
	wild = (u16)(idx - w->ring.taken) > w->num ||
	       (u16)(idx - w->ring.taken) < xnet_ring_ahead(&w->ring);
	if (w->ring.event_idx)
		world_encode(w, w->shadow[USED] + 4 + 8 * w->num, seen, 2);
	else
		world_encode(w, w->shadow[USED], 0, 2);
	ret = xnet_ring_arm(&w->ring);
	ring_sane(w, ret);
	world_intact(w);
	if (wild)
		failed(w, ret, XNET_FAULT_AVAIL_IDX, "arm");
	else
		check(ret == (idx != seen), "arm gave %d, index was %u and is %u", ret, seen, idx);
	return ret;
}

void device_disarm(struct world *w)
{
	int ret;

	if (tlb_place(w))
		return;
	if (!w->ring.event_idx)
		world_encode(w, w->shadow[USED], VRING_USED_F_NO_NOTIFY, 2);
	ret = xnet_ring_disarm(&w->ring);
	check(!ret, "disarm gave %d", ret);
	world_intact(w);
}

void device_poll(struct world *w)
{
	int ret;

	if (tlb_place(w))
		return;
	ret = xnet_ring_poll(&w->ring);
	check(ret == (world_get(w, AVAIL, 2, 2) != w->ring.fetched),
	      "poll gave %d, %u were fetched, index is %llu", ret, w->ring.fetched,
	      (unsigned long long)world_get(w, AVAIL, 2, 2));
	world_intact(w);
}
