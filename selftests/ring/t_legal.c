// SPDX-License-Identifier: GPL-2.0-only
/* A driver that keeps the rules, a device that does what a device may. */

#include "world.h"

/* Everything the device may do once it knows of all there is. */
static void device_step(struct world *w)
{
	unsigned int ahead = xnet_ring_ahead(&w->ring);

	switch (rng_below(w->rng, 12)) {
	case 0:
	case 1:
	case 2:
		check(device_fetch(w, rng_chance(w->rng, 70) ? rng_range(w->rng, 1, 70) :
				   rng_below(w->rng, 2000)) >= 0, "fault %d in a sound ring",
		      w->ring.fault);
		break;
	case 3:
	case 4:
		device_take(w, rng_chance(w->rng, 50) ? ahead : rng_below(w->rng, ahead + 1));
		break;
	case 5:
		if (rng_chance(w->rng, 30))
			xnet_ring_forget(&w->ring);
		break;
	case 6:
	case 7:
		device_complete(w, rng_below(w->rng,
					     min_t(unsigned int, w->nheld, XNET_BATCH) + 1));
		break;
	case 8:
	case 9:
		device_publish(w);
		break;
	case 10:
		if (w->ring.fetched == w->ring.avail_idx)
			device_arm(w);
		break;
	default:
		if (rng_chance(w->rng, 50))
			device_disarm(w);
		else
			device_poll(w);
	}
}

static void driver_step(struct world *w, unsigned int most)
{
	unsigned int n;

	switch (rng_below(w->rng, 4)) {
	case 0:
		driver_wish(w);
		break;
	case 1:
		driver_reap(w);
		break;
	default:
		for (n = rng_chance(w->rng, 70) ? rng_below(w->rng, 4) : rng_below(w->rng, 100);
		     n; n--)
			if (!driver_add(w, most))
				break;
		/* The device must not look behind the index. */
		if (rng_chance(w->rng, 80))
			driver_show(w);
	}
}

/* Guest memory moves: what was made available is at other addresses. */
static void move(struct world *w)
{
	static struct prediction expect;
	u16 pos;

	map_move(&w->map);
	if (w->tlb)
		tlb_renew(w);
	else
		world_tables(w);
	for (pos = w->ring.taken; pos != w->avail_idx; pos++) {
		struct chain *chain = w->posted[pos & (w->num - 1)];

		predict(w, pos, XNET_MAX_SEGS, &expect);
		check(!expect.fault && expect.n == chain->npieces && expect.len == chain->len,
		      "model: chain lost with the map");
		memcpy(chain->pieces, expect.pieces, expect.n * sizeof(expect.pieces[0]));
	}
}

/* Stop and start again at the position told, as for a migrated guest. */
static void restart(struct world *w)
{
	u16 base;

	device_publish(w);
	xnet_ring_forget(&w->ring);
	base = w->ring.taken;
	/* What the ring knew is gone. */
	w->ring.avail_idx = rng_u64(w->rng);
	w->ring.used_idx = rng_u64(w->rng);
	w->ring.signalled = rng_u64(w->rng);
	w->ring.signalled_valid = true;
	w->ring.fault = XNET_FAULT_LOOP;
	w->ring.taken = base;
	w->ring.hint = rng_u64(w->rng);
	device_start(w);
}

/* All that was added comes back. */
static void drain(struct world *w)
{
	unsigned int tries = 0;

	driver_show(w);
	while (w->ring.taken != w->avail_idx || w->nheld || w->staged) {
		int n = device_fetch(w, XNET_BATCH);

		check(n >= 0, "fault %d in a sound ring", w->ring.fault);
		check(n || w->ring.taken == w->avail_idx, "buffers are not to be had");
		device_take(w, n);
		device_complete(w, min_t(unsigned int, w->nheld, XNET_BATCH));
		device_publish(w);
		check(++tries < 200000, "the ring does not empty");
	}
	check(!device_arm(w), "an idle ring was not armed");
	driver_reap(w);
	check(w->nfree == w->num && w->seen == w->avail_idx, "%u of %u descriptors came back",
	      w->nfree, w->num);
}

static void legal(struct rng *rng, bool iotlb)
{
	struct config config;
	struct world w;
	unsigned int steps, most;

	config_choose(&config, rng);
	config.iotlb = iotlb;
	world_make(&w, rng, &config);
	device_start(&w);
	most = rng_chance(rng, 50) ? XNET_MAX_SEGS : rng_range(rng, 1, 8);
	for (steps = rng_range(rng, 20, config.num > 1024 ? 60 : 250); steps; steps--) {
		if (rng_chance(rng, 40))
			driver_step(&w, most);
		else
			device_step(&w);
		if (iotlb && rng_chance(rng, 8))
			tlb_disturb(&w);
		if (rng_chance(rng, 2))
			move(&w);
		if (rng_chance(rng, 2))
			restart(&w);
	}
	drain(&w);
	world_free(&w);
}

void test_legal(struct rng *rng)
{
	legal(rng, false);
}

/* The same, behind an IOTLB that is told what it asks for, and forgets. */
void test_iotlb_legal(struct rng *rng)
{
	legal(rng, true);
}

/* More buffers than an index has values, twice. */
void test_wrap(struct rng *rng)
{
	struct config config;
	unsigned int i, n;
	struct world w;

	config_choose(&config, rng);
	config.num = 1U << rng_below(rng, 9);
	world_make(&w, rng, &config);
	device_start(&w);
	for (i = 0; i < 2 * 65536 + 100;) {
		for (n = rng_range(rng, 1, 64); n && driver_add(&w, 2); n--)
			i++;
		driver_show(&w);
		if (rng_chance(rng, 20))
			driver_wish(&w);
		n = device_fetch(&w, 64);
		device_take(&w, n);
		device_complete(&w, min_t(unsigned int, w.nheld, XNET_BATCH));
		device_publish(&w);
		driver_reap(&w);
	}
	drain(&w);
	world_free(&w);
}
