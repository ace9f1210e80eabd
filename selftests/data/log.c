// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log: the pages that the device writes, all of them and no others.
 *
 * Time limit: 240 s
 */
#include <sys/mman.h>

#include "lab.h"

#define MOST_SEGS	40
#define ROOM		(4 << 20)

static struct lab lab;
static uint64_t room;

static void open_lab(struct __test_metadata *_metadata, uint64_t features)
{
	struct xg_net_cfg cfg = {
		.features = features, .num = LAB_NUM, .rx_bufs = 1, .table_len = 64,
		.tap = { .mtu = 65535 - ETH_LEN },
	};

	lab_make(_metadata, &lab, &cfg);
	XT_OK(xg_mem_alloc(&lab.rig.net.mem, -1, ROOM, XG_LOG_PAGE, &room));
}

/* Begin with a clean log on a device that has started. */
static void begin(struct __test_metadata *_metadata)
{
	rig_no_buffers(_metadata, &lab.rig);
	XT_OK(xg_net_log(&lab.rig.net, &lab.log));
	lab_sync(_metadata, &lab);
	memset(lab.bits, 0, lab.log.words * 8);
}

static void post(struct __test_metadata *_metadata, const struct xg_seg *seg, unsigned int n,
		 struct xg_chain *chain)
{
	ASSERT_LE(0, xg_vq_add(&lab.rig.net.vq[XG_RX], seg, n, chain, 0));
	rig_push(_metadata, &lab.rig.net.vq[XG_RX]);
}

/* A frame arrives in @bufs buffers that were posted. */
static void arrive(struct __test_metadata *_metadata, size_t len, unsigned int bufs)
{
	struct xg_vq *vq = &lab.rig.net.vq[XG_RX];
	struct xg_used used;
	unsigned int i;

	lab_want_used(&lab, XG_RX, vq->used, bufs);
	rig_send(_metadata, &lab.rig, len, lab.rig.seed++);
	ASSERT_LE((int)bufs, xg_vq_wait_n(vq, bufs, PATIENCE));
	for (i = 0; i < bufs; i++)
		ASSERT_EQ(1, xg_vq_pop(vq, &used));
}

/* Segments anywhere, of one byte, of a few, across pages; @total bytes or more in all. */
static unsigned int odd_segs(struct xg_seg *seg, uint64_t total)
{
	struct rig *r = &lab.rig;
	unsigned int n;
	uint64_t len;

	for (n = 0; n < MOST_SEGS - 1 && total; n++) {
		uint64_t page = rig_random(r) % (ROOM / XG_LOG_PAGE - 40) * XG_LOG_PAGE;

		switch (rig_random(r) % 4) {
		case 0:
			len = 1;
			page += rig_random(r) & 1 ? XG_LOG_PAGE - 1 : 0;
			break;
		case 1:
			len = 1 + rig_random(r) % 30;
			page += XG_LOG_PAGE - 1 - rig_random(r) % 20;
			break;
		case 2:
			len = XG_LOG_PAGE * (1 + rig_random(r) % 2);
			break;
		default:
			len = 1 + rig_random(r) % 9000;
			page += rig_random(r) % XG_LOG_PAGE;
		}
		if (len > total)
			len = total;
		seg[n] = (struct xg_seg){ .gpa = room + page, .len = len, .write = true };
		total -= len;
	}
	/* What is left, and some room behind it that is not written. */
	len = total + rig_random(r) % 9000;
	seg[n++] = (struct xg_seg){
		.gpa = room + rig_random(r) % (ROOM - 90000), .len = len + 1, .write = true,
	};
	return n;
}

static size_t some_size(void)
{
	static const size_t size[] = { 14, 60, 1514, 4084, 4085, 9000, 65535 };

	return rig_random(&lab.rig) & 1 ? size[rig_random(&lab.rig) % 7] :
					   14 + rig_random(&lab.rig) % 20000;
}

