// SPDX-License-Identifier: GPL-2.0-only
/* Messages about the device IOTLB: sizes, formats, errnos, waiting. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

#include "xtest.h"

#define PAGE	4096UL
#define V2	XG_BIT(VHOST_BACKEND_F_IOTLB_MSG_V2)

FIXTURE(iotlb) {
	int fd;
	char *mem;
	void *nowhere;
};

FIXTURE_SETUP(iotlb)
{
	self->fd = xg_open(xt_dev());
	ASSERT_LE(0, self->fd);
	XT_OK(xg_ioctl_set_owner(self->fd));
	XT_OK(xg_ioctl_set_backend_features(self->fd, V2));
	XT_OK(xg_ioctl_set_features(self->fd, XG_F_VERSION_1 | XG_F_ACCESS_PLATFORM));
	self->mem = aligned_alloc(PAGE, 16 * PAGE);
	ASSERT_NE(NULL, self->mem);
	memset(self->mem, 0, 16 * PAGE);
	self->nowhere = (void *)8;
}

FIXTURE_TEARDOWN(iotlb)
{
	close(self->fd);
	free(self->mem);
}

static long write_raw(int fd, const void *p, size_t len)
{
	ssize_t ret = write(fd, p, len);

	return ret < 0 ? -errno : ret;
}

static long update(int fd, bool v2, uint64_t iova, uint64_t size, uint64_t uaddr, uint8_t perm)
{
	struct vhost_iotlb_msg msg = {
		.iova = iova, .size = size, .uaddr = uaddr, .perm = perm,
		.type = VHOST_IOTLB_UPDATE,
	};

	return xg_iotlb_write(fd, v2, &msg);
}

/* Each length that a message can be cut to. */
TEST_F(iotlb, write_sizes)
{
	struct vhost_msg m = { .type = VHOST_IOTLB_MSG };
	size_t whole = offsetof(struct vhost_msg, iotlb) + sizeof(m.iotlb), len;

	m.iotlb.type = VHOST_IOTLB_UPDATE;
	m.iotlb.size = PAGE;
	m.iotlb.uaddr = (uintptr_t)self->mem;
	m.iotlb.perm = VHOST_ACCESS_RW;
	for (len = 1; len <= sizeof(m); len++)
		XT_ERR(len < whole ? -EINVAL : (long)sizeof(m), write_raw(self->fd, &m, len));
	m.type = VHOST_IOTLB_MSG_V2;
	for (len = 1; len <= sizeof(m); len++)
		XT_ERR(len < whole ? -EINVAL : (long)sizeof(m), write_raw(self->fd, &m, len));
	XT_ERR(-EINVAL, write_raw(self->fd, self->nowhere, sizeof(m)));
}

TEST_F(iotlb, write_types)
{
	struct vhost_msg m = { 0 };
	struct vhost_msg_v2 v2 = { .type = VHOST_IOTLB_MSG_V2, .asid = 5 };
	int type;

	m.iotlb.size = PAGE;
	m.iotlb.uaddr = (uintptr_t)self->mem;
	m.iotlb.perm = VHOST_ACCESS_RO;
	for (type = -1; type < 8; type++) {
		bool known = type == VHOST_IOTLB_MSG || type == VHOST_IOTLB_MSG_V2;

		m.type = type;
		m.iotlb.type = VHOST_IOTLB_UPDATE;
		XT_ERR(known ? (long)sizeof(m) : -EINVAL, write_raw(self->fd, &m, sizeof(m)));
	}
	m.type = VHOST_IOTLB_MSG;
	for (type = 0; type < 256; type++) {
		bool known = type == VHOST_IOTLB_UPDATE || type == VHOST_IOTLB_INVALIDATE;

		m.iotlb.type = type;
		XT_ERR(known ? (long)sizeof(m) : -EFAULT, write_raw(self->fd, &m, sizeof(m)));
	}
	/* There are no address spaces to tell apart, so what stands there is of no interest. */
	v2.iotlb = m.iotlb;
	v2.iotlb.type = VHOST_IOTLB_UPDATE;
	XT_ERR(sizeof(v2), write_raw(self->fd, &v2, sizeof(v2)));
}

