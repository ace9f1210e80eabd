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

/* The guest writes: what is there from now on is what has to stay there. */
void world_put(struct world *w, unsigned int area, size_t at, u64 v, unsigned int n)
{
	check(at + n <= w->size[area], "model: write outside area %u", area);
	world_encode(w, w->area[area] + at, v, n);
	world_encode(w, w->shadow[area] + at, v, n);
}

u64 world_get(const struct world *w, unsigned int area, size_t at, unsigned int n)
{
	check(at + n <= w->size[area], "model: read outside area %u", area);
	return world_decode(w, w->area[area] + at, n);
}

/* Take what is in the ring's memory for right. */
void world_resync(struct world *w)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		memcpy(w->shadow[i], w->area[i], w->size[i]);
}

/* Nothing was written but what the model wrote to its shadow as well. */
void world_intact(const struct world *w)
{
	static const char * const names[] = { "descriptor table", "driver area", "device area" };
	unsigned int i;
	size_t at;

	for (i = 0; i < 3; i++) {
		if (!memcmp(w->shadow[i], w->area[i], w->size[i]))
			continue;
		for (at = 0; w->shadow[i][at] == w->area[i][at]; at++)
			;
		fail("%s, byte %zu: is %02x, should be %02x", names[i], at,
		     w->area[i][at], w->shadow[i][at]);
	}
	check(!user_window_open(), "user access was left open");
}

static void areas_make(struct world *w, bool event_idx)
{
	unsigned int i;

	w->size[DESC] = (size_t)DESC_SIZE * w->num;
	w->size[AVAIL] = 4 + 2 * (size_t)w->num + (event_idx ? 2 : 0);
	w->size[USED] = 4 + 8 * (size_t)w->num + (event_idx ? 2 : 0);
	for (i = 0; i < 3; i++) {
		w->area[i] = user_alloc(w->size[i]);
		w->shadow[i] = calloc(1, w->size[i]);
	}
}

void world_make(struct world *w, struct rng *rng, const struct config *config)
{
	struct xnet_ring *ring = &w->ring;
	unsigned int i, j;

	memset(w, 0, sizeof(*w));
	w->rng = rng;
	w->num = config->num;
	w->base = config->base;
	areas_make(w, config->event_idx);
	map_make(&w->map, rng, rng_range(rng, 2, 6), rng_below(rng, MAX_REGIONS - 6));

	xnet_ring_set_tables(ring, w->map.mem, NULL);
	xnet_ring_set_areas(ring, (uintptr_t)w->area[DESC], (uintptr_t)w->area[AVAIL],
			    (uintptr_t)w->area[USED]);
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
	memset(w, 0, sizeof(*w));
	user_reset();
}