/* Frames of many sizes in chains of many shapes, direct and indirect. */
static void odd_frames(struct __test_metadata *_metadata, uint64_t features, unsigned int n)
{
	struct xg_seg seg[MOST_SEGS];
	unsigned int i, segs;

	open_lab(_metadata, features);
	begin(_metadata);
	for (i = 0; i < n; i++) {
		size_t len = some_size();
		struct xg_chain chain = {
			.order = XG_ORDER_RANDOM, .seed = i + 1,
			.indirect = features & XG_F_INDIRECT && rig_random(&lab.rig) & 1,
		};

		segs = odd_segs(seg, len + lab.rig.net.hdr_len);
		lab_want_frame(&lab, seg, segs, len + lab.rig.net.hdr_len);
		post(_metadata, seg, segs, &chain);
		arrive(_metadata, len, 1);
		lab_check(_metadata, &lab, "one buffer");
	}
	lab_close(&lab);
}

TEST(odd_layouts)
{
	odd_frames(_metadata, XG_F_MODERN, 150);
}

TEST(odd_layouts_not_mergeable)
{
	odd_frames(_metadata, XG_F_VERSION_1 | XG_F_EVENT_IDX | XG_F_INDIRECT, 100);
}

/* vhost makes the header, and counts on what was written of it. */
TEST(odd_layouts_own_header)
{
	odd_frames(_metadata, XG_F_MODERN | XG_F_NET_HDR, 100);
}

/* One frame over many buffers, around the end of the ring: entries on both of its ends. */
TEST(many_buffers)
{
	unsigned int i, k, bufs, round;
	struct xg_seg seg;

	open_lab(_metadata, XG_F_MODERN);
	begin(_metadata);
	for (round = 0; round < 40; round++) {
		uint32_t size = 1 + rig_random(&lab.rig) % 700;
		size_t len = 14 + rig_random(&lab.rig) % (size < 64 ? 64 * size : 40000);

		len = len > 65535 ? 65535 : len;
		bufs = (len + 12 + size - 1) / size;
		/* Two more than it takes: they are not touched. */
		for (i = 0; i < bufs + 2; i++) {
			seg.gpa = room + rig_random(&lab.rig) % (ROOM - 4096);
			seg.len = size;
			seg.write = true;
			k = i * size < len + 12 ? len + 12 - i * size : 0;
			lab_want_frame(&lab, &seg, 1, k);
			ASSERT_LE(0, xg_vq_add(&lab.rig.net.vq[XG_RX], &seg, 1, NULL, 0));
		}
		rig_push(_metadata, &lab.rig.net.vq[XG_RX]);
		arrive(_metadata, len, bufs);
		lab_check(_metadata, &lab, "many buffers");
		/* Start anew, so that the two are out of the way, somewhere else in the ring. */
		XT_OK(xg_net_stop(&lab.rig.net));
		xg_vq_reset(&lab.rig.net.vq[XG_RX], LAB_NUM - rig_random(&lab.rig) % 300);
		XT_OK(xg_vq_setup(&lab.rig.net.vq[XG_RX]));
		begin(_metadata);
	}
}

/* What the device says of notifications: flags, or the event index, in pages of their own. */
static void notifications(struct __test_metadata *_metadata, uint64_t features)
{
	struct xg_seg seg = { .gpa = 0, .len = 2000, .write = true };
	bool event = features & XG_F_EVENT_IDX;
	struct xg_used used;
	unsigned int i;

	open_lab(_metadata, features);
	begin(_metadata);
	for (i = 0; i < 20; i++) {
		uint64_t wish = lab.used[XG_RX] + (event ? 4 + 8 * LAB_NUM : 0);

		/* A frame that waits for a buffer: the device asks to be told of one. */
		rig_send(_metadata, &lab.rig, 64, i);
		EXPECT_TRUE(XT_UNTIL(lab_bit(&lab, wish / XG_LOG_PAGE)));
		lab_want(&lab, wish, 2);
		lab_check(_metadata, &lab, "wish for a notification");
		seg.gpa = room + i * 5000;
		lab_want_frame(&lab, &seg, 1, 64 + lab.rig.net.hdr_len);
		lab_want_used(&lab, XG_RX, lab.rig.net.vq[XG_RX].used, 1);
		/* Without the event index it takes the wish back. */
		if (!event)
			lab_want_flags(&lab, XG_RX);
		post(_metadata, &seg, 1, NULL);
		ASSERT_EQ(1, xg_vq_wait(&lab.rig.net.vq[XG_RX], PATIENCE));
		ASSERT_EQ(1, xg_vq_pop(&lab.rig.net.vq[XG_RX], &used));
		lab_check(_metadata, &lab, "frame that waited");
	}
	/* A queue that starts writes its flags. */
	XT_OK(xg_net_stop(&lab.rig.net));
	lab_check(_metadata, &lab, "stop");
	XT_OK(xg_vq_attach(&lab.rig.net.vq[XG_RX], lab.rig.net.tap.fd[0]));
	lab_want_flags(&lab, XG_RX);
	lab_check(_metadata, &lab, "start");
	lab_close(&lab);
}

