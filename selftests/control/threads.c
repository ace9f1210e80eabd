// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several threads call random ioctls with random arguments on one device while
 * others use its rings. Whatever they are answered, the kernel has nothing to
 * complain of, and afterwards the device can be set up and works.
 *
 * The seed is printed; XNET_SEED=N repeats the choice of calls, not their order
 * among the threads.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "ioctls.h"
#include "traffic.h"
#include "xtest.h"

#define THREADS		4
#define SECONDS		6
#define ARENA		(4UL << 20)

/**
 * struct chaos - what the threads share
 * @t: the device and its taps
 * @other: a second tap
 * @fds: descriptors of all sorts
 * @nfds: how many
 * @arena: the only memory whose address the device gets to know
 * @stop: asks the threads to end
 * @calls: ioctls made
 * @good: those that succeeded
 */
struct chaos {
	struct xt_traffic t;
	struct xg_tap other;
	int fds[16];
	unsigned int nfds;
	char *arena;
	atomic_bool stop;
	atomic_ulong calls;
	atomic_ulong good;
};

struct caller {
	struct chaos *c;
	uint64_t seed;
	bool owner;
	pthread_t thread;
};

static uint32_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s >> 16;
}

/* An address in the arena, in the kernel, or nowhere. */
static uint64_t place(struct chaos *c, uint64_t *s)
{
	switch (rnd(s) % 8) {
	case 0:
		return 0xffff888000000000ULL + rnd(s);
	case 1:
		return 0x10000;
	case 2:
		return (uintptr_t)c->arena + rnd(s) % (ARENA / 2);
	default:
		return (uintptr_t)c->arena + (rnd(s) % (ARENA / 2) & ~63UL);
	}
}

static int set_mem(struct chaos *c, uint64_t *s)
{
	unsigned int i, n = rnd(s) % 5;
	struct vhost_memory *m = calloc(1, sizeof(*m) + n * sizeof(m->regions[0]));
	int ret;

	m->nregions = n;
	m->padding = rnd(s) % 16 == 0;
	for (i = 0; i < n; i++) {
		m->regions[i].guest_phys_addr = i << 20;
		m->regions[i].memory_size = rnd(s) % ((1 << 20) + 64);
		m->regions[i].userspace_addr = (uintptr_t)c->arena + (rnd(s) % (ARENA / 2));
		if (rnd(s) % 16 == 0)
			m->regions[i].userspace_addr = 0x10000;
	}
	if (rnd(s) % 2)
		ret = xg_mem_commit(c->t.net.fd, &c->t.net.mem);
	else
		ret = xg_ioctl_set_mem_table(c->t.net.fd, m);
	free(m);
	return ret;
}

static int set_addr(struct chaos *c, uint64_t *s)
{
	struct vhost_vring_addr a;

	xg_vq_addr(&c->t.net.vq[rnd(s) % 2], &a);
	if (rnd(s) % 2) {
		a.desc_user_addr = place(c, s);
		a.avail_user_addr = place(c, s);
		a.used_user_addr = place(c, s);
		a.flags = rnd(s) % 8 ? 0 : rnd(s) % 4;
	}
	a.index = rnd(s) % 9 ? rnd(s) % 2 : rnd(s);
	return xg_ioctl_set_vring_addr(c->t.net.fd, &a);
}

static int set_features(struct chaos *c, uint64_t *s)
{
	uint64_t f = XG_F_MODERN;

	if (rnd(s) % 2)
		f = (uint64_t)rnd(s) << 32 | rnd(s);
	else if (rnd(s) % 2)
		f &= (uint64_t)rnd(s) << 32 | rnd(s);
	/* Logging and an IOTLB would need addresses to write to. */
	return xg_ioctl_set_features(c->t.net.fd, f & ~(XG_F_LOG_ALL | 1ULL << 33));
}

static int any_call(struct chaos *c, uint64_t *s, bool owner)
{
	static const unsigned long files[] = {
		VHOST_SET_VRING_KICK, VHOST_SET_VRING_CALL, VHOST_SET_VRING_ERR,
		VHOST_NET_SET_BACKEND, VHOST_NET_SET_BACKEND, VHOST_NET_SET_BACKEND,
	};
	static const unsigned long states[] = {
		VHOST_SET_VRING_NUM, VHOST_SET_VRING_BASE, VHOST_GET_VRING_BASE,
		VHOST_SET_VRING_BUSYLOOP_TIMEOUT, VHOST_GET_VRING_BUSYLOOP_TIMEOUT,
		VHOST_SET_VRING_ENDIAN, VHOST_GET_VRING_ENDIAN,
	};
	struct vhost_vring_state state = {
		.index = rnd(s) % 9 ? rnd(s) % 2 : rnd(s),
		.num = rnd(s) % 3 ? 1U << rnd(s) % 18 : rnd(s) % 70000,
	};
	struct vhost_vring_file file = {
		.index = state.index,
		.fd = rnd(s) % 4 ? c->fds[rnd(s) % c->nfds] : -1,
	};
	int fd = c->t.net.fd;
	unsigned int nr;

	switch (rnd(s) % 16) {
	case 0:
		return set_mem(c, s);
	case 1:
		return set_addr(c, s);
	case 2:
		return set_features(c, s);
	case 3:
		return owner && rnd(s) % 4 == 0 ? xg_ioctl_reset_owner(fd) :
						  xg_ioctl_set_owner(fd);
	case 4:
		return xg_ioctl_set_owner(fd);
	case 5:
		/* The most likely way to a running queue. */
		return xg_vq_setup(&c->t.net.vq[rnd(s) % 2]);
	case 6:
		/* Taken for a memory table this must not name memory of ours. */
		state.num = 1;
		nr = rnd(s) % 256;
		/* Taken for an array of features it would have no end. */
		if (nr == _IOC_NR(VHOST_GET_FEATURES_ARRAY))
			nr = 0;
		return xg_ioctl(fd, _IOC(rnd(s) % 4, VHOST_VIRTIO, nr, 8), &state);
	case 7: case 8: case 9: case 10: case 11:
		/* A busy loop of a minute would only cost time. */
		if (state.num > 1000)
			state.num = 256;
		return xg_ioctl(fd, states[rnd(s) % ARRAY_SIZE(states)], &state);
	default:
		return xg_ioctl(fd, files[rnd(s) % ARRAY_SIZE(files)], &file);
	}
}

