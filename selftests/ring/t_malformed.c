// SPDX-License-Identifier: GPL-2.0-only
/*
 * One thing wrong in an otherwise sound ring: the buffers before it are served,
 * the fault is named rightly, and once repaired the ring goes on where it was.
 */

#include "world.h"

/* A chain by hand has at most this many descriptors. */
#define MAX_HAND	(XNET_MAX_SEGS + 100)

/**
 * struct hand - a chain written by hand
 * @descs: its descriptors, linked one after the other when written
 * @n: how many
 * @table: where its indirect table is, or NULL for a direct one
 * @link: the descriptor of the table
 * @index: indexes of direct descriptors; the first is the head
 * @ndirect: how many
 */
struct hand {
	struct desc descs[MAX_HAND];
	unsigned int n;
	struct range *table;
	struct desc link;
	u16 index[MAX_HAND];
	unsigned int ndirect;
};

/* A sound chain of @n small descriptors, not yet written; false if there is no room. */
static bool hand_make(struct world *w, struct hand *hand, unsigned int n, bool table)
{
	unsigned int i;

	hand->n = n;
	hand->table = NULL;
	hand->ndirect = table ? 1 : n;
	if (hand->ndirect > w->nfree)
		return false;
	if (table) {
		hand->table = table_alloc(w, n);
		if (!hand->table)
			return false;
		hand->link.gpa = hand->table->gpa;
		hand->link.len = hand->table->len;
		hand->link.flags = VRING_DESC_F_INDIRECT;
		hand->link.next = 0;
	}
	for (i = 0; i < hand->ndirect; i++)
		hand->index[i] = w->free[--w->nfree];
	for (i = 0; i < n; i++) {
		const struct region *r = &w->map.r[rng_below(w->rng, w->map.n)];

		hand->descs[i].gpa = r->gpa + rng_u64(w->rng) % (r->last - r->gpa + 1);
		hand->descs[i].len = 1;
		hand->descs[i].flags = w->ring.in ? VRING_DESC_F_WRITE : 0;
		hand->descs[i].next = rng_u64(w->rng);
		if (i + 1 < n) {
			hand->descs[i].flags |= VRING_DESC_F_NEXT;
			hand->descs[i].next = table ? i + 1 : hand->index[i + 1];
		}
	}
	return true;
}

static void hand_write(struct world *w, const struct hand *hand)
{
	unsigned int i;

	for (i = 0; i < hand->n; i++) {
		if (!hand->table)
			desc_write(w, hand->index[i], &hand->descs[i]);
		else
			table_write(w, hand->table->gpa, i, &hand->descs[i]);
	}
	if (hand->table)
		desc_write(w, hand->index[0], &hand->link);
}

/* Either layout, as the ring allows. */
static bool hand_any(struct world *w, struct hand *hand, unsigned int n)
{
	if (w->ring.indirect && rng_chance(w->rng, 50))
		return hand_make(w, hand, n, true);
	if (!w->nfree)
		return false;
	return hand_make(w, hand, min(n, w->nfree), false);
}

static u64 hole(struct world *w)
{
	u64 gpa;

	do {
		const struct region *r = &w->map.r[rng_below(w->rng, w->map.n)];

		gpa = rng_chance(w->rng, 80) ? r->last + 1 : rng_u64(w->rng);
	} while (map_run(&w->map, gpa));
	return gpa;
}

static bool bad_next(struct world *w, struct hand *hand)
{
	unsigned int size;
	struct desc *last;

	if (!hand_any(w, hand, rng_range(w->rng, 1, 5)))
		return false;
	size = hand->table ? hand->n : w->num;
	last = &hand->descs[hand->n - 1];
	/* In a table there is none behind the last: stop one earlier. */
	if (hand->n >= size) {
		if (hand->n < 2)
			return false;
		last--;
	}
	last->flags |= VRING_DESC_F_NEXT;
	last->next = rng_chance(w->rng, 50) ? size : rng_range(w->rng, size, 65535);
	return true;
}

static bool bad_loop(struct world *w, struct hand *hand)
{
	struct desc *last;
	unsigned int to;

	if (!hand_any(w, hand, rng_range(w->rng, 1, 5)))
		return false;
	last = &hand->descs[hand->n - 1];
	to = rng_below(w->rng, hand->n);
	last->flags |= VRING_DESC_F_NEXT;
	last->next = hand->table ? to : hand->index[to];
	/* A table this long is told from a long chain only by its end. */
	return hand->table || w->num <= XNET_MAX_SEGS;
}

static bool bad_direction(struct world *w, struct hand *hand)
{
	if (!hand_any(w, hand, rng_range(w->rng, 1, 5)))
		return false;
	hand->descs[rng_below(w->rng, hand->n)].flags ^= VRING_DESC_F_WRITE;
	return true;
}