TEST(event_index)
{
	notifications(_metadata, XG_F_MODERN);
}

TEST(flags)
{
	notifications(_metadata, XG_F_MODERN & ~XG_F_EVENT_IDX);
}

/* Transmission writes its device area and nothing else. */
TEST(transmit)
{
	unsigned int i, n;

	open_lab(_metadata, XG_F_MODERN);
	begin(_metadata);
	for (i = 0; i < 60; i++) {
		n = 1 + rig_random(&lab.rig) % 200;
		lab_want_used(&lab, XG_TX, lab.rig.net.vq[XG_TX].used, n);
		/* It asks for more when there is no more. */
		lab_want_event(&lab, XG_TX);
		rig_tx(_metadata, &lab.rig, 60, 5, n);
		lab_check(_metadata, &lab, "transmit");
	}
}

/* Each kind of logging by itself. */
TEST(separately)
{
	struct xg_seg seg = { .len = 5000, .write = true };
	struct xg_net *net = &lab.rig.net;
	struct vhost_vring_addr addr;
	unsigned int k;

	open_lab(_metadata, XG_F_MODERN);
	begin(_metadata);
	/* A queue looks around when features change, and says when it wants to hear of more. */
	xg_vq_addr(&net->vq[XG_TX], &addr);
	addr.flags = 0;
	XT_OK(xg_ioctl_set_vring_addr(net->fd, &addr));
	for (k = 0; k < 8; k++) {
		seg.gpa = room + k * 8000;
		XT_OK(xg_ioctl_set_features(net->fd, XG_F_MODERN | (k & 1 ? XG_F_LOG_ALL : 0)));
		net->vq[XG_RX].log_used = k & 2;
		xg_vq_addr(&net->vq[XG_RX], &addr);
		XT_OK(xg_ioctl_set_vring_addr(net->fd, &addr));
		post(_metadata, &seg, 1, NULL);
		arrive(_metadata, 4500, 1);
		if (!(k & 2))
			memset(lab.want, 0, sizeof(lab.want));
		if (k & 1)
			lab_want_frame(&lab, &seg, 1, 4512);
		lab_check(_metadata, &lab, k & 1 ? "payload" : "no payload");
	}
}

/* The device area is logged where the owner says it is. */
TEST(log_guest_addr)
{
	struct xg_seg seg = { .len = 2000, .write = true };
	struct xg_vq *vq = &lab.rig.net.vq[XG_RX];
	struct vhost_vring_addr addr;

	open_lab(_metadata, XG_F_MODERN);
	begin(_metadata);
	seg.gpa = room;
	xg_vq_addr(vq, &addr);
	addr.log_guest_addr = room + ROOM / 2 - 4;
	XT_OK(xg_ioctl_set_vring_addr(vq->fd, &addr));
	post(_metadata, &seg, 1, NULL);
	arrive(_metadata, 60, 1);
	memset(lab.want, 0, sizeof(lab.want));
	lab_want_frame(&lab, &seg, 1, 72);
	lab_want(&lab, addr.log_guest_addr, 4 + 8);
	lab_check(_metadata, &lab, "elsewhere");
}

