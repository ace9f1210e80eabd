// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: bytes become a guest that writes what it likes into its ring
 * and a device that works on it; each call is compared with the model. The first
 * bytes choose the ring, each following one is a step, with the bytes it needs
 * behind it; see seeds.sh for some that lead somewhere.
 */

#include "world.h"

int fuzz_one_input(const u8 *data, size_t size);

/* Addresses near the ends of regions, or any. */
static u64 some_gpa(struct world *w)
{
	u8 which = rng_below(w->rng, 256);
	const struct region *r = &w->map.r[which % w->map.n];

	if (which >= 192)
		return rng_u64(w->rng);
	return (which & 64 ? r->last : r->gpa) + (signed char)rng_below(w->rng, 256);
}

static void some_desc(struct world *w, struct desc *desc)
{
	desc->gpa = some_gpa(w);
	desc->flags = rng_below(w->rng, 256) & 7;
	desc->len = rng_below(w->rng, 65536);
	if (desc->flags & VRING_DESC_F_INDIRECT)
		desc->len = desc->len % 2048 * 8;
	else if (desc->len >= 65000)
		desc->len = rng_u64(w->rng);
	desc->next = rng_below(w->rng, 65536);
}

/* The guest's side of a step. */
static void guest_step(struct world *w, unsigned int step)
{
	unsigned int at = rng_below(w->rng, 256) % w->num, area;
	struct desc desc;

	switch (step) {
	case 0:
		some_desc(w, &desc);
		desc_write(w, at, &desc);
		break;
	case 1:
		some_desc(w, &desc);
		table_write(w, w->map.r[0].gpa, at, &desc);
		break;
	case 2:
		world_put(w, AVAIL, 4 + 2 * at, rng_below(w->rng, 256), 2);
		break;
	case 3:
		/* A modest step of the index, forward or back. */
		world_put(w, AVAIL, 2, w->ring.fetched + (signed char)at, 2);
		break;
	case 4:
		world_put(w, AVAIL, 2, w->ring.fetched + at % 8, 2);
		break;
	case 5:
		world_put(w, AVAIL, 0, at & 1, 2);
		if (w->ring.event_idx)
			world_put(w, AVAIL, 4 + 2 * w->num, w->used_idx - 2 + at % 8, 2);
		break;
	default:
		/* Anything anywhere; not the used index, whose loss only a restart heals. */
		area = at & 1 ? DESC : AVAIL;
		world_put(w, area, rng_below(w->rng, w->size[area] - 1), rng_below(w->rng, 65536),
			  2);
	}
}

/* A fetch while the guest goes on writing; only what always holds can be checked. */
static struct world *racing;

static void race(const void *p, size_t n, enum user_dir dir)
{
	(void)p;
	(void)n;
	(void)dir;
	if (racing->rng->left && rng_chance(racing->rng, 20))
		guest_step(racing, rng_below(racing->rng, 8));
}

static int raced_fetch(struct world *w)
{
	int ret;

	racing = w;
	user_ops.after = race;
	ret = xnet_ring_fetch(&w->ring, XNET_BATCH);
	user_ops.after = NULL;
	ring_sane(w, ret);
	return ret;
}

/* The device's side of a step; negative if the ring broke. */
static int device_step(struct world *w, unsigned int step)
{
	unsigned int ahead = xnet_ring_ahead(&w->ring), n = rng_below(w->rng, 256);

	switch (step) {
	case 0:
	case 1:
		return device_fetch(w, n);
	case 2:
		device_take(w, min3(n, ahead, w->num - w->nheld));
		return 0;
	case 3:
		n = min3(n, w->nheld, (unsigned int)XNET_BATCH);
		/* A device has completions for as many buffers as the ring holds. */
		device_complete(w, min(n, w->num - w->staged));
		return 0;
	case 4:
		return device_publish(w);
	case 5:
		return w->ring.fetched == w->ring.avail_idx ? device_arm(w) : 0;
	case 6:
		if (n & 1)
			device_disarm(w);
		else
			device_poll(w);
		return 0;
	default:
		if (n & 1)
			return raced_fetch(w);
		xnet_ring_forget(&w->ring);
		return 0;
	}
}

static void play(struct world *w)
{
	while (w->rng->left) {
		unsigned int step = rng_below(w->rng, 16);

		if (step < 8) {
			guest_step(w, step);
			continue;
		}
		if (device_step(w, step - 8) >= 0)
			continue;
		/* What was staged is lost with the ring. */
		device_start(w);
	}
}

int fuzz_one_input(const u8 *data, size_t size)
{
	struct rng rng = { .data = data, .left = size };
	static const u16 rooms[] = { 1, 3, 64, 1024 };
	unsigned int flags = rng_below(&rng, 256), shape = rng_below(&rng, 256);
	struct config config = {
		.num = 1U << shape % 9,
		.base = shape & 128 ? 0 : 65530,
		.max_bufs = rooms[shape >> 4 & 3],
		.in = flags & 1,
		.event_idx = flags & 2,
		.indirect = flags & 4,
		.notify_on_empty = flags & 8,
		.le = !(flags & 16),
	};
	/* One of a few guest memories, always the same. */
	struct rng map = { .state = flags >> 5 };
	struct world w;

	world_make(&w, &map, &config);
	w.rng = &rng;
	device_start(&w);
	play(&w);
	world_free(&w);
	return 0;
}
