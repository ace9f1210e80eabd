// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nobody sleeps while there is work: every interleaving of a small driver with
 * the real ring functions, on memory that is as weak as the barriers allow.
 *
 * The device's stores wait in a buffer and reach the driver in any order that
 * its write barriers permit, or all of them at a full barrier. Its loads of what
 * a barrier does not keep fresh may give what was there before. The driver, whose
 * own barriers are those of virtio 1.3, 2.7.13, takes one step at a time wherever
 * the device looks at an index or at what the other side asks for.
 *
 * All choices are tried by running the whole again with the next ones.
 */

#include <stdio.h>

#include "world.h"

#define RING_NUM	2
#define MAX_CHOICES	256
#define MAX_STORES	64
#define MAX_WRITES	256
#define MAX_RUNS	1000000UL

/* The choices of this run, and how many there were of each. */
static struct {
	unsigned char at[MAX_CHOICES], of[MAX_CHOICES];
	unsigned int n, depth;
} path;

static unsigned int choose(unsigned int n)
{
	if (n < 2)
		return 0;
	check(path.depth < MAX_CHOICES, "model: too many choices");
	if (path.depth == path.n) {
		path.at[path.n] = 0;
		path.of[path.n++] = n;
	}
	return path.at[path.depth++];
}

static bool next_path(void)
{
	path.n = path.depth;
	path.depth = 0;
	while (path.n && path.at[path.n - 1] + 1 == path.of[path.n - 1])
		path.n--;
	if (!path.n)
		return false;
	path.at[path.n - 1]++;
	return true;
}

/* Stores of the device that the driver does not see yet. */
static struct {
	void *p;
	size_t n;
	u8 v[8];
	unsigned int epoch;
} stores[MAX_STORES];
static unsigned int nstores, epoch;

/* Writes of the driver: what was there before; the device may not know of those after @view. */
static struct {
	const void *p;
	u8 was[8];
} writes[MAX_WRITES];
static unsigned int nwrites, view;

static void store_out(unsigned int i)
{
	memcpy(stores[i].p, stores[i].v, stores[i].n);
	memmove(&stores[i], &stores[i + 1], (--nstores - i) * sizeof(stores[0]));
}

static void store_all(void)
{
	while (nstores)
		store_out(0);
}

/*
 * Before the driver reads @p: any number of the stores to it that wait may have
 * got out. Of the others no more than had to is the worst that can be.
 */
static void store_some(const void *p)
{
	unsigned int n = 0, pick, before;
	int last, i;

	for (i = 0; i < (int)nstores; i++)
		n += stores[i].p == p;
	pick = choose(n + 1);
	if (!pick)
		return;
	for (last = 0; stores[last].p != p || --pick; last++)
		;
	before = stores[last].epoch;
	for (i = 0; i <= last;) {
		if (stores[i].epoch < before || stores[i].p == p) {
			store_out(i);
			last--;
		} else {
			i++;
		}
	}
}

/**
 * struct scene - what the driver does
 * @name: for the output
 * @event_idx: it negotiated the event index
 * @base: where the indexes begin
 * @bursts: how often it adds buffers and waits for them
 * @each: how many buffers at a time
 * @wait: it waits for them, not only for the device to take them
 * @singly: the device publishes each completion by itself
 */
struct scene {
	const char *name;
	bool event_idx;
	u16 base;
	unsigned int bursts;
	unsigned int each;
	bool wait;
	bool singly;
};

static const struct scene scenes[] = {
	{ "kick, flags", false, 0, 3, 1, false, false },
	{ "kick, event", true, 65535, 3, 1, false, false },
	{ "kick of two, event", true, 0, 2, 2, false, false },
	{ "signal, flags", false, 65535, 1, 2, true, true },
	{ "signal, event", true, 65534, 1, 2, true, true },
	{ "both, flags", false, 0, 1, 1, true, false },
	{ "both, event", true, 65535, 2, 1, true, false },
};

enum step { ADD, KICK, REAP, ENABLE, RECHECK, ASLEEP, OVER };

static struct {
	const struct scene *scene;
	struct world *w;
	enum step step;
	unsigned int bursts;
	u16 idx, shown, seen;
	bool kick, signal;
	u64 gpa;
} drv;

static void drv_put(unsigned int area, size_t at, u64 v, unsigned int n)
{
	check(nwrites < MAX_WRITES, "model: too many writes");
	writes[nwrites].p = drv.w->area[area] + at;
	memcpy(writes[nwrites].was, drv.w->area[area] + at, n);
	nwrites++;
	world_encode(drv.w, drv.w->area[area] + at, v, n);
}

