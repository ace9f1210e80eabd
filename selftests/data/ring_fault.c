// SPDX-License-Identifier: GPL-2.0-only
/*
 * Malformed rings: each breaks its queue and nothing else, says why, and the
 * queue lives again when the driver starts afresh.
 */
#include <sys/mman.h>

#include "rig.h"

#define NUM		2048
#define GOOD		3		/* frames before the bad one */
#define HUGE_GPA	0x10000000000ULL
#define HUGE_SIZE	0x80000000ULL

struct fault;

/**
 * struct fault - a way to break a ring
 * @name: what it is
 * @why: what the device must say
 * @hurt: puts it into a queue whose next descriptor is 100
 * @in: for the receive queue
 * @out: for the transmit queue
 * @no_indirect: indirect tables are not negotiated
 */
struct fault {
	const char *name;
	enum vhost_xnet_fault why;
	void (*hurt)(struct rig *r, struct xg_vq *vq);
	bool in;
	bool out;
	bool no_indirect;
};

#define BOTH	.in = true, .out = true
#define AT	100	/* descriptor of the bad chain */

static struct rig rig, other;

static uint16_t dir(const struct xg_vq *vq)
{
	return vq->cfg.index == XG_RX ? VRING_DESC_F_WRITE : 0;
}

static uint64_t memory(const struct rig *r)
{
	return r->net.tx_gpa[1000];
}

static void desc(struct vring_desc *d, uint64_t addr, uint32_t len, uint16_t flags,
		 uint16_t next)
{
	*d = (struct vring_desc){ .addr = addr, .len = len, .flags = flags, .next = next };
}

static void put(struct xg_vq *vq, unsigned int at, uint64_t addr, uint32_t len,
		uint16_t flags, uint16_t next)
{
	desc(&vq->split.desc[at], addr, len, flags, next);
}

/* Publish the chain that begins at a descriptor. */
static void offer(struct xg_vq *vq, uint16_t head)
{
	vq->split.avail->ring[vq->avail++ % NUM] = head;
	xg_vq_publish(vq);
}

static void avail_idx(struct rig *r, struct xg_vq *vq)
{
	(void)r;
	xg_put16(&vq->split.avail->idx, vq->published + NUM + 1);
}

static void avail_back(struct rig *r, struct xg_vq *vq)
{
	(void)r;
	xg_put16(&vq->split.avail->idx, xg_get16(&vq->split.used->idx) - 1);
}

static void head_num(struct rig *r, struct xg_vq *vq)
{
	(void)r;
	offer(vq, NUM);
}

static void head_ffff(struct rig *r, struct xg_vq *vq)
{
	(void)r;
	offer(vq, 0xffff);
}

static void next_num(struct rig *r, struct xg_vq *vq)
{
	put(vq, AT, memory(r), 64, dir(vq) | VRING_DESC_F_NEXT, NUM);
	offer(vq, AT);
}

static void next_ffff(struct rig *r, struct xg_vq *vq)
{
	put(vq, AT, memory(r), 64, dir(vq) | VRING_DESC_F_NEXT, 0xffff);
	offer(vq, AT);
}

static void self_loop(struct rig *r, struct xg_vq *vq)
{
	put(vq, AT, memory(r), 0, dir(vq) | VRING_DESC_F_NEXT, AT);
	offer(vq, AT);
}

static void direction(struct rig *r, struct xg_vq *vq)
{
	put(vq, AT, memory(r), 100, dir(vq) ^ VRING_DESC_F_WRITE, 0);
	offer(vq, AT);
}

static void direction_later(struct rig *r, struct xg_vq *vq)
{
	put(vq, AT, memory(r), 100, dir(vq) | VRING_DESC_F_NEXT, AT + 1);
	put(vq, AT + 1, memory(r), 100, dir(vq) ^ VRING_DESC_F_WRITE, 0);
	offer(vq, AT);
}

/* A chain whose descriptor refers to a table of @entries. */
static struct vring_desc *table(struct rig *r, struct xg_vq *vq, uint32_t len,
				uint16_t flags)
{
	put(vq, AT, memory(r), len, VRING_DESC_F_INDIRECT | flags, AT + 1);
	put(vq, AT + 1, memory(r), 64, dir(vq), 0);
	offer(vq, AT);
	return xg_mem_ptr(&r->net.mem, memory(r), 16 * 1100);
}

