// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log: a bit for each page that was written, set when that was done.
 *
 * A page here is 4096 bytes of guest physical addresses; its bit is number
 * page % 8 of the byte page / 8 behind the start of the log.
 */

#include "world.h"

#define LOG_PAGE	4096ULL
#define LOG_PAGES	2048
#define LOG_BYTES	(LOG_PAGES / 8 + 16)

/**
 * struct book - the log, and what has to be in it
 * @area: memory that the log is in
 * @base: what the device knows as its start
 * @first: page of the bit at the start of @area, plus @lead * 8
 * @lead: bytes of @area in front of that
 * @wrote: pages written and not settled, by page - @first
 * @when: fences before the last write to each
 * @marked: pages logged and not settled
 * @fence: fences so far
 * @lax: more than that may be logged: nobody knows how far it got
 * @again: how often in 100 an atomic access is to be tried again
 */
static struct book {
	u8 *area;
	unsigned long base;
	u64 first;
	unsigned int lead;
	bool wrote[LOG_PAGES];
	unsigned int when[LOG_PAGES];
	bool marked[LOG_PAGES];
	unsigned int fence;
	unsigned int again;
	bool lax;
	struct rng *rng;
} book;

static void book_open(struct rng *rng, u64 gpa)
{
	memset(&book, 0, sizeof(book));
	book.rng = rng;
	book.area = user_alloc(LOG_BYTES);
	book.lead = rng_below(rng, 8);
	/* Some room in front, so that a bit that is set too early is seen. */
	book.first = gpa / LOG_PAGE / 8 * 8;
	book.first -= min_t(u64, book.first, 64);
	book.base = (uintptr_t)book.area + book.lead - book.first / 8;
}

static u64 page_index(u64 gpa)
{
	u64 at = gpa / LOG_PAGE - book.first;

	check(at < LOG_PAGES, "model: page outside the log");
	return at;
}

/* The device has written these bytes. */
static void book_write(u64 gpa, u64 len)
{
	u64 i;

	for (i = 0; i < len; i++) {
		u64 at = page_index(gpa + i);

		book.wrote[at] = true;
		book.when[at] = book.fence;
	}
}

/* Bits as they are set: the write has to be there, and to be visible. */
static int book_or(u32 *p, u32 bits)
{
	unsigned int i, from = (u8 *)p - book.area;

	if (rng_chance(book.rng, book.again))
		return -EAGAIN;
	for (i = 0; i < 32; i++) {
		u64 at = (u64)(from + i / 8) * 8 + i % 8 - book.lead * 8;

		/* The word in memory: byte i / 8 of it, whatever the machine's order. */
		if (!(((u8 *)&bits)[i / 8] >> i % 8 & 1))
			continue;
		check(at < LOG_PAGES, "bit %u of the word at byte %u is outside the log", i, from);
		check(book.wrote[at] || book.lax, "page %#llx is logged and was not written",
		      (unsigned long long)(book.first + at));
		check(book.when[at] < book.fence, "page %#llx is logged before its write",
		      (unsigned long long)(book.first + at));
		book.marked[at] = true;
	}
	*p |= bits;
	return 0;
}

static void book_fence(enum user_fence fence)
{
	book.fence += fence != USER_RMB;
}

/* All that was written has been logged after it. The owner takes the bits, or not yet. */
static void book_settle(bool done)
{
	unsigned int i;

	for (i = 0; i < LOG_PAGES; i++) {
		u8 *byte = &book.area[book.lead + i / 8];

		if (done)
			check(!book.wrote[i] || book.marked[i],
			      "page %#llx was written and not logged",
			      (unsigned long long)(book.first + i));
		if (book.marked[i])
			check(*byte >> i % 8 & 1, "the bit of page %#llx is not set",
			      (unsigned long long)(book.first + i));
		book.wrote[i] = false;
		book.marked[i] = false;
	}
	if (rng_chance(book.rng, 50))
		memset(book.area, 0, LOG_BYTES);
}

/* ---- ranges by the owner's address ---- */

#define MAX_MAPPED	12
#define BLOCK		(64 * 1024)

static struct {
	struct xnet_mem mem;
	struct xnet_region r[MAX_MAPPED];
} maps;