TEST_F(iotlb, ranges)
{
	uint64_t mem = (uintptr_t)self->mem;
	int i;

	for (i = 0; i < 2; i++) {
		XT_ERR(0, update(self->fd, i, 0, PAGE, mem, VHOST_ACCESS_RW));
		XT_ERR(0, update(self->fd, i, PAGE, PAGE, mem, VHOST_ACCESS_RW));
		/* Up to the last address, and past it. */
		XT_ERR(0, update(self->fd, i, -PAGE, PAGE, mem, VHOST_ACCESS_RW));
		XT_ERR(-EFAULT, update(self->fd, i, -PAGE, PAGE + 1, mem, VHOST_ACCESS_RW));
		XT_ERR(-EFAULT, update(self->fd, i, -1ULL, PAGE, mem, VHOST_ACCESS_RW));
		XT_ERR(-EINVAL, update(self->fd, i, 0, 0, mem, VHOST_ACCESS_RW));
		/* Memory of the kernel, or that runs into it. */
		XT_ERR(-EFAULT, update(self->fd, i, 0, PAGE, 0xffff888000000000ULL,
				       VHOST_ACCESS_RW));
		XT_ERR(-EFAULT, update(self->fd, i, 0, PAGE, -PAGE, VHOST_ACCESS_RO));
		XT_ERR(-EFAULT, update(self->fd, i, 0, 1ULL << 63, mem, VHOST_ACCESS_WO));
		XT_ERR(-EFAULT, update(self->fd, i, 0, -1ULL, mem, 0));
		/* Where nothing may be done it does not matter what is there. */
		XT_ERR(0, update(self->fd, i, 0, PAGE, 0xffff888000000000ULL, 0));
		XT_ERR(0, update(self->fd, i, 1, -1ULL, 0, 0));
	}
	XT_ERR(0, xg_iotlb_invalidate(self->fd, 0, PAGE));
	XT_ERR(0, xg_iotlb_invalidate(self->fd, 0, -1ULL));
	XT_ERR(0, xg_iotlb_invalidate(self->fd, -PAGE, PAGE));
	if (xt_is_xnet())
		XT_ERR(-EFAULT, xg_iotlb_invalidate(self->fd, 0, 0));
}

/* More than there is room for, in every order. */
TEST_F(iotlb, many)
{
	uint64_t mem = (uintptr_t)self->mem;
	unsigned int i;

	for (i = 0; i < 5000; i++)
		XT_OK(update(self->fd, i & 1, i * 2654435761U % 65536 * PAGE, PAGE * (1 + i % 7),
			     mem, VHOST_ACCESS_RW));
	for (i = 0; i < 1000; i++)
		XT_OK(xg_iotlb_invalidate(self->fd, i * 2654435761U % 65536 * PAGE, PAGE));
	XT_OK(xg_iotlb_invalidate(self->fd, 0, -1ULL));
}

/* Without ACCESS_PLATFORM there is no IOTLB, and nothing to be read. */
TEST_F(iotlb, none)
{
	struct vhost_iotlb_msg msg;
	long ret;

	XT_OK(xg_ioctl_set_features(self->fd, XG_F_VERSION_1));
	ret = update(self->fd, true, 0, PAGE, (uintptr_t)self->mem, VHOST_ACCESS_RW);
	if (!ret && !xt_is_xnet())
		SKIP(return, "the vhost-net of this kernel keeps an IOTLB that it once had");
	XT_ERR(-EFAULT, ret);
	XT_ERR(-EFAULT, xg_iotlb_invalidate(self->fd, 0, PAGE));
	XT_ERR(-EBADFD, xg_iotlb_read(self->fd, &msg));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	XT_ERR(-EAGAIN, xg_iotlb_read(self->fd, &msg));
}

TEST_F(iotlb, read_and_poll)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN | POLLOUT };
	struct vhost_iotlb_msg msg;
	char small[71];

	EXPECT_EQ(0, poll(&p, 1, 0));
	EXPECT_EQ(0, read(self->fd, small, sizeof(small)));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	XT_ERR(-EAGAIN, xg_iotlb_read(self->fd, &msg));
}