static void table_good(struct rig *r, struct xg_vq *vq)
{
	desc(table(r, vq, 16, 0), memory(r) + 4096, 100, dir(vq), 0);
}

static void table_empty(struct rig *r, struct xg_vq *vq)
{
	table(r, vq, 0, 0);
}

static void table_ragged(struct rig *r, struct xg_vq *vq)
{
	desc(table(r, vq, 17, 0), memory(r) + 4096, 100, dir(vq), 0);
}

static void table_continued(struct rig *r, struct xg_vq *vq)
{
	desc(table(r, vq, 16, VRING_DESC_F_NEXT), memory(r) + 4096, 100, dir(vq), 0);
}

static void table_nested(struct rig *r, struct xg_vq *vq)
{
	desc(table(r, vq, 16, 0), memory(r) + 4096, 16, VRING_DESC_F_INDIRECT | dir(vq), 0);
}

static void table_next(struct rig *r, struct xg_vq *vq)
{
	desc(table(r, vq, 32, 0), memory(r) + 4096, 100, dir(vq) | VRING_DESC_F_NEXT, 2);
}

static void table_loop(struct rig *r, struct xg_vq *vq)
{
	struct vring_desc *t = table(r, vq, 32, 0);

	desc(&t[0], memory(r) + 4096, 1, dir(vq) | VRING_DESC_F_NEXT, 1);
	desc(&t[1], memory(r) + 4096, 1, dir(vq) | VRING_DESC_F_NEXT, 0);
}

static void table_long(struct rig *r, struct xg_vq *vq)
{
	struct vring_desc *t = table(r, vq, 1025 * 16, 0);
	int i;

	for (i = 0; i < 1025; i++)
		desc(&t[i], memory(r) + 32768, 1, dir(vq) | (i < 1024 ? VRING_DESC_F_NEXT : 0),
		     i + 1);
}

static void table_nowhere(struct rig *r, struct xg_vq *vq)
{
	(void)r;
	put(vq, AT, 0xdead0000beef0000, 16, VRING_DESC_F_INDIRECT, 0);
	offer(vq, AT);
}

static void table_at_the_end(struct rig *r, struct xg_vq *vq)
{
	(void)r;
	put(vq, AT, ~15ULL, 32, VRING_DESC_F_INDIRECT, 0);
	offer(vq, AT);
}

static void nowhere(struct rig *r, struct xg_vq *vq)
{
	(void)r;
	put(vq, AT, 0xdead0000beef0000, 100, dir(vq), 0);
	offer(vq, AT);
}

static void before_memory(struct rig *r, struct xg_vq *vq)
{
	put(vq, AT, r->net.mem.region[0].gpa - 1, 100, dir(vq), 0);
	offer(vq, AT);
}

static void over_the_edge(struct rig *r, struct xg_vq *vq)
{
	const struct xg_region *g = &r->net.mem.region[0];

	put(vq, AT, g->gpa + g->size - 99, 100, dir(vq), 0);
	offer(vq, AT);
}

static void wraps_around(struct rig *r, struct xg_vq *vq)
{
	(void)r;
	put(vq, AT, ~0ULL - 10, 100, dir(vq), 0);
	offer(vq, AT);
}

static void no_bytes(struct rig *r, struct xg_vq *vq)
{
	put(vq, AT, memory(r), 0, dir(vq) | VRING_DESC_F_NEXT, AT + 1);
	put(vq, AT + 1, memory(r), 0, dir(vq), 0);
	offer(vq, AT);
}

static void over_4_gib(struct rig *r, struct xg_vq *vq)
{
	(void)r;
	put(vq, AT, HUGE_GPA, HUGE_SIZE, dir(vq) | VRING_DESC_F_NEXT, AT + 1);
	put(vq, AT + 1, HUGE_GPA, HUGE_SIZE, dir(vq), 0);
	offer(vq, AT);
}

static void chain_long(struct rig *r, struct xg_vq *vq)
{
	int i;

	for (i = 0; i < 1025; i++)
		put(vq, AT + i, memory(r), 1, dir(vq) | (i < 1024 ? VRING_DESC_F_NEXT : 0),
		    AT + i + 1);
	offer(vq, AT);
}

/* The page where the device area begins; what else is there is of this queue. */
static void *used_page(const struct xg_vq *vq)
{
	return (void *)((uintptr_t)vq->split.used & ~4095UL);
}

