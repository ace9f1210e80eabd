// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls that shape one ring: NUM, ADDR, BASE, BUSYLOOP_TIMEOUT, ENDIAN. */
#include <sys/mman.h>

#include "ioctls.h"
#include "traffic.h"
#include "xtest.h"

FIXTURE(vring) {
	int fd;
};

FIXTURE_SETUP(vring)
{
	self->fd = xg_open(xt_dev());
	ASSERT_LE(0, self->fd)
		TH_LOG("%s: %s", xt_dev(), xt_errno(self->fd));
	XT_OK(xg_ioctl_set_owner(self->fd));
}

FIXTURE_TEARDOWN(vring)
{
	close(self->fd);
}

TEST_F(vring, index)
{
	uint32_t index[] = { 2, 3, 255, 0x7fffffff, 0x80000000, 0xffffffff };
	const struct xt_ioctl *op;
	uint32_t arg[10];
	unsigned int i;

	for (op = xt_ioctls; op->name; op++) {
		for (i = 0; op->vring && i < ARRAY_SIZE(index); i++) {
			int ret;

			memset(arg, 0, sizeof(arg));
			arg[0] = index[i];
			arg[1] = 64;
			ret = xg_ioctl(self->fd, op->req, arg);
			EXPECT_EQ(-ENOBUFS, ret)
				TH_LOG("%s of queue %u: %s", op->name, index[i],
				       xt_errno(ret));
		}
	}
}

TEST_F(vring, bad_pointers)
{
	void *bad[] = { NULL, (void *)8, (void *)(~0UL << 12), (void *)-1L, NULL };
	const struct xt_ioctl *op;
	unsigned int i;
	char *edge;

	/* The last one: only the index can be read. */
	edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, edge);
	ASSERT_EQ(0, munmap(edge + 4096, 4096));
	bad[4] = edge + 4092;
	for (op = xt_ioctls; op->name; op++) {
		for (i = 0; op->arg && i < ARRAY_SIZE(bad); i++) {
			int ret;

			/* An argument that is no longer than that is all there. */
			if (i == 4 && _IOC_SIZE(op->req) <= 4)
				continue;
			memset(edge + 4092, 0, 4);
			ret = xg_ioctl(self->fd, op->req, bad[i]);
			EXPECT_EQ(-EFAULT, ret)
				TH_LOG("%s with pointer %u: %s", op->name, i, xt_errno(ret));
		}
	}
}

/* What can be read but not written: the kernel has to notice that as well. */
TEST_F(vring, read_only_pointers)
{
	unsigned long req[] = {
		VHOST_GET_FEATURES, VHOST_GET_BACKEND_FEATURES,
		VHOST_GET_VRING_BASE, VHOST_GET_VRING_BUSYLOOP_TIMEOUT,
	};
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	ASSERT_NE(MAP_FAILED, page);
	for (i = 0; i < ARRAY_SIZE(req); i++)
		XT_ERR(-EFAULT, xg_ioctl(self->fd, req[i], page));
}

TEST_F(vring, unknown_numbers)
{
	unsigned int zero[64] = { 0 };
	unsigned long req[] = {
		_IO(VHOST_VIRTIO, 0x03), _IO(VHOST_VIRTIO, 0x0f),
		_IOW(VHOST_VIRTIO, 0x10, int),		/* the right number, another size */
		_IOR(VHOST_VIRTIO, 0x30, int),		/* another direction */
		_IO(VHOST_VIRTIO, 0x60),		/* vhost-vsock's */
		_IOW(VHOST_VIRTIO, 0x40, char[232]),	/* vhost-scsi's */
		_IO(0, 0), _IO('T', 1), ~0U,
		(VHOST_SET_VRING_NUM & 0xffff), 0,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(req); i++)
		EXPECT_EQ(-ENOTTY, xg_ioctl(self->fd, req[i], zero))
			TH_LOG("number %#lx", req[i]);
	XT_ERR(-ENOTTY, xg_ioctl(self->fd, VHOST_VDPA_GET_DEVICE_ID, zero));
}

