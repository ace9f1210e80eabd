// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences of calls. Most begin with what sets a device up, a little
 * damaged, since calls on a device that was never set up all end the same way.
 */
#include <fcntl.h>
#include <string.h>

#include "call.h"
#include "xguest.h"

#define PICK(g, a)	((a)[below(g, ARRAY_SIZE(a))])

/**
 * struct gen - a generator at work
 * @s: the sequence
 * @state: of the random numbers
 * @both: what both devices can do
 * @started: queues that may be running, of those behind an IOTLB
 */
struct gen {
	struct seq *s;
	uint64_t state;
	const struct common *both;
	bool started[2];
};

static uint64_t next(struct gen *g)
{
	uint64_t z = g->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint64_t below(struct gen *g, uint64_t n)
{
	return next(g) % n;
}

/* True once in @n times. */
static bool once(struct gen *g, unsigned int n)
{
	return below(g, n) == 0;
}

static uint32_t a_queue(struct gen *g)
{
	static const uint32_t odd[] = { 2, 3, 0x100, 0x80000000, ~0u };

	return once(g, 40) ? PICK(g, odd) : below(g, 2);
}

static uint32_t a_num(struct gen *g)
{
	static const uint32_t nums[] = {
		0, 1, 2, 3, 4, 16, 256, 1024, 0x7fff, 0x8000, 0xffff, 0x10000, ~0u,
	};

	return once(g, 20) ? next(g) : PICK(g, nums);
}

/*
 * In microseconds. So long vhost-net may keep a queue to itself while nothing else wants
 * its CPU, and whoever stops the queue waits.
 */
static uint32_t a_busyloop(struct gen *g)
{
	return a_num(g) & 0xfff;
}

static uint64_t a_place(struct gen *g, uint64_t usual)
{
	static const uint64_t odd[] = {
		0, AT_NOTHING, AT_RO, USER_END - 0x1000, USER_END, 0x800000000000,
		0xffff888000000000, ~0ULL - 15,
	};

	if (once(g, 12))
		return PICK(g, odd);
	if (once(g, 12))
		return usual + below(g, 64);
	return usual;
}

static int a_file(struct gen *g, int usual)
{
	if (once(g, 6))
		return -1;
	if (once(g, 4))
		return FD_DEV + below(g, FD_END - FD_DEV);
	if (once(g, 30))
		return next(g);
	return usual;
}

static uint64_t a_feature_word(struct gen *g)
{
	/* Sequences with an IOTLB are of another kind, see with_iotlb(). */
	const uint64_t no = XG_F_ACCESS_PLATFORM;

	if (once(g, 100))
		return next(g) & next(g) & next(g) & ~no;
	if (once(g, 5))
		return XG_F_MODERN & g->both->features;
	return next(g) & g->both->features & ~no;
}

static void mem_table(struct gen *g)
{
	struct vhost_memory_region r[8];
	uint32_t n = once(g, 3) ? 1 : below(g, ARRAY_SIZE(r) + 1);
	uint64_t gpa = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint64_t size = 0x1000 + (once(g, 8) ? below(g, 0x1000) : 0);

		gpa += once(g, 3) ? below(g, 0x10000) : 0;
		r[i] = (struct vhost_memory_region){
			.guest_phys_addr = gpa,
			.memory_size = size,
			.userspace_addr = AT_MEM + below(g, MEM_SIZE - size),
		};
		gpa += size;
	}
	if (once(g, 30) && n)
		r[below(g, n)].memory_size = once(g, 2) ? 0 : next(g);
	if (once(g, 30) && n)
		r[below(g, n)].userspace_addr = a_place(g, AT_MEM);
	if (once(g, 60) && n)
		r[below(g, n)].guest_phys_addr = next(g);
	seq_mem(g->s, n, once(g, 60) ? next(g) : 0, r);
}

static struct vhost_vring_addr an_addr(struct gen *g, uint32_t index)
{
	struct vhost_vring_addr a = usual_addr(index & 1);

	a.index = index;
	a.desc_user_addr = a_place(g, a.desc_user_addr);
	a.avail_user_addr = a_place(g, a.avail_user_addr);
	a.used_user_addr = a_place(g, a.used_user_addr);
	return a;
}

