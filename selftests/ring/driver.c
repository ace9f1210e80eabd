// SPDX-License-Identifier: GPL-2.0-only
/* The driver: chains of every legal layout, made available and reaped. */

#include "world.h"

void desc_write(struct world *w, unsigned int at, const struct desc *desc)
{
	world_put(w, DESC, at * DESC_SIZE, desc->gpa, 8);
	world_put(w, DESC, at * DESC_SIZE + 8, desc->len, 4);
	world_put(w, DESC, at * DESC_SIZE + 12, desc->flags, 2);
	world_put(w, DESC, at * DESC_SIZE + 14, desc->next, 2);
}

/* Entry @at of the table at @gpa; false if there is no memory for it. */
bool table_write(struct world *w, u64 gpa, unsigned int at, const struct desc *desc)
{
	u8 raw[DESC_SIZE], *p;
	unsigned int i;

	world_encode(w, raw, desc->gpa, 8);
	world_encode(w, raw + 8, desc->len, 4);
	world_encode(w, raw + 12, desc->flags, 2);
	world_encode(w, raw + 14, desc->next, 2);
	for (i = 0; i < DESC_SIZE; i++) {
		p = map_byte(&w->map, gpa + (u64)at * DESC_SIZE + i);
		if (!p)
			return false;
		*p = raw[i];
	}
	return true;
}

/* A descriptor of memory that exists: anywhere, often across an end of a region. */
void desc_choose(struct world *w, struct desc *desc)
{
	const struct region *r = &w->map.r[rng_below(w->rng, w->map.n)];
	u64 size = r->last - r->gpa + 1, run, near;

	desc->flags = w->ring.in ? VRING_DESC_F_WRITE : 0;
	near = min_t(u64, size, rng_range(w->rng, 1, 100));
	desc->gpa = rng_chance(w->rng, 50) ? r->last - near + 1 : r->gpa + rng_u64(w->rng) % size;
	run = map_run(&w->map, desc->gpa);
	switch (rng_below(w->rng, 10)) {
	case 0:
		desc->len = 0;
		/* No byte of it is touched, so its address does not matter. */
		if (rng_chance(w->rng, 50))
			desc->gpa = rng_u64(w->rng);
		break;
	case 1:
		desc->len = run;
		break;
	case 2:
		desc->len = min(run, near + rng_below(w->rng, 3));
		break;
	case 3:
		desc->len = min_t(u64, run, rng_range(w->rng, 1, 1 << 20));
		break;
	default:
		desc->len = min_t(u64, run, rng_range(w->rng, 1, 2000));
	}
}

static bool table_free_at(const struct world *w, u64 gpa, u32 len)
{
	unsigned int i;

	for (i = 0; i < MAX_TABLES; i++) {
		const struct range *t = &w->tables[i];

		if (t->len && gpa <= t->gpa + (t->len - 1) && t->gpa <= gpa + (len - 1))
			return false;
	}
	return true;
}

/* Use @gpa for a table if nothing else does; the memory need not be there. */
struct range *table_at(struct world *w, u64 gpa, unsigned int descs)
{
	u32 len = descs * DESC_SIZE;
	unsigned int i;

	for (i = 0; i < MAX_TABLES; i++) {
		if (w->tables[i].len || !table_free_at(w, gpa, len))
			continue;
		w->tables[i].gpa = gpa;
		w->tables[i].len = len;
		return &w->tables[i];
	}
	return NULL;
}

/* Memory for an indirect table, or NULL if none was found soon. */
struct range *table_alloc(struct world *w, unsigned int descs)
{
	struct range *table = NULL;
	u32 len = descs * DESC_SIZE;
	unsigned int i;

	for (i = 0; !table && i < 16; i++) {
		const struct region *r = &w->map.r[rng_below(w->rng, w->map.n)];
		u64 size = r->last - r->gpa + 1, gpa;

		gpa = r->gpa + rng_u64(w->rng) % size;
		if (rng_chance(w->rng, 10))
			gpa = r->last - len + 1;
		else if (rng_chance(w->rng, 80))
			gpa &= ~15ULL;
		if (r->backed && map_readable(&w->map, gpa, len))
			table = table_at(w, gpa, descs);
	}
	return table;
}