/* The same memory at two guest addresses, and regions that share a page. */
TEST(aliases)
{
	struct vhost_memory *table;
	struct xg_seg seg = { .len = 9000, .write = true };
	struct xg_net *net = &lab.rig.net;
	uint64_t start, size, far;
	unsigned int i;

	open_lab(_metadata, XG_F_MODERN);
	begin(_metadata);
	table = xg_mem_table(&net->mem);
	ASSERT_NE(NULL, table);
	table = realloc(table, sizeof(*table) + 3 * sizeof(table->regions[0]));
	ASSERT_NE(NULL, table);
	/* Two regions that meet within a page, and a part of the second once more. */
	start = table->regions[0].guest_phys_addr;
	size = room + ROOM / 2 + 1000 - start;
	table->regions[1] = table->regions[0];
	table->regions[1].guest_phys_addr += size;
	table->regions[1].userspace_addr += size;
	table->regions[1].memory_size -= size;
	table->regions[0].memory_size = size;
	far = start + net->mem.region[0].size - (4 << 20);
	table->regions[1].memory_size -= 4 << 20;
	table->regions[2].guest_phys_addr = far;
	table->regions[2].memory_size = 1 << 20;
	table->regions[2].userspace_addr = table->regions[1].userspace_addr + 10000;
	table->regions[2].flags_padding = 0;
	table->nregions = 3;
	XT_OK(xg_ioctl_set_mem_table(net->fd, table));
	for (i = 0; i < 30; i++) {
		uint64_t second = start + size;

		/* From the first region into the second, up to where it is there twice. */
		seg.gpa = second - 900 * i;
		post(_metadata, &seg, 1, NULL);
		arrive(_metadata, 8988, 1);
		lab_want_frame(&lab, &seg, 1, 9000);
		lab_check(_metadata, &lab, "border");
		seg.gpa = second + 10000 + 7000 * i;
		post(_metadata, &seg, 1, NULL);
		arrive(_metadata, 8988, 1);
		lab_want_frame(&lab, &seg, 1, 9000);
		/* The kernel's own logs the address that the guest used. */
		if (xt_is_xnet())
			lab_want(&lab, far + 7000 * i, 9000);
		lab_check(_metadata, &lab, "alias");
	}
	free(table);
}

/* The last bit of a log that ends where memory does; logs at odd addresses. */
TEST(end_of_log)
{
	struct xg_net *net = &lab.rig.net;
	struct xg_seg seg = { .len = 3000, .write = true };
	const struct xg_region *r = &net->mem.region[0];
	unsigned int i;

	open_lab(_metadata, XG_F_MODERN);
	begin(_metadata);
	ASSERT_EQ(0, (r->gpa + r->size) % (64 * XG_LOG_PAGE));
	for (i = 0; i < 16; i++) {
		XT_OK(xg_ioctl_set_log_base(net->fd, (uintptr_t)lab.log.base - i));
		lab.bits = (uint8_t *)lab.log.base - i;
		seg.gpa = r->gpa + r->size - seg.len;
		post(_metadata, &seg, 1, NULL);
		arrive(_metadata, 2988, 1);
		lab_want_frame(&lab, &seg, 1, 3000);
		lab_check(_metadata, &lab, "last page");
		seg.gpa = r->gpa + r->size - 70000;
		seg.len = 70000;
		post(_metadata, &seg, 1, NULL);
		arrive(_metadata, 65535, 1);
		lab_want_frame(&lab, &seg, 1, 65547);
		lab_check(_metadata, &lab, "last pages");
		seg.len = 3000;
	}
}

