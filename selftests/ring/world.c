// SPDX-License-Identifier: GPL-2.0-only
/* The guest's ring memory: made, read and written byte by byte, and watched. */

#include "world.h"

void config_choose(struct config *config, struct rng *rng)
{
	static const u16 rooms[] = { 1, 2, 3, 7, 64, 65, 256, 1024 };

	config->num = 1U << (rng_chance(rng, 85) ? rng_below(rng, 9) : rng_range(rng, 9, 15));
	switch (rng_below(rng, 4)) {
	case 0:
		config->base = 0;
		break;
	case 1:
		config->base = -rng_range(rng, 1, 2 * config->num);
		break;
	default:
		config->base = rng_below(rng, 65536);
	}
	config->max_bufs = rooms[rng_below(rng, ARRAY_SIZE(rooms))];
	config->in = rng_chance(rng, 50);
	config->event_idx = rng_chance(rng, 50);
	config->indirect = rng_chance(rng, 70);
	config->notify_on_empty = rng_chance(rng, 20);
	config->le = rng_chance(rng, 80);
	config->iotlb = false;
}

u64 world_decode(const struct world *w, const u8 *p, unsigned int n)
{
	unsigned int i;
	u64 v = 0;

	for (i = 0; i < n; i++)
		v |= (u64)p[i] << 8 * (w->ring.le ? i : n - 1 - i);
	return v;
}

void world_encode(const struct world *w, u8 *p, u64 v, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		p[i] = v >> 8 * (w->ring.le ? i : n - 1 - i);
}

/* Where a byte of an area is. */
u8 *world_byte(const struct world *w, unsigned int area, size_t at)
{
	const struct part *part = w->part[area];

	while (at >= part->at + part->len)
		part++;
	return part->p + (at - part->at);
}

/* The guest writes, out of turn. */
void world_poke(struct world *w, unsigned int area, size_t at, u64 v, unsigned int n)
{
	u8 raw[8];
	unsigned int i;

	check(at + n <= w->size[area], "model: write outside area %u", area);
	world_encode(w, raw, v, n);
	for (i = 0; i < n; i++)
		*world_byte(w, area, at + i) = raw[i];
}

/* The guest writes: what is there from now on is what has to stay there. */
void world_put(struct world *w, unsigned int area, size_t at, u64 v, unsigned int n)
{
	world_poke(w, area, at, v, n);
	world_encode(w, w->shadow[area] + at, v, n);
}

u64 world_get(const struct world *w, unsigned int area, size_t at, unsigned int n)
{
	u8 raw[8];
	unsigned int i;

	check(at + n <= w->size[area], "model: read outside area %u", area);
	for (i = 0; i < n; i++)
		raw[i] = *world_byte(w, area, at + i);
	return world_decode(w, raw, n);
}

/* Take what is in the ring's memory for right. */
void world_resync(struct world *w)
{
	unsigned int i, k;

	for (i = 0; i < 3; i++)
		for (k = 0; k < w->nparts[i]; k++)
			memcpy(w->shadow[i] + w->part[i][k].at, w->part[i][k].p,
			       w->part[i][k].len);
}

/* Nothing was written but what the model wrote to its shadow as well. */
void world_intact(const struct world *w)
{
	static const char * const names[] = { "descriptor table", "driver area", "device area" };
	unsigned int i, k;
	size_t at;

	for (i = 0; i < 3; i++) {
		for (k = 0; k < w->nparts[i]; k++) {
			const struct part *part = &w->part[i][k];
			const u8 *shadow = w->shadow[i] + part->at;

			if (!memcmp(shadow, part->p, part->len))
				continue;
			for (at = 0; shadow[at] == part->p[at]; at++)
				;
			fail("%s, byte %zu: is %02x, should be %02x", names[i], part->at + at,
			     part->p[at], shadow[at]);
		}
	}
	check(!user_window_open(), "user access was left open");
}

/* Memory for an area, in so many parts at most; no field is in two of them. */
static void area_make(struct world *w, unsigned int area, unsigned int parts)
{
	size_t at = 0, size = w->size[area], len, some;
	struct part *part = w->part[area];

	for (; parts && at < size; parts--, part++) {
		some = 2 * rng_range(w->rng, 1, (size - at) / parts + 1);
		len = parts == 1 ? size - at : min(size - at, some);
		part->at = at;
		part->len = len;
		part->p = user_alloc(len);
		at += len;
	}
	w->nparts[area] = part - w->part[area];
	w->area[area] = w->part[area][0].p;
}