static u64 drv_get(unsigned int area, size_t at, unsigned int n)
{
	store_some(drv.w->area[area] + at);
	return world_get(drv.w, area, at, n);
}

/* Lengths tell buffers of one head apart. */
static u32 drv_len(u16 pos)
{
	return 1 + (u16)(pos - drv.scene->base);
}

/* 2.7.13.4: is the device to be told of buffers @old to @new - 1? */
static bool drv_must_kick(u16 old, u16 new)
{
	u16 event;

	if (!drv.scene->event_idx)
		return !(drv_get(USED, 0, 2) & VRING_USED_F_NO_NOTIFY);
	event = drv_get(USED, 4 + 8 * RING_NUM, 2);
	return (u16)(event - old) < (u16)(new - old);
}

static void drv_reap(void)
{
	u16 idx = drv_get(USED, 2, 2);

	for (; drv.seen != idx; drv.seen++) {
		unsigned int at = drv.seen & (RING_NUM - 1);

		check(drv_get(USED, 4 + 8 * at, 4) == at &&
		      drv_get(USED, 8 + 8 * at, 4) == drv_len(drv.seen),
		      "used index %u shown before entry %u", idx, drv.seen);
	}
}

/* Write a burst of entries; false if the ring has no place for them. */
static bool drv_add_burst(void)
{
	unsigned int i, at;

	if (!drv.scene->wait)
		drv_reap();
	if ((u16)(drv.idx - drv.seen) + drv.scene->each > RING_NUM)
		return false;
	for (i = 0; i < drv.scene->each; i++, drv.idx++) {
		at = drv.idx & (RING_NUM - 1);
		drv_put(DESC, at * DESC_SIZE, drv.gpa, 8);
		drv_put(DESC, at * DESC_SIZE + 8, drv_len(drv.idx), 4);
		drv_put(AVAIL, 4 + 2 * at, at, 2);
	}
	return true;
}

/* Flags ask for no signals while the driver is awake. */
static void drv_quiet(bool quiet)
{
	if (!drv.scene->event_idx)
		drv_put(AVAIL, 0, quiet ? VRING_AVAIL_F_NO_INTERRUPT : 0, 2);
	else if (!quiet)
		drv_put(AVAIL, 4 + 2 * RING_NUM, drv.seen, 2);
}

static bool drv_ready(void)
{
	return drv.step != OVER && (drv.step != ASLEEP || drv.signal);
}

static enum step drv_after_burst(void)
{
	return ++drv.bursts == drv.scene->bursts ? OVER : ADD;
}

static void drv_step(void)
{
	switch (drv.step) {
	case ADD:
		/* Writing entries is no step of its own: the device cannot tell. */
		if (!drv_add_burst()) {
			drv.step = OVER;
			break;
		}
		drv_put(AVAIL, 2, drv.idx, 2);
		drv.step = KICK;
		break;
	case KICK:
		drv.kick |= drv_must_kick(drv.shown, drv.idx);
		drv.shown = drv.idx;
		drv.step = drv.scene->wait ? REAP : drv_after_burst();
		break;
	case REAP:
		drv_reap();
		drv.step = drv.seen == drv.idx ? drv_after_burst() : ENABLE;
		break;
	case ENABLE:
		drv_quiet(false);
		drv.step = RECHECK;
		break;
	case RECHECK:
		drv.step = ASLEEP;
		if (drv_get(USED, 2, 2) != drv.seen) {
			drv_quiet(true);
			drv.step = REAP;
		}
		break;
	case ASLEEP:
		drv.signal = false;
		drv_quiet(true);
		drv.step = REAP;
		break;
	case OVER:
		break;
	}
}

/* The driver gets on as far as it likes. */
static void drv_steps(void)
{
	while (drv_ready() && choose(2))
		drv_step();
}

static bool is_entry(const void *p)
{
	const u8 *at = p, *avail = drv.w->area[AVAIL], *desc = drv.w->area[DESC];

	return (at >= avail + 4 && at < avail + 4 + 2 * RING_NUM) ||
	       (at >= desc && at < desc + drv.w->size[DESC]);
}

static void weak_load(void *dst, const void *p, size_t n)
{
	unsigned int i;

	for (i = nstores; i; i--) {
		if (stores[i - 1].p == p) {
			memcpy(dst, stores[i - 1].v, n);
			return;
		}
	}
	if (!is_entry(p)) {
		drv_steps();
		memcpy(dst, p, n);
		return;
	}
	memcpy(dst, p, n);
	for (i = view; i < nwrites; i++) {
		if (writes[i].p == p && choose(2)) {
			memcpy(dst, writes[i].was, n);
			return;
		}
	}
}