/* A log that is gone, or may only be read: better no frames than a lost page. */
static void break_log(struct __test_metadata *_metadata, unsigned int q, bool read_only,
		      bool used)
{
	struct xg_net *net = &lab.rig.net;
	struct xg_seg seg = { .len = 3000, .write = true };
	struct xg_vq *vq = &net->vq[q];
	struct vhost_vring_addr addr;

	open_lab(_metadata, XG_F_MODERN);
	begin(_metadata);
	/* Payload alone, or the device area as well, which is written first when it starts. */
	vq->log_used = used;
	xg_vq_addr(vq, &addr);
	XT_OK(xg_ioctl_set_vring_addr(net->fd, &addr));
	seg.gpa = room;
	post(_metadata, &seg, 1, NULL);
	post(_metadata, &seg, 1, NULL);
	ASSERT_EQ(0, mprotect(lab.log.map, lab.log.size, read_only ? PROT_READ : PROT_NONE));
	if (q == XG_RX)
		rig_send(_metadata, &lab.rig, 100, 1);
	else
		XT_OK(xg_net_tx(net, NULL, lab.rig.frame, 60));
	EXPECT_EQ(1, xg_event_wait(vq->err_fd, PATIENCE));
	XT_UNTIL(rig_stats(_metadata, &lab.rig, q).state == VHOST_XNET_STATE_BROKEN);
	EXPECT_EQ(VHOST_XNET_FAULT_LOG, rig_stats(_metadata, &lab.rig, q).fault);
	/* It cannot start either, as long as it cannot log that. */
	XT_ERR(used ? -EFAULT : 0, xg_vq_attach(vq, net->tap.fd[0]));
	ASSERT_EQ(0, mprotect(lab.log.map, lab.log.size, PROT_READ | PROT_WRITE));
	XT_OK(xg_vq_attach(vq, -1));
	XT_OK(xg_vq_attach(vq, net->tap.fd[0]));
	lab_sync(_metadata, &lab);
	memset(lab.bits, 0, lab.log.words * 8);
	if (q == XG_RX) {
		arrive(_metadata, 2988, 1);
		if (!used)
			memset(lab.want, 0, sizeof(lab.want));
		lab_want_frame(&lab, &seg, 1, 3000);
		lab_check(_metadata, &lab, "revived");
	} else {
		/* The frame of before went out; it was its page that could not be logged. */
		EXPECT_EQ(60, xg_pkt_recv(lab.rig.pkt, lab.rig.frame, RIG_ROOM, PATIENCE));
		rig_tx(_metadata, &lab.rig, 60, 1, 10);
	}
	lab_close(&lab);
}

TEST(log_gone)
{
	unsigned int k;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net goes on, and tells nobody of what it could not log");
	for (k = 0; k < 6; k++)
		break_log(_metadata, k & 1 ? XG_TX : XG_RX, k & 2, k < 4 || k & 1);
}

/*
 * The log ends for a frame in the middle of a run: those before it are the driver's
 * all the same.
 */
TEST(part_of_log_gone)
{
	struct xg_vq *vq = &lab.rig.net.vq[XG_RX];
	struct xg_seg seg = { .len = 3000, .write = true };
	size_t bits, size;
	struct xg_used used;
	unsigned int i;
	uint8_t *map;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net goes on, and tells nobody of what it could not log");
	open_lab(_metadata, XG_F_MODERN);
	begin(_metadata);
	/* A log of its own, whose last page begins with the second half of the room. */
	bits = (room + ROOM / 2) / XG_LOG_PAGE / 8;
	size = (bits + XG_LOG_PAGE - 1) / XG_LOG_PAGE * XG_LOG_PAGE;
	map = mmap(NULL, size + XG_LOG_PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, map);
	XT_OK(xg_ioctl_set_log_base(lab.rig.net.fd, (uintptr_t)map + size - bits));
	ASSERT_EQ(0, mprotect(map + size, XG_LOG_PAGE, PROT_NONE));
	for (i = 0; i < 11; i++)
		rig_send(_metadata, &lab.rig, 100, i);
	for (i = 0; i < 11; i++) {
		seg.gpa = room + i * XG_LOG_PAGE + (i == 10 ? ROOM / 2 : 0);
		ASSERT_LE(0, xg_vq_add(vq, &seg, 1, NULL, i));
	}
	rig_push(_metadata, vq);
	EXPECT_EQ(1, xg_event_wait(vq->err_fd, PATIENCE));
	EXPECT_EQ(VHOST_XNET_FAULT_LOG, rig_stats(_metadata, &lab.rig, XG_RX).fault);
	EXPECT_EQ(10, rig_count(_metadata, &lab.rig, XG_RX, C(PACKETS)));
	EXPECT_EQ(1, rig_count(_metadata, &lab.rig, XG_RX, C(DROP_FAULT)));
	ASSERT_EQ(10, xg_vq_pending(vq));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(1, xg_vq_pop(vq, &used));
		EXPECT_EQ(112, used.len);
	}
	/* The last buffer is there for the next frame, when it can be logged. */
	ASSERT_EQ(0, mprotect(map + size, XG_LOG_PAGE, PROT_READ | PROT_WRITE));
	XT_OK(xg_vq_attach(vq, -1));
	XT_OK(xg_vq_attach(vq, lab.rig.net.tap.fd[0]));
	arrive(_metadata, 200, 1);
	munmap(map, size + XG_LOG_PAGE);
}