/* Add what @desc stands for to what the device has to see; too much becomes nothing. */
static void chain_grow(struct world *w, struct chain *chain, struct desc *desc)
{
	int n;

	n = map_pieces(&w->map, desc->gpa, desc->len, &chain->pieces[chain->npieces],
		       XNET_MAX_SEGS - chain->npieces);
	if (n < 0 || chain->len + desc->len > U32_MAX) {
		desc->len = 0;
		return;
	}
	chain->npieces += n;
	chain->len += desc->len;
}

/*
 * The descriptors of a chain, @ndesc at most XNET_MAX_SEGS. Receive buffers need a
 * byte: the last descriptor has one if none before had.
 */
static void chain_descs(struct world *w, struct chain *chain, struct desc *descs, unsigned int n)
{
	bool small = rng_chance(w->rng, 50);
	unsigned int i;

	for (i = 0; i < n; i++) {
		desc_choose(w, &descs[i]);
		if (small && descs[i].len > 4096)
			descs[i].len = 4096;
		if (i + 1 == n && w->ring.in && !chain->len) {
			descs[i].gpa = w->map.r[0].gpa;
			descs[i].len = 1;
		}
		chain_grow(w, chain, &descs[i]);
		descs[i].next = rng_below(w->rng, 65536);
	}
}

/* Entries 1.. of a table in an order of their own; entry 0 is where it begins. */
static void table_fill(struct world *w, const struct range *table, struct desc *descs,
		       unsigned int n)
{
	unsigned int room = table->len / DESC_SIZE, i, j;
	u16 *place = calloc(room, sizeof(*place));

	for (i = 0; i < room; i++)
		place[i] = i;
	if (!w->in_order && rng_chance(w->rng, 40)) {
		for (i = room - 1; i > 1; i--) {
			u16 swap = place[i];

			j = rng_range(w->rng, 1, i);
			place[i] = place[j];
			place[j] = swap;
		}
	}
	for (i = 0; i < n; i++) {
		if (i + 1 < n) {
			descs[i].flags |= VRING_DESC_F_NEXT;
			descs[i].next = place[i + 1];
		}
		check(table_write(w, table->gpa, place[i], &descs[i]), "model: table lost");
	}
	free(place);
}

static unsigned int chain_length(struct world *w, unsigned int most)
{
	unsigned int n;

	switch (rng_below(w->rng, 10)) {
	case 0:
		n = rng_range(w->rng, 1, XNET_MAX_SEGS);
		break;
	case 1:
	case 2:
		n = rng_range(w->rng, 1, 40);
		break;
	default:
		n = rng_range(w->rng, 1, 4);
	}
	return min(n, most);
}

/*
 * Write a chain of at most @most descriptors to free places and return it; NULL
 * if no descriptor is free. It is not made available yet.
 */
struct chain *driver_chain(struct world *w, unsigned int most)
{
	unsigned int n = chain_length(w, most), ndirect, i;
	struct desc descs[XNET_MAX_SEGS], link;
	struct range *table = NULL;
	struct chain *chain;

	if (!w->nfree)
		return NULL;
	if (w->ring.indirect && rng_chance(w->rng, 60)) {
		/* 2.7.5.3.1: direct descriptors may come before the table's, none after. */
		ndirect = rng_chance(w->rng, 60) ? 0 : rng_below(w->rng, min(n, w->nfree));
		table = table_alloc(w, n - ndirect + (rng_chance(w->rng, 20) ? 3 : 0));
	}
	if (!table) {
		n = min(n, w->nfree);
		ndirect = n;
	}

	chain = calloc(1, sizeof(*chain));
	chain->pieces = calloc(XNET_MAX_SEGS, sizeof(*chain->pieces));
	chain_descs(w, chain, descs, n);
	chain->ndirect = ndirect + !!table;
	chain->direct = calloc(chain->ndirect, sizeof(*chain->direct));
	for (i = 0; i < chain->ndirect; i++)
		chain->direct[i] = w->free[--w->nfree];
	for (i = 0; i < ndirect; i++) {
		if (i + 1 < chain->ndirect) {
			descs[i].flags |= VRING_DESC_F_NEXT;
			descs[i].next = chain->direct[i + 1];
		}
		desc_write(w, chain->direct[i], &descs[i]);
	}
	if (table) {
		table_fill(w, table, descs + ndirect, n - ndirect);
		chain->table = table->gpa;
		chain->table_len = table->len;
		link.gpa = table->gpa;
		link.len = table->len;
		/* 2.7.5.3.2: the device ignores the write-only flag here. */
		link.flags = VRING_DESC_F_INDIRECT |
			     (rng_chance(w->rng, 50) ? VRING_DESC_F_WRITE : 0);
		link.next = rng_below(w->rng, 65536);
		desc_write(w, chain->direct[ndirect], &link);
	}
	chain->id = chain->direct[0];
	return chain;
}