static void addr(struct gen *g, uint32_t index)
{
	struct vhost_vring_addr a = an_addr(g, index);

	a.log_guest_addr = once(g, 4) ? below(g, LOG_SIZE * 8 * 4096) & ~3ULL : 0;
	if (once(g, 20))
		a.log_guest_addr = next(g);
	a.flags = once(g, 6) ? 1 : once(g, 20) ? below(g, 4) : 0;
	seq_addr(g->s, &a);
}

static void log_base(struct gen *g)
{
	static const uint64_t odd[] = { 0, AT_NOTHING, USER_END, 0xffff888000000000, ~0ULL };

	seq_u64(g->s, VHOST_SET_LOG_BASE, once(g, 4) ? PICK(g, odd) : AT_LOG);
}

/* Whose task the worker is; mostly too late, as there is one. */
static void set_fork(struct gen *g)
{
	uint8_t fork = once(g, 10) ? next(g) : below(g, 2);

	if (g->both->fork)
		seq_ioctl(g->s, once(g, 4) ? DIFF_GET_FORK : DIFF_SET_FORK, &fork, 1);
}

/* Mostly the next owner looks at what the last one has left. */
static void taken_back(struct gen *g)
{
	struct seq *s = g->s;
	uint32_t i;

	seq_ioctl(s, VHOST_RESET_OWNER, NULL, 0);
	if (once(g, 3))
		return;
	if (once(g, 3))
		set_fork(g);
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	for (i = 0; i < 2; i++) {
		seq_state(s, VHOST_GET_VRING_BASE, i, 0);
		seq_state(s, VHOST_GET_VRING_BUSYLOOP_TIMEOUT, i, 0);
	}
}

/* By the array, if both can, of as many words as may be. */
static void set_features(struct gen *g)
{
	const uint64_t tunnels = XG_F_HIGH_GUEST_UDP_TUNNEL | XG_F_HIGH_HOST_UDP_TUNNEL;
	uint64_t array[] = { below(g, 4), a_feature_word(g), 0, 0, 0 };

	if (!g->both->arrays || !once(g, 3)) {
		seq_u64(g->s, VHOST_SET_FEATURES, array[1]);
		return;
	}
	if (once(g, 4))
		array[2] = next(g) & tunnels;
	if (once(g, 10))
		array[2 + below(g, 3)] |= 1ULL << below(g, 64);
	if (once(g, 20))
		array[0] = next(g) >> below(g, 64);
	seq_ioctl(g->s, DIFF_SET_FEATURES_ARRAY, array, sizeof(array));
}

static void get_features(struct gen *g)
{
	static const uint32_t req[] = { VHOST_GET_FEATURES, VHOST_GET_BACKEND_FEATURES };
	const uint64_t count[] = { below(g, 5), 0, 0, 0, 0 };

	if (g->both->arrays && once(g, 3))
		seq_ioctl(g->s, DIFF_GET_FEATURES_ARRAY, count, sizeof(count));
	else
		seq_ioctl(g->s, PICK(g, req), NULL, 16);
}

/* Anything as the argument of any ioctl. */
static void nonsense(struct gen *g)
{
	uint32_t req = reqs[below(g, nr_reqs)].req, noise[16];
	uint8_t *byte = (uint8_t *)noise;
	unsigned int i;

	for (i = 0; i < sizeof(noise); i++)
		byte[i] = once(g, 3) ? next(g) : 0;
	if (req == VHOST_SET_VRING_BUSYLOOP_TIMEOUT)
		noise[1] = a_busyloop(g);
	seq_ioctl(g->s, req, noise, sizeof(noise));
}

static void a_state(struct gen *g)
{
	static const uint32_t states[] = {
		VHOST_SET_VRING_NUM, VHOST_SET_VRING_BASE, VHOST_GET_VRING_BASE,
		VHOST_SET_VRING_ENDIAN, VHOST_GET_VRING_ENDIAN,
		VHOST_SET_VRING_BUSYLOOP_TIMEOUT, VHOST_GET_VRING_BUSYLOOP_TIMEOUT,
	};
	uint32_t req = PICK(g, states), queue = a_queue(g);

	seq_state(g->s, req, queue,
		  req == VHOST_SET_VRING_BUSYLOOP_TIMEOUT ? a_busyloop(g) : a_num(g));
}