static void ring_gone(struct rig *r, struct xg_vq *vq)
{
	(void)r;
	xg_vq_publish(vq);
	mprotect(used_page(vq), 4096, PROT_NONE);
}

#define CASE(n, w, ...) { .name = #n, .why = VHOST_XNET_FAULT_ ## w, .hurt = n, __VA_ARGS__ }

static const struct fault fault[] = {
	CASE(ring_gone, RING_ACCESS, BOTH),
	CASE(avail_idx, AVAIL_IDX, BOTH),
	CASE(avail_back, AVAIL_IDX, BOTH),
	CASE(head_num, HEAD, BOTH),
	CASE(head_ffff, HEAD, BOTH),
	CASE(next_num, NEXT, BOTH),
	CASE(next_ffff, NEXT, BOTH),
	CASE(table_next, NEXT, BOTH),
	CASE(self_loop, SEGMENTS, BOTH),
	CASE(table_loop, LOOP, BOTH),
	CASE(direction, DIRECTION, BOTH),
	CASE(direction_later, DIRECTION, BOTH),
	CASE(table_good, INDIRECT, BOTH, .no_indirect = true),
	CASE(table_empty, INDIRECT, BOTH),
	CASE(table_ragged, INDIRECT, BOTH),
	CASE(table_continued, INDIRECT, BOTH),
	CASE(table_nested, INDIRECT, BOTH),
	CASE(table_nowhere, ADDRESS, BOTH),
	CASE(table_at_the_end, ADDRESS, BOTH),
	CASE(nowhere, ADDRESS, BOTH),
	CASE(before_memory, ADDRESS, BOTH),
	CASE(over_the_edge, ADDRESS, BOTH),
	CASE(wraps_around, ADDRESS, BOTH),
	CASE(no_bytes, LENGTH, .in = true),
	CASE(over_4_gib, LENGTH, BOTH),
	CASE(chain_long, SEGMENTS, BOTH),
	CASE(table_long, SEGMENTS, BOTH),
};

#define FAULTS	ARRAY_SIZE(fault)

/* Two more GiB of guest memory that nobody ever touches. */
static void huge_region(struct __test_metadata *_metadata, struct rig *r)
{
	struct vhost_memory *t = xg_mem_table(&r->net.mem);
	void *at = mmap(NULL, HUGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			-1, 0);

	ASSERT_NE(MAP_FAILED, at);
	ASSERT_NE(NULL, t);
	t = realloc(t, sizeof(*t) + 2 * sizeof(t->regions[0]));
	ASSERT_NE(NULL, t);
	t->regions[t->nregions++] = (struct vhost_memory_region){
		.guest_phys_addr = HUGE_GPA,
		.memory_size = HUGE_SIZE,
		.userspace_addr = (uintptr_t)at,
	};
	XT_OK(xg_ioctl_set_mem_table(r->net.fd, t));
	free(t);
}

static void open_rig(struct __test_metadata *_metadata, struct rig *r, bool indirect)
{
	struct xg_net_cfg cfg = {
		.features = XG_F_VERSION_1 | XG_F_EVENT_IDX | (indirect ? XG_F_INDIRECT : 0),
		.num = NUM,
		.rx_bufs = 10,
	};

	rig_open(_metadata, r, &cfg);
	huge_region(_metadata, r);
}

static void both_ways(struct __test_metadata *_metadata, struct rig *r)
{
	rig_tx(_metadata, r, 100, 1, 5);
	rig_rx(_metadata, r, 100, 1, 5);
}

static void queue_works(struct __test_metadata *_metadata, struct rig *r, unsigned int queue)
{
	if (queue == XG_TX)
		rig_tx(_metadata, r, 200, 1, 5);
	else
		rig_rx(_metadata, r, 200, 1, 5);
}

/* Put good buffers and then the bad one into the queue, and have them used. */
static void break_queue(struct __test_metadata *_metadata, struct rig *r, unsigned int queue,
			const struct fault *f)
{
	struct xg_vq *vq = &r->net.vq[queue];
	unsigned int i;

	if (queue == XG_TX) {
		for (i = 0; i < GOOD; i++)
			rig_add(_metadata, r, 64, r->seed + i);
		f->hurt(r, vq);
		XT_OK(xg_event_signal(vq->kick_fd));
		return;
	}
	/* The buffers that are there are served first, then comes the bad one. */
	f->hurt(r, vq);
	for (i = 0; i < 11; i++)
		rig_send(_metadata, r, 64, r->seed + i);
	XT_OK(xg_event_signal(vq->kick_fd));
}