TEST_F(vring, num)
{
	uint32_t bad[] = { 0, 3, 6, 255, 257, 1000, 32767, 32769, 65535, 65536, 131072,
			   0x80000000, 0xffffffff };
	unsigned int i, q, num;

	for (q = 0; q < XG_MAX_VQS; q++) {
		for (num = 1; num <= 32768; num <<= 1)
			XT_OK(xg_ioctl_set_vring_num(self->fd, q, num));
		for (i = 0; i < ARRAY_SIZE(bad); i++)
			EXPECT_EQ(-EINVAL, xg_ioctl_set_vring_num(self->fd, q, bad[i]))
				TH_LOG("size %u", bad[i]);
	}
}

TEST_F(vring, base)
{
	unsigned int good[] = { 0, 1, 255, 256, 32767, 32768, 65535 };
	unsigned int bad[] = { 65536, 0x10001, 0x80000000, 0xffffffff };
	unsigned int i, q, base;

	for (q = 0; q < XG_MAX_VQS; q++) {
		XT_OK(xg_ioctl_get_vring_base(self->fd, q, &base));
		EXPECT_EQ(0, base);
		for (i = 0; i < ARRAY_SIZE(good); i++) {
			XT_OK(xg_ioctl_set_vring_base(self->fd, q, good[i]));
			XT_OK(xg_ioctl_get_vring_base(self->fd, q, &base));
			EXPECT_EQ(good[i], base);
		}
		for (i = 0; i < ARRAY_SIZE(bad); i++)
			XT_ERR(-EINVAL, xg_ioctl_set_vring_base(self->fd, q, bad[i]));
		XT_OK(xg_ioctl_get_vring_base(self->fd, q, &base));
		EXPECT_EQ(65535, base);
	}
}

TEST_F(vring, busyloop)
{
	unsigned int values[] = { 1, 50, 0x7fffffff, 0xffffffff, 0 };
	unsigned int i, q, us;

	for (q = 0; q < XG_MAX_VQS; q++) {
		XT_OK(xg_ioctl_get_busyloop(self->fd, q, &us));
		EXPECT_EQ(0, us);
		for (i = 0; i < ARRAY_SIZE(values); i++) {
			XT_OK(xg_ioctl_set_busyloop(self->fd, q, values[i]));
			XT_OK(xg_ioctl_get_busyloop(self->fd, q, &us));
			EXPECT_EQ(values[i], us);
			XT_OK(xg_ioctl_get_busyloop(self->fd, !q, &us));
			EXPECT_EQ(0, us);
		}
	}
}

TEST_F(vring, endian)
{
	int config = xt_config("CONFIG_VHOST_CROSS_ENDIAN_LEGACY");
	unsigned int big = 7;

	if (config < 0)
		SKIP(return, "the kernel's configuration is not to be found");
	if (!config) {
		XT_ERR(-ENOTTY, xg_ioctl_set_vring_endian(self->fd, 0, 0));
		XT_ERR(-ENOTTY, xg_ioctl_get_vring_endian(self->fd, 0, &big));
		return;
	}
	XT_OK(xg_ioctl_get_vring_endian(self->fd, 0, &big));
	EXPECT_EQ(VHOST_VRING_LITTLE_ENDIAN, big);
	XT_OK(xg_ioctl_set_vring_endian(self->fd, 0, VHOST_VRING_BIG_ENDIAN));
	XT_OK(xg_ioctl_get_vring_endian(self->fd, 0, &big));
	EXPECT_EQ(VHOST_VRING_BIG_ENDIAN, big);
	XT_OK(xg_ioctl_set_vring_endian(self->fd, 0, VHOST_VRING_LITTLE_ENDIAN));
	XT_ERR(-EINVAL, xg_ioctl_set_vring_endian(self->fd, 0, 2));
	XT_ERR(-ENOBUFS, xg_ioctl_set_vring_endian(self->fd, 2, 0));
}