static void an_ioctl(struct gen *g)
{
	static const uint32_t events[] = {
		VHOST_SET_VRING_KICK, VHOST_SET_VRING_CALL, VHOST_SET_VRING_ERR,
	};
	struct seq *s = g->s;

	switch (below(g, 16)) {
	case 0:
		set_features(g);
		break;
	case 1:
		seq_u64(s, VHOST_SET_BACKEND_FEATURES, once(g, 2) ? 0 : 1ULL << below(g, 64));
		break;
	case 2:
		get_features(g);
		break;
	case 3:
		if (once(g, 3))
			taken_back(g);
		else
			seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
		break;
	case 4:
		mem_table(g);
		break;
	case 5:
		log_base(g);
		break;
	case 6:
		seq_int(s, VHOST_SET_LOG_FD, a_file(g, FD_EVENT));
		break;
	case 7:
	case 8:
		addr(g, a_queue(g));
		break;
	case 9:
	case 10:
		seq_file(s, PICK(g, events), a_queue(g), a_file(g, FD_EVENT + below(g, 3)));
		break;
	case 11:
	case 12:
		seq_file(s, VHOST_NET_SET_BACKEND, a_queue(g), a_file(g, FD_TAP + below(g, 3)));
		break;
	case 13:
		nonsense(g);
		break;
	default:
		a_state(g);
		break;
	}
}

static void some_call(struct gen *g)
{
	static const uint8_t kinds[] = { K_READ, K_WRITE, K_POLL, K_POLL, K_MMAP, K_FSTAT };
	static const uint32_t sizes[] = { 0, 4, 64, 72, 80 };
	uint32_t msg[20] = { below(g, 4), 0 };
	struct call *c;
	uint8_t kind;

	if (!once(g, 15)) {
		an_ioctl(g);
		return;
	}
	kind = PICK(g, kinds);
	c = seq_add(g->s, kind, 0, kind == K_WRITE ? msg : NULL,
		    kind == K_READ || kind == K_WRITE ? PICK(g, sizes) : 0);
	c->req = 0;
}

/* Now and then a bad pointer or the wrong caller. */
static void hurt(struct gen *g, struct call *c)
{
	if (c->kind == K_OPEN || c->kind == K_POLL)
		return;
	if (once(g, 25)) {
		c->where = below(g, P_END);
		c->cut = below(g, 48);
	}
	c->who = once(g, 20);
}

static void setup(struct gen *g)
{
	struct seq *s = g->s;
	static const uint32_t nums[] = { 1, 2, 16, 256, 256, 1024 };
	uint32_t i;

	if (once(g, 4))
		set_fork(g);
	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	if (!once(g, 5))
		set_features(g);
	if (!once(g, 10))
		mem_table(g);
	if (once(g, 4))
		log_base(g);
	for (i = 0; i < 2; i++) {
		if (!once(g, 10))
			seq_state(s, VHOST_SET_VRING_NUM, i, PICK(g, nums));
		if (once(g, 4))
			seq_state(s, VHOST_SET_VRING_BASE, i, a_num(g));
		if (!once(g, 10))
			addr(g, i);
		if (!once(g, 4))
			seq_file(s, VHOST_SET_VRING_KICK, i, FD_EVENT);
		if (!once(g, 4))
			seq_file(s, VHOST_SET_VRING_CALL, i, FD_EVENT2);
	}
	for (i = 0; i < 2; i++)
		if (!once(g, 4))
			seq_file(s, VHOST_NET_SET_BACKEND, i, FD_TAP);
}

/* A range of IOTLB addresses: a ring's area, or some pages of it, or anything. */
static void a_range(struct gen *g, struct vhost_iotlb_msg *msg)
{
	struct vhost_vring_addr a = usual_addr(below(g, 2));
	const uint64_t areas[] = { a.desc_user_addr, a.avail_user_addr, a.used_user_addr };

	msg->iova = PICK(g, areas);
	msg->size = RING_SIZE / 4;
	if (once(g, 4)) {
		msg->iova += below(g, 4) * 0x1000;
		msg->size = (1 + below(g, 3)) * 0x1000;
	} else if (once(g, 8)) {
		msg->iova = once(g, 2) ? AT_DRIVER : AT_DEVICE;
		msg->size = RING_SIZE;
	}
	msg->uaddr = msg->iova;
	if (once(g, 30))
		msg->size = next(g) >> below(g, 64);
	if (once(g, 30))
		msg->iova = next(g);
	/* Memory, as a ring where there is none is broken; or what is refused. */
	if (once(g, 30))
		msg->uaddr = once(g, 3) ? 0xffff888000000000 : AT_MEM;
}

