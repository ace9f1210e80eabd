// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log behind an IOTLB. The device knows IOVAs, and through the IOTLB
 * the owner's addresses; which page of the guest that is, only the memory table
 * tells. Here the table has all memory in another order than the IOTLB, so that
 * no address is right by accident.
 *
 * Time limit: 240 s
 */
#include "lab.h"

#define FEATURES	(XG_F_MODERN | XG_F_ACCESS_PLATFORM)
#define CHUNKS		200
#define PAGE		4096ULL

static struct lab lab;
static uint64_t chunk;
static unsigned int nchunks;

/*
 * Where the page is for the log that is at @page for the IOTLB: the chunks of
 * memory from the last to the first one, the rest where it is.
 */
static uint64_t turned(uint64_t page)
{
	const struct xg_region *r = &lab.rig.net.mem.region[0];
	uint64_t n = page - r->gpa / PAGE;

	if (page < r->gpa / PAGE || n >= nchunks * chunk)
		return page;
	return r->gpa / PAGE + (nchunks - 1 - n / chunk) * chunk + n % chunk;
}

/* The table for that, with a region for each chunk. */
static struct vhost_memory *turned_table(void)
{
	const struct xg_region *r = &lab.rig.net.mem.region[0];
	struct vhost_memory *table;
	unsigned int i;

	chunk = r->size / PAGE / CHUNKS;
	nchunks = r->size / PAGE / chunk;
	table = calloc(1, sizeof(*table) + (nchunks + 1) * sizeof(table->regions[0]));
	if (!table)
		return NULL;
	for (i = 0; i < nchunks; i++) {
		uint64_t at = i * chunk * PAGE;

		table->regions[i].guest_phys_addr = turned((r->gpa + at) / PAGE) * PAGE;
		table->regions[i].memory_size = chunk * PAGE;
		table->regions[i].userspace_addr = (uintptr_t)r->host + at;
	}
	table->nregions = nchunks;
	if (nchunks * chunk * PAGE < r->size) {
		uint64_t at = nchunks * chunk * PAGE;

		table->regions[i].guest_phys_addr = r->gpa + at;
		table->regions[i].memory_size = r->size - at;
		table->regions[i].userspace_addr = (uintptr_t)r->host + at;
		table->nregions++;
	}
	return table;
}

/* A device that logs, with an IOMMU that tells of @page bytes at a time. */
static void open_lab(struct __test_metadata *_metadata, uint64_t page)
{
	struct xg_net_cfg cfg = {
		.features = FEATURES, .num = LAB_NUM, .rx_bufs = 1, .iommu_page = page,
		.rx_buf = 9000, .tx_buf = 9000, .tap = { .mtu = 9000 },
	};
	struct vhost_memory *table;
	struct vhost_vring_addr addr;
	unsigned int q;

	lab_make(_metadata, &lab, &cfg);
	ASSERT_EQ(1, lab.rig.net.mem.n);
	table = turned_table();
	ASSERT_NE(NULL, table);
	XT_OK(xg_ioctl_set_mem_table(lab.rig.net.fd, table));
	free(table);
	rig_no_buffers(_metadata, &lab.rig);
	XT_OK(xg_net_log(&lab.rig.net, &lab.log));
	/* Where the owner says that the device area is does not count here. */
	for (q = 0; q < XG_MAX_VQS; q++) {
		xg_vq_addr(&lab.rig.net.vq[q], &addr);
		EXPECT_NE(0, addr.flags);
		addr.log_guest_addr = 0x40000 + 4 * q;
		XT_OK(xg_ioctl_set_vring_addr(lab.rig.net.fd, &addr));
	}
	/* It asks for its rings, and writes to them when it has an answer: let that be over. */
	rig_tx(_metadata, &lab.rig, 60, 1, 10);
	lab_sync(_metadata, &lab);
	memset(lab.bits, 0, lab.log.words * 8);
}

/* Compare, with what is wanted where the table has it. */
static void check(struct __test_metadata *_metadata, const char *what)
{
	static bool want[LAB_PAGES];
	uint64_t pages = lab.log.words * 64, i;

	memset(want, 0, sizeof(want));
	for (i = 0; i < pages; i++)
		if (lab.want[i])
			want[turned(i)] = true;
	memcpy(lab.want, want, sizeof(want));
	if (!xt_is_xnet()) {
		/* Buffers as a whole, which is more than is written. */
		lab_sync(_metadata, &lab);
		for (i = 0; i < pages; i++)
			lab.want[i] |= lab_bit(&lab, i);
	}
	lab_check(_metadata, &lab, what);
}