/* The address ioctl of queue 1. */
static int addr(int fd, unsigned int flags, uint64_t desc, uint64_t avail, uint64_t used,
		uint64_t log)
{
	struct vhost_vring_addr a = {
		.index = 1, .flags = flags, .desc_user_addr = desc,
		.avail_user_addr = avail, .used_user_addr = used, .log_guest_addr = log,
	};

	return xg_ioctl_set_vring_addr(fd, &a);
}

TEST_F(vring, addr)
{
	unsigned int bit;

	XT_OK(addr(self->fd, 0, 0, 0, 0, 0));
	XT_OK(addr(self->fd, 1 << VHOST_VRING_F_LOG, 0x1000, 0x2000, 0x3000, 0x4000));
	for (bit = 1; bit < 32; bit++)
		XT_ERR(-EOPNOTSUPP, addr(self->fd, 1U << bit, 0x1000, 0x2000, 0x3000, 0));
	/* Descriptors may lie anywhere, the rings may not. */
	XT_OK(addr(self->fd, 0, 0x1001, 0x2000, 0x3000, 0));
	XT_ERR(-EINVAL, addr(self->fd, 0, 0x1000, 0x2001, 0x3000, 0));
	XT_OK(addr(self->fd, 0, 0x1000, 0x2002, 0x3000, 0));
	XT_ERR(-EINVAL, addr(self->fd, 0, 0x1000, 0x2000, 0x3002, 0));
	XT_ERR(-EINVAL, addr(self->fd, 0, 0x1000, 0x2000, 0x3001, 0));
	XT_ERR(-EINVAL, addr(self->fd, 0, 0x1000, 0x2000, 0x3000, 2));
	/* Without a backend nobody looks where it is. */
	XT_OK(addr(self->fd, 0, ~0xfULL, ~0xfULL, ~0xfULL, 0));
}

/* Places that a ring cannot have are refused when it is to start. */
TEST_F(vring, addr_at_start)
{
	uint64_t k = 0xffff888000000000ULL, top = 0ULL - 64;
	uint64_t bad[][3] = {
		{ k, 0x10000, 0x10000 }, { 0x10000, k, 0x10000 }, { 0x10000, 0x10000, k },
		{ top, 0x10000, 0x10000 }, { 0x10000, top, 0x10000 }, { 0x10000, 0x10000, top },
	};
	struct vhost_memory none = { 0 };
	unsigned int i;

	XT_OK(xg_ioctl_set_vring_num(self->fd, 1, 256));
	/* No memory table at all, even for a backend of -1. */
	XT_ERR(-EFAULT, xg_ioctl_net_set_backend(self->fd, 1, -1));
	XT_OK(xg_ioctl_set_mem_table(self->fd, &none));
	XT_OK(xg_ioctl_net_set_backend(self->fd, 1, -1));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		XT_OK(addr(self->fd, 0, bad[i][0], bad[i][1], bad[i][2], 0));
		EXPECT_EQ(-EFAULT, xg_ioctl_net_set_backend(self->fd, 1, -1))
			TH_LOG("place %u", i);
	}
}