/* Regions that show the same block of user memory, or blocks beside it, in pieces. */
static void maps_make(struct rng *rng, u64 hva, bool alias)
{
	unsigned int n = rng_range(rng, 1, MAX_MAPPED), i;
	u64 gpa = rng_below(rng, 1000) * 512, at = hva;
	u64 start = gpa;

	for (i = 0; i < n; i++) {
		struct xnet_region *r = &maps.r[i];
		u64 len = rng_range(rng, 1, 3 * LOG_PAGE);

		if (rng_chance(rng, 30))
			len = rng_range(rng, 1, 5) * LOG_PAGE;
		if (alias && rng_chance(rng, 50))
			at = hva + rng_below(rng, BLOCK - 1);
		if (at >= hva + BLOCK - 1)
			at = hva;
		r->hva = at;
		r->gpa = gpa;
		r->last = gpa + min_t(u64, len, hva + BLOCK - at) - 1;
		gpa = r->last + 1 + (rng_chance(rng, 50) ? 0 : rng_below(rng, 3 * LOG_PAGE));
		at += r->last - r->gpa + 1 + (rng_chance(rng, 80) ? 0 : rng_below(rng, LOG_PAGE));
		if (at >= hva + BLOCK && !alias)
			n = i + 1;
	}
	maps.mem.nregions = n;
	book_open(rng, start);
	check(!xnet_mem_prepare(&maps.mem), "regions that do not overlap are refused");
}

/* Each byte by itself; how many of them come before one that nobody can log. */
static u64 maps_write(u64 hva, u64 len)
{
	unsigned int i;
	u64 n;

	for (n = 0; n < len; n++) {
		bool held = false;

		for (i = 0; i < maps.mem.nregions; i++) {
			const struct xnet_region *r = &maps.mem.regions[i];

			if (hva + n < r->hva || hva + n - r->hva > r->last - r->gpa)
				continue;
			held = true;
			book_write(r->gpa + (hva + n - r->hva), 1);
		}
		if (!held)
			break;
	}
	return n;
}

static void log_segs(struct rng *rng, struct xnet_log *log, u64 hva)
{
	struct iovec segs[8];
	unsigned int n = rng_range(rng, 1, 8), i;
	u64 len = 0, written = 0, left;
	bool whole = true;
	int ret;

	for (i = 0; i < n; i++) {
		u64 at = rng_chance(rng, 70) && maps.mem.nregions ?
			 maps.mem.regions[rng_below(rng, maps.mem.nregions)].hva :
			 hva + rng_below(rng, BLOCK);
		u32 most = rng_chance(rng, 50) ? 64 : 6000;

		at = min_t(u64, at + rng_below(rng, 300), hva + BLOCK - 1);
		segs[i].iov_base = (void *)(uintptr_t)at;
		segs[i].iov_len = min_t(u64, rng_below(rng, most), hva + BLOCK - at);
		len += segs[i].iov_len;
	}
	left = rng_chance(rng, 50) ? len : rng_u64(rng) % (len + 1);
	len = left;
	for (i = 0; i < n && whole; i++) {
		u64 part = min_t(u64, left, segs[i].iov_len);

		written = maps_write((uintptr_t)segs[i].iov_base, part);
		whole = written == part;
		left -= part;
	}
	xnet_log_begin(log);
	check(log->fresh, "nobody is going to be told");
	ret = xnet_log_segs(log, &maps.mem, segs, n, len);
	check(ret == (whole ? 0 : -EFAULT), "logging of %llu bytes gave %d, in the map: %d",
	      (unsigned long long)len, ret, whole);
	book_settle(whole);
}

/* What is written into buffers, whatever map they are in. */
void test_log(struct rng *rng)
{
	u64 hva = (uintptr_t)user_alloc(BLOCK);
	struct xnet_log log = { 0 };
	unsigned int i, k;

	for (i = 0; i < 4; i++) {
		maps_make(rng, hva, rng_chance(rng, 50));
		user_ops.or = book_or;
		user_ops.fence = book_fence;
		book.again = rng_chance(rng, 30) ? 20 : 0;
		log.base = book.base;
		if (rng_chance(rng, 50))
			log.hint = rng_u64(rng);
		for (k = 0; k < 20; k++)
			log_segs(rng, &log, hva);
	}
	/* The owner's threads have the word all the time: no bit is lost in silence. */
	book_write(maps.mem.regions[0].gpa, 1);
	xnet_log_begin(&log);
	book.again = 100;
	check(xnet_log_gpa(&log, maps.mem.regions[0].gpa, 1) == -EFAULT,
	      "a bit was lost in silence");
	book.again = 0;
	user_unmap(book.area, true);
	xnet_log_begin(&log);
	check(xnet_log_gpa(&log, maps.mem.regions[0].gpa, 1) == -EFAULT, "no log, no error");
	check(!xnet_log_gpa(&log, maps.mem.regions[0].gpa, 0), "nothing written, but an error");
	check(xnet_log_gpa(&log, U64_MAX - 4095, 4097) == -EFAULT, "logged past the last address");
	user_reset();
}