/* Receive a frame into @seg, which is the memory at the guest addresses of @real. */
static void receive(struct __test_metadata *_metadata, const struct xg_seg *seg,
		    const struct xg_seg *real, unsigned int n, size_t len)
{
	struct xg_vq *vq = &lab.rig.net.vq[XG_RX];
	struct xg_used used;

	lab_want_used(&lab, XG_RX, vq->used, 1);
	lab_want_frame(&lab, real, n, len + lab.rig.net.hdr_len);
	ASSERT_LE(0, xg_vq_add(vq, seg, n, NULL, 0));
	rig_push(_metadata, vq);
	rig_send(_metadata, &lab.rig, len, lab.rig.seed++);
	ASSERT_EQ(1, xg_vq_wait(vq, PATIENCE));
	ASSERT_EQ(1, xg_vq_pop(vq, &used));
}

static void frames(struct __test_metadata *_metadata, uint64_t page)
{
	uint64_t room, size = 4 << 20;
	struct rig *r = &lab.rig;
	unsigned int i, n;

	open_lab(_metadata, page);
	XT_OK(xg_mem_alloc(&r->net.mem, -1, size, PAGE, &room));
	for (i = 0; i < 120; i++) {
		struct xg_seg seg[4];
		size_t len = 14 + rig_random(r) % 8900, left = len + r->net.hdr_len;

		for (n = 0; n < 4; n++) {
			seg[n].gpa = room + rig_random(r) % (size - 9000);
			seg[n].len = n == 3 || left < 20 ? left + 1 + rig_random(r) % 50 :
							   1 + rig_random(r) % left;
			seg[n].write = true;
			/* Across an end of a chunk of the table, often. */
			if (rig_random(r) & 1)
				seg[n].gpa = seg[n].gpa / (chunk * PAGE) * chunk * PAGE +
					     chunk * PAGE - 1 - rig_random(r) % 300;
			if (seg[n].gpa < room || seg[n].gpa + 9000 > room + size)
				seg[n].gpa = room;
			left -= seg[n].len < left ? seg[n].len : left;
		}
		if (i % 7 == 3)
			XT_OK(xg_iotlb_invalidate(r->net.fd, 0, -1ULL));
		if (i % 7 == 5)
			XT_OK(xg_iotlb_invalidate(r->net.fd, room, size));
		receive(_metadata, seg, seg, n, len);
		check(_metadata, "receive");
		if (i % 5)
			continue;
		n = 1 + rig_random(r) % 100;
		lab_want_used(&lab, XG_TX, r->net.vq[XG_TX].used, n);
		lab_want_event(&lab, XG_TX);
		rig_tx(_metadata, r, 60, 3, n);
		check(_metadata, "transmit");
	}
	lab_close(&lab);
}

TEST(pages)
{
	frames(_metadata, PAGE);
}

TEST(large_pages)
{
	frames(_metadata, 2 << 20);
}

/* An IOVA where the guest has no memory at all, and two for one page. */
TEST(far_iova)
{
	const uint64_t far = 1ULL << 52;
	struct xg_seg seg = { .len = 9000, .write = true };
	struct rig *r = &lab.rig;
	uint64_t room;
	unsigned int i;

	open_lab(_metadata, PAGE);
	XT_OK(xg_mem_alloc(&r->net.mem, -1, 16 * PAGE, PAGE, &room));
	for (i = 0; i < 20; i++) {
		struct xg_seg real = { .gpa = room + i * 500, .len = 9000 };

		seg.gpa = far + (i & 1) * 64 * PAGE + i * 500;
		XT_OK(xg_iotlb_update(r->net.fd, far + (i & 1) * 64 * PAGE, 16 * PAGE,
				      xg_mem_ptr(&r->net.mem, room, 16 * PAGE),
				      VHOST_ACCESS_WO));
		receive(_metadata, &seg, &real, 1, 8000);
		check(_metadata, "far");
	}
	lab_close(&lab);
}

/* Memory that the table has not got can be written, but not logged: better no frames. */
TEST(no_guest_address)
{
	const uint64_t far = 1ULL << 52;
	struct xg_seg seg = { .gpa = far, .len = 2000, .write = true };
	struct rig *r = &lab.rig;
	struct xg_vq *vq = &r->net.vq[XG_RX];
	void *other = aligned_alloc(PAGE, 2 * PAGE);

	ASSERT_NE(NULL, other);
	if (!xt_is_xnet())
		SKIP(return, "vhost-net goes on, and tells nobody of what it could not log");
	open_lab(_metadata, PAGE);
	XT_OK(xg_iotlb_update(r->net.fd, far, 2 * PAGE, other, VHOST_ACCESS_RW));
	ASSERT_LE(0, xg_vq_add(vq, &seg, 1, NULL, 0));
	rig_push(_metadata, vq);
	rig_send(_metadata, r, 100, 1);
	EXPECT_LE(1, xg_event_wait(vq->err_fd, PATIENCE));
	EXPECT_TRUE(XT_UNTIL(rig_stats(_metadata, r, XG_RX).state == VHOST_XNET_STATE_BROKEN));
	EXPECT_EQ(VHOST_XNET_FAULT_LOG, rig_stats(_metadata, r, XG_RX).fault);
	/* The other queue goes on. */
	rig_tx(_metadata, r, 60, 1, 20);
	lab_close(&lab);
	free(other);
}

TEST_HARNESS_MAIN
