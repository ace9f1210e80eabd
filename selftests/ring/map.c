// SPDX-License-Identifier: GPL-2.0-only
/* Guest memory with holes, in pieces of any size, and what an address in it means. */

#include "world.h"

/* Owner's addresses of regions without memory behind them; nothing is there. */
#define FAR_AWAY	0x200000000000ULL
#define FAR_STEP	0x020000000000ULL

/* Bytes of a region: tiny ones, page-like ones, and ones beyond 4 GiB. */
static u64 region_size(struct rng *rng, bool backed)
{
	if (backed)
		return rng_chance(rng, 30) ? rng_range(rng, 32, 300) : rng_range(rng, 4096, 32768);
	switch (rng_below(rng, 4)) {
	case 0:
		return rng_range(rng, 1, 64);
	case 1:
		return rng_range(rng, 1, 1 << 16);
	case 2:
		return (u64)rng_range(rng, 1, 1 << 16) << 12;
	default:
		return (u64)rng_range(rng, 1, 1 << 12) << 28;
	}
}

static void map_publish(struct map *map)
{
	unsigned int i;

	map->mem = malloc(sizeof(*map->mem) + map->n * sizeof(map->mem->regions[0]));
	map->mem->nregions = map->n;
	for (i = 0; i < map->n; i++) {
		map->mem->regions[i].gpa = map->r[i].gpa;
		map->mem->regions[i].last = map->r[i].last;
		map->mem->regions[i].hva = map->r[i].hva;
	}
	check(!xnet_mem_prepare(map->mem), "a sound map was refused");
}

/* Make guest memory: regions with memory behind them, and regions without. */
void map_make(struct map *map, struct rng *rng, unsigned int backed, unsigned int other)
{
	bool top = rng_chance(rng, 20);
	u64 gpa = rng_chance(rng, 50) ? 0 : rng_below(rng, 1 << 20);
	unsigned int i, j;

	map->n = backed + other;
	for (i = 0; i < map->n; i++) {
		struct region *r = &map->r[i];
		u64 size;

		r->backed = rng_below(rng, map->n - i) < backed;
		backed -= r->backed;
		size = region_size(rng, r->backed);
		if (!rng_chance(rng, 60))
			gpa += rng_range(rng, 1, 1 << 16);
		if (top && i + 1 == map->n)
			gpa = -size;
		r->gpa = gpa;
		r->last = gpa + (size - 1);
		r->hva = r->backed ? (uintptr_t)user_alloc(size) : FAR_AWAY + i * FAR_STEP;
		gpa += size;
	}
	/* The owner may give them in any order. */
	for (i = map->n; i > 1; i--) {
		struct region swap = map->r[i - 1];

		j = rng_below(rng, i);
		map->r[i - 1] = map->r[j];
		map->r[j] = swap;
	}
	map_publish(map);
}

/* Move all of it in the owner's address space, as a new map; the old one is gone. */
void map_move(struct map *map)
{
	unsigned int i;

	for (i = 0; i < map->n; i++) {
		struct region *r = &map->r[i];
		u64 size = r->last - r->gpa + 1;
		u8 *old = (u8 *)(uintptr_t)r->hva;

		if (!r->backed) {
			r->hva ^= FAR_AWAY >> 1;
			continue;
		}
		r->hva = (uintptr_t)user_alloc(size);
		memcpy((u8 *)(uintptr_t)r->hva, old, size);
		memset(old, 0xff, size);
		user_unmap(old, true);
	}
	map_free(map);
	map_publish(map);
}

void map_free(struct map *map)
{
	free(map->mem);
	map->mem = NULL;
}

static const struct region *map_find(const struct map *map, u64 gpa)
{
	unsigned int i;

	for (i = 0; i < map->n; i++)
		if (map->r[i].gpa <= gpa && map->r[i].last >= gpa)
			return &map->r[i];
	return NULL;
}

/* The pieces of a range; a number, MAP_HOLE or MAP_ROOM. */
int map_pieces(const struct map *map, u64 gpa, u64 len, struct piece *out, unsigned int max)
{
	unsigned int n = 0;

	for (; len; n++) {
		const struct region *r = map_find(map, gpa);
		u64 part = len;

		if (!r)
			return MAP_HOLE;
		if (n == max)
			return MAP_ROOM;
		if (part - 1 > r->last - gpa)
			part = r->last - gpa + 1;
		out[n].hva = r->hva + (gpa - r->gpa);
		out[n].len = part;
		len -= part;
		gpa += part;
		if (len && !gpa)
			return MAP_HOLE;
	}
	return n;
}

/* Bytes from @gpa to the next hole, none if it is in one; at most 4 GiB - 1. */
u64 map_run(const struct map *map, u64 gpa)
{
	u64 run = 0;

	while (run < U32_MAX) {
		const struct region *r = map_find(map, gpa + run);

		if (!r || gpa + run < gpa)
			break;
		if (r->last - (gpa + run) >= U32_MAX)
			return U32_MAX;
		run += r->last - (gpa + run) + 1;
		if (!(gpa + run))
			break;
	}
	return run < U32_MAX ? run : U32_MAX;
}

/* The byte at @gpa, NULL if the owner has none mapped there. */
u8 *map_byte(const struct map *map, u64 gpa)
{
	const struct region *r = map_find(map, gpa);
	u8 *p;

	if (!r || !r->backed)
		return NULL;
	p = (u8 *)(uintptr_t)(r->hva + (gpa - r->gpa));
	return user_mapped(p, 1) ? p : NULL;
}

/* The owner has memory mapped behind every byte of the range. */
bool map_readable(const struct map *map, u64 gpa, u64 len)
{
	while (len) {
		const struct region *r = map_find(map, gpa);
		u64 part;

		if (!r || !r->backed)
			return false;
		part = min(r->last - gpa + 1, len);
		if (!user_mapped((void *)(uintptr_t)(r->hva + (gpa - r->gpa)), part))
			return false;
		len -= part;
		gpa += part;
		if (len && !gpa)
			return false;
	}
	return true;
}