static void areas_make(struct world *w, const struct config *config)
{
	bool event_idx = config->event_idx;
	unsigned int i;

	w->size[DESC] = (size_t)DESC_SIZE * w->num;
	w->size[AVAIL] = 4 + 2 * (size_t)w->num + (event_idx ? 2 : 0);
	w->size[USED] = 4 + 8 * (size_t)w->num + (event_idx ? 2 : 0);
	for (i = 0; i < 3; i++) {
		area_make(w, i, config->iotlb && rng_chance(w->rng, 60) ?
				rng_range(w->rng, 1, MAX_PARTS) : 1);
		w->shadow[i] = calloc(1, w->size[i]);
	}
}

/* Where the areas are for a device behind an IOTLB: where no other memory is. */
static void areas_place(struct world *w)
{
	u64 at = (1ULL << 62) + rng_below(w->rng, 1 << 20) * 4096ULL;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		w->iova[i] = at;
		at += (w->size[i] + 15) / 16 * 16 + 16 * (rng_chance(w->rng, 50) ? 0 :
							  rng_below(w->rng, 1000));
	}
	/* Up to the last address. */
	i = rng_below(w->rng, 3);
	at = -(u64)w->size[i] / 16 * 16;
	if (rng_chance(w->rng, 20) && !map_run(&w->map, at) && !map_run(&w->map, U64_MAX))
		w->iova[i] = at;
}

/* Tell the ring how addresses are translated from now on. */
void world_tables(struct world *w)
{
	xnet_ring_set_tables(&w->ring, w->log_mem ? w->log_mem : w->map.mem,
			     w->tlb ? w->tlb->table : NULL);
}

void world_make(struct world *w, struct rng *rng, const struct config *config)
{
	struct xnet_ring *ring = &w->ring;
	unsigned int i, j;

	memset(w, 0, sizeof(*w));
	w->rng = rng;
	w->num = config->num;
	w->base = config->base;
	areas_make(w, config);
	map_make(&w->map, rng, rng_range(rng, 2, 6), rng_below(rng, MAX_REGIONS - 6));
	for (i = 0; i < 3; i++)
		w->iova[i] = (uintptr_t)w->area[i];
	if (config->iotlb) {
		areas_place(w);
		/* So many that all of memory is in it when there is no other way. */
		w->tlb = tlb_make(rng_range(rng, 300, 2048));
	}

	world_tables(w);
	xnet_ring_set_areas(ring, w->iova[DESC], w->iova[AVAIL], w->iova[USED]);
	ring->num = config->num;
	ring->in = config->in;
	ring->event_idx = config->event_idx;
	ring->indirect = config->indirect;
	ring->notify_on_empty = config->notify_on_empty;
	ring->le = config->le;
	ring->taken = config->base;
	ring->max_bufs = config->max_bufs;
	ring->bufs = calloc(ring->max_bufs, sizeof(*ring->bufs));
	ring->segs = calloc(XNET_MAX_SEGS, sizeof(*ring->segs));
	ring->descs = calloc(XNET_BATCH, sizeof(*ring->descs));

	w->avail_idx = config->base;
	w->seen = config->base;
	w->used_idx = config->base;
	world_put(w, AVAIL, 2, config->base, 2);
	world_put(w, USED, 2, config->base, 2);
	w->posted = calloc(w->num, sizeof(*w->posted));
	w->held = calloc(w->num, sizeof(*w->held));
	w->done = calloc(w->num, sizeof(*w->done));
	w->free = calloc(w->num, sizeof(*w->free));
	w->nfree = w->num;
	for (i = 0; i < w->num; i++)
		w->free[i] = i;
	for (i = w->num; i > 1; i--) {
		u16 swap = w->free[i - 1];

		j = rng_below(rng, i);
		w->free[i - 1] = w->free[j];
		w->free[j] = swap;
	}
}

void world_free(struct world *w)
{
	unsigned int i;

	for (i = 0; w->posted && i < w->num; i++)
		chain_free(NULL, w->posted[i]);
	for (i = 0; i < w->nheld; i++)
		chain_free(NULL, w->held[i]);
	for (i = 0; w->done && i < w->num; i++)
		chain_free(NULL, w->done[i].chain);
	for (i = 0; i < 3; i++)
		free(w->shadow[i]);
	free(w->posted);
	free(w->held);
	free(w->done);
	free(w->free);
	free(w->ring.bufs);
	free(w->ring.segs);
	free(w->ring.descs);
	map_free(&w->map);
	tlb_free(w->tlb);
	memset(w, 0, sizeof(*w));
	user_reset();
}