static void weak_store(void *p, const void *src, size_t n)
{
	check(nstores < MAX_STORES && n <= 8, "model: too many stores");
	stores[nstores].p = p;
	stores[nstores].n = n;
	stores[nstores].epoch = epoch;
	memcpy(stores[nstores++].v, src, n);
}

static void weak_fence(enum user_fence fence)
{
	if (fence == USER_MB) {
		/*
		 * The last moment at which stores may be seen out of order;
		 * only entries and their index have one.
		 */
		if (nstores && drv.scene->singly)
			drv_steps();
		store_all();
	}
	if (fence != USER_RMB)
		epoch++;
	if (fence != USER_WMB)
		view = nwrites;
}

static void dev_publish(void)
{
	int ret = xnet_ring_publish(&drv.w->ring);

	check(ret >= 0, "publish gave %d", ret);
	drv.signal |= ret;
}

/* Serve all there is; false if there was nothing. */
static bool dev_serve(void)
{
	struct xnet_ring *ring = &drv.w->ring;
	int n = xnet_ring_fetch(ring, RING_NUM), i;

	check(n >= 0, "fetch gave %d, fault %d", n, ring->fault);
	for (i = 0; i < n; i++) {
		const struct xnet_buf *buf = xnet_ring_buf(ring, 0);
		struct xnet_done done = { .id = buf->id, .len = buf->len };

		check(buf->id == (ring->taken & (RING_NUM - 1)) &&
		      buf->len == drv_len(ring->taken), "entry %u read before the index",
		      ring->taken);
		xnet_ring_take(ring, 1);
		check(!xnet_ring_complete(ring, &done, 1), "complete failed");
		if (drv.scene->singly)
			dev_publish();
	}
	dev_publish();
	return n;
}

/* The device's life: serve, arm, look again, sleep until kicked. */
static void dev_run(void)
{
	struct xnet_ring *ring = &drv.w->ring;
	int ret;

	check(!xnet_ring_start(ring), "start failed");
	for (;;) {
		if (dev_serve())
			continue;
		ret = xnet_ring_arm(ring);
		check(ret >= 0, "arm gave %d", ret);
		if (!ret) {
			/* Asleep; what it wrote gets out sooner or later. */
			while (!drv.kick && drv_ready())
				drv_step();
			if (!drv.kick) {
				store_all();
				while (!drv.kick && drv_ready())
					drv_step();
			}
			if (!drv.kick)
				return;
			drv.kick = false;
		}
		check(!xnet_ring_disarm(ring), "disarm failed");
	}
}

static void run_scene(struct world *w, const struct scene *scene)
{
	unsigned int i;

	for (i = 0; i < 3; i++)
		memset(w->area[i], 0, w->size[i]);
	memset(&drv, 0, sizeof(drv));
	drv.scene = scene;
	/* Every region with memory behind it is long enough. */
	for (i = 0; !w->map.r[i].backed; i++)
		;
	drv.gpa = w->map.r[i].gpa;
	drv.w = w;
	drv.idx = scene->base;
	drv.shown = scene->base;
	drv.seen = scene->base;
	world_put(w, AVAIL, 2, scene->base, 2);
	world_put(w, USED, 2, scene->base, 2);
	w->ring.taken = scene->base;
	nstores = 0;
	nwrites = 0;
	view = 0;
	dev_run();
	check(w->ring.taken == drv.shown, "%s: the device sleeps with %u buffers waiting",
	      scene->name, (u16)(drv.shown - w->ring.taken));
	check(drv.step == OVER, "%s: the driver sleeps with %u completions waiting",
	      scene->name, (u16)(drv_get(USED, 2, 2) - drv.seen));
}

void test_order(struct rng *rng)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scenes); i++) {
		struct config config = {
			.num = RING_NUM,
			.max_bufs = 4,
			.event_idx = scenes[i].event_idx,
			.le = true,
		};
		unsigned long runs = 0;
		struct world w;

		world_make(&w, rng, &config);
		user_ops.load = weak_load;
		user_ops.store = weak_store;
		user_ops.fence = weak_fence;
		path.n = 0;
		path.depth = 0;
		do {
			run_scene(&w, &scenes[i]);
			check(++runs < MAX_RUNS, "%s: not all was tried", scenes[i].name);
		} while (next_path());
		printf("# %s: all %lu interleavings\n", scenes[i].name, runs);
		world_free(&w);
	}
}