/* ---- the device area ---- */

static struct world *watched;

/* Guest physical addresses of the parts of the device area, behind an IOTLB. */
static u64 part_gpa[MAX_PARTS];

static void watch_store(const void *p, size_t n, enum user_dir dir)
{
	const u8 *at = p;
	unsigned int i;

	for (i = 0; dir == USER_WRITE && i < watched->nparts[USED]; i++) {
		const struct part *part = &watched->part[USED][i];

		if (at >= part->p && at < part->p + part->len)
			book_write(part_gpa[i] + (at - part->p), n);
	}
}

/*
 * Behind an IOTLB only the memory map tells what guest physical addresses the
 * device area has: other ones for each part, and not in the order of the ring.
 */
static void log_parts(struct rng *rng, struct world *w, u64 gpa)
{
	unsigned int n = w->nparts[USED], i, k;
	struct xnet_mem *mem = calloc(1, sizeof(*mem) + n * sizeof(mem->regions[0]));

	mem->nregions = n;
	for (i = 0; i < n; i++) {
		/* The next one after the last that was placed. */
		for (k = i ? rng_below(rng, n) : 0; mem->regions[k].last; k = (k + 1) % n)
			;
		part_gpa[k] = gpa;
		mem->regions[k].gpa = gpa;
		mem->regions[k].last = gpa + w->part[USED][k].len - 1;
		mem->regions[k].hva = (uintptr_t)w->part[USED][k].p;
		gpa = mem->regions[k].last + 1 + (rng_chance(rng, 50) ? 0 :
						  rng_below(rng, 3 * LOG_PAGE));
	}
	check(!xnet_mem_prepare(mem), "a sound map was refused");
	w->log_mem = mem;
	w->ring.log.used_gpa = rng_u64(rng);
	world_tables(w);
}

static void log_world(struct rng *rng, struct world *w, bool iotlb)
{
	struct config config;
	u64 gpa;

	config_choose(&config, rng);
	config.num = 1U << rng_below(rng, 12);
	config.iotlb = iotlb;
	world_make(w, rng, &config);
	/* Wherever the ring may lie in its pages, at an address that suits it. */
	gpa = (u64)rng_below(rng, 1U << 20) * LOG_PAGE + rng_below(rng, 1024) * 4;
	if (rng_chance(rng, 50))
		gpa = gpa / LOG_PAGE * LOG_PAGE + LOG_PAGE - 4 * rng_below(rng, 5);
	book_open(rng, gpa);
	w->ring.log.base = book.base;
	w->ring.log.used = true;
	w->ring.log.used_gpa = gpa;
	part_gpa[0] = gpa;
	if (iotlb)
		log_parts(rng, w, gpa);
	watched = w;
	user_ops.before = watch_store;
	user_ops.or = book_or;
	user_ops.fence = book_fence;
}

/* Entries are logged with the index that shows them. */
static void log_step(struct world *w)
{
	unsigned int n;

	switch (rng_below(w->rng, 8)) {
	case 0:
		if (w->ring.fetched == w->ring.avail_idx)
			device_arm(w);
		break;
	case 1:
		device_disarm(w);
		break;
	case 2:
		if (!w->staged && rng_chance(w->rng, 20))
			device_start(w);
		break;
	case 3:
		device_poll(w);
		break;
	default:
		for (n = rng_range(w->rng, 1, 3); n; n--)
			device_complete(w, rng_below(w->rng, min_t(unsigned int, w->nheld,
								   XNET_BATCH) + 1));
		device_publish(w);
	}
	book_settle(true);
}