struct reader {
	pthread_t thread;
	int fd;
	atomic_int ret;
};

static void *reader(void *data)
{
	struct vhost_iotlb_msg msg;
	struct reader *r = data;

	r->ret = xg_iotlb_read(r->fd, &msg);
	return NULL;
}

static void on_signal(int sig)
{
	(void)sig;
}

/* Who waits is told when no question can come any more, and hears signals. */
TEST_F(iotlb, waiting)
{
	struct sigaction act = { .sa_handler = on_signal };
	struct reader r[2] = {
		{ .fd = self->fd, .ret = 1 }, { .fd = self->fd, .ret = 1 },
	};
	int i;

	sigaction(SIGUSR1, &act, NULL);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, reader, &r[i]));
	xt_msleep(100);
	EXPECT_EQ(1, r[0].ret);
	while (r[0].ret == 1) {
		pthread_kill(r[0].thread, SIGUSR1);
		xt_msleep(5);
	}
	EXPECT_EQ(-EINTR, r[0].ret);
	EXPECT_EQ(1, r[1].ret);
	XT_OK(xg_ioctl_reset_owner(self->fd));
	for (i = 0; i < 2; i++)
		pthread_join(r[i].thread, NULL);
	EXPECT_EQ(-EBADFD, r[1].ret);
}

/*
 * A start without the device area: refused, and asked for. Every byte of the
 * message is defined, in both formats.
 */
TEST_F(iotlb, question)
{
	struct xg_net_cfg cfg = {
		.path = xt_dev(),
		.features = XG_F_MODERN | XG_F_ACCESS_PLATFORM,
	};
	struct xg_net net;
	int v2;

	XT_OK(xg_netns());
	for (v2 = 0; v2 < 2; v2++) {
		unsigned char raw[96];
		union {
			struct vhost_msg v1;
			struct vhost_msg_v2 v2;
			unsigned char raw[72];
		} want;
		struct vhost_iotlb_msg *msg = v2 ? &want.v2.iotlb : &want.v1.iotlb;

		XT_OK(xg_net_open(&net, &cfg));
		XT_OK(xg_iommu_stop(&net.iommu));
		XT_OK(xg_ioctl_set_backend_features(net.fd, v2 ? V2 : 0));
		XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
		memset(raw, 0xff, sizeof(raw));
		ASSERT_EQ(72, read(net.fd, raw, sizeof(raw)));
		memset(&want, 0, sizeof(want));
		want.v1.type = v2 ? VHOST_IOTLB_MSG_V2 : VHOST_IOTLB_MSG;
		msg->iova = net.vq[XG_TX].cfg.device_gpa;
		/* It is going to be written; vhost-net writes whatever it was told. */
		msg->perm = xt_is_xnet() ? VHOST_ACCESS_WO : VHOST_ACCESS_RO;
		msg->type = VHOST_IOTLB_MISS;
		EXPECT_EQ(0, memcmp(want.raw, raw, sizeof(want)));
		EXPECT_EQ(0xff, raw[72]);
		XT_OK(xg_vq_attach(&net.vq[XG_TX], net.tap.fd[0]));
		xg_net_close(&net);
	}
}

/* A device with its tap whose questions nobody answers. */
static void open_silent(struct __test_metadata *_metadata, struct xg_net *net)
{
	struct xg_net_cfg cfg = {
		.path = xt_dev(),
		.features = XG_F_MODERN | XG_F_ACCESS_PLATFORM,
	};

	XT_OK(xg_netns());
	XT_OK(xg_net_open(net, &cfg));
	XT_OK(xg_iommu_stop(&net->iommu));
}