static bool bad_indirect(struct world *w, struct hand *hand)
{
	if (!w->ring.indirect) {
		if (!hand_make(w, hand, 1, false))
			return false;
		hand->descs[0].flags |= VRING_DESC_F_INDIRECT;
		hand->descs[0].len = DESC_SIZE;
		return true;
	}
	if (!hand_make(w, hand, rng_range(w->rng, 1, 5), true))
		return false;
	switch (rng_below(w->rng, 4)) {
	case 0:
		hand->link.flags |= VRING_DESC_F_NEXT;
		break;
	case 1:
		hand->link.len = 0;
		break;
	case 2:
		hand->link.len -= rng_range(w->rng, 1, 15);
		break;
	default:
		hand->descs[rng_below(w->rng, hand->n)].flags |= VRING_DESC_F_INDIRECT;
	}
	return true;
}

/*
 * A table that runs over the end of the address space into memory at 0. What it
 * says is sound, and its first part ends where a device may stop to read more.
 */
static bool bad_wrap(struct world *w, struct hand *hand)
{
	unsigned int before = 16 * rng_range(w->rng, 1, 2), n = before + 3;
	u64 gpa = -(u64)before * DESC_SIZE;

	if (!map_readable(&w->map, gpa, before * DESC_SIZE) ||
	    !map_readable(&w->map, 0, 3 * DESC_SIZE) || !hand_make(w, hand, n, true))
		return false;
	hand->table->len = 0;
	hand->table = table_at(w, gpa, before);
	hand->link.gpa = gpa;
	return hand->table && table_at(w, 0, 3);
}

static bool bad_address(struct world *w, struct hand *hand)
{
	struct desc *desc;
	u64 run;

	if (w->ring.indirect && rng_chance(w->rng, 30) && bad_wrap(w, hand))
		return true;
	if (!hand_any(w, hand, rng_range(w->rng, 1, 5)))
		return false;
	if (hand->table && rng_chance(w->rng, 50)) {
		hand->link.gpa = rng_chance(w->rng, 50) ? hole(w) : -(u64)rng_range(w->rng, 1, 15);
		return !map_readable(&w->map, hand->link.gpa, DESC_SIZE);
	}
	desc = &hand->descs[rng_below(w->rng, hand->n)];
	run = map_run(&w->map, desc->gpa);
	if (rng_chance(w->rng, 50) || run >= U32_MAX)
		desc->gpa = hole(w);
	else
		desc->len = run + 1;
	return true;
}

static bool bad_length(struct world *w, struct hand *hand)
{
	unsigned int i, big = w->map.n;

	if (w->ring.in && rng_chance(w->rng, 50)) {
		if (!hand_any(w, hand, rng_range(w->rng, 1, 5)))
			return false;
		for (i = 0; i < hand->n; i++)
			hand->descs[i].len = 0;
		return true;
	}
	for (i = 0; i < w->map.n; i++)
		if (w->map.r[i].last - w->map.r[i].gpa >= U32_MAX)
			big = i;
	if (big == w->map.n || !hand_any(w, hand, 2) || hand->n < 2)
		return false;
	/* 4 GiB to the byte. */
	hand->descs[0].gpa = w->map.r[big].gpa;
	hand->descs[0].len = U32_MAX;
	return true;
}

static bool bad_segments(struct world *w, struct hand *hand)
{
	unsigned int n = XNET_MAX_SEGS + rng_range(w->rng, 1, 100), i;
	bool empty = rng_chance(w->rng, 50);

	if (!hand_make(w, hand, n, w->ring.indirect && rng_chance(w->rng, 80)))
		return false;
	/* A descriptor without a byte is counted too. */
	for (i = 1; i < n && empty; i++)
		hand->descs[i].len = 0;
	return true;
}

static const struct {
	const char *name;
	enum xnet_fault fault;
	bool (*make)(struct world *w, struct hand *hand);
} bads[] = {
	{ "next", XNET_FAULT_NEXT, bad_next },
	{ "loop", XNET_FAULT_LOOP, bad_loop },
	{ "direction", XNET_FAULT_DIRECTION, bad_direction },
	{ "indirect", XNET_FAULT_INDIRECT, bad_indirect },
	{ "address", XNET_FAULT_ADDRESS, bad_address },
	{ "length", XNET_FAULT_LENGTH, bad_length },
	{ "segments", XNET_FAULT_SEGMENTS, bad_segments },
	{ "head", XNET_FAULT_HEAD, NULL },
};

static void add_some(struct world *w, unsigned int most)
{
	unsigned int n;

	for (n = rng_below(w->rng, most + 1); n; n--)
		driver_add(w, 4);
}