/* Put @head into the available ring without telling the device yet. */
void driver_post(struct world *w, u16 head, struct chain *chain)
{
	unsigned int at = w->avail_idx & (w->num - 1);

	world_put(w, AVAIL, 4 + 2 * at, head, 2);
	check(!w->posted[at], "model: position in use");
	w->posted[at] = chain;
	w->avail_idx++;
}

/* Tell the device. */
void driver_show(struct world *w)
{
	world_put(w, AVAIL, 2, w->avail_idx, 2);
}

/* Add one legal chain; false if there is no room. */
bool driver_add(struct world *w, unsigned int most)
{
	static struct prediction expect;
	struct chain *chain = driver_chain(w, most);

	if (!chain)
		return false;
	driver_post(w, chain->id, chain);
	/* The model against itself: what was meant is what reading it back gives. */
	predict(w, w->avail_idx - 1, XNET_MAX_SEGS, &expect);
	check(!expect.fault && !expect.no_room && expect.len == chain->len &&
	      expect.id == chain->id && expect.n == chain->npieces &&
	      !memcmp(expect.pieces, chain->pieces, expect.n * sizeof(expect.pieces[0])),
	      "model: chain %u reads back as fault %d, %u pieces, %llu bytes; meant %u, %llu",
	      chain->id, expect.fault, expect.n, (unsigned long long)expect.len,
	      chain->npieces, (unsigned long long)chain->len);
	return true;
}

/* With @w NULL only memory is given back. */
void chain_free(struct world *w, struct chain *chain)
{
	unsigned int i;

	if (!chain)
		return;
	for (i = 0; w && i < chain->ndirect; i++)
		w->free[w->nfree++] = chain->direct[i];
	for (i = 0; w && chain->table_len && i < MAX_TABLES; i++)
		if (w->tables[i].len && w->tables[i].gpa == chain->table)
			w->tables[i].len = 0;
	free(chain->direct);
	free(chain->pieces);
	free(chain);
}

/* Read the used ring as a driver does, 2.7.14. */
void driver_reap(struct world *w)
{
	u16 idx = world_get(w, USED, 2, 2);

	for (; w->seen != idx; w->seen++) {
		unsigned int at = w->seen & (w->num - 1);
		u32 id = world_get(w, USED, 4 + 8 * at, 4);
		u32 len = world_get(w, USED, 8 + 8 * at, 4);
		struct chain *chain = w->done[at].chain;

		check(chain, "used index %u covers an entry that was never completed", idx);
		check(id == chain->id && len == w->done[at].len,
		      "used entry %u is buffer %u, %u bytes; should be %u, %u",
		      w->seen, id, len, chain->id, w->done[at].len);
		w->done[at].chain = NULL;
		chain_free(w, chain);
	}
}

/* Say anew which completions are of interest. */
void driver_wish(struct world *w)
{
	u16 event = w->seen;

	if (!w->ring.event_idx) {
		world_put(w, AVAIL, 0, rng_below(w->rng, 2) * VRING_AVAIL_F_NO_INTERRUPT, 2);
		return;
	}
	/* 2.7.7.1: flags are to be 0, but a device must not look at them. */
	world_put(w, AVAIL, 0, rng_chance(w->rng, 10), 2);
	switch (rng_below(w->rng, 4)) {
	case 0:
		event += rng_below(w->rng, w->num);
		break;
	case 1:
		event -= rng_below(w->rng, 4);
		break;
	case 2:
		event = rng_below(w->rng, 65536);
		break;
	}
	world_put(w, AVAIL, 4 + 2 * w->num, event, 2);
}