/* Nobody has said where the log is: there is none, and frames pass. */
TEST(no_log)
{
	open_lab(_metadata, XG_F_MODERN | XG_F_LOG_ALL);
	rig_no_buffers(_metadata, &lab.rig);
	rig_tx(_metadata, &lab.rig, 60, 1, 30);
	ASSERT_EQ(1, xg_net_rx_post(&lab.rig.net));
	rig_rx(_metadata, &lab.rig, 60, 1, 30);
}

/* The owner is told that there is something in the log, by the eventfd that he set last. */
TEST(log_fd)
{
	struct xg_seg seg = { .len = 3000, .write = true };
	struct xg_net *net = &lab.rig.net;
	int ev = xg_event(), other = xg_event();
	unsigned int i;

	open_lab(_metadata, XG_F_MODERN);
	begin(_metadata);
	seg.gpa = room;
	for (i = 0; i < 4; i++) {
		int now = i & 1 ? other : ev;

		XT_OK(xg_ioctl_set_log_fd(net->fd, now));
		post(_metadata, &seg, 1, NULL);
		arrive(_metadata, 100, 1);
		EXPECT_LE(1, xg_event_wait(now, PATIENCE));
		rig_tx(_metadata, &lab.rig, 60, 0, 1);
		EXPECT_LE(1, xg_event_wait(now, PATIENCE));
		EXPECT_EQ(0, xg_event_take(i & 1 ? ev : other));
		/* What was waited for may have been a frame's first signal of two. */
		lab_sync(_metadata, &lab);
		xg_event_take(now);
	}
	XT_OK(xg_ioctl_set_log_fd(net->fd, -1));
	post(_metadata, &seg, 1, NULL);
	arrive(_metadata, 100, 1);
	XT_OK(xg_net_log(net, NULL));
	XT_OK(xg_ioctl_set_log_fd(net->fd, ev));
	post(_metadata, &seg, 1, NULL);
	arrive(_metadata, 100, 1);
	lab_sync(_metadata, &lab);
	EXPECT_EQ(0, xg_event_take(other));
	EXPECT_EQ(0, xg_event_take(ev));
	close(ev);
	close(other);
}

/* Descriptors without a byte, in numbers, that fill the list of what is to be logged. */
TEST(cve_2019_14835)
{
	static struct xg_seg seg[1100];
	struct xg_vq *vq = &lab.rig.net.vq[XG_RX];
	struct xg_chain chain = { .indirect = true };
	static const unsigned int empty[] = { 1, 60, 500, 1000 };
	unsigned int i, k;

	open_lab(_metadata, XG_F_MODERN);
	XT_OK(xg_mem_alloc(&lab.rig.net.mem, -1, sizeof(struct vring_desc) * 1100, 16,
			   &chain.table));
	begin(_metadata);
	for (k = 0; k < 4; k++) {
		for (i = 0; i < empty[k]; i++)
			seg[i] = (struct xg_seg){ .gpa = room + i * 4096 % ROOM, .write = true };
		seg[i] = (struct xg_seg){ .gpa = room + 77, .len = 5000, .write = true };
		seg[i + 1] = (struct xg_seg){ .gpa = room + 9000, .write = true };
		lab_want_frame(&lab, seg, i + 2, 4512);
		post(_metadata, seg, i + 2, &chain);
		arrive(_metadata, 4500, 1);
		lab_check(_metadata, &lab, "empty descriptors");
	}
	/* More than a chain may have: an error, and nothing is logged. */
	for (i = 0; i < 1100; i++)
		seg[i] = (struct xg_seg){ .gpa = room, .len = 1, .write = true };
	post(_metadata, seg, 1100, &chain);
	rig_send(_metadata, &lab.rig, 900, 1);
	EXPECT_LE(1, xg_event_wait(vq->err_fd, PATIENCE));
	lab_check(_metadata, &lab, "too many descriptors");
	EXPECT_EQ(0, xg_vq_pending(vq));
}

TEST_HARNESS_MAIN
