// SPDX-License-Identifier: GPL-2.0-only
/* Translation against the model: every end of every region, every hint. */

#include "world.h"

static void compare(const struct map *map, u64 gpa, u32 len, unsigned int max, u32 *hint)
{
	struct iovec segs[MAX_REGIONS + 1];
	struct piece pieces[MAX_REGIONS + 1];
	u32 before = *hint;
	int n, ret, i;

	n = map_pieces(map, gpa, len, pieces, max);
	ret = xnet_mem_translate(map->mem, hint, gpa, len, segs, max);
	check(ret == (n == MAP_HOLE ? -EFAULT : n == MAP_ROOM ? -ENOBUFS : n),
	      "%#llx+%#x, hint %u, room %u: gave %d, model says %d",
	      (unsigned long long)gpa, len, before, max, ret, n);
	for (i = 0; i < n; i++)
		check((uintptr_t)segs[i].iov_base == pieces[i].hva &&
		      segs[i].iov_len == pieces[i].len,
		      "%#llx+%#x, hint %u: piece %d is %p+%zu, should be %#llx+%llu",
		      (unsigned long long)gpa, len, before, i, segs[i].iov_base, segs[i].iov_len,
		      (unsigned long long)pieces[i].hva, (unsigned long long)pieces[i].len);
	/* The hint is to serve the neighbourhood. */
	if (n > 0)
		check(*hint < map->n && map->mem->regions[*hint].gpa <= gpa + (len - 1) &&
		      map->mem->regions[*hint].last >= gpa + (len - 1),
		      "%#llx+%#x: hint is %u", (unsigned long long)gpa, len, *hint);
}

static u32 some_length(struct rng *rng, u64 run)
{
	switch (rng_below(rng, 6)) {
	case 0:
		return 0;
	case 1:
		return run;
	case 2:
		return run + 1;
	case 3:
		return rng_u64(rng);
	case 4:
		return U32_MAX - rng_below(rng, 2);
	default:
		return rng_range(rng, 1, 70000);
	}
}

/* Maps that must be refused, and maps that must not. */
static void overlap(struct rng *rng, const struct map *map)
{
	struct {
		struct xnet_mem mem;
		struct xnet_region r[MAX_REGIONS + 1];
	} bad;
	unsigned int i = rng_below(rng, map->n), n = map->n;
	const struct region *r = &map->r[i];
	u64 at = r->gpa + rng_u64(rng) % (r->last - r->gpa + 1);

	memcpy(bad.r, map->mem->regions, n * sizeof(bad.r[0]));
	bad.mem.nregions = n + 1;
	bad.r[n].gpa = rng_chance(rng, 50) ? at : r->gpa;
	bad.r[n].last = rng_chance(rng, 50) ? at : r->last;
	bad.r[n].hva = 0;
	check(xnet_mem_prepare(&bad.mem) == -EINVAL, "overlapping regions were taken");
}

void test_map(struct rng *rng)
{
	struct map map;
	unsigned int i;
	u32 hint = 0;

	map_make(&map, rng, 0, rng_range(rng, 1, MAX_REGIONS));
	overlap(rng, &map);
	for (i = 0; i < 200; i++) {
		const struct region *r = &map.r[rng_below(rng, map.n)];
		u64 gpa;

		switch (rng_below(rng, 4)) {
		case 0:
			gpa = r->gpa - 1 + rng_below(rng, 3);
			break;
		case 1:
			gpa = r->last - 1 + rng_below(rng, 3);
			break;
		case 2:
			gpa = rng_u64(rng);
			break;
		default:
			gpa = r->gpa + rng_u64(rng) % (r->last - r->gpa + 1);
		}
		if (rng_chance(rng, 30))
			hint = rng_chance(rng, 80) ? rng_below(rng, map.n) : (u32)rng_u64(rng);
		compare(&map, gpa, some_length(rng, map_run(&map, gpa)),
			rng_chance(rng, 70) ? MAX_REGIONS + 1 : rng_range(rng, 1, 3), &hint);
	}
	map_free(&map);
	user_reset();
	/* A guest without memory has no address. */
	map_make(&map, rng, 0, 0);
	compare(&map, rng_u64(rng), rng_range(rng, 0, 1), 1, &hint);
	map_free(&map);
}