/* What is refused, and what not, as long as there is a backend. */
TEST(while_running)
{
	struct vhost_vring_addr a;
	struct xt_traffic t;
	unsigned int i, q, base;

	XT_OK(xt_traffic_open(&t, NULL));
	XT_OK(xt_traffic_start(&t));
	for (i = 0; i < 50; i++) {
		for (q = 0; q < XG_MAX_VQS; q++) {
			XT_ERR(-EBUSY, xg_ioctl_set_vring_num(t.net.fd, q, 256));
			XT_ERR(-EBUSY, xg_ioctl_set_vring_num(t.net.fd, q, 3));
			XT_ERR(-EBUSY, xg_ioctl_set_vring_base(t.net.fd, q, 0));
			XT_ERR(-EBUSY, xg_ioctl_set_vring_base(t.net.fd, q, 65536));
			XT_OK(xg_ioctl_get_vring_base(t.net.fd, q, &base));
			XT_OK(xg_ioctl_set_busyloop(t.net.fd, q, i % 3 * 20));
			xg_vq_addr(&t.net.vq[q], &a);
			XT_OK(xg_ioctl_set_vring_addr(t.net.fd, &a));
			a.used_user_addr = 0xffff888000000000ULL;
			XT_ERR(-EINVAL, xg_ioctl_set_vring_addr(t.net.fd, &a));
			a.flags = 2;
			XT_ERR(-EOPNOTSUPP, xg_ioctl_set_vring_addr(t.net.fd, &a));
		}
	}
	XT_OK(xt_traffic_moves(&t, 100));
	EXPECT_EQ(0, xt_traffic_stop(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	XT_OK(xg_net_stop(&t.net));
	xt_traffic_close(&t);
}

/* Moves a queue's ring to other memory and tells the running device. */
static int move_ring(struct xg_vq *vq)
{
	size_t desc = 16 * vq->cfg.num, avail = 6 + 2 * vq->cfg.num;
	size_t used = 6 + 8 * vq->cfg.num;
	struct vhost_vring_addr a;
	char *to;

	to = aligned_alloc(4096, (desc + avail + used + 3 * 4096) & ~4095UL);
	if (!to)
		return -ENOMEM;
	memcpy(to, vq->split.desc, desc);
	vq->split.desc = (void *)to;
	to = (char *)(((uintptr_t)to + desc + 4095) & ~4095UL);
	memcpy(to, vq->split.avail, avail);
	memset(vq->split.avail, 0xff, avail);
	vq->split.avail = (void *)to;
	vq->split.used_event = (void *)(to + avail - 2);
	to = (char *)(((uintptr_t)to + avail + 15) & ~15UL);
	memcpy(to, vq->split.used, used);
	memset(vq->split.used, 0xff, used);
	vq->split.used = (void *)to;
	vq->split.avail_event = (void *)(to + used - 2);
	xg_vq_addr(vq, &a);
	return xg_ioctl_set_vring_addr(vq->fd, &a);
}

TEST(moved_while_attached)
{
	struct xt_traffic t;
	unsigned int i;

	XT_OK(xt_traffic_open(&t, NULL));
	for (i = 0; i < 5; i++) {
		XT_OK(xt_traffic_check(&t));
		XT_OK(move_ring(&t.net.vq[XG_TX]));
		XT_OK(move_ring(&t.net.vq[XG_RX]));
	}
	EXPECT_EQ(0, xt_traffic_check(&t))
		TH_LOG("%s", xt_traffic_step(&t));
	xt_traffic_close(&t);
}

/* Every size and a base near the end of the index: frames pass, bases are right. */
TEST(sizes_and_bases)
{
	unsigned int num;

	for (num = 1; num <= 32768; num <<= num < 4096 ? 2 : 1) {
		struct xg_net_cfg cfg = {
			.path = xt_dev(), .features = XG_F_MODERN, .num = num,
			.base = 65530, .mem_size = 256UL << 20,
		};
		struct xt_traffic t;

		XT_OK(xt_traffic_open(&t, &cfg));
		t.burst = num < 16 ? num : 16;
		EXPECT_EQ(0, xt_traffic_check(&t))
			TH_LOG("size %u: %s", num, xt_traffic_step(&t));
		XT_OK(xg_net_stop(&t.net));
		XT_OK(xg_net_start(&t.net));
		EXPECT_EQ(0, xt_traffic_check(&t))
			TH_LOG("size %u again: %s", num, xt_traffic_step(&t));
		xt_traffic_close(&t);
	}
}

TEST_HARNESS_MAIN