/* Who reads is woken by a question, and so is who polls. */
TEST(asked)
{
	struct reader r = { .ret = 1 };
	struct pollfd p = { .events = POLLIN };
	struct vhost_iotlb_msg msg;
	struct xg_net net;

	open_silent(_metadata, &net);
	p.fd = net.fd;
	r.fd = net.fd;
	ASSERT_EQ(0, fcntl(net.fd, F_SETFL, 0));
	ASSERT_EQ(0, pthread_create(&r.thread, NULL, reader, &r));
	xt_msleep(100);
	EXPECT_EQ(1, r.ret);
	EXPECT_EQ(0, poll(&p, 1, 0));
	XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
	EXPECT_TRUE(XT_UNTIL(r.ret != 1));
	EXPECT_EQ(0, r.ret);
	/* It took the question with it; another try, another one. */
	EXPECT_EQ(0, poll(&p, 1, 0));
	XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
	if (!poll(&p, 1, 0) && !xt_is_xnet())
		SKIP(return, "the vhost-net of this kernel keeps to the first question");
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLIN, p.revents);
	XT_OK(xg_iotlb_read(net.fd, &msg));
	EXPECT_EQ(0, poll(&p, 1, 0));
	XT_OK(xg_ioctl_reset_owner(net.fd));
	pthread_join(r.thread, NULL);
	xg_net_close(&net);
}

/* A question that could not be copied to who reads is asked all the same. */
TEST(unreadable)
{
	const size_t page = 4096;
	struct pollfd p = { .events = POLLIN };
	struct vhost_iotlb_msg msg;
	struct xg_net net;
	uint8_t *at;

	open_silent(_metadata, &net);
	p.fd = net.fd;
	at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, at);
	ASSERT_EQ(0, mprotect(at + page, page, PROT_NONE));
	XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
	EXPECT_EQ(0, read(net.fd, at + page, 96));
	if (!xt_is_xnet()) {
		EXPECT_EQ(0, poll(&p, 1, 0));
		XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
	}
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_GT(72, read(net.fd, at + page - 30, 96));
	if (!xt_is_xnet())
		XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
	XT_OK(xg_iotlb_read(net.fd, &msg));
	EXPECT_EQ(net.vq[XG_TX].cfg.device_gpa, msg.iova);
	EXPECT_EQ(0, poll(&p, 1, 0));
	/* Unless nobody asks it any more. */
	XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
	EXPECT_EQ(0, read(net.fd, at + page, 96));
	XT_OK(xg_ioctl_net_set_backend(net.fd, XG_TX, -1));
	EXPECT_EQ(0, poll(&p, 1, 0));
	munmap(at, 2 * page);
	xg_net_close(&net);
}

/* Who has stopped asks no more. */
TEST(withdrawn)
{
	struct pollfd p = { .events = POLLIN };
	struct xg_net net;
	int i;

	if (!xt_is_xnet())
		SKIP(return, "vhost-net leaves the questions of a stopped queue");
	open_silent(_metadata, &net);
	p.fd = net.fd;
	for (i = 0; i < 3; i++) {
		XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
		XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_RX, net.tap.fd[0]));
		EXPECT_EQ(1, poll(&p, 1, 0));
		XT_OK(xg_ioctl_net_set_backend(net.fd, XG_TX, -1));
		EXPECT_EQ(1, poll(&p, 1, 0));
		XT_OK(xg_ioctl_net_set_backend(net.fd, XG_RX, -1));
		EXPECT_EQ(0, poll(&p, 1, 0));
	}
	xg_net_close(&net);
}

/* Features that are set again begin with an empty table. */
TEST(forgotten)
{
	struct vhost_vring_addr addr;
	struct xg_net net;
	struct xg_vq *vq = &net.vq[XG_TX];
	unsigned int i;

	open_silent(_metadata, &net);
	for (i = 0; i < 3; i++) {
		XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
		XT_OK(xg_iommu_map(&net.iommu, vq->cfg.desc_gpa));
		XT_OK(xg_iommu_map(&net.iommu, vq->cfg.driver_gpa));
		XT_OK(xg_iommu_map(&net.iommu, vq->cfg.device_gpa));
		XT_OK(xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
		XT_OK(xg_ioctl_net_set_backend(net.fd, XG_TX, -1));
		XT_OK(xg_ioctl_set_features(net.fd, XG_F_MODERN | XG_F_ACCESS_PLATFORM));
		xg_vq_addr(vq, &addr);
		XT_OK(xg_ioctl_set_vring_addr(net.fd, &addr));
	}
	XT_ERR(-EFAULT, xg_ioctl_net_set_backend(net.fd, XG_TX, net.tap.fd[0]));
	xg_net_close(&net);
}

TEST_HARNESS_MAIN