/* As a driver that resets the device: the ring is made anew. */
static void revive(struct __test_metadata *_metadata, struct rig *r, unsigned int queue)
{
	struct xg_vq *vq = &r->net.vq[queue];
	unsigned int i;

	xg_vq_reset(vq, 77);
	XT_OK(xg_vq_setup(vq));
	XT_OK(xg_vq_attach(vq, r->net.tap.fd[0]));
	if (queue == XG_TX) {
		r->net.tx_slots = NUM;
		for (i = 0; i < NUM; i++)
			r->net.tx_slot[i] = NUM - 1 - i;
		xg_pkt_drain(r->pkt);
		return;
	}
	r->net.rx_slots = 10;
	for (i = 0; i < 10; i++)
		r->net.rx_slot[i] = 9 - i;
	ASSERT_EQ(10, xg_net_rx_post(&r->net));
	/* What waited for the queue is delivered: at least the frame that broke it. */
	ASSERT_LT(0, xg_net_rx(&r->net, r->frame, sizeof(r->frame), NULL, PATIENCE));
	while (xg_net_rx(&r->net, r->frame, sizeof(r->frame), NULL, 300) > 0)
		;
}

static void one(struct __test_metadata *_metadata, unsigned int queue, const struct fault *f)
{
	struct xg_vq *vq = &rig.net.vq[queue];
	unsigned int base = 0, served;
	struct xg_stats s;

	TH_LOG("queue %u: %s", queue, f->name);
	open_rig(_metadata, &rig, !f->no_indirect);
	both_ways(_metadata, &rig);
	break_queue(_metadata, &rig, queue, f);
	ASSERT_EQ(1, xg_event_wait(vq->err_fd, PATIENCE));
	EXPECT_EQ(0, xg_event_take(rig.net.vq[!queue].err_fd));
	s = rig_stats(_metadata, &rig, queue);
	EXPECT_EQ(VHOST_XNET_STATE_BROKEN, s.state);
	EXPECT_EQ(f->why, s.fault);
	EXPECT_EQ(1, s.c[C(RING_ERRORS)]);
	s = rig_stats(_metadata, &rig, !queue);
	EXPECT_EQ(VHOST_XNET_STATE_RUNNING, s.state);
	if (f->hurt == ring_gone)
		mprotect(used_page(vq), 4096, PROT_READ | PROT_WRITE);

	/* Nothing else is touched by it. */
	if (queue == XG_TX && f->hurt != ring_gone && f->hurt != avail_idx &&
	    f->hurt != avail_back) {
		for (served = 0; served < GOOD; served++)
			rig_expect(_metadata, &rig, 64, rig.seed + served);
	}
	queue_works(_metadata, &rig, !queue);
	both_ways(_metadata, &other);

	/* All that was good is used, and that is where the device says it is. */
	XT_OK(xg_vq_attach(vq, -1));
	XT_OK(xg_ioctl_get_vring_base(rig.net.fd, queue, &base));
	if (f->hurt != ring_gone)
		EXPECT_EQ(xg_get16(&vq->split.used->idx), base);
	revive(_metadata, &rig, queue);
	both_ways(_metadata, &rig);
	s = rig_stats(_metadata, &rig, queue);
	EXPECT_EQ(VHOST_XNET_STATE_RUNNING, s.state);
	EXPECT_EQ(VHOST_XNET_FAULT_NONE, s.fault);
	EXPECT_EQ(1, s.c[C(RING_ERRORS)]);
	rig_close(&rig);
}

static void all(struct __test_metadata *_metadata, unsigned int queue)
{
	unsigned int i;

	if (!xt_is_xnet())
		SKIP(return, "only vhost-xnet says why a ring is broken");
	XT_OK(xg_netns());
	open_rig(_metadata, &other, true);
	for (i = 0; i < FAULTS; i++)
		if (queue == XG_RX ? fault[i].in : fault[i].out)
			one(_metadata, queue, &fault[i]);
	rig_close(&other);
}

TEST(receive)
{
	all(_metadata, XG_RX);
}

TEST(transmit)
{
	all(_metadata, XG_TX);
}

TEST_HARNESS_MAIN