/* Make the entry at @pos a chain of one sound descriptor. */
static void repair(struct world *w, u16 pos, u16 head)
{
	struct desc desc = {
		.gpa = w->map.r[0].gpa,
		.len = 1,
		.flags = w->ring.in ? VRING_DESC_F_WRITE : 0,
	};

	desc_write(w, head, &desc);
	world_put(w, AVAIL, 4 + 2 * (pos & (w->num - 1)), head, 2);
}

/* Serve until it fails, @want at a time; returns at the fault. */
static void serve(struct world *w)
{
	unsigned int tries = 0;
	int n;

	for (;;) {
		n = device_fetch(w, rng_range(w->rng, 1, rng_chance(w->rng, 60) ? 80 : 2000));
		if (n < 0)
			return;
		device_take(w, rng_chance(w->rng, 80) ? n : rng_below(w->rng, n + 1));
		if (w->nheld)
			device_complete(w, rng_range(w->rng, 1, min(w->nheld, 64U)));
		device_publish(w);
		check(++tries < 20000, "a malformed ring is served for ever");
	}
}

/* The driver's index leaps: further than the ring is long, or back. */
static void leap(struct world *w)
{
	u16 ahead = xnet_ring_ahead(&w->ring), idx = w->ring.taken;

	if (ahead && rng_chance(w->rng, 50))
		idx += rng_below(w->rng, ahead);
	else
		idx += rng_range(w->rng, w->num + 1, 65535);
	world_put(w, AVAIL, 2, idx, 2);
	if (w->ring.fetched == w->ring.avail_idx && rng_chance(w->rng, 30)) {
		check(device_arm(w) < 0, "index %u, %u taken: armed", idx, w->ring.taken);
	} else {
		/* What is known need not be doubted; what is more comes from the index. */
		w->ring.avail_idx = w->ring.fetched;
		if (ahead < w->ring.max_bufs)
			check(device_fetch(w, ahead + 1) < 0, "index %u, %u taken: fetched", idx,
			      w->ring.taken);
	}
	world_put(w, AVAIL, 2, w->avail_idx, 2);
	device_start(w);
}

static void one_bad(struct world *w, unsigned int kind)
{
	static struct prediction expect;
	static struct hand hand;
	u16 pos, head;

	/* Often it is the first that a device looks at after many sound ones. */
	if (rng_chance(w->rng, 20))
		while ((u16)(w->avail_idx - w->ring.fetched) % XNET_BATCH && driver_add(w, 1))
			;
	if (bads[kind].make) {
		if (!bads[kind].make(w, &hand))
			return;
		hand_write(w, &hand);
		head = hand.index[0];
		pos = w->avail_idx;
		driver_post(w, head, NULL);
	} else {
		if (!hand_make(w, &hand, 1, false))
			return;
		head = hand.index[0];
		pos = w->avail_idx;
		driver_post(w, rng_chance(w->rng, 50) ? w->num : rng_range(w->rng, w->num, 65535),
			    NULL);
	}
	predict(w, pos, XNET_MAX_SEGS, &expect);
	check(expect.no_room ? bads[kind].fault == XNET_FAULT_SEGMENTS :
	      expect.fault == bads[kind].fault, "model: bad %s reads back as fault %d",
	      bads[kind].name, expect.fault);
	add_some(w, 3);
	driver_show(w);
	serve(w);
	check((u16)(pos - w->ring.taken) <= xnet_ring_ahead(&w->ring),
	      "the buffer before a bad %s was not to be had", bads[kind].name);
	repair(w, pos, head);
	device_start(w);
}

void test_malformed(struct rng *rng)
{
	struct config config;
	struct world w;
	unsigned int i;

	config_choose(&config, rng);
	config.num = 1U << (rng_chance(rng, 90) ? rng_below(rng, 9) : rng_range(rng, 9, 12));
	world_make(&w, rng, &config);
	device_start(&w);
	for (i = rng_range(rng, 1, 4); i; i--) {
		unsigned int n;

		add_some(&w, 5);
		driver_show(&w);
		n = device_fetch(&w, rng_below(rng, 8));
		device_take(&w, rng_below(rng, n + 1));
		if (w.num < 32768 && rng_chance(rng, 20))
			leap(&w);
		else
			one_bad(&w, rng_below(rng, ARRAY_SIZE(bads)));
		/* It works again. */
		driver_show(&w);
		while (w.ring.taken != w.avail_idx) {
			int got = device_fetch(&w, XNET_BATCH);

			check(got > 0, "a repaired ring gives %d, fault %d", got, w.ring.fault);
			device_take(&w, got);
		}
		while (w.nheld)
			device_complete(&w, min_t(unsigned int, w.nheld, XNET_BATCH));
		device_publish(&w);
		driver_reap(&w);
	}
	world_free(&w);
}