/* The ring's memory goes away while entries are written: those that were are logged still. */
static void log_break_ring(struct world *w)
{
	struct xnet_done done[XNET_BATCH] = { 0 };
	unsigned int n = rng_range(w->rng, 1, min_t(unsigned int, w->num, XNET_BATCH));

	if (rng_chance(w->rng, 50)) {
		/* Some that worked before, not published yet. */
		n = (n + 1) / 2;
		check(!xnet_ring_complete(&w->ring, done, n), "complete failed");
		n = min_t(unsigned int, n, w->num - n);
	}
	if (!n)
		return;
	/* Scattered entries are one access, or two. */
	user_fail_at = rng_below(w->rng, w->ring.scattered & 1 << USED ? n : 2 * n);
	book.lax = true;
	check(xnet_ring_complete(&w->ring, done, n) == -EFAULT &&
	      w->ring.fault == XNET_FAULT_RING_ACCESS, "no ring, but no fault");
	book_settle(true);
}

/* The index cannot be written; the entries were. */
static void log_break_index(struct world *w)
{
	struct xnet_done done = { 0 };

	check(!xnet_ring_complete(&w->ring, &done, 1), "complete failed");
	user_fail_at = 0;
	check(xnet_ring_publish(&w->ring) == -EFAULT && w->ring.fault == XNET_FAULT_RING_ACCESS,
	      "no ring, but no fault");
	book_settle(true);
}

/* The log goes away. */
static void log_break_log(struct world *w)
{
	struct xnet_done done = { 0 };
	int ret;

	user_unmap(book.area, true);
	switch (rng_below(w->rng, 3)) {
	case 0:
		ret = xnet_ring_start(&w->ring);
		break;
	case 1:
		w->ring.used_flags = VRING_USED_F_NO_NOTIFY;
		ret = xnet_ring_arm(&w->ring);
		break;
	default:
		ret = xnet_ring_complete(&w->ring, &done, 1);
		check(!ret, "complete gave %d", ret);
		ret = xnet_ring_publish(&w->ring);
	}
	check(ret == -EFAULT && w->ring.fault == XNET_FAULT_LOG, "no log, but %d, fault %d", ret,
	      w->ring.fault);
}

/* The map has not got the memory that the IOTLB gives to the device area. */
static void log_break_map(struct world *w)
{
	struct xnet_done done = { 0 };
	int ret;

	xnet_ring_set_tables(&w->ring, &xnet_mem_none, w->tlb->table);
	check(!tlb_place(w), "a sound ring is nowhere");
	ret = xnet_ring_complete(&w->ring, &done, 1);
	check(!ret, "complete gave %d", ret);
	ret = xnet_ring_publish(&w->ring);
	check(ret == -EFAULT && w->ring.fault == XNET_FAULT_LOG, "no map, but %d, fault %d", ret,
	      w->ring.fault);
	book.lax = true;
	book_settle(false);
}

static void log_ring(struct rng *rng, bool iotlb)
{
	const struct xnet_mem *mem;
	struct world w;
	unsigned int i;

	log_world(rng, &w, iotlb);
	mem = w.log_mem;
	device_start(&w);
	book_settle(true);
	for (i = 0; i < 40; i++) {
		unsigned int n;

		for (n = rng_below(rng, 20); n; n--)
			if (!driver_add(&w, 8))
				break;
		driver_show(&w);
		driver_wish(&w);
		if (iotlb && rng_chance(rng, 20))
			tlb_disturb(&w);
		check(device_fetch(&w, XNET_BATCH) >= 0, "fault %d in a sound ring", w.ring.fault);
		device_take(&w, xnet_ring_ahead(&w.ring));
		log_step(&w);
		if (rng_chance(rng, 50))
			driver_reap(&w);
	}
	check(!tlb_place(&w), "a sound ring is nowhere");
	switch (rng_below(rng, iotlb ? 5 : 4)) {
	case 0:
		log_break_ring(&w);
		break;
	case 1:
		log_break_index(&w);
		break;
	case 2:
		log_break_log(&w);
		break;
	case 4:
		log_break_map(&w);
		break;
	}
	world_free(&w);
	free((void *)mem);
}

void test_log_ring(struct rng *rng)
{
	log_ring(rng, false);
}

void test_iotlb_log(struct rng *rng)
{
	log_ring(rng, true);
}