static void a_message(struct gen *g)
{
	struct vhost_msg_v2 m = { .type = once(g, 2) ? VHOST_IOTLB_MSG : VHOST_IOTLB_MSG_V2 };

	a_range(g, &m.iotlb);
	m.iotlb.perm = VHOST_ACCESS_RW;
	m.iotlb.type = once(g, 4) ? VHOST_IOTLB_INVALIDATE : VHOST_IOTLB_UPDATE;
	if (once(g, 40))
		m.iotlb.type = below(g, 6);
	if (once(g, 60))
		m.type = below(g, 4);
	seq_add(g->s, K_WRITE, 0, &m, sizeof(m));
}

/*
 * One that neither takes the IOTLB away nor changes who is kicked. Nor is a queue
 * told to poll: vhost-net then asks for the other one's ring too, running or not,
 * if it gets that queue's lock. And none begins at an index that makes no sense of
 * an empty ring: one that is broken asks no more here, but does there.
 */
static void a_quiet_ioctl(struct gen *g)
{
	static const uint32_t states[] = {
		VHOST_SET_VRING_NUM, VHOST_GET_VRING_BASE, VHOST_GET_VRING_BUSYLOOP_TIMEOUT,
	};
	struct vhost_vring_addr a = an_addr(g, below(g, 2));

	switch (below(g, 6)) {
	case 0:
		mem_table(g);
		break;
	case 1:
		/* Of a running queue vhost-net looks for the ring where it was. */
		if (!g->started[a.index])
			seq_addr(g->s, &a);
		break;
	case 2:
		log_base(g);
		break;
	case 3:
		seq_u64(g->s, VHOST_SET_BACKEND_FEATURES, below(g, 3));
		break;
	default:
		seq_state(g->s, PICK(g, states), a_queue(g), a_num(g));
		break;
	}
}

static void a_step_with_iotlb(struct gen *g)
{
	uint32_t queue = below(g, 2);

	switch (below(g, 12)) {
	case 0 ... 6:
		a_message(g);
		break;
	case 7 ... 9:
		g->started[queue] = !once(g, 4);
		seq_file(g->s, VHOST_NET_SET_BACKEND, queue, g->started[queue] ? FD_TAP : -1);
		break;
	default:
		a_quiet_ioctl(g);
		break;
	}
	seq_add(g->s, K_ASKS, 0, NULL, 0);
}

/* Behind an IOTLB: what is asked, and what becomes of the answers. */
static void with_iotlb(struct gen *g)
{
	static const uint32_t nums[] = { 1, 16, 256, 1024, 4096 };
	unsigned int steps = 8 + below(g, 16);
	struct seq *s = g->s;
	uint32_t i;

	seq_ioctl(s, VHOST_SET_OWNER, NULL, 0);
	seq_u64(s, VHOST_SET_FEATURES, (a_feature_word(g) & ~XG_F_LOG_ALL) | XG_F_ACCESS_PLATFORM);
	seq_u64(s, VHOST_SET_BACKEND_FEATURES, below(g, 2) << VHOST_BACKEND_F_IOTLB_MSG_V2);
	for (i = 0; i < 2; i++) {
		struct vhost_vring_addr a = usual_addr(i);

		seq_state(s, VHOST_SET_VRING_NUM, i, PICK(g, nums));
		seq_state(s, VHOST_SET_VRING_BASE, i, 0);
		seq_addr(s, &a);
		seq_file(s, VHOST_SET_VRING_KICK, i, FD_EVENT);
		seq_file(s, VHOST_SET_VRING_CALL, i, FD_EVENT2);
	}
	while (steps--)
		a_step_with_iotlb(g);
}

void random_seq(struct seq *s, uint64_t seed, const struct common *both, bool iotlb)
{
	struct gen g = { .s = s, .state = seed, .both = both };
	unsigned int i, n;

	s->n = 0;
	s->used = 0;
	seq_add(s, K_OPEN, O_RDWR | O_NONBLOCK, NULL, 0);
	if (iotlb) {
		with_iotlb(&g);
		return;
	}
	if (!once(&g, 8))
		setup(&g);
	n = s->n + 4 + below(&g, 24);
	while (s->n < n)
		some_call(&g);
	for (i = 1; i < s->n; i++)
		hurt(&g, &s->call[i]);
}