static void *caller(void *data)
{
	struct caller *me = data;

	while (!atomic_load(&me->c->stop)) {
		if (any_call(me->c, &me->seed, me->owner) >= 0)
			atomic_fetch_add(&me->c->good, 1);
		atomic_fetch_add(&me->c->calls, 1);
	}
	return NULL;
}

/* A guest without manners: writes to its rings and kicks whenever it likes. */
static void *guest(void *data)
{
	struct caller *me = data;
	struct xt_traffic *t = &me->c->t;
	char frame[300];
	unsigned int i;

	xg_frame_fill(frame, sizeof(frame), 1);
	for (i = 0; !atomic_load(&me->c->stop); i++) {
		struct xg_vq *vq = &t->net.vq[rnd(&me->seed) % 2];
		unsigned int slot = i % vq->cfg.num;

		vq->split.desc[slot].addr = t->net.tx_gpa[slot];
		vq->split.desc[slot].len = rnd(&me->seed) % 1600;
		vq->split.desc[slot].flags = vq->cfg.index == XG_RX ? VRING_DESC_F_WRITE : 0;
		vq->split.avail->ring[i % vq->cfg.num] = slot;
		if (rnd(&me->seed) % 100 == 0)
			vq->split.avail->ring[slot] = rnd(&me->seed);
		xg_put16(&vq->split.avail->idx, xg_get16(&vq->split.used->idx) +
			 rnd(&me->seed) % 32);
		xg_event_signal(vq->kick_fd);
		xg_event_take(vq->call_fd);
		xg_pkt_send(t->rx_pkt, frame, sizeof(frame));
		if (i % 16 == 0)
			xg_pkt_drain(t->tx_pkt);
	}
	return NULL;
}

static void fill_fds(struct chaos *c)
{
	struct xt_traffic *t = &c->t;
	unsigned int q;

	for (q = 0; q < XG_MAX_VQS; q++) {
		c->fds[c->nfds++] = t->net.vq[q].kick_fd;
		c->fds[c->nfds++] = t->net.vq[q].call_fd;
		c->fds[c->nfds++] = t->net.vq[q].err_fd;
		c->fds[c->nfds++] = t->net.tap.fd[0];
		c->fds[c->nfds++] = c->other.fd[0];
	}
	c->fds[c->nfds++] = open("/dev/null", O_RDWR);
	c->fds[c->nfds++] = socket(AF_UNIX, SOCK_STREAM, 0);
	c->fds[c->nfds++] = t->net.fd;
	c->fds[c->nfds++] = open("/dev/net/tun", O_RDWR);
}

static void run_chaos(struct __test_metadata *_metadata, bool owner)
{
	struct caller callers[THREADS + 1];
	const char *env = getenv("XNET_SEED");
	uint64_t seed = env ? strtoull(env, NULL, 0) : xg_now_ns();
	struct chaos c = { .nfds = 0 };
	unsigned int i;

	TH_LOG("XNET_SEED=%lu", seed);
	XT_OK(xt_traffic_open(&c.t, NULL));
	XT_OK(xg_tap_open(&c.other, &(struct xg_tap_cfg) { .hdr_len = 12 }));
	c.arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, c.arena);
	fill_fds(&c);
	for (i = 0; i <= THREADS; i++) {
		callers[i] = (struct caller) {
			.c = &c, .seed = seed * 31 + i * 977 + 1, .owner = owner,
		};
		ASSERT_EQ(0, pthread_create(&callers[i].thread, NULL,
					    i < THREADS ? caller : guest, &callers[i]));
	}
	xt_msleep(SECONDS * 1000);
	atomic_store(&c.stop, true);
	for (i = 0; i <= THREADS; i++)
		pthread_join(callers[i].thread, NULL);
	TH_LOG("%lu calls, %lu of them successful", c.calls, c.good);
	EXPECT_LT(1000, c.calls);
	EXPECT_LT(100, c.good);

	/* Nothing has become of it that a fresh start does not cure. */
	xg_ioctl_reset_owner(c.t.net.fd);
	for (i = 0; i < XG_MAX_VQS; i++) {
		xg_event_take(c.t.net.vq[i].call_fd);
		xg_event_take(c.t.net.vq[i].err_fd);
	}
	xg_tap_close(&c.other);
	XT_OK(xt_traffic_renew(&c.t, true, 0));
	xt_msleep(50);
	xg_pkt_drain(c.t.tx_pkt);
	EXPECT_EQ(0, xt_traffic_check(&c.t))
		TH_LOG("%s", xt_traffic_step(&c.t));
	xt_traffic_close(&c.t);
}

TEST(random_calls)
{
	run_chaos(_metadata, false);
}

TEST(random_calls_and_owners)
{
	run_chaos(_metadata, true);
}

TEST_HARNESS_MAIN
